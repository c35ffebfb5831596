//! Support bundles by the real program: what is in them, what is not, and what they tell somebody who has nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use teamsconnector::domain::run::{Level, LogLine, Outcome, RunKind, Source, Summary};
use teamsconnector::ops::bundle::archive;
use teamsconnector::sim::Scenario;
use teamsconnector::store::Store;

use crate::support::bench::noon;
use crate::support::program::{Served, run};
use crate::support::web;

const CANARY: &str = "eyJjYW5hcnkiOiJ0b2tlbi0xMjM0NTY3ODkwIn0.c2lnbmF0dXJlLWNhbmFyeS0xMjM0";

/// A tenant that was read, with users on the list, changes in the queue, and a log that names people in every spelling.
async fn worked_on() -> Served {
    let served = Served::new(Scenario::Tour, "group = \"Voice users\"").await;
    let read = served.call(&["sync", "--debug"]);
    assert_eq!(read.code, 0, "{read:?}");
    let candidates = served.call(&["candidates", "--json"]).json();
    for person in candidates["candidates"].as_array().unwrap().iter().take(4) {
        let added = served.call(&["users", "add", person["upn"].as_str().unwrap()]);
        assert_eq!(added.code, 0, "{added:?}");
    }
    let by_hand = [
        "users",
        "add",
        "nobody@contoso.example",
        "--name",
        "Quentin Xylander",
        "--mail",
        "quentin@xylander.example",
    ];
    let added = served.call(&by_hand);
    assert_eq!(added.code, 0, "{added:?}");
    let numbers = served.call(&["numbers", "--free", "--json"]).json();
    let free = numbers["numbers"][0]["number"].as_str().unwrap();
    let first = candidates["candidates"][0]["upn"].as_str().unwrap();
    let edited = served.call(&["users", "edit", first, "--number", free]);
    assert_eq!(edited.code, 0, "{edited:?}");
    plant(&served, &everybody(&served)).await;
    served
}

/// A run whose log holds what no log should, in spellings that no log has.
async fn plant(served: &Served, people: &[Value]) {
    let mut texts = vec![
        format!("Authorization: Bearer {CANARY}"),
        format!("token={CANARY}"),
    ];
    for why in people {
        let (name, upn) = (text(why, "name"), text(why, "upn"));
        texts.push(format!(
            "GET /users/{}?x='{}'",
            upn.replace('@', "%40"),
            name.replace(' ', "%20")
        ));
        texts.push(format!(
            "{} [{}] <{}>",
            name.to_uppercase(),
            name.replace(' ', ""),
            upn.to_uppercase()
        ));
        // No shape gives this one away, only that the name is known.
        texts.push(format!("nothing is to be done for {name} today"));
        texts.push(format!(
            "{{\"displayName\":\"{name}\"}} of {}",
            text(why, "id")
        ));
    }
    texts.push("called 01235 123499, 0044 1235 123499 and +44 (1235) 123-499".to_owned());
    let store = Store::open(&tenant_dir(served)).unwrap();
    let run = store
        .history
        .begin(&RunKind::Sync, false, "jo.canary", noon())
        .await
        .unwrap();
    let line = |text: String| LogLine {
        at: 1,
        source: Source::Graph,
        level: Level::Info,
        text,
    };
    store
        .history
        .lines(run, texts.into_iter().map(line).collect())
        .await
        .unwrap();
    store
        .history
        .close(run, &Outcome::Done, Summary::default(), noon())
        .await
        .unwrap();
    store.close();
}

fn tenant_dir(served: &Served) -> PathBuf {
    served.home.path().join("tenants/contoso")
}

fn text<'a>(why: &'a Value, key: &str) -> &'a str {
    why["user"][key].as_str().unwrap_or_default()
}

