//! After another tenant was pinned: whom of the users it has, and the numbers that they had before, offered and queued only when asked.

use std::collections::HashSet;

use crate::domain::earlier::{Earlier, Offer, OfferState};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::user::{Association, Field, Patch, UserId, Value};
use crate::roster::desk::Desk;
use crate::store::Stamp;
use crate::store::Store;

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
        let state = if user.association == Association::None {
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

/// All that is left of the tenant before.
pub async fn earlier(store: &Store, desk: &Desk) -> Result<Earlier, Failure> {
    let parked = store.ledger.parked_entries().await;
    Ok(Earlier {
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
    let rest = match left {
        0 => String::new(),
        left => format!("; {left} can no longer be queued"),
    };
    Ok(format!("{queued} old {noun} queued{rest}: p plans"))
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
