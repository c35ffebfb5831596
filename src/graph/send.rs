//! A request to Graph with all that belongs to it: token, gate, tries, and the reading of refusals.
//!
//! Invariant: the address is checked against the Graph origin right before a token is attached, whoever made the address.

use std::sync::Arc;

use http::{HeaderValue, Method, StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::challenge::claims_of;
use super::echo;
use super::error::{DecodeError, GraphError};
use super::exchange::{Answer, Leave};
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

    /// Setting a value twice is setting it once, but only while nobody else sets it in between: whoever asks looks first.
    pub(super) fn patch(url: Url, body: Value, needs: &'static [&'static str]) -> Self {
        Self {
            method: Method::PATCH,
            url,
            body: Some(body),
            resend: Resend::WhenRefused,
            extra: PLAIN,
            needs,
        }
    }
}

impl Ask {
    fn is_write(&self) -> bool {
        self.resend == Resend::WhenRefused
    }
}

/// The query is left out: page tokens say nothing to a reader.
fn request_of(ask: &Ask) -> String {
    format!("{} {}", ask.method, ask.url.path())
}

impl Client {
    /// Sends until there is an answer, within what the retry rules allow. A write is sent once.
    pub(super) async fn send(&self, ask: &Ask) -> Result<Answer, GraphError> {
        self.send_leaving(ask, Leave::Unpacked).await
    }

    /// The same, with the body of a good answer left as it came where that is asked for.
    pub(super) async fn send_leaving(
        &self,
        ask: &Ask,
        leave: Leave<'_>,
    ) -> Result<Answer, GraphError> {
        let mut token = self.token_for(ask, None).await?;
        let (mut renewed, mut tries) = (false, 0);
        loop {
            // Who was told to wait by its own answer has said so.
            if let Some(wait) = self.closed_for().filter(|_| tries == 0) {
                self.tell_closed(wait);
            }
            self.pass_gate().await?;
            let (mut line, outcome) = self.attempt((ask, leave), &token).await?;
            let error = match outcome {
                Ok(answer) => {
                    self.0.wire.report(line);
                    return Ok(answer);
                }
                Err(error) => error.scrubbed(token.expose_secret()),
            };
            if matches!(error, GraphError::Unauthorized { .. }) && !renewed {
                if !ask.is_write() {
                    "sent again with a new token".clone_into(&mut line.note);
                }
                self.0.wire.report(line);
                token = self.token_for(ask, Some(&token)).await?;
                if ask.is_write() {
                    return Err(error);
                }
                renewed = true;
                continue;
            }
            tries += 1;
            // What a write rests on may have moved while it waits: whoever asks looks first, and asks anew.
            let wait = (!ask.is_write())
                .then(|| next_try(&error, ask.resend, tries))
                .flatten();
            if let Some(wait) = wait {
                line.note = format!("retry after {} s", wait.as_secs());
                self.tell_delay(request_of(ask), &error, (wait, tries));
            }
            self.0.wire.report(line);
            match (&error, wait) {
                (GraphError::Throttled { after, .. }, wait) => {
                    self.close_gate(wait.unwrap_or(*after));
                    if wait.is_none() {
                        return Err(error);
                    }
                }
                (_, Some(wait)) if self.waits(wait).await => {}
                (_, Some(_) | None) => return Err(error),
            }
        }
    }

