//! Names that a line of a log gives away by its shape, whoever was called so: `NAME <address>`, `held by NAME`, `group 'NAME'`.
//!
//! For people and groups whom no table knows any more. The shapes are those that this program writes.

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

/// What stands before the name of a group: in a line of a run, in a request, in the words of a refusal.
const BEFORE_GROUP: &[&str] = &[
    "group '",
    "Group '",
    "group is called '",
    "groups are called '",
    "displayName eq '",
    "displayName%20eq%20%27",
    "displayName+eq+%27",
];

/// What stands behind it. A name may have such a sign in it: the nearest of these ends it, and else the last sign of the line.
const BEHIND_GROUP: &[&str] = &["': ", "' hides", "' is empty", "' (", "'&", "%27&"];

/// The names of groups in a line.
pub(super) fn groups(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for phrase in BEFORE_GROUP {
        for (at, _) in text.match_indices(phrase) {
            let rest = &text[at + phrase.len()..];
            let rest = rest.lines().next().unwrap_or_default();
            let end = BEHIND_GROUP.iter().filter_map(|sign| rest.find(sign)).min();
            let end = end.or_else(|| rest.rfind('\'').max(rest.rfind("%27")));
            let name = decoded(&rest[..end.unwrap_or(rest.len())]);
            // A filter writes the sign twice.
            let name = name.replace("''", "'").trim().to_owned();
            if name.chars().any(char::is_alphanumeric) {
                found.push(name);
            }
        }
    }
    found
}

/// What an address of the web writes as `%20`.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        let hex = behind
            .get(..2)
            .and_then(|hex| std::str::from_utf8(hex).ok());
        let hex = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        if let Some(byte) = hex.filter(|_| *first == b'%') {
            bytes.push(byte);
            rest = &behind[2..];
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
    fn groups_are_seen_by_where_they_stand() {
        for (text, wanted) in [
            (
                "Applying filter for group 'Drell Cluster': include 3 of 35 users",
                "Drell Cluster",
            ),
            (
                "No group is called 'Nope's Xander': nobody is included; correct or clear `group`",
                "Nope's Xander",
            ),
            (
                "2 groups are called 'Twice' (a, b): nobody is included; set the group's id instead",
                "Twice",
            ),
            (
                "Group 'Hid' hides its members from this app: grant it, or clear `group`",
                "Hid",
            ),
            ("Group 'Bare' is empty: nobody is included", "Bare"),
            (
                "GET /v1.0/groups?$filter=displayName%20eq%20%27Zo%C3%AB%27%27s%20Lot%27&$select=id 200",
                "Zoë's Lot",
            ),
            ("Invalid filter: displayName eq 'Odd'", "Odd"),
        ] {
            assert_eq!(groups(text), [wanted], "{text}");
        }
        assert_eq!(groups("the group filter could not be read"), [""; 0]);
    }

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
            ("moves from Lee Gu; Kim can take it", &["Lee Gu"]),
            ("read <3 pages> of a@b, held by kim on host", &[]),
            ("held by ", &[]),
            ("<", &[]),
        ] {
            assert_eq!(names(text), wanted, "{text}");
        }
    }
}
