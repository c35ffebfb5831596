//! The settings of a tenant: seats and end date in the ledger, group and mode in the configuration. At once, and audited.
//!
//! The configuration is not known here: who calls hands in how it is written.

use jiff::civil::Date;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::seat::{self, Seats};
use crate::domain::settings::{Selection, TenantSettings};
use crate::domain::text::Label;
use crate::domain::user::{User, UserId};
use crate::domain::words;
use crate::store::ledger::LedgerPicture;
use crate::store::{Stamp, Store};

/// Saves what differs between `before` and `wanted`; the answer names it. `write` puts group and mode into the configuration.
pub async fn save(
    store: &Store,
    (before, wanted): (&Selection, &TenantSettings),
    write: impl Fn(&Selection) -> Result<(), Failure>,
    stamp: Stamp,
) -> Result<String, Failure> {
    let mut done = set_selection(store, (before, &wanted.selection), write, stamp.clone()).await?;
    done.extend(set_seats(store, wanted.seats, stamp).await?);
    Ok(match done.as_slice() {
        [] => "settings: nothing was changed".to_owned(),
        done => format!("settings saved: {}", done.join(", ")),
    })
}

/// Sets the group filter, or clears it (`None`). The next run reads with it.
pub async fn set_group(
    store: &Store,
    before: &Selection,
    group: Option<String>,
    write: impl Fn(&Selection) -> Result<(), Failure>,
    stamp: Stamp,
) -> Result<String, Failure> {
    let wanted = Selection {
        group,
        mode: before.mode,
    };
    let done = set_selection(store, (before, &wanted), write, stamp).await?;
    Ok(match (done.is_empty(), &wanted.group) {
        (true, None) => "no group filter was set".to_owned(),
        (true, Some(_)) => "the group filter was this one already".to_owned(),
        (false, None) => "the group filter is cleared: the next sync looks at everyone".to_owned(),
        (false, Some(group)) => format!(
            "the group filter is \"{}\": the next sync reads it",
            Label::new(group)
        ),
    })
}

/// Puts group and mode into the configuration, then into the audit; the changes in words. What cannot be audited is taken back.
pub async fn set_selection(
    store: &Store,
    (before, wanted): (&Selection, &Selection),
    write: impl Fn(&Selection) -> Result<(), Failure>,
    stamp: Stamp,
) -> Result<Vec<String>, Failure> {
    let mut changes = Vec::new();
    if before.group != wanted.group {
        changes.push(("group", before.group_words(), wanted.group_words()));
    }
    if before.mode != wanted.mode {
        changes.push(("add_users", before.mode.as_str(), wanted.mode.as_str()));
    }
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    write(wanted)?;
    let lines = changes
        .iter()
        .map(|(field, before, after)| (*field, (*before).to_owned(), (*after).to_owned()))
        .collect();
    if let Err(error) = store.ledger.note_settings(lines, stamp).await {
        write(before)?;
        return Err(error.failure());
    }
    Ok(changes
        .iter()
        .map(|(field, _, after)| {
            let name = if *field == "group" { "group" } else { "mode" };
            format!("{name} {}", Label::new(after))
        })
        .collect())
}

/// Sets seats and their end; the change in words, empty when there is none.
pub async fn set_seats(
    store: &Store,
    seats: Seats,
    stamp: Stamp,
) -> Result<Option<String>, Failure> {
    let before = picture(store).await?.seats;
    if before == seats {
        return Ok(None);
    }
    store
        .ledger
        .set_seats(seats, stamp)
        .await
        .map_err(|e| e.failure())?;
    Ok(Some(words(seats)))
}

/// `25 seats until 2027-03-31`.
pub fn words(seats: Seats) -> String {
    words::seats(seats)
}

/// Gives the seat of one user to another, by swapping their ranks; the answer says who is Unlicensed then.
pub async fn move_seat(
    store: &Store,
    (from, to): (UserId, UserId),
    today: Date,
    stamp: Stamp,
) -> Result<String, Failure> {
    let before = picture(store).await?;
    let (giver, taker) = (known(&before, from)?, known(&before, to)?);
    let holders = seat::holders(&before.users, before.seats);
    let holds = |user: &User| {
        let place = before.users.iter().position(|other| other.id == user.id);
        place.is_some_and(|place| holders[place])
    };
    let refuse = |headline: String| {
        Err(Failure::new(
            FailureKind::Config,
            headline,
            "",
            "Nothing was changed. `seats show` lists who holds one.",
        ))
    };
    if before.seats.bought.is_none() {
        return refuse("No count of seats is set: everybody has one".to_owned());
    }
    if !holds(giver) {
        return refuse(format!("{} holds no seat", Label::new(&giver.name)));
    }
    if holds(taker) {
        return refuse(format!("{} holds a seat already", Label::new(&taker.name)));
    }
    store
        .ledger
        .move_seat(from, to, stamp)
        .await
        .map_err(|e| e.failure())?;
    let after = picture(store).await?;
    let statuses = seat::statuses(&after.users, after.seats, today);
    let still = after
        .users
        .iter()
        .zip(statuses)
        .find(|(user, _)| user.id == to)
        .and_then(|(_, status)| match status {
            crate::domain::user::LicenseStatus::Unlicensed(cause) => Some(cause),
            crate::domain::user::LicenseStatus::Licensed => None,
        });
    let rest = still.map_or_else(String::new, |cause| {
        format!(", and is still Unlicensed: {cause}")
    });
    Ok(format!(
        "{} has the seat of {}{rest}; {} is Unlicensed",
        Label::new(&taker.name),
        Label::new(&giver.name),
        Label::new(&giver.name)
    ))
}

async fn picture(store: &Store) -> Result<LedgerPicture, Failure> {
    store.ledger.load().await.map_err(|e| e.failure())
}

fn known(picture: &LedgerPicture, id: UserId) -> Result<&User, Failure> {
    picture
        .users
        .iter()
        .find(|user| user.id == id)
        .ok_or_else(|| {
            Failure::new(
                FailureKind::Other,
                "This user is not configured any more",
                "",
                "Somebody removed it in the meantime.",
            )
        })
}
