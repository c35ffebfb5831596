//! A kept plan as a file: versioned, and bound to its content by a hash. It holds names and numbers, and never a secret.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::domain::outbox::{EntryId, Giver};
use crate::domain::phone::PhoneNumber;
use crate::domain::sealed::{SealedChange, SealedHeld, SealedPlan};
use crate::domain::user::{Field, Value};

/// What the file says of itself.
const FORMAT: &str = "teamsconnector plan";

/// The version of the form that is written.
const VERSION: u32 = 1;

/// Why a file is no plan that can be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanFileError {
    /// It is not JSON of this form.
    #[error("it is no plan of this program (line {line}, column {column})")]
    NoPlan {
        /// Where reading stopped.
        line: usize,
        /// And in which column.
        column: usize,
    },
    /// A newer program has written it.
    #[error("it has version {found}, this program reads up to {VERSION}")]
    Newer {
        /// Its version.
        found: u32,
    },
    /// Its content does not fit its hash.
    #[error("it was changed after it was written: its content does not fit its hash")]
    Changed,
    /// A value in it is none.
    #[error("change {entry} has a value that is none: {what}")]
    BadValue {
        /// Which entry.
        entry: i64,
        /// Which value.
        what: &'static str,
    },
}

/// The order of the fields is part of the form, since the hash covers the bytes.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanForm {
    format: String,
    schema_version: u32,
    tenant: String,
    tenant_name: String,
    read_at: Timestamp,
    made_at: Timestamp,
    author: String,
    takes_away: usize,
    limit: usize,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    ticket: String,
    changes: Vec<ChangeForm>,
    held_back: Vec<HeldForm>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    sha256: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChangeForm {
    entry: i64,
    name: String,
    author: String,
    target: String,
    field: String,
    old: String,
    new: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<GiverForm>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    releases: String,
    takes_away: bool,
    note: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct GiverForm {
    id: String,
    name: String,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct HeldForm {
    entry: i64,
    name: String,
    author: String,
    field: String,
    new: String,
    why: String,
}

/// Writes a plan, with its hash.
pub fn write(plan: &SealedPlan) -> String {
    let mut form = PlanForm::of(plan);
    form.sha256 = form.hash();
    let mut text = serde_json::to_string_pretty(&form)
        .expect("a plan has only texts and numbers, which are always JSON");
    text.push('\n');
    text
}

/// Reads a plan that was written by [`write()`] and not changed since, not even in a space.
pub fn read(text: &str) -> Result<SealedPlan, PlanFileError> {
    #[derive(Deserialize)]
    struct Head {
        schema_version: u32,
    }
    let no_plan = |error: &serde_json::Error| PlanFileError::NoPlan {
        line: error.line(),
        column: error.column(),
    };
    let head: Head = serde_json::from_str(text).map_err(|error| no_plan(&error))?;
    if head.schema_version > VERSION {
        return Err(PlanFileError::Newer {
            found: head.schema_version,
        });
    }
    let mut form: PlanForm = serde_json::from_str(text).map_err(|error| no_plan(&error))?;
    if form.format != FORMAT {
        return Err(PlanFileError::NoPlan { line: 1, column: 1 });
    }
    let stated = std::mem::take(&mut form.sha256);
    if stated != form.hash() {
        return Err(PlanFileError::Changed);
    }
    let plan = form.plan()?;
    if write(&plan) == text {
        Ok(plan)
    } else {
        Err(PlanFileError::Changed)
    }
}

impl PlanForm {
    fn of(plan: &SealedPlan) -> Self {
        Self {
            format: FORMAT.to_owned(),
            schema_version: VERSION,
            tenant: plan.tenant.to_string(),
            tenant_name: plan.tenant_name.clone(),
            read_at: plan.read_at,
            made_at: plan.made_at,
            author: plan.author.clone(),
            takes_away: plan.taking_away(),
            limit: plan.limit,
            ticket: plan.ticket.clone(),
            changes: plan.changes.iter().map(ChangeForm::of).collect(),
            held_back: plan.held_back.iter().map(HeldForm::of).collect(),
            sha256: String::new(),
        }
    }

    /// The hash of the form without its hash.
    fn hash(&self) -> String {
        use std::fmt::Write as _;
        let text = serde_json::to_string(self)
            .expect("a plan has only texts and numbers, which are always JSON");
        let mut hash = String::with_capacity(64);
        for byte in Sha256::digest(text) {
            write!(hash, "{byte:02x}").expect("writing to a String cannot fail");
        }
        hash
    }

    fn plan(self) -> Result<SealedPlan, PlanFileError> {
        let tenant = self.tenant.parse().map_err(|_| PlanFileError::BadValue {
            entry: 0,
            what: "the tenant",
        })?;
        Ok(SealedPlan {
            tenant,
            tenant_name: self.tenant_name,
            read_at: self.read_at,
            made_at: self.made_at,
            author: self.author,
            limit: self.limit,
            ticket: self.ticket,
            changes: self
                .changes
                .into_iter()
                .map(ChangeForm::change)
                .collect::<Result<_, _>>()?,
            held_back: self
                .held_back
                .into_iter()
                .map(HeldForm::held)
                .collect::<Result<_, _>>()?,
        })
    }
}

fn value(entry: i64, field: &str, text: &str, what: &'static str) -> Result<Value, PlanFileError> {
    let bad = PlanFileError::BadValue { entry, what };
    let field = Field::from_key(field).ok_or_else(|| bad.clone())?;
    Value::from_compact(field, text).ok_or(bad)
}

impl ChangeForm {
    fn of(change: &SealedChange) -> Self {
        Self {
            entry: change.entry.0,
            name: change.name.clone(),
            author: change.author.clone(),
            target: change.target.to_string(),
            field: change.new.field().key(),
            old: change.old.compact(),
            new: change.new.compact(),
            from: change.from.as_ref().map(|giver| GiverForm {
                id: giver.id.to_string(),
                name: giver.name.clone(),
            }),
            releases: change
                .releases
                .as_ref()
                .map_or_else(String::new, PhoneNumber::to_string),
            takes_away: change.takes_away,
            note: change.note.clone(),
        }
    }

    fn change(self) -> Result<SealedChange, PlanFileError> {
        let entry = self.entry;
        let bad = |what| PlanFileError::BadValue { entry, what };
        let from = match self.from {
            None => None,
            Some(giver) => Some(Giver {
                id: giver.id.parse().map_err(|_| bad("from"))?,
                name: giver.name,
            }),
        };
        let releases = match self.releases.as_str() {
            "" => None,
            text => Some(PhoneNumber::from_tenant(text).ok_or_else(|| bad("releases"))?),
        };
        Ok(SealedChange {
            entry: EntryId(entry),
            name: self.name,
            author: self.author,
            target: self.target.parse().map_err(|_| bad("target"))?,
            from,
            old: value(entry, &self.field, &self.old, "old")?,
            new: value(entry, &self.field, &self.new, "new")?,
            releases,
            takes_away: self.takes_away,
            note: self.note,
        })
    }
}

impl HeldForm {
    fn of(held: &SealedHeld) -> Self {
        Self {
            entry: held.entry.0,
            name: held.name.clone(),
            author: held.author.clone(),
            field: held.new.field().key(),
            new: held.new.compact(),
            why: held.why.clone(),
        }
    }

    fn held(self) -> Result<SealedHeld, PlanFileError> {
        Ok(SealedHeld {
            entry: EntryId(self.entry),
            name: self.name,
            author: self.author,
            new: value(self.entry, &self.field, &self.new, "new")?,
            why: self.why,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Value {
        Value::Number(PhoneNumber::from_tenant(text))
    }

    fn sample() -> SealedPlan {
        let plan = "plan:84a661c4-e949-4bd2-a560-ed7766fcaf2b:4ed3ff63-69d7-4fb7-b984-5aec7f605ca8";
        let value = |text| Value::from_compact(Field::from_key(plan).unwrap(), text).unwrap();
        let change = SealedChange {
            entry: EntryId(7),
            name: "Diego \"x\" Siciliani".into(),
            author: "kim".into(),
            target: "aaaaaaaa-2222-3333-4444-555555555555".parse().unwrap(),
            from: None,
            old: number("+14255550100"),
            new: number("+390612345678"),
            releases: PhoneNumber::from_tenant("+14255550100"),
            takes_away: true,
            note: "free".into(),
        };
        SealedPlan {
            tenant: "11111111-2222-3333-4444-555555555555".parse().unwrap(),
            tenant_name: "Contoso Ltd".into(),
            read_at: "2026-11-20T12:00:00Z".parse().unwrap(),
            made_at: "2026-11-20T12:01:00Z".parse().unwrap(),
            author: "kim".into(),
            limit: 5,
            ticket: "INC0012345".into(),
            changes: vec![
                change.clone(),
                SealedChange {
                    entry: EntryId(8),
                    from: Some(Giver {
                        id: "bbbbbbbb-2222-3333-4444-555555555555".parse().unwrap(),
                        name: "Pat Old".into(),
                    }),
                    old: Value::Number(None),
                    ..change.clone()
                },
                SealedChange {
                    entry: EntryId(9),
                    old: value("on"),
                    new: value(""),
                    releases: None,
                    ..change
                },
            ],
            held_back: vec![SealedHeld {
                entry: EntryId(10),
                name: "Megan".into(),
                author: "lee".into(),
                new: Value::Number(None),
                why: "held back by hand".into(),
            }],
        }
    }

    #[test]
    fn there_and_back() {
        let plan = sample();
        assert_eq!(read(&write(&plan)), Ok(plan));
    }

    #[test]
    fn every_changed_byte_is_found() {
        let bytes = write(&sample()).into_bytes();
        for at in 0..bytes.len() {
            for bit in [0, 1, 5] {
                let mut bad = bytes.clone();
                bad[at] ^= 1 << bit;
                if let Ok(text) = String::from_utf8(bad) {
                    assert!(read(&text).is_err(), "byte {at}, bit {bit}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_plan_says_so() {
        assert!(matches!(read("{"), Err(PlanFileError::NoPlan { .. })));
        assert!(matches!(read("[]"), Err(PlanFileError::NoPlan { .. })));
        let newer = write(&sample()).replace("\"schema_version\": 1", "\"schema_version\": 2");
        assert_eq!(read(&newer), Err(PlanFileError::Newer { found: 2 }));
        let edited = write(&sample()).replace("+390612345678", "+390612345679");
        assert_eq!(read(&edited), Err(PlanFileError::Changed));
    }
}
