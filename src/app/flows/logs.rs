//! Logs: their cursor, their levels, who is named in a line, what is copied and kept of them.

use std::sync::Arc;

use crate::app::action::Place;
use crate::app::effect::{Effect, Exported, Who};
use crate::app::event::{LedgerEvent, SessionEvent, What};
use crate::app::fixture::Driver;
use crate::app::pane::sync::Tail;
use crate::domain::run::{Level, LogLine, Outcome, RunEvent, RunId, Source};
use crate::domain::user::UserId;
use crate::view::screens::screen;

use super::{finished, run};

fn line(n: u32, level: Level, text: &str) -> LogLine {
    LogLine {
        at: n,
        source: Source::Match,
        level,
        text: text.to_owned(),
    }
}

/// Pane 3 with a run that has said forty lines, the last of them a warning about Lee Gu, the one before it a debug line.
fn going() -> (Driver, crate::app::event::RequestId) {
    let mut t = Driver::new();
    t.keys("3 s");
    let req = t.asked();
    run(&mut t, req, RunEvent::Started { number: RunId(13) });
    for n in 0..38 {
        let text = format!("line {n}");
        run(&mut t, req, RunEvent::Log(line(n, Level::Info, &text)));
    }
    run(
        &mut t,
        req,
        RunEvent::Log(line(38, Level::Debug, "GET /users")),
    );
    let warning = line(39, Level::Warning, "Lee Gu: the number is gone");
    run(&mut t, req, RunEvent::Log(warning));
    (t, req)
}

fn written(t: &mut Driver) {
    let req = t.asked();
    let notice = "written".to_owned();
    t.event(What::Session(SessionEvent::Done { req, notice }));
}

fn head(t: &Driver) -> String {
    let rows = screen(&t.app);
    rows.into_iter().find(|row| row.starts_with("LOG")).unwrap()
}

#[test]
fn the_cursor_stops_the_log_and_says_what_has_come_since() {
    let (mut t, req) = going();
    assert!(head(&t).ends_with(" following"), "{}", head(&t));
    t.keys("K");
    assert_eq!(t.app.sync.search.here, Some(39));
    assert!(head(&t).ends_with(" paused; G follows"), "{}", head(&t));
    t.keys("K K");
    assert_eq!(t.app.sync.search.here, Some(37));
    let shown = screen(&t.app);
    run(
        &mut t,
        req,
        RunEvent::Log(line(40, Level::Info, "one more")),
    );
    assert!(
        head(&t).ends_with(" paused, 1 new line; G follows"),
        "{}",
        head(&t)
    );
    run(
        &mut t,
        req,
        RunEvent::Log(line(41, Level::Info, "and more")),
    );
    assert!(
        head(&t).ends_with(" paused, 2 new lines; G follows"),
        "{}",
        head(&t)
    );
    assert_eq!(screen(&t.app)[4..15], shown[4..15], "it stands still");
    // Past the last line the end is followed, and so it is by its key.
    t.keys("J J J J J");
    assert_eq!(
        (t.app.sync.search.here, t.app.sync.tail),
        (None, Tail::Follow)
    );
    t.keys("K G");
    assert_eq!(
        (t.app.sync.search.here, t.app.sync.tail),
        (None, Tail::Follow)
    );
    assert!(head(&t).ends_with(" following"), "{}", head(&t));
    // The first line, and a page on: the cursor stays on the screen.
    t.keys("g <pagedown> J");
    let here = t.app.sync.search.here.unwrap();
    let Tail::From(top) = t.app.sync.tail else {
        panic!("{:?}", t.app.sync.tail);
    };
    assert!(here > top && here < top + 12, "{here} {top}");
}

#[test]
fn levels_hide_lines_and_the_title_says_so() {
    let (mut t, _) = going();
    t.keys("v");
    assert_eq!(t.notice(), "the log shows info and up");
    assert!(!screen(&t.app).join("\n").contains("GET /users"));
    assert!(head(&t).contains(" info and up  following"), "{}", head(&t));
    t.keys("v");
    let rows = screen(&t.app);
    assert!(
        rows[4].contains("Lee Gu: the number is gone [warning]"),
        "{rows:#?}"
    );
    assert_eq!(rows[5].trim(), "");
    // The search finds what is shown alone, and the cursor goes over what is not.
    t.keys("/ l i n e <enter>");
    assert!(screen(&t.app)[2].contains("not in this log"));
    t.keys("<esc> K");
    assert_eq!(t.app.sync.search.here, Some(39));
    t.keys("K");
    assert_eq!(
        t.app.sync.search.here,
        Some(39),
        "there is no warning above"
    );
    t.keys("v");
    assert_eq!(t.notice(), "the log shows all levels");
    assert!(screen(&t.app).join("\n").contains("GET /users"));
}

