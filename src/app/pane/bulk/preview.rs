//! What would become of each of many users, before it does.
//!
//! Nothing silences a number unasked: who has one keeps it and is named, unless the form says that it is replaced.

use std::collections::{BTreeMap, BTreeSet};

use crate::app::cells::thousands;
use crate::app::cursor::{Cursor, Move};
use crate::app::pane::candidates::new_user;
use crate::app::pane::editor::EditState;
use crate::app::pane::editor::range::taken;
use crate::domain::country::Country;
use crate::domain::gate::{Marks, Warning};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Entry, EntryId, EntryState, Removal};
use crate::domain::phone::{NumberKind, PhoneNumber};
use crate::domain::range::NumberRange;
use crate::domain::text::counted;
use crate::domain::user::{Field, LicenseStatus, NewUser, Patch, UnlicensedCause, UserId, Value};
use crate::roster::desk::{Desk, DeskUser};
use crate::roster::inventory::Inventory;
use crate::roster::{Person, Roster};

use super::many::{Change, Holders};
use super::wording::{left_behind, note, words};

/// So many numbers that are skipped are named.
const NAMED: usize = 20;

/// What would become of each.
#[derive(Debug, Clone, PartialEq)]
pub struct Preview {
    /// Whom it is about, in the order in which numbers are given.
    pub whom: Vec<Whom>,
    /// What is to become of them.
    pub change: Change,
    /// Who is left out by hand.
    pub out: BTreeSet<Whom>,
    /// A row for each.
    pub rows: Vec<PreviewRow>,
    /// Numbers of the range that are passed over, since somebody has them.
    pub skipped: Vec<PhoneNumber>,
    /// Whether all numbers of the tenant were known when numbers were given.
    pub sure: bool,
    /// Its cursor.
    pub cursor: Cursor<Whom>,
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
    pub whom: Whom,
    /// Name.
    pub name: String,
    /// What would change, in words.
    pub change: String,
    /// What should be known of it.
    pub note: String,
    /// What is queued for the user and goes by a removal.
    pub drops: Vec<EntryId>,
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
    pub fn new(whom: Vec<Whom>, change: Change) -> Self {
        Self {
            whom,
            change,
            out: BTreeSet::new(),
            rows: Vec::new(),
            skipped: Vec::new(),
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
            self.sure = inventory.known && roster.is_whole();
            self.compute((desk, roster, inventory));
        }
        let rows = &self.rows;
        self.cursor.settle(
            (rows.len(), height),
            |id| rows.iter().position(|row| row.whom == id),
            |n| rows.get(n).map(|row| row.whom),
        );
    }

    /// Whether it is about people who are put on the list by it.
    pub fn adds(&self) -> bool {
        matches!(self.whom.first(), Some(Whom::Person(_)))
    }

    fn compute(&mut self, known: Known<'_>) {
        let (desk, roster, _) = known;
        let by_id: BTreeMap<UserId, &DeskUser> =
            desk.users.iter().map(|row| (row.user.id, row)).collect();
        // Who was removed in the meantime is no longer marked.
        let there: Vec<Subject<'_>> = self
            .whom
            .iter()
            .filter_map(|whom| match whom {
                Whom::User(id) => Some(Subject::of_user(by_id.get(id)?)),
                Whom::Person(id) => Some(Subject::of_person(roster.find(*id)?, desk)),
            })
            .collect();
        let mut rows: Vec<PreviewRow> = there.iter().map(|who| self.judge(who)).collect();
        if let Change::Edit {
            numbers: Some(range),
            ..
        } = &self.change
        {
            self.skipped = give(range, &there, &mut rows, known);
        }
        self.rows = rows;
    }

