//! A write that was refused for now is asked for again, behind a new look at all that it rests on: what another administrator has
//! done in the wait is not put over, and another tenant gets nothing.

use serde_json::{Value, json};
use teamsconnector::domain::outbox::EntryState;
use teamsconnector::domain::plan_ids::PlanClass;
use teamsconnector::domain::run::Outcome;
use teamsconnector::domain::user;
use teamsconnector::ops::repair::With;
use teamsconnector::sync::TENANT_MISMATCH;

use crate::repairs::{EXCHANGE, id, off_of, ways};
use crate::support::bench::{Bench, Ran, number};
use crate::support::web;

const JONI: &str = "joni@contoso.example";

/// The ways in which a write is refused that may be asked for again.
fn refusals() -> [Value; 3] {
    [
        json!({ "status": 429, "retry_after": 3 }),
        json!({ "status": 409, "code": "Directory_ConcurrencyViolation" }),
        json!({ "status": 401 }),
    ]
}

/// The next write to such a path is refused so, and straight after it another administrator does this.
fn refuse(bench: &Bench, (method, path): (&str, &str), refusal: &Value, edit: &Value) {
    let mut fault = refusal.clone();
    for (key, value) in [("path_contains", path), ("method", method)] {
        fault[key] = json!(value);
    }
    fault["times"] = json!(1);
    let mut meanwhile =
        json!([{ "path_contains": path, "method": method, "after": true, "edit": edit }]);
    if edit.is_null() {
        meanwhile = json!([]);
    }
    let knobs = json!({ "fail_next": [fault], "meanwhile": meanwhile });
    web::knobs(&bench.base(), &knobs);
}

