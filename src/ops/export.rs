//! What can be exported, as tables.

use std::collections::HashSet;
use std::sync::Arc;

use crate::bulk::export::Table;
use crate::domain::directory::AssignmentStatus;
use crate::domain::failure::Failure;
use crate::domain::gate::{FirstCause, Marks, Warning};
use crate::domain::phone::PhoneNumber;
use crate::domain::run::RunId;
use crate::domain::user::{Field, LicenseStatus, Value};
use crate::roster::desk::{Desk, DeskUser};
use crate::store::Store;
use crate::store::cache::StoredRow;

use super::{history, inventory};

/// Configured users, with the columns of an import first. The number is the one that is wanted, where a change of it waits.
pub fn users(desk: &Desk) -> Table {
    Table {
        header: vec![
            "SIPUsername",
            "Name",
            "Email",
            "PhoneNumber",
            "ExternalId",
            "NumberKind",
            "Country",
            "LicenseStatus",
            "Cause",
            "SignInName",
            "NumberInTenant",
        ],
        rows: desk.users.iter().map(user).collect(),
    }
}

fn user(row: &DeskUser) -> Vec<String> {
    let user = &row.user;
    let held = user
        .number
        .as_ref()
        .map(PhoneNumber::to_string)
        .unwrap_or_default();
    let waiting = row
        .entries
        .iter()
        .find(|entry| entry.field() == Field::Number);
    let wanted = waiting.map_or_else(|| held.clone(), |entry| entry.wanted.compact());
    let (status, cause) = match row.status {
        LicenseStatus::Licensed => ("licensed", String::new()),
        LicenseStatus::Unlicensed(cause) => ("unlicensed", cause.to_string()),
    };
    vec![
        user.sip_username.clone().unwrap_or_default(),
        user.name.clone(),
        user.mail.clone(),
        wanted,
        user.external_id.clone().unwrap_or_default(),
        user.kind.as_str().to_owned(),
        Value::Country(user.country).compact(),
        status.to_owned(),
        cause,
        row.upn.clone().unwrap_or_default(),
        held,
    ]
}

/// Who can be added: with the name, the e-mail and the number of the tenant, as an import takes them.
pub async fn candidates(store: &Store) -> Result<Table, Failure> {
    let rows = not_configured(store).await?;
    let rows = rows
        .into_iter()
        .filter(|row| FirstCause::from_byte(row.class).is_candidate());
    Ok(Table {
        header: vec![
            "Name",
            "Email",
            "PhoneNumber",
            "Country",
            "Kind",
            "Warnings",
            "SignInName",
            "Id",
        ],
        rows: rows.map(candidate).collect(),
    })
}

fn candidate(row: StoredRow) -> Vec<String> {
    let marks = Marks(row.marks);
    let warnings: Vec<&str> = marks.warnings().map(Warning::words).collect();
    let kind = if marks.is_resource() {
        "resource"
    } else {
        "user"
    };
    vec![
        row.name,
        row.mail.unwrap_or_else(|| row.upn.clone()),
        row.number
            .as_ref()
            .map(PhoneNumber::to_string)
            .unwrap_or_default(),
        Value::Country(row.location).compact(),
        kind.to_owned(),
        warnings.join("; "),
        row.upn,
        row.id.to_string(),
    ]
}

async fn not_configured(store: &Store) -> Result<Vec<StoredRow>, Failure> {
    let picture = store.ledger.load().await.map_err(|e| e.failure())?;
    let users = picture.users.iter();
    let configured: HashSet<_> = users.filter_map(|user| user.association.id()).collect();
    let rows = store.cache.all_rows().await.map_err(|e| e.failure())?;
    Ok(rows
        .into_iter()
        .filter(|row| !configured.contains(&row.id))
        .collect())
}

/// Everybody who is no candidate and not on the list, with the first gate that stops them.
pub async fn reasons(store: &Store) -> Result<Table, Failure> {
    let rows = not_configured(store).await?;
    let missing = rows.into_iter().map(|row| {
        let cause = FirstCause::from_byte(row.class);
        (row, cause)
    });
    Ok(Table {
        header: vec![
            "Name",
            "SignInName",
            "Email",
            "Code",
            "Reason",
            "PhoneNumber",
            "Country",
            "Id",
        ],
        rows: missing
            .filter(|(_, cause)| !cause.is_candidate())
            .map(|(row, cause)| {
                vec![
                    row.name,
                    row.upn,
                    row.mail.unwrap_or_default(),
                    cause.code().to_owned(),
                    cause.words().to_owned(),
                    row.number
                        .as_ref()
                        .map(PhoneNumber::to_string)
                        .unwrap_or_default(),
                    Value::Country(row.location).compact(),
                    row.id.to_string(),
                ]
            })
            .collect(),
    })
}

/// The tenant's numbers, and who holds each.
pub async fn numbers(store: &Store) -> Result<Table, Failure> {
    let inventory = inventory::load(store, 1, Arc::default())
        .await
        .map_err(|e| e.failure())?;
    Ok(Table {
        header: vec![
            "Number",
            "Type",
            "Status",
            "Use",
            "Country",
            "Holder",
            "HolderSignInName",
            "HolderId",
        ],
        rows: inventory
            .numbers
            .iter()
            .map(|row| {
                let holder = row.holder();
                let used = match row.record.status {
                    AssignmentStatus::Unassigned => "",
                    AssignmentStatus::User => "user",
                    AssignmentStatus::Conference => "conference",
                    AssignmentStatus::VoiceApplication => "voice_application",
                    AssignmentStatus::Other => "other",
                };
                vec![
                    row.record.number.to_string(),
                    row.record.kind.as_str().to_owned(),
                    row.standing().word().to_owned(),
                    used.to_owned(),
                    Value::Country(row.country).compact(),
                    holder
                        .map(|owner| owner.name().to_owned())
                        .unwrap_or_default(),
                    holder
                        .map(|owner| owner.upn().to_owned())
                        .unwrap_or_default(),
                    row.record
                        .target
                        .map(|id| id.to_string())
                        .unwrap_or_default(),
                ]
            })
            .collect(),
    })
}

/// The log of a run as the console shows it: a line each, warnings and errors with their word.
pub async fn log_text(store: &Store, run: RunId) -> Result<String, Failure> {
    let lines = history::log(store, run).await?;
    let lines = lines.iter().map(crate::domain::run::LogLine::marked);
    Ok(lines.map(|line| line + "\n").collect())
}

/// The log of a run.
pub async fn log(store: &Store, run: RunId) -> Result<Table, Failure> {
    let lines = history::log(store, run).await?;
    Ok(Table {
        header: vec!["Seconds", "Source", "Level", "Text"],
        rows: lines
            .into_iter()
            .map(|line| {
                vec![
                    line.at.to_string(),
                    line.source.as_str().to_owned(),
                    line.level.as_str().to_owned(),
                    line.text,
                ]
            })
            .collect(),
    })
}
