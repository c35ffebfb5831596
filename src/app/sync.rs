//! The run as the console knows it: at most one, its progress, its log; what starts when it ends.
//!
//! Events of a run that was not asked for here are dropped by their request.

use jiff::Timestamp;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::outbox::{Entry, EntryId, EntryState};
use crate::domain::run::{Counted, LogLine, Outcome, Phase, Progress, RunId, RunKind, Summary};

use super::cells::{self, thousands};
use super::event::RequestId;

/// Lines of a live log that are kept in memory; the history has all of them.
const LONGEST_LOG: usize = 60_000;

/// Whether a run is active.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SyncState {
    /// None is; how the last one ended, if there was one in this session.
    Idle {
        /// The last one.
        last: Option<Ended>,
    },
    /// One is.
    Running(Run),
}

/// A run that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// Its number, if it got that far.
    pub number: Option<RunId>,
    /// What it was to do.
    pub kind: RunKind,
    /// How it ended.
    pub outcome: Outcome,
    /// What it did.
    pub summary: Summary,
}

/// An active run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// The question that started it.
    pub req: RequestId,
    /// What it is to do.
    pub kind: RunKind,
    /// Whether it is a debug sync.
    pub debug: bool,
    /// Its number in the history, once known.
    pub number: Option<RunId>,
    /// When it was asked for.
    pub begun: Timestamp,
    /// Where it is.
    pub phase: Phase,
    /// When it was asked for.
    pub since: Timestamp,
    /// When that phase began.
    pub phase_since: Timestamp,
    /// When the tenant was read before: without that nobody knows how long it takes.
    pub earlier: Option<Timestamp>,
    /// Pages and users so far, and when that was said.
    pub progress: Option<(Progress, Timestamp)>,
    /// How it goes on.
    pub course: Course,
}

/// How an active run goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Course {
    /// It goes.
    Going,
    /// It waits before trying again.
    Waiting {
        /// Until when.
        until: Timestamp,
        /// Why.
        why: String,
    },
    /// It keeps its place until somebody has signed in.
    SignInNeeded,
    /// It was told to stop.
    Stopping,
}

impl Run {
    /// A run that was just asked for.
    pub fn new(req: RequestId, kind: RunKind, debug: bool, at: Timestamp) -> Self {
        Self {
            req,
            kind,
            debug,
            number: None,
            begun: at,
            phase: Phase::Connect,
            since: at,
            phase_since: at,
            earlier: None,
            progress: None,
            course: Course::Going,
        }
    }

    /// A phase begins.
    pub fn enter(&mut self, phase: Phase, at: Timestamp) {
        self.phase = phase;
        self.phase_since = at;
        if self.course != Course::Stopping {
            self.course = Course::Going;
        }
    }

    /// Pages have come in.
    pub fn seen(&mut self, progress: Progress, at: Timestamp) {
        // How many there were last time is said once.
        let known = self.progress.filter(|(old, _)| old.what == progress.what);
        let of = progress.of.or(known.and_then(|(old, _)| old.of));
        self.progress = Some((Progress { of, ..progress }, at));
        if self.course != Course::Stopping {
            self.course = Course::Going;
        }
    }

    /// Whether requests that change the tenant may be under way.
    pub fn is_writing(&self) -> bool {
        matches!(self.phase, Phase::Write | Phase::ReadBack)
            || matches!(self.kind, RunKind::Apply { .. })
    }

    /// Whether it is writing this change, which has not come to an end yet.
    pub fn carries(&self, entry: &Entry) -> bool {
        let RunKind::Apply { entries } = &self.kind else {
            return false;
        };
        let is_over = matches!(
            entry.state,
            EntryState::Rejected { .. } | EntryState::Unknown { .. } | EntryState::Conflict { .. }
        );
        entries.contains(&entry.id) && !is_over
    }

    /// `run 12 sync`, or `sync` before it has a number.
    pub fn name(&self) -> String {
        let debug = if self.debug { "debug " } else { "" };
        match self.number {
            Some(number) => format!("run {} {debug}{}", number.0, self.kind.as_str()),
            None => format!("{debug}{}", self.kind.as_str()),
        }
    }

