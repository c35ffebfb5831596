//! What a tenant calls its people and things, found again in any text: in any case, spaced, compact or url-encoded.

use std::collections::HashMap;

use super::pseudonym::Pseudonyms;

/// Phrases of at least so many letters are found by so many of their first; shorter ones as a whole.
const PREFIX: usize = 6;

/// From so many letters on, a phrase is also found inside of a longer word.
const LONG: usize = 8;

/// Words of this program and of everyday language. Somebody may be called like one of them, so that a name of one such word is
/// replaced only where it stands alone or in quotes.
const ORDINARY: &str = " about account accounts active add added admin administrator after agent all allowed analog and another answer any app \
    application apply are art assigned attendant auto back basic because before begin bill block blocked board building business but \
    by call calling calls can cancelled candidate candidates cannot cause change changes check code com common company conference \
    conf config configured conflict contact could country credits customer data date day debug default demo department desk \
    device different direct directory disabled domain done down drew duplicate each edit email empty enabled end engine error \
    everybody everyone example excluded external failed field file filter first floor following for found free from front full \
    given global gmbh gone good grant granted graph group groups guard guest had hall has have held help her here hidden his hold \
    holds home hope house hunt inc info intern internal into its joy kind known language last later law lee lens level \
    licence licences license licensed line list local location log long ltd mail main manager mark may meeting member members \
    microsoft miles minute minutes missing mobile more move must name names network never new next night none not nothing number \
    numbers object off office online only open operator order organisation organization other outside over owner page pass passed \
    password pat pause people permission person phone plan planned plans please plus policy port premium press price queue ray \
    read reading reason reception record refused region rejected release removed request resource response result rich rob role \
    room route routing run running sales same saved say seat seats second secret see self sent server service set shared she short \
    should show sign site some somebody standard start started state status step still stop storm stored such summer support \
    switched sync synced system table take taken team teams telephone tenant test than that the their them then there they this \
    through time token total trial trunk trunks two type unknown until update updated user users value virtual voice wait \
    waiting was way were west what when where which while who whole why will win with within without words work would write \
    written wrong years yes you your yours zone ";

fn is_ordinary(word: &str) -> bool {
    word.len() < 3 || ORDINARY.contains(&format!(" {word} "))
}

/// What a phrase is, and so what stands in for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    /// Known to everybody: stays, and nothing in it is taken for something else.
    Public,
    /// A person or resource.
    Name,
    /// One word of a name.
    Part,
    /// What stands before the `@` of somebody's address, or a word for somebody.
    Local,
    /// A domain.
    Domain,
    /// Something with a name of its own.
    Thing(&'static str),
}

#[derive(Debug)]
struct Phrase {
    /// Letters and digits, small.
    letters: Box<str>,
    /// As the tenant writes it.
    text: Box<str>,
    sort: Sort,
    /// Only where it stands alone or in quotes.
    alone: bool,
}

/// Phrases, by their beginning.
#[derive(Debug, Default)]
pub(super) struct Lexicon {
    phrases: HashMap<String, Vec<Phrase>>,
}

/// A stretch of a text that a phrase was found in.
pub(super) struct Hit<'a> {
    /// Where.
    pub(super) range: std::ops::Range<usize>,
    phrase: &'a Phrase,
}

/// A letter or sign of a text, `%41` decoded.
struct Sign {
    folded: char,
    start: usize,
    end: usize,
}

