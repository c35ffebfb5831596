//! Somebody with a browser: opens a page, and follows where it leads.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

/// What a page said.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) text: String,
}

/// Opens one page. `localhost` is 127.0.0.1, as a browser finds out when nobody listens on `::1`.
pub(crate) fn open(address: &str) -> Page {
    let (host, path) = address
        .trim_start_matches("http://")
        .split_once(['/', '?'])
        .expect("an address has a path or a question");
    let path = &address[address.len() - path.len() - 1..];
    let path = if path.starts_with('?') {
        format!("/{path}")
    } else {
        path.to_owned()
    };
    let mut stream = TcpStream::connect(host.replace("localhost", "127.0.0.1")).unwrap();
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )
    .unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let location = head
        .lines()
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("location"))
        .map(|(_, value)| value.to_owned());
    Page {
        status: head[9..12].parse().unwrap(),
        location,
        text: body.to_owned(),
    }
}

/// Opens a page, and goes where it leads, once.
pub(crate) fn follow(address: &str) -> Page {
    let page = open(address);
    match &page.location {
        Some(next) => open(next),
        None => page,
    }
}
