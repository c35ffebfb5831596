//! Another tenant answers at one single call of a run: nothing is written after it, and nothing that was read becomes the picture.

use serde_json::{Value, json};
use teamsconnector::domain::outbox::{Entry, EntryState, Step};
use teamsconnector::domain::run::{Outcome, Phase, RunEvent, RunKind};
use teamsconnector::sync::{ReadAgain, Reading, TENANT_MISMATCH, read_again};

use crate::support::bench::{Bench, Ran, noon};
use crate::support::program::Tour;
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
    // The first call is the sign-in's, the next the plan's; one stands before each request that writes, one after each reading
    // back: release, patch and back, assign and back. The last is that of the rows.
    for (call, wanted) in [
        (0, 0),
        (1, 0),
        (2, 0),
        (3, 1),
        (4, 2),
        (5, 2),
        (6, 3),
        (7, 3),
    ] {
        let mut bench = with_two_changes().await;
        let kind = bench.planned().await;
        swap_at(&bench, call);
        let ran = bench.run(kind).await;
        assert!(is_stopped(&ran), "call {call}: {}", ran.text());
        assert_eq!(writes(&bench), wanted, "call {call}: {}", ran.text());
    }
    let mut bench = with_two_changes().await;
    let kind = bench.planned().await;
    swap_at(&bench, 8);
    let ran = bench.run(kind).await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert_eq!(writes(&bench), 3);
}

