//! `history`: earlier runs and their logs.

use crate::domain::run::RunId;
use crate::record::json::{self, LineJson, RunJson};

use super::args::{Global, History, HistoryWhat};
use super::exit::Exit;
use super::open::open;
use super::print;

pub(super) async fn run(global: &Global, args: &History) -> anyhow::Result<Exit> {
    let opened = open(global).await?;
    let history = &opened.world.store.history;
    match args.what.as_ref().unwrap_or(&HistoryWhat::List) {
        HistoryWhat::List => {
            let runs = history.list(50).await.map_err(|error| error.failure())?;
            if global.json {
                let rows: Vec<RunJson> = runs.iter().map(RunJson::from).collect();
                print::data(&json::listing("runs", &rows)?)?;
            } else {
                let rows: Vec<Vec<String>> = runs
                    .iter()
                    .map(|run| {
                        let started = run.started_at.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
                        vec![
                            run.id.0.to_string(),
                            started,
                            run.kind.clone(),
                            run.outcome.clone(),
                            run.failure.clone(),
                        ]
                    })
                    .collect();
                print::table(&["RUN", "STARTED", "KIND", "OUTCOME", ""], &rows)?;
            }
        }
        HistoryWhat::Show { run } => {
            for line in history
                .log(RunId(*run))
                .await
                .map_err(|error| error.failure())?
            {
                if global.json {
                    print::data(&json::line(&LineJson::from(&line))?)?;
                } else {
                    print::data(&line.to_string())?;
                }
            }
        }
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}
