//! A debug sync's lines for everybody whom a gate stopped, with the evidence: taken from the picture, so that a run that read
//! only changes tells of everyone all the same.

use crate::domain::directory::Group;
use crate::domain::evidence::{self, Names};
use crate::domain::gate::{FirstCause, GateResult};
use crate::domain::run::Source;
use crate::store::cache::StoredUser;

use super::reference::Lookup;
use super::{Run, Stop};

/// Users that are taken from the picture at a time.
const BATCH: u32 = 1_000;

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
        let groups = match self.store.cache.outline().await? {
            Some(outline) => outline.groups,
            None => Vec::new(),
        };
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
                    let text = line(stored, cause, &lookup, &groups);
                    self.journal.debug(Source::Graph, || text).await;
                }
            }
        }
    }
}

/// `Alex Wilber <alex@contoso.example>: Calling Plan: MCOPSTN1 Enabled …, in "…" (by group "Calling users")`.
fn line(stored: &StoredUser, cause: FirstCause, lookup: &Lookup, groups: &[Group]) -> String {
    let known = lookup.known(stored.user.id);
    let facts = lookup.facts(&stored.user, &known);
    let names = Names {
        skus: &lookup.reference.skus,
        groups,
    };
    let failed = evidence::gates(&facts, &names)
        .into_iter()
        .find(|finding| finding.result != GateResult::Passed);
    let evidence = failed.map_or_else(String::new, |finding| format!(": {}", finding.evidence));
    let (name, upn) = (&stored.user.name, &stored.user.upn);
    format!("{name} <{upn}>: {}{evidence}", cause.words())
}
