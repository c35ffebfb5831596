//! The filter of a pane: a line of text that becomes a query, and what it finds in the other panes when it finds nothing here.

use crate::domain::guid::ObjectId;
use crate::domain::user::UserId;
use crate::roster::Query;

use super::App;
use super::effect::Who;
use super::field::Field;
use super::pane::{Pane, users};

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
}

impl Filter {
    /// The query.
    pub fn query(&self) -> Query {
        Query::parse(self.field.text())
    }

    /// Whether it is to be shown at all.
    pub fn is_shown(&self) -> bool {
        self.typing == Typing::Yes || !self.field.text().trim().is_empty()
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
    /// The first hit in words: `Alex Wilber, Calling Plan`.
    pub first: Option<String>,
    /// Whom Enter explains.
    pub who: Who,
}

impl Elsewhere {
    /// The line behind the filter: `1 in everyone: Alex Wilber, Calling Plan (Enter: why)`.
    pub fn line(&self) -> String {
        match &self.first {
            Some(first) => format!("{}: {first} (Enter: why)", self.counts.join(", ")),
            None => "nobody anywhere (Enter: why)".to_owned(),
        }
    }
}

/// Somebody, by the best id there is.
pub fn who(directory: Option<ObjectId>, user: Option<UserId>) -> Option<Who> {
    user.map(Who::User).or(directory.map(Who::Directory))
}

impl App {
    /// When a filter finds nothing in its pane: who it finds in the others.
    pub(super) fn look_elsewhere(&mut self) {
        let users = self.elsewhere(Pane::Users);
        let candidates = self.elsewhere(Pane::Candidates);
        self.users.filter.elsewhere = users;
        self.candidates.filter.elsewhere = candidates;
    }

    fn elsewhere(&self, pane: Pane) -> Option<Elsewhere> {
        let (filter, found) = match pane {
            Pane::Users => (&self.users.filter, self.users.shown.len()),
            Pane::Candidates => (&self.candidates.filter, self.candidates.shown.len()),
            Pane::Sync | Pane::Changes => return None,
        };
        let query = filter.query();
        if found > 0 || query.is_empty() {
            return None;
        }
        let mut hits = Elsewhere {
            counts: Vec::new(),
            first: None,
            who: Who::Text(filter.field.text().trim().to_owned()),
        };
        if pane == Pane::Candidates {
            self.hits_in_users(&query, &mut hits);
        }
        self.hits_in_everyone(&query, &mut hits);
        Some(hits)
    }

    fn hits_in_users(&self, query: &Query, hits: &mut Elsewhere) {
        let found: Vec<_> = self
            .desk
            .users
            .iter()
            .filter(|row| query.matches(&users::folded(row, &self.users.state(row, self.now))))
            .collect();
        if let Some(row) = found.first() {
            let state = self.users.state(row, self.now);
            hits.counts.push(format!("{} in users", found.len()));
            hits.first = Some(format!("{}, {}", row.user.name, state.word));
            hits.who = Who::User(row.user.id);
        }
    }

    fn hits_in_everyone(&self, query: &Query, hits: &mut Elsewhere) {
        let found = self.roster.search(query, |_| true);
        if let Some(row) = found.first().and_then(|&place| self.roster.get(place)) {
            hits.counts.push(format!("{} in everyone", found.len()));
            if hits.first.is_none() {
                let cause = self.tenant().cause(row).words();
                hits.first = Some(format!("{}, {cause}", row.name));
                hits.who = Who::Directory(row.id);
            }
        }
    }
}
