//! `doctor`: says what is wrong with each thing that a run needs, whichever of them is broken.

use std::net::TcpListener;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use std::sync::Arc;

use serde_json::{Value, json};
use teamsconnector::runtime::clock::system;
use teamsconnector::sim::{Options, Scenario, Simulator};

use crate::support::bench::Bench;
use crate::support::program::{Ended, command, configure, configure_at, run, run_with_secret};
use crate::support::tls::{Authority, Front};
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

/// The tour at the time of this machine, since the program compares its clock with the server's, and a home that names it.
async fn tour_now() -> (Simulator, tempfile::TempDir) {
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
    (simulator, home)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sound_tenant_passes_and_nothing_is_made() {
    let (simulator, home) = tour_now().await;
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

#[tokio::test(flavor = "multi_thread")]
async fn what_is_granted_is_held_against_what_is_needed() {
    let bench = Bench::new("tour").await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &bench.simulator, "");
    let secret = bench.simulator.client_secret().to_owned();
    let roles = |roles: &[&str]| {
        web::knobs(&bench.base(), &json!({ "roles": roles }));
        doctor(home.path(), &secret)
    };
    let ended = roles(&[
        "User.Read.All",
        "Organization.Read.All",
        "TeamsUserConfiguration.Read.All",
        "TeamsTelephoneNumber.ReadWrite.All",
        "Mail.Read",
    ]);
    let (state, text, _) = line(&ended, "granted");
    assert_eq!(state, "ok");
    assert!(
        text.starts_with("application permissions (roles): User.Read.All, "),
        "{text}"
    );
    let (state, text, hint) = line(&ended, "needed");
    assert_eq!(state, "failed");
    assert_eq!(
        text,
        "GroupMember.Read.All is not granted: it is needed to read who is in the group"
    );
    assert!(
        hint.contains("application permission GroupMember.Read.All"),
        "{hint}"
    );
    // Numbers may be written, and locations may not; both are allowed.
    let (state, text, _) = line(&ended, "writing");
    assert_eq!(state, "failed");
    assert!(
        text.starts_with("User.ReadWrite.All is not granted"),
        "{text}"
    );
    let (state, text, _) = line(&ended, "excess");
    assert_eq!(state, "warning");
    assert_eq!(text, "granted, and needed for nothing here: Mail.Read");
    assert_eq!(
        line(&roles(&[]), "granted").1,
        "application permissions (roles): none"
    );

    let file = home.path().join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("read_only = false", "read_only = true")).unwrap();
    let ended = roles(&[
        "Directory.Read.All",
        "TeamsUserConfiguration.Read.All",
        "TeamsTelephoneNumber.Read.All",
    ]);
    assert_eq!(line(&ended, "needed").0, "ok");
    assert_eq!(
        line(&ended, "writing").0,
        "skipped",
        "a read-only tenant needs no leave to write"
    );
    assert!(line(&ended, "excess").1.ends_with(": Directory.Read.All"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cloud_without_the_teams_api_is_no_failure_and_names_the_way() {
    let (simulator, home) = tour_now().await;
    let file = home.path().join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text + "teams_api = false\n").unwrap();
    let ended = doctor(home.path(), simulator.client_secret());
    assert_eq!(ended.code, 0, "{ended:?}");
    for name in ["Teams users", "Teams numbers"] {
        let (state, text, hint) = line(&ended, name);
        assert_eq!(state, "skipped", "{name}");
        assert_eq!(text, "this cloud has no Teams administration API");
        assert!(hint.contains("PowerShell"), "{hint}");
    }
    assert_eq!(
        line(&ended, "needed").1,
        "all 3 that reading needs are granted"
    );
    assert_eq!(web::count(&simulator.base_url(), "GET", "admin/teams"), 0);
    // A run reads the rest, and says what it does not know.
    let synced = run_with_secret(
        home.path(),
        simulator.client_secret(),
        &["--tenant", "contoso", "sync"],
    );
    assert_eq!(synced.code, 0, "{synced:?}");
    assert!(
        synced
            .out
            .contains("Reading Teams' users failed: this cloud has no Teams administration API; what rests on it is unknown"),
        "{}",
        synced.out
    );
    // A queued number is left out with the way, and what needs no Teams API is written all the same.
    let call = |args: &[&str]| run_with_secret(home.path(), simulator.client_secret(), args);
    let added = call(&[
        "users",
        "add",
        "lee@contoso.example",
        "--number",
        "+441235123480",
    ]);
    assert_eq!(added.code, 0, "{added:?}");
    let queued = call(&["users", "edit", "lee@contoso.example", "--country", "FR"]);
    assert_eq!(queued.code, 0, "{queued:?}");
    let applied = call(&["sync", "--yes"]);
    assert!(
        applied
            .out
            .contains("this cloud has no Teams API for numbers: `script` writes it as PowerShell"),
        "{}",
        applied.out
    );
    let lee = web::person(&simulator.base_url(), "lee@contoso.example");
    assert_eq!(lee["usageLocation"], "FR", "{}", applied.out);
    let waiting = call(&["outbox", "list", "--json"]).json();
    assert_eq!(waiting["entries"][0]["wanted"], "+441235123480");
    assert_eq!(waiting["entries"][0]["state"], "queued");
    // Whoever asks for it is not told that it is done.
    let id = waiting["entries"][0]["id"].to_string();
    for asked in [vec!["--mine"], vec!["--only", &id]] {
        let left = call(&[&["sync", "--yes"][..], &asked].concat());
        assert_eq!(left.code, 7, "{asked:?}: {left:?}");
        let last =
            "contoso: partly: 0 written, 0 refused, 0 in conflict, 1 left in the outbox; exit 7";
        assert!(left.err.contains(last), "{left:?}");
    }
    let left = call(&["sync", "--yes"]);
    assert_eq!(left.code, 5, "{left:?}");
    assert!(
        left.err.contains("contoso: not written: 0 written"),
        "{left:?}"
    );
    assert!(
        call(&["numbers"])
            .err
            .contains("Get-CsPhoneNumberAssignment")
    );
    assert_eq!(web::count(&simulator.base_url(), "GET", "admin/teams"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_issued_the_certificate_is_told_and_where_tokens_lie() {
    let bench = Bench::new("tour").await;
    let behind = bench.base().trim_start_matches("http://").parse().unwrap();
    let authority = Authority::new("Contoso Gateway CA");
    let front = Front::before(behind, &authority, "localhost", 2040).await;
    let home = tempfile::tempdir().unwrap();
    let base = format!("https://localhost:{}", front.port);
    let simulator = &bench.simulator;
    configure_at(
        home.path(),
        simulator.tenant_id(),
        simulator.client_id(),
        &base,
        "",
    );
    let file = home.path().join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let ended = doctor(home.path(), simulator.client_secret());
    let (state, told, hint) = line(&ended, "login host");
    assert_eq!(state, "failed");
    assert_eq!(
        told.matches("is not trusted").count(),
        1,
        "said once: {told}"
    );
    assert!(hint.contains("\"Contoso Gateway CA\" issued"), "{hint}");
    assert_eq!(line(&ended, "sign-in").0, "failed");

    std::fs::write(home.path().join("ca.pem"), &authority.pem).unwrap();
    let text = text.replace("sign_in = \"client-secret\"", "sign_in = \"device-code\"");
    std::fs::write(&file, format!("extra_ca = \"ca.pem\"\n{text}")).unwrap();
    let tokens = home.path().join("tenants/contoso/tokens");
    std::fs::create_dir_all(tokens.parent().unwrap()).unwrap();
    std::fs::write(&tokens, "{}").unwrap();
    std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o644)).unwrap();
    let ended = doctor(home.path(), "");
    assert_eq!(
        line(&ended, "Graph TLS").1,
        "trusted; issued by \"Contoso Gateway CA\""
    );
    let (state, told, hint) = line(&ended, "tokens");
    assert_eq!(state, "failed");
    assert!(
        told.ends_with("tenants/contoso/tokens: mode 644 lets others in"),
        "{told}"
    );
    assert!(hint.starts_with("chmod go-rwx "), "{hint}");
    std::fs::write(&tokens, "{\"x").unwrap();
    std::fs::set_permissions(&tokens, std::fs::Permissions::from_mode(0o600)).unwrap();
    let (state, told, _) = line(&doctor(home.path(), ""), "tokens");
    assert_eq!(state, "failed");
    assert!(told.contains("tokens: damaged"), "{told}");
    assert!(tokens.exists(), "doctor changes nothing");
    let memory = text.replace("read_only", "tokens = \"memory\"\nread_only");
    std::fs::write(&file, format!("extra_ca = \"ca.pem\"\n{memory}")).unwrap();
    let (state, told, _) = line(&doctor(home.path(), ""), "tokens");
    assert_eq!(state, "ok");
    assert!(told.contains("memory alone"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_folder_is_looked_at_as_it_was_declared() {
    let bench = Bench::new("tour").await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &bench.simulator, "");
    let shared = home.path().join("team");
    std::fs::create_dir(&shared).unwrap();
    let group = std::fs::metadata(&shared).unwrap().gid();
    let mode = |path: &Path, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(&shared, 0o2770);
    let file = home.path().join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let declared = format!(
        "shared_dir = \"{}\"\nshared_group = \"{group}\"\n{text}",
        shared.display()
    );
    std::fs::write(&file, declared).unwrap();
    let secret = bench.simulator.client_secret().to_owned();
    let synced = run_with_secret(home.path(), &secret, &["--tenant", "contoso", "sync"]);
    assert_eq!(synced.code, 0, "{synced:?}");
    let ended = doctor(home.path(), &secret);
    for name in ["shared folder", "tenant folder", "files", "ledger.db"] {
        assert_eq!(line(&ended, name).0, "ok", "{name}: {ended:?}");
    }
    assert!(line(&ended, "tenant folder").1.contains("mode 700"));
    let kept = shared.join("tenants/contoso");
    mode(&kept.join("ledger.db"), 0o664);
    mode(&shared, 0o770);
    let ended = doctor(home.path(), &secret);
    let (state, told, _) = line(&ended, "shared folder");
    assert_eq!(state, "failed");
    assert!(
        told.ends_with(&format!("run: chmod 2770 {}", shared.display())),
        "{told}"
    );
    let (state, told, hint) = line(&ended, "files");
    assert_eq!(state, "failed");
    assert!(told.contains("mode 664, and 660 is the widest"), "{told}");
    assert_eq!(hint, format!("chmod 660 {}/ledger.db", kept.display()));
    assert_eq!(line(&ended, "organization").0, "ok");
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
    let (state, text, _) = line(&ended, "login host");
    assert_eq!(state, "failed");
    assert_eq!(text.matches("cannot be reached").count(), 1, "{text}");
    assert_eq!(line(&ended, "calls").0, "skipped");
    let ended = run(home.path(), &["--tenant", "contoso", "doctor", "--json"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(line(&ended, "credentials").0, "failed");
    for name in ["login host", "Graph TLS", "clock", "sign-in", "calls"] {
        let (state, text, _) = line(&ended, name);
        assert_eq!(state, "skipped", "{name}");
        assert_eq!(text, "without credentials nothing is asked");
    }
    let file = home.path().join("config.toml");
    let sound = std::fs::read_to_string(&file).unwrap();
    for (theme, state, says) in [
        ("light", "ok", "light"),
        ("ligth", "failed", "config.toml:1:9: "),
    ] {
        std::fs::write(&file, format!("theme = \"{theme}\"\n{sound}")).unwrap();
        let ended = run(home.path(), &["--tenant", "contoso", "doctor", "--json"]);
        let (is, text, hint) = line(&ended, "theme");
        assert_eq!(is, state);
        assert!(text.contains(says), "{text} {hint}");
    }
    std::fs::write(&file, "[tenants.contoso]\nx = 1\n").unwrap();
    let ended = run(home.path(), &["doctor", "--json"]);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert_eq!(line(&ended, "config").0, "failed");
    assert_eq!(line(&ended, "tenant").0, "skipped");
}

/// A call by an account that may not do what root may.
fn by_nobody(home: &Path, args: &[&str]) -> Ended {
    let mut call = command(home);
    call.args(args)
        .env("TEAMSCONNECTOR_CLIENT_SECRET", "a secret");
    if rustix::process::geteuid().is_root() {
        std::os::unix::process::CommandExt::uid(&mut call, 65_534);
    }
    call.output().expect("the program starts").into()
}

/// Folders and files below, given to that account, and nobody may write to the folders.
fn shut(place: &Path, folders: u32) {
    if place.is_dir() {
        for inner in std::fs::read_dir(place).unwrap() {
            shut(&inner.unwrap().path(), folders);
        }
        let mode = std::fs::Permissions::from_mode(folders);
        std::fs::set_permissions(place, mode).unwrap();
    }
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(place, Some(65_534), None).unwrap();
    }
}

#[test]
fn a_home_that_cannot_be_written_fails_with_the_path_and_what_to_do() {
    let root = tempfile::tempdir().unwrap();
    std::fs::set_permissions(root.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let home = root.path().join("home");
    for folder in ["tenants/contoso", "logs", "crash", "demo"] {
        std::fs::create_dir_all(home.join(folder)).unwrap();
    }
    let table = "[tenants.contoso]\ntenant_id = \"contoso.example\"\nclient_id = \"11111111-2222-3333-4444-555555555555\"\n\
        sign_in = \"client-secret\"\ncloud = \"custom\"\n[tenants.contoso.endpoints]\nlogin = \"http://127.0.0.1:9\"\n\
        graph = \"http://127.0.0.1:9\"\n";
    std::fs::write(home.join("config.toml"), table).unwrap();
    shut(&home, 0o500);
    let ended = by_nobody(&home, &["--tenant", "contoso", "doctor", "--json"]);
    for (name, folder) in [
        ("config folder", home.clone()),
        ("tenants folder", home.join("tenants")),
        ("log folder", home.join("logs")),
        ("tenant folder", home.join("tenants/contoso")),
    ] {
        let (state, text, hint) = line(&ended, name);
        assert_eq!(state, "failed", "{name}: {text}");
        assert_eq!(text, format!("{}: cannot be written", folder.display()));
        assert!(
            hint.contains("chmod u+rwX") && hint.contains("--home DIR"),
            "{hint}"
        );
    }
    assert_ne!(ended.code, 0);
    let log = home.join("logs/teamsconnector.log");
    let ended = by_nobody(&home, &["--tenant", "contoso", "users", "list"]);
    let told = format!("The log file {} could not be opened", log.display());
    assert!(ended.err.contains(&told), "{ended:?}");
    assert!(
        ended
            .err
            .contains("give this account the right to write there"),
        "{ended:?}"
    );
    let add = ["tenants", "add", "lab", "--tenant", "lab.example"];
    let ended = by_nobody(&home, &add);
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.err.contains("config.toml") && ended.err.contains("give this account the right"),
        "{ended:?}"
    );
    // A folder that is not there yet would be made in one that cannot be written.
    shut(&home, 0o700);
    std::fs::remove_dir(home.join("logs")).unwrap();
    shut(&home, 0o500);
    let ended = by_nobody(&home, &["--tenant", "contoso", "doctor", "--json"]);
    let (state, text, _) = line(&ended, "log folder");
    let told = format!("{}: cannot be written", home.display());
    assert_eq!((state.as_str(), text), ("failed", told));
    shut(&home, 0o700);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sync_says_that_a_clock_is_wrong_and_nothing_of_one_that_is_right() {
    let (simulator, home) = tour_now().await;
    let sync = ["--tenant", "contoso", "sync"];
    let ended = run_with_secret(home.path(), simulator.client_secret(), &sync);
    assert!(ended.code == 0 && !ended.out.contains("clock"), "{ended:?}");
    // One whose clock is ahead.
    let clock = system();
    let late = Simulator::start(Options {
        scenario: Scenario::parse("tour").unwrap(),
        listen: ([127, 0, 0, 1], 0).into(),
        state_dir: None,
        clock: Arc::new(move || clock.now() + std::time::Duration::from_secs(190)),
    })
    .await
    .unwrap();
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &late, "");
    let ended = run_with_secret(home.path(), late.client_secret(), &sync);
    let told = "AUTH> This machine's clock is 3 min behind, by the server's: set it (NTP), tokens and times are wrong otherwise  [warning]";
    assert!(ended.code == 0 && ended.out.contains(told), "{ended:?}");
}
