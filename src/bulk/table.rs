//! Delimited text to rows of cells: quoted newlines, `="..."`, the apostrophe of a spreadsheet. Every record has its row
//! number, blank ones too, so that a place in a message is the place on the screen of a spreadsheet.

use memchr::{memchr, memchr3};

use super::columns::header;
use super::sheet::SheetError;
use super::verdict::Why;

/// The cells of one row.
#[derive(Debug, Default)]
pub(super) struct Cells<'a> {
    text: &'a str,
    ends: &'a [usize],
    flaws: &'a [(usize, Why)],
}

impl<'a> Cells<'a> {
    /// Cells that follow each other in `text`, each up to its end.
    pub(super) fn new(text: &'a str, ends: &'a [usize], flaws: &'a [(usize, Why)]) -> Self {
        Self { text, ends, flaws }
    }

    /// The texts, unwrapped.
    pub(super) fn texts(&self) -> impl Iterator<Item = &'a str> {
        let text = self.text;
        let mut from = 0;
        self.ends.iter().map(move |&end| {
            let cell = &text[from..end];
            from = end;
            cell
        })
    }

    /// What was wrong with the nth cell.
    pub(super) fn flaw(&self, n: usize) -> Option<Why> {
        let found = self.flaws.iter().find(|(place, _)| *place == n);
        found.map(|(_, why)| why.clone())
    }

    /// Whether nothing stands in it.
    pub(super) fn is_blank(&self) -> bool {
        self.text.chars().all(char::is_whitespace) && self.flaws.is_empty()
    }
}

/// Whether a spreadsheet would take a cell that begins with it for a formula, or an importer for a wrapped text.
fn is_trigger(byte: u8) -> bool {
    matches!(byte, b'=' | b'+' | b'-' | b'@' | b'\t' | b'\r' | 0)
}

/// Whether the cell begins with what a spreadsheet runs, perhaps behind apostrophes.
pub(super) fn is_formula(cell: &str) -> bool {
    let bare = cell.trim_start_matches('\'');
    bare.bytes().next().is_some_and(is_trigger)
}

/// Takes off, once, what is put around a text to keep a spreadsheet from changing it: `="..."`, or an apostrophe before a digit or
/// before what would be a formula.
pub(super) fn unwrap(cell: &mut String, from: usize) {
    let text = &cell[from..];
    if text.starts_with('\'') {
        let bare = text.trim_start_matches('\'').bytes().next();
        if bare.is_some_and(|byte| is_trigger(byte) || byte.is_ascii_digit()) {
            cell.remove(from);
        }
    } else if text.len() >= 3 && text.starts_with("=\"") && text.ends_with('"') {
        let inner = text[2..text.len() - 1].replace("\"\"", "\"");
        cell.truncate(from);
        cell.push_str(&inner);
    }
}

/// The delimiter, and the text behind a `sep=` line: that of which the first row names the most columns.
pub(super) fn delimiter(text: &str) -> (&str, u8) {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let line = text.lines().next().unwrap_or_default();
    let said = line.trim_matches('"').strip_prefix("sep=");
    if let Some(&[said]) = said.map(str::as_bytes)
        && matches!(said, b',' | b';' | b'\t')
    {
        let rest = &text[line.len()..];
        let rest = rest.strip_prefix('\r').unwrap_or(rest);
        return (rest.strip_prefix('\n').unwrap_or(rest), said);
    }
    let mut best = (b',', (0, 0));
    for candidate in [b',', b';', b'\t'] {
        let score = score(text, candidate);
        if score > best.1 {
            best = (candidate, score);
        }
    }
    (text, best.0)
}

/// How many columns the first row that holds anything names, and how many cells it has.
fn score(text: &str, delimiter: u8) -> (usize, usize) {
    let mut reader = Reader::new(text, delimiter);
    // A quotation mark that is never closed is told of when the rows are read.
    while let Ok(true) = reader.record() {
        let cells = reader.cells();
        if !cells.is_blank() {
            let named = cells.texts().filter(|text| header(text).is_some()).count();
            return (named, cells.texts().count());
        }
    }
    (0, 0)
}

