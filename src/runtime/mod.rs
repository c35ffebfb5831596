//! The shell around the state machine: loop, effects, terminal, signals.
