//! Kill sweeps: the real program is killed, or its disk fails, at each system call that matters, is started again, and what must
//! hold is looked at.
//!
//! `cargo test --test sweep` takes a sample of the calls; `TEAMSCONNECTOR_SWEEP=all cargo test --test sweep -- --nocapture` takes every
//! one and prints each, and kills at 2,000 random instants of random jobs. `TEAMSCONNECTOR_SWEEP=all:2/4` takes the second of four
//! pieces, which can be swept at once. `TEAMSCONNECTOR_TEST_SEED=n cargo test --test sweep random` makes one random kill again.

#![cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]
#![expect(
    clippy::print_stdout,
    reason = "which calls were taken is what a sweep has to tell"
)]

/// What other tests stand on as well.
#[path = "../it/support"]
#[expect(dead_code, reason = "what other tests use of it is not used here")]
mod support {
    pub(crate) mod bench;
    pub(crate) mod invariants;
    pub(crate) mod program;
    pub(crate) mod sign_in;
    pub(crate) mod web;
}

mod applies;
mod points;
mod power;
mod runs;
mod trace;
mod way;
