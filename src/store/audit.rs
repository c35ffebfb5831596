//! The audit: a chain of hashes in the ledger's table, which is the truth, and `audit.jsonl`, its appended mirror.
//!
//! A line is written in the transaction of the change that it tells of. The mirror follows after the commit; what it could not
//! take (a full disk) it takes the next time. A chain cannot see that its own tail was cut off: for that a head is noted elsewhere.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row};
use sha2::{Digest, Sha256};

use crate::domain::guid::TenantId;
use crate::domain::outbox::EntryId;
use crate::domain::run::RunId;
use crate::domain::user::{UserId, Value};
use crate::record::audit::AuditForm;

use super::Stamp;
use super::error::StoreError;
use super::keeping::Keeping;
use super::ledger::{AuditFault, AuditLine, AuditPlace, AuditVerdict};
use super::mirrored::{self, Known};

/// What a line tells, apart from who and when.
#[derive(Debug, Clone, Default)]
pub(super) struct Said<'a> {
    pub(super) action: &'a str,
    pub(super) tenant: Option<TenantId>,
    pub(super) user: Option<(UserId, &'a str)>,
    /// Name where there is no user any more.
    pub(super) name: &'a str,
    pub(super) field: &'a str,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) outcome: &'a str,
    pub(super) entry: Option<EntryId>,
    pub(super) note: String,
}

impl Said<'_> {
    /// The same about a change of a value: compact where it is a field of a user, else in words that stand alone.
    pub(super) fn values(self, before: &Value, after: &Value) -> Self {
        let text = |value: &Value| match value {
            _ if value.field().is_two_way() => value.compact(),
            Value::Added(false) => String::new(),
            _ => value.shown(),
        };
        Self {
            field: after.field().as_str(),
            before: text(before),
            after: text(after),
            ..self
        }
    }
}

const COLUMNS: &str = "seq, at, author, tenant, user_id, user, action, field, before, after, outcome, entry, run, note, prev, hash, ticket";

/// Writes a line at the end of the chain.
pub(super) fn append(
    connection: &Connection,
    stamp: &Stamp,
    said: Said<'_>,
) -> Result<(), StoreError> {
    let last = head(connection)?;
    let (seq, prev) = last.map_or((1, String::new()), |(seq, hash)| (seq + 1, hash));
    let form = AuditForm {
        seq,
        at: stamp.at.to_string(),
        author: stamp.author.clone(),
        tenant: said.tenant.map(|id| id.to_string()).unwrap_or_default(),
        user_id: said.user.map(|(id, _)| id.0),
        user: said.user.map_or(said.name, |(_, name)| name).to_owned(),
        action: said.action.to_owned(),
        field: said.field.to_owned(),
        before: said.before,
        after: said.after,
        outcome: said.outcome.to_owned(),
        entry: said.entry.map(|id| id.0),
        run: stamp.run.map(|id| id.0),
        note: said.note,
        ticket: match said.entry {
            Some(entry) => ticket_of(connection, entry)?,
            None => String::new(),
        },
        prev,
        hash: String::new(),
    };
    let hash = hash_of(&form);
    insert(connection, &AuditForm { hash, ..form })
}

/// Puts a line into the table as it is.
pub(super) fn insert(connection: &Connection, form: &AuditForm) -> Result<(), StoreError> {
    let sql = format!(
        "INSERT INTO audit ({COLUMNS}) VALUES (?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14,?15,?16,?17)"
    );
    connection.prepare_cached(&sql)?.execute(rusqlite::params![
        form.seq,
        form.at,
        form.author,
        form.tenant,
        form.user_id,
        form.user,
        form.action,
        form.field,
        form.before,
        form.after,
        form.outcome,
        form.entry,
        form.run,
        form.note,
        form.prev,
        form.hash,
        form.ticket
    ])?;
    Ok(())
}

/// The ticket that an entry belongs to: it stays known when the entry has left the outbox.
fn ticket_of(connection: &Connection, entry: EntryId) -> Result<String, StoreError> {
    let found = connection
        .prepare_cached("SELECT ticket FROM tickets WHERE entry = ?1")?
        .query_row([entry.0], |row| row.get(0))
        .optional()?;
    Ok(found.unwrap_or_default())
}

