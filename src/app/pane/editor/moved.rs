//! Own fields that another session saves while the form is open: shown where nothing was typed, asked about where something was.

use crate::app::field::Field as Line;
use crate::domain::user::{Own, Patch};

use super::Editor;

impl Editor {
    /// The own fields as the form showed them first, or as they were last agreed to be replaced.
    pub fn seen(&self) -> Own {
        Own {
            name: self.initial.name.text().to_owned(),
            mail: self.initial.mail.text().to_owned(),
            kind: self.initial.kind,
            association: self.initial.association,
        }
    }

    /// The own fields as they are typed.
    fn typed(&self) -> Own {
        Own {
            name: self.text.name.text().trim().to_owned(),
            mail: self.text.mail.text().trim().to_owned(),
            kind: self.text.kind,
            association: self.text.association,
        }
    }

    /// The ledger has these now: a field in which nothing was typed shows it, the others keep what they were opened with.
    pub fn meet(&mut self, now: &Own) {
        if self.is_saving() {
            return;
        }
        let follow = |text: &mut Line, initial: &mut Line, now: &str| {
            if text.text() == initial.text() && text.text() != now {
                text.set(now);
                initial.set(now);
            }
        };
        let (text, initial) = (&mut self.text, &mut self.initial);
        follow(&mut text.name, &mut initial.name, &now.name);
        follow(&mut text.mail, &mut initial.mail, &now.mail);
        if text.kind == initial.kind {
            (text.kind, initial.kind) = (now.kind, now.kind);
        }
        if text.association == initial.association {
            (text.association, initial.association) = (now.association, now.association);
        }
    }

    /// It was agreed that what is typed takes the place of these.
    pub fn agree_over(&mut self, now: &Own) {
        let (text, initial) = (&self.text, &mut self.initial);
        if text.name.text() != initial.name.text() {
            initial.name.set(&now.name);
        }
        if text.mail.text() != initial.mail.text() {
            initial.mail.set(&now.mail);
        }
        if text.kind != initial.kind {
            initial.kind = now.kind;
        }
        if text.association != initial.association {
            initial.association = now.association;
        }
    }

    /// What saving would put over another session's value, in a line each; in the form it stands there before anybody saves.
    pub fn overtaken(&self, now: &Own) -> Vec<String> {
        let (seen, typed) = (self.seen(), self.typed());
        let patch = Patch {
            name: (typed.name != seen.name).then_some(typed.name),
            mail: (typed.mail != seen.mail).then_some(typed.mail),
            kind: (typed.kind != seen.kind).then_some(typed.kind),
            association: (typed.association != seen.association).then_some(typed.association),
            seen: Some(Box::new(seen)),
            ..Patch::default()
        };
        let line = |(_, field, now): (&str, &str, String)| {
            format!("{field} is now {now}: another session saved it while this form was open")
        };
        patch.moved(now).into_iter().map(line).collect()
    }
}
