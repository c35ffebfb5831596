//! What `bundle` can be asked for.

use std::path::PathBuf;

use clap::Args as ClapArgs;

/// `bundle`.
#[derive(Debug, ClapArgs)]
pub struct Bundle {
    /// Where to; a new file. Without it, a name with the date in this folder
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Explain this person in it: name, address, number or id; may be given several times
    #[arg(long = "user", value_name = "USER")]
    pub users: Vec<String>,
    /// The last so many runs with their logs
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(0..=500))]
    pub runs: u32,
    /// Keep the true names, addresses and numbers
    #[arg(long)]
    pub reveal: bool,
    /// Write it without asking
    #[arg(long)]
    pub yes: bool,
}
