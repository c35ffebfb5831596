//! Signals that ask a command to end: what it is writing is finished, nothing more is begun, and the exit code says which it was.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdout, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use crate::support::program::{Tour, command};
use crate::support::web;

const LEE: &str = "lee@contoso.example";

/// A `sync --yes` whose lines are read as they come.
struct Writing {
    tour: Tour,
    child: Child,
    out: BufReader<ChildStdout>,
    seen: String,
}

impl Writing {
    /// Lee's number is to be changed; `start` makes the call.
    async fn start(start: impl FnOnce(Command) -> Command) -> Self {
        let tour = Tour::new("").await;
        for args in [
            &["users", "add", LEE][..],
            &["users", "edit", LEE, "--number", "+441235123481"],
        ] {
            tour.good(args);
        }
        let mut call = start(command(tour.home.path()));
        call.env("SUDO_USER", "kim").env(
            "TEAMSCONNECTOR_CLIENT_SECRET",
            tour.bench.simulator.client_secret(),
        );
        let mut child = call
            .args(["sync", "--yes"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Self {
            out: BufReader::new(child.stdout.take().unwrap()),
            tour,
            child,
            seen: String::new(),
        }
    }

    /// Reads until a line has this.
    fn wait_for(&mut self, text: &str) {
        while !self.seen.contains(text) {
            let read = self.out.read_line(&mut self.seen).unwrap();
            assert!(read > 0, "no {text:?}: {}", self.seen);
        }
    }

    fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }

    /// What it ended with, all it printed, and the number that Lee has then.
    fn ended(mut self) -> (Option<i32>, String, String) {
        self.out.read_to_string(&mut self.seen).unwrap();
        let err = self.child.stderr.take().unwrap();
        BufReader::new(err).read_to_string(&mut self.seen).unwrap();
        let code = self.child.wait().unwrap().code();
        let lee = web::person(&self.tour.bench.base(), LEE);
        (code, self.seen, lee["numbers"].to_string())
    }
}

const STOPPING: &str = "Stopping; what is being written is finished first.";

#[tokio::test(flavor = "multi_thread")]
async fn a_change_under_way_is_finished_and_the_code_says_which_signal_it_was() {
    let mut all = Vec::new();
    for (signals, code) in [
        (&[Signal::TERM][..], 143),
        // A terminal that goes away tells it twice.
        (&[Signal::HUP, Signal::HUP], 129),
        (&[Signal::INT], 130),
        (&[Signal::TERM, Signal::HUP], 143),
        (&[Signal::HUP, Signal::TERM], 143),
    ] {
        let mut writing = Writing::start(|call| call).await;
        writing.wait_for("Lee Gu: +44 1235 123471 released");
        for signal in signals {
            writing.signal(*signal);
        }
        all.push((writing, code));
    }
    for (writing, code) in all {
        let (ended, said, lee) = writing.ended();
        assert_eq!(ended, Some(code), "{said}");
        assert_eq!(lee, r#"["+441235123481"]"#, "{said}");
        assert_eq!(said.matches(STOPPING).count(), 1, "{said}");
        let line = format!(
            "contoso: cancelled: 1 written, 0 refused, 0 in conflict, 0 left in the outbox; exit {code}"
        );
        assert!(said.contains(&line), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once() {
    let mut writing = Writing::start(|call| call).await;
    writing.wait_for("Writing 1 change to Contoso Ltd");
    web::knobs(
        &writing.tour.bench.base(),
        &json!({ "latency_ms": 600_000 }),
    );
    writing.signal(Signal::INT);
    let mut err = BufReader::new(writing.child.stderr.take().unwrap());
    let mut said = String::new();
    while !said.contains(STOPPING) {
        assert!(err.read_line(&mut said).unwrap() > 0, "{said}");
    }
    writing.signal(Signal::TERM);
    assert_eq!(writing.child.wait().unwrap().code(), Some(143), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_reads_is_left_at_once() {
    for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut writing = Writing::start(|call| call).await;
        writing.wait_for("Signed in to Contoso Ltd");
        web::knobs(
            &writing.tour.bench.base(),
            &json!({ "latency_ms": 600_000 }),
        );
        writing.signal(signal);
        let (ended, said, lee) = writing.ended();
        assert_eq!(ended, Some(code), "{said}");
        assert_eq!(lee, r#"["+441235123471"]"#, "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nohup_is_obeyed() {
    let nohup = |plain: Command| {
        let mut call = Command::new("nohup");
        call.arg(plain.get_program()).env_clear();
        for (name, value) in plain.get_envs() {
            call.env(name, value.unwrap());
        }
        call.stdin(Stdio::null());
        call
    };
    let mut writing = Writing::start(nohup).await;
    writing.wait_for("Lee Gu: +44 1235 123471 released");
    writing.signal(Signal::HUP);
    let (ended, said, lee) = writing.ended();
    assert_eq!(ended, Some(0), "{said}");
    assert_eq!(lee, r#"["+441235123481"]"#, "{said}");
    assert!(!said.contains(STOPPING), "{said}");
}