impl Lexicon {
    /// Adds a phrase; the first of equal ones stays.
    pub(super) fn put(&mut self, text: &str, sort: Sort) {
        let letters: String = text
            .chars()
            .filter(|c| c.is_alphanumeric())
            .flat_map(char::to_lowercase)
            .collect();
        let count = letters.chars().count();
        let digits = letters.bytes().all(|b| b.is_ascii_digit());
        // Digits are found as telephone numbers; one letter is everywhere.
        if count < 2 || digits || sort == Sort::Part && is_ordinary(&letters) {
            return;
        }
        let key: String = letters.chars().take(PREFIX).collect();
        let phrases = self.phrases.entry(key).or_default();
        if phrases.iter().any(|phrase| *phrase.letters == *letters) {
            return;
        }
        let words = text.split(|c: char| !c.is_alphanumeric());
        let alone = sort != Sort::Public
            && words
                .filter(|word| !word.is_empty())
                .all(|word| is_ordinary(&word.to_lowercase()));
        phrases.push(Phrase {
            letters: letters.into(),
            text: text.into(),
            sort,
            // Two ordinary words are a name like any other; one is not.
            alone: alone && !text.trim().contains(' '),
        });
        phrases.sort_by_key(|phrase| std::cmp::Reverse(phrase.letters.len()));
    }

    /// Adds the single words of a name.
    pub(super) fn put_parts(&mut self, text: &str) {
        for word in text.split(|c: char| !c.is_alphanumeric()) {
            self.put(word, Sort::Part);
        }
    }

    /// All phrases of a text, from the left, the longest first.
    pub(super) fn find(&self, text: &str) -> Vec<Hit<'_>> {
        let signs = signs(text);
        let mut letters = String::new();
        // The byte in `letters` where each letter begins, and its sign.
        let mut places: Vec<(usize, usize)> = Vec::new();
        for (n, sign) in signs.iter().enumerate() {
            if sign.folded.is_alphanumeric() {
                places.push((letters.len(), n));
                letters.push(sign.folded);
            }
        }
        places.push((letters.len(), signs.len()));
        let mut hits = Vec::new();
        let mut n = 0;
        while n + 1 < places.len() {
            let Some((phrase, last)) = self.at(&signs, &letters, &places, n) else {
                n += 1;
                continue;
            };
            hits.push(Hit {
                range: signs[places[n].1].start..signs[places[last].1].end,
                phrase,
            });
            n = last + 1;
        }
        hits
    }

    fn at(
        &self,
        signs: &[Sign],
        letters: &str,
        places: &[(usize, usize)],
        n: usize,
    ) -> Option<(&Phrase, usize)> {
        let rest = &letters[places[n].0..];
        let most = PREFIX.min(places.len() - 1 - n);
        (2..=most).rev().find_map(|count| {
            let key = &letters[places[n].0..places[n + count].0];
            self.phrases.get(key)?.iter().find_map(|phrase| {
                if !rest.starts_with(&*phrase.letters) {
                    return None;
                }
                let last = n + phrase.letters.chars().count() - 1;
                stands(phrase, signs, (places[n].1, places[last].1)).then_some((phrase, last))
            })
        })
    }
}

/// Whether a phrase may be meant between its neighbours.
fn stands(phrase: &Phrase, signs: &[Sign], (first, last): (usize, usize)) -> bool {
    let before = first.checked_sub(1).map(|n| signs[n].folded);
    let after = signs.get(last + 1).map(|sign| sign.folded);
    if phrase.alone {
        let quote = |c: Option<char>| c.is_none_or(|c| "\"'“”‘’".contains(c));
        return quote(before) && quote(after);
    }
    let long =
        phrase.letters.chars().count() >= LONG && !matches!(phrase.sort, Sort::Public | Sort::Part);
    let edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    // Other scripts are written without spaces.
    long || !phrase.letters.is_ascii() || edge(before) && edge(after)
}

fn signs(text: &str) -> Vec<Sign> {
    let mut signs = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let (c, end) = match encoded(&text[at..]) {
            Some((c, length)) => (c, at + length),
            None => (c, at + c.len_utf8()),
        };
        signs.extend(c.to_lowercase().map(|folded| Sign {
            folded,
            start: at,
            end,
        }));
        at = end;
    }
    signs
}

