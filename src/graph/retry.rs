//! What is sent again, and when: never faster than told, never a write that may have been carried out.

use std::time::Duration;

use http::HeaderMap;
use jiff::Timestamp;

use super::error::GraphError;
use super::exchange::http_date;

/// The longest wait that a request sits out by itself; a longer one is handed to the caller.
pub(super) const LONGEST_WAIT: Duration = Duration::from_mins(5);

/// What a throttled reply without `Retry-After` stands for.
const THROTTLED: Duration = Duration::from_secs(10);

/// How often a request is sent at most.
pub(super) const MOST_TRIES: u32 = 4;

/// What may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resend {
    /// Doing it twice is doing it once.
    Idempotent,
    /// Somebody waits for the answer, and can do without it: a refusal is passed on at once.
    Never,
    /// Doing it twice is not: only what was clearly refused is sent again.
    WhenRefused,
}

/// `Retry-After` in seconds or as a date; a date in the past is no wait. Garbage is as good as nothing.
pub(super) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers
        .get(http::header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .trim();
    if !text.is_empty() && text.bytes().all(|c| c.is_ascii_digit()) {
        // More digits than a number holds is still a wait, and longer than any that is sat out.
        return Some(Duration::from_secs(text.parse().unwrap_or(u32::MAX.into())));
    }
    // The last days of 9999, a common "never", are past what a time here holds.
    let until = http_date(text).or_else(|| {
        let (_, date) = text.split_once(", ")?;
        http_date(&date.replacen(" 9999 ", " 9998 ", 1))
    })?;
    Some(Duration::try_from(until.duration_since(now)).unwrap_or(Duration::ZERO))
}

/// The wait that a throttled reply asks for.
pub(super) fn throttled_for(headers: &HeaderMap, now: Timestamp) -> Duration {
    retry_after(headers, now).unwrap_or(THROTTLED)
}

/// How long to wait before the next try; `None` when there is none. `tries` were made so far.
pub(super) fn next_try(error: &GraphError, resend: Resend, tries: u32) -> Option<Duration> {
    if tries >= MOST_TRIES || resend == Resend::Never {
        return None;
    }
    let wait = match error {
        // Refused before it was carried out: safe for every method.
        GraphError::Throttled { after, .. } => jittered(*after, tries - 1, *after),
        GraphError::Server { after, .. } if resend == Resend::Idempotent => {
            let told = after.unwrap_or_default();
            jittered(Duration::from_secs(1), tries - 1, told)
        }
        GraphError::Transport { .. } if resend == Resend::Idempotent => {
            jittered(Duration::from_secs(1), tries - 1, Duration::ZERO)
        }
        GraphError::Conflict { .. } if error.is_retryable() => {
            jittered(Duration::from_secs(1), 0, Duration::ZERO)
        }
        GraphError::SignIn { .. } if error.is_retryable() => {
            jittered(Duration::from_secs(1), tries - 1, Duration::ZERO)
        }
        _ => return None,
    };
    (wait <= LONGEST_WAIT).then_some(wait)
}

/// `first` doubled `doublings` times, plus up to a half of it at random, but never less than `told`.
fn jittered(first: Duration, doublings: u32, told: Duration) -> Duration {
    if told > LONGEST_WAIT {
        return told;
    }
    let base = told.max(first.saturating_mul(1 << doublings.min(6)));
    let random = getrandom::u32().unwrap_or_default();
    let extra = (base / 2)
        .min(Duration::from_secs(5))
        .mul_f64(f64::from(random) / f64::from(u32::MAX));
    (base + extra).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::super::error::Reply;
    use super::*;

    fn headers(retry_after: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("Retry-After", retry_after.parse().unwrap());
        headers
    }

    fn throttled(seconds: u64) -> GraphError {
        GraphError::Throttled {
            after: Duration::from_secs(seconds),
            reply: Box::default(),
        }
    }

    fn server() -> GraphError {
        GraphError::Server {
            after: None,
            reply: Box::new(Reply {
                status: 503,
                ..Reply::default()
            }),
        }
    }

    #[test]
    fn retry_after_in_every_form() {
        let now: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
        let seconds = |text: &str| retry_after(&headers(text), now).map(|wait| wait.as_secs());
        assert_eq!(seconds("10"), Some(10));
        assert_eq!(seconds(" 0 "), Some(0));
        assert_eq!(seconds("999999"), Some(999_999));
        assert_eq!(
            seconds("99999999999999999999999"),
            Some(u64::from(u32::MAX))
        );
        assert_eq!(seconds("Sun, 01 Mar 2026 12:00:30 GMT"), Some(30));
        assert_eq!(seconds("Sun, 01 Mar 2026 11:00:00 GMT"), Some(0));
        for never in [
            "Fri, 31 Dec 9999 23:59:59 GMT",
            "Thu, 30 Dec 9999 00:00:00 GMT",
        ] {
            assert!(seconds(never) > Some(u64::from(u32::MAX)), "{never}");
        }
        assert_eq!(seconds("Sun, 31 Foo 9999 23:59:59 GMT"), None);
        assert_eq!(seconds("-5"), None);
        assert_eq!(seconds("soon"), None);
        assert_eq!(seconds(""), None);
        assert_eq!(retry_after(&HeaderMap::new(), now), None);
        assert_eq!(throttled_for(&headers("soon"), now).as_secs(), 10);
    }

    #[test]
    fn never_faster_than_told_and_never_for_ever() {
        for (tries, least) in [(1, 10), (2, 20), (3, 40)] {
            let wait = next_try(&throttled(10), Resend::WhenRefused, tries).unwrap();
            assert!((least..=least + 5).contains(&wait.as_secs()), "{wait:?}");
        }
        assert_eq!(next_try(&throttled(10), Resend::Idempotent, 4), None);
        assert_eq!(next_try(&throttled(301), Resend::Idempotent, 1), None);
        assert_eq!(
            next_try(&throttled(300), Resend::Idempotent, 1),
            Some(LONGEST_WAIT)
        );
    }

    #[test]
    fn a_write_is_not_sent_again_after_a_failure() {
        let violation = |code: &str| GraphError::Conflict {
            reply: Box::new(Reply {
                code: code.to_owned(),
                ..Reply::default()
            }),
        };
        // Refused since too many wrote at once: nothing was carried out.
        let refused = violation("Directory_ConcurrencyViolation");
        assert!(next_try(&refused, Resend::WhenRefused, 1).is_some());
        let other = violation("Request_BadRequest");
        assert_eq!(next_try(&other, Resend::WhenRefused, 1), None);
        assert_eq!(next_try(&server(), Resend::WhenRefused, 1), None);
        let wait = next_try(&server(), Resend::Idempotent, 3).unwrap();
        assert!(wait >= Duration::from_secs(4), "{wait:?}");
        assert!(wait <= Duration::from_secs(6), "{wait:?}");
    }
}
