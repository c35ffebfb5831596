//! What the console costs on a slow line: bytes of each frame, counted in a real pseudo-terminal.

use std::sync::mpsc;
use std::time::Duration;

use teamsconnector::sim::Scenario;

use crate::support::program::Served;
use crate::support::pty::Terminal;

/// A tenant that has been read, open on the list of everyone.
async fn everyone(size: (u16, u16)) -> (Served, Terminal) {
    let served = Served::new(Scenario::parse("size:400").unwrap(), "").await;
    let ended = served.call(&["sync"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let secret = Some(served.simulator.client_secret());
    let args = ["--tenant", "contoso"];
    let mut terminal = Terminal::start(served.home.path(), &args, secret, size);
    terminal.wait_for("s sync");
    terminal.press("2");
    terminal.wait_for("f everyone");
    terminal.press("f");
    terminal.wait_for("everyone in the tenant: 400");
    (served, terminal)
}

/// The row of the list that has the bar.
fn bar(screen: &vt100::Screen) -> u16 {
    let (height, _) = screen.size();
    let is_bar = |y: &u16| screen.cell(*y, 5).is_some_and(vt100::Cell::inverse);
    (3..height.get())
        .find(is_bar)
        .expect("a row has the cursor")
}

/// Nobody types for as long: what comes.
fn idle(terminal: &Terminal) -> usize {
    let before = terminal.bytes();
    let (_to, nothing) = mpsc::channel::<()>();
    assert!(nothing.recv_timeout(Duration::from_secs(2)).is_err());
    terminal.bytes() - before
}

/// Nothing more comes, once what is under way has come: a console that ticks or redraws never gets there.
fn rests(terminal: &Terminal) -> bool {
    (0..20).any(|_| idle(terminal) == 0)
}

/// Presses a key, and waits for all frames that it brings; their bytes.
fn cost(terminal: &mut Terminal, key: &str, frames: usize) -> Vec<usize> {
    let before = terminal.frames().len();
    terminal.press(key);
    terminal.wait_frames(before + frames)[before..].to_vec()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_screen_costs_what_has_changed() {
    let (_served, mut terminal) = everyone((80, 24)).await;
    assert!(rests(&terminal));
    let top = bar(&terminal.screen());
    for row in top + 1..22 {
        let step = cost(&mut terminal, "down", 1);
        assert!(step[0] <= 600, "{step:?}");
        assert_eq!(bar(&terminal.screen()), row);
    }
    for _ in 0..5 {
        let before = terminal.screen().contents();
        let scroll = cost(&mut terminal, "down", 1);
        assert!(scroll[0] <= 600, "{scroll:?}");
        let screen = terminal.screen();
        assert_eq!(bar(&screen), 21);
        let rows = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (before, after) = (rows(&before), rows(&screen.contents()));
        let top = usize::from(top);
        assert_eq!(before[top + 1..22], after[top..21]);
    }
    assert!(rests(&terminal));
    let full = cost(&mut terminal, "1", 1);
    assert!(full[0] <= 2_500, "{full:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_screen_costs_what_has_changed() {
    let (_served, mut terminal) = everyone((200, 50)).await;
    terminal.wait_for("WHY  ");
    assert!(rests(&terminal));
    // The step, and the explanation of the row once the cursor rests there.
    let top = bar(&terminal.screen());
    for row in top + 1..48 {
        let step = cost(&mut terminal, "down", 2);
        assert!(step[0] <= 600 && step[1] <= 1_600, "{step:?}");
        assert_eq!(bar(&terminal.screen()), row);
    }
    for _ in 0..5 {
        let scroll = cost(&mut terminal, "down", 2);
        assert!(scroll[0] <= 1_024 && scroll[1] <= 1_600, "{scroll:?}");
        assert_eq!(bar(&terminal.screen()), 47);
    }
    assert!(rests(&terminal));
    let whole = cost(&mut terminal, "?", 1);
    assert!(whole[0] <= 7_168, "{whole:?}");
    terminal.press("esc");
    terminal.wait_for("everyone in the tenant: 400");
    terminal.press("/ ameli");
    terminal.wait_for("/ameli");
    assert!(rests(&terminal));
    let before = terminal.bytes();
    terminal.press("a");
    terminal.wait_for("/amelia");
    assert!(rests(&terminal));
    let letter = terminal.bytes() - before;
    assert!(letter <= 64, "{letter}");
}
