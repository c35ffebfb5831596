//! What is typed into a filter: words that must be there, `!word` that must not, `field:value` of one column, `re:pattern`.
//!
//! Knows no pane: whoever has rows says what stands in a field of one.

use std::borrow::Cow;

use memchr::memmem;
use regex::{Regex, RegexBuilder};

/// What parts of a folded text are set apart by.
pub const APART: char = '\u{1f}';

/// Bytes that a pattern may take once it is compiled: more than anybody types, less than a second of work.
const LARGEST: usize = 1 << 20;

/// A column that a filter can name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// Name.
    Name,
    /// E-mail.
    Mail,
    /// Sign-in name.
    SignIn,
    /// Number.
    Number,
    /// Country.
    Country,
    /// State.
    State,
    /// Cause.
    Cause,
    /// Kind of number.
    Kind,
    /// Who holds a number.
    Holder,
    /// Who made a change.
    By,
}

impl Field {
    /// All fields.
    pub const ALL: [Self; 10] = [
        Self::Name,
        Self::Mail,
        Self::SignIn,
        Self::Number,
        Self::Country,
        Self::State,
        Self::Cause,
        Self::Kind,
        Self::Holder,
        Self::By,
    ];

    /// What it is called before the colon.
    pub fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Mail => "mail",
            Self::SignIn => "upn",
            Self::Number => "number",
            Self::Country => "country",
            Self::State => "state",
            Self::Cause => "cause",
            Self::Kind => "kind",
            Self::Holder => "holder",
            Self::By => "by",
        }
    }

    /// The field of a word, also by another name.
    fn of(word: &str) -> Option<Self> {
        let word = match word {
            "email" | "e-mail" => "mail",
            "signin" | "sign-in" => "upn",
            "cc" => "country",
            "type" | "field" | "brings" | "how" => "kind",
            "status" => "state",
            "author" => "by",
            "note" => "cause",
            other => other,
        };
        Self::ALL.into_iter().find(|field| field.word() == word)
    }
}

/// A filter. Digits match digits whatever the spacing, and as they are said.
#[derive(Debug, Clone, Default)]
pub struct Query {
    pub(super) wanted: Vec<Wanted>,
    pub(super) unwanted: Vec<String>,
    pub(super) cells: Vec<Cell>,
    pub(super) pattern: Option<Result<Regex, ()>>,
}

/// A word that must be there, in one of two spellings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) word: String,
    /// The same number as it stands in a tenant: without the 0 that is dialled before it, or with `+` for `00`.
    pub(super) or: Option<String>,
}

impl Wanted {
    fn word(word: String) -> Self {
        Self { word, or: None }
    }

    pub(super) fn is_in(&self, folded: &str) -> bool {
        let has = |word: &str| memmem::find(folded.as_bytes(), word.as_bytes()).is_some();
        has(&self.word) || self.or.as_deref().is_some_and(has)
    }
}

/// What one column must hold, or must not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) field: Field,
    sought: Sought,
    holds: Holds,
}

/// What is looked for in a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Sought {
    /// A value that is not typed yet: nothing is asked for.
    Nothing,
    /// That it is empty.
    Blank,
    /// A text.
    Text(Wanted),
}

/// Whether a cell must match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holds {
    Yes,
    No,
}

impl Cell {
    /// Reads `field:value`; `None` where the word is none of a field that is known.
    fn parse(word: &str, holds: Holds) -> Option<Self> {
        let (field, value) = word.split_once(':')?;
        let field = Field::of(&folded(field))?;
        let sought = match value {
            "" => Sought::Nothing,
            "-" | "none" => Sought::Blank,
            value => Sought::Text(
                number(value)
                    .filter(|_| field == Field::Number)
                    .unwrap_or_else(|| Wanted::word(folded(value))),
            ),
        };
        Some(Self {
            field,
            sought,
            holds,
        })
    }

    pub(super) fn is_met(&self, text: &str) -> bool {
        let met = match &self.sought {
            Sought::Nothing => return true,
            Sought::Blank => text.is_empty(),
            Sought::Text(value) => value.is_in(text),
        };
        met == (self.holds == Holds::Yes)
    }
}

fn folded(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).collect()
}

impl Query {
    /// Reads what was typed where rows have no columns: a colon is part of a word.
    pub fn parse(text: &str) -> Self {
        Self::read(text, |_, _| None)
    }

    /// Reads what was typed where rows have columns.
    pub fn of_rows(text: &str) -> Self {
        Self::read(text, Cell::parse)
    }

