//! Pane 4: what waits in the outbox, and under it what was done, from the audit.

use jiff::Timestamp;

use crate::app::cursor::{Cursor, Move};
use crate::app::doc::{Doc, Tone};
use crate::app::filter::Filter;
use crate::app::sync::clock_or_day;
use crate::domain::outbox::{Entry, EntryId, EntryState};
use crate::roster::desk::{AuditRow, Desk};

use super::Mark;

/// State of the pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Its filter.
    pub filter: Filter,
    /// Its cursor, over both lists.
    pub cursor: Cursor<Item>,
    /// Rows shown: entries, then audit lines.
    pub shown: Vec<Item>,
    /// Whether rows or filter have changed since they were computed.
    pub stale: bool,
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// An entry of the outbox.
    Entry(EntryId),
    /// A line of the audit, by its number.
    Audit(i64),
}

impl Changes {
    /// Computes the rows again if something has changed.
    pub fn settle(&mut self, desk: &Desk, height: usize) {
        if std::mem::take(&mut self.stale) {
            let query = self.filter.query();
            let entries = desk
                .entries
                .iter()
                .filter(|entry| query.matches(&folded_entry(entry)))
                .map(|entry| Item::Entry(entry.id));
            let audit = desk
                .audit
                .iter()
                .filter(|row| query.matches(&folded_audit(row)))
                .map(|row| Item::Audit(row.seq));
            self.shown = entries.chain(audit).collect();
        }
        let shown = &self.shown;
        self.cursor.settle(
            (shown.len(), height),
            |item| shown.iter().position(|shown| *shown == item),
            |n| shown.get(n).copied(),
        );
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, height: usize) {
        let shown = &self.shown;
        self.cursor
            .step(step, (shown.len(), height), |n| shown.get(n).copied());
    }

    /// The entry under the cursor.
    pub fn entry<'a>(&self, desk: &'a Desk) -> Option<&'a Entry> {
        match self.shown.get(self.cursor.index)? {
            Item::Entry(id) => desk.entries.iter().find(|entry| entry.id == *id),
            Item::Audit(_) => None,
        }
    }

    /// The audit line under the cursor.
    pub fn audit<'a>(&self, desk: &'a Desk) -> Option<&'a AuditRow> {
        match self.shown.get(self.cursor.index)? {
            Item::Entry(_) => None,
            Item::Audit(seq) => desk.audit.iter().find(|row| row.seq == *seq),
        }
    }
}

fn folded_entry(entry: &Entry) -> String {
    let (mark, _) = mark(entry);
    format!(
        "{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{mark:?}",
        entry.name,
        entry.field().as_str(),
        entry.base.compact(),
        entry.wanted.compact(),
        entry.state.word(),
        entry.author,
    )
    .to_lowercase()
}

fn folded_audit(row: &AuditRow) -> String {
    let compact: String = row.change.split(' ').collect();
    format!(
        "{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{compact}\u{1f}{}",
        row.name, row.author, row.action, row.change, row.outcome
    )
    .to_lowercase()
}

/// Glyph and word of an entry.
pub fn mark(entry: &Entry) -> (Mark, &'static str) {
    let mark = match entry.state {
        EntryState::Queued
        | EntryState::Held { .. }
        | EntryState::InFlight { .. }
        | EntryState::Accepted { .. } => Mark::Queued,
        EntryState::Applied { .. } => Mark::Waiting,
        EntryState::Unknown { .. } => Mark::Unknown,
        EntryState::Conflict { .. } => Mark::Conflict,
        EntryState::Rejected { .. } => Mark::Refused,
    };
    (mark, entry.state.word())
}

/// `+1 425 555 0100 -> +1 425 555 0199`.
pub fn change(entry: &Entry) -> String {
    format!("{} -> {}", entry.base.shown(), entry.wanted.shown())
}

/// Everything about an entry.
pub fn detail(entry: &Entry, now: Timestamp) -> Doc {
    let mut doc = Doc::default();
    let (mark, word) = mark(entry);
    doc.item(
        mark.tone(),
        "State    ",
        &format!("{word}{}", waits(entry, now)),
    );
    if let EntryState::Rejected { cause, raw, hint } = &entry.state {
        doc.item(Tone::Bad, "Cause    ", cause);
        doc.item(Tone::Plain, "To do    ", hint);
        doc.item(Tone::Dim, "Came back", &format!(" {raw}"));
    }
    doc.item(
        Tone::Plain,
        "Change   ",
        &format!("{} of {}", entry.field().as_str(), entry.name),
    );
    doc.item(Tone::Plain, "         ", &change(entry));
    if let EntryState::Conflict { theirs } = &entry.state {
        doc.item(
            Tone::Bad,
            "Tenant   ",
            &format!("has {} now; Enter decides", theirs.shown()),
        );
    }
    doc.item(
        Tone::Dim,
        "Made     ",
        &format!(
            "{} by {}",
            clock_or_day(entry.created_at, now),
            entry.author
        ),
    );
    doc.item(Tone::Dim, "Changed  ", &clock_or_day(entry.updated_at, now));
    doc
}

/// What an entry waits for, and until when.
pub fn waits(entry: &Entry, now: Timestamp) -> String {
    match &entry.state {
        EntryState::Queued => ": waits for the plan to be applied (p)".to_owned(),
        EntryState::Held { why } => format!(": {why}"),
        EntryState::InFlight { step, attempt } => {
            format!(": {}, attempt {attempt}", step.as_str())
        }
        EntryState::Accepted { step, operation } => {
            format!(": {} accepted as {operation}", step.as_str())
        }
        EntryState::Applied { visible_by } => {
            format!(
                ": done, visible everywhere by {}",
                clock_or_day(*visible_by, now)
            )
        }
        EntryState::Unknown { step } => {
            format!(
                ": it is not known whether the {} took effect; the next run reads it, and sends nothing blindly",
                step.as_str()
            )
        }
        EntryState::Conflict { .. } | EntryState::Rejected { .. } => String::new(),
    }
}
