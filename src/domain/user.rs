//! A configured user: a row of the *Users* pane, and what may be changed of it.

use jiff::Timestamp;

use super::country::Country;
use super::guid::{ObjectId, TenantId};
use super::phone::{NumberKind, PhoneNumber};

/// Row id of a configured user in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct UserId(pub i64);

/// To which directory user a configured user belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Association {
    /// To none yet.
    None,
    /// Found by e-mail.
    Matched(ObjectId),
    /// Made by hand: no run undoes it.
    Manual(ObjectId),
}

impl Association {
    /// The directory user.
    pub fn id(self) -> Option<ObjectId> {
        match self {
            Self::None => None,
            Self::Matched(id) | Self::Manual(id) => Some(id),
        }
    }
}

/// A configured user, as the ledger holds it. Number and country are what both sides last agreed on, or what was seen in the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Row id.
    pub id: UserId,
    /// The tenant that the row belongs to.
    pub tenant: TenantId,
    /// Name, this side's own.
    pub name: String,
    /// E-mail: the match key, this side's own.
    pub mail: String,
    /// Number in the tenant, as last seen.
    pub number: Option<PhoneNumber>,
    /// What the number is used as.
    pub kind: NumberKind,
    /// Usage location in the tenant, as last seen.
    pub country: Option<Country>,
    /// SIP user name, from an import.
    pub sip_username: Option<String>,
    /// External id, from an import.
    pub external_id: Option<String>,
    /// Association.
    pub association: Association,
    /// Whether the associated directory user was missing from the last whole read.
    pub gone: bool,
    /// Order in which seats are given: low ranks first, new users last.
    pub rank: i64,
    /// When the row was made.
    pub created_at: Timestamp,
}

/// A user to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewUser {
    /// Name.
    pub name: String,
    /// E-mail.
    pub mail: String,
    /// The number that the directory user holds in the tenant already; nothing is queued for it.
    pub number: Option<PhoneNumber>,
    /// Kind of number.
    pub kind: NumberKind,
    /// Usage location in the tenant.
    pub country: Option<Country>,
    /// Association.
    pub association: Association,
    /// A number to be written to the tenant, other than `number`.
    pub wanted_number: Option<PhoneNumber>,
    /// A country to be written to the tenant, other than `country`.
    pub wanted_country: Option<Country>,
    /// SIP user name.
    pub sip_username: Option<String>,
    /// External id.
    pub external_id: Option<String>,
}

/// The two fields that live on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// Usage location.
    Country,
    /// Telephone number.
    Number,
}

impl Field {
    /// The word on screen and in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Country => "country",
        }
    }
}

/// A value of one of the two fields; `None` inside means blank.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// A number, or none.
    Number(Option<PhoneNumber>),
    /// A country, or none.
    Country(Option<Country>),
}

impl Value {
    /// Which field it is a value of.
    pub fn field(&self) -> Field {
        match self {
            Self::Number(_) => Field::Number,
            Self::Country(_) => Field::Country,
        }
    }

    /// Whether it is blank.
    pub fn is_blank(&self) -> bool {
        matches!(self, Self::Number(None) | Self::Country(None))
    }

    /// Compact text, empty when blank: what is stored.
    pub fn compact(&self) -> String {
        match self {
            Self::Number(number) => number
                .as_ref()
                .map(PhoneNumber::to_string)
                .unwrap_or_default(),
            Self::Country(country) => country.map(|c| c.to_string()).unwrap_or_default(),
        }
    }

    /// For eyes: spaced number, or `none`.
    pub fn shown(&self) -> String {
        match self {
            Self::Number(Some(number)) => number.spaced(),
            Self::Country(Some(country)) => country.to_string(),
            Self::Number(None) | Self::Country(None) => "none".to_owned(),
        }
    }

    /// Reads [`Self::compact`] again.
    pub fn from_compact(field: Field, text: &str) -> Self {
        match field {
            Field::Number => Self::Number(PhoneNumber::from_tenant(text)),
            Field::Country => Self::Country(Country::from_tenant(text)),
        }
    }
}

/// A validated change of one user: only what differs, with the value that was shown when the edit was made.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Patch {
    /// New name.
    pub name: Option<String>,
    /// New e-mail.
    pub mail: Option<String>,
    /// New kind of number.
    pub kind: Option<NumberKind>,
    /// New association.
    pub association: Option<Association>,
    /// Changes of two-way fields: (base, wanted).
    pub two_way: Vec<(Value, Value)>,
}

impl Patch {
    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Whether a user has a seat and an association, and if not, why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LicenseStatus {
    /// Has both.
    Licensed,
    /// Lacks one.
    Unlicensed(UnlicensedCause),
}

/// Why a user is Unlicensed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnlicensedCause {
    /// More users than seats, and this one came last.
    NoSeat {
        /// Seats in use.
        used: u32,
        /// Seats bought.
        bought: u32,
    },
    /// The end date of the seats has passed.
    TrialEnded,
    /// Not associated with a directory user.
    NotAssociated,
    /// The associated directory user is no longer in the tenant.
    UserGone,
}

impl UnlicensedCause {
    /// The code in `--json`.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSeat { .. } => "no_seat",
            Self::TrialEnded => "trial_ended",
            Self::NotAssociated => "not_associated",
            Self::UserGone => "user_gone",
        }
    }
}

impl std::fmt::Display for UnlicensedCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSeat { used, bought } => write!(f, "no seat left ({used} of {bought} in use)"),
            Self::TrialEnded => f.write_str("the trial has ended"),
            Self::NotAssociated => f.write_str("not associated with a Teams user"),
            Self::UserGone => f.write_str("the associated user is gone from the tenant"),
        }
    }
}
