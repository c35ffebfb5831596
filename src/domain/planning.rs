//! Decides what a run writes: pure, from the outbox and from what was just read of everything that it touches.
//!
//! Whatever is not certain to be right stays queued and says why; nothing is left out silently.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::allowing::{licence, moving, number_note};
use super::directory::{DirectoryUser, GroupFilter, Licence, Sku, TeamsUser, TenantNumber};
use super::gate::Facts;
use super::guid::{ObjectId, TenantId};
use super::mending;
use super::merge::Theirs;
use super::outbox::{Entry, EntryState};
use super::phone::PhoneNumber;
use super::plan_ids::PlanClass;
use super::text::Label;
use super::user::{Field, LicenseStatus, User, UserId, Value};
use super::words;
use super::writeplan::{LeftOut, PlanItem, WritePlan, in_writing_order};

/// What was just read of one directory user.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TouchedUser {
    /// The user; `None` when it is not in the tenant any more.
    pub directory: Option<DirectoryUser>,
    /// Teams' view.
    pub teams: Option<TeamsUser>,
    /// The numbers that it holds.
    pub numbers: Vec<TenantNumber>,
}

impl TouchedUser {
    /// The gates' view of it; a write does not ask for the group.
    pub fn facts(&self) -> Option<Facts<'_>> {
        const OFF: &GroupFilter = &GroupFilter::Off;
        let user = self.directory.as_ref()?;
        Some(Facts {
            user,
            group: OFF,
            teams: self.teams.as_ref(),
            numbers: Some(&self.numbers),
        })
    }

    /// The licences, unless they could not be read whole.
    pub(super) fn licences(&self) -> Option<&[Licence]> {
        let user = self.directory.as_ref()?;
        let flawed = user.flaw.as_deref().is_some_and(|flaw| {
            flaw.contains("assignedLicenses") || flaw.contains("licenseAssignmentStates")
        });
        (!flawed).then_some(user.licences.as_slice())
    }

    /// The value that the tenant has now of what an entry is about. Who only loses a number is asked about that number, whichever else
    /// may be there.
    pub fn theirs_of(&self, entry: &Entry) -> Option<Value> {
        self.directory.as_ref()?;
        if entry.only_releases() {
            let holds = self
                .numbers
                .iter()
                .any(|record| Some(&record.number) == entry.base.number());
            return Some(if holds {
                entry.base.clone()
            } else {
                Value::Number(None)
            });
        }
        self.theirs().of(entry.field())
    }

    /// The values that the tenant has now.
    pub fn theirs(&self) -> Theirs {
        match self.facts() {
            Some(facts) => Theirs {
                number: Some(Value::Number(facts.number())),
                country: Some(Value::Country(facts.user.location)),
                licences: self.licences().map(<[Licence]>::to_vec),
                candidate: None,
            },
            None => Theirs::default(),
        }
    }
}

/// What was just read of all that the queued changes touch.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Touched {
    /// Directory users, by id.
    pub users: HashMap<ObjectId, TouchedUser>,
    /// Numbers that are wanted: their record in the inventory, if there is one.
    pub numbers: HashMap<PhoneNumber, Option<TenantNumber>>,
    /// Names of those who hold them.
    pub names: HashMap<ObjectId, String>,
    /// The tenant's products, when a licence is to be changed.
    pub skus: Vec<Sku>,
    /// Whether the tenant's cloud has no Teams administration API: then nothing is known of numbers, and none can be written.
    pub without_teams: bool,
}

impl Touched {
    /// Whether an entry cannot be looked at, since its numbers cannot be read in this cloud.
    pub fn is_blind_to(&self, entry: &Entry) -> bool {
        self.without_teams && !matches!(entry.field(), Field::Country | Field::Added)
    }
}

/// What may be written to a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Allowed {
    /// Numbers.
    pub numbers: bool,
    /// Usage locations.
    pub location: bool,
    /// Licences of Microsoft.
    pub licences: bool,
}

