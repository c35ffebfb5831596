//! On a wide screen: why the row under the cursor is as it is, asked once per row, when the cursor rests.

use jiff::Timestamp;

use crate::domain::why::Why;

use super::effect::{Effect, Who};
use super::event::RequestId;
use super::pane::Pane;
use super::{App, REST, filter};

/// The explanation beside the pane.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Beside {
    /// Whom the cursor is on.
    pub aim: Option<Who>,
    /// Whom was asked for last.
    pub about: Option<Who>,
    /// The question that is open.
    pub asked: Option<RequestId>,
    /// The answer.
    pub why: Option<Box<Why>>,
    /// When the cursor has rested long enough.
    pub due: Option<Timestamp>,
}

impl Beside {
    /// What was answered may be out of date: ask again.
    pub fn outdate(&mut self) {
        self.about = None;
        self.asked = None;
    }

    /// Takes the answer to the open question.
    pub fn answer(&mut self, req: RequestId, why: Box<Why>) {
        if self.asked == Some(req) {
            self.asked = None;
            self.why = Some(why);
        }
    }
}

impl App {
    /// Whom the cursor of the pane in front is on.
    pub fn who_here(&self) -> Option<Who> {
        match self.pane {
            Pane::Users => {
                let row = self.users.row(&self.desk)?;
                Some(Who::User(row.user.id))
            }
            Pane::Candidates => {
                let row = self.candidates.row(&self.roster)?;
                Some(Who::Directory(row.id))
            }
            Pane::Changes => {
                let entry = self.changes.entry(&self.desk)?;
                filter::who(entry.directory_id, entry.user)
            }
            Pane::Licences => {
                let row = self.licences.person(&self.roster)?;
                Some(Who::Directory(row.id))
            }
            Pane::Numbers => self.number_holder(),
            Pane::Sync => None,
        }
    }

    /// Asks for the row under the cursor once it has rested there.
    pub(super) fn rest(&mut self) -> Option<Effect> {
        let shown = self.layout().beside.is_some();
        if !shown || !self.modals.is_empty() || self.pane == Pane::Sync {
            self.beside.aim = None;
            self.beside.due = None;
            return None;
        }
        let aim = self.who_here();
        // Rows that are not settled yet may put another under the cursor.
        let stale = self.users.stale
            || self.candidates.stale
            || self.changes.stale
            || self.licences.stale
            || self.numbers.stale;
        if stale || aim != self.beside.aim {
            self.beside.aim = aim;
            self.beside.due = self.now.saturating_add(REST).ok();
            return None;
        }
        let Some(who) = aim.filter(|who| self.beside.about.as_ref() != Some(who)) else {
            self.beside.due = None;
            return None;
        };
        match self.beside.due {
            Some(due) if due <= self.now => {
                let req = self.ask();
                self.beside.about = Some(who.clone());
                self.beside.asked = Some(req);
                self.beside.due = None;
                Some(Effect::Explain {
                    req,
                    who,
                    live: false,
                })
            }
            Some(_) => None,
            None => {
                self.beside.due = self.now.saturating_add(REST).ok();
                None
            }
        }
    }
}
