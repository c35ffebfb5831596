//! Pane 1: the configured users, each with the most urgent thing that is to be said of it.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::app::cursor::{Cursor, Move};
use crate::app::filter::Filter;
use crate::app::sync::clock_or_day;
use crate::app::tables::Direction;
use crate::domain::gate::{FirstCause, Warning};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Entry, EntryState};
use crate::domain::user::{Field, LicenseStatus, UnlicensedCause, UserId, Value};
use crate::domain::words;
use crate::roster::desk::{Desk, DeskUser};
use crate::roster::query::{Field as Column, Query};

use super::Mark;

/// State of the pane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Users {
    /// Its filter.
    pub filter: Filter,
    /// Its order.
    pub sort: Sort,
    /// Its direction.
    pub direction: Direction,
    /// Its cursor.
    pub cursor: Cursor<UserId>,
    /// Places in `Desk::users` of the rows shown, in order.
    pub shown: Vec<usize>,
    /// Who is marked, shown or not.
    pub marked: BTreeSet<UserId>,
    /// Who was marked last: a range begins there.
    pub last_mark: Option<UserId>,
    /// Whose change was read back from the tenant since the last run began, and when that was seen.
    pub written: Vec<(UserId, Timestamp)>,
    /// Whose number is queued to go to somebody else, and to whom.
    pub giving: Vec<(ObjectId, String)>,
    /// Whether rows, filter or order have changed since they were computed.
    pub stale: bool,
}

/// Order of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    /// By name.
    #[default]
    Name,
    /// By number.
    Number,
    /// The most urgent first.
    State,
    /// By country.
    Country,
    /// By cause.
    Cause,
    /// By e-mail address.
    Mail,
}

impl Sort {
    /// The next order.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::Name => Self::Number,
            Self::Number => Self::State,
            Self::State => Self::Country,
            Self::Country => Self::Cause,
            Self::Cause => Self::Mail,
            Self::Mail => Self::Name,
        }
    }

    /// The order of a word.
    pub fn of(word: &str) -> Option<Self> {
        let all = [
            Self::Name,
            Self::Number,
            Self::State,
            Self::Country,
            Self::Cause,
            Self::Mail,
        ];
        all.into_iter().find(|sort| sort.word() == word)
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Number => "number",
            Self::State => "state",
            Self::Country => "country",
            Self::Cause => "cause",
            Self::Mail => "e-mail",
        }
    }
}

/// What the row of a user says of its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// As a glyph.
    pub mark: Mark,
    /// As a word.
    pub word: &'static str,
    /// Why, or what is coming.
    pub cause: String,
}

impl Users {
    /// Computes the rows again if something has changed.
    pub fn settle(&mut self, desk: &Desk, now: Timestamp, height: usize) {
        if std::mem::take(&mut self.stale) {
            let query = self.filter.row_query();
            self.giving = desk
                .entries
                .iter()
                .filter_map(|entry| Some((entry.takes_from.as_ref()?.id, entry.name.clone())))
                .collect();
            self.shown = (0..desk.users.len())
                .filter(|&n| {
                    let row = &desk.users[n];
                    query.is_empty() || matches(&query, row, &self.state(row, now))
                })
                .collect();
            let sort = self.sort;
            self.shown
                .sort_by_cached_key(|&n| Key::new(&desk.users[n], sort, now));
            self.direction.apply(&mut self.shown, |&n| {
                let row = &desk.users[n];
                match sort {
                    Sort::Name | Sort::State => false,
                    Sort::Number => row.user.number.is_none(),
                    Sort::Country => row.user.country.is_none(),
                    Sort::Cause => state(row, now).cause.is_empty(),
                    Sort::Mail => row.user.mail.is_empty(),
                }
            });
            let seek = std::mem::take(&mut self.filter.seek);
            self.cursor.seek(seek, || {
                let filter = &self.filter;
                let first =
                    filter.first(&self.shown, |n| filter.starts(&desk.users[n].user.name))?;
                Some(desk.users[first].user.id)
            });
        }
        let shown = &self.shown;
        self.cursor.settle(
            (shown.len(), height),
            |id| shown.iter().position(|&n| desk.users[n].user.id == id),
            |n| shown.get(n).map(|&n| desk.users[n].user.id),
        );
    }

