//! Files as time and chance leave them: thousands of damaged ones, and those of every schema that was ever released.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::types::Value;
use rusqlite::{Connection, params, params_from_iter};

use super::Store;
use super::disk::Disk;
use super::error::StoreError;
use super::fixtures::{OURS, new_user, stamp};
use super::ledger::{Import, LedgerPicture};
use super::schema::{CACHE, HISTORY, LEDGER, Shape};
use super::tests::{copy_of, filled};
use crate::domain::user::{Patch, UserId};

/// How many damaged files of each kind: a sample, unless `TEAMSCONNECTOR_SWEEP` says how many, as in
/// `TEAMSCONNECTOR_SWEEP=1000 cargo test --lib damaged_sweep`.
#[expect(
    clippy::disallowed_methods,
    reason = "a hook of this test, which the program does not read"
)]
fn rounds() -> u64 {
    let asked = std::env::var("TEAMSCONNECTOR_SWEEP").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(20)
}

/// Numbers that look like chance, the same for each seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        let limit = u64::try_from(limit).unwrap();
        usize::try_from((z ^ (z >> 31)) % limit).unwrap()
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }
}

/// A file with something wrong, and what.
fn damaged(good: &[u8], seed: u64) -> (Vec<u8>, &'static str) {
    let mut chance = Chance(seed);
    let mut bytes = good.to_vec();
    let page = |chance: &mut Chance| chance.below(good.len().div_ceil(4096)) * 4096;
    let what = match chance.below(7) {
        0 => {
            for _ in 0..=chance.below(8) {
                let at = chance.below(bytes.len());
                bytes[at] ^= 1 << chance.below(8);
            }
            "bits"
        }
        1 => {
            bytes.truncate(chance.below(good.len()));
            "cut"
        }
        2 => {
            let at = chance.below(bytes.len());
            let end = (at + 1 + chance.below(600)).min(bytes.len());
            bytes[at..end].fill_with(|| chance.byte());
            "noise"
        }
        3 => {
            let at = page(&mut chance);
            let end = (at + 4096).min(bytes.len());
            bytes[at..end].fill(0);
            "a page of zeros"
        }
        4 => {
            let (from, to) = (page(&mut chance), page(&mut chance));
            let length = 4096.min(good.len() - from).min(good.len() - to);
            bytes[to..to + length].copy_from_slice(&good[from..from + length]);
            "a page twice"
        }
        5 => {
            // The header of the file, or of its first page.
            for _ in 0..=chance.below(4) {
                let at = chance.below(120.min(good.len()));
                bytes[at] = chance.byte();
            }
            "head"
        }
        _ => {
            let more = 1 + chance.below(5000);
            bytes.extend((0..more).map(|_| chance.byte()));
            "more at the end"
        }
    };
    (bytes, what)
}

/// Where a damaged file was set aside.
fn aside(dir: &Path, file: &str) -> Vec<PathBuf> {
    let ours = format!("{file}.quarantine-");
    let entries = fs::read_dir(dir).unwrap().map(|e| e.unwrap().path());
    entries
        .filter(|path| path.to_string_lossy().contains(&ours))
        .filter(|path| !path.to_string_lossy().ends_with("-wal"))
        .collect()
}

/// Whether it is an answer, or a failure that is worded; a thread that panicked gives neither.
fn is_told<T>(answer: &Result<T, StoreError>) -> bool {
    !matches!(answer, Err(StoreError::Closed))
}

