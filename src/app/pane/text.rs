//! A text that is read over the panes: a failure with its detail, everything about an entry.

use crate::app::doc::{Doc, Scroll, Tone};
use crate::domain::failure::Failure;

/// The text and where it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text {
    /// Its title.
    pub title: String,
    /// Its lines.
    pub doc: Doc,
    /// Where it is read.
    pub scroll: Scroll,
}

impl Text {
    /// A text with a title.
    pub fn new(title: impl Into<String>, doc: Doc) -> Self {
        Self {
            title: title.into(),
            doc,
            scroll: Scroll::default(),
        }
    }

    /// A text of many lines, as it is.
    pub fn plain(title: impl Into<String>, text: &str) -> Self {
        let mut doc = Doc::default();
        for line in text.lines() {
            doc.line(Tone::Plain, line);
        }
        Self::new(title, doc)
    }

    /// Headline, detail and hint of a failure.
    pub fn failure(failure: &Failure) -> Self {
        let mut doc = Doc::default();
        doc.failure(failure);
        Self::new("FAILED", doc)
    }
}
