//! A terminal console that brings a Microsoft 365 tenant's users into a telephone service.

pub mod domain;
pub mod roster;
pub mod bulk;
pub mod record;
pub mod ops;
pub mod app;
pub mod view;
pub mod graph;
pub mod store;
pub mod sync;
pub mod runtime;
pub mod sim;
pub mod config;
pub mod cli;
pub mod telemetry;
