//! One simulated tenant for many histories, and this side's files, made anew for each.

use std::fs::{self, DirBuilder};
use std::net::TcpListener;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread::JoinHandle;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use teamsconnector::domain::pace::{Clock, Pace};
use teamsconnector::domain::run::{Outcome, RunEvent, RunKind};
use teamsconnector::graph::endpoints::Endpoints;
use teamsconnector::graph::{Client, Credentials, Setup, SignIn};
use teamsconnector::sim::{Options, Scenario, Simulator};
use teamsconnector::store::{Stamp, Store};
use teamsconnector::sync::{self, RunSettings, World};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::strange::{self, Strange};
use super::tenant::SmallTenant;
use crate::support::bench::{noon, run_settings};
use crate::support::invariants::{Scene, broken, broken_at_a_glance};
use crate::support::web;

/// A simulator on a thread of its own, and a client on it.
pub(super) struct Stage {
    pub(super) base: String,
    client: Client,
    clock: Clock,
    micros: Arc<AtomicI64>,
    /// Another host, to which nothing is ever to be sent, and how often somebody came.
    pub(super) thief: String,
    visits: Arc<AtomicI64>,
    /// Files of a store in which nothing is yet: copied for each history, since to make them takes longer.
    blank: TempDir,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

/// How a run is broken off from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Break {
    Not,
    /// A cancel at the n-th thing that it tells.
    Cancel(usize),
    /// The process dies at the n-th thing that it tells.
    Kill(usize),
    /// The process dies while an answer is held back.
    KillHeld,
}

/// How closely the files of a history are looked at when it is over: the whole look takes as long as a third of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Whole,
    Glance,
}

/// A time that goes on by a microsecond whenever somebody asks, so that all that happens has an order.
fn ticking(micros: &Arc<AtomicI64>) -> impl Fn() -> Timestamp + Send + Sync + 'static {
    let micros = micros.clone();
    move || noon() + SignedDuration::from_micros(micros.fetch_add(1, Ordering::SeqCst))
}

impl Stage {
    pub(super) fn new() -> Self {
        let micros = Arc::new(AtomicI64::new(0));
        let (told, hear) = std::sync::mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let now = ticking(&micros);
        let serving = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let simulator = Simulator::start(Options {
                    scenario: Scenario::Manual,
                    listen: ([127, 0, 0, 1], 0).into(),
                    state_dir: None,
                    clock: Arc::new(now),
                })
                .await
                .unwrap();
                let known = (
                    simulator.base_url(),
                    simulator.tenant_id().to_owned(),
                    simulator.client_id().to_owned(),
                    simulator.client_secret().to_owned(),
                );
                told.send(known).unwrap();
                let _either = stopped.await;
            });
        });
        let (base, tenant, client_id, secret) = hear.recv().unwrap();
        let clock = Clock::new(ticking(&micros));
        let client = Client::new(Setup {
            pace: Pace::Instant,
            user: "tester".to_owned(),
            ..Setup::new(
                Endpoints::custom(&base, &base).unwrap(),
                Credentials {
                    tenant,
                    client_id,
                    sign_in: SignIn::ClientSecret(secret.as_str().into()),
                },
                clock.clone(),
            )
        })
        .unwrap();
        let thief = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", thief.local_addr().unwrap());
        let visits = Arc::new(AtomicI64::new(0));
        let came = visits.clone();
        // Until the tests are over.
        std::thread::spawn(move || {
            for _gone in thief.incoming() {
                came.fetch_add(1, Ordering::SeqCst);
            }
        });
        let blank = folder();
        Store::open(&blank.path().join("tenant")).unwrap().close();
        Self {
            base,
            client,
            clock,
            micros,
            thief: address,
            visits,
            blank,
            stop: Some(stop),
            serving: Some(serving),
        }
    }

    /// Puts a tenant in the place of the last one, with nothing under way and no fault.
    pub(super) fn reset(&self, tenant: &SmallTenant) {
        // Whatever the last history was told to wait for is over, and its token with it.
        self.pass(90);
        self.knobs(&strange::kind());
        self.knobs(&json!({ "remember_truth": true }));
        web::ask(&self.base, "PUT", "/_sim/tenant", Some(&tenant.described()));
        web::ask(&self.base, "DELETE", "/_sim/log", None);
    }

    pub(super) fn knobs(&self, knobs: &Value) {
        web::knobs(&self.base, knobs);
    }

    /// How often somebody came to the other host since this was asked.
    pub(super) fn visits(&self) -> i64 {
        self.visits.swap(0, Ordering::SeqCst)
    }

    /// Whether a fault that was set has struck.
    pub(super) fn has_struck(&self, strange: &Strange) -> bool {
        let now = web::ask(&self.base, "GET", "/_sim/knobs", None);
        let waits = |list: &str, one: &Option<Value>| {
            one.as_ref().is_some_and(|one| {
                let mut all = now[list].as_array().unwrap().iter();
                all.any(|left| {
                    let fields = one.as_object().unwrap();
                    fields
                        .iter()
                        .filter(|(name, _)| *name != "skip")
                        .all(|(name, value)| left[name] == *value || left[name].is_object())
                })
            })
        };
        !waits("fail_next", &strange.fault) && !waits("meanwhile", &strange.meanwhile)
    }

    pub(super) fn log(&self) -> Vec<Value> {
        let log = web::ask(&self.base, "GET", "/_sim/log", None);
        log["requests"].as_array().unwrap().clone()
    }

    pub(super) fn pass(&self, minutes: i64) {
        self.micros
            .fetch_add(minutes * 60_000_000, Ordering::SeqCst);
    }

    pub(super) fn now(&self) -> Timestamp {
        self.clock.now()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(serving) = self.serving.take() {
            let _ended = serving.join();
        }
    }
}

