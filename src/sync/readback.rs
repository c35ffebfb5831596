//! After a request: following its operation, reading back until the value is there, and settling by reading what nobody answered.

use std::collections::HashSet;
use std::time::Duration;

use crate::domain::directory::{Sku, Tenant};
use crate::domain::failure::Failure;
use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::mending;
use crate::domain::outbox::{Closing, Entry, EntryState, Step};
use crate::domain::phone::PhoneNumber;
use crate::domain::planning::TouchedUser;
use crate::domain::refusal::{Refusal, diagnose};
use crate::domain::run::{Phase, RunEvent, Source};
use crate::domain::user::Value;
use crate::domain::writeplan::PlanItem;
use crate::graph::error::GraphError;
use crate::graph::teams::{Operation, OperationState};
use crate::store::ledger::LedgerPicture;

use super::push::Work;
use super::{Run, Stop, one};

/// How long an operation is asked about before its outcome is called unknown.
const GIVE_UP_AFTER: Duration = Duration::from_mins(5);

/// Equal reads that make a value confirmed.
const EQUAL_READS: u32 = 2;

/// Reads before a value that is not there yet is called not visible.
const READS: u32 = 5;

/// How one request ended.
#[derive(Debug)]
pub(super) enum Sent {
    Done,
    Refused(Refusal),
    Unknown(String),
    /// It was certainly not carried out, and nobody judged it: a missing permission, throttling, no connection.
    Stayed(GraphError),
    /// The operation goes on; its id is kept, and the next run asks again.
    Running,
}

