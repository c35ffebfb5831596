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
mod salvage;
mod schema;

use std::path::Path;
use std::sync::mpsc::channel;
use std::thread::JoinHandle;

use jiff::Timestamp;

use crate::domain::run::RunId;

use self::audit::Mirror;
use self::cache::Cache;
use self::cache::thread::CacheThread;
use self::error::StoreError;
use self::history::History;
use self::history::thread::HistoryThread;
use self::ledger::Ledger;
use self::ledger::thread::LedgerThread;
use self::open::Journal;
use self::salvage::Saved;

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
    threads: Vec<JoinHandle<()>>,
}

impl Store {
    /// Opens the three databases of a tenant's folder, or makes them.
    ///
    /// A damaged file is set aside under a name with `.quarantine-` and made anew; [`Self::notes`] says so.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        // Held until all three are open, so that two programs never make or set aside the same file.
        let _turn = open::folder(dir)?;
        let mut notes = Vec::new();
        let journal = match open::remote_kind(dir) {
            None => Journal::Wal,
            Some(kind) => {
                notes.push(format!(
                    "{} is on {kind}: a slower journal is used there; a disk of this machine is better",
                    dir.display()
                ));
                Journal::Rollback
            }
        };
        let mirror = Mirror::new(dir.join("audit.jsonl"));
        let mut saved = Saved::default();
        let ledger = open::open_filled(dir, &schema::LEDGER, journal, |damaged, new| {
            saved = salvage::salvage(damaged, &mirror, new)?;
            Ok(())
        })?;
        let cache = open::open_filled(dir, &schema::CACHE, journal, |_, _| Ok(()))?;
        let history = open::open_filled(dir, &schema::HISTORY, journal, |_, _| Ok(()))?;
        let before = notes.len();
        if let Some(damage) = &ledger.damage {
            notes.push(damage.worded("ledger.db", &saved.to_string()));
        } else if saved != Saved::default() {
            notes.push(format!(
                "ledger.db was missing, though audit.jsonl is there: {saved}"
            ));
        }
        let rebuilt = "the next sync reads everything again";
        notes.extend(
            cache
                .damage
                .as_ref()
                .map(|damage| damage.worded("cache.db", rebuilt)),
        );
        let unlisted = "the logs of earlier runs are no longer listed";
        notes.extend(
            history
                .damage
                .as_ref()
                .map(|damage| damage.worded("history.db", unlisted)),
        );
        let damaged = notes.len() > before;
        let (ledger_jobs, ledger_work) = channel();
        let (cache_jobs, cache_work) = channel();
        let (history_jobs, history_work) = channel();
        let ledger = LedgerThread::new(ledger.connection, ledger.path);
        let cache = CacheThread::new(cache.connection, cache.path);
        let history = HistoryThread::new(history.connection, history.path);
        let threads = vec![
            spawn(dir, "ledger", move || ledger.run(&ledger_work))?,
            spawn(dir, "cache", move || cache.run(&cache_work))?,
            spawn(dir, "history", move || history.run(&history_work))?,
        ];
        Ok(Self {
            ledger: Ledger::new(ledger_jobs),
            cache: Cache::new(cache_jobs),
            history: History::new(history_jobs),
            notes,
            damaged,
            threads,
        })
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
        for thread in self.threads {
            // A thread that panicked has told so in the crash report; there is nothing left to close.
            drop(thread.join());
        }
    }
}

fn spawn(
    dir: &Path,
    name: &str,
    work: impl FnOnce() + Send + 'static,
) -> Result<JoinHandle<()>, StoreError> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|source| StoreError::io(dir, source))
}
