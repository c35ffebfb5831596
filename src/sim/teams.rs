//! The Teams view of people: `admin/teams/userConfigurations`. It lags behind the directory, as the knob says.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::json;

use super::filter::{Advanced, Askable, Fact, Facts, Filter, Reach};
use super::json::Json;
use super::page::Page;
use super::person::{Person, TeamsView};
use super::user_json::long_moment;
use super::wire::{Call, Refusal, Reply};
use super::world::World;

/// Plans that are a Phone System.
pub(super) const PHONE: &[&str] = &["MCOEV", "MCOEVSMB", "MCOEV_GOV"];
/// Plans that are a Calling Plan.
pub(super) const CALLING: &[&str] = &[
    "MCOPSTN1",
    "MCOPSTN1_GOV",
    "MCOPSTN2",
    "MCOPSTN3",
    "MCOPSTN5",
    "MCOPSTN6",
    "MCOPSTN8",
    "MCOPSTNEAU",
    "MCOPSTN_PAYG_1",
    "PSTN5_US",
    "Skype for Business PSTN Calling Domestic Small",
];
const TEAMS: &[&str] = &[
    "TEAMS1",
    "TEAMS_GOV",
    "TEAMS_AR_GCCHIGH",
    "TEAMS_AR_DOD",
    "MCO_TEAMS_IW",
    "TeamsEss",
    "TEAMS_FREE",
    "TEAMS_DESKLESS",
];
const VIRTUAL: &[&str] = &["MCOEV_VIRTUALUSER", "MCOEV_VIRTUALUSER_GOV"];

const ASKABLE: Askable = Askable {
    resource: "TeamsUserConfiguration",
    properties: &[
        ("id", Reach::Always),
        ("userPrincipalName", Reach::Always),
        ("accountType", Reach::Always),
        ("isEnterpriseVoiceEnabled", Reach::Always),
        ("telephoneNumbers", Reach::Any),
        ("featureTypes", Reach::Any),
    ],
};

/// `featureTypes` that follow from the plans that work.
pub(super) fn features(plans: &[&str]) -> Vec<String> {
    let any = |set: &[&str]| plans.iter().any(|plan| set.contains(plan));
    [
        ("Teams", any(TEAMS)),
        ("AudioConferencing", any(&["MCOMEETADV", "MCOMEETADV_GOV"])),
        ("PhoneSystem", any(PHONE)),
        ("CallingPlan", any(CALLING)),
        ("VoiceApp", any(VIRTUAL)),
        ("CommunicationCredits", any(&["MCOPSTNC"])),
        ("TeamsRoomPro", any(&["Teams_Room_Pro", "Teams_Rooms_Pro"])),
    ]
    .into_iter()
    .filter(|(_, there)| *there)
    .map(|(name, _)| name.to_owned())
    .collect()
}

/// A row: a person as Teams shows it at this moment.
struct Row<'a> {
    person: Cow<'a, Person>,
    view: TeamsView,
    kind: String,
    tenant: String,
}

impl Facts for Row<'_> {
    fn fact(&self, name: &str) -> Fact<'_> {
        match name.to_ascii_lowercase().as_str() {
            "id" => Fact::text(Some(&self.person.id)),
            "userprincipalname" => Fact::text(Some(&self.person.upn)),
            "accounttype" => Fact::text(Some(&self.kind)),
            "isenterprisevoiceenabled" => Fact::Truth(self.view.voice),
            "featuretypes" => Fact::texts(&self.view.features),
            "telephonenumbers" => Fact::Items(
                self.view
                    .numbers
                    .iter()
                    .map(|(number, category)| {
                        vec![
                            ("telephoneNumber", number.clone()),
                            ("assignmentCategory", category.clone()),
                        ]
                    })
                    .collect(),
            ),
            _ => Fact::Null,
        }
    }
}

/// What Teams shows of a person now: the view from before the last change, while the lag lasts.
pub(super) fn view(world: &World, person: &Person) -> TeamsView {
    match (&person.teams_before, person.teams_changed) {
        (Some(before), Some(at)) if world.knobs.lags(at, world.now()) => before.clone(),
        _ => world.tenant.view_now(person),
    }
}

/// `GET userConfigurations`, `GET userConfigurations/{id}`.
pub(super) fn route(world: &World, call: &Call, rest: &[&str]) -> Result<Reply, Refusal> {
    match (call.method.as_str(), rest) {
        ("GET", []) => list(world, call),
        ("GET", [id]) => {
            let place = world
                .tenant
                .place_of_id(id)
                .ok_or_else(Refusal::not_found)?;
            let row = row(
                world,
                world.tenant.person(place).ok_or_else(Refusal::not_found)?,
            )
            .ok_or_else(Refusal::not_found)?;
            let mut json = Json::with_capacity(2048);
            json.open();
            json.name("@odata.context");
            json.text(&format!(
                "{}/v1.0/$metadata#admin/teams/userConfigurations/$entity",
                call.base
            ));
            members(&mut json, &row, call);
            json.close();
            Ok(Reply::written(json))
        }
        _ => Err(Refusal::not_found()),
    }
}

