//! `$batch`: up to twenty calls in one, each answered and throttled on its own.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::wire::{Call, Refusal, Reply};
use super::world::{Sent, World};

const MOST: usize = 20;

/// Answers a batch.
pub(super) fn answer(world: &mut World, call: &Call) -> Result<Reply, Refusal> {
    if call.method != "POST" {
        return Err(Refusal::new(
            405,
            "BadRequest",
            "Only POST is allowed for $batch.",
        ));
    }
    let body = call.object()?;
    let wrong = |message: &str| Refusal::new(400, "BadRequest", message);
    let items = body
        .get("requests")
        .and_then(Value::as_array)
        .ok_or_else(|| wrong("Invalid batch payload format."))?;
    if items.len() > MOST {
        return Err(wrong(
            "Number of batch request steps exceeds the maximum value of 20.",
        ));
    }
    let mut ids = BTreeSet::new();
    let mut calls = Vec::new();
    for item in items {
        let id =
            text(item, "id").ok_or_else(|| wrong("Each batch request step must have an id."))?;
        if !ids.insert(id.to_lowercase()) {
            return Err(wrong("Request id has to be unique in a batch."));
        }
        let inner = inner(call, item).ok_or_else(|| {
            wrong("Each batch request step must have a method and a relative url.")
        })?;
        calls.push((id.to_owned(), inner, names(&item["dependsOn"])));
    }
    let mut statuses: BTreeMap<String, u16> = BTreeMap::new();
    let mut responses = Vec::new();
    for (id, inner, depends) in calls {
        let failed = depends
            .iter()
            .any(|other| statuses.get(other).is_none_or(|status| *status >= 400));
        let outcome = if failed {
            Err(Refusal::new(
                424,
                "FailedDependency",
                "The request failed because it depended on another request that failed.",
            ))
        } else {
            world.answer_item(&inner)
        };
        let sent = world.sent(&inner, outcome, None);
        statuses.insert(id.clone(), sent.status);
        responses.push(response(&id, sent));
    }
    Ok(Reply::value(&json!({ "responses": responses })))
}

fn inner(call: &Call, item: &Value) -> Option<Call> {
    let url = text(item, "url").filter(|url| !url.contains("://"))?;
    let version = call.path.first()?;
    let mut inner = Call::new(
        text(item, "method")?,
        &format!("/{version}/{}", url.trim_start_matches('/')),
        call.base.clone(),
    );
    inner.headers = item["headers"]
        .as_object()
        .into_iter()
        .flatten()
        .filter_map(|(name, value)| Some((name.to_lowercase(), value.as_str()?.to_owned())))
        // A batch is packed as a whole, and carries one token for all.
        .filter(|(name, _)| name != "accept-encoding" && name != "authorization")
        .collect();
    inner.headers.extend(
        call.header("authorization")
            .map(|token| ("authorization".to_owned(), token.to_owned())),
    );
    if !item["body"].is_null() {
        inner.body = item["body"].to_string().into_bytes();
    }
    // A batch within a batch is not taken.
    (!inner.path.iter().any(|part| part == "$batch")).then_some(inner)
}

fn response(id: &str, sent: Sent) -> Value {
    let mut headers = Map::new();
    for (name, value) in sent.headers {
        if !matches!(
            name,
            "Date" | "request-id" | "client-request-id" | "x-ms-resource-unit"
        ) {
            headers.insert(name.to_owned(), value.into());
        }
    }
    let mut response = json!({ "id": id, "status": sent.status, "headers": headers });
    if !sent.body.is_empty() {
        response["body"] = serde_json::from_slice(&sent.body)
            .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&sent.body).into_owned()));
    }
    response
}

fn text<'a>(item: &'a Value, name: &str) -> Option<&'a str> {
    item.get(name).and_then(Value::as_str)
}

fn names(value: &Value) -> Vec<String> {
    value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}
