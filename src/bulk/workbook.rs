//! `.xlsx`: a number cell keeps the digits that its display loses, as long as a spreadsheet can hold them.

use std::io::Cursor;

use calamine::{DataRef, Reader as _, Xlsx};

use super::sheet::{Builder, Sheet, SheetError};
use super::table::{Cells, unwrap};
use super::verdict::Why;

/// From here on neighbouring whole numbers are the same to a spreadsheet.
const INEXACT: f64 = 9_007_199_254_740_992.0;

/// Whether the bytes begin as a workbook does.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"PK\x03\x04")
}

/// Reads the first sheet of the workbook whose first row names a column.
pub(super) fn read(bytes: &[u8]) -> Result<Sheet, SheetError> {
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(bytes)).map_err(bad)?;
    let mut first_error = None;
    for name in book.sheet_names() {
        match one(&mut book, &name) {
            Ok(sheet) => return Ok(sheet),
            Err(error) => {
                first_error.get_or_insert(error);
            }
        }
    }
    Err(first_error.unwrap_or(SheetError::Empty))
}

fn bad(error: impl std::fmt::Display) -> SheetError {
    SheetError::Workbook {
        why: error.to_string(),
    }
}

/// The cells of one row, as they come.
#[derive(Default)]
struct Line {
    row: u32,
    text: String,
    ends: Vec<usize>,
    flaws: Vec<(usize, Why)>,
}

impl Line {
    fn put(&mut self, column: u32, value: &DataRef<'_>) {
        let column = column as usize;
        while self.ends.len() < column {
            self.ends.push(self.text.len());
        }
        let from = self.text.len();
        match value {
            DataRef::Empty => {}
            DataRef::String(text) => self.text.push_str(text),
            DataRef::SharedString(text) => self.text.push_str(text),
            DataRef::Bool(value) => self.text.push_str(if *value { "TRUE" } else { "FALSE" }),
            DataRef::Int(value) => self.text.push_str(&value.to_string()),
            DataRef::Float(value) => {
                // Written out whole: Rust prints the shortest digits that are this very number, never an exponent.
                self.text.push_str(&value.to_string());
                if value.fract() != 0.0 || value.abs() >= INEXACT {
                    self.flaws.push((column, Why::Inexact));
                }
            }
            DataRef::DateTime(_) | DataRef::DateTimeIso(_) | DataRef::DurationIso(_) => {
                self.flaws.push((column, Why::Date));
            }
            DataRef::Error(_) => self.flaws.push((column, Why::ErrorValue)),
        }
        if matches!(self.text.as_bytes().get(from), Some(b'\'' | b'=')) {
            unwrap(&mut self.text, from);
        }
        self.ends.push(self.text.len());
    }
}

fn one(book: &mut Xlsx<Cursor<&[u8]>>, name: &str) -> Result<Sheet, SheetError> {
    // Cell by cell: a sheet with one cell in its last corner would otherwise be laid out whole.
    let mut reader = book.worksheet_cells_reader(name).map_err(bad)?;
    let mut builder = None;
    let mut line = Line::default();
    while let Some(cell) = reader.next_cell().map_err(bad)? {
        let (row, column) = cell.get_position();
        if row != line.row {
            flush(&mut builder, &line)?;
            line = Line {
                row,
                ..Line::default()
            };
        }
        // No column that is known stands so far to the right.
        if column < 1024 && column as usize >= line.ends.len() {
            line.put(column, cell.get_value());
        }
    }
    flush(&mut builder, &line)?;
    builder.ok_or(SheetError::Empty)?.finish()
}

fn flush(builder: &mut Option<Builder>, line: &Line) -> Result<(), SheetError> {
    let cells = Cells::new(&line.text, &line.ends, &line.flaws);
    match builder {
        Some(builder) => builder.push(line.row + 1, &cells),
        None if cells.is_blank() => {}
        None => *builder = Some(Builder::new(&cells, 1 << 16)?),
    }
    Ok(())
}
