//! `why`: the whole truth about one person, laid out once for the modal, the right half of a wide screen and the clipboard.

use jiff::Timestamp;

use crate::app::action::Action;
use crate::app::doc::{Doc, Scroll, Tone};
use crate::app::effect::Who;
use crate::app::event::RequestId;
use crate::app::keymap::Keymap;
use crate::app::sync::clock_seconds;
use crate::domain::evidence;
use crate::domain::failure::Failure;
use crate::domain::gate::{FirstCause, Gate, GateFinding, GateResult};
use crate::domain::why::{Way, Why};

/// The modal.
#[derive(Debug, Clone, PartialEq)]
pub struct WhyBox {
    /// Whom it explains.
    pub who: Who,
    /// Name, until the answer has come.
    pub title: String,
    /// The question that is open; its answer alone is taken.
    pub asked: Option<RequestId>,
    /// The answer.
    pub answer: Answer,
    /// Where it is read.
    pub scroll: Scroll,
    /// What is queued for this person, in words.
    pub queued: Vec<String>,
}

/// What came of the question.
#[derive(Debug, Clone, PartialEq)]
pub enum Answer {
    /// Nothing yet.
    Waiting,
    /// An explanation.
    Known(Box<Why>),
    /// It could not be read.
    Failed(Failure),
}

/// How much room there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Room {
    /// The whole body: each gate on a line of its own.
    Whole,
    /// Half of it: the gates that are passed share a line.
    Half,
}

impl WhyBox {
    /// The text; empty until there is an answer.
    pub fn doc(&self, keys: &Keymap) -> Doc {
        match &self.answer {
            Answer::Waiting => {
                let mut doc = Doc::default();
                doc.line(Tone::Dim, "reading…");
                doc
            }
            Answer::Known(why) => {
                let mut doc = Doc::default();
                if !self.queued.is_empty() {
                    let text = format!(
                        "{}; {} plans it",
                        self.queued.join(", "),
                        keys.first(Action::Plan)
                    );
                    doc.item(Tone::Busy, "queued: ", &text);
                }
                write(why, Room::Whole, &mut doc);
                doc
            }
            Answer::Failed(failure) => super::text::Text::failure(failure).doc,
        }
    }

    /// The explanation, once there is one.
    pub fn known(&self) -> Option<&Why> {
        match &self.answer {
            Answer::Known(why) => Some(why),
            Answer::Waiting | Answer::Failed(_) => None,
        }
    }
}

/// How a first cause is meant.
pub fn tone(cause: FirstCause) -> Tone {
    match cause {
        FirstCause::Eligible | FirstCause::Configured | FirstCause::Resource => Tone::Good,
        FirstCause::Unknown => Tone::Warn,
        FirstCause::NotInTenant
        | FirstCause::Disabled
        | FirstCause::NotInGroup
        | FirstCause::Guest
        | FirstCause::Unlicensed
        | FirstCause::NoPhoneSystem
        | FirstCause::PlanNotUsable
        | FirstCause::CallingPlan
        | FirstCause::CommunicationsCredits => Tone::Bad,
    }
}

/// When the facts were read: `read live 14:03:11Z`.
pub fn read_at(why: &Why, when: &dyn Fn(Timestamp) -> String) -> String {
    match (why.read_at, why.live) {
        (Some(at), true) => format!("read live {}", clock_seconds(at)),
        (Some(at), false) => format!("read {}", when(at)),
        (None, _) => "never read".to_owned(),
    }
}

/// The text below the title: verdict and first step first.
pub fn doc(why: &Why, room: Room, _now: Timestamp) -> Doc {
    let mut doc = Doc::default();
    write(why, room, &mut doc);
    doc
}

