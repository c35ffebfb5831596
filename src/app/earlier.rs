//! After another tenant: disabling sync, and what is left of the tenant that was pinned before.

use std::sync::Arc;

use crate::domain::earlier::Earlier;
use crate::domain::failure::Failure;
use crate::domain::user::UserId;

use super::cursor::Move;
use super::doc::Tone;
use super::effect::{Effect, LedgerChange};
use super::event::RequestId;
use super::modal::Modal;
use super::pane::confirm::Question;
use super::pane::earlier::{EarlierBox, Listing};
use super::{App, Wait, layout};

/// Lines around the rows: title and titles of the columns above, what the row says whole below.
pub const AROUND: u16 = 2 + DETAIL;

/// Lines below the rows.
pub const DETAIL: u16 = 4;

impl App {
    /// Why there is no pin to be taken off.
    pub(super) fn no_pin(&self) -> Option<String> {
        match &self.desk.pin {
            None => Some(
                "no tenant is pinned: the next sync pins the one that is signed in to".to_owned(),
            ),
            Some(_) => self.runs.active().map(|run| {
                format!(
                    "{} is going: it is of this tenant ({{cancel-run}} cancels)",
                    run.name()
                )
            }),
        }
    }

    /// Asks before the pin is taken off.
    pub(super) fn ask_disable_sync(&mut self) {
        if let Some((id, _)) = &self.desk.pin {
            let id = id.to_string();
            self.question(Question::DisableSync { id });
        }
    }

    /// Takes the pin off.
    pub(super) fn disable_sync(&mut self) -> Vec<Effect> {
        let req = self.wait_for(Wait::Unpinned);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::Unpin,
        }]
    }

    /// Whether what is left of the tenant before is on top.
    pub(super) fn earlier_open(&self) -> bool {
        matches!(self.over(), Some(Modal::Earlier(_)))
    }

    fn earlier_box(&mut self) -> Option<&mut EarlierBox> {
        self.modals.iter_mut().rev().find_map(|modal| match modal {
            Modal::Earlier(open) => Some(&mut **open),
            _ => None,
        })
    }

    /// Shows what is left of the tenant before.
    pub(super) fn open_earlier(&mut self) -> Vec<Effect> {
        let req = self.ask();
        self.modals
            .push(Modal::Earlier(Box::new(EarlierBox::open(req))));
        vec![Effect::LoadEarlier { req }]
    }

    /// Something of it has changed: it is read again.
    pub(super) fn reload_earlier(&mut self) -> Vec<Effect> {
        let req = self.ask();
        match self.earlier_box() {
            Some(open) => {
                open.asked = Some(req);
                vec![Effect::LoadEarlier { req }]
            }
            None => Vec::new(),
        }
    }

    /// It has come.
    pub(super) fn earlier_is(&mut self, req: RequestId, earlier: Result<Arc<Earlier>, Failure>) {
        let Some(open) = self.earlier_box().filter(|open| open.asked == Some(req)) else {
            return;
        };
        match earlier {
            Ok(earlier) => open.known(earlier),
            Err(failure) => {
                open.asked = None;
                open.listing = Listing::Failed(failure);
            }
        }
    }

    pub(super) fn mark_earlier(&mut self) {
        let height = layout::list_height(self.layout().body, AROUND);
        let Some(open) = self.earlier_box() else {
            return;
        };
        match open.mark() {
            Ok(()) => open.step(Move::By(1), height),
            Err(why) => self.say(Tone::Warn, why),
        }
    }

    pub(super) fn mark_all_earlier(&mut self) {
        if let Some(open) = self.earlier_box() {
            open.mark_all();
        }
    }

    /// Why nothing can be taken over or queued.
    pub(super) fn nothing_earlier(&self) -> Option<String> {
        let Some(Modal::Earlier(open)) = self.over() else {
            return Some("works in the tenant before ({tenant-before})".to_owned());
        };
        (open.wanted_matches().is_empty() && open.wanted().is_empty()).then(|| {
            "nothing is marked, and this row can be neither taken over nor queued".to_owned()
        })
    }

    /// Asks before matches are taken over; with none of them marked, before the old numbers are queued.
    pub(super) fn ask_queue_earlier(&mut self) {
        let Some(Modal::Earlier(open)) = self.over() else {
            return;
        };
        let matches = open.wanted_matches();
        if let Some(first) = matches.first() {
            let whom = first.found.whom().unwrap_or_default();
            let first = format!("{} is {whom}", first.name);
            let users = matches.iter().map(|row| row.user).collect();
            self.question(Question::TakeMatches { users, first });
            return;
        }
        let wanted = open.wanted();
        let Some(first) = wanted.first() else {
            return;
        };
        let first = format!("{} {}", first.name, first.old.spaced());
        let users = wanted.iter().map(|offer| offer.user).collect();
        self.question(Question::QueueEarlier { users, first });
    }

    /// Takes matches over.
    pub(super) fn take_matches(&mut self, users: Vec<UserId>) -> Vec<Effect> {
        let req = self.wait_for(Wait::Adopted);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::TakeMatches(users),
        }]
    }

    /// Queues them.
    pub(super) fn queue_earlier(&mut self, users: Vec<UserId>) -> Vec<Effect> {
        let req = self.wait_for(Wait::Adopted);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::Adopt(users),
        }]
    }
}
