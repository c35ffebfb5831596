//! The written, versioned forms of what is kept or printed: rows of the store, lines of the audit, objects of the command line.
//!
//! The only module that derives serde forms of the domain's values. A form changes only by addition, or with its version.

pub mod audit;
pub mod entry;
pub mod facts;
pub mod json;
pub mod plan;
pub mod reference;

/// Version of everything that is printed with `--json`.
pub const SCHEMA_VERSION: u32 = 1;

/// A written form that this program cannot read: damaged, or of a newer version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} cannot be read")]
pub struct Unreadable {
    /// What it should have been.
    pub what: &'static str,
}

impl Unreadable {
    /// Something that should have been a `what`.
    pub const fn of(what: &'static str) -> Self {
        Self { what }
    }
}