    /// What would become of somebody, without the number.
    fn judge(&self, who: &Subject<'_>) -> PreviewRow {
        let fate = match (&self.change, &who.barred) {
            _ if self.out.contains(&who.whom) => Fate::Out,
            (_, Some(why)) => Fate::Refused(why.clone()),
            (Change::Remove, None) => removed(who),
            (
                Change::Edit {
                    numbers,
                    kind,
                    country,
                    holders,
                },
                None,
            ) => {
                let numbered = numbers.as_ref().map(|_| *holders);
                edited(who, numbered, *kind, *country)
            }
        };
        let mut said = PreviewRow {
            whom: who.whom,
            name: who.name.to_owned(),
            change: String::new(),
            note: String::new(),
            drops: Vec::new(),
            fate,
        };
        match (&self.change, &said.fate) {
            (Change::Remove, Fate::Done(_)) => {
                "removed here".clone_into(&mut said.change);
                said.note = left_behind(who);
                said.drops = who.own().map(|entry| entry.id).collect();
            }
            (_, Fate::Done(patch)) => {
                said.change = words(who, patch);
                said.note = note(who, patch);
            }
            (_, Fate::Unchanged | Fate::Out | Fate::Refused(_)) => {}
        }
        said
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, height: usize) {
        let rows = &self.rows;
        self.cursor.step(step, (rows.len(), height), |n| {
            rows.get(n).map(|row| row.whom)
        });
    }

    /// Leaves the row under the cursor out, or takes it in again: numbers are given anew.
    pub fn leave_out(&mut self) {
        let Some(id) = self.rows.get(self.cursor.index).map(|row| row.whom) else {
            return;
        };
        if !self.out.remove(&id) {
            self.out.insert(id);
        }
        self.stale = true;
        self.seen = false;
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
        self.cursor.key = Some(self.rows[next].whom);
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
        let n = thousands(self.whom.len() as u64);
        match self.change {
            Change::Remove => format!("REMOVE {n} MARKED"),
            Change::Edit { .. } if self.adds() => format!("ADD {n} MARKED"),
            Change::Edit { .. } => format!("EDIT {n} MARKED"),
        }
    }

    /// `2 skipped as taken: +44 1235 123471, +44 1235 123472`; blank where no number was passed over. The screen cuts it.
    pub fn skipped_words(&self) -> String {
        let n = self.skipped.len();
        if n == 0 {
            return String::new();
        }
        let shown: Vec<String> = self
            .skipped
            .iter()
            .take(NAMED)
            .map(PhoneNumber::spaced)
            .collect();
        let more = if n > NAMED { ", …" } else { "" };
        format!(
            "{} skipped as taken: {}{more}",
            thousands(n as u64),
            shown.join(", ")
        )
    }

    /// `4 change, 1 refused`.
    pub fn count_words(&self) -> String {
        let [done, unchanged, out, refused] = self.counts();
        let verb = match self.change {
            Change::Remove => "removed",
            Change::Edit { .. } if self.adds() => "added",
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
        .chain(self.drops_words())
        .collect();
        parts.join(", ")
    }

    /// `3 queued changes go`, where a removal drops any.
    fn drops_words(&self) -> Option<String> {
        let dropped: u64 = self.rows.iter().map(|row| row.drops.len() as u64).sum();
        (dropped > 0).then(|| {
            let go = if dropped == 1 { "goes" } else { "go" };
            format!(
                "{} {go}",
                counted(dropped, "queued change", "queued changes")
            )
        })
    }

    /// Who is removed, with what the rows have said that goes.
    pub fn removals(&self) -> Vec<Removal> {
        let done = self
            .rows
            .iter()
            .filter_map(|row| match (&row.fate, row.whom) {
                (Fate::Done(_), Whom::User(user)) => Some(Removal {
                    user,
                    release: None,
                    seen: row.drops.clone(),
                }),
                _ => None,
            });
        done.collect()
    }

    /// What is asked of the ledger, for users of the list.
    pub fn patches(&self) -> Vec<(UserId, Patch)> {
        let done = self
            .rows
            .iter()
            .filter_map(|row| match (&row.fate, row.whom) {
                (Fate::Done(patch), Whom::User(id)) => Some((id, (**patch).clone())),
                _ => None,
            });
        done.collect()
    }

    /// What is asked of the ledger, for people who are added.
    pub fn new_users(&self, roster: &Roster) -> Vec<NewUser> {
        let done = self
            .rows
            .iter()
            .filter_map(|row| match (&row.fate, row.whom) {
                (Fate::Done(patch), Whom::Person(id)) => {
                    Some(with(new_user(roster.find(id)?), patch))
                }
                _ => None,
            });
        done.collect()
    }

    /// All who cannot be done, and why, in words.
    pub fn refused_words(&self) -> Vec<String> {
        let rows = self.rows.iter();
        rows.filter_map(|row| match &row.fate {
            Fate::Refused(why) => Some(format!("{}: {why}", row.name)),
            Fate::Done(_) | Fate::Unchanged | Fate::Out => None,
        })
        .collect()
    }

    /// Who stands in the way: the first that cannot be done, and why.
    pub fn refused(&self) -> Option<(&str, &str)> {
        self.rows.iter().find_map(|row| match &row.fate {
            Fate::Refused(why) => Some((row.name.as_str(), why.as_str())),
            Fate::Done(_) | Fate::Unchanged | Fate::Out => None,
        })
    }
}

/// Whom an edit of many is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whom {
    /// A user of the list.
    User(UserId),
    /// Somebody who is put on it by the same step.
    Person(ObjectId),
}

