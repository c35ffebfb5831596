//! Saves from a damaged ledger what can be read, row by row, into the new one.
//!
//! Works on a copy: the file that was set aside keeps its bytes. Lines of the audit also come from the mirror.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, OpenFlags, params_from_iter};

use crate::domain::text::counted;

use super::audit::{self, Mirror};
use super::error::StoreError;
use super::ledger::rows;
use super::open::{Journal, fresh};
use super::schema::LEDGER;

/// How many rows were saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Saved {
    pub(super) users: usize,
    pub(super) entries: usize,
    pub(super) lines: usize,
}

impl fmt::Display for Saved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            users,
            entries,
            lines,
        } = self;
        write!(
            f,
            "saved from it: {}, {}, {} of the audit; look through them before the next sync",
            counted(*users as u64, "user", "users"),
            counted(*entries as u64, "queued change", "queued changes"),
            counted(*lines as u64, "line", "lines")
        )
    }
}

const TABLES: [&str; 5] = ["settings", "users", "outbox", "drafts", "audit"];

/// Saves what can be read of a damaged file; without one, what the mirror of the audit has.
pub(super) fn salvage(
    damaged: Option<&Path>,
    mirror: &Mirror,
    new: &mut Connection,
) -> Result<Saved, StoreError> {
    let tx = new.transaction()?;
    if let Some(damaged) = damaged {
        from_file(damaged, &tx)?;
    }
    for form in mirror.sound_lines() {
        let known: bool = tx
            .prepare_cached("SELECT EXISTS (SELECT 1 FROM audit WHERE seq = ?1)")?
            .query_row([form.seq], |row| row.get(0))?;
        if !known {
            audit::insert(&tx, &form)?;
        }
    }
    drop_unreadable(&tx)?;
    let count = |table: &str| -> Result<usize, StoreError> {
        let count: i64 = tx.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
            row.get(0)
        })?;
        Ok(usize::try_from(count).unwrap_or(0))
    };
    let saved = Saved {
        users: count("users")?,
        entries: count("outbox")?,
        lines: count("audit")?,
    };
    if damaged.is_some() || saved != Saved::default() {
        // Whoever starts next has a stamp, which this moment has not: then it goes into the audit.
        rows::set(&tx, "salvaged", Some(&saved.to_string()))?;
    }
    tx.commit()?;
    Ok(saved)
}

