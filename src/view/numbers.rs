//! Pane 6.

use ratatui::style::Style;

use crate::app::App;
use crate::app::doc::Tone;
use crate::app::layout::{self, Area};
use crate::app::pane::Pane;
use crate::app::pane::numbers::{Sort, detail, state};
use crate::roster::inventory::{NumberRow, Standing, kind_code};
use crate::roster::wishes::Wishes;

use super::columns::chosen;
use super::paint::{Column, Painter, Row, column};

const NUMBER: usize = 16;
const STATUS: usize = 8;

/// The columns as they are drawn.
const NAMES: [&str; 7] = ["", "NUMBER", "CC", "TY", "STATUS", "HOLDER", "NOTE"];

pub(super) fn draw(app: &App, painter: &mut Painter<'_>, area: Area) {
    let (list, below) = layout::with_detail(area);
    let holder = holder_width(list);
    titles(app, painter, list, holder);
    if app.numbers.shown.is_empty() {
        empty(app, painter, list);
        return;
    }
    let wishes = app.wishes();
    let cursor = &app.numbers.cursor;
    let rows = app.numbers.shown.iter().enumerate().skip(cursor.top);
    for (n, (index, &place)) in (1..list.height).zip(rows) {
        if let Some(row) = app.inventory.numbers.get(place as usize) {
            let columns = columns(painter, row, &wishes, holder);
            let columns = chosen(app, (Pane::Numbers, list.width), &NAMES, columns);
            let look = Row::from(index == cursor.index);
            painter.row(list, n, look, &columns);
            if app.numbers.marks.has(row.key) {
                painter.mark_beside(list, n, look);
            }
        }
    }
    if let Some(row) = app.number_row() {
        super::detail(painter, below, "", &detail(row, &wishes));
    }
}

fn holder_width(area: Area) -> usize {
    let fixed = 2 + NUMBER + 1 + 2 + 1 + 2 + 1 + STATUS + 1;
    (usize::from(area.width).saturating_sub(fixed) * 2 / 5).clamp(6, 30)
}

fn titles(app: &App, painter: &mut Painter<'_>, area: Area, holder: usize) {
    let sort = app.numbers.sort;
    let look = |of: Sort| {
        if of == sort {
            painter.theme.strong
        } else {
            painter.theme.dim
        }
    };
    let dim = painter.theme.dim;
    let columns = vec![
        column("", 1, dim),
        column("NUMBER", NUMBER, look(Sort::Number)),
        column("CC", 2, look(Sort::Country)),
        column("TY", 2, look(Sort::Type)),
        column("STATUS", STATUS, look(Sort::State)),
        column("HOLDER", holder, look(Sort::Holder)),
        column("NOTE", 60, look(Sort::Note)),
    ];
    let columns = chosen(app, (Pane::Numbers, area.width), &NAMES, columns);
    painter.row(area, 0, Row::Ordinary, &columns);
}

fn columns(
    painter: &Painter<'_>,
    row: &NumberRow,
    wishes: &Wishes<'_>,
    holder: usize,
) -> Vec<Column> {
    let state = state(row, wishes);
    let tone = painter.tone(state.mark.tone());
    let word = match row.standing() {
        Standing::Free => painter.tone(Tone::Good),
        Standing::Assigned => Style::new(),
        Standing::Phantom => painter.tone(Tone::Warn),
    };
    let name = row.holder().map_or("-", |owner| owner.name());
    let country = row.country.map_or("-".to_owned(), |cc| cc.to_string());
    vec![
        column(state.mark.glyph(painter.is_ascii()), 1, tone),
        column(row.record.number.spaced(), NUMBER, Style::new()),
        column(country, 2, Style::new()),
        column(kind_code(row.record.kind), 2, Style::new()),
        column(state.word, STATUS, word),
        column(name, holder, Style::new()),
        column(state.note, usize::MAX, tone),
    ]
}

