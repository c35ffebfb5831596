//! A claims challenge: Graph does not take a token any more until it fulfils what a policy wants, and says what that is.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::{HeaderMap, header};
use serde_json::Value;

/// Longer ones are no challenge of Graph's.
const LONGEST: usize = 4096;

const TOLERANT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);

/// What a policy wants to see fulfilled, as the token endpoint takes it; `None` when nothing that can be read is asked for.
pub(super) fn claims_of(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(claims_in)
}

fn claims_in(challenge: &str) -> Option<String> {
    let (_, rest) = challenge
        .split_once(" claims=\"")
        .or_else(|| challenge.split_once(",claims=\""))?;
    let (told, _) = rest.split_once('"')?;
    if told.len() > LONGEST {
        return None;
    }
    let engines = [&alphabet::STANDARD, &alphabet::URL_SAFE];
    let text = engines.iter().find_map(|alphabet| {
        let bytes = GeneralPurpose::new(alphabet, TOLERANT).decode(told).ok()?;
        String::from_utf8(bytes).ok()
    })?;
    serde_json::from_str::<Value>(&text)
        .is_ok_and(|claims| claims.is_object())
        .then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert(header::WWW_AUTHENTICATE, value.parse().unwrap());
        claims_of(&headers)
    }

    #[test]
    fn a_challenge_is_read_in_both_alphabets_and_nonsense_is_none() {
        let wanted = Some(r#"{"access_token":{"nbf":{"essential":true,"value":"16>?"}}}"#);
        for text in [
            "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNj4/In19fQ==",
            "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNj4_In19fQ",
        ] {
            let value =
                format!("Bearer realm=\"\", error=\"insufficient_claims\", claims=\"{text}\"");
            assert_eq!(told(&value).as_deref(), wanted, "{text}");
        }
        for nonsense in [
            "Bearer realm=\"\"",
            "Bearer realm=\"\", claims=\"",
            "Bearer realm=\"\", claims=\"%%%\"",
            "Bearer realm=\"\", claims=\"WzFd\"",
        ] {
            assert_eq!(told(nonsense), None, "{nonsense}");
        }
    }
}
