//! The first read of a tenant against a bare read of the same pages, which inflates and throws away, and against Python.
//!
//! `cargo bench --bench first_read` prints ratios that were measured in one run, in turn; `-- 10000` takes so many users. Python
//! takes part where `pip install -r benches/peers/requirements.txt` has been called, in whatever environment `python3` is of.
//! The simulator, in a process of its own, has made and packed all pages before: processor time is the reader's alone, wall time has
//! what the simulator needs to send them in it, the same for all.

#![expect(clippy::print_stdout, reason = "a bench prints what it has measured")]

#[expect(dead_code, reason = "each bench needs a part of it")]
mod stage;

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use stage::{Cost, Tenant, cost, head, line, median, sizes};

/// Rounds, each of one run of everybody.
const ROUNDS: usize = 3;

fn main() {
    let args: Vec<String> = std::env::args().collect();
    if let Some(at) = args.iter().position(|arg| arg == "--bare") {
        bare(&args[at + 1], &args[at + 2]);
        return;
    }
    for users in sizes(&[100_000]) {
        of(users);
    }
}

fn of(users: u32) {
    let tenant = Tenant::of(users);
    let reads = tenant.reads();
    let folder = tempfile::tempdir().expect("there is room");
    let list = folder.path().join("reads");
    fs::write(&list, reads.join("\n")).expect("there is room");
    let me = std::env::current_exe().expect("it runs");
    let token = tenant.token();
    let python = has_python();
    let (mut bare, mut ours, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    let rounds = if users > 300_000 { 1 } else { ROUNDS };
    for _ in 0..rounds {
        bare.push(cost(Command::new(&me).arg("--bare").arg(&list).arg(&token)));
        let home = tenant.home();
        ours.push(cost(&mut tenant.sync(home.path())));
        if python {
            theirs.push(cost(&mut peer(&list, &token, folder.path())));
        }
        tenant.reads();
    }
    println!("{}", head(&format!("{users} users, {} reads", reads.len())));
    let (ours, bare) = (median(&ours), median(&bare));
    let show = |name, cost: Cost| println!("{}", line(name, cost, ours));
    show("first read", ours);
    show("bare read: fetch, inflate", bare);
    if python {
        show("Python httpx+orjson+sqlite3", median(&theirs));
    } else {
        println!("Python is left out: see benches/peers/requirements.txt");
    }
    println!(
        "first read / bare read, processor: {:.2}",
        ours.cpu.as_secs_f64() / bare.cpu.as_secs_f64()
    );
}

fn has_python() -> bool {
    Command::new("python3")
        .args(["-c", "import httpx, orjson, sqlite3"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

fn peer(list: &Path, token: &str, folder: &Path) -> Command {
    let database = folder.join("peer.db");
    let _ = fs::remove_file(&database);
    let mut command = Command::new("python3");
    command.arg(stage::file("benches/peers/read.py"));
    command.arg(list).arg(token).arg(database);
    command
}

/// Reads these addresses one after the other, inflates what comes, and throws it away.
fn bare(list: &str, token: &str) {
    let list = fs::read_to_string(list).expect("the list of reads");
    stage::runtime().block_on(async {
        let client = stage::client();
        let mut room = Vec::new();
        let mut inflate = libdeflater::Decompressor::new();
        for address in list.lines() {
            let call = client.get(address).bearer_auth(token);
            let call = call.header("accept-encoding", "gzip");
            let answer = call.send().await.expect("the simulator answers");
            assert!(answer.status().is_success(), "{address}: {answer:?}");
            let is_packed = answer.headers().contains_key("content-encoding");
            let body = answer.bytes().await.expect("a whole answer");
            if is_packed {
                let length = body.last_chunk().copied().map(u32::from_le_bytes);
                let length = length.expect("gzip ends with the length");
                room.resize(usize::try_from(length).expect("a page"), 0);
                let done = inflate.gzip_decompress(&body, &mut room);
                done.expect("it is packed well");
            }
            std::hint::black_box(&room);
        }
    });
}
