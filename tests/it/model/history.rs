//! One history: edits, runs, faults, kills and another administrator, as a seed says; then quiet.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value as Json, json};
use teamsconnector::domain::guid::ObjectId;
use teamsconnector::domain::outbox::{Entry, EntryId, EntryState, NewEntry, Removal};
use teamsconnector::domain::phone::{NumberKind, PhoneNumber};
use teamsconnector::domain::repair::Repair;
use teamsconnector::domain::run::{Outcome, RunKind};
use teamsconnector::domain::user::{Association, NewUser, Patch, User, Value};
use teamsconnector::ops::change;
use teamsconnector::ops::repair::{self, With};
use teamsconnector::store::ledger::{AuditLine, LedgerPicture};

use super::chance::Chance;
use super::faults::{self, Round};
use super::stage::{Break, Console, Look, Stage};
use super::strange;
use super::tenant::{CALLING, COUNTRIES, Given, PRODUCTS, SmallTenant, upn};
use crate::support::bench::number;

/// What was seen of one change while it was in the outbox.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) entry: Entry,
    pub(super) target: Option<String>,
}

/// All that an oracle looks at.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) tenant: SmallTenant,
    pub(super) log: Vec<Json>,
    pub(super) audit: Vec<AuditLine>,
    /// Every change that a person was told is saved.
    pub(super) seen: BTreeMap<EntryId, Seen>,
    pub(super) desk: LedgerPicture,
    /// What this side shows of each person's licences.
    pub(super) licences: BTreeMap<String, Vec<Given>>,
    pub(super) audit_faults: Vec<String>,
    /// What is wrong with the files that are left.
    pub(super) files: Vec<String>,
    pub(super) runs: Vec<String>,
    pub(super) moves: usize,
    pub(super) kills: usize,
    pub(super) cancels: usize,
    /// Families of faults that have struck.
    pub(super) strange: BTreeSet<&'static str>,
    /// Whether the outbox still had an outcome that nobody knew when all was quiet.
    pub(super) unsettled: Vec<String>,
}

/// One console on one tenant, and what is remembered of it on the way.
pub(super) struct Course<'a> {
    chance: Chance,
    pub(super) console: Console<'a>,
    began: Timestamp,
    tenant: SmallTenant,
    seen: BTreeMap<EntryId, Seen>,
    runs: Vec<String>,
    moves: usize,
    kills: usize,
    cancels: usize,
    strange: BTreeSet<&'static str>,
    /// What was wrong straight after a run.
    wrong: Vec<String>,
}

/// Plays a history to its end.
pub(super) async fn play(stage: &Stage, seed: u64) -> Told {
    let mut chance = Chance::of(seed);
    let tenant = SmallTenant::of(&mut chance);
    let mut course = Course::of(stage, chance, tenant).await;
    let leave_out = course.chance.below(course.tenant.people.len() * 2);
    course.add_users(leave_out).await;
    let rounds = 1 + course.chance.below(3);
    for _ in 0..rounds {
        for _ in 0..2 + course.chance.below(3) {
            course.edit().await;
        }
        course.round().await;
        let minutes = course.chance.pick(&[0, 1, 40, 90]);
        stage.pass(minutes);
    }
    // The whole look at each eighth: all together it would cost as much as a third of the histories.
    let look = if seed.is_multiple_of(8) {
        Look::Whole
    } else {
        Look::Glance
    };
    course.quiet(look).await
}

fn id(text: &str) -> ObjectId {
    text.parse().unwrap()
}

impl<'a> Course<'a> {
    /// A tenant that was just read, by a console that is new.
    async fn of(stage: &'a Stage, chance: Chance, tenant: SmallTenant) -> Self {
        stage.reset(&tenant);
        let mut course = Self {
            chance,
            console: Console::open(stage),
            began: stage.now(),
            tenant,
            seen: BTreeMap::new(),
            runs: Vec::new(),
            moves: 0,
            kills: 0,
            cancels: 0,
            strange: BTreeSet::new(),
            wrong: Vec::new(),
        };
        course.run(RunKind::Sync, Break::Not).await;
        course
    }

