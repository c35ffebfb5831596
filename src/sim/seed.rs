//! The written form of a small tenant: the files under `assets/demo`, and the same rows made in code.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::chance;
use super::groups::Group;
use super::inventory::NumberRow;
use super::person::{self, Grant, Person, PlanRow, Plans, Status, Synced};
use super::tenant::Tenant;

/// A file of `assets/demo`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct TenantSeed {
    pub people: Vec<PersonSeed>,
    pub numbers: Vec<NumberSeed>,
    pub groups: Vec<GroupSeed>,
    /// Minutes since the last directory synchronisation, where there is one.
    pub synced_minutes_ago: Option<i64>,
    /// Who signs in.
    pub signed_in: String,
}

/// One account.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "a row of a file says yes or no to each of these"
)]
pub(super) struct PersonSeed {
    pub name: String,
    pub given: Option<String>,
    pub family: Option<String>,
    /// The part before the `@`, or the whole.
    pub upn: String,
    /// Where it differs from the sign-in name.
    pub mail: Option<String>,
    pub no_mail: bool,
    /// Further addresses, each with its `smtp:`.
    pub proxies: Vec<String>,
    /// The usage location.
    pub at: Option<String>,
    pub skus: Vec<SkuSeed>,
    /// Products that were held once: their plans are still there, as `Deleted`.
    pub former: Vec<SkuSeed>,
    /// Plans that are there, and dead.
    pub stale: Vec<String>,
    /// Plans that are there, and not usable for want of payment.
    pub suspended: Vec<String>,
    pub off: bool,
    pub guest: bool,
    pub synced: bool,
    pub resource: bool,
    /// Enterprise voice was switched off by hand.
    pub voice_off: bool,
    /// No voice routing policy is granted.
    pub no_route: bool,
    pub dept: Option<String>,
    pub title: Option<String>,
    pub phone: Option<String>,
}

/// One licence.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum SkuSeed {
    /// Direct, with all its plans.
    Direct(String),
    /// By a group, or with plans switched off.
    Full {
        sku: String,
        #[serde(default)]
        group: Option<String>,
        #[serde(default)]
        off: Vec<String>,
    },
}

/// One number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NumberSeed {
    pub number: String,
    /// How many in a row.
    #[serde(default = "one")]
    pub count: u64,
    #[serde(default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub source: Option<String>,
    /// The sign-in name of the holder, or an id that nobody has.
    #[serde(default)]
    pub holder: Option<String>,
    #[serde(default)]
    pub status: Option<String>,
}

/// One group.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GroupSeed {
    pub name: String,
    pub members: Vec<String>,
    /// Everyone but these is a member.
    pub except: Option<Vec<String>>,
    /// Groups inside, by name; they stand before this one.
    pub nested: Vec<String>,
    pub hidden: bool,
    pub about: String,
}

fn one() -> u64 {
    1
}

impl TenantSeed {
    /// Reads a file that is built in.
    pub(super) fn read(text: &str) -> Self {
        serde_json::from_str(text).expect("the files that are built in are read by a test")
    }

    /// Fills a tenant.
    pub(super) fn plant(self, tenant: &mut Tenant) {
        if let Some(minutes) = self.synced_minutes_ago {
            tenant.sync_enabled = Some(true);
            tenant.last_sync = Some(tenant.born - SignedDuration::from_mins(minutes));
        }
        for seed in self.people {
            let person = seed.grow(tenant);
            tenant.add(person);
        }
        for seed in self.groups {
            seed.grow(tenant);
        }
        for seed in self.numbers {
            seed.grow(tenant);
        }
        let signed_in = tenant
            .find(&address(&self.signed_in, tenant))
            .map(|person| person.id.clone());
        let first = tenant
            .people
            .values()
            .find(|person| person.enabled && !person.guest)
            .map(|person| person.id.clone());
        tenant.signed_in = signed_in.or(first).unwrap_or_default();
        tenant.open_seats();
    }
}

impl PersonSeed {
    /// An enabled account with some licences.
    pub(super) fn plain(given: &str, family: &str, skus: &[&str]) -> Self {
        Self {
            name: format!("{given} {family}"),
            upn: format!("{}.{}", given.to_lowercase(), family.to_lowercase()),
            at: Some("GB".to_owned()),
            skus: skus
                .iter()
                .map(|sku| SkuSeed::Direct((*sku).to_owned()))
                .collect(),
            ..Self::default()
        }
    }

    fn grow(self, tenant: &Tenant) -> Person {
        let age =
            SignedDuration::from_hours(24 * (120 + i64::try_from(tenant.next % 200).unwrap_or(0)));
        let at = tenant.born - age;
        let upn = address(&self.upn, tenant);
        let mail = (!self.no_mail).then(|| self.mail.clone().unwrap_or_else(|| upn.clone()));
        let mut proxies: Vec<String> = mail
            .iter()
            .filter(|_| !self.guest)
            .map(|mail| format!("SMTP:{mail}"))
            .collect();
        proxies.extend(self.proxies.iter().cloned());
        let grants: Vec<Grant> = self.skus.iter().map(|sku| sku.grow(tenant, at)).collect();
        let plans = self.plans(&grants, tenant, at);
        let synced = self.synced.then(|| Synced {
            enabled: true,
            last: tenant.last_sync.unwrap_or(at),
            anchor: format!("{}==", &chance::guid_from(&upn).replace('-', "")[..22]),
            account: upn.split('@').next().unwrap_or_default().to_owned(),
        });
        let (given, family) = self.halves();
        Person {
            id: chance::guid_from(&format!("{} {upn}", tenant.id)),
            name: Some(self.name).filter(|name| !name.is_empty()),
            given,
            family,
            sip: if grants.is_empty() || self.resource {
                Vec::new()
            } else {
                vec![upn.clone()]
            },
            upn,
            mail,
            proxies,
            enabled: !self.off,
            guest: self.guest,
            department: self.dept,
            title: self.title,
            phones: self.phone.into_iter().collect(),
            language: Some("en-GB".to_owned()),
            country: self.at.clone(),
            location: self.at,
            grants,
            plans: Plans::Own(plans),
            synced,
            voice: self.voice_off.then_some(false),
            unrouted: self.no_route,
            created: at - SignedDuration::from_hours(24 * 300),
            account_type: self.resource.then(|| "resourceAccount".to_owned()),
            ..Person::default()
        }
    }

