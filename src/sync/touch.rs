//! Reads what the queued changes touch, and only that: a plan stands in a few requests, whatever the tenant's size.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::domain::directory::{Tenant, TenantNumber};
use crate::domain::guid::ObjectId;
use crate::domain::merge::{MergeStep, decide};
use crate::domain::outbox::{Closing, Entry, EntryState, Step};
use crate::domain::phone::PhoneNumber;
use crate::domain::plan_ids;
use crate::domain::planning::{PlanInput, Touched, TouchedUser, plan};
use crate::domain::run::{RunEvent, Source};
use crate::domain::seat;
use crate::domain::user::{Field, Value};
use crate::domain::words;
use crate::domain::writeplan::WritePlan;
use crate::store::error::StoreError;
use crate::store::ledger::LedgerPicture;

use super::{Run, Stop, failed};

impl Run<'_> {
    /// Reads what the outbox touches, settles what was under way, merges, and makes the plan.
    pub(super) async fn make_plan(&mut self, tenant: &Tenant) -> Result<WritePlan, Stop> {
        let desk = self.store.ledger.load().await?;
        let touched = self.read_touched(&desk).await?;
        // What another tenant has says nothing of what is queued here.
        for there in touched.users.values() {
            self.look_at(there.teams.as_ref(), tenant.id);
        }
        if !touched.users.is_empty() {
            self.guard(tenant.id).await?;
        }
        let changed = self.settle_touched(&desk, &touched).await?;
        let desk = if changed {
            self.store.ledger.load().await?
        } else {
            desk
        };
        let today = self
            .settings
            .clock
            .now()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        let statuses = seat::statuses(&desk.users, desk.seats, today);
        let since = WritePlan::limit_since(self.settings.clock.now());
        let lately = self.store.ledger.taken_since(since).await?;
        let made = plan(&PlanInput {
            tenant: tenant.id,
            tenant_name: &tenant.name,
            read_at: self.settings.clock.now(),
            users: &desk.users,
            statuses: &statuses,
            entries: &desk.entries,
            touched: &touched,
            allowed: self.settings.allowed,
        });
        // The limit holds for half an hour, and not for each of many small runs.
        Ok(WritePlan {
            limit: made.limit.saturating_sub(lately as usize),
            ..made
        })
    }

    /// Makes the plan, says what is in it, and shows it to whoever watches.
    pub(super) async fn plan_and_tell(&mut self, tenant: &Tenant) -> Result<(), Stop> {
        let plan = self.make_plan(tenant).await?;
        if plan.items.is_empty() && plan.left_out.is_empty() {
            return Ok(());
        }
        let (ready, out) = (plan.items.len(), plan.left_out.len());
        self.journal
            .info(
                Source::Plan,
                format!("{} ready to write, {out} left out", changes(ready)),
            )
            .await;
        for item in &plan.items {
            let (old, new) = (item.old.shown(), item.new.shown());
            let field = item.new.field().as_str();
            self.journal
                .debug(Source::Plan, || {
                    format!("{}: {field} {old} -> {new} ({})", item.name, item.note)
                })
                .await;
        }
        for left in &plan.left_out {
            let text = format!(
                "{}: {} to {} is not written: {}",
                left.name,
                left.new.field().as_str(),
                left.new.shown(),
                left.why
            );
            self.journal.info(Source::Plan, text).await;
        }
        self.summary.held = u32::try_from(out).unwrap_or(u32::MAX);
        self.journal.tell(RunEvent::PlanReady(Box::new(plan))).await;
        Ok(())
    }

    async fn read_touched(&mut self, desk: &LedgerPicture) -> Result<Touched, Stop> {
        let mut touched = Touched {
            without_teams: !self.client.has_teams_api(),
            ..Touched::default()
        };
        let mut targets: BTreeSet<ObjectId> = BTreeSet::new();
        // Whose numbers count: those of a change of number, of a move on both sides, and of a licence that a number hangs on.
        let (mut with_numbers, mut with_teams) = (BTreeSet::new(), BTreeSet::new());
        for entry in &desk.entries {
            let giver = entry.takes_from.as_ref().map(|giver| giver.id);
            let Some(target) = entry.target(&desk.users) else {
                continue;
            };
            if entry.field() == Field::Added || touched.is_blind_to(entry) {
                continue;
            }
            targets.insert(target);
            targets.extend(giver);
            if entry.field() != Field::Country {
                with_numbers.insert(target);
                with_numbers.extend(giver);
            }
            if giver.is_some() {
                with_teams.insert(target);
            }
        }
        if desk.entries.iter().any(|entry| entry.field().is_licence()) {
            touched.skus = self
                .client
                .subscribed_skus()
                .await
                .map_err(|e| failed(&e, "Reading the tenant's products"))?;
        }
        let ids: Vec<ObjectId> = targets.iter().copied().collect();
        let people = self
            .client
            .users_by_id(&ids)
            .await
            .map_err(|e| failed(&e, "Reading the users of queued changes"))?;
        for id in ids {
            self.check_cancelled()?;
            let directory = people.iter().find(|user| user.id == id).cloned();
            let numbers = if with_numbers.contains(&id) {
                let read = self.client.numbers_of(id).await;
                read.map_err(|e| failed(&e, "Reading the numbers of a user"))?
            } else {
                Vec::new()
            };
            let teams = if with_teams.contains(&id) {
                let read = self.client.teams_user(id).await;
                read.map_err(|e| failed(&e, "Reading what Teams knows of a user"))?
            } else {
                None
            };
            if let Some(user) = &directory {
                touched.names.insert(id, user.name.clone());
            }
            touched.users.insert(
                id,
                TouchedUser {
                    directory,
                    teams,
                    numbers,
                },
            );
        }
        let wanted: BTreeSet<&PhoneNumber> = desk
            .entries
            .iter()
            .filter(|entry| !touched.is_blind_to(entry))
            .filter_map(|entry| entry.wanted.number())
            .collect();
        for number in wanted {
            let record = self.read_number(number, &touched).await?;
            if let Some(holder) = record.as_ref().and_then(TenantNumber::holder) {
                self.name_holder(holder, &mut touched).await;
            }
            touched.numbers.insert(number.clone(), record);
        }
        Ok(touched)
    }

    /// A number's record: one that a touched user holds has been read already.
    async fn read_number(
        &self,
        number: &PhoneNumber,
        touched: &Touched,
    ) -> Result<Option<TenantNumber>, Stop> {
        let known = touched
            .users
            .values()
            .flat_map(|user| &user.numbers)
            .find(|record| record.number == *number);
        if let Some(record) = known {
            return Ok(Some(record.clone()));
        }
        self.client
            .number(number)
            .await
            .map_err(|e| failed(&e, "Reading a number of the tenant"))
    }

    async fn name_holder(&self, holder: ObjectId, touched: &mut Touched) {
        if touched.names.contains_key(&holder) {
            return;
        }
        if let Ok(Some(name)) = self.store.cache.name_of(holder).await {
            touched.names.insert(holder, name);
        }
    }

    /// Decides entries against what was just read. True when the ledger has changed.
    async fn settle_touched(
        &mut self,
        desk: &LedgerPicture,
        touched: &Touched,
    ) -> Result<bool, Stop> {
        let mut changed = false;
        for entry in &desk.entries {
            if touched.is_blind_to(entry) {
                continue;
            }
            let Some(target) = entry.target(&desk.users) else {
                continue;
            };
            let Some(there) = touched.users.get(&target) else {
                continue;
            };
            if there.directory.is_none() && entry.state.needs_settling() {
                self.settle_without_user(entry).await?;
                changed = true;
                continue;
            }
            let Some(theirs) = there.theirs_of(entry) else {
                continue;
            };
            if entry.state.needs_settling() {
                self.settle_unknown(entry, &theirs).await?;
                changed = true;
            } else if let Some(step) = decide(entry, &theirs, self.settings.clock.now()) {
                self.take(entry, step).await?;
                changed = true;
            }
        }
        if changed {
            self.journal.tell(RunEvent::LedgerChanged).await;
        }
        Ok(changed)
    }

    /// A request was under way for somebody who is gone from the tenant: what it released is noted, and the entry waits for a person.
    async fn settle_without_user(&mut self, entry: &Entry) -> Result<(), Stop> {
        if self.is_released(entry).await {
            self.guard(entry.tenant).await?;
            let stamp = self.stamp();
            self.store.ledger.released(entry.id, stamp).await?;
        }
        let cause = words::GONE.to_owned();
        let text = format!(
            "{}: {cause}; what was released is given back so: {}",
            entry.name,
            words::GIVE_BACK
        );
        self.journal.warning(Source::Write, text).await;
        let state = EntryState::Rejected {
            cause,
            raw: String::new(),
            hint: format!(
                "a number that was released goes back to whoever had it: {}",
                words::GIVE_BACK
            ),
        };
        self.mark(entry, state).await
    }

    /// An outcome that is not known: asked of the operation where there is one, then read. Never sent again blindly.
    async fn settle_unknown(&mut self, entry: &Entry, theirs: &Value) -> Result<(), Stop> {
        if *theirs == entry.wanted {
            return self.close_entry(entry, Closing::Confirmed).await;
        }
        if let EntryState::Accepted { step, operation } = &entry.state {
            let (step, operation) = (*step, operation.clone());
            return self.resume(entry, step, &operation).await;
        }
        let released = matches!(
            entry.state,
            EntryState::InFlight {
                step: Step::Release,
                ..
            } | EntryState::Unknown {
                step: Step::Release
            }
        );
        let aside = released && (entry.takes_from.is_some() || entry.field().is_licence());
        if released && (theirs.is_blank() && !aside) || aside && self.is_released(entry).await {
            self.guard(entry.tenant).await?;
            let stamp = self.stamp();
            self.store.ledger.released(entry.id, stamp).await?;
            return Ok(());
        }
        let state = if *theirs == entry.base && self.reads_again(entry, theirs).await {
            self.guard(entry.tenant).await?;
            let text = format!(
                "{}: the earlier attempt left nothing in the tenant; it is queued again",
                entry.name
            );
            self.journal.warning(Source::Write, text).await;
            EntryState::Queued
        } else if *theirs == entry.base {
            return Ok(());
        } else {
            EntryState::Conflict {
                theirs: theirs.clone(),
            }
        };
        let stamp = self.stamp();
        self.store
            .ledger
            .set_states(vec![(entry.id, state)], stamp)
            .await?;
        Ok(())
    }

    /// Whether the number that an entry takes from somebody else, or silences, has left its holder.
    async fn is_released(&self, entry: &Entry) -> bool {
        let (number, holder) = match (&entry.takes_from, &entry.silences) {
            (Some(giver), _) => (entry.wanted.number(), Some(giver.id)),
            (None, silenced) => (silenced.as_ref(), entry.directory_id),
        };
        match (number, holder) {
            (Some(number), Some(holder)) => self.is_free(number, holder).await == Some(true),
            _ => false,
        }
    }

    /// Whether a second reading, a little later, shows the same: one reading alone may lag behind what has just taken effect.
    async fn reads_again(&self, entry: &Entry, theirs: &Value) -> bool {
        let Some(target) = entry.directory_id else {
            return true;
        };
        tokio::time::sleep(self.settings.pace.wait(Duration::from_secs(2))).await;
        match self.read_touched_user(target, entry.tenant).await {
            Ok(again) => again.theirs_of(entry).as_ref() == Some(theirs),
            Err(_) => false,
        }
    }

    /// Carries out one decision of the merge.
    pub(super) async fn take(&mut self, entry: &Entry, step: MergeStep) -> Result<(), Stop> {
        let stamp = self.stamp();
        match step {
            MergeStep::TakeOver(_) => {}
            MergeStep::Close(_, closing) => return self.close_entry(entry, closing).await,
            MergeStep::Conflict(_, theirs) => {
                let text = format!(
                    "{}: {} is in conflict: it was {}, the tenant has {} now, and {} was entered here",
                    entry.name,
                    entry.field().as_str(),
                    entry.base.shown(),
                    theirs.shown(),
                    entry.wanted.shown()
                );
                self.journal.warning(Source::Match, text).await;
                self.store
                    .ledger
                    .turn(entry.clone(), EntryState::Conflict { theirs }, stamp)
                    .await?;
            }
            MergeStep::Requeue(_) => {
                self.store
                    .ledger
                    .turn(entry.clone(), EntryState::Queued, stamp)
                    .await?;
            }
            MergeStep::Overdue(_) => {
                let text = format!(
                    "{}: {} was accepted but is not visible in time",
                    entry.name,
                    entry.wanted.shown()
                );
                self.journal.warning(Source::Write, text).await;
                let step = super::push::step_of(entry);
                self.store
                    .ledger
                    .turn(entry.clone(), EntryState::Unknown { step }, stamp)
                    .await?;
            }
        }
        Ok(())
    }

    pub(super) async fn close_entry(
        &mut self,
        entry: &Entry,
        closing: Closing,
    ) -> Result<(), Stop> {
        let stamp = self.stamp();
        match self.store.ledger.close(entry.id, closing, stamp).await {
            // Somebody has dropped or replaced it meanwhile: then there is nothing to close.
            Err(StoreError::NoSuchEntry(_)) => return Ok(()),
            closed => closed?,
        }
        let text = match closing {
            Closing::Confirmed => {
                self.summary.written += 1;
                format!(
                    "{}: {} {} is confirmed in the tenant",
                    entry.name,
                    entry.field().as_str(),
                    entry.wanted.shown()
                )
            }
            Closing::AlreadyThere => {
                format!(
                    "{}: the tenant has {} already; nothing to write",
                    entry.name,
                    entry.wanted.shown()
                )
            }
            Closing::TheirsTaken | Closing::Dropped => format!("{}: dropped", entry.name),
        };
        self.journal.info(Source::Write, text).await;
        Ok(())
    }
}

/// `1 change`, `3 changes`.
pub(super) fn changes(n: usize) -> String {
    if n == 1 {
        "1 change".to_owned()
    } else {
        format!("{n} changes")
    }
}

/// The version of the plan table, kept with a snapshot: another one means that the classes have to be worked out anew.
pub(super) const TABLE_VERSION: u32 = plan_ids::TABLE_VERSION;
