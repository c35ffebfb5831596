//! The long lists of Teams in few bytes a row, so that those of a million users fit beside the rest: what rows have in common is
//! kept once, and texts lie one behind the other.
//!
//! Rows come out as they went in, sorted. A list is a value: it is filled once and then only read.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::directory::{
    Activation, AssignmentStatus, NumberSource, NumberType, TeamsUser, TenantNumber,
};
use super::guid::{Guid, ObjectId};
use super::phone::PhoneNumber;

const NOBODY: ObjectId = ObjectId(Guid::from_bytes([0; 16]));

/// Values that many rows share, by place.
#[derive(Debug, Clone)]
struct Shared<T> {
    all: Vec<T>,
    places: HashMap<T, u32>,
}

impl<T> Default for Shared<T> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            places: HashMap::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Shared<T> {
    fn place(&mut self, value: T) -> u32 {
        if let Some(place) = self.places.get(&value) {
            return *place;
        }
        let place = place(self.all.len());
        self.all.push(value.clone());
        self.places.insert(value, place);
        place
    }

    fn at(&self, place: u32) -> &T {
        &self.all[place as usize]
    }

    fn hashes(&self) -> Vec<u64> {
        self.all.iter().map(hash_of).collect()
    }
}

/// Texts one behind the other, each with its length before it. Place 0 is no text.
#[derive(Debug, Clone, Default)]
struct Texts(Vec<u8>);

const LENGTH: usize = size_of::<u32>();

impl Texts {
    fn put(&mut self, text: Option<&str>) -> u32 {
        let Some(text) = text else { return 0 };
        if self.0.is_empty() {
            self.0.push(0);
        }
        let at = place(self.0.len());
        self.0.extend_from_slice(&place(text.len()).to_le_bytes());
        self.0.extend_from_slice(text.as_bytes());
        at
    }

    fn get(&self, at: u32) -> Option<&str> {
        let rest = self.0.get(at as usize..).filter(|_| at > 0)?;
        let (length, rest) = rest.split_first_chunk::<LENGTH>()?;
        let text = rest.get(..u32::from_le_bytes(*length) as usize)?;
        std::str::from_utf8(text).ok()
    }
}

fn place(at: usize) -> u32 {
    u32::try_from(at).expect("a tenant's list has less than four gigabytes of text")
}

fn hash_of(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

/// Where the ids with the same first two bytes begin: ids are scattered, so that few rows are left to search.
#[derive(Debug, Clone, Default)]
struct Starts(Vec<u32>);

/// Shorter lists are searched as they are.
const WORTH_STARTS: usize = 4_096;

impl Starts {
    fn of(ids: impl ExactSizeIterator<Item = ObjectId>) -> Self {
        let count = ids.len();
        if count < WORTH_STARTS {
            return Self::default();
        }
        let mut starts = Vec::with_capacity(usize::from(u16::MAX) + 2);
        for (at, id) in ids.enumerate() {
            let first = usize::from(first(id));
            while starts.len() <= first {
                starts.push(place(at));
            }
        }
        starts.resize(usize::from(u16::MAX) + 2, place(count));
        Self(starts)
    }

    /// The places at which an id can be.
    fn around(&self, id: ObjectId, count: usize) -> std::ops::Range<usize> {
        let first = usize::from(first(id));
        match self.0.get(first..first + 2) {
            Some([from, to]) => *from as usize..*to as usize,
            _ => 0..count,
        }
    }
}

fn first(id: ObjectId) -> u16 {
    let [high, low, ..] = *id.0.bytes();
    u16::from_be_bytes([high, low])
}

/// Users as Teams sees them, by id; of several rows of one id the last counts.
#[derive(Debug, Clone, Default)]
pub struct TeamsUsers {
    rows: Vec<TeamsRow>,
    starts: Starts,
    /// Rows without id and number.
    shared: Shared<TeamsUser>,
    texts: Texts,
}

#[derive(Debug, Clone, Copy)]
struct TeamsRow {
    id: ObjectId,
    shared: u32,
    number: u32,
}

/// A row of [`TeamsUsers`] where it lies.
#[derive(Debug, Clone, Copy)]
pub struct TeamsView<'a> {
    /// Whose.
    pub id: ObjectId,
    /// The number, as written.
    pub number: Option<&'a str>,
    rest: &'a TeamsUser,
}

