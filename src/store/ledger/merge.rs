//! What a run found, brought into the ledger at its end: all of it or nothing.
//!
//! Between the run's reading and this moment an engineer may have edited: what is gone or was decided by hand is passed over.

use std::collections::HashSet;

use rusqlite::{Connection, params};

use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Closing, Entry, EntryState, Step};
use crate::domain::user::{Association, User, UserId, Value};

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
            let said = match asked_by_us(tx, &user, value)? {
                // A run that was killed may have asked for it: then it is nobody else's doing.
                Some(entry) => Said {
                    entry: Some(entry.id),
                    note: "by a request of ours whose outcome was not known".to_owned(),
                    ..about(&user, "seen done")
                },
                None => about(&user, "taken over"),
            };
            append(tx, stamp, said.values(&before, value))?;
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

/// A change of ours, under way when it was last heard of, that explains why the tenant has this value now.
fn asked_by_us(tx: &Connection, user: &User, value: &Value) -> Result<Option<Entry>, StoreError> {
    let id = user.association.id();
    let explains = |entry: &Entry| {
        let under_way =
            entry.state.needs_settling() || matches!(entry.state, EntryState::Applied { .. });
        let own = match (entry.user, entry.directory_id) {
            (Some(of), _) => of == user.id,
            (None, of) => of.is_some() && of == id,
        };
        let gave = entry
            .takes_from
            .as_ref()
            .is_some_and(|giver| Some(giver.id) == id);
        let silenced = own
            && *value == Value::Number(None)
            && matches!(
                entry.state,
                EntryState::InFlight {
                    step: Step::Release,
                    ..
                } | EntryState::Accepted {
                    step: Step::Release,
                    ..
                } | EntryState::Unknown {
                    step: Step::Release
                }
            );
        let lost =
            gave && *value == Value::Number(None) && entry.wanted.number() == user.number.as_ref();
        under_way && (own && entry.wanted == *value || silenced || lost)
    };
    let mut entries = rows::entries(tx, "NOT parked", &[])?.into_iter();
    Ok(entries.find(explains))
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outbox::{EntryId, Removal};
    use crate::domain::user::Patch;
    use crate::store::fixtures::{OURS, new_user, num, object, place, stamp, store_with};

    #[test]
    fn a_run_brings_everything_in_at_once() {
        let (_root, store) = store_with(3);
        let ledger = &store.ledger;
        let mut unmatched = new_user(4);
        unmatched.association = Association::None;
        ledger
            .add_users(vec![unmatched], OURS, stamp(2))
            .wait()
            .unwrap();
        let edit = |user, two_way| {
            let patch = Patch {
                two_way: vec![two_way],
                ..Patch::default()
            };
            ledger
                .edit_user(UserId(user), patch, stamp(3))
                .wait()
                .unwrap()[0]
        };
        let conflict = edit(1, (num("+14255550001"), num("+14255550100")));
        let confirmed = edit(2, (place("US"), place("GB")));
        let changes = MergeChanges {
            associate: vec![(UserId(4), object(40))],
            take_over: vec![
                (UserId(1), num("+14255550111")),
                (UserId(2), num("+14255550002")),
            ],
            gone: vec![UserId(3)],
            back: vec![UserId(2)],
            conflicts: vec![(conflict, num("+14255550111"))],
            closed: vec![(confirmed, Closing::Confirmed)],
        };
        ledger.merge(changes.clone(), stamp(4)).wait().unwrap();
        let picture = ledger.load().wait().unwrap();
        let [one, two, three, four] = &picture.users[..] else {
            panic!("four users")
        };
        assert_eq!(four.association, Association::Matched(object(40)));
        assert_eq!(one.number.as_ref().unwrap().as_str(), "+14255550111");
        assert_eq!(two.country.unwrap().as_str(), "GB");
        assert_eq!((two.gone, three.gone), (false, true));
        assert_eq!(picture.entries.len(), 1);
        assert_eq!(
            picture.entries[0].state,
            EntryState::Conflict {
                theirs: num("+14255550111")
            }
        );
        assert_eq!(
            picture.entries[0].base,
            num("+14255550001"),
            "no run moves the base"
        );
        let written: Vec<String> = ledger
            .audit_since(stamp(4).at)
            .wait()
            .unwrap()
            .into_iter()
            .map(|line| line.action)
            .collect();
        assert_eq!(
            written,
            ["matched", "taken over", "gone", "conflict", "confirmed"]
        );
        // Again: everything is there, so nothing is written.
        ledger.merge(changes, stamp(5)).wait().unwrap();
        assert_eq!(ledger.audit_since(stamp(5).at).wait().unwrap(), []);
        assert_eq!(ledger.load().wait().unwrap(), picture);
    }

    #[test]
    fn what_an_engineer_did_meanwhile_wins() {
        let (_root, store) = store_with(3);
        let ledger = &store.ledger;
        let by_hand = Patch {
            association: Some(Association::Manual(object(77))),
            ..Patch::default()
        };
        ledger
            .edit_user(UserId(1), by_hand, stamp(2))
            .wait()
            .unwrap();
        ledger
            .remove_users(vec![Removal::of(UserId(2), None, &[])], stamp(2))
            .wait()
            .unwrap();
        let loose = Patch {
            association: Some(Association::None),
            ..Patch::default()
        };
        ledger.edit_user(UserId(3), loose, stamp(2)).wait().unwrap();
        let changes = MergeChanges {
            associate: vec![
                (UserId(1), object(1)),
                (UserId(2), object(2)),
                (UserId(3), object(77)),
            ],
            take_over: vec![(UserId(2), num("+14255550999"))],
            gone: vec![UserId(2)],
            back: vec![],
            conflicts: vec![(EntryId(50), num(""))],
            closed: vec![(EntryId(51), Closing::Confirmed)],
        };
        ledger.merge(changes, stamp(3)).wait().unwrap();
        let users = ledger.load().wait().unwrap().users;
        assert_eq!(users[0].association, Association::Manual(object(77)));
        assert_eq!(
            users[1].association,
            Association::None,
            "another user has this directory user"
        );
        assert_eq!(ledger.audit_since(stamp(3).at).wait().unwrap(), []);
    }
}
