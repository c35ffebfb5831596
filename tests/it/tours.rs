//! The README's tours, played as they are written there, on the program as it is; `.ci/pictures` draws its pictures from them.

use std::time::Duration;

use crate::support::browser;
use crate::support::picture::{bare, folder, keep, words};
use crate::support::program::run;
use crate::support::pty::{Terminal, is_read};

const PICTURE: (u16, u16) = (120, 36);

fn demo(args: &[&str]) -> (tempfile::TempDir, Terminal) {
    let home = tempfile::tempdir().unwrap();
    let terminal = Terminal::start(home.path(), args, None, PICTURE);
    (home, terminal)
}

/// Rows of the exported file, by their numbers in it.
const ROUNDED: usize = 4;
const NO_ADDRESS: usize = 9;

#[test]
fn a_first_start_shows_three_steps_and_leads_into_the_demo() {
    let (home, mut terminal) = demo(&[]);
    let screen = terminal.frame_with(&["3  Sign in", "q quit"]);
    keep("first-start", "teamsconnector", &screen);
    terminal.press("d");
    terminal.wait_for("run 1 sync done");
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
    assert!(!home.path().join("tenants").exists());
    let mut terminal = Terminal::start(home.path(), &[], None, (80, 24));
    terminal.frame_with(&["1  Look around: press d", "q quit"]);
    terminal.press("q");
    terminal.wait_ended();
    assert!(terminal.screen().contents().contains("tenants add NAME"));
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
}

#[test]
fn why_is_my_user_missing() {
    let (_home, mut terminal) = demo(&["--demo"]);
    terminal.wait_for("run 1 sync done");
    terminal.press("2");
    let screen = terminal.frame_with(&["13 may be added", "CAN BE ADDED", "Joni Sherman"]);
    keep("console", "teamsconnector --demo", &screen);
    terminal.press("/ alex");
    terminal.wait_for("1 in everyone: Alex Wilber");
    terminal.press("enter");
    let screen = terminal.frame_with(&["NOT ADDABLE: Calling Plan", "1-3 choose"]);
    keep("why", "teamsconnector --demo", &screen);
    terminal.press("1");
    terminal.frame_with(&["stops +1 425 555 0101"]);
}

#[test]
fn give_a_number() {
    let (_home, mut terminal) = demo(&["--demo"]);
    terminal.wait_for("run 1 sync done");
    terminal.press("2 / joni enter");
    terminal.frame_with(&["Joni Sherman", "1 of 13"]);
    terminal.press("a");
    terminal.wait_for("Joni Sherman added; e gives a number");
    terminal.press("e");
    terminal.wait_for("EDIT  Joni Sherman");
    for part in ["01235", "space", "123480"] {
        terminal.press(part);
    }
    let screen = terminal.frame_with(&["did you mean", "Ctrl-T takes +44 1235 123480"]);
    keep("number", "teamsconnector --demo", &screen);
    terminal.press("ctrl-t enter");
    terminal.wait_for("p plans it");
    terminal.press("p");
    let screen = terminal.frame_with(&["PLAN  Contoso Ltd", "A apply 1"]);
    keep("plan", "teamsconnector --demo", &screen);
    terminal.press("A");
    terminal.wait_for("done: 1 written");
}

#[test]
fn import_400_people() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("people.csv");
    let scenario = "--demo=size:1855";
    let path = file.to_str().unwrap();
    let made = run(
        home.path(),
        &[
            scenario,
            "export",
            "candidates",
            "--for",
            "spreadsheet",
            "--out",
            path,
        ],
    );
    assert_eq!(made.code, 0, "{made:?}");
    // What the README has `sed` do.
    let text = std::fs::read_to_string(&file).unwrap();
    let lines: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(n, line)| match n + 1 {
            ROUNDED => {
                let (before, rest) = line.split_once("+44").unwrap();
                let (_, after) = rest.split_once(',').unwrap();
                format!("{before}4.42E+11,{after}")
            }
            NO_ADDRESS => line.replace('@', " at "),
            _ => line.to_owned(),
        })
        .collect();
    std::fs::write(&file, lines.join("\n")).unwrap();
    let mut terminal = Terminal::start(home.path(), &[scenario], None, PICTURE);
    terminal.wait_for("sync done");
    terminal.press("I");
    terminal.wait_for("path of a .csv");
    terminal.press(path);
    terminal.press("enter");
    let screen = terminal.frame_with(&["refused"]);
    keep(
        "import",
        "teamsconnector --demo=size:1855 --home try",
        &screen,
    );
}

#[test]
fn unattended_sync() {
    let home = tempfile::tempdir().unwrap();
    for args in [
        &["--demo", "users", "add", "joni@contoso.example"][..],
        &[
            "--demo",
            "users",
            "edit",
            "joni@contoso.example",
            "--number",
            "+441235123480",
        ],
    ] {
        let ended = run(home.path(), args);
        assert_eq!(ended.code, 0, "{ended:?}");
    }
    let mut terminal = Terminal::start(
        home.path(),
        &["--demo", "sync", "--yes", "--mine"],
        None,
        PICTURE,
    );
    terminal.wait_ended();
    let screen = terminal.screen();
    let text = screen.contents();
    assert!(text.contains("done: 1 written"), "{text}");
    keep(
        "unattended",
        "teamsconnector --demo --home try sync --yes --mine",
        &screen,
    );
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
}

#[test]
fn a_policy_blocks_the_device_code() {
    let (_home, mut terminal) = demo(&["--demo=code-blocked"]);
    terminal.wait_for("sign-in needed: L signs in");
    terminal.press("L");
    terminal.wait_for("type the code there");
    let screen = terminal.frame_with(&["blocked by a policy", "AADSTS53003", "b browser instead"]);
    keep("policy", "teamsconnector --demo=code-blocked", &screen);
    terminal.press("b");
    terminal.wait_for("open in a browser (Y copies it)");
    terminal.press("Y");
    let address = terminal.copied_text();
    let page = browser::follow(&address);
    assert!(page.text.contains("You can close this page"), "{page:?}");
    terminal.wait_until("the first read", is_read);
}

/// Each picture of the README is there, and what a tour says in quotes stands in one of its pictures.
#[test]
fn the_readme_shows_what_it_says() {
    let readme = include_str!("../../README.md");
    let named = |text: &str| -> Vec<String> {
        let parts = text.split("(assets/pictures/").skip(1);
        parts
            .filter_map(|part| part.split_once(".svg)").map(|(name, _)| name.to_owned()))
            .collect()
    };
    let all = named(readme);
    for name in &all {
        assert!(
            words(name).is_some(),
            "the README names {name}.svg: draw it with .ci/pictures"
        );
    }
    for entry in std::fs::read_dir(folder()).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let name = file.trim_end_matches(".svg");
        assert!(
            all.iter().any(|known| known == name),
            "{file} is in no place of the README"
        );
    }
    let (_, rest) = readme.split_once("## Five short tours\n").unwrap();
    let tours = rest.split("\n## ").next().unwrap();
    let tours: Vec<&str> = tours.split("\n### ").skip(1).collect();
    assert_eq!(tours.len(), 5);
    for tour in tours {
        let shown: String = named(tour).iter().filter_map(|name| words(name)).collect();
        let quoted: Vec<&str> = tour.split('"').skip(1).step_by(2).collect();
        assert!(!quoted.is_empty() && !shown.is_empty(), "{tour}");
        for text in quoted {
            assert!(
                shown.contains(&bare(text)),
                "no picture of this tour says {text:?}:\n{tour}"
            );
        }
    }
}
