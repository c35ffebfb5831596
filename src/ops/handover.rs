//! What the next shift has to know: what was done from here, what others did in the tenant, and what is open, held or due.
//!
//! Ours comes from the audit, theirs from the difference of runs; from the files alone, without the tenant.

use std::collections::{HashMap, HashSet};

use jiff::{SignedDuration, Timestamp};

use crate::domain::difference::Turn;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Entry, EntryId, EntryState, Written, happened};
use crate::domain::phone::PhoneNumber;
use crate::domain::planning::held_back;
use crate::domain::run::{RunHead, RunId};
use crate::domain::seat;
use crate::domain::user::{User, UserId, Value};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::history::ValueChange;
use crate::store::ledger::{AuditFault, AuditLine, AuditPlace, AuditVerdict};

use super::history;

/// The handover of one tenant.
#[derive(Debug, Clone, PartialEq)]
pub struct Handover {
    /// From when on.
    pub since: Timestamp,
    /// Done from here: of each change that has ended, its last line; of what is this side's own, every line.
    pub ours: Vec<AuditLine>,
    /// Values that were changed in the tenant by others, as runs found them: the author is who ran, not who changed it.
    pub moved: Vec<AuditLine>,
    /// Values of people, changed by others between the runs that are compared: of those who are not on the list, and licences.
    pub people: Vec<ValueChange>,
    /// Who came, went, or is stopped by another gate.
    pub turns: Vec<Turn>,
    /// The runs that `turns` lies between; `None` where there are no two to compare.
    pub compared: Option<(RunId, RunId)>,
    /// What is in the outbox now.
    pub open: Vec<Open>,
}

/// A change that waits.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// The change.
    pub entry: Entry,
    /// Its ticket, or empty.
    pub ticket: String,
    /// Why it would not be written now, though it is queued.
    pub waits: Option<String>,
}

/// Which lines of the audit are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// About, or by, somebody whose name has this in it.
    pub user: Option<String>,
    /// From then on.
    pub since: Option<Timestamp>,
    /// Of this ticket.
    pub ticket: Option<String>,
}

/// What a run found that others have done.
const THEIRS: [&str; 2] = ["taken over", "conflict"];

impl Handover {
    /// All of it, line by line; what belongs to a heading is set in.
    pub fn words(&self) -> Vec<String> {
        let mut out = vec![format!("Done from here: {}", or_nothing(self.ours.len()))];
        out.extend(
            self.ours
                .iter()
                .map(|line| format!("  {}", line_words(line))),
        );
        let theirs = self.moved.len() + self.people.len() + self.turns.len();
        let runs = self.compared.map_or_else(
            || "no two good syncs to compare".to_owned(),
            |(from, to)| format!("runs {} to {}", from.0, to.0),
        );
        out.push(format!(
            "Done by others in the tenant ({runs}): {}",
            or_nothing(theirs)
        ));
        out.extend(
            self.moved
                .iter()
                .map(|line| format!("  {}", moved_words(line))),
        );
        out.extend(self.people.iter().map(|change| {
            let words = values(&change.field, &change.before, &change.after);
            format!("  {}  {words}", change.name)
        }));
        out.extend(
            self.turns
                .iter()
                .map(|turn| format!("  {}  {}  {}", turn.kind().word(), turn.name, turn.words())),
        );
        out.push(format!("Open: {}", or_nothing(self.open.len())));
        out.extend(
            self.open
                .iter()
                .map(|open| format!("  {}", open_words(open))),
        );
        out
    }
}

/// What a line of the audit changed: `number +441235123501 -> none`.
pub fn change_words(line: &AuditLine) -> String {
    if line.before.is_empty() && line.after.is_empty() {
        return line.field.clone();
    }
    values(&line.field, &line.before, &line.after)
}

fn values(field: &str, before: &str, after: &str) -> String {
    // With whom is another line's matter, and an id is nobody's name: how it came about is told.
    let how = |text: &str| match text.split_once(' ') {
        Some((_, how)) if field == "association" => how.to_owned(),
        _ => text.to_owned(),
    };
    let or_none = |text: &str| match how(text) {
        text if text.is_empty() => "none".to_owned(),
        text => text,
    };
    let text = format!("{field} {} -> {}", or_none(before), or_none(after));
    text.trim_start().to_owned()
}