    /// What the row of a user says: what was just written is said until the next run.
    pub fn state(&self, row: &DeskUser, now: Timestamp) -> State {
        let mut state = state(row, now);
        let held = row.user.association.id();
        let giving = self.giving.iter().find(|(id, _)| Some(*id) == held);
        if let (Some((_, to)), "ok" | "warning") = (giving, state.word) {
            return State {
                mark: Mark::Queued,
                word: "queued",
                cause: format!("its number goes to {to}"),
            };
        }
        let written = self.written.iter().find(|(id, _)| *id == row.user.id);
        if let (Some((_, at)), "ok" | "warning") = (written, state.word) {
            let rest = if state.cause.is_empty() { "" } else { "; " };
            state.cause = format!("written {}{rest}{}", clock_or_day(*at, now), state.cause);
        }
        state
    }

    /// Another desk: an entry that is gone, and whose value its user has now, was written.
    pub fn see_written(&mut self, old: &Desk, new: &Desk, now: Timestamp) {
        for entry in &old.entries {
            if new.entries.iter().any(|other| other.id == entry.id) {
                continue;
            }
            let row = new.users.iter().find(|row| Some(row.user.id) == entry.user);
            let has = row.is_some_and(|row| match &entry.wanted {
                Value::Number(number) => row.user.number == *number,
                Value::Country(country) => row.user.country == *country,
                Value::Plan { .. } | Value::Licence { .. } | Value::Added(_) => false,
            });
            if let (Some(id), true) = (entry.user, has) {
                self.written.retain(|(other, _)| *other != id);
                self.written.push((id, now));
            }
        }
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, desk: &Desk, height: usize) {
        let shown = &self.shown;
        self.cursor.step(step, (shown.len(), height), |n| {
            shown
                .get(n)
                .and_then(|&n| desk.users.get(n))
                .map(|row| row.user.id)
        });
    }

    /// Marks the row under the cursor, whatever it was before.
    pub fn mark_here(&mut self) {
        if let Some(id) = self.cursor.key.filter(|_| !self.shown.is_empty()) {
            self.marked.insert(id);
            self.last_mark = Some(id);
        }
    }

    /// Marks or unmarks the row under the cursor.
    pub fn mark(&mut self) {
        if let Some(id) = self.cursor.key.filter(|_| !self.shown.is_empty())
            && !self.marked.remove(&id)
        {
            self.marked.insert(id);
        }
        self.last_mark = self.cursor.key.filter(|id| self.marked.contains(id));
    }

    /// Marks the rows from the one that was marked last to the one under the cursor; how many. `None` where none was.
    pub fn mark_range(&mut self, desk: &Desk) -> Option<usize> {
        let place_of = |id: UserId| {
            let mut shown = self.shown.iter();
            shown.position(|&n| desk.users.get(n).is_some_and(|row| row.user.id == id))
        };
        let from = place_of(self.last_mark?)?;
        let to = self.cursor.index;
        let rows = self.shown.get(from.min(to)..=from.max(to))?;
        let ids = rows.iter().filter_map(|&n| desk.users.get(n));
        self.marked.extend(ids.map(|row| row.user.id));
        Some(rows.len())
    }

    /// Marks all rows shown, or takes all their marks away when all have one.
    pub fn mark_all(&mut self, desk: &Desk) {
        let shown = self.shown.iter().filter_map(|&place| desk.users.get(place));
        let shown: Vec<UserId> = shown.map(|row| row.user.id).collect();
        if shown.iter().all(|id| self.marked.contains(id)) {
            for id in &shown {
                self.marked.remove(id);
            }
        } else {
            self.marked.extend(shown);
        }
    }

    /// `5 marked, 3 not shown`; `None` when none is.
    pub fn marks(&self, desk: &Desk) -> Option<String> {
        if self.marked.is_empty() {
            return None;
        }
        let rows = self.shown.iter().filter_map(|&place| desk.users.get(place));
        let shown = rows
            .filter(|row| self.marked.contains(&row.user.id))
            .count();
        let marked = self.marked.len();
        words::marked(marked, marked - shown)
    }

    /// The row under the cursor.
    pub fn row<'a>(&self, desk: &'a Desk) -> Option<&'a DeskUser> {
        let id = self.cursor.key?;
        let place = *self.shown.get(self.cursor.index)?;
        desk.users.get(place).filter(|row| row.user.id == id)
    }
}

/// What rows are sorted by: name breaks every tie.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    blank_last: bool,
    first: String,
    mark: Option<Mark>,
    name: String,
}

