//! What a later read costs when 100 users have changed, against the first read, for tenants of several sizes.
//!
//! The lists of Teams and of numbers have no feed of changes: a second set of reads does without them.
//!
//! `cargo bench --bench delta` prints ratios that were measured in one run; `-- 10000 100000` takes tenants of those sizes.

#![expect(clippy::print_stdout, reason = "a bench prints what it has measured")]

#[expect(dead_code, reason = "each bench needs a part of it")]
mod stage;

use std::path::Path;

use serde_json::json;

use stage::{Cost, Tenant, cost, head, line, median, sizes};

/// Users that change between two reads.
const CHANGES: u32 = 100;

/// Later reads of each tenant.
const ROUNDS: u32 = 5;

fn main() {
    let mut smallest: Option<(Cost, Cost)> = None;
    for users in sizes(&[10_000, 100_000, 1_000_000]) {
        let tenant = Tenant::of(users);
        let home = tenant.home();
        let first = cost(&mut tenant.sync(home.path()));
        let all = tenant.ids(CHANGES);
        let (changed, same) = later(&tenant, home.path(), &all);
        // What has no feed of changes is read whole. In a cloud that has no Teams administration the feed alone is left.
        let home = tenant.home_without_teams();
        cost(&mut tenant.sync(home.path()));
        let (fed, _) = later(&tenant, home.path(), &all);
        let (smallest, smallest_fed) = *smallest.get_or_insert((changed, fed));
        println!("{}", head(&format!("{users} users")));
        println!("{}", line("first read", first, first));
        println!("{}", line("100 changes", changed, first));
        println!("{}", line("no change", same, first));
        println!("{}", line("100 changes, no Teams lists", fed, first));
        for (what, cost, smallest) in [
            ("100 changes", changed, smallest),
            ("without the lists of Teams", fed, smallest_fed),
        ] {
            println!(
                "{what}: {:.2} % of the first read's processor time, {:.2}x of those in the smallest tenant",
                100.0 * cost.cpu.as_secs_f64() / first.cpu.as_secs_f64(),
                cost.cpu.as_secs_f64() / smallest.cpu.as_secs_f64()
            );
        }
    }
}

/// What a later read costs: when so many have changed, and when nobody has.
fn later(tenant: &Tenant, home: &Path, all: &[String]) -> (Cost, Cost) {
    let (mut changed, mut same) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        for id in all {
            let body = json!({ "department": format!("Bench {round}") });
            tenant.control("PATCH", &format!("users/{id}"), &body);
        }
        changed.push(cost(&mut tenant.sync(home)));
        same.push(cost(&mut tenant.sync(home)));
    }
    (median(&changed), median(&same))
}
