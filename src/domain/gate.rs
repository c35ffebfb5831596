//! The gates that a directory user passes to become a candidate, in order; the five counters; one first cause each.
//!
//! Knows nothing of who is configured: that is laid over the cause where rows are shown.

use super::country::Country;
use super::directory::{
    AccountType, DirectoryUser, GroupFilter, NumberSource, TeamsUser, TenantNumber,
};
use super::phone::PhoneNumber;
use super::plan_ids::{self, PlanClass};
use super::run::Counters;
use super::standing::{self, Blocked};
use super::words;

/// Why somebody is no candidate, or that they are one: exactly one per directory user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FirstCause {
    /// May be added.
    Eligible,
    /// Is configured already.
    Configured,
    /// A resource account, which may be added.
    Resource,
    /// A gate whose facts could not be read.
    Unknown,
    /// Not in the tenant at all.
    NotInTenant,
    /// The account is disabled.
    Disabled,
    /// Outside the group filter.
    NotInGroup,
    /// A guest.
    Guest,
    /// No Microsoft licence.
    Unlicensed,
    /// No Phone System.
    NoPhoneSystem,
    /// Phone System is there, but suspended, locked out or deleted.
    PlanNotUsable,
    /// Has a Calling Plan.
    CallingPlan,
    /// Has Communications Credits.
    CommunicationsCredits,
}

impl FirstCause {
    /// All causes, by their stored byte.
    pub const ALL: [Self; 13] = [
        Self::Eligible,
        Self::Configured,
        Self::Resource,
        Self::Unknown,
        Self::NotInTenant,
        Self::Disabled,
        Self::NotInGroup,
        Self::Guest,
        Self::Unlicensed,
        Self::NoPhoneSystem,
        Self::PlanNotUsable,
        Self::CallingPlan,
        Self::CommunicationsCredits,
    ];

    /// The byte that is stored.
    pub fn byte(self) -> u8 {
        u8::try_from(
            Self::ALL
                .iter()
                .position(|cause| *cause == self)
                .expect("ALL lists every cause"),
        )
        .expect("there are thirteen")
    }

    /// Reads [`Self::byte`]; an unknown byte is an unknown cause.
    pub fn from_byte(byte: u8) -> Self {
        Self::ALL
            .get(usize::from(byte))
            .copied()
            .unwrap_or(Self::Unknown)
    }

    /// The code of `--json`, logs and filters.
    pub fn code(self) -> &'static str {
        match self {
            Self::Eligible => "eligible",
            Self::Configured => "configured",
            Self::Resource => "resource",
            Self::Unknown => "unknown",
            Self::NotInTenant => "not_in_tenant",
            Self::Disabled => "disabled",
            Self::NotInGroup => "not_in_group",
            Self::Guest => "guest",
            Self::Unlicensed => "unlicensed",
            Self::NoPhoneSystem => "no_phone_system",
            Self::PlanNotUsable => "plan_not_usable",
            Self::CallingPlan => "calling_plan",
            Self::CommunicationsCredits => "communications_credits",
        }
    }

    /// The words of a column.
    pub fn words(self) -> &'static str {
        match self {
            Self::Eligible => "can be added",
            Self::Configured => "configured",
            Self::Resource => "resource account",
            Self::Unknown => "unknown: not all could be read",
            Self::NotInTenant => "not in the tenant",
            Self::Disabled => "account disabled",
            Self::NotInGroup => "not in the group",
            Self::Guest => "guest",
            Self::Unlicensed => "no Microsoft licence",
            Self::NoPhoneSystem => "no Phone System",
            Self::PlanNotUsable => "Phone System not usable",
            Self::CallingPlan => "Calling Plan",
            Self::CommunicationsCredits => words::CREDITS,
        }
    }

    /// Whether this makes a row of the picklist.
    pub fn is_candidate(self) -> bool {
        matches!(self, Self::Eligible | Self::Resource)
    }

    /// Whether somebody is asked after in vain: neither on the list of users nor among those who can be added.
    pub fn is_missing(self) -> bool {
        !self.is_candidate() && self != Self::Configured
    }
}

