//! Files as Excel and LibreOffice write them, in several languages and encodings: each is read whole and exactly, or refused with the
//! row and the column.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use teamsconnector::bulk::columns::Column;
use teamsconnector::bulk::decode::Encoding;
use teamsconnector::bulk::export::{Reader, Table, write};
use teamsconnector::bulk::known::{Facts, Known};
use teamsconnector::bulk::review::{Ask, Mode, Review, Zeros, judge};
use teamsconnector::bulk::sheet::{Sheet, SheetError};

/// SIP user name, name, e-mail, number, external id of everybody in the files.
const PEOPLE: [[&str; 5]; 5] = [
    [
        "jgross",
        "Jürgen Groß",
        "juergen@contoso.example",
        "+4930123456",
        "E-1",
    ],
    [
        "zoe",
        "Zoë O'Brien",
        "zoe@contoso.example",
        "+441235123465",
        "E-2",
    ],
    [
        "lea",
        "François, Léa",
        "lea@contoso.example",
        "+33123456789",
        "E-3",
    ],
    [
        "sian",
        "Siân \"Shaz\" Price",
        "sian@contoso.example",
        "+14255550100",
        "E-4",
    ],
    [
        "hooft",
        "'t Hooft",
        "hooft@contoso.example",
        "+390669812345",
        "E-5",
    ],
];

/// What is to come of a file.
enum Wanted {
    /// Everybody, exactly.
    Same,
    /// The same once Windows-1252 is asked for; refused at this row before.
    Ansi(u32),
    /// Everybody, with the plus proposed and not there.
    NoPlus,
    /// These cells are refused, the others are right: row, column, a word of why.
    Cells(&'static [(u32, Column, &'static str)]),
    /// The whole file, with these words.
    File(&'static str),
}

use Column::{Name, PhoneNumber as Number, SipUsername as Sip};
use Wanted::{Ansi, Cells, File, NoPlus, Same};

const LOST: &str = "digits are gone";
const INEXACT: &str = "more digits than a spreadsheet keeps";

const FILES: &[(&str, Wanted)] = &[
    ("aliases-any-order.csv", Same),
    ("aliases-german.csv", Ansi(2)),
    ("blank-rows.csv", Same),
    (
        "damage-after-quote.csv",
        Cells(&[(3, Name, "behind the closing")]),
    ),
    (
        "damage-date.csv",
        Cells(&[(3, Number, "date"), (4, Number, "date")]),
    ),
    (
        "damage-decimal.csv",
        Cells(&[
            (3, Number, "+44 1235 123465"),
            (4, Number, "+33 1 23 45 67 89"),
        ]),
    ),
    ("damage-exponent-french.csv", Cells(&[(3, Number, LOST)])),
    ("damage-exponent-german.csv", Ansi(2)),
    (
        "damage-exponent.csv",
        Cells(&[(3, Number, LOST), (4, Number, LOST)]),
    ),
    (
        "damage-hashes.csv",
        Cells(&[(3, Number, "wrote an error"), (4, Number, "wrote an error")]),
    ),
    (
        "damage-header-twice.csv",
        File("names the column Email twice (cells 1 and 3)"),
    ),
    (
        "damage-letters.csv",
        Cells(&[(2, Name, "letters were lost")]),
    ),
    (
        "damage-no-header.csv",
        File("row 1 names none of the columns"),
    ),
    ("damage-no-plus.csv", NoPlus),
    (
        "damage-open-quote.csv",
        File("row 3: a quotation mark is opened and never closed"),
    ),
    (
        "damage-several.csv",
        Cells(&[(3, Number, "one number per user")]),
    ),
    (
        "damage-sip-exponent.csv",
        Cells(&[(3, Sip, "has rounded it")]),
    ),
    (
        "damage-too-wide.csv",
        Cells(&[(
            3,
            Column::ExternalId,
            "more cells (8) than the header has (7)",
        )]),
    ),
    (
        "damage-zeros-six.csv",
        Cells(&[(3, Number, "ends in 5 zeros")]),
    ),
    (
        "damage-zeros.csv",
        Cells(&[
            (3, Number, "2 rows end in 3 zeros"),
            (4, Number, "2 rows end in 3 zeros"),
        ]),
    ),
    ("excel-comma-utf16be.csv", Same),
    ("excel-comma-utf16le.csv", Same),
    ("excel-comma-utf8-bom.csv", Same),
    ("excel-comma-utf8.csv", Same),
    ("excel-comma-windows-1252.csv", Ansi(2)),
    ("excel-mac-cr.csv", Same),
    ("excel-msdos-cp850.txt", File("row 2: the byte 0x81")),
    ("excel-quoted.csv", Same),
    ("excel-semicolon-utf16be.csv", Same),
    ("excel-semicolon-utf16le.csv", Same),
    ("excel-semicolon-utf8-bom.csv", Same),
    ("excel-semicolon-utf8.csv", Same),
    ("excel-semicolon-windows-1252.csv", Ansi(2)),
    ("excel-sep-line.csv", Same),
    ("excel-tab-utf16be.csv", Same),
    ("excel-tab-utf16le.csv", Same),
    ("excel-tab-utf8-bom.csv", Same),
    ("excel-tab-utf8.csv", Same),
    ("excel-tab-windows-1252.csv", Ansi(2)),
    ("lo-bom.csv", Same),
    ("lo-comma-1252.csv", Ansi(2)),
    ("lo-comma-utf16.csv", Same),
    ("lo-comma-utf8.csv", Same),
    (
        "lo-errors.xlsx",
        Cells(&[(2, Number, "date"), (3, Number, "wrote an error")]),
    ),
    ("lo-numbers-german.csv", NoPlus),
    ("lo-numbers.csv", NoPlus),
    ("lo-numbers.xlsx", NoPlus),
    ("lo-plus-format.csv", Same),
    ("lo-quoted.csv", Same),
    ("lo-scientific-semicolon.csv", Ansi(2)),
    (
        "lo-scientific.csv",
        Cells(&[
            (2, Number, LOST),
            (3, Number, LOST),
            (4, Number, LOST),
            (5, Number, LOST),
            (6, Number, LOST),
        ]),
    ),
    ("lo-semicolon-1252.csv", Ansi(2)),
    ("lo-semicolon-utf16.csv", Same),
    ("lo-semicolon-utf8.csv", Same),
    ("lo-tab-1252.csv", Ansi(2)),
    ("lo-tab-utf16.csv", Same),
    ("lo-tab-utf8.csv", Same),
    ("lo-text-ooxml.xlsx", Same),
    ("lo-text.xlsx", Same),
    ("short-rows.csv", Same),
    (
        "trunk-and-pbx.csv",
        File("row 1 names TrunkNumber and SIPUsername"),
    ),
    ("trunk.csv", Same),
    ("wrapped-apostrophe.csv", Same),
    ("wrapped-formula-bare.csv", Same),
    ("wrapped-formula.csv", Same),
    (
        "xlsx-inexact.xlsx",
        Cells(&[
            (2, Number, INEXACT),
            (3, Number, INEXACT),
            (4, Number, "must start with +"),
            (5, Number, "must start with +"),
            (6, Number, "must start with +"),
        ]),
    ),
    ("xlsx-scientific.xlsx", NoPlus),
    ("xlsx-second-sheet.xlsx", Same),
];

