//! Performs effects: hands each to a task of its own and sends the answer back as an event. Nothing here waits in the loop.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex as StdMutex};
use std::time::Duration;

use tokio::sync::{Mutex, Notify, mpsc};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::app::effect::{Effect, LedgerChange, Who};
use crate::app::event::{CacheEvent, LedgerEvent, RequestId, SessionEvent, What};
use crate::app::tables::KEPT;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::{Class, FirstCause, Marks};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::EntryId;
use crate::domain::pace::Clock;
use crate::domain::run::{RunEvent, RunKind};
use crate::domain::writeplan::WritePlan;
use crate::graph::Client;
use crate::ops::explain::Whom;
use crate::ops::{desk, explain, handover, history, inventory, planfile};
use crate::store::cache::SnapshotHead;
use crate::store::{Stamp, Store};
use crate::sync::{self, Person, ReadAgain, Reading, RunSettings, World};

use super::broken;
use super::neighbours::Neighbours;
use super::settings::Choices;

/// Events of a run that wait for the screen before the run waits for it.
const RUN_EVENTS: usize = 64;

/// What effects work on.
#[derive(Debug)]
pub struct Workbench {
    /// The tenant and the files, for runs: one at a time.
    pub world: World,
    /// How runs behave.
    pub settings: RunSettings,
    /// Group and mode of the tenant.
    pub choices: Choices,
    /// The other tenants.
    pub neighbours: Neighbours,
    /// Whether a support bundle is looked at: what does more than look is not carried out, whoever asked for it.
    pub only_looked_at: bool,
}

/// Carries out effects.
#[derive(Debug)]
pub(super) struct Performer {
    shared: Arc<Shared>,
    running: Option<(RequestId, CancellationToken)>,
    signing: Option<(RequestId, CancellationToken)>,
    only_looked_at: bool,
    /// Ends the tasks that nobody waits for.
    over: CancellationToken,
    tasks: TaskTracker,
}

#[derive(Debug)]
pub(super) struct Shared {
    world: Mutex<World>,
    pub(super) client: Client,
    pub(super) store: Arc<Store>,
    pub(super) settings: RunSettings,
    pub(super) choices: Choices,
    pub(super) neighbours: Neighbours,
    pub(super) writing: AtomicBool,
    to: mpsc::Sender<What>,
    pub(super) clock: Clock,
    pub(super) reload_desk: Notify,
    pub(super) reload_roster: Notify,
    /// Somebody wants to know at once whether another session has changed something.
    pub(super) look_elsewhere: Notify,
    /// The picture that the roster was loaded from last.
    pub(super) loaded: StdMutex<Option<SnapshotHead>>,
    /// A run of this console is under way.
    pub(super) running: AtomicBool,
    pub(super) generation: AtomicU64,
    /// The newest question for the rows of pane 2.
    pub(super) newest: AtomicU64,
}

impl Performer {
    pub(super) fn new(workbench: Workbench, to: mpsc::Sender<What>, clock: Clock) -> Self {
        let Workbench {
            world,
            settings,
            choices,
            neighbours,
            only_looked_at,
        } = workbench;
        let shared = Arc::new(Shared {
            client: world.client.clone(),
            store: world.store.clone(),
            writing: AtomicBool::new(!settings.read_only),
            world: Mutex::new(world),
            settings,
            choices,
            neighbours,
            to,
            clock,
            reload_desk: Notify::new(),
            reload_roster: Notify::new(),
            look_elsewhere: Notify::new(),
            loaded: StdMutex::default(),
            running: AtomicBool::new(false),
            generation: AtomicU64::new(1),
            newest: AtomicU64::new(0),
        });
        let performer = Self {
            shared,
            running: None,
            signing: None,
            only_looked_at,
            over: CancellationToken::new(),
            tasks: TaskTracker::new(),
        };
        performer.spawn(Shared::keep_desk);
        performer.spawn(Shared::keep_roster);
        if !only_looked_at {
            performer.spawn(Shared::watch_others);
        }
        performer
    }

    /// Loads what the files have: the first frame shows the last good picture, and the tenant's users come behind it.
    pub(super) fn load_all(&self) {
        self.shared.reload_desk.notify_one();
        self.track(Shared::offer_drafts);
        if !self.only_looked_at {
            self.spawn(Shared::look_who_is_signed_in);
        }
    }

