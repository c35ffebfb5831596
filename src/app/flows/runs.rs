//! Runs, their log and history.

use std::sync::Arc;

use crate::domain::run::{
    Level, LogLine, Outcome, Phase, Progress, RunEvent, RunId, RunKind, Source,
};

use crate::app::action::Place;
use crate::app::effect::Effect;
use crate::app::event::{LedgerEvent, RequestId, SessionEvent, What};
use crate::app::fixture::{Driver, at, desk, number, plan, settings};
use crate::app::modal::Modal;
use crate::app::{App, Settings};

use crate::view::screens::screen;

use super::{failure, finished, run};

#[test]
fn starts_with_a_sync_when_asked_to() {
    let mut app = App::new(
        Settings {
            sync_on_start: true,
            ..settings()
        },
        (80, 24),
    );
    let effects = app.start(at(0));
    assert_eq!(
        effects,
        [Effect::StartRun {
            req: RequestId(1),
            kind: RunKind::Sync,
            debug: false
        }]
    );
    assert_eq!(app.title(), "contoso RW");
    assert_eq!(
        App::new(settings(), (80, 24)).start(at(0)),
        Vec::<Effect>::new()
    );
}

#[test]
fn a_sync_while_one_is_going_says_how_far_it_is() {
    let mut t = Driver::new();
    t.keys("s");
    let req = t.asked();
    run(&mut t, req, RunEvent::Started { number: RunId(13) });
    run(&mut t, req, RunEvent::Phase(Phase::ReadUsers));
    let progress = Progress {
        what: crate::domain::run::Counted::Users,
        pages: 2,
        users: 1_998,
        of: Some(4_000),
    };
    run(&mut t, req, RunEvent::Progress(progress));
    t.keys("S");
    assert_eq!(t.effects, []);
    assert_eq!(
        t.notice(),
        "run 13 sync is going: reading users: 1,998 of 4,000, 1,998/s, 2 pages (c cancels)"
    );
    run(&mut t, req, finished(Outcome::Done));
    assert!(t.app.runs.active().is_none());
    t.keys("S");
    assert_eq!(
        t.effects,
        [Effect::StartRun {
            req: RequestId(2),
            kind: RunKind::Sync,
            debug: true
        }]
    );
}

#[test]
fn the_end_of_a_long_run_rings_where_that_is_wished_for() {
    for (bell, events, outcome, rings) in [
        (true, 9, Outcome::Done, true),
        (true, 8, Outcome::Done, false),
        (true, 9, Outcome::Cancelled, false),
        (false, 9, Outcome::Done, false),
    ] {
        let wishes = Settings { bell, ..settings() };
        let mut t = Driver::with(wishes, (80, 24));
        t.keys("s");
        let req = t.asked();
        // Each event takes a second.
        for _ in 0..events {
            run(&mut t, req, RunEvent::Phase(Phase::ReadUsers));
        }
        run(&mut t, req, finished(outcome));
        assert_eq!(t.effects.contains(&Effect::Bell), rings, "{bell} {events}");
    }
}

#[test]
fn strangers_are_dropped() {
    let mut t = Driver::new();
    t.keys("s");
    let before = t.app.runs.clone();
    run(&mut t, RequestId(99), finished(Outcome::Done));
    assert_eq!(t.app.runs, before);
    t.event(What::Ledger(LedgerEvent::Saved {
        req: RequestId(99),
        notice: "not asked".into(),
    }));
    assert_eq!(t.notice(), "");
    t.event(What::Session(SessionEvent::WritingAllowed {
        req: RequestId(99),
    }));
    assert_eq!(t.notice(), "");
}

#[test]
fn a_run_is_cancelled_with_another_key_than_the_one_that_asked() {
    let mut t = Driver::new();
    t.keys("c");
    assert_eq!(t.notice(), "no run is going");
    t.keys("s");
    let req = t.asked();
    t.keys("c c");
    assert_eq!(t.effects, []);
    t.keys("y");
    assert_eq!(t.effects, [Effect::CancelRun { req }]);
    assert_eq!(t.app.runs.active().unwrap().doing(), "stopping");
}

#[test]
fn the_question_to_cancel_goes_with_its_run() {
    let mut t = Driver::new();
    t.keys("s");
    let req = t.asked();
    t.keys("c");
    assert_eq!(t.app.place(), Place::Confirm);
    run(&mut t, req, finished(Outcome::Done));
    assert_eq!(t.app.place(), Place::Users);
}

#[test]
fn a_word_stands_under_its_own_screen_alone() {
    let mut t = Driver::new();
    for script in ["o 2", "o ?", "o w", "o e"] {
        t.keys(script);
        assert_eq!(t.notice(), "", "{script}");
        t.keys("<esc> 1");
    }
    t.keys("o j");
    assert!(t.notice().starts_with("sorted by"));
}

#[test]
fn what_came_of_a_write_stays_until_the_next_key() {
    let mut t = Driver::new();
    t.keys("p");
    let req = t.asked();
    run(&mut t, req, RunEvent::PlanReady(Box::new(plan())));
    run(&mut t, req, finished(Outcome::Done));
    t.keys("A");
    let req = t.asked();
    run(&mut t, req, finished(Outcome::Done));
    for _ in 0..30 {
        t.event(What::Wake);
    }
    assert_eq!(t.notice(), "apply done");
    t.keys("F");
    assert_eq!(t.notice(), "apply done");
    t.keys("j");
    assert_eq!(t.notice(), "");
}

