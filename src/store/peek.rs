//! A look into the files of a tenant that is not opened: nothing is made, migrated, set aside or locked for long. For lists of many
//! tenants, and for finding out which one is meant.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Row};

use crate::domain::outbox::EntryState;
use crate::domain::phone::PhoneNumber;
use crate::domain::seat::Seats;
use crate::domain::user::{Field, User};
use crate::record::entry;

use super::cache::reference;
use super::error::StoreError;
use super::ledger::Pin;
use super::ledger::rows;
use super::schema::{CACHE, LEDGER, Shape};

/// What the files of a tenant tell.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Peek {
    /// The pinned tenant.
    pub pin: Option<Pin>,
    /// When the last good run read the tenant.
    pub read_at: Option<Timestamp>,
    /// What was bought.
    pub seats: Seats,
    /// Configured users, by rank.
    pub users: Vec<User>,
    /// The states of the outbox.
    pub states: Vec<EntryState>,
    /// How many entries of an earlier tenant are set aside.
    pub parked: u32,
}

/// Whom or what a tenant is looked for by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// A number that a user or the tenant has.
    Number(PhoneNumber),
    /// An address of a user.
    Mail(String),
    /// A domain of the tenant: Entra lets nobody sign in by one that is not verified there.
    Domain(String),
}

/// Looks into a tenant's folder; `None` where no ledger is.
pub fn look(dir: &Path) -> Result<Option<Peek>, StoreError> {
    let Some(ledger) = read_only(dir, &LEDGER)? else {
        return Ok(None);
    };
    let path = dir.join(LEDGER.file);
    let mut peek = of_ledger(&ledger).map_err(|error| error.at(&path))?;
    if let Some(cache) = read_only(dir, &CACHE)? {
        let head = reference::head(&cache).map_err(|error| error.at(&dir.join(CACHE.file)))?;
        peek.read_at = head.map(|head| head.read_at);
    }
    Ok(Some(peek))
}

/// The tenant that a folder is pinned to.
pub fn pinned(dir: &Path) -> Option<Pin> {
    let ledger = read_only(dir, &LEDGER).ok()??;
    rows::pin(&ledger).ok()?
}

