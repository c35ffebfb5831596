//! Signing in at Entra ID: an application with its proof, or a person with a code; tokens renewed ahead of their end.
//!
//! Invariants: nobody is asked anything except by [`Client::sign_in_by_code`] and [`Client::sign_in_by_browser`], and a token
//! for another tenant is never kept.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;

use crate::domain::guid::TenantId;
use crate::domain::sign_in::{Prompt, PromptWay, SignInWay};

use super::aadsts::SignInRefusal;
use super::certificate::Certificate;
use super::entra::{CodeReply, TokenReply, form, seconds};
use super::error::GraphError;
use super::exchange::client_request_id;
use super::scopes::Permission;
use super::token_file::{Held, TokenFile};
use super::vault::{Tokens, Vault};
use super::{Client, SignIn, SignedIn};

/// The tenant of personal accounts, which have no Teams and no licences.
const PERSONAL: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

const ASSERTION: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// How long what a certificate signs is good for: Microsoft advises five to ten minutes.
const ASSERTION_SECONDS: i64 = 8 * 60;

impl Client {
    /// Gets a token, or finds that there is one. Asks nobody: for a person without a sign-in this is [`GraphError::SignedOut`].
    pub async fn sign_in(&self) -> Result<SignedIn, GraphError> {
        self.token_or_person(None).await?;
        self.who().await
    }

    /// Lets a person sign in on any machine: the code goes to `prompts`, and the answer comes when it was used.
    pub async fn sign_in_by_code(
        &self,
        prompts: &UnboundedSender<Prompt>,
    ) -> Result<SignedIn, GraphError> {
        self.by_code(prompts)
            .await
            .map_err(|error| error.tried(SignInWay::DeviceCode))
    }

    async fn by_code(&self, prompts: &UnboundedSender<Prompt>) -> Result<SignedIn, GraphError> {
        let wanted = self.wanted();
        self.recall_claims().await;
        let claims = self.claims().clone();
        let scopes = self.scopes();
        let mut pairs = vec![
            ("client_id", self.0.credentials.client_id.as_str()),
            ("scope", &scopes),
        ];
        pairs.extend(claims.as_deref().map(|claims| ("claims", claims)));
        let form = form(&pairs);
        let (code, _) = self.entra::<CodeReply>("devicecode", &form, None).await?;
        let lifetime = seconds(&code.expires_in).unwrap_or(Duration::from_mins(15));
        let way = PromptWay::Code {
            code: code.user_code.clone(),
            address: code.verification_uri.clone(),
            message: code.message.clone(),
        };
        // Nobody watching is no reason to stop: the person may have the code already.
        let _ = prompts.send(self.prompt(way, after(self.0.wire.now(), lifetime)));
        let reply = self.poll(&code, lifetime).await?;
        self.accept(reply, &wanted).await
    }

    /// What a policy has asked of a program before this one, which had nobody to ask.
    pub(super) async fn recall_claims(&self) {
        let kept = self.0.vault.lock().await.file().and_then(TokenFile::claims);
        let mut claims = self.claims();
        if claims.is_none() {
            *claims = kept;
        }
    }

    /// Keeps what a person's sign-in has brought. The lock is taken only now: a person may take a quarter of an hour.
    pub(super) async fn accept(
        &self,
        reply: TokenReply,
        wanted: &[Permission],
    ) -> Result<SignedIn, GraphError> {
        let mut vault = self.0.vault.lock().await;
        let held = self.lock(&vault).await?;
        // Whatever stands in the file is replaced, so one that cannot be used is no obstacle.
        let _ = vault.reload(held.as_ref());
        // A person decides anew: a tenant that is named by a domain may be another one since the sign-in before.
        let before = vault.take();
        if let Err(error) = self.keep(&mut vault, reply, wanted, held.as_ref()) {
            vault.put_back(before);
            return Err(error);
        }
        if let Some(file) = vault.file() {
            file.forget_claims();
        }
        drop((held, vault));
        *self.claims() = None;
        self.0.sign_ins.send_modify(|count| *count += 1);
        self.who().await
    }

