//! A partner's account works three customers' tenants on one sign-in, and an answer of one in another's place writes nothing.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::json;
use teamsconnector::sim::Simulator;

use crate::support::bench::Bench;
use crate::support::cloud::{Cloud, Swap};
use crate::support::program::{Ended, run};
use crate::support::web;

const APP: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

struct Partner {
    simulators: Vec<Simulator>,
    cloud: Cloud,
    home: tempfile::TempDir,
}

impl Partner {
    async fn new() -> Self {
        let mut simulators = Vec::new();
        for scenario in ["tour", "seats-short", "wrong-country"] {
            let simulator = Bench::new(scenario).await.simulator;
            web::knobs(
                &simulator.base_url(),
                &json!({ "device_polls": ["approve"] }),
            );
            simulators.push(simulator);
        }
        let all: Vec<&Simulator> = simulators.iter().collect();
        let cloud = Cloud::over(&all).await;
        let home = tempfile::tempdir().unwrap();
        let mut text = format!("[identities.msp]\nclient_id = \"{APP}\"\n");
        for (name, simulator) in ["a", "b", "c"].iter().zip(&simulators) {
            write!(
                text,
                "[tenants.{name}]\ntenant_id = \"{}\"\nidentity = \"msp\"\ncloud = \"custom\"\nread_only = false\nallow = [\"numbers\", \"location\"]\n\
                 [tenants.{name}.endpoints]\nlogin = \"{base}\"\ngraph = \"{base}\"\n",
                simulator.tenant_id(),
                base = cloud.base
            )
            .unwrap();
        }
        fs::write(home.path().join("config.toml"), text).unwrap();
        Self {
            simulators,
            cloud,
            home,
        }
    }

    fn call(&self, name: &str, args: &[&str]) -> Ended {
        let mut all = vec!["--tenant", name];
        all.extend(args);
        run(self.home.path(), &all)
    }

    fn writes(&self) -> Vec<usize> {
        let count = |simulator: &Simulator| {
            let base = simulator.base_url();
            web::count(&base, "POST", "ssignNumber") + web::count(&base, "PATCH", "/v1.0/users")
        };
        self.simulators.iter().map(count).collect()
    }
}

fn copied(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    fs::set_permissions(to, fs::metadata(from).unwrap().permissions()).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copied(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn three_tenants_are_worked_on_one_sign_in() {
    let partner = Partner::new().await;
    assert_eq!(partner.call("a", &["login", "--write"]).code, 0);
    for (name, total) in [("a", "total="), ("b", "total=8"), ("c", "total=")] {
        let ended = partner.call(name, &["sync"]);
        assert_eq!(ended.code, 0, "{name}: {ended:?}");
        assert!(ended.out.contains(total), "{name}: {ended:?}");
    }
    let asked: Vec<usize> = partner
        .simulators
        .iter()
        .map(|simulator| web::count(&simulator.base_url(), "GET", "/v1.0/organization"))
        .collect();
    assert!(
        asked.iter().all(|asked| *asked > 0),
        "each tenant was read itself: {asked:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_one_tenant_in_anothers_place_writes_nothing_there() {
    let partner = Partner::new().await;
    for name in ["a", "b"] {
        // Writing is agreed to in each tenant for itself.
        assert_eq!(partner.call(name, &["login", "--write"]).code, 0);
    }
    for name in ["a", "b"] {
        assert_eq!(partner.call(name, &["sync"]).code, 0);
    }
    let added = partner.call(
        "b",
        &[
            "users",
            "add",
            "amy.apple@contoso.example",
            "--number",
            "+441235123511",
        ],
    );
    assert_eq!(added.code, 0, "{added:?}");
    let before = tempfile::tempdir().unwrap();
    copied(partner.home.path(), before.path());
    // From the same files each time: so the same sign-in is renewed again and again.
    web::knobs(
        &partner.simulators[1].base_url(),
        &json!({ "refresh_uses": 200 }),
    );
    let mut call = 0;
    loop {
        // Each time from the same files.
        fs::remove_dir_all(partner.home.path()).unwrap();
        copied(before.path(), partner.home.path());
        partner.cloud.swap(Swap::Graph(call));
        let ended = partner.call("b", &["sync", "--yes"]);
        if partner.cloud.is_left() {
            assert_eq!(ended.code, 0, "{ended:?}");
            break;
        }
        let writes = partner.writes();
        assert_eq!((writes[0], writes[2]), (0, 0), "call {call}: {ended:?}");
        if writes[1] > 0 {
            // What came astray did not name its tenant, left the change out, and was read again from its own: no harm.
            let there = web::number(&partner.simulators[1].base_url(), "+441235123511").unwrap();
            let amy = web::person(
                &partner.simulators[1].base_url(),
                "amy.apple@contoso.example",
            );
            assert_eq!(there["assignmentTargetId"], amy["id"], "{ended:?}");
            break;
        }
        assert_ne!(ended.code, 0, "call {call}: {ended:?}");
        call += 1;
    }
    assert!(call >= 1, "the organisation's answer is the first");
    // And a token of another tenant, at each request for one.
    web::knobs(
        &partner.simulators[1].base_url(),
        &json!({ "expire_tokens": true }),
    );
    let sent = partner.writes();
    fs::remove_dir_all(partner.home.path()).unwrap();
    copied(before.path(), partner.home.path());
    partner.cloud.swap(Swap::Token(0));
    let ended = partner.call("b", &["sync", "--yes"]);
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(
        ended
            .out
            .contains("does not match the previously tenant selected"),
        "{ended:?}"
    );
    assert_eq!(partner.writes(), sent);
}
