//! A terminal at its worst: one whose size never rests, a line that cuts keys in pieces, and a mistake in drawing on any screen.

use std::fs;
use std::time::Duration;

use crate::support::invariants::whole;
use crate::support::program::Tour;
use crate::support::pty::Terminal;

/// The tour with two people on the list.
async fn inhabited() -> Tour {
    let tour = Tour::new("group = \"Voice users\"\n").await;
    for who in ["joni@contoso.example", "benw@contoso.example"] {
        tour.good(&["users", "add", who]);
    }
    tour.good(&[
        "users",
        "edit",
        "benw@contoso.example",
        "--number",
        "+441235123480",
    ]);
    tour
}

/// Screens, by the keys that lead to each from the first and by what it alone shows.
const SCREENS: [(&str, &str); 18] = [
    ("2", "f everyone"),
    ("3", "RUNS"),
    ("4", "DONE"),
    ("5", "bought"),
    ("6", "by number"),
    ("?", "type to search"),
    (":", "why TEXT explains"),
    ("/", "name: mail: upn"),
    ("e", "EDIT  "),
    ("w", "WHY  "),
    ("I", "IMPORT"),
    ("T", "TENANT SETTINGS"),
    ("A", "ADD BY HAND"),
    ("d", "The seat goes back"),
    ("p", "[x] Ben"),
    ("X", "To the file"),
    ("E", "THE TENANT BEFORE"),
    ("H", "HANDOVER"),
];

fn open(tour: &Tour, more: &[(&str, &str)], size: (u16, u16)) -> Terminal {
    let secret = tour.bench.simulator.client_secret();
    let mut variables = vec![("TEAMSCONNECTOR_CLIENT_SECRET", secret)];
    variables.extend(more);
    let args = ["--tenant", "contoso"];
    Terminal::start_with(tour.home.path(), &args, &variables, size)
}

/// The variable is only read in a build for development.
#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_drawing_gives_the_terminal_back_on_every_screen() {
    let tour = inhabited().await;
    let crashes = tour.home.path().join("crash");
    for (keys, text) in SCREENS {
        let at = format!("draw:{text}");
        let mut terminal = open(&tour, &[("TEAMSCONNECTOR_BREAK", &at)], (100, 30));
        terminal.wait_for("Enter edit");
        terminal.press(keys);
        let code = terminal.ended_within(Duration::from_secs(20));
        assert_eq!(code, Some(101), "{keys}: {}", terminal.screen().contents());
        let left = terminal.given_back(keys);
        assert!(
            left.contains("This is a mistake of the program"),
            "{keys}: {left}"
        );
        let mut reports = fs::read_dir(&crashes).unwrap();
        let report = reports.next().expect("a report").unwrap().path();
        let told = fs::read_to_string(&report).unwrap();
        assert!(
            !told.contains("Joni") && !told.contains("contoso"),
            "{keys}: {told}"
        );
        fs::remove_file(report).unwrap();
    }
    whole(tour.home.path(), "");
}

/// Whoever drags a window's edge: each size for as long as it lasts, keys between, and at the end the screen as it should be.
#[tokio::test(flavor = "multi_thread")]
async fn a_storm_of_sizes_leaves_a_console_that_works() {
    let tour = inhabited().await;
    let mut terminal = open(&tour, &[], (300, 100));
    terminal.wait_for("Enter edit");
    let mut chance = 7_u32;
    for n in 0..500_u32 {
        chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let part = |of: u32, shift: u32| u16::try_from((chance >> shift) % of + 1).unwrap();
        terminal.resize((part(300, 16), part(100, 8)));
        // A key for each tenth size; where the window is too small for any it does not count.
        if n % 10 == 0 {
            terminal.press(["1", "2", "3", "4", "5", "6"][(n / 10 % 6) as usize]);
        }
    }
    terminal.resize((300, 100));
    terminal.press("1");
    terminal.wait_for("Enter edit");
    terminal.press("e");
    terminal.wait_for("EDIT  ");
    terminal.press("esc");
    terminal.wait_until("the form is closed", |screen| !screen.contains("EDIT  "));
    terminal.press("q");
    terminal.wait_for("Quit?");
    terminal.press("y");
    assert_eq!(terminal.ended_within(Duration::from_secs(20)), Some(0));
    terminal.given_back("after the storm");
    whole(tour.home.path(), "");
    assert_eq!(
        fs::read_dir(tour.home.path().join("crash"))
            .unwrap()
            .count(),
        0
    );
}

/// A key that comes in the same moment as another size waits for no later key, and is read by the size that it was typed at.
#[tokio::test(flavor = "multi_thread")]
async fn no_key_is_lost_among_two_hundred_sizes() {
    let tour = inhabited().await;
    let mut terminal = open(&tour, &[], (300, 100));
    terminal.wait_for("Enter edit");
    terminal.press("/");
    terminal.wait_for("name: mail: upn");
    let mut typed = String::new();
    for n in 0..200_u16 {
        let size = (300 - n % 2, 100 - n % 3);
        let key = ["a", "b", "c", "d", "e", "f", "g"][usize::from(n % 7)];
        typed.push_str(key);
        if n % 2 == 0 {
            // In a window of this size no key counts; it does at once when the window is large again.
            terminal.resize((4, 2));
            terminal.resize(size);
        }
        terminal.press(key);
        if n % 2 == 1 {
            terminal.resize(size);
        }
        // The field shows the end of what is long.
        terminal.wait_for(&typed[typed.len().saturating_sub(40)..]);
    }
}

/// The plan, with one change in it.
fn plan(tour: &Tour) -> Terminal {
    let mut terminal = open(tour, &[], (80, 24));
    terminal.wait_for("Enter edit");
    terminal.press("p");
    terminal.wait_for("[x] Ben");
    terminal
}

/// Wherever reading cuts them: Esc would close the plan, and the letters would open a form.
#[tokio::test(flavor = "multi_thread")]
async fn six_thousand_keys_at_once_are_those_keys() {
    let tour = inhabited().await;
    let mut terminal = plan(&tour);
    // Their lengths are such that reads of many sizes end behind an ESC.
    terminal.press(&"\x1b[B\x1b[1~\x1b[4~".repeat(2_000));
    terminal.press("space");
    terminal.wait_for("[ ] Ben");
}

/// ESC waits for longer than the test takes: whatever comes behind it is no pause.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_brings_each_byte_by_itself_brings_the_same_keys() {
    let tour = inhabited().await;
    let file = tour.home.path().join("config.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("esc_wait = 60000\n{config}")).unwrap();
    let mut terminal = plan(&tour);
    terminal.send_apart(b"\x1b[A\x1bOB\x1b[6~\x1b[1;2A\x1b[<0;1;24M\x1b[200~A\x1b[A\x1b[201~ ");
    terminal.wait_for("[ ] Ben");
    // Behind ESC another key has begun: it was the key.
    terminal.send_apart(b"\x1b\x1b[B");
    terminal.wait_until("the plan is closed", |screen| !screen.contains("] Ben"));
}
