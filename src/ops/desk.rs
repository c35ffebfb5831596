//! The desk and the roster, loaded from the files: what lists and screens show.

use std::collections::HashMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::domain::gate::{FirstCause, Marks};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Entry, EntryId};
use crate::domain::seat;
use crate::domain::user::{User, UserId};
use crate::domain::writeplan::WritePlan;
use crate::roster::desk::{AuditRow, Desk, DeskUser};
use crate::roster::table::Unsorted;
use crate::roster::{Extent, Roster, Row};
use crate::store::Store;
use crate::store::cache::{StoredRow, StoredUser};
use crate::store::error::StoreError;
use crate::store::ledger::AuditLine;

/// Audit lines that a screen holds.
const AUDIT_LINES: u32 = 200;

/// Runs that a screen lists.
const RUNS: u32 = 50;

/// Everything of this side, as of `now`.
pub async fn load_desk(store: &Store, now: Timestamp) -> Result<Desk, StoreError> {
    let mut picture = store.ledger.load().await?;
    let names = names(store, &picture.users, &picture.entries).await?;
    for entry in &mut picture.entries {
        entry.name = entry.called(names.get(&entry.id).map(String::as_str));
    }
    let audit = store.ledger.audit_tail(AUDIT_LINES).await?;
    let since = WritePlan::limit_since(now);
    let removed_lately = store.ledger.removed_since(since).await? as usize;
    let tickets = store.ledger.tickets().await?.into_iter().collect();
    let history = store.history.list(RUNS).await?;
    let head = store.cache.head().await?;
    let ids: Vec<ObjectId> = picture
        .users
        .iter()
        .filter_map(|user| user.association.id())
        .collect();
    let there: HashMap<ObjectId, StoredUser> = store
        .cache
        .users(ids)
        .await?
        .into_iter()
        .map(|stored| (stored.user.id, stored))
        .collect();
    let statuses = seat::statuses(
        &picture.users,
        picture.seats,
        now.to_zoned(TimeZone::UTC).date(),
    );
    let users = picture
        .users
        .into_iter()
        .zip(statuses)
        .map(|(user, status)| {
            let stored = user.association.id().and_then(|id| there.get(&id));
            DeskUser {
                entries: picture
                    .entries
                    .iter()
                    .filter(|entry| entry.is_of(&user))
                    .cloned()
                    .collect(),
                upn: stored.map(|stored| stored.user.upn.clone()),
                cause: stored.map(|stored| FirstCause::from_byte(stored.class)),
                marks: stored.map_or(Marks(0), |stored| marks(stored, &user)),
                user,
                status,
            }
        })
        .collect();
    Ok(Desk {
        pin: picture.pin.map(|pin| (pin.tenant, pin.name)),
        seats: picture.seats,
        users,
        entries: picture.entries,
        tickets,
        parked: picture.parked,
        audit: audit.into_iter().rev().map(audit_row).collect(),
        removed_lately,
        history,
        read_at: head.map(|head| head.read_at),
        notes: store.notes().to_vec(),
    })
}

/// What the last read found odd of somebody; where a value was written since, of that one: it would be found by the next.
fn marks(stored: &StoredUser, user: &User) -> Marks {
    let marks = Marks(stored.marks);
    if (&stored.number, stored.user.location) == (&user.number, user.country) {
        return marks;
    }
    marks.with_values(user.number.as_ref(), user.country)
}

