//! Pane 6: the tenant's numbers, who has each, and what is odd about it. This side's wishes are laid over it here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::app::cursor::{Cursor, Move};
use crate::app::doc::{Doc, Tone};
use crate::app::filter::Filter;
use crate::app::marks::Marks;
use crate::app::tables::Direction;
use crate::domain::directory::{Activation, NumberSource};
use crate::domain::outbox::{Entry, EntryState};
use crate::domain::phone::PhoneNumber;
use crate::roster::inventory::{
    Inventory, NumberRow, Standing, activation_words, kind_code, kind_words, source_words,
    use_words,
};
use crate::roster::query::Field;
use crate::roster::wishes::Wishes;

use super::{Mark, changes};

/// State of the pane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Numbers {
    /// Its filter.
    pub filter: Filter,
    /// Its order.
    pub sort: Sort,
    /// Its direction.
    pub direction: Direction,
    /// The numbers that are marked, to be copied.
    pub marks: Marks<u32>,
    /// Its cursor, by the key of the row.
    pub cursor: Cursor<u32>,
    /// Places in the inventory of the rows shown, in order.
    pub shown: Vec<u32>,
    /// How many there are of which standing.
    pub counts: Counts,
    /// Whether rows, filter or order have changed since they were computed.
    pub stale: bool,
}

/// How many numbers there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Nobody has them.
    pub free: usize,
    /// Somebody has them.
    pub assigned: usize,
    /// Assigned to nobody that can be found.
    pub phantom: usize,
    /// They serve nobody, or cannot be moved from here.
    pub blocked: usize,
}

/// Order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By number.
    #[default]
    Number,
    /// What is odd first, then what is free.
    State,
    /// By holder, those without last.
    Holder,
    /// By type.
    Type,
    /// By country, blank last.
    Country,
    /// By what is odd or coming, blank last.
    Note,
}

impl Sort {
    /// The next order.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Number => Self::State,
            Self::State => Self::Holder,
            Self::Holder => Self::Type,
            Self::Type => Self::Country,
            Self::Country => Self::Note,
            Self::Note => Self::Number,
        }
    }

    /// The order of a word.
    pub fn of(word: &str) -> Option<Self> {
        let all = [
            Self::Number,
            Self::State,
            Self::Holder,
            Self::Type,
            Self::Country,
            Self::Note,
        ];
        all.into_iter().find(|sort| sort.word() == word)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::State => "state",
            Self::Holder => "holder",
            Self::Type => "type",
            Self::Country => "country",
            Self::Note => "note",
        }
    }
}

/// What the row of a number says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// As a glyph.
    pub mark: Mark,
    /// As a word.
    pub word: &'static str,
    /// What is odd, or coming.
    pub note: String,
}

impl Numbers {
    /// Computes the rows again if something has changed.
    pub fn settle(&mut self, inventory: &Inventory, wishes: &Wishes<'_>, height: usize) {
        if std::mem::take(&mut self.stale) {
            let query = self.filter.row_query();
            let mut folded = String::new();
            let rows = (0u32..).zip(&inventory.numbers);
            self.shown = rows
                .filter(|(place, row)| {
                    query.is_empty() || {
                        inventory.folded(*place as usize, wishes, &mut folded);
                        query.matches_row(&folded, |field| cell(row, wishes, field))
                    }
                })
                .map(|(place, _)| place)
                .collect();
            self.order(inventory, wishes);
            let seek = std::mem::take(&mut self.filter.seek);
            self.cursor.seek(seek, || {
                let filter = &self.filter;
                filter.first(&self.shown, |place| {
                    let row = inventory.numbers.get(place as usize);
                    row.and_then(NumberRow::holder)
                        .is_some_and(|owner| filter.starts(owner.name()))
                })
            });
            self.counts = counts(inventory);
        }
        let shown = &self.shown;
        self.cursor.settle(
            (shown.len(), height),
            |key| shown.iter().position(|place| *place == key),
            |n| shown.get(n).copied(),
        );
    }