#[test]
fn damaged_sweep_of_each_file_panics_nowhere_and_deletes_nothing() {
    let root = filled();
    for file in ["ledger.db", "cache.db", "history.db", "audit.jsonl"] {
        let good = fs::read(root.path().join(file)).unwrap();
        let mut set_aside = 0;
        for seed in 0..rounds() {
            let copy = copy_of(root.path());
            let path = copy.path().join(file);
            let (bytes, what) = damaged(&good, seed);
            let at = format!("{file}, seed {seed}: {what}");
            fs::write(&path, &bytes).unwrap();
            let store = match Store::open(copy.path()) {
                Ok(store) => store,
                Err(StoreError::TooNew { .. }) => {
                    assert_eq!(fs::read(&path).unwrap(), bytes, "{at}");
                    continue;
                }
                Err(error) => panic!("{at}: {error}"),
            };
            let picture = store.ledger.load().wait();
            let rows = store.cache.all_rows().wait();
            let runs = store.history.list(9).wait();
            assert!(
                is_told(&picture) && is_told(&rows) && is_told(&runs),
                "{at}"
            );
            assert!(is_told(&store.ledger.verify_audit().wait()), "{at}");
            assert!(is_told(&store.ledger.recover(stamp(9)).wait()), "{at}");
            if store.was_damaged() {
                set_aside += 1;
                let kept = aside(copy.path(), file);
                assert_eq!(kept.len(), 1, "{at}: {kept:?}");
                assert_eq!(fs::read(&kept[0]).unwrap(), bytes, "{at}");
                let note = &store.notes()[0];
                assert!(
                    note.starts_with(&format!("{file} was damaged (")),
                    "{at}: {note}"
                );
            }
            if file != "ledger.db" {
                let picture = picture.unwrap();
                assert_eq!(
                    (picture.users.len(), picture.entries.len()),
                    (40, 20),
                    "{at}"
                );
                // And what is changed now is saved.
                let edit = Patch::default();
                let saved = store.ledger.edit_user(UserId(39), edit, stamp(9));
                assert!(is_told(&saved.wait()), "{at}");
            }
            assert!(store.close(), "{at}: a thread panicked");
        }
        assert!(
            file == "audit.jsonl" || set_aside * 5 > rounds(),
            "{file}: {set_aside}"
        );
    }
}

/// A store with an import that waits, and a draft of each kind, closed; what it holds.
fn held() -> (tempfile::TempDir, LedgerPicture, Drafts) {
    let root = filled();
    let store = Store::open(root.path()).unwrap();
    let rows = Import {
        add: (500..520).map(new_user).collect(),
        edits: Vec::new(),
    };
    store.ledger.import(rows, OURS, stamp(3)).wait().unwrap();
    for (key, text) in [
        ("add", "name=Kim\nmail=\nnumber=+441235123480\n"),
        ("edit:3", "name=Zo\u{eb}\nassociation=none\n"),
        ("tables", "users=number down\nusers/filter=zo\u{eb}"),
        ("of another version", "{\"number\": 3}"),
    ] {
        let kept = store.ledger.keep_draft(key, Some(text.to_owned()));
        kept.wait().unwrap();
    }
    let picture = store.ledger.load().wait().unwrap();
    let drafts = store.ledger.drafts().wait().unwrap();
    assert!(store.close());
    (root, picture, drafts)
}

type Drafts = Vec<(String, String)>;

#[test]
fn noise_in_any_page_of_the_cache_costs_no_imported_row_and_no_draft() {
    let (root, picture, drafts) = held();
    assert_eq!((picture.users.len(), drafts.len()), (60, 5));
    let good = fs::read(root.path().join("cache.db")).unwrap();
    let mut chance = Chance(7);
    for from in (0..good.len()).step_by(4096) {
        let copy = copy_of(root.path());
        let mut bytes = good.clone();
        bytes[from..from + 4096].fill_with(|| chance.byte());
        fs::write(copy.path().join("cache.db"), bytes).unwrap();
        let store = Store::open(copy.path()).unwrap();
        assert!(is_told(&store.cache.all_rows().wait()), "at {from}");
        assert_eq!(store.ledger.load().wait().unwrap(), picture, "at {from}");
        assert_eq!(store.ledger.drafts().wait().unwrap(), drafts, "at {from}");
        assert!(store.close(), "at {from}: a thread panicked");
    }
}

