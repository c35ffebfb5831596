//! From the start of the program to its first frame that shows people of the tenant, in a terminal, with a cache of 10,000, 100,000 and a million users, and beside
//! each what `sqlite3 … limit 45` takes over the same file (Python's `sqlite3`, where that is not there).
//!
//! `cargo bench --bench start` prints medians and ratios of one run, each measured in turn; `-- 100000` takes as many users at most.

#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints what it has measured by the clock"
)]

#[path = "crowd/mod.rs"]
mod crowd;

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use teamsconnector::app::cells::thousands;
use teamsconnector::domain::directory::{DirectoryUser, GroupFilter, Tenant, UserFlags};
use teamsconnector::domain::guid::{Guid, TenantId};
use teamsconnector::domain::phone::PhoneNumber;
use teamsconnector::domain::run::{Counters, RunId};
use teamsconnector::store::Store;
use teamsconnector::store::cache::{Reference, SnapshotHead, StoredUser};

const ROUNDS: usize = 7;

/// Who is first by name, and is on the screen before everybody is there.
const FIRST: &str = "Adele Archie";

fn main() {
    let most = std::env::args().find_map(|arg| arg.parse().ok());
    let most: u32 = most.unwrap_or(1_000_000);
    let sizes: Vec<u32> = [10_000, 100_000, 1_000_000]
        .into_iter()
        .filter(|size| *size <= most)
        .collect();
    let homes: Vec<tempfile::TempDir> = sizes.iter().map(|size| home(*size)).collect();
    let mut frames = vec![Vec::new(); sizes.len()];
    let mut wholes = vec![Vec::new(); sizes.len()];
    let mut peers = vec![Vec::new(); sizes.len()];
    let mut memory = vec![(0.0, 0.0); sizes.len()];
    for _ in 0..ROUNDS {
        for (n, home) in homes.iter().enumerate() {
            let seen = start(home.path(), sizes[n]);
            frames[n].push(seen.first);
            wholes[n].push(seen.whole);
            memory[n] = (seen.resident, seen.peak);
            peers[n].extend(select(home.path()));
        }
    }
    let mut last = None;
    for (n, size) in sizes.iter().enumerate() {
        let (first, whole) = (median(&mut frames[n]), median(&mut wholes[n]));
        let peer = median(&mut peers[n]);
        let grown = last.map_or(String::new(), |last: f64| {
            format!(", {:.2}x the smaller", first / last)
        });
        println!(
            "{size:>9} users: first frame {first:.1} ms ({:.2}x of select … limit 45 at {peer:.1} ms{grown}), everybody after {whole:.0} ms, \
             {:.0} MB resident then, {:.0} MB at most",
            first / peer,
            memory[n].0,
            memory[n].1,
        );
        last = Some(first);
    }
}

fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times
        .get(times.len() / 2)
        .map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
}

/// What was seen of one start.
struct Seen {
    first: Duration,
    whole: Duration,
    resident: f64,
    peak: f64,
}

fn start(home: &Path, of: u32) -> Seen {
    let size = PtySize {
        rows: 50,
        cols: 200,
        pixel_width: 0,
        pixel_height: 0,
    };
    let pair = native_pty_system().openpty(size).expect("a terminal");
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_teamsconnector"));
    command.env_clear();
    command.env("TERM", "xterm-256color");
    command.env("LANG", "C.UTF-8");
    command.env("TEAMSCONNECTOR_HOME", home);
    command.env("TEAMSCONNECTOR_CLIENT_SECRET", "nobody asks for it");
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let mut writer = pair.master.take_writer().expect("a writer");
    let cells = |n: u16| std::num::NonZero::new(n).expect("a terminal has a size");
    let mut screen = vt100::Parser::new(cells(50), cells(200), 0);
    let begun = Instant::now();
    let mut child = pair.slave.spawn_command(command).expect("it starts");
    drop(pair.slave);
    let mut wait_for = |text: &str| {
        let mut buffer = [0; 8192];
        while !screen.screen().contents().contains(text) {
            let read = reader.read(&mut buffer).expect("the terminal is open");
            assert!(read > 0, "it has ended:\n{}", screen.screen().contents());
            screen.process(&buffer[..read]);
        }
        begun.elapsed()
    };
    // Typed before anything is there, as somebody in a hurry does.
    writer.write_all(b"2f").expect("keys are taken");
    let first = wait_for(FIRST);
    let of = thousands(u64::from(of));
    let whole = wait_for(&format!("everyone in the tenant: {of}"));
    let status = child.process_id().map(|pid| format!("/proc/{pid}/status"));
    let status = status.and_then(|path| std::fs::read_to_string(path).ok());
    let of = |name: &str| {
        let line = status.iter().flat_map(|text| text.lines());
        let mut line = line.filter(|line| line.starts_with(name));
        let kib = line
            .next()
            .and_then(|line| line.split_whitespace().nth(1)?.parse::<f64>().ok());
        kib.unwrap_or(0.0) / 1024.0
    };
    let seen = Seen {
        first,
        whole,
        resident: of("VmRSS:"),
        peak: of("VmHWM:"),
    };
    writer.write_all(b"\x03").expect("keys are taken");
    child.wait().expect("it ends");
    seen
}

