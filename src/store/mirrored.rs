//! What was last known to be in `audit.jsonl`, kept in the ledger: a file that is shorter later has lost lines.
//!
//! It is noted only when the file has been synced, so that a crash between the commit and the file's lines is no loss. A loss stays
//! noted until somebody has seen it, although the file is whole again by then.

use rusqlite::Connection;

use super::Stamp;
use super::audit::{Said, append};
use super::error::StoreError;
use super::ledger::rows::{set, setting};

/// Length of the file, and number of its last line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Known {
    pub(super) len: u64,
    pub(super) seq: i64,
}

const KNOWN: &str = "mirror_known";
const LOST: &str = "mirror_lost";
const UNTOLD: &str = "mirror_lost_untold";

/// What the file had when it was last synced; nothing in a ledger whose last writer did not note it yet.
pub(super) fn known(connection: &Connection) -> Result<Option<Known>, StoreError> {
    let found = setting(connection, KNOWN)?;
    Ok(found.and_then(|text| {
        let (len, seq) = text.split_once(' ')?;
        Some(Known {
            len: len.parse().ok()?,
            seq: seq.parse().ok()?,
        })
    }))
}

/// Notes what has reached the disk. A power cut may forget the note itself, which is then only older than the file: it is not waited for.
pub(super) fn note(connection: &Connection, now: Known) -> Result<(), StoreError> {
    if known(connection)? == Some(now) {
        return Ok(());
    }
    connection.pragma_update(None, "synchronous", "NORMAL")?;
    let noted = set(connection, KNOWN, Some(&format!("{} {}", now.len, now.seq)));
    connection.pragma_update(None, "synchronous", "FULL")?;
    noted
}

/// The first line that the file lacks, if it had that line before. `newest` is the last line of the table.
pub(super) fn lacks(
    connection: &Connection,
    there: Known,
    newest: i64,
) -> Result<Option<i64>, StoreError> {
    // Without a note the last writer was an older version: whatever the file lacks counts as lost.
    let known = known(connection)?.unwrap_or(Known {
        len: 0,
        seq: newest,
    });
    let short = there.len < known.len || there.seq < known.seq;
    Ok((short && there.seq < newest).then_some(there.seq + 1))
}

/// Keeps a loss until it has been seen, and until it is in the audit.
pub(super) fn note_loss(connection: &Connection, from: i64, newest: i64) -> Result<(), StoreError> {
    let first = lost(connection)?.map_or(from, |earlier| earlier.min(from));
    let lines = match newest - from + 1 {
        1 => format!("line {from}"),
        _ => format!("lines {from} to {newest}"),
    };
    let note = format!("audit.jsonl had lost {lines}, which had been in it");
    let tx = connection.unchecked_transaction()?;
    set(&tx, LOST, Some(&first.to_string()))?;
    set(&tx, UNTOLD, Some(&note))?;
    Ok(tx.commit()?)
}

/// From which line on the file had lost lines, as long as nobody has seen it.
pub(super) fn lost(connection: &Connection) -> Result<Option<i64>, StoreError> {
    Ok(setting(connection, LOST)?.and_then(|text| text.parse().ok()))
}

/// Puts a loss into the audit, as soon as somebody with a name is there.
pub(super) fn tell(tx: &Connection, stamp: &Stamp) -> Result<(), StoreError> {
    let Some(note) = setting(tx, UNTOLD)? else {
        return Ok(());
    };
    set(tx, UNTOLD, None)?;
    let said = Said {
        action: "audit-cut",
        note,
        ..Said::default()
    };
    append(tx, stamp, said)
}

/// Somebody has seen the loss: the line from which on it was, if there was one.
pub(super) fn seen(tx: &Connection, stamp: &Stamp) -> Result<Option<i64>, StoreError> {
    tell(tx, stamp)?;
    let Some(from) = lost(tx)? else {
        return Ok(None);
    };
    set(tx, LOST, None)?;
    let said = Said {
        action: "audit-cut-seen",
        note: format!("audit.jsonl had lost lines from {from} on"),
        ..Said::default()
    };
    append(tx, stamp, said)?;
    Ok(Some(from))
}

#[cfg(test)]
pub(super) fn seen_for_a_test(connection: &Connection) {
    set(connection, LOST, None).unwrap();
}

