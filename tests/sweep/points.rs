//! The points of a sweep: which calls of a program are taken, and what became of them.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::support::program::Ended;
use crate::trace::{self, Call, Fault, Place, Plan, Turn};

/// How many points of a sweep are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Those of one piece of all: `all` is piece 0 of 1, `all:2/4` piece 1 of 4.
    Piece { nth: usize, of: usize },
    /// So many of each kind.
    Count(usize),
}

impl Wanted {
    /// Which of so many things are taken, where at most `most` of them are looked at.
    pub(crate) fn of(self, all: usize, most: usize) -> (usize, usize) {
        match self {
            Self::Piece { nth, of } => {
                let step = all.div_ceil(most).max(1);
                (step / 2 + nth * step, step * of)
            }
            Self::Count(count) => {
                let step = all.div_ceil(count.max(1)).max(1);
                (step / 2, step)
            }
        }
    }

    fn is_whole(self) -> bool {
        self == Self::Piece { nth: 0, of: 1 }
    }
}

/// How many points were asked for.
#[expect(
    clippy::disallowed_methods,
    reason = "a hook of this test, which the program does not read"
)]
pub(crate) fn wanted() -> Wanted {
    let asked = std::env::var("TEAMSCONNECTOR_SWEEP").unwrap_or_default();
    let Some(rest) = asked.strip_prefix("all") else {
        return Wanted::Count(asked.parse().unwrap_or(SAMPLE));
    };
    let piece = rest.strip_prefix(':').map(|piece| {
        let (nth, of) = piece.split_once('/').expect("a piece, such as all:2/4");
        let whole = |text: &str| text.parse::<usize>().expect("a whole number");
        Wanted::Piece {
            nth: whole(nth) - 1,
            of: whole(of),
        }
    });
    piece.unwrap_or(Wanted::Piece { nth: 0, of: 1 })
}

/// How many points of each kind the gate takes.
const SAMPLE: usize = 3;

/// How often a call that was made once is waited for.
const TIMES: usize = 20;

/// What is swept: the same under a new home each time.
pub(crate) struct Sweep<'a> {
    pub(crate) name: &'a str,
    /// The home as it is before.
    pub(crate) home: &'a Path,
    /// How it ends where nothing goes wrong.
    pub(crate) code: i32,
    /// Puts the tenant right, and says what is run.
    pub(crate) start: &'a dyn Fn(&Path) -> Command,
    /// Starts again and looks: what does not hold.
    pub(crate) look: &'a dyn Fn(&After<'_>) -> Vec<String>,
}

/// What a point has left.
pub(crate) struct After<'a> {
    pub(crate) home: &'a Path,
    pub(crate) ended: &'a Ended,
    pub(crate) fault: Fault,
}

/// What a sweep has taken.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    pub(crate) points: usize,
    /// Calls of the ledger that a run without a fault makes, by name and file; and how many of them were points.
    pub(crate) ledger: BTreeMap<String, (usize, usize)>,
}

impl Sweep<'_> {
    /// A new home, and the program in it to its end.
    pub(crate) fn traced(&self, turn: Option<Turn>) -> (TempDir, trace::Traced) {
        let home = copy(self.home);
        let traced = trace::run(&(self.start)(home.path()), home.path(), turn);
        (home, traced)
    }

    /// Takes points of all kinds of faults.
    pub(crate) fn take_all(&self) {
        let of_ledger = |call: &Call| call.place == Place::Ledger;
        let of_the_rest = |call: &Call| call.place != Place::Ledger;
        let of_disk = |call: &Call| matches!(call.place, Place::Ledger | Place::File);
        self.take(Fault::Kill, of_ledger);
        self.take(Fault::Kill, of_the_rest);
        self.take(Fault::Tear, of_disk);
        self.take(Fault::Full, Call::grows);
        self.take(Fault::Broken, of_disk);
    }

    /// A run that meets its fault. How far the threads of the store come in closing their files before the program has ended is
    /// another thing each time, so that the last calls are not always made.
    fn met(&self, plan: Plan, made: usize) -> (TempDir, trace::Traced) {
        let mut run = self.traced(Some(Turn::Plan(plan)));
        for _ in 0..TIMES {
            if run.1.hit.is_some() || plan.at >= made {
                break;
            }
            run = self.traced(Some(Turn::Plan(plan)));
        }
        run
    }

    /// Takes points of one kind of fault among the calls that count.
    pub(crate) fn take(&self, fault: Fault, counts: fn(&Call) -> bool) {
        let (_home, whole) = self.traced(None);
        assert_eq!(
            whole.ended.code, self.code,
            "{}: {:?}",
            self.name, whole.ended
        );
        let of_kind: Vec<&Call> = whole.calls.iter().filter(|call| counts(call)).collect();
        assert!(!of_kind.is_empty(), "{} makes no such calls", self.name);
        let mut taken = Taken::default();
        for call in of_kind.iter().filter(|call| call.place == Place::Ledger) {
            taken.ledger.entry(call.words()).or_default().0 += 1;
        }
        let (first, step) = wanted().of(of_kind.len(), usize::MAX);
        let mut wrong = Vec::new();
        for at in (first..).step_by(step) {
            let plan = Plan { counts, at, fault };
            let (home, traced) = self.met(plan, of_kind.len());
            let Some(hit) = &traced.hit else {
                assert_eq!(
                    traced.ended.code, self.code,
                    "{}: {:?}",
                    self.name, traced.ended
                );
                break;
            };
            let killed = matches!(fault, Fault::Kill | Fault::Tear);
            let code = traced.ended.code;
            println!("{} {fault:?} {at}: {}: exit {code}", self.name, hit.words());
            if !killed && code != self.code {
                println!("  {}", traced.ended.err.trim_end());
            }
            taken.points += 1;
            if hit.place == Place::Ledger {
                taken.ledger.entry(hit.words()).or_default().1 += 1;
            }
            // The last call may be of a thread that works on while the program ends.
            let ended = [137, self.code].contains(&code);
            assert!(!killed || ended, "{:?}", traced.ended);
            let after = After {
                home: home.path(),
                ended: &traced.ended,
                fault,
            };
            let broken = (self.look)(&after);
            if !broken.is_empty() {
                wrong.push(format!(
                    "{fault:?} {at} ({}): {broken:#?} after {:?}",
                    hit.words(),
                    traced.ended
                ));
            }
        }
        println!(
            "{}: {fault:?}: {} points of {}, {} of them wrong; the ledger's calls and those taken: {:?}",
            self.name,
            taken.points,
            of_kind.len(),
            wrong.len(),
            taken.ledger
        );
        assert!(wrong.is_empty(), "{}: {}", self.name, wrong.join("\n"));
        if wanted().is_whole() {
            for (words, (made, points)) in &taken.ledger {
                assert!(points >= made, "{}: {words}: {points} of {made}", self.name);
            }
        }
    }
}

/// A new folder: in memory where there is such a place, since thousands of them are not kept, and a kill does not ask where they are.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    tempfile::tempdir_in(memory).unwrap_or_else(|_| tempfile::tempdir().unwrap())
}

/// A copy of a home with all modes.
pub(crate) fn copy(from: &Path) -> TempDir {
    let to = folder();
    fill(from, to.path());
    to
}

fn fill(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let there = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir(&there).unwrap();
            fill(&entry.path(), &there);
            fs::set_permissions(&there, entry.metadata().unwrap().permissions()).unwrap();
        } else {
            fs::copy(entry.path(), &there).unwrap();
        }
    }
}
