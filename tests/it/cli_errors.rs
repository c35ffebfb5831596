//! Bad input and bad luck: a clear error, the right exit code, and nothing lost.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use serde_json::json;
use teamsconnector::sim::Simulator;

use crate::support::bench::Bench;
use crate::support::program::{
    Ended, Tour, command, configure, configure_at, run, run_with_secret,
};
use crate::support::web;

async fn tour() -> Simulator {
    Bench::new("tour").await.simulator
}

#[test]
fn an_unknown_key_names_file_line_and_the_nearest_key() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(
        home.path().join("config.toml"),
        "[tenants.contoso]\ntenant_id = \"contoso.example\"\ngrup = \"Voice users\"\n",
    )
    .unwrap();
    let ended = run(home.path(), &["--tenant", "contoso", "sync"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(ended.err.contains("config.toml:3"), "{}", ended.err);
    assert!(
        ended.err.contains("grup") && ended.err.contains("\"group\""),
        "{}",
        ended.err
    );
}

#[test]
fn an_unreachable_server_is_worth_another_try() {
    let home = tempfile::tempdir().unwrap();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    configure_at(
        home.path(),
        "11111111-2222-4333-8444-555555555555",
        "22222222-2222-4333-8444-555555555555",
        &format!("http://{free}"),
        "",
    );
    let ended = run_with_secret(home.path(), "s", &["--tenant", "contoso", "sync"]);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.out.contains("127.0.0.1"), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_secret_says_so_and_shows_it_nowhere() {
    let simulator = tour().await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &simulator, "");
    let ended = run_with_secret(
        home.path(),
        "canary-secret",
        &["--tenant", "contoso", "sync", "--debug"],
    );
    assert_eq!(ended.code, 4, "{ended:?}");
    assert!(ended.out.contains("AADSTS7000215"), "{}", ended.out);
    assert!(!format!("{ended:?}").contains("canary-secret"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_scope_is_named() {
    for (scope, hint) in [
        ("User.Read.All", "User.Read.All"),
        (
            "TeamsTelephoneNumber.Read.All",
            "TeamsTelephoneNumber.Read.All",
        ),
    ] {
        let simulator = tour().await;
        let home = tempfile::tempdir().unwrap();
        configure(home.path(), &simulator, "");
        let mut denied = vec![scope.to_owned(), scope.replace("Read", "ReadWrite")];
        if scope.starts_with("User") {
            denied.extend([
                "Directory.Read.All".to_owned(),
                "Directory.ReadWrite.All".to_owned(),
            ]);
        }
        web::knobs(&simulator.base_url(), &json!({ "deny_scopes": denied }));
        let ended = run_with_secret(
            home.path(),
            simulator.client_secret(),
            &["--tenant", "contoso", "sync"],
        );
        assert_eq!(ended.code, 4, "{scope}: {ended:?}");
        assert!(ended.out.contains(hint), "{scope}: {}", ended.out);
    }
}

#[test]
fn html_from_a_portal_is_called_that() {
    let home = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let mut buffer = [0u8; 4096];
            let _ = stream.read(&mut buffer);
            let page = "<html><body>Please sign in to the guest network</body></html>";
            let _ = write!(
                stream,
                "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
                page.len()
            );
        }
    });
    configure_at(
        home.path(),
        "11111111-2222-4333-8444-555555555555",
        "22222222-2222-4333-8444-555555555555",
        &base,
        "",
    );
    let ended = run_with_secret(home.path(), "s", &["--tenant", "contoso", "sync"]);
    assert!(matches!(ended.code, 1 | 3 | 4), "{ended:?}");
    assert!(ended.out.to_lowercase().contains("html"), "{}", ended.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_cache_is_set_aside_and_no_edit_is_lost() {
    let simulator = tour().await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &simulator, "");
    let call = |args: &[&str]| {
        run_with_secret(
            home.path(),
            simulator.client_secret(),
            &[&["--tenant", "contoso"], args].concat(),
        )
    };
    assert_eq!(call(&["sync"]).code, 0);
    assert_eq!(
        call(&[
            "users",
            "add",
            "joni@contoso.example",
            "--number",
            "+441235123480"
        ])
        .code,
        0
    );
    let cache = home.path().join("tenants/contoso/cache.db");
    std::fs::write(&cache, vec![0x5a; 65536]).unwrap();
    let ended = call(&["users", "list", "--json"]);
    assert_eq!(ended.code, 8, "{ended:?}");
    assert_eq!(
        ended.json()["users"][0]["queued"][0]["wanted"],
        "+441235123480"
    );
    let kept = std::fs::read_dir(home.path().join("tenants/contoso"))
        .unwrap()
        .any(|entry| {
            entry
                .unwrap()
                .file_name()
                .to_string_lossy()
                .starts_with("cache.db.quarantine-")
        });
    assert!(kept, "the damaged file is kept");
    assert_eq!(call(&["users", "list"]).code, 0, "told once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scenario_for_another_server_works_as_with_our_own() {
    let simulator = tour().await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &simulator, "group = \"Voice users\"\n");
    let call = |args: &[&str]| {
        run_with_secret(
            home.path(),
            simulator.client_secret(),
            &[&["--tenant", "contoso"], args].concat(),
        )
    };
    let ended = call(&["sync", "--json"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let last: serde_json::Value = serde_json::from_str(ended.out.lines().last().unwrap()).unwrap();
    assert!(
        last["summary"]["phoneSystem"].as_u64().unwrap() > 0,
        "{last}"
    );
    let why = call(&["why", "alex@contoso.example", "--json", "--live"]).json();
    assert_eq!(
        (why["first_cause"].as_str(), why["live"].as_bool()),
        (Some("calling_plan"), Some(true))
    );
    let gates = why["gates"].as_array().unwrap();
    assert!(
        gates
            .iter()
            .any(|gate| gate["gate"] == "no_calling_plan" && gate["result"] == "failed"),
        "{gates:?}"
    );
}

#[test]
fn unknown_scenarios_and_tenants_name_what_there_is() {
    let home = tempfile::tempdir().unwrap();
    let ended = run(home.path(), &["--demo=nonsense", "sync"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("calling-plans"), "{}", ended.err);
    let ended = run(home.path(), &["--tenant", "nobody", "sync"]);
    assert_eq!(ended.code, 2);
    assert!(ended.err.contains("--demo"), "{}", ended.err);
}

/// A folder without a name would be wherever the program was started.
#[test]
fn a_home_that_is_empty_is_refused_and_named() {
    let home = tempfile::tempdir().unwrap();
    let output = command(home.path())
        .env("TEAMSCONNECTOR_HOME", "")
        .args(["paths"])
        .output()
        .unwrap();
    let ended = Ended::from(output);
    assert_eq!(ended.code, 2, "{ended:?}");
    let words = "TEAMSCONNECTOR_HOME or --home is there and names no folder";
    assert!(ended.err.contains(words), "{ended:?}");
}

/// A company's proxy that wants to know who asks: said as such, with the whole chain, and its password nowhere.
#[test]
fn a_proxy_that_wants_a_password_is_named_as_the_cause() {
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = proxy.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in proxy.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(
                b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm=\"corp\"\r\nContent-Length: 0\r\n\r\n",
            );
        }
    });
    let home = tempfile::tempdir().unwrap();
    configure_at(
        home.path(),
        "11111111-2222-4333-8444-555555555555",
        "22222222-2222-4333-8444-555555555555",
        "https://login.contoso.example",
        "",
    );
    for (user, words) in [
        (
            "",
            "The proxy wants a name and a password, and HTTPS_PROXY gives none",
        ),
        (
            "me:opensesame@",
            "The proxy was given the name and the password of HTTPS_PROXY and refused them",
        ),
    ] {
        let output = command(home.path())
            .env("TEAMSCONNECTOR_CLIENT_SECRET", "s")
            .env("HTTPS_PROXY", format!("http://{user}{address}"))
            .args(["--tenant", "contoso", "sync"])
            .output()
            .unwrap();
        let ended = Ended::from(output);
        assert_eq!(ended.code, 3, "{ended:?}");
        let said = format!("{}{}", ended.out, ended.err);
        assert!(said.contains("proxy authorization required"), "{said}");
        assert!(said.contains(words), "{said}");
        assert!(!said.contains("opensesame"), "{said}");
    }
}

/// A tenant that is named by a domain is not just whoever answers first.
#[tokio::test(flavor = "multi_thread")]
async fn a_domain_pins_only_the_tenant_that_has_verified_it() {
    let simulator = tour().await;
    let home = tempfile::tempdir().unwrap();
    let base = simulator.base_url();
    configure_at(
        home.path(),
        "contoso.example",
        simulator.client_id(),
        &base,
        "",
    );
    let stranger = "99999999-2222-4333-8444-555555555555";
    web::knobs(
        &base,
        &json!({ "token_tenant": stranger, "organization_id": stranger,
            "fail_next": [{ "path_contains": "/organization", "status": 200, "times": 1, "body": { "value": [
                { "id": stranger, "displayName": "Evil Ltd", "verifiedDomains": [{ "name": "evil.example", "isDefault": true }] }
            ] } }] }),
    );
    let sync = || {
        run_with_secret(
            home.path(),
            simulator.client_secret(),
            &["--tenant", "contoso", "sync"],
        )
    };
    let ended = sync();
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(
        ended.out.contains("whose domains are evil.example"),
        "{ended:?}"
    );
    assert!(!ended.out.contains("Pinned"), "{ended:?}");
    web::knobs(
        &base,
        &json!({ "token_tenant": null, "organization_id": null, "fail_next": [] }),
    );
    let ended = sync();
    assert_eq!(ended.code, 0, "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_is_not_there_is_a_word_that_nobody_knows() {
    let tour = Tour::new("").await;
    for verb in ["drop", "keep", "take"] {
        let ended = tour.call(&["outbox", verb, "999"]);
        assert_eq!(ended.code, 2, "{verb}: {ended:?}");
        assert!(ended.err.contains("999"), "{verb}: {ended:?}");
    }
    // Where a question would be asked and nobody can answer it, the flag that does is named.
    let out = tour.home.path().join("bundle.tar.gz");
    let ended = tour.call(&["bundle", "--out", out.to_str().unwrap()]);
    assert_eq!(ended.code, 5, "{ended:?}");
    let last = ended.err.lines().last();
    assert_eq!(last, Some("Nothing was written; `--yes` writes it."));
    assert!(!out.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn times_of_runs_and_of_a_reading_have_the_local_time_beside_them() {
    let tour = Tour::new("").await;
    let call = |zone: &str, args: &[&str]| -> Ended {
        let mut command = command(tour.home.path());
        command.env("TZ", zone).args(["--tenant", "contoso"]);
        command.args(args).output().unwrap().into()
    };
    for args in [&["history", "list"][..], &["why", "lee@contoso.example"]] {
        let utc = call("UTC", args);
        assert!(utc.out.contains('Z') && !utc.out.contains("Z ("), "{utc:?}");
        let there = call("<there>-2", args);
        let line = there.out.lines().find(|line| line.contains("Z ("));
        let (before, after) = line
            .and_then(|line| line.split_once("Z ("))
            .expect(&there.out);
        let hour = |text: &str| text.parse::<u8>().unwrap();
        let clock = before.rsplit(' ').next().unwrap();
        let local = after.rsplit_once(')').map_or(after, |(time, _)| time);
        let local = local.split(')').next().unwrap().rsplit(' ').next().unwrap();
        assert_eq!((hour(&clock[..2]) + 2) % 24, hour(&local[..2]), "{there:?}");
        assert!(clock[3..].starts_with(&local[3..5]), "{there:?}");
    }
    let json = call("<there>-2", &["--json", "history", "list"]);
    assert!(!json.out.contains("Z ("), "{json:?}");
}
