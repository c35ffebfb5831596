//! `users adopt`: after another tenant was pinned, who its users are here, taken over only when asked, and the numbers that they had
//! before, queued only when asked.

use serde_json::{Value, json};

use crate::domain::earlier::{Found, Offer, Rematch};
use crate::domain::phone::PhoneNumber;
use crate::domain::user::UserId;
use crate::ops::adopt;
use crate::record::json::single;

use super::args::Global;
use super::open::Opened;
use super::print;
use super::users::{desk_of, find};

pub(super) async fn run(
    opened: &Opened,
    global: &Global,
    (take, queue): (Option<&[String]>, bool),
) -> anyhow::Result<()> {
    let store = &opened.world.store;
    if let Some(whom) = take {
        take_over(opened, whom).await?;
    }
    if queue {
        let offers = adopt::offers(store, &desk_of(opened).await?).await?;
        let queued = adopt::queue(store, &offers, &opened.stamp()).await?;
        print::tell(&format!(
            "Queued: {queued}. The next sync plans them like any change."
        ));
    }
    let desk = desk_of(opened).await?;
    let matches = adopt::matches(store, &desk).await?;
    let offers = adopt::offers(store, &desk).await?;
    if global.json {
        let matches: Vec<Value> = matches.iter().map(match_json).collect();
        let offers: Vec<Value> = offers.iter().map(offer_json).collect();
        return print::data(&single(&json!({ "matches": matches, "offers": offers }))?);
    }
    if !matches.is_empty() {
        let rows: Vec<Vec<String>> = matches.iter().map(match_row).collect();
        print::table(&["NAME", "MAIL", "MATCHES HERE", "STATE"], &rows)?;
    }
    if matches.is_empty() || !offers.is_empty() {
        let rows: Vec<Vec<String>> = offers.iter().map(offer_row).collect();
        print::table(
            &["NAME", "MAIL", "NUMBER BEFORE", "NUMBER HERE", "STATE"],
            &rows,
        )?;
    }
    if take.is_none() && matches.iter().any(|row| row.found.is_one()) {
        print::tell(
            "Nobody was associated. --take takes over all matches, --take USER... those of some.",
        );
    }
    if !queue && !offers.is_empty() {
        print::tell("No number was changed. --queue queues those that can be.");
    }
    Ok(())
}

async fn take_over(opened: &Opened, whom: &[String]) -> anyhow::Result<()> {
    let desk = desk_of(opened).await?;
    let users: Vec<UserId> = if whom.is_empty() {
        desk.users.iter().map(|row| row.user.id).collect()
    } else {
        let found = whom.iter().map(|text| find(&desk, text));
        found
            .map(|row| row.map(|row| row.user.id))
            .collect::<Result<_, _>>()?
    };
    let taken = adopt::take_over(&opened.world.store, &desk, &users, &opened.stamp()).await?;
    print::tell(&format!("Matches taken over: {taken}."));
    Ok(())
}

fn match_json(row: &Rematch) -> Value {
    let (name, upn, by) = match &row.found {
        Found::One { name, upn, by, .. } => (Some(name), Some(upn), Some(by.words())),
        Found::Several(_) | Found::Taken(_) | Found::Nobody => (None, None, None),
    };
    json!({
        "name": row.name, "mail": row.mail, "matches": upn, "matches_name": name, "by": by, "state": row.found.words(),
    })
}

fn match_row(row: &Rematch) -> Vec<String> {
    vec![
        row.name.clone(),
        row.mail.clone(),
        row.found.whom().unwrap_or("-").to_owned(),
        row.found.words(),
    ]
}

fn offer_json(offer: &Offer) -> Value {
    json!({
        "name": offer.name, "mail": offer.mail, "old_number": offer.old.as_str(),
        "number": offer.now.as_ref().map(PhoneNumber::as_str), "state": offer.state.words(),
    })
}

fn offer_row(offer: &Offer) -> Vec<String> {
    vec![
        offer.name.clone(),
        offer.mail.clone(),
        offer.old.spaced(),
        offer
            .now
            .as_ref()
            .map_or_else(|| "-".to_owned(), PhoneNumber::spaced),
        offer.state.words(),
    ]
}
