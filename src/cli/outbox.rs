//! `outbox`: what waits to be written.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::outbox::{Entry, EntryId, EntryState};
use crate::domain::phone::PhoneNumber;
use crate::domain::text::Label;
use crate::domain::{planning, seat};
use crate::ops::{change, desk, history};
use crate::record::json::{self, EntryJson};
use crate::store::Store;
use crate::store::error::StoreError;

use super::args::{Global, Outbox, OutboxWhat};
use super::exit::Exit;
use super::open::open;
use super::print;

pub(super) async fn run(global: &Global, args: &Outbox) -> anyhow::Result<Exit> {
    let opened = open(global).await?;
    let store = &opened.world.store;
    match &args.what {
        OutboxWhat::List { done: true, .. } => done(global, store).await?,
        OutboxWhat::List { parked, .. } => {
            let today = opened.clock.now().to_zoned(TimeZone::UTC).date();
            list(store, *parked, global.json, today).await?;
        }
        OutboxWhat::Drop { id } => {
            print::tell(&change::undo(store, EntryId(*id), opened.stamp()).await?);
        }
        OutboxWhat::Keep { id } => {
            check_conflict(store, *id).await?;
            print::tell(&change::decide(store, EntryId(*id), true, opened.stamp()).await?);
        }
        OutboxWhat::Take { id } => {
            check_conflict(store, *id).await?;
            print::tell(&change::decide(store, EntryId(*id), false, opened.stamp()).await?);
        }
        OutboxWhat::TakeBack { id, name } => {
            super::repair::take_back(&opened, *id, name.as_deref()).await?;
        }
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

/// What waits, or what is set aside of the tenant before.
async fn list(store: &Store, parked: bool, as_json: bool, today: Date) -> anyhow::Result<()> {
    let failed = |error: StoreError| error.failure();
    let picture = store.ledger.load().await.map_err(failed)?;
    let statuses = seat::statuses(&picture.users, picture.seats, today);
    let mut entries = if parked {
        store.ledger.parked_entries().await.map_err(failed)?
    } else {
        picture.entries
    };
    let names = desk::names(store, &picture.users, &entries).await;
    let names = names.map_err(failed)?;
    for entry in &mut entries {
        match names.get(&entry.id) {
            Some(now) if as_json => entry.name.clone_from(now),
            now => entry.name = entry.called(now.map(String::as_str)),
        }
    }
    let waits = |entry: &Entry| {
        let held = planning::held_back(entry, &entries, &picture.users, &statuses);
        held.filter(|_| !parked)
    };
    if as_json {
        let rows: Vec<serde_json::Value> = entries
            .iter()
            .map(|entry| {
                let mut row = serde_json::json!(EntryJson::new(entry));
                row["waits"] = serde_json::json!(waits(entry));
                row["released"] = serde_json::json!(entry.owed().map(PhoneNumber::as_str));
                row
            })
            .collect();
        print::data(&json::listing("entries", &rows)?)?;
        return Ok(());
    }
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| {
            let state = if parked {
                format!("set aside, of {}", entry.tenant)
            } else if waits(entry).is_some() {
                "held".to_owned()
            } else {
                entry.state.word().to_owned()
            };
            vec![
                entry.id.0.to_string(),
                entry.name.clone(),
                entry.field().as_str().to_owned(),
                was(entry),
                entry.wanted.shown(),
                theirs(entry),
                state,
                entry.author.clone(),
            ]
        })
        .collect();
    let header = [
        "ID",
        "NAME",
        "FIELD",
        "WAS",
        "WANTED",
        "TENANT HAS",
        "STATE",
        "BY",
    ];
    print::table(&header, &rows)?;
    for entry in &entries {
        refused(entry)?;
        let held = match &entry.state {
            EntryState::Held { why } => Some(why.clone()),
            _ => waits(entry),
        };
        let line = |text: String| print::data(Label::new(&text).as_str());
        if let Some(why) = held.filter(|why| !why.is_empty()) {
            line(format!("{} held: {why}", entry.id.0))?;
        }
        if let Some(owed) = entry.owed_words() {
            line(format!("{} {owed}", entry.id.0))?;
            line(format!("   to do: {}", super::sync::ways_on(entry)))?;
        }
    }
    Ok(())
}

/// What the tenant had; of a number that this change has taken away already, that it has.
fn was(entry: &Entry) -> String {
    let released = entry.owed().is_some() && entry.takes_from.is_none();
    let mark = if released { ", released" } else { "" };
    format!("{}{mark}", entry.had().shown())
}

/// What was written, the newest first.
async fn done(global: &Global, store: &Store) -> anyhow::Result<()> {
    let written = history::written(store).await?;
    if global.json {
        let rows: Vec<serde_json::Value> = written
            .iter()
            .map(|(by, one)| {
                serde_json::json!({
                    "id": one.entry.0,
                    "name": one.name,
                    "field": one.wanted.field().as_str(),
                    "was": one.base.shown(),
                    "now": one.wanted.shown(),
                    "at": one.at.to_string(),
                    "by": by,
                })
            })
            .collect();
        return print::data(&json::listing("written", &rows)?);
    }
    let rows: Vec<Vec<String>> = written
        .iter()
        .map(|(by, one)| {
            vec![
                one.entry.0.to_string(),
                one.name.clone(),
                one.wanted.field().as_str().to_owned(),
                one.base.shown(),
                one.wanted.shown(),
                one.at.strftime("%Y-%m-%d %H:%MZ").to_string(),
                by.clone(),
            ]
        })
        .collect();
    print::table(&["ID", "NAME", "FIELD", "WAS", "NOW", "AT", "BY"], &rows)
}

/// Only a conflict is decided: anything else is dropped, or settled by a sync.
async fn check_conflict(store: &Store, id: i64) -> anyhow::Result<()> {
    let picture = store.ledger.load().await.map_err(|error| error.failure())?;
    let entry = picture.entries.iter().find(|entry| entry.id.0 == id);
    let (headline, detail) = match entry {
        Some(entry) if matches!(entry.state, EntryState::Conflict { .. }) => return Ok(()),
        Some(entry) => (
            format!("Change {id} is no conflict"),
            format!("it is {}", entry.state.word()),
        ),
        None => (
            format!("There is no change {id} in the outbox"),
            String::new(),
        ),
    };
    let hint = "Nothing was changed. `outbox list` shows what waits.";
    Err(Failure::new(FailureKind::Config, headline, detail, hint).into())
}

/// What the tenant has, where that is known to be neither the old nor the new value.
fn theirs(entry: &Entry) -> String {
    match &entry.state {
        EntryState::Conflict { theirs } => theirs.shown(),
        _ => String::new(),
    }
}

/// The true cause of a refusal, what to do, and the tenant's own words.
fn refused(entry: &Entry) -> anyhow::Result<()> {
    let EntryState::Rejected { cause, raw, hint } = &entry.state else {
        return Ok(());
    };
    let line = |text: String| print::data(&Label::new(&text).to_string());
    line(format!("{} refused: {cause}", entry.id.0))?;
    line(format!("   to do: {hint}"))?;
    line(format!(
        "   again: the same command once more, such as `users edit` for a number or a country; `outbox drop {}` drops it",
        entry.id.0
    ))?;
    line(format!("   came back: {raw}"))
}
