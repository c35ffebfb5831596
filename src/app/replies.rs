//! What the run, the ledger, the cache and the session say. An answer to a question that is not open is dropped.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::domain::added::Added;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::ObjectId;
use crate::domain::run::{Outcome, RunEvent, RunKind, Summary};
use crate::domain::user::UserId;
use crate::domain::words;
use crate::domain::writeplan::WritePlan;
use crate::roster::Roster;
use crate::roster::desk::Desk;

use super::doc::Tone;
use super::effect::Effect;
use super::event::{CacheEvent, LedgerEvent, RequestId, SessionEvent};
use super::modal::Modal;
use super::notice::Notice;
use super::pane::confirm::Question;
use super::pane::editor::EditState;
use super::pane::plan::Stage;
use super::pane::sync::Tail;
use super::pane::text::Text;
use super::pane::why::Answer;
use super::session::{Auth, Writing};
use super::sync::Course;
use super::tables::KEPT;
use super::{App, Wait};

/// A run that took as long rings at its end, where that is wished for.
const LONG_RUN: SignedDuration = SignedDuration::from_secs(10);

impl App {
    pub(super) fn run_says(&mut self, req: RequestId, event: RunEvent) -> Vec<Effect> {
        let at = self.now;
        let Some(run) = self.runs.of(req) else {
            return Vec::new();
        };
        match event {
            RunEvent::Started { number } => run.number = Some(number),
            RunEvent::Phase(phase) => run.enter(phase, at),
            RunEvent::Progress(progress) => run.seen(progress, at),
            RunEvent::Waiting { until, why } => run.course = Course::Waiting { until, why },
            RunEvent::Log(line) => self.runs.log(line),
            RunEvent::PlanReady(plan) => self.plan_ready(*plan),
            RunEvent::SignedIn { tenant, account } => {
                self.is_called(&tenant);
                self.session.account = account;
                self.session.run_signed_in();
            }
            RunEvent::SignInNeeded { why } => self.run_waits_for_sign_in(&why),
            RunEvent::GoesOn { account } => self.run_goes_on(account),
            RunEvent::ServerTime { ahead } => self.session.server_ahead = ahead,
            // The shell loads desk and roster again, and they come as events of their own.
            RunEvent::LedgerChanged => {}
            RunEvent::SnapshotChanged => self.expect_rows(),
            RunEvent::Finished { outcome, summary } => {
                let bell = self.bell(&outcome);
                let mut effects = self.run_ended(outcome, summary);
                effects.extend(bell);
                return effects;
            }
        }
        Vec::new()
    }

    fn plan_ready(&mut self, plan: WritePlan) {
        let applying = self
            .runs
            .active()
            .is_some_and(|run| matches!(run.kind, RunKind::Apply { .. }));
        if applying {
            // It is being written already: there is nothing to be decided of it.
            return;
        }
        let empty = plan.is_empty() && plan.left_out.is_empty();
        let items = plan.items.len();
        self.plan = Some(plan);
        let open = self.modals.iter_mut().find_map(|modal| match modal {
            Modal::Plan(open) => Some(open),
            Modal::Why(_)
            | Modal::Form(_)
            | Modal::Conflict(_)
            | Modal::Confirm(_)
            | Modal::Palette(_)
            | Modal::Settings(_)
            | Modal::Seat(_)
            | Modal::NewTenant(_)
            | Modal::Free(_)
            | Modal::Chooser(_)
            | Modal::Earlier(_)
            | Modal::SignIn(_)
            | Modal::Columns(_)
            | Modal::Log(_)
            | Modal::Bulk(_)
            | Modal::Text(_) => None,
        });
        match open {
            // What stands on the screen is another plan: keys typed at it do not count for this one.
            Some(open) => open.stage = Stage::Fresh,
            None if empty => {}
            None => self.say(
                Tone::Busy,
                format!("plan ready, {{plan}} ({items} to write)"),
            ),
        }
    }

    /// Somebody who has turned to something else while a long run went is called back.
    fn bell(&self, outcome: &Outcome) -> Option<Effect> {
        let run = self.runs.active()?;
        let long = self.now.duration_since(run.begun) >= LONG_RUN;
        (self.settings.bell && long && *outcome != Outcome::Cancelled).then_some(Effect::Bell)
    }

