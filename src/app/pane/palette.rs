//! The list of all actions: type to search, Enter runs. Also explains anyone: `why alex`.

use crate::app::action::{Action, Place, TABLE};
use crate::app::cursor::{Cursor, Move};
use crate::app::effect::Who;
use crate::app::field::Field;
use crate::app::keymap::Keymap;
use crate::roster::Roster;
use crate::roster::query::Query;

/// People offered behind `why`.
const PEOPLE: usize = 8;

/// The modal.
#[derive(Debug, Clone, PartialEq)]
pub struct Palette {
    /// What was typed.
    pub field: Field,
    /// What is offered.
    pub items: Vec<Item>,
    /// The cursor.
    pub cursor: Cursor<usize>,
    /// Where its actions would be done.
    here: Place,
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

/// How near an action is to what was typed: what it is called counts more than a help line that mentions it, and there only
/// beginnings of words do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Nearness {
    /// Its key.
    Key,
    /// Its name begins so.
    Name,
    /// It is somewhere in its name.
    InName,
    /// Words of its help begin so, or others by which it is looked for.
    Words,
}

impl Palette {
    /// All actions, those of this place first.
    pub fn open(here: Place, roster: &Roster, keys: &Keymap) -> Self {
        let mut palette = Self {
            field: Field::default(),
            items: Vec::new(),
            cursor: Cursor::default(),
            here,
        };
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
            let mut found: Vec<(Nearness, Action)> = TABLE
                .iter()
                .filter_map(|row| Some((self.near((text, &lower), row.action, keys)?, row.action)))
                .collect();
            // Those that are as near stay in the order of the table.
            found.sort_by_key(|(near, _)| *near);
            self.items
                .extend(found.into_iter().map(|(_, action)| Item::Do(action)));
        }
        self.cursor = Cursor::default();
    }

    /// How near an action is to what was typed; `None` where it is not meant.
    fn near(&self, (text, lower): (&str, &str), action: Action, keys: &Keymap) -> Option<Nearness> {
        let row = action.binding();
        if text.is_empty() {
            return Some(if row.places.has(self.here) {
                Nearness::Name
            } else {
                Nearness::Words
            });
        }
        if keys.names(action).iter().any(|key| key == text) {
            return Some(Nearness::Key);
        }
        let (name, word) = (row.name, row.word.to_lowercase());
        if name.starts_with(lower) {
            return Some(Nearness::Name);
        }
        let mut typed = lower.split_whitespace();
        if typed
            .clone()
            .all(|part| name.contains(part) || word.contains(part))
        {
            return Some(Nearness::InName);
        }
        let all = format!("{name} {word} {} {}", row.help, action.also()).to_lowercase();
        let begins = |part: &str| {
            all.split(|c: char| !c.is_alphanumeric())
                .any(|word| word.starts_with(part))
                || all.split_whitespace().any(|word| word.starts_with(part))
        };
        typed.all(begins).then_some(Nearness::Words)
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
