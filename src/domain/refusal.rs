//! What the tenant said when it refused a change, turned into its true cause.
//!
//! Microsoft's texts mislead: the on-premises text also comes for users who merely lack a licence, so no text is believed
//! before the facts have been looked at.

use super::directory::{Licence, PlanStatus};
use super::evidence::of_class;
use super::gate::Facts;
use super::plan_ids::{self, PlanClass};
use super::text::Label;
use super::user::Value;
use super::words;

/// A refusal as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// HTTP status; `None` when an operation failed after it had been accepted.
    pub status: Option<u16>,
    /// `error.code`, when there is one.
    pub code: String,
    /// `error.message` or `statusDetail`.
    pub text: String,
    /// For Microsoft's support.
    pub request_id: String,
}

impl Refusal {
    /// The refusal that the tenant would give for a number that is held: seen beforehand, so it is not asked for.
    pub fn held() -> Self {
        Self {
            status: None,
            code: String::new(),
            text: "already been assigned to another user".to_owned(),
            request_id: String::new(),
        }
    }

    /// All of it in one line, for those who want to see what came.
    pub fn raw(&self) -> String {
        let mut parts = Vec::new();
        if let Some(status) = self.status {
            parts.push(format!("HTTP {status}"));
        }
        for (label, text) in [
            ("", &self.code),
            ("", &self.text),
            ("request-id ", &self.request_id),
        ] {
            if !text.is_empty() {
                parts.push(format!("{label}{text}"));
            }
        }
        parts.join("; ")
    }
}

/// The true cause, and the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// One sentence.
    pub cause: String,
    /// What to do.
    pub hint: String,
}

/// What a text says, before it is checked. The first that fits is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    /// The parameter is hidden from tenants without Phone System.
    HiddenParameter,
    /// A change of a property that on-premises Active Directory masters.
    Mastered,
    /// The number is in on-premises Active Directory.
    OnPremises,
    LacksLicence,
    Held,
    NumberUnknown,
    UserUnknown,
    BadNumber,
    NotVoice,
    Pending,
    BadLocation,
    ByGroup,
    NoSeat,
    Depends,
    Exclusive,
    NotOwned,
    NotHeld,
    Addresses,
    RoomAccount,
    NoTeams,
    TryAgain,
    NotAssigned,
    Forbidden,
    /// The directory has no such user: only its own paths answer with this code, Teams has others.
    Gone,
    Else,
}

/// Fragments in lower case, as they stay the same from one version to the next.
const TEXTS: &[(&str, Said)] = &[
    ("a parameter cannot be found", Said::HiddenParameter),
    (
        "on-premises mastered directory sync objects",
        Said::Mastered,
    ),
    ("on-premises active directory", Said::OnPremises),
    ("onpremlineuri", Said::OnPremises),
    ("lacks appropriate licenses", Said::LacksLicence),
    ("already been assigned to another user", Said::Held),
    ("is assigned to another user", Said::Held),
    ("filter failed to return unique result", Said::Held),
    ("is not found from tenant", Said::NumberUnknown),
    ("the number is not found", Said::NumberUnknown),
    ("status: notfound", Said::UserUnknown),
    ("is not found", Said::UserUnknown),
    ("invalid directroutingtelephonenumber", Said::BadNumber),
    ("invalid telephone number", Said::BadNumber),
    ("has non digit chars", Said::BadNumber),
    ("is not voice user", Said::NotVoice),
    ("activation state is pending", Said::Pending),
    ("usage location", Said::BadLocation),
    ("usagelocation", Said::BadLocation),
    ("inherited from a group membership", Said::ByGroup),
    ("inherited from group membership", Said::ByGroup),
    ("does not have any available licenses", Said::NoSeat),
    ("depends on the service plan", Said::Depends),
    ("mutually exclusive", Said::Exclusive),
    (
        "does not correspond to a valid company license",
        Said::NotOwned,
    ),
    ("does not have a corresponding license", Said::NotHeld),
    ("uniqueness violation", Said::Addresses),
    ("proxy address", Said::Addresses),
    (
        "restricted within remote tenant powershell",
        Said::RoomAccount,
    ),
    ("microsoft.skype.sync.pstn.tnm", Said::NoTeams),
    ("not supported for aad accounts", Said::NoTeams),
    ("please try again", Said::TryAgain),
    ("delay in propagation", Said::TryAgain),
    ("concurrent requests", Said::TryAgain),
    ("partialsuccess", Said::TryAgain),
    ("is not assigned to any user", Said::NotAssigned),
];

