//! Questions about the snapshot: one user, a window of rows, who is meant by a text.

use std::cmp::Ordering;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::domain::gate::{FirstCause, Marks};
use crate::domain::guid::{Guid, ObjectId};
use crate::domain::phone::PhoneNumber;
use crate::record::facts;
use crate::roster::inventory::{Fitness, NumberRow, Owner};
use crate::roster::table::Unsorted;
use crate::roster::{Person, Roster, Spot};

use super::super::error::StoreError;
use super::super::ledger::rows::{country, guid, moment, number};
use super::rows::{ROW, USER, Words, is_same_mail, row_of, user_of};
use super::{HeldNumbers, LicenceOf, LiveReading, StaleTeams, StoredRow, StoredUser, reference};

/// By name without regard to the case of ASCII letters, as the index has it, then by id.
fn by_name(a: &StoredRow, b: &StoredRow) -> Ordering {
    let name = a.name.bytes().map(|byte| byte.to_ascii_lowercase());
    let other = b.name.bytes().map(|byte| byte.to_ascii_lowercase());
    name.cmp(other).then_with(|| a.id.cmp(&b.id))
}

/// A window of rows.
pub(super) fn rows(
    connection: &Connection,
    from: u64,
    limit: u64,
) -> Result<Vec<StoredRow>, StoreError> {
    let sql =
        format!("SELECT {ROW} FROM directory ORDER BY name COLLATE NOCASE, id LIMIT ?2 OFFSET ?1");
    let clamp = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([clamp(from), clamp(limit)], row_of)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The last rows by name, the order of [`rows`] kept.
pub(super) fn last_rows(connection: &Connection, limit: u64) -> Result<Vec<StoredRow>, StoreError> {
    let sql =
        format!("SELECT {ROW} FROM directory ORDER BY name COLLATE NOCASE DESC, id DESC LIMIT ?1");
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map([limit], row_of)?;
    let mut rows: Vec<StoredRow> = rows.collect::<Result<_, _>>()?;
    rows.reverse();
    Ok(rows)
}

/// All rows as they lie in the table, in one piece of memory.
pub(super) fn table(connection: &Connection) -> Result<Unsorted, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {ROW} FROM directory"))?;
    let mut rows = statement.query([])?;
    let mut table = Unsorted::default();
    while let Some(row) = rows.next()? {
        let text = |column| -> rusqlite::Result<Option<&str>> {
            Ok(row.get_ref(column)?.as_str_or_null()?)
        };
        let upn = text(2)?.unwrap_or_default();
        let number = number(row, 5)?;
        table.push(Person {
            id: ObjectId(guid(row, 0)?),
            name: text(1)?.unwrap_or_default(),
            upn,
            mail: if is_same_mail(row.get(8)?) {
                Some(upn)
            } else {
                text(3)?
            },
            location: country(row, 4)?,
            number: number.as_ref().map(PhoneNumber::as_str),
            cause: FirstCause::from_byte(row.get(6)?),
            marks: Marks(row.get(7)?),
        });
    }
    Ok(table)
}

/// All rows. Read in the order of the table and sorted here: by the index each row would be a page of its own.
pub(super) fn all_rows(connection: &Connection) -> Result<Vec<StoredRow>, StoreError> {
    let mut statement = connection.prepare_cached(&format!("SELECT {ROW} FROM directory"))?;
    let mut rows: Vec<StoredRow> = statement.query_map([], row_of)?.collect::<Result<_, _>>()?;
    rows.sort_unstable_by(by_name);
    Ok(rows)
}

/// One user with all facts.
pub(super) fn user(
    connection: &Connection,
    id: ObjectId,
    words: &mut Words,
) -> Result<Option<StoredUser>, StoreError> {
    words.refresh(connection)?;
    let mut statement =
        connection.prepare_cached(&format!("SELECT {USER} FROM directory WHERE id = ?1"))?;
    let mut rows = statement.query([id.0.bytes()])?;
    rows.next()?
        .map(|row| user_of(row, &words.dictionary))
        .transpose()
}

/// The next users after a place.
pub(super) fn batch(
    connection: &Connection,
    (after, limit): (i64, u32),
    words: &mut Words,
) -> Result<Vec<(i64, StoredUser)>, StoreError> {
    words.refresh(connection)?;
    let sql = format!("SELECT {USER}, n FROM directory WHERE n > ?1 ORDER BY n LIMIT ?2");
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([after, i64::from(limit)])?;
    let mut users = Vec::new();
    while let Some(row) = rows.next()? {
        users.push((row.get(11)?, user_of(row, &words.dictionary)?));
    }
    Ok(users)
}

