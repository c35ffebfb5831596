//! Reads that are torn: the line cut, the program killed, the answers slow, short or doubled at each call of a run, while the tenant
//! has changed. The picture is the old one or the new one, never a mix.

use std::path::Path;

use serde_json::{Value, json};
use teamsconnector::domain::run::Outcome;

use crate::support::bench::{Bench, Ran};
use crate::support::invariants::picture;
use crate::support::program::{Tour, command};
use crate::support::web;

fn knobs(base: &str, knobs: &Value) {
    web::knobs(base, knobs);
}

/// Everybody is called otherwise, somebody came, somebody went, a number has another holder.
fn change(base: &str, newcomer: &str) {
    let state = web::ask(base, "GET", "/_sim/state", None);
    for (n, user) in state["users"].as_array().unwrap().iter().enumerate() {
        let path = format!("/_sim/users/{}", user["id"].as_str().unwrap());
        if user["userPrincipalName"] == "nestor@contoso.example" {
            web::ask(base, "DELETE", &path, None);
        } else {
            let name = format!("{} {n}", user["displayName"].as_str().unwrap_or("Nobody"));
            web::ask(base, "PATCH", &path, Some(&json!({ "displayName": name })));
        }
    }
    let upn = format!("{}@contoso.example", newcomer.to_lowercase());
    let newcomer = json!({ "userPrincipalName": upn, "displayName": newcomer });
    web::ask(base, "POST", "/_sim/users", Some(&newcomer));
    web::put_number(base, "+14255550150", Some("joni@contoso.example"));
}

/// Whether a picture is the one after the change that brought somebody.
fn is_of(picture: &str, newcomer: &str) -> bool {
    let has = |text: &str| picture.contains(&format!("Text({:?})", text.as_bytes()));
    has(newcomer) && !has("nestor@contoso.example")
}

fn folder(bench: &Bench) -> std::path::PathBuf {
    bench.ledger().parent().unwrap().to_owned()
}

/// The ways in which a tenant falls silent: from one call on, for good.
fn ends() -> [Value; 5] {
    [
        json!({ "drop": true }),
        json!({ "cut": 40 }),
        json!({ "status": 500 }),
        json!({ "status": 200, "raw": "eyJ2YWx1ZSI6W3sib" }),
        json!({ "status": 403 }),
    ]
}

