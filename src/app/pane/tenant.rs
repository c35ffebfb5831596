//! The form of a new tenant: the few things without which its console cannot be opened. All else stands in the configuration file.
//!
//! It knows neither that file nor the other tenants: whether the name is free is for whoever writes it to say.

use crate::app::event::{Key, RequestId};
use crate::app::field::{Field as Line, Typed};
use crate::domain::failure::Failure;
use crate::domain::guid::Guid;
use crate::domain::naming::{is_tenant_address, is_tenant_name};
use crate::domain::settings::{NewTenant, SavedTenant, SignsIn, Start};
use crate::domain::words;

use super::editor::EditState;
use super::{corrected, turned, turns};

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantForm {
    /// The field that keys go to.
    pub focus: TenantField,
    /// Its name here.
    pub name: Line,
    /// The name that it is shown with.
    pub shown: Line,
    /// Its id, or a domain.
    pub tenant: Line,
    /// How it is signed in to.
    pub way: SignsIn,
    /// The app registration.
    pub client: Line,
    /// The file with the secret, or with the certificate.
    pub file: Line,
    /// Whether it begins read-only.
    pub start: Start,
    /// What is wrong, by field.
    pub faults: Vec<(TenantField, &'static str)>,
    /// Whether it is being written.
    pub state: EditState,
    /// The tenant that is changed; `None` for a new one.
    pub saved: Option<Box<SavedTenant>>,
}

/// A field, in the order of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TenantField {
    /// Its name here.
    Name,
    /// The name that it is shown with.
    Shown,
    /// Its id, or a domain.
    Tenant,
    /// How it is signed in to.
    Way,
    /// The app registration.
    Client,
    /// The file with the secret, or with the certificate.
    File,
    /// Whether it begins read-only.
    Start,
}

/// Why a form was not saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotSaved {
    /// The field that it is about, where it is about one.
    pub field: Option<TenantField>,
    /// What went wrong.
    pub failure: Failure,
}

impl From<Failure> for NotSaved {
    fn from(failure: Failure) -> Self {
        Self {
            field: None,
            failure,
        }
    }
}

impl NotSaved {
    /// A failure that is about one field.
    pub fn about(field: TenantField, failure: Failure) -> Self {
        Self {
            field: Some(field),
            failure,
        }
    }
}

impl Default for TenantForm {
    fn default() -> Self {
        Self {
            focus: TenantField::Name,
            name: Line::default(),
            shown: Line::default(),
            tenant: Line::default(),
            way: SignsIn::DeviceCode,
            client: Line::default(),
            file: Line::default(),
            start: Start::ReadOnly,
            faults: Vec::new(),
            state: EditState::Editing,
            saved: None,
        }
    }
}

impl TenantForm {
    /// The form of a tenant that is configured: with what the file says.
    pub fn edit(saved: Box<SavedTenant>) -> Self {
        let with = &saved.with;
        let text = |text: &Option<String>| Line::new(text.as_deref().unwrap_or_default());
        Self {
            focus: TenantField::Tenant,
            name: Line::new(&with.name),
            shown: text(&with.display),
            tenant: Line::new(&with.tenant_id),
            way: with.way,
            client: text(&with.client_id),
            file: text(&with.file),
            start: with.start,
            saved: Some(saved),
            ..Self::default()
        }
    }

    /// The name that the form goes by.
    pub fn title(&self) -> String {
        match &self.saved {
            None => "ADD A TENANT".to_owned(),
            Some(saved) => format!("EDIT A TENANT  {}", saved.with.name),
        }
    }

    /// The fields that there are: a file only where the app signs in by itself, a name only where there is none yet, and nothing
    /// that an identity says.
    pub fn fields(&self) -> Vec<TenantField> {
        use TenantField as F;
        let all = [
            F::Name,
            F::Shown,
            F::Tenant,
            F::Way,
            F::Client,
            F::File,
            F::Start,
        ];
        let file = self.way.needs_file();
        let saved = self.saved.as_ref();
        let of_identity = saved.is_some_and(|saved| saved.identity.is_some());
        all.into_iter()
            .filter(|field| match field {
                F::Name => saved.is_none(),
                F::Shown => saved.is_some(),
                F::Way | F::Client => !of_identity,
                F::File => file && !of_identity,
                F::Tenant | F::Start => true,
            })
            .collect()
    }

    /// Whether a field is only shown: the address of a tenant whose files are there.
    pub fn is_locked(&self, field: TenantField) -> bool {
        let saved = self.saved.as_ref();
        field == TenantField::Tenant && saved.is_some_and(|saved| saved.pinned.is_some())
    }

