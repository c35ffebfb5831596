//! Why Entra ID gave no token: what came back, whole, and for each known number its cause and the way out of it.
//!
//! The numbers serve these words and the choice of the next way alone: Microsoft may change them, and what the program does
//! with its tokens is decided by OAuth's own words.

use std::fmt;

use jiff::SignedDuration;

use crate::domain::sign_in::SignInWay;
use crate::domain::words;

/// A clock that is off by less is no cause of anything: Entra allows for it.
const SKEW: SignedDuration = SignedDuration::from_mins(4);

/// What came back in place of a token. Holds no secret: what Entra echoes is scrubbed before it gets here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignInRefusal {
    /// The number in `AADSTS…`.
    pub aadsts: Option<u32>,
    /// The OAuth error word.
    pub error: String,
    /// The first sentence of `error_description`, without the number.
    pub text: String,
    /// Entra's trace id.
    pub trace_id: String,
    /// The correlation id, which Entra's own logs of sign-ins show.
    pub correlation_id: String,
    /// The finer word, such as `consent_required` or `token_expired`.
    pub suberror: String,
    /// What a policy wants to see fulfilled, as Entra wants it back at the next sign-in in a browser.
    pub claims: Option<String>,
    /// The way that was tried by a person; `None` when nobody was asked.
    pub tried: Option<SignInWay>,
    /// How far Entra's clock is ahead of this machine's.
    pub skew: Option<SignedDuration>,
    /// The page on which an administrator of the tenant consents.
    pub consent_page: String,
}

impl fmt::Display for SignInRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.aadsts {
            Some(number) => write!(f, "AADSTS{number}: {} ({}", self.text, self.error)?,
            None => write!(f, "{} ({}", self.text, self.error)?,
        }
        if !self.suberror.is_empty() {
            write!(f, ", {}", self.suberror)?;
        }
        f.write_str(")")?;
        if !self.trace_id.is_empty() {
            write!(f, " Trace ID: {}", self.trace_id)?;
        }
        if !self.correlation_id.is_empty() {
            write!(f, " Correlation ID: {}", self.correlation_id)?;
        }
        Ok(())
    }
}

impl SignInRefusal {
    /// A refusal that this side found, without a word from Entra.
    pub(super) fn ours(error: &str, text: &str, tried: Option<SignInWay>) -> Self {
        Self {
            error: error.to_owned(),
            text: text.to_owned(),
            tried,
            ..Self::default()
        }
    }

    /// Whether Entra says, in whatever way, that it is only a matter of time.
    pub(super) fn is_transient(&self) -> bool {
        matches!(
            self.error.as_str(),
            "temporarily_unavailable" | "server_error"
        ) || matches!(self.aadsts, Some(90033 | 90024 | 50033 | 90006 | 90012))
    }

    /// Whether only consent is missing: the sign-in as such still holds.
    pub(super) fn lacks_consent(&self) -> bool {
        matches!(self.aadsts, Some(65001 | 65004 | 90094 | 90095))
            || self.error == "consent_required"
            || self.suberror == "consent_required"
    }

    /// Whether the tokens that were sent are of no more use, so that a person has to sign in.
    pub(super) fn ends_sign_in(&self) -> bool {
        matches!(
            self.error.as_str(),
            "invalid_grant" | "interaction_required"
        ) && !self.lacks_consent()
            && !self.is_transient()
    }

    /// The other way in which a person can sign in, when this one is closed to them.
    pub(super) fn next_way(&self) -> Option<SignInWay> {
        let policy = matches!(
            self.aadsts,
            Some(53000 | 53001 | 53002 | 53003 | 530_003 | 530_032 | 530_033 | 530_034 | 530_035)
        );
        match self.tried {
            Some(SignInWay::DeviceCode) if policy => Some(SignInWay::Browser),
            Some(SignInWay::Browser)
                if self.aadsts == Some(50011) || self.error == BROWSER_TIMEOUT =>
            {
                Some(SignInWay::DeviceCode)
            }
            _ => None,
        }
    }

