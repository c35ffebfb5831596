//! The verdict on somebody in one sentence, and the way out: each step with what its number does.

use super::directory::{GroupFilter, Licence, NumberSource, NumberType, PlanStatus, TenantNumber};
use super::evidence::{self, bringers, of_class, sku_label, sku_words};
use super::explain::Subject;
use super::gate::{FirstCause, Gate, GateResult, Warning};
use super::guid::GroupId;
use super::mending;
use super::phone::PhoneNumber;
use super::plan_ids::{self, PlanClass};
use super::repair::Repair;
use super::resource;
use super::text::Label;
use super::why::{Way, WhyStep};
use super::words;

/// One sentence, and the steps.
pub(super) type Advice = (String, Vec<WhyStep>);

/// What keeps somebody out, and what to do.
pub(super) fn advise(subject: &Subject<'_>, cause: FirstCause) -> Advice {
    match cause {
        FirstCause::Eligible => eligible(subject, "CAN BE ADDED: all gates pass"),
        FirstCause::Resource => resource::advise(subject),
        FirstCause::Configured => ("CONFIGURED".to_owned(), Vec::new()),
        FirstCause::Unknown => unknown(subject),
        FirstCause::NotInTenant => ("NOT IN THE TENANT".to_owned(), Vec::new()),
        FirstCause::Disabled => disabled(subject),
        FirstCause::NotInGroup => outside(subject),
        FirstCause::Guest => (
            "NOT ADDABLE: a guest of this tenant".to_owned(),
            vec![WhyStep::by_hand(
                "set up the telephone in the guest's home tenant instead",
            )],
        ),
        FirstCause::Unlicensed => unlicensed(subject),
        FirstCause::NoPhoneSystem => no_phone_system(subject),
        FirstCause::PlanNotUsable => not_usable(subject),
        FirstCause::CallingPlan => unwanted(subject, PlanClass::Calling, "Calling Plan"),
        FirstCause::CommunicationsCredits => unwanted(subject, PlanClass::Credits, words::CREDITS),
    }
}

/// The first name, for a sentence.
pub(super) fn given(subject: &Subject<'_>) -> String {
    let name = subject.facts.user.name.trim();
    match name.split_whitespace().next() {
        Some(first) => Label::new(first).to_string(),
        None => "this user".to_owned(),
    }
}

fn evidence_of(subject: &Subject<'_>, wanted: GateResult) -> String {
    evidence::gates(&subject.facts, &subject.names)
        .into_iter()
        .find(|finding| finding.result == wanted)
        .map(|finding| finding.evidence)
        .unwrap_or_default()
}

fn eligible(subject: &Subject<'_>, verdict: &str) -> Advice {
    let mut steps = vec![WhyStep::add()];
    steps.extend(more(subject));
    (verdict.to_owned(), steps)
}

/// What does not exclude, and should be mended all the same.
pub(super) fn more(subject: &Subject<'_>) -> Vec<WhyStep> {
    let user = subject.facts.user;
    let mut steps = Vec::new();
    for warning in subject.facts.classify().marks.warnings() {
        match (warning, user.location) {
            (Warning::NoUsageLocation, _) => steps.push(WhyStep::here(
                "set the usage location: none is set, and licences and numbers need one",
                Repair::SetLocation,
                None,
            )),
            (Warning::Country, Some(location)) => {
                steps.push(WhyStep::here(
                    format!("set the usage location: {location} is not the number's country, which may affect outbound calls"),
                    Repair::SetLocation,
                    None,
                ));
                steps.push(WhyStep::beware(spread_of_location(subject)));
            }
            (Warning::NoTeams, _) => steps.push(WhyStep::by_hand(
                "assign a licence with Teams: Phone System alone rings nowhere",
            )),
            (Warning::DirsyncNumber, _) => steps.extend(dirsync(subject)),
            // What blocks calls has a step of its own, by its kind.
            (
                Warning::Country
                | Warning::Room
                | Warning::NoName
                | Warning::NoMail
                | Warning::CallsBlocked,
                _,
            ) => {}
        }
    }
    steps
}

