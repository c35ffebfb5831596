//! Where tokens go: through a whole session of the program, with failures in it, nothing that Entra has handed out is found
//! anywhere but in the token file.
//!
//! The variable of the client secret is in the environment of who set it, by design; tokens are in nobody's.

use std::fs::{self, DirBuilder};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::bench::Bench;
use crate::support::invariants::whole;
use crate::support::program::command;
use crate::support::pty::Terminal;
use crate::support::web;

/// A place where a secret could have gone, and what is there.
type Seen = (String, Vec<u8>);

/// What of a secret must be nowhere: its beginning and its end, so that a text that was cut is found as well. All of the
/// simulated tenant's access tokens begin alike, which is as good as a canary.
fn traces(secret: &str) -> [&str; 2] {
    [
        &secret[..secret.len().min(24)],
        &secret[secret.len().saturating_sub(24)..],
    ]
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), found);
        } else {
            found.push(entry.path());
        }
    }
}

struct Session {
    bench: Bench,
    home: tempfile::TempDir,
    seen: Vec<Seen>,
}

impl Session {
    async fn new() -> Self {
        let bench = Bench::new("tour").await;
        web::knobs(
            &bench.base(),
            &json!({ "device_polls": ["authorization_pending", "approve"], "remember_secrets": true }),
        );
        let home = tempfile::tempdir().unwrap();
        let (tenant, client) = (bench.simulator.tenant_id(), bench.simulator.client_id());
        let base = bench.base();
        for (name, way) in [("person", "device-code"), ("app", "client-secret")] {
            let text = format!(
                "[tenants.{name}]\ntenant_id = \"{tenant}\"\nclient_id = \"{client}\"\nsign_in = \"{way}\"\ncloud = \"custom\"\n\
                 read_only = false\nallow = [\"numbers\", \"location\"]\n[tenants.{name}.endpoints]\nlogin = \"{base}\"\ngraph = \"{base}\"\n"
            );
            // A tenant has one name in a configuration.
            DirBuilder::new()
                .mode(0o700)
                .create(home.path().join(name))
                .unwrap();
            fs::write(home.path().join(name).join("config.toml"), text).unwrap();
        }
        Self {
            bench,
            home,
            seen: Vec::new(),
        }
    }

