//! Reads the tenant: licences, group, Teams state and numbers first, so that each page of users is classified once, as it arrives.
//!
//! A full read goes into a staging table that becomes the picture in one swap; a later run asks for changes only, and falls back
//! when the tenant refuses the link. Whatever dies in between leaves the last good picture.

use std::collections::{BTreeSet, HashSet, VecDeque};

use crate::domain::directory::{DirectoryUser, Tenant};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::Marks;
use crate::domain::guid::{GroupId, ObjectId};
use crate::domain::matching::Matcher;
use crate::domain::run::{Counters, Phase, Progress, RunEvent, Source};
use crate::domain::text::{Label, counted};
use crate::graph::delta::DeltaLink;
use crate::graph::error::GraphError;
use crate::graph::users::{NextPage, PackedPage, ReadingRoom, UserPages};
use crate::graph::{Client, ended};
use crate::store::cache::{SnapshotHead, StoredUser};
use crate::store::error::StoreError;
use crate::store::history::ClassChange;
use crate::store::reply::Reply;

use super::reference::Lookup;
use super::touch::TABLE_VERSION;
use super::{Run, Stop, failed};

/// What a read left for the matching: who was seen under the addresses that are looked for.
#[derive(Debug)]
pub(super) struct Pulled {
    /// The new picture.
    pub(super) head: SnapshotHead,
    /// The matcher, fed with everybody.
    pub(super) matcher: Matcher,
    /// Whether the inventory of numbers could be read.
    pub(super) numbers_known: bool,
}

/// What the pages of a full read go through, one after the other, on a thread beside the run's own.
#[derive(Debug)]
struct Intake {
    lookup: Lookup,
    matcher: Matcher,
    tally: Tally,
    /// A user who is listed twice counts once.
    seen: HashSet<ObjectId>,
    /// Records that could not be read.
    flawed: u32,
    room: ReadingRoom,
}

/// What came of a page.
#[derive(Debug)]
struct Taken {
    rows: Vec<StoredUser>,
    count: Option<u64>,
    next: NextPage,
}

impl Intake {
    fn new(lookup: Lookup, matcher: Matcher) -> Self {
        Self {
            lookup,
            matcher,
            tally: Tally::default(),
            seen: HashSet::new(),
            flawed: 0,
            room: ReadingRoom::default(),
        }
    }

    /// What the run goes on with. The rest is let go before the rows are put in place, which takes room of its own.
    fn finish(self: Box<Self>) -> (Lookup, Matcher, Tally) {
        let Self {
            lookup,
            matcher,
            tally,
            ..
        } = *self;
        (lookup, matcher, tally)
    }

    fn take(&mut self, page: PackedPage) -> Result<Taken, GraphError> {
        let (page, next) = page.read(&mut self.room)?;
        self.flawed += page.flawed;
        let mut rows = Vec::with_capacity(page.users.len());
        for user in page.users {
            if !self.seen.insert(user.id) {
                continue;
            }
            self.matcher.see(&user);
            self.tally.note_groups(&user);
            let stored = self.lookup.stored(user);
            self.tally.add(stored.marks);
            rows.push(stored);
        }
        Ok(Taken {
            rows,
            count: page.count,
            next,
        })
    }
}

/// Pages that the store's thread has yet to write. There are never many: a slow disk holds up the reading.
#[derive(Debug, Default)]
struct Backlog(VecDeque<Reply<()>>);

/// So many pages wait for the disk.
const PAGES_WAITING: usize = 3;

