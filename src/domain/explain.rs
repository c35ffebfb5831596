//! From facts to the whole answer: the verdict in one sentence, the first step of the way out, and what else is known.

use jiff::Timestamp;

use super::directory::{Sku, Tenant};
use super::evidence::{self, bringers, of_class, sku_label};
use super::gate::{Facts, FirstCause, GateResult, Warning};
use super::outbox::{Entry, EntryState};
use super::plan_ids::{self, PlanClass};
use super::text::Label;
use super::user::{LicenseStatus, UnlicensedCause, User};
use super::why::{Fact, Why, WhyStep};

/// What this side knows of somebody who is configured.
#[derive(Debug, Clone, Copy)]
pub struct Configured<'a> {
    /// The user.
    pub user: &'a User,
    /// Licensed or not.
    pub status: LicenseStatus,
    /// Queued changes.
    pub entries: &'a [Entry],
}

/// Everything about one directory user.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// What the gates look at.
    pub facts: Facts<'a>,
    /// The tenant's SKUs.
    pub skus: &'a [Sku],
    /// The tenant itself.
    pub tenant: Option<&'a Tenant>,
    /// This side's record, when there is one.
    pub configured: Option<Configured<'a>>,
    /// When the facts were read.
    pub read_at: Option<Timestamp>,
    /// Whether they were read just for this.
    pub live: bool,
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
        None => verdict(subject, class.cause),
    };
    Why {
        id: Some(facts.user.id),
        user: subject.configured.map(|c| c.user.id),
        name: facts.user.name.clone(),
        upn: facts.user.upn.clone(),
        first_cause,
        verdict,
        steps: steps.into_iter().map(WhyStep::by_hand).collect(),
        gates: evidence::gates(facts, subject.skus),
        warnings: class.marks.warnings().collect(),
        facts: further(subject, &class.marks.warnings().collect::<Vec<_>>()),
        lately: subject.lately.to_vec(),
        near: Vec::new(),
        read_at: subject.read_at,
        live: subject.live,
    }
}

/// Explains a configured user who has no directory user (yet, or any more).
pub fn explain_unmatched(
    configured: Configured<'_>,
    near: Vec<String>,
    read_at: Option<Timestamp>,
    lately: &[String],
) -> Why {
    let user = configured.user;
    let mail = Label::new(&user.mail);
    let (verdict, steps) = if user.gone {
        (
            "UNLICENSED: the associated user is gone from the tenant".to_owned(),
            vec!["restore the user in Entra ID within 30 days, or associate another one (e), or remove this user (d)".to_owned()],
        )
    } else {
        (
            format!("UNLICENSED: not associated, nobody in the tenant has the address {mail}"),
            vec![
                "correct the e-mail here (e), or in the tenant, and sync; or associate by hand (e, Association)".to_owned(),
                format!("tried against sign-in names, mail and proxy addresses: {mail}"),
            ],
        )
    };
    Why {
        id: user.association.id(),
        user: Some(user.id),
        name: user.name.clone(),
        upn: user.mail.clone(),
        first_cause: FirstCause::Configured,
        verdict,
        steps: steps.into_iter().map(WhyStep::by_hand).collect(),
        gates: Vec::new(),
        warnings: Vec::new(),
        facts: queued(configured.entries),
        lately: lately.to_vec(),
        near,
        read_at,
        live: false,
    }
}

/// Explains a name that nobody in the tenant has.
pub fn explain_stranger(
    text: &str,
    near: Vec<String>,
    read_at: Option<Timestamp>,
    live: bool,
) -> Why {
    let shown = Label::new(text);
    let steps = if read_at.is_none() {
        vec!["nothing has been read from this tenant yet: sync first (s)".to_owned()]
    } else if near.is_empty() {
        vec!["check the spelling, or whether the account is in another tenant, or was made a moment ago (r reads again)".to_owned()]
    } else {
        vec![format!("nearest: {}", near.join("; "))]
    };
    Why {
        id: None,
        user: None,
        name: text.to_owned(),
        upn: String::new(),
        first_cause: FirstCause::NotInTenant,
        verdict: format!(
            "NOT IN THE TENANT: nobody has the name, address, number or id \"{shown}\""
        ),
        steps: steps.into_iter().map(WhyStep::by_hand).collect(),
        gates: Vec::new(),
        warnings: Vec::new(),
        facts: Vec::new(),
        lately: Vec::new(),
        near,
        read_at,
        live,
    }
}

