//! What changes the tenant, and what delta tells of it.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::Bench;
use crate::sim::Scenario;

#[tokio::test]
async fn delta_tells_what_changed_since() {
    let bench = Bench::new(Scenario::Tour).await;
    bench.knobs(json!({ "page_size": 10 })).await;
    let select = "$select=displayName,usageLocation,mail,jobTitle,assignedLicenses,assignedPlans";
    let (all, link) = bench
        .round(&format!("/v1.0/users/delta()?{select}"), "")
        .await;
    assert_eq!(all.len(), 39);
    let oleg = all
        .iter()
        .find(|user| user["displayName"] == "Олег Петров")
        .unwrap();
    assert!(
        oleg.get("usageLocation").is_none(),
        "what was never set is left out"
    );

    let id = bench.id_of("oleg").await;
    let changed = bench
        .call(
            "PATCH",
            &format!("/v1.0/users/{id}"),
            "",
            r#"{"usageLocation":"BG"}"#,
        )
        .await;
    assert_eq!((changed.status, changed.body.len()), (204, 0));
    bench
        .call(
            "PATCH",
            "/_sim/users/joni@contoso.example",
            "",
            r#"{"mail":null,"department":"Not tracked"}"#,
        )
        .await;
    bench
        .call("DELETE", "/_sim/users/kim@contoso.example", "", "")
        .await;
    bench
        .post(
            "/_sim/users",
            &json!({ "userPrincipalName": "neu@contoso.example", "displayName": "Neu" }),
        )
        .await;
    bench
        .call(
            "PATCH",
            "/_sim/users/lee@contoso.example",
            "",
            r#"{"department":"Not tracked"}"#,
        )
        .await;

    let (some, next) = bench.round(&link, "").await;
    assert_eq!(some.len(), 4);
    let told = |items: &[Value], name: &str| {
        items
            .iter()
            .find(|user| user["displayName"] == name)
            .cloned()
            .unwrap()
    };
    assert_eq!(told(&some, "Олег Петров")["usageLocation"], "BG");
    assert_eq!(told(&some, "Joni Sherman")["mail"], Value::Null);
    assert!(
        told(&some, "Joni Sherman").get("mail").is_some(),
        "what was emptied comes as null"
    );
    assert!(told(&some, "Neu").get("jobTitle").is_none());
    assert!(
        some.iter()
            .any(|user| user["@removed"]["reason"] == "changed")
    );
    let (minimal, _) = bench.round(&link, "Prefer: return=minimal\r\n").await;
    let oleg = minimal
        .iter()
        .find(|user| user["id"] == id.as_str())
        .unwrap();
    assert_eq!(oleg, &json!({ "id": id, "usageLocation": "BG" }));
    assert_eq!(bench.round(&next, "").await.0, Vec::<Value>::new());
    let (none, latest) = bench
        .round(
            "/v1.0/users/microsoft.graph.delta?$deltatoken=latest&$select=mail",
            "",
        )
        .await;
    assert!(none.is_empty());
    assert!(bench.round(&latest, "").await.0.is_empty());
}

#[tokio::test]
async fn a_delta_link_dies_in_three_ways() {
    let bench = Bench::new(Scenario::Tour).await;
    let (_, link) = bench.round("/v1.0/users/delta?$select=mail", "").await;
    for (knob, status, code) in [
        ("gone", 410, "resyncRequired"),
        ("sync_state_not_found", 400, "syncStateNotFound"),
        ("unsupported_query", 400, "Request_UnsupportedQuery"),
    ] {
        bench.knobs(json!({ "delta_refusal": knob })).await;
        let answer = bench.get(&link).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        assert_eq!(answer.header("location").is_some(), knob == "gone");
    }
    bench.knobs(json!({ "delta_refusal": null })).await;
    assert_eq!(bench.get(&link).await.status, 200);
    bench.seconds.store(8 * 24 * 3600, Ordering::SeqCst);
    bench.sign_in().await;
    assert_eq!(bench.get(&link).await.status, 410);
}

