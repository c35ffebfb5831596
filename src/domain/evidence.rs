//! What the gates of one user rest on, in words: which plan in which state, which SKU brings it, who gave that SKU.

use super::directory::{AssignedPlan, Group, GroupFilter, Licence, NumberType, PlanStatus, Sku};
use super::gate::{Facts, Gate, GateFinding, GateResult};
use super::guid::{GroupId, PlanId, SkuId};
use super::plan_ids::{self, PlanClass};
use super::text::Label;
use super::words;

/// What the tenant calls its products, and the groups that give them.
#[derive(Debug, Clone, Copy)]
pub struct Names<'a> {
    /// The tenant's products.
    pub skus: &'a [Sku],
    /// Groups that give licences.
    pub groups: &'a [Group],
}

impl<'a> Names<'a> {
    /// The product.
    pub fn sku(&self, id: SkuId) -> Option<&'a Sku> {
        self.skus.iter().find(|sku| sku.id == id)
    }

    /// `group "Calling plan licences"`, or its id where the name is not known.
    pub fn group(&self, id: GroupId) -> String {
        match self.groups.iter().find(|group| group.id == id) {
            Some(group) => format!("group \"{}\"", Label::new(&group.name)),
            None => format!("group {id}"),
        }
    }
}

/// Evidence that there is nothing.
pub const NONE: &str = "none";

/// Evidence that everybody passes.
pub const NO_FILTER: &str = words::NO_FILTER;

/// The gates of one user, in order, each with its evidence.
pub fn gates(facts: &Facts<'_>, names: &Names<'_>) -> Vec<GateFinding> {
    let mut findings = as_read(facts, names);
    for finding in &mut findings {
        if let Some(key) = facts.unread(finding.gate) {
            finding.result = GateResult::Unknown;
            finding.evidence = format!("{key} of the tenant's record could not be read");
        }
    }
    findings
}

fn as_read(facts: &Facts<'_>, names: &Names<'_>) -> Vec<GateFinding> {
    if facts.is_resource() {
        return vec![
            in_group(facts),
            resource_licence(facts),
            usage_location(facts),
            number_ours(facts),
        ];
    }
    vec![
        enabled(facts),
        in_group(facts),
        not_guest(facts),
        licensed(facts, names),
        phone_system(facts, names),
        absent(facts, names, Gate::NoCallingPlan, PlanClass::Calling),
        absent(facts, names, Gate::NoCredits, PlanClass::Credits),
    ]
}

fn finding(gate: Gate, passed: bool, evidence: impl Into<String>) -> GateFinding {
    let result = if passed {
        GateResult::Passed
    } else {
        GateResult::Failed
    };
    GateFinding {
        gate,
        result,
        evidence: evidence.into(),
    }
}

fn enabled(facts: &Facts<'_>) -> GateFinding {
    let enabled = facts.user.flags.enabled;
    finding(
        Gate::Enabled,
        enabled,
        if enabled {
            "the account is enabled"
        } else {
            words::DISABLED
        },
    )
}

fn in_group(facts: &Facts<'_>) -> GateFinding {
    let admitted = facts.group.admits(facts.user.id);
    let evidence = match facts.group {
        GroupFilter::Off => NO_FILTER.to_owned(),
        GroupFilter::Members { group, members } => {
            let name = Label::new(&group.name);
            match (admitted, members.len()) {
                (Some(true), _) => format!("member of \"{name}\""),
                (_, 0) => format!("the group \"{name}\" is empty"),
                (_, 1) => format!("not the 1 member of \"{name}\" (nested groups included)"),
                (_, n) => {
                    format!("not among the {n} members of \"{name}\" (nested groups included)")
                }
            }
        }
        GroupFilter::Hidden { group } => format!(
            "the group \"{}\" hides its members from this app (Member.Read.Hidden is not granted)",
            Label::new(&group.name)
        ),
        GroupFilter::Missing { name } => format!("no group is called \"{}\"", Label::new(name)),
        GroupFilter::Ambiguous { name, groups } => {
            format!(
                "{} groups are called \"{}\"",
                groups.len(),
                Label::new(name)
            )
        }
        GroupFilter::Unreadable { name, why } => {
            format!("group \"{}\" could not be read: {why}", Label::new(name))
        }
    };
    match admitted {
        Some(passed) => finding(Gate::InGroup, passed, evidence),
        None => GateFinding {
            gate: Gate::InGroup,
            result: GateResult::Unknown,
            evidence,
        },
    }
}

