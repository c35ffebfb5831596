//! An edit of all marked: its form, and the preview of what would become of each.

use ratatui::style::Style;

use crate::app::App;
use crate::app::bulk::review_areas;
use crate::app::cells;
use crate::app::doc::{Doc, Tone};
use crate::app::layout::Area;
use crate::app::pane::bulk::many::{Change, Holders, ManyField, ManyForm};
use crate::app::pane::bulk::preview::{Fate, Preview, PreviewRow, Whom};
use crate::domain::phone::NumberKind;

use super::bulk::{LABEL, either, label, line, value};
use super::paint::{Column, Painter, Row, column};

pub(super) fn form(painter: &mut Painter<'_>, form: &ManyForm, area: Area) {
    let n = cells::thousands(form.whom.len() as u64);
    let strong = painter.theme.strong;
    let adds = matches!(form.whom.first(), Some(Whom::Person(_)));
    let verb = if adds { "ADD" } else { "EDIT" };
    painter.line(area, 0, &format!("{verb} {n} MARKED"), strong);
    let mut y = 2;
    let mut cursor = None;
    for field in ManyField::ALL {
        let focus = form.focus == field;
        label(painter, area, y, (focus, field.label()));
        match field {
            ManyField::Numbers => line(painter, area, y, (&form.numbers, focus)),
            ManyField::Country => line(painter, area, y, (&form.country, focus)),
            ManyField::Kind => {
                let words: Vec<String> = NumberKind::ALL
                    .into_iter()
                    .map(|kind| {
                        let word = kind.as_str();
                        if form.kind == Some(kind) {
                            format!("[{word}]")
                        } else {
                            format!(" {word} ")
                        }
                    })
                    .collect();
                let as_is = if form.kind.is_none() {
                    "[as it is]"
                } else {
                    " as it is "
                };
                value(painter, area, y, &format!("{as_is} {}", words.join(" ")));
            }
            ManyField::Holders => {
                let words = ["keeps it", "gets a new one, the old comes free"];
                let text = either(words, form.holders == Holders::Keep);
                value(painter, area, y, &text);
            }
        }
        if focus && matches!(field, ManyField::Numbers | ManyField::Country) {
            cursor = painter.cursor;
        }
        y += 1;
        if let Some((_, text)) = form.fault.as_ref().filter(|(faulty, _)| *faulty == field) {
            y = painter.below(LABEL, area, y, (Tone::Bad, text));
        }
        if let Some(country) = form.proposal().filter(|_| field == ManyField::Country) {
            let text = format!("Ctrl-T takes {country}");
            y = painter.below(LABEL, area, y, (Tone::Good, &text));
        }
        if focus {
            y = painter.below(LABEL, area, y, (Tone::Dim, field.hint()));
        }
    }
    let last = "Enter shows what would become of each of them; nothing is queued before that.";
    painter.below(LABEL, area, y + 1, (Tone::Dim, last));
    painter.cursor = cursor;
}

pub(super) fn preview(app: &App, painter: &mut Painter<'_>, open: &Preview) {
    let (list, low) = review_areas(&app.layout());
    painter.clear(list);
    let (strong, dim) = (painter.theme.strong, painter.theme.dim);
    let refused = open.counts()[3];
    let (counts, look) = if open.is_waiting() {
        ("working…".to_owned(), painter.theme.busy)
    } else if refused > 0 {
        (open.count_words(), painter.theme.warn)
    } else {
        (open.count_words(), painter.tone(Tone::Good))
    };
    painter.two(list, 0, (&open.title(), strong), (&counts, look));
    painter.line(list, 1, &app.settings.keys.fill(hint(open, refused)), dim);
    let skipped = open.skipped_words();
    let head = if skipped.is_empty() { 2 } else { 3 };
    if head == 3 {
        painter.line(list, 2, &skipped, dim);
    }
    let wide = match open.change {
        // What stays in the tenant tells more than that all of them go.
        Change::Remove => 12,
        Change::Edit { .. } => (usize::from(list.width) / 2).max(46),
    };
    let room = usize::from(list.width).saturating_sub(3 + 1 + 20 + 1 + wide + 1);
    let titles = [
        ("", 3),
        ("NAME", 20),
        ("CHANGE", wide),
        ("NOTE", usize::MAX),
    ];
    let columns = titles.map(|(text, wide)| column(text, wide, dim));
    painter.row(list, head, Row::Ordinary, &columns);
    let rows = open.rows.iter().enumerate().skip(open.cursor.top);
    for (n, (index, row)) in (head + 1..list.height).zip(rows) {
        let columns = preview_columns(painter, row, (wide, room));
        painter.row(list, n, Row::from(index == open.cursor.index), &columns);
    }
    if let Some(row) = open.rows.get(open.cursor.index) {
        let mut doc = Doc::default();
        let (tone, text) = match &row.fate {
            Fate::Refused(why) => (Tone::Bad, why.as_str()),
            Fate::Unchanged => (Tone::Dim, "has all of it already"),
            Fate::Out => (Tone::Dim, "left out; Space takes it in again"),
            Fate::Done(_) => (Tone::Plain, row.change.as_str()),
        };
        doc.line(tone, text);
        if !row.note.is_empty() {
            doc.line(Tone::Warn, &row.note);
        }
        super::detail(painter, low, &row.name, &doc);
    }
}

/// What is to be known of all of them, or the way on where some cannot be part of it.
fn hint(open: &Preview, refused: usize) -> &'static str {
    match open.change {
        Change::Edit {
            numbers: Some(_), ..
        } if !open.sure => "the tenant's list of numbers was never read: {sync} reads it",
        Change::Edit {
            numbers: Some(_),
            holders: Holders::Keep,
            ..
        } if refused > 0 => {
            "{queue-good} leaves out those marked [!]; Esc, then \"Who has one\", replaces their numbers"
        }
        _ if refused > 0 => {
            "{queue-good} leaves out those marked [!], {hold} the one under the cursor"
        }
        Change::Edit { .. } => "one plan for all: {plan}, after it is queued",
        Change::Remove => "seats go back; no number is released by this",
    }
}

/// As many whole parts of a note as there is room for: a number is never cut. The line below the list has all of it.
fn whole_parts(note: &str, room: usize) -> String {
    if cells::width(note) <= room {
        return note.to_owned();
    }
    let ends = note.match_indices("; ").map(|(end, _)| end);
    let fits = |end: &usize| cells::width(&note[..*end]) + 1 < room;
    match ends.filter(fits).last() {
        Some(end) => format!("{};…", &note[..end]),
        None => "…".to_owned(),
    }
}

fn preview_columns(
    painter: &Painter<'_>,
    row: &PreviewRow,
    (wide, room): (usize, usize),
) -> Vec<Column> {
    let dim = painter.theme.dim;
    let (tick, change, note, style) = match &row.fate {
        Fate::Done(_) => ("[x]", row.change.as_str(), row.note.as_str(), Style::new()),
        Fate::Unchanged => ("[-]", "has all of it already", "", dim),
        Fate::Out => ("[ ]", "left out", "", dim),
        Fate::Refused(why) => {
            return vec![
                column("[!]", 3, painter.theme.bad),
                column(row.name.as_str(), 20, Style::new()),
                column(why.as_str(), usize::MAX, painter.theme.bad),
            ];
        }
    };
    vec![
        column(tick, 3, style),
        column(row.name.as_str(), 20, style),
        column(change, wide, style),
        column(whole_parts(note, room), usize::MAX, painter.theme.warn),
    ]
}