impl Allowed {
    /// Whether this kind of change may be written; if not, the word of the setting.
    fn check(self, field: Field) -> Result<(), &'static str> {
        let (allowed, word) = match field {
            Field::Number => (self.numbers, "numbers"),
            Field::Country => (self.location, "location"),
            Field::Plan { .. } | Field::Licence(_) => (self.licences, "licences"),
            // Nothing of the tenant is written by it.
            Field::Added => (true, ""),
        };
        if allowed { Ok(()) } else { Err(word) }
    }
}

/// All that the plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct PlanInput<'a> {
    /// The tenant.
    pub tenant: TenantId,
    /// Its name.
    pub tenant_name: &'a str,
    /// When `touched` was read.
    pub read_at: Timestamp,
    /// Configured users.
    pub users: &'a [User],
    /// Their status, in the same order.
    pub statuses: &'a [LicenseStatus],
    /// The outbox.
    pub entries: &'a [Entry],
    /// What was just read.
    pub touched: &'a Touched,
    /// What may be written.
    pub allowed: Allowed,
}

/// Makes the plan.
pub fn plan(input: &PlanInput<'_>) -> WritePlan {
    let mut out = WritePlan {
        tenant: input.tenant,
        tenant_name: input.tenant_name.to_owned(),
        read_at: input.read_at,
        items: Vec::new(),
        left_out: Vec::new(),
        limit: WritePlan::limit_for(input.users.len()),
    };
    let mut entries: Vec<&Entry> = input.entries.iter().collect();
    in_writing_order(&mut entries);
    let (mut ours, mut freed) = (Ours::default(), HashSet::new());
    for entry in &entries {
        if let Ok(target) = writable(input, entry) {
            freed.extend(frees(input, entry, target));
            ours.add(entry, target);
        }
    }
    // A change frees its old number for others, and a repair opens the way for a number, only if it is written itself; so both sets
    // shrink until they hold.
    loop {
        let (mut still, mut kept) = (HashSet::new(), Ours::default());
        for entry in &entries {
            let made = writable(input, entry)
                .and_then(|target| item(input, entry, target, (&freed, &ours)));
            if let Ok(item) = made {
                still.extend(frees(input, entry, item.target));
                kept.add(entry, item.target);
            }
        }
        if still == freed && kept == ours {
            break;
        }
        (freed, ours) = (still, kept);
    }
    for entry in entries {
        let made =
            writable(input, entry).and_then(|target| item(input, entry, target, (&freed, &ours)));
        match made {
            Ok(item) => out.items.push(item),
            Err(why) => {
                out.left_out.push(LeftOut {
                    entry: entry.id,
                    name: called(input, entry),
                    new: entry.wanted.clone(),
                    why,
                });
            }
        }
    }
    out
}

/// The changes of licences that this plan writes, by user.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Ours(HashMap<ObjectId, Vec<Value>>);

impl Ours {
    fn add(&mut self, entry: &Entry, target: ObjectId) {
        if entry.field().is_licence() {
            self.0.entry(target).or_default().push(entry.wanted.clone());
        }
    }

    /// The changes of a user's licences, with one that is being looked at.
    pub(super) fn with<'a>(&'a self, target: ObjectId, wanted: &'a Value) -> Vec<&'a Value> {
        let others = self.0.get(&target).into_iter().flatten();
        others
            .filter(|other| *other != wanted)
            .chain([wanted])
            .collect()
    }

    /// Whether this plan takes the user's last Calling Plan away.
    pub(super) fn clear_calling(
        &self,
        target: ObjectId,
        user: &DirectoryUser,
        skus: &[Sku],
    ) -> bool {
        mending::clears_calling(&self.of(target), user, skus)
    }

    fn of(&self, target: ObjectId) -> Vec<&Value> {
        self.0.get(&target).into_iter().flatten().collect()
    }

