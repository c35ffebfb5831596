//! The rows in memory, in shared chunks: page, filter, find by id. Pure.
//!
//! A run replaces the chunks; whoever shows them clones pointers. Two rosters are equal when they are of the same snapshot.

pub mod desk;
pub mod inventory;
pub mod order;
pub mod products;
pub mod query;
pub mod search;
pub mod table;
pub mod wishes;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use crate::domain::country::Country;
use crate::domain::gate::{FirstCause, Marks};
use crate::domain::guid::ObjectId;
use crate::domain::lookalike::{self, Doubt};
use crate::domain::phone::PhoneNumber;

use query::Query;
use search::{Looking, Scope};
use table::{CHUNK, Chunk, Filling, Index, Unsorted};

/// A directory user by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Object id.
    pub id: ObjectId,
    /// Display name, not yet safe to draw.
    pub name: Box<str>,
    /// Sign-in name, not yet safe to draw.
    pub upn: Box<str>,
    /// E-mail.
    pub mail: Option<Box<str>>,
    /// Usage location.
    pub location: Option<Country>,
    /// Number in the tenant.
    pub number: Option<PhoneNumber>,
    /// First cause, as the tenant has it: who is configured is laid over it.
    pub cause: FirstCause,
    /// Counters and warnings.
    pub marks: Marks,
}

/// A directory user as lists show it: a row of the roster, its texts borrowed.
#[derive(Debug, Clone, Copy)]
pub struct Person<'a> {
    /// Object id.
    pub id: ObjectId,
    /// Display name, not yet safe to draw.
    pub name: &'a str,
    /// Sign-in name, not yet safe to draw.
    pub upn: &'a str,
    /// E-mail.
    pub mail: Option<&'a str>,
    /// Usage location.
    pub location: Option<Country>,
    /// Number in the tenant, in its compact form.
    pub number: Option<&'a str>,
    /// First cause, as the tenant has it: who is configured is laid over it.
    pub cause: FirstCause,
    /// Counters and warnings.
    pub marks: Marks,
}

impl Person<'_> {
    /// Number in the tenant.
    pub fn phone(&self) -> Option<PhoneNumber> {
        self.number.map(PhoneNumber::kept)
    }

    /// The same by itself.
    pub fn to_row(&self) -> Row {
        Row {
            id: self.id,
            name: self.name.into(),
            upn: self.upn.into(),
            mail: self.mail.map(Into::into),
            location: self.location,
            number: self.phone(),
            cause: self.cause,
            marks: self.marks,
        }
    }
}

/// Where somebody's row is, and stays for as long as this is kept, whatever roster comes next.
#[derive(Clone)]
pub struct Spot {
    chunk: Arc<Chunk>,
    row: u16,
}

impl Spot {
    /// A spot for one person alone.
    pub fn alone(person: Person<'_>) -> Self {
        let mut chunk = Chunk::default();
        chunk.push(person);
        Self {
            chunk: Arc::new(chunk),
            row: 0,
        }
    }

    /// A spot for somebody of whom no more is known than this.
    #[cfg(test)]
    pub(crate) fn called(id: ObjectId, name: &str, upn: &str) -> Self {
        Self::alone(Person {
            id,
            name,
            upn,
            mail: None,
            location: None,
            number: None,
            cause: FirstCause::Unknown,
            marks: Marks::default(),
        })
    }

    /// Who is there.
    pub fn person(&self) -> Person<'_> {
        let person = self.chunk.person(usize::from(self.row));
        person.expect("a spot is made of a row that is there")
    }
}

impl fmt::Debug for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Spot of {}", self.person().id)
    }
}

impl PartialEq for Spot {
    fn eq(&self, other: &Self) -> bool {
        let called = |spot: &Self| {
            let person = spot.person();
            (person.id, person.name.to_owned(), person.upn.to_owned())
        };
        called(self) == called(other)
    }
}

impl Eq for Spot {}

/// How much of the tenant is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extent {
    /// Everybody, or nobody where the tenant was never read.
    #[default]
    Whole,
    /// Nothing is known yet: it is being read from the files.
    Awaited,
    /// The first rows by name; that somebody is not among them says nothing.
    First,
    /// The last rows by name, likewise.
    Last,
}

/// All directory users of one snapshot, ordered by name.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    snapshot: u64,
    extent: Extent,
    /// How many the tenant has.
    of: usize,
    chunks: Vec<Arc<Chunk>>,
    len: usize,
    index: Arc<Index>,
    doubts: Arc<HashMap<u32, Doubt>>,
    counts: [usize; 13],
}

impl PartialEq for Roster {
    fn eq(&self, other: &Self) -> bool {
        (self.snapshot, self.len, self.extent) == (other.snapshot, other.len, other.extent)
    }
}

