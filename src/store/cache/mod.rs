//! `cache.db`: the last good picture of the tenant, which a full read can always make again.
//!
//! Readers see the last good snapshot while a run stages the next; it becomes the picture in one transaction.

mod compare;
mod counted;
mod former;
mod lookup;
mod moved;
pub(super) mod reference;
mod rows;
mod snapshot;
pub(super) mod thread;

use std::sync::Arc;
use std::sync::mpsc::Sender;

use jiff::Timestamp;

use crate::domain::country::Country;
use crate::domain::directory::{
    DirectoryUser, Group, GroupFilter, Sku, TeamsUser, Tenant, TenantNumber,
};
use crate::domain::guid::{GroupId, ObjectId, SkuId, TenantId};
use crate::domain::lists::{TeamsUsers, TenantNumbers};
use crate::domain::phone::PhoneNumber;
use crate::domain::run::{Counters, RunId};
use crate::roster::Roster;
use crate::roster::inventory::NumberRow;
use crate::roster::table::Unsorted;

use super::history::{ClassChange, ValueChange};
use super::reply::{Answer, Reply, pair};

/// A directory user with what the caller concluded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredUser {
    /// The facts.
    pub user: DirectoryUser,
    /// The caller's code of the first cause.
    pub class: u8,
    /// The caller's bits: counters, kind, warnings.
    pub marks: u32,
    /// The number held in the tenant.
    pub number: Option<PhoneNumber>,
}

/// The cheap columns of a directory user: what a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRow {
    /// Object id.
    pub id: ObjectId,
    /// Display name.
    pub name: String,
    /// User principal name.
    pub upn: String,
    /// Mail.
    pub mail: Option<String>,
    /// Usage location.
    pub location: Option<Country>,
    /// The number held in the tenant.
    pub number: Option<PhoneNumber>,
    /// The caller's code of the first cause.
    pub class: u8,
    /// The caller's bits.
    pub marks: u32,
}

/// What a run reads before the users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The tenant.
    pub tenant: Tenant,
    /// Its products.
    pub skus: Vec<Sku>,
    /// The group filter.
    pub group: GroupFilter,
    /// Users as Teams sees them; `None` when they could not be read.
    pub teams: Option<Arc<TeamsUsers>>,
    /// The inventory of numbers; `None` when it could not be read.
    pub numbers: Option<Arc<TenantNumbers>>,
    /// What could not be read, in words.
    pub gaps: Vec<String>,
}

/// The inventory of numbers with those who hold them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldNumbers {
    /// The numbers, sorted, with their holders; `None` when they could not be read.
    pub numbers: Option<Vec<NumberRow>>,
    /// The tenant's products.
    pub skus: Vec<Sku>,
}

/// A licence of one directory user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LicenceOf {
    /// Which product.
    pub sku: SkuId,
    /// Who has it.
    pub user: ObjectId,
    /// The group that gives it; `None` for a direct assignment.
    pub group: Option<GroupId>,
}

/// What `why` wants of the reference data: all of it but the long lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The tenant.
    pub tenant: Tenant,
    /// Its products.
    pub skus: Vec<Sku>,
    /// The group filter.
    pub group: GroupFilter,
    /// Groups that give licences, by name.
    pub groups: Vec<Group>,
    /// Whether the inventory of numbers could be read.
    pub numbers_known: bool,
}

/// How long the lists of the last run were.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ListSizes {
    /// Users of Teams.
    pub teams: usize,
    /// Numbers.
    pub numbers: usize,
}

/// What the snapshot is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotHead {
    /// The run that made it.
    pub run: RunId,
    /// When it was read.
    pub read_at: Timestamp,
    /// Of which tenant.
    pub tenant: TenantId,
    /// The tenant's name.
    pub tenant_name: String,
    /// Where the next run asks for changes.
    pub delta_link: Option<String>,
    /// The five counters.
    pub counters: Counters,
    /// Enabled users who are no resource accounts, in the group or not.
    pub enabled: u64,
    /// Version of the table of plans that it was classified with.
    pub table_version: u32,
    /// How many users it holds.
    pub users: u64,
    /// Whether the run read everything, not only changes.
    pub full: bool,
}

