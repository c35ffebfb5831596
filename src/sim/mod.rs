//! A simulated tenant: an HTTP server on a loopback port that answers like Entra ID and Microsoft Graph.
//!
//! The demo runs against it, and so do the tests. It is a world of its own: it was written from the public contract
//! and shares no type with the client, so that a mistake of one does not hide behind the same mistake of the other.
//! It reads no clock but the one that it is given.
//!
//! Beside Graph there is a control plane without tokens, under `/_sim/`: `GET state`, `GET users/{key}`,
//! `POST users`, `PATCH users/{key}`, `DELETE users/{key}`, `POST numbers`, `POST users/{key}/assignLicense`, `PUT groups/{name}`, `PUT tenant`,
//! `POST knobs`, `GET log`, `GET issued`, `GET held?N` (answers once more than N answers are held back). What is changed there is what another administrator would have changed.

mod access;
mod amend;
mod app_sign_in;
mod batch;
mod catalogue;
mod chance;
mod control;
mod crowd;
mod delta;
mod described;
mod directory;
mod entra;
mod filter;
mod groups;
mod inventory;
mod issue;
mod json;
mod knobs;
mod licences;
mod mix;
mod names;
mod numbers;
mod operations;
mod organization;
mod pack;
mod page;
mod persist;
mod person;
mod properties;
mod query;
mod rendered;
mod scenarios;
mod seed;
mod server;
mod sign_in;
mod state;
mod syntax;
mod teams;
mod tenant;
mod token;
mod user_json;
mod wire;
mod world;

#[cfg(test)]
mod over_the_wire;

use std::fmt;
use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use persist::Kept;
use tenant::Tenant;
use world::World;

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// A tenant that can be simulated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// About forty accounts, among whom every symptom occurs.
    Tour,
    /// 15 enabled accounts, 13 licensed, none with a Phone System.
    NoPhoneSystem,
    /// 399 enabled accounts, 108 with a Phone System, 104 of those with a Calling Plan.
    CallingPlans,
    /// 76 enabled accounts, and no group called `bad-group-name`.
    BadGroup,
    /// 12 healthy accounts, and a group that nobody is in.
    EmptyGroup,
    /// 12 healthy accounts, and two groups of one name.
    AmbiguousGroup,
    /// 12 healthy accounts, and a group whose members are shown to nobody.
    HiddenGroup,
    /// 8 accounts with numbers, for a trial that is over.
    TrialEnded,
    /// 6 healthy accounts, for a tenant whose users are added by hand.
    Manual,
    /// 9 accounts with a Phone System, 3 of those with Communications Credits.
    CommunicationsCredits,
    /// 8 accounts with numbers, for more users than seats.
    SeatsShort,
    /// 8 accounts of whom an import file knows 5 by their right address.
    AfterImport,
    /// Numbers of one country, usage locations of others.
    WrongCountry,
    /// Numbers that come from an on-premises Active Directory.
    Dirsync,
    /// Another customer's tenant.
    OtherTenant,
    /// The tour's accounts, behind a policy that lets nobody sign in with a code; a browser is let in.
    CodeBlocked,
    /// A tenant of so many accounts.
    Size(u64),
}

/// A name that is no scenario's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no scenario '{name}'; there are {} and size:N", Scenario::NAMES.join(", "))]
pub struct UnknownScenario {
    name: String,
}

impl Scenario {
    /// The names of all scenarios that have one; `size:N` comes beside them.
    pub const NAMES: &[&str] = &[
        "tour",
        "no-phone-system",
        "calling-plans",
        "bad-group",
        "empty-group",
        "ambiguous-group",
        "hidden-group",
        "trial-ended",
        "manual",
        "communications-credits",
        "seats-short",
        "after-import",
        "wrong-country",
        "dirsync",
        "other-tenant",
        "code-blocked",
    ];

    const NAMED: &[Self] = &[
        Self::Tour,
        Self::NoPhoneSystem,
        Self::CallingPlans,
        Self::BadGroup,
        Self::EmptyGroup,
        Self::AmbiguousGroup,
        Self::HiddenGroup,
        Self::TrialEnded,
        Self::Manual,
        Self::CommunicationsCredits,
        Self::SeatsShort,
        Self::AfterImport,
        Self::WrongCountry,
        Self::Dirsync,
        Self::OtherTenant,
        Self::CodeBlocked,
    ];

    /// Reads a name such as `tour` or `size:1000`.
    pub fn parse(name: &str) -> Result<Self, UnknownScenario> {
        let unknown = || UnknownScenario {
            name: name.to_owned(),
        };
        if let Some(size) = name.strip_prefix("size:") {
            return size.parse().map(Self::Size).map_err(|_| unknown());
        }
        Self::NAMES
            .iter()
            .zip(Self::NAMED)
            .find(|(known, _)| **known == name)
            .map(|(_, scenario)| scenario.clone())
            .ok_or_else(unknown)
    }

    /// The name, as [`Scenario::parse`] reads it.
    pub fn name(&self) -> String {
        match self {
            Self::Size(size) => format!("size:{size}"),
            named => Self::NAMED
                .iter()
                .zip(Self::NAMES)
                .find(|(known, _)| *known == named)
                .map_or_else(String::new, |(_, name)| (*name).to_owned()),
        }
    }

    fn size(&self) -> Option<u64> {
        match self {
            Self::Size(size) => Some(*size),
            _ => None,
        }
    }
}

