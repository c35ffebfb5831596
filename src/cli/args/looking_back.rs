//! What `audit`, `changes` and `history` can be asked.

use clap::{Args as ClapArgs, Subcommand};

/// `audit`.
#[derive(Debug, ClapArgs)]
pub struct Audit {
    /// What to do.
    #[command(subcommand)]
    pub what: AuditWhat,
}

/// What to do with the audit.
#[derive(Debug, Subcommand)]
pub enum AuditWhat {
    /// Show its lines, oldest first
    Show {
        /// Only about, or by, somebody with this in the name
        #[arg(long, value_name = "TEXT")]
        user: Option<String>,
        /// Only since then: 8h, 30m, 2d, a day, a moment
        #[arg(long, value_name = "WHEN")]
        since: Option<String>,
        /// Only of this ticket
        #[arg(long, value_name = "ID")]
        ticket: Option<String>,
    },
    /// Check that no line was altered, added, removed or moved
    Verify {
        /// A head that a writing run told, NUMBER:HASH: then a tail that was cut off is found too
        #[arg(long, value_name = "HEAD")]
        head: Option<String>,
        /// audit.jsonl had lost lines, and you know why: it is told no more, and the audit keeps who said so
        #[arg(long)]
        seen: bool,
    },
}

/// `changes`.
#[derive(Debug, ClapArgs)]
pub struct Changes {
    /// Since when: 8h, 30m, 2d, a day, a moment
    #[arg(long, value_name = "WHEN", default_value = "8h")]
    pub since: String,
    /// All tenants of the configuration, from their files
    #[arg(long)]
    pub all_tenants: bool,
}

/// `history`.
#[derive(Debug, ClapArgs)]
pub struct History {
    /// What to do; the list without it.
    #[command(subcommand)]
    pub what: Option<HistoryWhat>,
}

/// What to do with the history.
#[derive(Debug, Subcommand)]
pub enum HistoryWhat {
    /// List the runs
    List,
    /// Show the log of a run
    Show {
        /// Number of the run
        run: i64,
    },
    /// Compare two runs: counters side by side; who came, went or changed gate
    Diff {
        /// Number of one run
        one: i64,
        /// Number of the other
        other: i64,
    },
}
