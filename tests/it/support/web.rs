//! Another administrator: the control plane of the simulated tenant, over plain HTTP with nothing of the client.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

/// Sends one request and reads the whole answer; the parsed body, or null when there is none.
pub(crate) fn ask(base: &str, method: &str, path: &str, body: Option<&Value>) -> Value {
    let host = base.trim_start_matches("http://").trim_end_matches('/');
    let mut stream = TcpStream::connect(host).expect("the simulated tenant listens");
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .expect("the request is sent");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).expect("the answer is read");
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, rest) = text.split_once("\r\n\r\n").expect("an answer has a head");
    assert!(
        head.starts_with("HTTP/1.1 2"),
        "{method} {path}: {head}\n{rest}"
    );
    let body = if head.to_lowercase().contains("transfer-encoding: chunked") {
        unchunk(rest)
    } else {
        rest.to_owned()
    };
    if body.trim().is_empty() {
        Value::Null
    } else {
        serde_json::from_str(&body).expect("the answer is JSON")
    }
}

fn unchunk(mut rest: &str) -> String {
    let mut out = String::new();
    while let Some((size, after)) = rest.split_once("\r\n") {
        let size = usize::from_str_radix(size.trim(), 16).expect("a chunk says its size");
        if size == 0 {
            break;
        }
        out.push_str(&after[..size]);
        rest = &after[size + 2..];
    }
    out
}

/// What is true in the tenant of one user.
pub(crate) fn person(base: &str, upn: &str) -> Value {
    ask(base, "GET", &format!("/_sim/users/{upn}"), None)
}

/// The inventory record of a number.
pub(crate) fn number(base: &str, number: &str) -> Option<Value> {
    let state = ask(base, "GET", "/_sim/state", None);
    let numbers = state["numbers"]
        .as_array()
        .expect("the state lists numbers")
        .clone();
    numbers
        .into_iter()
        .find(|record| record["telephoneNumber"] == number)
}

/// Gives or takes a number, as another administrator does.
pub(crate) fn put_number(base: &str, number: &str, holder: Option<&str>) {
    let body =
        serde_json::json!({ "telephoneNumber": number, "type": "directRouting", "target": holder });
    ask(base, "POST", "/_sim/numbers", Some(&body));
}

/// Turns knobs of the tenant.
pub(crate) fn knobs(base: &str, knobs: &Value) {
    ask(base, "POST", "/_sim/knobs", Some(knobs));
}

/// How many requests of this method the tenant has had for paths that contain this.
pub(crate) fn count(base: &str, method: &str, path: &str) -> usize {
    let log = ask(base, "GET", "/_sim/log", None);
    let requests = log["requests"].as_array().expect("the log lists requests");
    let is = |request: &&Value| {
        request["method"] == method
            && request["path"]
                .as_str()
                .is_some_and(|sent| sent.contains(path))
    };
    requests.iter().filter(is).count()
}
