//! A simulated tenant and clients that sign in to it in every way.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use teamsconnector::domain::pace::{Clock, Pace};
use teamsconnector::domain::sign_in::Prompt;
use teamsconnector::graph::endpoints::Endpoints;
use teamsconnector::graph::{Client, Credentials, Setup, SignIn, SignedIn, TokenStore};
use teamsconnector::sim::{Options, Scenario, Simulator};
use tempfile::TempDir;
use tokio::sync::mpsc;

use super::bench::noon;
use super::web;

/// The tenant, and a folder for tokens.
pub(crate) struct Place {
    pub(crate) simulator: Simulator,
    pub(crate) dir: TempDir,
}

/// What differs from one client to the next.
pub(crate) struct Way {
    pub(crate) sign_in: SignIn,
    pub(crate) tokens: TokenStore,
    pub(crate) pace: Pace,
    pub(crate) clock: Timestamp,
    pub(crate) address: Option<String>,
    pub(crate) extra_ca: Option<PathBuf>,
}

impl Way {
    pub(crate) fn new(sign_in: SignIn) -> Self {
        Self {
            sign_in,
            tokens: TokenStore::Memory,
            pace: Pace::Instant,
            clock: noon(),
            address: None,
            extra_ca: None,
        }
    }
}

impl Place {
    pub(crate) async fn new() -> Self {
        let simulator = Simulator::start(Options {
            scenario: Scenario::parse("tour").unwrap(),
            listen: ([127, 0, 0, 1], 0).into(),
            state_dir: None,
            clock: Arc::new(noon),
        })
        .await
        .unwrap();
        Self {
            simulator,
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn base(&self) -> String {
        self.simulator.base_url()
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.dir.path().join("tokens")
    }

    pub(crate) fn knobs(&self, knobs: &serde_json::Value) {
        web::knobs(&self.base(), knobs);
    }

    pub(crate) fn asked_for_tokens(&self) -> usize {
        web::count(&self.base(), "POST", "oauth2/v2.0/token")
    }

    pub(crate) fn client(&self, way: Way) -> Client {
        self.client_of(self.simulator.tenant_id(), way).unwrap()
    }

    pub(crate) fn client_of(
        &self,
        tenant: &str,
        way: Way,
    ) -> Result<Client, teamsconnector::graph::error::GraphError> {
        let base = way.address.unwrap_or_else(|| self.base());
        Client::new(Setup {
            pace: way.pace,
            tokens: way.tokens,
            extra_ca: way.extra_ca,
            user: "pat".to_owned(),
            ..Setup::new(
                Endpoints::custom(&base, &base).unwrap(),
                Credentials {
                    tenant: tenant.to_owned(),
                    client_id: self.simulator.client_id().to_owned(),
                    sign_in: way.sign_in,
                },
                Clock::fixed(way.clock),
            )
        })
    }

    /// A person's client on the token file.
    pub(crate) fn person(&self) -> Client {
        self.client(Way {
            tokens: TokenStore::File(self.file()),
            ..Way::new(SignIn::DeviceCode)
        })
    }
}

/// Signs in with a code that the tenant approves of.
pub(crate) async fn by_code(client: &Client) -> (SignedIn, Prompt) {
    let (to, mut shown) = mpsc::unbounded_channel();
    let who = client.sign_in_by_code(&to).await.unwrap();
    (who, shown.recv().await.unwrap())
}

/// All texts in a token file that are secrets.
pub(crate) fn secrets(file: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let kept: serde_json::Value = serde_json::from_str(&text).unwrap();
    ["access_token", "refresh_token"]
        .iter()
        .map(|name| kept[name].as_str().unwrap().to_owned())
        .collect()
}
