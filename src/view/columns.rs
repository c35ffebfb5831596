//! The box in which the columns of a pane are chosen; the pane itself stays in sight above it, as it will be.

use ratatui::style::Style;

use crate::app::App;
use crate::app::columns::{ColumnsBox, names};
use crate::app::layout::Area;
use crate::app::pane::Pane;

use super::paint::{Column, Painter, Row, column};

/// Rows of the box: a title, and as many as a pane has columns at most.
const ROWS: u16 = 8;

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, open: &ColumnsBox, body: Area) {
    let (_, area) = body.split_end(ROWS);
    painter.clear(area);
    painter.rule(area, 0, "COLUMNS");
    for (n, (index, name)) in (1..).zip(names(open.pane).iter().enumerate()) {
        let shown = app.columns.shows(open.pane, name);
        let wider = match app.columns.wider(open.pane, name) {
            0 => String::new(),
            by if by > 0 => format!("{by} wider"),
            by => format!("{} narrower", -by),
        };
        let columns = [
            column(if shown { "[x]" } else { "[ ]" }, 3, painter.theme.strong),
            column(*name, 14, Style::new()),
            column(wider, usize::MAX, painter.theme.dim),
        ];
        painter.row(area, n, Row::from(index == open.index), &columns);
    }
}

/// The columns of a row, or of its titles, as they were chosen. The first of them, the sign, has no name and stays.
pub(super) fn chosen(app: &App, pane: Pane, names: &[&str], columns: Vec<Column>) -> Vec<Column> {
    let pairs = names.iter().zip(columns);
    let shown = pairs.filter(|(name, _)| name.is_empty() || app.columns.shows(pane, name));
    shown
        .map(|(name, column)| column.wider(app.columns.wider(pane, name)))
        .collect()
}