    /// One try. The outer error means that nothing was sent.
    async fn attempt(
        &self,
        (ask, leave): (&Ask, Leave<'_>),
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
        let (mut line, outcome) = self.0.wire.once(request, leave).await;
        // A server that echoes a token must not get it into a log.
        for text in [&mut line.path, &mut line.request_id] {
            echo::scrub(text, token.expose_secret());
        }
        let outcome = outcome.and_then(|answer| {
            if answer.status == StatusCode::UNAUTHORIZED
                && let Some(claims) = claims_of(&answer.headers)
            {
                *self.claims() = Some(claims);
            }
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
            match foreign_success(&answer, &answer.body, host) {
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

/// The error for a body that cannot be read, of an answer to a read: no change was asked for, so none can have been accepted.
pub(super) fn unreadable(answer: &Answer, path: &str, why: DecodeError) -> GraphError {
    undecoded(answer, path, (why, false))
}

/// The same, of an answer to a write: what it says of a change that was accepted is missing.
pub(super) fn untold(answer: &Answer, path: &str, why: DecodeError) -> GraphError {
    undecoded(answer, path, (why, answer.status.is_success()))
}

fn undecoded(answer: &Answer, path: &str, (why, accepted): (DecodeError, bool)) -> GraphError {
    GraphError::Decode {
        path: path.to_owned(),
        why,
        accepted,
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

    use libdeflater::{CompressionLvl, Compressor};

    use crate::domain::directory::NumberType;
    use crate::domain::failure::FailureKind;
    use crate::domain::phone::PhoneNumber;

    use super::super::error::Stage as Reached;
    use super::super::testserver::{SECRET, Said, Stage};

    const EMPTY: &str = r#"{"value":[]}"#;

    async fn assign(stage: &Stage) -> GraphError {
        let number = PhoneNumber::from_tenant("+441235123465").unwrap();
        let to = "00000000-0000-0000-0000-000000000001".parse().unwrap();
        stage
            .client
            .assign_number(&number, to, NumberType::DirectRouting)
            .await
            .unwrap_err()
    }

    #[tokio::test]
    async fn a_refused_token_is_renewed_once() {
        let mut stage = Stage::new(|request, _| {
            if request.header("authorization") == Some("Bearer canary-2") {
                Said::json(200, EMPTY)
            } else {
                Said::json(
                    401,
                    r#"{"error":{"code":"InvalidAuthenticationToken","message":"Lifetime validation failed, the token is expired."}}"#,
                )
            }
        });
        assert_eq!(stage.client.subscribed_skus().await.unwrap(), []);
        assert_eq!(stage.entra_requests().len(), 2);
        assert_eq!(stage.notes(), ["sent again with a new token"]);
    }

    #[tokio::test]
    async fn a_token_refused_twice_is_an_error() {
        let stage = Stage::new(|_, _| Said::json(401, "{}"));
        let error = stage.client.subscribed_skus().await.unwrap_err();
        assert!(matches!(error, GraphError::Unauthorized { .. }));
        assert_eq!(stage.graph_requests().len(), 2);
        assert_eq!(error.failure("Reading").kind, FailureKind::SignIn);
    }

    #[tokio::test]
    async fn a_write_that_is_refused_for_now_is_sent_once_and_asked_for_again_by_its_caller() {
        let throttled = Said::json(429, r#"{"error":{"code":"TooManyRequests"}}"#);
        let violation = r#"{"error":{"code":"Directory_ConcurrencyViolation"}}"#;
        for (said, tries) in [
            (throttled.with("Retry-After", "7"), 3),
            (Said::json(409, violation), 3),
            (Said::json(401, "{}"), 1),
            (Said::json(400, "{}"), 0),
        ] {
            let stage = Stage::new(move |_, _| said.clone());
            let error = assign(&stage).await;
            assert_eq!(stage.graph_requests().len(), 1, "{error:?}");
            let again = async |tries| {
                let request = "assign for Pat".to_owned();
                stage.client.may_ask_again(&error, tries, request).await
            };
            for tried in 1..=4 {
                assert_eq!(again(tried).await, tried <= tries, "{tried} of {error:?}");
            }
        }
    }

    #[tokio::test]
    async fn a_long_wait_is_the_callers_and_closes_the_gate() {
        let stage = Stage::new(|_, _| Said::json(429, "{}").with("Retry-After", "999999"));
        for _ in 0..3 {
            let error = stage.client.subscribed_skus().await.unwrap_err();
            assert!(
                matches!(error, GraphError::Throttled { after, .. } if after.as_secs() == 999_999),
                "{error:?}"
            );
        }
        assert_eq!(stage.graph_requests().len(), 1);
    }

    #[tokio::test]
    async fn reads_are_tried_four_times() {
        let stage = Stage::new(|_, n| match n {
            0 => Said::json(503, ""),
            1 => Said::nothing(),
            2 => Said::json(200, EMPTY).cut_short(),
            _ => Said::json(200, EMPTY),
        });
        assert_eq!(stage.client.subscribed_skus().await.unwrap(), []);
        let stage = Stage::new(|_, _| Said::json(504, "").with("request-id", "r9"));
        let error = stage.client.subscribed_skus().await.unwrap_err();
        assert_eq!(stage.graph_requests().len(), 4);
        assert_eq!(error.request_id(), "r9");
        assert!(error.is_retryable());
    }

    #[tokio::test]
    async fn a_write_without_an_answer_is_unknown_and_not_sent_again() {
        for said in [
            Said::nothing(),
            Said::json(202, "{}").cut_short(),
            Said::json(500, ""),
            Said::json(202, ""),
            Said::json(202, "").with("Location", "https://evil.example/operations('x')"),
        ] {
            let answer = said.clone();
            let stage = Stage::new(move |_, _| answer.clone());
            let error = assign(&stage).await;
            assert!(error.outcome_unknown(), "{said:?}: {error:?}");
            assert_eq!(stage.graph_requests().len(), 1);
        }
    }

    #[tokio::test]
    async fn a_refused_write_is_known() {
        let stage = Stage::new(|_, _| {
            Said::json(
                400,
                r#"{"error":{"code":"BadRequest","message":"lacks appropriate licenses"}}"#,
            )
        });
        let error = assign(&stage).await;
        assert!(!error.outcome_unknown());
        assert_eq!(error.reply().unwrap().message, "lacks appropriate licenses");
    }

    #[tokio::test]
    async fn what_never_left_is_known() {
        let stage = Stage::new(|_, _| Said::json(200, EMPTY));
        stage.client.sign_in().await.unwrap();
        let gone = Url::parse("http://127.0.0.1:1/v1.0/x").unwrap();
        let request = stage.client.0.wire.http().post(gone).build().unwrap();
        let (line, outcome) = stage.client.0.wire.once(request, Leave::Unpacked).await;
        let error = outcome.unwrap_err();
        assert!(matches!(
            error,
            GraphError::Transport {
                stage: Reached::NotSent,
                ..
            }
        ));
        assert!(!error.outcome_unknown());
        assert_eq!(line.status, None);
        let failure = error.failure("Assigning the number");
        assert_eq!(
            failure.headline,
            "Assigning the number failed: 127.0.0.1 cannot be reached"
        );
        assert!(
            failure.detail.contains("Connection refused"),
            "{}",
            failure.detail
        );
    }

    #[tokio::test]
    async fn redirects_are_not_followed() {
        let stage = Stage::new(|request, _| {
            if request.path.contains("stolen") {
                Said::json(200, EMPTY)
            } else {
                Said::json(302, "").with("Location", "{root}/stolen")
            }
        });
        let error = stage.client.subscribed_skus().await.unwrap_err();
        assert!(matches!(error, GraphError::NotGraph { .. }), "{error:?}");
        assert_eq!(stage.graph_requests().len(), 1);
    }

    #[tokio::test]
    async fn gzip_is_asked_for_and_inflated() {
        let body = br#"{"value":[{"skuId":"06ebc4ee-1bb5-47dd-8120-11324bc54e06","skuPartNumber":"SPE_E5"}]}"#;
        let mut compressor = Compressor::new(CompressionLvl::default());
        let mut packed = vec![0; compressor.gzip_compress_bound(body.len())];
        let length = compressor.gzip_compress(body, &mut packed).unwrap();
        packed.truncate(length);
        let stage = Stage::new(move |_, _| {
            Said::bytes(200, "application/json", packed.clone()).with("Content-Encoding", "gzip")
        });
        let skus = stage.client.subscribed_skus().await.unwrap();
        assert_eq!(skus[0].part_number, "SPE_E5");
        let asked = stage.graph_requests();
        assert_eq!(asked[0].header("accept-encoding"), Some("gzip"));
        assert_eq!(asked[0].header("client-request-id").unwrap().len(), 36);
    }

    #[tokio::test]
    async fn an_encoding_that_was_not_asked_for_is_an_error() {
        let stage = Stage::new(|_, _| Said::json(200, EMPTY).with("Content-Encoding", "br"));
        let error = stage.client.subscribed_skus().await.unwrap_err();
        assert_eq!(
            error.to_string(),
            "the answer to /v1.0/subscribedSkus cannot be read: it is encoded as br, which was not asked for"
        );
    }

    #[tokio::test]
    async fn no_word_of_ours_holds_a_token() {
        let mut stage = Stage::new(|request, _| {
            let token = request.header("authorization").unwrap().to_owned();
            Said::json(
                400,
                format!(r#"{{"error":{{"code":"x","message":"bad header {token}"}}}}"#),
            )
            .with("request-id", token)
        });
        let error = stage.client.subscribed_skus().await.unwrap_err();
        let mut words = vec![
            format!("{error:?} {error}"),
            format!("{:?}", error.failure("Reading")),
            format!("{:?}", stage.client),
        ];
        let lines = stage.lines();
        assert_eq!(lines.len(), 2);
        words.push(format!("{lines:?}"));
        for text in words {
            assert!(!text.contains("canary"), "{text}");
            assert!(!text.contains(SECRET), "{text}");
        }
    }

    #[tokio::test]
    async fn the_clock_of_the_server_is_noted() {
        let stage =
            Stage::new(|_, _| Said::json(200, EMPTY).with("Date", "Sun, 01 Mar 2026 12:01:30 GMT"));
        assert_eq!(stage.client.server_clock_skew(), None);
        stage.client.subscribed_skus().await.unwrap();
        let skew = stage.client.server_clock_skew().unwrap();
        assert_eq!(skew.as_secs(), 90);
    }
}
