//! The plain console in a real pseudo-terminal: sign-in, sync, list, why and edit in lines that a screen reader can read out.

use teamsconnector::sim::Scenario;

use crate::support::program::Served;
use crate::support::pty::Terminal;
use crate::support::web;

/// The plain console on a tenant, with so many lines that nothing scrolls away.
fn plain(served: &Served, lines: u16) -> Terminal {
    Terminal::start(
        served.home.path(),
        &["--tenant", "contoso", "--plain"],
        Some(served.simulator.client_secret()),
        (100, lines),
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_given_and_written_line_by_line() {
    let served = Served::new(Scenario::Tour, "").await;
    let mut terminal = plain(&served, 90);
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
    terminal.wait_for("plans it: number +44 1235 123480");
    terminal.press("enter");
    terminal.wait_for("1 change waits to be written");
    terminal.press("1 enter");
    terminal.wait_for("Type yes:");
    assert_eq!(
        web::number(&served.base(), "+441235123480").unwrap()["assignmentTargetId"],
        serde_json::Value::Null,
        "nothing is written before the answer"
    );
    terminal.press("yes enter");
    let empty = "1 user, 0 unlicensed, nothing waits to be written.";
    terminal.wait_until("it is written", |screen| screen.matches(empty).count() == 2);
    let held = web::person(&served.base(), "joni@contoso.example");
    assert_eq!(held["numbers"][0], "+441235123480", "{held}");
    // What the command line knows can be typed, but for no other tenant.
    terminal.press("why");
    terminal.press("space alex enter");
    terminal.wait_for("NOT ADDABLE: Calling Plan");
    terminal.press("sync");
    terminal.press("space --tenant=other enter");
    terminal.wait_for("This console works on contoso");
    // A word that is no command is refused in plain letters.
    terminal.press("outbx enter");
    terminal.wait_for("unrecognized subcommand 'outbx'");
    let screen = terminal.screen();
    let (rows, columns) = screen.size();
    for row in 0..rows.get() {
        for column in 0..columns.get() {
            if let Some(cell) = screen.cell(row, column) {
                let plain = cell.fgcolor() == vt100::Color::Default && !cell.bold();
                assert!(plain, "{row} {column}: {:?}", cell.contents());
            }
        }
    }
    terminal.press("0 enter");
    assert_eq!(
        terminal.ended_within(std::time::Duration::from_secs(4)),
        Some(0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_input_ends_it_and_a_dumb_terminal_gets_it_unasked() {
    let served = Served::new(Scenario::Tour, "").await;
    let mut terminal = Terminal::start_with(
        served.home.path(),
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

#[tokio::test(flavor = "multi_thread")]
async fn a_cause_is_mended_by_the_number_of_its_way() {
    let served = Served::new(Scenario::Tour, "").await;
    let mut terminal = plain(&served, 160);
    terminal.wait_for("not read yet.\ncontoso>");
    terminal.press("6 enter");
    terminal.wait_for("Nothing waits to be written.");
    terminal.press("4 enter");
    terminal.wait_for("Why who?");
    terminal.press("alex enter");
    terminal.wait_for(
        "A number goes that way; r reads this person again from the tenant; Enter goes back:",
    );
    // A number that no way has, and the wrong name: nothing is queued.
    terminal.press("7 7 enter");
    terminal.wait_for("77 is none of these. Nothing was done.");
    terminal.press("1 enter");
    terminal.wait_for("The user's full name queues it; Enter goes back:");
    terminal.press("a l e x enter");
    terminal.wait_for("yes also adds this user as soon as all gates pass; Enter does not:");
    terminal.press("enter");
    terminal.wait_for("It is done only with the user's name typed.");
    terminal.wait_for("nothing waits to be written.");
    terminal.press("4 enter a l e x enter");
    terminal.wait_until("asked again", |screen| {
        screen.matches("A number goes that way").count() == 3
    });
    terminal.press("1 enter");
    terminal.wait_until("the name", |screen| {
        screen.matches("full name queues it").count() == 2
    });
    terminal.press("A l e x space W i l b e r enter");
    terminal.wait_until("adding", |screen| {
        screen.matches("yes also adds").count() == 2
    });
    terminal.press("yes enter");
    terminal.wait_for("Choice 1 shows it once more, and writes it.");
    terminal.press("6 enter");
    terminal.wait_for("A number to decide or drop one; Enter goes back:");
    terminal.press("1 enter 1 enter");
    terminal.press("9 enter");
    terminal.wait_for("Nothing is left of another tenant.");
    terminal.press("0 enter");
    assert_eq!(
        terminal.ended_within(std::time::Duration::from_secs(4)),
        Some(0)
    );
}
