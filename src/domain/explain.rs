//! From facts to the whole answer: the verdict in one sentence, the first step of the way out, and what else is known.

use jiff::Timestamp;

use super::directory::Tenant;
use super::evidence::{self, Names};
use super::gate::{Facts, FirstCause};
use super::guid::ObjectId;
use super::outbox::{Entry, EntryState};
use super::phone::PhoneNumber;
use super::remedy::{self, Advice};
use super::resource;
use super::standing::{self, Blocked};
use super::text::Label;
use super::user::{LicenseStatus, UnlicensedCause, User, UserId, Value};
use super::why::{Fact, Why, WhyStep};
use super::words;

/// What this side knows of somebody who is configured.
#[derive(Debug, Clone, Copy)]
pub struct Configured<'a> {
    /// The user.
    pub user: &'a User,
    /// Licensed or not.
    pub status: LicenseStatus,
    /// The place in the order of seats, from 1, and how many were bought.
    pub seat: (usize, Option<u32>),
    /// Queued changes.
    pub entries: &'a [Entry],
}

/// Everything about one directory user.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What the gates look at.
    pub facts: Facts<'a>,
    /// What products and groups are called.
    pub names: Names<'a>,
    /// The tenant itself.
    pub tenant: Option<&'a Tenant>,
    /// This side's record, when there is one.
    pub configured: Option<Configured<'a>>,
    /// Numbers that are queued for this user, and who else holds them now.
    pub holders: &'a [(PhoneNumber, String)],
    /// When the facts were read.
    pub read_at: Option<Timestamp>,
    /// Where Teams could not be read with the rest: when what is shown of it was, and why.
    pub teams_read: Option<(Option<Timestamp>, &'a str)>,
    /// When the group filter and the products were read.
    pub tenant_read_at: Option<Timestamp>,
    /// When the membership of this user was read, where it was read with the user.
    pub member_read_at: Option<Timestamp>,
    /// Whether the facts were read just for this.
    pub live: bool,
    /// Changes of this user that wait or were refused, on the list or not.
    pub entries: &'a [Entry],
    /// What happened lately, newest first.
    pub lately: &'a [String],
}

/// Explains a directory user.
pub fn explain(subject: &Subject<'_>) -> Why {
    let facts = &subject.facts;
    let class = facts.classify();
    let first_cause = if subject.configured.is_some() {
        FirstCause::Configured
    } else {
        class.cause
    };
    let (verdict, steps) = match subject.configured {
        Some(configured) => configured_verdict(subject, configured, class.cause),
        None => with_refusal(subject, remedy::advise(subject, class.cause)),
    };
    Why {
        id: Some(facts.user.id),
        user: subject.configured.map(|c| c.user.id),
        name: facts.user.name.clone(),
        upn: facts.user.upn.clone(),
        first_cause,
        verdict,
        steps,
        gates: evidence::gates(facts, &subject.names),
        warnings: class.marks.warnings().collect(),
        facts: standing::facts(subject),
        lately: subject.lately.to_vec(),
        near: Vec::new(),
        also: Vec::new(),
        read_at: subject.read_at,
        tenant_read_at: subject.tenant_read_at,
        member_read_at: subject.member_read_at,
        live: subject.live,
    }
}

/// Somebody who is not on the list may have a repair that was refused: it does not pass in silence.
fn with_refusal(subject: &Subject<'_>, (verdict, mut steps): Advice) -> Advice {
    let mut states = subject.entries.iter().map(|entry| &entry.state);
    let refused = states.find_map(|state| match state {
        EntryState::Rejected { cause, hint, .. } => Some((cause, hint)),
        _ => None,
    });
    let Some((cause, hint)) = refused else {
        return (verdict, steps);
    };
    steps.insert(0, WhyStep::by_hand(hint.clone()));
    (format!("{verdict}; a change was refused: {cause}"), steps)
}

/// Somebody whom the tenant had, and has no more.
#[derive(Debug, Clone, Copy)]
pub struct Gone<'a> {
    /// The object id that the tenant does not know any more.
    pub id: ObjectId,
    /// Name and sign-in name as they were.
    pub name: (&'a str, &'a str),
    /// This side's record, when there is one.
    pub user: Option<UserId>,
    /// Changes that wait.
    pub entries: &'a [Entry],
    /// When the tenant was asked, and when it had the user last.
    pub asked_at: Timestamp,
    /// When the tenant had the user, by the files.
    pub seen_at: Option<Timestamp>,
    /// What happened lately, newest first.
    pub lately: &'a [String],
}

