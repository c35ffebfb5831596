//! The filter of a pane: a line of text that becomes a query, and what it finds in the other panes when it finds nothing here.

use crate::domain::guid::ObjectId;
use crate::domain::user::UserId;
use crate::roster::query::{self, Field as Column, Query};

use super::App;
use super::cells;
use super::cursor::Seek;
use super::effect::Who;
use super::field::Field;
use super::pane::{Pane, candidates, changes, licences, numbers, users};

/// Whether the filter is being typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Typing {
    /// Keys are commands.
    #[default]
    No,
    /// Keys are text of the filter.
    Yes,
}

/// The filter of one pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// What was typed.
    pub field: Field,
    /// Whether it is being typed.
    pub typing: Typing,
    /// What it finds elsewhere, when nothing here.
    pub elsewhere: Option<Elsewhere>,
    /// The filter before this one, while this one is typed: Esc takes it back.
    pub old: Option<String>,
    /// Where the cursor of its pane goes with the next rows.
    pub seek: Seek,
}

impl Filter {
    /// The query.
    pub fn query(&self) -> Query {
        Query::parse(self.field.text())
    }

    /// The query of a pane whose columns can be named: `country:gb`.
    pub fn row_query(&self) -> Query {
        Query::of_rows(self.field.text())
    }

    /// Whether it is to be shown at all.
    pub fn is_shown(&self) -> bool {
        self.typing == Typing::Yes || !self.field.text().trim().is_empty()
    }

    /// A new filter is typed, in an empty field.
    pub fn begin(&mut self) {
        let old = self.field.text().trim().to_owned();
        self.clear();
        self.typing = Typing::Yes;
        self.old = Some(old).filter(|old| !old.is_empty());
    }

    /// What was typed stands.
    pub fn end(&mut self) {
        self.typing = Typing::No;
        self.old = None;
    }

    /// A text that was left standing stands again.
    pub fn stand(&mut self, text: &str) {
        self.clear();
        self.field.set(text);
    }

    /// What was typed is dropped: the filter before it stands again, and the cursor goes back.
    pub fn take_back(&mut self) {
        let old = self.old.take();
        self.clear();
        if let Some(old) = old {
            self.field.set(&old);
        }
        self.seek = Seek::Back;
    }

    /// Another letter was typed.
    pub fn typed(&mut self) {
        self.seek = if self.query().is_empty() {
            Seek::Back
        } else {
            Seek::First
        };
    }

    /// The row that the cursor goes to: the first whose name starts with the text, else the first of all.
    pub fn first<T: Copy>(&self, shown: &[T], starts: impl Fn(T) -> bool) -> Option<T> {
        let named = shown.iter().find(|row| starts(**row));
        named.or(shown.first()).copied()
    }

    /// Whether a name starts with the text.
    pub fn starts(&self, name: &str) -> bool {
        let mut letters = name.chars().flat_map(char::to_lowercase);
        let typed = self.field.text().trim().chars();
        typed
            .flat_map(char::to_lowercase)
            .all(|letter| letters.next() == Some(letter))
    }

    /// Forgets the text.
    pub fn clear(&mut self) {
        *self = Self::default();
    }
}

/// What a filter that finds nothing in its own pane finds in the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Elsewhere {
    /// Pane and number of hits, in words: `1 in everyone`.
    pub counts: Vec<String>,
    /// The first hit: name, and how it stands.
    pub first: Option<(String, String)>,
    /// Whom `why` explains.
    pub who: Who,
    /// What Enter does.
    pub enter: Enter,
}

/// What Enter does with hits elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enter {
    /// Explains the only one, or what was typed.
    Why,
    /// Lists them in pane 1.
    Users,
    /// Lists them in pane 2 among everyone.
    Everyone,
    /// Lists them in pane 6.
    Numbers,
}

impl Enter {
    /// The word of the footer.
    pub fn word(self) -> &'static str {
        match self {
            Self::Why => "why",
            Self::Users | Self::Everyone | Self::Numbers => "list",
        }
    }
}

