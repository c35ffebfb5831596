//! Lists, counts, groups and numbers, as they are read.

use std::collections::BTreeSet;
use std::io::Read as _;

use serde_json::{Value, json};

use super::Bench;
use crate::sim::Scenario;

#[tokio::test]
async fn every_answer_carries_the_headers_of_graph() {
    let bench = Bench::new(Scenario::Tour).await;
    let answer = bench
        .call(
            "GET",
            "/v1.0/organization",
            "client-request-id: mine\r\n",
            "",
        )
        .await;
    assert_eq!(answer.header("client-request-id"), Some("mine"));
    assert_eq!(answer.header("request-id").map(str::len), Some(36));
    assert_eq!(answer.header("date"), Some("Fri, 20 Nov 2026 09:00:00 GMT"));
    assert_eq!(answer.header("odata-version"), Some("4.0"));
    assert_eq!(
        answer.header("content-type"),
        Some(
            "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
        )
    );
    assert_eq!(answer.header("x-ms-resource-unit"), Some("1"));
    let organization = &answer.json()["value"][0];
    assert_eq!(organization["id"], "11111111-2222-4333-8444-555555555555");
    assert_eq!(
        organization["onPremisesLastSyncDateTime"],
        "2026-11-20T08:48:00Z"
    );
    let refused = bench.raw("GET", "/v1.0/users", "", "").await.unwrap();
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (401, "InvalidAuthenticationToken")
    );
}

