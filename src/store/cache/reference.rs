//! Head and reference data of a snapshot: written only where they differ from what is there.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::types::{ToSql, Value};
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, Statement, params};

use crate::domain::directory::{
    AccountType, Activation, AssignmentStatus, Group, NumberSource, NumberType, Sku, TeamsUser,
    TenantNumber,
};
use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::lists::{TeamsUsers, TeamsView, TenantNumbers};
use crate::domain::phone::PhoneNumber;
use crate::domain::run::{Counters, RunId};
use crate::record::Unreadable;
use crate::record::reference::{self as form, Code};

use super::super::error::StoreError;
use super::super::ledger::rows::{guid, number, optional_guid};
use super::{ListSizes, Outline, Reference, SnapshotHead, compare};

impl From<Unreadable> for StoreError {
    fn from(error: Unreadable) -> Self {
        Self::damaged(error.to_string())
    }
}

fn put(tx: &Connection, key: &str, value: &dyn ToSql) -> Result<(), StoreError> {
    tx.prepare_cached(
        "INSERT INTO meta (k, v) VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = excluded.v WHERE v IS NOT excluded.v",
    )?
    .execute(params![key, value])?;
    Ok(())
}

fn meta(connection: &Connection) -> Result<HashMap<String, Value>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT k, v FROM meta")?;
    let pairs = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(pairs.collect::<Result<_, _>>()?)
}

fn text(meta: &mut HashMap<String, Value>, key: &str) -> Result<String, StoreError> {
    match meta.remove(key) {
        Some(Value::Text(text)) => Ok(text),
        _ => Err(StoreError::damaged(format!("{key} of the snapshot"))),
    }
}

fn whole<T: TryFrom<i64>>(meta: &mut HashMap<String, Value>, key: &str) -> Result<T, StoreError> {
    match meta.remove(key) {
        Some(Value::Integer(number)) => T::try_from(number).ok(),
        _ => None,
    }
    .ok_or_else(|| StoreError::damaged(format!("{key} of the snapshot")))
}

/// Writes the head.
pub(super) fn put_head(tx: &Connection, head: &SnapshotHead) -> Result<(), StoreError> {
    let Counters {
        total,
        licensed,
        phone_system,
        excluded_by_calling_plan,
        resource,
    } = head.counters;
    put(tx, "run", &head.run.0)?;
    put(tx, "read_at", &head.read_at.to_string())?;
    put(tx, "tenant_id", &head.tenant.to_string())?;
    put(tx, "tenant_name", &head.tenant_name)?;
    put(tx, "delta_link", &head.delta_link)?;
    put(tx, "total", &total.cast_signed())?;
    put(tx, "licensed", &licensed.cast_signed())?;
    put(tx, "phone_system", &phone_system.cast_signed())?;
    put(tx, "excluded", &excluded_by_calling_plan.cast_signed())?;
    put(tx, "resource", &resource.cast_signed())?;
    put(tx, "enabled", &head.enabled.cast_signed())?;
    put(tx, "table_version", &head.table_version)?;
    put(tx, "users", &head.users.cast_signed())?;
    put(tx, "full", &head.full)
}

/// Reads the head; without a run there is no snapshot.
pub(in crate::store) fn head(connection: &Connection) -> Result<Option<SnapshotHead>, StoreError> {
    let mut meta = meta(connection)?;
    if !meta.contains_key("run") {
        return Ok(None);
    }
    let moment = text(&mut meta, "read_at")?;
    let tenant = text(&mut meta, "tenant_id")?;
    let damaged = |what: &str| StoreError::damaged(format!("{what} of the snapshot"));
    Ok(Some(SnapshotHead {
        run: RunId(whole(&mut meta, "run")?),
        read_at: moment.parse().map_err(|_| damaged("the time"))?,
        tenant: tenant
            .parse::<TenantId>()
            .map_err(|_| damaged("the tenant"))?,
        tenant_name: text(&mut meta, "tenant_name")?,
        delta_link: match meta.remove("delta_link") {
            Some(Value::Text(link)) => Some(link),
            _ => None,
        },
        counters: Counters {
            total: whole(&mut meta, "total")?,
            licensed: whole(&mut meta, "licensed")?,
            phone_system: whole(&mut meta, "phone_system")?,
            excluded_by_calling_plan: whole(&mut meta, "excluded")?,
            resource: whole(&mut meta, "resource")?,
        },
        enabled: whole(&mut meta, "enabled")?,
        table_version: whole(&mut meta, "table_version")?,
        users: whole(&mut meta, "users")?,
        full: whole::<i64>(&mut meta, "full")? != 0,
    }))
}

