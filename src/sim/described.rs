//! A tenant that is described as a whole: what a generator of tests puts in the place of the scenario's.
//!
//! Users are given as the directory would write them, property by property, so that what occurs in the field and has no place
//! in a [`Person`] can be said as well: a status in other letters, a word that nobody knows, a value of the wrong type.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::catalogue::Catalogue;
use super::groups::Group;
use super::inventory::NumberRow;
use super::person::{Grant, Person, PlanRow, Plans, Status};
use super::tenant::Seats;
use super::world::World;

/// Replaces people, groups, numbers and seats: `{"users": [..], "groups": [..], "numbers": [..], "seats": {"MCOEV": 5}}`. Of what
/// has no number of seats named there are a few more than are in use.
///
/// A user has the members of Graph's user, and `_teams`: the `accountType` of the row that Teams has, or null where it has none.
pub(super) fn put(world: &mut World, body: &Map<String, Value>) -> Result<(), String> {
    let list = |name: &str| {
        body.get(name)
            .and_then(Value::as_array)
            .ok_or_else(|| format!("a tenant has {name}"))
    };
    let now = world.now();
    let people = list("users")?
        .iter()
        .map(|user| {
            let user = user.as_object().ok_or("a user is an object")?;
            person(user, now)
        })
        .collect::<Result<Vec<_>, String>>()?;
    let groups = list("groups")?
        .iter()
        .map(group)
        .collect::<Result<Vec<_>, _>>()?;
    let numbers = list("numbers")?
        .iter()
        .map(number)
        .collect::<Result<Vec<_>, _>>()?;
    let seats = seats(
        &world.tenant.catalogue,
        body.get("seats").unwrap_or(&Value::Null),
    )?;
    let tenant = &mut world.tenant;
    tenant.crowd = None;
    tenant.people = (0..).zip(people).collect();
    tenant.next = u64::try_from(tenant.people.len()).unwrap_or(u64::MAX);
    tenant.groups = groups;
    tenant.numbers = numbers
        .into_iter()
        .map(|row| (row.number.clone(), row))
        .collect();
    tenant.seats = seats;
    tenant.operations.clear();
    tenant.signed_in = tenant
        .people
        .first_key_value()
        .map(|(_, person)| person.id.clone())
        .unwrap_or_default();
    tenant.restore(None);
    tenant.open_seats();
    world.held.send_replace(0);
    Ok(())
}

/// How many are bought, by id or name of the product.
fn seats(catalogue: &Catalogue, named: &Value) -> Result<BTreeMap<String, Seats>, String> {
    let named = named.as_object().into_iter().flatten();
    named
        .map(|(name, count)| {
            let sku = catalogue.sku(name).or_else(|| catalogue.sku_named(name));
            let sku = sku.ok_or_else(|| format!("no product is called {name}"))?;
            let enabled = count.as_i64().ok_or("seats are a number")?;
            let seats = Seats {
                enabled,
                ..Seats::default()
            };
            Ok((sku.guid.to_owned(), seats))
        })
        .collect()
}

fn text(of: &Value, name: &str) -> Result<String, String> {
    of[name]
        .as_str()
        .map(str::to_owned)
        .ok_or_else(|| format!("{name} is a text"))
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|text| text.as_str().map(str::to_owned))
        .collect()
}

fn person(user: &Map<String, Value>, now: jiff::Timestamp) -> Result<Person, String> {
    let whole = Value::Object(user.clone());
    let mut odd: std::collections::BTreeMap<String, Value> = user
        .iter()
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let teams = odd.remove("_teams").unwrap_or_default();
    if whole["usageLocation"].is_string() {
        // What can be patched must not go on showing what was described.
        odd.remove("usageLocation");
    }
    Ok(Person {
        // Kept in small letters, as groups and numbers name it; it goes out as it was given.
        id: text(&whole, "id")?.to_ascii_lowercase(),
        upn: text(&whole, "userPrincipalName")?,
        name: whole["displayName"].as_str().map(str::to_owned),
        mail: whole["mail"].as_str().map(str::to_owned),
        location: whole["usageLocation"].as_str().map(str::to_owned),
        enabled: whole["accountEnabled"] == true,
        guest: whole["userType"] == "Guest",
        grants: grants(&whole["licenseAssignmentStates"], now),
        plans: Plans::Own(plans(&whole["assignedPlans"], now)),
        // An empty kind is no row at all.
        account_type: Some(teams.as_str().unwrap_or_default().to_owned()),
        odd,
        created: now,
        ..Person::default()
    })
}

/// What can be understood of them: seats and features follow from it, the directory shows the list as it was given.
fn grants(states: &Value, now: jiff::Timestamp) -> Vec<Grant> {
    states
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|state| {
            Some(Grant {
                sku: state["skuId"].as_str()?.to_ascii_lowercase(),
                disabled: texts(&state["disabledPlans"]),
                group: state["assignedByGroup"].as_str().map(str::to_owned),
                at: now,
            })
        })
        .collect()
}

fn plans(rows: &Value, now: jiff::Timestamp) -> Vec<PlanRow> {
    rows.as_array()
        .into_iter()
        .flatten()
        .filter_map(|row| {
            let word = row["capabilityStatus"].as_str()?;
            let status = [Status::Enabled, Status::Warning, Status::Suspended]
                .into_iter()
                .find(|status| status.name().eq_ignore_ascii_case(word))
                .unwrap_or(Status::Deleted);
            Some(PlanRow {
                plan: row["servicePlanId"].as_str()?.to_ascii_lowercase(),
                status,
                at: now,
            })
        })
        .collect()
}

fn group(group: &Value) -> Result<Group, String> {
    Ok(Group {
        id: text(group, "id")?,
        hidden: group["hidden"] == true,
        members: texts(&group["members"]),
        nested: texts(&group["nested"]),
        ..Group::named(&text(group, "displayName")?)
    })
}

fn number(number: &Value) -> Result<NumberRow, String> {
    let mut row = NumberRow::free(&text(number, "telephoneNumber")?);
    row.kind = text(number, "numberType")?;
    row.source = text(number, "numberSource")?;
    row.status = text(number, "assignmentStatus")?;
    row.target = number["assignmentTargetId"].as_str().map(str::to_owned);
    Ok(row)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sim::Scenario;
    use crate::sim::json::Json;
    use crate::sim::properties::Property;
    use crate::sim::user_json;

    #[test]
    fn a_property_goes_out_as_it_was_given() {
        let mut world = World::for_test(&Scenario::Tour);
        let body = json!({
            "users": [{ "id": "00000000-0000-0000-0000-000000000001", "userPrincipalName": "a@x", "userType": 7, "_teams": null,
                "assignedPlans": [{ "servicePlanId": "4828C8EC-DC2E-4779-B502-87AC9CE28AB7", "capabilityStatus": "eNabled" }] }],
            "groups": [], "numbers": [],
        });
        put(&mut world, body.as_object().unwrap()).unwrap();
        let person = world.tenant.find("a@x").unwrap();
        assert_eq!(world.tenant.usable_plans(&person), ["MCOEV"]);
        let mut json = Json::default();
        json.open();
        user_json::members(
            &mut json,
            &[Property::UserType, Property::AssignedPlans],
            &person,
            &world.tenant,
        );
        json.close();
        let written: Value = serde_json::from_slice(&json.finish().0).unwrap();
        assert_eq!(written["userType"], 7);
        assert_eq!(
            written["assignedPlans"][0],
            body["users"][0]["assignedPlans"][0]
        );
    }
}
