//! Numbers and products of the last good picture, loaded for lists and screens.

use std::collections::HashMap;

use crate::domain::gate::Marks;
use crate::domain::guid::ObjectId;
use crate::roster::inventory::{Inventory, Owner};
use crate::roster::products::Members;
use crate::store::Store;
use crate::store::error::StoreError;

/// The inventory. `loading` tells one from the next.
pub async fn load(store: &Store, loading: u64) -> Result<Inventory, StoreError> {
    let held = store.cache.held_numbers().await?;
    let owners: HashMap<ObjectId, Owner> = held
        .holders
        .iter()
        .map(|stored| {
            let resource = Marks(stored.marks).is_resource();
            (stored.user.id, Owner::new(&stored.user, resource))
        })
        .collect();
    Ok(Inventory::new(loading, held.numbers, &owners, held.skus))
}

/// Who has which product, for the inventory of this loading.
pub async fn members(store: &Store, loading: u64) -> Result<Members, StoreError> {
    let licences = store.cache.licences().await?;
    Ok(Members::new(
        loading,
        licences
            .into_iter()
            .map(|licence| (licence.sku, licence.user, licence.group)),
    ))
}
