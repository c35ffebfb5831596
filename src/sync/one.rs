//! One user, now: directory, licence, Teams and number facts again in a few requests, without a run.

use jiff::Timestamp;

use crate::domain::directory::{DirectoryUser, GroupFilter, TeamsUser, TenantNumber};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::Facts;
use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::phone::PhoneNumber;
use crate::graph::Client;
use crate::graph::error::GraphError;
use crate::store::Store;
use crate::store::cache::{LiveReading, StaleTeams, StoredUser};
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

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Nobody in the tenant has the address or the number.
    Nobody,
    /// The tenant has no user of this id any more: what the files have is of before.
    Gone(ObjectId),
    /// Read, and kept in the files.
    Read(ObjectId),
}

/// Reads one user from the tenant and keeps the facts in the cache.
///
/// Seven requests at most once signed in: organisation, at most three for whom an address means or one for whom a number or an
/// id means, Teams, numbers, and the membership of the group.
pub async fn read_again(
    client: &Client,
    store: &Store,
    who: &ReadAgain,
    now: Timestamp,
) -> Result<Reading, Failure> {
    let tenant = the_same_tenant(client, store, None).await?;
    let found = match who {
        ReadAgain::Id(id) => Found::Id(*id),
        ReadAgain::Text(text) => find(client, text).await?,
    };
    let (reading, row) = match found {
        Found::Nobody => (Reading::Nobody, None),
        Found::User(user) => {
            let row = read_user(client, store, *user, now).await?;
            (Reading::Read(row.id()), Some(row))
        }
        Found::Id(id) => match read(client, store, id, now).await? {
            Some(row) => (Reading::Read(id), Some(row)),
            None => (Reading::Gone(id), None),
        },
    };
    // Another tenant may have come while it was read.
    let named = row.as_ref().and_then(OneRow::teams);
    let named = named.and_then(|teams| teams.tenant);
    if let Some(other) = named.filter(|id| *id != tenant) {
        return Err(mismatch(&format!("wanted: {tenant}; Teams: {other}")));
    }
    the_same_tenant(client, store, Some(tenant)).await?;
    if let Some(row) = row {
        row.keep(store).await?;
    }
    Ok(reading)
}

/// The tenant that the token, the organisation, the pin and, where there is one, the answer of before agree on.
async fn the_same_tenant(
    client: &Client,
    store: &Store,
    before: Option<TenantId>,
) -> Result<TenantId, Failure> {
    let signed_in = client.sign_in().await;
    let signed_in = signed_in.map_err(|e| match e {
        GraphError::WrongTenant { wanted, got } => {
            mismatch(&format!("wanted: {wanted}; signed in to: {got}"))
        }
        other => other.failure("Signing in"),
    })?;
    let tenant = client
        .organization()
        .await
        .map_err(|e| e.failure("Reading the organisation"))?;
    let pin = store.ledger.load().await.map_err(|e| e.failure())?.pin;
    if let Some(pin) = pin.filter(|pin| pin.tenant != tenant.id) {
        return Err(mismatch(&format!(
            "pinned: {} ({}); signed in to: {} ({})",
            pin.name, pin.tenant, tenant.name, tenant.id
        )));
    }
    let others = [("the token", signed_in.tenant), ("before", before)];
    for (who, id) in others {
        if let Some(other) = id.filter(|id| *id != tenant.id) {
            return Err(mismatch(&format!(
                "the organisation: {}; {who}: {other}",
                tenant.id
            )));
        }
    }
    Ok(tenant.id)
}

fn mismatch(ids: &str) -> Failure {
    Failure::new(
        FailureKind::Refused,
        TENANT_MISMATCH,
        ids,
        "Nothing was read into this tenant's files.",
    )
}

/// Whom a text means in the tenant.
enum Found {
    Nobody,
    Id(ObjectId),
    User(Box<DirectoryUser>),
}

async fn find(client: &Client, text: &str) -> Result<Found, Failure> {
    let text = text.trim();
    let number = text.strip_prefix("tel:").unwrap_or(text);
    if number.starts_with('+')
        && let Some(number) = PhoneNumber::from_tenant(&number.replace(' ', ""))
    {
        let record = client
            .number(&number)
            .await
            .map_err(|e| e.failure("Reading a number"))?;
        let holder = record.and_then(|record| record.holder());
        return Ok(holder.map_or(Found::Nobody, Found::Id));
    }
    let found = client
        .find_user(text)
        .await
        .map_err(|e| e.failure("Looking for a user"))?;
    Ok(found.map_or(Found::Nobody, |user| Found::User(Box::new(user))))
}

