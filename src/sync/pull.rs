//! Reads the tenant: licences, group, Teams state and numbers first, so that each page of users is classified once, as it arrives.
//!
//! A full read goes into a staging table that becomes the picture in one swap; a later run asks for changes only, and falls back
//! when the tenant refuses the link. Whatever dies in between leaves the last good picture.

use std::collections::{HashMap, HashSet};

use crate::domain::directory::{DirectoryUser, GroupFilter, GroupLookup, Tenant, TenantNumber};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::{Class, Facts, Marks};
use crate::domain::guid::ObjectId;
use crate::domain::matching::Matcher;
use crate::domain::run::{Counters, Phase, Progress, RunEvent, Source};
use crate::domain::text::Label;
use crate::graph::delta::{ChangePages, DeltaLink, UserDelta};
use crate::graph::error::GraphError;
use crate::store::cache::{Changes, Reference, SnapshotHead, StoredUser};

use super::touch::TABLE_VERSION;
use super::{Run, Stop};

/// More changes than this are read faster as a whole.
const CHANGES_AT_MOST: usize = 20_000;

/// The reference data of a run, indexed for classifying.
#[derive(Debug)]
pub(super) struct Lookup {
    reference: Reference,
    teams: HashMap<ObjectId, usize>,
    numbers: HashMap<ObjectId, Vec<TenantNumber>>,
}

impl Lookup {
    fn new(reference: Reference) -> Self {
        let teams = reference
            .teams
            .iter()
            .flatten()
            .enumerate()
            .map(|(n, user)| (user.id, n))
            .collect();
        let mut numbers: HashMap<ObjectId, Vec<TenantNumber>> = HashMap::new();
        for number in reference.numbers.iter().flatten() {
            if let Some(holder) = number.holder() {
                numbers.entry(holder).or_default().push(number.clone());
            }
        }
        Self {
            reference,
            teams,
            numbers,
        }
    }

    fn classify(&self, user: &DirectoryUser) -> Class {
        let teams = self
            .teams
            .get(&user.id)
            .and_then(|&n| self.reference.teams.as_ref()?.get(n));
        let held = self.numbers.get(&user.id).map_or(&[][..], Vec::as_slice);
        let numbers = self.reference.numbers.as_ref().map(|_| held);
        Facts {
            user,
            group: &self.reference.group,
            teams,
            numbers,
        }
        .classify()
    }

    fn stored(&self, user: DirectoryUser) -> StoredUser {
        let class = self.classify(&user);
        StoredUser {
            user,
            class: class.cause.byte(),
            marks: class.marks.0,
            number: class.number,
        }
    }
}

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

/// How the reading of a list ended.
enum Read {
    Whole,
    LostItsPlace,
}

fn lost_its_place() -> Failure {
    Failure::new(
        FailureKind::TryAgain,
        "The tenant's list of users could not be read to its end",
        "the server lost the place in the list three times",
        "The last good picture stays. Sync again later.",
    )
}

#[derive(Debug, Default)]
struct Tally {
    counters: Counters,
    enabled: u64,
    users: u64,
}

impl Tally {
    fn add(&mut self, marks: u32) {
        let marks = Marks(marks);
        marks.count_in(&mut self.counters);
        self.enabled += u64::from(marks.is_enabled());
        self.users += 1;
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
        let lookup = Lookup::new(self.read_reference(tenant).await?);
        self.journal.phase(Phase::ReadUsers).await;
        let link = old
            .as_ref()
            .filter(|head| head.table_version == TABLE_VERSION)
            .and_then(|head| head.delta_link.clone())
            .map(DeltaLink::from_stored);
        let pulled = match (old, link) {
            (Some(head), Some(link)) => {
                match self.read_changes(tenant, &head, &lookup, link).await? {
                    Some(pulled) => pulled,
                    None => self.read_all(tenant, Some(&head), lookup).await?,
                }
            }
            (old, _) => self.read_all(tenant, old.as_ref(), lookup).await?,
        };
        self.count(pulled.head.counters);
        let enabled = pulled.head.enabled;
        let counters = pulled.head.counters;
        if let Some(name) = &self.settings.group {
            let line = format!(
                "Applying filter for group '{name}': include {} of {enabled} users",
                counters.total
            );
            self.journal.info(Source::Graph, line).await;
        }
        self.journal.info(Source::Graph, counters.to_string()).await;
        self.journal.info(Source::Graph, counters.verdict()).await;
        self.journal.tell(RunEvent::SnapshotChanged).await;
        Ok(pulled)
    }