    /// Calls the program and keeps all that can be seen of it, by its users and by others on the machine.
    fn call(&mut self, args: &[&str]) {
        assert_eq!(args[0], "--tenant");
        let mut child = command(&self.home.path().join(args[1]))
            .env(
                "TEAMSCONNECTOR_CLIENT_SECRET",
                self.bench.simulator.client_secret(),
            )
            .args(args)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
        let errors = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            err.read_to_end(&mut bytes).unwrap();
            bytes
        });
        // Each piece of output is an occasion to look at the process while it lives.
        let (mut bytes, mut piece) = (Vec::new(), [0; 256]);
        let process = format!("/proc/{}", child.id());
        loop {
            for name in ["cmdline", "environ"] {
                let path = format!("{process}/{name}");
                // It may be gone by now.
                if let Ok(bytes) = fs::read(&path) {
                    self.seen.push((format!("{args:?} {name}"), bytes));
                }
            }
            match out.read(&mut piece).unwrap() {
                0 => break,
                n => bytes.extend_from_slice(&piece[..n]),
            }
        }
        child.wait().unwrap();
        self.seen.push((format!("{args:?} stdout"), bytes));
        self.seen
            .push((format!("{args:?} stderr"), errors.join().unwrap()));
    }

    fn fault(&self, faults: &Value) {
        web::knobs(&self.bench.base(), &json!({ "fail_next": faults }));
    }

    fn both(&mut self, args: &[&str]) {
        for tenant in ["person", "app"] {
            let mut all = vec!["--tenant", tenant];
            all.extend(args);
            self.call(&all);
        }
    }

    /// The console: signing in, a run, the log, what is shown of the screen after each.
    fn console(&mut self) {
        let mut terminal = Terminal::start(
            &self.home.path().join("person"),
            &["--tenant", "person"],
            None,
            (140, 40),
        );
        let mut keep = |screen: String| self.seen.push(("screen".to_owned(), screen.into_bytes()));
        keep(terminal.wait_for("sign-in needed: L signs in"));
        terminal.press("L");
        keep(terminal.wait_for("signed in as"));
        terminal.press("S");
        keep(terminal.wait_until("the tenant is read", |screen| {
            screen.contains("plan ready") || screen.contains(" done")
        }));
        terminal.press("3");
        keep(terminal.wait_for("LOG"));
        terminal.press("y");
        keep(terminal.wait_for("clipboard"));
        terminal.press("q");
        assert!(terminal.ended_within(Duration::from_secs(20)).is_some());
        for title in terminal.titles() {
            self.seen.push(("title".to_owned(), title.into_bytes()));
        }
        for copied in terminal.copied() {
            use base64::Engine as _;
            let text = base64::engine::general_purpose::STANDARD.decode(&copied);
            self.seen
                .push(("clipboard".to_owned(), text.unwrap_or(copied)));
        }
    }

    /// Everything that was handed out.
    fn secrets(&self) -> Vec<String> {
        let issued = web::ask(&self.bench.base(), "GET", "/_sim/issued", None);
        let rows = issued["secrets"].as_array().unwrap().iter();
        rows.map(|secret| secret.as_str().unwrap().to_owned())
            .collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_token_is_found_anywhere_but_in_its_file() {
    let mut session = Session::new().await;
    session.call(&["--tenant", "person", "login", "--write"]);
    session.both(&["sync", "--debug"]);
    session.both(&[
        "users",
        "add",
        "diego@contoso.example",
        "--number",
        "+14255550150",
    ]);
    session.both(&["sync", "--plan", "--json"]);
    session.fault(
        &json!([{ "path_contains": "ssignNumber", "method": "POST", "times": 1, "status": 400 }]),
    );
    session.both(&["sync", "--debug", "--yes"]);
    session.fault(&json!([
        { "path_contains": "/v1.0/users", "times": 1, "status": 401 },
        { "path_contains": "/v1.0/users", "times": 2, "status": 503 },
        { "path_contains": "/organization", "times": 1, "cut": 10 }]));
    session.both(&["sync", "--debug"]);
    session.both(&["why", "diego@contoso.example", "--live"]);
    session.both(&["doctor"]);
    session.both(&["doctor", "--json"]);
    session.both(&["history"]);
    session.both(&["outbox", "list"]);
    // A refresh that fails at a gateway, a refresh that is refused, a code that is declined.
    web::knobs(&session.bench.base(), &json!({ "expire_tokens": true }));
    session.fault(
        &json!([{ "path_contains": "oauth2/v2.0/token", "times": 9, "status": 502, "html": true }]),
    );
    session.both(&["sync", "--debug"]);
    session.fault(&json!([]));
    let kept = fs::read(session.home.path().join("person/tenants/person/tokens")).unwrap();
    session.fault(&json!([{ "path_contains": "oauth2/v2.0/token", "times": 1, "status": 400, "body": { "error": "invalid_grant", "error_description": "AADSTS50173: revoked.", "error_codes": [50173] } }]));
    session.both(&["sync", "--debug"]);
    web::knobs(
        &session.bench.base(),
        &json!({ "fail_next": [], "device_polls": ["authorization_declined"] }),
    );
    session.call(&["--tenant", "person", "login"]);
    web::knobs(
        &session.bench.base(),
        &json!({ "device_polls": ["authorization_pending", "approve"] }),
    );
    session.console();

    for name in ["person", "app"] {
        whole(&session.home.path().join(name), "");
    }
    let secrets = session.secrets();
    assert!(secrets.len() > 12, "{}", secrets.len());
    let refreshed = secrets.iter().filter(|secret| holds(&kept, secret)).count();
    assert_eq!(
        refreshed, 2,
        "the file has an access and a refresh token: the search finds what is there"
    );
    let mut all = Vec::new();
    files(session.home.path(), &mut all);
    let is_token_file = |path: &PathBuf| path.file_name().is_some_and(|name| name == "tokens");
    assert_eq!(all.iter().filter(|path| is_token_file(path)).count(), 1);
    assert!(
        all.iter()
            .any(|path| path.ends_with("logs/teamsconnector.log")),
        "{all:?}"
    );
    for path in all.iter().filter(|path| !is_token_file(path)) {
        session
            .seen
            .push((path.display().to_string(), fs::read(path).unwrap()));
    }
    assert!(
        session
            .seen
            .iter()
            .any(|(place, bytes)| place.ends_with("environ") && !bytes.is_empty())
    );
    for (place, bytes) in &session.seen {
        for secret in &secrets {
            for trace in traces(secret) {
                assert!(!holds(bytes, trace), "{place} holds {trace}");
            }
        }
        // Its own variable is the one place of the application's secret.
        if !place.ends_with("environ") {
            assert!(
                !holds(bytes, session.bench.simulator.client_secret()),
                "{place} holds the client secret"
            );
        }
    }
}

/// Tokens are in the memory of the program: it leaves no core file, and no program of the same account reads it.
#[test]
fn the_memory_of_the_program_is_its_own() {
    let home = tempfile::tempdir().unwrap();
    let mut child = command(home.path())
        .args(["simulate", "tour"])
        .current_dir(home.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap())
        .read_line(&mut line)
        .unwrap();
    assert!(line.contains("http://127.0.0.1"), "{line}");
    let about = PathBuf::from(format!("/proc/{}", child.id()));
    let limits = fs::read_to_string(about.join("limits")).unwrap();
    let core = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let words: Vec<_> = core.split_whitespace().collect();
    assert_eq!(words[4..], ["0", "0", "bytes"]);
    // What may be looked into belongs to its account, and all else to root.
    let owner = |of: &Path| fs::metadata(of).unwrap().uid();
    if owner(Path::new("/proc/self")) != 0 {
        assert_eq!(owner(&about.join("environ")), 0);
    }
    let id = Pid::from_child(&child);
    kill_process(id, Signal::ABORT).unwrap();
    let ended = child.wait().unwrap();
    assert_eq!((ended.signal(), ended.core_dumped()), (Some(6), false));
}
