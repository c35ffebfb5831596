//! Names that a line of a log gives away by its shape, whoever was called so: `NAME <address>`, `held by NAME`.
//!
//! For people whom no table knows any more. The shapes are those that this program writes.

/// What stands before a name.
const BEFORE: &[&str] = &[
    "held by ",
    "promised to ",
    "moves from ",
    "is taken from ",
    "goes to ",
    "went to ",
];

/// A name has no more words.
const WORDS: usize = 5;

/// Words of a name that are written small.
const PARTICLES: &[&str] = &[
    "von", "van", "der", "den", "de", "di", "da", "del", "la", "le", "zu", "bin", "al", "el",
];

/// The names in a line.
pub(super) fn names(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find('<') {
        let at = from + at;
        let inside = &text[at + 1..];
        let end = inside.find('>').unwrap_or(0);
        if inside[..end].contains('@') {
            found.push(before_address(&text[..at]));
        }
        from = at + 1;
    }
    for phrase in BEFORE {
        for (at, _) in text.match_indices(phrase) {
            found.push(capitalized(&text[at + phrase.len()..]));
        }
    }
    found.retain(|name| name.chars().any(char::is_alphabetic));
    found
}

/// What stands before an address, back to where the words before it end.
fn before_address(text: &str) -> &str {
    let start = [": ", "; ", "> ", "\"", "(", "\n"]
        .iter()
        .filter_map(|sign| text.rfind(sign).map(|at| at + sign.len()))
        .max()
        .unwrap_or(0);
    text[start..].trim()
}

/// The words with a capital, or of a script without capitals, that a text begins with.
fn capitalized(text: &str) -> &str {
    let mut end = 0;
    for word in text.split_inclusive(' ').take(WORDS) {
        let first = word.chars().next();
        if end > 0 && PARTICLES.contains(&word.trim_end()) {
            end += word.len();
            continue;
        }
        if first.is_none_or(|c| !c.is_alphabetic() || c.is_lowercase()) {
            break;
        }
        let stop = word.find([',', ';', ':', '(', ')', '<', '"', '\n']);
        end += stop.unwrap_or(word.len());
        if stop.is_some() {
            break;
        }
    }
    text[..end].trim().trim_end_matches('.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_seen_by_where_they_stand() {
        for (text, wanted) in [
            (
                "Debra Berger <debra@x.example>: Calling Plan: MCOPSTN1",
                &["Debra Berger"][..],
            ),
            (
                "near: Zoë O'Brien <zoe@x.example>; Bo Li <bo@x.example>",
                &["Zoë O'Brien", "Bo Li"],
            ),
            (
                "Diego: +1 425 held by Joni Sherman: release it there first",
                &["Joni Sherman"],
            ),
            ("the number is held by Pat Old", &["Pat Old"]),
            ("held by 李明", &["李明"]),
            (
                "+1 is promised to Amy von Berg by a change that was queued",
                &["Amy von Berg"],
            ),
            ("moves from Lee Gu; Kim checked: ok", &["Lee Gu"]),
            ("read <3 pages> of a@b, held by kim on host", &[]),
            ("held by ", &[]),
            ("<", &[]),
        ] {
            assert_eq!(names(text), wanted, "{text}");
        }
    }
}
