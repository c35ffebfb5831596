//! Looking into logs and runs: jumping in a log, marking runs, comparing two.

use jiff::{SignedDuration, Timestamp};

use crate::domain::difference::{Difference, Kind};
use crate::domain::run::RunHead;

use super::cells;
use super::doc::{Doc, Tone};
use super::effect::Effect;
use super::modal::Modal;
use super::pane::Pane;
use super::pane::search::{Jump, Search};
use super::pane::sync::Focus;
use super::pane::text::Text;
use super::{App, Wait};

/// What the handover looks back on in the console.
const SHIFT: SignedDuration = SignedDuration::from_hours(8);

impl App {
    /// The search of the log in front, if one is.
    pub fn searched(&self) -> Option<&Search> {
        match self.over() {
            Some(Modal::Log(view)) => Some(&view.search),
            None if self.pane == Pane::Sync => Some(&self.sync.search),
            Some(_) | None => None,
        }
    }

    /// Goes to a hit or to a warning of the log in front.
    pub(super) fn jump(&mut self, jump: Jump) {
        self.settle();
        let moved = self.in_log(|search, tail, log, window| {
            let top = tail.top(window);
            search.jump(jump, log, (tail, top))
        });
        self.sync.focus = Focus::Log;
        let Some(moved) = moved else {
            return;
        };
        if !moved {
            let text = match jump {
                Jump::Warning => "no warning and no error in this log",
                Jump::Next | Jump::Previous => "not in this log",
            };
            self.say(Tone::Dim, text);
        }
    }

    /// Marks the run under the cursor.
    pub(super) fn mark_run(&mut self) {
        self.sync.mark();
        if let [one, other] = self.sync.marked[..] {
            let (one, other) = (one.min(other).0, one.max(other).0);
            let text =
                format!("runs {one} and {other} are marked: Enter or {{compare}} compares them");
            self.say(Tone::Plain, text);
        }
    }

    /// Asks for the difference of two runs.
    pub(super) fn compare(&mut self) -> Vec<Effect> {
        let Some(runs) = self.sync.to_compare(&self.desk) else {
            self.say(
                Tone::Warn,
                "no run is under the cursor: {mark} marks two runs",
            );
            return Vec::new();
        };
        let req = self.wait_for(Wait::Compared);
        vec![Effect::Compare { req, runs }]
    }

    /// Shows the difference of two runs.
    pub(super) fn compared(&mut self, diff: &Difference) {
        let title = format!("COMPARE  run {} with run {}", diff.from.id.0, diff.to.id.0);
        let mut doc = Doc::default();
        for (word, head) in [("before", &diff.from), ("after", &diff.to)] {
            doc.item(Tone::Dim, &format!("{word:<8}"), &self.run_words(head));
        }
        for caveat in diff.caveats() {
            doc.item(Tone::Warn, "!       ", &caveat);
        }
        doc.gap();
        let row = |cells: [&str; 4]| {
            let [name, before, after, change] = cells;
            format!("{name:<22} {before:>12} {after:>12} {change:>10}")
        };
        let heads = (
            format!("run {}", diff.from.id.0),
            format!("run {}", diff.to.id.0),
        );
        doc.line(Tone::Strong, &row(["", &heads.0, &heads.1, "change"]));
        for (n, counter) in diff.counters.iter().enumerate() {
            // What neither run did is left out; the counters of the log are always there.
            if n >= 5 && counter.before == 0 && counter.after == 0 {
                continue;
            }
            let change = i128::from(counter.after) - i128::from(counter.before);
            let (tone, change) = if change == 0 {
                (Tone::Plain, String::new())
            } else {
                (Tone::Busy, format!("{change:+}"))
            };
            let (before, after) = (
                cells::thousands(counter.before),
                cells::thousands(counter.after),
            );
            doc.line(tone, &row([counter.name, &before, &after, &change]));
        }
        doc.gap();
        if diff.turns.is_empty() {
            doc.line(Tone::Plain, "Nobody came, went or changed gate.");
        }
        for kind in [Kind::Came, Kind::Went, Kind::Changed] {
            let turns: Vec<_> = diff
                .turns
                .iter()
                .filter(|turn| turn.kind() == kind)
                .collect();
            if turns.is_empty() {
                continue;
            }
            let title = match kind {
                Kind::Changed => "CHANGED GATE",
                Kind::Came => "CAME",
                Kind::Went => "WENT",
            };
            doc.line(Tone::Strong, &format!("{title} ({})", turns.len()));
            for turn in turns {
                let name = cells::fit(&cells::cut(&turn.name, 26, '…'), 26, ' ');
                doc.item(Tone::Plain, &format!(" {name} "), &turn.words());
            }
        }
        self.modals.push(Modal::Text(Text::new(title, doc)));
    }

    /// Asks what was done in the last eight hours: a shift.
    pub(super) fn handover(&mut self) -> Vec<Effect> {
        let now = self.now;
        let since = now.saturating_sub(SHIFT).unwrap_or(now);
        let req = self.wait_for(Wait::Handover);
        vec![Effect::Handover { req, since, now }]
    }

    /// Shows it.
    pub(super) fn handover_is(&mut self, since: Timestamp, lines: &[String]) {
        let title = format!("HANDOVER  since {}", self.when(since));
        let mut doc = Doc::default();
        for line in lines {
            if let Some(text) = line.strip_prefix("  ") {
                doc.item(Tone::Plain, "  ", text);
            } else {
                doc.gap();
                doc.line(Tone::Strong, line);
            }
        }
        doc.gap();
        doc.line(
            Tone::Dim,
            "Of another time, or of all tenants: `teamsconnector changes --since 2d --all-tenants`.",
        );
        let doc = doc.local(&self.settings.zone, self.now);
        self.modals.push(Modal::Text(Text::new(title, doc)));
    }

    fn run_words(&self, head: &RunHead) -> String {
        let debug = if head.debug { "debug " } else { "" };
        format!(
            "run {} {debug}{} {} by {}: {}",
            head.id.0,
            head.kind,
            self.when(head.started_at),
            head.author,
            head.outcome
        )
    }
}
