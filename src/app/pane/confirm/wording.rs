//! What the questions say.

use crate::app::mend::{Mend, MoveTo, Wants};
use crate::app::pane::confirm::Leaving;
use crate::domain::outbox::Entry;
use crate::domain::phone::PhoneNumber;
use crate::domain::sign_in::SignInWay;
use crate::domain::text::counted;
use crate::domain::user::NewUser;

/// Changes that are listed in a question; of more, the rest is counted.
const LISTED: usize = 6;

pub(super) fn take_back_lines(shown: &[String]) -> Vec<String> {
    let mut lines = vec![match shown.len() {
        1 => "Take back the marked change, which was written?".to_owned(),
        n => format!("Take back {n} marked changes, which were written?"),
    }];
    lines.extend(listed(shown));
    lines.push("The opposite of each is queued, where nobody has changed it since; nothing is written before their plan is applied.".to_owned());
    lines
}

pub(super) fn listed(shown: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = shown.iter().take(LISTED).cloned().collect();
    if let Some(more) = shown.len().checked_sub(LISTED).filter(|more| *more > 0) {
        lines.push(format!("  and {more} more"));
    }
    lines
}

/// What a removal does, and what is queued and goes with it: whose it is, since it may be another person's.
pub(super) fn remove_lines(
    name: &str,
    number: Option<&PhoneNumber>,
    drops: &[Entry],
) -> Vec<String> {
    let mut lines = vec![
        format!("Remove {name} here?"),
        "The seat goes back. Nothing is written to the tenant by this alone.".to_owned(),
    ];
    match drops.len() {
        0 => {}
        1 => lines.push("This is queued, and is dropped by it:".to_owned()),
        n => lines.push(format!(
            "These {n} changes are queued, and are dropped by it:"
        )),
    }
    lines.extend(drops.iter().map(|entry| format!("  {}", entry.whose())));
    if drops.iter().any(|entry| entry.owed().is_some()) {
        lines.push("What a run has released already is queued to go back.".to_owned());
    }
    if let Some(number) = number {
        lines.push(format!(
            "You are then asked about {} in the tenant.",
            number.spaced()
        ));
    }
    lines
}

/// What goes by a removal past the limit.
pub(super) fn mass_removal_lines(
    tenant: &str,
    who: &Leaving,
    (count, limit): (usize, usize),
) -> Vec<String> {
    let (asked, theirs) = match who {
        Leaving::Shown(_) => (
            format!(
                "Remove {} of {tenant} here?",
                counted(count as u64, "user", "users")
            ),
            "Their seats go back, what is queued for them is dropped.",
        ),
        Leaving::One { name, .. } => (
            format!("Remove {name} of {tenant} here, after many others?"),
            "The seat goes back, what is queued is dropped.",
        ),
    };
    let limit = match limit {
        0 => "As many as half an hour allows have left the list: more want the tenant's name."
            .to_owned(),
        limit => format!("More than {limit} in half an hour want the tenant's name."),
    };
    vec![
        asked,
        format!("{limit} {theirs}"),
        "{undo} does not bring them back: each is added again by hand.".to_owned(),
        format!("Type the tenant's name, {tenant}, then Enter:"),
    ]
}

pub(super) fn undo_lines(shown: &[String]) -> Vec<String> {
    let mut lines = vec![match shown.len() {
        1 => "Undo the marked change?".to_owned(),
        n => format!("Undo {n} marked changes?"),
    }];
    lines.extend(listed(shown));
    lines.push("They are then no longer queued, all of them or none. What a run has released already is queued to go back.".to_owned());
    lines
}

pub(super) fn allow_lines(tenant: &str, way: Option<SignInWay>) -> Vec<String> {
    let mut lines = vec![
        format!("Allow writing to {tenant} until this console ends?"),
        "Nothing is written by this: changes go through the plan ({plan}), then {apply}."
            .to_owned(),
    ];
    if let Some(way) = way {
        lines.push(format!(
            "You sign in for it ({}): only for the permissions to write what `allow` names.",
            way.as_str()
        ));
    }
    lines
}

