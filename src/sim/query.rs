//! The question behind the `?`, decoded as a web server does: a bare `+` is a space, so a telephone number whose
//! `+` was not escaped is not found.

use std::fmt::Write as _;

/// Names and values in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    pairs: Vec<(String, String)>,
}

impl Query {
    /// Reads the text after the `?`.
    pub(super) fn read(text: &str) -> Self {
        let pairs = text
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (form_decoded(name), form_decoded(value))
            })
            .collect();
        Self { pairs }
    }

    /// The value of an option. OData takes its names in any case, with or without the dollar sign.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.pairs
            .iter()
            .find(|(key, _)| same_option(key, name))
            .map(|(_, value)| value.as_str())
    }

    /// Everything but one option, written again: what a link to the next page carries.
    pub(super) fn without(&self, name: &str) -> String {
        let mut text = String::new();
        for (key, value) in self.pairs.iter().filter(|(key, _)| !same_option(key, name)) {
            if !text.is_empty() {
                text.push('&');
            }
            text.push_str(&escaped(key));
            text.push('=');
            text.push_str(&escaped(value));
        }
        text
    }

    /// The names of all options that begin with a dollar sign.
    pub(super) fn options(&self) -> impl Iterator<Item = &str> {
        self.pairs
            .iter()
            .map(|(key, _)| key.as_str())
            .filter(|key| key.starts_with('$'))
    }

    /// Comma-separated names of an option, trimmed; none if the option is missing or empty.
    pub(super) fn names(&self, name: &str) -> Vec<String> {
        self.get(name)
            .unwrap_or_default()
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
            .map(str::to_owned)
            .collect()
    }
}

fn same_option(key: &str, name: &str) -> bool {
    key.trim_start_matches('$')
        .eq_ignore_ascii_case(name.trim_start_matches('$'))
}

/// Undoes the encoding of a form: `+` is a space, `%2B` a plus.
pub(super) fn form_decoded(text: &str) -> String {
    path_decoded(&text.replace('+', " "))
}

/// Undoes percent-encoding. What is no valid escape stays as it is.
pub(super) fn path_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let code = (bytes[at] == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = code {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Percent-encodes everything that has a meaning of its own in a query.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z'
            | b'a'..=b'z'
            | b'0'..=b'9'
            | b'-'
            | b'_'
            | b'.'
            | b'~'
            | b'$'
            | b'('
            | b')'
            | b','
            | b':'
            | b'\''
            | b'/' => {
                out.push(char::from(byte));
            }
            byte => {
                out.push('%');
                write!(out, "{byte:02X}").expect("a string takes every byte");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_plus_is_a_space_and_an_escaped_one_is_a_plus() {
        let query = Query::read("$filter=telephoneNumber%20eq%20'+44'&$top=5");
        assert_eq!(query.get("$filter"), Some("telephoneNumber eq ' 44'"));
        assert_eq!(Query::read("$filter='%2B44'").get("filter"), Some("'+44'"));
        assert_eq!(query.get("$TOP"), Some("5"));
    }

    #[test]
    fn a_link_repeats_the_question_without_the_token() {
        let query = Query::read("$select=id,displayName&$skiptoken=x&$filter=a%20eq%20'%2B1'");
        assert_eq!(
            query.without("$skiptoken"),
            "$select=id,displayName&$filter=a%20eq%20'%2B1'"
        );
        assert_eq!(
            Query::read(&query.without("$skiptoken")).get("$filter"),
            Some("a eq '+1'")
        );
    }

    #[test]
    fn broken_escapes_stay() {
        assert_eq!(path_decoded("100%"), "100%");
        assert_eq!(path_decoded("%zz%41"), "%zzA");
        assert_eq!(path_decoded("%é"), "%é");
    }
}
