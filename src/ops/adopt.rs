//! After another tenant was pinned: whom of the users it has, and the numbers that they had before, offered and queued only when asked.

use std::collections::HashSet;

use crate::domain::earlier::{Earlier, Found, Offer, OfferState, Rematch};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::matching::{Match, Matcher};
use crate::domain::user::{Association, Field, Patch, User, UserId, Value};
use crate::roster::desk::Desk;
use crate::store::Stamp;
use crate::store::Store;
use crate::store::cache::StoredUser;
use crate::store::error::StoreError;
use crate::store::ledger::MergeChanges;

use super::holder::{self, Me};

/// All offers, by rank. Nothing is changed.
pub async fn offers(store: &Store, desk: &Desk) -> Result<Vec<Offer>, Failure> {
    let old = store.ledger.old_numbers().await.map_err(|e| e.failure())?;
    let mut offers = Vec::new();
    for (id, number) in old {
        let Some(row) = desk.users.iter().find(|row| row.user.id == id) else {
            continue;
        };
        let user = &row.user;
        let wanted = Value::Number(Some(number.clone()));
        let waiting = row
            .entries
            .iter()
            .find(|entry| entry.field() == Field::Number);
        let me = Me {
            user: Some(id),
            directory: user.association.id(),
        };
        let state = if user.association == Association::None && user.waits {
            OfferState::Waits
        } else if user.association == Association::None {
            OfferState::NotFound
        } else if let Some(entry) = waiting {
            if entry.wanted == wanted {
                OfferState::Queued
            } else {
                OfferState::Busy
            }
        } else if user.number.as_ref() == Some(&number) {
            OfferState::Has
        } else {
            holder::holder(store, desk, &number, me)
                .await
                .map_err(|e| e.failure())?
                .map_or(OfferState::Free, OfferState::Held)
        };
        offers.push(Offer {
            user: id,
            name: user.name.clone(),
            mail: user.mail.clone(),
            matched: row.upn.clone(),
            old: number,
            now: user.number.clone(),
            state,
        });
    }
    Ok(offers)
}

/// Candidates that are looked at for one address: more than one is too many anyhow.
const HITS: u32 = 20;

/// From so many addresses on, the whole picture is passed by once: each one alone is looked for in all rows.
const MANY: usize = 12;

/// Rows that are passed by at a time.
const BATCH: u32 = 4096;

/// Who the users that came from the tenant before are in this one, as far as nobody has taken that over: looked for in what was read
/// last, by rank. Nothing is changed.
pub async fn matches(store: &Store, desk: &Desk) -> Result<Vec<Rematch>, Failure> {
    let users: Vec<User> = desk.users.iter().map(|row| row.user.clone()).collect();
    look(store, &users).await.map_err(|e| e.failure())
}

async fn look(store: &Store, users: &[User]) -> Result<Vec<Rematch>, StoreError> {
    let mut matcher = Matcher::of_waiting(users);
    let addresses: Vec<String> = matcher.addresses().map(str::to_owned).collect();
    if addresses.len() < MANY {
        for address in addresses {
            let rows = store.cache.find(&address, HITS).await?;
            let ids = rows.into_iter().map(|row| row.id).collect();
            for stored in store.cache.users(ids).await? {
                matcher.see(&stored.user);
            }
        }
    } else {
        let mut after = 0;
        loop {
            let rows = store.cache.visit_batch(after, BATCH).await?;
            let Some((last, _)) = rows.last() else {
                break;
            };
            after = *last;
            for (_, stored) in &rows {
                matcher.see(&stored.user);
            }
        }
    }
    let mut out = Vec::new();
    for outcome in matcher.finish() {
        let (id, found) = match outcome {
            Match::One { user, id, by } => match store.cache.user(id).await? {
                Some(there) => {
                    let name = there.user.name;
                    let upn = there.user.upn;
                    (user, Found::One { id, name, upn, by })
                }
                None => (user, Found::Nobody),
            },
            Match::Several { user, ids } => (user, Found::Several(ids.len())),
            Match::Taken { user, id } => {
                let name = store.cache.name_of(id).await?;
                (user, Found::Taken(name.unwrap_or_else(|| id.to_string())))
            }
            Match::Nobody { user } => (user, Found::Nobody),
        };
        if let Some(user) = users.iter().find(|user| user.id == id) {
            out.push(Rematch {
                user: id,
                name: user.name.clone(),
                mail: user.mail.clone(),
                found,
            });
        }
    }
    Ok(out)
}

