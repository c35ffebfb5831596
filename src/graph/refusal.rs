//! From a reply that is no success to its error: the many forms of error bodies, read once.
//!
//! Branches on status and code; a message is read only to unwrap JSON in a string and to find the permissions it names.

use http::header;
use jiff::Timestamp;
use serde_json::Value;

use super::error::{GraphError, Reply};
use super::exchange::Answer;
use super::retry::{retry_after, throttled_for};

/// Longest message that is kept of a server's text.
const LONGEST_MESSAGE: usize = 2000;

/// Longest code and longest request-id.
const LONGEST_WORD: usize = 200;

/// What was asked, as far as reading a refusal needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    pub host: &'a str,
    /// Permissions of which any one would do, by the documentation.
    pub needs: &'a [&'a str],
    pub now: Timestamp,
}

/// The error that an unsuccessful answer stands for.
pub(super) fn refusal(answer: &Answer, asked: Asked<'_>) -> GraphError {
    let status = answer.status.as_u16();
    let reply = Box::new(read_reply(answer, &answer.body));
    match status {
        429 => GraphError::Throttled {
            after: throttled_for(&answer.headers, asked.now),
            reply,
        },
        500.. | 408 => GraphError::Server {
            after: retry_after(&answer.headers, asked.now),
            reply,
        },
        _ if status < 400 || is_page(&reply) => GraphError::NotGraph {
            host: asked.host.to_owned(),
            reply,
        },
        401 => GraphError::Unauthorized { reply },
        403 => GraphError::Forbidden {
            scopes: scopes_of(&reply.message, asked.needs),
            reply,
        },
        404 => GraphError::NotFound { reply },
        409 => GraphError::Conflict { reply },
        _ => GraphError::BadRequest { reply },
    }
}

/// Whether a successful answer was written by something else than Graph; of a body that is still packed its headers tell.
pub(super) fn foreign_success(answer: &Answer, body: &[u8], host: &str) -> Option<GraphError> {
    let reply = read_reply(answer, body);
    is_page(&reply).then(|| GraphError::NotGraph {
        host: host.to_owned(),
        reply: Box::new(reply),
    })
}

/// Whether a page of a list turned out to be a page for a browser, once it was unpacked. Its headers were looked at before, and
/// nothing of them is repeated: the token is not at hand any more with which they could be compared.
pub(super) fn markup(answer: &Answer, body: &[u8], host: &str) -> Option<GraphError> {
    body.trim_ascii_start()
        .starts_with(b"<")
        .then(|| GraphError::NotGraph {
            host: host.to_owned(),
            reply: Box::new(Reply {
                status: answer.status.as_u16(),
                request_id: answer.request_id().to_owned(),
                foreign: Some("html, declared as JSON".to_owned()),
                ..Reply::default()
            }),
        })
}

/// A page for a browser, or a text that does not even carry a request-id as all of Graph's do. An empty body says no more than
/// its status does.
fn is_page(reply: &Reply) -> bool {
    reply.foreign.as_deref().is_some_and(|kind| {
        let is_bare_refusal = reply.status >= 400 && reply.request_id.is_empty();
        is_bare_refusal || kind.to_ascii_lowercase().contains("html")
    })
}

/// What the answer says of itself, whatever wrote it.
fn read_reply(answer: &Answer, body: &[u8]) -> Reply {
    let mut reply = Reply {
        status: answer.status.as_u16(),
        request_id: answer.request_id().to_owned(),
        ..Reply::default()
    };
    let body = body.trim_ascii();
    let parsed = if answer.status.is_success() {
        None
    } else {
        serde_json::from_slice::<Value>(body).ok()
    };
    match parsed {
        Some(value) => read_error(&value, &mut reply),
        None if body.is_empty() => {}
        None => reply.foreign = foreign_type(answer, body),
    }
    if answer.status.is_redirection() {
        reply.foreign.get_or_insert_with(|| "a redirect".to_owned());
    }
    for (text, most) in [
        (&mut reply.message, LONGEST_MESSAGE),
        (&mut reply.code, LONGEST_WORD),
        (&mut reply.request_id, LONGEST_WORD),
    ] {
        *text = text.chars().take(most).collect();
    }
    reply
}

