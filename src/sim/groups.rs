//! Groups: found by name or id, read flat with all who are nested in them.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::Need;
use super::crowd::{self, Crowd};
use super::filter::{Advanced, Askable, Fact, Facts, Filter, Reach};
use super::json::Json;
use super::page::Page;
use super::properties::{self, Property, Selection};
use super::tenant::Tenant;
use super::token::Caller;
use super::user_json::{self, Asked};
use super::wire::{Call, Refusal, Reply};
use super::world::World;

const ASKABLE: Askable = Askable {
    resource: "Group",
    properties: &[
        ("id", Reach::Always),
        ("displayName", Reach::Always),
        ("mail", Reach::Always),
        ("securityEnabled", Reach::Always),
    ],
};

/// A group.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Group {
    pub id: String,
    pub name: String,
    /// Members are shown to those alone who may read hidden memberships.
    pub hidden: bool,
    /// Ids of people.
    pub members: Vec<String>,
    /// Ids of groups.
    pub nested: Vec<String>,
    /// Whether all of the crowd who have a Phone System are members.
    pub crowd: bool,
}

impl Group {
    /// An empty group.
    pub(super) fn named(name: &str) -> Self {
        Self {
            id: super::chance::guid(),
            name: name.to_owned(),
            ..Self::default()
        }
    }

    /// The group of all in a crowd who have a Phone System.
    pub(super) fn of_crowd() -> Self {
        Self {
            id: crowd::group_id(),
            crowd: true,
            ..Self::named("Voice users")
        }
    }

    fn value(&self, names: &[String]) -> Value {
        let all = json!({
            "id": self.id,
            "displayName": self.name,
            "description": null,
            "mail": null,
            "mailEnabled": false,
            "securityEnabled": true,
            "groupTypes": [],
            "visibility": if self.hidden { json!("HiddenMembership") } else { Value::Null },
            "onPremisesSyncEnabled": null,
            "createdDateTime": "2024-02-01T08:00:00Z",
        });
        match all {
            Value::Object(all) if !names.is_empty() => all
                .into_iter()
                .filter(|(key, _)| names.iter().any(|name| name.eq_ignore_ascii_case(key)))
                .collect(),
            all => all,
        }
    }
}

impl Facts for Group {
    fn fact(&self, name: &str) -> Fact<'_> {
        match name.to_ascii_lowercase().as_str() {
            "id" => Fact::text(Some(&self.id)),
            "displayname" => Fact::text(Some(&self.name)),
            "securityenabled" => Fact::Truth(true),
            _ => Fact::Null,
        }
    }
}

/// Everything under `/groups`.
pub(super) fn route(
    world: &World,
    caller: &Caller,
    call: &Call,
    rest: &[&str],
) -> Result<Reply, Refusal> {
    world.allow(caller, Need::Groups)?;
    match (call.method.as_str(), rest) {
        ("GET", []) => list(world, call),
        ("GET", [id]) => {
            let group = find(&world.tenant, id)?;
            let mut value = group.value(&call.query.names("$select"));
            value["@odata.context"] = json!(format!("{}/v1.0/$metadata#groups/$entity", call.base));
            Ok(Reply::value(&value))
        }
        (
            "GET",
            [id, "transitiveMembers" | "members", "$count"]
            | [
                id,
                "transitiveMembers" | "members",
                "microsoft.graph.user" | "graph.user",
                "$count",
            ],
        ) => {
            if !call.eventual() {
                return Err(Refusal::bad("$count is not currently supported."));
            }
            let group = find(&world.tenant, id)?;
            Ok(Reply::text(members(world, caller, group).count().to_string()).costing(5))
        }
        ("GET", [id, "transitiveMembers" | "members"]) => {
            list_members(world, caller, call, find(&world.tenant, id)?, Cast::None)
        }
        // The service's schema has `graph` as another name of its namespace, and the SDKs use it.
        (
            "GET",
            [
                id,
                "transitiveMembers" | "members",
                "microsoft.graph.user" | "graph.user",
            ],
        ) => list_members(world, caller, call, find(&world.tenant, id)?, Cast::User),
        ("GET", [_, "transitiveMembers" | "members", cast]) => Err(Refusal::bad(format!(
            "Unsupported segment type. The type '{cast}' is not defined in the model."
        ))),
        _ => Err(Refusal::no_segment(rest.last().unwrap_or(&"groups"))),
    }
}

fn find<'a>(tenant: &'a Tenant, id: &str) -> Result<&'a Group, Refusal> {
    tenant
        .groups
        .iter()
        .find(|group| group.id.eq_ignore_ascii_case(id))
        .ok_or_else(|| Refusal::no_resource(id))
}

