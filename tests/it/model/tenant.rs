//! A small tenant, as the directory writes it, and what is true in it as far as a model needs to know.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use teamsconnector::domain::directory::Licence;

use super::chance::Chance;

pub(super) const COUNTRIES: [&str; 4] = ["GB", "US", "DE", "FR"];
const PHONE_SYSTEM: &str = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7";
const TEAMS: &str = "57ff2da0-773e-42df-b2af-ffb7a2317929";
pub(super) const CALLING: &str = "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8";
const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
/// Phone System, and nothing else.
pub(super) const PHONE_SKU: &str = "e43b5b99-8dfb-405f-9987-dc307f34bcbd";
/// A Calling Plan, and nothing else.
pub(super) const CALLING_SKU: &str = "0dab259f-bf13-4952-b7f8-7db8f131b28d";
/// Phone System with a Calling Plan.
pub(super) const BUNDLE_SKU: &str = "ae2343d1-0999-43f6-ae18-d816516f6e78";
const GROUP: &str = "00000000-0000-4000-9000-000000000001";

/// The products that are given and taken, with the plans in them that decide anything.
pub(super) const PRODUCTS: [(&str, &[&str]); 3] = [
    (PHONE_SKU, &[PHONE_SYSTEM]),
    (CALLING_SKU, &[CALLING]),
    (BUNDLE_SKU, &[PHONE_SYSTEM, CALLING]),
];

/// A licence that somebody has, directly or by a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Given {
    pub(super) sku: String,
    pub(super) group: Option<String>,
    /// Sorted.
    pub(super) off: Vec<String>,
}

impl Given {
    fn directly(sku: &str, off: &[&str]) -> Self {
        Self {
            sku: sku.to_owned(),
            group: None,
            off: off.iter().map(|plan| (*plan).to_owned()).collect(),
        }
    }

    fn by_group(sku: &str) -> Self {
        Self {
            group: Some(GROUP.to_owned()),
            ..Self::directly(sku, &[])
        }
    }

    pub(super) fn of(licence: &Licence) -> Self {
        let mut off: Vec<String> = licence.disabled.iter().map(ToString::to_string).collect();
        off.sort();
        Self {
            sku: licence.sku.to_string(),
            group: licence.group.map(|group| group.to_string()),
            off,
        }
    }

    /// As the simulated tenant's log tells the licences of somebody.
    pub(super) fn all_of(told: &str) -> Vec<Self> {
        let list = |text: &str| -> Vec<String> {
            let parts = text.split(',').filter(|part| !part.is_empty());
            parts.map(str::to_owned).collect()
        };
        let mut all: Vec<Self> = told
            .split(';')
            .filter_map(|one| {
                let [sku, group, off] = one.split('|').collect::<Vec<_>>().try_into().ok()?;
                Some(Self {
                    sku: sku.to_owned(),
                    group: (!group.is_empty()).then(|| group.to_owned()),
                    off: list(off),
                })
            })
            .collect();
        all.sort();
        all
    }

    fn brings(&self, plan: &str) -> bool {
        let product = PRODUCTS.iter().find(|(sku, _)| *sku == self.sku);
        product.is_some_and(|(_, plans)| plans.contains(&plan))
            && !self.off.iter().any(|off| off == plan)
    }
}

/// Who holds each number, where each person is, and which licences each has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Truth {
    pub(super) holder: BTreeMap<String, Option<String>>,
    pub(super) country: BTreeMap<String, Option<String>>,
    pub(super) licences: BTreeMap<String, Vec<Given>>,
}

impl Truth {
    pub(super) fn licences_of(&self, id: &str) -> &[Given] {
        self.licences.get(id).map_or(&[], Vec::as_slice)
    }

    /// The plans that are off in the licence that somebody has directly; nothing where it is not had directly.
    pub(super) fn off_of(&self, id: &str, sku: &str) -> Option<&[String]> {
        self.licences_of(id)
            .iter()
            .find(|given| given.sku == sku && given.group.is_none())
            .map(|given| given.off.as_slice())
    }

    /// Whether somebody can be given a number of Direct Routing.
    pub(super) fn can_hold(&self, id: &str) -> bool {
        let has = |plan: &str| self.licences_of(id).iter().any(|given| given.brings(plan));
        has(PHONE_SYSTEM) && !has(CALLING)
    }

    pub(super) fn numbers_of(&self, id: &str) -> Vec<&str> {
        self.holder
            .iter()
            .filter(|(_, holder)| holder.as_deref() == Some(id))
            .map(|(number, _)| number.as_str())
            .collect()
    }
}

#[derive(Debug, Clone)]
pub(super) struct SmallTenant {
    /// Ids of the people.
    pub(super) people: Vec<String>,
    pub(super) numbers: Vec<String>,
    pub(super) truth: Truth,
    /// Seats of each of [`PRODUCTS`] that nobody has yet.
    pub(super) free_seats: [usize; 3],
}

pub(super) fn upn(n: usize) -> String {
    format!("person{n}@contoso.example")
}

/// What somebody has who can hold a number.
pub(super) fn able() -> Vec<Given> {
    vec![Given::directly(E3, &[]), Given::directly(PHONE_SKU, &[])]
}

