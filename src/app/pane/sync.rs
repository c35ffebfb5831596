//! Pane 3: the log of the run, which follows its end unless the engineer has scrolled, and under it the history of runs.

use std::sync::Arc;

use crate::app::cells;
use crate::app::cursor::{Cursor, Move};
use crate::app::event::RequestId;
use crate::app::sync::Runs;
use crate::domain::run::{Level, LogLine, RunHead, RunId};
use crate::domain::text::Label;
use crate::roster::desk::Desk;

use super::Mark;
use super::search::{Floor, Search};

/// Cells before a line of the log: the glyph of its level.
pub const GUTTER: usize = 2;

/// State of the pane.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SyncPane {
    /// The search in the log.
    pub search: Search,
    /// Where the log is read.
    pub tail: Tail,
    /// The cursor of the history.
    pub cursor: Cursor<RunId>,
    /// The newest run when the pane was settled last: a cursor on it goes on to the next one.
    pub newest: Option<RunId>,
    /// Runs that are marked, to be compared: two at most.
    pub marked: Vec<RunId>,
    /// The log that was searched last.
    pub seen: Seen,
    /// Which of its two lists the keys are about.
    pub focus: Focus,
    /// Lines that the run had said when the log was no longer followed.
    pub paused_at: usize,
}

/// What Enter opens in the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Focus {
    /// The run under the cursor of the history.
    #[default]
    Runs,
    /// Whom the line under the cursor of the log names.
    Log,
}

/// A state of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    /// Its version.
    pub version: u64,
    /// Its lines.
    pub lines: usize,
    /// Lines that no longer fitted.
    pub dropped: usize,
}

/// Where a log is read: a run's log moves, and must not move away under the reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tail {
    /// At its end, wherever that is.
    #[default]
    Follow,
    /// From this line on.
    From(usize),
}

/// The part of a log that is looked at: how many lines, how many rows the screen has, how many rows a line takes.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    /// Lines in all.
    pub len: usize,
    /// Rows on the screen.
    pub height: usize,
    /// Rows of a line: none where its level is not shown.
    pub rows: &'a dyn Fn(usize) -> usize,
}

impl std::fmt::Debug for Window<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Window({} in {})", self.len, self.height)
    }
}

impl Window<'_> {
    /// The line from which `height` rows reach up to and including `last`.
    pub(super) fn up_from(&self, last: usize, height: usize) -> usize {
        let mut used = 0;
        let mut top = last;
        for n in (0..=last).rev() {
            used += (self.rows)(n);
            if used > height {
                break;
            }
            top = n;
        }
        top
    }

    /// The first line that is shown from `line` on.
    pub(super) fn shown_from(&self, line: usize) -> Option<usize> {
        (line..self.len).find(|&n| (self.rows)(n) > 0)
    }

    /// The last line on the screen below `top`.
    pub(super) fn bottom(&self, top: usize) -> Option<usize> {
        let mut used = 0;
        let mut bottom = None;
        for n in top..self.len {
            let rows = (self.rows)(n);
            used += rows;
            if used > self.height {
                break;
            }
            if rows > 0 {
                bottom = Some(n);
            }
        }
        bottom
    }

    /// The line so many shown lines on, or back; the outermost one where there are fewer, and none from there.
    pub(super) fn lines_on(&self, from: usize, by: isize) -> Option<usize> {
        let shown = |n: &usize| (self.rows)(*n) > 0;
        let most = by.unsigned_abs();
        if by < 0 {
            (0..from).rev().filter(shown).take(most).last()
        } else {
            (from + 1..self.len).filter(shown).take(most).last()
        }
    }

    /// The first line shown when the end is followed.
    fn follow(&self) -> usize {
        match self.len {
            0 => 0,
            len => self.up_from(len - 1, self.height),
        }
    }
}

impl Tail {
    /// The first line shown.
    pub fn top(self, window: Window<'_>) -> usize {
        match self {
            Self::Follow => window.follow(),
            Self::From(line) => line.min(window.follow()),
        }
    }