fn write(why: &Why, room: Room, doc: &mut Doc) {
    doc.line(tone(why.first_cause), &why.verdict);
    steps(doc, why);
    gates(doc, why, room);
    for warning in &why.warnings {
        doc.item(Tone::Warn, "!   ", warning.words());
    }
    let widest = why
        .facts
        .iter()
        .map(|fact| fact.label.len())
        .chain(["Lately".len()])
        .max()
        .unwrap_or_default();
    for fact in &why.facts {
        let tone = match fact.label {
            "Calls" | "Spread" => Tone::Warn,
            "Read" => Tone::Dim,
            _ => Tone::Plain,
        };
        doc.item(tone, &format!("{:<widest$}  ", fact.label), &fact.text);
    }
    for (n, line) in why.lately.iter().enumerate() {
        let label = if n == 0 { "Lately" } else { "" };
        doc.item(Tone::Plain, &format!("{label:<widest$}  "), line);
    }
    for (label, people) in [("Also", &why.also), ("Near", &why.near)] {
        if !people.is_empty() {
            doc.item(
                Tone::Strong,
                &format!("{label:<widest$}  "),
                &people.join(", "),
            );
        }
    }
}

/// The steps with their numbers; what hands over to another place shares a line, as the short ones that they are.
fn steps(doc: &mut Doc, why: &Why) {
    let mut elsewhere = Vec::new();
    for (number, step) in why.numbering() {
        let Some(number) = number else {
            doc.item(Tone::Warn, "   ! ", &step.text);
            continue;
        };
        // Its number does nothing else, and nobody is to expect that it does.
        let copies = format!("{} (copy)", step.text);
        match step.way {
            Way::Script => elsewhere.push((number, step.text.clone())),
            Way::Page(_) => elsewhere.push((number, copies)),
            Way::ByHand => doc.item(Tone::Strong, &format!("{number:>2} "), &copies),
            Way::Here { .. } | Way::Add | Way::Beware => {
                doc.item(Tone::Strong, &format!("{number:>2} "), &step.text);
            }
        }
    }
    let Some((first, _)) = elsewhere.first() else {
        return;
    };
    let texts: Vec<String> = elsewhere
        .iter()
        .enumerate()
        .map(|(n, (number, text))| {
            if n == 0 {
                text.clone()
            } else {
                format!("{number} {text}")
            }
        })
        .collect();
    doc.item(Tone::Strong, &format!("{first:>2} "), &texts.join("     "));
}

/// What stops somebody first, then what passes and why, then what needs no words, on one line.
fn gates(doc: &mut Doc, why: &Why, room: Room) {
    let telling = |finding: &GateFinding| {
        room == Room::Whole
            && !matches!(finding.gate, Gate::Enabled | Gate::NotGuest)
            && !finding.evidence.is_empty()
            && finding.evidence != evidence::NONE
            && finding.evidence != evidence::NO_FILTER
    };
    let shown = |finding: &&GateFinding| finding.result != GateResult::Passed || telling(finding);
    let widest = why
        .gates
        .iter()
        .filter(shown)
        .map(|finding| finding.gate.words().len())
        .max()
        .unwrap_or_default();
    let mut line = |finding: &GateFinding| {
        let (word, tone) = match finding.result {
            GateResult::Failed => ("NO", Tone::Bad),
            GateResult::Unknown => ("??", Tone::Warn),
            GateResult::Passed => ("ok", Tone::Good),
        };
        let lead = format!("{word}  {:<widest$}  ", finding.gate.words());
        doc.item(tone, &lead, &finding.evidence);
    };
    let (passed, stopping): (Vec<_>, Vec<_>) = why
        .gates
        .iter()
        .partition(|finding| finding.result == GateResult::Passed);
    stopping.into_iter().for_each(&mut line);
    let (telling, plain): (Vec<_>, Vec<_>) = passed.into_iter().partition(|one| telling(one));
    telling.into_iter().for_each(&mut line);
    if !plain.is_empty() {
        let words: Vec<&str> = plain.iter().map(|one| one.gate.words()).collect();
        doc.item(Tone::Good, "ok  ", &words.join(", "));
    }
}
