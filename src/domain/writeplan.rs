//! What a run is going to write, decided before anything is sent: pure, from the outbox and what was just read.

use jiff::{SignedDuration, Timestamp};

use super::guid::{ObjectId, TenantId};
use super::outbox::{Entry, EntryId, Giver};
use super::phone::PhoneNumber;
use super::user::Value;

/// The least time from the writing of a number to where it counts as written: it is read back twice, so many seconds apart.
const SECONDS_BACK: usize = 2;

/// One change of the plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanItem {
    /// The entry.
    pub entry: EntryId,
    /// Whose it is, by name.
    pub name: String,
    /// The directory user that it is written to.
    pub target: ObjectId,
    /// From whom the number is taken, when it is moved.
    pub from: Option<Giver>,
    /// What the tenant has now.
    pub old: Value,
    /// What it will have.
    pub new: Value,
    /// What the engineer should know of it: `free`, `held by Pat Old`, `may take an hour`.
    pub note: String,
    /// Whether it counts towards the mass-change limit.
    pub takes_away: bool,
    /// The number that it takes away.
    pub releases: Option<PhoneNumber>,
}

/// A queued change that the plan does not write, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The entry.
    pub entry: EntryId,
    /// Whose it is, by name.
    pub name: String,
    /// What would have been written.
    pub new: Value,
    /// Why not.
    pub why: String,
}

/// The plan of one tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WritePlan {
    /// The tenant that it belongs to.
    pub tenant: TenantId,
    /// Its name.
    pub tenant_name: String,
    /// When what it touches was read.
    pub read_at: Timestamp,
    /// What would be written, in order.
    pub items: Vec<PlanItem>,
    /// What would not, and why.
    pub left_out: Vec<LeftOut>,
    /// How many changes that take something away may go without the tenant's name being typed.
    pub limit: usize,
}

impl WritePlan {
    /// How many items of those chosen take something away.
    pub fn taking_away(&self, chosen: impl Fn(EntryId) -> bool) -> usize {
        self.items
            .iter()
            .filter(|item| item.takes_away && chosen(item.entry))
            .count()
    }

    /// The mass-change limit for a tenant with that many configured users: the larger of 5 and a tenth.
    pub fn limit_for(users: usize) -> usize {
        (users / 10).max(5)
    }

    /// The beginning of the time for which the limit holds: half an hour, so that many small steps are not each below it.
    pub fn limit_since(now: Timestamp) -> Timestamp {
        now.checked_sub(SignedDuration::from_mins(30))
            .unwrap_or(Timestamp::MIN)
    }

    fn chosen(&self, is: impl Fn(EntryId) -> bool) -> Vec<&PlanItem> {
        self.items.iter().filter(|item| is(item.entry)).collect()
    }

    /// Numbers that nobody will answer when the chosen items are written: released by one, and given to nobody by another.
    pub fn silenced(&self, chosen: impl Fn(EntryId) -> bool) -> Vec<PhoneNumber> {
        let chosen = self.chosen(chosen);
        let is_given = |number: &PhoneNumber| {
            chosen
                .iter()
                .any(|item| item.new == Value::Number(Some(number.clone())))
        };
        chosen
            .iter()
            .filter_map(|item| item.releases.clone())
            .filter(|number| !is_given(number))
            .collect()
    }

    /// Numbers that the chosen items take from one person and give to another: all are released before the first is assigned, and
    /// until then each of them rings nowhere. Empty where nothing is handed over.
    pub fn between(&self, chosen: impl Fn(EntryId) -> bool) -> Vec<PhoneNumber> {
        let chosen = self.chosen(chosen);
        let mut numbers: Vec<PhoneNumber> = chosen
            .iter()
            .filter_map(|item| item.releases.clone())
            .filter(|number| chosen.iter().any(|item| item.new.number() == Some(number)))
            .collect();
        numbers.dedup();
        numbers
    }

    /// What is to be known of [`Self::between`], in a sentence: who calls in the gap reaches nobody.
    pub fn gap(&self, chosen: impl Fn(EntryId) -> bool) -> Option<String> {
        let numbers = self.between(&chosen);
        let shown: Vec<String> = numbers.iter().map(PhoneNumber::spaced).collect();
        let (last, first) = shown.split_last()?;
        let numbers = match first {
            [] => last.clone(),
            [one] => format!("{one} and {last}"),
            [one, two] => format!("{one}, {two} and {last}"),
            many => format!("{} numbers", many.len() + 1),
        };
        let is_given = |item: &&PlanItem| chosen(item.entry) && item.new.number().is_some();
        let given = self.items.iter().filter(is_given).count();
        // The last one waits until those before it have been read back.
        let seconds = match SECONDS_BACK * given.saturating_sub(1) {
            0 => "some seconds".to_owned(),
            seconds => format!("{seconds} seconds at the least"),
        };
        let ring = if first.is_empty() { "rings" } else { "ring" };
        Some(format!(
            "{numbers} {ring} nowhere between release and assignment: {seconds}, minutes where Teams is slow"
        ))
    }

    /// How many changes take something away, and from how many on the tenant's name is asked for.
    pub fn limit_words(&self, takes: usize) -> String {
        let limit = self.limit;
        match takes {
            0 => "nothing is taken away".to_owned(),
            takes if takes > limit => format!(
                "{takes} changes take something away, more than {limit}: the tenant's name is typed"
            ),
            1 => format!(
                "1 change takes something away; more than {limit} would ask for the tenant's name"
            ),
            takes => format!(
                "{takes} changes take something away; more than {limit} would ask for the tenant's name"
            ),
        }
    }

    /// How many of its changes are chosen: `1 change`, `7 of 9 changes`.
    pub fn chosen_words(&self, chosen: usize) -> String {
        match (chosen, self.items.len() + self.left_out.len()) {
            (1, 1) => "1 change".to_owned(),
            (chosen, all) if chosen == all => format!("{all} changes"),
            (chosen, 1) => format!("{chosen} of 1 change"),
            (chosen, all) => format!("{chosen} of {all} changes"),
        }
    }

    /// Whether anything would be written.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// Whether the entry is among those that would be written.
    pub fn has(&self, entry: EntryId) -> bool {
        self.items.iter().any(|item| item.entry == entry)
    }
}

impl PlanItem {
    /// Who holds the number that it takes away.
    pub fn loser(&self) -> ObjectId {
        self.from.as_ref().map_or(self.target, |giver| giver.id)
    }
}

/// Order of writing: releases first, then places, then licences, then assignments, each in the order in which they were queued.
pub fn in_writing_order(entries: &mut [&Entry]) {
    entries.sort_by_key(|entry| match &entry.wanted {
        Value::Number(None) => (0, entry.id),
        Value::Country(_) => (1, entry.id),
        Value::Plan { .. } | Value::Licence { .. } => (2, entry.id),
        Value::Number(Some(_)) => (3, entry.id),
        Value::Added(_) => (4, entry.id),
    });
}
