//! How rows are kept: text in one arena per chunk, what is fixed beside it, and a table from id to place. No allocation per row.

use std::collections::BTreeMap;
use std::fmt;

use crate::domain::country::Country;
use crate::domain::gate::{FirstCause, Marks};
use crate::domain::guid::{Guid, ObjectId};
use crate::domain::phone::PhoneNumber;

use super::query::APART;
use super::{Person, Row};

/// Rows of one chunk. Unit tests have more and smaller ones, so that what lies between two is seen with few rows.
pub const CHUNK: usize = if cfg!(test) { 128 } else { 4096 };

/// The sign-in name is not written as it is folded.
const UPN_WRITTEN: u8 = 1;
/// There is an e-mail.
const MAIL: u8 = 1 << 1;
/// It is the sign-in name, letter by letter.
const MAIL_IS_UPN: u8 = 1 << 2;
/// It is not written as it is folded.
const MAIL_WRITTEN: u8 = 1 << 3;
/// There is a number.
const NUMBER: u8 = 1 << 4;
/// The name as it is written has another length than the folded one, which stands before it.
const NAME_LENGTH: u8 = 1 << 5;
/// So has the sign-in name.
const UPN_LENGTH: u8 = 1 << 6;

/// What a row has beside its text.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// Where its folded text begins.
    text: u32,
    /// Where its text as it is written begins.
    written: u32,
    marks: Marks,
    location: Option<Country>,
    flags: u8,
}

/// Up to [`CHUNK`] rows.
#[derive(Default)]
pub(super) struct Chunk {
    ids: Vec<ObjectId>,
    causes: Vec<u8>,
    /// One more than rows: the last says where the text ends.
    heads: Vec<Head>,
    /// Lower-case text of all rows, one per line: name, sign-in name, e-mail where it is another, number.
    folded: String,
    /// Names as they are written, and what else differs from its folded form.
    written: String,
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Chunk of {} rows", self.ids.len())
    }
}

impl<'a> From<&'a Row> for Person<'a> {
    fn from(row: &'a Row) -> Self {
        Self {
            id: row.id,
            name: &row.name,
            upn: &row.upn,
            mail: row.mail.as_deref(),
            location: row.location,
            number: row.number.as_ref().map(PhoneNumber::as_str),
            cause: row.cause,
            marks: row.marks,
        }
    }
}

fn below_4_gib(n: usize) -> u32 {
    u32::try_from(n).expect("the text of 4096 rows stays below 4 GiB")
}

/// Appends a text in lower case; what sets rows and columns apart becomes a blank.
fn fold_into(out: &mut String, text: &str) {
    let blank = |c: char| if c == '\n' || c == APART { ' ' } else { c };
    if text.is_ascii() {
        out.extend(text.chars().map(|c| blank(c.to_ascii_lowercase())));
    } else {
        out.extend(text.chars().flat_map(char::to_lowercase).map(blank));
    }
}

/// Appends a text as it is written; its length before it, and true, where that is not the length of what it was folded to.
fn write_beside(out: &mut String, text: &str, folded: usize) -> bool {
    let differs = text.len() != folded;
    if differs {
        out.push_str(&text.len().to_string());
        out.push(APART);
    }
    out.push_str(text);
    differs
}

/// The text that [`write_beside`] has written, and what is behind it.
fn read_beside<'a>(written: &'a str, has_length: bool, folded: &str) -> (&'a str, &'a str) {
    let with_length = || {
        let (length, written) = written.split_once(APART)?;
        written.split_at_checked(length.parse().ok()?)
    };
    let read = if has_length {
        with_length()
    } else {
        written.split_at_checked(folded.len())
    };
    read.expect("a row is read as it was written")
}

impl Chunk {
    pub(super) fn len(&self) -> usize {
        self.ids.len()
    }

