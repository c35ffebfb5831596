//! Why an action cannot be done now: said when its key is pressed, and beside it in the list of all actions.

use crate::domain::outbox::EntryState;

use super::App;
use super::action::{Action, Place};
use super::pane::Pane;
use super::pane::editor::{Target, draft::draft_key};

impl App {
    /// Why an action cannot be done in a place; `None` when it can.
    pub fn refusal_in(&self, place: Place, action: Action) -> Option<String> {
        if !action.binding().places.has(place) {
            return Some(elsewhere(action));
        }
        self.refusal(action)
    }

    /// Why an action cannot be done here; `None` when it can.
    pub fn refusal(&self, action: Action) -> Option<String> {
        match action {
            Action::SyncNow | Action::DebugSync => self.busy(),
            Action::CancelRun => self
                .runs
                .active()
                .is_none()
                .then(|| "no run is going".to_owned()),
            Action::Plan => self.nothing_queued(),
            Action::Apply | Action::Hold => self
                .plan
                .is_none()
                .then(|| "the plan is still being read".to_owned()),
            Action::MoveSeat => self.no_seat(),
            Action::ClearGroup => self
                .settings
                .group
                .is_none()
                .then(|| "no group filter is set".to_owned()),
            Action::NextHit | Action::PreviousHit => (self.searched().is_none_or(|s| !s.is_on()))
                .then(|| {
                    format!(
                        "nothing is searched for: {} searches",
                        self.settings.keys.first(Action::Filter)
                    )
                }),
            Action::Compare => (self.desk.history.len() < 2)
                .then(|| "there are no two runs to compare yet".to_owned()),
            Action::Mark if self.over().is_none() && self.pane == Pane::Sync => self
                .sync
                .row(&self.desk)
                .is_none()
                .then(|| "no run is under the cursor".to_owned()),
            Action::AllowWriting => self
                .session
                .may_write()
                .then(|| "writing is allowed already".to_owned()),
            Action::SignIn => self.no_sign_in(),
            Action::SignOut => self.no_sign_out(),
            Action::CopyAddress => self.no_address(),
            Action::Tenants => self.no_tenants(),
            Action::Add | Action::Mark | Action::MarkAll => self.no_candidate(action),
            Action::Edit => self.no_user("edit"),
            Action::Remove => self.no_user("remove"),
            Action::Undo => self.nothing_to_undo(),
            Action::Why | Action::Reread => (self.over().is_none()
                && self.who_here().is_none()
                && self.filter().elsewhere.is_none())
            .then(|| "nobody is under the cursor; :why TEXT explains anyone".to_owned()),
            Action::Jump => self.no_jump(),
            Action::MoveNumber => self.no_move(),
            Action::ShowUsers
            | Action::ShowCandidates
            | Action::ShowSync
            | Action::ShowChanges
            | Action::ShowLicences
            | Action::ShowNumbers
            | Action::NextPane
            | Action::PreviousPane
            | Action::Down
            | Action::Up
            | Action::PageDown
            | Action::PageUp
            | Action::First
            | Action::Last
            | Action::Open
            | Action::Filter
            | Action::Everyone
            | Action::Sort
            | Action::Choose
            | Action::AddByHand
            | Action::LogUp
            | Action::LogDown
            | Action::Copy
            | Action::Settings
            | Action::OtherWay
            | Action::NextWarning
            | Action::KeepMine
            | Action::TakeTheirs
            | Action::Save
            | Action::NextField
            | Action::PreviousField
            | Action::TakeProposal
            | Action::Yes
            | Action::No
            | Action::Palette
            | Action::Leave
            | Action::Mouse
            | Action::Quit => None,
        }
    }

    fn busy(&self) -> Option<String> {
        self.runs.active().map(|run| {
            format!(
                "{} is going: {} ({} cancels)",
                run.name(),
                run.doing(),
                self.settings.keys.first(Action::CancelRun)
            )
        })
    }

    fn nothing_queued(&self) -> Option<String> {
        let some = self
            .desk
            .entries
            .iter()
            .any(|entry| matches!(entry.state, EntryState::Queued | EntryState::Held { .. }));
        (!some).then(|| {
            format!(
                "nothing is queued: {} edits a number or a country",
                self.settings.keys.first(Action::Edit)
            )
        })
    }

    fn no_candidate(&self, action: Action) -> Option<String> {
        if self.over().is_some() {
            let known = self.why_shown().is_some_and(|why| why.id.is_some());
            return (!known).then(|| "nobody of the directory is shown here".to_owned());
        }
        if action == Action::Add && !self.candidates.marked.is_empty() {
            return None;
        }
        self.candidates.row(&self.roster).is_none().then(|| {
            if self.roster.is_empty() {
                format!(
                    "nothing was read yet: {} syncs",
                    self.settings.keys.first(Action::SyncNow)
                )
            } else {
                "nobody is under the cursor".to_owned()
            }
        })
    }

    fn no_user(&self, verb: &str) -> Option<String> {
        if self.over().is_none() && self.pane == Pane::Users {
            let kept = self
                .drafts
                .iter()
                .any(|(key, _)| *key == draft_key(Target::New));
            return (self.users.row(&self.desk).is_none() && !kept)
                .then(|| format!("no user is under the cursor to {verb}"));
        }
        self.user_here()
            .is_none()
            .then(|| format!("not a configured user: there is nothing to {verb}"))
    }

    fn nothing_to_undo(&self) -> Option<String> {
        match (self.undoable(), self.revertible()) {
            (Some(_), _) | (None, Some(_)) => None,
            (None, None) => Some("no queued change is under the cursor".to_owned()),
        }
    }
}

/// Where an action works, for somebody who looks for it elsewhere.
fn elsewhere(action: Action) -> String {
    let places = action.binding().places;
    let names: Vec<&str> = [
        (Place::Users, "1 Users"),
        (Place::Candidates, "2 Add users"),
        (Place::Sync, "3 Sync"),
        (Place::Changes, "4 Changes"),
        (Place::Licences, "5 Licences"),
        (Place::Numbers, "6 Numbers"),
        (Place::Plan, "the plan (p)"),
        (Place::Why, "why (w)"),
        (Place::Conflict, "a conflict"),
        (Place::Form, "the form (e)"),
        (Place::Confirm, "a question"),
        (Place::SignIn, "a sign-in (L)"),
    ]
    .into_iter()
    .filter(|(place, _)| places.has(*place))
    .map(|(_, name)| name)
    .take(3)
    .collect();
    format!("works in {}", names.join(", "))
}
