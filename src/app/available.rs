//! Why an action cannot be done now: said when its key is pressed, and beside it in the list of all actions.

use crate::domain::outbox::{Entry, EntryState};
use crate::domain::words;
use crate::roster::desk::AuditRow;

use super::App;
use super::action::{Action, Place};
use super::modal::Modal;
use super::pane::Pane;
use super::pane::editor::{Target, draft::draft_target};

impl App {
    /// Why an action cannot be done in a place; `None` when it can.
    pub fn refusal_in(&self, place: Place, action: Action) -> Option<String> {
        if !action.binding().places.has(place) {
            return Some(elsewhere(action));
        }
        self.refusal(action)
    }

    /// What an action asks for first, though it can be done.
    pub fn caution(&self, action: Action) -> Option<&'static str> {
        (action == Action::Apply && !self.session.may_write())
            .then_some("the tenant is read-only: it asks first whether writing is allowed")
    }

    /// Why an action cannot be done here; `None` when it can.
    pub fn refusal(&self, action: Action) -> Option<String> {
        if self.settings.bundle && self.changes_or_calls(action) {
            return Some("a bundle is only looked at: no tenant, no changes".to_owned());
        }
        if let Some(Modal::Bulk(_)) = self.over() {
            return None;
        }
        if let Some(reason) = self.not_loaded(action) {
            return Some(reason);
        }
        match action {
            Action::SyncNow | Action::DebugSync => self.busy(),
            Action::Choose => self.no_way(),
            Action::CancelRun => {
                (self.runs.active().is_none()).then(|| "no run is going".to_owned())
            }
            Action::Plan => self.nothing_queued(),
            Action::Apply | Action::Hold | Action::Ticket | Action::KeepPlan => self
                .plan
                .is_none()
                .then(|| "the plan is still being read".to_owned()),
            Action::MoveSeat => self.no_seat(),
            Action::DisableSync => self.no_pin(),
            Action::QueueEarlier => self.nothing_earlier(),
            Action::ClearGroup => self
                .settings
                .group
                .is_none()
                .then(|| words::NO_FILTER.to_owned()),
            Action::NextHit | Action::PreviousHit => (self.searched().is_none_or(|s| !s.is_on()))
                .then(|| {
                    format!(
                        "nothing is searched for: {} searches",
                        self.settings.keys.first(Action::Filter)
                    )
                }),
            Action::Compare => (self.desk.history.len() < 2)
                .then(|| "there are no two runs to compare yet".to_owned()),
            Action::AllowWriting => self
                .session
                .may_write()
                .then(|| "writing is allowed already".to_owned()),
            Action::SignIn => self.no_sign_in(),
            Action::SignOut => self.no_sign_out(),
            Action::CopyAddress => self.no_address(),
            Action::Tenants => self.no_tenants(),
            Action::AddTenant => self.no_new_tenant(),
            Action::EditTenant => self.no_saved_tenant(),
            Action::RemoveTenant => self.no_removal(),
            Action::Mark
            | Action::MarkAll
            | Action::MarkRange
            | Action::MarkDown
            | Action::MarkUp => self.no_mark(action),
            Action::Edit | Action::Remove if self.edits_many() => None,
            Action::Edit if self.over().is_none() && self.pane == Pane::Candidates => {
                (!self.adds_many()).then(|| NOBODY_MARKED.to_owned())
            }
            Action::Import => self.no_import(),
            Action::Export => self.no_export(),
            Action::SaveLeftOut => self.no_left_out(),
            Action::Add => self.no_candidate(action),
            Action::Edit => self.no_user("edit"),
            Action::Remove => self.no_user("remove"),
            Action::Undo => self.nothing_to_undo(),
            Action::Why if matches!(self.over(), Some(Modal::Confirm(_))) => self
                .asked_about()
                .is_none()
                .then(|| "{yes} and {no} answer the question".to_owned()),
            Action::Why if self.searched().is_some() && self.log_place() => self.no_person(),
            Action::Open if matches!(self.over(), Some(Modal::Log(_))) => self.no_person(),
            Action::CopyCell if self.searched().is_some() => self.no_line(),
            Action::Why | Action::Reread => (self.over().is_none()
                && self.who_here().is_none()
                && self.filter().elsewhere.is_none())
            .then(|| "nobody is under the cursor; :why TEXT explains anyone".to_owned()),
            Action::Suspend => (!self.settings.shell).then(|| {
                let quit = self.settings.keys.first(Action::Quit);
                format!("no shell waits behind the console, so it cannot stop: {quit} leaves it")
            }),
            Action::FreeNumbers | Action::TakeProposal
                if matches!(self.over(), Some(Modal::Settings(_) | Modal::NewTenant(_))) =>
            {
                Some("this form has no number".to_owned())
            }
            Action::Jump => self.no_jump(),
            Action::MoveNumber => self.no_move(),
            // What only looks, and what answers a box that is open, can always be done.
            _ => None,
        }
    }

    /// Whether an action is more than looking: a call to the tenant, or a change of what is kept.
    fn changes_or_calls(&self, action: Action) -> bool {
        match action {
            Action::SyncNow
            | Action::DebugSync
            | Action::CancelRun
            | Action::Plan
            | Action::Apply
            | Action::Hold
            | Action::MoveSeat
            | Action::ClearGroup
            | Action::AllowWriting
            | Action::SignIn
            | Action::SignOut
            | Action::Tenants
            | Action::AddTenant
            | Action::EditTenant
            | Action::RemoveTenant
            | Action::Add
            | Action::AddByHand
            | Action::Edit
            | Action::Remove
            | Action::Undo
            | Action::Reread
            | Action::MoveNumber
            | Action::Settings
            | Action::DisableSync
            | Action::QueueEarlier
            | Action::Ticket
            | Action::KeepPlan
            | Action::Import
            | Action::Export
            | Action::QueueAll
            | Action::QueueGood
            | Action::SaveLeftOut
            | Action::OnlyBad
            | Action::TakeAll
            | Action::OtherMode
            | Action::TrustZeros
            | Action::OtherWay
            | Action::KeepMine
            | Action::TakeTheirs
            | Action::TakeProposal
            | Action::FreeNumbers
            | Action::Save => true,
            // In the history it picks two runs to compare.
            Action::Mark if self.pane == Pane::Sync => false,
            // There marks only choose what is copied.
            Action::Mark
            | Action::MarkAll
            | Action::MarkRange
            | Action::MarkDown
            | Action::MarkUp => !matches!(self.pane, Pane::Licences | Pane::Numbers),
            Action::NextHit
            | Action::PreviousHit
            | Action::Compare
            | Action::Handover
            | Action::CopyAddress
            | Action::Earlier
            | Action::Why
            | Action::Jump
            | Action::ShowUsers
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
            | Action::Reverse
            | Action::CopyTable
            | Action::CopyJson
            | Action::CopyCell
            | Action::Choose
            | Action::LogUp
            | Action::LogDown
            | Action::Levels
            | Action::Columns
            | Action::Wider
            | Action::Narrower
            | Action::Copy
            | Action::NextWarning
            | Action::NextField
            | Action::PreviousField
            | Action::Yes
            | Action::No
            | Action::Palette
            | Action::FormKeys
            | Action::Mouse
            | Action::Suspend
            | Action::Leave
            | Action::Quit => false,
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
        if some {
            return None;
        }
        let is_refused = |entry: &&Entry| matches!(entry.state, EntryState::Rejected { .. });
        let refused = self.desk.entries.iter().filter(is_refused).count();
        let were = match refused {
            0 => {
                let edit = self.settings.keys.first(Action::Edit);
                return Some(format!(
                    "nothing is queued: {edit} edits a number or a country"
                ));
            }
            1 => "1 change was".to_owned(),
            _ => format!("{refused} changes were"),
        };
        let text = format!("{were} refused, none waits: {{changes}} says why and what to do");
        Some(self.settings.keys.fill(&text))
    }

    /// An explanation without ways has no number to press; one that is still read may get some.
    fn no_way(&self) -> Option<String> {
        let none = self
            .why_shown()
            .is_some_and(|why| why.numbered().next().is_none());
        none.then(|| "there is no numbered way here: nothing stands in the way".to_owned())
    }

    pub(super) fn no_candidate(&self, action: Action) -> Option<String> {
        if self.over().is_some() {
            let known = self.why_shown().is_some_and(|why| why.id.is_some());
            return (!known).then(|| "nobody of the directory is shown here".to_owned());
        }
        if action == Action::Add && !self.candidates.marked.is_empty() {
            return None;
        }
        self.candidates.row(&self.roster).is_none().then(|| {
            if let Some(loading) = self.being_loaded() {
                loading
            } else if self.roster.is_empty() {
                format!(
                    "nothing was read yet: {} syncs",
                    self.settings.keys.first(Action::SyncNow)
                )
            } else {
                "nobody is under the cursor".to_owned()
            }
        })
    }

    pub(super) fn no_user(&self, verb: &str) -> Option<String> {
        if self.over().is_none() && self.pane == Pane::Users {
            let kept = self
                .drafts
                .iter()
                .any(|(key, _)| draft_target(key) == Some(Target::New));
            return (self.users.row(&self.desk).is_none() && !kept)
                .then(|| format!("no user is under the cursor to {verb}"));
        }
        self.user_here().is_none().then(|| {
            format!("not on the list of users yet, so there is nothing to {verb}: {{add}} adds")
        })
    }

    fn why_not_undone(&self) -> &'static str {
        let row = match (self.over(), self.pane) {
            (None, Pane::Changes) => self.changes.audit(&self.desk),
            // Where the user was, there is nobody: what was done last is what is meant.
            (None, Pane::Users) => {
                let last = self.desk.audit.iter().max_by_key(|row| row.seq);
                last.filter(|row| row.action == AuditRow::REMOVED)
            }
            _ => None,
        };
        match row {
            Some(row) if row.action == AuditRow::REMOVED => {
                "a removal is not undone: {add} in 2 adds a person again, {add-by-hand} in 1 anybody"
            }
            Some(_) => "only what was confirmed in the tenant, and not undone since, can be undone",
            None => "no queued change is under the cursor",
        }
    }

    fn nothing_to_undo(&self) -> Option<String> {
        if self.undoes_many() {
            return None;
        }
        match (self.undoable(), self.revertible()) {
            (Some(_), _) | (None, Some(_)) => None,
            (None, None) => Some(self.why_not_undone().to_owned()),
        }
    }
}

