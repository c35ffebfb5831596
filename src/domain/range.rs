//! A range of numbers as an engineer types it, `+441235123400..499`, and the next number in it that nobody has.
//!
//! Knows nothing of who has which number: what is taken is handed in. Digits are kept exactly, and a range is never left.

use std::borrow::Borrow;
use std::collections::BTreeSet;

use super::phone::PhoneNumber;

/// Why a text with `..` is no range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// The part before `..` is not a number with a country code.
    #[error("a range begins with a whole number: +441235123400..499")]
    Start,
    /// What stands after `..` is neither digits nor a number.
    #[error("a range ends with the last digits or with a whole number: +441235123400..499")]
    End,
    /// The end comes before the beginning, or is of another length.
    #[error("the end of this range comes before its beginning")]
    Backwards,
    /// Every number of it is taken.
    #[error("no number of this range is free: all {0} are taken")]
    Full(u64),
}

/// Numbers from a first to a last one: they differ in their last digits, or in those of their extension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NumberRange {
    /// What all of them begin with: `+`, or a number up to `;ext=`.
    before: String,
    /// What all of them end with: nothing, or an extension.
    after: String,
    first: u64,
    last: u64,
    /// Digits that count, leading zeros among them.
    width: usize,
}

/// Most digits that can differ: those of the longest number and a little more fit a `u64`.
const MOST: usize = 18;

impl NumberRange {
    /// Reads a range; `None` where the text is none (it has no `..`).
    ///
    /// Without an end it goes to the end of its hundred, or of the larger block whose zeros the first number ends with.
    pub fn parse(text: &str) -> Option<Result<Self, RangeError>> {
        let (start, end) = text.split_once("..")?;
        Some(Self::between(start, end.trim_start_matches('.')))
    }

    fn between(start: &str, end: &str) -> Result<Self, RangeError> {
        let start = compact(start);
        // `+44…400..499;ext=7`: what stands behind the end is the extension of all.
        let end = compact(end);
        let (end, after) = match end.find(";ext=") {
            Some(at) if !start.contains(";ext=") => (end[..at].to_owned(), end[at..].to_owned()),
            Some(at) => {
                // Two whole numbers with extensions: it is their extensions that differ.
                let (main, extension) = end.split_at(at);
                if !main.is_empty() && Some(main) != start.split(';').next() {
                    return Err(RangeError::End);
                }
                (extension[";ext=".len()..].to_owned(), String::new())
            }
            None => (end, String::new()),
        };
        let first = PhoneNumber::from_tenant(&start).filter(|_| start.starts_with('+'));
        let first = first.ok_or(RangeError::Start)?;
        let (before, digits) = match first.extension() {
            Some(extension) => {
                let text = first.as_str();
                (
                    text[..text.len() - extension.len()].to_owned(),
                    extension.to_owned(),
                )
            }
            None => ("+".to_owned(), first.digits().to_owned()),
        };
        let last = last_of(&digits, &end)?;
        if digits.len() > MOST {
            return Err(RangeError::Start);
        }
        let value = |digits: &str| digits.parse::<u64>().map_err(|_| RangeError::End);
        let range = Self {
            before,
            after,
            first: value(&digits)?,
            last: value(&last)?,
            width: digits.len(),
        };
        let ends = PhoneNumber::from_tenant(&range.written(range.last)).is_some();
        match range.first <= range.last {
            true if ends => Ok(range),
            true => Err(RangeError::End),
            false => Err(RangeError::Backwards),
        }
    }

    fn written(&self, value: u64) -> String {
        format!(
            "{}{value:0width$}{}",
            self.before,
            self.after,
            width = self.width
        )
    }

    /// How many numbers it has.
    pub fn count(&self) -> u64 {
        self.last - self.first + 1
    }

    /// The place in the range of a number that cannot be given any more because of `number`: itself, or the main number behind
    /// whose extension it stands.
    fn place(&self, number: &PhoneNumber) -> Option<u64> {
        let digits = if self.before == "+" {
            // Somebody's extension behind a main number takes the main number too.
            let other = number
                .extension()
                .is_some_and(|ext| !self.after.is_empty() && self.after != format!(";ext={ext}"));
            if other {
                return None;
            }
            number.digits()
        } else {
            number.as_str().strip_prefix(&self.before)?
        };
        if digits.len() != self.width || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let value = digits.parse().ok()?;
        (self.first..=self.last).contains(&value).then_some(value)
    }

