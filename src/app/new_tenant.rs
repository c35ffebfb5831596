//! A new tenant from the console: its form, and what comes after it was written: its screen, and a sign-in.

use super::action::Action;
use super::doc::Tone;
use super::effect::Effect;
use super::event::{Key, RequestId};
use super::modal::Modal;
use super::pane::chooser::{Facts, Listing};
use super::pane::confirm::Question;
use super::pane::tenant::{NotSaved, TenantForm};
use super::pane::text::Text;
use super::{App, Wait};
use crate::domain::settings::SavedTenant;
use crate::domain::words;

impl App {
    /// Why no tenant can be added here.
    pub(super) fn no_new_tenant(&self) -> Option<String> {
        self.settings.demo.then(|| {
            "the demo keeps nothing: quit, start without --demo, and c connects a real tenant"
                .to_owned()
        })
    }

    /// Opens the form.
    pub(super) fn open_new_tenant(&mut self) {
        self.modals
            .push(Modal::NewTenant(Box::<TenantForm>::default()));
    }

    /// The tenant under the cursor of the list, as the configuration has it.
    fn saved_here(&self) -> Option<Box<SavedTenant>> {
        match self.modals.last() {
            Some(Modal::Chooser(open)) => open.chosen()?.saved.clone(),
            _ => None,
        }
    }

    /// Why there is none to be changed.
    pub(super) fn no_saved_tenant(&self) -> Option<String> {
        (self.saved_here().is_none()).then(|| "no tenant is under the cursor".to_owned())
    }

    /// Opens the form of the tenant under the cursor of the list.
    pub(super) fn open_saved_tenant(&mut self) {
        if let Some(saved) = self.saved_here() {
            let form = TenantForm::edit(saved);
            self.modals.push(Modal::NewTenant(Box::new(form)));
        }
    }

    /// Why the tenant under the cursor cannot be removed.
    pub(super) fn no_removal(&self) -> Option<String> {
        let Some(saved) = self.saved_here() else {
            return self.no_saved_tenant();
        };
        let name = &saved.with.name;
        let is_only = matches!(
            self.modals.last(),
            Some(Modal::Chooser(open)) if matches!(&open.listing, Listing::Known(cards) if cards.len() == 1)
        );
        (*name == self.settings.tenant_label).then(|| {
            if is_only {
                format!("{name} is open here: leave, then `teamsconnector tenants remove {name}`")
            } else {
                format!("{name} is open here: open another one first, then remove it")
            }
        })
    }

    /// Asks before the tenant under the cursor is removed.
    pub(super) fn ask_remove_tenant(&mut self) {
        let Some(Modal::Chooser(open)) = self.modals.last() else {
            return;
        };
        if let Some(card) = open.chosen() {
            let queued = match &card.facts {
                Facts::Known(counts) => counts.queued,
                Facts::Nothing | Facts::Broken(_) => 0,
            };
            let name = card.name.clone();
            self.question(Question::RemoveTenant { name, queued });
        }
    }

    /// Asks the configuration to let it go.
    pub(super) fn remove_tenant(&mut self, name: String) -> Vec<Effect> {
        let req = self.wait_for(Wait::RemovedTenant(name.clone()));
        self.say(Tone::Busy, format!("removing {name}…"));
        vec![Effect::RemoveTenant { req, name }]
    }

    /// It is gone: the list is read anew, and where its files are is read over it.
    pub(super) fn tenant_removed(&mut self, name: &str, notice: &str) -> Vec<Effect> {
        self.notice = None;
        let effects = self.list_anew();
        let title = format!("REMOVED  {name}");
        self.modals.push(Modal::Text(Text::plain(title, notice)));
        effects
    }

    fn list_anew(&mut self) -> Vec<Effect> {
        let req = self.ask();
        for modal in &mut self.modals {
            if let Modal::Chooser(open) = modal {
                open.listing = Listing::Reading(req);
            }
        }
        vec![Effect::ListTenants { req }]
    }

