//! Which values of directory users changed in which run.

use std::collections::HashMap;

use rusqlite::{Connection, params};

use crate::domain::guid::ObjectId;
use crate::domain::run::RunId;

use super::super::error::StoreError;
use super::super::ledger::rows::guid;
use super::ValueChange;

pub(super) fn put(tx: &Connection, run: RunId, moved: &[ValueChange]) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO moved (run, id, name, field, before, after) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (run, id, field) DO UPDATE SET name = excluded.name, after = excluded.after",
    )?;
    for change in moved {
        let ValueChange {
            id,
            name,
            field,
            before,
            after,
        } = change;
        insert.execute(params![run.0, id.0.bytes(), name, field, before, after])?;
    }
    Ok(())
}

/// What came of several runs: a value that is again what it was is no change.
pub(super) fn between(
    tx: &Connection,
    from: RunId,
    until: RunId,
) -> Result<Vec<ValueChange>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT id, name, field, before, after FROM moved WHERE run > ?1 AND run <= ?2 ORDER BY run",
    )?;
    let mut rows = statement.query([from.0, until.0])?;
    let mut found: HashMap<(ObjectId, String), ValueChange> = HashMap::new();
    while let Some(row) = rows.next()? {
        let later = ValueChange {
            id: ObjectId(guid(row, 0)?),
            name: row.get(1)?,
            field: row.get(2)?,
            before: row.get(3)?,
            after: row.get(4)?,
        };
        let key = (later.id, later.field.clone());
        let later = match found.remove(&key) {
            Some(earlier) => ValueChange {
                before: earlier.before,
                ..later
            },
            None => later,
        };
        found.insert(key, later);
    }
    let mut moved: Vec<ValueChange> = found
        .into_values()
        .filter(|change| change.before != change.after)
        .collect();
    moved.sort_by(|a, b| (&a.name, a.id, &a.field).cmp(&(&b.name, b.id, &b.field)));
    Ok(moved)
}
