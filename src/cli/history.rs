//! `history`: earlier runs, their logs, and the difference of two.

use crate::domain::difference::{Difference, Kind};
use crate::domain::run::{RunHead, RunId};
use crate::domain::text::Label;
use crate::ops::history;
use crate::record::json::{self, DifferenceJson, LineJson, RunJson};

use super::args::Global;
use super::args::looking_back::{History, HistoryWhat};
use super::exit::Exit;
use super::open::open;
use super::print;

pub(super) async fn run(global: &Global, args: &History) -> anyhow::Result<Exit> {
    let opened = open(global).await?;
    let store = &opened.world.store;
    match args.what.as_ref().unwrap_or(&HistoryWhat::List) {
        HistoryWhat::List => {
            let runs = store
                .history
                .list(50)
                .await
                .map_err(|error| error.failure())?;
            list(global, &runs)?;
        }
        HistoryWhat::Show { run } => {
            for line in history::log(store, RunId(*run)).await? {
                if global.json {
                    print::data(&json::line(&LineJson::from(&line))?)?;
                } else {
                    print::data(Label::new(&line.marked()).as_str())?;
                }
            }
        }
        HistoryWhat::Diff { one, other } => {
            let diff = history::difference(store, RunId(*one), RunId(*other)).await?;
            show(global, &diff)?;
        }
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

fn list(global: &Global, runs: &[RunHead]) -> anyhow::Result<()> {
    if global.json {
        let rows: Vec<RunJson> = runs.iter().map(RunJson::from).collect();
        return print::data(&json::listing("runs", &rows)?);
    }
    let zone = print::zone();
    let rows: Vec<Vec<String>> = runs
        .iter()
        .map(|run| {
            let debug = if run.debug { " debug" } else { "" };
            vec![
                run.id.0.to_string(),
                format!(
                    "{}{}",
                    run.started_at.strftime("%Y-%m-%d %H:%M:%SZ"),
                    zone.beside(run.started_at)
                ),
                format!("{}{debug}", run.kind),
                run.outcome.clone(),
                run.failure.clone(),
            ]
        })
        .collect();
    print::table(&["RUN", "STARTED", "KIND", "OUTCOME", ""], &rows)
}

fn show(global: &Global, diff: &Difference) -> anyhow::Result<()> {
    if global.json {
        return print::data(&json::single(&DifferenceJson::new(diff))?);
    }
    for caveat in diff.caveats() {
        print::tell(&caveat);
    }
    let (from, to) = (
        format!("RUN {}", diff.from.id.0),
        format!("RUN {}", diff.to.id.0),
    );
    let rows: Vec<Vec<String>> = diff
        .counters
        .iter()
        .map(|counter| {
            let change = i128::from(counter.after) - i128::from(counter.before);
            vec![
                counter.name.to_owned(),
                counter.before.to_string(),
                counter.after.to_string(),
                if change == 0 {
                    String::new()
                } else {
                    format!("{change:+}")
                },
            ]
        })
        .collect();
    print::table(&["COUNTER", &from, &to, "CHANGE"], &rows)?;
    print::data("")?;
    let counted = |kind: Kind| format!("{} {}", diff.counted(kind), kind.word());
    print::data(&format!(
        "{}, {}, {}",
        counted(Kind::Came),
        counted(Kind::Went),
        counted(Kind::Changed)
    ))?;
    if diff.turns.is_empty() {
        return Ok(());
    }
    let rows: Vec<Vec<String>> = diff
        .turns
        .iter()
        .map(|turn| {
            vec![
                turn.kind().word().to_owned(),
                turn.name.clone(),
                turn.words(),
            ]
        })
        .collect();
    print::table(&["", "USER", "GATE"], &rows)
}
