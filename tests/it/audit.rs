//! The audit's two places, through the real program on real files.

use jiff::Timestamp;
use teamsconnector::sim::Scenario;
use teamsconnector::store::{Stamp, Store};

use crate::support::program::Served;

/// A tenant whose audit has 200 lines, the bytes of its `audit.jsonl`, and where that lies.
async fn two_hundred_lines() -> (Served, Vec<u8>, std::path::PathBuf) {
    let served = Served::new(Scenario::Tour, "").await;
    let dir = served.home.path().join("tenants/contoso");
    assert_eq!(served.call(&["users", "list"]).code, 0);
    let store = Store::open(&dir).unwrap();
    let stamp = Stamp {
        at: Timestamp::UNIX_EPOCH,
        author: "kim".into(),
        run: None,
    };
    let there = store.ledger.audit_tail(u32::MAX).await.unwrap().len();
    let changes = (there..200)
        .map(|n| ("group", String::new(), n.to_string()))
        .collect();
    store.ledger.note_settings(changes, stamp).await.unwrap();
    store.close();
    let path = dir.join("audit.jsonl");
    let bytes = std::fs::read(&path).unwrap();
    assert_eq!(bytes.split_inclusive(|byte| *byte == b'\n').count(), 200);
    (served, bytes, path)
}

/// What is left of the file, from which line on it is gone, and whether that leaves half a line.
fn cut_off(whole: &[u8], how: &str) -> (Option<Vec<u8>>, usize, bool) {
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let but = |bytes: usize| Some(whole[..whole.len() - bytes].to_vec());
    match how {
        "150 lines" => (Some(lines[..150].concat()), 151, false),
        "none" => (Some(Vec::new()), 1, false),
        "half a line" => (but(30), lines.len(), true),
        "no last end of a line" => (but(1), lines.len(), true),
        "other lines" => {
            let other = "x".repeat(whole.len()) + "\n";
            let left = [&lines[..150].concat(), other.as_bytes()].concat();
            (Some(left), 151, false)
        }
        _ => (None, 1, false),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_cut_off_is_told_until_somebody_has_seen_it() {
    let (served, sound, path) = two_hundred_lines().await;
    let verify = || served.call(&["audit", "verify"]);
    assert_eq!(verify().code, 0, "{:?}", verify());
    let first = [(["audit", "verify"], 1), (["users", "list"], 0)];
    let cuts = [
        "150 lines",
        "none",
        "half a line",
        "no last end of a line",
        "no file",
    ];
    for (command, code) in first {
        for cut in cuts {
            let what = format!("{command:?}: {cut}");
            let whole = std::fs::read(&path).unwrap();
            let (left, from, torn) = cut_off(&whole, cut);
            match left {
                Some(left) => std::fs::write(&path, left).unwrap(),
                None => std::fs::remove_file(&path).unwrap(),
            }
            let ended = served.call(&command);
            assert_eq!(ended.code, code, "{what}: {ended:?}");
            assert!(
                ended.err.contains("audit.jsonl was cut off"),
                "{what}: {ended:?}"
            );
            if code == 1 {
                let from = format!("completed from line {from} on");
                assert!(ended.out.contains(&from), "{what}: {ended:?}");
                assert_eq!(ended.out.contains("half a line"), torn, "{what}: {ended:?}");
            }
            assert!(std::fs::read(&path).unwrap().starts_with(&whole), "{what}");
            for _ in 0..2 {
                let ended = verify();
                assert_eq!(ended.code, 1, "{what}: {ended:?}");
                let from = format!("what was in it from line {from} on was gone");
                assert_eq!(ended.out.matches(&from).count(), 1, "{what}: {ended:?}");
                assert!(!ended.out.contains("missing"), "{what}: {ended:?}");
            }
            let seen = served.call(&["audit", "verify", "--seen"]);
            assert_eq!(seen.code, 0, "{what}: {seen:?}");
            let ended = verify();
            let told = ended.err.contains("audit.jsonl was cut off");
            assert_eq!((ended.code, told), (0, false), "{what}: {ended:?}");
        }
    }
    let told = served.call(&["audit", "show"]).out;
    assert_eq!(told.matches("audit-cut-seen").count(), 10, "{told}");
    assert!(told.contains("had lost lines 151 to 200, "), "{told}");
    std::fs::remove_file(&path).unwrap();
    let json = served.call(&["--json", "audit", "verify"]);
    assert_eq!(json.code, 1, "{json:?}");
    let json = json.json();
    assert_eq!(json["completed_from"], 1, "{json}");
    assert_eq!(json["intact"], false, "{json}");
    assert!(std::fs::read(&path).unwrap().starts_with(&sound));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_cut_off_and_filled_up_again_is_told_as_well() {
    let (served, whole, path) = two_hundred_lines().await;
    let (left, ..) = cut_off(&whole, "other lines");
    std::fs::write(&path, left.unwrap()).unwrap();
    let ended = served.call(&["users", "list"]);
    assert!(ended.err.contains("from line 151 on"), "{ended:?}");
    let ended = served.call(&["audit", "verify"]);
    assert_eq!(ended.code, 1, "{ended:?}");
    assert!(ended.out.contains("line 151 of the file"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flipped_byte_is_found_also_after_another_command_and_the_last_one_too() {
    let (served, whole, path) = two_hundred_lines().await;
    let last = whole.len() - 1;
    for (n, at) in [0, 777, whole.len() / 2, last - 1, last]
        .into_iter()
        .enumerate()
    {
        let mut bad = whole.clone();
        bad[at] ^= 1 << (n % 7);
        std::fs::write(&path, bad).unwrap();
        assert_eq!(served.call(&["users", "list"]).code, 0, "byte {at}");
        for _ in 0..2 {
            let ended = served.call(&["audit", "verify"]);
            assert_eq!(ended.code, 1, "byte {at}: {ended:?}");
        }
    }
}
