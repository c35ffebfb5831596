//! Malformed answers, field by field: one record's damage stays that record's, and nothing panics.

use serde_json::{Value, json};

use crate::domain::directory::TeamsUser;
use crate::domain::guid::ObjectId;
use crate::domain::lists::TeamsView;

use super::body::LARGEST_REPLY;
use super::delta::DeltaLink;
use super::error::{DecodeError, GraphError};

use super::testserver::{Said, Stage};

mod texts;

const FIRST: &str = "00000000-0000-0000-0000-000000000001";
const BENT: &str = "00000000-0000-0000-0000-000000000002";
const LAST: &str = "00000000-0000-0000-0000-000000000003";

/// Stands for a text that no JSON value can hold, until it is put there.
const HOLE: &str = "\"@@hole@@\"";

/// What a field is replaced by.
fn damages(old: &Value) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "null",
        "true",
        "false",
        "0",
        "-1",
        "1.5",
        "18446744073709551616",
        "1e300",
        "\"\"",
        "\" \"",
        "[]",
        "{}",
        "[null]",
        "[[],{},7,\"x\",null]",
        "{\"a\":null}",
        "\"\\u0000\"",
        "\"\\u001b[2J\\u202e\"",
        "\"\\ud83d\"",
        "\"\\udc00\\ud800x\"",
        "\"not what it was\"",
    ]
    .iter()
    .map(|text| text.as_bytes().to_vec())
    .collect();
    all.push(format!("\"{}\"", "x".repeat(70_000)).into_bytes());
    all.push(format!("{}{}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes());
    all.push(format!("{}7{}", "{\"a\":".repeat(10_000), "}".repeat(10_000)).into_bytes());
    all.push(b"\"a\xff\xc0b\"".to_vec());
    all.push(format!("[{}]", vec![old.to_string(); 2_000].join(",")).into_bytes());
    all
}

/// Every place in a record, as the keys and positions that lead there.
fn places(record: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match record {
        Value::Object(fields) => fields
            .iter()
            .map(|(k, v)| (k.replace('~', "~0").replace('/', "~1"), v))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(n, v)| (n.to_string(), v))
            .collect(),
        _ => Vec::new(),
    };
    for (key, child) in children {
        let place = format!("{at}/{key}");
        found.push(place.clone());
        places(child, &place, found);
    }
}

/// The record with each of its fields damaged in each way, left out, and told twice.
fn bent(record: &Value) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    places(record, "", &mut found);
    let mut all = vec![
        ("no object".to_owned(), b"7".to_vec()),
        ("no record".to_owned(), b"null".to_vec()),
        ("a list".to_owned(), b"[]".to_vec()),
        ("empty".to_owned(), b"{}".to_vec()),
    ];
    for place in found {
        let old = record.pointer(&place).unwrap().clone();
        let mut holed = record.clone();
        *holed.pointer_mut(&place).unwrap() = json!("@@hole@@");
        let text = holed.to_string();
        let (before, after) = text.split_once(HOLE).unwrap();
        for damage in damages(&old) {
            let name = String::from_utf8_lossy(&damage[..damage.len().min(40)]).into_owned();
            let bytes = [before.as_bytes(), &damage, after.as_bytes()].concat();
            all.push((format!("{place} = {name}"), bytes));
        }
        let (parent, key) = place.rsplit_once('/').unwrap();
        if let Some(fields) = record.pointer(parent).and_then(Value::as_object) {
            let key = key.replace("~1", "/").replace("~0", "~");
            let twice = format!("{old},{}:{old}", Value::from(key.clone()));
            all.push((
                format!("{place} twice"),
                [before, &twice, after].concat().into_bytes(),
            ));
            let mut less = fields.clone();
            less.remove(&key);
            let mut without = record.clone();
            *without.pointer_mut(parent).unwrap() = Value::Object(less);
            all.push((
                format!("{place} left out"),
                without.to_string().into_bytes(),
            ));
        }
    }
    all
}

