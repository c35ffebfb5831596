//! What can be mended from here: one change of the tenant, or of this side's own settings, that takes a cause away.
//!
//! A repair is a wish, not a request: it is queued, planned, confirmed, written and read back like any other change.

use super::guid::{PlanId, SkuId};
use super::phone::PhoneNumber;

/// A change that takes the cause of an absence or a refusal away.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Repair {
    /// Switches one plan off inside a licence that was given directly; all other plans of it stay as they are.
    SwitchOff {
        /// The licence.
        sku: SkuId,
        /// The plan inside it.
        plan: PlanId,
    },
    /// Takes a licence away that brings nothing else than the unwanted plan.
    RemoveLicence {
        /// The licence.
        sku: SkuId,
    },
    /// Sets the usage location; which one is asked.
    SetLocation,
    /// Clears the group filter of this tenant: this side's own setting, changed at once.
    ClearGroupFilter,
    /// Takes a number from somebody who has left.
    Release {
        /// The number.
        number: PhoneNumber,
    },
}
