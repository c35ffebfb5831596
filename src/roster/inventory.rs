//! The tenant's numbers and products as lists show them: who has a number, what is odd about it, which seats are free. Pure.
//!
//! Everything here is the tenant's. What this side wants of a number is laid over it by [`Wishes`].

use std::sync::OnceLock;

use crate::domain::country::Country;
use crate::domain::directory::{
    Activation, AssignmentStatus, DirectoryUser, NumberSource, NumberType, Sku, TenantNumber,
};
use crate::domain::guid::{ObjectId, SkuId};
use crate::domain::phone::PhoneNumber;
use crate::domain::plan_ids::{self, PlanClass};

use super::Spot;
use super::products::Product;
use super::wishes::Wishes;

/// Whether the holder of a number can use it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fitness {
    /// Nothing stands against it.
    Fit,
    /// The account is disabled.
    Disabled,
    /// It has no Microsoft licence at all.
    Unlicensed,
    /// It has no usable Phone System, or no licence of resource accounts.
    NoPhoneSystem,
}

impl Fitness {
    /// That of a directory user. Resource accounts are disabled by design, so that says nothing of them.
    pub fn of(user: &DirectoryUser, resource: bool) -> Self {
        let usable = |class| {
            user.plans
                .iter()
                .any(|plan| plan.status.is_usable() && plan_ids::class(plan.plan) == Some(class))
        };
        let phone = usable(PlanClass::Phone) || (resource && usable(PlanClass::Resource));
        if !resource && !user.flags.enabled {
            Self::Disabled
        } else if user.licences.is_empty() {
            Self::Unlicensed
        } else if !phone {
            Self::NoPhoneSystem
        } else {
            Self::Fit
        }
    }
}

/// The directory user that a number is assigned to. What it is called stands in the roster, and is not kept twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Its row of the roster.
    pub spot: Spot,
    /// Whether it is a resource account.
    pub resource: bool,
    /// Whether it can use the number.
    pub fitness: Fitness,
}

impl Owner {
    /// Object id.
    pub fn id(&self) -> ObjectId {
        self.spot.person().id
    }

    /// Display name, not yet safe to draw.
    pub fn name(&self) -> &str {
        self.spot.person().name
    }

    /// Sign-in name, not yet safe to draw.
    pub fn upn(&self) -> &str {
        self.spot.person().upn
    }
}

/// How a number stands in the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nobody has it.
    Free,
    /// Somebody has it.
    Assigned,
    /// It is marked as assigned, and there is nobody who has it.
    Phantom,
}

impl Standing {
    /// The word of columns, filters and `--json`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Assigned => "assigned",
            Self::Phantom => "phantom",
        }
    }
}

/// Why a number serves nobody, or cannot be given to somebody else from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// It is assigned to nobody that the record names.
    NoTarget,
    /// It is assigned to an id that the directory does not know.
    UnknownTarget,
    /// Its holder is disabled.
    Disabled,
    /// Its holder has no Microsoft licence.
    Unlicensed,
    /// Its holder has no usable Phone System.
    NoPhoneSystem,
    /// Its assignment has failed.
    Failed,
    /// Active Directory masters it.
    Directory,
}

impl Blocked {
    /// The words of a column.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoTarget => "assigned to nobody",
            Self::UnknownTarget => "owner is not in the tenant",
            Self::Disabled => "holder is disabled",
            Self::Unlicensed => "holder is unlicensed",
            Self::NoPhoneSystem => "holder: no Phone System",
            Self::Failed => "assignment failed",
            Self::Directory => "number is in AD",
        }
    }

    /// The code of `--json`.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoTarget => "no_target",
            Self::UnknownTarget => "unknown_target",
            Self::Disabled => "holder_disabled",
            Self::Unlicensed => "holder_unlicensed",
            Self::NoPhoneSystem => "holder_no_phone_system",
            Self::Failed => "activation_failed",
            Self::Directory => "on_premises",
        }
    }

    /// What to do about it; whether its holder is a configured user decides how it is released.
    pub fn step(self, configured: bool) -> &'static str {
        match self {
            Self::Disabled if configured => {
                "Release it (edit the user in 1 Users and clear the number), or move it to the successor."
            }
            Self::NoTarget | Self::UnknownTarget => {
                "Release it in the Teams admin centre (Voice, Phone numbers), or with Remove-CsPhoneNumberAssignment; then sync."
            }
            Self::Disabled => {
                "If the holder has left: add the account (2 Add users, everyone), remove it with its number, then apply the plan."
            }
            Self::Unlicensed | Self::NoPhoneSystem => {
                "Give the holder a licence with Phone System, or release the number: calls to it reach nobody."
            }
            Self::Failed => {
                "Read the holder again (why, re-read); if it stays so, release the number and assign it anew."
            }
            Self::Directory => {
                "Clear msRTCSIP-Line of the holder in Active Directory, run the directory sync, then sync here."
            }
        }
    }
}

