//! The plain console in a real pseudo-terminal: sign-in, sync, list, why and edit in lines that a screen reader can read out.

use crate::support::bench::Bench;
use crate::support::program::configure;
use crate::support::pty::Terminal;
use crate::support::web;

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_given_and_written_line_by_line() {
    let bench = Bench::new("tour").await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &bench.simulator, "");
    let mut terminal = Terminal::start(
        home.path(),
        &["--tenant", "contoso", "--plain"],
        Some(bench.simulator.client_secret()),
        (100, 90),
    );
    terminal.wait_for("Tenant contoso: not read yet.\ncontoso>");
    terminal.press("1 enter");
    terminal.wait_for("0 users, 0 unlicensed, nothing waits to be written.\ncontoso>");
    terminal.press("3 enter");
    terminal.wait_for("23 people who can be added. Words or digits to look for, Enter for all:");
    terminal.press("joni enter");
    terminal.wait_for("1. Joni Sherman, joni@contoso.example, GB");
    terminal.wait_for("1 of 1. A number to add; Enter goes back:");
    terminal.press("1 enter");
    terminal.wait_for("1 user, 0 unlicensed");
    terminal.press("2 enter");
    terminal.wait_for("1. Joni Sherman, no number, GB, licensed, joni@contoso.example");
    terminal.press("1 enter");
    terminal.wait_for("Which? Enter goes back:");
    // A refused number says why, and another can be entered.
    terminal.press("1 enter 1001 enter");
    terminal.wait_for("The telephone number provided is not valid");
    terminal.press("1 enter +441235123480 enter");
    terminal.wait_for("queued: number +44 1235 123480");
    terminal.press("enter");
    terminal.wait_for("1 change waits to be written");
    terminal.press("1 enter");
    terminal.wait_for("Type yes:");
    assert_eq!(
        web::number(&bench.base(), "+441235123480").unwrap()["assignmentTargetId"],
        serde_json::Value::Null,
        "nothing is written before the answer"
    );
    terminal.press("yes enter");
    let empty = "1 user, 0 unlicensed, nothing waits to be written.";
    terminal.wait_until("it is written", |screen| screen.matches(empty).count() == 2);
    let held = web::person(&bench.base(), "joni@contoso.example");
    assert_eq!(held["numbers"][0], "+441235123480", "{held}");
    // What the command line knows can be typed, but for no other tenant.
    terminal.press("why");
    terminal.press("space alex enter");
    terminal.wait_for("NOT ADDABLE: Calling Plan");
    terminal.press("sync");
    terminal.press("space --tenant=other enter");
    terminal.wait_for("This console works on contoso");
    terminal.press("0 enter");
    assert_eq!(
        terminal.ended_within(std::time::Duration::from_secs(4)),
        Some(0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_input_ends_it_and_a_dumb_terminal_gets_it_unasked() {
    let bench = Bench::new("tour").await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &bench.simulator, "");
    let mut terminal = Terminal::start_with(
        home.path(),
        &["--tenant", "contoso"],
        &[("TERM", "dumb")],
        (80, 24),
    );
    let screen = terminal.wait_for("contoso>");
    assert!(!screen.contains('─') && !screen.contains('│'), "{screen}");
    terminal.press("ctrl-d");
    assert_eq!(
        terminal.ended_within(std::time::Duration::from_secs(4)),
        Some(0)
    );
}
