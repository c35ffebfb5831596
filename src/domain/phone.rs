//! Telephone numbers in E.164, with every digit kept.
//!
//! The libraries advise and never write: what is stored are the digits that were entered. A missing country code is proposed,
//! never assumed.

use std::fmt;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region};

use super::country::Country;

/// A number in its compact form: `+` and 3 to 15 digits, perhaps `;ext=` and digits.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PhoneNumber(Box<str>);

/// What the number of a user is used as. The kind changes the check, never the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum NumberKind {
    /// Direct dial: also checked against the numbering plan of its country.
    #[default]
    Ddi,
    /// A main number with an extension.
    Extension,
    /// A trunk number: shape only.
    Trunk,
}

impl NumberKind {
    /// All kinds, in the order of the form.
    pub const ALL: [Self; 3] = [Self::Ddi, Self::Extension, Self::Trunk];

    /// The word of command line, files and screen.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ddi => "ddi",
            Self::Extension => "extension",
            Self::Trunk => "trunk",
        }
    }

    /// Reads the word of [`Self::as_str`].
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| text.eq_ignore_ascii_case(kind.as_str()))
    }
}

/// The document's message: every refusal of a number begins with it.
pub const NOT_VALID: &str = "The telephone number provided is not valid";

/// Why a text is no number. `Display` is the document's message and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PhoneNumberError {
    /// The leading `+` and country code are missing.
    #[error("{NOT_VALID}: it must start with + and the country code{}", offer(.proposal.as_ref()))]
    NoCountryCode {
        /// The number that was probably meant.
        proposal: Option<PhoneNumber>,
    },
    /// Nothing was entered.
    #[error("{NOT_VALID}: nothing was entered")]
    Empty,
    /// More than one number.
    #[error(
        "{NOT_VALID}: one number per user. A PBX can give one user several, a bare SIP trunk cannot; \
         give the other to a resource account that forwards to this user"
    )]
    Several,
    /// Six digits or fewer: an extension needs its main number.
    #[error(
        "{NOT_VALID}: {digits} looks like an extension; write it as <main number>;ext={digits}"
    )]
    ExtensionAlone {
        /// The digits that were entered.
        digits: String,
    },
    /// Something other than digits and separators.
    #[error("{NOT_VALID}: {found:?} is neither a digit nor a separator")]
    Character {
        /// The first such character.
        found: char,
    },
    /// Country codes do not begin with 0.
    #[error("{NOT_VALID}: no country code begins with 0")]
    ZeroCountryCode,
    /// Fewer digits than any number has.
    #[error("{NOT_VALID}: {} too few", digits(*count))]
    TooShort {
        /// Digits that were entered.
        count: usize,
    },
    /// More than the 15 digits of E.164.
    #[error("{NOT_VALID}: {count} digits are too many (E.164 has 15 at most)")]
    TooLong {
        /// Digits that were entered.
        count: usize,
    },
    /// The part after `;ext=` is not 1 to 8 digits.
    #[error(
        "{NOT_VALID}: an extension is written ;ext= and one to eight digits, such as ;ext=1001"
    )]
    BadExtension,
    /// The kind is extension, and there is none.
    #[error(
        "{NOT_VALID}: a number of kind extension ends in ;ext= and its digits, such as ;ext=1001"
    )]
    NoExtension,
    /// `(0)` behind the code of a country whose numbers may begin with 0.
    #[error(
        "{NOT_VALID}: the (0) can be a digit of the number there, or not; write {} or {}",
        .with.spaced(), .without.spaced()
    )]
    BracketedZero {
        /// The number with the 0.
        with: PhoneNumber,
        /// The number without it.
        without: PhoneNumber,
    },
    /// A spreadsheet has rounded it: the digits are gone.
    #[error(
        "{NOT_VALID}: a spreadsheet has rounded it, and the digits are gone; look the number up again"
    )]
    Rounded,
}

fn offer(proposal: Option<&PhoneNumber>) -> String {
    proposal
        .map(|number| format!("; did you mean {}?", number.spaced()))
        .unwrap_or_default()
}

impl PhoneNumberError {
    /// The number that one key takes over, if there is one.
    pub fn proposal(&self) -> Option<&PhoneNumber> {
        match self {
            Self::NoCountryCode { proposal } => proposal.as_ref(),
            _ => None,
        }
    }
}

