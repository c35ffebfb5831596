//! A later run: what has changed since the last one, by the delta query, so that its cost follows the changes and not the tenant.

use std::collections::HashMap;

use crate::domain::directory::{DirectoryUser, Tenant};
use crate::domain::guid::ObjectId;
use crate::domain::matching::Matcher;
use crate::domain::run::{Progress, Source};
use crate::graph::delta::{ChangePages, DeltaLink, UserDelta};
use crate::graph::error::GraphError;
use crate::store::cache::{Changes, SnapshotHead, StoredUser};

use super::pull::{Pulled, Tally, check_count};
use super::reference::Lookup;
use super::{Run, Stop, failed};

/// More changes than this are read faster as a whole.
const CHANGES_AT_MOST: usize = 20_000;

impl Run<'_> {
    /// Reads what has changed since the last run; `None` when everything has to be read.
    pub(super) async fn read_changes(
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
        let affected = self.store.cache.differing(lookup.reference.clone()).await?;
        let Some(mut affected) = affected else {
            self.journal
                .debug(Source::Graph, || {
                    "the group filter has changed: everybody is classified anew".to_owned()
                })
                .await;
            return Ok(None);
        };
        // Who was read by itself has brought a number along that another row still shows.
        affected.extend(self.store.cache.former_holders().await?);
        affected.sort_unstable();
        affected.dedup();
        let mut ids: Vec<ObjectId> = deltas.keys().copied().collect();
        ids.extend(affected.into_iter().filter(|id| !deltas.contains_key(id)));
        let old = self.store.cache.users(ids.clone()).await?;
        let old: HashMap<ObjectId, StoredUser> = old
            .into_iter()
            .map(|stored| (stored.user.id, stored))
            .collect();
        let mut outcome = outcome(&ids, &deltas, &old);
        self.refresh_licences(&outcome.licences, &old, &mut outcome.upserts)
            .await?;
        let Outcome {
            upserts, removed, ..
        } = outcome;
        // Counted from the rows: one that was read again by itself has changed since the last run was counted.
        let mut tally = self.tally_of_rows().await?;
        for user in &upserts {
            tally.note_groups(user);
        }
        let upserts: Vec<StoredUser> = upserts
            .into_iter()
            .map(|user| lookup.stored(user))
            .collect();
        retally(&mut tally, &old, &upserts, &removed);
        check_count(Some(head), tally.users)?;
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
        self.guard(tenant.id).await?;
        let turned = self.store.cache.apply_changes(changes).await?;
        self.keep_changes(turned);
        self.keep_moved().await?;
        self.name_groups(tally.groups, false).await?;
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
                Err(GraphError::Hostile { .. }) if progress.pages == 0 => {
                    let text = "The kept delta link leads to another address than the tenant's: reading everything";
                    self.journal.info(Source::Graph, text).await;
                    return Ok(None);
                }
                Err(GraphError::Gone { .. }) => {
                    self.journal
                        .info(
                            Source::Graph,
                            "The tenant no longer accepts the last delta link: reading everything",
                        )
                        .await;
                    return Ok(None);
                }
                // No list of codes is complete: without the link the same question is asked anew, and a refusal then is one.
                Err(GraphError::BadRequest { reply } | GraphError::NotFound { reply }) => {
                    let text = format!(
                        "The tenant refuses the last delta link ({reply}): reading everything"
                    );
                    self.journal.warning(Source::Graph, text).await;
                    return Ok(None);
                }
                Err(error) => return Err(failed(&error, "Reading what has changed")),
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
            .map_err(|e| failed(&e, "Reading changed licences"))?;
        let fresh: HashMap<ObjectId, DirectoryUser> =
            fresh.into_iter().map(|user| (user.id, user)).collect();
        for user in upserts {
            if let Some(new) = fresh.get(&user.id) {
                user.clone_from(new);
            }
        }
        Ok(())
    }

    async fn tally_of_rows(&self) -> Result<Tally, Stop> {
        let mut tally = Tally::default();
        for (marks, users) in self.store.cache.marks().await? {
            tally.add_many(marks, users);
        }
        Ok(tally)
    }

    /// Feeds the matcher from the picture: a delta round does not pass everybody by.
    pub(super) async fn look_in_cache(&mut self, matcher: &mut Matcher) -> Result<(), Stop> {
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

/// What a round of changes comes to.
#[derive(Default)]
struct Outcome {
    upserts: Vec<DirectoryUser>,
    removed: Vec<ObjectId>,
    /// Those whose licences are mentioned.
    licences: Vec<ObjectId>,
}

fn outcome(
    ids: &[ObjectId],
    deltas: &HashMap<ObjectId, Vec<UserDelta>>,
    old: &HashMap<ObjectId, StoredUser>,
) -> Outcome {
    let mut out = Outcome::default();
    for id in ids {
        let known = old.get(id).map(|stored| stored.user.clone());
        let Some(changes) = deltas.get(id) else {
            out.upserts.extend(known);
            continue;
        };
        match after(known, changes) {
            Some(user) => {
                if changes
                    .iter()
                    .any(|c| matches!(c, UserDelta::Changed(partial) if partial.touches_licences()))
                {
                    out.licences.push(*id);
                }
                out.upserts.push(user);
            }
            None => out.removed.push(*id),
        }
    }
    out
}

/// A user after all its changes of a round, in the order in which they came; `None` when it is gone.
fn after(known: Option<DirectoryUser>, changes: &[UserDelta]) -> Option<DirectoryUser> {
    changes.iter().fold(known, |known, change| match change {
        UserDelta::Removed(_) => None,
        UserDelta::Changed(partial) => Some(partial.apply_to(known)),
    })
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
            gone.add_many(stored.marks, 1);
        }
    }
    for stored in upserts {
        tally.add_many(stored.marks, 1);
    }
    tally.take_off(&gone);
}
