//! One line of the audit as JSON: what `audit.jsonl` holds, and what the chain's hashes are made of.

use serde::{Deserialize, Serialize};

use super::Unreadable;

/// A line as it is written. The order of the fields is part of the form, since a hash covers the bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditForm {
    /// Place in the chain, from 1.
    pub seq: i64,
    /// When, RFC 3339.
    pub at: String,
    /// Who.
    pub author: String,
    /// Which tenant, or empty.
    pub tenant: String,
    /// Row id of the user.
    pub user_id: Option<i64>,
    /// Name of the user, or empty.
    pub user: String,
    /// What was done.
    pub action: String,
    /// Which field, or empty.
    pub field: String,
    /// Value before, or empty.
    pub before: String,
    /// Value after, or empty.
    pub after: String,
    /// What came of it, or empty.
    pub outcome: String,
    /// Row id of the entry.
    pub entry: Option<i64>,
    /// Number of the run.
    pub run: Option<i64>,
    /// More, in words.
    pub note: String,
    /// The ticket that the change belongs to; a line without one is written as it was before there were tickets.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ticket: String,
    /// Hash of the line before.
    pub prev: String,
    /// Hash of this line; left out of what is hashed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub hash: String,
}

impl AuditForm {
    /// The line, without an end of line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self)
            .expect("a line has only texts and numbers, which are always JSON")
    }

    /// The line without its hash: what the hash is made of.
    pub fn hashed_text(&self) -> String {
        Self {
            hash: String::new(),
            ..self.clone()
        }
        .to_json()
    }

    /// Reads a line that is written exactly as [`Self::to_json`] writes it: another spelling of the same is no line.
    pub fn from_json(line: &str) -> Result<Self, Unreadable> {
        const BAD: Unreadable = Unreadable::of("a line of the audit");
        let form: Self = serde_json::from_str(line).map_err(|_| BAD)?;
        if form.to_json() == line {
            Ok(form)
        } else {
            Err(BAD)
        }
    }
}
