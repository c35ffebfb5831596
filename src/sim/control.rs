//! The control plane under `/_sim/`: what another administrator does meanwhile, and what a test wants to see or turn.
//!
//! Nothing here asks for a token, and nothing here is part of Graph. Every change counts like anyone's: the next
//! delta reports it.

use serde_json::{Map, Value, json};

use super::catalogue::Catalogue;
use super::chance;
use super::described;
use super::groups::Group;
use super::inventory::{NumberRow, kept_form};
use super::licences;
use super::operations;
use super::person::{Grant, Person, PlanRow, Plans, Status, Synced};
use super::state;
use super::tenant::Tenant;
use super::wire::{Call, Refusal, Reply};
use super::world::World;

/// Everything under `/_sim`.
pub(super) fn route(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let path: Vec<&str> = call.path.iter().skip(1).map(String::as_str).collect();
    let wrong = |message: String| Refusal::new(400, "BadRequest", message);
    match (call.method.as_str(), path.as_slice()) {
        ("GET", ["state"]) => {
            operations::advance(world);
            return Ok(Reply::value(&state::whole(world)));
        }
        ("GET", ["users", key]) => {
            operations::advance(world);
            let person = world
                .tenant
                .find(key)
                .ok_or_else(|| Refusal::no_resource(key))?;
            return Ok(Reply::value(&state::person(world, &person)));
        }
        ("GET", ["log"]) => return Ok(Reply::value(&json!({ "requests": world.log }))),
        ("DELETE", ["log"]) => {
            world.log.clear();
            return Ok(Reply::empty(204));
        }
        ("GET", ["issued"]) => return Ok(Reply::value(&json!({ "secrets": world.issued }))),
        ("GET", ["knobs"]) => return Ok(Reply::value(&json!(world.knobs))),
        ("POST", ["knobs"]) => {
            world.knobs = world.knobs.turned(&call.object()?).map_err(wrong)?;
            world.rendered.forget();
            return Ok(Reply::value(&json!(world.knobs)));
        }
        ("POST", ["users"]) => return add(world, &call.object()?).map_err(wrong),
        // By Graph's own rules: seats run out, and what a group gives stays.
        ("POST", ["users", key, "assignLicense"]) => {
            licences::assign(world, call, key)?;
        }
        ("PATCH", ["users", key]) => {
            let place = world
                .tenant
                .place_of(key)
                .or_else(|| world.tenant.place_of_id(key))
                .ok_or_else(|| Refusal::no_resource(key))?;
            merge_person(world, place, &call.object()?).map_err(wrong)?;
        }
        ("DELETE", ["users", key]) => {
            let place = world
                .tenant
                .place_of(key)
                .ok_or_else(|| Refusal::no_resource(key))?;
            world
                .tenant
                .edit(place, &["@removed"], |person| person.deleted = true);
        }
        ("PUT", ["tenant"]) => described::put(world, &call.object()?).map_err(wrong)?,
        ("POST", ["numbers"]) => put_number(world, &call.object()?).map_err(wrong)?,
        ("PUT", ["groups", name]) => put_group(world, name, call).map_err(wrong)?,
        ("DELETE", ["groups", name]) => world
            .tenant
            .groups
            .retain(|group| !group.name.eq_ignore_ascii_case(name)),
        _ => return Err(Refusal::no_segment(path.first().unwrap_or(&"_sim"))),
    }
    world.note_change();
    Ok(Reply::empty(204))
}

fn add(world: &mut World, body: &Map<String, Value>) -> Result<Reply, String> {
    let upn = body
        .get("userPrincipalName")
        .and_then(Value::as_str)
        .ok_or("a user needs a userPrincipalName")?;
    if world.tenant.place_of(upn).is_some() {
        return Err(format!("there is a {upn} already"));
    }
    let id = body
        .get("id")
        .and_then(Value::as_str)
        .map_or_else(chance::guid, str::to_owned);
    let now = world.now();
    let person = Person {
        id: id.clone(),
        upn: upn.to_owned(),
        name: Some(upn.to_owned()),
        created: now,
        ..Person::default()
    };
    let mut rest = body.clone();
    rest.remove("id");
    let place = world.tenant.add(person);
    // A new person is told as a whole by the next delta, which looks for this mark.
    world.tenant.edit(place, &["id"], |_| {});
    merge_person(world, place, &rest)?;
    let person = world
        .tenant
        .find(&id)
        .ok_or("the user was not added")?
        .into_owned();
    Ok(Reply::json(201, &state::person(world, &person)))
}