impl Backlog {
    async fn add(&mut self, page: Reply<()>) -> Result<(), StoreError> {
        self.0.push_back(page);
        while self.0.len() > PAGES_WAITING {
            self.first().await?;
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<(), StoreError> {
        while !self.0.is_empty() {
            self.first().await?;
        }
        Ok(())
    }

    async fn first(&mut self) -> Result<(), StoreError> {
        match self.0.pop_front() {
            Some(page) => page.await,
            None => Ok(()),
        }
    }
}

/// Does work on a thread of its own. Whoever stops waiting leaves it to its end.
async fn beside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    ended(tokio::task::spawn_blocking(work).await).await
}

/// A list of the users of which the first page is here: what it is read with may still be on its way.
#[derive(Debug)]
struct Listed {
    pages: UserPages,
    first: Result<Option<PackedPage>, GraphError>,
}

impl Listed {
    async fn begin(client: &Client) -> Self {
        let mut pages = client.list_users();
        let first = pages.fetch().await;
        Self { pages, first }
    }
}

/// A full read that has begun.
#[derive(Debug)]
struct Listing {
    /// From where changes count later; or why there is no such link.
    link: Result<String, String>,
    first: Listed,
}

impl Listing {
    async fn begin(client: &Client) -> Result<Self, Stop> {
        // Taken before the list, so that what changes while it is read is in the first delta round.
        let link = match client.delta_link_now().await {
            Ok(link) => Ok(link.as_str().to_owned()),
            Err(error @ (GraphError::BadRequest { .. } | GraphError::NotFound { .. })) => {
                Err(error.to_string())
            }
            Err(error) => return Err(failed(&error, "Asking for a delta link")),
        };
        let first = Listed::begin(client).await;
        Ok(Self { link, first })
    }
}

/// How the reading of a list ended.
enum Read {
    /// To its end; how many the tenant said that there are.
    Whole {
        listed: Option<u64>,
    },
    LostItsPlace(GraphError),
}

/// So many of those who are not listed any more are asked for by id: where a list has broken off, any of them shows it.
const MISSING_ASKED_FOR: usize = 150;

/// A list could not be read to its end, however often it was begun.
pub(super) fn lost_its_place(tried: &str, error: &GraphError) -> Stop {
    let failure = Failure::new(
        FailureKind::TryAgain,
        format!("{tried} failed: the server lost the place in the list three times"),
        error.to_string(),
        "The last good picture stays. Sync again later.",
    );
    Stop::Failed(failure)
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) counters: Counters,
    pub(super) enabled: u64,
    pub(super) users: u64,
    /// Groups that give licences to those who were read.
    pub(super) groups: BTreeSet<GroupId>,
}

impl Tally {
    /// Notes by which groups somebody is licensed.
    pub(super) fn note_groups(&mut self, user: &DirectoryUser) {
        self.groups
            .extend(user.licences.iter().filter_map(|licence| licence.group));
    }

    fn add(&mut self, marks: u32) {
        self.add_many(marks, 1);
    }

    /// Adds that many users with the same marks.
    pub(super) fn add_many(&mut self, marks: u32, users: u64) {
        let mut one = Counters::default();
        Marks(marks).count_in(&mut one);
        self.counters.total += one.total * users;
        self.counters.licensed += one.licensed * users;
        self.counters.phone_system += one.phone_system * users;
        self.counters.excluded_by_calling_plan += one.excluded_by_calling_plan * users;
        self.counters.resource += one.resource * users;
        self.enabled += u64::from(Marks(marks).is_enabled()) * users;
        self.users += users;
    }

    /// Takes off users that were counted before.
    pub(super) fn take_off(&mut self, gone: &Self) {
        let (here, there) = (&mut self.counters, &gone.counters);
        here.total = here.total.saturating_sub(there.total);
        here.licensed = here.licensed.saturating_sub(there.licensed);
        here.phone_system = here.phone_system.saturating_sub(there.phone_system);
        here.excluded_by_calling_plan = here
            .excluded_by_calling_plan
            .saturating_sub(there.excluded_by_calling_plan);
        here.resource = here.resource.saturating_sub(there.resource);
        self.enabled = self.enabled.saturating_sub(gone.enabled);
        self.users = self.users.saturating_sub(gone.users);
    }
}

