//! Rows of the ledger as values of the domain, and back.

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::domain::country::Country;
use crate::domain::guid::{Guid, ObjectId, TenantId};
use crate::domain::outbox::{Entry, EntryId, Giver, Written};
use crate::domain::phone::{NumberKind, PhoneNumber};
use crate::domain::seat::Seats;
use crate::domain::user::{Association, Field, User, UserId, Value};
use crate::record::entry;
use crate::roster::desk::AuditRow;

use super::super::error::StoreError;
use super::{LedgerPicture, Pin};

const USER: &str = "id, tenant, name, mail, number, kind, country, sip_username, external_id, \
                    association, directory_id, gone, rank, created_at";
const ENTRY: &str = "id, tenant, user_id, directory_id, name, field, base, wanted, state, author, created_at, updated_at, released, from_id, from_name, silences, gives_back";

/// A value in a column that this program never wrote there.
fn bad(column: usize, what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Null, what.into())
}

/// A GUID of a column.
pub(in crate::store) fn guid(row: &Row<'_>, column: usize) -> rusqlite::Result<Guid> {
    row.get(column).map(Guid::from_bytes)
}

/// A GUID, or none.
pub(in crate::store) fn optional_guid(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<Guid>> {
    Ok(row
        .get::<_, Option<[u8; 16]>>(column)?
        .map(Guid::from_bytes))
}

/// A moment of a column.
pub(in crate::store) fn moment(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    let text = row.get_ref(column)?.as_str()?;
    text.parse().map_err(|_| bad(column, "not a moment"))
}

/// A number of a column, or none.
pub(in crate::store) fn number(
    row: &Row<'_>,
    column: usize,
) -> rusqlite::Result<Option<PhoneNumber>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else {
        return Ok(None);
    };
    match PhoneNumber::from_tenant(text) {
        Some(number) => Ok(Some(number)),
        None => Err(bad(column, "not a telephone number")),
    }
}

