//! Pane 3, the log below on a wide screen, and the log of an earlier run.

use ratatui::style::Style;

use crate::app::App;
use crate::app::doc::Tone;
use crate::app::layout::{Area, sync_areas};
use crate::app::pane::search::Search;
use crate::app::pane::sync::{GUTTER, LogView, Tail, Window, mark, rows};
use crate::app::sync::{SyncState, clock_or_day};
use crate::domain::run::{Level, LogLine, RunHead};

use super::paint::{Painter, Row, column};

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, area: Area) {
    let (log, history) = sync_areas(area);
    let title = title(app);
    painter.rule(log, 0, &title);
    let (_, lines) = log.split(1);
    if app.runs.log.is_empty() {
        let text = match &app.runs.state {
            SyncState::Running(_) => "…",
            SyncState::Idle { .. } => {
                "{sync} reads the tenant: its log runs here. {debug-sync} writes a line for everyone who is excluded."
            }
        };
        painter.line(lines, 0, &app.settings.keys.fill(text), painter.theme.dim);
    }
    let sync = &app.sync;
    let found = Some(&sync.search);
    log_lines(painter, lines, (&app.runs.log, sync.tail), found);
    painter.rule(history, 0, "RUNS");
    let (_, list) = history.split(1);
    let cursor = &sync.cursor;
    let heads = app.desk.history.iter().enumerate().skip(cursor.top);
    for (n, (index, head)) in (0..list.height).zip(heads) {
        run(
            app,
            painter,
            list,
            (n, Row::from(index == cursor.index)),
            head,
        );
    }
    if app.desk.history.is_empty() {
        painter.line(list, 0, "none yet", painter.theme.dim);
    }
}

fn title(app: &App) -> String {
    let scrolled = match app.sync.tail {
        Tail::Follow => "",
        Tail::From(_) => "  scrolled; G follows the end",
    };
    match &app.runs.state {
        SyncState::Running(run) => {
            format!("LOG  {}: {}{scrolled}", run.name(), run.doing_now(app.now))
        }
        SyncState::Idle { last: Some(last) } => {
            let number = last
                .number
                .map_or(String::new(), |n| format!("run {} ", n.0));
            format!(
                "LOG  {number}{}: {}{scrolled}",
                last.kind.as_str(),
                last.outcome.word()
            )
        }
        SyncState::Idle { last: None } => "LOG".to_owned(),
    }
}

/// The end of the log below the panes.
pub(super) fn below(app: &App, painter: &mut Painter<'_>, area: Area) {
    let title = title(app);
    painter.rule(area, 0, &title);
    let (_, lines) = area.split(1);
    log_lines(painter, lines, (&app.runs.log, Tail::Follow), None);
}

/// The log of an earlier run.
pub(super) fn view(painter: &mut Painter<'_>, open: &LogView, area: Area) {
    painter.rule(area, 0, &format!("LOG  {}", open.title));
    let (_, lines) = area.split(1);
    match &open.lines {
        None => painter.line(lines, 0, "reading…", painter.theme.dim),
        Some(log) if log.is_empty() => {
            painter.line(lines, 0, "no log was kept of this run", painter.theme.dim);
        }
        Some(log) => log_lines(painter, lines, (log, open.tail), Some(&open.search)),
    }
}

fn log_lines(
    painter: &mut Painter<'_>,
    area: Area,
    (log, tail): (&[LogLine], Tail),
    search: Option<&Search>,
) {
    let width = usize::from(area.width);
    let line = |n: usize| log.get(n);
    let len = log.len();
    let top = tail.top(Window {
        len,
        height: usize::from(area.height),
        rows: &|n| line(n).map_or(1, |line| rows(line, width).len()),
    });
    let mut y = 0;
    for (place, line) in log.iter().enumerate().skip(top) {
        let mark = mark(line.level);
        let tone = match line.level {
            Level::Debug => Tone::Dim,
            Level::Info => Tone::Plain,
            Level::Warning | Level::Error => mark.tone(),
        };
        let style = match search {
            Some(search) if search.is_on() && search.hits.binary_search(&place).is_ok() => {
                painter.theme.strong
            }
            Some(_) | None => painter.tone(tone),
        };
        let here = search.is_some_and(|search| search.here == Some(place));
        for (n, text) in rows(line, width).into_iter().enumerate() {
            if y >= area.height {
                return;
            }
            let glyph = if n == 0 {
                mark.glyph(painter.is_ascii())
            } else {
                ' '
            };
            let columns = [column(glyph, GUTTER - 1, style), column(text, width, style)];
            painter.row(area, y, Row::from(here), &columns);
            y += 1;
        }
    }
}

fn run(app: &App, painter: &mut Painter<'_>, area: Area, (n, row): (u16, Row), head: &RunHead) {
    let tone = match head.outcome.as_str() {
        "done" => Tone::Good,
        "failed" => Tone::Bad,
        "running" => Tone::Busy,
        _ => Tone::Warn,
    };
    let took = head
        .ended_at
        .map(|end| {
            let seconds = end.duration_since(head.started_at).as_secs().max(0);
            format!("{}:{:02}", seconds / 60, seconds % 60)
        })
        .unwrap_or_default();
    let kind = if head.debug {
        format!("{} debug", head.kind)
    } else {
        head.kind.clone()
    };
    let dim = painter.theme.dim;
    let mark = if app.sync.marked.contains(&head.id) {
        '*'
    } else {
        ' '
    };
    let columns = [
        column(format!("{mark}{:>4}", head.id.0), 5, Style::new()),
        column(kind, 10, Style::new()),
        column(clock_or_day(head.started_at, app.now), 12, dim),
        column(format!("{took:>6}"), 6, dim),
        column(head.outcome.as_str(), 11, painter.tone(tone)),
        column(did(head), usize::MAX, Style::new()),
    ];
    painter.row(area, n, row, &columns);
}

/// What a run did, in as few words as there are columns left.
fn did(head: &RunHead) -> String {
    if !head.failure.is_empty() {
        return head.failure.clone();
    }
    let s = &head.summary;
    let mut parts = Vec::new();
    if s.counters.total > 0 {
        parts.push(format!(
            "{} users, {} Phone System",
            s.counters.total, s.counters.phone_system
        ));
    }
    for (count, word) in [
        (s.written, "written"),
        (s.refused, "refused"),
        (s.conflicts, "in conflict"),
        (s.taken_over, "taken over"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    parts.join(", ")
}
