//! The review of an import: a row per line of the file with its verdict, the cause and the column, counted in the head.

use std::sync::Arc;

use crate::app::cells::{thousands, wrap};
use crate::app::cursor::{Cursor, Move};
use crate::app::doc::{Doc, Tone};
use crate::app::effect::Extent;
use crate::app::pane::editor::EditState;
use crate::bulk::columns::Column;
use crate::bulk::known::Matched;
use crate::bulk::review::{Mode, Review, Summary, Zeros};
use crate::bulk::verdict::Verdict;
use crate::domain::phone::{NOT_VALID, PhoneNumber};
use crate::domain::text::Label;

/// The screen.
#[derive(Debug, Clone, PartialEq)]
pub struct ReviewBox {
    /// What the file or the paste is called.
    pub name: String,
    /// Rows and verdicts; shared with the shell while they are being queued.
    pub review: Arc<Review>,
    /// How many rows have which verdict.
    pub summary: Summary,
    /// Which rows are listed.
    pub listing: Rows,
    /// Places of the rows listed, in the order of the file.
    pub shown: Vec<u32>,
    /// Its cursor, by the place of the row.
    pub cursor: Cursor<u32>,
    /// How many rows were put right here.
    pub mended: usize,
    /// Whether a frame has shown it: keys that queue do not count before.
    pub seen: bool,
    /// Whether the cursor came to its row by itself: the next jump stays there, so that it passes over none.
    pub arrived: bool,
    /// How much of it is being queued.
    pub extent: Extent,
    /// Whether it is being queued, or judged in another way.
    pub state: EditState,
}

/// Which rows are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rows {
    /// All of them.
    All,
    /// Those that cannot go in.
    Bad,
}

impl ReviewBox {
    /// The screen of a review that was just made, its cursor on the first row that cannot go in.
    pub fn new(name: String, review: Arc<Review>) -> Self {
        let mut open = Self {
            name,
            summary: review.summary(),
            review,
            listing: Rows::All,
            shown: Vec::new(),
            cursor: Cursor::default(),
            mended: 0,
            seen: false,
            arrived: true,
            extent: Extent::All,
            state: EditState::Editing,
        };
        open.refresh();
        open.cursor.key = open.next_bad(None);
        open
    }

    /// Another review of the same rows.
    pub fn replace(&mut self, review: Arc<Review>) {
        self.review = review;
        self.state = EditState::Editing;
        self.seen = false;
        self.refresh();
    }

    /// Counts and lists again.
    pub fn refresh(&mut self) {
        self.summary = self.review.summary();
        let rows = 0..u32::try_from(self.review.sheet().len()).unwrap_or(u32::MAX);
        self.shown = match self.listing {
            Rows::All => rows.collect(),
            Rows::Bad => rows.filter(|&row| !self.is_good(row)).collect(),
        };
    }

    fn is_good(&self, row: u32) -> bool {
        self.review.verdict(row as usize).is_good()
    }

    fn is_open(&self, row: u32) -> bool {
        !self.is_good(row) && !self.review.is_left_out(row as usize)
    }

    /// Finds the cursor's row again; one that is no longer listed gives its place to the next.
    pub fn settle(&mut self, height: usize) {
        let shown = &self.shown;
        self.cursor.settle(
            (shown.len(), height),
            |row| match shown.binary_search(&row) {
                Ok(at) => Some(at),
                Err(at) => (at < shown.len()).then_some(at),
            },
            |n| shown.get(n).copied(),
        );
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, height: usize) {
        self.arrived = false;
        let shown = &self.shown;
        self.cursor
            .step(step, (shown.len(), height), |n| shown.get(n).copied());
    }

    /// The row under the cursor, by its place in the file.
    pub fn row(&self) -> Option<usize> {
        let row = *self.shown.get(self.cursor.index)?;
        Some(row as usize)
    }

    /// The next row behind this one that is to be put right, from the top again where there is none: one that a person has left out
    /// is done with.
    pub fn next_bad(&self, after: Option<u32>) -> Option<u32> {
        let rows = u32::try_from(self.review.sheet().len()).unwrap_or(u32::MAX);
        let from = after.map_or(0, |row| row.saturating_add(1));
        (from..rows)
            .chain(0..from.min(rows))
            .find(|&row| self.is_open(row))
    }

