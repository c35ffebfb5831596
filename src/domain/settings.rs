//! What is set here for a tenant: seats and their end, and whose users are picked.

use super::seat::Seats;

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
