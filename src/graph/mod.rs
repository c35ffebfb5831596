//! Microsoft Graph and Entra ID over HTTP: the only place that knows tokens, JSON and HTTP.
//!
//! Gives and takes values of `domain`; knows nothing of stores, screens or runs. Invariants: a token is attached only after
//! the address has been checked against the configured Graph origin, and redirects are never followed. A write is sent again
//! only where the reply says that it was not carried out.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::domain::failure::Failure;
use crate::domain::guid::TenantId;
use crate::domain::pace::{Clock, Pace};
use crate::domain::planning::Allowed;

pub(crate) use self::ahead::ended;
use self::certificate::Certificate;
use self::endpoints::Endpoints;
use self::error::{GraphError, Reply};
use self::exchange::Wire;
use self::keyring::Keyring;
pub(crate) use self::mailbox::come;
use self::patience::Patience;
use self::retry::LONGEST_WAIT;
use self::token_file::{Bound, TokenFile};
use self::vault::Vault;

pub mod aadsts;
mod ahead;
pub mod auth;
mod body;
mod browser;
pub mod certificate;
mod challenge;
pub mod delay;
pub mod delta;
mod echo;
pub mod endpoints;
mod entra;
pub mod error;
mod exchange;
pub mod groups;
mod hints;
pub mod keyring;
mod lean;
pub mod licences;
pub mod local;
mod loopback;
mod mailbox;
#[cfg(test)]
mod malformed;
mod page;
pub mod partial;
pub mod patience;
pub mod reach;
mod refusal;
mod retry;
pub mod scopes;
mod send;
pub mod teams;
mod teams_rows;
#[cfg(test)]
mod testserver;
mod token_file;
mod trust;
mod user_rows;
pub mod users;
mod vault;
mod wire;

/// Which application signs in to which tenant, and how.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The tenant: its id, or a verified domain.
    pub tenant: String,
    /// The application (client) id.
    pub client_id: String,
    /// How.
    pub sign_in: SignIn,
}

/// A way to sign in.
#[derive(Debug, Clone)]
pub enum SignIn {
    /// The application itself, with its secret: nobody is asked.
    ClientSecret(SecretString),
    /// The application itself, with a certificate that it is known by: nobody is asked.
    Certificate(Certificate),
    /// A person, who types a code into a browser on any machine. [`Client::sign_in_by_code`] asks.
    DeviceCode,
    /// A person, whose browser can reach a port of this machine. [`Client::sign_in_by_browser`] asks.
    Browser,
    /// The application itself, whose secret or certificate cannot be had: why not. What was read before can be looked at.
    Lacking(Box<Failure>),
}

impl SignIn {
    /// Whether the application signs in for itself, with nobody behind it.
    pub fn is_app_only(&self) -> bool {
        matches!(
            self,
            Self::ClientSecret(_) | Self::Certificate(_) | Self::Lacking(_)
        )
    }
}

/// Where the tokens of a person outlive the program. An application's are never kept: it can ask again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenStore {
    /// Nowhere.
    Memory,
    /// In this file, which only its owner can read. Its folder exists, and only its owner can enter it.
    File(PathBuf),
    /// In the keyring of the desktop, if it answers within two seconds; else in the file.
    Keyring {
        /// The file.
        file: PathBuf,
        /// The program that reaches the keyring, [`keyring::TOOL`].
        tool: PathBuf,
    },
    /// In this file, one of several for the tenants of one account, which end in `.tokens` and lie in one folder. A tenant that
    /// was not signed in to yet is opened by what the account's last sign-in to another has left.
    OfAccount(PathBuf),
}

impl TokenStore {
    /// Whether what is kept in its file can be read; nothing is changed. True where nothing is kept.
    pub fn is_whole(&self) -> bool {
        match self {
            Self::Memory => true,
            Self::File(path) | Self::OfAccount(path) | Self::Keyring { file: path, .. } => {
                path.symlink_metadata().is_err() || token_file::is_whole(path)
            }
        }
    }
}

/// All that a client needs.
#[derive(Debug)]
pub struct Setup {
    /// Where.
    pub endpoints: Endpoints,
    /// Who.
    pub credentials: Credentials,
    /// What time it is.
    pub clock: Clock,
    /// How long waits take.
    pub pace: Pace,
    /// Where a line for each request goes, if anywhere.
    pub traffic: Option<UnboundedSender<Exchange>>,
    /// Where tokens are kept.
    pub tokens: TokenStore,
    /// A PEM file with certificates that are trusted besides those of the system.
    pub extra_ca: Option<PathBuf>,
    /// Whether the environment gives a name (and a password) for the proxy.
    pub proxy_named: bool,
    /// The account that this program runs as, for the line that forwards a port to it.
    pub user: String,
}