    /// What a person is shown.
    pub(super) fn prompt(&self, way: PromptWay, until: Timestamp) -> Prompt {
        Prompt {
            way,
            scopes: self
                .needed(*self.allowed())
                .into_iter()
                .map(|one| one.name.to_owned())
                .collect(),
            app: self.0.credentials.client_id.clone(),
            tenant: self.0.credentials.tenant.clone(),
            until,
        }
    }

    /// Forgets who is signed in, here and on disk. Of an account that works several tenants all sign-ins go, since any of them
    /// would open this tenant again; each under its own lock. Entra is not asked: its tokens end by themselves.
    pub async fn sign_out(&self) -> Result<(), GraphError> {
        let mut vault = self.0.vault.lock().await;
        let others = vault.file().map(TokenFile::siblings).unwrap_or_default();
        for other in others {
            let held = other.lock(self.0.pace, self.told()).await?;
            other.remove(&held)?;
        }
        let held = self.lock(&vault).await?;
        vault.forget(held.as_ref())
    }

    /// Forgets the sign-in to this tenant alone, here and on disk: what the account has left for other tenants stays.
    pub async fn drop_sign_in(&self) -> Result<(), GraphError> {
        let mut vault = self.0.vault.lock().await;
        let held = self.lock(&vault).await?;
        vault.forget(held.as_ref())
    }

    /// The permissions that the token carries, where it tells; none while nobody is signed in.
    pub async fn granted(&self) -> Vec<String> {
        let vault = self.0.vault.lock().await;
        vault
            .tokens()
            .map(|tokens| tokens.granted.clone())
            .unwrap_or_default()
    }

