//! Microsoft Graph and Entra ID over HTTP: the only place that knows tokens, JSON and HTTP.
//!
//! Gives and takes values of `domain`; knows nothing of stores, screens or runs. Invariants: a token is attached only after
//! the address has been checked against the configured Graph origin, and redirects are never followed. A write is sent again
//! only where the reply says that it was not carried out.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tokio::sync::mpsc::UnboundedSender;

use crate::domain::guid::TenantId;
use crate::domain::pace::{Clock, Pace};

use self::endpoints::Endpoints;
use self::error::{GraphError, Reply};
use self::exchange::Wire;
use self::retry::LONGEST_WAIT;
use self::vault::Vault;

pub mod auth;
pub mod delta;
pub mod endpoints;
mod entra;
pub mod error;
mod exchange;
pub mod groups;
mod hints;
pub mod licences;
mod page;
pub mod partial;
pub mod reach;
mod refusal;
mod retry;
mod send;
pub mod teams;
mod teams_rows;
#[cfg(test)]
mod testserver;
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
    /// A person, who types a code into a browser on any machine. [`Client::sign_in_by_code`] asks.
    DeviceCode,
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
    /// Whether a signed-in person is asked for the permissions to write as well.
    pub want_write: bool,
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

/// The connection to one tenant. Cheap to clone; all clones share token, throttle gate and connections.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

pub(crate) struct Inner {
    endpoints: Endpoints,
    credentials: Credentials,
    want_write: bool,
    wire: Wire,
    pace: Pace,
    vault: tokio::sync::Mutex<Vault>,
    /// Before this time nothing is sent: one gate for all requests of the tenant.
    not_before: Mutex<Option<Timestamp>>,
}

impl Client {
    /// Prepares the connection. Nothing is sent.
    pub fn new(setup: Setup) -> Result<Self, GraphError> {
        let wire = Wire::new(&setup.endpoints, setup.clock, setup.traffic)?;
        Ok(Self(Arc::new(Inner {
            endpoints: setup.endpoints,
            credentials: setup.credentials,
            want_write: setup.want_write,
            wire,
            pace: setup.pace,
            vault: tokio::sync::Mutex::new(Vault::default()),
            not_before: Mutex::new(None),
        })))
    }

    /// How far the server's clock is ahead of ours, by the last reply that had a date.
    pub fn server_clock_skew(&self) -> Option<SignedDuration> {
        self.0.wire.skew()
    }

    /// Waits as long as `asked` says, at the pace that was handed in.
    async fn wait(&self, asked: Duration) {
        tokio::time::sleep(self.0.pace.wait(asked)).await;
    }

    /// Waits until the gate is open. A gate that stays closed for long is an error: waiting is then the caller's.
    async fn pass_gate(&self) -> Result<(), GraphError> {
        let closed_until = *self.gate();
        let Some(wait) = closed_until
            .and_then(|at| Duration::try_from(at.duration_since(self.0.wire.now())).ok())
            .filter(|wait| !wait.is_zero())
        else {
            return Ok(());
        };
        if wait > LONGEST_WAIT {
            return Err(GraphError::Throttled {
                after: wait,
                reply: Box::new(Reply {
                    status: 429,
                    message: "Graph asked to wait, and the time has not passed".to_owned(),
                    ..Reply::default()
                }),
            });
        }
        self.wait(wait).await;
        Ok(())
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
            endpoints: Endpoints::cloud(endpoints::Cloud::Global),
            credentials: Credentials {
                tenant: "contoso.com".to_owned(),
                client_id: "app-1".to_owned(),
                sign_in: SignIn::ClientSecret(SECRET.to_owned().into()),
            },
            clock: Clock::fixed(Timestamp::UNIX_EPOCH),
            pace: Pace::Real,
            traffic: None,
            want_write: true,
        };
        assert!(!format!("{setup:?}").contains(SECRET));
    }
}