    /// The first number of the range that is not among those taken.
    pub fn next_free<N: Borrow<PhoneNumber>>(
        &self,
        taken: impl IntoIterator<Item = N>,
    ) -> Result<PhoneNumber, RangeError> {
        let first = self.free(taken, 1).pop();
        first.ok_or(RangeError::Full(self.count()))
    }

    /// The first numbers of the range that are not among those taken, in order: so many, or as many as there are.
    pub fn free<N: Borrow<PhoneNumber>>(
        &self,
        taken: impl IntoIterator<Item = N>,
        count: usize,
    ) -> Vec<PhoneNumber> {
        let taken: BTreeSet<u64> = taken
            .into_iter()
            .filter_map(|number| self.place(number.borrow()))
            .collect();
        (self.first..=self.last)
            .filter(|value| !taken.contains(value))
            .filter_map(|value| PhoneNumber::from_tenant(&self.written(value)))
            .take(count)
            .collect()
    }

    /// The numbers of the range that are passed over as taken until that one is reached; up to its end without one.
    pub fn skipped<N: Borrow<PhoneNumber>>(
        &self,
        taken: impl IntoIterator<Item = N>,
        until: Option<&PhoneNumber>,
    ) -> Vec<PhoneNumber> {
        let end = until.and_then(|number| self.place(number));
        let end = end.unwrap_or(self.last);
        let taken: BTreeSet<u64> = taken
            .into_iter()
            .filter_map(|number| self.place(number.borrow()))
            .filter(|value| *value <= end)
            .collect();
        taken
            .into_iter()
            .filter_map(|value| PhoneNumber::from_tenant(&self.written(value)))
            .collect()
    }
}

/// The text without what is only there for the eye.
fn compact(text: &str) -> String {
    text.trim()
        .trim_start_matches("tel:")
        .replace('＋', "+")
        .chars()
        .filter(|c| !matches!(c, ' ' | '\u{a0}' | '-' | '(' | ')' | '.' | '/'))
        .collect()
}

