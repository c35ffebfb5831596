//! The plan.

use ratatui::style::Style;

use crate::app::App;
use crate::app::cells;
use crate::app::doubt;
use crate::app::layout::Area;
use crate::app::pane::Mark;
use crate::app::pane::plan::{
    Choice, PlanBox, PlanRow, WHOLE, around, chosen, gap, rows, silences, taking_away, warnings,
};
use crate::app::sync::Run;
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
    let (list, below) = below.split_end(around(area.height) - 1);
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
        app.session.tenant,
        &plan.tenant.to_string()[..8],
        plan.chosen_words(count),
    );
    let ticket = app
        .plan_ticket()
        .map_or_else(String::new, |ticket| format!("   ticket {ticket}"));
    let right = format!("read {}{ticket}", app.when(plan.read_at));
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
    let takes = taking_away(plan, &app.desk);
    let tone = if takes > plan.limit {
        painter.theme.bad
    } else {
        painter.theme.dim
    };
    let room = warnings(area.height);
    let (_, lines) = area.split_end(room + 1);
    let width = usize::from(area.width);
    let glyph = Mark::Warning.glyph(painter.is_ascii());
    let gap = gap(plan, &app.desk).map(|gap| format!("{glyph} {gap}"));
    let gap = gap.map_or(Vec::new(), |gap| cells::wrap(&gap, width));
    // What stops for good stands first, and leaves the other a line.
    let of_silent = usize::from(room) - gap.len().min(usize::from(room) - 1);
    let silent = silent(&silences(plan, &app.desk), glyph, (width, of_silent));
    let said: Vec<&String> = silent.iter().chain(&gap).collect();
    for (n, line) in (0..room).rev().zip(said.into_iter().rev()) {
        painter.line(lines, n, line, painter.theme.warn);
    }
    let right = plan.limit_words(takes);
    painter.two(lines, room, ("", Style::new()), (&right, tone));
}

/// The numbers that nobody gets, by name as far as the lines go, and how many more there are.
fn silent(numbers: &[String], glyph: char, (width, lines): (usize, usize)) -> Vec<String> {
    let said = |named: usize| {
        let text = match (numbers, numbers.len() - named) {
            ([number], _) => format!("stops ringing: {number} (nobody gets it)"),
            (_, 0) => format!("stop ringing: {} (nobody gets them)", numbers.join(", ")),
            (_, more) => format!(
                "stop ringing: {} and {more} more (nobody gets them; y copies all)",
                numbers[..named].join(", ")
            ),
        };
        cells::wrap(&format!("{glyph} {text}"), width)
    };
    let most = numbers.len().min(lines * width / 12);
    (1..=most)
        .rev()
        .map(said)
        .find(|rows| rows.len() <= lines)
        .or_else(|| (!numbers.is_empty()).then(|| said(1)))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::silent;

    #[test]
    fn what_stops_ringing_is_named_as_far_as_there_is_room() {
        let numbers: Vec<String> = (10..30).map(|n| format!("+44 1235 1234{n}")).collect();
        let said = |n: usize, lines| silent(&numbers[..n], '!', (60, lines));
        assert_eq!(said(0, 2), Vec::<String>::new());
        assert_eq!(
            said(1, 1),
            ["! stops ringing: +44 1235 123410 (nobody gets it)"]
        );
        assert_eq!(
            said(2, 2),
            [
                "! stop ringing: +44 1235 123410, +44 1235 123411 (nobody",
                "gets them)"
            ]
        );
        let many = said(20, 3);
        assert_eq!(many.len(), 3, "{many:?}");
        assert!(
            many.concat()
                .ends_with("more (nobody gets them; y copies all)"),
            "{many:?}"
        );
    }
}
