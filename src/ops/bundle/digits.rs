//! Telephone numbers in a text, however they are spaced; and the moments and addresses that only look like them.

use crate::domain::phone::PhoneNumber;

use super::pseudonym::Pseudonyms;
use super::scrub::Piece;

/// Fewer digits tell nobody.
const FEWEST: usize = 7;
/// E.164 allows 15; tenants hold longer ones.
const MOST: usize = 20;

/// The tenant's numbers, to be found by their last digits: a national form has lost the first ones.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    /// Digits from the last to the first.
    backwards: Vec<String>,
}

fn reversed(digits: &str) -> String {
    digits.chars().rev().collect()
}

impl Numbers {
    pub(super) fn put(&mut self, text: &str) {
        if let Some(number) = PhoneNumber::from_tenant(text) {
            self.backwards.push(reversed(number.digits()));
        }
    }

    pub(super) fn settle(&mut self) {
        self.backwards.sort();
        self.backwards.dedup();
    }

    /// The whole digits of a number that ends so; the exact one before a longer one.
    fn ending(&self, digits: &str) -> Option<String> {
        let wanted = reversed(digits);
        let from = self.backwards.partition_point(|known| *known < wanted);
        self.backwards
            .get(from)
            .filter(|known| known.starts_with(&wanted))
            .map(|known| reversed(known))
    }

    /// Stand-in digits for digits as they were written, and whether a number of the tenant was meant.
    fn stand_in(&self, digits: &str, plus: bool, pseudonyms: &Pseudonyms) -> (String, bool) {
        let known = |digits: &str| digits.len() >= 6 && self.ending(digits).is_some();
        for zeros in ["", "00", "0"] {
            let Some(rest) = digits.strip_prefix(zeros).filter(|rest| known(rest)) else {
                continue;
            };
            if let Some(whole) = self.ending(rest) {
                let stand_in = pseudonyms.number(&whole);
                return (
                    format!("{zeros}{}", &stand_in[stand_in.len() - rest.len()..]),
                    true,
                );
            }
        }
        let stand_in = if plus {
            pseudonyms.number(digits)
        } else {
            pseudonyms.digits("digits", digits, digits.len())
        };
        (stand_in, false)
    }

    /// A text with stand-ins for what has the look of a number.
    pub(super) fn replace(&self, text: &str, pseudonyms: &Pseudonyms) -> Vec<Piece> {
        let mut out = String::new();
        let mut rest = text;
        let mut before = None;
        while let Some(c) = rest.chars().next() {
            let plus = rest.starts_with('+') || rest.starts_with("%2B") || rest.starts_with("%2b");
            let inside = before.is_some_and(|c: char| c.is_alphanumeric() || c == '_');
            let run = if plus || c.is_ascii_digit() && !inside {
                Run::read(rest, plus)
            } else {
                None
            };
            if let Some((length, replaced)) =
                run.and_then(|run| self.number(rest, &run, pseudonyms))
            {
                out.push_str(&replaced);
                let length = length + extension(&rest[length..], pseudonyms, &mut out);
                before = rest[..length].chars().next_back();
                rest = &rest[length..];
                continue;
            }
            // A stretch of digits that is no number is passed over whole, so that its end is not taken for one.
            let step = if c.is_ascii_digit() {
                rest.find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(rest.len())
            } else {
                c.len_utf8()
            };
            out.push_str(&rest[..step]);
            before = rest[..step].chars().next_back();
            rest = &rest[step..];
        }
        vec![Piece::Raw(out)]
    }

