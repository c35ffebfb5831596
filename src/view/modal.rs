//! Questions, conflicts, texts, and the list of all actions.

use ratatui::style::Style;

use crate::app::App;
use crate::app::available::IN_EVERY_PANE;
use crate::app::cells;
use crate::app::layout::{Area, PALETTE_WHOLE};
use crate::app::pane::confirm::Confirm;
use crate::app::pane::conflict::{ConflictBox, theirs};
use crate::app::pane::palette::{Item, Palette};
use crate::app::pane::text::Text;
use crate::domain::outbox::Entry;
use crate::domain::user::Value;

use super::paint::{Column, Painter, Row, column};

/// A question, over the lower rows of what it is about.
pub(super) fn confirm(app: &App, painter: &mut Painter<'_>, open: &Confirm, body: Area) {
    let (rows, room) = app.question_rows(open, body);
    let typed = open.field();
    let listed = open.listed();
    let shown = listed.len().min(room);
    let height = rows.len() + 2 + usize::from(typed.is_some()) + shown;
    let height = u16::try_from(height).unwrap_or(u16::MAX);
    let (_, area) = body.split_end(height);
    painter.clear(area);
    painter.cursor = None;
    painter.rule(area, 0, "");
    let mut n = 1;
    for (tone, row) in rows {
        painter.line(area, n, &row, painter.tone(tone));
        n += 1;
    }
    let below = open.top + shown;
    for text in listed.iter().take(below).skip(open.top) {
        painter.line(area, n, text, Style::new());
        n += 1;
    }
    if listed.len() > shown {
        let all = cells::thousands(listed.len() as u64);
        let words = format!("{}-{below} of {all}; Up and Down scroll", open.top + 1);
        painter.line(area, n, &words, painter.theme.dim);
    }
    if let Some(field) = typed
        && n < area.height
    {
        let style = painter.theme.field;
        painter.field((area.x, area.y + n), area.width.min(50), field, style);
    }
}

/// The three values of each conflict of a user.
pub(super) fn conflict(app: &App, painter: &mut Painter<'_>, open: &ConflictBox, area: Area) {
    let strong = painter.theme.strong;
    let dim = painter.theme.dim;
    let title = match open.entries.as_slice() {
        [one] => format!("CONFLICT  {} of {}", one.field().as_str(), one.name),
        [first, ..] => format!(
            "CONFLICT  {}: {} fields, each decided on its own",
            first.name,
            open.entries.len()
        ),
        [] => return,
    };
    painter.line(area, 0, &title, strong);
    let both = "Both sides have changed since the edit was made; nothing is overwritten silently.";
    let mut y = wrapped(painter, area, 1, (both, dim)) + 1;
    for (n, entry) in open.entries.iter().enumerate() {
        if open.entries.len() > 1 {
            let here = n == open.at;
            let lead = if here { ">" } else { " " };
            let look = if here { strong } else { dim };
            painter.line(area, y, &format!("{lead} {}", entry.field().as_str()), look);
            y += 1;
        }
        three(app, painter, area, (y, entry));
        y += 4;
    }
    let keys = match (open.saving, open.entries.len()) {
        (Some(_), _) => "saving…",
        (None, 1) => {
            "{keep-mine} keeps mine: it stays queued, and is written when its plan ({plan}) is applied. {take-theirs} takes theirs: the edit is dropped. Esc decides later."
        }
        (None, _) => {
            "Up and Down choose the field. {keep-mine} keeps mine: it stays queued, and is written when its plan ({plan}) is applied. {take-theirs} takes theirs: the edit is dropped. Esc decides later."
        }
    };
    let keys = app.settings.keys.fill(keys);
    wrapped(painter, area, y, (&keys, Style::new()));
}

fn three(app: &App, painter: &mut Painter<'_>, area: Area, (y, entry): (u16, &Entry)) {
    let plain = Style::new();
    let made = format!(
        "entered here {} by {}",
        app.when(entry.created_at),
        entry.author
    );
    let theirs = theirs(entry).map_or_else(String::new, Value::shown);
    let rows = [
        (
            "it was",
            entry.base.shown(),
            "shown when the edit was made".to_owned(),
            plain,
        ),
        (
            "theirs",
            theirs,
            "in the tenant now".to_owned(),
            painter.theme.warn,
        ),
        ("mine", entry.wanted.shown(), made, painter.theme.busy),
    ];
    for (n, (word, value, what, style)) in (y..).zip(rows) {
        let columns = [
            column("", 1, plain),
            column(word, 8, painter.theme.strong),
            column(value, 26, style),
            column(what, usize::MAX, painter.theme.dim),
        ];
        painter.row(area, n, Row::Ordinary, &columns);
    }
}

