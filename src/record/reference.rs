//! Tenant, products and group filter as JSON, and the small codes of Teams' words: rows of the cache.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::directory::{
    AccountType, Activation, AssignmentStatus, Features, Group, GroupFilter, NumberSource,
    NumberType, PlanStatus, Sku, SkuPlan, Tenant,
};
use crate::domain::guid::{GroupId, Guid, ObjectId, PlanId, SkuId, TenantId};

use super::Unreadable;

#[derive(Serialize, Deserialize)]
struct TenantForm {
    id: String,
    name: String,
    domains: Vec<String>,
    dir_sync: Option<bool>,
    last_dir_sync: Option<Timestamp>,
}

/// Writes a tenant.
pub fn write_tenant(tenant: &Tenant) -> String {
    json(&TenantForm {
        id: tenant.id.to_string(),
        name: tenant.name.clone(),
        domains: tenant.domains.clone(),
        dir_sync: tenant.dir_sync,
        last_dir_sync: tenant.last_dir_sync,
    })
}

/// Reads a tenant.
pub fn read_tenant(text: &str) -> Result<Tenant, Unreadable> {
    const BAD: Unreadable = Unreadable::of("the tenant");
    let form: TenantForm = parse(text, BAD)?;
    Ok(Tenant {
        id: TenantId(guid(&form.id, BAD)?),
        name: form.name,
        domains: form.domains,
        dir_sync: form.dir_sync,
        last_dir_sync: form.last_dir_sync,
    })
}

#[derive(Serialize, Deserialize)]
struct SkuForm {
    id: String,
    part_number: String,
    status: String,
    enabled: i64,
    warning: i64,
    suspended: i64,
    consumed: i64,
    plans: Vec<SkuPlanForm>,
}

#[derive(Serialize, Deserialize)]
struct SkuPlanForm {
    id: String,
    name: String,
    for_users: bool,
}

/// Writes a product.
pub fn write_sku(sku: &Sku) -> String {
    json(&SkuForm {
        id: sku.id.to_string(),
        part_number: sku.part_number.clone(),
        status: sku.status.as_str().to_owned(),
        enabled: sku.enabled,
        warning: sku.warning,
        suspended: sku.suspended,
        consumed: sku.consumed,
        plans: sku
            .plans
            .iter()
            .map(|plan| SkuPlanForm {
                id: plan.id.to_string(),
                name: plan.name.clone(),
                for_users: plan.for_users,
            })
            .collect(),
    })
}

/// Reads a product.
pub fn read_sku(text: &str) -> Result<Sku, Unreadable> {
    const BAD: Unreadable = Unreadable::of("a product");
    let form: SkuForm = parse(text, BAD)?;
    Ok(Sku {
        id: SkuId(guid(&form.id, BAD)?),
        part_number: form.part_number,
        status: PlanStatus::from_graph(&form.status),
        enabled: form.enabled,
        warning: form.warning,
        suspended: form.suspended,
        consumed: form.consumed,
        plans: form
            .plans
            .into_iter()
            .map(|plan| {
                Ok(SkuPlan {
                    id: PlanId(guid(&plan.id, BAD)?),
                    name: plan.name,
                    for_users: plan.for_users,
                })
            })
            .collect::<Result<_, _>>()?,
    })
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "filter", rename_all = "snake_case")]
enum GroupFilterForm {
    Off,
    Members {
        id: String,
        name: String,
    },
    Hidden {
        id: String,
        name: String,
    },
    Missing {
        name: String,
    },
    Ambiguous {
        name: String,
        groups: Vec<(String, String)>,
    },
    Unreadable {
        name: String,
        why: String,
    },
}

