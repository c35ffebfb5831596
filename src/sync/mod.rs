//! One run, end to end: connect, tenant guard, read, classify, match, merge, plan; and for an apply: write and read back.
//!
//! Emits `domain` events and knows nothing of who watches. The last good picture stays until a whole new one stands.

mod attend;
mod changes;
mod give;
mod guard;
mod halves;
mod journal;
mod lease;
mod one;
mod pull;
mod push;
mod readback;
mod reference;
mod settle;
mod stopped;
mod touch;
mod waits;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::domain::directory::Tenant;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::matching::Matcher;
use crate::domain::outbox::{EntryId, EntryState, person};
use crate::domain::pace::{Clock, Pace};
use crate::domain::planning::Allowed;
use crate::domain::run::{Counters, Outcome, Phase, RunEvent, RunKind, Source, Summary};
use crate::graph::error::GraphError;
use crate::graph::{Client, Exchange};
use crate::store::error::StoreError;
use crate::store::ledger::PinOutcome;
use crate::store::peek;
use crate::store::{Stamp, Store};

use attend::attended;
use journal::{Journal, Listeners};
use lease::Lease;
pub use one::{ReadAgain, Reading, read_again};
use pull::Pulled;
use waits::Waits;

/// The document's words for a sign-in to another tenant than the pinned one.
pub const TENANT_MISMATCH: &str =
    "The tenant for the selected user does not match the previously tenant selected";

/// How a run behaves.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own, as the configuration has them"
)]
#[derive(Debug, Clone)]
pub struct RunSettings {
    /// Name or id of the group filter.
    pub group: Option<String>,
    /// What may be written.
    pub allowed: Allowed,
    /// Whether nothing may be written at all.
    pub read_only: bool,
    /// Whether a plan past the mass-change limit was confirmed with the tenant's name.
    pub past_limit: bool,
    /// Whether nothing is written that has no ticket, whatever asked for it.
    pub require_ticket: bool,
    /// Who runs it.
    pub author: String,
    /// The lease file of the tenant.
    pub lease: PathBuf,
    /// The clock.
    pub clock: Clock,
    /// The pace of waits.
    pub pace: Pace,
    /// Whether it is a debug sync.
    pub debug: bool,
    /// Whether somebody is there to sign in while it goes.
    pub person: Person,
    /// The other tenants of the configuration at the same place, by name and folder: none of them may be this one.
    pub others: Vec<(String, PathBuf)>,
}

/// Whether a run that lacks a sign-in waits for one.
#[derive(Debug, Clone)]
pub enum Person {
    /// Nobody is there: the run ends.
    Absent,
    /// Somebody is asked: the run waits, and ends when this is cancelled.
    There(CancellationToken),
}

/// The world that a run works on.
#[derive(Debug)]
pub struct World {
    /// The tenant over HTTP.
    pub client: Client,
    /// The files of this side.
    pub store: Arc<Store>,
    /// What the client exchanges, for a debug sync.
    pub traffic: Option<mpsc::UnboundedReceiver<Exchange>>,
}

/// Why a run stopped before its end.
#[derive(Debug)]
enum Stop {
    Failed(Failure),
    Cancelled,
}

impl From<Failure> for Stop {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.failure())
    }
}

/// The stop that an error of the tenant means, with what was tried.
fn failed(error: &GraphError, tried: &str) -> Stop {
    Stop::Failed(failure_of(error, tried))
}

/// The failure that an error of the tenant means to a run, with what was tried.
fn failure_of(error: &GraphError, tried: &str) -> Failure {
    match error {
        GraphError::WrongTenant { wanted, got } => {
            wrong_tenant(&format!("wanted: {wanted}; the token: {got}"))
        }
        other => other.failure(tried),
    }
}

