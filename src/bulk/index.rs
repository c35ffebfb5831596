//! Which entries have a text, in any case of letters: a hash to row numbers, the text itself compared by the caller.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// From the hash of a text to the places that have it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Index {
    places: HashMap<u64, Slot>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Slot {
    One(u32),
    Many(Vec<u32>),
}

impl Index {
    /// Room for so many.
    pub(super) fn with_capacity(count: usize) -> Self {
        Self {
            places: HashMap::with_capacity(count),
        }
    }

    /// Notes that `place` has this text. An empty text is nobody's.
    pub(super) fn put(&mut self, text: &str, place: u32) {
        if text.is_empty() {
            return;
        }
        match self.places.entry(key(text)) {
            Entry::Vacant(vacant) => {
                vacant.insert(Slot::One(place));
            }
            Entry::Occupied(mut occupied) => match occupied.get_mut() {
                Slot::One(first) => {
                    let first = *first;
                    if first != place {
                        occupied.insert(Slot::Many(vec![first, place]));
                    }
                }
                // Places are put in their order, so that a second time comes right behind the first.
                Slot::Many(all) if all.last() == Some(&place) => {}
                Slot::Many(all) => all.push(place),
            },
        }
    }

    /// Forgets that `place` has it.
    pub(super) fn take(&mut self, text: &str, place: u32) {
        if let Entry::Occupied(mut occupied) = self.places.entry(key(text)) {
            let empty = match occupied.get_mut() {
                Slot::One(only) => *only == place,
                Slot::Many(all) => {
                    all.retain(|other| *other != place);
                    all.is_empty()
                }
            };
            if empty {
                occupied.remove();
            }
        }
    }

    /// Places that may have this text: the caller compares.
    pub(super) fn of(&self, text: &str) -> &[u32] {
        match self.places.get(&key(text)) {
            None => &[],
            Some(Slot::One(place)) => std::slice::from_ref(place),
            Some(Slot::Many(all)) => all,
        }
    }
}

/// Whether two texts are one in any case of letters.
pub(super) fn same(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        one.eq_ignore_ascii_case(other)
    } else {
        one.to_lowercase() == other.to_lowercase()
    }
}

fn key(text: &str) -> u64 {
    if text.is_ascii() {
        fold(text.bytes().map(|b| b.to_ascii_lowercase()))
    } else {
        fold(text.to_lowercase().bytes())
    }
}

/// FNV-1a: short texts, and a collision costs one comparison.
fn fold(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_in_any_case_and_forgotten_again() {
        let mut index = Index::with_capacity(4);
        for (text, place) in [
            ("Ann@x", 1),
            ("ANN@X", 2),
            ("ann@x", 2),
            ("bob", 3),
            ("", 9),
        ] {
            index.put(text, place);
        }
        assert_eq!(index.of("ann@x"), [1, 2]);
        assert_eq!(index.of(""), [0_u32; 0]);
        index.take("ANN@x", 1);
        index.take("BOB", 3);
        assert_eq!((index.of("ann@x"), index.of("bob")), (&[2][..], &[][..]));
        assert!(same("ÄRZTE", "ärzte") && !same("a", "b"));
    }
}
