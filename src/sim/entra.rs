//! Entra ID: discovery, the ways to sign in, and the tokens that come of them.
//!
//! The account that signs in is the scenario's; it agrees to everything, unless a knob says otherwise.

use serde_json::{Value, json};

use super::access::{DELEGATED_ONLY, GRANTED};
use super::query::{Query, escaped};
use super::wire::{Call, Payload, Reply};
use super::world::World;
use super::{app_sign_in, chance, sign_in};

/// Why a token is not given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Denial {
    error: &'static str,
    number: u32,
    text: String,
}

/// A denial with its AADSTS number.
pub(super) fn denial(error: &'static str, number: u32, text: impl Into<String>) -> Denial {
    Denial {
        error,
        number,
        text: text.into(),
    }
}

/// Everything that is not Graph.
pub(super) fn route(world: &mut World, call: &Call, path: &[&str]) -> Reply {
    match (call.method.as_str(), path) {
        ("GET", [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            match known(world, tenant) {
                Ok(()) => discovery(world, call, tenant),
                Err(denial) => refused(world, call, &denial),
            }
        }
        ("GET", [_, "discovery", "v2.0", "keys"]) => Reply::value(&json!({ "keys": [] })),
        ("POST", [tenant, "oauth2", "v2.0", "devicecode"]) => {
            answered(world, call, tenant, sign_in::device_code)
        }
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => answered(world, call, tenant, token),
        ("GET", [tenant, "oauth2", "v2.0", "authorize"]) => {
            match known(world, tenant).and_then(|()| sign_in::authorize(world, call)) {
                Ok(reply) => reply,
                Err(denial) => page(
                    400,
                    &format!(
                        "Sorry, but we're having trouble signing you in. AADSTS{}: {}",
                        denial.number, denial.text
                    ),
                ),
            }
        }
        ("GET", [_, "adminconsent"]) => admin_consent(world, call),
        ("GET", ["devicelogin"]) => page(
            200,
            "The simulated tenant approves the code by itself. You can go back to your terminal.",
        ),
        _ => page(404, "There is nothing here."),
    }
}

fn answered(
    world: &mut World,
    call: &Call,
    tenant: &str,
    by: fn(&mut World, &Call, &str, &Query) -> Result<Value, Denial>,
) -> Reply {
    let form = Query::read(&String::from_utf8_lossy(&call.body));
    match known(world, tenant).and_then(|()| by(world, call, tenant, &form)) {
        Ok(value) => {
            if world.knobs.remember_secrets {
                let names = ["access_token", "refresh_token", "id_token", "device_code"];
                let secrets = names.iter().filter_map(|name| value[*name].as_str());
                world.issued.extend(secrets.map(str::to_owned));
            }
            Reply::value(&value)
        }
        Err(denial) => refused(world, call, &denial),
    }
}

fn refused(world: &World, call: &Call, denial: &Denial) -> Reply {
    let at = world.now().strftime("%Y-%m-%d %H:%M:%SZ").to_string();
    let correlation = call
        .header("client-request-id")
        .map_or_else(chance::guid, str::to_owned);
    let Denial {
        error,
        number,
        text,
    } = denial;
    let status = if *error == "invalid_client" { 401 } else { 400 };
    Reply::json(
        status,
        &json!({
            "error": error,
            "error_description": format!("AADSTS{number}: {text}\r\nTrace ID: {}\r\nCorrelation ID: {correlation}\r\nTimestamp: {at}", call.id),
            "error_codes": [number],
            "timestamp": at,
            "trace_id": call.id,
            "correlation_id": correlation,
            "error_uri": format!("{}/error?code={number}", call.base),
        }),
    )
}

pub(super) fn page(status: u16, text: &str) -> Reply {
    let page = format!(
        "<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>{text}</p></body></html>"
    );
    Reply {
        payload: Payload::Html(page),
        ..Reply::empty(status)
    }
}

fn known(world: &World, tenant: &str) -> Result<(), Denial> {
    let ours = [&world.tenant.id, world.tenant_id()]
        .iter()
        .any(|id| id.eq_ignore_ascii_case(tenant))
        || world
            .tenant
            .domains
            .iter()
            .any(|domain| domain.eq_ignore_ascii_case(tenant));
    if ours || matches!(tenant, "organizations" | "common") {
        Ok(())
    } else {
        Err(denial(
            "invalid_request",
            90002,
            format!(
                "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
            ),
        ))
    }
}

fn discovery(world: &World, call: &Call, tenant: &str) -> Reply {
    let issuer = if matches!(tenant, "organizations" | "common") {
        "{tenantid}"
    } else {
        world.tenant_id()
    };
    let base = &call.base;
    Reply::value(&json!({
        "issuer": format!("{base}/{issuer}/v2.0"),
        "authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/{tenant}/oauth2/v2.0/token"),
        "device_authorization_endpoint": format!("{base}/{tenant}/oauth2/v2.0/devicecode"),
        "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "response_types_supported": ["code", "id_token", "code id_token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "tenant_region_scope": "EU",
    }))
}

