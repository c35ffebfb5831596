//! The plan.

use ratatui::style::Style;

use crate::app::App;
use crate::app::cells;
use crate::app::doubt;
use crate::app::layout::Area;
use crate::app::pane::Mark;
use crate::app::pane::plan::{
    AROUND, Choice, PlanBox, PlanRow, WHOLE, chosen, rows, silences, taking_away,
};
use crate::app::sync::{Run, clock};
use crate::domain::writeplan::WritePlan;

use super::paint::{Column, Painter, Row, column, shown};

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
    let (_, below) = area.split(1);
    let (list, below) = below.split_end(AROUND - 1);
    let widths = Widths::of(&rows, area);
    let shown = rows.iter().enumerate().skip(cursor.top);
    for (n, (index, row)) in (0..list.height).zip(shown) {
        let columns = columns(app, painter, row, &widths);
        painter.row(list, n, Row::from(index == cursor.index), &columns);
    }
    if let Some(row) = rows.get(cursor.index) {
        let doubt = row.who.and_then(|id| app.roster.doubt(id));
        whole(painter, row, doubt, below);
    }
    if rows.is_empty() {
        painter.line(area, 2, "Nothing would be written.", Style::new());
    }
    bottom(app, painter, plan, area);
}

fn title(app: &App, painter: &mut Painter<'_>, plan: &WritePlan, area: Area) {
    let count = chosen(plan, &app.desk).len();
    let left = format!(
        "PLAN  {} {}   {}",
        plan.tenant_name,
        &plan.tenant.to_string()[..8],
        plan.chosen_words(count),
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

/// Cells of the columns: the values get what they need, and the rest is for what is to be known of them.
struct Widths {
    name: usize,
    change: usize,
}

impl Widths {
    fn of(rows: &[PlanRow], area: Area) -> Self {
        let widest = |text: fn(&PlanRow) -> &str| {
            let widths = rows.iter().map(|row| shown(text(row)));
            widths.max().unwrap_or_default()
        };
        let width = usize::from(area.width);
        // Two numbers stand in 37 cells; a longer change stands whole below.
        let change = widest(|row| &row.change).clamp(12, (width / 2).clamp(12, 60));
        let name = widest(|row| &row.name).clamp(6, if width < 100 { 16 } else { 30 });
        Self { name, change }
    }
}

/// What is said of a row beside its values.
fn result(row: &PlanRow) -> &str {
    match &row.choice {
        Choice::Chosen => row.note.as_str(),
        Choice::HeldBack => "held back",
        Choice::LeftOut(why) => why.as_str(),
    }
}

/// The row under the cursor, with nothing cut.
fn whole(painter: &mut Painter<'_>, row: &PlanRow, doubt: Option<String>, area: Area) {
    painter.rule(area, 0, "");
    let note = match result(row) {
        "" => String::new(),
        note => format!("  {note}"),
    };
    let doubt = doubt.map_or_else(String::new, |doubt| format!("  {} {doubt}", doubt::SIGN));
    let text = format!(
        "{}  {}  {}{note}{doubt}",
        row.name,
        row.field.as_str(),
        row.change
    );
    let lines = cells::wrap(&painter.safe(&text), usize::from(area.width));
    for (n, line) in (1..WHOLE).zip(lines) {
        painter.line(area, n, &line, Style::new());
    }
}

fn columns(app: &App, painter: &Painter<'_>, row: &PlanRow, widths: &Widths) -> Vec<Column> {
    let (tick, style) = match &row.choice {
        Choice::Chosen => ("[x]", Style::new()),
        Choice::HeldBack => ("[ ]", painter.theme.dim),
        Choice::LeftOut(_) => ("[-]", painter.theme.dim),
    };
    let note = result(row);
    vec![
        column(tick, 3, style),
        column(app.called(row.who, &row.name), widths.name, style),
        column(row.field.as_str(), 7, style),
        column(row.change.as_str(), widths.change, style),
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
    let verb = if takes == 1 { "takes" } else { "take" };
    let right = format!("{takes} {verb} something away, limit {}{note}", plan.limit);
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