    /// Goes to the next row that is to be put right, which is the one under the cursor when nobody has chosen that yet; false
    /// when there is none.
    pub fn jump(&mut self) -> bool {
        let here = self.row().and_then(|row| u32::try_from(row).ok());
        let stays = std::mem::take(&mut self.arrived) && here.is_some_and(|row| self.is_open(row));
        let next = if stays { here } else { self.next_bad(here) };
        match next {
            Some(row) => {
                self.cursor.key = Some(row);
                true
            }
            None => false,
        }
    }

    /// The row under the cursor was gone into: the next jump goes on from it.
    pub fn visited(&mut self) {
        self.arrived = false;
    }

    /// Whether an answer is waited for.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, EditState::Saving(_))
    }

    /// Puts cells of a row right, and judges again.
    pub fn put_right(&mut self, row: usize, cells: &[(Column, String)]) {
        let review = Arc::make_mut(&mut self.review);
        for (column, text) in cells {
            review.put_right(row, *column, text);
        }
        self.mended += 1;
        self.state = EditState::Editing;
        self.follow(row);
    }

    /// Lists again after a row was put right: where it is no longer listed, the next one comes under the cursor by itself.
    fn follow(&mut self, row: usize) {
        self.refresh();
        let row = u32::try_from(row).unwrap_or(u32::MAX);
        self.arrived = self.shown.binary_search(&row).is_err();
    }

    /// Leaves a row out, or takes it in again.
    pub fn leave_out(&mut self, row: usize) {
        Arc::make_mut(&mut self.review).leave_out(row);
        self.follow(row);
    }

    /// `every row can go in`, with what some of them lack; or which rows alone cannot, where no other is to be put right.
    pub fn all_go_in(&self) -> String {
        let seats = match self.summary.seats_missing {
            0 => String::new(),
            n => format!(", {} without a seat", thousands(n as u64)),
        };
        match self.summary.left_out {
            0 => format!("every row can go in{seats}"),
            1 => format!("every row but the one left out can go in{seats}"),
            n => format!(
                "every row but the {} left out can go in{seats}",
                thousands(n as u64)
            ),
        }
    }

    /// What stands where no row is bad.
    pub fn none_bad(&self) -> String {
        let all = self.all_go_in().replacen("every", "Every", 1);
        format!("{all}. {{bad-only}} shows all of them, {{queue-all}} queues them.")
    }

    /// The key that queues what can go in: all of it, or all but what is left out.
    pub fn queues(&self) -> &'static str {
        match self.summary.left_out {
            0 => "{queue-all}",
            _ => "{queue-good}",
        }
    }

    /// Takes what is proposed for a row; false when nothing is.
    pub fn take(&mut self, row: usize) -> bool {
        if !matches!(self.review.verdict(row), Verdict::Proposal(_)) {
            return false;
        }
        let taken = Arc::make_mut(&mut self.review).take_proposals(row);
        self.mended += usize::from(taken);
        self.follow(row);
        taken
    }

    /// What would be taken for every row, in words: `row 3  441235123502 -> +44 1235 123502  Joni Sherman`.
    pub fn proposals(&self) -> Vec<String> {
        let sheet = self.review.sheet();
        let mut lines = Vec::new();
        for row in 0..sheet.len() {
            if let Verdict::Proposal(faults) = self.review.verdict(row) {
                let cells = sheet.row(row);
                let steps = faults.iter().filter_map(|fault| {
                    let from = cells.trimmed(fault.column);
                    Some(format!("{from} -> {}", fault.proposal()?.spaced()))
                });
                let steps: Vec<String> = steps.collect();
                let (number, who) = (cells.number(), who(&self.review, row));
                lines.push(format!("row {number:<4} {}  {who}", steps.join(", ")));
            }
        }
        lines
    }

    /// The rows that cannot go in, in words: `row 14  Kim New  PhoneNumber: …`.
    pub fn left_out(&self) -> Vec<String> {
        let rows = 0..self.review.sheet().len();
        rows.filter(|&row| !self.review.verdict(row).is_good())
            .map(|row| {
                let number = self.review.sheet().row(row).number();
                let (who, why) = (who(&self.review, row), cause(&self.review, row));
                format!("row {number:<4} {who}: {why}")
            })
            .collect()
    }

    /// The rows that would go in with a number that the numbering plan doubts.
    pub fn doubted(&self) -> Vec<String> {
        let rows = 0..self.review.sheet().len();
        rows.filter(|&row| {
            matches!(
                self.review.verdict(row),
                Verdict::Create | Verdict::Update { .. }
            )
        })
        .filter_map(|row| {
            let doubt = self.review.doubt(row)?;
            let number = self.review.sheet().row(row).number();
            Some(format!(
                "row {number:<4} {}: {doubt}",
                who(&self.review, row)
            ))
        })
        .collect()
    }

    /// Takes what is proposed for every row that needs no more; how many those were.
    pub fn take_all(&mut self) -> usize {
        let review = Arc::make_mut(&mut self.review);
        let rows = 0..review.sheet().len();
        let taken = rows.filter(|&row| review.take_proposals(row)).count();
        self.mended += taken;
        self.refresh();
        taken
    }

    /// `IMPORT create  people.csv`.
    pub fn title(&self) -> String {
        format!(
            "IMPORT {}  {}",
            mode_word(self.review.ask().mode),
            self.name
        )
    }

    /// `34 create, 6 refused of 40 rows`.
    pub fn counts(&self) -> String {
        let parts: Vec<String> = [
            (self.summary.create, "create"),
            (self.summary.update, "update"),
            (self.summary.unchanged, "unchanged"),
            (self.summary.proposal, "proposal"),
            (self.summary.refused, "refused"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", thousands(count as u64)))
        .collect();
        let rows = self.review.sheet().len();
        let noun = if rows == 1 { "row" } else { "rows" };
        format!("{} of {} {noun}", parts.join(", "), thousands(rows as u64))
    }

    /// What should be known of the whole before it is queued.
    pub fn notes(&self) -> Option<String> {
        let mut parts = Vec::new();
        match self.summary.seats_missing {
            0 => {}
            1 => parts.push("1 goes in without a seat: none is left".to_owned()),
            n => parts.push(format!(
                "{} go in without a seat: none is left",
                thousands(n as u64)
            )),
        }
        match self.summary.unmatched {
            0 => {}
            1 => parts.push("1 waits for a match".to_owned()),
            n => parts.push(format!("{} wait for a match", thousands(n as u64))),
        }
        // One row is mended or left out; what is wrong with most of them is wrong with the kind of the file.
        let other = self.summary.of_other_kind;
        if self.review.is_most(other) {
            let (n, of) = (thousands(other as u64), self.review.sheet().len());
            let whose = match self.review.ask().mode {
                Mode::Create => "of users on the list",
                Mode::Update | Mode::Both => "of nobody on the list",
            };
            parts.push(format!(
                "{n} of {} are {whose}: {{other-mode}} judges as another kind",
                thousands(of as u64)
            ));
        }
        if self.review.ask().zeros == Zeros::Trusted {
            parts.push("zeros are believed".to_owned());
        }
        for column in self.review.sheet().columns() {
            if column.is_only_checked() {
                parts.push(format!("{column} is checked, not kept"));
            }
        }
        if self.review.sheet().had_passwords() {
            parts.push("passwords were left out".to_owned());
        }
        let ignored = self.review.sheet().ignored();
        if !ignored.is_empty() {
            parts.push(format!(
                "not read: {} (an import changes name, e-mail, number and ids)",
                ignored.join(", ")
            ));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// The row under the cursor, as the file numbers it: `row 14`.
    pub fn row_word(&self) -> String {
        self.row()
            .map(|row| format!("row {}", self.review.sheet().row(row).number()))
            .unwrap_or_default()
    }

    /// The notes at a width, in two rows at most.
    pub fn note_rows(&self, width: u16) -> Vec<String> {
        let mut rows = self
            .notes()
            .map(|notes| wrap(&notes, usize::from(width)))
            .unwrap_or_default();
        rows.truncate(2);
        rows
    }

    /// Everything about the row under the cursor.
    pub fn detail(&self) -> Doc {
        self.row()
            .map(|row| detail(&self.review, row))
            .unwrap_or_default()
    }

    /// The rows that cannot go in, as text: row, column, cause.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}: {}\n", self.title(), self.counts());
        for row in 0..self.review.sheet().len() {
            let number = self.review.sheet().row(row).number();
            for fault in self.review.verdict(row).faults() {
                let line = format!("row {number}\t{}\t{}", fault.column, fault.why);
                let cells: Vec<String> = line
                    .split('\t')
                    .map(|cell| Label::new(cell).as_str().to_owned())
                    .collect();
                text.push_str(&cells.join("\t"));
                text.push('\n');
            }
        }
        text
    }
}

/// The word for what an import does.
pub fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Create => "create",
        Mode::Update => "update",
        Mode::Both => "create and update",
    }
}

