//! Rows to a file, in one of two named ways: the plus of a number is also the sign of a formula, so that no one way serves both.
//! Our import reads both back exactly, but for controls: a file that is printed drives no terminal, so they are written as a screen
//! shows them.

use crate::domain::text::tamed;

use super::table::{is_formula, unwrap};

/// For whom a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reader {
    /// A program: RFC 4180, the plus untouched.
    Machine,
    /// A spreadsheet: no cell is a formula, and the mark tells it that the text is UTF-8.
    Spreadsheet,
}

/// A header, and rows under it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The header.
    pub header: Vec<&'static str>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

/// The text of the file.
pub fn write(table: &Table, reader: Reader) -> String {
    let mut out = String::new();
    if reader == Reader::Spreadsheet {
        out.push('\u{feff}');
    }
    line(&mut out, table.header.iter().copied(), reader);
    for row in &table.rows {
        line(&mut out, row.iter().map(String::as_str), reader);
    }
    out
}

fn line<'a>(out: &mut String, cells: impl Iterator<Item = &'a str>, reader: Reader) {
    for (n, text) in cells.enumerate() {
        if n > 0 {
            out.push(',');
        }
        cell(out, text, reader);
    }
    out.push_str("\r\n");
}

fn cell(out: &mut String, text: &str, reader: Reader) {
    let text = &*tamed(text);
    // An import takes one wrapper off: what looks like one and is none is given one for it to take, for a program too.
    let harmed = reader == Reader::Spreadsheet && (is_formula(text) || loses_digits(text));
    let guarded = harmed || looks_wrapped(text);
    let quoted = text.contains(['"', ',', ';', '\t', '\r', '\n'])
        || text.starts_with(' ')
        || text.ends_with(' ');
    if quoted {
        out.push('"');
    }
    if guarded {
        out.push('\'');
    }
    if quoted {
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}

/// Whether a spreadsheet would take the text for a number, and save it with other digits: without its leading zero, or rounded.
fn loses_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
        && (text.len() > 11 || text.len() > 1 && text.starts_with('0'))
}

fn looks_wrapped(text: &str) -> bool {
    let mut bare = text.to_owned();
    unwrap(&mut bare, 0);
    bare != text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bulk::table;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<Vec<String>> {
        let (text, _) = table::delimiter(text);
        let mut out = Vec::new();
        table::read(text, b',', |_, cells| {
            out.push(cells.texts().map(str::to_owned).collect());
            Ok(())
        })
        .unwrap();
        out
    }

    fn there_and_back(rows: Vec<Vec<String>>, reader: Reader) {
        let table = Table {
            header: vec!["Name", "Email", "PhoneNumber"],
            rows,
        };
        let mut back = read(&write(&table, reader));
        assert_eq!(back.remove(0), table.header);
        let told = table.rows.iter().map(|row| {
            let cells = row.iter().map(|cell| tamed(cell).into_owned());
            cells.collect::<Vec<_>>()
        });
        assert_eq!(back, told.collect::<Vec<_>>());
    }

    #[test]
    fn hostile_cells_come_back_and_none_is_a_formula() {
        let cells = [
            "+441235123465",
            "=1+1",
            "=\"x\"",
            "'=x",
            "''+4",
            "-2",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "'t Hooft",
            "'0044",
            "a,b",
            "a;b",
            "say \"hi\"",
            "two\nlines",
            "two\r\nlines",
            "",
            " x ",
            "Ελένη 山田 😀",
            "\u{0}=1",
            "=HYPERLINK(\"http://x\",\"y\")",
            "'",
            "\"",
            "sep=;",
            "\u{feff}x",
        ];
        let rows: Vec<Vec<String>> = cells
            .iter()
            .map(|cell| vec![(*cell).to_owned(), "a@x".to_owned(), (*cell).to_owned()])
            .collect();
        for reader in [Reader::Machine, Reader::Spreadsheet] {
            there_and_back(rows.clone(), reader);
        }
        let table = Table {
            header: vec!["Name"],
            rows,
        };
        let machine = write(&table, Reader::Machine);
        assert!(machine.starts_with("Name\r\n+441235123465,a@x,+441235123465\r\n=1+1,"));
        let safe = write(&table, Reader::Spreadsheet);
        for record in csv::ReaderBuilder::new()
            .flexible(true)
            .from_reader(safe.as_bytes())
            .records()
        {
            for cell in &record.unwrap() {
                assert!(
                    !cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\0']),
                    "{cell:?}"
                );
            }
        }
    }

    #[test]
    fn no_cell_drives_a_terminal() {
        let hostile = "x\u{1b}[2J\u{1b}]0;title\u{7}\u{9b}31m\u{7f}\u{90}q\r\0y".to_owned();
        let table = Table {
            header: vec!["Name", "Email"],
            rows: vec![vec![hostile, "two\nlines\tand a tab".to_owned()]],
        };
        for reader in [Reader::Machine, Reader::Spreadsheet] {
            let text = write(&table, reader);
            let lines = text.replace("\r\n", "\n");
            let control = lines
                .chars()
                .find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
            assert_eq!(control, None, "{text:?}");
            assert!(
                text.contains("x␛[2J␛]0;title␇\\u{9b}31m␡\\u{90}q␍␀y"),
                "{text:?}"
            );
            assert!(text.contains("\"two\nlines\tand a tab\""), "{text:?}");
        }
    }

    #[test]
    fn a_spreadsheet_keeps_the_zeros_of_ids() {
        let row = ["00012", "0", "12", "123456789012", "0x1"].map(str::to_owned);
        let table = Table {
            header: vec!["ExternalId"],
            rows: vec![row.to_vec()],
        };
        let safe = write(&table, Reader::Spreadsheet);
        assert!(
            safe.ends_with("\r\n'00012,0,12,'123456789012,0x1\r\n"),
            "{safe:?}"
        );
        assert_eq!(read(safe.trim_start_matches('\u{feff}'))[1], row);
    }

    proptest! {
        #[test]
        fn any_cells_come_back(rows in prop::collection::vec(prop::collection::vec("[ -~\u{0}\t\r\n'=+äλ\"]{0,9}", 3), 1..6)) {
            // A row of one blank cell is a blank row; three cells keep their delimiters.
            for reader in [Reader::Machine, Reader::Spreadsheet] {
                there_and_back(rows.clone(), reader);
            }
        }
    }
}
