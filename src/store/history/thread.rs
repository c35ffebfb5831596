//! The thread that owns the history's connection.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::mpsc::Receiver;

use jiff::Timestamp;
use rusqlite::{Connection, Row, Transaction, TransactionBehavior, params};

use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::run::{
    Counters, Level, LogLine, Outcome, RunHead, RunId, RunKind, Source, Summary,
};

use super::super::error::StoreError;
use super::super::ledger::rows::{guid, moment, optional_guid};
use super::super::open;
use super::super::reply::Answer;
use super::{ClassChange, Job, PastChange, moved};

const MOST_RUNS: u32 = 50;
const MOST_BYTES: i64 = 200_000_000;

/// What the thread owns.
#[derive(Debug)]
pub(in crate::store) struct HistoryThread {
    connection: Connection,
    path: PathBuf,
}

impl HistoryThread {
    pub(in crate::store) fn new(connection: Connection, path: PathBuf) -> Self {
        Self { connection, path }
    }

    /// Works until it is told to stop, or nobody is left to ask.
    pub(in crate::store) fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            match job {
                Job::Stop => break,
                Job::Break => panic!("broken, as asked"),
                Job::Begin(kind, debug, author, at, to) => {
                    self.work(to, |tx| begin(tx, &kind, debug, (&author, at)));
                }
                Job::SetTenant(run, tenant, to) => self.work(to, |tx| set_tenant(tx, run, tenant)),
                Job::Lines(run, lines, to) => self.work(to, |tx| put_lines(tx, run, &lines)),
                Job::Changes(run, changes, to) => {
                    self.work(to, |tx| put_changes(tx, run, &changes));
                }
                Job::ChangeBetween(change, to) => self.work(to, |tx| put_between(tx, change)),
                Job::Moved(run, changes, to) => self.work(to, |tx| moved::put(tx, run, &changes)),
                Job::MovedBetween(from, until, to) => {
                    self.work(to, |tx| moved::between(tx, from, until));
                }
                Job::Close(run, end, at, to) => {
                    self.work(to, |tx| close(tx, run, (&end.0, end.1), at));
                }
                Job::Sweep(at, to) => self.work(to, |tx| sweep(tx, at)),
                Job::Prune(to) => {
                    let result = prune(&mut self.connection, MOST_RUNS, MOST_BYTES);
                    self.give(to, result);
                }
                Job::List(limit, to) => self.work(to, |tx| list(tx, limit)),
                Job::Log(run, to) => self.work(to, |tx| log(tx, run)),
                Job::ChangesBetween(from, until, to) => {
                    self.work(to, |tx| changes_between(tx, from, until));
                }
                Job::ChangesOf(id, limit, to) => self.work(to, |tx| changes_of(tx, id, limit)),
            }
        }
    }

    fn work<T>(
        &mut self,
        to: Answer<T>,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) {
        let result = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(StoreError::from)
            .and_then(|tx| {
                let done = work(&tx)?;
                tx.commit()?;
                Ok(done)
            });
        self.give(to, result);
    }

    fn give<T>(&self, to: Answer<T>, result: Result<T, StoreError>) {
        to.give(result.map_err(|error| {
            if error.is_damage() {
                open::suspect(&self.path);
            }
            error.at(&self.path)
        }));
    }
}

fn begin(
    tx: &Connection,
    kind: &RunKind,
    debug: bool,
    (author, at): (&str, Timestamp),
) -> Result<RunId, StoreError> {
    tx.prepare_cached(
        "INSERT INTO runs (kind, debug, author, started_at, outcome, failure) VALUES (?1, ?2, ?3, ?4, 'running', '')",
    )?
    .execute(params![kind.as_str(), debug, author, at.to_string()])?;
    Ok(RunId(tx.last_insert_rowid()))
}

fn set_tenant(tx: &Connection, run: RunId, tenant: TenantId) -> Result<(), StoreError> {
    tx.prepare_cached("UPDATE runs SET tenant = ?2 WHERE id = ?1")?
        .execute(params![run.0, tenant.0.bytes()])?;
    Ok(())
}

