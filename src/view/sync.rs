//! Pane 3, the log below on a wide screen, and the log of an earlier run.

use ratatui::style::Style;

use crate::app::App;
use crate::app::cells;
use crate::app::doc::Tone;
use crate::app::layout::{Area, sync_areas};
use crate::app::pane::search::{Floor, Search};
use crate::app::pane::sync::{Focus, GUTTER, LogView, Tail, Window, height, mark, rows};
use crate::app::sync::{SyncState, clock_or_day};
use crate::domain::run::{Level, LogLine, RunHead};
use crate::domain::text;

use super::paint::{Painter, Row, column};

/// Cells of a time where there is little room: `14:02Z (15:02)`, or `11-22 23:30Z`.
const NARROW_TIME: usize = 14;

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, area: Area) {
    let (log, history) = sync_areas(area);
    let title = title(app, usize::from(log.width));
    let reading = reading(app);
    let room = usize::from(log.width).saturating_sub(cells::width(&title) + 2);
    // What the run does comes first: that its log moves is seen as well.
    let following = app.sync.tail == Tail::Follow && cells::width(&reading) > room;
    let reading = if following { "" } else { &reading };
    head(painter, log, &title, reading);
    let (_, lines) = log.split(1);
    if app.runs.log.is_empty() {
        let text = match &app.runs.state {
            SyncState::Running(_) => "…",
            SyncState::Idle { .. } if app.settings.bundle => {
                "A bundle reads no tenant: its runs stand below; {open} shows the log of one."
            }
            SyncState::Idle { .. } => {
                "{sync} reads the tenant, its log runs here; {debug-sync} tells of all who are excluded."
            }
        };
        painter.line(lines, 0, &app.settings.keys.fill(text), painter.theme.dim);
    }
    let sync = &app.sync;
    let found = Some((&sync.search, Row::from(sync.focus == Focus::Log)));
    log_lines(painter, lines, (&app.runs.log, sync.tail), found);
    if !app.runs.log.is_empty() {
        nothing_shown(painter, lines, &app.runs.log, sync.search.floor);
    }
    painter.rule(history, 0, "RUNS");
    let (_, list) = history.split(1);
    let cursor = &sync.cursor;
    let heads = app.desk.history.iter().enumerate().skip(cursor.top);
    for (n, (index, head)) in (0..list.height).zip(heads) {
        run(
            app,
            painter,
            list,
            (n, Row::from(index == cursor.index && !sync.in_log())),
            head,
        );
    }
    if app.desk.history.is_empty() {
        painter.line(list, 0, "none yet", painter.theme.dim);
    }
}

fn title(app: &App, room: usize) -> String {
    match &app.runs.state {
        SyncState::Running(run) => {
            let room = room.saturating_sub("LOG   ".len());
            format!("LOG  {}", run.line(app.now, room))
        }
        SyncState::Idle { last: Some(last) } => {
            let number = last
                .number
                .map_or(String::new(), |n| format!("run {} ", n.0));
            format!(
                "LOG  {number}{}: {}",
                last.kind.as_str(),
                last.outcome.word()
            )
        }
        SyncState::Idle { last: None } => "LOG".to_owned(),
    }
}

/// How the log of pane 3 is read: levels, and whether new lines are followed.
fn reading(app: &App) -> String {
    let levels = levels(app.sync.search.floor);
    let going = app.runs.active().is_some();
    let tail = match (app.sync.tail, app.sync.unread(&app.runs)) {
        (Tail::Follow, _) if going => "following".to_owned(),
        (Tail::Follow, _) => String::new(),
        (Tail::From(_), 0) => "paused; {last} follows".to_owned(),
        (Tail::From(_), 1) => "paused, 1 new line; {last} follows".to_owned(),
        (Tail::From(_), n) => format!("paused, {n} new lines; {{last}} follows"),
    };
    app.settings.keys.fill(&both(&levels, &tail))
}

fn levels(floor: Floor) -> String {
    match floor {
        Floor::All => String::new(),
        Floor::Info | Floor::Warnings => floor.words().to_owned(),
    }
}

fn both(one: &str, other: &str) -> String {
    let parts = [one, other].into_iter().filter(|part| !part.is_empty());
    parts.collect::<Vec<_>>().join("  ")
}

