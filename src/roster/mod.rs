//! The rows in memory, in shared chunks: page, filter, find by id. Pure.
//!
//! A run replaces the chunks; whoever shows them clones pointers. Two rosters are equal when they are of the same snapshot.

pub mod desk;
pub mod inventory;
pub mod products;
pub mod query;
pub mod wishes;

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use crate::domain::country::Country;
use crate::domain::gate::{FirstCause, Marks};
use crate::domain::guid::ObjectId;
use crate::domain::lookalike::{self, Doubt};
use crate::domain::phone::PhoneNumber;

use query::{Field, Query};

/// Rows of one chunk.
pub const CHUNK: usize = 4096;

/// A directory user as lists show it.
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

/// Up to [`CHUNK`] rows and their folded text.
#[derive(Debug)]
pub struct Chunk {
    rows: Vec<Row>,
    /// Lower-case text of all rows, one per line.
    folded: String,
    /// Where each row's text begins, and the end.
    starts: Vec<u32>,
}

impl Chunk {
    fn new(rows: Vec<Row>) -> Self {
        let mut folded = String::with_capacity(rows.len() * 64);
        let mut starts = Vec::with_capacity(rows.len() + 1);
        for row in &rows {
            starts.push(u32::try_from(folded.len()).expect("4096 rows of text stay below 4 GiB"));
            fold_into(&mut folded, row);
        }
        starts.push(u32::try_from(folded.len()).expect("4096 rows of text stay below 4 GiB"));
        Self {
            rows,
            folded,
            starts,
        }
    }
}

fn fold_into(out: &mut String, row: &Row) {
    for c in row.name.chars().flat_map(char::to_lowercase) {
        out.push(if c == '\n' { ' ' } else { c });
    }
    for part in [
        &*row.upn,
        row.mail
            .as_deref()
            .filter(|mail| !mail.eq_ignore_ascii_case(&row.upn))
            .unwrap_or_default(),
    ] {
        out.push('\u{1f}');
        out.extend(
            part.chars()
                .flat_map(char::to_lowercase)
                .map(|c| if c == '\n' { ' ' } else { c }),
        );
    }
    out.push('\u{1f}');
    if let Some(number) = &row.number {
        out.push_str(number.as_str());
    }
    for word in [row.cause.code(), row.cause.words()] {
        out.push('\u{1f}');
        out.extend(word.chars().flat_map(char::to_lowercase));
    }
    out.push('\n');
}

/// All directory users of one snapshot, ordered by name.
#[derive(Debug, Clone, Default)]
pub struct Roster {
    snapshot: u64,
    chunks: Vec<Arc<Chunk>>,
    len: usize,
    places: Arc<HashMap<ObjectId, u32>>,
    doubts: Arc<HashMap<u32, Doubt>>,
}

impl PartialEq for Roster {
    fn eq(&self, other: &Self) -> bool {
        self.snapshot == other.snapshot && self.len == other.len
    }
}

impl Eq for Roster {}

impl Roster {
    /// Builds the roster of a snapshot from its rows, in the order in which they are shown.
    pub fn new(snapshot: u64, rows: impl IntoIterator<Item = Row>) -> Self {
        let mut chunks = Vec::new();
        let mut pending = Vec::new();
        let mut places = HashMap::new();
        let mut len = 0;
        for row in rows {
            places.insert(
                row.id,
                u32::try_from(len).expect("a tenant has fewer than 4 thousand million users"),
            );
            len += 1;
            pending.push(row);
            if pending.len() == CHUNK {
                chunks.push(Arc::new(Chunk::new(std::mem::take(&mut pending))));
            }
        }
        if !pending.is_empty() {
            chunks.push(Arc::new(Chunk::new(pending)));
        }
        let mut built = Self {
            snapshot,
            chunks,
            len,
            places: Arc::new(places),
            doubts: Arc::default(),
        };
        let written = built.rows().map(|row| (&*row.name, &*row.upn));
        built.doubts = Arc::new(lookalike::doubts(written));
        built
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
        self.place_of(id)
            .is_some_and(|place| self.doubts.contains_key(&place))
    }

    /// The snapshot that it shows; 0 before the first.
    pub fn snapshot(&self) -> u64 {
        self.snapshot
    }

    /// How many rows.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row at a place.
    pub fn get(&self, place: u32) -> Option<&Row> {
        let place = place as usize;
        self.chunks.get(place / CHUNK)?.rows.get(place % CHUNK)
    }

    /// The place of a user.
    pub fn place_of(&self, id: ObjectId) -> Option<u32> {
        self.places.get(&id).copied()
    }

    /// The row of a user.
    pub fn find(&self, id: ObjectId) -> Option<&Row> {
        self.get(self.place_of(id)?)
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.chunks.iter().flat_map(|chunk| chunk.rows.iter())
    }

    /// Places of the rows that match the query and `keep`, in order.
    pub fn search(&self, query: &Query, mut keep: impl FnMut(&Row) -> bool) -> Vec<u32> {
        let mut hits = Vec::new();
        for (n, chunk) in self.chunks.iter().enumerate() {
            let first =
                u32::try_from(n * CHUNK).expect("a tenant has fewer than 4 thousand million users");
            for (i, row) in chunk.rows.iter().enumerate() {
                let text = &chunk.folded[chunk.starts[i] as usize..chunk.starts[i + 1] as usize];
                if query.matches_row(text, |field| cell(row, text, field)) && keep(row) {
                    hits.push(first + u32::try_from(i).expect("a chunk has 4096 rows"));
                }
            }
        }
        hits
    }
}

/// What stands in a column of a row, taken from its folded text where it is there.
fn cell<'a>(row: &Row, folded: &'a str, field: Field) -> Option<Cow<'a, str>> {
    let part = |n: usize| {
        let mut parts = folded.trim_end_matches('\n').split(query::APART);
        Cow::Borrowed(parts.nth(n).unwrap_or_default())
    };
    Some(match field {
        Field::Name => part(0),
        Field::SignIn => part(1),
        // An e-mail that is the sign-in name stands there once.
        Field::Mail if row.mail.is_some() && part(2).is_empty() => part(1),
        Field::Mail => part(2),
        Field::Number => part(3),
        Field::Country => {
            let country = row.location.map(|country| country.as_str().to_lowercase());
            Cow::Owned(country.unwrap_or_default())
        }
        Field::Cause => Cow::Owned(format!("{} {}", part(4), part(5))),
        Field::State | Field::Kind | Field::Holder => return None,
    })
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
        let hits = |text: &str| roster.search(&Query::parse(text), |_| true);
        assert_eq!(hits(""), [0, 1, 2]);
        assert_eq!(hits("wil alex"), [0]);
        assert_eq!(hits("élo"), [1]);
        assert_eq!(hits("425 555-01"), [0]);
        assert_eq!(hits("+1 425"), [0]);
        assert_eq!(hits("calling_plan !alex"), [1, 2]);
        assert_eq!(hits("nobody"), Vec::<u32>::new());
        assert_eq!(
            roster.find(row(3, "Lee Gu", None).id).map(|r| &*r.name),
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
        let hits = |text: &str| roster.search(&Query::parse(text), |_| true);
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
