//! `seats`: how many were bought, until when, who holds one. Local, at once, audited.

use jiff::civil::Date;
use serde_json::json;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::seat::{self, Seats as Bought};
use crate::domain::text::Label;
use crate::domain::user::{LicenseStatus, User};
use crate::domain::words;
use crate::ops::settings;
use crate::store::ledger::LedgerPicture;

use super::args::{Global, Seats, SeatsWhat};
use super::exit::Exit;
use super::open::{Opened, open};
use super::print;

pub(super) async fn run(global: &Global, args: &Seats) -> anyhow::Result<Exit> {
    let opened = open(global).await?;
    let today = opened.clock.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    match &args.what {
        SeatsWhat::Show => show(global, &picture(&opened).await?, today)?,
        SeatsWhat::Set {
            count,
            ends,
            preview,
        } => {
            let before = picture(&opened).await?;
            let then = Bought {
                bought: bought(count)?,
                ends: ends.as_deref().map_or(Ok(before.seats.ends), last_day)?,
            };
            if *preview {
                foresee(global, &before, then, today)?;
            } else {
                tell_losers(&before, then, today);
                settings::set_seats(&opened.world.store, then, opened.stamp()).await?;
                show(global, &picture(&opened).await?, today)?;
            }
        }
        SeatsWhat::Move { from, to } => {
            let before = picture(&opened).await?;
            let both = (named(&before, from)?.id, named(&before, to)?.id);
            let done =
                settings::move_seat(&opened.world.store, both, today, opened.stamp()).await?;
            print::tell(&done);
        }
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

async fn picture(opened: &Opened) -> anyhow::Result<LedgerPicture> {
    let picture = opened.world.store.ledger.load().await;
    picture.map_err(|error| error.failure().into())
}

/// The count, and everybody in the order of the seats: the last are the first to lose theirs.
fn show(global: &Global, picture: &LedgerPicture, today: Date) -> anyhow::Result<()> {
    let used = seat::used(picture.users.len(), picture.seats);
    let ends = picture.seats.ends.map(|day| day.to_string());
    let ending = seat::ending(picture.seats, today);
    let holds = seat::holders(&picture.users, picture.seats);
    let statuses = seat::statuses(&picture.users, picture.seats, today);
    let mut rows: Vec<(&User, bool, LicenseStatus)> = picture
        .users
        .iter()
        .zip(holds)
        .zip(statuses)
        .map(|((user, holds), status)| (user, holds, status))
        .collect();
    rows.sort_by_key(|(user, _, _)| (user.rank, user.id));
    if global.json {
        let holders: Vec<_> = rows
            .iter()
            .map(|(user, holds, status)| {
                let cause = match status {
                    LicenseStatus::Licensed => None,
                    LicenseStatus::Unlicensed(cause) => Some(cause.code()),
                };
                json!({"id": user.id.0, "name": user.name, "mail": user.mail, "seat": holds, "cause": cause})
            })
            .collect();
        let object = json!({
            "schema_version": 1, "bought": picture.seats.bought, "used": used, "users": picture.users.len(),
            "ends": ends, "ended": matches!(ending, Some(seat::Ending::Over { .. })), "holders": holders,
        });
        return print::data(&serde_json::to_string_pretty(&object)?);
    }
    let bought = picture
        .seats
        .bought
        .map_or_else(|| "no limit".to_owned(), |n| n.to_string());
    print::data(&format!(
        "bought {bought}, used {used}, users {}, ends {}",
        picture.users.len(),
        ends.as_deref().unwrap_or("never")
    ))?;
    if let Some(ending) = ending {
        print::tell(&format!("warning: {ending}"));
    }
    let rows: Vec<Vec<String>> = (1..)
        .zip(&rows)
        .map(|(place, (user, holds, status)): (usize, _)| {
            vec![
                place.to_string(),
                user.name.clone(),
                user.mail.clone(),
                if *holds { "seat" } else { "none" }.to_owned(),
                match status {
                    LicenseStatus::Licensed => "licensed".to_owned(),
                    LicenseStatus::Unlicensed(cause) => format!("Unlicensed: {cause}"),
                },
            ]
        })
        .collect();
    if rows.is_empty() {
        return Ok(());
    }
    print::table(&["ORDER", "NAME", "E-MAIL", "SEAT", "STATUS"], &rows)
}

/// Who would lose the license, and who would get it back: nothing is changed.
fn foresee(
    global: &Global,
    picture: &LedgerPicture,
    then: Bought,
    today: Date,
) -> anyhow::Result<()> {
    let preview = seat::preview(&picture.users, picture.seats, then, today);
    if global.json {
        let list = |users: &[&User]| -> Vec<_> {
            users
                .iter()
                .map(|user| json!({"id": user.id.0, "name": user.name, "mail": user.mail}))
                .collect()
        };
        let object = json!({
            "schema_version": 1, "bought": then.bought, "ends": then.ends.map(|day| day.to_string()),
            "lose": list(&preview.lose), "gain": list(&preview.gain),
        });
        return print::data(&serde_json::to_string_pretty(&object)?);
    }
    if preview.lose.is_empty() && preview.gain.is_empty() {
        print::tell(&format!(
            "{}: nobody would lose or get a seat",
            settings::words(then)
        ));
        return Ok(());
    }
    let word = |what: &'static str| {
        move |user: &&User| vec![what.to_owned(), user.name.clone(), user.mail.clone()]
    };
    let rows: Vec<Vec<String>> = preview
        .lose
        .iter()
        .map(word("would lose"))
        .chain(preview.gain.iter().map(word("would get back")))
        .collect();
    print::tell(&format!("{}: nothing was changed", settings::words(then)));
    print::table(&["", "NAME", "E-MAIL"], &rows)
}

fn tell_losers(picture: &LedgerPicture, then: Bought, today: Date) {
    for user in seat::preview(&picture.users, picture.seats, then, today).lose {
        print::tell(&format!(
            "{} <{}> is Unlicensed now",
            Label::new(&user.name),
            Label::new(&user.mail)
        ));
    }
}

/// The one user that a name, an e-mail or an id means.
fn named<'a>(picture: &'a LedgerPicture, text: &str) -> anyhow::Result<&'a User> {
    let is = |user: &&User| {
        user.mail.eq_ignore_ascii_case(text)
            || user.name.eq_ignore_ascii_case(text)
            || text.parse() == Ok(user.id.0)
    };
    let found: Vec<&User> = picture.users.iter().filter(is).collect();
    match found.as_slice() {
        [one] => Ok(one),
        [] => Err(wrong(format!("No configured user is called {text}"))),
        many => Err(wrong(format!(
            "{} configured users are called {text}: give the e-mail or the id (`users list --json` has it)",
            many.len()
        ))),
    }
}

fn wrong(headline: String) -> anyhow::Error {
    Failure::new(FailureKind::Config, headline, "", words::UNCHANGED).into()
}

fn bought(text: &str) -> anyhow::Result<Option<u32>> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| wrong(format!("{text} is not a number of seats")))
}

fn last_day(text: &str) -> anyhow::Result<Option<Date>> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    text.parse()
        .map(Some)
        .map_err(|_| wrong(format!("{text} is not a day: write YYYY-MM-DD")))
}