fn not_guest(facts: &Facts<'_>) -> GateFinding {
    let guest = facts.user.flags.guest;
    finding(
        Gate::NotGuest,
        !guest,
        if guest {
            "userType is Guest: a guest's telephone is in the home tenant"
        } else {
            "a member"
        },
    )
}

fn licensed(facts: &Facts<'_>, names: &Names<'_>) -> GateFinding {
    let held: Vec<String> = facts
        .user
        .licences
        .iter()
        .map(|licence| match &licence.error {
            Some(error) => format!("{}: {error}", sku_label(licence, names)),
            None => sku_label(licence, names),
        })
        .collect();
    match held.len() {
        0 => finding(Gate::Licensed, false, "no Microsoft licence is assigned"),
        _ => finding(Gate::Licensed, true, held.join(", ")),
    }
}

fn phone_system(facts: &Facts<'_>, names: &Names<'_>) -> GateFinding {
    let plans = of_class(facts, PlanClass::Phone);
    if let Some(plan) = plans.iter().find(|plan| plan.status.is_usable()) {
        return finding(Gate::PhoneSystem, true, plan_evidence(plan, facts, names));
    }
    if let Some(plan) = plans.first() {
        let meaning = match plan.status {
            PlanStatus::Suspended => "the subscription has lapsed, data is kept",
            PlanStatus::LockedOut => "the subscription is locked, data is kept",
            PlanStatus::Deleted => "left over from a licence that was taken away",
            PlanStatus::Enabled | PlanStatus::Warning | PlanStatus::Unknown => {
                "not usable in this state"
            }
        };
        let left = format!("{}; {meaning}", plan_evidence(plan, facts, names));
        return finding(Gate::PhoneSystem, false, left);
    }
    let off = facts.user.licences.iter().find(|l| {
        l.disabled
            .iter()
            .any(|p| plan_ids::class(*p) == Some(PlanClass::Phone))
    });
    let evidence = match off {
        Some(licence) => format!("MCOEV is switched off in {}", sku_full(licence, names)),
        None if facts.usable(PlanClass::Resource) => {
            "only MCOEV_VIRTUALUSER, which gives a person no telephone".to_owned()
        }
        None => "no licence brings MCOEV".to_owned(),
    };
    finding(Gate::PhoneSystem, false, evidence)
}

fn absent(facts: &Facts<'_>, names: &Names<'_>, gate: Gate, class: PlanClass) -> GateFinding {
    let plans = of_class(facts, class);
    let usable: Vec<String> = plans
        .iter()
        .filter(|plan| plan.status.is_usable())
        .map(|plan| plan_evidence(plan, facts, names))
        .collect();
    if !usable.is_empty() {
        return finding(gate, false, usable.join("; "));
    }
    match plans.first() {
        Some(plan) => finding(
            gate,
            true,
            format!(
                "{} is there, but not in force ({}): it does not stand in the way",
                plan_ids::code(plan.plan),
                plan.status.as_str()
            ),
        ),
        None => finding(gate, true, NONE),
    }
}

fn resource_licence(facts: &Facts<'_>) -> GateFinding {
    let has = facts.usable(PlanClass::Resource);
    let evidence = if has {
        "Teams Phone Resource Account"
    } else {
        "no usable MCOEV_VIRTUALUSER: assign a Teams Phone Resource Account licence"
    };
    finding(Gate::ResourceLicence, has, evidence)
}

fn usage_location(facts: &Facts<'_>) -> GateFinding {
    match facts.user.location {
        Some(location) => finding(Gate::UsageLocation, true, location.to_string()),
        None => finding(Gate::UsageLocation, false, "none is set"),
    }
}

