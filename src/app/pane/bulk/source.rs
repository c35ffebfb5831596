//! The form of an import: a path or pasted cells, create or update, the letters of the file.

use crate::app::pane::{turned, turns};
use std::sync::Arc;

use crate::app::cells;
use crate::app::event::{Code, Key};
use crate::app::field::{Field as Line, Typed};
use crate::bulk::columns::{Column, Set};
use crate::bulk::decode::Encoding;
use crate::bulk::review::{Ask, Mode, Review, Zeros};
use crate::bulk::sheet::{Sheet, SheetError};

use crate::app::pane::editor::EditState;

/// Where the rows of an import come from.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// A file.
    File {
        /// Its path, as it was typed.
        path: String,
        /// How its letters are read.
        encoding: Encoding,
    },
    /// Pasted cells; a password among them was never kept.
    Pasted(Arc<Sheet>),
    /// The rows of a review, to be judged in another way.
    Again(Arc<Review>),
}

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceForm {
    /// The field that keys go to.
    pub focus: SourceField,
    /// The path of a file.
    pub path: Line,
    /// Cells that were pasted, or why they are no table.
    pub pasted: Option<Result<Arc<Sheet>, SheetError>>,
    /// Create, update, or both.
    pub mode: Mode,
    /// Whether a person has chosen that: else the rows do.
    pub by_hand: bool,
    /// Whether the rows have chosen it.
    pub fitted: bool,
    /// The letters of the file.
    pub encoding: Encoding,
    /// What is wrong with the path.
    pub fault: Option<&'static str>,
    /// Whether it is being read.
    pub state: EditState,
}

/// A field, in the order of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceField {
    /// File or cells.
    From,
    /// Create, update, or both.
    Mode,
    /// Encoding.
    Letters,
}

impl SourceField {
    /// All fields in order.
    pub const ALL: [Self; 3] = [Self::From, Self::Mode, Self::Letters];

    /// Its label.
    pub fn label(self) -> &'static str {
        match self {
            Self::From => "From",
            Self::Mode => "To",
            Self::Letters => "Letters",
        }
    }
}

impl SourceForm {
    /// An empty form.
    pub fn open() -> Self {
        Self {
            focus: SourceField::From,
            path: Line::default(),
            pasted: None,
            mode: Mode::Create,
            by_hand: false,
            fitted: false,
            encoding: Encoding::Detect,
            fault: None,
            state: EditState::Editing,
        }
    }

    /// Whether an answer is waited for.
    pub fn is_reading(&self) -> bool {
        matches!(self.state, EditState::Saving(_))
    }

    /// Takes pasted text: several lines are cells, one is a path.
    pub fn paste(&mut self, text: &str) {
        if self.is_reading() {
            return;
        }
        self.touched();
        if !is_table(text) {
            if self.focus == SourceField::From && self.pasted.is_none() {
                self.path.paste(text);
            }
            return;
        }
        let sheet = Sheet::paste(text).map(Arc::new);
        if let Ok(sheet) = &sheet
            && sheet.set() == Set::Trunk
        {
            // Trunk users are only updated.
            self.mode = Mode::Update;
        }
        self.pasted = Some(sheet);
    }

    /// Takes a key that is no action of the form.
    pub fn key(&mut self, key: Key) {
        if self.is_reading() {
            return;
        }
        match self.focus {
            SourceField::From if self.pasted.is_some() => {
                if matches!(key.code, Code::Backspace | Code::Delete) {
                    self.pasted = None;
                    self.touched();
                }
            }
            SourceField::From => {
                if self.path.key(key) == Typed::Changed {
                    self.touched();
                }
            }
            SourceField::Mode => {
                if let Some(by) = turns(key) {
                    let here = Mode::ALL.iter().position(|mode| *mode == self.mode);
                    let next = turned(here.unwrap_or_default(), by, Mode::ALL.len());
                    self.choose(Mode::ALL[next]);
                }
            }
            SourceField::Letters if turns(key).is_some() => {
                self.encoding = match self.encoding {
                    Encoding::Detect => Encoding::Windows1252,
                    Encoding::Windows1252 => Encoding::Detect,
                };
            }
            SourceField::Letters => {}
        }
    }

    fn choose(&mut self, mode: Mode) {
        self.mode = mode;
        self.by_hand = true;
    }

    fn touched(&mut self) {
        self.fault = None;
        if matches!(self.state, EditState::Failed(_)) {
            self.state = EditState::Editing;
        }
    }

    /// Goes to another field.
    pub fn turn(&mut self, by: isize) {
        let all = SourceField::ALL;
        let here = all.iter().position(|field| *field == self.focus);
        self.focus = all[turned(here.unwrap_or_default(), by, all.len())];
    }

    /// What is to be judged, and how; what is wrong stays on the form.
    pub fn finish(&mut self) -> Option<(Source, Ask)> {
        let ask = Ask {
            mode: self.mode,
            zeros: Zeros::Doubted,
        };
        match &self.pasted {
            Some(Ok(sheet)) => return Some((Source::Pasted(Arc::clone(sheet)), ask)),
            Some(Err(_)) => return None,
            None => {}
        }
        let path = self.path.text().trim();
        if path.is_empty() {
            self.focus = SourceField::From;
            self.fault = Some("type the path of a file, or paste the cells here");
            return None;
        }
        let source = Source::File {
            path: unquoted(path).to_owned(),
            encoding: self.encoding,
        };
        Some((source, ask))
    }

    /// What the review calls it.
    pub fn name(&self) -> String {
        if self.pasted.is_some() {
            return "pasted cells".to_owned();
        }
        let path = unquoted(self.path.text().trim());
        path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
    }

    /// What was pasted, in a line.
    pub fn pasted_words(&self) -> Option<String> {
        match self.pasted.as_ref()? {
            Ok(sheet) => {
                let rows = match sheet.len() {
                    1 => "1 row".to_owned(),
                    n => format!("{} rows", cells::thousands(n as u64)),
                };
                let columns: Vec<&str> =
                    sheet.columns().iter().map(|c| Column::header(*c)).collect();
                Some(format!("{rows} pasted: {}", columns.join(", ")))
            }
            Err(_) => Some("what was pasted is no table of users".to_owned()),
        }
    }

    /// What is wrong with what was pasted.
    pub fn pasted_fault(&self) -> Option<String> {
        match self.pasted.as_ref()? {
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        }
    }
}

/// Whether pasted text is a table rather than a value: two lines or more that hold anything.
pub fn is_table(text: &str) -> bool {
    text.split(['\n', '\r'])
        .filter(|line| !line.trim().is_empty())
        .nth(1)
        .is_some()
}

/// A path as a file browser copies it, without its quotation marks.
fn unquoted(path: &str) -> &str {
    for mark in ['"', '\''] {
        let inner = path.strip_prefix(mark).and_then(|p| p.strip_suffix(mark));
        if let Some(inner) = inner {
            return inner;
        }
    }
    path
}
