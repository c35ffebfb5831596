//! `doctor`: says what is wrong with each thing that a run needs, whichever of them is broken.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use std::sync::Arc;

use serde_json::{Value, json};
use teamsconnector::runtime::clock::system;
use teamsconnector::sim::{Options, Scenario, Simulator};

use crate::support::bench::Bench;
use crate::support::program::{Ended, configure, configure_at, run, run_with_secret};
use crate::support::web;

/// The line of a name: state, text and hint.
fn line(ended: &Ended, name: &str) -> (String, String, String) {
    let told = ended.json();
    let checks = told["checks"].as_array().unwrap();
    let found: Vec<&Value> = checks
        .iter()
        .filter(|check| check["name"] == name)
        .collect();
    let found = found.first().unwrap_or_else(|| panic!("{name}: {told:#}"));
    let text = |key: &str| found[key].as_str().unwrap().to_owned();
    (text("state"), text("text"), text("hint"))
}

fn doctor(home: &Path, secret: &str) -> Ended {
    run_with_secret(home, secret, &["--tenant", "contoso", "doctor", "--json"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_tenant_passes_and_nothing_is_made() {
    let clock = system();
    let simulator = Simulator::start(Options {
        scenario: Scenario::parse("tour").unwrap(),
        listen: ([127, 0, 0, 1], 0).into(),
        state_dir: None,
        clock: Arc::new(move || clock.now()),
    })
    .await
    .unwrap();
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &simulator, "");
    let secret = simulator.client_secret().to_owned();
    let ended = doctor(home.path(), &secret);
    assert_eq!(ended.code, 0, "{ended:?}");
    for name in [
        "sign-in",
        "organization",
        "users/delta",
        "Teams numbers",
        "clock",
    ] {
        assert_eq!(line(&ended, name).0, "ok", "{name}");
    }
    assert_eq!(line(&ended, "ledger.db").0, "skipped");
    assert!(
        !home.path().join("tenants").exists(),
        "doctor makes nothing"
    );
    assert!(!ended.out.contains(&secret) && !ended.out.contains("eyJ"));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_broken_thing_is_named_and_the_others_are_still_looked_at() {
    let bench = Bench::new("tour").await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &bench.simulator, "");
    let secret = bench.simulator.client_secret().to_owned();
    let synced = run_with_secret(home.path(), &secret, &["--tenant", "contoso", "sync"]);
    assert_eq!(synced.code, 0, "{synced:?}");
    let folder = home.path().join("tenants/contoso");
    std::fs::write(folder.join("cache.db"), b"nonsense").unwrap();
    std::fs::set_permissions(&folder, std::fs::Permissions::from_mode(0o770)).unwrap();
    web::knobs(
        &bench.base(),
        &json!({"deny_scopes": ["TeamsTelephoneNumber.Read.All", "TeamsTelephoneNumber.ReadWrite.All"]}),
    );
    let ended = doctor(home.path(), &secret);
    assert_eq!(ended.code, 1, "{ended:?}");
    let (state, text, hint) = line(&ended, "tenant folder");
    assert_eq!(state, "failed");
    assert!(text.contains("mode 770"), "{text}");
    assert_eq!(hint, format!("chmod go-rwx {}", folder.display()));
    assert_eq!(line(&ended, "ledger.db").0, "ok");
    assert_eq!(line(&ended, "cache.db").0, "failed");
    assert_eq!(
        std::fs::read(folder.join("cache.db")).unwrap(),
        b"nonsense",
        "doctor changes nothing"
    );
    let (state, text, _) = line(&ended, "Teams numbers");
    assert_eq!(state, "failed");
    assert!(text.contains("TeamsTelephoneNumber.Read.All"), "{text}");
    assert_eq!(line(&ended, "users").0, "ok");
    // The simulated tenant of this test lives in the past.
    let (state, text, hint) = line(&ended, "clock");
    assert_eq!(state, "failed");
    assert!(text.contains("s away from ours"), "{text}");
    assert!(hint.contains("NTP"), "{hint}");
}

#[test]
fn without_a_server_a_secret_or_a_sound_file_it_still_ends_well() {
    let home = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let id = "11111111-2222-4333-8444-555555555555";
    configure_at(home.path(), id, id, &format!("http://{free}"), "");
    let ended = doctor(home.path(), "s");
    assert_eq!(ended.code, 3, "{ended:?}");
    assert_eq!(line(&ended, "login host").0, "failed");
    assert_eq!(line(&ended, "calls").0, "skipped");
    let ended = run(home.path(), &["--tenant", "contoso", "doctor", "--json"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(line(&ended, "credentials").0, "failed");
    std::fs::write(
        home.path().join("config.toml"),
        "[tenants.contoso]\nx = 1\n",
    )
    .unwrap();
    let ended = run(home.path(), &["doctor", "--json"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(line(&ended, "config").0, "failed");
    assert_eq!(line(&ended, "tenant").0, "skipped");
}
