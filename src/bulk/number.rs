//! What a spreadsheet does to a number, told by its shape, before the rules of a number field are asked.

use crate::domain::country::Country;
use crate::domain::phone::{NumberKind, PhoneNumber, PhoneNumberError};

use super::verdict::Why;

/// The number in a cell. Its digits are those of the cell; nothing is taken for anything.
pub(super) fn read(
    text: &str,
    kind: NumberKind,
    country: Option<Country>,
) -> Result<PhoneNumber, Why> {
    if let Some(number) = plain(text)
        && kind != NumberKind::Extension
    {
        return Ok(number);
    }
    if let Some(why) = damage(text) {
        return Err(why);
    }
    let kind = if text.contains(";ext=") {
        NumberKind::Extension
    } else {
        kind
    };
    PhoneNumber::parse(text, kind, country).map_err(|error| {
        Why::Number(match error {
            PhoneNumberError::NoCountryCode { proposal } => PhoneNumberError::NoCountryCode {
                proposal: with_plus(text).or(proposal),
            },
            other => other,
        })
    })
}

/// A plus and 7 to 15 digits: what nearly every cell holds.
fn plain(text: &str) -> Option<PhoneNumber> {
    let digits = text.strip_prefix('+')?;
    let fits = (7..=15).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|b| b.is_ascii_digit());
    fits.then(|| PhoneNumber::from_tenant(text)).flatten()
}

/// A spreadsheet that takes a number for a quantity drops the plus and nothing else: the same digits with it, when they are a
/// number of some country. Where they are none, the plan of the own country is asked, which could make another number of them.
fn with_plus(text: &str) -> Option<PhoneNumber> {
    if text.trim_start().starts_with('0') {
        return None;
    }
    let number = PhoneNumber::parse(&format!("+{}", text.trim()), NumberKind::Ddi, None).ok()?;
    number.doubt().is_none().then_some(number)
}

/// Shapes that no telephone number has.
fn damage(text: &str) -> Option<Why> {
    if text.starts_with('#') {
        return Some(Why::ErrorValue);
    }
    if is_exponent(text) {
        return Some(Why::Number(PhoneNumberError::Rounded));
    }
    if let Some(whole) = decimal(text) {
        let proposal = with_plus(whole).filter(|_| text.ends_with(['0', '.', ',']));
        return Some(Why::Decimal { proposal });
    }
    is_date(text).then_some(Why::Date)
}

/// `4.41235E+11`, `4,41235E+11`, `+4.4E11`, `4.4 E 11`: digits, perhaps a point, an E, an exponent.
pub(super) fn is_exponent(text: &str) -> bool {
    let Some(at) = text.find(['e', 'E']) else {
        return false;
    };
    let (mantissa, exponent) = (text[..at].trim(), text[at + 1..].trim());
    let mantissa = mantissa.strip_prefix(['+', '-']).unwrap_or(mantissa);
    let exponent = exponent
        .strip_prefix(['+', '-', '\u{2212}'])
        .unwrap_or(exponent);
    let number = |text: &str| {
        text.bytes()
            .all(|b| b.is_ascii_digit() || b == b'.' || b == b',')
    };
    mantissa.bytes().any(|b| b.is_ascii_digit())
        && number(mantissa)
        && !exponent.is_empty()
        && exponent.len() <= 3
        && exponent.bytes().all(|b| b.is_ascii_digit())
}

/// The part before the point of `441235123465.0` or `441235123465,00`: seven digits or more, a point, two digits at most.
fn decimal(text: &str) -> Option<&str> {
    let at = text.find(['.', ','])?;
    let (whole, fraction) = (&text[..at], &text[at + 1..]);
    let digits = whole.strip_prefix('+').unwrap_or(whole);
    let fits = digits.len() >= 7
        && fraction.len() <= 2
        && digits
            .bytes()
            .chain(fraction.bytes())
            .all(|b| b.is_ascii_digit());
    fits.then_some(digits)
}

/// `12.03.2024`, `2024-03-12`, `3/12/24`.
fn is_date(text: &str) -> bool {
    let text = text.split(' ').next().unwrap_or(text);
    let parts: Vec<&str> = text.split(['.', '/', '-']).collect();
    let [one, two, three] = parts.as_slice() else {
        return false;
    };
    let digits = |text: &str, most: usize| {
        (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
    };
    let short = |text: &str| digits(text, 2);
    (short(one) && short(two) && (short(three) || three.len() == 4 && digits(three, 4)))
        || (one.len() == 4 && digits(one, 4) && short(two) && short(three))
}

/// How many zeros it ends in.
pub(super) fn zeros(number: &PhoneNumber) -> usize {
    number
        .digits()
        .bytes()
        .rev()
        .take_while(|&b| b == b'0')
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> Result<String, Why> {
        read(text, NumberKind::Ddi, Country::from_tenant("GB")).map(|number| number.to_string())
    }

    #[test]
    fn damage_is_told_by_its_shape() {
        let rounded = Err(Why::Number(PhoneNumberError::Rounded));
        for text in [
            "4.41235E+11",
            "4,41235E+11",
            "+4.41235E+11",
            "4E+11",
            "4.41e11",
            "4,41235123465E+11",
        ] {
            assert_eq!(told(text), rounded, "{text}");
        }
        for text in ["#N/A", "#####", "#NAME?"] {
            assert_eq!(told(text), Err(Why::ErrorValue), "{text}");
        }
        for text in ["12.03.2024", "2024-03-12", "3/12/24", "2024-03-12 00:00:00"] {
            assert_eq!(told(text), Err(Why::Date), "{text}");
        }
        let proposal = PhoneNumber::from_tenant("+441235123465");
        for text in ["441235123465.0", "441235123465,00"] {
            let proposal = proposal.clone();
            assert_eq!(told(text), Err(Why::Decimal { proposal }), "{text}");
        }
        let none = Err(Why::Decimal { proposal: None });
        assert_eq!(told("441235123465.5"), none);
    }

    #[test]
    fn a_missing_plus_is_proposed_with_the_very_digits_first() {
        let proposed = |text: &str| match told(text) {
            Err(Why::Number(error)) => error.proposal().map(ToString::to_string),
            other => panic!("{text}: {other:?}"),
        };
        for (text, wanted) in [
            ("441235123465", Some("+441235123465")),
            ("14255550100", Some("+14255550100")),
            ("01235123465", Some("+441235123465")),
            ("00441235123465", Some("+441235123465")),
            ("390669812345", Some("+390669812345")),
        ] {
            assert_eq!(proposed(text).as_deref(), wanted, "{text}");
        }
        assert_eq!(told("+44 1235 123465").as_deref(), Ok("+441235123465"));
        assert_eq!(
            told("+441235123465;ext=12").as_deref(),
            Ok("+441235123465;ext=12")
        );
    }
}
