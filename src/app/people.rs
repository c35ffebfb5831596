//! What is done with people: explain, add, edit, remove, take back.

use crate::domain::added::{Added, Tie};
use crate::domain::gate::{FirstCause, Warning};
use crate::domain::guid::ObjectId;
use crate::domain::outbox::{Entry, EntryId, EntryState, Removal};
use crate::domain::phone::PhoneNumber;
use crate::domain::user::{Association, NewUser, UserId};
use crate::domain::why::Why;
use crate::domain::words;
use crate::roster::Person;
use crate::roster::desk::DeskUser;

use super::doc::{Scroll, Tone};
use super::effect::{Effect, LedgerChange, Who};
use super::event::RequestId;
use super::field::Field;
use super::modal::Modal;
use super::pane::Pane;
use super::pane::candidates::new_user;
use super::pane::changes;
use super::pane::confirm::{Leaving, Question};
use super::pane::conflict::ConflictBox;
use super::pane::editor::finish::Finished;
use super::pane::editor::{EditState, Editor, Target};
use super::pane::why::{Answer, WhyBox};
use super::{App, Comer, Wait};

impl App {
    /// Asks why somebody is missing, and shows it over the panes.
    pub(super) fn explain(&mut self, who: Who, title: &str, live: bool) -> Vec<Effect> {
        let req = self.ask();
        self.modals.push(Modal::Why(Box::new(WhyBox {
            who: who.clone(),
            title: title.to_owned(),
            asked: Some(req),
            answer: Answer::Waiting,
            scroll: Scroll::default(),
            queued: Vec::new(),
        })));
        if let Who::Directory(id) = who {
            self.candidates.goto = Some(id);
        }
        vec![Effect::Explain { req, who, live }]
    }

    /// The desk has changed under an explanation: what is queued is shown in it, and the rest is asked for again.
    pub(super) fn explain_again(&mut self) -> Vec<Effect> {
        self.see_queued();
        let last = self.last_request + 1;
        let asked = self.modals.iter_mut().find_map(|modal| match modal {
            // What was just read live is newer than the picture, and an open question brings its own answer.
            Modal::Why(modal)
                if modal.asked.is_none() && modal.known().is_some_and(|why| !why.live) =>
            {
                modal.asked = Some(RequestId(last));
                Some(modal.who.clone())
            }
            _ => None,
        });
        let Some(who) = asked else {
            return Vec::new();
        };
        let req = self.ask();
        let live = false;
        vec![Effect::Explain { req, who, live }]
    }

    /// What is queued for whom an explanation is about.
    pub(super) fn see_queued(&mut self) {
        for modal in &mut self.modals {
            let Modal::Why(modal) = modal else { continue };
            let Some(why) = modal.known() else { continue };
            let (id, user) = (why.id, why.user);
            modal.queued = self
                .desk
                .entries
                .iter()
                .filter(|entry| entry.state == EntryState::Queued)
                .filter(|entry| {
                    (id.is_some() && entry.directory_id == id)
                        || (user.is_some() && entry.user == user)
                })
                .map(changes::change)
                .collect();
        }
    }

    /// Explains the person under the cursor, or reads the one that is explained again.
    pub(super) fn why_here(&mut self, live: bool) -> Vec<Effect> {
        let req = self.ask();
        if let Some(Modal::Why(modal)) = self.modals.last_mut() {
            modal.asked = Some(req);
            let who = modal.who.clone();
            self.say(Tone::Busy, "reading this person again…");
            return vec![Effect::Explain { req, who, live }];
        }
        if let Some(id) = self.asked_about() {
            self.modals.pop();
            let name = self.name_here().unwrap_or_default();
            return self.explain(Who::Directory(id), &name, live);
        }
        if self.searched().is_some() {
            return self.why_of_line();
        }
        if let Some(Modal::Plan(modal)) = self.modals.last() {
            let item = modal
                .cursor
                .key
                .and_then(|entry| self.planned_person(entry));
            return match item {
                Some((who, name)) => self.explain(who, &name, live),
                None => Vec::new(),
            };
        }
        match self.who_here() {
            Some(who) => {
                let name = self.name_here().unwrap_or_default();
                self.explain(who, &name, live)
            }
            None => self.explain_elsewhere().unwrap_or_default(),
        }
    }

