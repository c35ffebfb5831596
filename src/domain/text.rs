//! Text from outside, made safe to draw and print (R-25's one type).
//!
//! Controls and format characters become visible; nothing moves the cursor, turns the direction or hides. Arabic and Indic
//! joiners between letters are ordinary spelling and stay.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use unicode_width::UnicodeWidthChar;

/// A text that holds no control, bidi, invisible or stacking character.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Label(Box<str>);

impl Label {
    /// Makes the text safe.
    pub fn new(text: &str) -> Self {
        if text.bytes().all(|b| (0x20..0x7f).contains(&b)) {
            return Self(text.into());
        }
        let mut out = String::with_capacity(text.len() + 8);
        let mut marks = 0;
        let mut chars = text.chars().peekable();
        let mut previous = None;
        let mut base = false;
        while let Some(c) = chars.next() {
            let kind = kind(c);
            let mut kept = true;
            match kind {
                Kind::Control => out.push(picture(c)),
                Kind::Joiner
                    if previous.is_some_and(joins) && chars.peek().copied().is_some_and(joins) =>
                {
                    out.push(c);
                }
                Kind::Joiner | Kind::Hidden => {
                    push_escape(&mut out, c);
                    kept = false;
                }
                Kind::Mark => {
                    if !base {
                        // It would sit on whatever stands in front of the text.
                        out.push(DOTTED_CIRCLE);
                    }
                    marks += 1;
                    if marks <= 4 {
                        out.push(c);
                    }
                }
                Kind::Plain => out.push(c),
            }
            base = match kind {
                Kind::Mark => true,
                Kind::Plain => !c.is_whitespace() && !c.is_ascii_punctuation(),
                Kind::Joiner => kept,
                Kind::Control | Kind::Hidden => false,
            };
            if kind != Kind::Mark {
                marks = 0;
            }
            previous = Some(c);
        }
        Self(out.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text with each control as a screen shows it, for a file that somebody may print on a terminal: line ends and tabs alone stay.
pub fn tamed(text: &str) -> Cow<'_, str> {
    let controls = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
    if !text.contains(controls) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 32);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => out.push(c),
            c if !controls(c) => out.push(c),
            c if c.is_ascii() => out.push(picture(c)),
            c => push_escape(&mut out, c),
        }
    }
    Cow::Owned(out)
}

/// The text with what would be unseen as JSON escapes it, but for line ends and tabs: in JSON it means the same, and a terminal
/// that shows it is not led astray.
pub fn escaped(text: &str) -> Cow<'_, str> {
    let unseen =
        |c: char| !matches!(c, '\n' | '\t') && matches!(kind(c), Kind::Control | Kind::Hidden);
    if !text.contains(unseen) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 32);
    for c in text.chars() {
        if !unseen(c) {
            out.push(c);
            continue;
        }
        for unit in c.encode_utf16(&mut [0; 2]) {
            write!(out, "\\u{unit:04x}").expect("writing into a String cannot fail");
        }
    }
    Cow::Owned(out)
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a mark without a letter is shown on.
const DOTTED_CIRCLE: char = '\u{25cc}';

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plain,
    Control,
    Joiner,
    Hidden,
    Mark,
}

fn kind(c: char) -> Kind {
    match c {
        '\0'..='\u{1f}' | '\u{7f}' => Kind::Control,
        '\u{200c}' | '\u{200d}' => Kind::Joiner,
        // Controls and format characters, whatever they are for: what prepends to a number, shapes, or turns the direction.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{600}'..='\u{605}'
        | '\u{61c}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        // Fillers, selectors and tags, which show nothing.
        | '\u{34f}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{ffa0}'
        | '\u{e0000}'..='\u{e0fff}'
        // Skin tones: one terminal lays them over the sign before them, another gives them two cells of their own.
        | '\u{1f3fb}'..='\u{1f3ff}'
        // Private use, and what is no character.
        | '\u{e000}'..='\u{f8ff}'
        | '\u{fdd0}'..='\u{fdef}'
        | '\u{f0000}'..='\u{10ffff}' => Kind::Hidden,
        c if u32::from(c) & 0xfffe == 0xfffe => Kind::Hidden,
        c if c.width() > Some(2) => Kind::Hidden,
        c if c > '\u{2ff}' && c.width() == Some(0) => Kind::Mark,
        _ => Kind::Plain,
    }
}

/// Scripts in which ZWNJ and ZWJ are spelling.
fn joins(c: char) -> bool {
    matches!(c, '\u{600}'..='\u{8ff}' | '\u{900}'..='\u{dff}' | '\u{fb50}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}')
}

