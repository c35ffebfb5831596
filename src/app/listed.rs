//! Pane 2 of a large tenant: what is asked of a worker, what it answers, and what is said as long as not everybody is there.

use std::sync::Arc;

use crate::roster::Extent;

use super::App;
use super::action::{Action, Place};
use super::cells::thousands;
use super::effect::Effect;
use super::event::{Code, Key, RequestId};
use super::pane::Pane;
use super::pane::rows::Listed;

impl App {
    /// Asks for the rows that a key did not wait for.
    pub(super) fn wish_for_rows(&mut self) {
        if !self.candidates.rows.wants() {
            return;
        }
        let req = self.ask();
        if let Some(ask) = self.candidates.rows.ask(req) {
            // A question that was not carried out yet is not carried out any more.
            self.wishes
                .retain(|wish| !matches!(wish, Effect::List { .. }));
            self.wishes.push(Effect::List {
                req,
                roster: Arc::clone(&self.roster),
                ask: Box::new(ask),
            });
        }
    }

    /// The rows are there; those of another question than the one that is open are dropped.
    pub(super) fn rows_are(&mut self, req: RequestId, listed: &Listed) {
        if self.candidates.answer(req, listed, &self.roster) {
            self.dirty = true;
            self.look_elsewhere();
        }
    }

    /// Finds out which rows a key acts on, where a filter under way shows only the first of them, or none yet.
    pub(super) fn finish_rows(&mut self) {
        if self.pane != Pane::Candidates {
            return;
        }
        if self.candidates.stale {
            self.settle();
        }
        let height = self.heights(&self.layout()).candidates;
        if self.candidates.finish(&self.roster, height) {
            self.dirty = true;
            self.look_elsewhere();
        }
    }

    /// Whether a key only changes the text of the filter, which acts on no row.
    pub(super) fn edits_filter(&self, key: Key) -> bool {
        let acts = matches!(
            key.code,
            Code::Enter
                | Code::Esc
                | Code::Tab
                | Code::BackTab
                | Code::Up
                | Code::Down
                | Code::ShiftUp
                | Code::ShiftDown
                | Code::PageUp
                | Code::PageDown
        );
        self.place() == Place::Filter && !acts
    }

    /// What is said of the tenant's users as long as not all of them are there: nothing can be concluded from who is missing.
    pub fn being_loaded(&self) -> Option<String> {
        let count = || match self.roster.of() {
            0 => "the tenant's users".to_owned(),
            of => format!("the tenant's {} users", thousands(of as u64)),
        };
        match self.roster.extent() {
            Extent::Whole => None,
            _ if self.roster.is_empty() => Some(format!("{} are being loaded", count())),
            Extent::Awaited => Some("the tenant's users are being loaded".to_owned()),
            Extent::First => Some(format!("{} are being loaded, the first are here", count())),
            Extent::Last => Some(format!("{} are being loaded, the last are here", count())),
        }
    }

    /// Why nothing can be done with the rows of pane 2 yet: a key that was typed ahead would act on whoever happens to be there.
    pub(super) fn not_loaded(&self, action: Action) -> Option<String> {
        let here = self.over().is_none() && self.pane == Pane::Candidates;
        let acts = matches!(
            action,
            Action::Add
                | Action::Mark
                | Action::MarkAll
                | Action::MarkRange
                | Action::MarkDown
                | Action::MarkUp
                | Action::Open
                | Action::Edit
                | Action::MoveNumber
                | Action::Why
                | Action::Reread
                | Action::Jump
                | Action::Copy
                | Action::CopyTable
                | Action::CopyJson
                | Action::CopyCell
                | Action::Export
        );
        let what = if !self.roster.is_whole() {
            "the tenant's users are still being loaded"
        } else if self.candidates.rows.is_being_sorted() {
            "the rows are still being sorted"
        } else {
            return None;
        };
        // Whom a number moves to is looked for among everybody, from whatever pane.
        let looks = action == Action::MoveNumber && !self.roster.is_whole();
        (looks || (here && acts)).then(|| format!("not done: {what}; look, and press it again"))
    }
}
