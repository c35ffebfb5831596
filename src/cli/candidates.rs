//! `candidates`: who can be added; with `--everyone` everybody, and what stops them.

use std::collections::HashSet;

use crate::domain::gate::{FirstCause, Marks};
use crate::domain::phone::PhoneNumber;
use crate::record::json::{self, CandidateJson};
use crate::store::cache::StoredRow;

use super::args::{Candidates, Global};
use super::doubt::Doubts;
use super::exit::Exit;
use super::open::{Opened, open};
use super::print;

pub(super) async fn run(global: &Global, args: &Candidates) -> anyhow::Result<Exit> {
    let mut opened = open(global).await?;
    opened.need_snapshot().await?;
    if opened.manual_mode() && !args.everyone {
        print::tell(
            "This tenant is in manual mode: no list of candidates is built. `candidates --everyone` lists the tenant.",
        );
        if global.json {
            print::data(&json::listing::<CandidateJson>("candidates", &[])?)?;
        }
        return Ok(Exit::Done.or_damaged(opened.was_damaged()));
    }
    let rows = of(&opened, args.everyone).await?;
    if global.json {
        let rows: Vec<CandidateJson> = rows
            .iter()
            .map(|(row, cause)| as_json(row, *cause, args.everyone))
            .collect();
        print::data(&json::listing("candidates", &rows)?)?;
    } else {
        let doubts = Doubts::of(&opened).await?;
        let shown: Vec<Vec<String>> = rows
            .iter()
            .map(|(row, cause)| {
                let mut cells = cells(row, *cause);
                cells[0] = doubts.called(Some(row.id), &row.name);
                cells
            })
            .collect();
        print::table(&["NAME", "SIGN-IN NAME", "NUMBER", "CC", "CAUSE"], &shown)?;
        doubts.tell(rows.iter().map(|(row, _)| (Some(row.id), &*row.name)));
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

/// Who can be added, or everybody, with what stops them.
pub(super) async fn of(
    opened: &Opened,
    everyone: bool,
) -> anyhow::Result<Vec<(StoredRow, FirstCause)>> {
    let picture = opened
        .world
        .store
        .ledger
        .load()
        .await
        .map_err(|error| error.failure())?;
    let configured: HashSet<_> = picture
        .users
        .iter()
        .filter_map(|user| user.association.id())
        .collect();
    let rows = opened
        .world
        .store
        .cache
        .all_rows()
        .await
        .map_err(|error| error.failure())?;
    let rows = rows.into_iter().map(|row| {
        let cause = if configured.contains(&row.id) {
            FirstCause::Configured
        } else {
            FirstCause::from_byte(row.class)
        };
        (row, cause)
    });
    Ok(rows
        .filter(|(_, cause)| everyone || cause.is_candidate())
        .collect())
}

/// Somebody in one sentence.
pub(super) fn spoken(row: &StoredRow, cause: FirstCause) -> String {
    let mut parts = cells(row, cause);
    parts.retain(|part| part != "-" && !part.is_empty());
    parts.join(", ")
}

fn as_json(row: &StoredRow, cause: FirstCause, everyone: bool) -> CandidateJson {
    let (kind, warnings) = CandidateJson::of_marks(Marks(row.marks));
    CandidateJson {
        id: row.id.to_string(),
        upn: row.upn.clone(),
        name: row.name.clone(),
        kind,
        mail: row.mail.clone(),
        number: row.number.as_ref().map(PhoneNumber::to_string),
        country: row.location.map(|country| country.to_string()),
        warnings,
        first_cause: everyone.then(|| cause.code()),
    }
}

fn cells(row: &StoredRow, cause: FirstCause) -> Vec<String> {
    let warnings: Vec<&str> = Marks(row.marks)
        .warnings()
        .map(crate::domain::gate::Warning::words)
        .collect();
    let cause = if warnings.is_empty() {
        cause.words().to_owned()
    } else {
        format!("{} ({})", cause.words(), warnings.join(", "))
    };
    vec![
        row.name.clone(),
        row.upn.clone(),
        row.number
            .as_ref()
            .map_or_else(|| "-".to_owned(), PhoneNumber::spaced),
        row.location
            .map_or_else(|| "-".to_owned(), |country| country.to_string()),
        cause,
    ]
}
