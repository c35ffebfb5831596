//! The whole truth about one user: every gate with its evidence, the verdict in one sentence, the way out, worded once.

use jiff::Timestamp;

use super::gate::{FirstCause, GateFinding, Warning};
use super::guid::ObjectId;
use super::phone::PhoneNumber;
use super::repair::Repair;
use super::user::UserId;

/// A labelled fact below the gates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// A word or two: `Number`, `Teams`, `Seat`.
    pub label: &'static str,
    /// What is known.
    pub text: String,
}

/// What pressing a step's number does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Way {
    /// Mended from here.
    Here {
        /// The repair.
        repair: Repair,
        /// The number that it silences, which is in use today.
        stops: Option<PhoneNumber>,
    },
    /// Nothing is done from here: the text says who does what, and where.
    ByHand,
    /// Prints the PowerShell that does the same.
    Script,
    /// A page of the admin centre; the address is copied.
    Page(String),
    /// Not a step: what to beware of in the step above. It has no number.
    Beware,
}

/// One step of the way out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhyStep {
    /// In words.
    pub text: String,
    /// What its number does.
    pub way: Way,
}

impl WhyStep {
    /// A step that nothing here can do.
    pub fn by_hand(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            way: Way::ByHand,
        }
    }
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
    pub steps: Vec<WhyStep>,
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

impl Why {
    /// The step with this number, from 1; what is only to beware of has none.
    pub fn numbered(&self, number: usize) -> Option<&WhyStep> {
        let place = number.checked_sub(1)?;
        self.steps
            .iter()
            .filter(|step| step.way != Way::Beware)
            .nth(place)
    }
}
