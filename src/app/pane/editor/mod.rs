//! The form of a user: text that may be wrong, until it becomes a validated change.
//!
//! It is saved only when the ledger says so; until then the text is kept as a draft, a moment after each key and
//! whenever a field is left.

pub mod draft;
pub mod finish;
pub mod moved;
pub mod open;
pub mod range;

use crate::app::event::{Code, Key, RequestId};
use crate::app::field::{Field as Line, Typed};
use crate::domain::country::Country;
use crate::domain::failure::Failure;
use crate::domain::guid::ObjectId;
use crate::domain::outbox::EntryId;
use crate::domain::phone::{NumberKind, PhoneNumber};
use crate::domain::user::{Association, Field, UserId};
use crate::roster::Roster;
use crate::roster::desk::Desk;
use crate::roster::query::Query;

use super::verdict::{self, NumberFault};
use super::{turned, turns};
use range::NextFree;

/// Directory users offered while searching for an association.
const HITS: usize = 5;

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct Editor {
    /// Whose it is.
    pub target: Target,
    /// The field that keys go to.
    pub focus: FormField,
    /// What is in it.
    pub text: Texts,
    /// What was in it when it was opened.
    pub initial: Texts,
    /// Number in the tenant: the base of a change.
    pub base_number: Option<PhoneNumber>,
    /// Country in the tenant: the base of a change.
    pub base_country: Option<Country>,
    /// Queued changes of this user that an edit replaces.
    pub queued: Vec<(Field, EntryId)>,
    /// Fields whose queued change the tenant has refused: saved as it stands, such a value is queued anew.
    pub refused: Vec<Field>,
    /// Why the number cannot be changed, and what to do about it.
    pub number_locked: Option<String>,
    /// Why the country cannot be changed.
    pub country_locked: Option<String>,
    /// Words to be shown below the country.
    pub country_note: &'static str,
    /// The number whose doubt has been shown: saving it again overrules.
    pub overruled: Option<PhoneNumber>,
    /// What is wrong, by field.
    pub faults: Vec<(FormField, String)>,
    /// Directory users that the search finds.
    pub hits: Vec<ObjectId>,
    /// The association that was agreed to when it was asked for.
    pub agreed: Option<Association>,
    /// What was agreed to be replaced: each a line of the question.
    pub replaces: Vec<String>,
    /// The text of the draft that was kept last.
    pub kept: Option<String>,
    /// The key of the draft that was put in.
    pub kept_as: Option<String>,
    /// Whether it is being saved.
    pub state: EditState,
    /// For which number and directory user it was looked up who else holds the number.
    pub looked_up: Option<(PhoneNumber, Option<ObjectId>)>,
    /// Who does, as a sentence.
    pub held: Option<String>,
    /// What the range that is typed has free.
    pub next_free: Option<NextFree>,
}

/// Whose form it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A user to be added by hand.
    New,
    /// A user that is there.
    User(UserId),
}

/// Whether the form is being edited or saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EditState {
    /// Being edited.
    Editing,
    /// Being saved: these answers are waited for.
    Saving(Vec<RequestId>),
    /// The ledger refused.
    Failed(Failure),
}

/// A field, in the order of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormField {
    /// Name.
    Name,
    /// E-mail.
    Mail,
    /// Number.
    Number,
    /// Kind of number.
    Kind,
    /// Country.
    Country,
    /// Directory user.
    Association,
}

impl FormField {
    /// All fields in order.
    pub const ALL: [Self; 6] = [
        Self::Name,
        Self::Mail,
        Self::Number,
        Self::Kind,
        Self::Country,
        Self::Association,
    ];

    /// Its label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Name => "Name",
            Self::Mail => "E-mail",
            Self::Number => "Number",
            Self::Kind => "Kind",
            Self::Country => "Country",
            Self::Association => "Association",
        }
    }

    fn turn(self, by: isize) -> Self {
        let here = Self::ALL
            .iter()
            .position(|field| *field == self)
            .unwrap_or_default();
        let len = Self::ALL.len();
        Self::ALL[(here + len).saturating_add_signed(by) % len]
    }
}

