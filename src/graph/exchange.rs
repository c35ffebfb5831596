//! One request and its reply over HTTP: limits, inflating, the clock of the server, the line for the debug log.
//!
//! Any status is an answer here; what it means is decided elsewhere. Redirects are never followed, and nothing is sent twice.

use std::path::Path;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use reqwest::redirect::Policy;
use tokio::sync::mpsc::UnboundedSender;
use url::Url;

use crate::domain::pace::Clock;

use super::Exchange;
use super::ahead::EarlyLink;
use super::body::{self, LARGEST_REPLY};
use super::endpoints::Endpoints;
use super::error::{DecodeError, GraphError, Stage};
use super::trust;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a reply may take in all: one that comes a byte at a time never lacks the next one for long.
const LONGEST_REPLY: Duration = Duration::from_mins(10);

/// What becomes of the body of a good reply.
#[derive(Debug, Clone, Copy)]
pub(super) enum Leave<'a> {
    /// It is unpacked, and every byte of it a character.
    Unpacked,
    /// It stays as it came, for another thread to unpack; a link to the next page is told as soon as it is seen.
    Packed(&'a EarlyLink),
}

/// A reply, whole.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// Unpacked, unless it was asked for as it came.
    pub body: Vec<u8>,
    /// The certificate that came with it.
    pub shown: Option<reqwest::tls::TlsInfo>,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn request_id(&self) -> &str {
        self.header("request-id").unwrap_or_default()
    }
}

/// The connections, and what every request shares.
#[derive(Debug)]
pub(super) struct Wire {
    http: reqwest::Client,
    clock: Clock,
    traffic: Option<UnboundedSender<Exchange>>,
    proxy_named: bool,
    skew: Mutex<Option<SignedDuration>>,
}

impl Wire {
    pub(super) fn new(
        endpoints: &Endpoints,
        (extra_ca, proxy_named): (Option<&Path>, bool),
        clock: Clock,
        traffic: Option<UnboundedSender<Exchange>>,
    ) -> Result<Self, GraphError> {
        install_ring();
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!("teamsconnector/", env!("CARGO_PKG_VERSION")))
            .redirect(Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .tls_info(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT);
        if endpoints.any_plain() {
            // A token for a loopback address must not pass through a proxy in the clear.
            builder = builder.no_proxy();
        }
        let unprepared = |source| GraphError::Setup {
            host: endpoints.graph.host_str().unwrap_or_default().to_owned(),
            source,
        };
        builder = if endpoints.any_tls() {
            let extra = extra_ca.map_or(Ok(Vec::new()), |path| {
                trust::extra_roots(path).map_err(|why| why.about(path))
            })?;
            builder.tls_backend_preconfigured(trust::config(extra).map_err(|why| {
                tracing::warn!(%why, "TLS cannot be prepared");
                unprepared(None)
            })?)
        } else {
            // Without any CA file on the system the builder fails, and plain http needs none.
            builder.tls_certs_only([])
        };
        let http = builder.build().map_err(|source| unprepared(Some(source)))?;
        Ok(Self {
            http,
            clock,
            traffic,
            proxy_named,
            skew: Mutex::new(None),
        })
    }

