//! Where a key goes: to a field that takes text, to what stands over the panes, or through the keymap to an action.

use jiff::{SignedDuration, Timestamp};

use super::action::{self, Action, Place};
use super::available;
use super::cursor::Move;
use super::doc::Tone;
use super::effect::{Effect, Who};
use super::event::{Code, Key};
use super::field::Typed;
use super::filter::Enter;
use super::layout::too_small;
use super::lifecycle::Lifecycle;
use super::modal::Modal;
use super::notice::Notice;
use super::pane::Pane;
use super::pane::candidates::Listing;
use super::pane::confirm::Question;
use super::pane::editor::Did;
use super::pane::palette::{Item, Palette};
use super::pane::text::Text;
use super::{App, keymap, layout};

/// How long the key of an answer is not taken again: longer than a key that bounces, or that was pressed twice.
const AGAIN: SignedDuration = SignedDuration::from_millis(700);

/// The key that has confirmed something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Answered {
    /// Which.
    key: Key,
    /// When it was pressed last.
    at: Timestamp,
    /// Whether no frame was drawn since.
    pub(super) unseen: bool,
}

impl App {
    /// Where keys are read now.
    pub fn place(&self) -> Place {
        match (self.modals.last(), self.pane) {
            _ if self.is_typing() => Place::Filter,
            (Some(modal), _) => modal.place(),
            (None, Pane::Users) => Place::Users,
            (None, Pane::Candidates) => Place::Candidates,
            (None, Pane::Sync) => Place::Sync,
            (None, Pane::Changes) => Place::Changes,
            (None, Pane::Licences) => Place::Licences,
            (None, Pane::Numbers) => Place::Numbers,
        }
    }

    pub(super) fn key(&mut self, key: Key) -> Vec<Effect> {
        if self.comes_after_an_answer(key) {
            return Vec::new();
        }
        if !self.edits_filter(key) {
            self.finish_rows();
        }
        let said = self.notice.clone();
        let pane = (self.pane, self.licences.inside.is_some());
        let over = self.modals.len();
        let top = self.modals.last().map(std::mem::discriminant);
        let place = self.place();
        let key = self.settings.keys.meant(place, key);
        let acts = self.settings.keys.action(place, key).is_some() || action::takes_text(place);
        let answers = self.answers(place, key);
        let mut effects = self.typed(key);
        if answers {
            self.answered_by = Some(Answered {
                key,
                at: self.now,
                unseen: true,
            });
        }
        effects.extend(self.keep_filters());
        let now_top = self.modals.last().map(std::mem::discriminant);
        let elsewhere = (self.pane, self.licences.inside.is_some()) != pane
            || self.modals.len() > over
            || (now_top.is_some() && now_top != top && self.modals.len() == over);
        if self.notice != said {
            self.said_over = self.modals.len();
        }
        let elsewhere = elsewhere || self.modals.len() < self.said_over;
        // What was said stands under the screen that it is about, and under no other.
        if self.notice == said
            && let Some(Notice::Word { until, .. }) = &self.notice
            && (elsewhere || (until.is_none() && acts))
        {
            self.notice = None;
        }
        effects
    }

    /// Whether a key confirms here what it was shown: the plan, a question, a preview.
    fn answers(&self, place: Place, key: Key) -> bool {
        let action = self.settings.keys.action(place, key);
        match place {
            Place::Confirm if self.is_name_typed() => key.code == Code::Enter,
            _ => action.is_some_and(Action::is_answer),
        }
    }

    /// Whether a key was meant for what an answer has just closed: pressed before anybody can have seen that it is gone, or the
    /// same key again, as fingers and slow lines do. It would mean something else below.
    fn comes_after_an_answer(&mut self, key: Key) -> bool {
        let Some(answered) = &mut self.answered_by else {
            return false;
        };
        if key.ctrl && key.code == Code::Char('c') {
            return false;
        }
        let again = key == answered.key && self.now.duration_since(answered.at) < AGAIN;
        if again {
            answered.at = self.now;
        }
        if again || answered.unseen {
            return true;
        }
        self.answered_by = None;
        false
    }

    /// Whether the line was said before the form that has the keys was opened.
    pub fn is_of_before(&self) -> bool {
        self.place() == Place::Form && self.said_over < self.modals.len()
    }

