//! Who matches a query, chunk by chunk: each word is looked for in the text of 4096 rows at once, and only what is left of them is
//! looked at by itself. Pure; whoever has the time says how many chunks.

use std::ops::Range;
use std::sync::Arc;

use memchr::memmem::Finder;

use crate::domain::gate::FirstCause;

use super::Roster;
use super::query::{Cell, Field, Query, Wanted};
use super::table::{CHUNK, Chunk};

/// Who is listed at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// First causes of the tenant that are listed, a bit for each.
    causes: u16,
    /// Places that are not listed whatever their cause, in order.
    without: Arc<Vec<u32>>,
}

impl Scope {
    /// Everybody.
    pub fn everyone() -> Self {
        Self {
            causes: u16::MAX,
            without: Arc::default(),
        }
    }

    /// Who may be added, without these places: those are configured.
    pub fn candidates(without: Arc<Vec<u32>>) -> Self {
        Self {
            causes: causes(FirstCause::is_candidate),
            without,
        }
    }

    /// Nobody.
    pub fn nobody() -> Self {
        Self {
            causes: 0,
            without: Arc::default(),
        }
    }
}

/// A bit for each first cause that is so.
fn causes(is: impl Fn(FirstCause) -> bool) -> u16 {
    let all = FirstCause::ALL.into_iter().enumerate();
    all.fold(0, |bits, (n, cause)| bits | u16::from(is(cause)) << n)
}

/// What was found so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// The places of those who match, in order.
    pub hits: Vec<u32>,
    /// Those of them whose name begins with what was typed.
    pub named: Vec<u32>,
}

impl Found {
    /// Appends what was found behind it.
    pub fn extend(&mut self, more: Self) {
        if self.hits.is_empty() {
            *self = more;
            return;
        }
        self.hits.extend(more.hits);
        self.named.extend(more.named);
    }
}

/// A bit for each row of a chunk.
type Rows = [u64; CHUNK / 64];

/// A word, ready to be looked for.
#[derive(Debug)]
struct Word<'q> {
    finder: Finder<'q>,
    or: Option<Finder<'q>>,
    /// The first causes in whose words it stands.
    causes: u16,
}

impl<'q> Word<'q> {
    fn new(wanted: &'q Wanted) -> Self {
        // What holds the one spelling holds the other as well, more often than not.
        let (word, or) = match &wanted.or {
            Some(or) if wanted.word.contains(or.as_str()) => (or, None),
            or => (&wanted.word, or.as_ref()),
        };
        Self {
            finder: Finder::new(word),
            or: or.map(Finder::new),
            causes: causes(|cause| words(cause).iter().any(|text| wanted.is_in(text))),
        }
    }

    fn is_in(&self, text: &str) -> bool {
        let has = |finder: &Finder<'_>| finder.find(text.as_bytes()).is_some();
        has(&self.finder) || self.or.as_ref().is_some_and(has)
    }

    fn is_met(&self, chunk: &Chunk, row: usize) -> bool {
        self.causes >> chunk.causes()[row] & 1 == 1 || self.is_in(chunk.text(row))
    }

    /// The rows of a chunk that have it.
    fn rows(&self, chunk: &Chunk) -> Rows {
        let mut rows = by_cause(chunk, self.causes);
        for finder in std::iter::once(&self.finder).chain(&self.or) {
            let text = chunk.folded().as_bytes();
            let (mut row, mut at) = (0, 0);
            while let Some(found) = finder.find(&text[at..]) {
                row = chunk.row_at(row, at + found);
                rows[row / 64] |= 1 << (row % 64);
                at = chunk.begins(row + 1);
                row += 1;
                if row == chunk.len() {
                    break;
                }
            }
        }
        rows
    }
}

/// The texts of a cause that a filter finds, in lower case.
fn words(cause: FirstCause) -> [String; 2] {
    [cause.code().to_lowercase(), cause.words().to_lowercase()]
}

/// The rows with one of these causes.
fn by_cause(chunk: &Chunk, causes: u16) -> Rows {
    let mut rows = [0; CHUNK / 64];
    if causes == 0 {
        return rows;
    }
    for (some, bits) in chunk.causes().chunks(64).zip(&mut rows) {
        for (n, cause) in some.iter().enumerate() {
            *bits |= u64::from(causes >> cause & 1) << n;
        }
    }
    rows
}