fn said(refusal: &Refusal) -> Said {
    let text = refusal.text.to_lowercase();
    let found = TEXTS.iter().find(|(fragment, _)| text.contains(fragment));
    match (found, refusal.status) {
        (Some((_, said)), _) => *said,
        (None, Some(403)) => Said::Forbidden,
        (None, Some(404)) if refusal.code == "Request_ResourceNotFound" => Said::Gone,
        (None, Some(404)) => Said::UserUnknown,
        (None, _) => Said::Else,
    }
}

/// `AGAIN` in a hint is the way by which a refused change is sent again.
fn diagnosis(cause: impl Into<String>, hint: &str) -> Diagnosis {
    Diagnosis {
        cause: cause.into(),
        hint: hint.replace("AGAIN", words::AGAIN),
    }
}

/// Finds the true cause of a refusal. `facts` are the user's as just read; `holder` is who holds the number now.
pub fn diagnose(refusal: &Refusal, facts: Option<&Facts<'_>>, holder: Option<&str>) -> Diagnosis {
    diagnose_change(refusal, facts, holder, None)
}

/// As [`diagnose`], knowing what was asked for: a text about a licence is checked against that very licence.
pub fn diagnose_change(
    refusal: &Refusal,
    facts: Option<&Facts<'_>>,
    holder: Option<&str>,
    wanted: Option<&Value>,
) -> Diagnosis {
    match said(refusal) {
        Said::OnPremises => on_premises(refusal, facts),
        Said::LacksLicence => lacks_licence(refusal, facts),
        Said::HiddenParameter | Said::NotVoice => against(refusal, facts),
        Said::UserUnknown => licence(facts).unwrap_or_else(|| {
            if facts.is_some_and(is_seen) {
                return nothing_missing(refusal);
            }
            diagnosis(
                "Teams does not know this user yet",
                "a new or newly licensed user takes up to 24 hours: wait, then AGAIN",
            )
        }),
        Said::TryAgain => licence(facts).unwrap_or_else(|| {
            diagnosis(
                format!("a fault of the tenant's back end: {}", Label::new(&refusal.text)),
                "licence and number source are in order: wait some minutes, then AGAIN; if it stays for a day, open a case with what came back",
            )
        }),
        Said::Held => held(holder),
        Said::Mastered => mastered(facts),
        Said::ByGroup => by_group(facts, wanted),
        Said::NotHeld => not_held(facts, wanted),
        said => by_text(said, refusal),
    }
}

/// Only a synchronised object has a master on-premises; the text names objects that are being moved too.
fn mastered(facts: Option<&Facts<'_>>) -> Diagnosis {
    match facts {
        Some(facts) if !facts.user.flags.synced => diagnosis(
            "the tenant blames on-premises Active Directory, though this user is not synchronised: it is being moved, or the sync was switched off a moment ago",
            "wait an hour, then AGAIN; if it stays for a day, open a case with what came back",
        ),
        Some(_) => diagnosis(
            "on-premises Active Directory masters this property of the synchronised user",
            "change it there, run the directory sync, then sync here",
        ),
        None => diagnosis(
            "the tenant blames on-premises Active Directory, which could not be checked",
            "read this user again: if it is synchronised, change the property on-premises",
        ),
    }
}

/// The licences that a text may be about: the one that was asked for, else all of the user.
fn meant<'a>(facts: &Facts<'a>, wanted: Option<&Value>) -> Vec<&'a Licence> {
    let sku = match wanted {
        Some(Value::Plan { sku, .. } | Value::Licence { sku, .. }) => Some(*sku),
        Some(Value::Number(_) | Value::Country(_) | Value::Added(_)) | None => None,
    };
    let all = facts.user.licences.iter();
    all.filter(|licence| sku.is_none_or(|sku| licence.sku == sku))
        .collect()
}

