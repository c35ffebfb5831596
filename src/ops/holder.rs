//! Who holds a number, here or in the tenant: nobody else may be given it, unless its release is queued.

use crate::domain::guid::ObjectId;
use crate::domain::phone::PhoneNumber;
use crate::domain::text::Label;
use crate::domain::user::{Field, UserId, Value};
use crate::domain::words;
use crate::roster::desk::Desk;
use crate::store::Store;
use crate::store::error::StoreError;

/// For whom the number is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Me {
    /// The configured user, if there is one already.
    pub user: Option<UserId>,
    /// The directory user, if one is known.
    pub directory: Option<ObjectId>,
}

/// The name of somebody else who holds the number or has it queued; `None` when it can be had.
pub async fn holder(
    store: &Store,
    desk: &Desk,
    number: &PhoneNumber,
    me: Me,
) -> Result<Option<String>, StoreError> {
    let held = Value::Number(Some(number.clone()));
    let released = |user: Option<UserId>| {
        desk.entries
            .iter()
            .any(|entry| entry.user == user && entry.field() == Field::Number && entry.base == held)
    };
    for row in desk.users.iter().filter(|row| Some(row.user.id) != me.user) {
        let wants = row.entries.iter().any(|entry| entry.wanted == held);
        let holds = row.user.number.as_ref() == Some(number) && !released(Some(row.user.id));
        if wants || holds {
            return Ok(Some(Label::new(&row.user.name).to_string()));
        }
    }
    let record = store.cache.number(number).await?;
    let Some(holder) = record
        .and_then(|record| record.holder())
        .filter(|holder| Some(*holder) != me.directory)
    else {
        return Ok(None);
    };
    let known = desk
        .users
        .iter()
        .find(|row| row.user.association.id() == Some(holder));
    if known.is_some_and(|row| released(Some(row.user.id))) || released(None) {
        return Ok(None);
    }
    let name = store.cache.name_of(holder).await?;
    Ok(Some(match name {
        Some(name) => format!("{} in the tenant", Label::new(&name)),
        None => words::no_user(holder),
    }))
}