    /// As [`Self::of`], with everybody on the list and nothing left to chance.
    pub(super) async fn plain(stage: &'a Stage, tenant: SmallTenant) -> Self {
        let course = Self::of(stage, Chance::of(0), tenant).await;
        course.add_users(usize::MAX).await;
        course
    }

    /// Queues a number for the n-th person.
    pub(super) async fn give(&mut self, n: usize, wanted: Option<&str>) {
        let user = self.user(n).await;
        self.want_number(&user, wanted).await;
        self.look().await;
    }

    /// Queues a place for the n-th person.
    pub(super) async fn locate(&mut self, n: usize, wanted: &str) {
        let user = self.user(n).await;
        let wanted = Value::Country(Some(wanted.parse().unwrap()));
        self.want(&user, Value::Country(user.country), wanted).await;
        self.look().await;
    }

    async fn user(&self, n: usize) -> User {
        let mut users = self.desk().await.users;
        let at = users.iter().position(|user| user.mail == upn(n)).unwrap();
        users.swap_remove(at)
    }

    /// Writes all that is queued.
    pub(super) async fn apply(&mut self, broken: Break) -> Option<Outcome> {
        let desk = self.desk().await;
        let entries = desk.entries.iter().map(|entry| entry.id).collect();
        self.run(RunKind::Apply { entries }, broken).await
    }

    async fn desk(&self) -> LedgerPicture {
        self.console.store().ledger.load().await.unwrap()
    }

    /// Remembers every change that stands in the outbox.
    async fn look(&mut self) -> LedgerPicture {
        let desk = self.desk().await;
        for entry in &desk.entries {
            let target = entry.target(&desk.users).map(|id| id.to_string());
            let seen = Seen {
                entry: entry.clone(),
                target: target.or_else(|| self.seen.get(&entry.id)?.target.clone()),
            };
            self.seen.insert(entry.id, seen);
        }
        desk
    }

    pub(super) async fn run(&mut self, kind: RunKind, broken: Break) -> Option<Outcome> {
        let word = kind.as_str();
        let outcome = self.console.run(kind, broken).await;
        self.kills += usize::from(outcome.is_none());
        self.cancels += usize::from(outcome == Some(Outcome::Cancelled));
        let end = match &outcome {
            None => "killed".to_owned(),
            Some(Outcome::Failed(failure)) => format!("failed: {}", failure.headline),
            Some(outcome) => outcome.word().to_owned(),
        };
        self.runs.push(format!("{word} ({broken:?}): {end}"));
        self.look().await;
        outcome
    }

    /// All but sometimes one of the people.
    async fn add_users(&self, leave_out: usize) {
        let users = (0..self.tenant.people.len())
            .filter(|n| *n != leave_out)
            .map(|n| {
                let whose = &self.tenant.people[n];
                let held = self
                    .tenant
                    .truth
                    .numbers_of(whose)
                    .first()
                    .map(|held| number(held));
                NewUser {
                    name: format!("Person {n}"),
                    mail: upn(n),
                    number: held,
                    kind: NumberKind::Ddi,
                    country: self.tenant.truth.country[whose]
                        .as_deref()
                        .map(|c| c.parse().unwrap()),
                    association: Association::Matched(id(whose)),
                    wanted_number: None,
                    wanted_country: None,
                    sip_username: None,
                    external_id: None,
                }
            });
        let users = users.collect();
        change::add(self.console.store(), users, self.console.stamp())
            .await
            .unwrap();
    }

