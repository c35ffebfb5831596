//! Three-way merge of the fields that live on both sides: the base, what the tenant has now, what was entered here.

use super::directory::Licence;
use super::mending;
use super::outbox::{Closing, Entry, EntryId, EntryState};
use super::user::{Field, User, Value};

use jiff::Timestamp;

/// What the tenant has now for one user; a field that could not be read is absent, and then nothing is decided about it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Theirs {
    /// The number, if the inventory could be read.
    pub number: Option<Value>,
    /// The usage location.
    pub country: Option<Value>,
    /// The licences, whoever gives them.
    pub licences: Option<Vec<Licence>>,
    /// Whether all gates pass, so that the user can be put on the list.
    pub candidate: Option<bool>,
}

impl Theirs {
    /// The value of a field.
    pub fn of(&self, field: Field) -> Option<Value> {
        match field {
            Field::Number => self.number.clone(),
            Field::Country => self.country.clone(),
            Field::Plan { .. } | Field::Licence(_) => {
                mending::held(field, self.licences.as_deref()?)
            }
            Field::Added => self.candidate.map(Value::Added),
        }
    }
}

/// One decision of the merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MergeStep {
    /// The tenant's value is another than the one last seen: take it over.
    TakeOver(Value),
    /// The tenant has the wanted value: the entry is done.
    Close(EntryId, Closing),
    /// The tenant has moved away from the base: the engineer decides.
    Conflict(EntryId, Value),
    /// A conflict is over, since the tenant has the base again.
    Requeue(EntryId),
    /// What was applied has not become visible in time.
    Overdue(EntryId),
}

/// Decides all entries of one user against what the tenant has now.
///
/// Entries with a request that may be under way are left alone: they are settled by asking the tenant about the request.
pub fn merge(user: &User, entries: &[&Entry], theirs: &Theirs, now: Timestamp) -> Vec<MergeStep> {
    let mut steps = Vec::new();
    for (field, seen) in [
        (Field::Country, Value::Country(user.country)),
        (Field::Number, Value::Number(user.number.clone())),
    ] {
        let Some(now_there) = theirs.of(field) else {
            continue;
        };
        if now_there != seen {
            steps.push(MergeStep::TakeOver(now_there));
        }
    }
    for entry in entries {
        if let Some(theirs) = theirs.of(entry.field()) {
            steps.extend(decide(entry, &theirs, now));
        }
    }
    steps
}

/// Decides one entry.
pub fn decide(entry: &Entry, theirs: &Value, now: Timestamp) -> Option<MergeStep> {
    if entry.state.needs_settling() {
        return None;
    }
    if *theirs == entry.wanted {
        let closing = match entry.state {
            EntryState::Applied { .. } => Closing::Confirmed,
            _ => Closing::AlreadyThere,
        };
        return Some(MergeStep::Close(entry.id, closing));
    }
    match &entry.state {
        EntryState::Applied { visible_by } => {
            (now > *visible_by).then_some(MergeStep::Overdue(entry.id))
        }
        // What a person holds back, or the tenant refused, waits for a person, whatever happens there.
        EntryState::Held { .. } | EntryState::Rejected { .. } => None,
        EntryState::Conflict { .. } if *theirs == entry.base => Some(MergeStep::Requeue(entry.id)),
        EntryState::Conflict { theirs: known } if known == theirs => None,
        _ if *theirs == entry.base => None,
        _ => Some(MergeStep::Conflict(entry.id, theirs.clone())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::matching::tests::user;
    use crate::domain::phone::PhoneNumber;
    use crate::domain::user::UserId;

    fn number(text: &str) -> Value {
        Value::Number(PhoneNumber::from_tenant(text))
    }

    fn entry(state: EntryState) -> Entry {
        Entry {
            id: EntryId(1),
            user: Some(UserId(1)),
            name: "Lee Gu".into(),
            state,
            ..Entry::queued(
                user(1, "a").tenant,
                (number("+441235123471"), number("+441235123499")),
                ("me", Timestamp::UNIX_EPOCH),
            )
        }
    }

    fn decide_queued(theirs: &str) -> Option<MergeStep> {
        decide(
            &entry(EntryState::Queued),
            &number(theirs),
            Timestamp::UNIX_EPOCH,
        )
    }

    #[test]
    fn three_values() {
        assert_eq!(
            decide_queued("+441235123471"),
            None,
            "unmoved: it will be written"
        );
        assert_eq!(
            decide_queued("+441235123499"),
            Some(MergeStep::Close(EntryId(1), Closing::AlreadyThere))
        );
        assert_eq!(
            decide_queued("+441235123400"),
            Some(MergeStep::Conflict(EntryId(1), number("+441235123400")))
        );
    }

    #[test]
    fn a_conflict_ends_when_the_base_is_back() {
        let conflict = entry(EntryState::Conflict {
            theirs: number("+441235123400"),
        });
        assert_eq!(
            decide(&conflict, &number("+441235123471"), Timestamp::UNIX_EPOCH),
            Some(MergeStep::Requeue(EntryId(1)))
        );
        assert_eq!(
            decide(&conflict, &number("+441235123400"), Timestamp::UNIX_EPOCH),
            None
        );
    }

    #[test]
    fn what_is_under_way_is_not_touched() {
        let sending = entry(EntryState::InFlight {
            step: super::super::outbox::Step::Assign,
            attempt: 1,
        });
        assert_eq!(
            decide(&sending, &number("+441235123499"), Timestamp::UNIX_EPOCH),
            None
        );
    }

    #[test]
    fn an_unread_field_decides_nothing() {
        let lee = user(1, "lee@contoso.example");
        let queued = entry(EntryState::Queued);
        assert_eq!(
            merge(&lee, &[&queued], &Theirs::default(), Timestamp::UNIX_EPOCH),
            []
        );
        let theirs = Theirs {
            number: Some(number("+441235123400")),
            ..Theirs::default()
        };
        assert_eq!(
            merge(&lee, &[&queued], &theirs, Timestamp::UNIX_EPOCH),
            [
                MergeStep::TakeOver(number("+441235123400")),
                MergeStep::Conflict(EntryId(1), number("+441235123400"))
            ]
        );
    }
}