    /// A task that the end of the program does not wait for.
    #[expect(clippy::disallowed_methods, reason = "the runtime starts the tasks")]
    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, task: impl FnOnce(Arc<Shared>) -> F) {
        let (task, over) = (task(self.shared.clone()), self.over.clone());
        tokio::spawn(async move {
            tokio::select! {
                () = task => {}
                () = over.cancelled() => {}
            }
        });
    }

    /// A task that is waited for when the program ends.
    fn track<F: Future<Output = ()> + Send + 'static>(&self, task: impl FnOnce(Arc<Shared>) -> F) {
        self.tasks.spawn(task(self.shared.clone()));
    }

    /// Carries out one effect; its answer comes as an event.
    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each, so that none can be forgotten"
    )]
    pub(super) fn perform(&mut self, effect: Effect) {
        if self.only_looked_at && !effect.only_looks() {
            return;
        }
        broken::break_files(&self.shared.store, &effect);
        match effect {
            Effect::StartRun { req, kind, debug } => {
                let cancel = CancellationToken::new();
                self.running = Some((req, cancel.clone()));
                self.track(move |shared| shared.run(req, kind, debug, cancel));
            }
            Effect::CancelRun { req } => {
                if let Some((_, cancel)) =
                    self.running.as_ref().filter(|(running, _)| *running == req)
                {
                    cancel.cancel();
                }
            }
            Effect::Ledger {
                req,
                change: LedgerChange::Import { review, extent },
            } => self.track(move |shared| shared.import(req, review, extent)),
            Effect::Ledger { req, change } => self.track(move |shared| shared.change(req, change)),
            Effect::KeepDraft { key, text } => {
                // Told at once: two of them must not change their order.
                let ledger = &self.shared.store.ledger;
                let kept = if key == KEPT {
                    ledger.keep_common(&key, text)
                } else {
                    ledger.keep_draft(&key, text)
                };
                // A draft that cannot be kept is no reason to disturb somebody who is typing.
                self.track(move |_| async move { drop(kept.await) });
            }
            Effect::LoadLog { req, run } => self.track(move |shared| async move {
                let event = match shared.store.history.log(run).await {
                    Ok(lines) => LedgerEvent::Log {
                        req,
                        run,
                        lines: Arc::new(lines),
                    },
                    Err(error) => LedgerEvent::Refused {
                        req,
                        failure: error.failure(),
                    },
                };
                shared.send(What::Ledger(event)).await;
            }),
            Effect::Settings { req, change } => {
                self.track(move |shared| shared.change_settings(req, change));
            }
            Effect::Compare {
                req,
                runs: (one, other),
            } => self.track(move |shared| async move {
                let event = match history::difference(&shared.store, one, other).await {
                    Ok(diff) => LedgerEvent::Compared {
                        req,
                        diff: Box::new(diff),
                    },
                    Err(failure) => LedgerEvent::Refused { req, failure },
                };
                shared.send(What::Ledger(event)).await;
            }),
            Effect::Handover { req, since, now } => self.track(move |shared| async move {
                let event = match handover::handover(&shared.store, since, now).await {
                    Ok(seen) => LedgerEvent::Handover {
                        req,
                        since,
                        lines: seen.words(),
                    },
                    Err(failure) => LedgerEvent::Refused { req, failure },
                };
                shared.send(What::Ledger(event)).await;
            }),
            Effect::Explain { req, who, live } => {
                self.track(move |shared| shared.explain(req, who, live));
            }
            Effect::List { req, roster, ask } => {
                self.spawn(move |shared| shared.list(req, roster, ask));
            }
            Effect::LoadPerson { req, id } => self.track(move |shared| shared.load_person(req, id)),
            Effect::Script { req, id } => self.track(move |shared| shared.script(req, id)),
            Effect::LoadMembers { req, loading } => self.track(move |shared| async move {
                let event = match inventory::members(&shared.store, loading).await {
                    Ok(members) => CacheEvent::Members {
                        req,
                        members: Arc::new(members),
                    },
                    Err(error) => CacheEvent::Failed {
                        req,
                        failure: error.failure(),
                    },
                };
                shared.send(What::Cache(event)).await;
            }),
            Effect::KeepPlan {
                req,
                path,
                plan,
                entries,
            } => self.track(move |shared| shared.keep_plan(req, path, *plan, entries)),
            Effect::AllowWriting { req } => self.track(move |shared| shared.allow_writing(req)),
            Effect::SignIn { req, attempt } => {
                let cancel = CancellationToken::new();
                self.signing = Some((req, cancel.clone()));
                self.track(move |shared| shared.sign_in(req, attempt, cancel));
            }
            Effect::CancelSignIn { req } => {
                if let Some((_, cancel)) = self.signing.as_ref().filter(|(open, _)| *open == req) {
                    cancel.cancel();
                }
            }
            Effect::SignOut { req } => self.track(move |shared| shared.sign_out(req)),
            Effect::LoadEarlier { req } => self.track(move |shared| async move {
                let earlier = shared.earlier().await.map(Arc::new);
                let event = LedgerEvent::Earlier { req, earlier };
                shared.send(What::Ledger(event)).await;
            }),
            Effect::Judge {
                req,
                source,
                ask,
                country,
            } => self.track(move |shared| shared.judge(req, source, (ask, country))),
            Effect::Export {
                req,
                what,
                reader,
                path,
            } => self.track(move |shared| shared.export(req, what, (reader, path))),
            Effect::AddTenant { req, new } => {
                self.track(move |shared| shared.add_tenant(req, *new));
            }
            Effect::EditTenant { req, new } => {
                self.track(move |shared| shared.edit_tenant(req, *new));
            }
            Effect::RemoveTenant { req, name } => {
                self.track(move |shared| shared.remove_tenant(req, name));
            }
            Effect::LookForOthers => self.shared.look_elsewhere.notify_one(),
            Effect::ListTenants { req } => self.track(move |shared| shared.list_tenants(req)),
            // The shell itself does these.
            Effect::Copy { .. }
            | Effect::Mouse(_)
            | Effect::OpenTenant { .. }
            | Effect::Wake { .. }
            | Effect::Bell
            | Effect::Suspend
            | Effect::Quit { .. } => {}
        }
    }

    /// Tells how a copy went.
    pub(super) fn copied(&self, req: RequestId, sent: std::io::Result<&str>) {
        let event = match sent {
            Ok(notice) => SessionEvent::Done {
                req,
                notice: notice.to_owned(),
            },
            Err(error) => SessionEvent::Refused {
                req,
                failure: Failure::new(
                    FailureKind::Other,
                    "The terminal did not take the text",
                    error.to_string(),
                    "",
                ),
            },
        };
        self.track(move |shared| async move { shared.send(What::Session(event)).await });
    }

    /// Stops the run and waits a little for what was begun.
    pub(super) async fn close(&mut self, at_most: Duration) {
        if let Some((_, cancel)) = &self.running {
            cancel.cancel();
        }
        if let Some((_, cancel)) = &self.signing {
            cancel.cancel();
        }
        self.over.cancel();
        self.tasks.close();
        let _ = tokio::time::timeout(at_most, self.tasks.wait()).await;
    }
}

