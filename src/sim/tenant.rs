//! The tenant: its people, groups, numbers and seats, and the count of changes that delta answers are made from.
//!
//! It knows nothing of requests. Whoever alters a person does so through [`Tenant::edit`], so that no change can
//! miss its place in the count.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;
use super::chance;
use super::crowd::Crowd;
use super::groups::Group;
use super::inventory::NumberRow;
use super::operations::Operation;
use super::person::{self, Grant, Person, PlanRow, Plans, TeamsView};
use super::token::RefreshToken;

/// The form in which a tenant is kept; a file of another form is not read.
pub(super) const FORM: u32 = 1;

/// Seats of one product: `prepaidUnits`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Seats {
    pub enabled: i64,
    pub warning: i64,
    pub suspended: i64,
    pub locked_out: i64,
}

/// A customer's organisation.
#[derive(Serialize, Deserialize)]
pub(super) struct Tenant {
    pub form: u32,
    pub scenario: String,
    pub id: String,
    pub name: String,
    /// The first is the default.
    pub domains: Vec<String>,
    pub country: String,
    pub sync_enabled: Option<bool>,
    pub last_sync: Option<Timestamp>,
    pub client_id: String,
    pub client_secret: String,
    /// Seals tokens and links, so that they hold after a restart.
    pub key: String,
    /// When the tenant was made: all its dates are counted from here.
    pub born: Timestamp,
    /// The id of the person who signs in.
    pub signed_in: String,
    /// How many changes there have been.
    pub changes: u64,
    pub people: BTreeMap<u64, Person>,
    /// The place of the next person to be added.
    pub next: u64,
    pub groups: Vec<Group>,
    pub numbers: BTreeMap<String, NumberRow>,
    pub operations: BTreeMap<String, Operation>,
    /// Refresh tokens by their digest.
    pub refresh: BTreeMap<String, RefreshToken>,
    pub seats: BTreeMap<String, Seats>,
    #[serde(skip)]
    pub crowd: Option<Crowd>,
    #[serde(skip, default = "Catalogue::read")]
    pub catalogue: Catalogue,
    #[serde(skip)]
    by_id: HashMap<String, u64>,
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant")
            .field("scenario", &self.scenario)
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Tenant {
    /// An empty tenant.
    pub(super) fn empty(
        scenario: String,
        id: &str,
        name: &str,
        domains: &[&str],
        born: Timestamp,
    ) -> Self {
        Self {
            form: FORM,
            scenario,
            id: id.to_owned(),
            name: name.to_owned(),
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            country: "GB".to_owned(),
            sync_enabled: None,
            last_sync: None,
            client_id: chance::guid_from(&format!("application of {id}")),
            client_secret: format!("sim~{}", chance::hex::<20>()),
            key: chance::hex::<32>(),
            born,
            signed_in: String::new(),
            changes: 0,
            people: BTreeMap::new(),
            next: 0,
            groups: Vec::new(),
            numbers: BTreeMap::new(),
            operations: BTreeMap::new(),
            refresh: BTreeMap::new(),
            seats: BTreeMap::new(),
            crowd: None,
            catalogue: Catalogue::read(),
            by_id: HashMap::new(),
        }
    }

    /// A tenant of `size` people made from their numbers.
    pub(super) fn crowd_of(size: u64, born: Timestamp) -> Self {
        let id = chance::guid_from(&format!("tenant of {size}"));
        let mut tenant = Self::empty(
            format!("size:{size}"),
            &id,
            "Contoso Ltd",
            &["contoso.example", "contoso.onmicrosoft.example"],
            born,
        );
        tenant.populate(size);
        tenant.groups.push(Group::of_crowd());
        let crowd = tenant.crowd.as_ref();
        tenant.signed_in = (0..size)
            .filter_map(|n| Some(crowd?.person(n)))
            .find(|person| person.enabled && !person.guest)
            .map_or_else(String::new, |person| person.id);
        tenant.open_seats();
        tenant
    }

    /// Puts back what is not kept: the crowd, and where everyone is.
    pub(super) fn restore(&mut self, size: Option<u64>) {
        if let Some(size) = size {
            self.crowd = Some(Crowd::new(
                size,
                &self.domains[0],
                self.born,
                &self.catalogue,
            ));
        }
        self.by_id = self
            .people
            .iter()
            .map(|(place, person)| (person.id.clone(), *place))
            .collect();
    }

    fn populate(&mut self, size: u64) {
        self.crowd = Some(Crowd::new(
            size,
            &self.domains[0],
            self.born,
            &self.catalogue,
        ));
        self.next = size;
    }

    /// How many of the first places the crowd fills.
    fn crowd_size(&self) -> u64 {
        self.crowd.as_ref().map_or(0, Crowd::size)
    }

    /// The person at a place, also one in the bin.
    pub(super) fn anyone(&self, place: u64) -> Option<Cow<'_, Person>> {
        if let Some(person) = self.people.get(&place) {
            return Some(Cow::Borrowed(person));
        }
        let crowd = self.crowd.as_ref().filter(|crowd| place < crowd.size())?;
        Some(Cow::Owned(crowd.person(place)))
    }

