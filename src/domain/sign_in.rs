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

impl SignInWay {
    /// What it is called on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeviceCode => "code",
            Self::Browser => "browser",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::DeviceCode => Self::Browser,
            Self::Browser => Self::DeviceCode,
        }
    }
}

/// What permissions mean, for somebody who does not know their names; what writes comes last, in capitals.
const WORDS: &[(&str, &str)] = &[
    ("User.Read", "read your own profile"),
    ("User.Read.All", "read users"),
    ("User.ReadBasic.All", "read users' names"),
    ("Organization.Read.All", "read the organisation"),
    ("Directory.Read.All", "read the directory"),
    ("Group.Read.All", "read groups"),
    ("GroupMember.Read.All", "read groups' members"),
    ("LicenseAssignment.Read.All", "read licences"),
    ("TeamsUserConfiguration.Read.All", "read Teams settings"),
    ("TeamsTelephoneNumber.Read.All", "read telephone numbers"),
    (
        "TeamsTelephoneNumber.ReadWrite.All",
        "WRITE telephone numbers",
    ),
    ("User.ReadWrite.All", "WRITE users (their country)"),
    ("LicenseAssignment.ReadWrite.All", "WRITE licences"),
];

/// The permissions in words; those that come with every sign-in are one, and one that nobody knows keeps its name.
pub fn in_words(scopes: &[String]) -> Vec<String> {
    let names: Vec<&str> = scopes
        .iter()
        .map(|scope| scope.rsplit('/').next().unwrap_or_default())
        .collect();
    let mut words: Vec<String> = Vec::new();
    let usual = ["openid", "profile", "email", "offline_access"];
    if names.iter().any(|name| usual.contains(name)) {
        words.push("know who signs in, and stay signed in".to_owned());
    }
    let known = WORDS
        .iter()
        .filter(|(name, _)| names.contains(name))
        .map(|(_, words)| (*words).to_owned());
    let strange = names
        .iter()
        .filter(|name| !usual.contains(name) && !WORDS.iter().any(|(known, _)| known == *name))
        .map(|name| (*name).to_owned());
    words.extend(known.chain(strange));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn permissions_are_said_in_words_and_unknown_ones_by_name() {
        let scopes = [
            "openid",
            "offline_access",
            "https://graph.microsoft.com/User.ReadWrite.All",
            "User.Read.All",
            "Mail.Read",
        ]
        .map(str::to_owned);
        assert_eq!(
            in_words(&scopes),
            [
                "know who signs in, and stay signed in",
                "read users",
                "WRITE users (their country)",
                "Mail.Read"
            ]
        );
    }
}
