//! The state machine of the console: events in, effects out. No I/O, no clock, no channel, no ratatui.

pub mod effect;
pub mod event;
