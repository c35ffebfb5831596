//! Changes of the ledger as console and command line ask for them: each one transaction, each answered with a line to show.

use std::collections::HashSet;

use crate::domain::added::{Added, Short, Who};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Closing, Entry, EntryId, Removal, person};
use crate::domain::phone::PhoneNumber;
use crate::domain::text::{Label, counted};
use crate::domain::user::{NewUser, Patch, UserId, Value};
use crate::domain::words;
use crate::store::ledger::{Import, Imported, ImportedEdit};
use crate::store::{Stamp, Store};

/// What a hold by hand says.
pub const HELD_BY_HAND: &str = words::HELD_BY_HAND;

/// Adds users to the pinned tenant.
pub async fn add(store: &Store, users: Vec<NewUser>, stamp: Stamp) -> Result<Added, Failure> {
    let picture = store.ledger.load().await.map_err(|e| e.failure())?;
    let Some(pin) = picture.pin else {
        return Err(Failure::new(
            FailureKind::Refused,
            "No tenant has been read yet: nobody can be added",
            "",
            "Sync first ({sync}); then add.",
        ));
    };
    for user in &users {
        if let Some(number) = &user.wanted_number {
            not_promised(&picture.entries, number, (None, user.association.id()))?;
        }
    }
    let mut added = Added::of(match users.as_slice() {
        [user] => Who::One(user.name.clone()),
        users => Who::Many(users.len()),
    });
    let seats = picture.seats.bought.map(|bought| bought as usize);
    let after = picture.users.len() + users.len();
    store
        .ledger
        .add_users(users, pin.tenant, stamp)
        .await
        .map_err(|e| e.failure())?;
    let short = seats.filter(|&bought| after > bought);
    added.short = short.map(|bought| Short {
        users: after,
        bought,
    });
    Ok(added)
}

/// Changes one user. A number that another user's change wants already is refused: another session may have queued it since the
/// form was drawn.
pub async fn edit(
    store: &Store,
    id: UserId,
    patch: Patch,
    stamp: Stamp,
) -> Result<String, Failure> {
    let picture = store.ledger.load().await.map_err(|e| e.failure())?;
    let user = picture.users.iter().find(|user| user.id == id);
    let person = user.and_then(|user| user.association.id());
    let numbers = patch.two_way.iter().filter_map(|(_, to)| to.number());
    for number in numbers {
        not_promised(&picture.entries, number, (Some(id), person))?;
    }
    save(store, id, patch, stamp).await
}

/// Refuses a number that a change of somebody else wants already.
fn not_promised(
    entries: &[Entry],
    number: &PhoneNumber,
    (user, person): (Option<UserId>, Option<ObjectId>),
) -> Result<(), Failure> {
    let is_own = |entry: &Entry| {
        (user.is_some() && entry.user == user)
            || (entry.directory_id.is_some() && entry.directory_id == person)
    };
    let wants = |entry: &&Entry| !is_own(entry) && entry.wanted.number() == Some(number);
    match entries.iter().find(wants) {
        None => Ok(()),
        Some(other) => Err(Failure::new(
            FailureKind::Refused,
            promised(number, other),
            format!("queued by {}", other.whose()),
            "Nothing was changed. Choose another number, or undo that change first.",
        )),
    }
}

/// To whom a number is promised by a change that waits.
pub(super) fn promised(number: &PhoneNumber, to: &Entry) -> String {
    format!(
        "{} is promised to {} already ({})",
        number.spaced(),
        Label::new(&to.name),
        to.state.word()
    )
}

