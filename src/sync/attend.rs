//! What a run says while it stands still: that it waits for a person to sign in, or for Graph, beside the run itself.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::pace::Clock;
use crate::domain::run::{Counted, Level, Progress, RunEvent, Source};
use crate::graph::delay::Heard;
use crate::graph::patience::{Patience, Pause};
use crate::graph::{Client, come};

use super::journal::{Aside, line_at};
use super::{Person, RunSettings};

/// How the rows of the lists that are read before the users are called together.
pub(super) const TEAMS_LISTS: &str = "Teams users and numbers";

/// Tells whoever watches of the waits of a run's client.
#[derive(Debug)]
pub(super) struct Attendance {
    pauses: mpsc::UnboundedReceiver<Pause>,
    heard: mpsc::UnboundedReceiver<Heard>,
    events: mpsc::Sender<RunEvent>,
    asides: mpsc::UnboundedSender<Aside>,
    clock: Clock,
    began: Timestamp,
    since: Option<Timestamp>,
    /// Whether a wait for Graph has been logged: many requests wait for the same.
    delayed: bool,
    /// How many rows each list has brought.
    rows: BTreeMap<&'static str, usize>,
}

/// The client as a run uses it, with who tells of its waits, and what is left for the log.
pub(super) fn attended(
    client: &Client,
    settings: &RunSettings,
    cancel: &CancellationToken,
    events: &mpsc::Sender<RunEvent>,
) -> (Client, Attendance, mpsc::UnboundedReceiver<Aside>) {
    let (told, pauses) = mpsc::unbounded_channel();
    let (ear, heard) = mpsc::unbounded_channel();
    let (asides, for_journal) = mpsc::unbounded_channel();
    let client = match &settings.person {
        Person::Absent => client.clone(),
        Person::There(gone) => {
            client.waiting(Patience::new(told, vec![cancel.clone(), gone.clone()]))
        }
    };
    let attendance = Attendance {
        pauses,
        heard,
        events: events.clone(),
        asides,
        clock: settings.clock.clone(),
        began: settings.clock.now(),
        since: None,
        delayed: false,
        rows: BTreeMap::new(),
    };
    (client.heard_by(ear), attendance, for_journal)
}

impl Attendance {
    /// Tells as long as it is listened to; never ends.
    pub(super) async fn tell(&mut self) {
        loop {
            tokio::select! {
                Some(pause) = self.pauses.recv() => self.paused(pause).await,
                Some(heard) = self.heard.recv() => self.heard(heard).await,
                else => break,
            }
        }
        std::future::pending::<()>().await;
    }

    /// What was told last, while the run came to its end.
    pub(super) async fn rest(&mut self) {
        while let Some(pause) = come(&mut self.pauses).await {
            self.paused(pause).await;
        }
        while let Some(heard) = come(&mut self.heard).await {
            self.heard(heard).await;
        }
    }

    async fn paused(&mut self, pause: Pause) {
        match pause {
            Pause::Began(why) => {
                self.since.get_or_insert_with(|| self.clock.now());
                let text = format!(
                    "A sign-in is needed before this can go on: {}",
                    why.headline
                );
                self.log((Source::Auth, Level::Warning), &text).await;
                let _ = self.events.send(RunEvent::SignInNeeded { why }).await;
            }
            Pause::Over { account } => {
                let waited = self
                    .since
                    .take()
                    .map_or(0, |since| self.clock.now().duration_since(since).as_secs());
                let text =
                    format!("{account} has signed in after {waited} s: going on where it stopped");
                self.log((Source::Auth, Level::Info), &text).await;
                let _ = self.events.send(RunEvent::GoesOn { account }).await;
            }
        }
    }

    async fn heard(&mut self, heard: Heard) {
        match heard {
            Heard::Delay { wait, why, request } => {
                let source = if request.contains("/teams/") {
                    Source::Teams
                } else {
                    Source::Graph
                };
                self.log((source, Level::Info), &format!("{why}: {request}"))
                    .await;
                self.waits(wait, why).await;
            }
            Heard::Closed { wait, why } => {
                if !self.delayed {
                    self.log((Source::Graph, Level::Info), &why).await;
                }
                self.waits(wait, why).await;
            }
            Heard::Rows { of, rows } => {
                self.rows.insert(of, rows);
                let progress = Progress {
                    what: Counted::Rows(TEAMS_LISTS),
                    pages: 0,
                    users: self.rows.values().sum::<usize>() as u64,
                    of: None,
                };
                let _ = self.events.send(RunEvent::Progress(progress)).await;
            }
        }
    }

    async fn waits(&mut self, wait: Duration, why: String) {
        self.delayed = true;
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        if let Ok(until) = self.clock.now().checked_add(wait) {
            let _ = self.events.send(RunEvent::Waiting { until, why }).await;
        }
    }

    /// A line at once for who watches, since the run stands still; the history gets it with the run's own next line.
    async fn log(&mut self, voice: (Source, Level), text: &str) {
        let line = line_at(&self.clock, self.began, voice, text);
        let _ = self.asides.send(line.clone());
        let _ = self.events.send(RunEvent::Log(line)).await;
    }
}
