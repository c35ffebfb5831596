//! A reader of the output that goes away, as `head` does: the printing ends, and the exit code still says how it went.

use std::io::{BufRead as _, BufReader, Read as _, pipe};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::support::program::{Ended, Tour, command};
use crate::support::web;

const JONI: &str = "joni@contoso.example";

fn call(tour: &Tour, args: &[&str]) -> Command {
    let mut call = command(tour.home.path());
    call.env("SUDO_USER", "kim").args(args).env(
        "TEAMSCONNECTOR_CLIENT_SECRET",
        tour.bench.simulator.client_secret(),
    );
    call
}

/// A call whose output nobody reads from the beginning.
fn unheard(tour: &Tour, args: &[&str]) -> Ended {
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut call = call(tour, args);
    call.stdout(writer).stderr(Stdio::piped());
    call.spawn().unwrap().wait_with_output().unwrap().into()
}

async fn with_a_number_queued() -> Tour {
    let tour = Tour::new("").await;
    tour.good(&["users", "add", JONI]);
    tour.good(&["users", "edit", JONI, "--number", "+441235123480"]);
    tour
}

fn numbers(tour: &Tour) -> String {
    web::person(&tour.bench.base(), JONI)["numbers"].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_had_not_begun_to_write_writes_nothing_and_says_so() {
    let tour = with_a_number_queued().await;
    for args in [&["sync", "--yes"][..], &["sync", "--yes", "--json"]] {
        let ended = unheard(&tour, args);
        assert_eq!(ended.code, 5, "{ended:?}");
        let words = "Nothing was written: nobody reads the output any more.";
        assert!(ended.err.contains(words), "{ended:?}");
        assert_eq!(numbers(&tour), "[]", "{ended:?}");
    }
    // What only looks is read to its end, and has its own code.
    for (args, code) in [
        (&["sync", "--plan"][..], 5),
        (&["users", "list"], 0),
        (&["export", "users", "--for", "machine"], 0),
        (
            &["why", "nobody@contoso.example"],
            tour.call(&["why", "nobody@contoso.example"]).code,
        ),
    ] {
        let ended = unheard(&tour, args);
        assert_eq!(ended.code, code, "{args:?} {ended:?}");
    }
    let fault = json!({ "path_contains": "numberAssignments", "times": 9, "status": 403 });
    web::knobs(&tour.bench.base(), &json!({ "fail_next": [fault] }));
    let heard = tour.call(&["sync", "--yes"]);
    web::knobs(&tour.bench.base(), &json!({ "fail_next": [fault] }));
    let ended = unheard(&tour, &["sync", "--yes"]);
    assert_eq!((heard.code, ended.code), (4, 4), "{heard:?} {ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_writes_goes_on_to_its_end_with_its_true_code() {
    for (fault, code, held) in [
        (json!([]), 0, r#"["+441235123480"]"#),
        (
            json!([{ "path_contains": "/assignNumber", "status": 400, "message": "nope" }]),
            7,
            "[]",
        ),
    ] {
        let tour = with_a_number_queued().await;
        web::knobs(&tour.bench.base(), &json!({ "fail_next": fault }));
        let mut child = call(&tour, &["sync", "--yes"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut seen = String::new();
        while !seen.contains("Writing 1 change to Contoso Ltd") {
            assert!(out.read_line(&mut seen).unwrap() > 0, "{seen}");
        }
        drop(out);
        let mut err = child.stderr.take().unwrap();
        err.read_to_string(&mut seen).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{seen}");
        assert!(seen.contains(&format!("; exit {code}")), "{seen}");
        assert_eq!(numbers(&tour), held, "{seen}");
    }
}