/// Hands each record to `take`, with its row number from 1.
pub(super) fn read(
    text: &str,
    delimiter: u8,
    mut take: impl FnMut(u32, &Cells<'_>) -> Result<(), SheetError>,
) -> Result<(), SheetError> {
    let mut reader = Reader::new(text, delimiter);
    while reader.record()? {
        take(reader.row, &reader.cells())?;
    }
    Ok(())
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    delimiter: u8,
    row: u32,
    buffer: String,
    ends: Vec<usize>,
    flaws: Vec<(usize, Why)>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a str, delimiter: u8) -> Self {
        Self {
            text,
            at: 0,
            delimiter,
            row: 0,
            buffer: String::new(),
            ends: Vec::new(),
            flaws: Vec::new(),
        }
    }

    fn cells(&self) -> Cells<'_> {
        Cells::new(&self.buffer, &self.ends, &self.flaws)
    }

    /// Reads one record; false at the end.
    fn record(&mut self) -> Result<bool, SheetError> {
        if self.at >= self.text.len() {
            return Ok(false);
        }
        self.row += 1;
        self.buffer.clear();
        self.ends.clear();
        self.flaws.clear();
        loop {
            let from = self.buffer.len();
            match &self.text.as_bytes()[self.at..] {
                [b'"', ..] => {
                    self.at += 1;
                    self.quoted(Quotes::Halved)?;
                    self.behind_quote();
                }
                [b'=', b'"', ..] => {
                    self.buffer.push_str("=\"");
                    self.at += 2;
                    self.quoted(Quotes::Kept)?;
                    self.buffer.push('"');
                    self.behind_quote();
                }
                _ => self.plain(),
            }
            if matches!(self.buffer.as_bytes().get(from), Some(b'\'' | b'=')) {
                unwrap(&mut self.buffer, from);
            }
            self.ends.push(self.buffer.len());
            if !self.step() {
                return Ok(true);
            }
        }
    }

    /// Up to the delimiter or the line's end.
    fn plain(&mut self) {
        let rest = &self.text[self.at..];
        let end = memchr3(self.delimiter, b'\n', b'\r', rest.as_bytes()).unwrap_or(rest.len());
        self.buffer.push_str(&rest[..end]);
        self.at += end;
    }

    /// Up to the closing quotation mark, over delimiters and newlines.
    fn quoted(&mut self, quotes: Quotes) -> Result<(), SheetError> {
        loop {
            let rest = &self.text[self.at..];
            let Some(end) = memchr(b'"', rest.as_bytes()) else {
                return Err(SheetError::OpenQuote { row: self.row });
            };
            self.buffer.push_str(&rest[..end]);
            self.at += end + 1;
            if self.text.as_bytes().get(self.at) != Some(&b'"') {
                return Ok(());
            }
            self.at += 1;
            self.buffer.push_str(match quotes {
                Quotes::Halved => "\"",
                Quotes::Kept => "\"\"",
            });
        }
    }

    /// Only the delimiter or the line's end may stand behind a closing quotation mark; blanks are passed over.
    fn behind_quote(&mut self) {
        let from = self.buffer.len();
        self.plain();
        if self.buffer[from..].trim().is_empty() {
            self.buffer.truncate(from);
        } else {
            self.flaws.push((self.ends.len(), Why::AfterQuote));
        }
    }

    /// Over the delimiter (true) or the line's end (false).
    fn step(&mut self) -> bool {
        match &self.text.as_bytes()[self.at..] {
            [b'\r', b'\n', ..] => self.at += 2,
            [b'\r' | b'\n', ..] => self.at += 1,
            [] => {}
            _ => {
                self.at += 1;
                return true;
            }
        }
        false
    }
}

/// What becomes of two quotation marks inside a quoted text.
#[derive(Clone, Copy)]
enum Quotes {
    Halved,
    Kept,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<(u32, Vec<String>)> {
        let (text, delimiter) = delimiter(text);
        let mut out = Vec::new();
        read(text, delimiter, |row, cells| {
            out.push((row, cells.texts().map(str::to_owned).collect()));
            Ok(())
        })
        .unwrap();
        out
    }

    fn cells(text: &str) -> Vec<String> {
        rows(text).pop().unwrap().1
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_does() {
        let text = "Name,Email\r\n\r\n\"Ann\nLee\",a@x\rBob,\"b\"\"@x\" \nlast,\n";
        let wanted: [(u32, &[&str]); 5] = [
            (1, &["Name", "Email"]),
            (2, &[""]),
            (3, &["Ann\nLee", "a@x"]),
            (4, &["Bob", "b\"@x"]),
            (5, &["last", ""]),
        ];
        let wanted: Vec<(u32, Vec<String>)> = wanted
            .iter()
            .map(|(row, cells)| (*row, cells.iter().map(|&c| c.to_owned()).collect()))
            .collect();
        assert_eq!(rows(text), wanted);
    }

    #[test]
    fn the_delimiter_is_that_of_the_header() {
        assert_eq!(delimiter("Name;Email,x;PhoneNumber\n").1, b';');
        assert_eq!(delimiter("Name\tEmail\n").1, b'\t');
        assert_eq!(delimiter("\n\nEmail,\"a;b;c\"\n").1, b',');
        assert_eq!(delimiter("sep=;\r\nEmail\r\n"), ("Email\r\n", b';'));
        assert_eq!(delimiter("Email\n").1, b',');
    }

    #[test]
    fn wrappers_come_off_once() {
        for (text, cell) in [
            ("=\"+441235123465\"", "+441235123465"),
            ("\"=\"\"+441235123465\"\"\"", "+441235123465"),
            ("=\"a,\"\"b\"\"\"", "a,\"b\""),
            ("'+441235123465", "+441235123465"),
            ("'0044", "0044"),
            ("''=1", "'=1"),
            ("'t Hooft", "'t Hooft"),
            ("'=\"x\"", "=\"x\""),
            ("=1+1", "=1+1"),
            ("Ben \"B\" Ray", "Ben \"B\" Ray"),
        ] {
            assert_eq!(cells(&format!("x\n{text}")), [cell], "{text}");
        }
    }

    #[test]
    fn an_open_quote_says_where() {
        let error = read("a\n\"b\nc", b',', |_, _| Ok(())).unwrap_err();
        assert_eq!(error, SheetError::OpenQuote { row: 2 });
        let mut flaws = Vec::new();
        read("a,\"b\"c,d\n", b',', |_, cells| {
            flaws = (0..3).map(|n| cells.flaw(n)).collect();
            Ok(())
        })
        .unwrap();
        assert_eq!(flaws, [None, Some(Why::AfterQuote), None]);
    }
}
