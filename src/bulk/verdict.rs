//! What would become of a row, and what is wrong with it, in words.

use std::fmt;

use crate::domain::phone::{NOT_VALID, PhoneNumber, PhoneNumberError};
use crate::domain::text::Label;
use crate::domain::user::UserId;

use super::columns::Column;

/// What would become of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A new user.
    Create,
    /// Changes of a user.
    Update {
        /// Whom.
        user: UserId,
        /// What; never empty.
        changes: Vec<Change>,
    },
    /// The user has all of it.
    Unchanged {
        /// Whom.
        user: UserId,
    },
    /// Nothing but what can be put right by taking what is proposed. Nothing is taken without being asked for.
    Proposal(Vec<Fault>),
    /// Something is wrong, the first cell first.
    Refused(Vec<Fault>),
}

impl Verdict {
    /// The word of a column and of `--json`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update { .. } => "update",
            Self::Unchanged { .. } => "unchanged",
            Self::Proposal(_) => "proposal",
            Self::Refused(_) => "refused",
        }
    }

    /// Whether the row can go in: it changes something, or has nothing to change.
    pub fn is_good(&self) -> bool {
        match self {
            Self::Create | Self::Update { .. } | Self::Unchanged { .. } => true,
            Self::Proposal(_) | Self::Refused(_) => false,
        }
    }

    /// Whether the row would change anything.
    pub fn changes_something(&self) -> bool {
        match self {
            Self::Create | Self::Update { .. } => true,
            Self::Unchanged { .. } | Self::Proposal(_) | Self::Refused(_) => false,
        }
    }

    /// What is wrong.
    pub fn faults(&self) -> &[Fault] {
        match self {
            Self::Proposal(faults) | Self::Refused(faults) => faults,
            Self::Create | Self::Update { .. } | Self::Unchanged { .. } => &[],
        }
    }
}

/// One value that would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Which.
    pub column: Column,
    /// What the user has now, or has queued; empty for nothing.
    pub before: String,
    /// What the row says.
    pub after: String,
}

/// What is wrong with one cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which cell of the row.
    pub column: Column,
    /// Why.
    pub why: Why,
}

impl Fault {
    /// The text that would put it right, if a person says so.
    pub fn proposal(&self) -> Option<&PhoneNumber> {
        match &self.why {
            Why::Number(error) => error.proposal(),
            Why::Decimal { proposal } => proposal.as_ref(),
            _ => None,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.why {
            // That is about the whole row.
            Why::LeftOut => self.why.fmt(f),
            _ => write!(f, "{}: {}", self.column, self.why),
        }
    }
}

/// Who has what a row wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// A configured user.
    User(String),
    /// Somebody or something of the tenant.
    Tenant(String),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) => write!(f, "{}", Label::new(name)),
            Self::Tenant(name) => write!(f, "{} in the tenant", Label::new(name)),
        }
    }
}