/// First as it is; then with the first page of an empty ledger, in case the damage is there: the tables lie where they always lie.
fn from_file(damaged: &Path, tx: &Connection) -> Result<(), StoreError> {
    let copy = with_ending(damaged, ".copy");
    for transplant in [false, true] {
        if let Ok(source) = readable_copy(damaged, &copy, transplant) {
            for table in TABLES {
                copy_table(&source, tx, table)?;
            }
        }
        let read: i64 = tx.query_row(
            "SELECT (SELECT count(*) FROM users) + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM audit)",
            [],
            |row| row.get(0),
        )?;
        if read > 0 {
            break;
        }
    }
    remove_copy(&copy);
    Ok(())
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

fn remove_copy(copy: &Path) {
    for ending in ["", "-wal", "-shm", "-journal", ".blank"] {
        drop(fs::remove_file(with_ending(copy, ending)));
    }
}

fn readable_copy(damaged: &Path, copy: &Path, transplant: bool) -> Result<Connection, StoreError> {
    remove_copy(copy);
    let io = |source| StoreError::io(copy, source);
    for ending in ["", "-wal", "-journal"] {
        match fs::copy(with_ending(damaged, ending), with_ending(copy, ending)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
    }
    if transplant {
        let blank = with_ending(copy, ".blank");
        fresh(&blank, &LEDGER, Journal::Wal)?;
        replace_first_page(copy, &blank).map_err(io)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(copy, flags)?;
    connection.pragma_update(None, "cell_size_check", true)?;
    Ok(connection)
}

/// Puts the first page of an empty ledger into a copy, with the copy's own count of pages and no list of free ones.
fn replace_first_page(copy: &Path, blank: &Path) -> io::Result<()> {
    let mut page = vec![0; 4096];
    fs::File::open(blank)?.read_exact(&mut page)?;
    let mut file = fs::OpenOptions::new().read(true).write(true).open(copy)?;
    let pages = u32::try_from(file.metadata()?.len() / 4096).unwrap_or(u32::MAX);
    page[28..32].copy_from_slice(&pages.to_be_bytes());
    page[32..40].fill(0);
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&page)
}

/// Copies the rows that can be read: by a walk as far as it goes, then one by one, so that one bad page costs its own rows only.
fn copy_table(source: &Connection, new: &Connection, table: &str) -> Result<(), StoreError> {
    let mut last = 0;
    let whole = walk(source, table, |id, row| {
        last = id;
        put(new, table, id, row)
    })?;
    if whole {
        return Ok(());
    }
    for id in last + 1..=highest(source, table, last) {
        let row = source
            .prepare_cached(&format!("SELECT * FROM {table} WHERE rowid = ?1"))
            .and_then(|mut statement| {
                let columns = statement.column_count();
                statement.query_row([id], |row| (0..columns).map(|n| row.get(n)).collect())
            });
        if let Ok(row) = row {
            put(new, table, id, row)?;
        }
    }
    Ok(())
}

/// Walks over a table; whether it got to its end. Only what the new database says is an error.
fn walk(
    source: &Connection,
    table: &str,
    mut each: impl FnMut(i64, Vec<Value>) -> Result<(), StoreError>,
) -> Result<bool, StoreError> {
    let sql = format!("SELECT rowid, * FROM {table} NOT INDEXED ORDER BY rowid");
    let Ok(mut statement) = source.prepare(&sql) else {
        return Ok(false);
    };
    let columns = statement.column_count();
    let Ok(mut rows) = statement.query([]) else {
        return Ok(false);
    };
    loop {
        match rows.next() {
            Ok(None) => return Ok(true),
            Ok(Some(row)) => {
                let values = (1..columns)
                    .map(|n| row.get(n))
                    .collect::<Result<Vec<Value>, _>>();
                if let (Ok(id), Ok(values)) = (row.get(0), values) {
                    each(id, values)?;
                }
            }
            Err(_) => return Ok(false),
        }
    }
}

/// The highest row id that may be there: by the table's end, else by the counter of ids, else a guess.
fn highest(source: &Connection, table: &str, last: i64) -> i64 {
    let most = last + 1_000_000;
    let by_end = source.query_row(
        &format!("SELECT rowid FROM {table} NOT INDEXED ORDER BY rowid DESC LIMIT 1"),
        [],
        |row| row.get::<_, i64>(0),
    );
    by_end
        .or_else(|_| {
            source.query_row(
                "SELECT seq FROM sqlite_sequence WHERE name = ?1",
                [table],
                |row| row.get(0),
            )
        })
        .unwrap_or(last + 10_000)
        .min(most)
}

/// Puts a row in as it is. One that the table's own rules refuse was not ours, and is left.
fn put(new: &Connection, table: &str, id: i64, row: Vec<Value>) -> Result<(), StoreError> {
    // A file of an earlier schema has fewer columns: later ones were only ever added at the end, and have their defaults.
    let names = new
        .prepare_cached("SELECT name FROM pragma_table_info(?1) ORDER BY cid")?
        .query_map([table], |row| row.get(0))?
        .take(row.len())
        .collect::<Result<Vec<String>, _>>()?
        .join(", ");
    let places = vec!["?"; row.len()].join(", ");
    let sql = format!("INSERT OR IGNORE INTO {table} ({names}) VALUES ({places})");
    let result = new.prepare_cached(&sql)?.execute(params_from_iter(row));
    match result.map_err(StoreError::from) {
        Err(StoreError::Sqlite { source, .. }) => {
            tracing::warn!(table, id, error = %source, "a row was not saved");
            Ok(())
        }
        other => other.map(|_| ()),
    }
}

/// Rows that were copied and cannot be read as what they should be would make the whole ledger unreadable.
fn drop_unreadable(new: &Connection) -> Result<(), StoreError> {
    for id in ids(new, "users")? {
        if rows::user(new, crate::domain::user::UserId(id)).is_err() {
            new.execute("DELETE FROM users WHERE id = ?1", [id])?;
        }
    }
    for id in ids(new, "outbox")? {
        if rows::entries(new, "id = ?1", &[&id]).is_err() {
            new.execute("DELETE FROM outbox WHERE id = ?1", [id])?;
        }
    }
    if rows::pin(new).is_err() {
        new.execute("DELETE FROM settings WHERE k LIKE 'pin%'", [])?;
    }
    if rows::seats(new).is_err() {
        new.execute("DELETE FROM settings WHERE k LIKE 'seats%'", [])?;
    }
    if rows::old_numbers(new).is_err() {
        new.execute("UPDATE users SET old_number = NULL", [])?;
    }
    Ok(())
}

fn ids(new: &Connection, table: &str) -> Result<Vec<i64>, StoreError> {
    let mut statement = new.prepare(&format!("SELECT id FROM {table}"))?;
    let ids = statement.query_map([], |row| row.get(0))?;
    Ok(ids.collect::<Result<_, _>>()?)
}
