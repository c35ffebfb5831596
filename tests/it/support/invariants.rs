//! What must hold after any fault, whatever was done before it: one list for all tests.
//!
//! The files are looked at as they lie, by SQL and not by the program's own reading, but for the audit's chain.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::thread;

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use teamsconnector::store::Store;

/// What was said to be saved: whose field, and what it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Saved {
    pub(crate) name: &'static str,
    pub(crate) field: &'static str,
    pub(crate) wanted: &'static str,
}

/// What is looked at. No program may be at work on it.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Scene<'a> {
    /// Everything of the program.
    pub(crate) home: Option<&'a Path>,
    /// The tenant's part of it.
    pub(crate) folder: Option<&'a Path>,
    /// What is true in the simulated tenant, where nobody has changed anything since but the program.
    pub(crate) state: Option<&'a Value>,
    pub(crate) saved: &'a [Saved],
    /// The pictures of the tenant that may be there, each as [`picture`] told it.
    pub(crate) pictures: &'a [String],
    /// What is nowhere but in files of tokens.
    pub(crate) secrets: &'a [String],
    /// What the program has said since the fault.
    pub(crate) told: &'a str,
}

const DATABASES: [&str; 3] = ["ledger.db", "cache.db", "history.db"];

/// How an entry ends, in the words of the audit.
const ENDS: &str = "'confirmed', 'already there', 'theirs taken', 'dropped'";

/// Every invariant that does not hold, by its name and how it fails.
pub(crate) fn broken(scene: &Scene<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(folder) = scene.folder {
        chain(folder, &mut found);
        databases(folder, &mut found);
    }
    found.extend(broken_at_a_glance(scene));
    found
}

/// What of a program's home is not as it must be after any end of it: the folder of each tenant, and everything beside them.
pub(crate) fn whole(home: &Path, told: &str) {
    let mut found = broken(&Scene {
        home: Some(home),
        told,
        ..Scene::default()
    });
    for tenant in fs::read_dir(home.join("tenants")).into_iter().flatten() {
        let folder = tenant.expect("the home can be listed").path();
        found.extend(broken(&Scene {
            folder: Some(&folder),
            ..Scene::default()
        }));
    }
    assert_eq!(found, Vec::<String>::new());
}

/// As [`broken`], without the two that read every page of every file: the chain of the audit, and the databases' own check.
pub(crate) fn broken_at_a_glance(scene: &Scene<'_>) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(folder) = scene.folder {
        if let Ok(ledger) = open(&folder.join("ledger.db")) {
            let looked = saved(&ledger, scene.saved, &mut found)
                .and_then(|()| outcomes(&ledger, &mut found))
                .and_then(|()| match scene.state {
                    Some(state) => confirmed(&ledger, state, &mut found),
                    None => Ok(()),
                });
            if let Err(error) = looked {
                found.push(format!("readable: ledger.db: {error}"));
            }
        }
        let now = picture(folder);
        if !scene.pictures.is_empty() && !scene.pictures.contains(&now) {
            found.push(format!(
                "one picture: it is none of those that were read: {now}"
            ));
        }
        lease(folder, &mut found);
    }
    if let Some(state) = scene.state {
        owners(state, &mut found);
    }
    for path in scene.home.map(files).unwrap_or_default() {
        file(&path, scene, &mut found);
    }
    found
}

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(std::time::Duration::from_secs(10))?;
    Ok(connection)
}

fn databases(folder: &Path, found: &mut Vec<String>) {
    for name in DATABASES {
        let verdict = open(&folder.join(name)).and_then(|connection| {
            connection.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0))
        });
        match verdict {
            Ok(verdict) if verdict == "ok" => {}
            Ok(verdict) => found.push(format!("whole: {name}: {verdict}")),
            Err(error) => found.push(format!("whole: {name}: {error}")),
        }
    }
}