/// Number and hash of the last line.
fn head(connection: &Connection) -> Result<Option<(i64, String)>, StoreError> {
    let last = connection
        .prepare_cached("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    Ok(last)
}

/// Whether a line fits its own hash.
pub(super) fn is_sound(form: &AuditForm) -> bool {
    form.hash == hash_of(form)
}

fn hash_of(form: &AuditForm) -> String {
    use std::fmt::Write as _;
    let digest = Sha256::digest(form.hashed_text());
    digest
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            write!(text, "{byte:02x}").expect("writing to a String cannot fail");
            text
        })
}

/// A row as it stands. A value that this program never wrote is read as well as may be: its hash then tells.
fn form_of(row: &Row<'_>) -> rusqlite::Result<AuditForm> {
    let text = |column: usize| -> rusqlite::Result<String> {
        Ok(match row.get_ref(column)? {
            ValueRef::Text(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            other => format!("{other:?}"),
        })
    };
    let whole = |column: usize| -> rusqlite::Result<Option<i64>> {
        Ok(match row.get_ref(column)? {
            ValueRef::Integer(number) => Some(number),
            _ => None,
        })
    };
    Ok(AuditForm {
        seq: row.get(0)?,
        at: text(1)?,
        author: text(2)?,
        tenant: text(3)?,
        user_id: whole(4)?,
        user: text(5)?,
        action: text(6)?,
        field: text(7)?,
        before: text(8)?,
        after: text(9)?,
        outcome: text(10)?,
        entry: whole(11)?,
        run: whole(12)?,
        note: text(13)?,
        prev: text(14)?,
        hash: text(15)?,
        ticket: text(16)?,
    })
}

/// A line for reading. One whose time cannot be read says so, since it must not hide the others.
fn line_of(form: AuditForm) -> AuditLine {
    let at = form.at.parse();
    AuditLine {
        seq: form.seq,
        note: match &at {
            Ok(_) => form.note,
            Err(_) => format!("damaged line, time {:?}: {}", form.at, form.note),
        },
        at: at.unwrap_or(Timestamp::UNIX_EPOCH),
        author: form.author,
        tenant: form.tenant.parse().ok(),
        user_id: form.user_id.map(UserId),
        user: form.user,
        action: form.action,
        field: form.field,
        before: form.before,
        after: form.after,
        outcome: form.outcome,
        entry: form.entry.map(EntryId),
        run: form.run.map(RunId),
        ticket: form.ticket,
        prev: form.prev,
        hash: form.hash,
    }
}

/// Lines that a condition picks, oldest first; of more than `limit` the last.
pub(super) fn lines(
    connection: &Connection,
    condition: &str,
    parameters: &[&dyn rusqlite::ToSql],
    limit: u32,
) -> Result<Vec<AuditLine>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM audit {condition} ORDER BY seq DESC LIMIT {limit}");
    let mut statement = connection.prepare_cached(&sql)?;
    let forms = statement.query_map(parameters, form_of)?;
    let mut lines = forms
        .map(|form| form.map(line_of))
        .collect::<Result<Vec<_>, _>>()?;
    lines.reverse();
    Ok(lines)
}

/// `audit.jsonl`.
#[derive(Debug)]
pub(super) struct Mirror {
    path: PathBuf,
    /// Length and last line of the file when we last wrote it: as long as the length is the same, nobody else has.
    known: Option<(u64, i64)>,
}

