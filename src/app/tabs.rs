//! The tabs of the panes, with what each holds and where each stands: drawn by the view, and clicked on.

use crate::domain::outbox::EntryState;

use super::App;
use super::cells;
use super::layout::Area;
use super::pane::Pane;

/// A tab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tab {
    /// Which pane it opens.
    pub pane: Pane,
    /// Where it stands; as wide as its text, or less at the edge.
    pub area: Area,
    /// What stands on it.
    pub text: String,
}

impl App {
    /// The tabs with their counts, as much of them as has room.
    pub fn tabs(&self) -> Vec<Tab> {
        let area = self.layout().tabs;
        let needed = |texts: &[String], gap: usize| {
            let cells: usize = texts.iter().map(|text| cells::width(text) + gap).sum();
            cells - gap <= usize::from(area.width)
        };
        let whole = tab_texts(self, Room::Whole);
        let (texts, gap) = if needed(&whole, 2) {
            (whole, 2)
        } else {
            let tight = tab_texts(self, Room::Tight);
            if needed(&tight, 1) {
                (tight, 1)
            } else {
                (tab_texts(self, Room::Least), 1)
            }
        };
        let mut x = area.x;
        let end = area.x + area.width;
        Pane::ALL
            .into_iter()
            .zip(texts)
            .map(|(pane, text)| {
                let cells = u16::try_from(cells::width(&text)).unwrap_or(u16::MAX);
                let width = cells.min(end.saturating_sub(x));
                let tab = Tab {
                    pane,
                    area: Area { x, width, ..area },
                    text,
                };
                x = x.saturating_add(width).saturating_add(gap).min(end);
                tab
            })
            .collect()
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
            // How many there are is known when all are there.
            Pane::Candidates if !app.roster.is_whole() => String::new(),
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