impl Eq for Roster {}

impl Roster {
    /// Builds the roster of a snapshot from its rows, in the order in which they are shown.
    pub fn new(snapshot: u64, rows: impl IntoIterator<Item = Row>) -> Self {
        let mut filling = Filling::default();
        for row in rows {
            filling.push((&row).into());
        }
        Self::built(snapshot, filling).with_doubts()
    }

    /// Builds it from rows that come in any order: who can be taken for another is not known in it.
    pub fn sorted(snapshot: u64, rows: Unsorted) -> Self {
        Self::built(snapshot, rows.sorted())
    }

    fn built(snapshot: u64, filling: Filling) -> Self {
        let chunks = filling.finish();
        let len = chunks.iter().map(|chunk| chunk.len()).sum();
        let mut counts = [0; 13];
        for chunk in &chunks {
            for cause in chunk.causes() {
                counts[usize::from(*cause)] += 1;
            }
        }
        let index = Index::new(len, |place| id_at(&chunks, place));
        Self {
            snapshot,
            extent: Extent::Whole,
            of: len,
            chunks,
            len,
            index: Arc::new(index),
            doubts: Arc::default(),
            counts,
        }
    }

    /// Nothing yet: the files are being read.
    pub fn awaited() -> Self {
        Self {
            extent: Extent::Awaited,
            ..Self::default()
        }
    }

    /// The same rows as a part of so many.
    #[must_use]
    pub fn as_part(mut self, extent: Extent, of: usize) -> Self {
        (self.extent, self.of) = (extent, of);
        self
    }

    /// The same with who can be taken for another: everybody is compared with everybody.
    #[must_use]
    pub fn with_doubts(mut self) -> Self {
        let written = self.rows().map(|row| (row.name, row.upn));
        self.doubts = Arc::new(lookalike::doubts(written));
        self
    }

    /// The same, where nobody can be taken for another: for tests of everything else.
    #[cfg(test)]
    pub(crate) fn without_doubts(mut self) -> Self {
        self.doubts = Arc::default();
        self
    }

    /// What can mislead about a user, in a sentence.
    pub fn doubt(&self, id: ObjectId) -> Option<String> {
        let doubt = self.doubts.get(&self.place_of(id)?)?;
        let like = doubt.like.and_then(|place| self.get(place));
        let mixed = doubt.mixed.as_ref();
        let like = like.map(|row| {
            format!(
                "Looks like {} <{}>, who is somebody else.",
                row.name, row.upn
            )
        });
        let mixed = mixed.map(|word| format!("Letters of two scripts stand in \"{word}\"."));
        Some(
            [mixed, like]
                .into_iter()
                .flatten()
                .collect::<Vec<_>>()
                .join(" "),
        )
    }

    /// Whether something can mislead about a user.
    pub fn is_doubted(&self, id: ObjectId) -> bool {
        !self.doubts.is_empty()
            && self
                .place_of(id)
                .is_some_and(|place| self.doubts.contains_key(&place))
    }

    /// The snapshot that it shows; 0 before the first.
    pub fn snapshot(&self) -> u64 {
        self.snapshot
    }

    /// How much of the tenant it is.
    pub fn extent(&self) -> Extent {
        self.extent
    }

    /// Whether everybody is there, so that who is not in it is not in the tenant.
    pub fn is_whole(&self) -> bool {
        self.extent == Extent::Whole
    }

    /// How many the tenant has, in here or not.
    pub fn of(&self) -> usize {
        self.of
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// How many have each first cause, in the order of [`FirstCause::ALL`].
    pub fn counts(&self) -> [usize; 13] {
        self.counts
    }

    fn chunk(&self, place: u32) -> Option<(&Chunk, usize)> {
        let place = place as usize;
        let chunk = self.chunks.get(place / CHUNK)?;
        (place % CHUNK < chunk.len()).then_some((chunk, place % CHUNK))
    }

    /// The spot of a user.
    pub fn spot(&self, id: ObjectId) -> Option<Spot> {
        let place = self.place_of(id)? as usize;
        Some(Spot {
            chunk: Arc::clone(self.chunks.get(place / CHUNK)?),
            row: u16::try_from(place % CHUNK).ok()?,
        })
    }

    /// The row at a place.
    pub fn get(&self, place: u32) -> Option<Person<'_>> {
        let (chunk, row) = self.chunk(place)?;
        chunk.person(row)
    }

    /// Who is at a place.
    pub fn id(&self, place: u32) -> Option<ObjectId> {
        let (chunk, row) = self.chunk(place)?;
        chunk.ids().get(row).copied()
    }

