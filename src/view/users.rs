//! Pane 1.

use ratatui::style::Style;

use crate::app::App;
use crate::app::doc::Tone;
use crate::app::layout::Area;
use crate::app::pane::Pane;
use crate::app::pane::users::Sort;
use crate::domain::phone::PhoneNumber;
use crate::roster::desk::DeskUser;

use super::columns::chosen;
use super::paint::{Column, Painter, Row, column};

/// Cells of the columns between the name and the cause.
const NUMBER: usize = 16;
const STATE: usize = 10;
const MAIL: usize = 26;

/// The columns as they are drawn.
const NAMES: [&str; 7] = ["", "NAME", "E-MAIL", "NUMBER", "CC", "STATE", "CAUSE"];

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, area: Area) {
    let name = name_width(area);
    titles(app, painter, area, name);
    if app.users.shown.is_empty() {
        empty(app, painter, area);
        return;
    }
    let cursor = &app.users.cursor;
    let rows = app.users.shown.iter().enumerate().skip(cursor.top);
    for (n, (index, &place)) in (1..area.height).zip(rows) {
        if let Some(row) = app.desk.users.get(place) {
            let columns = columns(app, painter, row, name);
            let columns = chosen(app, (Pane::Users, area.width), &NAMES, columns);
            let look = Row::from(index == cursor.index);
            painter.row(area, n, look, &columns);
            if app.users.marked.contains(&row.user.id) {
                painter.mark_beside(area, n, look);
            }
        }
    }
}

fn name_width(area: Area) -> usize {
    let fixed = 2 + 1 + NUMBER + 1 + 2 + 1 + STATE + 1;
    (usize::from(area.width).saturating_sub(fixed) * 2 / 5).clamp(6, 34)
}

fn titles(app: &App, painter: &mut Painter<'_>, area: Area, name: usize) {
    let sort = app.users.sort;
    let look = |of: Sort| {
        if of == sort {
            painter.theme.strong
        } else {
            painter.theme.dim
        }
    };
    let columns = vec![
        column("", 1, Style::new()),
        column("NAME", name, look(Sort::Name)),
        column("E-MAIL", MAIL, look(Sort::Mail)),
        column("NUMBER", NUMBER, look(Sort::Number)),
        column("CC", 2, look(Sort::Country)),
        column("STATE", STATE, look(Sort::State)),
        column("CAUSE", 60, look(Sort::Cause)),
    ];
    let columns = chosen(app, (Pane::Users, area.width), &NAMES, columns);
    painter.row(area, 0, Row::Ordinary, &columns);
}

fn columns(app: &App, painter: &Painter<'_>, row: &DeskUser, name: usize) -> Vec<Column> {
    let user = &row.user;
    let state = app.users.state(row, app.now);
    let tone = painter.tone(state.mark.tone());
    let quiet = if state.word == "ok" {
        painter.theme.dim
    } else {
        tone
    };
    let number = user
        .number
        .as_ref()
        .map_or_else(|| "-".to_owned(), PhoneNumber::spaced);
    vec![
        column(state.mark.glyph(painter.is_ascii()), 1, tone),
        column(
            app.called(user.association.id(), &user.name),
            name,
            Style::new(),
        ),
        column(user.mail.as_str(), MAIL, painter.theme.dim),
        column(number, NUMBER, Style::new()),
        column(
            user.country.map_or("-".to_owned(), |c| c.to_string()),
            2,
            Style::new(),
        ),
        column(state.word, STATE, quiet),
        column(state.cause, usize::MAX, quiet),
    ]
}

fn empty(app: &App, painter: &mut Painter<'_>, area: Area) {
    let plain = painter.tone(Tone::Plain);
    let lines: &[&str] = if !app.desk.users.is_empty() {
        &[app.nothing_found("No user has all of these words. Esc clears the filter.")]
    } else if !app.opened {
        &["This tenant's files are being opened: a moment."]
    } else if app.desk.read_at.is_none() {
        &[
            "No users yet, and the tenant was never read.",
            "",
            "{sync}  reads the tenant (nothing is written by that)",
            "{add-users}  then shows who may be added, and {everyone} there everyone, with the reason",
            "{add-by-hand}  adds a user by hand",
            "{actions}  lists all actions",
        ]
    } else {
        &[
            "No users yet.",
            "",
            "{add-users}  shows who may be added; {everyone} there shows everyone, with the reason",
            "{add-by-hand}  adds a user by hand",
        ]
    };
    for (n, line) in (2..).zip(lines) {
        painter.line(area, n, &app.settings.keys.fill(line), plain);
    }
}