/// Writes a text in as many rows as it takes; returns the row below.
fn wrapped(painter: &mut Painter<'_>, area: Area, mut y: u16, (text, style): (&str, Style)) -> u16 {
    for row in cells::wrap(text, usize::from(area.width)) {
        painter.line(area, y, &row, style);
        y += 1;
    }
    y
}

/// A text.
pub(super) fn text(painter: &mut Painter<'_>, open: &Text, area: Area) {
    painter.line(area, 0, &open.title, painter.theme.strong);
    let (_, lines) = area.split(1);
    let rows = open.doc.rows(usize::from(area.width));
    for (n, row) in (0..).zip(rows.iter().skip(open.scroll.top)) {
        painter.line(lines, n, &row.text, painter.tone(row.tone));
    }
}

/// The list of all actions.
pub(super) fn palette(app: &App, painter: &mut Painter<'_>, open: &Palette, area: Area) {
    painter.put((area.x, area.y), 1, ":", painter.theme.strong);
    let room = area.width.saturating_sub(2).min(34);
    let style = painter.theme.field;
    painter.field((area.x + 1, area.y), room, &open.field, style);
    let hint = "type to search; why TEXT explains anyone";
    let x = area.x + room + 3;
    let rest = (area.x + area.width).saturating_sub(x);
    painter.put((x, area.y), rest, hint, painter.theme.dim);
    if app.over().is_some() {
        let text =
            format!("What {IN_EVERY_PANE} waits for Esc, which closes what is open over the pane");
        painter.line(area, 1, &text, painter.theme.dim);
    }
    let (_, rest) = area.split(2);
    let (list, whole) = rest.split_end(PALETTE_WHOLE);
    let below = app.place_below();
    let cursor = &open.cursor;
    let items = open.items.iter().enumerate().skip(cursor.top);
    for (n, (index, item)) in (0..list.height).zip(items) {
        let columns = match item {
            Item::Do(action) => {
                let row = action.binding();
                let (look, text) = match app.refusal_in(below, *action) {
                    None => match app.caution(*action) {
                        None => (Style::new(), row.help.to_owned()),
                        Some(first) => (Style::new(), format!("[{first}]  {}", row.help)),
                    },
                    Some(reason) => {
                        let reason = app.settings.keys.fill(&reason);
                        (painter.theme.dim, format!("[{reason}]  {}", row.help))
                    }
                };
                if index == cursor.index {
                    painter.rule(whole, 0, row.name);
                    wrapped(painter, whole, 1, (&text, Style::new()));
                }
                // The line above the list says what that takes, once for all of them.
                let in_panes = text
                    .strip_prefix('[')
                    .filter(|text| text.starts_with(IN_EVERY_PANE));
                let text = match in_panes {
                    Some(_) => format!("[{IN_EVERY_PANE}]  {}", row.help),
                    None => text,
                };
                entry(
                    painter,
                    look,
                    (&app.settings.keys.names(*action).join(" "), row.name, &text),
                )
            }
            Item::Explain { name, detail, .. } => {
                entry(painter, Style::new(), ("", &format!("why {name}"), detail))
            }
        };
        painter.row(list, n, Row::from(index == cursor.index), &columns);
    }
    if open.items.is_empty() {
        let text = format!(
            "No action is called that. why {} explains a person.",
            open.field.text()
        );
        painter.line(list, 0, &text, Style::new());
    }
}

fn entry(
    painter: &Painter<'_>,
    look: Style,
    (keys, name, help): (&str, &str, &str),
) -> Vec<Column> {
    let name_width = if name.starts_with("why ") { 34 } else { 14 };
    vec![
        column(keys, 10, painter.theme.strong),
        column(name, name_width, look),
        column(help, usize::MAX, look),
    ]
}
