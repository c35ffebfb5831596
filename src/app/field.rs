//! A one-line text field: typing, moving, deleting, pasting. Wraps `tui-input`; knows nothing of what the text means.

use tui_input::{Input, InputRequest};

use super::event::{Code, Key};

/// A longer paste than this is cut: no field of ours holds more, and a clipboard may hold a book.
const LONGEST: usize = 512;

/// The text and the place of the cursor in it.
#[derive(Debug, Clone, Default)]
pub struct Field(Input);

impl PartialEq for Field {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text() && self.cursor() == other.cursor()
    }
}

impl Eq for Field {}

/// What a key did to a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Typed {
    /// The text is another.
    Changed,
    /// Only the cursor moved, or nothing.
    Same,
    /// The key means nothing to a field.
    NotMine,
}

impl Field {
    /// A field with this text, the cursor at its end.
    pub fn new(text: &str) -> Self {
        Self(Input::new(text.to_owned()))
    }

    /// The text.
    pub fn text(&self) -> &str {
        self.0.value()
    }

    /// Characters before the cursor.
    pub fn cursor(&self) -> usize {
        self.0.cursor()
    }

    /// The text before the cursor.
    pub fn before_cursor(&self) -> &str {
        let end = self
            .text()
            .char_indices()
            .nth(self.cursor())
            .map_or(self.text().len(), |(at, _)| at);
        &self.text()[..end]
    }

    /// Puts another text in, the cursor at its end.
    pub fn set(&mut self, text: &str) {
        *self = Self::new(text);
    }

    /// Takes a key.
    pub fn key(&mut self, key: Key) -> Typed {
        let Some(request) = request(key) else {
            return Typed::NotMine;
        };
        if matches!(request, InputRequest::InsertChar(_)) && self.text().len() >= LONGEST {
            return Typed::Same;
        }
        match self.0.handle(request) {
            Some(change) if change.value => Typed::Changed,
            Some(_) | None => Typed::Same,
        }
    }

    /// Takes pasted text: its first line.
    pub fn paste(&mut self, text: &str) -> Typed {
        let line = text.trim_start().lines().next().unwrap_or_default();
        let mut typed = Typed::Same;
        for c in line.chars().filter(|c| !c.is_control()).take(LONGEST) {
            if self.key(Code::Char(c).into()) == Typed::Changed {
                typed = Typed::Changed;
            }
        }
        typed
    }
}

fn request(key: Key) -> Option<InputRequest> {
    Some(match (key.code, key.ctrl) {
        (Code::Char(c), false) => InputRequest::InsertChar(c),
        (Code::Backspace, false) => InputRequest::DeletePrevChar,
        (Code::Delete, false) => InputRequest::DeleteNextChar,
        (Code::Left, false) => InputRequest::GoToPrevChar,
        (Code::Right, false) => InputRequest::GoToNextChar,
        (Code::Left, true) => InputRequest::GoToPrevWord,
        (Code::Right, true) => InputRequest::GoToNextWord,
        (Code::Home, _) => InputRequest::GoToStart,
        (Code::End, _) | (Code::Char('e'), true) => InputRequest::GoToEnd,
        (Code::Char('w') | Code::Backspace, true) => InputRequest::DeletePrevWord,
        (Code::Char('u'), true) => InputRequest::DeleteLine,
        (Code::Char('k'), true) => InputRequest::DeleteTillEnd,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_moves_and_deletes() {
        let mut field = Field::new("Lee");
        for key in [Code::Char('!'), Code::Left, Code::Backspace] {
            field.key(key.into());
        }
        assert_eq!(field.text(), "Le!");
        assert_eq!(field.before_cursor(), "Le");
        assert_eq!(field.key(Code::Tab.into()), Typed::NotMine);
        assert_eq!(field.key(Code::Home.into()), Typed::Same);
    }

    #[test]
    fn a_paste_is_one_line_without_controls() {
        let mut field = Field::default();
        assert_eq!(field.paste("\n+44 1235\u{1b} 123465\nrest"), Typed::Changed);
        assert_eq!(field.text(), "+44 1235 123465");
    }
}
