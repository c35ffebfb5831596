//! Opening a database: its mode, its schema, whether it is whole, and what happens when it is not.
//!
//! A damaged file is set aside under another name and never deleted.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::error::StoreError;
use super::keeping::Keeping;
use super::schema::Shape;

/// A database that is ready for work.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    /// The damaged file that was set aside, and what was wrong with it.
    pub(super) damage: Option<Damage>,
}

/// A damaged file.
#[derive(Debug)]
pub(super) struct Damage {
    pub(super) aside: PathBuf,
    pub(super) what: String,
}

impl Damage {
    /// A line for the engineer: what was damaged, where it lies now, what follows.
    pub(super) fn worded(&self, file: &str, consequence: &str) -> String {
        let aside = self.aside.file_name().unwrap_or_default().to_string_lossy();
        format!(
            "{file} was damaged ({}): set aside as {aside}, {consequence}",
            self.what
        )
    }
}

/// How the database keeps its journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Journal {
    /// Write-ahead log: readers and a writer side by side, on a disk of this machine.
    Wal,
    /// Rollback journal, for file systems whose shared memory cannot be trusted.
    Rollback,
}

impl Journal {
    fn pragma(self) -> &'static str {
        match self {
            Self::Wal => "WAL",
            Self::Rollback => "TRUNCATE",
        }
    }
}

/// Makes a tenant's folder if it is not there, for its owner alone, and keeps other programs from opening it until the lock is dropped.
pub(super) fn folder(dir: &Path) -> Result<File, StoreError> {
    let io = |source| StoreError::io(dir, source);
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(io)?;
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    let lock = Keeping::of(dir)
        .and_then(|keeping| keeping.open(&mut options, &dir.join(".opening")))
        .map_err(io)?;
    match lock.lock() {
        // A file system without locks: two programs that open at the same moment are then a risk that SQLite has as well.
        Err(error) if error.kind() == ErrorKind::Unsupported => Ok(lock),
        locked => locked.map(|()| lock).map_err(io),
    }
}

/// Opens a database of this shape in a folder, or makes it.
#[cfg(test)]
pub(super) fn open(dir: &Path, shape: &Shape, journal: Journal) -> Result<Opened, StoreError> {
    open_filled(dir, shape, journal, |_, _| Ok(()))
}

/// Opens a database of this shape in a folder, or makes it. A new one is filled before it takes its place; the damaged file, if
/// there is one, is set aside only then, so that a crash at any point leaves either it or what was saved from it.
pub(super) fn open_filled(
    dir: &Path,
    shape: &Shape,
    journal: Journal,
    fill: impl FnOnce(Option<&Path>, &mut Connection) -> Result<(), StoreError>,
) -> Result<Opened, StoreError> {
    let path = dir.join(shape.file);
    let ready = side(&path, ".ready");
    if !path.exists() && ready.exists() {
        fs::rename(&ready, &path).map_err(|source| StoreError::io(&path, source))?;
    }
    let mut damage = None;
    let connection = match look(&path, shape) {
        Ok(Some(connection)) => Ok(connection),
        Ok(None) => {
            make(&path, shape, journal, |connection| fill(None, connection))?;
            connect(&path)
        }
        Err(error) if error.is_damage() => {
            make_ready(&path, shape, journal, |connection| {
                fill(Some(&path), connection)
            })?;
            damage = Some(set_aside(&path, &error)?);
            into_place(&path)?;
            connect(&path)
        }
        Err(error) => Err(error),
    };
    let at = |error: StoreError| error.at(&path);
    let connection = connection.map_err(at)?;
    configure(&connection, shape, journal).map_err(at)?;
    Ok(Opened {
        connection,
        path,
        damage,
    })
}

