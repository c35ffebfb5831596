//! What `--json` prints: one object with `schema_version`, its fields an interface.

use serde::Serialize;

use crate::domain::difference::{Difference, Kind};
use crate::domain::gate::{FirstCause, Marks};
use crate::domain::outbox::{Entry, EntryState};
use crate::domain::phone::PhoneNumber;
use crate::domain::run::{LogLine, Outcome, RunHead, Summary};
use crate::domain::user::{LicenseStatus, User};
use crate::domain::why::{Way, Why, WhyStep};

use super::SCHEMA_VERSION;

/// A configured user.
#[derive(Debug, Serialize)]
pub struct UserJson {
    id: i64,
    name: String,
    mail: String,
    upn: Option<String>,
    number: Option<String>,
    number_kind: &'static str,
    country: Option<String>,
    license_status: &'static str,
    cause: Option<&'static str>,
    queued: Vec<EntryJson>,
    directory_id: Option<String>,
    association: &'static str,
    sip_username: Option<String>,
    external_id: Option<String>,
}

impl UserJson {
    /// The form of one user. `upn` is the associated directory user's.
    pub fn new(user: &User, status: LicenseStatus, entries: &[Entry], upn: Option<&str>) -> Self {
        let (license_status, cause) = match status {
            LicenseStatus::Licensed => ("licensed", None),
            LicenseStatus::Unlicensed(cause) => ("unlicensed", Some(cause.code())),
        };
        Self {
            id: user.id.0,
            name: user.name.clone(),
            mail: user.mail.clone(),
            upn: upn.map(str::to_owned),
            number: user.number.as_ref().map(PhoneNumber::to_string),
            number_kind: user.kind.as_str(),
            country: user.country.map(|country| country.to_string()),
            license_status,
            cause,
            queued: entries.iter().map(EntryJson::new).collect(),
            directory_id: user.association.id().map(|id| id.to_string()),
            association: match user.association {
                crate::domain::user::Association::None => "none",
                crate::domain::user::Association::Matched(_) => "matched",
                crate::domain::user::Association::Manual(_) => "manual",
            },
            sip_username: user.sip_username.clone(),
            external_id: user.external_id.clone(),
        }
    }
}

/// A queued change.
#[derive(Debug, Serialize)]
pub struct EntryJson {
    id: i64,
    name: String,
    field: &'static str,
    base: Option<String>,
    wanted: Option<String>,
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    theirs: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
    author: String,
    created_at: String,
}

impl EntryJson {
    /// The form of one entry.
    pub fn new(entry: &Entry) -> Self {
        let filled = |text: String| (!text.is_empty()).then_some(text);
        let (theirs, why, hint) = match &entry.state {
            EntryState::Conflict { theirs } => (Some(theirs.compact()), None, None),
            EntryState::Held { why } => (None, Some(why.clone()), None),
            EntryState::Rejected { cause, hint, .. } => {
                (None, Some(cause.clone()), Some(hint.clone()))
            }
            EntryState::Applied { visible_by } => {
                (None, Some(format!("visible by {visible_by}")), None)
            }
            EntryState::Queued
            | EntryState::InFlight { .. }
            | EntryState::Accepted { .. }
            | EntryState::Unknown { .. } => (None, None, None),
        };
        let raw = match &entry.state {
            EntryState::Rejected { raw, .. } => Some(raw.clone()),
            _ => None,
        };
        Self {
            id: entry.id.0,
            name: entry.name.clone(),
            field: entry.field().as_str(),
            base: filled(entry.base.compact()),
            wanted: filled(entry.wanted.compact()),
            state: entry.state.word(),
            theirs,
            why,
            hint,
            raw,
            author: entry.author.clone(),
            created_at: entry.created_at.to_string(),
        }
    }
}

/// A directory user of the picklist, or of everyone.
#[derive(Debug, Serialize)]
pub struct CandidateJson {
    /// Object id.
    pub id: String,
    /// Sign-in name.
    pub upn: String,
    /// Display name.
    pub name: String,
    /// `user` or `resource`.
    pub kind: &'static str,
    /// E-mail.
    pub mail: Option<String>,
    /// Number in the tenant.
    pub number: Option<String>,
    /// Usage location.
    pub country: Option<String>,
    /// Codes of the warnings.
    pub warnings: Vec<&'static str>,
    /// First cause, with `--everyone`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_cause: Option<&'static str>,
}

