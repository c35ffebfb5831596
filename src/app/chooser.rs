//! From one tenant to another without a restart. What is being written is waited for; what was typed is kept as drafts.
//!
//! The other tenant gets a state machine of its own: nothing of this one's screen can reach it.

use std::sync::Arc;

use crate::domain::failure::Failure;

use super::App;
use super::action::Action;
use super::cursor::Move;
use super::doc::Tone;
use super::effect::Effect;
use super::event::{Code, Key, RequestId};
use super::layout;
use super::lifecycle::{Ending, Lifecycle};
use super::modal::Modal;
use super::pane::chooser::{Card, Chooser, Listing};
use super::pane::confirm::Question;
use super::sync::{Course, Run};

/// Lines above the rows of the chooser: title, field, titles of the columns.
pub const ABOVE: u16 = 3;

impl App {
    /// Why there is nothing to be chosen.
    pub(super) fn no_tenants(&self) -> Option<String> {
        self.settings.demo.then(|| {
            "the demo has one tenant: quit, start without --demo, and c connects a real one"
                .to_owned()
        })
    }

    /// Opens the chooser.
    pub(super) fn open_chooser(&mut self) -> Vec<Effect> {
        let req = self.ask();
        let chooser = Chooser::open(&self.settings.tenant_label, req);
        self.modals.push(Modal::Chooser(Box::new(chooser)));
        vec![Effect::ListTenants { req }]
    }

    /// The tenants have come.
    pub(super) fn tenants_are(
        &mut self,
        req: RequestId,
        tenants: &Result<Arc<Vec<Card>>, Failure>,
    ) {
        let height = self.chooser_height();
        for modal in &mut self.modals {
            let Modal::Chooser(open) = modal else {
                continue;
            };
            if open.listing != Listing::Reading(req) {
                continue;
            }
            match tenants {
                Ok(cards) => open.tenants(Arc::clone(cards)),
                Err(failure) => open.listing = Listing::Failed(failure.clone()),
            }
            open.settle(height);
        }
    }

    /// Rows of the chooser's list.
    pub(super) fn chooser_height(&self) -> usize {
        layout::list_height(self.layout().body, ABOVE)
    }

    pub(super) fn chooser_key(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        let height = self.chooser_height();
        let Some(Modal::Chooser(open)) = self.modals.last_mut() else {
            return Vec::new();
        };
        if action == Some(Action::Leave) {
            self.modals.pop();
            return Vec::new();
        }
        if let Some(about @ (Action::AddTenant | Action::EditTenant | Action::RemoveTenant)) =
            action
        {
            return self.act(about);
        }
        match key.code {
            Code::Enter => {
                let chosen = open.chosen().cloned();
                return chosen.map_or_else(Vec::new, |card| self.choose_tenant(&card));
            }
            code => match Move::under_a_field(code) {
                Some(step) => open.step(step, height),
                None => open.typed(key, height),
            },
        }
        Vec::new()
    }

    fn choose_tenant(&mut self, card: &Card) -> Vec<Effect> {
        if card.name == self.settings.tenant_label {
            self.modals.pop();
            self.say(Tone::Dim, format!("{} is open already", card.label));
            return Vec::new();
        }
        if let Some(lacks) = &card.lacks {
            self.say(Tone::Warn, lacks.clone());
            return Vec::new();
        }
        self.leave_for(card.name.clone())
    }

    /// Opens a tenant, after a question where a plan or a run would end by it.
    pub(super) fn leave_for(&mut self, name: String) -> Vec<Effect> {
        let run = self.runs.active().map(|run| self.run_then(run, &name));
        let then: Vec<String> = self.plan_then().into_iter().chain(run).collect();
        if then.is_empty() {
            return self.open_tenant(name);
        }
        self.question(Question::OpenTenant { name, then });
        Vec::new()
    }

    /// What becomes of the plan that is open.
    fn plan_then(&self) -> Option<String> {
        let open = self.modals.iter().any(|m| matches!(m, Modal::Plan(_)));
        let queued = self.plan.as_ref().filter(|_| open)?.items.len();
        let stay = match queued {
            0 => "nothing in it could be written anyway".to_owned(),
            1 => "its change stays queued there".to_owned(),
            n => format!("its {n} changes stay queued there"),
        };
        Some(format!(
            "The plan of {} is closed and nothing of it is written: {stay}.",
            self.session.tenant
        ))
    }

    /// What becomes of the run that is going.
    fn run_then(&self, run: &Run, name: &str) -> String {
        let run_name = run.name();
        let writes = run.is_writing() || self.runs.then_apply.is_some();
        match (writes, &run.course) {
            (true, Course::SignInNeeded) => format!(
                "{run_name} writes, and waits for somebody to sign in: {name} is opened when it has ended. {{sign-in}} signs in and it \
                 goes on; {{cancel-run}} ends it, and what it has not written stays queued."
            ),
            (true, _) => format!(
                "{run_name} writes: it is waited for, and {name} is opened when it has ended."
            ),
            (false, _) => {
                format!("{run_name} only reads: it is cancelled, and the last good picture stays.")
            }
        }
    }

    /// `y`: a run that reads is cancelled, one that writes is waited for.
    pub(super) fn open_agreed(&mut self, name: String) -> Vec<Effect> {
        self.modals
            .retain(|modal| !matches!(modal, Modal::Chooser(_)));
        let waits = self.runs.then_apply.is_some();
        match self.runs.active() {
            Some(run) if run.is_writing() || waits => {
                let what = match run.course {
                    Course::SignInNeeded => {
                        "has ended: it waits for a sign-in, {sign-in}; {cancel-run} ends it"
                    }
                    Course::Going | Course::Waiting { .. } | Course::Stopping => "has ended",
                };
                let text = format!("{name} is opened when {} {what}", run.name());
                let text = self.settings.keys.fill(&text);
                self.session.then_open = Some(name);
                self.notice = Some(super::notice::Notice::lasting(Tone::Busy, text));
                Vec::new()
            }
            Some(_) | None => self.open_tenant(name),
        }
    }

    /// The run has ended: the tenant that waited for it is opened.
    pub(super) fn open_remembered(&mut self) -> Vec<Effect> {
        match self.session.then_open.take() {
            Some(name) => self.open_tenant(name),
            None => Vec::new(),
        }
    }

    /// Leaves this tenant for another.
    fn open_tenant(&mut self, name: String) -> Vec<Effect> {
        let mut effects = self.last_effects();
        self.life = Lifecycle::Draining {
            why: Ending::Switch,
        };
        self.modals.clear();
        self.notice = Some(super::notice::Notice::lasting(
            Tone::Busy,
            format!("opening {name}…"),
        ));
        effects.push(Effect::OpenTenant { name });
        effects
    }
}
