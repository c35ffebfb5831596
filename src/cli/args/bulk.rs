//! What `import` and `export` can be asked.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

/// `import`.
#[derive(Debug, ClapArgs)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line with a name of its own"
)]
#[command(group = clap::ArgGroup::new("mode").required(true))]
pub struct Import {
    /// A .csv or .xlsx file, or - for standard input; the first row names the columns
    pub file: PathBuf,
    /// Add new users
    #[arg(long, group = "mode")]
    pub create: bool,
    /// Changes of users that are there: found by ExternalId, then SIPUsername, else by the e-mail; or by TrunkNumber
    #[arg(long, group = "mode")]
    pub update: bool,
    /// Each row what it is: a change of whom --update would find, else a new user
    #[arg(long, group = "mode")]
    pub both: bool,
    /// Show the verdicts, and change nothing
    #[arg(long)]
    pub plan: bool,
    /// Let the good rows in although others are refused
    #[arg(long)]
    pub partial: bool,
    /// Take the numbers that are proposed where a + is missing
    #[arg(long)]
    pub take_proposals: bool,
    /// Believe numbers that end in three zeros or more
    #[arg(long)]
    pub trust_zeros: bool,
    /// How the text is encoded, where the bytes do not tell
    #[arg(long, value_name = "NAME")]
    pub encoding: Option<TextEncoding>,
    /// The country that numbers without a country code are read in, for proposals
    #[arg(long, value_name = "CC")]
    pub country: Option<String>,
}

/// Encodings that must be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextEncoding {
    /// What Excel writes as "CSV" in western languages
    #[value(name = "windows-1252")]
    Windows1252,
}

/// `export`.
#[derive(Debug, ClapArgs)]
pub struct Export {
    /// What to export.
    #[command(subcommand)]
    pub what: ExportWhat,
    /// For whom: a program (RFC 4180, + untouched), or a spreadsheet (no cell is a formula); import reads both
    #[arg(long = "for", global = true, value_name = "WHOM")]
    pub reader: Option<ExportFor>,
    /// The file, readable by you alone; standard output without it
    #[arg(long, global = true, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Take the place of a file that is there
    #[arg(long, global = true, requires = "out")]
    pub force: bool,
}

/// For whom a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ExportFor {
    /// A program
    Machine,
    /// A spreadsheet
    Spreadsheet,
}

/// What to export.
#[derive(Debug, Subcommand)]
pub enum ExportWhat {
    /// Configured users, as import takes them
    Users,
    /// Who can be added
    Candidates,
    /// The tenant's numbers and who holds them
    Numbers,
    /// The log of a run
    Log {
        /// Number of the run
        run: i64,
    },
    /// Everybody who is missing, and the first reason
    Reasons,
}
