//! The thread that owns the ledger's connection: one job after the other, each change in one transaction.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::super::audit::{self, Mirror};
use super::super::error::StoreError;
use super::super::mirrored;
use super::super::open;
use super::super::reply::Answer;
use super::{Closing, Job, drafts, entries, import, merge, queue, rows, tenant, users};

/// Whether a commit waits until the disk has it.
#[derive(Debug, Clone, Copy)]
enum Sync {
    /// It does: what is committed outlives a power cut.
    Now,
    /// It does not: it outlives whatever happens to the program.
    Later,
}

/// What the thread owns.
#[derive(Debug)]
pub(in crate::store) struct LedgerThread {
    connection: Connection,
    path: PathBuf,
    /// Device and number of the file that was opened: what lies at its path later may be another.
    file: Option<(u64, u64)>,
    mirror: Mirror,
    /// What SQLite counts for the commits of others, as of the last question.
    version: Option<i64>,
    /// Which drafts are this program's.
    own: drafts::Own,
}

impl LedgerThread {
    pub(in crate::store) fn new(connection: Connection, path: PathBuf) -> Self {
        let mirror = Mirror::new(path.with_file_name("audit.jsonl"));
        let mut this = Self {
            connection,
            file: identity(&path),
            path,
            mirror,
            version: None,
            own: drafts::Own::new(),
        };
        this.follow();
        this.version = data_version(&this.connection).ok();
        this
    }

    /// What the engineer should know of the audit's file.
    pub(in crate::store) fn note(&self) -> Option<String> {
        let lost = mirrored::lost(&self.connection);
        lost.ok().flatten().map(mirrored::worded)
    }