/// A run under way.
struct Run<'a> {
    client: &'a Client,
    store: &'a Store,
    settings: &'a RunSettings,
    cancel: &'a CancellationToken,
    journal: Journal,
    summary: Summary,
    /// Another tenant has answered in the middle of this run.
    foreign: Option<Failure>,
    /// The account that is signed in, once it is known.
    account: Option<String>,
    /// What a cancel does to waits for Graph.
    waits: Waits,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run")
            .field("journal", &self.journal)
            .finish_non_exhaustive()
    }
}

/// Runs to the end and says how it went. Events go to `events`; a receiver that is gone does not stop the run.
pub async fn run(
    world: &mut World,
    kind: RunKind,
    settings: &RunSettings,
    events: mpsc::Sender<RunEvent>,
    cancel: &CancellationToken,
) -> (Outcome, Summary) {
    let at = settings.clock.now();
    let lease = match Lease::take(&settings.lease, &settings.author, kind.as_str(), at) {
        Ok(lease) => lease,
        Err(failure) => return refuse(failure, &events).await,
    };
    let stamp = Stamp {
        at,
        author: settings.author.clone(),
        run: None,
    };
    if let Err(error) = recover(&world.store, stamp).await {
        return refuse(error.failure(), &events).await;
    }
    let number = match world
        .store
        .history
        .begin(&kind, settings.debug, &settings.author, at)
        .await
    {
        Ok(number) => number,
        Err(error) => return refuse(error.failure(), &events).await,
    };
    let _ = events.send(RunEvent::Started { number }).await;
    world.client.forget_stranger();
    let (client, mut attendance, asides) = attended(&world.client, settings, cancel, &events);
    let waits = Waits::default();
    let client = client.leaving(waits.leave.clone());
    let listeners = Listeners {
        events,
        history: world.store.history.clone(),
        traffic: world.traffic.take(),
        asides,
    };
    let journal = Journal::new(listeners, number, settings.clock.clone(), settings.debug);
    let mut run = Run {
        client: &client,
        store: &world.store,
        settings,
        cancel,
        journal,
        summary: Summary::default(),
        foreign: None,
        account: None,
        waits: waits.clone(),
    };
    let result = tokio::select! {
        biased;
        result = Box::pin(run.all(&kind)) => result,
        // Reading may be left at any point; a write finishes what it has begun, and looks at the token itself.
        () = cancelled(cancel, &kind) => Err(Stop::Cancelled),
        () = attendance.tell() => unreachable!("it never ends by itself"),
        () = waits.leave_with(cancel) => unreachable!("it never ends by itself"),
    };
    let result = match result {
        // It would have gone on after the wait: nothing has failed.
        Err(Stop::Failed(failure))
            if waits.leave.is_cancelled() && failure.kind == FailureKind::TryAgain =>
        {
            Err(Stop::Cancelled)
        }
        result => result,
    };
    attendance.rest().await;
    let outcome = run.close(result).await;
    let summary = run.summary;
    world.traffic = run.journal.finish().await;
    drop(lease);
    (outcome, summary)
}

async fn cancelled(cancel: &CancellationToken, kind: &RunKind) {
    match kind {
        RunKind::Sync | RunKind::Plan => cancel.cancelled().await,
        RunKind::Apply { .. } => std::future::pending().await,
    }
}

/// What a process that died has left: requests in flight become unknown, runs interrupted. Only while nobody runs.
async fn recover(store: &Store, stamp: Stamp) -> Result<(), StoreError> {
    let at = stamp.at;
    store.ledger.recover(stamp).await?;
    store.history.sweep(at).await?;
    Ok(())
}

/// As a run does it at its beginning, for a console that has just been opened: without the lease nothing is touched.
pub async fn recover_if_free(store: &Store, settings: &RunSettings) -> Result<(), Failure> {
    let at = settings.clock.now();
    let Ok(_lease) = Lease::take(
        &settings.lease,
        &settings.author,
        "looking after an earlier run",
        at,
    ) else {
        return Ok(());
    };
    let stamp = Stamp {
        at,
        author: settings.author.clone(),
        run: None,
    };
    recover(store, stamp).await.map_err(|error| error.failure())
}