/// Puts the members of a JSON object into a person: all of them, or none.
pub(super) fn merge_person(
    world: &mut World,
    place: u64,
    body: &Map<String, Value>,
) -> Result<(), String> {
    let mut person = world
        .tenant
        .anyone(place)
        .ok_or("nobody is there")?
        .into_owned();
    let now = world.now();
    let mut touched: Vec<&str> = Vec::new();
    let mut grants = None;
    let mut teams = false;
    for (name, value) in body {
        match name.as_str() {
            "assignedLicenses" => grants = Some(read_grants(&world.tenant, value, now)?),
            "planStatus" => {
                teams = true;
                set_plans(&mut person, &world.tenant, value, now)?;
                touched.push("assignedPlans");
            }
            "accountType" | "isEnterpriseVoiceEnabled" | "voiceRoutingGranted" => {
                teams = true;
                set(&mut person, name, value, world)?;
            }
            "deleted" => {
                person.deleted = value == true;
                touched.push(if person.deleted { "@removed" } else { "id" });
            }
            _ => {
                set(&mut person, name, value, world)?;
                touched.push(name);
            }
        }
    }
    if teams || grants.is_some() {
        world.remember_view(place);
    }
    if !touched.is_empty() || teams {
        world
            .tenant
            .edit(place, &touched, |kept| replace(kept, person));
    }
    if let Some(grants) = grants {
        world.tenant.grant(place, grants, now);
    }
    world.note_change();
    Ok(())
}

/// Everything but the marks of changes, which were set meanwhile.
fn replace(kept: &mut Person, person: Person) {
    let old = std::mem::take(kept);
    *kept = Person {
        changed: old.changed,
        touched: old.touched,
        teams_before: old.teams_before,
        teams_changed: old.teams_changed,
        ..person
    };
}

fn set(person: &mut Person, name: &str, value: &Value, world: &World) -> Result<(), String> {
    let wrong = || format!("{name} cannot be {value}");
    let text = || match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(wrong()),
    };
    let truth = || value.as_bool().ok_or_else(wrong);
    let texts = || match value {
        Value::Array(all) => all
            .iter()
            .map(|text| text.as_str().map(str::to_owned).ok_or_else(wrong))
            .collect::<Result<Vec<_>, _>>(),
        _ => Err(wrong()),
    };
    match name {
        "displayName" => person.name = text()?,
        "givenName" => person.given = text()?,
        "surname" => person.family = text()?,
        "userPrincipalName" => person.upn = text()?.ok_or_else(wrong)?,
        "mail" => set_mail(person, text()?),
        "proxyAddresses" => person.proxies = texts()?,
        "imAddresses" => person.sip = texts()?,
        "otherMails" => person.other_mails = texts()?,
        "businessPhones" => person.phones = texts()?,
        "mobilePhone" => person.mobile = text()?,
        "accountEnabled" => person.enabled = truth()?,
        "userType" => person.guest = text()?.is_some_and(|kind| kind == "Guest"),
        "department" => person.department = text()?,
        "jobTitle" => person.title = text()?,
        "officeLocation" => person.office = text()?,
        "preferredLanguage" => person.language = text()?,
        "country" => person.country = text()?,
        "usageLocation" => person.location = text()?,
        "accountType" => person.account_type = text()?,
        "isEnterpriseVoiceEnabled" => person.voice = value.as_bool(),
        "voiceRoutingGranted" => person.unrouted = !truth()?,
        "onPremisesSyncEnabled" => {
            person.synced = value.as_bool().map(|enabled| Synced {
                enabled,
                last: world.tenant.last_sync.unwrap_or_else(|| world.now()),
                anchor: format!("{}==", &person.id.replace('-', "")[..22]),
                account: person.upn.split('@').next().unwrap_or_default().to_owned(),
            });
        }
        _ => return Err(format!("{name} is not kept here, or cannot be set")),
    }
    Ok(())
}

/// The primary address follows the mail, as the directory does it.
fn set_mail(person: &mut Person, mail: Option<String>) {
    person
        .proxies
        .retain(|address| !address.starts_with("SMTP:"));
    if let Some(mail) = &mail {
        person.proxies.insert(0, format!("SMTP:{mail}"));
    }
    person.mail = mail;
}

