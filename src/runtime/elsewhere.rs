//! What other programs do to the same files: a second console on a shared folder, a command, a run out of cron.
//!
//! A screen that shows what is gone lets its engineer press keys that can only be refused. So the files are asked at a slow beat
//! whether somebody else has changed them; where nobody has, nothing is loaded, and no byte goes to the terminal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use crate::app::event::{LedgerEvent, What};
use crate::ops::desk;
use crate::store::cache::SnapshotHead;
use crate::store::error::StoreError;

use super::perform::Shared;

/// From one look to the next.
const BEAT: Duration = Duration::from_millis(2500);

/// Says for as long as it lives that a run is under way.
pub(super) struct UnderWay<'a>(&'a AtomicBool);

impl<'a> UnderWay<'a> {
    pub(super) fn new(running: &'a AtomicBool) -> Self {
        running.store(true, Ordering::SeqCst);
        Self(running)
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::SeqCst);
    }
}

impl Shared {
    /// Looks at each beat, and at once after a change was refused.
    pub(super) async fn watch_others(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(BEAT) => {}
                () = self.look_elsewhere.notified() => {}
            }
            // A file that cannot be read now is told of by whoever needs it; the next beat looks again.
            if let Err(error) = self.look().await {
                tracing::debug!(%error, "whether another session changed the files is not known");
            }
        }
    }

    async fn look(&self) -> Result<(), StoreError> {
        if self.store.ledger.changed_elsewhere().await? {
            let desk = desk::load_desk(&self.store, self.now()).await?;
            let event = LedgerEvent::ChangedElsewhere(Arc::new(desk));
            self.send(What::Ledger(event)).await;
        }
        let head = self.store.cache.head().await?;
        let loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        // A run of our own tells of its picture itself, once: of a million users two are not loaded side by side.
        if *loaded != head && !self.running.load(Ordering::SeqCst) {
            self.reload_roster.notify_one();
            self.reload_desk.notify_one();
        }
        Ok(())
    }

    /// Remembers which picture the roster is about to be loaded from.
    pub(super) async fn note_loaded(&self) {
        if let Ok(head) = self.store.cache.head().await {
            self.knows(head);
        }
    }

    fn knows(&self, head: Option<SnapshotHead>) {
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        *loaded = head;
    }
}