/// What is in the fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// Name.
    pub name: Line,
    /// E-mail.
    pub mail: Line,
    /// Number.
    pub number: Line,
    /// Kind of number.
    pub kind: NumberKind,
    /// Country.
    pub country: Line,
    /// Association.
    pub association: Association,
    /// Search for another association.
    pub search: Line,
    /// Which hit of the search is chosen.
    pub pick: usize,
}

impl Texts {
    fn same_as(&self, other: &Self) -> bool {
        self.name.text() == other.name.text()
            && self.mail.text() == other.mail.text()
            && self.number.text() == other.number.text()
            && self.kind == other.kind
            && self.country.text() == other.country.text()
            && self.association == other.association
    }
}

/// What a key did to the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Did {
    /// Something in it changed, or nothing did.
    Nothing,
    /// A field was left: the draft is to be kept.
    Left,
}

impl Editor {
    /// The name that the form goes by.
    pub fn title(&self) -> String {
        match self.target {
            Target::New => "ADD BY HAND".to_owned(),
            Target::User(_) => format!(
                "EDIT  {}  {}",
                self.initial.name.text(),
                self.initial.mail.text()
            ),
        }
    }

    /// Whether something was typed that is not saved.
    pub fn is_dirty(&self) -> bool {
        !self.text.same_as(&self.initial)
    }

    /// Whether answers of the ledger are waited for.
    pub fn is_saving(&self) -> bool {
        matches!(self.state, EditState::Saving(_))
    }

    /// The text field that has the focus, if it is one and may be changed.
    fn line(&mut self) -> Option<&mut Line> {
        match self.focus {
            FormField::Name => Some(&mut self.text.name),
            FormField::Mail => Some(&mut self.text.mail),
            FormField::Number if self.number_locked.is_none() => Some(&mut self.text.number),
            FormField::Country if self.country_locked.is_none() => Some(&mut self.text.country),
            FormField::Association => Some(&mut self.text.search),
            FormField::Number | FormField::Country | FormField::Kind => None,
        }
    }