/// One user as just read, not kept yet.
#[derive(Debug)]
pub(super) struct OneRow {
    stored: StoredUser,
    teams: Option<TeamsUser>,
    numbers: Vec<TenantNumber>,
    live: LiveReading,
}

/// Reads one user again. `None` when the tenant has no such user.
pub(super) async fn read(
    client: &Client,
    store: &Store,
    id: ObjectId,
    now: Timestamp,
) -> Result<Option<OneRow>, Failure> {
    let found = client
        .users_by_id(&[id])
        .await
        .map_err(|e| e.failure("Reading a user"))?;
    match found.into_iter().next() {
        Some(user) => Ok(Some(read_user(client, store, user, now).await?)),
        None => Ok(None),
    }
}

/// Reads what belongs to a user.
async fn read_user(
    client: &Client,
    store: &Store,
    user: DirectoryUser,
    now: Timestamp,
) -> Result<OneRow, Failure> {
    let id = user.id;
    let (teams, stale) = teams(client, store, id).await?;
    // A cloud without the Teams API leaves numbers unknown, and the rest is read all the same.
    let numbers = match client.numbers_of(id).await {
        Ok(numbers) => Some(numbers),
        Err(GraphError::NoTeamsApi) => None,
        Err(error) => return Err(error.failure("Reading the numbers of a user")),
    };
    let group = match store.cache.outline().await.map_err(|e| e.failure())? {
        Some(outline) => outline.group,
        None => GroupFilter::Off,
    };
    let member = match &group {
        // A membership that cannot be read keeps its own age, which stands beside its gate.
        GroupFilter::Members { group, .. } => client.is_member(group.id, id).await.ok(),
        GroupFilter::Off
        | GroupFilter::Hidden { .. }
        | GroupFilter::Missing { .. }
        | GroupFilter::Ambiguous { .. }
        | GroupFilter::Unreadable { .. } => None,
    };
    let stored = stored(
        user,
        &group.knowing(id, member),
        teams.as_ref(),
        numbers.as_deref(),
    );
    Ok(OneRow {
        stored,
        teams,
        numbers: numbers.unwrap_or_default(),
        live: LiveReading {
            read_at: now,
            teams: stale,
            member,
        },
    })
}

impl OneRow {
    pub(super) fn id(&self) -> ObjectId {
        self.stored.user.id
    }

    /// What Teams said.
    pub(super) fn teams(&self) -> Option<&TeamsUser> {
        self.teams.as_ref()
    }

    /// Keeps it all.
    pub(super) async fn keep(self, store: &Store) -> Result<(), Failure> {
        let id = self.id();
        let before = store.cache.user(id).await.map_err(|e| e.failure())?;
        let change = ClassChange {
            id,
            name: self.stored.user.name.clone(),
            before: before.map(|before| before.class),
            after: Some(self.stored.class),
        };
        store
            .cache
            .put_live(self.stored, self.teams, self.numbers, self.live)
            .await
            .map_err(|e| e.failure())?;
        if change.before != change.after {
            // A history that cannot be written is no reason to give up what was read.
            drop(store.history.keep_change_between(change));
        }
        Ok(())
    }
}

/// What Teams says of a user: now, or, where it does not answer, what it said last, with its age.
async fn teams(
    client: &Client,
    store: &Store,
    id: ObjectId,
) -> Result<(Option<TeamsUser>, Option<StaleTeams>), Failure> {
    let error = match client.teams_user_at_once(id).await {
        Ok(teams) => return Ok((teams, None)),
        Err(error) => error,
    };
    let cache = &store.cache;
    let before = cache.live_of(id).await.map_err(|e| e.failure())?;
    let read_at = match before.and_then(|before| before.teams) {
        Some(stale) => stale.read_at,
        None => cache.read_at_of(id).await.map_err(|e| e.failure())?,
    };
    let old = cache.teams_of(id).await.map_err(|e| e.failure())?;
    let stale = StaleTeams {
        read_at,
        why: error.to_string(),
    };
    Ok((old, Some(stale)))
}

fn stored(
    user: DirectoryUser,
    group: &GroupFilter,
    teams: Option<&TeamsUser>,
    numbers: Option<&[TenantNumber]>,
) -> StoredUser {
    let class = Facts {
        user: &user,
        group,
        teams,
        numbers,
    }
    .classify();
    StoredUser {
        class: class.cause.byte(),
        marks: class.marks.0,
        number: class.number,
        user,
    }
}