/// Writes reference data.
pub(super) fn put_reference(tx: &Connection, reference: &Reference) -> Result<(), StoreError> {
    let (group, members) = form::write_group(&reference.group);
    put(tx, "tenant", &form::write_tenant(&reference.tenant))?;
    put(tx, "group", &group)?;
    put(tx, "members", &members)?;
    put(tx, "gaps", &form::write_texts(&reference.gaps))?;
    put(tx, "teams_known", &reference.teams.is_some())?;
    put(tx, "numbers_known", &reference.numbers.is_some())?;
    put_skus(tx, &reference.skus)?;
    let (no_teams, no_numbers) = (TeamsUsers::default(), TenantNumbers::default());
    put_all_teams(tx, reference.teams.as_deref().unwrap_or(&no_teams))?;
    put_all_numbers(tx, reference.numbers.as_deref().unwrap_or(&no_numbers))
}

/// A list of which a print is kept: where it is the same, so is the list.
#[derive(Debug, Clone, Copy)]
pub(super) enum Printed {
    Teams,
    Numbers,
}

impl Printed {
    fn key(self) -> &'static str {
        match self {
            Self::Teams => "teams_print",
            Self::Numbers => "numbers_print",
        }
    }
}

/// Whether the rows are those of this print.
pub(super) fn is_printed(
    connection: &Connection,
    list: Printed,
    print: u64,
) -> Result<bool, StoreError> {
    let kept: Option<i64> = connection
        .prepare_cached("SELECT v FROM meta WHERE k = ?1 AND typeof(v) = 'integer'")?
        .query_row([list.key()], |row| row.get(0))
        .optional()?;
    Ok(kept == Some(print.cast_signed()))
}

/// A row has changed by itself.
fn smudge(tx: &Connection, list: Printed) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM meta WHERE k = ?1")?
        .execute([list.key()])?;
    Ok(())
}

/// How long the lists are.
pub(super) fn list_sizes(connection: &Connection) -> Result<ListSizes, StoreError> {
    let Some((teams, numbers)) = lists_known(connection)? else {
        return Ok(ListSizes::default());
    };
    let count = |known: bool, sql: &str| -> Result<usize, StoreError> {
        if !known {
            return Ok(0);
        }
        let count: i64 = connection
            .prepare_cached(sql)?
            .query_row([], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or_default())
    };
    Ok(ListSizes {
        teams: count(teams, "SELECT count(*) FROM teams")?,
        numbers: count(numbers, "SELECT count(*) FROM numbers")?,
    })
}

/// Whether Teams' users, and the numbers, could be read; `None` without a snapshot.
pub(super) fn lists_known(connection: &Connection) -> Result<Option<(bool, bool)>, StoreError> {
    let mut statement =
        connection.prepare_cached("SELECT v FROM meta WHERE k = ?1 AND typeof(v) = 'integer'")?;
    let mut known = |key: &str| {
        statement
            .query_row([key], |row| row.get::<_, bool>(0))
            .optional()
    };
    Ok(known("teams_known")?.zip(known("numbers_known")?))
}

