//! The records of a user page, read field by field: what cannot be read is a flaw of that user and stops nobody else.

use std::borrow::Cow;

use serde::de::{MapAccess, SeqAccess};

use crate::domain::country::Country;
use crate::domain::directory::{AssignedPlan, Licence, PlanStatus};
use crate::domain::guid::{ObjectId, PlanId};
use crate::domain::plan_ids;

use super::partial::{PartialUser, Told};
use super::wire::{Field, Items, Soft, read_object};

const APPLICATION: &str = "Microsoft Communication Application Instance";

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

#[cfg(test)]
mod tests {
    use crate::domain::directory::UserFlags;

    use super::super::wire::read_page;
    use super::*;

    const ID: &str = "00000000-0000-0000-0000-000000000001";
    const PHONE: &str = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7";
    const SKU: &str = "06ebc4ee-1bb5-47dd-8120-11324bc54e06";
    const OTHER_SKU: &str = "0dab259f-bf13-4952-b7f8-7db8f131b28d";
    const GROUP: &str = "99999999-0000-0000-0000-000000000001";

    /// A record with these fields besides its id.
    fn record(fields: &str) -> Record {
        let text = format!(r#"{{"value":[{{"id":"{ID}"{fields}}}]}}"#);
        let mut page = read_page::<UserRow<'_>>(&text).unwrap();
        page.items.pop().unwrap().read()
    }

    fn partial(fields: &str) -> PartialUser {
        match record(fields) {
            Record::User(user) => *user,
            other => panic!("{other:?}"),
        }
    }

    const WHOLE: &str = r#","displayName":"Zo\u00eb \"Z\" O\u2019Brien","userPrincipalName":"zoe@contoso.com","mail":"Zoe.OBrien@contoso.com","proxyAddresses":["SMTP:Zoe.OBrien@contoso.com","smtp:ZOE@contoso.com","smtp:z@contoso.com","SIP:zoe@contoso.com","X500:/o=x",""],"accountEnabled":true,"userType":"member","department":null,"usageLocation":"gb","onPremisesSyncEnabled":null,"assignedLicenses":[],"assignedPlans":[],"licenseAssignmentStates":[]"#;

    #[test]
    fn a_whole_user() {
        let user = partial(WHOLE).apply_to(None);
        assert_eq!(user.name, "Zoë \"Z\" O’Brien");
        assert_eq!(user.mail.as_deref(), Some("Zoe.OBrien@contoso.com"));
        assert_eq!(user.addresses, ["z@contoso.com"]);
        assert_eq!(user.location, Country::from_tenant("GB"));
        assert_eq!(
            user.flags,
            UserFlags {
                enabled: true,
                ..UserFlags::default()
            }
        );
        assert_eq!(user.flaw, None);
    }

    #[test]
    fn guests_synced_users_and_resource_accounts_are_marked() {
        let user = partial(
            r#","displayName":"a","userPrincipalName":"b","accountEnabled":false,"userType":"GUEST","onPremisesSyncEnabled":true,"department":"microsoft communication application instance""#,
        )
        .apply_to(None);
        assert_eq!(
            user.flags,
            UserFlags {
                enabled: false,
                guest: true,
                synced: true,
                application_mark: true
            }
        );
    }

    #[test]
    fn wrong_types_are_flaws_of_this_user() {
        let user = partial(
            r#","displayName":7,"userPrincipalName":"b","accountEnabled":"yes","mail":{"a":[1]},"usageLocation":"GBR","proxyAddresses":["smtp:x@y",5],"assignedLicenses":"none","assignedPlans":[null]"#,
        )
        .apply_to(None);
        assert_eq!(user.upn, "b");
        assert_eq!(user.addresses, ["x@y"]);
        assert_eq!(
            user.flaw.as_deref(),
            Some(
                "displayName, mail, proxyAddresses, usageLocation, accountEnabled, assignedLicenses, assignedPlans cannot be read; accountEnabled is missing; displayName is missing"
            )
        );
    }

    #[test]
    fn only_deciding_plans_are_kept_with_their_history() {
        let plans = format!(
            r#","assignedPlans":[{{"assignedDateTime":"2025-01-07T09:08:50.1234567Z","capabilityStatus":"Deleted","service":"MicrosoftCommunicationsOnline","servicePlanId":"{PHONE}"}},{{"assignedDateTime":"2026-01-07T09:08:50Z","capabilityStatus":"enabled","service":"x","servicePlanId":"{PHONE}"}},{{"assignedDateTime":"2026-01-07T09:08:50Z","capabilityStatus":"Enabled","service":"x","servicePlanId":"{PHONE}"}},{{"capabilityStatus":"Enabled","servicePlanId":"00000000-0000-0000-0000-000000000000"}},{{"capabilityStatus":"Frozen","servicePlanId":"{PHONE}","assignedDateTime":null}}]"#
        );
        let Told::Is(plans) = partial(&plans).plans else {
            panic!("no plans")
        };
        let states: Vec<(PlanStatus, Option<String>)> = plans
            .iter()
            .map(|plan| (plan.status, plan.since.map(|at| at.to_string())))
            .collect();
        assert_eq!(
            states,
            [
                (
                    PlanStatus::Deleted,
                    Some("2025-01-07T09:08:50.1234567Z".into())
                ),
                (PlanStatus::Enabled, Some("2026-01-07T09:08:50Z".into())),
                (PlanStatus::Unknown, None),
            ]
        );
    }

    #[test]
    fn licences_by_source_completed_from_the_merged_list() {
        let fields = format!(
            r#","assignedLicenses":[{{"skuId":"{SKU}","disabledPlans":["{PHONE}"]}},{{"skuId":"{OTHER_SKU}","disabledPlans":[]}}],"licenseAssignmentStates":[{{"skuId":"{SKU}","disabledPlans":["{PHONE}"],"assignedByGroup":null,"state":"Active","error":"None"}},{{"skuId":"{SKU}","disabledPlans":[],"assignedByGroup":"{GROUP}","state":"activewitherror","error":"CountViolation"}},{{"skuId":"{SKU}","disabledPlans":[],"assignedByGroup":null,"state":"Active","error":null}},{{"skuId":"{OTHER_SKU}","disabledPlans":[],"assignedByGroup":"{GROUP}","state":"Error","error":"CountViolation"}}]"#
        );
        let licences = partial(&fields).apply_to(None).licences;
        let licence =
            |sku: &str, group: Option<&str>, disabled: &[&str], error: Option<&str>| Licence {
                sku: sku.parse().unwrap(),
                group: group.map(|id| id.parse().unwrap()),
                disabled: disabled.iter().map(|id| id.parse().unwrap()).collect(),
                error: error.map(str::to_owned),
            };
        assert_eq!(
            licences,
            [
                licence(SKU, None, &[PHONE], None),
                licence(SKU, Some(GROUP), &[], Some("CountViolation")),
                licence(OTHER_SKU, None, &[], None),
            ]
        );
    }

    #[test]
    fn half_a_list_of_disabled_plans_is_not_taken() {
        let fields =
            format!(r#","assignedLicenses":[{{"skuId":"{SKU}","disabledPlans":["{PHONE}","?"]}}]"#);
        let user = partial(&fields);
        assert_eq!(user.assigned, Told::Is(vec![]));
        assert_eq!(
            user.flaw.as_deref(),
            Some("assignedLicenses cannot be read")
        );
    }

    #[test]
    fn absence_is_not_deletion() {
        let known = partial(WHOLE).apply_to(None);
        let same = partial("").apply_to(Some(known.clone()));
        assert_eq!(same, known);
        let change = partial(r#","mail":null,"usageLocation":"","accountEnabled":false"#);
        assert!(!change.touches_licences());
        let changed = change.apply_to(Some(known.clone()));
        assert_eq!(changed.mail, None);
        assert_eq!(changed.location, None);
        assert!(!changed.flags.enabled);
        assert_eq!(changed.name, known.name);
        assert_eq!(changed.addresses, known.addresses);
    }

    #[test]
    fn a_licence_that_is_taken_leaves_with_its_source() {
        let with = format!(r#"{WHOLE},"assignedByGroup":1"#);
        let mut known = partial(&with).apply_to(None);
        known.licences = vec![Licence {
            sku: SKU.parse().unwrap(),
            group: Some(GROUP.parse().unwrap()),
            disabled: vec![],
            error: None,
        }];
        let kept = partial(&format!(
            r#","assignedLicenses":[{{"skuId":"{SKU}","disabledPlans":[]}}]"#
        ));
        assert!(kept.touches_licences());
        assert_eq!(kept.apply_to(Some(known.clone())).licences, known.licences);
        let gone = partial(r#","assignedLicenses":[]"#);
        assert_eq!(gone.apply_to(Some(known)).licences, []);
    }

    #[test]
    fn removed_and_nameless_records() {
        for mark in [r#"{"reason":"changed"}"#, r#"{"reason":"deleted"}"#, "true"] {
            let fields = format!(r#","@removed":{mark}"#);
            assert!(matches!(record(&fields), Record::Removed(id) if id.to_string() == ID));
        }
        let page = read_page::<UserRow<'_>>(r#"{"value":[{"displayName":"x"}]}"#).unwrap();
        for row in page.items {
            assert!(matches!(row.read(), Record::Nameless));
        }
    }

    #[test]
    fn a_key_that_comes_twice_is_believed_neither_time() {
        let user = partial(r#","mail":"a@x","mail":"b@x""#);
        assert_eq!(user.mail, Told::Absent);
        assert_eq!(user.flaw.as_deref(), Some("mail cannot be read"));
    }
}