    /// That this plan leaves somebody able to hold a number: it would take the old one away first, and the new one would be refused.
    fn leave_able(&self, target: ObjectId, facts: &Facts<'_>, skus: &[Sku]) -> Result<(), String> {
        let class = if facts.is_resource() {
            PlanClass::Resource
        } else {
            PlanClass::Phone
        };
        match mending::spoils(class, &self.of(target), facts.user, skus) {
            None => Ok(()),
            Some(what) => Err(format!(
                "a queued licence change of the same user {what}: undo one of the two"
            )),
        }
    }
}

/// The number that an entry takes away from somebody, when it does.
fn frees(input: &PlanInput<'_>, entry: &Entry, target: ObjectId) -> Option<PhoneNumber> {
    match (&entry.wanted, &entry.takes_from) {
        (Value::Number(wanted), Some(_)) => wanted.clone(),
        (Value::Number(wanted), None) => match current(input, target, entry) {
            Value::Number(Some(old)) if wanted.as_ref() != Some(&old) => Some(old),
            _ => None,
        },
        _ => None,
    }
}

/// Why a queued change would not be written now, as far as that can be told without the tenant.
pub fn held_back(
    entry: &Entry,
    entries: &[Entry],
    users: &[User],
    statuses: &[LicenseStatus],
) -> Option<String> {
    let of = |id| find(users, id).and_then(|(n, user)| Some((user, *statuses.get(n)?)));
    held_back_for(entry, entries, of)
}

/// The same, where whoever asks finds a user and its status in a list of its own.
pub fn held_back_for<'a>(
    entry: &Entry,
    entries: &[Entry],
    user: impl Fn(UserId) -> Option<(&'a User, LicenseStatus)>,
) -> Option<String> {
    if entry.state != EntryState::Queued {
        return None;
    }
    if entry.field() == Field::Added {
        return Some(WAITS_FOR_GATES.to_owned());
    }
    if let Some(number) = entry.wanted.number()
        && let Some(first) = asked_before(entries, entry)
    {
        return Some(promised(number, first));
    }
    let (user, status) = user(entry.user?)?;
    match status {
        LicenseStatus::Unlicensed(cause) => Some(format!("Unlicensed: {cause}")),
        LicenseStatus::Licensed => {
            (user.association.id().is_none()).then(|| words::NOT_ASSOCIATED.to_owned())
        }
    }
}

const WAITS_FOR_GATES: &str = "waits until all gates pass; a sync then puts the user on the list";

fn promised(number: &PhoneNumber, first: &Entry) -> String {
    format!(
        "{} is promised to {} by a change that was queued before",
        number.spaced(),
        Label::new(&first.name)
    )
}

/// The directory user that an entry is written to, or why it is not written.
fn writable(input: &PlanInput<'_>, entry: &Entry) -> Result<ObjectId, String> {
    if entry.tenant != input.tenant {
        return Err("made for another tenant: never sent here".to_owned());
    }
    match &entry.state {
        EntryState::Queued => {}
        EntryState::Held { why } => return Err(why.clone()),
        EntryState::Conflict { theirs } => {
            return Err(format!("conflict: the tenant has {} now", theirs.shown()));
        }
        EntryState::Rejected { cause, .. } => return Err(format!("refused: {cause}")),
        EntryState::Applied { visible_by } => {
            return Err(format!(
                "written, visible by {}",
                visible_by.strftime("%m-%d %H:%MZ")
            ));
        }
        EntryState::InFlight { .. } | EntryState::Accepted { .. } | EntryState::Unknown { .. } => {
            return Err("its outcome is not known yet: it is settled by reading first".to_owned());
        }
    }
    if let Err(word) = input.allowed.check(entry.field()) {
        return Err(format!("this tenant's `allow` does not name {word}"));
    }
    if input.touched.is_blind_to(entry) {
        return Err(
            "this cloud has no Teams API for numbers: `script` writes it as PowerShell".to_owned(),
        );
    }
    // One number goes to one user: whoever asked first.
    if let (Some(number), Some(first)) = (entry.wanted.number(), asked_before(input.entries, entry))
    {
        return Err(promised(number, first));
    }
    if input.entries.iter().any(|other| {
        other.id < entry.id
            && other.state == EntryState::Queued
            && other.field() == entry.field()
            && same_person(input, other, entry)
    }) {
        return Err(
            "another change of the same field was queued before: undo one of the two".to_owned(),
        );
    }
    if entry.field() == Field::Added {
        return Err(WAITS_FOR_GATES.to_owned());
    }
    let target = match entry.user {
        None => entry.directory_id,
        Some(id) => {
            let (n, user) = find(input.users, id).ok_or("the user was removed")?;
            if let LicenseStatus::Unlicensed(cause) = input.statuses[n] {
                return Err(format!("Unlicensed: {cause}"));
            }
            user.association.id()
        }
    };
    let target = target.ok_or(words::NOT_ASSOCIATED)?;
    match input.touched.users.get(&target) {
        None => Err("the tenant's record could not be read".to_owned()),
        Some(touched) if touched.directory.is_none() => Err(words::GONE.to_owned()),
        Some(_) => Ok(target),
    }
}

