//! A simulated tenant and this side of it, in one process: for tests of runs.

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use jiff::Timestamp;
use teamsconnector::domain::failure::Failure;
use teamsconnector::domain::guid::ObjectId;
use teamsconnector::domain::outbox::EntryId;
use teamsconnector::domain::pace::{Clock, Pace};
use teamsconnector::domain::phone::{NumberKind, PhoneNumber};
use teamsconnector::domain::planning::Allowed;
use teamsconnector::domain::repair::Repair;
use teamsconnector::domain::run::{LogLine, Outcome, RunEvent, RunKind, Summary};
use teamsconnector::domain::user::{Association, NewUser, Patch, User, Value};
use teamsconnector::domain::writeplan::WritePlan;
use teamsconnector::graph::endpoints::Endpoints;
use teamsconnector::graph::{Client, Credentials, Setup, SignIn};
use teamsconnector::ops::change;
use teamsconnector::ops::repair::{self, With};
use teamsconnector::sim::{Options, Scenario, Simulator};
use teamsconnector::store::ledger::LedgerPicture;
use teamsconnector::store::{Stamp, Store};
use teamsconnector::sync::{self, Person, RunSettings, World};
use tempfile::TempDir;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::invariants::{Scene, broken};
use super::sign_in::by_code;

/// The time of all tests that do not say another.
pub(crate) fn noon() -> Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

pub(crate) fn number(text: &str) -> PhoneNumber {
    PhoneNumber::from_tenant(text).unwrap()
}

/// A tenant and this side.
pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    pub(crate) world: World,
    pub(crate) settings: RunSettings,
    dir: TempDir,
    clock: Clock,
}

/// What a run did and said.
pub(crate) struct Ran {
    pub(crate) outcome: Outcome,
    pub(crate) summary: Summary,
    pub(crate) lines: Vec<LogLine>,
    pub(crate) plan: Option<WritePlan>,
}

impl Ran {
    pub(crate) fn says(&self, text: &str) -> bool {
        self.lines.iter().any(|line| line.text.contains(text))
    }

    /// The run came to its end and wrote this many changes.
    #[track_caller]
    pub(crate) fn wrote(&self, changes: u32) {
        assert_eq!(
            (&self.outcome, self.summary.written),
            (&Outcome::Done, changes),
            "{}",
            self.text()
        );
    }

    pub(crate) fn text(&self) -> String {
        self.lines
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join("\n")
    }
}

/// How the runs of the tests write: all that can be, without waiting, the lease in this folder.
pub(crate) fn run_settings(folder: &Path, clock: &Clock) -> RunSettings {
    RunSettings {
        group: None,
        allowed: Allowed {
            numbers: true,
            location: true,
            licences: true,
        },
        read_only: false,
        past_limit: false,
        require_ticket: false,
        author: "tester".to_owned(),
        lease: folder.join("lease"),
        clock: clock.clone(),
        pace: Pace::Instant,
        debug: false,
        person: Person::Absent,
        others: Vec::new(),
    }
}

impl Bench {
    pub(crate) async fn new(scenario: &str) -> Self {
        Self::paced(scenario, Clock::fixed(noon()), Pace::Instant).await
    }

    /// As [`Self::new`], with a clock of its own for both sides, and waits that take their time or none.
    pub(crate) async fn paced(scenario: &str, clock: Clock, pace: Pace) -> Self {
        let now = clock.clone();
        let simulator = Simulator::start(Options {
            scenario: Scenario::parse(scenario).unwrap(),
            listen: ([127, 0, 0, 1], 0).into(),
            state_dir: None,
            clock: Arc::new(move || now.now()),
        })
        .await
        .unwrap();
        let dir = tempfile::tempdir().unwrap();
        let store = Arc::new(Store::open(&dir.path().join("tenant")).unwrap());
        let (to, traffic) = mpsc::unbounded_channel();
        let client = Client::new(Setup {
            pace,
            traffic: Some(to),
            user: "tester".to_owned(),
            ..Setup::new(
                Endpoints::custom(&simulator.base_url(), &simulator.base_url()).unwrap(),
                Credentials {
                    tenant: simulator.tenant_id().to_owned(),
                    client_id: simulator.client_id().to_owned(),
                    sign_in: SignIn::ClientSecret(simulator.client_secret().into()),
                },
                clock.clone(),
            )
        })
        .unwrap();
        let settings = RunSettings {
            pace,
            debug: true,
            ..run_settings(dir.path(), &clock)
        };
        Self {
            simulator,
            world: World {
                client,
                store,
                traffic: Some(traffic),
            },
            settings,
            dir,
            clock,
        }
    }

