//! What went wrong, in the form that a screen, a log line or a command may hold: built once, where an adapter's error is met.

/// The kinds of failure, as far as anybody acts on the difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The configuration or what was asked for is wrong.
    Config,
    /// Nobody is signed in, or the sign-in was refused, or a permission is missing.
    SignIn,
    /// Network, throttling, a server that is down, a lease that somebody holds: worth another try.
    TryAgain,
    /// A guard refused: another tenant, read-only, the mass-change limit.
    Refused,
    /// A local file is damaged or cannot be written.
    Store,
    /// Cancelled by a person or a signal.
    Cancelled,
    /// Anything else.
    Other,
}

/// A failure, worded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{headline}")]
pub struct Failure {
    /// What kind.
    pub kind: FailureKind,
    /// One line: what was tried, and that it failed.
    pub headline: String,
    /// What came back, with codes and the request-id.
    pub detail: String,
    /// What state is left, and what to do next.
    pub hint: String,
}

impl Failure {
    /// A failure with its three parts.
    pub fn new(
        kind: FailureKind,
        headline: impl Into<String>,
        detail: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            kind,
            headline: headline.into(),
            detail: detail.into(),
            hint: hint.into(),
        }
    }

    /// All parts on lines of their own, empty ones left out.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        [
            self.headline.as_str(),
            self.detail.as_str(),
            self.hint.as_str(),
        ]
        .into_iter()
        .filter(|line| !line.is_empty())
    }
}
