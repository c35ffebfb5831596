//! The ways in which a person signs in: a code on another device, a browser, and a refresh token later.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::app_sign_in::prove;
use super::entra::{Denial, client, denial, scopes};
use super::issue::{Consent, delegated};
use super::query::{Query, escaped};
use super::wire::{Call, Reply};
use super::world::World;
use super::{chance, token};

const DEVICE_SECONDS: i64 = 900;
const CODE_SECONDS: i64 = 600;

/// A sign-in on another device, under way.
#[derive(Clone, Debug)]
pub(super) struct DeviceCode {
    client: String,
    /// As the address named it: a poll has to name it likewise.
    tenant: String,
    scope: Vec<String>,
    polls: usize,
    until: Timestamp,
}

/// A sign-in in a browser, finished there and not yet redeemed.
#[derive(Clone, Debug)]
pub(super) struct AuthorizationCode {
    client: String,
    scope: Vec<String>,
    redirect: String,
    challenge: Option<String>,
    nonce: Option<String>,
    until: Timestamp,
}

/// `POST /devicecode`.
pub(super) fn device_code(
    world: &mut World,
    call: &Call,
    tenant: &str,
    form: &Query,
) -> Result<Value, Denial> {
    let client = client(world, form)?;
    let scope = scopes(form.get("scope").unwrap_or_default())?;
    let tenant = tenant.to_ascii_lowercase();
    let code = token::opaque("D");
    let user_code: String = chance::hex::<5>().to_uppercase()[..9].to_owned();
    let until = world.now() + SignedDuration::from_secs(DEVICE_SECONDS);
    world.devices.insert(
        token::digest(&code),
        DeviceCode {
            client,
            tenant,
            scope,
            polls: 0,
            until,
        },
    );
    let address = format!("{}/devicelogin", call.base);
    Ok(json!({
        "device_code": code,
        "user_code": user_code,
        "verification_uri": address,
        "expires_in": DEVICE_SECONDS,
        "interval": 5,
        "message": format!("To sign in, use a web browser to open the page {address} and enter the code {user_code} to authenticate."),
    }))
}

/// A poll for a code on another device: told what the script says.
pub(super) fn poll(
    world: &mut World,
    call: &Call,
    tenant: &str,
    form: &Query,
) -> Result<Value, Denial> {
    let client = client(world, form)?;
    let key = token::digest(form.get("device_code").unwrap_or_default());
    let now = world.now();
    let script = world.knobs.device_polls.clone();
    let code = world
        .devices
        .get_mut(&key)
        .filter(|code| code.client == client && code.tenant.eq_ignore_ascii_case(tenant))
        .ok_or_else(unknown_code)?;
    if now >= code.until {
        return Err(denial(
            "expired_token",
            70019,
            "The device code has expired. Authorization failed: it took too long.",
        ));
    }
    let told = script
        .get(code.polls)
        .or(script.last())
        .map_or("approve", String::as_str);
    code.polls += 1;
    let scope = code.scope.clone();
    if told != "approve" {
        return Err(told_off(told));
    }
    world.devices.remove(&key);
    let consent = Consent {
        client,
        scope,
        before: Vec::new(),
        nonce: None,
    };
    delegated(world, call, form, consent)
}

fn unknown_code() -> Denial {
    denial(
        "bad_verification_code",
        70018,
        "The device code that was sent is not known.",
    )
}