    /// Takes a key that is no action of the form.
    pub fn key(&mut self, key: Key, roster: &Roster) {
        if self.is_saving() {
            return;
        }
        if self.focus == FormField::Kind {
            self.turn_kind(key);
            return;
        }
        if self.focus == FormField::Association
            && self.text.search.text().is_empty()
            && matches!(key.code, Code::Backspace | Code::Delete)
        {
            self.text.association = Association::None;
            return;
        }
        let typed = self.line().map(|line| line.key(key));
        if typed == Some(Typed::Changed) {
            self.changed(roster);
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str, roster: &Roster) {
        if self.is_saving() {
            return;
        }
        if self.line().map(|line| line.paste(text)) == Some(Typed::Changed) {
            self.changed(roster);
        }
    }

    fn changed(&mut self, roster: &Roster) {
        let focus = self.focus;
        super::corrected(&mut self.faults, &focus, &mut self.state);
        if focus == FormField::Association {
            self.search(roster);
        }
    }

    fn search(&mut self, roster: &Roster) {
        let text = self.text.search.text();
        self.hits = if text.trim().is_empty() {
            Vec::new()
        } else {
            roster
                .first(&Query::parse(text), HITS)
                .into_iter()
                .take(HITS)
                .filter_map(|place| roster.get(place))
                .map(|row| row.id)
                .collect()
        };
        self.text.pick = 0;
    }

    fn turn_kind(&mut self, key: Key) {
        let Some(by) = turns(key) else {
            return;
        };
        let all = NumberKind::ALL;
        let here = all.iter().position(|kind| *kind == self.text.kind);
        self.text.kind = all[turned(here.unwrap_or_default(), by, all.len())];
        self.faults
            .retain(|(field, _)| !matches!(field, FormField::Number | FormField::Kind));
    }

    /// Goes to another field; among the hits of a search, to another hit.
    pub fn turn(&mut self, by: isize) -> Did {
        if self.focus == FormField::Association && !self.hits.is_empty() {
            let last = self.hits.len() - 1;
            let pick = self.text.pick.saturating_add_signed(by).min(last);
            if pick != self.text.pick {
                self.text.pick = pick;
                return Did::Nothing;
            }
        }
        self.focus = self.focus.turn(by);
        Did::Left
    }

    /// Ties the user to the hit that is chosen; `None` when no search is open.
    pub fn pick(&mut self, desk: &Desk, roster: &Roster) -> Option<()> {
        if self.focus != FormField::Association {
            return None;
        }
        let id = *self.hits.get(self.text.pick)?;
        let taken = desk
            .users
            .iter()
            .find(|row| row.user.association.id() == Some(id) && Some(row.user.id) != self.user());
        self.faults
            .retain(|(field, _)| *field != FormField::Association);
        if let Some(other) = taken {
            self.faults.push((
                FormField::Association,
                format!("this Teams user belongs to {} already", other.user.name),
            ));
            return Some(());
        }
        self.text.association = Association::Manual(id);
        self.text.search = Line::default();
        self.hits.clear();
        if self.target == Target::New {
            self.fill_from(id, roster);
        }
        Some(())
    }

    /// An added user takes over what the directory knows, where nothing was typed.
    fn fill_from(&mut self, id: ObjectId, roster: &Roster) {
        let Some(row) = roster.find(id) else {
            return;
        };
        let fill = |line: &mut Line, text: &str| {
            if line.text().trim().is_empty() {
                line.set(text);
            }
        };
        fill(&mut self.text.name, row.name);
        fill(&mut self.text.mail, row.mail.unwrap_or(row.upn));
        self.base_number = row.phone();
        self.base_country = row.location;
        if let Some(number) = &self.base_number {
            fill(&mut self.text.number, &number.spaced());
        }
        if let Some(country) = row.location {
            fill(&mut self.text.country, country.as_str());
        }
    }

    /// Whether the user is tied to somebody else than before, or to nobody any more.
    pub fn reties(&self) -> bool {
        self.target != Target::New && self.text.association.id() != self.initial.association.id()
    }

    /// Empties an open search for an association; whether there was one.
    pub fn focus_search_cleared(&mut self) -> bool {
        if self.focus != FormField::Association || self.text.search.text().is_empty() {
            return false;
        }
        self.text.search = Line::default();
        self.hits.clear();
        true
    }

    /// The user whose form it is.
    pub fn user(&self) -> Option<UserId> {
        match self.target {
            Target::New => None,
            Target::User(id) => Some(id),
        }
    }

    /// Whether the number field has the focus and takes a number.
    pub fn takes_free(&self) -> bool {
        self.focus == FormField::Number && self.number_locked.is_none() && !self.is_saving()
    }

    /// Puts a number into its field, as if it had been typed there.
    pub fn put_number(&mut self, number: &PhoneNumber, roster: &Roster) {
        self.focus = FormField::Number;
        self.text.number.set(&number.spaced());
        self.changed(roster);
    }

    /// The country in the form, as far as it is one.
    pub fn country(&self) -> Option<Country> {
        verdict::country(self.text.country.text()).ok().flatten()
    }

    /// The number in the form, or what is wrong with it.
    pub fn number(&self) -> Result<Option<PhoneNumber>, NumberFault> {
        verdict::number(self.text.number.text(), self.text.kind, self.country())
    }

    /// What one key takes over in the field that has the focus, or in the first field that proposes something.
    pub fn proposal(&self) -> Option<(FormField, String)> {
        let number = || match self.number() {
            Err(NumberFault::Format(error)) => {
                error.proposal().map(|n| (FormField::Number, n.spaced()))
            }
            Err(NumberFault::Range) => self.free_number().map(|n| (FormField::Number, n.spaced())),
            Ok(_) | Err(NumberFault::Several | NumberFault::Held { .. }) => None,
        };
        let country = || {
            let error = verdict::country(self.text.country.text()).err()?;
            verdict::country_meant(&error).map(|c| (FormField::Country, c.to_string()))
        };
        if self.focus == FormField::Country {
            country().or_else(number)
        } else {
            number().or_else(country)
        }
    }

    /// Takes the proposal over.
    pub fn take_proposal(&mut self) {
        if let Some((field, text)) = self.proposal() {
            match field {
                FormField::Number => self.text.number.set(&text),
                FormField::Country => self.text.country.set(&text),
                FormField::Name | FormField::Mail | FormField::Kind | FormField::Association => {}
            }
            self.faults.retain(|(faulty, _)| *faulty != field);
        }
    }
}