/// Another program gives the files to another tenant while this one writes.
#[tokio::test(flavor = "multi_thread")]
async fn a_pin_that_changes_in_mid_apply_stops_it_before_the_next_write() {
    let mut bench = with_two_changes().await;
    let kind = bench.planned().await;
    let ledger = rusqlite::Connection::open(bench.ledger()).unwrap();
    let ours = bench.simulator.tenant_id().to_owned();
    let mut changed = 0;
    let ran = bench
        .run_watching(kind, |event, _| {
            if matches!(event, RunEvent::Phase(Phase::ReadBack)) {
                let sql =
                    "UPDATE settings SET v = replace(v, ?1, ?2) WHERE v LIKE '%' || ?1 || '%'";
                changed += ledger.execute(sql, [ours.as_str(), OTHER]).unwrap();
            }
        })
        .await;
    assert_eq!(changed, 1, "{}", ran.text());
    assert!(is_stopped(&ran), "{}", ran.text());
    assert!(ran.says("the pin: 99999999"), "{}", ran.text());
    // The release and the country; never the number.
    assert_eq!(writes(&bench), 2, "{}", ran.text());
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

/// What Teams tells is another tenant's from now on, while `/organization` says what it said before.
fn strange_rows(bench: &Bench) {
    let ours = bench.simulator.tenant_id().to_owned();
    let fault = json!({"path_contains": "/organization", "method": "GET", "times": 99, "status": 200,
                       "body": organization(&ours)});
    web::knobs(
        &bench.base(),
        &json!({ "organization_id": OTHER, "fail_next": [fault] }),
    );
}

async fn states(bench: &Bench) -> Vec<(String, EntryState)> {
    let entries = bench.desk().await.entries.into_iter();
    entries
        .map(|Entry { name, state, .. }| (name, state))
        .collect()
}

fn elsewhere(bench: &Bench, who: &str, country: &str) {
    web::ask(
        &bench.base(),
        "PATCH",
        &format!("/_sim/users/{who}"),
        Some(&json!({ "usageLocation": country })),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_tenant_has_settles_nothing_that_is_queued() {
    for (kind, call) in [(RunKind::Plan, 1), (RunKind::Sync, 1)] {
        let mut bench = with_two_changes().await;
        // One would be closed as being there already, the other would be a conflict.
        web::put_number(&bench.base(), "+14255550150", Some("diego@contoso.example"));
        elsewhere(&bench, "lee@contoso.example", "FR");
        let before = states(&bench).await;
        assert_eq!(before.len(), 2);
        swap_at(&bench, call);
        let ran = bench.run(kind.clone()).await;
        assert!(is_stopped(&ran), "{kind:?}: {}", ran.text());
        assert_eq!(states(&bench).await, before, "{kind:?}: {}", ran.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_unknown_stays_so_when_another_tenant_has_it() {
    let mut bench = Bench::synced("tour").await;
    let lee = bench.add("lee@contoso.example").await;
    bench.want_country(&lee, "GB").await;
    let kind = bench.planned().await;
    let fault =
        json!({ "path_contains": "/v1.0/users/", "method": "PATCH", "times": 4, "status": 503 });
    web::knobs(&bench.base(), &json!({ "fail_next": [fault] }));
    bench.run(kind).await;
    let unknown = states(&bench).await;
    assert_eq!(unknown[0].1, EntryState::Unknown { step: Step::Patch });
    elsewhere(&bench, "lee@contoso.example", "GB");
    swap_at(&bench, 1);
    let ran = bench.run(RunKind::Plan).await;
    assert!(is_stopped(&ran), "{}", ran.text());
    assert_eq!(states(&bench).await, unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_back_of_another_tenant_confirms_nothing() {
    // The organisation, then only a row of Teams, tells after the write that it is another tenant.
    for by_row in [false, true] {
        let mut bench = Bench::synced("tour").await;
        let lee = bench.add("lee@contoso.example").await;
        bench.want_country(&lee, "GB").await;
        let kind = bench.planned().await;
        if !by_row {
            swap_at(&bench, 3);
        }
        let base = &bench.base();
        let ours = bench.simulator.tenant_id().to_owned();
        let ran = bench
            .run_watching(kind, |event, _| {
                if by_row && matches!(event, RunEvent::Phase(Phase::ReadBack)) {
                    let fault = json!({"path_contains": "/organization", "method": "GET", "times": 99,
                                       "status": 200, "body": organization(&ours)});
                    web::knobs(base, &json!({ "organization_id": OTHER, "fail_next": [fault] }));
                }
            })
            .await;
        assert!(is_stopped(&ran), "{by_row}: {}", ran.text());
        assert_eq!(writes(&bench), 1, "{by_row}: {}", ran.text());
        let left = states(&bench).await;
        let unknown = EntryState::Unknown { step: Step::Patch };
        assert_eq!(left.len(), 1, "{by_row}: {}", ran.text());
        assert_eq!(left[0].1, unknown, "{by_row}: {}", ran.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_of_another_tenant_are_not_kept_after_a_write() {
    let mut bench = Bench::synced("tour").await;
    let lee = bench.add("lee@contoso.example").await;
    let before = lee.country;
    bench.want_country(&lee, "GB").await;
    let kind = bench.planned().await;
    swap_at(&bench, 4);
    let ran = bench.run(kind).await;
    assert!(is_stopped(&ran), "{}", ran.text());
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    let found = bench.store().cache.find("lee@contoso.example", 1).await;
    assert_eq!(found.unwrap()[0].location, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_user_of_another_tenant_is_not_read_into_the_files() {
    let who = ReadAgain::Text("joni@contoso.example".into());
    for case in ["first", "again", "row", "token", "none"] {
        let mut bench = Bench::synced("tour").await;
        web::ask(
            &bench.base(),
            "PATCH",
            "/_sim/users/joni@contoso.example",
            Some(&json!({ "displayName": "Somebody Else" })),
        );
        match case {
            "first" => swap_at(&bench, 0),
            "again" => swap_at(&bench, 1),
            "row" => strange_rows(&bench),
            "token" => {
                web::knobs(&bench.base(), &json!({ "token_tenant": OTHER }));
                bench = bench.with_person("contoso.example").await;
            }
            _ => {}
        }
        let read = read_again(&bench.world.client, bench.store(), &who, noon()).await;
        let found = bench.store().cache.find("joni@contoso.example", 1).await;
        let name = found.unwrap()[0].name.clone();
        if case == "none" {
            assert!(matches!(read, Ok(Reading::Read(_))), "{read:?}");
            assert_eq!(name, "Somebody Else");
        } else {
            let failure = read.expect_err(case);
            assert_eq!(failure.headline, TENANT_MISMATCH, "{case}");
            assert_eq!(name, "Joni Sherman", "{case}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_that_is_kept_under_another_name_is_not_read_under_a_second_one() {
    let tour = Tour::new("").await;
    let file = tour.home.path().join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    // The id of one and a domain of the other: the configuration alone cannot tell that they are one.
    let second = text
        .replace("tenants.contoso", "tenants.second")
        .replace(tour.bench.simulator.tenant_id(), "contoso.example");
    std::fs::write(&file, format!("{text}\n{second}")).unwrap();
    assert_eq!(tour.call(&["config", "check"]).code, 0);
    for what in [&["sync"][..], &["sync", "--yes"]] {
        let mut args = vec!["--tenant", "second"];
        args.extend(what);
        let ended = tour.call(&args);
        assert_eq!(ended.code, 6, "{ended:?}");
        assert!(
            ended
                .err
                .contains("This tenant is contoso of the configuration")
                || ended
                    .out
                    .contains("This tenant is contoso of the configuration"),
            "{ended:?}"
        );
    }
    let known = tour.call(&["--tenant", "second", "candidates", "--json"]);
    assert!(!known.out.contains("joni@contoso.example"), "{known:?}");
    // The first one goes on as it was.
    tour.good(&["--tenant", "contoso", "sync"]);
}