    /// Scrolls.
    pub fn step(&mut self, step: Move, window: Window<'_>) {
        let top = self.top(window);
        let end = window.follow();
        let page = window.height.saturating_sub(1).max(1);
        let to = match step {
            Move::By(n) => window
                .lines_on(top, n)
                .unwrap_or(if n < 0 { 0 } else { end }),
            Move::Pages(n) if n < 0 => match top {
                0 => 0,
                top => window.up_from(top - 1, page).min(top - 1),
            },
            Move::Pages(_) => {
                let mut used = 0;
                let mut to = top;
                while to < end && used + (window.rows)(to) <= page {
                    used += (window.rows)(to);
                    to += 1;
                }
                to.max(top + 1)
            }
            Move::First => 0,
            Move::Last => end,
        };
        *self = if to >= end {
            Self::Follow
        } else {
            Self::From(to)
        };
    }
}

impl SyncPane {
    /// Filters the log again if it or the filter has changed, and finds the cursor's run again.
    pub fn settle(&mut self, runs: &Runs, desk: &Desk, height: usize) {
        let log = &runs.log;
        let seen = Seen {
            version: runs.log_version,
            lines: log.len(),
            dropped: runs.dropped,
        };
        // The oldest lines were dropped: what is read has moved up by as many.
        let gone = seen.dropped.saturating_sub(self.seen.dropped);
        if gone > 0 {
            self.search.here = self.search.here.and_then(|here| here.checked_sub(gone));
            if let Tail::From(line) = self.tail {
                self.tail = Tail::From(line.saturating_sub(gone));
            }
        }
        // Lines are only ever added behind, unless a run has begun or old lines were dropped.
        let grown = runs.log_version - self.seen.version
            == (log.len() as u64).wrapping_sub(self.seen.lines as u64);
        let first = if grown { self.seen.lines } else { 0 };
        if self.search.stale || seen != self.seen {
            self.search.settle(log, first, &mut self.tail);
        }
        self.seen = seen;
        if self.tail == Tail::Follow {
            self.paused_at = runs.dropped + log.len();
        }
        let history = &desk.history;
        let newest = history.first().map(|head| head.id);
        if self.cursor.key == self.newest && newest != self.newest {
            self.cursor.key = newest;
        }
        self.newest = newest;
        self.marked
            .retain(|id| history.iter().any(|head| head.id == *id));
        self.cursor.settle(
            (history.len(), height),
            |id| history.iter().position(|head| head.id == id),
            |n| history.get(n).map(|head| head.id),
        );
    }

    /// Whether the keys are about a line of the log.
    pub fn in_log(&self) -> bool {
        self.focus == Focus::Log && self.search.here.is_some()
    }

    /// Follows the log again, and goes back to the history.
    pub fn leave_log(&mut self) {
        self.focus = Focus::Runs;
        self.search.here = None;
        self.tail = Tail::Follow;
    }

    /// Lines that have come since the log was no longer followed, as far as they are shown.
    pub fn unread(&self, runs: &Runs) -> usize {
        let from = self.paused_at.saturating_sub(runs.dropped);
        let new = runs.log.iter().skip(from);
        new.filter(|line| self.search.floor.shows(line.level))
            .count()
    }

    /// Marks the run under the cursor, or takes its mark away; of three the first mark goes.
    pub fn mark(&mut self) {
        let Some(id) = self.cursor.key else {
            return;
        };
        if self.marked.contains(&id) {
            self.marked.retain(|marked| *marked != id);
            return;
        }
        if self.marked.len() == 2 {
            self.marked.remove(0);
        }
        self.marked.push(id);
    }

    /// The runs to compare: the marked ones, or the one under the cursor and the `sync` before it, else the run beside it.
    pub fn to_compare(&self, desk: &Desk) -> Option<(RunId, RunId)> {
        if let [one, other] = self.marked[..] {
            return Some((one.min(other), one.max(other)));
        }
        let place = desk
            .history
            .iter()
            .position(|head| Some(head.id) == self.cursor.key)?;
        let older = &desk.history[place + 1..];
        let marked = self
            .marked
            .first()
            .filter(|id| Some(**id) != self.cursor.key);
        let before = marked.copied().or_else(|| {
            let sync = older.iter().find(|head| head.kind == "sync");
            // The oldest run has none before it: it is compared with the one after it.
            let after = place.checked_sub(1).map(|newer| &desk.history[newer]);
            sync.or(older.first()).or(after).map(|head| head.id)
        })?;
        let here = desk.history[place].id;
        Some((before.min(here), before.max(here)))
    }

