//! A configured user: a row of the *Users* pane, and what may be changed of it.

use jiff::Timestamp;

use super::country::Country;
use super::directory::DirectoryUser;
use super::guid::{ObjectId, PlanId, SkuId, TenantId};
use super::phone::{NumberKind, PhoneNumber};
use super::plan_ids;
use super::words;

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
    /// Whether the user came from the tenant that was pinned before, and no match by e-mail has been taken over yet.
    pub waits: bool,
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

impl NewUser {
    /// Somebody who is known by name and e-mail alone, and tied to nobody.
    pub fn by_mail(name: &str, mail: &str) -> Self {
        Self {
            name: name.to_owned(),
            mail: mail.to_owned(),
            number: None,
            kind: NumberKind::Ddi,
            country: None,
            association: Association::None,
            wanted_number: None,
            wanted_country: None,
            sip_username: None,
            external_id: None,
        }
    }

    /// A directory user as the picklist adds it: with the number and the country that the tenant has.
    pub fn of(user: &DirectoryUser, number: Option<PhoneNumber>) -> Self {
        Self {
            name: if user.name.is_empty() {
                user.upn.clone()
            } else {
                user.name.clone()
            },
            mail: user.mail.clone().unwrap_or_else(|| user.upn.clone()),
            number,
            kind: NumberKind::Ddi,
            country: user.location,
            association: Association::Matched(user.id),
            wanted_number: None,
            wanted_country: None,
            sip_username: None,
            external_id: None,
        }
    }
}

/// What a change is about: a field that lives on both sides, or something of the tenant that can be mended from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Field {
    /// Usage location.
    Country,
    /// Telephone number.
    Number,
    /// One plan inside a licence that was given directly.
    Plan {
        /// The licence.
        sku: SkuId,
        /// The plan.
        plan: PlanId,
    },
    /// A licence that was given directly, as a whole.
    Licence(SkuId),
    /// Whether a directory user is on this side's list: it is put there once all gates pass.
    Added,
}

impl Field {
    /// The word on screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Country => "country",
            Self::Plan { .. } => "plan",
            Self::Licence(_) => "licence",
            Self::Added => "adding",
        }
    }

    /// What is stored, and read again by [`Self::from_key`].
    pub fn key(self) -> String {
        match self {
            Self::Number | Self::Country | Self::Added => self.as_str().to_owned(),
            Self::Plan { sku, plan } => format!("plan:{sku}:{plan}"),
            Self::Licence(sku) => format!("licence:{sku}"),
        }
    }

    /// Reads [`Self::key`] again.
    pub fn from_key(text: &str) -> Option<Self> {
        let mut parts = text.split(':');
        let field = match parts.next()? {
            "number" => Self::Number,
            "country" => Self::Country,
            "adding" => Self::Added,
            "plan" => Self::Plan {
                sku: parts.next()?.parse().ok()?,
                plan: parts.next()?.parse().ok()?,
            },
            "licence" => Self::Licence(parts.next()?.parse().ok()?),
            _ => return None,
        };
        parts.next().is_none().then_some(field)
    }

    /// Whether it is a field of a configured user, with a value on both sides.
    pub fn is_two_way(self) -> bool {
        matches!(self, Self::Number | Self::Country)
    }

    /// Whether it is a licence of Microsoft, or a part of one.
    pub fn is_licence(self) -> bool {
        matches!(self, Self::Plan { .. } | Self::Licence(_))
    }
}

/// A value of what a change is about; `None` inside means blank.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// A number, or none.
    Number(Option<PhoneNumber>),
    /// A country, or none.
    Country(Option<Country>),
    /// Whether a plan is switched on in a licence.
    Plan {
        /// The licence.
        sku: SkuId,
        /// The plan.
        plan: PlanId,
        /// On or off.
        on: bool,
    },
    /// A licence with the plans that are switched off in it, or not held.
    Licence {
        /// The licence.
        sku: SkuId,
        /// Plans that are off, sorted; `None` when it is not held.
        off: Option<Vec<PlanId>>,
    },
    /// On this side's list or not.
    Added(bool),
}

