//! What is done with many users at once: import with its review, edits of all marked, export. Nothing is queued before a screen of
//! it was drawn, by a key other than the one that opened it.

use std::sync::Arc;

use crate::bulk::review::{Ask, Mode, Review, Zeros};
use crate::domain::failure::Failure;

use super::action::Action;
use super::cells::thousands;
use super::cursor::Move;
use super::doc::Tone;
use super::effect::{Effect, Extent, LedgerChange};
use super::event::{Key, RequestId};
use super::layout::{self, Area};
use super::modal::Modal;
use super::pane::bulk::Bulk;
use super::pane::bulk::cells::RowForm;
use super::pane::bulk::review::{ReviewBox, Rows};
use super::pane::bulk::source::{Source, SourceForm, is_table, other};
use super::pane::confirm::Question;
use super::pane::editor::EditState;
use super::{App, Wait};

/// Rows of the detail below a review, with the line above it.
const DETAIL: u16 = 6;

/// Lines above the rows of a review: title, counts, titles of the columns.
pub const HEAD: u16 = 3;

/// The rows of a review with their head, and the detail below.
pub fn review_areas(body: Area) -> (Area, Area) {
    let detail = if body.height < 14 { 0 } else { DETAIL };
    body.split_end(detail)
}

impl App {
    pub(super) fn review_height(&self) -> usize {
        let (list, _) = review_areas(self.layout().body);
        layout::list_height(list, HEAD)
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
        let mut form = SourceForm::open();
        form.paste(text);
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

    fn judge(&mut self, source: Source, ask: Ask) -> Vec<Effect> {
        let req = self.wait_for(Wait::Judged);
        match self.bulk() {
            Some(Bulk::Source(form)) => form.state = EditState::Saving(vec![req]),
            Some(Bulk::Review(open)) => open.state = EditState::Saving(vec![req]),
            _ => {}
        }
        vec![Effect::Judge { req, source, ask }]
    }

    /// The verdicts are there: the review takes the place of the form that asked for them.
    pub(super) fn judged(&mut self, req: RequestId, review: Arc<Review>) {
        if self.answered(req).is_none() {
            return;
        }
        let asked = |modal: &Modal| matches!(modal, Modal::Bulk(open) if waits_for(open, req));
        let Some(place) = self.modals.iter().position(asked) else {
            return;
        };
        let Modal::Bulk(open) = &mut self.modals[place] else {
            return;
        };
        match open.as_mut() {
            Bulk::Source(form) => **open = Bulk::Review(ReviewBox::new(form.name(), review)),
            Bulk::Review(open) => open.replace(review),
            Bulk::Row(_) | Bulk::Many(_) | Bulk::Preview(_) | Bulk::Export(_) => {}
        }
        self.dirty = true;
    }

    /// What the ledger or the tenant now has makes another verdict of some row: nothing was queued.
    pub(super) fn moved(&mut self, req: RequestId, review: Arc<Review>) {
        self.judged(req, review);
        self.say(
            Tone::Warn,
            "nothing was queued: the list or the tenant has changed since, and a verdict with it",
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

    /// All that was asked is committed: the screen that asked closes, and with it the marks go.
    pub(super) fn bulk_saved(&mut self, req: RequestId) {
        self.modals
            .retain(|modal| !matches!(modal, Modal::Bulk(open) if waits_for(open, req)));
        // The form below a preview has nothing left to do.
        self.modals
            .retain(|modal| !matches!(modal, Modal::Bulk(open) if matches!(**open, Bulk::Many(_))));
        self.users.marked.clear();
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

    fn review_act(&mut self, action: Action) -> Option<Vec<Effect>> {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return None;
        };
        let waiting = open.is_waiting();
        match action {
            Action::Leave => return Some(self.leave_bulk()),
            Action::Copy => {
                let text = open.to_text();
                return Some(self.copy_text(text));
            }
            Action::NextWarning => {
                if !open.jump() {
                    self.say(Tone::Good, "every row can go in: A queues them");
                }
                self.settle();
            }
            Action::OnlyBad => self.only_bad(),
            Action::Open
            | Action::Edit
            | Action::TakeProposal
            | Action::TakeAll
            | Action::QueueAll
            | Action::QueueGood
            | Action::OtherMode
            | Action::TrustZeros
                if waiting =>
            {
                self.say(Tone::Busy, "it is being queued");
            }
            Action::Open | Action::Edit => self.open_bulk_row(),
            Action::TakeProposal => self.take_here(),
            Action::TakeAll => self.ask_take_all(),
            Action::QueueAll => return Some(self.queue_review(Extent::All)),
            Action::QueueGood => return Some(self.queue_review(Extent::Good)),
            Action::OtherMode => return Some(self.judge_again(Again::Mode)),
            Action::TrustZeros => return Some(self.judge_again(Again::Zeros)),
            _ => return None,
        }
        Some(Vec::new())
    }

    fn only_bad(&mut self) {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return;
        };
        open.listing = match open.listing {
            Rows::All => Rows::Bad,
            Rows::Bad => Rows::All,
        };
        open.refresh();
        self.settle();
    }

    fn open_bulk_row(&mut self) {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return;
        };
        if let Some(row) = open.row() {
            let form = RowForm::open(&open.review, row);
            self.open_bulk(Bulk::Row(form));
        }
    }

    /// Takes what is proposed for the row under the cursor.
    fn take_here(&mut self) {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return;
        };
        let Some(row) = open.row() else {
            return;
        };
        let number = open.review.sheet().row(row).number();
        if open.take(row) {
            self.say_row(number, row);
        } else {
            self.say(
                Tone::Dim,
                "nothing is proposed for this row alone: e puts it right",
            );
        }
        self.settle();
    }