fn read_grants(tenant: &Tenant, value: &Value, now: jiff::Timestamp) -> Result<Vec<Grant>, String> {
    let list = value.as_array().ok_or("assignedLicenses is a list")?;
    list.iter()
        .map(|one| {
            let name = one
                .as_str()
                .or(one["skuPartNumber"].as_str())
                .or(one["skuId"].as_str())
                .ok_or("a licence has a skuId or a skuPartNumber")?;
            let sku = tenant
                .catalogue
                .sku(name)
                .or_else(|| tenant.catalogue.sku_named(name))
                .ok_or_else(|| format!("no product is called {name}"))?;
            let off = one["disabledPlans"]
                .as_array()
                .map_or(&[][..], Vec::as_slice);
            let disabled = off
                .iter()
                .map(|plan| plan_id(&tenant.catalogue, plan.as_str().unwrap_or_default()))
                .collect::<Result<_, _>>()?;
            let group = one["assignedByGroup"].as_str().map(|group| {
                tenant
                    .groups
                    .iter()
                    .find(|known| known.name == group)
                    .map_or_else(|| group.to_owned(), |known| known.id.clone())
            });
            Ok(Grant {
                sku: sku.guid.to_owned(),
                disabled,
                group,
                at: now,
            })
        })
        .collect()
}

fn plan_id(catalogue: &Catalogue, name: &str) -> Result<String, String> {
    let plan = catalogue
        .plan(name)
        .or_else(|| catalogue.plan_named(name))
        .ok_or_else(|| format!("no plan is called {name}"))?;
    Ok(plan.guid.to_owned())
}

fn set_plans(
    person: &mut Person,
    tenant: &Tenant,
    value: &Value,
    now: jiff::Timestamp,
) -> Result<(), String> {
    let mut rows: Vec<PlanRow> = tenant.plan_rows(person).to_vec();
    for (name, status) in value
        .as_object()
        .ok_or("planStatus maps plans to their status")?
    {
        let plan = plan_id(&tenant.catalogue, name)?;
        let status: Status =
            serde_json::from_value(status.clone()).map_err(|error| error.to_string())?;
        let found = rows.iter_mut().find(|row| row.plan == plan);
        match found {
            Some(row) => (row.status, row.at) = (status, now),
            None => rows.push(PlanRow {
                plan,
                status,
                at: now,
            }),
        }
    }
    person.plans = Plans::Own(rows);
    Ok(())
}

fn put_number(world: &mut World, body: &Map<String, Value>) -> Result<(), String> {
    let text = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| body.get(*name))
            .and_then(Value::as_str)
            .map(str::to_owned)
    };
    let given = text(&["telephoneNumber"]).ok_or("a number needs a telephoneNumber")?;
    let number = kept_form(&given).ok_or_else(|| format!("{given} is no number"))?;
    let mut row = world
        .tenant
        .number(&number)
        .unwrap_or_else(|| NumberRow::free(&number));
    if let Some(kind) = text(&["type", "numberType"]) {
        row.kind = kind;
    }
    if let Some(source) = text(&["source", "numberSource"]) {
        row.source = source;
    }
    if let Some(state) = text(&["activationState"]) {
        row.state = state;
    }
    let holder = ["target", "assignmentTargetId"]
        .iter()
        .find_map(|name| body.get(*name));
    let before = row.target.clone();
    let mut after = before.clone();
    match holder {
        None => {}
        Some(Value::Null) => {
            after = None;
            row.let_go();
        }
        Some(key) => {
            let key = key
                .as_str()
                .ok_or("a target is an id, a sign-in name or null")?;
            // An id that nobody has is taken as well: phantoms occur.
            let id = world
                .tenant
                .find(key)
                .map_or_else(|| key.to_owned(), |person| person.id.clone());
            row.hold(&id, "userAssigned");
            after = Some(id);
        }
    }
    if let Some(status) = text(&["status", "assignmentStatus"]) {
        row.status = status;
    }
    for id in [before, after].into_iter().flatten() {
        if let Some(place) = world.tenant.place_of_id(&id) {
            world.remember_view(place);
        }
    }
    world.tenant.numbers.insert(number, row);
    Ok(())
}

fn put_group(world: &mut World, name: &str, call: &Call) -> Result<(), String> {
    let body: Value = serde_json::from_slice(&call.body).map_err(|error| error.to_string())?;
    let list = body
        .as_array()
        .or_else(|| body["members"].as_array())
        .ok_or("a group has members")?;
    let members = list
        .iter()
        .map(|key| {
            let key = key.as_str().unwrap_or_default();
            world
                .tenant
                .find(key)
                .map(|person| person.id.clone())
                .ok_or_else(|| format!("nobody is called {key}"))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let groups = &mut world.tenant.groups;
    let place = groups
        .iter()
        .position(|group| group.name.eq_ignore_ascii_case(name));
    let place = place.unwrap_or_else(|| {
        groups.push(Group::named(name));
        groups.len() - 1
    });
    let group = &mut groups[place];
    group.members = members;
    group.crowd = false;
    if let Some(hidden) = body["hidden"].as_bool() {
        group.hidden = hidden;
    }
    if body["keep_nested"] != true {
        group.nested.clear();
    }
    Ok(())
}
