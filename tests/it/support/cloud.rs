//! One address for several simulated tenants, as Entra and Graph are one for all: a sign-in goes to the tenant that its path
//! names, a request of Graph to the tenant of its token. A refresh token of one account opens each of them.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use teamsconnector::sim::Simulator;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Which answer is another tenant's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Swap {
    None,
    /// That request of Graph, counted from now.
    Graph(usize),
    /// That request for a token, counted from now.
    Token(usize),
}

struct Tenant {
    id: String,
    client: String,
    address: SocketAddr,
}

struct State {
    tenants: Vec<Tenant>,
    /// Whose refresh token it is.
    refresh: Mutex<HashMap<String, usize>>,
    swap: Mutex<Swap>,
}

/// The address, for as long as it is kept.
pub(crate) struct Cloud {
    pub(crate) base: String,
    state: Arc<State>,
    _serving: JoinSet<()>,
}

struct Request {
    method: String,
    path: String,
    headers: Vec<String>,
    body: String,
}

impl Request {
    async fn read(stream: &mut TcpStream) -> Option<Self> {
        let mut bytes = Vec::new();
        let end = loop {
            if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if stream.read_buf(&mut bytes).await.ok()? == 0 {
                return None;
            }
        };
        let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
        let mut lines = head.split("\r\n").map(str::to_owned);
        let first = lines.next()?;
        let mut words = first.split(' ').map(str::to_owned);
        let headers: Vec<String> = lines.collect();
        let length = headers
            .iter()
            .find_map(|line| {
                line.to_lowercase()
                    .strip_prefix("content-length: ")?
                    .parse()
                    .ok()
            })
            .unwrap_or(0);
        let mut body = bytes.split_off(end + 4);
        while body.len() < length {
            if stream.read_buf(&mut body).await.ok()? == 0 {
                return None;
            }
        }
        Some(Self {
            method: words.next()?,
            path: words.next()?,
            headers,
            body: String::from_utf8(body).ok()?,
        })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .filter_map(|line| line.split_once(": "))
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The same with another token.
    fn with_token(mut self, token: &str) -> Self {
        self.headers
            .retain(|line| !line.to_lowercase().starts_with("authorization:"));
        self.headers.push(format!("Authorization: Bearer {token}"));
        self
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.body
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    }

    /// Sends it to a tenant, whose application it names; the whole answer.
    async fn to(&self, tenant: &Tenant) -> Vec<u8> {
        let body = match self.field("client_id") {
            Some(client) => self.body.replace(client, &tenant.client),
            None => self.body.clone(),
        };
        let path = match self
            .path
            .strip_prefix('/')
            .and_then(|path| path.split_once('/'))
        {
            Some((_, rest)) if rest.starts_with("oauth2/") => format!("/{}/{rest}", tenant.id),
            _ => self.path.clone(),
        };
        let mut head = format!("{} {path} HTTP/1.1\r\n", self.method);
        let left_out = ["connection:", "content-length:", "accept-encoding:"];
        for line in &self.headers {
            if !left_out
                .iter()
                .any(|name| line.to_lowercase().starts_with(name))
            {
                head += line;
                head += "\r\n";
            }
        }
        head += "Connection: close\r\nContent-Length: ";
        head += &body.len().to_string();
        head += "\r\n\r\n";
        head += &body;
        let mut stream = TcpStream::connect(tenant.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        answer
    }
}

fn body(answer: &[u8]) -> Value {
    let text = String::from_utf8_lossy(answer);
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body).unwrap_or_default()
}

impl State {
    fn place(&self, id: &str) -> usize {
        let at = self.tenants.iter().position(|tenant| tenant.id == id);
        at.unwrap_or_else(|| panic!("nobody is {id}"))
    }

    /// Whether this is the request that goes astray.
    fn astray(&self, is_token: bool) -> bool {
        let mut swap = self.swap.lock().unwrap();
        let (left, next): (usize, fn(usize) -> Swap) = match *swap {
            Swap::Graph(left) if !is_token => (left, Swap::Graph),
            Swap::Token(left) if is_token => (left, Swap::Token),
            _ => return false,
        };
        *swap = if left == 0 {
            Swap::None
        } else {
            next(left - 1)
        };
        left == 0
    }

