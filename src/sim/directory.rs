//! The directory: its doors, and the reading of users.

use jiff::Timestamp;

use super::access::Need;
use super::filter::{Advanced, Filter};
use super::json::Json;
use super::licences;
use super::page::Page;
use super::properties::{ASKABLE, Selection};
use super::tenant::Tenant;
use super::token::Caller;
use super::user_json::{self, Asked};
use super::wire::{Call, Refusal, Reply};
use super::world::World;
use super::{amend, delta, groups, organization};

/// Everything that is not Teams, below the version.
pub(super) fn route(
    world: &mut World,
    caller: &Caller,
    call: &Call,
    path: &[&str],
) -> Result<Reply, Refusal> {
    match (call.method.as_str(), path) {
        ("GET", ["me"]) => me(world, caller, call),
        (_, ["users", key, action]) => of_user(world, caller, call, (key, action)),
        ("GET", ["organization"]) => {
            world.allow(caller, Need::Organization)?;
            Ok(organization::list(world, call))
        }
        ("GET", ["organization", id]) => {
            world.allow(caller, Need::Organization)?;
            organization::one(world, call, id)
        }
        ("GET", ["subscribedSkus"]) => {
            world.allow(caller, Need::Skus)?;
            licences::skus(world, call)
        }
        ("GET", ["users"]) => list(world, caller, call),
        ("GET", ["users", "$count"]) => count(world, caller, call),
        ("GET", ["users", "delta" | "microsoft.graph.delta"]) => {
            world.allow(caller, Need::Users)?;
            delta::answer(world, call)
        }
        ("GET", ["users", key]) => one(world, caller, call, key),
        ("PATCH", ["users", key]) => {
            world.allow(caller, Need::WriteUser)?;
            amend::patch(world, call, key)
        }
        (_, ["groups", rest @ ..]) => groups::route(world, caller, call, rest),
        _ => Err(Refusal::no_segment(path.last().unwrap_or(&""))),
    }
}

/// What hangs on one user: the part of the path before the last is the user's key.
fn of_user(
    world: &mut World,
    caller: &Caller,
    call: &Call,
    (key, action): (&str, &str),
) -> Result<Reply, Refusal> {
    let action = action.strip_prefix("microsoft.graph.").unwrap_or(action);
    match (call.method.as_str(), action) {
        ("GET", "licenseDetails") => {
            world.allow(caller, Need::LicenceDetails)?;
            licences::details(world, call, key)
        }
        ("POST", "assignLicense") => {
            world.allow(caller, Need::WriteLicence)?;
            licences::assign(world, call, key)
        }
        ("POST", "reprocessLicenseAssignment") => {
            world.allow(caller, Need::WriteUser)?;
            one(world, caller, call, key)
        }
        _ => Err(Refusal::no_segment(action)),
    }
}

fn me(world: &World, caller: &Caller, call: &Call) -> Result<Reply, Refusal> {
    let Some(user) = &caller.user else {
        return Err(Refusal::new(
            400,
            "BadRequest",
            "/me request is only valid with delegated authentication flow.",
        ));
    };
    world.allow(caller, Need::Me)?;
    entity(world, call, user)
}

