//! The form of an export: what the pane shows, to a file, for a program or for a spreadsheet.

use crate::app::effect::Exported;
use crate::app::event::Key;
use crate::app::field::{Field as Line, Typed};
use crate::app::pane::editor::EditState;
use crate::app::pane::turns;
use crate::bulk::export::Reader;

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct ExportForm {
    /// What is exported.
    pub what: Exported,
    /// In words: `23 users`.
    pub words: String,
    /// The path of the file.
    pub path: Line,
    /// For whom it is written.
    pub reader: Reader,
    /// Whether the keys go to the choice of the reader rather than to the path.
    pub focus: ExportField,
    /// What is wrong with the path.
    pub fault: Option<&'static str>,
    /// Whether it is being written.
    pub state: EditState,
}

/// A field, in the order of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportField {
    /// Path.
    Path,
    /// For whom.
    Reader,
}

impl ExportForm {
    /// A form with a name for the file.
    pub fn open(what: Exported, words: String, name: &str) -> Self {
        Self {
            what,
            words,
            path: Line::new(name),
            reader: Reader::Spreadsheet,
            focus: ExportField::Path,
            fault: None,
            state: EditState::Editing,
        }
    }

    /// Whether an answer is waited for.
    pub fn is_writing(&self) -> bool {
        matches!(self.state, EditState::Saving(_))
    }

    /// Takes a key that is no action of the form.
    pub fn key(&mut self, key: Key) {
        if self.is_writing() {
            return;
        }
        match self.focus {
            ExportField::Path => {
                if self.path.key(key) == Typed::Changed {
                    self.touched();
                }
            }
            ExportField::Reader if turns(key).is_some() => self.next_reader(),
            ExportField::Reader => {}
        }
    }

    /// Spreadsheet, program, and for a log the text that it is.
    fn next_reader(&mut self) {
        match (&self.what, self.reader) {
            (Exported::Log(run), Reader::Machine) => {
                self.what = Exported::LogText(*run);
                self.rename(".csv", ".txt");
            }
            (Exported::LogText(_), _) | (_, Reader::Machine) => self.choose(Reader::Spreadsheet),
            (_, Reader::Spreadsheet) => self.choose(Reader::Machine),
        }
    }

    fn choose(&mut self, reader: Reader) {
        if let Exported::LogText(run) = self.what {
            self.what = Exported::Log(run);
            self.rename(".txt", ".csv");
        }
        self.reader = reader;
    }

    /// The name follows what is in the file, as far as it was left as proposed.
    fn rename(&mut self, from: &str, to: &str) {
        if let Some(stem) = self.path.text().strip_suffix(from) {
            self.path = Line::new(&format!("{stem}{to}"));
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if self.focus == ExportField::Path && !self.is_writing() {
            self.path.paste(text);
            self.touched();
        }
    }

    fn touched(&mut self) {
        self.fault = None;
        if matches!(self.state, EditState::Failed(_)) {
            self.state = EditState::Editing;
        }
    }

    /// Goes to the other field.
    pub fn turn(&mut self) {
        self.focus = match self.focus {
            ExportField::Path => ExportField::Reader,
            ExportField::Reader => ExportField::Path,
        };
    }
}
