//! What would be told wrongly if users were read without `assignedPlans`, which is most of what a read costs.
//!
//! Licences and their switched-off plans, with what each product holds, are a fraction of the bytes. This counts on random
//! tenants what such a read would say against the truth. As long as it is not nothing, users are read whole.

use std::collections::BTreeMap;

use serde_json::Value;

use super::truth::{Kind, LICENSED, NO_CALLING, NO_CREDITS, PHONE, Stand, Truth};
use super::wire::{CALLING_PLANS, CREDITS, Made, PHONE_PLANS, SKUS};
use super::{Drawn, LANDS, SEED};

/// The plans that somebody's licences bring, and do not switch off.
fn brought(user: &Value) -> Vec<&'static str> {
    let mut plans = Vec::new();
    for licence in user["assignedLicenses"].as_array().into_iter().flatten() {
        let id = licence["skuId"].as_str().unwrap_or_default();
        let product = SKUS.iter().find(|(sku, _)| sku.eq_ignore_ascii_case(id));
        let off = licence["disabledPlans"].as_array();
        let is_off = |plan: &str| off.is_some_and(|off| off.iter().any(|id| id == plan));
        plans.extend(
            product
                .into_iter()
                .flat_map(|(_, plans)| *plans)
                .filter(|plan| !is_off(plan)),
        );
    }
    plans
}

/// Whether each plan that somebody has could have come by a licence: others would be missed for want of a product in these tenants.
fn is_fair(truth: &Truth, made: &Made) -> bool {
    let rows = made.user["assignedPlans"].as_array();
    let mut deciding = rows
        .into_iter()
        .flatten()
        .filter_map(|row| row["servicePlanId"].as_str())
        .map(str::to_lowercase)
        .filter(|id| PHONE_PLANS.contains(&&**id) || CALLING_PLANS.contains(&&**id));
    truth.passes(LICENSED) && deciding.all(|id| SKUS.iter().any(|(_, plans)| plans.contains(&&*id)))
}

/// What would be said wrongly of one person, gate by gate.
fn untruths(truth: &Truth, made: &Made) -> Vec<&'static str> {
    let plans = brought(&made.user);
    let any = |of: &[&str]| plans.iter().any(|plan| of.contains(plan));
    let mut told = Vec::new();
    match (truth.gates[PHONE], any(&PHONE_PLANS)) {
        (Stand::Failed, true) => told.push("Phone System is said to work, and does not"),
        (Stand::Passed, false) => told.push("Phone System is not seen, and works"),
        (Stand::Failed, false) if truth.decayed => {
            told.push("Phone System has stopped, and is said never to have been");
        }
        _ => {}
    }
    for (gate, of, seen, missed) in [
        (
            NO_CALLING,
            &CALLING_PLANS[..],
            "a Calling Plan is said to work, and does not",
            "a Calling Plan is not seen, and works",
        ),
        (
            NO_CREDITS,
            &[CREDITS][..],
            "Communications Credits are said to work, and do not",
            "Communications Credits are not seen, and work",
        ),
    ] {
        match (truth.gates[gate], any(of)) {
            (Stand::Passed, true) => told.push(seen),
            (Stand::Failed, false) => told.push(missed),
            _ => {}
        }
    }
    told
}

#[test]
fn a_read_without_plans_would_tell_untruths() {
    let mut counted: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut people, mut wronged) = (0, 0);
    for (n, land) in LANDS.iter().enumerate() {
        for (truth, made) in &Drawn::new(SEED, n, land).users {
            if truth.kind != Kind::Person || !is_fair(truth, made) {
                continue;
            }
            people += 1;
            let told = untruths(truth, made);
            wronged += usize::from(!told.is_empty());
            for untruth in told {
                *counted.entry(untruth).or_default() += 1;
            }
        }
    }
    println!("of {people} people with licences {wronged} would be wronged");
    for (untruth, count) in &counted {
        println!("{count:6}  {untruth}");
    }
    // Puts somebody on the list who cannot have a number; keeps somebody off it who can.
    for worst in [
        "Phone System is said to work, and does not",
        "a Calling Plan is said to work, and does not",
    ] {
        assert!(counted.contains_key(worst), "{worst}");
    }
}
