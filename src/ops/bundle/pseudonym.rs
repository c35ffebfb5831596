//! Stable stand-ins: the same key and the same thing give the same one, and nobody without the key gets back.
//!
//! What a diagnosis needs is kept: equal stays equal, case stays case, a domain stays shared, a number keeps country code, length
//! and extension, and is valid in its country where the true one is.

use sha2::{Digest as _, Sha256};

use crate::domain::guid::Guid;
use crate::domain::phone::PhoneNumber;

const CONSONANTS: &[u8; 16] = b"bdfghjklmnprstvz";
const VOWELS: &[u8; 4] = b"aeio";

/// Stand-ins for a number that are tried until one is as valid as the number.
const TRIES: u32 = 200;

/// Country codes of two digits; one digit: 1 and 7; all others have three.
const TWO_DIGITS: &[&str] = &[
    "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47",
    "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65",
    "66", "81", "82", "84", "86", "90", "91", "92", "93", "94", "95", "98",
];

/// The key of the stand-ins.
#[derive(Clone)]
pub struct Pseudonyms {
    key: [u8; 32],
}

impl std::fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pseudonyms").finish_non_exhaustive()
    }
}

impl Pseudonyms {
    /// Stand-ins of this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// Tells keys apart without telling one.
    pub fn mark(&self) -> String {
        let bytes = self.bytes("mark", "");
        format!(
            "{:02x}{:02x}{:02x}{:02x}",
            bytes[0], bytes[1], bytes[2], bytes[3]
        )
    }

    /// The key goes first and last, so that nothing can be appended to what was hashed.
    fn bytes(&self, kind: &str, text: &str) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update([u8::try_from(kind.len()).unwrap_or(u8::MAX)]);
        hash.update(kind);
        hash.update(text);
        hash.update(self.key);
        hash.finalize().into()
    }

    /// A word that can be said, of two letters for each of `syllables` (at most 16).
    fn word(&self, kind: &str, text: &str, syllables: usize) -> String {
        let bytes = self.bytes(kind, &text.to_lowercase());
        bytes
            .iter()
            .take(syllables)
            .flat_map(|byte| {
                let (one, other) = (usize::from(byte >> 4), usize::from(byte & 3));
                [char::from(CONSONANTS[one]), char::from(VOWELS[other])]
            })
            .collect()
    }

    /// A name of a person or a resource: word for word, so that a shared surname stays shared.
    pub fn name(&self, name: &str) -> String {
        each_word(name, |word| cased(word, &self.word("name", word, 5)))
    }

    /// One word that is a name's, a tenant's or a domain's.
    pub fn single(&self, word: &str) -> String {
        cased(word, &self.word("name", word, 5))
    }

    /// A thing of a kind: `group tofi`.
    pub fn thing(&self, kind: &str, name: &str) -> String {
        format!("{kind} {}", self.word(kind, name, 4))
    }

    /// A domain. What Microsoft gives every tenant stays.
    pub fn domain(&self, domain: &str) -> String {
        let lower = domain.to_lowercase();
        for common in [
            ".onmicrosoft.com",
            ".onmicrosoft.us",
            ".partner.onmschina.cn",
        ] {
            if let Some(own) = lower.strip_suffix(common)
                && !own.is_empty()
            {
                let kept = &domain[domain.len() - common.len()..];
                return format!("{}{kept}", cased(&domain[..own.len()], &self.labels(own)));
            }
        }
        let stand_in = format!("{}.example", self.word("domain", domain, 5));
        cased(domain, &stand_in)
    }

    fn labels(&self, own: &str) -> String {
        let labels: Vec<String> = own
            .split('.')
            .map(|label| self.word("domain", label, 5))
            .collect();
        labels.join(".")
    }

    /// The part of an address before the `@`. A guest's mark stays.
    pub fn local(&self, local: &str) -> String {
        let upper = local.to_uppercase();
        match upper.find("#EXT#").filter(|_| upper.len() == local.len()) {
            Some(at) => format!("{}{}", self.local(&local[..at]), &local[at..]),
            None => cased(local, &self.word("local", local, 6)),
        }
    }

    /// Digits of a full number, without `+`: as many, the country code kept.
    pub fn number(&self, digits: &str) -> String {
        let code = code_length(digits);
        let truth = shape(digits);
        let mut last = String::new();
        for n in 0..TRIES {
            last = format!(
                "{}{}",
                &digits[..code],
                self.digits(&format!("number {n}"), digits, digits.len() - code)
            );
            if last != digits && shape(&last) == truth {
                return last;
            }
        }
        last
    }

    /// As many digits as are wanted.
    pub fn digits(&self, kind: &str, text: &str, count: usize) -> String {
        let mut out = String::new();
        let mut block = 0;
        while out.len() < count {
            let bytes = self.bytes(kind, &format!("{block} {text}"));
            // Above 249 a remainder would favour the low digits.
            let fair = bytes.iter().filter(|byte| **byte < 250);
            out.extend(fair.map(|byte| char::from(b'0' + byte % 10)));
            block += 1;
        }
        out.truncate(count);
        out
    }

    /// An id.
    pub fn guid(&self, id: Guid) -> Guid {
        let bytes = self.bytes("id", &id.to_string());
        let mut out: [u8; 16] = *bytes
            .first_chunk()
            .expect("a hash of 32 bytes has 16 at its beginning");
        out[6] = out[6] & 0x0f | 0x40;
        out[8] = out[8] & 0x3f | 0x80;
        Guid::from_bytes(out)
    }
}