    fn run_ended(&mut self, outcome: Outcome, summary: Summary) -> Vec<Effect> {
        let asked = self.runs.active().map(|run| run.req);
        let debug = self.runs.active().is_some_and(|run| run.debug);
        let since = self.runs.active().map(|run| run.since);
        let Some(ended) = self.runs.end(outcome, summary) else {
            return Vec::new();
        };
        // There is nothing left to be cancelled.
        self.modals.retain(|modal| {
            !matches!(modal, Modal::Confirm(confirm)
                if matches!(confirm.question, Question::CancelRun { req, .. } if Some(req) == asked))
        });
        self.beside.outdate();
        let seconds = since.map_or(0, |since| self.now.duration_since(since).as_secs());
        self.say_ended(&ended, seconds);
        if matches!(ended.kind, RunKind::Apply { .. })
            && let Some(Notice::Word { until, .. }) = &mut self.notice
        {
            *until = None;
        }
        let apply = self.write_remembered();
        if !apply.is_empty() {
            return apply;
        }
        let open = self.open_remembered();
        if !open.is_empty() {
            return open;
        }
        if matches!(&ended.outcome, Outcome::Failed(failure) if failure.kind == FailureKind::SignIn)
        {
            self.missed(&ended.kind, debug);
        }
        self.plan_missed(&ended.kind)
    }

    pub(super) fn ledger_says(&mut self, event: LedgerEvent) -> Vec<Effect> {
        match event {
            LedgerEvent::Desk(desk) => {
                self.desk_is(desk);
                self.explain_again()
            }
            LedgerEvent::ChangedElsewhere(desk) => {
                self.changed_elsewhere(desk);
                self.explain_again()
            }
            LedgerEvent::Saved { req, notice } => self.saved(req, notice, None),
            LedgerEvent::Added { req, added } => self.saved(req, added.to_string(), Some(&added)),
            LedgerEvent::Refused { req, failure } => {
                self.refused(req, failure);
                Vec::new()
            }
            LedgerEvent::Judged { req, review } => self.judged(req, review),
            LedgerEvent::Moved { req, review } => {
                self.moved(req, review);
                Vec::new()
            }
            LedgerEvent::Draft { key, text } => {
                if key == KEPT {
                    self.tables_kept(&text);
                    return Vec::new();
                }
                self.draft_kept(key, text)
            }
            LedgerEvent::Earlier { req, earlier } => {
                self.earlier_is(req, earlier);
                Vec::new()
            }
            LedgerEvent::Selection(selection) => {
                self.selection_is(selection);
                Vec::new()
            }
            LedgerEvent::Compared { req, diff } => {
                if self.answered(req).is_some() {
                    self.compared(&diff);
                }
                Vec::new()
            }
            LedgerEvent::Handover { req, since, lines } => {
                if self.answered(req).is_some() {
                    self.handover_is(since, &lines);
                }
                Vec::new()
            }
            LedgerEvent::Log { req, run, lines } => {
                for modal in &mut self.modals {
                    if let Modal::Log(view) = modal
                        && view.asked == req
                        && view.run == run
                    {
                        view.lines = Some(Arc::clone(&lines));
                        view.tail = Tail::From(0);
                    }
                }
                Vec::new()
            }
        }
    }

    /// Says so where nothing else is said: what an engineer is told of its own doing counts more.
    fn changed_elsewhere(&mut self, desk: Arc<Desk>) {
        let changed = *desk != *self.desk;
        self.desk_is(desk);
        // Another session may have opened what this one keeps, and saved it or thrown it away: what is open here is kept again.
        for modal in &mut self.modals {
            if let Modal::Form(form) = modal {
                form.kept = None;
            }
        }
        if changed && self.notice.is_none() {
            self.say(
                Tone::Dim,
                "another session has changed something: the lists show it as it is now",
            );
        }
    }

    /// What the tenant calls itself: it is its name on every screen, unless the configuration has one.
    fn is_called(&mut self, name: &str) {
        let name = self.settings.name.as_deref().unwrap_or(name);
        name.clone_into(&mut self.session.tenant);
    }

    fn desk_is(&mut self, desk: Arc<Desk>) {
        if let (Some((_, name)), false) = (&desk.pin, self.session.auth == Auth::SignedIn) {
            self.is_called(name);
        }
        if let Some(note) = desk.notes.first().filter(|_| self.desk.notes != desk.notes) {
            let failure = super::told::noted(note, &desk.notes);
            self.notice = Some(Notice::Failed(self.keyed(failure)));
        }
        self.configured = Arc::new(
            desk.users
                .iter()
                .filter_map(|row| row.user.association.id())
                .collect(),
        );
        let is_first = !self.opened;
        self.opened = true;
        self.users.see_written(&self.desk, &desk, self.now);
        self.desk = desk;
        // What is wrong with a file counts more.
        if is_first && !matches!(self.notice, Some(Notice::Failed(_))) {
            self.say_draft();
        }
        let users = &self.desk.users;
        let there = |id: &UserId| users.iter().any(|row| row.user.id == *id);
        let before = self.users.marked.len();
        self.users.marked.retain(there);
        self.marks_gone(before - self.users.marked.len());
        for modal in &mut self.modals {
            if let Modal::Conflict(open) = modal
                && open.saving.is_none()
            {
                open.refresh(&self.desk);
            }
        }
        self.close_decided();
        self.meet_forms();
        self.renew_free();
        self.users.stale = true;
        self.changes.stale = true;
        self.numbers.stale = true;
        self.tenant_changed();
    }

