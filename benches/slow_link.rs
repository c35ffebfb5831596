//! A first read over a slow link, 150 ms to the first byte of each answer and 20 Mbit/s for all of them together, against the time
//! that the bytes alone take there, and against a reader that asks for a page when it has the one before.
//!
//! `cargo bench --bench slow_link` takes 10,000 users; `-- 3000` others.

#![expect(clippy::print_stdout, reason = "a bench prints what it has measured")]

#[expect(dead_code, reason = "each bench needs a part of it")]
mod stage;

use serde_json::json;

use stage::{Tenant, cost, sizes};

const LATENCY: f64 = 0.150;
const BITS_PER_SECOND: f64 = 20_000_000.0;

fn main() {
    for users in sizes(&[10_000]) {
        let tenant = Tenant::of(users);
        let reads = tenant.reads();
        let bytes = sent(&reads, &tenant.token());
        let slow = json!({ "latency_ms": 150, "link_bits_per_second": 20_000_000 });
        tenant.render(&slow);
        let home = tenant.home();
        let wall = cost(&mut tenant.sync(home.path())).wall.as_secs_f64();
        let link = bytes * 8.0 / BITS_PER_SECOND;
        let count = f64::from(u32::try_from(reads.len()).expect("a list"));
        let one_by_one = count * LATENCY + link;
        println!(
            "{users} users, {count} reads, {:.1} MB on the wire",
            bytes / 1e6
        );
        println!("first read                              {wall:8.2} s");
        println!(
            "one latency and the bytes               {:8.2} s   first read / this {:.2}",
            LATENCY + link,
            wall / (LATENCY + link)
        );
        println!(
            "each read after the one before          {one_by_one:8.2} s   first read / this {:.2}",
            wall / one_by_one
        );
    }
}

/// Bytes of the bodies of these answers, as they are sent.
fn sent(reads: &[String], token: &str) -> f64 {
    stage::runtime().block_on(async {
        let client = stage::client();
        let mut all = 0;
        for address in reads {
            let call = client.get(address).bearer_auth(token);
            let call = call.header("accept-encoding", "gzip");
            let answer = call.send().await.expect("the simulator answers");
            all += answer.bytes().await.expect("a whole answer").len();
        }
        f64::from(u32::try_from(all).expect("less than four gigabytes"))
    })
}
