//! Hostile text in every field that a tenant, a file or a configuration can hold, through the program: what it prints holds no
//! control, nothing hidden and nothing that turns a line round, and its JSON is JSON.

use std::fs;
use std::path::Path;

use regex::Regex;
use serde_json::{Value, json};
use teamsconnector::sim::Scenario;

use crate::support::program::{Ended, Served, run};
use crate::support::pty::Terminal;
use crate::support::web;

/// What no line for a person may hold, by Unicode's classes.
fn unseen() -> Regex {
    Regex::new(
        r"[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Variation_Selector}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}&&[^\n]]",
    )
    .unwrap()
}

fn naughty() -> Vec<String> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/naughty.json");
    let by_kind: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    let kinds = by_kind.as_object().unwrap().values();
    let mut all: Vec<String> = kinds
        .flat_map(|texts| texts.as_array().unwrap())
        .map(|text| text.as_str().unwrap().to_owned())
        .collect();
    all.push("x\u{1b}[2J\u{202e}".repeat(8_000));
    assert!(all.len() > 200);
    all
}

/// A tenant in which each string is the name of a user, of a group, and a part of addresses and of words that nobody knows.
fn tenant(all: &[String]) -> Value {
    let id = |n: usize| format!("00000000-0000-4000-8000-{n:012x}");
    let users: Vec<Value> = (1..)
        .zip(all)
        .map(|(n, text)| {
            let upn = if n % 3 == 0 { format!("u{n}{text}@contoso.example") } else { format!("u{n}@contoso.example") };
            json!({
                "id": id(n), "userPrincipalName": upn, "displayName": text, "mail": format!("m{n}{text}@contoso.example"),
                "proxyAddresses": [format!("smtp:p{n}{text}@contoso.example"), text], "accountEnabled": true, "userType": "Member",
                "department": text, "usageLocation": "GB", "assignedLicenses": [], "_teams": "User",
                "licenseAssignmentStates": [{ "skuId": "06ebc4ee-1bb5-47dd-8120-11324bc54e06", "state": text, "error": text, "disabledPlans": [] }],
                "assignedPlans": [{ "servicePlanId": "4828c8ec-dc2e-4779-b502-87ac9ce28ab7", "capabilityStatus": "Enabled", "service": text }],
            })
        })
        .collect();
    let groups: Vec<Value> = (1001..)
        .zip(all)
        .map(|(n, text)| json!({ "id": id(n), "displayName": text, "members": [id(1), id(2)], "nested": [] }))
        .collect();
    let numbers: Vec<Value> = (1..)
        .zip(all)
        .map(|(n, text)| {
            let target = if n % 2 == 0 { json!(id(n)) } else { Value::Null };
            let status = if n % 2 == 0 { "userAssigned" } else { text.as_str() };
            json!({ "telephoneNumber": format!("+4412351{n:05}"), "numberType": text, "numberSource": "online",
                "assignmentStatus": status, "assignmentTargetId": target })
        })
        .collect();
    json!({ "users": users, "groups": groups, "numbers": numbers })
}

/// What was printed is safe to print; of JSON, that it is JSON, and without a control.
#[track_caller]
fn safe(what: &[&str], ended: &Ended, unseen: &Regex) {
    assert_ne!(ended.code, 101, "{what:?}: {}", ended.err);
    let found = |text: &str| {
        unseen
            .find(text)
            .map(|found| format!("{:?} in {:?}", found.as_str(), near(text, found.start())))
    };
    assert_eq!(found(&ended.err), None, "{what:?}, standard error");
    if what.contains(&"--json") {
        // A refusal is told in words, on the other stream; a list of many is a document a line.
        let documents = serde_json::Deserializer::from_str(&ended.out).into_iter::<Value>();
        for document in documents {
            document.unwrap_or_else(|error| panic!("{what:?}: {error}"));
        }
        let control = ended.out.chars().find(|c| c.is_control() && *c != '\n');
        assert_eq!(control, None, "{what:?}");
    } else {
        assert_eq!(found(&ended.out), None, "{what:?}, standard output");
    }
}

/// A table that somebody prints on a terminal has line ends and tabs, and no other control.
#[track_caller]
fn delimited(ended: &Ended) {
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("\r\n"), "{ended:?}");
    let text = ended.out.replace("\r\n", "\n");
    let control = text.find(|c: char| c.is_control() && !matches!(c, '\n' | '\t'));
    assert_eq!(control.map(|at| near(&text, at)), None);
}

fn near(text: &str, at: usize) -> String {
    let start = text[..at]
        .char_indices()
        .rev()
        .nth(60)
        .map_or(0, |(n, _)| n);
    text[start..].chars().take(120).collect()
}

const LOOKS: &[&[&str]] = &[
    &["candidates"],
    &["candidates", "--everyone"],
    &["why", "--all"],
    &["numbers"],
    &["licences"],
    &["users", "list"],
    &["outbox", "list"],
    &["audit", "show"],
    &["audit", "verify"],
    &["history", "list"],
    &["history", "show", "1"],
    &["changes"],
    &["seats", "show"],
    &["tenants", "list"],
    &["doctor"],
    &["script"],
    &["sync", "--plan"],
];