/// The name of a directory user.
pub(super) fn name_of(connection: &Connection, id: ObjectId) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT name FROM directory WHERE id = ?1")?;
    Ok(statement
        .query_row([id.0.bytes()], |row| row.get(0))
        .optional()?)
}

/// A directory user as lists show it.
fn person(stored: &StoredUser) -> Person<'_> {
    let user = &stored.user;
    Person {
        id: user.id,
        name: &user.name,
        upn: &user.upn,
        mail: user.mail.as_deref(),
        location: user.location,
        number: stored.number.as_ref().map(PhoneNumber::as_str),
        cause: FirstCause::from_byte(stored.class),
        marks: Marks(stored.marks),
    }
}

/// Products and numbers with their holders. What lists need of a holder is small, and what the tenant says of one is not: no two of
/// those are kept at a time.
pub(super) fn held_numbers(
    connection: &Connection,
    words: &mut Words,
    roster: &Roster,
) -> Result<HeldNumbers, StoreError> {
    words.refresh(connection)?;
    let mut one =
        connection.prepare_cached(&format!("SELECT {USER} FROM directory WHERE id = ?1"))?;
    let mut owner = |id: ObjectId| -> Result<Option<Owner>, StoreError> {
        let mut rows = one.query([id.0.bytes()])?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        let stored = user_of(row, &words.dictionary)?;
        let resource = Marks(stored.marks).is_resource();
        Ok(Some(Owner {
            spot: (roster.spot(id)).unwrap_or_else(|| Spot::alone(person(&stored))),
            resource,
            fitness: Fitness::of(&stored.user, resource),
        }))
    };
    let mut numbers = Vec::with_capacity(reference::list_sizes(connection)?.numbers);
    let known = reference::visit_numbers(connection, |record| {
        let owner = record.target.map(&mut owner).transpose()?.flatten();
        numbers.push(NumberRow::new(record, owner));
        Ok(())
    })?;
    Ok(HeldNumbers {
        numbers: known.then_some(numbers),
        skus: reference::skus(connection)?,
    })
}

/// Users whose row shows a number that the inventory gives to somebody else: that one was read by itself since, and this one was not.
pub(super) fn former_holders(connection: &Connection) -> Result<Vec<ObjectId>, StoreError> {
    let nobody: bool = connection
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM live)")?
        .query_row([], |row| row.get(0))?;
    if nobody {
        return Ok(Vec::new());
    }
    let mut statement = connection.prepare_cached(
        "SELECT d.id FROM directory d JOIN numbers n ON n.number = d.number
         WHERE n.target IS NOT NULL AND n.target <> d.id",
    )?;
    let rows = statement.query_map([], |row| Ok(ObjectId(guid(row, 0)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Every licence of every user, in the order of the table.
pub(super) fn licences(
    connection: &Connection,
    words: &mut Words,
) -> Result<Vec<LicenceOf>, StoreError> {
    words.refresh(connection)?;
    let mut statement =
        connection.prepare_cached("SELECT id, facts FROM directory WHERE facts IS NOT NULL")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let user = ObjectId(guid(row, 0)?);
        let bytes = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        let facts = facts::read(bytes, &words.dictionary)
            .map_err(|error| StoreError::damaged(format!("{error} ({user})")))?;
        found.extend(facts.licences.iter().map(|licence| LicenceOf {
            sku: licence.sku,
            user,
            group: licence.group,
        }));
    }
    Ok(found)
}

/// When the facts of a user were read.
pub(super) fn read_at_of(
    connection: &Connection,
    id: ObjectId,
) -> Result<Option<Timestamp>, StoreError> {
    let live = connection
        .prepare_cached("SELECT read_at FROM live WHERE id = ?1")?
        .query_row([id.0.bytes()], |row| moment(row, 0))
        .optional()?;
    if live.is_some() || name_of(connection, id)?.is_none() {
        return Ok(live);
    }
    Ok(reference::head(connection)?.map(|head| head.read_at))
}

/// How a user was read since the last run.
pub(super) fn live_of(
    connection: &Connection,
    id: ObjectId,
) -> Result<Option<LiveReading>, StoreError> {
    let sql = "SELECT read_at, teams_at, teams_why, member FROM live WHERE id = ?1";
    let read = |row: &Row<'_>| {
        let teams_at = match row.get_ref(1)? {
            rusqlite::types::ValueRef::Null => None,
            _ => Some(moment(row, 1)?),
        };
        Ok(LiveReading {
            read_at: moment(row, 0)?,
            teams: row.get::<_, Option<String>>(2)?.map(|why| StaleTeams {
                read_at: teams_at,
                why,
            }),
            member: row.get(3)?,
        })
    };
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row([id.0.bytes()], read).optional()?)
}

/// How well a row fits a text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    Exact,
    Part,
    Digits,
}

