//! The tenant's numbers and products as lists show them: who has a number, what is odd about it, which seats are free. Pure.
//!
//! Everything here is the tenant's. What this side wants of a number is laid over it by [`Wishes`].

use std::collections::HashMap;

use crate::domain::country::Country;
use crate::domain::directory::{
    Activation, AssignmentStatus, DirectoryUser, NumberSource, NumberType, Sku, TenantNumber,
};
use crate::domain::guid::{GroupId, ObjectId, SkuId};
use crate::domain::outbox::{Entry, EntryState};
use crate::domain::phone::PhoneNumber;
use crate::domain::plan_ids::{self, PlanClass};
use crate::domain::user::Value;

use super::desk::{Desk, DeskUser};

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

/// The directory user that a number is assigned to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    /// Object id.
    pub id: ObjectId,
    /// Display name, not yet safe to draw.
    pub name: Box<str>,
    /// Sign-in name, not yet safe to draw.
    pub upn: Box<str>,
    /// Whether it is a resource account.
    pub resource: bool,
    /// Whether it can use the number.
    pub fitness: Fitness,
}

impl Owner {
    /// The owner that a directory user is. Resource accounts are disabled by design, so that says nothing of them.
    pub fn new(user: &DirectoryUser, resource: bool) -> Self {
        let usable = |class| {
            user.plans
                .iter()
                .any(|plan| plan.status.is_usable() && plan_ids::class(plan.plan) == Some(class))
        };
        let phone = usable(PlanClass::Phone) || (resource && usable(PlanClass::Resource));
        let fitness = if !resource && !user.flags.enabled {
            Fitness::Disabled
        } else if user.licences.is_empty() {
            Fitness::Unlicensed
        } else if !phone {
            Fitness::NoPhoneSystem
        } else {
            Fitness::Fit
        };
        Self {
            id: user.id,
            name: user.name.as_str().into(),
            upn: user.upn.as_str().into(),
            resource,
            fitness,
        }
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

    /// What to do about it.
    pub fn step(self) -> &'static str {
        match self {
            Self::NoTarget | Self::UnknownTarget => {
                "Release it in the Teams admin centre (Voice, Phone numbers), or with Remove-CsPhoneNumberAssignment; then sync."
            }
            Self::Disabled => {
                "If the holder has left: add the account in 2 (f), then remove it with its number, and the next run releases it."
            }
            Self::Unlicensed | Self::NoPhoneSystem => {
                "Give the holder a licence with Phone System, or release the number: calls to it reach nobody."
            }
            Self::Failed => {
                "Read the holder again (w, then r); if it stays so, release the number and assign it anew."
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
    folded: Box<str>,
}

impl NumberRow {
    fn new(key: u32, record: TenantNumber, owner: Option<Owner>, twice: bool) -> Self {
        let country = record.number.country();
        let mut row = Self {
            key,
            record,
            owner,
            country,
            twice,
            folded: Box::default(),
        };
        row.folded = row.fold().into();
        row
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

    fn fold(&self) -> String {
        let mut words = vec![
            self.record.number.as_str(),
            kind_words(self.record.kind),
            kind_code(self.record.kind),
            source_words(self.record.source),
            self.standing().word(),
        ];
        words.extend(activation_words(self.record.activation));
        words.extend(self.country.as_ref().map(Country::as_str));
        if self.twice {
            words.push("duplicate");
        }
        if let Some(blocked) = self.blocked() {
            words.extend(["blocked", blocked.words()]);
        }
        if let Some(owner) = self.holder() {
            words.extend([&*owner.name, &*owner.upn]);
            if owner.resource {
                words.push("resource");
            }
        }
        words.join("\u{1f}").to_lowercase()
    }

    /// Lower-case text for the filter: what the tenant says, and what this side does.
    pub fn folded(&self, wishes: &Wishes<'_>, into: &mut String) {
        into.clear();
        into.push_str(&self.folded);
        for word in wishes.words(self) {
            into.push('\u{1f}');
            into.extend(word.chars().flat_map(char::to_lowercase));
        }
    }
}

/// The kind of a number, for the eye.
pub fn kind_words(kind: NumberType) -> &'static str {
    match kind {
        NumberType::DirectRouting => "Direct Routing",
        NumberType::CallingPlan => "Calling Plan",
        NumberType::OperatorConnect => "Operator Connect",
        NumberType::Unknown => "unknown type",
    }
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
    fn new(sku: Sku) -> Self {
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
        self.sku.free() < 0 || self.sku.status != crate::domain::directory::PlanStatus::Enabled
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
}

impl PartialEq for Inventory {
    fn eq(&self, other: &Self) -> bool {
        self.loading == other.loading && self.numbers.len() == other.numbers.len()
    }
}

impl Eq for Inventory {}

impl Inventory {
    /// Builds it from sorted records, their owners, and the products.
    pub fn new(
        loading: u64,
        numbers: Option<Vec<TenantNumber>>,
        owners: &HashMap<ObjectId, Owner>,
        skus: Vec<Sku>,
    ) -> Self {
        let known = numbers.is_some();
        let records = numbers.unwrap_or_default();
        let twice: Vec<bool> = (0..records.len())
            .map(|n| {
                let same = |other: Option<&TenantNumber>| {
                    other.is_some_and(|other| other.number == records[n].number)
                };
                same(records.get(n + 1)) || (n > 0 && same(records.get(n - 1)))
            })
            .collect();
        let numbers = (0..)
            .zip(records)
            .zip(twice)
            .map(|((key, record), twice)| {
                let owner = record.target.and_then(|id| owners.get(&id)).cloned();
                NumberRow::new(key, record, owner, twice)
            })
            .collect();
        Self {
            loading,
            numbers,
            known,
            products: skus.into_iter().map(Product::new).collect(),
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

/// What this side has and wants of numbers, looked up by number.
#[derive(Debug, Default)]
pub struct Wishes<'a> {
    wanted: HashMap<&'a PhoneNumber, Vec<&'a Entry>>,
    given_up: HashMap<&'a PhoneNumber, &'a Entry>,
    configured: HashMap<ObjectId, &'a DeskUser>,
}

impl<'a> Wishes<'a> {
    /// Of a desk.
    pub fn of(desk: &'a Desk) -> Self {
        let mut wishes = Self::default();
        for entry in &desk.entries {
            if let Value::Number(Some(number)) = &entry.wanted {
                wishes.wanted.entry(number).or_default().push(entry);
            }
            if let Value::Number(Some(number)) = &entry.base
                && entry.base != entry.wanted
            {
                wishes.given_up.insert(number, entry);
            }
        }
        for row in &desk.users {
            if let Some(id) = row.user.association.id() {
                wishes.configured.insert(id, row);
            }
        }
        wishes
    }

    /// The configured user that holds a number.
    pub fn user(&self, row: &NumberRow) -> Option<&'a DeskUser> {
        self.configured.get(&row.holder()?.id).copied()
    }

    /// Entries that want the number for somebody.
    pub fn wanted(&self, row: &NumberRow) -> &[&'a Entry] {
        self.wanted
            .get(&row.record.number)
            .map_or(&[], Vec::as_slice)
    }

    /// The entry that takes the number from its holder.
    pub fn given_up(&self, row: &NumberRow) -> Option<&'a Entry> {
        self.given_up.get(&row.record.number).copied()
    }

    /// Who are several that want or have it, where they are: a number is one user's.
    pub fn rivals(&self, row: &NumberRow) -> Vec<&'a str> {
        let wanted = self.wanted(row);
        let mut names: Vec<&str> = wanted.iter().map(|entry| entry.name.as_str()).collect();
        if self.given_up(row).is_none()
            && let Some(user) = self.user(row)
            && wanted.iter().any(|entry| entry.user != Some(user.user.id))
        {
            names.push(&user.user.name);
        }
        if names.len() < 2 {
            names.clear();
        }
        names
    }

    /// What is under way with the number: `for Ben Walters, queued`.
    pub fn pending(&self, row: &NumberRow) -> Option<String> {
        let parts: Vec<String> = self
            .wanted(row)
            .iter()
            .map(|entry| format!("for {}, {}", entry.name, entry.state.word()))
            .chain(
                self.given_up(row)
                    .map(|entry| format!("release {}", entry.state.word())),
            )
            .collect();
        (!parts.is_empty()).then(|| parts.join("; "))
    }

    /// Whether a request about the number may be on its way in the tenant.
    pub fn is_under_way(&self, row: &NumberRow) -> bool {
        let sent = |entry: &&Entry| {
            entry.state.needs_settling() || matches!(entry.state, EntryState::Applied { .. })
        };
        self.wanted(row).iter().any(sent) || self.given_up(row).iter().any(sent)
    }

    /// The words that the filter finds.
    fn words(&self, row: &NumberRow) -> Vec<&'a str> {
        let mut words = Vec::new();
        for entry in self.wanted(row).iter().copied().chain(self.given_up(row)) {
            words.extend(["pending", entry.state.word(), entry.name.as_str()]);
        }
        if !self.rivals(row).is_empty() {
            words.push("duplicate");
        }
        if row.holder().is_some() {
            words.push(match self.user(row) {
                Some(_) => "configured",
                None => "not added",
            });
        }
        words
    }
}
