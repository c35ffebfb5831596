//! What must be true of licences in every history: nothing of them is overwritten, taken or given that nobody asked for, and no
//! number rests on one that was refused.

use teamsconnector::domain::outbox::Entry;
use teamsconnector::domain::user::Value;

use super::history::Told;
use super::oracle::{Asked, Step, What, shows_licences_of};
use super::tenant::{Given, Truth};

fn texts<T: ToString>(plans: &[T]) -> Vec<String> {
    let mut all: Vec<String> = plans.iter().map(ToString::to_string).collect();
    all.sort();
    all
}

/// Whether a request to leave a licence so is one for this value: of a plan, how that plan is left, whatever becomes of the others.
pub(super) fn is_meant(wanted: &Value, sku: &str, off: Option<&[String]>) -> bool {
    match wanted {
        Value::Licence { sku: of, off: wish } => {
            of.to_string() == sku && wish.as_deref().map(texts).as_deref() == off
        }
        Value::Plan { sku: of, plan, on } => {
            of.to_string() == sku && off.is_some_and(|off| off.contains(&plan.to_string()) != *on)
        }
        _ => false,
    }
}

/// Whether somebody has it so.
pub(super) fn is_so(wanted: &Value, whose: &str, truth: &Truth) -> bool {
    match wanted {
        Value::Licence { sku, off } => {
            truth.off_of(whose, &sku.to_string()) == off.as_deref().map(texts).as_deref()
        }
        Value::Plan { sku, plan, on } => {
            let off = truth.off_of(whose, &sku.to_string());
            off.is_some_and(|off| !off.contains(&plan.to_string())) == *on
        }
        _ => false,
    }
}

/// Whether a request may leave a licence so of which this was seen: its base, or of a plan everything but that plan.
pub(super) fn may_replace(entry: &Entry, had: Option<&[String]>, left: Option<&[String]>) -> bool {
    match &entry.base {
        Value::Licence { off, .. } => had == off.as_deref().map(texts).as_deref(),
        Value::Plan { plan, .. } => {
            let plan = plan.to_string();
            let others = |off: &[String]| -> Vec<String> {
                off.iter().filter(|one| **one != plan).cloned().collect()
            };
            had.is_some() && had.map(others) == left.map(others)
        }
        _ => false,
    }
}

pub(super) fn judge(told: &Told, steps: &[Step], wrong: &mut Vec<String>) {
    nothing_goes_unasked(told, steps, wrong);
    no_number_rests_on_a_refusal(told, steps, wrong);
    if let Some(last) = steps.last().filter(|_| told.unsettled.is_empty()) {
        for (whose, shown) in &told.licences {
            let has = last.truth.licences_of(whose);
            if shown != has {
                wrong.push(format!("{whose} has {has:?}, and {shown:?} is shown"));
            }
        }
    }
}

/// Whatever this side has changed of somebody's licences, a queued change of that person has asked for it.
fn nothing_goes_unasked(told: &Told, steps: &[Step], wrong: &mut Vec<String>) {
    for step in steps {
        let What::Changed {
            by_us: true,
            before,
        } = &step.what
        else {
            continue;
        };
        for (whose, now) in &step.truth.licences {
            let was = before.licences_of(whose);
            let asked = |given: &Given, off: Option<&[String]>| {
                given.group.is_none()
                    && told.seen.values().any(|seen| {
                        seen.target.as_ref() == Some(whose)
                            && is_meant(&seen.entry.wanted, &given.sku, off)
                    })
            };
            for gone in was.iter().filter(|gone| !now.contains(gone)) {
                let left = step.truth.off_of(whose, &gone.sku);
                if !asked(gone, left) {
                    wrong.push(format!(
                        "{whose} has lost {gone:?}, for which nobody has asked"
                    ));
                }
            }
            for come in now.iter().filter(|come| !was.contains(come)) {
                if !asked(come, Some(&come.off)) {
                    wrong.push(format!(
                        "{whose} was given {come:?}, for which nobody has asked"
                    ));
                }
            }
        }
    }
}

/// After a change of somebody's licences that was not carried out, no number is sent to them before they were seen to be able to hold
/// one. What gives back a number that was theirs asks for no licence.
fn no_number_rests_on_a_refusal(told: &Told, steps: &[Step], wrong: &mut Vec<String>) {
    for (n, step) in steps.iter().enumerate() {
        let What::Write(write) = &step.what else {
            continue;
        };
        let Asked::Assign { number, to } = &write.asked else {
            continue;
        };
        let gives_back = told.seen.values().any(|seen| {
            seen.entry.gives_back
                && seen.target.as_ref() == Some(to)
                && seen
                    .entry
                    .wanted
                    .number()
                    .is_some_and(|wanted| wanted.as_str() == number)
        });
        let refused = steps[..n].iter().rposition(|step| {
            matches!(&step.what, What::Write(write)
                if matches!(&write.asked, Asked::Licence { whose, .. } if whose == to))
        });
        let Some(refused) = refused.filter(|_| !gives_back) else {
            continue;
        };
        let seen = steps[refused..n].iter().any(|step| {
            matches!(&step.what, What::Read { path, whole }
                if shows_licences_of(path, *whole, to) || path.contains("userConfigurations"))
                && step.truth.can_hold(to)
        });
        if !seen {
            wrong.push(format!(
                "{write:?}: nobody has seen a licence for it since the last change of one"
            ));
        }
    }
}
