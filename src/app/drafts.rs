//! Forms that were kept when they were not saved: offered once the list is there, opened by the key of their form.

use super::App;
use super::doc::Tone;
use super::effect::Effect;
use super::filter::Typing;
use super::pane::editor::Target;
use super::pane::editor::draft::{draft_key, draft_target, is_read};

impl App {
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
        let opens = match target {
            Some(Target::User(_)) => "{edit} opens it",
            Some(Target::New) | None => "{add-by-hand} opens it",
        };
        // Whom the list has by another name is not called by one that was typed and not saved.
        let saved = match target {
            Some(Target::User(id)) => self.desk.users.iter().find(|row| row.user.id == id),
            Some(Target::New) | None => None,
        };
        let typed = text.lines().find_map(|line| line.strip_prefix("name="));
        let name = saved.map(|row| row.user.name.as_str()).or(typed);
        let name = name.filter(|name| !name.is_empty());
        let said = format!("an edit of {} was kept; {opens}", name.unwrap_or("a user"));
        self.say(Tone::Busy, said);
    }

    /// Forgets the kept text of a form.
    pub(super) fn forget_draft(&mut self, target: Target) -> Effect {
        let key = draft_key(target);
        self.drafts.retain(|(kept, _)| *kept != key);
        Effect::KeepDraft { key, text: None }
    }
}