/// Bits that flip in a text are seen by no check of the file: each is read as far as it is one, and costs no other.
#[test]
fn damaged_sweep_of_drafts_loses_none_and_no_other() {
    let (root, picture, drafts) = held();
    for seed in 0..rounds() {
        let copy = copy_of(root.path());
        let path = copy.path().join("ledger.db");
        let number = usize::try_from(seed).unwrap() % drafts.len();
        let (key, text) = &drafts[number];
        let (bytes, what) = damaged(text.as_bytes(), seed);
        let at = format!("{key}, seed {seed}: {what}");
        let rows = |ledger: &Connection| -> Vec<u8> {
            let row = ledger.query_row(
                "SELECT CAST(v AS BLOB) FROM drafts WHERE k = ?1",
                [key],
                |row| row.get(0),
            );
            row.unwrap()
        };
        let ledger = Connection::open(&path).unwrap();
        let set = "UPDATE drafts SET v = CAST(?1 AS TEXT) WHERE k = ?2";
        ledger.execute(set, params![bytes, key]).unwrap();
        drop(ledger);
        let store = Store::open(copy.path()).unwrap();
        assert!(!store.was_damaged(), "{at}");
        let mut found = store.ledger.drafts().wait().unwrap();
        assert_eq!(found.remove(number).0, *key, "{at}");
        let mut others = drafts.clone();
        others.remove(number);
        assert_eq!(found, others, "{at}");
        assert!(is_told(&store.ledger.draft(key).wait()), "{at}");
        assert_eq!(store.ledger.load().wait().unwrap(), picture, "{at}");
        assert!(store.close(), "{at}: a thread panicked");
        assert_eq!(rows(&Connection::open(&path).unwrap()), bytes, "{at}");
    }
}

/// The log of another database, put beside this one, is not played into it unseen.
#[test]
fn the_log_of_another_database_costs_no_row_unseen() {
    let (one, other) = (filled(), filled());
    for file in ["ledger.db", "cache.db", "history.db"] {
        // A log that was not closed: the database is still open while it is copied.
        let open = Connection::open(other.path().join(file)).unwrap();
        open.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
        open.execute_batch("CREATE TABLE stranger (n); INSERT INTO stranger VALUES (1);")
            .unwrap();
        let copy = copy_of(one.path());
        let log = format!("{file}-wal");
        fs::copy(other.path().join(&log), copy.path().join(&log)).unwrap();
        let store = Store::open(copy.path()).unwrap();
        let picture = store.ledger.load().wait().unwrap();
        let whole = (picture.users.len(), picture.entries.len()) == (40, 20);
        assert!(whole || store.was_damaged(), "{file}: {:?}", store.notes());
        assert!(store.close(), "{file}");
    }
}

/// Where other machines may write as well: no write-ahead log and no shared memory, said to the engineer, and two programs lose
/// nothing.
#[test]
fn a_network_disk_gets_a_slower_journal_and_a_note_and_keeps_every_row() {
    for (number, kind) in [
        (0x6969, Some("NFS")),
        (0xff53_4d42, Some("SMB")),
        (0x6573_5546, Some("FUSE")),
        (0x0102_1997, Some("9P")),
        (0x794c_7630, None),
        (0x0102_1994, None),
        (0xef53, None),
    ] {
        // It was filled on a disk of this machine, and moved.
        let root = filled();
        let open = || Store::open_on(root.path(), |_| Disk::of_number(number)).unwrap();
        let (one, other) = (open(), open());
        assert!(!one.was_damaged() && !other.was_damaged());
        let told = kind.map(|kind| {
            format!(
                "{} is on {kind}: a slower journal is used there; a disk of this machine is better",
                root.path().display()
            )
        });
        assert_eq!(one.notes(), told.as_slice(), "{number:x}");
        let replies: Vec<_> = (100..120)
            .map(|n| {
                let store = if n % 2 == 0 { &one } else { &other };
                store.ledger.add_users(vec![new_user(n)], OURS, stamp(3))
            })
            .collect();
        for reply in replies {
            reply.wait().unwrap();
        }
        for store in [&one, &other] {
            assert_eq!(store.ledger.load().wait().unwrap().users.len(), 60);
            assert_eq!(store.cache.all_rows().wait().unwrap().len(), 120);
            assert_eq!(store.history.list(9).wait().unwrap().len(), 1);
        }
        for file in ["ledger.db", "cache.db", "history.db"] {
            // The version of the format: 1 has a rollback journal, 2 a write-ahead log.
            let head = fs::read(root.path().join(file)).unwrap();
            let form = if kind.is_some() { [1, 1] } else { [2, 2] };
            assert_eq!(head[18..20], form, "{file} on {kind:?}");
            let has_log = root.path().join(format!("{file}-wal")).exists();
            assert_eq!(has_log, kind.is_none(), "{file} on {kind:?}");
        }
        assert!(one.close() && other.close());
    }
}

