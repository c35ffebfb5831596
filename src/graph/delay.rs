//! What a client tells whoever listens while a call is under way: that it waits before it sends again, and how much has come so far.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use super::Client;
use super::error::GraphError;
use super::retry::{MOST_TRIES, Resend, next_try};

/// What is heard of a call that is under way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It waits before it sends again.
    Delay {
        /// How long.
        wait: Duration,
        /// Why, in a line that fits a status line: `Graph asks to wait 8 s, waiting 9 s (1 of 3)`.
        why: String,
        /// The request: method and path, without its query.
        request: String,
    },
    /// It waits for what an answer to another request has asked for.
    Closed {
        /// How long.
        wait: Duration,
        /// Why.
        why: String,
    },
    /// Rows of a list have come.
    Rows {
        /// What they are rows of, in the plural.
        of: &'static str,
        /// How many so far.
        rows: usize,
    },
}

impl Client {
    /// The same client, which tells what it waits for and how much has come.
    #[must_use]
    pub fn heard_by(&self, ear: UnboundedSender<Heard>) -> Self {
        Self(
            Arc::clone(&self.0),
            self.1.clone(),
            Some(ear),
            self.3.clone(),
        )
    }

    /// The same client, whose waits before a request is sent again end when this is cancelled: the request is then not sent.
    #[must_use]
    pub fn leaving(&self, leave: CancellationToken) -> Self {
        Self(
            Arc::clone(&self.0),
            self.1.clone(),
            self.2.clone(),
            Some(leave),
        )
    }

    /// Whether a write that was refused for now, so many times, may be asked for again. It waits until then, as long as the rules
    /// allow; what the write rests on may have moved meanwhile.
    pub async fn may_ask_again(&self, error: &GraphError, tries: u32, request: String) -> bool {
        if matches!(error, GraphError::Unauthorized { .. }) {
            // There is another token by now.
            return tries == 1;
        }
        let Some(wait) = next_try(error, Resend::WhenRefused, tries) else {
            return false;
        };
        self.tell_delay(request, error, (wait, tries));
        if matches!(error, GraphError::Throttled { .. }) {
            self.close_gate(wait);
            self.pass_gate().await.is_ok()
        } else {
            self.waits(wait).await
        }
    }

    /// Tells that rows have come.
    pub(super) fn tell_rows(&self, of: &'static str, rows: usize) {
        self.tell_heard(|| Heard::Rows { of, rows });
    }

    /// Tells that a request waits for its next try.
    pub(super) fn tell_delay(
        &self,
        request: String,
        error: &GraphError,
        (wait, tries): (Duration, u32),
    ) {
        let seconds = shown(wait);
        let count = format!("({tries} of {})", MOST_TRIES - 1);
        self.tell_heard(|| {
            let why = match (error, error.reply().map(|reply| reply.status)) {
                // What it asks for is the least: a little is added, and each time it is more.
                (GraphError::Throttled { after, .. }, _) => {
                    let asked = shown(*after);
                    format!("Graph asks to wait {asked}, waiting {seconds} {count}")
                }
                (_, Some(status)) => {
                    format!("Graph answers {status}, trying again in {seconds} {count}")
                }
                (_, None) => format!("No answer, trying again in {seconds} {count}"),
            };
            Heard::Delay { wait, why, request }
        });
    }

    /// Tells that a request waits for what an earlier one was told.
    pub(super) fn tell_closed(&self, wait: Duration) {
        self.tell_heard(|| Heard::Closed {
            wait,
            why: format!("Graph has asked to wait, {} are left", shown(wait)),
        });
    }

    fn tell_heard(&self, what: impl FnOnce() -> Heard) {
        if let Some(ear) = &self.2 {
            let _ = ear.send(what());
        }
    }
}

/// Whole seconds, the last one begun counts: nobody is told a wait that is over too early.
fn shown(wait: Duration) -> String {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    format!("{seconds} s")
}
