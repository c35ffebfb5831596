//! Rows of the directory table as values, and back.

use std::hash::{DefaultHasher, Hash, Hasher};

use rusqlite::{Connection, Row, Statement, params};

use crate::domain::country::Country;
use crate::domain::directory::{DirectoryUser, UserFlags};
use crate::domain::guid::{Guid, ObjectId};
use crate::domain::phone::PhoneNumber;
use crate::record::facts::{self, Dictionary};

use super::super::error::StoreError;
use super::super::ledger::rows::{country, guid, number};
use super::{StoredRow, StoredUser};

/// The columns of a stored user, as [`user_of`] reads them.
pub(super) const USER: &str =
    "id, name, upn, mail, addresses, location, flags, class, marks, number, facts";
/// The cheap columns, as [`row_of`] reads them.
pub(super) const ROW: &str = "id, name, upn, mail, location, number, class, marks, flags";

const ENABLED: u8 = 1;
const GUEST: u8 = 1 << 1;
const SYNCED: u8 = 1 << 2;
const APPLICATION: u8 = 1 << 3;
/// The mail is the user principal name, letter by letter, and is not stored a second time.
const SAME_MAIL: u8 = 1 << 4;

/// A user as it is written.
pub(super) struct Written<'a> {
    stored: &'a StoredUser,
    mail: Option<&'a str>,
    addresses: Option<String>,
    flags: u8,
    facts: Option<Vec<u8>>,
    /// Of everything in the row: equal hashes mean that there is nothing to write.
    pub(super) hash: i64,
}

impl<'a> Written<'a> {
    pub(super) fn new(stored: &'a StoredUser, dictionary: &mut Dictionary) -> Self {
        let user = &stored.user;
        let same_mail = user.mail.as_deref() == Some(user.upn.as_str());
        let mut written = Self {
            stored,
            mail: user.mail.as_deref().filter(|_| !same_mail),
            addresses: Some(user.addresses.join("\n")).filter(|text| !text.is_empty()),
            flags: flag_bits(user.flags) | if same_mail { SAME_MAIL } else { 0 },
            facts: Some(facts::write(
                &user.licences,
                &user.plans,
                user.flaw.as_deref(),
                dictionary,
            ))
            .filter(|bytes| !bytes.is_empty()),
            hash: 0,
        };
        let mut hasher = DefaultHasher::new();
        (&user.name, &user.upn, written.mail, &written.addresses).hash(&mut hasher);
        (user.location, written.flags, &written.facts).hash(&mut hasher);
        let class = class_hash(stored.class, stored.marks, stored.number.as_ref());
        written.hash = never_zero(hasher.finish().cast_signed() ^ class);
        written
    }

    /// Appends the row to a table of these columns; a row of the same id gives way where the table has a key for it.
    pub(super) fn insert(&self, statement: &mut Statement<'_>) -> Result<(), StoreError> {
        let user = &self.stored.user;
        statement.execute(params![
            user.id.0.bytes(),
            user.name,
            user.upn,
            self.mail,
            self.addresses,
            user.location.as_ref().map(Country::as_str),
            self.flags,
            self.stored.class,
            self.stored.marks,
            self.stored.number.as_ref().map(PhoneNumber::as_str),
            self.facts,
            self.hash,
        ])?;
        Ok(())
    }
}

/// The statement that [`Written::insert`] executes.
pub(super) fn insert_into(table: &str) -> String {
    format!(
        "INSERT OR REPLACE INTO {table} ({USER}, hash) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12)"
    )
}

fn never_zero(hash: i64) -> i64 {
    if hash == 0 { 1 } else { hash }
}

/// The share of a row's hash that its class has: taken out and put in when only the class changes.
fn class_hash(class: u8, marks: u32, number: Option<&PhoneNumber>) -> i64 {
    let mut hasher = DefaultHasher::new();
    (class, marks, number).hash(&mut hasher);
    hasher.finish().cast_signed()
}

/// The hash of a row after its class has changed. A row that was read alone (0) is written by the next run in any case.
pub(super) fn rehashed(
    hash: i64,
    before: &StoredRow,
    after: (u8, u32, Option<&PhoneNumber>),
) -> i64 {
    if hash == 0 {
        return 0;
    }
    let old = class_hash(before.class, before.marks, before.number.as_ref());
    never_zero(hash ^ old ^ class_hash(after.0, after.1, after.2))
}