/// The application that asks, if it is known here.
pub(super) fn client(world: &World, form: &Query) -> Result<String, Denial> {
    let id = form.get("client_id").ok_or_else(|| {
        denial(
            "invalid_request",
            900_144,
            "The request body must contain the following parameter: 'client_id'.",
        )
    })?;
    if id.eq_ignore_ascii_case(&world.tenant.client_id) {
        return Ok(world.tenant.client_id.clone());
    }
    Err(denial(
        "unauthorized_client",
        700_016,
        format!(
            "Application with identifier '{id}' was not found in the directory '{}'.",
            world.tenant.name
        ),
    ))
}

/// What an administrator has consented to for people.
fn consented() -> impl Iterator<Item = &'static str> {
    DELEGATED_ONLY.iter().chain(GRANTED).copied()
}

/// The permissions in a list of scopes, without the prefix of Graph. What has not been consented to is not given.
pub(super) fn scopes(text: &str) -> Result<Vec<String>, Denial> {
    let mut all = Vec::new();
    for scope in text.split_whitespace() {
        let name = match scope.rsplit_once('/') {
            Some((_, name)) => name,
            None => scope,
        };
        if name == ".default" {
            all.extend(consented().map(str::to_owned));
        } else if matches!(name, "openid" | "profile" | "email" | "offline_access")
            || consented().any(|known| known.eq_ignore_ascii_case(name))
            || known_scope(name)
        {
            all.push(name.to_owned());
        } else {
            return Err(denial(
                "invalid_scope",
                70011,
                format!(
                    "The provided request must include a 'scope' input parameter. The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
                ),
            ));
        }
    }
    if all.is_empty() {
        return Err(denial(
            "invalid_request",
            900_144,
            "The request body must contain the following parameter: 'scope'.",
        ));
    }
    all.dedup();
    Ok(all)
}

/// Permissions of Graph that the application may ask people for, beside those that it has.
fn known_scope(name: &str) -> bool {
    const MORE: &[&str] = &[
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "Group.Read.All",
        "Group.ReadBasic.All",
        "GroupMember.ReadBasic.All",
        "Member.Read.Hidden",
        "User.ReadBasic.All",
        "User-Phone.ReadWrite.All",
        "AuditLog.Read.All",
        "TeamsPolicyUserAssign.ReadWrite.All",
    ];
    MORE.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn token(world: &mut World, call: &Call, tenant: &str, form: &Query) -> Result<Value, Denial> {
    match form.get("grant_type").unwrap_or_default() {
        "client_credentials" => app_sign_in::client_credentials(world, call, tenant, form),
        "urn:ietf:params:oauth:grant-type:device_code" => sign_in::poll(world, call, tenant, form),
        "refresh_token" => sign_in::refresh(world, call, form),
        "authorization_code" => sign_in::redeem(world, call, form),
        "" => Err(denial(
            "invalid_request",
            900_144,
            "The request body must contain the following parameter: 'grant_type'.",
        )),
        other => Err(denial(
            "unsupported_grant_type",
            70003,
            format!("The app requested an unsupported grant type '{other}'."),
        )),
    }
}

fn admin_consent(world: &World, call: &Call) -> Reply {
    let redirect = call.query.get("redirect_uri").unwrap_or_default();
    let state = call
        .query
        .get("state")
        .map(|state| format!("&state={}", escaped(state)))
        .unwrap_or_default();
    if redirect.is_empty() {
        return page(200, "The administrator has consented.");
    }
    Reply::empty(302).with(
        "Location",
        format!(
            "{redirect}?tenant={}{state}&admin_consent=True",
            world.tenant_id()
        ),
    )
}
