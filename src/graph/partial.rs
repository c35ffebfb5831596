//! One user as a page holds it: every field said, said to be empty, or not mentioned; and the merge of that into what is known.
//!
//! Absence is not deletion: a change mentions what it mentions, and the rest stays.

use std::borrow::Cow;

use serde::de::{MapAccess, SeqAccess};

use crate::domain::country::Country;
use crate::domain::directory::{AssignedPlan, DirectoryUser, Licence, PlanStatus, UserFlags};
use crate::domain::guid::{ObjectId, PlanId};
use crate::domain::plan_ids;

use super::wire::{Field, Items, Soft, read_object};

const APPLICATION: &str = "Microsoft Communication Application Instance";

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

/// A record of a user page.
#[derive(Debug, Default)]
pub(super) struct UserRow<'de> {
    id: Soft<Cow<'de, str>>,
    removed: Soft<Anything>,
    name: Soft<Cow<'de, str>>,
    upn: Soft<Cow<'de, str>>,
    mail: Soft<Cow<'de, str>>,
    addresses: Soft<Items<Cow<'de, str>>>,
    location: Soft<Cow<'de, str>>,
    enabled: Soft<bool>,
    kind: Soft<Cow<'de, str>>,
    synced: Soft<bool>,
    department: Soft<Cow<'de, str>>,
    assigned: Soft<Items<LicenceRow<'de>>>,
    states: Soft<Items<LicenceRow<'de>>>,
    plans: Soft<Plans>,
}

/// What a record turned out to be.
#[derive(Debug)]
pub(super) enum Record {
    /// A deleted user.
    Removed(ObjectId),
    /// A user.
    User(Box<PartialUser>),
    /// Nobody can say whose record it is.
    Nameless,
}

impl<'de> Field<'de> for UserRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, {
            "id" => id,
            "@removed" => removed,
            "displayName" => name,
            "userPrincipalName" => upn,
            "mail" => mail,
            "proxyAddresses" => addresses,
            "usageLocation" => location,
            "accountEnabled" => enabled,
            "userType" => kind,
            "onPremisesSyncEnabled" => synced,
            "department" => department,
            "assignedLicenses" => assigned,
            "licenseAssignmentStates" => states,
            "assignedPlans" => plans,
        });
        Ok(Some(row))
    }
}

impl UserRow<'_> {
    pub(super) fn read(self) -> Record {
        let Some(id) = self.id.some().and_then(|id| id.parse().ok()) else {
            return Record::Nameless;
        };
        // A mark of whatever type is a mark: a removed user must not come back as an empty one.
        if !matches!(self.removed, Soft::Absent | Soft::Null) {
            return Record::Removed(id);
        }
        let mut flaws = Flaws::default();
        let user = PartialUser {
            id,
            name: flaws.told("displayName", self.name.map(Cow::into_owned)),
            upn: flaws.told("userPrincipalName", self.upn.map(Cow::into_owned)),
            mail: filled(flaws.told("mail", self.mail.map(Cow::into_owned))),
            addresses: flaws
                .list("proxyAddresses", self.addresses)
                .map(|texts| texts.iter().filter_map(|text| smtp(text)).collect()),
            location: match self.location {
                Soft::Is(text) if text.trim().is_empty() => Told::Empty,
                text => flaws.told(
                    "usageLocation",
                    text.and_then(|text| Country::from_tenant(&text)),
                ),
            },
            enabled: flaws.told("accountEnabled", self.enabled),
            guest: flaws.told(
                "userType",
                self.kind
                    .and_then(|kind| Some(kind.eq_ignore_ascii_case("Guest"))),
            ),
            synced: flaws.told("onPremisesSyncEnabled", self.synced),
            application_mark: flaws.told(
                "department",
                self.department
                    .and_then(|name| Some(name.trim().eq_ignore_ascii_case(APPLICATION))),
            ),
            assigned: flaws.licences("assignedLicenses", self.assigned, |_| true),
            states: flaws.licences(
                "licenseAssignmentStates",
                self.states,
                LicenceRow::is_active,
            ),
            plans: flaws.plans(self.plans),
            flaw: None,
        };
        Record::User(Box::new(PartialUser {
            flaw: flaws.text(),
            ..user
        }))
    }
}

fn filled(text: Told<String>) -> Told<String> {
    match text {
        Told::Is(text) if text.is_empty() => Told::Empty,
        text => text,
    }
}

fn smtp(address: &str) -> Option<String> {
    let (prefix, rest) = address.split_at_checked(5)?;
    (prefix.eq_ignore_ascii_case("smtp:") && !rest.is_empty()).then(|| rest.to_owned())
}

impl<T> Told<T> {
    fn map<U>(self, read: impl FnOnce(T) -> U) -> Told<U> {
        match self {
            Self::Absent => Told::Absent,
            Self::Empty => Told::Empty,
            Self::Is(value) => Told::Is(read(value)),
        }
    }
}