    /// Whom an entry of the plan is about, whether it would be written or is left out.
    fn planned_person(&self, entry: EntryId) -> Option<(Who, String)> {
        let item = self
            .plan
            .iter()
            .flat_map(|plan| &plan.items)
            .find(|item| item.entry == entry);
        if let Some(item) = item {
            return Some((Who::Directory(item.target), item.name.clone()));
        }
        let entry = self.desk.entries.iter().find(|known| known.id == entry)?;
        let who = match (entry.directory_id, entry.user) {
            (Some(id), _) => Who::Directory(id),
            (None, Some(id)) => Who::User(id),
            (None, None) => return None,
        };
        Some((who, entry.name.clone()))
    }

    /// The one person that the question on top asks to add although a gate has failed.
    pub(super) fn asked_about(&self) -> Option<ObjectId> {
        match self.open_confirm().map(|confirm| &confirm.question) {
            Some(Question::AddAnyway { users, .. }) => match users.as_slice() {
                [one] => one.association.id(),
                _ => None,
            },
            _ => None,
        }
    }

    fn name_here(&self) -> Option<String> {
        match self.pane {
            Pane::Users => Some(self.users.row(&self.desk)?.user.name.clone()),
            Pane::Candidates => Some(self.candidates.row(&self.roster)?.name.to_string()),
            Pane::Changes => Some(self.changes.entry(&self.desk)?.name.clone()),
            Pane::Licences => Some(self.licences.person(&self.roster)?.name.to_string()),
            Pane::Numbers => self.holder_name(),
            Pane::Sync => None,
        }
    }

    /// The explanation that is shown over the panes.
    pub fn why_shown(&self) -> Option<&Why> {
        match self.over() {
            Some(Modal::Why(modal)) => modal.known(),
            _ => None,
        }
    }

    /// The configured user that `e` edits here.
    pub fn user_here(&self) -> Option<&DeskUser> {
        let id = match self.over() {
            Some(Modal::Why(modal)) => {
                let why = modal.known()?;
                return self.desk.users.iter().find(|row| {
                    Some(row.user.id) == why.user
                        || why.id.is_some() && row.user.association.id() == why.id
                });
            }
            Some(_) => return None,
            None => match self.pane {
                Pane::Users => return self.users.row(&self.desk),
                Pane::Changes => self.changes.entry(&self.desk)?.user?,
                Pane::Candidates | Pane::Sync | Pane::Licences | Pane::Numbers => return None,
            },
        };
        self.desk.users.iter().find(|row| row.user.id == id)
    }

    /// Adds the marked, or the person under the cursor.
    pub(super) fn add(&mut self) -> Vec<Effect> {
        let ids: Vec<ObjectId> = match (self.modals.last(), self.why_shown()) {
            (Some(_), why) => why.and_then(|why| why.id).into_iter().collect(),
            (None, _) if !self.candidates.marked.is_empty() => {
                self.candidates.marked.iter().copied().collect()
            }
            (None, _) => self
                .candidates
                .row(&self.roster)
                .map(|row| row.id)
                .into_iter()
                .collect(),
        };
        let tenant = self.tenant();
        let rows: Vec<Person<'_>> = ids
            .iter()
            .filter_map(|id| self.roster.find(*id))
            .filter(|row| tenant.cause(*row) != FirstCause::Configured)
            .collect();
        if rows.is_empty() {
            self.say(Tone::Warn, "configured already: {users} shows the row");
            return Vec::new();
        }
        let reasons: Vec<String> = rows
            .iter()
            .filter(|row| !row.cause.is_candidate())
            .map(|row| format!("{}: {}", row.name, row.cause.words()))
            .collect();
        let users: Vec<NewUser> = rows.iter().copied().map(new_user).collect();
        if reasons.is_empty() {
            return self.add_these(users);
        }
        if self.ask_chain() {
            return Vec::new();
        }
        self.question(Question::AddAnyway { users, reasons });
        Vec::new()
    }

