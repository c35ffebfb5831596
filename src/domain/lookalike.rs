//! Names that can be taken for another's: letters of two scripts in one word, or letters that look like others (UTS #39). They are
//! marked where somebody chooses a person, and nothing is blocked by them.

use std::collections::HashMap;

use unicode_security::{MixedScript as _, skeleton};

/// What can mislead about somebody.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Doubt {
    /// A word of the name or of the address in letters of two scripts.
    pub mixed: Option<Box<str>>,
    /// Somebody else, by place, whose name or address looks the same and is not.
    pub like: Option<u32>,
}

/// A word with letters that do not belong to one script; Japanese, Korean and Chinese ways of writing count as one each.
pub fn mixed_word(text: &str) -> Option<&str> {
    if text.is_ascii() {
        return None;
    }
    text.split(|c: char| c.is_whitespace() || c.is_ascii_punctuation())
        .find(|word| !word.is_ascii() && !word.is_single_script())
}

/// Letters of an address, in which capitals mean nothing: each is taken as the capital or the small one, whichever has more that
/// looks like it.
fn fold(c: char) -> char {
    match c {
        'I' => 'l',
        'o' | 'O' => '0',
        c => c.to_lowercase().next().unwrap_or(c),
    }
}

/// A text by its hashes: what it looks like, how it is written, and whose it is.
type Written = (u64, u64, u32);

/// Everybody about whom something can mislead, by place, from the names and addresses of all, in order.
pub fn doubts<'a, I>(all: I) -> HashMap<u32, Doubt>
where
    I: Iterator<Item = (&'a str, &'a str)> + Clone,
{
    let mut found: HashMap<u32, Doubt> = HashMap::new();
    for (place, (name, address)) in (0..).zip(all.clone()) {
        let mixed = mixed_word(name).or_else(|| mixed_word(address));
        if let Some(word) = mixed {
            found.entry(place).or_default().mixed = Some(word.into());
        }
    }
    // One after the other: of a million, each takes 24 MB for as long as it is compared.
    let names = (0..).zip(all.clone());
    let names = names.map(|(place, (name, _))| written(name, |c| c, place));
    compare(names.collect(), &mut found);
    let addresses = (0..).zip(all);
    let addresses = addresses.map(|(place, (_, address))| written(address, fold, place));
    compare(addresses.collect(), &mut found);
    found
}

/// Compares everybody with everybody of the same face.
fn compare(mut all: Vec<Written>, found: &mut HashMap<u32, Doubt>) {
    all.sort_unstable();
    for same in all.chunk_by(|one, other| one.0 == other.0) {
        mark(same, found);
    }
}

/// Marks those of one face who are written otherwise than the first, and the first. Namesakes are written the same.
fn mark(same: &[Written], found: &mut HashMap<u32, Doubt>) {
    let (_, how, first) = same[0];
    for (_, other, place) in &same[1..] {
        if *other != how {
            found.entry(first).or_default().like.get_or_insert(*place);
            found.entry(*place).or_default().like.get_or_insert(first);
        }
    }
}

/// The hashes of a text, whose letters are `fold`ed first; what plain letters look like is known without a table.
fn written(text: &str, fold: fn(char) -> char, place: u32) -> Written {
    let (mut face, mut how) = (Sum::default(), Sum::default());
    for c in text.chars().flat_map(char::to_lowercase) {
        how.add(c);
    }
    // The sign of a hundredth is the only one of ASCII that the tables take apart into letters beyond it.
    if text.is_ascii() && !text.contains('%') {
        for c in text.chars().map(fold) {
            match c {
                '0' => face.add('O'),
                '1' | 'I' | '|' => face.add('l'),
                'm' => {
                    face.add('r');
                    face.add('n');
                }
                '"' => {
                    face.add('\'');
                    face.add('\'');
                }
                '`' => face.add('\''),
                c => face.add(c),
            }
        }
    } else {
        let folded: String = text.chars().map(fold).collect();
        for c in skeleton(&folded) {
            face.add(c);
        }
    }
    (face.0, how.0, place)
}

/// A hash of a few operations for each letter (FNV-1a): a million names are hashed while somebody waits for the screen. Whoever
/// makes two of them meet gets a mark that he would get for a Cyrillic letter too.
#[derive(Clone, Copy)]
struct Sum(u64);

