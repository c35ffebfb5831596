//! A port of this machine that a browser comes back to, once.
//!
//! Listens on 127.0.0.1 alone, answers one request that knows the state of the sign-in, and refuses all others without ending:
//! a favicon, a connection that a browser opens ahead of need, somebody who guesses.

use std::future::poll_fn;
use std::hint::black_box;
use std::io;
use std::net::Ipv4Addr;
use std::path::Path;
use std::pin::Pin;
use std::task::Poll;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use url::form_urlencoded;

use super::error::{GraphError, LOOPBACK};
use super::local::LocalError;

/// The head of a request with an authorization code has about two thousand bytes.
const LONGEST_HEAD: usize = 32 * 1024;
/// More connections than any browser opens; beyond that the oldest is let go.
const MOST_CONNECTIONS: usize = 32;

/// What the browser brought back.
pub(super) enum Returned {
    /// The code to redeem.
    Code(SecretString),
    /// Entra, or the person, said no.
    Refused {
        /// OAuth's word.
        error: String,
        /// Entra's text.
        description: String,
    },
}

/// The port, open until dropped.
pub(super) struct Loopback {
    listener: TcpListener,
    port: u16,
}

type Visit = Pin<Box<dyn Future<Output = Option<Returned>> + Send>>;

impl Loopback {
    /// Opens a port that the system chooses.
    pub(super) async fn open() -> Result<Self, GraphError> {
        let failed = |error| LocalError::Io(error).about(Path::new(LOOPBACK));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok(Self { listener, port })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// Waits for the request that knows `state`, and closes the port.
    pub(super) async fn returned(self, state: SecretString) -> Result<Returned, GraphError> {
        let mut visits: Vec<Visit> = Vec::new();
        let answer: io::Result<Returned> = poll_fn(|context| {
            loop {
                match self.listener.poll_accept(context) {
                    Poll::Ready(Ok((stream, _))) => {
                        if visits.len() == MOST_CONNECTIONS {
                            drop(visits.remove(0));
                        }
                        visits.push(Box::pin(visit(stream, state.clone())));
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Pending => break,
                }
            }
            let mut place = 0;
            while let Some(open) = visits.get_mut(place) {
                match open.as_mut().poll(context) {
                    Poll::Ready(Some(returned)) => return Poll::Ready(Ok(returned)),
                    Poll::Ready(None) => drop(visits.remove(place)),
                    Poll::Pending => place += 1,
                }
            }
            Poll::Pending
        })
        .await;
        answer.map_err(|error| LocalError::Io(error).about(Path::new(LOOPBACK)))
    }
}

/// One connection: read, answered, closed.
async fn visit(mut stream: TcpStream, state: SecretString) -> Option<Returned> {
    let head = head(&mut stream).await?;
    let returned = returned(&head, state.expose_secret());
    let (status, text) = match &returned {
        Some(Returned::Code(_)) => (
            "200 OK",
            "Microsoft has answered. You can close this page and go back to the terminal.",
        ),
        Some(Returned::Refused { .. }) => (
            "200 OK",
            "Microsoft has not signed you in. You can close this page: the terminal says why.",
        ),
        None => (
            "404 Not Found",
            "There is nothing here, or this answer is not for the sign-in that waits now.",
        ),
    };
    // Whoever has gone away already needs no page; what was brought counts.
    let _ = stream.write_all(page(status, text).as_bytes()).await;
    let _ = stream.shutdown().await;
    returned
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    let mut room = [0; 4096];
    while !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
        let count = stream.read(&mut room).await.ok()?;
        if count == 0 || bytes.len() + count > LONGEST_HEAD {
            return None;
        }
        bytes.extend_from_slice(&room[..count]);
    }
    String::from_utf8(bytes).ok()
}

/// What a request brings, if it is the one that is waited for.
fn returned(head: &str, state: &str) -> Option<Returned> {
    let mut words = head.lines().next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?')?;
    if method != "GET" || path != "/" {
        return None;
    }
    let find = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes())
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    if !same(find("state")?.as_bytes(), state.as_bytes()) {
        return None;
    }
    if let Some(error) = find("error") {
        let description = find("error_description").unwrap_or_default();
        return Some(Returned::Refused { error, description });
    }
    find("code").map(|code| Returned::Code(code.into()))
}

/// Whether two texts are equal, in a time that does not tell how far they are.
fn same(one: &[u8], other: &[u8]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .fold(0, |sum, (a, b)| black_box(sum | (a ^ b)))
            == 0
}

fn page(status: &str, text: &str) -> String {
    let body = format!(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>teamsconnector</title></head><body><p>{text}</p></body></html>"
    );
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\nConnection: close\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\n\r\n{body}",
        body.len()
    )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn get(port: u16, target: &str) -> String {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        let request = format!("GET {target} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn one_request_is_served_and_the_port_is_closed() {
        let open = Loopback::open().await.unwrap();
        let port = open.port();
        let browser = async {
            // A connection ahead of need, which never says anything.
            let idle = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .await
                .unwrap();
            for stranger in [
                "/favicon.ico",
                "/?code=guess&state=wrong",
                "/?code=guess",
                "/else?code=guess&state=right",
                "/?state=right",
            ] {
                let answer = get(port, stranger).await;
                assert!(answer.starts_with("HTTP/1.1 404 "), "{stranger}: {answer}");
            }
            let answer = get(port, "/?code=canary%2Bcode&state=right&session_state=x").await;
            drop(idle);
            answer
        };
        let (returned, page) = tokio::join!(open.returned("right".to_owned().into()), browser);
        assert!(
            matches!(returned.unwrap(), Returned::Code(code) if code.expose_secret() == "canary+code")
        );
        assert!(page.contains("You can close this page"), "{page}");
        assert!(!page.contains("canary"));
        assert!(
            TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .await
                .is_err()
        );
    }

    #[tokio::test]
    async fn many_idle_connections_keep_nobody_out() {
        let open = Loopback::open().await.unwrap();
        let port = open.port();
        let browser = async {
            let mut idle = Vec::new();
            for _ in 0..MOST_CONNECTIONS + 5 {
                idle.push(
                    TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                        .await
                        .unwrap(),
                );
            }
            get(
                port,
                "/?error=access_denied&error_description=AADSTS65004%3A+No&state=s",
            )
            .await
        };
        let (returned, page) = tokio::join!(open.returned("s".to_owned().into()), browser);
        let Returned::Refused { error, description } = returned.unwrap() else {
            panic!("a refusal was sent");
        };
        assert_eq!(
            (error.as_str(), description.as_str()),
            ("access_denied", "AADSTS65004: No")
        );
        assert!(page.contains("the terminal says why"));
    }

    #[tokio::test]
    async fn giving_up_closes_the_port() {
        let open = Loopback::open().await.unwrap();
        let port = open.port();
        let waiting = tokio::time::timeout(Duration::ZERO, open.returned("s".to_owned().into()));
        assert!(waiting.await.is_err());
        assert!(
            TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                .await
                .is_err()
        );
    }

    #[test]
    fn texts_are_compared_whole() {
        assert!(same(b"abc", b"abc"));
        assert!(!same(b"abc", b"abd"));
        assert!(!same(b"abc", b"ab"));
        assert!(same(b"", b""));
    }
}