/// The last digits of a range that begins with `digits`: a whole number, its last digits, or the end of the block.
fn last_of(digits: &str, end: &str) -> Result<String, RangeError> {
    if end.is_empty() {
        let zeros = digits.len() - digits.trim_end_matches('0').len();
        // Nobody means ten thousand million numbers by the zeros of a short one.
        let block = zeros.clamp(2, 4).min(digits.len());
        return Ok(format!(
            "{}{}",
            &digits[..digits.len() - block],
            "9".repeat(block)
        ));
    }
    let (whole, tail) = match end.strip_prefix('+') {
        Some(rest) => (true, rest),
        None => (false, end),
    };
    if tail.is_empty() || !tail.bytes().all(|b| b.is_ascii_digit()) {
        return Err(RangeError::End);
    }
    if tail.len() > digits.len() || (whole && tail.len() != digits.len()) {
        return Err(RangeError::Backwards);
    }
    Ok(format!("{}{tail}", &digits[..digits.len() - tail.len()]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> PhoneNumber {
        PhoneNumber::from_tenant(text).unwrap()
    }

    fn next(range: &str, taken: &[&str]) -> Result<String, RangeError> {
        let taken: Vec<PhoneNumber> = taken.iter().map(|text| number(text)).collect();
        NumberRange::parse(range)
            .expect("it has two dots")?
            .next_free(&taken)
            .map(|number| number.to_string())
    }

    #[test]
    fn the_first_that_nobody_has() {
        let taken = ["+441235123400", "+441235123401", "+441235123403"];
        for range in [
            "+441235123400..499",
            "+44 1235 123400 .. 99",
            "+441235123400..+441235123499",
            "+441235123400..",
            "+44 (1235) 123-400...",
        ] {
            assert_eq!(
                next(range, &taken).as_deref(),
                Ok("+441235123402"),
                "{range}"
            );
        }
        assert_eq!(
            next("+441235123402..", &taken).as_deref(),
            Ok("+441235123402")
        );
        assert_eq!(
            next("+441235123403..", &taken).as_deref(),
            Ok("+441235123404")
        );
        assert_eq!(
            next("+441235123400..400", &[]).as_deref(),
            Ok("+441235123400")
        );
    }

    #[test]
    fn a_range_is_never_left() {
        let taken = ["+441235123400", "+441235123401"];
        assert_eq!(next("+441235123400..401", &taken), Err(RangeError::Full(2)));
        let all: Vec<PhoneNumber> = (0..100)
            .map(|n| number(&format!("+4412351234{n:02}")))
            .collect();
        let range = NumberRange::parse("+441235123450..").unwrap().unwrap();
        assert_eq!(range.count(), 50);
        assert_eq!(range.next_free(&all), Err(RangeError::Full(50)));
        // Without an end, zeros say how large the block is.
        let block = |text| NumberRange::parse(text).unwrap().unwrap().count();
        assert_eq!(block("+441235123400.."), 100);
        assert_eq!(block("+441235123000.."), 1_000);
        assert_eq!(block("+441235120000.."), 10_000);
        assert_eq!(block("+441200000000.."), 10_000);
    }

    #[test]
    fn so_many_in_order_and_no_more_than_there_are() {
        let taken = [number("+441235123401"), number("+441235123403")];
        let range = NumberRange::parse("+441235123400..405").unwrap().unwrap();
        let free = |count| {
            let free = range.free(&taken, count);
            free.iter()
                .map(|n| n.as_str()[10..].to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(free(3), ["400", "402", "404"]);
        assert_eq!(free(9), ["400", "402", "404", "405"]);
        assert_eq!(free(0), [""; 0]);
        let skipped = |until: Option<&str>| {
            let skipped = range.skipped(&taken, until.map(number).as_ref());
            skipped
                .iter()
                .map(|n| n.as_str()[10..].to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(skipped(Some("+441235123402")), ["401"]);
        assert_eq!(skipped(None), ["401", "403"]);
    }

    #[test]
    fn digits_are_kept_exactly() {
        // In Italy the 0 stays, and an extension's zeros are digits like others.
        assert_eq!(
            next("+390612345699..+390612345701", &["+390612345699"]).as_deref(),
            Ok("+390612345700")
        );
        assert_eq!(
            next("+441235123400;ext=0099..0101", &["+441235123400;ext=0099"]).as_deref(),
            Ok("+441235123400;ext=0100")
        );
        assert_eq!(
            next("+441235123400;ext=007..", &["+441235123400;ext=7"]).as_deref(),
            Ok("+441235123400;ext=007")
        );
        assert_eq!(
            next("+441235123400..401;ext=7", &["+441235123400;ext=7"]).as_deref(),
            Ok("+441235123401;ext=7")
        );
        assert_eq!(
            next("+441235123400..401;ext=7", &["+441235123400;ext=8"]).as_deref(),
            Ok("+441235123400;ext=7")
        );
        // A number that extensions stand behind is a main number: it is nobody's to have.
        assert_eq!(
            next("+441235123400..", &["+441235123400;ext=8"]).as_deref(),
            Ok("+441235123401")
        );
        // Numbers of another length are of another range.
        assert_eq!(
            next("+4412351234..", &["+441235123400"]).as_deref(),
            Ok("+4412351234")
        );
    }

    #[test]
    fn what_is_no_range() {
        assert_eq!(NumberRange::parse("+441235123400"), None);
        for (text, error) in [
            ("..499", RangeError::Start),
            ("01235123400..499", RangeError::Start),
            ("Lee..499", RangeError::Start),
            ("+441235123400..x", RangeError::End),
            ("+441235123400..+", RangeError::End),
            ("+441235123400..399", RangeError::Backwards),
            ("+441235123400..+4412351234990", RangeError::Backwards),
            ("+441235123400..4412351234990", RangeError::Backwards),
            ("+441235123400;ext=1..+441235123401;ext=5", RangeError::End),
        ] {
            assert_eq!(NumberRange::parse(text), Some(Err(error)), "{text}");
        }
    }
}