/// What is told of somebody though it does not exclude.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Warning {
    /// Phone System without Teams.
    NoTeams,
    /// A room or shared-device SKU.
    Room,
    /// No usage location.
    NoUsageLocation,
    /// Usage location and number are of different countries.
    Country,
    /// The number comes from on-premises Active Directory.
    DirsyncNumber,
    /// No name.
    NoName,
    /// No e-mail.
    NoMail,
    /// A Direct Routing number is held, and enterprise voice is off.
    CallsBlocked,
}

impl Warning {
    /// All warnings, by their bit.
    pub const ALL: [Self; 8] = [
        Self::NoTeams,
        Self::Room,
        Self::NoUsageLocation,
        Self::Country,
        Self::DirsyncNumber,
        Self::NoName,
        Self::NoMail,
        Self::CallsBlocked,
    ];

    /// The code of `--json`.
    pub fn code(self) -> &'static str {
        match self {
            Self::NoTeams => "no_teams",
            Self::Room => "room",
            Self::NoUsageLocation => "no_usage_location",
            Self::Country => "country",
            Self::DirsyncNumber => "dirsync_number",
            Self::NoName => "no_name",
            Self::NoMail => "no_mail",
            Self::CallsBlocked => "calls_blocked",
        }
    }

    /// The words of a column.
    pub fn words(self) -> &'static str {
        match self {
            Self::NoTeams => "Phone System without Teams",
            Self::Room => "room or shared device",
            Self::NoUsageLocation => words::NO_COUNTRY,
            Self::Country => "country differs from the number's",
            Self::DirsyncNumber => "DirSync'd user: number is in AD",
            Self::NoName => "no name",
            Self::NoMail => "no e-mail",
            Self::CallsBlocked => "calls blocked: enterprise voice is off",
        }
    }
}

/// What is stored beside the first cause: the counters that a user counts in, and the warnings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Marks(pub u32);

impl Marks {
    const TOTAL: u32 = 1;
    const LICENSED: u32 = 2;
    const PHONE: u32 = 4;
    const EXCLUDED: u32 = 8;
    const RESOURCE: u32 = 16;
    /// A resource account, counted or not.
    const IS_RESOURCE: u32 = 32;
    /// Enabled and no resource account: counts in the M of the group line.
    const ENABLED: u32 = 64;
    const WARNINGS_FROM: u32 = 8;

    fn has(self, bit: u32) -> bool {
        self.0 & bit != 0
    }

    /// Whether it is a resource account.
    pub fn is_resource(self) -> bool {
        self.has(Self::IS_RESOURCE)
    }

    /// Whether it counts among all enabled users, in the group or not.
    pub fn is_enabled(self) -> bool {
        self.has(Self::ENABLED)
    }

    /// Adds this user to the counters.
    pub fn count_in(self, counters: &mut Counters) {
        counters.total += u64::from(self.has(Self::TOTAL));
        counters.licensed += u64::from(self.has(Self::LICENSED));
        counters.phone_system += u64::from(self.has(Self::PHONE));
        counters.excluded_by_calling_plan += u64::from(self.has(Self::EXCLUDED));
        counters.resource += u64::from(self.has(Self::RESOURCE));
    }

    /// The warnings.
    pub fn warnings(self) -> impl Iterator<Item = Warning> {
        Warning::ALL
            .into_iter()
            .enumerate()
            .filter(move |(n, _)| self.0 >> Self::WARNINGS_FROM >> n & 1 == 1)
            .map(|(_, w)| w)
    }

    /// The same once these values are in the tenant: what is said of the country is said of them, and not of what was read before.
    #[must_use]
    pub fn with_values(mut self, number: Option<&PhoneNumber>, country: Option<Country>) -> Self {
        self.0 &= !Self::bit(Warning::Country);
        if let Some(country) = country {
            self.0 &= !Self::bit(Warning::NoUsageLocation);
            if number.is_some_and(|number| !number.fits(country)) {
                self.warn(Warning::Country);
            }
        }
        self
    }

    fn warn(&mut self, warning: Warning) {
        self.0 |= Self::bit(warning);
    }

