//! Somebody who is added by hand, with an e-mail and no directory user: matched at once where the tenant is known to have one, by
//! the same rule as a run matches, and told so.

use crate::domain::added::{Added, Tie};
use crate::domain::failure::Failure;
use crate::domain::matching::{Match, Matcher};
use crate::domain::user::{Association, NewUser, User};
use crate::store::error::StoreError;
use crate::store::{Stamp, Store};

use super::change;

/// Directory users whose addresses are looked at: those that have it to the letter come first.
const LOOKED_AT: u32 = 32;

/// Adds somebody who is tied to nobody yet.
pub async fn add(store: &Store, mut user: NewUser, stamp: Stamp) -> Result<Added, Failure> {
    let tie = look(store, &mut user).await.map_err(|e| e.failure())?;
    let added = change::add(store, vec![user], stamp).await?;
    Ok(Added { tie, ..added })
}

/// Ties the newcomer to the one directory user who has the e-mail, with the number and the country of the tenant; what came of it.
async fn look(store: &Store, user: &mut NewUser) -> Result<Option<Tie>, StoreError> {
    let users: Vec<User> = store.ledger.load().await?.users;
    let rows = store.cache.find(&user.mail, LOOKED_AT).await?;
    let found = store.cache.users(rows.iter().map(|row| row.id).collect());
    let found = found.await?;
    let mut matcher = Matcher::of_newcomer(&user.mail, &users);
    for stored in &found {
        matcher.see(&stored.user);
    }
    Ok(Some(match matcher.finish().pop() {
        Some(Match::One { id, by, .. }) => {
            let Some(stored) = found.iter().find(|stored| stored.user.id == id) else {
                return Ok(None);
            };
            user.association = Association::Matched(id);
            user.number.clone_from(&stored.number);
            user.country = stored.user.location;
            user.wanted_number = user
                .wanted_number
                .take()
                .filter(|it| Some(it) != user.number.as_ref());
            user.wanted_country = user.wanted_country.filter(|it| Some(*it) != user.country);
            let upn = stored.user.upn.clone();
            Tie::One { by, upn }
        }
        Some(Match::Several { ids, .. }) => Tie::Several(ids.len()),
        Some(Match::Taken { .. }) => Tie::Taken,
        Some(Match::Nobody { .. }) | None => Tie::Nobody,
    }))
}
