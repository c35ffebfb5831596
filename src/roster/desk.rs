//! What this side holds, as the console shows it: configured users with status and queued changes, outbox, audit, history.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::domain::gate::{FirstCause, Marks};
use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::outbox::{Entry, EntryId};
use crate::domain::run::RunHead;
use crate::domain::seat::Seats;
use crate::domain::user::{LicenseStatus, User};
use crate::domain::writeplan::WritePlan;

/// One row of the Users pane.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeskUser {
    /// The user.
    pub user: User,
    /// Licensed or not, and why.
    pub status: LicenseStatus,
    /// Its entries in the outbox.
    pub entries: Vec<Entry>,
    /// Sign-in name of the associated directory user, where the cache has it.
    pub upn: Option<String>,
    /// First cause of the associated directory user: other than eligible or resource is a warning.
    pub cause: Option<FirstCause>,
    /// Warnings of the associated directory user.
    pub marks: Marks,
}

/// One line of the audit, for the eye.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its number.
    pub seq: i64,
    /// When.
    pub at: Timestamp,
    /// Who.
    pub author: String,
    /// Whose record.
    pub name: String,
    /// What was done, in a word.
    pub action: String,
    /// Which field, before and after.
    pub change: String,
    /// How it ended.
    pub outcome: String,
    /// The entry that it is about.
    pub entry: Option<EntryId>,
    /// The ticket that it belongs to, or empty.
    pub ticket: String,
}

impl AuditRow {
    /// The action of a row that tells of a user who was taken off the list.
    pub const REMOVED: &str = "removed";
}

/// Everything of this side, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Desk {
    /// The pinned tenant: id and name.
    pub pin: Option<(TenantId, String)>,
    /// Seats bought and their end.
    pub seats: Seats,
    /// Users, by rank.
    pub users: Vec<DeskUser>,
    /// The outbox, oldest first.
    pub entries: Vec<Entry>,
    /// Changes of the tenant that was pinned before: set aside, never sent.
    pub parked: u32,
    /// The tickets of what is in the outbox.
    pub tickets: BTreeMap<EntryId, String>,
    /// The newest audit lines, newest first.
    pub audit: Vec<AuditRow>,
    /// How many users were taken off the list in the half hour before this was read.
    pub removed_lately: usize,
    /// The newest runs, newest first.
    pub history: Vec<RunHead>,
    /// When the tenant was last read whole.
    pub read_at: Option<Timestamp>,
    /// What opening the files had to say, such as a damaged file that was set aside.
    pub notes: Vec<String>,
}

impl Desk {
    /// How many users may leave the list without the tenant's name being typed: what half an hour allows, less what has gone in it.
    pub fn removals_left(&self) -> usize {
        let before = self.users.len() + self.removed_lately;
        WritePlan::limit_for(before).saturating_sub(self.removed_lately)
    }

    /// Whether a directory user is configured.
    pub fn is_configured(&self, id: ObjectId) -> bool {
        self.users
            .iter()
            .any(|row| row.user.association.id() == Some(id))
    }
}
