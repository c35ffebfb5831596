//! Forms that were kept when a session ended: offered once the list is there, put in when they are opened, forgotten when they are saved.

use super::App;
use super::doc::Tone;
use super::effect::Effect;
use super::event::RequestId;
use super::filter::Typing;
use super::modal::Modal;
use super::pane::editor::draft::{draft_target, is_read};
use super::pane::editor::{EditState, Editor, Target};

impl App {
    /// Puts what was kept of this form into it.
    pub(super) fn put_draft_in(&mut self, form: &mut Editor) {
        let Some(place) = self.drafts.iter().position(is_of(form.target)) else {
            return;
        };
        let (key, text) = self.drafts.remove(place);
        form.restore(&text);
        form.kept_as = Some(key);
        let more = self.drafts.iter().filter(|it| is_of(form.target)(it));
        let kept = match more.count() {
            0 => "this is the edit that was kept; Enter saves it".to_owned(),
            more => format!(
                "this is one of {} edits that were kept; Enter saves it",
                more + 1
            ),
        };
        self.say(Tone::Busy, kept);
    }

    /// A form that was kept: its user gets the cursor, so that `e` opens it. One of which nothing can be read is put aside, so that
    /// no later one takes its place.
    pub(super) fn draft_kept(&mut self, key: String, text: String) -> Vec<Effect> {
        let target = draft_target(&key);
        if target.is_some() && !is_read(&text) {
            self.say(
                Tone::Warn,
                "an edit was kept, and cannot be read; it is put aside",
            );
            let aside = Effect::KeepDraft {
                key: format!("aside {} {key}", self.now),
                text: Some(text),
            };
            return vec![aside, Effect::KeepDraft { key, text: None }];
        }
        match target {
            Some(Target::User(id)) => {
                // Under a filter that hides the row the key would open somebody else. Who types one goes on typing.
                if self.users.filter.typing == Typing::No {
                    self.users.filter.clear();
                }
                self.users.cursor.key = Some(id);
                self.users.stale = true;
            }
            Some(Target::New) => {}
            None => return Vec::new(),
        }
        // Whoever was quicker than the files has this form open and empty: what is typed there is kept beside what nobody has seen.
        for modal in &mut self.modals {
            if let Modal::Form(form) = modal
                && Some(form.target) == target
                && form.kept_as.is_none()
            {
                form.kept_as = Some(format!("{key}#"));
            }
        }
        self.drafts.retain(|(kept, _)| *kept != key);
        self.drafts.push((key, text));
        // Before the list is there nobody knows what its user is called.
        if self.opened {
            self.say_draft();
        }
        Vec::new()
    }

    /// Says whose edit was kept last, and what opens it.
    pub(super) fn say_draft(&mut self) {
        let Some((key, text)) = self.drafts.last() else {
            return;
        };
        let target = draft_target(key);
        let same = self
            .drafts
            .iter()
            .filter(|(kept, _)| draft_target(kept) == target);
        let same = same.count();
        // Whom the list has by another name is not called by one that was typed and not saved.
        let saved = match target {
            Some(Target::User(id)) => self.desk.users.iter().find(|row| row.user.id == id),
            Some(Target::New) | None => None,
        };
        let typed = text.lines().find_map(|line| line.strip_prefix("name="));
        let name = saved.map(|row| row.user.name.as_str()).or(typed);
        let name = name.filter(|name| !name.is_empty()).unwrap_or("a user");
        let said = match (target, same) {
            (Some(Target::User(_)), 1) => format!("an edit of {name} was kept; {{edit}} opens it"),
            (Some(Target::User(_)), n) => {
                format!("{n} edits of {name} were kept; {{edit}} opens one after the other")
            }
            (_, 1) => format!("an edit of {name} was kept; {{add-by-hand}} opens it"),
            (_, n) => format!(
                "{{add-by-hand}} opens {n} users that were being added, one after the other"
            ),
        };
        self.say(Tone::Busy, said);
    }

    /// The form closes when all that it asked for is committed.
    pub(super) fn form_saved(&mut self, req: RequestId) -> Option<Effect> {
        let place = self.modals.iter().position(|modal| {
            matches!(modal, Modal::Form(form) if matches!(&form.state, EditState::Saving(open) if open.contains(&req)))
        })?;
        let Modal::Form(form) = &mut self.modals[place] else {
            return None;
        };
        let EditState::Saving(open) = &mut form.state else {
            return None;
        };
        open.retain(|open| *open != req);
        if !open.is_empty() {
            return None;
        }
        let key = form.draft_key();
        self.modals.remove(place);
        Some(self.forget_draft(key))
    }

    /// Forgets the kept text of a form.
    pub(super) fn forget_draft(&mut self, key: String) -> Effect {
        self.drafts.retain(|(kept, _)| *kept != key);
        Effect::KeepDraft { key, text: None }
    }
}

/// Whether a kept text is one of this form.
fn is_of(form: Target) -> impl Fn(&(String, String)) -> bool {
    move |(key, _)| draft_target(key) == Some(form)
}