/// What a poll is told that brings no token.
fn told_off(told: &str) -> Denial {
    match told {
        "slow_down" => denial("slow_down", 70016, "Polling too fast."),
        "authorization_declined" | "declined" => denial(
            "authorization_declined",
            70020,
            "The end user denied the authorization request.",
        ),
        "access_denied" => denial(
            "access_denied",
            70020,
            "The end user denied the authorization request.",
        ),
        "expired_token" | "expired" => {
            denial("expired_token", 70019, "The device code has expired.")
        }
        "bad_verification_code" => unknown_code(),
        // The one bars every way in, the other the code alone.
        "blocked" | "policy" => denial(
            "invalid_grant",
            53003,
            "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        ),
        "unmanaged" => denial(
            "access_denied",
            530_033,
            "Your administrator has required that the device be managed to use this authentication flow.",
        ),
        _ => denial(
            "authorization_pending",
            70016,
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        ),
    }
}

/// A refresh token for new tokens, and a successor of its own.
pub(super) fn refresh(world: &mut World, call: &Call, form: &Query) -> Result<Value, Denial> {
    let client = client(world, form)?;
    if form.get("client_secret").is_some() {
        prove(world, call, form)?;
    }
    let key = token::digest(form.get("refresh_token").unwrap_or_default());
    let known = world
        .tenant
        .refresh
        .get_mut(&key)
        .filter(|known| known.client == client);
    let Some(known) = known else {
        return Err(denial(
            "invalid_grant",
            9_002_313,
            "Invalid request. Request is malformed or invalid.",
        ));
    };
    if world.knobs.claims_need_person && form.get("claims").is_some() {
        return Err(denial(
            "interaction_required",
            50076,
            "Due to a configuration change made by your administrator, or because you moved to a new location, you must use multi-factor authentication.",
        ));
    }
    if known.uses >= world.knobs.refresh_uses {
        return Err(denial(
            "invalid_grant",
            70000,
            "The provided value for the input parameter 'refresh_token' is not valid. It was replaced by another.",
        ));
    }
    known.uses = known.uses.saturating_add(1);
    let consented = known.scope.clone();
    let scope = match form.get("scope") {
        None => consented.clone(),
        Some(text) => narrowed(scopes(text)?, &consented, &client)?,
    };
    delegated(
        world,
        call,
        form,
        Consent {
            client,
            scope,
            before: consented,
            nonce: None,
        },
    )
}

/// The scopes that are asked for again, if all of them were agreed to.
fn narrowed(
    mut wanted: Vec<String>,
    consented: &[String],
    client: &str,
) -> Result<Vec<String>, Denial> {
    let is_new = |scope: &&String| !consented.contains(scope) && scope.contains('.');
    if let Some(more) = wanted.iter().find(is_new) {
        return Err(denial(
            "invalid_grant",
            65001,
            format!(
                "The user or administrator has not consented to use the application with ID '{client}'. The scope '{more}' was not granted. Send an interactive authorization request for this user and resource."
            ),
        ));
    }
    // A successor is always handed out: the right to it was given once and for all.
    if !wanted.iter().any(|scope| scope == "offline_access") {
        wanted.push("offline_access".to_owned());
    }
    Ok(wanted)
}

/// `GET /authorize`: the account agrees at once, and the browser is sent back.
pub(super) fn authorize(world: &mut World, call: &Call) -> Result<Reply, Denial> {
    let client = client(world, &call.query)?;
    let redirect = call
        .query
        .get("redirect_uri")
        .unwrap_or_default()
        .to_owned();
    let is_local = ["http://localhost", "http://127.0.0.1"]
        .iter()
        .any(|start| {
            redirect
                .strip_prefix(start)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        });
    if !is_local {
        return Err(denial(
            "invalid_request",
            50011,
            format!(
                "The redirect URI '{redirect}' specified in the request does not match the redirect URIs configured for the application."
            ),
        ));
    }
    let scope = scopes(call.query.get("scope").unwrap_or_default())?;
    let last = world.knobs.device_polls.last();
    // A policy's page does not lead back.
    if last.is_some_and(|told| told == "blocked") {
        return Err(denial(
            "access_denied",
            53003,
            "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        ));
    }
    let state = call
        .query
        .get("state")
        .map(|state| format!("&state={}", escaped(state)))
        .unwrap_or_default();
    let declined = world
        .knobs
        .device_polls
        .last()
        .is_some_and(|told| told.contains("declined"));
    let answer = if declined {
        format!(
            "error=access_denied&error_description={}",
            escaped("AADSTS65004: User declined to consent to access the app.")
        )
    } else {
        let code = token::opaque("1.A");
        let until = world.now() + SignedDuration::from_secs(CODE_SECONDS);
        world.codes.insert(
            token::digest(&code),
            AuthorizationCode {
                client,
                scope,
                redirect: redirect.clone(),
                challenge: call.query.get("code_challenge").map(str::to_owned),
                nonce: call.query.get("nonce").map(str::to_owned),
                until,
            },
        );
        format!("code={code}")
    };
    let separator = if redirect.contains('?') { '&' } else { '?' };
    Ok(Reply::empty(302).with("Location", format!("{redirect}{separator}{answer}{state}")))
}

/// The code that the browser brought back.
pub(super) fn redeem(world: &mut World, call: &Call, form: &Query) -> Result<Value, Denial> {
    let client = client(world, form)?;
    let key = token::digest(form.get("code").unwrap_or_default());
    // Good for one use: whoever comes second finds nothing.
    let code = world
        .codes
        .remove(&key)
        .filter(|code| code.client == client);
    let Some(code) = code else {
        return Err(denial(
            "invalid_grant",
            54005,
            "OAuth2 Authorization code was already redeemed, please retry with a new valid code or use an existing refresh token.",
        ));
    };
    if world.now() >= code.until {
        return Err(denial(
            "invalid_grant",
            70008,
            "The provided authorization code or refresh token has expired due to inactivity.",
        ));
    }
    if form.get("redirect_uri") != Some(code.redirect.as_str()) {
        return Err(denial(
            "invalid_grant",
            50011,
            "The redirect URI specified in the request does not match.",
        ));
    }
    let verifier = form
        .get("code_verifier")
        .map(|verifier| URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes())));
    if code.challenge.is_some() && code.challenge != verifier {
        return Err(denial(
            "invalid_grant",
            501_481,
            "The Code_Verifier does not match the code_challenge supplied in the authorization request.",
        ));
    }
    delegated(
        world,
        call,
        form,
        Consent {
            client,
            scope: code.scope,
            before: Vec::new(),
            nonce: code.nonce,
        },
    )
}
