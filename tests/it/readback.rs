//! What was written is confirmed when two readings in a row show it, waits while it does not show, and is asked about when it is
//! overdue.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use jiff::SignedDuration;
use serde_json::{Value, json};
use teamsconnector::domain::outbox::EntryState;
use teamsconnector::domain::pace::{Clock, Pace};

use crate::support::bench::{Bench, Ran, noon};
use crate::support::web;

const AMY: &str = "amy.apple@contoso.example";

/// A reading of Amy from before her country was written, at these readings of her, counted from 1.
fn stale(bench: &Bench, readings: &[usize]) -> Value {
    let known = web::person(&bench.base(), AMY);
    let old = json!({ "value": [{ "id": known["id"], "displayName": known["displayName"], "userPrincipalName": AMY, "accountEnabled": true,
        "usageLocation": "GB", "assignedPlans": [], "assignedLicenses": [], "licenseAssignmentStates": [] }] });
    // A fault is not counted down by a call that an earlier one has struck.
    let faults = readings.iter().enumerate().map(|(n, reading)| {
        json!({ "path_contains": "id%20in", "method": "GET", "skip": reading - 1 - n, "times": 1, "status": 200, "body": old })
    });
    json!({ "fail_next": faults.collect::<Vec<_>>() })
}

async fn bench_with_amy(clock: Clock) -> Bench {
    let mut bench = Bench::paced("seats-short", clock, Pace::Instant).await;
    bench.sync().await;
    let amy = bench.add(AMY).await;
    assert_eq!(amy.country.map(|c| c.to_string()).as_deref(), Some("GB"));
    bench.want_country(&amy, "US").await;
    bench
}

/// Writes Amy's country; the readings of her before the write are two.
async fn apply(bench: &mut Bench, stale_after: &[usize]) -> Ran {
    let kind = bench.planned().await;
    let readings: Vec<usize> = stale_after.iter().map(|n| n + 2).collect();
    web::knobs(&bench.base(), &stale(bench, &readings));
    let ran = bench.run(kind).await;
    assert_eq!(web::count(&bench.base(), "PATCH", "/v1.0/users/"), 1);
    ran
}

async fn state(bench: &Bench) -> Option<EntryState> {
    let mut entries = bench.desk().await.entries;
    assert!(entries.len() <= 1);
    entries.pop().map(|entry| entry.state)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_equal_readings_in_a_row_confirm_and_no_fewer() {
    // Readings 1 and 2 are enough; so are the last two of five.
    for readings in [&[][..], &[1], &[1, 2, 3], &[1, 3]] {
        let mut bench = bench_with_amy(Clock::fixed(noon())).await;
        apply(&mut bench, readings).await.wrote(1);
        assert_eq!(state(&bench).await, None, "{readings:?}");
    }
    // It is there at the first, third and fifth: never twice in a row.
    for readings in [&[2, 4][..], &[1, 3, 5], &[2, 3, 4, 5], &[1, 2, 3, 4]] {
        let mut bench = bench_with_amy(Clock::fixed(noon())).await;
        let ran = apply(&mut bench, readings).await;
        assert_eq!(ran.summary.written, 0, "{readings:?}: {}", ran.text());
        assert!(
            ran.says("Amy Apple: written, not visible yet; due by 11-20 13:00Z"),
            "{readings:?}: {}",
            ran.text()
        );
        let visible_by = noon() + SignedDuration::from_hours(1);
        assert_eq!(
            state(&bench).await,
            Some(EntryState::Applied { visible_by })
        );
        // Whoever reads later finds it, and nothing is sent again.
        web::knobs(&bench.base(), &json!({ "fail_next": [] }));
        bench.sync().await;
        assert_eq!(state(&bench).await, None, "{readings:?}");
        assert_eq!(web::count(&bench.base(), "PATCH", "/v1.0/users/"), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_show_in_time_is_unknown_and_read_before_it_is_sent_again() {
    let minutes = Arc::new(AtomicI64::new(0));
    let now = minutes.clone();
    let clock = Clock::new(move || noon() + SignedDuration::from_mins(now.load(Ordering::SeqCst)));
    let mut bench = bench_with_amy(clock).await;
    apply(&mut bench, &[1, 2, 3, 4, 5]).await;
    let gone_back = json!({ "usageLocation": "GB" });
    web::ask(
        &bench.base(),
        "PATCH",
        &format!("/_sim/users/{AMY}"),
        Some(&gone_back),
    );
    for (at, overdue) in [(59, false), (61, true)] {
        minutes.store(at, Ordering::SeqCst);
        let plan = bench.run(teamsconnector::domain::run::RunKind::Plan).await;
        let told = plan.says("Amy Apple: US was accepted but is not visible in time");
        assert_eq!(told, overdue, "{at}: {}", plan.text());
        let now = state(&bench).await;
        if overdue {
            assert!(matches!(now, Some(EntryState::Unknown { .. })), "{now:?}");
        } else {
            assert!(matches!(now, Some(EntryState::Applied { .. })), "{now:?}");
        }
    }
    assert_eq!(web::count(&bench.base(), "PATCH", "/v1.0/users/"), 1);
    // It is read, is not there, and only then goes again.
    bench.apply().await.wrote(1);
    assert_eq!(web::count(&bench.base(), "PATCH", "/v1.0/users/"), 2);
    assert_eq!(web::person(&bench.base(), AMY)["usageLocation"], "US");
}