fn number_ours(facts: &Facts<'_>) -> GateFinding {
    let Some(numbers) = facts.numbers else {
        let evidence = words::NO_NUMBERS.to_owned();
        return GateFinding {
            gate: Gate::NumberOurs,
            result: GateResult::Unknown,
            evidence,
        };
    };
    match numbers.iter().find(|n| n.holder() == Some(facts.user.id)) {
        None => finding(Gate::NumberOurs, true, "holds none"),
        Some(n) if facts.number_is_on_premises() => finding(
            Gate::NumberOurs,
            false,
            format!(
                "{} is mastered by on-premises Active Directory",
                n.number.spaced()
            ),
        ),
        Some(n) if n.kind == NumberType::DirectRouting => finding(
            Gate::NumberOurs,
            true,
            format!("{} (directRouting)", n.number.spaced()),
        ),
        Some(n) => finding(
            Gate::NumberOurs,
            false,
            format!("{} is of type {}", n.number.spaced(), n.kind.as_str()),
        ),
    }
}

/// Plans of a class, usable ones first, then the least decayed.
pub fn of_class(facts: &Facts<'_>, class: PlanClass) -> Vec<AssignedPlan> {
    let mut plans: Vec<AssignedPlan> = facts
        .user
        .plans
        .iter()
        .filter(|p| plan_ids::class(p.plan) == Some(class))
        .copied()
        .collect();
    plans.sort_by_key(|plan| plan.status);
    plans
}

/// `MCOPSTN1 Enabled since 2026-03-02 (Domestic Calling Plan), in "Teams Phone with Calling Plan" MCOTEAMS_ESSENTIALS (direct)`.
pub fn plan_evidence(plan: &AssignedPlan, facts: &Facts<'_>, names: &Names<'_>) -> String {
    let since = plan
        .since
        .map(|at| format!(" since {}", at.strftime("%Y-%m-%d")))
        .unwrap_or_default();
    let brought: Vec<String> = bringers(plan.plan, facts, names)
        .map(|licence| sku_full(licence, names))
        .collect();
    let place = if brought.is_empty() {
        String::new()
    } else {
        format!(", in {}", brought.join(" and "))
    };
    let (code, friendly) = (plan_ids::code(plan.plan), plan_ids::plan_name(plan.plan));
    let friendly = friendly.strip_prefix("Microsoft 365 ").unwrap_or(friendly);
    let friendly = if friendly.eq_ignore_ascii_case(code) {
        String::new()
    } else {
        format!(" ({friendly})")
    };
    format!("{code} {}{since}{friendly}{place}", plan.status.as_str())
}

/// The licences whose SKU holds the plan and has it switched on. A product that the tenant does not list is taken as it is sold.
pub fn bringers<'a>(
    plan: PlanId,
    facts: &Facts<'a>,
    names: &Names<'a>,
) -> impl Iterator<Item = &'a Licence> {
    let skus = names.skus;
    let holds = move |id: SkuId| match skus.iter().find(|sku| sku.id == id) {
        Some(sku) => sku.plans.iter().any(|p| p.id == plan),
        None => plan_ids::sold_with(id).contains(&plan),
    };
    facts
        .user
        .licences
        .iter()
        .filter(move |licence| holds(licence.sku) && !licence.disabled.contains(&plan))
}

/// `"Microsoft 365 E5" (direct)` or `(by group "Voice")`.
pub fn sku_label(licence: &Licence, names: &Names<'_>) -> String {
    format!(
        "\"{}\" {}",
        sku_words(licence.sku, names),
        giver(licence, names)
    )
}

/// As [`sku_label`], with the part number that the tenant's lists go by.
pub fn sku_full(licence: &Licence, names: &Names<'_>) -> String {
    let words = sku_words(licence.sku, names);
    match names.sku(licence.sku) {
        Some(sku) if sku.part_number != words => format!(
            "\"{words}\" {} {}",
            Label::new(&sku.part_number),
            giver(licence, names)
        ),
        _ => sku_label(licence, names),
    }
}

fn giver(licence: &Licence, names: &Names<'_>) -> String {
    match licence.group {
        None => "(direct)".to_owned(),
        Some(group) => format!("(by {})", names.group(group)),
    }
}

/// The friendly name of a SKU, else its part number, else its id.
pub fn sku_words(sku: SkuId, names: &Names<'_>) -> String {
    plan_ids::sku_name(sku)
        .map(str::to_owned)
        .or_else(|| {
            names
                .sku(sku)
                .map(|sku| Label::new(&sku.part_number).to_string())
        })
        .unwrap_or_else(|| sku.to_string())
}
