//! An application on its own: with a secret, or with an assertion that a certificate signed.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use rustls::SignatureScheme;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::server::ParsedCertificate;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

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
    let claims = match &world.knobs.roles {
        Some(roles) => json!({ "roles": roles, "idtyp": "app" }),
        None => json!({ "roles": GRANTED, "idtyp": "app" }),
    };
    Ok(json!({
        "token_type": "Bearer",
        "expires_in": world.knobs.token_seconds,
        "ext_expires_in": world.knobs.token_seconds,
        "access_token": access_token(world, call, claims),
    }))
}

/// The secret, or an assertion made with the certificate that the application is known by.
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
    let known = world
        .knobs
        .certificate
        .as_deref()
        .and_then(Known::read)
        .ok_or_else(|| wrong("No certificate is registered."))?;
    if header["x5t#S256"] != known.thumbprint.as_str() {
        return Err(wrong("The thumbprint is another."));
    }
    if header["alg"] != "PS256" || !known.has_signed(assertion) {
        return Err(wrong("Invalid signature."));
    }
    if claims["iss"] != id.as_str()
        || claims["sub"] != id.as_str()
        || claims["aud"] != format!("{}{}", call.base, call.raw_path).as_str()
        || claims["jti"].as_str().is_none_or(str::is_empty)
    {
        return Err(wrong(
            "Issuer, subject or audience are not those of this request.",
        ));
    }
    let now = world.now().as_second();
    let at = |name: &str| claims[name].as_i64();
    // Five minutes either way are allowed for, and nobody takes an assertion that is good for long.
    let in_time = at("nbf").is_some_and(|from| from <= now + 300)
        && at("exp").is_some_and(|end| end > now - 300 && end <= now + 900);
    if !in_time {
        return Err(denial(
            "invalid_client",
            700_024,
            "Client assertion is not within its valid time range.",
        ));
    }
    Ok(())
}

/// A certificate that is registered.
struct Known {
    thumbprint: String,
    /// The RSA key as certificates hold it.
    key: Vec<u8>,
}

impl Known {
    fn read(pem: &str) -> Option<Self> {
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
        let parsed = ParsedCertificate::try_from(&der).ok()?;
        Some(Self {
            thumbprint: URL_SAFE_NO_PAD.encode(Sha256::digest(&der)),
            key: key_within(&parsed.subject_public_key_info())?,
        })
    }

    fn has_signed(&self, assertion: &str) -> bool {
        let Some((text, signature)) = assertion.rsplit_once('.') else {
            return false;
        };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        let provider = rustls::crypto::ring::default_provider();
        provider
            .signature_verification_algorithms
            .mapping
            .iter()
            .filter(|(scheme, _)| *scheme == SignatureScheme::RSA_PSS_SHA256)
            .flat_map(|(_, algorithms)| algorithms.iter())
            .any(|algorithm| {
                algorithm
                    .verify_signature(&self.key, text.as_bytes(), &signature)
                    .is_ok()
            })
    }
}

/// The key in a SubjectPublicKeyInfo: a sequence of an algorithm and a bit string, whose first byte counts unused bits.
fn key_within(info: &[u8]) -> Option<Vec<u8>> {
    let (body, _) = der(info)?;
    let (_algorithm, rest) = der(body)?;
    let (bits, _) = der(rest)?;
    Some(bits.strip_prefix(&[0])?.to_vec())
}

/// The content of the first element, and what follows it.
fn der(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&length, rest) = bytes.get(1..)?.split_first()?;
    let more = usize::from(length & 0x7f);
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(more.min(4))?;
        let length = digits
            .iter()
            .fold(0, |length, &digit| length << 8 | usize::from(digit));
        (length, rest)
    };
    rest.split_at_checked(length)
}
