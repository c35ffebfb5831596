//! Whose seat goes to a user who has none: holders by name, the last to come first, since they would be the next to lose theirs.

use crate::app::cursor::{Cursor, Move};
use crate::app::field::Field;
use crate::domain::seat;
use crate::domain::user::UserId;
use crate::roster::desk::Desk;
use crate::roster::query::Query;

use super::settings::users;

/// The modal.
#[derive(Debug, Clone, PartialEq)]
pub struct SeatBox {
    /// Who gets the seat.
    pub to: UserId,
    /// The name of that user.
    pub name: String,
    /// What was typed to search.
    pub field: Field,
    /// Holders that it finds: places in the desk.
    pub shown: Vec<usize>,
    /// The cursor.
    pub cursor: Cursor<UserId>,
}

impl SeatBox {
    /// All holders.
    pub fn open(to: UserId, name: &str, desk: &Desk) -> Self {
        let mut open = Self {
            to,
            name: name.to_owned(),
            field: Field::default(),
            shown: Vec::new(),
            cursor: Cursor::default(),
        };
        open.search(desk);
        open
    }

    /// Searches again after the text or the desk has changed.
    pub fn search(&mut self, desk: &Desk) {
        let query = Query::parse(self.field.text());
        let holds = seat::holders(&users(desk), desk.seats);
        self.shown = (0..desk.users.len())
            .filter(|&n| {
                let user = &desk.users[n].user;
                let text = format!("{}\u{1f}{}", user.name, user.mail).to_lowercase();
                holds[n] && user.id != self.to && (query.is_empty() || query.matches(&text))
            })
            .collect();
        self.shown
            .sort_by_key(|&n| std::cmp::Reverse((desk.users[n].user.rank, desk.users[n].user.id)));
    }

    /// Keeps the cursor on its row.
    pub fn settle(&mut self, desk: &Desk, height: usize) {
        let shown = &self.shown;
        self.cursor.settle(
            (shown.len(), height),
            |id| shown.iter().position(|&n| desk.users[n].user.id == id),
            |n| shown.get(n).map(|&n| desk.users[n].user.id),
        );
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, desk: &Desk, height: usize) {
        let shown = &self.shown;
        self.cursor.step(step, (shown.len(), height), |n| {
            shown.get(n).map(|&n| desk.users[n].user.id)
        });
    }

    /// The holder under the cursor.
    pub fn chosen<'a>(&self, desk: &'a Desk) -> Option<&'a crate::domain::user::User> {
        let place = *self.shown.get(self.cursor.index)?;
        desk.users.get(place).map(|row| &row.user)
    }
}

/// Why a user cannot be given a seat of another; `None` when it can.
pub fn refusal(desk: &Desk, id: UserId) -> Option<String> {
    if desk.seats.bought.is_none() {
        return Some("no count of seats is set (T): everybody has one".to_owned());
    }
    let holds = seat::holders(&users(desk), desk.seats);
    let place = desk.users.iter().position(|row| row.user.id == id)?;
    holds[place].then(|| format!("{} holds a seat already", desk.users[place].user.name))
}