/// What a delta run changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Users that are new or changed.
    pub upserts: Vec<StoredUser>,
    /// Users that are gone.
    pub removed: Vec<ObjectId>,
    /// The reference data, read anew.
    pub reference: Reference,
    /// The new head.
    pub head: SnapshotHead,
}

/// One user, classified anew from the facts that are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClass {
    /// Who.
    pub id: ObjectId,
    /// The caller's code of the first cause.
    pub class: u8,
    /// The caller's bits.
    pub marks: u32,
    /// The number held in the tenant.
    pub number: Option<PhoneNumber>,
}

/// How one user was read again without a run: when, and what else than the directory was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveReading {
    /// When.
    pub read_at: Timestamp,
    /// Where Teams did not answer: when what is kept of it was read, and why it could not be.
    pub teams: Option<StaleTeams>,
    /// Whether the user is in the group of the filter; `None` when that was not read.
    pub member: Option<bool>,
}

/// What is kept of Teams is older than the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaleTeams {
    /// When it was read, if ever.
    pub read_at: Option<Timestamp>,
    /// Why it could not be read with the rest.
    pub why: String,
}

impl From<Timestamp> for LiveReading {
    /// Everything but the group was read at that time.
    fn from(read_at: Timestamp) -> Self {
        Self {
            read_at,
            teams: None,
            member: None,
        }
    }
}

/// One user, read again without a run.
#[derive(Debug)]
pub(super) struct LiveUser {
    stored: StoredUser,
    teams: Option<TeamsUser>,
    numbers: Vec<TenantNumber>,
    reading: LiveReading,
}

/// A handle on the cache's thread.
#[derive(Debug, Clone)]
pub struct Cache {
    jobs: Sender<Job>,
}

/// What the thread can be asked.
#[derive(Debug)]
pub(super) enum Job {
    Head(Answer<Option<SnapshotHead>>),
    Marks(Answer<Vec<(u32, u64)>>),
    Reference(Answer<Option<Reference>>),
    Outline(Answer<Option<Outline>>),
    ListSizes(Answer<ListSizes>),
    Differing(Box<Reference>, Answer<Option<Vec<ObjectId>>>),
    NameGroups(Vec<Group>, Answer<()>),
    BeginFull(RunId, Answer<()>),
    Append(Vec<StoredUser>, Answer<()>),
    Missing(usize, Answer<Vec<ObjectId>>),
    FinishFull(Box<(Reference, SnapshotHead)>, Answer<Vec<ClassChange>>),
    Abandon(Answer<()>),
    SetClasses(Vec<NewClass>, Answer<()>),
    ApplyChanges(Box<Changes>, Answer<Vec<ClassChange>>),
    TakeMoved(Answer<Vec<ValueChange>>),
    Rows(u64, u64, Answer<Vec<StoredRow>>),
    LastRows(u64, Answer<Vec<StoredRow>>),
    AllRows(Answer<Vec<StoredRow>>),
    Table(Answer<Unsorted>),
    User(ObjectId, Answer<Option<StoredUser>>),
    Users(Vec<ObjectId>, Answer<Vec<StoredUser>>),
    VisitBatch(i64, u32, Answer<Vec<(i64, StoredUser)>>),
    Find(String, u32, Answer<Vec<StoredRow>>),
    TeamsOf(ObjectId, Answer<Option<TeamsUser>>),
    NumbersOf(ObjectId, Answer<Vec<TenantNumber>>),
    Number(PhoneNumber, Answer<Option<TenantNumber>>),
    HeldNumbers(Arc<Roster>, Answer<HeldNumbers>),
    AllNumbers(Answer<Option<Vec<TenantNumber>>>),
    FormerHolders(Answer<Vec<ObjectId>>),
    Licences(Answer<Vec<LicenceOf>>),
    NameOf(ObjectId, Answer<Option<String>>),
    PutLive(Box<LiveUser>, Answer<()>),
    ReadAtOf(ObjectId, Answer<Option<Timestamp>>),
    LiveOf(ObjectId, Answer<Option<LiveReading>>),
    Clear(Answer<()>),
    Stop,
    Break,
}

