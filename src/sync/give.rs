//! What comes after the releases: usage locations, licences, then numbers; each read again just before, each read back.

use std::time::Duration;

use crate::domain::directory::{Licence, NumberType, TenantNumber};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::ObjectId;
use crate::domain::mending;
use crate::domain::merge::MergeStep;
use crate::domain::outbox::{EntryState, Step};
use crate::domain::phone::PhoneNumber;
use crate::domain::refusal::Refusal;
use crate::domain::run::{RunEvent, Source};
use crate::domain::user::{Field, Value};
use crate::domain::words;

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
                    other.item.target == one.item.target
                        && other.entry.field().is_licence()
                        && other.item.new.is_blank()
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
        let licences = self.licence_can_be_written(one).await?;
        if mending::held(entry.field(), &licences).as_ref() == Some(&entry.wanted) {
            return Ok(self.find_there(one).await?);
        }
        self.silences_no_more_than_confirmed(one).await?;
        let Ok(write) = mending::write_of(&entry.wanted, &licences) else {
            return Err(Skip::Settled);
        };
        self.start(entry, Step::Licence).await?;
        let sent = match self.client.assign_licence(target, &write).await {
            Ok(()) => Sent::Done,
            Err(error) => sent_of(error),
        };
        match sent {
            Sent::Done | Sent::Running => self.confirm(entry, target).await?,
            Sent::Refused(refusal) => {
                self.reject(one, &refusal, None).await?;
                return Err(Skip::Settled);
            }
            Sent::Stayed(error) => {
                self.mark(entry, EntryState::Queued).await?;
                return Err(Skip::Stayed(error));
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

    /// The licences as they are now, if the change can be made of them: it is refused, or a conflict, before anything is sent.
    pub(super) async fn licence_can_be_written(
        &mut self,
        one: &Work,
    ) -> Result<Vec<Licence>, Skip> {
        let entry = &one.entry;
        let text = || format!("{}: is the licence still as it was planned?", entry.name);
        self.journal.debug(Source::Write, text).await;
        let licences = self
            .client
            .licences_of(one.item.target)
            .await
            .map_err(|e| failed(&e, "Reading the licences of a user before one is changed"))?;
        let theirs = mending::held(entry.field(), &licences);
        if theirs.as_ref() == Some(&entry.wanted) {
            return Ok(licences);
        }
        self.not_moved(one, theirs).await?;
        if let Err(why) = mending::write_of(&entry.wanted, &licences) {
            self.guard(entry.tenant).await?;
            let text = format!("{}: not written: {why}", entry.name);
            self.journal.error(Source::Write, text).await;
            let state = EntryState::Rejected {
                cause: why,
                raw: String::new(),
                hint: format!(
                    "{}; `script` prints the PowerShell for what cannot be done from here",
                    words::UNDO
                ),
            };
            self.mark(entry, state).await?;
            return Err(Skip::Settled);
        }
        Ok(licences)
    }

    /// Whether the tenant's value is still the one that the plan has shown; another one is a conflict, and nothing is sent.
    async fn not_moved(&mut self, one: &Work, theirs: Option<Value>) -> Result<(), Skip> {
        let entry = &one.entry;
        let Some(theirs) = theirs else { return Ok(()) };
        // A number that is gone is what a release leaves, ours or another's: nobody loses anything by the new one.
        let is_ours = theirs.field() == Field::Number && theirs.is_blank();
        if theirs == one.item.old || theirs == entry.wanted || is_ours {
            return Ok(());
        }
        self.guard(entry.tenant).await?;
        self.take(entry, MergeStep::Conflict(entry.id, theirs))
            .await?;
        self.journal.tell(RunEvent::LedgerChanged).await;
        Err(Skip::Settled)
    }

    /// The user as it is just before the write, if its value has not moved since the plan was made.
    async fn just_before(&mut self, one: &Work) -> Result<(), Skip> {
        let touched = self
            .read_touched_user(one.item.target, one.entry.tenant)
            .await
            .map_err(|e| failed(&e, "Reading a user just before the write"))?;
        self.not_moved(one, touched.theirs_of(&one.entry)).await
    }

    /// Looks once more, just before the licence goes: a number that came, or another licence that went, since the plan was made must
    /// not fall silent without its name having been typed.
    async fn silences_no_more_than_confirmed(&mut self, one: &Work) -> Result<(), Skip> {
        let read = |error| failed(&error, "Reading a user before a licence is changed");
        let touched = self
            .read_touched_user(one.item.target, one.entry.tenant)
            .await
            .map_err(read)?;
        let skus = self.client.subscribed_skus().await.map_err(read)?;
        let Some(user) = &touched.directory else {
            return Ok(());
        };
        let stops = mending::stops(&[&one.entry.wanted], user, &touched.numbers, &skus);
        let unsaid = stops
            .iter()
            .find(|number| one.entry.silences.as_ref() != Some(*number));
        let Some(number) = unsaid else {
            return Ok(());
        };
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
            Some(holder) if holder == target => return Ok(self.find_there(one).await?),
            Some(holder) => {
                let name = self.name_of(holder).await;
                return Ok(self.reject(one, &Refusal::held(), Some(&name)).await?);
            }
            None => {}
        }
        self.just_before(one).await?;
        let kind = record.map_or(NumberType::DirectRouting, |record| record.kind);
        self.start(entry, Step::Assign).await?;
        let sent = match self.client.assign_number(number, target, kind).await {
            Ok(operation) => self.follow(entry, Step::Assign, &operation).await?,
            Err(error) => sent_of(error),
        };
        match sent {
            Sent::Done => self.confirm(entry, target).await?,
            Sent::Running => {}
            Sent::Stayed(error) => {
                self.mark(entry, EntryState::Queued).await?;
                return Err(Skip::Stayed(error));
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
        self.just_before(one).await?;
        self.start(entry, Step::Patch).await?;
        let sent = match self.client.set_usage_location(target, *country).await {
            Ok(()) => Sent::Done,
            Err(error) => sent_of(error),
        };
        match sent {
            Sent::Done | Sent::Running => self.confirm(entry, target).await?,
            Sent::Refused(refusal) => self.reject(one, &refusal, None).await?,
            Sent::Stayed(error) => {
                self.mark(entry, EntryState::Queued).await?;
                return Err(Skip::Stayed(error));
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
