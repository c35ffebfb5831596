//! What must be true of every history, told from the tenant's own record of requests and of what was true when; nothing here asks
//! the crate for a rule.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value as Json;
use teamsconnector::domain::outbox::{EntryId, EntryState};
use teamsconnector::domain::phone::PhoneNumber;
use teamsconnector::domain::user::{Field, Value};
use teamsconnector::store::ledger::AuditLine;

use super::history::Told;
use super::licences;
use super::tenant::{Given, Truth};

/// Actions of the audit with which a change leaves the outbox.
pub(super) const ENDS: [&str; 6] = [
    "confirmed",
    "already there",
    "theirs taken",
    "dropped",
    "replaced",
    "removed",
];

/// One request or one change of what is true, in the tenant's order.
#[derive(Debug)]
pub(super) struct Step {
    at: Timestamp,
    pub(super) what: What,
    /// What is true after it.
    pub(super) truth: Truth,
}

#[derive(Debug)]
pub(super) enum What {
    Read {
        path: String,
        whole: bool,
    },
    Write(Write),
    /// Something is not so any more.
    Changed {
        by_us: bool,
        before: Truth,
    },
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Assign {
        number: String,
        to: String,
    },
    Release {
        number: String,
    },
    Patch {
        whose: String,
        country: String,
    },
    /// The licence with these plans off, or not at all.
    Licence {
        whose: String,
        sku: String,
        off: Option<Vec<String>>,
    },
}

#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) asked: Asked,
    status: u64,
    fate: String,
}

impl Write {
    /// Whether nobody who was told this can know that it was not carried out.
    fn is_open(&self) -> bool {
        self.fate == "lost" || self.fate == "dropped" || self.status >= 500
    }

    fn was_surely_not_carried_out(&self) -> bool {
        self.fate == "refused" && matches!(self.status, 401 | 409 | 429)
    }
}

fn text(of: &Json, name: &str) -> String {
    of[name].as_str().unwrap_or_default().to_owned()
}

fn steps(told: &Told) -> Vec<Step> {
    let mut truth = told.tenant.truth.clone();
    let mut steps = Vec::new();
    for line in &told.log {
        let at: Timestamp = text(line, "at").parse().unwrap();
        let what = if line["changed"].is_string() {
            let (of, to) = (text(line, "of"), line["to"].as_str().map(str::to_owned));
            let before = truth.clone();
            match line["changed"].as_str() {
                Some("number") => drop(truth.holder.insert(of, to)),
                Some("country") => drop(truth.country.insert(of, to)),
                _ => {
                    let now = Given::all_of(&to.unwrap_or_default());
                    truth.licences.insert(of, now);
                }
            }
            What::Changed {
                by_us: line["by"] == "caller",
                before,
            }
        } else {
            request(line)
        };
        steps.push(Step {
            at,
            what,
            truth: truth.clone(),
        });
    }
    steps
}

fn request(line: &Json) -> What {
    let (method, path) = (text(line, "method"), text(line, "path"));
    let body = &line["body"];
    let asked = match method.as_str() {
        "POST" if path.ends_with("/assignNumber") => Asked::Assign {
            number: text(body, "telephoneNumber"),
            to: text(body, "assignmentTargetId"),
        },
        "POST" if path.ends_with("/unassignNumber") => Asked::Release {
            number: text(body, "telephoneNumber"),
        },
        "POST" if path.ends_with("/assignLicense") => licence(&path, body),
        "PATCH" => Asked::Patch {
            whose: path.rsplit('/').next().unwrap_or_default().to_owned(),
            country: text(body, "usageLocation"),
        },
        "GET" if line["fate"] == "answered" && line["status"] == 200 => {
            // A list, and neither a part of it nor one object.
            let whole = !path.contains("filter=") && !path.contains("/users/0");
            return What::Read { path, whole };
        }
        _ => return What::Other,
    };
    What::Write(Write {
        asked,
        status: line["status"].as_u64().unwrap_or_default(),
        fate: text(line, "fate"),
    })
}