impl Cache {
    pub(super) fn new(jobs: Sender<Job>) -> Self {
        Self { jobs }
    }

    fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Reply<T> {
        let (answer, reply) = pair();
        // Without a thread the answer is dropped with the job, and the reply says that the store is closed.
        drop(self.jobs.send(job(answer)));
        reply
    }

    /// What the snapshot is; `None` before the first good run.
    pub fn head(&self) -> Reply<Option<SnapshotHead>> {
        self.ask(Job::Head)
    }

    /// The reference data of the snapshot.
    pub fn reference(&self) -> Reply<Option<Reference>> {
        self.ask(Job::Reference)
    }

    /// The reference data without the long lists of Teams' users and numbers.
    pub fn outline(&self) -> Reply<Option<Outline>> {
        self.ask(Job::Outline)
    }

    /// How long the lists of Teams' users and numbers are; zero where they were not read.
    pub fn list_sizes(&self) -> Reply<ListSizes> {
        self.ask(Job::ListSizes)
    }

    /// Whose classification may be another by these reference data than by those of the snapshot; `None` where it may be
    /// anybody's.
    pub fn differing(&self, now: Reference) -> Reply<Option<Vec<ObjectId>>> {
        self.ask(|to| Job::Differing(Box::new(now), to))
    }

    /// Keeps the names of groups that give licences, in place of those kept before.
    pub fn name_groups(&self, groups: Vec<Group>) -> Reply<()> {
        self.ask(|to| Job::NameGroups(groups, to))
    }

    /// Begins a full read; what an earlier one left half done is thrown away.
    pub fn begin_full(&self, run: RunId) -> Reply<()> {
        self.ask(|to| Job::BeginFull(run, to))
    }

    /// Stages users of a full read.
    pub fn append(&self, users: Vec<StoredUser>) -> Reply<()> {
        self.ask(|to| Job::Append(users, to))
    }

    /// Users of the last snapshot whom the read under way has not met, so many at most, in no order.
    pub fn missing(&self, limit: usize) -> Reply<Vec<ObjectId>> {
        self.ask(|to| Job::Missing(limit, to))
    }

    /// Makes what was staged the snapshot, in one transaction. Of several users with one id the last counts. The reply says
    /// who came, went or changed class; it is empty where there was no snapshot before.
    pub fn finish_full(&self, reference: Reference, head: SnapshotHead) -> Reply<Vec<ClassChange>> {
        self.ask(|to| Job::FinishFull(Box::new((reference, head)), to))
    }

    /// Throws away what was staged, by `append` or `set_classes`.
    pub fn abandon(&self) -> Reply<()> {
        self.ask(Job::Abandon)
    }

    /// Puts new classes aside, which the next `apply_changes` brings in with its transaction.
    pub fn set_classes(&self, classes: Vec<NewClass>) -> Reply<()> {
        self.ask(|to| Job::SetClasses(classes, to))
    }

    /// Brings changes into the snapshot, in one transaction that writes only rows that differ.
    pub fn apply_changes(&self, changes: Changes) -> Reply<Vec<ClassChange>> {
        self.ask(|to| Job::ApplyChanges(Box::new(changes), to))
    }

    /// Which numbers, countries and licences are others than before, since this was asked the last time.
    pub fn take_moved(&self) -> Reply<Vec<ValueChange>> {
        self.ask(Job::TakeMoved)
    }

    /// How many users have which marks: what is counted is counted from here.
    pub fn marks(&self) -> Reply<Vec<(u32, u64)>> {
        self.ask(Job::Marks)
    }

    /// Rows by name, then id.
    pub fn rows(&self, from: u64, limit: u64) -> Reply<Vec<StoredRow>> {
        self.ask(|to| Job::Rows(from, limit, to))
    }

    /// The last rows by name, then id.
    pub fn last_rows(&self, limit: u64) -> Reply<Vec<StoredRow>> {
        self.ask(|to| Job::LastRows(limit, to))
    }

    /// All rows, not sorted yet.
    pub fn table(&self) -> Reply<Unsorted> {
        self.ask(Job::Table)
    }

