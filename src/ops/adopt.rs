//! After another tenant was pinned: whom of the users it has, and the numbers that they had before, offered and queued only when asked.

use crate::domain::failure::Failure;
use crate::domain::phone::PhoneNumber;
use crate::domain::user::{Association, Field, Patch, UserId, Value};
use crate::roster::desk::Desk;
use crate::store::Stamp;
use crate::store::Store;

use super::holder::{self, Me};

/// One user who came from the tenant that was pinned before, with the number of then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The user.
    pub user: UserId,
    /// The name.
    pub name: String,
    /// The e-mail, by which the user is looked for in the tenant of now.
    pub mail: String,
    /// The number of then.
    pub old: PhoneNumber,
    /// The number of now.
    pub now: Option<PhoneNumber>,
    /// What stands in the way or has been done.
    pub state: OfferState,
}

/// How it stands with an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferState {
    /// The old number can be queued.
    Free,
    /// The user has it, in this tenant.
    Has,
    /// A change to it waits already.
    Queued,
    /// Another change of the number waits.
    Busy,
    /// Nobody in this tenant has the user's e-mail yet.
    NotFound,
    /// Somebody else holds the number.
    Held(String),
}

impl OfferState {
    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Free => "can be queued".to_owned(),
            Self::Has => "has it".to_owned(),
            Self::Queued => "is queued".to_owned(),
            Self::Busy => "another change of the number waits".to_owned(),
            Self::NotFound => "nobody here has this e-mail".to_owned(),
            Self::Held(by) => format!("held by {by}"),
        }
    }
}

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
            old: number,
            now: user.number.clone(),
            state,
        });
    }
    Ok(offers)
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
