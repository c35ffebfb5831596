//! What a run says while it waits for a person to sign in, beside the run itself, which stands still then.

use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::pace::Clock;
use crate::domain::run::{Level, RunEvent};
use crate::graph::Client;
use crate::graph::patience::{Patience, Pause};

use super::journal::Aside;
use super::{Person, RunSettings};

/// Tells whoever watches of the waits of a run's client.
#[derive(Debug)]
pub(super) struct Attendance {
    heard: mpsc::UnboundedReceiver<Pause>,
    events: mpsc::Sender<RunEvent>,
    asides: mpsc::UnboundedSender<Aside>,
    clock: Clock,
    since: Option<Timestamp>,
}

/// The client as a run uses it, with who tells of its waits, and what is left for the log.
pub(super) fn attended(
    client: &Client,
    settings: &RunSettings,
    cancel: &CancellationToken,
    events: &mpsc::Sender<RunEvent>,
) -> (Client, Attendance, mpsc::UnboundedReceiver<Aside>) {
    let (told, heard) = mpsc::unbounded_channel();
    let (asides, for_journal) = mpsc::unbounded_channel();
    let client = match &settings.person {
        Person::Absent => client.clone(),
        Person::There(gone) => {
            client.waiting(Patience::new(told, vec![cancel.clone(), gone.clone()]))
        }
    };
    let attendance = Attendance {
        heard,
        events: events.clone(),
        asides,
        clock: settings.clock.clone(),
        since: None,
    };
    (client, attendance, for_journal)
}

impl Attendance {
    /// Tells as long as it is listened to; never ends.
    pub(super) async fn tell(&mut self) {
        while let Some(pause) = self.heard.recv().await {
            match pause {
                Pause::Began(why) => {
                    self.since.get_or_insert_with(|| self.clock.now());
                    let text = format!(
                        "A sign-in is needed before this can go on: {}",
                        why.headline
                    );
                    let _ = self.asides.send((Level::Warning, text));
                    let _ = self.events.send(RunEvent::SignInNeeded { why }).await;
                }
                Pause::Over { account } => {
                    let waited = self
                        .since
                        .take()
                        .map_or(0, |since| self.clock.now().duration_since(since).as_secs());
                    let text = format!(
                        "{account} has signed in after {waited} s: going on where it stopped"
                    );
                    let _ = self.asides.send((Level::Info, text));
                    let _ = self.events.send(RunEvent::GoesOn { account }).await;
                }
            }
        }
        std::future::pending::<()>().await;
    }
}