/// Why a cell is refused. `Display` is the sentence for it, without row and column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The cell must not be empty.
    Missing,
    /// No number, by the rules of a number field.
    Number(PhoneNumberError),
    /// A number with a decimal point, as programs write what they took for a quantity.
    Decimal {
        /// The digits before the point, when they are a number with its country code.
        proposal: Option<PhoneNumber>,
    },
    /// What a spreadsheet writes in place of a value: `#N/A`, `#####`.
    ErrorValue,
    /// A date.
    Date,
    /// Too many zeros at the end, in several rows.
    SharedZeros {
        /// How many zeros at least.
        zeros: u32,
        /// In how many rows.
        rows: u32,
    },
    /// An identifier that a spreadsheet took for a quantity and rounded.
    Rounded,
    /// A number cell of a workbook whose value is no whole number that it can hold exactly.
    Inexact,
    /// The same, where it is an identifier or a name.
    InexactText,
    /// More cells than the header has columns.
    TooWide {
        /// How many.
        cells: usize,
        /// How many there should be.
        columns: usize,
    },
    /// Text behind a closing quotation mark.
    AfterQuote,
    /// Letters were lost when the file was written.
    LostLetters,
    /// No e-mail address.
    NoAddress,
    /// Blanks or special characters inside an identifier.
    BadIdentifier,
    /// Another row has the same.
    Twice {
        /// Its row number.
        row: u32,
    },
    /// Another row's e-mail is of the same directory user.
    SamePerson {
        /// Its row number.
        row: u32,
        /// Who.
        name: String,
    },
    /// Another row says something else of the same user.
    SameUser {
        /// Its row number.
        row: u32,
    },
    /// Create, and there is one already.
    Exists {
        /// Who.
        name: String,
    },
    /// Update, and there is none.
    NoSuchUser,
    /// Update, and several have it.
    SeveralUsers {
        /// How many.
        count: usize,
    },
    /// The SIP user name belongs to somebody with another external id.
    OtherExternalId {
        /// Who.
        name: String,
        /// That id.
        has: String,
    },
    /// Another user on the list has it.
    Taken {
        /// Who.
        name: String,
    },
    /// The directory user with this e-mail is configured as somebody else.
    PersonTaken {
        /// As whom.
        name: String,
    },
    /// Somebody holds the number.
    Held {
        /// Who.
        by: Owner,
    },
    /// The number comes free only by another row, which cannot go in.
    LeansOn {
        /// Its row number.
        row: u32,
    },
    /// A change of the number is being written.
    UnderWay {
        /// Its state in a word.
        word: &'static str,
    },
    /// A caller ID that is neither the trunk number nor one of the tenant.
    CallerId,
    /// A person has left the row out.
    LeftOut,
    /// A trunk sheet with create.
    TrunkCreate,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => {
                f.write_str("nothing was entered, and the row cannot be told without it")
            }
            Self::Number(error) => write!(f, "{error}"),
            Self::Decimal { proposal } => {
                write!(
                    f,
                    "{NOT_VALID}: a program took it for a quantity and wrote a decimal point"
                )?;
                match proposal {
                    Some(number) => write!(f, "; did you mean {}?", number.spaced()),
                    None => Ok(()),
                }
            }
            Self::ErrorValue => f.write_str(
                "a spreadsheet wrote an error in place of the value: look the value up again",
            ),
            Self::Date => f.write_str("a spreadsheet took it for a date: look the value up again"),
            Self::SharedZeros { zeros, rows: 1 } => write!(
                f,
                "{NOT_VALID}: it ends in {zeros} zeros: a spreadsheet has probably rounded it; enter the number again if it is right"
            ),
            Self::SharedZeros { zeros, rows } => write!(
                f,
                "{NOT_VALID}: {rows} rows end in {zeros} zeros or more: a spreadsheet has probably rounded them; enter the number again if it is right"
            ),
            Self::Rounded => f.write_str(
                "a spreadsheet has rounded it, and the characters are gone: look it up again",
            ),
            Self::Inexact => write!(
                f,
                "{NOT_VALID}: the cell holds a fraction or more digits than a spreadsheet keeps; look the number up again"
            ),
            Self::InexactText => f.write_str(
                "a number cell holds a fraction or more digits than a spreadsheet keeps: look the value up again, and write it as text",
            ),
            Self::TooWide { cells, columns } => {
                write!(
                    f,
                    "more cells ({cells}) than the header has ({columns}): put a text that holds the delimiter in quotation marks"
                )
            }
            Self::AfterQuote => f.write_str("there is text behind the closing quotation mark"),
            Self::LostLetters => f.write_str(
                "letters were lost when the file was written (\u{fffd}): save it again as UTF-8",
            ),
            Self::NoAddress => f.write_str("this is no e-mail address"),
            Self::BadIdentifier => {
                f.write_str("no blanks and no control characters may stand in it")
            }
            Self::Twice { row } => write!(f, "row {row} has the same"),
            Self::SamePerson { row, name } => write!(
                f,
                "row {row} is the same directory user, {}, by another address",
                Label::new(name)
            ),
            Self::SameUser { row } => write!(f, "row {row} is about the same user"),
            Self::Exists { name } => write!(
                f,
                "{} has it already: leave the row out, or import it as a change of users",
                Label::new(name)
            ),
            Self::NoSuchUser => f.write_str(
                "nobody on the list has it: correct it here, or leave the row out and import it as a new user",
            ),
            Self::SeveralUsers { count } => write!(f, "{count} users have it: give the ExternalId"),
            Self::OtherExternalId { name, has } => {
                write!(
                    f,
                    "it belongs to {} with ExternalId {}",
                    Label::new(name),
                    Label::new(has)
                )
            }
            Self::Taken { name } => write!(f, "{} has it", Label::new(name)),
            Self::PersonTaken { name } => {
                write!(
                    f,
                    "the directory user with this e-mail is configured as {}",
                    Label::new(name)
                )
            }
            Self::Held { by } => write!(f, "it is held by {by}"),
            Self::LeansOn { row } => {
                write!(f, "it comes free only by row {row}, which cannot go in")
            }
            Self::UnderWay { word } => write!(
                f,
                "a change of the number is {word}: sync to settle it first"
            ),
            Self::CallerId => {
                f.write_str("it is neither the trunk number nor a number of the tenant")
            }
            Self::LeftOut => f.write_str("left out by hand"),
            Self::TrunkCreate => {
                f.write_str("trunk users are only changed: choose changes of users")
            }
        }
    }
}
