//! Texts of the tenant that mislead, met in a write: what is shown is the true cause, and the tenant's own words beside it.

use serde_json::json;
use teamsconnector::domain::outbox::EntryState;
use teamsconnector::domain::run::{Outcome, RunKind, Source};
use teamsconnector::sim::Scenario;

use crate::support::bench::Bench;
use crate::support::program::{Served, configure, run_with_secret};
use crate::support::pty::Terminal;
use crate::support::web;

const AD: &str = "The user already has a telephone number set in the on-premises Active Directory and synchronized to the cloud.";
const NOTHING: &str = "nothing is missing by the facts (licence, Teams, source of the number): a fault of the tenant's back end";

fn refuse(base: &str, text: &str) {
    web::knobs(
        base,
        &json!({ "fail_next": [{ "path_contains": "assignNumber", "method": "POST", "times": 1, "status": 400,
            "code": "BadRequest", "message": text }] }),
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_names_the_true_cause_and_keeps_the_words() {
    let served = Served::new(Scenario::Tour, "").await;
    let call = |args: &[&str]| served.call(args);
    assert_eq!(call(&["sync"]).code, 0);
    let rows = [
        ("joni", "+441235123480", AD, NOTHING),
        (
            "kim",
            "+441235123481",
            "User '1' lacks appropriate licenses to assign a 'DirectRouting' number.",
            NOTHING,
        ),
        (
            "taro",
            "+441235123482",
            "Telephone Number '+441235123482' is not found from tenant '1'",
            "the tenant's inventory does not have this number under this type",
        ),
        (
            "eleni",
            "+441235123483",
            "The user '1' is not found",
            NOTHING,
        ),
        (
            "sara",
            "+441235123484",
            "Invalid DirectRoutingTelephoneNumber '+441235123484'",
            "the tenant does not take the number as it is written",
        ),
    ];
    for (who, number, text, cause) in rows {
        let mail = format!("{who}@contoso.example");
        let added = call(&["users", "add", &mail, "--number", number]);
        assert_eq!(added.code, 0, "{added:?}");
        refuse(&served.base(), text);
        let ended = call(&["sync", "--yes"]);
        assert_eq!(ended.code, 7, "{ended:?}");
        let list = call(&["outbox", "list"]).out;
        assert!(
            list.contains(&format!("refused: {cause}\n   to do: ")),
            "{who}\n{list}"
        );
        assert!(
            list.contains(&format!(
                "came back: HTTP 400; BadRequest; {text}; request-id "
            )),
            "{who}\n{list}"
        );
        let why = call(&["why", &mail]).out;
        assert!(
            why.contains(&format!("CONFIGURED, change refused: {cause}\n 1 ")),
            "{why}"
        );
        assert!(
            why.contains(&format!("Came back    HTTP 400; BadRequest; {text}")),
            "{why}"
        );
    }
    let entries = call(&["outbox", "list", "--json"]).json();
    assert_eq!(entries["entries"].as_array().unwrap().len(), rows.len());
    assert!(entries["entries"][0]["raw"].as_str().unwrap().contains(AD));
}

/// The licence goes between the plan and the write, and the tenant blames Active Directory.
#[tokio::test(flavor = "multi_thread")]
async fn a_licence_that_went_is_never_called_an_active_directory_problem() {
    let mut bench = Bench::synced("tour").await;
    let joni = bench.add("joni@contoso.example").await;
    bench.want_number(&joni, Some("+441235123480")).await;
    let plan = bench.plan().await;
    let entries = plan.items.iter().map(|item| item.entry).collect();
    let base = bench.base();
    refuse(&base, AD);
    let mut gone = false;
    let ran = bench
        .run_hearing(RunKind::Apply { entries }, |line, _| {
            if line.source == Source::Write && line.text.starts_with("Writing") {
                gone = true;
                let body = json!({ "planStatus": { "MCOEV": "Deleted" } });
                web::ask(
                    &base,
                    "PATCH",
                    "/_sim/users/joni@contoso.example",
                    Some(&body),
                );
            }
        })
        .await;
    assert!(gone, "{}", ran.text());
    assert_eq!(ran.outcome, Outcome::Partly, "{}", ran.text());
    let entry = bench.desk().await.entries.pop().unwrap();
    let EntryState::Rejected { cause, raw, .. } = entry.state else {
        panic!("{:?}", entry.state)
    };
    assert_eq!(cause, "no usable Phone System licence (MCOEV is Deleted)");
    assert!(raw.contains(AD), "{raw}");
}

/// In the console Enter on the change shows cause, way out, and the words that came back.
#[tokio::test(flavor = "multi_thread")]
async fn enter_on_a_refused_change_shows_cause_and_words() {
    let bench = Bench::new("tour").await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &bench.simulator, "");
    let secret = bench.simulator.client_secret().to_owned();
    let call = |args: &[&str]| run_with_secret(home.path(), &secret, args);
    assert_eq!(call(&["sync"]).code, 0);
    let added = call(&[
        "users",
        "add",
        "joni@contoso.example",
        "--number",
        "+441235123480",
    ]);
    assert_eq!(added.code, 0, "{added:?}");
    refuse(&bench.base(), AD);
    assert_eq!(call(&["sync", "--yes"]).code, 7);
    let mut terminal = Terminal::start(
        home.path(),
        &["--tenant", "contoso"],
        Some(&secret),
        (80, 24),
    );
    terminal.wait_for("s sync");
    terminal.press("4");
    terminal.wait_for("refused");
    terminal.press("enter");
    terminal.wait_for("nothing is missing by the facts");
    terminal.wait_for("wait some minutes, then make the change again");
    terminal.wait_for("HTTP 400; BadRequest;");
}