struct Query {
    folded: String,
    digits: Option<String>,
}

impl Query {
    fn new(text: &str) -> Self {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let is_number = text
            .chars()
            .all(|c| c.is_ascii_digit() || " +-().\u{a0}".contains(c));
        Self {
            folded: text.to_lowercase(),
            digits: Some(digits).filter(|digits| is_number && digits.len() >= 3),
        }
    }

    /// Columns: those of a row, then the addresses.
    fn fit(&self, row: &Row<'_>) -> rusqlite::Result<Option<Fit>> {
        let text = |column: usize| -> rusqlite::Result<&str> {
            Ok(row.get_ref(column)?.as_str_or_null()?.unwrap_or_default())
        };
        let same = |found: &str| found.to_lowercase() == self.folded;
        let (name, upn, mail) = (text(1)?, text(2)?, text(3)?);
        let number = text(5)?;
        if same(upn) || same(mail) || text(9)?.split('\n').any(same) || same(number) {
            return Ok(Some(Fit::Exact));
        }
        let part = |found: &str| found.to_lowercase().contains(&self.folded);
        if part(name) || part(upn) || part(mail) {
            return Ok(Some(Fit::Part));
        }
        let digits = self
            .digits
            .as_ref()
            .filter(|digits| number.contains(digits.as_str()));
        Ok(digits.map(|_| Fit::Digits))
    }
}

/// Most rows that are kept of a text that fits nearly everybody.
const MOST: usize = 4096;

/// Who is meant by a text, the best first.
pub(super) fn find(
    connection: &Connection,
    text: &str,
    limit: u32,
) -> Result<Vec<StoredRow>, StoreError> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(Vec::new());
    }
    if let Ok(id) = text.parse::<Guid>() {
        let sql = format!("SELECT {ROW} FROM directory WHERE id = ?1");
        let found = connection
            .prepare_cached(&sql)?
            .query_row([id.bytes()], row_of)
            .optional()?;
        if let Some(found) = found {
            return Ok(vec![found]);
        }
    }
    let query = Query::new(text);
    let mut statement =
        connection.prepare_cached(&format!("SELECT {ROW}, addresses FROM directory"))?;
    let mut rows = statement.query([])?;
    let mut hits: Vec<(Fit, StoredRow)> = Vec::new();
    let mut lesser = 0;
    while let Some(row) = rows.next()? {
        let Some(fit) = query.fit(row)? else {
            continue;
        };
        lesser += usize::from(fit != Fit::Exact);
        if fit == Fit::Exact || lesser <= MOST {
            hits.push((fit, row_of(row)?));
        }
    }
    hits.sort_by(|(fit, row), (other_fit, other)| {
        fit.cmp(other_fit).then_with(|| by_name(row, other))
    });
    hits.truncate(limit as usize);
    Ok(hits.into_iter().map(|(_, row)| row).collect())
}

#[cfg(test)]
mod tests {
    use crate::domain::run::RunId;
    use crate::roster::Roster;
    use crate::roster::inventory::Owner;
    use crate::store::cache::Cache;
    use crate::store::fixtures::{
        directory_user, head, number, object, reference, store_with, teams_user, tenant_number,
    };

    fn filled(cache: &Cache) {
        let names = [
            "Alex Wilber",
            "Ben Walters",
            "alex zimmer",
            "Élodie Blanc",
            "Diego Siciliani",
            "Lee Gu",
        ];
        let users = (1..)
            .zip(names)
            .map(|(n, name)| directory_user(n, name))
            .collect();
        cache.begin_full(RunId(1)).wait().unwrap();
        cache.append(users).wait().unwrap();
        cache.finish_full(reference(), head(1)).wait().unwrap();
    }

    #[test]
    fn windows_follow_the_order_of_all_rows() {
        let (_root, store) = store_with(0);
        filled(&store.cache);
        let all = store.cache.all_rows().wait().unwrap();
        assert_eq!(
            all.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(),
            [
                "Alex Wilber",
                "alex zimmer",
                "Ben Walters",
                "Diego Siciliani",
                "Lee Gu",
                "Élodie Blanc"
            ]
        );
        for from in 0..7 {
            let window = store.cache.rows(from as u64, 2).wait().unwrap();
            assert_eq!(window, all[from.min(6)..(from + 2).min(6)]);
            let last = store.cache.last_rows(from as u64).wait().unwrap();
            assert_eq!(last, all[6 - from.min(6)..]);
        }
        // The whole table has the same order, and the same rows.
        let roster = Roster::sorted(1, store.cache.table().wait().unwrap());
        for (row, person) in all.iter().zip(roster.rows()) {
            assert_eq!((row.id, row.name.as_str()), (person.id, person.name));
            let mails = (row.mail.as_deref(), person.mail);
            assert_eq!((row.upn.as_str(), mails.0), (person.upn, mails.1));
            assert_eq!(
                (row.number.clone(), row.location),
                (person.phone(), person.location)
            );
            assert_eq!(
                (row.class, row.marks),
                (person.cause.byte(), person.marks.0)
            );
        }
        assert_eq!(roster.len(), all.len());
        let ben = &all[2];
        assert_eq!(ben.mail.as_deref(), Some("user2@contoso.example"));
        assert_eq!(
            (&ben.number, ben.class, ben.marks),
            (&Some(number("+441235100002")), 2, 2)
        );
        assert_eq!(all[0].mail, None);
    }