fn everybody(served: &Served) -> Vec<Value> {
    let all = served.call(&["why", "--all", "--json"]);
    assert_eq!(all.code, 0, "{all:?}");
    all.out
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// One of each cause, then others, ten in all at least.
fn chosen(people: &[Value]) -> Vec<&Value> {
    let mut causes = BTreeSet::new();
    let mut chosen: Vec<&Value> = people
        .iter()
        .filter(|why| causes.insert(why["first_cause"].to_string()))
        .collect();
    for why in people {
        if chosen.len() < 10 && !chosen.contains(&why) {
            chosen.push(why);
        }
    }
    assert!(causes.len() >= 4, "{causes:?}");
    chosen
}

fn bundle(served: &Served, out: &Path, people: &[&Value], more: &[&str]) {
    let mut args = vec!["bundle", "--yes", "--out", out.to_str().unwrap()];
    for why in people {
        args.extend(["--user", text(why, "id")]);
    }
    args.extend(more);
    let ended = served.call(&args);
    assert_eq!(ended.code, 0, "{ended:?}");
}

fn unpacked(path: &Path) -> BTreeMap<String, String> {
    let parts = archive::read(path).unwrap();
    let texts = parts
        .into_iter()
        .map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap()));
    texts.collect()
}

fn letters(text: &str) -> String {
    text.to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric())
        .collect()
}

/// All that nobody may find in a bundle.
fn known(served: &Served, people: &[Value]) -> BTreeSet<String> {
    let mut known = BTreeSet::from([
        "quentin xylander".to_owned(),
        "quentin@xylander.example".to_owned(),
        "441235123499".to_owned(),
        "jo.canary".to_owned(),
        "contoso".to_owned(),
        served.simulator.tenant_id().to_owned(),
    ]);
    for why in people {
        known.extend(["id", "upn", "name"].map(|key| text(why, key).to_owned()));
    }
    let numbers = served.call(&["numbers", "--json"]).json();
    let numbers = numbers["numbers"].as_array().unwrap();
    assert!(!numbers.is_empty());
    known.extend(
        numbers
            .iter()
            .map(|row| row["number"].as_str().unwrap().to_owned()),
    );
    known.retain(|known| letters(known).len() >= 6);
    known
}

#[tokio::test(flavor = "multi_thread")]
async fn names_the_first_cause_of_everybody_and_nobodys_name() {
    let served = worked_on().await;
    let people = everybody(&served);
    let chosen = chosen(&people);
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("one.tar.gz");
    bundle(&served, &file, &chosen, &[]);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let parts = unpacked(&file);

    // Nothing that is known, in any case, spaced or compact; no secret.
    let secrets = [CANARY, served.simulator.client_secret()];
    for (name, part) in &parts {
        let (lower, compact) = (part.to_lowercase(), letters(part));
        for known in known(&served, &people) {
            let found = lower.contains(&known.to_lowercase()) || compact.contains(&letters(&known));
            assert!(!found, "{known} in {name}: {}", around(part, &known));
        }
        for secret in secrets {
            assert!(!part.contains(secret), "a secret in {name}");
        }
    }

    // Somebody who has nothing else sees the same causes and the same gates.
    let nowhere = tempfile::tempdir().unwrap();
    for (n, why) in (1..).zip(&chosen) {
        let written: Value = serde_json::from_str(&parts[&format!("why/{n:02}.json")]).unwrap();
        let asked = [
            "--bundle",
            file.to_str().unwrap(),
            "why",
            text(&written, "id"),
            "--json",
        ];
        let ended = run(nowhere.path(), &asked);
        assert_eq!(ended.code, 0, "{ended:?}");
        let told = ended.json();
        assert_eq!(told["first_cause"], why["first_cause"], "{}", ended.out);
        let gates = |why: &Value| {
            let gates = why["gates"].as_array().unwrap();
            gates
                .iter()
                .map(|gate| (gate["gate"].clone(), gate["result"].clone()))
                .collect::<Vec<_>>()
        };
        assert_eq!(gates(&told), gates(why));
        assert_eq!(told["warnings"], why["warnings"]);
        assert_eq!(text(&told, "name"), text(&written, "name"));
    }
    assert_eq!(
        std::fs::read_dir(nowhere.path()).unwrap().count(),
        0,
        "nothing is kept"
    );

    // Equal in the next bundle; another bundle with true names has them, and no secret.
    let again = dir.path().join("two.tar.gz");
    bundle(&served, &again, &chosen[..1], &["--runs", "1"]);
    let one: Value = serde_json::from_str(&parts["why/01.json"]).unwrap();
    let two: Value = serde_json::from_str(&unpacked(&again)["why/01.json"]).unwrap();
    assert_eq!(one["user"], two["user"]);
    let revealed = dir.path().join("three.tar.gz");
    bundle(&served, &revealed, &chosen[..1], &["--reveal"]);
    let revealed = unpacked(&revealed);
    assert!(revealed["why/01.json"].contains(text(chosen[0], "name")));
    for secret in secrets {
        assert!(revealed.values().all(|part| !part.contains(secret)));
    }
}

