//! A spreadsheet opens what is exported for one, and finds no formula in it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use teamsconnector::bulk::export::{Reader, Table, write};

/// Has LibreOffice open files and write what it understood; `None` where it is not installed.
fn opened(folder: &Path, files: &[&str]) -> Option<Vec<String>> {
    let program = ["/usr/bin/soffice", "/usr/bin/libreoffice"];
    let program = program.into_iter().find(|path| Path::new(path).exists())?;
    let profile = format!("-env:UserInstallation=file://{}/profile", folder.display());
    let ended = Command::new(program)
        .env("HOME", folder)
        .args([&profile, "--headless", "--convert-to", "fods", "--outdir"])
        .arg(folder)
        .args(files.iter().map(|file| folder.join(file)))
        .output()
        .unwrap();
    assert!(ended.status.success(), "{ended:?}");
    let read = |file: &&str| fs::read_to_string(folder.join(file).with_extension("fods")).unwrap();
    Some(files.iter().map(read).collect())
}

#[test]
fn an_export_for_a_spreadsheet_has_no_formula_when_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let naughty = fs::read(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/data/naughty.json"
    ))
    .unwrap();
    let naughty: Value = serde_json::from_slice(&naughty).unwrap();
    let mut cells: Vec<String> = naughty["formulas and markup"]
        .as_array()
        .unwrap()
        .iter()
        .map(|text| text.as_str().unwrap().to_owned())
        .collect();
    for lead in [
        "=", "+", "-", "@", "\t=", "\r=", " =", "'=", "\"=", "\n=", "＝", "=",
    ] {
        for rest in [
            "1+1",
            "SUM(A1:A9)",
            "HYPERLINK(\"http://evil.example\";\"x\")",
            "cmd|' /C calc'!A0",
            "DDE(\"a\";\"b\";\"c\")",
        ] {
            cells.push(format!("{lead}{rest}"));
        }
    }
    let rows: Vec<Vec<String>> = cells
        .iter()
        .map(|cell| vec![cell.clone(), "a@contoso.example".to_owned(), cell.clone()])
        .collect();
    let table = Table {
        header: vec!["Name", "Email", "ExternalId"],
        rows,
    };
    fs::write(
        folder.path().join("sheet.csv"),
        write(&table, Reader::Spreadsheet),
    )
    .unwrap();
    fs::write(
        folder.path().join("machine.csv"),
        write(&table, Reader::Machine),
    )
    .unwrap();
    let Some(read) = opened(folder.path(), &["sheet.csv", "machine.csv"]) else {
        eprintln!("not looked at: LibreOffice is not installed");
        return;
    };
    let formulas = |text: &str| text.matches("table:formula=").count();
    assert_eq!(formulas(&read[0]), 0);
    // The other mode is not for it, and shows that formulas would have been found.
    assert!(formulas(&read[1]) > 10, "{}", formulas(&read[1]));
    let kinds: BTreeSet<&str> = read[0]
        .split("office:value-type=\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect();
    assert_eq!(
        kinds,
        BTreeSet::from(["string"]),
        "a number or a date was made of a text"
    );
}