/// Every edit that was said to be saved waits in the outbox, or is done.
fn saved(ledger: &Connection, saved: &[Saved], found: &mut Vec<String>) -> rusqlite::Result<()> {
    for edit in saved {
        let Saved {
            name,
            field,
            wanted,
        } = edit;
        let count: i64 = ledger.query_row(
            "SELECT (SELECT count(*) FROM outbox WHERE name = ?1 AND field = ?2 AND wanted = ?3)
                  + (SELECT count(DISTINCT entry) FROM audit WHERE user = ?1 AND field = ?2 AND after = ?3
                     AND action IN ('confirmed', 'already there'))",
            [name, field, wanted],
            |row| row.get(0),
        )?;
        if count != 1 {
            found.push(format!("saved: {edit:?} is there {count} times"));
        }
    }
    Ok(())
}

/// What has ended has ended once, and waits no more; what waits was queued; nothing has vanished.
fn outcomes(ledger: &Connection, found: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut twice = ledger.prepare(&format!(
        "SELECT entry, group_concat(action) FROM audit WHERE entry IS NOT NULL AND action IN ({ENDS})
         GROUP BY entry HAVING count(*) > 1 OR entry IN (SELECT id FROM outbox)"
    ))?;
    for row in twice.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))? {
        let (entry, actions): (i64, String) = row?;
        found.push(format!("one outcome: change {entry}: {actions}"));
    }
    let mut gone = ledger.prepare(&format!(
        "SELECT DISTINCT entry FROM audit WHERE entry IS NOT NULL AND entry NOT IN (SELECT id FROM outbox)
         AND entry NOT IN (SELECT entry FROM audit WHERE entry IS NOT NULL AND action IN ({ENDS}))"
    ))?;
    for entry in gone.query_map([], |row| row.get::<_, i64>(0))? {
        found.push(format!("none vanishes: change {}", entry?));
    }
    let mut unheard = ledger.prepare(
        "SELECT id FROM outbox WHERE id NOT IN (SELECT entry FROM audit WHERE action = 'queued' AND entry IS NOT NULL)",
    )?;
    for entry in unheard.query_map([], |row| row.get::<_, i64>(0))? {
        found.push(format!("audited: change {} waits unheard of", entry?));
    }
    Ok(())
}

/// What was confirmed last of each field is so in the tenant.
fn confirmed(ledger: &Connection, state: &Value, found: &mut Vec<String>) -> rusqlite::Result<()> {
    let mut rows = ledger.prepare(
        "SELECT name, lower(hex(directory_id)), field, wanted FROM written WHERE directory_id IS NOT NULL ORDER BY entry",
    )?;
    let mut last = BTreeMap::new();
    for row in rows.query_map([], |row| {
        Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
    })? {
        let (name, id, field, wanted): (String, String, String, String) = row?;
        last.insert((id, field), (name, wanted));
    }
    for ((id, field), (name, wanted)) in last {
        let person = state["users"]
            .as_array()
            .into_iter()
            .flatten()
            .find(|user| {
                user["id"]
                    .as_str()
                    .is_some_and(|of| of.replace('-', "") == id)
            });
        let real = match (person, field.as_str()) {
            (Some(person), "number") => person["numbers"][0].as_str().unwrap_or_default(),
            (Some(person), "country") => person["usageLocation"].as_str().unwrap_or_default(),
            _ => continue,
        };
        if real != wanted {
            found.push(format!(
                "confirmed is true: {name}: {field} {wanted:?} was confirmed, the tenant has {real:?}"
            ));
        }
    }
    Ok(())
}

/// Each number has one owner at most, and the list of numbers and the people say the same.
fn owners(state: &Value, found: &mut Vec<String>) {
    let mut holders: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for user in state["users"].as_array().into_iter().flatten() {
        for number in user["numbers"].as_array().into_iter().flatten() {
            if let (Some(number), Some(id)) = (number.as_str(), user["id"].as_str()) {
                holders.entry(number).or_default().insert(id);
            }
        }
    }
    for record in state["numbers"].as_array().into_iter().flatten() {
        if let (Some(number), Some(id)) = (
            record["telephoneNumber"].as_str(),
            record["assignmentTargetId"].as_str(),
        ) {
            holders.entry(number).or_default().insert(id);
        }
    }
    for (number, who) in holders.iter().filter(|(_, who)| who.len() > 1) {
        found.push(format!("one owner: {number}: {who:?}"));
    }
}

