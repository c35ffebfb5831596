//! Lines out and lines in, for somebody who hears them: whole sentences, no columns, no colour.

use std::io::{self, Write as _};

use crate::domain::text::Label;
use crate::roster::query::Query;

use super::super::print;

/// Rows that are read out before it is asked whether there shall be more.
const AT_ONCE: usize = 20;

pub(super) fn tell(text: &str) {
    print::tell(text);
}

/// Asks, and reads one line; `None` at the end of input.
pub(super) fn line(question: &str) -> anyhow::Result<Option<String>> {
    crate::runtime::interrupt::listen()?;
    {
        let mut err = io::stderr().lock();
        write!(err, "{} ", Label::new(question))?;
        err.flush()?;
    }
    let answer = print::answer()?;
    if answer.is_none() {
        tell("");
    }
    Ok(answer)
}

/// Reads out what a filter lets through, numbered, some at a time; gives the key of the one that is chosen.
pub(super) fn pick(
    what: &str,
    rows: &[(String, String)],
    to_do: &str,
) -> anyhow::Result<Option<String>> {
    let mut shown: Vec<&(String, String)> = rows.iter().collect();
    if rows.len() > AT_ONCE {
        let question = format!(
            "{} {what}. Words or digits to look for, Enter for all:",
            rows.len()
        );
        let Some(text) = line(&question)? else {
            return Ok(None);
        };
        shown = found(rows, &text);
    }
    if shown.is_empty() {
        tell(&format!("No {what}."));
        return Ok(None);
    }
    let mut from = 0;
    loop {
        let to = (from + AT_ONCE).min(shown.len());
        for (n, (_, text)) in shown.iter().enumerate().take(to).skip(from) {
            tell(&format!("{}. {text}", n + 1));
        }
        let more = to < shown.len();
        let enter = if more {
            "Enter goes on, 0 goes back"
        } else {
            "Enter goes back"
        };
        let question = format!("{to} of {}. A number {to_do}; {enter}:", shown.len());
        let Some(answer) = line(&question)? else {
            return Ok(None);
        };
        if answer.is_empty() && more {
            from = to;
            continue;
        }
        if answer.is_empty() || answer == "0" {
            return Ok(None);
        }
        let chosen = answer
            .trim_end_matches('.')
            .parse::<usize>()
            .ok()
            .and_then(|n| shown[..to].get(n.wrapping_sub(1)));
        if let Some((key, _)) = chosen {
            return Ok(Some(key.clone()));
        }
        tell(&format!("{answer} is not a number of this list."));
        from = from.min(to.saturating_sub(1));
    }
}

/// What a filter lets through: as in the console, words and digits whatever the spacing.
fn found<'a>(rows: &'a [(String, String)], text: &str) -> Vec<&'a (String, String)> {
    let query = Query::parse(text);
    rows.iter()
        .filter(|(_, row)| {
            let mut folded = row.to_lowercase();
            folded.push(' ');
            folded.extend(row.chars().filter(|c| c.is_ascii_digit() || *c == '+'));
            query.is_empty() || query.matches(&folded)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_finds_words_and_spaced_digits() {
        let rows = [
            (
                "1".to_owned(),
                "Diego Siciliani, +1 425 555 0100".to_owned(),
            ),
            ("2".to_owned(), "Lee Gu, +44 1235 123471".to_owned()),
        ];
        let keys = |text| -> Vec<&str> {
            found(&rows, text)
                .into_iter()
                .map(|(key, _)| key.as_str())
                .collect()
        };
        assert_eq!(keys("diego"), ["1"]);
        assert_eq!(keys("44 1235"), ["2"]);
        assert_eq!(keys("!lee"), ["1"]);
        assert_eq!(keys(""), ["1", "2"]);
    }
}
