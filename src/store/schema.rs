//! The tables of the three databases. A step that has been released is never edited; a change is a new step at the end.

use rusqlite::Connection;

use super::error::StoreError;
use super::ledger::rows;

/// One database: its file, its mark, and the steps that make its tables.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// File name.
    pub(super) file: &'static str,
    /// `PRAGMA application_id`: tells our file from any other SQLite file.
    pub(super) mark: i32,
    /// Schema n is what the first n steps make.
    pub(super) steps: &'static [&'static str],
    /// Settings that only count before the first table is made.
    pub(super) making: &'static str,
    /// Settings of each connection.
    pub(super) settings: &'static str,
    /// Larger files are checked for damage by a thread beside the work, so that the first screen does not wait for it.
    pub(super) check_at_once: u64,
    /// Whether the tenant, or time, gives again what is in it.
    pub(super) rebuildable: bool,
    /// Whether the rows can be read as what they should be, which SQLite cannot know.
    pub(super) sound: fn(&Connection) -> Result<(), StoreError>,
}

const MEGABYTE: u64 = 1 << 20;

/// What cannot be rebuilt: every commit reaches the disk before it is answered.
pub(super) const LEDGER: Shape = Shape {
    file: "ledger.db",
    mark: 0x5443_6c65,
    steps: &[
        "
        CREATE TABLE users (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            tenant BLOB NOT NULL,
            name TEXT NOT NULL,
            mail TEXT NOT NULL,
            number TEXT,
            kind TEXT NOT NULL,
            country TEXT,
            sip_username TEXT,
            external_id TEXT,
            association INTEGER NOT NULL,
            directory_id BLOB,
            gone INTEGER NOT NULL,
            rank INTEGER NOT NULL,
            created_at TEXT NOT NULL,
            old_number TEXT
        ) STRICT;
        CREATE TABLE outbox (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            tenant BLOB NOT NULL,
            parked INTEGER NOT NULL,
            user_id INTEGER,
            directory_id BLOB,
            name TEXT NOT NULL,
            field TEXT NOT NULL,
            base TEXT NOT NULL,
            wanted TEXT NOT NULL,
            released TEXT NOT NULL DEFAULT '',
            state TEXT NOT NULL,
            author TEXT NOT NULL,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        ) STRICT;
        CREATE TABLE settings (k TEXT NOT NULL UNIQUE, v TEXT NOT NULL) STRICT;
        CREATE TABLE drafts (k TEXT NOT NULL UNIQUE, v TEXT NOT NULL) STRICT;
        CREATE TABLE audit (
            seq INTEGER PRIMARY KEY,
            at TEXT NOT NULL,
            author TEXT NOT NULL,
            tenant TEXT NOT NULL,
            user_id INTEGER,
            user TEXT NOT NULL,
            action TEXT NOT NULL,
            field TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            outcome TEXT NOT NULL,
            entry INTEGER,
            run INTEGER,
            note TEXT NOT NULL,
            prev TEXT NOT NULL,
            hash TEXT NOT NULL
        ) STRICT;
    ",
        "
        ALTER TABLE outbox ADD COLUMN from_id BLOB;
        ALTER TABLE outbox ADD COLUMN from_name TEXT NOT NULL DEFAULT '';
        ALTER TABLE outbox ADD COLUMN silences TEXT NOT NULL DEFAULT '';
        ALTER TABLE outbox ADD COLUMN gives_back INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE written (
            entry INTEGER PRIMARY KEY,
            tenant BLOB NOT NULL,
            user_id INTEGER,
            directory_id BLOB,
            name TEXT NOT NULL,
            field TEXT NOT NULL,
            base TEXT NOT NULL,
            wanted TEXT NOT NULL,
            from_id BLOB,
            from_name TEXT NOT NULL,
            released TEXT NOT NULL,
            at TEXT NOT NULL
        ) STRICT;
    ",
        "
        ALTER TABLE audit ADD COLUMN ticket TEXT NOT NULL DEFAULT '';
        CREATE TABLE tickets (entry INTEGER PRIMARY KEY, ticket TEXT NOT NULL) STRICT;
    ",
        "
        ALTER TABLE users ADD COLUMN left_tenant BLOB;
        ALTER TABLE users ADD COLUMN left_association INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE users ADD COLUMN left_id BLOB;
    ",
    ],
    making: "",
    settings: "PRAGMA synchronous = FULL;",
    check_at_once: u64::MAX,
    rebuildable: false,
    sound: rows::sound,
};