    /// One thing that a person does; what is refused changes nothing.
    async fn edit(&mut self) {
        let desk = self.look().await;
        if desk.users.is_empty() {
            return;
        }
        let is_conflict = |entry: &Entry| matches!(entry.state, EntryState::Conflict { .. });
        if desk.entries.iter().any(is_conflict) && self.chance.percent(30) {
            self.decide(&desk).await;
            self.look().await;
            return;
        }
        let user = self.chance.pick(&desk.users);
        match self.chance.below(100) {
            0..20 => {
                let wanted =
                    (!self.chance.percent(12)).then(|| self.chance.pick(&self.tenant.numbers));
                self.want_number(&user, wanted.as_deref()).await;
            }
            20..32 => {
                let target = id(&self.chance.pick(&self.tenant.people));
                self.licence(&desk, target).await;
                // What the licence is changed for.
                let user = desk
                    .users
                    .iter()
                    .find(|user| user.association.id() == Some(target));
                if let Some(user) = user.filter(|_| self.chance.percent(50)) {
                    let wanted = self.chance.pick(&self.tenant.numbers);
                    self.want_number(user, Some(&wanted)).await;
                }
            }
            32..44 => {
                let wanted = self.chance.pick(&COUNTRIES);
                self.want(
                    &user,
                    Value::Country(user.country),
                    Value::Country(Some(wanted.parse().unwrap())),
                )
                .await;
            }
            44..50 => {
                let release = user.number.clone().filter(|_| self.chance.percent(80));
                let removal = Removal::of(user.id, release, &desk.entries);
                let _refused =
                    change::remove(self.console.store(), removal, self.console.stamp()).await;
            }
            50..64 => self.move_one(&desk).await,
            64..78 => self.swap(&desk).await,
            78..86 => {
                let Some(entry) = self.any_entry(&desk) else {
                    return;
                };
                let _refused =
                    change::undo(self.console.store(), entry.id, self.console.stamp()).await;
            }
            86..90 => {
                let Some(entry) = self.any_entry(&desk) else {
                    return;
                };
                let back = matches!(entry.state, EntryState::Queued);
                let _refused = change::hold(
                    self.console.store(),
                    &[entry.id],
                    back,
                    self.console.stamp(),
                )
                .await;
            }
            90..96 => self.decide(&desk).await,
            _ => self.take_back().await,
        }
        self.look().await;
    }

    fn any_entry(&mut self, desk: &LedgerPicture) -> Option<Entry> {
        (!desk.entries.is_empty()).then(|| self.chance.pick(&desk.entries))
    }

    async fn want(&mut self, user: &User, base: Value, wanted: Value) {
        let patch = Patch {
            two_way: vec![(base.clone(), wanted.clone())],
            ..Patch::default()
        };
        let saved = change::edit(self.console.store(), user.id, patch, self.console.stamp()).await;
        if saved.is_ok() && base != wanted {
            let desk = self.desk().await;
            assert!(
                desk.entries
                    .iter()
                    .any(|entry| entry.user == Some(user.id) && entry.wanted == wanted)
                    || desk.users.iter().any(|now| now.id == user.id
                        && match &wanted {
                            Value::Number(number) => now.number == *number,
                            _ => Value::Country(now.country) == wanted,
                        }),
                "a saved change is in the outbox: {wanted:?} of {}",
                user.name
            );
        }
    }

    async fn want_number(&mut self, user: &User, wanted: Option<&str>) {
        let base = Value::Number(user.number.clone());
        self.want(user, base, Value::Number(wanted.map(number)))
            .await;
    }

    /// A licence is taken or given, or the Calling Plan in one switched off; what cannot be done from here is refused.
    async fn licence(&mut self, desk: &LedgerPicture, target: ObjectId) {
        let store = self.console.store();
        let stored = store.cache.user(target).await.unwrap();
        let Some(licences) = stored.map(|stored| stored.user.licences) else {
            return;
        };
        let (product, plans) = self.chance.pick(&PRODUCTS);
        let sku = product.parse().unwrap();
        let has = licences
            .iter()
            .any(|licence| licence.sku == sku && licence.group.is_none());
        if has || self.chance.percent(15) {
            let repair = if plans.contains(&CALLING) && self.chance.percent(70) {
                Repair::SwitchOff {
                    sku,
                    plan: CALLING.parse().unwrap(),
                }
            } else {
                Repair::RemoveLicence { sku }
            };
            let repairs = std::slice::from_ref(&repair);
            let _refused = repair::repair(
                store,
                target,
                repairs,
                With::default(),
                self.console.stamp(),
            )
            .await;
            return;
        }
        let off: Vec<_> = plans
            .iter()
            .filter(|plan| **plan == CALLING && self.chance.percent(60))
            .map(|plan| plan.parse().unwrap())
            .collect();
        let given = NewEntry {
            user: None,
            directory_id: target,
            name: "somebody".to_owned(),
            base: Value::Licence { sku, off: None },
            wanted: Value::Licence {
                sku,
                off: Some(off),
            },
            takes_from: None,
            silences: None,
            gives_back: false,
        };
        let tenant = desk.pin.as_ref().unwrap().tenant;
        let _refused = store
            .ledger
            .queue(vec![given], tenant, self.console.stamp())
            .await;
    }

