//! A sheet: the rows of a file or of pasted cells, by column, each with the row number that a spreadsheet shows.
//!
//! All texts stand in one buffer, so that a hundred thousand rows are a few allocations. Passwords never get into it.

use std::collections::BTreeMap;

use super::columns::{Column, Header, Set, header};
use super::decode::{self, Encoding};
use super::table::{self, Cells};
use super::verdict::Why;
use super::workbook;

/// Why a file cannot be read at all. `Display` says where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SheetError {
    /// Nothing but blanks.
    #[error("there is no row in it")]
    Empty,
    /// A header, and nothing under it.
    #[error("there is a header and no row under it")]
    NoRows,
    /// Bytes that are no text in the encoding that was found.
    #[error(
        "row {row}: the byte 0x{byte:02X} (byte {at} of the file) is no {encoding}: save the file as \"CSV UTF-8\", or give --encoding windows-1252"
    )]
    NotText {
        /// Row, as a spreadsheet counts.
        row: u32,
        /// The byte.
        byte: u8,
        /// Its place in the file, from 0.
        at: usize,
        /// What was tried.
        encoding: &'static str,
    },
    /// Read as Windows-1252, and it is UTF-8 or UTF-16.
    #[error("it is {found}, and was asked to be read as Windows-1252: leave --encoding out")]
    NotWindows1252 {
        /// What it is.
        found: &'static str,
    },
    /// The first row names no column that is known.
    #[error(
        "row 1 names none of the columns (cells in it: {cells}): expected are SIPUsername, Name, Email, PhoneNumber, ExternalId, or TrunkNumber, Name, Email, Caller ID, ExternalId, in any order"
    )]
    NoHeader {
        /// How many cells it has. Their texts are not told: without a header, one of them may be a password.
        cells: usize,
    },
    /// Two headers of one column.
    #[error("row 1 names the column {column} twice (cells {first} and {second}): take one out")]
    Twice {
        /// The column.
        column: Column,
        /// Cell number, from 1.
        first: usize,
        /// Cell number, from 1.
        second: usize,
    },
    /// Columns of both sets.
    #[error(
        "row 1 names TrunkNumber and {other}: a trunk sheet has TrunkNumber, Name, Email, Caller ID, ExternalId; a PBX sheet has no TrunkNumber"
    )]
    BothSets {
        /// The column of the other set.
        other: Column,
    },
    /// Neither e-mails nor trunk numbers, nor anything else by which a row could be told.
    #[error("row 1 names no column by which a row can be told: Email or TrunkNumber is needed")]
    NoKey,
    /// A quotation mark that is never closed.
    #[error("row {row}: a quotation mark is opened and never closed; nothing after it can be read")]
    OpenQuote {
        /// Row, as a spreadsheet counts.
        row: u32,
    },
    /// An `.xlsx` file that is none.
    #[error("the workbook cannot be read: {why}")]
    Workbook {
        /// What the reader said.
        why: String,
    },
    /// More than can be held.
    #[error("it is larger than 1 GiB: split it")]
    TooLarge,
}

/// The texts of one row: spans of the buffer, by column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spans {
    number: u32,
    cells: [(u32, u32); Column::ALL.len()],
}

/// Rows by column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    set: Set,
    columns: Vec<Column>,
    ignored: Vec<String>,
    passwords: bool,
    text: String,
    rows: Vec<Spans>,
    /// Headers of our own export that are not read: their cells go along into what is saved of the rows that stay out.
    beside: Vec<&'static str>,
    /// Their cells, row by row.
    besides: Vec<(u32, u32)>,
    flaws: BTreeMap<(u32, Column), Why>,
    of_both: bool,
}

/// One row.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    sheet: &'a Sheet,
    /// Its place among the rows that hold anything, from 0: what the other functions ask for.
    pub index: usize,
}

impl<'a> Row<'a> {
    /// The row number that a spreadsheet shows: the header is row 1.
    pub fn number(self) -> u32 {
        self.sheet.rows[self.index].number
    }