impl Mirror {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, known: None }
    }

    /// Appends what the table has and the file has not. Several programs may do so at once: the file is locked meanwhile.
    pub(super) fn catch_up(&mut self, connection: &Connection) -> Result<(), StoreError> {
        let newest = head(connection)?.map_or(0, |(seq, _)| seq);
        self.take_from(connection, newest)
    }

    /// The same where the table's last line was `newest` a moment ago: another program may have committed more since.
    fn take_from(&mut self, connection: &Connection, newest: i64) -> Result<(), StoreError> {
        let path = self.path.clone();
        let io = |source| StoreError::io(&path, source);
        let mut file = self.file().map_err(io)?;
        let len = file.metadata().map_err(io)?.len();
        let last = match self.known {
            Some((known, seq)) if known == len => seq,
            _ => {
                let (last, tail) = last_line(&mut file).map_err(io)?;
                let there = Known { len, seq: last };
                if let Some(from) = mirrored::lacks(connection, there, newest)? {
                    // Noted before the file is filled up: afterwards nobody could see it.
                    mirrored::note_loss(connection, from, newest)?;
                }
                if !tail.is_empty() {
                    if is_torn(&tail, connection, last)? {
                        file.set_len(len - tail.len() as u64).map_err(io)?;
                    } else {
                        // Nobody's half line: it stays to be seen, and the next line begins after it.
                        file.seek(SeekFrom::End(0)).map_err(io)?;
                        file.write_all(b"\n").map_err(io)?;
                    }
                }
                last
            }
        };
        let mut seq = last;
        if last < newest {
            let text;
            (text, seq) = text_after(connection, last)?;
            file.seek(SeekFrom::End(0)).map_err(io)?;
            file.write_all(text.as_bytes()).map_err(io)?;
            file.sync_data().map_err(io)?;
        }
        let len = file.metadata().map_err(io)?.len();
        self.known = Some((len, seq));
        mirrored::note(connection, Known { len, seq })
    }

    fn file(&self) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let folder = self.path.parent().unwrap_or_else(|| Path::new("."));
        let file = Keeping::of(folder)?.open(&mut options, &self.path)?;
        match file.lock() {
            Err(error) if error.kind() != io::ErrorKind::Unsupported => Err(error),
            _ => Ok(file),
        }
    }

    fn bytes(&self) -> io::Result<Vec<u8>> {
        match std::fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            read => read,
        }
    }

    /// The sound lines of the file: what can be saved when the table is damaged.
    pub(super) fn sound_lines(&self) -> Vec<AuditForm> {
        let bytes = self.bytes().unwrap_or_default();
        bytes
            .split(|byte| *byte == b'\n')
            .filter_map(|line| AuditForm::from_json(std::str::from_utf8(line).ok()?).ok())
            .filter(is_sound)
            .collect()
    }
}

/// The lines after this one as the file has them, and the number of the last.
fn text_after(connection: &Connection, seq: i64) -> Result<(String, i64), StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq > ?1 ORDER BY seq");
    let mut statement = connection.prepare_cached(&sql)?;
    let (mut text, mut last) = (String::new(), seq);
    for form in statement.query_map([seq], form_of)? {
        let form = form?;
        text.push_str(&form.to_json());
        text.push('\n');
        last = form.seq;
    }
    Ok((text, last))
}

/// Whether what follows the last whole line is what a crash leaves: the beginning of the line that the table has after it.
fn is_torn(tail: &[u8], connection: &Connection, last: i64) -> Result<bool, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM audit WHERE seq = ?1");
    let mut statement = connection.prepare_cached(&sql)?;
    let next = statement.query_row([last + 1], form_of).optional()?;
    Ok(next.is_some_and(|form| form.to_json().as_bytes().starts_with(tail)))
}

/// Number of the last whole line, 0 without one, and the bytes that follow the last end of a line.
fn last_line(file: &mut File) -> io::Result<(i64, Vec<u8>)> {
    let len = file.metadata()?.len();
    let mut span = 64 * 1024;
    loop {
        let start = len.saturating_sub(span);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        file.take(len - start).read_to_end(&mut bytes)?;
        let end = bytes
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        let found = bytes[..end]
            .split(|byte| *byte == b'\n')
            .rev()
            .find_map(|line| AuditForm::from_json(std::str::from_utf8(line).ok()?).ok());
        if found.is_none() && start > 0 {
            span *= 8;
            continue;
        }
        return Ok((found.map_or(0, |form| form.seq), bytes.split_off(end)));
    }
}

const MOST_FAULTS: usize = 100;

