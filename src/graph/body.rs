//! A reply's body between the wire and the reader: unpacked within a bound, and every byte of it a character.

use http::{HeaderMap, header};
use libdeflater::{DecompressionError, Decompressor};

use super::error::DecodeError;

/// No reply is read beyond this, compressed or inflated. An ordinary page of 999 users has 8 MB, and one of users with every
/// product and a long history of plans has three times that.
pub(super) const LARGEST_REPLY: usize = 24 * 1024 * 1024;

/// Whether the body is packed; any other coding is an error when it is read.
pub(super) fn is_gzip(headers: &HeaderMap) -> bool {
    let name = encoding(headers);
    ["gzip", "x-gzip"]
        .into_iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

fn encoding(headers: &HeaderMap) -> &str {
    headers
        .get(header::CONTENT_ENCODING)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("identity")
}

/// The text of a body as it came.
pub(super) fn unpacked(body: Vec<u8>, headers: &HeaderMap) -> Result<Vec<u8>, DecodeError> {
    if is_plain(headers)? {
        return Ok(readable(body));
    }
    let mut inflater = Inflater::default();
    let text = inflater.inflate(&body)?;
    let length = text.len();
    inflater.room.truncate(length);
    Ok(readable(inflater.room))
}

fn is_plain(headers: &HeaderMap) -> Result<bool, DecodeError> {
    if is_gzip(headers) {
        Ok(false)
    } else if encoding(headers).eq_ignore_ascii_case("identity") {
        Ok(true)
    } else {
        Err(DecodeError::Encoding(encoding(headers).to_owned()))
    }
}

/// The body with U+FFFD for each byte and each half of a pair that is no character: one text of one user must not take the
/// whole page with it.
pub(super) fn readable(body: Vec<u8>) -> Vec<u8> {
    let text = match String::from_utf8(body) {
        Ok(text) => text,
        Err(broken) => String::from_utf8_lossy(broken.as_bytes()).into_owned(),
    };
    let Some(first) = memchr::memmem::find(text.as_bytes(), br"\ud")
        .into_iter()
        .chain(memchr::memmem::find(text.as_bytes(), br"\uD"))
        .min()
    else {
        return text.into_bytes();
    };
    // A backslash before it may be the second of two: from the start of the run on, escapes are read one after the other.
    let start = first
        - text.as_bytes()[..first]
            .iter()
            .rev()
            .take_while(|b| **b == b'\\')
            .count();
    let (mut out, mut rest) = (text.as_bytes()[..start].to_vec(), &text.as_bytes()[start..]);
    while let Some(at) = memchr::memchr(b'\\', rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let length = match (unit(rest), rest.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                out.extend_from_slice(br"\ufffd");
                rest = &rest[6..];
                continue;
            }
            _ => rest.len().min(2),
        };
        out.extend_from_slice(&rest[..length]);
        rest = &rest[length..];
    }
    out.extend_from_slice(rest);
    out
}

/// The number of an escape such as `\u00e4` at the start of a text.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(br"\u")?.get(..4)?;
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    let digits = is_hex.then_some(digits)?;
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Inflates one body after the other in the same room: eight megabytes that are had anew for each page cost as much as a
/// third of the inflating.
pub(super) struct Inflater {
    decompressor: Decompressor,
    room: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            decompressor: Decompressor::new(),
            room: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Inflater {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflater")
            .field("room", &self.room.len())
            .finish_non_exhaustive()
    }
}

impl Inflater {
    /// The bytes of a body as it came, whatever it is packed in.
    pub(super) fn open<'a>(
        &'a mut self,
        body: &'a [u8],
        headers: &HeaderMap,
    ) -> Result<&'a [u8], DecodeError> {
        if is_plain(headers)? {
            Ok(body)
        } else {
            self.inflate(body)
        }
    }

    fn inflate(&mut self, packed: &[u8]) -> Result<&[u8], DecodeError> {
        // The last four bytes tell the size, but nobody can be held to them: the room grows when they lie.
        let told = packed
            .last_chunk::<4>()
            .map_or(0, |size| u32::from_le_bytes(*size) as usize);
        let mut room = told.clamp(1024, LARGEST_REPLY);
        loop {
            if self.room.len() < room {
                // Had anew, and not made longer: what the system gives is empty already, and nothing has to be carried over.
                self.room = Vec::new();
                self.room = vec![0; room];
            }
            match self.decompressor.gzip_decompress(packed, &mut self.room) {
                Ok(length) => return Ok(&self.room[..length]),
                Err(DecompressionError::BadData) => return Err(DecodeError::Gzip),
                Err(DecompressionError::InsufficientSpace) if self.room.len() < LARGEST_REPLY => {
                    room = (self.room.len() * 4).min(LARGEST_REPLY);
                }
                Err(DecompressionError::InsufficientSpace) => {
                    return Err(DecodeError::TooLarge {
                        limit: LARGEST_REPLY,
                    });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use libdeflater::{CompressionLvl, Compressor};

    use super::*;

    fn inflate(packed: &[u8]) -> Result<Vec<u8>, DecodeError> {
        Inflater::default().inflate(packed).map(<[u8]>::to_vec)
    }

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut compressor = Compressor::new(CompressionLvl::fastest());
        let mut out = vec![0; compressor.gzip_compress_bound(text.len())];
        let length = compressor.gzip_compress(text, &mut out).unwrap();
        out.truncate(length);
        out
    }

    #[test]
    fn inflates_whatever_the_trailer_says() {
        let text = vec![b'a'; 100_000];
        let good = packed(&text);
        assert_eq!(inflate(&good).unwrap(), text);
        let mut followed = good.clone();
        followed.extend_from_slice(&[0, 0, 0, 0]);
        assert_eq!(inflate(&followed).unwrap(), text);
        assert!(matches!(inflate(&good[..40]), Err(DecodeError::Gzip)));
        assert!(matches!(inflate(b"hello"), Err(DecodeError::Gzip)));
        assert!(matches!(inflate(b""), Err(DecodeError::Gzip)));
    }

    #[test]
    fn a_bomb_is_refused() {
        let bomb = packed(&vec![0; LARGEST_REPLY + 1]);
        assert!(matches!(
            inflate(&bomb),
            Err(DecodeError::TooLarge { limit }) if limit == LARGEST_REPLY
        ));
    }

    #[test]
    fn what_is_no_character_is_replaced_and_nothing_else() {
        for (body, read) in [
            (&br#"{"a":"x"}"#[..], r#"{"a":"x"}"#),
            (br#""\ud83d\ude00 \u00e4""#, r#""\ud83d\ude00 \u00e4""#),
            (br#""\ud83d""#, r#""\ufffd""#),
            (br#""\ude00\ud83d\n""#, r#""\ufffd\ufffd\n""#),
            (br#""\uD83d\u0041""#, r#""\ufffd\u0041""#),
            // No escape at all: two backslashes are one.
            (br#""\\ud83d""#, r#""\\ud83d""#),
            (br#""\\\ud83d""#, r#""\\\ufffd""#),
            (b"\"a\xffb\"", "\"a\u{fffd}b\""),
            (b"\\ud8", "\\ud8"),
            (b"\\ud83\xff\\", "\\ud83\u{fffd}\\"),
        ] {
            assert_eq!(String::from_utf8(readable(body.to_vec())).unwrap(), read);
        }
    }
}
