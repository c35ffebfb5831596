//! JSON written by hand into bytes.
//!
//! A page of a thousand users is eight megabytes; a tree of values for each of them would cost more than the
//! answer. The writer knows nothing of users: it only puts commas, quotes and escapes where they belong.

use std::io::Write as _;

/// Where a shared piece of text belongs in what was written: its place, and which piece.
pub(super) type Cut = (usize, u16);

/// Text that grows, with the places of the shared pieces that are put in when it is sent.
#[derive(Debug, Default)]
pub(super) struct Json {
    out: Vec<u8>,
    cuts: Vec<Cut>,
    comma: bool,
    ascii: bool,
}

impl Json {
    /// An empty text, with room for `capacity` bytes.
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            out: Vec::with_capacity(capacity),
            ..Self::default()
        }
    }

    /// From here on, letters outside of ASCII are written as `\u` and four digits: both spellings occur in the field.
    pub(super) fn escape_letters(&mut self, ascii: bool) {
        self.ascii = ascii;
    }

    /// What was written, and where the shared pieces go.
    pub(super) fn finish(self) -> (Vec<u8>, Vec<Cut>) {
        (self.out, self.cuts)
    }

    /// Begins an object, as a value.
    pub(super) fn open(&mut self) {
        self.value();
        self.out.push(b'{');
        self.comma = false;
    }

    /// Ends the object.
    pub(super) fn close(&mut self) {
        self.out.push(b'}');
        self.comma = true;
    }

    /// Begins a list, as a value.
    pub(super) fn open_list(&mut self) {
        self.value();
        self.out.push(b'[');
        self.comma = false;
    }

    /// Ends the list.
    pub(super) fn close_list(&mut self) {
        self.out.push(b']');
        self.comma = true;
    }

    /// Writes a name; its value has to follow.
    pub(super) fn name(&mut self, name: &str) {
        self.value();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self.comma = false;
    }

    /// A text as a value.
    pub(super) fn text(&mut self, text: &str) {
        self.value();
        self.out.push(b'"');
        if text
            .bytes()
            .all(|byte| byte >= 0x20 && byte != b'"' && byte != b'\\' && byte < 0x7f)
        {
            self.out.extend_from_slice(text.as_bytes());
        } else {
            for letter in text.chars() {
                self.letter(letter);
            }
        }
        self.out.push(b'"');
        self.comma = true;
    }

    /// A text that may be missing.
    pub(super) fn text_or_null(&mut self, text: Option<&str>) {
        match text {
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// A list of texts.
    pub(super) fn texts<S: AsRef<str>>(&mut self, texts: &[S]) {
        self.open_list();
        for text in texts {
            self.text(text.as_ref());
        }
        self.close_list();
    }

    /// A truth value.
    pub(super) fn truth(&mut self, truth: bool) {
        self.raw(if truth { b"true" } else { b"false" });
    }

    /// Nothing.
    pub(super) fn null(&mut self) {
        self.raw(b"null");
    }

    /// A whole number.
    pub(super) fn number(&mut self, number: i64) {
        self.raw(number.to_string().as_bytes());
    }

    /// A value that is JSON already.
    pub(super) fn raw(&mut self, json: &[u8]) {
        self.value();
        self.out.extend_from_slice(json);
        self.comma = true;
    }

    /// A value that is kept elsewhere, and put in when the answer is sent.
    pub(super) fn shared(&mut self, piece: u16) {
        self.value();
        self.cuts.push((self.out.len(), piece));
        self.comma = true;
    }

    fn value(&mut self) {
        if self.comma {
            self.out.push(b',');
        }
        self.comma = false;
    }

    fn letter(&mut self, letter: char) {
        match letter {
            '"' => self.out.extend_from_slice(b"\\\""),
            '\\' => self.out.extend_from_slice(b"\\\\"),
            '\u{20}'..='\u{7e}' => self.out.push(letter as u8),
            letter if letter < '\u{20}' || self.ascii => {
                let mut units = [0; 2];
                for unit in letter.encode_utf16(&mut units) {
                    write!(self.out, "\\u{unit:04x}").expect("a vector takes every byte");
                }
            }
            letter => {
                let mut bytes = [0; 4];
                self.out
                    .extend_from_slice(letter.encode_utf8(&mut bytes).as_bytes());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_quotes_and_escapes_are_json() {
        let mut json = Json::default();
        json.open();
        json.name("a");
        json.text("x\"\\\u{1b}é");
        json.name("b");
        json.texts(&["1", "2"]);
        json.name("c");
        json.open_list();
        json.open();
        json.close();
        json.number(-3);
        json.truth(true);
        json.null();
        json.close_list();
        json.close();
        let (text, cuts) = json.finish();
        assert_eq!(
            String::from_utf8(text).unwrap(),
            "{\"a\":\"x\\\"\\\\\\u001bé\",\"b\":[\"1\",\"2\"],\"c\":[{},-3,true,null]}"
        );
        assert!(cuts.is_empty());
    }

    #[test]
    fn letters_can_be_escaped_as_pairs() {
        let mut json = Json::default();
        json.escape_letters(true);
        json.text("山😀");
        assert_eq!(json.finish().0, b"\"\\u5c71\\ud83d\\ude00\"");
    }
}