    /// Asks the ledger to add them.
    pub(super) fn add_these(&mut self, users: Vec<NewUser>) -> Vec<Effect> {
        self.add_these_for(users, None)
    }

    /// The same, where one of them is added so that a number can move there.
    pub(super) fn add_these_for(
        &mut self,
        users: Vec<NewUser>,
        moving: Option<PhoneNumber>,
    ) -> Vec<Effect> {
        let people = users
            .iter()
            .map(|user| (user.association.id(), user.name.clone()))
            .collect();
        let newest = self.newest();
        let req = self.wait_for(Wait::Added {
            people,
            moving,
            newest,
        });
        vec![Effect::Ledger {
            req,
            change: LedgerChange::Add(users),
        }]
    }

    /// They are added: the marks go, and one alone gets the cursor, so that `e` gives a number.
    pub(super) fn added(
        &mut self,
        people: &[(Option<ObjectId>, String)],
        (moving, newest): (Option<&PhoneNumber>, Option<UserId>),
        added: Option<&Added>,
    ) {
        // What the ledger has to say of the seats is said before where they are.
        let seats = added.and_then(|added| added.short);
        let tone = seats.map_or(Tone::Good, |_| Tone::Warn);
        let seats = seats.map(|short| format!("; {short}"));
        for (id, _) in people {
            if let Some(id) = id {
                self.candidates.marked.remove(id);
            }
        }
        let [(id, name)] = people else {
            let rest = seats.unwrap_or_else(|| ": {users} shows them".to_owned());
            self.say(tone, format!("{} users added{rest}", people.len()));
            return;
        };
        let number = id
            .and_then(|id| self.roster.find(id))
            .and_then(|row| row.phone())
            .map(|number| number.spaced());
        let queued = || {
            let mut entries = self.desk.entries.iter();
            let theirs = |entry: &&Entry| id.is_some() && entry.directory_id == *id;
            entries.find_map(|entry| Some(entry).filter(theirs)?.wanted.number().cloned())
        };
        let coming = moving.cloned().or_else(queued);
        let rest = seats.unwrap_or_default();
        // Who was added by hand and is somebody of the tenant has perhaps a number there, or one queued: the notice says whom.
        let matched = added.filter(|added| matches!(added.tie, Some(Tie::One { .. })));
        let matched = matched.filter(|_| id.is_none());
        let text = match (number, coming, matched) {
            (None, None, Some(matched)) => matched.to_string(),
            (Some(number), _, _) => format!("{name} added with {number}{rest}"),
            (None, Some(number), _) => {
                format!("{name} added, {} is queued{rest}", number.spaced())
            }
            (None, None, None) if rest.is_empty() => {
                format!("{name} added; {{edit}} gives a number")
            }
            (None, None, None) => format!("{name} added{rest}"),
        };
        self.say(tone, text);
        if matches!(self.modals.last(), Some(Modal::Why(_))) {
            self.modals.pop();
        }
        self.pane = Pane::Users;
        self.users.filter.clear();
        self.users.stale = true;
        let named = || Comer::Named(name.clone(), newest);
        self.goto = Some(id.map_or_else(named, Comer::Person));
        self.goto_added();
    }

    /// The newest row of Users.
    fn newest(&self) -> Option<UserId> {
        self.desk.users.iter().map(|row| row.user.id).max()
    }

