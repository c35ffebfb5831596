//! `telephoneNumberManagement`: the inventory over the wire, and the doors to its operations.

use serde_json::json;

use super::access::Need;
use super::filter::{Advanced, Filter};
use super::inventory::{ASKABLE, NumberRow, kept_form};
use super::json::Json;
use super::operations::{self, Kind};
use super::teams;
use super::token::Caller;
use super::wire::{Call, Refusal, Reply};
use super::world::World;

/// Everything under `/admin/teams`.
pub(super) fn route(
    world: &mut World,
    caller: &Caller,
    call: &Call,
    path: &[&str],
) -> Result<Reply, Refusal> {
    match (call.method.as_str(), path) {
        (_, []) => Err(teams::container("")),
        (_, [container @ ("policy" | "telephoneNumberManagement")]) => {
            Err(teams::container(container))
        }
        (_, ["userConfigurations", rest @ ..]) => {
            world.allow(caller, Need::TeamsUsers)?;
            if is_read_anew(call) {
                operations::advance(world);
            }
            teams::route(world, call, rest)
        }
        ("GET", ["policy", _]) => Ok(teams::nothing(call)),
        (_, ["telephoneNumberManagement", rest @ ..]) => telephones(world, caller, call, rest),
        _ => Err(Refusal::not_found()),
    }
}

fn telephones(
    world: &mut World,
    caller: &Caller,
    call: &Call,
    path: &[&str],
) -> Result<Reply, Refusal> {
    match (call.method.as_str(), path) {
        ("GET", ["numberAssignments"]) => {
            world.allow(caller, Need::Numbers)?;
            if is_read_anew(call) {
                operations::advance(world);
            }
            list(world, call).map_err(Refusal::at_gateway)
        }
        ("POST", ["numberAssignments", action]) => {
            world.allow(caller, Need::WriteNumbers)?;
            match action.rsplit('.').next() {
                Some("assignNumber") => operations::accept(world, call, Kind::Assign),
                Some("unassignNumber") => operations::accept(world, call, Kind::Unassign),
                Some("updateNumber") => update(world, call),
                _ => Err(Refusal::not_found()),
            }
        }
        ("GET", ["numberAssignments", id]) => {
            world.allow(caller, Need::Numbers)?;
            operations::advance(world);
            let row = world
                .tenant
                .numbers_from(0)
                .find(|row| row.id() == **id)
                .ok_or_else(Refusal::not_found)?;
            let mut json = Json::with_capacity(1024);
            row.write(&mut json);
            Ok(Reply::written(json))
        }
        ("GET", ["operations", id]) => {
            world.allow(caller, Need::Numbers)?;
            operations::look(world, call, id)
        }
        _ => Err(Refusal::not_found()),
    }
}

/// Whether a reading begins with this request. Nothing moves under one that goes on to its next page.
fn is_read_anew(call: &Call) -> bool {
    let skipped = call.query.get("$skip").is_some_and(|skip| skip != "0");
    call.method == "GET" && !skipped && call.query.get("$skiptoken").is_none()
}

fn list(world: &World, call: &Call) -> Result<Reply, Refusal> {
    let filter = call
        .query
        .get("$filter")
        .map(|text| Filter::read(text, &ASKABLE, Advanced::Yes))
        .transpose()?;
    let top = whole(call, "$top", 500)?;
    if !(1..=1000).contains(&top) {
        return Err(Refusal::new(
            400,
            "BadRequest",
            "The value for $top must be between 1 and 1000.",
        ));
    }
    let top = top.min(world.knobs.page_size.map_or(top, |size| size as u64));
    let skip = whole(call, "$skip", 0)?;
    let (rows, more) = rows(world, filter.as_ref(), skip, top);
    let mut json = Json::with_capacity(rows.len() * 700 + 256);
    json.open();
    json.name("@odata.context");
    json.text(&format!(
        "{}/v1.0/$metadata#admin/teams/telephoneNumberManagement/numberAssignments",
        call.base
    ));
    if more && world.knobs.next_link_numbers {
        let question = call.query.without("$skip");
        let separator = if question.is_empty() { "" } else { "&" };
        let link = format!(
            "{}{}?{question}{separator}$skip={}",
            call.base,
            call.raw_path,
            skip + top
        );
        json.name("@odata.nextLink");
        json.text(&world.knobs.bent_link(call, link));
    }
    json.name("value");
    json.open_list();
    for row in &rows {
        row.write(&mut json);
    }
    json.close_list();
    json.close();
    Ok(Reply::written(json))
}

/// A page of rows, and whether there are more.
fn rows(world: &World, filter: Option<&Filter>, skip: u64, top: u64) -> (Vec<NumberRow>, bool) {
    let (skip_rows, top_rows) = (
        usize::try_from(skip).unwrap_or(usize::MAX),
        usize::try_from(top).unwrap_or(usize::MAX),
    );
    let tenant = &world.tenant;
    let Some(filter) = filter else {
        let rows: Vec<NumberRow> = tenant.numbers_from(skip).take(top_rows).collect();
        return (rows, skip.saturating_add(top) < tenant.number_count());
    };
    let candidates: Box<dyn Iterator<Item = NumberRow> + '_> =
        if let Some(numbers) = filter.wanted("telephoneNumber") {
            Box::new(
                numbers
                    .into_iter()
                    .filter_map(|number| tenant.number(&number)),
            )
        } else if let Some(ids) = filter.wanted("assignmentTargetId") {
            Box::new(
                ids.into_iter()
                    .flat_map(|id| tenant.numbers_of(&id.to_lowercase())),
            )
        } else {
            Box::new(tenant.numbers_from(0))
        };
    let mut passing = candidates.filter(|row| filter.passes(row)).skip(skip_rows);
    let rows = passing.by_ref().take(top_rows).collect();
    (rows, passing.next().is_some())
}

fn whole(call: &Call, option: &str, usual: u64) -> Result<u64, Refusal> {
    match call.query.get(option) {
        None => Ok(usual),
        Some(text) => text.parse().map_err(|_| {
            Refusal::new(
                400,
                "BadRequest",
                format!("The value '{text}' is not valid for {option}."),
            )
        }),
    }
}

/// `updateNumber`: synchronous; an empty text clears, what is missing stays.
fn update(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    let body = call.object()?;
    let number = body
        .get("telephoneNumber")
        .and_then(|value| value.as_str())
        .and_then(kept_form);
    let mut row = number
        .and_then(|number| world.tenant.number(&number))
        .ok_or_else(Refusal::not_found)?;
    if let Some(location) = body.get("locationId").and_then(|value| value.as_str()) {
        row.location = Some(location.to_owned()).filter(|location| !location.is_empty());
    }
    world.tenant.numbers.insert(row.number.clone(), row);
    world.note_change();
    Ok(Reply::json(200, &json!({ "@odata.null": true })))
}
