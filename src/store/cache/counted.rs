//! How many users have which marks, kept beside the rows: counting a million of them costs more than a round of changes.
//!
//! An empty table is one that was not filled yet, by a version before this one: then the rows are counted.

use rusqlite::{Connection, OptionalExtension, params};

use crate::domain::guid::ObjectId;

use super::super::error::StoreError;

/// How many users have which marks.
pub(super) fn marks(connection: &Connection) -> Result<Vec<(u32, u64)>, StoreError> {
    let kept = read(
        connection,
        "SELECT marks, users FROM counted WHERE users > 0",
    )?;
    if kept.is_empty() {
        read(
            connection,
            "SELECT marks, COUNT(*) FROM directory GROUP BY marks",
        )
    } else {
        Ok(kept)
    }
}

fn read(connection: &Connection, sql: &str) -> Result<Vec<(u32, u64)>, StoreError> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        Ok((row.get(0)?, row.get::<_, i64>(1)?.cast_unsigned()))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Counts all rows anew.
pub(super) fn fill(tx: &Connection) -> Result<(), StoreError> {
    Ok(tx.execute_batch(
        "DELETE FROM counted; INSERT INTO counted SELECT marks, COUNT(*) FROM directory GROUP BY marks;",
    )?)
}

/// Counts all rows, unless that was done once: before single rows are changed.
pub(super) fn begin(tx: &Connection) -> Result<(), StoreError> {
    let is_empty: bool = tx
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM counted)")?
        .query_row([], |row| row.get(0))?;
    if is_empty { fill(tx) } else { Ok(()) }
}

/// The marks of a user's row.
pub(super) fn of(tx: &Connection, id: ObjectId) -> Result<Option<u32>, StoreError> {
    Ok(tx
        .prepare_cached("SELECT marks FROM directory WHERE id = ?1")?
        .query_row([id.0.bytes()], |row| row.get(0))
        .optional()?)
}

/// One row has these marks in place of those.
pub(super) fn turned(
    tx: &Connection,
    before: Option<u32>,
    after: Option<u32>,
) -> Result<(), StoreError> {
    if before == after {
        return Ok(());
    }
    for (marks, by) in [(before, -1), (after, 1)] {
        if let Some(marks) = marks {
            tx.prepare_cached(
                "INSERT INTO counted (marks, users) VALUES (?1, ?2)
                 ON CONFLICT (marks) DO UPDATE SET users = users + excluded.users",
            )?
            .execute(params![marks, by])?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::domain::run::RunId;
    use crate::store::cache::{Changes, NewClass, StoredUser};
    use crate::store::fixtures::{at, directory_user, head, object, reference, store_with};

    #[test]
    fn what_is_kept_is_what_the_rows_say() {
        let (root, store) = store_with(0);
        let cache = &store.cache;
        let counted = |sql: &str| -> Vec<(u32, i64)> {
            let connection = rusqlite::Connection::open(root.path().join("cache.db")).unwrap();
            let mut statement = connection.prepare(sql).unwrap();
            let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
            rows.unwrap().collect::<Result<_, _>>().unwrap()
        };
        let agrees = |what: &str| {
            let rows = counted("SELECT marks, COUNT(*) FROM directory GROUP BY marks");
            let kept = counted("SELECT marks, users FROM counted WHERE users <> 0 ORDER BY marks");
            assert_eq!(kept, rows, "{what}");
            let asked = cache.marks().wait().unwrap();
            let users: i64 = rows.iter().map(|(_, n)| n).sum();
            assert_eq!(
                asked.iter().map(|(_, n)| n.cast_signed()).sum::<i64>(),
                users,
                "{what}"
            );
        };
        let marked = |n: u32, marks: u32| StoredUser {
            marks,
            ..directory_user(n, "Somebody")
        };
        cache.begin_full(RunId(1)).wait().unwrap();
        cache
            .append((1..=5).map(|n| marked(n, n)).collect())
            .wait()
            .unwrap();
        cache.finish_full(reference(), head(1)).wait().unwrap();
        agrees("a first read");
        cache
            .put_live(marked(1, 40), None, vec![], at(2))
            .wait()
            .unwrap();
        cache
            .put_live(marked(9, 41), None, vec![], at(2))
            .wait()
            .unwrap();
        agrees("users read by themselves");
        let class = NewClass {
            id: object(2),
            class: 3,
            marks: 42,
            number: None,
        };
        cache.set_classes(vec![class]).wait().unwrap();
        let changes = Changes {
            upserts: vec![marked(3, 43), marked(6, 6)],
            removed: vec![object(4), object(99)],
            reference: reference(),
            head: head(2),
        };
        cache.apply_changes(changes).wait().unwrap();
        agrees("a round of changes");
        // A file of before this table: what is not kept is counted.
        let connection = rusqlite::Connection::open(root.path().join("cache.db")).unwrap();
        connection.execute("DELETE FROM counted", []).unwrap();
        cache
            .put_live(marked(5, 44), None, vec![], at(2))
            .wait()
            .unwrap();
        agrees("a table that was empty");
        cache.begin_full(RunId(3)).wait().unwrap();
        cache
            .append((1..=3).map(|n| marked(n, 7)).collect())
            .wait()
            .unwrap();
        cache.finish_full(reference(), head(3)).wait().unwrap();
        let rows = counted("SELECT marks, users FROM counted");
        assert_eq!(rows, [(7, 3)]);
    }
}
