//! The whole tenant as one JSON object, for the control plane: what is true, whatever Graph shows of it.

use serde_json::{Value, json};

use super::inventory::NumberRow;
use super::person::Person;
use super::teams;
use super::tenant::Tenant;
use super::world::World;

/// Beyond this many people, those alone are listed who were changed.
const MOST: u64 = 1_000;

/// Everything.
pub(super) fn whole(world: &World) -> Value {
    let tenant = &world.tenant;
    let small = tenant.next <= MOST;
    let users: Vec<Value> = if small {
        tenant
            .people_from(0)
            .map(|(_, one)| person(world, &one))
            .collect()
    } else {
        tenant
            .people
            .values()
            .filter(|one| !one.deleted)
            .map(|one| person(world, one))
            .collect()
    };
    let numbers: Vec<Value> = if small {
        tenant.numbers_from(0).map(|row| number(&row)).collect()
    } else {
        tenant.numbers.values().map(number).collect()
    };
    let groups: Vec<Value> = tenant
        .groups
        .iter()
        .map(|group| json!({ "id": group.id, "name": group.name, "hidden": group.hidden, "members": group.members, "nested": group.nested }))
        .collect();
    let seats: serde_json::Map<String, Value> = tenant
        .seats
        .iter()
        .filter_map(|(guid, seats)| {
            Some((
                tenant.catalogue.sku(guid)?.name.to_owned(),
                json!({ "seats": seats.enabled, "consumed": tenant.consumed(guid) }),
            ))
        })
        .collect();
    json!({
        "scenario": tenant.scenario,
        "organization": {
            "id": world.tenant_id(), "displayName": tenant.name, "domains": tenant.domains, "onPremisesSyncEnabled": tenant.sync_enabled,
            "onPremisesLastSyncDateTime": tenant.last_sync.map(|at| at.to_string()),
        },
        "changes": tenant.changes,
        "size": tenant.next,
        "partial": !small,
        "signed_in": tenant.signed_in,
        "users": users,
        "numbers": numbers,
        "groups": groups,
        "seats": seats,
        "operations": operations(tenant),
    })
}

/// One person: what is set, the licences by name, the plans by name, the numbers.
pub(super) fn person(world: &World, person: &Person) -> Value {
    let tenant = &world.tenant;
    let plan_name = |guid: &str| {
        tenant
            .catalogue
            .plan(guid)
            .map_or_else(|| guid.to_owned(), |plan| plan.name.to_owned())
    };
    let licences: Vec<Value> = person
        .grants
        .iter()
        .map(|grant| {
            let off: Vec<String> = grant.disabled.iter().map(|plan| plan_name(plan)).collect();
            let name = tenant.catalogue.sku(&grant.sku).map_or("", |sku| sku.name);
            json!({ "skuPartNumber": name, "skuId": grant.sku, "disabledPlans": off, "assignedByGroup": grant.group })
        })
        .collect();
    let plans: Vec<Value> =
        tenant.plan_rows(person).iter().map(|row| json!({ "name": plan_name(&row.plan), "servicePlanId": row.plan, "capabilityStatus": row.status.name() })).collect();
    let numbers: Vec<String> = tenant
        .numbers_of(&person.id)
        .into_iter()
        .map(|row| row.number)
        .collect();
    let view = teams::view(world, person);
    let shown: Vec<&str> = view
        .numbers
        .iter()
        .map(|(number, _)| number.as_str())
        .collect();
    json!({
        "id": person.id,
        "userPrincipalName": person.upn,
        "displayName": person.name,
        "mail": person.mail,
        "proxyAddresses": person.proxies,
        "accountEnabled": person.enabled,
        "userType": if person.guest { "Guest" } else { "Member" },
        "department": person.department,
        "usageLocation": person.location,
        "onPremisesSyncEnabled": person.synced.as_ref().map(|synced| synced.enabled),
        "licenses": licences,
        "plans": plans,
        "numbers": numbers,
        "teams": { "isEnterpriseVoiceEnabled": view.voice, "telephoneNumbers": shown, "featureTypes": view.features },
    })
}

fn number(row: &NumberRow) -> Value {
    json!({
        "telephoneNumber": row.number, "numberType": row.kind, "numberSource": row.source, "assignmentStatus": row.status,
        "assignmentTargetId": row.target, "assignmentCategory": row.category, "activationState": row.state,
    })
}

fn operations(tenant: &Tenant) -> Vec<Value> {
    tenant
        .operations
        .iter()
        .map(|(id, operation)| {
            json!({
                "id": id, "kind": format!("{:?}", operation.kind), "step": format!("{:?}", operation.step), "number": operation.number,
                "target": operation.target, "failure": operation.failure,
            })
        })
        .collect()
}
