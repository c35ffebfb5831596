//! What is done with many users at once: import with its review, edits of all marked, export. Nothing is queued before a screen of
//! it was drawn, by a key other than the one that opened it.

use std::sync::Arc;

use crate::bulk::review::{Ask, Mode, Review};
use crate::domain::country::Country;
use crate::domain::failure::Failure;

use super::action::Action;
use super::cursor::Move;
use super::doc::Tone;
use super::effect::{Effect, Extent};
use super::event::{Key, RequestId};
use super::layout::{self, Area, Layout};
use super::modal::Modal;
use super::pane::bulk::Bulk;
use super::pane::bulk::review::ReviewBox;
use super::pane::bulk::source::{Source, SourceForm, is_table};
use super::pane::confirm::Question;
use super::pane::editor::EditState;
use super::review::LeftOut;
use super::{App, Wait};

/// The rows of a review with their head, and the detail below with the line above it. Rows get what there is: it takes the
/// line of the filter too, which says nothing about it.
pub fn review_areas(layout: &Layout) -> (Area, Area) {
    let whole = Area {
        y: layout.filter.y,
        height: layout.filter.height + layout.body.height,
        ..layout.body
    };
    let detail = match whole.height {
        0..14 => 0,
        14..26 => 4,
        _ => 8,
    };
    whole.split_end(detail)
}

/// Said where the rows decided what they are.
const FITTED: &str =
    "{other-mode} takes both kinds: most are users already, so all are judged as changes";

const FITTED_BOTH: &str =
    "left out of an import of both kinds: judged as that again; {other-mode} takes another";

impl App {
    pub(super) fn review_height(&self) -> usize {
        let (list, _) = review_areas(&self.layout());
        let heads = self.modals.iter().rev().filter_map(|modal| match modal {
            Modal::Bulk(open) => open.head(list.width),
            _ => None,
        });
        let head = heads.into_iter().next().unwrap_or_default();
        layout::list_height(list, head)
    }

    /// What stands on top, when it is about many users.
    pub(super) fn bulk(&mut self) -> Option<&mut Bulk> {
        match self.modals.last_mut() {
            Some(Modal::Bulk(open)) => Some(open),
            _ => None,
        }
    }

    pub(super) fn open_bulk(&mut self, bulk: Bulk) {
        self.modals.push(Modal::Bulk(Box::new(bulk)));
    }

    /// Why nothing can be imported yet: without the tenant's people and numbers every verdict would be a guess.
    pub(super) fn no_import(&self) -> Option<String> {
        self.desk
            .read_at
            .is_none()
            .then(|| "the tenant was never read: {sync} reads it, then import".to_owned())
    }

    /// Opens the form of an import.
    pub(super) fn open_import(&mut self) {
        self.open_bulk(Bulk::Source(SourceForm::open()));
    }

    /// A paste in a pane: several lines are cells of a spreadsheet, which are asked about; anything else is nothing.
    pub(super) fn pasted_in_pane(&mut self, text: &str) {
        if !is_table(text) || self.settings.bundle {
            self.say(Tone::Dim, "a paste is never a command: / filters, e edits");
            return;
        }
        if let Some(reason) = self.no_import() {
            self.say(Tone::Warn, reason);
            return;
        }
        let mut form = SourceForm::open();
        form.paste(text);
        self.notice = None;
        self.open_bulk(Bulk::Source(form));
    }

    pub(super) fn bulk_paste(&mut self, text: &str) {
        match self.bulk() {
            Some(Bulk::Source(form)) => form.paste(text),
            Some(Bulk::Row(form)) => form.paste(text),
            Some(Bulk::Many(form)) => form.paste(text),
            Some(Bulk::Export(form)) => form.paste(text),
            Some(Bulk::Review(_) | Bulk::Preview(_)) | None => {}
        }
    }

    /// A key in one of the forms.
    pub(super) fn bulk_key(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        match action {
            Some(Action::Save) => return self.save_bulk(),
            Some(Action::Leave) => return self.leave_bulk(),
            Some(Action::NextField) => self.turn_bulk(1),
            Some(Action::PreviousField) => self.turn_bulk(-1),
            Some(Action::FreeNumbers) => return self.open_free_for_row(),
            Some(Action::TakeProposal) => match self.bulk() {
                Some(Bulk::Row(form)) => form.take_proposal(),
                Some(Bulk::Many(form)) => form.take_proposal(),
                _ => {}
            },
            Some(_) | None => match self.bulk() {
                Some(Bulk::Source(form)) => form.key(key),
                Some(Bulk::Row(form)) => form.key(key),
                Some(Bulk::Many(form)) => form.key(key),
                Some(Bulk::Export(form)) => form.key(key),
                Some(Bulk::Review(_) | Bulk::Preview(_)) | None => {}
            },
        }
        Vec::new()
    }