impl Shared {
    pub(super) async fn send(&self, what: What) {
        let _ = self.to.send(what).await;
    }

    pub(super) fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    pub(super) fn stamp(&self) -> Stamp {
        Stamp {
            at: self.clock.now(),
            author: self.settings.author.clone(),
            run: None,
        }
    }

    /// Loads the desk whenever something says that it has changed; several at once are one.
    async fn keep_desk(self: Arc<Self>) {
        let mut first = true;
        loop {
            self.reload_desk.notified().await;
            match desk::load_desk(&self.store, self.clock.now()).await {
                Ok(desk) => {
                    self.send(What::Ledger(LedgerEvent::Desk(Arc::new(desk))))
                        .await;
                }
                Err(error) => {
                    let failure = error.failure();
                    self.send(What::Ledger(LedgerEvent::Refused {
                        req: RequestId::default(),
                        failure,
                    }))
                    .await;
                }
            }
            // What the first frame shows does not wait behind a million rows.
            if std::mem::take(&mut first) {
                self.reload_roster.notify_one();
            }
        }
    }

    async fn load_person(self: Arc<Self>, req: RequestId, id: ObjectId) {
        let event = match self.store.cache.user(id).await {
            Ok(found) => CacheEvent::Person {
                req,
                found: found.map(|stored| {
                    let class = Class {
                        cause: FirstCause::from_byte(stored.class),
                        marks: Marks(stored.marks),
                        number: stored.number,
                    };
                    Box::new((stored.user, class))
                }),
            },
            Err(error) => CacheEvent::Failed {
                req,
                failure: error.failure(),
            },
        };
        self.send(What::Cache(event)).await;
    }

    async fn offer_drafts(self: Arc<Self>) {
        for (key, text) in self.store.ledger.drafts().await.unwrap_or_default() {
            self.send(What::Ledger(LedgerEvent::Draft { key, text }))
                .await;
        }
    }

