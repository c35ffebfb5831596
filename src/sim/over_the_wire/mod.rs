//! The simulator as a stranger meets it: over a socket, by a client that knows nothing but HTTP.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Clock, Options, Scenario, Simulator};

mod administration;
mod changes;
mod keeping;
mod reading;
mod sign_in;

/// An answer, taken apart.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// A simulator with a clock that tests turn, and a client with its token.
struct Bench {
    simulator: Simulator,
    seconds: Arc<AtomicI64>,
    token: Mutex<String>,
}

fn clock(seconds: &Arc<AtomicI64>) -> Clock {
    let seconds = Arc::clone(seconds);
    let start: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    Arc::new(move || start + SignedDuration::from_secs(seconds.load(Ordering::SeqCst)))
}

async fn started(
    scenario: Scenario,
    state_dir: Option<&Path>,
    seconds: &Arc<AtomicI64>,
) -> Simulator {
    let options = Options {
        scenario,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        state_dir: state_dir.map(Path::to_owned),
        clock: clock(seconds),
    };
    Simulator::start(options).await.unwrap()
}

impl Bench {
    async fn new(scenario: Scenario) -> Self {
        Self::kept(scenario, None).await
    }

    async fn kept(scenario: Scenario, state_dir: Option<&Path>) -> Self {
        let seconds = Arc::new(AtomicI64::new(0));
        let simulator = started(scenario, state_dir, &seconds).await;
        let bench = Self {
            simulator,
            seconds,
            token: Mutex::new(String::new()),
        };
        bench.sign_in().await;
        bench
    }

    async fn sign_in(&self) {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default",
            self.simulator.client_id(),
            self.simulator.client_secret()
        );
        let answer = self
            .form(
                &format!("/{}/oauth2/v2.0/token", self.simulator.tenant_id()),
                &form,
            )
            .await;
        assert_eq!(
            answer.status,
            200,
            "{:?}",
            String::from_utf8_lossy(&answer.body)
        );
        let body = answer.json();
        assert!(body.get("refresh_token").is_none());
        *self.token.lock().unwrap() = body["access_token"].as_str().unwrap().to_owned();
    }

    async fn form(&self, path: &str, form: &str) -> Answer {
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.raw("POST", path, headers, form).await.unwrap()
    }

    async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> std::io::Result<Answer> {
        let address = self.simulator.addr();
        let path = path
            .strip_prefix(&self.simulator.base_url())
            .unwrap_or(path);
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        taken_apart(&bytes)
    }

    async fn call(&self, method: &str, path: &str, more: &str, body: &str) -> Answer {
        let token = self.token.lock().unwrap().clone();
        let headers =
            format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n{more}");
        self.raw(method, path, &headers, body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "", "").await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, "", &body.to_string()).await
    }

    /// All items of a list, following its links.
    async fn all(&self, path: &str) -> (Vec<Value>, usize) {
        let (mut items, mut pages, mut next) = (Vec::new(), 0, path.to_owned());
        loop {
            let answer = self.get(&next).await;
            assert_eq!(
                answer.status,
                200,
                "{next}: {}",
                String::from_utf8_lossy(&answer.body)
            );
            let page = answer.json();
            pages += 1;
            items.extend(page["value"].as_array().unwrap().iter().cloned());
            match page["@odata.nextLink"].as_str() {
                Some(link) => {
                    assert!(link.starts_with(&self.simulator.base_url()), "{link}");
                    link.clone_into(&mut next);
                }
                None => return (items, pages),
            }
        }
    }

    /// One round of delta: its items, and the link for the next.
    async fn round(&self, path: &str, headers: &str) -> (Vec<Value>, String) {
        let (mut items, mut next) = (Vec::new(), path.to_owned());
        loop {
            let answer = self.call("GET", &next, headers, "").await;
            assert_eq!(
                answer.status,
                200,
                "{next}: {}",
                String::from_utf8_lossy(&answer.body)
            );
            let page = answer.json();
            items.extend(page["value"].as_array().unwrap().iter().cloned());
            assert_ne!(
                page["@odata.nextLink"].is_null(),
                page["@odata.deltaLink"].is_null()
            );
            if let Some(link) = page["@odata.deltaLink"].as_str() {
                return (items, link.to_owned());
            }
            page["@odata.nextLink"]
                .as_str()
                .unwrap()
                .clone_into(&mut next);
        }
    }

    async fn knobs(&self, knobs: Value) {
        let answer = self.post("/_sim/knobs", &knobs).await;
        assert_eq!(
            answer.status,
            200,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
    }

    async fn id_of(&self, upn: &str) -> String {
        self.get(&format!("/v1.0/users/{upn}@contoso.example"))
            .await
            .json()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

fn taken_apart(bytes: &[u8]) -> std::io::Result<Answer> {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let body = bytes[end + 4..].to_vec();
    let answer = Answer {
        status,
        headers,
        body,
    };
    let length: usize = answer
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    if answer.body.len() < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}
