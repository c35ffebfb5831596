//! The tabs of the panes, with what each holds.

use ratatui::style::Style;

use crate::app::App;
use crate::app::cells;
use crate::app::layout::Area;
use crate::app::pane::Pane;
use crate::domain::outbox::EntryState;

use super::paint::Painter;

/// The tabs with their counts, as much of them as has room.
pub(super) fn tabs(app: &App, painter: &mut Painter<'_>, area: Area) {
    let needed = |texts: &[String], gap: usize| {
        let cells: usize = texts.iter().map(|text| cells::width(text) + gap).sum();
        cells - gap <= usize::from(area.width)
    };
    let whole = tab_texts(app, Room::Whole);
    let (texts, gap) = if needed(&whole, 2) {
        (whole, 2)
    } else {
        let tight = tab_texts(app, Room::Tight);
        if needed(&tight, 1) {
            (tight, 1)
        } else {
            (tab_texts(app, Room::Least), 1)
        }
    };
    let mut x = area.x;
    for (pane, text) in Pane::ALL.into_iter().zip(&texts) {
        let style = if pane == app.pane {
            painter.theme.tab
        } else {
            Style::new()
        };
        let room = (area.x + area.width).saturating_sub(x);
        x += painter.put((x, area.y), room, text, style) + gap;
    }
}

/// Whether all of the tabs has room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Room {
    Whole,
    /// All but what is only nice to know.
    Tight,
    /// Only what needs a person.
    Least,
}

/// What stands on the tabs. Where there is no room, what is only nice to know is left out: never what needs a person.
fn tab_texts(app: &App, room: Room) -> Vec<String> {
    let mut texts = Vec::new();
    for (n, pane) in (1..).zip(Pane::ALL) {
        let count = match pane {
            Pane::Users | Pane::Candidates if room == Room::Least => String::new(),
            Pane::Users => format!(" {}", app.desk.users.len()),
            Pane::Candidates if app.settings.manual_mode => String::new(),
            Pane::Sync if room != Room::Whole && app.runs.active().is_some() => "…".to_owned(),
            Pane::Numbers if room != Room::Whole => String::new(),
            Pane::Candidates => format!(" {}", app.candidates.candidates()),
            Pane::Sync if app.runs.active().is_some() => " running".to_owned(),
            Pane::Sync => String::new(),
            Pane::Changes => changes_count(app),
            Pane::Licences => short_count(app),
            Pane::Numbers => match app.inventory.numbers.len() {
                0 => String::new(),
                n => format!(" {n}"),
            },
        };
        let title = match pane {
            Pane::Candidates if room == Room::Least => "Add",
            pane => pane.title(),
        };
        texts.push(format!("{n} {title}{count}"));
    }
    texts
}

/// ` !1`: of how many licences more seats are used than were bought.
fn short_count(app: &App) -> String {
    let short = app
        .inventory
        .products
        .iter()
        .filter(|product| product.sku.free() < 0)
        .count();
    match short {
        0 => String::new(),
        n => format!(" !{n}"),
    }
}

/// ` 2 !1`: how many wait, and how many need a person.
fn changes_count(app: &App) -> String {
    let entries = &app.desk.entries;
    let urgent = entries
        .iter()
        .filter(|entry| needs_a_person(&entry.state))
        .count();
    match (entries.len() - urgent, urgent) {
        (0, 0) => String::new(),
        (n, 0) => format!(" {n}"),
        (n, urgent) => format!(" {n} !{urgent}"),
    }
}

fn needs_a_person(state: &EntryState) -> bool {
    matches!(
        state,
        EntryState::Conflict { .. } | EntryState::Rejected { .. } | EntryState::Unknown { .. }
    )
}

#[cfg(test)]
mod tests {
    use crate::app::fixture::Driver;
    use crate::view::screens::screen;

    #[test]
    fn all_tabs_are_there_at_every_width() {
        let row = |width: u16| {
            let t = Driver::sized((width, 24));
            screen(&t.app)[1].clone()
        };
        assert_eq!(
            row(80),
            "1 Users 5  2 Add users 4  3 Sync  4 Changes 2 !2  5 Licences !1  6 Numbers 8"
        );
        assert_eq!(
            row(70),
            "1 Users 5 2 Add users 4 3 Sync 4 Changes 2 !2 5 Licences !1 6 Numbers"
        );
        assert_eq!(
            row(60),
            "1 Users 2 Add 3 Sync 4 Changes 2 !2 5 Licences !1 6 Numbers"
        );
        // A run that goes says so in a sign where there is no room for the word.
        let mut t = Driver::new();
        t.keys("s");
        assert_eq!(
            screen(&t.app)[1],
            "1 Users 5 2 Add users 4 3 Sync… 4 Changes 2 !2 5 Licences !1 6 Numbers"
        );
    }
}