    fn read(text: &str, cell: impl Fn(&str, Holds) -> Option<Cell>) -> Self {
        let mut query = Self::default();
        let (words, pattern) = split(text);
        query.pattern = pattern.map(compiled);
        // A number may be typed with spaces: `+44 1235` is one thing to look for, not two.
        if let Some(number) = number(words) {
            query.wanted.push(number);
            return query;
        }
        for word in words.split_whitespace() {
            let (bare, holds) = match word.strip_prefix('!') {
                Some(bare) => (bare, Holds::No),
                None => (word, Holds::Yes),
            };
            match (cell(bare, holds), holds) {
                (Some(cell), _) if matches!(cell.sought, Sought::Nothing) => {}
                (Some(cell), _) => query.cells.push(cell),
                (None, Holds::No) if bare.is_empty() => {}
                (None, Holds::No) => query.unwanted.push(folded(bare)),
                (None, Holds::Yes) => query.wanted.push(Wanted::word(folded(bare))),
            }
        }
        query
    }

    /// Whether it lets everything through.
    pub fn is_empty(&self) -> bool {
        self.wanted.is_empty()
            && self.unwanted.is_empty()
            && self.cells.is_empty()
            && self.pattern.is_none()
    }

    /// Whether whatever matches this matches the other one too: then only the other's hits need to be looked at.
    pub fn narrows(&self, other: &Self) -> bool {
        let within = |old: &Wanted| {
            self.wanted.iter().any(|new| match (&new.or, &old.or) {
                // In either spelling of the new one is one of the old.
                (Some(or), Some(old_or)) => new.word.contains(&old.word) && or.contains(old_or),
                (Some(or), None) => new.word.contains(&old.word) && or.contains(&old.word),
                (None, _) => new.word.contains(&old.word),
            })
        };
        let source = |query: &Self| match &query.pattern {
            Some(Ok(pattern)) => Some(pattern.as_str().to_owned()),
            Some(Err(())) | None => None,
        };
        other.wanted.iter().all(within)
            && other
                .unwanted
                .iter()
                .all(|word| self.unwanted.contains(word))
            && other.cells.iter().all(|cell| self.cells.contains(cell))
            && !other.is_broken()
            && (other.pattern.is_none() || source(other) == source(self))
    }

    /// Whether what stands behind `re:` is no pattern: then nothing matches.
    pub fn is_broken(&self) -> bool {
        matches!(self.pattern, Some(Err(())))
    }

    /// Whether a folded (lower-case) text matches that has no columns.
    pub fn matches(&self, folded: &str) -> bool {
        self.matches_row(folded, |_| None)
    }

    /// Whether a row matches: its folded (lower-case) text, and what stands in its columns in lower case; `None` for a column
    /// that it does not have.
    pub fn matches_row<'a>(
        &self,
        folded: &str,
        cell: impl Fn(Field) -> Option<Cow<'a, str>>,
    ) -> bool {
        let absent = |word: &String| memmem::find(folded.as_bytes(), word.as_bytes()).is_none();
        self.wanted.iter().all(|wanted| wanted.is_in(folded))
            && self.unwanted.iter().all(absent)
            && self.cells.iter().all(|wanted| {
                let text = cell(wanted.field);
                text.is_some_and(|text| wanted.is_met(&text))
            })
            && match &self.pattern {
                None => true,
                Some(Err(())) => false,
                Some(Ok(pattern)) => {
                    let mut cells = folded.trim_end_matches('\n').split(APART);
                    cells.any(|cell| pattern.is_match(cell))
                }
            }
    }
}

/// The words before `re:`, and the pattern behind it: all that is left, since a pattern may hold blanks.
fn split(text: &str) -> (&str, Option<&str>) {
    let lower = text.to_ascii_lowercase();
    let begins = lower.match_indices("re:").map(|(at, _)| at);
    let mut alone = begins.filter(|&at| at == 0 || text[..at].ends_with(char::is_whitespace));
    match alone.next() {
        Some(at) => (&text[..at], Some(text[at + 3..].trim_end())),
        None => (text, None),
    }
}

/// The first word that looks as if it named a column or a pattern and does not, with what is made of it; `None` where all is meant.
pub fn odd_word(text: &str, fields: &[Field]) -> Option<String> {
    let (words, _) = split(text);
    words.split_whitespace().find_map(|word| {
        let bare = word.strip_prefix('!').unwrap_or(word);
        let (name, _) = bare.split_once(':')?;
        let name = folded(name);
        if name == "re" {
            return Some("! does not go with re:; it is looked for as text".to_owned());
        }
        // Addresses and times have a colon too.
        let is_name = name.len() > 1 && name.chars().all(|c| c.is_alphabetic() || c == '-');
        let is_meant = match Field::of(&name) {
            Some(field) => fields.contains(&field),
            None => !is_name || matches!(name.as_str(), "sip" | "tel" | "smtp" | "http" | "https"),
        };
        (!is_meant).then(|| format!("{name}: is no column here; it is looked for as text"))
    })
}