fn licence(path: &str, body: &Json) -> Asked {
    let whose = path.rsplit('/').nth(1).unwrap_or_default().to_owned();
    let added = &body["addLicenses"][0];
    let mut off: Vec<String> = added["disabledPlans"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|plan| plan.as_str().unwrap_or_default().to_owned())
        .collect();
    off.sort();
    if added.is_object() {
        let sku = text(added, "skuId");
        return Asked::Licence {
            whose,
            sku,
            off: Some(off),
        };
    }
    let sku = body["removeLicenses"][0]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    Asked::Licence {
        whose,
        sku,
        off: None,
    }
}

/// Whether a read shows who holds a number.
fn shows_number(path: &str, whole: bool, number: &str) -> bool {
    path.contains("numberAssignments") && (whole || path.contains(number.trim_start_matches('+')))
}

/// Whether a read shows the numbers of a person.
fn shows_numbers_of(path: &str, whole: bool, id: &str) -> bool {
    path.contains("numberAssignments") && (whole || path.contains(id))
}

/// Whether a read shows where a person is.
fn shows_country_of(path: &str, whole: bool, id: &str) -> bool {
    path.contains("/users") && !path.contains("/admin/") && (whole || path.contains(id))
}

/// Whether a read shows which licences a person has.
pub(super) fn shows_licences_of(path: &str, whole: bool, id: &str) -> bool {
    shows_country_of(path, whole, id) && path.contains("licenseAssignmentStates")
}

/// Everything that is wrong.
pub(super) fn judge(told: &Told) -> Vec<String> {
    let steps = steps(told);
    let mut wrong = Vec::new();
    wrong.extend(
        told.audit_faults
            .iter()
            .map(|fault| format!("the audit: {fault}")),
    );
    wrong.extend(told.files.iter().cloned());
    wrong.extend(
        told.unsettled
            .iter()
            .map(|open| format!("all is quiet, and nobody knows: {open}")),
    );
    one_end_and_none_lost(told, &mut wrong);
    intents(told, &steps, &mut wrong);
    never_blindly_again(&steps, &mut wrong);
    confirmed_is_true(told, &steps, &mut wrong);
    nothing_is_overwritten(&steps, told, &mut wrong);
    licences::judge(told, &steps, &mut wrong);
    what_was_released_is_owed(told, &steps, &mut wrong);
    this_side_is_right(told, &steps, &mut wrong);
    wrong
}

fn ends_of(audit: &[AuditLine], entry: EntryId) -> Vec<&AuditLine> {
    audit
        .iter()
        .filter(|line| line.entry == Some(entry) && ENDS.contains(&line.action.as_str()))
        .collect()
}

/// No change has two outcomes, and none vanishes; what failed says why.
fn one_end_and_none_lost(told: &Told, wrong: &mut Vec<String>) {
    let queued = told.audit.iter().filter(|line| line.action == "queued");
    let ids: BTreeSet<EntryId> = queued
        .filter_map(|line| line.entry)
        .chain(told.seen.keys().copied())
        .collect();
    for id in ids {
        let ends = ends_of(&told.audit, id);
        let open = told.desk.entries.iter().find(|entry| entry.id == id);
        match (ends.as_slice(), open) {
            ([], None) => wrong.push(format!("change {id:?} has vanished")),
            ([], Some(_)) | ([_], None) => {}
            (ends, open) => wrong.push(format!(
                "change {id:?} has ended as {:?} and is {:?}",
                ends.iter().map(|line| &line.action).collect::<Vec<_>>(),
                open.map(|entry| entry.state.word())
            )),
        }
        if let [end] = ends.as_slice()
            && told
                .audit
                .iter()
                .any(|line| line.entry == Some(id) && line.seq > end.seq)
        {
            wrong.push(format!("change {id:?} goes on after its end"));
        }
    }
    for entry in &told.desk.entries {
        match &entry.state {
            EntryState::Rejected { cause, .. } if cause.is_empty() => {
                wrong.push(format!("{entry:?} failed without a cause"));
            }
            EntryState::Held { why } if why.is_empty() => {
                wrong.push(format!("{entry:?} is held without a word"));
            }
            _ => {}
        }
    }
}

