//! What the tenant has: users, licences, groups, Teams state and numbers, in the compact form that a million of them fit in.
//!
//! Knows nothing of how it is fetched or stored. Only the plans that decide anything are kept of a user's 40 to 60.

use jiff::Timestamp;

use super::country::Country;
use super::guid::{GroupId, ObjectId, PlanId, SkuId, TenantId};
use super::phone::PhoneNumber;

/// The tenant as it describes itself (`GET /organization`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant {
    /// Its id: what is pinned and compared before anything is read or written.
    pub id: TenantId,
    /// Display name.
    pub name: String,
    /// Verified domains, the default one first.
    pub domains: Vec<String>,
    /// Whether a directory is synchronised from on-premises (`null` in Graph is `None`).
    pub dir_sync: Option<bool>,
    /// When the directory was last synchronised.
    pub last_dir_sync: Option<Timestamp>,
}

/// Yes-or-no facts of a directory user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent facts of Graph, each with a name of its own"
)]
pub struct UserFlags {
    /// `accountEnabled`.
    pub enabled: bool,
    /// `userType` is Guest.
    pub guest: bool,
    /// `onPremisesSyncEnabled` is true.
    pub synced: bool,
    /// `department` is the mark of a resource account ("Microsoft Communication Application Instance").
    pub application_mark: bool,
}

/// `capabilityStatus` of an assigned plan. Only the first two are usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlanStatus {
    /// Usable.
    Enabled,
    /// Usable: the grace period of a subscription that has ended.
    Warning,
    /// Not usable, data kept.
    Suspended,
    /// Not usable by anybody, data kept.
    LockedOut,
    /// Gone: Graph keeps such rows for a long time.
    Deleted,
    /// A word that this version does not know: not usable.
    Unknown,
}

impl PlanStatus {
    /// Reads Graph's word in any case of letters.
    pub fn from_graph(text: &str) -> Self {
        [
            ("enabled", Self::Enabled),
            ("warning", Self::Warning),
            ("suspended", Self::Suspended),
            ("lockedout", Self::LockedOut),
            ("deleted", Self::Deleted),
        ]
        .into_iter()
        .find(|(word, _)| text.eq_ignore_ascii_case(word))
        .map_or(Self::Unknown, |(_, status)| status)
    }

    /// Graph's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Warning => "Warning",
            Self::Suspended => "Suspended",
            Self::LockedOut => "LockedOut",
            Self::Deleted => "Deleted",
            Self::Unknown => "unknown status",
        }
    }

    /// Whether the plan counts as held.
    pub fn is_usable(self) -> bool {
        matches!(self, Self::Enabled | Self::Warning)
    }
}

/// One deciding plan of a user (`assignedPlans`), others are dropped while parsing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AssignedPlan {
    /// Which plan.
    pub plan: PlanId,
    /// Its state.
    pub status: PlanStatus,
    /// `assignedDateTime`.
    pub since: Option<Timestamp>,
}

/// One licence of a user: a SKU, and who gives it (`licenseAssignmentStates`, else `assignedLicenses`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Licence {
    /// Which SKU.
    pub sku: SkuId,
    /// The group that gives it; `None` for a direct assignment.
    pub group: Option<GroupId>,
    /// All plans that are switched off in it (kept whole, since a later write must send them all back).
    pub disabled: Vec<PlanId>,
    /// `error` of the assignment state, when Graph says one other than `None`.
    pub error: Option<String>,
}

/// Anyone that Graph lists in the tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryUser {
    /// Object id.
    pub id: ObjectId,
    /// `displayName`, as Graph has it (not yet safe to print).
    pub name: String,
    /// `userPrincipalName`.
    pub upn: String,
    /// `mail`.
    pub mail: Option<String>,
    /// SMTP addresses of `proxyAddresses` without the prefix, as written, those equal to `upn` or `mail` left out.
    pub addresses: Vec<String>,
    /// `usageLocation`.
    pub location: Option<Country>,
    /// Yes-or-no facts.
    pub flags: UserFlags,
    /// Licences; empty means unlicensed.
    pub licences: Vec<Licence>,
    /// Deciding plans.
    pub plans: Vec<AssignedPlan>,
    /// What was wrong with the record (a missing name, a field of the wrong type), when something was.
    pub flaw: Option<String>,
}