    /// Puts the cursor on a user that was just added, once the desk has the row.
    pub(super) fn goto_added(&mut self) {
        let Some(comer) = &self.goto else {
            return;
        };
        let row = self.desk.users.iter().find(|row| match comer {
            Comer::Person(id) => row.user.association.id() == Some(*id),
            Comer::Named(name, newest) => row.user.name == *name && Some(row.user.id) > *newest,
        });
        if let Some(row) = row {
            self.users.cursor.key = Some(row.user.id);
            self.users.stale = true;
            self.goto = None;
            self.dirty = true;
        }
    }

    /// Opens an empty form.
    pub(super) fn add_by_hand(&mut self) {
        self.open_form(Editor::add());
    }

    /// Opens the form of the user here.
    pub(super) fn edit(&mut self) {
        match self.user_here() {
            Some(row) => {
                let form = Editor::open(row);
                if matches!(self.modals.last(), Some(Modal::Why(_))) {
                    self.modals.pop();
                }
                self.open_form(form);
            }
            // Only a form for a new user can have been kept where there is no row.
            None => self.add_by_hand(),
        }
    }

    fn open_form(&mut self, mut form: Editor) {
        self.put_draft_in(&mut form);
        self.modals.push(Modal::Form(Box::new(form)));
    }

    /// Saves the form, or says on its fields why not.
    pub(super) fn save_form(&mut self) -> Vec<Effect> {
        let Some(Modal::Form(form)) = self.modals.last_mut() else {
            return Vec::new();
        };
        if form.is_saving() || form.pick(&self.desk, &self.roster).is_some() {
            return Vec::new();
        }
        let key = form.draft_key();
        let Some(finished) = form.finish(&self.desk, &self.roster) else {
            return Vec::new();
        };
        let to = form.text.association;
        if form.reties() && form.agreed != Some(to) {
            self.ask_tie(to);
            return Vec::new();
        }
        let target = form.target;
        if let Some(question) = self.would_replace(&finished, target) {
            self.question(question);
            return Vec::new();
        }
        let changes = match (finished, target) {
            (Finished::Nothing, _) => {
                self.modals.pop();
                self.say(Tone::Dim, words::NOTHING_CHANGED);
                return vec![Effect::KeepDraft { key, text: None }];
            }
            (Finished::Add(user), _) => {
                let people = vec![(user.association.id(), user.name.clone())];
                vec![(
                    Wait::Added {
                        people,
                        moving: None,
                        newest: self.newest(),
                    },
                    LedgerChange::Add(vec![*user]),
                )]
            }
            (Finished::Change { patch, undo }, Target::User(id)) => {
                let edit = (!patch.is_empty())
                    .then_some((Wait::Form, LedgerChange::Edit { id, patch: *patch }));
                undo.into_iter()
                    .map(|entry| (Wait::Form, LedgerChange::Undo(entry)))
                    .chain(edit)
                    .collect()
            }
            (Finished::Change { .. }, Target::New) => Vec::new(),
        };
        self.send_form(changes)
    }

    fn send_form(&mut self, changes: Vec<(Wait, LedgerChange)>) -> Vec<Effect> {
        let mut open = Vec::new();
        let mut effects = Vec::new();
        for (wait, change) in changes {
            let req = self.wait_for(wait);
            open.push(req);
            effects.push(Effect::Ledger { req, change });
        }
        if let Some(Modal::Form(form)) = self.modals.last_mut() {
            form.state = EditState::Saving(open);
        }
        effects
    }

    /// Asks before a user is tied to somebody else: every later write goes to that one.
    fn ask_tie(&mut self, to: Association) {
        let Some(Modal::Form(form)) = self.modals.last() else {
            return;
        };
        let name = form.initial.name.text();
        let text = match (to.id(), form.initial.association.id()) {
            (Some(id), _) => format!("Tie {name} to {}?", self.person(id)),
            (None, Some(id)) => format!("Untie {name} from {}?", self.person(id)),
            (None, None) => return,
        };
        self.question(Question::Tie { text, to });
    }