/// Whether a line of the audit, as it was sent, says that this is written.
fn means(told: &Told, line: &AuditLine, asked: &Asked) -> bool {
    let Some(seen) = line.entry.and_then(|entry| told.seen.get(&entry)) else {
        return false;
    };
    let target = seen.target.as_deref();
    match asked {
        Asked::Assign { number, to } => {
            line.note.starts_with("assign") && line.after == *number && target == Some(to.as_str())
        }
        Asked::Release { number } => {
            let taken = if seen.entry.takes_from.is_some() {
                &line.after
            } else {
                &line.before
            };
            line.note.starts_with("release") && taken == number
        }
        Asked::Patch { whose, country } => {
            line.note.starts_with("patch")
                && line.after == *country
                && target == Some(whose.as_str())
        }
        Asked::Licence { whose, sku, off } => {
            line.note.starts_with("licence")
                && target == Some(whose.as_str())
                && licences::is_meant(&seen.entry.wanted, sku, off.as_deref())
        }
    }
}

/// Before each request that writes stands its intent, on disk; one request for each intent, and one outcome after it.
fn intents(told: &Told, steps: &[Step], wrong: &mut Vec<String>) {
    let mut used: BTreeMap<i64, &Write> = BTreeMap::new();
    for step in steps {
        let What::Write(write) = &step.what else {
            continue;
        };
        let intent = told.audit.iter().rev().find(|line| {
            line.at < step.at && line.action == "sending" && means(told, line, &write.asked)
        });
        let Some(intent) = intent else {
            wrong.push(format!("{write:?} at {} has no intent before it", step.at));
            continue;
        };
        let between = told
            .audit
            .iter()
            .find(|line| line.entry == intent.entry && line.seq > intent.seq && line.at < step.at);
        if let Some(line) = between {
            wrong.push(format!(
                "{write:?} was sent after {:?} of its change",
                line.action
            ));
        }
        if let Some(first) = used.insert(intent.seq, write)
            && !first.was_surely_not_carried_out()
        {
            wrong.push(format!(
                "{write:?} was sent twice for one intent, first {first:?}"
            ));
        }
    }
    for line in told.audit.iter().filter(|line| line.action == "sending") {
        let next = told
            .audit
            .iter()
            .find(|next| next.entry == line.entry && next.seq > line.seq);
        if next.is_none_or(|next| next.action == "sending") {
            wrong.push(format!(
                "the intent {} of {:?} has no outcome: {next:?}",
                line.seq, line.entry
            ));
        }
    }
}

/// Nothing is sent again whose first outcome is open before the tenant has been asked.
fn never_blindly_again(steps: &[Step], wrong: &mut Vec<String>) {
    let writes = |from: usize| {
        steps
            .iter()
            .enumerate()
            .skip(from)
            .filter_map(|(n, step)| match &step.what {
                What::Write(write) => Some((n, write)),
                _ => None,
            })
    };
    for (first, write) in writes(0).filter(|(_, write)| write.is_open()) {
        let Some((second, _)) = writes(first + 1).find(|(_, again)| again.asked == write.asked)
        else {
            continue;
        };
        let asked = steps[first..second].iter().any(|step| {
            let What::Read { path, whole } = &step.what else {
                return false;
            };
            match &write.asked {
                Asked::Assign { number, to } => {
                    shows_number(path, *whole, number) || shows_numbers_of(path, *whole, to)
                }
                Asked::Release { number } => shows_number(path, *whole, number),
                Asked::Patch { whose, .. } => shows_country_of(path, *whole, whose),
                Asked::Licence { whose, .. } => shows_licences_of(path, *whole, whose),
            }
        });
        if !asked {
            wrong.push(format!("{write:?} was sent again without a look"));
        }
    }
}

