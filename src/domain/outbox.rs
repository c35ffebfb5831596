//! The outbox: changes that the next run writes to the tenant, and an entry's life as a total transition function.
//!
//! One entry is one field of one user. An outcome that is not known is a state, settled by reading, never by sending again.

use jiff::Timestamp;

use super::guid::{ObjectId, TenantId};
use super::phone::PhoneNumber;
use super::user::{Field, User, UserId, Value};
use super::words;

/// Row id of an entry in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntryId(pub i64);

/// Which request of an entry is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// The old number is taken away.
    Release,
    /// The new number is given.
    Assign,
    /// A property of the directory user is patched.
    Patch,
    /// A licence is given, taken, or one of its plans switched.
    Licence,
}

impl Step {
    /// The word in files and on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Assign => "assign",
            Self::Patch => "patch",
            Self::Licence => "licence",
        }
    }
}

/// Where an entry stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntryState {
    /// Waits for the next run.
    Queued,
    /// Left out by a person, or waiting for something; says what.
    Held {
        /// Why.
        why: String,
    },
    /// Its request is being sent, or was when the program ended.
    InFlight {
        /// Which request.
        step: Step,
        /// The attempt, from 1.
        attempt: u32,
    },
    /// The tenant has accepted it as an operation.
    Accepted {
        /// Which request.
        step: Step,
        /// Where the operation is asked about: the `Location` that came back.
        operation: String,
    },
    /// Done, not visible everywhere yet.
    Applied {
        /// By when it should be.
        visible_by: Timestamp,
    },
    /// It is not known whether the request took effect.
    Unknown {
        /// Which request.
        step: Step,
    },
    /// The tenant's value has moved away from the base.
    Conflict {
        /// What the tenant has now.
        theirs: Value,
    },
    /// The tenant refused it.
    Rejected {
        /// The true cause, in a sentence.
        cause: String,
        /// What came back, word by word.
        raw: String,
        /// What to do.
        hint: String,
    },
}

impl EntryState {
    /// One word for a column.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Held { .. } => "held",
            Self::InFlight { .. } => "sending",
            Self::Accepted { .. } => "accepted",
            Self::Applied { .. } => "waiting",
            Self::Unknown { .. } => "unknown",
            Self::Conflict { .. } => "conflict",
            Self::Rejected { .. } => "refused",
        }
    }

    /// Whether a request may be under way in the tenant, so that the entry must be settled by reading before anything else.
    pub fn needs_settling(&self) -> bool {
        matches!(
            self,
            Self::InFlight { .. } | Self::Accepted { .. } | Self::Unknown { .. }
        )
    }

    /// Whether the tenant was asked for nothing of it yet.
    pub fn is_unwritten(&self) -> bool {
        matches!(self, Self::Queued | Self::Held { .. })
    }

    /// Whether an engineer may drop or replace it.
    pub fn is_ours(&self) -> bool {
        matches!(
            self,
            Self::Queued | Self::Held { .. } | Self::Conflict { .. } | Self::Rejected { .. }
        )
    }
}

/// What happened to a change, said of its value: for the words of [`EntryState::word`] and [`Closing::as_str`] as the audit has
/// them. Any other word says itself.
pub fn happened(action: &str) -> &str {
    match action {
        "held" => "held back",
        "sending" => "sent to the tenant",
        "accepted" => "accepted by the tenant, which works on it",
        "waiting" => "written, and not visible in the tenant yet",
        "unknown" => "sent, and what came of it is not known",
        "conflict" => "not written, since the tenant's value has changed",
        "refused" => "refused by the tenant",
        "confirmed" => "confirmed in the tenant",
        "already there" => "not written, since the tenant has it already",
        "theirs taken" => "dropped for what the tenant has",
        "gone" => "found gone from the tenant",
        "back" => "found back in the tenant",
        other => other,
    }
}

/// The person in an author: `j.smith` of `j.smith as admin@contoso.example from 192.0.2.7`. Two authors are one person when these are equal.
pub fn person(author: &str) -> &str {
    let end = [" as ", " from "]
        .iter()
        .filter_map(|mark| author.find(mark))
        .min();
    &author[..end.unwrap_or(author.len())]
}

/// Whether two authors are two people.
pub fn by_another(author: &str, me: &str) -> bool {
    person(author) != person(me)
}