fn configured_verdict(
    subject: &Subject<'_>,
    configured: Configured<'_>,
    cause: FirstCause,
) -> (String, Vec<String>) {
    if let Some(entry) = configured
        .entries
        .iter()
        .find(|entry| matches!(entry.state, EntryState::Rejected { .. }))
        && let EntryState::Rejected { cause, hint, .. } = &entry.state
    {
        return (
            format!("CONFIGURED, change refused: {cause}"),
            vec![hint.clone()],
        );
    }
    if configured
        .entries
        .iter()
        .any(|entry| matches!(entry.state, EntryState::Conflict { .. }))
    {
        let step = "decide whose value stays: Enter on the row in Changes".to_owned();
        return (
            "CONFIGURED, in conflict: the tenant's value has moved since the edit".to_owned(),
            vec![step],
        );
    }
    if let LicenseStatus::Unlicensed(unlicensed) = configured.status {
        let step = match unlicensed {
            UnlicensedCause::NoSeat { .. } => {
                "buy seats, or remove users: a seat that is freed goes to the next one by itself"
            }
            UnlicensedCause::TrialEnded => "renew with the provider, then set the new end date",
            UnlicensedCause::NotAssociated => {
                "sync to match by e-mail, or associate by hand (e, Association)"
            }
            UnlicensedCause::UserGone => {
                "restore the user in Entra ID, or associate another one (e)"
            }
        };
        return (format!("UNLICENSED: {unlicensed}"), vec![step.to_owned()]);
    }
    if cause.is_candidate() {
        return (
            "CONFIGURED: all gates pass".to_owned(),
            dirsync_step(subject).into_iter().collect(),
        );
    }
    let (verdict, steps) = verdict(subject, cause);
    (
        format!(
            "CONFIGURED, but would not be addable now: {}",
            verdict.trim_start_matches("NOT ADDABLE: ")
        ),
        steps,
    )
}

fn verdict(subject: &Subject<'_>, cause: FirstCause) -> (String, Vec<String>) {
    let facts = &subject.facts;
    let gate = |wanted| {
        evidence::gates(facts, subject.skus)
            .into_iter()
            .find(|finding| finding.result == wanted)
            .map(|finding| finding.evidence)
            .unwrap_or_default()
    };
    let step = |text: &str| vec![text.to_owned()];
    match cause {
        FirstCause::Eligible => ("CAN BE ADDED: all gates pass".to_owned(), step("add (a)")),
        FirstCause::Configured => ("CONFIGURED".to_owned(), Vec::new()),
        FirstCause::Resource => (
            "CAN BE ADDED: a resource account".to_owned(),
            step("add (a); it gets a number like a user"),
        ),
        FirstCause::Unknown => (
            format!("UNKNOWN: {}", gate(GateResult::Unknown)),
            step("mend what could not be read (doctor, permissions), then sync"),
        ),
        FirstCause::NotInTenant => ("NOT IN THE TENANT".to_owned(), Vec::new()),
        FirstCause::Disabled => (
            "NOT ADDABLE: the account is disabled".to_owned(),
            step(
                "enable it: Microsoft 365 admin centre, Users, Active users, Unblock sign-in; then sync",
            ),
        ),
        FirstCause::NotInGroup => (
            format!("NOT ADDABLE: {}", gate(GateResult::Failed)),
            step(
                "add the user to the group, or clear the group filter in the tenant's settings; then sync",
            ),
        ),
        FirstCause::Guest => (
            "NOT ADDABLE: a guest of this tenant".to_owned(),
            step("set up in the home tenant instead"),
        ),
        FirstCause::Unlicensed => (
            "NOT ADDABLE: no Microsoft licence".to_owned(),
            step(
                "assign a licence with Teams and Phone System (E5, or E3 and Teams Phone Standard); then sync",
            ),
        ),
        FirstCause::NoPhoneSystem => (
            format!(
                "NOT ADDABLE: no Phone System ({})",
                gate(GateResult::Failed)
            ),
            step(
                "assign Teams Phone Standard (MCOEV), or switch it on in the licence's apps; then sync",
            ),
        ),
        FirstCause::PlanNotUsable => (
            format!(
                "NOT ADDABLE: Phone System is not usable ({})",
                gate(GateResult::Failed)
            ),
            step("renew the subscription, or assign Teams Phone Standard again; then sync"),
        ),
        FirstCause::CallingPlan => calling(subject, PlanClass::Calling, "Calling Plan"),
        FirstCause::CommunicationsCredits => {
            calling(subject, PlanClass::Credits, "Communications Credits")
        }
    }
}

