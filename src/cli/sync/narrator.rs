//! Prints what runs say as it happens.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cli::open::Opened;
use crate::cli::{login, print};
use crate::config::SignInWay;
use crate::domain::pace::Clock;
use crate::domain::run::{LogLine, Outcome, RunEvent, RunKind, Summary};
use crate::domain::text::Label;
use crate::domain::writeplan::WritePlan;
use crate::graph::Client;
use crate::record::json::{self, LineJson};
use crate::runtime::interrupt;
use crate::sync::Person;

/// What a sign-in in the middle of a run needs.
struct Desk {
    client: Client,
    way: SignInWay,
    name: String,
    clock: Clock,
}

impl Desk {
    fn of(opened: &Opened) -> Self {
        Self {
            client: opened.world.client.clone(),
            way: opened.config.sign_in,
            name: opened.name.clone(),
            clock: opened.clock.clone(),
        }
    }
}

/// Lets a person sign in each time when a run waits for it; one that fails ends the run. Never ends by itself.
async fn ask_when_needed(
    desk: Desk,
    mut wanted: mpsc::UnboundedReceiver<()>,
    gone: CancellationToken,
) {
    while wanted.recv().await.is_some() {
        // No picture in the middle of a log.
        let screen = (&desk.clock, None);
        let asked = login::ask(&desk.client, desk.way, &desk.name, screen).await;
        if let Err(error) = asked {
            print::failure(&error.failure("Signing in"));
            gone.cancel();
        }
    }
    std::future::pending::<()>().await;
}

/// Prints what runs say, and keeps the last plan.
pub(super) struct Narrator {
    json: bool,
    quiet: bool,
    /// The last plan.
    pub(super) plan: Option<WritePlan>,
    /// Whether any line was printed: a run that is refused at the door has no log.
    said: bool,
    /// Where it is told that a person has to sign in, while a run goes.
    sign_in: Option<mpsc::UnboundedSender<()>>,
}

impl Narrator {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            quiet: false,
            plan: None,
            said: false,
            sign_in: None,
        }
    }

    /// One that keeps the plan and says nothing.
    pub(super) fn silent() -> Self {
        Self {
            quiet: true,
            ..Self::new(false)
        }
    }

    pub(super) async fn follow(
        &mut self,
        opened: &mut Opened,
        kind: RunKind,
        debug: bool,
    ) -> anyhow::Result<(Outcome, Summary)> {
        let (events, mut heard) = mpsc::channel(64);
        let cancel = CancellationToken::new();
        let stoppable = !matches!(kind, RunKind::Apply { .. });
        let gone = CancellationToken::new();
        // Whoever asked for one line a tenant is not there to sign in to each.
        let person = if print::is_interactive() && !self.quiet {
            Person::There(gone.clone())
        } else {
            Person::Absent
        };
        let settings = crate::sync::RunSettings {
            debug,
            person,
            ..opened.settings.clone()
        };
        let (to, wanted) = mpsc::unbounded_channel();
        self.sign_in = Some(to);
        let asks = ask_when_needed(Desk::of(opened), wanted, gone);
        let run = crate::sync::run(&mut opened.world, kind, &settings, events, &cancel);
        let listen = async {
            let mut result = Ok(());
            while let Some(event) = heard.recv().await {
                if result.is_ok() {
                    result = self.hear(event);
                    // It cannot be printed, as on a full disk: reading stops, but a write that has begun is finished.
                    if result.is_err() && stoppable {
                        cancel.cancel();
                    }
                }
            }
            result
        };
        let interrupted = async {
            if interrupt::heard().await.is_ok() {
                cancel.cancel();
                print::tell(
                    "Stopping; what is being written is finished first. Again to end at once.",
                );
            }
            if interrupt::heard().await.is_ok() {
                std::process::exit(i32::from(interrupt::code()));
            }
            std::future::pending::<()>().await;
        };
        let both = async { tokio::join!(run, listen) };
        tokio::select! {
            (done, listened) = both => {
                listened?;
                Ok(done)
            }
            () = interrupted => unreachable!("it never ends by itself"),
            () = asks => unreachable!("it never ends by itself"),
        }
    }

    fn hear(&mut self, event: RunEvent) -> anyhow::Result<()> {
        match event {
            RunEvent::PlanReady(plan) => {
                self.plan = Some(*plan);
                Ok(())
            }
            _ if self.quiet => Ok(()),
            RunEvent::Log(line) => {
                self.said = true;
                self.line(&line)
            }
            RunEvent::Finished {
                outcome: Outcome::Failed(failure),
                ..
            } => {
                // Otherwise it stands in the log lines already.
                if self.json || !self.said {
                    print::failure(&failure);
                }
                Ok(())
            }
            RunEvent::SignInNeeded { why } => {
                print::tell(&format!(
                    "{}: the run keeps its place until somebody has signed in.",
                    why.headline
                ));
                if let Some(wanted) = &self.sign_in {
                    let _ = wanted.send(());
                }
                Ok(())
            }
            RunEvent::GoesOn { account } => {
                print::tell(&format!("Signed in as {account}: the run goes on."));
                Ok(())
            }
            RunEvent::Started { .. }
            | RunEvent::Phase(_)
            | RunEvent::Progress(_)
            // Stands in the log.
            | RunEvent::Waiting { .. }
            | RunEvent::SignedIn { .. }
            | RunEvent::ServerTime { .. }
            | RunEvent::LedgerChanged
            | RunEvent::SnapshotChanged
            | RunEvent::Finished { .. } => Ok(()),
        }
    }

    fn line(&self, line: &LogLine) -> anyhow::Result<()> {
        if self.json {
            return print::data(&json::line(&LineJson::from(line))?);
        }
        print::data(Label::new(&line.marked()).as_str())
    }
}
