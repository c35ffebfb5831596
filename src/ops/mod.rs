//! Use cases over domain and store that console and command line share. No screen, no network.

pub mod adopt;
pub mod bundle;
pub mod change;
pub mod desk;
pub mod explain;
pub mod export;
pub mod handover;
pub mod history;
pub mod holder;
pub mod import;
pub mod inventory;
mod lately;
pub mod newcomer;
pub mod overview;
pub mod planfile;
pub mod repair;
pub mod script;
pub mod settings;
pub mod whom;
