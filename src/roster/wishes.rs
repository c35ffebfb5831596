//! What this side has and wants of the tenant's numbers: configured holders and queued changes, laid over the inventory. Pure.

use std::collections::HashMap;

use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Entry, EntryState};
use crate::domain::phone::PhoneNumber;
use crate::domain::user::Value;

use super::desk::{Desk, DeskUser};
use super::inventory::NumberRow;

/// What this side has and wants of numbers, looked up by number.
#[derive(Debug, Default)]
pub struct Wishes<'a> {
    wanted: HashMap<&'a PhoneNumber, Vec<&'a Entry>>,
    given_up: HashMap<&'a PhoneNumber, &'a Entry>,
    configured: HashMap<ObjectId, &'a DeskUser>,
}

impl<'a> Wishes<'a> {
    /// Of a desk.
    pub fn of(desk: &'a Desk) -> Self {
        let mut wishes = Self::default();
        for entry in &desk.entries {
            if let Value::Number(Some(number)) = &entry.wanted {
                wishes.wanted.entry(number).or_default().push(entry);
            }
            if let Value::Number(Some(number)) = &entry.base
                && entry.base != entry.wanted
            {
                wishes.given_up.insert(number, entry);
            }
        }
        for row in &desk.users {
            if let Some(id) = row.user.association.id() {
                wishes.configured.insert(id, row);
            }
        }
        wishes
    }

    /// The configured user that holds a number.
    pub fn user(&self, row: &NumberRow) -> Option<&'a DeskUser> {
        self.configured.get(&row.holder()?.id()).copied()
    }

    /// Entries that want the number for somebody.
    pub fn wanted(&self, row: &NumberRow) -> &[&'a Entry] {
        self.wanted
            .get(&row.record.number)
            .map_or(&[], Vec::as_slice)
    }

    /// The entry that takes the number from its holder.
    pub fn given_up(&self, row: &NumberRow) -> Option<&'a Entry> {
        self.given_up.get(&row.record.number).copied()
    }

    /// Who are several that want or have it, where they are: a number is one user's.
    pub fn rivals(&self, row: &NumberRow) -> Vec<&'a str> {
        let wanted = self.wanted(row);
        let mut names: Vec<&str> = wanted.iter().map(|entry| entry.name.as_str()).collect();
        if self.given_up(row).is_none()
            && let Some(user) = self.user(row)
            && wanted.iter().any(|entry| entry.user != Some(user.user.id))
        {
            names.push(&user.user.name);
        }
        if names.len() < 2 {
            names.clear();
        }
        names
    }

    /// What is under way with the number: `for Ben Walters, queued`.
    pub fn pending(&self, row: &NumberRow) -> Option<String> {
        let parts: Vec<String> = self
            .wanted(row)
            .iter()
            .map(|entry| format!("for {}, {}", entry.name, entry.state.word()))
            .chain(
                self.given_up(row)
                    .map(|entry| format!("release {}", entry.state.word())),
            )
            .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// Whether a request about the number may be on its way in the tenant.
    pub fn is_under_way(&self, row: &NumberRow) -> bool {
        let sent = |entry: &&Entry| {
            entry.state.needs_settling() || matches!(entry.state, EntryState::Applied { .. })
        };
        self.wanted(row).iter().any(sent) || self.given_up(row).iter().any(sent)
    }

    /// The words that the filter finds.
    pub fn words(&self, row: &NumberRow) -> Vec<&'a str> {
        let mut words = Vec::new();
        for entry in self.wanted(row).iter().copied().chain(self.given_up(row)) {
            words.extend(["pending", entry.state.word(), entry.name.as_str()]);
        }
        if !self.rivals(row).is_empty() {
            words.push("duplicate");
        }
        if row.holder().is_some() {
            words.push(match self.user(row) {
                Some(_) => "configured",
                None => "not added",
            });
        }
        words
    }
}
