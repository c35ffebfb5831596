//! The organisation: the one entity that tells which tenant answers.

use serde_json::{Value, json};

use super::wire::{Call, Refusal, Reply};
use super::world::World;

/// `GET /organization`.
pub(super) fn list(world: &World, call: &Call) -> Reply {
    let names = call.query.names("$select");
    let context = if names.is_empty() {
        String::new()
    } else {
        format!("({})", names.join(","))
    };
    Reply::value(&json!({
        "@odata.context": format!("{}/v1.0/$metadata#organization{context}", call.base),
        "value": [the_organization(world, call)],
    }))
}

/// `GET /organization/{id}`.
pub(super) fn one(world: &World, call: &Call, id: &str) -> Result<Reply, Refusal> {
    if id.eq_ignore_ascii_case(world.tenant_id()) {
        Ok(Reply::value(&the_organization(world, call)))
    } else {
        Err(Refusal::no_resource(id))
    }
}

fn the_organization(world: &World, call: &Call) -> Value {
    let tenant = &world.tenant;
    let domains: Vec<Value> = tenant
        .domains
        .iter()
        .zip(0..)
        .map(|(domain, place)| {
            json!({
                "capabilities": "Email, OfficeCommunicationsOnline", "isDefault": place == 0, "isInitial": place == 1,
                "name": domain, "type": "Managed",
            })
        })
        .collect();
    let all = json!({
        "id": world.tenant_id(),
        "displayName": tenant.name,
        "countryLetterCode": tenant.country,
        "defaultUsageLocation": null,
        "onPremisesSyncEnabled": tenant.sync_enabled,
        "onPremisesLastSyncDateTime": tenant.last_sync.map(|at| at.to_string()),
        "tenantType": "AAD",
        "verifiedDomains": domains,
        "createdDateTime": "2019-03-04T10:11:12Z",
        "city": null, "country": null, "businessPhones": [], "technicalNotificationMails": [],
    });
    let names = call.query.names("$select");
    match all {
        Value::Object(all) if !names.is_empty() => all
            .into_iter()
            .filter(|(key, _)| names.iter().any(|name| name.eq_ignore_ascii_case(key)))
            .collect(),
        all => all,
    }
}
