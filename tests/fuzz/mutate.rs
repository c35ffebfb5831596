//! The loop: an input of the corpus, damaged a few times, handed to what is under test.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

/// Numbers that look like chance, the same for a seed on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Chance(u64);

impl Chance {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end.max(1)).unwrap()).unwrap()
    }

    pub(crate) fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }
}

fn setting(name: &str) -> Option<u64> {
    #[expect(
        clippy::disallowed_methods,
        reason = "how long a test runs is the caller's to say"
    )]
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("it is a number"))
}

/// Texts that break readers, put in wherever they fit.
const WORDS: &[&[u8]] = &[
    b"\0",
    b"\xff",
    b"\xc0\x80",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\xf0\x9f\x98\x80",
    b"\xe2\x80\xae",
    b"\xcc\x81",
    b"\x1b[2J",
    b"\r\n",
    b"\n",
    b"\t",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud83d",
    b"'",
    b"''",
    b"\"\"\"",
    b"{",
    b"}",
    b"[",
    b"]",
    b"[[",
    b",",
    b":",
    b"=",
    b";",
    b"null",
    b"true",
    b"-0",
    b"1e309",
    b"9223372036854775808",
    b"+",
    b"(0)",
    b"00",
    b";ext=",
    b"tel:",
    b"4.41235E+11",
    b"0000",
    b"@",
    b"../",
    b"id",
    b"value",
    b"@odata.nextLink",
    b"@removed",
    b"error",
    b"innerError",
    b"00000000-0000-0000-0000-000000000001",
    b"tenants",
    b"2026-02-30",
    b"1979-05-27T07:32:00Z",
    b"#",
];

/// The input, damaged once to eight times.
fn damaged(chance: &mut Chance, corpus: &[Vec<u8>]) -> Vec<u8> {
    let mut out = chance.pick(corpus).clone();
    for _ in 0..=chance.below(8) {
        let at = chance.below(out.len() + 1);
        let end = at + chance.below((out.len() - at + 1).min(64));
        match chance.below(9) {
            0 if !out.is_empty() => {
                let at = at.min(out.len() - 1);
                out[at] ^= 1 << chance.below(8);
            }
            1 => out.truncate(at),
            2 => {
                out.drain(at..end);
            }
            3 => {
                let piece = out[at..end].to_vec();
                for _ in 0..=chance.below(4) {
                    out.splice(at..at, piece.iter().copied());
                }
            }
            4 => {
                let byte = u8::try_from(chance.below(256)).unwrap();
                out.insert(at, byte);
            }
            5 => {
                let other = chance.pick(corpus);
                let from = chance.below(other.len() + 1);
                let to = from + chance.below((other.len() - from + 1).min(200));
                out.splice(at..end, other[from..to].iter().copied());
            }
            6 => {
                let word = chance.pick(WORDS);
                let times = if chance.below(50) == 0 { 3_000 } else { 1 };
                out.splice(at..end, word.repeat(times));
            }
            // A digit is exchanged for another, which keeps the shape.
            7 => {
                let digits: Vec<usize> = (0..out.len())
                    .filter(|n| out[*n].is_ascii_digit())
                    .collect();
                if !digits.is_empty() {
                    let at = *chance.pick(&digits);
                    out[at] = b'0' + u8::try_from(chance.below(10)).unwrap();
                }
            }
            _ => {
                let word = chance.pick(WORDS);
                out.splice(at..at, word.iter().copied());
            }
        }
        if out.len() > 200_000 {
            out.truncate(200_000);
        }
    }
    out
}

/// The files of a folder of the corpus.
pub(crate) fn corpus(folder: &str) -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests")
        .join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    paths.retain(|path| path.is_file());
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

/// Hands damaged inputs to `reads`, so many rounds of them. What it returns is counted as read; the rest was refused.
pub(crate) fn rounds(
    name: &str,
    rounds: u64,
    corpus: &[Vec<u8>],
    mut reads: impl FnMut(&[u8]) -> bool,
) {
    assert!(!corpus.is_empty());
    let seed = setting("TEAMSCONNECTOR_TEST_SEED").unwrap_or(0x7ea3_5c01);
    let rounds = rounds * setting("TEAMSCONNECTOR_FUZZ").unwrap_or(1);
    let whole = corpus.iter().filter(|input| reads(input)).count();
    assert!(whole > 0, "{name}: nothing of the corpus is read as it is");
    let mut read = 0;
    for round in 0..rounds {
        let mut chance = Chance(seed.wrapping_add(round.wrapping_mul(0x0100_0193)));
        let input = damaged(&mut chance, corpus);
        let Ok(is_read) = catch_unwind(AssertUnwindSafe(|| reads(&input))) else {
            let input = String::from_utf8_lossy(&input);
            panic!("{name}: seed {seed}, round {round}, input: {input:?}");
        };
        read += u64::from(is_read);
    }
    // A loop that never reads anything, or refuses nothing, looks at nothing.
    assert!(
        read > 0 && read < rounds,
        "{name}: {read} of {rounds} were read"
    );
}