#[tokio::test]
async fn a_list_is_read_page_by_page() {
    let bench = Bench::new(Scenario::CallingPlans).await;
    let (users, pages) = bench
        .all("/v1.0/users?$select=id,displayName&$top=150")
        .await;
    assert_eq!((users.len(), pages), (406, 3));
    assert_eq!(users[0].as_object().unwrap().len(), 2);
    let ids: BTreeSet<&str> = users
        .iter()
        .map(|user| user["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 406);
    let answer = bench.get("/v1.0/users?$top=1000").await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.json()["error"]["message"],
        "Invalid page size specified: '1000'. Must be between 1 and 999 inclusive."
    );
    let link = bench.get("/v1.0/users?$top=5&$select=id").await.json()["@odata.nextLink"]
        .as_str()
        .unwrap()
        .to_owned();
    let bent = link.replace("$select=id", "$select=mail");
    assert_eq!(bench.get(&bent).await.code(), "Directory_ExpiredPageToken");
}

#[tokio::test]
async fn the_header_rule_of_counts() {
    let bench = Bench::new(Scenario::Tour).await;
    assert!(
        bench
            .get("/v1.0/users?$count=true&$top=1")
            .await
            .json()
            .get("@odata.count")
            .is_none()
    );
    let eventual = "ConsistencyLevel: eventual\r\n";
    let first = bench
        .call("GET", "/v1.0/users?$count=true&$top=20", eventual, "")
        .await
        .json();
    assert_eq!(first["@odata.count"], 39);
    let second = bench
        .call(
            "GET",
            first["@odata.nextLink"].as_str().unwrap(),
            eventual,
            "",
        )
        .await
        .json();
    assert!(second.get("@odata.count").is_none());
    assert_eq!(
        bench.get("/v1.0/users/$count").await.json()["error"]["message"],
        "$count is not currently supported."
    );
    assert_eq!(
        bench
            .call("GET", "/v1.0/users/$count", eventual, "")
            .await
            .body,
        b"39"
    );
    let filtered = bench.get("/v1.0/users?$filter=startswith(displayName,'Al')%20and%20accountEnabled%20eq%20true&$select=displayName").await;
    assert_eq!(
        filtered.json()["value"],
        json!([{ "displayName": "Alex Wilber" }])
    );
    let by_address = bench
        .get(
            "/v1.0/users?$filter=proxyAddresses/any(p:p%20eq%20'smtp:adele.vance@contoso.example')",
        )
        .await;
    assert_eq!(by_address.json()["value"][0]["displayName"], "Adele Vance");
    for (operator, count) in [("eq", 4), ("ne", 35)] {
        let path = format!(
            "/v1.0/users?$count=true&$select=id&$filter=assignedLicenses/$count%20{operator}%200"
        );
        let found = bench.call("GET", &path, eventual, "").await.json();
        assert_eq!(found["@odata.count"], count, "{operator}");
        assert_eq!(bench.get(&path).await.code(), "Request_UnsupportedQuery");
    }
}

#[tokio::test]
async fn numbers_are_filtered_by_all_but_id_and_city() {
    let bench = Bench::new(Scenario::Tour).await;
    let path = "/v1.0/admin/teams/telephoneNumberManagement/numberAssignments";
    let all = bench.get(path).await.json()["value"].clone();
    let row = &all[0];
    for (name, value) in row.as_object().unwrap() {
        let test = match value {
            Value::String(text) => format!("{name} eq '{}'", text.replace('+', "%2B")),
            Value::Null => format!("{name} eq null"),
            _ => format!("not({name}/any(x:x eq 'nothing'))"),
        };
        let found = bench
            .get(&format!("{path}?$filter={}", test.replace(' ', "%20")))
            .await;
        if name == "id" || name == "city" {
            assert_eq!(found.code(), "Request_UnsupportedQuery");
            assert_eq!(
                found.json()["error"]["message"],
                format!(
                    "Unsupported or invalid query filter clause specified for property '{name}' of resource 'NumberAssignment'."
                )
            );
        } else {
            assert_eq!(found.status, 200, "{test}");
            let rows = found.json()["value"].clone();
            assert!(rows.as_array().unwrap().contains(row), "{test}");
        }
    }
}

#[tokio::test]
async fn the_cast_to_users_has_a_short_name() {
    let bench = Bench::new(Scenario::Tour).await;
    let groups = bench
        .get("/v1.0/groups?$filter=displayName%20eq%20'Voice%20users'")
        .await
        .json();
    let id = groups["value"][0]["id"].as_str().unwrap();
    let eventual = "ConsistencyLevel: eventual\r\n";
    for list in ["members", "transitiveMembers"] {
        let path = |cast: &str, rest: &str| format!("/v1.0/groups/{id}/{list}/{cast}{rest}");
        let options = "?$select=id,displayName&$top=30";
        let full = bench.all(&path("microsoft.graph.user", options)).await;
        let short = bench.all(&path("graph.user", options)).await;
        assert_eq!((short.0.len(), short.1), (37, 2));
        assert_eq!(short, full);
        let count = path("graph.user", "/$count");
        assert_eq!(bench.call("GET", &count, eventual, "").await.body, b"37");
        assert_eq!(bench.get(&count).await.status, 400);
    }
}

#[tokio::test]
async fn groups_are_read_flat() {
    let bench = Bench::new(Scenario::Tour).await;
    let found = |name: &str| {
        format!("/v1.0/groups?$filter=displayName%20eq%20'{name}'&$select=id,displayName&$top=2")
    };
    let voice = bench.get(&found("voice%20users")).await.json();
    let id = voice["value"][0]["id"].as_str().unwrap().to_owned();
    let (members, pages) = bench.all(&format!("/v1.0/groups/{id}/transitiveMembers/microsoft.graph.user?$select=id,displayName&$top=30")).await;
    assert_eq!((members.len(), pages), (37, 2));
    assert!(
        members
            .iter()
            .any(|user| user["displayName"] == "Ελένη Παππά"),
        "the nested group counts"
    );
    assert!(
        !members
            .iter()
            .any(|user| user["displayName"] == "Irvin Sayers")
    );
    let bare = bench
        .all(&format!("/v1.0/groups/{id}/transitiveMembers?$select=id"))
        .await
        .0;
    assert!(
        bare.iter()
            .any(|item| item["@odata.type"] == "#microsoft.graph.group")
    );
    assert_eq!(
        bench.get(&found("Sales")).await.json()["value"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    assert_eq!(
        bench.get(&found("bad-group-name")).await.json()["value"],
        json!([])
    );
    let directors = bench.get(&found("Directors")).await.json()["value"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        bench
            .all(&format!(
                "/v1.0/groups/{directors}/transitiveMembers/microsoft.graph.user"
            ))
            .await
            .0
            .is_empty()
    );
    assert_eq!(
        bench
            .get(&format!(
                "/v1.0/groups/{id}/transitiveMembers/microsoft.graph.users"
            ))
            .await
            .status,
        400
    );
    assert_eq!(
        bench
            .get("/v1.0/groups/00000000-0000-4000-8000-000000000000")
            .await
            .code(),
        "Request_ResourceNotFound"
    );
    bench
        .knobs(json!({ "deny_scopes": ["User.Read.All", "User.ReadWrite.All"] }))
        .await;
    let limited = bench
        .get(&format!(
            "/v1.0/groups/{id}/transitiveMembers/microsoft.graph.user?$select=id,displayName&$top=1"
        ))
        .await
        .json();
    assert_eq!(
        limited["value"][0]
            .as_object()
            .unwrap()
            .keys()
            .collect::<Vec<_>>(),
        ["@odata.type", "id"]
    );
}

#[tokio::test]
async fn a_crowd_is_served_packed_and_whole() {
    let bench = Bench::new(Scenario::Size(2_500)).await;
    let select = "$select=id,userPrincipalName,displayName,accountEnabled,assignedLicenses,assignedPlans&$top=999";
    let packed = bench
        .call(
            "GET",
            &format!("/v1.0/users?{select}"),
            "Accept-Encoding: gzip\r\n",
            "",
        )
        .await;
    assert_eq!(packed.header("content-encoding"), Some("gzip"));
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(packed.body.as_slice())
        .read_to_end(&mut text)
        .unwrap();
    let plain = bench.get(&format!("/v1.0/users?{select}")).await;
    let (packed_page, page): (Value, Value) =
        (serde_json::from_slice(&text).unwrap(), plain.json());
    assert_eq!(packed_page, page);
    assert!(
        packed.body.len() * 3 < text.len(),
        "{} of {}",
        packed.body.len(),
        text.len()
    );
    let (users, pages) = bench.all(&format!("/v1.0/users?{select}")).await;
    assert_eq!((users.len(), pages), (2_500, 3));
    let licensed = users
        .iter()
        .filter(|user| user["assignedLicenses"] != json!([]))
        .count();
    assert_eq!(licensed, 2_300);
    let id = users[1_700]["id"].as_str().unwrap();
    assert_eq!(
        bench
            .get(&format!("/v1.0/users?$filter=id%20eq%20'{id}'&$select=id"))
            .await
            .json()["value"],
        json!([{ "id": id }])
    );

    let (_, link) = bench
        .round(
            "/v1.0/users/delta?$select=usageLocation&$deltatoken=latest",
            "",
        )
        .await;
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
    assert_eq!(
        bench.round(&link, "").await.0,
        [json!({ "id": id, "usageLocation": "CH" })]
    );
}

#[tokio::test]
async fn numbers_come_by_skip_or_by_link() {
    let bench = Bench::new(Scenario::Size(1_000)).await;
    let path = "/v1.0/admin/teams/telephoneNumberManagement/numberAssignments";
    let (mut seen, mut skip) = (Vec::new(), 0);
    loop {
        let page = bench
            .get(&format!("{path}?$top=100&$skip={skip}"))
            .await
            .json();
        assert!(page.get("@odata.nextLink").is_none());
        let rows = page["value"].as_array().unwrap().clone();
        let full = rows.len() == 100;
        seen.extend(rows);
        if !full {
            break;
        }
        skip += 100;
    }
    bench.knobs(json!({ "next_link_numbers": true })).await;
    let (linked, _) = bench.all(&format!("{path}?$top=100")).await;
    assert_eq!(linked, seen);
    let (teams, _) = bench
        .all("/v1.0/admin/teams/userConfigurations?$top=999&$select=id,telephoneNumbers")
        .await;
    let held = teams
        .iter()
        .filter(|row| row["telephoneNumbers"] != json!([]))
        .count();
    assert_eq!(
        held,
        seen.iter()
            .filter(|row| row["assignmentTargetId"].is_string())
            .count()
    );
    assert_eq!(bench.get(&format!("{path}?$top=1001")).await.status, 400);
}

#[tokio::test]
async fn a_page_that_is_kept_is_the_same_page_until_something_changes() {
    let bench = Bench::new(Scenario::Size(1_500)).await;
    let page = "/v1.0/users?$top=999&$select=id,displayName,assignedPlans";
    let ask = async || {
        let answer = bench.call("GET", page, "accept-encoding: gzip\r\n", "");
        let answer = answer.await;
        let mut text = String::new();
        let mut packed = flate2::read::GzDecoder::new(&answer.body[..]);
        packed.read_to_string(&mut text).unwrap();
        let names: Vec<_> = answer
            .headers
            .iter()
            .map(|(name, _)| name.clone())
            .collect();
        let body: Value = serde_json::from_str(&text).unwrap();
        (answer.body.len(), body, names)
    };
    let (made, body, names) = ask().await;
    bench.knobs(json!({ "keep_pages": true })).await;
    let first = ask().await;
    assert!(first.0 < made / 2, "{made} and {}", first.0);
    assert_eq!((&first.1, &first.2), (&body, &names));
    assert_eq!(ask().await, first);
    let refused = bench.raw("GET", page, "", "").await.unwrap();
    assert_eq!(refused.status, 401, "a kept page asks for a token, too");
    let id = body["value"][0]["id"].as_str().unwrap();
    let change = r#"{"displayName":"Somebody Else"}"#;
    let path = format!("/v1.0/users/{id}");
    let changed = bench.call("PATCH", &path, "", change).await;
    assert_eq!(changed.status, 204);
    assert_eq!(ask().await.1["value"][0]["displayName"], "Somebody Else");
}