    /// A picture of the tenant stands, and its rows come: until then nobody can be said to be nowhere.
    fn expect_rows(&mut self) {
        if self.roster.is_whole() && self.roster.is_empty() {
            self.roster = Arc::new(Roster::awaited());
            self.tenant_changed();
        }
    }

    /// Who is candidate, or how many, may have changed.
    pub(super) fn tenant_changed(&mut self) {
        self.candidates.counts = if self.roster.is_whole() {
            self.tenant().counts()
        } else {
            [0; 13]
        };
        self.candidates.stale = true;
        self.licences.stale = true;
        let before = self.candidates.marked.len();
        let (configured, roster) = (&self.configured, &self.roster);
        let is_known = roster.is_whole() && !roster.is_empty();
        let is_gone = |id: &ObjectId| is_known && roster.place_of(*id).is_none();
        self.candidates
            .marked
            .retain(|id| !configured.contains(id) && !is_gone(id));
        self.marks_gone(before - self.candidates.marked.len());
        self.outdate_bulk();
        self.beside.outdate();
        for modal in &mut self.modals {
            if let Modal::Form(form) = modal {
                form.outdate();
            }
        }
    }

    fn saved(&mut self, req: RequestId, notice: String, added: Option<&Added>) -> Vec<Effect> {
        let Some(wait) = self.answered(req) else {
            return Vec::new();
        };
        let closed = self.form_saved(req);
        match wait {
            Wait::Added {
                people,
                moving,
                newest,
            } => self.added(&people, (moving.as_ref(), newest), added),
            Wait::Held { replan } => {
                self.say(Tone::Good, notice);
                if replan {
                    self.plan = None;
                    if let Some(Modal::Plan(modal)) = self.modals.last_mut() {
                        modal.stage = Stage::Reading;
                        return self.read_plan();
                    }
                }
            }
            Wait::Decided => {
                for modal in &mut self.modals {
                    if let Modal::Conflict(open) = modal
                        && open.saving == Some(req)
                    {
                        open.decided();
                    }
                }
                self.close_decided();
                self.say(Tone::Good, notice);
            }
            Wait::Settings => {
                self.settings_saved(req);
                self.say(Tone::Good, notice);
            }
            Wait::Adopted => {
                self.say(Tone::Good, notice);
                return self.reload_earlier();
            }
            Wait::Unpinned => {
                // What was planned was planned for the tenant that is let go.
                self.plan = None;
                self.say(Tone::Good, notice);
            }
            Wait::Bulk => {
                let notice = self.bulk_saved(req, notice);
                self.say(Tone::Good, notice);
            }
            Wait::CopiedStep(step) => self.say(
                Tone::Good,
                format!("step {step} cannot be done from here; its text is {notice}"),
            ),
            // What is silent now stands until somebody has read it.
            Wait::Undone if notice.contains(words::RINGS_NOWHERE) => {
                self.say(Tone::Bad, notice);
                if let Some(Notice::Word { until, .. }) = &mut self.notice {
                    *until = None;
                }
            }
            Wait::Form
            | Wait::Mended
            | Wait::Removed
            | Wait::Undone
            | Wait::Allowed
            | Wait::SignedOut
            | Wait::Kept
            | Wait::Compared
            | Wait::Handover
            | Wait::Judged
            | Wait::Exported
            | Wait::NewTenant(_)
            | Wait::SavedTenant(_)
            | Wait::RemovedTenant(_)
            | Wait::Script { .. }
            | Wait::Copied => {
                self.say(Tone::Good, notice);
            }
        }
        closed.into_iter().collect()
    }

    /// What is decided to the last closes.
    fn close_decided(&mut self) {
        self.modals
            .retain(|modal| !matches!(modal, Modal::Conflict(open) if open.entries.is_empty()));
    }

