//! Faults of a tenant's answers and of the way to it, by family: each is sure to be met by the seeds of a sample.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::chance::Chance;
use super::tenant::SmallTenant;

/// What a kind world has, for all knobs that a strange one turns.
pub(super) fn kind() -> Value {
    json!({ "fail_next": [], "meanwhile": [], "teams_lag": false, "page_size": null, "delta_refusal": null, "delta_replay": false,
        "overlap": 0, "next_link": null, "delta_link": null, "next_link_numbers": false, "organization_id": null })
}

/// A fault of a family: knobs that are turned, with one fault or one edit of another among them at most.
#[derive(Debug, Clone)]
pub(super) struct Strange {
    pub(super) family: &'static str,
    /// Turned for the round.
    pub(super) knobs: Value,
    /// Strikes once or so.
    pub(super) fault: Option<Value>,
    /// Comes at a call.
    pub(super) meanwhile: Option<Value>,
}

/// All families. A batch is not among them: nothing is asked by one.
pub(super) const FAMILIES: [&str; 12] = [
    "an expired page token",
    "a refused delta",
    "a hostile link",
    "a link in a circle",
    "a redirect",
    "people twice",
    "a wrong shape",
    "a token that expires on the way",
    "a slow body",
    "a cut body",
    "an odd time to wait",
    ANOTHER_TENANT,
];

/// In such a world nothing may be written.
pub(super) const ANOTHER_TENANT: &str = "another tenant's answers";

const REFUSALS: [&str; 3] = ["gone", "sync_state_not_found", "unsupported_query"];

const READS: [&str; 5] = [
    "numberAssignments",
    "/v1.0/users",
    "userConfigurations",
    "organization",
    "subscribedSkus",
];

/// Waits that no clock can follow, or that nobody has named.
fn wait(chance: &mut Chance) -> Value {
    chance.pick(&[
        json!(null),
        json!(0),
        json!(3),
        json!("Fri, 20 Nov 2026 12:00:05 GMT"),
        json!("Fri, 20 Nov 1970 12:00:05 GMT"),
        json!("soon"),
        json!(""),
        json!(-7),
        json!(99_999_999_999_999_u64),
    ])
}

/// A body that is no answer to anything. None of them is a list of nobody: that one would be an answer.
fn shape(chance: &mut Chance) -> Value {
    let raw = |text: String| json!({ "raw": STANDARD.encode(text) });
    match chance.below(9) {
        0 => raw("[".repeat(100_000)),
        1 => raw("{\"value\":".repeat(20_000)),
        2 => raw("null".to_owned()),
        3 => raw("{\"value\":[{\"id\":\"".to_owned()),
        4 => raw(format!("{{\"value\":{}}}", "9".repeat(200_000))),
        5 => raw(String::new()),
        6 => json!({ "body": { "value": null } }),
        7 => json!({ "body": { "value": { "id": [] } } }),
        _ => json!({ "body": "value" }),
    }
}

fn a_read(chance: &mut Chance, more: &Value) -> Value {
    let mut fault = json!({ "path_contains": chance.pick(&READS), "method": "GET", "skip": chance.below(3), "times": 1 });
    let fields = fault.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    fault
}

pub(super) fn any(chance: &mut Chance, tenant: &SmallTenant, thief: &str) -> Strange {
    let family = chance.pick(&FAMILIES);
    let refusal = chance.pick(&REFUSALS);
    // A list of several pages: the delta says of itself that it is over, so that everybody is read. A page of numbers that is not as
    // long as was asked has a link or is the last, as the service does it.
    let paged = json!({ "delta_refusal": refusal, "page_size": 1 + chance.below(tenant.people.len() - 1), "next_link_numbers": true });
    let with = |more: Value| {
        let mut knobs = paged.clone();
        knobs
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        knobs
    };
    let (mut knobs, mut fault, mut meanwhile) = (json!({}), None, None);
    match family {
        "an expired page token" => {
            knobs = paged;
            fault = Some(
                json!({ "path_contains": "skiptoken", "method": "GET", "skip": chance.below(2), "times": chance.pick(&[1, 1, 5]), "status": 400,
                "code": "Directory_ExpiredPageToken", "message": "The specified page token value has expired and can no longer be included in your request." }),
            );
        }
        "a refused delta" => knobs = json!({ "delta_refusal": refusal }),
        "a hostile link" => {
            let link = chance.pick(&[
                format!("{thief}/v1.0/users?$skiptoken=x"),
                format!("https://{}/v1.0/users", thief.trim_start_matches("http://")),
                format!(
                    "{{self}}@{}/v1.0/users",
                    thief.trim_start_matches("http://")
                ),
                format!("//{}/v1.0/users", thief.trim_start_matches("http://")),
                "https://graph.microsoft.com/v1.0/users?$skiptoken=x".to_owned(),
                "/v1.0/users".to_owned(),
                String::new(),
            ]);
            knobs = if chance.percent(70) {
                with(json!({ "next_link": link }))
            } else {
                json!({ "delta_link": link })
            };
        }
        "a link in a circle" => knobs = with(json!({ "next_link": "{self}" })),
        "a redirect" => {
            let status = chance.pick(&[301, 302, 307, 308]);
            fault = Some(a_read(
                chance,
                &json!({ "status": status, "location": format!("{thief}/v1.0/users") }),
            ));
        }
        "people twice" => {
            knobs = with(json!({ "overlap": 1 + chance.below(2), "delta_replay": true }));
        }
        "a wrong shape" => {
            let mut more = shape(chance);
            more["status"] = 200.into();
            fault = Some(a_read(chance, &more));
        }
        "a token that expires on the way" => {
            knobs = paged;
            meanwhile = Some(
                json!({ "path_contains": "/v1.0/", "skip": chance.below(12), "after": chance.percent(50),
                "edit": { "method": "POST", "path": "knobs", "body": { "expire_tokens": true } } }),
            );
        }
        "a slow body" => fault = Some(a_read(chance, &json!({ "slow": 1 }))),
        "a cut body" => {
            let cut = chance.below(300);
            fault = Some(a_read(chance, &json!({ "cut": cut })));
        }
        "an odd time to wait" => {
            let (status, times) = (chance.pick(&[429, 429, 503]), chance.pick(&[1, 2]));
            let after = wait(chance);
            let more = json!({ "status": status, "times": times, "retry_after": after });
            fault = Some(a_read(chance, &more));
        }
        _ => knobs = json!({ "organization_id": "99999999-2222-4333-8444-555555555555" }),
    }
    Strange {
        family,
        knobs,
        fault,
        meanwhile,
    }
}
