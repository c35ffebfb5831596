//! Pane 4: what waits in the outbox, and under it what was done, from the audit.

use std::borrow::Cow;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::app::cursor::{Cursor, Move};
use crate::app::doc::{Doc, Tone};
use crate::app::filter::Filter;
use crate::app::keymap::Keymap;
use crate::app::mend::written;
use crate::app::sync::{Course, Run};
use crate::domain::guid::{Guid, ObjectId};
use crate::domain::outbox::{Entry, EntryId, EntryState, Step, happened};
use crate::domain::phone::PhoneNumber;
use crate::domain::planning;
use crate::domain::text::Label;
use crate::domain::user::{Field, Value};
use crate::domain::words;
use crate::roster::Roster;
use crate::roster::desk::{AuditRow, Desk};
use crate::roster::query::Field as Column;

use super::Mark;

/// State of the pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Changes {
    /// Its filter.
    pub filter: Filter,
    /// Its cursor, over both lists.
    pub cursor: Cursor<Item>,
    /// Rows shown: entries, then audit lines, the newest of each first.
    pub shown: Vec<Item>,
    /// How many of them are entries.
    pub waiting: usize,
    /// Entries that are marked, to be undone together.
    pub marked: BTreeSet<EntryId>,
    /// First row shown of each list.
    pub tops: Tops,
    /// Whether rows or filter have changed since they were computed.
    pub stale: bool,
}

/// First row shown of each list of the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tops {
    /// Of what waits.
    pub waiting: usize,
    /// Of what was done.
    pub done: usize,
}

/// Rows that each list of the pane has on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Rows {
    /// Of what waits.
    pub waiting: usize,
    /// Of what was done.
    pub done: usize,
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
    /// How many rows each list has.
    pub fn counts(&self) -> (usize, usize) {
        (self.waiting, self.shown.len() - self.waiting)
    }

    /// Computes the rows again if something has changed.
    pub fn refresh(&mut self, desk: &Desk) {
        if !std::mem::take(&mut self.stale) {
            return;
        }
        let waits = |id: &EntryId| {
            let mut entries = desk.entries.iter();
            entries.any(|entry| entry.id == *id && entry.state.is_ours())
        };
        let written = |id: &EntryId| {
            let mut rows = desk.audit.iter();
            rows.any(|row| row.entry == Some(*id) && written(desk, row).is_some())
        };
        self.marked.retain(|id| waits(id) || written(id));
        let query = self.filter.row_query();
        let mut entries: Vec<&Entry> = desk
            .entries
            .iter()
            .filter(|entry| {
                query.matches_row(&folded_entry(entry), |field| entry_cell(entry, field))
            })
            .collect();
        entries.sort_by_key(|entry| std::cmp::Reverse((entry.created_at, entry.id)));
        let audit = done(desk, |row| {
            query.matches_row(&folded_audit(row), |field| audit_cell(row, field))
        });
        self.waiting = entries.len();
        self.shown = entries
            .into_iter()
            .map(|entry| Item::Entry(entry.id))
            .chain(audit.into_iter().map(|row| Item::Audit(row.seq)))
            .collect();
    }

    /// `5 marked, 3 not shown`; `None` when none is.
    pub fn marks(&self, desk: &Desk) -> Option<String> {
        let is_marked = |item: &&Item| self.is_marked(**item, desk);
        let shown = self.shown.iter().filter(is_marked).count();
        let marked = self.marked.len();
        words::marked(marked, marked.saturating_sub(shown))
    }

    /// Finds the cursor's row again, and scrolls both lists.
    pub fn settle(&mut self, rows: Rows) {
        let shown = &self.shown;
        self.cursor.settle(
            (shown.len(), rows.waiting + rows.done),
            |item| shown.iter().position(|shown| *shown == item),
            |n| shown.get(n).copied(),
        );
        self.scroll(rows);
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, rows: Rows) {
        let shown = &self.shown;
        let height = rows.waiting.max(rows.done);
        self.cursor
            .step(step, (shown.len(), height), |n| shown.get(n).copied());
        self.scroll(rows);
    }

    fn scroll(&mut self, rows: Rows) {
        let (waiting, done) = self.counts();
        let index = self.cursor.index;
        let in_done = index.checked_sub(waiting).filter(|_| done > 0);
        // The list that the cursor is not in stays at the end that is nearer to it.
        let above = in_done.map_or(index, |_| waiting.saturating_sub(1));
        self.tops.waiting = top(self.tops.waiting, above, (waiting, rows.waiting));
        self.tops.done = top(
            self.tops.done,
            in_done.unwrap_or_default(),
            (done, rows.done),
        );
    }

    /// The pane is entered: the cursor is on the newest of what waits, which is what was done last.
    pub fn enter(&mut self) {
        self.cursor = Cursor::default();
    }

    /// The change under the cursor, if it can be undone: it waits unsent, or was written.
    pub fn markable(&self, desk: &Desk) -> Option<EntryId> {
        let waits = self.entry(desk).filter(|entry| entry.state.is_ours());
        waits
            .map(|entry| entry.id)
            .or_else(|| written(desk, self.audit(desk)?))
    }

    /// Marks the entry under the cursor, or takes its mark away.
    pub fn mark(&mut self, desk: &Desk) {
        if let Some(id) = self.markable(desk)
            && !self.marked.remove(&id)
        {
            self.marked.insert(id);
        }
    }

    /// All of the list under the cursor that are shown and can be undone.
    pub fn all_markable(&self, desk: &Desk) -> BTreeSet<EntryId> {
        if self.audit(desk).is_some() {
            let shown = |seq: i64| self.shown.contains(&Item::Audit(seq));
            return desk
                .audit
                .iter()
                .filter(|row| shown(row.seq))
                .filter_map(|row| written(desk, row))
                .collect();
        }
        let shown = |id: EntryId| self.shown.contains(&Item::Entry(id));
        desk.entries
            .iter()
            .filter(|entry| entry.state.is_ours() && shown(entry.id))
            .map(|entry| entry.id)
            .collect()
    }

    /// Whether a row has a mark.
    pub fn is_marked(&self, item: Item, desk: &Desk) -> bool {
        if self.marked.is_empty() {
            return false;
        }
        match item {
            Item::Entry(id) => self.marked.contains(&id),
            Item::Audit(seq) => desk
                .audit
                .iter()
                .find(|row| row.seq == seq && row.action == "confirmed")
                .and_then(|row| row.entry)
                .is_some_and(|id| self.marked.contains(&id)),
        }
    }

    /// Marks all that are shown and can be undone, or takes their marks away.
    pub fn mark_all(&mut self, desk: &Desk) {
        let all = self.all_markable(desk);
        if all.is_subset(&self.marked) {
            self.marked.retain(|id| !all.contains(id));
        } else {
            self.marked.extend(all);
        }
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

/// What was done, the newest first: of each change the row that it ended with, and none of one that still waits above. A change is
/// found by any of its rows.
fn done(desk: &Desk, found: impl Fn(&AuditRow) -> bool) -> Vec<&AuditRow> {
    let waiting: BTreeSet<EntryId> = desk.entries.iter().map(|entry| entry.id).collect();
    let hits: BTreeSet<EntryId> = desk
        .audit
        .iter()
        .filter(|row| row.entry.is_some() && found(row))
        .filter_map(|row| row.entry)
        .collect();
    let mut rows: Vec<&AuditRow> = desk.audit.iter().collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row.seq));
    let mut told = BTreeSet::new();
    rows.retain(|row| match row.entry {
        Some(entry) => hits.contains(&entry) && !waiting.contains(&entry) && told.insert(entry),
        None => found(row),
    });
    rows
}