/// A country of a column, or none.
pub(in crate::store) fn country(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Country>> {
    let Some(text) = row.get_ref(column)?.as_str_or_null()? else {
        return Ok(None);
    };
    match Country::from_tenant(text) {
        Some(country) => Ok(Some(country)),
        None => Err(bad(column, "not a country")),
    }
}

/// In the column of the association: none, and a match by e-mail is only taken over when somebody says so.
pub(super) const WAITS: i64 = 3;

/// What a column of the association says, with the id beside it.
pub(super) fn association_of(code: i64, id: Option<ObjectId>) -> Option<Association> {
    match (code, id) {
        (0 | WAITS, None) => Some(Association::None),
        (1, Some(id)) => Some(Association::Matched(id)),
        (2, Some(id)) => Some(Association::Manual(id)),
        _ => None,
    }
}

/// The two columns of an association.
pub(super) fn association_columns(association: Association) -> (i64, Option<[u8; 16]>) {
    match association {
        Association::None => (0, None),
        Association::Matched(id) => (1, Some(*id.0.bytes())),
        Association::Manual(id) => (2, Some(*id.0.bytes())),
    }
}

fn user_of_row(row: &Row<'_>) -> rusqlite::Result<User> {
    let kind = NumberKind::parse(row.get_ref(5)?.as_str()?);
    let directory_id = optional_guid(row, 10)?.map(ObjectId);
    Ok(User {
        id: UserId(row.get(0)?),
        tenant: TenantId(guid(row, 1)?),
        name: row.get(2)?,
        mail: row.get(3)?,
        number: number(row, 4)?,
        kind: kind.ok_or_else(|| bad(5, "not a kind of number"))?,
        country: country(row, 6)?,
        sip_username: row.get(7)?,
        external_id: row.get(8)?,
        association: association_of(row.get(9)?, directory_id)
            .ok_or_else(|| bad(9, "not an association"))?,
        waits: row.get::<_, i64>(9)? == WAITS,
        gone: row.get(11)?,
        rank: row.get(12)?,
        created_at: moment(row, 13)?,
    })
}

fn entry_of(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let field = field(row, 5)?;
    Ok(Entry {
        id: EntryId(row.get(0)?),
        tenant: TenantId(guid(row, 1)?),
        user: row.get::<_, Option<i64>>(2)?.map(UserId),
        directory_id: optional_guid(row, 3)?.map(ObjectId),
        name: row.get(4)?,
        base: value(row, 6, field)?,
        wanted: value(row, 7, field)?,
        state: entry::read(row.get_ref(8)?.as_str()?, field)
            .map_err(|_| bad(8, "not a state of a change"))?,
        author: row.get(9)?,
        created_at: moment(row, 10)?,
        updated_at: moment(row, 11)?,
        released: PhoneNumber::from_tenant(row.get_ref(12)?.as_str()?),
        takes_from: giver(row, 13)?,
        silences: PhoneNumber::from_tenant(row.get_ref(15)?.as_str()?),
        gives_back: row.get(16)?,
    })
}

fn field(row: &Row<'_>, column: usize) -> rusqlite::Result<Field> {
    Field::from_key(row.get_ref(column)?.as_str()?).ok_or_else(|| bad(column, "not a field"))
}

/// A text that cannot be read must not become a blank, which would take a number away.
fn value(row: &Row<'_>, column: usize, field: Field) -> rusqlite::Result<Value> {
    let text = row.get_ref(column)?.as_str()?;
    Value::from_compact(field, text).ok_or_else(|| bad(column, "not a value"))
}

/// Who gives, with the name in the next column.
fn giver(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Giver>> {
    let Some(id) = optional_guid(row, column)? else {
        return Ok(None);
    };
    Ok(Some(Giver {
        id: ObjectId(id),
        name: row.get(column + 1)?,
    }))
}

/// How many changes that took something away were written since then.
pub(super) fn taken_since(connection: &Connection, at: Timestamp) -> Result<u32, StoreError> {
    let sql = "SELECT at FROM written WHERE field <> 'adding' AND (field <> 'number' OR base <> '' OR from_id IS NOT NULL)
               ORDER BY entry DESC LIMIT 10000";
    let mut statement = connection.prepare_cached(sql)?;
    let mut count = 0;
    for seen in statement.query_map([], |row| moment(row, 0))? {
        // Entries end in another order than that of their ids, so that all are looked at.
        count += u32::from(seen? >= at);
    }
    Ok(count)
}

/// How many users were taken off the list since then.
pub(super) fn removed_since(connection: &Connection, at: Timestamp) -> Result<u32, StoreError> {
    let sql = "SELECT at FROM audit WHERE action = ?1 ORDER BY seq DESC LIMIT 10000";
    let mut statement = connection.prepare_cached(sql)?;
    let mut count = 0;
    for seen in statement.query_map([AuditRow::REMOVED], |row| moment(row, 0))? {
        // A clock that was set back is no reason to stop looking.
        count += u32::from(seen? >= at);
    }
    Ok(count)
}

/// The tickets of what is in the outbox.
pub(super) fn tickets(connection: &Connection) -> Result<Vec<(EntryId, String)>, StoreError> {
    let sql =
        "SELECT entry, ticket FROM tickets WHERE entry IN (SELECT id FROM outbox) ORDER BY entry";
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| Ok((EntryId(row.get(0)?), row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What has been written and read back, as it is needed for taking it back.
pub(super) fn written(
    connection: &Connection,
    entry: EntryId,
) -> Result<Option<Written>, StoreError> {
    let sql =
        "SELECT tenant, user_id, directory_id, name, field, base, wanted, from_id, from_name, released, at
               FROM written WHERE entry = ?1";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &Row<'_>| {
        let field = field(row, 4)?;
        Ok(Written {
            entry,
            tenant: TenantId(guid(row, 0)?),
            user: row.get::<_, Option<i64>>(1)?.map(UserId),
            directory_id: optional_guid(row, 2)?.map(ObjectId),
            name: row.get(3)?,
            base: value(row, 5, field)?,
            wanted: value(row, 6, field)?,
            takes_from: giver(row, 7)?,
            released: PhoneNumber::from_tenant(row.get_ref(9)?.as_str()?),
            at: moment(row, 10)?,
        })
    };
    Ok(statement.query_row([entry.0], read).optional()?)
}

/// All users, by rank.
pub(in crate::store) fn users(connection: &Connection) -> Result<Vec<User>, StoreError> {
    let sql = format!("SELECT {USER} FROM users ORDER BY rank, id");
    let mut statement = connection.prepare_cached(&sql)?;
    let users = statement
        .query_map([], user_of_row)?
        .collect::<Result<_, _>>()?;
    Ok(users)
}

/// One user, if it is configured.
pub(in crate::store) fn user(
    connection: &Connection,
    id: UserId,
) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {USER} FROM users WHERE id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement.query_row([id.0], user_of_row).optional()?)
}

/// The configured user of a directory user.
pub(super) fn user_of(connection: &Connection, id: ObjectId) -> Result<Option<User>, StoreError> {
    let sql = format!("SELECT {USER} FROM users WHERE directory_id = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    Ok(statement
        .query_row([id.0.bytes()], user_of_row)
        .optional()?)
}

/// Entries about one field of one person, by the configured user or by the directory user.
pub(super) fn of_field(
    connection: &Connection,
    user: Option<UserId>,
    id: ObjectId,
    field: Field,
) -> Result<Vec<Entry>, StoreError> {
    entries(
        connection,
        "field = ?1 AND NOT parked AND (user_id = ?2 OR (user_id IS NULL AND directory_id = ?3))",
        &[&field.key(), &user.map(|id| id.0), id.0.bytes()],
    )
}

/// Entries that a condition picks, oldest first.
pub(in crate::store) fn entries(
    connection: &Connection,
    condition: &str,
    parameters: &[&dyn rusqlite::ToSql],
) -> Result<Vec<Entry>, StoreError> {
    let sql = format!("SELECT {ENTRY} FROM outbox WHERE {condition} ORDER BY id");
    let mut statement = connection.prepare_cached(&sql)?;
    let entries = statement
        .query_map(parameters, entry_of)?
        .collect::<Result<_, _>>()?;
    Ok(entries)
}

/// One entry, if it is in the outbox and not set aside.
pub(super) fn entry(connection: &Connection, id: EntryId) -> Result<Option<Entry>, StoreError> {
    Ok(entries(connection, "id = ?1 AND NOT parked", &[&id.0])?.pop())
}

/// A setting.
pub(in crate::store) fn setting(
    connection: &Connection,
    key: &str,
) -> Result<Option<String>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT v FROM settings WHERE k = ?1")?;
    Ok(statement.query_row([key], |row| row.get(0)).optional()?)
}

/// Sets or removes a setting.
pub(in crate::store) fn set(
    connection: &Connection,
    key: &str,
    value: Option<&str>,
) -> Result<(), StoreError> {
    match value {
        Some(value) => connection
            .prepare_cached("INSERT INTO settings (k, v) VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = excluded.v")?
            .execute([key, value])?,
        None => connection
            .prepare_cached("DELETE FROM settings WHERE k = ?1")?
            .execute([key])?,
    };
    Ok(())
}

/// The pin.
pub(in crate::store) fn pin(connection: &Connection) -> Result<Option<Pin>, StoreError> {
    let Some(tenant) = setting(connection, "pin_tenant")? else {
        return Ok(None);
    };
    let damaged = |_| StoreError::damaged("the pin");
    let at = setting(connection, "pin_at")?.unwrap_or_default();
    Ok(Some(Pin {
        tenant: TenantId(
            tenant
                .parse::<Guid>()
                .map_err(|_| StoreError::damaged("the pin"))?,
        ),
        name: setting(connection, "pin_name")?.unwrap_or_default(),
        at: at.parse().map_err(damaged)?,
    }))
}

/// The seats.
pub(in crate::store) fn seats(connection: &Connection) -> Result<Seats, StoreError> {
    let damaged = || StoreError::damaged("the count of seats");
    let bought = setting(connection, "seats_bought")?
        .map(|text| text.parse().map_err(|_| damaged()))
        .transpose()?;
    let ends = setting(connection, "seats_end")?
        .map(|text| text.parse().map_err(|_| damaged()))
        .transpose()?;
    Ok(Seats { bought, ends })
}

/// Whether every row can be read.
pub(in crate::store) fn sound(connection: &Connection) -> Result<(), StoreError> {
    picture(connection)?;
    entries(connection, "parked", &[])?;
    old_numbers(connection)?;
    Ok(())
}

/// Everything that a screen needs.
pub(super) fn picture(connection: &Connection) -> Result<LedgerPicture, StoreError> {
    let parked = connection
        .prepare_cached("SELECT count(*) FROM outbox WHERE parked")?
        .query_row([], |row| row.get(0))?;
    Ok(LedgerPicture {
        pin: pin(connection)?,
        seats: seats(connection)?,
        users: users(connection)?,
        entries: entries(connection, "NOT parked", &[])?,
        parked,
    })
}

/// Numbers that users had in the tenant that was pinned before.
pub(in crate::store) fn old_numbers(
    connection: &Connection,
) -> Result<Vec<(UserId, PhoneNumber)>, StoreError> {
    let mut statement = connection.prepare_cached(
        "SELECT id, old_number FROM users WHERE old_number IS NOT NULL ORDER BY rank, id",
    )?;
    let mut found = Vec::new();
    for row in statement.query_map([], |row| Ok((UserId(row.get(0)?), number(row, 1)?)))? {
        if let (id, Some(number)) = row? {
            found.push((id, number));
        }
    }
    Ok(found)
}