/// A number of the inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRow {
    /// What tells it from all others, also from a second record of the same number.
    pub key: u32,
    /// The record.
    pub record: TenantNumber,
    /// Who it is assigned to, as far as the directory knows.
    pub owner: Option<Owner>,
    /// The country of the number, by the numbering plans.
    pub country: Option<Country>,
    /// Whether the inventory has another record of the same number.
    pub twice: bool,
}

impl NumberRow {
    /// The row of a record. What tells it from all others, it has from [`Inventory::new`].
    pub fn new(record: TenantNumber, owner: Option<Owner>) -> Self {
        Self {
            key: 0,
            country: record.number.country(),
            record,
            owner,
            twice: false,
        }
    }

    /// How it stands.
    pub fn standing(&self) -> Standing {
        match (self.record.status, self.record.target, &self.owner) {
            (AssignmentStatus::Unassigned, _, _) => Standing::Free,
            (_, Some(_), Some(_)) => Standing::Assigned,
            (_, None, _) | (_, _, None) => Standing::Phantom,
        }
    }

    /// Why it serves nobody, or cannot be moved.
    pub fn blocked(&self) -> Option<Blocked> {
        let owner = match (self.standing(), &self.owner) {
            (Standing::Free, _) => {
                return (self.record.activation == Activation::Failed).then_some(Blocked::Failed);
            }
            (Standing::Phantom, _) if self.record.target.is_none() => {
                return Some(Blocked::NoTarget);
            }
            (Standing::Phantom, _) | (Standing::Assigned, None) => {
                return Some(Blocked::UnknownTarget);
            }
            (Standing::Assigned, Some(owner)) => owner,
        };
        match owner.fitness {
            Fitness::Disabled => Some(Blocked::Disabled),
            Fitness::Unlicensed => Some(Blocked::Unlicensed),
            Fitness::NoPhoneSystem => Some(Blocked::NoPhoneSystem),
            Fitness::Fit if self.record.activation == Activation::Failed => Some(Blocked::Failed),
            Fitness::Fit if self.record.source == NumberSource::OnPremises => {
                Some(Blocked::Directory)
            }
            Fitness::Fit => None,
        }
    }

    /// Who holds it.
    pub fn holder(&self) -> Option<&Owner> {
        self.owner
            .as_ref()
            .filter(|_| self.standing() == Standing::Assigned)
    }

    /// Writes its words for the filter, in lower case.
    fn fold(&self, into: &mut String) {
        let mut add = |word: &str| fold(word, into);
        add(self.record.number.as_str());
        add(kind_words(self.record.kind));
        add(kind_code(self.record.kind));
        add(source_words(self.record.source));
        add(self.standing().word());
        activation_words(self.record.activation).map(&mut add);
        self.country.as_ref().map(Country::as_str).map(&mut add);
        if self.twice {
            add("duplicate");
        }
        if let Some(blocked) = self.blocked() {
            add("blocked");
            add(blocked.words());
        }
        if let Some(owner) = self.holder() {
            add(owner.name());
            add(owner.upn());
            if owner.resource {
                add("resource");
            }
        }
    }
}

/// Writes a word behind those that are there already, in lower case.
fn fold(word: &str, into: &mut String) {
    into.push('\u{1f}');
    if word.is_ascii() {
        let from = into.len();
        into.push_str(word);
        into[from..].make_ascii_lowercase();
    } else {
        into.push_str(&word.to_lowercase());
    }
}

/// What a filter looks for in each row, one text behind the other.
#[derive(Debug, Clone, Default)]
struct Folded {
    text: String,
    /// Where each row's text ends.
    ends: Vec<usize>,
}

impl Folded {
    fn new(rows: &[NumberRow]) -> Self {
        let mut folded = Self::default();
        for row in rows {
            row.fold(&mut folded.text);
            folded.ends.push(folded.text.len());
        }
        folded
    }

    fn get(&self, place: usize) -> &str {
        let from = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.text[from..self.ends[place]]
    }
}

/// The kind of a number, for the eye.
pub fn kind_words(kind: NumberType) -> &'static str {
    kind.words()
}

/// The kind of a number in two letters.
pub fn kind_code(kind: NumberType) -> &'static str {
    match kind {
        NumberType::DirectRouting => "DR",
        NumberType::CallingPlan => "CP",
        NumberType::OperatorConnect => "OC",
        NumberType::Unknown => "?",
    }
}

