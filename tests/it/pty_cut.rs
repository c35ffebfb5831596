//! Ctrl-C and the other signals that end a program, at the questions of the command line, in a real pseudo-terminal: nothing is done, and the program ends as after a signal.

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use teamsconnector::sim::Scenario;

use crate::support::invariants::whole;
use crate::support::program::{Served, run};
use crate::support::pty::Terminal;
use crate::support::web;

const CTRL_C: &str = "\u{3}";

const JONI: &str = "joni@contoso.example";

/// A command on a terminal of its own.
fn terminal(served: &Served, args: &[&str]) -> Terminal {
    let args: Vec<&str> = ["--tenant", "contoso"]
        .iter()
        .chain(args)
        .copied()
        .collect();
    let secret = Some(served.simulator.client_secret());
    Terminal::start(served.home.path(), &args, secret, (120, 60))
}

/// Ends at the question with Ctrl-C, and says so.
fn cut(mut terminal: Terminal, question: &str) {
    terminal.wait_for(question);
    terminal.press(CTRL_C);
    terminal.wait_for("Interrupted: nothing was written.");
    assert_eq!(
        terminal.ended_within(Duration::from_secs(20)),
        Some(130),
        "{question}"
    );
    terminal.given_back(question);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_at_a_question_ends_the_command_with_its_code_and_writes_nothing() {
    let served = Served::new(Scenario::Tour, "").await;
    let added = served.call(&["users", "add", JONI, "--number", "+441235123480"]);
    assert_eq!(added.code, 0, "{added:?}");
    let asked: &[(&[&str], &str)] = &[
        (&["sync"], "Type yes:"),
        (&["users", "remove", JONI], "Type yes:"),
        (&["--plain"], "contoso>"),
    ];
    for (args, question) in asked {
        for (signal, code) in [(Signal::TERM, 143), (Signal::HUP, 129)] {
            let mut terminal = terminal(&served, args);
            terminal.wait_for(question);
            terminal.signal(signal);
            terminal.wait_for("Interrupted: nothing was written.");
            let ended = terminal.ended_within(Duration::from_secs(20));
            assert_eq!(ended, Some(code), "{args:?} {signal:?}");
            terminal.given_back(question);
            whole(served.home.path(), "");
        }
    }
    let queued = served.call(&["outbox", "list", "--json"]).json();
    let entries = queued["entries"].as_array().map(Vec::len);
    assert_eq!(entries, Some(1), "{queued}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_at_a_question_ends_the_command_and_writes_nothing() {
    let served = Served::new(Scenario::Tour, "").await;
    let added = served.call(&["users", "add", JONI, "--number", "+441235123480"]);
    assert_eq!(added.code, 0, "{added:?}");
    // A run listens to Ctrl-C for itself: the question after it does all the same.
    cut(terminal(&served, &["sync"]), "Type yes:");
    // A command that has had no run.
    cut(
        terminal(&served, &["users", "remove", JONI]),
        "Remove Joni Sherman here? Type yes:",
    );
    cut(
        terminal(&served, &["tenants", "unpin", "contoso"]),
        "Type the name:",
    );
    cut(
        terminal(&served, &["tenants", "remove", "contoso"]),
        "Type the name:",
    );
    cut(terminal(&served, &["bundle"]), "Type yes:");
    let mut plain = terminal(&served, &["--plain"]);
    plain.wait_for("contoso>");
    plain.press("1 enter");
    cut(plain, "Type yes:");
    assert_eq!(
        web::number(&served.base(), "+441235123480").unwrap()["assignmentTargetId"],
        Value::Null
    );
    whole(served.home.path(), "");
    let left = served.call(&["users", "list", "--json"]);
    assert_eq!(left.json()["users"][0]["mail"], JONI, "{left:?}");
    let tenants = run(served.home.path(), &["tenants", "list"]);
    assert!(tenants.out.contains("contoso"), "{tenants:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sits_at_a_terminal_is_asked_before_a_user_is_removed() {
    let served = Served::new(Scenario::Tour, "").await;
    let added = served.call(&["users", "add", JONI, "--number", "+441235123480"]);
    assert_eq!(added.code, 0, "{added:?}");
    let remove = ["users", "remove", JONI];
    let mut asked = terminal(&served, &remove);
    let screen = asked.wait_for("Remove Joni Sherman here? Type yes:");
    assert!(
        screen.contains("Queued, and dropped by it: ") && screen.contains("+44 1235 123480"),
        "{screen}"
    );
    asked.press("no enter");
    asked.wait_for("The user stays: nothing was changed.");
    assert_eq!(asked.ended_within(Duration::from_secs(20)), Some(6));
    let mut asked = terminal(&served, &remove);
    asked.wait_for("Type yes:");
    asked.press("yes enter");
    asked.wait_for("Joni Sherman removed");
    assert_eq!(asked.ended_within(Duration::from_secs(20)), Some(0));
}
