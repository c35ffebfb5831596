//! Plans as files, and runs that nobody watches: through the real program, on a simulated tenant over loopback.

use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Stdio;

use serde_json::json;
use teamsconnector::domain::outbox::EntryId;
use teamsconnector::ops::change;
use teamsconnector::store::Store;

use crate::support::program::{Ended, Tour, command};
use crate::support::web;

/// The tour, read once, with two people on the list.
async fn with_two(more: &str) -> Tour {
    let tour = Tour::new(more).await;
    for who in ["diego@contoso.example", "lee@contoso.example"] {
        tour.good(&["users", "add", who]);
    }
    tour
}

impl Tour {
    fn queue(&self, by: &str, who: &str, number: &str) {
        let ended = self.call_by(by, &["users", "edit", who, "--number", number]);
        assert_eq!(ended.code, 0, "{ended:?}");
    }

    fn file(&self) -> PathBuf {
        self.home.path().join("cut-over.json")
    }

    fn keep(&self) -> Ended {
        let file = self.file();
        let ended = self.call(&["sync", "--plan", "--out", file.to_str().unwrap()]);
        assert_eq!(ended.code, 5, "{ended:?}");
        ended
    }

    fn apply(&self) -> Ended {
        let file = self.file();
        self.call(&["sync", "--apply", file.to_str().unwrap(), "--yes"])
    }

    fn number_of(&self, upn: &str) -> serde_json::Value {
        let held = web::person(&self.bench.base(), upn);
        held["numbers"][0].clone()
    }

    fn outbox(&self) -> Vec<(i64, String)> {
        let listed = self.call(&["outbox", "list", "--json"]).json();
        let entries = listed["entries"].as_array().unwrap();
        entries
            .iter()
            .map(|entry| {
                let name = entry["name"].as_str().unwrap().to_owned();
                (entry["id"].as_i64().unwrap(), name)
            })
            .collect()
    }
}