fn put_lines(tx: &Connection, run: RunId, lines: &[LogLine]) -> Result<(), StoreError> {
    let next: i64 = tx
        .prepare_cached("SELECT coalesce(max(n), 0) + 1 FROM lines WHERE run = ?1")?
        .query_row([run.0], |row| row.get(0))?;
    let mut insert = tx.prepare_cached(
        "INSERT INTO lines (run, n, at, source, level, text) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (n, line) in (next..).zip(lines) {
        let source = place(&Source::ALL, &line.source);
        let level = place(&Level::ALL, &line.level);
        insert.execute(params![run.0, n, line.at, source, level, line.text])?;
    }
    Ok(())
}

/// A word as its place in the list of all, which only grows at its end.
fn place<T: PartialEq>(all: &[T], value: &T) -> Option<i64> {
    let place = all.iter().position(|other| other == value)?;
    i64::try_from(place).ok()
}

fn at_place<T: Copy>(all: &[T], row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    let place: i64 = row.get(column)?;
    let found = usize::try_from(place).ok().and_then(|place| all.get(place));
    found
        .copied()
        .ok_or(rusqlite::Error::IntegralValueOutOfRange(column, place))
}

fn put_changes(tx: &Connection, run: RunId, changes: &[ClassChange]) -> Result<(), StoreError> {
    let mut insert = tx.prepare_cached(
        "INSERT INTO changes (run, id, name, before, after) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (run, id) DO UPDATE SET name = excluded.name, after = excluded.after",
    )?;
    for change in changes {
        let ClassChange {
            id,
            name,
            before,
            after,
        } = change;
        insert.execute(params![run.0, id.0.bytes(), name, before, after])?;
    }
    Ok(())
}

/// The next run has the number after the last one's: numbers are never given twice, and the last run is never let go of.
fn put_between(tx: &Connection, change: ClassChange) -> Result<(), StoreError> {
    let next: i64 = tx
        .prepare_cached("SELECT coalesce(max(id), 0) + 1 FROM runs")?
        .query_row([], |row| row.get(0))?;
    put_changes(tx, RunId(next), &[change])
}

fn close(
    tx: &Connection,
    run: RunId,
    (outcome, summary): (&Outcome, Summary),
    at: Timestamp,
) -> Result<(), StoreError> {
    let failure = match outcome {
        Outcome::Failed(failure) => failure.headline.as_str(),
        Outcome::Done | Outcome::Partly | Outcome::Cancelled | Outcome::Interrupted => "",
    };
    let Summary {
        counters,
        written,
        refused,
        conflicts,
        held,
        left,
        unlicensed,
        taken_over,
        matched,
        released,
    } = summary;
    tx.prepare_cached(
        "UPDATE runs SET ended_at = ?2, outcome = ?3, failure = ?4, total = ?5, licensed = ?6, phone_system = ?7,
                excluded_by_calling_plan = ?8, resource = ?9, written = ?10, refused = ?11, conflicts = ?12, held = ?13,
                left_over = ?14, unlicensed = ?15, taken_over = ?16, matched = ?17, released = ?18
         WHERE id = ?1",
    )?
    .execute(params![
        run.0,
        at.to_string(),
        outcome.word(),
        failure,
        counters.total.cast_signed(),
        counters.licensed.cast_signed(),
        counters.phone_system.cast_signed(),
        counters.excluded_by_calling_plan.cast_signed(),
        counters.resource.cast_signed(),
        written,
        refused,
        conflicts,
        held,
        left,
        unlicensed,
        taken_over,
        matched,
        released,
    ])?;
    Ok(())
}

fn sweep(tx: &Connection, at: Timestamp) -> Result<u32, StoreError> {
    let swept = tx.execute(
        "UPDATE runs SET outcome = 'interrupted', ended_at = ?1 WHERE ended_at IS NULL",
        [at.to_string()],
    )?;
    Ok(u32::try_from(swept).unwrap_or(u32::MAX))
}

