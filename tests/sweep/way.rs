//! The ways in which a job is swept: by every kind of fault in order, or by kills at random instants.

use std::path::Path;

use crate::points::{After, Sweep, Wanted, wanted};
use crate::power;
use crate::runs;
use crate::trace::{Fault, Turn};

/// How many jobs there are.
const JOBS: u64 = 6;

/// How many random kills are made where all points are taken; else as many of each job as of other points.
const ALL: u64 = 2000;

/// Which points of a job are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Points of all kinds of faults, and power that goes away.
    InOrder,
    /// Kills at random instants: the seeds that leave this when they are divided among the jobs.
    AtRandom(u64),
}

impl Way {
    /// Sweeps a job. What is looked at when the power has gone is told how often these words were said by then.
    pub(crate) fn take(
        self,
        sweep: &Sweep<'_>,
        words: &str,
        look: &dyn Fn(&Path, usize) -> Vec<String>,
    ) {
        match self {
            Self::InOrder => {
                sweep.take_all();
                power::lose(sweep, words, look);
            }
            Self::AtRandom(job) => sweep.kill_at_random(job),
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a hook of this test, which the program does not read"
)]
fn seeds() -> Vec<u64> {
    if let Ok(seed) = std::env::var("TEAMSCONNECTOR_TEST_SEED") {
        return vec![seed.parse().expect("a whole number")];
    }
    let (nth, of, end) = match wanted() {
        Wanted::Piece { nth, of } => (nth as u64, of as u64, ALL),
        Wanted::Count(count) => (0, 1, count as u64 * JOBS),
    };
    // By turns among the jobs, whichever piece it is.
    (0..end).filter(|seed| seed / JOBS % of == nth).collect()
}

/// A number that a seed repeats, less than `end`.
fn of_seed(seed: u64, end: usize) -> usize {
    let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    usize::try_from((mixed ^ (mixed >> 31)) % end as u64).expect("it is less than another usize")
}

impl Sweep<'_> {
    /// Kills the program at an instant for each seed of a job, starts it again and looks.
    fn kill_at_random(&self, job: u64) {
        let (_home, whole) = self.traced(None);
        assert_eq!(
            whole.ended.code, self.code,
            "{}: {:?}",
            self.name, whole.ended
        );
        let (mut kills, mut wrong) = (0, Vec::new());
        for seed in seeds().into_iter().filter(|seed| seed % JOBS == job) {
            let at = 1 + of_seed(seed, whole.instants);
            let (home, traced) = self.traced(Some(Turn::Instant(at)));
            let code = traced.ended.code;
            // Threads come along in another order each time: some of the last instants are not reached.
            kills += usize::from(code == 137);
            println!(
                "{}: seed {seed}: instant {at} of {}, system call {:?}: exit {code}",
                self.name, whole.instants, traced.number
            );
            assert!([137, self.code].contains(&code), "{:?}", traced.ended);
            let broken = (self.look)(&After {
                home: home.path(),
                ended: &traced.ended,
                fault: Fault::Kill,
            });
            if !broken.is_empty() {
                wrong.push(format!(
                    "TEAMSCONNECTOR_TEST_SEED={seed} cargo test --test sweep random: instant {at}: {broken:#?} after {:?}",
                    traced.ended
                ));
            }
        }
        println!(
            "{}: {kills} kills at random, {} of them wrong",
            self.name,
            wrong.len()
        );
        assert!(wrong.is_empty(), "{}: {}", self.name, wrong.join("\n"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kills_at_random_instants_of_every_job() {
    runs::saving(Way::AtRandom(0)).await;
    runs::writing(Way::AtRandom(1)).await;
    runs::reading(Way::AtRandom(2)).await;
    runs::raising(Way::AtRandom(3)).await;
    runs::renewing(Way::AtRandom(4)).await;
    runs::making(Way::AtRandom(5)).await;
}