fn empty(app: &App, painter: &mut Painter<'_>, area: Area) {
    let unread = !app.roster.is_empty() && app.inventory.loading() == 0;
    let ended = app.roster.is_empty() && app.desk.read_at.is_some();
    let lines: &[&str] = if !app.roster.is_whole() || unread || ended {
        &["The tenant's numbers are being loaded: a moment."]
    } else if app.roster.is_empty() {
        &["The tenant was never read. {sync} reads it; nothing is written by that."]
    } else if !app.inventory.known {
        &[
            "The tenant's numbers could not be read.",
            "",
            "The log of the last run (3) says why: most often the permission",
            "TeamsTelephoneNumber.Read.All is missing. A national cloud has no Teams API:",
            "there, Teams PowerShell lists them (Get-CsPhoneNumberAssignment).",
        ]
    } else if app.numbers.filter.is_shown() {
        &[app.nothing_found("No number has all of these words. Esc clears the filter.")]
    } else {
        &["This tenant has no numbers. A Direct Routing number appears here once it is assigned."]
    };
    for (n, line) in (2..).zip(lines) {
        painter.line(area, n, &app.settings.keys.fill(line), Style::new());
    }
}

#[cfg(test)]
mod tests {
    use crate::app::fixture::{Driver, settings};
    use crate::app::pane::Pane;
    use crate::view::screens::screen;

    #[test]
    fn numbers_in_columns_with_all_of_the_one_under_the_cursor() {
        let mut t = Driver::new();
        t.keys("6");
        let rows = screen(&t.app);
        assert_eq!(
            rows[1],
            "1 Users 5  2 Add users 4  3 Sync  4 Changes 2 !2  5 Licences !1  6 Numbers 8"
        );
        assert_eq!(
            rows[2..12],
            [
                "8 numbers   by number   2 free   5 assigned   1 phantom   3 of them blocked",
                "  NUMBER           CC TY STATUS   HOLDER             NOTE",
                "  +1 425 555 0100  US DR assigned Alex Wilber        not added",
                "~ +1 425 555 0101  US DR assigned Diego Siciliani    release queued",
                "~ +1 425 555 0199  US DR free     -                  for Diego Siciliani, queued",
                "⚠ +44 1235 123470  GB DR assigned Megan Bowen        number is in AD; release r…",
                "  +44 1235 123471  GB DR assigned Lee Gu",
                "⚠ +44 1235 123472  GB DR assigned 山田 太郎          holder is disabled",
                "⚠ +44 1235 123473  GB DR phantom  -                  owner is not in the tenant",
                "  +44 1235 123474  GB DR free     -",
            ]
        );
        t.keys("G k");
        let rows = screen(&t.app);
        let at = rows
            .iter()
            .position(|row| row.starts_with("+44 1235 123473"))
            .unwrap();
        assert_eq!(
            rows[at..at + 4],
            [
                "+44 1235 123473  phantom: owner is not in the tenant",
                "Direct Routing, online, activated, GB, assigned as user",
                "target   dededede-dede-dede-dede-dededededede",
                "do       Release it in the Teams admin centre (Voice, Phone numbers), or with",
            ]
        );
        assert_eq!(
            rows[23],
            "Enter all of it  m move  o sort  / filter  y copy  s sync  ? all keys"
        );
    }

    #[test]
    fn a_filter_without_hits_names_those_in_the_numbers() {
        let mut t = Driver::new();
        t.keys("/").text("123474");
        let rows = screen(&t.app);
        assert_eq!(
            rows[2],
            "/123474   0 of 5 here; 1 in numbers: +44 1235 123474, free (Enter: numbers)"
        );
        t.keys("<enter>");
        assert_eq!(t.app.pane, Pane::Numbers);
        assert_eq!(t.app.numbers.shown.len(), 1);
    }

    #[test]
    fn no_row_reaches_past_the_edge_at_any_size() {
        for pane in ["5", "6"] {
            for (width, height) in [
                (60, 15),
                (80, 24),
                (100, 13),
                (119, 40),
                (140, 40),
                (300, 100),
            ] {
                let mut t = Driver::with(settings(), (width, height));
                t.keys(pane).keys("G <enter>");
                screen(&t.app);
            }
        }
    }
}
