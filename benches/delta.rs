//! What a later read costs when 100 users have changed, against the first read, for tenants of several sizes.
//!
//! `cargo bench --bench delta` prints ratios that were measured in one run; `-- 10000 100000` takes tenants of those sizes.

#![expect(clippy::print_stdout, reason = "a bench prints what it has measured")]

#[expect(dead_code, reason = "each bench needs a part of it")]
mod stage;

use serde_json::json;

use stage::{Cost, Tenant, cost, head, line, median, sizes};

/// Users that change between two reads.
const CHANGES: u32 = 100;

/// Later reads of each tenant.
const ROUNDS: u32 = 5;

fn main() {
    let mut smallest: Option<Cost> = None;
    for users in sizes(&[10_000, 100_000, 1_000_000]) {
        let tenant = Tenant::of(users);
        let home = tenant.home();
        let first = cost(&mut tenant.sync(home.path()));
        let all = tenant.ids(CHANGES);
        let (mut changed, mut same) = (Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            for id in &all {
                let body = json!({ "department": format!("Bench {round}") });
                tenant.control("PATCH", &format!("users/{id}"), &body);
            }
            changed.push(cost(&mut tenant.sync(home.path())));
            same.push(cost(&mut tenant.sync(home.path())));
        }
        let (changed, same) = (median(&changed), median(&same));
        let smallest = *smallest.get_or_insert(changed);
        println!("{}", head(&format!("{users} users")));
        println!("{}", line("first read", first, first));
        println!("{}", line("100 changes", changed, first));
        println!("{}", line("no change", same, first));
        println!(
            "100 changes: {:.2} % of the first read's processor time, {:.2}x of those in the smallest tenant",
            100.0 * changed.cpu.as_secs_f64() / first.cpu.as_secs_f64(),
            changed.cpu.as_secs_f64() / smallest.cpu.as_secs_f64()
        );
    }
}
