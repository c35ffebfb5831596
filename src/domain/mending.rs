//! What a change of a licence comes down to: the one request, what stays as it is, and which number it silences.
//!
//! A request for a licence replaces the list of its plans that are off, so the list is always made from what the user has directly
//! now: what somebody else has switched off stays off.

use super::directory::{DirectoryUser, Licence, NumberType, Sku, TenantNumber};
use super::guid::{PlanId, SkuId};
use super::phone::PhoneNumber;
use super::plan_ids::{self, PlanClass};
use super::repair::Repair;
use super::user::{Field, Value};

/// One request to `assignLicense`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LicenceWrite {
    /// The licence with exactly these plans off; the user has it, or gets it.
    Give {
        /// The licence.
        sku: SkuId,
        /// Plans that are off, all of them, sorted.
        off: Vec<PlanId>,
    },
    /// The licence is taken away.
    Take {
        /// The licence.
        sku: SkuId,
    },
}

/// What the tenant has of a licence field; `None` for a field of another kind.
pub fn held(field: Field, licences: &[Licence]) -> Option<Value> {
    match field {
        Field::Plan { sku, plan } => Some(Value::Plan {
            sku,
            plan,
            on: direct(sku, licences).is_some_and(|licence| !licence.disabled.contains(&plan)),
        }),
        Field::Licence(sku) => Some(Value::Licence {
            sku,
            off: direct(sku, licences).map(|licence| sorted(licence.disabled.clone())),
        }),
        Field::Number | Field::Country | Field::Added => None,
    }
}

fn direct(sku: SkuId, licences: &[Licence]) -> Option<&Licence> {
    licences
        .iter()
        .find(|licence| licence.sku == sku && licence.group.is_none())
}

fn sorted(mut plans: Vec<PlanId>) -> Vec<PlanId> {
    plans.sort_unstable();
    plans.dedup();
    plans
}

/// The request that brings the value about, from what the user has now; or why none can.
pub fn write_of(wanted: &Value, licences: &[Licence]) -> Result<LicenceWrite, String> {
    match wanted {
        Value::Plan { sku, plan, on } => {
            let licence = directly(*sku, licences)?;
            let mut off = licence.disabled.clone();
            off.retain(|other| other != plan);
            if !on {
                off.push(*plan);
            }
            Ok(LicenceWrite::Give {
                sku: *sku,
                off: sorted(off),
            })
        }
        Value::Licence { sku, off: None } => {
            directly(*sku, licences).map(|_| LicenceWrite::Take { sku: *sku })
        }
        Value::Licence {
            sku,
            off: Some(off),
        } => Ok(LicenceWrite::Give {
            sku: *sku,
            off: sorted(off.clone()),
        }),
        Value::Number(_) | Value::Country(_) | Value::Added(_) => {
            Err("this is no change of a licence".to_owned())
        }
    }
}

fn directly(sku: SkuId, licences: &[Licence]) -> Result<&Licence, String> {
    if let Some(licence) = direct(sku, licences) {
        return Ok(licence);
    }
    Err(match licences.iter().find(|licence| licence.sku == sku) {
        Some(Licence {
            group: Some(group), ..
        }) => format!("the licence comes by group {group}: it cannot be changed for one user"),
        _ => "the user does not have this licence any more".to_owned(),
    })
}

/// The numbers in use today that stop when all of these values are written: Calling Plan numbers whose last Calling Plan goes.
///
/// All changes of one user count together: two licences may each bring a Calling Plan, and only both together silence the number.
pub fn stops(
    wanted: &[&Value],
    user: &DirectoryUser,
    numbers: &[TenantNumber],
    skus: &[Sku],
) -> Vec<PhoneNumber> {
    let calling = user.licences.iter().flat_map(|licence| {
        plans_of(licence, skus)
            .filter(|plan| plan_ids::class(*plan) == Some(PlanClass::Calling))
            .map(move |plan| (licence, plan))
    });
    let (mut some_go, mut some_stay) = (false, false);
    for (licence, plan) in calling {
        if goes(wanted, licence, plan) {
            some_go = true;
        } else if is_usable(plan, user) {
            some_stay = true;
        }
    }
    // A plan that is not in the tenant's list of products is taken at the engineer's word: better asked once too often.
    let unlisted = wanted.iter().any(|value| {
        matches!(value, Value::Plan { plan, on: false, .. } if plan_ids::class(*plan) == Some(PlanClass::Calling))
    });
    if some_stay || !(some_go || unlisted) {
        return Vec::new();
    }
    numbers
        .iter()
        .filter(|number| number.kind == NumberType::CallingPlan && number.holder() == Some(user.id))
        .map(|number| number.number.clone())
        .collect()
}

