//! Faults: a reply that is lost, a page that fails, a token that expires. Nothing is written twice, and the last picture stays.

use serde_json::json;
use teamsconnector::domain::outbox::{Closing, EntryState};
use teamsconnector::domain::run::{Counted, Level, LogLine, Outcome, RunEvent, RunKind};
use teamsconnector::ops::change;
use teamsconnector::sync::{ReadAgain, TENANT_MISMATCH, read_again};

use crate::support::bench::{Bench, noon};
use crate::support::web;

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_reply_is_settled_by_reading_and_never_sent_again() {
    for (after, sent) in [(true, 1), (false, 1)] {
        let mut bench = Bench::synced("tour").await;
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
        // What took effect is never sent again; what did not, once more.
        assert_eq!(
            web::count(&bench.base(), "POST", "/assignNumber"),
            if after { 1 } else { 2 }
        );
        let id = web::person(&bench.base(), "joni@contoso.example")["id"].clone();
        assert_eq!(
            web::number(&bench.base(), "+441235123480").unwrap()["assignmentTargetId"],
            id
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_dies_leaves_the_last_good_picture() {
    let mut bench = Bench::synced("calling-plans").await;
    let before = bench.store().cache.all_rows().await.unwrap();
    // Whoever is on the first page has another name by now: half a picture would show it.
    for row in before.iter().take(200).step_by(20) {
        let body = json!({ "displayName": "Somebody Else" });
        let path = format!("/_sim/users/{}", row.upn);
        web::ask(&bench.base(), "PATCH", &path, Some(&body));
    }
    web::knobs(
        &bench.base(),
        &json!({ "delta_refusal": "gone", "page_size": 100, "fail_next": [
        { "path_contains": "skiptoken", "times": 50, "status": 500 } ] }),
    );
    let ran = bench.sync().await;
    assert!(matches!(ran.outcome, Outcome::Failed(_)), "{}", ran.text());
    assert_eq!(bench.store().cache.all_rows().await.unwrap(), before);
    web::knobs(&bench.base(), &json!({ "fail_next": [] }));
    bench.sync().await;
    let after = bench.store().cache.all_rows().await.unwrap();
    let renamed = after.iter().filter(|row| row.name == "Somebody Else");
    assert_eq!(renamed.count(), 10, "the next run has them all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_loses_its_place_is_read_again_and_is_no_gap() {
    let lost = |path: &str, times: u32| {
        json!({ "page_size": 5, "next_link_numbers": true, "fail_next": [
            { "path_contains": path, "skip": 1, "times": times, "status": 400,
              "code": "Directory_ExpiredPageToken" } ] })
    };
    let mut bench = Bench::synced("tour").await;
    let before = bench.store().cache.reference().await.unwrap().unwrap();
    for path in ["userConfigurations", "numberAssignments"] {
        web::knobs(&bench.base(), &lost(path, 1));
        let ran = bench.sync().await;
        assert_eq!(ran.outcome, Outcome::Done, "{path}: {}", ran.text());
        assert!(!ran.says("not read"), "{path}: {}", ran.text());
        let after = bench.store().cache.reference().await.unwrap().unwrap();
        assert_eq!(after, before, "{path}");
        // However often it is begun: then there is no result, and what was read before stays.
        web::knobs(&bench.base(), &lost(path, 50));
        let ran = bench.sync().await;
        let Outcome::Failed(failure) = &ran.outcome else {
            panic!("{path}: {}", ran.text());
        };
        assert!(
            failure
                .headline
                .ends_with("lost the place in the list three times"),
            "{failure:?}"
        );
        let after = bench.store().cache.reference().await.unwrap().unwrap();
        assert_eq!(after, before, "{path}");
        web::knobs(&bench.base(), &json!({ "fail_next": [] }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_waited_for() {
    let mut bench = Bench::new("seats-short").await;
    web::knobs(
        &bench.base(),
        &json!({ "fail_next": [{ "path_contains": "/users", "times": 2, "status": 429, "retry_after": 1 }] }),
    );
    let mut waits = Vec::new();
    let ran = bench
        .run_watching(RunKind::Sync, |event, _| {
            if let RunEvent::Waiting { until, why } = event {
                waits.push((*until > noon(), why.clone()));
            }
        })
        .await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert!(ran.says("total=8"));
    // Said while it waits, and kept as ordinary lines: with the request, without its query.
    let told: Vec<_> = ran
        .lines
        .iter()
        .filter(|line| line.level == Level::Info && line.text.starts_with("Graph asks to wait "))
        .map(|line| line.text.split_once(" s (").unwrap().1)
        .collect();
    assert_eq!(
        told,
        [
            "1 of 3): GET /v1.0/users/delta",
            "2 of 3): GET /v1.0/users/delta"
        ],
        "{}",
        ran.text()
    );
    assert!(
        waits.len() >= 2 && waits.iter().all(|wait| wait.0),
        "{waits:?}"
    );
    // What Graph asks for and what is waited are two things, and both are told.
    let asked = "Graph asks to wait 1 s, waiting 2 s (1 of 3)";
    assert_eq!(waits[0].1, asked, "{waits:?}");
    let run = bench.store().history.list(1).await.unwrap()[0].id;
    // What several requests say at once may be kept in another order than it was shown in.
    let in_order = |mut lines: Vec<LogLine>| {
        lines.sort_by(|a, b| a.text.cmp(&b.text));
        lines
    };
    let kept = bench.store().history.log(run).await.unwrap();
    assert_eq!(in_order(kept), in_order(ran.lines));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delta_link_that_is_refused_by_a_code_of_no_list_is_left_for_a_whole_read() {
    for (status, code) in [
        (400, "Request_BadRequest"),
        (404, "Request_ResourceNotFound"),
    ] {
        let mut bench = Bench::synced("tour").await;
        let read = |bench: &Bench| web::count(&bench.base(), "GET", "/v1.0/users?");
        let before = read(&bench);
        let fault = json!({ "fail_next": [{ "path_contains": "deltatoken", "times": 1, "status": status }] });
        web::knobs(&bench.base(), &fault);
        let ran = bench.sync().await;
        assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
        let line = format!("The tenant refuses the last delta link ({status} {code}");
        assert!(ran.says(&line), "{line}: {}", ran.text());
        assert!(read(&bench) > before, "{}", ran.text());
        // The link of that read is a good one.
        let ran = bench.sync().await;
        assert!(
            ran.says("0 changed, 0 removed since the last run"),
            "{}",
            ran.text()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_listing_is_no_result() {
    let mut bench = Bench::synced("calling-plans").await;
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

/// Numbers that the tenant gives this user.
fn numbers(base: &str, upn: &str) -> Vec<String> {
    let id = web::person(base, upn)["id"].clone();
    let state = web::ask(base, "GET", "/_sim/state", None);
    let held = state["numbers"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|record| record["assignmentTargetId"] == id);
    held.map(|record| record["telephoneNumber"].as_str().unwrap().to_owned())
        .collect()
}

async fn two_changes() -> Bench {
    let bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    let bob = bench.add("bob.birch@contoso.example").await;
    bench.want_number(&amy, Some("+441235123511")).await;
    bench.want_number(&bob, Some("+441235123512")).await;
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_fails_for_one_leaves_the_other_whole_and_is_mended_by_the_next_run() {
    let mut bench = two_changes().await;
    let kind = bench.planned().await;
    let base = bench.base();
    let fault = json!({ "fail_next": [{ "path_contains": "441235123511", "method": "GET", "times": 50, "status": 503 }] });
    let ran = bench
        .run_hearing(kind, |line, _| {
            if line.text.contains("Amy Apple: +44 1235 123501 released") {
                web::knobs(&base, &fault);
            }
        })
        .await;
    assert!(matches!(ran.outcome, Outcome::Failed(_)), "{}", ran.text());
    assert_eq!(
        numbers(&base, "bob.birch@contoso.example"),
        ["+441235123512"],
        "{}",
        ran.text()
    );
    assert!(
        ran.says("+44 1235 123501 IS RELEASED and rings nowhere: applying the plan again goes on, unless it was refused; else undo it (`outbox drop ID` in a shell), then apply the plan that gives it back"),
        "{}",
        ran.text()
    );
    web::knobs(&base, &json!({ "fail_next": [] }));
    let ran = bench.apply().await;
    assert_eq!(
        numbers(&base, "amy.apple@contoso.example"),
        ["+441235123511"],
        "{}",
        ran.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_released_for_a_number_that_somebody_has_taken_meanwhile() {
    let mut bench = two_changes().await;
    let kind = bench.planned().await;
    let base = bench.base();
    let ran = bench
        .run_hearing(kind, |line, _| {
            if line.text.starts_with("Writing") {
                web::put_number(&base, "+441235123511", Some("hazel.holly@contoso.example"));
            }
        })
        .await;
    assert!(
        ran.says("+44 1235 123511 is held by Hazel Holly; nothing was released"),
        "{}",
        ran.text()
    );
    assert_eq!(
        numbers(&base, "amy.apple@contoso.example"),
        ["+441235123501"],
        "{}",
        ran.text()
    );
    assert_eq!(
        numbers(&base, "bob.birch@contoso.example"),
        ["+441235123512"],
        "{}",
        ran.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_after_a_release_still_gives_the_new_number() {
    let mut bench = two_changes().await;
    let kind = bench.planned().await;
    let ran = bench
        .run_hearing(kind, |line, cancel| {
            if line.text.contains("Amy Apple: +44 1235 123501 released") {
                cancel.cancel();
            }
        })
        .await;
    assert_eq!(ran.outcome, Outcome::Cancelled, "{}", ran.text());
    assert_eq!(
        numbers(&bench.base(), "amy.apple@contoso.example"),
        ["+441235123511"],
        "{}",
        ran.text()
    );
    assert_eq!(
        numbers(&bench.base(), "bob.birch@contoso.example"),
        ["+441235123502"],
        "nothing was begun: {}",
        ran.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn undoing_one_change_in_mid_run_stops_no_other() {
    let mut bench = two_changes().await;
    let kind = bench.planned().await;
    let bobs = bench.desk().await.entries.pop().unwrap().id;
    let (ledger, stamp) = (bench.store().ledger.clone(), bench.stamp());
    let ran = bench
        .run_hearing(kind, |line, _| {
            if line.text.contains("Amy Apple: +44 1235 123501 released") {
                // Its thread takes it before anything that the run asks for later.
                drop(ledger.close(bobs, Closing::Dropped, stamp.clone()));
            }
        })
        .await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert_eq!(
        numbers(&bench.base(), "amy.apple@contoso.example"),
        ["+441235123511"],
        "{}",
        ran.text()
    );
    assert_eq!(
        numbers(&bench.base(), "bob.birch@contoso.example"),
        ["+441235123502"],
        "{}",
        ran.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_assignment_stays_queued_and_its_undo_gives_the_old_number_back() {
    let mut bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    bench.want_number(&amy, Some("+441235123511")).await;
    let throttle = json!({ "fail_next": [{ "path_contains": "assignNumber", "method": "POST", "times": 9, "status": 403,
        "code": "forbidden", "message": "Insufficient permission(s) for the request. API requires any of the following permission(s): TeamsTelephoneNumber.ReadWrite.All." }] });
    let kind = bench.planned().await;
    let base = bench.base();
    let ran = bench
        .run_hearing(kind, |line, _| {
            if line.text.ends_with(" released") {
                web::knobs(&base, &throttle);
            }
        })
        .await;
    let Outcome::Failed(failure) = &ran.outcome else {
        panic!("{}", ran.text())
    };
    assert!(
        failure
            .lines()
            .any(|line| line.contains("TeamsTelephoneNumber.ReadWrite.All")),
        "{failure:?}"
    );
    let begins = "The number +44 1235 123501 of Amy Apple was released and not given again, \
                  and nothing rings there: applying the plan again goes on with what was not refused; else undo it ";
    assert!(failure.hint.starts_with(begins), "{}", failure.hint);
    assert!(!failure.hint.contains("Nothing was"), "{}", failure.hint);
    let entry = bench.desk().await.entries.pop().unwrap();
    assert_eq!(
        entry.state,
        EntryState::Queued,
        "it was not refused: it can be sent again"
    );
    let owed = "+44 1235 123501 IS RELEASED and rings nowhere";
    assert_eq!(entry.owed_words().as_deref(), Some(owed));
    assert_eq!(entry.had().compact(), "+441235123501");
    let plan = bench.plan().await;
    assert!(plan.items[0].note.starts_with(owed), "{:?}", plan.items[0]);
    let told = change::undo(bench.store(), entry.id, bench.stamp())
        .await
        .unwrap();
    assert!(
        told.contains("giving +44 1235 123501 back is queued"),
        "{told}"
    );
    web::knobs(&bench.base(), &json!({ "fail_next": [] }));
    let ran = bench.apply().await;
    assert_eq!(
        numbers(&bench.base(), "amy.apple@contoso.example"),
        ["+441235123501"],
        "{}",
        ran.text()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_live_read_does_not_bend_the_counters() {
    let mut bench = Bench::synced("seats-short").await;
    let amy = "/_sim/users/amy.apple@contoso.example";
    let with = |skus: &[&str]| Some(json!({ "assignedLicenses": skus }));
    web::ask(
        &bench.base(),
        "PATCH",
        amy,
        with(&["SPE_E5", "MCOPSTN1"]).as_ref(),
    );
    let who = ReadAgain::Text("amy.apple@contoso.example".into());
    read_again(&bench.world.client, bench.store(), &who, noon())
        .await
        .unwrap();
    assert_eq!(
        bench.sync().await.summary.counters.excluded_by_calling_plan,
        1
    );
    web::ask(&bench.base(), "PATCH", amy, with(&["SPE_E5"]).as_ref());
    assert_eq!(
        bench.sync().await.summary.counters.excluded_by_calling_plan,
        0
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_patch_that_nobody_answered_is_unknown_and_not_written() {
    let mut bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    bench.want_country(&amy, "US").await;
    let kind = bench.planned().await;
    web::knobs(
        &bench.base(),
        &json!({ "fail_next": [{ "path_contains": "/v1.0/users/", "method": "PATCH", "times": 1, "status": 503 }] }),
    );
    let ran = bench.run(kind).await;
    assert_eq!(ran.outcome, Outcome::Partly, "{}", ran.text());
    // Somebody else may have written there since: it is not sent again before it has been looked at.
    assert_eq!(web::count(&bench.base(), "PATCH", "/v1.0/users/"), 1);
    assert!(matches!(
        bench.desk().await.entries[0].state,
        EntryState::Unknown { .. }
    ));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_is_closed_in_the_history_before_it_is_over() {
    let mut bench = Bench::synced("seats-short").await;
    bench.sync().await;
    let runs = bench.store().history.list(10).await.unwrap();
    assert_eq!(
        runs.iter()
            .map(|run| run.outcome.as_str())
            .collect::<Vec<_>>(),
        ["done", "done"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_inventory_takes_nobodys_number_away() {
    let mut bench = Bench::synced("seats-short").await;
    bench.add("amy.apple@contoso.example").await;
    web::knobs(
        &bench.base(),
        &json!({ "fail_next": [{ "path_contains": "numberAssignments", "times": 1, "status": 200, "body": { "value": [] } }] }),
    );
    let ran = bench.sync().await;
    assert!(matches!(ran.outcome, Outcome::Failed(_)), "{}", ran.text());
    assert!(
        bench
            .user("amy.apple@contoso.example")
            .await
            .number
            .is_some()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_one_tenant_is_never_applied_to_another() {
    let mut bench = two_changes().await;
    let kind = bench.planned().await;
    let base = bench.base();
    web::knobs(
        &base,
        &json!({ "organization_id": "99999999-2222-4333-8444-555555555555" }),
    );
    let ran = bench.run(kind).await;
    let Outcome::Failed(failure) = &ran.outcome else {
        panic!("{}", ran.text())
    };
    assert_eq!(failure.headline, TENANT_MISMATCH);
    assert_eq!(
        web::count(&base, "POST", "ssignNumber"),
        0,
        "{}",
        ran.text()
    );
    assert_eq!(
        bench.desk().await.entries.len(),
        2,
        "the changes stay queued"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_held_between_release_and_assignment_says_what_state_is_left() {
    let mut bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    bench.want_number(&amy, Some("+441235123511")).await;
    let kind = bench.planned().await;
    let other = bench.world.store.clone();
    let stamp = bench.stamp();
    let entry = bench.desk().await.entries[0].id;
    let ran = bench
        .run_watching(kind, |event, _| {
            // All releases are done, and the assignments begin.
            if matches!(event, RunEvent::Progress(seen) if seen.what == Counted::Changes) {
                let held = Some("held back by pat".to_owned());
                // The ledger does its jobs in order: nobody has to wait for the answer.
                drop(other.ledger.hold(vec![entry], held, stamp.clone()));
            }
        })
        .await;
    assert_eq!(ran.outcome, Outcome::Partly, "{}", ran.text());
    assert_eq!((ran.summary.written, ran.summary.released), (0, 1));
    let owed = "+44 1235 123501 IS RELEASED and rings nowhere: applying the plan again goes on, unless it was refused; else undo it (`outbox drop ID` in a shell), then apply the plan that gives it back";
    let says = format!("+44 1235 123511 was not assigned: held back by pat; {owed}");
    assert!(ran.says(&says), "{}", ran.text());
    let end = "partly, 1 number released and not given again, 1 left in the outbox";
    assert!(ran.says(end), "{}", ran.text());
    let kept = bench.store().history.list(1).await.unwrap();
    assert_eq!(kept[0].summary.released, 1);
}
