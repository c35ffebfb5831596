//! What a tenant may be called, and by which addresses it is known. Its name here becomes the name of a folder.

use super::guid::Guid;

/// Whether a name can be a tenant's: one to 64 letters, digits, dashes, dots and underscores, a letter or digit first.
pub fn is_tenant_name(name: &str) -> bool {
    name.len() <= 64
        && name
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Whether a text has the shape of a domain.
pub fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-'))
}

/// Whether a text has the shape of a tenant's id or of one of its domains.
pub fn is_tenant_address(text: &str) -> bool {
    text.parse::<Guid>().is_ok() || is_domain(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_a_folder_and_an_address_is_an_id_or_a_domain() {
        for (name, good) in [
            ("contoso", true),
            ("9-lives.x_y", true),
            ("", false),
            (".hidden", false),
            ("a/b", false),
            ("a b", false),
        ] {
            assert_eq!(is_tenant_name(name), good, "{name}");
        }
        assert!(!is_tenant_name(&"a".repeat(65)));
        for (text, good) in [
            ("contoso.onmicrosoft.com", true),
            ("11111111-2222-4333-8444-555555555555", true),
            ("contoso", false),
            ("https://contoso.com", false),
            ("a..b", false),
        ] {
            assert_eq!(is_tenant_address(text), good, "{text}");
        }
    }
}
