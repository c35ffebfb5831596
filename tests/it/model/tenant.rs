//! A small tenant, as the directory writes it, and what is true in it as far as a model needs to know.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::chance::Chance;

pub(super) const COUNTRIES: [&str; 4] = ["GB", "US", "DE", "FR"];
const PHONE_SYSTEM: &str = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7";
const TEAMS: &str = "57ff2da0-773e-42df-b2af-ffb7a2317929";
const E3: &str = "05e9a617-0261-4cee-bb44-138d3ef5d965";
const PHONE_SYSTEM_SKU: &str = "e43b5b99-8dfb-405f-9987-dc307f34bcbd";

/// Who holds each number, and where each person is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Truth {
    pub(super) holder: BTreeMap<String, Option<String>>,
    pub(super) country: BTreeMap<String, Option<String>>,
}

impl Truth {
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
}

pub(super) fn upn(n: usize) -> String {
    format!("person{n}@contoso.example")
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
        }
        Self {
            people,
            numbers,
            truth,
        }
    }

    /// As `PUT /_sim/tenant` takes it.
    pub(super) fn described(&self) -> Value {
        let plan = |id: &str| json!({ "assignedDateTime": "2025-01-01T08:00:00Z", "capabilityStatus": "Enabled", "service": "MicrosoftCommunicationsOnline", "servicePlanId": id });
        let users: Vec<Value> = self.people.iter().enumerate().map(|(n, id)| json!({
            "id": id, "userPrincipalName": upn(n), "mail": upn(n), "displayName": format!("Person {n}"), "accountEnabled": true,
            "userType": "Member", "usageLocation": self.truth.country[id], "_teams": "user",
            "assignedLicenses": [{ "skuId": E3, "disabledPlans": [] }, { "skuId": PHONE_SYSTEM_SKU, "disabledPlans": [] }],
            "licenseAssignmentStates": [
                { "skuId": E3, "disabledPlans": [], "assignedByGroup": null, "state": "Active", "error": "None" },
                { "skuId": PHONE_SYSTEM_SKU, "disabledPlans": [], "assignedByGroup": null, "state": "Active", "error": "None" }],
            "assignedPlans": [plan(PHONE_SYSTEM), plan(TEAMS)],
        })).collect();
        let numbers: Vec<Value> = self.truth.holder.iter().map(|(number, holder)| json!({
            "telephoneNumber": number, "numberType": "directRouting", "numberSource": "online",
            "assignmentStatus": if holder.is_some() { "userAssigned" } else { "unassigned" }, "assignmentTargetId": holder,
        })).collect();
        json!({ "users": users, "groups": [], "numbers": numbers })
    }
}
