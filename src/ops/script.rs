//! Scripts from the files: for what is queued, for one user's way out, for a resource account that is to be made.
//!
//! The text comes back as a whole, so that the command line prints it and the console can show and copy it.

use jiff::Timestamp;

use crate::domain::directory::{GroupFilter, NumberType};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::Facts;
use crate::domain::guid::{PlanId, SkuId};
use crate::domain::outbox::{Entry, EntryState};
use crate::domain::phone::PhoneNumber;
use crate::domain::plan_ids;
use crate::domain::repair::Repair;
use crate::domain::script::way_out::{Asked, person as person_of, way_out};
use crate::domain::script::{Act, Home, NewAccount, Person, Plan, Product, Turn, script};
use crate::domain::text::Label;
use crate::domain::user::Value;
use crate::domain::why::{Way, Why};
use crate::store::Store;
use crate::store::cache::Reference;
use crate::store::error::StoreError;
use crate::store::ledger::LedgerPicture;

use super::explain::{self, Whom};
use super::whom;

/// A script for all that is queued.
pub async fn queued(store: &Store) -> Result<String, Failure> {
    let picture = store.ledger.load().await.map_err(failure)?;
    let home = home(&picture)?;
    let mut acts = Vec::new();
    for entry in &picture.entries {
        acts.extend(of_entry(store, entry).await.map_err(failure)?);
    }
    if acts.is_empty() {
        return Err(Failure::new(
            FailureKind::Other,
            "Nothing is queued",
            "",
            "Queue a change first, or name a user: `script USER`.",
        ));
    }
    // What takes away comes first, and numbers last: a number waits for its licence and its country.
    acts.sort_by_key(rank);
    Ok(script(&home, &acts))
}

/// A script for the way out of one user, by address, name or id, and what is asked for besides.
pub async fn for_user(
    store: &Store,
    text: &str,
    asked: &Asked,
    now: Timestamp,
) -> Result<String, Failure> {
    let home = home(&store.ledger.load().await.map_err(failure)?)?;
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
        numbers: reference.numbers.is_some().then_some(numbers.as_slice()),
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
            }),
            Way::Here { .. } | Way::ByHand | Way::Script | Way::Page(_) | Way::Beware => None,
        })
        .collect()
}

/// A script that makes, licenses and numbers a resource account.
pub async fn resource_account(store: &Store, account: NewAccount) -> Result<String, Failure> {
    let home = home(&store.ledger.load().await.map_err(failure)?)?;
    Ok(script(&home, &[Act::CreateResourceAccount(account)]))
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn failure(error: StoreError) -> Failure {
    error.failure()
}

/// A script names the tenant that it may run in, so there has to be one.
fn home(picture: &LedgerPicture) -> Result<Home, Failure> {
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
    })
}

async fn reference(store: &Store) -> Result<Reference, Failure> {
    let reference = store.cache.reference().await.map_err(failure)?;
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

fn rank(act: &Act) -> u8 {
    match act {
        Act::ClearOnPremises { .. } | Act::ReleaseNumber { .. } => 0,
        Act::SetLocation { .. } => 1,
        Act::SwitchPlan { .. }
        | Act::RemoveLicence { .. }
        | Act::GiveLicence { .. }
        | Act::GroupLicence { .. } => 2,
        Act::CreateResourceAccount(_) | Act::AssignNumber { .. } => 3,
        Act::GrantVoiceRoute { .. } => 4,
        Act::Stated(_) => 5,
    }
}

async fn of_entry(store: &Store, entry: &Entry) -> Result<Vec<Act>, StoreError> {
    let Some(user) = person(store, entry).await? else {
        return Ok(vec![Act::Stated(format!(
            "{} is not associated with anybody in the tenant: nothing can be written",
            entry.name
        ))]);
    };
    match &entry.state {
        EntryState::Conflict { .. } => {
            return Ok(vec![Act::Stated(format!(
                "{} of {} is in conflict: decide first whose value stays",
                entry.field().as_str(),
                entry.name
            ))]);
        }
        EntryState::Queued
        | EntryState::Held { .. }
        | EntryState::InFlight { .. }
        | EntryState::Accepted { .. }
        | EntryState::Applied { .. }
        | EntryState::Unknown { .. }
        | EntryState::Rejected { .. } => {}
    }
    Ok(match &entry.wanted {
        Value::Number(wanted) => numbers(store, entry, user, wanted.as_ref()).await?,
        Value::Country(Some(country)) => vec![Act::SetLocation {
            user,
            country: *country,
        }],
        Value::Country(None) => vec![Act::Stated(
            "a usage location cannot be cleared, only changed".to_owned(),
        )],
        Value::Plan { sku, plan, on } => vec![Act::SwitchPlan {
            user,
            product: product(*sku),
            plan: self::plan(*plan),
            turn: if *on { Turn::On } else { Turn::Off },
            stops: entry.silences.clone(),
        }],
        Value::Licence { sku, off: None } => vec![Act::RemoveLicence {
            user,
            product: product(*sku),
            stops: entry.silences.clone(),
        }],
        Value::Licence {
            sku,
            off: Some(off),
        } => vec![Act::GiveLicence {
            user,
            product: product(*sku),
            off: off.clone(),
        }],
        // This side's own list: nothing of it is in the tenant.
        Value::Added(_) => Vec::new(),
    })
}

/// A move takes the number from its giver; any other change gives up what the user has.
async fn numbers(
    store: &Store,
    entry: &Entry,
    user: Person,
    wanted: Option<&PhoneNumber>,
) -> Result<Vec<Act>, StoreError> {
    let mut acts = Vec::new();
    if let (Some(giver), Some(number)) = (&entry.takes_from, wanted) {
        let upn = store.cache.user(giver.id).await?;
        acts.push(Act::ReleaseNumber {
            user: Person {
                id: giver.id,
                upn: upn.map(|stored| stored.user.upn).unwrap_or_default(),
                name: giver.name.clone(),
            },
            number: number.clone(),
            stops: None,
        });
    } else if let Value::Number(Some(held)) = &entry.base {
        acts.push(Act::ReleaseNumber {
            user: user.clone(),
            number: held.clone(),
            stops: entry.silences.clone(),
        });
    }
    if let Some(number) = wanted {
        acts.push(Act::AssignNumber {
            user,
            number: number.clone(),
            kind: kind_of(store, number).await?,
        });
    }
    Ok(acts)
}

async fn person(store: &Store, entry: &Entry) -> Result<Option<Person>, StoreError> {
    let known = match (entry.directory_id, entry.user) {
        (Some(id), _) => Some(id),
        (None, Some(user)) => {
            let picture = store.ledger.load().await?;
            picture
                .users
                .iter()
                .find(|other| other.id == user)
                .and_then(|user| user.association.id())
        }
        (None, None) => None,
    };
    let Some(id) = known else {
        return Ok(None);
    };
    let stored = store.cache.user(id).await?;
    Ok(Some(Person {
        id,
        upn: stored.map(|stored| stored.user.upn).unwrap_or_default(),
        name: entry.name.clone(),
    }))
}

fn product(sku: SkuId) -> Product {
    Product {
        sku,
        name: plan_ids::sku_name(sku).map_or_else(|| sku.to_string(), str::to_owned),
    }
}

fn plan(id: PlanId) -> Plan {
    Plan {
        id,
        name: plan_ids::code(id).to_owned(),
    }
}