fn head_of(row: &Row<'_>) -> rusqlite::Result<RunHead> {
    let count = |column: usize| row.get::<_, i64>(column).map(i64::cast_unsigned);
    Ok(RunHead {
        id: RunId(row.get(0)?),
        kind: row.get(1)?,
        debug: row.get(2)?,
        tenant: optional_guid(row, 3)?.map(TenantId),
        author: row.get(4)?,
        started_at: moment(row, 5)?,
        ended_at: match row.get_ref(6)?.as_str_or_null()? {
            Some(_) => Some(moment(row, 6)?),
            None => None,
        },
        outcome: row.get(7)?,
        failure: row.get(8)?,
        summary: Summary {
            counters: Counters {
                total: count(9)?,
                licensed: count(10)?,
                phone_system: count(11)?,
                excluded_by_calling_plan: count(12)?,
                resource: count(13)?,
            },
            written: row.get(14)?,
            refused: row.get(15)?,
            conflicts: row.get(16)?,
            held: row.get(17)?,
            left: row.get(18)?,
            unlicensed: row.get(19)?,
            taken_over: row.get(20)?,
            matched: row.get(21)?,
            released: row.get(22)?,
        },
    })
}

fn list(tx: &Connection, limit: u32) -> Result<Vec<RunHead>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT id, kind, debug, tenant, author, started_at, ended_at, outcome, failure, total, licensed, phone_system,
                excluded_by_calling_plan, resource, written, refused, conflicts, held, left_over, unlicensed, taken_over,
                matched, released
         FROM runs ORDER BY id DESC LIMIT ?1",
    )?;
    let runs = statement.query_map([limit], head_of)?;
    Ok(runs.collect::<Result<_, _>>()?)
}

fn log(tx: &Connection, run: RunId) -> Result<Vec<LogLine>, StoreError> {
    let mut statement =
        tx.prepare_cached("SELECT at, source, level, text FROM lines WHERE run = ?1 ORDER BY n")?;
    let lines = statement.query_map([run.0], |row| {
        Ok(LogLine {
            at: row.get(0)?,
            source: at_place(&Source::ALL, row, 1)?,
            level: at_place(&Level::ALL, row, 2)?,
            text: row.get(3)?,
        })
    })?;
    Ok(lines.collect::<Result<_, _>>()?)
}

fn changes_between(
    tx: &Connection,
    from: RunId,
    until: RunId,
) -> Result<Vec<ClassChange>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT id, name, before, after FROM changes WHERE run > ?1 AND run <= ?2 ORDER BY run",
    )?;
    let mut rows = statement.query([from.0, until.0])?;
    let mut found: HashMap<ObjectId, ClassChange> = HashMap::new();
    while let Some(row) = rows.next()? {
        let id = ObjectId(guid(row, 0)?);
        let later = ClassChange {
            id,
            name: row.get(1)?,
            before: row.get(2)?,
            after: row.get(3)?,
        };
        let before = found
            .get(&id)
            .map_or(later.before, |earlier| earlier.before);
        found.insert(id, ClassChange { before, ..later });
    }
    let mut changes: Vec<ClassChange> = found
        .into_values()
        .filter(|change| change.before != change.after)
        .collect();
    changes.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
    Ok(changes)
}