const PATCH: (&str, &str) = ("PATCH", "/v1.0/users/");
const ASSIGN: (&str, &str) = ("POST", "/assignNumber");
const LICENCE: (&str, &str) = ("POST", "/assignLicense");

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_has_touched_is_written_after_the_wait() {
    for refusal in refusals() {
        let mut bench = Bench::synced("tour").await;
        let joni = bench.add(JONI).await;
        bench.want_country(&joni, "DE").await;
        bench.want_number(&joni, Some("+441235123480")).await;
        let kind = bench.planned().await;
        refuse(&bench, PATCH, &refusal, &Value::Null);
        let ran = bench.run(kind).await;
        ran.wrote(2);
        assert_eq!(web::count(&bench.base(), "PATCH", PATCH.1), 2, "{refusal}");
        assert_eq!(web::person(&bench.base(), JONI)["usageLocation"], "DE");
        if refusal["status"] == 429 {
            assert!(ran.says("Graph asks to wait 3 s"), "{}", ran.text());
            assert!(ran.says("for Joni Sherman"), "{}", ran.text());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_country_that_another_has_set_in_the_wait_is_a_conflict() {
    for refusal in refusals() {
        let mut bench = Bench::synced("tour").await;
        let joni = bench.add(JONI).await;
        bench.want_country(&joni, "DE").await;
        let kind = bench.planned().await;
        let edit = json!({ "method": "PATCH", "path": format!("users/{JONI}"), "body": { "usageLocation": "FR" } });
        refuse(&bench, PATCH, &refusal, &edit);
        let ran = bench.run(kind).await;
        assert_eq!(ran.summary.written, 0, "{refusal} {}", ran.text());
        assert_eq!(web::person(&bench.base(), JONI)["usageLocation"], "FR");
        assert_eq!(web::count(&bench.base(), "PATCH", PATCH.1), 1);
        let entry = bench.desk().await.entries.pop().unwrap();
        let theirs = user::Value::Country(Some("FR".parse().unwrap()));
        assert_eq!(entry.state, EntryState::Conflict { theirs }, "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_another_has_given_in_the_wait_is_a_conflict_and_stays() {
    for refusal in refusals() {
        let mut bench = Bench::synced("tour").await;
        let joni = bench.add(JONI).await;
        bench.want_number(&joni, Some("+441235123480")).await;
        let kind = bench.planned().await;
        let edit = json!({ "method": "POST", "path": "numbers",
            "body": { "telephoneNumber": "+441235123499", "target": JONI } });
        refuse(&bench, ASSIGN, &refusal, &edit);
        let ran = bench.run(kind).await;
        assert_eq!(ran.summary.written, 0, "{refusal} {}", ran.text());
        assert_eq!(web::count(&bench.base(), "POST", ASSIGN.1), 1);
        let entry = bench.desk().await.entries.pop().unwrap();
        let theirs = user::Value::Number(Some(number("+441235123499")));
        assert_eq!(entry.state, EntryState::Conflict { theirs }, "{refusal}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_that_another_switches_off_in_the_wait_stay_off() {
    for refusal in refusals() {
        let mut bench = Bench::synced("tour").await;
        let henrietta = id(&bench, "henrietta@contoso.example").await;
        let repairs = ways(&bench, henrietta, PlanClass::Calling).await;
        let [teamsconnector::domain::repair::Repair::SwitchOff { sku, .. }] = repairs.as_slice()
        else {
            panic!("one bundle: {repairs:?}");
        };
        let sku = sku.to_string();
        bench.repair(henrietta, &repairs, With::default()).await;
        let kind = bench.planned().await;
        let edit = json!({ "method": "PATCH", "path": "users/henrietta@contoso.example",
            "body": { "assignedLicenses": [{ "skuId": sku, "disabledPlans": [EXCHANGE] }] } });
        refuse(&bench, LICENCE, &refusal, &edit);
        let ran = bench.run(kind).await;
        assert_eq!(ran.summary.written, 1, "{refusal} {}", ran.text());
        let mut wanted = [EXCHANGE, "MCOPSTN8"];
        wanted.sort_unstable();
        let off = off_of(&bench, "henrietta@contoso.example", &sku);
        assert_eq!(off, wanted, "{refusal}");
    }
}

/// What another has brought about meanwhile is not told as ours.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_has_done_in_the_wait_is_already_there() {
    for refusal in refusals() {
        let mut bench = Bench::synced("tour").await;
        let joni = bench.add(JONI).await;
        bench.want_number(&joni, Some("+441235123480")).await;
        let kind = bench.planned().await;
        let edit = json!({ "method": "POST", "path": "numbers",
            "body": { "telephoneNumber": "+441235123480", "target": JONI } });
        refuse(&bench, ASSIGN, &refusal, &edit);
        is_already_there(&bench.run(kind).await, &refusal);
        assert_eq!(web::count(&bench.base(), "POST", ASSIGN.1), 1);
        assert!(bench.desk().await.entries.is_empty(), "{refusal}");

        let mut bench = Bench::synced("tour").await;
        let henrietta = id(&bench, "henrietta@contoso.example").await;
        let repairs = ways(&bench, henrietta, PlanClass::Calling).await;
        bench.repair(henrietta, &repairs, With::default()).await;
        let [teamsconnector::domain::repair::Repair::SwitchOff { sku, .. }] = repairs.as_slice()
        else {
            panic!("one bundle: {repairs:?}");
        };
        let sku = sku.to_string();
        let kind = bench.planned().await;
        let edit = json!({ "method": "PATCH", "path": "users/henrietta@contoso.example",
            "body": { "assignedLicenses": [{ "skuId": sku, "disabledPlans": ["MCOPSTN8"] }] } });
        refuse(&bench, LICENCE, &refusal, &edit);
        is_already_there(&bench.run(kind).await, &refusal);
        assert_eq!(
            off_of(&bench, "henrietta@contoso.example", &sku),
            ["MCOPSTN8"]
        );
        assert_eq!(web::count(&bench.base(), "POST", LICENCE.1), 1);
    }
}

fn is_already_there(ran: &Ran, refusal: &Value) {
    assert_eq!(ran.outcome, Outcome::Done, "{refusal} {}", ran.text());
    assert_eq!(ran.summary.written, 0, "{refusal} {}", ran.text());
    assert!(ran.says("already; nothing to write"), "{}", ran.text());
    assert!(!ran.says("is confirmed"), "{}", ran.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_that_answers_after_the_wait_gets_nothing() {
    let mut bench = Bench::synced("tour").await;
    let joni = bench.add(JONI).await;
    bench.want_number(&joni, Some("+441235123480")).await;
    let kind = bench.planned().await;
    let ours = bench.simulator.tenant_id().to_owned();
    let says = |id: &str, times: usize| {
        json!({ "path_contains": "/organization", "method": "GET", "times": times, "status": 200,
            "body": { "value": [{ "id": id, "displayName": "Contoso Ltd", "verifiedDomains": [] }] } })
    };
    // Before the plan, in it and before the first request it is ours; then it is another's, for good.
    let other = "99999999-2222-4333-8444-555555555555";
    let refused = json!({ "path_contains": ASSIGN.1, "method": ASSIGN.0, "times": 1, "status": 429, "retry_after": 3 });
    let faults = json!([says(&ours, 3), says(other, 99), refused]);
    web::knobs(&bench.base(), &json!({ "fail_next": faults }));
    let ran = bench.run(kind).await;
    assert!(
        matches!(&ran.outcome, Outcome::Failed(failure) if failure.headline == TENANT_MISMATCH),
        "{}",
        ran.text()
    );
    assert_eq!(web::count(&bench.base(), "POST", ASSIGN.1), 1);
    let entry = bench.desk().await.entries.pop().unwrap();
    assert_eq!(entry.state, EntryState::Queued);
}