impl Run<'_> {
    /// Reads the tenant, whole or by changes, and puts the new picture in place.
    pub(super) async fn pull(&mut self, tenant: &Tenant) -> Result<Pulled, Stop> {
        self.journal.phase(Phase::ReadReference).await;
        let old = self.store.cache.head().await?;
        if old.as_ref().is_some_and(|head| head.tenant != tenant.id) {
            self.store.cache.clear().await?;
        }
        let old = old.filter(|head| head.tenant == tenant.id);
        let link = old
            .as_ref()
            .filter(|head| head.table_version == TABLE_VERSION)
            .and_then(|head| head.delta_link.clone())
            .map(DeltaLink::from_stored);
        let pulled = match (old, link) {
            (Some(head), Some(link)) => {
                let lookup = Lookup::new(self.read_reference(tenant).await?);
                self.journal.phase(Phase::ReadUsers).await;
                let changes = self.read_changes(tenant, &head, &lookup, link).await?;
                if let Some(pulled) = changes {
                    pulled
                } else {
                    let listing = Listing::begin(self.client).await?;
                    self.read_all(tenant, Some(&head), (lookup, listing))
                        .await?
                }
            }
            (old, _) => {
                // The lists of Teams are short answers after long waits: the first users come in meanwhile.
                let listing = Box::pin(Listing::begin(self.client));
                let reference = Box::pin(self.read_reference(tenant));
                let (reference, listing) = tokio::try_join!(reference, listing)?;
                self.journal.phase(Phase::ReadUsers).await;
                let read = (Lookup::new(reference), listing);
                self.read_all(tenant, old.as_ref(), read).await?
            }
        };
        self.count(pulled.head.counters);
        self.tell_stopped().await?;
        let enabled = pulled.head.enabled;
        let counters = pulled.head.counters;
        if let Some(name) = &self.settings.group {
            let applied = format!(
                "Applying filter for group '{name}': include {} of {enabled} users",
                counters.total
            );
            self.journal.info(Source::Graph, applied).await;
        }
        self.journal.info(Source::Graph, counters.to_string()).await;
        self.journal.info(Source::Graph, counters.verdict()).await;
        self.journal.tell(RunEvent::SnapshotChanged).await;
        Ok(pulled)
    }

    async fn read_all(
        &mut self,
        tenant: &Tenant,
        old: Option<&SnapshotHead>,
        (lookup, listing): (Lookup, Listing),
    ) -> Result<Pulled, Stop> {
        let Listing { link, first } = listing;
        if let Err(why) = &link {
            self.journal
                .debug(Source::Graph, || {
                    format!("no delta query here: {why}; later runs read everything")
                })
                .await;
        }
        let mut pages = Some(first);
        self.store.cache.begin_full(self.journal.run()).await?;
        let desk = self.store.ledger.load().await?;
        let mut intake = Box::new(Intake::new(lookup, Matcher::new(&desk.users)));
        let mut tries = 0;
        let listed = loop {
            let from = match pages.take() {
                Some(begun) => begun,
                None => Listed::begin(self.client).await,
            };
            let (back, read) = match self.read_pages(intake, from).await {
                Ok(read) => read,
                Err(stop) => {
                    drop(self.store.cache.abandon());
                    return Err(stop);
                }
            };
            match read {
                Read::Whole { listed } => {
                    intake = back;
                    break listed;
                }
                Read::LostItsPlace(_) if tries < 2 => {
                    tries += 1;
                    self.journal
                        .warning(
                            Source::Graph,
                            "The tenant has lost the place in the list: reading it from the start",
                        )
                        .await;
                    self.store.cache.begin_full(self.journal.run()).await?;
                    intake = Box::new(Intake::new(back.lookup, Matcher::new(&desk.users)));
                }
                Read::LostItsPlace(why) => {
                    drop(self.store.cache.abandon());
                    return Err(lost_its_place("Reading the tenant's users", &why));
                }
            }
        };
        let (lookup, matcher, tally) = intake.finish();
        check_count(old, tally.users)?;
        check_listed(tally.users, listed)?;
        if let Err(stop) = self.check_missing().await {
            drop(self.store.cache.abandon());
            return Err(stop);
        }
        if let Err(stop) = self.guard(tenant.id).await {
            drop(self.store.cache.abandon());
            return Err(stop);
        }
        let link = match (link.ok(), listed) {
            // Nobody can tell who is missing: the next run reads everything again, and has this one to compare with.
            (Some(_), Some(listed)) if old.is_none() && tally.users < listed => {
                let missing = counted(listed - tally.users, "user is", "users are");
                let text = format!(
                    "The tenant has {listed} users by its own count, and listed {}: {missing} missing here until the next sync, which reads everything again",
                    tally.users
                );
                self.journal.warning(Source::Graph, text).await;
                None
            }
            (link, _) => link,
        };
        let head = self.head(tenant, &tally, link, true);
        let numbers_known = lookup.reference.numbers.is_some();
        let changes = self
            .store
            .cache
            .finish_full(lookup.reference, head.clone())
            .await?;
        self.keep_changes(changes);
        self.keep_moved().await?;
        self.name_groups(tally.groups, true).await?;
        Ok(Pulled {
            head,
            matcher,
            numbers_known,
        })
    }

    /// Whoever was there at the last read and is not listed now is asked for by id: a list that leaves out those who are there has
    /// broken off, however near it came to its own count.
    async fn check_missing(&mut self) -> Result<(), Stop> {
        let missing = self.store.cache.missing(MISSING_ASKED_FOR).await?;
        let there = self.client.users_by_id(&missing).await;
        let there = there.map_err(|e| failed(&e, "Reading users who were not listed"))?;
        let Some(one) = there.first() else {
            return Ok(());
        };
        Err(Stop::Failed(Failure::new(
            FailureKind::TryAgain,
            format!(
                "The tenant did not list {} of whom it knows when asked, such as {}",
                counted(there.len() as u64, "user", "users"),
                Label::new(&one.upn)
            ),
            "the listing is taken for cut short",
            "The last good picture stays. Sync again.",
        )))
    }

    /// Three things go on at once: a page comes in, the one before it is read and classified, and those before are stored.
    async fn read_pages(
        &mut self,
        mut intake: Box<Intake>,
        from: Listed,
    ) -> Result<(Box<Intake>, Read), Stop> {
        let Listed { mut pages, first } = from;
        let mut first = Some(first);
        let mut progress = Progress::default();
        let before = self.store.cache.head().await?.map(|head| head.users);
        let mut backlog = Backlog::default();
        let wrong = |error: &GraphError| failed(error, "Reading the tenant's users");
        loop {
            let page = match first.take() {
                Some(page) => page,
                None => pages.fetch().await,
            };
            let page = match page {
                Ok(Some(page)) => page,
                Ok(None) => break,
                Err(error) if error.list_must_restart() => {
                    return Ok((intake, Read::LostItsPlace(error)));
                }
                Err(error) => return Err(wrong(&error)),
            };
            self.check_cancelled()?;
            let taken;
            (intake, taken) = beside(move || {
                let taken = intake.take(page);
                (intake, taken)
            })
            .await;
            let Taken { rows, count, next } = taken.map_err(|error| wrong(&error))?;
            pages.follow(next);
            progress.pages += 1;
            progress.of = count.or(progress.of);
            progress.users = intake.tally.users;
            backlog.add(self.store.cache.append(rows)).await?;
            // Without a count of the tenant's own the last run's is the nearest.
            let shown = Progress {
                of: progress.of.or(before),
                ..progress
            };
            self.journal.progress(shown).await;
        }
        backlog.finish().await?;
        if intake.flawed > 0 {
            let flawed = counted(
                u64::from(intake.flawed),
                "record of the tenant",
                "records of the tenant",
            );
            let text = format!("{flawed} could not be read whole: marked in the lists");
            self.journal.warning(Source::Graph, text).await;
        }
        let listed = progress.of;
        Ok((intake, Read::Whole { listed }))
    }

    /// Who came, went or changed the first cause stays with the run, so that two runs can be compared.
    pub(super) fn keep_changes(&self, changes: Vec<ClassChange>) {
        if !changes.is_empty() {
            let run = self.journal.run();
            drop(self.store.history.keep_changes(run, changes));
        }
    }

    /// Which values are others than before stays with the run, too: the next shift is told.
    pub(super) async fn keep_moved(&self) -> Result<(), Stop> {
        let moved = self.store.cache.take_moved().await?;
        if !moved.is_empty() {
            drop(self.store.history.keep_moved(self.journal.run(), moved));
        }
        Ok(())
    }

    pub(super) fn head(
        &self,
        tenant: &Tenant,
        tally: &Tally,
        delta_link: Option<String>,
        full: bool,
    ) -> SnapshotHead {
        SnapshotHead {
            run: self.journal.run(),
            read_at: self.settings.clock.now(),
            tenant: tenant.id,
            tenant_name: tenant.name.clone(),
            delta_link,
            counters: tally.counters,
            enabled: tally.enabled,
            table_version: TABLE_VERSION,
            users: tally.users,
            full,
        }
    }
}

