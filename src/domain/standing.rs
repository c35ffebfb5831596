//! What is known of somebody beside the gates: number, calls, Teams against Entra ID, seat, addresses, what is queued.

use jiff::{SignedDuration, Timestamp};

use super::directory::{Activation, NumberSource, NumberType, TeamsUser, TenantNumber};
use super::explain::{Configured, Subject};
use super::gate::Facts;
use super::matching::MatchedBy;
use super::outbox::{Entry, EntryState};
use super::phone::PhoneNumber;
use super::plan_ids::{self, PlanClass};
use super::text::Label;
use super::user::{Association, LicenseStatus};
use super::why::Fact;
use super::words;

/// A licence is said to take as long to spread to Teams.
const SPREADS_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// All facts, those of the telephone first.
pub(super) fn facts(subject: &Subject<'_>) -> Vec<Fact> {
    let mut out = Vec::new();
    let read = |label, text| Fact {
        label,
        text,
        read_at: subject.read_at,
    };
    out.push(read("Number", number(subject)));
    out.push(read("Location", location(subject)));
    out.push(teams_fact(subject));
    out.extend(blocked(&subject.facts).map(|blocked| read("Calls", blocked.words().to_owned())));
    out.extend(
        not_spread(subject)
            .into_iter()
            .map(|text| read("Spread", text)),
    );
    if let Some(configured) = subject.configured {
        out.push(own("Seat", seat(configured)));
        out.push(own("Tied", tied(subject, configured)));
    }
    out.push(read("Addresses", addresses(subject)));
    if let Some(flaw) = &subject.facts.user.flaw {
        out.push(read(
            "Record",
            format!("the tenant's record is flawed: {flaw}"),
        ));
    }
    out.extend(queued(subject.entries, subject.holders));
    out.extend(ages(subject).map(|text| own("Read", text)));
    out
}

/// What Teams says, with its own age where it did not answer with the rest.
fn teams_fact(subject: &Subject<'_>) -> Fact {
    let text = teams(&subject.facts);
    let Some((at, why)) = subject.teams_read else {
        return Fact {
            label: "Teams",
            text,
            read_at: subject.read_at,
        };
    };
    let why = Label::new(why);
    let age = match (at, subject.facts.teams) {
        (Some(at), Some(_)) => {
            format!(
                "{text}; Teams could not be read: {why}; what is shown is of {}",
                at.strftime("%Y-%m-%d %H:%MZ")
            )
        }
        _ => format!("Teams could not be read: {why}; nothing is known of it"),
    };
    Fact {
        label: "Teams",
        text: age,
        read_at: at,
    }
}

fn own(label: &'static str, text: String) -> Fact {
    Fact {
        label,
        text,
        read_at: None,
    }
}

fn number(subject: &Subject<'_>) -> String {
    let facts = &subject.facts;
    let Some(numbers) = facts.numbers else {
        return match facts.number() {
            Some(number) => format!(
                "{} by Teams; the inventory could not be read",
                number.spaced()
            ),
            None => "the tenant's inventory of numbers could not be read".to_owned(),
        };
    };
    let held: Vec<&TenantNumber> = numbers
        .iter()
        .filter(|row| row.holder() == Some(facts.user.id))
        .collect();
    let shown = facts.teams.and_then(|teams| teams.number.as_deref());
    let shown = shown.and_then(|text| PhoneNumber::from_tenant(text.trim_start_matches("tel:")));
    let text = if held.is_empty() {
        "none".to_owned()
    } else {
        let rows: Vec<String> = held.iter().map(|row| row_words(row)).collect();
        rows.join("; ")
    };
    match &shown {
        Some(number) if held.iter().all(|row| row.number != *number) => {
            format!(
                "{text}; Teams still shows {}: not spread yet",
                number.spaced()
            )
        }
        None if !held.is_empty() && facts.teams.is_some() => {
            format!("{text}; Teams does not show it yet")
        }
        Some(_) | None => text,
    }
}