/// Collects what is wrong with a record, by field.
#[derive(Default)]
struct Flaws(Vec<&'static str>);

impl Flaws {
    fn told<T>(&mut self, key: &'static str, value: Soft<T>) -> Told<T> {
        match value {
            Soft::Absent => Told::Absent,
            Soft::Null => Told::Empty,
            Soft::Is(value) => Told::Is(value),
            Soft::Wrong => {
                self.0.push(key);
                Told::Absent
            }
        }
    }

    fn list<T>(&mut self, key: &'static str, value: Soft<Items<T>>) -> Told<Vec<T>> {
        if matches!(&value, Soft::Is(items) if items.dropped > 0) {
            self.0.push(key);
        }
        self.told(key, value).map(|items| items.kept)
    }

    fn licences<'a>(
        &mut self,
        key: &'static str,
        value: Soft<Items<LicenceRow<'a>>>,
        keep: impl Fn(&LicenceRow<'a>) -> bool,
    ) -> Told<Vec<Licence>> {
        let mut is_whole = true;
        let licences = self.list(key, value).map(|rows| {
            rows.into_iter()
                .filter(|row| keep(row))
                .filter_map(|row| {
                    let licence = row.read();
                    is_whole &= licence.is_some();
                    licence
                })
                .collect()
        });
        if !is_whole {
            self.0.push(key);
        }
        licences
    }

    fn plans(&mut self, value: Soft<Plans>) -> Told<Vec<AssignedPlan>> {
        if matches!(&value, Soft::Is(plans) if plans.dropped > 0) {
            self.0.push("assignedPlans");
        }
        self.told("assignedPlans", value).map(|plans| plans.kept)
    }

    fn text(mut self) -> Option<String> {
        self.0.dedup();
        (!self.0.is_empty()).then(|| format!("{} cannot be read", self.0.join(", ")))
    }
}

/// Something whose presence is all that counts.
#[derive(Debug)]
struct Anything;

impl Field<'_> for Anything {}

/// A row of `assignedLicenses` or `licenseAssignmentStates`.
#[derive(Debug, Default)]
struct LicenceRow<'de> {
    sku: Soft<Cow<'de, str>>,
    disabled: Soft<Items<Cow<'de, str>>>,
    group: Soft<Cow<'de, str>>,
    state: Soft<Cow<'de, str>>,
    error: Soft<Cow<'de, str>>,
}

impl<'de> Field<'de> for LicenceRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, {
            "skuId" => sku,
            "disabledPlans" => disabled,
            "assignedByGroup" => group,
            "state" => state,
            "error" => error,
        });
        Ok(Some(row))
    }
}

impl LicenceRow<'_> {
    fn is_active(&self) -> bool {
        matches!(&self.state, Soft::Is(state)
            if state.eq_ignore_ascii_case("Active") || state.eq_ignore_ascii_case("ActiveWithError"))
    }

    /// `None` unless all of it can be read: half a list of switched-off plans would switch the others on at the next write.
    fn read(self) -> Option<Licence> {
        let disabled = match self.disabled {
            Soft::Absent | Soft::Null => Vec::new(),
            Soft::Is(Items { kept, dropped: 0 }) => kept
                .iter()
                .map(|id| id.parse().ok())
                .collect::<Option<Vec<PlanId>>>()?,
            Soft::Is(_) | Soft::Wrong => return None,
        };
        let group = match self.group {
            Soft::Absent | Soft::Null => None,
            Soft::Is(group) if group.is_empty() => None,
            Soft::Is(group) => Some(group.parse().ok()?),
            Soft::Wrong => return None,
        };
        Some(Licence {
            sku: self.sku.some()?.parse().ok()?,
            group,
            disabled,
            error: self
                .error
                .some()
                .filter(|error| !error.is_empty() && !error.eq_ignore_ascii_case("None"))
                .map(Cow::into_owned),
        })
    }
}

/// The deciding ones of `assignedPlans`: a user has 40 to 60, and nothing is stored of the others.
#[derive(Debug, Default)]
struct Plans {
    kept: Vec<AssignedPlan>,
    dropped: u32,
}

impl<'de> Field<'de> for Plans {
    fn list<A: SeqAccess<'de>>(mut list: A) -> Result<Option<Self>, A::Error> {
        let mut plans = Self::default();
        while let Some(row) = list.next_element::<Soft<PlanRow<'de>>>()? {
            let id = match &row {
                Soft::Is(PlanRow {
                    id: Soft::Is(id), ..
                }) => id.parse::<PlanId>().ok(),
                _ => None,
            };
            let (Some(plan), Soft::Is(row)) = (id, row) else {
                plans.dropped += 1;
                continue;
            };
            if plan_ids::class(plan).is_none() {
                continue;
            }
            let assigned = AssignedPlan {
                plan,
                status: row
                    .status
                    .some()
                    .map_or(PlanStatus::Unknown, |word| PlanStatus::from_graph(&word)),
                since: row.since.some().and_then(|text| text.parse().ok()),
            };
            if !plans.kept.contains(&assigned) {
                plans.kept.push(assigned);
            }
        }
        Ok(Some(plans))
    }
}

#[derive(Debug, Default)]
struct PlanRow<'de> {
    id: Soft<Cow<'de, str>>,
    status: Soft<Cow<'de, str>>,
    since: Soft<Cow<'de, str>>,
}

impl<'de> Field<'de> for PlanRow<'de> {
    fn object<A: MapAccess<'de>>(mut object: A) -> Result<Option<Self>, A::Error> {
        let mut row = Self::default();
        read_object!(object, row, {
            "servicePlanId" => id,
            "capabilityStatus" => status,
            "assignedDateTime" => since,
        });
        Ok(Some(row))
    }
}