fn foreign_type(answer: &Answer, body: &[u8]) -> Option<String> {
    let kind = answer
        .header(header::CONTENT_TYPE.as_str())
        .unwrap_or_default();
    let is_json = kind.to_ascii_lowercase().starts_with("application/json");
    if body.starts_with(b"<") && !kind.to_ascii_lowercase().contains("html") {
        return Some(format!("html, declared as {kind:?}"));
    }
    (!is_json && !body.is_empty()).then(|| kind.to_owned())
}

fn read_error(value: &Value, reply: &mut Reply) {
    let error = value.get("error").unwrap_or(value);
    if let (Some(word), true) = (error.as_str(), reply.code.is_empty()) {
        // OAuth's form: some gateways answer so in Graph's place.
        word.clone_into(&mut reply.code);
        reply.message = text(value, "error_description");
        return;
    }
    reply.code = text(error, "code");
    reply.message = text(error, "message");
    if let Ok(inner @ Value::Object(_)) = serde_json::from_str::<Value>(&reply.message) {
        // The Teams gateway puts a JSON document into the message, and `UnknownError` into the code.
        let (code, message, action) = (
            text(&inner, "code"),
            text(&inner, "message"),
            text(&inner, "action"),
        );
        if !code.is_empty() {
            reply.code = code;
        }
        reply.message = [message, action]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" ");
    }
    let mut inner = inner_error(error);
    while let Some(found) = inner {
        if reply.request_id.is_empty() {
            reply.request_id = text(found, "request-id");
        }
        if reply.code.is_empty() {
            reply.code = text(found, "code");
        }
        if reply.message.is_empty() {
            reply.message = text(found, "message");
        }
        inner = inner_error(found);
    }
}

fn inner_error(error: &Value) -> Option<&Value> {
    error.get("innerError").or_else(|| error.get("innererror"))
}

