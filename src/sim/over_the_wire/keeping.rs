//! The folder of a kept tenant: one simulator at a time, and what is found there.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use super::{Bench, clock};
use crate::sim::{Options, Scenario, Simulator, scenarios};

async fn refused(folder: &Path, port: u16) -> String {
    let options = Options {
        scenario: Scenario::Tour,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)),
        state_dir: Some(folder.to_owned()),
        clock: clock(&Arc::default()),
    };
    Simulator::start(options).await.unwrap_err().to_string()
}

#[tokio::test]
async fn a_folder_is_kept_by_one_simulator_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let first = Bench::kept(Scenario::Tour, Some(folder.path())).await;
    let secret = first.simulator.client_secret().to_owned();
    let place = folder.path().display();
    for _ in 0..2 {
        assert_eq!(
            refused(folder.path(), 0).await,
            format!(
                "another process keeps the simulated tenant in {place}: close that console or simulator first"
            )
        );
    }
    assert_eq!(first.get("/v1.0/users?$top=1").await.status, 200);
    first.simulator.stop().await;
    let second = Bench::kept(Scenario::Tour, Some(folder.path())).await;
    assert_eq!(second.simulator.client_secret(), secret);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_its_reason_and_leaves_the_folder_free() {
    let folder = tempfile::tempdir().unwrap();
    let other = Bench::new(Scenario::Tour).await;
    let address = other.simulator.addr();
    let error = refused(folder.path(), address.port()).await;
    let start = format!("cannot listen on {address}: ");
    assert!(
        error.starts_with(&start) && error.len() > start.len(),
        "{error}"
    );
    let bench = Bench::kept(Scenario::Tour, Some(folder.path())).await;
    assert_eq!(bench.get("/v1.0/users?$top=1").await.status, 200);
}

#[tokio::test]
async fn a_damaged_tenant_is_put_aside_and_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tour.json");
    let at = "2026-11-20T09:00:00Z".parse().unwrap();
    let other = serde_json::to_string(&scenarios::build(&Scenario::Dirsync, at)).unwrap();
    let texts = ["", r#"{"form":1,"scenario":"to"#, "{}", other.as_str()];
    for (text, ending) in texts.into_iter().zip(["", "-2", "-3", "-4"]) {
        fs::write(&file, text).unwrap();
        let bench = Bench::kept(Scenario::Tour, Some(folder.path())).await;
        let state = bench.get("/_sim/state").await.json();
        assert_eq!(state["scenario"], "tour");
        bench.simulator.stop().await;
        let aside = format!("tour.json.quarantine-20261120T090000{ending}");
        let kept = fs::read_to_string(folder.path().join(aside)).unwrap();
        assert_eq!(kept, text);
    }
}

#[tokio::test]
async fn what_is_not_damaged_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tour.json");
    fs::write(&file, r#"{"form":99,"people":7}"#).unwrap();
    let error = refused(folder.path(), 0).await;
    let end = "is of form 99, and this version reads form 1";
    assert!(error.ends_with(end), "{error}");
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let error = refused(folder.path(), 0).await;
    let start = format!("cannot keep the simulated tenant in {}: ", file.display());
    assert!(
        error.starts_with(&start) && error.len() > start.len(),
        "{error}"
    );
    assert!(file.is_dir());
}
