//! Pane 4.

use ratatui::style::Style;

use crate::app::App;
use crate::app::layout::{Area, changes_areas};
use crate::app::pane::changes::{Item, change, detail, mark};
use crate::app::sync::clock_or_day;
use crate::domain::outbox::Entry;
use crate::roster::desk::AuditRow;

use super::paint::{Column, Painter, Row, column};

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, area: Area) {
    let (list, below) = changes_areas(area);
    let cursor = &app.changes.cursor;
    let mut y = 0;
    let mut section = None;
    for (index, item) in app.changes.shown.iter().enumerate().skip(cursor.top) {
        let here = std::mem::discriminant(item);
        if section != Some(here) {
            section = Some(here);
            let title = match item {
                Item::Entry(_) => "WAITING TO BE WRITTEN",
                Item::Audit(_) => "DONE",
            };
            painter.rule(list, y, title);
            y += 1;
        }
        if y >= list.height {
            break;
        }
        if let Some(columns) = columns(app, painter, *item, area) {
            painter.row(list, y, Row::from(index == cursor.index), &columns);
            y += 1;
        }
    }
    if app.changes.shown.is_empty() {
        empty(app, painter, list);
    }
    if let Some(entry) = app.changes.entry(&app.desk) {
        painter.rule(below, 0, "");
        let (_, lines) = below.split(1);
        let doc = detail(entry, app.now);
        for (n, row) in (0..).zip(doc.rows(usize::from(lines.width))) {
            painter.line(lines, n, &row.text, painter.tone(row.tone));
        }
    }
}

fn columns(app: &App, painter: &Painter<'_>, item: Item, area: Area) -> Option<Vec<Column>> {
    match item {
        Item::Entry(id) => {
            let entry = app.desk.entries.iter().find(|entry| entry.id == id)?;
            Some(waiting(app, painter, entry, area))
        }
        Item::Audit(seq) => {
            let row = app.desk.audit.iter().find(|row| row.seq == seq)?;
            Some(done(app, painter, row))
        }
    }
}

fn waiting(app: &App, painter: &Painter<'_>, entry: &Entry, area: Area) -> Vec<Column> {
    let (mark, word) = mark(entry);
    let tone = painter.tone(mark.tone());
    let when = clock_or_day(entry.created_at, app.now);
    let made = if area.width >= 86 {
        format!("{when} {}", entry.author)
    } else {
        when
    };
    vec![
        column(mark.glyph(painter.is_ascii()), 1, tone),
        column(word, 8, tone),
        column(entry.name.as_str(), 17, Style::new()),
        column(entry.field().as_str(), 7, Style::new()),
        column(change(entry), 34, Style::new()),
        column(made, usize::MAX, painter.theme.dim),
    ]
}

fn done(app: &App, painter: &Painter<'_>, row: &AuditRow) -> Vec<Column> {
    vec![
        column(clock_or_day(row.at, app.now), 12, painter.theme.dim),
        column(row.name.as_str(), 15, Style::new()),
        column(row.action.as_str(), 7, Style::new()),
        column(row.change.as_str(), 27, Style::new()),
        column(
            format!("{} {}", row.outcome, row.author),
            usize::MAX,
            painter.theme.dim,
        ),
    ]
}

fn empty(app: &App, painter: &mut Painter<'_>, area: Area) {
    let lines: &[&str] = if app.changes.filter.is_shown() {
        &["No change has all of these words. Esc clears the filter."]
    } else {
        &[
            "Nothing was changed yet.",
            "",
            "An edit of a number or a country (e in 1 Users) waits here until the plan (p) is applied.",
        ]
    };
    for (n, line) in (1..).zip(lines) {
        painter.line(area, n, line, Style::new());
    }
}
