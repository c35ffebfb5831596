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
    pub(super) fn told(&mut self, written: u32) -> Option<Failure> {
        let mut failure = self.failure.take()?;
        if written == 0 && self.released.is_empty() && self.lost.is_empty() {
            return Some(failure);
        }
        let leads = words::NOT_DONE.iter();
        let rest = leads.fold(failure.hint.as_str(), |hint, lead| {
            hint.strip_prefix(lead).unwrap_or(hint)
        });
        let before = match written {
            0 => String::new(),
            1 => "1 change was written before it, the rest stays queued. ".to_owned(),
            n => format!("{n} changes were written before it, the rest stays queued. "),
        };
        let rest = format!("{before}{}", rest.trim());
        failure.hint = match self.lost.as_slice() {
            [] => rest,
            lost => {
                let (what, whom) = match lost.len() {
                    1 => ("The number", "was"),
                    _ => ("The numbers", "were"),
                };
                format!(
                    "{what} {} {whom} released and not given again, and nothing rings there: applying the plan again goes on with what was not refused; else {}. {rest}",
                    and(lost),
                    words::GIVE_BACK
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
                "the tenant has another value by now: decide the conflict (4 Changes; `outbox keep ID` or `outbox take ID` in a shell)".to_owned()
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::FailureKind;

    #[test]
    fn what_was_written_before_a_failure_is_said_and_not_denied() {
        let told = |written, hint: &str| {
            let mut done = Done {
                failure: Some(Failure::new(FailureKind::TryAgain, "cut", "", hint)),
                ..Done::default()
            };
            done.told(written).unwrap().hint
        };
        for lead in words::NOT_DONE {
            let hint = format!("{lead} Check the network.");
            assert_eq!(told(0, &hint), hint);
            assert_eq!(
                told(3, &hint),
                "3 changes were written before it, the rest stays queued. Check the network."
            );
        }
    }
}