/// Takes over those of the matches that are of these users, with the number and the country that the tenant has; how many.
///
/// What stands is looked for anew: a list that was shown a while ago associates nobody.
pub async fn take_over(
    store: &Store,
    desk: &Desk,
    users: &[UserId],
    stamp: &Stamp,
) -> Result<usize, Failure> {
    let wanted: HashSet<UserId> = users.iter().copied().collect();
    let mut changes = MergeChanges::default();
    for row in matches(store, desk).await? {
        if let Found::One { id, .. } = row.found
            && wanted.contains(&row.user)
        {
            changes.associate.push((row.user, id));
            let there = store.cache.user(id).await.map_err(|e| e.failure())?;
            changes.take_over.extend(values(row.user, there));
        }
    }
    let taken = changes.associate.len();
    if taken > 0 {
        let merged = store.ledger.merge(changes, stamp.clone()).await;
        merged.map_err(|e| e.failure())?;
    }
    Ok(taken)
}

fn values(user: UserId, there: Option<StoredUser>) -> Vec<(UserId, Value)> {
    let Some(there) = there else {
        return Vec::new();
    };
    let number = there.number.map(|number| Value::Number(Some(number)));
    let country = there.user.location.map(|at| Value::Country(Some(at)));
    number
        .into_iter()
        .chain(country)
        .map(|value| (user, value))
        .collect()
}

/// The same for the console; the line to show.
pub async fn take(
    store: &Store,
    desk: &Desk,
    users: &[UserId],
    stamp: &Stamp,
) -> Result<String, Failure> {
    let taken = take_over(store, desk, users, stamp).await?;
    let left = users.len().saturating_sub(taken);
    if taken == 0 {
        return Err(Failure::new(
            FailureKind::Refused,
            "No match was taken over",
            "none of them matches one directory user any more",
            "Nothing was changed. The list says how it stands with each; associate by hand ({edit}).",
        ));
    }
    let noun = if taken == 1 { "match" } else { "matches" };
    Ok(done(&format!("{taken} {noun} taken over"), left))
}

/// All that is left of the tenant before.
pub async fn earlier(store: &Store, desk: &Desk) -> Result<Earlier, Failure> {
    let parked = store.ledger.parked_entries().await;
    Ok(Earlier {
        matches: matches(store, desk).await?,
        offers: offers(store, desk).await?,
        parked: parked.map_err(|e| e.failure())?,
    })
}

/// Queues the old numbers of some users, as far as they are still free; the line to show.
pub async fn adopt(
    store: &Store,
    desk: &Desk,
    users: &[UserId],
    stamp: &Stamp,
) -> Result<String, Failure> {
    let wanted: HashSet<UserId> = users.iter().copied().collect();
    let mut offers = offers(store, desk).await?;
    offers.retain(|offer| wanted.contains(&offer.user));
    let queued = queue(store, &offers, stamp).await?;
    let left = users.len().saturating_sub(queued);
    if queued == 0 {
        return Err(Failure::new(
            FailureKind::Refused,
            "No old number was queued",
            "none of them can be queued any more: they are queued, held by somebody, or the user is not found",
            "Nothing was changed. The list says what stands in the way of each.",
        ));
    }
    let noun = if queued == 1 { "number" } else { "numbers" };
    Ok(format!(
        "{}: {{plan}} plans",
        done(&format!("{queued} old {noun} queued"), left)
    ))
}

/// What was done, and of how many it was not.
fn done(what: &str, left: usize) -> String {
    match left {
        0 => what.to_owned(),
        left => format!("{what}; {left} can no longer be"),
    }
}

/// Queues the old numbers of those whose number is free; how many were queued. The next run plans them like any change.
pub async fn queue(store: &Store, offers: &[Offer], stamp: &Stamp) -> Result<usize, Failure> {
    let mut queued = 0;
    for offer in offers
        .iter()
        .filter(|offer| offer.state == OfferState::Free)
    {
        let patch = Patch {
            two_way: vec![(
                Value::Number(offer.now.clone()),
                Value::Number(Some(offer.old.clone())),
            )],
            ..Patch::default()
        };
        let ids = store
            .ledger
            .edit_user(offer.user, patch, stamp.clone())
            .await
            .map_err(|e| e.failure())?;
        queued += ids.len();
    }
    Ok(queued)
}
