//! Imports of many rows: everybody comes back, no digit changes, no damage gets through, and it is fast enough.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use proptest::prelude::*;
use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat};
use teamsconnector::bulk::columns::Column;
use teamsconnector::bulk::decode::Encoding;
use teamsconnector::bulk::export::{Reader, Table, write};
use teamsconnector::bulk::known::{Facts, Known, Person};
use teamsconnector::bulk::review::{Ask, Mode, Review, Zeros, judge};
use teamsconnector::bulk::sheet::Sheet;
use teamsconnector::domain::guid::{Guid, ObjectId};

const FIRST: [&str; 12] = [
    "Anna",
    "Zoë",
    "Jürgen",
    "Siân \"Shaz\"",
    "山田",
    "Ελένη",
    "Łukasz",
    "O'Neil",
    "=cmd|' /C calc'!A0",
    "-Lee",
    "@home",
    "'t",
];
const LAST: [&str; 8] = [
    "Müller",
    "García, PhD",
    "Ng",
    "two\nlines",
    "Smith; Jr",
    "'+quoted",
    "\tTab",
    "Åse",
];

/// People of whom no two share an e-mail, an id or a number.
fn people(count: usize) -> Table {
    let row = |n: usize| {
        vec![
            format!("sip{n}"),
            format!(
                "{} {} {n}",
                FIRST[n % FIRST.len()],
                LAST[n / 7 % LAST.len()]
            ),
            format!("user{n}@contoso.example"),
            // Steps that are no round number, so that zeros at the end are as rare as by chance.
            format!("+4420{:08}", n * 977 % 100_000_000),
            format!("E-{n}"),
        ]
    };
    Table {
        header: vec!["SIPUsername", "Name", "Email", "PhoneNumber", "ExternalId"],
        rows: (0..count).map(row).collect(),
    }
}

fn ask(zeros: Zeros) -> Ask {
    Ask {
        mode: Mode::Create,
        zeros,
    }
}

fn read(table: &Table, reader: Reader) -> Sheet {
    Sheet::read(write(table, reader).as_bytes(), Encoding::Detect).unwrap()
}

fn judged(sheet: Sheet, zeros: Zeros) -> Review {
    judge(sheet, Arc::new(Known::new(Facts::default())), ask(zeros))
}

#[test]
fn ten_thousand_people_go_out_and_come_back_equal() {
    let table = people(10_000);
    let columns = [
        Column::SipUsername,
        Column::Name,
        Column::Email,
        Column::PhoneNumber,
        Column::ExternalId,
    ];
    for reader in [Reader::Machine, Reader::Spreadsheet] {
        let sheet = read(&table, reader);
        assert_eq!(sheet.len(), table.rows.len());
        for (row, wanted) in sheet.rows().zip(&table.rows) {
            let cells: Vec<&str> = columns.iter().map(|column| row.cell(*column)).collect();
            assert_eq!(cells, *wanted, "{reader:?} row {}", row.number());
        }
        let summary = judged(sheet, Zeros::Doubted).summary();
        assert_eq!((summary.create, summary.refused), (10_000, 0));
    }
}

#[test]
fn example_numbers_of_every_region_go_through_unchanged() {
    let numbers: Vec<String> = PHONE_NUMBER_UTIL
        .get_supported_regions()
        .filter_map(|region| PHONE_NUMBER_UTIL.get_example_number(region).ok())
        .map(|number| number.format_as(PhoneNumberFormat::E164).into_owned())
        .collect();
    assert!(numbers.len() > 240, "{}", numbers.len());
    let table = Table {
        header: vec!["Email", "PhoneNumber"],
        rows: numbers
            .iter()
            .enumerate()
            .map(|(n, number)| vec![format!("u{n}@x.example"), number.clone()])
            .collect(),
    };
    for reader in [Reader::Machine, Reader::Spreadsheet] {
        let review = judged(read(&table, reader), Zeros::Trusted);
        for (row, number) in numbers.iter().enumerate() {
            // Regions that share a plan share an example.
            let twice = numbers.iter().filter(|other| *other == number).count() > 1;
            let read = review
                .number(row)
                .map(teamsconnector::domain::phone::PhoneNumber::as_str);
            assert_eq!(read, Some(number.as_str()));
            assert_eq!(
                review.verdict(row).is_good(),
                !twice,
                "{:?}",
                review.verdict(row)
            );
        }
    }
}

