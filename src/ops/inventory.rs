//! Numbers and products of the last good picture, loaded for lists and screens.

use std::sync::Arc;

use crate::roster::Roster;
use crate::roster::inventory::Inventory;
use crate::roster::products::Members;
use crate::store::Store;
use crate::store::error::StoreError;

/// The inventory, whose holders are those of this roster where they are in it. `loading` tells one from the next.
pub async fn load(
    store: &Store,
    loading: u64,
    roster: Arc<Roster>,
) -> Result<Inventory, StoreError> {
    let held = store.cache.held_numbers(roster).await?;
    Ok(Inventory::new(loading, held.numbers, held.skus))
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
