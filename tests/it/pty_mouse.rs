//! The mouse in a real pseudo-terminal: asked for, used, given back on each way out.

use std::time::Duration;

use vt100::MouseProtocolMode;

use crate::support::pty::Terminal;

const SIZE: (u16, u16) = (80, 24);
const SOON: Duration = Duration::from_secs(20);

fn demo(home: &tempfile::TempDir, more: &[&str]) -> Terminal {
    let terminal = Terminal::start(home.path(), &[&["--demo"], more].concat(), None, SIZE);
    terminal.wait_for("6 Numbers 28");
    terminal
}

#[test]
fn a_click_on_a_tab_opens_it_and_the_end_gives_the_mouse_back() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(&home, &[]);
    assert_eq!(terminal.mouse(), MouseProtocolMode::PressRelease);
    let screen = terminal.wait_for("2 Add users");
    let column = screen.lines().nth(1).unwrap().find("2 Add users").unwrap() + 1;
    // Columns and rows of a terminal count from 1.
    terminal.press(&format!("\x1b[<0;{column};2M\x1b[<0;{column};2m"));
    terminal.wait_for("Joni Sherman");
    terminal.press("q");
    assert_eq!(terminal.ended_within(SOON), Some(0));
    assert_eq!(terminal.mouse(), MouseProtocolMode::None);
}

#[test]
fn a_signal_gives_the_mouse_back_and_a_key_does() {
    let home = tempfile::tempdir().unwrap();
    let mut terminal = demo(&home, &[]);
    // What the run says at its end would take the place of what a key says.
    terminal.wait_for("run 1 sync done");
    terminal.press("\x0f");
    terminal.wait_for("mouse off");
    assert_eq!(terminal.mouse(), MouseProtocolMode::None);
    terminal.press("\x0f");
    terminal.wait_for("mouse on");
    assert_eq!(terminal.mouse(), MouseProtocolMode::PressRelease);
    terminal.terminate();
    assert_eq!(terminal.ended_within(SOON), Some(143));
    assert_eq!(terminal.mouse(), MouseProtocolMode::None);
}

#[test]
fn the_mouse_is_not_asked_for_where_it_is_not_wanted() {
    let home = tempfile::tempdir().unwrap();
    let terminal = demo(&home, &["--no-mouse"]);
    assert_eq!(terminal.mouse(), MouseProtocolMode::None);
    drop(terminal);
    std::fs::write(home.path().join("config.toml"), "mouse = false\n").unwrap();
    let terminal = demo(&home, &[]);
    assert_eq!(terminal.mouse(), MouseProtocolMode::None);
}
