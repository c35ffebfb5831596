//! Which values of directory users are others than when they were read before: number, country, licences.
//!
//! Noted in the transaction that replaces the row, and given to the next run that asks. A number counts only where both readings
//! knew the inventory: what could not be read has not changed.

use std::collections::HashMap;

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::country::Country;
use crate::domain::directory::{Licence, Sku};
use crate::domain::guid::{ObjectId, SkuId};
use crate::domain::phone::PhoneNumber;
use crate::record::facts;

use super::super::error::StoreError;
use super::super::history::ValueChange;
use super::super::ledger::rows::guid;
use super::StoredUser;
use super::reference;
use super::rows::Words;

/// The first value before stays, so that what comes back to it is no change.
const NOTE: &str = "INSERT INTO moved (id, name, field, before, after) VALUES (?1, ?2, ?3, ?4, ?5)
     ON CONFLICT (id, field) DO UPDATE SET name = excluded.name, after = excluded.after";

/// Notes a number that was classified anew.
pub(super) fn number(
    tx: &Connection,
    (id, name): (ObjectId, &str),
    before: Option<&PhoneNumber>,
    after: Option<&PhoneNumber>,
) -> Result<(), StoreError> {
    let text = |number: Option<&PhoneNumber>| number.map_or("", PhoneNumber::as_str).to_owned();
    note(tx, (id, name), ("number", &text(before), &text(after)))
}

fn note(
    tx: &Connection,
    (id, name): (ObjectId, &str),
    (field, before, after): (&str, &str, &str),
) -> Result<(), StoreError> {
    if before != after {
        tx.prepare_cached(NOTE)?
            .execute(params![id.0.bytes(), name, field, before, after])?;
    }
    Ok(())
}

/// Whether the inventory of numbers was read by the run that made the snapshot.
pub(super) fn knew_numbers(tx: &Connection) -> Result<bool, StoreError> {
    let known = tx
        .prepare_cached("SELECT v FROM meta WHERE k = 'numbers_known'")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(known.unwrap_or(false))
}

/// Notes what differs between a row and what takes its place.
pub(super) fn replaced(
    tx: &Connection,
    by: &StoredUser,
    words: &Words,
    numbers: bool,
) -> Result<(), StoreError> {
    let user = &by.user;
    let old = tx
        .prepare_cached("SELECT location, number, facts FROM directory WHERE id = ?1")?
        .query_row([user.id.0.bytes()], |row| {
            Ok((
                row.get::<_, Option<String>>(0)?,
                row.get::<_, Option<String>>(1)?,
                row.get::<_, Option<Vec<u8>>>(2)?,
            ))
        })
        .optional()?;
    let Some((location, number, bytes)) = old else {
        return Ok(());
    };
    let who = (user.id, user.name.as_str());
    let new = user.location.as_ref().map_or("", Country::as_str);
    note(tx, who, ("country", &location.unwrap_or_default(), new))?;
    if numbers {
        let new = by.number.as_ref().map_or("", PhoneNumber::as_str);
        note(tx, who, ("number", &number.unwrap_or_default(), new))?;
    }
    let before = facts::read(&bytes.unwrap_or_default(), &words.dictionary)?.licences;
    if before != user.licences {
        let skus = reference::skus(tx)?;
        let names = names_of(&skus);
        let (before, after) = (written(&before, &names), written(&user.licences, &names));
        note(tx, who, ("licences", &before, &after))?;
    }
    Ok(())
}

/// Notes what differs between the rows and what was staged to take their place.
pub(super) fn staged(
    tx: &Connection,
    skus: &[Sku],
    words: &Words,
    numbers: bool,
) -> Result<(), StoreError> {
    let columns = [("location", "country"), ("number", "number")];
    for (column, field) in columns.iter().take(if numbers { 2 } else { 1 }) {
        let sql = format!(
            "INSERT INTO moved (id, name, field, before, after)
             SELECT d.id, s.name, '{field}', coalesce(d.{column}, ''), coalesce(s.{column}, '')
             FROM directory d JOIN staging s ON s.id = d.id WHERE d.{column} IS NOT s.{column} ORDER BY s.n
             ON CONFLICT (id, field) DO UPDATE SET name = excluded.name, after = excluded.after"
        );
        tx.execute(&sql, [])?;
    }
    let names = names_of(skus);
    let mut statement = tx.prepare(
        "SELECT d.id, s.name, coalesce(d.facts, x''), coalesce(s.facts, x'')
         FROM directory d JOIN staging s ON s.id = d.id WHERE d.facts IS NOT s.facts ORDER BY s.n",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, name): (_, String) = (ObjectId(guid(row, 0)?), row.get(1)?);
        let licences = |column: usize| -> Result<String, StoreError> {
            let bytes: Vec<u8> = row.get(column)?;
            let facts = facts::read(&bytes, &words.dictionary)?;
            Ok(written(&facts.licences, &names))
        };
        note(tx, (id, &name), ("licences", &licences(2)?, &licences(3)?))?;
    }
    Ok(())
}

fn names_of(skus: &[Sku]) -> HashMap<SkuId, &str> {
    skus.iter()
        .map(|sku| (sku.id, sku.part_number.as_str()))
        .collect()
}

/// The products, each once, and how many plans are switched off in it.
fn written(licences: &[Licence], names: &HashMap<SkuId, &str>) -> String {
    let mut texts: Vec<String> = licences
        .iter()
        .map(|licence| {
            let name = names
                .get(&licence.sku)
                .map_or_else(|| licence.sku.0.to_string(), |name| (*name).to_owned());
            match licence.disabled.len() {
                0 => name,
                1 => format!("{name} (1 plan off)"),
                n => format!("{name} ({n} plans off)"),
            }
        })
        .collect();
    texts.sort_unstable();
    texts.dedup();
    texts.join(", ")
}

/// What has been noted; it is noted no longer.
pub(super) fn take(tx: &Connection) -> Result<Vec<ValueChange>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT id, name, field, before, after FROM moved WHERE before <> after ORDER BY name, id, field",
    )?;
    let mut rows = statement.query([])?;
    let mut moved = Vec::new();
    while let Some(row) = rows.next()? {
        moved.push(ValueChange {
            id: ObjectId(guid(row, 0)?),
            name: row.get(1)?,
            field: row.get(2)?,
            before: row.get(3)?,
            after: row.get(4)?,
        });
    }
    tx.execute("DELETE FROM moved", [])?;
    Ok(moved)
}
