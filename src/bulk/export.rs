//! Rows to a file, in one of two named ways, since the plus of a number is also the sign of a formula.