fn list(world: &World, call: &Call) -> Result<Reply, Refusal> {
    let filter = call
        .query
        .get("$filter")
        .map(|text| Filter::read(text, &ASKABLE, Advanced::Yes))
        .transpose()
        .map_err(Refusal::at_gateway)?;
    let page = Page::read(world, call, 100, 999).map_err(Refusal::at_gateway)?;
    let mut rows = world
        .tenant
        .people_from(page.start())
        .filter_map(|(place, person)| Some((place, row(world, person)?)))
        .filter(|(_, row)| filter.as_ref().is_none_or(|filter| filter.passes(row)));
    let shown: Vec<Row<'_>> = rows
        .by_ref()
        .take(page.size())
        .map(|(_, row)| row)
        .collect();
    let mut json = Json::with_capacity(256 * 1024);
    json.open();
    json.name("@odata.context");
    json.text(&format!(
        "{}/v1.0/$metadata#admin/teams/userConfigurations",
        call.base
    ));
    if let Some((next, _)) = rows.next() {
        Page::link(&mut json, world, call, next);
    }
    json.name("value");
    json.open_list();
    for row in &shown {
        json.open();
        members(&mut json, row, call);
        json.close();
    }
    json.close_list();
    json.close();
    Ok(Reply::written(json))
}

/// A person's row; none for accounts that Teams has never heard of.
fn row<'a>(world: &World, person: Cow<'a, Person>) -> Option<Row<'a>> {
    let view = view(world, &person);
    let has = |feature: &str| view.features.iter().any(|known| known == feature);
    let kind = match &person.account_type {
        Some(kind) if kind.is_empty() => return None,
        Some(kind) => kind.as_str(),
        None if person.guest => "guest",
        None if has("VoiceApp") => "resourceAccount",
        None if has("Teams") => "user",
        None if person.grants.is_empty() && view.numbers.is_empty() => return None,
        None => "ineligibleUser",
    };
    let kind = kind.to_owned();
    Some(Row {
        person,
        view,
        kind,
        tenant: world.tenant_id().to_owned(),
    })
}

fn members(json: &mut Json, row: &Row<'_>, call: &Call) {
    let names = call.query.names("$select");
    let wants = |json: &mut Json, name: &str| {
        let wanted =
            names.is_empty() || names.iter().any(|chosen| chosen.eq_ignore_ascii_case(name));
        if wanted {
            json.name(name);
        }
        wanted
    };
    if wants(json, "id") {
        json.text(&row.person.id);
    }
    if wants(json, "userPrincipalName") {
        json.text(&row.person.upn);
    }
    if wants(json, "tenantId") {
        json.text(&row.tenant);
    }
    if wants(json, "accountType") {
        let known = row.kind != "ineligibleUser" || call.prefers("include-unknown-enum-members");
        json.text(if known {
            &row.kind
        } else {
            "unknownFutureValue"
        });
    }
    if wants(json, "isEnterpriseVoiceEnabled") {
        json.truth(row.view.voice);
    }
    if wants(json, "featureTypes") {
        json.texts(&row.view.features);
    }
    if wants(json, "telephoneNumbers") {
        json.open_list();
        for (number, category) in &row.view.numbers {
            json.open();
            json.name("telephoneNumber");
            json.text(number);
            json.name("assignmentCategory");
            json.text(category);
            json.close();
        }
        json.close_list();
    }
    if wants(json, "effectivePolicyAssignments") {
        json.raw(if row.person.unrouted {
            POLICIES
        } else {
            ROUTED
        });
    }
    if wants(json, "createdDateTime") {
        json.text(&gateway_moment(row.person.created));
    }
    if wants(json, "modifiedDateTime") {
        json.text(&gateway_moment(
            row.person.teams_changed.unwrap_or(row.person.created),
        ));
    }
}

const ROUTED: &[u8] = br#"[{"policyType":"TenantDialPlan","policyAssignment":{"displayName":"Global","assignmentType":"direct","policyId":"R2xvYmFs","groupId":null}},{"policyType":"OnlineVoiceRoutingPolicy","policyAssignment":{"displayName":"Calls out","assignmentType":"direct","policyId":"Q2FsbHMgb3V0","groupId":null}},{"policyType":"TeamsCallingPolicy","policyAssignment":{"displayName":"AllowCalling","assignmentType":"direct","policyId":"QWxsb3dDYWxsaW5n","groupId":null}}]"#;
const POLICIES: &[u8] = br#"[{"policyType":"TenantDialPlan","policyAssignment":{"displayName":"Global","assignmentType":"direct","policyId":"R2xvYmFs","groupId":null}},{"policyType":"TeamsCallingPolicy","policyAssignment":{"displayName":"AllowCalling","assignmentType":"direct","policyId":"QWxsb3dDYWxsaW5n","groupId":null}}]"#;

/// The gateway writes fractions that no whole second has; a made-up one serves.
fn gateway_moment(at: Timestamp) -> String {
    long_moment(at + jiff::SignedDuration::from_nanos(911_599_300))
}

/// The containers themselves cannot be read.
pub(super) fn container(name: &str) -> Refusal {
    let owner = match name {
        "policy" => "Microsoft.IC3.PolicyAdmin",
        "telephoneNumberManagement" => "Microsoft.IC3.TelephoneNumberManagement",
        _ => "Microsoft.IC3.TeamsAdminGateway",
    };
    Refusal::new(
        400,
        "BadRequest",
        format!("This API is not supported for AAD accounts (no addressUrl for {owner},False)."),
    )
}

/// An empty list under the gateway's context.
pub(super) fn nothing(call: &Call) -> Reply {
    Reply::value(
        &json!({ "@odata.context": format!("{}/v1.0/$metadata#Collection(policy)", call.base), "value": [] }),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_follow_from_the_plans() {
        assert_eq!(
            features(&["TEAMS1", "MCOEV", "MCOPSTN8"]),
            ["Teams", "PhoneSystem", "CallingPlan"]
        );
        assert_eq!(
            features(&["MCOPSTNC", "MCOEV_VIRTUALUSER"]),
            ["VoiceApp", "CommunicationCredits"]
        );
        assert!(features(&["EXCHANGE_S_ENTERPRISE"]).is_empty());
    }
}
