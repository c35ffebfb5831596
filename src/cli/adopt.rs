//! `users adopt`: after another tenant was pinned, the numbers that its users had before, offered and queued only when asked.

use serde_json::json;

use crate::domain::phone::PhoneNumber;
use crate::ops::adopt;
use crate::record::json::listing;

use super::args::Global;
use super::open::Opened;
use super::print;
use super::users::desk_of;

pub(super) async fn run(opened: &Opened, global: &Global, queue: bool) -> anyhow::Result<()> {
    let store = &opened.world.store;
    let desk = desk_of(opened).await?;
    let mut offers = adopt::offers(store, &desk).await?;
    if queue {
        let queued = adopt::queue(store, &offers, &opened.stamp()).await?;
        print::tell(&format!(
            "Queued: {queued}. The next sync plans them like any change."
        ));
        offers = adopt::offers(store, &desk_of(opened).await?).await?;
    }
    if global.json {
        let rows: Vec<_> = offers
            .iter()
            .map(|offer| {
                json!({
                    "name": offer.name, "mail": offer.mail, "old_number": offer.old.as_str(),
                    "number": offer.now.as_ref().map(PhoneNumber::as_str), "state": offer.state.words(),
                })
            })
            .collect();
        return print::data(&listing("offers", &rows)?);
    }
    let rows: Vec<Vec<String>> = offers
        .iter()
        .map(|offer| {
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
        })
        .collect();
    print::table(
        &["NAME", "MAIL", "NUMBER BEFORE", "NUMBER HERE", "STATE"],
        &rows,
    )?;
    if !queue && !rows.is_empty() {
        print::tell("Nothing was changed. --queue queues those that can be.");
    }
    Ok(())
}