/// Small pages, so that there are many; and the whole tenant, or what has changed.
fn shape(whole: bool, page: u32) -> Value {
    let refusal = if whole { json!("gone") } else { Value::Null };
    json!({ "page_size": page, "next_link_numbers": true, "delta_refusal": refusal, "fail_next": [] })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_read_that_is_cut_off_at_any_call_leaves_the_old_picture_and_the_next_has_the_new() {
    for whole in [true, false] {
        let mut tried = 0;
        for how in ends() {
            let mut bench = Bench::synced("tour").await;
            let (base, folder) = (bench.base(), folder(&bench));
            let old = picture(&folder);
            change(&base, "Zoe");
            knobs(&base, &shape(whole, 7));
            let mut at = 0;
            let new = loop {
                let mut fault = how.clone();
                for (key, value) in [("skip", at), ("times", 9999)] {
                    fault[key] = json!(value);
                }
                knobs(&base, &json!({ "fail_next": [fault] }));
                let ran = bench.sync().await;
                let now = picture(&folder);
                if now != old {
                    // What follows the exchange of the pictures is about them no more.
                    break now;
                }
                let ended = !matches!(ran.outcome, Outcome::Done | Outcome::Partly);
                assert!(ended, "{how} at call {at}: {}", ran.text());
                at += 1;
                assert!(at < 100, "it never comes to its end: {how} {}", ran.text());
            };
            tried += at;
            assert!(is_of(&new, "Zoe"), "{how} at call {at}");
            knobs(&base, &shape(true, 7));
            let ran = bench.sync().await;
            assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
            assert!(picture(&folder) == new, "{how}: a whole read sees the same");
        }
        let least = if whole { 60 } else { 40 };
        assert!(tried > least, "{tried} calls were cut off");
    }
}

/// The program as it reads, held at one call and killed there.
fn killed_at(tour: &Tour, call: usize) -> bool {
    let base = tour.bench.base();
    let held = json!([{ "skip": call, "times": 1, "hold": true }]);
    knobs(&base, &json!({ "fail_next": held }));
    let before = HELD.load(std::sync::atomic::Ordering::SeqCst);
    let mut program = command(tour.home.path())
        .env(
            "TEAMSCONNECTOR_CLIENT_SECRET",
            tour.bench.simulator.client_secret(),
        )
        .arg("sync")
        .spawn()
        .unwrap();
    let (to, ended) = std::sync::mpsc::channel();
    let waits = to.clone();
    std::thread::spawn(move || {
        web::ask(&base, "GET", &format!("/_sim/held?{before}"), None);
        let _ = waits.send(true);
    });
    let id = rustix::process::Pid::from_child(&program);
    std::thread::spawn(move || {
        let done = rustix::process::WaitIdOptions::EXITED | rustix::process::WaitIdOptions::NOWAIT;
        let _ = rustix::process::waitid(rustix::process::WaitId::Pid(id), done);
        let _ = to.send(false);
    });
    let is_held = ended.recv().unwrap();
    if is_held {
        HELD.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        program.kill().unwrap();
    }
    program.wait().unwrap();
    is_held
}

/// How many calls the one tenant of the test below has held.
static HELD: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

fn whole_picture(home: &Path) -> String {
    picture(&home.join("tenants/contoso"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_is_killed_at_any_call_of_its_read_leaves_the_old_picture() {
    let tour = Tour::new("").await;
    let base = tour.bench.base();
    for (whole, newcomer) in [(true, "Zoe"), (false, "Yan")] {
        let old = whole_picture(tour.home.path());
        change(&base, newcomer);
        knobs(&base, &shape(whole, 14));
        let mut call = 0;
        while killed_at(&tour, call) && whole_picture(tour.home.path()) == old {
            call += 1;
        }
        assert!(call > if whole { 9 } else { 5 }, "killed at {call} calls");
        let now = whole_picture(tour.home.path());
        tour.good(&["sync"]);
        knobs(&base, &shape(true, 14));
        tour.good(&["sync"]);
        let new = whole_picture(tour.home.path());
        assert!(is_of(&new, newcomer));
        assert!(now == new, "what the killed one left was the new one");
    }
}

/// What a list does that is no error of its own: it trickles, it breaks off, it says some twice.
#[tokio::test(flavor = "multi_thread")]
async fn slow_short_and_doubled_lists_are_read_right_or_refused() {
    let mut bench = Bench::synced("tour").await;
    let (base, folder) = (bench.base(), folder(&bench));
    let old = picture(&folder);
    change(&base, "Zoe");

    // It ends before its own count says, without a word.
    knobs(&base, &shape(true, 7));
    for end in [1, 14, 28] {
        knobs(&base, &json!({ "ends_early": end }));
        let ran = bench.sync().await;
        assert!(
            matches!(ran.outcome, Outcome::Failed(_)),
            "{end}: {}",
            ran.text()
        );
        let is_said = ran.says("the listing is taken for cut short")
            || ran.says("is taken for a failed listing");
        assert!(
            is_said && ran.says("The last good picture stays."),
            "{end}: {}",
            ran.text()
        );
        assert!(picture(&folder) == old, "{end}");
    }

    // However near to its count it comes: who was there and is not listed is asked for by id.
    let state = web::ask(&base, "GET", "/_sim/state", None);
    let all = state["users"].as_array().unwrap().len() as u64;
    for lacks in [1, 2] {
        // The newcomer stands last, and nobody has seen her.
        let end = all - 1 - lacks;
        knobs(&base, &json!({ "ends_early": end, "page_size": end }));
        let ran = bench.sync().await;
        let Outcome::Failed(failure) = &ran.outcome else {
            panic!("{lacks} lack: {}", ran.text());
        };
        let words = format!("did not list {lacks} user");
        assert!(failure.headline.contains(&words), "{failure:?}");
        assert!(picture(&folder) == old, "{lacks}");
    }
    knobs(&base, &shape(true, 7));

    // Each piece takes its time, and each page begins with some of the page before.
    let slow = json!([{ "path_contains": "/v1.0/users?", "times": 3, "slow": 2 }]);
    knobs(
        &base,
        &json!({ "ends_early": null, "overlap": 3, "fail_next": slow }),
    );
    let ran = bench.sync().await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    let new = picture(&folder);
    let once = counted(&ran);
    let left = web::ask(&base, "GET", "/_sim/knobs", None);
    assert_eq!(left["fail_next"], json!([]), "each slow answer was sent");
    let before = web::count(&base, "GET", "/v1.0/users?");
    assert!(before > 6, "{before} pages");

    knobs(&base, &json!({ "overlap": 0, "page_size": null }));
    let ran = bench.sync().await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    assert!(picture(&folder) == new, "as if each had come once");
    assert_eq!(counted(&ran), once, "nobody is counted twice");
}

/// The line of the counters.
fn counted(ran: &Ran) -> String {
    let mut lines = ran.lines.iter().map(|line| &line.text);
    let found = lines.find(|text| text.starts_with("Enabled users: total="));
    found.expect("a run counts").clone()
}

/// A first read has nobody to compare with: what its list leaves out is there after the next.
#[tokio::test(flavor = "multi_thread")]
async fn who_is_missing_after_a_first_read_is_there_after_the_next() {
    let mut bench = Bench::new("tour").await;
    let (base, folder) = (bench.base(), folder(&bench));
    let state = web::ask(&base, "GET", "/_sim/state", None);
    let all = state["users"].as_array().unwrap().len() as u64;
    let short = json!({ "ends_early": all - 2, "page_size": all - 2, "next_link_numbers": true });
    knobs(&base, &short);
    let ran = bench.sync().await;
    assert_eq!(ran.outcome, Outcome::Done, "{}", ran.text());
    let words = format!(
        "listed {}: 2 users are missing here until the next sync",
        all - 2
    );
    assert!(ran.says(&words), "{}", ran.text());
    let first = picture(&folder);
    knobs(&base, &json!({ "ends_early": null, "page_size": null }));
    let ran = bench.sync().await;
    assert!(!ran.says("missing here"), "{}", ran.text());
    assert!(picture(&folder) != first, "two more are there");
    let whole = Bench::synced("tour").await;
    let upns = async |bench: &Bench| {
        let rows = bench.store().cache.all_rows().await.unwrap();
        let mut upns: Vec<String> = rows.into_iter().map(|row| row.upn).collect();
        upns.sort();
        upns
    };
    assert_eq!(upns(&bench).await, upns(&whole).await);
}
