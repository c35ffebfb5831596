//! The list of all actions: type to search, Enter runs. Also explains anyone: `why alex`.

use crate::app::action::{Action, TABLE};
use crate::app::cursor::{Cursor, Move};
use crate::app::effect::Who;
use crate::app::field::Field;
use crate::app::keymap::Keymap;
use crate::roster::Roster;
use crate::roster::query::Query;

/// People offered behind `why`.
const PEOPLE: usize = 8;

/// The modal.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Palette {
    /// What was typed.
    pub field: Field,
    /// What is offered.
    pub items: Vec<Item>,
    /// The cursor.
    pub cursor: Cursor<usize>,
}

/// Something to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// An action.
    Do(Action),
    /// An explanation of somebody.
    Explain {
        /// Whom.
        who: Who,
        /// Their name, or what was typed.
        name: String,
        /// What tells them from others of that name.
        detail: String,
    },
}

impl Palette {
    /// All actions.
    pub fn open(roster: &Roster, keys: &Keymap) -> Self {
        let mut palette = Self::default();
        palette.search(roster, keys);
        palette
    }

    /// Searches again after the text has changed.
    pub fn search(&mut self, roster: &Roster, keys: &Keymap) {
        let text = self.field.text().trim();
        let lower = text.to_lowercase();
        self.items.clear();
        if let Some(name) = lower
            .strip_prefix("why ")
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            self.items.push(Item::Explain {
                who: Who::Text(text["why ".len()..].trim().to_owned()),
                name: text["why ".len()..].trim().to_owned(),
                detail: "by name, UPN, e-mail, number or id".to_owned(),
            });
            self.people(name, roster);
        } else {
            let query = Query::parse(text);
            let matches = |action: &Action| {
                let row = action.binding();
                let also = action.also();
                let text_of_it = format!("{} {} {} {also}", row.name, row.word, row.help);
                query.matches(&text_of_it.to_lowercase())
                    || keys.names(*action).iter().any(|key| key == text)
            };
            // A name that begins with what was typed is meant more often than a help line that mentions it.
            let (first, rest): (Vec<Action>, Vec<Action>) = TABLE
                .iter()
                .map(|row| row.action)
                .filter(matches)
                .partition(|action| !lower.is_empty() && action.binding().name.starts_with(&lower));
            self.items
                .extend(first.into_iter().chain(rest).map(Item::Do));
        }
        self.cursor = Cursor::default();
    }

    fn people(&mut self, name: &str, roster: &Roster) {
        let hits = roster.first(&Query::parse(name), PEOPLE);
        self.items.extend(
            hits.into_iter()
                .take(PEOPLE)
                .filter_map(|place| roster.get(place))
                .map(|row| Item::Explain {
                    who: Who::Directory(row.id),
                    name: row.name.to_string(),
                    detail: row.upn.to_string(),
                }),
        );
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, height: usize) {
        let len = self.items.len();
        self.cursor
            .step(step, (len, height), |n| (n < len).then_some(n));
    }

    /// What Enter runs.
    pub fn chosen(&self) -> Option<&Item> {
        self.items.get(self.cursor.index)
    }
}