    #[test]
    fn who_is_meant_by_a_text() {
        let (_root, store) = store_with(0);
        filled(&store.cache);
        let find = |text: &str| -> Vec<String> {
            store
                .cache
                .find(text, 10)
                .wait()
                .unwrap()
                .into_iter()
                .map(|row| row.name)
                .collect()
        };
        assert_eq!(
            find(&object(5).to_string().to_uppercase()),
            ["Diego Siciliani"]
        );
        assert_eq!(find("USER2@contoso.example"), ["Ben Walters"]);
        assert_eq!(find("Alias3@Contoso.example"), ["alex zimmer"]);
        assert_eq!(find(" ALEX "), ["Alex Wilber", "alex zimmer"]);
        assert_eq!(find("élodie"), ["Élodie Blanc"]);
        assert_eq!(find("ÉLO"), ["Élodie Blanc"]);
        assert_eq!(find("+441235100004"), ["Élodie Blanc"]);
        assert_eq!(find("01235 100004"), [] as [&str; 0]);
        assert_eq!(find("100 006"), ["Lee Gu"]);
        assert_eq!(find("12"), [] as [&str; 0]);
        assert_eq!(find("  "), [] as [&str; 0]);
        // An address to the letter goes before one that only contains it.
        assert_eq!(find("a3@x.example"), ["alex zimmer"]);
        assert_eq!(store.cache.find("contoso", 2).wait().unwrap().len(), 2);
    }

    #[test]
    fn one_user_and_the_numbers() {
        let (_root, store) = store_with(0);
        filled(&store.cache);
        let cache = &store.cache;
        assert_eq!(
            cache.name_of(object(6)).wait().unwrap().as_deref(),
            Some("Lee Gu")
        );
        assert_eq!(cache.name_of(object(60)).wait().unwrap(), None);
        assert_eq!(cache.user(object(60)).wait().unwrap(), None);
        assert_eq!(
            cache.teams_of(object(4)).wait().unwrap(),
            Some(teams_user(4))
        );
        assert_eq!(cache.teams_of(object(1)).wait().unwrap(), None);
        assert_eq!(
            cache.numbers_of(object(4)).wait().unwrap(),
            [tenant_number(4, Some(object(4)))]
        );
        assert_eq!(
            cache.number(&number("+441235100090")).wait().unwrap(),
            Some(tenant_number(90, None))
        );
        assert_eq!(cache.number(&number("+441235100091")).wait().unwrap(), None);
    }

    #[test]
    fn numbers_come_with_their_holders_and_licences_with_theirs() {
        let (_root, store) = store_with(0);
        let cache = &store.cache;
        let empty = cache
            .held_numbers(std::sync::Arc::default())
            .wait()
            .unwrap();
        assert_eq!((empty.numbers, empty.skus.len()), (None, 0));
        filled(cache);
        let held = cache
            .held_numbers(std::sync::Arc::default())
            .wait()
            .unwrap();
        let rows = held.numbers.unwrap();
        let found: Vec<_> = rows
            .iter()
            .map(|row| (row.record.clone(), row.holder().map(Owner::name)))
            .collect();
        assert_eq!(
            found,
            [
                (tenant_number(2, Some(object(2))), Some("Ben Walters")),
                (tenant_number(4, Some(object(4))), Some("Élodie Blanc")),
                (tenant_number(90, None), None)
            ]
        );
        assert_eq!(held.skus, reference().skus);
        let licences = cache.licences().wait().unwrap();
        assert_eq!(licences.len(), 6);
        assert!(
            licences
                .iter()
                .all(|licence| licence.sku == reference().skus[0].id && licence.group.is_none())
        );
        // Numbers that could not be read are not known to be none.
        let mut unread = reference();
        unread.numbers = None;
        cache.begin_full(RunId(2)).wait().unwrap();
        cache.finish_full(unread, head(2)).wait().unwrap();
        assert_eq!(
            cache
                .held_numbers(std::sync::Arc::default())
                .wait()
                .unwrap()
                .numbers,
            None
        );
    }
}
