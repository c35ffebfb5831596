//! What is done with the settings of a tenant: the form, the group filter, the seat of somebody else.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::domain::settings::{AddMode, Selection, TenantSettings};
use crate::domain::user::UserId;
use crate::domain::words;

use super::action::Action;
use super::cursor::Move;
use super::doc::Tone;
use super::effect::{Effect, LedgerChange, SettingsChange};
use super::event::{Code, Key};
use super::field::Typed;
use super::layout;
use super::modal::Modal;
use super::pane::candidates::Picklist;
use super::pane::confirm::Question;
use super::pane::editor::EditState;
use super::pane::seat::{self, SeatBox};
use super::pane::settings::{SettingsForm, foreseen, users};
use super::{App, Wait};

impl App {
    /// The day in UTC: seats end with it.
    pub fn today(&self) -> Date {
        self.now.to_zoned(TimeZone::UTC).date()
    }

    /// Opens the form of the tenant's settings.
    pub(super) fn open_settings(&mut self) {
        let initial = TenantSettings {
            seats: self.desk.seats,
            selection: Selection {
                group: self.settings.group.clone(),
                mode: if self.settings.manual_mode {
                    AddMode::Manual
                } else {
                    AddMode::Sync
                },
            },
        };
        self.modals
            .push(Modal::Settings(Box::new(SettingsForm::open(initial))));
    }

    pub(super) fn settings_key(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        let Some(Modal::Settings(form)) = self.modals.last_mut() else {
            return Vec::new();
        };
        match action {
            Some(Action::Save) => return self.save_settings(),
            Some(Action::Leave) => self.leave_settings(),
            Some(Action::NextField) => form.turn(1),
            Some(Action::PreviousField) => form.turn(-1),
            Some(_) | None => form.key(key),
        }
        Vec::new()
    }

    fn leave_settings(&mut self) {
        match self.modals.last() {
            Some(Modal::Settings(form)) if form.is_saving() => {
                self.say(Tone::Busy, "it is being saved");
            }
            Some(Modal::Settings(form)) if form.is_dirty() => {
                let title = "TENANT SETTINGS".to_owned();
                self.question(Question::LeaveForm { title });
            }
            _ => drop(self.modals.pop()),
        }
    }

    /// Saves the form; where somebody would lose the license by it, after a question that names them.
    fn save_settings(&mut self) -> Vec<Effect> {
        let (today, desk) = (self.today(), self.desk.clone());
        let Some(Modal::Settings(form)) = self.modals.last_mut() else {
            return Vec::new();
        };
        if form.is_saving() {
            return Vec::new();
        }
        let wanted = match form.wanted() {
            Ok(wanted) => wanted,
            Err(faults) => {
                if let Some((field, _)) = faults.first() {
                    form.focus = *field;
                }
                form.faults = faults;
                return Vec::new();
            }
        };
        if wanted == form.initial {
            self.modals.pop();
            self.say(Tone::Dim, words::NOTHING_CHANGED);
            return Vec::new();
        }
        let lines = foreseen(&users(&desk), (desk.seats, wanted.seats), today);
        let losers = lines.into_iter().find(|line| line.contains("lose"));
        match losers {
            Some(losers) if wanted.seats != desk.seats => {
                self.question(Question::LoseSeats {
                    wanted: Box::new(wanted),
                    losers,
                });
                Vec::new()
            }
            Some(_) | None => self.settings_agreed(wanted),
        }
    }

    /// Asks the ledger and the configuration to take them.
    pub(super) fn settings_agreed(&mut self, wanted: TenantSettings) -> Vec<Effect> {
        let req = self.wait_for(Wait::Settings);
        if let Some(Modal::Settings(form)) = self.modals.last_mut() {
            form.state = EditState::Saving(vec![req]);
        }
        vec![Effect::Settings {
            req,
            change: SettingsChange::All(Box::new(wanted)),
        }]
    }

    /// Asks before the group filter is cleared.
    pub(super) fn ask_clear_group(&mut self) {
        if let Some(group) = self.settings.group.clone() {
            self.question(Question::ClearGroup { group });
        }
    }

    /// Clears the group filter.
    pub(super) fn clear_group(&mut self) -> Vec<Effect> {
        let req = self.wait_for(Wait::Settings);
        vec![Effect::Settings {
            req,
            change: SettingsChange::Group(None),
        }]
    }

    /// Group and mode as they are now.
    pub(super) fn selection_is(&mut self, selection: Selection) {
        self.settings.group = selection.group;
        self.settings.manual_mode = selection.mode == AddMode::Manual;
        self.candidates.picklist = if self.settings.manual_mode {
            Picklist::Off
        } else {
            Picklist::Built
        };
        self.tenant_changed();
    }

    /// The form closes when it is saved.
    pub(super) fn settings_saved(&mut self, req: super::event::RequestId) {
        self.modals.retain(|modal| {
            !matches!(modal, Modal::Settings(form)
                if matches!(&form.state, EditState::Saving(open) if open.contains(&req)))
        });
    }

    /// Offers the holders of seats to the user under the cursor, who has none.
    pub(super) fn open_seat(&mut self) {
        let Some(row) = self.users.row(&self.desk) else {
            return;
        };
        let open = SeatBox::open(row.user.id, &row.user.name, &self.desk);
        self.modals.push(Modal::Seat(open));
    }

    /// Why the user under the cursor cannot be given somebody's seat.
    pub(super) fn no_seat(&self) -> Option<String> {
        match self.users.row(&self.desk) {
            Some(row) => seat::refusal(&self.desk, row.user.id),
            None => Some("no user is under the cursor".to_owned()),
        }
    }

    pub(super) fn seat_key(&mut self, key: Key, action: Option<Action>) -> Vec<Effect> {
        let height = layout::list_height(self.layout().body, 3);
        let desk = self.desk.clone();
        let Some(Modal::Seat(open)) = self.modals.last_mut() else {
            return Vec::new();
        };
        if action == Some(Action::Leave) {
            self.modals.pop();
            return Vec::new();
        }
        match key.code {
            Code::Enter => {
                open.settle(&desk, height);
                let (to, name) = (open.to, open.name.clone());
                if let Some(from) = open.chosen(&desk) {
                    let question = Question::MoveSeat {
                        from: from.id,
                        to,
                        names: (from.name.clone(), name),
                    };
                    self.question(question);
                }
            }
            code => match Move::under_a_field(code) {
                Some(step) => open.step(step, &desk, height),
                None if open.field.key(key) == Typed::Changed => open.search(&desk),
                None => {}
            },
        }
        Vec::new()
    }

    /// Moves a seat.
    pub(super) fn move_seat(&mut self, from: UserId, to: UserId) -> Vec<Effect> {
        if matches!(self.modals.last(), Some(Modal::Seat(_))) {
            self.modals.pop();
        }
        let req = self.wait_for(Wait::Settings);
        vec![Effect::Ledger {
            req,
            change: LedgerChange::MoveSeat { from, to },
        }]
    }
}
