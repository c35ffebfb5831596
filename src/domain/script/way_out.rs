//! What a script does for one user: whatever keeps a candidate out and can be changed, and what is asked for besides.

use crate::domain::country::Country;
use crate::domain::directory::{Licence, NumberType, Sku};
use crate::domain::evidence::{Names, bringers, of_class, sku_words};
use crate::domain::gate::Facts;
use crate::domain::mending;
use crate::domain::phone::PhoneNumber;
use crate::domain::plan_ids::{self, PlanClass};
use crate::domain::user::Value;

use super::{Act, Person, Plan, Product, Turn};

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
        acts.push(Act::ReleaseNumber {
            user: user.clone(),
            number: held,
            stops: None,
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
    let mut acts = Vec::new();
    let usable = of_class(facts, class)
        .into_iter()
        .filter(|plan| plan.status.is_usable());
    for assigned in usable {
        let names = Names { skus, groups: &[] };
        for licence in bringers(assigned.plan, facts, &names) {
            let product = product(licence, skus);
            let plan = Plan {
                id: assigned.plan,
                name: plan_ids::code(assigned.plan).to_owned(),
            };
            let act = match licence.group {
                Some(group) => Act::GroupLicence {
                    user: user.clone(),
                    group,
                    product,
                    plan,
                    stops: in_use(facts),
                },
                None if is_alone(licence, skus) => Act::RemoveLicence {
                    user: user.clone(),
                    stops: stops(
                        facts,
                        skus,
                        &Value::Licence {
                            sku: licence.sku,
                            off: None,
                        },
                    ),
                    product,
                },
                None => {
                    let off = Value::Plan {
                        sku: licence.sku,
                        plan: plan.id,
                        on: false,
                    };
                    Act::SwitchPlan {
                        user: user.clone(),
                        stops: stops(facts, skus, &off),
                        product,
                        plan,
                        turn: Turn::Off,
                    }
                }
            };
            if !acts.contains(&act) {
                acts.push(act);
            }
        }
    }
    acts
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

fn stops(facts: &Facts<'_>, skus: &[Sku], wanted: &Value) -> Option<PhoneNumber> {
    mending::stops(
        &[wanted],
        facts.user,
        facts.numbers.unwrap_or_default(),
        skus,
    )
    .into_iter()
    .next()
}

/// A number of Microsoft's that is in use: by a group's licence it stops as well.
fn in_use(facts: &Facts<'_>) -> Option<PhoneNumber> {
    facts
        .numbers
        .unwrap_or_default()
        .iter()
        .find(|number| {
            number.holder() == Some(facts.user.id) && number.kind == NumberType::CallingPlan
        })
        .map(|number| number.number.clone())
}
