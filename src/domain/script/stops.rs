//! Which number stops when licences change: all changes of one user count together, and what could not be read is not taken for nothing.

use crate::domain::directory::{DirectoryUser, NumberType, Sku, TenantNumber};
use crate::domain::mending;
use crate::domain::phone::PhoneNumber;
use crate::domain::plan_ids::{self, PlanClass};
use crate::domain::user::Value;

/// What a change of a licence stops.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Stops {
    /// No number in use.
    #[default]
    Nothing,
    /// This number: it is released first, once the sign-in name has been typed.
    Number(PhoneNumber),
    /// Perhaps one: the inventory could not be read. It is asked all the same, and what is held then is released.
    Unread,
}

impl Stops {
    /// What all of these changes of one user stop together.
    pub fn of(
        wanted: &[&Value],
        user: &DirectoryUser,
        numbers: Option<&[TenantNumber]>,
        skus: &[Sku],
    ) -> Self {
        match numbers {
            Some(numbers) => {
                let mut stopped = mending::stops(wanted, user, numbers, skus).into_iter();
                match (stopped.next(), stopped.next()) {
                    (None, _) => Self::Nothing,
                    (Some(number), None) => Self::Number(number),
                    // Several: whatever is held then is asked about and released.
                    (Some(_), Some(_)) => Self::Unread,
                }
            }
            None if wanted.iter().any(|value| takes_calling(value, skus))
                && mending::clears_calling(wanted, user, skus) =>
            {
                Self::Unread
            }
            None => Self::Nothing,
        }
    }

    /// What stops when somebody loses whatever a group gives.
    pub fn of_leaving(user: &DirectoryUser, numbers: Option<&[TenantNumber]>) -> Self {
        match numbers {
            Some(numbers) => calling_number(user, numbers)
                .map_or(Self::Nothing, |number| Self::Number(number.clone())),
            None => Self::Unread,
        }
    }
}

/// The number of Microsoft's that somebody holds.
pub fn calling_number<'a>(
    user: &DirectoryUser,
    numbers: &'a [TenantNumber],
) -> Option<&'a PhoneNumber> {
    numbers
        .iter()
        .find(|number| number.kind == NumberType::CallingPlan && number.holder() == Some(user.id))
        .map(|number| &number.number)
}

/// Whether a change can take a Calling Plan away. A licence that is not in the tenant's list of products may hold one.
pub(super) fn takes_calling(wanted: &Value, skus: &[Sku]) -> bool {
    let is_calling = |plan| plan_ids::class(plan) == Some(PlanClass::Calling);
    match wanted {
        Value::Plan {
            plan, on: false, ..
        } => is_calling(*plan),
        Value::Licence { sku, off: None } => skus
            .iter()
            .find(|listed| listed.id == *sku)
            .is_none_or(|listed| listed.plans.iter().any(|plan| is_calling(plan.id))),
        Value::Plan { on: true, .. }
        | Value::Licence { off: Some(_), .. }
        | Value::Number(_)
        | Value::Country(_)
        | Value::Added(_) => false,
    }
}