impl Value {
    /// What it is a value of.
    pub fn field(&self) -> Field {
        match self {
            Self::Number(_) => Field::Number,
            Self::Country(_) => Field::Country,
            Self::Plan { sku, plan, .. } => Field::Plan {
                sku: *sku,
                plan: *plan,
            },
            Self::Licence { sku, .. } => Field::Licence(*sku),
            Self::Added(_) => Field::Added,
        }
    }

    /// Nothing there: no number, no country, no licence, a plan that is off, somebody who is not on the list.
    pub fn blank(field: Field) -> Self {
        match field {
            Field::Number => Self::Number(None),
            Field::Country => Self::Country(None),
            Field::Plan { sku, plan } => Self::Plan {
                sku,
                plan,
                on: false,
            },
            Field::Licence(sku) => Self::Licence { sku, off: None },
            Field::Added => Self::Added(false),
        }
    }

    /// The number, when it is one.
    pub fn number(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Number(number) => number.as_ref(),
            Self::Country(_) | Self::Plan { .. } | Self::Licence { .. } | Self::Added(_) => None,
        }
    }

    /// Whether it is blank.
    pub fn is_blank(&self) -> bool {
        *self == Self::blank(self.field())
    }

    /// Compact text, empty when blank: what is stored.
    pub fn compact(&self) -> String {
        match self {
            Self::Number(number) => number
                .as_ref()
                .map(PhoneNumber::to_string)
                .unwrap_or_default(),
            Self::Country(country) => country.map(|c| c.to_string()).unwrap_or_default(),
            Self::Plan { on: true, .. } => "on".to_owned(),
            Self::Added(true) => "added".to_owned(),
            Self::Plan { on: false, .. } | Self::Added(false) | Self::Licence { off: None, .. } => {
                String::new()
            }
            Self::Licence { off: Some(off), .. } => {
                let off: Vec<String> = off.iter().map(ToString::to_string).collect();
                format!("held {}", off.join(",")).trim_end().to_owned()
            }
        }
    }

    /// For eyes: spaced number, `none`, `MCOPSTN1 off`.
    pub fn shown(&self) -> String {
        match self {
            Self::Number(Some(number)) => number.spaced(),
            Self::Country(Some(country)) => country.to_string(),
            Self::Number(None) | Self::Country(None) => "none".to_owned(),
            Self::Plan { plan, on, .. } => {
                let state = if *on { "on" } else { "off" };
                format!("{} {state}", plan_ids::code(*plan))
            }
            Self::Licence { sku, off } => {
                let name = plan_ids::sku_name(*sku).map_or_else(|| sku.to_string(), str::to_owned);
                match off {
                    None => format!("{name} removed"),
                    Some(off) if off.is_empty() => format!("{name} held"),
                    Some(off) => format!("{name} held, {} plans off", off.len()),
                }
            }
            Self::Added(true) => "when eligible".to_owned(),
            Self::Added(false) => "not on the list".to_owned(),
        }
    }

    /// Reads [`Self::compact`] again; `None` for a text that is no value of this field.
    pub fn from_compact(field: Field, text: &str) -> Option<Self> {
        if text.is_empty() {
            return Some(Self::blank(field));
        }
        Some(match field {
            Field::Number => Self::Number(Some(PhoneNumber::from_tenant(text)?)),
            Field::Country => Self::Country(Some(Country::from_tenant(text)?)),
            Field::Plan { sku, plan } => Self::Plan {
                sku,
                plan,
                on: (text == "on").then_some(true)?,
            },
            Field::Licence(sku) => {
                let off = text.strip_prefix("held")?.trim();
                let off = off.split(',').filter(|id| !id.is_empty());
                Self::Licence {
                    sku,
                    off: Some(off.map(|id| id.parse().ok()).collect::<Option<_>>()?),
                }
            }
            Field::Added => Self::Added((text == "added").then_some(true)?),
        })
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
    /// Own fields as they were shown when the edit was made. Without it nothing is compared.
    pub seen: Option<Box<Own>>,
}

/// The own fields of a user: saved at once, never sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// Name.
    pub name: String,
    /// E-mail.
    pub mail: String,
    /// Kind of number.
    pub kind: NumberKind,
    /// Association.
    pub association: Association,
}

impl Own {
    /// Those of this user.
    pub fn of(user: &User) -> Self {
        Self {
            name: user.name.clone(),
            mail: user.mail.clone(),
            kind: user.kind,
            association: user.association,
        }
    }
}

