//! Prints what runs say as it happens.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::cli::open::Opened;
use crate::cli::print;
use crate::domain::run::{LogLine, Outcome, RunEvent, RunKind, Summary};
use crate::domain::writeplan::WritePlan;
use crate::record::json::{self, LineJson};

/// Prints what runs say, and keeps the last plan.
pub(super) struct Narrator {
    json: bool,
    quiet: bool,
    /// The last plan.
    pub(super) plan: Option<WritePlan>,
    /// Whether any line was printed: a run that is refused at the door has no log.
    said: bool,
}

impl Narrator {
    pub(super) fn new(json: bool) -> Self {
        Self {
            json,
            quiet: false,
            plan: None,
            said: false,
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
        let settings = crate::sync::RunSettings {
            debug,
            ..opened.settings.clone()
        };
        let run = crate::sync::run(&mut opened.world, kind, &settings, events, &cancel);
        let listen = async {
            let mut result = Ok(());
            while let Some(event) = heard.recv().await {
                if result.is_ok() {
                    result = self.hear(event);
                    // Nobody reads any more: reading stops, but a write that has begun is finished.
                    if result.is_err() && stoppable {
                        cancel.cancel();
                    }
                }
            }
            result
        };
        let interrupted = async {
            if tokio::signal::ctrl_c().await.is_ok() {
                cancel.cancel();
                print::tell(
                    "Stopping; what is being written is finished first. Again to end at once.",
                );
            }
            if tokio::signal::ctrl_c().await.is_ok() {
                std::process::exit(130);
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
            RunEvent::Waiting { until, why } => {
                print::tell(&format!(
                    "waiting until {}: {why}",
                    until.strftime("%H:%M:%SZ")
                ));
                Ok(())
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
            RunEvent::Started { .. }
            | RunEvent::Phase(_)
            | RunEvent::Progress(_)
            | RunEvent::SignedIn { .. }
            | RunEvent::LedgerChanged
            | RunEvent::SnapshotChanged
            | RunEvent::Finished { .. } => Ok(()),
        }
    }

    fn line(&self, line: &LogLine) -> anyhow::Result<()> {
        if self.json {
            return print::data(&json::line(&LineJson::from(line))?);
        }
        print::data(&line.marked())
    }
}
