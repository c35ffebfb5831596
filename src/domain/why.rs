//! The whole truth about one user: every gate with its evidence, the verdict in one sentence, the way out, worded once.

use jiff::Timestamp;

use super::gate::{FirstCause, GateFinding, Warning};
use super::guid::ObjectId;
use super::user::UserId;

/// A labelled fact below the gates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// A word or two: `Number`, `Teams`, `Seat`.
    pub label: &'static str,
    /// What is known.
    pub text: String,
}

/// Why somebody is missing, refused or fine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Why {
    /// The directory user, when there is one.
    pub id: Option<ObjectId>,
    /// The configured user, when there is one.
    pub user: Option<UserId>,
    /// Name, or what was asked for when nobody has it.
    pub name: String,
    /// Sign-in name, else the e-mail.
    pub upn: String,
    /// First cause.
    pub first_cause: FirstCause,
    /// One sentence.
    pub verdict: String,
    /// What to do, the first step first; empty when nothing is to be done.
    pub steps: Vec<String>,
    /// All gates.
    pub gates: Vec<GateFinding>,
    /// What does not exclude but should be known.
    pub warnings: Vec<Warning>,
    /// Further facts.
    pub facts: Vec<Fact>,
    /// What happened lately.
    pub lately: Vec<String>,
    /// Nearest people, for somebody who is not there.
    pub near: Vec<String>,
    /// When the facts were read; `None` when nothing was read yet.
    pub read_at: Option<Timestamp>,
    /// Whether they were read just for this.
    pub live: bool,
}
