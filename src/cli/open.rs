//! Opens what a command works on: the tenant of the configuration, or the built-in one, with its files and its client.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::error::cannot_write;
use crate::config::places::Places;
use crate::config::secret::{SECRET_VARIABLE, client_secret};
use crate::config::surroundings::{account_behind, author, names_itself_to_proxy};
use crate::config::{AddUsers, Allow, Config, SignInWay, TenantConfig};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::pace::{Clock, Pace};
use crate::domain::planning::Allowed;
use crate::domain::run::{Outcome, RunEvent, RunKind};
use crate::graph::{Client, Credentials, Setup, SignIn, TokenStore};
use crate::runtime::clock;
use crate::runtime::credentials::{app_of, certificate};
use crate::runtime::leaving::tokens_of;
use crate::runtime::new_tenant::endpoints;
use crate::sim::Simulator;
use crate::store::{Stamp, Store};
use crate::sync::{Person, RunSettings, World};

use super::args::Global;
use super::find::choose;
use super::{demo, offline, print};

/// A tenant, opened.
#[derive(Debug)]
pub(super) struct Opened {
    /// Its name in the configuration.
    pub(super) name: String,
    /// Its configuration.
    pub(super) config: TenantConfig,
    /// The configuration file and the tenant's name in it; the built-in tenant has none.
    pub(super) file: Option<(PathBuf, String)>,
    /// What runs work on.
    pub(super) world: World,
    /// How runs behave.
    pub(super) settings: RunSettings,
    /// The built-in tenant, while it runs.
    pub(super) simulator: Option<Simulator>,
    /// The clock.
    pub(super) clock: Clock,
    /// The application that it is worked with, and where that signs in.
    pub(super) app: String,
    /// Whether it is a bundle that is looked at.
    pub(super) bundle: bool,
    /// A demo's home, removed at the end.
    pub(super) temporary: Option<TempDir>,
}

/// The folders of this call.
pub(super) fn places(global: &Global) -> anyhow::Result<Places> {
    match &global.home {
        Some(home) => Ok(Places::under(home)),
        None => Places::platform().map_err(|error| error.failure().into()),
    }
}

/// Reads the configuration.
pub(super) fn config(places: &Places) -> anyhow::Result<Config> {
    Config::load(&places.config_file()).map_err(|error| error.failure().into())
}

/// The folders of this call with what the configuration says of them, and the configuration.
pub(super) fn located(global: &Global) -> anyhow::Result<(Places, Config)> {
    let places = places(global)?;
    let config = config(&places)?;
    Ok((places.sharing(&config), config))
}

/// Makes the folders, and starts the log file in them.
fn prepare(places: &Places) -> anyhow::Result<()> {
    if let Some(behind) = crate::config::surroundings::sudo_by() {
        print::tell(&format!(
            "Run by sudo: files and tokens of this call belong to the other account, and the audit names {behind} with it."
        ));
    }
    places.prepare().map_err(|error| error.failure())?;
    super::crash::report_into(places.crash());
    crate::telemetry::start(&places.logs()).map_err(|error| no_log(&places.logs(), &error))?;
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        process = std::process::id(),
        "started"
    );
    Ok(())
}

/// The log file cannot be written: where it is, and what to do.
fn no_log(folder: &Path, error: &io::Error) -> Failure {
    let file = folder.join(crate::telemetry::FILE);
    let path = if file.exists() { &file } else { folder };
    Failure::new(
        FailureKind::Config,
        format!("The log file {} could not be opened", file.display()),
        error.to_string(),
        cannot_write(path, error).unwrap_or_else(|| {
            "Nothing was changed. Move what stands in its place away, or name another place with --home DIR.".to_owned()
        }),
    )
}

/// Opens the tenant that was asked for, and says on standard error what its files have been through.
pub(super) async fn open(global: &Global) -> anyhow::Result<Opened> {
    let opened = open_quietly(global).await?;
    opened.world.client.tell_waits(print::tell);
    for note in opened.world.store.notes() {
        print::tell(note);
    }
    Ok(opened)
}

/// The same where the terminal shows a screen: there the notes are part of it.
pub(super) async fn open_quietly(global: &Global) -> anyhow::Result<Opened> {
    match (&global.bundle, &global.demo) {
        (Some(file), _) => offline::open_bundle(file).await,
        (None, Some(scenario)) => open_demo(global, scenario).await,
        (None, None) => open_configured(global).await,
    }
}