    async fn read_reference(&mut self, tenant: &Tenant) -> Result<Reference, Stop> {
        let mut gaps = Vec::new();
        let skus = self
            .client
            .subscribed_skus()
            .await
            .map_err(|e| self.failed(&e, "Reading the tenant's licences"))?;
        self.check_cancelled()?;
        let group = self.read_group().await?;
        self.check_cancelled()?;
        let teams = match self.client.teams_users().await {
            Ok(teams) => Some(teams),
            Err(error) => self.gap(&error, "Reading Teams' users", &mut gaps).await?,
        };
        self.check_cancelled()?;
        let numbers = match self.client.numbers().await {
            Ok(numbers) => Some(numbers),
            Err(error) => {
                self.gap(&error, "Reading the tenant's numbers", &mut gaps)
                    .await?
            }
        };
        self.check_cancelled()?;
        if let Some(other) = teams
            .iter()
            .flatten()
            .find(|user| user.tenant.is_some_and(|id| id != tenant.id))
        {
            let ids = format!(
                "pinned: {}; Teams answers for {}",
                tenant.id,
                other.tenant.unwrap_or(tenant.id)
            );
            return Err(self.mismatch(&ids).await);
        }
        let counted = |n: Option<usize>| n.map_or_else(|| "not read".to_owned(), |n| n.to_string());
        let (users, held) = (
            counted(teams.as_ref().map(Vec::len)),
            counted(numbers.as_ref().map(Vec::len)),
        );
        self.journal
            .info(
                Source::Teams,
                format!("Teams users: {users}; numbers in the inventory: {held}"),
            )
            .await;
        Ok(Reference {
            tenant: tenant.clone(),
            skus,
            group,
            teams,
            numbers,
            gaps,
        })
    }

    /// A part that the tenant does not offer is a gap; a permission that is missing, or a server that is down, ends the run.
    async fn gap<T>(
        &mut self,
        error: &GraphError,
        tried: &str,
        gaps: &mut Vec<String>,
    ) -> Result<Option<T>, Stop> {
        if !matches!(
            error,
            GraphError::NotFound { .. } | GraphError::BadRequest { .. }
        ) {
            return Err(self.failed(error, tried));
        }
        let failure = error.failure(tried);
        let text = format!(
            "{}: {}; what rests on it is unknown",
            failure.headline, failure.detail
        );
        self.journal.warning(Source::Teams, text.clone()).await;
        gaps.push(text);
        Ok(None)
    }

    async fn read_group(&mut self) -> Result<GroupFilter, Stop> {
        let Some(name) = self.settings.group.clone() else {
            return Ok(GroupFilter::Off);
        };
        let shown = Label::new(&name);
        let group = match self.client.find_group(&name).await {
            Ok(GroupLookup::Found(group)) => group,
            Ok(GroupLookup::Missing) => {
                let hint = "correct or clear `group` in the tenant's settings, then sync";
                self.journal
                    .warning(
                        Source::Graph,
                        format!("No group is called '{shown}': nobody is included; {hint}"),
                    )
                    .await;
                return Ok(GroupFilter::Missing { name });
            }
            Ok(GroupLookup::Ambiguous(groups)) => {
                let ids: Vec<String> = groups.iter().map(|group| group.id.to_string()).collect();
                let text = format!(
                    "{} groups are called '{shown}' ({}): nobody is included; set the group's id instead",
                    groups.len(),
                    ids.join(", ")
                );
                self.journal.warning(Source::Graph, text).await;
                return Ok(GroupFilter::Ambiguous { name, groups });
            }
            Err(error) => return self.unreadable_group(&error, name).await,
        };
        match self.client.group_members(group.id).await {
            Ok(members) => {
                if members.is_empty() {
                    let text = format!(
                        "Group '{shown}' has no members that this app may see: it is empty, or its membership is hidden (Member.Read.Hidden)"
                    );
                    self.journal.warning(Source::Graph, text).await;
                }
                Ok(GroupFilter::Members { group, members })
            }
            Err(error) => self.unreadable_group(&error, name).await,
        }
    }