/// Who masters a number, for the eye.
pub fn source_words(source: NumberSource) -> &'static str {
    match source {
        NumberSource::Online => "online",
        NumberSource::OnPremises => "on-premises (AD)",
        NumberSource::Unknown => "source not said",
    }
}

/// The activation of a number; `None` where Teams does not say.
pub fn activation_words(activation: Activation) -> Option<&'static str> {
    match activation {
        Activation::Activated => Some("activated"),
        Activation::Pending => Some("activation pending"),
        Activation::Failed => Some("activation failed"),
        Activation::Unknown => None,
    }
}

/// What a number is assigned for.
pub fn use_words(status: AssignmentStatus) -> &'static str {
    match status {
        AssignmentStatus::Unassigned => "unassigned",
        AssignmentStatus::User => "user",
        AssignmentStatus::Conference => "conference bridge",
        AssignmentStatus::VoiceApplication => "attendant or queue",
        AssignmentStatus::Other => "something else",
    }
}

/// Numbers and products of one snapshot. Two are equal when they are of the same loading.
#[derive(Debug, Clone, Default)]
pub struct Inventory {
    loading: u64,
    /// The numbers, in their order.
    pub numbers: Vec<NumberRow>,
    /// Whether the numbers could be read.
    pub known: bool,
    /// The products, in the tenant's order.
    pub products: Vec<Product>,
    /// Made by the first filter: most consoles never filter their numbers.
    folded: OnceLock<Folded>,
}

impl PartialEq for Inventory {
    fn eq(&self, other: &Self) -> bool {
        self.loading == other.loading && self.numbers.len() == other.numbers.len()
    }
}

impl Eq for Inventory {}

impl Inventory {
    /// Builds it from the rows of sorted records, and the products.
    pub fn new(loading: u64, numbers: Option<Vec<NumberRow>>, skus: Vec<Sku>) -> Self {
        let known = numbers.is_some();
        let mut numbers = numbers.unwrap_or_default();
        for (key, row) in (0..).zip(&mut numbers) {
            row.key = key;
        }
        for next in 1..numbers.len() {
            if numbers[next].record.number == numbers[next - 1].record.number {
                numbers[next - 1].twice = true;
                numbers[next].twice = true;
            }
        }
        Self {
            loading,
            numbers,
            known,
            products: skus.into_iter().map(Product::new).collect(),
            folded: OnceLock::new(),
        }
    }

    /// Writes what a filter looks for in the number at a place, in lower case: what the tenant says, and what this side does.
    pub fn folded(&self, place: usize, wishes: &Wishes<'_>, into: &mut String) {
        into.clear();
        let folded = self.folded.get_or_init(|| Folded::new(&self.numbers));
        into.push_str(folded.get(place));
        for word in wishes.words(&self.numbers[place]) {
            fold(word, into);
        }
    }

    /// Which loading it is of; 0 before the first.
    pub fn loading(&self) -> u64 {
        self.loading
    }

    /// The place of a number: of several records the one that is held.
    pub fn place_of(&self, number: &PhoneNumber) -> Option<usize> {
        let of = |row: &NumberRow| row.record.number == *number;
        let first = self.numbers.iter().position(of)?;
        let held = self.numbers[first..]
            .iter()
            .take_while(|row| of(row))
            .position(|row| row.holder().is_some());
        Some(first + held.unwrap_or(0))
    }

