//! Many programs on one tenant's folder at the same time: no edit is lost, one of them writes, the others are told who, and whoever
//! is killed holds up nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use serde_json::json;

use crate::support::invariants::{Saved, Scene, broken};
use crate::support::program::{Ended, Tour, command};
use crate::support::pty::Terminal;
use crate::support::web;

/// As many as one host has in its worst minute.
const MANY: usize = 16;

/// How many rounds: a sample, unless `TEAMSCONNECTOR_SWEEP` says how many, as in
/// `TEAMSCONNECTOR_SWEEP=15 cargo test --test it crowd_sweep`.
#[expect(
    clippy::disallowed_methods,
    reason = "a hook of this test, which the program does not read"
)]
fn rounds() -> usize {
    std::env::var("TEAMSCONNECTOR_SWEEP")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(3)
}

/// What one program of the crowd is there for.
#[derive(Debug, Clone)]
enum Part {
    /// Puts somebody on the list.
    Add,
    /// Gives somebody on the list a number.
    Edit { name: String, number: String },
    /// Looks.
    Look,
    /// Reads the tenant, plans, or writes.
    Run,
}

/// One program of the crowd, under way.
struct Member {
    part: Part,
    args: Vec<String>,
    child: Child,
    /// What it has printed, by the threads that read it.
    told: [Option<JoinHandle<String>>; 2],
}

impl Drop for Member {
    fn drop(&mut self) {
        // Where a test has failed: nobody is left behind.
        drop(self.child.kill());
    }
}

impl Member {
    fn start(tour: &Tour, (part, args): (Part, Vec<String>), told: Sender<(u32, String)>) -> Self {
        let mut child = program(tour, &args).spawn().unwrap();
        let id = child.id();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let out = std::thread::spawn(move || {
            let mut all = String::new();
            let mut start = 0;
            while lines.read_line(&mut all).is_ok_and(|read| read > 0) {
                // Who waits for a line may have heard enough.
                drop(told.send((id, all[start..].to_owned())));
                start = all.len();
            }
            all
        });
        let mut rest = child.stderr.take().unwrap();
        let err = std::thread::spawn(move || {
            let mut all = String::new();
            rest.read_to_string(&mut all).unwrap();
            all
        });
        Self {
            part,
            args,
            child,
            told: [Some(out), Some(err)],
        }
    }

    fn end(mut self) -> (Part, Vec<String>, Ended) {
        let code = self.child.wait().unwrap().code().unwrap_or(-1);
        let [out, err] = self
            .told
            .each_mut()
            .map(|reader| reader.take().expect("it is read once").join().unwrap());
        let ended = Ended { code, out, err };
        (self.part.clone(), std::mem::take(&mut self.args), ended)
    }
}

