//! The words of a preview: what changes, what stays, and what should be known of it.

use crate::domain::outbox::Entry;
use crate::domain::phone::NumberKind;
use crate::domain::user::{Patch, Value};

use super::preview::{Subject, Whom};

/// What stays in the tenant when a user is removed here, and what goes with it.
pub(super) fn left_behind(who: &Subject<'_>) -> String {
    let mut parts = Vec::new();
    if let Some(number) = &who.number {
        parts.push(format!("{} stays in the tenant", number.spaced()));
    }
    let drops: Vec<String> = who.own().map(Entry::whose).collect();
    match drops.as_slice() {
        [] => {}
        [one] => parts.push(format!("1 queued change goes: {one}")),
        many => parts.push(format!(
            "{} queued changes go: {}",
            many.len(),
            many.join(", ")
        )),
    }
    parts.join("; ")
}

/// `number +44 1235 123400, country FR -> GB, kind ddi -> trunk`.
pub(super) fn words(who: &Subject<'_>, patch: &Patch) -> String {
    let pairs = patch.two_way.iter().rev();
    let mut parts: Vec<String> = pairs
        .map(|(before, after)| {
            let (field, wanted) = (after.field().as_str(), after.shown());
            match before {
                Value::Number(None) => format!("{field} {wanted}"),
                before => format!("{field} {} -> {wanted}", before.shown()),
            }
        })
        .collect();
    if let Some(kind) = patch.kind {
        let before = who.kind.as_str();
        parts.push(format!("kind {before} -> {}", kind.as_str()));
    }
    if parts.is_empty() && matches!(who.whom, Whom::Person(_)) {
        return "added".to_owned();
    }
    parts.join(", ")
}

/// What should be known of a change: doubt of the numbering plan, who is not in the tenant yet, a directory that takes it back.
pub(super) fn note(who: &Subject<'_>, patch: &Patch) -> String {
    let mut parts = Vec::new();
    let kind = patch.kind.unwrap_or(who.kind);
    for (before, after) in &patch.two_way {
        match after {
            Value::Number(Some(number)) => {
                if let Value::Number(Some(old)) = before {
                    parts.push(format!("{} comes free", old.spaced()));
                }
                if kind == NumberKind::Ddi {
                    parts.extend(number.doubt());
                }
            }
            Value::Country(_) if who.is_dirsynced() => {
                parts.push("Active Directory may put it back".to_owned());
            }
            _ => {}
        }
    }
    if !who.associated && !patch.two_way.is_empty() {
        parts.push("waits for a match".to_owned());
    }
    parts.join("; ")
}
