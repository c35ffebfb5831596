//! The review of an import: what its keys do, and the questions before rows are taken, queued or left out.
//!
//! A question lists what it is about: nothing is taken or left out that no screen has named.

use std::sync::Arc;

use crate::bulk::review::{Mode, Review, Zeros};
use crate::domain::text::Label;
use crate::domain::words;

use super::App;
use super::Wait;
use super::action::Action;
use super::cells::{self, thousands};
use super::cursor::Move;
use super::doc::{Scroll, Tone};
use super::effect::{Effect, Exported, Extent, LedgerChange};
use super::layout::Area;
use super::modal::Modal;
use super::pane::bulk::Bulk;
use super::pane::bulk::cells::RowForm;
use super::pane::bulk::export::ExportForm;
use super::pane::bulk::review::Rows;
use super::pane::bulk::source::Source;
use super::pane::confirm::{Confirm, Question};
use super::pane::editor::EditState;

/// Rows that an import has left out, until the next one: they can be saved and sent back.
#[derive(Debug, Clone, PartialEq)]
pub struct LeftOut {
    /// What the file or the paste is called.
    pub name: String,
    /// The rows, with what is wrong with each.
    pub review: Arc<Review>,
}

impl LeftOut {
    /// How many they are.
    pub fn count(&self) -> usize {
        let summary = self.review.summary();
        summary.proposal + summary.refused
    }
}