/// What is told to be confirmed was true in the tenant when it was read last.
fn confirmed_is_true(told: &Told, steps: &[Step], wrong: &mut Vec<String>) {
    for line in told
        .audit
        .iter()
        .filter(|line| line.action == "confirmed" || line.action == "already there")
    {
        let Some(seen) = line.entry.and_then(|entry| told.seen.get(&entry)) else {
            continue;
        };
        let Some(target) = &seen.target else { continue };
        let field = seen.entry.wanted.field();
        let read = steps
            .iter()
            .rev()
            .filter(|step| step.at < line.at)
            .find(|step| {
                let What::Read { path, whole } = &step.what else {
                    return false;
                };
                if field.is_licence() {
                    shows_licences_of(path, *whole, target)
                } else if field == Field::Number {
                    shows_numbers_of(path, *whole, target)
                        || (!line.after.is_empty() && shows_number(path, *whole, &line.after))
                        || (line.after.is_empty()
                            && !line.before.is_empty()
                            && shows_number(path, *whole, &line.before))
                } else {
                    shows_country_of(path, *whole, target)
                }
            });
        let Some(read) = read else {
            wrong.push(format!("{line:?} was never read"));
            continue;
        };
        let held = read.truth.numbers_of(target);
        let is_true = match &seen.entry.wanted {
            Value::Number(Some(number)) => held.contains(&number.as_str()),
            Value::Number(None) => held.is_empty() || !held.contains(&line.before.as_str()),
            wanted if field.is_licence() => licences::is_so(wanted, target, &read.truth),
            _ => {
                read.truth
                    .country
                    .get(target)
                    .cloned()
                    .flatten()
                    .unwrap_or_default()
                    == line.after
            }
        };
        if !is_true {
            wrong.push(format!(
                "{} of {target}: {} {} -> {} was not so in the tenant: {held:?}, {:?}, {:?}",
                line.action,
                line.field,
                line.before,
                line.after,
                read.truth.country.get(target),
                read.truth.licences_of(target)
            ));
        }
    }
}

/// Nothing is written over what the client had seen, and no number is taken from whom it was not to be taken from.
fn nothing_is_overwritten(steps: &[Step], told: &Told, wrong: &mut Vec<String>) {
    for (n, step) in steps.iter().enumerate() {
        let What::Write(write) = &step.what else {
            continue;
        };
        let intent = told.audit.iter().rev().find(|line| {
            line.at < step.at && line.action == "sending" && means(told, line, &write.asked)
        });
        let Some(intent) = intent else { continue };
        let last = |shows: &dyn Fn(&str, bool) -> bool| {
            steps[..n].iter().rev().find(
                |step| matches!(&step.what, What::Read { path, whole } if shows(path, *whole)),
            )
        };
        match &write.asked {
            Asked::Assign { number, to } => {
                let Some(read) = last(&|path, whole| shows_number(path, whole, number)) else {
                    wrong.push(format!("{write:?}: the number was never looked at"));
                    continue;
                };
                let holder = read.truth.holder.get(number).cloned().flatten();
                if holder.is_some_and(|holder| holder != *to) {
                    wrong.push(format!(
                        "{write:?}: it was somebody else's when it was looked at"
                    ));
                }
                let Some(read) = last(&|path, whole| shows_numbers_of(path, whole, to)) else {
                    wrong.push(format!("{write:?}: what they hold was never looked at"));
                    continue;
                };
                let held = read.truth.numbers_of(to);
                if held
                    .iter()
                    .any(|held| *held != intent.before && *held != number)
                {
                    wrong.push(format!(
                        "{write:?}: they had {held:?} when it was looked at, and {:?} was the base",
                        intent.before
                    ));
                }
            }
            Asked::Release { number } => {
                let seen = &told.seen[&intent.entry.unwrap()];
                let loser = match &seen.entry.takes_from {
                    Some(giver) => Some(giver.id.to_string()),
                    None => seen.target.clone(),
                };
                let read = last(&|path, whole| shows_number(path, whole, number));
                let holder = read.and_then(|read| read.truth.holder.get(number).cloned().flatten());
                if holder != loser {
                    wrong.push(format!("{write:?}: {holder:?} had it when it was looked at, and it is taken from {loser:?}"));
                }
            }
            Asked::Patch { whose, country } => {
                let Some(read) = last(&|path, whole| shows_country_of(path, whole, whose)) else {
                    wrong.push(format!("{write:?}: the user was never looked at"));
                    continue;
                };
                let now = read
                    .truth
                    .country
                    .get(whose)
                    .cloned()
                    .flatten()
                    .unwrap_or_default();
                if now != intent.before && now != *country {
                    wrong.push(format!(
                        "{write:?}: it was {now} when it was looked at, and {} was the base",
                        intent.before
                    ));
                }
            }
            Asked::Licence { whose, sku, off } => {
                let Some(read) = last(&|path, whole| shows_licences_of(path, whole, whose)) else {
                    wrong.push(format!("{write:?}: their licences were never looked at"));
                    continue;
                };
                let (entry, had) = (
                    &told.seen[&intent.entry.unwrap()].entry,
                    read.truth.off_of(whose, sku),
                );
                if !licences::may_replace(entry, had, off.as_deref()) {
                    wrong.push(format!(
                        "{write:?}: it was {had:?} when it was looked at, and {:?} was to become {:?}",
                        entry.base, entry.wanted
                    ));
                }
            }
        }
    }
}