    pub(super) fn push(&mut self, row: Person<'_>) {
        if self.heads.is_empty() {
            self.end();
        }
        let head = self
            .heads
            .last_mut()
            .expect("the end of the text is there before the first row");
        (head.marks, head.location) = (row.marks, row.location);
        self.ids.push(row.id);
        self.causes.push(row.cause.byte());
        fold_into(&mut self.folded, row.name);
        let begins = head.text as usize;
        if write_beside(&mut self.written, row.name, self.folded.len() - begins) {
            head.flags |= NAME_LENGTH;
        }
        self.folded.push(APART);
        let from = self.folded.len();
        fold_into(&mut self.folded, row.upn);
        if self.folded[from..] != *row.upn {
            head.flags |= UPN_WRITTEN;
            if write_beside(&mut self.written, row.upn, self.folded.len() - from) {
                head.flags |= UPN_LENGTH;
            }
        }
        self.folded.push(APART);
        if let Some(mail) = row.mail {
            head.flags |= MAIL;
            let from = self.folded.len();
            if mail == row.upn {
                head.flags |= MAIL_IS_UPN;
            } else if !mail.eq_ignore_ascii_case(row.upn) {
                fold_into(&mut self.folded, mail);
            }
            if head.flags & MAIL_IS_UPN == 0 && self.folded[from..] != *mail {
                head.flags |= MAIL_WRITTEN;
                self.written.push_str(mail);
            }
        }
        self.folded.push(APART);
        if let Some(number) = row.number {
            head.flags |= NUMBER;
            self.folded.push_str(number);
        }
        self.folded.push('\n');
        self.end();
    }

    /// Notes where the text ends: the next row begins there.
    fn end(&mut self) {
        self.heads.push(Head {
            text: below_4_gib(self.folded.len()),
            written: below_4_gib(self.written.len()),
            marks: Marks::default(),
            location: None,
            flags: 0,
        });
    }

    /// Gives back what was taken for rows that have not come.
    fn shrink(&mut self) {
        self.ids.shrink_to_fit();
        self.causes.shrink_to_fit();
        self.heads.shrink_to_fit();
        self.folded.shrink_to_fit();
        self.written.shrink_to_fit();
    }

    pub(super) fn ids(&self) -> &[ObjectId] {
        &self.ids
    }

    pub(super) fn causes(&self) -> &[u8] {
        &self.causes
    }

    /// The folded text of all rows.
    pub(super) fn folded(&self) -> &str {
        &self.folded
    }

    /// Where the folded text of a row begins; that of the row behind the last is the end.
    pub(super) fn begins(&self, row: usize) -> usize {
        self.heads[row].text as usize
    }

    /// The row, from this one on, in whose text a byte is.
    pub(super) fn row_at(&self, from: usize, byte: usize) -> usize {
        // It is near more often than not.
        let (mut row, mut step) = (from, 1);
        while row + step < self.len() && self.begins(row + step) <= byte {
            row += step;
            step *= 2;
        }
        let far = self.heads.len().min(row + step);
        let heads = &self.heads[row + 1..far];
        row + heads.partition_point(|head| head.text as usize <= byte)
    }

    /// The folded text of a row, without its end.
    pub(super) fn text(&self, row: usize) -> &str {
        &self.folded[self.begins(row)..self.begins(row + 1) - 1]
    }

    /// Name, sign-in name, e-mail (blank where it is the sign-in name) and number of a row, folded.
    pub(super) fn parts(&self, row: usize) -> [&str; 4] {
        let mut parts = self.text(row).split(APART);
        [(); 4].map(|()| parts.next().unwrap_or_default())
    }

    pub(super) fn number(&self, row: usize) -> &str {
        let text = self.text(row);
        text.rsplit(APART).next().unwrap_or_default()
    }

    pub(super) fn has_number(&self, row: usize) -> bool {
        self.heads[row].flags & NUMBER != 0
    }

    pub(super) fn has_mail(&self, row: usize) -> bool {
        self.heads[row].flags & MAIL != 0
    }

    pub(super) fn marks(&self, row: usize) -> Marks {
        self.heads[row].marks
    }

    pub(super) fn location(&self, row: usize) -> Option<Country> {
        self.heads[row].location
    }

    pub(super) fn person(&self, row: usize) -> Option<Person<'_>> {
        let id = *self.ids.get(row)?;
        let head = self.heads[row];
        let [name, upn, mail, number] = self.parts(row);
        let written = &self.written[head.written as usize..self.heads[row + 1].written as usize];
        let has = |flag| head.flags & flag != 0;
        let (name, written) = read_beside(written, has(NAME_LENGTH), name);
        let (upn, written) = if has(UPN_WRITTEN) {
            read_beside(written, has(UPN_LENGTH), upn)
        } else {
            (upn, written)
        };
        let mail = match (has(MAIL_IS_UPN), has(MAIL_WRITTEN)) {
            (true, _) => upn,
            (false, true) => written,
            (false, false) => mail,
        };
        Some(Person {
            id,
            name,
            upn,
            mail: has(MAIL).then_some(mail),
            location: head.location,
            number: has(NUMBER).then_some(number),
            cause: FirstCause::from_byte(self.causes[row]),
            marks: head.marks,
        })
    }
}