/// Whether the user has a usable plan: a licence that has lapsed keeps no telephone ringing.
fn is_usable(plan: PlanId, user: &DirectoryUser) -> bool {
    user.plans
        .iter()
        .any(|held| held.plan == plan && held.status.is_usable())
}

/// Whether a plan of a licence goes when these values are written.
fn goes(wanted: &[&Value], licence: &Licence, plan: PlanId) -> bool {
    wanted.iter().any(|value| match value {
        Value::Plan {
            sku,
            plan: off,
            on: false,
        } => licence.group.is_none() && licence.sku == *sku && plan == *off,
        Value::Licence { sku, off: None } => licence.group.is_none() && licence.sku == *sku,
        _ => false,
    })
}

/// Plans of a licence that are on.
fn plans_of<'a>(licence: &'a Licence, skus: &'a [Sku]) -> impl Iterator<Item = PlanId> + 'a {
    skus.iter()
        .filter(|sku| sku.id == licence.sku)
        .flat_map(|sku| &sku.plans)
        .map(|plan| plan.id)
        .filter(|plan| !licence.disabled.contains(plan))
}

/// Whether any licence of the user, by whomever it was given, has this plan on.
pub fn brought(plan: PlanId, user: &DirectoryUser, skus: &[Sku]) -> bool {
    user.licences
        .iter()
        .any(|licence| plans_of(licence, skus).any(|other| other == plan))
}

/// What stays on in the licence, of the plans that decide anything: `MCOEV stays`, or nothing.
pub fn stays(wanted: &Value, licences: &[Licence], skus: &[Sku]) -> String {
    let Value::Plan { sku, plan, .. } = wanted else {
        return String::new();
    };
    let mut codes: Vec<&str> = direct(*sku, licences)
        .into_iter()
        .flat_map(|licence| plans_of(licence, skus))
        .filter(|other| other != plan)
        .map(plan_ids::code)
        .filter(|code| !code.is_empty())
        .collect();
    codes.sort_unstable();
    match codes.as_slice() {
        [] => String::new(),
        [one] => format!("{one} stays"),
        several => format!("{} stay", several.join(", ")),
    }
}

/// The ways in which plans of a class can be taken from a user: one repair for each licence that was given directly, and the
/// licences that a group gives, which nobody can change for one user.
pub fn ways<'a>(
    class: PlanClass,
    user: &'a DirectoryUser,
    skus: &[Sku],
) -> (Vec<Repair>, Vec<&'a Licence>) {
    let (mut repairs, mut by_group) = (Vec::new(), Vec::new());
    for licence in &user.licences {
        let on: Vec<PlanId> = plans_of(licence, skus)
            .filter(|plan| plan_ids::class(*plan) == Some(class))
            .collect();
        if on.is_empty() {
            continue;
        }
        if licence.group.is_some() {
            by_group.push(licence);
            continue;
        }
        let sku = licence.sku;
        if brings_only(sku, class, skus) {
            repairs.push(Repair::RemoveLicence { sku });
        } else {
            repairs.extend(on.into_iter().map(|plan| Repair::SwitchOff { sku, plan }));
        }
    }
    (repairs, by_group)
}

/// Whether a product is nothing else than plans of this class.
pub fn brings_only(sku: SkuId, class: PlanClass, skus: &[Sku]) -> bool {
    skus.iter()
        .find(|known| known.id == sku)
        .is_some_and(|sku| {
            let mut plans = sku.plans.iter().filter(|plan| plan.for_users).peekable();
            plans.peek().is_some() && plans.all(|plan| plan_ids::class(plan.id) == Some(class))
        })
}

/// Whether writing these values takes the user's last Calling Plan away, so that a Direct Routing number can follow. Where there is
/// none to be taken, or where one would stay whose licence is not known, it is not so.
pub fn clears_calling(wanted: &[&Value], user: &DirectoryUser, skus: &[Sku]) -> bool {
    clears(PlanClass::Calling, wanted, user, skus)
}