    /// What is wrong, in a few words that follow "Signing in failed: ".
    pub(super) fn cause(&self) -> &'static str {
        self.row().cause
    }

    /// What to do about it.
    pub(super) fn way_out(&self) -> String {
        let mut text = self.row().way_out.to_owned();
        if self.lacks_consent() && !self.consent_page.is_empty() {
            text.push_str(" The page for it: ");
            text.push_str(&self.consent_page);
        }
        if matches!(
            self.aadsts,
            Some(500_133 | 700_024 | 700_027 | 50013 | 50089)
        ) && let Some(skew) = self.skew.filter(|skew| skew.abs() >= SKEW)
        {
            text.push(' ');
            text.push_str(&clock_sentence(skew));
        }
        text
    }

    fn row(&self) -> &'static Row {
        let by_number = self
            .aadsts
            .and_then(|number| ROWS.iter().find(|row| row.numbers.contains(&number)));
        by_number
            .or_else(|| {
                WORDS
                    .iter()
                    .find(|(word, _)| *word == self.error)
                    .map(|(_, row)| row)
            })
            .unwrap_or(&UNKNOWN)
    }
}

/// How far this machine's clock is off, for a person. `ahead` is how far the server's is ahead of it.
pub(super) fn clock_sentence(ahead: SignedDuration) -> String {
    let minutes = ahead.abs().as_mins();
    let amount = match minutes {
        0..120 => format!("{minutes} minutes"),
        120..2880 => format!("{} hours", minutes / 60),
        _ => format!("{} days", minutes / 1440),
    };
    let side = if ahead.is_positive() {
        "behind"
    } else {
        "ahead of"
    };
    format!("This machine's clock is {amount} {side} the server's: set it first.")
}

/// Nobody came back from the browser.
pub(super) const BROWSER_TIMEOUT: &str = "browser_timeout";

struct Row {
    numbers: &'static [u32],
    cause: &'static str,
    way_out: &'static str,
}

const fn row(numbers: &'static [u32], cause: &'static str, way_out: &'static str) -> Row {
    Row {
        numbers,
        cause,
        way_out,
    }
}

const UNKNOWN: Row = row(
    &[],
    "Entra ID refused the sign-in",
    "Look the number up at https://login.microsoftonline.com/error, or give trace id and correlation id to the tenant's administrator.",
);

