//! Tokens as they are handed out.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::chance;
use super::entra::{Denial, denial};
use super::person::Person;
use super::query::Query;
use super::token::{self, RefreshToken};
use super::wire::Call;
use super::world::World;

const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// What a person has agreed to, for which application.
#[derive(Clone, Debug)]
pub(super) struct Consent {
    pub client: String,
    /// What the access token carries.
    pub scope: Vec<String>,
    /// What was agreed to before, and stays so where less is asked for now.
    pub before: Vec<String>,
    /// Comes back in the id token.
    pub nonce: Option<String>,
}

/// The tenant that tokens say they are for.
fn tenant_told(world: &World) -> &str {
    let bent = world.knobs.token_tenant.as_deref();
    bent.unwrap_or_else(|| world.tenant_id())
}

/// An access token for Graph.
pub(super) fn access_token(world: &World, call: &Call, claims: Value) -> String {
    let now = world.now().as_second();
    let mut all = json!({
        "aud": GRAPH,
        "iss": format!("{}/{}/", call.base, tenant_told(world)),
        "tid": tenant_told(world),
        "appid": world.tenant.client_id,
        "iat": now, "nbf": now,
        "exp": now + world.knobs.token_seconds,
        "epoch": world.knobs.token_epoch,
        "uti": chance::hex::<8>(),
        "fulfilled": Query::read(&String::from_utf8_lossy(&call.body)).get("claims"),
        "ver": "1.0",
    });
    if let (Value::Object(all), Value::Object(claims)) = (&mut all, claims) {
        all.extend(claims);
    }
    token::signed(&world.tenant.key, &all)
}

/// Tokens for the person who signs in.
pub(super) fn delegated(
    world: &mut World,
    call: &Call,
    form: &Query,
    consent: Consent,
) -> Result<Value, Denial> {
    let Consent {
        client,
        scope,
        before,
        nonce,
    } = consent;
    let person = whoever_signs_in(world)?;
    let permissions: Vec<&str> = scope
        .iter()
        .map(String::as_str)
        .filter(|scope| scope.contains('.'))
        .collect();
    let access = access_token(
        world,
        call,
        json!({ "oid": person.id, "upn": person.upn, "scp": permissions.join(" "), "idtyp": "user" }),
    );
    let shown: Vec<String> = scope.iter().map(|scope| spelled(scope)).collect();
    let mut answer = json!({
        "token_type": "Bearer",
        "scope": shown.join(" "),
        "expires_in": world.knobs.token_seconds,
        "ext_expires_in": world.knobs.token_seconds,
        "access_token": access,
    });
    let has = |wanted: &str| scope.iter().any(|scope| scope == wanted);
    if has("openid") {
        answer["id_token"] = id_token(world, call, &client, nonce.as_deref())?.into();
    }
    if form.get("client_info") == Some("1") {
        answer["client_info"] = URL_SAFE_NO_PAD
            .encode(json!({ "uid": person.id, "utid": world.tenant_id() }).to_string())
            .into();
    }
    if has("offline_access") {
        let mut agreed = before;
        agreed.extend(scope);
        agreed.sort_unstable();
        agreed.dedup();
        let refresh = token::opaque("1.AR");
        world.tenant.refresh.insert(
            token::digest(&refresh),
            RefreshToken {
                client,
                scope: agreed,
                uses: 0,
            },
        );
        answer["refresh_token"] = refresh.into();
    }
    world.note_change();
    Ok(answer)
}

/// Permissions come back with the resource that they are of.
fn spelled(scope: &str) -> String {
    if scope.contains('.') {
        format!("https://graph.microsoft.com/{scope}")
    } else {
        scope.to_owned()
    }
}

fn whoever_signs_in(world: &World) -> Result<Person, Denial> {
    let other = world.knobs.signs_in.as_deref();
    let who = other.unwrap_or(&world.tenant.signed_in);
    let person = world.tenant.find(who).ok_or_else(|| {
        denial(
            "invalid_grant",
            50034,
            "The user account does not exist in the directory.",
        )
    })?;
    if person.enabled {
        Ok(person.into_owned())
    } else {
        Err(denial(
            "invalid_grant",
            50057,
            "The user account is disabled.",
        ))
    }
}

fn id_token(
    world: &World,
    call: &Call,
    client: &str,
    nonce: Option<&str>,
) -> Result<String, Denial> {
    let person = whoever_signs_in(world)?;
    let now = world.now().as_second();
    let tenant = tenant_told(world);
    let claims = json!({
        "aud": client, "iss": format!("{}/{tenant}/v2.0", call.base), "tid": tenant, "oid": person.id,
        "sub": token::digest(&person.id), "preferred_username": person.upn, "name": person.name, "nonce": nonce,
        "iat": now, "nbf": now, "exp": now + 3600, "ver": "2.0",
    });
    Ok(token::signed(&world.tenant.key, &claims))
}
