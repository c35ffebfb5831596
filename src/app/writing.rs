//! What leads to a write: the plan, holding back, applying, conflicts, and the questions before them.

use crate::domain::outbox::{Entry, EntryId, Removal};
use crate::domain::run::RunKind;
use crate::domain::text::Label;
use crate::domain::user::{Own, UserId};
use crate::domain::words;

use super::doc::Tone;
use super::effect::{Effect, Held, Keep, LedgerChange};
use super::field::Field;
use super::lifecycle::Ending;
use super::mend::Wants;
use super::modal::Modal;
use super::pane::confirm::{Confirm, Leaving, Question};
use super::pane::editor::Target;
use super::pane::editor::finish::Finished;
use super::pane::plan::{self, Choice, PlanBox, Stage};
use super::session::{Attempt, Purpose, Writing};
use super::sync::Course;
use super::{App, Wait, layout};

impl App {
    /// Shows the plan, or has it read first.
    pub(super) fn open_plan(&mut self) -> Vec<Effect> {
        // From an explanation that was opened in the plan, it is the way back.
        self.modals.retain(|modal| !matches!(modal, Modal::Plan(_)));
        let ready = self
            .plan
            .as_ref()
            .is_some_and(|known| plan::covers(known, &self.desk));
        if ready {
            self.modals.push(Modal::Plan(PlanBox::new(Stage::Fresh)));
            return Vec::new();
        }
        self.plan = None;
        self.modals.push(Modal::Plan(PlanBox::new(Stage::Reading)));
        self.read_plan()
    }

    /// Starts a run that reads what is queued, unless an active run will bring a plan anyway.
    pub(super) fn read_plan(&mut self) -> Vec<Effect> {
        if self.runs.active().is_some() {
            return Vec::new();
        }
        self.start_run(RunKind::Plan, false)
    }

    /// The run that was to bring the plan has ended without one: another is started, or the modal goes.
    pub(super) fn plan_missed(&mut self, ended: &RunKind) -> Vec<Effect> {
        let reading = self
            .modals
            .iter()
            .any(|modal| matches!(modal, Modal::Plan(modal) if modal.stage == Stage::Reading));
        if !reading || self.plan.is_some() {
            return Vec::new();
        }
        if *ended == RunKind::Plan {
            self.close_plan();
            return Vec::new();
        }
        self.start_run(RunKind::Plan, false)
    }

    fn close_plan(&mut self) {
        self.modals.retain(|modal| !matches!(modal, Modal::Plan(_)));
    }

    /// Keeps the plan's cursor on its row, and shows the plan once it is there.
    pub(super) fn settle_plan(&mut self) {
        let body = self.layout().body;
        let height = layout::list_height(body, plan::around(body.height));
        let Some(known) = &self.plan else {
            return;
        };
        let rows = plan::rows(known, &self.desk);
        if let Some(Modal::Plan(modal)) = self.modals.last_mut() {
            if modal.stage == Stage::Reading {
                modal.stage = Stage::Fresh;
                self.dirty = true;
            }
            modal.settle(&rows, height);
        }
    }

    /// Holds the item under the cursor back, or lets it go again.
    pub(super) fn hold(&mut self) -> Vec<Effect> {
        let (Some(Modal::Plan(modal)), Some(known)) = (self.modals.last(), &self.plan) else {
            return Vec::new();
        };
        if modal.stage != Stage::Drawn || self.is_holding() {
            return Vec::new();
        }
        let row = plan::rows(known, &self.desk)
            .into_iter()
            .find(|row| Some(row.entry) == modal.cursor.key);
        let Some(row) = row else {
            return Vec::new();
        };
        let planned = known.has(row.entry);
        let held = match row.choice {
            Choice::Chosen => Held::Back,
            Choice::HeldBack => Held::Released,
            Choice::LeftOut(_) if self.is_held(row.entry) => Held::Released,
            Choice::LeftOut(why) => {
                let again = if why.starts_with("refused") {
                    "; {changes} says how it is made again"
                } else {
                    ""
                };
                self.say(Tone::Warn, format!("cannot be written now{again}: {why}"));
                return Vec::new();
            }
        };
        let req = self.wait_for(Wait::Held { replan: !planned });
        vec![Effect::Ledger {
            req,
            change: LedgerChange::Hold {
                entries: vec![row.entry],
                held,
            },
        }]
    }