    /// What it is doing: `reading users: 11,988 of 100,000, 8,100/s, 12 pages`.
    pub fn doing(&self) -> String {
        match &self.course {
            Course::Stopping => "stopping".to_owned(),
            Course::SignInNeeded => format!("{}, waits for a sign-in", self.phase.as_str()),
            Course::Waiting { until, why } => {
                format!("waits until {}: {why}", clock_seconds(*until))
            }
            Course::Going => self.goes(),
        }
    }

    /// The same for a line that is drawn anew each second: a wait that is over is none, and how long it has taken so far.
    pub fn doing_now(&self, now: Timestamp) -> String {
        let doing = match &self.course {
            Course::Waiting { until, why } => {
                let left = until.duration_since(now).as_millis().div_euclid(1000) + 1;
                if *until > now {
                    format!("{why}: {left} s left")
                } else {
                    self.goes()
                }
            }
            Course::Stopping | Course::SignInNeeded | Course::Going => self.doing(),
        };
        format!("{doing}{}", self.elapsed(now))
    }

    /// Its name and what it is doing now, in at most so many cells: what is cut is never how long it has taken.
    pub fn line(&self, now: Timestamp, room: usize) -> String {
        let whole = format!("{}: {}", self.name(), self.doing_now(now));
        let elapsed = self.elapsed(now);
        match room.checked_sub(cells::width(&elapsed)) {
            Some(left) if left > 0 && cells::width(&whole) > room => {
                let doing = whole.strip_suffix(&elapsed).unwrap_or(&whole);
                format!("{}{elapsed}", cells::cut(doing, left, '…'))
            }
            _ => cells::cut(&whole, room, '…'),
        }
    }

    fn elapsed(&self, now: Timestamp) -> String {
        match now.duration_since(self.since).as_secs() {
            0 => String::new(),
            seconds => format!("  ({})", took(seconds)),
        }
    }

    fn goes(&self) -> String {
        let doing = self.phase.as_str();
        let fits = |progress: &Progress| match progress.what {
            Counted::Users => self.phase == Phase::ReadUsers,
            Counted::Rows(_) => self.phase == Phase::ReadReference,
            Counted::Changes => matches!(self.phase, Phase::Write | Phase::ReadBack),
        };
        let Some((progress, at)) = self.progress.filter(|(progress, _)| fits(progress)) else {
            return doing.to_owned();
        };
        let Progress { users, of, .. } = progress;
        match (progress.what, of) {
            (Counted::Users, _) => format!("{doing}: {}", self.pages(progress, at)),
            (Counted::Changes, Some(of)) => format!("{doing}: {users} of {of}"),
            (Counted::Rows(what), Some(of)) if of >= users => {
                format!(
                    "reading {what}: {} of about {}",
                    thousands(users),
                    thousands(of)
                )
            }
            (Counted::Rows(what), _) => format!("reading {what}: {}", thousands(users)),
            (Counted::Changes, None) => doing.to_owned(),
        }
    }

    fn pages(&self, progress: Progress, at: Timestamp) -> String {
        let Progress {
            pages, users, of, ..
        } = progress;
        let plural = if pages == 1 { "" } else { "s" };
        let all = of.map_or_else(
            || " users".to_owned(),
            |of| format!(" of {}", thousands(of)),
        );
        let millis = at.duration_since(self.phase_since).as_millis();
        let rate = u64::try_from(millis)
            .ok()
            .filter(|millis| *millis >= 1000)
            .map(|millis| users.saturating_mul(1000) / millis);
        let speed = rate.map_or_else(String::new, |rate| format!(", {}/s", thousands(rate)));
        // Below ten seconds it says nothing that the next look does not.
        let left = of
            .filter(|_| self.earlier.is_some())
            .zip(rate.filter(|rate| *rate > 0))
            .map(|(of, rate)| of.saturating_sub(users) / rate)
            .filter(|seconds| *seconds >= 10)
            .and_then(|seconds| i64::try_from(seconds).ok())
            .map_or_else(String::new, |seconds| {
                format!(", about {} left", took(seconds))
            });
        format!(
            "{}{all}{speed}{left}, {pages} page{plural}",
            thousands(users)
        )
    }
}