/// Reads reference data.
pub(super) fn reference(connection: &Connection) -> Result<Option<Reference>, StoreError> {
    let mut meta = meta(connection)?;
    if !meta.contains_key("tenant") {
        return Ok(None);
    }
    let members = match meta.remove("members") {
        Some(Value::Blob(bytes)) => bytes,
        _ => Vec::new(),
    };
    let teams = whole::<i64>(&mut meta, "teams_known")? != 0;
    let numbers = whole::<i64>(&mut meta, "numbers_known")? != 0;
    Ok(Some(Reference {
        tenant: form::read_tenant(&text(&mut meta, "tenant")?)?,
        skus: skus(connection)?,
        group: form::read_group(&text(&mut meta, "group")?, &members)?,
        teams: teams.then(|| all_teams(connection)).transpose()?,
        numbers: numbers
            .then(|| inventory(connection).map(Arc::new))
            .transpose()?,
        gaps: form::read_texts(&text(&mut meta, "gaps")?)?,
    }))
}

/// Reads the reference data without the long lists.
pub(super) fn outline(connection: &Connection) -> Result<Option<Outline>, StoreError> {
    let mut meta = meta(connection)?;
    if !meta.contains_key("tenant") {
        return Ok(None);
    }
    let members = match meta.remove("members") {
        Some(Value::Blob(bytes)) => bytes,
        _ => Vec::new(),
    };
    let groups = match meta.remove(GROUP_NAMES) {
        Some(Value::Text(text)) => form::read_groups(&text)?,
        _ => Vec::new(),
    };
    Ok(Some(Outline {
        tenant: form::read_tenant(&text(&mut meta, "tenant")?)?,
        skus: skus(connection)?,
        group: form::read_group(&text(&mut meta, "group")?, &members)?,
        groups,
        numbers_known: whole::<i64>(&mut meta, "numbers_known")? != 0,
    }))
}

/// Under which the names of the groups that give licences are kept.
const GROUP_NAMES: &str = "licence_groups";

/// Keeps the names of the groups that give licences.
pub(super) fn put_group_names(tx: &Connection, groups: &[Group]) -> Result<(), StoreError> {
    put(tx, GROUP_NAMES, &form::write_groups(groups))
}

/// The tenant's products.
pub(super) fn skus(connection: &Connection) -> Result<Vec<Sku>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT form FROM skus ORDER BY n")?;
    let mut rows = statement.query([])?;
    let mut skus = Vec::new();
    while let Some(row) = rows.next()? {
        skus.push(form::read_sku(
            row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?,
        )?);
    }
    Ok(skus)
}

fn put_skus(tx: &Connection, new: &[Sku]) -> Result<(), StoreError> {
    if skus(tx)? == new {
        return Ok(());
    }
    tx.execute("DELETE FROM skus", [])?;
    let mut statement = tx.prepare_cached("INSERT INTO skus (form) VALUES (?1)")?;
    for sku in new {
        statement.execute([form::write_sku(sku)])?;
    }
    Ok(())
}

pub(super) const TEAMS: &str = "id, tenant, account, voice, features, number, routing, dial_plan";

pub(super) fn teams_row(row: &Row<'_>) -> rusqlite::Result<TeamsUser> {
    Ok(TeamsUser {
        id: ObjectId(guid(row, 0)?),
        tenant: optional_guid(row, 1)?.map(TenantId),
        account: AccountType::from_code(row.get(2)?),
        enterprise_voice: row.get(3)?,
        features: form::features(row.get(4)?),
        number: row.get(5)?,
        voice_routing: row.get(6)?,
        dial_plan: row.get(7)?,
    })
}

fn all_teams(connection: &Connection) -> Result<Arc<TeamsUsers>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {TEAMS} FROM teams ORDER BY id"))?;
    let mut rows = statement.query_map([], teams_row)?;
    let list: TeamsUsers = rows.by_ref().collect::<Result<_, _>>()?;
    Ok(Arc::new(list))
}

/// What Teams says of one user.
pub(super) fn teams_of(
    connection: &Connection,
    id: ObjectId,
) -> Result<Option<TeamsUser>, StoreError> {
    let mut statement =
        connection.prepare_cached(&format!("SELECT {TEAMS} FROM teams WHERE id = ?1"))?;
    Ok(statement.query_row([id.0.bytes()], teams_row).optional()?)
}