    /// Works until it is told to stop, or nobody is left to ask.
    pub(in crate::store) fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            match job {
                Job::Stop => break,
                Job::Break => panic!("broken, as asked"),
                job => self.answer(job),
            }
        }
    }

    fn answer(&mut self, job: Job) {
        match job {
            Job::Load(to) => self.read(to, |tx| rows::picture(tx)),
            Job::ParkedEntries(to) => self.read(to, |tx| rows::entries(tx, "parked", &[])),
            Job::OldNumbers(to) => self.read(to, |tx| rows::old_numbers(tx)),
            Job::Draft(key, to) => self.read(to, |tx| drafts::draft(tx, &key)),
            Job::Drafts(to) => {
                let found = drafts::drafts(&self.connection);
                if let Ok(found) = &found {
                    self.own = drafts::given(found);
                }
                to.give(self.judged(found));
            }
            Job::AuditTail(limit, to) => self.read(to, |tx| audit::lines(tx, "", &[], limit)),
            Job::AuditOf(user, limit, to) => self.read(to, |tx| audit_of(tx, &user, limit)),
            Job::AuditSince(at, to) => self.read(to, |tx| audit_since(tx, at)),
            Job::Written(entry, to) => self.read(to, |tx| rows::written(tx, entry)),
            Job::Tickets(to) => self.read(to, |tx| rows::tickets(tx)),
            Job::TakenSince(at, to) => self.read(to, |tx| rows::taken_since(tx, at)),
            Job::RemovedSince(at, to) => self.read(to, |tx| rows::removed_since(tx, at)),
            Job::VerifyAudit(noted, to) => {
                let verdict = audit::verify(&self.connection, &self.mirror, noted.as_ref());
                to.give(verdict.map_err(|error| error.at(&self.path)));
            }
            Job::ChangedElsewhere(to) => {
                let found = data_version(&self.connection).map_err(StoreError::from);
                let moved = found.map(|now| self.version.replace(now) != Some(now));
                to.give(self.judged(moved));
            }
            job => self.change(job),
        }
    }

    fn change(&mut self, job: Job) {
        match job {
            Job::Pin(id, name, stamp, to) => {
                self.write(to, |tx| tenant::pin(tx, id, &name, &stamp));
            }
            Job::Unpin(stamp, to) => self.write(to, |tx| tenant::unpin(tx, &stamp)),
            Job::SetSeats(seats, stamp, to) => {
                self.write(to, |tx| tenant::set_seats(tx, seats, &stamp));
            }
            Job::NoteSettings(changes, stamp, to) => {
                self.write(to, |tx| tenant::note_settings(tx, changes, &stamp));
            }
            Job::MoveSeat(from, other, stamp, to) => {
                self.write(to, |tx| users::move_seat(tx, from, other, &stamp));
            }
            Job::AddUsers(new, tenant, stamp, to) => {
                self.write(to, |tx| users::add(tx, &new, tenant, &stamp));
            }
            Job::EditUser(id, patch, stamp, to) => {
                self.write(to, |tx| users::edit(tx, id, &patch, &stamp));
            }
            Job::Import(many, tenant, stamp, to) => {
                self.write(to, |tx| import::import(tx, &many, tenant, &stamp));
            }
            Job::RemoveUsers(removals, stamp, to) => {
                self.write(to, |tx| {
                    removals
                        .into_iter()
                        .try_for_each(|removal| users::remove(tx, removal, &stamp))
                });
            }
            Job::SetStates(states, stamp, to) => {
                self.write(to, |tx| entries::set_states(tx, &states, &stamp));
            }
            Job::Close(id, closing, stamp, to) => {
                self.write(to, |tx| entries::close(tx, id, closing, &stamp));
            }
            Job::DropMany(ids, stamp, to) => {
                self.write(to, |tx| {
                    ids.into_iter()
                        .try_for_each(|id| entries::close(tx, id, Closing::Dropped, &stamp))
                });
            }
            Job::KeepMine(id, stamp, to) => self.write(to, |tx| entries::keep_mine(tx, id, &stamp)),
            Job::Released(id, stamp, to) => self.write(to, |tx| entries::released(tx, id, &stamp)),
            Job::Start(id, step, stamp, to) => {
                self.write(to, |tx| entries::start(tx, id, step, &stamp));
            }
            Job::Hold(ids, why, stamp, to) => {
                self.write(to, |tx| entries::hold(tx, &ids, why.as_deref(), &stamp));
            }
            Job::SetTicket(ids, ticket, stamp, to) => {
                self.write(to, |tx| entries::set_ticket(tx, &ids, &ticket, &stamp));
            }
            Job::GiveBack(id, stamp, to) => self.write(to, |tx| entries::give_back(tx, id, &stamp)),
            Job::Turn(seen, state, stamp, to) => {
                self.write(to, |tx| entries::turn(tx, &seen, &state, &stamp));
            }
            Job::Queue(new, tenant, stamp, to) => {
                self.write(to, |tx| queue::queue(tx, &new, tenant, &stamp));
            }
            Job::Admit(id, user, stamp, to) => {
                self.write(to, |tx| queue::admit(tx, id, *user, &stamp));
            }
            Job::Merge(changes, stamp, to) => {
                self.write(to, |tx| merge::merge(tx, &changes, &stamp));
            }
            Job::KeepDraft(key, text, to) => {
                // A kill costs nothing of it, a power cut the last of it: no end waits for a disk that is busy.
                let own = self.own.get(&key).cloned();
                let kept = self.written(Sync::Later, |tx| {
                    drafts::keep_own(tx, &key, own, text.as_deref())
                });
                to.give(kept.map(|lies| match lies {
                    Some(lies) => drop(self.own.insert(key, lies)),
                    None => drop(self.own.remove(&key)),
                }));
            }
            Job::KeepCommon(key, text, to) => {
                let kept = self.written(Sync::Later, |tx| drafts::keep(tx, &key, text.as_deref()));
                to.give(kept);
            }
            Job::AuditSeen(stamp, to) => self.write(to, |tx| mirrored::seen(tx, &stamp)),
            Job::Recover(stamp, to) => self.write(to, |tx| entries::recover(tx, &stamp)),
            Job::Load(_)
            | Job::ParkedEntries(_)
            | Job::OldNumbers(_)
            | Job::Draft(..)
            | Job::Drafts(_)
            | Job::AuditTail(..)
            | Job::AuditOf(..)
            | Job::AuditSince(..)
            | Job::Written(..)
            | Job::TakenSince(..)
            | Job::RemovedSince(..)
            | Job::Tickets(_)
            | Job::VerifyAudit(..)
            | Job::ChangedElsewhere(_)
            | Job::Stop
            | Job::Break => {}
        }
    }

    fn read<T>(
        &mut self,
        to: Answer<T>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) {
        let result = self
            .connection
            .transaction()
            .map_err(StoreError::from)
            .and_then(|tx| work(&tx));
        to.give(self.judged(result));
    }

    fn write<T>(
        &mut self,
        to: Answer<T>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) {
        let result = self.written(Sync::Now, work);
        if result.is_ok() {
            self.follow();
        }
        to.give(result);
    }

    /// Commits what this does.
    fn written<T>(
        &mut self,
        sync: Sync,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (path, file) = (&self.path, self.file);
        let synchronous = match sync {
            Sync::Now => "FULL",
            Sync::Later => "NORMAL",
        };
        let set = self
            .connection
            .pragma_update(None, "synchronous", synchronous);
        let begun = set.and_then(|()| {
            self.connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
        });
        let result = begun.map_err(StoreError::from).and_then(|tx| {
            let done = work(&tx)?;
            // Another program has taken the tenant out: what is written to its old file nobody would ever see.
            if identity(path) != file {
                return Err(StoreError::Removed { path: path.clone() });
            }
            tx.commit()?;
            Ok(done)
        });
        self.judged(result)
    }

    /// What is committed is saved even if the mirror cannot follow now; it follows the next time, and `verify` tells.
    fn follow(&mut self) {
        if let Err(error) = self.mirror.catch_up(&self.connection) {
            tracing::warn!(%error, "audit.jsonl is behind the ledger");
        }
    }

    fn judged<T>(&self, result: Result<T, StoreError>) -> Result<T, StoreError> {
        result.map_err(|error| {
            if error.is_damage() {
                open::suspect(&self.path);
            }
            error.at(&self.path)
        })
    }
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    let found = std::fs::metadata(path).ok()?;
    Some((found.dev(), found.ino()))
}

