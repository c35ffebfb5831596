//! Changes of the ledger as the console asks for them: each is one of `ops`, and each has one answer.

use std::sync::Arc;

use crate::app::effect::{Held, Keep, LedgerChange};
use crate::app::event::{LedgerEvent, RequestId};
use crate::domain::earlier::Earlier;
use crate::domain::failure::Failure;
use crate::domain::user::{Association, UserId};
use crate::ops::repair::{self, With};
use crate::ops::{adopt, change, desk, newcomer, settings};
use crate::store::Stamp;

use super::perform::Shared;

const UNPINNED: &str =
    "the pin is off: the next sync pins whoever is signed in to; no data is lost";

impl Shared {
    pub(super) async fn change(self: Arc<Self>, req: RequestId, wanted: LedgerChange) {
        let (store, stamp) = (&self.store, self.stamp());
        let done = match wanted {
            LedgerChange::Add(mut users) => {
                let added = match users.pop() {
                    Some(one) if users.is_empty() && one.association == Association::None => {
                        newcomer::add(store, one, stamp).await
                    }
                    last => {
                        users.extend(last);
                        change::add(store, users, stamp).await
                    }
                };
                let told = added.map(|added| LedgerEvent::Added { req, added });
                return self.answer_by(req, told).await;
            }
            // It has more answers than these, and goes a way of its own.
            LedgerChange::Import { .. } => return,
            LedgerChange::EditMany(patches) => change::edit_many(store, patches, stamp).await,
            LedgerChange::RemoveMany(removals) => change::remove_many(store, removals, stamp).await,
            LedgerChange::Edit { id, patch } => change::edit(store, id, patch, stamp).await,
            LedgerChange::Remove(removal) => change::remove(store, removal, stamp).await,
            LedgerChange::Undo(entry) => change::undo(store, entry, stamp).await,
            LedgerChange::UndoMany(entries) => change::undo_many(store, entries, stamp).await,
            LedgerChange::Hold { entries, held } => {
                change::hold(store, &entries, held == Held::Back, stamp).await
            }
            LedgerChange::Ticket { entries, ticket } => {
                change::ticket(store, entries, ticket, stamp).await
            }
            LedgerChange::Repair {
                target,
                repairs,
                country,
                typed,
                then_add,
            } => {
                let with = With {
                    country,
                    typed: typed.as_deref(),
                    then_add,
                };
                repair::repair(store, target, &repairs, with, stamp).await
            }
            LedgerChange::Move { number, to } => {
                repair::move_number(store, &number, to, stamp).await
            }
            LedgerChange::TakeBack { entry } => repair::take_back(store, entry, None, stamp).await,
            LedgerChange::TakeBackMany(entries) => {
                repair::take_back_many(store, entries, stamp).await
            }
            LedgerChange::TakeMatches(users) => self.take_matches(&users, &stamp).await,
            LedgerChange::Adopt(users) => self.adopt(&users, &stamp).await,
            LedgerChange::Unpin => crate::sync::disable(store, &self.settings.lease, stamp)
                .await
                .map(|()| UNPINNED.to_owned()),
            LedgerChange::Decide { entry, keep } => {
                change::decide(store, entry, keep == Keep::Mine, stamp).await
            }
            LedgerChange::MoveSeat { from, to } => {
                let today = stamp.at.to_zoned(jiff::tz::TimeZone::UTC).date();
                settings::move_seat(store, (from, to), today, stamp).await
            }
        };
        self.answer(req, done).await;
    }

    /// What is left of the tenant that was pinned before.
    pub(super) async fn earlier(&self) -> Result<Earlier, Failure> {
        let desk = desk::load_desk(&self.store, self.clock.now()).await;
        adopt::earlier(&self.store, &desk.map_err(|error| error.failure())?).await
    }

    async fn take_matches(&self, users: &[UserId], stamp: &Stamp) -> Result<String, Failure> {
        let desk = desk::load_desk(&self.store, stamp.at).await;
        let desk = desk.map_err(|error| error.failure())?;
        adopt::take(&self.store, &desk, users, stamp).await
    }

    async fn adopt(&self, users: &[UserId], stamp: &Stamp) -> Result<String, Failure> {
        let desk = desk::load_desk(&self.store, stamp.at).await;
        let desk = desk.map_err(|error| error.failure())?;
        adopt::adopt(&self.store, &desk, users, stamp).await
    }
}
