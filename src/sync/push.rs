//! Writes the plan: all releases, then usage locations, then assignments; each marked in flight before its first byte, each
//! value read again just before it is written, each outcome read back.

use std::collections::HashSet;

use crate::domain::allowing::successor;
use crate::domain::directory::Tenant;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Entry, EntryId, EntryState, Step};
use crate::domain::phone::PhoneNumber;
use crate::domain::refusal::{Refusal, diagnose_change};
use crate::domain::run::{Counted, Phase, Progress, RunEvent, Source};
use crate::domain::user::Value;
use crate::domain::words;
use crate::domain::writeplan::{PlanItem, WritePlan};
use crate::graph::error::GraphError;

use crate::store::error::StoreError;

use super::halves::Done;
use super::readback::Sent;
use super::touch::changes;
use super::{Person, Run, Stop, failed, failure_of};

/// The request that an entry comes down to.
pub(super) fn step_of(entry: &Entry) -> Step {
    match &entry.wanted {
        Value::Number(None) => Step::Release,
        Value::Number(Some(_)) => Step::Assign,
        Value::Country(_) | Value::Added(_) => Step::Patch,
        Value::Plan { .. } | Value::Licence { .. } => Step::Licence,
    }
}

/// Why one item went no further. The others go on: one person's fault must not leave another without a number.
#[derive(Debug)]
pub(super) enum Skip {
    /// Somebody held back, dropped or edited the entry in the meantime, or its end is known and told already.
    Settled,
    /// It could not be sent: it stays queued.
    Trouble(Failure),
    /// It was sent and certainly not carried out: it stays queued, and may be tried again from its beginning.
    Stayed(GraphError),
}

impl From<StoreError> for Skip {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NoSuchEntry(_) | StoreError::NotQueued(_) => Self::Settled,
            other => Self::Trouble(other.failure()),
        }
    }
}

impl From<Stop> for Skip {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Failed(failure) => Self::Trouble(failure),
            Stop::Cancelled => Self::Settled,
        }
    }
}

/// What was tried of an item.
#[derive(Debug, Default)]
struct Tries {
    /// How many times it was refused for now.
    refused: u32,
    /// Whether somebody was waited for to sign in.
    signed_in: bool,
}

/// What a failure says was tried.
const WRITING: &str = "Writing a change";

/// An item with its entry.
#[derive(Debug)]
pub(super) struct Work {
    pub(super) item: PlanItem,
    pub(super) entry: Entry,
}

impl Work {
    /// The number that it takes away before anything is given.
    pub(super) fn releases(&self) -> Option<&PhoneNumber> {
        self.item.releases.as_ref()
    }

    pub(super) fn wants(&self) -> Option<&PhoneNumber> {
        self.item.new.number()
    }
}

