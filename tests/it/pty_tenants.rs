//! Signing in and changing tenants in a real pseudo-terminal, over the wire.

use std::time::Duration;

use serde_json::json;

use crate::support::bench::Bench;
use crate::support::pty::Terminal;
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
        &json!({ "device_polls": ["pending", "slow_down", "pending"] }),
    );
    let home = home(&[table("contoso", &bench, "sign_in = \"device-code\"")]);
    let mut terminal = Terminal::start(home.path(), &["--tenant", "contoso"], None, (80, 24));
    terminal.wait_for("sign-in needed: L signs in");
    terminal.press("s");
    terminal.wait_for("then the run starts anew");
    terminal.press("L");
    let screen = terminal.wait_for("waiting, 1");
    assert!(code(&screen).len() >= 8, "{screen}");
    assert!(screen.contains("This console asked for it"), "{screen}");
    assert!(screen.contains("read telephone numbers"), "{screen}");
    assert!(!screen.contains("WRITE"), "{screen}");
    terminal.wait_until("the tenant is read", |screen| {
        screen.contains("2 Add users 1") && !screen.contains("never read")
    });
    terminal.press("q");
    assert_eq!(terminal.ended_within(Duration::from_secs(10)), Some(0));
}
