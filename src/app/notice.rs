//! The one line that says what just happened: it goes by itself, but a failure stays until it is read.

use jiff::{SignedDuration, Timestamp};

use crate::domain::failure::Failure;

use super::doc::Tone;

/// How long a notice stays.
const STAYS: SignedDuration = SignedDuration::from_secs(8);

/// What the line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// A word about something that was done or not done.
    Word {
        /// How it is meant.
        tone: Tone,
        /// The line.
        text: String,
        /// When it goes; `None` when it stays until the next key that does something.
        until: Option<Timestamp>,
    },
    /// A failure's headline; Enter shows the rest, Esc puts it away.
    Failed(Failure),
}

impl Notice {
    /// A line that goes by itself.
    pub fn word(tone: Tone, text: impl Into<String>, at: Timestamp) -> Self {
        Self::Word {
            tone,
            text: text.into(),
            until: Some(at.saturating_add(STAYS).unwrap_or(at)),
        }
    }

    /// A line that stays until the next key that does something: what came of a write is not missed by looking away.
    pub fn lasting(tone: Tone, text: impl Into<String>) -> Self {
        Self::Word {
            tone,
            text: text.into(),
            until: None,
        }
    }

    /// When it goes by itself.
    pub fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Word { until, .. } => *until,
            Self::Failed(_) => None,
        }
    }
}