#[test]
fn a_row_that_was_just_written_says_so_until_the_next_run() {
    let state = |t: &Driver, n: usize| {
        let row = &t.app.desk.users[n];
        let state = t.app.users.state(row, t.app.now);
        format!("{} {}", state.word, state.cause)
    };
    let mut t = Driver::new();
    let mut written = desk();
    // Diego has what was wanted, Lee's change was dropped.
    for n in [1, 2] {
        written.users[n].entries.clear();
    }
    written.entries.drain(..2);
    written.users[1].user.number = Some(number("+14255550199"));
    t.desk(written.clone());
    assert_eq!(state(&t, 1), "ok written 14:00Z");
    assert_eq!(state(&t, 2), "ok ");
    t.desk(written);
    t.keys("j j 2 1");
    assert_eq!(state(&t, 1), "ok written 14:00Z");
    t.keys("/").text("written");
    assert_eq!(t.app.users.shown.len(), 1);
    t.keys("<esc> s");
    assert_eq!(state(&t, 1), "ok ");
}

#[test]
fn the_log_follows_its_end_until_it_is_scrolled() {
    let mut t = Driver::new();
    t.keys("3 s");
    let req = t.asked();
    for n in 0..50 {
        let line = LogLine {
            at: n,
            source: Source::Graph,
            level: Level::Info,
            text: format!("line {n}"),
        };
        run(&mut t, req, RunEvent::Log(line));
    }
    assert_eq!(t.app.sync.tail, crate::app::pane::sync::Tail::Follow);
    t.keys("<pageup>");
    let tail = t.app.sync.tail;
    assert!(matches!(tail, crate::app::pane::sync::Tail::From(_)));
    run(
        &mut t,
        req,
        RunEvent::Log(LogLine {
            at: 51,
            source: Source::Sync,
            level: Level::Error,
            text: "last".into(),
        }),
    );
    assert_eq!(t.app.sync.tail, tail);
    t.keys("G / e r r o r <enter>");
    // All lines stay; the hit is gone to.
    assert_eq!(t.app.sync.search.hits, [50]);
    assert_eq!(t.app.sync.search.here, Some(50));
    assert!(screen(&t.app)[2].contains("hit 1 of 1"));
    t.keys("<esc> y");
    assert_eq!(t.app.sync.search.here, None);
    assert!(
        matches!(&t.effects[..], [Effect::Copy { text, .. }] if text.starts_with("<00:00> GRAPH> line 0\n"))
    );
}

#[test]
fn a_text_that_no_clipboard_takes_whole_is_not_copied_at_all() {
    for (letters, copied) in [(56_244 - 16, true), (56_245 - 16, false)] {
        let mut t = Driver::new();
        t.keys("3 s");
        let req = t.asked();
        let line = LogLine {
            at: 0,
            source: Source::Graph,
            level: Level::Info,
            text: "x".repeat(letters),
        };
        run(&mut t, req, RunEvent::Log(line));
        t.keys("y");
        match t.effects.as_slice() {
            [Effect::Copy { text, .. }] if copied => assert_eq!(text.len(), 56_244),
            [] if !copied => assert_eq!(
                t.notice(),
                "nothing copied: 57 kB, a terminal's clipboard takes 56 kB; X saves a file"
            ),
            other => panic!("{letters}: {other:?}"),
        }
    }
}

#[test]
fn a_run_of_the_history_shows_its_log() {
    let mut t = Driver::new();
    t.keys("3 j <enter>");
    let req = t.asked();
    assert_eq!(
        t.effects,
        [Effect::LoadLog {
            req,
            run: RunId(11)
        }]
    );
    let lines = Arc::new(vec![LogLine {
        at: 0,
        source: Source::Auth,
        level: Level::Info,
        text: "hello".into(),
    }]);
    t.event(What::Ledger(LedgerEvent::Log {
        req,
        run: RunId(11),
        lines: Arc::clone(&lines),
    }));
    let Some(Modal::Log(view)) = t.app.modals.last() else {
        panic!("the log is shown");
    };
    assert_eq!(view.title, "run 11 sync 13:58Z failed");
    let rows = screen(&t.app);
    assert_eq!(rows[2], "1 line");
    assert!(rows[3].starts_with("LOG  run 11 sync 13:58Z failed ──"));
    assert_eq!(view.lines, Some(lines));
}

#[test]
fn a_failure_stays_until_it_is_read() {
    let mut t = Driver::new();
    t.keys("s");
    let req = t.asked();
    run(&mut t, req, finished(Outcome::Failed(failure())));
    for _ in 0..30 {
        t.event(What::Wake);
    }
    assert_eq!(t.notice(), "the ledger is busy");
    t.keys("<enter>");
    assert_eq!(t.app.place(), Place::Text);
    t.keys("y");
    assert!(
        matches!(&t.effects[..], [Effect::Copy { text, .. }] if text.contains("locked") && text.contains("try again"))
    );
    t.keys("<esc>");
    // A word goes by itself.
    t.keys("o");
    assert_eq!(t.notice(), "sorted by number");
    for _ in 0..10 {
        t.event(What::Wake);
    }
    assert_eq!(t.notice(), "");
}

#[test]
fn the_tenants_own_name_counts_once_it_is_known() {
    let mut t = Driver::empty(settings(), (80, 24));
    assert_eq!(t.app.session.tenant, "contoso");
    t.desk(desk());
    assert_eq!(t.app.session.tenant, "Contoso Ltd");
    t.keys("s");
    let req = t.asked();
    run(
        &mut t,
        req,
        RunEvent::SignedIn {
            tenant: "Contoso Limited".into(),
            account: "app 1".into(),
        },
    );
    t.desk(desk());
    assert_eq!(t.app.session.tenant, "Contoso Limited");
    assert_eq!(t.app.session.account, "app 1");
}
