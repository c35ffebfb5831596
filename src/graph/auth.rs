//! Signing in at Entra ID: an application with its secret, or a person with a code; tokens renewed ahead of their end.
//!
//! The forms are posted by hand, and their bodies read by hand: the error codes that decide what a person has to do are in
//! parts of the body that general OAuth libraries drop, and a gateway's page while polling must not end the sign-in.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::header;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use url::{Url, form_urlencoded};

use crate::domain::guid::TenantId;

use super::error::{DecodeError, GraphError};
use super::exchange::Answer;
use super::refusal::{Asked, refusal};
use super::retry::{Resend, next_try};
use super::send::unreadable;
use super::vault::{Tokens, Vault};
use super::{Client, SignIn, SignedIn};

/// The tenant of personal accounts, which have no Teams and no licences.
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

const READ: [&str; 5] = [
    "User.Read.All",
    "Organization.Read.All",
    "GroupMember.Read.All",
    "TeamsUserConfiguration.Read.All",
    "TeamsTelephoneNumber.Read.All",
];
const WRITE: [&str; 5] = [
    "User.ReadWrite.All",
    "Organization.Read.All",
    "GroupMember.Read.All",
    "TeamsUserConfiguration.Read.All",
    "TeamsTelephoneNumber.ReadWrite.All",
];

/// What a person needs to sign in on another machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DevicePrompt {
    /// The code to type.
    pub user_code: String,
    /// Where to type it.
    pub address: String,
    /// Entra's own sentence about it.
    pub message: String,
    /// Until when.
    pub until: Timestamp,
    /// What is asked for.
    pub scopes: Vec<String>,
}

#[derive(Deserialize)]
struct TokenReply {
    #[serde(deserialize_with = "secret")]
    access_token: SecretString,
    #[serde(default)]
    expires_in: Value,
    #[serde(default, deserialize_with = "optional_secret")]
    refresh_token: Option<SecretString>,
    id_token: Option<String>,
    scope: Option<String>,
}

#[derive(Deserialize)]
struct CodeReply {
    #[serde(deserialize_with = "secret")]
    device_code: SecretString,
    user_code: String,
    verification_uri: String,
    #[serde(default)]
    expires_in: Value,
    #[serde(default)]
    interval: Value,
    #[serde(default)]
    message: String,
}

impl Client {
    /// Gets a token, or finds that there is one. Asks nobody: for a person without a sign-in this is [`GraphError::SignedOut`].
    pub async fn sign_in(&self) -> Result<SignedIn, GraphError> {
        self.token().await?;
        self.who().await
    }

    /// Lets a person sign in on any machine: the code goes to `prompts`, and the answer comes when it was used.
    pub async fn sign_in_by_code(
        &self,
        prompts: &UnboundedSender<DevicePrompt>,
    ) -> Result<SignedIn, GraphError> {
        let scopes = self.scopes();
        let form = form(&[
            ("client_id", &self.0.credentials.client_id),
            ("scope", &scopes),
        ]);
        let (code, _) = self.entra::<CodeReply>("devicecode", &form, None).await?;
        let lifetime = seconds(&code.expires_in).unwrap_or(Duration::from_mins(15));
        let now = self.0.wire.now();
        let prompt = DevicePrompt {
            user_code: code.user_code.clone(),
            address: code.verification_uri.clone(),
            message: code.message.clone(),
            until: after(now, lifetime),
            scopes: scopes.split(' ').map(without_resource).collect(),
        };
        // Nobody watching is no reason to stop: the person may have the code already.
        let _ = prompts.send(prompt);
        let reply = self.poll(&code, lifetime).await?;
        let mut vault = self.0.vault.lock().await;
        self.keep(&mut vault, reply)?;
        drop(vault);
        self.who().await
    }

