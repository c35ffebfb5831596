//! An edit of all marked users: what is to become of them, and a preview of what would become of each.
//!
//! Nothing that silences a number is part of it: such a user is named and refused, and is changed alone.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::cells::thousands;
use crate::app::cursor::{Cursor, Move};
use crate::app::event::{Code, Key};
use crate::app::field::{Field as Line, Typed};
use crate::app::pane::editor::EditState;
use crate::app::pane::editor::range::taken;
use crate::app::pane::verdict;
use crate::domain::country::Country;
use crate::domain::gate::Warning;
use crate::domain::outbox::{Entry, EntryState};
use crate::domain::phone::{NumberKind, PhoneNumber};
use crate::domain::range::NumberRange;
use crate::domain::user::{Field, Patch, UserId, Value};
use crate::roster::Roster;
use crate::roster::desk::{Desk, DeskUser};
use crate::roster::inventory::Inventory;

use super::turned;

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct ManyForm {
    /// Whom it is about, in the order in which numbers are given.
    pub users: Vec<UserId>,
    /// The field that keys go to.
    pub focus: ManyField,
    /// A range of numbers; blank gives none.
    pub numbers: Line,
    /// The kind of number; `None` leaves it.
    pub kind: Option<NumberKind>,
    /// A country; blank leaves it.
    pub country: Line,
    /// What is wrong, by field.
    pub fault: Option<(ManyField, String)>,
}

/// A field, in the order of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ManyField {
    /// Numbers.
    Numbers,
    /// Kind of number.
    Kind,
    /// Country.
    Country,
}

impl ManyField {
    /// All fields in order.
    pub const ALL: [Self; 3] = [Self::Numbers, Self::Kind, Self::Country];

    /// Its label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Numbers => "Numbers from",
            Self::Kind => "Kind",
            Self::Country => "Country",
        }
    }

    /// What may stand in it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Numbers => {
                "a range, +441235123400.. or +441235123400..499; what is taken is skipped; blank gives none"
            }
            Self::Kind => "ddi, extension or trunk; blank leaves what each has",
            Self::Country => "two letters; blank leaves what each has",
        }
    }
}

impl ManyForm {
    /// An empty form for these users.
    pub fn open(users: Vec<UserId>) -> Self {
        Self {
            users,
            focus: ManyField::Numbers,
            numbers: Line::default(),
            kind: None,
            country: Line::default(),
            fault: None,
        }
    }

