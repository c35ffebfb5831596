//! The settings form and the comparison of two runs in a real pseudo-terminal.

use serde_json::json;

use crate::support::bench::Bench;
use crate::support::program::configure;
use crate::support::pty::{Terminal, is_read};
use crate::support::web;

async fn open(size: (u16, u16)) -> (Bench, tempfile::TempDir, Terminal) {
    let bench = Bench::new("tour").await;
    let home = tempfile::tempdir().unwrap();
    configure(
        home.path(),
        &bench.simulator,
        "group = \"Voice users\" # as agreed\n",
    );
    let mut terminal = Terminal::start(
        home.path(),
        &["--tenant", "contoso"],
        Some(bench.simulator.client_secret()),
        size,
    );
    terminal.wait_for("s sync");
    terminal.press("s");
    terminal.wait_until("the first read", |screen| {
        is_read(screen) && screen.contains("done")
    });
    (bench, home, terminal)
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_are_saved_at_once_and_the_next_run_reads_with_them() {
    let (_bench, home, mut terminal) = open((80, 24)).await;
    terminal.press("2");
    terminal.wait_for("group Voice users");
    terminal.press("T");
    terminal.wait_for("TENANT SETTINGS");
    terminal.press("12 tab 2020-01-31 tab ctrl-u tab space enter");
    terminal.wait_for("settings saved: group none, mode manual, 12 seats until 2020-01-31");
    terminal.wait_for("ended 2020-01-31");
    terminal.wait_for("Manual mode: no picklist is built");
    let file = std::fs::read_to_string(home.path().join("config.toml")).unwrap();
    assert!(
        !file.contains("group") && file.contains("# as agreed"),
        "{file}"
    );
    assert!(file.contains("add_users = \"manual\""), "{file}");
    terminal.press("3 s");
    terminal.wait_for("LOG  run 2 sync: done");
    let screen = terminal.wait_for("The trial or contract ended on 2020-01-31");
    assert!(!screen.contains("Applying filter"), "{screen}");
    terminal.press("4");
    terminal.wait_for("group Voice users -> none");
    terminal.wait_for("add_users sync -> manual");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_are_marked_and_compared_and_their_logs_searched() {
    let (bench, _home, mut terminal) = open((80, 24)).await;
    let alex = json!({ "assignedLicenses": ["MCOEV"] });
    let path = "/_sim/users/alex@contoso.example";
    web::ask(&bench.base(), "PATCH", path, Some(&alex));
    terminal.press("3 S");
    terminal.wait_for("LOG  run 2 sync: done");
    terminal.press("g /");
    terminal.press("PhoneSystem enter");
    terminal.wait_for("hit 1 of 1");
    terminal.press("n");
    terminal.wait_for("hit 1 of 1");
    terminal.press("esc");
    terminal.wait_until("the search is gone", |screen| {
        !screen.contains("hit 1 of 1")
    });
    terminal.press("space down space");
    terminal.wait_for("runs 1 and 2 are marked");
    terminal.press("enter");
    terminal.wait_for("COMPARE  run 1 with run 2");
    terminal.wait_for("excludedByCallingPlan");
    terminal.press("G");
    terminal.wait_for("CHANGED GATE (1)");
    terminal.wait_for("Alex Wilber");
    terminal.wait_for("Calling Plan -> can be added");
}