impl TeamsView<'_> {
    /// The row as a value.
    pub fn to_user(self) -> TeamsUser {
        TeamsUser {
            id: self.id,
            number: self.number.map(ToOwned::to_owned),
            ..self.rest.clone()
        }
    }

    /// Whether it is that row.
    pub fn is(self, other: &TeamsUser) -> bool {
        let TeamsUser {
            id,
            tenant,
            account,
            enterprise_voice,
            features,
            number,
            voice_routing,
            dial_plan,
        } = other;
        let rest = self.rest;
        self.id == *id
            && self.number == number.as_deref()
            && rest.tenant == *tenant
            && rest.account == *account
            && rest.enterprise_voice == *enterprise_voice
            && rest.features == *features
            && rest.voice_routing == *voice_routing
            && rest.dial_plan == *dial_plan
    }
}

impl TeamsUsers {
    /// How many.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All rows, by id.
    pub fn iter(&self) -> impl Iterator<Item = TeamsView<'_>> {
        self.rows.iter().map(|row| self.view(row))
    }

    /// The row of a user.
    pub fn get(&self, id: ObjectId) -> Option<TeamsView<'_>> {
        let near = &self.rows[self.starts.around(id, self.rows.len())];
        let at = near.binary_search_by_key(&id, |row| row.id).ok()?;
        Some(self.view(&near[at]))
    }

    /// What the rows have in common with none but a few: for looking at what all of them say without looking at each.
    pub fn kinds(&self) -> impl Iterator<Item = &TeamsUser> {
        self.shared.all.iter()
    }

    /// A number that differs where any row differs.
    pub fn print(&self) -> u64 {
        let hashes = self.shared.hashes();
        let mut hasher = DefaultHasher::new();
        for row in &self.rows {
            let number = self.texts.get(row.number);
            (row.id, hashes[row.shared as usize], number).hash(&mut hasher);
        }
        hasher.finish()
    }

    fn view(&self, row: &TeamsRow) -> TeamsView<'_> {
        TeamsView {
            id: row.id,
            number: self.texts.get(row.number),
            rest: self.shared.at(row.shared),
        }
    }
}

/// [`TeamsUsers`] while its rows come in.
#[derive(Debug, Default)]
pub struct TeamsFilling(TeamsUsers);

impl TeamsFilling {
    /// Takes a row.
    pub fn push(&mut self, user: TeamsUser) {
        let list = &mut self.0;
        let number = list.texts.put(user.number.as_deref());
        let id = user.id;
        let shared = list.shared.place(TeamsUser {
            id: NOBODY,
            number: None,
            ..user
        });
        list.rows.push(TeamsRow { id, shared, number });
    }

    /// How many rows have come.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether none has come.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The list.
    pub fn sorted(self) -> TeamsUsers {
        let mut list = self.0;
        if !list.rows.is_sorted_by(|a, b| a.id < b.id) {
            list.rows.sort_by_key(|row| row.id);
            // The last of those with one id is the first from behind.
            list.rows.reverse();
            list.rows.dedup_by_key(|row| row.id);
            list.rows.reverse();
        }
        list.rows.shrink_to_fit();
        list.texts.0.shrink_to_fit();
        list.starts = Starts::of(list.rows.iter().map(|row| row.id));
        list
    }
}

impl FromIterator<TeamsUser> for TeamsUsers {
    fn from_iter<I: IntoIterator<Item = TeamsUser>>(users: I) -> Self {
        let mut list = TeamsFilling::default();
        users.into_iter().for_each(|user| list.push(user));
        list.sorted()
    }
}

impl PartialEq for TeamsUsers {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .zip(other.iter())
                .all(|(a, b)| a.is(&b.to_user()))
    }
}

impl Eq for TeamsUsers {}

/// The inventory of numbers, by number; several records of one number stay in their order.
#[derive(Debug, Clone, Default)]
pub struct TenantNumbers {
    rows: Vec<NumberRow>,
    /// The places of the rows that somebody holds, by holder.
    held: Vec<u32>,
    starts: Starts,
    shared: Shared<Traits>,
    texts: Texts,
}

#[derive(Debug, Clone, Copy)]
struct NumberRow {
    target: ObjectId,
    number: u32,
    shared: u32,
}

/// What is said of a number besides who holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Traits {
    kind: NumberType,
    source: NumberSource,
    status: AssignmentStatus,
    is_targeted: bool,
    primary: bool,
    activation: Activation,
}

