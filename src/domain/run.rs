//! A run: one sync, from connect to the last read-back; its log lines, its outcome, its summary.

use std::fmt;

use jiff::Timestamp;

use super::failure::Failure;
use super::guid::TenantId;
use super::outbox::EntryId;
use super::writeplan::WritePlan;

/// Number of a run in the history of its tenant, from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RunId(pub i64);

/// What a run is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunKind {
    /// Read the tenant, match, merge, and plan what is queued.
    Sync,
    /// Read only what queued changes touch, and plan them.
    Plan,
    /// Read again what these entries touch, write them, read back.
    Apply {
        /// The entries that were left in the plan.
        entries: Vec<EntryId>,
    },
}

impl RunKind {
    /// The word in the history.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Plan => "plan",
            Self::Apply { .. } => "apply",
        }
    }
}

/// Where a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Signing in and comparing tenants.
    Connect,
    /// Reading licences, group, Teams state and numbers.
    ReadReference,
    /// Reading users, page by page.
    ReadUsers,
    /// Matching, merging, planning.
    Plan,
    /// Writing.
    Write,
    /// Reading back.
    ReadBack,
    /// Storing and closing.
    Close,
}

impl Phase {
    /// What is going on, for the status line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connecting",
            Self::ReadReference => "reading licences, group and numbers",
            Self::ReadUsers => "reading users",
            Self::Plan => "matching and planning",
            Self::Write => "writing",
            Self::ReadBack => "reading back",
            Self::Close => "storing",
        }
    }
}

/// What a run counts while it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Counted {
    /// Users of the directory, page by page.
    #[default]
    Users,
    /// Rows of a list that is read before them, named in the plural.
    Rows(&'static str),
    /// Changes that are written and read back.
    Changes,
}

/// How far a phase has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// What is counted.
    pub what: Counted,
    /// Pages so far, of users.
    pub pages: u32,
    /// Users, rows or changes so far.
    pub users: u64,
    /// How many there are in all, where the tenant says so, or the last run.
    pub of: Option<u64>,
}

/// Who speaks in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Sign-in.
    Auth,
    /// The directory.
    Graph,
    /// Teams.
    Teams,
    /// Matching.
    Match,
    /// Seats.
    Seats,
    /// The plan.
    Plan,
    /// Writing.
    Write,
    /// The run itself.
    Sync,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 8] = [
        Self::Auth,
        Self::Graph,
        Self::Teams,
        Self::Match,
        Self::Seats,
        Self::Plan,
        Self::Write,
        Self::Sync,
    ];

    /// The tag in the log.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "AUTH",
            Self::Graph => "GRAPH",
            Self::Teams => "TEAMS",
            Self::Match => "MATCH",
            Self::Seats => "SEATS",
            Self::Plan => "PLAN",
            Self::Write => "WRITE",
            Self::Sync => "SYNC",
        }
    }
}

/// How much a line matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Only in a debug sync.
    Debug,
    /// Ordinary.
    Info,
    /// Worth a look: marked with a triangle.
    Warning,
    /// Something failed.
    Error,
}

impl Level {
    /// All levels.
    pub const ALL: [Self; 4] = [Self::Debug, Self::Info, Self::Warning, Self::Error];

    /// The word in `--json` and files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One line of a run's log. `Display` is the literal form `<mm:ss> SOURCE> text`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// Whole seconds since the run began.
    pub at: u32,
    /// Who speaks.
    pub source: Source,
    /// How much it matters.
    pub level: Level,
    /// What it says.
    pub text: String,
}

impl LogLine {
    /// The line with the word of its level behind it, where it is more than news: what a terminal prints, now and later.
    pub fn marked(&self) -> String {
        let mark = match self.level {
            Level::Warning => "  [warning]",
            Level::Error => "  [error]",
            Level::Debug | Level::Info => "",
        };
        format!("{self}{mark}")
    }
}

impl fmt::Display for LogLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<{:02}:{:02}> {}> {}",
            self.at / 60,
            self.at % 60,
            self.source.as_str(),
            self.text
        )
    }
}

/// The five counters of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Enabled accounts that are no resource accounts and in the group.
    pub total: u64,
    /// Those with any licence.
    pub licensed: u64,
    /// Those with a usable Phone System.
    pub phone_system: u64,
    /// Those who also have a Calling Plan or Communications Credits.
    pub excluded_by_calling_plan: u64,
    /// Resource accounts in the group.
    pub resource: u64,
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            total,
            licensed,
            phone_system,
            excluded_by_calling_plan,
            resource,
        } = self;
        write!(
            f,
            "Enabled users: total={total}, licensed={licensed}, phoneSystem={phone_system}, \
             excludedByCallingPlan={excluded_by_calling_plan}, resource={resource}"
        )
    }
}

