//! What is left of the tenant that was pinned before: the numbers that its users had, and the changes that were set aside.

use super::guid::ObjectId;
use super::matching::MatchedBy;
use super::outbox::Entry;
use super::phone::PhoneNumber;
use super::user::UserId;
use super::words;

/// One user who came from the tenant that was pinned before, and who that is in the tenant of now. Nothing is associated before it is
/// taken over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rematch {
    /// The user.
    pub user: UserId,
    /// The name.
    pub name: String,
    /// The e-mail, by which the user is looked for.
    pub mail: String,
    /// Who was found.
    pub found: Found,
}

/// Who has the e-mail of a user in the tenant of now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// One directory user: can be taken over.
    One {
        /// The directory user.
        id: ObjectId,
        /// The name there.
        name: String,
        /// The sign-in name there.
        upn: String,
        /// By which address.
        by: MatchedBy,
    },
    /// Several: somebody must choose.
    Several(usize),
    /// One, who belongs to another configured user.
    Taken(String),
    /// Nobody.
    Nobody,
}

impl Found {
    /// Whether it can be taken over.
    pub fn is_one(&self) -> bool {
        matches!(self, Self::One { .. })
    }

    /// In a few words.
    pub fn words(&self) -> String {
        match self {
            Self::One { by, .. } => format!("match by {}", by.words()),
            Self::Several(count) => format!("{count} have this address"),
            Self::Taken(name) => format!("{name} belongs to another user"),
            Self::Nobody => words::NOBODY_MATCHES.to_owned(),
        }
    }

    /// Who it is: the sign-in name of one.
    pub fn whom(&self) -> Option<&str> {
        match self {
            Self::One { upn, .. } => Some(upn),
            Self::Several(_) | Self::Taken(_) | Self::Nobody => None,
        }
    }
}

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
    /// Whom the user matches has not been taken over yet.
    Waits,
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
            Self::Waits => "its match is not taken over yet".to_owned(),
            Self::Held(by) => format!("held by {by}"),
        }
    }
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Earlier {
    /// Users whose match by e-mail waits to be taken over, by rank.
    pub matches: Vec<Rematch>,
    /// Users with the numbers that they had, by rank.
    pub offers: Vec<Offer>,
    /// Changes that were queued for the tenant before: shown, never sent.
    pub parked: Vec<Entry>,
}

impl Earlier {
    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.matches.is_empty() && self.offers.is_empty() && self.parked.is_empty()
    }
}