/// Chunks that are being filled, in the order in which rows are shown.
#[derive(Debug, Default)]
pub(super) struct Filling {
    pub(super) chunks: Vec<std::sync::Arc<Chunk>>,
    open: Chunk,
}

impl Filling {
    pub(super) fn push(&mut self, row: Person<'_>) {
        self.open.push(row);
        if self.open.len() == CHUNK {
            self.close();
        }
    }

    fn close(&mut self) {
        let mut full = std::mem::take(&mut self.open);
        full.shrink();
        // The next one is about as large: it is not moved while it grows.
        self.open.folded.reserve(full.folded.len() * 9 / 8);
        self.open.written.reserve(full.written.len() * 9 / 8);
        self.chunks.push(std::sync::Arc::new(full));
    }

    pub(super) fn finish(mut self) -> Vec<std::sync::Arc<Chunk>> {
        if self.open.len() > 0 {
            self.close();
        }
        self.chunks
    }
}

/// No place: an empty slot.
const NONE: u32 = u32::MAX;

/// From an id to a place: an open hash table of places alone, the ids stand in the chunks.
#[derive(Default)]
pub(super) struct Index {
    slots: Box<[u32]>,
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Index of {} slots", self.slots.len())
    }
}

impl Index {
    /// Of these ids, by place. Of equal ones the last counts.
    pub(super) fn new<'a>(len: usize, ids: impl Fn(u32) -> &'a ObjectId) -> Self {
        let mut slots = vec![NONE; len + len / 3 + 1].into_boxed_slice();
        for place in 0..u32::try_from(len).expect("fewer users than 4 thousand million") {
            let id = ids(place);
            let mut slot = first_slot(*id, slots.len());
            while slots[slot] != NONE && ids(slots[slot]) != id {
                slot = (slot + 1) % slots.len();
            }
            slots[slot] = place;
        }
        Self { slots }
    }

    pub(super) fn place<'a>(&self, id: ObjectId, ids: impl Fn(u32) -> &'a ObjectId) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        let mut slot = first_slot(id, self.slots.len());
        loop {
            match self.slots[slot] {
                NONE => return None,
                place if *ids(place) == id => return Some(place),
                _ => slot = (slot + 1) % self.slots.len(),
            }
        }
    }
}

fn first_slot(id: ObjectId, slots: usize) -> usize {
    let bytes = u128::from_le_bytes(*id.0.bytes());
    let mixed = bytes.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835);
    let high = (mixed ^ (mixed >> 64)) & u128::from(u64::MAX);
    let slot = (high * slots as u128) >> 64;
    usize::try_from(slot).expect("below the number of slots")
}

/// Rows in any order, which are sorted by name once all are there. They lie by the first letters of their names, each part in one
/// piece of memory that goes back as soon as its rows are in their chunks: there are never two tables.
#[derive(Debug, Default)]
pub struct Unsorted {
    parts: BTreeMap<[u8; 2], Part>,
}

#[derive(Debug, Default)]
struct Part {
    bytes: Vec<u8>,
    rows: Vec<Key>,
}

/// What rows are sorted by first, and where the row begins.
#[derive(Debug, Clone, Copy)]
struct Key {
    first: u64,
    at: u64,
}

const NO_TEXT: u32 = u32::MAX;

impl Unsorted {
    /// Adds a row.
    pub fn push(&mut self, row: Person<'_>) {
        let mut first = [0; 8];
        for (to, byte) in first.iter_mut().zip(row.name.bytes()) {
            *to = byte.to_ascii_lowercase();
        }
        let part = self.parts.entry([first[0], first[1]]).or_default();
        part.push(u64::from_be_bytes(first), row);
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.parts.values().map(|part| part.rows.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }

    /// The chunks, by name without regard to the case of ASCII letters, then by id.
    pub(super) fn sorted(self) -> Filling {
        let mut filling = Filling::default();
        for part in self.parts.into_values() {
            part.sorted_into(&mut filling);
        }
        filling
    }
}

impl Part {
    fn push(&mut self, first: u64, row: Person<'_>) {
        self.rows.push(Key {
            first,
            at: self.bytes.len() as u64,
        });
        self.bytes.extend_from_slice(row.id.0.bytes());
        let country = row.location.as_ref().map_or("\0\0", Country::as_str);
        self.bytes.extend_from_slice(country.as_bytes());
        self.bytes.push(row.cause.byte());
        self.bytes.extend_from_slice(&row.marks.0.to_le_bytes());
        for text in [Some(row.name), Some(row.upn), row.mail, row.number] {
            let len = text.map_or(NO_TEXT, |text| below_4_gib(text.len()));
            self.bytes.extend_from_slice(&len.to_le_bytes());
            self.bytes
                .extend_from_slice(text.unwrap_or_default().as_bytes());
        }
    }

