//! What a script does for one user: whatever keeps a candidate out and can be changed, and what is asked for besides.

use crate::domain::country::Country;
use crate::domain::directory::{Licence, NumberType, Sku};
use crate::domain::evidence::{Names, bringers, of_class, sku_words};
use crate::domain::gate::Facts;
use crate::domain::guid::PlanId;
use crate::domain::phone::PhoneNumber;
use crate::domain::plan_ids::{self, PlanClass};
use crate::domain::user::Value;

use super::stops::{Stops, calling_number};
use super::{Act, Person, Plan, Product, Successor, Turn};

/// What is asked for besides the way out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Asked {
    /// A number, with its type where the inventory has it.
    pub number: Option<(PhoneNumber, NumberType)>,
    /// A usage location.
    pub country: Option<Country>,
    /// A voice routing policy, by name.
    pub voice_route: Option<String>,
}

/// The acts, in the order in which they have to be done.
pub fn way_out(facts: &Facts<'_>, skus: &[Sku], asked: &Asked) -> Vec<Act> {
    let user = person(facts);
    let mut acts = Vec::new();
    if facts.number_is_on_premises() {
        acts.push(Act::ClearOnPremises { user: user.clone() });
    }
    if let Some(country) = asked.country {
        acts.push(Act::SetLocation {
            user: user.clone(),
            country,
        });
    }
    for class in [PlanClass::Calling, PlanClass::Credits] {
        acts.extend(unwanted(facts, skus, class, &user));
    }
    if let Some((number, kind)) = &asked.number {
        acts.extend(give(facts, &user, number, *kind));
    }
    if let Some(policy) = &asked.voice_route {
        acts.push(Act::GrantVoiceRoute {
            user,
            policy: policy.clone(),
        });
    }
    acts
}

/// What Active Directory masters can be written only after its next synchronisation, so not by the same script.
fn give(facts: &Facts<'_>, user: &Person, number: &PhoneNumber, kind: NumberType) -> Vec<Act> {
    if facts.number_is_on_premises() {
        let words = format!(
            "{} can be given once the directory has synchronised: make the script again then",
            number.spaced()
        );
        return vec![Act::Stated(words)];
    }
    let mut acts = Vec::new();
    if let Some(held) = facts.number().filter(|held| held != number) {
        let stops = facts
            .numbers
            .is_none_or(|numbers| calling_number(facts.user, numbers) == Some(&held))
            .then(|| held.clone());
        acts.push(Act::ReleaseNumber {
            user: user.clone(),
            number: held,
            stops,
            to: Some(Successor {
                user: user.clone(),
                number: number.clone(),
            }),
        });
    }
    acts.push(Act::AssignNumber {
        user: user.clone(),
        number: number.clone(),
        kind,
    });
    acts
}

/// Whom the facts are about.
pub fn person(facts: &Facts<'_>) -> Person {
    Person {
        id: facts.user.id,
        upn: facts.user.upn.clone(),
        name: facts.user.name.clone(),
    }
}

/// Every place that a plan which has to go comes from.
fn unwanted(facts: &Facts<'_>, skus: &[Sku], class: PlanClass, user: &Person) -> Vec<Act> {
    let mut found: Vec<(&Licence, PlanId, Option<Value>)> = Vec::new();
    let usable = of_class(facts, class)
        .into_iter()
        .filter(|plan| plan.status.is_usable());
    for assigned in usable {
        let names = Names { skus, groups: &[] };
        for licence in bringers(assigned.plan, facts, &names) {
            let one = (
                licence,
                assigned.plan,
                direct_change(licence, assigned.plan, skus),
            );
            if !found.contains(&one) {
                found.push(one);
            }
        }
    }
    // Each licence alone may stop nothing, since the other one still brings the plan.
    let together: Vec<&Value> = found
        .iter()
        .filter_map(|(.., value)| value.as_ref())
        .collect();
    let stops = Stops::of(&together, facts.user, facts.numbers, skus);
    found
        .iter()
        .map(|(licence, plan, value)| {
            let (user, product) = (user.clone(), product(licence, skus));
            let plan = Plan {
                id: *plan,
                name: plan_ids::code(*plan).to_owned(),
            };
            match (licence.group, value) {
                (Some(group), _) => Act::GroupLicence {
                    user,
                    group,
                    product,
                    plan,
                    stops: Stops::of_leaving(facts.user, facts.numbers),
                },
                (None, Some(Value::Licence { .. })) => Act::RemoveLicence {
                    user,
                    product,
                    stops: stops.clone(),
                },
                (None, _) => Act::SwitchPlan {
                    user,
                    product,
                    plan,
                    turn: Turn::Off,
                    stops: stops.clone(),
                },
            }
        })
        .collect()
}

/// What is written to a licence that was given directly; none for one that a group gives.
fn direct_change(licence: &Licence, plan: PlanId, skus: &[Sku]) -> Option<Value> {
    let sku = licence.sku;
    licence.group.is_none().then(|| {
        if is_alone(licence, skus) {
            Value::Licence { sku, off: None }
        } else {
            Value::Plan {
                sku,
                plan,
                on: false,
            }
        }
    })
}

fn product(licence: &Licence, skus: &[Sku]) -> Product {
    Product {
        sku: licence.sku,
        name: sku_words(licence.sku, &Names { skus, groups: &[] }),
    }
}

/// Whether the licence brings nothing else to a user.
fn is_alone(licence: &Licence, skus: &[Sku]) -> bool {
    skus.iter()
        .find(|sku| sku.id == licence.sku)
        .is_some_and(|sku| sku.plans.iter().filter(|plan| plan.for_users).count() <= 1)
}