    /// The product with this id.
    pub fn product(&self, sku: SkuId) -> Option<&Product> {
        self.products.iter().find(|product| product.sku.id == sku)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{AssignedPlan, Licence, PlanStatus, UserFlags};
    use crate::domain::guid::{Guid, PlanId};

    const PHONE: &str = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7";
    const VIRTUAL: &str = "f47330e9-c134-43b3-9993-e7f004506889";

    fn id(n: u8) -> ObjectId {
        ObjectId(Guid::from_bytes([n; 16]))
    }

    fn user(enabled: bool, plans: &[(&str, PlanStatus)]) -> DirectoryUser {
        let plan = |(id, status): &(&str, PlanStatus)| AssignedPlan {
            plan: id.parse::<PlanId>().unwrap(),
            status: *status,
            since: None,
        };
        DirectoryUser {
            id: id(1),
            name: "Lee Gu".into(),
            upn: "lee@contoso.example".into(),
            mail: None,
            addresses: Vec::new(),
            location: None,
            flags: UserFlags {
                enabled,
                ..UserFlags::default()
            },
            licences: plans
                .iter()
                .map(|_| Licence {
                    sku: SkuId(Guid::from_bytes([9; 16])),
                    group: None,
                    disabled: Vec::new(),
                    error: None,
                })
                .collect(),
            plans: plans.iter().map(plan).collect(),
            flaw: None,
        }
    }

    fn record(number: &str, status: AssignmentStatus, target: Option<ObjectId>) -> TenantNumber {
        TenantNumber {
            number: PhoneNumber::from_tenant(number).unwrap(),
            kind: NumberType::DirectRouting,
            source: NumberSource::Online,
            status,
            target,
            primary: true,
            activation: Activation::Activated,
        }
    }

    fn owner(user: &DirectoryUser) -> Owner {
        Owner {
            spot: Spot::called(user.id, &user.name, &user.upn),
            resource: false,
            fitness: Fitness::of(user, false),
        }
    }

    fn row(record: TenantNumber, owner: Option<Owner>) -> NumberRow {
        NumberRow::new(record, owner)
    }

    #[test]
    fn whether_a_holder_can_use_its_number() {
        use PlanStatus::{Enabled, Suspended, Warning};
        for (user, resource, fitness) in [
            (user(true, &[(PHONE, Enabled)]), false, Fitness::Fit),
            (user(true, &[(PHONE, Warning)]), false, Fitness::Fit),
            (
                user(true, &[(PHONE, Suspended)]),
                false,
                Fitness::NoPhoneSystem,
            ),
            (
                user(true, &[(VIRTUAL, Enabled)]),
                false,
                Fitness::NoPhoneSystem,
            ),
            (user(false, &[(PHONE, Enabled)]), false, Fitness::Disabled),
            (user(true, &[]), false, Fitness::Unlicensed),
            // Resource accounts are disabled by design.
            (user(false, &[(VIRTUAL, Enabled)]), true, Fitness::Fit),
            (user(false, &[]), true, Fitness::Unlicensed),
        ] {
            assert_eq!(Fitness::of(&user, resource), fitness, "{user:?}");
        }
    }

    #[test]
    fn assigned_takes_a_state_and_an_owner() {
        use AssignmentStatus as S;
        let fit = || owner(&user(true, &[(PHONE, PlanStatus::Enabled)]));
        let number = "+441235123465";
        for (status, target, owner, standing, blocked) in [
            (S::Unassigned, None, None, Standing::Free, None),
            (
                S::Unassigned,
                Some(id(1)),
                Some(fit()),
                Standing::Free,
                None,
            ),
            (S::User, Some(id(1)), Some(fit()), Standing::Assigned, None),
            (
                S::User,
                None,
                None,
                Standing::Phantom,
                Some(Blocked::NoTarget),
            ),
            (
                S::VoiceApplication,
                Some(id(7)),
                None,
                Standing::Phantom,
                Some(Blocked::UnknownTarget),
            ),
            (
                S::Other,
                None,
                None,
                Standing::Phantom,
                Some(Blocked::NoTarget),
            ),
        ] {
            let row = row(record(number, status, target), owner);
            assert_eq!(
                (row.standing(), row.blocked()),
                (standing, blocked),
                "{status:?}"
            );
        }
        let mut of_ad = record(number, S::User, Some(id(1)));
        of_ad.source = NumberSource::OnPremises;
        assert_eq!(row(of_ad, Some(fit())).blocked(), Some(Blocked::Directory));
        let mut failed = record(number, S::User, Some(id(1)));
        failed.activation = Activation::Failed;
        assert_eq!(row(failed, Some(fit())).blocked(), Some(Blocked::Failed));
    }

    #[test]
    fn two_records_of_a_number_are_seen_and_the_held_one_is_meant() {
        let owner = owner(&user(true, &[(PHONE, PlanStatus::Enabled)]));
        let numbers = vec![
            row(
                record("+441235123464", AssignmentStatus::Unassigned, None),
                None,
            ),
            row(
                record("+441235123465", AssignmentStatus::Unassigned, None),
                None,
            ),
            row(
                record("+441235123465", AssignmentStatus::User, Some(id(1))),
                Some(owner),
            ),
        ];
        let inventory = Inventory::new(1, Some(numbers), Vec::new());
        let twice: Vec<bool> = inventory.numbers.iter().map(|row| row.twice).collect();
        assert_eq!(twice, [false, true, true]);
        let number = PhoneNumber::from_tenant("+441235123465").unwrap();
        assert_eq!(inventory.place_of(&number), Some(2));
        let unread = Inventory::new(1, None, Vec::new());
        assert!(!unread.known);
    }
}
