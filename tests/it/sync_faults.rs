//! Faults: a reply that is lost, a page that fails, a token that expires. Nothing is written twice, and the last picture stays.

use serde_json::json;
use teamsconnector::domain::outbox::EntryState;
use teamsconnector::domain::run::Outcome;

use crate::support::bench::Bench;
use crate::support::web;

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_is_settled_by_reading_and_never_sent_again() {
    for (after, sent) in [(true, 1), (false, 1)] {
        let mut bench = Bench::new("tour").await;
        bench.sync().await;
        let joni = bench.add("joni@contoso.example").await;
        bench.want_number(&joni, Some("+441235123480")).await;
        let fault = json!({ "fail_next": [{ "path_contains": "assignNumber", "method": "POST", "times": 1, "drop": true, "after": after }] });
        web::knobs(&bench.base(), &fault);
        let ran = bench.apply().await;
        assert_eq!(
            web::count(&bench.base(), "POST", "assignNumber"),
            sent,
            "after {after}: {}",
            ran.text()
        );
        let desk = bench.desk().await;
        let holder =
            web::number(&bench.base(), "+441235123480").unwrap()["assignmentTargetId"].clone();
        if after && !holder.is_null() {
            assert!(
                desk.entries.is_empty()
                    || matches!(
                        desk.entries[0].state,
                        EntryState::Unknown { .. } | EntryState::Applied { .. }
                    ),
                "{:?}",
                desk.entries
            );
        } else {
            assert!(
                matches!(desk.entries[0].state, EntryState::Unknown { .. }),
                "{:?}",
                desk.entries
            );
        }
        // The next run reads before it sends; then the number is where it belongs, once.
        bench.sync().await;
        if !bench.desk().await.entries.is_empty() {
            bench.apply().await;
        }
        assert!(bench.desk().await.entries.is_empty());
        let id = web::person(&bench.base(), "joni@contoso.example")["id"].clone();
        assert_eq!(
            web::number(&bench.base(), "+441235123480").unwrap()["assignmentTargetId"],
            id
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_dies_leaves_the_last_good_picture() {
    let mut bench = Bench::new("calling-plans").await;
    bench.sync().await;
    let before = bench.store().cache.all_rows().await.unwrap();
    web::knobs(
        &bench.base(),
        &json!({ "delta_refusal": "gone", "page_size": 100, "fail_next": [
        { "path_contains": "skiptoken", "times": 50, "status": 500 } ] }),
    );
    let ran = bench.sync().await;
    assert!(matches!(ran.outcome, Outcome::Failed(_)), "{}", ran.text());
    assert_eq!(bench.store().cache.all_rows().await.unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_waited_for() {
    let mut bench = Bench::new("seats-short").await;
    web::knobs(
        &bench.base(),
        &json!({ "fail_next": [{ "path_contains": "/users", "times": 2, "status": 429, "retry_after": 1 }] }),
    );
    let ran = bench.sync().await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert!(ran.says("total=8"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_listing_is_no_result() {
    let mut bench = Bench::new("calling-plans").await;
    bench.sync().await;
    let before = bench.store().cache.all_rows().await.unwrap();
    web::knobs(
        &bench.base(),
        &json!({ "delta_refusal": "gone", "fail_next": [
        { "path_contains": "/v1.0/users?", "times": 1, "status": 200, "body": { "value": [] } } ] }),
    );
    let ran = bench.sync().await;
    assert!(matches!(ran.outcome, Outcome::Failed(_)), "{}", ran.text());
    assert!(ran.says("taken for a failed listing"), "{}", ran.text());
    assert_eq!(bench.store().cache.all_rows().await.unwrap(), before);
}
