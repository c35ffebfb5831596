//! What is left of the tenant that was pinned before: whom its users match here, the numbers that they had, changes set aside.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::cursor::{Cursor, Move};
use crate::app::event::RequestId;
use crate::domain::earlier::{Earlier, Offer, OfferState};
use crate::domain::failure::Failure;
use crate::domain::outbox::Entry;
use crate::domain::user::UserId;

/// The modal.
#[derive(Debug, Clone, PartialEq)]
pub struct EarlierBox {
    /// How far it is read.
    pub listing: Listing,
    /// The question that is open, while it is read or read again.
    pub asked: Option<RequestId>,
    /// Users whose old number is to be queued.
    pub marked: BTreeSet<UserId>,
    /// The cursor: offers first, then what was set aside.
    pub cursor: Cursor<usize>,
}

/// What there is to show.
#[derive(Debug, Clone, PartialEq)]
pub enum Listing {
    /// It is being read.
    Reading,
    /// It.
    Known(Arc<Earlier>),
    /// It could not be read.
    Failed(Failure),
}

/// A row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row<'a> {
    /// A user with the number of then.
    Offer(&'a Offer),
    /// A change that was set aside.
    Parked(&'a Entry),
}

impl EarlierBox {
    /// Opens while it is read.
    pub fn open(req: RequestId) -> Self {
        Self {
            listing: Listing::Reading,
            asked: Some(req),
            marked: BTreeSet::new(),
            cursor: Cursor::default(),
        }
    }

    /// It has come.
    pub fn known(&mut self, earlier: Arc<Earlier>) {
        self.marked.retain(|user| {
            earlier
                .offers
                .iter()
                .any(|offer| offer.user == *user && offer.state == OfferState::Free)
        });
        self.listing = Listing::Known(earlier);
        self.asked = None;
    }

    /// What is left, as far as it is known.
    pub fn earlier(&self) -> Option<&Earlier> {
        match &self.listing {
            Listing::Known(earlier) => Some(earlier),
            Listing::Reading | Listing::Failed(_) => None,
        }
    }

    /// How many rows there are.
    pub fn len(&self) -> usize {
        self.earlier()
            .map_or(0, |all| all.offers.len() + all.parked.len())
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at a place.
    pub fn row(&self, n: usize) -> Option<Row<'_>> {
        let all = self.earlier()?;
        match all.offers.get(n) {
            Some(offer) => Some(Row::Offer(offer)),
            None => all.parked.get(n - all.offers.len()).map(Row::Parked),
        }
    }

    /// The row under the cursor.
    pub fn here(&self) -> Option<Row<'_>> {
        self.row(self.cursor.index)
    }

    /// Marks the row, or takes the mark away; why it cannot be marked.
    pub fn mark(&mut self) -> Result<(), String> {
        let user = match self.here() {
            Some(Row::Offer(offer)) if offer.state == OfferState::Free => offer.user,
            Some(Row::Offer(offer)) => return Err(offer.state.words()),
            Some(Row::Parked(_)) => {
                return Err("it was for the tenant before, and is never sent here".to_owned());
            }
            None => return Err("nothing is under the cursor".to_owned()),
        };
        if !self.marked.remove(&user) {
            self.marked.insert(user);
        }
        Ok(())
    }

    /// Marks all whose number can be queued, or takes all marks away where all of them are marked.
    pub fn mark_all(&mut self) {
        let free: BTreeSet<UserId> = self
            .earlier()
            .into_iter()
            .flat_map(|all| &all.offers)
            .filter(|offer| offer.state == OfferState::Free)
            .map(|offer| offer.user)
            .collect();
        self.marked = if self.marked == free {
            BTreeSet::new()
        } else {
            free
        };
    }

    /// Whose numbers would be queued: the marked, else the row under the cursor; in the order of the list.
    pub fn wanted(&self) -> Vec<&Offer> {
        let marked: Vec<&Offer> = self
            .earlier()
            .into_iter()
            .flat_map(|all| &all.offers)
            .filter(|offer| self.marked.contains(&offer.user))
            .collect();
        match (marked.is_empty(), self.here()) {
            (true, Some(Row::Offer(offer))) if offer.state == OfferState::Free => vec![offer],
            _ => marked,
        }
    }

    /// Keeps the cursor among the rows.
    pub fn settle(&mut self, height: usize) {
        let len = self.len();
        self.cursor
            .settle((len, height), Some, |n| (n < len).then_some(n));
    }

    /// Moves the cursor.
    pub fn step(&mut self, step: Move, height: usize) {
        let len = self.len();
        self.cursor
            .step(step, (len, height), |n| (n < len).then_some(n));
    }
}