fn spread_of_location(subject: &Subject<'_>) -> String {
    let back = if subject.facts.user.flags.synced {
        "; Active Directory may put the old one back at its next sync"
    } else {
        ""
    };
    format!("allow up to 1 hour until it has spread, then sync{back}")
}

/// What to do about a number that on-premises Active Directory masters.
pub(super) fn dirsync(subject: &Subject<'_>) -> Vec<WhyStep> {
    if !subject.facts.number_is_on_premises() {
        return Vec::new();
    }
    let last = subject
        .tenant
        .and_then(|tenant| tenant.last_dir_sync)
        .map(|at| format!(" (it ran last {})", at.strftime("%Y-%m-%d %H:%MZ")))
        .unwrap_or_default();
    vec![
        WhyStep::by_hand(
            "clear msRTCSIP-Line in the on-premises Active Directory: Set-ADUser, or Set-CsUser -LineUri $null",
        ),
        WhyStep::by_hand(format!(
            "run the directory sync: Start-ADSyncSyncCycle -PolicyType Delta{last}; then sync here"
        )),
    ]
}

fn unknown(subject: &Subject<'_>) -> Advice {
    let finding = evidence::gates(&subject.facts, &subject.names)
        .into_iter()
        .find(|finding| finding.result == GateResult::Unknown);
    let (gate, said) = match finding {
        Some(finding) => (Some(finding.gate), finding.evidence),
        None => (None, words::PARTLY_READ.to_owned()),
    };
    let steps = match (gate, subject.facts.group) {
        (Some(Gate::InGroup), GroupFilter::Hidden { group }) => vec![
            WhyStep::by_hand("grant the app Member.Read.Hidden (admin consent), then sync"),
            clear_filter("or clear the group filter of this tenant, then sync"),
            members_page(subject, group.id),
        ],
        (Some(Gate::InGroup), _) => vec![
            WhyStep::by_hand(
                "sync again; if it stays, look at the app's permissions (GroupMember.Read.All)",
            ),
            clear_filter("or clear the group filter of this tenant, then sync"),
        ],
        _ => vec![
            WhyStep::by_hand(
                "read this user again; if it stays, the tenant's record is flawed: look at it",
            ),
            entra_page(subject),
        ],
    };
    (format!("UNKNOWN: {said}"), steps)
}

fn clear_filter(text: &str) -> WhyStep {
    WhyStep::here(text, Repair::ClearGroupFilter, None)
}

fn disabled(subject: &Subject<'_>) -> Advice {
    let mut steps = vec![WhyStep::by_hand(
        "enable the account (Microsoft 365 admin centre, Active users, Unblock sign-in), then sync",
    )];
    steps.extend(release(
        subject,
        &format!("or, if {} has left:", given(subject)),
    ));
    steps.push(admin_page(subject, "Account"));
    ("NOT ADDABLE: the account is disabled".to_owned(), steps)
}

/// Takes back the number of somebody who cannot use it: written from here only where it is not mastered elsewhere.
fn release(subject: &Subject<'_>, lead: &str) -> Vec<WhyStep> {
    let mut steps = Vec::new();
    for held in held(subject) {
        let number = held.number.clone();
        if held.source == NumberSource::OnPremises {
            steps.push(WhyStep::by_hand(format!(
                "{lead} free {} in the on-premises Active Directory (msRTCSIP-Line), which masters it",
                number.spaced()
            )));
            continue;
        }
        steps.push(WhyStep::here(
            format!(
                "{lead} release {}, which this account still holds",
                number.spaced()
            ),
            Repair::Release {
                number: number.clone(),
            },
            Some(number.clone()),
        ));
        steps.push(WhyStep::beware(format!("stops {}", number.spaced())));
    }
    if steps
        .iter()
        .any(|step| matches!(step.way, Way::Here { .. }))
    {
        steps.push(WhyStep::script());
    }
    steps
}

fn held<'a>(subject: &Subject<'a>) -> impl Iterator<Item = &'a TenantNumber> {
    let id = subject.facts.user.id;
    subject
        .facts
        .numbers
        .unwrap_or_default()
        .iter()
        .filter(move |row| row.holder() == Some(id))
}