/// So many chunks are worth a second thread.
const WORTH: usize = (1 << 17) / CHUNK;

/// So few rows are looked at one by one: a look at the text of all of them would take longer.
const FEW: u32 = if cfg!(test) { 4 } else { 128 };

/// A search through a roster.
#[derive(Debug)]
pub struct Looking<'a> {
    roster: &'a Roster,
    query: &'a Query,
    scope: &'a Scope,
    wanted: Vec<Word<'a>>,
    unwanted: Vec<(Finder<'a>, u16)>,
    /// What cells of the column of causes must hold, as the causes that do; the other cells.
    causes: u16,
    cells: Vec<&'a Cell>,
    /// The causes that the pattern finds.
    pattern: u16,
    /// What a name begins with that is meant first.
    prefix: String,
}

impl<'a> Looking<'a> {
    /// Makes ready to look for those who match; `typed` is what names are compared with.
    pub fn new(roster: &'a Roster, query: &'a Query, scope: &'a Scope, typed: &str) -> Self {
        let of_cause = |cell: &&Cell| cell.field == Field::Cause;
        let (of_causes, cells): (Vec<_>, Vec<_>) = query.cells.iter().partition(of_cause);
        let absent = |cause: FirstCause, word: &String| {
            let texts = words(cause);
            texts.iter().any(|text| text.contains(word.as_str()))
        };
        let pattern = match &query.pattern {
            Some(Ok(pattern)) => {
                causes(|cause| words(cause).iter().any(|text| pattern.is_match(text)))
            }
            Some(Err(())) | None => 0,
        };
        Self {
            roster,
            query,
            scope,
            wanted: query.wanted.iter().map(Word::new).collect(),
            unwanted: query
                .unwanted
                .iter()
                .map(|word| (Finder::new(word), causes(|cause| absent(cause, word))))
                .collect(),
            causes: causes(|cause| {
                let text = words(cause).join(" ");
                of_causes.iter().all(|cell| cell.is_met(&text))
            }),
            cells,
            pattern,
            prefix: typed.trim().chars().flat_map(char::to_lowercase).collect(),
        }
    }

    /// How many chunks there are to be looked through.
    pub fn chunks(&self) -> usize {
        self.roster.chunks.len()
    }

    /// Whether each row needs a look of its own: then as many take longer.
    pub fn is_slow(&self) -> bool {
        self.query.pattern.is_some() || !self.cells.is_empty()
    }

    /// Looks through some chunks.
    pub fn through(&self, chunks: Range<usize>, found: &mut Found) {
        for n in chunks {
            let Some(chunk) = self.roster.chunks.get(n) else {
                return;
            };
            let rows = self.rows(n, chunk);
            let first = place(n * CHUNK);
            for (word, mut bits) in rows.into_iter().enumerate() {
                while bits != 0 {
                    let row = word * 64 + bits.trailing_zeros() as usize;
                    bits &= bits - 1;
                    self.take(chunk, row, (first, found));
                }
            }
        }
    }

    /// Looks through all, on two processors where there are two and it is worth it; `None` where it is over before it is done.
    pub fn through_all(&self, is_over: &(dyn Fn() -> bool + Sync)) -> Option<Found> {
        let part = |chunks: Range<usize>| {
            let mut found = Found::default();
            for n in chunks {
                if is_over() {
                    return None;
                }
                self.through(n..n + 1, &mut found);
            }
            Some(found)
        };
        let chunks = self.chunks();
        let two = std::thread::available_parallelism().is_ok_and(|n| n.get() > 1);
        if !two || chunks < WORTH {
            return part(0..chunks);
        }
        let (front, back) = std::thread::scope(|scope| {
            let back = scope.spawn(|| part(chunks / 2..chunks));
            (part(0..chunks / 2), back.join().ok().flatten())
        });
        let mut found = front?;
        found.extend(back?);
        Some(found)
    }

    /// Looks through those who were found before with a query that this one narrows.
    pub fn among(&self, former: &[u32], found: &mut Found) {
        for &hit in former {
            let Some((chunk, row)) = self.roster.chunk(hit) else {
                continue;
            };
            if self.is_met(chunk, row) {
                self.take(chunk, row, (hit - place(row), found));
            }
        }
    }