/// A time that something took: `14 s`, `3 min 20 s`, `1 h 4 min`.
pub fn took(seconds: i64) -> String {
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

/// A clock time of day in UTC, `14:02Z`.
pub fn clock(at: Timestamp) -> String {
    at.strftime("%H:%MZ").to_string()
}

/// A clock time of day in UTC with seconds, `14:02:59Z`.
pub fn clock_seconds(at: Timestamp) -> String {
    at.strftime("%H:%M:%SZ").to_string()
}

/// A clock time, with the day in front unless it is `now`'s.
pub fn clock_or_day(at: Timestamp, now: Timestamp) -> String {
    if at.strftime("%F").to_string() == now.strftime("%F").to_string() {
        clock(at)
    } else {
        at.strftime("%m-%d %H:%MZ").to_string()
    }
}

/// The run and what belongs to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Runs {
    /// Whether one is active.
    pub state: SyncState,
    /// The log of the active run, or of the last one.
    pub log: Vec<LogLine>,
    /// Lines that no longer fit.
    pub dropped: usize,
    /// Counts up with every change of the log, so that a filter over it is run only then.
    pub log_version: u64,
    /// What is applied when the active run has ended.
    pub then_apply: Option<Vec<EntryId>>,
}

impl Default for Runs {
    fn default() -> Self {
        Self {
            state: SyncState::Idle { last: None },
            log: Vec::new(),
            dropped: 0,
            log_version: 0,
            then_apply: None,
        }
    }
}

impl Runs {
    /// What the last run was to write to `tenant` and did not: told where that tenant's screen is left.
    pub fn not_written(&self, tenant: &str) -> Option<Failure> {
        let SyncState::Idle { last: Some(last) } = &self.state else {
            return None;
        };
        if !matches!(last.kind, RunKind::Apply { .. }) || last.outcome == Outcome::Done {
            return None;
        }
        let number = last
            .number
            .map_or_else(String::new, |run| format!(" {}", run.0));
        let written = match last.summary.written {
            1 => "1 change was written".to_owned(),
            n => format!("{n} changes were written"),
        };
        let headline = format!(
            "{tenant}: run{number} apply: {}, {written}",
            last.outcome.word()
        );
        let (kind, detail) = match &last.outcome {
            Outcome::Failed(failure) => (
                failure.kind,
                format!("{}\n{}", failure.headline, failure.detail),
            ),
            _ => (FailureKind::Other, String::new()),
        };
        let hint = "What is not written waits there, in 4 Changes. Open that tenant again ({tenants}) to see it.";
        Some(Failure::new(kind, headline, detail, hint))
    }

    /// The active run.
    pub fn active(&self) -> Option<&Run> {
        match &self.state {
            SyncState::Running(run) => Some(run),
            SyncState::Idle { .. } => None,
        }
    }

    /// The active run, to be changed.
    pub fn active_mut(&mut self) -> Option<&mut Run> {
        match &mut self.state {
            SyncState::Running(run) => Some(run),
            SyncState::Idle { .. } => None,
        }
    }

    /// The active run, if `req` started it.
    pub fn of(&mut self, req: RequestId) -> Option<&mut Run> {
        match &mut self.state {
            SyncState::Running(run) if run.req == req => Some(run),
            SyncState::Running(_) | SyncState::Idle { .. } => None,
        }
    }

    /// A run begins: its log starts anew.
    pub fn begin(&mut self, run: Run) {
        self.state = SyncState::Running(run);
        self.log.clear();
        self.dropped = 0;
        self.log_version += 1;
    }

    /// A line of the log.
    pub fn log(&mut self, line: LogLine) {
        if self.log.len() >= LONGEST_LOG {
            let surplus = LONGEST_LOG / 6;
            self.log.drain(..surplus);
            self.dropped += surplus;
        }
        self.log.push(line);
        self.log_version += 1;
    }