fn changes_of(tx: &Connection, id: ObjectId, limit: u32) -> Result<Vec<PastChange>, StoreError> {
    let mut statement = tx.prepare_cached(
        "SELECT runs.id, runs.started_at, changes.before, changes.after FROM runs JOIN changes ON changes.run = runs.id \
         WHERE changes.id = ?1 ORDER BY runs.id DESC LIMIT ?2",
    )?;
    let rows = statement.query_map(params![id.0.bytes(), limit], |row| {
        Ok(PastChange {
            run: RunId(row.get(0)?),
            at: moment(row, 1)?,
            before: row.get(2)?,
            after: row.get(3)?,
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Lets go of runs past the last `runs`, then of the oldest until the rest takes no more than `bytes`. The last run is kept,
/// if need be without its debug lines.
fn prune(connection: &mut Connection, runs: u32, bytes: i64) -> Result<(), StoreError> {
    let tx = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let mut ids: Vec<i64> = tx
        .prepare_cached("SELECT id FROM runs ORDER BY id")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let newest = ids.pop();
    let mut left = ids.len() + usize::from(newest.is_some());
    for id in ids {
        if left <= runs as usize && used_bytes(&tx)? <= bytes {
            break;
        }
        for table in [
            "lines WHERE run",
            "changes WHERE run",
            "moved WHERE run",
            "runs WHERE id",
        ] {
            tx.execute(&format!("DELETE FROM {table} = ?1"), [id])?;
        }
        left -= 1;
    }
    if let Some(newest) = newest
        && used_bytes(&tx)? > bytes
    {
        tx.execute("DELETE FROM lines WHERE run = ?1 AND level = 0", [newest])?;
    }
    tx.commit()?;
    let mut vacuum = connection.prepare("PRAGMA incremental_vacuum")?;
    let mut steps = vacuum.query([])?;
    while steps.next()?.is_some() {}
    Ok(())
}

fn used_bytes(connection: &Connection) -> Result<i64, StoreError> {
    let value = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    Ok((value("page_count")? - value("freelist_count")?) * value("page_size")?)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::super::History;
    use super::*;
    use crate::domain::failure::{Failure, FailureKind};
    use crate::domain::guid::Guid;
    use crate::store::open::{Journal, open};
    use crate::store::schema::HISTORY;

    fn at(second: u8) -> Timestamp {
        format!("2026-11-04T14:02:{second:02}Z").parse().unwrap()
    }

    fn line(text: &str, level: Level) -> LogLine {
        LogLine {
            at: 61,
            source: Source::Seats,
            level,
            text: text.into(),
        }
    }

    fn started() -> (tempfile::TempDir, History) {
        let root = tempfile::tempdir().unwrap();
        let opened = open(root.path(), &HISTORY, Journal::Wal).unwrap();
        let (jobs, work) = channel();
        let thread = HistoryThread::new(opened.connection, opened.path);
        std::thread::spawn(move || thread.run(&work));
        (root, History { jobs })
    }

    #[test]
    fn a_run_and_its_log() {
        let (_root, history) = started();
        let run = history
            .begin(&RunKind::Sync, true, "j.smith", at(0))
            .wait()
            .unwrap();
        assert_eq!(run, RunId(1));
        let tenant = TenantId(Guid::from_bytes([7; 16]));
        history.set_tenant(run, tenant).wait().unwrap();
        let lines = vec![line("one", Level::Debug), line("two", Level::Error)];
        history.lines(run, lines[..1].to_vec()).wait().unwrap();
        history.lines(run, lines[1..].to_vec()).wait().unwrap();
        assert_eq!(history.log(run).wait().unwrap(), lines);
        let summary = Summary {
            counters: Counters {
                total: 399,
                licensed: 127,
                phone_system: 108,
                excluded_by_calling_plan: 104,
                resource: 5,
            },
            written: 1,
            refused: 2,
            conflicts: 3,
            held: 4,
            left: 5,
            unlicensed: 6,
            taken_over: 7,
            matched: 8,
            released: 9,
        };
        let failure = Failure::new(
            FailureKind::TryAgain,
            "The network is gone",
            "detail",
            "hint",
        );
        history
            .close(run, &Outcome::Failed(failure), summary, at(9))
            .wait()
            .unwrap();
        let second = history
            .begin(&RunKind::Plan, false, "k", at(10))
            .wait()
            .unwrap();
        let runs = history.list(5).wait().unwrap();
        assert_eq!(
            runs.iter().map(|run| run.id).collect::<Vec<_>>(),
            [second, run]
        );
        assert_eq!(runs[0].outcome, "running");
        assert_eq!(
            runs[1],
            RunHead {
                id: run,
                kind: "sync".into(),
                debug: true,
                tenant: Some(tenant),
                author: "j.smith".into(),
                started_at: at(0),
                ended_at: Some(at(9)),
                outcome: "failed".into(),
                failure: "The network is gone".into(),
                summary,
            }
        );
        assert_eq!(history.sweep(at(20)).wait().unwrap(), 1);
        let swept = history.list(1).wait().unwrap().remove(0);
        assert_eq!(
            (swept.outcome.as_str(), swept.ended_at),
            ("interrupted", Some(at(20)))
        );
        assert_eq!(history.sweep(at(21)).wait().unwrap(), 0);
    }

    #[test]
    fn the_difference_of_two_runs() {
        let (_root, history) = started();
        let runs: Vec<RunId> = (0..3)
            .map(|_| {
                history
                    .begin(&RunKind::Sync, false, "k", at(0))
                    .wait()
                    .unwrap()
            })
            .collect();
        let change = |n: u8, before, after| ClassChange {
            id: ObjectId(Guid::from_bytes([n; 16])),
            name: format!("user {n}"),
            before,
            after,
        };
        history
            .keep_changes(
                runs[1],
                vec![
                    change(1, Some(2), Some(3)),
                    change(2, None, Some(1)),
                    change(3, Some(1), Some(2)),
                ],
            )
            .wait()
            .unwrap();
        history
            .keep_changes(
                runs[2],
                vec![
                    change(1, Some(3), Some(4)),
                    change(2, Some(1), None),
                    change(4, Some(1), None),
                ],
            )
            .wait()
            .unwrap();
        assert_eq!(
            history.changes_between(runs[0], runs[2]).wait().unwrap(),
            [
                change(1, Some(2), Some(4)),
                change(3, Some(1), Some(2)),
                change(4, Some(1), None)
            ]
        );
        assert_eq!(
            history.changes_between(runs[1], runs[1]).wait().unwrap(),
            []
        );
    }

    #[test]
    fn what_one_reading_found_between_two_runs_belongs_to_the_next() {
        let (_root, history) = started();
        let begin = || {
            history
                .begin(&RunKind::Sync, false, "k", at(0))
                .wait()
                .unwrap()
        };
        let first = begin();
        let change = |before, after| ClassChange {
            id: ObjectId(Guid::from_bytes([7; 16])),
            name: "Alex".into(),
            before: Some(before),
            after: Some(after),
        };
        history.keep_change_between(change(11, 0)).wait().unwrap();
        let second = begin();
        history
            .keep_changes(second, vec![change(0, 7)])
            .wait()
            .unwrap();
        assert_eq!(
            history.changes_between(first, second).wait().unwrap(),
            [change(11, 7)]
        );
    }

    #[test]
    fn fifty_runs_are_kept_and_200_megabytes_at_most() {
        let (_root, history) = started();
        for _ in 0..55 {
            history
                .begin(&RunKind::Plan, false, "k", at(0))
                .wait()
                .unwrap();
        }
        history.prune().wait().unwrap();
        let kept = history.list(100).wait().unwrap();
        assert_eq!((kept.len(), kept[49].id), (50, RunId(6)));
        assert_eq!((MOST_RUNS, MOST_BYTES), (50, 200_000_000));
    }

    #[test]
    fn the_last_runs_are_kept_and_the_file_shrinks() {
        let root = tempfile::tempdir().unwrap();
        let mut connection = open(root.path(), &HISTORY, Journal::Wal)
            .unwrap()
            .connection;
        for _ in 0..60 {
            let run = begin(&connection, &RunKind::Sync, false, ("k", at(0))).unwrap();
            let lines = [
                line(&"x".repeat(1000), Level::Debug),
                line("end", Level::Info),
            ];
            for _ in 0..10 {
                put_lines(&connection, run, &lines).unwrap();
            }
        }
        let before = used_bytes(&connection).unwrap();
        prune(&mut connection, 50, i64::MAX).unwrap();
        let ids = |connection: &Connection| {
            list(connection, 100)
                .unwrap()
                .iter()
                .map(|run| run.id.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(&connection), (11..=60).rev().collect::<Vec<_>>());
        assert_eq!(log(&connection, RunId(10)).unwrap(), []);
        prune(&mut connection, 50, before / 3).unwrap();
        let kept = ids(&connection);
        assert!(
            kept.len() > 5 && kept.len() <= 20 && kept[0] == 60,
            "{kept:?}"
        );
        let pages: i64 = connection
            .pragma_query_value(None, "freelist_count", |row| row.get(0))
            .unwrap();
        assert_eq!(pages, 0);
        prune(&mut connection, 50, 1).unwrap();
        assert_eq!(ids(&connection), [60]);
        assert_eq!(
            log(&connection, RunId(60)).unwrap(),
            vec![line("end", Level::Info); 10]
        );
    }
}
