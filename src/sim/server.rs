//! The web server: bytes to calls, answers to bytes.
//!
//! Each connection carries a limit of its own, so that a test can have it break before, or in the middle of, an
//! answer: an error of the handler would only be another answer.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::connect_info::Connected;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::Response;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, Sleep};

use super::wire::Call;
use super::world::{Sent, World};

/// A request body may be this large.
const BODY: usize = 8 * 1024 * 1024;

/// The world behind a lock: requests are answered one after the other.
pub(super) type Shared = Arc<Mutex<World>>;

/// A piece of an answer that is slow.
const PIECE: usize = 128;

/// All paths lead to one place, since those of OData do not fit a router.
pub(super) fn router(world: Shared) -> Router {
    Router::new().fallback(answer).with_state(world)
}

async fn answer(
    State(world): State<Shared>,
    ConnectInfo(limit): ConnectInfo<Limit>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .filter_map(|(name, value)| {
            Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
        })
        .collect();
    let find = |name: &str| {
        headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let scheme = find("x-forwarded-proto").unwrap_or("http");
    let host = find("host").map_or_else(|| limit.local.to_string(), str::to_owned);
    let target = parts
        .uri
        .path_and_query()
        .map_or("/", axum::http::uri::PathAndQuery::as_str);
    let mut call = Call::new(parts.method.as_str(), target, format!("{scheme}://{host}"));
    call.headers = headers;
    let Ok(body) = to_bytes(body, BODY).await else {
        return status(StatusCode::PAYLOAD_TOO_LARGE);
    };
    call.body = body.to_vec();

    if call.raw_path == "/_sim/held" {
        let seen: u64 = call.raw_query.parse().unwrap_or(0);
        let mut held = locked(&world).held.subscribe();
        // The world that tells lives as long as the server.
        let _told = held.wait_for(|count| *count > seen).await;
        return status(StatusCode::NO_CONTENT);
    }
    let control = call.path.first().is_some_and(|part| part == "_sim");
    let (wait, rate) = {
        let knobs = &locked(&world).knobs;
        (knobs.latency_ms, knobs.link_bits_per_second)
    };
    limit.link.rate.store(rate, Ordering::SeqCst);
    if wait > 0 && !control {
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    let sent = locked(&world).answer(&call);
    if sent.hold {
        locked(&world).held.send_modify(|count| *count += 1);
        return std::future::pending().await;
    }
    if let Some(bytes) = sent.cut {
        limit
            .left
            .store(i64::try_from(bytes).unwrap_or(i64::MAX), Ordering::SeqCst);
    }
    limit.pause.store(sent.slow.unwrap_or(0), Ordering::SeqCst);
    response(sent)
}

/// A panic in one request leaves the tenant as it was then; the next one goes on with it.
fn locked(world: &Shared) -> std::sync::MutexGuard<'_, World> {
    world.lock().unwrap_or_else(PoisonError::into_inner)
}

fn response(sent: Sent) -> Response {
    let mut response = Response::new(Body::from(sent.body));
    *response.status_mut() =
        StatusCode::from_u16(sent.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in sent.headers {
        let name = HeaderName::try_from(name);
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn status(status: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// How much a connection may still send, where less than nothing means that there is no limit, and how fast; and the link that it
/// shares.
#[derive(Clone, Debug)]
pub(super) struct Limit {
    left: Arc<AtomicI64>,
    /// Milliseconds between two pieces; none, and it is sent at once.
    pause: Arc<AtomicU64>,
    local: SocketAddr,
    link: Arc<Link>,
}

/// A link that all connections share: one piece goes after the other.
#[derive(Debug, Default)]
struct Link {
    /// Bits in a second; none is no limit.
    rate: AtomicU64,
    /// When it has sent what was given to it.
    free_at: Mutex<Option<Instant>>,
}

impl Link {
    /// As much as goes in a hundredth of a second; nothing where there is no limit.
    fn piece(&self) -> Option<usize> {
        let rate = self.rate.load(Ordering::SeqCst);
        (rate > 0).then(|| usize::try_from(rate / 800).map_or(usize::MAX, |piece| piece.max(1)))
    }

    /// Takes so many bytes; when it will have sent them.
    fn take(&self, bytes: usize) -> Instant {
        let now = Instant::now();
        let rate = self.rate.load(Ordering::SeqCst).max(1);
        let nanos = u64::try_from(bytes)
            .unwrap_or(u64::MAX)
            .saturating_mul(8_000_000_000)
            / rate;
        let mut free_at = self.free_at.lock().unwrap_or_else(PoisonError::into_inner);
        let from = free_at.map_or(now, |free_at| free_at.max(now));
        *free_at.insert(from + Duration::from_nanos(nanos))
    }
}

/// Takes connections, each with its limit.
#[derive(Debug)]
pub(super) struct Door {
    listener: TcpListener,
    link: Arc<Link>,
}

impl Door {
    /// A door at a socket that is bound.
    pub(super) fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            link: Arc::default(),
        }
    }
}

impl Listener for Door {
    type Io = Wire;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Wire, SocketAddr) {
        loop {
            // The trait's own loop waits after an error of the whole process; one connection's error is skipped.
            let (stream, address) = Listener::accept(&mut self.listener).await;
            let (Ok(local), Ok(())) = (stream.local_addr(), stream.set_nodelay(true)) else {
                continue;
            };
            let limit = Limit {
                left: Arc::new(AtomicI64::new(-1)),
                pause: Arc::default(),
                local,
                link: self.link.clone(),
            };
            let wire = Wire {
                stream,
                limit,
                turn: None,
                until: None,
            };
            return (wire, address);
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

impl Connected<IncomingStream<'_, Door>> for Limit {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.io().limit.clone()
    }
}

/// A connection that can be made to break, and to be slow.
#[derive(Debug)]
pub(super) struct Wire {
    stream: TcpStream,
    limit: Limit,
    /// The link has not sent yet what this one gave it last.
    until: Option<Pin<Box<Sleep>>>,
    /// When the next piece of an answer that is slow may be sent.
    turn: Option<Pin<Box<Sleep>>>,
}

impl Wire {
    /// Waits for the turn of the next piece, where pieces are sent; what of the bytes it is.
    fn piece<'a>(&mut self, context: &mut Context<'_>, bytes: &'a [u8]) -> Poll<&'a [u8]> {
        let pause = self.limit.pause.load(Ordering::SeqCst);
        if pause == 0 {
            return Poll::Ready(bytes);
        }
        let turn = self
            .turn
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::from_millis(pause))));
        ready!(turn.as_mut().poll(context));
        self.turn = None;
        Poll::Ready(&bytes[..bytes.len().min(PIECE)])
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if let Some(until) = &mut self.until {
            ready!(until.as_mut().poll(context));
            self.until = None;
        }
        let bytes = ready!(self.piece(context, bytes));
        let left = self.limit.left.load(Ordering::SeqCst);
        let Ok(left) = usize::try_from(left) else {
            let Some(piece) = self.limit.link.piece() else {
                return Pin::new(&mut self.stream).poll_write(context, bytes);
            };
            let part = &bytes[..bytes.len().min(piece)];
            let written = ready!(Pin::new(&mut self.stream).poll_write(context, part))?;
            let until = self.limit.link.take(written);
            self.until = Some(Box::pin(tokio::time::sleep_until(until)));
            return Poll::Ready(Ok(written));
        };
        if left == 0 {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        let part = &bytes[..bytes.len().min(left)];
        let written = Pin::new(&mut self.stream).poll_write(context, part);
        if let Poll::Ready(Ok(count)) = &written {
            self.limit
                .left
                .fetch_sub(i64::try_from(*count).unwrap_or(0), Ordering::SeqCst);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