fn flag_bits(flags: UserFlags) -> u8 {
    let UserFlags {
        enabled,
        guest,
        synced,
        application_mark,
    } = flags;
    [
        (enabled, ENABLED),
        (guest, GUEST),
        (synced, SYNCED),
        (application_mark, APPLICATION),
    ]
    .into_iter()
    .filter(|(set, _)| *set)
    .fold(0, |bits, (_, bit)| bits | bit)
}

fn flags_of(bits: u8) -> UserFlags {
    UserFlags {
        enabled: bits & ENABLED != 0,
        guest: bits & GUEST != 0,
        synced: bits & SYNCED != 0,
        application_mark: bits & APPLICATION != 0,
    }
}

/// Whether flags say that the mail is the user principal name.
pub(super) fn is_same_mail(flags: u8) -> bool {
    flags & SAME_MAIL != 0
}

fn mail(row: &Row<'_>, column: usize, flags: u8, upn: &str) -> rusqlite::Result<Option<String>> {
    if flags & SAME_MAIL != 0 {
        Ok(Some(upn.to_owned()))
    } else {
        row.get(column)
    }
}

/// A row's cheap columns; `from` is the place of the first.
pub(super) fn row_of(row: &Row<'_>) -> rusqlite::Result<StoredRow> {
    let upn: String = row.get(2)?;
    Ok(StoredRow {
        id: ObjectId(guid(row, 0)?),
        name: row.get(1)?,
        mail: mail(row, 3, row.get(8)?, &upn)?,
        upn,
        location: country(row, 4)?,
        number: number(row, 5)?,
        class: row.get(6)?,
        marks: row.get(7)?,
    })
}

/// A row with all facts, its columns beginning at 0; fails where the dictionary does not hold what the row refers to.
pub(super) fn user_of(row: &Row<'_>, dictionary: &Dictionary) -> Result<StoredUser, StoreError> {
    let flags: u8 = row.get(6)?;
    let upn: String = row.get(2)?;
    let blob: Option<Vec<u8>> = row.get(10)?;
    let id = ObjectId(guid(row, 0)?);
    let facts = facts::read(blob.as_deref().unwrap_or_default(), dictionary)
        .map_err(|error| StoreError::damaged(format!("{error} ({id})")))?;
    let addresses: Option<String> = row.get(4)?;
    Ok(StoredUser {
        user: DirectoryUser {
            id,
            name: row.get(1)?,
            mail: mail(row, 3, flags, &upn)?,
            upn,
            addresses: addresses
                .map(|text| text.split('\n').map(ToOwned::to_owned).collect())
                .unwrap_or_default(),
            location: country(row, 5)?,
            flags: flags_of(flags),
            licences: facts.licences,
            plans: facts.plans,
            flaw: facts.flaw,
        },
        class: row.get(7)?,
        marks: row.get(8)?,
        number: number(row, 9)?,
    })
}

/// The dictionary in memory and what of it is in the database.
#[derive(Debug, Default)]
pub(super) struct Words {
    pub(super) dictionary: Dictionary,
    saved: usize,
    /// Of SQLite: differs when another connection has written since.
    version: Option<i64>,
}

impl Words {
    /// Brings the memory up to date in the caller's transaction. Another program may have added words, or begun anew.
    pub(super) fn refresh(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let version = connection.pragma_query_value(None, "data_version", |row| row.get(0))?;
        if self.version == Some(version) {
            return Ok(());
        }
        self.forget();
        let mut statement = connection.prepare_cached("SELECT n, id FROM dictionary ORDER BY n")?;
        let mut found = statement.query([])?;
        while let Some(row) = found.next()? {
            let (n, id): (i64, Guid) = (row.get(0)?, guid(row, 1)?);
            let len = self.dictionary.len();
            if usize::try_from(n) != Ok(len) || self.dictionary.place(id) != len {
                return Err(StoreError::damaged("the dictionary of plans and products"));
            }
        }
        self.saved = self.dictionary.len();
        self.version = Some(version);
        Ok(())
    }

    /// The caller's transaction was rolled back.
    pub(super) fn rolled_back(&mut self) {
        self.dictionary.truncate(self.saved);
    }

    /// Writes what was added, in the caller's transaction.
    pub(super) fn keep(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut statement =
            connection.prepare_cached("INSERT INTO dictionary (n, id) VALUES (?1, ?2)")?;
        for (n, id) in (self.saved..).zip(self.dictionary.from_place(self.saved)) {
            let n = i64::try_from(n).expect("fewer GUIDs than an i64 counts");
            statement.execute(params![n, id.bytes()])?;
        }
        Ok(())
    }

    /// The transaction with [`Self::keep`] is committed.
    pub(super) fn kept(&mut self) {
        self.saved = self.dictionary.len();
    }

    /// The table was emptied.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