    /// The run is over.
    pub fn end(&mut self, outcome: Outcome, summary: Summary) -> Option<Ended> {
        let SyncState::Running(run) = &self.state else {
            return None;
        };
        let ended = Ended {
            number: run.number,
            kind: run.kind.clone(),
            outcome,
            summary,
        };
        self.state = SyncState::Idle {
            last: Some(ended.clone()),
        };
        Some(ended)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn what_an_apply_did_not_write_is_told_when_its_tenant_is_left() {
        let ended = |kind, outcome| Runs {
            state: SyncState::Idle {
                last: Some(Ended {
                    number: Some(RunId(22)),
                    kind,
                    outcome,
                    summary: Summary {
                        written: 1,
                        ..Summary::default()
                    },
                }),
            },
            ..Runs::default()
        };
        let apply = || RunKind::Apply {
            entries: Vec::new(),
        };
        let failed = || {
            Outcome::Failed(Failure::new(
                FailureKind::SignIn,
                "Writing failed",
                "403",
                "",
            ))
        };
        let told = ended(apply(), failed()).not_written("Contoso").unwrap();
        assert_eq!(
            told.headline,
            "Contoso: run 22 apply: failed, 1 change was written"
        );
        assert_eq!(told.detail, "Writing failed\n403");
        assert_eq!(ended(apply(), Outcome::Done).not_written("Contoso"), None);
        assert_eq!(ended(RunKind::Sync, failed()).not_written("Contoso"), None);
        assert_eq!(Runs::default().not_written("Contoso"), None);
    }

    #[test]
    fn says_how_far_it_is_and_how_fast() {
        let mut run = Run::new(RequestId(1), RunKind::Sync, false, at(0));
        run.earlier = Some(at(-600));
        assert_eq!(run.doing(), "connecting");
        run.enter(Phase::ReadUsers, at(10));
        run.seen(
            Progress {
                what: crate::domain::run::Counted::Users,
                pages: 12,
                users: 11_988,
                of: Some(100_000),
            },
            at(12),
        );
        assert_eq!(
            run.doing(),
            "reading users: 11,988 of 100,000, 5,994/s, about 14 s left, 12 pages"
        );
        // At 80 columns something is cut, but not how long it has taken.
        assert_eq!(
            run.line(at(32), 80),
            "sync: reading users: 11,988 of 100,000, 5,994/s, about 14 s left, 12 pa…  (32 s)"
        );
        assert_eq!(run.line(at(32), 7), "sync: …");
        // Nothing to compare with: how long it takes nobody knows.
        run.earlier = None;
        assert_eq!(
            run.doing(),
            "reading users: 11,988 of 100,000, 5,994/s, 12 pages"
        );
        run.earlier = Some(at(-600));
        run.course = Course::Waiting {
            until: at(3600),
            why: "throttled".into(),
        };
        assert_eq!(run.doing(), "waits until 01:00:00Z: throttled");
        assert_eq!(
            run.doing_now(at(3592)),
            "throttled: 9 s left  (59 min 52 s)"
        );
        assert_eq!(
            run.doing_now(at(3600)),
            "reading users: 11,988 of 100,000, 5,994/s, about 14 s left, 12 pages  (1 h 0 min)"
        );
        run.seen(Progress::default(), at(13));
        assert_eq!(run.doing(), "reading users: 0 of 100,000, 0/s, 0 pages");
    }

    #[test]
    fn counts_lists_and_changes_by_what_the_last_run_had() {
        let mut run = Run::new(RequestId(1), RunKind::Sync, false, at(0));
        run.enter(Phase::ReadReference, at(1));
        let rows = |users, of| Progress {
            what: Counted::Rows("numbers"),
            users,
            of,
            ..Progress::default()
        };
        run.seen(rows(0, Some(1_200)), at(1));
        run.seen(rows(1_000, None), at(2));
        assert_eq!(
            run.doing_now(at(3)),
            "reading numbers: 1,000 of about 1,200  (3 s)"
        );
        run.seen(rows(2_000, None), at(2));
        assert_eq!(run.doing(), "reading numbers: 2,000");
        let change = Progress {
            what: Counted::Changes,
            users: 2,
            of: Some(3),
            ..Progress::default()
        };
        run.enter(Phase::Write, at(70));
        assert_eq!(run.doing(), "writing");
        run.seen(change, at(70));
        assert_eq!(run.doing(), "writing: 2 of 3");
        run.enter(Phase::ReadBack, at(71));
        assert_eq!(run.doing_now(at(72)), "reading back: 2 of 3  (1 min 12 s)");
    }

    #[test]
    fn days_are_told_apart() {
        assert_eq!(clock_or_day(at(60), at(120)), "00:01Z");
        assert_eq!(clock_or_day(at(60), at(90_000)), "01-01 00:01Z");
    }
}
