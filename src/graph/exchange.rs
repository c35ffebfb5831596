//! One request and its reply over HTTP: limits, inflating, the clock of the server, the line for the debug log.
//!
//! Any status is an answer here; what it means is decided elsewhere. Redirects are never followed, and nothing is sent twice.

use std::path::Path;
use std::sync::{Mutex, Once, PoisonError};
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use libdeflater::{DecompressionError, Decompressor};
use reqwest::redirect::Policy;
use tokio::sync::mpsc::UnboundedSender;
use url::Url;

use crate::domain::pace::Clock;

use super::Exchange;
use super::endpoints::Endpoints;
use super::error::{DecodeError, GraphError, Stage};
use super::trust;

/// No reply is read beyond this, compressed or inflated. An ordinary page of 999 users has 8 MB, and one of users with every
/// product and a long history of plans has three times that.
pub(super) const LARGEST_REPLY: usize = 24 * 1024 * 1024;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const READ_TIMEOUT: Duration = Duration::from_mins(1);

/// A reply, whole and inflated.
#[derive(Debug)]
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
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
        let answer = self.fetch(request, &url, &mut line).await;
        let took = self.now().duration_since(started).as_millis();
        line.millis = u64::try_from(took).unwrap_or_default();
        (line, answer)
    }

    async fn fetch(
        &self,
        request: reqwest::Request,
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
        let packed = collect(response)
            .await
            .map_err(|error| self.transport(url, Stage::CutReply, error))?;
        let body = packed
            .and_then(|packed| unpack(packed, &headers))
            .map(readable)
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

/// The body as it comes, up to the limit. The outer error is the network's.
async fn collect(
    mut response: reqwest::Response,
) -> Result<Result<Vec<u8>, DecodeError>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > LARGEST_REPLY {
            return Ok(Err(DecodeError::TooLarge {
                limit: LARGEST_REPLY,
            }));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Ok(body))
}

fn unpack(body: Vec<u8>, headers: &HeaderMap) -> Result<Vec<u8>, DecodeError> {
    let encoding = headers
        .get(header::CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("identity");
    let is = |name: &str| encoding.eq_ignore_ascii_case(name);
    if is("gzip") || is("x-gzip") {
        inflate(&body)
    } else if is("identity") {
        Ok(body)
    } else {
        Err(DecodeError::Encoding(encoding.to_owned()))
    }
}

/// The body with U+FFFD for each byte and each half of a pair that is no character: one text of one user must not take the
/// whole page with it.
fn readable(body: Vec<u8>) -> Vec<u8> {
    let text = match String::from_utf8(body) {
        Ok(text) => text,
        Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into_owned(),
    };
    let Some(first) = memchr::memmem::find(text.as_bytes(), br"\ud")
        .into_iter()
        .chain(memchr::memmem::find(text.as_bytes(), br"\uD"))
        .min()
    else {
        return text.into_bytes();
    };
    // A backslash before it may be the second of two: from the start of the run on, escapes are read one after the other.
    let start = first
        - text.as_bytes()[..first]
            .iter()
            .rev()
            .take_while(|b| **b == b'\\')
            .count();
    let (mut out, mut rest) = (text.as_bytes()[..start].to_vec(), &text.as_bytes()[start..]);
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let length = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.extend_from_slice(br"\ufffd");
                rest = &rest[6..];
                continue;
            }
            _ => rest.len().min(2),
        };
        out.extend_from_slice(&rest[..length]);
        rest = &rest[length..];
    }
    out.extend_from_slice(rest);
    out
}

/// The number of an escape such as `\u00e4` at the start of a text.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = is_hex.then_some(digits)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
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

fn inflate(packed: &[u8]) -> Result<Vec<u8>, DecodeError> {
    // The last four bytes tell the size, but nobody can be held to them: the buffer grows when they lie.
    let told = packed
        .last_chunk::<4>()
        .map_or(0, |size| u32::from_le_bytes(*size) as usize);
    let mut room = told.clamp(1024, LARGEST_REPLY);
    let mut decompressor = Decompressor::new();
    loop {
        let mut out = vec![0; room];
        match decompressor.gzip_decompress(packed, &mut out) {
            Ok(length) => {
                out.truncate(length);
                return Ok(out);
            }
            Err(DecompressionError::BadData) => return Err(DecodeError::Gzip),
            Err(DecompressionError::InsufficientSpace) if room < LARGEST_REPLY => {
                room = (room * 4).min(LARGEST_REPLY);
            }
            Err(DecompressionError::InsufficientSpace) => {
                return Err(DecodeError::TooLarge {
                    limit: LARGEST_REPLY,
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use libdeflater::{CompressionLvl, Compressor};

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new(CompressionLvl::fastest());
        let mut out = vec![0; compressor.gzip_compress_bound(text.len())];
        let length = compressor.gzip_compress(text, &mut out).unwrap();
        out.truncate(length);
        out
    }

    #[test]
    fn inflates_whatever_the_trailer_says() {
        let text = vec![b'a'; 100_000];
        let good = packed(&text);
        assert_eq!(inflate(&good).unwrap(), text);
        let mut followed = good.clone();
        followed.extend_from_slice(&[0, 0, 0, 0]);
        assert_eq!(inflate(&followed).unwrap(), text);
        assert!(matches!(inflate(&good[..40]), Err(DecodeError::Gzip)));
        assert!(matches!(inflate(b"hello"), Err(DecodeError::Gzip)));
        assert!(matches!(inflate(b""), Err(DecodeError::Gzip)));
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = packed(&vec![0; LARGEST_REPLY + 1]);
        assert!(matches!(
            inflate(&bomb),
            Err(DecodeError::TooLarge { limit }) if limit == LARGEST_REPLY
        ));
    }

    #[test]
    fn what_is_no_character_is_replaced_and_nothing_else() {
        for (body, read) in [
            (&br#"{"a":"x"}"#[..], r#"{"a":"x"}"#),
            (br#""\ud83d\ude00 \u00e4""#, r#""\ud83d\ude00 \u00e4""#),
            (br#""\ud83d""#, r#""\ufffd""#),
            (br#""\ude00\ud83d\n""#, r#""\ufffd\ufffd\n""#),
            (br#""\uD83d\u0041""#, r#""\ufffd\u0041""#),
            // No escape at all: two backslashes are one.
            (br#""\\ud83d""#, r#""\\ud83d""#),
            (br#""\\\ud83d""#, r#""\\\ufffd""#),
            (b"\"a\xffb\"", "\"a\u{fffd}b\""),
            (b"\\ud8", "\\ud8"),
            (b"\\ud83\xff\\", "\\ud83\u{fffd}\\"),
        ] {
            assert_eq!(String::from_utf8(readable(body.to_vec())).unwrap(), read);
        }
    }

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

    #[test]
    fn request_ids_are_guids_of_version_4() {
        let id = client_request_id();
        assert_eq!(id.as_bytes()[14], b'4');
        assert!(id.parse::<crate::domain::guid::Guid>().is_ok());
    }
}
