//! Every screen, drawn to a buffer and read: the lines that matter stand there, and nothing reaches past the edge.

use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier};

use crate::app::App;
use crate::app::Settings;
use crate::app::cells;
use crate::app::event::{CacheEvent, What};
use crate::app::fixture::{Driver, plan, settings, why_alex};
use crate::domain::run::{Level, LogLine, Phase, Progress, RunEvent, RunId, Source};

use super::draw;
use super::theme::Theme;

fn frame(app: &App, theme: &Theme, (width, height): (u16, u16)) -> Buffer {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(app, theme, frame)).unwrap();
    terminal.backend().buffer().clone()
}

/// The rows of a frame, without trailing blanks.
pub(crate) fn screen(app: &App) -> Vec<String> {
    let buffer = frame(app, &Theme::default(), app.size);
    let area = buffer.area;
    (0..area.height)
        .map(|y| {
            let mut row = String::new();
            let mut skip = 0;
            for x in 0..area.width {
                let symbol = buffer[(x, y)].symbol();
                if skip > 0 {
                    skip -= 1;
                    continue;
                }
                skip = cells::width(symbol).saturating_sub(1);
                row.push_str(symbol);
            }
            assert!(cells::width(&row) <= usize::from(area.width), "{row}");
            row.trim_end().to_owned()
        })
        .collect()
}

/// Asserts that these lines stand on the screen, in this order.
fn has(app: &App, lines: &[&str]) {
    let rows = screen(app);
    let mut from = 0;
    for line in lines {
        match rows[from..].iter().position(|row| row == line) {
            Some(at) => from += at + 1,
            None => panic!("not there: {line:?}\n{}", rows.join("\n")),
        }
    }
}

fn answer_why(t: &mut Driver) {
    let req = t.asked();
    t.event(What::Cache(CacheEvent::Why {
        req,
        why: Box::new(why_alex()),
    }));
}

fn says(t: &mut Driver, event: RunEvent) {
    let req = t.app.runs.active().expect("a run is going").req;
    t.event(What::Run { req, event });
}

fn log(t: &mut Driver, level: Level, text: &str) {
    let line = LogLine {
        at: 1,
        source: Source::Graph,
        level,
        text: text.to_owned(),
    };
    says(t, RunEvent::Log(line));
}

/// A driver whose plan is on the screen.
fn planned(size: (u16, u16)) -> Driver {
    let mut t = Driver::sized(size);
    t.keys("p");
    says(&mut t, RunEvent::PlanReady(Box::new(plan())));
    t
}

#[test]
fn look() {
    let size = (80, 24);
    let show = |title: &str, app: &App| {
        println!("==== {title} {:?}", app.size);
        for row in screen(app) {
            println!("{row}|");
        }
    };
    let mut t = Driver::sized(size);
    show("users", &t.app);
    t.keys("/ a l e x");
    show("filter", &t.app);
    t.keys("<enter>");
    answer_why(&mut t);
    show("why", &t.app);
    t.keys("<esc> <esc> 2");
    show("candidates", &t.app);
    t.keys("f Space Space");
    show("everyone", &t.app);
    t.keys("3 s");
    says(&mut t, RunEvent::Started { number: RunId(13) });
    says(&mut t, RunEvent::Phase(Phase::ReadUsers));
    log(
        &mut t,
        Level::Info,
        "Applying filter for group 'bad-group-name': include 0 of 76 users",
    );
    log(
        &mut t,
        Level::Info,
        "Enabled users: total=399, licensed=127, phoneSystem=108, excludedByCallingPlan=104, resource=0",
    );
    log(
        &mut t,
        Level::Warning,
        "License Status: Unlicensed: alex@contoso.example: no seat left (23 of 23 in use)",
    );
    show("sync", &t.app);
    t.keys("4");
    show("changes", &t.app);
    t.keys("1 j e");
    show("form", &t.app);
    t.keys("Ctrl-U").text("01235 123465");
    show("form typed", &t.app);
    t.keys("<enter>");
    show("form fault", &t.app);
    t.keys("<esc>");
    show("leave", &t.app);
    t.keys("y ?");
    show("palette", &t.app);
    t.keys("w h y Space a l");
    show("palette why", &t.app);
    t.keys("<esc> j j e");
    show("form dirsync", &t.app);
    t.keys("<esc> k k k e <tab> <tab> <tab> p");
    show("form assoc", &t.app);
    let t = planned(size);
    show("plan", &t.app);
    let mut t = Driver::sized(size);
    t.keys("4 j j j <enter>");
    show("conflict", &t.app);
    let mut t = Driver::with(
        Settings {
            read_only: true,
            demo: true,
            ascii: true,
            group: Some("Voice users".into()),
            ..settings()
        },
        (140, 40),
    );
    t.event(What::Wake).event(What::Wake);
    answer_why(&mut t);
    t.keys("s");
    says(&mut t, RunEvent::Phase(Phase::ReadUsers));
    log(
        &mut t,
        Level::Warning,
        "License Status: Unlicensed: alex@contoso.example: no seat left (23 of 23 in use)",
    );
    show("wide", &t.app);
    t.keys("2 f");
    show("wide everyone", &t.app);
    let t = Driver::empty(settings(), size);
    show("first", &t.app);
    let t = Driver::sized((40, 12));
    show("small", &t.app);
    let _ = (Arc::new(0), Color::Red, Modifier::BOLD, Progress::default());
    has(&t.app, &[]);
}
