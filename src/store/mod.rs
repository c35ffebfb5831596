//! What is kept on this machine: the ledger (cannot be rebuilt), the cache (the tenant can give it again) and the history of runs.
//!
//! One thread owns each SQLite connection; jobs run in the order in which they were sent, and each call returns a [`reply::Reply`].
//! Knows nothing of the network, of screens, or of what time it is: every change carries a [`Stamp`].

mod audit;
pub mod cache;
pub mod disk;
pub mod error;
pub mod extract;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fixtures;
pub mod health;
pub mod history;
pub mod keeping;
pub mod ledger;
mod mirrored;
mod open;
pub mod peek;
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
use self::disk::Disk;
use self::error::StoreError;
use self::history::History;
use self::history::thread::HistoryThread;
use self::ledger::Ledger;
use self::ledger::thread::LedgerThread;
use self::open::{Damage, Journal};
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
        Self::open_on(dir, Disk::of)
    }

    /// As [`Self::open`], with what says what the folder lies on.
    pub fn open_on(dir: &Path, disk: impl FnOnce(&Path) -> Disk) -> Result<Self, StoreError> {
        // Held until all three are open, so that two programs never make or set aside the same file.
        let _turn = open::folder(dir)?;
        let mut notes = Vec::new();
        let journal = match disk(dir).remote() {
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
        let lines = [
            ledger_note(ledger.damage.as_ref(), &saved),
            cache
                .damage
                .as_ref()
                .map(|damage| damage.worded("cache.db", "the next sync reads everything again")),
            history
                .damage
                .as_ref()
                .map(|damage| damage.worded("history.db", "earlier runs are no longer listed")),
        ];
        let damaged = lines.iter().any(Option::is_some);
        notes.extend(lines.into_iter().flatten());
        let (ledger_jobs, ledger_work) = channel();
        let (cache_jobs, cache_work) = channel();
        let (history_jobs, history_work) = channel();
        let ledger = LedgerThread::new(ledger.connection, ledger.path);
        notes.extend(ledger.note());
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
    /// Whether each of them ended in good order: one that panicked has told so in the crash report.
    pub fn close(self) -> bool {
        self.ledger.stop();
        self.cache.stop();
        self.history.stop();
        let ends = self.threads.into_iter().map(JoinHandle::join);
        // Each is waited for, also behind one that panicked.
        ends.filter(Result::is_err).count() == 0
    }
}

fn ledger_note(damage: Option<&Damage>, saved: &Saved) -> Option<String> {
    match damage {
        Some(damage) => Some(damage.worded("ledger.db", &saved.to_string())),
        None if *saved != Saved::default() => Some(format!(
            "ledger.db was missing, though audit.jsonl is there: {saved}"
        )),
        None => None,
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::fixtures::{
        OURS, directory_user, head, new_user, num, reference, stamp, store_with,
    };
    use super::*;
    use crate::domain::run::{Outcome, RunKind, Summary};
    use crate::domain::user::{Patch, UserId};

    /// A store with a bit of everything, closed.
    pub(super) fn filled() -> tempfile::TempDir {
        let (root, store) = store_with(40);
        for n in 1..=20 {
            let patch = Patch {
                two_way: vec![(num(""), num(&format!("+1425555{:04}", n + 500)))],
                ..Patch::default()
            };
            store
                .ledger
                .edit_user(UserId(n), patch, stamp(2))
                .wait()
                .unwrap();
        }
        store
            .ledger
            .keep_draft("edit 3", Some("half a number".into()))
            .wait()
            .unwrap();
        store.cache.begin_full(RunId(1)).wait().unwrap();
        store
            .cache
            .append((0..120).map(|n| directory_user(n, "Somebody")).collect())
            .wait()
            .unwrap();
        store
            .cache
            .finish_full(reference(), head(1))
            .wait()
            .unwrap();
        let run = store
            .history
            .begin(&RunKind::Sync, false, "k", stamp(1).at)
            .wait()
            .unwrap();
        store
            .history
            .close(run, &Outcome::Done, Summary::default(), stamp(2).at)
            .wait()
            .unwrap();
        store.close();
        root
    }

    pub(super) fn copy_of(root: &Path) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        for entry in fs::read_dir(root).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
        }
        copy
    }

    fn spoil(path: &Path, page: usize) {
        let mut bytes = fs::read(path).unwrap();
        let noise = (0..4096).map(|n: usize| ((n * 131 + page * 7 + 13) % 251).to_le_bytes()[0]);
        bytes.splice(page * 4096..(page + 1) * 4096, noise);
        fs::write(path, bytes).unwrap();
    }

    #[test]
    fn what_is_closed_answers_no_more() {
        let (_root, store) = store_with(1);
        let ledger = store.ledger.clone();
        let cache = store.cache.clone();
        store.close();
        assert!(matches!(ledger.load().wait(), Err(StoreError::Closed)));
        assert!(matches!(cache.head().wait(), Err(StoreError::Closed)));
    }

    #[test]
    fn handles_go_to_other_threads_and_replies_can_be_awaited() {
        fn shared<T: Clone + Send + Sync + std::fmt::Debug>(_: &T) {}
        let (_root, store) = store_with(2);
        shared(&store.ledger);
        shared(&store.cache);
        shared(&store.history);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        let users = runtime.block_on(async { store.ledger.load().await.unwrap().users });
        assert_eq!(users.len(), 2);
    }

    #[test]
    fn two_programs_on_one_ledger() {
        let (root, store) = store_with(1);
        let other = Store::open(root.path()).unwrap();
        let replies: Vec<_> = (10..40)
            .map(|n| {
                if n % 2 == 0 { &store } else { &other }.ledger.add_users(
                    vec![new_user(n)],
                    OURS,
                    stamp(3),
                )
            })
            .collect();
        for reply in replies {
            reply.wait().unwrap();
        }
        for store in [&store, &other] {
            assert_eq!(store.ledger.load().wait().unwrap().users.len(), 31);
        }
        let lines = store.ledger.verify_audit().wait().unwrap();
        assert!(lines.is_intact(), "{lines:?}");
        assert_eq!(lines.lines, 32);
    }

    #[test]
    fn damage_of_the_cache_or_the_history_costs_no_edit() {
        let root = filled();
        for file in ["cache.db", "history.db"] {
            let pages = fs::read(root.path().join(file)).unwrap().len() / 4096;
            let mut found = 0;
            for page in 0..pages {
                let copy = copy_of(root.path());
                spoil(&copy.path().join(file), page);
                let store = Store::open(copy.path()).unwrap();
                found += usize::from(store.was_damaged());
                if store.was_damaged() {
                    assert!(
                        store.notes()[0].starts_with(&format!("{file} was damaged (")),
                        "{:?}",
                        store.notes()
                    );
                }
                let picture = store.ledger.load().wait().unwrap();
                assert_eq!(
                    (picture.users.len(), picture.entries.len()),
                    (40, 20),
                    "{file}, page {page}"
                );
                // Noise in a free page, or in the middle of a text, may go unseen; it never panics.
                drop(store.cache.all_rows().wait());
                drop(store.history.list(9).wait());
                assert!(store.close(), "{file}, page {page}: a thread panicked");
            }
            assert!(found * 10 >= pages * 7, "{file}: {found} of {pages}");
        }
    }

    #[test]
    fn a_damaged_ledger_keeps_every_row_whose_page_is_whole() {
        let root = filled();
        let pages = fs::read(root.path().join("ledger.db")).unwrap().len() / 4096;
        for page in 0..pages {
            let copy = copy_of(root.path());
            let path = copy.path().join("ledger.db");
            spoil(&path, page);
            let damaged = fs::read(&path).unwrap();
            let store = Store::open(copy.path()).unwrap();
            assert!(store.was_damaged(), "page {page}");
            let note = &store.notes()[0];
            assert!(
                note.starts_with("ledger.db was damaged (") && note.contains("saved from it: "),
                "{note}"
            );
            let aside = fs::read_dir(copy.path())
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .find(|path| path.to_string_lossy().contains("ledger.db.quarantine-"))
                .unwrap();
            assert_eq!(fs::read(aside).unwrap(), damaged, "page {page}");
            let picture = store.ledger.load().wait().unwrap();
            // Users and entries lie on a few pages each; no page holds both.
            assert!(
                picture.users.len() == 40 || picture.entries.len() == 20,
                "page {page}: {note}"
            );
            if page == 0 {
                assert_eq!((picture.users.len(), picture.entries.len()), (40, 20));
                assert_eq!(picture.pin.unwrap().tenant, OURS);
                assert_eq!(
                    store.ledger.draft("edit 3").wait().unwrap().as_deref(),
                    Some("half a number")
                );
            }
            // The audit comes back from its mirror, and goes on.
            store.ledger.recover(stamp(9)).wait().unwrap();
            let last = store.ledger.audit_tail(1).wait().unwrap().remove(0);
            assert_eq!((last.action.as_str(), last.seq), ("salvaged", 62));
            let verdict = store.ledger.verify_audit().wait().unwrap();
            assert!(verdict.is_intact(), "page {page}: {verdict:?}");
            store.close();
            let again = Store::open(copy.path()).unwrap();
            assert_eq!(again.notes(), [] as [&str; 0]);
        }
    }

    #[test]
    fn a_ledger_that_is_gone_is_not_silently_new() {
        let root = filled();
        for file in ["ledger.db", "ledger.db-wal", "ledger.db-shm"] {
            drop(fs::remove_file(root.path().join(file)));
        }
        let store = Store::open(root.path()).unwrap();
        assert!(store.was_damaged());
        assert!(
            store.notes()[0].starts_with("ledger.db was missing, though audit.jsonl is there: "),
            "{:?}",
            store.notes()
        );
        assert_eq!(store.ledger.audit_tail(999).wait().unwrap().len(), 61);
        assert_eq!(store.cache.head().wait().unwrap(), Some(head(1)));
    }

    #[test]
    fn flipped_bits_and_cuts_anywhere_never_panic() {
        let root = filled();
        for file in ["ledger.db", "cache.db", "history.db"] {
            let good = fs::read(root.path().join(file)).unwrap();
            for n in 0..12 {
                let copy = copy_of(root.path());
                let mut bytes = good.clone();
                let at = n * 7919 % good.len();
                if n % 3 == 0 {
                    bytes.truncate(at);
                } else {
                    bytes[at] ^= 1 << (n % 8);
                }
                fs::write(copy.path().join(file), &bytes).unwrap();
                let store = match Store::open(copy.path()) {
                    Ok(store) => store,
                    Err(StoreError::TooNew { .. }) => continue,
                    Err(error) => panic!("{file}, {n}: {error}"),
                };
                let picture = store.ledger.load().wait();
                let rows = store.cache.all_rows().wait();
                let runs = store.history.list(9).wait();
                if !store.was_damaged() {
                    // What cannot be told from good data is at least not empty.
                    assert!(
                        picture.is_ok_and(|picture| picture.users.len() == 40),
                        "{file}, {n}"
                    );
                    assert!(
                        rows.is_err() || rows.is_ok_and(|rows| rows.len() == 120),
                        "{file}, {n}"
                    );
                    assert!(
                        runs.is_err() || runs.is_ok_and(|runs| runs.len() == 1),
                        "{file}, {n}"
                    );
                }
                store.close();
            }
        }
    }
}
