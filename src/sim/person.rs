//! One account of the directory: what an administrator typed in, which licences it holds, and the plans that came of
//! them.
//!
//! Plans are not computed from licences on reading: what was once granted stays behind as `Deleted`, and may be
//! there twice, as in the field.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::catalogue::Catalogue;

/// `capabilityStatus` of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Status {
    Enabled,
    Warning,
    Suspended,
    LockedOut,
    Deleted,
}

impl Status {
    /// As it stands on the wire.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Warning => "Warning",
            Self::Suspended => "Suspended",
            Self::LockedOut => "LockedOut",
            Self::Deleted => "Deleted",
        }
    }

    /// Whether the plan works.
    pub(super) fn is_usable(self) -> bool {
        matches!(self, Self::Enabled | Self::Warning)
    }
}

/// One entry of `assignedPlans`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct PlanRow {
    /// The plan's id.
    pub plan: String,
    /// Whether it works.
    pub status: Status,
    /// Since when it is in this state.
    pub at: Timestamp,
}

/// Where a person's plans are kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Plans {
    /// In the person.
    Own(Vec<PlanRow>),
    /// In a pattern of the crowd that many share.
    Pattern(u16),
}

/// One licence, direct or by a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Grant {
    /// The product's id.
    pub sku: String,
    /// Plans that are switched off in this grant.
    pub disabled: Vec<String>,
    /// The group that grants it; none for a direct one.
    pub group: Option<String>,
    /// When it was last touched.
    pub at: Timestamp,
}

/// What the directory synchronisation says of a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Synced {
    /// `true` while mastered on-premises, `false` if formerly so.
    pub enabled: bool,
    /// When it was last written by the synchronisation.
    pub last: Timestamp,
    /// `onPremisesImmutableId`.
    pub anchor: String,
    /// `onPremisesSamAccountName`.
    pub account: String,
}

/// What Teams shows of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct TeamsView {
    /// Whether the person may make calls.
    pub voice: bool,
    /// Numbers with their category.
    pub numbers: Vec<(String, String)>,
    /// `featureTypes`.
    pub features: Vec<String>,
}

/// One account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts of an account, each with a name of its own"
)]
pub(super) struct Person {
    pub id: String,
    pub name: Option<String>,
    pub given: Option<String>,
    pub family: Option<String>,
    pub upn: String,
    pub mail: Option<String>,
    pub proxies: Vec<String>,
    pub sip: Vec<String>,
    pub other_mails: Vec<String>,
    pub enabled: bool,
    pub guest: bool,
    pub department: Option<String>,
    pub title: Option<String>,
    pub office: Option<String>,
    pub phones: Vec<String>,
    pub mobile: Option<String>,
    pub language: Option<String>,
    pub country: Option<String>,
    pub location: Option<String>,
    pub grants: Vec<Grant>,
    pub plans: Plans,
    pub synced: Option<Synced>,
    pub created: Timestamp,
    /// The change at which anything was last altered; 0 for the first state.
    pub changed: u64,
    /// For each property that was altered, the change that did it.
    pub touched: BTreeMap<String, u64>,
    /// Set when the account lies in the bin.
    pub deleted: bool,
    /// `accountType` of Teams where it does not follow from the rest.
    pub account_type: Option<String>,
    /// Enterprise voice where it does not follow from the number.
    pub voice: Option<bool>,
    /// No voice routing policy is granted: calls out find no route.
    #[serde(default)]
    pub unrouted: bool,
    /// What Teams went on showing after the last change, and until when the change was made.
    pub teams_before: Option<TeamsView>,
    /// When something that Teams shows was last altered.
    pub teams_changed: Option<Timestamp>,
    /// Properties that go out as they stand here, whatever the rest says.
    pub odd: BTreeMap<String, serde_json::Value>,
}

impl Default for Person {
    fn default() -> Self {
        Self {
            id: String::new(),
            name: None,
            given: None,
            family: None,
            upn: String::new(),
            mail: None,
            proxies: Vec::new(),
            sip: Vec::new(),
            other_mails: Vec::new(),
            enabled: true,
            guest: false,
            department: None,
            title: None,
            office: None,
            phones: Vec::new(),
            mobile: None,
            language: None,
            country: None,
            location: None,
            grants: Vec::new(),
            plans: Plans::Own(Vec::new()),
            synced: None,
            created: Timestamp::UNIX_EPOCH,
            changed: 0,
            touched: BTreeMap::new(),
            deleted: false,
            account_type: None,
            voice: None,
            unrouted: false,
            teams_before: None,
            teams_changed: None,
            odd: BTreeMap::new(),
        }
    }
}

impl Person {
    /// Who gives which licence with which plans off, as one text: `sku|group|off,off;...`, a direct one with an empty group.
    pub(super) fn grants_told(&self) -> String {
        let mut told: Vec<String> = self
            .grants
            .iter()
            .map(|grant| {
                let mut off = grant.disabled.clone();
                off.sort();
                let group = grant.group.as_deref().unwrap_or_default();
                format!("{}|{group}|{}", grant.sku, off.join(","))
            })
            .collect();
        told.sort();
        told.join(";")
    }

