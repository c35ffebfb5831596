//! Which tenant, as whom, whether writing is allowed, and whether somebody is signed in.

use crate::domain::failure::Failure;
use crate::domain::run::RunKind;
use crate::domain::sign_in::{Prompt, SignInWay};

use super::event::RequestId;

/// Whether the tenant may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// Reading only.
    ReadOnly,
    /// It was asked to allow writing.
    Asking(RequestId),
    /// Allowed until the program ends, or by the configuration.
    Allowed,
}

/// What a sign-in is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// For what is needed now: reading, and writing once something was to be written.
    Usual,
    /// To be allowed to write as well.
    Write,
}

/// A sign-in of a person, under way or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// How.
    pub way: SignInWay,
    /// What for.
    pub purpose: Purpose,
}

/// Whether somebody is signed in, or what stands in the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Auth {
    /// Nobody has tried yet.
    Unknown,
    /// A run has signed in, or a person has.
    SignedIn,
    /// Nobody is signed in, and a person has to.
    SignedOut,
    /// A person is asked now.
    Asking {
        /// The question.
        req: RequestId,
        /// How, and what for.
        attempt: Attempt,
        /// What is to be done; `None` until Entra has answered.
        prompt: Option<Box<Prompt>>,
    },
    /// It was not used in time.
    Expired(Attempt),
    /// It was declined, or it failed.
    Failed(Attempt, Box<Failure>),
    /// A policy of the customer blocks it.
    Blocked {
        /// What was tried.
        attempt: Attempt,
        /// What came back.
        failure: Box<Failure>,
        /// The way that may be open.
        other: Option<SignInWay>,
    },
}

/// What goes on once somebody has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resume {
    /// What is to run.
    pub kind: RunKind,
    /// Whether it is a debug sync.
    pub debug: bool,
}

/// The colour by which a tenant's screens are told from others; its word stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Accent {
    /// Red.
    Red,
    /// Green.
    Green,
    /// Yellow.
    Yellow,
    /// Blue.
    Blue,
    /// Magenta.
    Magenta,
    /// Cyan.
    Cyan,
}

impl Accent {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Blue => "blue",
            Self::Magenta => "magenta",
            Self::Cyan => "cyan",
        }
    }
}

/// The session as the header shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Name of the tenant: as it calls itself once signed in, else as it was pinned, else as configured.
    pub tenant: String,
    /// Whether somebody is signed in.
    pub auth: Auth,
    /// What holds again when a sign-in is left.
    pub before: Box<Auth>,
    /// Account or app.
    pub account: String,
    /// Whether the tenant may be written to.
    pub writing: Writing,
    /// What goes on after a sign-in.
    pub resume: Option<Resume>,
    /// The tenant that is opened when the run that writes has ended.
    pub then_open: Option<String>,
    /// The tenant that was added from this console, by its name in the configuration.
    pub added: Option<String>,
    /// The tenant that was changed from this console, in the same way: it is opened anew.
    pub edited: Option<String>,
    /// Where an administrator lets the app into this tenant, while it is new.
    pub consent: Option<String>,
    /// By how many seconds the server's clock was ahead of this machine's, when it told the time last.
    pub server_ahead: i64,
}

impl Session {
    /// Whether writing is allowed.
    pub fn may_write(&self) -> bool {
        self.writing == Writing::Allowed
    }

    /// A run has signed in. A person who is asked meanwhile still is.
    pub fn run_signed_in(&mut self) {
        match self.attempt() {
            Some(_) => *self.before = Auth::SignedIn,
            None => self.auth = Auth::SignedIn,
        }
    }

    /// The sign-in that a person is asked for now.
    pub fn asking(&self) -> Option<RequestId> {
        match &self.auth {
            Auth::Asking { req, .. } => Some(*req),
            Auth::Unknown
            | Auth::SignedIn
            | Auth::SignedOut
            | Auth::Expired(_)
            | Auth::Failed(..)
            | Auth::Blocked { .. } => None,
        }
    }

    /// What a person is to do now.
    pub fn prompt(&self) -> Option<&Prompt> {
        match &self.auth {
            Auth::Asking { prompt, .. } => prompt.as_deref(),
            Auth::Unknown
            | Auth::SignedIn
            | Auth::SignedOut
            | Auth::Expired(_)
            | Auth::Failed(..)
            | Auth::Blocked { .. } => None,
        }
    }

    /// The sign-in that is under way, or that has ended without success.
    pub fn attempt(&self) -> Option<Attempt> {
        match &self.auth {
            Auth::Asking { attempt, .. }
            | Auth::Expired(attempt)
            | Auth::Failed(attempt, _)
            | Auth::Blocked { attempt, .. } => Some(*attempt),
            Auth::Unknown | Auth::SignedIn | Auth::SignedOut => None,
        }
    }
}
