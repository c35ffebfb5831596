//! Damaged input by the thousand, from a seed: pages, changes and refusals of Graph, tables and workbooks, telephone numbers, the
//! configuration, keys. Nothing may panic, and what is read keeps what was promised of it.
//!
//! The gate runs a sample of a few seconds. `TEAMSCONNECTOR_FUZZ=100 cargo test --release --test fuzz` runs a hundred times as many
//! rounds, from another seed each time it is called with `TEAMSCONNECTOR_TEST_SEED`. A failure names its seed and its input.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod files;
mod graph;
mod keys;
mod mutate;