/// A folder for one history: in memory where there is such a place, since a hundred thousand of them are not kept.
pub(super) fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        tempfile::tempdir_in(memory).unwrap_or_else(|_| tempfile::tempdir().unwrap())
    } else {
        tempfile::tempdir().unwrap()
    }
}

/// The console of one history: it can die, and come again.
pub(super) struct Console<'a> {
    pub(super) stage: &'a Stage,
    world: Option<World>,
    dir: TempDir,
    pub(super) past_limit: bool,
    /// Answers that were held back so far.
    held: u64,
}

impl<'a> Console<'a> {
    pub(super) fn open(stage: &'a Stage) -> Self {
        let dir = folder();
        let (from, to) = (stage.blank.path().join("tenant"), dir.path().join("tenant"));
        DirBuilder::new().mode(0o700).create(&to).unwrap();
        for file in fs::read_dir(from).unwrap().map(Result::unwrap) {
            fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
        let mut console = Self {
            stage,
            world: None,
            dir,
            past_limit: false,
            held: 0,
        };
        console.begin();
        console
    }

    fn begin(&mut self) {
        let store = Store::open(&self.dir.path().join("tenant")).unwrap();
        assert_eq!(store.notes(), [] as [&str; 0]);
        self.world = Some(World {
            client: self.stage.client.clone(),
            store: Arc::new(store),
            traffic: None,
        });
    }

    /// Ends, and begins anew on the same files.
    pub(super) fn again(&mut self) {
        let world = self.world.take().unwrap();
        Arc::into_inner(world.store)
            .expect("nobody else holds the store")
            .close();
        self.begin();
    }

    /// Ends, and looks at what lies in its folder then.
    pub(super) fn left(&mut self, look: Look) -> Vec<String> {
        let world = self.world.take().unwrap();
        Arc::into_inner(world.store)
            .expect("nobody else holds the store")
            .close();
        let folder = self.dir.path().join("tenant");
        let scene = Scene {
            home: Some(self.dir.path()),
            folder: Some(&folder),
            ..Scene::default()
        };
        match look {
            Look::Whole => broken(&scene),
            Look::Glance => broken_at_a_glance(&scene),
        }
    }

    pub(super) fn store(&self) -> &Store {
        &self.world.as_ref().unwrap().store
    }

    pub(super) fn stamp(&self) -> Stamp {
        Stamp {
            at: self.stage.now(),
            author: "tester".to_owned(),
            run: None,
        }
    }

    fn settings(&self) -> RunSettings {
        RunSettings {
            past_limit: self.past_limit,
            ..run_settings(self.dir.path(), &self.stage.clock)
        }
    }

    /// One run; nothing where it was killed.
    pub(super) async fn run(&mut self, kind: RunKind, broken: Break) -> Option<Outcome> {
        let settings = self.settings();
        let world = self.world.as_mut().unwrap();
        let (events, mut heard) = mpsc::channel::<RunEvent>(1);
        let cancel = CancellationToken::new();
        let (base, seen) = (&self.stage.base, self.held);
        let killed = {
            let run = sync::run(world, kind, &settings, events, &cancel);
            let listen = async {
                let mut told = 0;
                // One place in the channel: the run waits until this has looked.
                while heard.recv().await.is_some() {
                    told += 1;
                    match broken {
                        Break::Cancel(at) if told == at => cancel.cancel(),
                        Break::Kill(at) if told == at => return,
                        _ => {}
                    }
                }
                std::future::pending::<()>().await;
            };
            let is_held = async {
                if broken == Break::KillHeld {
                    held(base, seen).await;
                } else {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                biased;
                (outcome, _) = run => Some(outcome),
                () = is_held => None,
                () = listen => None,
            }
        };
        if killed.is_none() {
            self.held += u64::from(broken == Break::KillHeld);
            self.again();
        }
        killed
    }
}

/// Comes back when an answer is held back.
async fn held(base: &str, seen: u64) {
    let host = base.trim_start_matches("http://");
    let mut stream = TcpStream::connect(host).await.unwrap();
    let ask =
        format!("GET /_sim/held?{seen} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut byte = [0];
    let read = stream.read(&mut byte).await.unwrap();
    assert_eq!(read, 1, "the simulated tenant tells of an answer held back");
}