    fn is_held(&self, entry: EntryId) -> bool {
        use crate::domain::outbox::EntryState;
        self.desk
            .entries
            .iter()
            .any(|e| e.id == entry && matches!(e.state, EntryState::Held { .. }))
    }

    fn is_holding(&self) -> bool {
        self.waits
            .iter()
            .any(|(_, wait)| matches!(wait, Wait::Held { .. }))
    }

    /// Applies the plan: only once it was drawn, only what is chosen, only where writing is allowed.
    pub(super) fn apply(&mut self) -> Vec<Effect> {
        let (Some(Modal::Plan(modal)), Some(known)) = (self.modals.last(), &self.plan) else {
            return Vec::new();
        };
        if modal.stage != Stage::Drawn {
            return Vec::new();
        }
        if self.is_holding() {
            self.say(Tone::Busy, "one moment: still saving what is left out");
            return Vec::new();
        }
        let entries = plan::chosen(known, &self.desk);
        let takes_away = plan::taking_away(known, &self.desk);
        let limit = known.limit;
        if entries.is_empty() {
            self.say(Tone::Warn, words::NOTHING_CHOSEN);
            return Vec::new();
        }
        if !self.session.may_write() {
            let text = format!(
                "{} is READ-ONLY: {{allow-writing}} allows writing",
                self.session.tenant
            );
            self.say(Tone::Warn, text);
            self.ask_allow_writing();
            return Vec::new();
        }
        if self.wants_ticket(&entries) {
            return Vec::new();
        }
        if takes_away > limit {
            self.question(Question::MassChange {
                entries,
                takes_away,
                limit,
                typed: Field::default(),
            });
            return Vec::new();
        }
        self.write(entries)
    }

    /// Starts the run that writes, or remembers it until the active one has ended.
    fn write(&mut self, entries: Vec<EntryId>) -> Vec<Effect> {
        self.close_plan();
        let entries = self.as_shown(entries);
        if entries.is_empty() {
            self.say(
                Tone::Warn,
                "nothing is written: the plan has changed since, {plan} shows it",
            );
            return Vec::new();
        }
        if let Some(run) = self.runs.active() {
            let text = format!(
                "{} when {} has ended",
                changes_apply(entries.len()),
                run.name()
            );
            self.runs.then_apply = Some(entries);
            self.say(Tone::Busy, text);
            return Vec::new();
        }
        self.plan = None;
        let count = entries.len();
        let effects = self.start_run(RunKind::Apply { entries }, false);
        let plural = if count == 1 { "" } else { "s" };
        self.say(
            Tone::Busy,
            format!("writing {count} change{plural}: {{sync-log}} shows the log"),
        );
        effects
    }

    /// Those of the entries that would still be written with the value that was shown.
    fn as_shown(&self, mut entries: Vec<EntryId>) -> Vec<EntryId> {
        let still = match &self.plan {
            Some(known) => plan::chosen(known, &self.desk),
            None => Vec::new(),
        };
        entries.retain(|entry| still.contains(entry));
        entries
    }

    /// What was remembered is written now.
    pub(super) fn write_remembered(&mut self) -> Vec<Effect> {
        match self.runs.then_apply.take() {
            Some(entries) if self.session.may_write() => self.write(entries),
            Some(_) | None => Vec::new(),
        }
    }

    /// Asks before writing is allowed.
    pub(super) fn ask_allow_writing(&mut self) {
        let way = self.settings.sign_in;
        self.question(Question::AllowWriting { way });
    }