    /// Moves the cursor of the history.
    pub fn step(&mut self, step: Move, desk: &Desk, height: usize) {
        self.focus = Focus::Runs;
        let history = &desk.history;
        self.cursor.step(step, (history.len(), height), |n| {
            history.get(n).map(|head| head.id)
        });
    }

    /// The run under the cursor.
    pub fn row<'a>(&self, desk: &'a Desk) -> Option<&'a RunHead> {
        let id = self.cursor.key?;
        desk.history.iter().find(|head| head.id == id)
    }
}

/// A line of the log in rows of at most `width` cells, without its gutter. Warnings and errors end in their word.
pub fn rows(line: &LogLine, width: usize) -> Vec<String> {
    let word = match line.level {
        Level::Debug | Level::Info => "",
        Level::Warning => " [warning]",
        Level::Error => " [error]",
    };
    let text = format!("{line}{word}");
    let safe = Label::new(&text);
    let first = width.saturating_sub(GUTTER).max(1);
    let mut rows = cells::wrap(safe.as_str(), first);
    // What hangs over is set in behind the time, so that the eye still runs down the times.
    let hang = 9.min(first / 3);
    if rows.len() > 1 {
        let rest = safe.as_str()[rows[0].len()..].trim_start().to_owned();
        rows.truncate(1);
        let pad = " ".repeat(hang);
        rows.extend(
            cells::wrap(&rest, first - hang)
                .into_iter()
                .map(|row| format!("{pad}{row}")),
        );
    }
    rows
}

/// Rows of a line at a width: none where its level is not shown.
pub fn height(line: Option<&LogLine>, floor: Floor, width: u16) -> usize {
    line.map_or(1, |line| {
        if floor.shows(line.level) {
            rows(line, usize::from(width)).len()
        } else {
            0
        }
    })
}

/// The glyph of a level.
pub fn mark(level: Level) -> Mark {
    match level {
        Level::Debug | Level::Info => Mark::Blank,
        Level::Warning => Mark::Warning,
        Level::Error => Mark::Refused,
    }
}

/// The log of an earlier run, over the panes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogView {
    /// Which run.
    pub run: RunId,
    /// What it was, when, and how it ended: `run 12 sync 13:58Z done`.
    pub title: String,
    /// The question; its answer alone is taken.
    pub asked: RequestId,
    /// Its lines; `None` until they have come.
    pub lines: Option<Arc<Vec<LogLine>>>,
    /// Where it is read.
    pub tail: Tail,
    /// The search in it.
    pub search: Search,
}

/// All lines as text.
pub fn to_text<'a>(lines: impl IntoIterator<Item = &'a LogLine>) -> String {
    let mut text = String::new();
    for line in lines {
        text.push_str(Label::new(&line.to_string()).as_str());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::run::Source;

    fn line(text: &str) -> LogLine {
        LogLine {
            at: 1,
            source: Source::Graph,
            level: Level::Warning,
            text: text.into(),
        }
    }

    #[test]
    fn long_lines_hang_and_end_in_their_word() {
        assert_eq!(
            rows(&line("one two three four"), 30),
            ["<00:01> GRAPH> one two three", "         four [warning]"]
        );
        assert_eq!(rows(&line("one"), 80), ["<00:01> GRAPH> one [warning]"]);
    }

    #[test]
    fn follows_until_scrolled() {
        let window = |len| Window {
            len,
            height: 5,
            rows: &|n| 1 + n % 2,
        };
        let mut tail = Tail::Follow;
        assert_eq!(tail.top(window(20)), 17);
        tail.step(Move::Pages(-1), window(20));
        assert_eq!(tail, Tail::From(14));
        assert_eq!(tail.top(window(40)), 14);
        tail.step(Move::Last, window(40));
        assert_eq!(tail, Tail::Follow);
        tail.step(Move::First, window(40));
        assert_eq!(tail, Tail::From(0));
        tail.step(Move::Pages(1), window(40));
        assert_eq!(tail, Tail::From(3));
        for _ in 0..40 {
            tail.step(Move::By(1), window(40));
        }
        assert_eq!(tail, Tail::Follow);
        assert_eq!(Tail::From(9).top(window(0)), 0);
    }
}