/// What is known of one of them.
#[derive(Debug)]
pub(super) struct Subject<'a> {
    pub(super) whom: Whom,
    pub(super) name: &'a str,
    pub(super) number: Option<PhoneNumber>,
    pub(super) kind: NumberKind,
    pub(super) country: Option<Country>,
    pub(super) entries: &'a [Entry],
    pub(super) marks: Marks,
    pub(super) associated: bool,
    /// Whether the associated directory user is gone from the tenant.
    gone: bool,
    /// Why nothing is done with this one at all.
    barred: Option<String>,
}

impl<'a> Subject<'a> {
    fn of_user(row: &'a DeskUser) -> Self {
        let user = &row.user;
        Self {
            whom: Whom::User(user.id),
            name: &user.name,
            number: user.number.clone(),
            kind: user.kind,
            country: user.country,
            entries: &row.entries,
            marks: row.marks,
            associated: user.association.id().is_some(),
            gone: row.status == LicenseStatus::Unlicensed(UnlicensedCause::UserGone),
            barred: None,
        }
    }

    fn of_person(row: Person<'a>, desk: &Desk) -> Self {
        let barred = if desk.is_configured(row.id) {
            Some("configured already".to_owned())
        } else if row.cause.is_candidate() {
            None
        } else {
            let why = row.cause.words();
            Some(format!("not a candidate ({why}): it can be added alone"))
        };
        Self {
            whom: Whom::Person(row.id),
            name: row.name,
            number: row.phone(),
            kind: new_user(row).kind,
            country: row.location,
            entries: &[],
            marks: row.marks,
            associated: true,
            gone: false,
            barred,
        }
    }

    /// What is queued for the user of the list, and goes with it.
    pub(super) fn own(&self) -> impl Iterator<Item = &'a Entry> {
        let whom = self.whom;
        let own = move |entry: &&Entry| entry.user.map(Whom::User) == Some(whom);
        self.entries.iter().filter(own)
    }

    fn entry(&self, field: Field) -> Option<&'a Entry> {
        self.entries.iter().find(|entry| entry.field() == field)
    }

    pub(super) fn is_dirsynced(&self) -> bool {
        let mut warnings = self.marks.warnings();
        warnings.any(|warning| warning == Warning::DirsyncNumber)
    }
}

/// A new user with what the edit gives.
fn with(mut user: NewUser, patch: &Patch) -> NewUser {
    if let Some(kind) = patch.kind {
        user.kind = kind;
    }
    for (_, wanted) in &patch.two_way {
        match wanted {
            Value::Number(number) => user.wanted_number.clone_from(number),
            Value::Country(country) => user.wanted_country = *country,
            Value::Plan { .. } | Value::Licence { .. } | Value::Added(_) => {}
        }
    }
    user
}

/// What an edit is judged against.
pub type Known<'a> = (&'a Desk, &'a Roster, &'a Inventory);

