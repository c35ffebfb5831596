//! What the benches of the whole program share: the simulated tenant in a process of its own, the program against it, what either
//! cost.

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The program under measurement: this build's, or what `--program FILE` names, to compare builds.
pub(crate) fn program() -> String {
    let ours = env!("CARGO_BIN_EXE_teamsconnector").to_owned();
    let mut args = std::env::args().skip_while(|arg| arg != "--program");
    args.nth(1).unwrap_or(ours)
}

/// The numbers among the arguments, or these.
pub(crate) fn sizes(usual: &[u32]) -> Vec<u32> {
    let given: Vec<u32> = std::env::args()
        .filter_map(|arg| arg.parse().ok())
        .collect();
    if given.is_empty() {
        usual.to_vec()
    } else {
        given
    }
}

/// A simulated tenant in a process of its own.
#[derive(Debug)]
pub(crate) struct Tenant {
    process: Child,
    pub(crate) base: String,
    pub(crate) id: String,
    pub(crate) client: String,
    pub(crate) secret: String,
}

impl Tenant {
    /// A tenant of so many users, all pages of which are made and packed: no clock has the simulator's work on it, until something
    /// is changed there.
    pub(crate) fn of(users: u32) -> Self {
        let tenant = Self::listening(users);
        tenant.render(&json!({}));
        tenant
    }

    /// Turns knobs, and has all pages made that a first read asks for.
    pub(crate) fn render(&self, knobs: &Value) {
        let mut knobs = knobs.clone();
        knobs["keep_pages"] = true.into();
        self.control("POST", "knobs", &knobs);
        let home = self.home();
        cost(&mut self.sync(home.path()));
    }

    fn listening(users: u32) -> Self {
        let mut process = Command::new(program())
            .args(["simulate", &format!("size:{users}")])
            .args(["--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the simulator starts");
        let out = process.stdout.take().expect("its output is a pipe");
        let mut lines = BufReader::new(out).lines();
        let mut next = |word: &str| {
            let line = lines.next().expect("it says where it is").expect("as text");
            let value = line.strip_prefix(word).expect("in this order");
            value.trim().to_owned()
        };
        Self {
            base: next("address"),
            id: next("tenant"),
            client: next("client id"),
            secret: next("client secret"),
            process,
        }
    }

    /// A home as [`Self::home`] in a cloud that has no Teams administration: neither users of Teams nor numbers are read.
    pub(crate) fn home_without_teams(&self) -> TempDir {
        let home = self.home();
        let file = home.path().join("config.toml");
        let text = fs::read_to_string(&file).expect("it was written");
        fs::write(&file, text + "teams_api = false\n").expect("there is room");
        home
    }

    /// A home of the program that names this tenant `contoso`.
    pub(crate) fn home(&self) -> TempDir {
        let home = tempfile::tempdir().expect("there is room");
        let Self {
            base, id, client, ..
        } = self;
        let text = format!(
            "[tenants.contoso]\ntenant_id = \"{id}\"\nclient_id = \"{client}\"\nsign_in = \"client-secret\"\ncloud = \"custom\"\n\
             [tenants.contoso.endpoints]\nlogin = \"{base}\"\ngraph = \"{base}\"\n"
        );
        fs::write(home.path().join("config.toml"), text).expect("there is room");
        home
    }

    /// `sync` under a home, not started yet.
    pub(crate) fn sync(&self, home: &Path) -> Command {
        let mut command = Command::new(program());
        command
            .env("TEAMSCONNECTOR_HOME", home)
            .env("TEAMSCONNECTOR_CLIENT_SECRET", &self.secret)
            .args(["--tenant", "contoso", "sync"]);
        command
    }

    /// A call of the control plane.
    pub(crate) fn control(&self, method: &str, path: &str, body: &Value) -> Value {
        runtime().block_on(async {
            let address = format!("{}/_sim/{path}", self.base);
            let method = method.parse().expect("a method");
            let call = client().request(method, address).json(body).send();
            let answer = call.await.expect("the simulator answers");
            assert!(answer.status().is_success(), "{path}: {answer:?}");
            let text = answer.bytes().await.expect("a whole answer");
            serde_json::from_slice(&text).unwrap_or_default()
        })
    }

    /// A token of the application.
    pub(crate) fn token(&self) -> String {
        runtime().block_on(async {
            let address = format!("{}/{}/oauth2/v2.0/token", self.base, self.id);
            let scope = format!("{}/.default", self.base);
            let form = [
                ("grant_type", "client_credentials"),
                ("client_id", &self.client),
                ("client_secret", &self.secret),
                ("scope", &scope),
            ];
            let call = client().post(address).form(&form).send();
            let answer = call.await.expect("the simulator answers");
            let text = answer.bytes().await.expect("a whole answer");
            let body: Value = serde_json::from_slice(&text).expect("JSON");
            body["access_token"].as_str().expect("a token").to_owned()
        })
    }

    /// The ids of the first so many users.
    pub(crate) fn ids(&self, count: u32) -> Vec<String> {
        let token = self.token();
        runtime().block_on(async {
            let address = format!("{}/v1.0/users?$select=id&$top={count}", self.base);
            let call = client().get(address).bearer_auth(token).send();
            let answer = call.await.expect("the simulator answers");
            let text = answer.bytes().await.expect("a whole answer");
            let body: Value = serde_json::from_slice(&text).expect("JSON");
            let rows = body["value"].as_array().expect("a list");
            let ids = rows.iter().filter_map(|row| row["id"].as_str());
            ids.map(str::to_owned).collect()
        })
    }

    /// The addresses of all reads so far, in order, and forgets them.
    pub(crate) fn reads(&self) -> Vec<String> {
        let log = self.control("GET", "log", &Value::Null);
        self.control("DELETE", "log", &Value::Null);
        let all = log["requests"].as_array().expect("a list");
        all.iter()
            .filter(|call| call["method"] == "GET")
            .filter_map(|call| call["path"].as_str())
            .map(|path| format!("{}{path}", self.base))
            .collect()
    }
}

impl Drop for Tenant {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// One thread, as the leanest of programs has.
pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().expect("a runtime is made")
}

/// A client as lean as can be.
pub(crate) fn client() -> reqwest::Client {
    // Only the first one counts.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().no_proxy();
    builder.build().expect("a client is made")
}

/// What a process and all that it started has cost.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) cpu: Duration,
    /// The most that was resident of the process itself, in MB.
    pub(crate) peak: f64,
}

