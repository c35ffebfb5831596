//! An explanation as a paragraph for the customer: who, when it was read, what stands in the way, what to do. It knows no keys
//! and no codes, the names of Microsoft's plans in brackets aside.

use super::gate::FirstCause;
use super::plan_ids::{self, PlanClass};
use super::repair::Repair;
use super::text::Label;
use super::why::{Way, Why, WhyStep};
use super::words;

/// Beginnings of steps that are done in this console.
const OURS: &[&str] = &[
    "sync",
    "add this user",
    "edit this user",
    "or edit this user",
    "read this user again",
    "decide whose",
    "set the group's id",
    "or correct the group's name",
    "nothing has been read",
    "buy more seats",
    "buy seats",
    "or remove users",
    "if it is ",
];

/// The paragraph.
pub fn letter(why: &Why) -> String {
    let mut lines = vec![format!("{} {}", who(why), standing(why))];
    let steps = steps(why);
    match steps.as_slice() {
        [] => {}
        [only] => lines.push(format!("What to do: {only}")),
        several => {
            lines.push("What to do:".to_owned());
            let numbered = several.iter().enumerate();
            lines.extend(numbered.map(|(n, step)| format!("{}. {step}", n + 1)));
        }
    }
    lines.extend(pages(why));
    lines.push(match why.read_at {
        Some(at) => format!(
            "This is as read from Microsoft 365 on {}.",
            at.strftime("%Y-%m-%d at %H:%M UTC")
        ),
        None => "Nothing has been read from Microsoft 365 yet.".to_owned(),
    });
    let safe = lines
        .iter()
        .map(|line| Label::new(line).as_str().to_owned());
    safe.collect::<Vec<_>>().join("\n")
}

fn who(why: &Why) -> String {
    match (why.name.trim(), why.upn.as_str()) {
        ("", upn) => upn.to_owned(),
        (name, "") => name.to_owned(),
        (name, upn) => format!("{name} ({upn})"),
    }
}

/// What comes after the name, as sentences.
fn standing(why: &Why) -> String {
    let detail = detail(&why.verdict);
    let out = |reason: &str, detail: &str| {
        let detail = if detail.is_empty() {
            String::new()
        } else {
            format!(" ({detail})")
        };
        format!(
            "cannot be added to the telephone service yet. What stands in the way: {reason}{detail}."
        )
    };
    match why.first_cause {
        FirstCause::Eligible | FirstCause::Resource => {
            "can be added to the telephone service: nothing stands in the way.".to_owned()
        }
        FirstCause::Configured => configured(&why.verdict),
        FirstCause::Unknown if why.id.is_none() => {
            "has not been looked up yet: nothing was read from the Microsoft 365 tenant.".to_owned()
        }
        FirstCause::Unknown => format!("could not be judged: {detail}."),
        FirstCause::NotInTenant if why.id.is_some() => {
            "is not in your Microsoft 365 tenant any more.".to_owned()
        }
        FirstCause::NotInTenant => "was not found in your Microsoft 365 tenant.".to_owned(),
        FirstCause::Disabled => out("the account is disabled in Microsoft 365", ""),
        FirstCause::NotInGroup => out(
            "the account is not in the group that the telephone service looks at",
            &detail,
        ),
        FirstCause::Guest => out(
            "the account is a guest, and a guest's telephone is in the home organisation",
            "",
        ),
        FirstCause::Unlicensed => out("no Microsoft licence is assigned to the account", ""),
        FirstCause::NoPhoneSystem => out(
            "no Phone System licence is in use",
            after(&detail, "no Phone System: "),
        ),
        FirstCause::PlanNotUsable => out(
            "the Phone System licence cannot be used at present",
            after(&detail, "Phone System is not usable: "),
        ),
        FirstCause::CallingPlan => out(
            "a Microsoft Calling Plan is assigned, which excludes our numbers",
            after(&detail, "Calling Plan "),
        ),
        FirstCause::CommunicationsCredits => out(
            "Microsoft Communications Credits are assigned, which excludes our numbers",
            after(&detail, "Communications Credits "),
        ),
    }
}

fn configured(verdict: &str) -> String {
    let detail = detail(verdict);
    let but = if verdict.starts_with("UNLICENSED: ") {
        format!(", but is Unlicensed there: {detail}")
    } else if let Some((_, but)) = plain(verdict).split_once(", but ") {
        format!(", but {but}")
    } else if let Some((_, more)) = plain(verdict).split_once("CONFIGURED, ") {
        format!("; {more}")
    } else {
        " and complete".to_owned()
    };
    format!("is set up in the telephone service{but}.")
}

