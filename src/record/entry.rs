//! The states of an outbox entry as JSON, for the ledger.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::outbox::{EntryState, Step};
use crate::domain::user::{Field, Value};

use super::Unreadable;

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case", deny_unknown_fields)]
enum StateForm {
    Queued,
    Held {
        why: String,
    },
    InFlight {
        step: StepForm,
        attempt: u32,
    },
    Accepted {
        step: StepForm,
        operation: String,
    },
    Applied {
        visible_by: Timestamp,
    },
    Unknown {
        step: StepForm,
    },
    Conflict {
        theirs: String,
    },
    Rejected {
        cause: String,
        raw: String,
        hint: String,
    },
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StepForm {
    Release,
    Assign,
    Patch,
    Licence,
}

impl From<Step> for StepForm {
    fn from(step: Step) -> Self {
        match step {
            Step::Release => Self::Release,
            Step::Assign => Self::Assign,
            Step::Patch => Self::Patch,
            Step::Licence => Self::Licence,
        }
    }
}

impl From<StepForm> for Step {
    fn from(form: StepForm) -> Self {
        match form {
            StepForm::Release => Self::Release,
            StepForm::Assign => Self::Assign,
            StepForm::Patch => Self::Patch,
            StepForm::Licence => Self::Licence,
        }
    }
}

/// Writes a state.
pub fn write(state: &EntryState) -> String {
    let form = match state.clone() {
        EntryState::Queued => StateForm::Queued,
        EntryState::Held { why } => StateForm::Held { why },
        EntryState::InFlight { step, attempt } => StateForm::InFlight {
            step: step.into(),
            attempt,
        },
        EntryState::Accepted { step, operation } => StateForm::Accepted {
            step: step.into(),
            operation,
        },
        EntryState::Applied { visible_by } => StateForm::Applied { visible_by },
        EntryState::Unknown { step } => StateForm::Unknown { step: step.into() },
        EntryState::Conflict { theirs } => StateForm::Conflict {
            theirs: theirs.compact(),
        },
        EntryState::Rejected { cause, raw, hint } => StateForm::Rejected { cause, raw, hint },
    };
    serde_json::to_string(&form).expect("a state has only texts and numbers, which are always JSON")
}

/// Reads the state of an entry of this field.
pub fn read(text: &str, field: Field) -> Result<EntryState, Unreadable> {
    let form = serde_json::from_str(text).map_err(|_| Unreadable::of("the state of a change"))?;
    Ok(match form {
        StateForm::Queued => EntryState::Queued,
        StateForm::Held { why } => EntryState::Held { why },
        StateForm::InFlight { step, attempt } => EntryState::InFlight {
            step: step.into(),
            attempt,
        },
        StateForm::Accepted { step, operation } => EntryState::Accepted {
            step: step.into(),
            operation,
        },
        StateForm::Applied { visible_by } => EntryState::Applied { visible_by },
        StateForm::Unknown { step } => EntryState::Unknown { step: step.into() },
        StateForm::Conflict { theirs } => EntryState::Conflict {
            theirs: Value::from_compact(field, &theirs)
                .ok_or_else(|| Unreadable::of("the value of a conflict"))?,
        },
        StateForm::Rejected { cause, raw, hint } => EntryState::Rejected { cause, raw, hint },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let number = Value::from_compact(Field::Number, "+14255550100").unwrap();
        let states = [
            EntryState::Queued,
            EntryState::Held {
                why: "no seat".into(),
            },
            EntryState::InFlight {
                step: Step::Release,
                attempt: 2,
            },
            EntryState::Accepted {
                step: Step::Assign,
                operation: "https://graph.example/op".into(),
            },
            EntryState::Applied {
                visible_by: "2026-11-04T09:40:00Z".parse().unwrap(),
            },
            EntryState::Unknown { step: Step::Patch },
            EntryState::Conflict { theirs: number },
            EntryState::Conflict {
                theirs: Value::Number(None),
            },
            EntryState::Rejected {
                cause: "a".into(),
                raw: "b \"c\"\n".into(),
                hint: "d".into(),
            },
        ];
        for state in states {
            assert_eq!(read(&write(&state), Field::Number), Ok(state));
        }
        assert_eq!(write(&EntryState::Queued), r#"{"state":"queued"}"#);
        assert!(read(r#"{"state":"flying"}"#, Field::Number).is_err());
        assert!(read("", Field::Country).is_err());
    }
}