/// Whether two changes are about one person. Two users whom nobody has matched yet have no directory user in common.
fn same_person(input: &PlanInput<'_>, one: &Entry, other: &Entry) -> bool {
    match (one.target(input.users), other.target(input.users)) {
        (Some(one), Some(other)) => one == other,
        _ => one.user.is_some() && one.user == other.user,
    }
}

/// An older queued change that gives the same number to somebody else.
fn asked_before<'a>(entries: &'a [Entry], entry: &Entry) -> Option<&'a Entry> {
    let wanted = entry.wanted.number()?;
    entries.iter().find(|other| {
        other.id < entry.id
            && other.state == EntryState::Queued
            && other.wanted.number() == Some(wanted)
            && (other.user, other.directory_id) != (entry.user, entry.directory_id)
    })
}

fn find(users: &[User], id: UserId) -> Option<(usize, &User)> {
    users.iter().enumerate().find(|(_, user)| user.id == id)
}

fn current(input: &PlanInput<'_>, target: ObjectId, entry: &Entry) -> Value {
    input
        .touched
        .users
        .get(&target)
        .and_then(|touched| touched.theirs_of(entry))
        .unwrap_or_else(|| Value::blank(entry.field()))
}

/// The numbers and licence changes that this plan frees and makes.
pub(super) type Written<'a> = (&'a HashSet<PhoneNumber>, &'a Ours);

fn item(
    input: &PlanInput<'_>,
    entry: &Entry,
    target: ObjectId,
    written: Written<'_>,
) -> Result<PlanItem, String> {
    let touched = &input.touched.users[&target];
    let facts = touched.facts().ok_or(words::GONE)?;
    let old = current(input, target, entry);
    if entry.wanted.number().is_some() && !entry.gives_back {
        written.1.leave_able(target, &facts, &input.touched.skus)?;
    }
    let (note, releases) = match &entry.wanted {
        Value::Number(wanted) => {
            if let Some(giver) = &entry.takes_from {
                moving(input, (entry, target), giver, wanted.as_ref())?
            } else {
                let (note, released_by_repair) = number_note(input, entry, target, written)?;
                let old = old.number().cloned();
                (note, old.filter(|_| !released_by_repair))
            }
        }
        Value::Country(None) => return Err("a usage location cannot be cleared".to_owned()),
        Value::Country(Some(_)) if facts.user.flags.synced => (
            "may take an hour to spread; Active Directory may put it back".to_owned(),
            None,
        ),
        Value::Country(Some(_)) => ("may take an hour to spread".to_owned(), None),
        Value::Plan { .. } | Value::Licence { .. } => licence(
            input,
            entry,
            touched,
            &written.1.with(target, &entry.wanted),
        )?,
        Value::Added(_) => return Err("nothing of the tenant is written by it".to_owned()),
    };
    Ok(PlanItem {
        entry: entry.id,
        name: called(input, entry),
        target,
        from: entry.takes_from.clone(),
        takes_away: !old.is_blank()
            || releases.is_some()
            || !matches!(entry.field(), Field::Number),
        releases: releases.filter(|number| old != entry.wanted || old.number() != Some(number)),
        old,
        new: entry.wanted.clone(),
        note: match entry.owed_words() {
            Some(owed) => format!("{owed}; {note}"),
            None => note,
        },
    })
}

