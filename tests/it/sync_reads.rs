//! Reading a tenant: counters, matching, the delta query and its refusals, the tenant guard.

use serde_json::json;
use teamsconnector::domain::gate::FirstCause;
use teamsconnector::domain::run::{Level, Outcome};
use teamsconnector::domain::user::Association;
use teamsconnector::ops::explain::{Whom, why};
use teamsconnector::sync::TENANT_MISMATCH;

use crate::support::bench::{Bench, noon};
use crate::support::web;

#[tokio::test(flavor = "multi_thread")]
async fn one_calling_plan_less_is_counted_as_one_less() {
    let mut bench = Bench::new("calling-plans").await;
    let ran = bench.sync().await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert!(ran.says("Enabled users: total=399, licensed=127, phoneSystem=108, excludedByCallingPlan=104, resource=0"), "{}", ran.text());
    let state = web::ask(&bench.base(), "GET", "/_sim/state", None);
    let users = state["users"].as_array().unwrap();
    let holds = |user: &&serde_json::Value| {
        user.to_string()
            .contains("0dab259f-bf13-4952-b7f8-7db8f131b28d")
            && user["accountEnabled"] == true
    };
    let somebody = users
        .iter()
        .find(holds)
        .expect("somebody holds MCOPSTN1 directly");
    let upn = somebody["userPrincipalName"].as_str().unwrap();
    let left = json!({ "assignedLicenses": ["SPE_E3", "MCOEV"] });
    web::ask(
        &bench.base(),
        "PATCH",
        &format!("/_sim/users/{upn}"),
        Some(&left),
    );
    let ran = bench.sync().await;
    assert!(
        ran.says("phoneSystem=108, excludedByCallingPlan=103, resource=0"),
        "{}",
        ran.text()
    );
    assert!(ran.says("Found 108 users with a Phone System license, of which 103 are excluded as they have a Calling Plan"));
    assert_eq!(
        web::count(&bench.base(), "GET", "/v1.0/users?"),
        2,
        "the second run asked for changes, and for one user's licences"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_delta_link_is_a_full_read_in_each_of_its_three_shapes() {
    for refusal in ["gone", "sync_state_not_found", "unsupported_query"] {
        let mut bench = Bench::synced("seats-short").await;
        web::knobs(&bench.base(), &json!({ "delta_refusal": refusal }));
        let ran = bench.sync().await;
        assert_eq!(ran.outcome, Outcome::Done, "{refusal}: {}", ran.text());
        assert!(
            ran.says("no longer accepts the last delta link"),
            "{refusal}: {}",
            ran.text()
        );
        assert!(
            ran.says("total=8, licensed=8, phoneSystem=8"),
            "{refusal}: {}",
            ran.text()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_come_by_delta_and_equal_a_full_read() {
    let mut bench = Bench::new("tour").await;
    bench.settings.group = Some("Voice users".to_owned());
    bench.sync().await;
    let base = bench.base();
    web::ask(
        &base,
        "PATCH",
        "/_sim/users/debra@contoso.example",
        Some(&json!({ "assignedLicenses": ["SPE_E5"] })),
    );
    web::ask(
        &base,
        "PATCH",
        "/_sim/users/allan@contoso.example",
        Some(&json!({ "accountEnabled": true })),
    );
    web::ask(&base, "DELETE", "/_sim/users/joni@contoso.example", None);
    web::put_number(&base, "+441235123481", Some("isaiah@contoso.example"));
    let ran = bench.sync().await;
    assert!(
        ran.says("changed, 1 removed since the last run"),
        "{}",
        ran.text()
    );
    let by_delta = bench.store().cache.all_rows().await.unwrap();
    bench.store().cache.clear().await.unwrap();
    bench.sync().await;
    let whole = bench.store().cache.all_rows().await.unwrap();
    assert_eq!(by_delta, whole);
    assert!(!whole.iter().any(|row| row.upn == "joni@contoso.example"));
    let isaiah = whole
        .iter()
        .find(|row| row.upn == "isaiah@contoso.example")
        .unwrap();
    assert_eq!(
        isaiah
            .number
            .as_ref()
            .map(teamsconnector::domain::phone::PhoneNumber::as_str),
        Some("+441235123481")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn imported_users_are_matched_by_upn_mail_and_proxy_address() {
    let mut bench = Bench::synced("after-import").await;
    for (name, mail) in [
        ("Bill Stone", "BILL.STONE@contoso.example"),
        ("Cara Lake", "cara.lake@contoso.example"),
        ("Erin Shaw", "erin.shaw@contoso.example"),
        ("John Smith", "john.smith@contoso.example"),
    ] {
        bench.add_by_mail(name, mail).await;
    }
    let ran = bench.sync().await;
    assert_eq!(ran.summary.matched, 3, "{}", ran.text());
    assert!(
        ran.says("by sign-in name") && ran.says("by mail") && ran.says("by proxy address"),
        "{}",
        ran.text()
    );
    assert!(
        ran.lines.iter().any(|line| line.level == Level::Warning
            && line.text == "License Status: Unlicensed: john.smith@contoso.example: not associated with a Teams user"),
        "{}",
        ran.text()
    );
    let john = bench.user("john.smith@contoso.example").await;
    assert_eq!(john.association, Association::None);
    let why = why(bench.store(), &Whom::User(john.id), noon(), false)
        .await
        .unwrap();
    assert!(
        why.near
            .iter()
            .any(|near| near.contains("jon.smith@contoso.example")),
        "{why:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_stops_the_run_before_it_reads() {
    let mut bench = Bench::synced("tour").await;
    let before = bench.store().cache.all_rows().await.unwrap();
    web::knobs(
        &bench.base(),
        &json!({ "organization_id": "99999999-2222-4333-8444-555555555555" }),
    );
    let reads = web::count(&bench.base(), "GET", "/v1.0/users");
    let ran = bench.sync().await;
    let Outcome::Failed(failure) = &ran.outcome else {
        panic!("{}", ran.text())
    };
    assert_eq!(failure.headline, TENANT_MISMATCH);
    assert!(
        ran.says("11111111-2222-4333-8444-555555555555")
            && ran.says("99999999-2222-4333-8444-555555555555"),
        "{}",
        ran.text()
    );
    assert_eq!(
        web::count(&bench.base(), "GET", "/v1.0/users"),
        reads,
        "nothing was read"
    );
    assert_eq!(bench.store().cache.all_rows().await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_symptom_of_the_tour_has_its_cause() {
    let mut bench = Bench::new("tour").await;
    bench.settings.group = Some("Voice users".to_owned());
    bench.sync().await;
    for (upn, cause) in [
        ("joni", FirstCause::Eligible),
        ("reception", FirstCause::Resource),
        ("salesqueue", FirstCause::Resource),
        ("alex", FirstCause::CallingPlan),
        ("henrietta", FirstCause::CallingPlan),
        ("johanna", FirstCause::CallingPlan),
        ("lynne", FirstCause::CallingPlan),
        ("enrico", FirstCause::CommunicationsCredits),
        ("debra", FirstCause::Unlicensed),
        ("christie", FirstCause::NoPhoneSystem),
        ("emily", FirstCause::PlanNotUsable),
        ("gerhart", FirstCause::PlanNotUsable),
        ("allan", FirstCause::Disabled),
        ("irvin", FirstCause::NotInGroup),
        ("bianca", FirstCause::NotInGroup),
    ] {
        let text = format!("{upn}@contoso.example");
        let why = why(bench.store(), &Whom::Text(text.clone()), noon(), false)
            .await
            .unwrap();
        assert_eq!(why.first_cause, cause, "{text}: {why:?}");
        assert!(
            cause.is_candidate() || !why.steps.is_empty(),
            "{text} has a way out: {why:?}"
        );
    }
    let brian = bench.store().cache.find("Brian", 5).await.unwrap();
    assert_eq!(FirstCause::from_byte(brian[0].class), FirstCause::Guest);
    let alex = why(
        bench.store(),
        &Whom::Text("Alex Wilber".into()),
        noon(),
        false,
    )
    .await
    .unwrap();
    assert_eq!(
        alex.verdict,
        "NOT ADDABLE: Calling Plan inside \"Teams Phone with Calling Plan\" (direct)"
    );
    let stranger = why(
        bench.store(),
        &Whom::Text("jonny sherman".into()),
        noon(),
        false,
    )
    .await
    .unwrap();
    assert_eq!(stranger.first_cause, FirstCause::NotInTenant);
    assert_eq!(stranger.near[0], "Joni Sherman <joni@contoso.example>");
}