    /// Takes a key that is no action of the form.
    pub fn key(&mut self, key: Key) {
        let typed = match self.focus {
            ManyField::Numbers => self.numbers.key(key),
            ManyField::Country => self.country.key(key),
            ManyField::Kind => {
                self.turn_kind(key);
                Typed::Changed
            }
        };
        if typed == Typed::Changed {
            self.fault = None;
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        match self.focus {
            ManyField::Numbers => self.numbers.paste(text),
            ManyField::Country => self.country.paste(text),
            ManyField::Kind => return,
        };
        self.fault = None;
    }

    fn turn_kind(&mut self, key: Key) {
        let kinds: Vec<Option<NumberKind>> = std::iter::once(None)
            .chain(NumberKind::ALL.into_iter().map(Some))
            .collect();
        let by = match key.code {
            Code::Right | Code::Char(' ' | 'l') => 1,
            Code::Left | Code::Char('h') => -1,
            Code::Backspace | Code::Delete => {
                self.kind = None;
                return;
            }
            Code::Char(letter) => {
                let typed = letter.to_ascii_lowercase();
                let mut named = NumberKind::ALL.into_iter();
                if let Some(kind) = named.find(|kind| kind.as_str().starts_with(typed)) {
                    self.kind = Some(kind);
                }
                return;
            }
            _ => return,
        };
        let here = kinds.iter().position(|kind| *kind == self.kind);
        self.kind = kinds[turned(here.unwrap_or_default(), by, kinds.len())];
    }

    /// Goes to another field.
    pub fn turn(&mut self, by: isize) {
        let all = ManyField::ALL;
        let here = all.iter().position(|field| *field == self.focus);
        self.focus = all[turned(here.unwrap_or_default(), by, all.len())];
    }

    /// Takes over the country that was meant.
    pub fn take_proposal(&mut self) {
        if let Some(country) = self.proposal() {
            self.country.set(country.as_str());
            self.fault = None;
        }
    }

    /// The country that was probably meant.
    pub fn proposal(&self) -> Option<Country> {
        let error = verdict::country(self.country.text()).err()?;
        verdict::country_meant(&error)
    }

    /// Whether something was typed.
    pub fn is_dirty(&self) -> bool {
        !self.numbers.text().is_empty() || !self.country.text().is_empty() || self.kind.is_some()
    }

    /// What is to become of them; what is wrong stays on its field.
    pub fn finish(&mut self) -> Option<Change> {
        self.fault = None;
        let text = self.numbers.text().trim().to_owned();
        let numbers = match NumberRange::parse(&text) {
            _ if text.is_empty() => None,
            Some(Ok(range)) => Some(range),
            Some(Err(error)) => return self.wrong(ManyField::Numbers, error.to_string()),
            None => {
                let text =
                    "a range is needed, so that each gets a number of their own: +441235123400..";
                return self.wrong(ManyField::Numbers, text.to_owned());
            }
        };
        let country = match verdict::country(self.country.text()) {
            Ok(country) => country,
            Err(error) => return self.wrong(ManyField::Country, error.to_string()),
        };
        if numbers.is_none() && country.is_none() && self.kind.is_none() {
            let text = "nothing is changed yet: numbers, a kind or a country";
            return self.wrong(self.focus, text.to_owned());
        }
        Some(Change::Edit {
            numbers,
            kind: self.kind,
            country,
        })
    }

    fn wrong(&mut self, field: ManyField, text: String) -> Option<Change> {
        self.focus = field;
        self.fault = Some((field, text));
        None
    }
}

/// What is to become of all of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// Fields.
    Edit {
        /// Each gets the next free number.
        numbers: Option<NumberRange>,
        /// Kind of number.
        kind: Option<NumberKind>,
        /// Country.
        country: Option<Country>,
    },
    /// They are removed here; their numbers stay in the tenant.
    Remove,
}

/// What would become of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Whom it is about, in the order in which numbers are given.
    pub users: Vec<UserId>,
    /// What is to become of them.
    pub change: Change,
    /// Who is left out by hand.
    pub out: BTreeSet<UserId>,
    /// A row for each.
    pub rows: Vec<PreviewRow>,
    /// Whether all numbers of the tenant were known when numbers were given.
    pub sure: bool,
    /// Its cursor.
    pub cursor: Cursor<UserId>,
    /// Whether a frame has shown it: keys that queue do not count before.
    pub seen: bool,
    /// Whether desk or tenant have changed since the rows were computed.
    pub stale: bool,
    /// Whether it is being queued.
    pub state: EditState,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewRow {
    /// Who.
    pub user: UserId,
    /// Name.
    pub name: String,
    /// What would change, in words.
    pub change: String,
    /// What should be known of it.
    pub note: String,
    /// Whether it is done.
    pub fate: Fate,
}

/// Whether a row is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It is.
    Done(Box<Patch>),
    /// The user has all of it.
    Unchanged,
    /// Left out by hand.
    Out,
    /// It cannot be, for this reason.
    Refused(String),
}

impl Preview {
    /// A preview, its rows not computed yet.
    pub fn new(users: Vec<UserId>, change: Change) -> Self {
        Self {
            users,
            change,
            out: BTreeSet::new(),
            rows: Vec::new(),
            sure: true,
            cursor: Cursor::default(),
            seen: false,
            stale: true,
            state: EditState::Editing,
        }
    }

