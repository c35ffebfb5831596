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

/// Cells that the last column keeps: the start of a cause or of a note says more than the end of a long name.
const LAST: usize = 22;

/// Columns that give way in a narrow window, in this order, and the cells that they keep.
const NARROWED: [(&str, usize); 4] = [
    ("E-MAIL", 12),
    ("USER NAME", 12),
    ("HOLDER", 10),
    ("NAME", 10),
];

/// What gives way where that is not enough; at no cells a column is left out.
const SQUEEZED: [(&str, usize); 4] = [("E-MAIL", 0), ("NAME", 6), ("HOLDER", 6), ("USER NAME", 0)];

/// The columns of a row, or of its titles, as they were chosen, made to fit a width. The first, the sign, has no name and stays.
pub(super) fn chosen(
    app: &App,
    (pane, width): (Pane, u16),
    names: &[&'static str],
    columns: Vec<Column>,
) -> Vec<Column> {
    let pairs = names.iter().zip(columns);
    let shown = pairs.filter(|(name, _)| name.is_empty() || app.columns.shows(pane, name));
    let mut all: Vec<(&str, Column)> = shown
        .map(|(name, column)| (*name, column.wider(app.columns.wider(pane, name))))
        .collect();
    let chosen = |(name, least): (&'static str, usize)| {
        let wider = app.columns.wider(pane, name);
        (name, least.saturating_add_signed(isize::from(wider)).max(6))
    };
    narrow(&mut all, usize::from(width), &NARROWED.map(chosen));
    // What was made wider by choice comes next, so that the state and the start of the cause stay in sight.
    let over = wanted(&all).saturating_sub(usize::from(width));
    let last = all.len().saturating_sub(1);
    all[..last]
        .iter_mut()
        .rev()
        .fold(over, |over, (name, column)| {
            let by = usize::try_from(app.columns.wider(pane, name)).unwrap_or(0);
            let before = column.cells();
            column.give(over.min(by), 2);
            over - (before - column.cells())
        });
    narrow(&mut all, usize::from(width), &SQUEEZED);
    all.into_iter().map(|(_, column)| column).collect()
}

/// Takes cells from columns until all fit; never from the last.
fn narrow(all: &mut Vec<(&str, Column)>, width: usize, order: &[(&str, usize)]) {
    for (name, least) in order {
        let over = wanted(all).saturating_sub(width);
        let place = all.iter().position(|(of, _)| of == name);
        let Some(at) = place.filter(|at| over > 0 && at + 1 < all.len()) else {
            continue;
        };
        all[at].1.give(over, *least);
        if *least == 0 {
            all.retain(|(of, column)| of != name || !column.is_empty());
        }
    }
}

/// Cells that columns want, one apart; the last wants a few of all that it could fill.
fn wanted(columns: &[(&str, Column)]) -> usize {
    let Some(((_, last), before)) = columns.split_last() else {
        return 0;
    };
    let before: usize = before.iter().map(|(_, column)| column.cells() + 1).sum();
    before + last.cells().min(LAST)
}

#[cfg(test)]
mod tests {
    use crate::app::fixture::Driver;
    use crate::view::screens::screen;

    /// Every user with a name and an address of 64 characters, and Ben without a seat for the longest reason there is.
    fn long(size: (u16, u16)) -> Driver {
        let mut t = Driver::sized(size);
        let mut desk = crate::app::fixture::desk();
        for row in &mut desk.users {
            let length = row.user.mail.len();
            row.user.mail = format!("{}{}", "x".repeat(64 - length), row.user.mail);
            row.user.name = format!("{} {}", row.user.name, "von und zu ".repeat(5));
        }
        t.desk(desk);
        t
    }

    #[test]
    fn state_and_start_of_the_cause_stay_in_sight_beside_long_addresses() {
        for width in [80, 100, 140] {
            let mut t = long((width, 24));
            // The box: the address is shown, then it and the number are made much wider.
            t.keys("K j Space");
            for _ in 0..20 {
                t.keys("<right>");
            }
            t.keys("j");
            for _ in 0..10 {
                t.keys("+");
            }
            t.keys("<esc>");
            let rows = screen(&t.app);
            let row = |word: &str| {
                let found = rows.iter().find(|row| row.contains(word));
                found
                    .unwrap_or_else(|| panic!("{word}:\n{}", rows.join("\n")))
                    .as_str()
            };
            for (who, state, cause) in [
                ("Ben W", "Unlicensed", "no seat (3 of 3 in us"),
                ("Megan", "refused", "number is in AD (Dir"),
                ("Pradeep", "conflict", "tenant has +44 1235"),
            ] {
                let row = row(who);
                assert!(row.contains(&format!("{state} ")), "{width}: {row}");
                assert!(row.contains(cause), "{width}: {row}");
            }
            assert!(row("NAME").contains("E-MAIL"), "the address is there");
        }
    }

    #[test]
    fn at_the_least_width_the_address_gives_way_first() {
        let mut t = long((60, 15));
        t.keys("K j Space <esc>");
        let rows = screen(&t.app);
        assert_eq!(rows[3], "  NAME   NUMBER           CC STATE      CAUSE");
        assert!(
            rows[4].starts_with("⚠ Ben W… -                GB Unlicensed no seat"),
            "{}",
            rows[4]
        );
    }
}