/// Writes what Teams says of one user who was read alone, or that it says nothing.
pub(super) fn put_teams(
    tx: &Connection,
    id: ObjectId,
    user: Option<&TeamsUser>,
) -> Result<(), StoreError> {
    smudge(tx, Printed::Teams)?;
    write_teams(tx, id, user)
}

fn write_teams(tx: &Connection, id: ObjectId, user: Option<&TeamsUser>) -> Result<(), StoreError> {
    if let Some(user) = user {
        let mut statement = inserting_teams(tx)?;
        insert_teams(&mut statement, id, user)
    } else {
        tx.prepare_cached("DELETE FROM teams WHERE id = ?1")?
            .execute([id.0.bytes()])?;
        Ok(())
    }
}

fn inserting_teams(tx: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    tx.prepare_cached(&format!(
        "INSERT OR REPLACE INTO teams ({TEAMS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
    ))
}

fn insert_teams(
    statement: &mut Statement<'_>,
    id: ObjectId,
    user: &TeamsUser,
) -> Result<(), StoreError> {
    statement.execute(params![
        id.0.bytes(),
        user.tenant.map(|id| *id.0.bytes()),
        user.account.code(),
        user.enterprise_voice,
        form::feature_bits(user.features),
        user.number,
        user.voice_routing,
        user.dial_plan,
    ])?;
    Ok(())
}

fn put_all_teams(tx: &Connection, new: &TeamsUsers) -> Result<(), StoreError> {
    let is_first: bool = tx.query_row("SELECT NOT EXISTS (SELECT 1 FROM teams)", [], |row| {
        row.get(0)
    })?;
    if is_first {
        // By id, so that the rows go to the end of the table one after the other.
        let mut statement = inserting_teams(tx)?;
        for row in new.iter() {
            insert_teams(&mut statement, row.id, &row.to_user())?;
        }
    } else {
        for id in compare::teams_differing(tx, new)? {
            write_teams(tx, id, new.get(id).map(TeamsView::to_user).as_ref())?;
        }
    }
    put(tx, Printed::Teams.key(), &new.print().cast_signed())
}

pub(super) const NUMBERS: &str = "number, kind, source, status, target, prime, activation";

pub(super) fn number_row(row: &Row<'_>) -> rusqlite::Result<TenantNumber> {
    let missing =
        || rusqlite::Error::InvalidColumnType(0, "number".to_owned(), rusqlite::types::Type::Null);
    Ok(TenantNumber {
        number: number(row, 0)?.ok_or_else(missing)?,
        kind: NumberType::from_code(row.get(1)?),
        source: NumberSource::from_code(row.get(2)?),
        status: AssignmentStatus::from_code(row.get(3)?),
        target: optional_guid(row, 4)?.map(ObjectId),
        primary: row.get(5)?,
        activation: Activation::from_code(row.get(6)?),
    })
}

