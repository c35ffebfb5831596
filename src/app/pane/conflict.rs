//! A conflict: the value that was shown when the edit was made, what the tenant has now, what was entered here.

use crate::app::event::RequestId;
use crate::domain::outbox::{Entry, EntryState};
use crate::domain::user::Value;

/// The modal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConflictBox {
    /// The entry, as it was when the modal was opened.
    pub entry: Entry,
    /// The decision that is being saved.
    pub saving: Option<RequestId>,
}

impl ConflictBox {
    /// What the tenant has now.
    pub fn theirs(&self) -> Option<&Value> {
        match &self.entry.state {
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
}
