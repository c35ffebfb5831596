//! Entra ID's endpoints: forms posted by hand, and their replies read by hand.
//!
//! The error codes that decide what a person has to do are in parts of the body that the `oauth2` crate drops (`error_codes`,
//! `suberror`, `claims`, the ids), it would end a device sign-in at a gateway's page, and its parse errors carry the body with
//! the token in it. So that crate makes the browser's address, challenge and state, and what goes over the wire stands here.

use std::time::Duration;

use http::header;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use url::{Url, form_urlencoded};

use super::Client;
use super::aadsts::SignInRefusal;
use super::error::{DecodeError, GraphError};
use super::exchange::{Answer, Leave};
use super::refusal::{Asked, foreign_success, refusal};
use super::retry::{Resend, next_try};
use super::send::unreadable;

#[derive(Deserialize)]
pub(super) struct TokenReply {
    #[serde(deserialize_with = "secret")]
    pub access_token: SecretString,
    #[serde(default)]
    pub expires_in: Value,
    #[serde(default, deserialize_with = "optional_secret")]
    pub refresh_token: Option<SecretString>,
    pub id_token: Option<String>,
    pub scope: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct CodeReply {
    #[serde(deserialize_with = "secret")]
    pub device_code: SecretString,
    pub user_code: String,
    pub verification_uri: String,
    #[serde(default)]
    pub expires_in: Value,
    #[serde(default)]
    pub interval: Value,
    #[serde(default)]
    pub message: String,
}

impl Client {
    /// Posts a form until there is an answer, within what the retry rules allow. Asking for a token twice does no harm.
    pub(super) async fn entra<T: for<'de> Deserialize<'de>>(
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

    pub(super) async fn entra_once<T: for<'de> Deserialize<'de>>(
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
        let (line, outcome) = self.0.wire.once(request, Leave::Unpacked).await;
        self.0.wire.report(line);
        let answer = outcome?;
        if !answer.status.is_success() {
            let asked = Asked {
                host: &host,
                needs: &[],
                now: self.0.wire.now(),
            };
            let error = match refused_sign_in(&answer.body) {
                Some(refused) => GraphError::SignIn(Box::new(self.placed(refused))),
                None => refusal(&answer, asked),
            };
            return Err(match secret {
                Some(secret) => error.scrubbed(secret.expose_secret()),
                None => error,
            });
        }
        if let Some(error) = foreign_success(&answer, &answer.body, &host) {
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

    /// A refusal with what this side knows about it.
    pub(super) fn placed(&self, refused: SignInRefusal) -> SignInRefusal {
        let credentials = &self.0.credentials;
        SignInRefusal {
            skew: self.0.wire.skew(),
            consent_page: self
                .0
                .endpoints
                .admin_consent(&credentials.tenant, &credentials.client_id)
                .into(),
            ..refused
        }
    }

    pub(super) fn login_url(&self, endpoint: &str) -> Url {
        self.0
            .endpoints
            .sign_in(&self.0.credentials.tenant, &["oauth2", "v2.0", endpoint])
    }
}

fn secret<'de, D: Deserializer<'de>>(from: D) -> Result<SecretString, D::Error> {
    String::deserialize(from).map(SecretString::from)
}

fn optional_secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    Ok(Option::<String>::deserialize(from)?.map(SecretString::from))
}

pub(super) fn form(pairs: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// Entra's own error body, if that is what came.
fn refused_sign_in(body: &[u8]) -> Option<SignInRefusal> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let error = body.get("error")?.as_str()?;
    let text = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
    let number = body
        .get("error_codes")
        .and_then(|codes| codes.get(0))
        .and_then(Value::as_u64)
        .and_then(|code| u32::try_from(code).ok());
    let told = described(error, text("error_description"));
    let or = |key: &str, found: String| match text(key) {
        "" => found,
        given => cut(given, 64),
    };
    Some(SignInRefusal {
        aadsts: number.or(told.aadsts),
        trace_id: or("trace_id", told.trace_id),
        correlation_id: or("correlation_id", told.correlation_id),
        suberror: cut(text("suberror"), 64),
        claims: body
            .get("claims")
            .and_then(Value::as_str)
            .map(|claims| cut(claims, 4096)),
        ..told
    })
}

fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// What Entra says in `error_description`, in a body or on the way back from a browser.
pub(super) fn described(error: &str, description: &str) -> SignInRefusal {
    let number = |text: &str| {
        let digits = text.split_once("AADSTS")?.1;
        let end = digits
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(digits.len());
        digits[..end].parse().ok()
    };
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
    let id = |name: &str| {
        let rest = description.split_once(name).map_or("", |(_, rest)| rest);
        let id: String = rest
            .chars()
            .take_while(|c| c.is_ascii_alphanumeric() || *c == '-')
            .take(64)
            .collect();
        id
    };
    SignInRefusal {
        aadsts: number(description),
        error: cut(error, 100),
        text: cut(sentence, 1000),
        trace_id: id("Trace ID: "),
        correlation_id: id("Correlation ID: "),
        ..SignInRefusal::default()
    }
}

/// A number of seconds, whether it came as a number or as text.
pub(super) fn seconds(value: &Value) -> Option<Duration> {
    let number = value
        .as_u64()
        .or_else(|| value.as_str().and_then(|text| text.parse().ok()))?;
    Some(Duration::from_secs(number.min(10 * 365 * 86_400)))
}
