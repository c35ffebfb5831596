//! A terminal console that brings a Microsoft 365 tenant's users into a telephone service.

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
