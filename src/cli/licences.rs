//! `licences`: the tenant's products, how many seats of each are bought, used and free, and what each brings.

use std::sync::Arc;

use crate::ops::inventory;
use crate::record::json;
use crate::roster::products::Product;

use super::args::Global;
use super::exit::Exit;
use super::numbers_json::LicenceJson;
use super::open::open;
use super::print;

pub(super) async fn run(global: &Global) -> anyhow::Result<Exit> {
    let mut opened = open(global).await?;
    opened.need_snapshot().await?;
    let store = &opened.world.store;
    let inventory = inventory::load(store, 1, Arc::default())
        .await
        .map_err(|error| error.failure())?;
    let members = inventory::members(store, 1)
        .await
        .map_err(|error| error.failure())?;
    let users = |product: &Product| members.of(product.sku.id).len();
    if global.json {
        let rows: Vec<LicenceJson> = inventory
            .products
            .iter()
            .map(|product| LicenceJson::new(product, users(product)))
            .collect();
        print::data(&json::listing("licences", &rows)?)?;
    } else {
        let rows: Vec<Vec<String>> = inventory
            .products
            .iter()
            .map(|product| cells(product, users(product)))
            .collect();
        print::table(
            &[
                "NAME",
                "PART NUMBER",
                "BOUGHT",
                "USED",
                "FREE",
                "USERS",
                "STATUS",
                "BRINGS",
            ],
            &rows,
        )?;
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

fn cells(product: &Product, users: usize) -> Vec<String> {
    let sku = &product.sku;
    vec![
        product.name.clone(),
        sku.part_number.clone(),
        product.bought().to_string(),
        sku.consumed.to_string(),
        sku.free().to_string(),
        users.to_string(),
        product.state(),
        product.marks(),
    ]
}
