//! What a review would do, row by row, for the ledger.

use crate::domain::phone::NumberKind;
use crate::domain::user::{Association, NewUser, Patch, UserId, Value};

use super::super::verdict::Change;
use super::{Column, PhoneNumber, Review, Verdict};

/// What one row does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Adds a user.
    Create(Box<NewUser>),
    /// Changes one.
    Edit {
        /// Whom.
        user: UserId,
        /// Name, e-mail and number.
        patch: Box<Patch>,
        /// SIP user name.
        sip_username: Option<String>,
        /// External id.
        external_id: Option<String>,
    },
}

impl Review {
    /// What the good rows do; the others are left out.
    pub fn steps(&self) -> Vec<Step> {
        (0..self.sheet.len())
            .filter_map(|index| match &self.judged[index].verdict {
                Verdict::Create => Some(Step::Create(Box::new(self.new_user(index)))),
                Verdict::Update { user, changes } => Some(self.edit(index, *user, changes)),
                Verdict::Unchanged { .. } | Verdict::Proposal(_) | Verdict::Refused(_) => None,
            })
            .collect()
    }

    fn new_user(&self, index: usize) -> NewUser {
        let row = self.sheet.row(index);
        let person = self.person(index);
        let wanted = self.number(index).cloned();
        let mail = row.trimmed(Column::Email);
        let name = match (row.trimmed(Column::Name), person) {
            ("", Some(person)) if !person.name.is_empty() => &person.name,
            ("", _) => mail,
            (name, _) => name,
        };
        let number = person.and_then(|person| person.number.clone());
        NewUser {
            name: name.to_owned(),
            mail: mail.to_owned(),
            kind: kind_of(wanted.as_ref().or(number.as_ref())),
            country: person.and_then(|person| person.country),
            association: person.map_or(Association::None, |person| Association::Matched(person.id)),
            wanted_number: wanted.filter(|wanted| Some(wanted) != number.as_ref()),
            number,
            wanted_country: None,
            sip_username: some(row.trimmed(Column::SipUsername)),
            external_id: some(row.trimmed(Column::ExternalId)),
        }
    }

    fn edit(&self, index: usize, user: UserId, changes: &[Change]) -> Step {
        let of = |column: Column| {
            let mut changes = changes.iter();
            let change = changes.find(|change| change.column == column);
            change.map(|change| change.after.clone())
        };
        let target = self.judged[index].target;
        let anew = target.and_then(|target| self.associated_anew(index, target));
        let mut patch = Patch {
            name: of(Column::Name),
            mail: of(Column::Email),
            association: anew,
            ..Patch::default()
        };
        if let (Some(_), Some(number), Some(target)) =
            (of(Column::PhoneNumber), self.number(index), target)
        {
            let known = self.known.user(target);
            let seen = Value::Number(match anew {
                None => known.user.number.clone(),
                Some(_) => self.number_before(index, target).cloned(),
            });
            patch
                .two_way
                .push((seen, Value::Number(Some(number.clone()))));
            patch.kind = match (known.user.kind, number.extension()) {
                (NumberKind::Ddi, Some(_)) => Some(NumberKind::Extension),
                (NumberKind::Extension, None) => Some(NumberKind::Ddi),
                _ => None,
            };
        }
        Step::Edit {
            user,
            patch: Box::new(patch),
            sip_username: of(Column::SipUsername),
            external_id: of(Column::ExternalId),
        }
    }
}

fn kind_of(number: Option<&PhoneNumber>) -> NumberKind {
    match number.and_then(PhoneNumber::extension) {
        Some(_) => NumberKind::Extension,
        None => NumberKind::Ddi,
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}
