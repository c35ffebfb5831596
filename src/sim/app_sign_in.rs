//! An application on its own: with a secret, or with an assertion that a certificate signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::access::GRANTED;
use super::entra::{Denial, client, denial};
use super::issue::access_token;
use super::query::{Query, escaped};
use super::token;
use super::wire::Call;
use super::world::World;

/// `grant_type=client_credentials`.
pub(super) fn client_credentials(
    world: &World,
    call: &Call,
    tenant: &str,
    form: &Query,
) -> Result<Value, Denial> {
    if matches!(tenant, "organizations" | "common") {
        return Err(denial(
            "invalid_request",
            9_001_023,
            "The grant type 'client_credentials' is not supported over the /common or /consumers endpoints. Please use the /organizations or tenant-specific endpoint.",
        ));
    }
    let basic = call
        .header("authorization")
        .and_then(|header| header.strip_prefix("Basic "))
        .and_then(|pair| String::from_utf8(STANDARD.decode(pair).ok()?).ok());
    let form = &match basic.as_deref().and_then(|pair| pair.split_once(':')) {
        Some((id, secret)) => Query::read(&format!(
            "client_id={id}&client_secret={secret}&scope={}",
            escaped(form.get("scope").unwrap_or_default())
        )),
        None => form.clone(),
    };
    client(world, form)?;
    prove(world, call, form)?;
    let scope = form.get("scope").unwrap_or_default();
    if !scope.ends_with("/.default") || scope.contains(' ') {
        return Err(denial(
            "invalid_scope",
            1_002_012,
            format!(
                "The provided value for scope {scope} is not valid. Client credential flows must have a scope value with /.default suffixed to the resource identifier (application ID URI)."
            ),
        ));
    }
    let claims = json!({ "roles": GRANTED, "idtyp": "app" });
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": world.knobs.token_seconds,
        "ext_expires_in": world.knobs.token_seconds,
        "access_token": access_token(world, call, claims),
    }))
}

/// The secret, or an assertion made with a certificate. Its signature is taken on trust; its claims are not.
pub(super) fn prove(world: &World, call: &Call, form: &Query) -> Result<(), Denial> {
    let id = &world.tenant.client_id;
    if let Some(assertion) = form.get("client_assertion") {
        return asserted(world, call, assertion);
    }
    match form.get("client_secret") {
        None => Err(denial(
            "invalid_client",
            7_000_218,
            "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
        )),
        Some(secret) if secret == world.tenant.client_secret && !world.knobs.reject_secret => {
            Ok(())
        }
        Some(_) => Err(denial(
            "invalid_client",
            7_000_215,
            format!(
                "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{id}'."
            ),
        )),
    }
}

fn asserted(world: &World, call: &Call, assertion: &str) -> Result<(), Denial> {
    let id = &world.tenant.client_id;
    let wrong = |text: &str| {
        denial(
            "invalid_client",
            700_027,
            format!(
                "The certificate with identifier used to sign the client assertion is not registered on application. {text}"
            ),
        )
    };
    let (header, claims) = token::claims_unverified(assertion).ok_or_else(|| {
        denial(
            "invalid_client",
            50027,
            "JWT token is invalid or malformed.",
        )
    })?;
    if header["x5t#S256"].is_null() && header["x5t"].is_null() {
        return Err(wrong("The header names no certificate."));
    }
    if claims["iss"] != id.as_str()
        || claims["sub"] != id.as_str()
        || !claims["aud"]
            .as_str()
            .is_some_and(|aud| aud.starts_with(&call.base))
    {
        return Err(wrong(
            "Issuer, subject or audience are not those of this request.",
        ));
    }
    if claims["exp"]
        .as_i64()
        .is_none_or(|end| end <= world.now().as_second())
    {
        return Err(denial(
            "invalid_client",
            700_024,
            "Client assertion is not within its valid time range.",
        ));
    }
    Ok(())
}