    fn turn_bulk(&mut self, by: isize) {
        match self.bulk() {
            Some(Bulk::Source(form)) => form.turn(by),
            Some(Bulk::Row(form)) => form.turn(by),
            Some(Bulk::Many(form)) => form.turn(by),
            Some(Bulk::Export(form)) => form.turn(),
            Some(Bulk::Review(_) | Bulk::Preview(_)) | None => {}
        }
    }

    fn save_bulk(&mut self) -> Vec<Effect> {
        match self.bulk() {
            Some(Bulk::Source(_)) => self.read_source(),
            Some(Bulk::Row(_)) => self.save_row(),
            Some(Bulk::Many(_)) => self.preview_many(),
            Some(Bulk::Export(_)) => self.write_export(),
            Some(Bulk::Review(_) | Bulk::Preview(_)) | None => Vec::new(),
        }
    }

    /// Asks for the verdicts of what the form names.
    fn read_source(&mut self) -> Vec<Effect> {
        let Some(Bulk::Source(form)) = self.bulk() else {
            return Vec::new();
        };
        if form.is_reading() {
            return Vec::new();
        }
        let Some((source, ask)) = form.finish() else {
            return Vec::new();
        };
        self.judge(source, ask)
    }

    pub(super) fn judge(&mut self, source: Source, ask: Ask) -> Vec<Effect> {
        let req = self.wait_for(Wait::Judged);
        match self.bulk() {
            Some(Bulk::Source(form)) => form.state = EditState::Saving(vec![req]),
            Some(Bulk::Review(open)) => open.state = EditState::Saving(vec![req]),
            _ => {}
        }
        let country = self.only_country();
        vec![Effect::Judge {
            req,
            source,
            ask,
            country,
        }]
    }

    /// The country of everybody in the tenant who has one, when it is the same: one that most have could be the wrong one.
    fn only_country(&self) -> Option<Country> {
        if !self.roster.is_whole() {
            return None;
        }
        let mut all = self.roster.rows().filter_map(|row| row.location);
        let first = all.next()?;
        all.all(|country| country == first).then_some(first)
    }

    /// The verdicts are there: the review takes the place of the form that asked for them.
    pub(super) fn judged(&mut self, req: RequestId, review: Arc<Review>) -> Vec<Effect> {
        if self.answered(req).is_none() {
            return Vec::new();
        }
        let asked = |modal: &Modal| matches!(modal, Modal::Bulk(open) if waits_for(open, req));
        let Some(place) = self.modals.iter().position(asked) else {
            return Vec::new();
        };
        let Modal::Bulk(open) = &mut self.modals[place] else {
            return Vec::new();
        };
        match open.as_mut() {
            Bulk::Source(form) => {
                let rather = review.rather().filter(|_| !form.by_hand);
                if let Some(mode) = rather {
                    (form.mode, form.by_hand, form.fitted) = (mode, true, true);
                    let ask = Ask {
                        mode,
                        ..review.ask()
                    };
                    return self.judge(Source::Again(review), ask);
                }
                let fitted = form.fitted.then_some(form.mode);
                let review = ReviewBox::new(form.name(), review);
                **open = Bulk::Review(review);
                self.notice = None;
                match fitted {
                    Some(Mode::Both) => self.say(Tone::Dim, FITTED_BOTH),
                    Some(Mode::Create | Mode::Update) => self.say(Tone::Dim, FITTED),
                    None => {}
                }
            }
            Bulk::Review(open) => {
                open.replace(review);
                self.notice = None;
            }
            Bulk::Row(_) | Bulk::Many(_) | Bulk::Preview(_) | Bulk::Export(_) => {}
        }
        self.dirty = true;
        Vec::new()
    }

    /// What the ledger or the tenant now has makes another verdict of some row: nothing was queued.
    pub(super) fn moved(&mut self, req: RequestId, review: Arc<Review>) {
        drop(self.judged(req, review));
        self.say(
            Tone::Warn,
            "nothing was queued, some verdicts have changed: look again, then {queue-all}",
        );
    }

    /// What was asked could not be done: it is said where it was asked.
    pub(super) fn bulk_refused(&mut self, req: RequestId, failure: &Failure) -> bool {
        for modal in &mut self.modals {
            let Modal::Bulk(open) = modal else { continue };
            if waits_for(open, req)
                && let Some(state) = state_of(open)
            {
                *state = EditState::Failed(failure.clone());
                return matches!(open.as_ref(), Bulk::Source(_) | Bulk::Export(_));
            }
        }
        false
    }