    fn refused(&mut self, req: RequestId, failure: Failure) {
        let Some(wait) = self.answered(req) else {
            return;
        };
        let failure = self.keyed(failure);
        for modal in &mut self.modals {
            let state = match modal {
                Modal::Form(form) => &mut form.state,
                Modal::Settings(form) => &mut form.state,
                Modal::Conflict(open) => {
                    open.saving = open.saving.filter(|asked| *asked != req);
                    continue;
                }
                Modal::NewTenant(_)
                | Modal::Why(_)
                | Modal::Plan(_)
                | Modal::Confirm(_)
                | Modal::Palette(_)
                | Modal::Seat(_)
                | Modal::Free(_)
                | Modal::Chooser(_)
                | Modal::Earlier(_)
                | Modal::SignIn(_)
                | Modal::Columns(_)
                | Modal::Log(_)
                | Modal::Bulk(_)
                | Modal::Text(_) => continue,
            };
            if matches!(&*state, EditState::Saving(open) if open.contains(&req)) {
                *state = EditState::Failed(failure);
                return;
            }
        }
        if self.bulk_refused(req, &failure) {
            return;
        }
        if wait == Wait::Allowed {
            self.session.writing = Writing::ReadOnly;
        }
        self.fail(failure);
    }

    pub(super) fn cache_says(&mut self, event: CacheEvent) -> Vec<Effect> {
        match event {
            CacheEvent::Roster(roster) => self.roster_is(roster),
            CacheEvent::Listed { req, listed } => self.rows_are(req, &listed),
            CacheEvent::Inventory(inventory) => self.inventory_is(inventory),
            CacheEvent::Members { req, members } => self.members_are(req, members),
            CacheEvent::Why { req, why } => {
                let why = self.with_doubt(why);
                if let Some(Modal::Why(modal)) = self.why_asked(req) {
                    modal.asked = None;
                    modal.title.clone_from(&why.name);
                    modal.answer = Answer::Known(why);
                    self.see_queued();
                    if matches!(
                        &self.notice,
                        Some(Notice::Word {
                            tone: Tone::Busy,
                            ..
                        })
                    ) {
                        self.notice = None;
                    }
                } else {
                    self.beside.answer(req, why);
                }
            }
            CacheEvent::Script { req, text } => {
                if let Some(Wait::Script { title }) = self.answered(req) {
                    self.modals.push(Modal::Text(Text::plain(title, &text)));
                }
            }
            // Rows of the roster have all that adding needs, so nobody asks.
            CacheEvent::Person { .. } => {}
            CacheEvent::Failed { req, failure } => {
                if let Some(Modal::Why(modal)) = self.why_asked(req) {
                    modal.asked = None;
                    if matches!(modal.answer, Answer::Known(_)) {
                        // What is shown stays; that it could not be read again is said below.
                        self.fail(failure);
                    } else {
                        modal.answer = Answer::Failed(failure);
                    }
                } else if self.licences.asked == Some(req)
                    || self.answered(req).is_some()
                    || (req == RequestId::default() && !self.roster.is_whole())
                {
                    self.fail(failure);
                }
            }
        }
        Vec::new()
    }

    fn why_asked(&mut self, req: RequestId) -> Option<&mut Modal> {
        self.modals
            .iter_mut()
            .find(|modal| matches!(modal, Modal::Why(modal) if modal.asked == Some(req)))
    }

    fn roster_is(&mut self, roster: Arc<Roster>) {
        self.roster = roster;
        self.candidates.cursor.index = 0;
        self.users.stale = true;
        self.tenant_changed();
    }

    pub(super) fn session_says(&mut self, event: SessionEvent) -> Vec<Effect> {
        match event {
            SessionEvent::WritingAllowed { req } => {
                if self.answered(req).is_some() {
                    self.session.writing = Writing::Allowed;
                    let text = format!(
                        "{} may be written to until this console ends",
                        self.session.tenant
                    );
                    self.say(Tone::Warn, text);
                }
            }
            SessionEvent::NobodySignedIn { why } => self.nobody_signed_in(why),
            SessionEvent::Prompted { req, prompt } => self.prompted(req, *prompt),
            SessionEvent::SignedIn { req, account } => return self.signed_in(req, account),
            SessionEvent::NotSignedIn { req, end } => self.not_signed_in(req, end),
            SessionEvent::SignedOut { req } => self.signed_out(req),
            SessionEvent::Tenants { req, tenants } => self.tenants_are(req, &tenants),
            SessionEvent::Done { req, notice } => match self.answered(req) {
                Some(Wait::NewTenant(name)) => return self.tenant_added(name, &notice),
                Some(Wait::SavedTenant(name)) => return self.tenant_edited(name, &notice),
                Some(Wait::RemovedTenant(name)) => return self.tenant_removed(&name, &notice),
                Some(_) => {
                    self.export_done(req);
                    self.say(Tone::Good, notice);
                }
                None => {}
            },
            SessionEvent::Refused { req, failure } => self.refused(req, failure),
            SessionEvent::TenantNotSaved { req, why } => self.tenant_not_saved(req, *why),
        }
        Vec::new()
    }
}