#[tokio::test]
async fn a_number_is_assigned_over_the_wire() {
    let bench = Bench::new(Scenario::Tour).await;
    let joni = bench.id_of("joni").await;
    let root = "/v1.0/admin/teams/telephoneNumberManagement";
    let body = json!({ "telephoneNumber": "+441235123480", "assignmentTargetId": joni, "numberType": "directRouting" });
    let answer = bench
        .post(
            &format!("{root}/numberAssignments/microsoft.graph.teamsAdministration.assignNumber"),
            &body,
        )
        .await;
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    let location = answer.header("location").unwrap().to_owned();
    assert!(location.contains("/operations('"), "{location}");
    let mut states = Vec::new();
    for _ in 0..3 {
        states.push(
            bench.get(&location).await.json()["status"]
                .as_str()
                .unwrap()
                .to_owned(),
        );
    }
    assert_eq!(states, ["notStarted", "running", "succeeded"]);
    let id = location.split('\'').nth(1).unwrap();
    assert_eq!(
        bench.get(&format!("{root}/operations/{id}")).await.json()["status"],
        "succeeded"
    );
    let held = bench
        .get(&format!(
            "{root}/numberAssignments?$filter=assignmentTargetId%20eq%20'{joni}'"
        ))
        .await
        .json();
    assert_eq!(held["value"][0]["telephoneNumber"], "+441235123480");
    assert_eq!(held["value"][0]["assignmentStatus"], "userAssigned");
    let teams = bench
        .get(&format!("/v1.0/admin/teams/userConfigurations/{joni}"))
        .await
        .json();
    assert_eq!(
        teams["telephoneNumbers"],
        json!([{ "telephoneNumber": "+441235123480", "assignmentCategory": "primary" }])
    );
    assert_eq!(teams["isEnterpriseVoiceEnabled"], true);
    assert_eq!(teams["tenantId"], bench.simulator.tenant_id());
    let bare_plus = bench
        .get(&format!(
            "{root}/numberAssignments?$filter=telephoneNumber%20eq%20'+441235123480'"
        ))
        .await
        .json();
    assert_eq!(bare_plus["value"], json!([]), "a bare plus is a space");
}

#[tokio::test]
async fn a_client_that_drops_the_location_sees_its_number() {
    let root = "/v1.0/admin/teams";
    for path in [
        format!("{root}/telephoneNumberManagement/numberAssignments?$top=1"),
        format!("{root}/userConfigurations?$top=1"),
        "/_sim/state".to_owned(),
        "/_sim/users/kim@contoso.example".to_owned(),
    ] {
        let bench = Bench::new(Scenario::Tour).await;
        let joni = bench.id_of("joni").await;
        let body = json!({ "telephoneNumber": "+441235123480", "assignmentTargetId": joni, "numberType": "directRouting" });
        let assign = format!("{root}/telephoneNumberManagement/numberAssignments/assignNumber");
        let accepted = bench.post(&assign, &body).await;
        let location = accepted.header("location").unwrap();
        for _ in 0..2 {
            assert_eq!(bench.get(&path).await.status, 200);
        }
        let joni = bench.get("/_sim/users/joni@contoso.example").await.json();
        assert_eq!(joni["numbers"], json!(["+441235123480"]), "{path}");
        let mut told = Vec::new();
        for _ in 0..3 {
            told.push(bench.get(location).await.json()["status"].clone());
        }
        assert_eq!(told, ["notStarted", "running", "succeeded"]);
    }
}

