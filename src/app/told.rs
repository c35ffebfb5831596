//! What is said of a run that has ended, and of files that were not as they were left.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::run::{Outcome, RunKind, Summary};
use crate::domain::writeplan::WritePlan;

use super::App;
use super::doc::Tone;
use super::sync::{Ended, took};

impl App {
    pub(super) fn say_ended(&mut self, ended: &Ended, seconds: i64) {
        let name = match ended.number {
            Some(number) => format!("run {} {}", number.0, ended.kind.as_str()),
            None => ended.kind.as_str().to_owned(),
        };
        // What is over at once needs no time.
        let time = match seconds {
            ..10 => String::new(),
            seconds => format!(" in {}", took(seconds)),
        };
        let numbers = format!("{time}{}", numbers(&ended.summary));
        let wrote = matches!(ended.kind, RunKind::Apply { .. });
        match &ended.outcome {
            Outcome::Failed(failure) => self.fail(failure.clone()),
            Outcome::Done => {
                // A plan that is ready says so itself; "done" over it would hide the key.
                if wrote || self.plan.as_ref().is_none_or(WritePlan::is_empty) {
                    self.say(Tone::Good, format!("{name} done{numbers}"));
                }
            }
            Outcome::Partly if wrote => {
                let released = released(&ended.summary);
                let what = written(&ended.summary);
                let text = format!(
                    "{released}{name} done in part, {{changes}} shows what is left: {what}"
                );
                self.say(Tone::Warn, text);
            }
            // It has written nothing, so what waits is of before.
            Outcome::Partly => {
                let left = left(&ended.summary, "refused earlier");
                let text = format!("{name} done{time}; {{changes}} shows what is left: {left}");
                self.say(Tone::Warn, text);
            }
            Outcome::Cancelled | Outcome::Interrupted => {
                let word = match (&ended.outcome, wrote) {
                    (Outcome::Interrupted, _) => "interrupted",
                    (_, true) => "stopped",
                    (_, false) => "cancelled",
                };
                let text = if wrote {
                    let released = released(&ended.summary);
                    let what = written(&ended.summary);
                    format!("{released}{name} {word}, the rest stays queued ({{changes}}): {what}")
                } else {
                    format!("{name} {word}, nothing was written: the last good picture stays")
                };
                self.say(Tone::Warn, text);
            }
        }
    }
}

/// What opening the files had to say: what is wrong in the headline, all of it in the detail, and what to do.
pub(super) fn noted(note: &str, notes: &[String]) -> Failure {
    let (headline, _) = note.split_once([':', '(']).unwrap_or((note, ""));
    let hint = match note.split_once(' ').map_or(note, |(file, _)| file) {
        "audit.jsonl" => {
            "Find out who could have done it; then `audit verify --seen` says that somebody knows why."
        }
        "ledger.db" => {
            "Look through users and queue before the next sync. The damaged file is kept, under the name above."
        }
        "cache.db" => "Sync ({sync}): it reads the tenant anew.",
        _ => "The damaged file is kept, under the name above.",
    };
    Failure::new(FailureKind::Store, headline.trim(), notes.join("\n"), hint)
}

/// Counts that are not zero, each with its word.
fn counts(all: &[(u32, &str)]) -> String {
    let some = all.iter().filter(|(count, _)| *count > 0);
    let said: Vec<String> = some
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    said.join(", ")
}

/// What a run has written, and what is in the outbox at its end.
fn written(summary: &Summary) -> String {
    let left = left(summary, "refused");
    let and = if left.is_empty() { "" } else { "; left: " };
    format!("{} written{and}{left}", summary.written)
}

/// What is in the outbox at the end of a run, by its kinds.
fn left(summary: &Summary, refused: &str) -> String {
    let decided = summary.refused + summary.conflicts;
    counts(&[
        (summary.refused, refused),
        (summary.conflicts, "in conflict"),
        (summary.left.saturating_sub(decided), "waiting"),
    ])
}

/// Numbers that a run has silenced, before all else that it did.
fn released(summary: &Summary) -> String {
    summary
        .released_words()
        .map(|words| format!("{words}; "))
        .unwrap_or_default()
}

/// What a run did, as far as there is something to say: `: 3 written, 1 refused`.
fn numbers(summary: &Summary) -> String {
    // Of what is in the outbox, that which is not named by its kind already.
    let named = summary.refused + summary.conflicts + summary.held;
    let other = summary.left.saturating_sub(named);
    let parts: Vec<String> = [
        (summary.written, "written"),
        (summary.refused, "refused"),
        (summary.conflicts, "in conflict"),
        (summary.held, "held"),
        (other, "left"),
        (summary.taken_over, "taken over"),
        (summary.matched, "matched"),
        (summary.unlicensed, "Unlicensed"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, word)| format!("{count} {word}"))
    .chain(summary.released_words())
    .collect();
    match (parts.is_empty(), summary.counters.total) {
        (true, 0) => String::new(),
        (true, 1) => ": 1 user read".to_owned(),
        (true, total) => format!(": {} users read", super::cells::thousands(total)),
        (false, _) => format!(": {}", parts.join(", ")),
    }
}