    async fn unreadable_group(
        &mut self,
        error: &GraphError,
        name: String,
    ) -> Result<GroupFilter, Stop> {
        if !matches!(
            error,
            GraphError::BadRequest { .. } | GraphError::Decode { .. }
        ) {
            return Err(self.failed(error, "Reading the group filter"));
        }
        let why = error.to_string();
        self.journal
            .warning(
                Source::Graph,
                format!("The group filter could not be read: {why}"),
            )
            .await;
        Ok(GroupFilter::Unreadable { name, why })
    }

    async fn read_all(
        &mut self,
        tenant: &Tenant,
        old: Option<&SnapshotHead>,
        lookup: Lookup,
    ) -> Result<Pulled, Stop> {
        // Taken before the list, so that what changes while it is read is in the first delta round.
        let link = match self.client.delta_link_now().await {
            Ok(link) => Some(link.as_str().to_owned()),
            Err(error)
                if matches!(
                    error,
                    GraphError::BadRequest { .. } | GraphError::NotFound { .. }
                ) =>
            {
                self.journal
                    .debug(Source::Graph, || {
                        format!("no delta query here: {error}; later runs read everything")
                    })
                    .await;
                None
            }
            Err(error) => return Err(self.failed(&error, "Asking for a delta link")),
        };
        self.store.cache.begin_full(self.journal.run()).await?;
        let desk = self.store.ledger.load().await?;
        let (mut matcher, mut tally);
        let mut tries = 0;
        loop {
            matcher = Matcher::new(&desk.users);
            tally = Tally::default();
            match self.read_pages(&lookup, &mut matcher, &mut tally).await {
                Ok(Read::Whole) => break,
                Ok(Read::LostItsPlace) if tries < 2 => {
                    tries += 1;
                    self.journal
                        .warning(
                            Source::Graph,
                            "The tenant has lost the place in the list: reading it from the start",
                        )
                        .await;
                    self.store.cache.begin_full(self.journal.run()).await?;
                }
                Ok(Read::LostItsPlace) => {
                    drop(self.store.cache.abandon());
                    return Err(Stop::Failed(lost_its_place()));
                }
                Err(stop) => {
                    drop(self.store.cache.abandon());
                    return Err(stop);
                }
            }
        }
        self.check_count(old, tally.users)?;
        let head = self.head(tenant, &tally, link, true);
        let numbers_known = lookup.reference.numbers.is_some();
        self.store
            .cache
            .finish_full(lookup.reference, head.clone())
            .await?;
        Ok(Pulled {
            head,
            matcher,
            numbers_known,
        })
    }