    /// The text of a cell as it was read; empty where the sheet has no such column.
    pub fn cell(self, column: Column) -> &'a str {
        let (from, to) = self.sheet.rows[self.index].cells[column.place()];
        &self.sheet.text[from as usize..to as usize]
    }

    /// The text of a cell that is not read, by its place in [`Sheet::beside`].
    pub fn beside(self, n: usize) -> &'a str {
        let (from, to) = self.sheet.besides[self.index * self.sheet.beside.len() + n];
        &self.sheet.text[from as usize..to as usize]
    }

    /// The text without blanks at its ends.
    pub fn trimmed(self, column: Column) -> &'a str {
        self.cell(column).trim()
    }
}

/// What the rows that an import of both kinds leaves out say in their column `ImportAs`.
pub(super) const BOTH: &str = "both";

/// Longest file.
const LARGEST: usize = 1 << 30;

impl Sheet {
    /// Reads a file: a workbook by its first bytes, else delimited text.
    pub fn read(bytes: &[u8], encoding: Encoding) -> Result<Self, SheetError> {
        if bytes.len() > LARGEST {
            return Err(SheetError::TooLarge);
        }
        if workbook::is_one(bytes) {
            return workbook::read(bytes);
        }
        Self::from_text(&decode::decode(bytes, encoding)?)
    }

    /// Reads cells as a terminal's bracketed paste gives them: separated by tabs, as spreadsheets copy, or any delimited text.
    pub fn paste(text: &str) -> Result<Self, SheetError> {
        // Terminals send a carriage return for each line end.
        let text = if text.contains('\n') {
            text.to_owned()
        } else {
            text.replace('\r', "\n")
        };
        Self::from_text(&text)
    }

    fn from_text(text: &str) -> Result<Self, SheetError> {
        let (text, delimiter) = table::delimiter(text);
        let mut builder: Option<Builder> = None;
        table::read(text, delimiter, |number, cells| match &mut builder {
            None => {
                if !cells.is_blank() {
                    builder = Some(Builder::new(cells, text.len())?);
                }
                Ok(())
            }
            Some(builder) => {
                builder.push(number, cells);
                Ok(())
            }
        })?;
        builder.ok_or(SheetError::Empty)?.finish()
    }

    /// Which template it follows.
    pub fn set(&self) -> Set {
        self.set
    }

    /// The columns that it has, in its own order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Headers that say nothing to an import.
    pub fn ignored(&self) -> &[String] {
        &self.ignored
    }

    /// Those of them that our own export writes: their cells are kept, though nothing is done with them. Of others none is: any may
    /// be a password.
    pub fn beside(&self) -> &[&'static str] {
        &self.beside
    }

    /// Whether it had passwords, which were stepped over.
    pub fn had_passwords(&self) -> bool {
        self.passwords
    }

    /// Whether its rows say of themselves that they stayed out of an import of both kinds.
    pub fn is_of_both(&self) -> bool {
        self.of_both
    }

    /// How many rows hold anything.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// One row.
    pub fn row(&self, index: usize) -> Row<'_> {
        assert!(index < self.rows.len(), "a row is asked for by its place");
        Row { sheet: self, index }
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        (0..self.rows.len()).map(|index| Row { sheet: self, index })
    }

    /// What was wrong with a row before any text of it was looked at.
    pub(super) fn flaws_of(&self, index: usize) -> impl Iterator<Item = (Column, &Why)> {
        let index = place(index);
        self.flaws
            .range((index, Column::SipUsername)..=(index, Column::CallerId))
            .map(|((_, column), why)| (*column, why))
    }

    /// Puts another text into a cell; what was wrong with the cell as it was read is gone with it.
    pub(super) fn put(&mut self, index: usize, column: Column, text: &str) {
        let span = append(&mut self.text, text);
        self.rows[index].cells[column.place()] = span;
        self.flaws.remove(&(place(index), column));
    }
}

/// Rows are counted in 32 bits: a file of [`LARGEST`] bytes has fewer.
pub(super) fn place(index: usize) -> u32 {
    u32::try_from(index).expect("a sheet has fewer rows than bytes, and those are limited")
}

fn append(text: &mut String, cell: &str) -> (u32, u32) {
    let from = place(text.len());
    text.push_str(cell);
    (from, place(text.len()))
}

/// A sheet while it is read.
#[derive(Debug)]
pub(super) struct Builder {
    headers: Vec<Option<Header>>,
    sheet: Sheet,
}