fn cache(home: &Path) -> PathBuf {
    home.join("tenants/contoso/cache.db")
}

/// The first rows of the same file, by somebody who has nothing else to do.
fn select(home: &Path) -> Option<Duration> {
    let sql = "SELECT name, upn, number FROM directory ORDER BY name COLLATE NOCASE LIMIT 45";
    let file = cache(home);
    let script =
        "import sqlite3,sys; print(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall())";
    let run = |command: &mut Command| {
        let begun = Instant::now();
        let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        done.is_ok_and(|status| status.success())
            .then(|| begun.elapsed())
    };
    run(Command::new("sqlite3").arg(&file).arg(sql)).or_else(|| {
        run(Command::new("python3")
            .args(["-c", script])
            .arg(&file)
            .arg(sql))
    })
}

/// A home with a tenant that was read once, and can be read by nobody now.
fn home(users: u32) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a folder");
    let id = "11111111-1111-1111-1111-111111111111";
    let config = format!(
        "[tenants.contoso]\ntenant_id = \"{id}\"\nclient_id = \"{id}\"\nsign_in = \"client-secret\"\ncloud = \"custom\"\n\
         [tenants.contoso.endpoints]\nlogin = \"http://127.0.0.1:9\"\ngraph = \"http://127.0.0.1:9\"\n"
    );
    std::fs::write(home.path().join("config.toml"), config).expect("a file");
    let folder = home.path().join("tenants/contoso");
    std::fs::create_dir_all(&folder).expect("a folder");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for folder in [&home.path().join("tenants"), &folder] {
            let closed = std::fs::Permissions::from_mode(0o700);
            std::fs::set_permissions(folder, closed).expect("it is ours");
        }
    }
    let store = Store::open(&folder).expect("a store");
    store.cache.begin_full(RunId(1)).wait().expect("it begins");
    for from in (0..users).step_by(8192) {
        let page = (from..users.min(from + 8192)).map(user).collect();
        store.cache.append(page).wait().expect("rows go in");
    }
    let tenant = TenantId(Guid::from_bytes([0x11; 16]));
    let reference = Reference {
        tenant: Tenant {
            id: tenant,
            name: "Contoso".into(),
            domains: vec!["contoso.example".into()],
            dir_sync: None,
            last_dir_sync: None,
        },
        skus: Vec::new(),
        group: GroupFilter::Off,
        teams: Some(Arc::default()),
        numbers: Some(Arc::default()),
        gaps: Vec::new(),
    };
    let head = SnapshotHead {
        run: RunId(1),
        read_at: jiff::Timestamp::from_second(1_795_356_000).expect("a time of this century"),
        tenant,
        tenant_name: "Contoso".into(),
        delta_link: None,
        counters: Counters::default(),
        enabled: u64::from(users),
        table_version: 1,
        users: u64::from(users),
        full: true,
    };
    store
        .cache
        .finish_full(reference, head)
        .wait()
        .expect("it is kept");
    assert!(store.close(), "the files are closed");
    home
}

fn user(n: u32) -> StoredUser {
    crowd::with(n, |row| StoredUser {
        user: DirectoryUser {
            id: row.id,
            name: row.name.to_owned(),
            upn: row.upn.to_owned(),
            mail: row.mail.map(str::to_owned),
            addresses: Vec::new(),
            location: row.location,
            flags: UserFlags {
                enabled: true,
                ..UserFlags::default()
            },
            licences: Vec::new(),
            plans: Vec::new(),
            flaw: None,
        },
        class: row.cause.byte(),
        marks: row.marks.0,
        number: row.number.and_then(PhoneNumber::from_tenant),
    })
}
