//! `seats`: how many were bought, until when. Local, at once, audited.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::seat::{self, Seats as Bought};

use super::args::{Global, Seats, SeatsWhat};
use super::exit::Exit;
use super::open::open;
use super::print;

pub(super) async fn run(global: &Global, args: &Seats) -> anyhow::Result<Exit> {
    let opened = open(global).await?;
    let ledger = &opened.world.store.ledger;
    if let SeatsWhat::Set { count, ends } = &args.what {
        let before = ledger.load().await.map_err(|error| error.failure())?.seats;
        let seats = Bought {
            bought: bought(count)?,
            ends: ends.as_deref().map_or(Ok(before.ends), last_day)?,
        };
        ledger
            .set_seats(seats, opened.stamp())
            .await
            .map_err(|error| error.failure())?;
    }
    let picture = ledger.load().await.map_err(|error| error.failure())?;
    let used = seat::used(picture.users.len(), picture.seats);
    let ends = picture.seats.ends.map(|day| day.to_string());
    if global.json {
        let object = serde_json::json!({
            "schema_version": 1, "bought": picture.seats.bought, "used": used, "users": picture.users.len(), "ends": ends,
        });
        print::data(&serde_json::to_string_pretty(&object)?)?;
    } else {
        let bought = picture
            .seats
            .bought
            .map_or_else(|| "no limit".to_owned(), |n| n.to_string());
        print::data(&format!(
            "bought {bought}, used {used}, users {}, ends {}",
            picture.users.len(),
            ends.as_deref().unwrap_or("never")
        ))?;
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

fn wrong(headline: String) -> anyhow::Error {
    Failure::new(FailureKind::Config, headline, "", "Nothing was changed.").into()
}

fn bought(text: &str) -> anyhow::Result<Option<u32>> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| wrong(format!("{text} is not a number of seats")))
}

fn last_day(text: &str) -> anyhow::Result<Option<jiff::civil::Date>> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| wrong(format!("{text} is not a day: write YYYY-MM-DD")))
}