fn outside(subject: &Subject<'_>) -> Advice {
    let said = evidence_of(subject, GateResult::Failed);
    let clear = "clear the group filter of this tenant (Azure AD Group Name), then sync";
    let steps = match subject.facts.group {
        GroupFilter::Members { group, members } if !members.is_empty() => vec![
            WhyStep::by_hand(format!(
                "add {} to \"{}\" in Entra ID, then sync; it may take minutes until the list shows it",
                given(subject),
                Label::new(&group.name)
            )),
            clear_filter(&format!("or {clear}")),
            members_page(subject, group.id),
        ],
        GroupFilter::Members { group, .. } => vec![
            clear_filter(clear),
            WhyStep::by_hand("or put the users into the group in Entra ID, then sync"),
            members_page(subject, group.id),
        ],
        GroupFilter::Ambiguous { groups, .. } => {
            let ids: Vec<String> = groups.iter().map(|group| group.id.to_string()).collect();
            vec![
                WhyStep::by_hand(format!(
                    "set the group's id in the tenant's settings instead of its name: {}",
                    ids.join(" or ")
                )),
                clear_filter(&format!("or {clear}")),
            ]
        }
        GroupFilter::Missing { .. } => vec![
            clear_filter(clear),
            WhyStep::by_hand("or correct the group's name in the tenant's settings, then sync"),
        ],
        GroupFilter::Off | GroupFilter::Hidden { .. } | GroupFilter::Unreadable { .. } => {
            vec![clear_filter(clear)]
        }
    };
    (format!("NOT ADDABLE: {said}"), steps)
}

fn unlicensed(subject: &Subject<'_>) -> Advice {
    let mut steps = Vec::new();
    if subject.facts.user.location.is_none() {
        steps.push(WhyStep::here(
            "set the usage location: without one no licence can be assigned",
            Repair::SetLocation,
            None,
        ));
    }
    steps.push(WhyStep::by_hand(format!(
        "assign a licence with Teams and Phone System{}; then sync",
        free_phone(subject, "E5, or E3 with Teams Phone Standard")
    )));
    steps.extend(release(subject, "or"));
    steps.push(admin_page(subject, "LicensesAndApps"));
    ("NOT ADDABLE: no Microsoft licence".to_owned(), steps)
}

/// Which products of the tenant bring a Phone System and have seats left.
fn free_phone(subject: &Subject<'_>, else_words: &str) -> String {
    let free: Vec<String> = subject
        .names
        .skus
        .iter()
        .filter(|sku| sku.free() > 0 && sku.status.is_usable() && !plan_ids::is_room(sku.id))
        .filter(|sku| {
            let has = |class| {
                sku.plans
                    .iter()
                    .any(|plan| plan_ids::class(plan.id) == Some(class))
            };
            has(PlanClass::Phone) && !has(PlanClass::Calling)
        })
        .map(|sku| format!("{} {}", sku.free(), sku_words(sku.id, &subject.names)))
        .collect();
    if free.is_empty() {
        format!(" ({else_words}; none of those that the tenant has bought is free)")
    } else {
        format!(" (free: {})", free.join(", "))
    }
}

fn no_phone_system(subject: &Subject<'_>) -> Advice {
    let off: Option<&Licence> = subject.facts.user.licences.iter().find(|licence| {
        licence
            .disabled
            .iter()
            .any(|plan| plan_ids::class(*plan) == Some(PlanClass::Phone))
    });
    let first = match off {
        Some(licence) => format!(
            "switch MCOEV on in {}, under Apps; then sync",
            sku_label(licence, &subject.names)
        ),
        None => format!(
            "assign a licence with Phone System{}; then sync",
            free_phone(subject, "Teams Phone Standard")
        ),
    };
    let mut steps = vec![WhyStep::by_hand(first)];
    steps.extend(release(subject, "or"));
    steps.push(admin_page(subject, "LicensesAndApps"));
    let said = phone_evidence(subject);
    (format!("NOT ADDABLE: no Phone System: {said}"), steps)
}

