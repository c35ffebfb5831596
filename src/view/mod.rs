//! Draws the console: a function of its arguments.