    /// Looks through these, in their order.
    pub fn among_any(&self, places: &[u32], found: &mut Found) {
        let is_listed = |place: &&u32| {
            let cause = self.roster.cause(**place).byte();
            self.scope.causes >> cause & 1 == 1 && self.scope.without.binary_search(place).is_err()
        };
        for place in places.iter().filter(is_listed) {
            self.among(std::slice::from_ref(place), found);
        }
    }

    /// The first so many hits, or a few more.
    pub(super) fn first(&self, enough: usize) -> Vec<u32> {
        let mut found = Found::default();
        for n in 0..self.chunks() {
            self.through(n..n + 1, &mut found);
            if found.hits.len() >= enough {
                break;
            }
        }
        found.hits
    }

    fn take(&self, chunk: &Chunk, row: usize, (first, found): (u32, &mut Found)) {
        let hit = first + place(row);
        found.hits.push(hit);
        if !self.prefix.is_empty() && chunk.text(row).starts_with(&self.prefix) {
            found.named.push(hit);
        }
    }

    /// The rows of a chunk that match.
    fn rows(&self, n: usize, chunk: &Chunk) -> Rows {
        let mut left = by_cause(chunk, self.scope.causes & self.causes);
        let first = place(n * CHUNK);
        let without = &self.scope.without;
        let from = without.partition_point(|place| *place < first);
        let of_chunk = without[from..].iter().map(|place| (place - first) as usize);
        for row in of_chunk.take_while(|row| *row < CHUNK) {
            left[row / 64] &= !(1 << (row % 64));
        }
        for word in &self.wanted {
            match count(&left) {
                0 => return left,
                1..=FEW => retain(&mut left, |row| word.is_met(chunk, row)),
                _ => {
                    for (left, has) in left.iter_mut().zip(word.rows(chunk)) {
                        *left &= has;
                    }
                }
            }
        }
        if !self.unwanted.is_empty() || self.is_slow() {
            retain(&mut left, |row| self.is_left(chunk, row));
        }
        left
    }

    /// Whether somebody who was found before matches.
    fn is_met(&self, chunk: &Chunk, row: usize) -> bool {
        self.causes >> chunk.causes()[row] & 1 == 1
            && self.wanted.iter().all(|word| word.is_met(chunk, row))
            && self.is_left(chunk, row)
    }

    /// Whether a row that has all the words has nothing that it must not have, and what it must have in its columns.
    fn is_left(&self, chunk: &Chunk, row: usize) -> bool {
        let cause = chunk.causes()[row];
        let text = chunk.text(row);
        let absent = |(finder, causes): &(Finder<'_>, u16)| {
            causes >> cause & 1 == 0 && finder.find(text.as_bytes()).is_none()
        };
        self.unwanted.iter().all(absent)
            && self.cells.iter().all(|cell| met(cell, chunk, row))
            && match &self.query.pattern {
                None => true,
                Some(Err(())) => false,
                Some(Ok(pattern)) => {
                    let mut parts = chunk.parts(row).into_iter();
                    self.pattern >> cause & 1 == 1 || parts.any(|part| pattern.is_match(part))
                }
            }
    }
}

/// Whether a column other than that of causes holds what it must.
fn met(cell: &Cell, chunk: &Chunk, row: usize) -> bool {
    let [name, upn, mail, number] = chunk.parts(row);
    match cell.field {
        Field::Name => cell.is_met(name),
        Field::SignIn => cell.is_met(upn),
        // An e-mail that is the sign-in name stands there once.
        Field::Mail if mail.is_empty() && chunk.has_mail(row) => cell.is_met(upn),
        Field::Mail => cell.is_met(mail),
        Field::Number => cell.is_met(number),
        Field::Country => {
            let country = chunk.location(row);
            let country = country.map(|country| country.as_str().to_lowercase());
            cell.is_met(&country.unwrap_or_default())
        }
        Field::Cause => true,
        Field::State | Field::Kind | Field::Holder | Field::By => false,
    }
}

fn place(row: usize) -> u32 {
    u32::try_from(row).expect("a tenant has fewer than 4 thousand million users")
}

fn count(rows: &Rows) -> u32 {
    rows.iter().map(|bits| bits.count_ones()).sum()
}

