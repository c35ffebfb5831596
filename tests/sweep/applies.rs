//! A program that writes what is queued, without the waits of the real one for the tenant: a process of its own, so that it can be
//! killed. Where nobody has asked for it, it is a test that does nothing.

use std::path::Path;
use std::process::Command;

use teamsconnector::domain::pace::{Clock, Pace};
use teamsconnector::domain::run::{Outcome, RunEvent, RunKind};
use teamsconnector::graph::endpoints::Endpoints;
use teamsconnector::graph::{Client, Credentials, Setup, SignIn};
use teamsconnector::sim::Simulator;
use teamsconnector::store::Store;
use teamsconnector::sync::{self, RunSettings, World};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::bench::{noon, run_settings};

/// Folder of the tenant, its address, its id, the application and its secret.
const ASKED: [&str; 5] = [
    "APPLIES_IN",
    "APPLIES_AT",
    "APPLIES_TO",
    "APPLIES_AS",
    "APPLIES_BY",
];

/// The call that applies what is queued under a home.
pub(crate) fn command(home: &Path, simulator: &Simulator) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args([
            "--exact",
            "applies::what_is_queued_is_written",
            "--nocapture",
        ])
        .env("PATH", "/usr/bin:/bin")
        .env(ASKED[0], home.join("tenants/contoso"))
        .env(ASKED[1], simulator.base_url())
        .env(ASKED[2], simulator.tenant_id())
        .env(ASKED[3], simulator.client_id())
        .env(ASKED[4], simulator.client_secret());
    command
}

#[expect(
    clippy::disallowed_methods,
    reason = "how a test hands over to its own process, which the program does not read"
)]
fn asked(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[tokio::test]
async fn what_is_queued_is_written() {
    let [
        Some(folder),
        Some(base),
        Some(tenant),
        Some(client_id),
        Some(secret),
    ] = ASKED.map(asked)
    else {
        return;
    };
    let folder = Path::new(&folder);
    let clock = Clock::fixed(noon());
    let settings = RunSettings {
        author: "root".to_owned(),
        ..run_settings(folder, &clock)
    };
    let setup = Setup {
        pace: Pace::Instant,
        user: "root".to_owned(),
        ..Setup::new(
            Endpoints::custom(&base, &base).unwrap(),
            Credentials {
                tenant,
                client_id,
                sign_in: SignIn::ClientSecret(secret.as_str().into()),
            },
            clock,
        )
    };
    let mut world = World {
        client: Client::new(setup).unwrap(),
        store: Store::open(folder).unwrap().into(),
        traffic: None,
    };
    // As the real one does: what is not known is settled by reading, what is left is planned and written.
    if let Some(apply) = one_run(&mut world, RunKind::Sync, &settings).await {
        one_run(&mut world, apply, &settings).await;
    }
}

/// One run that tells what it does; the run that its plan asks for.
async fn one_run(world: &mut World, kind: RunKind, settings: &RunSettings) -> Option<RunKind> {
    let (events, mut heard) = mpsc::channel(1);
    let cancel = CancellationToken::new();
    let run = sync::run(world, kind, settings, events, &cancel);
    let listen = async {
        let mut plan = None;
        while let Some(event) = heard.recv().await {
            match event {
                RunEvent::Log(line) => println!("{line}"),
                RunEvent::PlanReady(ready) => plan = Some(ready),
                _ => {}
            }
        }
        plan
    };
    let ((outcome, summary), plan) = tokio::join!(run, listen);
    let ended = matches!(outcome, Outcome::Done | Outcome::Partly);
    assert!(ended, "{outcome:?} {summary:?}");
    let entries: Vec<_> = plan?.items.iter().map(|item| item.entry).collect();
    (!entries.is_empty()).then_some(RunKind::Apply { entries })
}
