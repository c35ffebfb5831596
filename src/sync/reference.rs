//! The reference data of a run: licences, group, Teams' state, numbers. Read first, for classifying each user once.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::domain::directory::{
    DirectoryUser, Group, GroupFilter, GroupLookup, TeamsUser, Tenant, TenantNumber,
};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::Facts;
use crate::domain::guid::{GroupId, ObjectId};
use crate::domain::lists::{TeamsUsers, TenantNumbers};
use crate::domain::run::{Counted, Progress, Source};
use crate::domain::text::Label;
use crate::graph::Client;
use crate::graph::error::GraphError;
use crate::store::cache::{Reference, StoredUser};

use super::attend::TEAMS_LISTS;
use super::pull::lost_its_place;
use super::{Run, Stop, failed};

/// The reference data of a run, for classifying.
#[derive(Debug)]
pub(super) struct Lookup {
    pub(super) reference: Reference,
}

/// What Teams and the inventory say of one user.
#[derive(Debug)]
pub(super) struct Known {
    teams: Option<TeamsUser>,
    numbers: Option<Vec<TenantNumber>>,
}

impl Lookup {
    pub(super) fn new(reference: Reference) -> Self {
        Self { reference }
    }

    /// What is known of a user besides the directory.
    pub(super) fn known(&self, id: ObjectId) -> Known {
        let teams = self.reference.teams.as_ref();
        let numbers = self.reference.numbers.as_ref();
        Known {
            teams: teams.and_then(|list| Some(list.get(id)?.to_user())),
            numbers: numbers.map(|list| list.held_by(id)),
        }
    }

    /// All that is known of a user.
    pub(super) fn facts<'a>(&'a self, user: &'a DirectoryUser, known: &'a Known) -> Facts<'a> {
        Facts {
            user,
            group: &self.reference.group,
            teams: known.teams.as_ref(),
            numbers: known.numbers.as_deref(),
        }
    }

    pub(super) fn stored(&self, user: DirectoryUser) -> StoredUser {
        let known = self.known(user.id);
        let class = self.facts(&user, &known).classify();
        StoredUser {
            user,
            class: class.cause.byte(),
            marks: class.marks.0,
            number: class.number,
        }
    }
}

/// What a part that the tenant may not offer came to: its value, or why it is a gap.
type Offered<T> = Result<T, GraphError>;

/// How the group filter was read, with what is to be said of it.
type Filtered = (GroupFilter, Vec<String>);

impl Run<'_> {
    pub(super) async fn read_reference(&mut self, tenant: &Tenant) -> Result<Reference, Stop> {
        let sizes = self.store.cache.list_sizes().await?;
        self.expects(sizes.teams + sizes.numbers).await;
        // Side by side: on a slow link the answer to one comes in while another is still thought about.
        let client = self.client;
        let (skus, (group, notes), teams, numbers) = tokio::try_join!(
            read(client.subscribed_skus(), "Reading the tenant's licences"),
            read_group(client, self.settings.group.as_deref()),
            offered(whole(|| client.teams_users()), "Reading Teams' users"),
            offered(whole(|| client.numbers()), "Reading the tenant's numbers"),
        )?;
        for note in notes {
            self.journal.warning(Source::Graph, note).await;
        }
        let mut gaps = Vec::new();
        let teams = match teams {
            Ok(teams) => Some(teams),
            Err(error) => {
                self.gap(&error, "Reading Teams' users", &mut gaps).await;
                None
            }
        };
        let numbers = match numbers {
            Ok(numbers) => Some(numbers),
            Err(error) => {
                self.gap(&error, "Reading the tenant's numbers", &mut gaps)
                    .await;
                None
            }
        };
        self.check_cancelled()?;
        check_halved(
            (sizes.teams, sizes.numbers),
            teams.as_ref().map(TeamsUsers::len),
            numbers.as_ref().map(TenantNumbers::len),
        )?;
        if let Some(other) = teams
            .iter()
            .flat_map(TeamsUsers::kinds)
            .find(|kind| kind.tenant.is_some_and(|id| id != tenant.id))
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
            counted(teams.as_ref().map(TeamsUsers::len)),
            counted(numbers.as_ref().map(TenantNumbers::len)),
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
            teams: teams.map(Arc::new),
            numbers: numbers.map(Arc::new),
            gaps,
        })
    }

    /// Says of what it reads next how many there were last time.
    async fn expects(&mut self, before: usize) {
        let progress = Progress {
            what: Counted::Rows(TEAMS_LISTS),
            of: (before > 0).then_some(before as u64),
            ..Progress::default()
        };
        self.journal.progress(progress).await;
    }

    /// Says which part the tenant does not offer.
    async fn gap(&mut self, error: &GraphError, tried: &str, gaps: &mut Vec<String>) {
        let failure = error.failure(tried);
        let detail = if failure.detail.is_empty() {
            String::new()
        } else {
            format!(": {}", failure.detail)
        };
        let text = format!("{}{detail}; what rests on it is unknown", failure.headline);
        self.journal.warning(Source::Teams, text.clone()).await;
        gaps.push(text);
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
}