fn retain(rows: &mut Rows, is: impl Fn(usize) -> bool) {
    for (word, bits) in rows.iter_mut().enumerate() {
        let mut left = *bits;
        while left != 0 {
            let n = left.trailing_zeros();
            left &= left - 1;
            if !is(word * 64 + n as usize) {
                *bits &= !(1 << n);
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::borrow::Cow;
    use std::collections::HashSet;

    use proptest::prelude::*;
    use proptest::sample::select;

    use super::super::{Person, Row};
    use super::*;
    use crate::domain::country::Country;
    use crate::domain::gate::Marks;
    use crate::domain::guid::{Guid, ObjectId};
    use crate::domain::phone::PhoneNumber;

    /// The text of a row and of its columns, written out: what a search without any cleverness looks at.
    fn folded(row: &Person<'_>) -> [String; 6] {
        let same = |mail: &&str| !mail.eq_ignore_ascii_case(row.upn);
        [
            row.name,
            row.upn,
            row.mail.filter(same).unwrap_or_default(),
            row.number.unwrap_or_default(),
            row.cause.code(),
            row.cause.words(),
        ]
        .map(|text| text.chars().flat_map(char::to_lowercase).collect())
    }

    fn naive(roster: &Roster, query: &Query, listed: impl Fn(&Person<'_>) -> bool) -> Vec<u32> {
        let hits = (0..).zip(roster.rows()).filter(|(_, row)| {
            let cells = folded(row);
            let text = cells.join("\u{1f}") + "\n";
            let cell = |field| {
                let [name, upn, mail, number, code, words] = &cells;
                let text = match field {
                    Field::Name => name.clone(),
                    Field::SignIn => upn.clone(),
                    Field::Mail if row.mail.is_some() && mail.is_empty() => upn.clone(),
                    Field::Mail => mail.clone(),
                    Field::Number => number.clone(),
                    Field::Country => {
                        let country = row.location;
                        country.map_or(String::new(), |c| c.as_str().to_lowercase())
                    }
                    Field::Cause => format!("{code} {words}"),
                    Field::State | Field::Kind | Field::Holder | Field::By => return None,
                };
                Some(Cow::Owned(text))
            };
            query.matches_row(&text, cell) && listed(row)
        });
        hits.map(|(place, _)| place).collect()
    }

    fn id(n: u32) -> ObjectId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_le_bytes());
        ObjectId(Guid::from_bytes(bytes))
    }

    const NAMES: [&str; 8] = [
        "Alex Wilber",
        "Élodie Ray",
        "Lee Gu",
        "Joni Sherman",
        "山田 太郎",
        "Alexander Ray",
        "ΣΑΣ Guest",
        "lee ray",
    ];
    const MAILS: [Option<&str>; 4] = [
        None,
        Some("alex@contoso.example"),
        Some("Lee@Contoso.example"),
        Some("joni@fabrikam.example"),
    ];
    const NUMBERS: [Option<&str>; 5] = [
        None,
        Some("+441235123476"),
        Some("+14255550101"),
        Some("+390612345678"),
        Some("+441235123476;ext=12"),
    ];

    pub(crate) fn rows(most: usize) -> impl Strategy<Value = Vec<Row>> {
        let one = (
            select(&NAMES[..]),
            select(&MAILS[..]),
            select(&MAILS[1..]),
            select(&NUMBERS[..]),
            0..13_usize,
            select(&[None, Some("GB"), Some("FR")][..]),
        );
        proptest::collection::vec(one, 0..most).prop_map(|rows| {
            let rows = (0..).zip(rows);
            rows.map(|(n, (name, mail, upn, number, cause, country))| Row {
                id: id(n),
                name: name.into(),
                upn: upn.unwrap_or_default().into(),
                mail: mail.map(Into::into),
                location: country.and_then(Country::from_tenant),
                number: number.and_then(PhoneNumber::from_tenant),
                cause: FirstCause::ALL[cause],
                marks: Marks(u32::try_from(cause).unwrap() << 6),
            })
            .collect()
        })
    }

    pub(crate) fn typed() -> impl Strategy<Value = String> {
        let word = select(
            &[
                "a",
                "al",
                "alex",
                "x w",
                "lee",
                "ray",
                "gu",
                "é",
                "élo",
                "山",
                "σ",
                "joni",
                "@con",
                "fabrikam",
                "calling",
                "can be",
                "guest",
                "n_",
                "!alex",
                "!guest",
                "!a",
                "name:al",
                "name:",
                "cc:gb",
                "!cc:gb",
                "country:-",
                "number:-",
                "number:01235",
                "mail:none",
                "mail:alex",
                "upn:lee",
                "cause:cal",
                "!cause:no",
                "state:x",
                "re:^al",
                "re:^$",
                "re:plan$",
                "re:(",
                "01235",
                "0044",
                "00441",
                "+44 12",
                "123476",
                "(0)1235",
                "06",
                "x:y",
            ][..],
        );
        proptest::collection::vec(word, 0..3).prop_map(|words| words.join(" "))
    }

    /// What is found in slices of so many chunks, the part before the last by itself.
    fn sliced(looking: &Looking<'_>, slice: usize) -> Found {
        let mut found = Found::default();
        for from in (0..looking.chunks()).step_by(slice) {
            let mut part = Found::default();
            looking.through(from..from + slice, &mut part);
            found.extend(part);
        }
        found
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(150))]

        #[test]
        fn slices_masks_and_narrowing_find_what_a_look_at_every_row_finds(
            rows in rows(300),
            copies in 1..4_usize,
            text in typed(),
            more in typed(),
            configured in proptest::collection::hash_set(0..300_u32, 0..20),
            slice in 1..4_usize,
        ) {
            // Enough of them for several chunks, in which the last words are cut off at any place.
            let many = rows.iter().cycle().take(rows.len() * copies);
            let many = (0..).zip(many).map(|(n, row)| Row { id: id(n), ..row.clone() });
            let roster = Roster::new(1, many);
            let query = Query::of_rows(&text);
            let configured: HashSet<ObjectId> = configured.into_iter().map(id).collect();
            let mut without: Vec<u32> = configured.iter().filter_map(|id| roster.place_of(*id)).collect();
            without.sort_unstable();
            let listed = |row: &Person<'_>| row.cause.is_candidate() && !configured.contains(&row.id);
            let scope = Scope::candidates(Arc::new(without));
            let looking = Looking::new(&roster, &query, &scope, &text);
            let found = sliced(&looking, slice);
            let all = looking.through_all(&|| false);
            prop_assert_eq!(Some(&found), all.as_ref());
            prop_assert_eq!(&found.hits, &naive(&roster, &query, listed));
            prop_assert_eq!(roster.search(&query), naive(&roster, &query, |_| true));
            // What stands first among equals.
            let begins = text.trim().to_lowercase();
            let named = found.hits.iter().copied().filter(|place| {
                let name = roster.get(*place).unwrap().name;
                let name: String = name.chars().flat_map(char::to_lowercase).collect();
                !begins.is_empty() && name.starts_with(&begins)
            });
            prop_assert_eq!(&found.named, &named.collect::<Vec<_>>());
            // Whoever types on finds among those who were found before.
            let longer = format!("{text}{more}");
            let next = Query::of_rows(&longer);
            if next.narrows(&query) {
                let mut narrowed = Found::default();
                Looking::new(&roster, &next, &scope, &longer).among(&found.hits, &mut narrowed);
                prop_assert_eq!(narrowed.hits, naive(&roster, &next, listed), "{} after {}", longer, text);
            }
        }
    }

    #[test]
    fn a_query_that_is_typed_on_narrows_and_another_does_not() {
        for (old, new, narrows) in [
            ("al", "ale", true),
            ("al", "al ray", true),
            ("", "x", true),
            ("ale", "al", false),
            ("!a", "!ab", false),
            ("ray !a", "ray !a b", true),
            // Both spellings of the longer number hold those of the shorter.
            ("01235", "012351", true),
            ("0123", "01", false),
            // A number that becomes a word is looked for as it stands.
            ("0123", "0123x", true),
            ("name:al", "name:ale", false),
            ("re:^a", "re:^ab", false),
            ("re:(", "re:(a)", false),
        ] {
            let (old, new) = (Query::of_rows(old), Query::of_rows(new));
            assert_eq!(new.narrows(&old), narrows, "{new:?} after {old:?}");
        }
    }
}