impl Default for Sum {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Sum {
    fn add(&mut self, letter: char) {
        self.0 = (self.0 ^ u64::from(letter)).wrapping_mul(0x0100_0000_01b3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn face(text: &str) -> String {
        skeleton(text).collect()
    }

    fn pairs(of: &[(&'static str, &'static str)]) -> Vec<(u32, u32)> {
        let found = doubts(of.iter().copied());
        let mut pairs: Vec<(u32, u32)> = found
            .iter()
            .filter_map(|(place, doubt)| Some((*place, doubt.like?)))
            .collect();
        pairs.sort_unstable();
        pairs
    }

    #[test]
    fn two_scripts_in_one_word() {
        for (text, word) in [
            ("Paul Smith", None),
            ("P\u{430}ul Smith", Some("P\u{430}ul")),
            ("Paul Sm\u{456}th-Jones", Some("Sm\u{456}th")),
            ("ni\u{3bf}@contoso.example", Some("ni\u{3bf}")),
            ("Иван Petrov", None),
            ("山田 太郎 (Sales)", None),
            ("東京タワーへ", None),
            ("김철수 金", None),
            ("Zoë Müller-Øst", None),
            ("Ελένη", None),
            ("Łukasz 3", None),
            ("می\u{200c}خواهم", None),
        ] {
            assert_eq!(mixed_word(text), word, "{text}");
        }
    }

    #[test]
    fn who_looks_like_whom() {
        assert_eq!(
            pairs(&[
                ("Paul Smith", "paul@c.example"),
                ("Adele Vance", "adele@c.example"),
                ("P\u{430}ul Smith", "p2@c.example"),
                // Namesakes are written the same: their addresses tell them apart.
                ("Adele Vance", "adele2@c.example"),
                ("Mel Row", "me1.row@c.example"),
                ("Other", "MEl.row@c.example"),
                ("Bern", "x0@c.example"),
                ("Bem", "xO@c.example"),
                ("One", "aIex@c.example"),
                ("Two", "alex@c.example"),
            ]),
            [
                (0, 2),
                (2, 0),
                (4, 5),
                (5, 4),
                (6, 7),
                (7, 6),
                (8, 9),
                (9, 8)
            ]
        );
    }

    /// What is known without a table is what the tables say.
    #[test]
    fn plain_letters_look_as_the_tables_say() {
        for c in ' '..='~' {
            let plain = c.to_string();
            // A sign of another script keeps the quick way out of it.
            let slow = format!("{c}\u{3b6}");
            let (quick, _, _) = written(&plain, |c| c, 0);
            let mut whole = Sum::default();
            for shown in face(&slow).trim_end_matches('\u{3b6}').chars() {
                whole.add(shown);
            }
            assert_eq!(quick, whole.0, "{c}");
        }
    }

    /// Every letter that the tables hold for a letter of these names, put in its place, one at a time: none is missed.
    #[test]
    fn no_swap_of_a_single_letter_is_missed() {
        let mut twins: HashMap<String, Vec<char>> = HashMap::new();
        for c in '\0'..=char::MAX {
            let shown = face(c.encode_utf8(&mut [0; 4]));
            if !shown.is_empty() {
                twins.entry(shown).or_default().push(c);
            }
        }
        let mut swaps = 0;
        for name in [
            "Adele Vance",
            "Pradeep Gupta",
            "Ivan Olm 10",
            "Ελένη Παππά",
            "Иван Орлов",
        ] {
            for (at, letter) in name.char_indices() {
                for twin in &twins[&face(letter.encode_utf8(&mut [0; 4]))] {
                    if *twin == letter || letter == ' ' {
                        continue;
                    }
                    let mut other = name.to_owned();
                    other.replace_range(at..at + letter.len_utf8(), twin.encode_utf8(&mut [0; 4]));
                    let both = [(name, "a@c.example"), (other.as_str(), "b@c.example")];
                    let found = doubts(both.into_iter());
                    assert_eq!(found[&0].like, Some(1), "{name} and {other}");
                    swaps += 1;
                }
            }
        }
        assert!(swaps > 500, "{swaps}");
    }
}