    /// All rows by name, then id.
    pub fn all_rows(&self) -> Reply<Vec<StoredRow>> {
        self.ask(Job::AllRows)
    }

    /// One user with all facts.
    pub fn user(&self, id: ObjectId) -> Reply<Option<StoredUser>> {
        self.ask(|to| Job::User(id, to))
    }

    /// These users, as far as they are known, in the order asked.
    pub fn users(&self, ids: Vec<ObjectId>) -> Reply<Vec<StoredUser>> {
        self.ask(|to| Job::Users(ids, to))
    }

    /// The next users after a place, with their places; empty at the end. Begin with 0.
    pub fn visit_batch(&self, after: i64, limit: u32) -> Reply<Vec<(i64, StoredUser)>> {
        self.ask(|to| Job::VisitBatch(after, limit, to))
    }

    /// Who is meant by a text: an id, an address or a number to the letter first, then parts of names and addresses, then digits.
    pub fn find(&self, text: &str, limit: u32) -> Reply<Vec<StoredRow>> {
        self.ask(|to| Job::Find(text.to_owned(), limit, to))
    }

    /// What Teams says of a user.
    pub fn teams_of(&self, id: ObjectId) -> Reply<Option<TeamsUser>> {
        self.ask(|to| Job::TeamsOf(id, to))
    }

    /// The numbers that are targeted at a user.
    pub fn numbers_of(&self, id: ObjectId) -> Reply<Vec<TenantNumber>> {
        self.ask(|to| Job::NumbersOf(id, to))
    }

    /// A number of the inventory; of several records the one that is held.
    pub fn number(&self, number: &PhoneNumber) -> Reply<Option<TenantNumber>> {
        self.ask(|to| Job::Number(number.clone(), to))
    }

    /// Products and numbers with their holders: what the panes of the inventory show. The holders are those of this roster where they are
    /// in it; it may be empty.
    pub fn held_numbers(&self, roster: Arc<Roster>) -> Reply<HeldNumbers> {
        self.ask(|to| Job::HeldNumbers(roster, to))
    }

    /// The numbers, sorted; `None` where they could not be read.
    pub fn all_numbers(&self) -> Reply<Option<Vec<TenantNumber>>> {
        self.ask(Job::AllNumbers)
    }

    /// Users whose row shows a number that the inventory gives to somebody else by now.
    pub fn former_holders(&self) -> Reply<Vec<ObjectId>> {
        self.ask(Job::FormerHolders)
    }

    /// Every licence of every directory user.
    pub fn licences(&self) -> Reply<Vec<LicenceOf>> {
        self.ask(Job::Licences)
    }

    /// The display name of a directory user.
    pub fn name_of(&self, id: ObjectId) -> Reply<Option<String>> {
        self.ask(|to| Job::NameOf(id, to))
    }

    /// Replaces what is known of one user: facts, Teams state, all numbers, and when they were read.
    pub fn put_live(
        &self,
        stored: StoredUser,
        teams: Option<TeamsUser>,
        numbers: Vec<TenantNumber>,
        reading: impl Into<LiveReading>,
    ) -> Reply<()> {
        let live = Box::new(LiveUser {
            stored,
            teams,
            numbers,
            reading: reading.into(),
        });
        self.ask(|to| Job::PutLive(live, to))
    }

    /// When the facts of a user were read: by `put_live`, else by the snapshot's run.
    pub fn read_at_of(&self, id: ObjectId) -> Reply<Option<Timestamp>> {
        self.ask(|to| Job::ReadAtOf(id, to))
    }

    /// How a user was read by `put_live` since the last run; `None` where only runs have read them.
    pub fn live_of(&self, id: ObjectId) -> Reply<Option<LiveReading>> {
        self.ask(|to| Job::LiveOf(id, to))
    }

    /// Forgets everything.
    pub fn clear(&self) -> Reply<()> {
        self.ask(Job::Clear)
    }

    /// Makes the thread panic, so that what follows from that can be looked at.
    pub fn breaks(&self) {
        drop(self.jobs.send(Job::Break));
    }

    pub(super) fn stop(&self) {
        drop(self.jobs.send(Job::Stop));
    }
}