/// Processor time of all children that have ended.
fn of_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).expect("time goes on"))
}

/// Runs a command to its good end.
#[expect(clippy::disallowed_methods, reason = "a bench measures time")]
pub(crate) fn cost(command: &mut Command) -> Cost {
    let before = of_children();
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("it starts");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0;
    let ended = loop {
        peak = resident(&status).unwrap_or(peak);
        if let Some(ended) = child.try_wait().expect("it is ours") {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let wall = start.elapsed();
    assert!(
        ended.success(),
        "{}: {ended}",
        command.get_program().display()
    );
    Cost {
        wall,
        cpu: of_children().saturating_sub(before),
        peak,
    }
}

fn resident(status: &str) -> Option<f64> {
    let text = fs::read_to_string(status).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kb: f64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kb / 1024.0)
}

/// The median of what several runs cost.
pub(crate) fn median(costs: &[Cost]) -> Cost {
    let middle = |all: &mut Vec<Duration>| {
        all.sort();
        all[all.len() / 2]
    };
    Cost {
        wall: middle(&mut costs.iter().map(|cost| cost.wall).collect()),
        cpu: middle(&mut costs.iter().map(|cost| cost.cpu).collect()),
        peak: costs.iter().map(|cost| cost.peak).fold(0.0, f64::max),
    }
}

/// A line of a table: what something cost, and how many times as much as the first.
pub(crate) fn line(name: &str, cost: Cost, first: Cost) -> String {
    let mut line = format!("{name:<34}");
    let _ = write!(
        line,
        "{:>9.3} s {:>8.2}x {:>9.3} s {:>8.2}x {:>8.0} MB",
        cost.wall.as_secs_f64(),
        cost.wall.as_secs_f64() / first.wall.as_secs_f64(),
        cost.cpu.as_secs_f64(),
        cost.cpu.as_secs_f64() / first.cpu.as_secs_f64(),
        cost.peak
    );
    line
}

/// The head of the table.
pub(crate) fn head(what: &str) -> String {
    format!(
        "{what:<34}{:>11} {:>9} {:>11} {:>9} {:>11}",
        "wall", "", "processor", "", "resident"
    )
}

/// A file of this project.
pub(crate) fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
