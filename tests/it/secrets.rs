//! Whose secret, whose files: nothing of one tenant reaches another's host, and nothing is written to a file that was taken away.

use std::fmt::Write as _;
use std::fs;
use std::process::Child;

use teamsconnector::sim::Scenario;
use teamsconnector::store::error::StoreError;

use crate::support::bench::Bench;
use crate::support::program::{Served, command, run, run_with_secret};
use crate::support::web;

/// Two tenants, of which the second signs in to another host and with another application.
async fn two() -> (Served, Bench) {
    let ours = Served::new(Scenario::parse("tour").unwrap(), "").await;
    let other = Bench::new("other-tenant").await;
    let file = ours.home.path().join("config.toml");
    let mut text = fs::read_to_string(&file).unwrap();
    write!(
        text,
        "\n[tenants.evil]\ntenant_id = \"{}\"\nclient_id = \"99999999-9999-4999-8999-999999999999\"\nsign_in = \"client-secret\"\ncloud = \"custom\"\n\
         [tenants.evil.endpoints]\nlogin = \"{base}\"\ngraph = \"{base}\"\n",
        other.simulator.tenant_id(),
        base = other.base(),
    )
    .unwrap();
    fs::write(&file, text).unwrap();
    (ours, other)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_secret_of_the_environment_goes_to_no_second_application() {
    let (ours, other) = two().await;
    let ended = ours.call(&["sync", "--plan", "--all-tenants"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    let refused = "TEAMSCONNECTOR_CLIENT_SECRET is not used for";
    assert!(
        ended.err.contains(refused) || ended.out.contains(refused),
        "{ended:?}"
    );
    assert_eq!(web::count(&other.base(), "POST", "oauth2"), 0);
    assert_eq!(
        web::count(&ours.base(), "POST", "oauth2"),
        0,
        "nobody can tell whose it is"
    );
    // For the one that was named it counts, and a file of its own goes before it.
    assert_eq!(ours.call(&["--tenant", "contoso", "sync"]).code, 0);
    let file = ours.home.path().join("other.secret");
    fs::write(&file, "another").unwrap();
    fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let config = ours.home.path().join("config.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(
        &config,
        text.replacen(
            "[tenants.evil]\n",
            &format!("[tenants.evil]\nsecret_file = \"{}\"\n", file.display()),
            1,
        ),
    )
    .unwrap();
    let ended = ours.call(&["sync", "--plan", "--all-tenants"]);
    assert!(
        web::count(&ours.base(), "POST", "oauth2") >= 2,
        "now it is one application's: {ended:?}"
    );
    assert!(web::count(&other.base(), "POST", "oauth2") >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_its_secret_a_tenant_can_be_looked_at_and_not_read() {
    let ours = Served::new(Scenario::parse("tour").unwrap(), "").await;
    assert_eq!(ours.call(&["sync"]).code, 0);
    assert_eq!(
        ours.call(&["users", "add", "diego@contoso.example"]).code,
        0
    );
    let listed = run(ours.home.path(), &["users", "list"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    assert!(listed.out.contains("Diego Siciliani"), "{listed:?}");
    assert_eq!(
        run(ours.home.path(), &["why", "alex@contoso.example"]).code,
        0
    );
    let synced = run(ours.home.path(), &["sync"]);
    assert_eq!(synced.code, 2, "{synced:?}");
    assert!(
        synced
            .out
            .contains("no client secret: set TEAMSCONNECTOR_CLIENT_SECRET"),
        "{synced:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ledger_that_was_taken_away_takes_no_edit() {
    let bench = Bench::synced("tour").await;
    let folder = bench.ledger().parent().unwrap().to_owned();
    let away = folder.with_file_name("away");
    fs::rename(&folder, &away).unwrap();
    let error = bench.store().ledger.unpin(bench.stamp()).await.unwrap_err();
    assert!(matches!(error, StoreError::Removed { .. }), "{error}");
    fs::rename(&away, &folder).unwrap();
    bench.store().ledger.unpin(bench.stamp()).await.unwrap();
    let audit = fs::read_to_string(folder.join("audit.jsonl")).unwrap();
    assert_eq!(audit.matches("\"unpinned\"").count(), 1, "{audit}");
}

#[test]
fn tenants_that_are_added_at_once_are_all_there() {
    let home = tempfile::tempdir().unwrap();
    let calls: Vec<Child> = (1..=8)
        .map(|n| {
            command(home.path())
                .args([
                    "tenants",
                    "add",
                    &format!("t{n}"),
                    "--tenant",
                    &format!("c{n}.example"),
                ])
                .args(["--client-id", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"])
                .stdout(std::process::Stdio::null())
                .stderr(std::process::Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    for mut call in calls {
        assert!(call.wait().unwrap().success());
    }
    let text = fs::read_to_string(home.path().join("config.toml")).unwrap();
    for n in 1..=8 {
        assert!(text.contains(&format!("[tenants.t{n}]")), "t{n}: {text}");
    }
}

#[test]
fn the_address_of_one_tenant_is_not_the_name_of_another() {
    let home = tempfile::tempdir().unwrap();
    let add = |name: &str, tenant: &str| {
        let id = ["--client-id", "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"];
        run(
            home.path(),
            &[&["tenants", "add", name, "--tenant", tenant][..], &id].concat(),
        )
    };
    assert_eq!(add("adatum", "adatum.example").code, 0);
    let ended = add("adatum.example", "fabrikam.example");
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.err.contains("is the id or a domain of tenant adatum"),
        "{ended:?}"
    );
    assert_eq!(add("fabrikam.example", "other.example").code, 0);
    let ended = add("fabrikam", "fabrikam.example");
    assert_eq!(ended.code, 2, "{ended:?}");
    // Written by hand all the same, it is refused before anything is done.
    let file = home.path().join("config.toml");
    let text = fs::read_to_string(&file).unwrap()
        + "\n[tenants.\"adatum.example\"]\ntenant_id = \"x.example\"\n";
    fs::write(&file, text).unwrap();
    let ended = run_with_secret(home.path(), "none", &["--tenant", "adatum.example", "sync"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended
            .err
            .contains("the name of one tenant, and the address of another"),
        "{ended:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_found_by_a_domain_that_its_people_sign_in_by() {
    let (ours, other) = two().await;
    assert_eq!(ours.call(&["--tenant", "contoso", "sync"]).code, 0);
    let found = run(
        ours.home.path(),
        &["--tenant", "Contoso.example", "users", "list"],
    );
    assert_eq!(found.code, 0, "{found:?}");
    assert!(
        found
            .err
            .contains("Contoso.example is of the tenant contoso"),
        "{found:?}"
    );
    // A part of a domain is none, and a guest's address is not the tenant's.
    for text in ["toso.example", "partner.example"] {
        let ended = run(ours.home.path(), &["--tenant", text, "users", "list"]);
        assert_eq!(ended.code, 2, "{text} {ended:?}");
    }
    drop(other);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_configuration_leaves_the_files_to_be_looked_at() {
    let ours = Served::new(Scenario::parse("tour").unwrap(), "").await;
    assert_eq!(ours.call(&["sync"]).code, 0);
    fs::write(ours.home.path().join("config.toml"), "[tenants.contoso\n").unwrap();
    let ended = run(ours.home.path(), &["doctor", "--json"]);
    let told = ended.json();
    let state = |name: &str| {
        let checks = told["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["name"] == name);
        found.unwrap_or_else(|| panic!("{name}: {told:#}"))["state"].clone()
    };
    assert_eq!(state("config"), "failed");
    for name in ["tenant folder", "ledger.db", "cache.db", "history.db"] {
        assert_eq!(state(name), "ok", "{name}");
    }
    assert_eq!(state("sign-in"), "skipped");
    assert_eq!(ended.code, 2, "{ended:?}");
}
