//! Text from outside as a PowerShell expression, or inside a comment.

use std::fmt::Write as _;

use crate::domain::text::Label;

/// An expression whose value is exactly this text, in ASCII: `'O''Brien'`, `('Zo' + [char]0x00EB)`.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("'");
    let mut is_open = true;
    let mut is_joined = false;
    let mut units = [0; 2];
    for letter in text.chars() {
        if matches!(letter, ' '..='~') {
            if !is_open {
                out.push_str(" + '");
                is_open = true;
            }
            out.push(letter);
            if letter == '\'' {
                out.push('\'');
            }
            continue;
        }
        if is_open {
            out.push('\'');
            is_open = false;
        }
        is_joined = true;
        for unit in letter.encode_utf16(&mut units) {
            write!(out, " + [char]0x{unit:04X}").expect("a text takes every letter");
        }
    }
    if is_open {
        out.push('\'');
    }
    if is_joined { format!("({out})") } else { out }
}

/// A comment of one line. It begins with a word of ours: a line that reads like the start of a signature would end the script.
pub(super) fn comment(words: &str) -> String {
    let mut out = String::from("# ");
    for letter in Label::new(words).as_str().chars() {
        if matches!(letter, ' '..='~') {
            out.push(letter);
        } else {
            write!(out, "<U+{:04X}>", u32::from(letter)).expect("a text takes every letter");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_are_doubled_and_letters_are_spelled() {
        for (text, written) in [
            ("", "''"),
            ("plain", "'plain'"),
            ("O'Brien", "'O''Brien'"),
            ("$(x) `n", "'$(x) `n'"),
            ("Zoë", "('Zo' + [char]0x00EB)"),
            ("\u{2019}; x", "('' + [char]0x2019 + '; x')"),
            ("a\nb", "('a' + [char]0x000A + 'b')"),
            ("В", "('' + [char]0x0412)"),
            ("🏳", "('' + [char]0xD83C + [char]0xDFF3)"),
        ] {
            assert_eq!(quoted(text), written);
        }
    }

    #[test]
    fn a_comment_is_one_line() {
        assert_eq!(
            comment("for a\r\nInvoke-Evil \u{2028}é"),
            "# for a<U+240D><U+240A>Invoke-Evil \\u{2028}<U+00E9>"
        );
    }
}
