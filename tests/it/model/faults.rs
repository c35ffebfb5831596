//! What goes wrong in one run.

use serde_json::{Value, json};
use teamsconnector::domain::outbox::Entry;
use teamsconnector::domain::user::Value as Wanted;

use super::chance::Chance;
use super::stage::Break;
use super::tenant::{CALLING, COUNTRIES, PRODUCTS, SmallTenant, upn};

/// Knobs of one run, and how it is broken off.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) fail_next: Vec<Value>,
    pub(super) meanwhile: Vec<Value>,
    pub(super) teams_lag: Value,
    pub(super) broken: Break,
}

const ASSIGN: (&str, &str) = ("/assignNumber", "POST");
const RELEASE: (&str, &str) = ("unassignNumber", "POST");
const PATCH: (&str, &str) = ("/users/", "PATCH");
const LICENCE: (&str, &str) = ("/assignLicense", "POST");

pub(super) fn round(chance: &mut Chance, tenant: &SmallTenant, writes: bool) -> Round {
    let mut round = Round {
        fail_next: Vec::new(),
        meanwhile: Vec::new(),
        teams_lag: json!(false),
        broken: Break::Not,
    };
    for _ in 0..chance.pick(&[0, 1, 1, 1, 2]) {
        let fault = if writes && chance.percent(85) {
            of_a_write(chance)
        } else {
            of_a_read(chance)
        };
        round.fail_next.push(fault);
    }
    if writes && chance.percent(70) {
        let (path, method) = a_write(chance);
        round.fail_next.push(
            json!({ "path_contains": path, "method": method, "times": 1, "drop": true, "after": true }),
        );
    }
    for _ in 0..chance.pick(&[0, 0, 0, 1, 2]) {
        round.meanwhile.push(another(chance, tenant));
    }
    if chance.percent(5) {
        round.teams_lag = chance.pick(&[json!(true), json!(30)]);
    }
    round.broken = match chance.below(100) {
        0..8 => Break::Cancel(1 + chance.below(30)),
        8..18 => Break::Kill(1 + chance.below(30)),
        18..26 => {
            let (path, method) = a_write(chance);
            let path = if writes { path } else { "/v1.0/" };
            let fault = json!({ "path_contains": path, "method": if writes { method } else { "GET" }, "skip": chance.below(2), "times": 1,
                "hold": true, "after": chance.percent(75) });
            round.fail_next.insert(0, fault);
            Break::KillHeld
        }
        _ => Break::Not,
    };
    round
}

fn a_write(chance: &mut Chance) -> (&'static str, &'static str) {
    chance.pick(&[ASSIGN, ASSIGN, RELEASE, PATCH, LICENCE, LICENCE])
}

fn of_a_write(chance: &mut Chance) -> Value {
    let (path, method) = a_write(chance);
    let skip = chance.pick(&[0, 0, 0, 1]);
    let status = chance.pick(&[500, 502, 503, 504]);
    let mut fault = json!({ "path_contains": path, "method": method, "skip": skip, "times": 1 });
    let more = match chance.below(20) {
        0..8 => json!({ "drop": true, "after": true }),
        8 => json!({ "drop": true }),
        9..13 => json!({ "status": status, "after": true, "html": chance.percent(40) }),
        13 => json!({ "status": status }),
        14 => {
            json!({ "status": 429, "retry_after": chance.pick(&[json!(5), json!(400), json!(5000), json!("soon")]), "times": chance.pick(&[1, 2, 9]) })
        }
        15 if path == LICENCE.0 && chance.percent(60) => of_seats(chance),
        15 => json!({ "status": chance.pick(&[404, 409, 412]) }),
        16 => json!({ "cut": chance.below(40) }),
        17 => json!({ "status": 401, "times": chance.pick(&[1, 2]) }),
        _ => return of_an_operation(chance),
    };
    fault
        .as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    fault
}

/// What the directory says where the last seat went to somebody else meanwhile, or where two write at once.
fn of_seats(chance: &mut Chance) -> Value {
    let (sku, _) = chance.pick(&PRODUCTS);
    chance.pick(&[
        json!({ "status": 400, "code": "Request_BadRequest",
            "message": format!("Subscription with SKU {sku} does not have any available licenses.") }),
        json!({ "status": 400, "code": "Request_BadRequest", "message":
            "User license is inherited from a group membership and it cannot be removed directly from the user." }),
        json!({ "status": 409 }),
    ])
}