fn or_nothing(count: usize) -> String {
    match count {
        0 => "nothing".to_owned(),
        n => n.to_string(),
    }
}

fn line_words(line: &AuditLine) -> String {
    let parts = [
        line.at.strftime("%m-%d %H:%MZ").to_string(),
        line.author.clone(),
        line.user.clone(),
        change_words(line),
        did(&line.action).to_owned(),
        // Whose number a move took: it stands on record under the name of whoever got it.
        line.note
            .strip_prefix("from ")
            .filter(|_| line.entry.is_some())
            .map(|giver| format!("taken from {giver}"))
            .unwrap_or_default(),
        line.ticket.clone(),
    ];
    parts
        .into_iter()
        .filter(|part| !part.is_empty())
        .collect::<Vec<_>>()
        .join("  ")
}

/// What a line says was done. That a run found somebody gone is not our doing, and has to say so.
fn did(action: &str) -> &str {
    match action {
        "gone" | "back" => happened(action),
        other => other,
    }
}

/// What somebody else did: the line's author is whose run has found it, and no run can see who it was.
fn moved_words(line: &AuditLine) -> String {
    format!(
        "{}  {}  {}  changed in the tenant, not from here (by whom is not known; a run of {} found it)",
        line.at.strftime("%m-%d %H:%MZ"),
        line.user,
        change_words(line),
        line.author
    )
}

fn open_words(open: &Open) -> String {
    let Open {
        entry,
        ticket,
        waits,
    } = open;
    let state = match &entry.state {
        EntryState::Queued if waits.is_some() => {
            format!("held: {}", waits.as_deref().unwrap_or_default())
        }
        EntryState::Applied { visible_by } => {
            format!("written, due {}", visible_by.strftime("%m-%d %H:%MZ"))
        }
        EntryState::Held { why } => format!("held: {why}"),
        EntryState::Conflict { theirs } => format!("conflict: the tenant has {}", theirs.shown()),
        EntryState::Rejected { cause, .. } => format!("refused: {cause}"),
        EntryState::Queued
        | EntryState::InFlight { .. }
        | EntryState::Accepted { .. }
        | EntryState::Unknown { .. } => entry.state.word().to_owned(),
    };
    let state = match entry.owed_words() {
        Some(owed) => format!("{state}; {owed}"),
        None => state,
    };
    let text = format!(
        "{}  {}  {} {} -> {}  {state}  by {}  {ticket}",
        entry.id.0,
        entry.name,
        entry.field().as_str(),
        entry.had().shown(),
        entry.wanted.shown(),
        entry.author
    );
    text.trim_end().to_owned()
}

/// Reads the handover of a tenant from its files, as of `now`.
pub async fn handover(
    store: &Store,
    since: Timestamp,
    now: Timestamp,
) -> Result<Handover, Failure> {
    let failed = |error: StoreError| error.failure();
    let picture = store.ledger.load().await.map_err(failed)?;
    let tickets: HashMap<EntryId, String> = store
        .ledger
        .tickets()
        .await
        .map_err(failed)?
        .into_iter()
        .collect();
    let lines = store.ledger.audit_since(since).await.map_err(failed)?;
    let waits = |entry: EntryId| picture.entries.iter().any(|open| open.id == entry);
    let last: HashMap<EntryId, i64> = lines
        .iter()
        .filter_map(|line| Some((line.entry?, line.seq)))
        .collect();
    let (moved, rest): (Vec<AuditLine>, Vec<AuditLine>) = lines
        .into_iter()
        .partition(|line| THEIRS.contains(&line.action.as_str()));
    let moved = as_they_moved(moved);
    let ours = rest
        .into_iter()
        .filter(|line| match line.entry {
            Some(entry) => last.get(&entry) == Some(&line.seq) && !waits(entry),
            None => true,
        })
        .collect();
    let (compared, turns, people) = loop {
        let Some(runs) = between(store, since).await? else {
            break (None, Vec::new(), Vec::new());
        };
        let turns = history::difference(store, runs.0, runs.1).await;
        let people = of_others(store, runs, &picture.users).await;
        // A run that ended meanwhile may have pushed the first of both out of the history: then what it left is compared.
        if history::keeps(store, runs.0).await? {
            break (Some(runs), turns?.turns, people?);
        }
    };
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let statuses = seat::statuses(&picture.users, picture.seats, today);
    let open = picture
        .entries
        .iter()
        .map(|entry| Open {
            entry: entry.clone(),
            ticket: tickets.get(&entry.id).cloned().unwrap_or_default(),
            waits: held_back(entry, &picture.entries, &picture.users, &statuses),
        })
        .collect();
    Ok(Handover {
        since,
        ours,
        moved,
        people,
        turns,
        compared,
        open,
    })
}