    fn sorted_into(mut self, filling: &mut Filling) {
        let mut rows = std::mem::take(&mut self.rows);
        rows.sort_unstable_by(|a, b| {
            a.first.cmp(&b.first).then_with(|| {
                let (one, other) = (self.row(a.at), self.row(b.at));
                let folded = |byte: u8| byte.to_ascii_lowercase();
                let name = one.name.bytes().map(folded);
                name.cmp(other.name.bytes().map(folded))
                    .then_with(|| one.id.cmp(&other.id))
            })
        });
        for key in rows {
            filling.push(self.row(key.at));
        }
    }

    fn row(&self, at: u64) -> Person<'_> {
        let at = usize::try_from(at).expect("a place in memory");
        let mut rest = &self.bytes[at..];
        let mut take = |n: usize| {
            let (taken, after) = rest.split_at(n);
            rest = after;
            taken
        };
        let mut id = [0; 16];
        id.copy_from_slice(take(16));
        let location = std::str::from_utf8(take(2)).ok();
        let cause = FirstCause::from_byte(take(1)[0]);
        let marks = Marks(number(take(4)));
        let mut text = || {
            let len = number(take(4));
            (len != NO_TEXT).then(|| {
                std::str::from_utf8(take(len as usize)).expect("texts were put in as texts")
            })
        };
        let (name, upn, mail, number) = (text(), text(), text(), text());
        Person {
            id: ObjectId(Guid::from_bytes(id)),
            name: name.unwrap_or_default(),
            upn: upn.unwrap_or_default(),
            mail,
            location: location.and_then(Country::from_tenant),
            number,
            cause,
            marks,
        }
    }
}

fn number(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes were taken"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> ObjectId {
        let mut bytes = [0; 16];
        bytes[..4].copy_from_slice(&n.to_be_bytes());
        ObjectId(Guid::from_bytes(bytes))
    }

    fn rows() -> Vec<Row> {
        let mails = [
            None,
            Some("same@x.example"),
            Some("Same@X.example"),
            Some("Other@X.example"),
            Some("other@x.example"),
        ];
        let mut rows = Vec::new();
        for (n, name) in (0..).zip(["Élodie ΣΑΣ", "lee\u{1f}gu\n", "", "Ab", "AB", "ab"]) {
            for mail in mails {
                for upn in ["same@x.example", "SAME@x.example", "İ@x.example"] {
                    rows.push(Row {
                        id: id(u32::try_from(rows.len()).unwrap()),
                        name: name.into(),
                        upn: upn.into(),
                        mail: mail.map(Into::into),
                        location: (n % 2 == 0).then(|| Country::from_tenant("gb")).flatten(),
                        number: (n % 3 == 0)
                            .then(|| PhoneNumber::from_tenant("+441235123476;ext=12"))
                            .flatten(),
                        cause: FirstCause::ALL[rows.len() % 13],
                        marks: Marks(u32::try_from(rows.len()).unwrap()),
                    });
                }
            }
        }
        rows
    }

    #[test]
    fn a_row_comes_out_as_it_went_in() {
        let rows = rows();
        let roster = super::super::Roster::new(1, rows.iter().cloned());
        for (place, row) in (0..).zip(&rows) {
            assert_eq!(roster.get(place).unwrap().to_row(), *row);
            assert_eq!(roster.place_of(row.id), Some(place));
        }
        assert_eq!(roster.place_of(id(4711)), None);
        assert_eq!(roster.get(90).map(|row| row.id), None);
        let mut unsorted = Unsorted::default();
        for row in rows.iter().rev() {
            unsorted.push(row.into());
        }
        let sorted = super::super::Roster::sorted(1, unsorted);
        let mut wanted = rows;
        wanted.sort_by_key(|row| (row.name.to_ascii_lowercase(), row.id));
        let got: Vec<Row> = sorted.rows().map(|row| row.to_row()).collect();
        assert_eq!(got, wanted);
    }

    #[test]
    fn every_id_has_its_place_whatever_it_hashes_to() {
        for len in [0, 1, 2, 3, 4096, 5000] {
            let ids: Vec<ObjectId> = (0..len).map(|n| id(n * 7)).collect();
            let at = |place: u32| &ids[place as usize];
            let index = Index::new(ids.len(), at);
            for (place, known) in (0..).zip(&ids) {
                assert_eq!(index.place(*known, at), Some(place));
            }
            assert_eq!(index.place(id(3), at), None);
        }
    }
}
