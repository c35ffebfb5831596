//! Pane 4.

use jiff::Timestamp;
use ratatui::style::Style;

use crate::app::App;
use crate::app::cells;
use crate::app::layout::{Area, changes_areas};
use crate::app::pane::Mark;
use crate::app::pane::changes::{Item, audit_detail, audited, change, detail, held, mark, whole};
use crate::app::sync::clock_or_day;

use super::paint::{Column, Painter, Row, column, shown};

/// Cells of the columns that hold values and people; the time and who it was get what is left.
struct Widths {
    state: usize,
    name: usize,
    change: usize,
    rest: usize,
}

/// Cells of a day and a time.
const WHEN: usize = 12;

/// Cells of the local time behind it.
const LOCAL: usize = 14;

/// Cells that somebody's name takes to be one.
const AUTHOR: usize = 8;

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, area: Area) {
    let pane = &app.changes;
    let (waiting, done) = pane.counts();
    let areas = changes_areas(area, (waiting, done));
    if pane.shown.is_empty() {
        empty(app, painter, area);
        return;
    }
    let widths = widths(app, area);
    let title = match waiting {
        0 => "WAITING TO BE WRITTEN  nothing",
        _ => "WAITING TO BE WRITTEN",
    };
    painter.rule(areas.waiting, 0, title);
    if done > 0 {
        painter.rule(areas.done, 0, "DONE");
    }
    let lists = [
        (areas.waiting, 0, pane.tops.waiting, waiting),
        (areas.done, waiting, pane.tops.done, done),
    ];
    for (list, first, top, len) in lists {
        for (n, index) in (1..list.height).zip(first + top..first + len) {
            if let Some(columns) = columns(app, painter, pane.shown[index], &widths) {
                let look = Row::from(index == pane.cursor.index);
                painter.row(list, n, look, &columns);
                if pane.is_marked(pane.shown[index], &app.desk) {
                    painter.mark_beside(list, n, look);
                }
            }
        }
    }
    below(app, painter, areas.detail);
}

/// Everything about the row under the cursor.
fn below(app: &App, painter: &mut Painter<'_>, area: Area) {
    let doc = if let Some(entry) = app.changes.entry(&app.desk) {
        detail(entry, app.around_change(), &|at| app.when(at))
    } else if let Some(row) = app.changes.audit(&app.desk) {
        audit_detail(row, (&app.desk, &app.roster), &|at| app.when(at))
    } else {
        return;
    };
    painter.rule(area, 0, "");
    let (_, lines) = area.split(1);
    for (n, row) in (0..).zip(doc.rows(usize::from(lines.width))) {
        painter.line(lines, n, &row.text, painter.tone(row.tone));
    }
}

/// Values are never cut for the sake of a name, nor a name for the sake of a time.
fn widths(app: &App, area: Area) -> Widths {
    let width = usize::from(area.width).saturating_sub(2);
    let (mut state, mut name, mut change) = (8, 8, 12);
    for item in &app.changes.shown {
        let Some(cells) = cells_of(app, *item) else {
            continue;
        };
        state = state.max(shown(&cells.state));
        name = name.max(shown(&cells.name));
        change = change.max(shown(&cells.change));
    }
    let state = state.min(13);
    // Two numbers go into this; a longer text stands whole in the detail.
    let most = if width < 100 { 36 } else { 60 };
    let change = change.min(width.saturating_sub(state + 10)).clamp(6, most);
    let left = width.saturating_sub(state + 1 + change + 1);
    let with_time = left.saturating_sub(1 + "00:00Z".len());
    let name = name.min(with_time.clamp(left.clamp(8, 18), 34));
    Widths {
        state,
        name,
        change,
        rest: left.saturating_sub(name + 1),
    }
}

/// What a row says.
struct Cells {
    mark: Mark,
    state: String,
    name: String,
    change: String,
    at: Timestamp,
    author: String,
}

fn cells_of(app: &App, item: Item) -> Option<Cells> {
    match item {
        Item::Entry(id) => {
            let entry = app.desk.entries.iter().find(|entry| entry.id == id)?;
            let (mark, word) = mark(entry);
            Some(Cells {
                mark,
                state: word.to_owned(),
                name: entry.name.clone(),
                change: change(entry),
                at: entry.created_at,
                author: entry.author.clone(),
            })
        }
        Item::Audit(seq) => {
            let row = app.desk.audit.iter().find(|row| row.seq == seq)?;
            Some(Cells {
                mark: Mark::Blank,
                state: match row.action.as_str() {
                    "gone" => "found gone".to_owned(),
                    "back" => "found again".to_owned(),
                    action => action.to_owned(),
                },
                name: row.name.clone(),
                change: audited(&whole(row, &app.desk), &app.roster),
                at: row.at,
                author: row.author.clone(),
            })
        }
    }
}

fn columns(app: &App, painter: &Painter<'_>, item: Item, widths: &Widths) -> Option<Vec<Column>> {
    let mut cells = cells_of(app, item)?;
    // Only of rows that are drawn: it looks at all that wait.
    if let Item::Entry(id) = item
        && let Some(entry) = app.desk.entries.iter().find(|entry| entry.id == id)
        && !app.runs.active().is_some_and(|run| run.carries(entry))
        && held(entry, &app.desk).is_some()
    {
        "held".clone_into(&mut cells.state);
    }
    let tone = painter.tone(cells.mark.tone());
    let when = clock_or_day(cells.at, app.now);
    let local = app.settings.zone.beside(cells.at);
    let made = if !local.is_empty() && widths.rest > WHEN + LOCAL + AUTHOR {
        format!("{:<1$} {2}", when + &local, WHEN + LOCAL, cells.author)
    } else if widths.rest > WHEN + AUTHOR {
        format!("{when:<WHEN$} {}", cells.author)
    } else if cells::width(&when) + cells::width(&local) <= widths.rest {
        when + &local
    } else if cells::width(&when) <= widths.rest {
        when
    } else {
        // A day tells more than half a time.
        let day = when.split_once(' ').map_or("", |(day, _)| day);
        day.to_owned()
    };
    Some(vec![
        column(cells.mark.glyph(painter.is_ascii()), 1, tone),
        column(cells.state, widths.state, tone),
        column(cells.name, widths.name, Style::new()),
        column(cells.change, widths.change, Style::new()),
        column(made, usize::MAX, painter.theme.dim),
    ])
}

fn empty(app: &App, painter: &mut Painter<'_>, area: Area) {
    let lines: &[&str] = if app.changes.filter.is_shown() {
        &[app.nothing_found("No change has all of these words. Esc clears the filter.")]
    } else {
        &[
            "Nothing was changed yet.",
            "",
            "What {edit} changes in 1 Users waits here until its plan ({plan}) is applied.",
        ]
    };
    for (n, line) in (1..).zip(lines) {
        painter.line(area, n, &app.settings.keys.fill(line), Style::new());
    }
}
