//! What a person is shown while signing in: a code for any browser, or a page for a browser that can reach this machine.
//!
//! Holds what may be seen by anybody who looks at the screen; the secrets of a sign-in never come here.

use jiff::Timestamp;

/// What to do now, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// How.
    pub way: PromptWay,
    /// The permissions that are asked for, by name.
    pub scopes: Vec<String>,
    /// The app registration, by its client id.
    pub app: String,
    /// The tenant as the configuration has it: an id or a domain.
    pub tenant: String,
    /// After this the sign-in has to be begun anew.
    pub until: Timestamp,
}

/// How a person signs in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PromptWay {
    /// A code that is typed in a browser anywhere.
    Code {
        /// The code.
        code: String,
        /// Where to type it.
        address: String,
        /// Entra's own sentence about it.
        message: String,
    },
    /// A page that leads back to a port of this machine.
    Browser {
        /// The page to open.
        address: String,
        /// The port that listens here, on loopback.
        port: u16,
        /// The line that makes the port reachable from the engineer's own machine.
        forward: String,
    },
}

/// The ways in which a person can sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInWay {
    /// With a code, in a browser anywhere.
    DeviceCode,
    /// With a browser that can reach this machine.
    Browser,
}