    fn bit(warning: Warning) -> u32 {
        let n = Warning::ALL
            .iter()
            .position(|w| *w == warning)
            .expect("ALL lists every warning");
        1 << n << Self::WARNINGS_FROM
    }
}

/// Everything that the gates look at, for one user.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The directory user.
    pub user: &'a DirectoryUser,
    /// The group filter.
    pub group: &'a GroupFilter,
    /// Teams' view of this user; `None` where Teams has no row or could not be read.
    pub teams: Option<&'a TeamsUser>,
    /// The numbers that this user holds; `None` when the inventory could not be read.
    pub numbers: Option<&'a [TenantNumber]>,
}

/// The outcome of classifying one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Class {
    /// First cause.
    pub cause: FirstCause,
    /// Counters and warnings.
    pub marks: Marks,
    /// The number that the tenant has for this user.
    pub number: Option<PhoneNumber>,
}

impl Facts<'_> {
    /// Whether any usable plan is of the class.
    pub fn usable(&self, class: PlanClass) -> bool {
        self.user
            .plans
            .iter()
            .any(|p| p.status.is_usable() && plan_ids::class(p.plan) == Some(class))
    }

    /// Whether any plan of the class is there but not usable.
    fn decayed(&self, class: PlanClass) -> bool {
        self.user
            .plans
            .iter()
            .any(|p| !p.status.is_usable() && plan_ids::class(p.plan) == Some(class))
    }

    /// Whether this is a resource account: by Teams where Teams knows, else by the department mark, else by the licence.
    pub fn is_resource(&self) -> bool {
        match self.teams.map(|teams| teams.account) {
            Some(AccountType::Resource) => true,
            Some(AccountType::User | AccountType::Guest | AccountType::OnPremises) => false,
            Some(AccountType::Ineligible | AccountType::Unknown) | None => {
                self.user.flags.application_mark || self.usable(PlanClass::Resource)
            }
        }
    }

    /// The number that the tenant has for this user: the inventory's, else what Teams shows where the inventory could not be read.
    pub fn number(&self) -> Option<PhoneNumber> {
        match self.numbers {
            Some(numbers) => numbers
                .iter()
                .filter(|n| n.holder() == Some(self.user.id))
                .min_by_key(|n| !n.primary)
                .map(|n| n.number.clone()),
            None => self
                .teams
                .and_then(|t| t.number.as_deref())
                .and_then(PhoneNumber::from_tenant),
        }
    }

    /// Whether the number is mastered by on-premises Active Directory.
    pub fn number_is_on_premises(&self) -> bool {
        self.numbers
            .unwrap_or_default()
            .iter()
            .any(|n| n.holder() == Some(self.user.id) && n.source == NumberSource::OnPremises)
    }

    /// First cause, counters and warnings.
    pub fn classify(&self) -> Class {
        let user = self.user;
        let number = self.number();
        let resource = self.is_resource();
        let phone = self.usable(PlanClass::Phone);
        let mut marks = Marks::default();
        let cause = if resource {
            marks.0 |= Marks::IS_RESOURCE;
            match self.group.admits(user.id) {
                Some(true) => {
                    marks.0 |= Marks::RESOURCE;
                    FirstCause::Resource
                }
                Some(false) => FirstCause::NotInGroup,
                None => FirstCause::Unknown,
            }
        } else {
            self.count(&mut marks, phone);
            self.first_failed(phone)
        };
        self.warn(&mut marks, number.as_ref(), phone && !resource);
        Class {
            cause,
            marks,
            number,
        }
    }

    /// The counters take guests like anyone; they nest, so each is asked only of those who passed the one before.
    fn count(&self, marks: &mut Marks, phone: bool) {
        if !self.user.flags.enabled {
            return;
        }
        marks.0 |= Marks::ENABLED;
        if self.group.admits(self.user.id) != Some(true) {
            return;
        }
        marks.0 |= Marks::TOTAL;
        if self.user.licences.is_empty() {
            return;
        }
        marks.0 |= Marks::LICENSED;
        if !phone {
            return;
        }
        marks.0 |= Marks::PHONE;
        if self.usable(PlanClass::Calling) || self.usable(PlanClass::Credits) {
            marks.0 |= Marks::EXCLUDED;
        }
    }

    /// The field of the tenant's record that a gate rests on and that could not be read, by Graph's name.
    pub fn unread(&self, gate: Gate) -> Option<&'static str> {
        let key = match gate {
            Gate::Enabled => "accountEnabled",
            Gate::NotGuest => "userType",
            Gate::Licensed => "assignedLicenses",
            Gate::PhoneSystem | Gate::NoCallingPlan | Gate::NoCredits | Gate::ResourceLicence => {
                "assignedPlans"
            }
            Gate::UsageLocation => "usageLocation",
            Gate::InGroup | Gate::NumberOurs => return None,
        };
        // A flaw names the fields that it is about.
        self.user
            .flaw
            .as_deref()
            .is_some_and(|flaw| flaw.contains(key))
            .then_some(key)
    }

    fn first_failed(&self, phone: bool) -> FirstCause {
        let user = self.user;
        let unread = |gate| self.unread(gate).is_some();
        if unread(Gate::Enabled) {
            return FirstCause::Unknown;
        }
        if !user.flags.enabled {
            return FirstCause::Disabled;
        }
        match self.group.admits(user.id) {
            None => return FirstCause::Unknown,
            Some(false) => return FirstCause::NotInGroup,
            Some(true) => {}
        }
        if unread(Gate::NotGuest) {
            FirstCause::Unknown
        } else if user.flags.guest {
            FirstCause::Guest
        } else if unread(Gate::Licensed) {
            FirstCause::Unknown
        } else if user.licences.is_empty() {
            FirstCause::Unlicensed
        } else if unread(Gate::PhoneSystem) {
            FirstCause::Unknown
        } else if !phone && self.decayed(PlanClass::Phone) {
            FirstCause::PlanNotUsable
        } else if !phone {
            FirstCause::NoPhoneSystem
        } else if self.usable(PlanClass::Calling) {
            FirstCause::CallingPlan
        } else if self.usable(PlanClass::Credits) {
            FirstCause::CommunicationsCredits
        } else {
            FirstCause::Eligible
        }
    }

    fn warn(&self, marks: &mut Marks, number: Option<&PhoneNumber>, person_with_phone: bool) {
        let user = self.user;
        if person_with_phone && !self.usable(PlanClass::Teams) {
            marks.warn(Warning::NoTeams);
        }
        if user
            .licences
            .iter()
            .any(|licence| plan_ids::is_room(licence.sku))
        {
            marks.warn(Warning::Room);
        }
        match (user.location, number) {
            (None, _) if !user.licences.is_empty() => marks.warn(Warning::NoUsageLocation),
            (Some(location), Some(number)) if !number.fits(location) => {
                marks.warn(Warning::Country);
            }
            _ => {}
        }
        if self.number_is_on_premises() {
            marks.warn(Warning::DirsyncNumber);
        }
        if user.name.trim().is_empty() {
            marks.warn(Warning::NoName);
        }
        if user.mail.is_none() {
            marks.warn(Warning::NoMail);
        }
        // That no voice route is granted blocks only where the tenant's own policy has none: that is told by `why` alone.
        if standing::blocked(self) == Some(Blocked::NoVoice) {
            marks.warn(Warning::CallsBlocked);
        }
    }
}

