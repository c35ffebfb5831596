//! After the read: associate by e-mail, take over what changed in the tenant, find conflicts, and say who is Unlicensed.

use std::collections::HashMap;

use crate::domain::gate::FirstCause;
use crate::domain::guid::ObjectId;
use crate::domain::matching::Match;
use crate::domain::merge::{MergeStep, Theirs, merge};
use crate::domain::outbox::{Closing, Entry, EntryState};
use crate::domain::run::Source;
use crate::domain::seat;
use crate::domain::user::{Association, Field, LicenseStatus, NewUser, User, UserId, Value};
use crate::store::cache::StoredUser;
use crate::store::ledger::MergeChanges;

use super::pull::Pulled;
use super::{Run, Stop};

impl Run<'_> {
    /// Brings this side up to what was read.
    pub(super) async fn settle_all(&mut self, pulled: Pulled) -> Result<(), Stop> {
        let desk = self.store.ledger.load().await?;
        let mut changes = MergeChanges::default();
        self.associate(&desk.users, pulled.matcher.finish(), &mut changes)
            .await?;
        self.tell_waiting().await?;
        let associations = associations(&desk.users, &changes);
        let there = self.there(&associations).await?;
        let numbers_known = pulled.numbers_known;
        let mut steps = Vec::new();
        for user in &desk.users {
            let Some(id) = associations.get(&user.id) else {
                continue;
            };
            let Some(stored) = there.get(id) else {
                if !user.gone {
                    let text = format!(
                        "{}: the associated user is gone from the tenant; the association is kept",
                        user.mail
                    );
                    self.journal.warning(Source::Match, text).await;
                    changes.gone.push(user.id);
                }
                continue;
            };
            if user.gone {
                self.journal
                    .info(
                        Source::Match,
                        format!("{}: the associated user is there again", user.mail),
                    )
                    .await;
                changes.back.push(user.id);
            }
            self.warn_of_gate(user, stored).await;
            let entries: Vec<&Entry> = desk
                .entries
                .iter()
                .filter(|entry| entry.user == Some(user.id))
                .collect();
            let theirs = Theirs {
                number: numbers_known.then(|| Value::Number(stored.number.clone())),
                country: Some(Value::Country(stored.user.location)),
                ..Theirs::default()
            };
            for step in merge(user, &entries, &theirs, self.settings.clock.now()) {
                match step {
                    MergeStep::TakeOver(value) => {
                        self.tell_take_over(user, &value).await;
                        changes.take_over.push((user.id, value));
                    }
                    step => steps.push(step),
                }
            }
        }
        self.summary.matched = u32::try_from(changes.associate.len()).unwrap_or(u32::MAX);
        self.summary.taken_over = u32::try_from(changes.take_over.len()).unwrap_or(u32::MAX);
        let stamp = self.stamp();
        self.store.ledger.merge(changes, stamp).await?;
        for step in steps {
            let entry = desk
                .entries
                .iter()
                .find(|entry| Some(entry.id) == entry_of(&step));
            if let Some(entry) = entry {
                self.take(entry, step).await?;
            }
        }
        self.admit_ready().await?;
        self.warn_unlicensed().await?;
        self.journal
            .tell(crate::domain::run::RunEvent::LedgerChanged)
            .await;
        Ok(())
    }

    async fn associate(
        &mut self,
        users: &[User],
        matches: Vec<Match>,
        changes: &mut MergeChanges,
    ) -> Result<(), Stop> {
        let mail = |id: UserId| {
            users
                .iter()
                .find(|user| user.id == id)
                .map_or("", |user| user.mail.as_str())
        };
        for outcome in matches {
            match outcome {
                Match::One { user, id, by } => {
                    let name = self
                        .store
                        .cache
                        .name_of(id)
                        .await?
                        .unwrap_or_else(|| id.to_string());
                    let text = format!("{} is {name}, by {}", mail(user), by.words());
                    self.journal.info(Source::Match, text).await;
                    changes.associate.push((user, id));
                }
                Match::Several { user, ids } => {
                    let text = format!(
                        "{}: {} directory users have this address; associate by hand",
                        mail(user),
                        ids.len()
                    );
                    self.journal.warning(Source::Match, text).await;
                }
                Match::Taken { user, id } => {
                    let name = self
                        .store
                        .cache
                        .name_of(id)
                        .await?
                        .unwrap_or_else(|| id.to_string());
                    let text = format!(
                        "{}: {name} belongs to another configured user already",
                        mail(user)
                    );
                    self.journal.warning(Source::Match, text).await;
                }
                Match::Nobody { user } => {
                    let address = mail(user);
                    let text = format!(
                        "{address}: nobody has this address as sign-in name, mail or proxy address"
                    );
                    self.journal.debug(Source::Match, || text).await;
                }
            }
        }
        Ok(())
    }

    /// Says that matches wait, as long as they do: until somebody takes them over, nobody of the tenant before is anybody here.
    async fn tell_waiting(&mut self) -> Result<(), Stop> {
        let users = self.store.ledger.load().await?.users;
        let waits = |user: &&User| user.waits && user.association == Association::None;
        let waiting = users.iter().filter(waits).count();
        if waiting > 0 {
            let who = if waiting == 1 {
                "1 user of the tenant before is".to_owned()
            } else {
                format!("{waiting} users of the tenant before are")
            };
            let text = format!(
                "{who} not associated yet: look at the matches by e-mail and take them over (E, or `users adopt`)"
            );
            self.journal.warning(Source::Match, text).await;
        }
        Ok(())
    }

    async fn there(
        &self,
        associations: &HashMap<UserId, ObjectId>,
    ) -> Result<HashMap<ObjectId, StoredUser>, Stop> {
        let ids = associations.values().copied().collect();
        let stored = self.store.cache.users(ids).await?;
        Ok(stored
            .into_iter()
            .map(|stored| (stored.user.id, stored))
            .collect())
    }

    async fn warn_of_gate(&mut self, user: &User, stored: &StoredUser) {
        let cause = FirstCause::from_byte(stored.class);
        if !cause.is_candidate() {
            let text = format!(
                "{}: kept, though it would not be addable now: {}",
                user.mail,
                cause.words()
            );
            self.journal.warning(Source::Match, text).await;
        }
    }

    async fn tell_take_over(&mut self, user: &User, value: &Value) {
        let before = match value {
            Value::Number(_) => Value::Number(user.number.clone()),
            Value::Country(_) => Value::Country(user.country),
            // The merge takes over nothing else.
            Value::Plan { .. } | Value::Licence { .. } | Value::Added(_) => return,
        };
        let text = format!(
            "{}: {} {} -> {}, as in the tenant",
            user.mail,
            value.field().as_str(),
            before.shown(),
            value.shown()
        );
        self.journal.info(Source::Match, text).await;
    }

    /// Puts those on the list who were to be added once all gates pass, and who can be added now.
    pub(super) async fn admit_ready(&mut self) -> Result<(), Stop> {
        let desk = self.store.ledger.load().await?;
        let waiting = desk
            .entries
            .iter()
            .filter(|entry| entry.field() == Field::Added && entry.state == EntryState::Queued);
        for entry in waiting {
            let Some(id) = entry.directory_id else {
                continue;
            };
            let configured = |user: &User| user.association.id() == Some(id);
            if desk.users.iter().any(configured) {
                self.close_entry(entry, Closing::AlreadyThere).await?;
                continue;
            }
            let Some(stored) = self.store.cache.user(id).await? else {
                continue;
            };
            if !FirstCause::from_byte(stored.class).is_candidate() {
                continue;
            }
            let user = NewUser::of(&stored.user, stored.number.clone());
            let stamp = self.stamp();
            let text = match self.store.ledger.admit(entry.id, user, stamp).await {
                Ok(_) => format!("{}: all gates pass now; added", entry.name),
                // Somebody else has the address already: an engineer must look, and the entry stays.
                Err(error) => {
                    let text = format!("{}: could not be added: {error}", entry.name);
                    self.journal.warning(Source::Match, text).await;
                    continue;
                }
            };
            self.journal.info(Source::Match, text).await;
        }
        Ok(())
    }

    async fn warn_unlicensed(&mut self) -> Result<(), Stop> {
        let desk = self.store.ledger.load().await?;
        let today = self
            .settings
            .clock
            .now()
            .to_zoned(jiff::tz::TimeZone::UTC)
            .date();
        if let Some(ending) = seat::ending(desk.seats, today) {
            self.journal
                .warning(Source::Seats, ending.to_string())
                .await;
        }
        let statuses = seat::statuses(&desk.users, desk.seats, today);
        for (user, status) in desk.users.iter().zip(&statuses) {
            if let LicenseStatus::Unlicensed(cause) = status {
                self.summary.unlicensed += 1;
                let text = format!("License Status: Unlicensed: {}: {cause}", user.mail);
                self.journal.warning(Source::Seats, text).await;
            }
        }
        Ok(())
    }
}

fn associations(users: &[User], changes: &MergeChanges) -> HashMap<UserId, ObjectId> {
    let known = users
        .iter()
        .filter_map(|user| user.association.id().map(|id| (user.id, id)));
    known.chain(changes.associate.iter().copied()).collect()
}

fn entry_of(step: &MergeStep) -> Option<crate::domain::outbox::EntryId> {
    match step {
        MergeStep::TakeOver(_) => None,
        MergeStep::Close(id, _)
        | MergeStep::Conflict(id, _)
        | MergeStep::Requeue(id)
        | MergeStep::Overdue(id) => Some(*id),
    }
}
