//! The form of a tenant's settings: seats, their end, group and mode. Local, saved at once; nothing of it is sent.

use jiff::civil::Date;

use crate::app::cells;
use crate::app::event::Key;
use crate::app::field::{Field as Line, Typed};
use crate::domain::seat::{self, Preview, Seats};
use crate::domain::settings::{AddMode, Selection, TenantSettings};
use crate::domain::user::User;
use crate::roster::desk::Desk;

use super::editor::EditState;
use super::{corrected, turned, turns};

/// Names that are shown of those who would lose the license.
const NAMED: usize = 6;

/// The form.
#[derive(Debug, Clone, PartialEq)]
pub struct SettingsForm {
    /// The field that keys go to.
    pub focus: SettingsField,
    /// Seats bought; blank is no limit.
    pub bought: Line,
    /// The last day; blank is no end.
    pub ends: Line,
    /// The group; blank is everyone.
    pub group: Line,
    /// How users are added.
    pub mode: AddMode,
    /// What was set when the form was opened.
    pub initial: TenantSettings,
    /// What is wrong, by field.
    pub faults: Vec<(SettingsField, &'static str)>,
    /// Whether it is being saved.
    pub state: EditState,
}

/// A field, in the order of the form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingsField {
    /// Seats bought.
    Seats,
    /// End date.
    Ends,
    /// Group filter.
    Group,
    /// Sync or manual.
    Mode,
}

impl SettingsField {
    /// All fields in order.
    pub const ALL: [Self; 4] = [Self::Seats, Self::Ends, Self::Group, Self::Mode];

    /// Its label.
    pub fn label(self) -> &'static str {
        match self {
            Self::Seats => "Seats bought",
            Self::Ends => "Last day",
            Self::Group => "Group",
            Self::Mode => "Add users",
        }
    }

    /// What may stand in it.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Seats => "a number; blank is no limit",
            Self::Ends => "of the trial or contract, YYYY-MM-DD; blank is no end",
            Self::Group => "Azure AD Group Name, or the group's id; blank looks at everyone",
            Self::Mode => "sync builds the picklist of 2 Add users; manual builds none",
        }
    }
}

impl SettingsForm {
    /// The form, filled with what is set now.
    pub fn open(initial: TenantSettings) -> Self {
        let text = |text: Option<String>| Line::new(&text.unwrap_or_default());
        Self {
            focus: SettingsField::Seats,
            bought: text(initial.seats.bought.map(|n| n.to_string())),
            ends: text(initial.seats.ends.map(|day| day.to_string())),
            group: Line::new(initial.selection.group.as_deref().unwrap_or_default()),
            mode: initial.selection.mode,
            initial,
            faults: Vec::new(),
            state: EditState::Editing,
        }
    }

    /// Whether the form says something else than what is set.
    pub fn is_dirty(&self) -> bool {
        self.wanted().as_ref() != Ok(&self.initial)
    }

    /// Whether an answer is waited for.
    pub fn is_saving(&self) -> bool {
        matches!(self.state, EditState::Saving(_))
    }

    /// What the form says, or what is wrong in it.
    pub fn wanted(&self) -> Result<TenantSettings, Vec<(SettingsField, &'static str)>> {
        let mut faults = Vec::new();
        let bought = read(&self.bought, &mut || {
            faults.push((SettingsField::Seats, "not a number of seats"));
        });
        let ends = read(&self.ends, &mut || {
            faults.push((SettingsField::Ends, "not a day: write YYYY-MM-DD"));
        });
        if !faults.is_empty() {
            return Err(faults);
        }
        let group = self.group.text().trim();
        Ok(TenantSettings {
            seats: Seats { bought, ends },
            selection: Selection {
                group: (!group.is_empty()).then(|| group.to_owned()),
                mode: self.mode,
            },
        })
    }

    /// Takes a key that is no action of the form.
    pub fn key(&mut self, key: Key) {
        if self.is_saving() {
            return;
        }
        let focus = self.focus;
        let typed = match focus {
            SettingsField::Seats => self.bought.key(key),
            SettingsField::Ends => self.ends.key(key),
            SettingsField::Group => self.group.key(key),
            SettingsField::Mode => {
                if turns(key).is_some() {
                    self.mode = self.mode.other();
                }
                Typed::Same
            }
        };
        if typed == Typed::Changed {
            self.touched();
        }
    }

