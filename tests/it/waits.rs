//! Throttling, with waits that take their time: nothing is sent inside one, it is bounded, and it can be left.

#![expect(
    clippy::disallowed_methods,
    reason = "what is measured here is time itself"
)]

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use teamsconnector::domain::pace::{Clock, Pace};
use teamsconnector::domain::run::{Outcome, RunEvent, RunKind};
use teamsconnector::sim::Scenario;

use crate::support::bench::Bench;
use crate::support::program::Served;
use crate::support::web;

/// A tenant that was read, by a clock that goes.
async fn bench() -> Bench {
    let clock = Clock::new(Timestamp::now);
    let mut bench = Bench::paced("seats-short", clock, Pace::Real).await;
    bench.sync().await;
    bench
}

/// What the tenant was asked, and when, by its own record.
fn arrivals(base: &str) -> Vec<(Timestamp, u64, String)> {
    let log = web::ask(base, "GET", "/_sim/log", None);
    let requests = log["requests"].as_array().unwrap().iter();
    requests
        .map(|line| {
            let text = |name: &str| line[name].as_str().unwrap();
            (
                text("at").parse().unwrap(),
                line["status"].as_u64().unwrap(),
                format!("{} {}", text("method"), text("path")),
            )
        })
        .collect()
}

/// After each refusal nothing at all came for so long.
fn nothing_came_within(base: &str, wait: SignedDuration) -> usize {
    let arrivals = arrivals(base);
    let mut refusals = 0;
    for (n, (at, status, what)) in arrivals.iter().enumerate() {
        if *status != 429 {
            continue;
        }
        refusals += 1;
        for (next, _, asked) in &arrivals[n + 1..] {
            let after = next.duration_since(*at);
            assert!(
                after >= wait,
                "{asked} came {after} after {what} was refused"
            );
        }
        // Later refusals are looked at in their turn.
    }
    refusals
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sent_while_graph_has_asked_to_wait() {
    // Reading.
    let mut bench = bench().await;
    let refuse = |path: &str, method: &str, after: Value| json!({ "fail_next": [{ "path_contains": path, "method": method, "times": 1, "status": 429, "retry_after": after }] });
    web::ask(&bench.base(), "DELETE", "/_sim/log", None);
    web::knobs(&bench.base(), &refuse("/users/delta", "GET", json!(1)));
    let ran = bench.sync().await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert_eq!(
        nothing_came_within(&bench.base(), SignedDuration::from_secs(1)),
        1
    );
    // Writing, with a date: it has whole seconds, so that at least one remains of three.
    let amy = bench.add("amy.apple@contoso.example").await;
    bench.want_country(&amy, "US").await;
    let kind = bench.planned().await;
    web::ask(&bench.base(), "DELETE", "/_sim/log", None);
    let until = Timestamp::now() + SignedDuration::from_secs(3);
    let date = until.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
    web::knobs(&bench.base(), &refuse("/v1.0/users/", "PATCH", json!(date)));
    let ran = bench.run(kind).await;
    ran.wrote(1);
    assert_eq!(
        nothing_came_within(&bench.base(), SignedDuration::from_secs(1)),
        1
    );
    let patches = arrivals(&bench.base());
    let patches = patches
        .iter()
        .filter(|(_, _, what)| what.starts_with("PATCH"));
    assert_eq!(patches.count(), 2, "refused, then taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_is_left_at_once_by_a_cancel() {
    for (path, method) in [
        ("/users/delta", "GET"),
        ("organization", "GET"),
        ("/v1.0/users/", "PATCH"),
    ] {
        let mut bench = bench().await;
        let amy = bench.add("amy.apple@contoso.example").await;
        bench.want_country(&amy, "US").await;
        let apply = bench.planned().await;
        let kind = if path == "/users/delta" {
            RunKind::Sync
        } else {
            apply
        };
        let knobs = json!({ "fail_next": [{ "path_contains": path, "method": method, "times": 9, "status": 429, "retry_after": 120 }] });
        web::knobs(&bench.base(), &knobs);
        let mut since = None;
        let word = path;
        let ran = bench.run_watching(kind, |event, cancel| {
            if matches!(event, RunEvent::Waiting { .. }) {
                since.get_or_insert_with(Instant::now);
                cancel.cancel();
            }
        });
        let ran = tokio::time::timeout(Duration::from_secs(20), ran).await;
        let ran = ran.unwrap_or_else(|_| panic!("{word}: a cancel does not end the wait"));
        let took = since.expect("it has waited").elapsed();
        assert_eq!(ran.outcome, Outcome::Cancelled, "{word}: {}", ran.text());
        // 200 ms is the promise on a quiet machine.
        assert!(took < Duration::from_secs(2), "{word}: {took:?}");
        assert_eq!(bench.desk().await.entries.len(), 1, "it stays queued");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storm_is_bounded_and_ends_with_three() {
    for (retry_after, most) in [(json!(1), 4), (json!(999_999), 1)] {
        let served = Served::new(Scenario::SeatsShort, "").await;
        let knobs = json!({ "fail_next": [{ "path_contains": "/v1.0/", "times": 50, "status": 429, "retry_after": retry_after }] });
        web::knobs(&served.base(), &knobs);
        let ended = served.call(&["sync"]);
        assert_eq!(ended.code, 3, "{retry_after}: {ended:?}");
        let sent = web::count(&served.base(), "GET", "/v1.0/");
        assert!((1..=most).contains(&sent), "{retry_after}: {sent} requests");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_between_release_and_gift_is_sat_out_whoever_cancels() {
    let mut bench = bench().await;
    let amy = bench.add("amy.apple@contoso.example").await;
    bench.want_number(&amy, Some("+441235123511")).await;
    let kind = bench.planned().await;
    let knobs = json!({ "fail_next": [{ "path_contains": "/assignNumber", "method": "POST", "times": 1, "status": 429, "retry_after": 1 }] });
    web::knobs(&bench.base(), &knobs);
    let ran = bench
        .run_watching(kind, |event, cancel| {
            if matches!(event, RunEvent::Waiting { .. }) {
                cancel.cancel();
            }
        })
        .await;
    let id = web::person(&bench.base(), "amy.apple@contoso.example")["id"].clone();
    let held = web::number(&bench.base(), "+441235123511").unwrap();
    assert_eq!(held["assignmentTargetId"], id, "{}", ran.text());
}