    async fn run(
        self: Arc<Self>,
        req: RequestId,
        kind: RunKind,
        debug: bool,
        cancel: CancellationToken,
    ) {
        let (events, mut heard) = mpsc::channel(RUN_EVENTS);
        let settings = RunSettings {
            group: self.selection().await.group,
            debug,
            read_only: !self.writing.load(Ordering::SeqCst),
            // The console has asked for the tenant's name where the plan is past the limit.
            past_limit: matches!(kind, RunKind::Apply { .. }),
            // Who sits here can sign in; an application that cannot by itself has nobody to ask, and never waits.
            person: Person::There(CancellationToken::new()),
            ..self.settings.clone()
        };
        let shared = self.clone();
        let forward = async move {
            while let Some(event) = heard.recv().await {
                super::breaks("run", || format!("{event:?}"));
                let done = matches!(event, RunEvent::Finished { .. });
                let snapshot = event == RunEvent::SnapshotChanged;
                match event {
                    RunEvent::LedgerChanged => shared.reload_desk.notify_one(),
                    RunEvent::SnapshotChanged => {
                        // Known before the run ends: whoever looks for others' pictures then does not take it for one.
                        shared.note_loaded().await;
                    }
                    _ => {}
                }
                if done {
                    shared.reload_desk.notify_one();
                }
                let signed_out = super::sign_in::needs_person(&event);
                shared.send(What::Run { req, event }).await;
                if snapshot {
                    // The rows come behind the word that they do.
                    shared.reload_roster.notify_one();
                }
                if signed_out {
                    shared.clone().look_who_is_signed_in().await;
                }
            }
        };
        let work = async {
            let mut world = self.world.lock().await;
            sync::run(&mut world, kind, &settings, events, &cancel).await;
        };
        let _under_way = super::elsewhere::UnderWay::new(&self.running);
        tokio::join!(work, forward);
    }

    async fn allow_writing(self: Arc<Self>, req: RequestId) {
        self.writing.store(true, Ordering::SeqCst);
        self.send(What::Session(SessionEvent::WritingAllowed { req }))
            .await;
    }

    async fn keep_plan(
        self: Arc<Self>,
        req: RequestId,
        path: String,
        plan: WritePlan,
        entries: Vec<EntryId>,
    ) {
        let stamp = self.stamp();
        let done = planfile::keep(&self.store, &path, (&plan, &entries), stamp).await;
        self.answer(req, done).await;
    }

    /// Tells how a change of this side went.
    pub(super) async fn answer(&self, req: RequestId, done: Result<String, Failure>) {
        let told = done.map(|notice| LedgerEvent::Saved { req, notice });
        self.answer_by(req, told).await;
    }

    /// The same, where more is to be told than a line.
    pub(super) async fn answer_by(&self, req: RequestId, told: Result<LedgerEvent, Failure>) {
        // The desk comes first, so that what was saved is there when the form closes.
        match told {
            Ok(told) => {
                match desk::load_desk(&self.store, self.clock.now()).await {
                    Ok(desk) => {
                        self.send(What::Ledger(LedgerEvent::Desk(Arc::new(desk))))
                            .await;
                    }
                    Err(_) => self.reload_desk.notify_one(),
                }
                self.send(What::Ledger(told)).await;
            }
            Err(failure) => {
                self.send(What::Ledger(LedgerEvent::Refused { req, failure }))
                    .await;
                // What another session did may be the reason.
                self.look_elsewhere.notify_one();
            }
        }
    }

    async fn explain(self: Arc<Self>, req: RequestId, who: Who, live: bool) {
        let mut whom = match who {
            Who::Directory(id) => Whom::Directory(id),
            Who::User(id) => Whom::User(id),
            Who::Text(text) => Whom::Text(text),
        };
        let (mut read, mut gone) = (false, None);
        if live {
            match self.read_live(&mut whom).await {
                Ok(Reading::Read(_)) => read = true,
                Ok(Reading::Gone(id)) => gone = Some(id),
                Ok(Reading::Nobody) => {}
                Err(failure) => {
                    return self
                        .send(What::Cache(CacheEvent::Failed { req, failure }))
                        .await;
                }
            }
        }
        let answer = match gone {
            Some(id) => explain::why_gone(&self.store, id, self.clock.now()).await,
            None => explain::why(&self.store, &whom, self.clock.now(), read).await,
        };
        let event = match answer {
            Ok(why) => CacheEvent::Why {
                req,
                why: Box::new(why),
            },
            Err(error) => CacheEvent::Failed {
                req,
                failure: error.failure(),
            },
        };
        self.send(What::Cache(event)).await;
    }

    /// Reads somebody again.
    async fn read_live(&self, whom: &mut Whom) -> Result<Reading, Failure> {
        let again = match whom {
            Whom::Directory(id) => ReadAgain::Id(*id),
            Whom::Text(text) => ReadAgain::Text(text.clone()),
            Whom::User(id) => {
                let picture = self.store.ledger.load().await.map_err(|e| e.failure())?;
                match picture.users.iter().find(|user| user.id == *id) {
                    Some(user) => user
                        .association
                        .id()
                        .map_or_else(|| ReadAgain::Text(user.mail.clone()), ReadAgain::Id),
                    None => return Ok(Reading::Nobody),
                }
            }
        };
        let found = sync::read_again(&self.client, &self.store, &again, self.clock.now()).await?;
        if let Reading::Read(id) = found {
            if matches!(whom, Whom::Text(_)) {
                *whom = Whom::Directory(id);
            }
            self.reload_roster.notify_one();
        }
        Ok(found)
    }
}