    fn typed(&mut self, key: Key) -> Vec<Effect> {
        if key.ctrl && key.code == Code::Char('c') {
            return self.quit_now();
        }
        if self.life != Lifecycle::Running {
            return Vec::new();
        }
        let place = self.place();
        let action = self.settings.keys.action(place, key);
        if too_small(self.size) {
            // Nothing is shown, so nothing is done blindly but leaving.
            return match action {
                Some(Action::Quit) => self.quit_now(),
                Some(_) | None => Vec::new(),
            };
        }
        match place {
            Place::Filter => self.filter_key(key, action),
            Place::Form => self.form_action(key, action),
            Place::Choice if matches!(self.modals.last(), Some(Modal::Chooser(_))) => {
                self.chooser_key(key, action)
            }
            Place::Choice if matches!(self.modals.last(), Some(Modal::Free(_))) => {
                self.free_key(key, action)
            }
            Place::Choice => self.seat_key(key, action),
            Place::Palette => self.palette_key(key, action),
            Place::Confirm if self.is_name_typed() => self.typed_key(key, action),
            Place::Confirm
            | Place::Users
            | Place::Candidates
            | Place::Sync
            | Place::Changes
            | Place::Licences
            | Place::Numbers
            | Place::Why
            | Place::Plan
            | Place::Conflict
            | Place::Log
            | Place::SignIn
            | Place::Earlier
            | Place::Review
            | Place::Columns
            | Place::Text => self.command(key, action),
        }
    }

    fn command(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        if let Some(Notice::Failed(failure)) = &self.notice {
            if key.code == Code::Enter && self.place() != Place::Confirm {
                let text = Text::failure(failure);
                self.notice = None;
                self.modals.push(Modal::Text(text));
                return Vec::new();
            }
            if key.code == Code::Esc && self.modals.is_empty() {
                self.notice = None;
                return Vec::new();
            }
        }
        match action {
            Some(Action::Choose) => self.choose(key),
            Some(action) => self.act(action),
            None => {
                self.say_no_key(key);
                Vec::new()
            }
        }
    }

    /// A key that does nothing here says where it does something. What stays until it is read is not pushed away by it.
    fn say_no_key(&mut self, key: Key) {
        let passing = |notice: &Notice| notice.until().is_some();
        if !self.notice.as_ref().is_none_or(passing) {
            return;
        }
        let text = if self.place() == Place::Confirm {
            "{yes} and {no} answer the question; Esc leaves it".to_owned()
        } else {
            let name = keymap::name(key);
            match self.settings.keys.anywhere(key) {
                Some(action) => {
                    let word = action.binding().word;
                    format!("{name} ({word}) {}", available::elsewhere(action))
                }
                None => format!("{name} does nothing here; {{actions}} lists all keys"),
            }
        };
        self.say(Tone::Dim, text);
    }

    pub(super) fn paste(&mut self, text: &str) {
        if self.life != Lifecycle::Running || too_small(self.size) {
            return;
        }
        match self.place() {
            Place::Filter => {
                if self.filter_mut().field.paste(text) == Typed::Changed {
                    self.filter_mut().typed();
                    self.refilter();
                }
            }
            Place::Form => {
                self.bulk_paste(text);
                if let Some(Modal::Form(form)) = self.modals.last_mut() {
                    form.paste(text, &self.roster);
                }
                if let Some(Modal::Settings(form)) = self.modals.last_mut() {
                    form.paste(text);
                }
                if let Some(Modal::NewTenant(form)) = self.modals.last_mut() {
                    form.paste(text);
                }
            }
            Place::Choice => {
                if let Some(Modal::Seat(open)) = self.modals.last_mut()
                    && open.field.paste(text) == Typed::Changed
                {
                    open.search(&self.desk);
                }
                if let Some(Modal::Chooser(open)) = self.modals.last_mut()
                    && open.field.paste(text) == Typed::Changed
                {
                    open.search();
                }
                if let Some(Modal::Free(open)) = self.modals.last_mut()
                    && open.field.paste(text) == Typed::Changed
                {
                    open.search();
                }
            }
            Place::Palette => {
                if let Some(Modal::Palette(palette)) = self.modals.last_mut()
                    && palette.field.paste(text) == Typed::Changed
                {
                    palette.search(&self.roster, &self.settings.keys);
                }
            }
            Place::Users | Place::Candidates => self.pasted_in_pane(text),
            Place::Confirm => self.paste_in_question(text),
            Place::Sync
            | Place::Changes
            | Place::Licences
            | Place::Numbers
            | Place::Why
            | Place::Plan
            | Place::Conflict
            | Place::Review
            | Place::Columns
            | Place::Text
            | Place::Log
            | Place::SignIn
            | Place::Earlier => {
                let keys = &self.settings.keys;
                let said = format!(
                    "a paste is never a command: {} filters, {} edits",
                    keys.first(Action::Filter),
                    keys.first(Action::Edit)
                );
                self.say(Tone::Dim, said);
            }
        }
    }

