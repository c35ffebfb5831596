//! What is set here for a tenant: seats and their end, and whose users are picked.

use super::seat::Seats;
use super::words;

/// How users are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AddMode {
    /// From the picklist that a sync builds.
    #[default]
    Sync,
    /// By hand only: no picklist is built.
    Manual,
}

impl AddMode {
    /// The word in the configuration and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sync => "sync",
            Self::Manual => "manual",
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Sync => Self::Manual,
            Self::Manual => Self::Sync,
        }
    }
}

/// Whose users are picked, and how: what the configuration file says of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// The group filter: name or id of a group.
    pub group: Option<String>,
    /// How users are added.
    pub mode: AddMode,
}

impl Selection {
    /// The group in words: `none` without one.
    pub fn group_words(&self) -> &str {
        self.group.as_deref().unwrap_or("none")
    }
}

/// All that is set here for a tenant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenantSettings {
    /// Seats bought, and their end.
    pub seats: Seats,
    /// Whose users are picked.
    pub selection: Selection,
}

/// How a tenant is signed in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignsIn {
    /// A person, with a code.
    DeviceCode,
    /// A person, with a browser.
    Browser,
    /// The app, with a secret.
    ClientSecret,
    /// The app, with a certificate.
    Certificate,
}

impl SignsIn {
    /// All of them, in the order of the form.
    pub const ALL: [Self; 4] = [
        Self::DeviceCode,
        Self::Browser,
        Self::ClientSecret,
        Self::Certificate,
    ];

    /// The word in the configuration and on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeviceCode => "device-code",
            Self::Browser => "browser",
            Self::ClientSecret => "client-secret",
            Self::Certificate => "certificate",
        }
    }

    /// Who signs in, and with what.
    pub fn words(self) -> &'static str {
        match self {
            Self::DeviceCode => "your account, with a code that is typed in a browser anywhere",
            Self::Browser => "your account, in a browser that reaches this machine",
            Self::ClientSecret => "the app by itself, with a secret: for runs that nobody watches",
            Self::Certificate => {
                "the app by itself, with a certificate: for runs that nobody watches"
            }
        }
    }

    /// Whether the app signs in, with what lies in a file.
    pub fn needs_file(self) -> bool {
        matches!(self, Self::ClientSecret | Self::Certificate)
    }

    /// The next one, or the one before.
    #[must_use]
    pub fn turned(self, by: isize) -> Self {
        let all = Self::ALL;
        let here = all.iter().position(|way| *way == self).unwrap_or_default();
        all[(here + all.len()).saturating_add_signed(by) % all.len()]
    }
}

/// Whether a tenant's console begins read-only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// Nothing is written before it is allowed.
    #[default]
    ReadOnly,
    /// Numbers may be written.
    ReadAndWrite,
}

impl Start {
    /// Both, in the order of the form.
    pub const ALL: [Self; 2] = [Self::ReadOnly, Self::ReadAndWrite];

    /// The word on screens.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => words::READ_ONLY,
            Self::ReadAndWrite => words::READ_AND_WRITE,
        }
    }

    /// What it means.
    pub fn words(self) -> &'static str {
        match self {
            Self::ReadOnly => "nothing is written until you allow it in the console, each time",
            Self::ReadAndWrite => {
                "a plan that you apply writes numbers; for more, set `allow` in the file"
            }
        }
    }

    /// The other one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::ReadOnly => Self::ReadAndWrite,
            Self::ReadAndWrite => Self::ReadOnly,
        }
    }
}

/// A tenant that is to be configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTenant {
    /// Its name in the configuration.
    pub name: String,
    /// The name that it is shown with, where it is another.
    pub display: Option<String>,
    /// Its id, or one of its verified domains.
    pub tenant_id: String,
    /// How it is signed in to.
    pub way: SignsIn,
    /// The app registration, where it is another than that of the defaults.
    pub client_id: Option<String>,
    /// The file with the secret or the certificate, as it was typed.
    pub file: Option<String>,
    /// Whether it begins read-only.
    pub start: Start,
}

/// A tenant that is configured already, as far as its form goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SavedTenant {
    /// What the configuration says.
    pub with: NewTenant,
    /// The identity that says how it is signed in to, for all its tenants.
    pub identity: Option<String>,
    /// The tenant that its files belong to, by name: its address is not changed then.
    pub pinned: Option<String>,
}
