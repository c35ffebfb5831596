//! Drafts: the texts of forms that are not saved.
//!
//! Two programs may have the same form open. Each writes and forgets only what it wrote or was given to read itself: where another
//! text lies under a key, it is another session's, and this one's gets a key of its own beside it (`edit:3`, `edit:3#2`).

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension as _, Row};

use super::super::error::StoreError;

/// By the key that is asked for, where the draft of this program lies and what it says.
pub(super) type Own = BTreeMap<String, Lies>;

/// A draft of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Lies {
    at: String,
    text: String,
}

pub(super) fn draft(tx: &Connection, key: &str) -> Result<Option<String>, StoreError> {
    let mut statement = tx.prepare_cached("SELECT v FROM drafts WHERE k = ?1")?;
    Ok(statement
        .query_row([key], |row| as_far_as_read(row, 0))
        .optional()?)
}

pub(super) fn drafts(tx: &Connection) -> Result<Vec<(String, String)>, StoreError> {
    let mut statement = tx.prepare_cached("SELECT k, v FROM drafts ORDER BY k")?;
    let rows = statement.query_map([], |row| {
        Ok((as_far_as_read(row, 0)?, as_far_as_read(row, 1)?))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// A text that may have been damaged where no check of the file sees it: it costs no other, and what is left of it is offered.
fn as_far_as_read(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    let bytes = row.get_ref(column)?.as_bytes()?;
    Ok(String::from_utf8_lossy(bytes).into_owned())
}

/// What was read is this program's to change, until another changes it.
pub(super) fn given(drafts: &[(String, String)]) -> Own {
    let lies = |(at, text): (String, String)| (at.clone(), Lies { at, text });
    drafts.iter().cloned().map(lies).collect()
}

/// Keeps or forgets the draft of this program; where it lies then.
pub(super) fn keep_own(
    tx: &Connection,
    key: &str,
    own: Option<Lies>,
    text: Option<&str>,
) -> Result<Option<Lies>, StoreError> {
    let own = match own {
        Some(lies) if draft(tx, &lies.at)?.as_ref() == Some(&lies.text) => Some(lies),
        _ => None,
    };
    let Some(text) = text else {
        if let Some(lies) = own {
            keep(tx, &lies.at, None)?;
        }
        return Ok(None);
    };
    let at = match own {
        // Nothing changes, and no other session has to look.
        Some(lies) if lies.text == text => return Ok(Some(lies)),
        Some(lies) => lies.at,
        None => free(tx, key)?,
    };
    keep(tx, &at, Some(text))?;
    let text = text.to_owned();
    Ok(Some(Lies { at, text }))
}

/// The first key for this form under which nothing lies.
fn free(tx: &Connection, key: &str) -> Result<String, StoreError> {
    let form = key.split_once('#').map_or(key, |(form, _)| form);
    let mut at = form.to_owned();
    let mut n = 1;
    while draft(tx, &at)?.is_some() {
        n += 1;
        at = format!("{form}#{n}");
    }
    Ok(at)
}

/// Keeps what all sessions have in common, or forgets it: the last one has it.
pub(super) fn keep(tx: &Connection, key: &str, text: Option<&str>) -> Result<(), StoreError> {
    match text {
        Some(text) => tx
            .prepare_cached("INSERT INTO drafts (k, v) VALUES (?1, ?2) ON CONFLICT (k) DO UPDATE SET v = excluded.v")?
            .execute([key, text])?,
        None => tx.prepare_cached("DELETE FROM drafts WHERE k = ?1")?.execute([key])?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use crate::store::Store;
    use crate::store::fixtures::store_with;

    fn keep(store: &Store, key: &str, text: Option<&str>) {
        let kept = store.ledger.keep_draft(key, text.map(ToOwned::to_owned));
        kept.wait().unwrap();
    }

    fn lie(root: &TempDir) -> Vec<(String, String)> {
        let looking = Store::open(root.path()).unwrap();
        looking.ledger.drafts().wait().unwrap()
    }

    fn pairs<const N: usize>(all: [(&str, &str); N]) -> Vec<(String, String)> {
        all.map(|(key, text)| (key.to_owned(), text.to_owned()))
            .into()
    }

    #[test]
    fn two_programs_with_one_form_keep_and_forget_each_its_own() {
        let (root, one) = store_with(1);
        let two = Store::open(root.path()).unwrap();
        keep(&one, "edit:1", Some("one"));
        keep(&two, "edit:1", Some("two"));
        keep(&one, "edit:1", Some("one more"));
        let both = pairs([("edit:1", "one more"), ("edit:1#2", "two")]);
        assert_eq!(lie(&root), both);
        // One saves; then the other types on, and closes.
        keep(&one, "edit:1", None);
        assert_eq!(lie(&root), pairs([("edit:1#2", "two")]));
        keep(&two, "edit:1", Some("two more"));
        keep(&one, "edit:1", None);
        assert_eq!(lie(&root), pairs([("edit:1#2", "two more")]));
        keep(&two, "edit:1", None);
        assert_eq!(lie(&root), []);
    }

    #[test]
    fn what_was_offered_is_the_readers_until_its_writer_goes_on() {
        let (root, one) = store_with(1);
        keep(&one, "add", Some("one"));
        let two = Store::open(root.path()).unwrap();
        assert_eq!(two.ledger.drafts().wait().unwrap(), pairs([("add", "one")]));
        keep(&one, "add", Some("one more"));
        keep(&two, "add", None);
        assert_eq!(lie(&root), pairs([("add", "one more")]));
        // It is given up by its reader, and kept again by its writer.
        assert_eq!(two.ledger.drafts().wait().unwrap().len(), 1);
        keep(&two, "add", None);
        assert_eq!(lie(&root), []);
        keep(&one, "add", Some("one more"));
        assert_eq!(lie(&root), pairs([("add", "one more")]));
    }

    #[test]
    fn what_was_read_and_not_opened_stays_beside_what_is_typed() {
        let (root, one) = store_with(1);
        keep(&one, "edit:1", Some("old"));
        let two = Store::open(root.path()).unwrap();
        assert_eq!(two.ledger.drafts().wait().unwrap().len(), 1);
        keep(&two, "edit:1#", Some("new"));
        assert_eq!(lie(&root), pairs([("edit:1", "old"), ("edit:1#2", "new")]));
        keep(&two, "edit:1#", None);
        assert_eq!(lie(&root), pairs([("edit:1", "old")]));
    }

    #[test]
    fn what_all_have_in_common_is_the_last_ones() {
        let (root, one) = store_with(1);
        let two = Store::open(root.path()).unwrap();
        for (store, text) in [(&one, "by name"), (&two, "by number"), (&one, "by mail")] {
            let kept = store.ledger.keep_common("tables", Some(text.to_owned()));
            kept.wait().unwrap();
        }
        assert_eq!(lie(&root), pairs([("tables", "by mail")]));
    }
}
