//! A sign-in that ends in the middle of a run: the run keeps its place, asks once, and goes on where it was; nothing is read or
//! written twice, and another tenant's sign-in ends it.

use serde_json::{Value, json};
use teamsconnector::domain::failure::FailureKind;
use teamsconnector::domain::planning::Allowed;
use teamsconnector::domain::run::{Outcome, RunEvent, RunKind};
use teamsconnector::graph::Client;
use teamsconnector::sync::{Person, TENANT_MISMATCH};
use tokio::task::JoinSet;

use crate::support::bench::{Bench, Ran};
use crate::support::sign_in::by_code;
use crate::support::web;

const REVOKED: &str = "Signing in failed: the sign-in was revoked";

/// Rows of the picture, as they are told apart.
async fn picture(bench: &Bench) -> Vec<String> {
    let rows = bench.store().cache.all_rows().await.unwrap();
    rows.iter().map(|row| format!("{row:?}")).collect()
}

fn revoked() -> Value {
    json!({
        "path_contains": "oauth2/v2.0/token", "times": 1, "status": 400,
        "body": {
            "error": "invalid_grant",
            "error_description": "AADSTS50173: The provided grant has expired due to it being revoked.\r\nTrace ID: t-1\r\nCorrelation ID: c-1\r\nTimestamp: 2026-11-20 12:00:00Z",
            "error_codes": [50173],
        },
    })
}

/// The call of this kind after so many of them is refused, and so is the refresh that follows.
fn ends_at(bench: &Bench, path: &str, method: &str, skip: usize) {
    let expired =
        json!({ "path_contains": path, "method": method, "skip": skip, "times": 1, "status": 401 });
    web::knobs(
        &bench.base(),
        &json!({ "page_size": 100, "fail_next": [expired, revoked()] }),
    );
}

/// Runs, and signs in whenever the run waits for it; why it has asked, each time.
async fn attended(bench: &mut Bench, kind: RunKind) -> (Ran, Vec<String>) {
    let client = bench.world.client.clone();
    let (mut reasons, mut people) = (Vec::new(), JoinSet::new());
    let ran = bench
        .run_watching(kind, |event, _| {
            if let RunEvent::SignInNeeded { why } = event {
                assert_eq!(why.kind, FailureKind::SignIn);
                reasons.push(why.headline.clone());
                let client: Client = client.clone();
                people.spawn(async move { by_code(&client).await });
            }
        })
        .await;
    people.join_all().await;
    (ran, reasons)
}