/// The rows of the change that a row is the end of, the oldest first; none where it is the only one.
pub fn steps<'a>(row: &AuditRow, desk: &'a Desk) -> Vec<&'a AuditRow> {
    let same = |other: &&AuditRow| row.entry.is_some() && other.entry == row.entry;
    let mut rows: Vec<&AuditRow> = desk.audit.iter().filter(same).collect();
    rows.sort_by_key(|row| row.seq);
    if rows.len() < 2 {
        rows.clear();
    }
    rows
}

/// What a row changed from the change's beginning on: once a number was released, the change itself knows none before.
pub fn whole(row: &AuditRow, desk: &Desk) -> String {
    let Some(new) = row.change.strip_prefix("number none -> ") else {
        return row.change.clone();
    };
    let released = desk.audit.iter().find(|other| {
        row.entry.is_some()
            && other.entry == row.entry
            && other.action == "released"
            && other.name == row.name
    });
    released
        .and_then(|other| other.change.strip_suffix(" -> none"))
        .map_or_else(|| row.change.clone(), |old| format!("{old} -> {new}"))
}

/// The first row shown, so that `index` is among `height` rows and no room is left at the end.
fn top(top: usize, index: usize, (len, height): (usize, usize)) -> usize {
    let height = height.max(1);
    let least = (index + 1).saturating_sub(height);
    top.clamp(least, index.max(least))
        .min(len.saturating_sub(height))
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

/// The columns that the filter can name.
pub const FIELDS: [Column; 6] = [
    Column::Name,
    Column::Kind,
    Column::Number,
    Column::Country,
    Column::State,
    Column::By,
];

/// What stands in a column of what waits, in lower case.
fn entry_cell(entry: &Entry, field: Column) -> Option<Cow<'static, str>> {
    let what = entry.field();
    let values = |is_it: bool| {
        let values = is_it.then(|| format!("{} {}", entry.base.compact(), entry.wanted.compact()));
        values.unwrap_or_default()
    };
    let text = match field {
        Column::Name => entry.name.clone(),
        Column::Kind => what.as_str().to_owned(),
        Column::Number => values(what == Field::Number),
        Column::Country => values(what == Field::Country),
        Column::State => entry.state.word().to_owned(),
        Column::By => entry.author.clone(),
        _ => return None,
    };
    Some(Cow::Owned(text.to_lowercase()))
}