/// Most can hold a number; some only without the Calling Plan that they have, and some not before they are given Phone System.
fn some(chance: &mut Chance) -> Vec<Given> {
    let of_phone = match chance.below(100) {
        0..45 => vec![Given::directly(PHONE_SKU, &[])],
        45..53 => vec![Given::by_group(PHONE_SKU)],
        53..61 => vec![Given::directly(PHONE_SKU, &[]), Given::by_group(PHONE_SKU)],
        61..69 => vec![Given::directly(BUNDLE_SKU, &[])],
        69..74 => vec![Given::directly(BUNDLE_SKU, &[CALLING])],
        74..78 => vec![
            Given::directly(BUNDLE_SKU, &[]),
            Given::by_group(BUNDLE_SKU),
        ],
        78..87 => vec![
            Given::directly(PHONE_SKU, &[]),
            Given::directly(CALLING_SKU, &[]),
        ],
        87..92 => vec![
            Given::directly(PHONE_SKU, &[]),
            Given::by_group(CALLING_SKU),
        ],
        _ => Vec::new(),
    };
    let mut all = vec![Given::directly(E3, &[])];
    all.extend(of_phone);
    all.sort();
    all
}

impl SmallTenant {
    /// 5 to 8 people, 6 to 10 numbers; about half of the people have one.
    pub(super) fn of(chance: &mut Chance) -> Self {
        let count = 5 + chance.below(4);
        let people: Vec<String> = (0..count)
            .map(|n| format!("00000000-0000-4000-8000-{n:012x}"))
            .collect();
        let numbers: Vec<String> = (0..6 + chance.below(5))
            .map(|n| format!("+4412351235{n:02}"))
            .collect();
        let mut truth = Truth::default();
        for (n, number) in numbers.iter().enumerate() {
            let holder = (n < count && chance.percent(55)).then(|| people[n].clone());
            truth.holder.insert(number.clone(), holder);
        }
        for id in &people {
            let place = chance.pick(&COUNTRIES[..2]).to_owned();
            truth.country.insert(id.clone(), Some(place));
            truth.licences.insert(id.clone(), some(chance));
        }
        let free_seats = [(); 3].map(|()| chance.pick(&[0, 0, 1, 2]));
        Self {
            people,
            numbers,
            truth,
            free_seats,
        }
    }

    /// As `PUT /_sim/tenant` takes it.
    pub(super) fn described(&self) -> Value {
        let users: Vec<Value> = (0..)
            .zip(&self.people)
            .map(|(n, id)| self.user(n, id))
            .collect();
        let numbers: Vec<Value> = self.truth.holder.iter().map(|(number, holder)| json!({
            "telephoneNumber": number, "numberType": "directRouting", "numberSource": "online",
            "assignmentStatus": if holder.is_some() { "userAssigned" } else { "unassigned" }, "assignmentTargetId": holder,
        })).collect();
        let used = |sku: &str| {
            let has = |all: &&Vec<Given>| all.iter().any(|given| given.sku == sku);
            self.truth.licences.values().filter(has).count()
        };
        let seats: BTreeMap<&str, usize> = PRODUCTS
            .iter()
            .zip(self.free_seats)
            .map(|((sku, _), free)| (*sku, used(sku) + free))
            .collect();
        json!({ "users": users, "groups": [], "numbers": numbers, "seats": seats })
    }

    fn user(&self, n: usize, id: &str) -> Value {
        let plan = |id: &str| json!({ "assignedDateTime": "2025-01-01T08:00:00Z", "capabilityStatus": "Enabled", "service": "MicrosoftCommunicationsOnline", "servicePlanId": id });
        let all = self.truth.licences_of(id);
        let plans: Vec<Value> = [PHONE_SYSTEM, CALLING]
            .into_iter()
            .filter(|plan| all.iter().any(|given| given.brings(plan)))
            .chain([TEAMS])
            .map(plan)
            .collect();
        let states: Vec<Value> = all.iter().map(|given| json!({
            "skuId": given.sku, "disabledPlans": given.off, "assignedByGroup": given.group, "state": "Active", "error": "None",
        })).collect();
        let mut skus: Vec<&str> = all.iter().map(|given| given.sku.as_str()).collect();
        skus.sort_unstable();
        skus.dedup();
        let assigned: Vec<Value> = skus
            .into_iter()
            .map(|sku| {
                // What one of the two has off is on all the same where the other has it on.
                let of: Vec<_> = all.iter().filter(|given| given.sku == sku).collect();
                let off = of[0]
                    .off
                    .iter()
                    .filter(|plan| of.iter().all(|given| given.off.contains(plan)));
                json!({ "skuId": sku, "disabledPlans": off.collect::<Vec<_>>() })
            })
            .collect();
        json!({
            "id": id, "userPrincipalName": upn(n), "mail": upn(n), "displayName": format!("Person {n}"), "accountEnabled": true,
            "userType": "Member", "usageLocation": self.truth.country[id], "_teams": "user",
            "assignedLicenses": assigned, "licenseAssignmentStates": states, "assignedPlans": plans,
        })
    }
}
