//! What people of the directory were called before: earlier log lines still name them so, and a bundle has to know the words.
//!
//! Nothing else reads them. They go with the file; they outlive a read of another tenant, since the logs do.

use rusqlite::{Connection, params};

use crate::domain::directory::DirectoryUser;
use crate::domain::guid::ObjectId;

use super::super::error::StoreError;

/// The columns that call somebody something, and what kind of word each holds.
const COLUMNS: [(&str, &str); 4] = [
    ("name", "name"),
    ("upn", "address"),
    ("mail", "address"),
    ("addresses", "address"),
];

fn keep(kind: &str, column: &str, tail: &str) -> String {
    format!(
        "INSERT OR IGNORE INTO former_words (kind, word)
         SELECT '{kind}', d.{column} FROM directory d {tail} AND d.{column} <> ''"
    )
}

/// Keeps the words of a row that goes.
pub(super) fn gone(tx: &Connection, id: ObjectId) -> Result<(), StoreError> {
    for (column, kind) in COLUMNS {
        tx.prepare_cached(&keep(kind, column, "WHERE d.id = ?1"))?
            .execute([id.0.bytes()])?;
    }
    Ok(())
}

/// Keeps the words of a row that another takes the place of, where it is called otherwise.
pub(super) fn replaced(tx: &Connection, by: &DirectoryUser) -> Result<(), StoreError> {
    let addresses = by.addresses.join("\n");
    let news = [
        by.name.as_str(),
        &by.upn,
        by.mail.as_deref().unwrap_or_default(),
        &addresses,
    ];
    for ((column, kind), new) in COLUMNS.into_iter().zip(news) {
        let tail = format!("WHERE d.id = ?1 AND d.{column} <> ?2");
        tx.prepare_cached(&keep(kind, column, &tail))?
            .execute(params![by.id.0.bytes(), new])?;
    }
    Ok(())
}

/// Keeps the words of all rows that a staged read takes the place of, where they are called otherwise.
pub(super) fn staged(tx: &Connection) -> Result<(), StoreError> {
    for (column, kind) in COLUMNS {
        let tail = format!("JOIN staging s ON s.id = d.id WHERE d.{column} IS NOT s.{column}");
        tx.execute(&keep(kind, column, &tail), [])?;
    }
    Ok(())
}

/// Keeps the words of everybody: the picture is thrown away.
pub(super) fn everybody(tx: &Connection) -> Result<(), StoreError> {
    for (column, kind) in COLUMNS {
        tx.execute(&keep(kind, column, "WHERE true"), [])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use crate::domain::run::RunId;
    use crate::store::Store;
    use crate::store::cache::{Changes, StoredUser};
    use crate::store::extract::{Vocabulary, vocabulary};
    use crate::store::fixtures::{at, directory_user, head, object, reference, store_with};

    fn full(store: &Store, run: i64, users: Vec<StoredUser>) {
        store.cache.begin_full(RunId(run)).wait().unwrap();
        store.cache.append(users).wait().unwrap();
        store
            .cache
            .finish_full(reference(), head(run))
            .wait()
            .unwrap();
    }

    fn called(n: u32, name: &str, upn: &str) -> StoredUser {
        let mut user = directory_user(n, name);
        user.user.upn = upn.to_owned();
        user
    }

    #[test]
    fn each_way_of_losing_a_name_keeps_it() {
        let (root, store) = store_with(0);
        let first = vec![
            called(1, "Anna Alt", "anna@contoso.example"),
            called(2, "Bert Blau", "bert@contoso.example"),
            called(3, "Carl Cyan", "carl@contoso.example"),
            called(4, "Dora Dunkel", "dora@contoso.example"),
            called(5, "Emil Erde", "emil@contoso.example"),
        ];
        full(&store, 1, first);
        // By a whole read: Anna is renamed, Bert is gone.
        let second = vec![
            called(1, "Anna Neu", "anna.neu@contoso.example"),
            called(3, "Carl Cyan", "carl@contoso.example"),
            called(4, "Dora Dunkel", "dora@contoso.example"),
            called(5, "Emil Erde", "emil@contoso.example"),
        ];
        full(&store, 2, second);
        // By changes: Carl is renamed, Dora is gone; Emil is read alone.
        let changes = Changes {
            upserts: vec![called(3, "Carl Neu", "carl@contoso.example")],
            removed: vec![object(4)],
            reference: reference(),
            head: head(3),
        };
        store.cache.apply_changes(changes).wait().unwrap();
        let emil = called(5, "Emil Neu", "emil@contoso.example");
        store
            .cache
            .put_live(emil, None, vec![], at(3))
            .wait()
            .unwrap();
        let former = |words: &Vocabulary| -> BTreeSet<String> {
            let all = words.names.iter().chain(&words.addresses).cloned();
            all.filter(|word| !word.contains("User ")).collect()
        };
        let words = former(&vocabulary(root.path()).unwrap());
        for word in [
            "Anna Alt",
            "anna@contoso.example",
            "Anna Neu",
            "Bert Blau",
            "bert@contoso.example",
            "Carl Cyan",
            "Dora Dunkel",
            "dora@contoso.example",
            "Emil Erde",
        ] {
            assert!(words.contains(word), "{word}: {words:?}");
        }
        // What a picture of another tenant takes the place of is known too.
        store.cache.clear().wait().unwrap();
        let after = former(&vocabulary(root.path()).unwrap());
        assert!(words.is_subset(&after), "{words:?} {after:?}");
    }

    #[test]
    fn who_keeps_the_name_leaves_no_word() {
        let (root, store) = store_with(0);
        full(&store, 1, vec![directory_user(1, "Anna Alt")]);
        let mut moved = directory_user(1, "Anna Alt");
        moved.class = 6;
        full(&store, 2, vec![moved]);
        let count: i64 = rusqlite::Connection::open(root.path().join("cache.db"))
            .unwrap()
            .query_row("SELECT count(*) FROM former_words", [], |row| row.get(0))
            .unwrap();
        assert_eq!(count, 0);
    }
}
