//! The directory: who signs in, the organisation, and its users.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::access::Need;
use super::filter::{Advanced, Filter};
use super::json::Json;
use super::licences;
use super::page::Page;
use super::tenant::Tenant;
use super::token::Caller;
use super::user_json::{self, Asked, Selection};
use super::wire::{Call, Refusal, Reply};
use super::world::World;
use super::{delta, groups};

/// Everything that is not Teams, below the version.
pub(super) fn route(
    world: &mut World,
    caller: &Caller,
    call: &Call,
    path: &[&str],
) -> Result<Reply, Refusal> {
    match (call.method.as_str(), path) {
        ("GET", ["me"]) => me(world, caller, call),
        ("GET", ["organization"]) => {
            world.allow(caller, Need::Organization)?;
            organization(world, call)
        }
        ("GET", ["organization", id]) => {
            world.allow(caller, Need::Organization)?;
            if *id == world.tenant_id() {
                Ok(Reply::value(&the_organization(world, call)))
            } else {
                Err(Refusal::no_resource(id))
            }
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
            patch(world, call, key)
        }
        ("GET", ["users", key, "licenseDetails"]) => {
            world.allow(caller, Need::LicenceDetails)?;
            licences::details(world, call, key)
        }
        (
            "POST",
            [
                "users",
                key,
                "assignLicense" | "microsoft.graph.assignLicense",
            ],
        ) => {
            world.allow(caller, Need::WriteLicence)?;
            licences::assign(world, call, key)
        }
        (
            "POST",
            [
                "users",
                key,
                "reprocessLicenseAssignment" | "microsoft.graph.reprocessLicenseAssignment",
            ],
        ) => {
            world.allow(caller, Need::WriteUser)?;
            one(world, caller, call, key)
        }
        (_, ["groups", rest @ ..]) => groups::route(world, caller, call, rest),
        _ => Err(Refusal::no_segment(path.last().unwrap_or(&""))),
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

fn organization(world: &World, call: &Call) -> Result<Reply, Refusal> {
    let names = call.query.names("$select");
    let context = if names.is_empty() {
        String::new()
    } else {
        format!("({})", names.join(","))
    };
    Ok(Reply::value(&json!({
        "@odata.context": format!("{}/v1.0/$metadata#organization{context}", call.base),
        "value": [the_organization(world, call)],
    })))
}

fn the_organization(world: &World, call: &Call) -> Value {
    let tenant = &world.tenant;
    let domains: Vec<Value> = tenant
        .domains
        .iter()
        .zip(0..)
        .map(|(domain, place)| {
            json!({
                "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": place == 0, "isInitial": place == 1,
                "name": domain, "type": "Managed",
            })
        })
        .collect();
    let all = json!({
        "id": world.tenant_id(),
        "displayName": tenant.name,
        "countryLetterCode": tenant.country,
        "defaultUsageLocation": null,
        "onPremisesSyncEnabled": tenant.sync_enabled,
        "onPremisesLastSyncDateTime": tenant.last_sync.map(|at| at.to_string()),
        "tenantType": "AAD",
        "verifiedDomains": domains,
        "createdDateTime": "2019-03-04T10:11:12Z",
        "city": null, "country": null, "businessPhones": [], "technicalNotificationMails": [],
    });
    let names = call.query.names("$select");
    match all {
        Value::Object(all) if !names.is_empty() => all
            .into_iter()
            .filter(|(key, _)| names.iter().any(|name| name.eq_ignore_ascii_case(key)))
            .collect(),
        all => all,
    }
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
        .map(|text| Filter::read(text, user_json::REACH, advanced(call)))
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
    let (shown, next) = match order {
        Some(places) => {
            let start = usize::try_from(page.start())
                .unwrap_or(usize::MAX)
                .min(places.len());
            let end = places.len().min(start + page.size());
            (
                places[start..end].to_vec(),
                (end < places.len()).then_some(end as u64),
            )
        }
        None => {
            let mut rest = matching(tenant, filter.as_ref(), page.start());
            let shown: Vec<u64> = rest.by_ref().take(page.size()).collect();
            (shown, rest.next())
        }
    };
    if let Some(next) = next {
        page.link(&mut json, world, call, next);
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
        .map(|text| Filter::read(text, user_json::REACH, Advanced::Yes))
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

/// Properties that the synchronisation masters.
const MASTERED: &[&str] = &[
    "businessPhones",
    "mobilePhone",
    "displayName",
    "givenName",
    "surname",
    "jobTitle",
    "department",
    "officeLocation",
    "mail",
    "userPrincipalName",
    "accountEnabled",
    "country",
    "otherMails",
];

fn patch(world: &mut World, call: &Call, key: &str) -> Result<Reply, Refusal> {
    let place = world
        .tenant
        .place_of(key)
        .ok_or_else(|| Refusal::no_resource(key))?;
    let synced = world
        .tenant
        .person(place)
        .is_some_and(|person| person.is_synced());
    let body = call.object()?;
    for (name, value) in &body {
        if name == "usageLocation" {
            check_location(value)?;
        } else if MASTERED.contains(&name.as_str()) {
            if synced {
                return Err(Refusal::bad(
                    "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.",
                ));
            }
        } else if name == "proxyAddresses"
            || name == "assignedPlans"
            || name == "assignedLicenses"
            || name == "id"
        {
            return Err(Refusal::bad(format!(
                "Property '{name}' is read-only and cannot be set."
            )));
        } else {
            return Err(Refusal::bad(format!(
                "Property '{name}' does not exist or is not updatable on resource 'User'."
            )));
        }
    }
    super::control::merge_person(world, place, &body).map_err(Refusal::bad)?;
    Ok(Reply::empty(204))
}

fn check_location(value: &Value) -> Result<(), Refusal> {
    let wrong =
        || Refusal::bad("Invalid value specified for property 'usageLocation' of resource 'User'.");
    let code = value.as_str().ok_or_else(wrong)?;
    // `UK` looks like a country and is none; so do a few others that people type.
    let is_code = code.len() == 2
        && code.bytes().all(|byte| byte.is_ascii_uppercase())
        && COUNTRIES.split(' ').any(|country| country == code);
    if is_code { Ok(()) } else { Err(wrong()) }
}

/// ISO 3166-1 alpha-2.
const COUNTRIES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF \
CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS \
GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD \
ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE \
RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC \
VE VG VI VN VU WF WS YE YT ZA ZM ZW";

/// A moment as error bodies write it: without a zone.
pub(super) fn error_moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
