//! `--bundle FILE`: the screens and commands that only look, on what a bundle holds. No network, no lease, nothing kept.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use crate::config::TenantConfig;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::pace::{Clock, Pace};
use crate::domain::planning::Allowed;
use crate::graph::endpoints::Endpoints;
use crate::graph::{Client, Credentials, Setup, SignIn};
use crate::ops::bundle::open;
use crate::runtime::clock;
use crate::store::Store;
use crate::sync::{Person, RunSettings, World};

use super::args::looking_back::HistoryWhat;
use super::args::{Command, Global, OutboxWhat, SeatsWhat, UsersWhat};
use super::open::Opened;

/// The discard port of this machine, where nothing answers: no call is made, and one that were would reach nobody.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Whether a command only looks at what a bundle holds.
pub(super) fn allowed(global: &Global, command: Option<&Command>) -> anyhow::Result<()> {
    let Some(file) = &global.bundle else {
        return Ok(());
    };
    let refused = |headline: String, hint: &str| {
        let detail = format!("{} is only looked at", file.display());
        Err(Failure::new(FailureKind::Config, headline, detail, hint).into())
    };
    if global.tenant.is_some() || global.demo.is_some() {
        let headline = "--bundle does not go together with --tenant or --demo".to_owned();
        return refused(
            headline,
            "A bundle has one tenant of its own: leave one out.",
        );
    }
    let looks = match command {
        None | Some(Command::Candidates(_) | Command::Numbers(_) | Command::Licences) => true,
        Some(Command::Why(why)) => !why.live,
        Some(Command::History(history)) => matches!(
            history.what,
            None | Some(HistoryWhat::List | HistoryWhat::Show { .. } | HistoryWhat::Diff { .. })
        ),
        Some(Command::Users(users)) => {
            matches!(users.what, UsersWhat::List | UsersWhat::Show { .. })
        }
        Some(Command::Outbox(outbox)) => matches!(outbox.what, OutboxWhat::List { .. }),
        Some(Command::Seats(seats)) => matches!(seats.what, SeatsWhat::Show),
        Some(_) => false,
    };
    if looks {
        return Ok(());
    }
    refused(
        "This cannot be done with a bundle".to_owned(),
        "With --bundle: the console, why, history, users list, users show, candidates, numbers, licences, outbox list, seats show.",
    )
}

/// Opens a bundle.
pub(super) async fn open_bundle(file: &Path) -> anyhow::Result<Opened> {
    let temporary = tempfile::Builder::new()
        .prefix("teamsconnector-bundle-")
        .tempdir()
        .context("No temporary folder could be made")?;
    let dir = temporary.path().join("tenant");
    let manifest = open::open(file, &dir)?;
    let store = Store::open(&dir).map_err(|error| error.failure())?;
    if store.was_damaged() {
        return Err(Failure::new(
            FailureKind::Config,
            format!("{} cannot be opened as a bundle", file.display()),
            "its rows are not those of a tenant",
            "Nothing of it was kept. Ask for the bundle again.",
        )
        .into());
    }
    let pin = store
        .ledger
        .load()
        .await
        .map_err(|error| error.failure())?
        .pin;
    let tenant_id = pin.map_or_else(String::new, |pin| pin.tenant.to_string());
    let clock = clock_of(manifest.made_at);
    let config = TenantConfig::new(tenant_id);
    Ok(Opened {
        name: manifest.tenant,
        world: World {
            client: nobody(&config, &clock)?,
            store: Arc::new(store),
            traffic: None,
        },
        settings: RunSettings {
            group: None,
            allowed: Allowed {
                numbers: false,
                location: false,
                licences: false,
            },
            read_only: true,
            past_limit: false,
            require_ticket: false,
            author: "bundle".to_owned(),
            lease: dir.join("lease"),
            clock: clock.clone(),
            pace: Pace::Real,
            debug: false,
            person: Person::Absent,
            others: Vec::new(),
        },
        config,
        file: None,
        simulator: None,
        clock,
        app: String::new(),
        bundle: true,
        temporary: Some(temporary),
    })
}

/// A clock that was right when the bundle was made: what had run out by then has, and nothing else.
fn clock_of(made_at: jiff::Timestamp) -> Clock {
    let system = clock::system();
    let apart = system.now().duration_since(made_at);
    Clock::new(move || system.now().checked_sub(apart).unwrap_or(made_at))
}

/// A client that has nobody to talk to.
fn nobody(config: &TenantConfig, clock: &Clock) -> anyhow::Result<Client> {
    let client = Client::new(Setup::new(
        Endpoints::custom(NOWHERE, NOWHERE).expect("the address above is one of this machine"),
        Credentials {
            tenant: config.tenant_id.clone(),
            client_id: String::new(),
            sign_in: SignIn::DeviceCode,
        },
        clock.clone(),
    ))
    .map_err(|error| error.failure("Preparing the connection"))?;
    Ok(client)
}