/// Explains somebody whom the tenant, asked just now, does not have any more: what the files have is of before.
pub fn explain_gone(gone: &Gone<'_>) -> Why {
    let mut steps = vec![WhyStep::by_hand(words::RESTORE)];
    if gone.user.is_some() {
        steps.push(WhyStep::by_hand(
            "or edit this user and associate somebody else; or remove this user",
        ));
    }
    let mut facts = Vec::new();
    if let Some(at) = gone.seen_at {
        facts.push(Fact {
            label: "Seen",
            text: format!(
                "in the tenant until {}, by the files; a sync takes the row away",
                at.strftime("%Y-%m-%d %H:%MZ")
            ),
            read_at: Some(at),
        });
    }
    facts.extend(standing::queued(gone.entries, &[]));
    let (name, upn) = gone.name;
    Why {
        id: Some(gone.id),
        user: gone.user,
        name: name.to_owned(),
        upn: upn.to_owned(),
        first_cause: FirstCause::NotInTenant,
        verdict: "GONE FROM THE TENANT (read live)".to_owned(),
        steps,
        gates: Vec::new(),
        warnings: Vec::new(),
        facts,
        lately: gone.lately.to_vec(),
        near: Vec::new(),
        also: Vec::new(),
        read_at: Some(gone.asked_at),
        tenant_read_at: gone.seen_at,
        member_read_at: None,
        live: true,
    }
}

/// Who in the tenant is like somebody that was not found there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Near<'a> {
    /// The nearest, in words.
    pub people: &'a [String],
    /// Somebody of the same name or address, under another id.
    pub recreated: Option<&'a str>,
    /// Several who have the e-mail that was tried.
    pub several: &'a [String],
    /// The only one who has it, and the configured user that it belongs to already.
    pub only: Option<(&'a str, Option<&'a str>)>,
}

/// Explains a configured user who has no directory user (yet, or any more).
pub fn explain_unmatched(
    configured: Configured<'_>,
    near: Near<'_>,
    read_at: Option<Timestamp>,
    lately: &[String],
) -> Why {
    let user = configured.user;
    let (verdict, steps) = unmatched_advice(user, near, read_at);
    let mut facts = vec![Fact {
        label: "Tried",
        text: format!(
            "{} against all sign-in names, mail addresses and SMTP proxy addresses, in any case of letters",
            Label::new(&user.mail)
        ),
        read_at,
    }];
    facts.extend(standing::queued(configured.entries, &[]));
    Why {
        id: user.association.id(),
        user: Some(user.id),
        name: user.name.clone(),
        upn: user.mail.clone(),
        first_cause: FirstCause::Configured,
        verdict,
        steps,
        gates: Vec::new(),
        warnings: Vec::new(),
        facts,
        lately: lately.to_vec(),
        near: near.people.to_vec(),
        also: Vec::new(),
        read_at,
        tenant_read_at: read_at,
        member_read_at: None,
        live: false,
    }
}

fn unmatched_advice(user: &User, near: Near<'_>, read_at: Option<Timestamp>) -> Advice {
    let mail = Label::new(&user.mail);
    let hand = |text: String| WhyStep::by_hand(text);
    if user.gone || (user.association.id().is_some() && read_at.is_some()) {
        let verdict = "UNLICENSED: the associated user is gone from the tenant".to_owned();
        return match near.recreated {
            Some(other) => (
                format!("{verdict}; {other} is there under another id"),
                vec![
                    hand(format!("recreated, it seems: edit this user and associate {other}")),
                    hand("or restore the old account in Entra ID (Deleted users, within 30 days), then sync".to_owned()),
                ],
            ),
            None => (
                verdict,
                vec![
                    hand(words::RESTORE.to_owned()),
                    hand("or edit this user and associate somebody else; or remove this user".to_owned()),
                ],
            ),
        };
    }
    if !near.several.is_empty() {
        return (
            format!(
                "UNLICENSED: not associated, {} in the tenant have the address {mail}",
                near.several.len()
            ),
            vec![hand(format!(
                "edit this user and associate the right one: {}",
                near.several.join(" or ")
            ))],
        );
    }
    match near.only {
        Some((who, Some(other))) => {
            return (
                format!(
                    "UNLICENSED: not associated, {who} has the address and belongs to {other} already"
                ),
                vec![hand(
                    "correct the e-mail of one of the two users, then sync; or associate by hand"
                        .to_owned(),
                )],
            );
        }
        Some((who, None)) => {
            return (
                format!("UNLICENSED: not associated yet, {who} has the address {mail}"),
                vec![hand("sync: it associates the two".to_owned())],
            );
        }
        None => {}
    }
    if read_at.is_none() {
        return (
            "UNLICENSED: not associated, and nothing has been read from this tenant yet".to_owned(),
            vec![hand("sync: users are matched by e-mail".to_owned())],
        );
    }
    let mut steps = Vec::new();
    if let Some(first) = near.people.first() {
        steps.push(hand(format!(
            "if it is {first}: correct the e-mail of this user, or associate the two by hand"
        )));
    }
    steps.push(hand(
        "correct the e-mail: in the Microsoft portal and sync, or in the import file and import it again with update, not create".to_owned(),
    ));
    steps.push(hand(
        "or edit this user and associate a Teams user by hand".to_owned(),
    ));
    (
        format!("UNLICENSED: not associated, nobody in the tenant has the address {mail}"),
        steps,
    )
}