    async fn swap(&mut self, desk: &LedgerPicture) {
        let other = self.chance.pick(&desk.users);
        let user = self.chance.pick(&desk.users);
        if other.id == user.id || user.number.is_none() && other.number.is_none() {
            return;
        }
        let one = other.number.as_ref().map(PhoneNumber::as_str);
        self.want_number(&user, one).await;
        let two = user.number.as_ref().map(PhoneNumber::as_str);
        self.want_number(&other, two).await;
        // Three in a circle, now and then.
        if self.chance.percent(20) {
            let third = self.chance.pick(&desk.users);
            if third.id != user.id && third.id != other.id {
                self.want_number(&other, third.number.as_ref().map(PhoneNumber::as_str))
                    .await;
                self.want_number(&third, user.number.as_ref().map(PhoneNumber::as_str))
                    .await;
            }
        }
    }

    async fn move_one(&mut self, desk: &LedgerPicture) {
        let held: Vec<&PhoneNumber> = desk
            .users
            .iter()
            .filter_map(|user| user.number.as_ref())
            .collect();
        let free: Vec<String> =
            self.tenant
                .people
                .iter()
                .filter(|whose| {
                    !desk.users.iter().any(|user| {
                        user.association.id() == Some(id(whose)) && user.number.is_some()
                    })
                })
                .cloned()
                .collect();
        if held.is_empty() || free.is_empty() {
            return;
        }
        let moved = self.chance.pick(&held).clone();
        let to = id(&self.chance.pick(&free));
        let queued =
            repair::move_number(self.console.store(), &moved, to, self.console.stamp()).await;
        self.moves += usize::from(queued.is_ok());
    }

    async fn decide(&mut self, desk: &LedgerPicture) {
        let conflict = desk
            .entries
            .iter()
            .find(|entry| matches!(entry.state, EntryState::Conflict { .. }));
        if let Some(entry) = conflict {
            let mine = self.chance.percent(50);
            let _refused =
                change::decide(self.console.store(), entry.id, mine, self.console.stamp()).await;
        }
    }

    async fn take_back(&mut self) {
        let closed: Vec<EntryId> = self.seen.keys().copied().collect();
        if closed.is_empty() {
            return;
        }
        let entry = self.chance.pick(&closed);
        let _refused =
            repair::take_back(self.console.store(), entry, None, self.console.stamp()).await;
    }

    /// One apply, and perhaps a sync, in a world that is not kind.
    async fn round(&mut self) {
        if self.chance.percent(15) {
            let faults = faults::round(&mut self.chance, &self.tenant, false);
            self.turn(&faults);
            self.run(RunKind::Sync, faults.broken).await;
        }
        if self.chance.percent(35) {
            self.strange_round().await;
        }
        let mut faults = faults::round(&mut self.chance, &self.tenant, true);
        self.console.past_limit = self.chance.percent(60);
        let desk = self.desk().await;
        let licences = desk.entries.iter().filter(|one| one.field().is_licence());
        let licences: Vec<Entry> = licences.cloned().collect();
        if !licences.is_empty() && self.chance.percent(25) {
            let entry = self.chance.pick(&licences);
            faults
                .meanwhile
                .push(faults::just_before(&mut self.chance, &entry));
        }
        let entries = desk
            .entries
            .iter()
            .map(|entry| entry.id)
            .filter(|_| !self.chance.percent(5));
        let entries: Vec<EntryId> = entries.collect();
        if self.chance.percent(10) {
            self.run(RunKind::Plan, Break::Not).await;
        }
        self.turn(&faults);
        if !entries.is_empty() {
            self.run(RunKind::Apply { entries }, faults.broken).await;
        }
    }

