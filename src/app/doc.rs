//! Text that is read and scrolled: lines of toned parts, wrapped once, drawn by the view and copied as it stands.
//!
//! Knows no colour. Every part goes through [`Label`], so that what is wrapped is what is drawn.

use jiff::Timestamp;

use crate::domain::failure::Failure;
use crate::domain::text::Label;

use super::cells;
use super::keymap::Keymap;
use super::zone::Zone;

/// What a part of a text means; the theme gives it a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// Ordinary.
    #[default]
    Plain,
    /// Less important.
    Dim,
    /// A title or a name.
    Strong,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Queued, or under way.
    Busy,
}

/// One line, before it is wrapped.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Line {
    /// How it is meant.
    pub tone: Tone,
    /// What stands before it on its first row; further rows are indented by as much.
    pub lead: String,
    /// Its text.
    pub text: String,
}

/// One row, as wide as was asked for at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// How it is meant.
    pub tone: Tone,
    /// Its text.
    pub text: String,
}

/// Lines in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Doc(pub Vec<Line>);

impl Doc {
    /// The same with the local time behind each time of it that has its day.
    #[must_use]
    pub fn local(mut self, zone: &Zone, now: Timestamp) -> Self {
        for line in &mut self.0 {
            line.text = zone.told(&line.text, now);
        }
        self
    }

    /// The same with the keys of actions that it names in braces.
    #[must_use]
    pub fn keyed(mut self, keys: &Keymap) -> Self {
        for line in &mut self.0 {
            line.lead = keys.fill(&line.lead);
            line.text = keys.fill(&line.text);
        }
        self
    }

    /// Adds a line.
    pub fn line(&mut self, tone: Tone, text: &str) {
        self.item(tone, "", text);
    }

    /// Adds what went wrong: headline, what came back, what to do.
    pub fn failure(&mut self, failure: &Failure) {
        self.line(Tone::Bad, &failure.headline);
        if !failure.detail.is_empty() {
            self.gap();
            self.item(Tone::Plain, "Because    ", &failure.detail);
        }
        if !failure.hint.is_empty() {
            self.gap();
            self.item(Tone::Strong, "To do      ", &failure.hint);
        }
    }

    /// Adds a line that hangs behind a lead.
    pub fn item(&mut self, tone: Tone, lead: &str, text: &str) {
        for (n, part) in text.lines().enumerate() {
            let lead = if n == 0 {
                lead.to_owned()
            } else {
                " ".repeat(cells::width(lead))
            };
            self.0.push(Line {
                tone,
                lead,
                text: Label::new(part.trim_end()).as_str().to_owned(),
            });
        }
        if text.is_empty() {
            self.0.push(Line {
                tone,
                lead: lead.to_owned(),
                text: String::new(),
            });
        }
    }

    /// Adds an empty line.
    pub fn gap(&mut self) {
        self.line(Tone::Plain, "");
    }

    /// The rows at a width.
    pub fn rows(&self, cells: usize) -> Vec<Row> {
        let mut rows = Vec::new();
        for line in &self.0 {
            let indent = cells::width(&line.lead).min(cells / 2);
            let lead = cells::fit(&line.lead, indent, ' ');
            for (n, part) in cells::wrap(&line.text, cells.saturating_sub(indent))
                .into_iter()
                .enumerate()
            {
                let lead = if n == 0 {
                    lead.clone()
                } else {
                    " ".repeat(indent)
                };
                rows.push(Row {
                    tone: line.tone,
                    text: format!("{lead}{part}").trim_end().to_owned(),
                });
            }
        }
        rows
    }

    /// The text for the clipboard.
    pub fn to_text(&self) -> String {
        let mut out = String::new();
        for line in &self.0 {
            out.push_str(format!("{}{}", line.lead, line.text).trim_end());
            out.push('\n');
        }
        out
    }
}

/// Where the reader of a text is: the first row shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Scroll {
    /// First row shown.
    pub top: usize,
}

impl Scroll {
    /// Moves by so many rows, within `rows` of which `height` are shown.
    pub fn by(&mut self, step: isize, rows: usize, height: usize) {
        let last = rows.saturating_sub(height);
        self.top = self.top.saturating_add_signed(step).min(last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hangs_behind_its_lead_and_is_made_safe() {
        let mut doc = Doc::default();
        doc.item(Tone::Bad, "NO  ", "one two three\u{202e}");
        let rows = doc.rows(13);
        assert_eq!(rows[0].text, "NO  one two");
        assert_eq!(rows[1].text, "    three\\u{2");
        assert_eq!(rows[2].text, "    02e}");
        assert_eq!(doc.to_text(), "NO  one two three\\u{202e}\n");
    }

    #[test]
    fn scrolls_within_its_rows() {
        let mut scroll = Scroll::default();
        scroll.by(5, 10, 4);
        assert_eq!(scroll.top, 5);
        scroll.by(5, 10, 4);
        assert_eq!(scroll.top, 6);
        scroll.by(-20, 10, 4);
        assert_eq!(scroll.top, 0);
        scroll.by(1, 3, 4);
        assert_eq!(scroll.top, 0);
    }
}
