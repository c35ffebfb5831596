//! Writes the plan: all releases, then usage locations, then assignments; each marked in flight before its first byte, each
//! value read again just before it is written, each outcome read back.

use std::collections::{HashMap, HashSet};

use crate::domain::directory::{NumberType, Tenant, TenantNumber};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Entry, EntryId, EntryState, Step};
use crate::domain::phone::PhoneNumber;
use crate::domain::planning::TouchedUser;
use crate::domain::refusal::{Refusal, diagnose};
use crate::domain::run::{RunEvent, Source};
use crate::domain::user::Value;
use crate::domain::writeplan::{PlanItem, WritePlan};
use crate::graph::error::GraphError;

use super::readback::Sent;
use super::touch::changes;
use super::{Run, Stop, failed};

/// The request that an entry comes down to.
pub(super) fn step_of(entry: &Entry) -> Step {
    match &entry.wanted {
        Value::Number(None) => Step::Release,
        Value::Number(Some(_)) => Step::Assign,
        Value::Country(_) => Step::Patch,
    }
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

    pub(super) async fn mark(&mut self, entry: &Entry, state: EntryState) -> Result<(), Stop> {
        let stamp = self.stamp();
        self.store
            .ledger
            .set_states(vec![(entry.id, state)], stamp)
            .await?;
        self.journal.tell(RunEvent::LedgerChanged).await;
        Ok(())
    }

    pub(super) async fn unknown(
        &mut self,
        entry: &Entry,
        step: Step,
        why: &str,
    ) -> Result<(), Stop> {
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
