//! `sync`: the log as it happens, the plan, and with `--yes` the writing.

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::config::SignInWay;
use crate::domain::outbox::EntryId;
use crate::domain::pace::Clock;
use crate::domain::run::{LogLine, Outcome, RunEvent, RunKind, Summary};
use crate::domain::writeplan::WritePlan;
use crate::graph::Client;
use crate::record::json::{self, LineJson, SummaryJson};
use crate::sync::Person;

use super::args::{Global, Sync};
use super::exit::Exit;
use super::open::{Opened, open};
use super::{login, print};

pub(super) async fn run(global: &Global, args: &Sync) -> anyhow::Result<Exit> {
    let mut opened = open(global).await?;
    let damaged = opened.was_damaged();
    let exit = Box::pin(both(&mut opened, global, args)).await;
    if let Some(simulator) = opened.simulator.take() {
        simulator.stop().await;
    }
    Ok(exit?.or_damaged(damaged))
}

async fn both(opened: &mut Opened, global: &Global, args: &Sync) -> anyhow::Result<Exit> {
    let mut narrator = Narrator {
        json: global.json,
        plan: None,
        said: false,
        sign_in: None,
    };
    let (outcome, mut summary) = narrator.follow(opened, RunKind::Sync, args.debug).await?;
    let mut exit = Exit::of_run(&outcome, &summary);
    let plan = narrator.plan.take().filter(|plan| !plan.is_empty());
    let mut last = outcome;
    if let Some(plan) = plan.filter(|_| matches!(exit, Exit::Done | Exit::Partly)) {
        if !global.json {
            show(&plan);
        }
        match decide(opened, args, &plan, global.json)? {
            Decision::Leave => exit = Exit::Planned,
            Decision::Refused(why) => {
                print::tell(&why);
                exit = Exit::Refused;
            }
            Decision::Apply { past_limit } => {
                opened.settings.past_limit = past_limit;
                let entries: Vec<EntryId> = plan.items.iter().map(|item| item.entry).collect();
                let (outcome, written) = narrator
                    .follow(opened, RunKind::Apply { entries }, args.debug)
                    .await?;
                exit = Exit::of_run(&outcome, &written);
                last = outcome;
                summary = Summary {
                    counters: summary.counters,
                    unlicensed: summary.unlicensed,
                    ..written
                };
            }
        }
    }
    if exit == Exit::Done && summary.left > 0 {
        exit = Exit::Planned;
    }
    if global.json {
        let object = serde_json::json!({ "summary": SummaryJson::new(&last, &summary) });
        print::data(&json::line(&object)?)?;
    }
    Ok(exit)
}

enum Decision {
    Apply { past_limit: bool },
    Leave,
    Refused(String),
}

fn decide(opened: &Opened, args: &Sync, plan: &WritePlan, json: bool) -> anyhow::Result<Decision> {
    if args.plan {
        return Ok(Decision::Leave);
    }
    let taking = plan.taking_away(|_| true);
    if args.yes {
        if opened.settings.read_only {
            let why = "This tenant is read-only: nothing was written. Set `read_only = false` for it in the configuration.";
            return Ok(Decision::Refused(why.to_owned()));
        }
        if taking > plan.limit {
            let why = format!(
                "{taking} changes take something away, the limit is {}: nothing was written. Apply it in the console.",
                plan.limit
            );
            return Ok(Decision::Refused(why));
        }
        return Ok(Decision::Apply { past_limit: false });
    }
    if json || opened.settings.read_only || !print::is_interactive() {
        print::tell("Nothing was written; `sync --yes` writes it.");
        return Ok(Decision::Leave);
    }
    if taking > plan.limit {
        let question = format!(
            "{taking} changes take something away (limit {}). Type the tenant's name, {}, to write:",
            plan.limit, plan.tenant_name
        );
        let agreed = print::ask(&question)? == plan.tenant_name;
        return Ok(if agreed {
            Decision::Apply { past_limit: true }
        } else {
            Decision::Leave
        });
    }
    let agreed = print::ask(&format!("Write this to {}? Type yes:", plan.tenant_name))? == "yes";
    Ok(if agreed {
        Decision::Apply { past_limit: false }
    } else {
        Decision::Leave
    })
}

fn show(plan: &WritePlan) {
    print::tell(&format!(
        "PLAN  {}  {} of {} changes",
        plan.tenant_name,
        plan.items.len(),
        plan.items.len() + plan.left_out.len()
    ));
    for item in &plan.items {
        let (field, old, new) = (
            item.new.field().as_str(),
            item.old.shown(),
            item.new.shown(),
        );
        print::tell(&format!(
            "  {}: {field} {old} -> {new}  {}",
            item.name, item.note
        ));
    }
    for number in plan.silenced(|_| true) {
        print::tell(&format!(
            "  ! stops ringing: {} (nobody gets it)",
            number.spaced()
        ));
    }
}

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
        let asked = login::ask(&desk.client, desk.way, &desk.name, &desk.clock).await;
        if let Err(error) = asked {
            print::failure(&error.failure("Signing in"));
            gone.cancel();
        }
    }
    std::future::pending::<()>().await;
}

/// Prints what runs say, and keeps the last plan.
struct Narrator {
    json: bool,
    plan: Option<WritePlan>,
    /// Whether any line was printed: a run that is refused at the door has no log.
    said: bool,
    /// Where it is told that a person has to sign in, while a run goes.
    sign_in: Option<mpsc::UnboundedSender<()>>,
}

impl Narrator {
    async fn follow(
        &mut self,
        opened: &mut Opened,
        kind: RunKind,
        debug: bool,
    ) -> anyhow::Result<(Outcome, Summary)> {
        let (events, mut heard) = mpsc::channel(64);
        let cancel = CancellationToken::new();
        let stoppable = !matches!(kind, RunKind::Apply { .. });
        let gone = CancellationToken::new();
        let settings = crate::sync::RunSettings {
            debug,
            person: if print::is_interactive() {
                Person::There(gone.clone())
            } else {
                Person::Absent
            },
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
            () = asks => unreachable!("it never ends by itself"),
        }
    }

    fn hear(&mut self, event: RunEvent) -> anyhow::Result<()> {
        match event {
            RunEvent::Log(line) => {
                self.said = true;
                self.line(&line)
            }
            RunEvent::PlanReady(plan) => {
                self.plan = Some(*plan);
                Ok(())
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