    /// The first cause of who is at a place, as the tenant has it.
    pub fn cause(&self, place: u32) -> FirstCause {
        self.chunk(place)
            .map_or(FirstCause::Unknown, |(chunk, row)| {
                FirstCause::from_byte(chunk.causes()[row])
            })
    }

    /// Counters and warnings of who is at a place.
    pub fn marks(&self, place: u32) -> Marks {
        self.chunk(place)
            .map_or(Marks::default(), |(chunk, row)| chunk.marks(row))
    }

    /// The country of who is at a place.
    pub fn location(&self, place: u32) -> Option<Country> {
        let (chunk, row) = self.chunk(place)?;
        chunk.location(row)
    }

    /// The sign-in name of who is at a place, in lower case.
    pub fn folded_upn(&self, place: u32) -> &str {
        self.chunk(place)
            .map_or("", |(chunk, row)| chunk.parts(row)[1])
    }

    /// Whether who is at a place has a number.
    pub fn has_number(&self, place: u32) -> bool {
        self.chunk(place)
            .is_some_and(|(chunk, row)| chunk.has_number(row))
    }

    /// The number of who is at a place, blank where there is none.
    pub fn number(&self, place: u32) -> &str {
        self.chunk(place)
            .map_or("", |(chunk, row)| chunk.number(row))
    }

    /// The place of a user.
    pub fn place_of(&self, id: ObjectId) -> Option<u32> {
        self.index.place(id, |place| id_at(&self.chunks, place))
    }

    /// The row of a user.
    pub fn find(&self, id: ObjectId) -> Option<Person<'_>> {
        self.get(self.place_of(id)?)
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = Person<'_>> + Clone {
        let rows = |chunk: &Chunk| 0..chunk.len();
        self.chunks
            .iter()
            .flat_map(move |chunk| rows(chunk).filter_map(|row| chunk.person(row)))
    }

    /// Places of the rows that match the query, in order.
    pub fn search(&self, query: &Query) -> Vec<u32> {
        self.first(query, usize::MAX)
    }

    /// Places of the first so many rows that match the query, or a few more.
    pub fn first(&self, query: &Query, enough: usize) -> Vec<u32> {
        let scope = Scope::everyone();
        Looking::new(self, query, &scope, "").first(enough)
    }
}

fn id_at(chunks: &[Arc<Chunk>], place: u32) -> &ObjectId {
    &chunks[place as usize / CHUNK].ids()[place as usize % CHUNK]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(n: u8, name: &str, number: Option<&str>) -> Row {
        Row {
            id: ObjectId(crate::domain::guid::Guid::from_bytes([n; 16])),
            name: name.into(),
            upn: format!("{}@contoso.example", name.split(' ').next().unwrap()).into(),
            mail: None,
            location: None,
            number: number.and_then(PhoneNumber::from_tenant),
            cause: FirstCause::CallingPlan,
            marks: Marks::default(),
        }
    }

    #[test]
    fn words_and_digits() {
        let roster = Roster::new(
            1,
            [
                row(1, "Alex Wilber", Some("+14255550101")),
                row(2, "Élodie Ray", None),
                row(3, "Lee Gu", None),
            ],
        );
        let hits = |text: &str| roster.search(&Query::parse(text));
        assert_eq!(hits(""), [0, 1, 2]);
        assert_eq!(hits("wil alex"), [0]);
        assert_eq!(hits("élo"), [1]);
        assert_eq!(hits("425 555-01"), [0]);
        assert_eq!(hits("+1 425"), [0]);
        assert_eq!(hits("calling_plan !alex"), [1, 2]);
        assert_eq!(hits("nobody"), Vec::<u32>::new());
        assert_eq!(
            roster.find(row(3, "Lee Gu", None).id).map(|r| r.name),
            Some("Lee Gu")
        );
    }

    #[test]
    fn a_number_is_found_as_a_customer_says_it() {
        let roster = Roster::new(
            1,
            [
                row(1, "Alex Wilber", Some("+441235123476")),
                row(2, "Lee Gu", Some("+14255550101")),
                row(3, "Mia Rossi", Some("+390612345678")),
            ],
        );
        let hits = |text: &str| roster.search(&Query::parse(text));
        for text in [
            "01235 123476",
            "01235123476",
            "(01235) 123476",
            "0044 1235 123476",
            "+44 (0)1235 123476",
            "01235/123476",
            "01235.12",
        ] {
            assert_eq!(hits(text), [0], "{text}");
        }
        assert_eq!(hits("001 425"), [1]);
        // In Italy the 0 stays.
        assert_eq!(hits("06 1234"), [2]);
        assert_eq!(hits("01236 123476"), Vec::<u32>::new());
    }
}