    async fn read_pages(
        &mut self,
        lookup: &Lookup,
        matcher: &mut Matcher,
        tally: &mut Tally,
    ) -> Result<Read, Stop> {
        let mut pages = self.client.list_users();
        let mut progress = Progress::default();
        let mut seen = HashSet::new();
        let mut flawed = 0;
        loop {
            let page = match pages.next().await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                Err(error) if error.list_must_restart() => return Ok(Read::LostItsPlace),
                Err(error) => return Err(self.failed(&error, "Reading the tenant's users")),
            };
            self.check_cancelled()?;
            progress.pages += 1;
            progress.of = page.count.or(progress.of);
            flawed += page.flawed;
            let mut rows = Vec::with_capacity(page.users.len());
            for user in page.users {
                if !seen.insert(user.id) {
                    continue;
                }
                matcher.see(&user);
                let stored = lookup.stored(user);
                tally.add(stored.marks);
                self.debug_stopped(&stored).await;
                rows.push(stored);
            }
            progress.users = tally.users;
            self.store.cache.append(rows).await?;
            self.journal.progress(progress).await;
        }
        if flawed > 0 {
            self.journal
                .warning(
                    Source::Graph,
                    format!(
                        "{flawed} records of the tenant could not be read whole and are marked"
                    ),
                )
                .await;
        }
        Ok(Read::Whole)
    }

    /// In a debug sync, a line for each user that a gate stopped.
    async fn debug_stopped(&mut self, stored: &StoredUser) {
        let cause = crate::domain::gate::FirstCause::from_byte(stored.class);
        if cause.is_candidate() || !self.settings.debug {
            return;
        }
        let text = format!(
            "{} <{}>: {}",
            stored.user.name,
            stored.user.upn,
            cause.words()
        );
        self.journal.debug(Source::Graph, || text).await;
    }

    /// An empty or halved tenant is an error and no result: a failed listing must not read as everybody deleted.
    fn check_count(&self, old: Option<&SnapshotHead>, users: u64) -> Result<(), Stop> {
        let before = old.map_or(0, |head| head.users);
        if users > 0 && (before < 10 || users * 2 >= before) {
            return Ok(());
        }
        Err(Stop::Failed(Failure::new(
            FailureKind::Refused,
            format!("The tenant listed {users} users, the last good read had {before}"),
            "fewer than half, or none at all, is taken for a failed listing",
            "The last good picture stays. If the tenant really shrank, remove its cache.db (see `paths`) and sync again.",
        )))
    }

    fn head(
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

    /// Reads what has changed since the last run; `None` when everything has to be read.
    async fn read_changes(
        &mut self,
        tenant: &Tenant,
        head: &SnapshotHead,
        lookup: &Lookup,
        link: DeltaLink,
    ) -> Result<Option<Pulled>, Stop> {
        let mut pages = self.client.changed_users(&link);
        let Some((deltas, next)) = self.collect_changes(&mut pages).await? else {
            return Ok(None);
        };
        let before = self.store.cache.reference().await?;
        let Some(affected) = affected(before.as_ref(), &lookup.reference) else {
            self.journal
                .debug(Source::Graph, || {
                    "the group filter has changed: everybody is classified anew".to_owned()
                })
                .await;
            return Ok(None);
        };
        let mut ids: Vec<ObjectId> = deltas.keys().copied().collect();
        ids.extend(affected.into_iter().filter(|id| !deltas.contains_key(id)));
        let old: HashMap<ObjectId, StoredUser> = self
            .store
            .cache
            .users(ids.clone())
            .await?
            .into_iter()
            .map(|stored| (stored.user.id, stored))
            .collect();
        let (mut upserts, mut removed, mut licences) = (Vec::new(), Vec::new(), Vec::new());
        for id in ids {
            let known = old.get(&id).map(|stored| stored.user.clone());
            let Some(changes) = deltas.get(&id) else {
                upserts.extend(known);
                continue;
            };
            match after(known, changes) {
                Some(user) => {
                    if changes.iter().any(
                        |c| matches!(c, UserDelta::Changed(partial) if partial.touches_licences()),
                    ) {
                        licences.push(id);
                    }
                    upserts.push(user);
                }
                None => removed.push(id),
            }
        }
        self.refresh_licences(&licences, &old, &mut upserts).await?;
        let mut tally = Tally {
            counters: head.counters,
            enabled: head.enabled,
            users: head.users,
        };
        let upserts: Vec<StoredUser> = upserts
            .into_iter()
            .map(|user| lookup.stored(user))
            .collect();
        retally(&mut tally, &old, &upserts, &removed);
        self.check_count(Some(head), tally.users)?;
        let text = format!(
            "{} changed, {} removed since the last run",
            deltas.len() - removed.len(),
            removed.len()
        );
        self.journal.info(Source::Graph, text).await;
        let new_head = self.head(tenant, &tally, Some(next), false);
        let desk = self.store.ledger.load().await?;
        let mut matcher = Matcher::new(&desk.users);
        let changes = Changes {
            upserts,
            removed,
            reference: lookup.reference.clone(),
            head: new_head.clone(),
        };
        self.store.cache.apply_changes(changes).await?;
        self.look_in_cache(&mut matcher).await?;
        let numbers_known = lookup.reference.numbers.is_some();
        Ok(Some(Pulled {
            head: new_head,
            matcher,
            numbers_known,
        }))
    }

    /// All changes of the round, the last word of each user, and the next link.
    async fn collect_changes(
        &mut self,
        pages: &mut ChangePages,
    ) -> Result<Option<(HashMap<ObjectId, Vec<UserDelta>>, String)>, Stop> {
        let mut deltas: HashMap<ObjectId, Vec<UserDelta>> = HashMap::new();
        let mut progress = Progress::default();
        loop {
            let page = match pages.next().await {
                Ok(Some(page)) => page,
                Ok(None) => return Ok(None),
                Err(GraphError::Gone { .. }) => {
                    self.journal
                        .info(
                            Source::Graph,
                            "The tenant no longer accepts the last delta link: reading everything",
                        )
                        .await;
                    return Ok(None);
                }
                Err(error) => return Err(self.failed(&error, "Reading what has changed")),
            };
            self.check_cancelled()?;
            for change in page.changes {
                let id = match &change {
                    UserDelta::Removed(id) => *id,
                    UserDelta::Changed(partial) => partial.id,
                };
                deltas.entry(id).or_default().push(change);
            }
            progress.pages += 1;
            progress.users = deltas.len() as u64;
            self.journal.progress(progress).await;
            if deltas.len() > CHANGES_AT_MOST {
                return Ok(None);
            }
            if let Some(link) = page.delta_link {
                return Ok(Some((deltas, link.as_str().to_owned())));
            }
        }
    }

    /// Who gives a licence is not tracked by the delta query: it is read again for those whose licences changed.
    async fn refresh_licences(
        &mut self,
        ids: &[ObjectId],
        old: &HashMap<ObjectId, StoredUser>,
        upserts: &mut [DirectoryUser],
    ) -> Result<(), Stop> {
        let skus = |user: &DirectoryUser| {
            let mut skus: Vec<_> = user
                .licences
                .iter()
                .map(|licence| (licence.sku, licence.disabled.clone()))
                .collect();
            skus.sort();
            skus
        };
        let changed: Vec<ObjectId> = upserts
            .iter()
            .filter(|user| ids.contains(&user.id))
            .filter(|user| {
                old.get(&user.id)
                    .is_none_or(|stored| skus(&stored.user) != skus(user))
            })
            .map(|user| user.id)
            .collect();
        let fresh = self
            .client
            .users_by_id(&changed)
            .await
            .map_err(|e| self.failed(&e, "Reading changed licences"))?;
        let fresh: HashMap<ObjectId, DirectoryUser> =
            fresh.into_iter().map(|user| (user.id, user)).collect();
        for user in upserts {
            if let Some(new) = fresh.get(&user.id) {
                user.clone_from(new);
            }
        }
        Ok(())
    }

    /// Feeds the matcher from the picture: a delta round does not pass everybody by.
    async fn look_in_cache(&mut self, matcher: &mut Matcher) -> Result<(), Stop> {
        let addresses: Vec<String> = matcher.addresses().map(str::to_owned).collect();
        for address in addresses {
            let ids: Vec<ObjectId> = self
                .store
                .cache
                .find(&address, 20)
                .await?
                .into_iter()
                .map(|row| row.id)
                .collect();
            for stored in self.store.cache.users(ids).await? {
                matcher.see(&stored.user);
            }
        }
        Ok(())
    }
}

