//! A new tenant from the console: its form, and what comes after it was written: its screen, and a sign-in.

use super::action::Action;
use super::doc::Tone;
use super::effect::Effect;
use super::event::Key;
use super::modal::Modal;
use super::pane::confirm::Question;
use super::pane::tenant::TenantForm;
use super::{App, Wait};

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
                let title = "ADD A TENANT".to_owned();
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
        let req = self.wait_for(Wait::NewTenant(new.name.clone()));
        if let Some(Modal::NewTenant(form)) = self.modals.last_mut() {
            form.saving(vec![req]);
        }
        let new = Box::new(new);
        vec![Effect::AddTenant { req, new }]
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
            "{} is in the configuration; its app signs in with its secret or certificate: {{sync}} reads the tenant",
            self.settings.tenant_label
        );
        self.say(Tone::Good, text);
        Vec::new()
    }
}