fn pages(bench: &Bench) -> usize {
    web::count(&bench.base(), "GET", "/v1.0/users?")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_its_page_until_somebody_has_signed_in() {
    let mut calm = Bench::of_person("calling-plans").await;
    web::knobs(&calm.base(), &json!({ "page_size": 100 }));
    let (ran, asked) = attended(&mut calm, RunKind::Sync).await;
    assert_eq!((ran.outcome, asked), (Outcome::Done, vec![]));
    let wanted = picture(&calm).await;
    let all = pages(&calm);
    assert!(all >= 3, "{all} pages are too few to stop at");
    for page in 0..all {
        let mut bench = Bench::of_person("calling-plans").await;
        ends_at(&bench, "/v1.0/users?", "GET", page);
        let (ran, asked) = attended(&mut bench, RunKind::Sync).await;
        assert_eq!(ran.outcome, Outcome::Done, "page {page}: {}", ran.text());
        assert_eq!(asked, [REVOKED], "page {page}");
        // One more than in calm: the page that was refused is asked for again, and no other.
        assert_eq!(pages(&bench), all + 1, "page {page}");
        assert_eq!(picture(&bench).await, wanted, "page {page}");
        assert!(
            ran.says("has signed in after 0 s: going on where it stopped"),
            "{}",
            ran.text()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn any_call_of_a_run_can_be_the_one_that_waits() {
    let mut calm = Bench::of_person("tour").await;
    let before = web::count(&calm.base(), "GET", "/v1.0/");
    attended(&mut calm, RunKind::Sync).await;
    let calls = web::count(&calm.base(), "GET", "/v1.0/") - before;
    let wanted = picture(&calm).await;
    assert!(calls >= 6, "{calls}");
    for call in 0..calls {
        let mut bench = Bench::of_person("tour").await;
        ends_at(&bench, "/v1.0/", "GET", call);
        let (ran, asked) = attended(&mut bench, RunKind::Sync).await;
        assert_eq!(ran.outcome, Outcome::Done, "call {call}: {}", ran.text());
        assert_eq!(asked, [REVOKED], "call {call}");
        assert_eq!(picture(&bench).await, wanted, "call {call}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_that_are_read_side_by_side_ask_once_between_them() {
    let mut calm = Bench::of_person("tour").await;
    attended(&mut calm, RunKind::Sync).await;
    let wanted = picture(&calm).await;
    let refused = |path: &str| json!({ "path_contains": path, "times": 1, "status": 401 });
    let lists = ["userConfigurations", "numberAssignments", "subscribedSkus"];
    let mut bench = Bench::of_person("tour").await;
    let mut faults: Vec<Value> = lists.into_iter().map(refused).collect();
    faults.push(revoked());
    web::knobs(&bench.base(), &json!({ "fail_next": faults }));
    let (ran, asked) = attended(&mut bench, RunKind::Sync).await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert_eq!(asked, [REVOKED]);
    for path in lists {
        assert_eq!(web::count(&bench.base(), "GET", path), 2, "{path}");
    }
    assert_eq!(picture(&bench).await, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_merely_over_is_renewed_once_and_nobody_is_asked() {
    let mut bench = Bench::of_person("calling-plans").await;
    web::knobs(
        &bench.base(),
        &json!({ "page_size": 100, "fail_next": [
            { "path_contains": "/v1.0/users?", "skip": 1, "times": 1, "status": 401 }] }),
    );
    let before = web::count(&bench.base(), "POST", "oauth2/v2.0/token");
    let (ran, asked) = attended(&mut bench, RunKind::Sync).await;
    assert_eq!((ran.outcome, asked), (Outcome::Done, vec![]));
    assert_eq!(
        web::count(&bench.base(), "POST", "oauth2/v2.0/token") - before,
        1
    );
}

async fn with_a_change(upn: &str, wanted: &str) -> Bench {
    let mut bench = Bench::of_person("tour").await;
    bench.sync().await;
    let user = bench.add(upn).await;
    bench.want_number(&user, Some(wanted)).await;
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_was_not_taken_is_sent_after_the_sign_in_and_a_new_comparison() {
    for path in ["unassignNumber", "/assignNumber"] {
        let mut bench = with_a_change("diego@contoso.example", "+14255550150").await;
        let kind = bench.planned().await;
        ends_at(&bench, path, "POST", 0);
        let guarded = web::count(&bench.base(), "GET", "/v1.0/organization");
        let (ran, asked) = attended(&mut bench, kind).await;
        assert_eq!(ran.outcome, Outcome::Done, "{path}: {}", ran.text());
        assert_eq!(asked.len(), 1, "{path}: {asked:?}");
        // Refused before it was looked at, then carried out: once.
        assert_eq!(web::count(&bench.base(), "POST", path), 2, "{path}");
        let held = web::number(&bench.base(), "+14255550150").unwrap();
        let id = web::person(&bench.base(), "diego@contoso.example")["id"].clone();
        assert_eq!(held["assignmentTargetId"], id, "{path}");
        assert!(bench.desk().await.entries.is_empty());
        // At the start, in the plan, before each of two writes, once more before the one that is repeated, after the reading back,
        // and before the rows are kept.
        let guarded = web::count(&bench.base(), "GET", "/v1.0/organization") - guarded;
        assert_eq!(guarded, 7, "{path}: {}", ran.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_ends_the_run_as_before() {
    let mut bench = Bench::of_person("calling-plans").await;
    bench.settings.person = Person::Absent;
    ends_at(&bench, "/v1.0/users?", "GET", 1);
    let (ran, asked) = attended(&mut bench, RunKind::Sync).await;
    assert!(matches!(ran.outcome, Outcome::Failed(_)), "{}", ran.text());
    assert_eq!(asked, Vec::<String>::new());
    assert!(bench.store().cache.head().await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancel_ends_the_wait_and_leaves_what_was_before() {
    let mut bench = with_a_change("diego@contoso.example", "+14255550150").await;
    let before = picture(&bench).await;
    for apply in [false, true] {
        let kind = if apply {
            bench.planned().await
        } else {
            web::knobs(&bench.base(), &json!({ "delta_refusal": "gone" }));
            RunKind::Sync
        };
        ends_at(&bench, "/v1.0/users?", "GET", 0);
        let mut asked = 0;
        let ran = bench
            .run_watching(kind, |event, cancel| {
                if matches!(event, RunEvent::SignInNeeded { .. }) {
                    asked += 1;
                    cancel.cancel();
                }
            })
            .await;
        assert_eq!(asked, 1, "{}", ran.text());
        assert!(
            matches!(ran.outcome, Outcome::Cancelled | Outcome::Failed(_)),
            "{}",
            ran.text()
        );
        assert_eq!(picture(&bench).await, before);
        assert_eq!(web::count(&bench.base(), "POST", "ssignNumber"), 0);
        by_code(&bench.world.client).await;
        // The lease is free again.
        web::knobs(
            &bench.base(),
            &json!({ "fail_next": [], "delta_refusal": null }),
        );
        assert_eq!(bench.sync().await.outcome, Outcome::Done);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_signs_in_to_another_tenant_meanwhile_ends_the_run() {
    // By its id the tenant is known to every sign-in; by its domain only to the run, which began with it.
    for by_domain in [false, true] {
        let mut bench = Bench::new("calling-plans").await;
        let id = bench.simulator.tenant_id().to_owned();
        let tenant = if by_domain { "contoso.example" } else { &id };
        bench = bench.with_person(tenant).await;
        ends_at(&bench, "/v1.0/users?", "GET", 1);
        let (base, client) = (bench.base(), bench.world.client.clone());
        let mut people = JoinSet::new();
        let ran = bench
            .run_watching(RunKind::Sync, |event, _| {
                if matches!(event, RunEvent::SignInNeeded { .. }) {
                    let (client, base) = (client.clone(), base.clone());
                    people.spawn(async move {
                        let other = "99999999-2222-4333-8444-555555555555";
                        web::knobs(&base, &json!({ "token_tenant": other }));
                        let (to, _shown) = tokio::sync::mpsc::unbounded_channel();
                        let done = client.sign_in_by_code(&to).await;
                        web::knobs(&base, &json!({ "token_tenant": null }));
                        if done.is_err() {
                            by_code(&client).await;
                        }
                        done.is_ok()
                    });
                }
            })
            .await;
        assert_eq!(people.join_all().await, [by_domain]);
        assert!(
            matches!(&ran.outcome, Outcome::Failed(failure) if failure.headline == TENANT_MISMATCH),
            "{}",
            ran.text()
        );
        assert_eq!(pages(&bench), 2, "nothing was asked with it");
        assert!(bench.store().cache.head().await.unwrap().is_none());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_policy_wants_is_asked_for_with_the_next_token_and_nobody_is_troubled() {
    let mut bench = Bench::of_person("tour").await;
    let policy = r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"}}}"#;
    web::knobs(&bench.base(), &json!({ "claims_challenge": policy }));
    let before = web::count(&bench.base(), "POST", "oauth2/v2.0/token");
    let (ran, asked) = attended(&mut bench, RunKind::Sync).await;
    assert_eq!((ran.outcome, asked), (Outcome::Done, vec![]));
    assert_eq!(
        web::count(&bench.base(), "POST", "oauth2/v2.0/token") - before,
        1
    );
    // An application asks likewise.
    let mut app = Bench::new("tour").await;
    web::knobs(&app.base(), &json!({ "claims_challenge": policy }));
    assert_eq!(app.sync().await.outcome, Outcome::Done);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_only_a_person_can_fulfil_is_asked_of_one_with_the_policys_claims() {
    let mut calm = Bench::of_person("tour").await;
    attended(&mut calm, RunKind::Sync).await;
    let mut bench = Bench::of_person("tour").await;
    let policy = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
    let base = bench.base();
    let client = bench.world.client.clone();
    let (mut asked, mut people) = (0, JoinSet::new());
    let mut is_on = false;
    let ran = bench
        .run_watching(RunKind::Sync, |event, _| {
            if matches!(event, RunEvent::SignedIn { .. }) && !is_on {
                is_on = true;
                web::knobs(
                    &base,
                    &json!({ "claims_challenge": policy, "claims_need_person": true }),
                );
            }
            if let RunEvent::SignInNeeded { why } = event {
                assert!(why.detail.contains("AADSTS50076"), "{why:?}");
                asked += 1;
                let client = client.clone();
                people.spawn(async move { by_code(&client).await });
            }
        })
        .await;
    people.join_all().await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert_eq!(asked, 1);
    assert_eq!(picture(&bench).await, picture(&calm).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_write_waits_until_somebody_has_agreed_to_writing() {
    const ASKED: &str =
        "Preparing to write failed: TeamsTelephoneNumber.ReadWrite.All is not granted yet";
    let mut bench = with_a_change("diego@contoso.example", "+14255550150").await;
    let numbers = Allowed {
        numbers: true,
        ..Allowed::default()
    };
    bench.settings.allowed = numbers;
    bench.world.client.allow_write(Allowed::default());
    let (who, _) = by_code(&bench.world.client).await;
    let writes = |granted: &[String]| -> Vec<String> {
        let writes = granted.iter().filter(|one| one.contains("Write"));
        writes.cloned().collect()
    };
    assert_eq!(writes(&who.granted), [""; 0]);
    let kind = bench.planned().await;
    let (ran, asked) = attended(&mut bench, kind).await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert_eq!(asked, [ASKED]);
    ran.wrote(1);
    assert_eq!(
        writes(&bench.world.client.granted().await),
        ["TeamsTelephoneNumber.ReadWrite.All"]
    );

    // Nobody is there: nothing is sent.
    let mut bench = with_a_change("diego@contoso.example", "+14255550150").await;
    bench.settings.allowed = numbers;
    let kind = bench.planned().await;
    bench.world.client.allow_write(Allowed::default());
    by_code(&bench.world.client).await;
    bench.settings.person = Person::Absent;
    let ran = bench.run(kind).await;
    let Outcome::Failed(failure) = &ran.outcome else {
        panic!("{:?}", ran.outcome)
    };
    assert_eq!(
        (failure.kind, failure.headline.as_str()),
        (FailureKind::SignIn, ASKED)
    );
    assert!(failure.hint.contains("login --write"), "{failure:?}");
    for path in ["assignNumber", "unassignNumber"] {
        assert_eq!(web::count(&bench.base(), "POST", path), 0, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_meanwhile_is_who_the_audit_names_for_what_is_written_then() {
    let mut bench = with_a_change("diego@contoso.example", "+14255550150").await;
    bench.settings.allowed = Allowed {
        numbers: true,
        ..Allowed::default()
    };
    bench.world.client.allow_write(Allowed::default());
    let (first, _) = by_code(&bench.world.client).await;
    let kind = bench.planned().await;
    // The run waits for somebody to agree to writing, and somebody else comes.
    web::knobs(
        &bench.base(),
        &json!({ "signs_in": "megan@contoso.example" }),
    );
    let before = bench.store().ledger.audit_tail(1).await.unwrap()[0].seq;
    let (ran, asked) = attended(&mut bench, kind).await;
    ran.wrote(1);
    assert_eq!(asked.len(), 1);
    assert_ne!(first.account, "megan@contoso.example");
    assert!(
        ran.says("Signed in as megan@contoso.example by now: what follows is theirs"),
        "{}",
        ran.text()
    );
    let lines = bench.store().ledger.audit_tail(50).await.unwrap();
    let sent: Vec<&str> = lines
        .iter()
        .filter(|line| line.seq > before && line.action == "sending")
        .map(|line| line.author.as_str())
        .collect();
    assert!(!sent.is_empty());
    for author in sent {
        assert_eq!(author, "tester as megan@contoso.example");
    }
}