async fn read<T>(
    read: impl Future<Output = Result<T, GraphError>>,
    tried: &str,
) -> Result<T, Stop> {
    read.await.map_err(|error| failed(&error, tried))
}

/// Reads a list; from its start again where the tenant has lost the place in it, twice at most.
async fn whole<T, R>(read: impl Fn() -> R) -> Result<T, GraphError>
where
    R: Future<Output = Result<T, GraphError>>,
{
    for _ in 0..2 {
        match read().await {
            Err(error) if error.list_must_restart() => {
                tracing::warn!(%error, "the tenant has lost the place in a list: reading it from the start");
            }
            done => return done,
        }
    }
    read().await
}

/// A part that the tenant does not offer is a gap; a permission that is missing, or a server that is down, ends the run.
async fn offered<T>(
    read: impl Future<Output = Result<T, GraphError>>,
    tried: &str,
) -> Result<Offered<T>, Stop> {
    match read.await {
        Err(error) if error.list_must_restart() => Err(lost_its_place(tried, &error)),
        Err(
            error @ (GraphError::NotFound { .. }
            | GraphError::BadRequest { .. }
            | GraphError::NoTeamsApi),
        ) => Ok(Err(error)),
        Err(error) => Err(failed(&error, tried)),
        Ok(value) => Ok(Ok(value)),
    }
}

async fn read_group(client: &Client, name: Option<&str>) -> Result<Filtered, Stop> {
    let Some(name) = name else {
        return Ok((GroupFilter::Off, Vec::new()));
    };
    let shown = Label::new(name);
    let group = match client.find_group(name).await {
        Ok(GroupLookup::Found(group)) => group,
        Ok(GroupLookup::Missing) => {
            let hint = "correct or clear `group` in the tenant's settings, then sync";
            let note = format!("No group is called '{shown}': nobody is included; {hint}");
            let name = name.to_owned();
            return Ok((GroupFilter::Missing { name }, vec![note]));
        }
        Ok(GroupLookup::Ambiguous(groups)) => {
            let ids: Vec<String> = groups.iter().map(|group| group.id.to_string()).collect();
            let note = format!(
                "{} groups are called '{shown}' ({}): nobody is included; set the group's id instead",
                groups.len(),
                ids.join(", ")
            );
            let name = name.to_owned();
            return Ok((GroupFilter::Ambiguous { name, groups }, vec![note]));
        }
        Err(error) => return unreadable_group(&error, name),
    };
    let members = match whole(|| client.group_members(group.id)).await {
        Ok(members) => members,
        Err(error) => return unreadable_group(&error, name),
    };
    if !members.is_empty() {
        return Ok((GroupFilter::Members { group, members }, Vec::new()));
    }
    // Without the permission a hidden membership reads as an empty one: the group itself tells which it is.
    if client.group_hides_members(group.id).await.unwrap_or(false) {
        let note = format!(
            "Group '{shown}' hides its members from this app: grant it Member.Read.Hidden, or clear `group`; nobody is included"
        );
        return Ok((GroupFilter::Hidden { group }, vec![note]));
    }
    let note = format!(
        "Group '{shown}' is empty: nobody is included; put users into it, or clear `group` in the tenant's settings, then sync"
    );
    Ok((GroupFilter::Members { group, members }, vec![note]))
}

fn unreadable_group(error: &GraphError, name: &str) -> Result<Filtered, Stop> {
    if error.list_must_restart() {
        return Err(lost_its_place("Reading the group filter", error));
    }
    if !matches!(
        error,
        GraphError::BadRequest { .. } | GraphError::Decode { .. }
    ) {
        return Err(failed(error, "Reading the group filter"));
    }
    let why = error.to_string();
    let note = format!("The group filter could not be read: {why}");
    let name = name.to_owned();
    Ok((GroupFilter::Unreadable { name, why }, vec![note]))
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
            "The last good picture stays. If it is true, remove cache.db in the tenant's folder (`paths` names it), which holds only what the tenant can give again, and sync again.",
        )));
    }
    Ok(())
}