/// A sign written as `%C3%A9`, and how long that is.
fn encoded(text: &str) -> Option<(char, usize)> {
    let mut bytes = Vec::new();
    while bytes.len() < 4 {
        let hex = text
            .get(bytes.len() * 3..bytes.len() * 3 + 3)?
            .strip_prefix('%')?;
        bytes.push(u8::from_str_radix(hex, 16).ok()?);
        if let Ok(one) = std::str::from_utf8(&bytes) {
            return Some((one.chars().next()?, bytes.len() * 3));
        }
    }
    None
}

impl Hit<'_> {
    /// What stands in for the stretch.
    pub(super) fn stand_in(&self, text: &str, pseudonyms: &Pseudonyms) -> String {
        let seen = &text[self.range.clone()];
        let as_written = seen.to_lowercase() == self.phrase.text.to_lowercase();
        let source = if as_written { seen } else { &self.phrase.text };
        let stand_in = match self.phrase.sort {
            Sort::Public => return seen.to_owned(),
            Sort::Name => pseudonyms.name(source),
            Sort::Part => pseudonyms.single(source),
            Sort::Local => pseudonyms.local(source),
            Sort::Domain => pseudonyms.domain(source),
            Sort::Thing(kind) => pseudonyms.thing(kind, source),
        };
        if seen.contains('%') {
            stand_in.replace(' ', "%20")
        } else {
            stand_in
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(lexicon: &Lexicon, text: &str) -> String {
        let hits = lexicon.find(text);
        let mut out = text.to_owned();
        for hit in hits.iter().rev() {
            out.replace_range(hit.range.clone(), "#");
        }
        out
    }

    fn lexicon() -> Lexicon {
        let mut lexicon = Lexicon::default();
        lexicon.put("Microsoft Teams Phone Standard", Sort::Public);
        for name in [
            "Alex Wilber",
            "Sales",
            "Zoë O'Brien",
            "Bo Li",
            "李明",
            "Teams Phone",
        ] {
            lexicon.put(name, Sort::Name);
            lexicon.put_parts(name);
        }
        lexicon.put("contoso.com", Sort::Domain);
        lexicon
    }

    #[test]
    fn names_are_found_in_every_spelling() {
        let lexicon = lexicon();
        for text in [
            "Alex Wilber",
            "ALEX WILBER",
            "alexwilber",
            "alex.wilber",
            "Alex%20Wilber",
            "Alex+Wilber",
            "Alex\u{a0}Wilber",
            "wilber",
            "Wilber",
            "Zo%C3%AB O'Brien",
            "zoë obrien",
            "Bo Li",
            "李明",
            "contoso.com",
            "CONTOSO.COM",
        ] {
            assert_eq!(replaced(&lexicon, &format!("({text})")), "(#)", "{text}");
            assert_eq!(
                replaced(&lexicon, &format!("%20{text}%27")),
                "%20#%27",
                "{text}"
            );
        }
        assert_eq!(replaced(&lexicon, "Wilber, Alex"), "#, #");
        assert_eq!(replaced(&lexicon, "你好李明先生"), "你好#先生");
        assert_eq!(replaced(&lexicon, "myalexwilber2"), "my#2");
    }

    #[test]
    fn ordinary_words_and_public_names_stay() {
        let lexicon = lexicon();
        for text in [
            "the sales of all plans",
            "bold wilberforce",
            "\"Microsoft Teams Phone Standard\" (direct)",
            "100%",
            "%zz",
            "",
        ] {
            let expected = if text.starts_with('"') {
                "\"#\" (direct)"
            } else {
                text
            };
            assert_eq!(replaced(&lexicon, text), expected);
        }
        let text = "\"Microsoft Teams Phone Standard\"";
        let hits = lexicon.find(text);
        let pseudonyms = Pseudonyms::new([1; 32]);
        assert_eq!(
            hits[0].stand_in(text, &pseudonyms),
            "Microsoft Teams Phone Standard"
        );
        assert_eq!(replaced(&lexicon, "group \"Sales\""), "group \"#\"");
        assert_eq!(replaced(&lexicon, "Sales"), "#");
    }
}