    pub(super) fn new_tenant_key(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        let Some(Modal::NewTenant(form)) = self.modals.last_mut() else {
            return Vec::new();
        };
        match action {
            Some(Action::Save) => return self.save_new_tenant(),
            Some(Action::Leave) => self.leave_new_tenant(),
            Some(Action::NextField) => form.turn(1),
            Some(Action::PreviousField) => form.turn(-1),
            Some(_) | None => form.key(key),
        }
        Vec::new()
    }

    fn leave_new_tenant(&mut self) {
        match self.modals.last() {
            Some(Modal::NewTenant(form)) if form.is_saving() => {
                self.say(Tone::Busy, "it is being written");
            }
            Some(Modal::NewTenant(form)) if form.is_dirty() => {
                let title = form.title();
                self.question(Question::LeaveForm { title });
            }
            _ => drop(self.modals.pop()),
        }
    }

    fn save_new_tenant(&mut self) -> Vec<Effect> {
        let Some(Modal::NewTenant(form)) = self.modals.last_mut() else {
            return Vec::new();
        };
        if form.is_saving() {
            return Vec::new();
        }
        let Some(new) = form.finish() else {
            return Vec::new();
        };
        let is_saved = form.saved.is_some();
        if is_saved && !form.is_dirty() {
            self.modals.pop();
            self.say(Tone::Dim, words::NOTHING_CHANGED);
            return Vec::new();
        }
        let name = new.name.clone();
        let req = self.wait_for(if is_saved {
            Wait::SavedTenant(name)
        } else {
            Wait::NewTenant(name)
        });
        if let Some(Modal::NewTenant(form)) = self.modals.last_mut() {
            form.saving(vec![req]);
        }
        let new = Box::new(new);
        vec![if is_saved {
            Effect::EditTenant { req, new }
        } else {
            Effect::AddTenant { req, new }
        }]
    }

    /// It was not written: its form says why, and has the keys where that is.
    pub(super) fn tenant_not_saved(&mut self, req: RequestId, why: NotSaved) {
        if self.answered(req).is_none() {
            return;
        }
        for modal in &mut self.modals {
            if let Modal::NewTenant(form) = modal {
                form.refused(why);
                return;
            }
        }
        self.fail(why.failure);
    }

    /// It was changed: the list shows it; the tenant of this screen is opened anew, since it was opened as it was before.
    pub(super) fn tenant_edited(&mut self, name: String, notice: &str) -> Vec<Effect> {
        self.modals
            .retain(|modal| !matches!(modal, Modal::NewTenant(_)));
        if name == self.settings.tenant_label {
            // Whoever stays meanwhile, since a run or a plan is open, reads what is there and what is not yet.
            self.say(
                Tone::Good,
                format!("saved: {name}; counts once it is opened again"),
            );
            self.session.edited = Some(name.clone());
            return self.leave_for(name);
        }
        self.say(Tone::Good, notice.to_owned());
        self.list_anew()
    }

    /// Said by the screen that was opened anew for it.
    pub(super) fn say_edited(&mut self) {
        let name = &self.settings.tenant_label;
        self.say(
            Tone::Good,
            format!("saved: {name} is open anew, as it is now configured"),
        );
    }

    /// It was written: its screen is opened, where somebody signs in.
    pub(super) fn tenant_added(&mut self, name: String, notice: &str) -> Vec<Effect> {
        self.modals
            .retain(|modal| !matches!(modal, Modal::NewTenant(_) | Modal::Chooser(_)));
        self.session.added = Some(name.clone());
        self.say(Tone::Good, format!("{notice}; {{tenants}} lists it"));
        self.leave_for(name)
    }

    /// The first effects of a tenant that was added just now.
    pub(super) fn first_opened(&mut self) -> Vec<Effect> {
        if self.settings.sign_in.is_some() {
            return self.sign_in();
        }
        let text = format!(
            "{{sync}} reads {} now: its app signs in with its secret or certificate",
            self.settings.tenant_label
        );
        self.say(Tone::Good, text);
        Vec::new()
    }
}