/// A number that was taken away rings again somewhere, or a change is shown that still owes it, or the change is done.
fn what_was_released_is_owed(told: &Told, steps: &[Step], wrong: &mut Vec<String>) {
    let Some(last) = steps.last() else { return };
    for line in told.audit.iter().filter(|line| line.action == "released") {
        let number = &line.before;
        if number.is_empty() || last.truth.holder.get(number).cloned().flatten().is_some() {
            continue;
        }
        let Some(entry) = line.entry else { continue };
        // By this change, or by one of the same user that a person has put in its place.
        let is_done = told.audit.iter().any(|end| {
            let is_of_it = end.entry == Some(entry)
                || end.user_id.is_some() && end.user_id == line.user_id && end.field == "number";
            let decided = matches!(
                end.action.as_str(),
                "confirmed" | "already there" | "theirs taken"
            );
            // Whoever keeps to a change although somebody else has given another number meanwhile has seen that one in its place.
            let given_another = end.action == "kept mine" && !end.before.is_empty();
            end.seq > line.seq
                && is_of_it
                && (decided || given_another || end.outcome == "stays released")
        });
        let is_shown = told.desk.entries.iter().any(|open| {
            open.id == entry
                || open
                    .released
                    .as_ref()
                    .is_some_and(|owed| owed.as_str() == number)
                || open
                    .wanted
                    .number()
                    .is_some_and(|wanted| wanted.as_str() == number)
        });
        // A later change of the same number that a person made decides about it.
        let decided = told.audit.iter().any(|later| {
            later.seq > line.seq
                && later.action == "queued"
                && (later.after == *number || later.before == *number)
                && later
                    .entry
                    .is_some_and(|later| !ends_of(&told.audit, later).is_empty())
        });
        if !is_done && !is_shown && !decided {
            wrong.push(format!(
                "{number} was released by {entry:?}, rings nowhere, and nothing shows it"
            ));
        }
    }
}

/// After a quiet run this side shows what the tenant has.
fn this_side_is_right(told: &Told, steps: &[Step], wrong: &mut Vec<String>) {
    let Some(last) = steps.last() else { return };
    for user in &told.desk.users {
        let Some(id) = user.association.id().map(|id| id.to_string()) else {
            continue;
        };
        let held = last.truth.numbers_of(&id);
        let number = user.number.as_ref().map(PhoneNumber::as_str);
        let agrees = match number {
            None => held.is_empty(),
            Some(number) => held.contains(&number),
        };
        if !agrees {
            wrong.push(format!(
                "{} has {held:?}, and {number:?} is shown",
                user.name
            ));
        }
        let country = user.country.map(|country| country.to_string());
        let there = last.truth.country.get(&id).cloned().flatten();
        if country != there {
            wrong.push(format!(
                "{} is in {there:?}, and {country:?} is shown",
                user.name
            ));
        }
    }
}