impl TenantNumbers {
    /// How many records.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// All records, by number.
    pub fn iter(&self) -> impl Iterator<Item = TenantNumber> {
        self.rows.iter().filter_map(|row| self.record(row))
    }

    /// The records of a number.
    pub fn of(&self, number: &PhoneNumber) -> Vec<TenantNumber> {
        let text = number.as_str();
        let from = self.rows.partition_point(|row| self.text(row) < text);
        self.rows[from..]
            .iter()
            .take_while(|row| self.text(row) == text)
            .filter_map(|row| self.record(row))
            .collect()
    }

    /// The numbers that a user holds.
    pub fn held_by(&self, id: ObjectId) -> Vec<TenantNumber> {
        let row = |at: &u32| &self.rows[*at as usize];
        let near = &self.held[self.starts.around(id, self.held.len())];
        let from = near.partition_point(|at| row(at).target < id);
        near[from..]
            .iter()
            .map(row)
            .take_while(|row| row.target == id)
            .filter_map(|row| self.record(row))
            .collect()
    }

    /// The list with one record of each number: the first that was told.
    #[must_use]
    pub fn each_once(mut self) -> Self {
        let mut rows = std::mem::take(&mut self.rows);
        rows.dedup_by(|later, first| self.text(later) == self.text(first));
        self.rows = rows;
        self.index();
        self
    }

    /// A number that differs where any record differs.
    pub fn print(&self) -> u64 {
        let hashes = self.shared.hashes();
        let mut hasher = DefaultHasher::new();
        for row in &self.rows {
            let traits = hashes[row.shared as usize];
            (row.target, traits, self.text(row)).hash(&mut hasher);
        }
        hasher.finish()
    }

    fn text(&self, row: &NumberRow) -> &str {
        self.texts.get(row.number).unwrap_or_default()
    }

    fn record(&self, row: &NumberRow) -> Option<TenantNumber> {
        let Traits {
            kind,
            source,
            status,
            is_targeted,
            primary,
            activation,
        } = *self.shared.at(row.shared);
        Some(TenantNumber {
            // It came in as one.
            number: PhoneNumber::from_tenant(self.text(row))?,
            kind,
            source,
            status,
            target: is_targeted.then_some(row.target),
            primary,
            activation,
        })
    }

    fn index(&mut self) {
        let held = |row: &NumberRow| {
            let traits = self.shared.at(row.shared);
            traits.is_targeted && traits.status != AssignmentStatus::Unassigned
        };
        let mut places: Vec<u32> = (0..place(self.rows.len()))
            .filter(|at| held(&self.rows[*at as usize]))
            .collect();
        places.sort_by_key(|at| self.rows[*at as usize].target);
        let target = |at: &u32| self.rows[*at as usize].target;
        self.starts = Starts::of(places.iter().map(target));
        self.held = places;
    }
}

/// [`TenantNumbers`] while its records come in.
#[derive(Debug, Default)]
pub struct NumberFilling(TenantNumbers);

impl NumberFilling {
    /// Takes a record.
    pub fn push(&mut self, record: TenantNumber) {
        let list = &mut self.0;
        let number = list.texts.put(Some(record.number.as_str()));
        let shared = list.shared.place(Traits {
            kind: record.kind,
            source: record.source,
            status: record.status,
            is_targeted: record.target.is_some(),
            primary: record.primary,
            activation: record.activation,
        });
        list.rows.push(NumberRow {
            target: record.target.unwrap_or(NOBODY),
            number,
            shared,
        });
    }

    /// The list.
    pub fn sorted(self) -> TenantNumbers {
        let mut list = self.0;
        let mut rows = std::mem::take(&mut list.rows);
        if !rows.is_sorted_by(|a, b| list.text(a) <= list.text(b)) {
            rows.sort_by(|a, b| list.text(a).cmp(list.text(b)));
        }
        rows.shrink_to_fit();
        list.rows = rows;
        list.texts.0.shrink_to_fit();
        list.index();
        list
    }
}

impl FromIterator<TenantNumber> for TenantNumbers {
    fn from_iter<I: IntoIterator<Item = TenantNumber>>(numbers: I) -> Self {
        let mut list = NumberFilling::default();
        numbers.into_iter().for_each(|number| list.push(number));
        list.sorted()
    }
}

