//! The tenant's products as lists show them: seats, what each brings, and who has it. Pure.

use std::collections::HashMap;

use crate::domain::directory::{PlanStatus, Sku};
use crate::domain::guid::{GroupId, ObjectId, SkuId};
use crate::domain::plan_ids::{self, PlanClass};

/// A product of the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// As Graph has it.
    pub sku: Sku,
    /// Microsoft's name for it, or the part number where the table has none.
    pub name: String,
    /// What it brings, of what decides here.
    pub brings: Vec<PlanClass>,
}

impl Product {
    /// Of a product as Graph has it.
    pub fn new(sku: Sku) -> Self {
        let name = plan_ids::sku_name(sku.id).unwrap_or(&sku.part_number);
        let mut brings: Vec<PlanClass> = sku
            .plans
            .iter()
            .filter_map(|plan| plan_ids::class(plan.id))
            .filter(|class| *class != PlanClass::Teams)
            .collect();
        brings.sort_unstable();
        brings.dedup();
        Self {
            name: name.to_owned(),
            brings,
            sku,
        }
    }

    /// Seats that can be given: those in their grace period too.
    pub fn bought(&self) -> i64 {
        self.sku.enabled + self.sku.warning
    }

    /// `short by 3`, or the status of the subscription.
    pub fn state(&self) -> String {
        match self.sku.free() {
            short @ ..0 => format!("short by {}", short.unsigned_abs()),
            _ => self.sku.status.as_str().to_owned(),
        }
    }

    /// Whether it is worth a look: more seats are used than there are, or the subscription is not in order.
    pub fn is_odd(&self) -> bool {
        self.sku.free() < 0 || self.sku.status != PlanStatus::Enabled
    }

    /// `Phone System, Calling Plan`.
    pub fn marks(&self) -> String {
        let words: Vec<&str> = self
            .brings
            .iter()
            .map(|class| class_words(*class))
            .collect();
        words.join(", ")
    }

    /// The same for a narrow column, behind the state where that is worth a look: `short by 3; Phone, Calling Plan`.
    pub fn short_marks(&self) -> String {
        let words = match self.brings.len() {
            0 | 1 => self.marks(),
            _ => self.marks().replace("Phone System", "Phone"),
        };
        match (self.is_odd(), words.is_empty()) {
            (true, true) => self.state(),
            (true, false) => format!("{}; {words}", self.state()),
            (false, _) => words,
        }
    }
}

/// A class of plans, for the eye.
pub fn class_words(class: PlanClass) -> &'static str {
    match class {
        PlanClass::Phone => "Phone System",
        PlanClass::Resource => "Virtual user",
        PlanClass::Calling => "Calling Plan",
        PlanClass::Credits => "Credits",
        PlanClass::Teams => "Teams",
        PlanClass::Mobile => "Phone Mobile",
    }
}

/// Somebody who has a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Who.
    pub user: ObjectId,
    /// Whether it is assigned to the user directly.
    pub direct: bool,
    /// Groups that give it.
    pub groups: Vec<GroupId>,
}

/// Who has which product. Two are equal when they are of the same loading.
#[derive(Debug, Clone, Default)]
pub struct Members {
    loading: u64,
    by_sku: HashMap<SkuId, Vec<Member>>,
}

impl PartialEq for Members {
    fn eq(&self, other: &Self) -> bool {
        self.loading == other.loading
    }
}

impl Eq for Members {}

impl Members {
    /// Builds it from assignments; those of one user stand together.
    pub fn new(
        loading: u64,
        licences: impl IntoIterator<Item = (SkuId, ObjectId, Option<GroupId>)>,
    ) -> Self {
        let mut by_sku: HashMap<SkuId, Vec<Member>> = HashMap::new();
        for (sku, user, group) in licences {
            let members = by_sku.entry(sku).or_default();
            if members.last().is_none_or(|last| last.user != user) {
                members.push(Member {
                    user,
                    direct: false,
                    groups: Vec::new(),
                });
            }
            if let Some(member) = members.last_mut() {
                match group {
                    Some(group) => member.groups.push(group),
                    None => member.direct = true,
                }
            }
        }
        Self { loading, by_sku }
    }

    /// Which loading of the inventory it belongs to; 0 before the first.
    pub fn loading(&self) -> u64 {
        self.loading
    }

    /// Who has a product.
    pub fn of(&self, sku: SkuId) -> &[Member] {
        self.by_sku.get(&sku).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::guid::Guid;

    fn user(n: u8) -> ObjectId {
        ObjectId(Guid::from_bytes([n; 16]))
    }

    #[test]
    fn who_has_a_product_by_which_ways() {
        let (sku, group) = (
            SkuId(Guid::from_bytes([9; 16])),
            GroupId(Guid::from_bytes([8; 16])),
        );
        let members = Members::new(
            1,
            [
                (sku, user(1), Some(group)),
                (sku, user(1), None),
                (sku, user(2), None),
            ],
        );
        let of = members.of(sku);
        assert_eq!(of.len(), 2);
        assert_eq!(
            (of[0].direct, of[0].groups.as_slice()),
            (true, [group].as_slice())
        );
        assert_eq!((of[1].direct, of[1].groups.len()), (true, 0));
    }
}
