//! Two tenants are mixed up at one single call: by a token, by `/organization`, by the pin, by a row. Nothing is written after it,
//! and nothing that was read becomes the picture.

use serde_json::{Value, json};
use teamsconnector::domain::run::{Outcome, RunKind};
use teamsconnector::sync::TENANT_MISMATCH;

use crate::support::bench::{Bench, Ran};
use crate::support::web;

const OTHER: &str = "99999999-2222-4333-8444-555555555555";

/// Requests of Graph that the tenant has had: method, path, status.
fn log(bench: &Bench) -> Vec<(String, String, u64)> {
    let log = web::ask(&bench.base(), "GET", "/_sim/log", None);
    let rows = log["requests"].as_array().unwrap().iter();
    rows.map(|row| {
        let text = |name: &str| row[name].as_str().unwrap().to_owned();
        (
            text("method"),
            text("path"),
            row["status"].as_u64().unwrap(),
        )
    })
    .filter(|(_, path, _)| path.starts_with("/v1.0/"))
    .collect()
}

/// How many requests that write were carried out.
fn written(log: &[(String, String, u64)]) -> usize {
    log.iter()
        .filter(|(method, _, status)| method != "GET" && *status < 300)
        .count()
}

fn is_stopped(ran: &Ran) -> bool {
    matches!(&ran.outcome, Outcome::Failed(failure) if failure.headline == TENANT_MISMATCH)
}

/// What is run.
#[derive(Debug, Clone, Copy, PartialEq)]
enum What {
    Full,
    Changes,
    Apply,
}

/// Two changes are queued, and the run is the next thing.
async fn ready(what: What) -> (Bench, RunKind) {
    let mut bench = Bench::of_person("tour").await;
    bench.sync().await;
    let diego = bench.add("diego@contoso.example").await;
    let lee = bench.add("lee@contoso.example").await;
    bench.want_number(&diego, Some("+14255550150")).await;
    bench.want_country(&lee, "GB").await;
    let kind = match what {
        What::Full | What::Changes => RunKind::Sync,
        What::Apply => bench.planned().await,
    };
    if what == What::Full {
        web::knobs(&bench.base(), &json!({ "delta_refusal": "gone" }));
    }
    web::ask(
        &bench.base(),
        "PATCH",
        "/_sim/users/joni@contoso.example",
        Some(&json!({ "displayName": "Somebody Else" })),
    );
    web::ask(&bench.base(), "DELETE", "/_sim/log", None);
    (bench, kind)
}

async fn joni(bench: &Bench) -> String {
    let rows = bench.store().cache.find("joni@contoso.example", 1).await;
    rows.unwrap()[0].name.clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_of_another_tenant_at_any_call_stops_the_run() {
    for what in [What::Full, What::Changes, What::Apply] {
        let (mut calm, kind) = ready(what).await;
        let ran = calm.run(kind).await;
        assert_eq!(ran.outcome, Outcome::Done, "{what:?}: {}", ran.text());
        let calls = log(&calm);
        let all = written(&calls);
        assert_eq!(all, if what == What::Apply { 3 } else { 0 });
        // The third time that all ids agree, what was read becomes the picture; the last time is that of the plan, or of the rows.
        let compared: Vec<usize> = (0..calls.len())
            .filter(|&n| calls[n].1.contains("/organization"))
            .collect();
        let (pictured, agreed) = (compared[2], *compared.last().unwrap());
        for call in 0..calls.len() {
            let (mut bench, kind) = ready(what).await;
            // The token is refused at this call, and the new one is another tenant's.
            let fault =
                json!({ "path_contains": "/v1.0/", "skip": call, "times": 1, "status": 401 });
            web::knobs(
                &bench.base(),
                &json!({ "token_tenant": OTHER, "fail_next": [fault] }),
            );
            let ran = bench.run(kind).await;
            let place = format!("{what:?}, call {call} {:?}: {}", calls[call], ran.text());
            // After the last comparison there is nothing left to be stopped.
            assert!(is_stopped(&ran) || call > agreed, "{place}");
            let had = log(&bench);
            let until = had.iter().position(|(_, _, status)| *status == 401);
            assert_eq!(until, Some(call), "{place}");
            assert_eq!(written(&had[call..]), 0, "{place}");
            if what != What::Apply && call <= pictured {
                assert_eq!(joni(&bench).await, "Joni Sherman", "{place}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_organisation_at_any_call_stops_the_run_for_once_and_for_good() {
    for what in [What::Full, What::Changes, What::Apply] {
        let (mut calm, kind) = ready(what).await;
        calm.run(kind).await;
        let calls = log(&calm);
        let asked = calls
            .iter()
            .filter(|(_, path, _)| path.contains("/organization"))
            .count();
        assert!(asked >= 2, "{what:?}: {asked}");
        for (call, times) in (0..asked).flat_map(|call| [(call, 1), (call, 99)]) {
            let (mut bench, kind) = ready(what).await;
            let body: Value = json!({ "value": [{ "id": OTHER, "displayName": "Contoso Ltd", "verifiedDomains": [] }] });
            let fault = json!({ "path_contains": "/organization", "method": "GET", "skip": call, "times": times, "status": 200, "body": body });
            web::knobs(&bench.base(), &json!({ "fail_next": [fault] }));
            let ran = bench.run(kind).await;
            let place = format!("{what:?}, call {call}, {times} times: {}", ran.text());
            assert!(is_stopped(&ran), "{place}");
            // One stands at the beginning, one in the plan, one before each request that writes, one after each reading back,
            // and one before the rows are kept.
            let writes = match what {
                What::Apply => [0, 0, 0, 1, 2, 2, 3, 3][call],
                What::Full | What::Changes => 0,
            };
            assert_eq!(written(&log(&bench)), writes, "{place}");
            // The fourth call of a reading is that of the plan, after the picture.
            if what != What::Apply && call < 3 {
                assert_eq!(joni(&bench).await, "Joni Sherman", "{place}");
            }
        }
    }
}

/// Changes the ledger behind the program's back.
fn behind(bench: &Bench, sql: &str) {
    let db = rusqlite::Connection::open(bench.ledger()).unwrap();
    assert!(db.execute(sql, ()).unwrap() > 0, "{sql}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pin_or_a_row_of_another_tenant_writes_nothing() {
    let blob = OTHER.replace('-', "");
    let (mut bench, kind) = ready(What::Apply).await;
    behind(&bench, &format!("UPDATE outbox SET tenant = x'{blob}'"));
    let ran = bench.run(kind).await;
    assert_eq!(written(&log(&bench)), 0, "{}", ran.text());
    for what in [What::Full, What::Changes, What::Apply] {
        let (mut bench, kind) = ready(what).await;
        let db = rusqlite::Connection::open(bench.ledger()).unwrap();
        let pin: String = db
            .query_row(
                "SELECT k || '=' || v FROM settings WHERE v LIKE '%' || ?1 || '%'",
                [bench.simulator.tenant_id()],
                |row| row.get(0),
            )
            .unwrap();
        let key = pin.split('=').next().unwrap();
        behind(
            &bench,
            &format!(
                "UPDATE settings SET v = replace(v, '{}', '{OTHER}') WHERE k = '{key}'",
                bench.simulator.tenant_id()
            ),
        );
        let ran = bench.run(kind).await;
        assert!(is_stopped(&ran), "{what:?}: {}", ran.text());
        assert_eq!(written(&log(&bench)), 0, "{what:?}: {}", ran.text());
        assert_eq!(joni(&bench).await, "Joni Sherman", "{what:?}");
    }
}
