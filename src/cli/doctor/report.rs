//! What `doctor` has seen: one line for each thing, for a person or for a program.

use serde_json::json;

use crate::cli::args::Global;
use crate::cli::exit::Exit;
use crate::cli::print;
use crate::domain::failure::Failure;
use crate::domain::text::Label;
use crate::graph::error::GraphError;
use crate::record::SCHEMA_VERSION;

/// How one thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Ok,
    Warning,
    Failed,
    Skipped,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Failed => "FAILED",
            Self::Skipped => "skipped",
        }
    }
}

/// One line.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) state: State,
    pub(super) text: String,
    pub(super) hint: String,
    pub(super) exit: Exit,
}

/// All lines, in the order in which they were looked at.
#[derive(Debug, Default)]
pub(super) struct Report(pub(super) Vec<Check>);

impl Report {
    pub(super) fn put(
        &mut self,
        name: &'static str,
        state: State,
        text: impl Into<String>,
        hint: &str,
    ) {
        self.0.push(Check {
            name,
            state,
            text: text.into(),
            hint: hint.to_owned(),
            exit: Exit::Failed,
        });
    }

    pub(super) fn ok(&mut self, name: &'static str, text: impl Into<String>) {
        self.put(name, State::Ok, text, "");
    }

    pub(super) fn failed(&mut self, name: &'static str, failure: &Failure) {
        let detail = if failure.detail.is_empty() {
            String::new()
        } else {
            format!(": {}", failure.detail)
        };
        self.0.push(Check {
            name,
            state: State::Failed,
            text: format!("{}{detail}", failure.headline),
            hint: failure.hint.clone(),
            exit: Exit::of_failure(failure),
        });
    }

    pub(super) fn warn(&mut self, name: &'static str, text: impl Into<String>, hint: &str) {
        self.put(name, State::Warning, text, hint);
    }

    pub(super) fn skipped(&mut self, name: &'static str, text: impl Into<String>) {
        self.put(name, State::Skipped, text, "");
    }

    /// A permission lacks: somebody has to consent and sign in again.
    pub(super) fn lacks(&mut self, name: &'static str, text: String, hint: String) {
        self.0.push(Check {
            name,
            state: State::Failed,
            text,
            hint,
            exit: Exit::SignIn,
        });
    }

    pub(super) fn call(&mut self, name: &'static str, result: Result<String, GraphError>) {
        match result {
            Ok(text) => self.ok(name, text),
            // Nothing is broken, and nothing can be mended: the cloud is like that.
            Err(error @ GraphError::NoTeamsApi) => {
                let failure = error.failure("Asking");
                self.put(name, State::Skipped, error.to_string(), &failure.hint);
            }
            Err(error) => self.failed(name, &error.failure("Asking")),
        }
    }

    /// The first failure decides how the command ends.
    pub(super) fn exit(&self) -> Exit {
        self.0
            .iter()
            .find(|check| check.state == State::Failed)
            .map_or(Exit::Done, |check| check.exit)
    }
}

/// The whole report as an object.
pub(super) fn as_json(report: &Report) -> serde_json::Value {
    let checks: Vec<serde_json::Value> = report
        .0
        .iter()
        .map(|check| {
            json!({
                "name": check.name,
                "state": check.state.word().to_lowercase(),
                "text": Label::new(&check.text).to_string(),
                "hint": check.hint,
            })
        })
        .collect();
    json!({ "schema_version": SCHEMA_VERSION, "checks": checks })
}

pub(super) fn tell(report: &Report, global: &Global) -> anyhow::Result<()> {
    if global.json {
        return print::data(&serde_json::to_string_pretty(&as_json(report))?);
    }
    for check in &report.0 {
        print::data(&format!(
            "{:<8} {:<15} {}",
            check.state.word(),
            check.name,
            Label::new(&check.text)
        ))?;
        if check.state != State::Ok && !check.hint.is_empty() {
            print::data(&format!("{:<24} -> {}", "", Label::new(&check.hint)))?;
        }
    }
    Ok(())
}
