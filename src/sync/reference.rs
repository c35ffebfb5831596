//! The reference data of a run: licences, group, Teams' state, numbers. Read first, and indexed for classifying each user once.

use std::collections::{BTreeSet, HashMap};

use crate::domain::directory::{
    DirectoryUser, Group, GroupFilter, GroupLookup, Tenant, TenantNumber,
};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::Facts;
use crate::domain::guid::{GroupId, ObjectId};
use crate::domain::run::{Counted, Progress, Source};
use crate::domain::text::Label;
use crate::graph::error::GraphError;
use crate::graph::teams::{TEAMS_USERS, TENANT_NUMBERS};
use crate::store::cache::{Reference, StoredUser};

use super::{Run, Stop, failed};

/// The reference data of a run, indexed for classifying.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) reference: Reference,
    teams: HashMap<ObjectId, usize>,
    numbers: HashMap<ObjectId, Vec<TenantNumber>>,
}

impl Lookup {
    pub(super) fn new(reference: Reference) -> Self {
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

    /// All that is known of a user.
    pub(super) fn facts<'a>(&'a self, user: &'a DirectoryUser) -> Facts<'a> {
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
    }

    pub(super) fn stored(&self, user: DirectoryUser) -> StoredUser {
        let class = self.facts(&user).classify();
        StoredUser {
            user,
            class: class.cause.byte(),
            marks: class.marks.0,
            number: class.number,
        }
    }
}

impl Run<'_> {
    pub(super) async fn read_reference(&mut self, tenant: &Tenant) -> Result<Reference, Stop> {
        let mut gaps = Vec::new();
        let skus = self
            .client
            .subscribed_skus()
            .await
            .map_err(|e| failed(&e, "Reading the tenant's licences"))?;
        self.check_cancelled()?;
        let group = self.read_group().await?;
        self.check_cancelled()?;
        let before = self.store.cache.reference().await?.map(|old| {
            let teams = old.teams.map_or(0, |list| list.len());
            (teams, old.numbers.map_or(0, |list| list.len()))
        });
        let (teams_before, numbers_before) = before.unwrap_or_default();
        self.expects(TEAMS_USERS, teams_before).await;
        let teams = match self.client.teams_users().await {
            Ok(teams) => Some(teams),
            Err(error) => self.gap(&error, "Reading Teams' users", &mut gaps).await?,
        };
        self.check_cancelled()?;
        self.expects(TENANT_NUMBERS, numbers_before).await;
        let numbers = match self.client.numbers().await {
            Ok(numbers) => Some(numbers),
            Err(error) => {
                self.gap(&error, "Reading the tenant's numbers", &mut gaps)
                    .await?
            }
        };
        self.check_cancelled()?;
        check_halved(
            (teams_before, numbers_before),
            teams.as_ref().map(Vec::len),
            numbers.as_ref().map(Vec::len),
        )?;
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

    /// Says of what it reads next how many there were last time.
    async fn expects(&mut self, of: &'static str, before: usize) {
        let progress = Progress {
            what: Counted::Rows(of),
            of: (before > 0).then_some(before as u64),
            ..Progress::default()
        };
        self.journal.progress(progress).await;
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
            GraphError::NotFound { .. } | GraphError::BadRequest { .. } | GraphError::NoTeamsApi
        ) {
            return Err(failed(error, tried));
        }
        let failure = error.failure(tried);
        let detail = if failure.detail.is_empty() {
            String::new()
        } else {
            format!(": {}", failure.detail)
        };
        let text = format!("{}{detail}; what rests on it is unknown", failure.headline);
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
                    // Without the permission a hidden membership reads as an empty one: the group itself tells which it is.
                    if self
                        .client
                        .group_hides_members(group.id)
                        .await
                        .unwrap_or(false)
                    {
                        let text = format!(
                            "Group '{shown}' hides its members from this app: grant it Member.Read.Hidden, or clear `group`; nobody is included"
                        );
                        self.journal.warning(Source::Graph, text).await;
                        return Ok(GroupFilter::Hidden { group });
                    }
                    let text = format!(
                        "Group '{shown}' is empty: nobody is included; put users into it, or clear `group` in the tenant's settings, then sync"
                    );
                    self.journal.warning(Source::Graph, text).await;
                }
                Ok(GroupFilter::Members { group, members })
            }
            Err(error) => self.unreadable_group(&error, name).await,
        }
    }

    /// Finds the names of groups that give licences. Where they cannot be read the ids have to do: no run fails for a name.
    pub(super) async fn name_groups(
        &mut self,
        wanted: BTreeSet<GroupId>,
        anew: bool,
    ) -> Result<(), Stop> {
        let kept = match self.store.cache.outline().await? {
            Some(outline) => outline.groups,
            None => Vec::new(),
        };
        let missing: Vec<GroupId> = wanted
            .iter()
            .copied()
            .filter(|id| anew || kept.iter().all(|group| group.id != *id))
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        let read = match self.client.groups_by_id(&missing).await {
            Ok(read) => read,
            Err(error) => {
                self.journal
                    .debug(Source::Graph, || {
                        format!("the names of groups that give licences could not be read: {error}")
                    })
                    .await;
                return Ok(());
            }
        };
        let mut groups: Vec<Group> = kept
            .into_iter()
            .filter(|group| read.iter().all(|new| new.id != group.id))
            .collect();
        groups.extend(read);
        Ok(self.store.cache.name_groups(groups).await?)
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
            return Err(failed(error, "Reading the group filter"));
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
}

/// An inventory that has lost more than half since the last read is taken for a failed listing: believing it would take everybody's
/// number away on this side.
fn check_halved(
    before: (usize, usize),
    teams: Option<usize>,
    numbers: Option<usize>,
) -> Result<(), Stop> {
    let lists = [
        ("users of Teams", before.0, teams),
        ("numbers", before.1, numbers),
    ];
    for (what, before, now) in lists {
        let Some(now) = now.filter(|now| now * 2 < before) else {
            continue;
        };
        return Err(Stop::Failed(Failure::new(
            FailureKind::Refused,
            format!("The tenant listed {now} {what}, the last good read had {before}"),
            "fewer than half is taken for a failed listing",
            "The last good picture stays. If it is true, remove the tenant's cache.db (see `paths`) and sync again.",
        )));
    }
    Ok(())
}