    pub(super) fn http(&self) -> &reqwest::Client {
        &self.http
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(super) fn skew(&self) -> Option<SignedDuration> {
        *self.skew.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends once, and reads the reply to its end. The line for the debug log is given back, to be told once it is known
    /// what follows.
    pub(super) async fn once(
        &self,
        mut request: reqwest::Request,
        leave: Leave<'_>,
    ) -> (Exchange, Result<Answer, GraphError>) {
        let id = client_request_id();
        let headers = request.headers_mut();
        headers.insert(
            header::ACCEPT_ENCODING,
            header::HeaderValue::from_static("gzip"),
        );
        if let Ok(id) = id.parse() {
            headers.insert("client-request-id", id);
        }
        let started = self.now();
        let url = request.url().clone();
        let mut line = Exchange {
            method: method_name(request.method()),
            path: loggable(&url),
            status: None,
            millis: 0,
            request_id: id,
            note: String::new(),
        };
        let answer = self.fetch((request, leave), &url, &mut line).await;
        let took = self.now().duration_since(started).as_millis();
        line.millis = u64::try_from(took).unwrap_or_default();
        (line, answer)
    }

    async fn fetch(
        &self,
        (request, leave): (reqwest::Request, Leave<'_>),
        url: &Url,
        line: &mut Exchange,
    ) -> Result<Answer, GraphError> {
        let mut response = self.http.execute(request).await.map_err(|error| {
            let unsent = error.is_connect() || error.is_builder();
            let stage = if unsent {
                Stage::NotSent
            } else {
                Stage::NoReply
            };
            self.transport(url, stage, error)
        })?;
        let (status, headers) = (response.status(), response.headers().clone());
        let shown = response.extensions_mut().remove::<reqwest::tls::TlsInfo>();
        line.status = Some(status.as_u16());
        if let Some(id) = headers.get("request-id").and_then(|id| id.to_str().ok()) {
            id.clone_into(&mut line.request_id);
        }
        self.note_skew(&headers);
        let early = match leave {
            Leave::Packed(early) if status.is_success() => Some(early),
            Leave::Packed(_) | Leave::Unpacked => None,
        };
        let packed = collect(
            response,
            early.map(|early| (early, body::is_gzip(&headers))),
            LONGEST_REPLY,
        )
        .await
        .map_err(|error| self.transport(url, Stage::CutReply, error))?;
        let body = packed
            .and_then(|packed| match early {
                Some(_) => Ok(packed),
                None => body::unpacked(packed, &headers),
            })
            .map_err(|why| GraphError::Decode {
                path: url.path().to_owned(),
                why,
                // No change was asked for, so none can have been accepted.
                accepted: false,
                request_id: line.request_id.clone(),
            })?;
        Ok(Answer {
            status,
            headers,
            body,
            shown,
        })
    }

    fn note_skew(&self, headers: &HeaderMap) {
        let date = headers
            .get(header::DATE)
            .and_then(|date| date.to_str().ok())
            .and_then(http_date);
        if let Some(date) = date {
            *self.skew.lock().unwrap_or_else(PoisonError::into_inner) =
                Some(date.duration_since(self.now()));
        }
    }

    /// Tells the debug log of a request.
    fn transport(&self, url: &Url, stage: Stage, source: reqwest::Error) -> GraphError {
        GraphError::Transport {
            host: url.host_str().unwrap_or_default().to_owned(),
            stage,
            named: self.proxy_named,
            source: source.without_url(),
        }
    }

    pub(super) fn report(&self, line: Exchange) {
        tracing::debug!(
            method = line.method,
            path = line.path,
            status = line.status,
            millis = line.millis,
            request_id = line.request_id,
            note = line.note,
            "request"
        );
        // A code that nobody has typed in yet is asked for again and again: that is no failure.
        let waits = line.status == Some(400) && line.path.contains("/oauth2/");
        if line.status.is_none_or(|status| status >= 400) && !waits {
            let path = line.path.split('?').next().unwrap_or_default();
            tracing::info!(
                method = line.method,
                path,
                status = line.status,
                request_id = line.request_id,
                note = line.note,
                "a request failed"
            );
        }
        if let Some(traffic) = &self.traffic {
            // Nobody listening any more is no reason to stop working.
            let _ = traffic.send(line);
        }
    }
}

/// The body as it comes, up to the limits of size and time. The outer error is the network's.
async fn collect(
    mut response: reqwest::Response,
    mut early: Option<(&EarlyLink, bool)>,
    longest: Duration,
) -> Result<Result<Vec<u8>, DecodeError>, reqwest::Error> {
    let started = tokio::time::Instant::now();
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if started.elapsed() >= longest {
            return Ok(Err(DecodeError::TooSlow { longest }));
        }
        if body.len() + chunk.len() > LARGEST_REPLY {
            return Ok(Err(DecodeError::TooLarge {
                limit: LARGEST_REPLY,
            }));
        }
        body.extend_from_slice(&chunk);
        early = early.filter(|(early, is_gzip)| early.look(&body, *is_gzip).is_open());
    }
    Ok(Ok(body))
}

/// The date of a header, if it is one.
pub(super) fn http_date(text: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(text)
        .ok()
        .map(|date| date.timestamp())
}

/// Without a provider of its own, reqwest takes the one of the program. Somebody else having installed one is fine.
fn install_ring() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

pub(super) fn client_request_id() -> String {
    let mut bytes = [0u8; 16];
    // Without randomness the id stays zero: it serves support cases, not safety.
    let _ = getrandom::fill(&mut bytes);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    crate::domain::guid::Guid::from_bytes(bytes).to_string()
}

fn method_name(method: &http::Method) -> &'static str {
    [
        (http::Method::GET, "GET"),
        (http::Method::POST, "POST"),
        (http::Method::PATCH, "PATCH"),
    ]
    .into_iter()
    .find(|(known, _)| known == method)
    .map_or("?", |(_, name)| name)
}

/// Path and query as a log may show them: page tokens are long, and of no use to a reader.
fn loggable(url: &Url) -> String {
    let Some(query) = url.query() else {
        return url.path().to_owned();
    };
    let shown: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, value))
                if value.len() > 24 && name.to_ascii_lowercase().ends_with("token") =>
            {
                let start: String = value.chars().take(8).collect();
                format!("{name}={start}...")
            }
            _ => pair.to_owned(),
        })
        .collect();
    format!("{}?{}", url.path(), shown.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn page_tokens_are_cut_in_the_log() {
        let url = |text: &str| Url::parse(text).unwrap();
        assert_eq!(
            loggable(&url(
                "https://g/v1.0/users?$top=999&$skiptoken=RFNwdAoAAQAAAAAAAAAAFAAAAPu"
            )),
            "/v1.0/users?$top=999&$skiptoken=RFNwdAoA..."
        );
        assert_eq!(
            loggable(&url("https://g/v1.0/users/delta?$deltatoken=latest")),
            "/v1.0/users/delta?$deltatoken=latest"
        );
    }

    #[tokio::test]
    async fn a_reply_that_still_comes_when_none_may_is_given_up() {
        let reply = || reqwest::Response::from(http::Response::new("{}"));
        let whole = collect(reply(), None, LONGEST_REPLY).await.unwrap();
        assert_eq!(whole.unwrap(), b"{}");
        let slow = collect(reply(), None, Duration::ZERO).await.unwrap();
        assert_eq!(
            slow.unwrap_err().to_string(),
            "it was still coming after 0 s"
        );
    }

    #[test]
    fn request_ids_are_guids_of_version_4() {
        let id = client_request_id();
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(id.parse::<crate::domain::guid::Guid>().is_ok());
    }
}