    /// Who or what a question is about may be pasted into it; what confirms it is typed.
    fn paste_in_question(&mut self, text: &str) {
        let Some(Modal::Confirm(confirm)) = self.modals.last_mut() else {
            return;
        };
        if !confirm.takes_paste() {
            let said = if confirm.field().is_some() {
                "what confirms this is typed, never pasted"
            } else {
                "a paste answers no question: {yes} and {no} do; Esc leaves it"
            };
            self.say(Tone::Dim, said);
            return;
        }
        let changed = confirm
            .field_mut()
            .is_some_and(|field| field.paste(text) == Typed::Changed);
        if changed {
            self.find_successors();
        }
    }

    fn filter_key(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        if action == Some(Action::Leave) {
            self.filter_mut().take_back();
            self.refilter();
            // The next key may be in this batch: it acts on the row that is under the cursor then.
            self.settle();
            return Vec::new();
        }
        match key.code {
            Code::Enter => {
                // What is under the last letters is only known after the rows were filtered.
                self.settle();
                self.finish_rows();
                self.filter_mut().end();
                return self.open_elsewhere().unwrap_or_default();
            }
            Code::Down | Code::ShiftDown => return self.move_cursor(Move::By(1)),
            Code::Up | Code::ShiftUp => return self.move_cursor(Move::By(-1)),
            Code::PageDown => return self.move_cursor(Move::Pages(1)),
            Code::PageUp => return self.move_cursor(Move::Pages(-1)),
            Code::Tab if self.completion().is_some() => {
                let text = self.completion().unwrap_or_default();
                self.filter_mut().field.set(&text);
                self.filter_mut().typed();
                self.refilter();
            }
            Code::Tab | Code::BackTab => {
                self.settle();
                self.filter_mut().end();
            }
            Code::Backspace if self.filter().field.text().is_empty() => self.filter_mut().end(),
            Code::Backspace
            | Code::Char(_)
            | Code::Esc
            | Code::Delete
            | Code::Left
            | Code::Right
            | Code::Home
            | Code::End
            | Code::F(_) => {
                if self.filter_mut().field.key(key) == Typed::Changed {
                    self.filter_mut().typed();
                    self.refilter();
                }
            }
        }
        Vec::new()
    }

    /// Enter where the filter finds nobody in its pane: explains the one that it finds elsewhere, or lists them; `None` when it
    /// finds somebody here.
    pub(super) fn open_elsewhere(&mut self) -> Option<Vec<Effect>> {
        let elsewhere = self.filter().elsewhere.as_ref()?;
        let pane = match elsewhere.enter {
            Enter::Why => return self.explain_elsewhere(),
            Enter::Users => Pane::Users,
            Enter::Everyone => Pane::Candidates,
            Enter::Numbers => Pane::Numbers,
        };
        let mut filter = self.filter().clone();
        filter.end();
        filter.elsewhere = None;
        filter.typed();
        if pane == Pane::Candidates {
            self.candidates.listing = Listing::Everyone;
        }
        self.pane = pane;
        *self.filter_mut() = filter;
        self.refilter();
        self.settle();
        Some(Vec::new())
    }

    /// Explains whom the filter finds in another pane, or whoever was typed.
    pub(super) fn explain_elsewhere(&mut self) -> Option<Vec<Effect>> {
        let elsewhere = self.filter().elsewhere.clone()?;
        let name = match &elsewhere.who {
            Who::Text(text) => text.clone(),
            Who::Directory(_) | Who::User(_) => elsewhere
                .first
                .clone()
                .map(|(name, _)| name)
                .unwrap_or_default(),
        };
        Some(self.explain(elsewhere.who, &name, false))
    }

    /// A key, or what it means, in whichever form is on top.
    fn form_action(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        match self.modals.last() {
            // What is being saved closes the form that is on top.
            Some(form) if action == Some(Action::FormKeys) => {
                if !form.is_saving() {
                    self.open_palette();
                }
                Vec::new()
            }
            Some(Modal::Settings(_)) => self.settings_key(key, action),
            Some(Modal::NewTenant(_)) => self.new_tenant_key(key, action),
            Some(Modal::Bulk(_)) => self.bulk_key(key, action),
            Some(_) | None => self.form_key(key, action),
        }
    }

