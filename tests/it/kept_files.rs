//! Files that are not as this program left them: written by a newer one, or damaged. Every command says so in words, changes nothing
//! that it cannot read, and throws nothing away.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use teamsconnector::graph::{SignIn, TokenStore};

use crate::support::invariants::whole;
use crate::support::program::{Ended, Tour, command, configure};
use crate::support::sign_in::{Place, Way, by_code};

/// Commands that need the tenant's files.
const OF_FILES: [&str; 20] = [
    "users list",
    "users show joni",
    "users add joni@contoso.example",
    "users edit joni --number +441235123480",
    "users remove joni",
    "sync",
    "sync --plan",
    "sync --yes",
    "why joni",
    "candidates",
    "numbers",
    "licences",
    "outbox list",
    "seats show",
    "audit show",
    "audit verify",
    "history",
    "script",
    "export users --for machine --out users.csv",
    "repair joni@contoso.example --location US",
];

/// Commands that are there to find out, or that need no file of the tenant: they must not fall over one that is too new.
const OF_NONE: [&str; 7] = [
    "--version",
    "paths",
    "keys",
    "man",
    "completions bash",
    "config check",
    "config sample",
];

fn call(tour: &Tour, words: &str) -> Ended {
    let args: Vec<&str> = words.split(' ').collect();
    let ended = tour.call(&args);
    let told = format!("{}{}", ended.out, ended.err);
    assert!(
        !told.contains("panicked") && ended.code >= 0,
        "{words}: {ended:?}"
    );
    ended
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_a_newer_program_is_refused_with_both_versions_and_left_as_it_is() {
    let tour = Tour::new("").await;
    let folder = tour.home.path().join("tenants/contoso");
    for file in ["ledger.db", "cache.db", "history.db"] {
        let path = folder.join(file);
        let newer = Connection::open(&path).unwrap();
        // What still lies beside the file belongs to it: without that it would be put back as of an earlier time.
        newer
            .pragma_update(None, "wal_checkpoint", "TRUNCATE")
            .unwrap();
        let good = fs::read(&path).unwrap();
        let known: i64 = newer
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        newer.pragma_update(None, "user_version", 99).unwrap();
        newer.pragma_update(None, "journal_mode", "DELETE").unwrap();
        drop(newer);
        let bytes = fs::read(&path).unwrap();
        for words in OF_FILES {
            let ended = call(&tour, words);
            assert_eq!(ended.code, 1, "{file}, {words}: {ended:?}");
            let versions = format!(
                "{file} was written by a newer version of this program (schema 99, known up to {known})"
            );
            assert!(ended.err.contains(&versions), "{file}, {words}: {ended:?}");
            assert!(
                ended.err.contains("the file is left as it is"),
                "{file}, {words}: {ended:?}"
            );
            assert!(
                !ended.err.contains("delete") && !ended.err.contains("remove"),
                "{ended:?}"
            );
            assert!(
                fs::read(&path).unwrap() == bytes,
                "{file}, {words}: it was changed"
            );
        }
        for words in OF_NONE {
            let ended = call(&tour, words);
            assert_eq!(ended.code, 0, "{file}, {words}: {ended:?}");
        }
        // It looks at everything, and says what it is.
        let ended = call(&tour, "doctor");
        let told = format!("schema 99 is newer than this program's {known}");
        assert!(ended.out.contains(&told), "{file}: {ended:?}");
        let ended = call(&tour, "tenants list");
        let is_read = file == "history.db";
        assert_eq!(ended.code, i32::from(!is_read), "{file}: {ended:?}");
        assert!(!ended.out.contains("DAMAGED"), "{file}: {ended:?}");
        assert_eq!(
            ended.out.contains("UNREADABLE"),
            !is_read,
            "{file}: {ended:?}"
        );
        let ended = call(&tour, "changes");
        assert!(ended.code != 0 && ended.code != 8, "{file}: {ended:?}");
        assert!(
            format!("{}{}", ended.out, ended.err).contains("schema 99"),
            "{file}: {ended:?}"
        );
        assert!(fs::read(&path).unwrap() == bytes, "{file}: it was changed");
        fs::write(&path, good).unwrap();
    }
    tour.good(&["sync"]);
    whole(tour.home.path(), "");
}

/// How many damaged files of each kind: a sample, unless `TEAMSCONNECTOR_SWEEP` says how many, as in
/// `TEAMSCONNECTOR_SWEEP=1000 cargo test --test it small_sweep`.
#[expect(
    clippy::disallowed_methods,
    reason = "a hook of this test, which the program does not read"
)]
fn rounds() -> u64 {
    let asked = std::env::var("TEAMSCONNECTOR_SWEEP").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(12)
}

/// Numbers that look like chance, the same for each seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit.max(1)
    }

    fn byte(&mut self) -> u8 {
        u8::try_from(self.below(256)).unwrap()
    }
}