fn of_an_operation(chance: &mut Chance) -> Value {
    let status = chance.pick(&["running", "notStarted", "failed", "unknownFutureValue"]);
    let body = json!({ "id": "x", "status": status, "numbers": [{ "resourceLocation": "", "status": status,
        "statusDetail": "Telephone Number is not found" }] });
    match chance.below(5) {
        0 => json!({ "path_contains": "operations", "times": 2, "status": 404 }),
        1 => json!({ "path_contains": "operations", "times": 3, "status": 503 }),
        2 => json!({ "path_contains": "operations", "times": 1, "drop": true }),
        _ => {
            json!({ "path_contains": "operations", "skip": chance.below(2), "times": chance.pick(&[1, 200]), "status": 200, "body": body })
        }
    }
}

fn of_a_read(chance: &mut Chance) -> Value {
    let path = chance.pick(&[
        "numberAssignments",
        "/v1.0/users",
        "userConfigurations",
        "organization",
        "delta",
    ]);
    let times = chance.pick(&[1, 2, 6]);
    match chance.below(5) {
        0 => {
            json!({ "path_contains": path, "method": "GET", "skip": chance.below(4), "times": times, "drop": true })
        }
        1 => {
            json!({ "path_contains": path, "method": "GET", "skip": chance.below(4), "times": 1, "cut": chance.below(60) })
        }
        2 => {
            json!({ "path_contains": path, "method": "GET", "skip": chance.below(4), "times": times, "status": 429, "retry_after": chance.pick(&[1, 1000]) })
        }
        _ => {
            json!({ "path_contains": path, "method": "GET", "skip": chance.below(4), "times": times, "status": chance.pick(&[500, 503, 504]) })
        }
    }
}

/// Another administrator changes the very licence of a queued change, between the plan of it and the look before it is sent.
pub(super) fn just_before(chance: &mut Chance, entry: &Entry) -> Value {
    let whose = entry.directory_id.unwrap();
    let (Wanted::Licence { sku, .. } | Wanted::Plan { sku, .. }) = &entry.wanted else {
        return json!({ "path_contains": "nowhere", "edit": { "method": "GET", "path": "knobs", "body": null } });
    };
    let sku = sku.to_string();
    let off: Vec<&str> = [CALLING]
        .into_iter()
        .filter(|_| chance.percent(30))
        .collect();
    let off = if sku == PRODUCTS[0].0 {
        Vec::new()
    } else {
        off
    };
    let body = if chance.percent(65) {
        json!({ "addLicenses": [{ "skuId": sku, "disabledPlans": off }], "removeLicenses": [] })
    } else {
        json!({ "addLicenses": [], "removeLicenses": [sku] })
    };
    json!({ "path_contains": format!("{whose}?$select=id,licenseAssignmentStates"), "method": "GET", "skip": 0, "after": false,
        "edit": { "method": "POST", "path": format!("users/{whose}/assignLicense"), "body": body } })
}

/// Another administrator, at some call of the run.
fn another(chance: &mut Chance, tenant: &SmallTenant) -> Value {
    let whom = upn(chance.below(tenant.people.len()));
    let edit = match chance.below(14) {
        10..14 => {
            let (sku, plans) = chance.pick(&PRODUCTS);
            let off: Vec<&str> = plans
                .iter()
                .copied()
                .filter(|plan| *plan == CALLING && chance.percent(40))
                .collect();
            let body = if chance.percent(50) {
                json!({ "addLicenses": [{ "skuId": sku, "disabledPlans": off }], "removeLicenses": [] })
            } else {
                json!({ "addLicenses": [], "removeLicenses": [sku] })
            };
            json!({ "method": "POST", "path": format!("users/{whom}/assignLicense"), "body": body })
        }
        0..4 => {
            json!({ "method": "POST", "path": "numbers", "body": { "telephoneNumber": chance.pick(&tenant.numbers), "target": whom } })
        }
        4..7 => {
            json!({ "method": "POST", "path": "numbers", "body": { "telephoneNumber": chance.pick(&tenant.numbers), "target": null } })
        }
        _ => {
            json!({ "method": "PATCH", "path": format!("users/{whom}"), "body": { "usageLocation": chance.pick(&COUNTRIES) } })
        }
    };
    let (path, method, skip) = match chance.below(5) {
        4 => (LICENCE.0, Some(LICENCE.1), 0),
        0 => (ASSIGN.0, Some(ASSIGN.1), chance.below(2)),
        1 => (RELEASE.0, Some(RELEASE.1), 0),
        _ => ("/v1.0/", None, chance.below(25)),
    };
    json!({ "path_contains": path, "method": method, "skip": skip, "after": chance.percent(50), "edit": edit })
}
