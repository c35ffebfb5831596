//! The answer to a job, for those who can await it and those who can block.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use super::error::StoreError;

/// An answer that is on its way. Dropping it does not cancel the job.
#[derive(Debug)]
#[must_use = "a change is saved only when its reply has arrived"]
pub struct Reply<T>(oneshot::Receiver<Result<T, StoreError>>);

impl<T> Reply<T> {
    /// Blocks until the answer is there. Not for use inside an asynchronous task, where it panics.
    pub fn wait(self) -> Result<T, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl<T> Future for Reply<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}

/// Where a store's thread puts the answer.
#[derive(Debug)]
pub(super) struct Answer<T>(oneshot::Sender<Result<T, StoreError>>);

impl<T> Answer<T> {
    /// Answers; whether anybody still listens does not matter.
    pub(super) fn give(self, result: Result<T, StoreError>) {
        drop(self.0.send(result));
    }
}

/// A reply and the place for its answer.
pub(super) fn pair<T>() -> (Answer<T>, Reply<T>) {
    let (sender, receiver) = oneshot::channel();
    (Answer(sender), Reply(receiver))
}
