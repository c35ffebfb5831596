//! Reading a log: which levels are shown, what is searched for, and the line that the reader is on.

use crate::app::filter::{Filter, Typing};
use crate::domain::run::{Level, LogLine};

use crate::app::cursor::Move;

use super::sync::{Tail, Window};

/// Lines that stay in sight above a line that was jumped to.
const ABOVE: usize = 2;

/// A search, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Search {
    /// What is searched for.
    pub filter: Filter,
    /// Lines that match, in order.
    pub hits: Vec<usize>,
    /// The line under the cursor.
    pub here: Option<usize>,
    /// Which levels are shown.
    pub floor: Floor,
    /// Whether the text has changed since the hits were computed.
    pub stale: bool,
}

/// Which levels of a log are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Floor {
    /// All of them.
    #[default]
    All,
    /// No debug lines.
    Info,
    /// Warnings and errors alone.
    Warnings,
}

impl Floor {
    /// The next one.
    #[must_use]
    pub fn next(self) -> Self {
        match self {
            Self::All => Self::Info,
            Self::Info => Self::Warnings,
            Self::Warnings => Self::All,
        }
    }

    /// Its words.
    pub fn words(self) -> &'static str {
        match self {
            Self::All => "all levels",
            Self::Info => "info and up",
            Self::Warnings => "warnings and up",
        }
    }

    /// Whether a line of a level is shown.
    pub fn shows(self, level: Level) -> bool {
        match self {
            Self::All => true,
            Self::Info => level >= Level::Info,
            Self::Warnings => level >= Level::Warning,
        }
    }
}

/// To which hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Jump {
    /// The next one.
    Next,
    /// The one before.
    Previous,
    /// The next warning or error, whether it matches or not.
    Warning,
}

impl Search {
    /// Whether something is searched for.
    pub fn is_on(&self) -> bool {
        !self.filter.query().is_empty()
    }

    /// Looks for the text from line `first` on; a changed text from the start, and goes to its first hit below what is read.
    pub fn settle(&mut self, log: &[LogLine], first: usize, tail: &mut Tail) {
        let stale = std::mem::take(&mut self.stale);
        let first = if stale { 0 } else { first };
        let query = self.filter.query();
        self.hits.retain(|&hit| hit < first);
        if query.is_empty() {
            self.hits.clear();
            if stale {
                self.here = None;
            }
            return;
        }
        self.hits.extend(
            (first..log.len())
                .filter(|&n| self.floor.shows(log[n].level) && query.matches(&folded(&log[n]))),
        );
        if stale && self.filter.typing == Typing::Yes {
            let from = match *tail {
                Tail::From(line) => line,
                Tail::Follow => 0,
            };
            let below = self.hits.iter().find(|hit| **hit >= from);
            if let Some(&hit) = below.or(self.hits.first()) {
                self.go(hit, tail);
            }
        }
    }

    /// Shows the next choice of levels. Where the cursor's line is not among them, it goes.
    pub fn turn_floor(&mut self, log: &[LogLine]) {
        self.floor = self.floor.next();
        let shown = |&line: &usize| log.get(line).is_some_and(|l| self.floor.shows(l.level));
        self.here = self.here.filter(shown);
        // The same text finds other lines now; where the reader is stays.
        self.hits = (0..log.len())
            .filter(|n| shown(n) && self.is_on() && self.filter.query().matches(&folded(&log[*n])))
            .collect();
    }

    /// Moves the cursor; past the last line the end is followed again.
    pub fn step(&mut self, step: Move, tail: &mut Tail, window: Window<'_>) {
        let top = tail.top(window);
        let bottom = window.bottom(top);
        match (step, self.here) {
            (Move::By(by), None) => {
                // The first press shows where the cursor is.
                self.here = if by < 0 {
                    bottom
                } else {
                    window.shown_from(top)
                };
                *tail = Tail::From(top);
            }
            (Move::By(by), Some(here)) => match window.lines_on(here, by) {
                Some(line) => {
                    self.here = Some(line);
                    self.show(line, tail, window);
                }
                None if by > 0 => (self.here, *tail) = (None, Tail::Follow),
                None => {}
            },
            (Move::Pages(_), here) => {
                tail.step(step, window);
                let top = tail.top(window);
                let first = window.shown_from(top);
                let last = window.bottom(top);
                self.here = here.and_then(|here| match (first, last) {
                    (Some(first), Some(last)) => Some(here.clamp(first, last)),
                    _ => None,
                });
            }
            (Move::First, _) => {
                *tail = Tail::From(0);
                self.here = window.shown_from(0);
            }
            (Move::Last, _) => (self.here, *tail) = (None, Tail::Follow),
        }
    }