    /// It was agreed to: the form is saved.
    pub(super) fn tie(&mut self, to: Association) -> Vec<Effect> {
        if let Some(Modal::Form(form)) = self.modals.last_mut() {
            form.agreed = Some(to);
        }
        self.save_form()
    }

    /// A directory user in a line: `Alex Wilber <alex@contoso.example> (Calling Plan)`.
    pub fn person(&self, id: ObjectId) -> String {
        let Some(row) = self.roster.find(id) else {
            let gone = if self.roster.is_whole() {
                " (not in the tenant)"
            } else {
                ""
            };
            return format!("{id}{gone}");
        };
        let note = match self.tenant().cause(row) {
            FirstCause::Eligible | FirstCause::Configured => String::new(),
            cause => format!(" ({})", cause.words()),
        };
        format!("{} <{}>{note}", row.name, row.upn)
    }

    /// Leaves the form; asks first if something was typed.
    pub(super) fn leave_form(&mut self) -> Vec<Effect> {
        let Some(Modal::Form(form)) = self.modals.last_mut() else {
            return Vec::new();
        };
        if form.focus_search_cleared() {
            return Vec::new();
        }
        if form.is_saving() {
            self.say(Tone::Busy, "it is being saved");
            return Vec::new();
        }
        if form.is_dirty() {
            let title = form.title();
            self.question(Question::LeaveForm { title });
            return Vec::new();
        }
        let key = form.draft_key();
        self.modals.pop();
        vec![Effect::KeepDraft { key, text: None }]
    }

    /// Asks before a user is removed.
    pub(super) fn ask_remove(&mut self) {
        if let Some(row) = self.users.row(&self.desk) {
            let question = removal_of(row);
            self.question(question);
        }
    }

    /// Whether something was queued while the question stood, that the removal would drop unseen: it is asked about first.
    pub(super) fn asks_anew(&mut self, removal: &Removal) -> bool {
        let mut users = self.desk.users.iter();
        let row = users.find(|row| row.user.id == removal.user);
        let Some(row) = row.filter(|row| removal.unseen(&row.entries).next().is_some()) else {
            return false;
        };
        let question = removal_of(row);
        let text = format!("something was queued for {} meanwhile", row.user.name);
        self.say(Tone::Warn, text);
        self.question(question);
        true
    }

    /// Removes a user, and with it perhaps its number in the tenant.
    pub(super) fn remove(&mut self, removal: Removal) -> Vec<Effect> {
        if self.asks_anew(&removal) {
            return Vec::new();
        }
        let limit = self.desk.removals_left();
        let mut users = self.desk.users.iter();
        if let Some(row) = users.find(|row| row.user.id == removal.user && limit == 0) {
            let name = row.user.name.clone();
            self.question(Question::MassRemoval {
                who: Leaving::One { name, removal },
                count: 1,
                limit,
                typed: Field::default(),
            });
            return Vec::new();
        }
        self.remove_agreed(removal)
    }

    /// The same once all is agreed to that is asked about it.
    pub(super) fn remove_agreed(&mut self, removal: Removal) -> Vec<Effect> {
        let req = self.wait_for(Wait::Removed);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::Remove(removal),
        }]
    }

    /// Shows the three values of a conflict.
    pub(super) fn open_conflict(&mut self, entry: &Entry) {
        let open = ConflictBox::open(entry, &self.desk);
        self.modals.push(Modal::Conflict(Box::new(open)));
    }
}

/// The question whether a user is removed, with all that goes by it.
fn removal_of(row: &DeskUser) -> Question {
    let user = &row.user;
    let mut warnings = row.marks.warnings();
    let dirsync = warnings.any(|warning| warning == Warning::DirsyncNumber);
    let can_release = user.association.id().is_some() && !user.gone && !dirsync;
    let own = row.entries.iter().filter(|it| it.user == Some(user.id));
    Question::Remove {
        id: user.id,
        name: user.name.clone(),
        number: user.number.clone().filter(|_| can_release),
        drops: own.cloned().collect(),
    }
}
