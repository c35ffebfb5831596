//! `ledger.db`: what cannot be rebuilt. Configured users, the outbox, the pin, seats, drafts and the audit.
//!
//! A change is saved when its reply has arrived: it is then committed with `synchronous=FULL`, together with its audit line.

mod drafts;
mod entries;
mod import;
mod merge;
mod queue;
pub(super) mod rows;
mod tenant;
pub(super) mod thread;
mod users;

use std::fmt;
use std::sync::mpsc::Sender;

use jiff::Timestamp;

use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::outbox::{
    Closing, Entry, EntryId, EntryState, NewEntry, Removal, Step, Written,
};
use crate::domain::phone::PhoneNumber;
use crate::domain::run::RunId;
use crate::domain::seat::Seats;
use crate::domain::user::{NewUser, Patch, User, UserId, Value};

use super::Stamp;
use super::reply::{Answer, Reply, pair};

/// The tenant that this ledger is tied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pin {
    /// Its id.
    pub tenant: TenantId,
    /// Its name when it was pinned.
    pub name: String,
    /// When it was pinned.
    pub at: Timestamp,
}

/// What came of an attempt to pin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PinOutcome {
    /// Nothing was pinned; now this tenant is.
    New,
    /// This tenant was pinned already.
    Same,
    /// Another tenant is pinned; nothing was changed.
    Other {
        /// That one.
        pinned: Pin,
    },
}

/// All that a screen needs of the ledger, read in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerPicture {
    /// The pinned tenant.
    pub pin: Option<Pin>,
    /// Seats bought, and their end.
    pub seats: Seats,
    /// Configured users, by rank.
    pub users: Vec<User>,
    /// The outbox, oldest first, without what is set aside.
    pub entries: Vec<Entry>,
    /// How many entries of an earlier tenant are set aside.
    pub parked: u32,
}

/// Many users at once: what an import brings.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Import {
    /// New users.
    pub add: Vec<NewUser>,
    /// Changes of users.
    pub edits: Vec<ImportedEdit>,
}

/// The changes of one user that an import brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportedEdit {
    /// Whom.
    pub user: UserId,
    /// What a form can change as well.
    pub patch: Patch,
    /// New SIP user name.
    pub sip_username: Option<String>,
    /// New external id.
    pub external_id: Option<String>,
}

/// What an import did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Imported {
    /// Users added.
    pub added: usize,
    /// Users changed.
    pub changed: usize,
    /// Changes queued for the tenant.
    pub queued: usize,
}

/// What a run changes in the ledger at its end, in one transaction.
///
/// What an engineer has changed meanwhile wins: entries that are gone, users that are gone and manual associations are passed over.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MergeChanges {
    /// Users matched by e-mail.
    pub associate: Vec<(UserId, ObjectId)>,
    /// Values that changed in the tenant only.
    pub take_over: Vec<(UserId, Value)>,
    /// Users whose directory user is missing from a whole read.
    pub gone: Vec<UserId>,
    /// Users whose directory user is there again.
    pub back: Vec<UserId>,
    /// Entries whose field has moved in the tenant, with its value there.
    pub conflicts: Vec<(EntryId, Value)>,
    /// Entries that have ended.
    pub closed: Vec<(EntryId, Closing)>,
}

/// One line of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Its place in the chain, from 1.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: String,
    /// The tenant that it is about.
    pub tenant: Option<TenantId>,
    /// Row id of the user that it is about.
    pub user_id: Option<UserId>,
    /// Name of the user then, or empty.
    pub user: String,
    /// What was done, in a word or two: `queued`, `sending`, `confirmed`, `edited`, `added`, `removed`, `pinned`, …
    pub action: String,
    /// Which field, or empty.
    pub field: String,
    /// Value before, compact, or empty.
    pub before: String,
    /// Value after, compact, or empty.
    pub after: String,
    /// What came of it: the state of the entry in a word, or how it ended, or empty.
    pub outcome: String,
    /// The entry.
    pub entry: Option<EntryId>,
    /// The run that did it.
    pub run: Option<RunId>,
    /// More, in words: why it was held, what the tenant answered.
    pub note: String,
    /// The ticket that the change belongs to, or empty.
    pub ticket: String,
    /// Hash of the line before, in hexadecimal.
    pub prev: String,
    /// Hash of this line, in hexadecimal.
    pub hash: String,
}