impl Elsewhere {
    /// The line behind the filter in at most `room` cells: `1 in everyone: Alex Wilber, Calling Plan (Enter: why)`. What is cut
    /// is the name, never the key.
    pub fn line(&self, room: usize) -> String {
        let counts = self.counts.join(", ");
        let Some((name, state)) = &self.first else {
            return self.nobody(room);
        };
        let (what, key) = match self.enter {
            Enter::Why => (format!("{name}, {state}"), " (Enter: why)"),
            Enter::Numbers => (format!("{name}, {state}"), " (Enter: numbers)"),
            Enter::Users | Enter::Everyone => {
                (format!("{name} ({state}), …"), " (Enter lists them)")
            }
        };
        let left = room.saturating_sub(cells::width(&counts) + 2 + cells::width(key));
        if left < 4 {
            return format!("{counts}{key}");
        }
        format!("{counts}: {}{key}", cells::cut(&what, left, '…'))
    }

    /// Names and numbers are known here, addresses that somebody once had are not.
    fn nobody(&self, room: usize) -> String {
        let address = matches!(&self.who, Who::Text(text) if text.contains('@'));
        if !address {
            return "nobody anywhere (Enter: why)".to_owned();
        }
        [
            "not found by name or number; Enter looks for this address in what was last read",
            "not found by name or number; Enter asks for this address",
            "not found by name or number (Enter: why)",
        ]
        .into_iter()
        .find(|line| cells::width(line) <= room)
        .unwrap_or("not found (Enter: why)")
        .to_owned()
    }
}

/// Somebody, by the best id there is.
pub fn who(directory: Option<ObjectId>, user: Option<UserId>) -> Option<Who> {
    user.map(Who::User).or(directory.map(Who::Directory))
}

