//! How a form begins: empty, or with what is queued or what the tenant has; and what of it cannot be changed.

use crate::app::field::Field as Line;
use crate::domain::gate::Warning;
use crate::domain::outbox::{Entry, EntryState};
use crate::domain::phone::NumberKind;
use crate::domain::user::{Association, Field, Value};
use crate::roster::desk::DeskUser;

use super::{EditState, Editor, FormField, Target, Texts};

impl Editor {
    /// An empty form for a user to be added by hand.
    pub fn add() -> Self {
        Self::with(
            Target::New,
            Texts {
                name: Line::default(),
                mail: Line::default(),
                number: Line::default(),
                kind: NumberKind::Ddi,
                country: Line::default(),
                association: Association::None,
                search: Line::default(),
                pick: 0,
            },
        )
    }

    /// The form of a user: with what is queued, or what the tenant has.
    pub fn open(row: &DeskUser) -> Self {
        let user = &row.user;
        let mut number = Value::Number(user.number.clone());
        let mut country = Value::Country(user.country);
        let (mut queued, mut refused) = (Vec::new(), Vec::new());
        for entry in &row.entries {
            match entry.field() {
                Field::Number => number = entry.wanted.clone(),
                Field::Country => country = entry.wanted.clone(),
                Field::Plan { .. } | Field::Licence(_) | Field::Added => continue,
            }
            if entry.state.is_ours() {
                queued.push((entry.field(), entry.id));
            }
            if matches!(entry.state, EntryState::Rejected { .. }) {
                refused.push(entry.field());
            }
        }
        let shown = |value: &Value| {
            if value.is_blank() {
                String::new()
            } else {
                value.shown()
            }
        };
        let mut form = Self::with(
            Target::User(user.id),
            Texts {
                name: Line::new(&user.name),
                mail: Line::new(&user.mail),
                number: Line::new(&shown(&number)),
                kind: user.kind,
                country: Line::new(&shown(&country)),
                association: user.association,
                search: Line::default(),
                pick: 0,
            },
        );
        form.focus = FormField::Number;
        form.base_number.clone_from(&user.number);
        form.base_country = user.country;
        form.base_on_applied(row);
        form.queued = queued;
        form.refused = refused;
        form.lock(row);
        form
    }

    fn with(target: Target, text: Texts) -> Self {
        Self {
            target,
            focus: FormField::Name,
            initial: text.clone(),
            text,
            base_number: None,
            base_country: None,
            queued: Vec::new(),
            refused: Vec::new(),
            number_locked: None,
            country_locked: None,
            country_note: "",
            overruled: None,
            faults: Vec::new(),
            hits: Vec::new(),
            agreed: None,
            replaces: Vec::new(),
            kept: None,
            kept_as: None,
            state: EditState::Editing,
            looked_up: None,
            held: None,
            next_free: None,
        }
    }

    /// What was written and is not visible yet is what the next change starts from.
    fn base_on_applied(&mut self, row: &DeskUser) {
        let applied = |entry: &&Entry| matches!(entry.state, EntryState::Applied { .. });
        for entry in row.entries.iter().filter(applied) {
            match &entry.wanted {
                Value::Number(number) => self.base_number.clone_from(number),
                Value::Country(country) => self.base_country = *country,
                Value::Plan { .. } | Value::Licence { .. } | Value::Added(_) => {}
            }
        }
    }

    fn lock(&mut self, row: &DeskUser) {
        let dirsync = row
            .marks
            .warnings()
            .any(|warning| warning == Warning::DirsyncNumber);
        if dirsync {
            self.number_locked = Some(
                "DirSync'd user: this number is mastered in Active Directory and cannot be written from here. \
                 Clear msRTCSIP-Line of this user there, run the directory sync (Start-ADSyncSyncCycle -PolicyType Delta), then sync here ({sync})"
                    .to_owned(),
            );
            self.focus = FormField::Country;
            self.country_note = "Active Directory may put it back: set it there too";
        }
        for entry in &row.entries {
            if entry.state.needs_settling() {
                let why = format!(
                    "a change to {} is being written; edit it when that is settled",
                    entry.wanted.shown()
                );
                match entry.field() {
                    Field::Number => self.number_locked = Some(why),
                    Field::Country => self.country_locked = Some(why),
                    Field::Plan { .. } | Field::Licence(_) | Field::Added => {}
                }
            }
        }
    }
}