impl Setup {
    /// A client that keeps its tokens in memory and tells nobody of its requests; the other fields are set beside it.
    pub fn new(endpoints: Endpoints, credentials: Credentials, clock: Clock) -> Self {
        Self {
            endpoints,
            credentials,
            clock,
            pace: Pace::Real,
            traffic: None,
            tokens: TokenStore::Memory,
            extra_ca: None,
            proxy_named: false,
            user: String::new(),
        }
    }
}

/// One request and its reply, for a debug log. Holds no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// HTTP method.
    pub method: &'static str,
    /// Path and query, with long page tokens cut.
    pub path: String,
    /// HTTP status; `None` when no reply came.
    pub status: Option<u16>,
    /// From sending to the last byte of the reply, in milliseconds.
    pub millis: u64,
    /// `request-id` of the reply, else the `client-request-id` that was sent.
    pub request_id: String,
    /// What follows from it, such as "retry after 10 s".
    pub note: String,
}

/// Who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The tenant, where a token tells.
    pub tenant: Option<TenantId>,
    /// The person's sign-in name, or "app" and the client id.
    pub account: String,
    /// Permissions that the token carries, where it tells.
    pub granted: Vec<String>,
}

/// The connection to one tenant. Cheap to clone; all clones share token, throttle gate and connections. The second part says
/// how it waits for a person, if it does, the third who is told of what it waits for, the fourth what ends a wait.
#[derive(Clone)]
pub struct Client(
    Arc<Inner>,
    Option<Patience>,
    Option<UnboundedSender<delay::Heard>>,
    Option<CancellationToken>,
);

pub(crate) struct Inner {
    endpoints: Endpoints,
    credentials: Credentials,
    user: String,
    /// What may be written, and so which permissions a person is asked for.
    allowed: Mutex<Allowed>,
    wire: Wire,
    pace: Pace,
    vault: tokio::sync::Mutex<Vault>,
    /// Counts the sign-ins of persons, for those who wait for one.
    sign_ins: watch::Sender<u64>,
    /// The tenant of the last token that was turned away.
    stranger: Mutex<Option<TenantId>>,
    /// What a policy wants to see fulfilled by the next token, until there is one.
    claims: Mutex<Option<String>>,
    /// Whom it is told what is waited for.
    told: Mutex<fn(&str)>,
    /// Before this time nothing is sent: one gate for all requests of the tenant.
    not_before: Mutex<Option<Timestamp>>,
}

impl Client {
    /// Prepares the connection. Nothing is sent.
    pub fn new(setup: Setup) -> Result<Self, GraphError> {
        let wire = Wire::new(
            &setup.endpoints,
            (setup.extra_ca.as_deref(), setup.proxy_named),
            setup.clock,
            setup.traffic,
        )?;
        let many = matches!(setup.tokens, TokenStore::OfAccount(_));
        let ring = match &setup.tokens {
            TokenStore::Keyring { file, tool } => Some(Keyring::new(
                tool.clone(),
                file.to_string_lossy().into_owned(),
            )),
            TokenStore::File(_) | TokenStore::OfAccount(_) | TokenStore::Memory => None,
        };
        let file = match setup.tokens {
            TokenStore::File(path)
            | TokenStore::OfAccount(path)
            | TokenStore::Keyring { file: path, .. }
                if !setup.credentials.sign_in.is_app_only() =>
            {
                let bound = Bound {
                    login: setup.endpoints.login.to_string(),
                    graph: setup.endpoints.graph.to_string(),
                    tenant: setup.credentials.tenant.clone(),
                    client_id: setup.credentials.client_id.clone(),
                };
                let file = TokenFile::new(path, bound).with_keyring(ring);
                Some(if many { file.of_account() } else { file })
            }
            TokenStore::File(_)
            | TokenStore::OfAccount(_)
            | TokenStore::Keyring { .. }
            | TokenStore::Memory => None,
        };
        let inner = Inner {
            endpoints: setup.endpoints,
            credentials: setup.credentials,
            user: setup.user,
            allowed: Mutex::new(Allowed::default()),
            wire,
            pace: setup.pace,
            vault: tokio::sync::Mutex::new(Vault::new(file)),
            sign_ins: watch::Sender::new(0),
            stranger: Mutex::new(None),
            claims: Mutex::new(None),
            told: Mutex::new(|_| {}),
            not_before: Mutex::new(None),
        };
        Ok(Self(Arc::new(inner), None, None, None))
    }

    /// From now on a person is asked for the permissions to write this, and no other. Nothing is sent by this call.
    pub fn allow_write(&self, allowed: Allowed) {
        *self.allowed() = allowed;
    }

