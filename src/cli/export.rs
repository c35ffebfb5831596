//! `export`: tables as delimited text, to standard output or to a file that only its owner can read.

use std::io::Write as _;
use std::path::Path;

use crate::bulk::export::{Reader, Table, write};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::run::RunId;
use crate::ops::export;
use crate::record::json;

use super::args::Global;
use super::args::bulk::{Export, ExportFor, ExportWhat};
use super::exit::Exit;
use super::open::open;
use super::print;
use super::users::desk_of;

pub(super) async fn run(global: &Global, args: &Export) -> anyhow::Result<Exit> {
    let reader = match args.reader {
        Some(ExportFor::Machine) => Reader::Machine,
        Some(ExportFor::Spreadsheet) => Reader::Spreadsheet,
        None => {
            return Err(Failure::new(
                FailureKind::Config,
                "An export is either --for machine or --for spreadsheet",
                "",
                "The + of a number is also the sign of a formula: a program wants it bare, a spreadsheet must not run it. Import reads both.",
            )
            .into());
        }
    };
    if let Some(out) = args
        .out
        .as_deref()
        .filter(|out| out.exists() && !args.force)
    {
        return Err(there(out));
    }
    let mut opened = open(global).await?;
    let is_log = matches!(args.what, ExportWhat::Log { .. });
    if !is_log {
        opened.need_snapshot().await?;
    }
    let store = &opened.world.store;
    let table = match args.what {
        ExportWhat::Users => export::users(&desk_of(&opened).await?),
        ExportWhat::Candidates => export::candidates(store).await?,
        ExportWhat::Numbers => export::numbers(store).await?,
        ExportWhat::Log { run } => export::log(store, RunId(run)).await?,
        ExportWhat::Reasons => export::reasons(store).await?,
    };
    if global.json {
        print::data(&as_json(&table)?)?;
        return Ok(Exit::Done.or_damaged(opened.was_damaged()));
    }
    let text = write(&table, reader);
    match &args.out {
        None => print::text(&text)?,
        Some(out) => {
            save(out, &text, args.force)?;
            let rows = table.rows.len();
            let noun = if rows == 1 { "row" } else { "rows" };
            print::tell(&format!("{rows} {noun} written to {}", out.display()));
        }
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

fn as_json(table: &Table) -> serde_json::Result<String> {
    let rows: Vec<serde_json::Map<String, serde_json::Value>> = table
        .rows
        .iter()
        .map(|row| {
            let names = table.header.iter().map(|name| (*name).to_owned());
            names.zip(row.iter().cloned().map(Into::into)).collect()
        })
        .collect();
    json::listing("rows", &rows)
}

fn there(out: &Path) -> anyhow::Error {
    Failure::new(
        FailureKind::Config,
        format!("{} is there already", out.display()),
        "",
        "Nothing was written. Give another name, or --force to take its place.",
    )
    .into()
}

/// Beside the name first, then under it: a reader sees the old file or the whole new one.
fn save(out: &Path, text: &str, force: bool) -> anyhow::Result<()> {
    let folder = match out.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let failed = |error: std::io::Error| {
        Failure::new(
            FailureKind::Store,
            format!("{} could not be written", out.display()),
            error.to_string(),
            "Nothing was left behind. Give a folder that can be written to.",
        )
    };
    // Made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let kept = if force {
        file.persist(out)
    } else {
        file.persist_noclobber(out)
    };
    match kept {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Err(there(out)),
        Err(error) => Err(failed(error.error).into()),
    }
}
