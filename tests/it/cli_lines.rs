//! What scripts read line by line, and what they are told where there is nothing to read.

use serde_json::Value;
use teamsconnector::sim::Scenario;

use crate::support::program::{Ended, Served};

fn lines(ended: &Ended) -> Vec<Value> {
    let lines = ended.out.lines().map(serde_json::from_str);
    lines
        .collect::<Result<_, _>>()
        .unwrap_or_else(|error| panic!("{error}: {ended:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn every_line_of_json_says_of_which_version_it_is() {
    let served = Served::new(Scenario::Tour, "").await;
    for args in [
        &["sync", "--json"][..],
        &["history", "show", "1", "--json"],
        // Where a flag stands makes no difference.
        &["--json", "why", "--all"],
        &["why", "--all", "--json"],
    ] {
        let ended = served.call(args);
        let all = lines(&ended);
        assert!(ended.code == 0 && all.len() > 5, "{args:?}: {ended:?}");
        for line in all {
            assert_eq!(line["schema_version"], 1, "{args:?}: {line}");
        }
    }
    let without = served.call(&["why", "--all"]);
    assert_eq!(without.code, 2, "{without:?}");
    assert!(
        without.err.contains("only there with --json"),
        "{without:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_queue_makes_no_plan_file_and_says_so() {
    let served = Served::new(Scenario::Tour, "").await;
    let file = served.home.path().join("none.plan");
    let out = file.display().to_string();
    let ended = served.call(&["sync", "--plan", "--out", &out]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended
            .err
            .contains("Nothing is queued: there is no plan to keep"),
        "{ended:?}"
    );
    assert!(!file.exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn doctor_says_that_nobody_else_is_called() {
    let served = Served::new(Scenario::Tour, "").await;
    let told = served.call(&["doctor", "--json"]).json();
    let checks = told["checks"].as_array().unwrap();
    let calls = checks.iter().find(|check| check["name"] == "calls out");
    let text = "only 127.0.0.1 is called: no telemetry, no look for newer versions";
    assert_eq!(calls.unwrap()["text"], text, "{told:#}");
}