/// Only columns of the first schema are asked for: an older file is read as it is.
fn of_ledger(connection: &Connection) -> Result<Peek, StoreError> {
    let read = connection.unchecked_transaction()?;
    let mut statement = read.prepare("SELECT field, state FROM outbox WHERE NOT parked")?;
    let states = statement
        .query_map([], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?
        .map(|row| {
            let (field, state) = row?;
            Field::from_key(&field)
                .and_then(|field| entry::read(&state, field).ok())
                .ok_or_else(|| StoreError::damaged("a change of the outbox"))
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Peek {
        pin: rows::pin(&read)?,
        read_at: None,
        seats: rows::seats(&read)?,
        users: rows::users(&read)?,
        states,
        parked: read.query_row("SELECT count(*) FROM outbox WHERE parked", [], |row| {
            row.get(0)
        })?,
    })
}

/// Whether a tenant's users, here or in the last picture, have what is sought. No files, no users.
pub fn has(dir: &Path, sought: &Sought) -> Result<bool, StoreError> {
    if let Sought::Domain(domain) = sought {
        return signs_in_by(dir, domain);
    }
    for (shape, number, mail) in [
        (
            &LEDGER,
            "SELECT 1 FROM users WHERE number = ?1 LIMIT 1",
            "SELECT mail FROM users WHERE mail LIKE ?1",
        ),
        (
            &CACHE,
            "SELECT 1 FROM numbers WHERE number = ?1 UNION ALL SELECT 1 FROM directory WHERE number = ?1 LIMIT 1",
            "SELECT upn || char(10) || coalesce(mail, '') || char(10) || coalesce(addresses, '') FROM directory
             WHERE upn LIKE ?1 OR mail LIKE ?1 OR addresses LIKE '%' || ?1 || '%'",
        ),
    ] {
        let Some(connection) = read_only(dir, shape)? else {
            continue;
        };
        let found = match sought {
            Sought::Number(wanted) => connection
                .prepare(number)
                .and_then(|mut statement| statement.exists([wanted.as_str()])),
            Sought::Mail(wanted) | Sought::Domain(wanted) => has_mail(&connection, mail, wanted),
        };
        if found.map_err(|error| StoreError::from(error).at(&dir.join(shape.file)))? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether somebody's sign-in name ends in the domain. Addresses do not count: a guest's are of another tenant.
fn signs_in_by(dir: &Path, domain: &str) -> Result<bool, StoreError> {
    let Some(connection) = read_only(dir, &CACHE)? else {
        return Ok(false);
    };
    let ending = format!("@{}", domain.to_lowercase());
    connection
        .prepare("SELECT 1 FROM directory WHERE substr(lower(upn), -length(?1)) = ?1 LIMIT 1")
        .and_then(|mut statement| statement.exists([&ending]))
        .map_err(|error| StoreError::from(error).at(&dir.join(CACHE.file)))
}

/// `LIKE` takes signs of the address for any sign, so what it finds is compared to the letter.
fn has_mail(connection: &Connection, sql: &str, wanted: &str) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([wanted], |row: &Row<'_>| row.get::<_, String>(0))?;
    for addresses in rows {
        let same = |line: &str| {
            let line = line
                .split_once(':')
                .filter(|(kind, _)| kind.eq_ignore_ascii_case("smtp"))
                .map_or(line, |(_, address)| address);
            line.eq_ignore_ascii_case(wanted)
        };
        if addresses?.lines().any(same) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Opens a file of this shape for reading; `None` where there is none.
pub(super) fn read_only(dir: &Path, shape: &Shape) -> Result<Option<Connection>, StoreError> {
    let path = dir.join(shape.file);
    if !path.exists() {
        return Ok(None);
    }
    let open = || -> Result<Connection, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags)?;
        // One busy tenant must not hold up the list of all.
        connection.busy_timeout(Duration::from_millis(200))?;
        let mark: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let known = i64::try_from(shape.steps.len()).expect("a handful of steps");
        if mark != shape.mark || found < 1 {
            return Err(StoreError::damaged("it is not a file of this program"));
        }
        if found > known {
            return Err(StoreError::TooNew {
                path: path.clone(),
                found,
                known,
            });
        }
        Ok(connection)
    };
    open().map(Some).map_err(|error| error.at(&path))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::domain::run::RunId;
    use crate::domain::user::{Patch, UserId};
    use crate::store::fixtures::{
        OURS, directory_user, head, num, number, reference, stamp, store_with,
    };

    #[test]
    fn open_and_closed_files_tell_the_same_and_stay_as_they_are() {
        let (root, store) = store_with(3);
        assert_eq!(look(&root.path().join("nowhere")).unwrap(), None);
        let patch = Patch {
            two_way: vec![(num("+14255550001"), num("+14255550199"))],
            ..Patch::default()
        };
        store
            .ledger
            .edit_user(UserId(1), patch, stamp(2))
            .wait()
            .unwrap();
        store.cache.begin_full(RunId(1)).wait().unwrap();
        store
            .cache
            .append(vec![directory_user(7, "Somebody")])
            .wait()
            .unwrap();
        store
            .cache
            .finish_full(reference(), head(1))
            .wait()
            .unwrap();
        let open = look(root.path()).unwrap().unwrap();
        assert_eq!(open.users.len(), 3);
        assert_eq!(open.states, [EntryState::Queued]);
        assert_eq!(open.pin.as_ref().unwrap().tenant, OURS);
        assert_eq!(open.read_at, Some(head(1).read_at));
        store.close();
        let before = fs::read(root.path().join("ledger.db")).unwrap();
        assert_eq!(look(root.path()).unwrap().unwrap(), open);
        assert_eq!(fs::read(root.path().join("ledger.db")).unwrap(), before);
        for (sought, there) in [
            (Sought::Number(number("+14255550002")), true),
            (Sought::Number(number("+14255550999")), false),
            (Sought::Mail(open.users[0].mail.to_uppercase()), true),
            (
                Sought::Mail(directory_user(7, "Somebody").user.upn.to_uppercase()),
                true,
            ),
            (Sought::Mail("user_@contoso.example".to_owned()), false),
            (Sought::Mail("%".to_owned()), false),
        ] {
            assert_eq!(has(root.path(), &sought).unwrap(), there, "{sought:?}");
        }
    }

    #[test]
    fn a_broken_file_is_told_and_left() {
        let (root, store) = store_with(1);
        store.close();
        fs::write(root.path().join("ledger.db"), "no database at all").unwrap();
        let error = look(root.path()).unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt { path, .. } if path.ends_with("ledger.db")));
        assert_eq!(
            fs::read(root.path().join("ledger.db")).unwrap(),
            b"no database at all"
        );
    }
}