/// What a conflict's line says of the tenant.
const TENANT_HAS: &str = "the tenant has ";

/// What others did, once each. A conflict's line is about our edit: what was done is that the tenant has another value now, and the
/// run that found it has mostly told that in a line of its own.
fn as_they_moved(lines: Vec<AuditLine>) -> Vec<AuditLine> {
    let told: HashSet<(Option<UserId>, String, Option<RunId>)> = lines
        .iter()
        .filter(|line| line.action == "taken over")
        .map(|line| (line.user_id, line.field.clone(), line.run))
        .collect();
    lines
        .into_iter()
        .filter_map(|line| {
            if line.action != "conflict" {
                return Some(line);
            }
            let place = (line.user_id, line.field.clone(), line.run);
            let has = line.note.strip_prefix(TENANT_HAS)?.to_owned();
            (!told.contains(&place)).then(|| AuditLine {
                after: if has == "none" { String::new() } else { has },
                ..line
            })
        })
        .collect()
}

/// What runs found changed, but not by what was written from here, and not what the audit tells of those on the list.
async fn of_others(
    store: &Store,
    (from, to): (RunId, RunId),
    users: &[User],
) -> Result<Vec<ValueChange>, Failure> {
    let moved = store.history.moved_between(from, to).await;
    let mut moved = moved.map_err(|error| error.failure())?;
    if moved.is_empty() {
        return Ok(moved);
    }
    let listed: HashSet<ObjectId> = users
        .iter()
        .filter_map(|user| user.association.id())
        .collect();
    let began = history::head(store, from).await?.started_at;
    let mut ours = history::written(store).await?;
    ours.retain(|(_, written)| written.at >= began);
    moved.retain(|change| {
        let of_list = listed.contains(&change.id) && change.field != "licences";
        !of_list && !ours.iter().any(|(_, written)| made(written, change))
    });
    Ok(moved)
}

/// Whether what was written from here made a change.
fn made(written: &Written, change: &ValueChange) -> bool {
    let own = written.directory_id == Some(change.id);
    let gave = written
        .takes_from
        .as_ref()
        .is_some_and(|giver| giver.id == change.id);
    match &written.wanted {
        Value::Number(number) => {
            let now = number.as_ref().map_or("", PhoneNumber::as_str);
            let is_number = change.field == "number";
            is_number && (own && change.after == now || gave && change.before == now)
        }
        Value::Country(_) => {
            own && change.field == "country" && change.after == written.wanted.compact()
        }
        // A licence that changes may silence or give back a number on the way.
        Value::Plan { .. } | Value::Licence { .. } | Value::Added(_) => {
            let silenced = written.released.as_ref().map(PhoneNumber::as_str);
            own && (change.field == "licences"
                || change.field == "number" && silenced == Some(change.before.as_str()))
        }
    }
}

/// The last good run before, and the last one of all; without one before, the first that is kept.
async fn between(store: &Store, since: Timestamp) -> Result<Option<(RunId, RunId)>, Failure> {
    let runs = store
        .history
        .list(200)
        .await
        .map_err(|error| error.failure())?;
    let good: Vec<&RunHead> = runs
        .iter()
        .filter(|run| run.kind == "sync" && matches!(run.outcome.as_str(), "done" | "partly"))
        .collect();
    let before = good.iter().find(|run| run.started_at < since);
    let from = before.or(good.last()).map(|run| run.id);
    let to = good.first().map(|run| run.id);
    Ok(from.zip(to).filter(|(from, to)| from != to))
}