impl PhoneNumber {
    /// Reads what an engineer typed. Separators are dropped; no digit is added, dropped or changed.
    pub fn parse(
        text: &str,
        kind: NumberKind,
        country: Option<Country>,
    ) -> Result<Self, PhoneNumberError> {
        let text = text.trim();
        let text = text.strip_prefix("tel:").unwrap_or(text);
        let (main, extension) = split_extension(text)?;
        if main
            .split([',', '|', '\n'])
            .filter(|part| part.bytes().filter(u8::is_ascii_digit).count() > 6)
            .count()
            > 1
        {
            return Err(PhoneNumberError::Several);
        }
        let digits = digits_of(main)?;
        if digits.is_empty() {
            return Err(PhoneNumberError::Empty);
        }
        let plus = main
            .trim_start_matches([' ', '\u{a0}', '('])
            .starts_with(['+', '＋']);
        if !plus {
            if digits.len() <= 6 {
                return Err(PhoneNumberError::ExtensionAlone { digits });
            }
            return Err(PhoneNumberError::NoCountryCode {
                proposal: propose(&digits, &extension, country),
            });
        }
        let digits = without_trunk_zero(main, digits, &extension)?;
        if is_two(main, &digits) {
            return Err(PhoneNumberError::Several);
        }
        check_shape(&digits)?;
        if kind == NumberKind::Extension && extension.is_empty() {
            return Err(PhoneNumberError::NoExtension);
        }
        Ok(Self::from_parts(&digits, &extension))
    }

    /// Reads a number as a tenant or our own store has it: with or without `+`, never judged beyond its shape.
    pub fn from_tenant(text: &str) -> Option<Self> {
        let text = text.trim();
        let text = text.strip_prefix("tel:").unwrap_or(text);
        let (main, extension) = split_extension(text).ok()?;
        let main = main.strip_prefix('+').unwrap_or(main);
        if main.is_empty() || main.len() > 20 || !main.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        Some(Self::from_parts(main, &extension))
    }

    /// The number whose [`Self::as_str`] this is.
    pub(crate) fn kept(text: &str) -> Self {
        Self(text.into())
    }

    fn from_parts(digits: &str, extension: &str) -> Self {
        if extension.is_empty() {
            Self(format!("+{digits}").into())
        } else {
            Self(format!("+{digits};ext={extension}").into())
        }
    }

    /// The compact form, `+441235123465`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The digits of the main number, without `+`.
    pub fn digits(&self) -> &str {
        self.0[1..].split(';').next().unwrap_or_default()
    }

    /// The digits after `;ext=`.
    pub fn extension(&self) -> Option<&str> {
        self.0.split_once(";ext=").map(|(_, digits)| digits)
    }

    /// For eyes: `+44 1235 123465`. Falls back to the compact form where a library would show other digits.
    pub fn spaced(&self) -> String {
        let main = format!("+{}", self.digits());
        let shown = PHONE_NUMBER_UTIL
            .parse(&main, None)
            .ok()
            .map(|number| {
                number
                    .format_as(PhoneNumberFormat::International)
                    .replace(['-', '\u{2010}'], " ")
            })
            .filter(|shown| {
                shown
                    .bytes()
                    .filter(u8::is_ascii_digit)
                    .eq(self.digits().bytes())
            })
            .unwrap_or(main);
        match self.extension() {
            Some(extension) => format!("{shown} ;ext={extension}"),
            None => shown,
        }
    }

    /// The form used inside its country, if the libraries know one that has the same digits at its end.
    pub fn national(&self) -> Option<String> {
        let number = PHONE_NUMBER_UTIL.parse(self.main(), None).ok()?;
        let shown = number.format_as(PhoneNumberFormat::National).into_owned();
        let digits: String = shown.chars().filter(char::is_ascii_digit).collect();
        let significant = number.get_national_significant_number();
        digits.ends_with(&significant).then_some(shown)
    }

    fn main(&self) -> &str {
        self.0.split(';').next().unwrap_or(&self.0)
    }

    /// The country that the number belongs to, if the numbering plans tell.
    pub fn country(&self) -> Option<Country> {
        let number = PHONE_NUMBER_UTIL.parse(self.main(), None).ok()?;
        let region = number
            .get_region_code()
            .or_else(|| PHONE_NUMBER_UTIL.get_region_for_country_code(number.country_code))?;
        Country::from_tenant(&region.to_string())
    }