    /// A tenant that has been read once.
    pub(crate) async fn synced(scenario: &str) -> Self {
        let mut bench = Self::new(scenario).await;
        bench.sync().await;
        bench
    }

    /// As [`Self::new`], but a person has signed in, and is there while runs go.
    pub(crate) async fn of_person(scenario: &str) -> Self {
        let bench = Self::new(scenario).await;
        let tenant = bench.simulator.tenant_id().to_owned();
        bench.with_person(&tenant).await
    }

    /// The same tenant, with a person who signs in to what is written here.
    pub(crate) async fn with_person(self, tenant: &str) -> Self {
        let mut bench = self;
        bench.world.client = Client::new(Setup {
            pace: Pace::Instant,
            user: "tester".to_owned(),
            ..Setup::new(
                Endpoints::custom(&bench.base(), &bench.base()).unwrap(),
                Credentials {
                    tenant: tenant.to_owned(),
                    client_id: bench.simulator.client_id().to_owned(),
                    sign_in: SignIn::DeviceCode,
                },
                bench.clock.clone(),
            )
        })
        .unwrap();
        bench.world.client.allow_write(bench.settings.allowed);
        by_code(&bench.world.client).await;
        bench.settings.person = Person::There(CancellationToken::new());
        bench
    }

    pub(crate) fn base(&self) -> String {
        self.simulator.base_url()
    }

    /// The file of what cannot be rebuilt, for somebody who changes it behind the program's back.
    pub(crate) fn ledger(&self) -> PathBuf {
        self.dir.path().join("tenant/ledger.db")
    }

    pub(crate) fn store(&self) -> &Store {
        &self.world.store
    }

    pub(crate) fn stamp(&self) -> Stamp {
        Stamp {
            at: self.clock.now(),
            author: "tester".to_owned(),
            run: None,
        }
    }

    pub(crate) async fn sync(&mut self) -> Ran {
        self.run(RunKind::Sync).await
    }

    /// Plans what is queued, then writes all of it.
    pub(crate) async fn apply(&mut self) -> Ran {
        let kind = self.planned().await;
        self.run(kind).await
    }

    pub(crate) async fn run(&mut self, kind: RunKind) -> Ran {
        self.run_hearing(kind, |_, _| {}).await
    }

    /// As [`Self::run`], with somebody who acts on what the run says while it goes.
    pub(crate) async fn run_hearing(
        &mut self,
        kind: RunKind,
        mut hear: impl FnMut(&LogLine, &CancellationToken),
    ) -> Ran {
        self.run_watching(kind, |event, cancel| {
            if let RunEvent::Log(line) = event {
                hear(line, cancel);
            }
        })
        .await
    }

    /// As [`Self::run`], with somebody who acts on all that happens.
    pub(crate) async fn run_watching(
        &mut self,
        kind: RunKind,
        mut watch: impl FnMut(&RunEvent, &CancellationToken),
    ) -> Ran {
        // One place in the channel: the run waits until a line has been heard before it goes on.
        let (events, mut heard) = mpsc::channel(1);
        let cancel = CancellationToken::new();
        let settings = self.settings.clone();
        let run = sync::run(&mut self.world, kind, &settings, events, &cancel);
        let listen = async {
            let (mut lines, mut plan) = (Vec::new(), None);
            while let Some(event) = heard.recv().await {
                watch(&event, &cancel);
                match event {
                    RunEvent::Log(line) => lines.push(line),
                    RunEvent::PlanReady(ready) => plan = Some(*ready),
                    _ => {}
                }
            }
            (lines, plan)
        };
        let ((outcome, summary), (lines, plan)) = tokio::join!(run, listen);
        // Whatever the tenant has done to this run: its files are as they must be.
        let folder = self.dir.path().join("tenant");
        let scene = Scene {
            home: Some(self.dir.path()),
            folder: Some(&folder),
            ..Scene::default()
        };
        assert_eq!(broken(&scene), Vec::<String>::new(), "after {outcome:?}");
        Ran {
            outcome,
            summary,
            lines,
            plan,
        }
    }