/// The verdict for a plan that must go: by which SKU it comes decides what can be done.
fn calling(subject: &Subject<'_>, class: PlanClass, words: &str) -> (String, Vec<String>) {
    let facts = &subject.facts;
    let Some(plan) = of_class(facts, class)
        .into_iter()
        .find(|plan| plan.status.is_usable())
    else {
        return (format!("NOT ADDABLE: {words}"), Vec::new());
    };
    let code = plan_ids::code(plan.plan);
    let mut steps = Vec::new();
    let mut places = Vec::new();
    for licence in bringers(plan.plan, facts, subject.skus) {
        let sku = subject.skus.iter().find(|sku| sku.id == licence.sku);
        let alone = sku.is_some_and(|sku| sku.plans.iter().filter(|p| p.for_users).count() <= 1);
        let label = sku_label(licence, subject.skus);
        places.push(if alone {
            label.clone()
        } else {
            format!("inside {label}")
        });
        steps.push(match (licence.group, alone) {
            (Some(group), _) => {
                format!("it comes by group {group}: take the user out of it, or switch {code} off in the group's licence; then sync")
            }
            (None, true) => format!("remove the licence {label}; then sync"),
            (None, false) => format!("switch {code} off in {label}, under Apps; the other plans stay; then sync"),
        });
    }
    if let Some(number) = facts.number() {
        steps.push(format!(
            "this stops {}, which is in use today",
            number.spaced()
        ));
    }
    let place = if places.is_empty() {
        format!(" ({code})")
    } else {
        format!(" {}", places.join(" and "))
    };
    (format!("NOT ADDABLE: {words}{place}"), steps)
}

fn dirsync_step(subject: &Subject<'_>) -> Option<String> {
    subject.facts.number_is_on_premises().then(|| {
        let last = subject
            .tenant
            .and_then(|tenant| tenant.last_dir_sync)
            .map(|at| format!("; the directory last synchronised {}", at.strftime("%Y-%m-%d %H:%MZ")))
            .unwrap_or_default();
        format!(
            "DirSync'd user: the number is mastered on-premises. Clear msRTCSIP-Line in Active Directory, run the directory sync \
             (Start-ADSyncSyncCycle -PolicyType Delta), then sync here{last}"
        )
    })
}

fn further(subject: &Subject<'_>, warnings: &[Warning]) -> Vec<Fact> {
    let facts = &subject.facts;
    let user = facts.user;
    let mut out = Vec::new();
    let held: Vec<String> = facts
        .numbers
        .unwrap_or_default()
        .iter()
        .filter(|n| n.holder() == Some(user.id))
        .map(|n| format!("{} {}", n.number.spaced(), n.kind.as_str()))
        .collect();
    let number = match (facts.numbers, held.is_empty()) {
        (None, _) => "the tenant's numbers could not be read".to_owned(),
        (Some(_), true) => "none".to_owned(),
        (Some(_), false) => held.join(", "),
    };
    out.push(Fact {
        label: "Number",
        text: number,
    });
    let place = user
        .location
        .map_or_else(|| "none".to_owned(), |c| c.to_string());
    out.push(Fact {
        label: "Location",
        text: place,
    });
    out.push(Fact {
        label: "Teams",
        text: teams_words(facts),
    });
    let mut addresses = vec![user.upn.clone()];
    addresses.extend(
        user.mail
            .clone()
            .filter(|mail| !mail.eq_ignore_ascii_case(&user.upn)),
    );
    addresses.extend(user.addresses.iter().cloned());
    out.push(Fact {
        label: "Addresses",
        text: addresses.join(", "),
    });
    for warning in warnings {
        out.push(Fact {
            label: "Warning",
            text: warning.words().to_owned(),
        });
    }
    if let Some(step) = dirsync_step(subject) {
        out.push(Fact {
            label: "DirSync",
            text: step,
        });
    }
    if let Some(flaw) = &user.flaw {
        out.push(Fact {
            label: "Record",
            text: format!("the tenant's record is flawed: {flaw}"),
        });
    }
    if let Some(configured) = subject.configured {
        out.extend(queued(configured.entries));
    }
    out
}

fn teams_words(facts: &Facts<'_>) -> String {
    let Some(teams) = facts.teams else {
        return "no row in Teams, or not read".to_owned();
    };
    let voice = match teams.enterprise_voice {
        Some(true) => "on",
        Some(false) => "off",
        None => "not said",
    };
    let routing = teams.voice_routing.as_deref().unwrap_or("none");
    let dial_plan = teams.dial_plan.as_deref().unwrap_or("Global");
    let mut text =
        format!("enterprise voice {voice}; voice route {routing}; dial plan {dial_plan}");
    if teams.features.phone_system != facts.usable(PlanClass::Phone) && !facts.is_resource() {
        text.push_str("; Phone System differs from Entra: not spread yet (up to 24 h)");
    }
    if teams.features.calling_plan != facts.usable(PlanClass::Calling) {
        text.push_str("; Calling Plan differs from Entra: not spread yet (up to 24 h)");
    }
    text
}

fn queued(entries: &[Entry]) -> Vec<Fact> {
    entries
        .iter()
        .map(|entry| Fact {
            label: "Queued",
            text: format!(
                "{} {} -> {} ({})",
                entry.field().as_str(),
                entry.base.shown(),
                entry.wanted.shown(),
                entry.state.word()
            ),
        })
        .collect()
}