    /// Whether the number's country code belongs to `country` (several share +1, +7, +44).
    pub fn fits(&self, country: Country) -> bool {
        let Ok(number) = PHONE_NUMBER_UTIL.parse(self.main(), None) else {
            return true;
        };
        match region_of(country)
            .and_then(|region| PHONE_NUMBER_UTIL.get_country_code_for_region(region))
        {
            Some(code) => i64::from(code) == i64::from(number.country_code),
            None => true,
        }
    }

    /// What the numbering plan of its country finds odd, for kind DDI: a warning that can be overruled.
    pub fn doubt(&self) -> Option<String> {
        let Ok(number) = PHONE_NUMBER_UTIL.parse(self.main(), None) else {
            return Some(format!("no country has the code of {}", self.as_str()));
        };
        let google = number.is_valid();
        // The plan forgives the 0 that is dialled at home; the network does not.
        let meant = PHONE_NUMBER_UTIL.format(&number, PhoneNumberFormat::E164);
        if google && meant != self.main() {
            let meant = Self::from_tenant(&meant).map_or_else(String::new, |meant| meant.spaced());
            return Some(format!(
                "a digit after the country code is dialled inside the country only, {meant} may be meant: check it"
            ));
        }
        let other = phonenumber::parse(None, self.main())
            .is_ok_and(|number| phonenumber::is_valid(&number));
        match (google, other) {
            (true, _) => None,
            (false, true) => {
                Some("one of two numbering plans does not know this number: check it".to_owned())
            }
            (false, false) => Some(match self.country() {
                Some(country) => {
                    format!("{country} has no such number in its numbering plan: check it")
                }
                None => "no numbering plan has this number: check it".to_owned(),
            }),
        }
    }
}

impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn region_of(country: Country) -> Option<Region> {
    Region::from_code(country.as_str()).ok()
}

fn split_extension(text: &str) -> Result<(&str, String), PhoneNumberError> {
    let Some((main, extension)) = text.split_once(';') else {
        return Ok((text, String::new()));
    };
    let digits = extension
        .trim()
        .strip_prefix("ext=")
        .ok_or(PhoneNumberError::BadExtension)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(PhoneNumberError::BadExtension);
    }
    Ok((main.trim_end(), digits.to_owned()))
}

fn digits_of(main: &str) -> Result<String, PhoneNumberError> {
    let mut digits = String::new();
    let mut chars = main.trim().chars().peekable();
    let mut plus = false;
    while let Some(c) = chars.next() {
        match c {
            '+' | '＋' if digits.is_empty() && !plus => plus = true,
            ' ' | '\u{a0}' | '\u{202f}' | '-' | '\u{2010}'..='\u{2013}' | '.' | '(' | ')' | '/' => {
            }
            'E' | 'e' if !digits.is_empty() && matches!(chars.peek(), Some('+' | '0'..='9')) => {
                return Err(PhoneNumberError::Rounded);
            }
            c => match c.to_digit(10) {
                Some(_) => digits.push(c),
                None => return Err(PhoneNumberError::Character { found: c }),
            },
        }
    }
    Ok(digits)
}

/// `+442080000148/149`: a number, and how another one ends. What a slash or a hyphen leaves of it is a number of its country,
/// and all digits together are none.
fn is_two(main: &str, digits: &str) -> bool {
    let Some((_, end)) =
        main.rsplit_once(['/', '-', '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}'])
    else {
        return false;
    };
    let count = end.bytes().filter(u8::is_ascii_digit).count();
    let known = |digits: &str| {
        PHONE_NUMBER_UTIL
            .parse(format!("+{digits}"), None)
            .is_ok_and(|number| number.is_valid())
    };
    (1..=4).contains(&count)
        && count < digits.len()
        && !known(digits)
        && known(&digits[..digits.len() - count])
}

/// `+44 (0)1235 …`: the bracketed 0 is how people write both forms at once; it is no digit of the number, except where numbers
/// begin with 0 behind the country code, as in Italy. Where both would be numbers, nobody but the writer knows.
fn without_trunk_zero(
    main: &str,
    digits: String,
    extension: &str,
) -> Result<String, PhoneNumberError> {
    let Some(at) = main.find("(0)") else {
        return Ok(digits);
    };
    let before = main[..at].bytes().filter(u8::is_ascii_digit).count();
    if before == 0 || before > 3 {
        return Ok(digits);
    }
    let without = format!("{}{}", &digits[..before], &digits[before + 1..]);
    let read = |digits: &str| {
        PHONE_NUMBER_UTIL
            .parse(format!("+{digits}"), None)
            .ok()
            .filter(rlibphonenumber::PhoneNumber::is_valid)
    };
    let keeps_zero = read(&digits).is_some_and(|number| number.italian_leading_zero());
    match (keeps_zero, read(&without).is_some()) {
        (false, _) => Ok(without),
        (true, false) => Ok(digits),
        (true, true) => Err(PhoneNumberError::BracketedZero {
            with: PhoneNumber::from_parts(&digits, extension),
            without: PhoneNumber::from_parts(&without, extension),
        }),
    }
}

