//! Earlier runs: the log of one, and the difference of two.

use crate::domain::difference::{Difference, Turn};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::FirstCause;
use crate::domain::outbox::Written;
use crate::domain::run::{LogLine, RunHead, RunId};
use crate::store::Store;

/// Runs that are kept at most, and so can be asked for.
const KEPT: u32 = 50;

/// One run of the history.
pub async fn head(store: &Store, run: RunId) -> Result<RunHead, Failure> {
    let runs = store.history.list(KEPT).await.map_err(|e| e.failure())?;
    let known = match (runs.last(), runs.first()) {
        (Some(oldest), Some(newest)) => format!(
            "The history has runs {} to {}: `history list` shows them.",
            oldest.id.0, newest.id.0
        ),
        _ => "No run is kept yet: `sync` makes the first.".to_owned(),
    };
    runs.into_iter().find(|head| head.id == run).ok_or_else(|| {
        Failure::new(
            FailureKind::Config,
            format!("There is no run {} in the history", run.0),
            "",
            known,
        )
    })
}

/// Whether a run is in the history.
pub async fn keeps(store: &Store, run: RunId) -> Result<bool, Failure> {
    let runs = store.history.list(KEPT).await.map_err(|e| e.failure())?;
    Ok(runs.iter().any(|head| head.id == run))
}

/// The log of a run that is in the history.
pub async fn log(store: &Store, run: RunId) -> Result<Vec<LogLine>, Failure> {
    head(store, run).await?;
    store.history.log(run).await.map_err(|e| e.failure())
}

/// Lines of the audit that are looked through for what was written.
const LOOKED_THROUGH: u32 = 2000;

/// What was written and confirmed, the newest first, each with who did it.
pub async fn written(store: &Store) -> Result<Vec<(String, Written)>, Failure> {
    let lines = store.ledger.audit_tail(LOOKED_THROUGH).await;
    let mut out = Vec::new();
    for line in lines.map_err(|e| e.failure())?.into_iter().rev() {
        let Some(entry) = line.entry.filter(|_| line.action == "confirmed") else {
            continue;
        };
        let written = store.ledger.written(entry).await.map_err(|e| e.failure())?;
        out.extend(written.map(|written| (line.author, written)));
    }
    Ok(out)
}

/// Two runs compared, in whatever order they are named.
pub async fn difference(store: &Store, one: RunId, other: RunId) -> Result<Difference, Failure> {
    let (from, to) = (one.min(other), one.max(other));
    let (from, to) = (head(store, from).await?, head(store, to).await?);
    let changes = store.history.changes_between(from.id, to.id).await;
    let turns = changes
        .map_err(|e| e.failure())?
        .into_iter()
        .map(|change| Turn {
            id: change.id,
            name: change.name,
            before: change.before.map(FirstCause::from_byte),
            after: change.after.map(FirstCause::from_byte),
        })
        .collect();
    Ok(Difference::new(from, to, turns))
}