#[tokio::test]
async fn teams_lags_as_long_as_the_knob_says() {
    let bench = Bench::new(Scenario::Tour).await;
    bench.knobs(json!({ "teams_lag": 60 })).await;
    let alex = bench.id_of("alex").await;
    let off = bench.post(&format!("/v1.0/users/{alex}/assignLicense"), &json!({ "addLicenses": [], "removeLicenses": ["ae2343d1-0999-43f6-ae18-d816516f6e78"] })).await;
    assert_eq!(off.status, 200);
    let path = format!("/v1.0/admin/teams/userConfigurations/{alex}?$select=featureTypes");
    assert_eq!(
        bench.get(&path).await.json()["featureTypes"],
        json!(["Teams", "PhoneSystem", "CallingPlan"])
    );
    bench.seconds.store(60, Ordering::SeqCst);
    assert_eq!(
        bench.get(&path).await.json()["featureTypes"],
        json!(["Teams"])
    );
    let plans = bench
        .get(&format!("/v1.0/users/{alex}?$select=assignedPlans"))
        .await
        .json();
    let dead: Vec<&str> = plans["assignedPlans"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["capabilityStatus"] == "Deleted")
        .map(|row| row["servicePlanId"].as_str().unwrap())
        .collect();
    assert_eq!(
        dead,
        [
            "4828c8ec-dc2e-4779-b502-87ac9ce28ab7",
            "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8"
        ]
    );
}

#[tokio::test]
async fn a_patch_is_checked() {
    let bench = Bench::new(Scenario::Tour).await;
    let patch = async |upn: &str, body: &str| {
        bench
            .call(
                "PATCH",
                &format!("/v1.0/users/{upn}@contoso.example"),
                "",
                body,
            )
            .await
    };
    let answer = patch("oleg", r#"{"usageLocation":"UK"}"#).await;
    assert_eq!(
        answer.json()["error"]["message"],
        "Invalid value specified for property 'usageLocation' of resource 'User'."
    );
    assert_eq!(patch("oleg", r#"{"usageLocation":null}"#).await.status, 400);
    let mastered = patch("megan", r#"{"mobilePhone":"+44 1"}"#).await;
    assert!(
        mastered.json()["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("Unable to update the specified properties for on-premises")
    );
    assert_eq!(
        patch("megan", r#"{"usageLocation":"IE"}"#).await.status,
        204
    );
    let typed = r##"{"@odata.type":"#microsoft.graph.user","usageLocation@odata.type":"#String","usageLocation":"FR"}"##;
    assert_eq!(patch("oleg", typed).await.status, 204);
    let oleg = bench.get("/_sim/users/oleg@contoso.example").await.json();
    assert_eq!(oleg["usageLocation"], "FR");
    bench
        .knobs(json!({ "deny_scopes": ["User.ReadWrite.All"] }))
        .await;
    assert_eq!(
        patch("megan", r#"{"usageLocation":"GB"}"#).await.code(),
        "Authorization_RequestDenied"
    );
    assert_eq!(bench.get("/v1.0/users?$top=1").await.status, 200);
}

#[tokio::test]
async fn a_batch_answers_each_item_on_its_own() {
    let bench = Bench::new(Scenario::Tour).await;
    bench.knobs(json!({ "fail_next": [{ "path_contains": "/users/lee", "status": 429, "retry_after": 3 }] })).await;
    let items = json!([
        { "id": "a", "method": "GET", "url": "/users/joni@contoso.example?$select=displayName" },
        { "id": "b", "method": "GET", "url": "users/lee@contoso.example" },
        { "id": "c", "method": "PATCH", "url": "/users/oleg@contoso.example", "headers": { "Content-Type": "application/json" }, "body": { "usageLocation": "BG" } },
        { "id": "d", "method": "GET", "url": "/organization", "dependsOn": ["b"] },
    ]);
    let answer = bench
        .post("/v1.0/$batch", &json!({ "requests": items }))
        .await
        .json();
    let responses = answer["responses"].as_array().unwrap();
    let statuses: Vec<i64> = responses
        .iter()
        .map(|response| response["status"].as_i64().unwrap())
        .collect();
    assert_eq!(statuses, [200, 429, 204, 424]);
    assert_eq!(responses[0]["body"]["displayName"], "Joni Sherman");
    assert_eq!(responses[1]["headers"]["Retry-After"], "3");
    assert!(responses[2].get("body").is_none());
    let twice = json!({ "requests": [{ "id": "a", "method": "GET", "url": "/me" }, { "id": "A", "method": "GET", "url": "/me" }] });
    assert_eq!(bench.post("/v1.0/$batch", &twice).await.status, 400);
}
