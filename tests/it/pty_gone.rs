//! The ends that nobody asked for: a terminal that is gone, and a mistake of the program itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Duration;

use rustix::process::Signal;

use crate::support::invariants::whole;
use crate::support::line::Line;
use crate::support::program::Tour;
use crate::support::pty::Terminal;

const SIZE: (u16, u16) = (100, 30);

/// A home with a person in the first pane.
async fn inhabited() -> Tour {
    let tour = Tour::new("group = \"Voice users\"\n").await;
    let mut terminal = open(&tour, &[]);
    terminal.wait_for("s sync");
    terminal.press("2");
    terminal.wait_for("may be added");
    terminal.wait_for("Joni Sherman");
    terminal.press("/ joni enter");
    terminal.wait_for("/joni");
    terminal.press("a");
    terminal.wait_for("Joni Sherman added");
    // The pane that is left is the one that is opened again.
    terminal.press("1");
    terminal.wait_for("Enter edit");
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
    tour
}

fn open(tour: &Tour, more: &[(&str, &str)]) -> Terminal {
    let secret = tour.bench.simulator.client_secret();
    let mut variables = vec![("TEAMSCONNECTOR_CLIENT_SECRET", secret)];
    variables.extend(more);
    let args = ["--tenant", "contoso"];
    Terminal::start_with(tour.home.path(), &args, &variables, SIZE)
}

fn reports(home: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(home.join("crash")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// The console ends as after a mistake of its own: the terminal as it was, one report, nothing in it of what it was about.
fn broke(tour: &Tour, terminal: &mut Terminal, at: &str) -> String {
    assert_eq!(
        terminal.ended_within(Duration::from_secs(20)),
        Some(101),
        "{at}"
    );
    let text = terminal.given_back(at);
    whole(tour.home.path(), &text);
    assert!(
        text.contains("This is a mistake of the program"),
        "{at}: {text}"
    );
    let reports = reports(tour.home.path());
    assert_eq!(reports.len(), 1, "{at}: {reports:?}");
    let mode = fs::metadata(&reports[0]).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{at}");
    let report = fs::read_to_string(&reports[0]).unwrap();
    for secret in ["Joni", "contoso", tour.bench.simulator.client_secret()] {
        assert!(!report.contains(secret), "{at}: {report}");
    }
    fs::remove_file(&reports[0]).unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_behind_the_screen_ends_the_console_and_nothing_counts_as_saved() {
    let tour = inhabited().await;
    // In the state machine itself.
    let mut terminal = open(&tour, &[("TEAMSCONNECTOR_BREAK", "update:+44")]);
    terminal.wait_for("Enter edit");
    terminal.press("e");
    terminal.wait_for("EDIT  ");
    terminal.paste("+441235123480");
    broke(&tour, &mut terminal, "update");
    // In the threads that keep the files, as something is to be saved or run; and in the run itself.
    let edit = "Edit";
    for (place, with, keys) in [
        ("ledger", edit, "e"),
        ("cache", edit, "e"),
        ("history", "StartRun", "s"),
        ("run", "Finished", "s"),
        ("run", "Progress", "s"),
    ] {
        let at = format!("{place}:{with}");
        let mut terminal = open(&tour, &[("TEAMSCONNECTOR_BREAK", &at)]);
        terminal.wait_for("Enter edit");
        terminal.press(keys);
        if keys == "e" {
            terminal.wait_for("EDIT  ");
            terminal.press("+441235123481 enter");
        }
        let text = broke(&tour, &mut terminal, &at);
        assert!(!text.contains("queued"), "{at}: {text}");
        let queued = tour.good(&["outbox", "list", "--json"]);
        if place == "ledger" {
            assert!(!queued.contains("+441235123481"), "{at}: {queued}");
        }
        // Nothing is held, and what was under way is settled; an edit may be queued where only the picture broke.
        let ended = tour.call(&["sync"]);
        assert!([0, 5].contains(&ended.code), "{at}: {ended:?}");
    }
}

/// Longer than the time between two frames.
const A_FRAME: Duration = Duration::from_millis(50);

/// Frames that are more than a terminal takes without anybody reading it.
const TOO_MANY: usize = 60;

/// Types so that much is drawn while nobody reads, until the terminal can take no more.
fn stuff(console: &mut Line) {
    let (_to, nothing) = mpsc::channel::<()>();
    for n in 0..TOO_MANY {
        console.press(if n % 2 == 0 { "?" } else { "\x1b" });
        // Keys that come at once are drawn at once.
        assert!(nothing.recv_timeout(A_FRAME).is_err());
    }
}

/// A line that is slow, or a terminal that has been stopped: frames are dropped, and what is typed is done.
#[tokio::test(flavor = "multi_thread")]
async fn a_terminal_that_takes_nothing_holds_up_nothing_but_its_picture() {
    let tour = inhabited().await;
    let large = (250, 100);
    let mut console = Line::start(&tour, large);
    console.wait_for("Enter edit");
    stuff(&mut console);
    // It is heard and kept, though nothing of it can be seen.
    console.press("2");
    console.press("/nestor\r");
    console.press("a");
    let is_kept = || tour.good(&["users", "list"]).contains("Nestor");
    assert!((0..200).any(|_| is_kept()));
    console.press("5");
    // What waits is what the terminal had room for, and the last frame: none of those between.
    let bytes = console.wait_for("bought");
    assert!(bytes < 150_000, "{bytes}");
    stuff(&mut console);
    console.signal(Signal::TERM);
    assert_eq!(console.ended().map(|ended| ended.code), Some(143));
    whole(tour.home.path(), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_console_burns_nothing() {
    let tour = inhabited().await;
    let mut console = Line::start(&tour, SIZE);
    console.wait_for("Enter edit");
    let before = console.burnt();
    // What it does while nobody types: two seconds of waiting for an answer that does not come.
    let (_to, nothing) = mpsc::channel::<()>();
    assert!(nothing.recv_timeout(Duration::from_secs(2)).is_err());
    let burnt = console.burnt() - before;
    console.hang_up();
    let ended = console.ended().expect("it ends in time");
    assert!(burnt < 40, "{burnt} hundredths of a second in two seconds");
    assert!(ended.code == 129 && ended.burnt < 100, "{ended:?}");
}
