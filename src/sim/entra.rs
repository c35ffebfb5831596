//! Entra ID: discovery, the ways to sign in, and the tokens that come of them.
//!
//! The account that signs in is the scenario's; it agrees to everything, unless a knob says otherwise.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::access::GRANTED;
use super::chance;
use super::query::{Query, escaped};
use super::token::{self, RefreshToken};
use super::wire::{Call, Payload, Reply};
use super::world::World;

const DEVICE_SECONDS: i64 = 900;
const CODE_SECONDS: i64 = 600;
const GRAPH: &str = "00000003-0000-0000-c000-000000000000";

/// A sign-in on another device, under way.
#[derive(Clone, Debug)]
pub(super) struct DeviceCode {
    client: String,
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

/// Why a token is not given.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Denial {
    error: &'static str,
    number: u32,
    text: String,
}

fn denial(error: &'static str, number: u32, text: impl Into<String>) -> Denial {
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
            answered(world, call, tenant, device_code)
        }
        ("POST", [tenant, "oauth2", "v2.0", "token"]) => answered(world, call, tenant, token),
        ("GET", [tenant, "oauth2", "v2.0", "authorize"]) => {
            match known(world, tenant).and_then(|()| authorize(world, call)) {
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
        Ok(value) => Reply::value(&value),
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

fn page(status: u16, text: &str) -> Reply {
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

fn client(world: &World, form: &Query) -> Result<String, Denial> {
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

/// The permissions in a list of scopes, without the prefix of Graph. What has not been consented to is not given.
fn scopes(text: &str) -> Result<Vec<String>, Denial> {
    let mut all = Vec::new();
    for scope in text.split_whitespace() {
        let name = match scope.rsplit_once('/') {
            Some((_, name)) => name,
            None => scope,
        };
        if name == ".default" {
            all.extend(GRANTED.iter().map(|name| (*name).to_owned()));
        } else if matches!(name, "openid" | "profile" | "email" | "offline_access")
            || GRANTED.iter().any(|known| known.eq_ignore_ascii_case(name))
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

fn device_code(
    world: &mut World,
    call: &Call,
    _tenant: &str,
    form: &Query,
) -> Result<Value, Denial> {
    let client = client(world, form)?;
    let scope = scopes(form.get("scope").unwrap_or_default())?;
    let code = token::opaque("D");
    let user_code: String = chance::hex::<5>().to_uppercase()[..9].to_owned();
    let until = world.now() + jiff::SignedDuration::from_secs(DEVICE_SECONDS);
    world.devices.insert(
        token::digest(&code),
        DeviceCode {
            client,
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

fn token(world: &mut World, call: &Call, tenant: &str, form: &Query) -> Result<Value, Denial> {
    match form.get("grant_type").unwrap_or_default() {
        "client_credentials" => client_credentials(world, call, tenant, form),
        "urn:ietf:params:oauth:grant-type:device_code" => poll(world, call, form),
        "refresh_token" => refresh(world, call, form),
        "authorization_code" => redeem(world, call, form),
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

fn client_credentials(
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
fn prove(world: &World, call: &Call, form: &Query) -> Result<(), Denial> {
    let id = &world.tenant.client_id;
    if let Some(assertion) = form.get("client_assertion") {
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
        return Ok(());
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

fn poll(world: &mut World, call: &Call, form: &Query) -> Result<Value, Denial> {
    let client = client(world, form)?;
    let key = token::digest(form.get("device_code").unwrap_or_default());
    let now = world.now();
    let script = world.knobs.device_polls.clone();
    let unknown = || {
        denial(
            "bad_verification_code",
            70018,
            "The device code that was sent is not known.",
        )
    };
    let code = world
        .devices
        .get_mut(&key)
        .filter(|code| code.client == client)
        .ok_or_else(unknown)?;
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
    match told {
        "approve" => {
            world.devices.remove(&key);
            delegated(world, call, form, &client, scope, None)
        }
        "slow_down" => Err(denial("slow_down", 70016, "Polling too fast.")),
        "authorization_declined" | "declined" => Err(denial(
            "authorization_declined",
            70020,
            "The end user denied the authorization request.",
        )),
        "access_denied" => Err(denial(
            "access_denied",
            70020,
            "The end user denied the authorization request.",
        )),
        "expired_token" | "expired" => Err(denial(
            "expired_token",
            70019,
            "The device code has expired.",
        )),
        "bad_verification_code" => Err(unknown()),
        "blocked" => Err(denial(
            "invalid_grant",
            53003,
            "Access has been blocked by Conditional Access policies. The access policy does not allow token issuance.",
        )),
        "unmanaged" => Err(denial(
            "access_denied",
            530_033,
            "Your administrator has required that the device be managed to use this authentication flow.",
        )),
        _ => Err(denial(
            "authorization_pending",
            70016,
            "OAuth 2.0 device flow error. Authorization is pending. Continue polling.",
        )),
    }
}

fn refresh(world: &mut World, call: &Call, form: &Query) -> Result<Value, Denial> {
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
    if known.uses >= 2 {
        return Err(denial(
            "invalid_grant",
            70000,
            "The provided value for the input parameter 'refresh_token' is not valid. It was replaced by another.",
        ));
    }
    known.uses += 1;
    let consented = known.scope.clone();
    let scope = match form.get("scope") {
        None => consented,
        Some(text) => {
            let wanted = scopes(text)?;
            if let Some(more) = wanted
                .iter()
                .find(|scope| !consented.contains(scope) && scope.contains('.'))
            {
                return Err(denial(
                    "invalid_grant",
                    65001,
                    format!(
                        "The user or administrator has not consented to use the application with ID '{client}'. The scope '{more}' was not granted. Send an interactive authorization request for this user and resource."
                    ),
                ));
            }
            let mut scope = wanted;
            // A successor is always handed out: the right to it was given once and for all.
            if !scope.iter().any(|scope| scope == "offline_access") {
                scope.push("offline_access".to_owned());
            }
            scope
        }
    };
    delegated(world, call, form, &client, scope, None)
}

fn authorize(world: &mut World, call: &Call) -> Result<Reply, Denial> {
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
        let until = world.now() + jiff::SignedDuration::from_secs(CODE_SECONDS);
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

fn redeem(world: &mut World, call: &Call, form: &Query) -> Result<Value, Denial> {
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
    delegated(world, call, form, &client, code.scope, code.nonce)
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

fn access_token(world: &World, call: &Call, claims: Value) -> String {
    let now = world.now().as_second();
    let mut all = json!({
        "aud": GRAPH,
        "iss": format!("{}/{}/", call.base, world.tenant_id()),
        "tid": world.tenant_id(),
        "appid": world.tenant.client_id,
        "iat": now, "nbf": now,
        "exp": now + world.knobs.token_seconds,
        "epoch": world.knobs.token_epoch,
        "uti": chance::hex::<8>(),
        "ver": "1.0",
    });
    if let (Value::Object(all), Value::Object(claims)) = (&mut all, claims) {
        all.extend(claims);
    }
    token::signed(&world.tenant.key, &all)
}

/// Tokens for the person who signs in.
fn delegated(
    world: &mut World,
    call: &Call,
    form: &Query,
    client: &str,
    scope: Vec<String>,
    nonce: Option<String>,
) -> Result<Value, Denial> {
    let id = world.tenant.signed_in.clone();
    let Some(person) = world.tenant.find(&id).map(std::borrow::Cow::into_owned) else {
        return Err(denial(
            "invalid_grant",
            50034,
            "The user account does not exist in the directory.",
        ));
    };
    if !person.enabled {
        return Err(denial(
            "invalid_grant",
            50057,
            "The user account is disabled.",
        ));
    }
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
    let shown: Vec<String> = scope
        .iter()
        .map(|scope| {
            if scope.contains('.') {
                format!("https://graph.microsoft.com/{scope}")
            } else {
                scope.clone()
            }
        })
        .collect();
    let mut answer = json!({
        "token_type": "Bearer",
        "scope": shown.join(" "),
        "expires_in": world.knobs.token_seconds,
        "ext_expires_in": world.knobs.token_seconds,
        "access_token": access,
    });
    let has = |wanted: &str| scope.iter().any(|scope| scope == wanted);
    if has("openid") {
        let now = world.now().as_second();
        let claims = json!({
            "aud": client, "iss": format!("{}/{}/v2.0", call.base, world.tenant_id()), "tid": world.tenant_id(), "oid": person.id,
            "sub": token::digest(&person.id), "preferred_username": person.upn, "name": person.name, "nonce": nonce,
            "iat": now, "nbf": now, "exp": now + 3600, "ver": "2.0",
        });
        answer["id_token"] = token::signed(&world.tenant.key, &claims).into();
    }
    if form.get("client_info") == Some("1") {
        answer["client_info"] = URL_SAFE_NO_PAD
            .encode(json!({ "uid": person.id, "utid": world.tenant_id() }).to_string())
            .into();
    }
    if has("offline_access") {
        let refresh = token::opaque("1.AR");
        world.tenant.refresh.insert(
            token::digest(&refresh),
            RefreshToken {
                client: client.to_owned(),
                scope: scope.clone(),
                uses: 0,
            },
        );
        answer["refresh_token"] = refresh.into();
    }
    world.note_change();
    Ok(answer)
}
