//! What comes in and what goes out, free of the web server: a call, an answer, a refusal.
//!
//! A batch makes calls of its own from these, so nothing here knows a socket.

use std::sync::Arc;

use serde_json::{Value, json};

use super::json::{Cut, Json};
use super::query::{Query, path_decoded};

/// One request, decoded.
#[derive(Clone)]
pub(super) struct Call {
    /// GET, POST, PATCH, ...
    pub method: String,
    /// The path as it was sent.
    pub raw_path: String,
    /// The question as it was sent.
    pub raw_query: String,
    /// The path in decoded parts, with `users('x')` split in two.
    pub path: Vec<String>,
    /// The question.
    pub query: Query,
    /// Headers by lower-case name.
    pub headers: Vec<(String, String)>,
    /// Scheme and host that the caller used: every link is built on it.
    pub base: String,
    /// The body.
    pub body: Vec<u8>,
    /// The id of this request, a GUID.
    pub id: String,
}

impl Call {
    /// Splits a path and a question.
    pub(super) fn new(method: &str, target: &str, base: String) -> Self {
        let (raw_path, raw_query) = target.split_once('?').unwrap_or((target, ""));
        Self {
            method: method.to_ascii_uppercase(),
            raw_path: raw_path.to_owned(),
            raw_query: raw_query.to_owned(),
            path: segments(raw_path),
            query: Query::read(raw_query),
            headers: Vec::new(),
            base,
            body: Vec::new(),
            id: super::chance::guid(),
        }
    }

    /// A header, by its lower-case name.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether `ConsistencyLevel: eventual` came with this very request; links do not remember it.
    pub(super) fn eventual(&self) -> bool {
        self.header("consistencylevel")
            .is_some_and(|level| level.eq_ignore_ascii_case("eventual"))
    }

    /// Whether a wish stands in the `Prefer` header.
    pub(super) fn prefers(&self, wish: &str) -> bool {
        self.header("prefer").is_some_and(|wishes| {
            wishes
                .split([',', ';'])
                .any(|one| one.trim().eq_ignore_ascii_case(wish))
        })
    }

    /// Whether the caller takes gzip.
    pub(super) fn takes_gzip(&self) -> bool {
        self.header("accept-encoding").is_some_and(|codings| {
            codings.split(',').any(|one| {
                one.trim().starts_with("gzip") && !one.contains("q=0.0") && !one.ends_with("q=0")
            })
        })
    }

    /// The path and the question together, as sent.
    pub(super) fn target(&self) -> String {
        if self.raw_query.is_empty() {
            self.raw_path.clone()
        } else {
            format!("{}?{}", self.raw_path, self.raw_query)
        }
    }

    /// The body as a JSON object.
    pub(super) fn object(&self) -> Result<serde_json::Map<String, Value>, Refusal> {
        match serde_json::from_slice(&self.body) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(_) | Err(_) => Err(Refusal::new(
                400,
                "BadRequest",
                "Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.",
            )),
        }
    }
}

/// Cuts a path at its slashes and reads each part; keys in brackets become parts of their own.
fn segments(path: &str) -> Vec<String> {
    let mut parts = Vec::new();
    for part in path.split('/').filter(|part| !part.is_empty()) {
        let part = path_decoded(part);
        let keyed = part
            .strip_suffix("')")
            .and_then(|head| head.split_once("('"));
        match keyed {
            Some((name, key)) => {
                parts.push(name.to_owned());
                parts.push(key.replace("''", "'"));
            }
            None => parts.push(part.strip_suffix("()").map(str::to_owned).unwrap_or(part)),
        }
    }
    parts
}

/// The body of an answer.
#[derive(Debug)]
pub(super) enum Payload {
    /// None at all.
    Empty,
    /// JSON, with the places of shared pieces.
    Json(Vec<u8>, Vec<Cut>),
    /// JSON that was packed before.
    Packed(Arc<[u8]>),
    /// Plain text.
    Text(String),
    /// A page for people, or what a proxy puts in the way.
    Html(String),
}

/// A good answer.
#[derive(Debug)]
pub(super) struct Reply {
    /// The status.
    pub status: u16,
    /// Headers beside those that every answer has.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub payload: Payload,
    /// What the request cost, in resource units.
    pub units: u32,
}

impl Reply {
    /// 200 with a value.
    pub(super) fn value(value: &Value) -> Self {
        Self::json(200, value)
    }

    /// Any status with a value.
    pub(super) fn json(status: u16, value: &Value) -> Self {
        Self {
            status,
            headers: Vec::new(),
            payload: Payload::Json(value.to_string().into_bytes(), Vec::new()),
            units: 1,
        }
    }