impl Counters {
    /// The second literal line of the log.
    pub fn verdict(&self) -> String {
        let found = format!(
            "Found {} users with a Phone System license",
            self.phone_system
        );
        match self.excluded_by_calling_plan {
            0 => format!("{found} (none have a Calling Plan)"),
            n => format!("{found}, of which {n} are excluded as they have a Calling Plan"),
        }
    }
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All done.
    Done,
    /// Done, with refusals, conflicts or unknown outcomes left in the outbox.
    Partly,
    /// Cancelled by a person.
    Cancelled,
    /// The terminal or the process went away.
    Interrupted,
    /// Failed; the last good picture stays.
    Failed(Failure),
}

impl Outcome {
    /// One word for the history.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partly => "partly",
            Self::Cancelled => "cancelled",
            Self::Interrupted => "interrupted",
            Self::Failed(_) => "failed",
        }
    }
}

/// What a run did, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// The five counters; all zero when no users were read.
    pub counters: Counters,
    /// Entries confirmed in the tenant by this run.
    pub written: u32,
    /// Refused entries that are in the outbox at its end.
    pub refused: u32,
    /// Conflicts that are in the outbox at its end.
    pub conflicts: u32,
    /// Entries held back.
    pub held: u32,
    /// Entries that are still to be written.
    pub left: u32,
    /// Users who are Unlicensed.
    pub unlicensed: u32,
    /// Fields taken over from the tenant.
    pub taken_over: u32,
    /// Users associated by this run.
    pub matched: u32,
    /// Numbers that this run has released for a change that it did not bring to its end: they ring nowhere.
    pub released: u32,
}

impl Summary {
    /// What was done by halves, in words.
    pub fn released_words(&self) -> Option<String> {
        match self.released {
            0 => None,
            1 => Some("1 number released and not given again".to_owned()),
            n => Some(format!("{n} numbers released and not given again")),
        }
    }
}

/// A run as the history lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunHead {
    /// Number.
    pub id: RunId,
    /// What it was to do: `sync`, `plan`, `apply`.
    pub kind: String,
    /// Whether it was a debug sync.
    pub debug: bool,
    /// Tenant that was signed in to, once known.
    pub tenant: Option<TenantId>,
    /// Who started it.
    pub author: String,
    /// Start.
    pub started_at: Timestamp,
    /// End; `None` while it runs, or when it died.
    pub ended_at: Option<Timestamp>,
    /// `done`, `partly`, `cancelled`, `interrupted`, `failed`, `running`.
    pub outcome: String,
    /// One line of a failure, else empty.
    pub failure: String,
    /// Numbers.
    pub summary: Summary,
}

/// What a run tells while it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEvent {
    /// It has begun and has its number in the history.
    Started {
        /// Number in the history.
        number: RunId,
    },
    /// A phase begins.
    Phase(Phase),
    /// Pages have come in.
    Progress(Progress),
    /// A log line.
    Log(LogLine),
    /// What is queued has been read and planned.
    PlanReady(Box<WritePlan>),
    /// The tenant that was signed in to, by name and account or app.
    SignedIn {
        /// Display name of the tenant.
        tenant: String,
        /// Account or app id.
        account: String,
    },
    /// The server has told the time.
    ServerTime {
        /// By how many seconds its clock is ahead of this machine's.
        ahead: i64,
    },
    /// It waits before trying again.
    Waiting {
        /// Until when.
        until: Timestamp,
        /// Why, in one line.
        why: String,
    },
    /// A person has to sign in before it can go on; it waits for that, and keeps its place.
    SignInNeeded {
        /// Why.
        why: Failure,
    },
    /// Somebody has signed in: it goes on where it stopped.
    GoesOn {
        /// The account.
        account: String,
    },
    /// Rows of the ledger have changed: load them again.
    LedgerChanged,
    /// A new snapshot stands: load it.
    SnapshotChanged,
    /// It is over.
    Finished {
        /// How it ended.
        outcome: Outcome,
        /// What it did.
        summary: Summary,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_literal_lines() {
        let counters = Counters {
            total: 399,
            licensed: 127,
            phone_system: 108,
            excluded_by_calling_plan: 104,
            resource: 0,
        };
        let line = |text: String| {
            LogLine {
                at: 1,
                source: Source::Graph,
                level: Level::Info,
                text,
            }
            .to_string()
        };
        assert_eq!(
            line(counters.to_string()),
            "<00:01> GRAPH> Enabled users: total=399, licensed=127, phoneSystem=108, excludedByCallingPlan=104, resource=0"
        );
        assert_eq!(
            line(counters.verdict()),
            "<00:01> GRAPH> Found 108 users with a Phone System license, of which 104 are excluded as they have a Calling Plan"
        );
        assert_eq!(
            Counters::default().verdict(),
            "Found 0 users with a Phone System license (none have a Calling Plan)"
        );
    }

    #[test]
    fn minutes_pass_59() {
        let line = LogLine {
            at: 3_725,
            source: Source::Sync,
            level: Level::Info,
            text: "x".into(),
        };
        assert_eq!(line.to_string(), "<62:05> SYNC> x");
    }
}