fn numbers_where(
    connection: &Connection,
    condition: &str,
    parameters: &[&dyn ToSql],
) -> Result<Vec<TenantNumber>, StoreError> {
    let sql = format!("SELECT {NUMBERS} FROM numbers WHERE {condition} ORDER BY number, n");
    let mut statement = connection.prepare_cached(&sql)?;
    let rows = statement.query_map(parameters, number_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Visits the inventory, sorted; `false` when the last run could not read it, or there was none.
pub(super) fn visit_numbers(
    connection: &Connection,
    mut visit: impl FnMut(TenantNumber) -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    let mut meta = meta(connection)?;
    let known =
        meta.contains_key("numbers_known") && whole::<i64>(&mut meta, "numbers_known")? != 0;
    if known {
        sorted(connection, |rows| {
            for row in rows {
                visit(row?)?;
            }
            Ok(())
        })?;
    }
    Ok(known)
}

/// The numbers one after the other, sorted.
fn sorted<T>(
    connection: &Connection,
    take: impl FnOnce(&mut dyn Iterator<Item = rusqlite::Result<TenantNumber>>) -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    let sql = format!("SELECT {NUMBERS} FROM numbers ORDER BY number, n");
    let mut statement = connection.prepare_cached(&sql)?;
    take(&mut statement.query_map([], number_row)?)
}

/// The inventory; `None` when the last run could not read it, or there was none.
pub(super) fn all_numbers(
    connection: &Connection,
) -> Result<Option<Vec<TenantNumber>>, StoreError> {
    let mut numbers = Vec::new();
    let known = visit_numbers(connection, |record| {
        numbers.push(record);
        Ok(())
    })?;
    Ok(known.then_some(numbers))
}

fn inventory(connection: &Connection) -> Result<TenantNumbers, StoreError> {
    sorted(connection, |rows| Ok(rows.collect::<Result<_, _>>()?))
}

/// The records of a number.
pub(super) fn records_of(
    connection: &Connection,
    number: &PhoneNumber,
) -> Result<Vec<TenantNumber>, StoreError> {
    numbers_where(connection, "number = ?1", &[&number.as_str()])
}

/// The numbers that are targeted at a user.
pub(super) fn numbers_of(
    connection: &Connection,
    id: ObjectId,
) -> Result<Vec<TenantNumber>, StoreError> {
    numbers_where(connection, "target = ?1", &[id.0.bytes()])
}

/// One number: of several records the one that is held.
pub(super) fn one_number(
    connection: &Connection,
    number: &PhoneNumber,
) -> Result<Option<TenantNumber>, StoreError> {
    let mut found = records_of(connection, number)?;
    let held = found
        .iter()
        .position(|number| number.holder().is_some())
        .unwrap_or(0);
    Ok((held < found.len()).then(|| found.swap_remove(held)))
}

fn inserting_numbers(tx: &Connection) -> rusqlite::Result<CachedStatement<'_>> {
    tx.prepare_cached(&format!(
        "INSERT INTO numbers ({NUMBERS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
    ))
}

fn insert_number(statement: &mut Statement<'_>, number: &TenantNumber) -> Result<(), StoreError> {
    statement.execute(params![
        number.number.as_str(),
        number.kind.code(),
        number.source.code(),
        number.status.code(),
        number.target.map(|id| *id.0.bytes()),
        number.primary,
        number.activation.code(),
    ])?;
    Ok(())
}

fn delete_number(tx: &Connection, number: &PhoneNumber) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM numbers WHERE number = ?1")?
        .execute([number.as_str()])?;
    Ok(())
}

fn put_all_numbers(tx: &Connection, new: &TenantNumbers) -> Result<(), StoreError> {
    let is_first: bool = tx.query_row("SELECT NOT EXISTS (SELECT 1 FROM numbers)", [], |row| {
        row.get(0)
    })?;
    let mut statement = inserting_numbers(tx)?;
    if is_first {
        for record in new.iter() {
            insert_number(&mut statement, &record)?;
        }
    } else {
        for number in compare::numbers_differing(tx, new)? {
            delete_number(tx, &number)?;
            for record in new.of(&number) {
                insert_number(&mut statement, &record)?;
            }
        }
    }
    put(tx, Printed::Numbers.key(), &new.print().cast_signed())
}

/// The numbers of one user, read again: what the user held before and does not hold now is free.
pub(super) fn put_numbers_of(
    tx: &Connection,
    id: ObjectId,
    numbers: &[TenantNumber],
) -> Result<(), StoreError> {
    smudge(tx, Printed::Numbers)?;
    tx.prepare_cached("UPDATE numbers SET target = NULL, status = ?2 WHERE target = ?1")?
        .execute(params![id.0.bytes(), AssignmentStatus::Unassigned.code()])?;
    for number in numbers {
        delete_number(tx, &number.number)?;
    }
    let mut statement = inserting_numbers(tx)?;
    for number in numbers {
        insert_number(&mut statement, number)?;
    }
    Ok(())
}