proptest! {
    /// Whatever stands in the cell: a number that goes in has the digits of the cell, and a plus that stood there.
    #[test]
    fn no_digit_is_ever_changed(text in "[+'=\"]{0,2}[0-9+ ().,eE/-]{0,24}") {
        let table = Table {
            header: vec!["Email", "PhoneNumber"],
            rows: vec![vec!["a@x.example".into(), text.clone()]],
        };
        let review = judged(read(&table, Reader::Machine), Zeros::Trusted);
        if let Some(number) = review.number(0) {
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let bracket = text.contains("(0)");
            prop_assert!(number.digits() == digits || bracket, "{text} {number}");
            prop_assert!(text.contains('+'), "{text} {number}");
        }
    }

    /// The ways of a spreadsheet to lose digits, for any number: none goes in.
    #[test]
    fn no_damaged_number_gets_through(digits in 1_000_000_000_u64..999_999_999_999, kept in 2_usize..7) {
        let text = digits.to_string();
        let exponent = text.len() - 1;
        let rounded = format!("{}{}", &text[..kept], "0".repeat(text.len() - kept));
        let mantissa = format!("{}.{}", &text[..1], &text[1..kept]);
        let damaged = [
            format!("{mantissa}E+{exponent}"),
            format!("{}E+{exponent}", mantissa.replace('.', ",")),
            format!("{mantissa}e{exponent}"),
            format!("+{mantissa}E+{exponent}"),
            format!("{text}.0"),
            format!("{text},5"),
            text.clone(),
            format!("+{rounded}"),
            format!("+{}1{}", &rounded[..1], &rounded[2..]),
        ];
        for (n, cell) in damaged.iter().enumerate() {
            // Two rows, as a column that was saved is damaged as a whole.
            let other = if n < 7 { cell.clone() } else { damaged[15 - n].clone() };
            let table = Table {
                header: vec!["Email", "PhoneNumber"],
                rows: vec![vec!["a@x.example".into(), cell.clone()], vec!["b@x.example".into(), other]],
            };
            for reader in [Reader::Machine, Reader::Spreadsheet] {
                let review = judged(read(&table, reader), Zeros::Doubted);
                let zeros = cell.len() - cell.trim_end_matches('0').len();
                prop_assert!(n >= 7 && zeros < 3 || !review.verdict(0).is_good(), "{cell}: {:?}", review.verdict(0));
            }
        }
    }
}

fn everybody(count: usize) -> Facts {
    let person = |n: usize| {
        let mut id = [0; 16];
        id[..8].copy_from_slice(&(n as u64).to_be_bytes());
        Person {
            id: ObjectId(Guid::from_bytes(id)),
            name: format!("User {n}"),
            upn: format!("user{n}@contoso.example"),
            mail: Some(format!("user{n}@contoso.example")),
            number: None,
            country: None,
        }
    };
    Facts {
        people: (0..count).map(person).collect(),
        ..Facts::default()
    }
}

/// The csv crate, each row's e-mail looked up in a hash map: what anybody would write first.
fn plainly(text: &str, facts: &Facts) -> usize {
    let by_mail: HashMap<String, usize> = facts
        .people
        .iter()
        .enumerate()
        .map(|(n, person)| (person.upn.to_lowercase(), n))
        .collect();
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let mut found = 0;
    for record in reader.records() {
        let record = record.unwrap();
        found += usize::from(by_mail.contains_key(&record[2].to_lowercase()));
    }
    found
}

#[expect(
    clippy::disallowed_methods,
    reason = "a measurement is what this test is"
)]
fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let from = std::time::Instant::now();
    let done = work();
    (done, from.elapsed().as_secs_f64())
}

/// The verdicts of so many rows, and what they cost beside the csv crate with a hash map.
#[test]
fn a_hundred_thousand_rows_are_judged() {
    const ROWS: usize = 100_000;
    let mut text =
        String::from("SIPUsername,Name,Email,PhoneNumber,AuthUsername,Password,ExternalId\n");
    for (n, row) in people(ROWS).rows.iter().enumerate() {
        writeln!(
            text,
            "{},Name {n},{},{},auth{n},secret{n},{}",
            row[0], row[2], row[3], row[4]
        )
        .unwrap();
    }
    let facts = everybody(ROWS);
    let (found, base) = timed(|| plainly(&text, &facts));
    assert_eq!(found, ROWS);
    let (review, ours) = timed(|| {
        let sheet = Sheet::read(text.as_bytes(), Encoding::Detect).unwrap();
        judge(sheet, Arc::new(Known::new(facts)), ask(Zeros::Doubted))
    });
    let summary = review.summary();
    assert_eq!((summary.create, summary.unmatched), (ROWS, 0));
    let mut review = review;
    let ((), right) = timed(|| review.put_right(50_000, Column::PhoneNumber, "+441235123465"));
    println!(
        "{ROWS} rows: csv crate and hash map {base:.3} s, verdicts {ours:.3} s, ratio {:.1}; one row put right {right:.4} s",
        ours / base
    );
    // A test is not timed. Built to be fast it is a measurement: `cargo test --release --test it import_scale -- --nocapture`.
    if !cfg!(debug_assertions) {
        assert!(
            ours / base < 6.0,
            "{ours:.3} s is {:.1} times {base:.3} s",
            ours / base
        );
    }
}