/// Gives each row that may have one the next free number of the range; the numbers that were passed over.
fn give(
    range: &NumberRange,
    there: &[Subject<'_>],
    rows: &mut [PreviewRow],
    known: Known<'_>,
) -> Vec<PhoneNumber> {
    let wanting = |row: &PreviewRow| matches!(row.fate, Fate::Done(_));
    let count = rows.iter().filter(|row| wanting(row)).count();
    let (desk, roster, inventory) = known;
    let free = range.free(taken(desk, roster, inventory), count);
    let missing = count - free.len();
    let skipped = match (count, missing) {
        (0, _) => Vec::new(),
        (_, 0) => range.skipped(taken(desk, roster, inventory), free.last()),
        (_, _) => range.skipped(taken(desk, roster, inventory), None),
    };
    let mut free = free.into_iter();
    for (row, who) in rows.iter_mut().zip(there) {
        let Fate::Done(patch) = &mut row.fate else {
            continue;
        };
        let Some(number) = free.next() else {
            let why = format!("no number of the range is left: {missing} too few");
            row.fate = Fate::Refused(why);
            row.change.clear();
            continue;
        };
        let kind = patch.kind.unwrap_or(who.kind);
        let fitting = match (kind, number.extension()) {
            (NumberKind::Ddi, Some(_)) => NumberKind::Extension,
            (NumberKind::Extension, None) => NumberKind::Ddi,
            _ => kind,
        };
        patch.kind = (fitting != who.kind).then_some(fitting);
        let change = (
            Value::Number(who.number.clone()),
            Value::Number(Some(number)),
        );
        patch.two_way.push(change);
        row.change = words(who, patch);
        row.note = note(who, patch);
    }
    skipped
}

fn edited(
    who: &Subject<'_>,
    numbered: Option<Holders>,
    kind: Option<NumberKind>,
    country: Option<Country>,
) -> Fate {
    let mut patch = Patch::default();
    if who.gone && (numbered.is_some() || country.is_some()) {
        let why = "gone from the tenant, nothing can be written: remove the user, or tie it to somebody else";
        return Fate::Refused(why.to_owned());
    }
    if let Some(holders) = numbered
        && let Some(why) = no_number(who, holders)
    {
        return Fate::Refused(why);
    }
    let numbered = numbered.is_some();
    if let Some(kind) = kind.filter(|kind| *kind != who.kind) {
        let number = who.number.as_ref().filter(|_| !numbered);
        if let Some(number) = number
            && let Err(error) = PhoneNumber::parse(number.as_str(), kind, None)
        {
            let kind = kind.as_str();
            return Fate::Refused(format!("{} as {kind}: {error}", number.spaced()));
        }
        patch.kind = Some(kind);
    }
    if let Some(country) = country {
        let wanted = Value::Country(Some(country));
        let base = match who.entry(Field::Country) {
            // What was written and is not visible yet is what the next change starts from.
            Some(entry) if matches!(entry.state, EntryState::Applied { .. }) => {
                entry.wanted.clone()
            }
            Some(entry) if entry.wanted == wanted => wanted.clone(),
            Some(entry) => return Fate::Refused(waits(entry)),
            None => Value::Country(who.country),
        };
        if base != wanted {
            patch.two_way.push((base, wanted));
        }
    }
    let added = matches!(who.whom, Whom::Person(_));
    if patch.is_empty() && !numbered && !added {
        return Fate::Unchanged;
    }
    Fate::Done(Box::new(patch))
}

/// Why somebody gets no number of a range: one who has a number would lose it, which is done only where the form says so.
fn no_number(who: &Subject<'_>, holders: Holders) -> Option<String> {
    if who.is_dirsynced() {
        let why = "the number is mastered in Active Directory (DirSync'd user)";
        return Some(why.to_owned());
    }
    if let Some(entry) = who.entry(Field::Number) {
        return Some(waits(entry));
    }
    let number = who.number.as_ref().filter(|_| holders == Holders::Keep)?;
    Some(match who.whom {
        Whom::User(_) => format!("has {} and keeps it", number.spaced()),
        Whom::Person(_) => format!(
            "has {} in the tenant and keeps it: a adds with it",
            number.spaced()
        ),
    })
}

fn waits(entry: &Entry) -> String {
    let (field, value) = (entry.field().as_str(), entry.wanted.shown());
    if entry.state.is_ours() {
        let word = entry.state.word();
        format!("{field} {value} is {word} already: undo that first")
    } else {
        format!("{field} {value} is being written: a sync settles it")
    }
}

fn removed(who: &Subject<'_>) -> Fate {
    let mut entries = who.entries.iter();
    match entries.find(|entry| entry.state.needs_settling()) {
        Some(entry) => Fate::Refused(waits(entry)),
        None => Fate::Done(Box::default()),
    }
}
