//! What is said of a plan before it is written: the ticket that it belongs to, and the file that it is kept in.

use crate::domain::outbox::EntryId;
use crate::domain::words;

use super::doc::Tone;
use super::effect::{Effect, LedgerChange};
use super::field::Field;
use super::modal::Modal;
use super::pane::confirm::Question;
use super::pane::plan::{self, Stage};
use super::{App, Wait};

impl App {
    /// The ticket of the chosen changes, where all have the same.
    pub fn plan_ticket(&self) -> Option<&str> {
        let chosen = plan::chosen(self.plan.as_ref()?, &self.desk);
        let (first, rest) = chosen.split_first()?;
        let ticket = self.desk.tickets.get(first)?;
        let same = rest
            .iter()
            .all(|entry| self.desk.tickets.get(entry) == Some(ticket));
        same.then_some(ticket.as_str())
    }

    /// The chosen changes of the plan, once it was drawn.
    fn chosen_now(&mut self) -> Option<Vec<EntryId>> {
        let drawn =
            matches!(self.modals.last(), Some(Modal::Plan(modal)) if modal.stage == Stage::Drawn);
        let known = self.plan.as_ref().filter(|_| drawn)?;
        let entries = plan::chosen(known, &self.desk);
        if entries.is_empty() {
            self.say(Tone::Warn, words::NOTHING_CHOSEN);
            return None;
        }
        Some(entries)
    }

    /// Asks for the ticket of the chosen changes.
    pub(super) fn ask_ticket(&mut self) {
        let Some(entries) = self.chosen_now() else {
            return;
        };
        let typed = Field::new(self.plan_ticket().unwrap_or_default());
        self.question(Question::Ticket { entries, typed });
    }

    /// Asks for the ticket where the tenant wants one and a change has none.
    pub(super) fn wants_ticket(&mut self, entries: &[EntryId]) -> bool {
        let all = entries
            .iter()
            .all(|entry| self.desk.tickets.contains_key(entry));
        if !self.settings.require_ticket || all {
            return false;
        }
        self.say(
            Tone::Warn,
            "this tenant wants a ticket for each change: type it, then {apply} again",
        );
        self.ask_ticket();
        true
    }

    /// Enter behind the ticket.
    pub(super) fn note_ticket(&mut self, entries: Vec<EntryId>, typed: &Field) -> Vec<Effect> {
        self.modals.pop();
        let req = self.wait_for(Wait::Kept);
        let ticket = typed.text().trim().to_owned();
        vec![Effect::Ledger {
            req,
            change: LedgerChange::Ticket { entries, ticket },
        }]
    }

    /// Asks for the file that the plan is kept in, with a name that sorts by tenant and time.
    pub(super) fn ask_keep_plan(&mut self) {
        let Some(entries) = self.chosen_now() else {
            return;
        };
        let Some(known) = &self.plan else { return };
        let name: String = self
            .settings
            .tenant_label
            .chars()
            .map(|c| if c.is_alphanumeric() { c } else { '-' })
            .collect();
        let name = format!("plan-{name}-{}.json", known.read_at.strftime("%Y%m%d-%H%M"));
        let typed = Field::new(&name);
        self.question(Question::KeepPlan { entries, typed });
    }

    /// Enter behind the file.
    pub(super) fn keep_plan(&mut self, entries: Vec<EntryId>, typed: &Field) -> Vec<Effect> {
        let path = typed.text().trim().to_owned();
        if path.is_empty() {
            self.say(Tone::Warn, "a file needs a name");
            return Vec::new();
        }
        self.modals.pop();
        let Some(plan) = self.plan.clone().map(Box::new) else {
            return Vec::new();
        };
        let req = self.wait_for(Wait::Kept);
        vec![Effect::KeepPlan {
            req,
            path,
            plan,
            entries,
        }]
    }
}