fn around(part: &str, known: &str) -> String {
    let at = part.to_lowercase().find(&known.to_lowercase()).unwrap_or(0);
    part.chars().skip(at.saturating_sub(80)).take(200).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn is_written_only_where_it_may_and_shows_what_it_may() {
    let served = worked_on().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("b.tar.gz");
    let path = file.to_str().unwrap();
    let asked = served.call(&["bundle", "--out", path]);
    assert_eq!(asked.code, 5, "{asked:?}");
    assert!(
        asked.err.contains("store/ledger.json") && asked.err.contains("Nothing was written"),
        "{}",
        asked.err
    );
    assert!(!file.exists());
    let written = served.call(&["bundle", "--out", path, "--yes", "--json"]);
    assert_eq!(written.code, 0, "{written:?}");
    assert_eq!(written.json()["revealed"], false);
    let taken = served.call(&["bundle", "--out", path, "--yes"]);
    assert_eq!(taken.code, 2, "{taken:?}");
    assert!(taken.err.contains("is there already"), "{}", taken.err);

    let nowhere = tempfile::tempdir().unwrap();
    let look = |args: &[&str]| run(nowhere.path(), &[&["--bundle", path], args].concat());
    let users = look(&["users", "list", "--json"]).json();
    assert_eq!(users["users"].as_array().unwrap().len(), 5, "{users}");
    let mine = served.call(&["users", "list", "--json"]).json();
    for (seen, is) in users["users"]
        .as_array()
        .unwrap()
        .iter()
        .zip(mine["users"].as_array().unwrap())
    {
        for key in ["license_status", "cause", "number_kind", "country"] {
            assert_eq!(seen[key], is[key], "{key}");
        }
        assert_ne!(seen["name"], is["name"]);
    }
    let runs = look(&["history", "--json"]).json();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 2, "{runs}");
    let log = look(&["history", "show", "1"]);
    assert!(log.out.contains("Enabled users: total="), "{}", log.out);
    for refused in [
        &["sync"][..],
        &["why", "x", "--live"],
        &["users", "remove", "1"],
        &["bundle"],
        &["login"],
    ] {
        let ended = look(refused);
        assert_eq!(ended.code, 2, "{ended:?}");
        assert!(
            ended.err.contains("This cannot be done with a bundle"),
            "{}",
            ended.err
        );
    }
    let bad = dir.path().join("bad.tar.gz");
    std::fs::write(&bad, "no bundle at all").unwrap();
    let ended = run(
        nowhere.path(),
        &["--bundle", bad.to_str().unwrap(), "history"],
    );
    assert_eq!(ended.code, 2, "{ended:?}");
    assert!(
        ended.err.contains("cannot be opened as a bundle"),
        "{}",
        ended.err
    );
}

