//! The outbox: entries come, change state, and leave; every step has its line in the audit.

use rusqlite::{Connection, params};

use crate::domain::outbox::{Closing, Entry, EntryId, EntryState, Step};
use crate::domain::phone::PhoneNumber;
use crate::domain::user::{Field, UserId, Value};
use crate::record::entry as form;

use super::super::Stamp;
use super::super::audit::{Said, append};
use super::super::error::StoreError;
use super::super::mirrored;
use super::rows;

/// Puts an entry into the outbox; its id is the row's.
pub(super) fn queue(tx: &Connection, entry: &Entry, stamp: &Stamp) -> Result<EntryId, StoreError> {
    tx.prepare_cached(
        "INSERT INTO outbox (tenant, parked, user_id, directory_id, name, field, base, wanted, state, author, created_at, updated_at, released, from_id, from_name, silences, gives_back)
         VALUES (?1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
    )?
    .execute(params![
        entry.tenant.0.bytes(),
        entry.user.map(|id| id.0),
        entry.directory_id.map(|id| *id.0.bytes()),
        entry.name,
        entry.field().key(),
        entry.base.compact(),
        entry.wanted.compact(),
        form::write(&entry.state),
        entry.author,
        entry.created_at.to_string(),
        entry.updated_at.to_string(),
        entry.released.as_ref().map_or("", PhoneNumber::as_str),
        entry.takes_from.as_ref().map(|giver| *giver.id.0.bytes()),
        entry.takes_from.as_ref().map_or("", |giver| &giver.name),
        entry.silences.as_ref().map_or("", PhoneNumber::as_str),
        entry.gives_back,
    ])?;
    let id = EntryId(tx.last_insert_rowid());
    let stored = Entry {
        id,
        ..entry.clone()
    };
    append(tx, stamp, about(&stored, "queued"))?;
    Ok(id)
}

/// A line about an entry.
fn about<'a>(entry: &'a Entry, action: &'a str) -> Said<'a> {
    Said {
        action,
        tenant: Some(entry.tenant),
        user: entry.user.map(|id| (id, entry.name.as_str())),
        name: &entry.name,
        entry: Some(entry.id),
        ..Said::default()
    }
    .values(&entry.had(), &entry.wanted)
}

/// Takes an entry out of the outbox.
pub(super) fn leave(
    tx: &Connection,
    entry: &Entry,
    (action, outcome): (&str, &str),
    stamp: &Stamp,
) -> Result<(), StoreError> {
    tx.prepare_cached("DELETE FROM outbox WHERE id = ?1")?
        .execute([entry.id.0])?;
    let from = entry.takes_from.as_ref();
    let said = Said {
        outcome,
        note: from.map_or_else(String::new, |giver| format!("from {}", giver.name)),
        ..about(entry, action)
    };
    append(tx, stamp, said)
}

fn known(tx: &Connection, id: EntryId) -> Result<Entry, StoreError> {
    rows::entry(tx, id)?.ok_or(StoreError::NoSuchEntry(id))
}

/// Moves entries to new states. A state that is there already is not written again.
pub(super) fn set_states(
    tx: &Connection,
    states: &[(EntryId, EntryState)],
    stamp: &Stamp,
) -> Result<(), StoreError> {
    for (id, state) in states {
        set_state(tx, &known(tx, *id)?, state, stamp)?;
    }
    Ok(())
}

pub(super) fn set_state(
    tx: &Connection,
    entry: &Entry,
    state: &EntryState,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    if entry.state == *state {
        return Ok(());
    }
    tx.prepare_cached("UPDATE outbox SET state = ?1, updated_at = ?2 WHERE id = ?3")?
        .execute(params![
            form::write(state),
            stamp.at.to_string(),
            entry.id.0
        ])?;
    let said = Said {
        outcome: entry.state.word(),
        note: note_of(state),
        ..about(entry, state.word())
    };
    append(tx, stamp, said)
}

/// Moves an entry to a new state, if it still stands as it was seen.
pub(super) fn turn(
    tx: &Connection,
    seen: &Entry,
    state: &EntryState,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    match rows::entry(tx, seen.id)? {
        Some(entry) if entry.state == seen.state => set_state(tx, &entry, state, stamp),
        Some(_) | None => Ok(()),
    }
}

/// What a state carries, in words.
fn note_of(state: &EntryState) -> String {
    match state {
        EntryState::Queued => String::new(),
        EntryState::Held { why } => why.clone(),
        EntryState::InFlight { step, attempt } => format!("{}, attempt {attempt}", step.as_str()),
        EntryState::Accepted { step, operation } => format!("{}: {operation}", step.as_str()),
        EntryState::Applied { visible_by } => format!("visible by {visible_by}"),
        EntryState::Unknown { step } => step.as_str().to_owned(),
        EntryState::Conflict { theirs } => format!("the tenant has {}", theirs.shown()),
        EntryState::Rejected { cause, raw, .. } if raw.is_empty() => cause.clone(),
        EntryState::Rejected { cause, raw, .. } => format!("{cause}: {raw}"),
    }
}

/// Ends an entry.
pub(super) fn close(
    tx: &Connection,
    id: EntryId,
    closing: Closing,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    // What was set aside with an earlier tenant can be dropped, and nothing else.
    let entry = match closing {
        Closing::Dropped => rows::entries(tx, "id = ?1", &[&id.0])?.pop(),
        Closing::Confirmed | Closing::AlreadyThere | Closing::TheirsTaken => rows::entry(tx, id)?,
    };
    let entry = entry.ok_or(StoreError::NoSuchEntry(id))?;
    if closing == Closing::Confirmed {
        keep_written(tx, &entry, stamp)?;
    }
    if closing == Closing::Dropped && entry.owed().is_some() && !entry.state.needs_settling() {
        return return_number(tx, &entry, Closing::Dropped.as_str(), stamp);
    }
    match closing {
        Closing::Confirmed | Closing::AlreadyThere => {
            put_value(tx, entry.user, &entry.wanted)?;
        }
        Closing::TheirsTaken => {
            let EntryState::Conflict { theirs } = &entry.state else {
                return Err(StoreError::NotAConflict(id));
            };
            put_value(tx, entry.user, theirs)?;
        }
        Closing::Dropped if entry.state.needs_settling() => {
            return Err(StoreError::Settling {
                entry: id,
                field: entry.field(),
                word: entry.state.word(),
                name: entry.name,
            });
        }
        Closing::Dropped => {}
    }
    // What this change has taken from somebody else, or silenced on the way, is not forgotten with it.
    let of_another = entry.takes_from.is_some() || entry.field() != Field::Number;
    if closing == Closing::TheirsTaken && of_another && entry.owed().is_some() {
        return return_number(tx, &entry, closing.as_str(), stamp);
    }
    leave(tx, &entry, (closing.as_str(), entry.state.word()), stamp)
}

/// Notes what was written, so that it can be taken back.
fn keep_written(tx: &Connection, entry: &Entry, stamp: &Stamp) -> Result<(), StoreError> {
    let base = entry.had();
    let directory_id = match entry
        .user
        .map(|id| rows::user(tx, id))
        .transpose()?
        .flatten()
    {
        Some(user) => user.association.id(),
        None => entry.directory_id,
    };
    tx.prepare_cached(
        "INSERT OR REPLACE INTO written (entry, tenant, user_id, directory_id, name, field, base, wanted, from_id, from_name, released, at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?
    .execute(params![
        entry.id.0,
        entry.tenant.0.bytes(),
        entry.user.map(|id| id.0),
        directory_id.map(|id| *id.0.bytes()),
        entry.name,
        entry.field().key(),
        base.compact(),
        entry.wanted.compact(),
        entry.takes_from.as_ref().map(|giver| *giver.id.0.bytes()),
        entry.takes_from.as_ref().map_or("", |giver| &giver.name),
        entry.released.as_ref().map_or("", PhoneNumber::as_str),
        stamp.at.to_string(),
    ])?;
    tx.prepare_cached("DELETE FROM written WHERE entry <= ?1 - 10000")?
        .execute([entry.id.0])?;
    Ok(())
}

/// Writes a value into a user's row, and says what stood there if it was something else.
pub(super) fn put_value(
    tx: &Connection,
    user: Option<UserId>,
    value: &Value,
) -> Result<Option<Value>, StoreError> {
    let Some(user) = user.map(|id| rows::user(tx, id)).transpose()?.flatten() else {
        return Ok(None);
    };
    let before = match value {
        Value::Number(_) => Value::Number(user.number),
        Value::Country(_) => Value::Country(user.country),
        Value::Plan { .. } | Value::Licence { .. } | Value::Added(_) => return Ok(None),
    };
    if before == *value {
        return Ok(None);
    }
    let text = Some(value.compact()).filter(|text| !text.is_empty());
    let column = value.field().as_str();
    tx.prepare_cached(&format!("UPDATE users SET {column} = ?1 WHERE id = ?2"))?
        .execute(params![text, user.id.0])?;
    Ok(Some(before))
}

/// Makes the tenant's value the base of a conflict, and queues it again.
pub(super) fn keep_mine(tx: &Connection, id: EntryId, stamp: &Stamp) -> Result<(), StoreError> {
    let entry = known(tx, id)?;
    let EntryState::Conflict { theirs } = &entry.state else {
        return Err(StoreError::NotAConflict(id));
    };
    if *theirs == entry.wanted {
        return close(tx, id, Closing::AlreadyThere, stamp);
    }
    tx.prepare_cached(
        "UPDATE outbox SET base = ?1, state = ?2, updated_at = ?3, silences = '' WHERE id = ?4",
    )?
    .execute(params![
        theirs.compact(),
        form::write(&EntryState::Queued),
        stamp.at.to_string(),
        id.0
    ])?;
    put_value(tx, entry.user, theirs)?;
    let said = about(&entry, "kept mine").values(theirs, &entry.wanted);
    append(tx, stamp, said)
}

/// Our own release of the old number has taken effect: the tenant has none, and from there the new one is given. Without this the
/// release would look like a change that somebody else made.
pub(super) fn released(tx: &Connection, id: EntryId, stamp: &Stamp) -> Result<(), StoreError> {
    let entry = known(tx, id)?;
    let had = entry.had();
    let old = match (&entry.released, &entry.takes_from, &entry.silences) {
        // Somebody else may have given another number since the first was released: then that one is gone now.
        (Some(_), None, _) if entry.field() == Field::Number => had.number(),
        (Some(known), _, _) => Some(known),
        (None, Some(_), _) => entry.wanted.number(),
        (None, None, Some(silenced)) => Some(silenced),
        (None, None, None) => entry.base.number(),
    };
    // Only a change of this user's own number has a base that the release has moved.
    let own = entry.field() == Field::Number && entry.takes_from.is_none();
    let base = if own {
        Value::Number(None)
    } else {
        entry.base.clone()
    };
    tx.prepare_cached(
        "UPDATE outbox SET base = ?1, state = ?2, updated_at = ?3, released = ?4 WHERE id = ?5",
    )?
    .execute(params![
        base.compact(),
        form::write(&EntryState::Queued),
        stamp.at.to_string(),
        old.map_or("", PhoneNumber::as_str),
        id.0
    ])?;
    if let (false, None, Some(id), Some(old)) = (own, &entry.takes_from, entry.directory_id, old) {
        let user = rows::user_of(tx, id)?.map(|user| user.id.0);
        tx.prepare_cached(
            "UPDATE outbox SET base = '' WHERE field = 'number' AND base = ?1 AND NOT parked
             AND (user_id = ?2 OR (user_id IS NULL AND directory_id = ?3))",
        )?
        .execute(params![old.as_str(), user, id.0.bytes()])?;
    }
    let before = Value::Number(old.cloned());
    let said = about(&entry, "released").values(&before, &Value::Number(None));
    let Some(giver) = &entry.takes_from else {
        blank(tx, entry.user, old)?;
        return append(tx, stamp, said);
    };
    // A move takes it from somebody else: the line is about who has lost it.
    let loser = rows::user_of(tx, giver.id)?;
    blank(tx, loser.as_ref().map(|user| user.id), old)?;
    let said = Said {
        user: loser.as_ref().map(|user| (user.id, user.name.as_str())),
        name: &giver.name,
        note: format!("for {}", entry.name),
        ..said
    };
    append(tx, stamp, said)
}

/// Takes a number that was released out of a user's row, where nobody has put another there since.
fn blank(
    tx: &Connection,
    user: Option<UserId>,
    old: Option<&PhoneNumber>,
) -> Result<(), StoreError> {
    let row = user.map(|id| rows::user(tx, id)).transpose()?.flatten();
    if row.is_some_and(|row| row.number.as_ref() == old) {
        put_value(tx, user, &Value::Number(None))?;
    }
    Ok(())
}

/// Marks an entry in flight, if it is still queued: what somebody held back, dropped or edited in the meantime is not sent.
pub(super) fn start(
    tx: &Connection,
    id: EntryId,
    step: Step,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    let entry = known(tx, id)?;
    if entry.state != EntryState::Queued {
        return Err(StoreError::NotQueued(id));
    }
    set_state(
        tx,
        &entry,
        &EntryState::InFlight { step, attempt: 1 },
        stamp,
    )
}

/// Holds entries back, or queues them again; those that are under way are left alone. How many were changed.
pub(super) fn hold(
    tx: &Connection,
    ids: &[EntryId],
    why: Option<&str>,
    stamp: &Stamp,
) -> Result<u32, StoreError> {
    let mut count = 0;
    for id in ids {
        let entry = known(tx, *id)?;
        if !entry.state.is_ours() {
            continue;
        }
        let state = match why {
            Some(why) => EntryState::Held {
                why: why.to_owned(),
            },
            None => EntryState::Queued,
        };
        set_state(tx, &entry, &state, stamp)?;
        count += 1;
    }
    Ok(count)
}

/// Notes the ticket of entries, or that there is none; what is there already is not written again.
pub(super) fn set_ticket(
    tx: &Connection,
    ids: &[EntryId],
    ticket: &str,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    let known_tickets = rows::tickets(tx)?;
    for id in ids {
        let entry = known(tx, *id)?;
        let before = known_tickets
            .iter()
            .find(|(known, _)| known == id)
            .map_or("", |(_, ticket)| ticket.as_str());
        if before == ticket {
            continue;
        }
        tx.prepare_cached("DELETE FROM tickets WHERE entry = ?1")?
            .execute([id.0])?;
        if !ticket.is_empty() {
            tx.prepare_cached("INSERT INTO tickets (entry, ticket) VALUES (?1, ?2)")?
                .execute(params![id.0, ticket])?;
        }
        let said = Said {
            outcome: entry.state.word(),
            note: if before.is_empty() {
                String::new()
            } else {
                format!("before: {before}")
            },
            ..about(&entry, "ticket")
        };
        append(tx, stamp, said)?;
    }
    Ok(())
}

/// Turns a change whose old number we have released into giving that number back.
pub(super) fn give_back(tx: &Connection, id: EntryId, stamp: &Stamp) -> Result<(), StoreError> {
    close(tx, id, Closing::Dropped, stamp)
}

/// Ends an entry, and queues that what it has released goes back to whoever had it.
pub(super) fn return_number(
    tx: &Connection,
    entry: &Entry,
    action: &str,
    stamp: &Stamp,
) -> Result<(), StoreError> {
    leave(tx, entry, (action, "giving back"), stamp)?;
    let Some(old) = entry.released.clone() else {
        return Ok(());
    };
    let (directory_id, name) = match &entry.takes_from {
        None => (entry.directory_id, entry.name.clone()),
        Some(giver) => (Some(giver.id), giver.name.clone()),
    };
    let user = match (&entry.takes_from, entry.user, directory_id) {
        (None, Some(user), _) => rows::user(tx, user)?,
        (_, _, Some(id)) => rows::user_of(tx, id)?,
        _ => None,
    };
    let directory_id = user
        .as_ref()
        .and_then(|user| user.association.id())
        .or(directory_id);
    // Another wish for this user's number is older than what is owed to it.
    if let Some(id) = directory_id {
        for other in rows::of_field(tx, user.as_ref().map(|user| user.id), id, Field::Number)? {
            if other.state.needs_settling() {
                continue;
            }
            leave(
                tx,
                &other,
                (Closing::Dropped.as_str(), "giving back"),
                stamp,
            )?;
        }
    }
    let back = Entry {
        user: user.map(|user| user.id),
        directory_id,
        name,
        gives_back: true,
        ..Entry::queued(
            entry.tenant,
            (Value::Number(None), Value::Number(Some(old))),
            (&stamp.author, stamp.at),
        )
    };
    queue(tx, &back, stamp).map(drop)
}

/// What was in flight when the program ended is unknown now.
pub(super) fn recover(tx: &Connection, stamp: &Stamp) -> Result<u32, StoreError> {
    if let Some(note) = rows::setting(tx, "salvaged")? {
        rows::set(tx, "salvaged", None)?;
        let said = Said {
            action: "salvaged",
            note,
            ..Said::default()
        };
        append(tx, stamp, said)?;
    }
    mirrored::tell(tx, stamp)?;
    let mut count = 0;
    for entry in rows::entries(tx, "TRUE", &[])? {
        if let EntryState::InFlight { step, .. } = entry.state {
            set_state(tx, &entry, &EntryState::Unknown { step }, stamp)?;
            count += 1;
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outbox::Step;
    use crate::domain::run::RunId;
    use crate::domain::user::Patch;
    use crate::store::Store;
    use crate::store::fixtures::{at, num, stamp, store_with};

    fn queued(store: &Store, user: i64, wanted: &str) -> EntryId {
        let base = num(&format!("+1425555{user:04}"));
        let patch = Patch {
            two_way: vec![(base, num(wanted))],
            ..Patch::default()
        };
        store
            .ledger
            .edit_user(UserId(user), patch, stamp(2))
            .wait()
            .unwrap()[0]
    }

    #[test]
    fn intent_is_audited_before_and_outcome_after() {
        let (_root, store) = store_with(1);
        let id = queued(&store, 1, "+14255550100");
        let run = crate::store::Stamp {
            run: Some(RunId(4)),
            ..stamp(3)
        };
        let flight = EntryState::InFlight {
            step: Step::Release,
            attempt: 1,
        };
        store
            .ledger
            .set_states(vec![(id, flight.clone())], run.clone())
            .wait()
            .unwrap();
        store
            .ledger
            .set_states(vec![(id, flight)], run.clone())
            .wait()
            .unwrap();
        store
            .ledger
            .close(id, Closing::Confirmed, run)
            .wait()
            .unwrap();
        let lines: Vec<_> = store
            .ledger
            .audit_of("user 1", 3)
            .wait()
            .unwrap()
            .into_iter()
            .map(|line| {
                (
                    line.action,
                    line.outcome,
                    line.note,
                    line.run,
                    line.before,
                    line.after,
                )
            })
            .collect();
        let values = ("+14255550001".to_owned(), "+14255550100".to_owned());
        let line = |action: &str, outcome: &str, note: &str, run| {
            (
                action.to_owned(),
                outcome.to_owned(),
                note.to_owned(),
                run,
                values.0.clone(),
                values.1.clone(),
            )
        };
        assert_eq!(
            lines,
            [
                line("queued", "", "", None),
                line("sending", "queued", "release, attempt 1", Some(RunId(4))),
                line("confirmed", "sending", "", Some(RunId(4))),
            ]
        );
    }

    #[test]
    fn what_another_has_given_meanwhile_is_what_is_released_and_told() {
        let (_root, store) = store_with(1);
        let id = queued(&store, 1, "+14255550100");
        store.ledger.released(id, stamp(3)).wait().unwrap();
        let theirs = num("+14255550777");
        store
            .ledger
            .set_states(vec![(id, EntryState::Conflict { theirs })], stamp(4))
            .wait()
            .unwrap();
        store.ledger.keep_mine(id, stamp(5)).wait().unwrap();
        store
            .ledger
            .start(id, Step::Release, stamp(6))
            .wait()
            .unwrap();
        store.ledger.released(id, stamp(7)).wait().unwrap();
        let lines = store.ledger.audit_of("user 1", 2).wait().unwrap();
        let told: Vec<_> = lines
            .iter()
            .map(|line| (line.action.as_str(), line.before.as_str()))
            .collect();
        assert_eq!(
            told,
            [("sending", "+14255550777"), ("released", "+14255550777")]
        );
        let picture = store.ledger.load().wait().unwrap();
        let entry = &picture.entries[0];
        assert_eq!(
            (entry.had(), entry.owed().map(PhoneNumber::as_str)),
            (num("+14255550777"), Some("+14255550777"))
        );
    }

    #[test]
    fn a_number_that_came_meanwhile_stays_shown_when_the_old_one_is_released() {
        let (root, store) = store_with(1);
        let id = queued(&store, 1, "+14255550100");
        let rows = Connection::open(root.path().join("ledger.db")).unwrap();
        rows.execute("UPDATE users SET number = '+14255550777'", [])
            .unwrap();
        store.ledger.released(id, stamp(3)).wait().unwrap();
        let shown = store.ledger.load().wait().unwrap().users[0].number.clone();
        assert_eq!(Value::Number(shown), num("+14255550777"));
    }

    #[test]
    fn how_an_entry_ends_decides_what_the_user_has() {
        let (_root, store) = store_with(4);
        let number =
            |n: usize| Value::Number(store.ledger.load().wait().unwrap().users[n].number.clone());
        let confirmed = queued(&store, 1, "+14255550100");
        store
            .ledger
            .close(confirmed, Closing::Confirmed, stamp(3))
            .wait()
            .unwrap();
        assert_eq!(number(0), num("+14255550100"));
        let there = queued(&store, 2, "");
        store
            .ledger
            .close(there, Closing::AlreadyThere, stamp(3))
            .wait()
            .unwrap();
        assert_eq!(number(1), num(""));
        let theirs = queued(&store, 3, "+14255550300");
        let error = store
            .ledger
            .close(theirs, Closing::TheirsTaken, stamp(3))
            .wait();
        assert!(matches!(error, Err(StoreError::NotAConflict(_))));
        let conflict = EntryState::Conflict {
            theirs: num("+14255550333"),
        };
        store
            .ledger
            .set_states(vec![(theirs, conflict)], stamp(3))
            .wait()
            .unwrap();
        store
            .ledger
            .close(theirs, Closing::TheirsTaken, stamp(4))
            .wait()
            .unwrap();
        assert_eq!(number(2), num("+14255550333"));
        let dropped = queued(&store, 4, "+14255550400");
        let flight = EntryState::InFlight {
            step: Step::Assign,
            attempt: 1,
        };
        store
            .ledger
            .set_states(vec![(dropped, flight)], stamp(4))
            .wait()
            .unwrap();
        let error = store
            .ledger
            .close(dropped, Closing::Dropped, stamp(5))
            .wait();
        assert!(matches!(
            error,
            Err(StoreError::Settling {
                word: "sending",
                ..
            })
        ));
        store
            .ledger
            .set_states(vec![(dropped, EntryState::Queued)], stamp(5))
            .wait()
            .unwrap();
        store
            .ledger
            .close(dropped, Closing::Dropped, stamp(6))
            .wait()
            .unwrap();
        assert_eq!(number(3), num("+14255550004"));
        assert_eq!(store.ledger.load().wait().unwrap().entries, []);
        let gone = store
            .ledger
            .close(dropped, Closing::Dropped, stamp(7))
            .wait();
        assert!(matches!(gone, Err(StoreError::NoSuchEntry(_))));
    }

    #[test]
    fn states_change_all_or_none() {
        let (_root, store) = store_with(1);
        let id = queued(&store, 1, "+14255550100");
        let held = EntryState::Held {
            why: "left out".into(),
        };
        let states = vec![(id, held.clone()), (EntryId(99), held)];
        let error = store.ledger.set_states(states, stamp(3)).wait();
        assert!(matches!(error, Err(StoreError::NoSuchEntry(EntryId(99)))));
        let entry = store.ledger.load().wait().unwrap().entries.remove(0);
        assert_eq!((entry.state, entry.updated_at), (EntryState::Queued, at(2)));
    }

    #[test]
    fn keep_mine_makes_theirs_the_base() {
        let (_root, store) = store_with(1);
        let id = queued(&store, 1, "+14255550100");
        assert!(matches!(
            store.ledger.keep_mine(id, stamp(3)).wait(),
            Err(StoreError::NotAConflict(_))
        ));
        let conflict = EntryState::Conflict {
            theirs: num("+14255550500"),
        };
        store
            .ledger
            .set_states(vec![(id, conflict)], stamp(3))
            .wait()
            .unwrap();
        store.ledger.keep_mine(id, stamp(4)).wait().unwrap();
        let entry = store.ledger.load().wait().unwrap().entries.remove(0);
        assert_eq!((entry.id, entry.state), (id, EntryState::Queued));
        assert_eq!(
            (entry.base, entry.wanted),
            (num("+14255550500"), num("+14255550100"))
        );
        let same = EntryState::Conflict {
            theirs: num("+14255550100"),
        };
        store
            .ledger
            .set_states(vec![(id, same)], stamp(5))
            .wait()
            .unwrap();
        store.ledger.keep_mine(id, stamp(6)).wait().unwrap();
        assert_eq!(store.ledger.load().wait().unwrap().entries, []);
    }

    #[test]
    fn what_was_in_flight_is_unknown_after_a_restart() {
        let (root, store) = store_with(2);
        let first = queued(&store, 1, "+14255550100");
        let second = queued(&store, 2, "+14255550200");
        let flight = EntryState::InFlight {
            step: Step::Assign,
            attempt: 3,
        };
        store
            .ledger
            .set_states(vec![(first, flight)], stamp(3))
            .wait()
            .unwrap();
        store.close();
        let store = Store::open(root.path()).unwrap();
        assert_eq!(store.ledger.recover(stamp(9)).wait().unwrap(), 1);
        let entries = store.ledger.load().wait().unwrap().entries;
        assert_eq!(entries[0].state, EntryState::Unknown { step: Step::Assign });
        assert_eq!(
            (entries[1].id, &entries[1].state),
            (second, &EntryState::Queued)
        );
        assert_eq!(store.ledger.recover(stamp(10)).wait().unwrap(), 0);
    }

    #[test]
    fn drafts_and_the_audit_since() {
        let (_root, store) = store_with(1);
        assert_eq!(store.ledger.draft("edit 1").wait().unwrap(), None);
        for text in ["+44", "+44 1235"] {
            store
                .ledger
                .keep_draft("edit 1", Some(text.into()))
                .wait()
                .unwrap();
        }
        assert_eq!(
            store.ledger.draft("edit 1").wait().unwrap().as_deref(),
            Some("+44 1235")
        );
        assert_eq!(
            store.ledger.drafts().wait().unwrap(),
            [("edit 1".to_owned(), "+44 1235".to_owned())]
        );
        store.ledger.keep_draft("edit 1", None).wait().unwrap();
        assert_eq!(store.ledger.draft("edit 1").wait().unwrap(), None);
        let actions = |second| {
            let lines = store.ledger.audit_since(at(second)).wait().unwrap();
            lines
                .into_iter()
                .map(|line| line.action)
                .collect::<Vec<_>>()
        };
        assert_eq!(actions(0), ["pinned", "added"]);
        assert_eq!(actions(1), ["added"]);
        assert_eq!(actions(2), [] as [&str; 0]);
    }
}
