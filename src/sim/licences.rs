//! Products and their seats, and the giving and taking of licences.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::catalogue::{Catalogue, Plan, Sku};
use super::directory;
use super::person::{self, Grant, Person};
use super::tenant::Seats;
use super::wire::{Call, Refusal, Reply};
use super::world::World;

/// A plan that stands only on another: the first is refused while the second is off.
const DEPENDS: &[(&str, &str)] = &[("MCOEV", "MCOSTANDARD"), ("MCOMEETADV", "MCOSTANDARD")];
/// Plans of which a person can have one.
const EXCLUSIVE: &[&[&str]] = &[
    &["MCOPSTN1", "MCOPSTN2", "MCOPSTN5", "MCOPSTN6"],
    &["MCOEV", "MCOEV_VIRTUALUSER"],
];

/// `GET /subscribedSkus`.
pub(super) fn skus(world: &World, call: &Call) -> Result<Reply, Refusal> {
    for option in ["$filter", "$search", "$top", "$orderby"] {
        if call.query.get(option).is_some() {
            return Err(Refusal::unsupported(format!(
                "'{option}' is not supported on this collection."
            )));
        }
    }
    let names = call.query.names("$select");
    let rows: Vec<Value> = world
        .tenant
        .seats
        .iter()
        .filter_map(|(guid, seats)| Some(sku(world, world.tenant.catalogue.sku(guid)?, *seats)))
        .map(|row| match row {
            Value::Object(row) if !names.is_empty() => row
                .into_iter()
                .filter(|(key, _)| names.iter().any(|name| name.eq_ignore_ascii_case(key)))
                .collect(),
            row => row,
        })
        .collect();
    Ok(Reply::value(&json!({ "@odata.context": format!("{}/v1.0/$metadata#subscribedSkus", call.base), "value": rows })).costing(3))
}

fn sku(world: &World, sku: &Sku, seats: Seats) -> Value {
    let tenant = world.tenant_id();
    let plans: Vec<Value> = world
        .tenant
        .catalogue
        .plans(sku)
        .map(|plan| json!({ "servicePlanId": plan.guid, "servicePlanName": plan.name, "provisioningStatus": "Success", "appliesTo": applies_to(plan) }))
        .collect();
    let status = if seats.enabled > 0 {
        "Enabled"
    } else if seats.warning > 0 {
        "Warning"
    } else {
        "Suspended"
    };
    json!({
        "id": format!("{tenant}_{}", sku.guid),
        "accountId": tenant,
        "accountName": world.tenant.name,
        "appliesTo": "User",
        "capabilityStatus": status,
        "consumedUnits": world.tenant.consumed(sku.guid),
        "prepaidUnits": { "enabled": seats.enabled, "warning": seats.warning, "suspended": seats.suspended, "lockedOut": seats.locked_out },
        "servicePlans": plans,
        "skuId": sku.guid,
        "skuPartNumber": sku.name,
        "subscriptionIds": [super::chance::guid_from(&format!("subscription {tenant} {}", sku.guid))],
    })
}

/// A few plans belong to the company, and no one can switch them off for a user.
fn applies_to(plan: &Plan) -> &'static str {
    if matches!(
        plan.name,
        "M365_LIGHTHOUSE_CUSTOMER_PLAN1" | "MDE_LITE" | "GRAPH_CONNECTORS_SEARCH_INDEX"
    ) {
        "Company"
    } else {
        "User"
    }
}

/// `GET /users/{id}/licenseDetails`.
pub(super) fn details(world: &World, call: &Call, key: &str) -> Result<Reply, Refusal> {
    let tenant = &world.tenant;
    let person = tenant.find(key).ok_or_else(|| Refusal::no_resource(key))?;
    let rows: Vec<Value> = person
        .skus()
        .into_iter()
        .filter_map(|guid| tenant.catalogue.sku(guid))
        .map(|sku| {
            let off = person.disabled_in(sku.guid);
            let plans: Vec<Value> = tenant
                .catalogue
                .plans(sku)
                .map(|plan| {
                    let status = if off.contains(&plan.guid) { "Disabled" } else { "Success" };
                    json!({ "servicePlanId": plan.guid, "servicePlanName": plan.name, "provisioningStatus": status, "appliesTo": applies_to(plan) })
                })
                .collect();
            json!({ "id": super::chance::guid_from(&format!("{} {}", person.id, sku.guid)), "skuId": sku.guid, "skuPartNumber": sku.name, "servicePlans": plans })
        })
        .collect();
    let context = format!(
        "{}/v1.0/$metadata#users('{}')/licenseDetails",
        call.base, person.id
    );
    Ok(Reply::value(&json!({ "@odata.context": context, "value": rows })).costing(2))
}

