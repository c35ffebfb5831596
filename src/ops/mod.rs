//! Use cases over domain and store that console and command line share. No screen, no network.

pub mod adopt;
pub mod change;
pub mod desk;
pub mod explain;
pub mod handover;
pub mod history;
pub mod holder;
pub mod inventory;
mod lately;
pub mod overview;
pub mod planfile;
pub mod repair;
pub mod script;
pub mod settings;
pub mod whom;