    /// Whether an answer is waited for.
    pub fn is_waiting(&self) -> bool {
        matches!(self.state, EditState::Saving(_))
    }

    /// Computes the rows again if something has changed, and finds the cursor's row.
    pub fn settle(&mut self, (desk, roster, inventory): Known<'_>, height: usize) {
        if std::mem::take(&mut self.stale) && !self.is_waiting() {
            self.sure = inventory.known;
            self.compute((desk, roster, inventory));
        }
        let rows = &self.rows;
        self.cursor.settle(
            (rows.len(), height),
            |id| rows.iter().position(|row| row.user == id),
            |n| rows.get(n).map(|row| row.user),
        );
    }

    fn compute(&mut self, known: Known<'_>) {
        let desk = known.0;
        let by_id: BTreeMap<UserId, &DeskUser> =
            desk.users.iter().map(|row| (row.user.id, row)).collect();
        // Who was removed in the meantime is no longer marked.
        let there: Vec<&DeskUser> = self
            .users
            .iter()
            .filter_map(|id| by_id.get(id).copied())
            .collect();
        let mut rows: Vec<PreviewRow> = there.iter().map(|row| self.judge(row)).collect();
        if let Change::Edit {
            numbers: Some(range),
            ..
        } = &self.change
        {
            give(range, &there, &mut rows, known);
        }
        self.rows = rows;
    }

    /// What would become of a user, without the number.
    fn judge(&self, row: &DeskUser) -> PreviewRow {
        let fate = match &self.change {
            _ if self.out.contains(&row.user.id) => Fate::Out,
            Change::Remove => removed(row),
            Change::Edit {
                numbers,
                kind,
                country,
            } => edited(row, numbers.is_some(), *kind, *country),
        };
        let mut said = PreviewRow {
            user: row.user.id,
            name: row.user.name.clone(),
            change: String::new(),
            note: String::new(),
            fate,
        };
        match (&self.change, &said.fate) {
            (Change::Remove, Fate::Done(_)) => {
                "removed here".clone_into(&mut said.change);
                said.note = left_behind(row);
            }
            (_, Fate::Done(patch)) => {
                said.change = words(row, patch);
                said.note = note(row, patch);
            }
            (_, Fate::Unchanged | Fate::Out | Fate::Refused(_)) => {}
        }
        said
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, height: usize) {
        let rows = &self.rows;
        self.cursor.step(step, (rows.len(), height), |n| {
            rows.get(n).map(|row| row.user)
        });
    }

    /// Leaves the row under the cursor out, or takes it in again: numbers are given anew.
    pub fn leave_out(&mut self) {
        let Some(id) = self.rows.get(self.cursor.index).map(|row| row.user) else {
            return;
        };
        if !self.out.remove(&id) {
            self.out.insert(id);
        }
        self.stale = true;
        self.state = EditState::Editing;
    }

    /// Goes to the next row that cannot be done; false when there is none.
    pub fn jump(&mut self) -> bool {
        let len = self.rows.len();
        let here = self.cursor.index;
        let next = (1..=len)
            .map(|n| (here + n) % len.max(1))
            .find(|&n| matches!(self.rows[n].fate, Fate::Refused(_)));
        let Some(next) = next else { return false };
        self.cursor.key = Some(self.rows[next].user);
        true
    }

    /// How many rows are done, unchanged, left out, refused.
    pub fn counts(&self) -> [usize; 4] {
        let mut counts = [0; 4];
        for row in &self.rows {
            let n = match row.fate {
                Fate::Done(_) => 0,
                Fate::Unchanged => 1,
                Fate::Out => 2,
                Fate::Refused(_) => 3,
            };
            counts[n] += 1;
        }
        counts
    }