fn compiled(pattern: &str) -> Result<Regex, ()> {
    let mut builder = RegexBuilder::new(pattern);
    let built = builder
        .case_insensitive(true)
        .size_limit(LARGEST)
        .dfa_size_limit(LARGEST)
        .build();
    built.map_err(|_| ())
}

/// A text that is a number and nothing else, as a customer may say it: `(01235) 123476`, `0044 1235`, `+44 (0)1235`.
fn number(text: &str) -> Option<Wanted> {
    let compact: String = text
        .replace("(0)", "")
        .chars()
        .filter(|c| !matches!(c, '-' | '(' | ')' | '.' | '/') && !c.is_whitespace())
        .collect();
    let digits = compact.strip_prefix('+').unwrap_or(&compact);
    if compact.len() < 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let or = match (compact.strip_prefix("00"), compact.strip_prefix('0')) {
        (Some(international), _) if !international.is_empty() => Some(format!("+{international}")),
        (None, Some(area)) => Some(area.to_owned()),
        _ => None,
    };
    Some(Wanted { word: compact, or })
}

/// The field names of these that the word under way begins, as it would be typed: `cou` is `country:`.
pub fn completion(text: &str, fields: &[Field]) -> Option<String> {
    if text.ends_with(char::is_whitespace) {
        return None;
    }
    let typed = text.rsplit(char::is_whitespace).next()?;
    let typed = typed.strip_prefix('!').unwrap_or(typed);
    let word = folded(typed);
    let mut names = fields.iter().map(|field| field.word());
    let name = names.find(|name| word.len() >= 2 && name.starts_with(&word))?;
    let before = &text[..text.len() - typed.len()];
    Some(format!("{before}{name}:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROW: &str =
        "alex wilber\u{1f}alex@contoso.example\u{1f}\u{1f}+14255550101\u{1f}calling plan\n";

    fn cell(field: Field) -> Option<Cow<'static, str>> {
        Some(Cow::Borrowed(match field {
            Field::Name => "alex wilber",
            Field::SignIn => "alex@contoso.example",
            Field::Mail => "",
            Field::Number => "+14255550101",
            Field::Country => "us",
            Field::Cause => "calling plan",
            Field::State | Field::Kind | Field::Holder | Field::By => return None,
        }))
    }

    #[test]
    fn a_field_is_looked_for_in_its_own_column() {
        for (text, wanted) in [
            ("name:wil", true),
            ("NAME:Wil", true),
            ("name:contoso", false),
            ("upn:contoso", true),
            ("number:425", true),
            ("number:001425", true),
            ("number:-", false),
            ("mail:none", true),
            ("country:us", true),
            ("cc:gb", false),
            ("!cc:gb", true),
            ("!cc:us", false),
            ("state:ok", false),
            // A value that is not typed yet asks for nothing, and a field that nobody knows is a word.
            ("name:", true),
            ("sip:alex", false),
            ("name:wil re:^ALEX w", true),
            ("re:^wilber", false),
            ("re:plan$", true),
            ("re:0101$", true),
            ("nobody re:plan", false),
            ("re:(", false),
        ] {
            let query = Query::of_rows(text);
            assert_eq!(query.matches_row(ROW, cell), wanted, "{text}");
        }
        assert!(Query::of_rows("re:(").is_broken());
        assert!(!Query::of_rows("more:x").is_broken());
        // Where there are no columns a colon is a letter.
        assert!(Query::parse("14:05").matches("at 14:05 utc"));
        assert!(Query::parse("name:x").matches("my name:x is"));
    }

    #[test]
    fn two_zeros_are_no_number_yet() {
        assert!(Query::parse("00").wanted[0].or.is_none());
    }

    #[test]
    fn the_word_under_way_is_completed() {
        let fields = [Field::Name, Field::Number, Field::Country];
        let complete = |text| completion(text, &fields);
        assert_eq!(complete("cou").as_deref(), Some("country:"));
        assert_eq!(complete("lee !nu").as_deref(), Some("lee !number:"));
        assert_eq!(complete("n"), None);
        assert_eq!(complete("state"), None);
        assert_eq!(complete("country:"), None);
        assert_eq!(complete("na "), None);
    }
}