impl Run<'_> {
    /// Follows an operation to its end.
    pub(super) async fn follow(
        &mut self,
        entry: &Entry,
        step: Step,
        operation: &Operation,
    ) -> Result<Sent, Stop> {
        self.mark(
            entry,
            EntryState::Accepted {
                step,
                operation: operation.as_str().to_owned(),
            },
        )
        .await?;
        let (mut wait, mut waited) = (Duration::from_secs(2), Duration::ZERO);
        let mut polls = 0u32;
        loop {
            match self.client.operation(operation).await {
                Ok(OperationState::Succeeded) => return Ok(Sent::Done),
                Ok(OperationState::Failed { detail }) => {
                    return Ok(Sent::Refused(Refusal {
                        status: None,
                        code: String::new(),
                        text: detail,
                        request_id: String::new(),
                    }));
                }
                Ok(OperationState::Running) => {}
                Err(error) if error.is_retryable() => {}
                Err(GraphError::NotFound { reply }) => return Ok(Sent::Unknown(reply.to_string())),
                Err(error) => return Ok(self.leave_running(entry, &error.to_string()).await),
            }
            polls += 1;
            if waited >= GIVE_UP_AFTER || polls > 100 {
                return Ok(self
                    .leave_running(entry, "it has not ended within five minutes")
                    .await);
            }
            tokio::time::sleep(self.settings.pace.wait(wait)).await;
            waited += wait;
            wait = (wait * 3 / 2).min(Duration::from_secs(15));
        }
    }

    /// The operation is left to go on: its id stays with the entry, and the next run asks about it.
    async fn leave_running(&mut self, entry: &Entry, why: &str) -> Sent {
        let text = format!(
            "{}: the tenant still works on it ({why}); the next run asks again",
            entry.name
        );
        self.journal.warning(Source::Write, text).await;
        Sent::Running
    }

    /// Takes up an operation that an earlier run left behind.
    pub(super) async fn resume(
        &mut self,
        entry: &Entry,
        step: Step,
        operation: &str,
    ) -> Result<(), Stop> {
        let Ok(operation) = Operation::from_stored(operation.to_owned()) else {
            return self
                .unknown(entry, step, "the kept operation address is damaged")
                .await;
        };
        let state = match self.client.operation(&operation).await {
            Ok(OperationState::Succeeded) | Err(GraphError::NotFound { .. }) => {
                EntryState::Unknown { step }
            }
            // As long as nobody says that it is over, its id is kept.
            Ok(OperationState::Running) | Err(_) => return Ok(()),
            Ok(OperationState::Failed { detail }) => self.diagnosed(entry, detail).await?,
        };
        self.guard(entry.tenant).await?;
        self.mark(entry, state).await
    }

    /// The true cause of a failure that an operation of an earlier run ended in: its text is checked like any other.
    async fn diagnosed(&self, entry: &Entry, detail: String) -> Result<EntryState, Stop> {
        let desk = self.store.ledger.load().await?;
        let target = entry.target(&desk.users);
        let touched = match target {
            Some(id) => self
                .read_touched_user(id, entry.tenant)
                .await
                .unwrap_or_default(),
            None => TouchedUser::default(),
        };
        let record = match &entry.wanted {
            Value::Number(Some(number)) => self.client.number(number).await.ok().flatten(),
            _ => None,
        };
        let holder = match record.and_then(|record| record.holder()) {
            Some(id) if Some(id) != target => self.store.cache.name_of(id).await?,
            Some(_) | None => None,
        };
        let refusal = Refusal {
            status: None,
            code: String::new(),
            text: detail,
            request_id: String::new(),
        };
        let found = diagnose(&refusal, touched.facts().as_ref(), holder.as_deref());
        Ok(EntryState::Rejected {
            cause: found.cause,
            raw: refusal.raw(),
            hint: found.hint,
        })
    }

    /// Reads back until the value is there twice; what is not there yet waits, and says until when.
    pub(super) async fn confirm(&mut self, entry: &Entry, target: ObjectId) -> Result<(), Stop> {
        self.read_back(entry, target, Closing::Confirmed).await
    }

    /// The same for what was there before anything was sent: somebody else has done it, and this run does not count it as its own.
    pub(super) async fn find_there(&mut self, one: &Work) -> Result<(), Stop> {
        let untouched = one.entry.state == EntryState::Queued && one.releases().is_none();
        let closing = if untouched {
            Closing::AlreadyThere
        } else {
            Closing::Confirmed
        };
        self.read_back(&one.entry, one.item.target, closing).await
    }

    async fn read_back(
        &mut self,
        entry: &Entry,
        target: ObjectId,
        closing: Closing,
    ) -> Result<(), Stop> {
        self.journal.phase(Phase::ReadBack).await;
        let skus = match self.store.cache.outline().await {
            Ok(Some(outline)) => outline.skus,
            Ok(None) | Err(_) => Vec::new(),
        };
        let mut equal = 0;
        for read in 0..READS {
            if read > 0 {
                tokio::time::sleep(self.settings.pace.wait(Duration::from_secs(2))).await;
            }
            let read = self.read_touched_user(target, entry.tenant).await;
            let touched = read.unwrap_or_default();
            let there = touched
                .theirs_of(entry)
                .filter(|value| has_spread(value, &touched, &skus));
            equal = if there.as_ref() == Some(&entry.wanted) {
                equal + 1
            } else {
                0
            };
            if equal == EQUAL_READS {
                self.compare_after_write(entry).await?;
                return self.close_entry(entry, closing).await;
            }
        }
        self.compare_after_write(entry).await?;
        let hour = jiff::SignedDuration::from_hours(1);
        let visible_by = self
            .settings
            .clock
            .now()
            .checked_add(hour)
            .unwrap_or(jiff::Timestamp::MAX);
        let text = format!(
            "{}: written, not visible yet; due by {}",
            entry.name,
            visible_by.strftime("%m-%d %H:%MZ")
        );
        self.journal.warning(Source::Write, text).await;
        self.mark(entry, EntryState::Applied { visible_by }).await
    }

    /// All ids agree after what was read back. Where they do not, nobody knows what became of the request, if one was sent.
    async fn compare_after_write(&mut self, entry: &Entry) -> Result<(), Stop> {
        let Err(stop) = self.guard(entry.tenant).await else {
            return Ok(());
        };
        let desk = self.store.ledger.load().await?;
        let is_sent = |state: &EntryState| {
            matches!(
                state,
                EntryState::InFlight { .. } | EntryState::Accepted { .. }
            )
        };
        if desk
            .entries
            .iter()
            .any(|now| now.id == entry.id && is_sent(&now.state))
        {
            let why = "what was read back cannot be told to be this tenant's";
            self.unknown(entry, super::push::step_of(entry), why)
                .await?;
        }
        Err(stop)
    }

    /// A user as it is now: directory, Teams and numbers. What Teams does not tell stays open.
    pub(super) async fn read_touched_user(
        &self,
        id: ObjectId,
        tenant: TenantId,
    ) -> Result<TouchedUser, GraphError> {
        let directory = self.client.users_by_id(&[id]).await?.pop();
        let teams = self.client.teams_user(id).await.ok().flatten();
        self.look_at(teams.as_ref(), tenant);
        // Where the cloud has no Teams API, only places are written, and no number is looked at.
        let numbers = match self.client.numbers_of(id).await {
            Err(GraphError::NoTeamsApi) => Vec::new(),
            read => read?,
        };
        Ok(TouchedUser {
            directory,
            teams,
            numbers,
        })
    }

    /// Whether a reading of the tenant shows the effect of a request whose answer was lost.
    pub(super) async fn settles<F>(&self, read: impl Fn(&Self) -> F) -> bool
    where
        F: Future<Output = Option<bool>>,
    {
        for attempt in 0..READS {
            if attempt > 0 {
                tokio::time::sleep(self.settings.pace.wait(Duration::from_secs(2))).await;
            }
            if read(self).await == Some(true) {
                return true;
            }
        }
        false
    }

    pub(super) fn is_free(
        &self,
        number: &PhoneNumber,
        target: ObjectId,
    ) -> impl Future<Output = Option<bool>> + use<> {
        let held = self.holds(number, target);
        async move { held.await.map(|held| !held) }
    }

    pub(super) fn has_country(
        &self,
        target: ObjectId,
        wanted: Value,
    ) -> impl Future<Output = Option<bool>> + use<> {
        let client = self.client.clone();
        async move {
            let user = client.users_by_id(&[target]).await.ok()?.pop()?;
            Some(Value::Country(user.location) == wanted)
        }
    }

    /// Whether a number is free, by the inventory; where that cannot be read, it may be.
    pub(super) async fn nobody_holds(&self, number: &PhoneNumber) -> bool {
        match self.client.number(number).await {
            Ok(record) => record.and_then(|record| record.holder()).is_none(),
            Err(_) => true,
        }
    }

    pub(super) fn has_licence(
        &self,
        target: ObjectId,
        wanted: Value,
    ) -> impl Future<Output = Option<bool>> + use<> {
        let client = self.client.clone();
        async move {
            let licences = client.licences_of(target).await.ok()?;
            Some(mending::held(wanted.field(), &licences)? == wanted)
        }
    }

    pub(super) fn holds(
        &self,
        number: &PhoneNumber,
        target: ObjectId,
    ) -> impl Future<Output = Option<bool>> + use<> {
        let (client, number) = (self.client.clone(), number.clone());
        async move {
            client
                .number(&number)
                .await
                .ok()
                .map(|record| record.and_then(|r| r.holder()) == Some(target))
        }
    }

    /// Reads the rows that were written again, so that lists show what the tenant has. Another tenant's rows are not kept.
    pub(super) async fn refresh_rows(
        &mut self,
        tenant: &Tenant,
        desk: &LedgerPicture,
        items: &[PlanItem],
    ) {
        let mut seen = HashSet::new();
        let touched = desk
            .entries
            .iter()
            .filter(|e| items.iter().any(|i| i.entry == e.id))
            .flat_map(|e| {
                let giver = e.takes_from.as_ref().map(|giver| giver.id);
                e.target(&desk.users).into_iter().chain(giver)
            });
        let now = self.settings.clock.now();
        let mut read = Vec::new();
        for id in touched.filter(|id| seen.insert(*id)).collect::<Vec<_>>() {
            match one::read(self.client, self.store, id, now).await {
                Ok(Some(row)) => {
                    self.look_at(row.teams(), tenant.id);
                    read.push(row);
                }
                Ok(None) => {}
                Err(error) => self.could_not_refresh(id, &error).await,
            }
        }
        if read.is_empty() || self.guard(tenant.id).await.is_err() {
            return;
        }
        for row in read {
            let id = row.id();
            if let Err(error) = row.keep(self.store).await {
                self.could_not_refresh(id, &error).await;
            }
        }
        self.journal.tell(RunEvent::SnapshotChanged).await;
    }

    async fn could_not_refresh(&mut self, id: ObjectId, error: &Failure) {
        self.journal
            .debug(Source::Sync, || {
                format!("could not read {id} again: {error}")
            })
            .await;
    }
}

/// Whether a licence that reads as wanted has reached the plans of the user, which follow within minutes. Other values are there at
/// once, and a plan that another licence brings as well stays whatever is done to this one.
fn has_spread(value: &Value, touched: &TouchedUser, skus: &[Sku]) -> bool {
    let (Value::Plan { plan, on, .. }, Some(user)) = (value, &touched.directory) else {
        return true;
    };
    let usable = user
        .plans
        .iter()
        .any(|held| held.plan == *plan && held.status.is_usable());
    usable == *on || mending::brought(*plan, user, skus) != *on
}