/// `POST /users/{id}/assignLicense`: all of it, or nothing.
pub(super) fn assign(world: &mut World, call: &Call, key: &str) -> Result<Reply, Refusal> {
    let place = world
        .tenant
        .place_of(key)
        .ok_or_else(|| Refusal::no_resource(key))?;
    let body = call.object()?;
    let (add, remove) = wishes(&body)?;
    let now = world.now();
    let person = world
        .tenant
        .person(place)
        .ok_or_else(|| Refusal::no_resource(key))?
        .into_owned();
    let grants = replaced(world, &person, &add, &remove)?;
    world.remember_view(place);
    world.tenant.grant(place, grants, now);
    world.note_change();
    directory::entity(world, call, &person.id)
}

/// A product to add, with the plans that are to be off.
type Addition = (String, Vec<String>);

fn wishes(body: &Map<String, Value>) -> Result<(Vec<Addition>, Vec<String>), Refusal> {
    let list = |name: &str| {
        body.get(name)
            .and_then(Value::as_array)
            .ok_or_else(|| Refusal::bad(format!("One or more parameters of the operation 'assignLicense' are missing from the request payload. The missing parameters are: {name}.")))
    };
    let guid = |value: &Value| {
        value.as_str().map(str::to_ascii_lowercase).ok_or_else(|| {
            Refusal::bad("Cannot convert a primitive value to the expected type 'Edm.Guid'.")
        })
    };
    let mut add = Vec::new();
    for wish in list("addLicenses")? {
        let off = wish["disabledPlans"]
            .as_array()
            .map_or(&[][..], Vec::as_slice);
        add.push((
            guid(&wish["skuId"])?,
            off.iter().map(guid).collect::<Result<Vec<_>, _>>()?,
        ));
    }
    let remove = list("removeLicenses")?
        .iter()
        .map(guid)
        .collect::<Result<Vec<_>, _>>()?;
    Ok((add, remove))
}

/// The grants after a request, or why there will be none.
fn replaced(
    world: &World,
    person: &Person,
    add: &[Addition],
    remove: &[String],
) -> Result<Vec<Grant>, Refusal> {
    let catalogue = &world.tenant.catalogue;
    if !add.is_empty() && person.location.as_deref().is_none_or(str::is_empty) {
        return Err(Refusal::bad(
            "License assignment cannot be done for user with invalid usage location.",
        ));
    }
    let mut grants = person.grants.clone();
    for sku in remove {
        if !grants.iter().any(|grant| &grant.sku == sku) {
            return Err(Refusal::bad("User does not have a corresponding license."));
        }
        if !grants
            .iter()
            .any(|grant| &grant.sku == sku && grant.group.is_none())
        {
            return Err(Refusal::bad(
                "User license is inherited from a group membership and it cannot be removed directly from the user.",
            ));
        }
        grants.retain(|grant| &grant.sku != sku || grant.group.is_some());
    }
    for (guid, off) in add {
        let owned = world.tenant.seats.get(guid);
        let (Some(sku), Some(seats)) = (catalogue.sku(guid), owned) else {
            return Err(Refusal::bad(format!(
                "License {guid} does not correspond to a valid company License."
            )));
        };
        check_disabled(catalogue, sku, off)?;
        let held = person.grants.iter().any(|grant| &grant.sku == guid);
        if !held && seats.enabled + seats.warning <= world.tenant.consumed(guid) {
            return Err(Refusal::bad(format!(
                "Subscription with SKU {guid} does not have any available licenses."
            )));
        }
        // What was off before counts no more: the new list takes its place, whole.
        grants.retain(|grant| &grant.sku != guid || grant.group.is_some());
        grants.push(Grant {
            sku: guid.clone(),
            disabled: off.clone(),
            group: None,
            at: world.now(),
        });
    }
    check_together(catalogue, &person.grants, &grants)?;
    Ok(grants)
}

