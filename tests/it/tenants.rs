//! Many tenants: in the configuration, in an overview, found by what their files know, and pinned to another.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Instant;

use serde_json::{Value, json};
use teamsconnector::sim::Simulator;

use crate::support::bench::Bench;
use crate::support::program::{Ended, configure, configure_for, run, run_with_secret};
use crate::support::web;

const CLIENT: &str = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee";

async fn tour() -> Simulator {
    Bench::new("tour").await.simulator
}

fn tenants(ended: &Ended) -> Vec<Value> {
    ended.json()["tenants"].as_array().unwrap().clone()
}

fn row(ended: &Ended, name: &str) -> Value {
    tenants(ended)
        .into_iter()
        .find(|row| row["name"] == name)
        .unwrap()
}

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn what_cannot_be_added_leaves_the_configuration_as_it_was() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    let old = format!("# ours\n[defaults]\nclient_id = \"{CLIENT}\" # the app\n");
    fs::write(&file, &old).unwrap();
    for (args, says) in [
        (&["tenants", "add", "c"][..], "Give --tenant"),
        (
            &["tenants", "add", "c", "--tenant", "no domain"],
            "verified domains",
        ),
        (
            &[
                "tenants",
                "add",
                "c",
                "--tenant",
                "c.example",
                "--sign-in",
                "magic",
            ],
            "device-code, browser",
        ),
        (
            &["tenants", "add", "../c", "--tenant", "c.example"],
            "a tenant's name is",
        ),
        (
            &[
                "tenants",
                "add",
                "c",
                "--tenant",
                "c.example",
                "--identity",
                "msp",
            ],
            "[identities.msp]",
        ),
    ] {
        let ended = run(home.path(), args);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(ended.err.contains(says), "{says}: {}", ended.err);
        assert_eq!(fs::read_to_string(&file).unwrap(), old);
    }
}

const ADD: [&str; 15] = [
    "tenants",
    "add",
    "contoso",
    "--tenant",
    "contoso.example",
    "--cloud",
    "us-gov",
    "--group",
    "Voice users",
    "--allow",
    "numbers,location",
    "--accent",
    "cyan",
    "--add-users",
    "manual",
];

