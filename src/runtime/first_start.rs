//! The screen of a program without a tenant, before there is a console to run.

use std::io;

use crate::app::event::What;
use crate::app::first_start::{Asked, Choice, FirstStart};
use crate::app::pane::editor::EditState;
use crate::config::places::Places;
use crate::domain::settings::NewTenant;
use crate::view;
use crate::view::theme::Theme;

use super::{Seat, hangup, new_tenant};

impl Seat {
    /// Shows the first steps until one is chosen; the exit code when the terminal has gone away or the program is told to end.
    pub async fn first_start(
        &mut self,
        first: &mut FirstStart,
        places: &Places,
        look: (&Theme, bool),
    ) -> io::Result<Result<Choice, u8>> {
        // What is typed here twice is not meant for the console that follows.
        self.opened += 1;
        loop {
            self.screen
                .draw(|frame| view::first_start::draw(first, look, frame))?;
            // It changes by keys and by the window's size alone.
            let asked = match self.from_outside.recv().await {
                Some(What::Key(key)) => first.key(key),
                Some(What::Paste(text)) => {
                    first.paste(&text);
                    Asked::Draw
                }
                Some(What::Hangup) | None => {
                    self.screen.is_gone();
                    return Ok(Err(129));
                }
                Some(What::Terminate { code }) => return Ok(Err(code)),
                Some(What::Suspend) => {
                    self.screen.step_aside(hangup::stop)?;
                    Asked::Draw
                }
                Some(What::Continued) => {
                    self.screen.come_back()?;
                    Asked::Draw
                }
                Some(_) => Asked::Draw,
            };
            match asked {
                Asked::Draw => {}
                Asked::Choose(choice) => return Ok(Ok(choice)),
                Asked::Add(new) => {
                    self.screen
                        .draw(|frame| view::first_start::draw(first, look, frame))?;
                    if let Some(name) = add(first, places, *new).await {
                        return Ok(Ok(Choice::Connected(name)));
                    }
                }
            }
        }
    }
}

/// Adds the tenant of the form: its name; where it could not be added, the form says why.
async fn add(first: &mut FirstStart, places: &Places, new: NewTenant) -> Option<String> {
    match new_tenant::add_from_form(places, &new).await {
        Ok(_) => Some(new.name),
        Err(failure) => {
            if let Some(form) = &mut first.form {
                form.state = EditState::Failed(failure);
            }
            None
        }
    }
}