/// Checks the table, the mirror, and that both say the same; and that a line noted earlier is still there.
pub(super) fn verify(
    connection: &Connection,
    mirror: &Mirror,
    noted: Option<&(i64, String)>,
) -> Result<AuditVerdict, StoreError> {
    // Held so that no other program appends between the two readings; a file that is not there holds nothing to compare.
    let turn = File::open(&mirror.path).ok();
    if let Some(turn) = &turn {
        drop(turn.lock_shared());
    }
    let mut chain = Chain::new(AuditPlace::Table);
    let sql = format!("SELECT {COLUMNS} FROM audit ORDER BY seq");
    for form in connection.prepare(&sql)?.query_map([], form_of)? {
        chain.take(&form?);
    }
    let bytes = mirror
        .bytes()
        .map_err(|source| StoreError::io(&mirror.path, source))?;
    let mut verdict = AuditVerdict {
        lines: chain.hashes.len() as u64,
        head: head(connection)?,
        torn: false,
        behind: None,
        completed: None,
        faults: chain.faults,
    };
    if let Some((seq, hash)) = noted {
        match chain.hashes.get(seq) {
            // What is missing begins behind the last line that is there.
            None => verdict.faults.push(AuditFault::Missing {
                place: AuditPlace::Table,
                seq: (*seq).min(chain.last + 1),
            }),
            Some(found) if found != hash => verdict.faults.push(AuditFault::Altered {
                place: AuditPlace::Table,
                seq: *seq,
            }),
            Some(_) => {}
        }
    }
    let (last, faults) = mirror_faults(&bytes, &chain.hashes, chain.last);
    verdict.faults.extend(faults);
    let there = Known {
        len: bytes.len() as u64,
        seq: last,
    };
    if last < chain.last && mirrored::lacks(connection, there, chain.last)?.is_none() {
        // Never in the file: whoever wrote them was stopped between the two places.
        verdict.behind = Some(last + 1);
        let tail = AuditFault::Missing {
            place: AuditPlace::Mirror,
            seq: last + 1,
        };
        verdict.faults.retain(|fault| *fault != tail);
    }
    if let Some(seq) = mirrored::lost(connection)? {
        verdict.faults.push(AuditFault::Cut { seq });
    }
    let whole = whole_lines(&bytes);
    if whole < bytes.len() {
        verdict.torn = is_torn(&bytes[whole..], connection, last)?;
        if !verdict.torn {
            let line = bytes.split(|byte| *byte == b'\n').count();
            verdict.faults.push(AuditFault::Unreadable { line });
        }
    }
    verdict.faults.truncate(MOST_FAULTS);
    Ok(verdict)
}

/// How many bytes the lines take that have an end.
fn whole_lines(bytes: &[u8]) -> usize {
    bytes
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1)
}

/// The number of the mirror's last whole line, and what is wrong with those lines, given the hashes of the table.
fn mirror_faults(
    bytes: &[u8],
    table: &HashMap<i64, String>,
    newest: i64,
) -> (i64, Vec<AuditFault>) {
    let mut chain = Chain::new(AuditPlace::Mirror);
    let mut differing = Vec::new();
    for (n, line) in bytes[..whole_lines(bytes)]
        .split_inclusive(|byte| *byte == b'\n')
        .enumerate()
    {
        let form = std::str::from_utf8(&line[..line.len() - 1])
            .ok()
            .and_then(|line| AuditForm::from_json(line).ok());
        let Some(form) = form else {
            chain.faults.push(AuditFault::Unreadable { line: n + 1 });
            continue;
        };
        chain.take(&form);
        match table.get(&form.seq) {
            Some(hash) if *hash == form.hash => {}
            Some(_) => differing.push(AuditFault::Differs { seq: form.seq }),
            None => differing.push(AuditFault::Missing {
                place: AuditPlace::Table,
                seq: form.seq,
            }),
        }
        if chain.faults.len() + differing.len() > MOST_FAULTS {
            break;
        }
    }
    if chain.last < newest {
        chain.faults.push(AuditFault::Missing {
            place: AuditPlace::Mirror,
            seq: chain.last + 1,
        });
    }
    chain.faults.extend(differing);
    (chain.last, chain.faults)
}

