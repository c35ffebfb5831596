//! One run, end to end.