    /// How much of a text is a number, and its stand-in.
    fn number(&self, text: &str, run: &Run, pseudonyms: &Pseudonyms) -> Option<(usize, String)> {
        // The longest that the tenant has.
        for (end, count) in run.ends.iter().rev() {
            let digits = &run.digits[..*count];
            let letter_follows = text[*end..].starts_with(|c: char| c.is_alphanumeric());
            if (*count < FEWEST) || letter_follows && !run.plus {
                continue;
            }
            let (stand_in, known) = self.stand_in(digits, run.plus, pseudonyms);
            if known {
                return Some((*end, laid_out(&text[..*end], &stand_in)));
            }
        }
        let national = run.national();
        let (end, count) = if run.plus {
            *run.ends.iter().rev().find(|(_, count)| *count <= 15)?
        } else if let Some(national) = national {
            national
        } else {
            *run.ends.iter().take(run.unspaced).next_back()?
        };
        let after = &text[end..];
        // A count of something, or a size.
        let word_follows = after
            .strip_prefix(' ')
            .is_some_and(|word| word.starts_with(char::is_alphabetic));
        let counted = !run.plus
            && run.unspaced == 1
            && word_follows
            && (count < 9 || after.starts_with(" bytes"));
        let letter_follows = after.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        if count < FEWEST && !(run.plus && count > 3) || counted || letter_follows && !run.plus {
            return None;
        }
        // Without a sign of a number, round counts such as 1200000 stay.
        if !run.plus
            && national.is_none()
            && run.unspaced == 1
            && run.digits[..count].ends_with("000")
        {
            return None;
        }
        let (stand_in, _) = self.stand_in(&run.digits[..count], run.plus, pseudonyms);
        Some((end, laid_out(&text[..end], &stand_in)))
    }
}

/// Digits with what may stand between them.
struct Run {
    plus: bool,
    digits: String,
    /// Where each group of digits ends in the text, and how many digits there are by then.
    ends: Vec<(usize, usize)>,
    /// How many groups come before the first space.
    unspaced: usize,
}

impl Run {
    fn read(text: &str, plus: bool) -> Option<Self> {
        let mut run = Self {
            plus,
            digits: String::new(),
            ends: Vec::new(),
            unspaced: 0,
        };
        let mut at = match (plus, text.starts_with('+')) {
            (true, true) => 1,
            (true, false) => 3,
            (false, _) => 0,
        };
        let mut spaced = false;
        while run.digits.len() <= MOST {
            let rest = &text[at..];
            let length = rest.bytes().take_while(u8::is_ascii_digit).count();
            if length == 0 {
                break;
            }
            run.digits.push_str(&rest[..length]);
            at += length;
            run.ends.push((at, run.digits.len()));
            run.unspaced += usize::from(!spaced);
            let gap = gap(&text[at..]);
            spaced |= text[at..at + gap].contains([' ', '\u{a0}', '%']);
            if gap == 0 {
                break;
            }
            at += gap;
        }
        run.ends.retain(|(_, count)| *count <= MOST);
        (!run.ends.is_empty()).then_some(run)
    }

    /// Where a number ends that is written as in its own country: after one zero (`01235 555 666`), or as three, three and four
    /// digits (`425 555 0177`). Whose it is nobody here knows: a ticket may name anybody's.
    fn national(&self) -> Option<(usize, usize)> {
        let mut before = 0;
        let mut groups = Vec::new();
        for &(_, count) in &self.ends {
            groups.push(count - before);
            before = count;
        }
        let digits = self.digits.as_bytes();
        let after_zero = groups[0] >= 2 && digits[0] == b'0' && digits[1] != b'0';
        if after_zero {
            let whole = groups.iter().take_while(|length| **length >= 2).count();
            let fits = |(_, count): &&(usize, usize)| (9..=12).contains(count);
            return self.ends[..whole].iter().rev().find(fits).copied();
        }
        let is_american = groups.starts_with(&[3, 3, 4]) && digits[0] >= b'2';
        is_american.then(|| self.ends[2])
    }
}

/// How long what may stand between two groups of digits is.
fn gap(text: &str) -> usize {
    let mut at = 0;
    for _ in 0..3 {
        let rest = &text[at..];
        let sign = [
            "%20", "\u{a0}", "\u{2011}", "\u{2010}", " ", "-", ".", "(", ")", "/",
        ]
        .into_iter()
        .find(|sign| rest.starts_with(sign));
        match sign {
            Some(sign) => at += sign.len(),
            None => break,
        }
    }
    if text[at..].starts_with(|c: char| c.is_ascii_digit()) {
        at
    } else {
        0
    }
}

