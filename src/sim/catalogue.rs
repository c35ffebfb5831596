//! The products that can be bought, and the plans inside them.
//!
//! Voice plans come from the same public list that the client reads names from; the other plans of a suite, which
//! make up most of what a user carries, are added so that users have the size that they have in the field.

use std::collections::HashMap;
use std::fmt;

const VOICE: &str = include_str!("../../assets/service_plans.csv");
const OTHER: &str = include_str!("../../assets/demo/other_plans.csv");

/// A service plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plan {
    /// Its name, such as `MCOEV`.
    pub name: &'static str,
    /// Its id.
    pub guid: &'static str,
    /// The service that it belongs to, as `assignedPlans` spells it.
    pub service: &'static str,
}

/// A product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sku {
    /// `skuPartNumber`.
    pub name: &'static str,
    /// `skuId`.
    pub guid: &'static str,
    /// The plans inside, as places in the list of plans.
    plans: Vec<usize>,
}

/// All products and plans.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Catalogue {
    plans: Vec<Plan>,
    skus: Vec<Sku>,
    /// Places of plans by id: asked for every entry of every user.
    by_guid: HashMap<&'static str, usize>,
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Catalogue")
            .field("plans", &self.plans.len())
            .field("skus", &self.skus.len())
            .finish_non_exhaustive()
    }
}

/// How much beside voice is in a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Tier {
    AddOn,
    Business,
    Standard,
    Premium,
}

impl Catalogue {
    /// Reads the two lists that are built in.
    pub(super) fn read() -> Self {
        let mut catalogue = Self {
            plans: Vec::new(),
            skus: Vec::new(),
            by_guid: HashMap::new(),
        };
        for row in rows(VOICE) {
            let [_, sku, sku_guid, plan, plan_guid, _] = row[..] else {
                continue;
            };
            let place = catalogue.place(Plan {
                name: plan,
                guid: plan_guid,
                service: voice_service(plan),
            });
            match catalogue
                .skus
                .iter_mut()
                .find(|known| known.guid == sku_guid)
            {
                Some(known) => known.plans.push(place),
                None => catalogue.skus.push(Sku {
                    name: sku,
                    guid: sku_guid,
                    plans: vec![place],
                }),
            }
        }
        for row in rows(OTHER) {
            let [name, guid, service, tier] = row[..] else {
                continue;
            };
            let place = catalogue.place(Plan {
                name,
                guid,
                service,
            });
            let tier = match tier {
                "1" => Tier::Business,
                "3" => Tier::Standard,
                _ => Tier::Premium,
            };
            for sku in &mut catalogue.skus {
                if tier_of(sku.name) >= tier {
                    sku.plans.push(place);
                }
            }
        }
        catalogue
    }

    /// A product by its part number. Two products may share one; the first in the list is meant.
    pub(super) fn sku_named(&self, name: &str) -> Option<&Sku> {
        self.skus
            .iter()
            .find(|sku| sku.name.eq_ignore_ascii_case(name))
    }

    /// A product by its id.
    pub(super) fn sku(&self, guid: &str) -> Option<&Sku> {
        self.skus
            .iter()
            .find(|sku| sku.guid.eq_ignore_ascii_case(guid))
    }

    /// A plan by its name.
    pub(super) fn plan_named(&self, name: &str) -> Option<&Plan> {
        self.plans
            .iter()
            .find(|plan| plan.name.eq_ignore_ascii_case(name))
    }

    /// A plan by its id.
    pub(super) fn plan(&self, guid: &str) -> Option<&Plan> {
        let place = self.by_guid.get(guid).copied();
        let place = place.or_else(|| {
            self.by_guid
                .get(guid.to_ascii_lowercase().as_str())
                .copied()
        })?;
        self.plans.get(place)
    }

    /// The plans inside a product.
    pub(super) fn plans<'a>(&'a self, sku: &'a Sku) -> impl Iterator<Item = &'a Plan> {
        sku.plans.iter().map(|place| &self.plans[*place])
    }

    fn place(&mut self, plan: Plan) -> usize {
        let next = self.plans.len();
        let place = *self.by_guid.entry(plan.guid).or_insert(next);
        if place == next {
            self.plans.push(plan);
        }
        place
    }
}

fn rows(text: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    text.lines().skip(1).map(|line| line.split(',').collect())
}

fn voice_service(plan: &str) -> &'static str {
    if plan.to_ascii_uppercase().starts_with("TEAMS") || plan == "MCO_TEAMS_IW" {
        "TeamspaceAPI"
    } else {
        "MicrosoftCommunicationsOnline"
    }
}

fn tier_of(sku: &str) -> Tier {
    const PREMIUM: &[&str] = &[
        "SPE_E5",
        "ENTERPRISEPREMIUM",
        "Microsoft_365_E5",
        "M365_G5",
        "M365EDU_A5",
        "DEVELOPERPACK_E5",
        "MICROSOFT_365_E7",
    ];
    const STANDARD: &[&str] = &[
        "SPE_E3",
        "ENTERPRISEPACK",
        "Microsoft_365_E3",
        "M365_G3",
        "M365EDU_A3",
        "DEVELOPERPACK",
        "ENTERPRISEWITHSCAL",
        "SPB",
    ];
    const BUSINESS: &[&str] = &[
        "STANDARDPACK",
        "O365_BUSINESS",
        "SMB_BUSINESS",
        "SPE_F1",
        "M365_F1",
        "DESKLESSPACK",
        "Office_365_E1",
        "Office_365_E3",
    ];
    let within = |list: &[&str]| list.iter().any(|start| sku.starts_with(start));
    if within(PREMIUM) {
        Tier::Premium
    } else if within(STANDARD) {
        Tier::Standard
    } else if within(BUSINESS) {
        Tier::Business
    } else {
        Tier::AddOn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suites_have_the_size_that_they_have_in_the_field() {
        let catalogue = Catalogue::read();
        let count = |name: &str| catalogue.plans(catalogue.sku_named(name).unwrap()).count();
        assert_eq!(count("SPE_E3"), 44);
        assert_eq!(count("SPE_E5"), 59);
        assert_eq!(count("MCOEV"), 1);
        assert_eq!(count("MCOPSTN1"), 1);
        assert_eq!(count("MCOTEAMS_ESSENTIALS"), 2);
    }

    #[test]
    fn the_voice_plans_are_those_of_the_public_list() {
        let catalogue = Catalogue::read();
        let names = |name: &str| -> Vec<&str> {
            catalogue
                .plans(catalogue.sku_named(name).unwrap())
                .map(|plan| plan.name)
                .collect()
        };
        assert_eq!(names("MCOTEAMS_ESSENTIALS"), ["MCOEV", "MCOPSTN1"]);
        assert_eq!(
            names("BUSINESS_VOICE_MED2"),
            ["MCOEV", "MCOMEETADV", "MCOPSTN1"]
        );
        assert!(names("SPE_E5_CALLINGMINUTES").contains(&"MCOPSTN8"));
        assert!(!names("Microsoft_365_E5_(no_Teams)").contains(&"TEAMS1"));
        assert_eq!(
            catalogue.plan_named("MCOPSTNC").unwrap().guid,
            "505e180f-f7e0-4b65-91d4-00d670bbd18c"
        );
    }
}
