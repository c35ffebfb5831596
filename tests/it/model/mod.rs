//! The model test of writing back: seeded histories of edits, runs, faults, kills and another administrator, each judged by an
//! oracle that was written from the promises.
//!
//! `cargo test --test it seed` plays a sample. `TEAMSCONNECTOR_SWEEP=100000` plays so many, `TEAMSCONNECTOR_TEST_SEED=n` the one
//! history of a seed that has failed, and prints it.

mod chance;
mod faults;
mod history;
mod oracle;
mod orders;
mod stage;
mod tenant;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use history::Told;
use stage::Stage;

const SAMPLE: u64 = 200;

/// What occurred, over all histories.
#[derive(Debug, Default)]
struct Histogram {
    histories: u64,
    /// Histories in which it occurred.
    with: BTreeMap<&'static str, u64>,
    /// Changes by how they ended, or by where they stand.
    ends: BTreeMap<String, u64>,
}

impl Histogram {
    fn count(&mut self, told: &Told) {
        self.histories += 1;
        let lost = told
            .log
            .iter()
            .any(|line| line["fate"] == "lost" && line["method"] != "GET");
        let another = told.log.iter().any(|line| line["by"] == "another");
        for (what, is) in [
            ("a fault between effect and reply", lost),
            ("a second administrator", another),
            ("a move", told.moves > 0),
            ("a kill", told.kills > 0),
            ("a cancel", told.cancels > 0),
            (
                "a write",
                told.log.iter().any(|line| !line["body"].is_null()),
            ),
        ] {
            *self.with.entry(what).or_default() += u64::from(is);
        }
        for line in told
            .audit
            .iter()
            .filter(|line| oracle::ENDS.contains(&line.action.as_str()) && line.entry.is_some())
        {
            *self.ends.entry(line.action.clone()).or_default() += 1;
        }
        for entry in &told.desk.entries {
            *self
                .ends
                .entry(format!("still {}", entry.state.word()))
                .or_default() += 1;
        }
    }

    /// In tenths of a percent.
    fn share(&self, what: &str) -> u64 {
        1000 * self.with[what] / self.histories
    }

    fn text(&self) -> String {
        let mut text = format!("{} histories\n", self.histories);
        for what in self.with.keys() {
            let _ = writeln!(
                text,
                "  {:3}.{} % with {what}",
                self.share(what) / 10,
                self.share(what) % 10
            );
        }
        let _ = writeln!(text, "  changes: {:?}", self.ends);
        text
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a hook of this test, which the program does not read"
)]
fn number_of(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().expect("a whole number"))
}

fn story(seed: u64, told: &Told, wrong: &[String]) -> String {
    let mut text = format!(
        "seed {seed}: {}\nruns: {:#?}\n",
        wrong.join("\n  "),
        told.runs
    );
    for line in &told.audit {
        let _ = writeln!(
            text,
            "audit {} {} {:?} {} {} {} -> {} [{}] {}",
            line.seq,
            line.at,
            line.entry,
            line.user,
            line.action,
            line.before,
            line.after,
            line.outcome,
            line.note
        );
    }
    for line in &told.log {
        let _ = writeln!(text, "log {line}");
    }
    for entry in &told.desk.entries {
        let _ = writeln!(text, "open {entry:?}");
    }
    text
}

/// What two threads have found together.
#[derive(Debug, Default)]
struct Found {
    histogram: Histogram,
    /// Seeds of histories that went wrong, with what did.
    wrong: Vec<(u64, Vec<String>)>,
    /// The one history that was asked for.
    story: String,
}

/// Plays histories from `next` until `end` on one stage.
fn play(next: &AtomicU64, end: u64, found: &Mutex<Found>, loud: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let stage = Stage::new();
    loop {
        let seed = next.fetch_add(1, Ordering::SeqCst);
        if seed >= end {
            return;
        }
        let played = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(history::play(&stage, seed))
        }));
        let Ok(told) = played else {
            let why = vec!["it panicked; see above".to_owned()];
            found.lock().unwrap().wrong.push((seed, why));
            continue;
        };
        let wrong = oracle::judge(&told);
        let mut found = found.lock().unwrap();
        if loud {
            found.story = story(seed, &told, &wrong);
        }
        found.histogram.count(&told);
        if !wrong.is_empty() {
            found.wrong.push((seed, wrong));
        }
    }
}

#[test]
fn histories_of_many_seeds_lose_no_change_and_write_none_twice() {
    let one = number_of("TEAMSCONNECTOR_TEST_SEED");
    let (first, end) = match one {
        Some(seed) => (seed, seed + 1),
        None => (0, number_of("TEAMSCONNECTOR_SWEEP").unwrap_or(SAMPLE)),
    };
    let next = AtomicU64::new(first);
    let found = Mutex::new(Found::default());
    std::thread::scope(|scope| {
        for _ in 0..if one.is_some() { 1 } else { 2 } {
            scope.spawn(|| play(&next, end, &found, one.is_some()));
        }
    });
    let Found {
        histogram,
        wrong,
        story,
    } = found.into_inner().unwrap();
    println!("{story}{}", histogram.text());
    let some: String = wrong
        .iter()
        .take(12)
        .fold(String::new(), |mut text, (seed, wrong)| {
            let _ = writeln!(
                text,
                "TEAMSCONNECTOR_TEST_SEED={seed} cargo test --test it seed\n  {}",
                wrong.join("\n  ")
            );
            text
        });
    assert!(
        wrong.is_empty(),
        "{} of {} histories:\n{some}",
        wrong.len(),
        histogram.histories
    );
    if one.is_none() {
        assert_eq!(histogram.histories, end);
        assert!(
            histogram.share("a fault between effect and reply") >= 300,
            "{}",
            histogram.text()
        );
        assert!(
            histogram.share("a second administrator") >= 100,
            "{}",
            histogram.text()
        );
        assert!(histogram.share("a move") >= 50, "{}", histogram.text());
    }
}
