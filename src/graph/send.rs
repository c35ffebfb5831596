//! A request to Graph with all that belongs to it: token, gate, tries, and the reading of refusals.
//!
//! Invariant: the address is checked against the Graph origin right before a token is attached, whoever made the address.

use std::sync::Arc;

use http::{HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::error::{DecodeError, GraphError};
use super::exchange::Answer;
use super::refusal::{Asked, foreign_success, refusal};
use super::retry::{Resend, next_try};
use super::{Client, Exchange};

/// Headers that a request carries besides the ordinary ones; a list carries them on each of its pages.
pub(super) type Extra = &'static [(&'static str, &'static str)];

pub(super) const PLAIN: Extra = &[];
pub(super) const EVENTUAL: Extra = &[("ConsistencyLevel", "eventual")];
/// Without it, Teams hides `ineligibleUser` behind `unknownFutureValue`.
pub(super) const UNKNOWN_ENUMS: Extra = &[("Prefer", "include-unknown-enum-members")];

/// What is asked of Graph.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    pub method: Method,
    pub url: Url,
    pub body: Option<Value>,
    pub resend: Resend,
    pub extra: Extra,
    /// Permissions of which any one would do, for the words of a refusal that names none.
    pub needs: &'static [&'static str],
}

impl Ask {
    pub(super) fn get(url: Url, extra: Extra, needs: &'static [&'static str]) -> Self {
        Self {
            method: Method::GET,
            url,
            body: None,
            resend: Resend::Idempotent,
            extra,
            needs,
        }
    }

    /// A write that must not be done twice.
    pub(super) fn post(url: Url, body: Value, needs: &'static [&'static str]) -> Self {
        Self {
            method: Method::POST,
            url,
            body: Some(body),
            resend: Resend::WhenRefused,
            extra: PLAIN,
            needs,
        }
    }

    pub(super) fn patch(url: Url, body: Value, needs: &'static [&'static str]) -> Self {
        Self {
            method: Method::PATCH,
            url,
            body: Some(body),
            resend: Resend::Idempotent,
            extra: PLAIN,
            needs,
        }
    }
}

impl Client {
    /// Sends until there is an answer, within what the retry rules allow.
    pub(super) async fn send(&self, ask: &Ask) -> Result<Answer, GraphError> {
        let mut token = self.token().await?;
        let (mut renewed, mut tries) = (false, 0);
        loop {
            self.pass_gate().await?;
            let (mut line, outcome) = self.attempt(ask, &token).await?;
            let error = match outcome {
                Ok(answer) => {
                    self.0.wire.report(line);
                    return Ok(answer);
                }
                Err(error) => error.scrubbed(token.expose_secret()),
            };
            if matches!(error, GraphError::Unauthorized { .. }) && !renewed {
                "sent again with a new token".clone_into(&mut line.note);
                self.0.wire.report(line);
                token = self.renew(&token).await?;
                renewed = true;
                continue;
            }
            tries += 1;
            let wait = next_try(&error, ask.resend, tries);
            if let Some(wait) = wait {
                line.note = format!("retry after {} s", wait.as_secs());
            }
            self.0.wire.report(line);
            match (&error, wait) {
                (GraphError::Throttled { after, .. }, wait) => {
                    self.close_gate(wait.unwrap_or(*after));
                    if wait.is_none() {
                        return Err(error);
                    }
                }
                (_, Some(wait)) => self.wait(wait).await,
                (_, None) => return Err(error),
            }
        }
    }

    /// One try. The outer error means that nothing was sent.
    async fn attempt(
        &self,
        ask: &Ask,
        token: &Arc<SecretString>,
    ) -> Result<(Exchange, Result<Answer, GraphError>), GraphError> {
        let host = ask.url.host_str().unwrap_or_default();
        if !self.0.endpoints.admits(&ask.url) {
            return Err(self.0.endpoints.hostile(ask.url.as_str()));
        }
        let unprepared = |source| GraphError::Setup {
            host: host.to_owned(),
            source,
        };
        let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))
            .map_err(|_| unprepared(None))?;
        bearer.set_sensitive(true);
        let mut request = self
            .0
            .wire
            .http()
            .request(ask.method.clone(), ask.url.clone())
            .header(header::AUTHORIZATION, bearer)
            .header(header::ACCEPT, "application/json");
        for (name, value) in ask.extra {
            request = request.header(*name, *value);
        }
        if let Some(body) = &ask.body {
            request = request.json(body);
        }
        let request = request.build().map_err(|error| unprepared(Some(error)))?;
        let (line, outcome) = self.0.wire.once(request).await;
        let outcome = outcome.and_then(|answer| {
            if !answer.status.is_success() {
                return Err(refusal(
                    &answer,
                    Asked {
                        host,
                        needs: ask.needs,
                        now: self.0.wire.now(),
                    },
                ));
            }
            match foreign_success(&answer, host) {
                Some(error) => Err(error),
                None => Ok(answer),
            }
        });
        Ok((line, outcome))
    }

    /// An address under `v1.0`.
    pub(super) fn url(&self, segments: &[&str], query: &[(&str, &str)]) -> Url {
        let mut url = self.0.endpoints.graph.clone();
        url.path_segments_mut()
            .expect("http and https addresses have a path")
            .pop_if_empty()
            .push("v1.0")
            .extend(segments);
        if !query.is_empty() {
            let query: Vec<String> = query
                .iter()
                .map(|(name, value)| format!("{name}={}", encoded(value)))
                .collect();
            url.set_query(Some(&query.join("&")));
        }
        url
    }
}

/// A value of a query. `+` above all must not stay: it would arrive as a space.
fn encoded(value: &str) -> String {
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F',
    ];
    let mut out = String::with_capacity(value.len());
    for byte in value.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' => out.push(char::from(byte)),
            b'-' | b'.' | b'_' | b'~' | b',' | b'(' | b')' | b'/' | b':' | b'$' | b'@' => {
                out.push(char::from(byte));
            }
            _ => {
                out.push('%');
                out.push(HEX[usize::from(byte >> 4)]);
                out.push(HEX[usize::from(byte & 15)]);
            }
        }
    }
    out
}

/// A text as OData writes it: in quotes, with quotes doubled.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// The answer's body as text, validated once.
pub(super) fn body_text<'a>(answer: &'a Answer, path: &str) -> Result<&'a str, GraphError> {
    std::str::from_utf8(&answer.body).map_err(|_| unreadable(answer, path, DecodeError::Utf8))
}

/// The error for a body that cannot be read.
pub(super) fn unreadable(answer: &Answer, path: &str, why: DecodeError) -> GraphError {
    GraphError::Decode {
        path: path.to_owned(),
        why,
        accepted: answer.status.is_success(),
        request_id: answer.request_id().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plus_is_encoded_and_quotes_are_doubled() {
        assert_eq!(
            encoded(&format!("telephoneNumber eq {}", quoted("+44 1;ext=2"))),
            "telephoneNumber%20eq%20%27%2B44%201%3Bext%3D2%27"
        );
        assert_eq!(quoted("O'Brien"), "'O''Brien'");
        assert_eq!(encoded("ö&#"), "%C3%B6%26%23");
    }
}
