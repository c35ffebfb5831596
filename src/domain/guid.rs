//! Identifiers as Graph gives them: 16 bytes each, one type per kind of thing, so that a plan is never taken for a licence.
//!
//! Some GUIDs are both a SKU's and a plan's (`54a152dc-…`), which is why the types differ.

use std::fmt;
use std::str::FromStr;

/// Sixteen bytes in the order in which they are written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Guid([u8; 16]);

/// A text that is not a GUID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a GUID (expected 8-4-4-4-12 hexadecimal digits)")]
pub struct NotAGuid;

impl Guid {
    /// The bytes, in the order in which they are written.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, in the order in which they are written.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// Where the dashes of a GUID stand, and where each byte begins.
const DASHES: [usize; 4] = [8, 13, 18, 23];
const PAIRS: [usize; 16] = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34];

const NO_DIGIT: u8 = 0xf0;

/// The value of each hexadecimal digit.
const VALUES: [u8; 256] = {
    let mut values = [NO_DIGIT; 256];
    let mut value = 0u8;
    while value < 16 {
        values[b"0123456789abcdef"[value as usize] as usize] = value;
        values[b"0123456789ABCDEF"[value as usize] as usize] = value;
        value += 1;
    }
    values
};

impl FromStr for Guid {
    type Err = NotAGuid;

    fn from_str(text: &str) -> Result<Self, NotAGuid> {
        let Ok(text) = <&[u8; 36]>::try_from(text.as_bytes()) else {
            return Err(NotAGuid);
        };
        // Judged once at the end: a page of users holds tens of thousands of them.
        let mut wrong = DASHES
            .iter()
            .fold(0, |wrong, at| wrong | (text[*at] ^ b'-'));
        let mut bytes = [0u8; 16];
        for (byte, at) in bytes.iter_mut().zip(PAIRS) {
            let (high, low) = (
                VALUES[usize::from(text[at])],
                VALUES[usize::from(text[at + 1])],
            );
            *byte = high << 4 | low & 15;
            wrong |= (high | low) & NO_DIGIT;
        }
        if wrong != 0 {
            return Err(NotAGuid);
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [b'-'; 36];
        let mut at = 0;
        for (i, byte) in self.0.iter().enumerate() {
            if matches!(i, 4 | 6 | 8 | 10) {
                at += 1;
            }
            text[at] = HEX[usize::from(byte >> 4)];
            text[at + 1] = HEX[usize::from(byte & 15)];
            at += 2;
        }
        f.pad(std::str::from_utf8(&text).expect("hexadecimal digits and dashes are UTF-8"))
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub Guid);

        impl FromStr for $name {
            type Err = NotAGuid;
            fn from_str(text: &str) -> Result<Self, NotAGuid> {
                text.parse().map(Self)
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }
    };
}

id_type!(
    /// A Microsoft 365 organisation.
    TenantId
);
id_type!(
    /// A directory user, by the id that survives renames.
    ObjectId
);
id_type!(
    /// A group of the directory.
    GroupId
);
id_type!(
    /// A product that is bought and assigned (a "licence" in the admin centre).
    SkuId
);
id_type!(
    /// A service plan: one part of a SKU.
    PlanId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        let text = "4828c8ec-dc2e-4779-b502-87ac9ce28ab7";
        let guid: Guid = text.parse().unwrap();
        assert_eq!(guid.to_string(), text);
        assert_eq!(text.to_uppercase().parse::<Guid>().unwrap(), guid);
    }

    #[test]
    fn refuses_what_is_not_one() {
        for text in [
            "",
            "4828c8ec",
            "4828c8ecXdc2e-4779-b502-87ac9ce28ab7",
            "4828c8eg-dc2e-4779-b502-87ac9ce28ab7",
            "4828c8ec-dc2e-4779-b502-87ac9ce28ab/",
            "4828c8ec-dc2e-4779-b502-87ac9ce28ab:",
            "4828c8ec-dc2e-4779-b502087ac9ce28ab7",
            "4828c8ec-dc2e-4779-b502-87ac9ce28a\u{e9}",
            "4828c8ec-dc2e-4779-b502-87ac9ce28ab77",
        ] {
            assert_eq!(text.parse::<Guid>(), Err(NotAGuid), "{text}");
        }
    }
}
