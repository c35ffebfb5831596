//! A server of a few lines for the tests of this module: it answers as a closure says, and remembers what it was asked.
//!
//! It knows nothing of Graph; each test writes the wire by hand. Tokens it gives by itself: `canary-1`, `canary-2`, and so on.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use jiff::Timestamp;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::domain::pace::{Clock, Pace};

use super::endpoints::Endpoints;
use super::{Client, Credentials, Exchange, Setup, SignIn};

/// The secret of the test application: no output may hold it.
pub(super) const SECRET: &str = "canary-secret";

/// A request as it came.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub method: String,
    pub path: String,
    /// Header lines, names in lower case.
    pub head: String,
    pub body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }
}

/// What is answered.
#[derive(Debug, Clone)]
pub(super) struct Said {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    /// Declared beyond what is sent: the reply breaks off.
    missing: usize,
    /// What begins with this is sent when the next request has come.
    held_from: Option<&'static str>,
}

impl Said {
    pub(super) fn json(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", "application/json".to_owned())],
            body: body.into().into_bytes(),
            missing: 0,
            held_from: None,
        }
    }

    pub(super) fn bytes(status: u16, kind: &str, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: vec![("Content-Type", kind.to_owned())],
            body,
            missing: 0,
            held_from: None,
        }
    }

    /// Hangs up without a word.
    pub(super) fn nothing() -> Self {
        Self::json(0, "")
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends what begins with this text only when the next request has come.
    pub(super) fn held_from(mut self, text: &'static str) -> Self {
        self.held_from = Some(text);
        self
    }

    pub(super) fn cut_short(mut self) -> Self {
        self.missing = 10;
        self
    }
}

/// The server and the client that talks to it.
pub(super) struct Stage {
    pub client: Client,
    pub root: String,
    pub traffic: UnboundedReceiver<Exchange>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Stage {
    /// `answer` gets each request to Graph, and how many came before it; `root` is put in place of `{root}` in its bodies.
    pub(super) fn new(answer: impl FnMut(&Seen, usize) -> Said + Send + 'static) -> Self {
        Self::signing_in(
            SignIn::ClientSecret(SECRET.to_owned().into()),
            tokens(),
            answer,
        )
    }

    /// As [`Self::new`], with another way to sign in and another Entra.
    pub(super) fn signing_in(
        sign_in: SignIn,
        mut entra: impl FnMut(&Seen, usize) -> Said + Send + 'static,
        mut answer: impl FnMut(&Seen, usize) -> Said + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, place) = (Arc::clone(&seen), root.clone());
        thread::spawn(move || {
            let (mut of_entra, mut of_graph) = (0, 0);
            let mut held: Option<(TcpStream, Vec<u8>)> = None;
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let Some(request) = read(&mut stream) else {
                    continue;
                };
                let said = if request.path.contains("/oauth2/") {
                    of_entra += 1;
                    entra(&request, of_entra - 1)
                } else {
                    of_graph += 1;
                    answer(&request, of_graph - 1)
                };
                log.lock().unwrap().push(request);
                let before = held.take();
                let rest = write(&mut stream, &said, &place);
                held = rest.map(|rest| (stream, rest));
                if let Some((mut stream, rest)) = before {
                    let _ = stream.write_all(&rest);
                }
            }
        });
        let (sender, traffic) = unbounded_channel();
        let client = Client::new(Setup {
            pace: Pace::Instant,
            traffic: Some(sender),
            user: "pat".to_owned(),
            ..Setup::new(
                Endpoints::custom(&root, &root).unwrap(),
                Credentials {
                    tenant: "contoso.com".to_owned(),
                    client_id: "app-1".to_owned(),
                    sign_in,
                },
                Clock::fixed(now()),
            )
        })
        .unwrap();
        Self {
            client,
            root,
            traffic,
            seen,
        }
    }

    /// What Graph was asked so far.
    pub(super) fn graph_requests(&self) -> Vec<Seen> {
        self.requests(false)
    }

    /// What Entra was asked so far.
    pub(super) fn entra_requests(&self) -> Vec<Seen> {
        self.requests(true)
    }

    fn requests(&self, of_entra: bool) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|request| request.path.contains("/oauth2/") == of_entra)
            .cloned()
            .collect()
    }

    /// The lines of the debug log so far.
    #[expect(
        clippy::disallowed_methods,
        reason = "nobody sends any more, and there is one thread"
    )]
    pub(super) fn lines(&mut self) -> Vec<Exchange> {
        std::iter::from_fn(|| self.traffic.try_recv().ok()).collect()
    }

    /// The notes of the debug log so far, empty ones left out.
    pub(super) fn notes(&mut self) -> Vec<String> {
        self.lines()
            .into_iter()
            .map(|line| line.note)
            .filter(|note| !note.is_empty())
            .collect()
    }
}

/// The time at which all tests take place.
pub(super) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// An Entra that gives a new token each time.
pub(super) fn tokens() -> impl FnMut(&Seen, usize) -> Said {
    |_, n| {
        Said::json(
            200,
            format!(
                r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"canary-{}"}}"#,
                n + 1
            ),
        )
    }
}

fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let mut byte = [0];
    while !bytes.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        bytes.push(byte[0]);
    }
    let text = String::from_utf8(bytes).unwrap();
    let (first, rest) = text.split_once("\r\n").unwrap();
    let mut words = first.split(' ');
    let mut head = String::new();
    for (name, value) in rest.lines().filter_map(|line| line.split_once(": ")) {
        head.extend([&name.to_ascii_lowercase(), ": ", value, "\n"]);
    }
    let mut request = Seen {
        method: words.next().unwrap().to_owned(),
        path: words.next().unwrap().to_owned(),
        head,
        body: String::new(),
    };
    let length = request
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    request.body = String::from_utf8(body).unwrap();
    Some(request)
}

/// Sends a reply, and gives back what is held.
fn write(stream: &mut TcpStream, said: &Said, root: &str) -> Option<Vec<u8>> {
    if said.status == 0 {
        return None;
    }
    let body = match std::str::from_utf8(&said.body) {
        Ok(text) => text.replace("{root}", root).into_bytes(),
        Err(_) => said.body.clone(),
    };
    let mut head = format!(
        "HTTP/1.1 {} Said\r\nConnection: close\r\nContent-Length: {}\r\n",
        said.status,
        body.len() + said.missing
    );
    for (name, value) in &said.headers {
        head.extend([name, ": ", &value.replace("{root}", root), "\r\n"]);
    }
    head.push_str("\r\n");
    // The client may have hung up already, which is then what the test is about.
    let _ = stream.write_all(head.as_bytes());
    let later_from = said
        .held_from
        .and_then(|text| memchr::memmem::find(&body, text.as_bytes()));
    let (now, later) = body.split_at(later_from.unwrap_or(body.len()));
    let _ = stream.write_all(now);
    later_from.map(|_| later.to_vec())
}