/// A setting that is kept elsewhere and audited here: its name, the value before, the value after.
pub type SettingChange = (&'static str, String, String);

/// Where a fault of the audit was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditPlace {
    /// In the table of `ledger.db`.
    Table,
    /// In `audit.jsonl`.
    Mirror,
}

/// One fault of the audit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditFault {
    /// The line does not fit its hash, or the line before it.
    Altered {
        /// Where.
        place: AuditPlace,
        /// Which line.
        seq: i64,
    },
    /// Lines are missing, from this one on.
    Missing {
        /// Where.
        place: AuditPlace,
        /// The first missing line.
        seq: i64,
    },
    /// A line of the mirror that is none.
    Unreadable {
        /// Which line of the file, from 1.
        line: usize,
    },
    /// Table and mirror say different things.
    Differs {
        /// Which line.
        seq: i64,
    },
    /// The mirror had lost lines, was completed, and nobody has seen it yet.
    Cut {
        /// The first that was gone.
        seq: i64,
    },
}

impl fmt::Display for AuditPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Table => "ledger.db",
            Self::Mirror => "audit.jsonl",
        })
    }
}

impl fmt::Display for AuditFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Altered { place, seq } => write!(f, "line {seq} of {place} was altered"),
            Self::Missing { place, seq } => {
                write!(f, "lines are missing from {place}, from {seq} on")
            }
            Self::Unreadable { line } => {
                write!(
                    f,
                    "line {line} of the file audit.jsonl is no line of an audit"
                )
            }
            Self::Differs { seq } => {
                write!(
                    f,
                    "ledger.db and audit.jsonl say different things in line {seq}"
                )
            }
            Self::Cut { seq } => write!(
                f,
                "audit.jsonl was cut off: what was in it from line {seq} on was gone, and was written again from ledger.db"
            ),
        }
    }
}

/// What a check of the whole audit found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditVerdict {
    /// Lines in the table.
    pub lines: u64,
    /// The last line's number and hash: noted elsewhere, it shows later whether the tail was cut off.
    pub head: Option<(i64, String)>,
    /// Whether the mirror ends in half a line, as after a crash.
    pub torn: bool,
    /// From which line on the mirror is behind by lines that never were in it, as after a crash.
    pub behind: Option<i64>,
    /// From which line on the mirror has been completed since it was first looked at.
    pub completed: Option<i64>,
    /// What is wrong, at most a hundred faults.
    pub faults: Vec<AuditFault>,
}

impl AuditVerdict {
    /// Whether nothing is wrong.
    pub fn is_intact(&self) -> bool {
        self.faults.is_empty()
    }

