//! The whole truth about one user: every gate with its evidence, the verdict in one sentence, the way out, worded once.

use jiff::Timestamp;

use super::gate::{FirstCause, Gate, GateFinding, Warning};
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
    /// When it was read from the tenant; `None` for what this side knows by itself.
    pub read_at: Option<Timestamp>,
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
    /// The user is added to the list.
    Add,
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
    /// A step that is done from here.
    pub fn here(text: impl Into<String>, repair: Repair, stops: Option<PhoneNumber>) -> Self {
        Self {
            text: text.into(),
            way: Way::Here { repair, stops },
        }
    }

    /// Puts the user on the list.
    pub fn add() -> Self {
        Self {
            text: "add this user".to_owned(),
            way: Way::Add,
        }
    }

    /// What to beware of in the step before.
    pub fn beware(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            way: Way::Beware,
        }
    }

    /// The PowerShell that does the same.
    pub fn script() -> Self {
        Self {
            text: "the same as PowerShell".to_owned(),
            way: Way::Script,
        }
    }

    /// A page of an admin centre.
    pub fn page(text: impl Into<String>, address: String) -> Self {
        Self {
            text: text.into(),
            way: Way::Page(address),
        }
    }

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
    /// Others whom the question means too.
    pub also: Vec<String>,
    /// When the facts of this user were read; `None` when nothing was read yet.
    pub read_at: Option<Timestamp>,
    /// When the group filter and the products were read: reading one user again leaves them as they were.
    pub tenant_read_at: Option<Timestamp>,
    /// When the membership of this user was read, where it was read with the user.
    pub member_read_at: Option<Timestamp>,
    /// Whether they were read just for this.
    pub live: bool,
}

impl Why {
    /// All steps, those that have a number with it, counted from 1; what to beware of has none.
    pub fn numbering(&self) -> impl Iterator<Item = (Option<usize>, &WhyStep)> {
        self.steps.iter().scan(0, |number, step| {
            let counts = step.way != Way::Beware;
            *number += usize::from(counts);
            Some((counts.then_some(*number), step))
        })
    }

    /// The steps that have a number.
    pub fn numbered(&self) -> impl Iterator<Item = (usize, &WhyStep)> {
        self.numbering()
            .filter_map(|(number, step)| Some((number?, step)))
    }

    /// When a gate's facts were read.
    pub fn gate_read_at(&self, gate: Gate) -> Option<Timestamp> {
        match gate {
            Gate::InGroup => self.member_read_at.or(self.tenant_read_at).or(self.read_at),
            Gate::Enabled
            | Gate::NotGuest
            | Gate::Licensed
            | Gate::PhoneSystem
            | Gate::NoCallingPlan
            | Gate::NoCredits
            | Gate::ResourceLicence
            | Gate::UsageLocation
            | Gate::NumberOurs => self.read_at,
        }
    }
}
