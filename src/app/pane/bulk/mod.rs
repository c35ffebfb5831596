//! What is done with many users at once: an import with its review, an edit of all marked with its preview, an export.
//!
//! Knows no file and no ledger. Nothing is queued from here before a screen has shown what would be.

pub mod cells;
pub mod export;
pub mod many;
pub mod preview;
pub mod review;
pub mod source;
mod wording;

use crate::app::action::Place;

use cells::RowForm;
use export::ExportForm;
use many::ManyForm;
use preview::Preview;
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

impl Bulk {
    /// First row shown, row under the cursor and count of its list, when it is one.
    pub fn list(&self) -> Option<(usize, usize, usize)> {
        match self {
            Self::Review(open) => Some((open.cursor.top, open.cursor.index, open.shown.len())),
            Self::Preview(open) => Some((open.cursor.top, open.cursor.index, open.rows.len())),
            Self::Source(_) | Self::Row(_) | Self::Many(_) | Self::Export(_) => None,
        }
    }

    /// Lines above the rows of its list at a width: title, notes, titles of the columns.
    pub fn head(&self, width: u16) -> Option<u16> {
        match self {
            Self::Review(open) => {
                let notes = open.note_rows(width).len();
                Some(2 + u16::try_from(notes).unwrap_or_default())
            }
            Self::Preview(open) => Some(if open.skipped.is_empty() { 3 } else { 4 }),
            Self::Source(_) | Self::Row(_) | Self::Many(_) | Self::Export(_) => None,
        }
    }

    /// Whether something is being read or saved for a form of it.
    pub fn is_saving(&self) -> bool {
        match self {
            Self::Source(form) => form.is_reading(),
            Self::Export(form) => form.is_writing(),
            Self::Review(_) | Self::Row(_) | Self::Many(_) | Self::Preview(_) => false,
        }
    }

    /// What would be lost if it were left now, by its name.
    pub fn unsaved(&self) -> Option<String> {
        match self {
            Self::Review(open) if open.mended > 0 && !open.is_waiting() => {
                let rows = match open.mended {
                    1 => "1 corrected row is".to_owned(),
                    n => format!("{n} corrected rows are"),
                };
                Some(format!("{}: {rows} lost", open.title()))
            }
            Self::Row(form) if form.is_dirty() => Some(form.title()),
            Self::Many(form) if form.is_dirty() => {
                Some(format!("the edit of {} users", form.whom.len()))
            }
            Self::Source(_)
            | Self::Review(_)
            | Self::Row(_)
            | Self::Many(_)
            | Self::Preview(_)
            | Self::Export(_) => None,
        }
    }
}