impl App {
    /// The columns that the filter in front can name.
    pub fn filter_fields(&self) -> &'static [Column] {
        match self.pane {
            _ if self.searched().is_some() => &[],
            Pane::Users => &users::FIELDS,
            Pane::Candidates => &candidates::FIELDS,
            Pane::Numbers => &numbers::FIELDS,
            Pane::Changes => &changes::FIELDS,
            Pane::Licences if self.licences.inside.is_some() => &licences::FIELDS_INSIDE,
            Pane::Licences => &licences::FIELDS,
            Pane::Sync => &[],
        }
    }

    /// What Tab makes of the word under way.
    pub fn completion(&self) -> Option<String> {
        query::completion(self.filter().field.text(), self.filter_fields())
    }

    /// What can be typed, in a line; `None` where there is nothing to say of it.
    pub fn filter_hint(&self) -> Option<String> {
        let filter = self.filter();
        let fields = self.filter_fields();
        if filter.query().is_broken() {
            return Some(match filter.typing {
                Typing::No => {
                    "what stands after re: is no pattern: nothing can match it".to_owned()
                }
                Typing::Yes => "what stands after re: is not a pattern yet".to_owned(),
            });
        }
        if self.searched().is_none() && self.pane != Pane::Sync {
            let odd = query::odd_word(filter.field.text(), fields);
            if odd.is_some() && self.completion().is_none() {
                return odd;
            }
        }
        if filter.typing == Typing::No {
            return None;
        }
        if let Some(text) = self.completion() {
            let word = text.rsplit(char::is_whitespace).next().unwrap_or_default();
            return Some(format!("Tab: {word}"));
        }
        if !filter.field.text().is_empty() || fields.is_empty() {
            return None;
        }
        let names: Vec<String> = fields.iter().map(|f| format!("{}:", f.word())).collect();
        Some(format!("{} re: !not", names.join(" ")))
    }

    /// What an empty list says under a filter: that nothing has its words, unless nothing could.
    pub fn nothing_found(&self, none: &'static str) -> &'static str {
        if self.filter().query().is_broken() {
            "What stands after re: is no pattern, so nothing can match it. Esc clears the filter."
        } else {
            none
        }
    }

    /// When a filter finds nothing in its pane: who it finds in the others.
    pub(super) fn look_elsewhere(&mut self) {
        let users = self.elsewhere(Pane::Users);
        let candidates = self.elsewhere(Pane::Candidates);
        let numbers = self.elsewhere(Pane::Numbers);
        self.numbers.filter.elsewhere = numbers;
        self.users.filter.elsewhere = users;
        self.candidates.filter.elsewhere = candidates;
    }

    fn elsewhere(&self, pane: Pane) -> Option<Elsewhere> {
        // As long as not everybody is there, nobody is known to be nowhere.
        let begun = pane == Pane::Candidates && self.candidates.rows.is_partial();
        if begun || !self.roster.is_whole() {
            return None;
        }
        let (filter, found) = match pane {
            Pane::Users => (&self.users.filter, self.users.shown.len()),
            Pane::Candidates => (
                &self.candidates.filter,
                self.candidates.rows.listed.shown.len(),
            ),
            Pane::Numbers => (&self.numbers.filter, self.numbers.shown.len()),
            Pane::Sync | Pane::Changes | Pane::Licences => return None,
        };
        let query = filter.row_query();
        // Of a pattern that is none nothing can be concluded.
        if found > 0 || query.is_empty() || query.is_broken() {
            return None;
        }
        let mut hits = Elsewhere {
            counts: Vec::new(),
            first: None,
            who: Who::Text(filter.field.text().trim().to_owned()),
            enter: Enter::Why,
        };
        let users = match pane {
            Pane::Candidates | Pane::Numbers => self.hits_in_users(&query, &mut hits),
            Pane::Users | Pane::Sync | Pane::Changes | Pane::Licences => 0,
        };
        let everyone = self.hits_in_everyone(&query, &mut hits);
        let numbers = match pane {
            Pane::Users | Pane::Candidates if users + everyone == 0 => {
                self.hits_in_numbers(&query, &mut hits)
            }
            _ => 0,
        };
        hits.enter = match (users, everyone) {
            _ if numbers > 0 => Enter::Numbers,
            (_, 2..) => Enter::Everyone,
            (2.., _) => Enter::Users,
            (0 | 1, 0 | 1) => Enter::Why,
        };
        Some(hits)
    }

    fn hits_in_users(&self, query: &Query, hits: &mut Elsewhere) -> usize {
        let found: Vec<_> = self
            .desk
            .users
            .iter()
            .filter(|row| users::matches(query, row, &self.users.state(row, self.now)))
            .collect();
        if let Some(row) = found.first() {
            let state = self.users.state(row, self.now);
            hits.counts.push(format!("{} in users", found.len()));
            hits.first = Some((row.user.name.clone(), state.word.to_owned()));
            hits.who = Who::User(row.user.id);
        }
        found.len()
    }

    /// Numbers that nobody here has: free ones, and those of phantoms.
    fn hits_in_numbers(&self, query: &Query, hits: &mut Elsewhere) -> usize {
        let wishes = self.wishes();
        let mut folded = String::new();
        let mut found = 0;
        for (place, row) in self.inventory.numbers.iter().enumerate() {
            self.inventory.folded(place, &wishes, &mut folded);
            if !query.matches_row(&folded, |field| numbers::cell(row, &wishes, field)) {
                continue;
            }
            found += 1;
            if hits.first.is_none() {
                let word = row.standing().word().to_owned();
                hits.first = Some((row.record.number.spaced(), word));
            }
        }
        if found > 0 {
            hits.counts.push(format!("{found} in numbers"));
        }
        found
    }

    fn hits_in_everyone(&self, query: &Query, hits: &mut Elsewhere) -> usize {
        let found = self.roster.search(query);
        if let Some(row) = found.first().and_then(|&place| self.roster.get(place)) {
            hits.counts.push(format!("{} in everyone", found.len()));
            if hits.first.is_none() {
                let cause = self.tenant().cause(row).words();
                hits.first = Some((row.name.to_string(), cause.to_owned()));
                hits.who = Who::Directory(row.id);
            }
        }
        found.len()
    }
}