/// One row for each group of numbers with one way out.
const ROWS: &[Row] = &[
    row(
        &[50020, 50034, 51004, 50014],
        "the account is not in this tenant",
        "Sign in with an account of this tenant; if the account is right, check the tenant's id. A guest has to accept the invitation first.",
    ),
    row(
        &[50076, 50079, 50074, 50158],
        "a second factor is needed",
        "Sign in again, and complete or register the second factor in the browser.",
    ),
    row(
        &[50078],
        "the second factor's answer has expired",
        "Sign in again, and give the second factor once more.",
    ),
    row(
        &[50057],
        "the account is disabled",
        "Sign in with another account, or let an administrator of the tenant enable this one.",
    ),
    row(
        &[50055],
        "the account's password has expired",
        "Change the password at https://myaccount.microsoft.com, then sign in again.",
    ),
    row(
        &[50126],
        "the name or the password is wrong",
        "Sign in again with the right name and password.",
    ),
    row(
        &[50053],
        "the account is locked, or signs in from an address with a bad name",
        "Wait a while, or sign in from another network; the tenant's log of sign-ins says which of the two it was.",
    ),
    row(
        &[50105],
        "the account is not assigned to this application",
        "Let an administrator of the tenant assign the account to the application, under its Users and groups.",
    ),
    row(
        &[50173],
        "the sign-in was revoked",
        "Sign in again: the password was changed, or an administrator revoked it. What was read before stays readable.",
    ),
    row(
        &[700_082],
        "the sign-in was not used for too long",
        words::SIGN_IN_AGAIN,
    ),
    row(
        &[70008, 700_084],
        "the sign-in has expired",
        words::SIGN_IN_AGAIN,
    ),
    row(
        &[70043],
        "the tenant's policy asks for a new sign-in every so often",
        words::SIGN_IN_AGAIN,
    ),
    row(
        &[530_033],
        "the tenant's policy wants a managed device, which a code cannot show",
        "Sign in with the browser of a managed device (sign_in = \"browser\"), or with a certificate. Otherwise the tenant's administrator has to except this application.",
    ),
    row(
        &[53000, 53001, 530_003],
        "the tenant's policy wants a compliant or joined device",
        "Sign in with the browser of such a device (sign_in = \"browser\"), or with a certificate. Otherwise the tenant's administrator has to except this application.",
    ),
    row(
        &[53003, 53002],
        "a Conditional Access policy of the tenant blocks this sign-in",
        "Try the other way to sign in. If that is blocked too, the tenant's administrator finds the policy by the correlation id, under the sign-in's Conditional Access tab.",
    ),
    row(
        &[530_032],
        "a security policy of the tenant blocks this sign-in",
        "The tenant's administrator finds the policy by the correlation id in the log of sign-ins.",
    ),
    row(
        &[530_034],
        "the tenant does not let partners' administrators in this way",
        "Ask the tenant's administrator about its policy for delegated administration, or sign in with an account of the tenant.",
    ),
    row(
        &[530_035],
        "the tenant's security defaults block this sign-in",
        "Sign in with the browser and a second factor. Otherwise the tenant's administrator has to allow it.",
    ),
    row(
        &[65001],
        "nobody has consented to the application's permissions",
        "An administrator of the tenant has to consent, then sign in again.",
    ),
    row(
        &[65004],
        "consent was declined in the browser",
        "Sign in again and accept, or let an administrator of the tenant consent.",
    ),
    row(
        &[90094, 90095],
        "an administrator has to consent to the application's permissions",
        "Ask an administrator of the tenant to consent, then sign in again.",
    ),
    row(
        &[700_016, 700_011],
        "the application is not known in this tenant",
        "Check client id, tenant and cloud; in a customer's tenant an administrator has to consent first.",
    ),
    row(
        &[7_000_112, 70001],
        "the application is disabled in this tenant",
        "An administrator of the tenant has to enable it, under Enterprise applications.",
    ),
    row(
        &[7_000_215, 70002],
        "the client secret is wrong",
        "Use the secret's value, not its id, and check that it belongs to this application.",
    ),
    row(
        &[7_000_222],
        "the client secret has expired",
        "Make a new one for the application, and store it where this tenant reads its secret.",
    ),
    row(
        &[7_000_218],
        "the application is no public client",
        "Turn on \"Allow public client flows\" under the application's Authentication, or sign in with a client secret or a certificate.",
    ),
    row(
        &[700_025],
        "the application is a public client, which has no secret",
        "Sign in by device code or browser, without a secret.",
    ),
    row(
        &[700_027, 50012, 700_030, 50013],
        "the certificate is not the one that the application knows",
        "Upload the certificate under the application's Certificates and secrets, or use the one that is there; it must not have expired.",
    ),
    row(
        &[700_024, 500_133],
        "the proof that was sent is not valid at Entra ID's time",
        "Check this machine's clock, then sign in again.",
    ),
    row(
        &[50011],
        "the application does not know the address that the browser goes back to",
        "Add http://localhost to the application, under Authentication, Mobile and desktop applications; or sign in by device code.",
    ),
    row(
        &[50194, 9_001_023, 90130],
        "this application cannot sign in without naming its tenant",
        "Set tenant_id to the tenant's id or to one of its domains.",
    ),
    row(
        &[90002, 900_023, 50059],
        "no tenant has this name",
        "Check tenant_id and the cloud.",
    ),
    row(
        &[70011, 28002, 700_022],
        "the permissions that were asked for are not valid here",
        "Check the cloud: permissions begin with the address of its Graph.",
    ),
    row(
        &[500_011, 650_057, 65005],
        "the application may not ask for Microsoft Graph here",
        "Add the permissions to the application's API permissions, and check the cloud.",
    ),
    row(
        &[90033, 90024, 50033, 90006, 90012],
        "Entra ID is not available",
        "Try again in a few minutes; nothing was changed.",
    ),
    row(
        &[50196],
        "Entra ID sees a loop of sign-ins",
        "Nothing more is asked of it. Wait some minutes, then sign in again; report it if it comes back.",
    ),
    row(
        &[501_481],
        "the browser's answer does not belong to this sign-in",
        "Sign in again, with one browser window at a time.",
    ),
    row(
        &[54005],
        "the browser's answer was used already",
        "Sign in again.",
    ),
    row(
        &[70016],
        "the code has not been used yet",
        "Type the code at the address that is shown.",
    ),
    row(
        &[70018],
        "Entra ID does not know the code",
        "Begin the sign-in again for a new code; type it exactly as shown.",
    ),
    row(
        &[70019],
        "the code was not used in time",
        "Begin the sign-in again for a new code.",
    ),
    row(
        &[70020],
        "the sign-in was declined in the browser",
        words::BEGIN_AGAIN,
    ),
];