/// Disables sync: takes the pin off, and leaves all data. Not while a run goes, here or in another process: it would go on with a
/// tenant that nothing is compared with any more.
pub async fn disable(store: &Store, lease: &Path, stamp: Stamp) -> Result<(), Failure> {
    let _lease = Lease::take(lease, &stamp.author, "disabling sync", stamp.at)?;
    let done = store.ledger.unpin(stamp).await;
    done.map_err(|error| error.failure())
}

/// Who writes, with the account that is signed in: `j.smith as admin@contoso.example from 192.0.2.7`.
fn signed(author: &str, account: Option<&str>) -> String {
    let Some(account) = account else {
        return author.to_owned();
    };
    let person = person(author);
    let rest = &author[person.len()..];
    format!("{person} as {account}{rest}")
}

async fn refuse(failure: Failure, events: &mpsc::Sender<RunEvent>) -> (Outcome, Summary) {
    let outcome = Outcome::Failed(failure);
    let summary = Summary::default();
    let _ = events
        .send(RunEvent::Finished {
            outcome: outcome.clone(),
            summary,
        })
        .await;
    (outcome, summary)
}

/// The failure of a run that met another tenant than the one that it is for.
fn wrong_tenant(ids: &str) -> Failure {
    Failure::new(
        FailureKind::Refused,
        TENANT_MISMATCH,
        ids,
        "Nothing was read into this tenant's files, and nothing further was written. If the tenant of before is right: sign in with an \
         account of it (`:sign-in` in the console, `login` in a shell; an app: check tenant_id and its secret). If the new one is right: disable sync \
         (`:disable sync` in the console, `tenants unpin NAME` in a shell), set tenant_id in config.toml, then sync.",
    )
}