    fn halves(&self) -> (Option<String>, Option<String>) {
        if self.given.is_some() || self.family.is_some() || self.resource {
            return (self.given.clone(), self.family.clone());
        }
        match self.name.split_once(' ') {
            Some((given, family)) => (Some(given.to_owned()), Some(family.to_owned())),
            None => (None, None),
        }
    }

    fn plans(&self, grants: &[Grant], tenant: &Tenant, at: Timestamp) -> Vec<PlanRow> {
        let then = at - SignedDuration::from_hours(24 * 90);
        let former: Vec<Grant> = self
            .former
            .iter()
            .map(|sku| sku.grow(tenant, then))
            .collect();
        let before = person::settled(Vec::new(), &former, &tenant.catalogue, then);
        let mut rows = person::settled(before, grants, &tenant.catalogue, at);
        for name in &self.suspended {
            let plan = tenant
                .catalogue
                .plan_named(name)
                .map_or("", |plan| plan.guid);
            for row in rows.iter_mut().filter(|row| row.plan == plan) {
                row.status = Status::Suspended;
            }
        }
        let stale = self
            .stale
            .iter()
            .filter_map(|name| tenant.catalogue.plan_named(name));
        rows.extend(stale.map(|plan| PlanRow {
            plan: plan.guid.to_owned(),
            status: Status::Deleted,
            at,
        }));
        rows
    }
}

impl SkuSeed {
    fn grow(&self, tenant: &Tenant, at: Timestamp) -> Grant {
        let (name, group, off) = match self {
            Self::Direct(name) => (name, None, &[][..]),
            Self::Full { sku, group, off } => (sku, group.as_deref(), off.as_slice()),
        };
        let sku = tenant
            .catalogue
            .sku_named(name)
            .expect("the products of the built-in files are checked by a test");
        Grant {
            sku: sku.guid.to_owned(),
            disabled: off
                .iter()
                .filter_map(|plan| tenant.catalogue.plan_named(plan))
                .map(|plan| plan.guid.to_owned())
                .collect(),
            group: group.map(|group| group_id(tenant, group)),
            at,
        }
    }
}

impl NumberSeed {
    fn grow(self, tenant: &mut Tenant) {
        let first: u64 = self.number.trim_start_matches('+').parse().unwrap_or(0);
        for step in 0..self.count {
            let number = if self.count == 1 {
                self.number.clone()
            } else {
                format!("+{}", first + step)
            };
            let mut row = NumberRow::free(&number);
            if let Some(kind) = &self.kind {
                row.kind.clone_from(kind);
            }
            if let Some(source) = &self.source {
                row.source.clone_from(source);
            }
            if row.kind != "directRouting" {
                row.country = Some(if number.starts_with("+1") { "US" } else { "GB" }.to_owned());
                row.city = Some(
                    if number.starts_with("+1") {
                        "Redmond"
                    } else {
                        "London"
                    }
                    .to_owned(),
                );
            }
            if let Some(holder) = &self.holder {
                let address = address(holder, tenant);
                let id = tenant
                    .find(&address)
                    .map_or_else(|| holder.clone(), |person| person.id.clone());
                row.hold(&id, self.status.as_deref().unwrap_or("userAssigned"));
            }
            tenant.numbers.insert(number, row);
        }
    }
}

impl GroupSeed {
    fn grow(self, tenant: &mut Tenant) {
        let nested: Vec<Group> = self
            .nested
            .iter()
            .filter_map(|name| tenant.groups.iter().find(|group| &group.name == name))
            .cloned()
            .collect();
        let ids = |names: &[String]| -> Vec<String> {
            names
                .iter()
                .filter_map(|name| tenant.find(&address(name, tenant)))
                .map(|person| person.id.clone())
                .collect()
        };
        let members = match &self.except {
            None => ids(&self.members),
            Some(except) => {
                let except = ids(except);
                let inside = |id: &String| nested.iter().any(|group| group.members.contains(id));
                tenant
                    .people
                    .values()
                    .map(|person| person.id.clone())
                    .filter(|id| !except.contains(id) && !inside(id))
                    .collect()
            }
        };
        let key = if self.about.is_empty() {
            self.name.clone()
        } else {
            format!("{} {}", self.name, self.about)
        };
        let group = Group {
            id: group_id(tenant, &key),
            hidden: self.hidden,
            members,
            nested: nested.into_iter().map(|group| group.id).collect(),
            ..Group::named(&self.name)
        };
        tenant.groups.push(group);
    }
}

fn group_id(tenant: &Tenant, name: &str) -> String {
    chance::guid_from(&format!("{} group {name}", tenant.id))
}

/// The whole sign-in name.
fn address(upn: &str, tenant: &Tenant) -> String {
    if upn.contains('@') {
        upn.to_owned()
    } else {
        format!("{upn}@{}", tenant.domains[0])
    }
}
