//! The simulator as a stranger meets it: over a socket, by a client that knows nothing but HTTP.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Clock, Options, Scenario, SimError, Simulator};

/// An answer, taken apart.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn code(&self) -> String {
        self.json()["error"]["code"].as_str().unwrap().to_owned()
    }
}

/// A simulator with a clock that tests turn, and a client with its token.
struct Bench {
    simulator: Simulator,
    seconds: Arc<AtomicI64>,
    token: Mutex<String>,
}

fn clock(seconds: &Arc<AtomicI64>) -> Clock {
    let seconds = Arc::clone(seconds);
    let start: Timestamp = "2026-11-20T09:00:00Z".parse().unwrap();
    Arc::new(move || start + SignedDuration::from_secs(seconds.load(Ordering::SeqCst)))
}

async fn started(
    scenario: Scenario,
    state_dir: Option<&Path>,
    seconds: &Arc<AtomicI64>,
) -> Simulator {
    let options = Options {
        scenario,
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        state_dir: state_dir.map(Path::to_owned),
        clock: clock(seconds),
    };
    Simulator::start(options).await.unwrap()
}

impl Bench {
    async fn new(scenario: Scenario) -> Self {
        Self::kept(scenario, None).await
    }

    async fn kept(scenario: Scenario, state_dir: Option<&Path>) -> Self {
        let seconds = Arc::new(AtomicI64::new(0));
        let simulator = started(scenario, state_dir, &seconds).await;
        let bench = Self {
            simulator,
            seconds,
            token: Mutex::new(String::new()),
        };
        bench.sign_in().await;
        bench
    }