/// The same for a repair, which knows whose number it gives back.
pub(super) async fn save(
    store: &Store,
    id: UserId,
    patch: Patch,
    stamp: Stamp,
) -> Result<String, Failure> {
    let name = match &patch.name {
        Some(name) => name.clone(),
        None => user_name(store, id).await?,
    };
    let before = store.ledger.load().await.map_err(|e| e.failure())?;
    let replaced = replaced(&before.entries, (id, &patch), &stamp.author);
    let ids = store
        .ledger
        .edit_user(id, patch, stamp)
        .await
        .map_err(|e| e.failure())?;
    let picture = store.ledger.load().await.map_err(|e| e.failure())?;
    let entries = picture
        .entries
        .iter()
        .filter(|entry| ids.contains(&entry.id));
    let queued: Vec<String> = entries
        .map(|entry| format!("{} {}", entry.field().as_str(), entry.wanted.shown()))
        .collect();
    let name = Label::new(&name);
    let replaced = match replaced.as_slice() {
        [] => String::new(),
        replaced => format!("; replaces {}", replaced.join("; ")),
    };
    // What to do next stands before the details: a line may be too narrow for all of them.
    Ok(match queued.as_slice() {
        [] => format!("{name} saved{replaced}"),
        queued => format!(
            "{name} queued, {{plan}} plans it: {}{replaced}",
            queued.join(", ")
        ),
    })
}

/// Changes that an edit of the same fields replaces, each in words: those of other people, and one's own that wanted another value,
/// which another window may have queued since this form was opened.
fn replaced(entries: &[Entry], (id, patch): (UserId, &Patch), me: &str) -> Vec<String> {
    let wants_other = |entry: &Entry| {
        let mut wanted = patch.two_way.iter().map(|(_, wanted)| wanted);
        entry.user == Some(id)
            && entry.state.is_ours()
            && wanted.any(|wanted| wanted.field() == entry.field() && *wanted != entry.wanted)
    };
    let replaced = |entry: &&Entry| {
        wants_other(entry) || (entry.is_anothers(id, me) && patch.changes(entry.field()))
    };
    entries.iter().filter(replaced).map(Entry::whose).collect()
}

/// Changes many users, all or none, each by the rules of one edit.
pub async fn edit_many(
    store: &Store,
    patches: Vec<(UserId, Patch)>,
    stamp: Stamp,
) -> Result<String, Failure> {
    let picture = store.ledger.load().await.map_err(|e| e.failure())?;
    let Some(pin) = picture.pin else {
        return Err(Failure::new(
            FailureKind::Refused,
            "No tenant has been read yet: nobody can be changed",
            "",
            "Nothing was changed. Sync first ({sync}).",
        ));
    };
    let edit = |(user, patch)| ImportedEdit {
        user,
        patch,
        sip_username: None,
        external_id: None,
    };
    let many = Import {
        add: Vec::new(),
        edits: patches.into_iter().map(edit).collect(),
    };
    let done = store.ledger.import(many, pin.tenant, stamp).await;
    Ok(imported(done.map_err(|e| e.failure())?))
}

/// What an import, or an edit of many, did: `34 users added; 20 changes queued, {plan} plans them`.
pub fn imported(done: Imported) -> String {
    let count = |n: usize, one: &str, many: &str| match n {
        0 => None,
        1 => Some(format!("1 {one}")),
        n => Some(format!("{n} {many}")),
    };
    let parts: Vec<String> = [
        count(done.added, "user added", "users added"),
        count(done.changed, "user changed", "users changed"),
        count(
            done.queued,
            "change queued, {plan} plans it",
            "changes queued, {plan} plans them",
        ),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        return words::NOTHING_CHANGED.to_owned();
    }
    parts.join("; ")
}

/// Removes many users, all or none. Their numbers stay in the tenant.
pub async fn remove_many(
    store: &Store,
    removals: Vec<Removal>,
    stamp: Stamp,
) -> Result<String, Failure> {
    let mut words = match removals.len() {
        1 => "1 user removed".to_owned(),
        n => format!("{n} users removed"),
    };
    let (owed, dropped) = held_for(store, &removals).await?;
    store
        .ledger
        .remove_users(removals, stamp)
        .await
        .map_err(|e| e.failure())?;
    let fate = match owed.as_slice() {
        [] => "no number was released".to_owned(),
        owed => goes_back(owed),
    };
    words = format!("{words}; {fate}");
    if !dropped.is_empty() {
        let count = counted(dropped.len() as u64, "queued change", "queued changes");
        words = format!("{words}; {count} dropped");
    }
    Ok(words)
}

