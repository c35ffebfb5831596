//! Writes the plan: all releases, then usage locations, then assignments; each marked in flight before its first byte, each
//! value read again just before it is written, each outcome read back.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::domain::directory::{NumberType, Tenant, TenantNumber};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Closing, Entry, EntryId, EntryState, Step};
use crate::domain::phone::PhoneNumber;
use crate::domain::planning::TouchedUser;
use crate::domain::refusal::{Refusal, diagnose};
use crate::domain::run::{Phase, RunEvent, Source};
use crate::domain::user::Value;
use crate::domain::writeplan::{PlanItem, WritePlan};
use crate::graph::error::GraphError;
use crate::graph::teams::{Operation, OperationState};
use crate::store::ledger::LedgerPicture;

use super::touch::{changes, target_of};
use super::{Run, Stop, failed};

/// How long an operation is asked about before its outcome is called unknown.
const GIVE_UP_AFTER: Duration = Duration::from_mins(5);

/// Equal reads that make a value confirmed.
const EQUAL_READS: u32 = 2;

/// Reads before a value that is not there yet is called not visible.
const READS: u32 = 5;

/// The request that an entry comes down to.
pub(super) fn step_of(entry: &Entry) -> Step {
    match &entry.wanted {
        Value::Number(None) => Step::Release,
        Value::Number(Some(_)) => Step::Assign,
        Value::Country(_) => Step::Patch,
    }
}

/// How one request ended.
#[derive(Debug)]
enum Sent {
    Done,
    Refused(Refusal),
    Unknown(String),
}