    async fn poll(&self, code: &CodeReply, lifetime: Duration) -> Result<TokenReply, GraphError> {
        let claims = self.claims().clone();
        let mut pairs = vec![
            ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
            ("client_id", self.0.credentials.client_id.as_str()),
            ("device_code", code.device_code.expose_secret()),
        ];
        pairs.extend(claims.as_deref().map(|claims| ("claims", claims)));
        let form = form(&pairs);
        let mut interval = seconds(&code.interval)
            .unwrap_or(Duration::from_secs(5))
            .max(Duration::from_secs(1));
        // Counted in waits and not by the clock, so that a clock that is set does not end the sign-in.
        let mut waited = Duration::ZERO;
        loop {
            waited += interval;
            if waited > lifetime {
                return Err(GraphError::sign_in(SignInRefusal::ours(
                    "expired_token",
                    "the code was not used in time",
                    None,
                )));
            }
            self.wait(interval).await;
            match self
                .entra_once::<TokenReply>("token", &form, Some(&code.device_code))
                .await
            {
                Ok((reply, _)) => return Ok(reply),
                Err(GraphError::SignIn(refusal)) if refusal.error == "authorization_pending" => {}
                Err(GraphError::SignIn(refusal)) if refusal.error == "slow_down" => {
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
        self.token_other_than(None).await
    }

    /// A token other than the one that was refused.
    pub(super) async fn renew(
        &self,
        refused: &Arc<SecretString>,
    ) -> Result<Arc<SecretString>, GraphError> {
        self.token_other_than(Some(refused)).await
    }

    async fn token_other_than(
        &self,
        refused: Option<&Arc<SecretString>>,
    ) -> Result<Arc<SecretString>, GraphError> {
        let wanted = self.wanted();
        let mut vault = self.0.vault.lock().await;
        if let Some(token) = vault.fresh(self.0.wire.now(), &wanted, refused) {
            return Ok(token);
        }
        // Another program may have renewed it, and reading needs no lock: the file is only ever replaced as a whole.
        vault.reload(None)?;
        if let Some(token) = vault.fresh(self.0.wire.now(), &wanted, refused) {
            return Ok(token);
        }
        if vault.is_empty() && !self.0.credentials.sign_in.is_app_only() {
            return Err(GraphError::SignedOut);
        }
        let held = self.lock(&vault).await?;
        vault.reload(held.as_ref())?;
        if let Some(token) = vault.fresh(self.0.wire.now(), &wanted, refused) {
            return Ok(token);
        }
        self.renew_into(&mut vault, &wanted, held.as_ref()).await
    }

    /// The lock between programs, where there is a file to lock.
    async fn lock(&self, vault: &Vault) -> Result<Option<Held>, GraphError> {
        match vault.file() {
            Some(file) => file.lock(self.0.pace, self.told()).await.map(Some),
            None => Ok(None),
        }
    }

    async fn renew_into(
        &self,
        vault: &mut Vault,
        wanted: &[Permission],
        held: Option<&Held>,
    ) -> Result<Arc<SecretString>, GraphError> {
        let reply = match &self.0.credentials.sign_in {
            SignIn::ClientSecret(secret) => {
                let proof = [("client_secret", secret.expose_secret())];
                self.by_itself(&proof, secret).await
            }
            SignIn::Certificate(certificate) => {
                let assertion = self.assertion(certificate)?;
                let proof = [
                    ("client_assertion_type", ASSERTION),
                    ("client_assertion", assertion.expose_secret()),
                ];
                self.by_itself(&proof, &assertion).await
            }
            SignIn::Lacking(why) => return Err(GraphError::Lacking(why.clone())),
            SignIn::DeviceCode | SignIn::Browser => {
                let refresh = vault
                    .tokens()
                    .and_then(|tokens| tokens.refresh.clone())
                    .or_else(|| vault.file().and_then(TokenFile::of_another))
                    .ok_or(GraphError::SignedOut)?;
                self.by_refresh(&refresh).await
            }
        };
        match reply {
            Ok(reply) => {
                *self.claims() = None;
                self.keep(vault, reply, wanted, held)
            }
            Err(error) => {
                if error.needs_person() {
                    // What Graph has asked for holds where Entra asks for nothing more.
                    if let GraphError::SignIn(refusal) = &error
                        && refusal.claims.is_some()
                    {
                        self.claims().clone_from(&refusal.claims);
                    }
                    if let (Some(file), Some(claims)) = (vault.file(), self.claims().as_deref()) {
                        file.keep_claims(claims);
                    }
                    vault.forget(held)?;
                }
                Err(error)
            }
        }
    }

    /// The application for itself.
    async fn by_itself(
        &self,
        proof: &[(&str, &str)],
        secret: &SecretString,
    ) -> Result<TokenReply, GraphError> {
        let scope = format!("{}/.default", self.0.endpoints.resource());
        let mut pairs = vec![
            ("grant_type", "client_credentials"),
            ("client_id", self.0.credentials.client_id.as_str()),
        ];
        pairs.extend(proof);
        pairs.push(("scope", &scope));
        let claims = self.claims().clone();
        pairs.extend(claims.as_deref().map(|claims| ("claims", claims)));
        let (reply, _) = self.entra("token", &form(&pairs), Some(secret)).await?;
        Ok(reply)
    }

    /// A person, by what the last sign-in left. If only consent to something new is missing, what was consented to is asked
    /// for again: who reads is not stopped by what is missing for writing.
    async fn by_refresh(&self, refresh: &SecretString) -> Result<TokenReply, GraphError> {
        let scopes = self.scopes();
        let claims = self.claims().clone();
        let mut pairs = vec![
            ("grant_type", "refresh_token"),
            ("client_id", self.0.credentials.client_id.as_str()),
            ("refresh_token", refresh.expose_secret()),
        ];
        pairs.extend(claims.as_deref().map(|claims| ("claims", claims)));
        let without_scope = form(&pairs);
        pairs.push(("scope", &scopes));
        let reply = self.entra("token", &form(&pairs), Some(refresh)).await;
        let reply = match reply {
            Err(GraphError::SignIn(refusal)) if refusal.lacks_consent() => {
                self.entra("token", &without_scope, Some(refresh)).await
            }
            other => other,
        };
        reply.map(|(reply, _)| reply)
    }

    /// What the certificate signs for the application, for one sign-in now.
    fn assertion(&self, certificate: &Certificate) -> Result<SecretString, GraphError> {
        let now = self.0.wire.now().as_second();
        let app = &self.0.credentials.client_id;
        let claims = serde_json::json!({
            "aud": self.login_url("token").as_str(),
            "iss": app,
            "sub": app,
            "jti": client_request_id(),
            "nbf": now,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
        });
        certificate
            .signed(&claims)
            .ok_or_else(|| GraphError::Setup {
                host: "the certificate's key".to_owned(),
                source: None,
            })
    }

    /// Keeps what Entra gave, unless it is for another tenant than before, or than was asked for.
    fn keep(
        &self,
        vault: &mut Vault,
        reply: TokenReply,
        wanted: &[Permission],
        held: Option<&Held>,
    ) -> Result<Arc<SecretString>, GraphError> {
        let identity = reply.id_token.as_deref().and_then(claims);
        // Access tokens are opaque by contract: what they tell is for diagnosis, and never decides.
        let diagnosis = claims(reply.access_token.expose_secret()).unwrap_or_default();
        // That holds for refusing, too, but what names a strange tenant is no token to keep.
        let told = identity
            .as_ref()
            .and_then(tenant_of)
            .or_else(|| tenant_of(&diagnosis));
        self.check_tenant(told, vault)?;
        let previous = vault.tokens();
        let tenant = told.or_else(|| previous.and_then(|tokens| tokens.tenant));
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
        let tokens = Tokens {
            access: Arc::clone(&access),
            refresh,
            issued: self.0.wire.now(),
            lifetime: seconds(&reply.expires_in).unwrap_or(Duration::from_hours(1)),
            tenant,
            account,
            granted: granted(reply.scope.as_deref(), &diagnosis),
            asked: wanted.iter().map(|one| one.name.to_owned()).collect(),
        };
        vault.keep(tokens, held);
        Ok(access)
    }

    fn check_tenant(&self, got: Option<TenantId>, vault: &Vault) -> Result<(), GraphError> {
        let Some(got) = got else { return Ok(()) };
        if got.to_string() == PERSONAL {
            return Err(GraphError::sign_in(SignInRefusal::ours(
                "personal_account",
                "this is a personal account",
                None,
            )));
        }
        let before = vault.tokens().and_then(|tokens| tokens.tenant);
        let wanted = self.0.credentials.tenant.parse().ok().or(before);
        match wanted {
            Some(wanted) if wanted != got => {
                *self.met() = Some(got);
                Err(GraphError::WrongTenant {
                    wanted: wanted.to_string(),
                    got: got.to_string(),
                })
            }
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

    /// The permissions that a person's token is to carry; nothing for an application, which has what it was given.
    pub(super) fn wanted(&self) -> Vec<Permission> {
        if self.0.credentials.sign_in.is_app_only() {
            return Vec::new();
        }
        let allowed = *self.allowed();
        self.needed(allowed)
    }

    /// What a person is asked to consent to: no more than reading needs, unless writing was allowed.
    pub(super) fn scopes(&self) -> String {
        let resource = self.0.endpoints.resource();
        let allowed = *self.allowed();
        let asked: Vec<String> = self
            .needed(allowed)
            .iter()
            .map(|one| format!("{resource}/{}", one.name))
            .collect();
        format!("openid profile offline_access {}", asked.join(" "))
    }
}

pub(super) fn after(now: Timestamp, wait: Duration) -> Timestamp {
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

#[cfg(test)]
mod tests {
    use tokio::sync::mpsc::unbounded_channel;

    use crate::domain::failure::FailureKind;

    use super::super::testserver::{SECRET, Said, Seen, Stage, now, tokens};
    use super::*;

    const TENANT: &str = "11111111-2222-3333-4444-555555555555";

    fn jwt(claims: &str) -> String {
        format!("h.{}.s", URL_SAFE_NO_PAD.encode(claims))
    }

    fn silent(_: &Seen, _: usize) -> Said {
        Said::json(200, r#"{"value":[]}"#)
    }

    fn app(entra: impl FnMut(&Seen, usize) -> Said + Send + 'static) -> Stage {
        let secret = SignIn::ClientSecret(SECRET.to_owned().into());
        Stage::signing_in(secret, entra, silent)
    }

    fn person(entra: impl FnMut(&Seen, usize) -> Said + Send + 'static) -> Stage {
        Stage::signing_in(SignIn::DeviceCode, entra, silent)
    }

    fn refused(error: &str, number: u32, text: &str) -> Said {
        Said::json(
            400,
            format!(
                r#"{{"error":"{error}","error_description":"AADSTS{number}: {text}\r\nTrace ID: t1\r\nCorrelation ID: c1\r\nTimestamp: 2026-03-01 12:00:00Z","error_codes":[{number}],"timestamp":"2026-03-01 12:00:00Z","trace_id":"t1","correlation_id":"c1"}}"#
            ),
        )
    }

    #[tokio::test]
    async fn an_application_signs_in_once_for_many_requests() {
        let token = jwt(&format!(
            r#"{{"tid":"{TENANT}","appid":"app-1","roles":["User.Read.All"]}}"#
        ));
        let stage = app(move |_, _| {
            Said::json(
                200,
                format!(
                    r#"{{"token_type":"Bearer","expires_in":"3599","access_token":"{token}"}}"#
                ),
            )
        });
        let who = stage.client.sign_in().await.unwrap();
        assert_eq!(
            who,
            SignedIn {
                tenant: TENANT.parse().ok(),
                account: "app app-1".into(),
                granted: vec!["User.Read.All".into()],
            }
        );
        stage.client.subscribed_skus().await.unwrap();
        let (a, b) = tokio::join!(stage.client.numbers(), stage.client.subscribed_skus());
        a.unwrap();
        b.unwrap();
        let asked = stage.entra_requests();
        assert_eq!(asked.len(), 1);
        assert_eq!(asked[0].path, "/contoso.com/oauth2/v2.0/token");
        assert_eq!(
            asked[0].body,
            "grant_type=client_credentials&client_id=app-1&client_secret=canary-secret&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"
        );
    }

    #[tokio::test]
    async fn one_caller_renews_for_all() {
        let stage = app(tokens());
        let (a, b) = tokio::join!(stage.client.numbers(), stage.client.subscribed_skus());
        assert_eq!((a.unwrap().len(), b.unwrap().len()), (0, 0));
        assert_eq!(stage.entra_requests().len(), 1);
    }

    #[tokio::test]
    async fn a_wrong_and_an_old_secret_are_explained() {
        for (number, hint) in [
            (
                7_000_215,
                "Use the secret's value, not its id, and check that it belongs to this application.",
            ),
            (
                7_000_222,
                "Make a new one for the application, and store it where this tenant reads its secret.",
            ),
        ] {
            let stage = app(move |request, _| {
                refused(
                    "invalid_client",
                    number,
                    &format!(
                        "Invalid client secret provided: {}",
                        request
                            .body
                            .split("secret=")
                            .nth(1)
                            .unwrap()
                            .split('&')
                            .next()
                            .unwrap()
                    ),
                )
            });
            let error = stage.client.sign_in().await.unwrap_err();
            assert!(
                matches!(&error, GraphError::SignIn(refusal) if refusal.aadsts == Some(number)),
                "{error:?}"
            );
            assert_eq!(error.request_id(), "t1");
            let failure = error.failure("Signing in");
            assert_eq!(failure.kind, FailureKind::SignIn);
            assert_eq!(failure.hint, hint);
            assert_eq!(
                failure.detail,
                format!(
                    "Entra ID refused: AADSTS{number}: Invalid client secret provided: [secret] (invalid_client) Trace ID: t1 Correlation ID: c1"
                )
            );
            assert_eq!(stage.entra_requests().len(), 1);
        }
    }

    #[tokio::test]
    async fn entra_is_tried_again_when_it_is_not_available() {
        let mut give = tokens();
        let stage = app(move |request, n| match n {
            0 => Said::bytes(502, "text/html", b"<html>Bad gateway</html>".to_vec()),
            1 => refused(
                "temporarily_unavailable",
                90033,
                "A transient error has occurred.",
            ),
            2 => Said::nothing(),
            _ => give(request, n),
        });
        stage.client.sign_in().await.unwrap();
        assert_eq!(stage.entra_requests().len(), 4);
    }

    #[tokio::test]
    async fn a_portal_in_place_of_entra() {
        let stage = app(|_, _| Said::bytes(200, "text/html", b"<html>Welcome</html>".to_vec()));
        let error = stage.client.sign_in().await.unwrap_err();
        assert!(matches!(error, GraphError::NotGraph { .. }), "{error:?}");
        let stage = app(|_, _| Said::json(200, r#"{"access_token":12,"token":"canary-x"}"#));
        let error = stage.client.sign_in().await.unwrap_err();
        assert!(matches!(error, GraphError::Decode { .. }), "{error:?}");
        assert!(!format!("{error:?}").contains("canary"));
    }

    #[tokio::test]
    async fn nobody_is_asked_in_the_middle_of_a_run() {
        let stage = person(tokens());
        let error = stage.client.subscribed_skus().await.unwrap_err();
        assert!(matches!(error, GraphError::SignedOut));
        assert!(stage.entra_requests().is_empty());
    }

    fn identity(tenant: &str) -> String {
        jwt(&format!(
            r#"{{"tid":"{tenant}","preferred_username":"pat@contoso.com"}}"#
        ))
    }

    fn code(request: &Seen) -> Option<Said> {
        request.path.ends_with("/devicecode").then(|| {
            Said::json(
                200,
                r#"{"device_code":"canary-device","user_code":"ABC","verification_uri":"https://microsoft.com/devicelogin","expires_in":900,"interval":5,"message":"Go"}"#,
            )
        })
    }

    fn grant(n: usize, tenant: &str) -> Said {
        Said::json(
            200,
            format!(
                r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"canary-{n}","refresh_token":"canary-r{n}","id_token":"{}","scope":"openid https://graph.microsoft.com/User.Read.All"}}"#,
                identity(tenant)
            ),
        )
    }

    #[tokio::test]
    async fn a_person_signs_in_with_a_code() {
        let stage = person(|request, n| {
            code(request).unwrap_or_else(|| match n {
                1 => refused("authorization_pending", 70016, "Pending"),
                2 => refused("slow_down", 0, "Slower"),
                3 => Said::bytes(503, "text/html", b"<html></html>".to_vec()),
                4 => Said::nothing(),
                _ => grant(n, TENANT),
            })
        });
        let (prompts, mut shown) = unbounded_channel();
        let who = stage.client.sign_in_by_code(&prompts).await.unwrap();
        assert_eq!(who.account, "pat@contoso.com");
        assert_eq!(who.tenant, TENANT.parse().ok());
        assert_eq!(who.granted, ["openid", "User.Read.All"]);
        let prompt = shown.recv().await.unwrap();
        assert_eq!(
            prompt.way,
            PromptWay::Code {
                code: "ABC".into(),
                address: "https://microsoft.com/devicelogin".into(),
                message: "Go".into(),
            }
        );
        assert_eq!(prompt.until.duration_since(now()).as_secs(), 900);
        assert!(prompt.scopes.contains(&"User.Read.All".to_owned()));
        assert!(!prompt.scopes.iter().any(|scope| scope.contains("Write")));
        let asked = stage.entra_requests();
        assert_eq!(
            asked[1].body,
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=app-1&device_code=canary-device"
        );
    }

    #[tokio::test]
    async fn a_code_that_is_declined_or_never_used() {
        let stage = person(|request, _| {
            code(request).unwrap_or_else(|| refused("authorization_declined", 70000, "Declined"))
        });
        let (prompts, _shown) = unbounded_channel();
        let error = stage.client.sign_in_by_code(&prompts).await.unwrap_err();
        assert_eq!(
            error.failure("Signing in").hint,
            "Begin the sign-in again if that was not meant."
        );
        let stage = person(|request, _| {
            code(request).unwrap_or_else(|| refused("authorization_pending", 70016, "Pending"))
        });
        let error = stage.client.sign_in_by_code(&prompts).await.unwrap_err();
        assert!(matches!(&error, GraphError::SignIn(refusal) if refusal.error == "expired_token"));
        // 900 seconds at one poll each 5, and the request for the code.
        assert_eq!(stage.entra_requests().len(), 181);
    }

    #[tokio::test]
    async fn a_refresh_keeps_the_new_token_and_minds_the_tenant() {
        const OTHER: &str = "22222222-2222-3333-4444-555555555555";
        let stage = Stage::signing_in(
            SignIn::DeviceCode,
            |request, n| {
                code(request).unwrap_or_else(|| match n {
                    3 => grant(n, OTHER),
                    _ => grant(n, TENANT),
                })
            },
            |_, n| Said::json(if n == 1 { 200 } else { 401 }, r#"{"value":[]}"#),
        );
        let (prompts, _shown) = unbounded_channel();
        stage.client.sign_in_by_code(&prompts).await.unwrap();
        stage.client.subscribed_skus().await.unwrap();
        let error = stage.client.subscribed_skus().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("signed in to tenant {OTHER}, but {TENANT} was asked for")
        );
        let asked = stage.entra_requests();
        assert!(asked[2].body.contains("refresh_token=canary-r1"));
        assert!(asked[3].body.contains("refresh_token=canary-r2"));
    }

    #[tokio::test]
    async fn a_person_may_sign_in_anew_to_another_tenant() {
        const OTHER: &str = "22222222-2222-3333-4444-555555555555";
        let stage = person(|request, n| {
            code(request).unwrap_or_else(|| grant(n, if n == 1 { TENANT } else { OTHER }))
        });
        let (prompts, _shown) = unbounded_channel();
        let first = stage.client.sign_in_by_code(&prompts).await.unwrap();
        assert_eq!(first.tenant, TENANT.parse().ok());
        let second = stage.client.sign_in_by_code(&prompts).await.unwrap();
        assert_eq!(second.tenant, OTHER.parse().ok());
    }

    #[tokio::test]
    async fn a_sign_in_that_has_ended_is_forgotten() {
        let stage = Stage::signing_in(
            SignIn::DeviceCode,
            |request, n| {
                code(request).unwrap_or_else(|| match n {
                    1 => grant(n, TENANT),
                    _ => refused(
                        "invalid_grant",
                        700_082,
                        "The refresh token has expired due to inactivity.",
                    ),
                })
            },
            |_, _| Said::json(401, "{}"),
        );
        let (prompts, _shown) = unbounded_channel();
        stage.client.sign_in_by_code(&prompts).await.unwrap();
        let error = stage.client.subscribed_skus().await.unwrap_err();
        assert!(
            matches!(&error, GraphError::SignIn(refusal) if refusal.aadsts == Some(700_082)),
            "{error:?}"
        );
        assert!(error.needs_person());
        let error = stage.client.sign_in().await.unwrap_err();
        assert!(matches!(error, GraphError::SignedOut));
    }

    #[tokio::test]
    async fn personal_accounts_are_refused() {
        let stage = person(|request, n| code(request).unwrap_or_else(|| grant(n, PERSONAL)));
        let (prompts, _shown) = unbounded_channel();
        let error = stage.client.sign_in_by_code(&prompts).await.unwrap_err();
        assert_eq!(
            error.failure("Signing in").hint,
            "Sign in with a work or school account."
        );
    }
}
