//! How soon the plan for one queued number stands: counted in requests, so that it holds on any machine.

use std::time::Duration;

use serde_json::{Value, json};
use teamsconnector::domain::run::{RunEvent, RunKind};
use teamsconnector::sync;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::support::bench::Bench;
use crate::support::web;

const REQUESTS: usize = 15;
const PATIENCE: Duration = Duration::from_secs(10);

/// The picture is warm from an earlier run; what the entry touches is read first, the whole tenant follows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_plan_for_one_number_stands_within_fifteen_requests() {
    let mut bench = Bench::synced("size:20000").await;
    let state = web::ask(&bench.base(), "GET", "/_sim/log", None);
    assert!(
        state["requests"].as_array().unwrap().len() > 20,
        "the first run has read all of them"
    );
    let upn = bench
        .store()
        .cache
        .all_rows()
        .await
        .unwrap()
        .into_iter()
        .find(|row| {
            row.number.is_none()
                && teamsconnector::domain::gate::FirstCause::from_byte(row.class).code()
                    == "eligible"
        })
        .unwrap()
        .upn;
    let user = bench.add(&upn).await;
    bench.want_number(&user, Some("+441235123499")).await;
    web::ask(&bench.base(), "DELETE", "/_sim/log", None);
    web::ask(
        &bench.base(),
        "POST",
        "/_sim/knobs",
        Some(&json!({ "latency_ms": 150 })),
    );

    let base = bench.base();
    let (events, mut heard) = mpsc::channel(1);
    let cancel = CancellationToken::new();
    let settings = bench.settings.clone();
    let run = sync::run(&mut bench.world, RunKind::Sync, &settings, events, &cancel);
    let listen = async {
        let mut requests = None;
        while let Some(event) = heard.recv().await {
            if let RunEvent::PlanReady(plan) = event
                && requests.is_none()
            {
                assert_eq!(plan.items.len(), 1);
                requests = Some(made(&web::ask(&base, "GET", "/_sim/log", None)));
                cancel.cancel();
            }
        }
        requests
    };
    let (_ended, requests) = tokio::time::timeout(PATIENCE, async { tokio::join!(run, listen) })
        .await
        .expect("the plan stands within ten seconds");
    let requests = requests.expect("a plan was made");
    println!(
        "{} requests before the plan:\n{}",
        requests.len(),
        requests.join("\n")
    );
    assert!(requests.len() <= REQUESTS, "{requests:#?}");
}

fn made(log: &Value) -> Vec<String> {
    log["requests"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|call| {
            format!(
                "{} {}",
                call["method"].as_str().unwrap_or_default(),
                call["path"].as_str().unwrap_or_default()
            )
        })
        .collect()
}
