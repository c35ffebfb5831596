//! A terminal console that brings a Microsoft 365 tenant's users into a telephone service, gives each a number, writes that
//! number back, and says why a user is missing, unlicensed or refused.
//!
//! # Bird's-eye view
//!
//! ```text
//!   keys, signals, hang-up          tenant over HTTP             SQLite files
//!            |                            |                            |
//!         runtime  --- effects --->  sync, ops  <--------------->   store
//!            |    <--- events ----        |                            |
//!      app (state machine)              graph                       record
//!            |                            |                            |
//!          view                        domain, roster, bulk (pure values and rules)
//! ```
//!
//! A key becomes an [`app::event::Event`], the core answers with [`app::effect::Effect`]s, [`runtime`] performs them and sends
//! what came of them back as events. [`view`] draws the core and can change nothing. A run ([`sync`]) reads the tenant through
//! [`graph`] into the [`store`], and emits `domain` events. [`sim`] is a tenant that answers like Entra ID and Graph, over
//! loopback HTTP: the demo and the tests run against it, and it shares no type with the client.
//!
//! # Code map
//!
//! | module | what | may use |
//! |---|---|---|
//! | [`domain`] | values and rules: numbers, gates, matching, merge, plan, diagnosis | nothing of ours |
//! | [`roster`] | rows in memory: page, filter, find | domain |
//! | [`bulk`] | import and export: bytes to a sheet, a verdict per row, tables to a file | domain |
//! | [`record`] | written forms of what is kept or printed | domain |
//! | [`app`] | the state machine | domain, roster, bulk |
//! | [`view`] | drawing | app, domain, roster, bulk, config (the file of a theme) |
//! | [`graph`] | Graph and Entra ID over HTTP, tokens | domain |
//! | [`store`] | SQLite: ledger, cache, history | domain, roster, record |
//! | [`sync`] | one run, end to end | domain, roster, graph, store |
//! | [`ops`] | use cases that console and command line share | domain, roster, bulk, record, store |
//! | [`config`] | configuration file, places, secrets | domain, app (what looks and keys are called) |
//! | [`runtime`] | loop, effects, terminal, signals | all but cli and sim |
//! | [`sim`] | the simulated tenant | nothing of ours |
//! | [`cli`] | command line and composition | everything |
//!
//! `tests/tidy.rs` keeps these walls. Beside them lies `heap`, which is no module: its `heap.c` tells the C library how much freed memory
//! to keep, and its `build.rs` links that to the program.
//!
//! # Invariants
//!
//! 1. `App::update` is deterministic: same state and event, same effects. Time enters only as `event.at`.
//! 2. Every reply carries the `RequestId` of its question; the core drops strangers.
//! 3. An edit is "saved" only after its outbox row is committed. The form closes on that event, not on the key.
//! 4. Readers see one whole snapshot, the last good run's. A run that dies leaves it.
//! 5. At most one run at a time: by state in one console, by a lease between processes.
//! 6. The loop never waits for network or disk. It draws only when something changed, at most 30 times a second, never when idle.
//! 7. No text from outside is drawn or printed except through [`domain::text::Label`]. No secret type reveals itself in `Debug`.
//! 8. The terminal is restored on every exit path that still has one; with none, nothing is written.
//! 9. `view` cannot change state.
//! 10. The simulator and the client meet only on the wire.
//! 11. A write is persisted as in flight before its first byte is sent. An unknown outcome is settled by reading.
//! 12. A token is attached only after the address has been checked against the tenant's Graph origin; redirects are not followed.
//! 13. What cannot be rebuilt lives in `ledger.db` (`synchronous=FULL`), what the tenant can give again in `cache.db`, runs and
//!     logs in `history.db`. Damage to the others cannot touch the first.
//! 14. The ledger is reached only through its jobs, a closed enum with replies.
//! 15. No repair silences a number that was not confirmed by the user's name, by that very number; all licences of a user count
//!     together, and the write looks once more. What a change has released is owed until it is given to somebody.
//! 16. Token, organisation, pin and row agree before each request that writes, and before what was read becomes the picture.
//!
//! # Promises
//!
#![doc = include_str!("promises.md")]

pub mod app;
pub mod bulk;
pub mod cli;
pub mod config;
pub mod domain;
pub mod graph;
pub mod ops;
pub mod record;
pub mod roster;
pub mod runtime;
pub mod sim;
pub mod store;
pub mod sync;
pub mod telemetry;
pub mod view;