    async fn sign_in(&self) {
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}&scope=https%3A%2F%2Fgraph.microsoft.com%2F.default",
            self.simulator.client_id(),
            self.simulator.client_secret()
        );
        let answer = self
            .form(
                &format!("/{}/oauth2/v2.0/token", self.simulator.tenant_id()),
                &form,
            )
            .await;
        assert_eq!(
            answer.status,
            200,
            "{:?}",
            String::from_utf8_lossy(&answer.body)
        );
        let body = answer.json();
        assert!(body.get("refresh_token").is_none());
        *self.token.lock().unwrap() = body["access_token"].as_str().unwrap().to_owned();
    }

    async fn form(&self, path: &str, form: &str) -> Answer {
        let headers = "Content-Type: application/x-www-form-urlencoded\r\n";
        self.raw("POST", path, headers, form).await.unwrap()
    }

    async fn raw(
        &self,
        method: &str,
        path: &str,
        headers: &str,
        body: &str,
    ) -> std::io::Result<Answer> {
        let address = self.simulator.addr();
        let path = path
            .strip_prefix(&self.simulator.base_url())
            .unwrap_or(path);
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {}\r\n{headers}\r\n{body}",
            body.len()
        );
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(request.as_bytes()).await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        taken_apart(&bytes)
    }

    async fn call(&self, method: &str, path: &str, more: &str, body: &str) -> Answer {
        let token = self.token.lock().unwrap().clone();
        let headers =
            format!("Authorization: Bearer {token}\r\nContent-Type: application/json\r\n{more}");
        self.raw(method, path, &headers, body).await.unwrap()
    }

    async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, "", "").await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call("POST", path, "", &body.to_string()).await
    }

    /// All items of a list, following its links.
    async fn all(&self, path: &str) -> (Vec<Value>, usize) {
        let (mut items, mut pages, mut next) = (Vec::new(), 0, path.to_owned());
        loop {
            let answer = self.get(&next).await;
            assert_eq!(
                answer.status,
                200,
                "{next}: {}",
                String::from_utf8_lossy(&answer.body)
            );
            let page = answer.json();
            pages += 1;
            items.extend(page["value"].as_array().unwrap().iter().cloned());
            match page["@odata.nextLink"].as_str() {
                Some(link) => {
                    assert!(link.starts_with(&self.simulator.base_url()), "{link}");
                    link.clone_into(&mut next);
                }
                None => return (items, pages),
            }
        }
    }

    /// One round of delta: its items, and the link for the next.
    async fn round(&self, path: &str, headers: &str) -> (Vec<Value>, String) {
        let (mut items, mut next) = (Vec::new(), path.to_owned());
        loop {
            let answer = self.call("GET", &next, headers, "").await;
            assert_eq!(
                answer.status,
                200,
                "{next}: {}",
                String::from_utf8_lossy(&answer.body)
            );
            let page = answer.json();
            items.extend(page["value"].as_array().unwrap().iter().cloned());
            assert_ne!(
                page["@odata.nextLink"].is_null(),
                page["@odata.deltaLink"].is_null()
            );
            if let Some(link) = page["@odata.deltaLink"].as_str() {
                return (items, link.to_owned());
            }
            page["@odata.nextLink"]
                .as_str()
                .unwrap()
                .clone_into(&mut next);
        }
    }

    async fn knobs(&self, knobs: Value) {
        let answer = self.post("/_sim/knobs", &knobs).await;
        assert_eq!(
            answer.status,
            200,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
    }

    async fn id_of(&self, upn: &str) -> String {
        self.get(&format!("/v1.0/users/{upn}@contoso.example"))
            .await
            .json()["id"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

fn taken_apart(bytes: &[u8]) -> std::io::Result<Answer> {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .ok_or(std::io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines
        .next()
        .unwrap()
        .split(' ')
        .nth(1)
        .unwrap()
        .parse()
        .unwrap();
    let headers: Vec<(String, String)> = lines
        .map(|line| line.split_once(": ").unwrap())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let body = bytes[end + 4..].to_vec();
    let answer = Answer {
        status,
        headers,
        body,
    };
    let length: usize = answer
        .header("content-length")
        .map_or(0, |length| length.parse().unwrap());
    if answer.body.len() < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(answer)
}

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
}

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
async fn a_person_signs_in_with_a_code_and_stays_signed_in() {
    let bench = Bench::new(Scenario::Tour).await;
    let client = bench.simulator.client_id().to_owned();
    let scope = "openid%20profile%20offline_access%20https%3A%2F%2Fgraph.microsoft.com%2FUser.Read";
    let code = bench
        .form(
            "/organizations/oauth2/v2.0/devicecode",
            &format!("client_id={client}&scope={scope}"),
        )
        .await
        .json();
    assert_eq!(code["expires_in"], 900);
    let poll = format!(
        "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id={client}&device_code={}",
        code["device_code"].as_str().unwrap()
    );
    let token = "/organizations/oauth2/v2.0/token";
    let pending = bench.form(token, &poll).await;
    assert_eq!(
        (pending.status, pending.json()["error"].as_str()),
        (400, Some("authorization_pending"))
    );
    assert_eq!(pending.json()["error_codes"], json!([70016]));
    let granted = bench.form(token, &poll).await.json();
    assert!(granted["id_token"].is_string());
    bench
        .token
        .lock()
        .unwrap()
        .clone_from(&granted["access_token"].as_str().unwrap().to_owned());
    assert_eq!(
        bench.get("/v1.0/me").await.json()["userPrincipalName"],
        "admin@contoso.example"
    );
    assert_eq!(
        bench.get("/v1.0/users").await.code(),
        "Authorization_RequestDenied"
    );
    let gateway = bench.get("/v1.0/admin/teams/userConfigurations").await;
    assert_eq!(
        (gateway.status, gateway.code().as_str()),
        (403, "forbidden")
    );

    let renew = |refresh: &Value| {
        format!(
            "grant_type=refresh_token&client_id={client}&refresh_token={}",
            refresh.as_str().unwrap()
        )
    };
    let old = renew(&granted["refresh_token"]);
    let second = bench.form(token, &old).await.json();
    assert_ne!(second["refresh_token"], granted["refresh_token"]);
    assert_eq!(
        bench.form(token, &old).await.status,
        200,
        "the old one is accepted once more"
    );
    assert_eq!(
        bench.form(token, &old).await.json()["error"],
        "invalid_grant"
    );
    assert_eq!(
        bench
            .form(token, &renew(&second["refresh_token"]))
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn sign_ins_fail_as_entra_says() {
    let bench = Bench::new(Scenario::OtherTenant).await;
    let tenant = bench.simulator.tenant_id().to_owned();
    let client = bench.simulator.client_id().to_owned();
    let form = format!(
        "grant_type=client_credentials&client_id={client}&client_secret=wrong&scope=https://graph.microsoft.com/.default"
    );
    let answer = bench
        .form(&format!("/{tenant}/oauth2/v2.0/token"), &form)
        .await;
    assert_eq!(
        (answer.status, answer.json()["error_codes"].clone()),
        (401, json!([7_000_215]))
    );
    let stranger = form.replace(&client, "00000000-0000-4000-8000-000000000000");
    assert_eq!(
        bench
            .form(&format!("/{tenant}/oauth2/v2.0/token"), &stranger)
            .await
            .json()["error"],
        "unauthorized_client"
    );
    let elsewhere = bench
        .form(
            "/11111111-2222-4333-8444-555555555555/oauth2/v2.0/token",
            &form,
        )
        .await
        .json();
    assert_eq!(elsewhere["error_codes"], json!([90002]));
    assert_eq!(
        bench
            .form("/fabrikam.example/oauth2/v2.0/token", &form)
            .await
            .json()["error"],
        "invalid_client"
    );
    bench.seconds.store(3599, Ordering::SeqCst);
    let expired = bench.get("/v1.0/organization").await;
    assert_eq!(
        expired.json()["error"]["message"],
        "Lifetime validation failed, the token is expired."
    );
}

#[tokio::test]
async fn a_browser_comes_back_with_a_code_that_works_once() {
    let bench = Bench::new(Scenario::Tour).await;
    let client = bench.simulator.client_id().to_owned();
    // The pair of RFC 7636, appendix B.
    let query = "response_type=code&redirect_uri=http%3A%2F%2Flocalhost%3A4711%2Fback&scope=User.Read%20openid&state=s%201&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let answer = bench
        .raw(
            "GET",
            &format!("/organizations/oauth2/v2.0/authorize?client_id={client}&{query}"),
            "",
            "",
        )
        .await
        .unwrap();
    assert_eq!(answer.status, 302);
    let location = answer.header("location").unwrap();
    assert!(
        location.starts_with("http://localhost:4711/back?code=")
            && location.ends_with("&state=s%201"),
        "{location}"
    );
    let code = location
        .split("code=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let redeem = |verifier: &str| {
        format!(
            "grant_type=authorization_code&client_id={client}&code={code}&redirect_uri=http%3A%2F%2Flocalhost%3A4711%2Fback&code_verifier={verifier}"
        )
    };
    let granted = bench
        .form(
            "/organizations/oauth2/v2.0/token",
            &redeem("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        )
        .await;
    assert_eq!(granted.status, 200);
    let again = bench
        .form(
            "/organizations/oauth2/v2.0/token",
            &redeem("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        )
        .await;
    assert_eq!(again.json()["error_codes"], json!([54005]));
}

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