/// U+2400 and on: the pictures of the control characters.
fn picture(c: char) -> char {
    match c {
        '\u{7f}' => '\u{2421}',
        c => char::from_u32(0x2400 + u32::from(c)).unwrap_or('\u{fffd}'),
    }
}

fn push_escape(out: &mut String, c: char) {
    write!(out, "\\u{{{:x}}}", u32::from(c)).expect("writing into a String cannot fail");
}

/// A count with its noun: `1 user`, `7 users`.
pub fn counted(n: u64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_becomes_visible() {
        for (text, shown) in [
            ("Alex Wilber", "Alex Wilber"),
            ("a\u{1b}[31mb", "a␛[31mb"),
            ("a\nb\tc", "a␊b␉c"),
            ("x\u{202e}gnp", "x\\u{202e}gnp"),
            ("za\u{200b}p", "za\\u{200b}p"),
            ("\u{9b}2J", "\\u{9b}2J"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("a\u{200d}b", "a\\u{200d}b"),
            ("Ελένη Παππά 山田", "Ελένη Παππά 山田"),
        ] {
            assert_eq!(Label::new(text).as_str(), shown);
        }
        let stacked = format!("e{}x", "\u{301}".repeat(40));
        assert_eq!(Label::new(&stacked).as_str().chars().count(), 6);
    }
    /// Unicode's own classes, by the tables of another crate than the ranges above were written from.
    #[test]
    fn every_character_that_is_not_seen_is_shown() {
        let unseen = regex::Regex::new(
            r"^[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Variation_Selector}\p{Bidi_Control}\p{Default_Ignorable_Code_Point}\p{Co}\p{Noncharacter_Code_Point}]$",
        );
        let unseen = unseen.unwrap();
        let mut seen = 0;
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            if unseen.is_match(&text) || c == '\n' {
                seen += 1;
                // As a name of its own, and between letters of Latin, where no joiner is spelling.
                for text in [text, format!("a{c}b")] {
                    let label = Label::new(&text);
                    assert!(!label.as_str().contains(c), "{:x}", u32::from(c));
                    assert!(label.as_str().chars().all(|c| kind(c) == Kind::Plain));
                }
            }
        }
        // 65 controls, 170 format characters, 2 separators, 256 selectors, and private use with its ends.
        assert!(seen > 137_468 + 65 + 170, "{seen}");
    }

    #[test]
    fn safe_text_stays_as_it_is() {
        for c in ('\0'..='\u{32fff}').chain('\u{e0000}'..='\u{e0fff}') {
            for text in [
                format!("{c}"),
                format!("a{c}\u{301}{c}"),
                format!("می{c}خو"),
            ] {
                let once = Label::new(&text);
                assert_eq!(Label::new(once.as_str()), once, "{:x}", u32::from(c));
            }
        }
    }

    #[test]
    fn a_file_keeps_its_lines_and_no_other_control() {
        assert_eq!(
            tamed("a\u{1b}]0;x\u{7}b\u{7f}\u{9b}2J\u{85}\0"),
            "a␛]0;x␇b␡\\u{9b}2J\\u{85}␀"
        );
        // A carriage return alone goes back over what stands before it.
        assert_eq!(tamed("one\r\ntwo\tx\ny\rz"), "one\r\ntwo\tx\ny␍z");
        assert!(matches!(tamed("Ελένη\u{202e}\n"), Cow::Borrowed(_)));
        for c in '\0'..='\u{a0}' {
            let name = format!("a{c}b");
            let left = |c: char| c.is_control() && !matches!(c, '\n' | '\t');
            assert!(!tamed(&name).contains(left), "{:x}", u32::from(c));
        }
    }

    #[test]
    fn json_stays_json_and_means_the_same() {
        for text in [
            "plain",
            "a\u{7f}\u{9b}2J\u{202e}\u{e0041}\u{1f3fd}",
            "می\u{200c}خو",
            "a\n\tb",
        ] {
            let json = serde_json::to_string_pretty(&[text]).unwrap();
            let safe = escaped(&json);
            assert!(
                safe.chars()
                    .all(|c| c == '\n' || !matches!(kind(c), Kind::Control | Kind::Hidden))
            );
            let read: Vec<String> = serde_json::from_str(&safe).unwrap();
            assert_eq!(read, [text]);
        }
    }

    #[test]
    fn a_mark_sits_on_its_own_text_alone() {
        for (text, shown) in [
            ("\u{301}x", "◌\u{301}x"),
            ("a \u{301}", "a ◌\u{301}"),
            ("(\u{20dd})", "(◌\u{20dd})"),
            ("\n\u{301}", "␊◌\u{301}"),
            ("e\u{301}", "e\u{301}"),
            ("का", "का"),
        ] {
            assert_eq!(Label::new(text).as_str(), shown);
        }
    }
}