impl Patch {
    /// Whether it changes this two-way field.
    pub fn changes(&self, field: Field) -> bool {
        self.two_way
            .iter()
            .any(|(_, wanted)| wanted.field() == field)
    }

    /// Own fields that it would put over a value that was not shown when the edit was made: key, words, and what is there now.
    pub fn moved(&self, now: &Own) -> Vec<(&'static str, &'static str, String)> {
        let Some(seen) = &self.seen else {
            return Vec::new();
        };
        let tied = match now.association.id() {
            Some(_) => "another Teams user",
            None => "none",
        };
        let over = |seen: bool, wanted: Option<bool>| !seen && wanted == Some(false);
        [
            (
                over(
                    seen.name == now.name,
                    self.name.as_ref().map(|new| *new == now.name),
                ),
                ("name", "the name", now.name.clone()),
            ),
            (
                over(
                    seen.mail == now.mail,
                    self.mail.as_ref().map(|new| *new == now.mail),
                ),
                ("mail", "the e-mail", now.mail.clone()),
            ),
            (
                over(seen.kind == now.kind, self.kind.map(|new| new == now.kind)),
                ("kind", "the kind of number", now.kind.as_str().to_owned()),
            ),
            (
                over(
                    seen.association == now.association,
                    self.association.map(|new| new == now.association),
                ),
                ("association", "the association", tied.to_owned()),
            ),
        ]
        .into_iter()
        .filter_map(|(moved, what)| moved.then_some(what))
        .collect()
    }

    /// Whether nothing would change.
    pub fn is_empty(&self) -> bool {
        let seen = self.seen.clone();
        *self
            == Self {
                seen,
                ..Self::default()
            }
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
    /// Not associated since another tenant was pinned: who matches by e-mail is shown, and taken over when somebody says so.
    MatchWaits,
    /// The associated directory user is no longer in the tenant.
    UserGone,
}

impl UnlicensedCause {
    /// The code in `--json`.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoSeat { .. } => "no_seat",
            Self::TrialEnded => "trial_ended",
            Self::NotAssociated | Self::MatchWaits => "not_associated",
            Self::UserGone => "user_gone",
        }
    }
}

impl std::fmt::Display for UnlicensedCause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NoSeat { used, bought } => write!(f, "no seat left ({used} of {bought} in use)"),
            Self::TrialEnded => f.write_str("the trial has ended"),
            Self::NotAssociated => f.write_str(words::NOT_ASSOCIATED),
            Self::MatchWaits => f.write_str(
                "not associated since another tenant was pinned; matches by e-mail wait",
            ),
            Self::UserGone => f.write_str("the associated user is gone from the tenant"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_and_value_is_read_again() {
        let sku: SkuId = "ae2343d1-0999-43f6-ae18-d816516f6e78".parse().unwrap();
        let plan: PlanId = "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8".parse().unwrap();
        let values = [
            Value::Number(PhoneNumber::from_tenant("+441235123465")),
            Value::Country(Country::from_tenant("GB")),
            Value::Plan {
                sku,
                plan,
                on: true,
            },
            Value::Licence {
                sku,
                off: Some(vec![]),
            },
            Value::Licence {
                sku,
                off: Some(vec![plan, plan]),
            },
            Value::Added(true),
        ];
        for value in values {
            let field = value.field();
            assert_eq!(Field::from_key(&field.key()), Some(field));
            assert!(!value.is_blank());
            assert_eq!(
                Value::from_compact(field, &value.compact()),
                Some(value.clone())
            );
            let blank = Value::blank(field);
            assert_eq!(blank.compact(), "");
            assert_eq!(Value::from_compact(field, ""), Some(blank));
            assert_eq!(
                Value::from_compact(field, "nonsense"),
                None,
                "{value:?} must not be read from nonsense"
            );
        }
        assert_eq!(Field::from_key("plan:x:y"), None);
        assert_eq!(Field::from_key("number:1"), None);
    }

    #[test]
    fn a_plan_is_shown_by_its_code() {
        let value = Value::Plan {
            sku: "ae2343d1-0999-43f6-ae18-d816516f6e78".parse().unwrap(),
            plan: "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8".parse().unwrap(),
            on: false,
        };
        assert_eq!(value.shown(), "MCOPSTN1 off");
    }
}
