//! `history.db`: the runs, their logs, and which users changed their first cause in each. The last 50 are kept, 200 MB at most.

mod moved;
pub(super) mod thread;

use std::sync::mpsc::Sender;

use jiff::Timestamp;

use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::run::{LogLine, Outcome, RunHead, RunId, RunKind, Summary};

use super::reply::{Answer, Reply, pair};

/// A directory user who came, went, or changed the first cause. `None` stands for not being there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassChange {
    /// Who.
    pub id: ObjectId,
    /// The name, as far as it is known.
    pub name: String,
    /// The class before.
    pub before: Option<u8>,
    /// The class after.
    pub after: Option<u8>,
}

/// A value of a directory user that was another one when it was read before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueChange {
    /// Who.
    pub id: ObjectId,
    /// The name, as far as it is known.
    pub name: String,
    /// `number`, `country` or `licences`.
    pub field: String,
    /// The value before, or empty.
    pub before: String,
    /// The value after, or empty.
    pub after: String,
}

/// When a run saw somebody come, go or change the first cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastChange {
    /// The run.
    pub run: RunId,
    /// When it began.
    pub at: Timestamp,
    /// The class before.
    pub before: Option<u8>,
    /// The class after.
    pub after: Option<u8>,
}

/// A handle on the history's thread.
#[derive(Debug, Clone)]
pub struct History {
    jobs: Sender<Job>,
}

/// What the thread can be asked.
#[derive(Debug)]
pub(super) enum Job {
    Begin(RunKind, bool, String, Timestamp, Answer<RunId>),
    SetTenant(RunId, TenantId, Answer<()>),
    Lines(RunId, Vec<LogLine>, Answer<()>),
    Changes(RunId, Vec<ClassChange>, Answer<()>),
    ChangeBetween(ClassChange, Answer<()>),
    Moved(RunId, Vec<ValueChange>, Answer<()>),
    MovedBetween(RunId, RunId, Answer<Vec<ValueChange>>),
    Close(RunId, Box<(Outcome, Summary)>, Timestamp, Answer<()>),
    Sweep(Timestamp, Answer<u32>),
    Prune(Answer<()>),
    List(u32, Answer<Vec<RunHead>>),
    Log(RunId, Answer<Vec<LogLine>>),
    ChangesBetween(RunId, RunId, Answer<Vec<ClassChange>>),
    ChangesOf(ObjectId, u32, Answer<Vec<PastChange>>),
    Stop,
    Break,
}

impl History {
    pub(super) fn new(jobs: Sender<Job>) -> Self {
        Self { jobs }
    }

    fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Reply<T> {
        let (answer, reply) = pair();
        // Without a thread the answer is dropped with the job, and the reply says that the store is closed.
        drop(self.jobs.send(job(answer)));
        reply
    }

    /// Opens a run; its number is the reply.
    pub fn begin(&self, kind: &RunKind, debug: bool, author: &str, at: Timestamp) -> Reply<RunId> {
        self.ask(|to| Job::Begin(kind.clone(), debug, author.to_owned(), at, to))
    }

    /// Notes the tenant that was signed in to.
    pub fn set_tenant(&self, run: RunId, tenant: TenantId) -> Reply<()> {
        self.ask(|to| Job::SetTenant(run, tenant, to))
    }

    /// Appends lines to the log of a run.
    pub fn lines(&self, run: RunId, lines: Vec<LogLine>) -> Reply<()> {
        self.ask(|to| Job::Lines(run, lines, to))
    }

    /// Keeps who came, went or changed the first cause in a run, as the cache told at the run's end.
    pub fn keep_changes(&self, run: RunId, changes: Vec<ClassChange>) -> Reply<()> {
        self.ask(|to| Job::Changes(run, changes, to))
    }

    /// Keeps that the class of one user changed between two runs, as a reading of that one user told: the next run, to which it
    /// will look as if nothing had changed, is given it.
    pub fn keep_change_between(&self, change: ClassChange) -> Reply<()> {
        self.ask(|to| Job::ChangeBetween(change, to))
    }

    /// Keeps which values a run found to be others than before, as the cache told at the run's end.
    pub fn keep_moved(&self, run: RunId, moved: Vec<ValueChange>) -> Reply<()> {
        self.ask(|to| Job::Moved(run, moved, to))
    }

    /// Which values changed after run `from`, up to and with run `to`, by name.
    pub fn moved_between(&self, from: RunId, to: RunId) -> Reply<Vec<ValueChange>> {
        self.ask(|answer| Job::MovedBetween(from, to, answer))
    }

    /// Closes a run.
    pub fn close(
        &self,
        run: RunId,
        outcome: &Outcome,
        summary: Summary,
        at: Timestamp,
    ) -> Reply<()> {
        self.ask(|to| Job::Close(run, Box::new((outcome.clone(), summary)), at, to))
    }

    /// Marks runs that were left open as interrupted. Only for one who holds the lease, since then no run is alive.
    pub fn sweep(&self, at: Timestamp) -> Reply<u32> {
        self.ask(|to| Job::Sweep(at, to))
    }

    /// Lets go of the oldest runs, past the last 50 or past 200 MB.
    pub fn prune(&self) -> Reply<()> {
        self.ask(Job::Prune)
    }

    /// The last runs, the newest first.
    pub fn list(&self, limit: u32) -> Reply<Vec<RunHead>> {
        self.ask(|to| Job::List(limit, to))
    }

    /// The log of a run.
    pub fn log(&self, run: RunId) -> Reply<Vec<LogLine>> {
        self.ask(|to| Job::Log(run, to))
    }

    /// Who came, went or changed the first cause after run `from`, up to and with run `to`, by name.
    pub fn changes_between(&self, from: RunId, to: RunId) -> Reply<Vec<ClassChange>> {
        self.ask(|answer| Job::ChangesBetween(from, to, answer))
    }

    /// What runs saw of one user, the newest first.
    pub fn changes_of(&self, id: ObjectId, limit: u32) -> Reply<Vec<PastChange>> {
        self.ask(|answer| Job::ChangesOf(id, limit, answer))
    }

    /// Makes the thread panic, so that what follows from that can be looked at.
    pub fn breaks(&self) {
        drop(self.jobs.send(Job::Break));
    }

    pub(super) fn stop(&self) {
        drop(self.jobs.send(Job::Stop));
    }
}
