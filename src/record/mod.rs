//! The written, versioned forms of what is kept or printed.
