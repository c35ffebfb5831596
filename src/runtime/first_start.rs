//! The screens before there is a console to run: the first steps, and the list of tenants where none was asked for.

use std::io;

use jiff::Timestamp;

use crate::app::event::What;
use crate::app::first_start::{Asked, Choice, FirstStart};
use crate::config::places::Places;
use crate::domain::settings::NewTenant;
use crate::view;
use crate::view::theme::Theme;

use super::credentials::SecretOf;
use super::outlet::OUTLET;
use super::terminal::Screen;
use super::{Neighbours, Seat, hangup, new_tenant};

impl Seat {
    /// Shows the first steps until one is chosen; the exit code when the terminal has gone away or the program is told to end.
    pub async fn first_start(
        &mut self,
        first: &mut FirstStart,
        places: &Places,
        look: (&Theme, bool, Timestamp),
    ) -> io::Result<Result<Choice, u8>> {
        // What is typed here twice is not meant for the console that follows.
        self.opened += 1;
        loop {
            self.show(first, look)?;
            // It changes by keys and by the window's size alone.
            let what = tokio::select! {
                biased;
                what = self.from_outside.recv() => what,
                () = OUTLET.freed() => continue,
            };
            let asked = match what {
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
                Some(What::Resize { .. }) => {
                    self.screen.forget();
                    Asked::Draw
                }
                Some(_) => Asked::Draw,
            };
            match asked {
                Asked::Draw => {}
                Asked::Choose(choice) => return Ok(Ok(choice)),
                Asked::Add(new) => {
                    self.show(first, look)?;
                    let is_there = first.form.as_ref().is_some_and(|form| form.saved.is_some());
                    match add(first, places, *new).await {
                        Some(name) if is_there => {
                            let tenants = Neighbours::under(Some(places.clone())).cards(look.2);
                            first.edited(&name, tenants);
                        }
                        Some(name) => return Ok(Ok(Choice::Connected(name))),
                        None => {}
                    }
                }
            }
        }
    }

    /// Draws the first steps where the terminal takes it.
    fn show(&mut self, first: &mut FirstStart, look: (&Theme, bool, Timestamp)) -> io::Result<()> {
        if !self.screen.is_free() {
            return Ok(());
        }
        let size = Screen::size()?;
        first.resized(size.1);
        self.screen
            .draw(size, |buffer| view::first_start::draw(first, look, buffer))
    }
}

/// Adds the tenant of the form, or changes it: its name; where it could not be, the form says why.
async fn add(first: &mut FirstStart, places: &Places, new: NewTenant) -> Option<String> {
    let done = match &first.form {
        Some(form) if form.saved.is_some() => {
            new_tenant::change_from_form(places, &new, SecretOf::Whichever).await
        }
        Some(_) | None => new_tenant::add_from_form(places, &new, SecretOf::Whichever)
            .await
            .map(drop),
    };
    match done {
        Ok(()) => Some(new.name),
        Err(why) => {
            if let Some(form) = &mut first.form {
                form.refused(why);
            }
            None
        }
    }
}
