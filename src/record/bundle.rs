//! What a support bundle holds: rows of the store's tables as JSON, and the page that says what is inside.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::directory::{AssignedPlan, Licence, PlanStatus};
use crate::domain::guid::{GroupId, PlanId, SkuId};

use super::Unreadable;
use super::facts::Facts;

/// What a bundle says that it is.
pub const FORMAT: &str = "teamsconnector-bundle";

/// Version of the form; a reader refuses a higher one.
pub const VERSION: u32 = 1;

/// The first page of a bundle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: String,
    /// [`VERSION`].
    pub version: u32,
    /// Version of the program that made it.
    pub program: String,
    /// When.
    pub made_at: Timestamp,
    /// Whether names, addresses and numbers are the true ones.
    pub revealed: bool,
    /// Bundles with the same mark were made with the same key: equal pseudonyms in them mean equal things.
    pub key_mark: String,
    /// The tenant: by the word that its screens and `config.json` have for it, too.
    pub tenant: String,
    /// Ids of the people who were asked for, with the name of the file that explains each.
    pub people: BTreeMap<String, String>,
    /// Those of them whom nobody in the tenant's files is called, by the same words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub nobody: Vec<String>,
}

/// The rows of one table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns.
    pub columns: Vec<String>,
    /// Its rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
}

/// One cell.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Cell {
    /// Nothing.
    Nothing(()),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
    /// An id.
    Id {
        /// As it is written.
        id: String,
    },
    /// Several ids.
    Ids {
        /// As they are written.
        ids: Vec<String>,
    },
    /// Licences and plans of a user.
    Facts {
        /// Written out.
        facts: FactsForm,
    },
}

/// Licences, deciding plans, and what was wrong with the record of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactsForm {
    licences: Vec<LicenceForm>,
    plans: Vec<PlanForm>,
    flaw: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct LicenceForm {
    sku: String,
    group: Option<String>,
    disabled: Vec<String>,
    error: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanForm {
    plan: String,
    status: String,
    since: Option<Timestamp>,
}

impl From<&Facts> for FactsForm {
    fn from(facts: &Facts) -> Self {
        Self {
            licences: facts
                .licences
                .iter()
                .map(|licence| LicenceForm {
                    sku: licence.sku.to_string(),
                    group: licence.group.map(|id| id.to_string()),
                    disabled: licence.disabled.iter().map(PlanId::to_string).collect(),
                    error: licence.error.clone(),
                })
                .collect(),
            plans: facts
                .plans
                .iter()
                .map(|plan| PlanForm {
                    plan: plan.plan.to_string(),
                    status: plan.status.as_str().to_owned(),
                    since: plan.since,
                })
                .collect(),
            flaw: facts.flaw.clone(),
        }
    }
}

impl FactsForm {
    /// The values.
    pub fn facts(&self) -> Result<Facts, Unreadable> {
        const BAD: Unreadable = Unreadable::of("a user's licences");
        let plan = |text: &str| text.parse::<PlanId>().map_err(|_| BAD);
        let licence = |form: &LicenceForm| {
            Ok(Licence {
                sku: form.sku.parse::<SkuId>().map_err(|_| BAD)?,
                group: form
                    .group
                    .as_deref()
                    .map(|id| id.parse::<GroupId>().map_err(|_| BAD))
                    .transpose()?,
                disabled: form
                    .disabled
                    .iter()
                    .map(|id| plan(id))
                    .collect::<Result<_, _>>()?,
                error: form.error.clone(),
            })
        };
        Ok(Facts {
            licences: self
                .licences
                .iter()
                .map(licence)
                .collect::<Result<_, Unreadable>>()?,
            plans: self
                .plans
                .iter()
                .map(|form| {
                    Ok(AssignedPlan {
                        plan: plan(&form.plan)?,
                        status: PlanStatus::from_graph(&form.status),
                        since: form.since,
                    })
                })
                .collect::<Result<_, Unreadable>>()?,
            flaw: self.flaw.clone(),
        })
    }

    /// The same with every text and every id of a group put through `text` and `id`.
    #[must_use]
    pub fn mapped(&self, text: &dyn Fn(&str) -> String, id: &dyn Fn(&str) -> String) -> Self {
        let mut form = self.clone();
        for licence in &mut form.licences {
            licence.sku = id(&licence.sku);
            licence.group = licence.group.as_deref().map(id);
            licence.error = licence.error.as_deref().map(text);
        }
        form.flaw = form.flaw.as_deref().map(text);
        form
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_there_and_back() {
        let cells = vec![
            Cell::Nothing(()),
            Cell::Integer(-7),
            Cell::Text("a".to_owned()),
            Cell::Id { id: "b".to_owned() },
            Cell::Ids { ids: vec![] },
            Cell::Facts {
                facts: FactsForm::from(&Facts::default()),
            },
        ];
        let text = serde_json::to_string(&cells).unwrap();
        assert_eq!(
            text,
            r#"[null,-7,"a",{"id":"b"},{"ids":[]},{"facts":{"licences":[],"plans":[],"flaw":null}}]"#
        );
        assert_eq!(serde_json::from_str::<Vec<Cell>>(&text).unwrap(), cells);
        assert!(serde_json::from_str::<Cell>("true").is_err());
        assert!(serde_json::from_str::<Cell>(r#"{"blob":"00"}"#).is_err());
    }
}