fn text(value: &Value, key: &str) -> String {
    value
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// The permissions that the message names, else those of the documentation.
fn scopes_of(message: &str, needs: &[&str]) -> Vec<String> {
    let named = message
        .split_once("following permission(s):")
        .map_or("", |(_, list)| list);
    let named: Vec<String> = named
        .split([',', ' '])
        .map(|scope| scope.trim_matches(['.', '\'', '"', '\n', '\r']).to_owned())
        .filter(|scope| scope.contains('.') && scope.starts_with(|c: char| c.is_ascii_alphabetic()))
        .collect();
    if named.is_empty() {
        needs.iter().map(|&scope| scope.to_owned()).collect()
    } else {
        named
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, StatusCode};

    use super::*;

    fn answer(status: u16, kind: &str, body: &str) -> Answer {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", kind.parse().unwrap());
        Answer {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: body.as_bytes().to_vec(),
            shown: None,
        }
    }

    fn read(status: u16, kind: &str, body: &str) -> GraphError {
        refusal(
            &answer(status, kind, body),
            Asked {
                host: "graph.microsoft.com",
                needs: &["User.Read.All"],
                now: Timestamp::UNIX_EPOCH,
            },
        )
    }

    const JSON: &str = "application/json";

    #[test]
    fn the_ordinary_form() {
        let error = read(
            404,
            JSON,
            r#"{"error":{"code":"Request_ResourceNotFound","message":"Resource 'x' does not exist.","innerError":{"date":"2026-01-01T00:00:00","request-id":"r1","client-request-id":"c1"}}}"#,
        );
        assert!(matches!(error, GraphError::NotFound { .. }));
        assert_eq!(
            error.to_string(),
            "not found: 404 Request_ResourceNotFound: Resource 'x' does not exist. (request-id r1)"
        );
    }

    #[test]
    fn teams_names_the_missing_scopes() {
        let error = read(
            403,
            JSON,
            r#"{"error":{"code":"forbidden","message":"Insufficient permission(s) for the request. API requires any of the following permission(s): TeamsTelephoneNumber.ReadWrite.All,TeamsTelephoneNumber.Read.All.","innerError":{"code":"Forbidden","message":null,"target":null,"additionalData":{"action":"Add the required roles/permissions and try again."},"date":"2026-08-04T22:58:45","request-id":"r2","client-request-id":"c"}}}"#,
        );
        let GraphError::Forbidden { scopes, reply } = &error else {
            panic!("{error:?}")
        };
        assert_eq!(
            scopes,
            &[
                "TeamsTelephoneNumber.ReadWrite.All",
                "TeamsTelephoneNumber.Read.All"
            ]
        );
        assert_eq!(reply.request_id, "r2");
        let failure = error.failure("Reading the numbers");
        assert_eq!(
            failure.headline,
            "Reading the numbers failed: the permission TeamsTelephoneNumber.ReadWrite.All or TeamsTelephoneNumber.Read.All is missing"
        );
    }

    #[test]
    fn json_in_the_message() {
        let error = read(
            403,
            JSON,
            r#"{"error":{"code":"UnknownError","message":"{\"code\":\"Forbidden\",\"message\":\"Access Denied.\",\"action\":\"Provide different credential or request access.\"}","innerError":{"request-id":"r3"}}}"#,
        );
        let GraphError::Forbidden { scopes, reply } = error else {
            panic!("not forbidden")
        };
        assert_eq!(scopes, ["User.Read.All"]);
        assert_eq!(reply.code, "Forbidden");
        assert_eq!(
            reply.message,
            "Access Denied. Provide different credential or request access."
        );
    }

    #[test]
    fn lower_case_and_nested_inner_errors() {
        let error = read(
            400,
            JSON,
            r#"{"error":{"code":"","message":"","innererror":{"innererror":{"code":"deep","message":"below","request-id":"r4"}}}}"#,
        );
        assert_eq!(
            error.reply(),
            Some(&Reply {
                status: 400,
                code: "deep".into(),
                message: "below".into(),
                request_id: "r4".into(),
                foreign: None,
            })
        );
    }

    #[test]
    fn nothing_and_nonsense() {
        assert!(matches!(
            read(401, JSON, ""),
            GraphError::Unauthorized { .. }
        ));
        assert!(matches!(
            read(400, JSON, r#"{"error":[1,2]}"#),
            GraphError::BadRequest { .. }
        ));
        assert!(matches!(
            read(410, JSON, "null"),
            GraphError::BadRequest { .. }
        ));
        assert!(matches!(
            read(503, "text/plain", "busy"),
            GraphError::Server { .. }
        ));
        assert!(matches!(
            read(409, JSON, r#"{"error":"conflict"}"#),
            GraphError::Conflict { .. }
        ));
    }

    #[test]
    fn a_page_for_a_browser_is_not_graph() {
        let error = read(403, "text/html; charset=utf-8", "<html>Blocked</html>");
        assert!(matches!(error, GraphError::NotGraph { .. }));
        let failure = error.failure("Reading the users");
        assert_eq!(
            failure.hint,
            "A proxy or a sign-in portal of the network answered (status 403, text/html; charset=utf-8). Check HTTPS_PROXY and NO_PROXY, or open a page in a browser on this network."
        );
        assert!(matches!(
            read(403, "text/plain", "Blocked by policy"),
            GraphError::NotGraph { .. }
        ));
        let gateway = read(502, "text/html", "<html>Bad gateway</html>");
        assert!(gateway.is_retryable());
        assert!(matches!(
            read(302, "text/plain", ""),
            GraphError::NotGraph { .. }
        ));
        let portal = answer(200, "text/html", "<html>Welcome to the hotel</html>");
        assert!(foreign_success(&portal, &portal.body, "graph.microsoft.com").is_some());
        let lying = answer(200, JSON, "<html>Welcome to the hotel</html>");
        assert!(foreign_success(&lying, &lying.body, "graph.microsoft.com").is_some());
        let good = answer(200, JSON, "{}");
        assert!(foreign_success(&good, &good.body, "graph.microsoft.com").is_none());
    }

    #[test]
    fn a_lost_page_token_asks_for_a_restart() {
        let error = read(
            400,
            JSON,
            r#"{"error":{"code":"Directory_ExpiredPageToken","message":"m"}}"#,
        );
        assert!(error.list_must_restart());
    }
}
