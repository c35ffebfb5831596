//! A debug sync's lines for everybody whom a gate stopped, with the evidence: taken from the picture, so that a run that read
//! only changes tells of everyone all the same.

use std::collections::HashMap;

use crate::domain::directory::{Group, GroupFilter, GroupLookup};
use crate::domain::evidence::{self, Names};
use crate::domain::gate::{FirstCause, GateResult};
use crate::domain::guid::GroupId;
use crate::domain::run::Source;
use crate::store::cache::StoredUser;

use super::reference::Lookup;
use super::{Run, Stop};

/// Users that are taken from the picture at a time.
const BATCH: u32 = 1_000;

/// Groups whose names are asked for: more are told by their ids.
const NAMES_AT_MOST: usize = 50;

impl Run<'_> {
    /// In a debug sync, a line for each user that a gate stopped.
    pub(super) async fn tell_stopped(&mut self) -> Result<(), Stop> {
        if !self.settings.debug {
            return Ok(());
        }
        let Some(reference) = self.store.cache.reference().await? else {
            return Ok(());
        };
        let lookup = Lookup::new(reference);
        let mut names = HashMap::new();
        if let GroupFilter::Members { group, .. } = &lookup.reference.group {
            names.insert(group.id, Some(group.name.clone()));
        }
        let mut place = 0;
        loop {
            let users = self.store.cache.visit_batch(place, BATCH).await?;
            let Some((last, _)) = users.last() else {
                return Ok(());
            };
            place = *last;
            self.check_cancelled()?;
            for (_, stored) in &users {
                let cause = FirstCause::from_byte(stored.class);
                if !cause.is_candidate() {
                    self.learn_names(stored, &mut names).await;
                    let text = line(stored, cause, &lookup, &names);
                    self.journal.debug(Source::Graph, || text).await;
                }
            }
        }
    }

    /// Asks for the names of groups that give this user a licence; one that does not answer stays an id.
    async fn learn_names(
        &mut self,
        stored: &StoredUser,
        names: &mut HashMap<GroupId, Option<String>>,
    ) {
        for group in stored.user.licences.iter().filter_map(|l| l.group) {
            if names.contains_key(&group) || names.len() >= NAMES_AT_MOST {
                continue;
            }
            let found = self.client.find_group(&group.to_string()).await;
            let name = match found {
                Ok(GroupLookup::Found(group)) => Some(group.name),
                Ok(GroupLookup::Missing | GroupLookup::Ambiguous(_)) | Err(_) => None,
            };
            names.insert(group, name);
        }
    }
}

/// `Alex Wilber <alex@contoso.example>: Calling Plan: MCOPSTN1 Enabled …, in "…" (by group "Calling users")`.
fn line(
    stored: &StoredUser,
    cause: FirstCause,
    lookup: &Lookup,
    names: &HashMap<GroupId, Option<String>>,
) -> String {
    let facts = lookup.facts(&stored.user);
    let groups: Vec<Group> = names
        .iter()
        .filter_map(|(id, name)| {
            Some(Group {
                id: *id,
                name: name.clone()?,
            })
        })
        .collect();
    let names = Names {
        skus: &lookup.reference.skus,
        groups: &groups,
    };
    let failed = evidence::gates(&facts, &names)
        .into_iter()
        .find(|finding| finding.result != GateResult::Passed);
    let evidence = failed.map_or_else(String::new, |finding| format!(": {}", finding.evidence));
    let (name, upn) = (&stored.user.name, &stored.user.upn);
    format!("{name} <{upn}>: {}{evidence}", cause.words())
}
