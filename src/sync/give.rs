//! What comes after the releases: usage locations, licences, then numbers; each read again just before, each read back.

use std::time::Duration;

use crate::domain::directory::{NumberType, TenantNumber};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::ObjectId;
use crate::domain::mending;
use crate::domain::outbox::{EntryState, Step};
use crate::domain::phone::PhoneNumber;
use crate::domain::refusal::Refusal;
use crate::domain::run::Source;
use crate::domain::user::Value;

use super::push::{Skip, Work, sent_of};
use super::readback::Sent;
use super::{Run, failed};

/// Reads of Teams' state before a number is left for a later run: about two minutes.
const READS_OF_TEAMS: u32 = 12;

impl Run<'_> {
    /// What comes after the releases.
    pub(super) async fn give(&mut self, work: &[Work], one: &Work) -> Result<(), Skip> {
        match &one.item.new {
            Value::Country(Some(_)) => self.locate(one).await,
            Value::Number(Some(number)) => {
                let mended = work.iter().any(|other| {
                    other.item.target == one.item.target && other.entry.field().is_licence()
                });
                if mended && !self.teams_has_let_go(one).await {
                    return Err(Skip::Settled);
                }
                self.assign(one, number).await
            }
            Value::Number(None) => Ok(self.confirm(&one.entry, one.item.target).await?),
            Value::Plan { .. } | Value::Licence { .. } => self.mend(one).await,
            Value::Country(None) | Value::Added(_) => Ok(()),
        }
    }

    /// Changes one licence: its list of plans is read straight before, so that nothing else in it is switched.
    async fn mend(&mut self, one: &Work) -> Result<(), Skip> {
        let (entry, target) = (&one.entry, one.item.target);
        let licences = self
            .client
            .licences_of(target)
            .await
            .map_err(|e| failed(&e, "Reading the licences of a user before one is changed"))?;
        if mending::held(entry.field(), &licences).as_ref() == Some(&entry.wanted) {
            return Ok(self.confirm(entry, target).await?);
        }
        self.silences_no_more_than_confirmed(one).await?;
        let write = match mending::write_of(&entry.wanted, &licences) {
            Ok(write) => write,
            Err(why) => {
                let refusal = Refusal {
                    status: None,
                    code: String::new(),
                    text: why,
                    request_id: String::new(),
                };
                self.reject(one, &refusal, None).await?;
                return Err(Skip::Settled);
            }
        };
        self.start(entry, Step::Licence).await?;
        let sent = match self.client.assign_licence(target, &write).await {
            Ok(()) => Sent::Done,
            Err(error) => sent_of(&error),
        };
        match sent {
            Sent::Done | Sent::Running => self.confirm(entry, target).await?,
            Sent::Refused(refusal) => {
                self.reject(one, &refusal, None).await?;
                return Err(Skip::Settled);
            }
            Sent::Stayed(failure) => {
                self.mark(entry, EntryState::Queued).await?;
                return Err(Skip::Trouble(failure));
            }
            Sent::Unknown(why) => {
                let wanted = entry.wanted.clone();
                if self
                    .settles(|run| run.has_licence(target, wanted.clone()))
                    .await
                {
                    self.confirm(entry, target).await?;
                } else {
                    self.unknown(entry, Step::Licence, &why).await?;
                }
            }
        }
        Ok(())
    }

    /// Looks once more, just before the licence goes: a number that came, or another licence that went, since the plan was made must
    /// not fall silent without its name having been typed.
    async fn silences_no_more_than_confirmed(&mut self, one: &Work) -> Result<(), Skip> {
        let read = |error| failed(&error, "Reading a user before a licence is changed");
        let touched = self
            .read_touched_user(one.item.target)
            .await
            .map_err(read)?;
        let skus = self.client.subscribed_skus().await.map_err(read)?;
        let Some(user) = &touched.directory else {
            return Ok(());
        };
        let stops = mending::stops(&[&one.entry.wanted], user, &touched.numbers, &skus);
        match stops {
            Some(number) if one.entry.silences.as_ref() != Some(&number) => {
                Err(Skip::Trouble(Failure::new(
                    FailureKind::Refused,
                    format!(
                        "it would stop {}, which was not confirmed by name",
                        number.spaced()
                    ),
                    "",
                    "Drop it and repair again.",
                )))
            }
            _ => Ok(()),
        }
    }

    /// Waits until Teams no longer lists the Calling Plan that this push has switched off; without that the number would be refused.
    async fn teams_has_let_go(&mut self, one: &Work) -> bool {
        let mut wait = Duration::from_secs(2);
        for read in 0..READS_OF_TEAMS {
            if read > 0 {
                tokio::time::sleep(self.settings.pace.wait(wait)).await;
                wait = (wait * 3 / 2).min(Duration::from_secs(15));
            }
            let teams = self.client.teams_user(one.item.target).await;
            if let Ok(Some(teams)) = teams
                && !teams.features.calling_plan
            {
                return true;
            }
        }
        let text = format!(
            "{}: Teams still lists the Calling Plan, which takes up to 24 hours to spread; {} stays queued for a later run",
            one.entry.name,
            one.item.new.shown()
        );
        self.journal.warning(Source::Write, text).await;
        false
    }

    async fn assign(&mut self, one: &Work, number: &PhoneNumber) -> Result<(), Skip> {
        let (entry, target) = (&one.entry, one.item.target);
        let record = self
            .client
            .number(number)
            .await
            .map_err(|e| failed(&e, "Reading a number before its assignment"))?;
        match record.as_ref().and_then(TenantNumber::holder) {
            Some(holder) if holder == target => return Ok(self.confirm(entry, target).await?),
            Some(holder) => {
                let name = self.name_of(holder).await;
                return Ok(self.reject(one, &Refusal::held(), Some(&name)).await?);
            }
            None => {}
        }
        let kind = record.map_or(NumberType::DirectRouting, |record| record.kind);
        self.start(entry, Step::Assign).await?;
        let sent = match self.client.assign_number(number, target, kind).await {
            Ok(operation) => self.follow(entry, Step::Assign, &operation).await?,
            Err(error) => sent_of(&error),
        };
        match sent {
            Sent::Done => self.confirm(entry, target).await?,
            Sent::Running => {}
            Sent::Stayed(failure) => {
                self.mark(entry, EntryState::Queued).await?;
                return Err(Skip::Trouble(failure));
            }
            Sent::Refused(refusal) => {
                let holder = self.holder_of(number, target).await;
                self.reject(one, &refusal, holder.as_deref()).await?;
            }
            Sent::Unknown(why) => {
                if self.settles(|run| run.holds(number, target)).await {
                    self.confirm(entry, target).await?;
                } else {
                    self.unknown(entry, Step::Assign, &why).await?;
                }
            }
        }
        Ok(())
    }

    async fn locate(&mut self, one: &Work) -> Result<(), Skip> {
        let Value::Country(Some(country)) = &one.item.new else {
            return Ok(());
        };
        let (entry, target) = (&one.entry, one.item.target);
        self.start(entry, Step::Patch).await?;
        let sent = match self.client.set_usage_location(target, *country).await {
            Ok(()) => Sent::Done,
            Err(error) => sent_of(&error),
        };
        match sent {
            Sent::Done | Sent::Running => self.confirm(entry, target).await?,
            Sent::Refused(refusal) => self.reject(one, &refusal, None).await?,
            Sent::Stayed(failure) => {
                self.mark(entry, EntryState::Queued).await?;
                return Err(Skip::Trouble(failure));
            }
            Sent::Unknown(why) => {
                let wanted = one.item.new.clone();
                if self
                    .settles(|run| run.has_country(target, wanted.clone()))
                    .await
                {
                    self.confirm(entry, target).await?;
                } else {
                    self.unknown(entry, Step::Patch, &why).await?;
                }
            }
        }
        Ok(())
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
}