/// How a simulator is started.
#[derive(Clone)]
pub struct Options {
    /// Which tenant.
    pub scenario: Scenario,
    /// A loopback address; port 0 takes any that is free.
    pub listen: SocketAddr,
    /// A folder in which the tenant is kept from one start to the next.
    pub state_dir: Option<PathBuf>,
    /// Tells the time, for tokens, dates and lags.
    pub clock: Clock,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("scenario", &self.scenario)
            .field("listen", &self.listen)
            .field("state_dir", &self.state_dir)
            .finish_non_exhaustive()
    }
}

/// Why a simulator did not start.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The address is not of this machine alone.
    #[error("{address} is not a loopback address; the simulated tenant has no protection but that")]
    NotLoopback {
        /// The address that was asked for.
        address: SocketAddr,
    },
    /// The port could not be had.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address that was asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// Another process serves the tenant of this folder.
    #[error("another process keeps the simulated tenant in {}: close that console or simulator first", folder.display())]
    Kept {
        /// The folder.
        folder: PathBuf,
    },
    /// The tenant's file could not be read or written.
    #[error("cannot keep the simulated tenant in {}: {source}", path.display())]
    State {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The tenant's file was written by another version.
    #[error("{} is of form {found}, and this version reads form {known}", path.display())]
    Form {
        /// The file.
        path: PathBuf,
        /// Its form.
        found: u32,
        /// The form that can be read.
        known: u32,
    },
}

/// A simulated tenant that is being served. Dropping it ends it.
pub struct Simulator {
    address: SocketAddr,
    tenant_id: String,
    client_id: String,
    client_secret: String,
    stop: Option<oneshot::Sender<()>>,
    task: Option<JoinHandle<()>>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("address", &self.address)
            .field("tenant_id", &self.tenant_id)
            .finish_non_exhaustive()
    }
}

impl Simulator {
    /// Makes or loads the tenant and serves it, on the runtime of the caller.
    pub async fn start(options: Options) -> Result<Self, SimError> {
        let address = options.listen;
        if !address.ip().is_loopback() {
            return Err(SimError::NotLoopback { address });
        }
        let Place { tenant, file, lock } = tenant_for(&options)?;
        let listener = TcpListener::bind(address)
            .await
            .map_err(|source| SimError::Listen { address, source })?;
        let address = listener
            .local_addr()
            .map_err(|source| SimError::Listen { address, source })?;
        let (tenant_id, client_id, client_secret) = (
            tenant.id.clone(),
            tenant.client_id.clone(),
            tenant.client_secret.clone(),
        );
        let world = Arc::new(Mutex::new(World::new(tenant, options.clock, file)));
        let (stop, stopped) = oneshot::channel::<()>();
        let service = server::router(world).into_make_service_with_connect_info::<server::Limit>();
        let serving =
            axum::serve(server::Door::new(listener), service).with_graceful_shutdown(async {
                // Both a message and a dropped sender mean the same.
                let _either = stopped.await;
            });
        #[expect(
            clippy::disallowed_methods,
            reason = "the server runs for as long as the simulator is held, beside its holder"
        )]
        let task = tokio::spawn(async move {
            // The server ends only when it is told to; it has no error of its own.
            let _never = serving.await;
            // Until here a request could still have written the tenant's file.
            drop(lock);
        });
        Ok(Self {
            address,
            tenant_id,
            client_id,
            client_secret,
            stop: Some(stop),
            task: Some(task),
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.address
    }

    /// The address of both Entra ID and Graph, without a slash at its end.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The tenant's id.
    pub fn tenant_id(&self) -> &str {
        &self.tenant_id
    }

    /// The id of the application that is registered in the tenant.
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The application's secret.
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// Ends the server, and waits until its port is free.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        if let Some(task) = self.task.take() {
            // A task that has panicked has ended as well.
            let _ended = task.await;
        }
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.stop.take());
    }
}

/// The tenant, with where it is kept.
struct Place {
    tenant: Tenant,
    file: Option<PathBuf>,
    /// Held for as long as the tenant is served.
    lock: Option<File>,
}

/// The tenant of its file, or a new one.
fn tenant_for(options: &Options) -> Result<Place, SimError> {
    let scenario = &options.scenario;
    let build = || scenarios::build(scenario, (options.clock)());
    let Some(folder) = &options.state_dir else {
        return Ok(Place {
            tenant: build(),
            file: None,
            lock: None,
        });
    };
    let wrong = |path: &Path| {
        let path = path.to_owned();
        move |source| SimError::State { path, source }
    };
    std::fs::create_dir_all(folder).map_err(wrong(folder))?;
    let name = scenario.name().replace(':', "-");
    let lock = persist::lock(&folder.join(format!("{name}.lock")))
        .map_err(wrong(folder))?
        .ok_or_else(|| SimError::Kept {
            folder: folder.clone(),
        })?;
    let file = folder.join(format!("{name}.json"));
    let tenant = match persist::load(&file, &scenario.name()).map_err(wrong(&file))? {
        Kept::Tenant(mut tenant) => {
            tenant.restore(scenario.size());
            *tenant
        }
        Kept::OtherForm(found) => {
            return Err(SimError::Form {
                path: file,
                found,
                known: tenant::FORM,
            });
        }
        nothing_usable => {
            if let Kept::Damaged(error) = nothing_usable {
                let aside = persist::put_aside(&file, (options.clock)()).map_err(wrong(&file))?;
                tracing::warn!(aside = %aside.display(), %error, "a damaged simulated tenant is made anew");
            }
            let tenant = build();
            persist::save(&tenant, &file).map_err(wrong(&file))?;
            tenant
        }
    };
    Ok(Place {
        tenant,
        file: Some(file),
        lock: Some(lock),
    })
}