    async fn poll(&self, code: &CodeReply, lifetime: Duration) -> Result<TokenReply, GraphError> {
        let form = form(&[
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", &self.0.credentials.client_id),
            ("device_code", code.device_code.expose_secret()),
        ]);
        let mut interval = seconds(&code.interval)
            .unwrap_or(Duration::from_secs(5))
            .max(Duration::from_secs(1));
        // Counted in waits and not by the clock, so that a clock that is set does not end the sign-in.
        let mut waited = Duration::ZERO;
        loop {
            waited += interval;
            if waited > lifetime {
                return Err(GraphError::SignIn {
                    aadsts: None,
                    error: "expired_token".to_owned(),
                    text: "the code was not used in time".to_owned(),
                    request_id: String::new(),
                });
            }
            self.wait(interval).await;
            match self
                .entra_once::<TokenReply>("token", &form, Some(&code.device_code))
                .await
            {
                Ok((reply, _)) => return Ok(reply),
                Err(GraphError::SignIn { error, .. }) if error == "authorization_pending" => {}
                Err(GraphError::SignIn { error, .. }) if error == "slow_down" => {
                    interval += Duration::from_secs(5);
                }
                Err(error) if error.is_retryable() => {
                    interval = (interval * 2).min(Duration::from_mins(1));
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// A token that lasts a while yet; one caller at a time renews it, the others wait for that.
    pub(super) async fn token(&self) -> Result<Arc<SecretString>, GraphError> {
        let mut vault = self.0.vault.lock().await;
        match vault.fresh(self.0.wire.now()) {
            Some(token) => Ok(token),
            None => self.renew_into(&mut vault).await,
        }
    }

    /// A token other than the one that was refused.
    pub(super) async fn renew(
        &self,
        refused: &Arc<SecretString>,
    ) -> Result<Arc<SecretString>, GraphError> {
        let mut vault = self.0.vault.lock().await;
        match vault.fresh(self.0.wire.now()) {
            Some(token) if !Arc::ptr_eq(&token, refused) => Ok(token),
            _ => self.renew_into(&mut vault).await,
        }
    }

    async fn renew_into(&self, vault: &mut Vault) -> Result<Arc<SecretString>, GraphError> {
        let client_id = self.0.credentials.client_id.as_str();
        let (form, secret) = match &self.0.credentials.sign_in {
            SignIn::ClientSecret(secret) => {
                let scope = format!("{}/.default", self.0.endpoints.resource());
                let form = form(&[
                    ("grant_type", "client_credentials"),
                    ("client_id", client_id),
                    ("client_secret", secret.expose_secret()),
                    ("scope", &scope),
                ]);
                (form, secret)
            }
            SignIn::DeviceCode => {
                let refresh = vault
                    .tokens()
                    .and_then(|tokens| tokens.refresh.as_ref())
                    .ok_or(GraphError::SignedOut)?;
                let scopes = self.scopes();
                let form = form(&[
                    ("grant_type", "refresh_token"),
                    ("client_id", client_id),
                    ("refresh_token", refresh.expose_secret()),
                    ("scope", &scopes),
                ]);
                (form, refresh)
            }
        };
        match self.entra::<TokenReply>("token", &form, Some(secret)).await {
            Ok((reply, _)) => self.keep(vault, reply),
            Err(error) => {
                let ended = matches!(&error, GraphError::SignIn { error, .. }
                    if error == "invalid_grant" || error == "interaction_required");
                if ended {
                    vault.forget();
                }
                Err(error)
            }
        }
    }

    /// Keeps what Entra gave, unless it is for another tenant than before, or than was asked for.
    fn keep(&self, vault: &mut Vault, reply: TokenReply) -> Result<Arc<SecretString>, GraphError> {
        let identity = reply.id_token.as_deref().and_then(claims);
        // Access tokens are opaque by contract: what they tell is for diagnosis, and never decides.
        let diagnosis = claims(reply.access_token.expose_secret()).unwrap_or_default();
        let told = identity.as_ref().and_then(tenant_of);
        self.check_tenant(told, vault)?;
        let previous = vault.tokens();
        let tenant = told
            .or_else(|| tenant_of(&diagnosis))
            .or_else(|| previous.and_then(|tokens| tokens.tenant));
        let account = identity
            .as_ref()
            .and_then(|claims| claims.get("preferred_username"))
            .or_else(|| diagnosis.get("upn"))
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| previous.map(|tokens| tokens.account.clone()))
            .unwrap_or_else(|| format!("app {}", self.0.credentials.client_id));
        let refresh = reply
            .refresh_token
            .or_else(|| previous.and_then(|tokens| tokens.refresh.clone()));
        let access = Arc::new(reply.access_token);
        vault.keep(Tokens {
            access: Arc::clone(&access),
            refresh,
            issued: self.0.wire.now(),
            lifetime: seconds(&reply.expires_in).unwrap_or(Duration::from_hours(1)),
            tenant,
            account,
            granted: granted(reply.scope.as_deref(), &diagnosis),
        });
        Ok(access)
    }

    fn check_tenant(&self, got: Option<TenantId>, vault: &Vault) -> Result<(), GraphError> {
        let Some(got) = got else { return Ok(()) };
        if got.to_string() == PERSONAL {
            return Err(GraphError::SignIn {
                aadsts: None,
                error: "personal_account".to_owned(),
                text: "this is a personal account".to_owned(),
                request_id: String::new(),
            });
        }
        let before = vault.tokens().and_then(|tokens| tokens.tenant);
        let wanted = self.0.credentials.tenant.parse().ok().or(before);
        match wanted {
            Some(wanted) if wanted != got => Err(GraphError::WrongTenant {
                wanted: wanted.to_string(),
                got: got.to_string(),
            }),
            _ => Ok(()),
        }
    }

    async fn who(&self) -> Result<SignedIn, GraphError> {
        let vault = self.0.vault.lock().await;
        let tokens = vault.tokens().ok_or(GraphError::SignedOut)?;
        Ok(SignedIn {
            tenant: tokens.tenant,
            account: tokens.account.clone(),
            granted: tokens.granted.clone(),
        })
    }

    /// What a person is asked to consent to: no more than reading needs, unless writing was allowed.
    fn scopes(&self) -> String {
        let asked = if self.0.want_write { WRITE } else { READ };
        let resource = self.0.endpoints.resource();
        let asked: Vec<String> = asked
            .iter()
            .map(|scope| format!("{resource}/{scope}"))
            .collect();
        format!("openid profile offline_access {}", asked.join(" "))
    }

    /// Posts a form until there is an answer, within what the retry rules allow. Asking for a token twice does no harm.
    async fn entra<T: for<'de> Deserialize<'de>>(
        &self,
        endpoint: &str,
        form: &str,
        secret: Option<&SecretString>,
    ) -> Result<(T, Answer), GraphError> {
        let mut tries = 0;
        loop {
            let error = match self.entra_once(endpoint, form, secret).await {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            tries += 1;
            match next_try(&error, Resend::Idempotent, tries) {
                Some(wait) => self.wait(wait).await,
                None => return Err(error),
            }
        }
    }

    async fn entra_once<T: for<'de> Deserialize<'de>>(
        &self,
        endpoint: &str,
        form: &str,
        secret: Option<&SecretString>,
    ) -> Result<(T, Answer), GraphError> {
        let url = self.login_url(endpoint);
        let host = url.host_str().unwrap_or_default().to_owned();
        let request = self
            .0
            .wire
            .http()
            .post(url.clone())
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::ACCEPT, "application/json")
            .body(form.to_owned())
            .build()
            .map_err(|error| GraphError::Setup {
                host: host.clone(),
                source: Some(error),
            })?;
        let (line, outcome) = self.0.wire.once(request).await;
        self.0.wire.report(line);
        let answer = outcome?;
        if !answer.status.is_success() {
            let asked = Asked {
                host: &host,
                needs: &[],
                now: self.0.wire.now(),
            };
            let error = refused_sign_in(&answer).unwrap_or_else(|| refusal(&answer, asked));
            return Err(match secret {
                Some(secret) => error.scrubbed(secret.expose_secret()),
                None => error,
            });
        }
        if let Some(error) = super::refusal::foreign_success(&answer, &host) {
            return Err(error);
        }
        match serde_json::from_slice(&answer.body) {
            Ok(reply) => Ok((reply, answer)),
            // The library's words could quote the body, and the body may hold a token.
            Err(_) => Err(unreadable(
                &answer,
                url.path(),
                DecodeError::Missing("a token reply"),
            )),
        }
    }

    fn login_url(&self, endpoint: &str) -> Url {
        let mut url = self.0.endpoints.login.clone();
        url.path_segments_mut()
            .expect("http and https addresses have a path")
            .pop_if_empty()
            .extend([
                self.0.credentials.tenant.as_str(),
                "oauth2",
                "v2.0",
                endpoint,
            ]);
        url
    }
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

fn optional_secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// Entra's own error body, if that is what came.
fn refused_sign_in(answer: &Answer) -> Option<GraphError> {
    let body: Value = serde_json::from_slice(&answer.body).ok()?;
    let error = body.get("error")?.as_str()?.to_owned();
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let description = text("error_description");
    let number = |text: &str| {
        let digits = text.split_once("AADSTS")?.1;
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        digits[..end].parse().ok()
    };
    let aadsts = body
        .get("error_codes")
        .and_then(|codes| codes.get(0))
        .and_then(Value::as_u64)
        .and_then(|code| u32::try_from(code).ok())
        .or_else(|| number(description));
    let sentence = description
        .split(['\r', '\n'])
        .next()
        .unwrap_or_default()
        .split(" Trace ID:")
        .next()
        .unwrap_or_default();
    let sentence = match sentence.split_once(": ") {
        Some((code, rest)) if code.starts_with("AADSTS") => rest,
        _ => sentence,
    };
    Some(GraphError::SignIn {
        aadsts,
        error,
        text: sentence.chars().take(1000).collect(),
        request_id: text("trace_id").to_owned(),
    })
}

/// A number of seconds, whether it came as a number or as text.
fn seconds(value: &Value) -> Option<Duration> {
    let number = value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))?;
    Some(Duration::from_secs(number.min(10 * 365 * 86_400)))
}

fn after(now: Timestamp, wait: Duration) -> Timestamp {
    SignedDuration::try_from(wait)
        .ok()
        .and_then(|wait| now.checked_add(wait).ok())
        .unwrap_or(Timestamp::MAX)
}

/// The claims of a token, unverified: good for telling, not for deciding about access.
fn claims(token: &str) -> Option<Value> {
    let payload = token.split('.').nth(1)?.trim_end_matches('=');
    let bytes = URL_SAFE_NO_PAD.decode(payload).ok()?;
    serde_json::from_slice(&bytes).ok()
}

fn tenant_of(claims: &Value) -> Option<TenantId> {
    claims.get("tid")?.as_str()?.parse().ok()
}

fn without_resource(scope: &str) -> String {
    scope.rsplit('/').next().unwrap_or(scope).to_owned()
}

fn granted(scope: Option<&str>, claims: &Value) -> Vec<String> {
    let roles = claims.get("roles").and_then(Value::as_array);
    if let Some(roles) = roles {
        return roles
            .iter()
            .filter_map(|role| Some(role.as_str()?.to_owned()))
            .collect();
    }
    scope
        .or_else(|| claims.get("scp").and_then(Value::as_str))
        .unwrap_or_default()
        .split_ascii_whitespace()
        .map(without_resource)
        .collect()
}
