//! Bodies that are no answer: what is no text, no JSON, too deep, said twice or cut short is a failed reading. The last picture
//! stays, nothing is taken for an empty tenant, and the next run has everything.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use teamsconnector::domain::outbox::{Entry, EntryState};
use teamsconnector::domain::run::Outcome;

use crate::support::bench::{Bench, number};
use crate::support::web;

/// What a body can be that is none.
fn bodies() -> Vec<(&'static str, Vec<u8>)> {
    let id = "00000000-0000-4000-8000-00000000000a";
    vec![
        ("no text", b"{\"value\":[{\"id\":\"\xff\xfe\"}]}".to_vec()),
        (
            "cut in a letter",
            b"{\"value\":[{\"displayName\":\"\xe2\x82".to_vec(),
        ),
        ("too deep", b"[".repeat(100_000)),
        (
            "a list too deep",
            [&b"{\"value\":"[..], &b"[".repeat(100_000)].concat(),
        ),
        (
            "cut short",
            format!("{{\"value\":[{{\"id\":\"{id}\"}},").into_bytes(),
        ),
        (
            "twice the list",
            format!("{{\"value\":[],\"value\":[{{\"id\":\"{id}\"}}]}}").into_bytes(),
        ),
        ("more behind it", b"{\"value\":[]} {\"value\":[]}".to_vec()),
        ("no list", b"{\"value\":{}}".to_vec()),
        ("null", b"null".to_vec()),
        ("nothing", Vec::new()),
        ("zeros", vec![0; 4096]),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_none_leaves_the_last_picture() {
    let mut bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    let before = bench.store().cache.all_rows().await.unwrap();
    for path in ["/v1.0/users?", "numberAssignments", "userConfigurations"] {
        for (what, body) in bodies() {
            let fault = json!({ "path_contains": path, "method": "GET", "times": 9, "status": 200, "raw": STANDARD.encode(&body) });
            web::knobs(
                &bench.base(),
                &json!({ "delta_refusal": "gone", "fail_next": [fault] }),
            );
            let ran = bench.sync().await;
            let about = format!("{path}, {what}: {}", ran.text());
            let Outcome::Failed(failure) = &ran.outcome else {
                panic!("{about}");
            };
            // Nothing was to be changed, so nothing can have been accepted.
            assert!(!failure.hint.contains("accepted"), "{about}: {failure:?}");
            let rows = bench.store().cache.all_rows().await.unwrap();
            assert_eq!(rows, before, "{about}");
            let now = bench.user(&amy.mail).await;
            assert_eq!(now.number, amy.number, "{about}");
        }
    }
    web::knobs(
        &bench.base(),
        &json!({ "delta_refusal": null, "fail_next": [] }),
    );
    let ran = bench.sync().await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
}

/// A write was accepted, and what came back cannot be read: nobody knows, and it is read before anything is sent again. Of a number's
/// answer the address of its operation is wanted, of a country's nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_whose_answer_is_garbled_is_settled_by_reading() {
    for (what, body) in bodies() {
        let mut bench = Bench::synced("tour").await;
        let joni = bench.add("joni@contoso.example").await;
        bench.want_country(&joni, "US").await;
        bench.want_number(&joni, Some("+441235123480")).await;
        let kind = bench.planned().await;
        let writes = [("PATCH", "/v1.0/users/"), ("POST", "/assignNumber")];
        let faults = writes.map(|(method, path)| {
            json!({ "path_contains": path, "method": method, "times": 1, "status": 200, "raw": STANDARD.encode(&body), "after": true })
        });
        web::knobs(&bench.base(), &json!({ "fail_next": faults }));
        let ran = bench.run(kind).await;
        let about = format!("{what}: {}", ran.text());
        assert_eq!(ran.summary.written, 2, "{about}");
        bench.sync().await;
        for (method, path) in writes {
            assert_eq!(web::count(&bench.base(), method, path), 1, "{path} {about}");
        }
        let states: Vec<EntryState> = bench
            .desk()
            .await
            .entries
            .into_iter()
            .map(|e| e.state)
            .collect();
        assert_eq!(states, [], "{about}");
        let now = bench.user(&joni.mail).await;
        assert_eq!(
            now.country.map(|c| c.to_string()).as_deref(),
            Some("US"),
            "{about}"
        );
        assert_eq!(now.number, Some(number("+441235123480")), "{about}");
    }
}

/// Something on the way says that all is well, in words of its own, and the tenant never heard of the write.
#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_only_something_on_the_way_has_answered_is_not_taken_for_done() {
    for (what, body) in bodies() {
        let mut bench = Bench::synced("seats-short").await;
        let amy = bench.add("amy.apple@contoso.example").await;
        bench.want_country(&amy, "US").await;
        let fault = json!({ "path_contains": "/v1.0/users/", "method": "PATCH", "times": 1, "status": 200, "raw": STANDARD.encode(&body) });
        let kind = bench.planned().await;
        web::knobs(&bench.base(), &json!({ "fail_next": [fault] }));
        let ran = bench.run(kind).await;
        assert_eq!(ran.summary.written, 0, "{what}: {}", ran.text());
        // It may be slow to show, and is asked for again when its time is over.
        let left = bench.desk().await.entries.pop();
        let waits = |entry: &Entry| matches!(entry.state, EntryState::Applied { .. });
        assert!(left.as_ref().is_some_and(waits), "{what}: {left:?}");
        let there = web::person(&bench.base(), &amy.mail);
        assert_eq!(there["usageLocation"], "GB", "{what}");
    }
}