/// A line for the engineer who opens the ledger.
pub(super) fn worded(from: i64) -> String {
    format!(
        "audit.jsonl was cut off: what was in it from line {from} on was gone, and has been written again from ledger.db. Find out \
         who could have done it; `audit verify` tells it until `audit verify --seen` says that you know"
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::store::Store;
    use crate::store::fixtures::OURS;
    use crate::store::fixtures::{new_user, stamp, store_with};
    use crate::store::ledger::AuditFault;

    fn actions(store: &Store) -> Vec<String> {
        let lines = store.ledger.audit_tail(99).wait().unwrap();
        lines.into_iter().map(|line| line.action).collect()
    }

    #[test]
    fn a_file_that_lost_lines_is_told_until_it_is_seen_and_stays_in_the_audit() {
        let (root, store) = store_with(3);
        store.close();
        let path = root.path().join("audit.jsonl");
        let whole = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = whole.split_inclusive('\n').collect();
        let cases = [
            (Some(lines[..2].concat()), 3),
            (Some(String::new()), 1),
            (None, 1),
            // Cut off and filled up with something else: as long as before, or longer.
            (
                Some(format!(
                    "{}{}\n",
                    lines[..2].concat(),
                    "x".repeat(whole.len())
                )),
                3,
            ),
            (Some(whole[..whole.len() - 9].to_owned()), 4),
        ];
        for (left, from) in cases {
            let copy = tempfile::tempdir().unwrap();
            for file in ["ledger.db", "cache.db", "history.db"] {
                fs::copy(root.path().join(file), copy.path().join(file)).unwrap();
            }
            let path = copy.path().join("audit.jsonl");
            if let Some(left) = &left {
                fs::write(&path, left).unwrap();
            }
            for _ in 0..2 {
                let store = Store::open(copy.path()).unwrap();
                assert_eq!(store.notes(), [worded(from)], "{left:?}");
                assert!(!store.was_damaged());
                store.ledger.recover(stamp(3)).wait().unwrap();
                assert_eq!(actions(&store)[lines.len()..], ["audit-cut"], "{left:?}");
                let verdict = store.ledger.verify_audit().wait().unwrap();
                assert!(verdict.faults.contains(&AuditFault::Cut { seq: from }));
                store.close();
            }
            let store = Store::open(copy.path()).unwrap();
            assert_eq!(
                store.ledger.audit_seen(stamp(4)).wait().unwrap(),
                Some(from)
            );
            assert_eq!(store.ledger.audit_seen(stamp(4)).wait().unwrap(), None);
            let verdict = store.ledger.verify_audit().wait().unwrap();
            let cut = |fault: &AuditFault| matches!(fault, AuditFault::Cut { .. });
            assert!(!verdict.faults.iter().any(cut));
            assert_eq!(
                actions(&store)[lines.len()..],
                ["audit-cut", "audit-cut-seen"]
            );
            store.close();
            let notes = Store::open(copy.path()).unwrap().notes().to_vec();
            assert_eq!(notes, [] as [&str; 0]);
        }
    }

    #[test]
    fn a_crash_before_the_files_line_is_no_loss() {
        let (root, store) = store_with(2);
        store.close();
        let path = root.path().join("audit.jsonl");
        let before = fs::read(&path).unwrap();
        let noted = known(&Connection::open(root.path().join("ledger.db")).unwrap()).unwrap();
        let store = Store::open(root.path()).unwrap();
        store
            .ledger
            .add_users(vec![new_user(9)], OURS, stamp(3))
            .wait()
            .unwrap();
        store.close();
        let whole = fs::read(&path).unwrap();
        for torn in [0, 17] {
            // As it lies there when the power goes between the commit and the file.
            let ledger = Connection::open(root.path().join("ledger.db")).unwrap();
            let noted = noted.unwrap();
            note(&ledger, noted).unwrap();
            drop(ledger);
            fs::write(&path, &whole[..before.len() + torn]).unwrap();
            let store = Store::open(root.path()).unwrap();
            assert_eq!(store.notes(), [] as [&str; 0]);
            assert!(store.ledger.verify_audit().wait().unwrap().is_intact());
            assert_eq!(fs::read(&path).unwrap(), whole);
            store.close();
        }
    }

    #[test]
    fn lines_that_go_while_a_program_works_are_told_as_well() {
        let (root, store) = store_with(2);
        fs::remove_file(root.path().join("audit.jsonl")).unwrap();
        let add = |n| {
            let new = vec![new_user(n)];
            store.ledger.add_users(new, OURS, stamp(3)).wait().unwrap();
        };
        add(8);
        add(9);
        let verdict = store.ledger.verify_audit().wait().unwrap();
        assert_eq!(verdict.faults, [AuditFault::Cut { seq: 1 }]);
    }
}