fn audit_row(line: AuditLine) -> AuditRow {
    let change = match (line.before.is_empty(), line.after.is_empty()) {
        (true, true) => line.field.clone(),
        _ => format!(
            "{} {} -> {}",
            line.field,
            or_none(&line.before),
            or_none(&line.after)
        ),
    };
    // Whose number a move took: it stands on record under the name of whoever got it.
    let from = line
        .note
        .strip_prefix("from ")
        .filter(|_| line.entry.is_some());
    let change = match from {
        Some(giver) => format!("{} from {giver}", change.trim()),
        None => change.trim().to_owned(),
    };
    AuditRow {
        seq: line.seq,
        at: line.at,
        // Whose run has found it did not do it.
        author: match line.action.as_str() {
            "taken over" => format!("somebody in the tenant, found by {}", line.author),
            _ => line.author,
        },
        name: line.user,
        action: line.action,
        change,
        outcome: line.outcome,
        entry: line.entry,
        ticket: line.ticket,
    }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

/// The present name of everybody whom a change is about: this side's for a user on the list, else the tenant's.
pub async fn names(
    store: &Store,
    users: &[User],
    entries: &[Entry],
) -> Result<HashMap<EntryId, String>, StoreError> {
    let by_id: HashMap<UserId, &User> = users.iter().map(|user| (user.id, user)).collect();
    let tied = users
        .iter()
        .filter_map(|user| Some((user.association.id()?, user)));
    let by_person: HashMap<ObjectId, &User> = tied.collect();
    let own = |entry: &Entry| match (entry.user, entry.directory_id) {
        (Some(id), _) => by_id.get(&id),
        (None, Some(id)) => by_person.get(&id),
        (None, None) => None,
    };
    let strangers = entries.iter().filter(|entry| own(entry).is_none());
    let ids: Vec<ObjectId> = strangers.filter_map(|entry| entry.directory_id).collect();
    let mut there: HashMap<ObjectId, String> = HashMap::new();
    if !ids.is_empty() {
        let stored = store.cache.users(ids).await?.into_iter();
        there.extend(stored.map(|one| (one.user.id, one.user.name)));
    }
    let name = |entry: &Entry| match own(entry) {
        Some(user) => Some((entry.id, user.name.clone())),
        None => Some((entry.id, there.get(&entry.directory_id?)?.clone())),
    };
    Ok(entries.iter().filter_map(name).collect())
}

/// Rows that are read before all are: more than any screen shows, fewer than take a frame's time.
const FIRST: u64 = 1024;

/// A tenant of so many users is loaded before its first rows would be drawn.
const SMALL: u64 = 8192;

/// The beginning of a large roster in the order in which pane 2 was left; `None` where all of it is loaded as soon. Which order that
/// was stands in what is kept of the tables under `kept`.
pub async fn load_first_rows(store: &Store, kept: &str) -> Result<Option<Roster>, StoreError> {
    let Some(head) = store.cache.head().await?.filter(|head| head.users > SMALL) else {
        return Ok(None);
    };
    let of = usize::try_from(head.users).unwrap_or(usize::MAX);
    let kept = store.ledger.draft(kept).await?;
    let order = kept.as_deref().and_then(order_left).unwrap_or("name");
    let (rows, extent) = match order {
        "name" => (store.cache.rows(0, FIRST).await?, Extent::First),
        "name reversed" => (store.cache.last_rows(FIRST).await?, Extent::Last),
        _ => (Vec::new(), Extent::Awaited),
    };
    Ok(Some(
        Roster::new(0, rows.into_iter().map(row)).as_part(extent, of),
    ))
}

/// The order in which pane 2 was left, in the words of the line that keeps it.
fn order_left(kept: &str) -> Option<&str> {
    kept.lines()
        .find_map(|line| line.strip_prefix("add-users="))
}

/// All directory users of the last good picture, not sorted yet: whoever has the time makes the roster of them. `None` where the
/// tenant was never read.
pub async fn load_rows(store: &Store) -> Result<Option<Unsorted>, StoreError> {
    if store.cache.head().await?.is_none() {
        return Ok(None);
    }
    Ok(Some(store.cache.table().await?))
}

/// All directory users of the last good picture, ordered by name, with who can be taken for another.
pub async fn load_roster(store: &Store, generation: u64) -> Result<Roster, StoreError> {
    let rows = load_rows(store).await?;
    Ok(rows.map_or_else(Roster::default, |rows| {
        Roster::sorted(generation, rows).with_doubts()
    }))
}

fn row(stored: StoredRow) -> Row {
    Row {
        id: stored.id,
        name: stored.name.into(),
        upn: stored.upn.into(),
        mail: stored.mail.map(Into::into),
        location: stored.location,
        number: stored.number,
        cause: FirstCause::from_byte(stored.class),
        marks: Marks(stored.marks),
    }
}