    /// All that was asked is committed: the screen that asked closes, and with it the marks go. Rows that were left out can
    /// still be saved; the notice says so.
    pub(super) fn bulk_saved(&mut self, req: RequestId, notice: String) -> String {
        let asked = self.modals.iter().find_map(|modal| match modal {
            Modal::Bulk(open) if waits_for(open, req) => match open.as_ref() {
                Bulk::Review(open) => Some(open),
                _ => None,
            },
            _ => None,
        });
        let imported = asked.is_some();
        let left = asked
            .filter(|open| open.extent == Extent::Good)
            .map(|open| LeftOut {
                name: open.name.clone(),
                review: Arc::clone(&open.review),
            });
        if imported {
            self.left_out = left.filter(|left| left.count() > 0);
        }
        self.modals
            .retain(|modal| !matches!(modal, Modal::Bulk(open) if waits_for(open, req)));
        // The form below a preview has nothing left to do.
        self.modals
            .retain(|modal| !matches!(modal, Modal::Bulk(open) if matches!(**open, Bulk::Many(_))));
        self.users.marked.clear();
        match &self.left_out {
            Some(_) if imported => {
                let key = self.settings.keys.first(Action::SaveLeftOut);
                format!("{notice} ({key} saves)")
            }
            Some(_) | None => notice,
        }
    }

    /// The file is written: its form closes.
    pub(super) fn export_done(&mut self, req: RequestId) {
        self.modals
            .retain(|modal| !matches!(modal, Modal::Bulk(open) if waits_for(open, req)));
    }

    /// An action on a review or a preview; `None` when it is none of theirs.
    pub(super) fn bulk_act(&mut self, action: Action) -> Option<Vec<Effect>> {
        match self.bulk()? {
            Bulk::Review(_) => self.review_act(action),
            Bulk::Preview(_) => self.preview_act(action),
            Bulk::Source(_) | Bulk::Row(_) | Bulk::Many(_) | Bulk::Export(_) => None,
        }
    }

    /// Esc: what was put right or typed is asked about first.
    pub(super) fn leave_bulk(&mut self) -> Vec<Effect> {
        let Some(open) = self.bulk() else {
            return Vec::new();
        };
        let waiting = state_of(open).is_some_and(|state| matches!(state, EditState::Saving(_)));
        let lost = open.unsaved();
        if let Some(title) = lost {
            self.question(Question::LeaveForm { title });
            return Vec::new();
        }
        let queuing =
            waiting && matches!(open, Bulk::Review(_) | Bulk::Preview(_) | Bulk::Export(_));
        if queuing {
            self.say(Tone::Busy, "it is being saved");
            return Vec::new();
        }
        self.modals.pop();
        Vec::new()
    }

    /// Moves the cursor of a review or a preview.
    pub(super) fn move_bulk(&mut self, step: Move) {
        let height = self.review_height();
        match self.bulk() {
            Some(Bulk::Review(open)) => open.step(step, height),
            Some(Bulk::Preview(open)) => open.step(step, height),
            Some(Bulk::Source(_) | Bulk::Row(_) | Bulk::Many(_) | Bulk::Export(_)) | None => {}
        }
    }

    /// Finds the cursors again, and what was not computed yet.
    pub(super) fn settle_bulk(&mut self) {
        let height = self.review_height();
        let known = (
            self.desk.as_ref(),
            self.roster.as_ref(),
            self.inventory.as_ref(),
        );
        for modal in &mut self.modals {
            let Modal::Bulk(open) = modal else { continue };
            match open.as_mut() {
                Bulk::Review(open) => open.settle(height),
                Bulk::Preview(open) => open.settle(known, height),
                Bulk::Source(_) | Bulk::Row(_) | Bulk::Many(_) | Bulk::Export(_) => {}
            }
        }
    }

    /// What stands on top was drawn, and can have been seen.
    pub(super) fn bulk_drawn(&mut self) {
        match self.bulk() {
            Some(Bulk::Review(open)) => open.seen = true,
            Some(Bulk::Preview(open)) => open.seen = true,
            Some(Bulk::Source(_) | Bulk::Row(_) | Bulk::Many(_) | Bulk::Export(_)) | None => {}
        }
    }

    /// Desk or tenant have changed: a preview is computed anew, and has to be seen again.
    pub(super) fn outdate_bulk(&mut self) {
        for modal in &mut self.modals {
            if let Modal::Bulk(open) = modal
                && let Bulk::Preview(open) = open.as_mut()
            {
                open.stale = true;
                open.seen = false;
            }
        }
    }
}

fn state_of(open: &mut Bulk) -> Option<&mut EditState> {
    match open {
        Bulk::Source(form) => Some(&mut form.state),
        Bulk::Review(open) => Some(&mut open.state),
        Bulk::Preview(open) => Some(&mut open.state),
        Bulk::Export(form) => Some(&mut form.state),
        Bulk::Row(_) | Bulk::Many(_) => None,
    }
}

fn waits_for(open: &Bulk, req: RequestId) -> bool {
    let state = match open {
        Bulk::Source(form) => &form.state,
        Bulk::Review(open) => &open.state,
        Bulk::Preview(open) => &open.state,
        Bulk::Export(form) => &form.state,
        Bulk::Row(_) | Bulk::Many(_) => return false,
    };
    matches!(state, EditState::Saving(open) if open.contains(&req))
}