async fn open_configured(global: &Global) -> anyhow::Result<Opened> {
    let (places, config) = located(global)?;
    let name = choose(global, &config, &places)?;
    let tenant = config.tenants[&name].clone();
    let client_id = config.client_id(&tenant).ok_or_else(|| {
        Failure::new(
            FailureKind::Config,
            format!("Tenant {name} has no client_id"),
            places.config_file().display().to_string(),
            "Set `client_id` under [defaults] or for the tenant: the id of the app registration.",
        )
    })?;
    let variable = match &global.secret_of {
        Some(app) if *app != app_of(&client_id, &tenant) => Variable::OfAnother,
        _ => Variable::Ours,
    };
    prepare(&places)?;
    let dir = places
        .prepare_tenant(&name)
        .map_err(|error| error.failure())?;
    if let Some(identity) = &tenant.identity {
        places
            .prepare_identity(identity)
            .map_err(|error| error.failure())?;
    }
    // A simulated tenant has the same id at each address.
    let at = |tenant: &TenantConfig| tenant.endpoints.as_ref().map(|at| at.graph.clone());
    let others = config
        .tenants
        .iter()
        .filter(|(other, at_hand)| **other != name && at(at_hand) == at(&tenant))
        .map(|(other, _)| (other.clone(), places.tenant_dir(other)))
        .collect();
    finish(Parts {
        file: Some((places.config_file(), name.clone())),
        tokens: tokens_of(&places, &name, &tenant),
        extra_ca: config.extra_ca,
        name,
        tenant,
        client_id,
        secret: None,
        variable,
        dir,
        others,
        simulator: None,
        temporary: None,
    })
    .await
}

async fn open_demo(global: &Global, scenario: &str) -> anyhow::Result<Opened> {
    if let Some(name) = &global.tenant {
        anyhow::bail!(Failure::new(
            FailureKind::Config,
            format!("--demo and --tenant {name} do not go together"),
            "",
            "The demo has one tenant of its own: leave one of the two out.",
        ));
    }
    let temporary = match &global.home {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new()
                .prefix("teamsconnector-demo-")
                .tempdir()
                .context("No temporary home could be made")?,
        ),
    };
    let home: PathBuf = match (&global.home, &temporary) {
        (Some(home), _) => home.clone(),
        (None, Some(temporary)) => temporary.path().to_owned(),
        (None, None) => unreachable!("a home is given or made"),
    };
    let places = Places::under(&home);
    prepare(&places)?;
    let started = match global.served {
        Some(_) => None,
        None => Some(serve(global, scenario, &places).await?),
    };
    let simulator = match (&global.served, &started) {
        (Some(served), _) => served.as_ref(),
        (None, Some(started)) => started,
        (None, None) => unreachable!("one is served or has been started"),
    };
    let demo = demo::configured(scenario, simulator)?;
    let dir = places.tenant_dir(&demo.name);
    let served = simulator.tenant_id().to_owned();
    let (client_id, secret) = (
        simulator.client_id().to_owned(),
        simulator.client_secret().into(),
    );
    let opened = finish(Parts {
        file: None,
        tokens: TokenStore::File(dir.join("tokens")),
        extra_ca: None,
        name: demo.name.clone(),
        tenant: demo.config.clone(),
        client_id,
        secret: Some(secret),
        variable: Variable::OfAnother,
        dir,
        others: Vec::new(),
        simulator: started,
        temporary,
    })
    .await?;
    let stamp = Stamp {
        at: opened.clock.now(),
        author: "demo".to_owned(),
        run: None,
    };
    demo::seed(&opened.world.store, &demo.scenario, &served, stamp).await?;
    Ok(opened)
}

/// Starts the built-in tenant of a scenario under these folders. Its state stays where a home was named.
pub(super) async fn serve(
    global: &Global,
    scenario: &str,
    places: &Places,
) -> anyhow::Result<Simulator> {
    prepare(places)?;
    demo::start(scenario, places, global.home.is_some(), &clock::system()).await
}

/// A tenant by name, with its files opened, or why they could not be.
pub(super) type KeptStore = (String, Result<Store, Failure>);