fn program(tour: &Tour, args: &[String]) -> Command {
    let secret = tour.bench.simulator.client_secret();
    let mut command = command(tour.home.path());
    command
        .env("SUDO_USER", "kim")
        .env("TEAMSCONNECTOR_CLIENT_SECRET", secret)
        .args(args)
        .current_dir(tour.home.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// One of the people whom the rounds are about: six in each, the last of whom two programs edit, and one whose number was queued
/// before the round.
fn person(round: usize, n: usize) -> String {
    format!("p{round}x{n}@contoso.example")
}

fn number(round: usize, n: usize) -> String {
    format!("+4412352{round:02}{n:02}")
}

const EACH: usize = 6;

/// The tour with people for so many rounds, read once, those of the first round on the list.
async fn populated(rounds: usize) -> Tour {
    let tour = Tour::new("").await;
    let base = tour.bench.base();
    for round in 0..rounds {
        for n in 0..=EACH {
            let (upn, name) = (person(round, n), format!("Person {round} {n}"));
            let body = json!({
                "userPrincipalName": upn, "mail": upn, "displayName": name, "usageLocation": "GB",
                "assignedLicenses": ["SPE_E5"], "accountType": "User",
            });
            web::ask(&base, "POST", "/_sim/users", Some(&body));
        }
        for n in 0..=EACH + 1 {
            web::put_number(&base, &number(round, n), None);
        }
    }
    tour.good(&["sync"]);
    for n in 0..=EACH {
        tour.good(&["users", "add", &person(0, n)]);
    }
    web::knobs(&base, &json!({ "remember_truth": true }));
    tour
}

/// What the programs of a round are asked: sixteen of them.
fn asked(round: usize, of: usize) -> Vec<(Part, Vec<String>)> {
    let edit = |n: usize, to: usize| {
        let (name, number) = (format!("Person {round} {n}"), number(round, to));
        let args = ["users", "edit", &person(round, n), "--number", &number];
        let args = args.map(str::to_owned).to_vec();
        (Part::Edit { name, number }, args)
    };
    let runs: &[&str] = match round % 3 {
        0 => &["sync", "sync --plan"],
        1 => &["sync --yes", "sync --yes", "sync --yes"],
        _ => &["sync --apply kept.json --yes", "sync --yes"],
    };
    let mut all: Vec<_> = (0..EACH).map(|n| edit(n, n)).collect();
    all.push(edit(EACH - 1, EACH + 1));
    all.extend(runs.iter().map(|run| (Part::Run, words(run))));
    let next = (round + 1) % of;
    if next > round {
        all.extend(
            (0..=EACH).map(|n| (Part::Add, words(&format!("users add {}", person(next, n))))),
        );
    }
    let looks = [
        "users list --json",
        "outbox list --json",
        "audit verify",
        "numbers --json",
        "changes --json",
        "why joni --json",
        "seats show --json",
        "history --json",
        "candidates --json",
    ];
    let missing = MANY - all.len().min(MANY);
    all.extend(
        looks
            .into_iter()
            .take(missing.max(1))
            .map(|look| (Part::Look, words(look))),
    );
    all
}

/// The run that says this first is killed as it says it; whether one did.
fn kill(members: &mut [Member], lines: &Receiver<(u32, String)>, at: &str) -> Option<u32> {
    let (id, _) = lines.iter().find(|(_, line)| line.contains(at))?;
    let member = members.iter_mut().find(|one| one.child.id() == id)?;
    member.child.kill().unwrap();
    Some(id)
}

/// What a program of the crowd may say at its end, by what it was there for.
fn check(part: &Part, ended: &Ended, ids: &BTreeSet<u32>, at: &str) {
    let all = format!("{}{}", ended.out, ended.err).to_lowercase();
    for word in ["is locked", "is busy", "panicked", "mistake of the program"] {
        assert!(!all.contains(word), "{at}: {ended:?}");
    }
    match part {
        Part::Add | Part::Edit { .. } | Part::Look => assert_eq!(ended.code, 0, "{at}: {ended:?}"),
        Part::Run if ended.code == 3 => {
            let (_, holder) = ended.err.split_once("held by ").expect("it says who");
            let by_one_of_us = ids
                .iter()
                .any(|id| holder.contains(&format!("process {id},")));
            let just_begun = holder.starts_with("a run that has just begun");
            assert!(by_one_of_us || just_begun, "{at}: {ended:?}");
        }
        // Left over for the next run, or partly: what a killed one has left is settled by the next.
        Part::Run => assert!([0, 5, 7].contains(&ended.code), "{at}: {ended:?}"),
    }
}

/// What the programs of a round have said was saved, by whose number it is: for the one whom two edit, one of two.
type Said = BTreeMap<String, Vec<String>>;

/// Sixteen at once; whether the one that had the lease was killed.
fn round(tour: &Tour, round: usize, of: usize, said: &mut Said) -> bool {
    let (told, lines) = channel();
    let mut members: Vec<_> = asked(round, of)
        .into_iter()
        .map(|one| Member::start(tour, one, told.clone()))
        .collect();
    drop(told);
    assert!(members.len() >= MANY, "{}", members.len());
    let mut ids: BTreeSet<u32> = members.iter().map(|one| one.child.id()).collect();
    let killed = match round % 3 {
        0 => None,
        1 => kill(&mut members, &lines, "WRITE> "),
        _ => kill(&mut members, &lines, "Signed in to "),
    };
    if killed.is_some() {
        // Whoever had the lease is gone and holds up nobody: the next has it, unless another of the crowd was quicker.
        let (told, _) = channel();
        members.push(Member::start(tour, (Part::Run, words("sync --yes")), told));
        ids.insert(members.last().unwrap().child.id());
    }
    for member in members {
        let id = member.child.id();
        let (part, args, ended) = member.end();
        if Some(id) == killed {
            continue;
        }
        check(&part, &ended, &ids, &format!("round {round}, {args:?}"));
        if let Part::Edit { name, number } = part {
            // Where two change the same, what the first has queued may be replaced before it can be named.
            let is_told = [" saved", " queued, "]
                .iter()
                .any(|it| ended.err.contains(it));
            assert!(is_told, "{ended:?}");
            said.entry(name).or_default().push(number);
        }
    }
    killed.is_some()
}

/// The tenant has taken each number's assignment once, whoever was killed in between.
fn assigned_once(tour: &Tour) {
    let log = web::ask(&tour.bench.base(), "GET", "/_sim/log", None);
    let mut taken: BTreeMap<String, usize> = BTreeMap::new();
    for request in log["requests"].as_array().unwrap() {
        let is_assigning = request["path"]
            .as_str()
            .is_some_and(|path| path.contains("/assignNumber"));
        if is_assigning
            && request["status"]
                .as_u64()
                .is_some_and(|status| status < 300)
        {
            let body = &request["body"]["telephoneNumber"];
            *taken.entry(body.as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    let twice: Vec<_> = taken.iter().filter(|(_, times)| **times > 1).collect();
    assert!(!taken.is_empty() && twice.is_empty(), "{twice:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn crowd_sweep_of_sixteen_programs_loses_no_edit_and_has_one_writer() {
    let of = rounds();
    let tour = populated(of).await;
    let kept = tour.home.path().join("kept.json");
    let (mut said, mut killed) = (Said::new(), 0);
    for n in 0..of {
        // What is applied in this round was planned before it.
        let wanted = number(n, EACH);
        tour.good(&["users", "edit", &person(n, EACH), "--number", &wanted]);
        said.insert(format!("Person {n} {EACH}"), vec![wanted]);
        if n % 3 == 2 {
            drop(std::fs::remove_file(&kept));
            let args = ["sync", "--plan", "--out", kept.to_str().unwrap()];
            let ended = tour.call(&args);
            assert_eq!(ended.code, 5, "{ended:?}");
        }
        killed += usize::from(round(&tour, n, of, &mut said));
    }
    assert!(
        killed * 3 >= of / 3 * 3,
        "{killed} of {of} rounds had a kill"
    );
    // One more run settles what the last kill has left, and writes the rest.
    let ended = tour.call(&["sync", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assigned_once(&tour);
    let state = web::ask(&tour.bench.base(), "GET", "/_sim/state", None);
    let of_state = |name: &str| {
        let people = state["users"].as_array().unwrap().iter();
        let found = people
            .clone()
            .find(|user| user["displayName"] == name)
            .unwrap();
        found["numbers"][0].as_str().unwrap_or("none").to_owned()
    };
    assert_eq!(said.len(), of * (EACH + 1));
    let saved: Vec<Saved> = said
        .iter()
        .map(|(name, numbers)| {
            let real = of_state(name);
            assert!(
                numbers.contains(&real),
                "{name}: {numbers:?} were saved, and it is {real}"
            );
            Saved {
                name: name.clone().leak(),
                field: "number",
                wanted: real.leak(),
            }
        })
        .collect();
    let secrets = [tour.bench.simulator.client_secret().to_owned()];
    let scene = Scene {
        home: Some(tour.home.path()),
        folder: Some(&tour.home.path().join("tenants/contoso")),
        state: Some(&state),
        saved: &saved,
        secrets: &secrets,
        ..Scene::default()
    };
    drop(std::fs::remove_file(kept));
    assert_eq!(broken(&scene), Vec::<String>::new());
}

/// Two consoles on one tenant: each saves its edit, the second to sync is told who is at it, and goes on once the first was killed.
#[tokio::test(flavor = "multi_thread")]
async fn two_consoles_share_a_tenant_and_the_killed_one_holds_up_nobody() {
    const WANTED: [(&str, &str); 2] = [
        ("Ben Walters", "+441235123481"),
        ("Joni Sherman", "+441235123480"),
    ];
    let tour = Tour::new("").await;
    for who in ["benw@contoso.example", "joni@contoso.example"] {
        tour.good(&["users", "add", who]);
    }
    let open = |who| {
        let secret = tour.bench.simulator.client_secret();
        let variables = [("TEAMSCONNECTOR_CLIENT_SECRET", secret), ("SUDO_USER", who)];
        Terminal::start_with(
            tour.home.path(),
            &["--tenant", "contoso"],
            &variables,
            (140, 40),
        )
    };
    let (mut kim, mut lou) = (open("kim"), open("lou"));
    for (terminal, (name, number)) in [&mut kim, &mut lou].into_iter().zip(WANTED) {
        terminal.wait_for("Enter edit");
        terminal.press("/");
        terminal.press(&format!(
            "{} enter",
            name.split(' ').next().unwrap().to_lowercase()
        ));
        terminal.wait_until("only one", |screen| {
            screen.contains(name) && !screen.contains("Lee Gu")
        });
        terminal.press("e");
        terminal.wait_for("EDIT  ");
        terminal.press(&format!("{number} enter"));
        terminal.wait_for("queued");
    }
    web::knobs(&tour.bench.base(), &json!({ "latency_ms": 2000 }));
    kim.press("s");
    kim.wait_for("reading");
    lou.press("s");
    lou.wait_for("Another run of this tenant is under way");
    lou.press("enter");
    lou.wait_for("held by root (sudo by kim) on ");
    lou.press("esc");
    lou.wait_until("the detail is closed", |screen| {
        !screen.contains("held by root")
    });
    kim.kill_hard();
    web::knobs(&tour.bench.base(), &json!({ "latency_ms": 0 }));
    lou.press("s 3");
    lou.wait_for("run 3 sync: done");
    lou.press("q");
    lou.wait_for("2 changes are queued and stay queued. Quit?");
    lou.press("y");
    assert_eq!(
        lou.ended_within(std::time::Duration::from_secs(20)),
        Some(0)
    );
    let saved = WANTED.map(|(name, wanted)| Saved {
        name,
        field: "number",
        wanted,
    });
    let state = web::ask(&tour.bench.base(), "GET", "/_sim/state", None);
    let scene = Scene {
        home: Some(tour.home.path()),
        folder: Some(&tour.home.path().join("tenants/contoso")),
        state: Some(&state),
        saved: &saved,
        ..Scene::default()
    };
    assert_eq!(broken(&scene), Vec::<String>::new());
}
