//! `doctor`: everything that a run needs, looked at one by one. Works when any of it is broken, and changes nothing.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use serde_json::json;

use crate::config::Config;
use crate::config::places::Places;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::text::Label;
use crate::graph::Client;
use crate::graph::error::GraphError;
use crate::record::SCHEMA_VERSION;
use crate::store::health::{self, HealthState};

use super::args::Global;
use super::exit::Exit;
use super::open::{self, Connected};
use super::print;

/// Clocks may differ by that many seconds before assertions and tokens suffer.
const SKEW: i64 = 120;

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Warning,
    Failed,
    Skipped,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        }
    }
}

/// One line.
#[derive(Debug)]
struct Check {
    name: &'static str,
    state: State,
    text: String,
    hint: String,
    exit: Exit,
}

/// All lines, in the order in which they were looked at.
#[derive(Debug, Default)]
struct Report(Vec<Check>);

impl Report {
    fn put(&mut self, name: &'static str, state: State, text: impl Into<String>, hint: &str) {
        self.0.push(Check {
            name,
            state,
            text: text.into(),
            hint: hint.to_owned(),
            exit: Exit::Failed,
        });
    }

    fn ok(&mut self, name: &'static str, text: impl Into<String>) {
        self.put(name, State::Ok, text, "");
    }

    fn failed(&mut self, name: &'static str, failure: &Failure) {
        let detail = if failure.detail.is_empty() {
            String::new()
        } else {
            format!(": {}", failure.detail)
        };
        self.0.push(Check {
            name,
            state: State::Failed,
            text: format!("{}{detail}", failure.headline),
            hint: failure.hint.clone(),
            exit: Exit::of_failure(failure),
        });
    }

    fn call(&mut self, name: &'static str, result: Result<String, GraphError>) {
        match result {
            Ok(text) => self.ok(name, text),
            Err(error) => self.failed(name, &error.failure("Asking")),
        }
    }

    /// The first failure decides how the command ends.
    fn exit(&self) -> Exit {
        self.0
            .iter()
            .find(|check| check.state == State::Failed)
            .map_or(Exit::Done, |check| check.exit)
    }
}

pub(super) async fn run(global: &Global) -> anyhow::Result<Exit> {
    let mut report = Report::default();
    if global.demo.is_some() {
        let opened = open::open(global).await?;
        demo(&mut report, &opened.world.client).await;
    } else {
        configured(&mut report, global).await;
    }
    tell(&report, global)?;
    Ok(report.exit())
}

/// What the checks say, for a support bundle. The built-in tenant is looked at through the client that is open.
pub(super) async fn seen(global: &Global, open: &Client) -> serde_json::Value {
    let mut report = Report::default();
    if global.demo.is_some() {
        demo(&mut report, open).await;
    } else {
        configured(&mut report, global).await;
    }
    as_json(&report)
}

async fn demo(report: &mut Report, client: &Client) {
    report.ok("config", "the built-in tenant needs none");
    online(report, client).await;
}

async fn configured(report: &mut Report, global: &Global) {
    let places = match open::places(global) {
        Ok(places) => places,
        Err(error) => return report.failed("folders", &failure_of(&error)),
    };
    let config = match Config::load(&places.config_file()) {
        Ok(config) => {
            let count = config.tenants.len();
            report.ok(
                "config",
                format!("{}: {count} tenants", places.config_file().display()),
            );
            Some(config)
        }
        Err(error) => {
            report.failed("config", &error.failure());
            None
        }
    };
    folders(report, &places);
    let Some(config) = config else {
        return report.put(
            "tenant",
            State::Skipped,
            "without a configuration no tenant is known",
            "",
        );
    };
    let connected = match open::connect(global, &config, &places) {
        Ok(connected) => connected,
        Err(error) => return report.failed("tenant", &failure_of(&error)),
    };
    let Connected { name, dir, client } = connected;
    report.ok("tenant", format!("{name}: {}", dir.display()));
    mode(report, "tenant folder", &dir, 0o077);
    files(report, &dir);
    match client {
        Ok(client) => online(report, &client).await,
        Err(error) => report.failed("credentials", &failure_of(&error)),
    }
}

fn failure_of(error: &anyhow::Error) -> Failure {
    error
        .downcast_ref::<Failure>()
        .cloned()
        .unwrap_or_else(|| Failure::new(FailureKind::Other, format!("{error:#}"), "", ""))
}

fn folders(report: &mut Report, places: &Places) {
    let config = places.config_file();
    for (name, folder) in [
        (
            "config folder",
            config.parent().unwrap_or(&config).to_owned(),
        ),
        ("log folder", places.logs()),
    ] {
        mode(report, name, &folder, 0o022);
    }
}

/// Whether a folder is ours, and shut to others as far as it has to be.
fn mode(report: &mut Report, name: &'static str, folder: &Path, shut: u32) {
    let Ok(meta) = folder.metadata() else {
        return report.put(
            name,
            State::Skipped,
            format!("{}: not made yet", folder.display()),
            "",
        );
    };
    let bits = meta.permissions().mode() & 0o7777;
    let path = folder.display();
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me {
        let hint = format!("sudo chown -R {me} {path}");
        return report.put(
            name,
            State::Failed,
            format!("{path}: belongs to user {}, not to you", meta.uid()),
            &hint,
        );
    }
    if bits & shut != 0 {
        let hint = format!("chmod go-rwx {path}");
        return report.put(
            name,
            State::Failed,
            format!("{path}: mode {bits:o} lets others in"),
            &hint,
        );
    }
    report.ok(name, format!("{path}: yours, mode {bits:o}"));
}

