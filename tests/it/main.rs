//! Tests over real parts: the real client on the simulator over loopback HTTP, real SQLite files, the real program, a real
//! pseudo-terminal.

#![expect(clippy::unwrap_used, reason = "in a test a panic is the report")]

mod audit;
mod bundle;
mod support;

mod canary;
mod cli_errors;
mod cli_generate;
mod cli_scenarios;
mod cli_script;
mod desk;
mod doctor;
mod documents;
mod elsewhere;
mod garbled;
mod generator;
mod guard;
mod hostile;
mod import;
mod import_files;
mod import_scale;
mod limits;
mod model;
mod partner;
mod pause;
mod plan_files;
mod plan_speed;
mod pty_bulk;
mod pty_console;
mod pty_desk;
mod pty_gone;
mod pty_mouse;
mod pty_plain;
mod pty_tenants;
mod readback;
mod refusals;
mod repairs;
mod secrets;
mod sharing;
mod sign_in;
mod sign_in_kept;
mod silence;
mod stock;
mod swaps;
mod sync_changes;
mod sync_faults;
mod sync_reads;
mod tenants;
mod tours;
mod waits;
mod who;
