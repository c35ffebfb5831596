//! Faults, restarts, and the control plane.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use serde_json::json;
use tokio::net::TcpStream;

use super::{Bench, clock, started};
use crate::sim::{Options, Scenario, SimError, Simulator};

#[tokio::test]
async fn faults_strike_as_often_as_they_are_told() {
    let bench = Bench::new(Scenario::Tour).await;
    bench.knobs(json!({ "fail_next": [{ "path_contains": "/v1.0/users", "times": 2, "status": 429, "retry_after": 7 }] })).await;
    for _ in 0..2 {
        let answer = bench.get("/v1.0/users").await;
        assert_eq!(
            (
                answer.status,
                answer.header("retry-after"),
                answer.code().as_str()
            ),
            (429, Some("7"), "TooManyRequests")
        );
    }
    assert_eq!(bench.get("/v1.0/users").await.status, 200);
    bench.knobs(json!({ "fail_next": [{ "path_contains": "organization", "status": 502, "html": true }] })).await;
    let page = bench.get("/v1.0/organization").await;
    assert_eq!(
        (page.status, page.header("content-type")),
        (502, Some("text/html; charset=utf-8"))
    );

    let token = bench.token.lock().unwrap().clone();
    let headers = format!("Authorization: Bearer {token}\r\n");
    bench.knobs(json!({ "fail_next": [{ "path_contains": "organization", "drop": true }, { "path_contains": "/users?", "cut": 900 }] })).await;
    assert!(
        bench
            .raw("GET", "/v1.0/organization", &headers, "")
            .await
            .is_err()
    );
    assert!(
        bench
            .raw("GET", "/v1.0/users?$top=20", &headers, "")
            .await
            .is_err()
    );
    assert_eq!(bench.get("/v1.0/organization").await.status, 200);

    let patch = json!({ "fail_next": [{ "path_contains": "oleg", "method": "PATCH", "drop": true, "after": true }] });
    bench.knobs(patch).await;
    assert!(
        bench
            .raw(
                "PATCH",
                "/v1.0/users/oleg@contoso.example",
                &headers,
                r#"{"usageLocation":"BG"}"#
            )
            .await
            .is_err()
    );
    let oleg = bench
        .get("/v1.0/users/oleg@contoso.example?$select=usageLocation")
        .await
        .json();
    assert_eq!(
        oleg["usageLocation"], "BG",
        "the request was carried out, its answer lost"
    );
}

#[tokio::test]
async fn an_application_on_its_own_needs_organization_read_all() {
    let bench = Bench::new(Scenario::Tour).await;
    assert_eq!(bench.get("/v1.0/organization").await.status, 200);
    let denied = json!({ "deny_scopes": ["Organization.Read.All"] });
    bench.knobs(denied).await;
    let refused = bench.get("/v1.0/organization").await;
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (403, "Authorization_RequestDenied")
    );
    let skus = bench.get("/v1.0/subscribedSkus").await;
    assert_eq!(skus.status, 200, "another permission opens that door");
}

#[tokio::test]
async fn a_restart_gives_the_same_tenant() {
    let folder = tempfile::tempdir().unwrap();
    for scenario in [Scenario::Tour, Scenario::Size(300)] {
        let bench = Bench::kept(scenario.clone(), Some(folder.path())).await;
        let (all, link) = bench
            .round("/v1.0/users/delta?$select=usageLocation", "")
            .await;
        let id = all[5]["id"].as_str().unwrap().to_owned();
        assert_eq!(
            bench
                .call(
                    "PATCH",
                    &format!("/v1.0/users/{id}"),
                    "",
                    r#"{"usageLocation":"CH"}"#
                )
                .await
                .status,
            204
        );
        let body = json!({ "telephoneNumber": "+41443334455", "target": id });
        assert_eq!(bench.post("/_sim/numbers", &body).await.status, 204);
        let state = bench.get("/_sim/state").await.json();
        let (secret, token) = (
            bench.simulator.client_secret().to_owned(),
            bench.token.lock().unwrap().clone(),
        );
        let base = bench.simulator.base_url();
        bench.simulator.stop().await;

        let again = Bench::kept(scenario, Some(folder.path())).await;
        assert_eq!(again.simulator.client_secret(), secret);
        assert_eq!(again.get("/_sim/state").await.json(), state);
        *again.token.lock().unwrap() = token;
        let link = link.replace(&base, &again.simulator.base_url());
        assert_eq!(
            again.round(&link, "").await.0,
            [json!({ "id": id, "usageLocation": "CH" })]
        );
        again.simulator.stop().await;
    }
}

#[tokio::test]
async fn another_administrator_works_through_the_control_plane() {
    let bench = Bench::new(Scenario::Tour).await;
    let state = bench.get("/_sim/state").await.json();
    assert_eq!(
        (
            state["users"].as_array().unwrap().len(),
            state["numbers"].as_array().unwrap().len()
        ),
        (39, 28)
    );
    let body = json!({ "assignedLicenses": ["SPE_E3", { "skuPartNumber": "MCOTEAMS_ESSENTIALS", "disabledPlans": ["MCOPSTN1"] }] });
    let answer = bench
        .call(
            "PATCH",
            "/_sim/users/debra@contoso.example",
            "",
            &body.to_string(),
        )
        .await;
    assert_eq!(
        answer.status,
        204,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    let debra = bench.get("/_sim/users/debra@contoso.example").await.json();
    assert_eq!(debra["licenses"][1]["disabledPlans"], json!(["MCOPSTN1"]));
    assert_eq!(
        bench
            .call(
                "PATCH",
                "/_sim/users/debra@contoso.example",
                "",
                r#"{"lineUri":"x"}"#
            )
            .await
            .status,
        400
    );
    let group = json!({ "members": ["debra@contoso.example"] });
    assert_eq!(
        bench
            .call("PUT", "/_sim/groups/Empty%20group", "", &group.to_string())
            .await
            .status,
        204
    );
    bench
        .knobs(json!({ "organization_id": "22222222-0000-4000-8000-000000000000" }))
        .await;
    assert_eq!(
        bench.get("/v1.0/organization").await.json()["value"][0]["id"],
        "22222222-0000-4000-8000-000000000000"
    );
    let log = bench.get("/_sim/log").await;
    let requests = log.json()["requests"].as_array().unwrap().clone();
    assert_eq!(requests.last().unwrap()["path"], "/v1.0/organization");
    assert_eq!(requests.last().unwrap()["at"], "2026-11-20T09:00:00Z");
    let text = String::from_utf8(log.body).unwrap();
    assert!(
        !text.contains(&*bench.token.lock().unwrap())
            && !text.contains(bench.simulator.client_secret())
    );
}

#[tokio::test]
async fn only_loopback_is_served() {
    let seconds = Arc::new(AtomicI64::new(0));
    let options = Options {
        scenario: Scenario::Tour,
        listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
        state_dir: None,
        clock: clock(&seconds),
    };
    let error = Simulator::start(options).await.unwrap_err();
    assert!(matches!(error, SimError::NotLoopback { .. }), "{error}");
    let simulator = started(Scenario::Dirsync, None, &seconds).await;
    assert!(!format!("{simulator:?}").contains(simulator.client_secret()));
    let address = simulator.addr();
    simulator.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}