    /// A sign-in of the same account at a tenant.
    async fn signed_in(&self, at: usize, like: &Request) -> Vec<u8> {
        let tenant = &self.tenants[at];
        let post = |path: &str, body: String| Request {
            method: "POST".to_owned(),
            path: format!("/{}/oauth2/v2.0/{path}", tenant.id),
            headers: like
                .headers
                .iter()
                .filter(|line| line.to_lowercase().starts_with("host:"))
                .cloned()
                .chain(["Content-Type: application/x-www-form-urlencoded".to_owned()])
                .collect(),
            body,
        };
        let scope = like
            .field("scope")
            .unwrap_or("openid+profile+offline_access+User.Read.All+Organization.Read.All");
        let code = post(
            "devicecode",
            format!("client_id={}&scope={scope}", tenant.client),
        );
        let code = body(&code.to(tenant).await);
        let form = format!(
            "grant_type=urn:ietf:params:oauth:grant-type:device_code&client_id={}&device_code={}",
            tenant.client,
            code["device_code"].as_str().unwrap()
        );
        post("token", form).to(tenant).await
    }

    async fn answer(&self, request: Request) -> Vec<u8> {
        if request.path.starts_with("/v1.0/") {
            let token = request.header("authorization").unwrap_or_default();
            let claims = token.split('.').nth(1).unwrap_or_default();
            let claims = URL_SAFE_NO_PAD.decode(claims).unwrap_or_default();
            let claims: Value = serde_json::from_slice(&claims).unwrap_or_default();
            let at = self.place(claims["tid"].as_str().unwrap_or_default());
            if self.astray(false) {
                let at = (at + 1) % self.tenants.len();
                let tokens = body(&self.signed_in(at, &request).await);
                let token = tokens["access_token"].as_str().unwrap();
                return request.with_token(token).to(&self.tenants[at]).await;
            }
            return request.to(&self.tenants[at]).await;
        }
        let named = request.path.split('/').nth(1).unwrap_or_default();
        let mut at = self.place(named);
        let astray = request.path.ends_with("/token") && self.astray(true);
        if astray {
            at = (at + 1) % self.tenants.len();
        }
        let owner = request
            .field("refresh_token")
            .and_then(|token| self.refresh.lock().unwrap().get(token).copied());
        let answer = if astray || owner.is_some_and(|owner| owner != at) {
            self.signed_in(at, &request).await
        } else {
            request.to(&self.tenants[at]).await
        };
        if let Some(token) = body(&answer)["refresh_token"].as_str() {
            self.refresh.lock().unwrap().insert(token.to_owned(), at);
        }
        answer
    }
}

impl Cloud {
    pub(crate) async fn over(simulators: &[&Simulator]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let tenants = simulators.iter().map(|simulator| Tenant {
            id: simulator.tenant_id().to_owned(),
            client: simulator.client_id().to_owned(),
            address: simulator
                .base_url()
                .trim_start_matches("http://")
                .parse()
                .unwrap(),
        });
        let state = Arc::new(State {
            tenants: tenants.collect(),
            refresh: Mutex::default(),
            swap: Mutex::new(Swap::None),
        });
        let shared = state.clone();
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut visits = JoinSet::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let state = shared.clone();
                visits.spawn(async move {
                    if let Some(request) = Request::read(&mut stream).await {
                        let answer = state.answer(request).await;
                        let _ = stream.write_all(&answer).await;
                    }
                });
            }
        });
        Self {
            base,
            state,
            _serving: serving,
        }
    }

    pub(crate) fn swap(&self, swap: Swap) {
        *self.state.swap.lock().unwrap() = swap;
    }

    /// Whether the swap has not come about yet.
    pub(crate) fn is_left(&self) -> bool {
        *self.state.swap.lock().unwrap() != Swap::None
    }
}