fn files(report: &mut Report, dir: &Path) {
    for health in health::look(dir) {
        match health.state {
            HealthState::Absent => report.put(
                health.file,
                State::Skipped,
                "not there yet: the first use makes it",
                "",
            ),
            HealthState::Sound { schema, bytes } => {
                let what = if health.file == "audit.jsonl" {
                    format!("{schema} lines, chain intact, {bytes} bytes")
                } else {
                    format!("whole, schema {schema}, {bytes} bytes")
                };
                report.ok(health.file, what);
            }
            HealthState::TooNew { found, known } => report.put(
                health.file,
                State::Failed,
                format!("schema {found} is newer than this program's {known}"),
                "Use the newer program; nothing was changed.",
            ),
            HealthState::Damaged(what) => {
                report.0.push(Check {
                    name: health.file,
                    state: State::Failed,
                    text: format!("damaged: {}", Label::new(&what)),
                    hint: "The next use sets it aside and saves what can be saved; nothing is deleted.".to_owned(),
                    exit: Exit::Damaged,
                });
            }
        }
    }
}

async fn online(report: &mut Report, client: &Client) {
    for (host, port) in client.hosts() {
        match tokio::net::lookup_host((host.as_str(), port)).await {
            Ok(found) => {
                let addresses: Vec<String> = found.map(|at| at.ip().to_string()).take(3).collect();
                report.ok("name", format!("{host}: {}", addresses.join(", ")));
            }
            // A proxy may look names up where this machine cannot.
            Err(error) => report.put(
                "name",
                State::Warning,
                format!("{host}: {error}"),
                "Without a proxy nothing can be reached; see HTTPS_PROXY and the resolver of this machine.",
            ),
        }
    }
    for (name, reached) in [
        ("login host", client.reach_login().await),
        ("Graph host", client.reach_graph().await),
    ] {
        let words = |reached: crate::graph::reach::Reached| {
            format!(
                "{}: answers ({}) in {} ms",
                reached.host, reached.status, reached.millis
            )
        };
        report.call(name, reached.map(words));
    }
    clock(report, client);
    match client.sign_in().await {
        Ok(signed_in) => {
            report.ok("sign-in", format!("as {}", signed_in.account));
            let granted = signed_in.granted.join(", ");
            if !granted.is_empty() {
                report.ok("granted", granted);
            }
        }
        Err(error) => {
            report.failed("sign-in", &error.failure("Signing in"));
            return report.put("calls", State::Skipped, "nobody is signed in", "");
        }
    }
    calls(report, client).await;
}

fn clock(report: &mut Report, client: &Client) {
    match client.server_clock_skew() {
        None => report.put("clock", State::Skipped, "no answer told the time", ""),
        Some(skew) if skew.as_secs().abs() > SKEW => report.put(
            "clock",
            State::Failed,
            format!("the server's clock is {} s away from ours", skew.as_secs()),
            "Set this machine's clock (NTP): tokens and assertions are refused otherwise.",
        ),
        Some(skew) => report.ok(
            "clock",
            format!("within {} s of the server's", skew.as_secs()),
        ),
    }
}

/// Each call that a run needs, on something that nobody has, so that answers are small.
async fn calls(report: &mut Report, client: &Client) {
    let nobody = "00000000-0000-4000-8000-000000000000"
        .parse()
        .expect("a GUID in this file");
    let nowhere = crate::domain::phone::PhoneNumber::from_tenant("+10000000000")
        .expect("the shape of a number");
    let organization = client.organization().await;
    report.call(
        "organization",
        organization.map(|tenant| format!("{} ({})", Label::new(&tenant.name), tenant.id)),
    );
    let skus = client.subscribed_skus().await;
    report.call(
        "subscribedSkus",
        skus.map(|skus| format!("{} products", skus.len())),
    );
    let users = client.users_by_id(&[nobody]).await;
    report.call("users", users.map(|_| "may be read".to_owned()));
    let delta = client.delta_link_now().await;
    report.call("users/delta", delta.map(|_| "may be followed".to_owned()));
    let group = client.find_group("teamsconnector doctor").await;
    report.call("groups", group.map(|_| "may be read".to_owned()));
    let teams = client.teams_user(nobody).await;
    report.call("Teams users", teams.map(|_| "may be read".to_owned()));
    let numbers = client.number(&nowhere).await;
    report.call("Teams numbers", numbers.map(|_| "may be read".to_owned()));
}

fn as_json(report: &Report) -> serde_json::Value {
    let checks: Vec<serde_json::Value> = report
        .0
        .iter()
        .map(|check| {
            json!({
                "name": check.name,
                "state": check.state.word().to_lowercase(),
                "text": Label::new(&check.text).to_string(),
                "hint": check.hint,
            })
        })
        .collect();
    json!({ "schema_version": SCHEMA_VERSION, "checks": checks })
}

fn tell(report: &Report, global: &Global) -> anyhow::Result<()> {
    if global.json {
        return print::data(&serde_json::to_string_pretty(&as_json(report))?);
    }
    for check in &report.0 {
        print::data(&format!(
            "{:<8} {:<15} {}",
            check.state.word(),
            check.name,
            Label::new(&check.text)
        ))?;
        if check.state != State::Ok && !check.hint.is_empty() {
            print::data(&format!("{:<24} -> {}", "", Label::new(&check.hint)))?;
        }
    }
    Ok(())
}
