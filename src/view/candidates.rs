//! Pane 2.

use ratatui::style::Style;

use crate::app::App;
use crate::app::doc::Tone;
use crate::app::layout::Area;
use crate::app::pane::Pane;
use crate::app::pane::candidates::{Listing, Sort, note};
use crate::app::pane::why;
use crate::domain::gate::FirstCause;
use crate::roster::Person;

use super::columns::chosen;
use super::paint::{Column, Painter, Row, column};

const NUMBER: usize = 16;
const CAUSE: usize = 23;

/// Whoever is on the list with a change that the tenant has not got.
const NOT_WRITTEN: &str = "configured, not written";

/// The columns as they are drawn.
fn drawn(listing: Listing) -> [&'static str; 6] {
    match listing {
        Listing::Everyone => ["", "NAME", "FIRST CAUSE", "NUMBER", "CC", "USER NAME"],
        Listing::Candidates => ["", "NAME", "USER NAME", "NUMBER", "CC", "NOTE"],
    }
}

/// Cells of the columns that share what is left.
struct Widths {
    name: usize,
    upn: usize,
    last: usize,
}

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, area: Area) {
    let counts = app.counts(area.width);
    for (n, line) in (0..).zip(&counts) {
        painter.line(area, n, line, painter.theme.dim);
    }
    let (_, area) = area.split(u16::try_from(counts.len()).unwrap_or_default());
    let everyone = app.candidates.listing == Listing::Everyone;
    if app.settings.manual_mode && !everyone {
        return;
    }
    let widths = widths(area, everyone);
    titles(app, painter, area, &widths);
    if app.candidates.shown.is_empty() {
        empty(app, painter, area);
        return;
    }
    let names = drawn(app.candidates.listing);
    let cursor = &app.candidates.cursor;
    let rows = app.candidates.shown.iter().enumerate().skip(cursor.top);
    for (n, (index, &place)) in (1..area.height).zip(rows) {
        if let Some(person) = app.roster.get(place) {
            let columns = columns(app, painter, person, &widths);
            let columns = chosen(app, (Pane::Candidates, area.width), &names, columns);
            painter.row(area, n, Row::from(index == cursor.index), &columns);
        }
    }
}

fn widths(area: Area, everyone: bool) -> Widths {
    let width = usize::from(area.width);
    if everyone {
        let left = width.saturating_sub(2 + 1 + CAUSE + 1 + NUMBER + 1 + 2 + 1);
        // A name that can be read goes before the address; an address of a few letters tells nobody anything.
        let name = (left * 11 / 20).max(left.min(20)).clamp(6, 30);
        let upn = left.saturating_sub(name);
        if upn < 8 {
            return Widths {
                name: left.max(6),
                upn: 0,
                last: 0,
            };
        }
        Widths { name, upn, last: 0 }
    } else {
        let left = width.saturating_sub(2 + 1 + 1 + NUMBER + 1 + 2 + 1);
        let name = (left * 2 / 5).clamp(6, 30);
        let last = (left / 5).clamp(6, 24);
        Widths {
            name,
            upn: left.saturating_sub(name + last),
            last,
        }
    }
}

fn titles(app: &App, painter: &mut Painter<'_>, area: Area, widths: &Widths) {
    let sort = app.candidates.sort;
    let look = |of: Sort| {
        if of == sort {
            painter.theme.strong
        } else {
            painter.theme.dim
        }
    };
    let dim = painter.theme.dim;
    let name = column("NAME", widths.name, look(Sort::Name));
    let number = column("NUMBER", NUMBER, look(Sort::Number));
    let country = column("CC", 2, look(Sort::Country));
    let mark = column("", 1, dim);
    let columns = match app.candidates.listing {
        Listing::Everyone => vec![
            mark,
            name,
            column("FIRST CAUSE", CAUSE, look(Sort::Cause)),
            number,
            country,
            column("USER NAME", widths.upn, look(Sort::SignIn)),
        ],
        Listing::Candidates => vec![
            mark,
            name,
            column("USER NAME", widths.upn, look(Sort::SignIn)),
            number,
            country,
            column("NOTE", widths.last, look(Sort::Note)),
        ],
    };
    let names = drawn(app.candidates.listing);
    let columns = chosen(app, (Pane::Candidates, area.width), &names, columns);
    painter.row(area, 0, Row::Ordinary, &columns);
}

fn columns(app: &App, painter: &Painter<'_>, person: Person<'_>, widths: &Widths) -> Vec<Column> {
    let plain = Style::new();
    let marked = app.candidates.marked.contains(&person.id);
    let mark = column(if marked { "*" } else { " " }, 1, painter.theme.strong);
    let name = app.called(Some(person.id), person.name);
    let name = column(name, widths.name, plain);
    let number = person
        .phone()
        .map_or_else(|| "-".to_owned(), |number| number.spaced());
    let number = column(number, NUMBER, plain);
    let country = person.location.map_or("-".to_owned(), |c| c.to_string());
    let country = column(country, 2, plain);
    let upn = column(person.upn, widths.upn, painter.theme.dim);
    match app.candidates.listing {
        Listing::Everyone => {
            let cause = app.tenant().cause(person);
            let tone = match cause {
                FirstCause::Configured => Tone::Dim,
                cause if cause.is_candidate() => Tone::Good,
                cause => match why::tone(cause) {
                    // A list that is red all over says nothing: most people of a tenant are no candidates.
                    Tone::Bad => Tone::Plain,
                    tone => tone,
                },
            };
            let mut entries = app.desk.entries.iter();
            let unwritten = cause == FirstCause::Configured
                && entries.any(|entry| {
                    entry.directory_id == Some(person.id) && entry.state.is_unwritten()
                });
            // On the list is not in the tenant: what is queued was not sent there.
            let words = if unwritten {
                NOT_WRITTEN
            } else {
                cause.words()
            };
            let cause = column(words, CAUSE, painter.tone(tone));
            vec![mark, name, cause, number, country, upn]
        }
        Listing::Candidates => {
            let note = column(note(person.marks), widths.last, painter.theme.warn);
            vec![mark, name, upn, number, country, note]
        }
    }
}

fn empty(app: &App, painter: &mut Painter<'_>, area: Area) {
    let loading = app.being_loaded().map(|words| format!("{words}: a moment"));
    let lines: &[&str] = if let Some(words) = &loading {
        &[words]
    } else if app.candidates.rows.is_partial() {
        &["Nobody among the first rows: the others are being looked through."]
    } else if app.roster.is_empty() && app.desk.read_at.is_some() {
        // The first read has just ended.
        &["The tenant's users are being loaded: a moment."]
    } else if app.roster.is_empty() {
        &["The tenant was never read. {sync} reads it; nothing is written by that."]
    } else if app.candidates.filter.is_shown() {
        &[app.nothing_found("Nobody here has all of these words. Esc clears the filter.")]
    } else if app.settings.bundle {
        &[
            "Nobody in this bundle may be added.",
            "",
            "It holds the list and those it was asked for, not everyone in the tenant:",
            "{everyone}  lists them, with the first cause why not",
        ]
    } else {
        &[
            "Nobody may be added.",
            "",
            "{everyone}  lists everyone in the tenant, with the first cause why not",
            "{why}  there explains one of them",
        ]
    };
    for (n, line) in (2..).zip(lines) {
        painter.line(area, n, &app.settings.keys.fill(line), Style::new());
    }
}