pub(super) fn disable_lines(tenant: &str, id: &str) -> Vec<String> {
    vec![
        format!("Disable sync of {tenant} ({id})?"),
        "The pin comes off, and nothing else changes: users, numbers and queued changes stay, and nothing is sent."
            .to_owned(),
        "The next sync pins whichever tenant is signed in to. If that is another one, what is queued is set aside and never sent there, the users are matched by e-mail, and {tenant-before} offers their old numbers."
            .to_owned(),
        "To go there: set tenant_id in config.toml, then sign in ({sign-in}).".to_owned(),
    ]
}

pub(super) fn open_lines(name: &str, then: &[String]) -> Vec<String> {
    let mut lines = vec![format!("Open {name}?")];
    lines.extend_from_slice(then);
    lines.push("Forms that are open are kept as drafts.".to_owned());
    lines
}

pub(super) fn mend_lines(mend: &Mend) -> Vec<String> {
    let mut lines = vec![format!("Repair {}?", mend.name)];
    lines.extend(mend.words.iter().cloned());
    if let Some(number) = &mend.stops {
        lines.push(format!(
            "! THIS STOPS {}, which {} uses today.",
            number.spaced(),
            mend.name
        ));
    }
    lines.push(if mend.then_add {
        "It is queued, and the user is put on the list as soon as all gates pass.".to_owned()
    } else {
        "It is queued; nothing is written before its plan is applied.".to_owned()
    });
    match mend.wants() {
        Wants::Nothing => {}
        Wants::Name => lines.push(format!("Type the user's name, {}, then Enter:", mend.name)),
        Wants::Country => lines.push("Which country? Two letters, then Enter:".to_owned()),
    }
    lines
}

pub(super) fn move_lines(open: &MoveTo) -> Vec<String> {
    let mut lines = vec![
        format!("Move {} from {} to whom?", open.number.spaced(), open.from),
        "The successor is checked before anything is released; both are one change.".to_owned(),
    ];
    for (n, hit) in open.hits.iter().enumerate() {
        let mark = if n == open.at { ">" } else { " " };
        let why = hit
            .cannot
            .as_ref()
            .map(|why| format!("  (no: {why})"))
            .unwrap_or_default();
        let off = hit.off_list.as_ref().filter(|_| hit.cannot.is_none());
        let off = off.map(|off| format!("  ({off})")).unwrap_or_default();
        lines.push(format!("{mark} {}{why}{off}", hit.shown));
    }
    if open.hits.is_empty() && !open.typed.text().trim().is_empty() {
        lines.push("  nobody is called that".to_owned());
    }
    lines.push("Type a name or an address; Up and Down choose, Enter queues the move:".to_owned());
    lines
}

pub(super) fn changes(count: usize) -> String {
    match count {
        1 => "1 change".to_owned(),
        n => format!("{n} changes"),
    }
}

pub(super) fn belong(count: usize) -> String {
    match count {
        1 => "does this change belong to".to_owned(),
        n => format!("do these {n} changes belong to"),
    }
}

/// Who is no candidate, and why not: five of them by name.
pub(super) fn add_anyway(users: &[NewUser], reasons: &[String]) -> Vec<String> {
    let mut lines = vec![match users {
        [one] => format!("Add {}, who is not a candidate?", one.name),
        many => format!(
            "Add {} people, {} of whom {}?",
            many.len(),
            reasons.len(),
            if reasons.len() == 1 {
                "is not a candidate"
            } else {
                "are not candidates"
            }
        ),
    }];
    lines.extend(reasons.iter().take(5).cloned());
    if users.len() == 1 {
        lines.push(
            "{yes} adds now all the same. {why} shows what is missing: {add} there repairs it and adds as soon as all gates pass."
                .to_owned(),
        );
    }
    if reasons.len() > 5 {
        lines.push(format!("and {} more", reasons.len() - 5));
    }
    lines
}

/// What becomes of a tenant that is taken out of the configuration.
pub(super) fn leaving_lines(name: &str, queued: usize) -> Vec<String> {
    let waits = match queued {
        0 => String::new(),
        1 => " 1 change waits in its queue, and is kept there unwritten.".to_owned(),
        n => format!(" {n} changes wait in its queue, and are kept there unwritten."),
    };
    vec![
        format!("Remove {name} from the configuration?"),
        format!(
            "Users, queue, history and audit are kept as files; its sign-in is forgotten. Nothing is written to the tenant.{waits}"
        ),
        "{yes} removes it, and says where the files are and how it comes back; {no} leaves it."
            .to_owned(),
    ]
}