/// One condition, for a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Gate {
    /// The account is enabled.
    Enabled,
    /// In the group filter.
    InGroup,
    /// Not a guest.
    NotGuest,
    /// Any licence.
    Licensed,
    /// A usable Phone System.
    PhoneSystem,
    /// No Calling Plan.
    NoCallingPlan,
    /// No Communications Credits.
    NoCredits,
    /// A resource account's licence.
    ResourceLicence,
    /// A usage location, which a resource account's number needs.
    UsageLocation,
    /// The number's type and source let it be written from here.
    NumberOurs,
}

impl Gate {
    /// The code of `--json`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::InGroup => "in_group",
            Self::NotGuest => "not_guest",
            Self::Licensed => "licensed",
            Self::PhoneSystem => "phone_system",
            Self::NoCallingPlan => "no_calling_plan",
            Self::NoCredits => "no_communications_credits",
            Self::ResourceLicence => "resource_licence",
            Self::UsageLocation => "usage_location",
            Self::NumberOurs => "number",
        }
    }

    /// The words of a screen.
    pub fn words(self) -> &'static str {
        match self {
            Self::Enabled => "enabled",
            Self::InGroup => "in the group",
            Self::NotGuest => "not a guest",
            Self::Licensed => "licensed",
            Self::PhoneSystem => "Phone System",
            Self::NoCallingPlan => "no Calling Plan",
            Self::NoCredits => "no Credits",
            Self::ResourceLicence => "resource licence",
            Self::UsageLocation => "usage location",
            Self::NumberOurs => "number",
        }
    }
}