/// How an entry ended. It then leaves the outbox and stands in the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// Read back from the tenant.
    Confirmed,
    /// The tenant had the value already.
    AlreadyThere,
    /// The engineer took the tenant's value.
    TheirsTaken,
    /// The engineer dropped it.
    Dropped,
}

impl Closing {
    /// The word of the audit.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::AlreadyThere => "already there",
            Self::TheirsTaken => "theirs taken",
            Self::Dropped => "dropped",
        }
    }
}

/// From whom a move takes its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Giver {
    /// The directory user.
    pub id: ObjectId,
    /// The name when the move was queued.
    pub name: String,
}

/// A change to be queued for a directory user, who may not be on this side's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEntry {
    /// The configured user, when it is a field of one.
    pub user: Option<UserId>,
    /// The directory user.
    pub directory_id: ObjectId,
    /// The name, for those who read the outbox.
    pub name: String,
    /// What is shown now.
    pub base: Value,
    /// What is wanted.
    pub wanted: Value,
    /// From whom the number is taken, for a move.
    pub takes_from: Option<Giver>,
    /// The number that may be silenced, confirmed by name.
    pub silences: Option<PhoneNumber>,
    /// Whether it gives back what a change of ours has taken.
    pub gives_back: bool,
}

/// A change that was written and read back: what its counter-change is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The entry that it was.
    pub entry: EntryId,
    /// The tenant.
    pub tenant: TenantId,
    /// The configured user, when it was a field of one.
    pub user: Option<UserId>,
    /// The directory user.
    pub directory_id: Option<ObjectId>,
    /// The name then.
    pub name: String,
    /// What was there before.
    pub base: Value,
    /// What was written.
    pub wanted: Value,
    /// From whom the number was taken.
    pub takes_from: Option<Giver>,
    /// The number that a repair has silenced on the way.
    pub released: Option<PhoneNumber>,
    /// When it was confirmed.
    pub at: Timestamp,
}

/// One queued change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Row id.
    pub id: EntryId,
    /// The tenant that it was made for: it is never sent to another.
    pub tenant: TenantId,
    /// Whose field; `None` once the user was removed here and only the release of the number is left.
    pub user: Option<UserId>,
    /// The directory user, when the user was removed or was associated when the edit was made.
    pub directory_id: Option<ObjectId>,
    /// The user's name when the edit was made.
    pub name: String,
    /// What was shown when the edit was made; no run moves it.
    pub base: Value,
    /// What was entered.
    pub wanted: Value,
    /// The old number that this very change has released in the tenant, while the new one is not there yet: what is given back.
    pub released: Option<PhoneNumber>,
    /// From whom the wanted number is taken: then this one change is a move, and no other number is released by it.
    pub takes_from: Option<Giver>,
    /// The number that this change may silence: the engineer has typed the user's name for this one, and for no other.
    pub silences: Option<PhoneNumber>,
    /// Whether it gives back what a change of ours has taken: then it is what the user had, whatever licence was needed for it.
    pub gives_back: bool,
    /// Where it stands.
    pub state: EntryState,
    /// Who made it: operating-system user, with the signed-in account where there is one.
    pub author: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its state last changed.
    pub updated_at: Timestamp,
}

impl Entry {
    /// A change that has just been queued, not stored yet, by somebody at some time; about nobody and with no name, which
    /// whoever makes it says.
    pub fn queued(tenant: TenantId, (base, wanted): (Value, Value), by: (&str, Timestamp)) -> Self {
        Self {
            id: EntryId(0),
            tenant,
            user: None,
            directory_id: None,
            name: String::new(),
            base,
            wanted,
            released: None,
            takes_from: None,
            silences: None,
            gives_back: false,
            state: EntryState::Queued,
            author: by.0.to_owned(),
            created_at: by.1,
            updated_at: by.1,
        }
    }

    /// The directory user that it is about: whom its user is associated with now, or whom it was made for.
    pub fn target(&self, users: &[User]) -> Option<ObjectId> {
        match self.user {
            None => self.directory_id,
            Some(id) => users
                .iter()
                .find(|user| user.id == id)
                .and_then(|user| user.association.id()),
        }
    }

    /// Whether it takes a number from a directory user and gives nothing, so that only that number is looked at.
    pub fn only_releases(&self) -> bool {
        self.user.is_none() && self.wanted == Value::Number(None)
    }

    /// Which field.
    pub fn field(&self) -> Field {
        self.wanted.field()
    }