    /// The ids of all products held, each once, in order of first grant.
    pub(super) fn skus(&self) -> Vec<&str> {
        let mut skus: Vec<&str> = Vec::new();
        for grant in &self.grants {
            if !skus.contains(&grant.sku.as_str()) {
                skus.push(&grant.sku);
            }
        }
        skus
    }

    /// The plans that are off in a product as a whole: those that every grant of it switches off.
    pub(super) fn disabled_in(&self, sku: &str) -> Vec<&str> {
        let mut grants = self.grants.iter().filter(|grant| grant.sku == sku);
        let Some(first) = grants.next() else {
            return Vec::new();
        };
        let rest: Vec<&Grant> = grants.collect();
        first
            .disabled
            .iter()
            .map(String::as_str)
            .filter(|plan| {
                rest.iter()
                    .all(|grant| grant.disabled.iter().any(|off| off == plan))
            })
            .collect()
    }

    /// Whether the directory synchronisation is the master.
    pub(super) fn is_synced(&self) -> bool {
        self.synced.as_ref().is_some_and(|synced| synced.enabled)
    }
}

/// The plans that a set of grants switches on.
pub(super) fn granted(grants: &[Grant], catalogue: &Catalogue) -> BTreeSet<String> {
    let mut plans = BTreeSet::new();
    for grant in grants {
        let Some(sku) = catalogue.sku(&grant.sku) else {
            continue;
        };
        for plan in catalogue.plans(sku) {
            if !grant
                .disabled
                .iter()
                .any(|off| off.eq_ignore_ascii_case(plan.guid))
            {
                plans.insert(plan.guid.to_owned());
            }
        }
    }
    plans
}

/// The names of the plans that work.
pub(super) fn usable(rows: &[PlanRow], catalogue: &Catalogue) -> Vec<&'static str> {
    rows.iter()
        .filter(|row| row.status.is_usable())
        .filter_map(|row| catalogue.plan(&row.plan))
        .map(|plan| plan.name)
        .collect()
}

/// Plan entries after the grants have changed: what is no longer granted turns `Deleted` and stays, what is new is
/// added; a suspended plan stays suspended.
pub(super) fn settled(
    mut rows: Vec<PlanRow>,
    grants: &[Grant],
    catalogue: &Catalogue,
    now: Timestamp,
) -> Vec<PlanRow> {
    let granted = granted(grants, catalogue);
    for row in &mut rows {
        if row.status != Status::Deleted && !granted.contains(&row.plan) {
            row.status = Status::Deleted;
            row.at = now;
        }
    }
    for plan in granted {
        if !rows
            .iter()
            .any(|row| row.plan == plan && row.status != Status::Deleted)
        {
            rows.push(PlanRow {
                plan,
                status: Status::Enabled,
                at: now,
            });
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(sku: &str, disabled: &[&str], group: Option<&str>) -> Grant {
        let catalogue = Catalogue::read();
        Grant {
            sku: catalogue.sku_named(sku).unwrap().guid.to_owned(),
            disabled: disabled
                .iter()
                .map(|name| catalogue.plan_named(name).unwrap().guid.to_owned())
                .collect(),
            group: group.map(str::to_owned),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_plan_that_is_taken_away_stays_as_deleted() {
        let catalogue = Catalogue::read();
        let now = Timestamp::UNIX_EPOCH;
        let before = settled(
            Vec::new(),
            &[grant("MCOTEAMS_ESSENTIALS", &[], None)],
            &catalogue,
            now,
        );
        assert_eq!(before.len(), 2);
        let after = settled(
            before,
            &[grant("MCOTEAMS_ESSENTIALS", &["MCOPSTN1"], None)],
            &catalogue,
            now,
        );
        let states: Vec<(&str, Status)> = after
            .iter()
            .map(|row| (catalogue.plan(&row.plan).unwrap().name, row.status))
            .collect();
        assert!(states.contains(&("MCOEV", Status::Enabled)));
        assert!(states.contains(&("MCOPSTN1", Status::Deleted)));
        let again = settled(
            after,
            &[grant("MCOTEAMS_ESSENTIALS", &[], None)],
            &catalogue,
            now,
        );
        assert_eq!(again.len(), 3, "the old entry stays beside the new one");
    }

    #[test]
    fn a_plan_is_off_only_where_every_grant_switches_it_off() {
        let person = Person {
            grants: vec![
                grant("MCOTEAMS_ESSENTIALS", &["MCOPSTN1"], None),
                grant("MCOTEAMS_ESSENTIALS", &[], Some("g")),
            ],
            ..Person::default()
        };
        let sku = person.grants[0].sku.clone();
        assert_eq!(person.skus().len(), 1);
        assert!(person.disabled_in(&sku).is_empty());
        assert_eq!(granted(&person.grants, &Catalogue::read()).len(), 2);
    }
}