fn columns(connection: &Connection, table: &str) -> Vec<String> {
    let mut found = connection
        .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
        .unwrap();
    let rows = found.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

fn tables(connection: &Connection) -> Vec<String> {
    let mut found = connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND sql LIKE 'CREATE TABLE%' ORDER BY name",
        )
        .unwrap();
    let rows = found.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap)
        .filter(|name: &String| !name.starts_with("sqlite_"))
        .collect()
}

fn rows(connection: &Connection, table: &str, columns: &[String]) -> Vec<Vec<Value>> {
    let list = columns.join(", ");
    let mut found = connection
        .prepare(&format!("SELECT {list} FROM {table} ORDER BY {list}"))
        .unwrap();
    let rows = found.query_map([], |row| (0..columns.len()).map(|n| row.get(n)).collect());
    rows.unwrap().map(Result::unwrap).collect()
}

/// Every row of every table, by the columns that this schema has.
type Dump = Vec<(String, Vec<String>, Vec<Vec<Value>>)>;

/// The file as the version with so many steps would have written it; what it holds.
fn aged(dir: &Path, shape: &Shape, steps: usize) -> Dump {
    let path = dir.join(shape.file);
    let newest = Connection::open(&path).unwrap();
    let now = tables(&newest);
    let old_path = dir.join("old");
    let old = Connection::open(&old_path).unwrap();
    for step in &shape.steps[..steps] {
        old.execute_batch(step).unwrap();
    }
    old.pragma_update(None, "application_id", shape.mark)
        .unwrap();
    old.pragma_update(None, "user_version", i64::try_from(steps).unwrap())
        .unwrap();
    let mut dump = Dump::new();
    for table in tables(&old) {
        let has = if now.contains(&table) {
            columns(&newest, &table)
        } else {
            Vec::new()
        };
        let shared: Vec<_> = columns(&old, &table)
            .into_iter()
            .filter(|column| has.contains(column))
            .collect();
        if shared.is_empty() {
            continue;
        }
        let held = rows(&newest, &table, &shared);
        let marks = vec!["?"; shared.len()].join(", ");
        let insert = format!(
            "INSERT OR REPLACE INTO {table} ({}) VALUES ({marks})",
            shared.join(", ")
        );
        for row in &held {
            old.execute(&insert, params_from_iter(row)).unwrap();
        }
        dump.push((table, shared, held));
    }
    drop((newest, old));
    for ending in ["-wal", "-shm"] {
        drop(fs::remove_file(dir.join(format!("{}{ending}", shape.file))));
    }
    fs::rename(old_path, path).unwrap();
    dump
}

#[test]
fn every_schema_that_was_released_opens_with_the_same_rows() {
    let root = filled();
    let mut held = 0;
    for shape in [&LEDGER, &CACHE, &HISTORY] {
        for steps in 1..shape.steps.len() {
            let at = format!("{} of schema {steps}", shape.file);
            let copy = copy_of(root.path());
            let before = aged(copy.path(), shape, steps);
            let store = Store::open(copy.path()).unwrap();
            assert!(!store.was_damaged(), "{at}: {:?}", store.notes());
            let picture = store.ledger.load().wait().unwrap();
            assert_eq!(
                (picture.users.len(), picture.entries.len()),
                (40, 20),
                "{at}"
            );
            assert_eq!(store.cache.all_rows().wait().unwrap().len(), 120, "{at}");
            assert_eq!(store.history.list(9).wait().unwrap().len(), 1, "{at}");
            let verdict = store.ledger.verify_audit().wait().unwrap();
            assert!(verdict.is_intact(), "{at}: {verdict:?}");
            assert!(store.close(), "{at}");
            let after = Connection::open(copy.path().join(shape.file)).unwrap();
            for (table, columns, expected) in &before {
                assert_eq!(&rows(&after, table, columns), expected, "{at}: {table}");
                held += expected.len();
            }
            let copy_before = format!("{}.before-schema-{}", shape.file, shape.steps.len());
            assert!(copy.path().join(copy_before).exists(), "{at}");
        }
    }
    assert!(held > 500, "{held} rows");
}