/// Lines of the audit, oldest first.
pub async fn audit(store: &Store, wanted: &Wanted) -> Result<Vec<AuditLine>, Failure> {
    let ledger = &store.ledger;
    let lines = match wanted.since {
        Some(since) => ledger.audit_since(since).await,
        None => ledger.audit_tail(u32::MAX).await,
    };
    let mut lines = lines.map_err(|error| error.failure())?;
    if let Some(user) = &wanted.user {
        let wish = user.to_lowercase();
        let id = user.parse::<i64>().ok();
        lines.retain(|line| {
            line.user.to_lowercase().contains(&wish)
                || line.author.to_lowercase().contains(&wish)
                || (id.is_some() && line.user_id.map(|user| user.0) == id)
        });
    }
    if let Some(ticket) = &wanted.ticket {
        lines.retain(|line| line.ticket.eq_ignore_ascii_case(ticket));
    }
    Ok(lines)
}

/// Checks the audit; with a head that was noted elsewhere (`214:HASH`, or the hash alone), also that its tail is still there.
pub async fn verify(store: &Store, head: Option<&str>) -> Result<AuditVerdict, Failure> {
    let ledger = &store.ledger;
    let failed = |error: StoreError| error.failure();
    let Some(head) = head else {
        return ledger.verify_audit().await.map_err(failed);
    };
    let (seq, hash) = match head.split_once(':') {
        Some((seq, hash)) => (seq.parse::<i64>().ok(), hash),
        None => (None, head),
    };
    let hash = hash.to_ascii_lowercase();
    if hash.len() != 64 || !hash.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(Failure::new(
            FailureKind::Config,
            format!("{head} is no head of an audit"),
            "",
            "Nothing was checked. Write it as a writing run has told it: NUMBER:HASH, the hash in 64 hexadecimal digits.",
        ));
    }
    if let Some(seq) = seq {
        return ledger
            .verify_audit_against(seq, &hash)
            .await
            .map_err(failed);
    }
    let lines = ledger.audit_tail(u32::MAX).await.map_err(failed)?;
    if let Some(line) = lines.iter().find(|line| line.hash == hash) {
        return ledger
            .verify_audit_against(line.seq, &hash)
            .await
            .map_err(failed);
    }
    let mut verdict = ledger.verify_audit().await.map_err(failed)?;
    let seq = verdict.head.as_ref().map_or(1, |(seq, _)| seq + 1);
    let place = AuditPlace::Table;
    verdict.faults.push(AuditFault::Missing { place, seq });
    Ok(verdict)
}

/// The moment that a text means: so long ago (`8h`, `30m`, `2d`, `1w`), a day, or a moment.
pub fn since(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let text = text.trim();
    ago(text, now)
        .or_else(|| text.parse::<Timestamp>().ok())
        .or_else(|| {
            let day: jiff::civil::Date = text.parse().ok()?;
            let start = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
            Some(start.timestamp())
        })
        .ok_or_else(|| {
            Failure::new(
                FailureKind::Config,
                format!("{text} is no time to begin at"),
                "",
                "Write it as 8h, 30m, 2d or 1w ago, as a day (2026-11-20) or as a moment (2026-11-20T06:00:00Z).",
            )
        })
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let unit = text.chars().last()?;
    let count: i64 = text[..text.len() - unit.len_utf8()].parse().ok()?;
    let minutes = match unit {
        'm' => 1,
        'h' => 60,
        'd' => 24 * 60,
        'w' => 7 * 24 * 60,
        _ => return None,
    };
    let minutes = count.checked_mul(minutes).filter(|minutes| *minutes >= 0)?;
    let span = SignedDuration::try_from_mins(minutes)?;
    now.checked_sub(span).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_to_begin_at() {
        let now: Timestamp = "2026-11-20T12:00:00Z".parse().unwrap();
        for (text, wanted) in [
            ("8h", "2026-11-20T04:00:00Z"),
            ("30m", "2026-11-20T11:30:00Z"),
            ("2d", "2026-11-18T12:00:00Z"),
            ("1w", "2026-11-13T12:00:00Z"),
            ("2026-11-20", "2026-11-20T00:00:00Z"),
            ("2026-11-20T06:00:00Z", "2026-11-20T06:00:00Z"),
        ] {
            assert_eq!(since(text, now).unwrap().to_string(), wanted, "{text}");
        }
        for text in [
            "",
            "h",
            "8",
            "-8h",
            "8 hours",
            "99999999999999999999h",
            "8ü",
        ] {
            assert!(since(text, now).is_err(), "{text}");
        }
    }
}
