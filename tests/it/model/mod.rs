//! The model test of writing back: seeded histories of edits, runs, faults, kills and another administrator, each judged by an
//! oracle that was written from the promises.
//!
//! `cargo test --test it seed` plays a sample. `TEAMSCONNECTOR_SWEEP=100000` plays so many, `TEAMSCONNECTOR_SWEEP=20000..40000` those of
//! these seeds, `TEAMSCONNECTOR_TEST_SEED=n` the one history of a seed that has failed, and prints it. Many are played by
//! `TEAMSCONNECTOR_SWEEP=100000 cargo test --release --test it seed -- --nocapture`, which tells how far it is.

mod chance;
mod faults;
mod history;
mod licences;
mod oracle;
mod orders;
mod stage;
mod strange;
mod tenant;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use history::Told;
use stage::Stage;

const SAMPLE: u64 = 200;

/// How many histories are played at once. Each waits now and then for a thread of the store or for the tenant's.
const THREADS: usize = 4;

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
        let licence = told.log.iter().filter(|line| {
            let path = line["path"].as_str().unwrap_or_default();
            path.ends_with("/assignLicense") && line["body"].is_object()
        });
        let both = licence.clone().any(|line| {
            let path = line["path"].as_str().unwrap_or_default();
            told.log.iter().any(|other| {
                let to = other["body"]["assignmentTargetId"].as_str();
                to.is_some_and(|to| path.contains(to))
            })
        });
        for (what, is) in [
            ("a fault between effect and reply", lost),
            ("a second administrator", another),
            ("a move", told.moves > 0),
            ("a licence change", licence.clone().next().is_some()),
            (
                "a licence change refused",
                licence.clone().any(|line| line["status"] == 400),
            ),
            ("a licence and a number of one person", both),
            ("a kill", told.kills > 0),
            ("a cancel", told.cancels > 0),
            (
                "a write",
                told.log.iter().any(|line| !line["body"].is_null()),
            ),
        ] {
            *self.with.entry(what).or_default() += u64::from(is);
        }
        for family in strange::FAMILIES {
            *self.with.entry(family).or_default() += u64::from(told.strange.contains(family));
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
fn asked(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The seeds that are played: one that was asked for, those between two, so many, or a sample.
fn seeds() -> Range<u64> {
    let whole = |text: &str| -> u64 {
        text.parse()
            .expect("a whole number, or two with .. between")
    };
    if let Some(seed) = asked("TEAMSCONNECTOR_TEST_SEED") {
        return whole(&seed)..whole(&seed) + 1;
    }
    match asked("TEAMSCONNECTOR_SWEEP") {
        Some(text) => match text.split_once("..") {
            Some((first, end)) => whole(first)..whole(end),
            None => 0..whole(&text),
        },
        None => 0..SAMPLE,
    }
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

#[expect(
    clippy::print_stdout,
    reason = "how far a long run is, and what it has found so far, is told while it goes"
)]
impl Found {
    fn note_wrong(&mut self, seed: u64, wrong: Vec<String>) {
        println!("seed {seed} is wrong: {}", wrong.join("; "));
        self.wrong.push((seed, wrong));
    }

    /// Says now and then how far it is.
    fn tell(&self) {
        if self.histogram.histories.is_multiple_of(1000) {
            let (played, wrong) = (self.histogram.histories, self.wrong.len());
            println!("{played} histories, {wrong} of them wrong");
        }
    }
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
            found.lock().unwrap().note_wrong(seed, why);
            continue;
        };
        let wrong = oracle::judge(&told);
        let mut found = found.lock().unwrap();
        if loud {
            found.story = story(seed, &told, &wrong);
        }
        found.histogram.count(&told);
        if !wrong.is_empty() {
            found.note_wrong(seed, wrong);
        }
        found.tell();
    }
}

#[test]
fn histories_of_many_seeds_lose_no_change_and_write_none_twice() {
    let seeds = seeds();
    let is_one = seeds.end == seeds.start + 1;
    let next = AtomicU64::new(seeds.start);
    let found = Mutex::new(Found::default());
    std::thread::scope(|scope| {
        for _ in 0..if is_one { 1 } else { THREADS } {
            scope.spawn(|| play(&next, seeds.end, &found, is_one));
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
    if !is_one {
        assert_eq!(histogram.histories, seeds.end - seeds.start);
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
        for family in strange::FAMILIES {
            assert!(histogram.with[family] > 0, "{family}: {}", histogram.text());
        }
        assert!(histogram.share("a move") >= 50, "{}", histogram.text());
        assert!(
            histogram.share("a licence change") >= 200,
            "{}",
            histogram.text()
        );
    }
}