/// Options that a list of users does not take.
fn refuse_options(call: &Call) -> Result<(), Refusal> {
    for option in call.query.options() {
        match option.to_ascii_lowercase().as_str() {
            "$skip" => {
                return Err(Refusal::unsupported(
                    "'$skip' is not supported by the service.",
                ));
            }
            "$search" => {
                return Err(Refusal::unsupported(
                    "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
                ));
            }
            "$expand" => {
                return Err(Refusal::bad(
                    "The expand of this property is not supported.",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

fn advanced(call: &Call) -> Advanced {
    if call.eventual() && call.query.get("$count") == Some("true") {
        Advanced::Yes
    } else {
        Advanced::No
    }
}

fn filter(call: &Call) -> Result<Option<Filter>, Refusal> {
    call.query
        .get("$filter")
        .map(|text| Filter::read(text, &ASKABLE, advanced(call)))
        .transpose()
}

fn allow_list(world: &World, caller: &Caller, selection: &Selection) -> Result<(), Refusal> {
    match world.allow(caller, Need::Users) {
        Err(_) if selection.is_basic() => world.allow(caller, Need::BasicUsers),
        answer => answer,
    }
}

fn list(world: &World, caller: &Caller, call: &Call) -> Result<Reply, Refusal> {
    let selection = Selection::read(&call.query.names("$select"))?;
    allow_list(world, caller, &selection)?;
    refuse_options(call)?;
    let filter = filter(call)?;
    let page = Page::read(world, call, 100, 999)?;
    let tenant = &world.tenant;
    let order = order(tenant, call, filter.as_ref())?;

    let mut json = Json::with_capacity(page.size() * 900);
    json.open();
    json.name("@odata.context");
    json.text(&format!(
        "{}/v1.0/$metadata#users{}",
        call.base,
        selection.context()
    ));
    if advanced(call) == Advanced::Yes && page.is_first() {
        json.name("@odata.count");
        json.number(
            i64::try_from(matching(tenant, filter.as_ref(), 0).count()).unwrap_or(i64::MAX),
        );
    }
    let (shown, next) = if let Some(places) = order {
        let start = usize::try_from(page.start())
            .unwrap_or(usize::MAX)
            .min(places.len());
        let end = places.len().min(start + page.size());
        (
            places[start..end].to_vec(),
            (end < places.len()).then_some(end as u64),
        )
    } else {
        let mut rest = matching(tenant, filter.as_ref(), page.start());
        let shown: Vec<u64> = rest.by_ref().take(page.size()).collect();
        (shown, rest.next())
    };
    if let Some(next) = next {
        Page::link(&mut json, world, call, next);
    }
    json.name("value");
    json.open_list();
    for place in shown {
        let Some(person) = tenant.person(place) else {
            continue;
        };
        json.escape_letters(place % 2 == 1);
        json.open();
        user_json::members(&mut json, &selection.properties, &person, tenant);
        json.close();
    }
    json.close_list();
    json.close();
    Ok(Reply::written(json).costing(if selection.chosen { 1 } else { 2 }))
}

/// The places of those who pass a filter, from a place on.
fn matching<'a>(
    tenant: &'a Tenant,
    filter: Option<&'a Filter>,
    start: u64,
) -> Box<dyn Iterator<Item = u64> + 'a> {
    let Some(filter) = filter else {
        if tenant.is_crowd() {
            return Box::new((start..tenant.next).filter(|place| {
                tenant
                    .people
                    .get(place)
                    .is_none_or(|person| !person.deleted)
            }));
        }
        return Box::new(tenant.people_from(start).map(|(place, _)| place));
    };
    let wanted = filter
        .wanted("id")
        .or_else(|| filter.wanted("userPrincipalName"));
    if let Some(keys) = wanted {
        let mut places: Vec<u64> = keys
            .iter()
            .filter_map(|key| tenant.place_of(key))
            .filter(|place| *place >= start)
            .collect();
        places.sort_unstable();
        places.dedup();
        return Box::new(places.into_iter());
    }
    Box::new(
        tenant
            .people_from(start)
            .filter(|(_, person)| filter.passes(&Asked(person, tenant)))
            .map(|(place, _)| place),
    )
}

/// All places in the order asked for; none if no order was asked for.
fn order(
    tenant: &Tenant,
    call: &Call,
    filter: Option<&Filter>,
) -> Result<Option<Vec<u64>>, Refusal> {
    let Some(text) = call.query.get("$orderby") else {
        return Ok(None);
    };
    if filter.is_some() && advanced(call) == Advanced::No {
        return Err(Refusal::unsupported(
            "Sorting not supported for current query.",
        ));
    }
    let mut words = text.split_whitespace();
    let property = words.next().unwrap_or_default().to_ascii_lowercase();
    let key = |place: u64| -> String {
        let person = tenant.person(place);
        let text = person.map(|person| {
            if property == "displayname" {
                person.name.clone().unwrap_or_default()
            } else {
                person.upn.clone()
            }
        });
        text.unwrap_or_default().to_lowercase()
    };
    if !matches!(property.as_str(), "displayname" | "userprincipalname") {
        return Err(Refusal::unsupported(format!(
            "Unsupported sort property '{property}' for 'User'."
        )));
    }
    let mut places: Vec<u64> = matching(tenant, filter, 0).collect();
    places.sort_by_cached_key(|place| key(*place));
    if words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("desc"))
    {
        places.reverse();
    }
    Ok(Some(places))
}

fn count(world: &World, caller: &Caller, call: &Call) -> Result<Reply, Refusal> {
    world.allow(caller, Need::Users)?;
    if !call.eventual() {
        return Err(Refusal::bad("$count is not currently supported."));
    }
    let filter = call
        .query
        .get("$filter")
        .map(|text| Filter::read(text, &ASKABLE, Advanced::Yes))
        .transpose()?;
    Ok(Reply::text(
        matching(&world.tenant, filter.as_ref(), 0)
            .count()
            .to_string(),
    ))
}

fn one(world: &World, caller: &Caller, call: &Call, key: &str) -> Result<Reply, Refusal> {
    let selection = Selection::read(&call.query.names("$select"))?;
    allow_list(world, caller, &selection)?;
    entity(world, call, key)
}

/// A single user, as an entity of its own.
pub(super) fn entity(world: &World, call: &Call, key: &str) -> Result<Reply, Refusal> {
    let selection = Selection::read(&call.query.names("$select"))?;
    let person = world
        .tenant
        .find(key)
        .ok_or_else(|| Refusal::no_resource(key))?;
    let mut json = Json::with_capacity(8 * 1024);
    json.open();
    json.name("@odata.context");
    json.text(&format!(
        "{}/v1.0/$metadata#users{}/$entity",
        call.base,
        selection.context()
    ));
    user_json::members(&mut json, &selection.properties, &person, &world.tenant);
    json.close();
    Ok(Reply::written(json))
}

/// A moment as error bodies write it: without a zone.
pub(super) fn error_moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