#[test]
fn a_line_is_copied_explained_and_left() {
    let (mut t, req) = going();
    t.keys("C");
    assert_eq!(
        t.notice(),
        "no line of the log is under the cursor: K goes to one"
    );
    t.keys("! C");
    assert!(
        matches!(&t.effects[..], [Effect::Copy { text, .. }] if text == "<00:39> MATCH> Lee Gu: the number is gone  [warning]"),
        "{:?}",
        t.effects
    );
    assert!(
        screen(&t.app)[23].contains("Enter why"),
        "{}",
        screen(&t.app)[23]
    );
    t.keys("<enter>");
    let lee = t
        .app
        .desk
        .users
        .iter()
        .find(|row| row.user.name == "Lee Gu")
        .unwrap();
    assert!(
        matches!(&t.effects[..], [Effect::Explain { who: Who::User(id), .. }] if *id == lee.user.id),
        "{:?}",
        t.effects
    );
    t.keys("<esc> K w");
    assert_eq!(
        t.notice(),
        "this line names nobody; :why TEXT explains anyone"
    );
    // The log that is looked at is kept, not that of the run under the cursor of the history.
    t.keys("X <enter>");
    assert!(
        matches!(&t.effects[..], [Effect::Export { what: Exported::LogText(RunId(13)), path, .. }] if path.contains("-run-13-") && path.contains(".txt")),
        "{:?}",
        t.effects
    );
    written(&mut t);
    run(&mut t, req, finished(Outcome::Done));
    t.keys("<esc>");
    assert_eq!(
        (t.app.sync.search.here, t.app.sync.tail),
        (None, Tail::Follow)
    );
    t.keys("<enter>");
    assert!(
        matches!(t.effects[..], [Effect::LoadLog { .. }]),
        "the history again"
    );
}

#[test]
fn an_opened_log_has_the_same_keys() {
    let mut t = Driver::new();
    t.keys("3 j <enter>");
    let req = t.asked();
    let mail = t.app.desk.users[0].user.mail.clone();
    let lines = Arc::new(vec![
        line(0, Level::Info, "hello"),
        line(1, Level::Warning, &format!("{mail}: gone")),
        line(
            2,
            Level::Info,
            "nobody@elsewhere.example is Alex Wilber, by mail",
        ),
        line(3, Level::Info, "written for Alex Wilber."),
        line(4, Level::Debug, "last"),
    ]);
    let run = RunId(11);
    t.event(What::Ledger(LedgerEvent::Log { req, run, lines }));
    t.keys("! w");
    assert!(
        matches!(&t.effects[..], [Effect::Explain { who: Who::User(id), .. }] if *id == UserId(1)),
        "{:?}",
        t.effects
    );
    t.keys("<esc> j <enter>");
    assert!(
        matches!(&t.effects[..], [Effect::Explain { who: Who::Text(text), .. }] if text == "nobody@elsewhere.example"),
        "{:?}",
        t.effects
    );
    t.keys("<esc> j <enter>");
    let alex = crate::app::fixture::object(2);
    assert!(
        matches!(&t.effects[..], [Effect::Explain { who: Who::Directory(id), .. }] if *id == alex),
        "{:?}",
        t.effects
    );
    t.keys("<esc> G C");
    assert!(
        matches!(&t.effects[..], [Effect::Copy { text, .. }] if text == "<00:04> MATCH> last"),
        "{:?}",
        t.effects
    );
    t.keys("v");
    assert!(!screen(&t.app).join("\n").contains("> last"));
    assert!(head(&t).ends_with(" info and up"), "{}", head(&t));
    t.keys("X");
    assert!(
        screen(&t.app)
            .join("\n")
            .contains("EXPORT  the log of run 11")
    );
    // A row for each line is there too, and the proposed name follows.
    t.keys("<tab> <right> <enter>");
    assert!(
        matches!(&t.effects[..], [Effect::Export { what: Exported::Log(RunId(11)), path, .. }] if path.contains(".csv")),
        "{:?}",
        t.effects
    );
    written(&mut t);
    assert_eq!(t.app.place(), Place::Log);
}