fn list(world: &World, call: &Call) -> Result<Reply, Refusal> {
    let advanced = if call.eventual() && call.query.get("$count") == Some("true") {
        Advanced::Yes
    } else {
        Advanced::No
    };
    let filter = call
        .query
        .get("$filter")
        .map(|text| Filter::read(text, &ASKABLE, advanced))
        .transpose()?;
    let top = super::page::top(call, 999)?.unwrap_or(100);
    let names = call.query.names("$select");
    let found: Vec<Value> = world
        .tenant
        .groups
        .iter()
        .filter(|group| filter.as_ref().is_none_or(|filter| filter.passes(*group)))
        .take(top)
        .map(|group| group.value(&names))
        .collect();
    Ok(Reply::value(&json!({
        "@odata.context": format!("{}/v1.0/$metadata#groups{}", call.base, if names.is_empty() { String::new() } else { format!("({})", names.join(",")) }),
        "value": found,
    })))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cast {
    None,
    User,
}

/// The places of all members, each once, in order.
fn members<'a>(
    world: &'a World,
    caller: &Caller,
    group: &'a Group,
) -> Box<dyn Iterator<Item = u64> + 'a> {
    let tenant = &world.tenant;
    if group.hidden && world.allow(caller, Need::HiddenMembers).is_err() {
        return Box::new(std::iter::empty());
    }
    if group.crowd {
        let added = group.members.iter().filter_map(|id| tenant.place_of_id(id));
        let added: BTreeSet<u64> = added
            .filter(|place| {
                tenant
                    .crowd
                    .as_ref()
                    .is_none_or(|crowd| *place >= crowd.size() || !Crowd::has_phone(*place))
            })
            .collect();
        let size = tenant.crowd.as_ref().map_or(0, Crowd::size);
        let many = (0..size).filter(|place| Crowd::has_phone(*place));
        return Box::new(
            many.chain(added)
                .filter(|place| tenant.person(*place).is_some()),
        );
    }
    let mut places = BTreeSet::new();
    gather(tenant, group, &mut places, &mut BTreeSet::new());
    Box::new(places.into_iter())
}

fn gather(tenant: &Tenant, group: &Group, places: &mut BTreeSet<u64>, seen: &mut BTreeSet<String>) {
    if !seen.insert(group.id.clone()) {
        return;
    }
    places.extend(
        group
            .members
            .iter()
            .filter_map(|id| tenant.place_of_id(id))
            .filter(|place| tenant.person(*place).is_some()),
    );
    for inner in tenant
        .groups
        .iter()
        .filter(|inner| group.nested.contains(&inner.id))
    {
        gather(tenant, inner, places, seen);
    }
}

fn list_members(
    world: &World,
    caller: &Caller,
    call: &Call,
    group: &Group,
    cast: Cast,
) -> Result<Reply, Refusal> {
    let filter = members_filter(call)?;
    let selection = Selection::read(&call.query.names("$select"))?;
    let page = Page::read(world, call, 100, 999)?;
    let mut json = Json::with_capacity(64 * 1024);
    json.open();
    json.name("@odata.context");
    json.text(&context(call, cast, &selection));
    let all = || {
        members(world, caller, group).filter(|place| {
            filter.as_ref().is_none_or(|filter| {
                let person = world.tenant.person(*place);
                person.is_some_and(|person| filter.passes(&Asked(&person, &world.tenant)))
            })
        })
    };
    if call.eventual() && call.query.get("$count") == Some("true") && page.is_first() {
        json.name("@odata.count");
        json.number(i64::try_from(all().count()).unwrap_or(i64::MAX));
    }
    let mut rest = all().skip_while(|place| *place < page.start());
    let shown: Vec<u64> = rest.by_ref().take(page.size()).collect();
    if let Some(next) = rest.next() {
        Page::link(&mut json, world, call, next);
    }
    let named = world.allow(caller, Need::Users).is_ok()
        || (selection.is_basic() && world.allow(caller, Need::BasicUsers).is_ok());
    // Whoever may read groups but not people is told ids alone.
    let (properties, typed) = match (named, cast) {
        (true, Cast::User) => (selection.properties.as_slice(), Typed::No),
        (true, Cast::None) => (selection.properties.as_slice(), Typed::Yes),
        (false, _) => (&[Property::Id][..], Typed::Yes),
    };
    json.name("value");
    json.open_list();
    for person in shown
        .into_iter()
        .filter_map(|place| world.tenant.person(place))
    {
        json.open();
        if typed == Typed::Yes {
            json.name("@odata.type");
            json.text("#microsoft.graph.user");
        }
        user_json::members(&mut json, properties, &person, &world.tenant);
        json.close();
    }
    if cast == Cast::None && page.is_first() {
        nested(&mut json, &world.tenant, group);
    }
    json.close_list();
    json.close();
    Ok(Reply::written(json).costing(5))
}

fn context(call: &Call, cast: Cast, selection: &Selection) -> String {
    let kind = match cast {
        Cast::User => "users",
        Cast::None => "directoryObjects",
    };
    format!("{}/v1.0/$metadata#{kind}{}", call.base, selection.context())
}

/// Whether an item says of what type it is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Typed {
    Yes,
    No,
}

fn members_filter(call: &Call) -> Result<Option<Filter>, Refusal> {
    let filtered = call.query.get("$filter").is_some() || call.query.get("$search").is_some();
    if filtered && !call.eventual() {
        return Err(Refusal::unsupported(
            "The specified filter to the reference property query is currently not supported.",
        ));
    }
    let text = call.query.get("$filter");
    text.map(|text| Filter::read(text, &properties::ASKABLE, Advanced::Yes))
        .transpose()
}

fn nested(json: &mut Json, tenant: &Tenant, group: &Group) {
    let inner = tenant.groups.iter();
    for inner in inner.filter(|inner| group.nested.contains(&inner.id)) {
        json.open();
        json.name("@odata.type");
        json.text("#microsoft.graph.group");
        json.name("id");
        json.text(&inner.id);
        json.close();
    }
}
