//! Scripts from the files: for what is queued, for one user's way out, for a resource account that is to be made.
//!
//! The text comes back as a whole, so that the command line prints it and the console can show and copy it.

use std::collections::HashMap;

use jiff::Timestamp;

use crate::domain::directory::{GroupFilter, NumberType};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::Facts;
use crate::domain::guid::TenantId;
use crate::domain::phone::PhoneNumber;
use crate::domain::repair::Repair;
use crate::domain::script::queue::{self, Known, Queue};
use crate::domain::script::way_out::{Asked, person as person_of, way_out};
use crate::domain::script::{Act, Cloud, Home, NewAccount, Person, script};
use crate::domain::text::Label;
use crate::domain::why::{Way, Why};
use crate::store::Store;
use crate::store::cache::Outline;
use crate::store::error::StoreError;
use crate::store::ledger::LedgerPicture;

use super::explain::{self, Whom};
use super::whom;

/// A script for all that is queued.
pub async fn queued((store, cloud): (&Store, Cloud)) -> Result<String, Failure> {
    let picture = store.ledger.load().await.map_err(failure)?;
    let home = home(&picture, cloud)?;
    let acts = queued_acts(store, &picture, home.tenant)
        .await
        .map_err(failure)?;
    if acts.is_empty() {
        return Err(Failure::new(
            FailureKind::Other,
            "Nothing is queued",
            "",
            "Queue a change first, or name a user: `script USER`.",
        ));
    }
    Ok(script(&home, &acts))
}

/// A script for the way out of one user, by address, name or id, and what is asked for besides.
pub async fn for_user(
    (store, cloud): (&Store, Cloud),
    text: &str,
    asked: &Asked,
    now: Timestamp,
) -> Result<String, Failure> {
    let home = home(&store.ledger.load().await.map_err(failure)?, cloud)?;
    let stored = whom::person(store, text).await?;
    let id = stored.user.id;
    let reference = reference(store).await?;
    let teams = store.cache.teams_of(id).await.map_err(failure)?;
    let numbers = store.cache.numbers_of(id).await.map_err(failure)?;
    let mut asked = asked.clone();
    if let Some((number, kind)) = &mut asked.number {
        *kind = kind_of(store, number).await.map_err(failure)?;
    }
    let facts = Facts {
        user: &stored.user,
        group: &GroupFilter::Off,
        teams: teams.as_ref(),
        numbers: reference.numbers_known.then_some(numbers.as_slice()),
    };
    let why = explain::why(store, &Whom::Directory(id), now, false)
        .await
        .map_err(failure)?;
    let mut acts = released(&why, &person_of(&facts));
    acts.extend(way_out(&facts, &reference.skus, &asked));
    if acts.is_empty() {
        return Err(Failure::new(
            FailureKind::Other,
            format!(
                "There is nothing for PowerShell to do for {}",
                Label::new(&stored.user.name)
            ),
            "no Calling Plan, no Communications Credits, no number in on-premises Active Directory",
            "`why` says what stops this user; --number, --country and --voice-route ask for more.",
        ));
    }
    Ok(script(&home, &acts))
}

/// Numbers that the way out takes from somebody who has left; the other repairs follow from the facts.
fn released(why: &Why, user: &Person) -> Vec<Act> {
    why.steps
        .iter()
        .filter_map(|step| match &step.way {
            Way::Here {
                repair: Repair::Release { number },
                stops,
            } => Some(Act::ReleaseNumber {
                user: user.clone(),
                number: number.clone(),
                stops: stops.clone(),
                to: None,
            }),
            Way::Here { .. }
            | Way::Add
            | Way::ByHand
            | Way::Script
            | Way::Page(_)
            | Way::Beware => None,
        })
        .collect()
}

/// A script that makes, licenses and numbers a resource account.
pub async fn resource_account(
    (store, cloud): (&Store, Cloud),
    account: NewAccount,
) -> Result<String, Failure> {
    let home = home(&store.ledger.load().await.map_err(failure)?, cloud)?;
    Ok(script(&home, &[Act::CreateResourceAccount(account)]))
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn failure(error: StoreError) -> Failure {
    error.failure()
}

/// A script names the tenant that it may run in, so there has to be one.
fn home(picture: &LedgerPicture, cloud: Cloud) -> Result<Home, Failure> {
    let pin = picture.pin.as_ref().ok_or_else(|| {
        Failure::new(
            FailureKind::Refused,
            "No tenant is pinned yet",
            "a script stops in every tenant but the one that it was made for",
            "Sync first.",
        )
    })?;
    Ok(Home {
        tenant: pin.tenant,
        name: pin.name.clone(),
        cloud,
    })
}

async fn reference(store: &Store) -> Result<Outline, Failure> {
    let reference = store.cache.outline().await.map_err(failure)?;
    reference.ok_or_else(|| {
        Failure::new(
            FailureKind::Other,
            "Nothing has been read from this tenant yet",
            "",
            "Sync first.",
        )
    })
}

async fn kind_of(store: &Store, number: &PhoneNumber) -> Result<NumberType, StoreError> {
    let record = store.cache.number(number).await?;
    Ok(record.map_or(NumberType::DirectRouting, |record| record.kind))
}

async fn queued_acts(
    store: &Store,
    picture: &LedgerPicture,
    tenant: TenantId,
) -> Result<Vec<Act>, StoreError> {
    let reference = store.cache.outline().await?;
    let is_read = reference
        .as_ref()
        .is_some_and(|reference| reference.numbers_known);
    let (mut known, mut kinds) = (HashMap::new(), HashMap::new());
    for entry in &picture.entries {
        let target = entry.target(&picture.users);
        let giver = entry.takes_from.as_ref().map(|giver| giver.id);
        for id in target.into_iter().chain(giver) {
            if known.contains_key(&id) {
                continue;
            }
            let Some(stored) = store.cache.user(id).await? else {
                continue;
            };
            let numbers = store.cache.numbers_of(id).await?;
            known.insert(
                id,
                Known {
                    user: stored.user,
                    numbers: is_read.then_some(numbers),
                },
            );
        }
        if let Some(number) = entry.wanted.number() {
            kinds.insert(number.clone(), kind_of(store, number).await?);
        }
    }
    Ok(queue::acts(&Queue {
        tenant,
        users: &picture.users,
        entries: &picture.entries,
        known: &known,
        kinds: &kinds,
        skus: reference.as_ref().map_or(&[], |reference| &reference.skus),
    }))
}
