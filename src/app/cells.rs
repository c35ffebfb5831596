//! Text measured in terminal cells: width, cutting to a column, wrapping.
//!
//! Graphemes are the unit, as in the terminal, so that a wide or combining name never shifts the column behind it.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthChar;

/// How many cells a text takes.
pub fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(grapheme_width).sum()
}

/// Width of one grapheme: what its characters take, as terminals count them. Unicode lets some of them share a cell, such as
/// two Khmer consonants, which few terminals do.
fn grapheme_width(grapheme: &str) -> usize {
    grapheme.chars().map(char_width).sum()
}

/// Width of one character. The halfwidth sound marks take a cell of their own in terminals, though Unicode calls them marks.
fn char_width(c: char) -> usize {
    match c {
        '\u{ff9e}' | '\u{ff9f}' => 1,
        c => c.width().unwrap_or(0).min(2),
    }
}

/// The text in pieces that take cells of their own: a character and what sits on it.
pub fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut chars = rest.char_indices();
        chars.next()?;
        let end = chars
            .find(|(_, c)| char_width(*c) > 0)
            .map_or(rest.len(), |(at, _)| at);
        let (piece, after) = rest.split_at(end);
        rest = after;
        Some(piece)
    })
}

/// The text cut or padded to exactly `cells`; a cut ends in `mark`.
pub fn fit(text: &str, cells: usize, mark: char) -> String {
    let mut out = cut(text, cells, mark);
    let missing = cells.saturating_sub(width(&out));
    out.extend(std::iter::repeat_n(' ', missing));
    out
}

/// The text cut to at most `cells`; a cut ends in `mark`.
pub fn cut(text: &str, cells: usize, mark: char) -> String {
    if width(text) <= cells {
        return text.to_owned();
    }
    if cells == 0 {
        return String::new();
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme_width(grapheme);
        if used + wide > cells - 1 {
            break;
        }
        used += wide;
        out.push_str(grapheme);
    }
    out.push(mark);
    out
}

/// The text cut to at most `cells` in its middle: names that differ at their ends stay apart.
pub fn cut_middle(text: &str, cells: usize, mark: char) -> String {
    if width(text) <= cells || cells < 3 {
        return cut(text, cells, mark);
    }
    let behind = (cells - 1) / 2;
    let mut tail = Vec::new();
    let mut used = 0;
    for grapheme in text.graphemes(true).rev() {
        let wide = grapheme_width(grapheme);
        if used + wide > behind {
            break;
        }
        used += wide;
        tail.push(grapheme);
    }
    let mut out = cut(text, cells - used, mark);
    out.extend(tail.into_iter().rev());
    out
}

/// The text in lines of at most `cells`, broken at spaces where there are any; never empty.
pub fn wrap(text: &str, cells: usize) -> Vec<String> {
    let cells = cells.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    for word in text.split_inclusive(' ') {
        let bare = width(word.trim_end());
        if used > 0 && used + bare > cells {
            lines.push(std::mem::take(&mut line));
            used = 0;
        }
        if bare <= cells {
            line.push_str(word);
            used += width(word);
            continue;
        }
        for grapheme in word.graphemes(true) {
            let wide = grapheme_width(grapheme);
            if used + wide > cells && used > 0 {
                lines.push(std::mem::take(&mut line));
                used = 0;
            }
            line.push_str(grapheme);
            used += wide;
        }
    }
    lines.push(line);
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

/// A count with its thousands set apart: `11,988`.
pub fn thousands(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stay_straight() {
        for (text, shown) in [
            ("Alex", "Alex  "),
            ("Alexander", "Alexa…"),
            ("山田太郎", "山田… "),
            ("e\u{301}le\u{301}", "e\u{301}le\u{301}   "),
        ] {
            let fitted = fit(text, 6, '…');
            assert_eq!(fitted, shown);
            assert_eq!(width(&fitted), 6);
        }
        assert_eq!(fit("abc", 0, '…'), "");
        assert_eq!(fit("山田", 1, '…'), "…");
    }

    #[test]
    fn what_others_draw_as_one_takes_the_cells_of_its_characters() {
        for (text, shown) in [
            ("ក្កa", vec!["ក្", "ក", "a"]),
            ("山e\u{301}", vec!["山", "e\u{301}"]),
            ("각", vec!["각"]),
            ("ｶﾞ", vec!["ｶ", "ﾞ"]),
            ("", vec![]),
        ] {
            let found: Vec<&str> = pieces(text).collect();
            assert_eq!(found, shown);
            assert_eq!(
                width(text),
                found.iter().map(|piece| width(piece)).sum::<usize>()
            );
        }
        assert_eq!((width("ក្ក"), width("ｶﾞ"), width("각")), (2, 2, 2));
    }

    #[test]
    fn wraps_at_spaces_and_breaks_long_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("a b", 1), ["a", "b"]);
    }

    #[test]
    fn thousands_are_set_apart() {
        assert_eq!(thousands(0), "0");
        assert_eq!(thousands(999), "999");
        assert_eq!(thousands(11_988), "11,988");
        assert_eq!(thousands(1_000_000), "1,000,000");
    }
}
