//! The form of a tenant's settings, and whose seat is moved.

use ratatui::style::Style;

use crate::app::App;
use crate::app::doc::Tone;
use crate::app::field::Field;
use crate::app::layout::Area;
use crate::app::pane::Mark;
use crate::app::pane::editor::EditState;
use crate::app::pane::seat::SeatBox;
use crate::app::pane::settings::{SettingsField, SettingsForm, foreseen, users};
use crate::domain::seat;

use super::paint::{Painter, Row, column};
use super::summary::counted;

/// Cells before the values.
const LABEL: u16 = 15;

/// The form of the settings.
pub(super) fn form(app: &App, painter: &mut Painter<'_>, open: &SettingsForm, area: Area) {
    let note = match open.state {
        EditState::Saving(_) => "saving…",
        EditState::Editing | EditState::Failed(_) if open.is_dirty() => "not saved",
        EditState::Editing | EditState::Failed(_) => "",
    };
    let title = format!("TENANT SETTINGS  {}", app.session.tenant);
    let (strong, busy) = (painter.theme.strong, painter.theme.busy);
    painter.two(area, 0, (&title, strong), (note, busy));
    let mut y = 2;
    let mut cursor = None;
    for field in SettingsField::ALL {
        let focus = open.focus == field;
        let lead = if focus { ">" } else { " " };
        let look = if focus { strong } else { painter.theme.dim };
        painter.line(area, y, &format!("{lead} {}", field.label()), look);
        let value = match field {
            SettingsField::Seats => Some(&open.bought),
            SettingsField::Ends => Some(&open.ends),
            SettingsField::Group => Some(&open.group),
            SettingsField::Mode => None,
        };
        match value {
            Some(line) => text(painter, area, y, (line, focus)),
            None => mode(painter, area, y, open),
        }
        if focus && value.is_some() {
            cursor = painter.cursor;
        }
        y += 1;
        for (tone, row) in below(app, open, field) {
            y = painter.below(LABEL, area, y, (tone, &row));
        }
    }
    if let EditState::Failed(failure) = &open.state {
        let glyph = Mark::Refused.glyph(painter.is_ascii());
        y += 1;
        for line in failure.lines() {
            y = painter.below(LABEL, area, y, (Tone::Bad, &format!("{glyph} {line}")));
        }
    }
    let last = "Saved here at once and written to the audit; nothing is sent to the tenant. The next sync reads with it.";
    painter.below(LABEL, area, y + 1, (Tone::Dim, last));
    painter.cursor = cursor;
}

fn text(painter: &mut Painter<'_>, area: Area, y: u16, (line, focus): (&Field, bool)) {
    if y >= area.height {
        return;
    }
    let at = (area.x + LABEL, area.y + y);
    let room = area.width.saturating_sub(LABEL + 1);
    if focus {
        let style = painter.theme.field;
        painter.field(at, room.min(48), line, style);
    } else {
        painter.put(at, room, line.text(), Style::new());
    }
}

fn mode(painter: &mut Painter<'_>, area: Area, y: u16, open: &SettingsForm) {
    if y >= area.height {
        return;
    }
    let at = (area.x + LABEL, area.y + y);
    let room = area.width.saturating_sub(LABEL + 1);
    let words = match open.mode.as_str() {
        "sync" => "[sync]  manual",
        _ => " sync  [manual]",
    };
    painter.put(at, room, words, Style::new());
}

/// What stands under a field: what is wrong, what it would mean, what may stand in it.
fn below(app: &App, open: &SettingsForm, field: SettingsField) -> Vec<(Tone, String)> {
    let mut rows: Vec<(Tone, String)> = open
        .faults
        .iter()
        .filter(|(faulty, _)| *faulty == field)
        .map(|(_, text)| (Tone::Bad, (*text).to_owned()))
        .collect();
    if rows.is_empty() && open.focus == field {
        rows.push((Tone::Dim, field.hint().to_owned()));
    }
    let Ok(wanted) = open.wanted() else {
        return rows;
    };
    let (now, then) = (app.desk.seats, wanted.seats);
    // Who would lose stands under the field that takes it from them.
    let blamed = if now.bought == then.bought {
        SettingsField::Ends
    } else {
        SettingsField::Seats
    };
    match field {
        SettingsField::Seats => {
            let bought = then.bought.map_or(usize::MAX, |n| n as usize);
            let needed = app.desk.users.len();
            if needed > bought {
                let users = counted(needed, "user", "users");
                let seats = counted(bought, "seat", "seats");
                rows.push((Tone::Warn, format!("{users}, {seats}")));
            }
        }
        SettingsField::Ends => {
            if let Some(ending) = seat::ending(then, app.today()) {
                rows.push((Tone::Warn, ending.to_string()));
            }
        }
        SettingsField::Group | SettingsField::Mode => {}
    }
    if field == blamed {
        let lines = foreseen(&users(&app.desk), (now, then), app.today());
        rows.extend(lines.into_iter().map(|line| (Tone::Warn, line)));
    }
    rows
}

/// Whose seat goes to somebody.
pub(super) fn seat(app: &App, painter: &mut Painter<'_>, open: &SeatBox, area: Area) {
    let title = format!("MOVE A SEAT  to {}", open.name);
    let hint = "from whom? type to search, Enter chooses";
    painter.search(area, &title, &open.field, hint);
    let (_, list) = area.split(3);
    let rows = open.shown.iter().enumerate().skip(open.cursor.top);
    for (n, (index, &place)) in (0..list.height).zip(rows) {
        let Some(row) = app.desk.users.get(place) else {
            continue;
        };
        let number = row
            .user
            .number
            .as_ref()
            .map_or_else(|| "-".to_owned(), crate::domain::phone::PhoneNumber::spaced);
        let columns = [
            column("", 1, Style::new()),
            column(row.user.name.as_str(), 24, Style::new()),
            column(number, 18, Style::new()),
            column(row.user.mail.as_str(), usize::MAX, painter.theme.dim),
        ];
        painter.row(list, n, Row::from(index == open.cursor.index), &columns);
    }
    if open.shown.is_empty() {
        painter.line(list, 0, "nobody who holds a seat is found", Style::new());
    }
}