    fn allowed(&self) -> std::sync::MutexGuard<'_, Allowed> {
        // A panic while it was held cannot have left half a value.
        self.0
            .allowed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The tenant of a token, or of an answer, that was turned away since [`Self::forget_stranger`]: who met one call of many writes nothing more,
    /// whatever that call was.
    pub fn stranger(&self) -> Option<TenantId> {
        *self.met()
    }

    /// An answer came from this other tenant: as with a token, nothing more is written.
    pub fn meet_stranger(&self, tenant: TenantId) {
        *self.met() = Some(tenant);
    }

    /// Something new begins.
    pub fn forget_stranger(&self) {
        *self.met() = None;
    }

    fn met(&self) -> std::sync::MutexGuard<'_, Option<TenantId>> {
        // A panic while it was held cannot have left half an id.
        self.0
            .stranger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on it is told there what another program keeps this one waiting for. The log has it in any case.
    pub fn tell_waits(&self, tell: fn(&str)) {
        *self.0.told.lock().unwrap_or_else(PoisonError::into_inner) = tell;
    }

    fn told(&self) -> fn(&str) {
        // A panic while it was held cannot have left half a pointer.
        *self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn claims(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        // A panic while it was held cannot have left half a text.
        self.0.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the server's clock is ahead of ours, by the last reply that had a date.
    pub fn server_clock_skew(&self) -> Option<SignedDuration> {
        self.0.wire.skew()
    }

    /// Waits as long as `asked` says, at the pace that was handed in.
    async fn wait(&self, asked: Duration) {
        tokio::time::sleep(self.0.pace.wait(asked)).await;
    }

    /// Waits; false when whoever asked no longer wants to, and what it waited for is then not sent.
    async fn waits(&self, asked: Duration) -> bool {
        let Some(leave) = &self.3 else {
            self.wait(asked).await;
            return true;
        };
        tokio::select! {
            biased;
            () = leave.cancelled() => false,
            () = self.wait(asked) => true,
        }
    }

    /// Waits until the gate is open. A gate that stays closed for long is an error: waiting is then the caller's.
    async fn pass_gate(&self) -> Result<(), GraphError> {
        // The gate may be closed for longer while it is waited for: requests that were under way are answered, too.
        let mut waited = None;
        while let Some(wait) = self.closed_for() {
            let until = *self.gate();
            if until <= waited {
                break;
            }
            waited = until;
            if wait > LONGEST_WAIT || !self.waits(wait).await {
                return Err(GraphError::Throttled {
                    after: wait,
                    reply: Box::new(Reply {
                        status: 429,
                        message: "Graph asked to wait, and the time has not passed".to_owned(),
                        ..Reply::default()
                    }),
                });
            }
        }
        Ok(())
    }

    fn graph_host(&self) -> &str {
        self.0.endpoints.graph.host_str().unwrap_or_default()
    }

    /// How long the gate stays closed.
    fn closed_for(&self) -> Option<Duration> {
        let closed_until = *self.gate();
        closed_until
            .and_then(|at| Duration::try_from(at.duration_since(self.0.wire.now())).ok())
            .filter(|wait| !wait.is_zero())
    }

    /// Closes the gate for a while, for all clones.
    fn close_gate(&self, during: Duration) {
        let until = self
            .0
            .wire
            .now()
            .checked_add(SignedDuration::try_from(during).unwrap_or(SignedDuration::MAX));
        let mut gate = self.gate();
        *gate = (*gate).max(until.ok());
    }

    fn gate(&self) -> std::sync::MutexGuard<'_, Option<Timestamp>> {
        // A panic while it was held cannot have left half a timestamp.
        self.0
            .not_before
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("graph", &self.0.endpoints.graph.as_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::testserver::{SECRET, Stage, tokens};
    use super::*;

    fn is_send<T: Send>(_: &T) {}

    #[test]
    fn every_call_can_run_in_a_task_of_its_own() {
        let stage = Stage::new(tokens());
        let client = &stage.client;
        let link = delta::DeltaLink::from_stored(String::new());
        let mut users = client.list_users();
        let mut changes = client.changed_users(&link);
        is_send(&users.next());
        is_send(&changes.next());
        is_send(&client.sign_in());
        is_send(&client.numbers());
        is_send(&client.find_user("x"));
        is_send(&client.find_group("x"));
    }

    #[test]
    fn a_setup_can_be_printed_without_harm() {
        let setup = Setup {
            user: "pat".to_owned(),
            ..Setup::new(
                Endpoints::cloud(endpoints::Cloud::Global),
                Credentials {
                    tenant: "contoso.com".to_owned(),
                    client_id: "app-1".to_owned(),
                    sign_in: SignIn::ClientSecret(SECRET.to_owned().into()),
                },
                Clock::fixed(Timestamp::UNIX_EPOCH),
            )
        };
        assert!(!format!("{setup:?}").contains(SECRET));
    }
}