/// Looks for the file; `None` where there is none.
fn look(path: &Path, shape: &Shape) -> Result<Option<Connection>, StoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => inspect(path, shape, found.len()).map(Some),
        Ok(_) => {
            let not_plain = io::Error::new(ErrorKind::InvalidInput, "not a plain file");
            Err(StoreError::io(path, not_plain))
        }
        // A log without its database would be played into the new one.
        Err(error) if error.kind() == ErrorKind::NotFound && side(path, "-wal").exists() => {
            Err(StoreError::damaged("only its log is left"))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) => Err(StoreError::io(path, source)),
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(Duration::from_secs(10))?;
    Ok(connection)
}

fn configure(connection: &Connection, shape: &Shape, journal: Journal) -> Result<(), StoreError> {
    connection.execute_batch(shape.settings)?;
    connection.execute_batch(
        "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON;",
    )?;
    connection.query_row(
        &format!("PRAGMA journal_mode = {}", journal.pragma()),
        [],
        |_| Ok(()),
    )?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Looks at an existing file: is it ours, of a schema that we know, and whole?
fn inspect(path: &Path, shape: &Shape, size: u64) -> Result<Connection, StoreError> {
    if size == 0 {
        return Err(StoreError::damaged("it is empty"));
    }
    keeping(path)
        .and_then(|keeping| keeping.put_right(path))
        .map_err(|source| StoreError::io(path, source))?;
    check_head(path)?;
    let connection = connect(path)?;
    let mark: i32 = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let known = known(shape);
    if mark != shape.mark || found < 1 {
        return Err(StoreError::damaged("it is not a file of this program"));
    }
    if found > known {
        return Err(StoreError::TooNew {
            path: path.to_owned(),
            found,
            known,
        });
    }
    let mut connection = connection;
    if side(path, ".suspect").exists() && shape.rebuildable {
        return Err(StoreError::damaged("a row of it could not be read"));
    }
    if size <= shape.check_at_once {
        check(&connection)?;
    } else if is_check_due(path) {
        check_beside(path.to_owned());
    }
    migrate(&mut connection, path, shape)?;
    (shape.sound)(&connection).map_err(|error| match error {
        // A table or column that is not there: the schema itself is damaged.
        StoreError::Sqlite { source, .. } => StoreError::damaged(source.to_string()),
        other => other,
    })?;
    Ok(connection)
}

/// Looks at what SQLite does not call damage: of a head with such values it says that the file is of another format, or not to be
/// written, and the engineer would look for the cause elsewhere.
fn check_head(path: &Path) -> Result<(), StoreError> {
    let mut head = [0; 100];
    let read = File::open(path).and_then(|mut file| io::Read::read_exact(&mut file, &mut head));
    match read {
        // Too short for a head: SQLite says so itself.
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
        read => read.map_err(|source| StoreError::io(path, source))?,
    }
    let number =
        |at: usize| u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let is_of_sqlite = head.starts_with(b"SQLite format 3\0");
    let is_right = matches!((head[18], head[19]), (1 | 2, 1 | 2))
        && (0..=4).contains(&number(44))
        && (0..=3).contains(&number(56));
    if is_of_sqlite && !is_right {
        return Err(StoreError::damaged("its head is not of this format"));
    }
    Ok(())
}

fn known(shape: &Shape) -> i64 {
    i64::try_from(shape.steps.len()).expect("a handful of steps")
}

fn check(connection: &Connection) -> Result<(), StoreError> {
    let verdict: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if verdict == "ok" {
        Ok(())
    } else {
        Err(StoreError::damaged(verdict))
    }
}

/// How long the check of a large file holds.
const CHECKED_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Whether a large file has gone unchecked for a day. By its own time of change, which moves with each run: checking it at each
/// opening would cost more than a run that finds little new.
fn is_check_due(path: &Path) -> bool {
    let changed = |path: &Path| fs::metadata(path).and_then(|there| there.modified()).ok();
    match (changed(path), changed(&side(path, ".checked"))) {
        (Some(changed), Some(checked)) => changed
            .duration_since(checked)
            .is_ok_and(|since| since > CHECKED_FOR),
        _ => true,
    }
}

/// Checks a large file on a connection of its own. What it finds counts at the next opening; until then SQLite itself refuses
/// the damaged pages that it meets.
fn check_beside(path: PathBuf) {
    let work = move || {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let damaged = Connection::open_with_flags(&path, flags)
            .map_err(StoreError::from)
            .and_then(|connection| check(&connection))
            .is_err_and(|error| error.is_damage());
        if damaged {
            suspect(&path);
        } else {
            note(&path, ".checked");
        }
    };
    // Without a thread the file is simply not checked this time.
    drop(
        std::thread::Builder::new()
            .name("check".to_owned())
            .spawn(work),
    );
}

/// Notes that a file has been found damaged, so that the next opening sets it aside if it can be made again.
pub(super) fn suspect(path: &Path) {
    note(path, ".suspect");
}

/// Puts an empty file beside.
fn note(path: &Path, ending: &str) {
    // If even this cannot be written there is nothing more to be done; the damage will be met again.
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    drop(keeping(path).and_then(|keeping| keeping.open(&mut options, &side(path, ending))));
}

/// Who may reach a file, by its folder.
fn keeping(path: &Path) -> io::Result<Keeping> {
    Keeping::of(path.parent().unwrap_or_else(|| Path::new(".")))
}

fn side(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Renames a damaged file and its log. The name carries the time of its last change.
fn set_aside(path: &Path, error: &StoreError) -> Result<Damage, StoreError> {
    let io = |source| StoreError::io(path, source);
    let touched = fs::metadata(path)
        .or_else(|_| fs::metadata(side(path, "-wal")))
        .and_then(|found| found.modified())
        .map_err(io)?;
    let when = Timestamp::try_from(touched).map_or_else(
        |_| "unknown".to_owned(),
        |at| at.strftime("%Y%m%dT%H%M%SZ").to_string(),
    );
    let mut aside = side(path, &format!(".quarantine-{when}"));
    let mut n = 1;
    while aside.exists() || side(&aside, "-wal").exists() {
        n += 1;
        aside = side(path, &format!(".quarantine-{when}-{n}"));
    }
    for ending in ["", "-wal", "-shm", "-journal"] {
        match fs::rename(side(path, ending), side(&aside, ending)) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(io(error)),
            _ => {}
        }
    }
    drop(fs::remove_file(side(path, ".suspect")));
    drop(fs::remove_file(side(path, ".checked")));
    let what = match error {
        StoreError::Corrupt { what, .. } => what.clone(),
        other => other.to_string(),
    };
    Ok(Damage { aside, what })
}

/// Makes a database and moves it to its place: a file of that name is never half made.
fn make(
    path: &Path,
    shape: &Shape,
    journal: Journal,
    fill: impl FnOnce(&mut Connection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    make_ready(path, shape, journal, fill)?;
    into_place(path)
}

/// Makes and fills a database beside its place. Under the name that ends in `.ready` it is whole.
fn make_ready(
    path: &Path,
    shape: &Shape,
    journal: Journal,
    fill: impl FnOnce(&mut Connection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let beside = side(path, ".new");
    for ending in ["", "-wal", "-shm", "-journal"] {
        drop(fs::remove_file(side(&beside, ending)));
    }
    let filled = fresh(&beside, shape, journal).and_then(|()| {
        let mut connection = connect(&beside)?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        fill(&mut connection)?;
        connection
            .close()
            .map_err(|(_, error)| StoreError::from(error))
    });
    filled.map_err(|error| error.at(path))?;
    fs::rename(&beside, side(path, ".ready")).map_err(|source| StoreError::io(path, source))
}

fn into_place(path: &Path) -> Result<(), StoreError> {
    let dir = path.parent().unwrap_or_else(|| Path::new("."));
    fs::rename(side(path, ".ready"), path)
        .and_then(|()| File::open(dir)?.sync_all())
        .map_err(|source| StoreError::io(path, source))
}

/// Writes an empty database of the newest schema.
pub(super) fn fresh(path: &Path, shape: &Shape, journal: Journal) -> Result<(), StoreError> {
    // SQLite gives the files beside it the mode of this one.
    keeping(path)
        .and_then(|keeping| keeping.open(OpenOptions::new().write(true).create_new(true), path))
        .map_err(|source| StoreError::io(path, source))?;
    let mut connection = connect(path)?;
    connection.execute_batch(shape.making)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.query_row(
        &format!("PRAGMA journal_mode = {}", journal.pragma()),
        [],
        |_| Ok(()),
    )?;
    let tables = connection.transaction()?;
    tables.pragma_update(None, "application_id", shape.mark)?;
    for step in shape.steps {
        tables.execute_batch(step)?;
    }
    tables.pragma_update(None, "user_version", known(shape))?;
    tables.commit()?;
    connection
        .close()
        .map_err(|(_, error)| StoreError::from(error))
}

/// Takes an older schema up to the newest, in one transaction, after a copy was made.
fn migrate(connection: &mut Connection, path: &Path, shape: &Shape) -> Result<(), StoreError> {
    let version = |connection: &Connection| -> Result<usize, StoreError> {
        let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok(usize::try_from(found).unwrap_or(0))
    };
    let found = version(connection)?;
    if found >= shape.steps.len() {
        return Ok(());
    }
    let copy = side(path, &format!(".before-schema-{}", shape.steps.len()));
    if !copy.exists() {
        let half = side(&copy, ".new");
        drop(fs::remove_file(&half));
        connection.execute("VACUUM INTO ?1", [half.to_string_lossy()])?;
        keeping(&half)
            .and_then(|keeping| keeping.put_right(&half))
            .and_then(|()| fs::rename(&half, &copy))
            .map_err(|source| StoreError::io(&copy, source))?;
    }
    let steps = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    // Another program may have done it while we waited for the lock.
    for step in &shape.steps[version(&steps)?.min(shape.steps.len())..] {
        steps.execute_batch(step)?;
    }
    steps.pragma_update(None, "user_version", known(shape))?;
    Ok(steps.commit()?)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    use super::*;
    use crate::store::schema::{CACHE, HISTORY, LEDGER};

    fn open_wal(dir: &Path, shape: &Shape) -> Result<Opened, StoreError> {
        open(dir, shape, Journal::Wal)
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn files_are_for_their_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let dir = root.path().join("tenants/contoso");
        drop(folder(&dir).unwrap());
        assert_eq!(fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
        let open: Vec<_> = [&LEDGER, &CACHE, &HISTORY]
            .map(|shape| open_wal(&dir, shape).unwrap())
            .into();
        open[0]
            .connection
            .execute("INSERT INTO drafts VALUES ('a', 'b')", [])
            .unwrap();
        for name in names(&dir) {
            let mode = fs::metadata(dir.join(&name)).unwrap().mode();
            assert_eq!(mode & 0o777, 0o600, "{name}");
        }
        assert!(names(&dir).contains(&"ledger.db-wal".to_owned()));
        drop(open);
        let wide = fs::Permissions::from_mode(0o644);
        fs::set_permissions(dir.join("ledger.db"), wide).unwrap();
        drop(open_wal(&dir, &LEDGER).unwrap());
        assert_eq!(
            fs::metadata(dir.join("ledger.db")).unwrap().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_newer_schema_is_refused_and_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let opened = open_wal(root.path(), &CACHE).unwrap();
        opened
            .connection
            .pragma_update(None, "user_version", 7)
            .unwrap();
        drop(opened);
        let before = fs::read(root.path().join("cache.db")).unwrap();
        let error = open_wal(root.path(), &CACHE).unwrap_err();
        assert!(
            matches!(&error, StoreError::TooNew { found: 7, known: 5, path } if path.ends_with("cache.db")),
            "{error:?}"
        );
        assert!(!error.failure().hint.contains("elete"));
        assert_eq!(fs::read(root.path().join("cache.db")).unwrap(), before);
        assert_eq!(names(root.path()), ["cache.db"]);
    }

    #[test]
    fn what_is_not_ours_or_not_whole_is_set_aside() {
        let good = tempfile::tempdir().unwrap();
        drop(open_wal(good.path(), &CACHE).unwrap());
        let good = fs::read(good.path().join("cache.db")).unwrap();
        let mut cut = good.clone();
        cut.truncate(good.len() - 4096);
        let mut flipped = good.clone();
        flipped[4096..8192].fill(0xa5);
        let foreign = tempfile::tempdir().unwrap();
        let path = foreign.path().join("cache.db");
        Connection::open(&path)
            .unwrap()
            .execute_batch("CREATE TABLE t (a)")
            .unwrap();
        let foreign = fs::read(path).unwrap();
        for (what, bytes) in [
            (
                "text",
                b"not a database, but long enough to look at: ".repeat(50),
            ),
            ("empty", vec![]),
            ("one byte", vec![1]),
            ("zeros", vec![0; 8192]),
            ("foreign", foreign),
            ("cut", cut),
            ("flipped", flipped),
        ] {
            let root = tempfile::tempdir().unwrap();
            fs::write(root.path().join("cache.db"), &bytes).unwrap();
            let opened = open_wal(root.path(), &CACHE).unwrap();
            let damage = opened.damage.expect(what);
            let name = damage.aside.file_name().unwrap().to_str().unwrap();
            assert!(name.starts_with("cache.db.quarantine-20"), "{what}: {name}");
            assert_eq!(fs::read(&damage.aside).unwrap(), bytes, "{what}");
            check(&opened.connection).unwrap();
        }
    }

    #[test]
    fn what_was_saved_survives_a_crash_between_the_renames() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("ledger.db");
        make_ready(&path, &LEDGER, Journal::Wal, |connection| {
            connection.execute("INSERT INTO drafts VALUES ('k', 'saved')", [])?;
            Ok(())
        })
        .unwrap();
        let opened = open_wal(root.path(), &LEDGER).unwrap();
        let saved: String = opened
            .connection
            .query_row("SELECT v FROM drafts", [], |row| row.get(0))
            .unwrap();
        assert_eq!(saved, "saved");
        drop(opened);
        fs::write(&path, "damaged").unwrap();
        let fails = |_: Option<&Path>, _: &mut Connection| Err(StoreError::Closed);
        assert!(open_filled(root.path(), &LEDGER, Journal::Wal, fails).is_err());
        assert_eq!(fs::read(&path).unwrap(), b"damaged");
    }

    #[test]
    fn a_second_damage_does_not_overwrite_the_first() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("cache.db");
        let same = "2026-11-04T14:02:00Z".parse::<Timestamp>().unwrap();
        for n in 0..3 {
            fs::write(&path, vec![n; 100]).unwrap();
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_modified(same.into())
                .unwrap();
            let opened = open_wal(root.path(), &CACHE).unwrap();
            let aside = opened.damage.unwrap().aside;
            let ending = ["Z", "Z-2", "Z-3"][usize::from(n)];
            assert!(
                aside
                    .to_str()
                    .unwrap()
                    .ends_with(&format!("cache.db.quarantine-20261104T140200{ending}"))
            );
            assert_eq!(fs::read(aside).unwrap(), vec![n; 100]);
        }
    }

    #[test]
    fn a_log_without_its_database_is_not_played_into_a_new_one() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("ledger.db-wal"), "left over").unwrap();
        let damage = open_wal(root.path(), &LEDGER).unwrap().damage.unwrap();
        assert_eq!(damage.what, "only its log is left");
        assert_eq!(fs::read(side(&damage.aside, "-wal")).unwrap(), b"left over");
    }

    #[test]
    fn what_was_found_damaged_while_in_use_is_set_aside_at_the_next_opening() {
        let root = tempfile::tempdir().unwrap();
        let shape = Shape {
            check_at_once: 0,
            ..CACHE
        };
        drop(open_wal(root.path(), &shape).unwrap());
        let path = root.path().join("cache.db");
        suspect(&path);
        let damage = open_wal(root.path(), &shape).unwrap().damage.unwrap();
        assert_eq!(damage.what, "a row of it could not be read");
        assert!(!side(&path, ".suspect").exists());
        assert!(open_wal(root.path(), &shape).unwrap().damage.is_none());
        // The ledger is judged by its rows alone, since it cannot be made again.
        drop(open_wal(root.path(), &LEDGER).unwrap());
        suspect(&root.path().join("ledger.db"));
        assert!(open_wal(root.path(), &LEDGER).unwrap().damage.is_none());
    }

    #[test]
    fn a_large_file_is_checked_once_a_day() {
        let root = tempfile::tempdir().unwrap();
        let (path, note) = (
            root.path().join("cache.db"),
            root.path().join("cache.db.checked"),
        );
        fs::write(&path, "x").unwrap();
        assert!(is_check_due(&path), "it was never checked");
        fs::write(&note, "").unwrap();
        let checked = "2026-11-04T14:02:00Z".parse::<Timestamp>().unwrap();
        let set = |path: &Path, at: Timestamp| {
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(at.into()).unwrap();
        };
        set(&note, checked);
        for (hours, due) in [(-1, false), (0, false), (23, false), (25, true)] {
            set(&path, checked + jiff::SignedDuration::from_hours(hours));
            assert_eq!(is_check_due(&path), due, "{hours} h after the check");
        }
    }

    #[test]
    fn migration_goes_step_by_step_and_keeps_a_copy() {
        let root = tempfile::tempdir().unwrap();
        let old = Shape {
            steps: &["CREATE TABLE a (x)"],
            sound: |_| Ok(()),
            ..LEDGER
        };
        let new = Shape {
            steps: &[
                "CREATE TABLE a (x)",
                "ALTER TABLE a ADD COLUMN y DEFAULT 2",
                "CREATE TABLE b (z)",
            ],
            sound: |_| Ok(()),
            ..LEDGER
        };
        let opened = open_wal(root.path(), &old).unwrap();
        opened
            .connection
            .execute("INSERT INTO a VALUES (1)", [])
            .unwrap();
        drop(opened);
        let opened = open_wal(root.path(), &new).unwrap();
        let row: (i64, i64) = opened
            .connection
            .query_row("SELECT x, y FROM a", [], |row| {
                Ok((row.get(0)?, row.get(1)?))
            })
            .unwrap();
        assert_eq!(row, (1, 2));
        opened
            .connection
            .execute("INSERT INTO b VALUES (3)", [])
            .unwrap();
        let copy = Connection::open(root.path().join("ledger.db.before-schema-3")).unwrap();
        let version: i64 = copy
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, 1);
        assert!(matches!(
            open_wal(root.path(), &old),
            Err(StoreError::TooNew {
                found: 3,
                known: 1,
                ..
            })
        ));
    }

    /// Each of these SQLite takes for something else than damage.
    #[test]
    fn a_head_of_no_format_that_is_known_is_damage() {
        for at in [18, 19, 44, 47, 56, 59] {
            let root = tempfile::tempdir().unwrap();
            drop(open_wal(root.path(), &LEDGER).unwrap());
            let path = root.path().join("ledger.db");
            let mut bytes = fs::read(&path).unwrap();
            bytes[at] = 0x77;
            fs::write(&path, &bytes).unwrap();
            let opened = open_wal(root.path(), &LEDGER).unwrap();
            let damage = opened.damage.expect("it is set aside");
            assert_eq!(fs::read(damage.aside).unwrap(), bytes, "{at}");
        }
    }

    #[test]
    fn a_rollback_journal_where_shared_memory_cannot_be_trusted() {
        let root = tempfile::tempdir().unwrap();
        let mode = |opened: &Opened| -> String {
            opened
                .connection
                .pragma_query_value(None, "journal_mode", |row| row.get(0))
                .unwrap()
        };
        assert_eq!(mode(&open_wal(root.path(), &LEDGER).unwrap()), "wal");
        assert_eq!(
            mode(&open(root.path(), &LEDGER, Journal::Rollback).unwrap()),
            "truncate"
        );
    }
}