/// A page of three records, the second of them bent.
fn page(record: &Value, id: &str, bent: &[u8]) -> Vec<u8> {
    let with = |n: &str| {
        let mut record = record.clone();
        record[id] = json!(n);
        record.to_string()
    };
    let (first, last) = (with(FIRST), with(LAST));
    [
        b"{\"value\":[",
        first.as_bytes(),
        b",",
        bent,
        b",",
        last.as_bytes(),
        b"]}",
    ]
    .concat()
}

/// Serves each bent page in its turn, and hands the client over to `read`, which tells what it has of the first and the last.
async fn others_stay<F>(record: Value, id: &'static str, mut read: impl FnMut(Stage) -> F)
where
    F: Future<Output = (Stage, Vec<String>)>,
{
    let mut record = record;
    record[id] = json!(BENT);
    let all = bent(&record);
    let count = all.len();
    let whole = page(&record, id, record.to_string().as_bytes());
    let bodies: Vec<Vec<u8>> = all
        .iter()
        .map(|(_, bent)| page(&record, id, bent))
        .collect();
    let mut stage = Stage::new(move |_, n| {
        let body = if n == 0 { &whole } else { &bodies[n - 1] };
        Said::bytes(200, "application/json", body.clone())
    });
    let expected;
    (stage, expected) = read(stage).await;
    assert_eq!(expected.len(), 2, "{expected:?}");
    for (name, _) in all {
        let found;
        (stage, found) = read(stage).await;
        assert_eq!(found, expected, "{name}");
    }
    assert!(count > 60, "{count}");
}

/// Those of the first and the last record, as they are printed.
fn told<T: std::fmt::Debug>(all: Vec<T>, id: impl Fn(&T) -> Option<ObjectId>) -> Vec<String> {
    let others: [Option<ObjectId>; 2] = [FIRST.parse().ok(), LAST.parse().ok()];
    all.into_iter()
        .filter(|one| others.contains(&id(one)))
        .map(|one| format!("{one:?}"))
        .collect()
}

fn user() -> Value {
    json!({
        "id": BENT, "displayName": "Zoë", "userPrincipalName": "zoe@contoso.com", "mail": "zoe@contoso.com",
        "proxyAddresses": ["SMTP:zoe@contoso.com", "smtp:z@contoso.com"], "accountEnabled": true, "userType": "Member",
        "department": "Sales", "usageLocation": "GB", "onPremisesSyncEnabled": null,
        "assignedLicenses": [{ "skuId": "06ebc4ee-1bb5-47dd-8120-11324bc54e06", "disabledPlans": ["4828c8ec-dc2e-4779-b502-87ac9ce28ab7"] }],
        "assignedPlans": [{ "servicePlanId": "4828c8ec-dc2e-4779-b502-87ac9ce28ab7", "capabilityStatus": "Enabled", "service": "MCO",
            "assignedDateTime": "2026-01-07T09:08:50Z" }],
        "licenseAssignmentStates": [{ "skuId": "06ebc4ee-1bb5-47dd-8120-11324bc54e06", "state": "Active", "error": "None",
            "assignedByGroup": null, "disabledPlans": [], "lastUpdatedDateTime": "2026-01-07T09:08:50Z" }],
    })
}

#[tokio::test]
async fn a_damaged_user_damages_nobody_else() {
    others_stay(user(), "id", async |stage: Stage| {
        let page = stage.client.list_users().next().await.unwrap().unwrap();
        (stage, told(page.users, |user| Some(user.id)))
    })
    .await;
}

#[tokio::test]
async fn a_damaged_change_damages_no_other_change() {
    let mut record = user();
    record["@removed"] = json!({ "reason": "changed" });
    for record in [user(), record] {
        others_stay(record, "id", async |stage: Stage| {
            let since =
                DeltaLink::from_stored(format!("{}/v1.0/users/delta?$deltatoken=t1", stage.root));
            let page = stage
                .client
                .changed_users(&since)
                .next()
                .await
                .unwrap()
                .unwrap();
            let mut all: Vec<String> = page
                .changes
                .iter()
                .map(|change| format!("{change:?}"))
                .collect();
            let is_other = |change: &String| change.contains(FIRST) || change.contains(LAST);
            all.retain(is_other);
            (stage, all)
        })
        .await;
    }
}

#[tokio::test]
async fn a_damaged_teams_user_damages_nobody_else() {
    let record = json!({
        "id": BENT, "userPrincipalName": "a@b", "tenantId": "11111111-2222-3333-4444-555555555555", "accountType": "User",
        "isEnterpriseVoiceEnabled": true, "featureTypes": ["Teams", "PhoneSystem"],
        "telephoneNumbers": [{ "telephoneNumber": "+4412", "assignmentCategory": "primary" }],
        "effectivePolicyAssignments": [{ "policyType": "OnlineVoiceRoutingPolicy",
            "policyAssignment": { "displayName": "UK", "assignmentType": "direct", "policyId": "y", "groupId": "g" } }],
    });
    others_stay(record, "id", async |stage: Stage| {
        let users = stage.client.teams_users().await.unwrap();
        let users = users.iter().map(TeamsView::to_user).collect();
        (stage, told(users, |user: &TeamsUser| Some(user.id)))
    })
    .await;
}

#[tokio::test]
async fn a_damaged_number_damages_no_other_number() {
    let record = json!({
        "telephoneNumber": "+12052582895", "numberType": "directRouting", "numberSource": "online",
        "assignmentStatus": "userAssigned", "assignmentTargetId": BENT, "assignmentCategory": "primary",
        "activationState": "activated", "city": "x", "capability": ["userAssignment"],
    });
    // The inventory is read once and sorted, each number once: what a damaged one leaves is not among the other two.
    let record = |n: u8| {
        let mut record = record.clone();
        record["telephoneNumber"] = json!(format!("+1205258289{n}"));
        record
    };
    let all = bent(&record(5));
    let (first, last) = (record(1).to_string(), record(9).to_string());
    let count = all.len();
    let bodies: Vec<Vec<u8>> = all
        .iter()
        .map(|(_, bent)| {
            [
                b"{\"value\":[",
                first.as_bytes(),
                b",",
                bent.as_slice(),
                b",",
                last.as_bytes(),
                b"]}",
            ]
            .concat()
        })
        .collect();
    let stage = Stage::new(move |_, n| Said::bytes(200, "application/json", bodies[n].clone()));
    for (name, _) in all {
        let numbers = stage.client.numbers().await.unwrap();
        for n in [1, 9] {
            let number = format!("+1205258289{n}");
            let found: Vec<_> = numbers
                .iter()
                .filter(|one| one.number.as_str() == number)
                .collect();
            assert_eq!(found.len(), 1, "{name}");
            assert_eq!(found[0].holder(), BENT.parse().ok(), "{name}");
        }
        assert!(numbers.len() <= 3, "{name}");
    }
    assert!(count > 60);
}

#[tokio::test]
async fn a_damaged_product_damages_no_other_product() {
    let record = json!({
        "skuId": BENT, "skuPartNumber": "SPE_E5", "capabilityStatus": "Enabled", "consumedUnits": 12, "appliesTo": "User",
        "prepaidUnits": { "enabled": 10, "suspended": 1, "warning": 1, "lockedOut": 0 },
        "servicePlans": [{ "servicePlanId": "4828c8ec-dc2e-4779-b502-87ac9ce28ab7", "servicePlanName": "MCOEV",
            "provisioningStatus": "Success", "appliesTo": "User" }],
    });
    others_stay(record, "skuId", async |stage: Stage| {
        let skus = stage.client.subscribed_skus().await.unwrap();
        let is_other = |text: &String| text.contains(FIRST) || text.contains(LAST);
        let all = skus
            .iter()
            .map(|sku| format!("{sku:?}"))
            .filter(is_other)
            .collect();
        (stage, all)
    })
    .await;
}

#[tokio::test]
async fn a_damaged_member_damages_no_other_member() {
    let record = json!({ "@odata.type": "#microsoft.graph.user", "id": BENT, "displayName": "x" });
    others_stay(record, "id", async |stage: Stage| {
        let members = stage
            .client
            .group_members(BENT.parse().unwrap())
            .await
            .unwrap();
        (stage, told(members, |id| Some(*id)))
    })
    .await;
}

/// An error body in any state is an error of its status.
#[tokio::test]
async fn a_damaged_refusal_is_a_refusal() {
    let record = json!({ "error": { "code": "Request_ResourceNotFound", "message": "no such thing",
        "innerError": { "date": "2026-01-07T09:08:50", "request-id": BENT, "client-request-id": BENT },
        "details": [{ "code": "x", "message": "y", "target": "z" }] } });
    let all = bent(&record);
    let bodies: Vec<Vec<u8>> = all.iter().map(|(_, bent)| bent.clone()).collect();
    let stage = Stage::new(move |_, n| {
        Said::bytes(404, "application/json", bodies[n].clone()).with("request-id", BENT)
    });
    for (name, _) in &all {
        let error = stage.client.subscribed_skus().await.unwrap_err();
        assert!(
            matches!(error, GraphError::NotFound { .. }),
            "{name}: {error:?}"
        );
        let failure = error.failure("Reading");
        assert!(failure.detail.len() < 10_000, "{name}");
    }
    assert!(all.len() > 60);
}

#[tokio::test]
async fn json_of_every_kind_is_read_or_refused() {
    assert!(texts::GOOD.len() + texts::BAD.len() > 170);
    let deep =
        |open: &str, close: &str| format!("{}{}", open.repeat(100_000), close.repeat(100_000));
    let (arrays, objects) = (deep("[", "]"), deep("{\"a\":", ""));
    let good = texts::GOOD
        .iter()
        .copied()
        .chain([arrays.as_str()])
        .map(|text| (text, true));
    let bad = texts::BAD
        .iter()
        .copied()
        .chain([objects.as_str()])
        .map(|text| (text, false));
    let all: Vec<(String, bool)> = good
        .chain(bad)
        .map(|(text, is)| (text.to_owned(), is))
        .collect();
    // Where nobody looks, in a field of a user, and as the whole answer.
    let forms = |text: &str| {
        let user = user().to_string();
        [
            format!("{{\"value\":[{user}],\"extra\":{text}}}"),
            format!("{{\"value\":[{user},{{\"id\":\"{LAST}\",\"displayName\":{text}}}]}}"),
            text.to_owned(),
        ]
    };
    let bodies: Vec<String> = all.iter().flat_map(|(text, _)| forms(text)).collect();
    let stage = Stage::new(move |_, n| {
        Said::bytes(200, "application/json", bodies[n].clone().into_bytes())
    });
    for (text, is_json) in &all {
        let text: String = text.chars().take(60).collect();
        for users in [1, 2] {
            let page = stage.client.list_users().next().await;
            assert_eq!(page.is_ok(), *is_json, "{text}: {page:?}");
            if let Ok(page) = page {
                assert_eq!(page.unwrap().users.len(), users, "{text}");
            }
        }
        // No text of these is a page, and none may be taken for an empty one.
        let whole = stage.client.list_users().next().await;
        assert!(whole.is_err(), "{text}: {whole:?}");
    }
}

#[tokio::test]
async fn what_is_too_large_is_refused_compressed_or_not() {
    let body = format!("{{\"value\":[],\"x\":\"{}\"}}", "x".repeat(LARGEST_REPLY));
    let mut packer = libdeflater::Compressor::new(libdeflater::CompressionLvl::default());
    let mut small = vec![0; packer.gzip_compress_bound(body.len())];
    let length = packer.gzip_compress(body.as_bytes(), &mut small).unwrap();
    small.truncate(length);
    assert!(length < LARGEST_REPLY / 2);
    let stage = Stage::new(move |_, n| match n {
        0 => Said::bytes(200, "application/json", body.clone().into_bytes()),
        _ => Said::bytes(200, "application/json", small.clone()).with("Content-Encoding", "gzip"),
    });
    for _ in 0..2 {
        let page = stage.client.list_users().next().await;
        assert!(
            matches!(&page, Err(GraphError::Decode { why: DecodeError::TooLarge { limit }, .. }) if *limit == LARGEST_REPLY),
            "{page:?}"
        );
    }
}