    /// The same with what was wrong before the files were opened, which completes a mirror that is too short.
    #[must_use]
    pub fn since(mut self, before: Self) -> Self {
        let lost = |faults: &[AuditFault]| {
            faults.iter().rev().find_map(|fault| match fault {
                AuditFault::Missing {
                    place: AuditPlace::Mirror,
                    seq,
                } => Some(*seq),
                _ => None,
            })
        };
        if lost(&self.faults).is_none() {
            self.completed = lost(&before.faults).or(before.behind);
        }
        self.torn |= before.torn;
        for fault in before.faults {
            let told = match &fault {
                AuditFault::Missing {
                    place: AuditPlace::Mirror,
                    seq,
                } => self.faults.contains(&AuditFault::Cut { seq: *seq }),
                _ => false,
            };
            if !told && !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
        self
    }
}

/// A handle on the ledger's thread.
#[derive(Debug, Clone)]
pub struct Ledger {
    jobs: Sender<Job>,
}

/// What the thread can be asked: closed, so that a ledger shared by several hosts could answer the same.
#[derive(Debug)]
pub(super) enum Job {
    Load(Answer<LedgerPicture>),
    ParkedEntries(Answer<Vec<Entry>>),
    OldNumbers(Answer<Vec<(UserId, PhoneNumber)>>),
    Draft(String, Answer<Option<String>>),
    Drafts(Answer<Vec<(String, String)>>),
    AuditTail(u32, Answer<Vec<AuditLine>>),
    AuditOf(String, u32, Answer<Vec<AuditLine>>),
    AuditSince(Timestamp, Answer<Vec<AuditLine>>),
    VerifyAudit(Option<(i64, String)>, Answer<AuditVerdict>),
    AuditSeen(Stamp, Answer<Option<i64>>),
    Pin(TenantId, String, Stamp, Answer<PinOutcome>),
    Unpin(Stamp, Answer<()>),
    SetSeats(Seats, Stamp, Answer<()>),
    NoteSettings(Vec<SettingChange>, Stamp, Answer<()>),
    MoveSeat(UserId, UserId, Stamp, Answer<()>),
    AddUsers(Vec<NewUser>, TenantId, Stamp, Answer<Vec<UserId>>),
    EditUser(UserId, Box<Patch>, Stamp, Answer<Vec<EntryId>>),
    Import(Box<Import>, TenantId, Stamp, Answer<Imported>),
    RemoveUsers(Vec<Removal>, Stamp, Answer<()>),
    SetStates(Vec<(EntryId, EntryState)>, Stamp, Answer<()>),
    Close(EntryId, Closing, Stamp, Answer<()>),
    DropMany(Vec<EntryId>, Stamp, Answer<()>),
    KeepMine(EntryId, Stamp, Answer<()>),
    Released(EntryId, Stamp, Answer<()>),
    Start(EntryId, Step, Stamp, Answer<()>),
    Hold(Vec<EntryId>, Option<String>, Stamp, Answer<u32>),
    GiveBack(EntryId, Stamp, Answer<()>),
    SetTicket(Vec<EntryId>, String, Stamp, Answer<()>),
    Tickets(Answer<Vec<(EntryId, String)>>),
    Queue(Vec<NewEntry>, TenantId, Stamp, Answer<Vec<EntryId>>),
    Admit(EntryId, Box<NewUser>, Stamp, Answer<UserId>),
    Written(EntryId, Answer<Option<Written>>),
    Turn(Box<Entry>, EntryState, Stamp, Answer<()>),
    TakenSince(Timestamp, Answer<u32>),
    RemovedSince(Timestamp, Answer<u32>),
    Merge(Box<MergeChanges>, Stamp, Answer<()>),
    KeepDraft(String, Option<String>, Answer<()>),
    KeepCommon(String, Option<String>, Answer<()>),
    Recover(Stamp, Answer<u32>),
    ChangedElsewhere(Answer<bool>),
    Stop,
    Break,
}

impl Ledger {
    pub(super) fn new(jobs: Sender<Job>) -> Self {
        Self { jobs }
    }

    fn ask<T>(&self, job: impl FnOnce(Answer<T>) -> Job) -> Reply<T> {
        let (answer, reply) = pair();
        // Without a thread the answer is dropped with the job, and the reply says that the store is closed.
        drop(self.jobs.send(job(answer)));
        reply
    }

    /// Everything but the audit and the drafts.
    pub fn load(&self) -> Reply<LedgerPicture> {
        self.ask(Job::Load)
    }

    /// Entries of an earlier tenant: shown, never sent.
    pub fn parked_entries(&self) -> Reply<Vec<Entry>> {
        self.ask(Job::ParkedEntries)
    }

    /// The numbers that users had in the tenant that was pinned before.
    pub fn old_numbers(&self) -> Reply<Vec<(UserId, PhoneNumber)>> {
        self.ask(Job::OldNumbers)
    }

    /// Ties the ledger to a tenant, unless it is tied to another. If the last pin was of another tenant, users stay as rows of
    /// this one without association, number and country (the number is kept, see [`Self::old_numbers`]), and entries are set aside.
    pub fn pin(&self, tenant: TenantId, name: String, stamp: Stamp) -> Reply<PinOutcome> {
        self.ask(|to| Job::Pin(tenant, name, stamp, to))
    }

    /// Unties the ledger; all data stays.
    pub fn unpin(&self, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::Unpin(stamp, to))
    }

