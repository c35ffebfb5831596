//! Conflicts of one user, field by field: the value that was shown when the edit was made, what the tenant has now, what was entered
//! here. Each is decided on its own, or later.

use crate::app::event::RequestId;
use crate::domain::outbox::{Entry, EntryId, EntryState};
use crate::domain::user::Value;
use crate::roster::desk::Desk;

/// The modal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictBox {
    /// The conflicts that are left to be decided.
    pub entries: Vec<Entry>,
    /// The one that keys are about.
    pub at: usize,
    /// The decision that is being saved.
    pub saving: Option<RequestId>,
}

impl ConflictBox {
    /// All conflicts of an entry's user, at this one.
    pub fn open(entry: &Entry, desk: &Desk) -> Self {
        let of_user = |other: &&Entry| {
            other.id == entry.id || (entry.user.is_some() && other.user == entry.user)
        };
        let mut entries: Vec<Entry> = desk
            .entries
            .iter()
            .filter(of_user)
            .filter(|entry| theirs(entry).is_some())
            .cloned()
            .collect();
        if entries.is_empty() {
            entries.push(entry.clone());
        }
        let at = entries
            .iter()
            .position(|other| other.id == entry.id)
            .unwrap_or_default();
        Self {
            entries,
            at,
            saving: None,
        }
    }

    /// The conflict that keys are about.
    pub fn entry(&self) -> Option<&Entry> {
        self.entries.get(self.at)
    }

    /// Goes to another conflict.
    pub fn step(&mut self, by: isize) {
        let last = self.entries.len().saturating_sub(1);
        self.at = self.at.saturating_add_signed(by).min(last);
    }

    /// Takes over what the desk says now: a conflict that was decided elsewhere goes, a value that moved again is shown.
    pub fn refresh(&mut self, desk: &Desk) {
        let here = self.entry().map(|entry| entry.id);
        self.entries.retain_mut(|entry| {
            let now = desk.entries.iter().find(|other| other.id == entry.id);
            match now.filter(|now| theirs(now).is_some()) {
                Some(now) => {
                    entry.clone_from(now);
                    true
                }
                None => false,
            }
        });
        self.stay(here);
    }

    /// One is decided.
    pub fn decided(&mut self) {
        if self.at < self.entries.len() {
            self.entries.remove(self.at);
        }
        self.saving = None;
        self.step(0);
    }

    fn stay(&mut self, here: Option<EntryId>) {
        match self.entries.iter().position(|entry| Some(entry.id) == here) {
            Some(at) => self.at = at,
            None => self.step(0),
        }
    }
}

/// What the tenant has now.
pub fn theirs(entry: &Entry) -> Option<&Value> {
    match &entry.state {
        EntryState::Conflict { theirs } => Some(theirs),
        EntryState::Queued
        | EntryState::Held { .. }
        | EntryState::InFlight { .. }
        | EntryState::Accepted { .. }
        | EntryState::Applied { .. }
        | EntryState::Unknown { .. }
        | EntryState::Rejected { .. } => None,
    }
}