/// Whether a gate lets somebody through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum GateResult {
    /// It does.
    Passed,
    /// It does not.
    Failed,
    /// Its facts could not be read.
    Unknown,
}

impl GateResult {
    /// The code of `--json`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// A gate with its evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateFinding {
    /// Which.
    pub gate: Gate,
    /// How it stands.
    pub result: GateResult,
    /// On what grounds.
    pub evidence: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::country::Country;
    use crate::domain::directory::{
        Activation, AssignedPlan, AssignmentStatus, Features, Group, Licence, NumberType,
        PlanStatus, UserFlags,
    };
    use crate::domain::guid::{GroupId, Guid, SkuId};
    use crate::domain::matching::tests::{id, person};

    const PHONE: &str = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7";
    const TEAMS: &str = "57ff2da0-773e-42df-b2af-ffb7a2317929";
    const CALLING: &str = "1346d5e6-15a6-4b88-9693-806ff7296a7a";
    const CREDITS: &str = "505e180f-f7e0-4b65-91d4-00d670bbd18c";
    const RESOURCE: &str = "f47330e9-c134-43b3-9993-e7f004506889";

    fn with(plans: &[(&str, PlanStatus)]) -> DirectoryUser {
        let sku = SkuId(Guid::from_bytes([7; 16]));
        DirectoryUser {
            licences: vec![Licence {
                sku,
                group: None,
                disabled: Vec::new(),
                error: None,
            }],
            plans: plans
                .iter()
                .map(|(plan, status)| AssignedPlan {
                    plan: plan.parse().unwrap(),
                    status: *status,
                    since: None,
                })
                .collect(),
            location: Country::from_tenant("GB"),
            ..person(1, "lee@contoso.example")
        }
    }

    fn classify(user: &DirectoryUser, group: &GroupFilter) -> (FirstCause, Counters) {
        let class = Facts {
            user,
            group,
            teams: None,
            numbers: Some(&[]),
        }
        .classify();
        let mut counters = Counters::default();
        class.marks.count_in(&mut counters);
        (class.cause, counters)
    }

    fn counters(counts: [u64; 5]) -> Counters {
        let [
            total,
            licensed,
            phone_system,
            excluded_by_calling_plan,
            resource,
        ] = counts;
        Counters {
            total,
            licensed,
            phone_system,
            excluded_by_calling_plan,
            resource,
        }
    }