fn phone_evidence(subject: &Subject<'_>) -> String {
    evidence::gates(&subject.facts, &subject.names)
        .into_iter()
        .find(|finding| finding.gate == Gate::PhoneSystem)
        .map(|finding| finding.evidence)
        .unwrap_or_default()
}

fn not_usable(subject: &Subject<'_>) -> Advice {
    let status = of_class(&subject.facts, PlanClass::Phone)
        .first()
        .map_or(PlanStatus::Unknown, |plan| plan.status);
    let first = match status {
        PlanStatus::Suspended | PlanStatus::LockedOut => {
            "renew the subscription that brings it, or assign another licence with Phone System"
        }
        PlanStatus::Enabled | PlanStatus::Warning | PlanStatus::Deleted | PlanStatus::Unknown => {
            "assign a licence with Phone System again"
        }
    };
    let mut steps = vec![WhyStep::by_hand(format!(
        "{first}{}; then sync",
        free_phone(subject, "Teams Phone Standard")
    ))];
    steps.extend(release(subject, "or"));
    steps.push(admin_page(subject, "LicensesAndApps"));
    let said = phone_evidence(subject);
    (
        format!("NOT ADDABLE: Phone System is not usable: {said}"),
        steps,
    )
}

/// A plan that must go: by which licence it comes decides what can be done from here.
fn unwanted(subject: &Subject<'_>, class: PlanClass, words: &str) -> Advice {
    let facts = &subject.facts;
    let mut places = Vec::new();
    let mut steps = Vec::new();
    let plans: Vec<_> = of_class(facts, class)
        .into_iter()
        .filter(|plan| plan.status.is_usable())
        .collect();
    let silenced = (class == PlanClass::Calling)
        .then(|| calling_number(subject))
        .flatten();
    let mut seen = Vec::new();
    for plan in &plans {
        let licences: Vec<&Licence> = bringers(plan.plan, facts, &subject.names).collect();
        for licence in licences {
            let alone = mending::brings_only(licence.sku, class, subject.names.skus);
            if alone && seen.contains(&licence) {
                continue;
            }
            seen.push(licence);
            let label = sku_label(licence, &subject.names);
            places.push(if alone {
                label.clone()
            } else {
                format!("inside {label}")
            });
            steps.push(take_away(
                subject,
                licence,
                plan.plan,
                (alone, silenced.as_ref()),
            ));
        }
    }
    let together = put_groups_first(&mut steps, (class, words));
    if let Some(number) = silenced.as_ref().filter(|_| !together) {
        let after = steps
            .iter()
            .rposition(|step| matches!(step.way, Way::Here { .. }))
            .unwrap_or_else(|| steps.len().saturating_sub(1));
        let text = format!(
            "stops {}, the Calling Plan number that {} uses today",
            number.spaced(),
            given(subject)
        );
        steps.insert((after + 1).min(steps.len()), WhyStep::beware(text));
    }
    if steps.is_empty() {
        steps.push(WhyStep::by_hand(
            "none of the licences that are listed brings it: wait until the change has spread (up to 24 h), then sync",
        ));
    }
    if steps
        .iter()
        .any(|step| matches!(step.way, Way::Here { .. }))
    {
        steps.push(WhyStep::script());
    }
    steps.push(admin_page(subject, "LicensesAndApps"));
    let place = match (places.is_empty(), plans.first()) {
        (true, Some(plan)) => format!(" ({})", plan_ids::code(plan.plan)),
        _ => format!(" {}", places.join(" and ")),
    };
    (format!("NOT ADDABLE: {words}{place}"), steps)
}

/// Where a group gives the plan too, what is done from here changes nothing by itself, so it stops nothing: the group goes first.
fn put_groups_first(steps: &mut Vec<WhyStep>, (class, words): (PlanClass, &str)) -> bool {
    let is_here = |step: &WhyStep| matches!(step.way, Way::Here { .. });
    if !steps.iter().any(is_here) || steps.iter().all(is_here) {
        return false;
    }
    steps.sort_by_key(is_here);
    for step in steps.iter_mut() {
        if let Way::Here { stops, .. } = &mut step.way {
            *stops = None;
        }
    }
    let number = match class {
        PlanClass::Calling => ", and its number stops only then",
        _ => "",
    };
    steps.push(WhyStep::beware(format!(
        "only together: the {words} goes with the last of these steps{number}"
    )));
    true
}