impl PartialEq for TenantNumbers {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for TenantNumbers {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{AccountType, Features};
    use crate::domain::guid::TenantId;

    fn id(n: u8) -> ObjectId {
        ObjectId(Guid::from_bytes([n; 16]))
    }

    fn user(n: u8, number: Option<&str>, routing: Option<&str>) -> TeamsUser {
        TeamsUser {
            id: id(n),
            tenant: Some(TenantId(Guid::from_bytes([9; 16]))),
            account: AccountType::User,
            enterprise_voice: Some(n.is_multiple_of(2)),
            features: Features::default(),
            number: number.map(ToOwned::to_owned),
            voice_routing: routing.map(ToOwned::to_owned),
            dial_plan: None,
        }
    }

    fn record(number: &str, target: Option<u8>, status: AssignmentStatus) -> TenantNumber {
        TenantNumber {
            number: PhoneNumber::from_tenant(number).unwrap(),
            kind: NumberType::DirectRouting,
            source: NumberSource::Online,
            status,
            target: target.map(id),
            primary: true,
            activation: Activation::Activated,
        }
    }

    #[test]
    fn users_of_teams_come_out_as_they_went_in() {
        let rows = [
            user(3, Some("+1425"), Some("EU")),
            user(1, None, None),
            user(3, Some(""), Some("US")),
            user(2, Some("tel:+44"), Some("US")),
        ];
        let list: TeamsUsers = rows.iter().cloned().collect();
        let out: Vec<TeamsUser> = list.iter().map(TeamsView::to_user).collect();
        assert_eq!(out, [rows[1].clone(), rows[3].clone(), rows[2].clone()]);
        assert_eq!(
            list.get(id(2)).map(TeamsView::to_user),
            Some(rows[3].clone())
        );
        assert!(list.get(id(2)).unwrap().is(&rows[3]) && !list.get(id(2)).unwrap().is(&rows[2]));
        assert!(list.get(id(4)).is_none());
        let again: TeamsUsers = out.into_iter().collect();
        assert_eq!((&again, again.print()), (&list, list.print()));
        let other: TeamsUsers = [user(1, None, Some("EU"))].into_iter().collect();
        let one: TeamsUsers = [user(1, None, None)].into_iter().collect();
        assert!(other != one && other.print() != one.print());
    }

    #[test]
    fn each_of_many_is_found_and_nobody_else() {
        let scattered = |n: u32| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&n.wrapping_mul(2_654_435_761).to_be_bytes());
            ObjectId(Guid::from_bytes(bytes))
        };
        let list: TeamsUsers = (0..5_000)
            .map(|n| TeamsUser {
                id: scattered(n),
                ..user(1, None, None)
            })
            .collect();
        assert_eq!(list.len(), 5_000);
        assert!(!list.starts.0.is_empty());
        assert!((0..5_000).all(|n| {
            list.get(scattered(n))
                .is_some_and(|row| row.id == scattered(n))
        }));
        assert!((5_000..10_000).all(|n| list.get(scattered(n)).is_none()));
        assert!(list.get(id(0xff)).is_none() && list.get(NOBODY).is_some());
    }

    #[test]
    fn numbers_are_found_by_holder_and_by_number() {
        use AssignmentStatus::{Unassigned, User};
        let rows = [
            record("+14255550102", Some(2), User),
            record("+14255550101", Some(2), Unassigned),
            record("+14255550100", None, User),
            record("+14255550102", Some(1), User),
            record("+14255550099", Some(2), User),
        ];
        let list: TenantNumbers = rows.iter().cloned().collect();
        let sorted: Vec<TenantNumber> = list.iter().collect();
        let want = [4, 2, 1, 0, 3].map(|n: usize| rows[n].clone());
        assert_eq!(sorted, want);
        assert_eq!(list.held_by(id(2)), [rows[4].clone(), rows[0].clone()]);
        assert_eq!(list.held_by(id(1)), [rows[3].clone()]);
        assert_eq!(list.held_by(id(7)), []);
        assert_eq!(list.of(&rows[0].number), [rows[0].clone(), rows[3].clone()]);
        assert_eq!(list.of(&PhoneNumber::from_tenant("+1999").unwrap()), []);
        let once = list.clone().each_once();
        assert_eq!(once.len(), 4);
        assert_eq!(once.held_by(id(1)), []);
        assert!(once != list && once.print() != list.print());
    }
}