    /// Scrolls so that a line is on the screen.
    pub fn show(&self, line: usize, tail: &mut Tail, window: Window<'_>) {
        let top = tail.top(window);
        let past = window.bottom(top).is_none_or(|bottom| line > bottom);
        *tail = Tail::From(if line < top {
            line
        } else if past {
            window.up_from(line, window.height)
        } else {
            top
        });
    }

    fn go(&mut self, line: usize, tail: &mut Tail) {
        self.here = Some(line);
        *tail = Tail::From(line.saturating_sub(ABOVE));
    }

    /// Jumps, round the end if need be; false when there is nowhere to go.
    pub fn jump(&mut self, jump: Jump, log: &[LogLine], (tail, top): (&mut Tail, usize)) -> bool {
        // Where nobody has jumped yet, what is at the top counts as not passed.
        let next = self.here.map_or(top, |here| here + 1);
        let found = match jump {
            Jump::Next => round(&self.hits, |hit| hit >= next),
            Jump::Previous => {
                let here = self.here.unwrap_or(top);
                let before = self.hits.iter().rev().find(|hit| **hit < here);
                before.or(self.hits.last()).copied()
            }
            Jump::Warning => {
                let warnings: Vec<usize> = (0..log.len())
                    .filter(|&n| log[n].level >= Level::Warning)
                    .collect();
                round(&warnings, |hit| hit >= next)
            }
        };
        match found {
            Some(line) => {
                self.go(line, tail);
                true
            }
            None => false,
        }
    }

    /// `hit 2 of 17`, or how many there are.
    pub fn words(&self) -> String {
        let place = self
            .here
            .and_then(|here| self.hits.iter().position(|hit| *hit == here));
        match (place, self.hits.len()) {
            (_, 0) => "not in this log".to_owned(),
            (Some(place), len) => format!(
                "hit {} of {len}   {{next-hit}} next, {{previous-hit}} previous",
                place + 1
            ),
            (None, 1) => "1 hit   {next-hit} goes there".to_owned(),
            (None, len) => format!("{len} hits   {{next-hit}} next, {{previous-hit}} previous"),
        }
    }
}

fn round(lines: &[usize], is: impl Fn(usize) -> bool) -> Option<usize> {
    let below = lines.iter().find(|line| is(**line));
    below.or(lines.first()).copied()
}

fn folded(line: &LogLine) -> String {
    format!("{line}\u{1f}{}", line.level.as_str()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::Source;

    fn log() -> Vec<LogLine> {
        let line = |(n, text): (usize, &str)| LogLine {
            at: u32::try_from(n).unwrap(),
            source: Source::Graph,
            level: if text == "seat" {
                Level::Warning
            } else {
                Level::Info
            },
            text: text.into(),
        };
        let texts = ["one", "alex", "two", "seat", "Alex again", "seat", "end"];
        texts.into_iter().enumerate().map(line).collect()
    }

    fn searched(text: &str) -> (Search, Tail) {
        let mut search = Search::default();
        search.filter.field.set(text);
        search.filter.typing = Typing::Yes;
        search.stale = true;
        let mut tail = Tail::Follow;
        search.settle(&log(), 0, &mut tail);
        (search, tail)
    }

    #[test]
    fn goes_from_hit_to_hit_and_round_the_end() {
        let (mut search, mut tail) = searched("alex");
        assert_eq!(
            (search.hits.as_slice(), search.here),
            (&[1, 4][..], Some(1))
        );
        assert_eq!(tail, Tail::From(0));
        let log = log();
        let mut at = |search: &mut Search, jump| {
            assert!(search.jump(jump, &log, (&mut tail, 0)));
            search.here.unwrap()
        };
        let went: Vec<usize> = [
            Jump::Next,
            Jump::Next,
            Jump::Previous,
            Jump::Warning,
            Jump::Warning,
            Jump::Warning,
            Jump::Previous,
        ]
        .into_iter()
        .map(|jump| at(&mut search, jump))
        .collect();
        assert_eq!(went, [4, 1, 4, 5, 3, 5, 4]);
        assert_eq!(tail, Tail::From(2));
        assert_eq!(
            search.words(),
            "hit 2 of 2   {next-hit} next, {previous-hit} previous"
        );
    }

    #[test]
    fn lines_that_come_later_are_searched_too_and_nothing_is_said_so() {
        let (mut search, mut tail) = searched("again");
        let mut longer = log();
        longer.push(longer[4].clone());
        search.settle(&longer, 7, &mut tail);
        assert_eq!(search.hits, [4, 7]);
        let (mut none, mut tail) = searched("nobody");
        assert_eq!(none.words(), "not in this log");
        assert!(!none.jump(Jump::Next, &log(), (&mut tail, 0)));
        assert_eq!(tail, Tail::Follow);
        assert!(none.jump(Jump::Warning, &log(), (&mut tail, 6)), "round");
        assert_eq!(none.here, Some(3));
    }
}