/// An empty or halved tenant is an error and no result: a failed listing must not read as everybody deleted.
pub(super) fn check_count(old: Option<&SnapshotHead>, users: u64) -> Result<(), Stop> {
    let before = old.map_or(0, |head| head.users);
    if users > 0 && users * 2 >= before {
        return Ok(());
    }
    Err(Stop::Failed(Failure::new(
        FailureKind::Refused,
        format!(
            "The tenant listed {}, the last good read had {before}",
            counted(users, "user", "users")
        ),
        "fewer than half, or none at all, is taken for a failed listing",
        "The last good picture stays. If the tenant really shrank, remove cache.db in its folder (`paths` names it), which holds only what the tenant can give again, and sync again.",
    )))
}

/// A listing that ends well before the number that it began with is cut short; a few may come and go while it is read.
fn check_listed(users: u64, listed: Option<u64>) -> Result<(), Stop> {
    let Some(listed) = listed.filter(|listed| listed.saturating_sub(users) > (listed / 100).max(3))
    else {
        return Ok(());
    };
    Err(Stop::Failed(Failure::new(
        FailureKind::TryAgain,
        format!("The tenant has {listed} users by its own count, and listed {users}"),
        "the listing is taken for cut short",
        "The last good picture stays. Sync again.",
    )))
}