/// What the tenant can give again.
pub(super) const CACHE: Shape = Shape {
    file: "cache.db",
    mark: 0x5443_6361,
    steps: &[
        "
        CREATE TABLE meta (k TEXT NOT NULL UNIQUE, v ANY) STRICT;
        CREATE TABLE dictionary (n INTEGER PRIMARY KEY, id BLOB NOT NULL) STRICT;
        CREATE TABLE directory (
            n INTEGER PRIMARY KEY,
            id BLOB NOT NULL,
            name TEXT NOT NULL,
            upn TEXT NOT NULL,
            mail TEXT,
            addresses TEXT,
            location TEXT,
            flags INTEGER NOT NULL,
            class INTEGER NOT NULL,
            marks INTEGER NOT NULL,
            number TEXT,
            facts BLOB,
            hash INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX directory_id ON directory (id);
        CREATE INDEX directory_name ON directory (name COLLATE NOCASE);
        CREATE TABLE skus (n INTEGER PRIMARY KEY, form TEXT NOT NULL) STRICT;
        CREATE TABLE teams (
            id BLOB PRIMARY KEY,
            tenant BLOB,
            account INTEGER NOT NULL,
            voice INTEGER,
            features INTEGER NOT NULL,
            number TEXT,
            routing TEXT,
            dial_plan TEXT
        ) STRICT;
        CREATE TABLE numbers (
            n INTEGER PRIMARY KEY,
            number TEXT NOT NULL,
            kind INTEGER NOT NULL,
            source INTEGER NOT NULL,
            status INTEGER NOT NULL,
            target BLOB,
            prime INTEGER NOT NULL,
            activation INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX numbers_number ON numbers (number);
        CREATE INDEX numbers_target ON numbers (target) WHERE target IS NOT NULL;
        CREATE TABLE live (id BLOB PRIMARY KEY, read_at TEXT NOT NULL) STRICT;
        CREATE TABLE reclassified (
            id BLOB PRIMARY KEY,
            class INTEGER NOT NULL,
            marks INTEGER NOT NULL,
            number TEXT
        ) STRICT;
    ",
        "
        ALTER TABLE live ADD COLUMN teams_at TEXT;
        ALTER TABLE live ADD COLUMN teams_why TEXT;
        ALTER TABLE live ADD COLUMN member INTEGER;
    ",
        "
        CREATE TABLE former_words (
            kind TEXT NOT NULL,
            word TEXT NOT NULL,
            PRIMARY KEY (kind, word)
        ) STRICT, WITHOUT ROWID;
    ",
        "
        CREATE TABLE moved (
            id BLOB NOT NULL,
            name TEXT NOT NULL,
            field TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            PRIMARY KEY (id, field)
        ) STRICT, WITHOUT ROWID;
    ",
        "
        CREATE TABLE counted (marks INTEGER PRIMARY KEY, users INTEGER NOT NULL) STRICT;
    ",
    ],
    making: "",
    settings: "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 4000; PRAGMA cache_size = -4000;",
    check_at_once: 8 * MEGABYTE,
    rebuildable: true,
    sound: |connection| tables(connection, CACHE_TABLES),
};

/// The table that a full read fills: of the same columns as `directory`, without indexes until it takes its place.
pub(super) const STAGING: &str = "
    DROP TABLE IF EXISTS staging;
    CREATE TABLE staging (
        n INTEGER PRIMARY KEY,
        id BLOB NOT NULL,
        name TEXT NOT NULL,
        upn TEXT NOT NULL,
        mail TEXT,
        addresses TEXT,
        location TEXT,
        flags INTEGER NOT NULL,
        class INTEGER NOT NULL,
        marks INTEGER NOT NULL,
        number TEXT,
        facts BLOB,
        hash INTEGER NOT NULL
    ) STRICT;
";

/// Runs and their logs.
pub(super) const HISTORY: Shape = Shape {
    file: "history.db",
    mark: 0x5443_6869,
    steps: &[
        "
        CREATE TABLE runs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL,
            debug INTEGER NOT NULL,
            tenant BLOB,
            author TEXT NOT NULL,
            started_at TEXT NOT NULL,
            ended_at TEXT,
            outcome TEXT NOT NULL,
            failure TEXT NOT NULL,
            total INTEGER NOT NULL DEFAULT 0,
            licensed INTEGER NOT NULL DEFAULT 0,
            phone_system INTEGER NOT NULL DEFAULT 0,
            excluded_by_calling_plan INTEGER NOT NULL DEFAULT 0,
            resource INTEGER NOT NULL DEFAULT 0,
            written INTEGER NOT NULL DEFAULT 0,
            refused INTEGER NOT NULL DEFAULT 0,
            conflicts INTEGER NOT NULL DEFAULT 0,
            held INTEGER NOT NULL DEFAULT 0,
            left_over INTEGER NOT NULL DEFAULT 0,
            unlicensed INTEGER NOT NULL DEFAULT 0,
            taken_over INTEGER NOT NULL DEFAULT 0,
            matched INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE TABLE lines (
            run INTEGER NOT NULL,
            n INTEGER NOT NULL,
            at INTEGER NOT NULL,
            source INTEGER NOT NULL,
            level INTEGER NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (run, n)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE changes (
            run INTEGER NOT NULL,
            id BLOB NOT NULL,
            name TEXT NOT NULL,
            before INTEGER,
            after INTEGER,
            PRIMARY KEY (run, id)
        ) STRICT, WITHOUT ROWID;
    ",
        "
        CREATE TABLE moved (
            run INTEGER NOT NULL,
            id BLOB NOT NULL,
            name TEXT NOT NULL,
            field TEXT NOT NULL,
            before TEXT NOT NULL,
            after TEXT NOT NULL,
            PRIMARY KEY (run, id, field)
        ) STRICT, WITHOUT ROWID;
    ",
        "ALTER TABLE runs ADD COLUMN released INTEGER NOT NULL DEFAULT 0;",
    ],
    making: "PRAGMA auto_vacuum = INCREMENTAL;",
    settings: "PRAGMA synchronous = NORMAL;",
    check_at_once: 8 * MEGABYTE,
    rebuildable: true,
    sound: |connection| tables(connection, HISTORY_TABLES),
};

const CACHE_TABLES: &[&str] = &[
    "meta WHERE k = ''",
    "dictionary WHERE n = 0",
    "directory WHERE id = x'' AND upn = '' AND mail = '' AND addresses = '' AND location = '' AND flags = 0 AND class = 0 \
     AND marks = 0 AND number = '' AND facts = x'' AND hash = 0",
    "directory ORDER BY name COLLATE NOCASE, id LIMIT 0",
    "skus WHERE form = ''",
    "teams WHERE id = x'' AND tenant = x'' AND account = 0 AND voice = 0 AND features = 0 AND number = '' AND routing = '' \
     AND dial_plan = ''",
    "numbers WHERE number = '' AND kind = 0 AND source = 0 AND status = 0 AND target = x'' AND prime = 0 AND activation = 0",
    "live WHERE id = x'' AND read_at = '' AND teams_at = '' AND teams_why = '' AND member = 0",
    "reclassified WHERE id = x'' AND class = 0 AND marks = 0 AND number = ''",
    "former_words WHERE kind = '' AND word = ''",
    "moved WHERE id = x'' AND name = '' AND field = '' AND before = '' AND after = ''",
    "counted WHERE marks = 0 AND users = 0",
];

const HISTORY_TABLES: &[&str] = &[
    "runs WHERE id = 0 AND matched = 0 AND released = 0",
    "lines WHERE run = 0 AND n = 0 AND at = 0 AND source = 0 AND level = 0 AND text = ''",
    "changes WHERE run = 0 AND id = x'' AND name = '' AND before = 0 AND after = 0",
    "moved WHERE run = 0 AND id = x'' AND name = '' AND field = '' AND before = '' AND after = ''",
];

/// Whether the tables have their columns: a damaged name in the schema is still a schema.
fn tables(connection: &Connection, selections: &[&str]) -> Result<(), StoreError> {
    for selection in selections {
        connection.prepare(&format!("SELECT * FROM {selection}"))?;
    }
    Ok(())
}
