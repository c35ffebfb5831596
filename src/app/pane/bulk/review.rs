//! The review of an import: a row per line of the file with its verdict, the cause and the column, counted in the head.

use std::sync::Arc;

use crate::app::cells::thousands;
use crate::app::cursor::{Cursor, Move};
use crate::app::doc::{Doc, Tone};
use crate::app::pane::editor::EditState;
use crate::bulk::columns::Column;
use crate::bulk::known::Matched;
use crate::bulk::review::{Mode, Review, Summary, Zeros};
use crate::bulk::verdict::Verdict;
use crate::domain::phone::PhoneNumber;
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
        let shown = &self.shown;
        self.cursor
            .step(step, (shown.len(), height), |n| shown.get(n).copied());
    }

    /// The row under the cursor, by its place in the file.
    pub fn row(&self) -> Option<usize> {
        let row = *self.shown.get(self.cursor.index)?;
        Some(row as usize)
    }

    /// The next row behind this one that cannot go in, from the top again where there is none.
    pub fn next_bad(&self, after: Option<u32>) -> Option<u32> {
        let rows = u32::try_from(self.review.sheet().len()).unwrap_or(u32::MAX);
        let from = after.map_or(0, |row| row.saturating_add(1));
        (from..rows)
            .chain(0..from.min(rows))
            .find(|&row| !self.is_good(row))
    }

    /// Goes to the next row that cannot go in; false when every row can.
    pub fn jump(&mut self) -> bool {
        let here = self.row().and_then(|row| u32::try_from(row).ok());
        match self.next_bad(here) {
            Some(row) => {
                self.cursor.key = Some(row);
                true
            }
            None => false,
        }
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
        self.refresh();
    }

    /// Takes what is proposed for a row; false when nothing is.
    pub fn take(&mut self, row: usize) -> bool {
        if !matches!(self.review.verdict(row), Verdict::Proposal(_)) {
            return false;
        }
        let taken = Arc::make_mut(&mut self.review).take_proposals(row);
        self.mended += usize::from(taken);
        self.refresh();
        taken
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

    /// `IMPORT  people.csv  create`.
    pub fn title(&self) -> String {
        format!(
            "IMPORT  {}  {}",
            self.name,
            mode_word(self.review.ask().mode)
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
            1 => parts.push("1 seat is missing".to_owned()),
            n => parts.push(format!("{} seats are missing", thousands(n as u64))),
        }
        match self.summary.unmatched {
            0 => {}
            n => parts.push(format!("{} wait for a match", thousands(n as u64))),
        }
        if self.review.ask().zeros == Zeros::Trusted {
            parts.push("zeros are believed".to_owned());
        }
        if self.review.sheet().had_passwords() {
            parts.push("passwords were left out".to_owned());
        }
        let ignored = self.review.sheet().ignored();
        if !ignored.is_empty() {
            parts.push(format!("not read: {}", ignored.join(", ")));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
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

/// The number of a row: spaced where it is one, else as it stands there.
pub fn number(review: &Review, row: usize) -> String {
    let text = || {
        let column = review.sheet().set().number();
        let text = review.sheet().row(row).trimmed(column);
        if text.is_empty() { "-" } else { text }.to_owned()
    };
    review.number(row).map_or_else(text, PhoneNumber::spaced)
}

/// Why a row is refused, or what it changes, in as few words as a column has room for.
pub fn cause(review: &Review, row: usize) -> String {
    match review.verdict(row) {
        Verdict::Proposal(faults) | Verdict::Refused(faults) => {
            let first = faults.first().map(ToString::to_string).unwrap_or_default();
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
            columns.join(", ")
        }
        Verdict::Create if !review.has_seat(row) => "no seat left for it".to_owned(),
        Verdict::Create => match review.matched(row) {
            Matched::Nobody => "nobody in the tenant yet: waits for a match".to_owned(),
            Matched::Several(n) => format!("{n} directory users have this e-mail: tie by hand"),
            Matched::Unsaid | Matched::One(_) => String::new(),
        },
        Verdict::Unchanged { .. } => String::new(),
    }
}

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
        doc.item(Tone::Bad, "", &fault.to_string());
        if let Some(proposal) = fault.proposal() {
            let text = format!("Ctrl-T takes {}", proposal.spaced());
            doc.item(Tone::Good, "  ", &text);
        }
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
    if verdict.is_good()
        && let Some(doubt) = review.doubt(row)
    {
        doc.line(Tone::Warn, &doubt);
    }
    doc.line(
        Tone::Dim,
        &format!("row {}: {}", cells.number(), texts.join(" | ")),
    );
    doc
}