    /// The person at a place.
    pub(super) fn person(&self, place: u64) -> Option<Cow<'_, Person>> {
        self.anyone(place).filter(|person| !person.deleted)
    }

    /// Everyone from a place on, with their places.
    pub(super) fn people_from(&self, start: u64) -> impl Iterator<Item = (u64, Cow<'_, Person>)> {
        (start..self.next).filter_map(|place| Some((place, self.person(place)?)))
    }

    /// Whether people are made from numbers; then some questions are answered without walking through them.
    pub(super) fn is_crowd(&self) -> bool {
        self.crowd.is_some()
    }

    /// The place of a person, by id.
    pub(super) fn place_of_id(&self, id: &str) -> Option<u64> {
        self.by_id
            .get(id)
            .or_else(|| self.by_id.get(&id.to_ascii_lowercase()))
            .copied()
            .or_else(|| {
                self.crowd
                    .as_ref()?
                    .with_id(id)
                    .filter(|place| !self.people.contains_key(place))
            })
    }

    /// The place of a person who is not in the bin, by id or sign-in name.
    pub(super) fn place_of(&self, key: &str) -> Option<u64> {
        let alive = |place: &u64| self.person(*place).is_some();
        if let Some(place) = self.place_of_id(key).filter(alive) {
            return Some(place);
        }
        let named = self
            .people
            .iter()
            .find(|(_, person)| !person.deleted && person.upn.eq_ignore_ascii_case(key))
            .map(|(place, _)| *place);
        named.or_else(|| {
            self.crowd
                .as_ref()?
                .with_upn(key)
                .filter(|place| !self.people.contains_key(place))
        })
    }

    /// A person by id or sign-in name.
    pub(super) fn find(&self, key: &str) -> Option<Cow<'_, Person>> {
        self.person(self.place_of(key)?)
    }

    /// Adds a person.
    pub(super) fn add(&mut self, person: Person) -> u64 {
        let place = self.next;
        self.by_id.insert(person.id.clone(), place);
        self.people.insert(place, person);
        self.next += 1;
        place
    }

    /// Alters a person: the change is counted, and the properties are marked as touched by it.
    pub(super) fn edit<R>(
        &mut self,
        place: u64,
        properties: &[&str],
        change: impl FnOnce(&mut Person) -> R,
    ) -> Option<R> {
        let person = self.anyone(place)?.into_owned();
        self.by_id.insert(person.id.clone(), place);
        self.changes += 1;
        let person = self.people.entry(place).or_insert(person);
        person.changed = self.changes;
        for property in properties {
            person.touched.insert((*property).to_owned(), self.changes);
        }
        Some(change(person))
    }

    /// Gives a person another set of licences, at once with the plans that follow from it.
    pub(super) fn grant(&mut self, place: u64, grants: Vec<Grant>, now: Timestamp) {
        let Some(person) = self.anyone(place) else {
            return;
        };
        let rows = person::settled(
            self.plan_rows(&person).to_vec(),
            &grants,
            &self.catalogue,
            now,
        );
        self.edit(
            place,
            &[
                "assignedLicenses",
                "assignedPlans",
                "licenseAssignmentStates",
            ],
            |person| {
                person.grants = grants;
                person.plans = Plans::Own(rows);
                // What has been granted since must not go on showing as it was described.
                for name in [
                    "assignedLicenses",
                    "assignedPlans",
                    "licenseAssignmentStates",
                ] {
                    person.odd.remove(name);
                }
            },
        );
    }

    /// Keeps what Teams shows, for as long as it goes on showing it after a change.
    pub(super) fn keep_view(&mut self, place: u64, shown: TeamsView, now: Timestamp) {
        let Some(person) = self.anyone(place) else {
            return;
        };
        let person = person.into_owned();
        self.by_id.insert(person.id.clone(), place);
        let person = self.people.entry(place).or_insert(person);
        person.teams_before = Some(shown);
        person.teams_changed = Some(now);
    }

    /// What Teams shows of a person once every change has arrived there.
    pub(super) fn view_now(&self, person: &Person) -> TeamsView {
        let numbers: Vec<(String, String)> = self
            .numbers_of(&person.id)
            .into_iter()
            .map(|row| (row.number, row.category))
            .collect();
        TeamsView {
            voice: person.voice.unwrap_or(!numbers.is_empty()),
            numbers,
            features: super::teams::features(&self.usable_plans(person)),
        }
    }

    /// The plan entries of a person.
    pub(super) fn plan_rows<'a>(&'a self, person: &'a Person) -> &'a [PlanRow] {
        match &person.plans {
            Plans::Own(rows) => rows,
            Plans::Pattern(pattern) => self
                .crowd
                .as_ref()
                .map_or(&[], |crowd| &crowd.pattern(*pattern).rows),
        }
    }

    /// The names of the plans that work for a person.
    pub(super) fn usable_plans(&self, person: &Person) -> Vec<&'static str> {
        match (&person.plans, &self.crowd) {
            (Plans::Pattern(pattern), Some(crowd)) => crowd.pattern(*pattern).usable.clone(),
            _ => person::usable(self.plan_rows(person), &self.catalogue),
        }
    }

    /// How many people hold a product.
    pub(super) fn consumed(&self, sku: &str) -> i64 {
        let holds = |person: &Person| person.grants.iter().any(|grant| grant.sku == sku);
        let own = self
            .people
            .values()
            .filter(|person| !person.deleted && holds(person))
            .count();
        let crowd = self.crowd.as_ref().map_or(0, |crowd| {
            let covered = self
                .people
                .keys()
                .filter(|place| **place < self.crowd_size())
                .filter(|place| holds(&crowd.person(**place)))
                .count();
            crowd.holders(sku) - covered as u64
        });
        i64::try_from(own as u64 + crowd).unwrap_or(i64::MAX)
    }

    /// Buys seats for everything that is in use and that has none yet: a few more than are needed.
    pub(super) fn open_seats(&mut self) {
        let mut skus: Vec<String> = self
            .people
            .values()
            .flat_map(|person| person.grants.iter().map(|grant| grant.sku.clone()))
            .collect();
        skus.extend(self.crowd.iter().flat_map(Crowd::products));
        skus.extend(
            ["MCOEV", "SPE_E3"]
                .iter()
                .filter_map(|name| self.catalogue.sku_named(name))
                .map(|sku| sku.guid.to_owned()),
        );
        skus.sort();
        skus.dedup();
        for sku in skus {
            let used = self.consumed(&sku);
            self.seats.entry(sku).or_insert(Seats {
                enabled: used + 3 + used / 10,
                ..Seats::default()
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn born() -> Timestamp {
        "2026-11-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn only_those_who_were_changed_are_kept() {
        let mut tenant = Tenant::crowd_of(5_000, born());
        assert!(tenant.people.is_empty());
        let place = tenant.place_of(&Crowd::id(42)).unwrap();
        assert_eq!(place, 42);
        tenant.edit(place, &["usageLocation"], |person| {
            person.location = Some("FR".to_owned());
        });
        assert_eq!(tenant.people.len(), 1);
        assert_eq!(
            tenant.find(&Crowd::id(42)).unwrap().location.as_deref(),
            Some("FR")
        );
        assert_eq!(tenant.changes, 1);
        assert_eq!(tenant.people[&42].touched["usageLocation"], 1);
        assert_eq!(tenant.people_from(0).count(), 5_000);
    }

    #[test]
    fn someone_in_the_bin_is_found_by_place_alone() {
        let mut tenant = Tenant::crowd_of(100, born());
        tenant.edit(3, &[], |person| person.deleted = true);
        assert!(tenant.find(&Crowd::id(3)).is_none());
        assert!(tenant.anyone(3).is_some());
        assert_eq!(tenant.people_from(0).count(), 99);
    }

    #[test]
    fn seats_follow_the_licences() {
        let mut tenant = Tenant::crowd_of(1_000, born());
        let sku = tenant
            .catalogue
            .sku_named("MCOPSTN1")
            .unwrap()
            .guid
            .to_owned();
        let before = tenant.consumed(&sku);
        assert_eq!(before, 80);
        let place = tenant
            .people_from(0)
            .find(|(_, person)| person.skus().contains(&sku.as_str()))
            .unwrap()
            .0;
        tenant.grant(place, Vec::new(), born());
        assert_eq!(tenant.consumed(&sku), before - 1);
        let person = tenant.person(place).unwrap();
        assert!(tenant.usable_plans(&person).is_empty());
        assert!(tenant.plan_rows(&person).len() >= 40);
    }
}