/// The files of every tenant of the configuration that has some; no network, and nobody signs in.
pub(super) fn kept_stores(global: &Global) -> anyhow::Result<Vec<KeptStore>> {
    let (places, config) = located(global)?;
    prepare(&places)?;
    let folders = config
        .tenants
        .keys()
        .map(|name| (name.clone(), places.tenant_dir(name)));
    Ok(folders
        .filter(|(_, dir)| dir.join("ledger.db").exists())
        .map(|(name, dir)| {
            let store = match places.check_tenant(&name) {
                Ok(()) => Store::open(&dir).map_err(|error| error.failure()),
                Err(error) => Err(error.failure()),
            };
            (name, store)
        })
        .collect())
}

/// A tenant's folder and its client, with no file opened: for looking at what is wrong.
#[derive(Debug)]
pub(super) struct Connected {
    /// The tenant's name.
    pub(super) name: String,
    /// Its folder, which may not be there.
    pub(super) dir: PathBuf,
    /// Its configuration.
    pub(super) tenant: TenantConfig,
    /// Where a person's tokens are kept.
    pub(super) tokens: TokenStore,
    /// The client, or why there can be none.
    pub(super) client: anyhow::Result<Client>,
}

/// Prepares the client of the tenant that was asked for, and opens nothing.
pub(super) fn connect(
    global: &Global,
    config: &Config,
    places: &Places,
) -> anyhow::Result<Connected> {
    let places = places.clone().sharing(config);
    let name = choose(global, config, &places)?;
    let tenant = config.tenants[&name].clone();
    let dir = places.tenant_dir(&name);
    let client_id = config.client_id(&tenant).unwrap_or_default();
    let parts = Parts {
        file: None,
        tokens: tokens_of(&places, &name, &tenant),
        extra_ca: config.extra_ca.clone(),
        name: name.clone(),
        tenant,
        client_id,
        secret: None,
        variable: Variable::Ours,
        dir: dir.clone(),
        others: Vec::new(),
        simulator: None,
        temporary: None,
    };
    let client = match sign_in(&parts) {
        SignIn::Lacking(why) => Err(anyhow::Error::new(*why)),
        _ => client(&parts, None),
    };
    Ok(Connected {
        name,
        dir,
        tenant: parts.tenant,
        tokens: parts.tokens,
        client,
    })
}

fn client(
    parts: &Parts,
    traffic: Option<mpsc::UnboundedSender<crate::graph::Exchange>>,
) -> anyhow::Result<Client> {
    let client = Client::new(Setup {
        traffic,
        tokens: parts.tokens.clone(),
        extra_ca: parts.extra_ca.clone(),
        proxy_named: names_itself_to_proxy(),
        user: account_behind(),
        ..Setup::new(
            endpoints(&parts.tenant)?,
            Credentials {
                tenant: parts.tenant.tenant_id.clone(),
                client_id: parts.client_id.clone(),
                sign_in: sign_in(parts),
            },
            clock::system(),
        )
    })
    .map_err(|error| error.failure("Preparing the connection"))?;
    Ok(client)
}

/// Whose secret the environment holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Variable {
    /// It may be this tenant's.
    Ours,
    /// It is of another application, or nobody can tell.
    OfAnother,
}

struct Parts {
    file: Option<(PathBuf, String)>,
    tokens: TokenStore,
    extra_ca: Option<PathBuf>,
    name: String,
    tenant: TenantConfig,
    client_id: String,
    secret: Option<secrecy::SecretString>,
    variable: Variable,
    dir: PathBuf,
    /// The other tenants of the configuration at the same place, by name and folder.
    others: Vec<(String, PathBuf)>,
    simulator: Option<Simulator>,
    temporary: Option<TempDir>,
}

async fn finish(parts: Parts) -> anyhow::Result<Opened> {
    let clock = clock::system();
    let store = open_store(&parts.dir)?;
    let (to, traffic) = mpsc::unbounded_channel();
    let client = client(&parts, Some(to))?;
    let app = app_of(&parts.client_id, &parts.tenant);
    let settings = RunSettings {
        group: parts.tenant.group.clone(),
        allowed: allowed(&parts.tenant),
        read_only: parts.tenant.read_only,
        past_limit: false,
        require_ticket: parts.tenant.require_ticket,
        author: author(),
        lease: parts.dir.join("lease"),
        clock: clock.clone(),
        pace: Pace::Real,
        debug: false,
        person: Person::Absent,
        others: parts.others,
    };
    crate::sync::recover_if_free(&store, &settings).await?;
    Ok(Opened {
        file: parts.file,
        name: parts.name,
        config: parts.tenant,
        world: World {
            client,
            store,
            traffic: Some(traffic),
        },
        settings,
        simulator: parts.simulator,
        clock,
        app,
        bundle: false,
        temporary: parts.temporary,
    })
}

