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
use super::{
    Changes, LiveUser, NewClass, Reference, SnapshotHead, StoredUser, counted, former, moved,
    reference,
};

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

    /// Whom the read has not met, so many at most.
    pub(super) fn missing(&self, limit: usize) -> Vec<ObjectId> {
        self.unseen.keys().take(limit).copied().collect()
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
        (reference, head): (&Reference, &SnapshotHead),
        words: &mut Words,
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
                former::gone(tx, *id)?;
                statement.execute([id.0.bytes()])?;
            }
            former::staged(tx)?;
            words.refresh(tx)?;
            let numbers = moved::knew_numbers(tx)? && reference.numbers.is_some();
            moved::staged(tx, &reference.skus, words, numbers)?;
            let columns = format!("{USER}, hash");
            tx.execute(
                &format!("INSERT OR REPLACE INTO directory ({columns}) SELECT {columns} FROM staging ORDER BY n"),
                [],
            )?;
            tx.execute_batch("DROP TABLE staging")?;
        }
        counted::fill(tx)?;
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
    counted::begin(tx)?;
    let numbers = moved::knew_numbers(tx)? && changes.reference.numbers.is_some();
    reclassify(tx, &mut note, numbers)?;
    words.refresh(tx)?;
    for user in &changes.upserts {
        note(upsert(tx, user, words, numbers)?);
    }
    words.keep(tx)?;
    for id in &changes.removed {
        former::gone(tx, *id)?;
        counted::turned(tx, counted::of(tx, *id)?, None)?;
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

fn reclassify(
    tx: &Connection,
    note: &mut impl FnMut(ClassChange),
    numbers: bool,
) -> Result<(), StoreError> {
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
        if numbers {
            let who = (before.id, before.name.as_str());
            moved::number(tx, who, before.number.as_ref(), number.as_ref())?;
        }
        counted::turned(tx, Some(before.marks), Some(marks))?;
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
    numbers: bool,
) -> Result<ClassChange, StoreError> {
    let written = Written::new(user, &mut words.dictionary);
    let found: Option<(i64, u8, u32)> = tx
        .prepare_cached("SELECT hash, class, marks FROM directory WHERE id = ?1")?
        .query_row([user.user.id.0.bytes()], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?;
    if found.is_none_or(|(hash, _, _)| hash != written.hash) {
        counted::turned(tx, found.map(|(_, _, marks)| marks), Some(user.marks))?;
        former::replaced(tx, &user.user)?;
        moved::replaced(tx, user, words, numbers)?;
        written.insert(&mut *tx.prepare_cached(&insert_into("directory"))?)?;
    }
    Ok(ClassChange {
        id: user.user.id,
        name: user.user.name.clone(),
        before: found.map(|(_, class, _)| class),
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
    counted::begin(tx)?;
    counted::turned(tx, counted::of(tx, id)?, Some(live.stored.marks))?;
    former::replaced(tx, &live.stored.user)?;
    let numbers = moved::knew_numbers(tx)?;
    moved::replaced(tx, &live.stored, words, numbers)?;
    written.insert(&mut *tx.prepare_cached(&insert_into("directory"))?)?;
    words.keep(tx)?;
    reference::put_teams(tx, id, live.teams.as_ref())?;
    reference::put_numbers_of(tx, id, &live.numbers)?;
    let reading = &live.reading;
    let stale = reading.teams.as_ref();
    let teams_at = stale.and_then(|stale| stale.read_at);
    tx.prepare_cached(
        "INSERT OR REPLACE INTO live (id, read_at, teams_at, teams_why, member) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        id.0.bytes(),
        reading.read_at.to_string(),
        teams_at.map(|at| at.to_string()),
        stale.map(|stale| stale.why.as_str()),
        reading.member
    ])?;
    Ok(())
}

/// Forgets everything but what people were called.
pub(super) fn clear(tx: &Connection) -> Result<(), StoreError> {
    former::everybody(tx)?;
    Ok(tx.execute_batch(
        "DROP TABLE IF EXISTS staging; DELETE FROM meta; DELETE FROM dictionary; DELETE FROM directory;
         DELETE FROM skus; DELETE FROM teams; DELETE FROM numbers; DELETE FROM live; DELETE FROM reclassified;
         DELETE FROM moved; DELETE FROM counted;",
    )?)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::domain::directory::GroupFilter;
    use crate::domain::guid::ObjectId;
    use crate::domain::run::RunId;
    use crate::store::Store;
    use crate::store::cache::{Cache, Changes, LiveReading, NewClass, StaleTeams, StoredUser};
    use crate::store::error::StoreError;
    use crate::store::fixtures::{
        at, directory_user, head, number, object, reference, store_with, teams_user, tenant_number,
    };
    use crate::store::history::ClassChange;

    fn names(cache: &Cache) -> Vec<String> {
        cache
            .all_rows()
            .wait()
            .unwrap()
            .into_iter()
            .map(|row| row.name)
            .collect()
    }

    fn full(cache: &Cache, run: i64, users: &[StoredUser]) -> Vec<ClassChange> {
        cache.begin_full(RunId(run)).wait().unwrap();
        for page in users.chunks(2) {
            cache.append(page.to_vec()).wait().unwrap();
        }
        cache.finish_full(reference(), head(run)).wait().unwrap()
    }

    fn three() -> Vec<StoredUser> {
        vec![
            directory_user(1, "Zoe"),
            directory_user(2, "alex"),
            directory_user(3, "Émile"),
        ]
    }

    fn change(user: &StoredUser, before: Option<u8>, after: Option<u8>) -> ClassChange {
        ClassChange {
            id: user.user.id,
            name: user.user.name.clone(),
            before,
            after,
        }
    }

    /// How many rows SQLite has written since the connection was made.
    fn written_rows(root: &std::path::Path) -> Vec<(i64, i64)> {
        let connection = rusqlite::Connection::open(root.join("cache.db")).unwrap();
        let mut statement = connection
            .prepare("SELECT n, hash FROM directory ORDER BY n")
            .unwrap();
        let rows = statement
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    #[test]
    fn a_first_read_is_whole_or_not_there() {
        let (_root, store) = store_with(0);
        let cache = &store.cache;
        assert_eq!(
            (
                cache.head().wait().unwrap(),
                cache.reference().wait().unwrap()
            ),
            (None, None)
        );
        cache.begin_full(RunId(1)).wait().unwrap();
        cache.append(three()).wait().unwrap();
        assert_eq!((names(cache), cache.head().wait().unwrap()), (vec![], None));
        assert_eq!(cache.finish_full(reference(), head(1)).wait().unwrap(), []);
        assert_eq!(names(cache), ["alex", "Zoe", "Émile"]);
        assert_eq!(cache.head().wait().unwrap(), Some(head(1)));
        assert_eq!(cache.reference().wait().unwrap(), Some(reference()));
        for user in three() {
            assert_eq!(cache.user(user.user.id).wait().unwrap(), Some(user));
        }
    }

    #[test]
    fn readers_see_the_last_snapshot_until_the_exchange() {
        let (root, store) = store_with(0);
        let cache = &store.cache;
        full(cache, 1, &three());
        cache.begin_full(RunId(2)).wait().unwrap();
        let mut renamed = directory_user(1, "Anna");
        renamed.class = 6;
        let new = directory_user(9, "New");
        cache
            .append(vec![
                renamed.clone(),
                directory_user(2, "alex"),
                new.clone(),
            ])
            .wait()
            .unwrap();
        assert_eq!(names(cache), ["alex", "Zoe", "Émile"]);
        assert_eq!(
            cache.user(object(1)).wait().unwrap(),
            Some(directory_user(1, "Zoe"))
        );
        // Another program sees the same.
        let other = Store::open(root.path()).unwrap();
        assert_eq!(
            (names(&other.cache), other.cache.head().wait().unwrap()),
            (names(cache), Some(head(1)))
        );
        let changes = cache.finish_full(reference(), head(2)).wait().unwrap();
        assert_eq!(names(cache), ["alex", "Anna", "New"]);
        assert_eq!(names(&other.cache), ["alex", "Anna", "New"]);
        assert_eq!(
            other.cache.user(object(9)).wait().unwrap(),
            Some(new.clone())
        );
        assert_eq!(cache.head().wait().unwrap(), Some(head(2)));
        let gone = directory_user(3, "Émile");
        assert_eq!(
            changes,
            [
                change(&renamed, Some(1), Some(6)),
                change(&new, None, Some(2)),
                change(&gone, Some(3), None)
            ]
        );
    }

    #[test]
    fn a_read_that_is_given_up_leaves_the_last_snapshot() {
        let (root, store) = store_with(0);
        full(&store.cache, 1, &three());
        store.cache.begin_full(RunId(2)).wait().unwrap();
        store
            .cache
            .append(vec![directory_user(1, "Anna")])
            .wait()
            .unwrap();
        store.cache.abandon().wait().unwrap();
        assert!(matches!(
            store.cache.append(three()).wait(),
            Err(StoreError::NotStaging)
        ));
        assert!(matches!(
            store.cache.finish_full(reference(), head(2)).wait(),
            Err(StoreError::NotStaging)
        ));
        assert_eq!(names(&store.cache), ["alex", "Zoe", "Émile"]);
        // As when the program dies in the middle of a run.
        store.cache.begin_full(RunId(3)).wait().unwrap();
        store
            .cache
            .append(vec![directory_user(1, "Anna")])
            .wait()
            .unwrap();
        store.close();
        let store = Store::open(root.path()).unwrap();
        assert_eq!(store.notes(), [] as [&str; 0]);
        assert_eq!(
            (
                names(&store.cache).len(),
                store.cache.head().wait().unwrap()
            ),
            (3, Some(head(1)))
        );
        assert_eq!(full(&store.cache, 4, &three()), []);
        assert_eq!(names(&store.cache), ["alex", "Zoe", "Émile"]);
    }

    #[test]
    fn of_users_listed_twice_the_last_counts() {
        let (_root, store) = store_with(0);
        let twice = |first: &str, second: &str| {
            vec![
                directory_user(1, first),
                directory_user(2, "alex"),
                directory_user(1, second),
            ]
        };
        full(&store.cache, 1, &twice("old", "new"));
        assert_eq!(names(&store.cache), ["alex", "new"]);
        full(&store.cache, 2, &twice("other", "new"));
        assert_eq!(names(&store.cache), ["alex", "new"]);
        full(&store.cache, 3, &twice("new", "newest"));
        assert_eq!(names(&store.cache), ["alex", "newest"]);
        assert_eq!(full(&store.cache, 4, &twice("newest", "newest")), []);
    }

    #[test]
    fn only_rows_that_differ_are_written() {
        let (root, store) = store_with(0);
        full(&store.cache, 1, &three());
        let before = written_rows(root.path());
        full(&store.cache, 2, &three());
        assert_eq!(written_rows(root.path()), before);
        let mut users = three();
        users[1].user.licences.clear();
        let changes = Changes {
            upserts: users.clone(),
            removed: vec![object(99)],
            reference: reference(),
            head: head(3),
        };
        assert_eq!(store.cache.apply_changes(changes).wait().unwrap(), []);
        let after = written_rows(root.path());
        assert_eq!(after.len(), 3);
        let kept = before.iter().filter(|row| after.contains(row)).count();
        assert_eq!(kept, 2);
        assert_eq!(
            store.cache.user(object(2)).wait().unwrap(),
            Some(users[1].clone())
        );
    }

    #[test]
    fn a_delta_changes_adds_and_removes() {
        let (_root, store) = store_with(0);
        let cache = &store.cache;
        let changes = |upserts, removed, run| Changes {
            upserts,
            removed,
            reference: reference(),
            head: head(run),
        };
        assert!(matches!(
            cache.apply_changes(changes(three(), vec![], 1)).wait(),
            Err(StoreError::NoSnapshot)
        ));
        full(cache, 1, &three());
        let mut upgraded = directory_user(2, "alex");
        upgraded.class = 0;
        upgraded.number = None;
        let new = directory_user(9, "New");
        let told = cache
            .apply_changes(changes(
                vec![upgraded.clone(), new.clone()],
                vec![object(1)],
                2,
            ))
            .wait()
            .unwrap();
        let zoe = directory_user(1, "Zoe");
        assert_eq!(
            told,
            [
                change(&new, None, Some(2)),
                change(&zoe, Some(1), None),
                change(&upgraded, Some(2), Some(0))
            ]
        );
        assert_eq!(names(cache), ["alex", "New", "Émile"]);
        assert_eq!(cache.user(object(2)).wait().unwrap(), Some(upgraded));
        assert_eq!(cache.head().wait().unwrap(), Some(head(2)));
    }

    #[test]
    fn new_classes_wait_for_the_changes_that_they_belong_to() {
        let (root, store) = store_with(0);
        let cache = &store.cache;
        full(cache, 1, &three());
        let batch = cache.visit_batch(0, 2).wait().unwrap();
        assert_eq!(
            batch
                .iter()
                .map(|(_, user)| user.clone())
                .collect::<Vec<_>>(),
            three()[..2]
        );
        let rest = cache.visit_batch(batch[1].0, 2).wait().unwrap();
        assert_eq!(rest.len(), 1);
        assert_eq!(cache.visit_batch(rest[0].0, 2).wait().unwrap(), []);
        let new = NewClass {
            id: object(1),
            class: 5,
            marks: 77,
            number: Some(number("+441235")),
        };
        cache.set_classes(vec![new.clone()]).wait().unwrap();
        cache.abandon().wait().unwrap();
        cache
            .set_classes(vec![
                new,
                NewClass {
                    id: object(2),
                    class: 2,
                    marks: 2,
                    number: directory_user(2, "").number,
                },
            ])
            .wait()
            .unwrap();
        assert_eq!(cache.user(object(1)).wait().unwrap().unwrap().class, 1);
        let before = written_rows(root.path());
        let changes = Changes {
            upserts: vec![],
            removed: vec![],
            reference: reference(),
            head: head(2),
        };
        let told = cache.apply_changes(changes.clone()).wait().unwrap();
        let mut expected = directory_user(1, "Zoe");
        assert_eq!(told, [change(&expected, Some(1), Some(5))]);
        (expected.class, expected.marks, expected.number) = (5, 77, Some(number("+441235")));
        assert_eq!(
            cache.user(object(1)).wait().unwrap(),
            Some(expected.clone())
        );
        assert_eq!(
            written_rows(root.path())
                .iter()
                .filter(|row| before.contains(row))
                .count(),
            2
        );
        // The hash is that of the row as it stands: a read that finds the same writes nothing.
        let before = written_rows(root.path());
        full(
            cache,
            3,
            &[
                expected,
                directory_user(2, "alex"),
                directory_user(3, "Émile"),
            ],
        );
        assert_eq!(written_rows(root.path()), before);
        assert_eq!(cache.apply_changes(changes).wait().unwrap(), []);
    }

    #[test]
    fn a_user_read_alone_has_an_age_of_its_own() {
        let (_root, store) = store_with(0);
        let cache = &store.cache;
        full(cache, 1, &three());
        assert_eq!(cache.read_at_of(object(2)).wait().unwrap(), Some(at(1)));
        assert_eq!(cache.read_at_of(object(50)).wait().unwrap(), None);
        let mut live = directory_user(2, "alex");
        live.class = 6;
        let held = vec![tenant_number(90, Some(object(2)))];
        cache
            .put_live(live.clone(), Some(teams_user(2)), held.clone(), at(50))
            .wait()
            .unwrap();
        assert_eq!(cache.read_at_of(object(2)).wait().unwrap(), Some(at(50)));
        assert_eq!(
            cache.live_of(object(2)).wait().unwrap(),
            Some(at(50).into())
        );
        assert_eq!(cache.live_of(object(3)).wait().unwrap(), None);
        let without_teams = LiveReading {
            read_at: at(50),
            teams: Some(StaleTeams {
                read_at: Some(at(1)),
                why: "503".into(),
            }),
            member: Some(true),
        };
        cache
            .put_live(
                live.clone(),
                Some(teams_user(2)),
                held.clone(),
                without_teams.clone(),
            )
            .wait()
            .unwrap();
        assert_eq!(
            cache.live_of(object(2)).wait().unwrap(),
            Some(without_teams)
        );
        assert_eq!(cache.user(object(2)).wait().unwrap(), Some(live));
        assert_eq!(cache.numbers_of(object(2)).wait().unwrap(), held);
        // The number that the user held before is free.
        assert_eq!(
            cache.number(&number("+441235100002")).wait().unwrap(),
            Some(tenant_number(2, None))
        );
        assert_eq!(cache.head().wait().unwrap(), Some(head(1)));
        // What a run finds replaces it, although the run's row equals that of the last snapshot.
        full(cache, 2, &three());
        assert_eq!(cache.user(object(2)).wait().unwrap().unwrap().class, 2);
        assert_eq!(cache.read_at_of(object(2)).wait().unwrap(), Some(at(2)));
        // And a user read alone while a run goes is written by the run, too.
        cache.begin_full(RunId(3)).wait().unwrap();
        cache
            .put_live(directory_user(2, "in between"), None, vec![], at(60))
            .wait()
            .unwrap();
        cache.append(three()).wait().unwrap();
        cache.finish_full(reference(), head(3)).wait().unwrap();
        assert_eq!(names(cache), ["alex", "Zoe", "Émile"]);
        assert_eq!(cache.read_at_of(object(2)).wait().unwrap(), Some(at(3)));
    }

    #[test]
    fn what_could_not_be_read_is_not_made_up() {
        let (_root, store) = store_with(0);
        full(&store.cache, 1, &three());
        let mut blind = reference();
        (blind.teams, blind.numbers) = (None, None);
        blind.group = GroupFilter::Unreadable {
            name: "Voice".into(),
            why: "403".into(),
        };
        blind.gaps = vec!["Teams".into(), "numbers".into()];
        let changes = Changes {
            upserts: vec![],
            removed: vec![],
            reference: blind.clone(),
            head: head(2),
        };
        store.cache.apply_changes(changes).wait().unwrap();
        assert_eq!(store.cache.reference().wait().unwrap(), Some(blind));
        assert_eq!(store.cache.teams_of(object(2)).wait().unwrap(), None);
    }

    #[test]
    fn cleared_is_as_new_also_for_other_programs() {
        let (root, store) = store_with(0);
        full(&store.cache, 1, &three());
        let other = Store::open(root.path()).unwrap();
        assert!(other.cache.user(object(1)).wait().unwrap().is_some());
        store.cache.clear().wait().unwrap();
        assert_eq!(
            (names(&store.cache), store.cache.head().wait().unwrap()),
            (vec![], None)
        );
        assert_eq!(store.cache.reference().wait().unwrap(), None);
        let mut swapped = three();
        swapped[0].user.licences[0].disabled.reverse();
        full(&store.cache, 2, &swapped);
        // The other program has not kept the words of the dictionary that was cleared.
        assert_eq!(
            other.cache.user(object(1)).wait().unwrap(),
            Some(swapped[0].clone())
        );
        let ids: Vec<ObjectId> = vec![object(3), object(77), object(1)];
        let found = other.cache.users(ids).wait().unwrap();
        assert_eq!(found, [swapped[2].clone(), swapped[0].clone()]);
    }

    #[test]
    fn a_row_takes_few_bytes() {
        let (root, store) = store_with(0);
        let users: Vec<StoredUser> = (0..4000)
            .map(|n| directory_user(n, &format!("Alexandra Long-Name {n}")))
            .collect();
        store.cache.begin_full(RunId(1)).wait().unwrap();
        store.cache.append(users).wait().unwrap();
        store
            .cache
            .finish_full(reference(), head(1))
            .wait()
            .unwrap();
        store.close();
        let bytes = fs::metadata(root.path().join("cache.db")).unwrap().len();
        let connection = rusqlite::Connection::open(root.path().join("cache.db")).unwrap();
        let free: u64 = connection
            .pragma_query_value(None, "freelist_count", |row| {
                row.get(0).map(i64::cast_unsigned)
            })
            .unwrap();
        let a_row = (bytes - free * 4096) / 4000;
        assert!(a_row < 250, "{a_row} bytes a user");
    }
}