fn after<'a>(detail: &'a str, lead: &str) -> &'a str {
    detail.strip_prefix(lead).unwrap_or(detail)
}

/// A verdict without the word in capitals.
fn detail(verdict: &str) -> String {
    plain(verdict.split_once(": ").map_or("", |(_, detail)| detail))
}

/// The steps that are no page and no script; what to beware of goes with the step above it.
fn steps(why: &Why) -> Vec<String> {
    let mut said: Vec<String> = Vec::new();
    for step in &why.steps {
        match &step.way {
            Way::Script | Way::Page(_) => {}
            Way::Beware => {
                let text = plain(&step.text);
                let text = if text.starts_with("stops ") {
                    format!("This {text}.")
                } else {
                    format!("Note: {text}.")
                };
                match said.last_mut() {
                    Some(last) => *last = format!("{last} {text}"),
                    None => said.push(text),
                }
            }
            Way::Here { .. } | Way::Add | Way::ByHand => said.push(step_words(step)),
        }
    }
    said
}

fn step_words(step: &WhyStep) -> String {
    let text = capitalised(&plain(&step.text));
    let ours = OURS.iter().any(|lead| step.text.starts_with(lead));
    match &step.way {
        Way::Here {
            repair: Repair::ClearGroupFilter,
            ..
        } => format!("{text} (on our side)."),
        Way::Here { .. } => format!("{text} (we can do this for you)."),
        Way::Add | Way::ByHand if ours => format!("{text} (on our side)."),
        Way::Add | Way::ByHand | Way::Script | Way::Page(_) | Way::Beware => format!("{text}."),
    }
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

fn pages(why: &Why) -> impl Iterator<Item = String> {
    why.steps.iter().filter_map(|step| match &step.way {
        Way::Page(address) => Some(format!("Page: {address}")),
        Way::Here { .. } | Way::Add | Way::ByHand | Way::Script | Way::Beware => None,
    })
}

/// Words of the console as words for somebody who has none: no word of this program's own work, plans by what they are.
fn plain(text: &str) -> String {
    let mut text = text.to_owned();
    for (ours, theirs) in [
        ("; then sync here", ""),
        ("; then sync", ""),
        (", then sync", ""),
        (" (direct)", ""),
        (" (Azure AD Group Name)", ""),
        (words::DISABLED, "it is disabled"),
        ("NOT ADDABLE: ", ""),
        ("not addable now", "it could not be added now"),
        ("would not be addable now", "could not be added now"),
    ] {
        text = text.replace(ours, theirs);
    }
    let mut said = String::new();
    let mut rest = text.as_str();
    while let Some(at) = rest.find(is_code) {
        let (before, from) = rest.split_at(at);
        let end = from.find(|c| !is_code(c)).unwrap_or(from.len());
        let (code, behind) = from.split_at(end);
        said.push_str(before);
        match plan_name(code) {
            Some(name) if !before.ends_with('(') => said.extend([name, " (", code, ")"]),
            _ => said.push_str(code),
        }
        rest = behind;
    }
    said.push_str(rest);
    said
}

fn is_code(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

/// What a plan is called by people.
fn plan_name(code: &str) -> Option<&'static str> {
    Some(match plan_ids::class_of_code(code)? {
        PlanClass::Phone => "Phone System",
        PlanClass::Calling => "the Calling Plan",
        PlanClass::Credits => words::CREDITS,
        PlanClass::Resource => "the licence of a resource account",
        PlanClass::Teams => "Teams",
        PlanClass::Mobile => "Teams Phone Mobile",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why_alex() -> Why {
        Why {
            id: Some(crate::domain::matching::tests::id(2)),
            user: None,
            name: "Alex Wilber".into(),
            upn: "alex.wilber@contoso.example".into(),
            first_cause: FirstCause::CallingPlan,
            verdict: "NOT ADDABLE: Calling Plan inside \"Teams Phone with Calling Plan\" (direct)"
                .into(),
            steps: Vec::new(),
            gates: Vec::new(),
            warnings: Vec::new(),
            facts: Vec::new(),
            lately: Vec::new(),
            near: Vec::new(),
            also: Vec::new(),
            read_at: Some("2026-11-22T13:59:00Z".parse().unwrap()),
            tenant_read_at: None,
            member_read_at: None,
            live: false,
        }
    }

    #[test]
    fn somebody_with_a_calling_plan_in_words_for_the_customer() {
        let sku = "ab0a7d8a-c5ab-4ab4-b7d5-5c5f5b5f5f5f".parse().unwrap();
        let why = Why {
            steps: vec![
                WhyStep::here(
                    "disable MCOPSTN1 in \"Teams Phone with Calling Plan\" (direct); MCOEV stays",
                    Repair::RemoveLicence { sku },
                    None,
                ),
                WhyStep::beware(
                    "stops +1 425 555 0101, the Calling Plan number that Alex uses today",
                ),
                WhyStep::script(),
                WhyStep::page(
                    "the page in the admin centre",
                    "https://admin.example/1".into(),
                ),
            ],
            ..why_alex()
        };
        assert_eq!(
            letter(&why),
            "Alex Wilber (alex.wilber@contoso.example) cannot be added to the telephone service yet. What stands in the way: a Microsoft Calling Plan is assigned, which excludes our numbers (inside \"Teams Phone with Calling Plan\").\n\
             What to do: Disable the Calling Plan (MCOPSTN1) in \"Teams Phone with Calling Plan\"; Phone System (MCOEV) stays (we can do this for you). This stops +1 425 555 0101, the Calling Plan number that Alex uses today.\n\
             Page: https://admin.example/1\n\
             This is as read from Microsoft 365 on 2026-11-22 at 13:59 UTC."
        );
    }

    #[test]
    fn what_only_the_console_does_is_told_as_such() {
        let why = Why {
            first_cause: FirstCause::NotInGroup,
            verdict:
                "NOT ADDABLE: not among the 3 members of \"Voice users\" (nested groups included)"
                    .into(),
            steps: vec![
                WhyStep::by_hand(
                    "add Alex to \"Voice users\" in Entra ID, then sync; it may take minutes until the list shows it",
                ),
                WhyStep::here(
                    "or clear the group filter of this tenant (Azure AD Group Name), then sync",
                    Repair::ClearGroupFilter,
                    None,
                ),
            ],
            read_at: None,
            ..why_alex()
        };
        let text = letter(&why);
        assert!(
            text.contains("\n1. Add Alex to \"Voice users\" in Entra ID; it may take minutes until the list shows it.\n2. Or clear the group filter of this tenant (on our side).\n"),
            "{text}"
        );
        assert!(
            text.ends_with("Nothing has been read from Microsoft 365 yet."),
            "{text}"
        );
    }

    #[test]
    fn a_configured_user_is_told_as_it_stands() {
        let of = |verdict: &str| {
            letter(&Why {
                first_cause: FirstCause::Configured,
                verdict: verdict.into(),
                steps: Vec::new(),
                ..why_alex()
            })
        };
        let begins = |verdict, words: &str| {
            let text = of(verdict);
            let whole = format!(
                "Alex Wilber (alex.wilber@contoso.example) is set up in the telephone service{words}\n"
            );
            assert!(text.starts_with(&whole), "{text}");
        };
        begins("CONFIGURED: all gates pass", " and complete.");
        begins(
            "UNLICENSED: no seat left (23 of 23 in use)",
            ", but is Unlicensed there: no seat left (23 of 23 in use).",
        );
        begins(
            "CONFIGURED: all gates pass, but Teams does not know of the Phone System yet",
            ", but Teams does not know of the Phone System yet.",
        );
        begins(
            "CONFIGURED: all gates pass, but the number +44 1235 123477 is queued and not written yet",
            ", but the number +44 1235 123477 is queued and not written yet.",
        );
        begins(
            "CONFIGURED, but would not be addable now: Calling Plan (MCOPSTN1)",
            ", but could not be added now: Calling Plan (MCOPSTN1).",
        );
        begins(
            "CONFIGURED, change refused: the number is taken",
            "; change refused: the number is taken.",
        );
    }

    #[test]
    fn nobody_is_said_to_be_missing_from_a_tenant_that_was_never_read() {
        let unread = crate::domain::explain::explain_stranger("alex", Vec::new(), None, false);
        assert_eq!(unread.first_cause, FirstCause::Unknown);
        assert!(
            unread.verdict.starts_with("UNKNOWN: nothing has been read"),
            "{}",
            unread.verdict
        );
        assert!(
            letter(&unread).contains("has not been looked up yet"),
            "{}",
            letter(&unread)
        );
        let read = crate::domain::explain::explain_stranger(
            "alex",
            Vec::new(),
            Some(jiff::Timestamp::UNIX_EPOCH),
            false,
        );
        assert_eq!(read.first_cause, FirstCause::NotInTenant);
        assert!(letter(&read).contains("was not found"), "{}", letter(&read));
    }
}
