//! `sync --plan --all-tenants`: one tenant after another, a line each; one that fails does not stop the others.

use crate::cli::args::{Global, Sync};
use crate::cli::exit::Exit;
use crate::cli::open::{located, open_quietly};
use crate::cli::print;
use crate::config::{Config, SignInWay};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::run::{Outcome, RunKind, Summary};
use crate::domain::text::counted;
use crate::record::json::{self, SummaryJson};
use crate::runtime::credentials::app_of;

use super::narrator::Narrator;

/// What came of one tenant.
struct Seen {
    outcome: Outcome,
    summary: Summary,
    planned: usize,
    left_out: usize,
    exit: Exit,
}

pub(super) async fn run(global: &Global, args: &Sync) -> anyhow::Result<Exit> {
    if global.tenant.is_some() || global.demo.is_some() {
        let failure = Failure::new(
            FailureKind::Config,
            "--all-tenants goes with neither --tenant nor --demo",
            "",
            "Nothing was read. Leave one of the two out.",
        );
        return Err(failure.into());
    }
    let (_, config) = located(global)?;
    if config.tenants.is_empty() {
        let failure = Failure::new(
            FailureKind::Config,
            "No tenant is configured",
            "",
            "`tenants add NAME` writes one into the configuration.",
        );
        return Err(failure.into());
    }
    let secret_of = Some(one_app(&config).unwrap_or_default());
    let mut worst = Exit::Done;
    for name in config.tenants.keys() {
        let one = Global {
            tenant: Some(name.clone()),
            secret_of: secret_of.clone(),
            ..global.clone()
        };
        let exit = match Box::pin(plan_one(&one, args)).await {
            Ok(seen) => {
                tell(global.json, name, &seen)?;
                seen.exit
            }
            Err(error) => failed(global.json, name, &error)?,
        };
        worst = worse(worst, exit);
        if matches!(exit, Exit::Other(_)) {
            break; // It was interrupted by whoever runs it.
        }
    }
    Ok(worst)
}

/// The application of all tenants that would take their secret from the environment, if it is one and the same.
fn one_app(config: &Config) -> Option<String> {
    let mut apps = config
        .tenants
        .values()
        .filter(|tenant| tenant.sign_in == SignInWay::ClientSecret && tenant.secret_file.is_none())
        .map(|tenant| app_of(&config.client_id(tenant).unwrap_or_default(), tenant));
    let first = apps.next()?;
    apps.all(|app| app == first).then_some(first)
}

async fn plan_one(global: &Global, args: &Sync) -> anyhow::Result<Seen> {
    let mut opened = open_quietly(global).await?;
    let damaged = opened.was_damaged();
    let mut narrator = Narrator::silent();
    let (outcome, summary) = narrator
        .follow(&mut opened, RunKind::Sync, args.debug)
        .await?;
    let (planned, left_out) = narrator
        .plan
        .take()
        .map_or((0, 0), |plan| (plan.items.len(), plan.left_out.len()));
    let mut exit = Exit::of_run(&outcome, &summary);
    if exit == Exit::Done && summary.left > 0 {
        exit = Exit::Planned;
    }
    Ok(Seen {
        outcome,
        summary,
        planned,
        left_out,
        exit: exit.or_damaged(damaged),
    })
}

fn tell(as_json: bool, name: &str, seen: &Seen) -> anyhow::Result<()> {
    if let Outcome::Failed(failure) = &seen.outcome {
        return failed(as_json, name, &failure.clone().into()).map(drop);
    }
    let code = seen.exit.code();
    if as_json {
        let summary = SummaryJson::new(&seen.outcome, &seen.summary);
        let object = serde_json::json!({
            "tenant": name, "exit": code, "planned": seen.planned, "left_out": seen.left_out, "summary": summary,
        });
        return print::data(&json::line(&object)?);
    }
    print::data(&format!(
        "{name}: {}: {}, {} planned, {} left out; exit {code}",
        seen.outcome.word(),
        counted(seen.summary.counters.total, "user", "users"),
        seen.planned,
        seen.left_out
    ))
}

/// The line of a tenant that could not be read.
fn failed(as_json: bool, name: &str, error: &anyhow::Error) -> anyhow::Result<Exit> {
    let known = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Failure>());
    let exit = known.map_or(Exit::Failed, Exit::of_failure);
    let words = match known {
        Some(failure) => {
            let lines: Vec<&str> = failure.lines().collect();
            lines.join("; ")
        }
        None => format!("{error:#}"),
    };
    let code = exit.code();
    if as_json {
        let object = serde_json::json!({ "tenant": name, "exit": code, "failure": words });
        print::data(&json::line(&object)?)?;
    } else {
        let text = format!("{name}: failed: {words}; exit {code}");
        print::data(crate::domain::text::Label::new(&text).as_str())?;
    }
    Ok(exit)
}

/// The worse of two ends: what somebody has to mend before what mends itself, and that before what only waits.
fn worse(one: Exit, other: Exit) -> Exit {
    fn weight(exit: Exit) -> u8 {
        match exit {
            Exit::Done => 0,
            Exit::Planned => 1,
            Exit::Partly => 2,
            Exit::TryAgain => 3,
            Exit::SignIn => 4,
            Exit::Damaged => 5,
            Exit::Usage => 6,
            Exit::Refused => 7,
            Exit::Failed => 8,
            Exit::Other(_) => 9,
        }
    }
    if weight(other) > weight(one) {
        other
    } else {
        one
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_end_is_the_one_that_counts() {
        let ends = [Exit::Planned, Exit::SignIn, Exit::Done, Exit::TryAgain];
        assert_eq!(ends.into_iter().fold(Exit::Done, worse), Exit::SignIn);
        assert_eq!(worse(Exit::Refused, Exit::SignIn), Exit::Refused);
        assert_eq!(worse(Exit::Done, Exit::Planned), Exit::Planned);
    }
}
