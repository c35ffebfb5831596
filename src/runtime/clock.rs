//! The clock of this machine: the one place that asks what time it is.

use jiff::Timestamp;

use crate::domain::pace::Clock;

/// A clock that tells the time of this machine.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the place that the others are pointed to"
)]
pub fn system() -> Clock {
    Clock::new(Timestamp::now)
}
