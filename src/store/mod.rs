//! What is kept on this machine: the ledger (cannot be rebuilt), the cache (the tenant can give it again) and the history of runs.
//!
//! One thread owns each SQLite connection; jobs run in the order in which they were sent, and each call returns a [`reply::Reply`].
//! Knows nothing of the network, of screens, or of what time it is: every change carries a [`Stamp`].

mod audit;
pub mod cache;
pub mod error;
pub mod history;
pub mod ledger;
mod open;
pub mod reply;
mod schema;

use std::path::Path;

use jiff::Timestamp;

use crate::domain::run::RunId;

use self::cache::Cache;
use self::error::StoreError;
use self::history::History;
use self::ledger::Ledger;

/// Who made a change, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When.
    pub at: Timestamp,
    /// Operating-system user, with the signed-in account where there is one.
    pub author: String,
    /// The run that made it, if a run did.
    pub run: Option<RunId>,
}

/// The three databases of one tenant.
#[derive(Debug)]
pub struct Store {
    /// Users, outbox, settings, drafts, audit.
    pub ledger: Ledger,
    /// The last good picture of the tenant.
    pub cache: Cache,
    /// Runs and their logs.
    pub history: History,
    notes: Vec<String>,
    damaged: bool,
}

impl Store {
    /// Opens the three databases of a tenant's folder, or makes them.
    ///
    /// A damaged file is set aside under a name with `.quarantine-` and made anew; [`Self::notes`] says so.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let _ = dir;
        Err(StoreError::Closed)
    }

    /// What the engineer should know of the opening, such as a damaged file that was set aside.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Whether a file was damaged and set aside (exit code 8 of a command).
    pub fn was_damaged(&self) -> bool {
        self.damaged
    }

    /// Lets the threads finish what was sent before, and waits for them. Other handles then find the store closed.
    pub fn close(self) {
        self.ledger.stop();
        self.cache.stop();
        self.history.stop();
    }
}