    fn order(&mut self, inventory: &Inventory, wishes: &Wishes<'_>) {
        let row = |place: &u32| inventory.numbers.get(*place as usize);
        match self.sort {
            Sort::Number => {}
            Sort::State => self.shown.sort_by_cached_key(|place| {
                row(place).map(|row| {
                    let state = state(row, wishes);
                    (state.mark, row.standing(), state.note)
                })
            }),
            Sort::Holder => self.shown.sort_by_cached_key(|place| {
                let name = row(place)
                    .and_then(NumberRow::holder)
                    .map(|owner| owner.name().to_lowercase());
                (name.is_none(), name)
            }),
            Sort::Type => self
                .shown
                .sort_by_key(|place| row(place).map(|row| row.record.kind)),
            Sort::Country => self.shown.sort_by_key(|place| {
                let country = row(place).and_then(|row| row.country);
                (country.is_none(), country)
            }),
            Sort::Note => self.shown.sort_by_cached_key(|place| {
                let note = row(place).map(|row| state(row, wishes).note);
                let note = note.unwrap_or_default();
                (note.is_empty(), note)
            }),
        }
        let sort = self.sort;
        self.direction.apply(&mut self.shown, |place| {
            row(place).is_some_and(|row| match sort {
                Sort::Number | Sort::State | Sort::Type => false,
                Sort::Holder => row.holder().is_none(),
                Sort::Country => row.country.is_none(),
                Sort::Note => state(row, wishes).note.is_empty(),
            })
        });
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, height: usize) {
        let shown = &self.shown;
        self.cursor
            .step(step, (shown.len(), height), |n| shown.get(n).copied());
    }

    /// The row under the cursor.
    pub fn row<'a>(&self, inventory: &'a Inventory) -> Option<&'a NumberRow> {
        let place = *self.shown.get(self.cursor.index)?;
        inventory
            .numbers
            .get(place as usize)
            .filter(|row| Some(row.key) == self.cursor.key)
    }

    /// Another inventory: the cursor stays on its number, and so do the marks.
    pub fn follow(&mut self, old: &Inventory, new: &Inventory) {
        let number = self
            .cursor
            .key
            .and_then(|key| old.numbers.get(key as usize))
            .map(|row| &row.record.number);
        if let Some(place) = number.and_then(|number| new.place_of(number)) {
            self.cursor.key = u32::try_from(place).ok();
        }
        let places: BTreeMap<&PhoneNumber, u32> = (0u32..)
            .zip(&new.numbers)
            .filter(|_| !self.marks.is_empty())
            .map(|(place, row)| (&row.record.number, place))
            .collect();
        self.marks.follow(|key| {
            let row = old.numbers.get(key as usize)?;
            places.get(&row.record.number).copied()
        });
        self.stale = true;
    }
}

/// The columns that the filter can name.
pub const FIELDS: [Field; 6] = [
    Field::Number,
    Field::State,
    Field::Kind,
    Field::Holder,
    Field::Country,
    Field::Cause,
];