    /// Decides a conflict.
    pub(super) fn decide(&mut self, keep: Keep) -> Vec<Effect> {
        let entry = match self.modals.last() {
            Some(Modal::Conflict(modal)) if modal.saving.is_none() => modal.entry(),
            Some(_) | None => None,
        };
        let Some(entry) = entry.map(|entry| entry.id) else {
            return Vec::new();
        };
        let req = self.wait_for(Wait::Decided);
        let Some(Modal::Conflict(modal)) = self.modals.last_mut() else {
            return Vec::new();
        };
        modal.saving = Some(req);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::Decide { entry, keep },
        }]
    }

    /// `y` to the question on top.
    pub(super) fn confirmed(&mut self) -> Vec<Effect> {
        let Some(Modal::Confirm(confirm)) = self.modals.pop() else {
            return Vec::new();
        };
        match confirm.question {
            Question::Remove {
                id,
                name,
                number,
                drops,
            } => match number {
                // Nobody answers two questions about what is not so any more.
                Some(_) if self.asks_anew(&Removal::of(id, None, &drops)) => Vec::new(),
                Some(number) => {
                    self.question(Question::Release {
                        id,
                        name,
                        number,
                        drops,
                    });
                    Vec::new()
                }
                None => self.remove(Removal::of(id, None, &drops)),
            },
            Question::Release {
                id, number, drops, ..
            } => self.remove(Removal::of(id, Some(number), &drops)),
            Question::AllowWriting { .. } => self.allow_writing(),
            Question::SignOut => self.sign_out(),
            Question::OpenTenant { name, .. } => self.open_agreed(name),
            Question::RemoveTenant { name, .. } => self.remove_tenant(name),
            Question::AddForMove {
                number, to, user, ..
            } => self.add_and_move((number, to), *user),
            Question::AddAnyway { users, .. } => self.add_these(users),
            Question::Tie { to, .. } => self.tie(to),
            Question::Replace { theirs, own } => self.replace_theirs(theirs, own.as_deref()),
            Question::LoseSeats { wanted, .. } => self.settings_agreed(*wanted),
            Question::ClearGroup { .. } => self.clear_group(),
            Question::DisableSync { .. } => self.disable_sync(),
            Question::TakeMatches { users, .. } => self.take_matches(users),
            Question::QueueEarlier { users, .. } => self.queue_earlier(users),
            Question::MoveSeat { from, to, .. } => self.move_seat(from, to),
            Question::LeaveForm { .. } => self.drop_form(),
            Question::TakeProposals { .. } => self.take_all(),
            Question::QueueGood { .. } => self.queue_good(),
            Question::CancelRun { req, .. } => self.cancel_run(req),
            Question::Quit { .. } => self.drain(Ending::Quit),
            Question::Mend(mend) if mend.wants() == Wants::Nothing => self.mend(*mend),
            Question::TakeBack { entry, .. } => self.take_back(entry),
            Question::UndoMany { entries, .. } => self.undo_many(entries),
            Question::TakeBackMany { entries, .. } => self.take_back_many(entries),
            question @ (Question::MassChange { .. }
            | Question::MassRemoval { .. }
            | Question::Ticket { .. }
            | Question::KeepPlan { .. }
            | Question::Mend(_)
            | Question::MoveTo(_)) => {
                self.modals
                    .push(Modal::Confirm(Box::new(Confirm::new(question))));
                Vec::new()
            }
        }
    }

    /// What saving the form would put its values over and nobody has agreed to: changes that another person queued, or that were
    /// queued since the form was opened, and own fields that another session saved meanwhile.
    pub(super) fn would_replace(&self, finished: &Finished, target: Target) -> Option<Question> {
        let (Finished::Change { patch, undo }, Target::User(id)) = (finished, target) else {
            return None;
        };
        let Some(Modal::Form(form)) = self.modals.last() else {
            return None;
        };
        let known = |entry: &Entry| form.queued.iter().any(|(_, known)| *known == entry.id);
        let replaced = |entry: &&Entry| {
            let unseen = entry.user == Some(id) && entry.state.is_ours() && !known(entry);
            (unseen || entry.is_anothers(id, &self.settings.author))
                && (patch.changes(entry.field()) || undo.contains(&entry.id))
        };
        let queued = self.desk.entries.iter().filter(replaced).map(Entry::whose);
        let own = self.own_of(id);
        let saved = own.as_ref().map(|now| form.overtaken(now));
        let theirs: Vec<String> = queued.chain(saved.into_iter().flatten()).collect();
        let agreed = theirs.iter().all(|line| form.replaces.contains(line));
        (!agreed).then(|| Question::Replace {
            theirs,
            own: own.map(Box::new),
        })
    }

    /// The own fields that the ledger had last.
    fn own_of(&self, id: UserId) -> Option<Own> {
        let row = self.desk.users.iter().find(|row| row.user.id == id)?;
        Some(Own::of(&row.user))
    }

    /// What another session has saved goes into the forms that are open.
    pub(super) fn meet_forms(&mut self) {
        for modal in &mut self.modals {
            if let Modal::Form(form) = modal
                && let Some(id) = form.user()
                && let Some(row) = self.desk.users.iter().find(|row| row.user.id == id)
            {
                form.meet(&Own::of(&row.user));
            }
        }
    }

    /// It was agreed to: the form is saved.
    pub(super) fn replace_theirs(&mut self, theirs: Vec<String>, own: Option<&Own>) -> Vec<Effect> {
        if let Some(Modal::Form(form)) = self.modals.last_mut() {
            form.replaces = theirs;
            if let Some(own) = own {
                form.agree_over(own);
            }
        }
        self.save_form()
    }

    fn drop_form(&mut self) -> Vec<Effect> {
        match self.modals.pop() {
            Some(Modal::Form(form)) => vec![self.forget_draft(form.draft_key())],
            Some(Modal::Settings(_) | Modal::Bulk(_) | Modal::NewTenant(_)) | None => Vec::new(),
            Some(other) => {
                self.modals.push(other);
                Vec::new()
            }
        }
    }

    fn cancel_run(&mut self, req: super::event::RequestId) -> Vec<Effect> {
        match self.runs.of(req) {
            Some(run) => {
                run.course = Course::Stopping;
                vec![Effect::CancelRun { req }]
            }
            None => Vec::new(),
        }
    }

    fn allow_writing(&mut self) -> Vec<Effect> {
        if let Some(way) = self.settings.sign_in {
            return self.begin_sign_in(Attempt {
                way,
                purpose: Purpose::Write,
            });
        }
        let req = self.wait_for(Wait::Allowed);
        self.session.writing = Writing::Asking(req);
        vec![Effect::AllowWriting { req }]
    }

    /// `n` to the question on top: where it is an answer of its own, else as Esc.
    pub(super) fn denied(&mut self) -> Vec<Effect> {
        let Some(Modal::Confirm(confirm)) = self.modals.pop() else {
            return Vec::new();
        };
        match confirm.question {
            Question::Release { id, drops, .. } => self.remove(Removal::of(id, None, &drops)),
            Question::Remove { .. }
            | Question::AllowWriting { .. }
            | Question::SignOut
            | Question::OpenTenant { .. }
            | Question::RemoveTenant { .. }
            | Question::AddAnyway { .. }
            | Question::AddForMove { .. }
            | Question::Tie { .. }
            | Question::Replace { .. }
            | Question::LoseSeats { .. }
            | Question::DisableSync { .. }
            | Question::TakeMatches { .. }
            | Question::QueueEarlier { .. }
            | Question::ClearGroup { .. }
            | Question::MoveSeat { .. }
            | Question::LeaveForm { .. }
            | Question::TakeProposals { .. }
            | Question::QueueGood { .. }
            | Question::CancelRun { .. }
            | Question::Quit { .. }
            | Question::Mend(_)
            | Question::MoveTo(_)
            | Question::TakeBack { .. }
            | Question::UndoMany { .. }
            | Question::TakeBackMany { .. }
            | Question::Ticket { .. }
            | Question::KeepPlan { .. }
            | Question::MassRemoval { .. }
            | Question::MassChange { .. } => Vec::new(),
        }
    }

    /// Enter behind the tenant's name: it has to be that name.
    pub(super) fn confirm_typed(&mut self) -> Vec<Effect> {
        let Some(Modal::Confirm(confirm)) = self.modals.last() else {
            return Vec::new();
        };
        let question = confirm.question.clone();
        match question {
            Question::MassChange { entries, typed, .. } if self.is_named(&typed) => {
                return self.write(entries);
            }
            Question::MassRemoval { who, typed, .. } if self.is_named(&typed) => {
                return match who {
                    Leaving::Shown(extent) => self.remove_typed(extent),
                    // Something may have been queued while the name was typed.
                    Leaving::One { removal, .. } if self.asks_anew(&removal) => Vec::new(),
                    Leaving::One { removal, .. } => self.remove_agreed(removal),
                };
            }
            Question::Ticket { entries, typed } => return self.note_ticket(entries, &typed),
            Question::KeepPlan { entries, typed } => return self.keep_plan(entries, &typed),
            Question::Mend(mend) => return self.mend_typed(&mend),
            Question::MoveTo(open) => return self.move_chosen(&open),
            _ => {}
        }
        Vec::new()
    }

    /// Whether what was typed is the tenant's name, as the question shows it: then the question goes.
    fn is_named(&mut self, typed: &Field) -> bool {
        let typed = typed.text().trim();
        let name = self.session.tenant.trim();
        if typed != name && typed != Label::new(name).as_str() {
            let text = format!("that is not the tenant's name: {name}");
            self.say(Tone::Warn, text);
            return false;
        }
        self.modals.pop();
        true
    }
}

fn changes_apply(count: usize) -> String {
    match count {
        1 => "1 change applies".to_owned(),
        n => format!("{n} changes apply"),
    }
}
