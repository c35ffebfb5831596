//! One user as a page holds it: every field said, said to be empty, or not mentioned; and the merge of that into what is known.
//!
//! Absence is not deletion: a change mentions what it mentions, and the rest stays.

use crate::domain::country::Country;
use crate::domain::directory::{AssignedPlan, DirectoryUser, Licence, UserFlags};
use crate::domain::guid::ObjectId;

/// What a change says of one field.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Told<T> {
    /// Nothing: what is known stays.
    #[default]
    Absent,
    /// That it is empty now.
    Empty,
    /// Its value.
    Is(T),
}

impl<T> Told<T> {
    fn into_option(self, known: Option<T>) -> Option<T> {
        match self {
            Self::Absent => known,
            Self::Empty => None,
            Self::Is(value) => Some(value),
        }
    }

    fn is_absent(&self) -> bool {
        matches!(self, Self::Absent)
    }
    pub(super) fn map<U>(self, read: impl FnOnce(T) -> U) -> Told<U> {
        match self {
            Self::Absent => Told::Absent,
            Self::Empty => Told::Empty,
            Self::Is(value) => Told::Is(read(value)),
        }
    }
}

impl<T: Default> Told<T> {
    fn or_known(self, known: T) -> T {
        match self {
            Self::Absent => known,
            Self::Empty => T::default(),
            Self::Is(value) => value,
        }
    }
}

/// A user as far as a change mentions it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartialUser {
    /// Object id.
    pub id: ObjectId,
    /// `displayName`.
    pub name: Told<String>,
    /// `userPrincipalName`.
    pub upn: Told<String>,
    /// `mail`.
    pub mail: Told<String>,
    /// SMTP addresses of `proxyAddresses`, without the prefix.
    pub addresses: Told<Vec<String>>,
    /// `usageLocation`.
    pub location: Told<Country>,
    /// `accountEnabled`.
    pub enabled: Told<bool>,
    /// Whether `userType` is Guest.
    pub guest: Told<bool>,
    /// `onPremisesSyncEnabled`.
    pub synced: Told<bool>,
    /// Whether `department` is the mark of resource accounts.
    pub application_mark: Told<bool>,
    /// `assignedLicenses`: direct and inherited merged, without their source.
    pub assigned: Told<Vec<Licence>>,
    /// The active ones of `licenseAssignmentStates`, with their source.
    pub states: Told<Vec<Licence>>,
    /// The deciding ones of `assignedPlans`.
    pub plans: Told<Vec<AssignedPlan>>,
    /// What was wrong with the record.
    pub flaw: Option<String>,
}

impl PartialUser {
    /// A change that mentions nothing.
    pub fn new(id: ObjectId) -> Self {
        Self {
            id,
            name: Told::Absent,
            upn: Told::Absent,
            mail: Told::Absent,
            addresses: Told::Absent,
            location: Told::Absent,
            enabled: Told::Absent,
            guest: Told::Absent,
            synced: Told::Absent,
            application_mark: Told::Absent,
            assigned: Told::Absent,
            states: Told::Absent,
            plans: Told::Absent,
            flaw: None,
        }
    }

    /// Whether licences or plans are mentioned: Graph does not track who gives a licence, so such a user is read again.
    pub fn touches_licences(&self) -> bool {
        !(self.assigned.is_absent() && self.states.is_absent() && self.plans.is_absent())
    }

    /// The user after this change; `known` is what was known before.
    pub fn apply_to(&self, known: Option<DirectoryUser>) -> DirectoryUser {
        self.clone().merged(known)
    }

    /// As [`Self::apply_to`], without copying.
    pub(super) fn merged(self, known: Option<DirectoryUser>) -> DirectoryUser {
        let is_new = known.is_none();
        let known = known.unwrap_or_else(|| blank(self.id));
        let mut flaws: Vec<String> = self.flaw.into_iter().collect();
        if is_new && !matches!(self.enabled, Told::Is(_)) {
            flaws.push("accountEnabled is missing".to_owned());
        }
        let name = self.name.or_known(known.name);
        let upn = self.upn.or_known(known.upn);
        for (text, key) in [(&name, "displayName"), (&upn, "userPrincipalName")] {
            if text.is_empty() {
                flaws.push(format!("{key} is missing"));
            }
        }
        let mail = self.mail.into_option(known.mail);
        let mut addresses: Vec<String> = Vec::new();
        for address in self.addresses.or_known(known.addresses) {
            let is_known = address.eq_ignore_ascii_case(&upn)
                || mail
                    .as_deref()
                    .is_some_and(|mail| address.eq_ignore_ascii_case(mail))
                || addresses
                    .iter()
                    .any(|other| address.eq_ignore_ascii_case(other));
            if !is_known {
                addresses.push(address);
            }
        }
        DirectoryUser {
            id: self.id,
            name,
            upn,
            mail,
            addresses,
            location: self.location.into_option(known.location),
            flags: UserFlags {
                enabled: self.enabled.or_known(known.flags.enabled),
                guest: self.guest.or_known(known.flags.guest),
                synced: self.synced.or_known(known.flags.synced),
                application_mark: self.application_mark.or_known(known.flags.application_mark),
            },
            licences: merge_licences(known.licences, self.assigned, self.states),
            plans: self.plans.or_known(known.plans),
            flaw: (!flaws.is_empty()).then(|| flaws.join("; ")),
        }
    }
}

fn blank(id: ObjectId) -> DirectoryUser {
    DirectoryUser {
        id,
        name: String::new(),
        upn: String::new(),
        mail: None,
        addresses: Vec::new(),
        location: None,
        flags: UserFlags::default(),
        licences: Vec::new(),
        plans: Vec::new(),
        flaw: None,
    }
}

/// One licence per SKU and source. `assigned` is what is tracked and so decides which SKUs there are; `states` (or what was
/// known) says who gives them.
fn merge_licences(
    known: Vec<Licence>,
    assigned: Told<Vec<Licence>>,
    states: Told<Vec<Licence>>,
) -> Vec<Licence> {
    let mut licences: Vec<Licence> = Vec::new();
    for licence in states.or_known(known) {
        let is_there = licences
            .iter()
            .any(|other| other.sku == licence.sku && other.group == licence.group);
        if !is_there {
            licences.push(licence);
        }
    }
    let assigned = match assigned {
        Told::Absent => return licences,
        Told::Empty => Vec::new(),
        Told::Is(assigned) => assigned,
    };
    licences.retain(|licence| assigned.iter().any(|other| other.sku == licence.sku));
    for licence in assigned {
        if !licences.iter().any(|other| other.sku == licence.sku) {
            licences.push(licence);
        }
    }
    licences
}