/// A user after all its changes of a round, in the order in which they came; `None` when it is gone.
fn after(known: Option<DirectoryUser>, changes: &[UserDelta]) -> Option<DirectoryUser> {
    changes.iter().fold(known, |known, change| match change {
        UserDelta::Removed(_) => None,
        UserDelta::Changed(partial) => Some(partial.apply_to(known)),
    })
}

/// Whose class may differ because the reference data differ; `None` when it may be anybody's.
fn affected(before: Option<&Reference>, now: &Reference) -> Option<HashSet<ObjectId>> {
    let before = before?;
    if before.teams.is_some() != now.teams.is_some()
        || before.numbers.is_some() != now.numbers.is_some()
    {
        return None;
    }
    let mut out = HashSet::new();
    let old: HashMap<_, _> = before
        .teams
        .iter()
        .flatten()
        .map(|user| (user.id, user))
        .collect();
    let new: HashMap<_, _> = now
        .teams
        .iter()
        .flatten()
        .map(|user| (user.id, user))
        .collect();
    out.extend(
        new.iter()
            .filter(|(id, user)| old.get(id) != Some(user))
            .map(|(id, _)| *id),
    );
    out.extend(old.keys().filter(|id| !new.contains_key(id)).copied());
    let old: HashMap<_, _> = before
        .numbers
        .iter()
        .flatten()
        .map(|number| (&number.number, number))
        .collect();
    let new: HashMap<_, _> = now
        .numbers
        .iter()
        .flatten()
        .map(|number| (&number.number, number))
        .collect();
    for (number, record) in &new {
        if old.get(number) != Some(record) {
            out.extend(record.holder());
            out.extend(old.get(number).and_then(|record| record.holder()));
        }
    }
    out.extend(
        old.iter()
            .filter(|(number, _)| !new.contains_key(*number))
            .filter_map(|(_, record)| record.holder()),
    );
    match (&before.group, &now.group) {
        (
            GroupFilter::Members {
                group: a,
                members: old,
            },
            GroupFilter::Members {
                group: b,
                members: new,
            },
        ) if a.id == b.id => {
            out.extend(old.iter().filter(|id| new.binary_search(id).is_err()));
            out.extend(new.iter().filter(|id| old.binary_search(id).is_err()));
        }
        (GroupFilter::Unreadable { .. }, GroupFilter::Unreadable { .. })
        | (
            GroupFilter::Missing { .. } | GroupFilter::Ambiguous { .. },
            GroupFilter::Missing { .. } | GroupFilter::Ambiguous { .. },
        )
        | (GroupFilter::Off, GroupFilter::Off) => {}
        _ => return None,
    }
    Some(out)
}

fn retally(
    tally: &mut Tally,
    old: &HashMap<ObjectId, StoredUser>,
    upserts: &[StoredUser],
    removed: &[ObjectId],
) {
    let mut gone = Tally::default();
    for id in removed
        .iter()
        .chain(upserts.iter().map(|stored| &stored.user.id))
    {
        if let Some(stored) = old.get(id) {
            gone.add(stored.marks);
        }
    }
    for stored in upserts {
        tally.add(stored.marks);
    }
    tally.counters.total -= gone.counters.total;
    tally.counters.licensed -= gone.counters.licensed;
    tally.counters.phone_system -= gone.counters.phone_system;
    tally.counters.excluded_by_calling_plan -= gone.counters.excluded_by_calling_plan;
    tally.counters.resource -= gone.counters.resource;
    tally.enabled -= gone.enabled;
    tally.users -= gone.users;
}