impl CandidateJson {
    /// The kind and the warnings of a directory user.
    pub fn of_marks(marks: Marks) -> (&'static str, Vec<&'static str>) {
        let kind = if marks.is_resource() {
            "resource"
        } else {
            "user"
        };
        (
            kind,
            marks
                .warnings()
                .map(crate::domain::gate::Warning::code)
                .collect(),
        )
    }
}

/// The answer of `why`.
#[derive(Debug, Serialize)]
pub struct WhyJson {
    user: WhyUser,
    first_cause: &'static str,
    verdict: String,
    gates: Vec<GateJson>,
    warnings: Vec<&'static str>,
    steps: Vec<String>,
    ways: Vec<WayJson>,
    facts: Vec<FactJson>,
    lately: Vec<String>,
    near: Vec<String>,
    read_at: Option<String>,
    live: bool,
}

#[derive(Debug, Serialize)]
struct WhyUser {
    id: Option<String>,
    upn: Option<String>,
    name: String,
}

#[derive(Debug, Serialize)]
struct GateJson {
    gate: &'static str,
    result: &'static str,
    evidence: String,
    read_at: Option<String>,
}

/// What a numbered step does: `here`, `by_hand`, `script`, `page`.
#[derive(Debug, Serialize)]
struct WayJson {
    number: usize,
    way: &'static str,
    text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    stops: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

impl WayJson {
    fn new(number: usize, step: &WhyStep) -> Self {
        let (way, stops, page) = match &step.way {
            Way::Here { stops, .. } => ("here", stops.as_ref().map(ToString::to_string), None),
            Way::Add | Way::ByHand | Way::Beware => ("by_hand", None, None),
            Way::Script => ("script", None, None),
            Way::Page(address) => ("page", None, Some(address.clone())),
        };
        Self {
            number,
            way,
            text: step.text.clone(),
            stops,
            page,
        }
    }
}

#[derive(Debug, Serialize)]
struct FactJson {
    label: &'static str,
    text: String,
    read_at: Option<String>,
}

impl WhyJson {
    /// The form of one answer.
    pub fn new(why: &Why) -> Self {
        Self {
            user: WhyUser {
                id: why.id.map(|id| id.to_string()),
                upn: (!why.upn.is_empty()).then(|| why.upn.clone()),
                name: why.name.clone(),
            },
            first_cause: FirstCause::code(why.first_cause),
            verdict: why.verdict.clone(),
            gates: why
                .gates
                .iter()
                .map(|finding| GateJson {
                    gate: finding.gate.code(),
                    result: finding.result.code(),
                    evidence: finding.evidence.clone(),
                    read_at: why.gate_read_at(finding.gate).map(|at| at.to_string()),
                })
                .collect(),
            warnings: why.warnings.iter().map(|warning| warning.code()).collect(),
            steps: why.steps.iter().map(|step| step.text.clone()).collect(),
            ways: why
                .numbered()
                .map(|(number, step)| WayJson::new(number, step))
                .collect(),
            facts: why
                .facts
                .iter()
                .map(|fact| FactJson {
                    label: fact.label,
                    text: fact.text.clone(),
                    read_at: fact.read_at.map(|at| at.to_string()),
                })
                .collect(),
            lately: why.lately.clone(),
            near: why.also.iter().chain(&why.near).cloned().collect(),
            read_at: why.read_at.map(|at| at.to_string()),
            live: why.live,
        }
    }
}

/// A line of a run's log.
#[derive(Debug, Serialize)]
pub struct LineJson {
    at: u32,
    source: &'static str,
    level: &'static str,
    text: String,
}

impl From<&LogLine> for LineJson {
    fn from(line: &LogLine) -> Self {
        Self {
            at: line.at,
            source: line.source.as_str(),
            level: line.level.as_str(),
            text: line.text.clone(),
        }
    }
}

/// The last object of `sync --json`.
#[derive(Debug, Serialize)]
pub struct SummaryJson {
    outcome: &'static str,
    #[serde(flatten)]
    counters: CountersJson,
    written: u32,
    refused: u32,
    conflicts: u32,
    held: u32,
    left: u32,
    unlicensed: u32,
    matched: u32,
    taken_over: u32,
    released: u32,
}

#[derive(Debug, Serialize)]
struct CountersJson {
    total: u64,
    licensed: u64,
    #[serde(rename = "phoneSystem")]
    phone_system: u64,
    #[serde(rename = "excludedByCallingPlan")]
    excluded_by_calling_plan: u64,
    resource: u64,
}

impl SummaryJson {
    /// The form of a summary.
    pub fn new(outcome: &Outcome, summary: &Summary) -> Self {
        let counters = &summary.counters;
        Self {
            outcome: outcome.word(),
            counters: CountersJson {
                total: counters.total,
                licensed: counters.licensed,
                phone_system: counters.phone_system,
                excluded_by_calling_plan: counters.excluded_by_calling_plan,
                resource: counters.resource,
            },
            written: summary.written,
            refused: summary.refused,
            conflicts: summary.conflicts,
            held: summary.held,
            left: summary.left,
            unlicensed: summary.unlicensed,
            matched: summary.matched,
            taken_over: summary.taken_over,
            released: summary.released,
        }
    }
}

/// A run of the history.
#[derive(Debug, Serialize)]
pub struct RunJson {
    id: i64,
    kind: String,
    debug: bool,
    started_at: String,
    ended_at: Option<String>,
    outcome: String,
    failure: Option<String>,
    author: String,
    written: u32,
    refused: u32,
    conflicts: u32,
}

impl From<&RunHead> for RunJson {
    fn from(head: &RunHead) -> Self {
        Self {
            id: head.id.0,
            kind: head.kind.clone(),
            debug: head.debug,
            started_at: head.started_at.to_string(),
            ended_at: head.ended_at.map(|at| at.to_string()),
            outcome: head.outcome.clone(),
            failure: (!head.failure.is_empty()).then(|| head.failure.clone()),
            author: head.author.clone(),
            written: head.summary.written,
            refused: head.summary.refused,
            conflicts: head.summary.conflicts,
        }
    }
}

/// Two runs compared.
#[derive(Debug, Serialize)]
pub struct DifferenceJson {
    from: RunJson,
    to: RunJson,
    counters: Vec<CounterJson>,
    came: usize,
    went: usize,
    changed: usize,
    users: Vec<TurnJson>,
    caveats: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CounterJson {
    name: &'static str,
    from: u64,
    to: u64,
}

#[derive(Debug, Serialize)]
struct TurnJson {
    id: String,
    name: String,
    what: &'static str,
    from: Option<&'static str>,
    to: Option<&'static str>,
}

impl DifferenceJson {
    /// The form of a comparison; a gate is its code, `null` for not being in the tenant.
    pub fn new(diff: &Difference) -> Self {
        Self {
            from: RunJson::from(&diff.from),
            to: RunJson::from(&diff.to),
            counters: diff
                .counters
                .iter()
                .map(|counter| CounterJson {
                    name: counter.name,
                    from: counter.before,
                    to: counter.after,
                })
                .collect(),
            came: diff.counted(Kind::Came),
            went: diff.counted(Kind::Went),
            changed: diff.counted(Kind::Changed),
            users: diff
                .turns
                .iter()
                .map(|turn| TurnJson {
                    id: turn.id.to_string(),
                    name: turn.name.clone(),
                    what: turn.kind().word(),
                    from: turn.before.map(FirstCause::code),
                    to: turn.after.map(FirstCause::code),
                })
                .collect(),
            caveats: diff.caveats(),
        }
    }
}

/// Puts one list under its name beside the version.
pub fn listing<T: Serialize>(name: &str, rows: &[T]) -> serde_json::Result<String> {
    let mut object = serde_json::Map::new();
    object.insert("schema_version".to_owned(), SCHEMA_VERSION.into());
    object.insert(name.to_owned(), serde_json::to_value(rows)?);
    serde_json::to_string_pretty(&object)
}

/// One object with the version in it.
pub fn single<T: Serialize>(value: &T) -> serde_json::Result<String> {
    let mut object = serde_json::to_value(value)?;
    if let Some(map) = object.as_object_mut() {
        map.insert("schema_version".to_owned(), SCHEMA_VERSION.into());
    }
    serde_json::to_string_pretty(&object)
}

/// One object with the version in it, on one line.
pub fn line<T: Serialize>(value: &T) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Line<'a, T> {
        schema_version: u32,
        #[serde(flatten)]
        value: &'a T,
    }
    serde_json::to_string(&Line {
        schema_version: SCHEMA_VERSION,
        value,
    })
}