/// What may be written to a tenant, by its configuration.
pub(super) fn allowed(tenant: &TenantConfig) -> Allowed {
    Allowed {
        numbers: tenant.allow.contains(&Allow::Numbers),
        location: tenant.allow.contains(&Allow::Location),
        licences: tenant.allow.contains(&Allow::Licences),
    }
}

fn open_store(dir: &Path) -> anyhow::Result<Arc<Store>> {
    let store = Store::open(dir).map_err(|error| error.failure())?;
    Ok(Arc::new(store))
}

/// How the tenant is signed in to. Without its secret or certificate it is opened all the same: what was read before can be looked at.
fn sign_in(parts: &Parts) -> SignIn {
    let found = match parts.tenant.sign_in {
        SignInWay::ClientSecret => secret(parts).map(SignIn::ClientSecret),
        SignInWay::DeviceCode => Ok(SignIn::DeviceCode),
        SignInWay::Browser => Ok(SignIn::Browser),
        SignInWay::Certificate => certificate(&parts.tenant).map(SignIn::Certificate),
    };
    found.unwrap_or_else(|why| SignIn::Lacking(Box::new(why)))
}

/// The variable holds the secret of one application: to another one, or to another host, it is never sent.
fn secret(parts: &Parts) -> Result<secrecy::SecretString, Failure> {
    if let Some(secret) = &parts.secret {
        return Ok(secret.clone());
    }
    let own_file = parts.tenant.secret_file.is_some();
    if parts.variable == Variable::OfAnother && !own_file {
        return Err(Failure::new(
            FailureKind::Config,
            format!("{SECRET_VARIABLE} is not used for {}", parts.name),
            "it holds the secret of one application, and tenants of several are asked for, or were",
            "Nothing was sent. Name `secret_file` for this tenant, or ask for it alone with --tenant.",
        ));
    }
    client_secret(&parts.tenant).map_err(|error| error.failure())
}

impl Opened {
    /// Whether a picklist is built.
    pub(super) fn manual_mode(&self) -> bool {
        self.config.add_users == AddUsers::Manual
    }

    /// Whether a local file was damaged when it was opened.
    pub(super) fn was_damaged(&self) -> bool {
        self.world.store.was_damaged()
    }

    /// The tenant's folder.
    pub(super) fn dir(&self) -> &Path {
        self.settings
            .lease
            .parent()
            .expect("the lease is a file of the tenant's folder")
    }

    /// A stamp for a change made now.
    pub(super) fn stamp(&self) -> Stamp {
        Stamp {
            at: self.clock.now(),
            author: self.settings.author.clone(),
            run: None,
        }
    }

    /// Reads the tenant first if nothing has been read yet, and says so.
    pub(super) async fn need_snapshot(&mut self) -> anyhow::Result<()> {
        if self
            .world
            .store
            .cache
            .head()
            .await
            .map_err(|error| error.failure())?
            .is_some()
        {
            return Ok(());
        }
        if self.bundle {
            return Err(Failure::new(
                FailureKind::Config,
                "This bundle holds no picture of the tenant",
                "nothing had been read from it when the bundle was made",
                "`history` shows the runs that tried.",
            )
            .into());
        }
        print::tell(
            "Nothing has been read from this tenant yet: reading it first (nothing is written).",
        );
        let (events, mut heard) = mpsc::channel::<RunEvent>(64);
        let cancel = CancellationToken::new();
        let settings = self.settings.clone();
        let drain = async { while heard.recv().await.is_some() {} };
        let run = crate::sync::run(&mut self.world, RunKind::Sync, &settings, events, &cancel);
        let ((outcome, _), ()) = tokio::join!(run, drain);
        match outcome {
            Outcome::Failed(failure) => Err(failure.into()),
            Outcome::Done | Outcome::Partly | Outcome::Cancelled | Outcome::Interrupted => Ok(()),
        }
    }
}