/// Whoever was renamed, by whole reads or by changes, and whoever has left.
#[tokio::test(flavor = "multi_thread")]
async fn former_names_and_those_of_leavers_are_replaced_too() {
    let served = worked_on().await;
    let before = everybody(&served);
    let mut words = known(&served, &before);
    let plain: Vec<&Value> = before
        .iter()
        .filter(|why| text(why, "upn").ends_with("@contoso.example"))
        .collect();
    assert!(plain.len() > 12, "{}", plain.len());
    // Those on the list, who are at the front, and others.
    for (n, why) in plain.iter().enumerate().step_by(2) {
        let upn = text(why, "upn");
        let path = format!("/_sim/users/{upn}");
        if n % 4 == 0 {
            let mail = format!("formerly{n}@contoso.example");
            let new = json!({ "displayName": format!("Wendeline Uxbridge{n}"), "mail": mail });
            web::ask(&served.base(), "PATCH", &path, Some(&new));
            words.extend([mail, format!("wendeline uxbridge{n}")]);
        } else {
            web::ask(&served.base(), "DELETE", &path, None);
        }
        if n % 6 == 0 {
            let read = served.call(&["sync", "--debug"]);
            assert!([0, 5, 7].contains(&read.code), "{read:?}");
        }
    }
    // Renamed once more, so that the words in between are former ones too.
    for why in plain.iter().step_by(4) {
        let path = format!("/_sim/users/{}", text(why, "upn"));
        let new = json!({ "displayName": "Thaddeus Quorn", "mail": null });
        web::ask(&served.base(), "PATCH", &path, Some(&new));
    }
    words.insert("thaddeus quorn".to_owned());
    let read = served.call(&["sync", "--debug"]);
    assert!([0, 5, 7].contains(&read.code), "{read:?}");
    let log = served.call(&["history", "show", "1"]).out;
    let old = plain.iter().filter(|why| log.contains(text(why, "name")));
    assert!(old.count() > 3, "the log names those who were renamed");

    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("b.tar.gz");
    bundle(&served, &file, &[], &["--runs", "50"]);
    for (name, part) in &unpacked(&file) {
        let (lower, compact) = (part.to_lowercase(), letters(part));
        for known in &words {
            let found = lower.contains(&known.to_lowercase()) || compact.contains(&letters(known));
            assert!(!found, "{known} in {name}: {}", around(part, known));
        }
    }
}

/// Who is nearly called so is told to the one who asks, and stands in no bundle.
#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_nearly_right_is_told_before_the_bundle_is_sent() {
    let served = worked_on().await;
    let asked = served.call(&["bundle", "--user", "Diego Sicilliani"]);
    assert_eq!(asked.code, 5, "{asked:?}");
    assert!(
        asked.err.contains("  perhaps Diego Siciliani <diego@"),
        "{asked:?}"
    );
}

/// Somebody who is asked for and is nobody's is not named either.
#[tokio::test(flavor = "multi_thread")]
async fn the_words_that_were_asked_for_are_replaced_too() {
    let served = worked_on().await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("b.tar.gz");
    let asked = served.call(&[
        "bundle",
        "--yes",
        "--out",
        file.to_str().unwrap(),
        "--user",
        "Zquaxley Brontel",
    ]);
    assert_eq!(asked.code, 0, "{asked:?}");
    assert!(
        asked.err.contains("Nobody is called Zquaxley Brontel here"),
        "{asked:?}"
    );
    let parts = unpacked(&file);
    let manifest: Value = serde_json::from_str(&parts["manifest.json"]).unwrap();
    let people = manifest["people"].as_object().unwrap();
    let nobody: Vec<&String> = people.keys().collect();
    assert_eq!(manifest["nobody"], json!(nobody));
    // One word for the tenant, wherever it stands.
    let config: Value = serde_json::from_str(&parts["config.json"]).unwrap();
    assert_eq!(manifest["tenant"], config["tenant"]);
    let own = manifest["tenant"].as_str().unwrap();
    assert!(parts["store/ledger.json"].contains(own), "{own}");
    for (name, part) in parts {
        for word in ["zquaxley", "brontel"] {
            assert!(
                !part.to_lowercase().contains(word),
                "{name}: {}",
                around(&part, word)
            );
        }
    }
}

/// What the group filter was called before it was changed, and before it was cleared.
#[tokio::test(flavor = "multi_thread")]
async fn former_group_filters_are_replaced_too() {
    let served = worked_on().await;
    for group in [
        &["--group", "Drell Cluster"][..],
        &["--group", "Nopegroup's Xander"],
        &["--no-group"],
    ] {
        let set = served.call(&[&["tenants", "set", "contoso"], group].concat());
        assert_eq!(set.code, 0, "{set:?}");
        let read = served.call(&["sync", "--debug"]);
        assert!([0, 5, 7].contains(&read.code), "{read:?}");
    }
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("b.tar.gz");
    bundle(&served, &file, &[], &["--runs", "50"]);
    for (name, part) in &unpacked(&file) {
        let compact = letters(part);
        for known in ["drell", "cluster", "nopegroup", "xander", "voiceusers"] {
            assert!(
                !compact.contains(known),
                "{known} in {name}: {}",
                around(part, known)
            );
        }
    }
}
