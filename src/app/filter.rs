//! The filter of a pane: a line of text that becomes a query, and what it finds in the other panes when it finds nothing here.

use crate::domain::guid::ObjectId;
use crate::domain::user::UserId;
use crate::roster::Query;

use super::effect::Who;
use super::field::Field;

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