/// By OAuth's own word, where the number is not known.
const WORDS: &[(&str, Row)] = &[
    (
        "authorization_declined",
        row(
            &[],
            "the sign-in was declined in the browser",
            words::BEGIN_AGAIN,
        ),
    ),
    (
        "access_denied",
        row(
            &[],
            "the sign-in was declined in the browser",
            words::BEGIN_AGAIN,
        ),
    ),
    (
        "expired_token",
        row(
            &[],
            "the code was not used in time",
            "Begin the sign-in again for a new code.",
        ),
    ),
    (
        "bad_verification_code",
        row(
            &[],
            "Entra ID does not know the code",
            "Begin the sign-in again for a new code; type it exactly as shown.",
        ),
    ),
    (
        BROWSER_TIMEOUT,
        row(
            &[],
            "nobody came back from the browser in time",
            "Begin the sign-in again. If the browser could not reach this machine, forward the port with the line that is shown; if its page names an AADSTS number, that is the cause. Otherwise sign in by device code.",
        ),
    ),
    (
        "personal_account",
        row(
            &[],
            "this is a personal account",
            "Sign in with a work or school account.",
        ),
    ),
    (
        "invalid_client",
        row(
            &[],
            "Entra ID does not accept the application's proof",
            "Check the client id and the client secret or certificate.",
        ),
    ),
    (
        "invalid_grant",
        row(&[], "the sign-in has ended", words::SIGN_IN_AGAIN),
    ),
    (
        "interaction_required",
        row(
            &[],
            "Entra ID wants to see the person",
            words::SIGN_IN_AGAIN,
        ),
    ),
    (
        "consent_required",
        row(
            &[],
            "nobody has consented to the application's permissions",
            "An administrator of the tenant has to consent, then sign in again.",
        ),
    ),
    (
        "unauthorized_client",
        row(
            &[],
            "the application may not sign in this way",
            "Check the application's Authentication settings.",
        ),
    ),
    (
        "temporarily_unavailable",
        row(
            &[],
            "Entra ID is not available",
            "Try again in a few minutes; nothing was changed.",
        ),
    ),
    (
        "server_error",
        row(
            &[],
            "Entra ID is not available",
            "Try again in a few minutes; nothing was changed.",
        ),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(number: u32, error: &str) -> SignInRefusal {
        SignInRefusal {
            aadsts: Some(number),
            error: error.to_owned(),
            text: "Said so.".to_owned(),
            trace_id: "t".to_owned(),
            correlation_id: "c".to_owned(),
            consent_page: "https://login/consent".to_owned(),
            ..SignInRefusal::default()
        }
    }

    /// A word that the way out of each number must hold: the table of the contract, row by row.
    const CONTRACT: &[(&[u32], &str, &str)] = &[
        (
            &[50020, 50034, 51004, 50014],
            "invalid_grant",
            "account of this tenant",
        ),
        (
            &[50076, 50079, 50074, 50158],
            "interaction_required",
            "second factor",
        ),
        (&[50078], "invalid_grant", "second factor once more"),
        (&[50057], "invalid_grant", "enable this one"),
        (&[50055], "invalid_grant", "Change the password"),
        (&[50126], "invalid_grant", "name and password"),
        (&[50053], "invalid_grant", "another network"),
        (&[50105], "access_denied", "assign the account"),
        (
            &[50173, 700_082, 70008, 700_084, 70043],
            "invalid_grant",
            "Sign in again",
        ),
        (
            &[53000, 53001, 530_003, 530_033],
            "invalid_grant",
            "browser of",
        ),
        (&[53003], "access_denied", "correlation id"),
        (&[530_032], "access_denied", "correlation id"),
        (&[530_034], "access_denied", "delegated administration"),
        (&[530_035], "access_denied", "second factor"),
        (
            &[65001, 65004, 90094, 90095],
            "invalid_grant",
            "https://login/consent",
        ),
        (
            &[700_016, 700_011],
            "unauthorized_client",
            "client id, tenant and cloud",
        ),
        (&[7_000_112, 70001], "unauthorized_client", "enable it"),
        (&[7_000_215, 70002], "invalid_client", "value, not its id"),
        (&[7_000_222], "invalid_client", "Make a new one"),
        (&[7_000_218], "invalid_client", "Allow public client flows"),
        (&[700_025], "invalid_client", "without a secret"),
        (
            &[700_027, 50012, 700_030],
            "invalid_client",
            "Upload the certificate",
        ),
        (&[50011], "invalid_request", "http://localhost"),
        (&[50194, 9_001_023, 90130], "invalid_request", "tenant_id"),
        (
            &[90002, 900_023, 50059],
            "invalid_request",
            "tenant_id and the cloud",
        ),
        (&[70011, 28002, 700_022], "invalid_scope", "cloud"),
        (
            &[500_011, 650_057, 65005],
            "invalid_resource",
            "API permissions",
        ),
        (
            &[90033, 90024, 50033, 90006, 90012],
            "server_error",
            "few minutes",
        ),
        (&[50196], "invalid_grant", "Wait some minutes"),
    ];

    #[test]
    fn every_number_of_the_contract_has_its_way_out() {
        for (numbers, error, word) in CONTRACT {
            for &number in *numbers {
                let refusal = refusal(number, error);
                assert!(
                    refusal.way_out().contains(word),
                    "{number}: {}",
                    refusal.way_out()
                );
                assert_ne!(refusal.cause(), UNKNOWN.cause, "{number}");
            }
        }
    }

    #[test]
    fn no_number_stands_in_two_rows() {
        let mut all: Vec<u32> = ROWS.iter().flat_map(|row| row.numbers).copied().collect();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn an_unknown_number_is_told_as_it_came() {
        let unknown = refusal(123_456, "weird_error");
        assert_eq!(
            unknown.to_string(),
            "AADSTS123456: Said so. (weird_error) Trace ID: t Correlation ID: c"
        );
        assert_eq!(unknown.cause(), "Entra ID refused the sign-in");
        assert_eq!(
            refusal(123_456, "invalid_grant").cause(),
            "the sign-in has ended"
        );
    }

    #[test]
    fn what_ends_a_sign_in_and_what_does_not() {
        assert!(refusal(700_082, "invalid_grant").ends_sign_in());
        assert!(refusal(50076, "interaction_required").ends_sign_in());
        assert!(!refusal(65001, "invalid_grant").ends_sign_in());
        assert!(!refusal(7_000_215, "invalid_client").ends_sign_in());
        assert!(!refusal(90033, "invalid_grant").ends_sign_in());
    }

    #[test]
    fn a_policy_leads_from_the_code_to_the_browser_and_not_in_a_circle() {
        let by = |way, number, error: &str| {
            SignInRefusal {
                tried: way,
                ..refusal(number, error)
            }
            .next_way()
        };
        let (code, browser) = (Some(SignInWay::DeviceCode), Some(SignInWay::Browser));
        for number in [530_033, 53003, 53000, 53001, 530_003, 530_035] {
            assert_eq!(by(code, number, "access_denied"), browser, "{number}");
            assert_eq!(by(browser, number, "access_denied"), None, "{number}");
            assert_eq!(by(None, number, "access_denied"), None, "{number}");
        }
        assert_eq!(by(browser, 50011, "invalid_request"), code);
        assert_eq!(by(browser, 0, BROWSER_TIMEOUT), code);
        assert_eq!(by(code, 70020, "authorization_declined"), None);
    }

    #[test]
    fn a_clock_that_is_off_is_told() {
        let mut late = refusal(700_024, "invalid_client");
        late.skew = Some(SignedDuration::from_hours(26));
        assert!(
            late.way_out()
                .ends_with("This machine's clock is 26 hours behind the server's: set it first."),
            "{}",
            late.way_out()
        );
        late.skew = Some(SignedDuration::from_mins(-9));
        assert!(late.way_out().contains("9 minutes ahead of the server's"));
        late.skew = Some(SignedDuration::from_secs(20));
        assert!(!late.way_out().contains("the server's"));
    }
}