/// The audit as the program itself checks it: an unbroken chain, the same in the ledger and in its mirror.
fn chain(folder: &Path, found: &mut Vec<String>) {
    let opened = match Store::open(folder) {
        Ok(store) => store,
        Err(error) => {
            found.push(format!("opens: {error}"));
            return;
        }
    };
    // Whoever looks may be driving tasks, and must not wait in their thread.
    let verdict = thread::scope(|scope| {
        let asked = scope.spawn(|| opened.ledger.verify_audit().wait());
        asked.join().expect("waiting for an answer does not panic")
    });
    match verdict {
        Ok(verdict) if verdict.is_intact() && !verdict.torn => {}
        Ok(verdict) => found.push(format!("chain: {verdict:?}")),
        Err(error) => found.push(format!("chain: {error}")),
    }
    // What the tests' own folder lies on is no fault.
    let notes = opened.notes().iter();
    for note in notes.filter(|note| !note.contains("a slower journal")) {
        found.push(format!("nothing set aside: {note}"));
    }
    opened.close();
}

/// Nobody holds the lease.
fn lease(folder: &Path, found: &mut Vec<String>) {
    if let Ok(file) = File::open(folder.join("lease"))
        && file.try_lock().is_err()
    {
        found.push("lease free: somebody holds it".to_owned());
    }
}

fn file(path: &Path, scene: &Scene<'_>, found: &mut Vec<String>) {
    let meta = fs::symlink_metadata(path).expect("it was listed a moment ago");
    let shown = path.display();
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let right = if meta.is_dir() { 0o700 } else { 0o600 };
    // The configuration is the engineer's own file.
    if name != "config.toml" && meta.mode() & 0o7777 != right {
        found.push(format!("modes: {shown} has {:o}", meta.mode() & 0o7777));
    }
    if (name.contains(".quarantine-") || name.contains(".damaged-")) && !scene.told.contains(&*name)
    {
        found.push(format!("nothing set aside unsaid: {shown}"));
    }
    let is_of_tokens = name.ends_with("tokens") || name.contains("tokens.");
    if meta.is_dir() || meta.file_type().is_socket() || is_of_tokens {
        return;
    }
    let bytes = fs::read(path).expect("the home is ours to read");
    for secret in scene.secrets {
        // The end is the signature, which a text that was cut at its beginning still has.
        let trace = &secret.as_bytes()[secret.len().saturating_sub(24)..];
        if bytes.windows(trace.len()).any(|window| window == trace) {
            found.push(format!("no token anywhere: {shown}"));
        }
    }
}

/// Every file and folder under a place, and the place.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("the home is there") {
        let path = entry.expect("the home can be listed").path();
        if path.is_dir() && !path.is_symlink() {
            found.extend(files(&path));
        }
        found.push(path);
    }
    found
}

/// What the last good run has seen of the tenant, as text: people, numbers, Teams rows. Not when.
pub(crate) fn picture(folder: &Path) -> String {
    let rows = |sql: &str| -> rusqlite::Result<Vec<String>> {
        let connection = open(&folder.join("cache.db"))?;
        let mut statement = connection.prepare(sql)?;
        let columns = statement.column_count();
        let texts = statement.query_map([], |row| {
            let cells: Vec<String> = (0..columns)
                .map(|at| row.get_ref(at).map(|cell| format!("{cell:?}")))
                .collect::<Result<_, _>>()?;
            Ok(cells.join(" "))
        })?;
        texts.collect()
    };
    [
        "SELECT id, name, upn, mail, location, flags, class, number FROM directory ORDER BY id",
        "SELECT number, kind, source, status, target FROM numbers ORDER BY number, target",
        "SELECT id, account, voice, number FROM teams ORDER BY id",
    ]
    .map(|sql| match rows(sql) {
        Ok(rows) => rows.join("\n"),
        Err(error) => format!("unreadable: {error}"),
    })
    .join("\n\n")
}
