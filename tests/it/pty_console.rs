//! The console in a real pseudo-terminal: a newcomer's way from start to a number in the tenant, and the ends that come unasked.

use std::time::Duration;

use rustix::process::Signal;

use crate::support::bench::Bench;
use crate::support::program::configure;
use crate::support::pty::{Terminal, is_read};
use crate::support::web;

const SMALL: (u16, u16) = (80, 24);

async fn configured() -> (Bench, tempfile::TempDir) {
    let bench = Bench::new("tour").await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &bench.simulator, "group = \"Voice users\"\n");
    (bench, home)
}

fn open(bench: &Bench, home: &tempfile::TempDir, size: (u16, u16)) -> Terminal {
    Terminal::start(
        home.path(),
        &["--tenant", "contoso"],
        Some(bench.simulator.client_secret()),
        size,
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newcomer_adds_a_user_and_writes_its_number_in_at_most_40_keys() {
    let (bench, home) = configured().await;
    let mut terminal = open(&bench, &home, SMALL);
    terminal.wait_for("s sync");
    terminal.press("s");
    terminal.wait_until("the first read", |screen| {
        screen.contains("2 Add users") && is_read(screen)
    });
    terminal.press("2");
    terminal.wait_for("Joni Sherman");
    terminal.press("/ joni enter");
    terminal.wait_until("only Joni", |screen| {
        screen.contains("Joni Sherman") && !screen.contains("Nestor Wilke")
    });
    terminal.press("a");
    terminal.wait_for("Joni Sherman added");
    terminal.press("e");
    terminal.wait_for("Number");
    terminal.press("+441235123480");
    terminal.wait_for("01235 123480");
    terminal.press("enter");
    // The row says so a moment before the form closes, and the form takes no key while it saves.
    terminal.wait_for("p plans it");
    terminal.press("p");
    terminal.wait_for("PLAN");
    terminal.wait_for("[x] Joni Sherman");
    terminal.press("A");
    terminal.wait_for("1 written");
    terminal.wait_for("+44 1235 123480");
    assert!(terminal.keys <= 40, "{} keys", terminal.keys);
    let base = bench.base();
    let id = web::person(&base, "joni@contoso.example")["id"].clone();
    assert_eq!(
        web::number(&base, "+441235123480").unwrap()["assignmentTargetId"],
        id
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_user_is_explained_within_15_keys() {
    let (bench, home) = configured().await;
    let mut terminal = open(&bench, &home, SMALL);
    terminal.read_first();
    terminal.press("/ alex");
    terminal.wait_for("1 in everyone: Alex Wilber");
    terminal.press("enter");
    terminal.wait_for("NOT ADDABLE: Calling Plan inside");
    assert!(terminal.keys <= 15, "{} keys", terminal.keys);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_edit_survives_sigkill() {
    let (bench, home) = configured().await;
    let mut terminal = open(&bench, &home, SMALL);
    terminal.read_first();
    terminal.press("2 / joni enter a");
    terminal.wait_for("Joni Sherman added");
    terminal.press("e");
    terminal.wait_for("Number");
    // As long as another has the ledger nothing can be committed, and nothing counts as saved.
    let ledger = home.path().join("tenants/contoso/ledger.db");
    let other = rusqlite::Connection::open(ledger).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    terminal.press("+441235123480 enter");
    let screen = terminal.wait_until("it is being saved", |screen| {
        screen.contains("saving…") || screen.contains("plans it")
    });
    assert!(screen.contains("saving…"), "{screen}");
    other.execute_batch("ROLLBACK").unwrap();
    terminal.wait_for("plans it");
    terminal.kill_hard();
    let mut terminal = open(&bench, &home, SMALL);
    terminal.wait_for("Joni Sherman");
    terminal.wait_for("queued");
    terminal.press("4");
    terminal.wait_for("+44 1235 123480");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_in_mid_run_ends_it_and_leaves_the_last_picture() {
    let (bench, home) = configured().await;
    let mut terminal = open(&bench, &home, SMALL);
    terminal.read_first();
    terminal.press("2");
    terminal.wait_for("Joni Sherman");
    web::knobs(&bench.base(), &serde_json::json!({ "latency_ms": 700 }));
    terminal.press("s");
    terminal.wait_for("reading");
    terminal.hang_up();
    assert!(
        terminal.ended_within(Duration::from_secs(4)).is_some(),
        "it ends within four seconds"
    );
    web::knobs(&bench.base(), &serde_json::json!({ "latency_ms": 0 }));
    let mut terminal = open(&bench, &home, SMALL);
    terminal.wait_for("s sync");
    terminal.press("2");
    terminal.wait_for("Joni Sherman");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_console_quits_cleanly() {
    let (bench, home) = configured().await;
    let mut terminal = open(&bench, &home, (140, 40));
    terminal.wait_for("s sync");
    terminal.press("?");
    terminal.wait_for("type to search");
    terminal.press("esc");
    // Esc and a letter in one breath would be Alt and that letter.
    terminal.wait_until("the list is closed", |screen| {
        !screen.contains("type to search")
    });
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
}

/// Whether the terminal is as a shell wants it.
fn given_back(screen: &vt100::Screen) -> bool {
    !screen.alternate_screen()
        && !screen.bracketed_paste()
        && !screen.hide_cursor()
        && screen.mouse_protocol_mode() == vt100::MouseProtocolMode::None
}

#[tokio::test(flavor = "multi_thread")]
async fn each_signal_that_ends_the_console_gives_the_terminal_back_and_has_a_code_of_its_own() {
    let (bench, home) = configured().await;
    for (signal, code) in [
        (Signal::INT, 130),
        (Signal::QUIT, 131),
        (Signal::TERM, 143),
        (Signal::HUP, 129),
    ] {
        let mut terminal = open(&bench, &home, SMALL);
        terminal.wait_for("s sync");
        assert!(terminal.screen().alternate_screen());
        assert!(!given_back(&terminal.screen()));
        terminal.signal(signal);
        let ended = terminal.ended_within(Duration::from_secs(10));
        assert_eq!(ended, Some(code), "{signal:?}");
        assert!(given_back(&terminal.screen()), "{signal:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_gives_the_terminal_back_and_going_on_draws_everything_anew() {
    let (bench, home) = configured().await;
    let mut terminal = open(&bench, &home, SMALL);
    terminal.read_first();
    terminal.press("2");
    // What is said of the run goes by itself.
    let table = |screen: &vt100::Screen| {
        let rows = screen.rows(0, SMALL.0).take(20);
        rows.map(|row| row.trim_end().to_owned())
            .collect::<Vec<_>>()
    };
    let before = terminal.frame_with(&["Joni Sherman", "? all keys"]);
    for _ in 0..2 {
        terminal.signal(Signal::TSTP);
        terminal.wait_stopped();
        terminal.wait_screen("the shell's screen", given_back);
        terminal.signal(Signal::CONT);
        terminal.wait_screen("the console's screen", |screen| {
            screen.alternate_screen()
                && screen.bracketed_paste()
                && screen.mouse_protocol_mode() == before.mouse_protocol_mode()
                && table(screen) == table(&before)
        });
    }
    // No shell waits here: the key would stop a program that nobody lets go on.
    terminal.press("\u{1a}");
    terminal.wait_for("no shell waits behind the console");
    terminal.press("1");
    terminal.wait_for("1 Users");
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
    assert!(given_back(&terminal.screen()));
}

/// The variable is only read in a build for development.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_gives_the_terminal_back_and_leaves_a_report_without_what_it_was_about() {
    let (_bench, home) = configured().await;
    let mut terminal = Terminal::start_with(
        home.path(),
        &["--tenant", "contoso"],
        &[
            ("TEAMSCONNECTOR_CLIENT_SECRET", "canary-of-the-app"),
            ("TEAMSCONNECTOR_BREAK", "draw:s sync"),
        ],
        (200, 50),
    );
    assert_eq!(terminal.ended_within(Duration::from_secs(20)), Some(101));
    let screen = terminal.screen();
    assert!(!screen.alternate_screen(), "{}", screen.contents());
    assert!(!screen.hide_cursor());
    assert_eq!(terminal.mouse(), vt100::MouseProtocolMode::None);
    assert!(
        screen
            .contents()
            .contains("This is a mistake of the program"),
        "{}",
        screen.contents()
    );
    // The shell goes on below what was told, not in the middle of it.
    let (cursor, _) = screen.cursor_position();
    let told: String = screen.rows(0, 200).take(usize::from(cursor)).collect();
    assert!(
        told.contains("settles what was under way"),
        "cursor in row {cursor}: {}",
        screen.contents()
    );
    let reports: Vec<_> = std::fs::read_dir(home.path().join("crash"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
    let report = std::fs::read_to_string(&reports[0]).unwrap();
    let version = format!("teamsconnector {}\n", env!("CARGO_PKG_VERSION"));
    assert!(report.starts_with(&version), "{report}");
    assert!(report.contains("place src/runtime/mod.rs:"), "{report}");
    assert!(!report.contains("canary"), "{report}");
    assert!(!report.contains("broken with"), "{report}");
    let mode = std::os::unix::fs::PermissionsExt::mode(
        &std::fs::metadata(&reports[0]).unwrap().permissions(),
    );
    assert_eq!(mode & 0o777, 0o600);
    let log = std::fs::read_to_string(home.path().join("logs/teamsconnector.log")).unwrap();
    assert!(log.contains(" INFO ") && log.contains("started"), "{log}");
    assert!(!log.contains("canary"), "{log}");
}
