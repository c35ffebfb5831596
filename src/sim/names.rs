//! Names for people who are made up: in the scripts that real directories hold, with the letters that their
//! addresses are made of.

/// Given names: as shown, and as an address spells them. The place of a pair decides its script.
const GIVEN: &[(&str, &str)] = &[
    ("Olivia", "olivia"),
    ("George", "george"),
    ("Amelia", "amelia"),
    ("Harry", "harry"),
    ("Zoë", "zoe"),
    ("José", "jose"),
    ("Ελένη", "eleni"),
    ("Νίκος", "nikos"),
    ("Олег", "oleg"),
    ("Наталья", "natalya"),
    ("太郎", "taro"),
    ("花子", "hanako"),
    ("سارة", "sara"),
    ("خالد", "khalid"),
    ("Jürgen", "juergen"),
    ("Łukasz", "lukasz"),
    ("Priya", "priya"),
    ("Noah", "noah"),
];

/// Family names, in the same order of scripts.
const FAMILY: &[(&str, &str)] = &[
    ("Hart", "hart"),
    ("Booth", "booth"),
    ("Marsh", "marsh"),
    ("Fielding", "fielding"),
    ("Brontë", "bronte"),
    ("Núñez", "nunez"),
    ("Παππά", "pappa"),
    ("Γεωργίου", "georgiou"),
    ("Петров", "petrov"),
    ("Соколова", "sokolova"),
    ("山田", "yamada"),
    ("佐藤", "sato"),
    ("أحمد", "ahmed"),
    ("منصور", "mansour"),
    ("Groß", "gross"),
    ("Żak", "zak"),
    ("Nair", "nair"),
    ("Weaver", "weaver"),
];

/// Latin letters only, for accounts whose names do not matter.
const PLAIN_GIVEN: &[&str] = &[
    "Amy", "Ben", "Carol", "David", "Ella", "Frank", "Grace", "Henry", "Iris", "Jack", "Karen",
    "Liam", "Mona", "Nina", "Oscar", "Paula", "Quinn", "Rosa", "Simon", "Tara", "Umar", "Vera",
    "Wendy", "Yusuf",
];
const PLAIN_FAMILY: &[&str] = &[
    "Archer", "Barker", "Cooper", "Draper", "Ellis", "Fisher", "Glover", "Hunter", "Irving",
    "Joiner", "Keeler", "Lister", "Mason", "Nailor", "Osler", "Potter", "Quill",
];

/// A made-up name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Name {
    pub given: &'static str,
    pub family: &'static str,
    pub given_letters: &'static str,
    pub family_letters: &'static str,
}

impl Name {
    /// The n-th name of the crowd. Both halves are of one script, and neighbours differ.
    pub(super) fn of_many(n: u64) -> Self {
        let place = usize::try_from(n % GIVEN.len() as u64)
            .expect("a remainder by a small length is small");
        let turn =
            usize::try_from(n / GIVEN.len() as u64 % 3).expect("a remainder by three is small");
        let (given, given_letters) = GIVEN[place];
        // Names of one script stand beside each other in pairs; Latin ones are mixed more freely.
        let other = if place < 6 {
            (place + turn) % 6
        } else {
            place - place % 2 + (place + turn) % 2
        };
        let (family, family_letters) = FAMILY[other];
        Self {
            given,
            family,
            given_letters,
            family_letters,
        }
    }

    /// The name as shown: family first where that is the custom.
    pub(super) fn shown(&self) -> String {
        if self
            .family
            .chars()
            .next()
            .is_some_and(|letter| letter > '\u{2e80}')
        {
            format!("{} {}", self.family, self.given)
        } else {
            format!("{} {}", self.given, self.family)
        }
    }
}

/// The n-th plain name; 408 of them differ.
pub(super) fn plain(n: usize) -> (&'static str, &'static str) {
    (
        PLAIN_GIVEN[n % PLAIN_GIVEN.len()],
        PLAIN_FAMILY[n % PLAIN_FAMILY.len()],
    )
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn both_halves_are_of_one_script() {
        for n in 0..200 {
            let name = Name::of_many(n);
            let latin = |text: &str| text.chars().all(|letter| letter < '\u{250}');
            assert_eq!(latin(name.given), latin(name.family), "{name:?}");
        }
        assert_eq!(Name::of_many(10).shown(), "山田 太郎");
    }

    #[test]
    fn plain_names_are_many() {
        let names: BTreeSet<_> = (0..408).map(plain).collect();
        assert_eq!(names.len(), 408);
    }
}
