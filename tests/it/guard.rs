//! Another tenant answers at one single call of a run: nothing is written after it, and nothing that was read becomes the picture.

use serde_json::{Value, json};
use teamsconnector::domain::run::Outcome;
use teamsconnector::sync::TENANT_MISMATCH;

use crate::support::bench::{Bench, Ran};
use crate::support::web;

const OTHER: &str = "99999999-2222-4333-8444-555555555555";

fn organization(id: &str) -> Value {
    json!({"value": [{"id": id, "displayName": "Contoso Ltd", "verifiedDomains": []}]})
}

/// From now on `/organization` tells the truth so many times, then once another id, then the truth again.
fn swap_at(bench: &Bench, call: usize) {
    let says = |id: &str, times: usize| {
        json!({"path_contains": "/organization", "method": "GET", "times": times, "status": 200,
               "body": organization(id)})
    };
    let ours = bench.simulator.tenant_id().to_owned();
    let mut faults = vec![says(OTHER, 1)];
    if call > 0 {
        faults.insert(0, says(&ours, call));
    }
    web::knobs(&bench.base(), &json!({ "fail_next": faults }));
}

fn writes(bench: &Bench) -> usize {
    web::count(&bench.base(), "POST", "ssignNumber")
        + web::count(&bench.base(), "PATCH", "/v1.0/users")
}

fn is_stopped(ran: &Ran) -> bool {
    matches!(&ran.outcome, Outcome::Failed(failure) if failure.headline == TENANT_MISMATCH)
}

async fn with_two_changes() -> Bench {
    let bench = Bench::synced("tour").await;
    let diego = bench.add("diego@contoso.example").await;
    let lee = bench.add("lee@contoso.example").await;
    bench.want_number(&diego, Some("+14255550150")).await;
    bench.want_country(&lee, "GB").await;
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_follows_another_organisation_at_any_call_of_an_apply() {
    // The first call is the sign-in's, then one stands before each request that writes: release, patch, assign.
    for (call, wanted) in [(0, 0), (1, 0), (2, 1), (3, 2)] {
        let mut bench = with_two_changes().await;
        let kind = bench.planned().await;
        swap_at(&bench, call);
        let ran = bench.run(kind).await;
        assert!(is_stopped(&ran), "call {call}: {}", ran.text());
        assert_eq!(writes(&bench), wanted, "call {call}: {}", ran.text());
    }
    let mut bench = with_two_changes().await;
    let kind = bench.planned().await;
    swap_at(&bench, 4);
    let ran = bench.run(kind).await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert_eq!(writes(&bench), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_read_of_another_organisation_does_not_become_the_picture() {
    for full in [true, false] {
        let mut bench = Bench::synced("tour").await;
        let before = bench.store().cache.head().await.unwrap().unwrap();
        web::ask(
            &bench.base(),
            "PATCH",
            "/_sim/users/joni@contoso.example",
            Some(&json!({"displayName": "Somebody Else"})),
        );
        if full {
            web::knobs(&bench.base(), &json!({"delta_refusal": "gone"}));
        }
        swap_at(&bench, 1);
        let ran = bench.sync().await;
        assert!(is_stopped(&ran), "{}", ran.text());
        let after = bench.store().cache.head().await.unwrap().unwrap();
        assert_eq!(after, before);
        let row = bench
            .store()
            .cache
            .find("joni@contoso.example", 1)
            .await
            .unwrap();
        assert_eq!(row[0].name, "Joni Sherman");
    }
}