/// The name of now: this side's for a user on the list, else the tenant's.
fn called(input: &PlanInput<'_>, entry: &Entry) -> String {
    let mut users = input.users.iter();
    let own = users.find(|user| entry.is_of(user));
    let person = || {
        let touched = input.touched.users.get(&entry.directory_id?)?;
        Some(touched.directory.as_ref()?.name.as_str())
    };
    entry.called(own.map(|user| user.name.as_str()).or_else(person))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{
        Activation, AssignedPlan, AssignmentStatus, NumberSource, NumberType, PlanStatus,
    };
    use crate::domain::guid::SkuId;
    use crate::domain::matching::tests::{id, person, user};
    use crate::domain::outbox::EntryId;
    use crate::domain::user::Association;

    const PHONE: &str = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7";
    const CALLING: &str = "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8";

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::from_tenant(text).unwrap()
    }

    fn held(text: &str, by: Option<ObjectId>) -> TenantNumber {
        TenantNumber {
            number: number(text),
            kind: NumberType::DirectRouting,
            source: NumberSource::Online,
            status: if by.is_some() {
                AssignmentStatus::User
            } else {
                AssignmentStatus::Unassigned
            },
            target: by,
            primary: true,
            activation: Activation::Activated,
        }
    }

    struct World {
        users: Vec<User>,
        entries: Vec<Entry>,
        touched: Touched,
    }

    impl World {
        fn new() -> Self {
            Self {
                users: Vec::new(),
                entries: Vec::new(),
                touched: Touched::default(),
            }
        }

        fn has(&mut self, n: u8, holds: Option<&str>, plans: &[&str]) {
            let mut configured = user(i64::from(n), &format!("u{n}@contoso.example"));
            configured.association = Association::Matched(id(n));
            self.users.push(configured);
            let mut directory = person(n, &format!("u{n}@contoso.example"));
            directory.plans = plans
                .iter()
                .map(|plan| AssignedPlan {
                    plan: plan.parse().unwrap(),
                    status: PlanStatus::Enabled,
                    since: None,
                })
                .collect();
            let numbers: Vec<TenantNumber> =
                holds.iter().map(|text| held(text, Some(id(n)))).collect();
            for record in &numbers {
                self.touched
                    .numbers
                    .insert(record.number.clone(), Some(record.clone()));
            }
            self.touched.users.insert(
                id(n),
                TouchedUser {
                    directory: Some(directory),
                    teams: None,
                    numbers,
                },
            );
            self.touched.names.insert(id(n), format!("User {n}"));
        }

        fn wants(&mut self, n: u8, base: Option<&str>, wanted: Option<&str>) {
            let entry = i64::try_from(self.entries.len()).unwrap() + 1;
            self.entries.push(Entry {
                id: EntryId(entry),
                user: Some(UserId(i64::from(n))),
                name: format!("User {n}"),
                ..Entry::queued(
                    self.users[0].tenant,
                    (
                        Value::Number(base.map(number)),
                        Value::Number(wanted.map(number)),
                    ),
                    ("me", Timestamp::UNIX_EPOCH),
                )
            });
        }

        fn plan(&self) -> WritePlan {
            let statuses = vec![LicenseStatus::Licensed; self.users.len()];
            plan(&PlanInput {
                tenant: self.users[0].tenant,
                tenant_name: "Contoso",
                read_at: Timestamp::UNIX_EPOCH,
                users: &self.users,
                statuses: &statuses,
                entries: &self.entries,
                touched: &self.touched,
                allowed: Allowed {
                    numbers: true,
                    location: true,
                    licences: true,
                },
            })
        }
    }

    #[test]
    fn users_whom_nobody_has_matched_are_not_one_person() {
        let mut world = World::new();
        world.has(1, None, &[PHONE]);
        world.has(2, None, &[PHONE]);
        for user in &mut world.users {
            user.association = Association::None;
        }
        world.wants(1, None, Some("+441235123471"));
        world.wants(2, None, Some("+441235123472"));
        let why: Vec<String> = world
            .plan()
            .left_out
            .into_iter()
            .map(|out| out.why)
            .collect();
        assert_eq!(why, ["not associated with a Teams user"; 2]);
    }

    #[test]
    fn a_swap_is_two_changes_that_free_each_other() {
        let mut world = World::new();
        world.has(1, Some("+441235123471"), &[PHONE]);
        world.has(2, Some("+441235123472"), &[PHONE]);
        world.wants(1, Some("+441235123471"), Some("+441235123472"));
        world.wants(2, Some("+441235123472"), Some("+441235123471"));
        let plan = world.plan();
        assert_eq!(plan.left_out, []);
        assert_eq!(
            plan.items
                .iter()
                .map(|i| i.note.as_str())
                .collect::<Vec<_>>(),
            ["comes free by this plan"; 2]
        );
        assert_eq!(
            plan.silenced(|_| true),
            [],
            "both numbers are given to somebody"
        );
        assert_eq!(
            plan.silenced(|entry| entry == EntryId(1)),
            [number("+441235123471")],
            "the receiver is held back"
        );
        assert_eq!(plan.taking_away(|_| true), 2);
        assert_eq!(
            plan.gap(|_| true).unwrap(),
            "+44 1235 123471 and +44 1235 123472 ring nowhere between release and assignment: \
             2 seconds at the least, minutes where Teams is slow"
        );
        assert_eq!(
            plan.gap(|entry| entry == EntryId(1)),
            None,
            "one that nobody gets stops for good"
        );
    }

    #[test]
    fn a_held_number_and_a_calling_plan_are_left_out_with_their_cause() {
        let mut world = World::new();
        world.has(1, Some("+441235123471"), &[PHONE]);
        world.has(2, None, &[PHONE]);
        world.has(3, None, &[PHONE, CALLING]);
        world.has(4, None, &[]);
        world.wants(2, None, Some("+441235123471"));
        world.wants(3, None, Some("+441235123499"));
        world.wants(4, None, Some("+441235123498"));
        let why: Vec<String> = world
            .plan()
            .left_out
            .into_iter()
            .map(|out| out.why)
            .collect();
        assert_eq!(
            why,
            [
                "held by User 1: release it there first",
                "has a Calling Plan: switch it off first",
                "no usable Phone System licence"
            ]
        );
    }

    #[test]
    fn no_number_is_planned_beside_a_licence_change_that_spoils_it() {
        let bundle: SkuId = mending::tests::BUNDLE.parse().unwrap();
        let alone: SkuId = mending::tests::ALONE.parse().unwrap();
        let licence = |sku, off: Option<Vec<_>>| Value::Licence { sku, off };
        let without_calling = vec![CALLING.parse().unwrap()];
        for (base, wanted, what) in [
            (
                licence(alone, None),
                licence(alone, Some(Vec::new())),
                "gives a Calling Plan",
            ),
            (
                licence(bundle, Some(without_calling)),
                licence(bundle, None),
                "takes the licence that a number needs",
            ),
        ] {
            let mut world = World::new();
            world.has(1, Some("+441235123471"), &[PHONE]);
            world.touched.skus = mending::tests::skus();
            let there = world.touched.users.get_mut(&id(1)).unwrap();
            there.directory.as_mut().unwrap().licences = vec![mending::tests::licence(
                mending::tests::BUNDLE,
                false,
                &[CALLING],
            )];
            world.wants(1, Some("+441235123471"), Some("+441235123472"));
            world.entries.push(Entry {
                id: EntryId(2),
                directory_id: Some(id(1)),
                ..Entry::queued(
                    world.users[0].tenant,
                    (base, wanted),
                    ("me", Timestamp::UNIX_EPOCH),
                )
            });
            let plan = world.plan();
            let why: Vec<&str> = plan.left_out.iter().map(|out| out.why.as_str()).collect();
            let told =
                format!("a queued licence change of the same user {what}: undo one of the two");
            assert_eq!(why, [told.as_str()]);
            assert_eq!(plan.items.len(), 1, "the licence alone: {plan:?}");
            assert_eq!(plan.items[0].releases, None);
            // Given back, it is what the user had.
            world.entries[0].gives_back = true;
            assert_eq!(world.plan().left_out, []);
        }
    }

    /// The repair releases no number of Direct Routing, and the assignment would take it away whatever it is by then.
    #[test]
    fn a_direct_routing_number_is_not_changed_in_the_plan_that_switches_a_calling_plan_off() {
        let bundle: SkuId = mending::tests::BUNDLE.parse().unwrap();
        let mut world = World::new();
        world.has(1, Some("+441235123471"), &[PHONE, CALLING]);
        world.touched.skus = mending::tests::skus();
        let there = world.touched.users.get_mut(&id(1)).unwrap();
        there.directory.as_mut().unwrap().licences =
            vec![mending::tests::licence(mending::tests::BUNDLE, false, &[])];
        world.wants(1, Some("+441235123471"), Some("+441235123472"));
        let plan = |on| Value::Plan {
            sku: bundle,
            plan: CALLING.parse().unwrap(),
            on,
        };
        world.entries.push(Entry {
            id: EntryId(2),
            directory_id: Some(id(1)),
            ..Entry::queued(
                world.users[0].tenant,
                (plan(true), plan(false)),
                ("me", Timestamp::UNIX_EPOCH),
            )
        });
        let made = world.plan();
        assert_eq!(
            made.left_out[0].why,
            "holds +44 1235 123471, which no Calling Plan has brought: switch the plan off first, and change the number then"
        );
        assert_eq!(made.items.len(), 1, "the licence alone: {made:?}");
        // Who holds none is given one in the same plan.
        world.touched.users.get_mut(&id(1)).unwrap().numbers.clear();
        world.entries[0].base = Value::Number(None);
        let made = world.plan();
        assert_eq!(made.left_out, []);
        assert_eq!(made.items.len(), 2);
    }

    #[test]
    fn releases_come_first_and_say_what_they_silence() {
        let mut world = World::new();
        world.has(1, None, &[PHONE]);
        world.has(2, Some("+441235123472"), &[PHONE]);
        world.wants(1, None, Some("+441235123480"));
        world.wants(2, Some("+441235123472"), None);
        let plan = world.plan();
        assert_eq!(plan.silenced(|_| true), [number("+441235123472")]);
        assert_eq!(plan.items[1].note, "new to the tenant");
        assert_eq!(
            plan.taking_away(|_| true),
            1,
            "a first number takes nothing away"
        );
    }

    #[test]
    fn a_number_is_not_freed_by_a_change_that_is_left_out() {
        let mut world = World::new();
        world.has(1, Some("+441235123501"), &[PHONE]);
        world.has(2, Some("+441235123502"), &[PHONE]);
        world.has(3, Some("+441235123599"), &[PHONE]);
        world.wants(2, Some("+441235123502"), Some("+441235123599"));
        world.wants(1, Some("+441235123501"), Some("+441235123502"));
        let plan = world.plan();
        assert_eq!(
            plan.items,
            [],
            "nobody is released for a number that is not coming"
        );
        assert_eq!(plan.left_out.len(), 2);
    }

    #[test]
    fn on_premises_and_other_tenants_are_never_written() {
        let mut world = World::new();
        world.has(1, Some("+441235123470"), &[PHONE]);
        world.touched.users.get_mut(&id(1)).unwrap().numbers[0].source = NumberSource::OnPremises;
        world.wants(1, Some("+441235123470"), Some("+441235123480"));
        assert!(
            world.plan().left_out[0].why.starts_with("DirSync'd user"),
            "{:?}",
            world.plan()
        );
        world.entries[0].tenant = TenantId(super::super::guid::Guid::from_bytes([9; 16]));
        assert_eq!(
            world.plan().left_out[0].why,
            "made for another tenant: never sent here"
        );
    }
}
