//! What Graph answers.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use teamsconnector::domain::pace::{Clock, Pace};
use teamsconnector::graph::delta::DeltaLink;
use teamsconnector::graph::endpoints::Endpoints;
use teamsconnector::graph::{Client, Credentials, Setup, SignIn};
use tokio::runtime::Runtime;

use crate::mutate::{corpus, rounds};

type Said = Arc<Mutex<(u16, Vec<u8>)>>;

/// A server that says what it is told, and a client of it.
struct Stage {
    client: Client,
    root: String,
    said: Said,
    runtime: Runtime,
}

impl Stage {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        let said: Said = Arc::default();
        let says = Arc::clone(&said);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                answer(stream.unwrap(), &says);
            }
        });
        let client = Client::new(Setup {
            pace: Pace::Instant,
            user: "tester".to_owned(),
            ..Setup::new(
                Endpoints::custom(&root, &root).unwrap(),
                Credentials {
                    tenant: "11111111-2222-3333-4444-555555555555".to_owned(),
                    client_id: "22222222-2222-3333-4444-555555555555".to_owned(),
                    sign_in: SignIn::ClientSecret("fuzz".to_owned().into()),
                },
                Clock::fixed(Timestamp::from_second(1_795_356_000).unwrap()),
            )
        })
        .unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        Self {
            client,
            root,
            said,
            runtime,
        }
    }

    fn says(&self, status: u16, body: &[u8]) {
        *self.said.lock().unwrap() = (status, body.to_vec());
    }
}

fn answer(mut stream: TcpStream, said: &Said) {
    let mut asked = Vec::new();
    let mut some = [0; 4096];
    while !asked.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut some) {
            Ok(n) if n > 0 => asked.extend_from_slice(&some[..n]),
            _ => return,
        }
    }
    let (status, body) = if asked.starts_with(b"POST") {
        let token = br#"{"token_type":"Bearer","expires_in":3599,"access_token":"fuzz"}"#;
        (200, token.to_vec())
    } else {
        said.lock().unwrap().clone()
    };
    let length = body.len();
    let head = format!(
        "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nrequest-id: r\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    // Who asked may have hung up: that is its own affair.
    let _ = stream.write_all(&[head.as_bytes(), &body].concat());
}

#[test]
fn pages_of_users() {
    let stage = Stage::new();
    rounds("page", 1_500, &corpus("fuzz/corpus/page"), |body| {
        stage.says(200, body);
        let page = stage.runtime.block_on(stage.client.list_users().next());
        page.is_ok_and(|page| {
            let page = page.unwrap();
            assert!(page.users.len() + usize::try_from(page.flawed).unwrap() <= body.len() / 2);
            !page.users.is_empty()
        })
    });
}

#[test]
fn pages_of_changes() {
    let stage = Stage::new();
    let since = DeltaLink::from_stored(format!("{}/v1.0/users/delta?$deltatoken=t1", stage.root));
    rounds("delta", 1_500, &corpus("fuzz/corpus/delta"), |body| {
        stage.says(200, body);
        let page = stage
            .runtime
            .block_on(stage.client.changed_users(&since).next());
        page.is_ok_and(|page| !page.unwrap().changes.is_empty())
    });
}

#[test]
fn inventories_products_and_rows_of_teams() {
    let stage = Stage::new();
    rounds("inventory", 800, &corpus("fuzz/corpus/inventory"), |body| {
        stage.says(200, body);
        let read = stage.runtime.block_on(async {
            let numbers = stage.client.numbers().await.map(|all| all.len());
            let skus = stage.client.subscribed_skus().await.map(|all| all.len());
            let users = stage.client.teams_users().await.map(|all| all.len());
            [numbers, skus, users]
        });
        read.into_iter()
            .any(|found| found.is_ok_and(|found| found > 0))
    });
}

#[test]
fn bodies_of_refusals() {
    let stage = Stage::new();
    let mut n = 0;
    rounds("refusal", 1_500, &corpus("fuzz/corpus/refusal"), |body| {
        n += 1;
        stage.says([400, 403, 404, 409][n % 4], body);
        let error = stage
            .runtime
            .block_on(stage.client.subscribed_skus())
            .unwrap_err();
        let failure = error.failure("Reading");
        assert!(!failure.headline.is_empty());
        assert!(failure.detail.len() < 20_000, "{}", failure.detail.len());
        error
            .reply()
            .is_some_and(|reply| reply.code == "Request_ResourceNotFound")
    });
}