/// A file with something wrong.
fn damaged(good: &[u8], seed: u64) -> Vec<u8> {
    let mut chance = Chance(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut bytes = good.to_vec();
    match seed % 7 {
        0 => bytes.truncate(chance.below(good.len())),
        1 => (0..=chance.below(4)).for_each(|_| {
            let at = chance.below(good.len());
            bytes[at] ^= 1 << chance.below(8);
        }),
        2 => {
            let at = chance.below(good.len());
            let end = (at + 1 + chance.below(40)).min(good.len());
            bytes[at..end].fill_with(|| chance.byte());
        }
        3 => bytes.fill(0),
        4 => {
            let (from, to) = (chance.below(good.len()), chance.below(good.len()));
            let piece = good[from.min(to)..from.max(to)].to_vec();
            bytes.splice(from..from, piece);
        }
        5 => {
            let at = chance.below(good.len());
            bytes.splice(
                at..at,
                ["\u{feff}", "\"", "}", "\n\n[", "\\u0000", "=", "é"][chance.below(7)].bytes(),
            );
        }
        _ => bytes.extend((0..=chance.below(600)).map(|_| chance.byte())),
    }
    bytes
}

/// Whether these bytes are somewhere beside the file, or still in it.
fn is_kept(path: &Path, bytes: &[u8]) -> bool {
    let beside = fs::read_dir(path.parent().unwrap()).unwrap();
    let mut files = beside.map(|entry| entry.unwrap().path());
    files.any(|file| file.is_file() && fs::read(file).unwrap() == bytes)
}

/// What is damaged, and the call that meets it.
struct Kind {
    path: PathBuf,
    args: Vec<String>,
    good: Vec<u8>,
}

impl Kind {
    fn new(path: PathBuf, args: &[&str]) -> Self {
        Self {
            good: fs::read(&path).unwrap(),
            path,
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        }
    }

    fn try_all(&self, home: &Path, secret: &str) -> usize {
        let (mut refused, mut all) = (0, String::new());
        for seed in 0..rounds() {
            let bytes = damaged(&self.good, seed);
            let at = format!("{}, seed {seed}", self.path.display());
            fs::write(&self.path, &bytes).unwrap();
            let ended: Ended = command(home)
                .env("TEAMSCONNECTOR_CLIENT_SECRET", secret)
                .args(&self.args)
                .output()
                .unwrap()
                .into();
            let told = format!("{}{}", ended.out, ended.err);
            assert!((0..=8).contains(&ended.code), "{at}: {ended:?}");
            assert!(!told.contains("panicked"), "{at}: {ended:?}");
            assert!(
                ended.code == 0 || !told.trim().is_empty(),
                "{at}: {ended:?}"
            );
            // What was whole enough to be used may have been renewed.
            assert!(
                ended.code == 0 || is_kept(&self.path, &bytes),
                "{at}: {ended:?}"
            );
            refused += usize::from(ended.code != 0);
            all.push_str(&told);
        }
        fs::write(&self.path, &self.good).unwrap();
        // Where the program has set the file aside, this one is of the test's making.
        fs::set_permissions(&self.path, fs::Permissions::from_mode(0o600)).unwrap();
        // Which file of tokens was set aside stands in the log: who signs in again needs nothing of it.
        all.push_str(&fs::read_to_string(home.join("logs/teamsconnector.log")).unwrap_or_default());
        whole(home, &all);
        refused
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_sweep_of_damaged_files_panics_nowhere_and_throws_nothing_away() {
    let tour = Tour::new("").await;
    let (home, secret) = (tour.home.path(), tour.bench.simulator.client_secret());
    let kept = home.join("kept.json");
    tour.good(&["users", "add", "joni@contoso.example"]);
    tour.good(&[
        "users",
        "edit",
        "joni@contoso.example",
        "--number",
        "+441235123480",
    ]);
    let planned = tour.call(&["sync", "--plan", "--out", kept.to_str().unwrap()]);
    assert_eq!(planned.code, 5, "{planned:?}");
    let lease = home.join("tenants/contoso/lease");
    fs::write(&lease, "kim on host, process 1, since noon, for sync\n").unwrap();
    for (path, args, least) in [
        ("tenants/contoso/lease", &["outbox", "list"][..], 0),
        ("config.toml", &["outbox", "list"], 2),
        ("config.toml", &["config", "check"], 2),
        // Only what is in the plan as it was kept is ever written: a damaged one is refused as a whole.
        ("kept.json", &["sync", "--apply", kept.to_str().unwrap()], 1),
    ] {
        let refused = Kind::new(home.join(path), args).try_all(home, secret);
        assert!(refused >= least, "{path}: {refused} were refused");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn small_sweep_of_damaged_tokens_ends_the_sign_in_and_nothing_else() {
    let place = Place::new().await;
    let home = place.dir.path();
    configure(home, &place.simulator, "");
    let config = home.join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replace("\"client-secret\"", "\"device-code\""),
    )
    .unwrap();
    let folder = home.join("tenants/contoso");
    fs::create_dir_all(&folder).unwrap();
    for one in [home, &home.join("tenants"), &folder] {
        fs::set_permissions(one, fs::Permissions::from_mode(0o700)).unwrap();
    }
    let file = folder.join("tokens");
    let kept = Way {
        tokens: TokenStore::File(file.clone()),
        ..Way::new(SignIn::DeviceCode)
    };
    by_code(&place.client(kept)).await;
    let refused = Kind::new(file, &["--tenant", "contoso", "sync"]).try_all(home, "");
    assert!(refused > 4, "{refused} were refused");
}