/// The text also comes where plans depend on one another: a group is blamed only where one gives the licence.
fn by_group(facts: Option<&Facts<'_>>, wanted: Option<&Value>) -> Diagnosis {
    let licences = facts.map(|facts| meant(facts, wanted)).unwrap_or_default();
    if !licences.is_empty() && licences.iter().all(|licence| licence.group.is_none()) {
        return diagnosis(
            "the tenant blames a group, but the licence is direct: probably a dependency between plans",
            "look in the admin centre which plans need the one that goes, and switch off both, or neither; reprocessLicenseAssignment tells the true cause",
        );
    }
    diagnosis(
        "the licence comes from a group and cannot be changed on the user",
        "take the user out of the group, or change the group's licence",
    )
}

fn not_held(facts: Option<&Facts<'_>>, wanted: Option<&Value>) -> Diagnosis {
    let licences = facts.map(|facts| meant(facts, wanted)).unwrap_or_default();
    if facts.is_some() && !licences.is_empty() {
        return diagnosis(
            match wanted {
                Some(_) => {
                    "the tenant says that the user does not hold this licence, which it lists all the same"
                }
                None => {
                    "the tenant says that the user does not hold a licence, though it lists some"
                }
            },
            "the directory may not have caught up with itself: wait some minutes, then AGAIN; if it stays, open a case with what came back",
        );
    }
    diagnosis(
        "the user does not hold this licence any more",
        "read this user again: there may be nothing left to do",
    )
}

/// What the facts say against a text that blames something else: the source of the number, then licences, then spreading.
fn licence(facts: Option<&Facts<'_>>) -> Option<Diagnosis> {
    let facts = facts?;
    if facts.number_is_on_premises() {
        return Some(dirsync());
    }
    if !has_phone(facts) {
        return Some(no_phone(facts));
    }
    if facts.usable(PlanClass::Calling) {
        return Some(diagnosis(
            "the user has a Calling Plan",
            "switch the Calling Plan off, wait until Teams no longer lists it, then AGAIN",
        ));
    }
    let behind = facts
        .teams
        .is_some_and(|teams| !facts.is_resource() && !teams.features.phone_system);
    behind.then(not_spread)
}

/// Whether Teams lists the Phone System of this user: then nothing that licences have to do is left to wait for.
fn is_seen(facts: &Facts<'_>) -> bool {
    facts
        .teams
        .is_some_and(|teams| !facts.is_resource() && teams.features.phone_system)
}

/// What the facts say against a text that blames a licence or the number's source, down to where they say nothing.
fn against(refusal: &Refusal, facts: Option<&Facts<'_>>) -> Diagnosis {
    licence(facts).unwrap_or_else(|| {
        if facts.is_some_and(is_seen) {
            nothing_missing(refusal)
        } else {
            not_spread()
        }
    })
}

/// Licence, Teams' view and number source are in order, and yet it was refused.
fn nothing_missing(refusal: &Refusal) -> Diagnosis {
    let case = if refusal.request_id.is_empty() {
        "open a case with what came back".to_owned()
    } else {
        format!(
            "open a case with the request-id {}",
            Label::new(&refusal.request_id)
        )
    };
    Diagnosis {
        cause: "nothing is missing by the facts (licence, Teams, source of the number): a fault of the tenant's back end".to_owned(),
        hint: format!(
            "wait some minutes, then {}; if it stays for a day, {case}",
            words::AGAIN
        ),
    }
}

fn has_phone(facts: &Facts<'_>) -> bool {
    facts.usable(if facts.is_resource() {
        PlanClass::Resource
    } else {
        PlanClass::Phone
    })
}

fn dirsync() -> Diagnosis {
    diagnosis(
        "DirSync'd user: the number is mastered by on-premises Active Directory",
        "clear msRTCSIP-Line on-premises, run the directory sync, sync here, then AGAIN",
    )
}

fn no_phone(facts: &Facts<'_>) -> Diagnosis {
    if facts.is_resource() {
        return diagnosis(
            "no usable Phone System licence (a resource account needs Teams Phone Resource Account)",
            "assign Teams Phone Resource Account, wait until it has spread, then AGAIN",
        );
    }
    let plans = of_class(facts, PlanClass::Phone);
    let state = match plans.first() {
        Some(plan) if plan.status != PlanStatus::Unknown => {
            format!(
                " ({} is {})",
                plan_ids::code(plan.plan),
                plan.status.as_str()
            )
        }
        Some(_) => String::new(),
        None if facts.user.licences.is_empty() => " (no Microsoft licence at all)".to_owned(),
        None => " (no licence brings MCOEV)".to_owned(),
    };
    diagnosis(
        format!("no usable Phone System licence{state}"),
        "assign Teams Phone Standard, wait until it has spread, then AGAIN",
    )
}

