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

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_was_cut_off_is_found_although_opening_completes_it() {
    let (served, whole, path) = two_hundred_lines().await;
    let verify = || served.call(&["audit", "verify"]);
    assert_eq!(verify().code, 0, "{:?}", verify());
    let lines: Vec<&[u8]> = whole.split_inclusive(|byte| *byte == b'\n').collect();
    let cases: [(&str, Vec<u8>, &str, bool); 4] = [
        (
            "150 lines",
            lines[..150].concat(),
            "from line 151 on",
            false,
        ),
        ("none", Vec::new(), "from line 1 on", false),
        (
            "half a line",
            whole[..whole.len() - 30].to_vec(),
            "from line 200 on",
            true,
        ),
        (
            "the last end of a line",
            whole[..whole.len() - 1].to_vec(),
            "from line 200 on",
            true,
        ),
    ];
    for (what, bytes, from, torn) in cases {
        std::fs::write(&path, bytes).unwrap();
        let ended = verify();
        assert_eq!(ended.code, 1, "{what}: {ended:?}");
        assert!(ended.out.contains(from), "{what}: {ended:?}");
        assert_eq!(ended.out.contains("half a line"), torn, "{what}: {ended:?}");
        assert_eq!(std::fs::read(&path).unwrap(), whole, "{what}");
        assert_eq!(verify().code, 0, "{what}");
    }
    std::fs::remove_file(&path).unwrap();
    let json = served.call(&["--json", "audit", "verify"]);
    assert_eq!(json.code, 1, "{json:?}");
    let json = json.json();
    assert_eq!(json["completed_from"], 1, "{json}");
    assert_eq!(json["intact"], false, "{json}");
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
