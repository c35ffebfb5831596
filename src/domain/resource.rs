//! The verdict on a resource account: its own gates do not keep it out of the picklist, and a failed one keeps it from its number.

use super::evidence;
use super::explain::Subject;
use super::gate::{Gate, GateResult};
use super::remedy::{self, Advice};
use super::repair::Repair;
use super::why::{Way, WhyStep};
use super::words;

/// Whether it can be added, and what stands between it and a number.
pub(super) fn advise(subject: &Subject<'_>) -> Advice {
    let add = WhyStep::add();
    if let Some((flaws, mut steps)) = flaws(subject) {
        // The first step is the remedy, never the addition: without it a number is refused.
        let after = steps
            .iter()
            .position(|step| matches!(step.way, Way::Page(_)))
            .unwrap_or(steps.len());
        steps.insert(after, add);
        return (
            format!("CAN BE ADDED, but takes no number yet: a resource account, {flaws}"),
            steps,
        );
    }
    let mut steps = vec![add];
    steps.extend(remedy::more(subject));
    ("CAN BE ADDED: a resource account".to_owned(), steps)
}

/// The own gates that fail, in words, with what mends each; `None` where all pass.
pub(super) fn flaws(subject: &Subject<'_>) -> Option<Advice> {
    let (mut flaws, mut steps, mut pages) = (Vec::new(), Vec::new(), Vec::new());
    for finding in evidence::gates(&subject.facts, &subject.names) {
        if finding.result != GateResult::Failed {
            continue;
        }
        match finding.gate {
            Gate::ResourceLicence => {
                flaws.push("no usable licence (MCOEV_VIRTUALUSER)".to_owned());
                steps.push(WhyStep::by_hand(
                    "assign Teams Phone Resource Account, wait until it has spread (up to 24 h), then sync",
                ));
                pages.push(remedy::admin_page(subject, "LicensesAndApps"));
            }
            Gate::UsageLocation => {
                flaws.push(words::NO_COUNTRY.to_owned());
                steps.push(WhyStep::here(
                    "set the usage location: none is set, and its number needs one",
                    Repair::SetLocation,
                    None,
                ));
            }
            Gate::NumberOurs => {
                flaws.push(format!("its number is not ours: {}", finding.evidence));
                let on_premises = remedy::dirsync(subject);
                if on_premises.is_empty() {
                    steps.push(WhyStep::by_hand(
                        "release that number in the Teams admin centre, or keep it there: only Direct Routing numbers are written here",
                    ));
                }
                steps.extend(on_premises);
                pages.push(remedy::teams_page(subject));
            }
            Gate::Enabled
            | Gate::InGroup
            | Gate::NotGuest
            | Gate::Licensed
            | Gate::PhoneSystem
            | Gate::NoCallingPlan
            | Gate::NoCredits => {}
        }
    }
    if flaws.is_empty() {
        return None;
    }
    for step in remedy::more(subject) {
        let again = matches!(
            &step.way,
            Way::Here {
                repair: Repair::SetLocation,
                ..
            }
        ) && subject.facts.user.location.is_none();
        if !again && !steps.contains(&step) {
            steps.push(step);
        }
    }
    steps.extend(pages);
    Some((flaws.join("; "), steps))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::directory::{
        Activation, AssignedPlan, AssignmentStatus, DirectoryUser, GroupFilter, NumberSource,
        NumberType, PlanStatus, TenantNumber, UserFlags,
    };
    use crate::domain::evidence::Names;
    use crate::domain::explain::explain;
    use crate::domain::gate::Facts;
    use crate::domain::matching::tests::{id, person};
    use crate::domain::phone::PhoneNumber;
    use crate::domain::why::Why;

    fn account(licensed: bool, located: bool) -> DirectoryUser {
        let virtual_user = AssignedPlan {
            plan: "f47330e9-c134-43b3-9993-e7f004506889".parse().unwrap(),
            status: PlanStatus::Enabled,
            since: None,
        };
        DirectoryUser {
            plans: licensed.then_some(virtual_user).into_iter().collect(),
            location: located.then(|| "GB".parse().unwrap()),
            flags: UserFlags {
                application_mark: true,
                ..UserFlags::default()
            },
            ..person(1, "attendant@contoso.example")
        }
    }

    fn why(user: &DirectoryUser, kind: Option<NumberType>) -> Why {
        let numbers: Vec<TenantNumber> = kind
            .map(|kind| TenantNumber {
                number: PhoneNumber::from_tenant("+441235123471").unwrap(),
                kind,
                source: NumberSource::Online,
                status: AssignmentStatus::User,
                target: Some(id(1)),
                primary: true,
                activation: Activation::Activated,
            })
            .into_iter()
            .collect();
        explain(&Subject {
            facts: Facts {
                user,
                group: &GroupFilter::Off,
                teams: None,
                numbers: Some(&numbers),
            },
            names: Names {
                skus: &[],
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
        })
    }

    #[test]
    fn a_gate_that_fails_is_in_the_verdict_and_its_remedy_comes_first() {
        let well = why(&account(true, true), None);
        assert_eq!(well.verdict, "CAN BE ADDED: a resource account");
        assert_eq!(well.steps[0].text, "add this user");

        let rows = [
            (
                false,
                true,
                None,
                "no usable licence (MCOEV_VIRTUALUSER)",
                "assign Teams Phone Resource Account",
            ),
            (
                true,
                false,
                None,
                "no usage location",
                "set the usage location",
            ),
            (
                true,
                true,
                Some(NumberType::CallingPlan),
                "its number is not ours: +44 1235 123471 is of type callingPlan",
                "release that number",
            ),
        ];
        for (licensed, located, kind, flaw, first) in rows {
            let why = why(&account(licensed, located), kind);
            assert_eq!(
                why.verdict,
                format!("CAN BE ADDED, but takes no number yet: a resource account, {flaw}")
            );
            assert!(why.steps[0].text.starts_with(first), "{:?}", why.steps);
            let adds = why.steps.iter().filter(|step| step.text == "add this user");
            assert_eq!(adds.count(), 1);
        }
        let both = why(&account(false, false), None);
        assert!(
            both.verdict
                .ends_with("no usable licence (MCOEV_VIRTUALUSER); no usage location")
        );
    }
}