fn not_spread() -> Diagnosis {
    diagnosis(
        "Teams does not see the Phone System licence yet",
        "a licence takes up to 24 hours to spread to Teams: wait, then AGAIN",
    )
}

/// The text also comes for users who merely lack a licence: Active Directory is blamed only where the number's source says so.
fn on_premises(refusal: &Refusal, facts: Option<&Facts<'_>>) -> Diagnosis {
    let Some(known) = facts else {
        return diagnosis(
            "the tenant blames on-premises Active Directory, which could not be checked",
            "read this user again: a missing licence brings the same text",
        );
    };
    licence(facts).unwrap_or_else(|| {
        if known.user.flags.synced {
            diagnosis(
                "the number of this synchronised user may be set in Active Directory, though the inventory shows none from there",
                "look at OnPremLineURI (Get-CsOnlineUser); clear msRTCSIP-Line if it is set, run the directory sync, sync here, then AGAIN",
            )
        } else {
            against(refusal, facts)
        }
    })
}

fn lacks_licence(refusal: &Refusal, facts: Option<&Facts<'_>>) -> Diagnosis {
    let calling_number = refusal.text.to_lowercase().contains("'callingplan'");
    let calling = facts.is_some_and(|facts| facts.usable(PlanClass::Calling));
    let phone = facts.is_none_or(has_phone);
    if calling_number && !calling && phone {
        return diagnosis(
            "the number is a Calling Plan number, and the user has no Calling Plan",
            "choose a Direct Routing number",
        );
    }
    // Here the number's source does not matter: what the text says is about licences, and true.
    match facts {
        Some(facts) if !phone => no_phone(facts),
        Some(_) => against(refusal, facts),
        None => diagnosis(
            "the user lacks a licence that Teams can see",
            "read this user again: Phone System may be missing, or not have spread yet",
        ),
    }
}

fn held(holder: Option<&str>) -> Diagnosis {
    match holder {
        Some(name) => diagnosis(
            format!("the number is held by {name}"),
            "release it there first, then AGAIN; or choose another number",
        ),
        None => diagnosis(
            "the tenant says that the number is held by another object, which its inventory does not name",
            "look for it in the Teams admin centre under Phone numbers, or choose another number",
        ),
    }
}

/// Texts that mean what they say: cause, and what to do.
const MEANT: &[(Said, &str, &str)] = &[
    (
        Said::NumberUnknown,
        "the tenant's inventory does not have this number under this type",
        "acquire it, or correct its type; a Calling Plan number is not Direct Routing",
    ),
    (
        Said::BadNumber,
        "the tenant does not take the number as it is written",
        "write it as E.164: +, country code, digits; an extension as ;ext=",
    ),
    (
        Said::Pending,
        "the number is still being activated",
        "wait until its activation is over, then AGAIN; if that takes days, open a case",
    ),
    (
        Said::BadLocation,
        "the usage location was refused, or has not spread yet",
        "set one that Microsoft 365 serves, allow up to an hour, then AGAIN",
    ),
    (
        Said::Gone,
        "the user is gone from the tenant since it was read",
        "restore the account in Entra ID (Deleted users, within 30 days), sync, then AGAIN; or drop the change",
    ),
    (
        Said::NoSeat,
        "the tenant has no free licence of this product",
        "buy one, or take one from somebody else, then AGAIN",
    ),
    (
        Said::Depends,
        "another plan of the licence depends on the one that is switched off",
        "switch off both, or neither",
    ),
    (
        Said::Exclusive,
        "two licences of the user exclude each other",
        "take one of the two away, then AGAIN",
    ),
    (
        Said::NotOwned,
        "the tenant does not own this product any more",
        "sync, then look at the Licences again",
    ),
    (
        Said::Addresses,
        "another object of the directory has one of this user's addresses",
        "mend the duplicate address (onPremisesProvisioningErrors), run the directory sync, then AGAIN",
    ),
    (
        Said::RoomAccount,
        "a room account's number is set with its own command",
        "use Set-CsMeetingRoom, or the Teams admin centre",
    ),
    (
        Said::NoTeams,
        "the tenant has no Teams telephony service (no Teams licences, or not set up)",
        "assign a first licence with Teams and Phone System, wait a day, then AGAIN",
    ),
    (
        Said::NotAssigned,
        "the number is assigned to nobody any more",
        "sync: there may be nothing left to do",
    ),
    (
        Said::Forbidden,
        "the app or account may not do this",
        "see the permissions that what came back names, or ask for the Teams Administrator role; then AGAIN",
    ),
];

