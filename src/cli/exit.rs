//! Exit codes: an interface.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::run::{Outcome, Summary};
use crate::runtime::interrupt;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed.
    Failed,
    /// Usage or configuration.
    Usage,
    /// Network, throttling, a lease that is held: try again.
    TryAgain,
    /// Sign-in is needed, or a permission is missing.
    SignIn,
    /// Changes are planned and not applied.
    Planned,
    /// Refused by a limit, the tenant guard or read-only.
    Refused,
    /// Refusals, conflicts or unknown outcomes are left in the outbox.
    Partly,
    /// A local file was damaged and set aside.
    Damaged,
    /// Any other code, such as that of a signal.
    Other(u8),
}

impl Exit {
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::TryAgain => 3,
            Self::SignIn => 4,
            Self::Planned => 5,
            Self::Refused => 6,
            Self::Partly => 7,
            Self::Damaged => 8,
            Self::Other(code) => code,
        }
    }

    /// What a failure ends with.
    pub fn of_failure(failure: &Failure) -> Self {
        match failure.kind {
            FailureKind::Config => Self::Usage,
            FailureKind::SignIn => Self::SignIn,
            FailureKind::TryAgain => Self::TryAgain,
            FailureKind::Refused => Self::Refused,
            FailureKind::Store | FailureKind::Other => Self::Failed,
            FailureKind::Cancelled => Self::Other(interrupt::code()),
        }
    }

    /// What a run ends with.
    pub fn of_run(outcome: &Outcome, summary: &Summary) -> Self {
        match outcome {
            Outcome::Done if summary.refused + summary.conflicts > 0 => Self::Partly,
            Outcome::Done => Self::Done,
            Outcome::Partly => Self::Partly,
            Outcome::Cancelled => Self::Other(interrupt::code()),
            Outcome::Interrupted => Self::Other(129),
            Outcome::Failed(failure) => Self::of_failure(failure),
        }
    }

    /// A damaged file is told where nothing worse is.
    #[must_use]
    pub fn or_damaged(self, damaged: bool) -> Self {
        if damaged && self == Self::Done {
            Self::Damaged
        } else {
            self
        }
    }
}
