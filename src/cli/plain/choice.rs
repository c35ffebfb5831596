//! What can be chosen by a number, and the field of a user that is to be changed.

use clap::ValueEnum as _;

use super::super::args::{Kind, UserSet};
use super::terminal::{line, tell};

/// A choice of the first list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Choice {
    /// Read, and write what waits.
    Sync,
    /// Configured users.
    Users,
    /// Who can be added.
    Candidates,
    /// Why somebody is missing.
    Why,
    /// Change a user.
    Edit,
    /// The outbox.
    Waiting,
    /// Sign in.
    SignIn,
    /// Another tenant.
    Tenants,
    /// What is left of the tenant before.
    Earlier,
    /// The end.
    Leave,
}

const CHOICES: &[(&str, Choice, &str)] = &[
    (
        "1",
        Choice::Sync,
        "Read the tenant, show what would be written, and ask",
    ),
    ("2", Choice::Users, "List the users"),
    ("3", Choice::Candidates, "List who can be added"),
    ("4", Choice::Why, "Why is somebody missing"),
    ("5", Choice::Edit, "Edit a user"),
    ("6", Choice::Waiting, "What waits to be written"),
    ("7", Choice::SignIn, "Sign in"),
    ("8", Choice::Tenants, "Open another tenant"),
    (
        "9",
        Choice::Earlier,
        "After a change of tenant: who the users are here, and their old numbers",
    ),
    ("0", Choice::Leave, "Leave"),
];

impl Choice {
    /// The choice of an answer; `None` for what is no number of the list.
    pub(super) fn of(answer: &str) -> Option<Self> {
        let answer = answer.trim_end_matches('.');
        match answer {
            "q" | "quit" | "exit" => Some(Self::Leave),
            _ => CHOICES
                .iter()
                .find(|(number, ..)| *number == answer)
                .map(|(_, choice, _)| *choice),
        }
    }
}

pub(super) fn list() {
    for (number, _, words) in CHOICES {
        tell(&format!("{number}. {words}"));
    }
}

/// Asks which field gets which value; `None` when nothing is to be changed.
pub(super) fn field() -> anyhow::Result<Option<UserSet>> {
    tell("1. Number  2. Kind of number  3. Country  4. Name  5. E-mail  6. Teams user");
    let mut set = UserSet::default();
    let Some(field) = line("Which? Enter goes back:")? else {
        return Ok(None);
    };
    let (question, place) = match field.trim_end_matches('.') {
        "1" => (
            "Number in E.164, such as +441235123465, or none; Enter leaves it:",
            &mut set.number,
        ),
        "2" => return kind(),
        "3" => ("Country, two letters; Enter leaves it:", &mut set.country),
        "4" => ("Name; Enter leaves it:", &mut set.name),
        "5" => ("E-mail; Enter leaves it:", &mut set.mail),
        "6" => (
            "Teams user, by address or id; Enter leaves it:",
            &mut set.associate,
        ),
        "" => return Ok(None),
        other => {
            tell(&format!(
                "{other} is not one of the six. Nothing was changed."
            ));
            return Ok(None);
        }
    };
    let Some(value) = line(question)?.filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    *place = Some(value);
    Ok(Some(set))
}

fn kind() -> anyhow::Result<Option<UserSet>> {
    tell("1. Direct dial  2. Extension of a main number  3. Trunk");
    let Some(text) = line("Which? Enter leaves it:")? else {
        return Ok(None);
    };
    let kind = text
        .trim_end_matches('.')
        .parse::<usize>()
        .ok()
        .and_then(|n| Kind::value_variants().get(n.wrapping_sub(1)));
    if kind.is_none() && !text.is_empty() {
        tell(&format!(
            "{text} is not one of the three. Nothing was changed."
        ));
    }
    Ok(kind.map(|kind| UserSet {
        kind: Some(*kind),
        ..UserSet::default()
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_and_without_a_dot_choose_and_words_do_not() {
        assert_eq!(Choice::of("2"), Some(Choice::Users));
        assert_eq!(Choice::of("2."), Some(Choice::Users));
        assert_eq!(Choice::of("0"), Some(Choice::Leave));
        assert_eq!(Choice::of("22"), None);
        assert_eq!(Choice::of("why alex"), None);
        let mut numbers: Vec<&str> = CHOICES.iter().map(|(number, ..)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        assert_eq!(numbers.len(), CHOICES.len());
    }
}