    fn form_key(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        let Some(Modal::Form(form)) = self.modals.last_mut() else {
            return Vec::new();
        };
        let turned = match action {
            Some(Action::Save) => return self.save_form(),
            Some(Action::Leave) => return self.leave_form(),
            Some(Action::NextField) => form.turn(1),
            Some(Action::PreviousField) => form.turn(-1),
            Some(Action::FreeNumbers) => {
                return self.open_free();
            }
            Some(Action::TakeProposal) => {
                form.take_proposal();
                return Vec::new();
            }
            Some(_) | None => {
                form.key(key, &self.roster);
                return Vec::new();
            }
        };
        match turned {
            Did::Nothing => Vec::new(),
            Did::Left => form.keep().into_iter().collect(),
        }
    }

    fn palette_key(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        let height = layout::list_height(self.layout().body, 2 + layout::PALETTE_WHOLE);
        let Some(Modal::Palette(palette)) = self.modals.last_mut() else {
            return Vec::new();
        };
        if action == Some(Action::Leave) {
            self.modals.pop();
            return Vec::new();
        }
        match (key.code, key.ctrl) {
            (Code::Enter, _) => return self.run_chosen(),
            (Code::Char('n'), true) => palette.step(Move::By(1), height),
            (Code::Char('p'), true) => palette.step(Move::By(-1), height),
            (code, _) => match Move::under_a_field(code) {
                Some(step) => palette.step(step, height),
                None if palette.field.key(key) == Typed::Changed => {
                    palette.search(&self.roster, &self.settings.keys);
                }
                None => {}
            },
        }
        Vec::new()
    }

    fn run_chosen(&mut self) -> Vec<Effect> {
        let Some(Modal::Palette(palette)) = self.modals.last() else {
            return Vec::new();
        };
        match palette.chosen().cloned() {
            None => {
                self.say(
                    Tone::Dim,
                    "no action is called that; why TEXT explains anyone",
                );
                Vec::new()
            }
            Some(Item::Explain { who, name, .. }) => {
                self.modals.pop();
                self.explain(who, &name, false)
            }
            Some(Item::Do(action)) => {
                let below = self.place_below();
                if let Some(reason) = self.refusal_in(below, action) {
                    self.say(Tone::Warn, reason);
                    return Vec::new();
                }
                self.modals.pop();
                match self.place() {
                    // No form takes this key for text.
                    Place::Form => self.form_action(Code::F(1).into(), Some(action)),
                    _ => self.act(action),
                }
            }
        }
    }

    /// Where keys would be read without the list of actions.
    pub fn place_below(&self) -> Place {
        match (self.over(), self.pane) {
            (Some(modal), _) => modal.place(),
            (None, Pane::Users) => Place::Users,
            (None, Pane::Candidates) => Place::Candidates,
            (None, Pane::Sync) => Place::Sync,
            (None, Pane::Changes) => Place::Changes,
            (None, Pane::Licences) => Place::Licences,
            (None, Pane::Numbers) => Place::Numbers,
        }
    }

    /// What stands over the panes, the list of all actions aside: it is where its actions would be done.
    pub fn over(&self) -> Option<&Modal> {
        self.modals
            .iter()
            .rev()
            .find(|modal| !matches!(modal, Modal::Palette(_)))
    }

    /// Opens the list of all actions.
    pub(super) fn open_palette(&mut self) {
        self.modals.push(Modal::Palette(Palette::open(
            self.place_below(),
            &self.roster,
            &self.settings.keys,
        )));
    }

    /// Whether the question on top wants something typed.
    pub fn is_name_typed(&self) -> bool {
        self.typed_field().is_some()
    }

    fn typed_key(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        if action == Some(Action::Leave) {
            self.modals.pop();
            return Vec::new();
        }
        if key.code == Code::Enter {
            return self.confirm_typed();
        }
        if matches!(
            self.open_confirm().map(|confirm| &confirm.question),
            Some(Question::MoveTo(_))
        ) {
            self.move_key(key);
        } else if let Some(Modal::Confirm(confirm)) = self.modals.last_mut()
            && let Some(field) = confirm.field_mut()
        {
            field.key(key);
        }
        Vec::new()
    }
}
