//! How the files of a tenant are, looked at without changing one: for `doctor`, which must work when they are broken.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::audit::{self, Mirror};
use super::error::StoreError;
use super::ledger::AuditVerdict;
use super::schema::{CACHE, HISTORY, LEDGER, Shape};

/// How one file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Its name.
    pub file: &'static str,
    /// What was seen.
    pub state: HealthState,
}

/// What was seen of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HealthState {
    /// Not there yet: it is made at the first use.
    Absent,
    /// Whole; schema version and size in bytes.
    Sound {
        /// `PRAGMA user_version`.
        schema: usize,
        /// Bytes.
        bytes: u64,
    },
    /// A newer program has written it.
    TooNew {
        /// Its schema.
        found: usize,
        /// The newest that this program knows.
        known: usize,
    },
    /// What it has to be held against cannot be read.
    Unseen,
    /// Something is wrong with it.
    Damaged(String),
}

/// Looks at the databases and the audit of a tenant's folder.
pub fn look(dir: &Path) -> Vec<Health> {
    let mut seen: Vec<Health> = [&LEDGER, &CACHE, &HISTORY]
        .into_iter()
        .map(|shape| Health {
            file: shape.file,
            state: database(dir, shape),
        })
        .collect();
    let state = match audit(dir) {
        // It is the ledger that cannot be read, which is told once.
        Err(_) if matches!(seen[0].state, HealthState::Damaged(_)) => HealthState::Unseen,
        Err(why) => HealthState::Damaged(why),
        Ok(state) => state,
    };
    seen.push(Health {
        file: "audit.jsonl",
        state,
    });
    seen
}

fn read_only(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(std::time::Duration::from_secs(2))?;
    Ok(connection)
}

fn database(dir: &Path, shape: &Shape) -> HealthState {
    let path = dir.join(shape.file);
    let Ok(meta) = path.metadata() else {
        return HealthState::Absent;
    };
    let look = || -> rusqlite::Result<HealthState> {
        let connection = read_only(&path)?;
        let mark: i32 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
        if mark != shape.mark {
            return Ok(HealthState::Damaged("it is not a file of ours".to_owned()));
        }
        let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let found = usize::try_from(version).unwrap_or_default();
        if found > shape.steps.len() {
            return Ok(HealthState::TooNew {
                found,
                known: shape.steps.len(),
            });
        }
        let verdict: String =
            connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
        Ok(if verdict == "ok" {
            HealthState::Sound {
                schema: found,
                bytes: meta.len(),
            }
        } else {
            HealthState::Damaged(verdict)
        })
    };
    look().unwrap_or_else(|error| HealthState::Damaged(error.to_string()))
}

/// Compares the audit's two places before the ledger is opened, since that completes a file that is too short.
///
/// `None` where there is no ledger, or where it cannot be read like this (an older form, damage): opening it then tells.
pub fn audit_unopened(dir: &Path) -> Option<AuditVerdict> {
    if !dir.join(LEDGER.file).exists() {
        return None;
    }
    let seen = unopened(dir).ok()?;
    if seen.is_intact() {
        return Some(seen);
    }
    // Another program may have been between its commit and its line: by now it is through.
    unopened(dir).ok()
}

fn unopened(dir: &Path) -> Result<AuditVerdict, StoreError> {
    let connection = read_only(&dir.join(LEDGER.file))?;
    audit::verify(&connection, &Mirror::new(dir.join("audit.jsonl")), None)
}

fn audit(dir: &Path) -> Result<HealthState, String> {
    let mirror = dir.join("audit.jsonl");
    if !dir.join(LEDGER.file).exists() {
        return Ok(HealthState::Absent);
    }
    let bytes = mirror.metadata().map_or(0, |meta| meta.len());
    let verdict = unopened(dir).map_err(|error| error.to_string())?;
    Ok(if verdict.is_intact() {
        HealthState::Sound {
            schema: usize::try_from(verdict.lines).unwrap_or(usize::MAX),
            bytes,
        }
    } else {
        let first = &verdict.faults[0];
        HealthState::Damaged(match verdict.faults.len() {
            1 => first.to_string(),
            n => format!("{n} faults, the first: {first}"),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::store_with;
    use super::*;

    #[test]
    fn sound_absent_and_damaged_are_told_apart_and_nothing_is_changed() {
        let (root, store) = store_with(2);
        store.close();
        let seen = look(root.path());
        assert!(
            seen.iter()
                .all(|health| matches!(health.state, HealthState::Sound { .. })),
            "{seen:?}"
        );
        let path = root.path().join("cache.db");
        std::fs::write(&path, b"nonsense that is no database").unwrap();
        let text = std::fs::read_to_string(root.path().join("audit.jsonl")).unwrap();
        std::fs::write(
            root.path().join("audit.jsonl"),
            text.replacen("User 1", "User 9", 1),
        )
        .unwrap();
        let seen = look(root.path());
        assert!(matches!(seen[1].state, HealthState::Damaged(_)), "{seen:?}");
        assert!(matches!(seen[3].state, HealthState::Damaged(_)), "{seen:?}");
        let HealthState::Damaged(why) = &seen[3].state else {
            panic!("{seen:?}");
        };
        assert!(why.ends_with(" of audit.jsonl was altered"), "{why}");
        assert!(!why.contains(['{', '}']), "{why}");
        assert_eq!(
            std::fs::read(&path).unwrap(),
            b"nonsense that is no database"
        );
        std::fs::write(root.path().join("ledger.db"), [7_u8; 4096]).unwrap();
        let seen = look(root.path());
        assert!(matches!(seen[0].state, HealthState::Damaged(_)), "{seen:?}");
        assert_eq!(seen[3].state, HealthState::Unseen);
        assert!(
            look(&root.path().join("nowhere"))
                .iter()
                .all(|health| health.state == HealthState::Absent)
        );
    }
}
