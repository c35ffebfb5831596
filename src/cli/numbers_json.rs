//! What `numbers --json` and `licences --json` print: fields are an interface.

use serde::Serialize;

use crate::domain::directory::{Activation, AssignmentStatus, NumberSource};
use crate::domain::plan_ids::PlanClass;
use crate::roster::inventory::{Blocked, NumberRow};
use crate::roster::products::Product;
use crate::roster::wishes::Wishes;

/// A number of the tenant.
#[derive(Debug, Serialize)]
pub(super) struct NumberJson {
    number: String,
    #[serde(rename = "type")]
    kind: &'static str,
    source: &'static str,
    /// `free`, `assigned` or `phantom`.
    status: &'static str,
    #[serde(rename = "use")]
    used_for: Option<&'static str>,
    activation: Option<&'static str>,
    country: Option<String>,
    /// Display name of the holder.
    holder: Option<String>,
    holder_upn: Option<String>,
    holder_id: Option<String>,
    /// Whether the holder is a configured user; `null` where nobody holds it.
    configured: Option<bool>,
    blocked: Option<&'static str>,
    duplicate: bool,
    /// Users who get it by changes that are queued or under way.
    wanted_by: Vec<String>,
    /// Whether a queued change takes it from its holder.
    release_queued: bool,
}

impl NumberJson {
    pub(super) fn new(row: &NumberRow, wishes: &Wishes<'_>) -> Self {
        let holder = row.holder();
        Self {
            number: row.record.number.to_string(),
            kind: row.record.kind.as_str(),
            source: match row.record.source {
                NumberSource::Online => "online",
                NumberSource::OnPremises => "onPremises",
                NumberSource::Unknown => "unknown",
            },
            status: row.standing().word(),
            used_for: match row.record.status {
                AssignmentStatus::Unassigned => None,
                AssignmentStatus::User => Some("user"),
                AssignmentStatus::Conference => Some("conference"),
                AssignmentStatus::VoiceApplication => Some("voice_application"),
                AssignmentStatus::Other => Some("other"),
            },
            activation: match row.record.activation {
                Activation::Activated => Some("activated"),
                Activation::Pending => Some("pending"),
                Activation::Failed => Some("failed"),
                Activation::Unknown => None,
            },
            country: row.country.map(|country| country.to_string()),
            holder: holder.map(|owner| owner.name().to_owned()),
            holder_upn: holder.map(|owner| owner.upn().to_owned()),
            holder_id: row.record.target.map(|id| id.to_string()),
            configured: holder.map(|_| wishes.user(row).is_some()),
            blocked: row.blocked().map(Blocked::code),
            duplicate: row.twice || !wishes.rivals(row).is_empty(),
            wanted_by: wishes
                .wanted(row)
                .iter()
                .map(|entry| entry.name.clone())
                .collect(),
            release_queued: wishes.given_up(row).is_some(),
        }
    }
}

/// A product of the tenant.
#[derive(Debug, Serialize)]
pub(super) struct LicenceJson {
    sku: String,
    id: String,
    name: String,
    status: &'static str,
    bought: i64,
    used: i64,
    free: i64,
    suspended: i64,
    /// Users of the last read who have it.
    users: usize,
    brings: Vec<&'static str>,
    plans: Vec<String>,
}

impl LicenceJson {
    pub(super) fn new(product: &Product, users: usize) -> Self {
        let sku = &product.sku;
        Self {
            sku: sku.part_number.clone(),
            id: sku.id.to_string(),
            name: product.name.clone(),
            status: sku.status.as_str(),
            bought: product.bought(),
            used: sku.consumed,
            free: sku.free(),
            suspended: sku.suspended,
            users,
            brings: product.brings.iter().map(|class| code(*class)).collect(),
            plans: sku.plans.iter().map(|plan| plan.name.clone()).collect(),
        }
    }
}

fn code(class: PlanClass) -> &'static str {
    match class {
        PlanClass::Phone => "phone_system",
        PlanClass::Resource => "virtual_user",
        PlanClass::Calling => "calling_plan",
        PlanClass::Credits => "communications_credits",
        PlanClass::Teams => "teams",
        PlanClass::Mobile => "phone_mobile",
    }
}