/// Whom a row is about, in a column: its name, else its e-mail, else an identifier.
pub fn who(review: &Review, row: usize) -> String {
    let row = review.sheet().row(row);
    [
        Column::Name,
        Column::Email,
        Column::ExternalId,
        Column::SipUsername,
        Column::TrunkNumber,
    ]
    .into_iter()
    .map(|column| row.trimmed(column))
    .find(|text| !text.is_empty())
    .unwrap_or("-")
    .to_owned()
}

/// The number of a row: spaced where it is one, else as it stands there. An empty cell says what is then there.
pub fn number(review: &Review, row: usize) -> String {
    if let Some(number) = review.number(row) {
        return number.spaced();
    }
    let text = review
        .sheet()
        .row(row)
        .trimmed(review.sheet().set().number());
    let tenants = || review.person(row)?.number.as_ref();
    match review.verdict(row) {
        _ if !text.is_empty() => text.to_owned(),
        Verdict::Update { .. } | Verdict::Unchanged { .. } => "(stays)".to_owned(),
        Verdict::Create => tenants().map_or("(none)".to_owned(), PhoneNumber::spaced),
        Verdict::Proposal(_) | Verdict::Refused(_) => "(blank)".to_owned(),
    }
}

/// Why a row is refused, or what it changes, in as few words as a column has room for.
pub fn cause(review: &Review, row: usize) -> String {
    match review.verdict(row) {
        Verdict::Proposal(faults) | Verdict::Refused(faults) => {
            let first = faults.first().map(ToString::to_string).unwrap_or_default();
            // The column has no room for what every refusal of a number begins with.
            let first = first.replace(&format!("{NOT_VALID}: "), "");
            match faults.len() {
                0 | 1 => first,
                n => format!("(1 of {n}) {first}"),
            }
        }
        Verdict::Update { changes, .. } => {
            let columns: Vec<String> = changes
                .iter()
                .map(|change| change.column.to_string())
                .collect();
            let found = if review.found_by_mail(row) {
                " (found by its e-mail)"
            } else {
                ""
            };
            columns.join(", ") + found
        }
        Verdict::Create if !review.has_seat(row) => "goes in without a seat".to_owned(),
        Verdict::Create => match review.matched(row) {
            Matched::Nobody => "nobody in the tenant yet: waits for a match".to_owned(),
            Matched::Several(n) => format!("{n} directory users have this e-mail: tie by hand"),
            Matched::Unsaid | Matched::One(_) => review.doubt(row).unwrap_or_default(),
        },
        Verdict::Unchanged { .. } if review.found_by_mail(row) => "found by its e-mail".to_owned(),
        Verdict::Unchanged { .. } => String::new(),
    }
}

