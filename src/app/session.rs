//! Which tenant, as whom, and whether writing is allowed.

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

/// The session as the header shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Name of the tenant: as it calls itself once signed in, else as it was pinned, else as configured.
    pub tenant: String,
    /// Whether a run has signed in, so that the name is the tenant's own.
    pub signed_in: bool,
    /// Account or app.
    pub account: String,
    /// Whether the tenant may be written to.
    pub writing: Writing,
}

impl Session {
    /// Whether writing is allowed.
    pub fn may_write(&self) -> bool {
        self.writing == Writing::Allowed
    }
}
