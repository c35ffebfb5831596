//! The tabs of the panes, with what each holds.

use ratatui::style::Style;

use crate::app::App;
use crate::app::cells;
use crate::app::layout::Area;
use crate::app::pane::Pane;
use crate::domain::outbox::EntryState;

use super::paint::Painter;

/// The tabs with their counts.
pub(super) fn tabs(app: &App, painter: &mut Painter<'_>, area: Area) {
    let whole = tab_texts(app, Room::Whole);
    let needed: usize = whole.iter().map(|text| cells::width(text) + 2).sum();
    let texts = if needed <= usize::from(area.width) + 2 {
        whole
    } else {
        tab_texts(app, Room::Tight)
    };
    let gap = if needed <= usize::from(area.width) + 2 {
        2
    } else {
        1
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
    Tight,
}

/// What stands on the tabs. Where there is no room, what is only nice to know is left out: never what needs a person.
fn tab_texts(app: &App, room: Room) -> Vec<String> {
    let mut texts = Vec::new();
    for (n, pane) in (1..).zip(Pane::ALL) {
        let count = match pane {
            Pane::Users => format!(" {}", app.desk.users.len()),
            Pane::Candidates if app.settings.manual_mode => String::new(),
            Pane::Sync if room == Room::Tight && app.runs.active().is_some() => "…".to_owned(),
            Pane::Numbers if room == Room::Tight => String::new(),
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
        texts.push(format!("{n} {}{count}", pane.title()));
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