/// A title over a log, and at its right edge how it is read.
fn head(painter: &mut Painter<'_>, area: Area, title: &str, reading: &str) {
    painter.rule(area, 0, "");
    let strong = painter.theme.strong;
    let title = format!("{title} ");
    if reading.is_empty() {
        painter.line(area, 0, &title, strong);
    } else {
        painter.two(area, 0, (&title, strong), (&format!(" {reading}"), strong));
    }
}

/// Says so where a choice of levels leaves nothing of a log.
fn nothing_shown(painter: &mut Painter<'_>, area: Area, log: &[LogLine], floor: Floor) {
    if !log.iter().any(|line| floor.shows(line.level)) {
        let text = match floor {
            Floor::Warnings => "no warning and no error in this log",
            Floor::All | Floor::Info => "no line of these levels in this log",
        };
        painter.line(area, 0, text, painter.theme.dim);
    }
}

/// The end of the log below the panes.
pub(super) fn below(app: &App, painter: &mut Painter<'_>, area: Area) {
    let title = title(app, usize::from(area.width).saturating_sub(6));
    painter.rule(area, 0, &title);
    let (_, lines) = area.split(1);
    log_lines(painter, lines, (&app.runs.log, Tail::Follow), None);
}

/// The log of an earlier run.
pub(super) fn view(painter: &mut Painter<'_>, open: &LogView, area: Area) {
    let title = format!("LOG  {}", open.title);
    head(painter, area, &title, &levels(open.search.floor));
    let (_, lines) = area.split(1);
    match &open.lines {
        None => painter.line(lines, 0, "reading…", painter.theme.dim),
        Some(log) if log.is_empty() => {
            painter.line(lines, 0, "no log was kept of this run", painter.theme.dim);
        }
        Some(log) => {
            let search = Some((&open.search, Row::Selected));
            log_lines(painter, lines, (log, open.tail), search);
            nothing_shown(painter, lines, log, open.search.floor);
        }
    }
}

fn log_lines(
    painter: &mut Painter<'_>,
    area: Area,
    (log, tail): (&[LogLine], Tail),
    search: Option<(&Search, Row)>,
) {
    let width = usize::from(area.width);
    let floor = search.map_or(Floor::All, |(search, _)| search.floor);
    let len = log.len();
    let top = tail.top(Window {
        len,
        height: usize::from(area.height),
        rows: &|n| height(log.get(n), floor, area.width),
    });
    let mut y = 0;
    let shown = log.iter().enumerate().skip(top);
    for (place, line) in shown.filter(|(_, line)| floor.shows(line.level)) {
        let mark = mark(line.level);
        let tone = match line.level {
            Level::Debug => Tone::Dim,
            Level::Info => Tone::Plain,
            Level::Warning | Level::Error => mark.tone(),
        };
        let style = match search {
            Some((search, _)) if search.is_on() && search.hits.binary_search(&place).is_ok() => {
                painter.theme.strong
            }
            Some(_) | None => painter.tone(tone),
        };
        let here = search
            .is_some_and(|(search, look)| search.here == Some(place) && look == Row::Selected);
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
    let local = app.settings.zone.beside(head.started_at);
    let (when, widest) = if local.is_empty() {
        (clock_or_day(head.started_at, app.now), 12)
    } else if area.width < 100 {
        // Of an earlier day the local time is left out, for what the run did.
        let when = app.when(head.started_at);
        let fits = cells::width(&when) <= NARROW_TIME;
        let utc = || clock_or_day(head.started_at, app.now);
        (if fits { when } else { utc() }, NARROW_TIME)
    } else {
        // The longest is `11-22 23:30Z (11-23 00:30)`.
        (app.when(head.started_at), 26)
    };
    let mark = if app.sync.marked.contains(&head.id) {
        '*'
    } else {
        ' '
    };
    let columns = [
        column(format!("{mark}{:>4}", head.id.0), 5, Style::new()),
        column(kind, 10, Style::new()),
        column(when, widest, dim),
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
    let refused = if head.kind == "apply" {
        "refused"
    } else {
        "refused earlier"
    };
    // What went wrong comes first: the end of the line may be cut.
    let mut parts: Vec<String> = s.released_words().into_iter().collect();
    let mut count = |count: u32, word: &str| {
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    };
    count(s.written, "written");
    count(s.refused, refused);
    count(s.conflicts, "in conflict");
    count(s.taken_over, "taken over");
    if s.counters.total > 0 {
        parts.push(format!(
            "{}, {} Phone System",
            text::counted(s.counters.total, "user", "users"),
            s.counters.phone_system
        ));
    }
    parts.join(", ")
}
