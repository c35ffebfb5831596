//! `users/delta`: the whole tenant once, then what has changed since.
//!
//! A round is bound to its first question; the links carry it. The link for the next round counts from the moment
//! when this one began, so that a change made while pages are read comes again rather than never.

use serde_json::{Value, json};

use super::filter::{Advanced, Filter};
use super::json::Json;
use super::knobs::DeltaRefusal;
use super::person::Person;
use super::properties::{ASKABLE, Property, Selection};
use super::token;
use super::user_json;
use super::wire::{Call, Refusal, Reply};
use super::world::World;

/// Seen in the field; the caller cannot choose.
const PAGE: usize = 200;
const WEEK: i64 = 7 * 24 * 3600;

/// One round: what it asks, and how far it has come.
struct Round {
    names: Vec<String>,
    ids: Option<Vec<String>>,
    /// Changes up to here are known to the caller; none for the first round.
    since: Option<u64>,
    /// The next round begins here.
    until: u64,
    /// The place at which this page begins.
    from: u64,
}

/// A page of a round.
pub(super) fn answer(world: &World, call: &Call) -> Result<Reply, Refusal> {
    for option in ["$expand", "$top", "$orderby", "$search", "$skip"] {
        if call.query.get(option).is_some() {
            return Err(Refusal::unsupported(format!(
                "'{option}' is not supported with change tracking."
            )));
        }
    }
    let round = match (call.query.get("$deltatoken"), call.query.get("$skiptoken")) {
        (Some("latest"), _) => {
            let round = first(world, call)?;
            return Ok(written(world, call, &round, &[], None));
        }
        (Some(link), _) => resumed(world, call, link)?,
        (None, Some(link)) => continued(world, link)?,
        (None, None) => first(world, call)?,
    };
    let size = world.knobs.page_size.unwrap_or(PAGE).max(1);
    let mut places = due(world, &round);
    let next = (places.len() > size).then(|| places[size]);
    places.truncate(size);
    Ok(written(world, call, &round, &places, next))
}

fn first(world: &World, call: &Call) -> Result<Round, Refusal> {
    let filter = call
        .query
        .get("$filter")
        .map(|text| Filter::read(text, &ASKABLE, Advanced::No))
        .transpose()?;
    let ids = match &filter {
        None => None,
        Some(filter) => match filter.wanted("id") {
            Some(ids) if ids.len() <= 50 => Some(ids),
            _ => {
                return Err(Refusal::unsupported(
                    "Only filters by id are supported with change tracking, for at most 50 objects.",
                ));
            }
        },
    };
    Ok(Round {
        names: call.query.names("$select"),
        ids,
        since: None,
        until: world.tenant.changes,
        from: 0,
    })
}

fn resumed(world: &World, call: &Call, link: &str) -> Result<Round, Refusal> {
    match world.knobs.delta_refusal {
        Some(DeltaRefusal::Gone) => return Err(gone(call)),
        Some(DeltaRefusal::SyncStateNotFound) => {
            return Err(Refusal::new(
                400,
                "syncStateNotFound",
                "The sync state generation is not found; a full resync is needed.",
            ));
        }
        Some(DeltaRefusal::UnsupportedQuery) => {
            return Err(Refusal::unsupported(
                "DeltaLink older than 30 days is not supported.",
            ));
        }
        None => {}
    }
    let state = token::opened(&world.tenant.key, link)
        .filter(|state| state["kind"] == "delta")
        .ok_or_else(|| Refusal::bad("Badly formed token."))?;
    if state["at"]
        .as_i64()
        .is_none_or(|at| world.now().as_second() - at > WEEK)
    {
        return Err(gone(call));
    }
    let since = state["until"].as_u64();
    Ok(Round {
        names: texts(&state["names"]).unwrap_or_default(),
        ids: texts(&state["ids"]),
        since,
        until: world.tenant.changes,
        from: 0,
    })
}

fn continued(world: &World, link: &str) -> Result<Round, Refusal> {
    let state = token::opened(&world.tenant.key, link).filter(|state| state["kind"] == "round").ok_or_else(|| {
        Refusal::new(400, "Directory_ExpiredPageToken", "The specified page token value has expired and can no longer be included in your request.")
    })?;
    Ok(Round {
        names: texts(&state["names"]).unwrap_or_default(),
        ids: texts(&state["ids"]),
        since: state["since"].as_u64(),
        until: state["until"].as_u64().unwrap_or(0),
        from: state["from"].as_u64().unwrap_or(0),
    })
}

fn gone(call: &Call) -> Refusal {
    Refusal::new(
        410,
        "resyncRequired",
        "Resync required. Replace any local items with the server's version.",
    )
    .with(
        "Location",
        format!("{}{}?$deltatoken=", call.base, call.raw_path),
    )
}

