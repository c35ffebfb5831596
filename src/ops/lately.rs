//! What happened lately to one user: runs that saw a change, our own writes, and moves that took a number away.

use jiff::Timestamp;

use crate::domain::gate::FirstCause;
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{self, Entry};
use crate::domain::user::{Field, UserId, Value};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::ledger::AuditLine;

/// What happened lately is told of so many events at most.
const EVENTS: u32 = 6;

/// Lines of the audit that are looked through for what was taken from somebody: the name in them is another's.
const LOOKED_THROUGH: u32 = 400;

/// The newest first.
pub(super) async fn lately(
    store: &Store,
    waiting: &[Entry],
    (user, id, name): (Option<UserId>, Option<ObjectId>, &str),
) -> Result<Vec<String>, StoreError> {
    let mut events: Vec<(Timestamp, String)> = Vec::new();
    // Somebody who is not configured is on record by name alone, for repairs; two people may have one name.
    let key = user.map_or_else(|| name.to_owned(), |user| user.0.to_string());
    let mut lines = store.ledger.audit_of(&key, EVENTS).await?;
    lines.retain(|line| user.is_some() || line.user_id.is_none());
    let mut written = !lines.is_empty();
    events.extend(lines.iter().map(|line| (line.at, audit_words(line))));
    if let Some(id) = id {
        events.extend(seen(store, id).await?);
        let taken = taken_from(store, id, waiting).await?;
        written |= !taken.is_empty();
        events.extend(taken);
    }
    events.sort_by_key(|event| std::cmp::Reverse(event.0));
    let mut out: Vec<String> = events
        .into_iter()
        .take(EVENTS as usize)
        .map(|(_, text)| text)
        .collect();
    if !written {
        out.push("never written from here".to_owned());
    }
    Ok(out)
}

/// Runs that saw somebody come, go or change the first cause.
async fn seen(store: &Store, id: ObjectId) -> Result<Vec<(Timestamp, String)>, StoreError> {
    let words = |class: Option<u8>, none: &str| {
        class.map_or_else(
            || none.to_owned(),
            |class| FirstCause::from_byte(class).words().to_owned(),
        )
    };
    let changes = store.history.changes_of(id, EVENTS).await?;
    let told = changes.into_iter().map(|change| {
        let text = format!(
            "{} run {}: {} -> {}",
            change.at.strftime("%Y-%m-%d %H:%MZ"),
            change.run.0,
            words(change.before, "not seen before"),
            words(change.after, "gone")
        );
        (change.at, text)
    });
    Ok(told.collect())
}

/// Moves that took a number from this user, or wait to: they stand on record under the name of whoever gets it.
async fn taken_from(
    store: &Store,
    id: ObjectId,
    waiting: &[Entry],
) -> Result<Vec<(Timestamp, String)>, StoreError> {
    let mut out = Vec::new();
    for entry in waiting {
        if entry.takes_from.as_ref().is_some_and(|from| from.id == id) {
            let text = format!(
                "{} {} goes to {}: {} (change {}, {})",
                entry.updated_at.strftime("%Y-%m-%d %H:%MZ"),
                entry.wanted.shown(),
                entry.name,
                outbox::happened(entry.state.word()),
                entry.id.0,
                entry.author
            );
            out.push((entry.updated_at, text));
        }
    }
    for line in store.ledger.audit_tail(LOOKED_THROUGH).await? {
        let Some(entry) = line.entry.filter(|_| line.action == "confirmed") else {
            continue;
        };
        let Some(written) = store.ledger.written(entry).await? else {
            continue;
        };
        if written.takes_from.is_some_and(|from| from.id == id) {
            let text = format!(
                "{} {} went to {}: {} (change {}, {})",
                line.at.strftime("%Y-%m-%d %H:%MZ"),
                written.wanted.shown(),
                written.name,
                outbox::happened(&line.action),
                entry.0,
                line.author
            );
            out.push((line.at, text));
        }
    }
    Ok(out)
}