const DIEGO: &str = "diego@contoso.example";
const LEE: &str = "lee@contoso.example";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_noon_is_written_at_six_without_what_others_queued_since() {
    let tour = with_two("").await;
    tour.queue("kim", DIEGO, "+14255550150");
    let kept = tour.keep();
    assert!(
        kept.err
            .contains("1 to write, 0 held back; 1 change takes something away; more than 5 would ask for the tenant's name"),
        "{kept:?}"
    );
    assert_eq!(
        std::fs::metadata(tour.file()).unwrap().mode() & 0o7777,
        0o600
    );
    let text = std::fs::read_to_string(tour.file()).unwrap();
    assert!(!text.contains(tour.bench.simulator.client_secret()));
    tour.queue("lou", LEE, "+14255550151");
    let ended = tour.apply();
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(tour.number_of(DIEGO), json!("+14255550150"), "{ended:?}");
    assert_eq!(tour.outbox().len(), 1, "what lou queued waits");
    let again = tour.apply();
    assert_eq!(again.code, 7, "{again:?}");
    assert!(again.err.contains("no longer in the outbox"), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_has_moved_is_refused() {
    let tour = with_two("").await;
    tour.queue("kim", DIEGO, "+14255550150");
    tour.queue("kim", LEE, "+14255550151");
    tour.keep();
    // Another administrator gives Lee's new number to somebody else in the afternoon.
    web::put_number(
        &tour.bench.base(),
        "+14255550151",
        Some("nestor@contoso.example"),
    );
    let ended = tour.apply();
    assert_eq!(ended.code, 7, "{ended:?}");
    assert_eq!(tour.number_of(DIEGO), json!("+14255550150"), "{ended:?}");
    assert!(
        ended
            .err
            .contains("Lee Gu: number to +1 425 555 0151 is not written: held by"),
        "{ended:?}"
    );
    assert_eq!(tour.outbox().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenant_and_a_changed_file_are_refused_before_anything_is_read() {
    let tour = with_two("").await;
    tour.queue("kim", DIEGO, "+14255550150");
    tour.keep();
    let there = tour.call(&["sync", "--plan", "--out", tour.file().to_str().unwrap()]);
    assert_eq!(there.code, 2, "{there:?}");
    let good = std::fs::read_to_string(tour.file()).unwrap();
    std::fs::write(tour.file(), good.replace("+14255550150", "+14255550159")).unwrap();
    let ended = tour.apply();
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.err.contains("it was changed after it was written"),
        "{ended:?}"
    );
    std::fs::write(tour.file(), good).unwrap();
    let other = with_two("").await;
    // The other home is tied to no tenant, which is not the one of the plan either.
    let file = tour.file();
    let unpinned = other.call(&["tenants", "unpin", "contoso", "--yes"]);
    assert_eq!(unpinned.code, 0, "{unpinned:?}");
    let ended = other.call(&["sync", "--apply", file.to_str().unwrap(), "--yes"]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(
        ended.err.contains("This plan was made for another tenant"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unattended_run_leaves_what_another_person_has_queued() {
    let tour = with_two("").await;
    tour.queue("lou", LEE, "+14255550151");
    let ended = tour.call(&["sync", "--yes"]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(
        ended.err.contains("queued by root (sudo by lou)"),
        "{ended:?}"
    );
    assert_eq!(tour.outbox().len(), 1);
    tour.queue("kim", DIEGO, "+14255550150");
    let ended = tour.call(&["sync", "--yes"]);
    assert_eq!(ended.code, 7, "{ended:?}");
    assert_eq!(tour.number_of(DIEGO), json!("+14255550150"));
    let [(id, name)] = tour.outbox().try_into().unwrap();
    assert_eq!(name, "Lee Gu");
    let ended = tour.call(&["sync", "--yes", "--mine"]);
    assert_eq!((ended.code, tour.outbox().len()), (0, 1), "{ended:?}");
    let ended = tour.call(&["sync", "--yes", "--only", "999"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let ended = tour.call(&["sync", "--yes", "--only", &id.to_string()]);
    assert_eq!((ended.code, tour.outbox().len()), (0, 0), "{ended:?}");
    let last = ended.err.lines().last().unwrap();
    assert_eq!(
        last,
        "contoso: done: 1 written, 0 refused, 0 in conflict, 0 left in the outbox; exit 0"
    );
    assert_eq!(tour.number_of(LEE), json!("+14255550151"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_wanted_kept_and_found() {
    let tour = with_two("require_ticket = true").await;
    tour.queue("kim", DIEGO, "+14255550150");
    let ended = tour.call(&["sync", "--yes"]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.err.contains("require_ticket"), "{ended:?}");
    let ended = tour.call(&["sync", "--yes", "--ticket", "INC0012345"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let head = ended.out.lines().find_map(|line| {
        let (_, head) = line.split_once("Audit head ")?;
        Some(head.to_owned())
    });
    let head = head.expect("a writing run tells the head");
    tour.queue("lou", LEE, "+14255550151");

    let shown = |args: &[&str]| {
        let ended = tour.call(&[&["--json", "audit", "show"], args].concat());
        let lines = ended.json()["lines"].as_array().unwrap().clone();
        lines
            .iter()
            .map(|line| line["action"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let of_ticket = shown(&["--ticket", "inc0012345"]);
    assert_eq!(of_ticket.first().unwrap(), "ticket");
    assert!(of_ticket.contains(&"sending".to_owned()), "{of_ticket:?}");
    assert_eq!(of_ticket.last().unwrap(), "confirmed");
    assert_eq!(shown(&["--user", "sudo by lou"]), ["queued"]);
    assert_eq!(
        shown(&["--user", "lee gu", "--since", "1h"]),
        ["added", "queued"]
    );

    let verify = |args: &[&str]| tour.call(&[&["audit", "verify"], args].concat());
    assert_eq!(verify(&[]).code, 0);
    assert_eq!(verify(&["--head", &head]).code, 0);
    let hash = head.split_once(':').unwrap().1;
    assert_eq!(verify(&["--head", hash]).code, 0);
    assert_eq!(verify(&["--head", "12"]).code, 2);
    let other = verify(&["--head", &"0".repeat(64)]);
    assert_eq!(other.code, 1, "{other:?}");
    assert!(
        other.out.contains("lines are missing from ledger.db"),
        "{other:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_was_noted_before_counts_and_only_changes_without_one_are_refused() {
    let tour = with_two("require_ticket = true").await;
    tour.queue("kim", DIEGO, "+14255550150");
    tour.queue("kim", LEE, "+14255550151");
    let noted = EntryId(tour.outbox()[0].0);
    let open = Store::open(&tour.home.path().join("tenants/contoso")).unwrap();
    let ticket = "INC0000007".to_owned();
    change::ticket(&open, vec![noted], ticket, tour.bench.stamp())
        .await
        .unwrap();
    open.close();
    let ended = tour.call(&["sync", "--yes"]);
    assert_eq!(ended.code, 7, "{ended:?}");
    assert!(ended.err.contains("Lee Gu: number to"), "{ended:?}");
    assert!(ended.err.contains("it has no ticket"), "{ended:?}");
    assert_eq!(tour.number_of(DIEGO), json!("+14255550150"), "{ended:?}");
    assert_ne!(tour.number_of(LEE), json!("+14255550151"), "{ended:?}");
    assert_eq!(tour.outbox().len(), 1);
    // A kept plan without a ticket, and what undoing queues, are refused alike.
    tour.keep();
    let ended = tour.apply();
    assert_eq!(ended.code, 6, "{ended:?}");
    let undone = tour.call(&["outbox", "take-back", &noted.0.to_string()]);
    assert_eq!(undone.code, 0, "{undone:?}");
    let ended = tour.call(&["sync", "--yes"]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert_eq!(tour.number_of(DIEGO), json!("+14255550150"), "{ended:?}");
    let ended = tour.call(&["sync", "--yes", "--ticket", "INC0000008"]);
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_shift_is_told_what_was_done_by_whom_and_what_is_open() {
    let tour = with_two("").await;
    tour.queue("kim", DIEGO, "+14255550150");
    let ended = tour.call(&["sync", "--yes", "--ticket", "INC7"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    web::ask(
        &tour.bench.base(),
        "DELETE",
        "/_sim/users/nestor@contoso.example",
        None,
    );
    assert_eq!(tour.call(&["sync"]).code, 0);
    tour.queue("lou", LEE, "+14255550151");
    let told = tour.call(&["--json", "changes", "--since", "8h", "--all-tenants"]);
    assert_eq!(told.code, 0, "{told:?}");
    let told = told.json();
    let tenant = &told["tenants"][0];
    assert_eq!(tenant["tenant"], "contoso");
    let ours = tenant["ours"].as_array().unwrap();
    let written: Vec<_> = ours
        .iter()
        .filter(|line| line["action"] == "confirmed")
        .map(|line| (&line["user"], &line["after"], &line["ticket"]))
        .collect();
    assert_eq!(
        written,
        [(
            &json!("Diego Siciliani"),
            &json!("+14255550150"),
            &json!("INC7")
        )]
    );
    let users = tenant["theirs"]["users"].as_array().unwrap();
    let gone: Vec<_> = users
        .iter()
        .filter(|turn| turn["kind"] == "went")
        .map(|turn| &turn["name"])
        .collect();
    assert_eq!(gone, [&json!("Nestor Wilke")]);
    let open = tenant["open"].as_array().unwrap();
    assert_eq!(open.len(), 1);
    assert_eq!(open[0]["author"], "root (sudo by lou)");
    let text = tour.call(&["changes"]);
    assert!(text.out.contains("Open: 1"), "{text:?}");
}

/// Numbers, countries and licences of people whom nobody has put on the list; and not what was written for them from here.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_shift_is_told_what_others_changed_of_people_who_are_not_on_the_list() {
    let tour = with_two("").await;
    let base = tour.bench.base();
    let patch = |upn: &str, body: serde_json::Value| {
        web::ask(&base, "PATCH", &format!("/_sim/users/{upn}"), Some(&body));
    };
    patch("bianca@contoso.example", json!({ "usageLocation": "FR" }));
    patch(
        "christie@contoso.example",
        json!({ "assignedLicenses": ["SPE_E5", "SPE_F1"] }),
    );
    web::put_number(&base, "+14255550177", Some("irvin@contoso.example"));
    // Of somebody on the list the audit tells.
    patch(LEE, json!({ "usageLocation": "FR" }));
    let queued = tour.call(&["repair", "grady@contoso.example", "--location", "DE"]);
    assert_eq!(queued.code, 0, "{queued:?}");
    let ended = tour.call(&["sync", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(tour.call(&["sync"]).code, 0);
    let place = web::person(&base, "grady@contoso.example")["usageLocation"].clone();
    assert_eq!(place, "DE");
    let told = tour.call(&["--json", "changes", "--since", "8h"]).json();
    let theirs = &told["tenants"][0]["theirs"];
    let people: Vec<_> = theirs["people"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let text = |key: &str| row[key].as_str().unwrap_or("none").to_owned();
            ["name", "field", "before", "after"].map(text)
        })
        .collect();
    let row = |cells: [&str; 4]| cells.map(str::to_owned);
    assert_eq!(
        people,
        [
            row(["Bianca Pisani", "country", "IT", "FR"]),
            row(["Christie Cline", "licences", "SPE_E3", "SPE_E5, SPE_F1"]),
            row(["Irvin Sayers", "number", "none", "+14255550177"]),
        ],
        "{told}"
    );
    let text = tour.call(&["changes", "--since", "8h"]).out;
    assert!(
        text.contains("    Irvin Sayers  number none -> +14255550177\n"),
        "{text}"
    );
    // What is changed back is no change.
    patch("bianca@contoso.example", json!({ "usageLocation": "IT" }));
    assert_eq!(tour.call(&["sync"]).code, 0);
    let text = tour.call(&["changes", "--since", "8h"]).out;
    assert!(!text.contains("Bianca"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_process_is_told_who_holds_the_lease() {
    let tour = with_two("").await;
    web::knobs(&tour.bench.base(), &json!({ "latency_ms": 2000 }));
    let mut first = command(tour.home.path())
        .env("SUDO_USER", "kim")
        .env(
            "TEAMSCONNECTOR_CLIENT_SECRET",
            tour.bench.simulator.client_secret(),
        )
        .arg("sync")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(first.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    assert!(line.contains("Signed in to"), "{line}");
    let second = tour.call_by("lou", &["sync", "--yes"]);
    web::knobs(&tour.bench.base(), &json!({ "latency_ms": 0 }));
    assert_eq!(second.code, 3, "{second:?}");
    let held = format!("process {}, since 20", first.id());
    assert!(
        second.err.contains("held by root (sudo by kim) on "),
        "{second:?}"
    );
    assert!(second.err.contains(&held), "{second:?}");
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(0), "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_tenants_are_read_whichever_of_them_fails() {
    let tour = with_two("").await;
    let config = tour.home.path().join("config.toml");
    let mut text = std::fs::read_to_string(&config).unwrap();
    // Sorted before the good one, at an address where nobody listens, with a secret of its own.
    std::fs::write(tour.home.path().join("adatum.secret"), "none").unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(tour.home.path().join("adatum.secret"), mode).unwrap();
    text.push_str(
        "\n[tenants.adatum]\nsecret_file = \"adatum.secret\"\ntenant_id = \"adatum.example\"\nclient_id = \"7fe2bcd1-b42b-4066-80f5-28430c497a61\"\n\
         sign_in = \"client-secret\"\ncloud = \"custom\"\n\
         [tenants.adatum.endpoints]\nlogin = \"http://127.0.0.1:9\"\ngraph = \"http://127.0.0.1:9\"\n",
    );
    std::fs::write(&config, text).unwrap();
    let ended = tour.call(&["sync", "--plan", "--all-tenants"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines.len(), 2, "{ended:?}");
    assert!(lines[0].starts_with("adatum: failed: ") && lines[0].ends_with("; exit 3"));
    assert!(
        lines[1].starts_with("contoso: done: ")
            && lines[1].ends_with(" 0 planned, 0 left out; exit 0")
    );
    let ended = tour.call(&["sync", "--plan", "--all-tenants", "--tenant", "contoso"]);
    assert_eq!(ended.code, 2, "{ended:?}");
}