impl App {
    pub(super) fn review_act(&mut self, action: Action) -> Option<Vec<Effect>> {
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
            Action::NextWarning => self.next_bad(),
            Action::OnlyBad => self.only_bad(),
            Action::Open
            | Action::Edit
            | Action::Hold
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
            Action::Hold => self.leave_row_out(),
            Action::Open | Action::Edit => self.open_bulk_row(),
            Action::TakeProposal => self.take_here(),
            Action::TakeAll => self.ask_take_all(),
            Action::QueueAll => return Some(self.ask_queue_doubted()),
            Action::QueueGood => self.ask_queue_good(),
            Action::OtherMode => return Some(self.judge_again(Again::Mode)),
            Action::TrustZeros => return Some(self.judge_again(Again::Zeros)),
            _ => return None,
        }
        Some(Vec::new())
    }

    /// Goes to the next row that cannot go in, and says what is wrong with it.
    fn next_bad(&mut self) {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return;
        };
        let found = open.jump();
        self.settle();
        let Some(Bulk::Review(open)) = self.bulk() else {
            return;
        };
        match open.row() {
            Some(row) if found => {
                let number = open.review.sheet().row(row).number();
                let faults = open.review.verdict(row).faults();
                let why = faults.first().map(ToString::to_string).unwrap_or_default();
                self.say(Tone::Warn, format!("row {number}: {why}"));
            }
            _ => {
                let text = format!("{}: {} queues them", open.all_go_in(), open.queues());
                self.say(Tone::Good, text);
            }
        }
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
            open.visited();
            let form = RowForm::open(&open.review, row);
            self.open_bulk(Bulk::Row(form));
        }
    }

    /// Leaves the row under the cursor out of the import, or takes it in again.
    fn leave_row_out(&mut self) {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return;
        };
        let Some(row) = open.row() else {
            return;
        };
        open.leave_out(row);
        let number = open.review.sheet().row(row).number();
        let text = if open.review.is_left_out(row) {
            format!("row {number} is left out; {{hold}} takes it in again")
        } else {
            let word = open.review.verdict(row).word();
            format!("row {number} is in again: {word}")
        };
        self.say(Tone::Good, text);
        self.settle();
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
                "nothing is proposed that would mend this row: put it right by hand",
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
        let word = verdict.word();
        let left = open.summary.open();
        // Where only bad rows are listed, the next of them has come under the cursor by itself.
        let here = open.listing == Rows::Bad;
        let text = match (verdict.faults().first(), left) {
            (Some(fault), _) => format!("row {number} is still refused: {fault}"),
            (None, 0) => {
                let (all, key) = (open.all_go_in(), open.queues());
                format!("row {number}: {word}; {all}, {key} queues")
            }
            (None, 1) if here => format!("row {number}: {word}; 1 is left, under the cursor"),
            (None, n) if here => format!("row {number}: {word}; {n} are left, the next one here"),
            (None, 1) => format!("row {number}: {word}; 1 is left, ! goes there"),
            (None, n) => format!("row {number}: {word}; {n} are left, ! goes on"),
        };
        let tone = if verdict.is_good() {
            Tone::Good
        } else {
            Tone::Warn
        };
        self.say(tone, text);
    }

    pub(super) fn save_row(&mut self) -> Vec<Effect> {
        let Some(Bulk::Row(form)) = self.bulk() else {
            return Vec::new();
        };
        let (row, number, cells) = (form.row, form.number, form.changed());
        self.modals.pop();
        if cells.is_empty() {
            self.say(Tone::Dim, words::NOTHING_CHANGED);
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
        let rows = open.proposals();
        if rows.is_empty() {
            self.say(Tone::Dim, "nothing is proposed for any row");
        } else {
            self.question(Question::TakeProposals { rows });
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

    /// All go in at once, unless a number is doubted: then those rows are listed first. In a long list nobody would see them.
    fn ask_queue_doubted(&mut self) -> Vec<Effect> {
        let asked = match self.bulk() {
            Some(Bulk::Review(open)) if open.seen && open.summary.all_good() => {
                Some((open.summary.changing(), open.doubted()))
            }
            _ => None,
        };
        match asked {
            Some((going, doubted)) if !doubted.is_empty() => {
                let noun = if going == 1 { "row" } else { "rows" };
                let words = match doubted.len() {
                    1 => "1 of the numbers is doubted".to_owned(),
                    n => format!("{} of the numbers are doubted", thousands(n as u64)),
                };
                self.question(Question::QueueGood {
                    going: format!("Queue {} {noun}", thousands(going as u64)),
                    staying: words,
                    out: doubted,
                    file: false,
                });
                Vec::new()
            }
            _ => self.queue_review(Extent::All),
        }
    }

    /// Asks before the good rows go in alone: how many, and which stay out and why.
    fn ask_queue_good(&mut self) {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return;
        };
        if !open.seen {
            return;
        }
        let (mut out, doubted) = (open.left_out(), open.doubted());
        let changing = open.summary.changing();
        match (changing, out.is_empty()) {
            (0, _) => self.say(
                Tone::Dim,
                "there is nothing to queue: no row changes anything",
            ),
            (_, true) => {
                let text = format!("{}: {{queue-all}} queues them", open.all_go_in());
                self.say(Tone::Good, text);
            }
            (n, false) => {
                let noun = if n == 1 { "row" } else { "rows" };
                let going = format!("Queue {} {noun}", thousands(n as u64));
                let mut staying = match out.len() {
                    1 => "1 row stays out".to_owned(),
                    n => format!("{} rows stay out", thousands(n as u64)),
                };
                match open.summary.unmatched {
                    0 => {}
                    1 => staying = format!("1 new user matches nobody yet; {staying}"),
                    n => {
                        let n = thousands(n as u64);
                        staying = format!("{n} new users match nobody yet; {staying}");
                    }
                }
                if !doubted.is_empty() {
                    let n = thousands(doubted.len() as u64);
                    staying = format!("{n} of them doubted, listed first; {staying}");
                    out.splice(0..0, doubted);
                }
                self.question(Question::QueueGood {
                    going,
                    staying,
                    out,
                    file: true,
                });
            }
        }
    }

    /// The good ones go in without the others, which the question has listed.
    pub(super) fn queue_good(&mut self) -> Vec<Effect> {
        match self.bulk() {
            Some(Bulk::Review(_)) => self.queue_review(Extent::Good),
            Some(Bulk::Preview(_)) => self.queue_many(Extent::Good),
            _ => Vec::new(),
        }
    }

    /// The rows that the question on top leaves out, or those that the last import has left out.
    fn rows_left_out(&self) -> Option<LeftOut> {
        let below = self.modals.len().checked_sub(2)?;
        match (self.modals.get(below), self.modals.last()) {
            (Some(Modal::Bulk(open)), Some(Modal::Confirm(asked))) if asked.offers_file() => {
                match open.as_ref() {
                    Bulk::Review(open) => Some(LeftOut {
                        name: open.name.clone(),
                        review: Arc::clone(&open.review),
                    }),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn to_be_saved(&self) -> Option<LeftOut> {
        match self.over() {
            None => self.left_out.clone(),
            Some(_) => self.rows_left_out(),
        }
    }

    /// Why no rows can be saved that were left out.
    pub(super) fn no_left_out(&self) -> Option<String> {
        let none = self.to_be_saved().is_none();
        none.then(|| "no rows were left out of an import here".to_owned())
    }

    /// Opens the form for the file of the rows that stay out: to be put right by whoever has sent them.
    pub(super) fn save_left_out(&mut self) {
        let Some(left) = self.to_be_saved() else {
            return;
        };
        let words = match left.count() {
            1 => format!("1 row left out of {}", left.name),
            n => format!("{} rows left out of {}", thousands(n as u64), left.name),
        };
        let name = self.file_name("left-out");
        let what = Exported::LeftOut(left.review);
        self.open_bulk(Bulk::Export(ExportForm::open(what, words, &name)));
    }

    /// The rows of a question at a width, and how many rows are left for what it lists.
    pub fn question_rows(&self, open: &Confirm, body: Area) -> (Vec<(Tone, String)>, usize) {
        let width = usize::from(body.width);
        let mut rows = Vec::new();
        let doubts = self.doubts(&open.question);
        let mut lines = open.lines(&self.session.tenant);
        lines.splice(1..1, doubts);
        for (n, line) in lines.iter().enumerate() {
            let tone = if n == 0 { Tone::Strong } else { Tone::Plain };
            let line = self.settings.keys.fill(line);
            let line = self.settings.zone.told(&line, self.now);
            let wrapped = cells::wrap(Label::new(&line).as_str(), width).into_iter();
            rows.extend(wrapped.map(|row| (tone, row)));
        }
        // A rule above, and one below that says how much of the list is shown.
        let room = usize::from(body.height).saturating_sub(rows.len() + 3);
        (rows, room)
    }

    /// Whether the question on top lists more than it shows.
    pub fn scrolls_question(&self) -> bool {
        let body = self.layout().body;
        self.open_confirm()
            .is_some_and(|open| open.listed().len() > self.question_rows(open, body).1)
    }

    /// Moves through what the question on top lists.
    pub(super) fn move_question(&mut self, step: Move) {
        let body = self.layout().body;
        let Some(open) = self.open_confirm() else {
            return;
        };
        let (room, len) = (self.question_rows(open, body).1, open.listed().len());
        let page = isize::try_from(room.max(2) - 1).unwrap_or(1);
        let by = match step {
            Move::By(n) => n,
            Move::Pages(n) => n.saturating_mul(page),
            Move::First => isize::MIN,
            Move::Last => isize::MAX,
        };
        if let Some(Modal::Confirm(open)) = self.modals.last_mut() {
            let mut scroll = Scroll { top: open.top };
            scroll.by(by, len, room);
            open.top = scroll.top;
        }
    }

    fn queue_review(&mut self, extent: Extent) -> Vec<Effect> {
        let Some(Bulk::Review(open)) = self.bulk() else {
            return Vec::new();
        };
        // What no frame has shown was seen by nobody.
        if !open.seen {
            if extent == Extent::Good {
                let text = words::JUDGED_ANEW;
                self.say(Tone::Warn, text);
            }
            return Vec::new();
        }
        let (summary, review) = (open.summary, Arc::clone(&open.review));
        if !summary.all_good() && extent == Extent::All {
            let text = match (summary.open(), summary.changing()) {
                (0, 0) => "there is nothing to queue: no row that is not left out changes anything"
                    .to_owned(),
                (0, _) => format!("{}: {{queue-good}} queues them", open.all_go_in()),
                (1, 0) => "1 row cannot go in: ! shows it".to_owned(),
                (n, 0) => format!("{n} rows cannot go in: ! shows the next"),
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
            open.extent = extent;
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
            Again::Mode => ask.mode = ask.mode.next(),
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
            Mode::Both => "judging each row as what it is…",
        };
        self.say(Tone::Busy, word);
        self.judge(source, ask)
    }
}

/// What is judged in another way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// As new users, as changes, as both.
    Mode,
    /// Numbers that end in zeros are believed, or no longer.
    Zeros,
}
