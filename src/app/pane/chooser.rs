//! The chooser of tenants, and the overview of all of them: from the local files, without network.

use std::sync::Arc;

use jiff::Timestamp;

use crate::app::cursor::{Cursor, Move};
use crate::app::event::{Key, RequestId};
use crate::app::field::{Field, Typed};
use crate::app::session::Accent;
use crate::domain::failure::Failure;
use crate::domain::settings::SavedTenant;
use crate::roster::query::Query;

/// A configured tenant, as its files have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// Its name in the configuration.
    pub name: String,
    /// The name that it is shown with.
    pub label: String,
    /// Its id or domain, as configured.
    pub tenant: String,
    /// Its other domains.
    pub domains: Vec<String>,
    /// Whether it may only be read.
    pub read_only: bool,
    /// Its colour.
    pub accent: Option<Accent>,
    /// What its files say.
    pub facts: Facts,
    /// What the configuration lacks, so that it cannot be opened, and how it is added.
    pub lacks: Option<String>,
    /// What its form shows.
    pub saved: Option<Box<SavedTenant>>,
}

/// What the files of a tenant say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Facts {
    /// Nothing yet: it was never opened.
    Nothing,
    /// They can be read.
    Known(Counts),
    /// They cannot, and why.
    Broken(String),
}

/// Counts of a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// When it was read well the last time.
    pub read_at: Option<Timestamp>,
    /// Configured users.
    pub users: usize,
    /// Of those, how many are Unlicensed.
    pub unlicensed: usize,
    /// Changes that wait.
    pub queued: usize,
    /// Changes that were refused, are in conflict, or whose outcome is not known.
    pub failed: usize,
}

/// What the chooser has to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listing {
    /// It is being read.
    Reading(RequestId),
    /// All tenants.
    Known(Arc<Vec<Card>>),
    /// It could not be read.
    Failed(Failure),
}

/// The modal.
#[derive(Debug, Clone, PartialEq)]
pub struct Chooser {
    /// The tenant of this screen.
    pub here: String,
    /// What was typed to search.
    pub field: Field,
    /// The tenants.
    pub listing: Listing,
    /// Those that it finds, by their places.
    pub shown: Vec<usize>,
    /// The cursor.
    pub cursor: Cursor<usize>,
}

impl Chooser {
    /// Opens while the tenants are being read.
    pub fn open(here: &str, req: RequestId) -> Self {
        Self {
            here: here.to_owned(),
            field: Field::default(),
            listing: Listing::Reading(req),
            shown: Vec::new(),
            cursor: Cursor::default(),
        }
    }

    /// All tenants, as far as they are known.
    pub fn cards(&self) -> &[Card] {
        match &self.listing {
            Listing::Known(cards) => cards,
            Listing::Reading(_) | Listing::Failed(_) => &[],
        }
    }

    /// Searches again after the text or the tenants have changed.
    pub fn search(&mut self) {
        let text = self.field.text().trim();
        let query = Query::parse(text);
        let cards = self.cards();
        let mut shown: Vec<usize> = cards
            .iter()
            .enumerate()
            .filter(|(_, card)| query.is_empty() || query.matches(&searched(card)))
            .map(|(n, _)| n)
            .collect();
        // Who types a whole name means that tenant, whatever else the letters stand in.
        shown.sort_by_key(|n| {
            let name = &cards[*n].name;
            (name != text, !name.eq_ignore_ascii_case(text))
        });
        self.shown = shown;
    }

    /// The tenants have come: the cursor begins at the one of this screen.
    pub fn tenants(&mut self, cards: Arc<Vec<Card>>) {
        let here = cards.iter().position(|card| card.name == self.here);
        self.listing = Listing::Known(cards);
        self.search();
        self.cursor.key = here;
    }

    /// Takes a key of the search.
    pub fn typed(&mut self, key: Key, height: usize) {
        if self.field.key(key) == Typed::Changed {
            self.search();
            self.cursor.key = None;
            self.settle(height);
        }
    }

    /// Keeps the cursor on its row.
    pub fn settle(&mut self, height: usize) {
        let shown = &self.shown;
        self.cursor.settle(
            (shown.len(), height),
            |key| shown.iter().position(|place| *place == key),
            |n| shown.get(n).copied(),
        );
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, height: usize) {
        let shown = &self.shown;
        self.cursor
            .step(step, (shown.len(), height), |n| shown.get(n).copied());
    }

    /// The tenant under the cursor.
    pub fn chosen(&self) -> Option<&Card> {
        self.cards().get(*self.shown.get(self.cursor.index)?)
    }
}

fn searched(card: &Card) -> String {
    let mut text = format!("{}\u{1f}{}\u{1f}{}", card.name, card.label, card.tenant);
    for domain in &card.domains {
        text.push('\u{1f}');
        text.push_str(domain);
    }
    text.to_lowercase()
}

/// How long ago something was, in one word: `5 min`, `3 h`, `12 d`.
pub fn age(at: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(at).as_mins().max(0);
    match minutes {
        0 => "now".to_owned(),
        1..120 => format!("{minutes} min"),
        120..2880 => format!("{} h", minutes / 60),
        _ => format!("{} d", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(name: &str, domain: &str) -> Card {
        Card {
            name: name.to_owned(),
            label: name.to_owned(),
            tenant: String::new(),
            domains: vec![domain.to_owned()],
            read_only: true,
            accent: None,
            facts: Facts::Nothing,
            lacks: None,
            saved: None,
        }
    }

    #[test]
    fn a_whole_name_is_that_tenant() {
        let cards = vec![
            card("LAB", "other.example"),
            card("lab", "lab.example"),
            card("oth", "oth.example"),
        ];
        let mut open = Chooser::open("oth", RequestId(1));
        open.tenants(Arc::new(cards));
        for (typed, wanted) in [
            ("lab", "lab"),
            ("LAB", "LAB"),
            ("oth", "oth"),
            ("Oth", "oth"),
        ] {
            open.field.set(typed);
            open.search();
            open.cursor.key = None;
            open.settle(10);
            assert_eq!(open.chosen().unwrap().name, wanted, "{typed}");
        }
    }

    #[test]
    fn ages_are_one_word() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let ago = |seconds: i64| age(Timestamp::from_second(1_000_000 - seconds).unwrap(), now);
        assert_eq!(
            [
                ago(-5),
                ago(59),
                ago(60),
                ago(7199),
                ago(7200),
                ago(172_800)
            ],
            ["now", "now", "1 min", "119 min", "2 h", "2 d"]
        );
    }
}
