//! A country by its two letters (ISO 3166-1 alpha-2), as `usageLocation` and the edit form have it.

use std::fmt;
use std::str::FromStr;

/// Two upper-case letters of ISO 3166-1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country([u8; 2]);

/// Why a text is no country.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CountryError {
    /// Not two letters.
    #[error("a country is two letters, such as GB")]
    Shape,
    /// Two letters that ISO does not assign, with the code that was probably meant.
    #[error("{text} is not a country code{}", .meant.map(|c| format!("; for this country the code is {c}")).unwrap_or_default())]
    Unknown {
        /// What was entered, in upper case.
        text: String,
        /// The code that was probably meant (`UK` means `GB`).
        meant: Option<Country>,
    },
}

const CODES: &str = "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF \
CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR \
GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA \
MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW \
PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US \
UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

impl Country {
    /// The two letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII letters get in")
    }

    /// Two letters as the tenant says them: any two ASCII letters are kept, since the tenant is not ours to correct.
    pub fn from_tenant(text: &str) -> Option<Self> {
        let bytes = text.trim().as_bytes();
        match bytes {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Some(Self([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => None,
        }
    }
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        let country = Self::from_tenant(text).ok_or(CountryError::Shape)?;
        if CODES
            .split_ascii_whitespace()
            .any(|code| code == country.as_str())
        {
            return Ok(country);
        }
        let meant = match country.as_str() {
            "UK" | "EN" => Some("GB"),
            "EL" => Some("GR"),
            "SP" => Some("ES"),
            "JA" => Some("JP"),
            _ => None,
        };
        Err(CountryError::Unknown {
            text: country.as_str().to_owned(),
            meant: meant.and_then(Self::from_tenant),
        })
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uk_offers_gb() {
        assert_eq!("gb".parse::<Country>().unwrap().as_str(), "GB");
        assert_eq!(
            "uk".parse::<Country>().unwrap_err().to_string(),
            "UK is not a country code; for this country the code is GB"
        );
        assert_eq!("GBR".parse::<Country>(), Err(CountryError::Shape));
        assert_eq!(
            "QQ".parse::<Country>().unwrap_err().to_string(),
            "QQ is not a country code"
        );
    }
}