fn check_disabled(catalogue: &Catalogue, sku: &Sku, off: &[String]) -> Result<(), Refusal> {
    for plan in off {
        let found = catalogue.plans(sku).find(|inside| inside.guid == plan);
        match found {
            None => {
                return Err(Refusal::bad(format!(
                    "The license {} does not contain the service plan(s) {plan}.",
                    sku.guid
                )));
            }
            Some(inside) if applies_to(inside) == "Company" => {
                return Err(Refusal::bad(format!(
                    "Service plan {plan} applies to the company and cannot be disabled for a user."
                )));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// Plans that need one another, or bear not one another. What was wrong before is not held against the request.
fn check_together(catalogue: &Catalogue, before: &[Grant], after: &[Grant]) -> Result<(), Refusal> {
    let (before, after) = (
        person::granted(before, catalogue),
        person::granted(after, catalogue),
    );
    let guid = |name: &str| catalogue.plan_named(name).map_or("", |plan| plan.guid);
    let lacks = |plans: &BTreeSet<String>, plan: &str, other: &str| {
        plans.contains(plan) && !plans.contains(other)
    };
    for (plan, other) in DEPENDS {
        let (plan, other) = (guid(plan), guid(other));
        if lacks(&after, plan, other) && before.contains(other) {
            return Err(Refusal::bad(format!(
                "License assignment failed because service plan {plan} depends on the service plan(s) {other}"
            )));
        }
    }
    for set in EXCLUSIVE {
        let held = |plans: &BTreeSet<String>| -> Vec<&str> {
            set.iter()
                .map(|name| guid(name))
                .filter(|plan| plans.contains(*plan))
                .collect()
        };
        let now = held(&after);
        if now.len() > 1 && held(&before).len() < now.len() {
            return Err(Refusal::bad(format!(
                "License assignment failed because service plans {} are mutually exclusive.",
                now.join(", ")
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::Scenario;
    use crate::sim::world::World;

    fn guid(name: &str) -> String {
        Catalogue::read().sku_named(name).unwrap().guid.to_owned()
    }

    fn plan(name: &str) -> String {
        Catalogue::read().plan_named(name).unwrap().guid.to_owned()
    }

    fn post(world: &mut World, upn: &str, add: &Value, remove: &Value) -> Result<Reply, Refusal> {
        let mut call = Call::new("POST", "/v1.0/users/x/assignLicense", "http://h".to_owned());
        call.body = json!({ "addLicenses": add, "removeLicenses": remove })
            .to_string()
            .into_bytes();
        assign(world, &call, &format!("{upn}@contoso.example"))
    }

    fn usable(world: &World, upn: &str) -> Vec<&'static str> {
        world.tenant.usable_plans(
            &world
                .tenant
                .find(&format!("{upn}@contoso.example"))
                .unwrap(),
        )
    }

    #[test]
    fn the_list_that_is_sent_replaces_the_one_before() {
        let mut world = World::for_test(&Scenario::Tour);
        let bundle = guid("MCOTEAMS_ESSENTIALS");
        post(
            &mut world,
            "alex",
            &json!([{ "skuId": bundle, "disabledPlans": [plan("MCOPSTN1")] }]),
            &json!([]),
        )
        .unwrap();
        assert!(!usable(&world, "alex").contains(&"MCOPSTN1"));
        assert!(usable(&world, "alex").contains(&"MCOEV"));
        post(
            &mut world,
            "alex",
            &json!([{ "skuId": bundle, "disabledPlans": [] }]),
            &json!([]),
        )
        .unwrap();
        assert!(usable(&world, "alex").contains(&"MCOPSTN1"));
        assert_eq!(
            world
                .tenant
                .find("alex@contoso.example")
                .unwrap()
                .grants
                .len(),
            2
        );
    }

    #[test]
    fn each_refusal_has_its_words() {
        let mut world = World::for_test(&Scenario::Tour);
        let mut message = |upn: &str, add: Value, remove: Value| {
            post(&mut world, upn, &add, &remove).unwrap_err().message
        };
        let none = || json!([]);
        let sku = |name: &str| json!([{ "skuId": guid(name), "disabledPlans": [] }]);
        assert_eq!(
            message("oleg", sku("SPE_E5"), none()),
            "License assignment cannot be done for user with invalid usage location."
        );
        assert_eq!(
            message("joni", sku("MCOEV_GOV"), none()),
            format!(
                "License {} does not correspond to a valid company License.",
                guid("MCOEV_GOV")
            )
        );
        assert_eq!(
            message("joni", none(), json!([guid("SPE_E5")])),
            "User does not have a corresponding license."
        );
        assert_eq!(
            message("johanna", none(), json!([guid("MCOPSTN1")])),
            "User license is inherited from a group membership and it cannot be removed directly from the user."
        );
        let off = json!([{ "skuId": guid("SPE_E5"), "disabledPlans": [plan("MCOSTANDARD")] }]);
        assert_eq!(
            message("adele", off, none()),
            format!(
                "License assignment failed because service plan {} depends on the service plan(s) {}",
                plan("MCOEV"),
                plan("MCOSTANDARD")
            )
        );
        let foreign = json!([{ "skuId": guid("MCOPSTNC"), "disabledPlans": [plan("MCOEV")] }]);
        assert!(
            message("enrico", foreign, none()).contains("does not contain the service plan(s)")
        );
    }

    #[test]
    fn seats_run_out() {
        let mut world = World::for_test(&Scenario::Tour);
        let sku = guid("MCOPSTNC");
        world.tenant.seats.get_mut(&sku).unwrap().enabled = 1;
        let refusal = post(&mut world, "joni", &json!([{ "skuId": sku }]), &json!([])).unwrap_err();
        assert_eq!(
            refusal.message,
            format!("Subscription with SKU {sku} does not have any available licenses.")
        );
        post(&mut world, "enrico", &json!([]), &json!([sku])).unwrap();
        post(&mut world, "joni", &json!([{ "skuId": sku }]), &json!([])).unwrap();
        assert_eq!(world.tenant.consumed(&sku), 1);
    }
}
