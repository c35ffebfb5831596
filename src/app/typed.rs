//! What is typed into a form is kept a moment later, so that no end, however sudden, costs more than that moment.

use std::time::Duration;

use super::App;
use super::effect::Effect;
use super::modal::Modal;
use super::pane::editor::Editor;

/// How long a key waits to be kept; those that follow it meanwhile are kept with it.
const MOMENT: Duration = Duration::from_millis(400);

impl App {
    /// Notes when the open form is to be kept, if it holds what is not kept yet.
    pub(super) fn note_typed(&mut self) {
        let unkept = self
            .form_in_hand()
            .is_some_and(|form| form.draft() != form.kept);
        self.typed_due = if unkept {
            self.typed_due.or(self.now.checked_add(MOMENT).ok())
        } else {
            None
        };
    }

    /// Keeps what was typed, once its moment is over.
    pub(super) fn keep_typed(&mut self) -> Option<Effect> {
        self.typed_due.filter(|due| *due <= self.now)?;
        self.typed_due = None;
        self.form_in_hand().and_then(Editor::keep)
    }

    /// The form that somebody types into: what is being saved is kept by its saving.
    fn form_in_hand(&mut self) -> Option<&mut Editor> {
        match self.modals.last_mut() {
            Some(Modal::Form(form)) if !form.is_saving() => Some(form),
            _ => None,
        }
    }
}
