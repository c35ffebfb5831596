//! Random text: ids of requests, codes, secrets and tokens.

use std::fmt::Write as _;

/// Random bytes as lower-case hex.
pub(super) fn hex<const N: usize>() -> String {
    let mut text = String::with_capacity(2 * N);
    for byte in bytes::<N>() {
        write!(text, "{byte:02x}").expect("a string takes every byte");
    }
    text
}

/// Random bytes from the operating system.
pub(super) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .expect("an operating system that hands out no randomness cannot run a server");
    bytes
}

/// A random GUID.
pub(super) fn guid() -> String {
    let bytes = bytes::<16>();
    guid_of(&bytes)
}

/// Sixteen bytes as a GUID of version 4.
pub(super) fn guid_of(bytes: &[u8; 16]) -> String {
    let mut text = String::with_capacity(36);
    for (at, byte) in bytes.iter().enumerate() {
        let byte = match at {
            6 => byte & 0x0f | 0x40,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        if matches!(at, 4 | 6 | 8 | 10) {
            text.push('-');
        }
        write!(text, "{byte:02x}").expect("a string takes every byte");
    }
    text
}

/// A GUID that depends on a text alone: the same name has the same id in every run.
pub(super) fn guid_from(name: &str) -> String {
    use sha2::Digest as _;
    let digest: [u8; 32] = sha2::Sha256::digest(name.as_bytes()).into();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    guid_of(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_the_shape_of_a_guid() {
        let id = guid();
        assert_eq!(id.len(), 36);
        assert_eq!(id.as_bytes()[14], b'4');
        assert_ne!(id, guid());
        assert_eq!(guid_from("a"), guid_from("a"));
        assert_ne!(guid_from("a"), guid_from("b"));
        assert_eq!(hex::<4>().len(), 8);
    }
}