/// What stands in a column, in lower case.
pub fn cell(row: &NumberRow, wishes: &Wishes<'_>, field: Field) -> Option<Cow<'static, str>> {
    let text = match field {
        Field::Number => row.record.number.to_string(),
        Field::State => row.standing().word().to_owned(),
        Field::Kind => format!(
            "{} {}",
            kind_words(row.record.kind),
            kind_code(row.record.kind)
        ),
        Field::Holder => {
            let holder = row.holder();
            holder
                .map(|owner| owner.name().to_owned())
                .unwrap_or_default()
        }
        Field::Country => row.country.map(|c| c.to_string()).unwrap_or_default(),
        Field::Cause => state(row, wishes).note,
        Field::Name | Field::Mail | Field::SignIn | Field::By => return None,
    };
    Some(Cow::Owned(text.to_lowercase()))
}

fn counts(inventory: &Inventory) -> Counts {
    let mut counts = Counts::default();
    for row in &inventory.numbers {
        match row.standing() {
            Standing::Free => counts.free += 1,
            Standing::Assigned => counts.assigned += 1,
            Standing::Phantom => counts.phantom += 1,
        }
        counts.blocked += usize::from(row.blocked().is_some());
    }
    counts
}

/// What the row of a number says of it, the oddest first.
pub fn state(row: &NumberRow, wishes: &Wishes<'_>) -> State {
    let pending = wishes.pending(row);
    let rivals = wishes.rivals(row);
    let blocked = row.blocked();
    let mut notes: Vec<String> = Vec::new();
    if row.twice {
        notes.push("listed twice".to_owned());
    }
    if !rivals.is_empty() {
        notes.push(format!("wanted by {}", rivals.join(" and ")));
    }
    notes.extend(blocked.map(|blocked| blocked.words().to_owned()));
    if row.record.activation == Activation::Pending {
        notes.push("activation pending".to_owned());
    }
    let mark = if !notes.is_empty() {
        Mark::Warning
    } else if pending.is_some() {
        entry_mark(row, wishes)
    } else {
        Mark::Blank
    };
    notes.extend(pending.filter(|_| rivals.is_empty()));
    if notes.is_empty() && row.holder().is_some() && wishes.user(row).is_none() {
        notes.push("not added".to_owned());
    }
    State {
        mark,
        word: row.standing().word(),
        note: notes.join("; "),
    }
}

fn entry_mark(row: &NumberRow, wishes: &Wishes<'_>) -> Mark {
    let entries = wishes
        .wanted(row)
        .iter()
        .copied()
        .chain(wishes.given_up(row));
    entries
        .map(|entry| changes::mark(entry).0)
        .min()
        .unwrap_or(Mark::Blank)
}

/// Everything about a number, in a few lines.
pub fn detail(row: &NumberRow, wishes: &Wishes<'_>) -> Doc {
    let mut doc = Doc::default();
    let state = state(row, wishes);
    let number = row.record.number.spaced();
    let tone = match state.mark {
        Mark::Blank => Tone::Strong,
        mark => mark.tone(),
    };
    let note = if state.mark == Mark::Blank {
        String::new()
    } else {
        format!(": {}", state.note)
    };
    doc.line(tone, &format!("{number}  {}{note}", state.word));
    doc.line(Tone::Plain, &facts(row));
    match (row.holder(), row.record.target) {
        (Some(owner), _) => {
            let kind = if owner.resource {
                "resource account"
            } else {
                "user"
            };
            let here = match wishes.user(row) {
                Some(_) => "configured here, in 1 Users",
                None => "not configured here, in 2 Add users",
            };
            let text = format!("{} <{}>, {kind}, {here}", owner.name(), owner.upn());
            doc.item(Tone::Plain, "held by  ", &text);
        }
        (None, Some(target)) => doc.item(Tone::Plain, "target   ", &target.to_string()),
        (None, None) => doc.item(Tone::Dim, "held by  ", "nobody"),
    }
    let entries = wishes
        .wanted(row)
        .iter()
        .copied()
        .chain(wishes.given_up(row));
    for entry in entries {
        let tone = changes::mark(entry).0.tone();
        doc.item(tone, "change   ", &under_way(entry));
    }
    let configured = wishes.user(row).is_some();
    if let Some(blocked) = row.blocked() {
        doc.item(Tone::Dim, "do       ", blocked.step(configured));
    } else if row.twice {
        let text = "The tenant lists this number twice: sync again, then ask Microsoft which record is right.";
        doc.item(Tone::Dim, "do       ", text);
    }
    doc
}

/// `Direct Routing, online, activated, GB; used for an attendant or queue`.
fn facts(row: &NumberRow) -> String {
    let record = &row.record;
    let mut parts = vec![kind_words(record.kind).to_owned()];
    if record.source != NumberSource::Unknown {
        parts.push(source_words(record.source).to_owned());
    }
    parts.extend(activation_words(record.activation).map(ToOwned::to_owned));
    parts.extend(row.country.map(|country| country.to_string()));
    if !record.primary && record.target.is_some() {
        parts.push("not the primary number".to_owned());
    }
    if row.standing() != Standing::Free {
        parts.push(format!("assigned as {}", use_words(record.status)));
    }
    parts.join(", ")
}

fn under_way(entry: &Entry) -> String {
    let what = format!("{} {}", entry.name, changes::change(entry));
    match &entry.state {
        EntryState::Accepted { operation, .. } => {
            // The operation's id is what a ticket at Microsoft asks for.
            let id = operation.rsplit('/').next().unwrap_or(operation);
            format!("{what}, accepted as {id}")
        }
        EntryState::InFlight { step, .. } => format!("{what}, sending {}", step.as_str()),
        state => format!("{what}, {}", state.word()),
    }
}