impl Run<'_> {
    async fn all(&mut self, kind: &RunKind) -> Result<(), Stop> {
        let tenant = self.connect().await?;
        match kind {
            RunKind::Sync => {
                self.early_plan(&tenant).await?;
                let mut pulled = Box::pin(self.pull(&tenant)).await?;
                self.pin(&tenant, &mut pulled).await?;
                self.journal.phase(Phase::Plan).await;
                self.settle_all(pulled).await?;
                self.plan_and_tell(&tenant).await?;
                Ok(())
            }
            RunKind::Plan => {
                self.journal.phase(Phase::Plan).await;
                self.plan_and_tell(&tenant).await?;
                Ok(())
            }
            RunKind::Apply { entries } => self.apply(&tenant, entries).await,
        }
    }

    /// Signs in and compares tenants: nothing is read into a file, and nothing written, before all ids agree.
    async fn connect(&mut self) -> Result<Tenant, Stop> {
        self.journal.phase(Phase::Connect).await;
        let signed_in = match self.client.sign_in().await {
            Ok(signed_in) => signed_in,
            Err(GraphError::WrongTenant { wanted, got }) => {
                let ids = format!("wanted: {wanted}; signed in to: {got}");
                return Err(self.mismatch(&ids).await);
            }
            Err(error) => return Err(failed(&error, "Signing in")),
        };
        let tenant = self
            .client
            .organization()
            .await
            .map_err(|error| failed(&error, "Reading the organisation"))?;
        self.journal
            .info(
                Source::Auth,
                format!(
                    "Signed in to {} ({}) as {}",
                    tenant.name, tenant.id, signed_in.account
                ),
            )
            .await;
        self.compare_clocks().await;
        if let Some(token) = signed_in.tenant.filter(|id| *id != tenant.id) {
            return Err(self
                .mismatch(&format!(
                    "the token is for {token}, the organisation answers as {}",
                    tenant.id
                ))
                .await);
        }
        let pin = self.store.ledger.load().await?.pin;
        if let Some(pinned) = pin.filter(|pin| pin.tenant != tenant.id) {
            let ids = format!(
                "pinned: {} ({}); signed in to: {} ({})",
                pinned.name, pinned.tenant, tenant.name, tenant.id
            );
            return Err(self.mismatch(&ids).await);
        }
        if !self.client.is_asked_for(&tenant) {
            let ids = format!(
                "signed in to: {} ({}), whose domains are {}: the configuration names another",
                tenant.name,
                tenant.id,
                tenant.domains.join(", ")
            );
            return Err(self.mismatch(&ids).await);
        }
        self.only_name(&tenant)?;
        drop(self.store.history.set_tenant(self.journal.run(), tenant.id));
        self.account = Some(signed_in.account.clone());
        self.journal
            .tell(RunEvent::SignedIn {
                tenant: tenant.name.clone(),
                account: signed_in.account,
            })
            .await;
        Ok(tenant)
    }

    /// The first good run pins the tenant. Users of another tenant before it come along without their associations: who they are
    /// here is shown, and waits until somebody takes it over.
    async fn pin(&mut self, tenant: &Tenant, pulled: &mut Pulled) -> Result<(), Stop> {
        let stamp = self.stamp();
        match self
            .store
            .ledger
            .pin(tenant.id, tenant.name.clone(), stamp)
            .await?
        {
            PinOutcome::Same => Ok(()),
            PinOutcome::New => {
                self.journal
                    .info(Source::Auth, format!("Pinned tenant {}", tenant.id))
                    .await;
                let desk = self.store.ledger.load().await?;
                if desk.parked > 0 {
                    let text = format!(
                        "{} of the tenant before are set aside and never sent here",
                        touch::changes(desk.parked as usize)
                    );
                    self.journal.warning(Source::Plan, text).await;
                }
                pulled.matcher = Matcher::new(&desk.users);
                self.look_in_cache(&mut pulled.matcher).await
            }
            PinOutcome::Other { pinned } => {
                let ids = format!(
                    "pinned: {} ({}); signed in to: {}",
                    pinned.name, pinned.tenant, tenant.id
                );
                Err(self.mismatch(&ids).await)
            }
        }
    }

    /// A tenant that is kept under another name has a queue, an audit and a lease there: two would write to it side by side. By the
    /// configuration alone an id and a domain of one tenant cannot be told from those of two.
    fn only_name(&self, tenant: &Tenant) -> Result<(), Stop> {
        let is_it = |dir: &PathBuf| peek::pinned(dir).is_some_and(|pin| pin.tenant == tenant.id);
        let Some((other, dir)) = self.settings.others.iter().find(|(_, dir)| is_it(dir)) else {
            return Ok(());
        };
        Err(Stop::Failed(Failure::new(
            FailureKind::Refused,
            format!("This tenant is {other} of the configuration, under another name"),
            format!("{} is pinned to {} too", dir.display(), tenant.id),
            "Nothing was read or written. Each name has a queue and an audit of its own, and nothing would keep the two apart: \
             keep one of them (`teamsconnector tenants remove NAME` keeps the files of the other).",
        )))
    }

    async fn mismatch(&mut self, ids: &str) -> Stop {
        Stop::Failed(self.told_wrong_tenant(ids).await)
    }

    fn stamp(&self) -> Stamp {
        Stamp {
            at: self.settings.clock.now(),
            author: signed(&self.settings.author, self.account.as_deref()),
            run: Some(self.journal.run()),
        }
    }

    fn check_cancelled(&self) -> Result<(), Stop> {
        if self.cancel.is_cancelled() {
            Err(Stop::Cancelled)
        } else {
            Ok(())
        }
    }

    /// The plan of what is queued, as early as possible: the whole tenant follows.
    async fn early_plan(&mut self, tenant: &Tenant) -> Result<(), Stop> {
        let desk = self.store.ledger.load().await?;
        if desk.entries.is_empty() || desk.pin.is_none() {
            return Ok(());
        }
        self.plan_and_tell(tenant).await?;
        Ok(())
    }

    async fn close(&mut self, result: Result<(), Stop>) -> Outcome {
        self.journal.phase(Phase::Close).await;
        let unknown = self.count_outbox().await;
        let Summary {
            refused,
            conflicts,
            left,
            released,
            ..
        } = self.summary;
        let outcome = match result {
            Ok(()) if refused + conflicts + unknown + released > 0 => Outcome::Partly,
            Ok(()) => Outcome::Done,
            Err(Stop::Cancelled) => Outcome::Cancelled,
            Err(Stop::Failed(failure)) => {
                for line in failure.lines().map(str::to_owned).collect::<Vec<_>>() {
                    self.journal.error(Source::Sync, line).await;
                }
                Outcome::Failed(failure)
            }
        };
        let mut ends = vec![format!("Run {} {}", self.journal.run().0, outcome.word())];
        ends.extend(self.summary.released_words());
        ends.extend((left > 0).then(|| format!("{left} left in the outbox")));
        self.journal.info(Source::Sync, ends.join(", ")).await;
        self.journal.flush();
        let at = self.settings.clock.now();
        let run = self.journal.run();
        // A history that cannot be written is told, and changes nothing of what was done.
        if let Err(error) = self
            .store
            .history
            .close(run, &outcome, self.summary, at)
            .await
        {
            tracing::warn!(%error, "the end of run {} could not be kept", run.0);
        }
        tracing::info!(run = run.0, outcome = outcome.word(), "a run ended");
        drop(self.store.history.prune());
        self.journal.tell(RunEvent::LedgerChanged).await;
        self.journal
            .tell(RunEvent::Finished {
                outcome: outcome.clone(),
                summary: self.summary,
            })
            .await;
        outcome
    }

    /// What is left in the outbox, by its kinds; the number of outcomes that are not known.
    async fn count_outbox(&mut self) -> u32 {
        let Ok(picture) = self.store.ledger.load().await else {
            return 0;
        };
        let count = |is: fn(&EntryState) -> bool| {
            let n = picture
                .entries
                .iter()
                .filter(|entry| is(&entry.state))
                .count();
            u32::try_from(n).unwrap_or(u32::MAX)
        };
        self.summary.refused = count(|state| matches!(state, EntryState::Rejected { .. }));
        self.summary.conflicts = count(|state| matches!(state, EntryState::Conflict { .. }));
        self.summary.left = count(|_| true);
        count(EntryState::needs_settling)
    }

    fn count(&mut self, counters: Counters) {
        self.summary.counters = counters;
    }

    async fn apply(&mut self, tenant: &Tenant, chosen: &[EntryId]) -> Result<(), Stop> {
        if self.settings.read_only {
            return Err(Stop::Failed(Failure::new(
                FailureKind::Refused,
                "This tenant is read-only: nothing was written",
                "",
                "Allow writing for this session (`:` Allow writing), or set `read_only = false` for the tenant.",
            )));
        }
        // Before the plan, so that what is written was read after whatever wait this needs.
        self.client
            .ready_to_write(self.settings.allowed)
            .await
            .map_err(|error| failed(&error, "Preparing to write"))?;
        let signed_in = self.client.sign_in().await;
        let signed_in = signed_in.map_err(|error| failed(&error, "Preparing to write"))?;
        self.is_now(signed_in.account).await;
        self.journal.phase(Phase::Plan).await;
        let plan = self.make_plan(tenant).await?;
        let written = self.push(tenant, plan, chosen).await;
        self.tell_audit_head().await;
        written
    }

    /// The end of the audit as it stands now: noted elsewhere, it shows later whether the tail was cut off.
    async fn tell_audit_head(&mut self) {
        let last = self.store.ledger.audit_tail(1).await;
        if let Some(line) = last.ok().and_then(|lines| lines.into_iter().next()) {
            let text = format!("Audit head {}:{}", line.seq, line.hash);
            self.journal.info(Source::Sync, text).await;
        }
    }
}