    #[test]
    fn each_gate_in_turn() {
        use PlanStatus::{Deleted, Enabled, LockedOut, Suspended, Warning};
        let flags = |enabled, guest| UserFlags {
            enabled,
            guest,
            ..UserFlags::default()
        };
        let ok = with(&[(PHONE, Enabled), (TEAMS, Enabled)]);
        for (user, cause, counts) in [
            (ok.clone(), FirstCause::Eligible, [1, 1, 1, 0, 0]),
            (
                with(&[(PHONE, Warning)]),
                FirstCause::Eligible,
                [1, 1, 1, 0, 0],
            ),
            (
                DirectoryUser {
                    flags: flags(false, false),
                    ..ok.clone()
                },
                FirstCause::Disabled,
                [0, 0, 0, 0, 0],
            ),
            (
                DirectoryUser {
                    flags: flags(true, true),
                    ..ok.clone()
                },
                FirstCause::Guest,
                [1, 1, 1, 0, 0],
            ),
            (
                DirectoryUser {
                    licences: Vec::new(),
                    plans: Vec::new(),
                    ..ok.clone()
                },
                FirstCause::Unlicensed,
                [1, 0, 0, 0, 0],
            ),
            (
                with(&[(TEAMS, Enabled)]),
                FirstCause::NoPhoneSystem,
                [1, 1, 0, 0, 0],
            ),
            (
                with(&[(PHONE, Suspended)]),
                FirstCause::PlanNotUsable,
                [1, 1, 0, 0, 0],
            ),
            (
                with(&[(PHONE, LockedOut)]),
                FirstCause::PlanNotUsable,
                [1, 1, 0, 0, 0],
            ),
            (
                with(&[(PHONE, Deleted)]),
                FirstCause::PlanNotUsable,
                [1, 1, 0, 0, 0],
            ),
            (
                with(&[(PHONE, Deleted), (PHONE, Enabled)]),
                FirstCause::Eligible,
                [1, 1, 1, 0, 0],
            ),
            (
                with(&[(PHONE, Enabled), (CALLING, Enabled)]),
                FirstCause::CallingPlan,
                [1, 1, 1, 1, 0],
            ),
            (
                with(&[(PHONE, Enabled), (CALLING, Deleted)]),
                FirstCause::Eligible,
                [1, 1, 1, 0, 0],
            ),
            (
                with(&[(PHONE, Enabled), (CREDITS, Enabled)]),
                FirstCause::CommunicationsCredits,
                [1, 1, 1, 1, 0],
            ),
            (
                with(&[(CALLING, Enabled)]),
                FirstCause::NoPhoneSystem,
                [1, 1, 0, 0, 0],
            ),
        ] {
            assert_eq!(
                classify(&user, &GroupFilter::Off),
                (cause, counters(counts)),
                "{user:?}"
            );
        }
    }

    #[test]
    fn the_group_comes_before_the_counters() {
        let user = with(&[(PHONE, PlanStatus::Enabled)]);
        let group = Group {
            id: GroupId(Guid::from_bytes([3; 16])),
            name: "Voice users".into(),
        };
        let members = |members| GroupFilter::Members {
            group: group.clone(),
            members,
        };
        assert_eq!(
            classify(&user, &members(vec![id(1)])).0,
            FirstCause::Eligible
        );
        assert_eq!(
            classify(&user, &members(vec![id(2)])),
            (FirstCause::NotInGroup, Counters::default())
        );
        let missing = GroupFilter::Missing {
            name: "bad-group-name".into(),
        };
        assert_eq!(
            classify(&user, &missing),
            (FirstCause::NotInGroup, Counters::default())
        );
        let unreadable = GroupFilter::Unreadable {
            name: "x".into(),
            why: "timeout".into(),
        };
        assert_eq!(classify(&user, &unreadable).0, FirstCause::Unknown);
        let disabled = DirectoryUser {
            flags: UserFlags::default(),
            ..user
        };
        assert_eq!(
            classify(&disabled, &unreadable).0,
            FirstCause::Disabled,
            "an earlier gate is known"
        );
    }

    #[test]
    fn resource_accounts_are_counted_apart_and_before_the_enabled_gate() {
        let mut user = with(&[(RESOURCE, PlanStatus::Enabled)]);
        user.flags = UserFlags {
            enabled: false,
            application_mark: true,
            ..UserFlags::default()
        };
        assert_eq!(
            classify(&user, &GroupFilter::Off),
            (FirstCause::Resource, counters([0, 0, 0, 0, 1]))
        );
        // Teams' word goes before the mark and the licence: a person who holds the resource licence is a person.
        let teams = TeamsUser {
            id: id(1),
            tenant: None,
            account: AccountType::User,
            enterprise_voice: None,
            features: Features::default(),
            number: None,
            voice_routing: None,
            dial_plan: None,
        };
        user.flags.enabled = true;
        let facts = Facts {
            user: &user,
            group: &GroupFilter::Off,
            teams: Some(&teams),
            numbers: Some(&[]),
        };
        assert_eq!(facts.classify().cause, FirstCause::NoPhoneSystem);
    }

