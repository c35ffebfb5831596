//! Text from outside, made safe to draw and print (R-25's one type).
//!
//! Controls and format characters become visible; nothing moves the cursor, turns the direction or hides. Arabic and Indic
//! joiners between letters are ordinary spelling and stay.

use std::fmt;

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
        while let Some(c) = chars.next() {
            match kind(c) {
                Kind::Control => out.push(picture(c)),
                Kind::Joiner
                    if previous.is_some_and(joins) && chars.peek().copied().is_some_and(joins) =>
                {
                    out.push(c);
                }
                Kind::Joiner | Kind::Hidden => push_escape(&mut out, c),
                Kind::Mark => {
                    marks += 1;
                    if marks <= 4 {
                        out.push(c);
                    }
                }
                Kind::Plain => out.push(c),
            }
            if kind(c) != Kind::Mark {
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

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

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
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}'
        | '\u{e000}'..='\u{f8ff}'
        | '\u{f0000}'..='\u{10ffff}' => Kind::Hidden,
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
    use fmt::Write as _;
    write!(out, "\\u{{{:x}}}", u32::from(c)).expect("writing into a String cannot fail");
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
}
