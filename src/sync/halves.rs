//! What a push has done by halves: a number that was taken away and not given again, told and counted.

use std::collections::HashSet;

use crate::domain::failure::Failure;
use crate::domain::outbox::{Entry, EntryId, EntryState};
use crate::domain::run::Source;
use crate::domain::words;

use super::push::Work;
use super::{Run, Stop};

/// How the items of a push stand.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) released: HashSet<EntryId>,
    /// Items that are not carried further.
    pub(super) out: HashSet<EntryId>,
    /// The first thing that went wrong, told at the end.
    pub(super) failure: Option<Failure>,
    /// Numbers that are released and were not given again, each with whose it was.
    pub(super) lost: Vec<String>,
}

impl Done {
    /// What went wrong, with what had been done before it: a request that changed nothing is not all that happened.
    pub(super) fn told(&mut self, has_written: bool) -> Option<Failure> {
        let mut failure = self.failure.take()?;
        if !has_written && self.released.is_empty() && self.lost.is_empty() {
            return Some(failure);
        }
        let rest = failure.hint.strip_prefix(words::UNCHANGED);
        let rest = rest.unwrap_or(&failure.hint).trim().to_owned();
        failure.hint = match self.lost.as_slice() {
            [] => rest,
            lost => {
                let (what, whom) = match lost.len() {
                    1 => ("The number", "was"),
                    _ => ("The numbers", "were"),
                };
                format!(
                    "{what} {} {whom} released and not given again: undo (u) gives back; the next sync goes on with what was not refused. {rest}",
                    and(lost)
                )
            }
        };
        Some(failure)
    }
}

fn and(names: &[String]) -> String {
    match names {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        _ => names.concat(),
    }
}

impl Run<'_> {
    /// Counts what was done by halves: a number that this run has taken away and that a change still owes to somebody.
    pub(super) async fn count_released(&mut self, work: &[Work], done: &Done) -> Result<(), Stop> {
        let desk = self.store.ledger.load().await?;
        let is_owed = |one: &&Work| {
            let owed = |entry: &Entry| entry.owed() == one.releases();
            done.released.contains(&one.entry.id) && desk.entries.iter().any(owed)
        };
        let released = work.iter().filter(is_owed).count();
        self.summary.released = u32::try_from(released).unwrap_or(u32::MAX);
        Ok(())
    }

    /// Somebody has held, replaced or dropped a change whose number was released already: it says so itself, since no request does.
    pub(super) async fn told_of_a_release(&mut self, one: &Work, done: &Done) {
        let entry = &one.entry;
        let (Some(old), Some(wanted)) = (one.releases(), one.wants()) else {
            return;
        };
        let Ok(desk) = self.store.ledger.load().await else {
            return;
        };
        let now = desk.entries.iter().find(|now| now.id == entry.id);
        let why = match now.map(|now| &now.state) {
            None => "the change was replaced or dropped meanwhile".to_owned(),
            Some(EntryState::Held { why }) => why.clone(),
            Some(EntryState::Conflict { .. }) => {
                "the tenant has another value by now: decide the conflict (4, Enter)".to_owned()
            }
            // Whoever left it in another state has told why.
            Some(_) => return,
        };
        if !done.released.contains(&entry.id) || !self.nobody_holds(old).await {
            return;
        }
        let text = format!(
            "{}: {} was not assigned: {why}; {}",
            entry.name,
            wanted.spaced(),
            words::is_released(old)
        );
        self.journal.error(Source::Write, text).await;
    }
}