fn take_away(
    subject: &Subject<'_>,
    licence: &Licence,
    plan: super::guid::PlanId,
    (alone, stops): (bool, Option<&PhoneNumber>),
) -> WhyStep {
    let code = plan_ids::code(plan);
    let label = sku_label(licence, &subject.names);
    if let Some(group) = licence.group {
        return WhyStep::by_hand(format!(
            "take {} out of the {}, which gives it, or switch {code} off in that group's licence; then sync",
            given(subject),
            subject.names.group(group)
        ));
    }
    if subject.names.sku(licence.sku).is_none() {
        return WhyStep::by_hand(format!(
            "take {code} out of {label} in the admin centre: the tenant does not list this product among its own, so it is not written from here"
        ));
    }
    if alone {
        return WhyStep::here(
            format!("remove the licence {label}, which brings nothing else"),
            Repair::RemoveLicence { sku: licence.sku },
            stops.cloned(),
        );
    }
    let phone_stays = subject.names.sku(licence.sku).and_then(|sku| {
        sku.plans
            .iter()
            .find(|plan| plan_ids::class(plan.id) == Some(PlanClass::Phone))
            .filter(|plan| !licence.disabled.contains(&plan.id))
            .map(|plan| plan_ids::code(plan.id))
    });
    WhyStep::here(
        format!(
            "disable {code} in {label}; {} stays",
            phone_stays.unwrap_or("the rest of it")
        ),
        Repair::SwitchOff {
            sku: licence.sku,
            plan,
        },
        stops.cloned(),
    )
}

/// The Calling Plan number that goes with the plan.
fn calling_number(subject: &Subject<'_>) -> Option<PhoneNumber> {
    held(subject)
        .find(|row| row.kind == NumberType::CallingPlan)
        .map(|row| row.number.clone())
}

/// This user in the Microsoft 365 admin centre.
pub(super) fn admin_page(subject: &Subject<'_>, tab: &str) -> WhyStep {
    WhyStep::page(
        "the page in the admin centre",
        format!(
            "https://admin.microsoft.com/Adminportal/Home#/users/:/UserDetails/{}/{tab}",
            subject.facts.user.id
        ),
    )
}

/// This user in the Teams admin centre.
pub(super) fn teams_page(subject: &Subject<'_>) -> WhyStep {
    WhyStep::page(
        "the page in the Teams admin centre",
        format!(
            "https://admin.teams.microsoft.com/users/{}/account",
            subject.facts.user.id
        ),
    )
}

fn entra_page(subject: &Subject<'_>) -> WhyStep {
    WhyStep::page(
        "the page in the Entra admin centre",
        format!(
            "https://entra.microsoft.com/{}#view/Microsoft_AAD_UsersAndTenants/UserProfileMenuBlade/~/overview/userId/{}",
            directory(subject),
            subject.facts.user.id
        ),
    )
}

fn members_page(subject: &Subject<'_>, group: GroupId) -> WhyStep {
    WhyStep::page(
        "the group in the Entra admin centre",
        format!(
            "https://entra.microsoft.com/{}#view/Microsoft_AAD_IAM/GroupDetailsMenuBlade/~/Members/groupId/{group}",
            directory(subject)
        ),
    )
}