    /// Why a field is only shown, and what to do about it.
    pub fn locked(&self, field: TenantField) -> Option<String> {
        let saved = self.saved.as_ref().filter(|_| self.is_locked(field))?;
        let (pinned, name) = (saved.pinned.as_ref()?, &saved.with.name);
        Some(format!(
            "stays: users, queue and history here are those of {pinned}. Another tenant is added under a name of its own (Ctrl-N in \
             the list). Where this one has moved, `tenants unpin {name}` first; the data stay"
        ))
    }

    /// The label of a field.
    pub fn label(&self, field: TenantField) -> &'static str {
        match field {
            TenantField::Name => "Name here",
            TenantField::Shown => "Shown as",
            TenantField::Tenant => "Tenant",
            TenantField::Way => "Sign in",
            TenantField::Client => "Client id",
            TenantField::File if self.way == SignsIn::Certificate => "Certificate",
            TenantField::File => "Secret file",
            TenantField::Start => "Begins",
        }
    }

    /// What may stand in a field.
    pub fn hint(&self, field: TenantField) -> &'static str {
        match field {
            TenantField::Name => "a short name for commands and screens, such as contoso",
            TenantField::Shown => {
                "another name for screens; blank: the name here. Commands and files keep that one, so no file moves"
            }
            TenantField::Tenant => "its id (a GUID), or one of its verified domains",
            TenantField::Way => self.way.words(),
            TenantField::Client => {
                "id of the app registration (a GUID); blank: that of [defaults], where there is one"
            }
            TenantField::File if self.way == SignsIn::Certificate => {
                "needed: a file with the certificate and its key (PEM) that only you can read"
            }
            TenantField::File => {
                "needed: a file with the secret that only you can read; blank only where TEAMSCONNECTOR_CLIENT_SECRET holds it. It is not asked for on the screen"
            }
            TenantField::Start => self.start.words(),
        }
    }

    /// Whether the field is what the app cannot sign in without, and nothing stands in it: that is said wherever the keys go.
    pub fn is_needed(&self, field: TenantField) -> bool {
        field == TenantField::File && self.file.text().trim().is_empty()
    }

    /// The text field, where it is one.
    pub fn line(&self, field: TenantField) -> Option<&Line> {
        match field {
            TenantField::Name => Some(&self.name),
            TenantField::Shown => Some(&self.shown),
            TenantField::Tenant => Some(&self.tenant),
            TenantField::Client => Some(&self.client),
            TenantField::File => Some(&self.file),
            TenantField::Way | TenantField::Start => None,
        }
    }

    fn line_here(&mut self) -> Option<&mut Line> {
        match self.focus {
            field if self.is_locked(field) => None,
            TenantField::Name => Some(&mut self.name),
            TenantField::Shown => Some(&mut self.shown),
            TenantField::Tenant => Some(&mut self.tenant),
            TenantField::Client => Some(&mut self.client),
            TenantField::File => Some(&mut self.file),
            TenantField::Way | TenantField::Start => None,
        }
    }

    /// Whether something was typed or chosen that is not saved.
    pub fn is_dirty(&self) -> bool {
        match &self.saved {
            Some(saved) => self.typed() != saved.with,
            None => self.typed() != Self::default().typed(),
        }
    }

    /// Whether it is being written.
    pub fn is_saving(&self) -> bool {
        matches!(self.state, EditState::Saving(_))
    }

    /// Takes a key that is no action of the form.
    pub fn key(&mut self, key: Key) {
        if self.is_saving() {
            return;
        }
        if let Some(line) = self.line_here() {
            if line.key(key) == Typed::Changed {
                self.touched();
            }
            return;
        }
        let Some(by) = turns(key) else {
            return;
        };
        match self.focus {
            TenantField::Way => self.way = self.way.turned(by),
            TenantField::Start => self.start = self.start.other(),
            TenantField::Name
            | TenantField::Shown
            | TenantField::Tenant
            | TenantField::Client
            | TenantField::File => return,
        }
        self.touched();
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if self.is_saving() {
            return;
        }
        if self.line_here().map(|line| line.paste(text)) == Some(Typed::Changed) {
            self.touched();
        }
    }

    fn touched(&mut self) {
        corrected(&mut self.faults, &self.focus, &mut self.state);
    }

    /// Goes to another field.
    pub fn turn(&mut self, by: isize) {
        let all = self.fields();
        let here = all.iter().position(|field| *field == self.focus);
        self.focus = all[turned(here.unwrap_or_default(), by, all.len())];
    }

    /// Reads all fields. What is wrong stays on its field, and then there is nothing to write.
    pub fn finish(&mut self) -> Option<NewTenant> {
        self.state = EditState::Editing;
        self.faults = self.wrong();
        if let Some((field, _)) = self.faults.first() {
            self.focus = *field;
            return None;
        }
        let typed = self.typed();
        let file = typed.file.filter(|_| self.way.needs_file());
        Some(NewTenant { file, ..typed })
    }

    /// What stands in the fields.
    fn typed(&self) -> NewTenant {
        let filled = |line: &Line| Some(line.text().trim().to_owned()).filter(|s| !s.is_empty());
        NewTenant {
            name: self.name.text().trim().to_owned(),
            display: filled(&self.shown),
            tenant_id: self.tenant.text().trim().to_owned(),
            way: self.way,
            client_id: filled(&self.client),
            file: filled(&self.file),
            start: self.start,
        }
    }

    fn wrong(&self) -> Vec<(TenantField, &'static str)> {
        let text = |line: &Line| line.text().trim().to_owned();
        let client = text(&self.client);
        [
            (
                TenantField::Name,
                !is_tenant_name(&text(&self.name)),
                "a name has letters, digits, dashes, dots and underscores, and begins with a letter or digit",
            ),
            (
                TenantField::Tenant,
                !is_tenant_address(&text(&self.tenant)),
                words::TENANT_ADDRESS,
            ),
            (
                TenantField::Client,
                !client.is_empty() && client.parse::<Guid>().is_err(),
                "not the id of an app registration: that is a GUID",
            ),
            (
                TenantField::File,
                self.way == SignsIn::Certificate && text(&self.file).is_empty(),
                "the app signs in with this file: where is it?",
            ),
        ]
        .into_iter()
        .filter(|(_, wrong, _)| *wrong)
        .map(|(field, _, words)| (field, words))
        .collect()
    }

    /// It was not saved: the keys go to the field that is wrong, where there is one.
    pub fn refused(&mut self, why: NotSaved) {
        if let Some(field) = why.field.filter(|field| self.fields().contains(field)) {
            self.focus = field;
        }
        self.state = EditState::Failed(why.failure);
    }

    /// An answer is waited for.
    pub fn saving(&mut self, asked: Vec<RequestId>) {
        self.state = EditState::Saving(asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::event::Code;

    fn typed(form: &mut TenantForm, text: &str) {
        for c in text.chars() {
            form.key(Code::Char(c).into());
        }
    }

    #[test]
    fn what_is_wrong_is_said_of_each_field_and_the_first_gets_the_keys() {
        use TenantField as F;

        let mut form = TenantForm::default();
        typed(&mut form, "con toso");
        form.turn(1);
        typed(&mut form, "contoso");
        form.turn(2);
        typed(&mut form, "my app");
        assert_eq!(form.finish(), None);
        let fields: Vec<_> = form.faults.iter().map(|(field, _)| *field).collect();
        assert_eq!(fields, [F::Name, F::Tenant, F::Client]);
        assert_eq!(form.focus, F::Name);
        typed(&mut form, "x");
        assert_eq!(
            form.faults.len(),
            2,
            "a field that is changed is not wrong yet"
        );
    }

    #[test]
    fn a_file_is_asked_for_where_the_app_signs_in() {
        let mut form = TenantForm::default();
        typed(&mut form, "contoso");
        form.turn(1);
        form.paste(" contoso.example\n");
        form.turn(1);
        assert_eq!(form.fields().len(), 5);
        // A letter is meant for a field that has text: it turns no choice.
        typed(&mut form, "hlc");
        assert_eq!(form.way, SignsIn::DeviceCode);
        form.key(Code::Left.into());
        assert_eq!(form.way, SignsIn::Certificate);
        assert_eq!(form.fields().len(), 6);
        assert_eq!(form.finish(), None);
        assert_eq!(form.focus, TenantField::File);
        typed(&mut form, "~/app.pem");
        form.turn(1);
        form.key(Code::Char(' ').into());
        assert_eq!(
            form.finish(),
            Some(NewTenant {
                name: "contoso".to_owned(),
                display: None,
                tenant_id: "contoso.example".to_owned(),
                way: SignsIn::Certificate,
                client_id: None,
                file: Some("~/app.pem".to_owned()),
                start: Start::ReadAndWrite,
            })
        );
        form.way = SignsIn::Browser;
        assert_eq!(form.finish().and_then(|new| new.file), None);
    }
}
