//! What is left of the tenant that was pinned before: whom its users match here, the numbers that they had, changes set aside.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::cursor::{Cursor, Move};
use crate::app::event::RequestId;
use crate::domain::earlier::{Earlier, Offer, OfferState, Rematch};
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
    /// Users whose match is to be taken over, or whose old number is to be queued.
    pub marked: BTreeSet<UserId>,
    /// The cursor: matches first, then offers, then what was set aside.
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
    /// A user, and who that is here.
    Match(&'a Rematch),
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
        let markable = markable(&earlier);
        let waits = |all: &Earlier, user: UserId| all.matches.iter().any(|row| row.user == user);
        // A mark that was for a match is none for the number of that user, which comes into reach by it.
        let before: BTreeSet<UserId> = match self.earlier() {
            Some(old) => self
                .marked
                .iter()
                .copied()
                .filter(|user| waits(old, *user))
                .collect(),
            None => BTreeSet::new(),
        };
        self.marked.retain(|user| {
            markable.contains(user) && before.contains(user) == waits(&earlier, *user)
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
        self.earlier().map_or(0, |all| {
            all.matches.len() + all.offers.len() + all.parked.len()
        })
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at a place.
    pub fn row(&self, n: usize) -> Option<Row<'_>> {
        let all = self.earlier()?;
        let matches = all.matches.iter().map(Row::Match);
        let offers = all.offers.iter().map(Row::Offer);
        let parked = all.parked.iter().map(Row::Parked);
        matches.chain(offers).chain(parked).nth(n)
    }

    /// The row under the cursor.
    pub fn here(&self) -> Option<Row<'_>> {
        self.row(self.cursor.index)
    }

    /// Marks the row, or takes the mark away; why it cannot be marked.
    pub fn mark(&mut self) -> Result<(), String> {
        let user = match self.here() {
            Some(Row::Match(row)) if row.found.is_one() => row.user,
            Some(Row::Match(row)) => {
                return Err(format!("cannot be taken over: {}", row.found.words()));
            }
            Some(Row::Offer(offer)) if offer.state == OfferState::Free => offer.user,
            Some(Row::Offer(offer)) => {
                return Err(format!("cannot be queued: {}", offer.state.words()));
            }
            Some(Row::Parked(_)) => {
                return Err(
                    "cannot be queued: it was for the tenant before, and is never sent here"
                        .to_owned(),
                );
            }
            None => return Err("nothing is under the cursor".to_owned()),
        };
        if !self.marked.remove(&user) {
            self.marked.insert(user);
        }
        Ok(())
    }

    /// Marks all that can be taken over or queued, or takes all marks away where all of them are marked.
    pub fn mark_all(&mut self) {
        let all = self.earlier().map(markable).unwrap_or_default();
        self.marked = if self.marked == all {
            BTreeSet::new()
        } else {
            all
        };
    }

    /// Whose matches would be taken over: the marked, else the row under the cursor; in the order of the list.
    pub fn wanted_matches(&self) -> Vec<&Rematch> {
        let marked: Vec<&Rematch> = self
            .earlier()
            .into_iter()
            .flat_map(|all| &all.matches)
            .filter(|row| self.marked.contains(&row.user))
            .collect();
        match (self.marked.is_empty(), self.here()) {
            (true, Some(Row::Match(row))) if row.found.is_one() => vec![row],
            _ => marked,
        }
    }

    /// Whose numbers would be queued: the marked, else the row under the cursor; in the order of the list.
    pub fn wanted(&self) -> Vec<&Offer> {
        let marked: Vec<&Offer> = self
            .earlier()
            .into_iter()
            .flat_map(|all| &all.offers)
            .filter(|offer| offer.state == OfferState::Free && self.marked.contains(&offer.user))
            .collect();
        match (self.marked.is_empty(), self.here()) {
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

/// Who can be marked: whose match can be taken over, and whose number can be queued. Nobody is both: a number waits for the match.
fn markable(all: &Earlier) -> BTreeSet<UserId> {
    let matches = all.matches.iter().filter(|row| row.found.is_one());
    let offers = all
        .offers
        .iter()
        .filter(|offer| offer.state == OfferState::Free);
    matches
        .map(|row| row.user)
        .chain(offers.map(|offer| offer.user))
        .collect()
}
