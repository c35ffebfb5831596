//! Writing: a number given, moved, refused; three-way merge; what the tenant has is taken over.

use serde_json::json;
use teamsconnector::domain::outbox::EntryState;
use teamsconnector::domain::run::{Outcome, RunKind};
use teamsconnector::domain::user::Value;
use teamsconnector::ops::change;
use teamsconnector::sync::{ReadAgain, read_again};

use crate::support::bench::{Bench, noon, number};
use crate::support::web;

#[tokio::test(flavor = "multi_thread")]
async fn a_first_number_is_written_and_read_back() {
    let mut bench = Bench::synced("tour").await;
    let joni = bench.add("joni@contoso.example").await;
    assert_eq!(joni.number, None, "a blank number stays blank");
    assert!(
        bench.desk().await.entries.is_empty(),
        "adding queues nothing"
    );
    bench.want_number(&joni, Some("+441235123480")).await;
    let ran = bench.apply().await;
    ran.wrote(1);
    let there = web::number(&bench.base(), "+441235123480").unwrap();
    assert_eq!(
        there["assignmentTargetId"],
        web::person(&bench.base(), "joni@contoso.example")["id"]
    );
    assert!(bench.desk().await.entries.is_empty());
    assert_eq!(
        bench.user("joni@contoso.example").await.number,
        Some(number("+441235123480"))
    );
    let again = bench.sync().await;
    assert_eq!(
        (again.summary.written, again.summary.taken_over),
        (0, 0),
        "{}",
        again.text()
    );
    assert_eq!(web::count(&bench.base(), "POST", "assignNumber"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_candidate_with_a_number_is_added_with_it() {
    let mut bench = Bench::synced("tour").await;
    let nestor = bench.add("nestor@contoso.example").await;
    assert_eq!(nestor.number, Some(number("+14255550140")));
    assert!(bench.desk().await.entries.is_empty());
    let plan = bench.run(RunKind::Plan).await;
    assert_eq!(plan.plan, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_number_releases_then_assigns() {
    let mut bench = Bench::synced("tour").await;
    let diego = bench.add("diego@contoso.example").await;
    bench.want_number(&diego, Some("+14255550150")).await;
    let ran = bench.apply().await;
    ran.wrote(1);
    let base = bench.base();
    assert_eq!(
        web::number(&base, "+14255550100").unwrap()["assignmentTargetId"],
        json!(null)
    );
    assert_eq!(
        web::number(&base, "+14255550150").unwrap()["assignmentTargetId"],
        web::person(&base, "diego@contoso.example")["id"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_numbers_are_swapped_in_one_plan() {
    let mut bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    let bob = bench.add("bob.birch@contoso.example").await;
    bench.want_number(&amy, Some("+441235123502")).await;
    bench.want_number(&bob, Some("+441235123501")).await;
    let ran = bench.apply().await;
    ran.wrote(2);
    let base = bench.base();
    assert_eq!(
        web::number(&base, "+441235123502").unwrap()["assignmentTargetId"],
        web::person(&base, "amy.apple@contoso.example")["id"]
    );
    assert_eq!(
        web::number(&base, "+441235123501").unwrap()["assignmentTargetId"],
        web::person(&base, "bob.birch@contoso.example")["id"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_country_is_patched_and_read_back() {
    let mut bench = Bench::synced("tour").await;
    let lee = bench.add("lee@contoso.example").await;
    bench.want_country(&lee, "GB").await;
    let ran = bench.apply().await;
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    assert_eq!(
        web::person(&bench.base(), "lee@contoso.example")["usageLocation"],
        "GB"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changed_in_the_tenant_only_is_taken_over() {
    let mut bench = Bench::synced("tour").await;
    bench.add("diego@contoso.example").await;
    web::put_number(&bench.base(), "+14255550100", None);
    web::put_number(&bench.base(), "+14255550151", Some("diego@contoso.example"));
    let ran = bench.sync().await;
    assert!(
        ran.says(
            "diego@contoso.example: number +1 425 555 0100 -> +1 425 555 0151, as in the tenant"
        ),
        "{}",
        ran.text()
    );
    assert_eq!(
        bench.user("diego@contoso.example").await.number,
        Some(number("+14255550151"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_on_both_sides_is_a_conflict_with_all_three_values() {
    let mut bench = Bench::synced("tour").await;
    let diego = bench.add("diego@contoso.example").await;
    bench.want_number(&diego, Some("+14255550150")).await;
    web::put_number(&bench.base(), "+14255550100", None);
    web::put_number(&bench.base(), "+14255550151", Some("diego@contoso.example"));
    let ran = bench.sync().await;
    assert_eq!(ran.outcome, Outcome::Partly, "{}", ran.text());
    let entry = bench.desk().await.entries.pop().unwrap();
    assert_eq!(entry.base, Value::Number(Some(number("+14255550100"))));
    assert_eq!(entry.wanted, Value::Number(Some(number("+14255550150"))));
    assert_eq!(
        entry.state,
        EntryState::Conflict {
            theirs: Value::Number(Some(number("+14255550151")))
        }
    );
    assert_eq!(
        web::count(&bench.base(), "POST", "assignNumber"),
        0,
        "nothing is written over"
    );
    change::decide(bench.store(), entry.id, true, bench.stamp())
        .await
        .unwrap();
    let ran = bench.apply().await;
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    assert_eq!(
        bench.user("diego@contoso.example").await.number,
        Some(number("+14255550150"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_in_active_directory_is_never_written() {
    let mut bench = Bench::synced("dirsync").await;
    let ada = bench.add("ada.pike@contoso.example").await;
    bench.want_number(&ada, Some("+441235123899")).await;
    let plan = bench.plan().await;
    assert!(plan.items.is_empty());
    assert!(
        plan.left_out[0].why.contains("clear msRTCSIP-Line"),
        "{plan:?}"
    );
    assert_eq!(web::count(&bench.base(), "POST", "assignNumber"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_gets_its_true_cause() {
    let mut bench = Bench::synced("tour").await;
    let joni = bench.add("joni@contoso.example").await;
    bench.want_number(&joni, Some("+441235123480")).await;
    let plan = bench.plan().await;
    let entries: Vec<_> = plan.items.iter().map(|item| item.entry).collect();
    // Between the plan and its writing the operation is made to fail with the text that misleads.
    let body = json!({ "fail_next": [{ "path_contains": "assignNumber", "method": "POST", "times": 1, "status": 400, "code": "BadRequest",
        "message": "The user already has a telephone number set in the on-premises Active Directory and synchronized to the cloud." }] });
    web::knobs(&bench.base(), &body);
    let ran = bench.run(RunKind::Apply { entries }).await;
    assert_eq!(ran.outcome, Outcome::Partly, "{}", ran.text());
    let entry = bench.desk().await.entries.pop().unwrap();
    let EntryState::Rejected { cause, raw, .. } = entry.state else {
        panic!("{:?}", entry.state)
    };
    assert!(!cause.contains("Active Directory"), "{cause}");
    assert!(
        raw.contains("on-premises Active Directory") && raw.contains("request-id"),
        "{raw}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn read_only_writes_nothing() {
    let mut bench = Bench::synced("tour").await;
    let joni = bench.add("joni@contoso.example").await;
    bench.want_number(&joni, Some("+441235123480")).await;
    bench.settings.read_only = true;
    let plan = bench.plan().await;
    let ran = bench
        .run(RunKind::Apply {
            entries: vec![plan.items[0].entry],
        })
        .await;
    assert!(matches!(ran.outcome, Outcome::Failed(_)), "{}", ran.text());
    assert_eq!(web::count(&bench.base(), "POST", "Number"), 0);
    assert_eq!(bench.desk().await.entries.len(), 1, "it stays queued");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_lost_a_number_to_somebody_who_was_read_alone_is_shown_without_it() {
    let mut bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    let held = amy.number.clone().unwrap();
    web::put_number(
        &bench.base(),
        held.as_str(),
        Some("hazel.holly@contoso.example"),
    );
    let who = ReadAgain::Text("hazel.holly@contoso.example".into());
    read_again(&bench.world.client, bench.store(), &who, noon())
        .await
        .unwrap();
    let ran = bench.sync().await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert_eq!(bench.user(&amy.mail).await.number, None, "{}", ran.text());
}
