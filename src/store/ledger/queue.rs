//! Changes for directory users, whether they are on this side's list or not: repairs, moves, releases, and who is to be added later.

use rusqlite::Connection;

use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::outbox::{Closing, Entry, EntryId, NewEntry};
use crate::domain::user::{Field, NewUser, UserId};

use super::super::Stamp;
use super::super::error::StoreError;
use super::{entries, rows, users};

/// Queues changes, all or none. One that waits for the same field of the same user gives way; one under way refuses.
pub(super) fn queue(
    tx: &Connection,
    new: &[NewEntry],
    tenant: TenantId,
    stamp: &Stamp,
) -> Result<Vec<EntryId>, StoreError> {
    if let Some(pin) = rows::pin(tx)?
        && pin.tenant != tenant
    {
        return Err(StoreError::OtherTenant {
            asked: tenant,
            pinned: pin.tenant,
        });
    }
    let mut ids = Vec::with_capacity(new.len());
    for change in new {
        ids.push(one(tx, change, tenant, stamp)?);
    }
    Ok(ids)
}

fn one(
    tx: &Connection,
    new: &NewEntry,
    tenant: TenantId,
    stamp: &Stamp,
) -> Result<EntryId, StoreError> {
    no_move_from(tx, new.directory_id, new.wanted.field())?;
    let waiting = rows::of_field(tx, new.user, new.directory_id, new.wanted.field())?;
    for old in waiting {
        // What has released a number already is first undone, so that this number is not forgotten.
        if !old.state.is_ours() || old.released.is_some() {
            return Err(StoreError::Settling {
                entry: old.id,
                field: old.field(),
                word: old.state.word(),
                name: old.name,
            });
        }
        entries::leave(tx, &old, (Closing::Dropped.as_str(), "replaced"), stamp)?;
    }
    let entry = Entry {
        user: new.user,
        directory_id: Some(new.directory_id),
        name: new.name.clone(),
        takes_from: new.takes_from.clone(),
        silences: new.silences.clone(),
        gives_back: new.gives_back,
        ..Entry::queued(
            tenant,
            (new.base.clone(), new.wanted.clone()),
            (&stamp.author, stamp.at),
        )
    };
    entries::queue(tx, &entry, stamp)
}

/// Refuses another change of a number that is being moved away.
pub(super) fn no_move_from(tx: &Connection, id: ObjectId, field: Field) -> Result<(), StoreError> {
    if field != Field::Number {
        return Ok(());
    }
    let moves = rows::entries(tx, "from_id = ?1 AND NOT parked", &[id.0.bytes()])?;
    match moves.into_iter().next() {
        Some(old) => Err(StoreError::Settling {
            entry: old.id,
            field: old.field(),
            word: old.state.word(),
            name: old.name,
        }),
        None => Ok(()),
    }
}

/// Puts somebody on the list who was to be added once all gates pass, and ends the entry that waited for it.
pub(super) fn admit(
    tx: &Connection,
    id: EntryId,
    user: NewUser,
    stamp: &Stamp,
) -> Result<UserId, StoreError> {
    let entry = rows::entry(tx, id)?.ok_or(StoreError::NoSuchEntry(id))?;
    let added = users::add(tx, &[user], entry.tenant, stamp)?;
    entries::close(tx, id, Closing::Confirmed, stamp)?;
    added.first().copied().ok_or(StoreError::NoSuchEntry(id))
}
