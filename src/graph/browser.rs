//! Signing in with a browser that can reach this machine: authorization code with PKCE, on a loopback port.
//!
//! Invariant: a code is redeemed only when it came with this sign-in's `state`, and only with this sign-in's verifier.

use std::time::Duration;

use oauth2::basic::BasicClient;
use oauth2::{AuthUrl, ClientId, CsrfToken, PkceCodeChallenge, RedirectUrl, Scope};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::mpsc::UnboundedSender;
use url::Url;

use crate::domain::sign_in::{Prompt, PromptWay, SignInWay};

use super::aadsts::{BROWSER_TIMEOUT, SignInRefusal};
use super::auth::after;
use super::entra::{TokenReply, described, form};
use super::error::GraphError;
use super::loopback::{Loopback, Returned};
use super::{Client, SignedIn};

/// How long a person may take in the browser.
const PATIENCE: Duration = Duration::from_mins(10);

impl Client {
    /// Lets a person sign in with a browser that can reach a port of this machine: the page's address goes to `prompts`.
    ///
    /// The port is closed when the answer has come, after ten minutes, and when the future is dropped.
    pub async fn sign_in_by_browser(
        &self,
        prompts: &UnboundedSender<Prompt>,
    ) -> Result<SignedIn, GraphError> {
        self.by_browser(prompts)
            .await
            .map_err(|error| error.tried(SignInWay::Browser))
    }

    async fn by_browser(&self, prompts: &UnboundedSender<Prompt>) -> Result<SignedIn, GraphError> {
        let wanted = self.wanted();
        self.recall_claims().await;
        let loopback = Loopback::open().await?;
        let port = loopback.port();
        let redirect = format!("http://localhost:{port}");
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let state = SecretString::from(CsrfToken::new_random().into_secret());
        let way = PromptWay::Browser {
            address: self.page(&redirect, challenge, &state).into(),
            port,
            forward: forward(port, &self.0.user),
        };
        // Nobody watching is no reason to stop: the page may be open already.
        let _ = prompts.send(self.prompt(way, after(self.0.wire.now(), PATIENCE)));
        let returned = tokio::time::timeout(self.0.pace.wait(PATIENCE), loopback.returned(state))
            .await
            .map_err(|_| {
                GraphError::sign_in(SignInRefusal::ours(
                    BROWSER_TIMEOUT,
                    "the browser did not come back within 10 minutes",
                    None,
                ))
            })??;
        let code = match returned {
            Returned::Code(code) => code,
            Returned::Refused { error, description } => {
                return Err(GraphError::sign_in(
                    self.placed(described(&error, &description)),
                ));
            }
        };
        let form = form(&[
            ("grant_type", "authorization_code"),
            ("client_id", &self.0.credentials.client_id),
            ("code", code.expose_secret()),
            ("redirect_uri", &redirect),
            ("code_verifier", verifier.secret()),
        ]);
        let (reply, _) = self
            .entra::<TokenReply>("token", &form, Some(&code))
            .await?;
        self.accept(reply, &wanted).await
    }

    /// The page that the person opens. Choosing an account is asked for, since the browser may hold one of another tenant.
    fn page(&self, redirect: &str, challenge: PkceCodeChallenge, state: &SecretString) -> Url {
        let redirect =
            RedirectUrl::new(redirect.to_owned()).expect("localhost with a port is an address");
        let client = BasicClient::new(ClientId::new(self.0.credentials.client_id.clone()))
            .set_auth_uri(AuthUrl::from_url(self.login_url("authorize")))
            .set_redirect_uri(redirect);
        let scopes = self.scopes();
        let mut request = client
            .authorize_url(|| CsrfToken::new(state.expose_secret().to_owned()))
            .set_pkce_challenge(challenge)
            .add_scopes(scopes.split(' ').map(|scope| Scope::new(scope.to_owned())))
            .add_extra_param("response_mode", "query")
            .add_extra_param("prompt", "select_account");
        if let Some(claims) = self.claims().clone() {
            request = request.add_extra_param("claims", claims);
        }
        request.url().0
    }
}

/// The line that makes the port reachable from the engineer's own machine. Whoever stands behind `sudo` is left out.
fn forward(port: u16, user: &str) -> String {
    let host = rustix::system::uname()
        .nodename()
        .to_string_lossy()
        .into_owned();
    let is_plain = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '\\' | '@'))
    };
    let user = user.split(' ').next().unwrap_or_default();
    let host = if is_plain(&host) {
        host.as_str()
    } else {
        "HOST"
    };
    // The variables' text for an account without a name is "uid 1000".
    if is_plain(user) && user != "uid" {
        format!("ssh -L {port}:127.0.0.1:{port} {user}@{host}")
    } else {
        format!("ssh -L {port}:127.0.0.1:{port} {host}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_to_paste_names_the_account_and_the_host() {
        let line = forward(4321, "j.smith");
        assert!(
            line.starts_with("ssh -L 4321:127.0.0.1:4321 j.smith@"),
            "{line}"
        );
        assert!(forward(1, "root (sudo by pat)").starts_with("ssh -L 1:127.0.0.1:1 root@"));
        for strange in ["uid 1000", "", "a;rm"] {
            assert!(!forward(1, strange).contains('@'), "{strange}");
        }
    }
}
