//! Taking back: a change that is queued, or one that was written, alone or with all that are marked.

use crate::domain::outbox::{Entry, EntryId};
use crate::domain::text::Label;

use super::doc::Tone;
use super::effect::{Effect, LedgerChange};
use super::mend::written;
use super::pane::Pane;
use super::pane::confirm::Question;
use super::{App, Wait};

impl App {
    /// The queued change that `u` drops here: the newest of the user, or the one under the cursor.
    pub fn undoable(&self) -> Option<EntryId> {
        let ours = |entry: &&Entry| entry.state.is_ours();
        match self.pane {
            Pane::Users => self
                .users
                .row(&self.desk)?
                .entries
                .iter()
                .filter(ours)
                .max_by_key(|entry| (entry.created_at, entry.id))
                .map(|entry| entry.id),
            Pane::Changes => self
                .changes
                .entry(&self.desk)
                .filter(ours)
                .map(|entry| entry.id),
            Pane::Candidates | Pane::Sync | Pane::Licences | Pane::Numbers => None,
        }
    }

    /// Whether `u` is about all marked changes.
    pub fn undoes_many(&self) -> bool {
        self.over().is_none() && self.pane == Pane::Changes && !self.changes.marked.is_empty()
    }

    /// Asks before all marked changes are dropped.
    fn ask_undo_many(&mut self) {
        let marked = &self.changes.marked;
        let entries: Vec<&Entry> = self
            .desk
            .entries
            .iter()
            .filter(|entry| marked.contains(&entry.id))
            .collect();
        let shown = entries
            .iter()
            .map(|entry| {
                let name = Label::new(&entry.name);
                format!("  {name}: {}", super::pane::changes::change(entry))
            })
            .collect();
        let entries: Vec<EntryId> = entries.iter().map(|entry| entry.id).collect();
        let written: Vec<(EntryId, String)> = self
            .desk
            .audit
            .iter()
            .filter(|row| row.entry.is_some_and(|id| marked.contains(&id)))
            .filter_map(|row| {
                let words = format!("  {}: {}", Label::new(&row.name), row.change);
                Some((written(&self.desk, row)?, words))
            })
            .collect();
        match (entries.is_empty(), written.is_empty()) {
            (_, true) => self.question(Question::UndoMany { entries, shown }),
            (true, false) => {
                let (entries, shown) = written.into_iter().unzip();
                self.question(Question::TakeBackMany { entries, shown });
            }
            (false, false) => self.say(
                Tone::Warn,
                "what waits and what was written are both marked: Esc takes marks away",
            ),
        }
    }

    /// Drops all marked changes, or none.
    pub(super) fn undo_many(&mut self, entries: Vec<EntryId>) -> Vec<Effect> {
        let req = self.wait_for(Wait::Undone);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::UndoMany(entries),
        }]
    }

    /// Drops a queued change.
    pub(super) fn undo(&mut self) -> Vec<Effect> {
        if self.undoes_many() {
            self.ask_undo_many();
            return Vec::new();
        }
        let Some(entry) = self.undoable() else {
            self.ask_take_back();
            return Vec::new();
        };
        let req = self.wait_for(Wait::Undone);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::Undo(entry),
        }]
    }
}