impl Key {
    fn new(row: &DeskUser, sort: Sort, now: Timestamp) -> Self {
        let user = &row.user;
        let (first, mark) = match sort {
            Sort::Name => (String::new(), None),
            Sort::Number => (
                user.number
                    .as_ref()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                None,
            ),
            Sort::State => (String::new(), Some(state(row, now).mark)),
            Sort::Cause => (state(row, now).cause.to_lowercase(), None),
            Sort::Mail => (user.mail.to_lowercase(), None),
            Sort::Country => (
                user.country.map(|c| c.to_string()).unwrap_or_default(),
                None,
            ),
        };
        Self {
            blank_last: first.is_empty(),
            first,
            mark,
            name: user.name.to_lowercase(),
        }
    }
}

/// The columns that the filter can name.
pub const FIELDS: [Column; 8] = [
    Column::Name,
    Column::Mail,
    Column::SignIn,
    Column::Number,
    Column::Country,
    Column::State,
    Column::Cause,
    Column::Kind,
];

/// Whether the filter lets a row through.
pub fn matches(query: &Query, row: &DeskUser, state: &State) -> bool {
    query.matches_row(&folded(row, state), |column| {
        let user = &row.user;
        let text = match column {
            Column::Name => user.name.clone(),
            Column::Mail => user.mail.clone(),
            Column::SignIn => row.upn.clone().unwrap_or_default(),
            Column::Number => {
                let number = user.number.as_ref();
                number.map(ToString::to_string).unwrap_or_default()
            }
            Column::Country => user.country.map(|c| c.to_string()).unwrap_or_default(),
            Column::State => state.word.to_owned(),
            Column::Cause => state.cause.clone(),
            Column::Kind => user.kind.as_str().to_owned(),
            Column::Holder | Column::By => return None,
        };
        Some(Cow::Owned(text.to_lowercase()))
    })
}

/// Lower-case text of a row, for the filter.
fn folded(row: &DeskUser, state: &State) -> String {
    let user = &row.user;
    let mut text = format!(
        "{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}\u{1f}{}",
        user.name,
        user.mail,
        row.upn.as_deref().unwrap_or_default(),
        user.number.as_ref().map_or("", |n| n.as_str()),
        state.word,
        state.cause,
    );
    for entry in &row.entries {
        text.push('\u{1f}');
        text.push_str(&entry.wanted.compact());
    }
    if let Some(country) = user.country {
        text.push('\u{1f}');
        text.push_str(country.as_str());
    }
    text.to_lowercase()
}

/// The most urgent thing to be said of a user.
pub fn state(row: &DeskUser, now: Timestamp) -> State {
    let entry = row.entries.iter().min_by(|a, b| urgency(a, b));
    if let Some(entry) = entry
        && let Some(state) = needs_a_person(entry)
    {
        return state;
    }
    if let LicenseStatus::Unlicensed(cause) = row.status {
        let held = match row.entries.len() {
            0 => String::new(),
            1 => "; 1 change held".to_owned(),
            n => format!("; {n} changes held"),
        };
        return State {
            mark: Mark::Warning,
            word: "Unlicensed",
            cause: format!("{}{held}", short(cause)),
        };
    }
    if let Some(entry) = entry {
        return on_its_way(row, entry, now);
    }
    let warning = row
        .cause
        .filter(|cause| !cause.is_candidate() && *cause != FirstCause::Configured)
        .map(short_cause)
        .or_else(|| {
            row.marks
                .warnings()
                .filter(|warning| tells_of_a_user(*warning))
                // Nobody is reached before that is mended.
                .min_by_key(|warning| *warning != Warning::CallsBlocked)
                .map(short_warning)
        });
    match warning {
        Some(words) => State {
            mark: Mark::Warning,
            word: "warning",
            cause: words.to_owned(),
        },
        None => State {
            mark: Mark::Blank,
            word: "ok",
            cause: String::new(),
        },
    }
}

/// A warning as a column has it; `why` has the whole of it.
fn short_warning(warning: Warning) -> &'static str {
    match warning {
        Warning::NoTeams => "no Teams licence",
        Warning::Country => "country differs",
        Warning::CallsBlocked => "calls blocked: voice off",
        Warning::DirsyncNumber => "DirSync'd: number in AD",
        Warning::Room | Warning::NoUsageLocation | Warning::NoName | Warning::NoMail => {
            warning.words()
        }
    }
}

fn short_cause(cause: FirstCause) -> &'static str {
    match cause {
        FirstCause::Unknown => words::PARTLY_READ,
        FirstCause::Unlicensed => "no MS licence",
        _ => cause.words(),
    }
}

