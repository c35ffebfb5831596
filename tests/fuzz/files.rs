//! What people write and hand over: tables, workbooks, telephone numbers, the configuration.

use std::path::Path;
use std::sync::Arc;

use teamsconnector::bulk::decode::Encoding;
use teamsconnector::bulk::known::{Facts, Known};
use teamsconnector::bulk::review::{Ask, Mode, Zeros, judge};
use teamsconnector::bulk::sheet::Sheet;
use teamsconnector::config::mistakes::mistakes;
use teamsconnector::domain::phone::{NumberKind, PhoneNumber};
use teamsconnector::domain::text::Label;

use crate::mutate::{corpus, rounds};

fn sheet(bytes: &[u8]) -> bool {
    let mut read = false;
    for encoding in [Encoding::Detect, Encoding::Windows1252] {
        let Ok(sheet) = Sheet::read(bytes, encoding) else {
            continue;
        };
        let rows = sheet.len();
        let ask = Ask {
            mode: Mode::Create,
            zeros: Zeros::Doubted,
        };
        let review = judge(sheet, Arc::new(Known::new(Facts::default())), ask);
        let summary = review.summary();
        assert!(summary.create <= rows);
        for index in 0..rows {
            // What goes in has the digits that stood in the file.
            if let Some(number) = review.number(index) {
                assert!(number.digits().bytes().all(|b| b.is_ascii_digit()));
            }
        }
        read = true;
    }
    read
}

#[test]
fn damaged_tables() {
    rounds("table", 3_000, &corpus("fuzz/corpus/table"), sheet);
}

#[test]
fn damaged_workbooks() {
    rounds("workbook", 300, &corpus("fuzz/corpus/workbook"), sheet);
}

/// The digits of a text, in any script that Unicode counts by tens.
fn digits(text: &str) -> String {
    text.chars()
        .filter_map(|c| match c {
            '\u{ff10}'..='\u{ff19}' => char::from_u32(u32::from(c) - 0xff10 + 0x30),
            c => c.is_ascii_digit().then_some(c),
        })
        .collect()
}

#[test]
fn damaged_telephone_numbers() {
    let lines: Vec<Vec<u8>> = corpus("fuzz/corpus/phone")[0]
        .split(|b| *b == b'\n')
        .filter(|line| !line.is_empty())
        .map(<[u8]>::to_vec)
        .collect();
    rounds("phone", 20_000, &lines, |text| {
        let text = String::from_utf8_lossy(text);
        let kept = PhoneNumber::parse(&text, NumberKind::Ddi, None);
        let Ok(number) = &kept else {
            let error = kept.unwrap_err().to_string();
            assert_eq!(Label::new(&error).as_str().lines().count(), 1);
            return false;
        };
        // Nothing but a trunk zero in brackets may be missing, and nothing may be new.
        let own = format!(
            "{}{}",
            number.digits(),
            number.extension().unwrap_or_default()
        );
        let given = digits(&text);
        assert!(
            given == own || given.replacen('0', "", 1).len() == own.len() && text.contains("(0"),
            "{text:?} became {}",
            number.as_str()
        );
        // As the tenant would have it, it is the same number.
        assert_eq!(
            PhoneNumber::from_tenant(number.as_str()).as_ref(),
            Some(number)
        );
        true
    });
}

#[test]
fn damaged_configurations() {
    rounds("config", 3_000, &corpus("fuzz/corpus/config"), |text| {
        let text = String::from_utf8_lossy(text);
        let (config, wrong) = mistakes(Path::new("config.toml"), &text);
        for error in &wrong {
            assert!(!error.to_string().is_empty());
        }
        config.is_some()
    });
}