/// `+1 425 555 0100 Calling Plan, online, activated`.
fn row_words(row: &TenantNumber) -> String {
    let source = match row.source {
        NumberSource::Online => "online",
        NumberSource::OnPremises => "from on-premises Active Directory",
        NumberSource::Unknown => "source not told",
    };
    let state = match row.activation {
        Activation::Activated => ", activated",
        Activation::Pending => ", still being activated",
        Activation::Failed => ", activation failed",
        Activation::Unknown => "",
    };
    let second = if row.primary { "" } else { ", not the first" };
    format!(
        "{} {}, {source}{state}{second}",
        row.number.spaced(),
        row.kind.words()
    )
}

fn location(subject: &Subject<'_>) -> String {
    let user = subject.facts.user;
    let place = user
        .location
        .map_or_else(|| "none is set".to_owned(), |country| country.to_string());
    match (user.location, subject.facts.number()) {
        (Some(location), Some(number)) if !number.fits(location) => {
            format!("{place}, which is not the country of {}", number.spaced())
        }
        _ => place,
    }
}

fn teams(facts: &Facts<'_>) -> String {
    let Some(teams) = facts.teams else {
        return "no row in Teams, or not read".to_owned();
    };
    let voice = match teams.enterprise_voice {
        Some(true) => "on",
        Some(false) => "off",
        None => "not told",
    };
    let routing = teams
        .voice_routing
        .as_deref()
        .map_or_else(|| "none".to_owned(), |name| Label::new(name).to_string());
    let dial_plan = teams
        .dial_plan
        .as_deref()
        .map_or_else(|| "Global".to_owned(), |name| Label::new(name).to_string());
    format!("enterprise voice {voice}; voice route {routing}; dial plan {dial_plan}")
}

/// Why calls fail although a Direct Routing number is held: the usual causes beside licences.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Blocked {
    /// Enterprise voice is off: all calls.
    NoVoice,
    /// No voice routing policy is granted: calls out, unless the tenant's own policy has a route.
    NoRoute,
}

impl Blocked {
    pub(super) fn words(self) -> &'static str {
        match self {
            Self::NoVoice => {
                "blocked: enterprise voice is off, though a Direct Routing number is held"
            }
            Self::NoRoute => {
                "blocked outwards where the Global policy has no route: the voice routing policy is none"
            }
        }
    }
}

/// What blocks the calls of somebody who holds a Direct Routing number.
pub(super) fn blocked(facts: &Facts<'_>) -> Option<Blocked> {
    let teams = facts.teams?;
    let direct = facts
        .numbers?
        .iter()
        .any(|row| row.holder() == Some(facts.user.id) && row.kind == NumberType::DirectRouting);
    if !direct || facts.is_resource() {
        return None;
    }
    if teams.enterprise_voice == Some(false) {
        return Some(Blocked::NoVoice);
    }
    teams.voice_routing.is_none().then_some(Blocked::NoRoute)
}

/// Where Teams and Entra ID disagree about licences.
fn not_spread(subject: &Subject<'_>) -> Vec<String> {
    let facts = &subject.facts;
    let Some(teams) = facts.teams else {
        return Vec::new();
    };
    if facts.is_resource() {
        return Vec::new();
    }
    let pairs = [
        (PlanClass::Teams, "Teams", teams.features.teams),
        (
            PlanClass::Phone,
            "Phone System",
            teams.features.phone_system,
        ),
        (
            PlanClass::Calling,
            "Calling Plan",
            teams.features.calling_plan,
        ),
        (PlanClass::Credits, words::CREDITS, teams.features.credits),
    ];
    pairs
        .into_iter()
        .filter(|(class, _, there)| facts.usable(*class) != *there)
        .map(|(class, words, there)| {
            let (has, lacks) = if there {
                ("Teams", "Entra ID does not")
            } else {
                ("Entra ID", "Teams does not")
            };
            format!(
                "{has} has {words} and {lacks}: not spread yet{}",
                expected(subject, class, there)
            )
        })
        .collect()
}

/// By when it should have spread, where Entra ID says since when it has the plan.
fn expected(subject: &Subject<'_>, class: PlanClass, in_teams: bool) -> String {
    let since = subject
        .facts
        .user
        .plans
        .iter()
        .filter(|plan| plan.status.is_usable() && plan_ids::class(plan.plan) == Some(class))
        .filter_map(|plan| plan.since)
        .max();
    let by = since.and_then(|since| since.checked_add(SPREADS_WITHIN).ok());
    match (by, subject.read_at) {
        (Some(by), Some(now)) if !in_teams && by > now => format!(
            " (up to 24 h; expected by {})",
            by.strftime("%Y-%m-%d %H:%MZ")
        ),
        (Some(by), Some(_)) if !in_teams => format!(
            " (up to 24 h; overdue since {}: ask Microsoft)",
            by.strftime("%Y-%m-%d")
        ),
        _ => " (up to 24 h)".to_owned(),
    }
}

