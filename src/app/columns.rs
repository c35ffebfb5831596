//! Which columns the tables of panes 1, 2 and 6 have, and how wide they are: chosen in a box, remembered for the tenant.

use super::App;
use super::cursor::Move;
use super::doc::Tone;
use super::effect::Effect;
use super::modal::Modal;
use super::pane::Pane;

/// Cells that one press makes a column wider or narrower.
const STEP: i16 = 2;

/// Most cells that a column is made wider or narrower by.
const MOST: i16 = 60;

/// What was chosen of one column.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Choice {
    pane: Pane,
    name: &'static str,
    shown: bool,
    wider: i16,
}

/// What was chosen of all columns. What is not in it is as it comes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Columns(Vec<Choice>);

/// The box in which columns are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ColumnsBox {
    /// Whose columns.
    pub pane: Pane,
    /// The column under the cursor.
    pub index: usize,
}

/// The columns of a pane that can be chosen; the first of them always stays.
pub fn names(pane: Pane) -> &'static [&'static str] {
    match pane {
        Pane::Users => &["NAME", "E-MAIL", "NUMBER", "CC", "STATE", "CAUSE"],
        Pane::Candidates => &["NAME", "USER NAME", "FIRST CAUSE", "NUMBER", "CC", "NOTE"],
        Pane::Numbers => &["NUMBER", "CC", "TY", "STATUS", "HOLDER", "NOTE"],
        Pane::Sync | Pane::Changes | Pane::Licences => &[],
    }
}

/// The name of a pane in what is remembered.
const PANES: [(Pane, &str); 3] = [
    (Pane::Users, "users/columns"),
    (Pane::Candidates, "add-users/columns"),
    (Pane::Numbers, "numbers/columns"),
];

impl Columns {
    /// Whether a column is shown.
    pub fn shows(&self, pane: Pane, name: &str) -> bool {
        let chosen = self.find(pane, name).map(|choice| choice.shown);
        chosen.unwrap_or(name != "E-MAIL")
    }

    /// By how many cells a column is wider than it comes.
    pub fn wider(&self, pane: Pane, name: &str) -> i16 {
        self.find(pane, name).map_or(0, |choice| choice.wider)
    }

    fn find(&self, pane: Pane, name: &str) -> Option<&Choice> {
        let mut all = self.0.iter();
        all.find(|choice| choice.pane == pane && choice.name == name)
    }

    fn set(&mut self, choice: Choice) {
        let same = |old: &Choice| old.pane == choice.pane && old.name == choice.name;
        self.0.retain(|old| !same(old));
        if choice.wider != 0 || choice.shown == (choice.name == "E-MAIL") {
            self.0.push(choice);
        }
    }

    /// As it is remembered: a line for each pane of which anything was chosen.
    pub fn lines(&self) -> String {
        let mut text = String::new();
        for (pane, key) in PANES {
            let chosen = self.0.iter().filter(|choice| choice.pane == pane);
            let words: Vec<String> = chosen
                .map(|choice| {
                    let shown = if choice.shown { "on" } else { "off" };
                    format!("{}:{shown}:{}", choice.name, choice.wider)
                })
                .collect();
            if !words.is_empty() {
                text.push('\n');
                text.push_str(key);
                text.push('=');
                text.push_str(&words.join(","));
            }
        }
        text
    }

    /// Takes a line of [`Columns::lines`]. What is not known any more is passed over.
    pub fn take(&mut self, key: &str, words: &str) {
        let Some((pane, _)) = PANES.into_iter().find(|(_, of)| *of == key) else {
            return;
        };
        for word in words.split(',') {
            let mut parts = word.split(':');
            let (Some(name), Some(shown), Some(wider)) = (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let known = names(pane).iter().find(|known| **known == name);
            if let (Some(name), Ok(wider)) = (known, wider.parse::<i16>()) {
                self.set(Choice {
                    pane,
                    name,
                    shown: shown == "on" || *name == names(pane)[0],
                    wider: wider.clamp(-MOST, MOST),
                });
            }
        }
    }
}

impl App {
    /// Opens the box.
    pub(super) fn open_columns(&mut self) {
        let pane = self.pane;
        self.modals
            .push(Modal::Columns(ColumnsBox { pane, index: 0 }));
    }

    /// Shows the column under the cursor, or hides it.
    pub(super) fn turn_column(&mut self) -> Vec<Effect> {
        let Some(Modal::Columns(open)) = self.modals.last() else {
            return Vec::new();
        };
        if open.index == 0 {
            self.say(
                Tone::Warn,
                "the first column stays: it says whose row it is",
            );
            return Vec::new();
        }
        self.choose_column(|choice| choice.shown = !choice.shown)
    }

    /// Makes the column under the cursor wider, or narrower.
    pub(super) fn widen_column(&mut self, steps: i16) -> Vec<Effect> {
        self.choose_column(|choice| {
            choice.wider = (choice.wider + steps * STEP).clamp(-MOST, MOST);
        })
    }

    fn choose_column(&mut self, change: impl FnOnce(&mut Choice)) -> Vec<Effect> {
        let Some(Modal::Columns(ColumnsBox { pane, index })) = self.modals.last().cloned() else {
            return Vec::new();
        };
        let Some(name) = names(pane).get(index).copied() else {
            return Vec::new();
        };
        let mut choice = Choice {
            pane,
            name,
            shown: self.columns.shows(pane, name),
            wider: self.columns.wider(pane, name),
        };
        change(&mut choice);
        self.columns.set(choice);
        self.keep_tables()
    }

    /// Moves the cursor of the box.
    pub(super) fn step_columns(&mut self, step: Move) {
        if let Some(Modal::Columns(open)) = self.modals.last_mut() {
            let last = names(open.pane).len().saturating_sub(1);
            let to = match step {
                Move::By(n) | Move::Pages(n) => open.index.saturating_add_signed(n),
                Move::First => 0,
                Move::Last => last,
            };
            open.index = to.min(last);
        }
    }
}
