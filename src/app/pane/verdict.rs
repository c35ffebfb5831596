//! What is wrong with a number or a country as it is typed, in the documents' words, and what one key takes over instead.

use crate::domain::country::{Country, CountryError};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Entry, EntryState};
use crate::domain::phone::{NOT_VALID, NumberKind, PhoneNumber, PhoneNumberError};
use crate::domain::user::{Field, UserId, Value};
use crate::roster::Roster;
use crate::roster::desk::Desk;

/// Why a text is not taken as the number of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NumberFault {
    /// Two numbers.
    Several,
    /// A range: one number of it is wanted.
    Range,
    /// No number.
    Format(PhoneNumberError),
    /// Somebody has it.
    Held {
        /// The number.
        number: PhoneNumber,
        /// Who.
        by: Holder,
    },
}

/// Who has a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holder {
    /// A configured user, by name: the release is queued here.
    User(String),
    /// Somebody of the tenant who is not configured, or a resource account, by name.
    Tenant(String),
}

impl std::fmt::Display for NumberFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Several => PhoneNumberError::Several.fmt(f),
            Self::Range => write!(
                f,
                "{NOT_VALID}: this is a range; Ctrl-T takes the next free number of it"
            ),
            Self::Format(error) => error.fmt(f),
            Self::Held { number, by } => {
                let number = number.spaced();
                match by {
                    Holder::User(name) => write!(
                        f,
                        "{number} is held by {name}; queue its release there first"
                    ),
                    Holder::Tenant(name) => write!(
                        f,
                        "{number} is held by {name} in the tenant; release it there first"
                    ),
                }
            }
        }
    }
}

/// Reads the number field. `None` is a blank number.
pub fn number(
    text: &str,
    kind: NumberKind,
    country: Option<Country>,
) -> Result<Option<PhoneNumber>, NumberFault> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    if text.contains("..") {
        return Err(NumberFault::Range);
    }
    if is_several(text) {
        return Err(NumberFault::Several);
    }
    PhoneNumber::parse(text, kind, country)
        .map(Some)
        .map_err(NumberFault::Format)
}

/// Whether more than one number was typed: apart by a comma, a semicolon, a slash with room, two spaces, or a second plus.
fn is_several(text: &str) -> bool {
    let without_extension = text.replace(";ext=", " x");
    let text = without_extension.trim();
    if text.matches('+').count() > 1 && !text.to_ascii_lowercase().contains("e+") {
        return true;
    }
    for separator in [",", ";", "  ", " / ", " and ", "|"] {
        let parts = text
            .split(separator)
            .filter(|part| part.bytes().filter(u8::is_ascii_digit).count() >= 3)
            .count();
        if parts > 1 {
            return true;
        }
    }
    false
}

/// Reads the country field. `None` is a blank country.
pub fn country(text: &str) -> Result<Option<Country>, CountryError> {
    match text.trim() {
        "" => Ok(None),
        text => text.parse().map(Some),
    }
}

/// The country that was probably meant.
pub fn country_meant(error: &CountryError) -> Option<Country> {
    match error {
        CountryError::Unknown { meant, .. } => *meant,
        CountryError::Shape => None,
    }
}

/// Who asks for a number, so that nobody is taken for the holder of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Asker {
    /// The configured user.
    pub user: Option<UserId>,
    /// The directory user.
    pub directory: Option<ObjectId>,
}

/// Who else has the number, by name: a configured user that has it or will, or an object of the tenant; unless its release is queued.
pub fn holder(number: &PhoneNumber, asker: Asker, desk: &Desk, roster: &Roster) -> Option<Holder> {
    for row in &desk.users {
        if Some(row.user.id) == asker.user {
            continue;
        }
        let queued = number_entry(&row.entries);
        let has = row.user.number.as_ref() == Some(number) && !queued.is_some_and(releases(number));
        let will = queued.is_some_and(|entry| wants(entry, number));
        if has || will {
            let how = if will { " (queued)" } else { "" };
            return Some(Holder::User(format!("{}{how}", row.user.name)));
        }
    }
    let released = |id: ObjectId| {
        desk.entries.iter().any(|entry| {
            entry.field() == Field::Number
                && entry_directory(entry, desk) == Some(id)
                && releases(number)(entry)
        })
    };
    roster
        .rows()
        .find(|row| {
            row.number == Some(number.as_str())
                && Some(row.id) != asker.directory
                && !released(row.id)
        })
        .map(|row| {
            let name = row.name.to_string();
            if desk.is_configured(row.id) {
                Holder::User(name)
            } else {
                Holder::Tenant(name)
            }
        })
}

fn entry_directory(entry: &Entry, desk: &Desk) -> Option<ObjectId> {
    let user = entry.user.and_then(|id| {
        desk.users
            .iter()
            .find(|row| row.user.id == id)
            .and_then(|row| row.user.association.id())
    });
    user.or(entry.directory_id)
}

fn number_entry(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().find(|entry| entry.field() == Field::Number)
}

fn wants(entry: &Entry, number: &PhoneNumber) -> bool {
    matches!(&entry.wanted, Value::Number(Some(wanted)) if wanted == number)
}

/// Whether an entry takes this number away from its holder, as far as is known.
fn releases(number: &PhoneNumber) -> impl Fn(&Entry) -> bool {
    move |entry| {
        let goes_on = match entry.state {
            EntryState::Queued
            | EntryState::InFlight { .. }
            | EntryState::Accepted { .. }
            | EntryState::Applied { .. }
            | EntryState::Unknown { .. } => true,
            // None of these is written as things stand.
            EntryState::Held { .. } | EntryState::Conflict { .. } | EntryState::Rejected { .. } => {
                false
            }
        };
        goes_on && !wants(entry, number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_numbers_are_refused_with_the_documents_reason() {
        for text in [
            "+44 1235 123465, +44 1235 123466",
            "+441235123465;+441235123466",
            "+44 1235 123465  +44 1235 123466",
            "01235 123465 / 01235 123466",
            "01235 123465, 01235 123466",
        ] {
            assert_eq!(
                number(text, NumberKind::Ddi, None),
                Err(NumberFault::Several),
                "{text}"
            );
        }
        assert!(
            NumberFault::Several
                .to_string()
                .contains("resource account that forwards")
        );
    }

    #[test]
    fn one_number_is_one() {
        for text in [
            "+44 (0)1235 123465",
            "+1 425 555 1000;ext=1234",
            "+44-1235/123465",
        ] {
            assert!(
                matches!(number(text, NumberKind::Ddi, None), Ok(Some(_))),
                "{text}"
            );
        }
        assert_eq!(number("  ", NumberKind::Ddi, None), Ok(None));
        assert!(matches!(
            number("4.41235E+11", NumberKind::Ddi, None),
            Err(NumberFault::Format(_))
        ));
    }
}
