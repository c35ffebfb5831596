//! Values that the tests of the store share.

use std::sync::Arc;

use jiff::Timestamp;

use super::cache::{Reference, SnapshotHead, StoredUser};
use super::{Stamp, Store};
use crate::domain::country::Country;
use crate::domain::directory::{
    AccountType, Activation, AssignedPlan, AssignmentStatus, DirectoryUser, Features, GroupFilter,
    Licence, NumberSource, NumberType, PlanStatus, Sku, TeamsUser, Tenant, TenantNumber, UserFlags,
};
use crate::domain::guid::{Guid, ObjectId, PlanId, SkuId, TenantId};
use crate::domain::lists::{TeamsUsers, TenantNumbers};
use crate::domain::phone::{NumberKind, PhoneNumber};
use crate::domain::run::{Counters, RunId};
use crate::domain::user::{Association, NewUser, Value};

pub(super) const OURS: TenantId = TenantId(Guid::from_bytes([0x11; 16]));
pub(super) const OTHER: TenantId = TenantId(Guid::from_bytes([0x22; 16]));

pub(super) fn at(second: u32) -> Timestamp {
    Timestamp::from_second(1_793_800_000 + i64::from(second)).unwrap()
}

pub(super) fn stamp(second: u32) -> Stamp {
    Stamp {
        at: at(second),
        author: "j.smith".into(),
        run: None,
    }
}

pub(super) fn object(n: u32) -> ObjectId {
    let mut bytes = [0; 16];
    // Scattered, as the tenant's ids are.
    bytes[..4].copy_from_slice(&n.wrapping_mul(2_654_435_761).to_be_bytes());
    bytes[12..].copy_from_slice(&n.to_be_bytes());
    ObjectId(Guid::from_bytes(bytes))
}

pub(super) fn number(text: &str) -> PhoneNumber {
    PhoneNumber::from_tenant(text).unwrap()
}

pub(super) fn country(text: &str) -> Country {
    Country::from_tenant(text).unwrap()
}

/// A number as a value; an empty text is a blank.
pub(super) fn num(text: &str) -> Value {
    Value::Number(PhoneNumber::from_tenant(text))
}

pub(super) fn place(text: &str) -> Value {
    Value::Country(Country::from_tenant(text))
}

pub(super) fn new_user(n: u32) -> NewUser {
    NewUser {
        name: format!("User {n}"),
        mail: format!("user{n}@contoso.example"),
        number: Some(number(&format!("+1425555{n:04}"))),
        kind: NumberKind::Ddi,
        country: Some(country("US")),
        association: Association::Matched(object(n)),
        wanted_number: None,
        wanted_country: None,
        sip_username: None,
        external_id: None,
    }
}

/// A store with a pinned tenant and users 1 to `count`.
pub(super) fn store_with(count: u32) -> (tempfile::TempDir, Store) {
    let root = tempfile::tempdir().unwrap();
    let store = Store::open(root.path()).unwrap();
    store
        .ledger
        .pin(OURS, "Contoso".into(), stamp(0))
        .wait()
        .unwrap();
    let users = (1..=count).map(new_user).collect();
    store
        .ledger
        .add_users(users, OURS, stamp(1))
        .wait()
        .unwrap();
    (root, store)
}

pub(super) fn directory_user(n: u32, name: &str) -> StoredUser {
    let plan = |n: u8| PlanId(Guid::from_bytes([n; 16]));
    StoredUser {
        user: DirectoryUser {
            id: object(n),
            name: name.to_owned(),
            upn: format!("user{n}@contoso.example"),
            mail: (n.is_multiple_of(2)).then(|| format!("user{n}@contoso.example")),
            addresses: if n.is_multiple_of(3) {
                vec![
                    format!("alias{n}@contoso.example"),
                    format!("a{n}@x.example"),
                ]
            } else {
                vec![]
            },
            location: Some(country("GB")),
            flags: UserFlags {
                enabled: true,
                synced: n % 2 == 1,
                ..UserFlags::default()
            },
            licences: vec![Licence {
                sku: SkuId(Guid::from_bytes([9; 16])),
                group: None,
                disabled: vec![plan(1), plan(2)],
                error: None,
            }],
            plans: vec![AssignedPlan {
                plan: plan(3),
                status: PlanStatus::Enabled,
                since: Some(at(n)),
            }],
            flaw: (n.is_multiple_of(5)).then(|| "no name".to_owned()),
        },
        class: (n % 7) as u8,
        marks: n,
        number: (n.is_multiple_of(2)).then(|| number(&format!("+4412351{n:05}"))),
    }
}

pub(super) fn teams_user(n: u32) -> TeamsUser {
    TeamsUser {
        id: object(n),
        tenant: Some(OURS),
        account: AccountType::User,
        enterprise_voice: Some(true),
        features: Features {
            teams: true,
            phone_system: true,
            ..Features::default()
        },
        number: Some(format!("tel:+4412351{n:05}")),
        voice_routing: None,
        dial_plan: Some("Global".into()),
    }
}

pub(super) fn tenant_number(n: u32, target: Option<ObjectId>) -> TenantNumber {
    TenantNumber {
        number: number(&format!("+4412351{n:05}")),
        kind: NumberType::DirectRouting,
        source: NumberSource::Online,
        status: if target.is_some() {
            AssignmentStatus::User
        } else {
            AssignmentStatus::Unassigned
        },
        target,
        primary: true,
        activation: Activation::Activated,
    }
}

pub(super) fn teams_list(of: impl IntoIterator<Item = u32>) -> Arc<TeamsUsers> {
    Arc::new(of.into_iter().map(teams_user).collect())
}

pub(super) fn numbers_list(of: impl IntoIterator<Item = TenantNumber>) -> Arc<TenantNumbers> {
    Arc::new(of.into_iter().collect())
}

pub(super) fn reference() -> Reference {
    Reference {
        tenant: Tenant {
            id: OURS,
            name: "Contoso".into(),
            domains: vec!["contoso.example".into()],
            dir_sync: None,
            last_dir_sync: None,
        },
        skus: vec![Sku {
            id: SkuId(Guid::from_bytes([9; 16])),
            part_number: "MCOEV".into(),
            status: PlanStatus::Enabled,
            enabled: 25,
            warning: 0,
            suspended: 0,
            consumed: 4,
            plans: vec![],
        }],
        group: GroupFilter::Missing {
            name: "bad-group-name".into(),
        },
        teams: Some(teams_list([2, 4])),
        numbers: Some(numbers_list([
            tenant_number(4, Some(object(4))),
            tenant_number(2, Some(object(2))),
            tenant_number(90, None),
        ])),
        gaps: vec!["numbers of conference bridges".into()],
    }
}

pub(super) fn head(run: i64) -> SnapshotHead {
    SnapshotHead {
        run: RunId(run),
        read_at: at(u32::try_from(run).unwrap()),
        tenant: OURS,
        tenant_name: "Contoso".into(),
        delta_link: Some(format!("https://graph.example/delta?{run}")),
        counters: Counters {
            total: 399,
            licensed: 127,
            phone_system: 108,
            excluded_by_calling_plan: 104,
            resource: 1,
        },
        enabled: 400,
        table_version: 1,
        users: 3,
        full: true,
    }
}