/// A walk along a chain.
struct Chain {
    place: AuditPlace,
    last: i64,
    hash: String,
    hashes: HashMap<i64, String>,
    faults: Vec<AuditFault>,
}

impl Chain {
    fn new(place: AuditPlace) -> Self {
        Self {
            place,
            last: 0,
            hash: String::new(),
            hashes: HashMap::new(),
            faults: Vec::new(),
        }
    }

    fn take(&mut self, form: &AuditForm) {
        let place = self.place;
        if form.seq > self.last + 1 {
            self.faults.push(AuditFault::Missing {
                place,
                seq: self.last + 1,
            });
        } else if form.seq <= self.last || form.prev != self.hash {
            self.faults.push(AuditFault::Altered {
                place,
                seq: form.seq,
            });
        }
        if !is_sound(form) {
            self.faults.push(AuditFault::Altered {
                place,
                seq: form.seq,
            });
        }
        self.last = form.seq;
        self.hash.clone_from(&form.hash);
        self.hashes.insert(form.seq, form.hash.clone());
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use crate::store::open::{Journal, open};
    use crate::store::schema::LEDGER;

    fn stamp() -> Stamp {
        Stamp {
            at: "2026-11-04T14:02:00Z".parse().unwrap(),
            author: "j.smith".into(),
            run: Some(RunId(12)),
        }
    }

    fn with_lines(dir: &Path, count: i64) -> (Connection, Mirror) {
        let connection = open(dir, &LEDGER, Journal::Wal).unwrap().connection;
        let mut mirror = Mirror::new(dir.join("audit.jsonl"));
        mirror.catch_up(&connection).unwrap();
        for n in 0..count {
            let said = Said {
                action: "queued",
                user: Some((UserId(3), "Diego \"x\" Siciliani")),
                entry: Some(EntryId(n)),
                note: "ünder".into(),
                ..Said::default()
            };
            append(&connection, &stamp(), said).unwrap();
        }
        mirror.catch_up(&connection).unwrap();
        (connection, mirror)
    }

    #[test]
    fn a_sound_chain_is_intact() {
        let root = tempfile::tempdir().unwrap();
        let (connection, mirror) = with_lines(root.path(), 5);
        let verdict = verify(&connection, &mirror, None).unwrap();
        assert!(verdict.is_intact(), "{verdict:?}");
        assert_eq!((verdict.lines, verdict.torn), (5, false));
        let head = verdict.head.unwrap();
        assert_eq!((head.0, head.1.len()), (5, 64));
        assert!(
            verify(&connection, &mirror, Some(&head))
                .unwrap()
                .is_intact()
        );
        let lines = lines(&connection, "WHERE entry >= ?1", &[&2], 2).unwrap();
        assert_eq!(
            lines.iter().map(|line| line.seq).collect::<Vec<_>>(),
            [4, 5]
        );
        assert_eq!(lines[1].prev, lines[0].hash);
        assert_eq!(lines[0].run, Some(RunId(12)));
    }

    /// Another program commits between a program's look at the table and its turn at the file.
    #[test]
    fn a_line_of_another_program_is_in_the_file_once() {
        let root = tempfile::tempdir().unwrap();
        let (connection, mut mirror) = with_lines(root.path(), 5);
        let line = || append(&connection, &stamp(), Said::default()).unwrap();
        line();
        let seen = head(&connection).unwrap().unwrap().0;
        line();
        mirror.take_from(&connection, seen).unwrap();
        line();
        mirror.catch_up(&connection).unwrap();
        let numbers: Vec<_> = mirror.sound_lines().iter().map(|line| line.seq).collect();
        assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
        let verdict = verify(&connection, &mirror, None).unwrap();
        assert!(verdict.is_intact(), "{verdict:?}");
    }

    #[test]
    fn every_flipped_byte_of_the_mirror_is_found() {
        let root = tempfile::tempdir().unwrap();
        let (connection, mirror) = with_lines(root.path(), 8);
        let bytes = mirror.bytes().unwrap();
        let mut chain = Chain::new(AuditPlace::Table);
        for form in mirror.sound_lines() {
            chain.take(&form);
        }
        assert_eq!(mirror_faults(&bytes, &chain.hashes, 8).1, []);
        for at in 0..bytes.len() {
            for bit in [0, 5] {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                assert_ne!(
                    mirror_faults(&bad, &chain.hashes, 8).1,
                    [],
                    "byte {at}, bit {bit}"
                );
            }
        }
        drop(connection);
    }

    /// Lines that a fault points at: a line of the file and a line of the chain have the same number here.
    fn named(faults: &[AuditFault]) -> std::collections::HashSet<i64> {
        faults
            .iter()
            .map(|fault| match fault {
                AuditFault::Altered { seq, .. }
                | AuditFault::Missing { seq, .. }
                | AuditFault::Differs { seq }
                | AuditFault::Cut { seq } => *seq,
                AuditFault::Unreadable { line } => i64::try_from(*line).unwrap(),
            })
            .collect()
    }

    #[test]
    fn each_byte_of_two_hundred_lines_is_missed_when_it_flips() {
        const APART: usize = 8;
        let root = tempfile::tempdir().unwrap();
        let (_connection, mirror) = with_lines(root.path(), 200);
        let bytes = mirror.bytes().unwrap();
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        assert_eq!(lines.len(), 200);
        let mut chain = Chain::new(AuditPlace::Table);
        mirror
            .sound_lines()
            .iter()
            .for_each(|form| chain.take(form));
        let longest = lines.iter().map(|line| line.len() - 1).max().unwrap();
        // Many lines at once, so far apart that each fault is seen by itself; a line's number, which its fault goes by, and its end are
        // flipped one by one.
        let number = "{\"seq\":200".len();
        for (first, at) in (0..APART).flat_map(|first| (number..longest).map(move |at| (first, at)))
        {
            let mut flipped = Vec::new();
            let mut bad: Vec<Vec<u8>> = lines.iter().map(|line| line.to_vec()).collect();
            for n in (first..lines.len()).step_by(APART) {
                if at + 1 < bad[n].len() {
                    bad[n][at] ^= 1 << ((n + at) % 8);
                    // A new end of line would move the numbers of all lines after it.
                    if bad[n][at] == b'\n' {
                        bad[n][at] ^= 3;
                    }
                    flipped.push(i64::try_from(n + 1).unwrap());
                }
            }
            let found = named(&mirror_faults(&bad.concat(), &chain.hashes, 200).1);
            for line in flipped {
                assert!(found.contains(&line), "line {line}, byte {at}");
            }
        }
        let mut bad = bytes.clone();
        let mut start = 0;
        for line in &lines {
            for at in (start..start + number).chain([start + line.len() - 1]) {
                bad[at] ^= 4;
                assert_ne!(mirror_faults(&bad, &chain.hashes, 200).1, [], "byte {at}");
                bad[at] ^= 4;
            }
            start += line.len();
        }
    }

    #[test]
    fn each_byte_of_a_row_of_the_table_is_missed_when_it_flips() {
        let root = tempfile::tempdir().unwrap();
        let (_connection, mirror) = with_lines(root.path(), 200);
        for form in mirror.sound_lines() {
            let text = form.to_json();
            assert!(is_sound(&form));
            for at in 0..text.len() {
                let mut bad = text.clone().into_bytes();
                bad[at] ^= 1;
                let read = String::from_utf8(bad).ok();
                let read = read.and_then(|text| serde_json::from_str::<AuditForm>(&text).ok());
                assert!(
                    read.is_none_or(|form| !is_sound(&form)),
                    "line {}, byte {at}",
                    form.seq
                );
            }
        }
    }

    #[test]
    fn a_line_without_a_ticket_hashes_as_it_did_before_there_were_tickets() {
        let old = "{\"seq\":1,\"at\":\"2026-11-04T14:02:00Z\",\"author\":\"j.smith\",\"tenant\":\"\",\"user_id\":null,\"user\":\"\",\
                   \"action\":\"pinned\",\"field\":\"\",\"before\":\"\",\"after\":\"\",\"outcome\":\"\",\"entry\":null,\"run\":null,\
                   \"note\":\"\",\"prev\":\"\"}";
        let form: AuditForm = serde_json::from_str(old).unwrap();
        assert_eq!(form.hashed_text(), old);
        let with = AuditForm {
            ticket: "INC1".into(),
            ..form.clone()
        };
        assert_ne!(hash_of(&with), hash_of(&form));
    }

    #[test]
    fn lines_that_are_removed_added_or_exchanged_are_found() {
        let root = tempfile::tempdir().unwrap();
        let (connection, mirror) = with_lines(root.path(), 6);
        let text = String::from_utf8(mirror.bytes().unwrap()).unwrap();
        let good: Vec<&str> = text.lines().collect();
        let faults = |lines: &[&str]| {
            fs::write(&mirror.path, lines.join("\n") + "\n").unwrap();
            verify(&connection, &mirror, None).unwrap().faults
        };
        let missing = |place, seq| AuditFault::Missing { place, seq };
        let altered = |seq| AuditFault::Altered {
            place: AuditPlace::Mirror,
            seq,
        };
        assert_eq!(faults(&good), []);
        assert_eq!(faults(&good[..4]), [missing(AuditPlace::Mirror, 5)]);
        assert_eq!(faults(&good[1..]), [missing(AuditPlace::Mirror, 1)]);
        assert_eq!(
            faults(&[good[0], good[1], good[3], good[4], good[5]]),
            [missing(AuditPlace::Mirror, 3)]
        );
        let twice = [
            good[0], good[1], good[1], good[2], good[3], good[4], good[5],
        ];
        assert_eq!(faults(&twice), [altered(2)]);
        let exchanged = [good[0], good[2], good[1], good[3], good[4], good[5]];
        assert!(!faults(&exchanged).is_empty());
        connection
            .execute("DELETE FROM audit WHERE seq = 6", [])
            .unwrap();
        assert_eq!(faults(&good), [missing(AuditPlace::Table, 6)]);
    }

    /// Somebody who knows how hashes are made changes a line and its hash in both places: the line after it follows no more.
    #[test]
    fn a_line_that_was_forged_with_its_hash_breaks_the_chain() {
        let root = tempfile::tempdir().unwrap();
        let (connection, mirror) = with_lines(root.path(), 4);
        let mut forms = mirror.sound_lines();
        forms[1].note = "otherwise".to_owned();
        forms[1].hash = hash_of(&forms[1]);
        let changed = [&forms[1].note, &forms[1].hash];
        connection
            .execute(
                "UPDATE audit SET note = ?1, hash = ?2 WHERE seq = 2",
                changed,
            )
            .unwrap();
        let text: String = forms.iter().map(|form| form.to_json() + "\n").collect();
        fs::write(&mirror.path, text).unwrap();
        let faults = verify(&connection, &mirror, None).unwrap().faults;
        let at = |place| AuditFault::Altered { place, seq: 3 };
        assert_eq!(faults, [at(AuditPlace::Table), at(AuditPlace::Mirror)]);
    }

    #[test]
    fn every_changed_column_of_the_table_is_found() {
        let root = tempfile::tempdir().unwrap();
        let (connection, mirror) = with_lines(root.path(), 3);
        for column in COLUMNS.split(", ") {
            connection.execute_batch("SAVEPOINT s").unwrap();
            let new = match column {
                "seq" => "70",
                "user_id" | "entry" | "run" => "7",
                _ => "'7'",
            };
            connection
                .execute(
                    &format!("UPDATE audit SET {column} = {new} WHERE seq = 2"),
                    [],
                )
                .unwrap();
            let verdict = verify(&connection, &mirror, None).unwrap();
            assert!(!verdict.is_intact(), "{column}");
            assert_eq!(lines(&connection, "", &[], 9).unwrap().len(), 3);
            connection
                .execute_batch("ROLLBACK TO s; RELEASE s")
                .unwrap();
        }
        assert!(verify(&connection, &mirror, None).unwrap().is_intact());
    }

    #[test]
    fn a_tail_cut_off_in_both_places_is_found_by_a_noted_head() {
        let root = tempfile::tempdir().unwrap();
        let (connection, mut mirror) = with_lines(root.path(), 4);
        let head = verify(&connection, &mirror, None).unwrap().head.unwrap();
        connection
            .execute("DELETE FROM audit WHERE seq > 2", [])
            .unwrap();
        fs::remove_file(&mirror.path).unwrap();
        mirror.known = None;
        mirror.catch_up(&connection).unwrap();
        let cut = AuditFault::Cut { seq: 1 };
        assert_eq!(
            verify(&connection, &mirror, None).unwrap().faults,
            std::slice::from_ref(&cut)
        );
        let gone = AuditFault::Missing {
            place: AuditPlace::Table,
            seq: 3,
        };
        assert_eq!(
            verify(&connection, &mirror, Some(&head)).unwrap().faults,
            [gone, cut]
        );
    }

    #[test]
    fn the_last_byte_counts_and_only_half_a_line_of_the_table_is_a_torn_one() {
        let root = tempfile::tempdir().unwrap();
        let (connection, mut mirror) = with_lines(root.path(), 200);
        let whole = mirror.bytes().unwrap();
        for bit in 0..8 {
            let mut bad = whole.clone();
            *bad.last_mut().unwrap() ^= 1 << bit;
            fs::write(&mirror.path, &bad).unwrap();
            mirror.known = None;
            for again in [false, true] {
                let verdict = verify(&connection, &mirror, None).unwrap();
                assert!(!verdict.torn, "bit {bit}");
                let unreadable = AuditFault::Unreadable { line: 200 };
                assert!(verdict.faults.contains(&unreadable), "bit {bit}");
                let lost = if again {
                    AuditFault::Cut { seq: 200 }
                } else {
                    AuditFault::Missing {
                        place: AuditPlace::Mirror,
                        seq: 200,
                    }
                };
                assert!(verdict.faults.contains(&lost), "bit {bit}: {verdict:?}");
                assert_eq!(verdict.faults.len(), 2, "bit {bit}");
                mirror.catch_up(&connection).unwrap();
            }
            mirrored::seen_for_a_test(&connection);
        }
        let start = whole.len() - 40;
        fs::write(&mirror.path, &whole[..start]).unwrap();
        let before = verify(&connection, &mirror, None).unwrap();
        mirror.catch_up(&connection).unwrap();
        let after = verify(&connection, &mirror, None).unwrap();
        let cut = [AuditFault::Cut { seq: 200 }];
        assert!(before.torn && after.faults == cut && after.completed.is_none());
        let both = after.since(before);
        assert_eq!((both.torn, both.completed), (true, Some(200)));
        assert_eq!(both.faults, cut);
    }

    #[test]
    fn the_mirror_heals_after_a_torn_line_and_takes_turns() {
        let root = tempfile::tempdir().unwrap();
        let (connection, mut mirror) = with_lines(root.path(), 3);
        let whole = mirror.bytes().unwrap();
        for cut in [1, 40, 300] {
            // As if the rest had never reached the disk.
            mirrored::note(&connection, Known::default()).unwrap();
            fs::write(&mirror.path, &whole[..whole.len() - cut]).unwrap();
            let verdict = verify(&connection, &mirror, None).unwrap();
            assert!(verdict.torn && verdict.is_intact() && verdict.behind.is_some());
            mirror.catch_up(&connection).unwrap();
            assert_eq!(mirror.bytes().unwrap(), whole, "cut {cut}");
        }
        mirrored::note(&connection, Known::default()).unwrap();
        let mut other = Mirror::new(mirror.path.clone());
        for mirror in [&mut other, &mut mirror] {
            append(
                &connection,
                &stamp(),
                Said {
                    action: "edited",
                    ..Said::default()
                },
            )
            .unwrap();
            mirror.catch_up(&connection).unwrap();
        }
        mirror.catch_up(&connection).unwrap();
        let verdict = verify(&connection, &mirror, None).unwrap();
        assert!(verdict.is_intact() && verdict.lines == 5, "{verdict:?}");
    }
}
