//! Work on many users in a real pseudo-terminal: from pasted cells to queued changes, numbers for all marked, an export.

use std::fmt::Write as _;

use crate::support::bench::Bench;
use crate::support::program::configure;
use crate::support::pty::{Terminal, is_read};

async fn open() -> (Bench, tempfile::TempDir, Terminal) {
    let bench = Bench::new("tour").await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &bench.simulator, "");
    let mut terminal = Terminal::start(
        home.path(),
        &["--tenant", "contoso"],
        Some(bench.simulator.client_secret()),
        (80, 24),
    );
    terminal.wait_for("s sync");
    terminal.press("s");
    terminal.wait_until("the first read", |screen| {
        is_read(screen) && screen.contains("done")
    });
    (bench, home, terminal)
}

/// Forty rows as a spreadsheet copies them; six of them cannot go in.
fn forty() -> String {
    let mut text =
        String::from("SIPUsername\tName\tEmail\tPhoneNumber\tAuthUsername\tPassword\tExternalId\n");
    for n in 1..=40 {
        let mail = match n {
            20 => "new20@contoso.example;".to_owned(),
            n => format!("new{n}@contoso.example"),
        };
        let number = match n {
            5 | 9 => format!("4412351236{n:02}"),
            13 => "4.41235E+11".to_owned(),
            // The same twice: neither is believed.
            28 => "+441235123631".to_owned(),
            n => format!("+4412351236{n:02}"),
        };
        let _ = writeln!(
            text,
            "sip{n}\tNew {n}\t{mail}\t{number}\tauth{n}\thunter2\text{n}"
        );
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_pasted_rows_six_of_them_bad_are_queued_in_at_most_60_keys() {
    let (_bench, home, mut terminal) = open().await;
    let before = terminal.keys;
    terminal.paste(&forty());
    let screen = terminal.wait_for("40 rows pasted");
    assert!(!screen.contains("hunter2"), "{screen}");
    terminal.press("enter");
    terminal.wait_for("34 create, 2 proposal, 4 refused of 40 rows");
    terminal.press("ctrl-t");
    terminal.wait_for("row 6: create; 5 are left");
    terminal.press("! ctrl-t");
    terminal.wait_for("row 10: create; 4 are left");
    terminal.press("! enter");
    terminal.wait_for("ROW 14");
    terminal.press("ctrl-u +441235123613 enter");
    terminal.wait_for("row 14: create; 3 are left");
    terminal.press("! enter");
    terminal.wait_for("ROW 21");
    terminal.press("\u{7f} enter");
    terminal.wait_for("row 21: create; 2 are left");
    terminal.press("! enter");
    terminal.wait_for("ROW 29");
    terminal.press("ctrl-u +441235123628 enter");
    terminal.wait_for("40 create of 40 rows");
    terminal.press("A");
    terminal.wait_for("40 users added; 40 changes queued, p plans them");
    let keys = terminal.keys - before;
    assert!(keys <= 60, "{keys} keys");
    terminal.wait_for("1 Users 40");
    // Nothing of the passwords is on the disk, in no file of this side.
    for file in files(home.path()) {
        let bytes = std::fs::read(&file).unwrap();
        let found = bytes.windows(7).any(|seven| seven == b"hunter2");
        assert!(!found, "{}", file.display());
    }
    terminal.press("4");
    terminal.wait_for("40 changes wait");
    terminal.press("/ 123613 enter");
    terminal.wait_for("New 13");
}

#[tokio::test(flavor = "multi_thread")]
async fn good_rows_are_queued_after_a_question_and_the_others_go_back_as_a_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let (_bench, home, mut terminal) = open().await;
    terminal.paste(&forty());
    terminal.wait_for("40 rows pasted");
    terminal.press("enter");
    terminal.wait_for("34 create, 2 proposal, 4 refused of 40 rows");
    terminal.press("P");
    let screen =
        terminal.wait_for("Queue 34 rows?  34 new users match nobody yet; 6 rows stay out:");
    assert!(screen.contains("row 21   New 20: Email: "), "{screen}");
    // The same key again answers nothing.
    terminal.press("P O");
    terminal.wait_for("EXPORT  6 rows left out of pasted cells");
    let out = home.path().join("back.csv");
    terminal.press(&format!("ctrl-u {} tab space enter", out.display()));
    terminal.wait_for("6 rows written");
    terminal.press("y");
    terminal.wait_for("34 users added; 34 changes queued, p plans them; 6 rows left out (O saves)");
    let mode = std::fs::metadata(&out).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(
        text.starts_with(
            "SIPUsername,Name,Email,PhoneNumber,AuthUsername,ExternalId,Row,Reason\r\n"
        ),
        "{text}"
    );
    assert!(text.contains("sip13,New 13,new13@contoso.example,4.41235E+11,auth13,ext13,14,"));
    assert!(!text.contains("hunter2"));
    assert_eq!(text.lines().count(), 7);
    // What the customer sends back is read again as it is: nothing of it is unknown.
    terminal.press("I");
    terminal.press(&format!("{} enter", out.display()));
    let screen = terminal.wait_for("2 proposal, 4 refused of 6 rows");
    assert!(!screen.contains("not read"), "{screen}");
    terminal.press("esc");
    // Esc and O at once would be one key of a terminal.
    terminal.wait_until("the pane", |screen| !screen.contains("IMPORT create"));
    terminal.press("O");
    terminal.wait_for("EXPORT  6 rows left out of pasted cells");
}

fn files(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push(path);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn marked_users_get_numbers_from_a_range_in_one_plan_and_are_exported() {
    let (_bench, home, mut terminal) = open().await;
    terminal.paste(
        "Name\tEmail\nAda One\tada1@contoso.example\nAda Two\tada2@contoso.example\nAda Three\tada3@contoso.example\n",
    );
    terminal.wait_for("3 rows pasted");
    terminal.press("enter");
    terminal.wait_for("3 create of 3 rows");
    terminal.press("A");
    terminal.wait_for("3 users added");
    terminal.press("* e");
    terminal.wait_for("EDIT 3 MARKED");
    terminal.press("+441235123600.. enter");
    terminal.wait_for("3 changed");
    terminal.wait_for("number +44 1235 123602");
    terminal.press("A");
    terminal.wait_for("3 users changed; 3 changes queued, p plans them");
    terminal.press("X ctrl-u");
    let out = home.path().join("out.csv");
    terminal.press(&format!("{} tab space enter", out.display()));
    terminal.wait_for("3 rows written");
    let text = std::fs::read_to_string(&out).unwrap();
    assert!(
        text.contains("Ada Two,ada2@contoso.example,+44123512360"),
        "{text}"
    );
    // In the order of the screen, which is by name.
    let names: Vec<&str> = text
        .lines()
        .filter_map(|row| row.split(',').nth(1))
        .collect();
    assert_eq!(names, ["Name", "Ada One", "Ada Three", "Ada Two"], "{text}");
    // All of them go at once, and their queued changes with them.
    terminal.press("* d");
    terminal.wait_for("REMOVE 3 MARKED");
    terminal.press("A");
    terminal.wait_for("3 users removed; no number was released");
    terminal.press("4");
    terminal.wait_for("nothing waits to be written");
    // Of everyone only who is missing goes into a file: the form and the notice say how many of those shown.
    terminal.press("2 f X ctrl-u");
    terminal.wait_for("shown: who is missing, with the reason");
    let out = home.path().join("reasons.csv");
    terminal.press(&format!("{} enter", out.display()));
    let screen = terminal.wait_for("shown, those who are missing, written to");
    let rows = std::fs::read_to_string(&out).unwrap().lines().count() - 1;
    assert!(screen.contains(&format!("{rows} of the ")), "{screen}");
}