/// How long the country code at the beginning of the digits is.
pub(super) fn code_length(digits: &str) -> usize {
    let two = digits.get(..2).unwrap_or_default();
    let length = match digits.as_bytes().first() {
        Some(b'1' | b'7') => 1,
        _ if TWO_DIGITS.contains(&two) => 2,
        _ => 3,
    };
    length.min(digits.len())
}

/// What the numbering plans say of a number: whether it is doubtful, and whose it is.
fn shape(digits: &str) -> (bool, Option<String>) {
    match PhoneNumber::from_tenant(digits) {
        Some(number) => (
            number.doubt().is_some(),
            number.country().map(|country| country.to_string()),
        ),
        None => (true, None),
    }
}

/// Replaces each run of letters and digits; digits alone stay, since `Room 3` is told from `Room 4` by them.
fn each_word(text: &str, replace: impl Fn(&str) -> String) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let is_word = c.is_alphanumeric();
        let end = rest
            .find(|c: char| c.is_alphanumeric() != is_word)
            .unwrap_or(rest.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        if !is_word || part.len() < 4 && part.bytes().all(|b| b.is_ascii_digit()) {
            out.push_str(part);
        } else {
            out.push_str(&replace(part));
        }
    }
    out
}

/// Gives a stand-in in small letters the case of the original: where one differs from another by case alone, so do the stand-ins.
fn cased(original: &str, stand_in: &str) -> String {
    let letters: Vec<bool> = original
        .chars()
        .filter(|c| c.is_alphabetic())
        .map(char::is_uppercase)
        .collect();
    if letters.is_empty() || !letters.contains(&true) {
        return stand_in.to_owned();
    }
    let mut out: Vec<char> = stand_in.chars().collect();
    let slots: Vec<usize> = (0..out.len())
        .filter(|n| out[*n].is_ascii_lowercase())
        .collect();
    if letters.iter().all(|upper| *upper) {
        return stand_in.to_uppercase();
    }
    for (n, _) in letters.iter().enumerate().filter(|(_, upper)| **upper) {
        if let Some(slot) = slots.get(n % slots.len().max(1)) {
            out[*slot] = out[*slot].to_ascii_uppercase();
        }
    }
    out.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(key: u8) -> Pseudonyms {
        Pseudonyms::new([key; 32])
    }

    #[test]
    fn equal_is_equal_with_one_key_and_not_with_another() {
        let (one, other) = (of(1), of(2));
        assert_eq!(one.name("Alex Wilber"), of(1).name("Alex Wilber"));
        assert_ne!(one.name("Alex Wilber"), other.name("Alex Wilber"));
        assert_ne!(one.mark(), other.mark());
        assert_eq!(format!("{one:?}"), "Pseudonyms { .. }");
    }

    #[test]
    fn names_keep_words_case_and_small_numbers() {
        let p = of(1);
        let name = p.name("Alex Wilber");
        let (given, surname) = name.split_once(' ').unwrap();
        assert_eq!(p.name("Wilber, Alex"), format!("{surname}, {given}"));
        assert_eq!(p.name("alex wilber"), name.to_lowercase());
        assert_eq!(p.name("ALEX WILBER"), name.to_uppercase());
        assert!(p.name("Room 3").ends_with(" 3"));
        assert!(!p.name("Room 31415").contains("31415"));
        assert_eq!(p.name(""), "");
    }

    #[test]
    fn addresses_keep_local_parts_domains_and_case() {
        let p = of(1);
        assert_eq!(p.local("alexw"), p.local("AlexW").to_lowercase());
        assert_ne!(p.local("alexw"), p.local("AlexW"));
        assert!(p.local("alex_gmail.com#EXT#").ends_with("#EXT#"));
        assert_eq!(
            p.domain("Contoso.com").to_lowercase(),
            p.domain("contoso.com")
        );
        assert!(p.domain("contoso.com").ends_with(".example"));
        let own = p.domain("contoso.onmicrosoft.com");
        assert!(
            own.ends_with(".onmicrosoft.com") && !own.contains("contoso"),
            "{own}"
        );
    }

    #[test]
    fn numbers_keep_country_length_and_validity() {
        let p = of(3);
        for digits in [
            "441235123465",
            "14255550100",
            "390612345678",
            "35312345678",
            "999123",
            "4915123456789",
        ] {
            let stand_in = p.number(digits);
            let code = code_length(digits);
            assert_eq!(stand_in.len(), digits.len(), "{digits}");
            assert_eq!(stand_in[..code], digits[..code]);
            assert_ne!(stand_in, digits);
            assert_eq!(shape(&stand_in).0, shape(digits).0, "{digits} {stand_in}");
            assert_eq!(p.number(digits), stand_in);
        }
    }
}