impl Run<'_> {
    /// Writes the chosen items of a plan: releases, places, then assignments. Once a number has been released, its item is finished
    /// whatever happens to the others and whoever cancels.
    pub(super) async fn push(
        &mut self,
        tenant: &Tenant,
        plan: WritePlan,
        chosen: &[EntryId],
    ) -> Result<(), Stop> {
        let chosen: HashSet<EntryId> = chosen.iter().copied().collect();
        self.check_limit(&plan, &chosen)?;
        let chosen = self.with_ticket(&plan, chosen).await?;
        for left in plan
            .left_out
            .iter()
            .filter(|left| chosen.contains(&left.entry))
        {
            let text = format!("{}: not written: {}", left.name, left.why);
            self.journal.warning(Source::Plan, text).await;
        }
        let desk = self.store.ledger.load().await?;
        let work: Vec<Work> = plan
            .items
            .into_iter()
            .filter(|item| chosen.contains(&item.entry))
            .filter_map(|item| {
                let entry = desk
                    .entries
                    .iter()
                    .find(|entry| entry.id == item.entry)?
                    .clone();
                Some(Work { item, entry })
            })
            .collect();
        let text = format!("Writing {} to {}", changes(work.len()), tenant.name);
        self.journal.info(Source::Write, text).await;
        self.journal.phase(Phase::Write).await;
        let mut done = Done::default();
        for n in release_order(&work) {
            if self.cancel.is_cancelled() {
                break;
            }
            let mut tries = Tries::default();
            let result = loop {
                let result = self.release(&work, n, &mut done).await;
                if !self.is_tried_again(&work[n], &result, &mut tries).await {
                    break result;
                }
            };
            self.note(&work[n], result, &mut done).await;
        }
        for (n, one) in (1..).zip(&work) {
            let progress = Progress {
                what: Counted::Changes,
                pages: 0,
                users: n,
                of: Some(work.len() as u64),
            };
            self.journal.progress(progress).await;
            let stops_here = self.cancel.is_cancelled() && !done.released.contains(&one.entry.id);
            if stops_here || done.out.contains(&one.entry.id) {
                continue;
            }
            let waits_in_vain = one.wants().is_some()
                && work.iter().any(|other| {
                    other.entry.field().is_licence()
                        && other.item.target == one.item.target
                        && done.out.contains(&other.entry.id)
                });
            let result = if waits_in_vain {
                Err(Skip::Trouble(Failure::new(
                    FailureKind::Other,
                    "the repair of the licence before it was not carried out",
                    "",
                    "It stays queued.",
                )))
            } else {
                let mut tries = Tries::default();
                loop {
                    let given = Box::pin(self.give(&work, one)).await;
                    if !self.is_tried_again(one, &given, &mut tries).await {
                        break given;
                    }
                }
            };
            self.note(one, result, &mut done).await;
        }
        self.waits.owe_nothing(self.cancel);
        self.count_released(&work, &done).await?;
        self.journal.tell(RunEvent::LedgerChanged).await;
        let items: Vec<PlanItem> = work.into_iter().map(|one| one.item).collect();
        self.refresh_rows(tenant, &desk, &items).await;
        if let Some(foreign) = self.foreign.clone() {
            done.failure.get_or_insert(foreign);
        } else {
            self.admit_ready().await?;
        }
        self.journal.tell(RunEvent::LedgerChanged).await;
        match done.told(self.summary.written) {
            Some(failure) => Err(Stop::Failed(failure)),
            None => self.check_cancelled(),
        }
    }

    /// Whether an item is tried again from its beginning, with all that it rests on read anew: what was refused for now, after
    /// the wait that was asked for; or what lacks a sign-in, where somebody is there to bring one: the comparison of the tenants
    /// waits for that, once only, since who has signed in and is refused has an answer.
    async fn is_tried_again(
        &mut self,
        one: &Work,
        result: &Result<(), Skip>,
        tries: &mut Tries,
    ) -> bool {
        let kind = match result {
            Err(Skip::Stayed(error)) => {
                tries.refused += 1;
                let request = format!("{} for {}", step_of(&one.entry).as_str(), one.entry.name);
                if self
                    .client
                    .may_ask_again(error, tries.refused, request)
                    .await
                {
                    return true;
                }
                failure_of(error, WRITING).kind
            }
            Err(Skip::Trouble(failure)) => failure.kind,
            Err(Skip::Settled) | Ok(()) => return false,
        };
        let is_there = matches!(&self.settings.person, Person::There(gone) if !gone.is_cancelled());
        is_there
            && !self.cancel.is_cancelled()
            && kind == FailureKind::SignIn
            && !std::mem::replace(&mut tries.signed_in, true)
    }

    /// Leaves out what has no ticket where the tenant wants one. The last gate of all ways to write: console, command, kept plan.
    async fn with_ticket(
        &mut self,
        plan: &WritePlan,
        mut chosen: HashSet<EntryId>,
    ) -> Result<HashSet<EntryId>, Stop> {
        if !self.settings.require_ticket {
            return Ok(chosen);
        }
        let tickets = self.store.ledger.tickets().await?;
        for item in &plan.items {
            let noted = tickets.iter().any(|(entry, _)| *entry == item.entry);
            if !noted && chosen.remove(&item.entry) {
                let text = format!(
                    "{}: not written: it has no ticket, and this tenant wants one",
                    item.name
                );
                self.journal.warning(Source::Plan, text).await;
            }
        }
        Ok(chosen)
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
                "{} something away, the limit is {}",
                if taking == 1 {
                    "1 change takes".to_owned()
                } else {
                    format!("{taking} changes take")
                },
                plan.limit
            ),
            "",
            "Nothing was written. Apply fewer at a time, or confirm with the tenant's name in the console.",
        )))
    }

    /// Tells how an item went no further, and keeps the first failure for the end of the run.
    async fn note(&mut self, one: &Work, result: Result<(), Skip>, done: &mut Done) {
        let Err(skip) = result else { return };
        done.out.insert(one.entry.id);
        let failure = match skip {
            Skip::Trouble(failure) => failure,
            Skip::Stayed(error) => failure_of(&error, WRITING),
            Skip::Settled => return self.told_of_a_release(one, done).await,
        };
        let mut text = format!("{}: not written: {}", one.entry.name, failure.headline);
        let released_now = one.releases().filter(|_| {
            let more = one.wants().is_some() || one.entry.field().is_licence();
            done.released.contains(&one.entry.id) && more
        });
        if let Some(old) = released_now.or(one.entry.owed()) {
            done.lost
                .push(format!("{} of {}", old.spaced(), one.entry.loser()));
            text = format!("{text}; {}", words::is_released(old));
        }
        self.journal.error(Source::Write, text).await;
        done.failure.get_or_insert(failure);
    }

    /// Takes the old number away, if the new one can be had.
    async fn release(&mut self, work: &[Work], n: usize, done: &mut Done) -> Result<(), Skip> {
        let one = &work[n];
        let loser = one.item.loser();
        let Some(old) = one.releases() else {
            return Ok(());
        };
        if one.entry.field().is_licence() {
            // A licence that cannot be changed must not cost a number first.
            self.licence_can_be_written(one).await?;
        }
        if let Some(wanted) = one.wants() {
            let text = || {
                format!(
                    "{}: is {} to be had, before {} is released?",
                    one.entry.name,
                    wanted.spaced(),
                    old.spaced()
                )
            };
            self.journal.debug(Source::Write, text).await;
            match &one.item.from {
                Some(_) => self.successor_is_ready(one).await?,
                None => self.can_be_had(work, one, wanted, done).await?,
            }
        }
        let record = self
            .client
            .number(old)
            .await
            .map_err(|e| failed(&e, "Reading a number before its release"))?;
        let Some(record) = record.filter(|record| record.holder() == Some(loser)) else {
            return Ok(()); // Somebody released it in the meantime: that is what was wanted.
        };
        if one.wants().is_some() || one.entry.field().is_licence() {
            self.waits.owe();
        }
        self.start(&one.entry, Step::Release).await?;
        let sent = match self.client.unassign_number(old, record.kind).await {
            Ok(operation) => self.follow(&one.entry, Step::Release, &operation).await?,
            Err(error) => sent_of(error),
        };
        match sent {
            Sent::Refused(refusal) => {
                self.reject(one, &refusal, None).await?;
                return Err(Skip::Settled);
            }
            Sent::Stayed(error) => {
                self.mark(&one.entry, EntryState::Queued).await?;
                return Err(Skip::Stayed(error));
            }
            Sent::Running => return Err(Skip::Settled),
            // Done by its own word, or nobody knows: the inventory decides.
            Sent::Done | Sent::Unknown(_) => {}
        }
        if !self.settles(|run| run.is_free(old, loser)).await {
            self.unknown(&one.entry, Step::Release, "the tenant still lists it")
                .await?;
            return Err(Skip::Settled);
        }
        let text = format!("{}: {} released", one.entry.name, old.spaced());
        self.journal.info(Source::Write, text).await;
        done.released.insert(one.entry.id);
        if one.wants().is_some() || one.entry.field().is_licence() {
            let stamp = self.stamp();
            self.store.ledger.released(one.entry.id, stamp).await?;
        }
        Ok(())
    }

    /// Whether the one who gets a moved number can hold it, read just before the other loses it.
    async fn successor_is_ready(&mut self, one: &Work) -> Result<(), Skip> {
        let touched = self
            .read_touched_user(one.item.target, one.entry.tenant)
            .await
            .map_err(|e| failed(&e, "Reading the successor of a number"))?;
        let Err(why) = successor(&touched) else {
            return Ok(());
        };
        Err(Skip::Trouble(Failure::new(
            FailureKind::Other,
            format!("{why}; nothing was released"),
            "",
            "The move stays queued.",
        )))
    }

    /// Whether the wanted number is free, or will be: held by an item of this push that has released it or is still to do so.
    async fn can_be_had(
        &mut self,
        work: &[Work],
        one: &Work,
        wanted: &PhoneNumber,
        done: &Done,
    ) -> Result<(), Skip> {
        let record = self
            .client
            .number(wanted)
            .await
            .map_err(|e| failed(&e, "Reading the number to be given"))?;
        let Some(holder) = record
            .and_then(|record| record.holder())
            .filter(|holder| *holder != one.item.target)
        else {
            return Ok(());
        };
        let gives = |other: &&Work| other.item.target == holder && other.releases() == Some(wanted);
        if work
            .iter()
            .find(gives)
            .is_some_and(|other| !done.out.contains(&other.entry.id))
        {
            return Ok(());
        }
        let name = self.name_of(holder).await;
        let headline = format!(
            "{} is held by {name}; nothing was released",
            wanted.spaced()
        );
        Err(Skip::Trouble(Failure::new(
            FailureKind::Other,
            headline,
            "",
            "It stays queued.",
        )))
    }

    /// In flight, on disk, before the first byte; only from the queue.
    pub(super) async fn start(&mut self, entry: &Entry, step: Step) -> Result<(), Skip> {
        self.guard(entry.tenant).await?;
        let stamp = self.stamp();
        self.store.ledger.start(entry.id, step, stamp).await?;
        self.journal.tell(RunEvent::LedgerChanged).await;
        Ok(())
    }

    pub(super) async fn name_of(&self, id: ObjectId) -> String {
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
        self.mark(entry, EntryState::Unknown { step }).await
    }

    pub(super) async fn reject(
        &mut self,
        one: &Work,
        refusal: &Refusal,
        holder: Option<&str>,
    ) -> Result<(), Stop> {
        let (entry, item) = (&one.entry, &one.item);
        let touched = self
            .read_touched_user(item.target, entry.tenant)
            .await
            .unwrap_or_default();
        let diagnosis = diagnose_change(
            refusal,
            touched.facts().as_ref(),
            holder,
            Some(&entry.wanted),
        );
        let (mut hint, mut silent) = (diagnosis.hint, String::new());
        let more = one.wants().is_some() || entry.field().is_licence();
        let old = one.releases().or(entry.released.as_ref());
        if let Some(old) = old.filter(|_| more)
            && self.nobody_holds(old).await
        {
            let whom = item
                .from
                .as_ref()
                .map(|giver| format!(" to {}", giver.name));
            hint = format!(
                "{hint}; {} has been released and rings nowhere: {}{}",
                old.spaced(),
                words::GIVE_BACK,
                whom.unwrap_or_default()
            );
            silent = format!("; {} is released and rings nowhere", old.spaced());
        }
        let text = format!(
            "{}: {} to {} was refused: {}{silent}",
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

/// Items in an order in which whoever holds a wanted number releases it first; a circle begins anywhere.
fn release_order(work: &[Work]) -> Vec<usize> {
    fn visit(work: &[Work], n: usize, seen: &mut [bool], order: &mut Vec<usize>) {
        if std::mem::replace(&mut seen[n], true) {
            return;
        }
        if let Some(wanted) = work[n].wants()
            && let Some(holder) = work
                .iter()
                .position(|other| other.releases() == Some(wanted))
        {
            visit(work, holder, seen, order);
        }
        order.push(n);
    }
    let (mut seen, mut order) = (vec![false; work.len()], Vec::with_capacity(work.len()));
    for n in 0..work.len() {
        visit(work, n, &mut seen, &mut order);
    }
    order
}

/// Sorts a failed request: refused for certain, certainly not carried out, or nobody knows.
pub(super) fn sent_of(error: GraphError) -> Sent {
    if error.outcome_unknown() {
        return Sent::Unknown(error.to_string());
    }
    let retry_later = matches!(
        error,
        GraphError::Throttled { .. }
            | GraphError::Unauthorized { .. }
            | GraphError::Forbidden { .. }
    ) || matches!(error, GraphError::Conflict { .. }) && error.is_retryable();
    match error.refusal().filter(|_| !retry_later) {
        Some(refusal) => Sent::Refused(refusal),
        None => Sent::Stayed(error),
    }
}