/// Explains a name that nobody in the tenant has.
pub fn explain_stranger(
    text: &str,
    near: Vec<String>,
    read_at: Option<Timestamp>,
    live: bool,
) -> Why {
    let shown = Label::new(text);
    let (first_cause, verdict) = match read_at {
        None => (
            FirstCause::Unknown,
            format!(
                "UNKNOWN: nothing has been read from this tenant yet, so \"{shown}\" cannot be looked up"
            ),
        ),
        Some(_) => (
            FirstCause::NotInTenant,
            format!("NOT IN THE TENANT: nobody has the name, address, number or id \"{shown}\""),
        ),
    };
    let steps = if read_at.is_none() {
        vec!["sync first, then look again".to_owned()]
    } else if near.is_empty() {
        vec!["check the spelling, or whether the account is in another tenant, or was made a moment ago: read again".to_owned()]
    } else {
        vec![format!("nearest: {}", near.join("; "))]
    };
    Why {
        id: None,
        user: None,
        name: text.to_owned(),
        upn: String::new(),
        first_cause,
        verdict,
        steps: steps.into_iter().map(WhyStep::by_hand).collect(),
        gates: Vec::new(),
        warnings: Vec::new(),
        facts: Vec::new(),
        lately: Vec::new(),
        near,
        also: Vec::new(),
        read_at,
        tenant_read_at: read_at,
        member_read_at: None,
        live,
    }
}

fn configured_verdict(
    subject: &Subject<'_>,
    configured: Configured<'_>,
    cause: FirstCause,
) -> Advice {
    let (mut verdict, mut steps) = standing_verdict(subject, configured, cause);
    let barred = !cause.is_candidate();
    if barred && !verdict.starts_with("CONFIGURED, but") {
        let (why, more) = remedy::advise(subject, cause);
        verdict = format!("{verdict}; {}", uncapitalised(&why));
        steps.extend(more);
    }
    (verdict, steps)
}

fn uncapitalised(verdict: &str) -> String {
    format!(
        "also {}",
        verdict.replace("NOT ADDABLE: ", "not addable now: ")
    )
}

fn standing_verdict(
    subject: &Subject<'_>,
    configured: Configured<'_>,
    cause: FirstCause,
) -> Advice {
    let mut states = configured.entries.iter().map(|entry| &entry.state);
    if let Some(EntryState::Rejected { cause, hint, .. }) = states
        .clone()
        .find(|state| matches!(state, EntryState::Rejected { .. }))
    {
        return (
            format!("CONFIGURED, change refused: {cause}"),
            vec![WhyStep::by_hand(hint.clone())],
        );
    }
    if states.any(|state| matches!(state, EntryState::Conflict { .. })) {
        return (
            "CONFIGURED, in conflict: the tenant's value has moved since the edit".to_owned(),
            vec![WhyStep::by_hand(
                "decide whose value stays, in the list of changes",
            )],
        );
    }
    if let LicenseStatus::Unlicensed(unlicensed) = configured.status {
        return (
            format!("UNLICENSED: {unlicensed}"),
            seat_steps(unlicensed)
                .iter()
                .map(|step| WhyStep::by_hand(*step))
                .collect(),
        );
    }
    if !cause.is_candidate() {
        let (verdict, steps) = remedy::advise(subject, cause);
        return (
            format!(
                "CONFIGURED, but would not be addable now: {}",
                verdict.trim_start_matches("NOT ADDABLE: ")
            ),
            steps,
        );
    }
    if cause == FirstCause::Resource
        && let Some((flaws, steps)) = resource::flaws(subject)
    {
        return (format!("CONFIGURED, but {flaws}"), steps);
    }
    (good_verdict(subject), good_steps(subject))
}

fn seat_steps(cause: UnlicensedCause) -> &'static [&'static str] {
    match cause {
        UnlicensedCause::NoSeat { .. } => &[
            "buy more seats from the provider, then set the new count (`:settings` in the console, `seats set N` in a shell)",
            "or remove users: a seat that is freed goes to the next one by itself",
        ],
        UnlicensedCause::TrialEnded => &[
            "buy seats from the provider, then set the new end date (`:settings` in the console, `seats set N --ends DATE` in a shell)",
            "nothing is lost meanwhile: users and numbers stay as they are",
        ],
        UnlicensedCause::NotAssociated => &[
            "sync, to match by e-mail",
            "or edit this user and associate a Teams user by hand",
        ],
        UnlicensedCause::MatchWaits => &[
            "look at the matches (`:tenant-before` in the console, `users adopt` in a shell) and take them over",
            "or edit this user and associate a Teams user by hand",
        ],
        UnlicensedCause::UserGone => &[
            words::RESTORE,
            "or edit this user and associate somebody else",
        ],
    }
}