/// Writes a group filter, its members apart: sixteen bytes each.
pub fn write_group(filter: &GroupFilter) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    let form = match filter {
        GroupFilter::Off => GroupFilterForm::Off,
        GroupFilter::Members { group, members } => {
            bytes.extend(members.iter().flat_map(|id| id.0.bytes()));
            GroupFilterForm::Members {
                id: group.id.to_string(),
                name: group.name.clone(),
            }
        }
        GroupFilter::Hidden { group } => GroupFilterForm::Hidden {
            id: group.id.to_string(),
            name: group.name.clone(),
        },
        GroupFilter::Missing { name } => GroupFilterForm::Missing { name: name.clone() },
        GroupFilter::Ambiguous { name, groups } => GroupFilterForm::Ambiguous {
            name: name.clone(),
            groups: groups
                .iter()
                .map(|group| (group.id.to_string(), group.name.clone()))
                .collect(),
        },
        GroupFilter::Unreadable { name, why } => GroupFilterForm::Unreadable {
            name: name.clone(),
            why: why.clone(),
        },
    };
    (json(&form), bytes)
}

/// Reads a group filter.
pub fn read_group(text: &str, members: &[u8]) -> Result<GroupFilter, Unreadable> {
    const BAD: Unreadable = Unreadable::of("the group filter");
    let group = |id: &str, name: String| {
        guid(id, BAD).map(|id| Group {
            id: GroupId(id),
            name,
        })
    };
    Ok(match parse(text, BAD)? {
        GroupFilterForm::Off => GroupFilter::Off,
        GroupFilterForm::Members { id, name } => {
            let (ids, rest) = members.as_chunks::<16>();
            if !rest.is_empty() {
                return Err(BAD);
            }
            GroupFilter::Members {
                group: group(&id, name)?,
                members: ids
                    .iter()
                    .map(|id| ObjectId(Guid::from_bytes(*id)))
                    .collect(),
            }
        }
        GroupFilterForm::Hidden { id, name } => GroupFilter::Hidden {
            group: group(&id, name)?,
        },
        GroupFilterForm::Missing { name } => GroupFilter::Missing { name },
        GroupFilterForm::Ambiguous { name, groups } => GroupFilter::Ambiguous {
            name,
            groups: groups
                .into_iter()
                .map(|(id, name)| group(&id, name))
                .collect::<Result<_, _>>()?,
        },
        GroupFilterForm::Unreadable { name, why } => GroupFilter::Unreadable { name, why },
    })
}

/// Writes groups by name.
pub fn write_groups(groups: &[Group]) -> String {
    let pairs: Vec<(String, &str)> = groups
        .iter()
        .map(|group| (group.id.to_string(), group.name.as_str()))
        .collect();
    json(&pairs)
}

/// Reads groups by name.
pub fn read_groups(text: &str) -> Result<Vec<Group>, Unreadable> {
    const BAD: Unreadable = Unreadable::of("the names of groups");
    let pairs: Vec<(String, String)> = parse(text, BAD)?;
    pairs
        .into_iter()
        .map(|(id, name)| {
            guid(&id, BAD).map(|id| Group {
                id: GroupId(id),
                name,
            })
        })
        .collect()
}

/// Writes a list of texts.
pub fn write_texts(texts: &[String]) -> String {
    json(&texts)
}

/// Reads a list of texts.
pub fn read_texts(text: &str) -> Result<Vec<String>, Unreadable> {
    parse(text, Unreadable::of("a list of texts"))
}

fn json(form: &impl Serialize) -> String {
    serde_json::to_string(form)
        .expect("the forms have only texts, numbers and lists, which are always JSON")
}

fn parse<'a, T: Deserialize<'a>>(text: &'a str, bad: Unreadable) -> Result<T, Unreadable> {
    serde_json::from_str(text).map_err(|_| bad)
}

fn guid(text: &str, bad: Unreadable) -> Result<Guid, Unreadable> {
    text.parse().map_err(|_| bad)
}

/// A word of Graph as a small number. A number that is not in the table is read as the first value, "anything else".
pub trait Code: Copy + PartialEq + Sized + 'static {
    /// All values; a code is a place in the list, which only grows at its end. The first stands for anything unknown.
    const ALL: &'static [Self];

    /// The code.
    fn code(self) -> u8 {
        let place = Self::ALL.iter().position(|value| *value == self);
        place
            .and_then(|place| u8::try_from(place).ok())
            .unwrap_or(0)
    }

    /// The value of a code.
    fn from_code(code: u8) -> Self {
        Self::ALL[usize::from(code).min(Self::ALL.len()) % Self::ALL.len()]
    }
}