/// What stands in a column of what was done, in lower case.
fn audit_cell(row: &AuditRow, field: Column) -> Option<Cow<'static, str>> {
    let values = |what: &str| row.change.strip_prefix(what).unwrap_or_default();
    let text = match field {
        Column::Name => row.name.clone(),
        Column::Kind => row.change.split(' ').next().unwrap_or_default().to_owned(),
        Column::Number => values("number ").replace(' ', ""),
        Column::Country => values("country ").to_owned(),
        Column::State => format!("{} {}", row.action, row.outcome),
        Column::By => row.author.clone(),
        _ => return None,
    };
    Some(Cow::Owned(text.to_lowercase()))
}

fn folded_audit(row: &AuditRow) -> String {
    let compact: String = row.change.split(' ').collect();
    format!(
        "{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{compact}\u{1f}{}\u{1f}{}\u{1f}{}",
        row.name,
        row.author,
        row.action,
        row.change,
        row.outcome,
        row.ticket,
        row.at.strftime("%Y-%m-%d %H:%MZ")
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

/// `+1 425 555 0100 -> +1 425 555 0199`, `country FR -> GB`: a number needs no word that says so.
pub fn change(entry: &Entry) -> String {
    let arrow = format!("{} -> {}", entry.had().shown(), entry.wanted.shown());
    match (&entry.wanted, &entry.takes_from) {
        (Value::Number(_), Some(giver)) => {
            format!("{} from {}", entry.wanted.shown(), Label::new(&giver.name))
        }
        (Value::Number(_), None) => arrow,
        (Value::Country(_), _) => format!("country {arrow}"),
        (Value::Plan { .. } | Value::Licence { .. }, _) => entry.wanted.shown(),
        (Value::Added(_), _) => words::WHEN_ELIGIBLE.to_owned(),
    }
}

/// What an audit line changed, for eyes: numbers spaced, people by name instead of by id.
pub fn audited(change: &str, roster: &Roster) -> String {
    let text = change.strip_prefix("number ").unwrap_or(change);
    text.split(' ')
        .map(|word| named(word, roster))
        .collect::<Vec<_>>()
        .join(" ")
}

fn named(word: &str, roster: &Roster) -> String {
    if word.starts_with('+')
        && let Some(number) = PhoneNumber::from_tenant(word)
    {
        return number.spaced();
    }
    let (lead, id) = match word.rsplit_once(':') {
        Some((lead, id)) => (format!("{lead} "), id),
        None => (String::new(), word),
    };
    match id.parse::<Guid>().map(ObjectId) {
        Ok(id) => match roster.find(id) {
            Some(person) => format!("{lead}{}", person.name),
            None => format!("{lead}{}", &id.to_string()[..8]),
        },
        Err(_) => word.to_owned(),
    }
}

/// What a request of an entry is about: the number that it takes away, or the value that it gives.
pub fn step(entry: &Entry, step: Step) -> String {
    let value = match (step, &entry.silences) {
        (Step::Release, Some(number)) => number.spaced(),
        (Step::Release, None) if entry.takes_from.is_none() => entry.had().shown(),
        _ => entry.wanted.shown(),
    };
    format!("{} of {value}", step.as_str())
}

/// How a time is shown.
pub type Clock<'a> = &'a dyn Fn(Timestamp) -> String;

/// Everything about an audit line.
pub fn audit_detail(row: &AuditRow, (desk, roster): (&Desk, &Roster), when: Clock<'_>) -> Doc {
    let mut doc = Doc::default();
    doc.item(Tone::Strong, "Whose    ", &row.name);
    doc.item(Tone::Plain, "Done     ", happened(&row.action));
    doc.item(
        Tone::Plain,
        "Change   ",
        &audited(&whole(row, desk), roster),
    );
    if !row.outcome.is_empty() {
        doc.item(Tone::Plain, "Before   ", &row.outcome);
    }
    doc.item(
        Tone::Dim,
        "When     ",
        &format!("{} by {}", when(row.at), row.author),
    );
    if !row.ticket.is_empty() {
        doc.item(Tone::Dim, "Ticket   ", &row.ticket);
    }
    doc
}

/// Why a queued change would not be written now, as far as that can be told from the files.
pub fn held(entry: &Entry, desk: &Desk) -> Option<String> {
    planning::held_back_for(entry, &desk.entries, |id| {
        let mut rows = desk.users.iter();
        let row = rows.find(|row| row.user.id == id)?;
        Some((&row.user, row.status))
    })
}

/// What stands around an entry that is explained.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// All that this side holds.
    pub desk: &'a Desk,
    /// The run that is under way.
    pub run: Option<&'a Run>,
    /// The keys of actions that the words name.
    pub keys: &'a Keymap,
}

/// Everything about an entry.
pub fn detail(entry: &Entry, around: Around<'_>, when: Clock<'_>) -> Doc {
    let Around { desk, run, keys } = around;
    let mut doc = Doc::default();
    let (mark, word) = mark(entry);
    let state = match held(entry, desk).filter(|_| !run.is_some_and(|run| run.carries(entry))) {
        Some(why) => format!("held: {why}"),
        None => format!("{word}{}", keys.fill(&waits(entry, run, when))),
    };
    doc.item(mark.tone(), "State    ", &state);
    if let EntryState::Rejected { cause, raw, hint } = &entry.state {
        doc.item(Tone::Bad, "Cause    ", cause);
        doc.item(Tone::Plain, "To do    ", hint);
        doc.item(Tone::Plain, "Again    ", &keys.fill(again(entry)));
        doc.item(Tone::Dim, "Came back", &format!(" {raw}"));
    }
    doc.item(
        Tone::Plain,
        "Change   ",
        &format!("{} of {}", entry.field().as_str(), entry.name),
    );
    doc.item(
        Tone::Plain,
        "         ",
        &format!("{} -> {}", entry.had().shown(), entry.wanted.shown()),
    );
    if let Some(owed) = entry.owed_words() {
        let (tone, ways) = match run.filter(|run| run.carries(entry)) {
            // What it is about to give is nobody's to mend meanwhile.
            Some(run) => (
                Tone::Busy,
                format!(
                    "{} is at it, and goes on to {}",
                    run.name(),
                    entry.wanted.shown()
                ),
            ),
            None => (
                Tone::Bad,
                entry.ways_on(
                    &keys.fill("{plan} then {apply}"),
                    &keys.fill("{undo}, {plan}, {apply} give it back"),
                ),
            ),
        };
        doc.item(tone, "Released ", &format!("{owed}: {ways}"));
    }
    if let EntryState::Conflict { theirs } = &entry.state {
        doc.item(
            Tone::Bad,
            "Tenant   ",
            &keys.fill(&format!("has {} now; {{open}} decides", theirs.shown())),
        );
    }
    doc.item(
        Tone::Dim,
        "Made     ",
        &format!("{} by {}", when(entry.created_at), entry.author),
    );
    doc.item(Tone::Dim, "Changed  ", &when(entry.updated_at));
    if let EntryState::Accepted { operation, .. } = &entry.state {
        // A ticket at Microsoft asks for it.
        let id = operation.rsplit('/').next().unwrap_or(operation);
        doc.item(Tone::Dim, "At Teams ", id);
    }
    doc
}

/// How a change that was refused is made again: none is sent again by itself.
fn again(entry: &Entry) -> &'static str {
    match (entry.user, entry.field()) {
        (Some(_), Field::Number | Field::Country) if entry.takes_from.is_none() => {
            "{edit} on this user in 1 Users, then {save}, queues it again; {undo} drops it"
        }
        (_, Field::Number) if entry.takes_from.is_some() => {
            "{move-number} moves the number again; {undo} drops this"
        }
        _ => "{why} on this user offers it again; {undo} drops this",
    }
}

/// What an entry waits for, and until when; `run` is the one that is under way.
pub fn waits(entry: &Entry, run: Option<&Run>, when: Clock<'_>) -> String {
    match &entry.state {
        EntryState::Queued => match run.filter(|run| run.carries(entry)) {
            Some(run) if run.course == Course::Stopping => {
                format!(
                    ": {} stops, and leaves what it has not begun queued",
                    run.name()
                )
            }
            Some(run) => format!(": {} writes it when its turn comes", run.name()),
            None => ": waits for its plan to be applied: {plan}, then {apply}".to_owned(),
        },
        EntryState::Held { why } => format!(": {why}"),
        EntryState::InFlight { step, attempt } => {
            format!(": {}, attempt {attempt}", self::step(entry, *step))
        }
        EntryState::Accepted { step, .. } => {
            format!(
                ": {} accepted by Teams {}; it is read back until it shows",
                self::step(entry, *step),
                when(entry.updated_at)
            )
        }
        EntryState::Applied { visible_by } => {
            format!(": done, visible everywhere by {}", when(*visible_by))
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