/// What waits for users who leave: the numbers that changes of ours have released on the way to others, and in words what is dropped.
async fn held_for(
    store: &Store,
    removals: &[Removal],
) -> Result<(Vec<PhoneNumber>, Vec<String>), Failure> {
    let picture = store.ledger.load().await.map_err(|e| e.failure())?;
    let seen: HashSet<EntryId> = removals
        .iter()
        .flat_map(|removal| &removal.seen)
        .copied()
        .collect();
    let own = picture.entries.iter().filter(|it| seen.contains(&it.id));
    let (owing, dropped): (Vec<&Entry>, Vec<&Entry>) = own.partition(|it| it.owed().is_some());
    let owed = owing.into_iter().filter_map(|entry| entry.owed().cloned());
    Ok((
        owed.collect(),
        dropped.into_iter().map(Entry::whose).collect(),
    ))
}

/// What happens with numbers that were released already when their user leaves the list.
fn goes_back(owed: &[PhoneNumber]) -> String {
    let shown: Vec<String> = owed.iter().map(PhoneNumber::spaced).collect();
    let was = if owed.len() == 1 { "was" } else { "were" };
    format!(
        "{} {was} released already: giving back is queued",
        shown.join(", ")
    )
}

/// Removes one user, and queues the release of a number if asked. The answer names what is dropped by it.
pub async fn remove(store: &Store, removal: Removal, stamp: Stamp) -> Result<String, Failure> {
    let name = user_name(store, removal.user).await?;
    let (owed, dropped) = held_for(store, std::slice::from_ref(&removal)).await?;
    let mut words = vec![format!("{} removed", Label::new(&name))];
    match &removal.release {
        Some(number) => words.push(format!("the release of {} is queued", number.spaced())),
        None if !owed.is_empty() => words.push(goes_back(&owed)),
        None => {}
    }
    if !dropped.is_empty() {
        words.push(format!("dropped: {}", dropped.join(", ")));
    }
    store
        .ledger
        .remove_users(vec![removal], stamp)
        .await
        .map_err(|e| e.failure())?;
    Ok(words.join("; "))
}

async fn user_name(store: &Store, id: UserId) -> Result<String, Failure> {
    let picture = store.ledger.load().await.map_err(|e| e.failure())?;
    picture
        .users
        .iter()
        .find(|user| user.id == id)
        .map(|user| user.name.clone())
        .ok_or_else(|| {
            Failure::new(
                FailureKind::Other,
                "This user is not configured any more",
                "",
                "Somebody removed it in the meantime.",
            )
        })
}

/// Drops a queued change.
pub async fn undo(store: &Store, id: EntryId, stamp: Stamp) -> Result<String, Failure> {
    let entry = entry(store, id).await?;
    if !entry.state.is_ours() {
        return Err(Failure::new(
            FailureKind::Refused,
            "This change has been sent: it cannot be dropped",
            format!("it is {}", entry.state.word()),
            "Sync ({sync}) settles it; afterwards the old value can be entered again.",
        ));
    }
    let name = Label::new(&entry.name);
    if let Some(old) = entry.released.as_ref().filter(|old| {
        entry.takes_from.is_some() || entry.wanted != Value::Number(Some((*old).clone()))
    }) {
        store
            .ledger
            .give_back(id, stamp)
            .await
            .map_err(|e| e.failure())?;
        return Ok(format!(
            "{name}: giving {} back is queued, {{plan}} plans it; it was released already",
            old.spaced()
        ));
    }
    store
        .ledger
        .close(id, Closing::Dropped, stamp)
        .await
        .map_err(|e| e.failure())?;
    Ok(match entry.wanted.number().filter(|_| entry.gives_back) {
        Some(number) => rings_nowhere(number, &entry.name),
        None => format!(
            "{name}: {} {} is no longer queued",
            entry.field().as_str(),
            entry.wanted.shown()
        ),
    })
}