/// The tenant in an address: a partner's account would land in its own without it.
fn directory(subject: &Subject<'_>) -> String {
    subject
        .tenant
        .map(|tenant| format!("{}/", tenant.id))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{
        Activation, AssignedPlan, AssignmentStatus, DirectoryUser, Sku, SkuPlan,
    };
    use crate::domain::evidence::Names;
    use crate::domain::gate::Facts;
    use crate::domain::matching::tests::{id, person};
    use crate::domain::mending::tests::{BUNDLE, MCOEV, MCOPSTN1};

    const TELCO: &str = "08d7bce8-6e16-490e-89db-1d508e5e9609";
    const GROUP: &str = "00000000-0000-0000-0000-0000000000aa";

    fn licence(sku: &str, group: Option<&str>) -> Licence {
        Licence {
            sku: sku.parse().unwrap(),
            group: group.map(|group| group.parse().unwrap()),
            disabled: Vec::new(),
            error: None,
        }
    }

    fn bundle() -> Sku {
        let plan = |id: &str| SkuPlan {
            id: id.parse().unwrap(),
            name: String::new(),
            for_users: true,
        };
        Sku {
            id: BUNDLE.parse().unwrap(),
            part_number: "MCOTEAMS_ESSENTIALS".into(),
            status: PlanStatus::Enabled,
            enabled: 5,
            warning: 0,
            suspended: 0,
            consumed: 1,
            plans: vec![plan(MCOEV), plan(MCOPSTN1)],
        }
    }

    fn advice(licences: Vec<Licence>, calling: &str) -> Advice {
        let plan = |plan: &str| AssignedPlan {
            plan: plan.parse().unwrap(),
            status: PlanStatus::Enabled,
            since: None,
        };
        let user = DirectoryUser {
            plans: vec![plan(MCOEV), plan(calling)],
            licences,
            ..person(1, "alex@contoso.example")
        };
        let numbers = [TenantNumber {
            number: PhoneNumber::from_tenant("+14255550101").unwrap(),
            kind: NumberType::CallingPlan,
            source: NumberSource::Online,
            status: AssignmentStatus::User,
            target: Some(id(1)),
            primary: true,
            activation: Activation::Activated,
        }];
        let skus = [bundle()];
        advise(
            &Subject {
                facts: Facts {
                    user: &user,
                    group: &GroupFilter::Off,
                    teams: None,
                    numbers: Some(&numbers),
                },
                names: Names {
                    skus: &skus,
                    groups: &[],
                },
                tenant: None,
                configured: None,
                holders: &[],
                read_at: None,
                teams_read: None,
                tenant_read_at: None,
                member_read_at: None,
                live: false,
                entries: &[],
                lately: &[],
            },
            FirstCause::CallingPlan,
        )
    }

    #[test]
    fn what_is_done_from_here_stops_the_number() {
        let (_, steps) = advice(vec![licence(BUNDLE, None)], MCOPSTN1);
        assert!(matches!(&steps[0].way, Way::Here { stops: Some(_), .. }));
        assert!(steps[1].text.starts_with("stops +1 425 555 0101"));
    }

    #[test]
    fn where_a_group_gives_the_plan_too_the_group_goes_first_and_nothing_stops() {
        let both = vec![licence(BUNDLE, None), licence(BUNDLE, Some(GROUP))];
        let (_, steps) = advice(both, MCOPSTN1);
        assert!(steps[0].text.contains("out of the group"), "{steps:?}");
        assert!(steps[1].text.starts_with("disable MCOPSTN1"), "{steps:?}");
        assert!(matches!(&steps[1].way, Way::Here { stops: None, .. }));
        assert_eq!(steps[2].way, Way::Beware);
        assert!(steps[2].text.starts_with("only together"), "{steps:?}");
        assert!(steps.iter().all(|step| !step.text.starts_with("stops")));
    }

    /// Somebody has it, and the tenant's own list of products lacks it: it is known from the table of what is sold.
    #[test]
    fn a_product_that_the_tenant_does_not_list_is_known_all_the_same() {
        let sold = plan_ids::sold_with(TELCO.parse().unwrap());
        let calling = sold
            .iter()
            .find(|plan| plan_ids::class(**plan) == Some(PlanClass::Calling))
            .unwrap()
            .to_string();
        let (verdict, steps) = advice(vec![licence(TELCO, None)], &calling);
        assert!(
            verdict.contains("Microsoft 365 Business Voice (US)"),
            "{verdict}"
        );
        assert!(steps[0].text.starts_with("take "), "{steps:?}");
        assert_eq!(steps[0].way, Way::ByHand);
    }
}
