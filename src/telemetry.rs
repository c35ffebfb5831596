//! Diagnostics to a file, never to the terminal.