/// A number that a change of ours has taken away, and that nothing which waits gives back any more.
fn rings_nowhere(number: &PhoneNumber, name: &str) -> String {
    format!(
        "{} {}: enter it for {} to give it back; its giving back was dropped",
        number.spaced(),
        words::RINGS_NOWHERE,
        Label::new(name)
    )
}

/// Drops queued changes in one transaction, all or none.
pub async fn undo_many(store: &Store, ids: Vec<EntryId>, stamp: Stamp) -> Result<String, Failure> {
    let picture = store.ledger.load().await.map_err(|e| e.failure())?;
    let sent = picture
        .entries
        .iter()
        .find(|entry| ids.contains(&entry.id) && !entry.state.is_ours());
    if let Some(entry) = sent {
        return Err(Failure::new(
            FailureKind::Refused,
            format!(
                "The change of {} has been sent: none was undone",
                Label::new(&entry.name)
            ),
            format!("it is {}", entry.state.word()),
            "Take its mark away and undo the others, or sync to settle it first.",
        ));
    }
    let count = ids.len();
    let dropped = picture.entries.iter().filter(|it| ids.contains(&it.id));
    let silent = dropped
        .filter(|entry| entry.gives_back)
        .filter_map(|entry| {
            let number = entry.wanted.number()?;
            Some(rings_nowhere(number, &entry.name))
        });
    let mut words: Vec<String> = silent.collect();
    store
        .ledger
        .drop_many(ids, stamp)
        .await
        .map_err(|e| e.failure())?;
    words.push(match count {
        1 => "1 change undone".to_owned(),
        n => format!("{n} changes undone"),
    });
    Ok(words.join("; "))
}

/// Holds entries back by hand, or queues them again.
pub async fn hold(
    store: &Store,
    ids: &[EntryId],
    back: bool,
    stamp: Stamp,
) -> Result<String, Failure> {
    let why = back.then(|| format!("{HELD_BY_HAND} by {}", person(&stamp.author)));
    let n = store
        .ledger
        .hold(ids.to_vec(), why, stamp)
        .await
        .map_err(|e| e.failure())?;
    let noun = if n == 1 { "change" } else { "changes" };
    Ok(if back {
        format!("{n} {noun} held back")
    } else {
        format!("{n} {noun} queued again")
    })
}

/// Notes the ticket of changes, or that they have none.
pub async fn ticket(
    store: &Store,
    ids: Vec<EntryId>,
    ticket: String,
    stamp: Stamp,
) -> Result<String, Failure> {
    let words = if ticket.is_empty() {
        "no ticket".to_owned()
    } else {
        format!("ticket {} noted", Label::new(&ticket))
    };
    let noted = store.ledger.set_ticket(ids, ticket, stamp).await;
    noted.map_err(|e| e.failure())?;
    Ok(words)
}

/// Decides a conflict: keep what was entered here, or take what the tenant has.
pub async fn decide(
    store: &Store,
    id: EntryId,
    mine: bool,
    stamp: Stamp,
) -> Result<String, Failure> {
    let entry = entry(store, id).await?;
    let name = Label::new(&entry.name);
    if mine {
        store
            .ledger
            .keep_mine(id, stamp)
            .await
            .map_err(|e| e.failure())?;
        return Ok(format!("{name}: {} stays queued", entry.wanted.shown()));
    }
    store
        .ledger
        .close(id, Closing::TheirsTaken, stamp)
        .await
        .map_err(|e| e.failure())?;
    Ok(format!(
        "{name}: the tenant's {} stays",
        entry.field().as_str()
    ))
}

async fn entry(store: &Store, id: EntryId) -> Result<Entry, Failure> {
    let picture = store.ledger.load().await.map_err(|e| e.failure())?;
    picture
        .entries
        .into_iter()
        .find(|entry| entry.id == id)
        .ok_or_else(|| {
            Failure::new(
                FailureKind::Config,
                format!("There is no change {} that waits", id.0),
                "",
                "Nothing was changed. `outbox list` shows what waits, `outbox list --done` what was written.",
            )
        })
}
