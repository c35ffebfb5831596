//! `why`, over the panes and beside them.

use ratatui::style::Style;

use crate::app::App;
use crate::app::doc::{Doc, Tone};
use crate::app::layout::Area;
use crate::app::pane::why::{Answer, Room, WhyBox, doc, read_at};
use crate::domain::why::Why;

use super::paint::Painter;

pub(super) fn modal(app: &App, painter: &mut Painter<'_>, open: &WhyBox, area: Area) {
    match &open.answer {
        Answer::Known(why) => title(app, painter, (why, painter.theme.strong), area),
        Answer::Waiting | Answer::Failed(_) => {
            painter.line(
                area,
                0,
                &format!("WHY  {}", open.title),
                painter.theme.strong,
            );
        }
    }
    let doc = open
        .doc(&app.settings.keys)
        .local(&app.settings.zone, app.now);
    rows(painter, &doc, open.scroll.top, area);
}

/// Why the row under the cursor is as it is.
pub(super) fn beside(app: &App, painter: &mut Painter<'_>, area: Area) {
    let inner = if area.x == 0 {
        painter.rule(area, 0, "");
        area.split(1).1
    } else {
        for n in 0..area.height {
            painter.put((area.x - 1, area.y + n), 1, "│", painter.theme.dim);
        }
        Area {
            x: area.x + 1,
            width: area.width.saturating_sub(1),
            ..area
        }
    };
    let Some(why) = &app.beside.why else {
        return;
    };
    if app.who_here().is_none() {
        return;
    }
    let mut doc = doc(why, Room::Half, app.now).local(&app.settings.zone, app.now);
    let mut strong = painter.theme.strong;
    if app.beside.asked.is_some() || app.beside.about != app.who_here() {
        // It is still about the row that the cursor was on. Name and verdict say so: all lines would be many bytes for a moment.
        strong = painter.theme.dim;
        if let Some(verdict) = doc.0.first_mut() {
            verdict.tone = Tone::Dim;
        }
    }
    title(app, painter, (why, strong), inner);
    rows(painter, &doc, 0, inner);
}

fn title(app: &App, painter: &mut Painter<'_>, (why, look): (&Why, Style), area: Area) {
    let left = format!("WHY  {}  {}", why.name, why.upn);
    let right = read_at(why, &|at| app.when(at));
    painter.two(area, 0, (&left, look), (&right, painter.theme.dim));
}

fn rows(painter: &mut Painter<'_>, doc: &Doc, top: usize, area: Area) {
    let rows = doc.rows(usize::from(area.width));
    let (_, lines) = area.split(1);
    let shown = usize::from(lines.height);
    let more = rows.len() > top + shown;
    for (n, row) in (0..lines.height).zip(rows.iter().skip(top)) {
        painter.line(lines, n, &row.text, painter.tone(row.tone));
    }
    if more && lines.height > 0 {
        let text = format!("… {} more lines", rows.len() - top - shown + 1);
        painter.clear(Area {
            y: lines.y + lines.height - 1,
            height: 1,
            ..lines
        });
        painter.line(lines, lines.height - 1, &text, painter.tone(Tone::Dim));
    }
}