fn texts(value: &Value) -> Option<Vec<String>> {
    Some(
        value
            .as_array()?
            .iter()
            .filter_map(|text| text.as_str().map(str::to_owned))
            .collect(),
    )
}

/// The places that a round still has to tell, from its own place on; one more than a page is enough.
fn due(world: &World, round: &Round) -> Vec<u64> {
    let tenant = &world.tenant;
    let size = world.knobs.page_size.unwrap_or(PAGE).max(1) + 1;
    if let Some(ids) = &round.ids {
        let mut places: Vec<u64> = ids
            .iter()
            .filter_map(|id| tenant.place_of_id(id))
            .filter(|place| *place >= round.from)
            .collect();
        places.sort_unstable();
        places.retain(|place| {
            tenant
                .anyone(*place)
                .is_some_and(|person| concerns(round, &person))
        });
        return places;
    }
    match round.since {
        None => (round.from..tenant.next)
            .filter(|place| {
                tenant
                    .people
                    .get(place)
                    .is_none_or(|person| !person.deleted)
            })
            .take(size)
            .collect(),
        Some(_) => tenant
            .people
            .range(round.from..)
            .filter(|(_, person)| concerns(round, person))
            .map(|(place, _)| *place)
            .take(size)
            .collect(),
    }
}

/// Whether anything that the round tracks has changed: the first question chose what that is.
fn concerns(round: &Round, person: &Person) -> bool {
    let Some(since) = round.since else {
        return !person.deleted;
    };
    let tracked = |name: &str| match name {
        "id" | "@removed" => true,
        // Can be selected, is not tracked.
        "licenseAssignmentStates" => false,
        name => {
            round.names.is_empty()
                || round
                    .names
                    .iter()
                    .any(|chosen| chosen.eq_ignore_ascii_case(name))
        }
    };
    person
        .touched
        .iter()
        .any(|(name, at)| *at > since && tracked(name))
}

fn written(world: &World, call: &Call, round: &Round, places: &[u64], next: Option<u64>) -> Reply {
    let minimal = call.prefers("return=minimal");
    let selection = Selection::read(&round.names).unwrap_or(Selection {
        properties: Vec::new(),
        chosen: true,
    });
    let mut json = Json::with_capacity(256 * 1024);
    json.open();
    json.name("@odata.context");
    json.text(&format!(
        "{}/v1.0/$metadata#users{}",
        call.base,
        selection.context()
    ));
    link(&mut json, world, call, round, next);
    json.name("value");
    json.open_list();
    let replayed = if world.knobs.delta_replay {
        places.first()
    } else {
        None
    };
    for place in places.iter().chain(replayed) {
        let Some(person) = world.tenant.anyone(*place) else {
            continue;
        };
        json.open();
        json.name("id");
        json.text(&person.id);
        if person.deleted {
            json.name("@removed");
            json.raw(br#"{"reason":"changed"}"#);
        } else {
            for property in shown(
                &selection,
                &person,
                if minimal { round.since } else { None },
            ) {
                json.name(property.name());
                user_json::value(&mut json, property, &person, &world.tenant);
            }
        }
        json.close();
    }
    json.close_list();
    json.close();
    let reply = Reply::written(json).costing(2);
    if minimal {
        reply.with("Preference-Applied", "return=minimal".to_owned())
    } else {
        reply
    }
}

/// What is told of a person: all that was ever set, or only what was touched since a change.
fn shown(selection: &Selection, person: &Person, since: Option<u64>) -> Vec<Property> {
    let touched = |property: Property| person.touched.get(property.name()).copied();
    selection
        .properties
        .iter()
        .copied()
        .filter(|property| *property != Property::Id)
        .filter(|property| match since {
            // A person who was added since is told as a whole.
            Some(since) if person.touched.get("id").is_none_or(|at| *at <= since) => {
                touched(*property).is_some_and(|at| at > since)
            }
            _ => property.is_set(person) || touched(*property).is_some(),
        })
        .collect()
}

fn link(json: &mut Json, world: &World, call: &Call, round: &Round, next: Option<u64>) {
    let key = &world.tenant.key;
    let address = |name: &str, state: &Value| {
        format!(
            "{}{}?${name}={}",
            call.base,
            call.raw_path,
            token::sealed(key, state)
        )
    };
    if let Some(next) = next {
        let state = json!({
            "kind": "round", "names": round.names, "ids": round.ids, "since": round.since, "until": round.until, "from": next,
        });
        json.name("@odata.nextLink");
        json.text(&world.knobs.bent_link(call, address("skiptoken", &state)));
    } else {
        let state = json!({
            "kind": "delta", "names": round.names, "ids": round.ids, "until": round.until, "at": world.now().as_second(),
        });
        json.name("@odata.deltaLink");
        let link = world.knobs.delta_link.clone();
        json.text(&link.unwrap_or_else(|| address("deltatoken", &state)));
    }
}
