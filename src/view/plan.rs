//! The plan.

use ratatui::style::Style;

use crate::app::App;
use crate::app::layout::Area;
use crate::app::pane::Mark;
use crate::app::pane::plan::{Choice, PlanBox, PlanRow, chosen, rows, silences, taking_away};
use crate::app::sync::{Run, clock};
use crate::domain::writeplan::WritePlan;

use super::paint::{Column, Painter, Row, column};

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, open: &PlanBox, area: Area) {
    let Some(plan) = &app.plan else {
        painter.line(area, 0, "PLAN", painter.theme.strong);
        let doing = app.runs.active().map(Run::doing).unwrap_or_default();
        let text = format!("reading what the queued changes touch…  {doing}");
        painter.line(area, 2, &text, painter.theme.busy);
        return;
    };
    title(app, painter, plan, area);
    let rows = rows(plan, &app.desk);
    let cursor = &open.cursor;
    let last = area.height.saturating_sub(2);
    let shown = rows.iter().enumerate().skip(cursor.top);
    for (n, (index, row)) in (1..last).zip(shown) {
        let columns = columns(painter, row);
        painter.row(area, n, Row::from(index == cursor.index), &columns);
    }
    if rows.is_empty() {
        painter.line(area, 2, "Nothing would be written.", Style::new());
    }
    bottom(app, painter, plan, area);
}

fn title(app: &App, painter: &mut Painter<'_>, plan: &WritePlan, area: Area) {
    let count = chosen(plan, &app.desk).len();
    let left = format!(
        "PLAN  {} {}   {count} of {} changes",
        plan.tenant_name,
        &plan.tenant.to_string()[..8],
        plan.items.len() + plan.left_out.len(),
    );
    let ticket = app
        .plan_ticket()
        .map_or_else(String::new, |ticket| format!("   ticket {ticket}"));
    let right = format!("read {}{ticket}", clock(plan.read_at));
    painter.two(
        area,
        0,
        (&left, painter.theme.strong),
        (&right, painter.theme.dim),
    );
}

fn columns(painter: &Painter<'_>, row: &PlanRow) -> Vec<Column> {
    let (tick, note, style) = match &row.choice {
        Choice::Chosen => ("[x]", row.note.as_str(), Style::new()),
        Choice::HeldBack => ("[ ]", "held back", painter.theme.dim),
        Choice::LeftOut(why) => ("[-]", why.as_str(), painter.theme.dim),
    };
    vec![
        column(tick, 3, style),
        column(row.name.as_str(), 16, style),
        column(row.field.as_str(), 7, style),
        column(row.change.as_str(), 34, style),
        column(note, usize::MAX, style),
    ]
}

fn bottom(app: &App, painter: &mut Painter<'_>, plan: &WritePlan, area: Area) {
    let silent = silences(plan, &app.desk);
    let takes = taking_away(plan, &app.desk);
    let (tone, note) = if takes > plan.limit {
        (painter.theme.bad, " (past it: the tenant's name is typed)")
    } else {
        (painter.theme.dim, "")
    };
    let right = format!("takes away {takes}, limit {}{note}", plan.limit);
    let (_, lines) = area.split_end(2);
    if let Some((first, rest)) = silent.split_first() {
        let more = match rest.len() {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        let glyph = Mark::Warning.glyph(painter.is_ascii());
        let left = format!("{glyph} stops ringing: {first} (nobody gets it){more}");
        painter.line(lines, 0, &left, painter.theme.warn);
    }
    painter.two(lines, 1, ("", Style::new()), (&right, tone));
}
