//! What a run found, brought into the ledger at its end: all of it or nothing.
//!
//! Between the run's reading and this moment an engineer may have edited: what is gone or was decided by hand is passed over.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Closing, EntryState};
use crate::domain::user::{Association, User, UserId};

use super::super::Stamp;
use super::super::audit::{Said, append};
use super::super::error::StoreError;
use super::{MergeChanges, entries, rows};

/// Brings the changes in.
pub(super) fn merge(
    tx: &Connection,
    changes: &MergeChanges,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    associate(tx, &changes.associate, stamp)?;
    for (id, value) in &changes.take_over {
        let Some(user) = rows::user(tx, *id)? else {
            continue;
        };
        if let Some(before) = entries::put_value(tx, Some(*id), value)? {
            let said = about(&user, "taken over").values(&before, value);
            append(tx, stamp, said)?;
        }
    }
    for (ids, gone) in [(&changes.gone, true), (&changes.back, false)] {
        for id in ids {
            mark(tx, *id, gone, stamp)?;
        }
    }
    for (id, theirs) in &changes.conflicts {
        let Some(entry) = rows::entry(tx, *id)? else {
            continue;
        };
        if entry.field() == theirs.field() {
            let state = EntryState::Conflict {
                theirs: theirs.clone(),
            };
            entries::set_state(tx, &entry, &state, stamp)?;
        }
    }
    for (id, closing) in &changes.closed {
        let Some(entry) = rows::entry(tx, *id)? else {
            continue;
        };
        let is_conflict = matches!(entry.state, EntryState::Conflict { .. });
        if *closing == Closing::TheirsTaken && !is_conflict {
            continue;
        }
        entries::close(tx, *id, *closing, stamp)?;
    }
    Ok(())
}

fn about<'a>(user: &'a User, action: &'a str) -> Said<'a> {
    Said {
        action,
        tenant: Some(user.tenant),
        user: Some((user.id, &user.name)),
        ..Said::default()
    }
}

fn associate(
    tx: &Connection,
    found: &[(UserId, ObjectId)],
    stamp: &Stamp,
) -> Result<(), StoreError> {
    if found.is_empty() {
        return Ok(());
    }
    let mut taken: HashSet<ObjectId> = rows::users(tx)?
        .iter()
        .filter_map(|user| user.association.id())
        .collect();
    for (id, directory_id) in found {
        let Some(user) = rows::user(tx, *id)? else {
            continue;
        };
        if user.association != Association::None || !taken.insert(*directory_id) {
            continue;
        }
        let (code, column) = rows::association_columns(Association::Matched(*directory_id));
        tx.prepare_cached(
            "UPDATE users SET association = ?1, directory_id = ?2, gone = 0 WHERE id = ?3",
        )?
        .execute(params![code, column, id.0])?;
        let said = Said {
            field: "association",
            after: format!("{directory_id} by e-mail"),
            ..about(&user, "matched")
        };
        append(tx, stamp, said)?;
    }
    Ok(())
}

fn mark(tx: &Connection, id: UserId, gone: bool, stamp: &Stamp) -> Result<(), StoreError> {
    let Some(user) = rows::user(tx, id)? else {
        return Ok(());
    };
    if user.gone == gone {
        return Ok(());
    }
    tx.prepare_cached("UPDATE users SET gone = ?1 WHERE id = ?2")?
        .execute(params![gone, id.0])?;
    let action = if gone { "gone" } else { "back" };
    append(tx, stamp, about(&user, action))
}
