//! `import` and `export`, through the real program.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use crate::support::program::{Ended, command, run};

fn demo(home: &Path, args: &[&str]) -> Ended {
    run(home, &[&["--demo"], args].concat())
}

fn file(home: &Path, text: &str) -> String {
    let path = home.join("people.csv");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

const NEW: &str = "SIPUsername,Name,Email,PhoneNumber,AuthUsername,Password,ExternalId\n\
    joni,Joni,joni@contoso.example,+442079460111,x,canary-pass-1,E-1\n\
    kim,Kim,kim@contoso.exampel,+442079460112,x,canary-pass-2,E-2\n";

fn rows(ended: &Ended, key: &str) -> Vec<String> {
    let rows = ended.json()["rows"].as_array().unwrap().clone();
    rows.iter()
        .map(|row| row[key].as_str().unwrap_or("-").to_owned())
        .collect()
}

/// Every byte under the folder.
fn everything(folder: &Path, out: &mut Vec<u8>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            everything(&path, out);
        } else {
            out.extend(std::fs::read(path).unwrap());
        }
    }
}

#[test]
fn a_file_is_planned_then_goes_in_whole_and_the_e_mail_is_mended_by_an_update() {
    let home = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let path = file(other.path(), NEW);
    let before = demo(home.path(), &["users", "list"]);
    let planned = demo(home.path(), &["import", &path, "--create", "--plan"]);
    assert_eq!(planned.code, 5, "{planned:?}");
    assert!(
        planned.out.contains("did you mean kim@contoso.example?"),
        "{planned:?}"
    );
    assert!(
        planned.out.contains("matches joni@contoso.example"),
        "{planned:?}"
    );
    assert_eq!(demo(home.path(), &["users", "list"]).out, before.out);

    let done = demo(home.path(), &["import", &path, "--create", "--json"]);
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(done.json()["imported"]["added"], 2);
    assert_eq!(done.json()["imported"]["queued"], 2);
    assert_eq!(rows(&done, "matched"), ["joni@contoso.example", "-"]);
    let mut kept = Vec::new();
    everything(home.path(), &mut kept);
    let kept = String::from_utf8_lossy(&kept);
    assert!(kept.contains("joni@contoso.example"));
    for text in [&kept, done.out.as_str(), done.err.as_str()] {
        assert!(
            !text.contains("canary-pass"),
            "a password was kept or shown"
        );
    }

    let again = demo(home.path(), &["import", &path, "--create", "--json"]);
    assert_eq!(
        (again.code, rows(&again, "verdict")),
        (2, vec!["refused".to_owned(); 2])
    );
    let mended = NEW.replace("exampel", "example");
    let path = file(other.path(), &mended);
    let update = demo(home.path(), &["import", &path, "--update", "--json"]);
    assert_eq!(
        (update.code, rows(&update, "verdict")),
        (0, vec!["unchanged".into(), "update".into()])
    );
    // The number has waited for the match: the next run finds Kim and plans both numbers.
    let plan = demo(home.path(), &["sync", "--plan"]);
    assert!(
        plan.out.contains("+44 20 7946 0112") || plan.err.contains("+44 20 7946 0112"),
        "{plan:?}"
    );
    let kim = demo(home.path(), &["users", "show", "kim@contoso.example"]);
    assert!(
        kim.out.contains("associated   kim@contoso.example"),
        "{kim:?}"
    );
}

