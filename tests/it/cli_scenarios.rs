//! The scenarios of the documents, through the real program: what a person reads.

use crate::support::program::{Ended, run};

fn sync(scenario: &str) -> Ended {
    let home = tempfile::tempdir().unwrap();
    run(home.path(), &[&format!("--demo={scenario}"), "sync"])
}

/// The lines without their times.
fn texts(ended: &Ended) -> Vec<String> {
    ended
        .out
        .lines()
        .map(|line| {
            let (time, rest) = line.split_once("> ").unwrap_or_else(|| panic!("{line}"));
            let (minutes, seconds) = time
                .trim_start_matches('<')
                .split_once(':')
                .unwrap_or_else(|| panic!("{line}"));
            assert!(minutes.len() >= 2 && seconds.len() == 2, "{line}");
            rest.to_owned()
        })
        .collect()
}

fn assert_line(scenario: &str, wanted: &[&str]) {
    let ended = sync(scenario);
    let lines = texts(&ended);
    for wanted in wanted {
        assert!(
            lines.iter().any(|line| line == wanted),
            "{scenario}: {wanted}\n{}{}",
            ended.out,
            ended.err
        );
    }
}

#[test]
fn users_with_calling_plans_are_excluded() {
    assert_line(
        "calling-plans",
        &[
            "GRAPH> Enabled users: total=399, licensed=127, phoneSystem=108, excludedByCallingPlan=104, resource=0",
            "GRAPH> Found 108 users with a Phone System license, of which 104 are excluded as they have a Calling Plan",
        ],
    );
}

#[test]
fn users_are_not_licensed() {
    assert_line(
        "no-phone-system",
        &[
            "GRAPH> Enabled users: total=15, licensed=13, phoneSystem=0, excludedByCallingPlan=0, resource=0",
            "GRAPH> Found 0 users with a Phone System license (none have a Calling Plan)",
        ],
    );
}

#[test]
fn a_group_filter_has_been_applied() {
    assert_line(
        "bad-group",
        &[
            "GRAPH> Applying filter for group 'bad-group-name': include 0 of 76 users",
            "GRAPH> Enabled users: total=0, licensed=0, phoneSystem=0, excludedByCallingPlan=0, resource=0",
            "GRAPH> Found 0 users with a Phone System license (none have a Calling Plan)",
        ],
    );
}

#[test]
fn communications_credits_count_as_excluded_and_keep_their_reason() {
    assert_line(
        "communications-credits",
        &[
            "GRAPH> Enabled users: total=12, licensed=12, phoneSystem=9, excludedByCallingPlan=3, resource=0",
        ],
    );
    let home = tempfile::tempdir().unwrap();
    let ended = run(
        home.path(),
        &[
            "--demo=communications-credits",
            "candidates",
            "--everyone",
            "--json",
        ],
    );
    let rows = ended.json();
    let credits = rows["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["first_cause"] == "communications_credits")
        .count();
    assert_eq!(credits, 3);
}

#[test]
fn user_unlicensed_yellow_warning_triangle() {
    assert_line(
        "seats-short",
        &[
            "SEATS> License Status: Unlicensed: gus.ginkgo@contoso.example: no seat left (6 of 6 in use)  [warning]",
            "SEATS> License Status: Unlicensed: hazel.holly@contoso.example: no seat left (6 of 6 in use)  [warning]",
        ],
    );
}

#[test]
fn users_showing_unlicensed_after_bulk_import() {
    assert_line(
        "after-import",
        &[
            "MATCH> cara.lake@contoso.example is Cara Lake, by mail",
            "MATCH> erin.shaw@contoso.example is Erin Shaw, by proxy address",
            "SEATS> License Status: Unlicensed: john.smith@contoso.example: not associated with a Teams user  [warning]",
        ],
    );
}

#[test]
fn incorrect_country_showing_for_user() {
    let home = tempfile::tempdir().unwrap();
    let rows = run(
        home.path(),
        &["--demo=wrong-country", "candidates", "--everyone", "--json"],
    )
    .json();
    let warned: Vec<_> = rows["candidates"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| {
            row["warnings"]
                .as_array()
                .unwrap()
                .iter()
                .any(|w| w == "country" || w == "no_usage_location")
        })
        .map(|row| row["upn"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(
        warned,
        [
            "rose.quinn@contoso.example",
            "theo.marsh@contoso.example",
            "una.voss@contoso.example"
        ]
    );
}

#[test]
fn dirsynced_user() {
    let home = tempfile::tempdir().unwrap();
    let ended = run(home.path(), &["--demo=dirsync", "why", "Ada Pike"]);
    assert!(ended.out.contains("DirSync'd user"), "{}", ended.out);
    assert!(ended.out.contains("msRTCSIP-Line"), "{}", ended.out);
}

#[test]
fn the_tenant_for_the_selected_user_does_not_match() {
    let ended = sync("other-tenant");
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(
        ended.out.contains(
            "The tenant for the selected user does not match the previously tenant selected"
        ),
        "{}",
        ended.out
    );
    assert!(
        ended.out.contains("11111111-2222-4333-8444-555555555555"),
        "{}",
        ended.out
    );
    assert!(
        ended.out.contains("99999999-2222-4333-8444-555555555555"),
        "{}",
        ended.out
    );
}

#[test]
fn the_telephone_number_provided_is_not_valid() {
    let home = tempfile::tempdir().unwrap();
    let ended = run(
        home.path(),
        &[
            "--demo",
            "users",
            "edit",
            "Isaiah Langer",
            "--number",
            "01235 123465",
        ],
    );
    assert_eq!(ended.code, 2);
    assert!(
        ended.err.contains(
            "The telephone number provided is not valid: it must start with + and the country code; did you mean +44 1235 123465?"
        ),
        "{}",
        ended.err
    );
}

#[test]
fn a_kept_home_keeps_queue_and_tenant() {
    let home = tempfile::tempdir().unwrap();
    let demo = ["--demo", "--home", home.path().to_str().unwrap()];
    let call = |args: &[&str]| run(home.path(), &[&demo[..], args].concat());
    assert_eq!(call(&["sync"]).code, 0);
    assert_eq!(
        call(&[
            "users",
            "add",
            "joni@contoso.example",
            "--number",
            "+441235123480",
            "--country",
            "DE"
        ])
        .code,
        0
    );
    let listed = call(&["users", "list"]).out;
    let row = listed
        .lines()
        .find(|line| line.starts_with("Joni"))
        .unwrap();
    assert!(
        row.contains("queued -> DE, queued -> +44 1235 123480"),
        "{listed}"
    );
    let queued = call(&["outbox", "list", "--json"]).json();
    for (n, wanted) in ["DE", "+441235123480"].into_iter().enumerate() {
        assert_eq!(queued["entries"][n]["wanted"], wanted);
    }
    for what in ["drop", "take-back"] {
        let ended = call(&["outbox", what, "999"]);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.err.contains("hange 999 "), "{ended:?}");
    }
    assert_eq!(call(&["sync"]).code, 5, "a queue, no --yes, no terminal");
    let ended = call(&["sync", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let users = call(&["users", "list", "--json"]).json();
    let joni = users["users"]
        .as_array()
        .unwrap()
        .iter()
        .find(|user| user["mail"] == "joni@contoso.example")
        .unwrap()
        .clone();
    assert_eq!(joni["number"], "+441235123480");
    assert_eq!(joni["license_status"], "licensed");
    assert_eq!(
        call(&["outbox", "list", "--json"]).json()["entries"],
        serde_json::json!([])
    );
}