/// A product that the tenant has bought (`subscribedSkus`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sku {
    /// Its id.
    pub id: SkuId,
    /// `skuPartNumber`.
    pub part_number: String,
    /// `capabilityStatus` of the subscription.
    pub status: PlanStatus,
    /// Seats that are paid for (`prepaidUnits.enabled`).
    pub enabled: i64,
    /// Seats in their grace period, still assignable (`prepaidUnits.warning`).
    pub warning: i64,
    /// Seats of a suspended subscription.
    pub suspended: i64,
    /// `consumedUnits`.
    pub consumed: i64,
    /// Its plans.
    pub plans: Vec<SkuPlan>,
}

impl Sku {
    /// Seats that can still be given; negative after a reduction.
    pub fn free(&self) -> i64 {
        self.enabled + self.warning - self.consumed
    }
}

/// One plan inside a SKU.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SkuPlan {
    /// Its id.
    pub id: PlanId,
    /// `servicePlanName`.
    pub name: String,
    /// Whether it applies to users (a company plan cannot be switched off for one of them).
    pub for_users: bool,
}

/// A group of the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its id.
    pub id: GroupId,
    /// Display name.
    pub name: String,
}

/// What a search for a group by name or id found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupLookup {
    /// Exactly one.
    Found(Group),
    /// None.
    Missing,
    /// Two or more with this name.
    Ambiguous(Vec<Group>),
}

/// Whether a user passes the group filter, and with which group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupFilter {
    /// No filter is set: everybody passes.
    Off,
    /// The group was found; its transitive members, sorted.
    Members {
        /// The group.
        group: Group,
        /// Ids of its members, nested groups included, sorted.
        members: Vec<ObjectId>,
    },
    /// The group was found, and hides its members from this app: nobody's gate is known.
    Hidden {
        /// The group.
        group: Group,
    },
    /// No group has this name: nobody passes.
    Missing {
        /// The name that was looked for.
        name: String,
    },
    /// Several groups have this name: nobody passes.
    Ambiguous {
        /// The name that was looked for.
        name: String,
        /// The groups that have it.
        groups: Vec<Group>,
    },
    /// It could not be read: nobody's gate is known.
    Unreadable {
        /// The name that was looked for.
        name: String,
        /// Why not, in one line.
        why: String,
    },
}

impl GroupFilter {
    /// The name that the filter goes by, when there is one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Off => None,
            Self::Members { group, .. } | Self::Hidden { group } => Some(&group.name),
            Self::Missing { name }
            | Self::Ambiguous { name, .. }
            | Self::Unreadable { name, .. } => Some(name),
        }
    }

    /// The same filter, knowing of one user for certain whether they are in the group.
    #[must_use]
    pub fn knowing(&self, id: ObjectId, member: Option<bool>) -> Self {
        let mut filter = self.clone();
        if let (Self::Members { members, .. }, Some(member)) = (&mut filter, member) {
            match (members.binary_search(&id), member) {
                (Err(place), true) => members.insert(place, id),
                (Ok(place), false) => drop(members.remove(place)),
                (Ok(_), true) | (Err(_), false) => {}
            }
        }
        filter
    }

    /// Whether this user passes; `None` when the group could not be read.
    pub fn admits(&self, id: ObjectId) -> Option<bool> {
        match self {
            Self::Off => Some(true),
            Self::Members { members, .. } => Some(members.binary_search(&id).is_ok()),
            Self::Missing { .. } | Self::Ambiguous { .. } => Some(false),
            Self::Hidden { .. } | Self::Unreadable { .. } => None,
        }
    }
}