impl Builder {
    /// Begins with the header row.
    pub(super) fn new(cells: &Cells<'_>, room: usize) -> Result<Self, SheetError> {
        let headers: Vec<Option<Header>> = cells.texts().map(header).collect();
        let mut columns: Vec<Column> = Vec::new();
        for (n, found) in headers.iter().enumerate() {
            if let Some(Header::Kept(column)) = found {
                if columns.contains(column) {
                    let first = headers.iter().position(|other| other == found);
                    return Err(SheetError::Twice {
                        column: *column,
                        first: first.map_or(0, |first| first + 1),
                        second: n + 1,
                    });
                }
                columns.push(*column);
            }
        }
        if columns.is_empty() {
            return Err(SheetError::NoHeader {
                cells: headers.len(),
            });
        }
        let set = set_of(&columns)?;
        let ignored = cells
            .texts()
            .zip(&headers)
            .filter(|(text, header)| {
                matches!(header, None | Some(Header::Unread(_))) && !text.trim().is_empty()
            })
            .map(|(text, _)| text.trim().to_owned())
            .collect();
        let unread = headers.iter().filter_map(|header| match header {
            Some(Header::Unread(name)) => Some(*name),
            _ => None,
        });
        let beside = unread.collect();
        Ok(Self {
            sheet: Sheet {
                set,
                beside,
                besides: Vec::new(),
                columns,
                ignored,
                passwords: headers.contains(&Some(Header::Password)),
                text: String::with_capacity(room),
                rows: Vec::with_capacity(room / 96),
                flaws: BTreeMap::new(),
                of_both: false,
            },
            headers,
        })
    }

    /// One more row; a blank one counts and is left out.
    pub(super) fn push(&mut self, number: u32, cells: &Cells<'_>) {
        if cells.is_blank() {
            return;
        }
        let index = place(self.sheet.rows.len());
        let mut spans = Spans {
            number,
            cells: [(0, 0); Column::ALL.len()],
        };
        let beyond = cells.texts().skip(self.headers.len());
        if beyond.into_iter().any(|text| !text.trim().is_empty()) {
            self.too_wide(spans, cells.texts().count());
            return;
        }
        for (n, text) in cells.texts().enumerate() {
            let column = match self.headers.get(n) {
                Some(Some(Header::Kept(column))) => *column,
                Some(Some(Header::Unread(_))) => {
                    let span = append(&mut self.sheet.text, text);
                    self.sheet.besides.push(span);
                    continue;
                }
                Some(Some(Header::ImportAs)) => {
                    self.sheet.of_both |= text.trim().eq_ignore_ascii_case(BOTH);
                    continue;
                }
                _ => continue,
            };
            spans.cells[column.place()] = append(&mut self.sheet.text, text);
            if let Some(why) = cells.flaw(n) {
                self.sheet.flaws.insert((index, column), why);
            }
        }
        self.pushed(spans);
    }

    /// A row with fewer cells than the header has none of the last ones.
    fn pushed(&mut self, spans: Spans) {
        self.sheet.rows.push(spans);
        let wanted = self.sheet.rows.len() * self.sheet.beside.len();
        self.sheet.besides.resize(wanted, (0, 0));
    }

    /// A row with more cells than the header: nobody knows which cell is which, and one is the password. None is kept.
    fn too_wide(&mut self, spans: Spans, cells: usize) {
        let index = place(self.sheet.rows.len());
        let why = Why::TooWide {
            cells,
            columns: self.headers.len(),
        };
        let last = self.sheet.columns[self.sheet.columns.len() - 1];
        self.sheet.flaws.insert((index, last), why);
        self.pushed(spans);
    }

    pub(super) fn finish(self) -> Result<Sheet, SheetError> {
        if self.sheet.rows.is_empty() {
            return Err(SheetError::NoRows);
        }
        Ok(self.sheet)
    }
}

fn set_of(columns: &[Column]) -> Result<Set, SheetError> {
    let other = [
        Column::SipUsername,
        Column::PhoneNumber,
        Column::AuthUsername,
    ]
    .into_iter()
    .find(|column| columns.contains(column));
    match (columns.contains(&Column::TrunkNumber), other) {
        (true, Some(other)) => Err(SheetError::BothSets { other }),
        (true, None) => Ok(Set::Trunk),
        (false, _) => {
            let keys = [Column::Email, Column::ExternalId, Column::SipUsername];
            if keys.iter().any(|key| columns.contains(key)) {
                Ok(Set::Pbx)
            } else {
                Err(SheetError::NoKey)
            }
        }
    }
}