fn check_shape(digits: &str) -> Result<(), PhoneNumberError> {
    match digits.len() {
        _ if digits.starts_with('0') => Err(PhoneNumberError::ZeroCountryCode),
        count @ 0..=6 => Err(PhoneNumberError::TooShort { count }),
        count @ 16.. => Err(PhoneNumberError::TooLong { count }),
        _ => Ok(()),
    }
}

/// The number that was probably meant: `00…` with a `+`, or a national form with its country's code.
fn propose(digits: &str, extension: &str, country: Option<Country>) -> Option<PhoneNumber> {
    if let Some(rest) = digits.strip_prefix("00") {
        return check_shape(rest)
            .is_ok()
            .then(|| PhoneNumber::from_parts(rest, extension));
    }
    let region = region_of(country?)?;
    let number = PHONE_NUMBER_UTIL.parse(digits, Some(region)).ok()?;
    // What the numbering plan does not know is no correction of anything.
    if !number.is_valid() {
        return None;
    }
    let significant = number.get_national_significant_number();
    // Only what was entered, behind the country's code: a library that made up a digit is not believed.
    if !digits.ends_with(&significant) {
        return None;
    }
    let full = format!("{}{significant}", number.country_code);
    check_shape(&full)
        .is_ok()
        .then(|| PhoneNumber::from_parts(&full, extension))
}

