//! How a snapshot comes to be: staged beside the last one and exchanged for it in one transaction, or changed by a delta.
//!
//! A first read is appended to a table without indexes, which then takes the directory's place: random keys would make every
//! insert touch another page. A later full read stages only what differs, and a read that finds nothing new writes no row.

use std::collections::HashMap;

use rusqlite::{Connection, ErrorCode, OptionalExtension, params};

use crate::domain::guid::ObjectId;
use crate::domain::run::RunId;

use super::super::error::StoreError;
use super::super::history::ClassChange;
use super::super::ledger::rows::{guid, number};
use super::super::schema::STAGING;
use super::rows::{ROW, USER, Words, Written, insert_into, rehashed, row_of};
use super::{Changes, LiveUser, NewClass, Reference, SnapshotHead, StoredUser, reference};

/// A full read under way.
#[derive(Debug)]
pub(super) struct Staging {
    run: RunId,
    /// Users of the last snapshot that the read has not met yet, with the hashes of their rows.
    unseen: HashMap<ObjectId, i64>,
}

impl Staging {
    /// Clears the table and notes what the last snapshot holds.
    pub(super) fn begin(tx: &Connection, run: RunId) -> Result<Self, StoreError> {
        tx.execute_batch(STAGING)?;
        tx.execute("DELETE FROM reclassified", [])?;
        let mut statement = tx.prepare("SELECT id, hash FROM directory")?;
        let unseen = statement
            .query_map([], |row| Ok((ObjectId(guid(row, 0)?), row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        Ok(Self { run, unseen })
    }

    /// Stages a page. A user that comes a second time is staged again: the last one wins.
    pub(super) fn append(
        &mut self,
        tx: &Connection,
        users: &[StoredUser],
        words: &mut Words,
    ) -> Result<(), StoreError> {
        words.refresh(tx)?;
        let mut statement = tx.prepare_cached(&insert_into("staging"))?;
        for user in users {
            let written = Written::new(user, &mut words.dictionary);
            if self.unseen.remove(&user.user.id) != Some(written.hash) {
                written.insert(&mut statement)?;
            }
        }
        words.keep(tx)
    }

    /// A user's row was replaced meanwhile: whatever the read finds of it is written.
    pub(super) fn touched(&mut self, id: ObjectId) {
        if let Some(hash) = self.unseen.get_mut(&id) {
            *hash = 0;
        }
    }

    /// Makes what was staged the snapshot.
    pub(super) fn finish(
        &self,
        tx: &Connection,
        reference: &Reference,
        head: &SnapshotHead,
    ) -> Result<Vec<ClassChange>, StoreError> {
        if self.run != head.run {
            return Err(StoreError::NotStaging);
        }
        let mut changes = match reference::head(tx)? {
            Some(_) => self.changes(tx)?,
            None => Vec::new(),
        };
        changes.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        tx.execute("DELETE FROM live WHERE id IN (SELECT id FROM staging)", [])?;
        let is_first: bool =
            tx.query_row("SELECT NOT EXISTS (SELECT 1 FROM directory)", [], |row| {
                row.get(0)
            })?;
        if is_first {
            take_place(tx)?;
        } else {
            let mut statement = tx.prepare_cached("DELETE FROM directory WHERE id = ?1")?;
            for id in self.unseen.keys() {
                statement.execute([id.0.bytes()])?;
            }
            let columns = format!("{USER}, hash");
            tx.execute(
                &format!("INSERT OR REPLACE INTO directory ({columns}) SELECT {columns} FROM staging ORDER BY n"),
                [],
            )?;
            tx.execute_batch("DROP TABLE staging")?;
        }
        reference::put_reference(tx, reference)?;
        reference::put_head(tx, head)?;
        Ok(changes)
    }

    fn changes(&self, tx: &Connection) -> Result<Vec<ClassChange>, StoreError> {
        let mut changes: HashMap<ObjectId, ClassChange> = HashMap::new();
        let mut statement = tx.prepare(
            "SELECT s.id, s.name, d.class, s.class
             FROM staging s LEFT JOIN directory d ON d.id = s.id ORDER BY s.n",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let change = ClassChange {
                id: ObjectId(guid(row, 0)?),
                name: row.get(1)?,
                before: row.get(2)?,
                after: row.get(3)?,
            };
            if change.before == change.after {
                changes.remove(&change.id);
            } else {
                changes.insert(change.id, change);
            }
        }
        let mut gone = tx.prepare("SELECT name, class FROM directory WHERE id = ?1")?;
        for id in self.unseen.keys() {
            let found = gone.query_row([id.0.bytes()], |row| {
                Ok(ClassChange {
                    id: *id,
                    name: row.get(0)?,
                    before: row.get(1)?,
                    after: None,
                })
            });
            if let Some(change) = found.optional()? {
                changes.insert(*id, change);
            }
        }
        Ok(changes.into_values().collect())
    }
}

/// The staged table becomes the directory, which is empty.
fn take_place(tx: &Connection) -> Result<(), StoreError> {
    const UNIQUE: &str = "CREATE UNIQUE INDEX directory_id ON directory (id)";
    tx.execute_batch("DROP TABLE directory; ALTER TABLE staging RENAME TO directory;")?;
    match tx.execute_batch(UNIQUE) {
        // Somebody was listed twice; looking for it beforehand would cost every first read as much again.
        Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
            tx.execute_batch(
                "DELETE FROM directory WHERE n NOT IN (SELECT max(n) FROM directory GROUP BY id)",
            )?;
            tx.execute_batch(UNIQUE)?;
        }
        made => made?,
    }
    tx.execute_batch("CREATE INDEX directory_name ON directory (name COLLATE NOCASE)")?;
    Ok(())
}

/// Throws away what was staged or put aside.
pub(super) fn abandon(tx: &Connection) -> Result<(), StoreError> {
    Ok(tx.execute_batch("DROP TABLE IF EXISTS staging; DELETE FROM reclassified;")?)
}

/// Puts new classes aside.
pub(super) fn put_classes(tx: &Connection, classes: &[NewClass]) -> Result<(), StoreError> {
    let mut statement = tx.prepare_cached(
        "INSERT OR REPLACE INTO reclassified (id, class, marks, number) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for new in classes {
        statement.execute(params![
            new.id.0.bytes(),
            new.class,
            new.marks,
            new.number
                .as_ref()
                .map(crate::domain::phone::PhoneNumber::as_str),
        ])?;
    }
    Ok(())
}

/// Brings changes into the snapshot: classes that were put aside first, then what the tenant told.
pub(super) fn apply(
    tx: &Connection,
    changes: &Changes,
    words: &mut Words,
) -> Result<Vec<ClassChange>, StoreError> {
    if reference::head(tx)?.is_none() {
        return Err(StoreError::NoSnapshot);
    }
    let mut told: HashMap<ObjectId, ClassChange> = HashMap::new();
    let mut note = |change: ClassChange| {
        let before = told
            .get(&change.id)
            .map_or(change.before, |earlier| earlier.before);
        told.insert(change.id, ClassChange { before, ..change });
    };
    reclassify(tx, &mut note)?;
    words.refresh(tx)?;
    for user in &changes.upserts {
        note(upsert(tx, user, words)?);
    }
    words.keep(tx)?;
    for id in &changes.removed {
        let gone = tx
            .prepare_cached("DELETE FROM directory WHERE id = ?1 RETURNING name, class")?
            .query_row([id.0.bytes()], |row| {
                Ok(ClassChange {
                    id: *id,
                    name: row.get(0)?,
                    before: row.get(1)?,
                    after: None,
                })
            })
            .optional()?;
        if let Some(gone) = gone {
            note(gone);
        }
    }
    tx.execute_batch("DELETE FROM live; DELETE FROM reclassified;")?;
    reference::put_reference(tx, &changes.reference)?;
    reference::put_head(tx, &changes.head)?;
    let mut told: Vec<ClassChange> = told
        .into_values()
        .filter(|change| change.before != change.after)
        .collect();
    told.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(told)
}

fn reclassify(tx: &Connection, note: &mut impl FnMut(ClassChange)) -> Result<(), StoreError> {
    let columns = ROW
        .split(", ")
        .map(|column| format!("d.{column}"))
        .collect::<Vec<_>>()
        .join(", ");
    let sql = format!(
        "SELECT {columns}, d.hash, r.class, r.marks, r.number
         FROM reclassified r JOIN directory d ON d.id = r.id
         WHERE d.class <> r.class OR d.marks <> r.marks OR d.number IS NOT r.number"
    );
    let mut statement = tx.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut update = tx.prepare_cached(
        "UPDATE directory SET class = ?2, marks = ?3, number = ?4, hash = ?5 WHERE id = ?1",
    )?;
    while let Some(row) = rows.next()? {
        let before = row_of(row)?;
        let (class, marks, number): (u8, u32, _) = (row.get(10)?, row.get(11)?, number(row, 12)?);
        let hash = rehashed(row.get(9)?, &before, (class, marks, number.as_ref()));
        update.execute(params![
            before.id.0.bytes(),
            class,
            marks,
            number
                .as_ref()
                .map(crate::domain::phone::PhoneNumber::as_str),
            hash
        ])?;
        note(ClassChange {
            id: before.id,
            name: before.name,
            before: Some(before.class),
            after: Some(class),
        });
    }
    Ok(())
}

fn upsert(
    tx: &Connection,
    user: &StoredUser,
    words: &mut Words,
) -> Result<ClassChange, StoreError> {
    let written = Written::new(user, &mut words.dictionary);
    let found: Option<(i64, u8)> = tx
        .prepare_cached("SELECT hash, class FROM directory WHERE id = ?1")?
        .query_row([user.user.id.0.bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    if found.is_none_or(|(hash, _)| hash != written.hash) {
        written.insert(&mut *tx.prepare_cached(&insert_into("directory"))?)?;
    }
    Ok(ClassChange {
        id: user.user.id,
        name: user.user.name.clone(),
        before: found.map(|(_, class)| class),
        after: Some(user.class),
    })
}

/// Replaces what is known of one user. The row's hash is 0, so that the next full read writes it in any case.
pub(super) fn put_live(
    tx: &Connection,
    live: &LiveUser,
    words: &mut Words,
) -> Result<(), StoreError> {
    let id = live.stored.user.id;
    words.refresh(tx)?;
    let mut written = Written::new(&live.stored, &mut words.dictionary);
    written.hash = 0;
    written.insert(&mut *tx.prepare_cached(&insert_into("directory"))?)?;
    words.keep(tx)?;
    reference::put_teams(tx, id, live.teams.as_ref())?;
    reference::put_numbers_of(tx, id, &live.numbers)?;
    tx.prepare_cached("INSERT OR REPLACE INTO live (id, read_at) VALUES (?1, ?2)")?
        .execute(params![id.0.bytes(), live.read_at.to_string()])?;
    Ok(())
}

/// Forgets everything.
pub(super) fn clear(tx: &Connection) -> Result<(), StoreError> {
    Ok(tx.execute_batch(
        "DROP TABLE IF EXISTS staging; DELETE FROM meta; DELETE FROM dictionary; DELETE FROM directory;
         DELETE FROM skus; DELETE FROM teams; DELETE FROM numbers; DELETE FROM live; DELETE FROM reclassified;",
    )?)
}