    /// A run in a world that is strange in one way: what it reads, all are still there, and nothing was sent to anybody else.
    async fn strange_round(&mut self) {
        let stage = self.console.stage;
        let strange = strange::any(&mut self.chance, &self.tenant, &stage.thief);
        stage.knobs(&strange::kind());
        stage.knobs(&strange.knobs);
        stage.knobs(&json!({ "fail_next": Vec::from_iter(&strange.fault), "meanwhile": Vec::from_iter(&strange.meanwhile) }));
        let (writes, asked) = (self.writes(), stage.log().len());
        let entries: Vec<EntryId> = self.desk().await.entries.iter().map(|one| one.id).collect();
        let kind = if entries.is_empty() || self.chance.percent(80) {
            RunKind::Sync
        } else {
            RunKind::Apply { entries }
        };
        let word = kind.as_str();
        let outcome = self.run(kind, Break::Not).await;
        let about = format!("{} in a {word} that ended as {outcome:?}", strange.family);
        if stage.has_struck(&strange) && stage.log().len() > asked {
            self.strange.insert(strange.family);
        }
        if stage.visits() > 0 {
            self.wrong.push(format!("{about}: another host was called"));
        }
        if strange.family == strange::ANOTHER_TENANT && self.writes() > writes {
            self.wrong.push(format!("{about}: something was written"));
        }
        for whose in &self.tenant.people {
            let stored = self.console.store().cache.user(id(whose)).await.unwrap();
            if stored.is_none() {
                self.wrong.push(format!("{about}: {whose} is lost"));
            }
        }
        stage.knobs(&strange::kind());
    }

    /// Requests that were to change something in the tenant.
    fn writes(&self) -> usize {
        let log = self.console.stage.log();
        log.iter().filter(|line| line["body"].is_object()).count()
    }

    fn turn(&self, faults: &Round) {
        self.console.stage.knobs(&strange::kind());
        self.console.stage.knobs(&json!({ "fail_next": faults.fail_next, "meanwhile": faults.meanwhile, "teams_lag": faults.teams_lag }));
    }

    /// Nobody disturbs any more: runs until nothing is under way.
    pub(super) async fn quiet(mut self, look: Look) -> Told {
        self.console.stage.knobs(&strange::kind());
        let mut unsettled = Vec::new();
        for _ in 0..4 {
            self.console.stage.pass(90);
            let outcome = self.run(RunKind::Sync, Break::Not).await;
            let desk = self.desk().await;
            let open = desk.entries.iter().filter(|entry| {
                entry.state.needs_settling() || matches!(entry.state, EntryState::Applied { .. })
            });
            unsettled = open.map(|entry| format!("{entry:?}")).collect();
            if let Some(Outcome::Failed(failure)) = outcome {
                unsettled.push(format!("a quiet run failed: {failure}"));
            }
            if unsettled.is_empty() {
                break;
            }
        }
        let desk = self.look().await;
        let store = self.console.store();
        let verdict = store.ledger.verify_audit().await.unwrap();
        let mut licences = BTreeMap::new();
        for whose in &self.tenant.people {
            let stored = store.cache.user(id(whose)).await.unwrap();
            let shown = stored.into_iter().flat_map(|stored| stored.user.licences);
            let mut shown: Vec<Given> = shown.map(|licence| Given::of(&licence)).collect();
            shown.sort();
            licences.insert(whose.clone(), shown);
        }
        let audit = store.ledger.audit_since(self.began).await.unwrap();
        Told {
            licences,
            log: self.console.stage.log(),
            files: {
                self.wrong.extend(self.console.left(look));
                self.wrong
            },
            audit,
            desk,
            audit_faults: verdict.faults.iter().map(ToString::to_string).collect(),
            tenant: self.tenant,
            seen: self.seen,
            runs: self.runs,
            moves: self.moves,
            kills: self.kills,
            cancels: self.cancels,
            strange: self.strange,
            unsettled,
        }
    }
}