    /// Whether it is about this user: its own, or queued for the directory user that is its.
    pub fn is_of(&self, user: &User) -> bool {
        match self.user {
            Some(id) => id == user.id,
            None => self.directory_id.is_some() && self.directory_id == user.association.id(),
        }
    }

    /// Whether it waits for this user, and another person than `me` has queued it.
    pub fn is_anothers(&self, user: UserId, me: &str) -> bool {
        self.user == Some(user) && self.state.is_ours() && by_another(&self.author, me)
    }

    /// Whose it is, by the name of now; with the one under which it was queued, where that was another.
    pub fn called(&self, now: Option<&str>) -> String {
        match now.filter(|now| *now != self.name && !now.trim().is_empty()) {
            None => self.name.clone(),
            Some(now) => format!("{now} (was {})", self.name),
        }
    }

    /// Whose change it is, when it was made, and what it wants: `pat 11-20 12:03Z: number +44 1235 123511`.
    pub fn whose(&self) -> String {
        format!(
            "{} {}: {} {}",
            person(&self.author),
            self.created_at.strftime("%m-%d %H:%MZ"),
            self.field().as_str(),
            self.wanted.shown()
        )
    }

    /// What the tenant had before this change began: its own release has moved the base on to none. Where somebody else has given
    /// another number since, and a person has kept to this change, it is that other one.
    pub fn had(&self) -> Value {
        match (&self.released, &self.base) {
            (Some(old), Value::Number(None)) if self.takes_from.is_none() => {
                Value::Number(Some(old.clone()))
            }
            _ => self.base.clone(),
        }
    }

    /// The number that this change has taken from somebody and not given to anybody: it rings nowhere.
    pub fn owed(&self) -> Option<&PhoneNumber> {
        self.released
            .as_ref()
            .filter(|old| self.takes_from.is_some() || self.wanted.number() != Some(*old))
    }

    /// Whose number is owed: of whom it was taken.
    pub fn loser(&self) -> &str {
        self.takes_from
            .as_ref()
            .map_or(&self.name, |giver| &giver.name)
    }

    /// The ways on from an owed number, by what applies the change again and how it is given back. A refused change is not sent again.
    pub fn ways_on(&self, again: &str, back: &str) -> String {
        if matches!(self.state, EntryState::Rejected { .. }) {
            format!("{back}; to go on, {} and apply its plan", words::AGAIN)
        } else {
            format!("{again} goes on; {back}")
        }
    }

    /// What is to be known of an owed number, in words: `+44 1235 123501 IS RELEASED and rings nowhere`.
    pub fn owed_words(&self) -> Option<String> {
        let old = self.owed()?;
        let of = match &self.takes_from {
            Some(giver) => format!(" of {}", giver.name),
            None => String::new(),
        };
        Some(format!(
            "{}{of} IS RELEASED and rings nowhere",
            old.spaced()
        ))
    }
}

/// A user who is to leave the list, with the queued changes that are known to go with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Whom.
    pub user: UserId,
    /// The number to release in the tenant, if asked.
    pub release: Option<PhoneNumber>,
    /// What was shown as queued for it: what is queued and not among these was seen by nobody, and is not dropped.
    pub seen: Vec<EntryId>,
}

impl Removal {
    /// A removal by which all goes that these entries hold for the user.
    pub fn of(user: UserId, release: Option<PhoneNumber>, entries: &[Entry]) -> Self {
        let own = entries.iter().filter(|entry| entry.user == Some(user));
        Self {
            user,
            release,
            seen: own.map(|entry| entry.id).collect(),
        }
    }

    /// What would go and was not shown.
    pub fn unseen<'a>(&self, entries: &'a [Entry]) -> impl Iterator<Item = &'a Entry> {
        let own = entries.iter().filter(|entry| entry.user == Some(self.user));
        own.filter(|entry| !self.seen.contains(&entry.id))
    }
}

#[cfg(test)]
mod tests {
    use super::person;

    #[test]
    fn one_person_by_whatever_way() {
        assert_eq!(person("j.smith"), "j.smith");
        assert_eq!(person("j.smith as a@b.example from 192.0.2.7"), "j.smith");
        assert_eq!(person("j.smith from 192.0.2.7"), "j.smith");
        assert_eq!(person("root (sudo by kim) from ::1"), "root (sudo by kim)");
    }
}