#[tokio::test(flavor = "multi_thread")]
async fn nothing_hostile_is_printed_whatever_the_tenant_holds() {
    let (all, unseen) = (naughty(), unseen());
    let served = Served::new(Scenario::Tour, "").await;
    web::ask(&served.base(), "PUT", "/_sim/tenant", Some(&tenant(&all)));
    let home = served.home.path();
    let call = |args: &[&str]| {
        let ended = served.call(args);
        safe(args, &ended, &unseen);
        ended
    };
    let first = call(&["sync", "--debug"]);
    assert_eq!(first.code, 0, "{first:?}");
    let everyone = call(&["candidates", "--everyone", "--json"]).json();
    assert!(everyone.to_string().len() > 10_000);
    // The list of this side, filled from a file with the same strings, in all its columns.
    let mut csv = "Name,Email,PhoneNumber,Country,SipUsername,ExternalId\n".to_owned();
    for (n, text) in (1..).zip(&all) {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\"").replace('\0', ""));
        let text = quoted(text);
        let row = [
            text.as_str(),
            &format!("m{n}@contoso.example"),
            &text,
            &text,
            &text,
            &text,
        ];
        csv.push_str(&row.join(","));
        csv.push('\n');
    }
    let file = home.join("people.csv");
    fs::write(&file, csv).unwrap();
    let file = file.to_str().unwrap();
    for more in [
        vec!["--plan"],
        vec!["--plan", "--json"],
        vec!["--partial"],
        vec!["--update", "--plan"],
    ] {
        let kind = if more.contains(&"--update") {
            vec![]
        } else {
            vec!["--create"]
        };
        call(&[vec!["import", file], kind, more].concat());
    }
    for n in 1..12 {
        let id = format!("00000000-0000-4000-8000-{n:012x}");
        call(&["users", "add", &id]);
        call(&["users", "edit", &id, "--number", "+441235199999"]);
    }
    for (n, text) in (1..).zip(&all).step_by(9) {
        let id = format!("00000000-0000-4000-8000-{n:012x}");
        call(&["why", &id]);
        call(&["why", &id, "--json"]);
        if text.len() < 10_000 && !text.contains('\0') && !text.starts_with('-') {
            call(&["why", text]);
            call(&["users", "show", text]);
            call(&["move", "+441235100002", "--to", text]);
            call(&["--tenant", text, "users", "list"]);
        }
    }
    for args in LOOKS {
        call(args);
        call(&[*args, &["--json"]].concat());
    }
    let exports: [&[&str]; 5] = [
        &["users"],
        &["candidates"],
        &["reasons"],
        &["numbers"],
        &["log", "1"],
    ];
    for what in exports {
        for reader in ["machine", "spreadsheet"] {
            delimited(&served.call(&[&["export"], what, &["--for", reader]].concat()));
        }
        call(&[&["export"], what, &["--for", "machine", "--json"]].concat());
    }
    // What is kept for eyes: the log of the program and the runs.
    let log = fs::read_to_string(home.join("logs/teamsconnector.log")).unwrap_or_default();
    assert_eq!(
        unseen.find(&log).map(|found| near(&log, found.start())),
        None
    );
    screens(home, served.simulator.client_secret());
}

/// All panes on a screen that shows everybody, walked through: the terminal hears nothing but cells.
fn screens(home: &Path, secret: &str) {
    let mut terminal = Terminal::start(home, &[], Some(secret), (200, 300));
    terminal.wait_for("1 Users");
    for key in ["2", "f", "3", "5", "6", "1", "4"] {
        terminal.press(key);
        terminal.wait_for("1 Users");
    }
    // A change waits: whoever leaves is asked.
    terminal.wait_for("WAITING TO BE WRITTEN");
    terminal.press("q");
    terminal.wait_for("Quit?");
    terminal.press("y");
    terminal.wait_ended();
    let titles = terminal.titles();
    assert!(
        titles.iter().all(|title| title.is_empty()
            || title.contains("teamsconnector")
            || title.contains("contoso")
            || title.contains("Contoso")),
        "{titles:?}"
    );
    assert_eq!(terminal.copied(), Vec::<Vec<u8>>::new());
    assert!(!terminal.screen().alternate_screen());
}

#[test]
fn nothing_hostile_is_printed_whatever_the_configuration_holds() {
    let (all, unseen) = (naughty(), unseen());
    let home = tempfile::tempdir().unwrap();
    for (n, text) in all.iter().filter(|text| text.len() < 10_000).enumerate() {
        let quoted = toml_edit::value(text.as_str()).to_string();
        let place = n % 5;
        let file = match place {
            0 => format!("[tenants.a]\ntenant_id = {quoted}\n"),
            1 => format!(
                "[tenants.{quoted}]\ntenant_id = \"contoso.example\"\nclient_id = {quoted}\n"
            ),
            2 => format!("{quoted} = {quoted}\n"),
            3 => format!(
                "[tenants.a]\ntenant_id = \"contoso.example\"\ngroup = {quoted}\nsign_in = {quoted}\n"
            ),
            _ => format!("[tenants.a]\n{text}\n"),
        };
        fs::write(home.path().join("config.toml"), file).unwrap();
        let all = [
            &["config", "check"][..],
            &["tenants", "list"],
            &["tenants", "list", "--json"],
        ];
        // The others read the same file and say the same of it: a sample of them is enough.
        let asked = if n % 7 == 0 { 3 } else { 1 };
        for args in &all[..asked] {
            safe(args, &run(home.path(), args), &unseen);
        }
    }
}
