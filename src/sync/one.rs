//! One user, now: directory, licence, Teams and number facts again in a few requests, without a run.

use jiff::Timestamp;

use crate::domain::directory::{DirectoryUser, GroupFilter, TeamsUser, TenantNumber};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::Facts;
use crate::domain::guid::ObjectId;
use crate::domain::phone::PhoneNumber;
use crate::graph::Client;
use crate::store::Store;
use crate::store::cache::StoredUser;
use crate::store::history::ClassChange;

use super::TENANT_MISMATCH;

/// Whom to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReadAgain {
    /// By object id.
    Id(ObjectId),
    /// By sign-in name, mail, proxy address or number.
    Text(String),
}

/// Reads one user from the tenant and keeps the facts in the cache. `None` when nobody is found.
///
/// Six requests at most once signed in: organisation, user, perhaps the number's record, Teams, numbers.
pub async fn read_again(
    client: &Client,
    store: &Store,
    who: &ReadAgain,
    now: Timestamp,
) -> Result<Option<ObjectId>, Failure> {
    client
        .sign_in()
        .await
        .map_err(|e| e.failure("Signing in"))?;
    let tenant = client
        .organization()
        .await
        .map_err(|e| e.failure("Reading the organisation"))?;
    let pin = store.ledger.load().await.map_err(|e| e.failure())?.pin;
    if let Some(pin) = pin.filter(|pin| pin.tenant != tenant.id) {
        let ids = format!(
            "pinned: {} ({}); signed in to: {} ({})",
            pin.name, pin.tenant, tenant.name, tenant.id
        );
        return Err(Failure::new(
            FailureKind::Refused,
            TENANT_MISMATCH,
            ids,
            "Nothing was read into this tenant's files.",
        ));
    }
    let id = match who {
        ReadAgain::Id(id) => Some(*id),
        ReadAgain::Text(text) => find(client, text).await?,
    };
    match id {
        Some(id) => Ok(refresh(client, store, id, now).await?.then_some(id)),
        None => Ok(None),
    }
}

async fn find(client: &Client, text: &str) -> Result<Option<ObjectId>, Failure> {
    let text = text.trim();
    if text.starts_with('+')
        && let Some(number) = PhoneNumber::from_tenant(&text.replace(' ', ""))
    {
        let record = client
            .number(&number)
            .await
            .map_err(|e| e.failure("Reading a number"))?;
        return Ok(record.and_then(|record| record.holder()));
    }
    let found = client
        .find_user(text)
        .await
        .map_err(|e| e.failure("Looking for a user"))?;
    Ok(found.map(|user| user.id))
}

/// Reads one user again and keeps the facts. False when the tenant has no such user.
pub(super) async fn refresh(
    client: &Client,
    store: &Store,
    id: ObjectId,
    now: Timestamp,
) -> Result<bool, Failure> {
    let found = client
        .users_by_id(&[id])
        .await
        .map_err(|e| e.failure("Reading a user"))?;
    let Some(user) = found.into_iter().next() else {
        return Ok(false);
    };
    // Teams may be missing in a tenant or behind; what it does not say stays open.
    let teams = match client.teams_user(id).await {
        Ok(teams) => teams,
        Err(_) => store.cache.teams_of(id).await.map_err(|e| e.failure())?,
    };
    let numbers = client
        .numbers_of(id)
        .await
        .map_err(|e| e.failure("Reading the numbers of a user"))?;
    let group = match store.cache.reference().await.map_err(|e| e.failure())? {
        Some(reference) => reference.group,
        None => GroupFilter::Off,
    };
    let stored = stored(user, &group, teams.as_ref(), &numbers);
    let before = store.cache.user(id).await.map_err(|e| e.failure())?;
    let before = before.map(|before| before.class);
    let change = ClassChange {
        id,
        name: stored.user.name.clone(),
        before,
        after: Some(stored.class),
    };
    store
        .cache
        .put_live(stored, teams, numbers, now)
        .await
        .map_err(|e| e.failure())?;
    if change.before != change.after {
        // A history that cannot be written is no reason to give up what was read.
        drop(store.history.keep_change_between(change));
    }
    Ok(true)
}

fn stored(
    user: DirectoryUser,
    group: &GroupFilter,
    teams: Option<&TeamsUser>,
    numbers: &[TenantNumber],
) -> StoredUser {
    let class = Facts {
        user: &user,
        group,
        teams,
        numbers: Some(numbers),
    }
    .classify();
    StoredUser {
        class: class.cause.byte(),
        marks: class.marks.0,
        number: class.number,
        user,
    }
}
