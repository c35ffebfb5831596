//! `numbers`: the tenant's numbers, who has each, and what stands in its way.

use std::sync::Arc;

use jiff::Timestamp;

use crate::domain::directory::{Activation, NumberSource};
use crate::ops::{desk, inventory};
use crate::record::json;
use crate::roster::inventory::{NumberRow, Standing, activation_words, kind_words, source_words};
use crate::roster::query::Query;
use crate::roster::wishes::Wishes;

use super::args::{Global, Numbers};
use super::doubt::Doubts;
use super::exit::Exit;
use super::numbers_json::NumberJson;
use super::open::{Opened, open};
use super::print;

pub(super) async fn run(global: &Global, args: &Numbers) -> anyhow::Result<Exit> {
    let mut opened = open(global).await?;
    opened.need_snapshot().await?;
    let now: Timestamp = opened.clock.now();
    let store = &opened.world.store;
    let inventory = inventory::load(store, 1, Arc::default())
        .await
        .map_err(|error| error.failure())?;
    let desk = desk::load_desk(store, now)
        .await
        .map_err(|error| error.failure())?;
    if !inventory.known {
        print::tell(if opened.world.client.has_teams_api() {
            "The numbers of this tenant could not be read: the permission TeamsTelephoneNumber.Read.All may be missing."
        } else {
            "This cloud has no Teams administration API: its numbers cannot be listed here. In Teams PowerShell: Get-CsPhoneNumberAssignment. `script` writes queued changes as a script."
        });
    }
    let wishes = Wishes::of(&desk);
    let query = Query::parse(args.filter.as_deref().unwrap_or_default());
    let mut folded = String::new();
    let rows: Vec<&NumberRow> = inventory
        .numbers
        .iter()
        .enumerate()
        .filter(|(_, row)| !args.free || row.standing() == Standing::Free)
        .filter(|(place, _)| {
            inventory.folded(*place, &wishes, &mut folded);
            query.matches(&folded)
        })
        .map(|(_, row)| row)
        .collect();
    if global.json {
        let rows: Vec<NumberJson> = rows
            .iter()
            .map(|row| NumberJson::new(row, &wishes))
            .collect();
        print::data(&json::listing("numbers", &rows)?)?;
    } else {
        print(&Doubts::of(&opened).await?, &rows, &wishes)?;
    }
    Ok(exit(&opened))
}

fn exit(opened: &Opened) -> Exit {
    Exit::Done.or_damaged(opened.was_damaged())
}

fn print(doubts: &Doubts, rows: &[&NumberRow], wishes: &Wishes<'_>) -> anyhow::Result<()> {
    const HOLDER: usize = 5;
    let shown: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let mut cells = cells(row, wishes);
            if let Some(owner) = row.holder() {
                cells[HOLDER] = doubts.called(row.record.target, owner.name());
            }
            cells
        })
        .collect();
    print::table(
        &["NUMBER", "TYPE", "SOURCE", "STATUS", "CC", "HOLDER", "NOTE"],
        &shown,
    )?;
    let holders = rows
        .iter()
        .filter_map(|row| Some((row.record.target, row.holder()?.name())));
    doubts.tell(holders);
    Ok(())
}

fn cells(row: &NumberRow, wishes: &Wishes<'_>) -> Vec<String> {
    let holder = row.holder().map_or("-", |owner| owner.name());
    let source = match row.record.source {
        NumberSource::Unknown => "-",
        source => source_words(source),
    };
    let country = row.country.map(|country| country.to_string());
    vec![
        row.record.number.spaced(),
        kind_words(row.record.kind).to_owned(),
        source.to_owned(),
        row.standing().word().to_owned(),
        country.unwrap_or_else(|| "-".to_owned()),
        holder.to_owned(),
        note(row, wishes),
    ]
}

fn note(row: &NumberRow, wishes: &Wishes<'_>) -> String {
    let mut parts: Vec<String> = Vec::new();
    if row.twice {
        parts.push("listed twice".to_owned());
    }
    parts.extend(row.blocked().map(|blocked| blocked.words().to_owned()));
    parts.extend(
        activation_words(row.record.activation)
            .filter(|_| row.record.activation == Activation::Pending)
            .map(ToOwned::to_owned),
    );
    parts.extend(wishes.pending(row));
    if row.holder().is_some() && wishes.user(row).is_none() {
        parts.push("not added".to_owned());
    }
    parts.join("; ")
}
