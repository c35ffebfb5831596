//! What a cancel does to a wait that Graph has asked for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// Whether waits for Graph end with a cancel: not while a number is released that is still to be given.
#[derive(Debug, Clone, Default)]
pub(super) struct Waits {
    pub(super) leave: CancellationToken,
    owes: Arc<AtomicBool>,
}

impl Waits {
    /// Lets go of waits once the run is cancelled; never ends.
    pub(super) async fn leave_with(&self, cancel: &CancellationToken) {
        cancel.cancelled().await;
        if !self.owes.load(Ordering::SeqCst) {
            self.leave.cancel();
        }
        std::future::pending::<()>().await;
    }

    /// A number is taken away that is to be given to somebody.
    pub(super) fn owe(&self) {
        self.owes.store(true, Ordering::SeqCst);
    }

    /// All that was owed has been seen to.
    pub(super) fn owe_nothing(&self, cancel: &CancellationToken) {
        self.owes.store(false, Ordering::SeqCst);
        if cancel.is_cancelled() {
            self.leave.cancel();
        }
    }
}