    /// `EDIT 5 MARKED  numbers from +44…, country GB`.
    pub fn title(&self) -> String {
        let n = thousands(self.users.len() as u64);
        match self.change {
            Change::Remove => format!("REMOVE {n} MARKED"),
            Change::Edit { .. } => format!("EDIT {n} MARKED"),
        }
    }

    /// `4 change, 1 refused`.
    pub fn count_words(&self) -> String {
        let [done, unchanged, out, refused] = self.counts();
        let verb = match self.change {
            Change::Remove => "removed",
            Change::Edit { .. } => "changed",
        };
        let parts: Vec<String> = [
            (done, verb),
            (unchanged, "unchanged"),
            (out, "left out"),
            (refused, "refused"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{} {word}", thousands(count as u64)))
        .collect();
        parts.join(", ")
    }

    /// What is asked of the ledger.
    pub fn patches(&self) -> Vec<(UserId, Patch)> {
        let done = self.rows.iter().filter_map(|row| match &row.fate {
            Fate::Done(patch) => Some((row.user, (**patch).clone())),
            Fate::Unchanged | Fate::Out | Fate::Refused(_) => None,
        });
        done.collect()
    }

    /// Who stands in the way: the first that cannot be done, and why.
    pub fn refused(&self) -> Option<(&str, &str)> {
        self.rows.iter().find_map(|row| match &row.fate {
            Fate::Refused(why) => Some((row.name.as_str(), why.as_str())),
            Fate::Done(_) | Fate::Unchanged | Fate::Out => None,
        })
    }
}

/// What an edit is judged against.
pub type Known<'a> = (&'a Desk, &'a Roster, &'a Inventory);

/// Gives each row that may have one the next free number of the range.
fn give(range: &NumberRange, there: &[&DeskUser], rows: &mut [PreviewRow], known: Known<'_>) {
    let wanting = |row: &PreviewRow| matches!(row.fate, Fate::Done(_));
    let count = rows.iter().filter(|row| wanting(row)).count();
    let (desk, roster, inventory) = known;
    let mut free = range
        .free(taken(desk, roster, inventory), count)
        .into_iter();
    for (row, user) in rows.iter_mut().zip(there) {
        let Fate::Done(patch) = &mut row.fate else {
            continue;
        };
        let Some(number) = free.next() else {
            row.fate = Fate::Refused(format!(
                "no number of the range is left: it has {count} too few",
                count = count - range.free(taken(desk, roster, inventory), count).len()
            ));
            row.change.clear();
            continue;
        };
        let kind = patch.kind.unwrap_or(user.user.kind);
        let fitting = match (kind, number.extension()) {
            (NumberKind::Ddi, Some(_)) => NumberKind::Extension,
            (NumberKind::Extension, None) => NumberKind::Ddi,
            _ => kind,
        };
        patch.kind = (fitting != user.user.kind).then_some(fitting);
        patch
            .two_way
            .push((Value::Number(None), Value::Number(Some(number))));
        row.change = words(user, patch);
        row.note = note(user, patch);
    }
}

fn edited(
    row: &DeskUser,
    numbered: bool,
    kind: Option<NumberKind>,
    country: Option<Country>,
) -> Fate {
    let user = &row.user;
    let mut patch = Patch::default();
    if numbered && let Some(why) = no_number(row) {
        return Fate::Refused(why);
    }
    if let Some(kind) = kind.filter(|kind| *kind != user.kind) {
        let number = user.number.as_ref().filter(|_| !numbered);
        if let Some(number) = number
            && let Err(error) = PhoneNumber::parse(number.as_str(), kind, None)
        {
            return Fate::Refused(format!("{} as {}: {error}", number.spaced(), kind.as_str()));
        }
        patch.kind = Some(kind);
    }
    if let Some(wanted) = country {
        match entry_of(row, Field::Country) {
            Some(entry) if entry.wanted == Value::Country(Some(wanted)) => {}
            Some(entry) if !matches!(entry.state, EntryState::Applied { .. }) => {
                return Fate::Refused(waits(entry));
            }
            Some(entry) => patch
                .two_way
                .push((entry.wanted.clone(), Value::Country(Some(wanted)))),
            None if user.country == Some(wanted) => {}
            None => patch
                .two_way
                .push((Value::Country(user.country), Value::Country(Some(wanted)))),
        }
    }
    if patch.is_empty() && !numbered {
        return Fate::Unchanged;
    }
    Fate::Done(Box::new(patch))
}

/// Why a user gets no number of a range: one who has a number would lose it, and nobody would get it.
fn no_number(row: &DeskUser) -> Option<String> {
    let dirsync = row.marks.warnings();
    if dirsync
        .into_iter()
        .any(|warning| warning == Warning::DirsyncNumber)
    {
        return Some("the number is mastered in Active Directory (DirSync'd user)".to_owned());
    }
    if let Some(entry) = entry_of(row, Field::Number) {
        return Some(waits(entry));
    }
    let number = row.user.number.as_ref()?;
    Some(format!(
        "stops {}, which {} has today: e on this user alone changes it",
        number.spaced(),
        row.user.name
    ))
}

fn entry_of(row: &DeskUser, field: Field) -> Option<&Entry> {
    row.entries.iter().find(|entry| entry.field() == field)
}

fn waits(entry: &Entry) -> String {
    let field = entry.field().as_str();
    if entry.state.is_ours() {
        let word = entry.state.word();
        format!(
            "{field} {} is {word} already: u drops it",
            entry.wanted.shown()
        )
    } else {
        format!(
            "{field} {} is being written: s settles it",
            entry.wanted.shown()
        )
    }
}

fn removed(row: &DeskUser) -> Fate {
    match row
        .entries
        .iter()
        .find(|entry| entry.state.needs_settling())
    {
        Some(entry) => Fate::Refused(waits(entry)),
        None => Fate::Done(Box::default()),
    }
}

/// What stays in the tenant when a user is removed here, and what goes with it.
fn left_behind(row: &DeskUser) -> String {
    let mut parts = Vec::new();
    if let Some(number) = &row.user.number {
        parts.push(format!("{} stays in the tenant", number.spaced()));
    }
    match row.entries.len() {
        0 => {}
        1 => parts.push("1 queued change goes".to_owned()),
        n => parts.push(format!("{n} queued changes go")),
    }
    parts.join("; ")
}

/// `number +44 1235 123400, country FR -> GB, kind ddi -> trunk`.
fn words(row: &DeskUser, patch: &Patch) -> String {
    let mut parts: Vec<String> = patch
        .two_way
        .iter()
        .rev()
        .map(|(before, after)| match before {
            Value::Number(None) => format!("number {}", after.shown()),
            before => format!(
                "{} {} -> {}",
                after.field().as_str(),
                before.shown(),
                after.shown()
            ),
        })
        .collect();
    if let Some(kind) = patch.kind {
        parts.push(format!(
            "kind {} -> {}",
            row.user.kind.as_str(),
            kind.as_str()
        ));
    }
    parts.join(", ")
}

/// What should be known of a change: doubt of the numbering plan, who is not in the tenant yet, a directory that takes it back.
fn note(row: &DeskUser, patch: &Patch) -> String {
    let mut parts = Vec::new();
    for (_, after) in &patch.two_way {
        match after {
            Value::Number(Some(number))
                if patch.kind.unwrap_or(row.user.kind) == NumberKind::Ddi =>
            {
                parts.extend(number.doubt());
            }
            Value::Country(_) => {
                let mut warnings = row.marks.warnings();
                if warnings.any(|warning| warning == Warning::DirsyncNumber) {
                    parts.push("Active Directory may put it back".to_owned());
                }
            }
            _ => {}
        }
    }
    if row.user.association.id().is_none() && !patch.two_way.is_empty() {
        parts.push("waits for a match".to_owned());
    }
    parts.join("; ")
}
