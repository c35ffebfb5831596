//! The rows of the tenant: loaded from the files, the first of them before the others, and searched where no key waits for it.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::app::event::{CacheEvent, RequestId, What};
use crate::app::pane::rows::Ask;
use crate::app::tables::KEPT;
use crate::ops::{desk, inventory};
use crate::roster::Roster;
use crate::store::error::StoreError;

use super::perform::Shared;

impl Shared {
    /// Loads the roster whenever something says that it has changed.
    pub(super) async fn keep_roster(self: Arc<Self>) {
        let mut first = true;
        loop {
            self.reload_roster.notified().await;
            self.note_loaded().await;
            let generation = self.generation.fetch_add(1, Ordering::SeqCst);
            if first && let Ok(Some(rows)) = desk::load_first_rows(&self.store, KEPT).await {
                first = false;
                self.send(What::Cache(CacheEvent::Roster(Arc::new(rows))))
                    .await;
            }
            match self.load_roster(generation).await {
                Ok(roster) => {
                    let roster = Arc::new(roster);
                    self.send(What::Cache(CacheEvent::Roster(Arc::clone(&roster))))
                        .await;
                    self.load_inventory(generation, roster).await;
                }
                Err(error) => {
                    let failure = error.failure();
                    self.send(What::Cache(CacheEvent::Failed {
                        req: RequestId::default(),
                        failure,
                    }))
                    .await;
                }
            }
        }
    }

    async fn load_roster(&self, generation: u64) -> Result<Roster, StoreError> {
        let Some(rows) = desk::load_rows(&self.store).await? else {
            return Ok(Roster::default());
        };
        let make = move || Roster::sorted(generation, rows).with_doubts();
        let roster = tokio::task::spawn_blocking(make).await;
        roster.map_err(|_| StoreError::Closed)
    }

    /// Numbers and products of the roster that was just loaded.
    async fn load_inventory(&self, generation: u64, roster: Arc<Roster>) {
        let event = match inventory::load(&self.store, generation, roster).await {
            Ok(inventory) => CacheEvent::Inventory(Arc::new(inventory)),
            Err(error) => CacheEvent::Failed {
                req: RequestId::default(),
                failure: error.failure(),
            },
        };
        self.send(What::Cache(event)).await;
    }

    /// Finds all rows of pane 2; a newer question ends it.
    pub(super) async fn list(self: Arc<Self>, req: RequestId, roster: Arc<Roster>, ask: Box<Ask>) {
        self.newest.store(req.0, Ordering::Relaxed);
        let shared = Arc::clone(&self);
        let search = move || {
            let is_over = || shared.newest.load(Ordering::Relaxed) != req.0;
            ask.answer_unless(&roster, &is_over)
        };
        if let Ok(Some(listed)) = tokio::task::spawn_blocking(search).await {
            let listed = Arc::new(listed);
            self.send(What::Cache(CacheEvent::Listed { req, listed }))
                .await;
        }
    }
}