/// The digits where those of the text stood. `%20` and `%2B` hold digits that are none.
fn laid_out(text: &str, digits: &str) -> String {
    let mut digits = digits.chars();
    let mut out = String::new();
    let mut skip = 0;
    for c in text.chars() {
        if c == '%' {
            skip = 3;
        }
        if skip > 0 || !c.is_ascii_digit() {
            out.push(c);
        } else {
            out.push(digits.next().unwrap_or('0'));
        }
        skip = i32::max(skip - 1, 0);
    }
    out
}

/// `;ext=123` behind a number.
fn extension(text: &str, pseudonyms: &Pseudonyms, out: &mut String) -> usize {
    for mark in [";ext=", " ;ext=", "%3Bext%3D"] {
        if let Some(rest) = text.strip_prefix(mark) {
            let length = rest.bytes().take_while(u8::is_ascii_digit).count();
            out.push_str(mark);
            out.push_str(&pseudonyms.digits("extension", &rest[..length], length));
            return mark.len() + length;
        }
    }
    0
}

/// The stand-in of a text that is a number and nothing else, however short.
pub(super) fn whole(text: &str, pseudonyms: &Pseudonyms) -> Option<String> {
    let (scheme, rest) = match text.strip_prefix("tel:") {
        Some(rest) => ("tel:", rest),
        None => ("", text),
    };
    let number = PhoneNumber::from_tenant(rest).filter(|_| rest.starts_with('+'))?;
    let mut out = format!("{scheme}+{}", pseudonyms.number(number.digits()));
    if let Some(extension_digits) = number.extension() {
        extension(&format!(";ext={extension_digits}"), pseudonyms, &mut out);
    }
    Some(out)
}

/// Settles moments (`2026-11-22T18:30:05Z`, `18:30:05`) and IPv4 addresses.
pub(super) fn moments(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let fresh = !text[..at].ends_with(|c: char| c.is_ascii_digit() || c == '+');
        let length = if fresh {
            moment(rest).or_else(|| ip(rest))
        } else {
            None
        };
        match length {
            Some(length) => {
                pieces.push(Piece::Raw(text[from..at].to_owned()));
                pieces.push(Piece::Done(rest[..length].to_owned()));
                at += length;
                from = at;
            }
            None => at += rest.chars().next().map_or(1, char::len_utf8),
        }
    }
    pieces.push(Piece::Raw(text[from..].to_owned()));
    pieces
}

/// Matches a text against a pattern in which `0` stands for a digit.
fn shaped(text: &str, pattern: &str) -> bool {
    text.len() >= pattern.len()
        && text
            .bytes()
            .zip(pattern.bytes())
            .all(|(is, wanted)| match wanted {
                b'0' => is.is_ascii_digit(),
                other => is == other,
            })
}

fn moment(text: &str) -> Option<usize> {
    if shaped(text, "00:00:00") {
        return Some(8);
    }
    if !shaped(text, "0000-00-00") || !matches!(text.get(..2), Some("19" | "20" | "00" | "99")) {
        return None;
    }
    let rest = &text[10..];
    let timed = ["T00:00:00", " 00:00:00", "T00:00", " 00:00"]
        .iter()
        .find(|pattern| shaped(rest, pattern));
    let mut length = 10 + timed.map_or(0, |pattern| pattern.len());
    if timed.is_some() && text[length..].starts_with('.') {
        let part = text[length + 1..]
            .bytes()
            .take_while(u8::is_ascii_digit)
            .count();
        length += 1 + part;
    }
    let ends = !text[length..].starts_with(|c: char| c.is_ascii_digit());
    ends.then_some(length)
}

fn ip(text: &str) -> Option<usize> {
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let address = text[..end].trim_end_matches('.');
    address.parse::<std::net::Ipv4Addr>().ok()?;
    let port = text[address.len()..].strip_prefix(':').map_or(0, |rest| {
        1 + rest.bytes().take_while(u8::is_ascii_digit).count()
    });
    Some(address.len() + port)
}