    /// 200 with what was written by hand.
    pub(super) fn written(json: Json) -> Self {
        let (text, cuts) = json.finish();
        Self {
            status: 200,
            headers: Vec::new(),
            payload: Payload::Json(text, cuts),
            units: 1,
        }
    }

    /// A status without a body.
    pub(super) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            payload: Payload::Empty,
            units: 1,
        }
    }

    /// 200 with plain text: what `$count` answers.
    pub(super) fn text(text: String) -> Self {
        Self {
            payload: Payload::Text(text),
            ..Self::empty(200)
        }
    }

    /// The same answer, at another price.
    pub(super) fn costing(self, units: u32) -> Self {
        Self { units, ..self }
    }

    /// The same answer with a header more.
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// A refusal: an error body in the form of the part of Graph that speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// The status.
    pub status: u16,
    /// `error.code`.
    pub code: String,
    /// `error.message`.
    pub message: String,
    /// Headers beside those that every answer has.
    pub headers: Vec<(&'static str, String)>,
    /// Whether the Teams gateway speaks; its inner error is another.
    pub gateway: bool,
}

impl Refusal {
    /// Any refusal.
    pub(super) fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.to_owned(),
            message: message.into(),
            headers: Vec::new(),
            gateway: false,
        }
    }

    /// 400 `Request_BadRequest`.
    pub(super) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, "Request_BadRequest", message)
    }

    /// 400 `Request_UnsupportedQuery`.
    pub(super) fn unsupported(message: impl Into<String>) -> Self {
        Self::new(400, "Request_UnsupportedQuery", message)
    }

    /// 404 of the directory.
    pub(super) fn no_resource(id: &str) -> Self {
        Self::new(
            404,
            "Request_ResourceNotFound",
            format!(
                "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
            ),
        )
    }

    /// 404 of the Teams gateway.
    pub(super) fn not_found() -> Self {
        Self::new(404, "NotFound", "Resource not found.").at_gateway()
    }

    /// The path leads nowhere.
    pub(super) fn no_segment(segment: &str) -> Self {
        Self::new(
            400,
            "BadRequest",
            format!("Resource not found for the segment '{segment}'."),
        )
    }

    /// The same refusal, spoken by the Teams gateway.
    pub(super) fn at_gateway(self) -> Self {
        Self {
            gateway: true,
            ..self
        }
    }

    /// The same refusal with a header more.
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The error body.
    pub(super) fn body(&self, at: &str, call: &Call) -> Value {
        let client_id = call.header("client-request-id").unwrap_or(&call.id);
        let inner = if self.gateway {
            let mut code = self.code.clone();
            if let Some(first) = code.get_mut(..1) {
                first.make_ascii_uppercase();
            }
            json!({
                "code": code, "message": null, "target": null,
                "additionalData": { "action": gateway_advice(self.status) },
                "date": at, "request-id": call.id, "client-request-id": client_id,
            })
        } else {
            json!({ "date": at, "request-id": call.id, "client-request-id": client_id })
        };
        json!({ "error": { "code": self.code, "message": self.message, "innerError": inner } })
    }
}

fn gateway_advice(status: u16) -> &'static str {
    match status {
        403 => "Add the required roles/permissions and try again.",
        404 => "Specify valid resource.",
        _ => "Correct the request and try again.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_brackets_become_parts() {
        assert_eq!(
            segments("/v1.0/users('o''brien%40x')/licenseDetails"),
            ["v1.0", "users", "o'brien@x", "licenseDetails"]
        );
        assert_eq!(segments("/v1.0/users/delta()"), ["v1.0", "users", "delta"]);
        assert_eq!(segments("//v1.0//me/"), ["v1.0", "me"]);
    }

    #[test]
    fn the_gateway_has_an_inner_error_of_its_own() {
        let call = Call::new("GET", "/v1.0/x", "http://h".to_owned());
        let body = Refusal::new(403, "forbidden", "no")
            .at_gateway()
            .body("2026-01-01T00:00:00", &call);
        assert_eq!(body["error"]["innerError"]["code"], "Forbidden");
        assert_eq!(body["error"]["innerError"]["request-id"], call.id.as_str());
        let body = Refusal::bad("no").body("2026-01-01T00:00:00", &call);
        assert!(body["error"]["innerError"].get("code").is_none());
    }

    #[test]
    fn preferences_and_codings_are_lists() {
        let mut call = Call::new("GET", "/", String::new());
        call.headers = vec![
            (
                "prefer".into(),
                "return=minimal, include-unknown-enum-members".into(),
            ),
            ("accept-encoding".into(), "br, gzip".into()),
        ];
        assert!(call.prefers("return=minimal"));
        assert!(call.prefers("include-unknown-enum-members"));
        assert!(!call.prefers("odata.maxpagesize=5"));
        assert!(call.takes_gzip());
    }
}
