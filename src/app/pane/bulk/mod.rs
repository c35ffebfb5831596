//! What is done with many users at once: an import with its review, an edit of all marked with its preview, an export.
//!
//! Knows no file and no ledger. Nothing is queued from here before a screen has shown what would be.

pub mod cells;
pub mod export;
pub mod many;
pub mod review;
pub mod source;

use crate::app::action::Place;

use cells::RowForm;
use export::ExportForm;
use many::{ManyForm, Preview};
use review::ReviewBox;
use source::SourceForm;

/// What stands over the panes.
#[derive(Debug, Clone, PartialEq)]
pub enum Bulk {
    /// Where an import comes from.
    Source(SourceForm),
    /// A verdict per row.
    Review(ReviewBox),
    /// One row that is put right.
    Row(RowForm),
    /// What is to become of all marked.
    Many(ManyForm),
    /// What would become of each of them.
    Preview(Preview),
    /// Where an export goes.
    Export(ExportForm),
}

impl Bulk {
    /// Where its keys are read.
    pub fn place(&self) -> Place {
        match self {
            Self::Source(_) | Self::Row(_) | Self::Many(_) | Self::Export(_) => Place::Form,
            Self::Review(_) | Self::Preview(_) => Place::Review,
        }
    }
}

/// The place so many steps further in a ring.
pub(super) fn turned(here: usize, by: isize, len: usize) -> usize {
    (here + len).saturating_add_signed(by) % len.max(1)
}