fn audit_words(line: &AuditLine) -> String {
    let (at, author) = (line.at.strftime("%Y-%m-%d %H:%MZ"), &line.author);
    let after = after_words(line);
    let words = [line.field.as_str(), &after, line.outcome.as_str()];
    let filled = |words: &[&str]| {
        let words = words.iter().copied().filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    };
    if line.action == "taken over" {
        let what = filled(&words);
        return format!(
            "{at} changed in the tenant, not from here: {what} (a run of {author} found it)"
        );
    }
    if let Some(entry) = line.entry {
        // What became of a change: its state before is of no use to anybody who reads on.
        let what = filled(&words[..2]);
        let happened = outbox::happened(&line.action);
        // Of a release only what was taken away says what happened.
        let before = Field::from_key(&line.field)
            .and_then(|field| Value::from_compact(field, &line.before))
            .filter(|_| line.action == "released");
        if let Some(before) = before {
            let before = before.shown();
            return format!(
                "{at} {} {before}: released (change {}, {author})",
                line.field, entry.0
            );
        }
        return format!("{at} {what}: {happened} (change {}, {author})", entry.0);
    }
    let did = outbox::happened(&line.action);
    format!("{at} {did} {} ({author})", filled(&words)).replace("  ", " ")
}

/// The new value as a person reads it: numbers spaced, and how somebody was associated rather than with which id.
fn after_words(line: &AuditLine) -> String {
    if line.field == "association" {
        return line
            .after
            .split_once(' ')
            .map_or(line.after.as_str(), |(_id, how)| how)
            .to_owned();
    }
    Field::from_key(&line.field)
        .and_then(|field| Value::from_compact(field, &line.after))
        .filter(|_| line.entry.is_some() || !line.after.is_empty())
        .map_or_else(|| line.after.clone(), |value| value.shown())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::outbox::EntryId;

    fn told(action: &str, field: &str, after: &str) -> String {
        audit_words(&line(action, field, after))
    }

    fn line(action: &str, field: &str, after: &str) -> AuditLine {
        AuditLine {
            seq: 1,
            at: "2026-11-22T18:34:10Z".parse().unwrap(),
            author: "root".into(),
            tenant: None,
            user_id: None,
            user: "Adele Vance".into(),
            action: action.into(),
            field: field.into(),
            before: String::new(),
            after: after.into(),
            outcome: String::new(),
            entry: None,
            run: None,
            note: String::new(),
            ticket: String::new(),
            prev: String::new(),
            hash: String::new(),
        }
    }

    #[test]
    fn what_became_of_a_change_is_a_sentence() {
        for (action, field, after, wanted) in [
            (
                "confirmed",
                "plan",
                "MCOPSTN1 off",
                "2026-11-22 18:34Z plan MCOPSTN1 off: confirmed in the tenant (change 1, root)",
            ),
            (
                "sending",
                "number",
                "+441235123474",
                "2026-11-22 18:34Z number +44 1235 123474: sent to the tenant (change 1, root)",
            ),
            (
                "queued",
                "number",
                "",
                "2026-11-22 18:34Z number none: queued (change 1, root)",
            ),
        ] {
            let line = AuditLine {
                entry: Some(EntryId(1)),
                outcome: "sending".to_owned(),
                ..line(action, field, after)
            };
            assert_eq!(audit_words(&line), wanted);
        }
    }

    #[test]
    fn values_are_told_as_a_person_reads_them() {
        assert_eq!(
            told("taken over", "number", "+441235123474"),
            "2026-11-22 18:34Z changed in the tenant, not from here: number +44 1235 123474 (a run of root found it)"
        );
        let associated = "42a9545b-d2bb-4a78-97ff-1881e534bf84 by e-mail";
        assert_eq!(
            told("matched", "association", associated),
            "2026-11-22 18:34Z matched association by e-mail (root)"
        );
        assert_eq!(
            told("added", "", "adele@contoso.example"),
            "2026-11-22 18:34Z added adele@contoso.example (root)"
        );
        assert_eq!(
            told("edited", "number", ""),
            "2026-11-22 18:34Z edited number (root)"
        );
    }
}