/// What is wrong with a row comes first, with what one key takes instead: few lines may be all that there is room for.
fn detail(review: &Review, row: usize) -> Doc {
    let mut doc = Doc::default();
    let cells = review.sheet().row(row);
    let texts: Vec<String> = review
        .sheet()
        .columns()
        .iter()
        .map(|&column| (column, cells.trimmed(column)))
        .filter(|(_, text)| !text.is_empty())
        .map(|(column, text)| format!("{column} {text}"))
        .collect();
    let verdict = review.verdict(row);
    for fault in verdict.faults() {
        // Beside what a person must put right, taking it would not let the row in.
        if let Some(proposal) = fault.proposal()
            && matches!(verdict, Verdict::Proposal(_))
        {
            let text = format!("Ctrl-T takes {}", proposal.spaced());
            doc.line(Tone::Good, &text);
        }
        doc.line(Tone::Bad, &fault.to_string());
    }
    if let Verdict::Update { changes, .. } = verdict {
        for change in changes {
            let before = if change.before.is_empty() {
                "none"
            } else {
                &change.before
            };
            let text = format!("{}: {before} -> {}", change.column, change.after);
            doc.line(Tone::Busy, &text);
        }
    }
    if let Some(person) = review.person(row) {
        let text = format!("in the tenant: {} <{}>", person.name, person.upn);
        doc.line(Tone::Plain, &text);
    }
    if let Some(mail) = review.namesake(row) {
        let text = format!("somebody of this name is on the list already: {mail}");
        doc.line(Tone::Warn, &text);
    }
    if verdict.is_good()
        && let Some(doubt) = review.doubt(row)
    {
        doc.line(Tone::Warn, &doubt);
    }
    doc.line(Tone::Dim, &texts.join(" | "));
    doc
}