/// `1 digit is`, `3 digits are`.
fn digits(count: usize) -> String {
    match count {
        1 => "1 digit is".to_owned(),
        n => format!("{n} digits are"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gb() -> Option<Country> {
        Country::from_tenant("GB")
    }

    fn parse(text: &str) -> Result<PhoneNumber, PhoneNumberError> {
        PhoneNumber::parse(text, NumberKind::Ddi, gb())
    }

    #[test]
    fn keeps_every_digit() {
        for (text, compact) in [
            ("+441235123465", "+441235123465"),
            ("+44 1235 123465", "+441235123465"),
            ("tel:+44-1235-123465", "+441235123465"),
            ("+44 (0)1235 123465", "+441235123465"),
            ("+39 06 698 12345", "+390669812345"),
            ("+78001234567", "+78001234567"),
            ("+37080012345", "+37080012345"),
            ("+1 425 555 1000;ext=1234", "+14255551000;ext=1234"),
        ] {
            assert_eq!(
                parse(text).map(|n| n.to_string()),
                Ok(compact.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn the_documents_case_offers_the_country_code() {
        let error = parse("01235 123465").unwrap_err();
        assert_eq!(
            error.to_string(),
            "The telephone number provided is not valid: it must start with + and the country code; did you mean +44 1235 123465?"
        );
        assert_eq!(
            error.proposal().map(PhoneNumber::as_str),
            Some("+441235123465")
        );
        assert_eq!(
            parse("00441235123465")
                .unwrap_err()
                .proposal()
                .map(PhoneNumber::as_str),
            Some("+441235123465")
        );
        assert_eq!(
            parse("441235123465")
                .unwrap_err()
                .proposal()
                .map(PhoneNumber::as_str),
            Some("+441235123465")
        );
        let without_country =
            PhoneNumber::parse("01235 123465", NumberKind::Ddi, None).unwrap_err();
        assert_eq!(without_country.proposal(), None);
    }

    #[test]
    fn two_numbers_in_one_cell_are_not_made_one() {
        for text in [
            "+442080000148/149",
            "+44 20 8000 0148-149",
            "+44 20 8000 0148 / 9",
            "+1 425 555 0100-0199",
        ] {
            assert_eq!(parse(text), Err(PhoneNumberError::Several), "{text}");
        }
        for text in [
            "+49 30/1234567",
            "+1-425-555-0100",
            "+33 1-23-45-67-89",
            "+44 20 8000-0148",
        ] {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            assert_eq!(
                parse(text).unwrap().as_str(),
                format!("+{digits}"),
                "{text}"
            );
        }
    }

    #[test]
    fn a_zero_that_is_dialled_at_home_is_doubted_and_stays() {
        for text in ["+44 020 8000 0172", "+440 2080000172"] {
            let number = parse(text).unwrap();
            assert_eq!(number.as_str(), "+4402080000172");
            let doubt = number.doubt().unwrap();
            assert!(doubt.contains("+44 20 8000 0172 may be meant"), "{doubt}");
        }
        assert_eq!(parse("+39 06 698 12345").unwrap().doubt(), None);
        assert_eq!(parse("+44 20 8000 0172").unwrap().doubt(), None);
    }

    #[test]
    fn italy_keeps_its_zero() {
        let italy = Country::from_tenant("IT");
        let error = PhoneNumber::parse("06 698 12345", NumberKind::Ddi, italy).unwrap_err();
        assert_eq!(
            error.proposal().map(PhoneNumber::as_str),
            Some("+390669812345")
        );
    }

    #[test]
    fn a_bracketed_zero_stays_where_numbers_begin_with_one() {
        assert_eq!(
            parse("+39 (0)6 698 12345")
                .as_ref()
                .map(PhoneNumber::as_str),
            Ok("+390669812345")
        );
        assert_eq!(
            parse("+49 (0)30 123456").as_ref().map(PhoneNumber::as_str),
            Ok("+4930123456")
        );
        // A line of Busto Arsizio, or somebody's mobile.
        let error = parse("+39 (0)331 234567").unwrap_err();
        assert_eq!(
            error.to_string(),
            "The telephone number provided is not valid: the (0) can be a digit of the number there, or not; \
             write +39 0331 234567 or +39 331 234 567"
        );
        assert_eq!(error.proposal(), None);
    }

    #[test]
    fn nothing_is_proposed_for_six_digits_or_fewer() {
        for text in ["1001", "123465"] {
            let error = parse(text).unwrap_err();
            assert_eq!(
                error,
                PhoneNumberError::ExtensionAlone {
                    digits: text.to_owned()
                }
            );
            assert_eq!(error.proposal(), None);
        }
    }

    #[test]
    fn refuses_by_shape() {
        assert_eq!(parse("+4.41235E+11"), Err(PhoneNumberError::Rounded));
        assert_eq!(
            parse("+0441235123465"),
            Err(PhoneNumberError::ZeroCountryCode)
        );
        assert_eq!(parse("+44"), Err(PhoneNumberError::TooShort { count: 2 }));
        assert_eq!(
            parse("+4412351234651234"),
            Err(PhoneNumberError::TooLong { count: 16 })
        );
        assert_eq!(
            parse("+44 1235 12346O"),
            Err(PhoneNumberError::Character { found: 'O' })
        );
        assert_eq!(
            parse("+441235123465;x=1"),
            Err(PhoneNumberError::BadExtension)
        );
        assert_eq!(parse("  "), Err(PhoneNumberError::Empty));
        assert_eq!(
            parse("++441235123465"),
            Err(PhoneNumberError::Character { found: '+' })
        );
        assert_eq!(
            parse("+44 1235 123480, +44 1235 123481"),
            Err(PhoneNumberError::Several)
        );
        assert_eq!(
            parse("1234567").unwrap_err().proposal(),
            None,
            "no such number in GB"
        );
        assert_eq!(
            PhoneNumber::parse("+441235123465", NumberKind::Extension, gb()),
            Err(PhoneNumberError::NoExtension)
        );
    }

    #[test]
    fn shown_with_its_own_digits() {
        assert_eq!(parse("+441235123465").unwrap().spaced(), "+44 1235 123465");
        assert_eq!(parse("+14255550100").unwrap().spaced(), "+1 425 555 0100");
        assert_eq!(
            parse("+441235123465;ext=12").unwrap().spaced(),
            "+44 1235 123465 ;ext=12"
        );
        let number = parse("+441235123465").unwrap();
        assert_eq!(number.country(), gb());
        assert!(number.fits(gb().unwrap()));
        assert!(!number.fits(Country::from_tenant("US").unwrap()));
    }

    #[test]
    fn what_a_tenant_says_is_taken_as_it_is() {
        assert_eq!(
            PhoneNumber::from_tenant("12061234567").unwrap().as_str(),
            "+12061234567"
        );
        assert_eq!(
            PhoneNumber::from_tenant("tel:+441235123465;ext=7")
                .unwrap()
                .extension(),
            Some("7")
        );
        assert_eq!(PhoneNumber::from_tenant("nobody"), None);
    }
}