    /// What would be written.
    pub(crate) async fn plan(&mut self) -> WritePlan {
        self.run(RunKind::Plan)
            .await
            .plan
            .expect("something is queued")
    }

    /// Plans what is queued, and names all that would be written.
    pub(crate) async fn planned(&mut self) -> RunKind {
        let plan = self.plan().await;
        RunKind::Apply {
            entries: plan.items.iter().map(|item| item.entry).collect(),
        }
    }

    pub(crate) async fn desk(&self) -> LedgerPicture {
        self.store().ledger.load().await.unwrap()
    }

    pub(crate) async fn user(&self, mail: &str) -> User {
        let desk = self.desk().await;
        desk.users
            .into_iter()
            .find(|user| user.mail.eq_ignore_ascii_case(mail))
            .expect("the user is configured")
    }

    /// Adds a directory user as the picklist does.
    pub(crate) async fn add(&self, upn: &str) -> User {
        let row = self
            .store()
            .cache
            .find(upn, 1)
            .await
            .unwrap()
            .pop()
            .expect("the tenant has this user");
        let user = NewUser {
            name: row.name,
            mail: row.mail.unwrap_or(row.upn),
            number: row.number,
            kind: NumberKind::Ddi,
            country: row.location,
            association: Association::Matched(row.id),
            wanted_number: None,
            wanted_country: None,
            sip_username: None,
            external_id: None,
        };
        let mail = user.mail.clone();
        change::add(self.store(), vec![user], self.stamp())
            .await
            .unwrap();
        self.user(&mail).await
    }

    /// Adds somebody by e-mail alone, whom nobody matches before the next run.
    pub(crate) async fn add_by_mail(&self, name: &str, mail: &str) -> User {
        change::add(
            self.store(),
            vec![NewUser::by_mail(name, mail)],
            self.stamp(),
        )
        .await
        .unwrap();
        self.user(mail).await
    }

    /// Queues a number for somebody; `None` releases.
    pub(crate) async fn want_number(&self, user: &User, wanted: Option<&str>) {
        let two_way = vec![(
            Value::Number(user.number.clone()),
            Value::Number(wanted.map(number)),
        )];
        let patch = Patch {
            two_way,
            ..Patch::default()
        };
        change::edit(self.store(), user.id, patch, self.stamp())
            .await
            .unwrap();
    }

    /// Queues a country.
    pub(crate) async fn want_country(&self, user: &User, wanted: &str) {
        let two_way = vec![(
            Value::Country(user.country),
            Value::Country(Some(wanted.parse().unwrap())),
        )];
        let patch = Patch {
            two_way,
            ..Patch::default()
        };
        change::edit(self.store(), user.id, patch, self.stamp())
            .await
            .unwrap();
    }

    /// Queues what mends somebody.
    pub(crate) async fn repair(&self, who: ObjectId, repairs: &[Repair], with: With<'_>) {
        repair::repair(self.store(), who, repairs, with, self.stamp())
            .await
            .unwrap();
    }

    /// As [`Self::repair`], where it is refused.
    pub(crate) async fn repair_refused(
        &self,
        who: ObjectId,
        repairs: &[Repair],
        with: With<'_>,
    ) -> Failure {
        repair::repair(self.store(), who, repairs, with, self.stamp())
            .await
            .unwrap_err()
    }

    /// Queues the move of a number from whoever holds it.
    pub(crate) async fn move_number(&self, moved: &str, to: ObjectId) {
        repair::move_number(self.store(), &number(moved), to, self.stamp())
            .await
            .unwrap();
    }

    /// Drops a queued change, or gives back what a failed one took.
    pub(crate) async fn undo(&self, entry: EntryId) -> String {
        change::undo(self.store(), entry, self.stamp())
            .await
            .unwrap()
    }
}
