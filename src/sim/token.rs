//! Tokens: what is handed out at sign-in, and what links to a next page carry.
//!
//! All of them are sealed with the tenant's key, so that they hold after a restart and cannot be made up. To the
//! caller they are opaque.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::chance;
use super::wire::Refusal;

/// A refresh token, as the tenant remembers it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RefreshToken {
    /// The application that it was given to.
    pub client: String,
    /// What was consented to.
    pub scope: Vec<String>,
    /// How often it was used. The first use hands out a successor, the second is still accepted.
    pub uses: u8,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Caller {
    /// The id of the person who signed in; none for an application on its own.
    pub user: Option<String>,
    /// Roles of the application, or scopes of the person.
    pub scopes: Vec<String>,
}

/// The digest under which a secret text is remembered.
pub(super) fn digest(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
}

/// A JSON web token whose signature only this tenant can make.
pub(super) fn signed(key: &str, claims: &Value) -> String {
    let header = URL_SAFE_NO_PAD
        .encode(json!({ "typ": "JWT", "alg": "RS256", "kid": &digest(key)[..12] }).to_string());
    let payload = URL_SAFE_NO_PAD.encode(claims.to_string());
    let signature = mark(key, &format!("{header}.{payload}"));
    format!("{header}.{payload}.{signature}")
}

/// The claims of a token that was made with [`signed`].
fn claims(key: &str, token: &str) -> Option<Value> {
    let (text, signature) = token.rsplit_once('.')?;
    if mark(key, text) != signature {
        return None;
    }
    let payload = text.split_once('.')?.1;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}

/// Header and claims of any token, unverified: whoever asks for them checks the signature.
pub(super) fn claims_unverified(token: &str) -> Option<(Value, Value)> {
    let mut parts = token.split('.');
    let mut part = || serde_json::from_slice(&URL_SAFE_NO_PAD.decode(parts.next()?).ok()?).ok();
    Some((part()?, part()?))
}

/// Reads the `Authorization` header. `now` is in seconds, `epoch` counts how often all tokens were called back.
pub(super) fn caller(
    key: &str,
    header: Option<&str>,
    now: i64,
    epoch: u64,
) -> Result<Caller, Refusal> {
    let refuse = |message: &str| {
        Refusal::new(401, "InvalidAuthenticationToken", message)
            .with("WWW-Authenticate", "Bearer realm=\"\", authorization_uri=\"/common/oauth2/v2.0/authorize\", client_id=\"00000003-0000-0000-c000-000000000000\"".to_owned())
    };
    let token = header
        .and_then(|header| header.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| token.trim())
        .filter(|token| !token.is_empty())
        .ok_or_else(|| refuse("Access token is empty."))?;
    if token.split('.').count() != 3 {
        return Err(refuse(
            "CompactToken parsing failed with error code: 80049217",
        ));
    }
    let claims = claims(key, token)
        .ok_or_else(|| refuse("Access token validation failure. Invalid signature."))?;
    if claims["aud"] != "00000003-0000-0000-c000-000000000000" {
        return Err(refuse("Access token validation failure. Invalid audience."));
    }
    if claims["exp"].as_i64().is_none_or(|end| end <= now)
        || claims["epoch"].as_u64() != Some(epoch)
    {
        return Err(refuse("Lifetime validation failed, the token is expired."));
    }
    let user = claims["oid"].as_str().map(str::to_owned);
    let scopes = match (claims["scp"].as_str(), claims["roles"].as_array()) {
        (Some(scopes), _) => scopes.split(' ').map(str::to_owned).collect(),
        (None, Some(roles)) => roles
            .iter()
            .filter_map(|role| role.as_str().map(str::to_owned))
            .collect(),
        (None, None) => Vec::new(),
    };
    Ok(Caller { user, scopes })
}

/// Seals what a link carries.
pub(super) fn sealed(key: &str, value: &Value) -> String {
    let text = value.to_string();
    let mark = mark(key, &text);
    URL_SAFE_NO_PAD.encode(format!("{}{text}", &mark[..16]))
}

/// Opens what a link carries; none if it was not sealed here.
pub(super) fn opened(key: &str, token: &str) -> Option<Value> {
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
    let (seal, text) = text.split_at_checked(16)?;
    (mark(key, text).get(..16) == Some(seal))
        .then(|| serde_json::from_str(text).ok())
        .flatten()
}

/// A fresh refresh token or code, with the look of the real ones.
pub(super) fn opaque(prefix: &str) -> String {
    format!("{prefix}{}", URL_SAFE_NO_PAD.encode(chance::bytes::<48>()))
}

/// The key goes in at both ends: a text cannot be made longer without it.
fn mark(key: &str, text: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(key.as_bytes());
    hash.update(text.as_bytes());
    hash.update(key.as_bytes());
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_opens_only_with_the_key_that_sealed_it() {
        let token = sealed("key", &json!({ "after": 5 }));
        assert_eq!(opened("key", &token), Some(json!({ "after": 5 })));
        assert_eq!(opened("other", &token), None);
        assert_eq!(opened("key", "garbage"), None);
        assert_eq!(opened("key", &format!("{token}A")), None);
    }

    #[test]
    fn each_fault_of_a_token_has_its_message() {
        let claims = |exp: i64| json!({ "aud": "00000003-0000-0000-c000-000000000000", "exp": exp, "epoch": 0, "roles": ["User.Read.All"] });
        let message = |header: Option<&str>| caller("key", header, 100, 0).unwrap_err().message;
        assert_eq!(message(None), "Access token is empty.");
        assert_eq!(message(Some("Basic eA")), "Access token is empty.");
        assert_eq!(
            message(Some("Bearer x")),
            "CompactToken parsing failed with error code: 80049217"
        );
        assert_eq!(
            message(Some(&format!("Bearer {}", signed("other", &claims(200))))),
            "Access token validation failure. Invalid signature."
        );
        let old = format!("Bearer {}", signed("key", &claims(100)));
        assert_eq!(
            message(Some(&old)),
            "Lifetime validation failed, the token is expired."
        );
        let good = format!("Bearer {}", signed("key", &claims(101)));
        assert_eq!(
            caller("key", Some(&good), 100, 0).unwrap(),
            Caller {
                user: None,
                scopes: vec!["User.Read.All".to_owned()]
            }
        );
        assert_eq!(
            caller("key", Some(&good), 100, 1).unwrap_err().message,
            "Lifetime validation failed, the token is expired."
        );
    }
}