/// All gates pass; yet something may stand in the way of calls or of changes.
fn good_verdict(subject: &Subject<'_>) -> String {
    let facts = &subject.facts;
    let flaw = if facts.number_is_on_premises() {
        ", but DirSync'd user: the number is mastered on-premises and cannot be written here"
            .to_owned()
    } else if let Some(blocked) = standing::blocked(facts) {
        format!(", but calls are {}", blocked.words())
    } else if facts
        .teams
        .is_some_and(|teams| standing::phone_not_spread(facts, teams))
    {
        ", but Teams does not know of the Phone System yet".to_owned()
    } else if let (Some(location), Some(number)) = (facts.user.location, facts.number())
        && !number.fits(location)
    {
        format!(
            ", but the usage location {location} is not the country of {}",
            number.spaced()
        )
    } else {
        String::new()
    };
    let unwritten = unwritten(subject.entries).map(|what| match flaw.as_str() {
        "" => format!(", but {what}"),
        _ => format!("; {what}"),
    });
    format!(
        "CONFIGURED: all gates pass{flaw}{}",
        unwritten.unwrap_or_default()
    )
}

/// What the tenant has not got yet: on the list is not in the tenant.
fn unwritten(entries: &[Entry]) -> Option<String> {
    let mut waiting = entries.iter().filter(|entry| entry.state.is_unwritten());
    let first = waiting.next()?;
    let what = match &first.wanted {
        Value::Number(Some(number)) => format!("the number {}", number.spaced()),
        Value::Number(None) => "the release of the number".to_owned(),
        Value::Country(country) => format!("the country {}", Value::Country(*country).shown()),
        wanted @ (Value::Plan { .. } | Value::Licence { .. } | Value::Added(_)) => wanted.shown(),
    };
    let more = match waiting.count() {
        0 => String::new(),
        1 => ", as is 1 change more".to_owned(),
        n => format!(", as are {n} changes more"),
    };
    let state = first.state.word();
    Some(format!("{what} is {state} and not written yet{more}"))
}

fn good_steps(subject: &Subject<'_>) -> Vec<WhyStep> {
    let facts = &subject.facts;
    let mut steps = remedy::more(subject);
    let blocked = standing::blocked(facts).filter(|_| !facts.number_is_on_premises());
    if let Some(blocked) = blocked {
        steps.push(WhyStep::by_hand(match blocked {
            Blocked::NoVoice => {
                "switch enterprise voice on: Set-CsPhoneNumberAssignment -EnterpriseVoiceEnabled $true"
            }
            Blocked::NoRoute => {
                "grant a voice routing policy, if the Global one has no route: Grant-CsOnlineVoiceRoutingPolicy"
            }
        }));
        steps.push(remedy::teams_page(subject));
    } else if facts
        .teams
        .is_some_and(|teams| standing::phone_not_spread(facts, teams))
    {
        steps.push(WhyStep::by_hand(
            "wait until the licence has spread to Teams (up to 24 h), then read again",
        ));
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::country::Country;
    use crate::domain::guid::{Guid, TenantId};
    use crate::domain::outbox::Step;

    #[test]
    fn what_the_tenant_has_not_got_is_said_of_whoever_is_configured() {
        let tenant = TenantId(Guid::from_bytes([1; 16]));
        let wants = |wanted: Value, state: EntryState| Entry {
            state,
            ..Entry::queued(
                tenant,
                (Value::Number(None), wanted),
                ("me", Timestamp::UNIX_EPOCH),
            )
        };
        let number = || Value::Number(PhoneNumber::from_tenant("+441235123477"));
        let held = EntryState::Held {
            why: "held back".to_owned(),
        };
        let sent = EntryState::InFlight {
            step: Step::Assign,
            attempt: 1,
        };
        let queued = wants(number(), EntryState::Queued);
        assert_eq!(unwritten(&[]), None);
        assert_eq!(unwritten(&[wants(number(), sent)]), None);
        assert_eq!(
            unwritten(std::slice::from_ref(&queued)).as_deref(),
            Some("the number +44 1235 123477 is queued and not written yet")
        );
        let country = wants(Value::Country(Country::from_tenant("US")), held);
        assert_eq!(
            unwritten(&[country, queued]).as_deref(),
            Some("the country US is held and not written yet, as is 1 change more")
        );
    }
}