/// Why somebody could not hold a Direct Routing number once these values are written: `class` is what a number needs of them.
pub fn spoils(
    class: PlanClass,
    wanted: &[&Value],
    user: &DirectoryUser,
    skus: &[Sku],
) -> Option<&'static str> {
    if class == PlanClass::Phone && brings(PlanClass::Calling, wanted, skus) {
        return Some("gives a Calling Plan");
    }
    let goes = clears(class, wanted, user, skus) && !brings(class, wanted, skus);
    goes.then_some("takes the licence that a number needs")
}

/// Whether one of these values switches a plan of a class on.
fn brings(class: PlanClass, wanted: &[&Value], skus: &[Sku]) -> bool {
    let is_of = |plan: PlanId| plan_ids::class(plan) == Some(class);
    wanted.iter().any(|value| match value {
        Value::Plan { plan, on: true, .. } => is_of(*plan),
        Value::Licence {
            sku,
            off: Some(off),
        } => skus
            .iter()
            .filter(|known| known.id == *sku)
            .flat_map(|known| &known.plans)
            .any(|plan| is_of(plan.id) && !off.contains(&plan.id)),
        _ => false,
    })
}

/// Whether writing these values takes the user's last plan of a class away.
fn clears(class: PlanClass, wanted: &[&Value], user: &DirectoryUser, skus: &[Sku]) -> bool {
    let mut usable = user
        .plans
        .iter()
        .filter(|held| held.status.is_usable() && plan_ids::class(held.plan) == Some(class))
        .peekable();
    usable.peek().is_some()
        && usable.all(|held| {
            let mut bringers = user
                .licences
                .iter()
                .filter(|licence| plans_of(licence, skus).any(|plan| plan == held.plan))
                .peekable();
            bringers.peek().is_some() && bringers.all(|licence| goes(wanted, licence, held.plan))
        })
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::domain::directory::{
        Activation, AssignedPlan, AssignmentStatus, NumberSource, PlanStatus, SkuPlan,
    };
    use crate::domain::matching::tests::{id, person};

    pub(crate) const MCOEV: &str = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7";
    pub(crate) const MCOPSTN1: &str = "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8";
    const TEAMS1: &str = "57ff2da0-773e-42df-b2af-ffb7a2317929";
    pub(crate) const BUNDLE: &str = "ae2343d1-0999-43f6-ae18-d816516f6e78";
    pub(crate) const ALONE: &str = "0dab259f-bf13-4952-b7f8-7db8f131b28d";

    fn plan(text: &str) -> PlanId {
        text.parse().unwrap()
    }

    fn sku(text: &str, plans: &[&str]) -> Sku {
        Sku {
            id: text.parse().unwrap(),
            part_number: "X".into(),
            status: PlanStatus::Enabled,
            enabled: 5,
            warning: 0,
            suspended: 0,
            consumed: 1,
            plans: plans
                .iter()
                .map(|id| SkuPlan {
                    id: plan(id),
                    name: "P".into(),
                    for_users: true,
                })
                .collect(),
        }
    }

    pub(crate) fn skus() -> Vec<Sku> {
        vec![
            sku(BUNDLE, &[MCOEV, MCOPSTN1, TEAMS1]),
            sku(ALONE, &[MCOPSTN1]),
        ]
    }

    pub(crate) fn licence(sku: &str, group: bool, disabled: &[&str]) -> Licence {
        Licence {
            sku: sku.parse().unwrap(),
            group: group.then(|| TEAMS1.parse().unwrap()),
            disabled: disabled.iter().map(|id| plan(id)).collect(),
            error: None,
        }
    }

    fn off(sku: &str) -> Value {
        Value::Plan {
            sku: sku.parse().unwrap(),
            plan: plan(MCOPSTN1),
            on: false,
        }
    }

    fn holding(licences: Vec<Licence>) -> (DirectoryUser, Vec<TenantNumber>) {
        let user = DirectoryUser {
            licences,
            plans: vec![AssignedPlan {
                plan: plan(MCOPSTN1),
                status: PlanStatus::Enabled,
                since: None,
            }],
            ..person(1, "alex@contoso.example")
        };
        let number = TenantNumber {
            number: PhoneNumber::from_tenant("+14255550100").unwrap(),
            kind: NumberType::CallingPlan,
            source: NumberSource::Online,
            status: AssignmentStatus::User,
            target: Some(id(1)),
            primary: true,
            activation: Activation::Activated,
        };
        (user, vec![number])
    }

    #[test]
    fn switching_one_plan_off_keeps_what_was_off() {
        let licences = [
            licence(BUNDLE, true, &[]),
            licence(BUNDLE, false, &[TEAMS1]),
        ];
        let mut wanted = vec![plan(MCOPSTN1), plan(TEAMS1)];
        wanted.sort_unstable();
        assert_eq!(
            write_of(&off(BUNDLE), &licences),
            Ok(LicenceWrite::Give {
                sku: BUNDLE.parse().unwrap(),
                off: wanted
            })
        );
        assert_eq!(stays(&off(BUNDLE), &licences, &skus()), "MCOEV stays");
    }

    #[test]
    fn what_a_group_gives_is_refused_with_the_group() {
        let why = write_of(&off(BUNDLE), &[licence(BUNDLE, true, &[])]).unwrap_err();
        assert!(why.contains("by group 57ff2da0"), "{why}");
        let why = write_of(&off(BUNDLE), &[]).unwrap_err();
        assert_eq!(why, "the user does not have this licence any more");
    }

    #[test]
    fn the_counter_change_switches_on_only_what_was_on() {
        let licences = [licence(BUNDLE, false, &[MCOPSTN1, TEAMS1])];
        let on = Value::Plan {
            sku: BUNDLE.parse().unwrap(),
            plan: plan(MCOPSTN1),
            on: true,
        };
        assert_eq!(
            write_of(&on, &licences),
            Ok(LicenceWrite::Give {
                sku: BUNDLE.parse().unwrap(),
                off: vec![plan(TEAMS1)]
            })
        );
        assert_eq!(held(on.field(), &licences), Some(off(BUNDLE)));
    }

    #[test]
    fn a_licence_that_is_nothing_else_is_removed_and_a_bundle_loses_one_plan() {
        let (user, _) = holding(vec![
            licence(BUNDLE, false, &[]),
            licence(ALONE, false, &[]),
            licence(ALONE, true, &[]),
        ]);
        let skus = skus();
        let (repairs, by_group) = ways(PlanClass::Calling, &user, &skus);
        assert_eq!(
            repairs,
            [
                Repair::SwitchOff {
                    sku: BUNDLE.parse().unwrap(),
                    plan: plan(MCOPSTN1)
                },
                Repair::RemoveLicence {
                    sku: ALONE.parse().unwrap()
                },
            ]
        );
        assert_eq!(by_group, [&user.licences[2]]);
        assert_eq!(ways(PlanClass::Credits, &user, &skus), (vec![], vec![]));
    }

    #[test]
    fn a_number_stops_with_the_last_calling_plan() {
        let (user, numbers) = holding(vec![licence(BUNDLE, false, &[])]);
        let stopped = stops(&[&off(BUNDLE)], &user, &numbers, &skus());
        assert_eq!(stopped, [numbers[0].number.clone()]);
        assert!(clears_calling(&[&off(BUNDLE)], &user, &skus()));
        let (user, numbers) = holding(vec![licence(BUNDLE, false, &[]), licence(ALONE, true, &[])]);
        assert_eq!(
            stops(&[&off(BUNDLE)], &user, &numbers, &skus()),
            [],
            "the group still gives one"
        );
        assert!(!clears_calling(&[&off(BUNDLE)], &user, &skus()));
        let take = Value::Licence {
            sku: ALONE.parse().unwrap(),
            off: None,
        };
        let (user, numbers) = holding(vec![
            licence(BUNDLE, false, &[]),
            licence(ALONE, false, &[]),
        ]);
        assert!(!clears_calling(&[&off(BUNDLE)], &user, &skus()));
        assert!(clears_calling(&[&off(BUNDLE), &take], &user, &skus()));
        let without = DirectoryUser {
            plans: Vec::new(),
            ..user.clone()
        };
        assert!(
            !clears_calling(&[&off(BUNDLE), &take], &without, &skus()),
            "where there is no Calling Plan, nothing was in the way"
        );
        assert_eq!(stops(&[&take], &user, &numbers, &skus()), []);
        assert!(
            !stops(&[&take, &off(BUNDLE)], &user, &numbers, &skus()).is_empty(),
            "both together take the last one"
        );
    }
}