    /// What has become of a row that was put right.
    fn say_row(&mut self, number: u32, row: usize) {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return;
        };
        let verdict = open.review.verdict(row);
        let left = open.summary.proposal + open.summary.refused;
        let text = match (verdict.faults().first(), left) {
            (Some(fault), _) => format!("row {number} is still refused: {fault}"),
            (None, 0) => format!(
                "row {number}: {}; every row can go in, A queues",
                verdict.word()
            ),
            (None, 1) => format!("row {number}: {}; 1 is left, ! goes there", verdict.word()),
            (None, n) => format!("row {number}: {}; {n} are left, ! goes on", verdict.word()),
        };
        let tone = if verdict.is_good() {
            Tone::Good
        } else {
            Tone::Warn
        };
        self.say(tone, text);
    }

    fn save_row(&mut self) -> Vec<Effect> {
        let Some(Bulk::Row(form)) = self.bulk() else {
            return Vec::new();
        };
        let (row, number, cells) = (form.row, form.number, form.changed());
        self.modals.pop();
        if cells.is_empty() {
            self.say(Tone::Dim, "nothing was changed");
            return Vec::new();
        }
        if let Some(Bulk::Review(open)) = self.bulk() {
            open.put_right(row, &cells);
        }
        self.say_row(number, row);
        self.settle();
        Vec::new()
    }

    /// Asks before everything that is proposed is taken: nothing is taken row by row unseen.
    fn ask_take_all(&mut self) {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return;
        };
        match open.summary.proposal {
            0 => self.say(Tone::Dim, "nothing is proposed for any row"),
            rows => self.question(Question::TakeProposals { rows }),
        }
    }

    /// Takes everything that is proposed.
    pub(super) fn take_all(&mut self) -> Vec<Effect> {
        if let Some(Bulk::Review(open)) = self.bulk() {
            let taken = open.take_all();
            let noun = if taken == 1 { "row" } else { "rows" };
            let text = format!("{} {noun} put right", thousands(taken as u64));
            self.say(Tone::Good, text);
        }
        Vec::new()
    }

    fn queue_review(&mut self, extent: Extent) -> Vec<Effect> {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return Vec::new();
        };
        // What no frame has shown was seen by nobody.
        if !open.seen {
            return Vec::new();
        }
        let (summary, review) = (open.summary, Arc::clone(&open.review));
        let bad = summary.proposal + summary.refused;
        if bad > 0 && extent == Extent::All {
            let text = match (bad, summary.changing()) {
                (1, good) => format!("1 row cannot go in: ! shows it; P queues the other {good}"),
                (n, good) => {
                    format!("{n} rows cannot go in: ! shows the next; P queues the other {good}")
                }
            };
            self.say(Tone::Warn, text);
            return Vec::new();
        }
        if summary.changing() == 0 {
            self.say(
                Tone::Dim,
                "there is nothing to queue: no row changes anything",
            );
            return Vec::new();
        }
        let req = self.wait_for(Wait::Bulk);
        if let Some(Bulk::Review(open)) = self.bulk() {
            open.state = EditState::Saving(vec![req]);
        }
        vec![Effect::Ledger {
            req,
            change: LedgerChange::Import { review, extent },
        }]
    }

    /// Judges the rows as they stand in another way.
    fn judge_again(&mut self, how: Again) -> Vec<Effect> {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return Vec::new();
        };
        let mut ask = open.review.ask();
        match how {
            Again::Mode => ask.mode = other(ask.mode),
            Again::Zeros => {
                ask.zeros = match ask.zeros {
                    Zeros::Doubted => Zeros::Trusted,
                    Zeros::Trusted => Zeros::Doubted,
                }
            }
        }
        let source = Source::Again(Arc::clone(&open.review));
        let word = match ask.mode {
            Mode::Create => "judging as new users…",
            Mode::Update => "judging as changes of users…",
        };
        self.say(Tone::Busy, word);
        self.judge(source, ask)
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

/// What is judged in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// Create instead of update, or the other way round.
    Mode,
    /// Numbers that end in zeros are believed, or no longer.
    Zeros,
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