#[test]
fn bad_rows_stop_all_unless_the_good_ones_are_asked_for() {
    let home = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let path = file(
        other.path(),
        "Email;PhoneNumber\njoni@contoso.example;+442079460111\nkim@contoso.example;4,41235E+11\nraul@contoso.example;442079460113\n",
    );
    let refused = demo(home.path(), &["import", &path, "--create", "--json"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert_eq!(rows(&refused, "verdict"), ["create", "refused", "proposal"]);
    let fault = &refused.json()["rows"][1]["faults"][0];
    assert_eq!(
        (fault["row"].as_u64(), fault["column"].as_str()),
        (Some(3), Some("PhoneNumber"))
    );
    assert_eq!(
        refused.json()["rows"][2]["faults"][0]["proposal"],
        "+442079460113"
    );
    let users = |home: &Path| {
        demo(home, &["users", "list", "--json"]).json()["users"]
            .as_array()
            .unwrap()
            .len()
    };
    assert_eq!(users(home.path()), 11);
    let partly = demo(home.path(), &["import", &path, "--create", "--partial"]);
    assert_eq!((partly.code, users(home.path())), (7, 12), "{partly:?}");
}

#[test]
fn what_cannot_be_read_changes_nothing_and_says_where() {
    let home = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let path = other.path().join("ansi.csv");
    std::fs::write(&path, b"Email,Name\njoni@contoso.example,J\xfcrgen\n").unwrap();
    let path = path.display().to_string();
    let refused = demo(home.path(), &["import", &path, "--create"]);
    assert_eq!(refused.code, 2);
    assert!(refused.err.contains("row 2: the byte 0xFC"), "{refused:?}");
    assert!(
        refused.err.contains("--encoding windows-1252"),
        "{refused:?}"
    );
    let read = demo(
        home.path(),
        &[
            "import",
            &path,
            "--create",
            "--plan",
            "--encoding",
            "windows-1252",
            "--json",
        ],
    );
    assert_eq!(
        (read.code, rows(&read, "name")),
        (5, vec!["Jürgen".to_owned()])
    );
    let missing = demo(home.path(), &["import", "/nowhere/people.csv", "--create"]);
    assert_eq!(missing.code, 2, "{missing:?}");
    let neither = demo(home.path(), &["import", &path]);
    assert_eq!(neither.code, 2, "{neither:?}");
}

#[test]
fn what_is_exported_comes_back_unchanged_from_standard_input() {
    let home = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let path = file(
        other.path(),
        &NEW.replace("exampel", "example")
            .replace(",Joni,", ",=Joni,"),
    );
    assert_eq!(demo(home.path(), &["import", &path, "--create"]).code, 0);
    for whom in ["machine", "spreadsheet"] {
        let out = other.path().join(whom);
        let name = out.display().to_string();
        let written = demo(
            home.path(),
            &["export", "users", "--for", whom, "--out", &name],
        );
        assert_eq!(written.code, 0, "{written:?}");
        assert_eq!(
            std::fs::metadata(&out).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let twice = demo(
            home.path(),
            &["export", "users", "--for", whom, "--out", &name],
        );
        assert_eq!(twice.code, 2, "{twice:?}");
        assert!(twice.err.contains("is there already"), "{twice:?}");
        assert_eq!(
            demo(
                home.path(),
                &["export", "users", "--for", whom, "--out", &name, "--force"]
            )
            .code,
            0
        );
        let text = std::fs::read_to_string(&out).unwrap();
        assert_eq!(
            text.contains(",+442079460111,"),
            whom == "machine",
            "{text}"
        );
        assert_eq!(text.contains(",'=Joni,"), whom == "spreadsheet", "{text}");
        // Those of the demo have no identifier by which an update finds them.
        let own: String = text
            .lines()
            .filter(|line| line.contains("SIPUsername") || line.contains(",E-"))
            .flat_map(|line| [line, "\n"])
            .collect();
        let mut child = command(home.path())
            .args(["--demo", "import", "-", "--update", "--json"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child
            .stdin
            .take()
            .unwrap()
            .write_all(own.as_bytes())
            .unwrap();
        let back: Ended = child.wait_with_output().unwrap().into();
        assert_eq!(
            (back.code, rows(&back, "verdict")),
            (0, vec!["unchanged".to_owned(); 2]),
            "{back:?}"
        );
    }
}

#[test]
fn everything_else_can_be_exported_and_candidates_can_be_imported() {
    let home = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    assert_eq!(demo(home.path(), &["sync"]).code, 0);
    for (what, header) in [
        (
            "numbers",
            "Number,Type,Status,Use,Country,Holder,HolderSignInName,HolderId",
        ),
        (
            "reasons",
            "Name,SignInName,Email,Code,Reason,PhoneNumber,Country,Id",
        ),
        (
            "candidates",
            "Name,Email,PhoneNumber,Country,Kind,Warnings,SignInName,Id",
        ),
    ] {
        let written = demo(home.path(), &["export", what, "--for", "machine"]);
        assert_eq!(
            (written.code, written.out.lines().next()),
            (0, Some(header)),
            "{written:?}"
        );
        assert!(written.out.lines().count() > 5, "{written:?}");
        if what == "candidates" {
            let path = file(other.path(), &written.out);
            let planned = demo(
                home.path(),
                &["import", &path, "--create", "--plan", "--json"],
            );
            assert_eq!(planned.code, 5, "{planned:?}");
            assert_eq!(planned.json()["summary"]["refused"], 0, "{planned:?}");
        }
    }
    let history = demo(home.path(), &["history", "list", "--json"]).json();
    let run = history["runs"][0]["id"]
        .as_i64()
        .or_else(|| history["runs"][0]["run"].as_i64())
        .unwrap();
    let log = demo(
        home.path(),
        &["export", "log", &run.to_string(), "--for", "spreadsheet"],
    );
    assert!(
        log.out.starts_with("\u{feff}Seconds,Source,Level,Text\r\n"),
        "{log:?}"
    );
    let unsaid = demo(home.path(), &["export", "users"]);
    assert_eq!(unsaid.code, 2, "{unsaid:?}");
}