/// A count that moves with the commits of all connections but this one.
fn data_version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA data_version", [], |row| row.get(0))
}

fn audit_of(tx: &Connection, user: &str, limit: u32) -> Result<Vec<super::AuditLine>, StoreError> {
    match user.parse::<i64>() {
        Ok(id) => audit::lines(tx, "WHERE user_id = ?1", &[&id], limit),
        Err(_) => audit::lines(tx, "WHERE user = ?1 COLLATE NOCASE", &[&user], limit),
    }
}

/// Moments are written with differing numbers of digits, so that they are compared as moments, from the last line backwards.
fn audit_since(tx: &Connection, at: jiff::Timestamp) -> Result<Vec<super::AuditLine>, StoreError> {
    let mut limit = 256;
    loop {
        let mut lines = audit::lines(tx, "", &[], limit)?;
        let later = lines.partition_point(|line| line.at < at);
        if later > 0 || lines.len() < limit as usize || limit == u32::MAX {
            lines.drain(..later);
            return Ok(lines);
        }
        limit = limit.saturating_mul(8);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fixtures::store_with;
    use super::super::super::reply;
    use super::*;

    /// On a disk that is busy a commit that waits for it can take seconds, which a console that ends does not have.
    #[test]
    fn a_draft_waits_for_no_disk_and_an_edit_does() {
        let (root, store) = store_with(1);
        assert!(store.close());
        let path = root.path().join("ledger.db");
        let mut ledger = LedgerThread::new(Connection::open(&path).unwrap(), path);
        let waits = |connection: &Connection| -> Result<i64, StoreError> {
            let asked = connection.pragma_query_value(None, "synchronous", |row| row.get(0));
            Ok(asked?)
        };
        for _ in 0..2 {
            let (to, kept) = reply::pair();
            ledger.answer(Job::KeepDraft("add".into(), Some("name=Kim\n".into()), to));
            kept.wait().unwrap();
            assert_eq!(waits(&ledger.connection).unwrap(), 1);
            let (to, edited) = reply::pair();
            ledger.write(to, |tx| waits(tx));
            assert_eq!(edited.wait().unwrap(), 2);
        }
    }
}