    #[test]
    fn what_could_not_be_read_is_unknown_and_not_a_no() {
        let ok = with(&[(PHONE, PlanStatus::Enabled)]);
        for key in [
            "accountEnabled",
            "userType",
            "assignedLicenses",
            "assignedPlans",
        ] {
            let mut user = DirectoryUser {
                flaw: Some(format!("{key} is of another type")),
                ..ok.clone()
            };
            match key {
                "accountEnabled" => user.flags.enabled = false,
                "assignedLicenses" => user.licences.clear(),
                _ => user.plans.clear(),
            }
            assert_eq!(
                classify(&user, &GroupFilter::Off).0,
                FirstCause::Unknown,
                "{key}"
            );
        }
        let unnamed = DirectoryUser {
            flaw: Some("displayName is missing".into()),
            ..ok
        };
        assert_eq!(
            classify(&unnamed, &GroupFilter::Off).0,
            FirstCause::Eligible
        );
    }

    #[test]
    fn warnings_do_not_exclude() {
        let mut user = with(&[(PHONE, PlanStatus::Enabled)]);
        user.mail = None;
        user.name = "  ".to_owned();
        user.location = Country::from_tenant("US");
        let numbers = [TenantNumber {
            number: PhoneNumber::from_tenant("+441235123471").unwrap(),
            kind: NumberType::DirectRouting,
            source: NumberSource::OnPremises,
            status: AssignmentStatus::User,
            target: Some(id(1)),
            primary: true,
            activation: Activation::Activated,
        }];
        let class = Facts {
            user: &user,
            group: &GroupFilter::Off,
            teams: None,
            numbers: Some(&numbers),
        }
        .classify();
        assert_eq!(class.cause, FirstCause::Eligible);
        let warnings: Vec<Warning> = class.marks.warnings().collect();
        assert_eq!(
            warnings,
            [
                Warning::NoTeams,
                Warning::Country,
                Warning::DirsyncNumber,
                Warning::NoName,
                Warning::NoMail
            ]
        );
        let teams = TeamsUser {
            id: id(1),
            tenant: None,
            account: AccountType::User,
            enterprise_voice: Some(false),
            features: Features::default(),
            number: None,
            voice_routing: None,
            dial_plan: None,
        };
        let with_voice = |voice| {
            let teams = TeamsUser {
                enterprise_voice: voice,
                ..teams.clone()
            };
            let facts = Facts {
                user: &user,
                group: &GroupFilter::Off,
                teams: Some(&teams),
                numbers: Some(&numbers),
            };
            let mut warnings = facts.classify().marks.warnings();
            warnings.any(|warning| warning == Warning::CallsBlocked)
        };
        let blocked = [Some(false), Some(true), None].map(with_voice);
        assert_eq!(blocked, [true, false, false]);
        assert_eq!(
            class.number.map(|n| n.to_string()).as_deref(),
            Some("+441235123471")
        );
    }

    #[test]
    fn bytes_and_back() {
        for cause in FirstCause::ALL {
            assert_eq!(FirstCause::from_byte(cause.byte()), cause);
        }
        assert_eq!(FirstCause::from_byte(200), FirstCause::Unknown);
    }

    #[test]
    fn what_is_written_since_the_read_is_judged_by_what_it_is_now() {
        let said = |marks: Marks| marks.warnings().collect::<Vec<_>>();
        let number = PhoneNumber::from_tenant("+441235123470");
        let country = Country::from_tenant;
        let mut read = Marks::default();
        read.warn(Warning::Room);
        let moved = read.with_values(number.as_ref(), country("US"));
        assert_eq!(said(moved), [Warning::Room, Warning::Country]);
        let back = moved.with_values(number.as_ref(), country("GB"));
        assert_eq!(said(back), [Warning::Room]);
        assert_eq!(
            said(moved.with_values(None, country("US"))),
            [Warning::Room]
        );
        let mut none = Marks::default();
        none.warn(Warning::NoUsageLocation);
        assert_eq!(said(none.with_values(number.as_ref(), country("GB"))), []);
        let still = none.with_values(number.as_ref(), None);
        assert_eq!(said(still), [Warning::NoUsageLocation]);
    }
}
