//! Bytes that the console sends its terminal, by what is done: in a real pseudo-terminal, on a tenant that has been read.
//!
//! `cargo bench --bench bytes` takes 10,000 users; `-- 100000` others.

#![expect(clippy::print_stdout, reason = "a bench prints what it has measured")]

#[expect(dead_code, reason = "each bench needs a part of it")]
mod stage;

use std::io::{Read as _, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::Duration;

use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use stage::{Tenant, cost, program, sizes};

/// After so long without a byte nothing more comes of a key.
const QUIET: Duration = Duration::from_millis(600);

/// What is done: its name, the keys, how often.
const ACTIONS: [(&str, &str, usize); 12] = [
    ("another pane", "2", 1),
    ("another list", "f", 1),
    ("cursor one row down", "\x1b[B", 8),
    ("page down", "\x1b[6~", 4),
    ("cursor one row down, list scrolls", "\x1b[B", 8),
    ("list of all keys", "?", 1),
    ("back", "\x1b", 1),
    ("filter", "/", 1),
    ("letters that change the hits", "ameli", 1),
    ("letter with the same hits", "a", 1),
    ("back to all", "\x1b", 1),
    ("nothing, for five seconds", "", 1),
];

fn main() {
    for users in sizes(&[10_000]) {
        let tenant = Tenant::of(users);
        let home = tenant.home();
        cost(&mut tenant.sync(home.path()));
        for size in [(80, 24), (200, 50)] {
            at(size, home.path(), &tenant.secret);
        }
    }
}

fn at((cols, rows): (u16, u16), home: &Path, secret: &str) {
    let size = PtySize {
        rows,
        cols,
        ..PtySize::default()
    };
    let pair = native_pty_system().openpty(size).expect("a terminal");
    let mut command = CommandBuilder::new(program());
    command.args(["--tenant", "contoso"]);
    for (name, value) in [
        ("TERM", "xterm-256color"),
        ("LANG", "C.UTF-8"),
        ("TEAMSCONNECTOR_CLIENT_SECRET", secret),
    ] {
        command.env(name, value);
    }
    command.env("TEAMSCONNECTOR_HOME", home);
    let mut child = pair.slave.spawn_command(command).expect("it starts");
    let mut reader = pair.master.try_clone_reader().expect("a reader");
    let mut writer = pair.master.take_writer().expect("a writer");
    let (to, came) = mpsc::channel();
    std::thread::spawn(move || {
        let mut room = vec![0; 65536];
        while let Ok(read @ 1..) = reader.read(&mut room) {
            if to.send(room[..read].to_vec()).is_err() {
                return;
            }
        }
    });
    println!("{cols}x{rows}");
    show("start", &quiet(&came, Duration::from_secs(3)));
    for (name, keys, times) in ACTIONS {
        let mut frames = Vec::new();
        for _ in 0..times {
            writer.write_all(keys.as_bytes()).expect("it listens");
            let wait = if keys.is_empty() { QUIET * 8 } else { QUIET };
            frames.extend(quiet(&came, wait));
        }
        show(name, &frames);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// Bytes of each frame until none has come for so long.
fn quiet(came: &mpsc::Receiver<Vec<u8>>, wait: Duration) -> Vec<usize> {
    const END: &[u8] = b"\x1b[?2026l";
    let mut all = Vec::new();
    while let Ok(bytes) = came.recv_timeout(wait) {
        all.extend(bytes);
    }
    let mut from = 0;
    let mut frames = Vec::new();
    for end in memchr::memmem::find_iter(&all, END) {
        frames.push(end + END.len() - from);
        from = end + END.len();
    }
    if from < all.len() {
        frames.push(all.len() - from);
    }
    frames
}

fn show(name: &str, frames: &[usize]) {
    let most = frames.iter().max().copied().unwrap_or_default();
    let all: usize = frames.iter().sum();
    println!(
        "  {name:<36}{:>3} frames, {all:>6} bytes, {most:>5} at most",
        frames.len()
    );
}