/// Files of Windows-1252 that are damaged as well: what is refused once they can be read.
/// A file, and what is said of its rows: row, column, words.
type Damage = (&'static str, &'static [(u32, Column, &'static str)]);

const ANSI_DAMAGE: &[Damage] = &[
    (
        "damage-exponent-german.csv",
        &[(2, Number, LOST), (4, Number, LOST)],
    ),
    (
        "lo-scientific-semicolon.csv",
        &[
            (2, Number, LOST),
            (3, Number, LOST),
            (4, Number, LOST),
            (5, Number, LOST),
            (6, Number, LOST),
        ],
    ),
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/import")
}

fn read(name: &str, encoding: Encoding) -> Result<Sheet, SheetError> {
    Sheet::read(&std::fs::read(folder().join(name)).unwrap(), encoding)
}

fn review(sheet: Sheet) -> Review {
    let ask = Ask {
        mode: Mode::Create,
        zeros: Zeros::Doubted,
    };
    judge(sheet, Arc::new(Known::new(Facts::default())), ask)
}

/// Cells of the sheet that hold something are those of `PEOPLE`, but for the places named.
fn is_same(name: &str, sheet: &Sheet, but: &[(u32, Column)]) {
    let columns = [Sip, Name, Column::Email, Number, Column::ExternalId];
    let numbered = [
        Sip,
        Name,
        Column::Email,
        Column::TrunkNumber,
        Column::ExternalId,
    ];
    for (row, person) in sheet.rows().zip(PEOPLE) {
        let columns = if name == "trunk.csv" {
            numbered
        } else {
            columns
        };
        for (column, wanted) in columns.into_iter().zip(person) {
            let cell = row.cell(column);
            let absent =
                !sheet.columns().contains(&column) || (name == "short-rows.csv" && cell.is_empty());
            if absent || but.contains(&(row.number(), column)) {
                continue;
            }
            assert_eq!(cell, wanted, "{name}: row {} {column}", row.number());
        }
    }
}

fn check_cells(name: &str, sheet: Sheet, wanted: &[(u32, Column, &str)]) {
    let places: Vec<(u32, Column)> = wanted
        .iter()
        .map(|(row, column, _)| (*row, *column))
        .collect();
    if !matches!(name, "damage-after-quote.csv" | "damage-too-wide.csv") {
        is_same(name, &sheet, &places);
    }
    let review = review(sheet);
    for &(row, column, words) in wanted {
        let index = review
            .sheet()
            .rows()
            .position(|at| at.number() == row)
            .unwrap();
        let faults = review.verdict(index).faults();
        let said = faults
            .iter()
            .any(|fault| fault.column == column && fault.to_string().contains(words));
        assert!(said, "{name}: row {row}: {faults:?}");
    }
    for (index, row) in review.sheet().rows().enumerate() {
        let refused = wanted.iter().any(|(number, ..)| *number == row.number());
        assert_eq!(
            !review.verdict(index).is_good(),
            refused,
            "{name}: {:?}",
            review.verdict(index)
        );
    }
}

fn check(name: &str, wanted: &Wanted) {
    match wanted {
        Same => {
            let sheet =
                read(name, Encoding::Detect).unwrap_or_else(|error| panic!("{name}: {error}"));
            let rows = if name == "short-rows.csv" {
                2
            } else {
                PEOPLE.len()
            };
            assert_eq!(sheet.len(), rows, "{name}");
            is_same(name, &sheet, &[]);
            there_and_back(name, &sheet);
            if name != "trunk.csv" {
                assert!(review(sheet).summary().all_good(), "{name}");
            }
        }
        Ansi(row) => {
            let error = read(name, Encoding::Detect).unwrap_err();
            assert!(
                matches!(&error, SheetError::NotText { row: at, .. } if at == row),
                "{name}: {error}"
            );
            let sheet = read(name, Encoding::Windows1252).unwrap();
            let damage = ANSI_DAMAGE.iter().find(|(damaged, _)| *damaged == name);
            match damage {
                Some((_, cells)) => check_cells(name, sheet, cells),
                None => is_same(name, &sheet, &[]),
            }
        }
        NoPlus => {
            let places: Vec<(u32, Column)> = (2..=6).map(|row| (row, Number)).collect();
            let sheet = read(name, Encoding::Detect).unwrap();
            is_same(name, &sheet, &places);
            let mut review = review(sheet);
            assert_eq!(review.summary().proposal, PEOPLE.len(), "{name}");
            for (index, person) in PEOPLE.iter().enumerate() {
                assert_eq!(
                    review.number(index),
                    None,
                    "{name}: a plus is never assumed"
                );
                assert!(review.take_proposals(index));
                assert_eq!(
                    review
                        .number(index)
                        .map(teamsconnector::domain::phone::PhoneNumber::as_str),
                    Some(person[3]),
                    "{name}"
                );
            }
        }
        Cells(cells) => check_cells(name, read(name, Encoding::Detect).unwrap(), cells),
        File(words) => {
            let error = read(name, Encoding::Detect).unwrap_err().to_string();
            assert!(error.contains(words), "{name}: {error}");
        }
    }
}

/// What was read is written in both ways and read again.
fn there_and_back(name: &str, sheet: &Sheet) {
    let table = Table {
        header: sheet
            .columns()
            .iter()
            .map(|column| column.header())
            .collect(),
        rows: sheet
            .rows()
            .map(|row| {
                sheet
                    .columns()
                    .iter()
                    .map(|column| row.cell(*column).to_owned())
                    .collect()
            })
            .collect(),
    };
    for reader in [Reader::Machine, Reader::Spreadsheet] {
        let again = Sheet::read(write(&table, reader).as_bytes(), Encoding::Detect).unwrap();
        for (one, other) in sheet.rows().zip(again.rows()) {
            for &column in sheet.columns() {
                assert_eq!(one.cell(column), other.cell(column), "{name} {reader:?}");
            }
        }
        assert_eq!(sheet.len(), again.len());
    }
}

#[test]
fn each_file_is_read_exactly_or_refused_with_its_place() {
    let there: BTreeSet<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let told: BTreeSet<String> = FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(there, told);
    assert!(told.len() >= 40 && told.iter().filter(|name| name.starts_with("lo-")).count() >= 15);
    for (name, wanted) in FILES {
        check(name, wanted);
    }
}

#[test]
fn pasted_cells_are_a_sheet() {
    let text = "Name\tEmail\tPhoneNumber\n\"two\nlines\"\ta@x.example\t+441235123465\n";
    let sheet = Sheet::paste(text).unwrap();
    assert_eq!((sheet.len(), sheet.row(0).cell(Name)), (1, "two\nlines"));
    let sheet =
        Sheet::paste("Email\tPhoneNumber\ra@x.example\t+441235123465\rb@x.example\t").unwrap();
    assert_eq!((sheet.len(), sheet.row(1).number()), (2, 3));
    let csv_spectrum = include_bytes!("../data/csv-spectrum/simple.csv");
    let refused = Sheet::read(csv_spectrum, Encoding::Detect);
    assert_eq!(refused, Err(SheetError::NoHeader { cells: 3 }));
}