impl Code for AccountType {
    const ALL: &'static [Self] = &[
        Self::Unknown,
        Self::User,
        Self::Resource,
        Self::Guest,
        Self::OnPremises,
        Self::Ineligible,
    ];
}

impl Code for NumberType {
    const ALL: &'static [Self] = &[
        Self::Unknown,
        Self::DirectRouting,
        Self::CallingPlan,
        Self::OperatorConnect,
    ];
}

impl Code for NumberSource {
    const ALL: &'static [Self] = &[Self::Unknown, Self::Online, Self::OnPremises];
}

impl Code for AssignmentStatus {
    const ALL: &'static [Self] = &[
        Self::Other,
        Self::Unassigned,
        Self::User,
        Self::Conference,
        Self::VoiceApplication,
    ];
}

impl Code for Activation {
    const ALL: &'static [Self] = &[Self::Unknown, Self::Activated, Self::Pending, Self::Failed];
}

/// Features as bits.
pub fn feature_bits(features: Features) -> u8 {
    let Features {
        teams,
        phone_system,
        calling_plan,
        credits,
    } = features;
    u8::from(teams)
        | u8::from(phone_system) << 1
        | u8::from(calling_plan) << 2
        | u8::from(credits) << 3
}

/// Features of bits.
pub fn features(bits: u8) -> Features {
    Features {
        teams: bits & 1 != 0,
        phone_system: bits & 2 != 0,
        calling_plan: bits & 4 != 0,
        credits: bits & 8 != 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> Guid {
        Guid::from_bytes([n; 16])
    }

    #[test]
    fn tenants_and_products() {
        let tenant = Tenant {
            id: TenantId(id(1)),
            name: "Contoso \"Ltd\"".into(),
            domains: vec!["contoso.example".into()],
            dir_sync: Some(false),
            last_dir_sync: Some("2026-11-04T14:02:00Z".parse().unwrap()),
        };
        assert_eq!(read_tenant(&write_tenant(&tenant)), Ok(tenant));
        let sku = Sku {
            id: SkuId(id(2)),
            part_number: "MCOEV".into(),
            status: PlanStatus::LockedOut,
            enabled: 25,
            warning: 1,
            suspended: 2,
            consumed: 30,
            plans: vec![SkuPlan {
                id: PlanId(id(3)),
                name: "MCOEV".into(),
                for_users: true,
            }],
        };
        assert_eq!(read_sku(&write_sku(&sku)), Ok(sku));
    }

    #[test]
    fn group_filters() {
        let group = Group {
            id: GroupId(id(1)),
            name: "Voice users".into(),
        };
        let filters = [
            GroupFilter::Off,
            GroupFilter::Members {
                group: group.clone(),
                members: vec![ObjectId(id(2)), ObjectId(id(3))],
            },
            GroupFilter::Missing {
                name: "bad-group-name".into(),
            },
            GroupFilter::Hidden {
                group: group.clone(),
            },
            GroupFilter::Ambiguous {
                name: "Voice".into(),
                groups: vec![group.clone(), group],
            },
            GroupFilter::Unreadable {
                name: "Voice".into(),
                why: "403".into(),
            },
        ];
        for filter in filters {
            let (text, members) = write_group(&filter);
            assert_eq!(read_group(&text, &members), Ok(filter));
        }
        let (text, mut members) = write_group(&GroupFilter::Members {
            group: Group {
                id: GroupId(id(1)),
                name: String::new(),
            },
            members: vec![ObjectId(id(2))],
        });
        members.pop();
        assert!(read_group(&text, &members).is_err());
    }

    #[test]
    fn codes_of_words() {
        fn all<C: Code + std::fmt::Debug>() {
            for value in C::ALL {
                assert_eq!(C::from_code(value.code()), *value);
            }
            assert_eq!(C::from_code(200), C::ALL[0]);
        }
        all::<AccountType>();
        all::<NumberType>();
        all::<NumberSource>();
        all::<AssignmentStatus>();
        all::<Activation>();
        for bits in 0..16 {
            assert_eq!(feature_bits(features(bits)), bits);
        }
    }
}