    /// Takes pasted text.
    pub fn paste(&mut self, text: &str) {
        if self.is_saving() {
            return;
        }
        let typed = match self.focus {
            SettingsField::Seats => self.bought.paste(text),
            SettingsField::Ends => self.ends.paste(text),
            SettingsField::Group => self.group.paste(text),
            SettingsField::Mode => Typed::NotMine,
        };
        if typed == Typed::Changed {
            self.touched();
        }
    }

    fn touched(&mut self) {
        corrected(&mut self.faults, &self.focus, &mut self.state);
    }

    /// Goes to another field.
    pub fn turn(&mut self, by: isize) {
        let all = SettingsField::ALL;
        let here = all.iter().position(|field| *field == self.focus);
        self.focus = all[turned(here.unwrap_or_default(), by, all.len())];
    }
}

/// The value of a field; `None` when it is blank, or is none and that was told.
fn read<T: std::str::FromStr>(line: &Line, wrong: &mut dyn FnMut()) -> Option<T> {
    let text = line.text().trim();
    if text.is_empty() {
        return None;
    }
    let value = text.parse().ok();
    if value.is_none() {
        wrong();
    }
    value
}

/// Configured users of a desk, as the rules of seats take them.
pub fn users(desk: &Desk) -> Vec<User> {
    desk.users.iter().map(|row| row.user.clone()).collect()
}

/// What other seats would mean, in lines: who would be Unlicensed, who licensed again. Empty when nobody's license changes.
pub fn foreseen(users: &[User], (now, then): (Seats, Seats), today: Date) -> Vec<String> {
    let Preview { lose, gain } = seat::preview(users, now, then, today);
    let named = |people: &[&User]| {
        let mut names: Vec<&str> = people
            .iter()
            .take(NAMED)
            .map(|user| user.name.as_str())
            .collect();
        let more = format!("and {} more", people.len().saturating_sub(NAMED));
        if people.len() > NAMED {
            names.push(&more);
        }
        names.join(", ")
    };
    let mut lines = Vec::new();
    if !lose.is_empty() {
        let n = cells::thousands(lose.len() as u64);
        lines.push(format!("Would lose the seat ({n}): {}", named(&lose)));
    }
    if !gain.is_empty() {
        let n = cells::thousands(gain.len() as u64);
        lines.push(format!("Would have a seat again ({n}): {}", named(&gain)));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::event::Code;
    use crate::app::fixture;

    #[test]
    fn a_form_says_what_is_set_and_what_is_wrong() {
        let seats = Seats {
            bought: Some(25),
            ends: Some("2027-03-31".parse().unwrap()),
        };
        let initial = TenantSettings {
            seats,
            selection: Selection {
                group: Some("Voice users".into()),
                mode: AddMode::Sync,
            },
        };
        let mut form = SettingsForm::open(initial.clone());
        assert_eq!(form.wanted(), Ok(initial));
        assert!(!form.is_dirty());
        form.bought.set(" 2O");
        form.ends.set("31.3.2027");
        assert_eq!(
            form.wanted(),
            Err(vec![
                (SettingsField::Seats, "not a number of seats"),
                (SettingsField::Ends, "not a day: write YYYY-MM-DD")
            ])
        );
        for line in [&mut form.bought, &mut form.ends, &mut form.group] {
            line.set(" ");
        }
        form.focus = SettingsField::Mode;
        form.key(Code::Char(' ').into());
        assert_eq!(
            form.wanted(),
            Ok(TenantSettings {
                seats: Seats::default(),
                selection: Selection {
                    group: None,
                    mode: AddMode::Manual
                }
            })
        );
        form.turn(1);
        assert_eq!(form.focus, SettingsField::Seats);
        form.turn(-1);
        assert_eq!(form.focus, SettingsField::Mode);
    }

    #[test]
    fn who_would_lose_is_named_the_last_to_come_first() {
        let users = users(&fixture::desk());
        let seats = |bought| Seats { bought, ends: None };
        let today = "2026-11-22".parse().unwrap();
        assert_eq!(
            foreseen(&users, (seats(None), seats(Some(3))), today),
            ["Would lose the seat (2): Pradeep Gupta, Megan Bowen"]
        );
        assert_eq!(
            foreseen(&users, (seats(Some(4)), seats(None)), today),
            ["Would have a seat again (1): Pradeep Gupta"]
        );
    }
}