fn tells_of_a_user(warning: Warning) -> bool {
    match warning {
        Warning::NoTeams
        | Warning::NoUsageLocation
        | Warning::Country
        | Warning::DirsyncNumber
        | Warning::CallsBlocked => true,
        Warning::Room | Warning::NoName | Warning::NoMail => false,
    }
}

fn urgency(a: &Entry, b: &Entry) -> Ordering {
    let rank = |entry: &Entry| match entry.state {
        EntryState::Conflict { .. } => 0,
        EntryState::Rejected { .. } => 1,
        EntryState::Unknown { .. } => 2,
        EntryState::InFlight { .. } => 3,
        EntryState::Accepted { .. } => 4,
        EntryState::Queued => 5,
        EntryState::Held { .. } => 6,
        EntryState::Applied { .. } => 7,
    };
    (rank(a), a.id).cmp(&(rank(b), b.id))
}

/// A state that only a person resolves, or that nothing is known of: it is said before anything else.
fn needs_a_person(entry: &Entry) -> Option<State> {
    let (mark, cause) = match &entry.state {
        EntryState::Conflict { theirs } => {
            (Mark::Conflict, format!("tenant has {}", theirs.shown()))
        }
        EntryState::Rejected { cause, .. } => (Mark::Refused, cause.clone()),
        EntryState::Unknown { .. } => (Mark::Unknown, "outcome not known: sync".to_owned()),
        EntryState::Queued | EntryState::Held { .. } => {
            // Whoever only sees that a change waits overlooks a telephone that is silent meanwhile.
            let old = entry.owed()?;
            return Some(State {
                mark: Mark::Warning,
                word: "released",
                cause: format!("{} rings nowhere; {}", old.spaced(), arrow(&entry.wanted)),
            });
        }
        EntryState::InFlight { .. } | EntryState::Accepted { .. } | EntryState::Applied { .. } => {
            return None;
        }
    };
    Some(State {
        mark,
        word: entry.state.word(),
        cause,
    })
}

fn on_its_way(row: &DeskUser, entry: &Entry, now: Timestamp) -> State {
    let (mark, cause) = match &entry.state {
        EntryState::Applied { visible_by } => (
            Mark::Waiting,
            format!(
                "{} {}, due {}",
                entry.field().as_str(),
                entry.wanted.shown(),
                clock_or_day(*visible_by, now)
            ),
        ),
        EntryState::InFlight { step, .. } | EntryState::Accepted { step, .. } => {
            (Mark::Queued, super::changes::step(entry, *step))
        }
        EntryState::Held { why } => (Mark::Queued, format!("{}; {why}", arrow(&entry.wanted))),
        EntryState::Queued
        | EntryState::Unknown { .. }
        | EntryState::Conflict { .. }
        | EntryState::Rejected { .. } => (Mark::Queued, queued(row)),
    };
    State {
        mark,
        word: entry.state.word(),
        cause,
    }
}

/// All that is queued of a user: `-> +1 425 555 0199, country GB`.
fn queued(row: &DeskUser) -> String {
    let mut wanted: Vec<&Value> = row
        .entries
        .iter()
        .filter(|entry| entry.state == EntryState::Queued)
        .map(|entry| &entry.wanted)
        .collect();
    wanted.sort_by_key(|value| std::cmp::Reverse(value.field()));
    match wanted.as_slice() {
        [Value::Number(_), country @ Value::Country(_)] => {
            format!("{}, country {}", arrow(wanted[0]), country.shown())
        }
        _ => wanted
            .iter()
            .map(|value| arrow(value))
            .collect::<Vec<_>>()
            .join(", "),
    }
}

fn arrow(value: &Value) -> String {
    match value.field() {
        Field::Number => format!("-> {}", value.shown()),
        Field::Country => format!("-> country {}", value.shown()),
        Field::Plan { .. } | Field::Licence(_) | Field::Added => value.shown(),
    }
}

/// The cause of a licence status as a column has it; `why` and the log have the whole sentence.
pub fn short(cause: UnlicensedCause) -> String {
    match cause {
        UnlicensedCause::NoSeat { used, bought } => {
            format!("no seat ({used} of {bought} in use)")
        }
        UnlicensedCause::TrialEnded => "trial ended".to_owned(),
        UnlicensedCause::NotAssociated => "not associated".to_owned(),
        UnlicensedCause::MatchWaits => "not associated: matches wait".to_owned(),
        UnlicensedCause::UserGone => "associated user is gone".to_owned(),
    }
}
