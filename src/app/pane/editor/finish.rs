//! From the text of the form to a validated change: what is wrong stays on its field.

use crate::domain::country::Country;
use crate::domain::outbox::EntryId;
use crate::domain::phone::{NumberKind, PhoneNumber};
use crate::domain::user::{NewUser, Patch, Value};
use crate::roster::Roster;
use crate::roster::desk::Desk;
use crate::roster::inventory::Inventory;

use super::super::verdict::{self, Asker, NumberFault};
use super::{EditState, Editor, FormField, Target};

/// What saving the form asks of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finished {
    /// Nothing was changed.
    Nothing,
    /// A user to be added.
    Add(Box<NewUser>),
    /// A change, and queued entries that the edit takes back.
    Change {
        /// Fields that differ.
        patch: Box<Patch>,
        /// Entries to be dropped, since the tenant's value is wanted again.
        undo: Vec<EntryId>,
    },
}

impl Editor {
    /// Reads all fields. What is wrong stays on its field, and then there is nothing to save.
    pub fn finish(&mut self, desk: &Desk, roster: &Roster) -> Option<Finished> {
        self.faults.clear();
        self.state = EditState::Editing;
        let name = self.text.name.text().trim().to_owned();
        let mail = self.text.mail.text().trim().to_owned();
        if name.is_empty() {
            self.fault(FormField::Name, "a user has a name");
        }
        if !mail.contains('@') && (self.target == Target::New || mail != self.initial.mail.text()) {
            self.fault(
                FormField::Mail,
                "an e-mail address is needed: it is what users are matched by",
            );
        }
        let country = match verdict::country(self.text.country.text()) {
            Ok(country) => country,
            Err(error) => {
                self.fault(FormField::Country, &error.to_string());
                None
            }
        };
        let number = self.checked_number(desk, roster);
        if let Some((field, _)) = self.faults.first() {
            self.focus = *field;
            return None;
        }
        Some(match self.target {
            Target::New => Finished::Add(Box::new(self.new_user(name, mail, number, country))),
            Target::User(_) => self.change(name, mail, number, country),
        })
    }

    fn fault(&mut self, field: FormField, text: &str) {
        self.faults.push((field, text.to_owned()));
    }

    /// Who else holds a number, as a sentence.
    fn held_by(&self, number: &PhoneNumber, desk: &Desk, roster: &Roster) -> Option<String> {
        let asker = Asker {
            user: self.user(),
            directory: self.text.association.id(),
        };
        let by = verdict::holder(number, asker, desk, roster)?;
        let number = number.clone();
        Some(NumberFault::Held { number, by }.to_string())
    }

    /// Looks up who else holds the number that is typed; once for each number, since a tenant may have a million rows.
    pub fn look_up(&mut self, desk: &Desk, roster: &Roster, inventory: &Inventory) {
        self.look_for_free(desk, roster, inventory);
        let number = self.number().ok().flatten();
        let number = number.filter(|_| self.number_is_new() && self.number_locked.is_none());
        let about = number.map(|number| (number, self.text.association.id()));
        if about == self.looked_up {
            return;
        }
        self.held = about
            .as_ref()
            .and_then(|(number, _)| self.held_by(number, desk, roster));
        self.looked_up = about;
    }

    /// The desk or the roster is another: what was looked up may no longer be so.
    pub fn outdate(&mut self) {
        self.looked_up = None;
        self.held = None;
        self.next_free = None;
    }

    fn number_is_new(&self) -> bool {
        self.text.number.text().trim() != self.initial.number.text().trim()
            || self.text.kind != self.initial.kind
            || self.target == Target::New
    }

    fn checked_number(&mut self, desk: &Desk, roster: &Roster) -> Option<PhoneNumber> {
        if self.number_locked.is_some() {
            return self.base_number.clone();
        }
        let number = match self.number() {
            Ok(Some(number)) => number,
            Ok(None) => return None,
            Err(fault) => {
                if self.number_is_new() {
                    self.fault(FormField::Number, &fault.to_string());
                }
                return None;
            }
        };
        if !self.number_is_new() {
            return Some(number);
        }
        if let Some(held) = self.held_by(&number, desk, roster) {
            self.fault(FormField::Number, &held);
        } else if self.text.kind == NumberKind::Ddi
            && self.overruled.as_ref() != Some(&number)
            && let Some(doubt) = number.doubt()
        {
            self.fault(
                FormField::Number,
                &format!("{doubt}; Enter again takes it as it is"),
            );
            self.overruled = Some(number.clone());
        }
        Some(number)
    }

    fn new_user(
        &self,
        name: String,
        mail: String,
        number: Option<PhoneNumber>,
        country: Option<Country>,
    ) -> NewUser {
        NewUser {
            name,
            mail,
            wanted_number: number.filter(|number| self.base_number.as_ref() != Some(number)),
            number: self.base_number.clone(),
            kind: self.text.kind,
            wanted_country: country.filter(|country| self.base_country != Some(*country)),
            country: self.base_country,
            association: self.text.association,
            sip_username: None,
            external_id: None,
        }
    }

    fn change(
        &self,
        name: String,
        mail: String,
        number: Option<PhoneNumber>,
        country: Option<Country>,
    ) -> Finished {
        let mut patch = Patch {
            name: (name != self.initial.name.text()).then_some(name),
            mail: (mail != self.initial.mail.text()).then_some(mail),
            kind: (self.text.kind != self.initial.kind).then_some(self.text.kind),
            association: (self.text.association != self.initial.association)
                .then_some(self.text.association),
            ..Patch::default()
        };
        if !patch.is_empty() {
            patch.seen = Some(Box::new(self.seen()));
        }
        // Nothing else is changed: what was refused is meant to be tried again.
        let own = patch.is_empty();
        let mut undo = Vec::new();
        let pairs = [
            (
                Value::Country(self.base_country),
                Value::Country(country),
                self.text.country.text().trim() != self.initial.country.text().trim(),
            ),
            (
                Value::Number(self.base_number.clone()),
                Value::Number(number),
                self.text.number.text().trim() != self.initial.number.text().trim(),
            ),
        ];
        let untouched = own && pairs.iter().all(|(.., touched)| !touched);
        for (base, wanted, touched) in pairs {
            let queued = self
                .queued
                .iter()
                .find(|(field, _)| *field == wanted.field());
            let again = untouched && self.refused.contains(&wanted.field());
            if !(touched || again) {
                continue;
            }
            if base != wanted {
                patch.two_way.push((base, wanted));
            } else if let Some((_, entry)) = queued.filter(|_| touched) {
                undo.push(*entry);
            }
        }
        if patch.is_empty() && undo.is_empty() {
            return Finished::Nothing;
        }
        Finished::Change {
            patch: Box::new(patch),
            undo,
        }
    }
}
