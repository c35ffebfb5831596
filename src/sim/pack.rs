//! Bodies as they go out: the shared pieces put in, and packed if the caller takes gzip.
//!
//! Packing eight megabytes costs more than making them. The pieces that many users share were packed before; they
//! are joined with what lies between them as stored blocks, which any gzip reader takes.

use std::io::Write as _;

use flate2::{Compression, Crc, write::GzEncoder};

use super::crowd::Pattern;
use super::json::Cut;

/// A block of the stored kind holds at most this much.
const BLOCK: usize = 0xffff;

/// The whole text.
pub(super) fn plain(text: Vec<u8>, cuts: &[Cut], patterns: &[Pattern]) -> Vec<u8> {
    if cuts.is_empty() {
        return text;
    }
    let shared: usize = cuts
        .iter()
        .map(|(_, piece)| patterns[usize::from(*piece)].text.len())
        .sum();
    let mut out = Vec::with_capacity(text.len() + shared);
    let mut from = 0;
    for (at, piece) in cuts {
        out.extend_from_slice(&text[from..*at]);
        out.extend_from_slice(&patterns[usize::from(*piece)].text);
        from = *at;
    }
    out.extend_from_slice(&text[from..]);
    out
}

/// The whole text, packed.
pub(super) fn gzip(text: &[u8], cuts: &[Cut], patterns: &[Pattern]) -> Vec<u8> {
    if cuts.is_empty() {
        let mut encoder =
            GzEncoder::new(Vec::with_capacity(text.len() / 6 + 64), Compression::fast());
        encoder.write_all(text).expect("a vector takes every byte");
        return encoder.finish().expect("a vector takes every byte");
    }
    let shared: usize = cuts
        .iter()
        .map(|(_, piece)| patterns[usize::from(*piece)].packed.len())
        .sum();
    let mut out = Vec::with_capacity(text.len() + shared + 64);
    out.extend_from_slice(&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 255]);
    let mut crc = Crc::new();
    let mut from = 0;
    for (at, piece) in cuts {
        stored(&mut out, &mut crc, &text[from..*at]);
        let pattern = &patterns[usize::from(*piece)];
        out.extend_from_slice(&pattern.packed);
        crc.update(&pattern.text);
        from = *at;
    }
    stored(&mut out, &mut crc, &text[from..]);
    // The last block: empty, stored, marked as final.
    out.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
    out.extend_from_slice(&crc.sum().to_le_bytes());
    out.extend_from_slice(&crc.amount().to_le_bytes());
    out
}

fn stored(out: &mut Vec<u8>, crc: &mut Crc, text: &[u8]) {
    for block in text.chunks(BLOCK) {
        let length = u16::try_from(block.len()).expect("a block is no longer than its chunk");
        out.push(0);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
    crc.update(text);
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;
    use crate::sim::tenant::Tenant;

    fn unpacked(packed: &[u8]) -> Vec<u8> {
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(packed)
            .read_to_end(&mut text)
            .unwrap();
        text
    }

    #[test]
    fn joined_pieces_unpack_to_the_plain_text() {
        let tenant = Tenant::crowd_of(10, "2026-11-01T00:00:00Z".parse().unwrap());
        let patterns = tenant.crowd.as_ref().unwrap().patterns();
        let text = "x".repeat(70_000).into_bytes();
        let cuts = [(0, 32), (5, 80), (69_999, 40)];
        let whole = plain(text.clone(), &cuts, patterns);
        assert!(whole.len() > 80_000);
        assert_eq!(unpacked(&gzip(&text, &cuts, patterns)), whole);
        assert_eq!(unpacked(&gzip(&text, &[], patterns)), text);
    }
}
