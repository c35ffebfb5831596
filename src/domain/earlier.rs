//! What is left of the tenant that was pinned before: the numbers that its users had, and the changes that were set aside.

use super::outbox::Entry;
use super::phone::PhoneNumber;
use super::user::UserId;

/// One user who came from the tenant that was pinned before, with the number of then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The user.
    pub user: UserId,
    /// The name.
    pub name: String,
    /// The e-mail, by which the user is looked for in the tenant of now.
    pub mail: String,
    /// The sign-in name of whom the e-mail was found for in the tenant of now.
    pub matched: Option<String>,
    /// The number of then.
    pub old: PhoneNumber,
    /// The number of now.
    pub now: Option<PhoneNumber>,
    /// What stands in the way or has been done.
    pub state: OfferState,
}

/// How it stands with an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OfferState {
    /// The old number can be queued.
    Free,
    /// The user has it, in this tenant.
    Has,
    /// A change to it waits already.
    Queued,
    /// Another change of the number waits.
    Busy,
    /// Nobody in this tenant has the user's e-mail yet.
    NotFound,
    /// Somebody else holds the number.
    Held(String),
}

impl OfferState {
    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::Free => "can be queued".to_owned(),
            Self::Has => "has it".to_owned(),
            Self::Queued => "is queued".to_owned(),
            Self::Busy => "another change of the number waits".to_owned(),
            Self::NotFound => "nobody here has this e-mail".to_owned(),
            Self::Held(by) => format!("held by {by}"),
        }
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Earlier {
    /// Users with the numbers that they had, by rank.
    pub offers: Vec<Offer>,
    /// Changes that were queued for the tenant before: shown, never sent.
    pub parked: Vec<Entry>,
}

impl Earlier {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.offers.is_empty() && self.parked.is_empty()
    }
}