#[test]
fn a_tenant_is_added_with_its_consent_address_and_leaves_as_files() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("config.toml");
    let old = format!("# ours\n[defaults]\nclient_id = \"{CLIENT}\" # the app\n");
    fs::write(&file, &old).unwrap();
    let ended = run(home.path(), &ADD);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(
        ended.out.trim(),
        format!("https://login.microsoftonline.us/contoso.example/adminconsent?client_id={CLIENT}")
    );
    let text = fs::read_to_string(&file).unwrap();
    assert!(
        text.starts_with(&old) && text.contains("read_only = true"),
        "{text}"
    );
    assert_eq!(run(home.path(), &ADD).code, 2);
    let kept = home.path().join("tenants/contoso");
    let audit = fs::read_to_string(kept.join("audit.jsonl")).unwrap();
    assert!(
        audit.contains("\"tenant_id\"") && audit.contains("contoso.example"),
        "{audit}"
    );

    let refused = run(home.path(), &["tenants", "remove", "contoso"]);
    assert_eq!(refused.code, 6, "{refused:?}");
    assert!(kept.exists());
    fs::write(kept.join("tokens"), "canary").unwrap();
    let ended = run(home.path(), &["tenants", "remove", "contoso", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(fs::read_to_string(&file).unwrap().trim(), old.trim());
    assert!(!kept.exists());
    let removed: Vec<_> = fs::read_dir(home.path().join("removed"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert_eq!(removed.len(), 1, "{removed:?}");
    assert!(removed[0].to_string_lossy().contains("/contoso-20"));
    assert!(removed[0].join("ledger.db").exists() && !removed[0].join("tokens").exists());
    let audit = fs::read_to_string(removed[0].join("audit.jsonl")).unwrap();
    assert!(
        audit.lines().last().unwrap().contains("\"removed\""),
        "{audit}"
    );

    assert_eq!(run(home.path(), &ADD).code, 0);
    let ended = run(
        home.path(),
        &["tenants", "remove", "contoso", "--yes", "--purge"],
    );
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!kept.exists());
    assert_eq!(
        fs::read_dir(home.path().join("removed")).unwrap().count(),
        1
    );
}

/// The home of `contoso`, read once, with a change queued, and of so many copies `t000`, `t001`, … of it; and the secret.
async fn many(count: usize) -> (tempfile::TempDir, String) {
    let simulator = tour().await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &simulator, "");
    let secret = simulator.client_secret().to_owned();
    let call = |args: &[&str]| run_with_secret(home.path(), &secret, args);
    assert_eq!(call(&["sync"]).code, 0);
    let queued = call(&[
        "users",
        "add",
        "diego@contoso.example",
        "--number",
        "+14255550199",
    ]);
    assert_eq!(queued.code, 0, "{queued:?}");
    simulator.stop().await;

    let text = fs::read_to_string(home.path().join("config.toml")).unwrap();
    let folders = home.path().join("tenants");
    let mut all = format!("[tenants.empty]\ntenant_id = \"empty.example\"\n{text}");
    for n in 0..count {
        let folder = folders.join(format!("t{n:03}"));
        fs::create_dir(&folder).unwrap();
        set_mode(&folder, 0o700);
        for entry in fs::read_dir(folders.join("contoso")).unwrap() {
            let entry = entry.unwrap();
            fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
        }
        write!(
            all,
            "[tenants.t{n:03}]\ntenant_id = \"t{n:03}.example\"\ndomains = [\"mail{n:03}.example\"]\n"
        )
        .unwrap();
    }
    fs::write(home.path().join("config.toml"), &all).unwrap();
    (home, secret)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time that is measured is the machine's"
)]
#[tokio::test(flavor = "multi_thread")]
async fn three_hundred_tenants_are_listed_from_their_files() {
    let (home, _) = many(300).await;
    let folders = home.path().join("tenants");
    fs::write(folders.join("t007/ledger.db"), "no database").unwrap();

    let begun = Instant::now();
    let ended = run(home.path(), &["tenants", "list", "--json"]);
    let took = begun.elapsed();
    println!("302 tenants listed in {took:?}");
    // A second is the promise of a released build on a quiet machine.
    assert!(took.as_secs() < 5, "{took:?}");
    assert_eq!(ended.code, 8, "{}", ended.err);
    assert_eq!(tenants(&ended).len(), 302);
    let one = row(&ended, "t299");
    assert_eq!(
        (
            &one["users"],
            &one["queued"],
            &one["refused"],
            &one["unknown"]
        ),
        (&json!(1), &json!(1), &json!(0), &json!(0))
    );
    assert_eq!(one["pinned"], "11111111-2222-4333-8444-555555555555");
    assert!(one["last_good_sync"].as_str().unwrap().starts_with("20"));
    assert_eq!(one["read_only"], json!(true));
    let broken = row(&ended, "t007");
    assert!(
        broken["damaged"].as_str().unwrap().contains("ledger.db"),
        "{broken}"
    );
    assert_eq!(
        fs::read_to_string(folders.join("t007/ledger.db")).unwrap(),
        "no database"
    );
    let empty = row(&ended, "empty");
    assert_eq!(
        (&empty["users"], &empty["last_good_sync"]),
        (&json!(0), &Value::Null)
    );
    let table = run(home.path(), &["tenants", "list"]);
    let line = table
        .out
        .lines()
        .find(|line| line.starts_with("t007"))
        .unwrap()
        .to_owned();
    assert!(line.contains("DAMAGED"), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_found_by_what_its_files_know_unless_several_do() {
    let (home, secret) = many(3).await;
    let folders = home.path().join("tenants");
    fs::write(folders.join("t002/ledger.db"), "no database").unwrap();
    // Found by domain or id; by number or address only where one tenant alone has it.
    let found = |text: &str| run(home.path(), &["--tenant", text, "outbox", "list", "--json"]);
    assert!(
        found("MAIL000.example")
            .err
            .contains("is of the tenant t000")
    );
    assert!(found("t001.example").err.contains("is of the tenant t001"));
    let nobody = found("nobody.example");
    assert_eq!(nobody.code, 2);
    assert!(nobody.err.contains("There is no tenant nobody.example"));
    let unsure = found("diego@contoso.example");
    assert_eq!(unsure.code, 2, "{unsure:?}");
    assert!(
        unsure.err.contains("The files of t002 cannot be read"),
        "{}",
        unsure.err
    );
    fs::remove_dir_all(folders.join("t002")).unwrap();
    let several = found("Diego@contoso.example");
    assert_eq!(several.code, 2);
    assert!(several.err.contains("is of 3 tenants"), "{}", several.err);
    assert!(
        several.err.contains("contoso, t000, t001"),
        "{}",
        several.err
    );
    for n in 0..2 {
        drop(fs::remove_dir_all(folders.join(format!("t{n:03}"))));
    }
    for text in ["diego@contoso.example", "+1 (425) 555-0100"] {
        let ended = run_with_secret(
            home.path(),
            &secret,
            &["--tenant", text, "outbox", "list", "--json"],
        );
        assert!(
            ended.err.contains("is of the tenant contoso"),
            "{text}: {ended:?}"
        );
        assert_eq!(ended.json()["entries"][0]["wanted"], "+14255550199");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(
    clippy::too_many_lines,
    reason = "one way through two tenants and back, each step on the one before"
)]
async fn after_another_pin_nothing_is_lost_and_the_old_numbers_are_offered() {
    let first = tour().await;
    let second = Bench::new("other-tenant").await.simulator;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &first, "");
    let with = |simulator: &Simulator, args: &[&str]| {
        run_with_secret(home.path(), simulator.client_secret(), args)
    };
    assert_eq!(with(&first, &["sync"]).code, 0);
    for (who, mail) in [
        ("lee@contoso.example", "olga.nord@"),
        ("megan@contoso.example", ""),
    ] {
        let added = with(&first, &["users", "add", who]);
        assert_eq!(added.code, 0, "{added:?}");
        if !mail.is_empty() {
            let state = web::ask(&second.base_url(), "GET", "/_sim/state", None).to_string();
            let at = state.find(mail).unwrap();
            let address: String = state[at..].chars().take_while(|c| *c != '"').collect();
            let edited = with(&first, &["users", "edit", who, "--mail", &address]);
            assert_eq!(edited.code, 0, "{edited:?}");
        }
    }
    let queued = with(
        &first,
        &["users", "edit", "megan@contoso.example", "--country", "US"],
    );
    assert_eq!(queued.code, 0, "{queued:?}");
    let users = with(&first, &["users", "list", "--json"]).json()["users"].clone();
    let old = users
        .as_array()
        .unwrap()
        .iter()
        .find(|user| user["mail"].as_str().unwrap().starts_with("olga"))
        .unwrap()["number"]
        .as_str()
        .unwrap()
        .to_owned();

    let ended = with(&first, &["tenants", "unpin", "contoso", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.err.contains("users adopt"), "{}", ended.err);
    configure(home.path(), &second, "");
    let synced = with(&second, &["sync"]);
    assert!(
        synced.out.contains("set aside and never sent here"),
        "{synced:?}"
    );
    let parked = with(&second, &["outbox", "list", "--parked", "--json"]).json();
    assert_eq!(parked["entries"].as_array().unwrap().len(), 1);
    let waiting = with(&second, &["outbox", "list", "--json"]).json();
    assert_eq!(waiting["entries"], json!([]));
    let offers = with(&second, &["users", "adopt", "--json"]).json()["offers"].clone();
    let state = |offers: &Value, start: &str| {
        let offer = offers
            .as_array()
            .unwrap()
            .iter()
            .find(|offer| offer["mail"].as_str().unwrap().starts_with(start))
            .cloned()
            .unwrap();
        (
            offer["old_number"].as_str().unwrap().to_owned(),
            offer["state"].as_str().unwrap().to_owned(),
        )
    };
    // Nobody is anybody here before somebody has looked.
    let waits = "its match is not taken over yet";
    assert_eq!(state(&offers, "olga"), (old.clone(), waits.to_owned()));
    assert_eq!(state(&offers, "megan").1, waits);
    assert!(
        synced
            .out
            .contains("2 users of the tenant before are not associated yet"),
        "{synced:?}"
    );
    let again = with(&second, &["sync"]);
    assert!(again.out.contains("not associated yet"), "{again:?}");
    let user = |start: &str| {
        let users = with(&second, &["users", "list", "--json"]).json()["users"].clone();
        let users = users.as_array().unwrap().iter();
        let mut users = users.filter(|user| user["mail"].as_str().unwrap().starts_with(start));
        users.next().cloned().unwrap()
    };
    assert_eq!(user("olga")["cause"], "not_associated", "{}", user("olga"));
    let matches = with(&second, &["users", "adopt", "--json"]).json()["matches"].clone();
    let found: Vec<(bool, String)> = matches
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (
                row["matches"].is_string(),
                row["state"].as_str().unwrap().to_owned(),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            (true, "match by sign-in name".to_owned()),
            (false, "nobody matches".to_owned())
        ]
    );
    let queued = with(&second, &["users", "adopt", "--queue"]);
    assert!(queued.err.contains("Queued: 0"), "{queued:?}");
    let taken = with(&second, &["users", "adopt", "--take"]);
    assert!(taken.err.contains("Matches taken over: 1."), "{taken:?}");
    let line = with(&second, &["audit", "show", "--json"]).out;
    assert!(line.contains("\"matched\""), "{line}");
    assert_eq!(
        user("olga")["license_status"],
        "licensed",
        "{}",
        user("olga")
    );
    let offers = with(&second, &["users", "adopt", "--json"]).json()["offers"].clone();
    assert_eq!(
        state(&offers, "olga"),
        (old.clone(), "can be queued".to_owned())
    );
    assert_eq!(state(&offers, "megan").1, waits);
    let after = with(&second, &["users", "adopt", "--queue", "--json"]);
    assert!(after.err.contains("Queued: 1"), "{}", after.err);
    assert_eq!(state(&after.json()["offers"], "olga").1, "is queued");
    let waiting = with(&second, &["outbox", "list", "--json"]).json();
    assert_eq!(waiting["entries"][0]["wanted"], json!(old));

    // Back in the tenant that they came from, everybody is who they were, and nothing waits for a look.
    let ended = with(&second, &["tenants", "unpin", "contoso", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    configure(home.path(), &first, "");
    let synced = with(&first, &["sync"]);
    assert!(!synced.out.contains("not associated yet"), "{synced:?}");
    let users = with(&first, &["users", "list", "--json"]).json()["users"].clone();
    let upns: Vec<&str> = users
        .as_array()
        .unwrap()
        .iter()
        .map(|user| user["upn"].as_str().unwrap_or("nobody"))
        .collect();
    assert_eq!(
        upns,
        ["lee@contoso.example", "megan@contoso.example"],
        "{users}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_once_and_signs_out() {
    let simulator = tour().await;
    let home = tempfile::tempdir().unwrap();
    web::knobs(
        &simulator.base_url(),
        &json!({ "device_polls": ["approve"] }),
    );
    let other = [
        ("client-secret", "device-code"),
        ("read_only = false", "read_only = true"),
    ];
    configure_for(home.path(), &simulator, &other);
    let ended = run(home.path(), &["login"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(ended.out, "");
    for part in [
        "asks to sign in to contoso",
        "You started it",
        "User.Read.All",
        "Signed in to contoso as ",
    ] {
        assert!(ended.err.contains(part), "{part}: {}", ended.err);
    }
    assert!(!ended.err.contains("ReadWrite"), "{}", ended.err);
    let ended = run(home.path(), &["login", "--write"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended.err.contains("TeamsTelephoneNumber.ReadWrite.All"),
        "{}",
        ended.err
    );
    assert_eq!(run(home.path(), &["sync"]).code, 0);
    let tokens = home.path().join("tenants/contoso/tokens");
    assert!(tokens.exists());
    assert_eq!(run(home.path(), &["logout"]).code, 0);
    assert!(!tokens.exists());
    assert_eq!(run(home.path(), &["sync"]).code, 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_signs_in_once_for_its_tenants_and_out_of_all() {
    let simulator = tour().await;
    let home = tempfile::tempdir().unwrap();
    web::knobs(
        &simulator.base_url(),
        &json!({ "device_polls": ["approve"] }),
    );
    let (base, client) = (simulator.base_url(), simulator.client_id());
    let mut text = format!("[identities.msp]\nclient_id = \"{client}\"\n");
    // One tenant under its three names, since two tables with one id are refused.
    let ids = [
        ("a", simulator.tenant_id()),
        ("b", "contoso.example"),
        ("c", "contoso.onmicrosoft.example"),
    ];
    for (name, id) in ids {
        write!(
            text,
            "[tenants.{name}]\ntenant_id = \"{id}\"\nidentity = \"msp\"\ncloud = \"custom\"\n\
             [tenants.{name}.endpoints]\nlogin = \"{base}\"\ngraph = \"{base}\"\n"
        )
        .unwrap();
    }
    fs::write(home.path().join("config.toml"), text).unwrap();
    let call = |name: &str, what: &str| run(home.path(), &["--tenant", name, what]);
    assert_eq!(call("b", "sync").code, 4);
    assert_eq!(call("a", "login").code, 0);
    let ended = call("b", "sync");
    assert_eq!(ended.code, 0, "{ended:?}");
    // Signed in without being asked, and then seen to be the tenant that is read already.
    let ended = call("c", "sync");
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.out.contains("Signed in to Contoso Ltd"), "{ended:?}");
    let folder = home.path().join("identities/msp");
    assert!(folder.join("c.tokens").exists());
    let removed = run(home.path(), &["tenants", "remove", "c", "--yes"]);
    assert_eq!(removed.code, 0, "{removed:?}");
    assert!(!folder.join("c.tokens").exists() && folder.join("b.tokens").exists());
    assert_eq!(call("b", "logout").code, 0);
    for name in ["a", "b"] {
        assert_eq!(call(name, "sync").code, 4, "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_to_a_stranger_logs_the_account_out_of_no_other_tenant() {
    let simulator = tour().await;
    let home = tempfile::tempdir().unwrap();
    let (base, client) = (simulator.base_url(), simulator.client_id());
    web::knobs(&base, &json!({ "device_polls": ["approve"] }));
    let mut text = format!("[identities.msp]\nclient_id = \"{client}\"\n");
    for (name, id) in [("a", simulator.tenant_id()), ("b", "contoso.example")] {
        write!(
            text,
            "[tenants.{name}]\ntenant_id = \"{id}\"\nidentity = \"msp\"\ncloud = \"custom\"\n\
             [tenants.{name}.endpoints]\nlogin = \"{base}\"\ngraph = \"{base}\"\n"
        )
        .unwrap();
    }
    fs::write(home.path().join("config.toml"), text).unwrap();
    let call = |name: &str, what: &str| run(home.path(), &["--tenant", name, what]);
    assert_eq!(call("a", "login").code, 0);
    let ended = call("b", "sync");
    assert_eq!(ended.code, 0, "{ended:?}");
    let folder = home.path().join("identities/msp");
    let kept = fs::read(folder.join("a.tokens")).unwrap();
    let stranger = "99999999-2222-3333-4444-555555555555";
    web::knobs(
        &base,
        &json!({ "device_polls": ["approve"], "token_tenant": stranger }),
    );
    let ended = call("b", "login");
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.err.contains(stranger), "{}", ended.err);
    assert!(!folder.join("b.tokens").exists());
    assert_eq!(fs::read(folder.join("a.tokens")).unwrap(), kept);
    web::knobs(&base, &json!({ "token_tenant": null }));
    let ended = call("b", "sync");
    assert_eq!(ended.code, 0, "{ended:?}");
    // Both names are those of one tenant here: its sign-in is whole, and it is not read a second time.
    let ended = call("a", "sync");
    assert_eq!(ended.code, 6, "{ended:?}");
    assert!(ended.out.contains("Signed in to Contoso Ltd"), "{ended:?}");
}

#[test]
fn what_others_can_write_is_not_believed() {
    let home = tempfile::tempdir().unwrap();
    set_mode(home.path(), 0o700);
    let config = format!("[defaults]\nclient_id = \"{CLIENT}\"\n");
    fs::write(home.path().join("config.toml"), config).unwrap();
    assert_eq!(run(home.path(), &ADD).code, 0);
    let kept = home.path().join("tenants/contoso");
    let ledger = kept.join("ledger.db");
    let calls = [
        &["changes", "--all-tenants", "--since", "2026-01-01"][..],
        &["--tenant", "contoso", "outbox", "list"],
        &["tenants", "list"],
    ];
    for args in calls {
        let ended = run(home.path(), args);
        assert_eq!(ended.code, 0, "{args:?}: {ended:?}");
    }
    for (path, open, shut) in [(&kept, 0o777, 0o700), (&ledger, 0o666, 0o600)] {
        set_mode(path, open);
        for args in calls {
            let ended = run(home.path(), args);
            assert_eq!(ended.code, 2, "{args:?}: {ended:?}");
            let told = format!("{}{}", ended.out, ended.err);
            assert!(
                told.contains("others can write to it")
                    && told.contains(&path.display().to_string()),
                "{args:?}: {told}"
            );
        }
        set_mode(path, shut);
    }
    set_mode(home.path(), 0o777);
    for args in calls {
        let ended = run(home.path(), args);
        assert_eq!(ended.code, 2, "{args:?}: {ended:?}");
        assert!(ended.err.contains("others can write to it"), "{ended:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_asked_for_writing_when_something_is_first_written() {
    let simulator = tour().await;
    let home = tempfile::tempdir().unwrap();
    let base = simulator.base_url();
    web::knobs(&base, &json!({ "device_polls": ["approve"] }));
    let other = [
        ("client-secret", "device-code"),
        ("\"numbers\", \"location\"", "\"numbers\""),
    ];
    configure_for(home.path(), &simulator, &other);
    let call = |args: &[&str]| run(home.path(), args);
    let tokens = home.path().join("tenants/contoso/tokens");
    // What the tenant has given is what it was asked for.
    let writes = || -> Vec<String> {
        let kept: Value = serde_json::from_slice(&fs::read(&tokens).unwrap()).unwrap();
        let granted = kept["granted"].as_array().unwrap().iter();
        granted
            .map(|one| one.as_str().unwrap().to_owned())
            .filter(|one| one.contains("Write"))
            .collect()
    };
    let ended = call(&["login"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(!ended.err.contains("ReadWrite"), "{}", ended.err);
    assert_eq!(writes(), [""; 0]);
    assert_eq!(call(&["sync"]).code, 0);
    let queued = [
        "users",
        "add",
        "diego@contoso.example",
        "--number",
        "+14255550199",
    ];
    assert_eq!(call(&queued).code, 0);
    let ended = call(&["sync", "--yes"]);
    assert_eq!(ended.code, 4, "{ended:?}");
    for part in [
        "TeamsTelephoneNumber.ReadWrite.All is not granted yet",
        "login --write",
    ] {
        assert!(ended.out.contains(part), "{part}: {}", ended.out);
    }
    assert_eq!(web::count(&base, "POST", "assignNumber"), 0);
    let ended = call(&["login", "--write"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(writes(), ["TeamsTelephoneNumber.ReadWrite.All"]);
    let ended = call(&["sync", "--yes"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(web::count(&base, "POST", "/assignNumber"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_keeps_its_pin_until_it_has_ended() {
    let simulator = tour().await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &simulator, "");
    let synced = run_with_secret(home.path(), simulator.client_secret(), &["sync"]);
    assert_eq!(synced.code, 0, "{synced:?}");
    let kept = home.path().join("tenants/contoso");
    let unpinned = || {
        let audit = fs::read_to_string(kept.join("audit.jsonl")).unwrap();
        audit.contains("\"unpinned\"")
    };
    let unpin = ["tenants", "unpin", "contoso", "--yes"];
    // A run of another process holds the lease.
    let lease = fs::OpenOptions::new()
        .write(true)
        .open(kept.join("lease"))
        .unwrap();
    lease.lock().unwrap();
    let ended = run(home.path(), &unpin);
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(
        ended
            .err
            .contains("Another run of this tenant is under way"),
        "{}",
        ended.err
    );
    assert!(!unpinned());
    drop(lease);
    assert_eq!(run(home.path(), &unpin).code, 0);
    assert!(unpinned());
}
