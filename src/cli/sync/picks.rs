//! Which of the queued changes a call writes: all, those that were named, those of the caller, or those of a kept plan.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::outbox::{Entry, EntryId, person};
use crate::domain::sealed::SealedPlan;
use crate::domain::text::Label;
use crate::domain::user::Value;
use crate::domain::writeplan::WritePlan;

use crate::cli::args::Sync;

/// What was picked.
#[derive(Debug, Default)]
pub(super) struct Picks {
    /// What is written, in the order of the plan.
    pub(super) write: Vec<EntryId>,
    /// What was asked for and is not written, a line each.
    pub(super) refused: Vec<String>,
    /// Whether the refused ones are another person's, whom nobody has asked.
    pub(super) of_others: bool,
    /// Whether some of the refused ones lack a ticket that the tenant wants.
    pub(super) no_ticket: bool,
    /// Whether some of the queue was asked for, so that the rest is no concern of this call.
    pub(super) some: bool,
}

/// The changes that the arguments name, checked before the tenant is read.
pub(super) fn named(args: &Sync, entries: &[Entry]) -> Result<(), Failure> {
    let strangers: Vec<String> = args
        .only
        .iter()
        .filter(|id| !entries.iter().any(|entry| entry.id.0 == **id))
        .map(i64::to_string)
        .collect();
    if strangers.is_empty() {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Config,
        format!(
            "--only names what is not in the outbox: {}",
            strangers.join(", ")
        ),
        "",
        "Nothing was read from the tenant and nothing was written. `outbox list` shows the ids.",
    ))
}

/// Picks from the plan. `me` is who calls; without a choice, an unattended call writes nobody else's changes.
pub(super) fn pick(
    plan: &WritePlan,
    entries: &[Entry],
    (args, sealed): (&Sync, Option<&SealedPlan>),
    me: &str,
) -> Picks {
    if let Some(sealed) = sealed {
        return of_file(sealed, plan, entries);
    }
    let author = |id: EntryId| {
        let found = entries.iter().find(|entry| entry.id == id);
        found.map_or("", |entry| entry.author.as_str())
    };
    let mine = |id: EntryId| person(author(id)) == person(me);
    let asked = |id: EntryId| args.only.contains(&id.0) || (args.mine && mine(id));
    let mut picks = Picks {
        some: args.mine || !args.only.is_empty(),
        ..Picks::default()
    };
    for item in &plan.items {
        if picks.some {
            if asked(item.entry) {
                picks.write.push(item.entry);
            }
        } else if args.yes && !mine(item.entry) {
            picks.of_others = true;
            picks.refused.push(line(
                item.entry,
                (&item.name, &item.new),
                &format!("queued by {}", author(item.entry)),
            ));
        } else {
            picks.write.push(item.entry);
        }
    }
    if picks.some {
        for left in plan.left_out.iter().filter(|left| asked(left.entry)) {
            let text = line(left.entry, (&left.name, &left.new), &left.why);
            picks.refused.push(text);
        }
    }
    picks
}

/// Refuses what has no ticket, one by one.
pub(super) fn want_tickets(picks: &mut Picks, plan: &WritePlan, tickets: &[(EntryId, String)]) {
    let has = |id: EntryId| tickets.iter().any(|(entry, _)| *entry == id);
    for item in plan.items.iter().filter(|item| !has(item.entry)) {
        if !picks.write.contains(&item.entry) {
            continue;
        }
        picks.write.retain(|id| *id != item.entry);
        picks.no_ticket = true;
        picks.refused.push(line(
            item.entry,
            (&item.name, &item.new),
            "it has no ticket, which this tenant wants (`require_ticket`)",
        ));
    }
}

fn of_file(sealed: &SealedPlan, plan: &WritePlan, entries: &[Entry]) -> Picks {
    let fit = sealed.fit(plan, entries);
    Picks {
        write: fit.write,
        refused: fit
            .moved
            .iter()
            .map(|moved| line(moved.entry, (&moved.name, &moved.new), &moved.why))
            .collect(),
        of_others: false,
        no_ticket: false,
        some: true,
    }
}

fn line(entry: EntryId, (name, new): (&str, &Value), why: &str) -> String {
    format!(
        "{} {}: {} to {} is not written: {}",
        entry.0,
        Label::new(name),
        new.field().as_str(),
        new.shown(),
        Label::new(why)
    )
}
