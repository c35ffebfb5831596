//! What an engineer looks after beside the numbers: seats, settings, history, debug lines, and who is who in a tenant that changes.

use std::collections::BTreeSet;

use serde_json::json;
use teamsconnector::domain::gate::FirstCause;
use teamsconnector::domain::outbox::EntryState;
use teamsconnector::domain::run::{Level, Outcome, Source};
use teamsconnector::domain::seat::{self, Seats};
use teamsconnector::domain::user::{
    Association, LicenseStatus, NewUser, UnlicensedCause, User, Value,
};
use teamsconnector::ops::{change, history, newcomer, settings};
use teamsconnector::store::Store;

use crate::support::bench::{Bench, Ran, number};
use crate::support::program::{Tour, configure, run, run_with_secret};
use crate::support::web;

const JONI: &str = "joni@contoso.example";

/// A bench whose next read is whole, or one that asks for changes only: both must see the same.
async fn with_joni(whole: bool) -> (Bench, User) {
    let bench = Bench::synced("tour").await;
    let joni = bench.add(JONI).await;
    if whole {
        bench.store().cache.clear().await.unwrap();
    }
    (bench, joni)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_added_by_hand_is_matched_at_once_where_the_tenant_has_the_e_mail() {
    let bench = Bench::synced("tour").await;
    let add = async |name: &str, mail: &str| {
        let added = newcomer::add(bench.store(), NewUser::by_mail(name, mail), bench.stamp());
        added.await.unwrap()
    };
    let said = add("Alex", "ALEX@contoso.example").await;
    assert!(
        said.to_string().starts_with(
            "Alex added and matched: the e-mail is the sign-in name of alex@contoso.example"
        ),
        "{said}"
    );
    let alex = bench.user("ALEX@contoso.example").await;
    let rows = bench
        .store()
        .cache
        .find("alex@contoso.example", 1)
        .await
        .unwrap();
    assert_eq!(alex.association, Association::Matched(rows[0].id));
    assert_eq!(
        alex.number, rows[0].number,
        "what the tenant has is not to be written"
    );
    assert!(alex.number.is_some());
    let said = add("Zoe", "zoe@contoso.example").await;
    assert!(
        said.to_string().contains("the next sync looks again"),
        "{said}"
    );
    assert_eq!(
        bench.user("zoe@contoso.example").await.association,
        Association::None
    );
}

fn amend(bench: &Bench, user: &User, body: &serde_json::Value) {
    let id = user.association.id().expect("Joni is associated");
    let path = format!("/_sim/users/{id}");
    web::ask(&bench.base(), "PATCH", &path, Some(body));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_is_deleted_and_restored_keeps_its_association() {
    for whole in [false, true] {
        let (mut bench, joni) = with_joni(whole).await;
        web::ask(
            &bench.base(),
            "DELETE",
            &format!("/_sim/users/{JONI}"),
            None,
        );
        let ran = bench.sync().await;
        let gone = bench.user(JONI).await;
        assert!(gone.gone, "whole {whole}: {}", ran.text());
        assert_eq!(gone.association, joni.association);
        assert!(ran.says("joni@contoso.example: the associated user is gone from the tenant"));
        let status = seat::statuses(
            std::slice::from_ref(&gone),
            Seats::default(),
            "2026-11-20".parse().unwrap(),
        );
        assert_eq!(
            status,
            [LicenseStatus::Unlicensed(UnlicensedCause::UserGone)]
        );
        assert!(ran.says("License Status: Unlicensed: joni@contoso.example"));

        amend(&bench, &joni, &json!({ "deleted": false }));
        let ran = bench.sync().await;
        let back = bench.user(JONI).await;
        assert!(!back.gone, "{}", ran.text());
        assert_eq!(back.association, joni.association);
        assert!(ran.says("joni@contoso.example: the associated user is there again"));
        assert!(!ran.says("Unlicensed: joni@contoso.example"));
        assert_eq!(ran.summary.matched, 0, "it never was another user");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_with_another_name_upn_or_mail_keeps_its_association() {
    let changes = [
        json!({ "displayName": "Joni Married" }),
        json!({ "userPrincipalName": "joni.married@contoso.example" }),
        json!({ "mail": "joni.married@contoso.example" }),
        json!({ "userPrincipalName": "jm@contoso.example", "mail": "jm@contoso.example", "proxyAddresses": [] }),
    ];
    for body in changes {
        for whole in [false, true] {
            let (mut bench, joni) = with_joni(whole).await;
            amend(&bench, &joni, &body);
            // Somebody new gets the old address: it must not take the place of the one that is known by id.
            let fresh = "new.joni@contoso.example";
            let newcomer = json!({ "userPrincipalName": fresh, "otherMails": [JONI] });
            web::ask(&bench.base(), "POST", "/_sim/users", Some(&newcomer));
            let ran = bench.sync().await;
            let after = bench.user(JONI).await;
            assert_eq!(
                (after.association, after.gone, &after.name, &after.mail),
                (joni.association, false, &joni.name, &joni.mail),
                "{body} whole {whole}: {}",
                ran.text()
            );
            assert_eq!(ran.summary.matched, 0, "{body}");
            // A number that is queued goes to that user, whatever it is called now.
            bench.want_number(&after, Some("+441235123480")).await;
            let ran = bench.apply().await;
            assert_eq!(ran.outcome, Outcome::Done, "{body}: {}", ran.text());
            let held = web::number(&bench.base(), "+441235123480").unwrap();
            assert_eq!(
                held["assignmentTargetId"],
                joni.association.id().unwrap().to_string()
            );
        }
    }
}

/// The lines of a debug sync about users whom a gate stopped.
fn stopped(ran: &Ran) -> BTreeSet<String> {
    ran.lines
        .iter()
        .filter(|line| line.level == Level::Debug && line.source == Source::Graph)
        .filter(|line| line.text.contains(".example>: "))
        .map(|line| line.text.clone())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debug_sync_tells_of_everybody_whom_a_gate_stopped_also_when_only_changes_are_read() {
    let mut bench = Bench::new("tour").await;
    bench.settings.group = Some("Voice users".to_owned());
    let first = bench.sync().await;
    let rows = bench.store().cache.all_rows().await.unwrap();
    let wanted = rows
        .iter()
        .filter(|row| !FirstCause::from_byte(row.class).is_candidate())
        .count();
    assert!(wanted > 10, "{wanted}");
    let told = stopped(&first);
    assert_eq!(told.len(), wanted, "{}", first.text());
    let second = bench.sync().await;
    assert!(second.says("0 changed, 0 removed since the last run"));
    assert_eq!(stopped(&second), told);
    assert!(
        told.iter().any(|line| line
            .starts_with("Alex Wilber <alex@contoso.example>: Calling Plan: MCOPSTN1 Enabled")),
        "{told:#?}"
    );
    // Groups are told by name, requests with all that a support case asks for, and never a token.
    let text = second.text();
    let by_group: Vec<&String> = told
        .iter()
        .filter(|line| line.contains("by group"))
        .collect();
    assert!(
        !by_group.is_empty() && by_group.iter().all(|line| line.contains("by group \"")),
        "{by_group:#?}"
    );
    let request = second
        .lines
        .iter()
        .find(|line| line.text.starts_with("GET /v1.0/users/delta"))
        .unwrap_or_else(|| panic!("{text}"));
    assert!(request.text.contains(" 200 in ") && request.text.contains("ms, request-id "));
    assert!(!text.contains("eyJ") && !text.to_lowercase().contains("bearer"));
    bench.settings.debug = false;
    assert_eq!(stopped(&bench.sync().await).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_debug_sync_tells_of_everybody_in_a_tenant_of_several_batches() {
    let mut bench = Bench::new("size:2500").await;
    let ran = bench.sync().await;
    let rows = bench.store().cache.all_rows().await.unwrap();
    let wanted = rows
        .iter()
        .filter(|row| !FirstCause::from_byte(row.class).is_candidate())
        .count();
    let told = ran
        .lines
        .iter()
        .filter(|line| line.level == Level::Debug && line.text.contains(">: "))
        .count();
    assert!(wanted > 1_000, "{wanted}");
    assert_eq!(told, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_are_compared_by_counters_and_by_who_came_went_and_changed_gate() {
    let mut bench = Bench::synced("tour").await;
    let base = bench.base();
    let joni = json!({ "accountEnabled": false });
    web::ask(&base, "PATCH", &format!("/_sim/users/{JONI}"), Some(&joni));
    web::ask(&base, "DELETE", "/_sim/users/nestor@contoso.example", None);
    let newcomer =
        json!({ "userPrincipalName": "nora@contoso.example", "displayName": "Nora New" });
    web::ask(&base, "POST", "/_sim/users", Some(&newcomer));
    // One of them is read alone first: the run that follows finds nothing changed in that one, and it still counts.
    let who = teamsconnector::sync::ReadAgain::Text(JONI.to_owned());
    let at = crate::support::bench::noon();
    teamsconnector::sync::read_again(&bench.world.client, bench.store(), &who, at)
        .await
        .unwrap();
    bench.sync().await;
    bench.sync().await;
    let runs = bench.store().history.list(5).await.unwrap();
    let (first, second, third) = (runs[2].id, runs[1].id, runs[0].id);
    let diff = history::difference(bench.store(), second, first)
        .await
        .unwrap();
    let turns: Vec<String> = diff
        .turns
        .iter()
        .map(|turn| format!("{} {}: {}", turn.kind().word(), turn.name, turn.words()))
        .collect();
    assert_eq!(
        turns,
        [
            "came Nora New: not in the tenant -> no Microsoft licence",
            "went Nestor Wilke: can be added -> not in the tenant",
            "changed Joni Sherman: can be added -> account disabled",
        ]
    );
    let total = diff.counters[0];
    assert_eq!(
        (total.name, total.after + 1),
        ("total", total.before),
        "one is disabled, one is gone, one came"
    );
    let nothing = history::difference(bench.store(), second, third)
        .await
        .unwrap();
    assert_eq!(nothing.turns, []);
    let all = history::difference(bench.store(), first, third)
        .await
        .unwrap();
    assert_eq!(all.turns.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_on_the_command_line() {
    let bench = Bench::new("tour").await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &bench.simulator, "group = \"Voice users\"\n");
    let secret = bench.simulator.client_secret();
    let call = |args: &[&str]| run_with_secret(home.path(), secret, args);
    assert_eq!(call(&["sync"]).code, 0);
    let alex = json!({ "assignedLicenses": ["MCOEV"] });
    web::ask(
        &bench.base(),
        "PATCH",
        "/_sim/users/alex@contoso.example",
        Some(&alex),
    );
    assert_eq!(call(&["sync", "--debug"]).code, 0);
    let list = call(&["history", "list", "--json"]).json();
    assert_eq!(list["runs"].as_array().unwrap().len(), 2);
    let diff = call(&["history", "diff", "1", "2", "--json"]).json();
    assert_eq!(
        (
            &diff["users"][0]["name"],
            &diff["users"][0]["what"],
            &diff["users"][0]["from"]
        ),
        (
            &json!("Alex Wilber"),
            &json!("changed"),
            &json!("calling_plan")
        )
    );
    assert_eq!((&diff["came"], &diff["changed"]), (&json!(0), &json!(1)));
    assert_eq!(diff["counters"][0]["name"], "total");
    let text = call(&["history", "diff", "2", "1"]);
    assert!(text.out.contains("excludedByCallingPlan"), "{text:?}");
    assert!(text.out.contains("changed  Alex Wilber"), "{text:?}");
    for args in [
        &["history", "show", "99"][..],
        &["history", "diff", "1", "99"],
    ] {
        let ended = call(args);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended.err.starts_with("There is no run 99 in the history\n"),
            "{ended:?}"
        );
        assert!(ended.err.contains("runs 1 to 2"), "{ended:?}");
        assert_eq!(ended.out, "");
    }
}

#[test]
fn seats_are_shown_foreseen_moved_and_flow_back() {
    let home = tempfile::tempdir().unwrap();
    let call = |args: &[&str]| {
        let mut all = vec!["--demo=seats-short"];
        all.extend(args);
        run(home.path(), &all)
    };
    assert_eq!(call(&["sync"]).code, 0);
    let without = |shown: &serde_json::Value| -> Vec<String> {
        shown["holders"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|holder| holder["seat"] == false)
            .map(|holder| holder["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let shown = call(&["seats", "show", "--json"]).json();
    assert_eq!((&shown["bought"], &shown["used"]), (&json!(6), &json!(6)));
    assert_eq!(without(&shown), ["Gus Ginkgo", "Hazel Holly"]);
    let preview = call(&["seats", "set", "4", "--preview"]);
    assert!(
        preview.out.contains("would lose  Finn Fir") && preview.out.contains("would lose  Eve Elm"),
        "{preview:?}"
    );
    assert_eq!(
        call(&["seats", "show", "--json"]).json()["bought"],
        6,
        "a preview sets nothing"
    );
    let moved = call(&["seats", "move", "amy.apple@contoso.example", "Hazel Holly"]);
    assert_eq!(moved.code, 0, "{moved:?}");
    assert!(
        moved
            .err
            .contains("Hazel Holly has the seat of Amy Apple; Amy Apple is Unlicensed")
    );
    let shown = call(&["seats", "show", "--json"]).json();
    assert_eq!(without(&shown), ["Gus Ginkgo", "Amy Apple"]);
    for (from, to, why) in [
        ("Amy Apple", "Gus Ginkgo", "Amy Apple holds no seat"),
        (
            "Bob Birch",
            "Hazel Holly",
            "Hazel Holly holds a seat already",
        ),
        (
            "Nobody",
            "Gus Ginkgo",
            "No configured user is called Nobody",
        ),
    ] {
        let refused = call(&["seats", "move", from, to]);
        assert_eq!(refused.code, 2, "{refused:?}");
        assert!(refused.err.starts_with(why), "{refused:?}");
    }
    let short = call(&["sync"]);
    assert!(short.out.contains("SEATS> License Status: Unlicensed: amy.apple@contoso.example: no seat left (6 of 6 in use)"), "{short:?}");
    // More seats: they flow back by themselves.
    assert_eq!(call(&["seats", "set", "8"]).code, 0);
    let back = call(&["sync"]);
    assert!(!back.out.contains("Unlicensed"), "{back:?}");
    // After the end nobody is licensed, whatever was bought.
    let ended = call(&["seats", "set", "8", "--ends", "2020-01-31"]);
    assert!(
        ended
            .err
            .contains("Amy Apple <amy.apple@contoso.example> is Unlicensed now"),
        "{ended:?}"
    );
    let users = call(&["users", "list", "--json"]).json();
    let causes: BTreeSet<&str> = users["users"]
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["cause"].as_str().unwrap_or("none"))
        .collect();
    assert_eq!(causes.into_iter().collect::<Vec<_>>(), ["trial_ended"]);
    let log = call(&["sync"]).out;
    assert!(
        log.contains("SEATS> The trial or contract ended on 2020-01-31: everybody is Unlicensed"),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_a_trial_is_warned_of_in_the_log() {
    let mut bench = Bench::new("tour").await;
    let seats = |day: &str| Seats {
        bought: Some(5),
        ends: Some(day.parse().unwrap()),
    };
    for (day, warned) in [
        ("2026-12-05", false),
        ("2026-12-04", true),
        ("2026-11-29", true),
    ] {
        settings::set_seats(bench.store(), seats(day), bench.stamp())
            .await
            .unwrap();
        let ran = bench.sync().await;
        let line = ran
            .lines
            .iter()
            .find(|line| line.text.contains("trial or contract"));
        assert_eq!(line.is_some(), warned, "{day}");
        if let Some(line) = line {
            assert_eq!((line.source, line.level), (Source::Seats, Level::Warning));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn group_and_mode_are_set_in_the_configuration_and_audited() {
    let bench = Bench::new("tour").await;
    let home = tempfile::tempdir().unwrap();
    configure(
        home.path(),
        &bench.simulator,
        "group = \"Voice users\" # as agreed\n",
    );
    let secret = bench.simulator.client_secret();
    let call = |args: &[&str]| run_with_secret(home.path(), secret, args);
    assert_eq!(call(&["sync"]).code, 0);
    let done = call(&[
        "tenants",
        "set",
        "contoso",
        "--no-group",
        "--add-users",
        "manual",
    ]);
    assert_eq!(
        (done.code, done.err.as_str()),
        (
            0,
            "contoso: group none, mode manual. The next sync reads with it.\n"
        )
    );
    let file = std::fs::read_to_string(home.path().join("config.toml")).unwrap();
    assert!(
        !file.contains("group") && file.contains("# as agreed"),
        "{file}"
    );
    assert!(file.contains("add_users = \"manual\""), "{file}");
    let tenants = call(&["tenants", "list", "--json"]).json();
    assert_eq!(tenants["tenants"][0]["add_users"], "manual");
    let synced = call(&["sync"]);
    assert!(!synced.out.contains("Applying filter"), "{synced:?}");
    {
        let store = Store::open(&home.path().join("tenants/contoso")).unwrap();
        let lines = store.ledger.audit_tail(20).await.unwrap();
        let said: Vec<String> = lines
            .iter()
            .filter(|line| line.action == "settings")
            .map(|line| format!("{}: {} -> {}", line.field, line.before, line.after))
            .collect();
        assert_eq!(
            said,
            ["group: Voice users -> none", "add_users: sync -> manual"]
        );
        assert!(store.ledger.verify_audit().await.unwrap().is_intact());
    }
    let unknown = call(&["tenants", "set", "fabrikam", "--no-group"]);
    assert_eq!(unknown.code, 2, "{unknown:?}");
    let again = call(&["tenants", "set", "contoso", "--no-group"]);
    assert!(again.err.starts_with("Nothing was changed"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_setting_that_cannot_be_written_is_neither_set_nor_audited() {
    let bench = Bench::new("tour").await;
    let before = teamsconnector::domain::settings::Selection {
        group: Some("Voice users".to_owned()),
        ..Default::default()
    };
    let lines = || async { bench.store().ledger.audit_tail(50).await.unwrap().len() };
    let had = lines().await;
    let refuse = |_: &_| {
        Err(teamsconnector::domain::failure::Failure::new(
            teamsconnector::domain::failure::FailureKind::Config,
            "config.toml cannot be written",
            "",
            "",
        ))
    };
    let done = settings::set_group(bench.store(), &before, None, refuse, bench.stamp()).await;
    assert_eq!(done.unwrap_err().headline, "config.toml cannot be written");
    assert_eq!(lines().await, had);
}

#[tokio::test(flavor = "multi_thread")]
async fn number_and_country_in_conflict_are_decided_apart_on_the_command_line() {
    let mut bench = Bench::synced("tour").await;
    let diego = bench.add("diego@contoso.example").await;
    bench.want_number(&diego, Some("+14255550150")).await;
    bench.want_country(&diego, "CA").await;
    let base = bench.base();
    web::put_number(&base, "+14255550100", None);
    web::put_number(&base, "+14255550160", Some("diego@contoso.example"));
    let path = "/_sim/users/diego@contoso.example";
    web::ask(
        &base,
        "PATCH",
        path,
        Some(&json!({ "usageLocation": "MX" })),
    );
    let ran = bench.sync().await;
    assert_eq!(ran.summary.conflicts, 2, "{}", ran.text());
    let entries = bench.desk().await.entries;
    let theirs: Vec<String> = entries
        .iter()
        .map(|entry| match &entry.state {
            EntryState::Conflict { theirs } => theirs.compact(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(theirs, ["+14255550160", "MX"]);
    change::decide(bench.store(), entries[0].id, true, bench.stamp())
        .await
        .unwrap();
    change::decide(bench.store(), entries[1].id, false, bench.stamp())
        .await
        .unwrap();
    let left = bench.desk().await.entries;
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].base, Value::Number(Some(number("+14255550160"))));
    assert_eq!(
        bench.user("diego@contoso.example").await.country,
        "MX".parse().ok()
    );
    let ran = bench.apply().await;
    ran.wrote(1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_renamed_since_a_change_was_queued_is_called_by_the_name_of_now() {
    let tour = Tour::new("").await;
    let lee = "lee@contoso.example";
    tour.good(&["users", "add", lee, "--number", "+441235123480"]);
    let before = tour.good(&["outbox", "list"]);
    assert!(
        before.contains("Lee Gu ") && !before.contains("(was"),
        "{before}"
    );
    for nameless in [["edit", lee], ["add", "new@contoso.example"]] {
        let refused = tour.call(&[&["users"], &nameless[..], &["--name", " "]].concat());
        assert_eq!(refused.code, 2);
        assert!(refused.err.contains("A user has a name"), "{}", refused.err);
    }
    tour.good(&["users", "edit", lee, "--name", "Lee Jones"]);
    let listed = tour.good(&["outbox", "list"]);
    assert!(listed.contains("Lee Jones (was Lee Gu)"), "{listed}");
    let json = tour.call(&["outbox", "list", "--json"]).json();
    assert_eq!(json["entries"][0]["name"], "Lee Jones");
    let plan = tour.call(&["sync", "--plan"]);
    assert!(
        plan.err.contains("Lee Jones (was Lee Gu): number"),
        "{plan:?}"
    );
}