/// Whether Teams does not know of the Phone System that Entra ID has: an assignment fails until it does.
pub(super) fn phone_not_spread(facts: &Facts<'_>, teams: &TeamsUser) -> bool {
    !facts.is_resource() && facts.usable(PlanClass::Phone) && !teams.features.phone_system
}

fn seat(configured: Configured<'_>) -> String {
    let (place, bought) = configured.seat;
    match (configured.status, bought) {
        (LicenseStatus::Unlicensed(cause), Some(bought)) => {
            format!("{cause}; place {place} in the order, {bought} bought")
        }
        (LicenseStatus::Unlicensed(cause), None) => format!("{cause}; no limit is set"),
        (LicenseStatus::Licensed, Some(bought)) => {
            format!("has one; place {place} in the order, {bought} bought")
        }
        (LicenseStatus::Licensed, None) => "has one; no limit is set".to_owned(),
    }
}

fn tied(subject: &Subject<'_>, configured: Configured<'_>) -> String {
    let user = configured.user;
    let directory = subject.facts.user;
    let mail = Label::new(&user.mail);
    let is = |other: &str| other.eq_ignore_ascii_case(&user.mail);
    let by = if is(&directory.upn) {
        Some(MatchedBy::Upn)
    } else if directory.mail.as_deref().is_some_and(is) {
        Some(MatchedBy::Mail)
    } else if directory.addresses.iter().any(|address| is(address)) {
        Some(MatchedBy::Proxy)
    } else {
        None
    };
    match (user.association, by) {
        (Association::Manual(_), _) => format!("by hand; the e-mail here is {mail}"),
        (_, Some(by)) => format!("by e-mail: {mail} is the {}", by.words()),
        (_, None) => format!("by id; the e-mail here, {mail}, is none of the addresses any more"),
    }
}

fn addresses(subject: &Subject<'_>) -> String {
    let user = subject.facts.user;
    let mut addresses = vec![user.upn.clone()];
    addresses.extend(
        user.mail
            .clone()
            .filter(|mail| !mail.eq_ignore_ascii_case(&user.upn)),
    );
    addresses.extend(user.addresses.iter().cloned());
    addresses.join(", ")
}

/// What waits in the outbox for somebody, each number with who holds it now, and what came back word by word.
pub(super) fn queued(entries: &[Entry], holders: &[(PhoneNumber, String)]) -> Vec<Fact> {
    let mut out = Vec::new();
    for entry in entries {
        let held = holders
            .iter()
            .find(|(number, _)| entry.wanted.compact() == number.to_string())
            .map(|(_, holder)| format!("; held by {holder}"))
            .unwrap_or_default();
        out.push(own(
            "Queued",
            format!(
                "{} {} -> {} ({}){held}",
                entry.field().as_str(),
                entry.base.shown(),
                entry.wanted.shown(),
                entry.state.word()
            ),
        ));
        if let EntryState::Rejected { raw, .. } = &entry.state {
            out.push(own("Came back", raw.clone()));
        }
    }
    out
}

/// When what was read: one line, where not all of it was read at one time.
fn ages(subject: &Subject<'_>) -> Option<String> {
    let (own, tenant) = (subject.read_at?, subject.tenant_read_at?);
    let shown = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    if own == tenant {
        return None;
    }
    let mine = match (subject.teams_read, subject.member_read_at) {
        (None, None) => "directory, licences, Teams and numbers",
        (None, Some(_)) => "directory, licences, Teams, numbers and membership",
        (Some(_), None) => "directory, licences and numbers",
        (Some(_), Some(_)) => "directory, licences, numbers and membership",
    };
    let rest = match subject.member_read_at {
        Some(_) => "products",
        None => "group and products",
    };
    Some(format!("{mine} {}; {rest} {}", shown(own), shown(tenant)))
}