fn by_text(said: Said, refusal: &Refusal) -> Diagnosis {
    match MEANT.iter().find(|(meant, ..)| *meant == said) {
        Some((_, cause, hint)) => diagnosis(*cause, hint),
        None => diagnosis(
            format!("the tenant refused it: {}", Label::new(&refusal.text)),
            "drop the change, or enter another value; if it should be right, open a case with what came back",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{
        AccountType, Activation, AssignedPlan, AssignmentStatus, DirectoryUser, Features,
        GroupFilter, NumberSource, NumberType, TeamsUser, TenantNumber, UserFlags,
    };
    use crate::domain::matching::tests::{id, person};
    use crate::domain::phone::PhoneNumber;

    const PHONE: &str = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7";
    const CALLING: &str = "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8";
    const RESOURCE: &str = "f47330e9-c134-43b3-9993-e7f004506889";

    /// What the cross-check finds.
    #[derive(Debug, Clone, Copy, PartialEq)]
    enum State {
        Well,
        Synced,
        Deleted,
        Bare,
        Calling,
        DirSync,
        Behind,
        Seen,
        Resource,
        Unread,
    }

    use State::{Bare, Behind, Calling, Deleted, DirSync, Resource, Seen, Synced, Unread, Well};

    fn refusal(status: Option<u16>, text: &str) -> Refusal {
        Refusal {
            status,
            code: "BadRequest".into(),
            text: text.into(),
            request_id: "r-1".into(),
        }
    }

    fn user(state: State) -> DirectoryUser {
        let plan = |plan: &str, status| AssignedPlan {
            plan: plan.parse().unwrap(),
            status,
            since: None,
        };
        let plans = match state {
            Well | Synced | DirSync | Behind | Seen | Unread => {
                vec![plan(PHONE, PlanStatus::Enabled)]
            }
            Deleted => vec![plan(PHONE, PlanStatus::Deleted)],
            Bare => Vec::new(),
            Calling => vec![
                plan(PHONE, PlanStatus::Enabled),
                plan(CALLING, PlanStatus::Enabled),
            ],
            Resource => vec![plan(RESOURCE, PlanStatus::Deleted)],
        };
        DirectoryUser {
            plans,
            flags: UserFlags {
                enabled: true,
                synced: state == Synced,
                application_mark: state == Resource,
                ..UserFlags::default()
            },
            ..person(1, "lee@contoso.example")
        }
    }

    fn numbers(state: State) -> Vec<TenantNumber> {
        if state != DirSync {
            return Vec::new();
        }
        vec![TenantNumber {
            number: PhoneNumber::from_tenant("+441235123471").unwrap(),
            kind: NumberType::DirectRouting,
            source: NumberSource::OnPremises,
            status: AssignmentStatus::User,
            target: Some(id(1)),
            primary: true,
            activation: Activation::Activated,
        }]
    }

    fn cause(refusal: &Refusal, state: State, holder: Option<&str>) -> String {
        diagnosis_with(refusal, (state, &[]), holder, None).cause
    }

    fn diagnosis_of(
        refusal: &Refusal,
        state: State,
        wanted: Option<&Value>,
        licences: &[Licence],
    ) -> Diagnosis {
        diagnosis_with(refusal, (state, licences), None, wanted)
    }

    fn diagnosis_with(
        refusal: &Refusal,
        (state, licences): (State, &[Licence]),
        holder: Option<&str>,
        wanted: Option<&Value>,
    ) -> Diagnosis {
        let user = DirectoryUser {
            licences: licences.to_vec(),
            ..user(state)
        };
        let numbers = numbers(state);
        let teams = TeamsUser {
            id: id(1),
            tenant: None,
            account: AccountType::User,
            enterprise_voice: None,
            features: Features {
                teams: true,
                phone_system: state == Seen,
                ..Features::default()
            },
            number: None,
            voice_routing: None,
            dial_plan: None,
        };
        let facts = Facts {
            user: &user,
            group: &GroupFilter::Off,
            teams: matches!(state, Behind | Seen).then_some(&teams),
            numbers: Some(&numbers),
        };
        let facts = (state != Unread).then_some(&facts);
        let found = diagnose_change(refusal, facts, holder, wanted);
        assert!(!found.hint.is_empty(), "{found:?}");
        found
    }

    const AD: &str = "The user already has a telephone number set in the on-premises Active Directory and synchronized to the cloud.";
    const LACKS: &str = "User '1' lacks appropriate licenses to assign a 'DirectRouting' number.";
    const DIRSYNC_CAUSE: &str =
        "DirSync'd user: the number is mastered by on-premises Active Directory";
    const DELETED_CAUSE: &str = "no usable Phone System licence (MCOEV is Deleted)";
    const BARE_CAUSE: &str = "no usable Phone System licence (no Microsoft licence at all)";
    const CALLING_CAUSE: &str = "the user has a Calling Plan";
    const BEHIND_CAUSE: &str = "Teams does not see the Phone System licence yet";

    /// Texts that are not believed before the facts have been looked at: one row for each text and state.
    #[test]
    fn texts_that_mislead() {
        let same = [
            (Deleted, DELETED_CAUSE),
            (Bare, BARE_CAUSE),
            (Calling, CALLING_CAUSE),
            (Behind, BEHIND_CAUSE),
            (
                Resource,
                "no usable Phone System licence (a resource account needs Teams Phone Resource Account)",
            ),
        ];
        let texts = [
            (AD, BEHIND_CAUSE),
            (
                "Can not update OnPremLineURI as the user has dirsynced onpremise LineURI",
                BEHIND_CAUSE,
            ),
            (LACKS, BEHIND_CAUSE),
            (
                "A parameter cannot be found that matches parameter name 'OnPremLineURI'",
                BEHIND_CAUSE,
            ),
            ("User 1 is not voice user", BEHIND_CAUSE),
            (
                "The user '1' is not found",
                "Teams does not know this user yet",
            ),
            (
                "The server responded with a Request Error, Status: NotFound",
                "Teams does not know this user yet",
            ),
            (
                "Service is unavailable. Please try again",
                "a fault of the tenant's back end: Service is unavailable. Please try again",
            ),
            (
                "Update failed for user '1'. Please try again",
                "a fault of the tenant's back end: Update failed for user '1'. Please try again",
            ),
            (
                "Object is not in valid state for this operation or there is a delay in propagation",
                "a fault of the tenant's back end: Object is not in valid state for this operation or there is a delay in propagation",
            ),
            (
                "We can't unassign +44 1235 123470 right now. Please try again later.",
                "a fault of the tenant's back end: We can't unassign +44 1235 123470 right now. Please try again later.",
            ),
        ];
        for (text, well) in texts {
            for (state, wanted) in same
                .iter()
                .copied()
                .chain([(Well, well), (DirSync, DIRSYNC_CAUSE)])
            {
                for status in [Some(400), None] {
                    assert_eq!(
                        cause(&refusal(status, text), state, None),
                        wanted,
                        "{text} {state:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn active_directory_is_blamed_only_where_the_facts_say_so() {
        for state in [Well, Deleted, Bare, Calling, Behind, Resource] {
            let found = cause(&refusal(Some(400), AD), state, None);
            assert!(!found.contains("Directory"), "{state:?}: {found}");
        }
        assert_eq!(
            cause(&refusal(Some(400), AD), Synced, None),
            "the number of this synchronised user may be set in Active Directory, though the inventory shows none from there"
        );
        assert_eq!(
            cause(&refusal(Some(400), AD), Unread, None),
            "the tenant blames on-premises Active Directory, which could not be checked"
        );
        assert_eq!(
            cause(&refusal(Some(400), LACKS), Unread, None),
            "the user lacks a licence that Teams can see"
        );
    }

    /// Texts that mean what they say, whatever the facts are.
    #[test]
    fn texts_that_are_true() {
        let rows = [
            (
                "Telephone Number '+14255551000;ext=100' has already been assigned to another user",
                "the number is held by Pat Old",
            ),
            (
                "11234567890 is assigned to another user",
                "the number is held by Pat Old",
            ),
            (
                "Filter failed to return unique result",
                "the number is held by Pat Old",
            ),
            (
                "Telephone Number '+1' is not found from tenant 't'",
                "the tenant's inventory does not have this number under this type",
            ),
            (
                "The Number is not found.",
                "the tenant's inventory does not have this number under this type",
            ),
            (
                "Invalid DirectRoutingTelephoneNumber '+1'",
                "the tenant does not take the number as it is written",
            ),
            (
                "Phone number has non digit chars",
                "the tenant does not take the number as it is written",
            ),
            (
                "The location can't be updated because the activation state is pending",
                "the number is still being activated",
            ),
            (
                "License assignment cannot be done for user with invalid usage location.",
                "the usage location was refused, or has not spread yet",
            ),
            (
                "User license is inherited from group membership and cannot be removed directly from the user.",
                "the licence comes from a group and cannot be changed on the user",
            ),
            (
                "User license is inherited from a group membership and it cannot be removed directly from the user.",
                "the licence comes from a group and cannot be changed on the user",
            ),
            (
                "Subscription with SKU 1 does not have any available licenses.",
                "the tenant has no free licence of this product",
            ),
            (
                "License assignment failed because service plan 1 depends on the service plan(s) 2",
                "another plan of the licence depends on the one that is switched off",
            ),
            (
                "License assignment failed because service plans 1, 2 are mutually exclusive.",
                "two licences of the user exclude each other",
            ),
            (
                "License 1 does not correspond to a valid company License.",
                "the tenant does not own this product any more",
            ),
            (
                "User does not have a corresponding license.",
                "the user does not hold this licence any more",
            ),
            (
                "Uniqueness violation. Property: ProxyAddresses.",
                "another object of the directory has one of this user's addresses",
            ),
            (
                "Unable to set LineUri. This parameter is restricted within Remote Tenant PowerShell",
                "a room account's number is set with its own command",
            ),
            (
                "Microsoft.Skype.Sync.Pstn.Tnm.Common.Http.HttpResponseException",
                "the tenant has no Teams telephony service (no Teams licences, or not set up)",
            ),
            (
                "Telephone Number '+1' is not assigned to any user.",
                "the number is assigned to nobody any more",
            ),
            ("Something new", "the tenant refused it: Something new"),
        ];
        for (text, wanted) in rows {
            for state in [Well, Deleted, Calling, DirSync, Unread] {
                assert_eq!(
                    cause(&refusal(Some(400), text), state, Some("Pat Old")),
                    wanted,
                    "{text} {state:?}"
                );
            }
        }
        assert_eq!(
            cause(&refusal(Some(403), "no"), Well, None),
            "the app or account may not do this"
        );
        assert_eq!(
            cause(&refusal(Some(400), rows[0].0), Well, None),
            "the tenant says that the number is held by another object, which its inventory does not name"
        );
    }

    #[test]
    fn where_nothing_is_missing_nobody_is_told_to_wait_for_a_licence() {
        let texts = [
            AD,
            LACKS,
            "User 1 is not voice user",
            "The user '1' is not found",
        ];
        for text in texts {
            let found = diagnosis_of(&refusal(Some(400), text), Seen, None, &[]);
            assert!(
                found.cause.starts_with("nothing is missing by the facts"),
                "{text}: {found:?}"
            );
            assert!(found.hint.ends_with("request-id r-1"), "{found:?}");
            let behind = cause(&refusal(Some(400), text), Behind, None);
            assert_eq!(behind, BEHIND_CAUSE, "{text}");
        }
    }

    #[test]
    fn a_user_who_is_gone_is_not_told_to_wait_for_teams() {
        let gone = Refusal {
            code: "Request_ResourceNotFound".into(),
            ..refusal(
                Some(404),
                "Resource '1' does not exist or one of its queried reference-property objects are not present.",
            )
        };
        for state in [Well, Seen, Unread] {
            let found = cause(&gone, state, None);
            assert_eq!(found, "the user is gone from the tenant since it was read");
        }
        assert_eq!(
            cause(&refusal(Some(404), "no such thing"), Well, None),
            "Teams does not know this user yet"
        );
    }

    /// A licence of a product, direct or by a group.
    fn licence_of(product: &str, group: Option<&str>) -> Licence {
        Licence {
            sku: product.parse().unwrap(),
            disabled: Vec::new(),
            group: group.map(|group| group.parse().unwrap()),
            error: None,
        }
    }

    const E5: &str = "06ebc4ee-1bb5-47dd-8120-11324bc54e06";
    const PSTN: &str = "0dab259f-bf13-4952-b7f8-7db8f131b28d";
    const GROUP: &str = "00000000-0000-0000-0000-0000000000aa";

    #[test]
    fn a_group_is_blamed_only_for_the_licence_that_it_gives() {
        let text = "User license is inherited from a group membership and it cannot be removed directly from the user.";
        let refusal = refusal(Some(400), text);
        let off = |sku: &str| Value::Licence {
            sku: sku.parse().unwrap(),
            off: None,
        };
        let mixed = [licence_of(E5, Some(GROUP)), licence_of(PSTN, None)];
        let depends = "the tenant blames a group, but the licence is direct: probably a dependency between plans";
        let group = "the licence comes from a group and cannot be changed on the user";
        let rows = [
            (&mixed[..], Some(off(PSTN)), depends),
            (&mixed[..], Some(off(E5)), group),
            (&mixed[..], None, group),
            (&mixed[1..], None, depends),
            (&[], None, group),
        ];
        for (licences, wanted, cause) in rows {
            let found = diagnosis_of(&refusal, Well, wanted.as_ref(), licences);
            assert_eq!(found.cause, cause, "{wanted:?} {licences:?}");
        }
    }

    #[test]
    fn what_the_tenant_says_of_a_licence_is_held_against_its_own_list() {
        let refusal = refusal(Some(400), "User does not have a corresponding license.");
        let held = [licence_of(PSTN, None)];
        let off = |sku: &str| Value::Licence {
            sku: sku.parse().unwrap(),
            off: None,
        };
        let cause = |wanted: Option<&Value>, held: &[Licence]| {
            diagnosis_of(&refusal, Well, wanted, held).cause
        };
        let gone = "the user does not hold this licence any more";
        assert_eq!(cause(Some(&off(E5)), &held), gone);
        assert_eq!(cause(None, &[]), gone);
        assert_eq!(
            cause(Some(&off(PSTN)), &held),
            "the tenant says that the user does not hold this licence, which it lists all the same"
        );
    }

    #[test]
    fn a_user_of_the_cloud_has_no_master_on_premises() {
        let text = "Unable to update the specified properties for on-premises mastered Directory Sync objects or objects currently undergoing migration.";
        let found = |state| cause(&refusal(Some(400), text), state, None);
        assert_eq!(
            found(Synced),
            "on-premises Active Directory masters this property of the synchronised user"
        );
        assert!(found(Well).contains("though this user is not synchronised"));
        assert!(found(Unread).contains("could not be checked"));
    }

    #[test]
    fn a_calling_plan_number_is_of_the_wrong_type() {
        let text = "User '()' lacks appropriate licenses to assign a 'CallingPlan' number";
        assert_eq!(
            cause(&refusal(Some(400), text), Well, None),
            "the number is a Calling Plan number, and the user has no Calling Plan"
        );
        assert_eq!(cause(&refusal(Some(400), text), Bare, None), BARE_CAUSE);
    }

    #[test]
    fn the_raw_text_is_kept() {
        assert_eq!(
            refusal(Some(400), "x").raw(),
            "HTTP 400; BadRequest; x; request-id r-1"
        );
    }

    #[test]
    fn no_hint_promises_that_a_sync_sends_a_refused_change_again() {
        let of = |text: &str| diagnose(&refusal(Some(400), text), None, None).hint;
        for (fragment, _) in TEXTS {
            let hint = of(fragment);
            assert!(!hint.contains("AGAIN"), "{hint}");
            assert!(!hint.contains("release the change"), "{hint}");
            assert!(!hint.ends_with("then sync"), "{hint}");
        }
        assert!(of("please try again").contains(words::AGAIN));
    }
}
