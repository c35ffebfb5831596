//! Somebody who is added by hand, with an e-mail and no directory user: matched at once where the tenant is known to have one, by
//! the same rule as a run matches, and told so.

use crate::domain::failure::Failure;
use crate::domain::matching::{Match, Matcher};
use crate::domain::text::Label;
use crate::domain::user::{Association, NewUser, User};
use crate::store::error::StoreError;
use crate::store::{Stamp, Store};

use super::change;

/// Directory users whose addresses are looked at: those that have it to the letter come first.
const LOOKED_AT: u32 = 32;

/// Adds somebody who is tied to nobody yet.
pub async fn add(store: &Store, mut user: NewUser, stamp: Stamp) -> Result<String, Failure> {
    let matched = look(store, &mut user).await.map_err(|e| e.failure())?;
    let added = change::add(store, vec![user], stamp).await?;
    // What the seats say of it comes behind.
    Ok(match added.split_once("; ") {
        Some((added, rest)) => format!("{added}{matched}; {rest}"),
        None => format!("{added}{matched}"),
    })
}

/// Ties the newcomer to the one directory user who has the e-mail, with the number and the country of the tenant; what came of it,
/// in words that follow `Lee Gu added`.
async fn look(store: &Store, user: &mut NewUser) -> Result<String, StoreError> {
    let users: Vec<User> = store.ledger.load().await?.users;
    let rows = store.cache.find(&user.mail, LOOKED_AT).await?;
    let found = store.cache.users(rows.iter().map(|row| row.id).collect());
    let found = found.await?;
    let mut matcher = Matcher::of_newcomer(&user.mail, &users);
    for stored in &found {
        matcher.see(&stored.user);
    }
    Ok(match matcher.finish().pop() {
        Some(Match::One { id, by, .. }) => {
            let Some(stored) = found.iter().find(|stored| stored.user.id == id) else {
                return Ok(String::new());
            };
            user.association = Association::Matched(id);
            user.number.clone_from(&stored.number);
            user.country = stored.user.location;
            user.wanted_number = user.wanted_number.take().filter(|it| Some(it) != user.number.as_ref());
            user.wanted_country = user.wanted_country.filter(|it| Some(*it) != user.country);
            format!(" and matched: the e-mail is the {} of {}", by.words(), Label::new(&stored.user.upn))
        }
        Some(Match::Several { ids, .. }) => format!(
            ", not matched: {} people of the tenant have the e-mail; edit and associate one by hand",
            ids.len()
        ),
        Some(Match::Taken { .. }) => {
            ", not matched: whoever has the e-mail belongs to another user of the list".to_owned()
        }
        Some(Match::Nobody { .. }) | None => {
            ", not matched yet: nobody had the e-mail when the tenant was read; the next sync looks again".to_owned()
        }
    })
}