    /// Sets what was bought.
    pub fn set_seats(&self, seats: Seats, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::SetSeats(seats, stamp, to))
    }

    /// Writes a line of the audit for each setting that was changed in the configuration.
    pub fn note_settings(&self, changes: Vec<SettingChange>, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::NoteSettings(changes, stamp, to))
    }

    /// Swaps the ranks of two users.
    pub fn move_seat(&self, from: UserId, to: UserId, stamp: Stamp) -> Reply<()> {
        self.ask(|answer| Job::MoveSeat(from, to, stamp, answer))
    }

    /// Adds users, all or none, and queues what is wanted other than what the tenant has. Refuses an e-mail or a directory
    /// user that is configured already, and a tenant other than the pinned one.
    pub fn add_users(
        &self,
        users: Vec<NewUser>,
        tenant: TenantId,
        stamp: Stamp,
    ) -> Reply<Vec<UserId>> {
        self.ask(|to| Job::AddUsers(users, tenant, stamp, to))
    }

    /// Changes a user: own fields at once, two-way fields as entries, whose ids are the reply.
    ///
    /// An entry of the same field is replaced by one with a new id, so that a plan that was drawn before never writes the new
    /// value; a queued or held one hands its base on. Refused while an entry of the field is under way or not yet visible.
    pub fn edit_user(&self, user: UserId, patch: Patch, stamp: Stamp) -> Reply<Vec<EntryId>> {
        self.ask(|to| Job::EditUser(user, Box::new(patch), stamp, to))
    }

    /// Adds and changes many users, all or none, each by the rules of [`Self::add_users`] and [`Self::edit_user`].
    pub fn import(&self, import: Import, tenant: TenantId, stamp: Stamp) -> Reply<Imported> {
        self.ask(|to| Job::Import(Box::new(import), tenant, stamp, to))
    }

    /// Removes users and drops their entries, all or none. With `release`, an entry without a user stays that takes the number away
    /// in the tenant. Refused where something is queued for one of them that whoever agreed to the removal has not seen.
    pub fn remove_users(&self, users: Vec<Removal>, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::RemoveUsers(users, stamp, to))
    }

    /// Queues changes for directory users of the pinned tenant, all or none. One that waits for the same field of the same user gives
    /// way; one that is under way, or has released a number, refuses.
    pub fn queue(&self, new: Vec<NewEntry>, tenant: TenantId, stamp: Stamp) -> Reply<Vec<EntryId>> {
        self.ask(|to| Job::Queue(new, tenant, stamp, to))
    }

    /// Adds the user that an entry waited for, and ends that entry, in one transaction.
    pub fn admit(&self, entry: EntryId, user: NewUser, stamp: Stamp) -> Reply<UserId> {
        self.ask(|to| Job::Admit(entry, Box::new(user), stamp, to))
    }

    /// Moves an entry to a new state, if it still stands as it was seen: what a person has done meanwhile wins.
    pub fn turn(&self, seen: Entry, to: EntryState, stamp: Stamp) -> Reply<()> {
        self.ask(|answer| Job::Turn(Box::new(seen), to, stamp, answer))
    }

    /// How many changes that took something away were written since then, for the mass-change limit.
    pub fn taken_since(&self, at: Timestamp) -> Reply<u32> {
        self.ask(|to| Job::TakenSince(at, to))
    }

    /// How many users were taken off the list since then, for the same limit.
    pub fn removed_since(&self, at: Timestamp) -> Reply<u32> {
        self.ask(|to| Job::RemovedSince(at, to))
    }

    /// What an entry has written, if it was confirmed.
    pub fn written(&self, entry: EntryId) -> Reply<Option<Written>> {
        self.ask(|to| Job::Written(entry, to))
    }

    /// Moves entries to new states, all or none: before a request is sent, after its answer, when held.
    pub fn set_states(&self, states: Vec<(EntryId, EntryState)>, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::SetStates(states, stamp, to))
    }

    /// Drops entries in one transaction: all, or none.
    pub fn drop_many(&self, entries: Vec<EntryId>, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::DropMany(entries, stamp, to))
    }

    /// Ends an entry: it leaves the outbox and stands in the audit. Confirmed or already there, the user has what was wanted;
    /// theirs taken, the user has the tenant's value; dropped (refused while under way), nothing changes.
    pub fn close(&self, entry: EntryId, closing: Closing, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::Close(entry, closing, stamp, to))
    }

    /// Queues a conflict again, with the tenant's value as its base.
    pub fn keep_mine(&self, entry: EntryId, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::KeepMine(entry, stamp, to))
    }

    /// Our own release of the old number has taken effect: the entry now starts from a blank number.
    pub fn released(&self, entry: EntryId, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::Released(entry, stamp, to))
    }

    /// Marks an entry in flight, if it is still queued; otherwise [`StoreError::NotQueued`](super::error::StoreError::NotQueued).
    pub fn start(&self, entry: EntryId, step: Step, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::Start(entry, step, stamp, to))
    }

    /// Holds entries back with a reason, or queues them again (`None`). Those that are under way are left alone.
    pub fn hold(&self, entries: Vec<EntryId>, why: Option<String>, stamp: Stamp) -> Reply<u32> {
        self.ask(|to| Job::Hold(entries, why, stamp, to))
    }

    /// Notes the ticket that entries belong to, or that they belong to none (an empty one). Each line of the audit about them carries it
    /// from then on, also after they have left the outbox.
    pub fn set_ticket(&self, entries: Vec<EntryId>, ticket: String, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::SetTicket(entries, ticket, stamp, to))
    }

    /// The tickets of what is in the outbox.
    pub fn tickets(&self) -> Reply<Vec<(EntryId, String)>> {
        self.ask(Job::Tickets)
    }

    /// Drops a change whose old number we have released, and queues that number again.
    pub fn give_back(&self, entry: EntryId, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::GiveBack(entry, stamp, to))
    }

    /// What a run found, in one transaction.
    pub fn merge(&self, changes: MergeChanges, stamp: Stamp) -> Reply<()> {
        self.ask(|to| Job::Merge(Box::new(changes), stamp, to))
    }

    /// Keeps a text that all sessions have in common, or forgets it: the last one has it.
    pub fn keep_common(&self, key: &str, text: Option<String>) -> Reply<()> {
        self.ask(|to| Job::KeepCommon(key.to_owned(), text, to))
    }

    /// Keeps the text of a form that is not saved, or forgets it; another session's text for the same form stays beside it.
    pub fn keep_draft(&self, key: &str, text: Option<String>) -> Reply<()> {
        self.ask(|to| Job::KeepDraft(key.to_owned(), text, to))
    }

    /// All drafts, by their keys.
    pub fn drafts(&self) -> Reply<Vec<(String, String)>> {
        self.ask(Job::Drafts)
    }

    /// The text that was kept.
    pub fn draft(&self, key: &str) -> Reply<Option<String>> {
        self.ask(|to| Job::Draft(key.to_owned(), to))
    }

    /// The last lines of the audit, oldest first.
    pub fn audit_tail(&self, limit: u32) -> Reply<Vec<AuditLine>> {
        self.ask(|to| Job::AuditTail(limit, to))
    }

    /// The last lines about a user, by name in any case of letters or by row id, oldest first.
    pub fn audit_of(&self, user: &str, limit: u32) -> Reply<Vec<AuditLine>> {
        self.ask(|to| Job::AuditOf(user.to_owned(), limit, to))
    }

    /// The lines since a moment, oldest first.
    pub fn audit_since(&self, at: Timestamp) -> Reply<Vec<AuditLine>> {
        self.ask(|to| Job::AuditSince(at, to))
    }

    /// Somebody has seen that the mirror had lost lines: from which one on, if it had. It is told no more; the audit keeps it.
    pub fn audit_seen(&self, stamp: Stamp) -> Reply<Option<i64>> {
        self.ask(|to| Job::AuditSeen(stamp, to))
    }

    /// Checks the chain of the table, the mirror, and that both say the same.
    pub fn verify_audit(&self) -> Reply<AuditVerdict> {
        self.ask(|to| Job::VerifyAudit(None, to))
    }

    /// The same, and that the line noted earlier is still there.
    pub fn verify_audit_against(&self, seq: i64, hash: &str) -> Reply<AuditVerdict> {
        self.ask(|to| Job::VerifyAudit(Some((seq, hash.to_owned())), to))
    }

    /// What was in flight when the program ended is unknown now; the reply says how many entries that are.
    pub fn recover(&self, stamp: Stamp) -> Reply<u32> {
        self.ask(|to| Job::Recover(stamp, to))
    }

    /// Whether another program has changed the ledger since the last time that this was asked.
    pub fn changed_elsewhere(&self) -> Reply<bool> {
        self.ask(Job::ChangedElsewhere)
    }

    /// Makes the thread panic, so that what follows from that can be looked at.
    pub fn breaks(&self) {
        drop(self.jobs.send(Job::Break));
    }

    pub(super) fn stop(&self) {
        drop(self.jobs.send(Job::Stop));
    }
}
