//! Signing in and changing tenants in a real pseudo-terminal, over the wire.

use std::time::Duration;

use serde_json::json;
use teamsconnector::app::pane::tenant::TenantField;
use teamsconnector::config::places::Places;
use teamsconnector::domain::settings::{NewTenant, SignsIn, Start};
use teamsconnector::runtime::credentials::SecretOf;
use teamsconnector::runtime::new_tenant::change_from_form;

use crate::support::bench::Bench;
use crate::support::program::{Tour, run};
use crate::support::pty::{Terminal, is_read};
use crate::support::tls::Authority;
use crate::support::web;

/// A table for a tenant that a simulator serves.
fn table(name: &str, bench: &Bench, more: &str) -> String {
    let (tenant, client) = (bench.simulator.tenant_id(), bench.simulator.client_id());
    let base = bench.base();
    format!(
        "[tenants.{name}]\ntenant_id = \"{tenant}\"\nclient_id = \"{client}\"\ncloud = \"custom\"\n\
         allow = [\"numbers\", \"location\"]\n{more}\n[tenants.{name}.endpoints]\nlogin = \"{base}\"\ngraph = \"{base}\"\n\n"
    )
}

fn home(tables: &[String]) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("config.toml"), tables.concat()).unwrap();
    home
}

/// The user code on the screen.
fn code(screen: &str) -> String {
    let at = screen.find("Code    ").expect("the code is shown") + 8;
    screen[at..].split_whitespace().next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_with_a_code_and_the_run_that_missed_it_goes_on() {
    let bench = Bench::new("tour").await;
    let base = bench.base();
    web::knobs(
        &base,
        &json!({ "device_polls": ["authorization_pending", "slow_down", "authorization_pending", "approve"] }),
    );
    let home = home(&[table("contoso", &bench, "sign_in = \"device-code\"")]);
    let mut terminal = Terminal::start(home.path(), &["--tenant", "contoso"], None, (80, 24));
    terminal.wait_for("sign-in needed: L signs in");
    // What is known to lack a sign-in opens it by itself, and goes on after it.
    terminal.press("s");
    // The footer is drawn last: with it the whole frame is there.
    let screen = terminal.wait_until("the code", |screen| {
        screen.contains("waiting, 1") && screen.contains("Esc end it")
    });
    assert!(code(&screen).len() >= 8, "{screen}");
    assert!(screen.contains("This console asked for it"), "{screen}");
    assert!(screen.contains("read telephone numbers"), "{screen}");
    assert!(!screen.contains("WRITE"), "{screen}");
    terminal.wait_until("the tenant is read", |screen| {
        screen.contains("2 Add users 23") && is_read(screen)
    });
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
}

/// A table for a tenant whose app signs in by itself.
fn own_secret(home: &std::path::Path, name: &str, bench: &Bench) -> String {
    let file = home.join(format!("{name}.secret"));
    std::fs::write(&file, bench.simulator.client_secret()).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let more = format!(
        "sign_in = \"client-secret\"\nread_only = false\nsecret_file = \"{}\"",
        file.display()
    );
    table(name, bench, &more)
}

/// Two tenants of one configuration.
async fn two() -> (Bench, Bench, tempfile::TempDir) {
    let (contoso, other) = (Bench::new("tour").await, Bench::new("other-tenant").await);
    let home = home(&[]);
    let tables = [("contoso", &contoso), ("fabrikam", &other)];
    let text: String = tables
        .map(|(name, bench)| own_secret(home.path(), name, bench))
        .concat();
    std::fs::write(home.path().join("config.toml"), text).unwrap();
    (contoso, other, home)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_edited_in_one_tenant_never_appears_in_another() {
    let (contoso, other, home) = two().await;
    let mut terminal = Terminal::start(home.path(), &["--tenant", "contoso"], None, (80, 24));
    terminal.read_first();
    terminal.press("2 / joni enter a");
    terminal.wait_for("Joni Sherman added");
    terminal.press("e");
    terminal.wait_for("Number");
    terminal.press("+441235123480 enter");
    terminal.wait_for("queued");
    terminal.press("p");
    terminal.wait_for("[x] Joni Sherman");
    terminal.press("esc");
    terminal.wait_until("the plan is closed", |screen| !screen.contains("[x]"));
    terminal.press("t");
    terminal.wait_for("TENANTS  2 of 2");
    terminal.press("fabri");
    terminal.wait_for("TENANTS  1 of 2");
    terminal.press("enter");
    terminal.wait_until("the other tenant", |screen| {
        screen.starts_with("fabrikam ") && screen.contains("never read")
    });
    terminal.press("s");
    let screen = terminal.wait_until("its read", is_read);
    assert!(screen.contains("1 Users 0"), "{screen}");
    assert!(!screen.contains("Joni"), "{screen}");
    terminal.press("p");
    let screen = terminal.wait_for("nothing is queued");
    assert!(!screen.contains("4 Changes 1"), "{screen}");
    terminal.press("t");
    terminal.wait_for("TENANTS  2 of 2");
    terminal.press("conto enter");
    terminal.wait_for("Joni Sherman");
    terminal.wait_for("+44 1235 123480");
    terminal.press("t");
    // Counted from the files: one user, and one change that waits.
    terminal.wait_until("the overview", |screen| {
        let row = screen
            .lines()
            .find(|row| row.starts_with("> Contoso Ltd (contoso)"));
        let words: Vec<&str> = row.unwrap_or_default().split_whitespace().collect();
        words.ends_with(&["now", "1", "0", "1", "0", "11111111"])
    });
    terminal.press("esc");
    terminal.wait_until("the chooser is closed", |screen| {
        !screen.contains("TENANTS")
    });
    terminal.press("p");
    terminal.wait_for("[x] Joni Sherman");
    terminal.press("A");
    terminal.wait_for("1 written");
    assert_eq!(
        web::number(&contoso.base(), "+441235123480").unwrap()["assignmentTargetId"],
        web::person(&contoso.base(), "joni@contoso.example")["id"]
    );
    assert_eq!(web::number(&other.base(), "+441235123480"), None);
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
    let titles = terminal.titles();
    assert_eq!(titles.first().map(String::as_str), Some("contoso RW"));
    assert!(titles.contains(&"fabrikam RW".to_owned()), "{titles:?}");
    assert_eq!(titles.last().map(String::as_str), Some(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_is_disabled_and_the_numbers_of_the_tenant_before_are_offered_and_queued() {
    let (first, second) = (Bench::new("tour").await, Bench::new("other-tenant").await);
    let home = home(&[]);
    let configure = |bench: &Bench| {
        let text = own_secret(home.path(), "contoso", bench);
        std::fs::write(home.path().join("config.toml"), text).unwrap();
    };
    configure(&first);
    let program = |args: &[&str]| {
        let ended = run(home.path(), args);
        assert_eq!(ended.code, 0, "{ended:?}");
        ended
    };
    program(&["sync"]);
    program(&["users", "add", "lee@contoso.example"]);
    program(&["users", "add", "megan@contoso.example"]);
    let state = web::ask(&second.base(), "GET", "/_sim/state", None).to_string();
    let at = state.find("olga.nord@").unwrap();
    let olga: String = state[at..].chars().take_while(|c| *c != '"').collect();
    program(&["users", "edit", "lee@contoso.example", "--mail", &olga]);
    program(&["users", "edit", "megan@contoso.example", "--country", "US"]);

    let mut terminal = Terminal::start(home.path(), &["--tenant", "contoso"], None, (80, 24));
    terminal.wait_for("1 Users 2");
    terminal.press(": disable enter");
    let screen = terminal.wait_for("Disable sync of ");
    assert!(screen.contains(first.simulator.tenant_id()), "{screen}");
    terminal.press("enter");
    terminal.press("y");
    terminal.wait_for("the pin is off");
    terminal.press(": disable enter");
    terminal.wait_for("no tenant is pinned");
    terminal.press("esc esc q");
    terminal.wait_for("Quit?");
    terminal.press("y");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));

    configure(&second);
    let mut terminal = Terminal::start(home.path(), &["--tenant", "contoso"], None, (80, 24));
    terminal.wait_for("1 Users 2");
    terminal.press("s");
    terminal.wait_until("the other tenant", |screen| screen.contains("sync done"));
    terminal.press("4");
    terminal.wait_for("1 of the tenant before set aside: E");
    terminal.press("E");
    let screen =
        terminal.wait_for("THE TENANT BEFORE  2 users wait  2 old numbers  1 change set aside");
    assert!(screen.contains("match waits"), "{screen}");
    assert!(screen.contains("nobody matches"), "{screen}");
    assert!(screen.contains("set aside"), "{screen}");
    assert!(
        screen.contains(&format!("{olga} is the sign-in name")),
        "{screen}"
    );
    terminal.press("* enter");
    terminal.wait_for("Take over in ");
    terminal.press("y");
    terminal.wait_for("1 match taken over");
    terminal.wait_for("THE TENANT BEFORE  1 user waits  2 old numbers  1 change set aside");
    terminal.press("* enter");
    terminal.wait_for("Queue in ");
    terminal.press("y");
    terminal.wait_for("1 old number queued: p plans");
    terminal.wait_for("is queued");
    terminal.press("G");
    let screen = terminal.wait_for(": never sent here");
    assert!(screen.contains(first.simulator.tenant_id()), "{screen}");
    let waiting = program(&["outbox", "list", "--json"]).json();
    assert_eq!(waiting["entries"].as_array().unwrap().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_reads_is_cancelled_by_a_switch_and_one_that_cannot_open_comes_back() {
    let (contoso, _other, home) = two().await;
    let mut terminal = Terminal::start(home.path(), &["--tenant", "contoso"], None, (140, 40));
    terminal.wait_for("s sync");
    web::knobs(&contoso.base(), &json!({ "latency_ms": 700 }));
    terminal.press("s");
    terminal.wait_for("reading");
    terminal.press("t");
    terminal.wait_for("TENANTS  2 of 2");
    terminal.press("fabri enter");
    terminal.wait_for("sync only reads: it is cancelled");
    terminal.press("y");
    terminal.wait_until("the other tenant", |screen| screen.starts_with("fabrikam "));
    web::knobs(&contoso.base(), &json!({ "latency_ms": 0 }));
    let folder = home.path().join("tenants/contoso");
    std::fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    terminal.press("t");
    terminal.wait_for("TENANTS  2 of 2");
    terminal.press("conto enter");
    terminal.wait_for("contoso could not be opened");
    let screen = terminal.wait_until("back", |screen| screen.starts_with("fabrikam"));
    assert!(screen.contains("Enter: what to do"), "{screen}");
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_code_is_explained_for_the_administrator_and_leads_to_the_browser() {
    let bench = Bench::new("tour").await;
    web::knobs(&bench.base(), &json!({ "device_polls": ["blocked"] }));
    let home = home(&[table("contoso", &bench, "sign_in = \"device-code\"")]);
    let mut terminal = Terminal::start(home.path(), &["--tenant", "contoso"], None, (140, 40));
    terminal.wait_for("sign-in needed: L signs in");
    terminal.press("L");
    terminal.wait_for("For the administrator of contoso");
    terminal.wait_for("AADSTS53003");
    terminal.press("y");
    terminal.wait_for("sent to the terminal's clipboard");
    assert_eq!(terminal.copied().len(), 1);
    terminal.press("b");
    terminal.wait_for("ssh -L");
    terminal.press("esc");
    terminal.wait_for("not signed in: L begins anew");
}

#[test]
fn a_tenant_is_connected_from_the_first_screen_and_no_other_is_overwritten() {
    let home = tempfile::tempdir().unwrap();
    // Nothing leaves this machine: the proxy that is named is not there, and who is trusted is of the test's making.
    std::fs::write(home.path().join("ca.pem"), Authority::new("Nobody").pem).unwrap();
    let begun = "# Ours.\nextra_ca = \"ca.pem\"\n";
    std::fs::write(home.path().join("config.toml"), begun).unwrap();
    let nowhere = [("HTTPS_PROXY", "http://127.0.0.1:9")];
    let mut terminal = Terminal::start_with(home.path(), &[], &nowhere, (80, 24));
    terminal.frame_with(&["2  Connect a tenant: press c", "c connect a tenant"]);
    terminal.press("c");
    terminal.frame_with(&["ADD A TENANT", "Enter save and sign in"]);
    terminal.press("contoso tab contoso.example enter");
    // Nothing was written: without a client id nobody could sign in.
    terminal.frame_with(&["No client id: without one nobody can sign in"]);
    assert_eq!(
        std::fs::read_to_string(home.path().join("config.toml")).unwrap(),
        begun
    );
    terminal.press("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee enter");
    // The sign-in begins by itself, and fails here as it must.
    terminal.frame_with(&["SIGN IN", "begins anew", "contoso"]);
    let config = std::fs::read_to_string(home.path().join("config.toml")).unwrap();
    assert!(
        config.starts_with(&format!(
            "{begun}\n[tenants.contoso]\ntenant_id = \"contoso.example\"\n"
        )),
        "{config}"
    );
    assert!(config.contains("read_only = true"), "{config}");
    terminal.press("esc");
    terminal.wait_until("the sign-in is left", |screen| !screen.contains("SIGN IN"));
    terminal.press("t");
    terminal.wait_for("TENANTS  1 of 1");
    terminal.press("ctrl-n");
    terminal.frame_with(&["ADD A TENANT"]);
    terminal.press("contoso tab other.example tab tab aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee enter");
    terminal.frame_with(&["There is a tenant contoso already"]);
    assert_eq!(
        std::fs::read_to_string(home.path().join("config.toml")).unwrap(),
        config
    );
    terminal.press("esc");
    terminal.frame_with(&["y yes"]);
    terminal.press("y");
    terminal.wait_for("TENANTS  1 of 1");
    terminal.press("esc");
    terminal.wait_until("the list is left", |screen| !screen.contains("TENANTS"));
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
    let audit = run(home.path(), &["--tenant", "contoso", "audit", "show"]).out;
    assert!(audit.contains("tenant_id"), "{audit}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_names_no_tenant_picks_one_and_one_that_was_saved_wrongly_is_mended_there() {
    let (contoso, _other, home) = two().await;
    let file = home.path().join("config.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let right = text
        .find("tenant_id")
        .map(|at| text[at..].lines().next().unwrap().to_owned());
    let right = right.unwrap();
    std::fs::write(
        &file,
        text.replacen(&right, "tenant_id = \"wrong.example\" # typed at night", 1),
    )
    .unwrap();
    let mut terminal = Terminal::start(home.path(), &[], None, (80, 24));
    terminal.wait_for("TENANTS  2 of 2");
    terminal.press("enter");
    terminal.wait_until("the console of the first", |screen| {
        screen.starts_with("contoso ") && screen.contains("never read")
    });
    terminal.press("t");
    terminal.wait_for("Ctrl-E edit it");
    terminal.press("ctrl-e");
    terminal.wait_for("EDIT A TENANT  contoso");
    terminal.press("ctrl-u");
    terminal.press(contoso.simulator.tenant_id());
    terminal.press("enter");
    // It was this screen's: it is opened anew, and reads its tenant.
    terminal.wait_until("it is opened anew", |screen| {
        let gone = ["EDIT A", "TENANTS", "opening"];
        screen.contains("s sync")
            && screen.contains("saved: contoso is open anew, as it is now configured")
            && !gone.iter().any(|word| screen.contains(word))
    });
    terminal.press("s");
    terminal.wait_until("its read", |screen| {
        screen.contains("2 Add users 23") && screen.contains("sync done")
    });
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("# typed at night"), "{text}");
    assert!(!text.contains("wrong.example"), "{text}");
    // From now on its files belong to that tenant, and the address stays, whatever the file says.
    terminal.press("t");
    terminal.wait_for("Ctrl-E edit it");
    terminal.press("ctrl-e");
    terminal.wait_for("stays: users, queue and history here are those of");
    terminal.press("esc");
    terminal.wait_for("Ctrl-E edit it");
    terminal.press("esc");
    terminal.wait_for("s sync");
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
    let said = run(home.path(), &["audit", "show", "--tenant", "contoso"]).out;
    assert!(said.contains("wrong.example"), "{said}");
}

/// What the form lacks is said where it is to go, before anything is written, and the secret is never typed.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_form_of_a_tenant_lacks_is_said_at_its_field_and_nothing_is_written() {
    let (_contoso, _other, home) = two().await;
    let file = home.path().join("config.toml");
    let mut terminal = Terminal::start(home.path(), &[], None, (80, 24));
    terminal.wait_for("TENANTS  2 of 2");
    terminal.press("down ctrl-e");
    terminal.frame_with(&["EDIT A TENANT  fabrikam", "Enter save  Tab next"]);
    // Shown by another name it is found by both, and no file moves.
    terminal.press("tab tab tab tab space tab Fabrikam space Works enter");
    terminal.frame_with(&[
        "TENANTS  2 of 2",
        "  Fabrikam Works",
        "saved: fabrikam is changed in the configuration",
    ]);
    let begun = std::fs::read_to_string(&file).unwrap();
    assert!(begun.contains("read_only = true"), "{begun}");
    terminal.press("ctrl-n");
    terminal.frame_with(&["ADD A TENANT"]);
    terminal.press("contoso tab adatum.example tab space space");
    terminal.frame_with(&["[client-secret]", "needed: a file with the secret"]);
    terminal.press("enter");
    terminal.frame_with(&["> Name here   contoso", "There is a tenant contoso already"]);
    terminal.press("ctrl-u adatum enter");
    terminal.frame_with(&["> Client id", "No client id: without one"]);
    terminal.press("aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee enter");
    terminal.frame_with(&[
        "> Secret file",
        "No secret yet: the app could not sign in",
        "TEAMSCONNECTOR_CLIENT_SECRET is not set",
    ]);
    let secret = home.path().join("adatum.secret");
    std::fs::write(&secret, "s3cret~of-adatum").unwrap();
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    terminal.press(&secret.display().to_string());
    terminal.press("enter");
    terminal.frame_with(&["> Secret file", "The secret cannot be read", "chmod 600"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), begun);
    std::fs::set_permissions(&secret, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    terminal.press("enter");
    terminal.wait_until("its console", |screen| {
        screen.starts_with("adatum ") && screen.contains("s sync")
    });
    assert!(!terminal.screen().contents().contains("s3cret"));
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("[tenants.adatum]"), "{text}");
    assert!(text.contains("adatum.secret"), "{text}");
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_removed_in_the_list_with_its_files_kept_and_comes_back_as_it_says() {
    let (_contoso, _other, home) = two().await;
    let file = home.path().join("config.toml");
    let folder = home.path().join("tenants/fabrikam");
    assert_eq!(run(home.path(), &["--tenant", "fabrikam", "sync"]).code, 0);
    let begun = std::fs::read_to_string(&file).unwrap();
    let mut terminal = Terminal::start(home.path(), &["--tenant", "contoso"], None, (80, 24));
    terminal.wait_for("s sync");
    terminal.press("t");
    terminal.frame_with(&["TENANTS  2 of 2", "Ctrl-E edit it"]);
    terminal.press("ctrl-x");
    terminal.frame_with(&["contoso is open here: open another one first, then remove it"]);
    terminal.press("down");
    terminal.frame_with(&["Ctrl-E edit it  Ctrl-X remove it  Esc back"]);
    terminal.press("ctrl-x");
    terminal.frame_with(&["Remove fabrikam from the configuration?", "y yes  n no"]);
    // Neither the key that asked nor Enter answers.
    terminal.press("ctrl-x enter esc");
    terminal.frame_with(&["TENANTS  2 of 2", "Ctrl-X remove it"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), begun);
    terminal.press("ctrl-x y");
    let screen = terminal.frame_with(&["REMOVED  fabrikam", "To bring it back: mv "]);
    let said = screen.contents().replace('\n', " ");
    assert!(
        !std::fs::read_to_string(&file)
            .unwrap()
            .contains("[tenants.fabrikam]")
    );
    assert!(!folder.exists());
    terminal.press("esc");
    terminal.frame_with(&["TENANTS  1 of 1"]);
    terminal.press("ctrl-x");
    terminal.frame_with(&["contoso is open here: leave, then `teamsconnector tenants remove"]);
    terminal.press("esc");
    terminal.wait_until("the list is left", |screen| !screen.contains("TENANTS"));
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
    // It is done as it says: moved back and added again, it is as it was.
    let kept = std::fs::read_dir(home.path().join("removed"))
        .unwrap()
        .next();
    let kept = kept.unwrap().unwrap().path();
    let words: String = said.split_whitespace().collect();
    assert!(
        words.contains(&format!("mv{}{}", kept.display(), folder.display())),
        "{said}"
    );
    std::fs::rename(&kept, &folder).unwrap();
    std::fs::write(&file, begun).unwrap();
    let again = run(home.path(), &["--tenant", "fabrikam", "audit", "show"]).out;
    assert!(
        again.contains("pinned") && again.contains("removed"),
        "{again}"
    );
}

/// The form locks it; two consoles side by side get past that.
#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_a_tenant_that_was_read_is_changed_only_after_it_was_unpinned() {
    let tour = Tour::new("").await;
    let places = Places::under(tour.home.path());
    let saved = |tenant: &str| NewTenant {
        name: "contoso".to_owned(),
        display: None,
        tenant_id: tenant.to_owned(),
        way: SignsIn::DeviceCode,
        client_id: Some(tour.bench.simulator.client_id().to_owned()),
        file: None,
        start: Start::ReadOnly,
    };
    let other = saved("other.example");
    let change = |new: NewTenant| {
        let places = places.clone();
        async move { change_from_form(&places, &new, SecretOf::Whichever).await }
    };
    let not_saved = change(other.clone()).await.unwrap_err();
    assert_eq!(not_saved.field, Some(TenantField::Tenant));
    let refused = not_saved.failure;
    assert_eq!(
        refused.headline,
        "contoso has users, a queue and a history of Contoso Ltd"
    );
    assert!(
        refused.hint.contains("tenants unpin contoso"),
        "{refused:?}"
    );
    // The same tenant by its id, and another way to sign in, go in; nothing else of the file moves.
    let file = tour.home.path().join("config.toml");
    let before = std::fs::read_to_string(&file).unwrap();
    let same = saved(tour.bench.simulator.tenant_id());
    change(same).await.unwrap();
    let after = std::fs::read_to_string(&file).unwrap();
    assert!(after.contains("device-code"), "{before} {after}");
    assert!(!after.contains("other.example"), "{after}");
    tour.good(&["tenants", "unpin", "contoso", "--yes"]);
    change(other).await.unwrap();
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains("tenant_id = \"other.example\""), "{text}");
}