/// Why those who can be added are not given numbers together.
const NOBODY_MARKED: &str = "nobody is marked: {mark} marks, then {edit} gives all of them numbers";

/// Where most actions work.
pub const IN_EVERY_PANE: &str = "works in every pane";

/// Where an action works, for somebody who looks for it elsewhere.
pub(super) fn elsewhere(action: Action) -> String {
    let places = action.binding().places;
    if Place::ALL[..6].iter().all(|place| places.has(*place)) {
        return format!("{IN_EVERY_PANE}: Esc closes what is open over it");
    }
    if matches!(action, Action::EditTenant | Action::RemoveTenant) {
        return "works in the list of tenants ({tenants})".to_owned();
    }
    let names: Vec<&str> = [
        (Place::Users, "1 Users"),
        (Place::Candidates, "2 Add users"),
        (Place::Sync, "3 Sync"),
        (Place::Changes, "4 Changes"),
        (Place::Licences, "5 Licences"),
        (Place::Numbers, "6 Numbers"),
        (Place::Plan, "the plan ({plan})"),
        (Place::Why, "why ({why})"),
        (Place::Conflict, "a conflict"),
        (Place::Form, "the form ({edit})"),
        (Place::Confirm, "a question"),
        (Place::SignIn, "a sign-in ({sign-in})"),
        (Place::Earlier, "the tenant before ({tenant-before})"),
        (Place::Review, "a review ({import})"),
        (Place::Columns, "the columns ({columns})"),
        (Place::Log, "a log that is open"),
        (Place::Text, "a text that is read"),
    ]
    .into_iter()
    .filter(|(place, _)| places.has(*place))
    .map(|(_, name)| name)
    .collect();
    format!("works in {}", names.join(", "))
}

#[cfg(test)]
mod tests {
    use crate::app::Settings;
    use crate::app::fixture::{Driver, settings};

    #[test]
    fn no_key_does_more_than_look_at_a_bundle() {
        let bundle = || Settings {
            bundle: true,
            read_only: true,
            ..settings()
        };
        for pane in ["1", "2", "3", "4", "5", "6"] {
            for over in ["", "w", "e", ":", "?"] {
                for key in (' '..='~').filter(|key| *key != 'q') {
                    let mut t = Driver::with(bundle(), (80, 24));
                    t.keys(pane).keys(over);
                    t.text(&key.to_string());
                    let first = t.effects.clone();
                    t.keys("<enter> y <enter>");
                    for effect in first.iter().chain(&t.effects) {
                        assert!(effect.only_looks(), "{pane} {over} {key}: {effect:?}");
                    }
                }
            }
        }
        let mut t = Driver::with(bundle(), (80, 24));
        t.keys("s");
        assert_eq!(
            t.notice(),
            "a bundle is only looked at: no tenant, no changes"
        );
        assert_eq!(t.app.title(), "Contoso Ltd BUNDLE");
        assert!(crate::view::screens::screen(&t.app)[0].contains(" BUNDLE "));
    }
}