/// What Teams takes an account for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AccountType {
    /// A person.
    User,
    /// An attendant or a call queue.
    Resource,
    /// A guest.
    Guest,
    /// Homed on a Skype for Business server.
    OnPremises,
    /// Without a licence that Teams accepts.
    Ineligible,
    /// Anything else.
    Unknown,
}

/// What Teams thinks a user is licensed for (`featureTypes`): a second opinion that lags Entra.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent features of Graph, each with a name of its own"
)]
pub struct Features {
    /// `Teams`.
    pub teams: bool,
    /// `PhoneSystem`.
    pub phone_system: bool,
    /// `CallingPlan`.
    pub calling_plan: bool,
    /// `CommunicationCredits`.
    pub credits: bool,
}

/// A user as Teams sees it (`admin/teams/userConfigurations`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TeamsUser {
    /// Object id of the directory user.
    pub id: ObjectId,
    /// The tenant that the row belongs to, for the guard.
    pub tenant: Option<TenantId>,
    /// Kind of account.
    pub account: AccountType,
    /// Enterprise voice; `None` where Teams does not say.
    pub enterprise_voice: Option<bool>,
    /// Features.
    pub features: Features,
    /// Primary number, as written.
    pub number: Option<String>,
    /// Effective `OnlineVoiceRoutingPolicy`.
    pub voice_routing: Option<String>,
    /// Effective `TenantDialPlan`.
    pub dial_plan: Option<String>,
}

/// `numberType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NumberType {
    /// Direct Routing: ours.
    DirectRouting,
    /// Microsoft's Calling Plan.
    CallingPlan,
    /// An operator's.
    OperatorConnect,
    /// A word that this version does not know.
    Unknown,
}

impl NumberType {
    /// The words for the eye.
    pub fn words(self) -> &'static str {
        match self {
            Self::DirectRouting => "Direct Routing",
            Self::CallingPlan => "Calling Plan",
            Self::OperatorConnect => "Operator Connect",
            Self::Unknown => "unknown type",
        }
    }

    /// Graph's word, as `assignNumber` wants it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DirectRouting => "directRouting",
            Self::CallingPlan => "callingPlan",
            Self::OperatorConnect => "operatorConnect",
            Self::Unknown => "unknown",
        }
    }
}

/// `numberSource`: who masters the assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NumberSource {
    /// The cloud.
    Online,
    /// On-premises Active Directory (`msRTCSIP-Line`): it cannot be written from here.
    OnPremises,
    /// Not said.
    Unknown,
}

/// `assignmentStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssignmentStatus {
    /// Free.
    Unassigned,
    /// Held by a user.
    User,
    /// Held by a conference bridge.
    Conference,
    /// Held by an attendant or a queue.
    VoiceApplication,
    /// Anything else that is not free.
    Other,
}

/// `activationState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Activation {
    /// In service.
    Activated,
    /// Being assigned.
    Pending,
    /// The assignment failed.
    Failed,
    /// Not said, or a word that this version does not know.
    Unknown,
}

/// One number of the tenant's inventory (`numberAssignments`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantNumber {
    /// The number.
    pub number: PhoneNumber,
    /// Kind.
    pub kind: NumberType,
    /// Who masters it.
    pub source: NumberSource,
    /// State.
    pub status: AssignmentStatus,
    /// Holder; without one the number is free whatever `status` says (phantom records exist).
    pub target: Option<ObjectId>,
    /// Whether this is the holder's primary number (a private or alternate line is not).
    pub primary: bool,
    /// Activation.
    pub activation: Activation,
}

impl TenantNumber {
    /// Who holds it: only a record with a state *and* a target counts.
    pub fn holder(&self) -> Option<ObjectId> {
        self.target
            .filter(|_| self.status != AssignmentStatus::Unassigned)
    }
}

/// A reply to one directory query about a user: there now, or gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserChange {
    /// There, with all that was asked for.
    Present(DirectoryUser),
    /// Deleted (restorable or purged).
    Removed(ObjectId),
}