impl Run<'_> {
    /// Writes the chosen items of a plan.
    pub(super) async fn push(
        &mut self,
        tenant: &Tenant,
        plan: WritePlan,
        chosen: &[EntryId],
    ) -> Result<(), Stop> {
        let chosen: HashSet<EntryId> = chosen.iter().copied().collect();
        let items: Vec<PlanItem> = plan
            .items
            .iter()
            .filter(|item| chosen.contains(&item.entry))
            .cloned()
            .collect();
        self.check_limit(&plan, &chosen)?;
        for left in plan
            .left_out
            .iter()
            .filter(|left| chosen.contains(&left.entry))
        {
            self.journal
                .warning(
                    Source::Plan,
                    format!("{}: not written: {}", left.name, left.why),
                )
                .await;
        }
        self.journal
            .info(
                Source::Write,
                format!("Writing {} to {}", changes(items.len()), tenant.name),
            )
            .await;
        let desk = self.store.ledger.load().await?;
        let entries: HashMap<EntryId, Entry> = desk
            .entries
            .iter()
            .map(|entry| (entry.id, entry.clone()))
            .collect();
        let mut failed = HashSet::new();
        for item in &items {
            self.check_cancelled()?;
            if let (Some(entry), Value::Number(Some(old))) = (entries.get(&item.entry), &item.old)
                && item.old != item.new
                && !self.release(entry, item, old).await?
            {
                failed.insert(item.entry);
            }
        }
        for item in items.iter().filter(|item| !failed.contains(&item.entry)) {
            self.check_cancelled()?;
            let Some(entry) = entries.get(&item.entry) else {
                continue;
            };
            match &item.new {
                Value::Country(Some(_)) => self.locate(entry, item).await?,
                Value::Number(Some(number)) => self.assign(entry, item, number).await?,
                Value::Number(None) => self.confirm(entry, item.target).await?,
                Value::Country(None) => {}
            }
        }
        self.journal.tell(RunEvent::LedgerChanged).await;
        self.refresh_rows(&desk, &items).await;
        Ok(())
    }

    /// The mass-change limit, the same here as where the plan was shown.
    fn check_limit(&self, plan: &WritePlan, chosen: &HashSet<EntryId>) -> Result<(), Stop> {
        let taking = plan.taking_away(|entry| chosen.contains(&entry));
        if taking <= plan.limit || self.settings.past_limit {
            return Ok(());
        }
        Err(Stop::Failed(Failure::new(
            FailureKind::Refused,
            format!(
                "{taking} changes take something away, the limit is {}",
                plan.limit
            ),
            "",
            "Nothing was written. Apply fewer at a time, or confirm with the tenant's name in the console.",
        )))
    }

    /// Takes the old number away. False when that did not happen, and then nothing may be assigned.
    async fn release(
        &mut self,
        entry: &Entry,
        item: &PlanItem,
        old: &PhoneNumber,
    ) -> Result<bool, Stop> {
        let record = self
            .client
            .number(old)
            .await
            .map_err(|e| failed(&e, "Reading a number before its release"))?;
        let Some(record) = record.filter(|record| record.holder() == Some(item.target)) else {
            return Ok(true); // Somebody released it in the meantime: that is what was wanted.
        };
        self.mark(
            entry,
            EntryState::InFlight {
                step: Step::Release,
                attempt: 1,
            },
        )
        .await?;
        let sent = match self.client.unassign_number(old, record.kind).await {
            Ok(operation) => self.follow(entry, Step::Release, &operation).await?,
            Err(error) => failed_send(&error)?,
        };
        match sent {
            Sent::Done => self.note_release(entry, old).await,
            Sent::Refused(refusal) => {
                self.reject(entry, item, &refusal, None).await?;
                Ok(false)
            }
            Sent::Unknown(why) => {
                if self.settles(|run| run.is_free(old, item.target)).await {
                    return self.note_release(entry, old).await;
                }
                self.unknown(entry, Step::Release, &why).await?;
                Ok(false)
            }
        }
    }

    /// The old number is free: said, and kept, so that what is left of a change starts from there.
    async fn note_release(&mut self, entry: &Entry, old: &PhoneNumber) -> Result<bool, Stop> {
        let text = format!("{}: {} released", entry.name, old.spaced());
        self.journal.info(Source::Write, text).await;
        if !entry.wanted.is_blank() {
            let stamp = self.stamp();
            self.store.ledger.released(entry.id, stamp).await?;
        }
        Ok(true)
    }

    async fn assign(
        &mut self,
        entry: &Entry,
        item: &PlanItem,
        number: &PhoneNumber,
    ) -> Result<(), Stop> {
        let record = self
            .client
            .number(number)
            .await
            .map_err(|e| failed(&e, "Reading a number before its assignment"))?;
        match record.as_ref().and_then(TenantNumber::holder) {
            Some(holder) if holder == item.target => return self.confirm(entry, item.target).await,
            Some(holder) => {
                let name = self.name_of(holder).await;
                let refusal = Refusal {
                    status: None,
                    code: String::new(),
                    text: "already been assigned to another user".to_owned(),
                    request_id: String::new(),
                };
                return self.reject(entry, item, &refusal, Some(&name)).await;
            }
            None => {}
        }
        let kind = record.map_or(NumberType::DirectRouting, |record| record.kind);
        self.mark(
            entry,
            EntryState::InFlight {
                step: Step::Assign,
                attempt: 1,
            },
        )
        .await?;
        let sent = match self.client.assign_number(number, item.target, kind).await {
            Ok(operation) => self.follow(entry, Step::Assign, &operation).await?,
            Err(error) => failed_send(&error)?,
        };
        match sent {
            Sent::Done => self.confirm(entry, item.target).await,
            Sent::Refused(refusal) => {
                let holder = self.holder_of(number, item.target).await;
                self.reject(entry, item, &refusal, holder.as_deref()).await
            }
            Sent::Unknown(why) => {
                if self.settles(|run| run.holds(number, item.target)).await {
                    return self.confirm(entry, item.target).await;
                }
                self.unknown(entry, Step::Assign, &why).await
            }
        }
    }

    async fn locate(&mut self, entry: &Entry, item: &PlanItem) -> Result<(), Stop> {
        let Value::Country(Some(country)) = &item.new else {
            return Ok(());
        };
        self.mark(
            entry,
            EntryState::InFlight {
                step: Step::Patch,
                attempt: 1,
            },
        )
        .await?;
        match self.client.set_usage_location(item.target, *country).await {
            Ok(()) => self.confirm(entry, item.target).await,
            Err(error) => match failed_send(&error)? {
                Sent::Refused(refusal) => self.reject(entry, item, &refusal, None).await,
                // A PATCH is the same however often it is sent: reading decides.
                Sent::Unknown(_) | Sent::Done => self.confirm(entry, item.target).await,
            },
        }
    }

    /// Follows an operation to its end.
    async fn follow(
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
                Err(error) => return Ok(Sent::Unknown(error.to_string())),
            }
            polls += 1;
            if waited >= GIVE_UP_AFTER || polls > 100 {
                return Ok(Sent::Unknown(
                    "the operation did not end within five minutes".to_owned(),
                ));
            }
            tokio::time::sleep(self.settings.pace.wait(wait)).await;
            waited += wait;
            wait = (wait * 3 / 2).min(Duration::from_secs(15));
        }
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
            Ok(OperationState::Running) => return Ok(()),
            Ok(OperationState::Succeeded) | Err(_) => EntryState::Unknown { step },
            Ok(OperationState::Failed { detail }) => {
                self.summary.refused += 1;
                let raw = detail.clone();
                EntryState::Rejected {
                    cause: detail,
                    raw,
                    hint: "edit it again, or undo it (u)".to_owned(),
                }
            }
        };
        self.mark(entry, state).await
    }

    /// Reads back until the value is there twice; what is not there yet waits, and says until when.
    async fn confirm(&mut self, entry: &Entry, target: ObjectId) -> Result<(), Stop> {
        self.journal.phase(Phase::ReadBack).await;
        let mut equal = 0;
        for read in 0..READS {
            if read > 0 {
                tokio::time::sleep(self.settings.pace.wait(Duration::from_secs(2))).await;
            }
            let there = match entry.field() {
                crate::domain::user::Field::Number => self
                    .read_value(target)
                    .await
                    .and_then(|theirs| theirs.number),
                crate::domain::user::Field::Country => self
                    .read_value(target)
                    .await
                    .and_then(|theirs| theirs.country),
            };
            equal = if there.as_ref() == Some(&entry.wanted) {
                equal + 1
            } else {
                0
            };
            if equal == EQUAL_READS {
                return self.close_entry(entry, Closing::Confirmed).await;
            }
        }
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
            visible_by.strftime("%H:%MZ")
        );
        self.journal.warning(Source::Write, text).await;
        self.mark(entry, EntryState::Applied { visible_by }).await
    }

    async fn read_value(&self, target: ObjectId) -> Option<crate::domain::merge::Theirs> {
        let directory = self.client.users_by_id(&[target]).await.ok()?.pop();
        let numbers = self.client.numbers_of(target).await.ok()?;
        Some(
            TouchedUser {
                directory,
                teams: None,
                numbers,
            }
            .theirs(),
        )
    }

    /// Whether a reading of the tenant shows the effect of a request whose answer was lost.
    async fn settles<F>(&self, read: impl Fn(&Self) -> F) -> bool
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

    fn is_free(
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
                .map(|record| record.and_then(|r| r.holder()) != Some(target))
        }
    }

    fn holds(
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

    async fn holder_of(&self, number: &PhoneNumber, target: ObjectId) -> Option<String> {
        let holder = self
            .client
            .number(number)
            .await
            .ok()??
            .holder()
            .filter(|holder| *holder != target)?;
        Some(self.name_of(holder).await)
    }

    async fn name_of(&self, id: ObjectId) -> String {
        match self.store.cache.name_of(id).await {
            Ok(Some(name)) => name,
            _ => id.to_string(),
        }
    }

    async fn mark(&mut self, entry: &Entry, state: EntryState) -> Result<(), Stop> {
        let stamp = self.stamp();
        self.store
            .ledger
            .set_states(vec![(entry.id, state)], stamp)
            .await?;
        self.journal.tell(RunEvent::LedgerChanged).await;
        Ok(())
    }

    async fn unknown(&mut self, entry: &Entry, step: Step, why: &str) -> Result<(), Stop> {
        let text = format!(
            "{}: it is not known whether the {} took effect ({why}); the next run reads before anything is sent",
            entry.name,
            step.as_str()
        );
        self.journal.warning(Source::Write, text).await;
        self.summary.conflicts += 1;
        self.mark(entry, EntryState::Unknown { step }).await
    }

    async fn reject(
        &mut self,
        entry: &Entry,
        item: &PlanItem,
        refusal: &Refusal,
        holder: Option<&str>,
    ) -> Result<(), Stop> {
        let directory = self
            .client
            .users_by_id(&[item.target])
            .await
            .ok()
            .and_then(|mut users| users.pop());
        let numbers = self
            .client
            .numbers_of(item.target)
            .await
            .unwrap_or_default();
        let touched = TouchedUser {
            directory,
            teams: None,
            numbers,
        };
        let diagnosis = diagnose(refusal, touched.facts().as_ref(), holder);
        let mut hint = diagnosis.hint;
        if let (Value::Number(Some(old)), Value::Number(Some(_))) = (&item.old, &item.new)
            && touched.numbers.is_empty()
        {
            hint = format!(
                "{hint}; {} has been released: enter it again to give it back",
                old.spaced()
            );
        }
        let text = format!(
            "{}: {} to {} was refused: {}",
            entry.name,
            entry.field().as_str(),
            entry.wanted.shown(),
            diagnosis.cause
        );
        self.journal.error(Source::Write, text).await;
        let raw = refusal.raw();
        self.journal
            .debug(Source::Write, || format!("what came back: {raw}"))
            .await;
        self.summary.refused += 1;
        self.mark(
            entry,
            EntryState::Rejected {
                cause: diagnosis.cause,
                raw: refusal.raw(),
                hint,
            },
        )
        .await
    }

    /// Reads the rows that were written again, so that lists show what the tenant has.
    async fn refresh_rows(&mut self, desk: &LedgerPicture, items: &[PlanItem]) {
        let mut seen = HashSet::new();
        let touched = desk
            .entries
            .iter()
            .filter(|e| items.iter().any(|i| i.entry == e.id))
            .filter_map(|e| target_of(e, &desk.users));
        for id in touched.filter(|id| seen.insert(*id)).collect::<Vec<_>>() {
            if let Err(error) =
                super::one::refresh(self.client, self.store, id, self.settings.clock.now()).await
            {
                self.journal
                    .debug(Source::Sync, || {
                        format!("could not read {id} again: {error}")
                    })
                    .await;
            }
        }
        self.journal.tell(RunEvent::SnapshotChanged).await;
    }
}

/// Sorts a failed request: refused for certain, or nobody knows.
fn failed_send(error: &GraphError) -> Result<Sent, Stop> {
    if error.outcome_unknown() {
        return Ok(Sent::Unknown(error.to_string()));
    }
    match error.refusal() {
        Some(refusal) => Ok(Sent::Refused(refusal)),
        None => Err(failed(error, "Writing a change")),
    }
}
