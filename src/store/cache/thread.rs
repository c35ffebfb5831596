//! The thread that owns the cache's connection: one job after the other, readers on the last good snapshot.

use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::super::error::StoreError;
use super::super::history::ClassChange;
use super::super::open;
use super::super::reply::Answer;
use super::rows::Words;
use super::snapshot::{self, Staging};
use super::{Job, Reference, SnapshotHead, StoredUser, compare, counted, lookup, moved, reference};

/// What the thread owns.
#[derive(Debug)]
pub(in crate::store) struct CacheThread {
    connection: Connection,
    path: PathBuf,
    words: Words,
    staging: Option<Staging>,
}

impl CacheThread {
    pub(in crate::store) fn new(connection: Connection, path: PathBuf) -> Self {
        Self {
            connection,
            path,
            words: Words::default(),
            staging: None,
        }
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
            Job::Head(to) => self.read(to, |tx, _| reference::head(tx)),
            Job::Marks(to) => self.read(to, |tx, _| counted::marks(tx)),
            Job::Reference(to) => self.read(to, |tx, _| reference::reference(tx)),
            Job::Outline(to) => self.read(to, |tx, _| reference::outline(tx)),
            Job::ListSizes(to) => self.read(to, |tx, _| reference::list_sizes(tx)),
            Job::Differing(now, to) => self.read(to, |tx, _| compare::differing(tx, &now)),
            Job::Rows(from, limit, to) => self.read(to, |tx, _| lookup::rows(tx, from, limit)),
            Job::LastRows(limit, to) => self.read(to, |tx, _| lookup::last_rows(tx, limit)),
            Job::Table(to) => {
                self.read(to, |tx, _| lookup::table(tx));
                self.shrink();
            }
            Job::AllRows(to) => self.read(to, |tx, _| lookup::all_rows(tx)),
            Job::User(id, to) => self.read(to, |tx, words| lookup::user(tx, id, words)),
            Job::Users(ids, to) => self.read(to, |tx, words| {
                ids.into_iter()
                    .filter_map(|id| lookup::user(tx, id, words).transpose())
                    .collect()
            }),
            Job::VisitBatch(after, limit, to) => {
                self.read(to, |tx, words| lookup::batch(tx, (after, limit), words));
            }
            Job::Find(text, limit, to) => self.read(to, |tx, _| lookup::find(tx, &text, limit)),
            Job::TeamsOf(id, to) => self.read(to, |tx, _| reference::teams_of(tx, id)),
            Job::NumbersOf(id, to) => self.read(to, |tx, _| reference::numbers_of(tx, id)),
            Job::Number(number, to) => self.read(to, |tx, _| reference::one_number(tx, &number)),
            Job::AllNumbers(to) => self.read(to, |tx, _| reference::all_numbers(tx)),
            Job::HeldNumbers(roster, to) => {
                self.read(to, |tx, words| lookup::held_numbers(tx, words, &roster));
                self.shrink();
            }
            Job::FormerHolders(to) => self.read(to, |tx, _| lookup::former_holders(tx)),
            Job::Licences(to) => self.read(to, |tx, words| lookup::licences(tx, words)),
            Job::NameOf(id, to) => self.read(to, |tx, _| lookup::name_of(tx, id)),
            Job::LiveOf(id, to) => self.read(to, |tx, _| lookup::live_of(tx, id)),
            Job::ReadAtOf(id, to) => self.read(to, |tx, _| lookup::read_at_of(tx, id)),
            job => self.change(job),
        }
    }

    fn change(&mut self, job: Job) {
        match job {
            Job::BeginFull(run, to) => {
                self.staging = None;
                let begun = self.write(|tx, _| Staging::begin(tx, run));
                let begun = begun.map(|staging| self.staging = Some(staging));
                self.give(to, begun);
            }
            Job::Append(users, to) => {
                let result = self.append(&users);
                self.give(to, result);
            }
            Job::Missing(limit, to) => {
                let missing = self.staging.as_ref().map(|staging| staging.missing(limit));
                to.give(Ok(missing.unwrap_or_default()));
            }
            Job::FinishFull(what, to) => {
                let result = self.finish(&what.0, &what.1);
                self.give(to, result);
            }
            Job::Abandon(to) => {
                self.staging = None;
                let result = self.write(|tx, _| snapshot::abandon(tx));
                self.give(to, result);
            }
            Job::SetClasses(classes, to) => {
                let result = self.write(|tx, _| snapshot::put_classes(tx, &classes));
                self.give(to, result);
            }
            Job::ApplyChanges(changes, to) => {
                let result = self.write(|tx, words| snapshot::apply(tx, &changes, words));
                self.give(to, result);
            }
            Job::TakeMoved(to) => {
                let result = self.write(|tx, _| moved::take(tx));
                self.give(to, result);
            }
            Job::NameGroups(groups, to) => {
                let result = self.write(|tx, _| reference::put_group_names(tx, &groups));
                self.give(to, result);
            }
            Job::PutLive(live, to) => {
                let result = self.write(|tx, words| snapshot::put_live(tx, &live, words));
                if let (Ok(()), Some(staging)) = (&result, &mut self.staging) {
                    staging.touched(live.stored.user.id);
                }
                self.give(to, result);
            }
            Job::Clear(to) => {
                self.staging = None;
                let result = self.write(|tx, words| {
                    words.forget();
                    snapshot::clear(tx)
                });
                self.checkpoint();
                self.give(to, result);
            }
            Job::Head(_)
            | Job::Marks(_)
            | Job::Reference(_)
            | Job::Outline(_)
            | Job::ListSizes(_)
            | Job::Differing(..)
            | Job::LiveOf(..)
            | Job::Rows(..)
            | Job::LastRows(..)
            | Job::AllRows(_)
            | Job::Table(_)
            | Job::User(..)
            | Job::Users(..)
            | Job::VisitBatch(..)
            | Job::Find(..)
            | Job::TeamsOf(..)
            | Job::NumbersOf(..)
            | Job::Number(..)
            | Job::HeldNumbers(..)
            | Job::AllNumbers(_)
            | Job::FormerHolders(_)
            | Job::Licences(_)
            | Job::NameOf(..)
            | Job::ReadAtOf(..)
            | Job::Stop
            | Job::Break => {}
        }
    }

    fn append(&mut self, users: &[StoredUser]) -> Result<(), StoreError> {
        let mut staging = self.staging.take().ok_or(StoreError::NotStaging)?;
        let result = self.write(|tx, words| staging.append(tx, users, words));
        // After a failure the read is no longer whole, and must not be finished.
        if result.is_ok() {
            self.staging = Some(staging);
        }
        result
    }

    fn finish(
        &mut self,
        reference: &Reference,
        head: &SnapshotHead,
    ) -> Result<Vec<ClassChange>, StoreError> {
        let staging = self.staging.take().ok_or(StoreError::NotStaging)?;
        let result = self.write(|tx, words| staging.finish(tx, (reference, head), words));
        self.checkpoint();
        self.shrink();
        result
    }

    /// Gives back the pages that a walk through the whole file has left in memory: the next question is about other ones.
    fn shrink(&self) {
        let done = self.connection.execute_batch("PRAGMA shrink_memory");
        if let Err(error) = done {
            tracing::debug!(%error, "the pages of the cache stay in memory");
        }
    }

    /// Gives the log's room back after a large change. If a reader is in the way, the next one does it.
    fn checkpoint(&self) {
        let done = self
            .connection
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        if let Err(error) = done {
            tracing::debug!(%error, "the log of the cache stays");
        }
    }

    fn read<T>(
        &mut self,
        to: Answer<T>,
        work: impl FnOnce(&Transaction<'_>, &mut Words) -> Result<T, StoreError>,
    ) {
        let result = self
            .connection
            .transaction()
            .map_err(StoreError::from)
            .and_then(|tx| work(&tx, &mut self.words));
        self.give(to, result);
    }

    fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>, &mut Words) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let tx = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)?;
        let result = work(&tx, &mut self.words).and_then(|done| {
            tx.commit()?;
            Ok(done)
        });
        match &result {
            Ok(_) => self.words.kept(),
            Err(_) => self.words.rolled_back(),
        }
        result
    }

    fn give<T>(&self, to: Answer<T>, result: Result<T, StoreError>) {
        to.give(result.map_err(|error| {
            if error.is_damage() {
                open::suspect(&self.path);
            }
            error.at(&self.path)
        }));
    }
}
