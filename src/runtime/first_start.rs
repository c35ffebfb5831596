//! The screen of a program without a tenant, before there is a console to run.

use std::io;

use crate::app::event::What;
use crate::app::first_start::{Choice, FirstStart, choice};
use crate::view;
use crate::view::theme::Theme;

use super::outlet::OUTLET;
use super::terminal::Screen;
use super::{Seat, hangup};

impl Seat {
    /// Shows the first steps until one is chosen; the exit code when the terminal has gone away or the program is told to end.
    pub async fn first_start(
        &mut self,
        first: &FirstStart,
        look: (&Theme, bool),
    ) -> io::Result<Result<Choice, u8>> {
        // What is typed here twice is not meant for the console that follows.
        self.opened += 1;
        loop {
            if self.screen.is_free() {
                self.screen.draw(Screen::size()?, |buffer| {
                    view::first_start::draw(first, look, buffer);
                    None
                })?;
            }
            // It changes by keys and by the window's size alone.
            let what = tokio::select! {
                biased;
                what = self.from_outside.recv() => what,
                () = OUTLET.freed() => continue,
            };
            match what {
                Some(What::Key(key)) => {
                    if let Some(choice) = choice(key) {
                        return Ok(Ok(choice));
                    }
                }
                Some(What::Hangup) | None => {
                    self.screen.is_gone();
                    return Ok(Err(129));
                }
                Some(What::Terminate { code }) => return Ok(Err(code)),
                Some(What::Suspend) => self.screen.step_aside(hangup::stop)?,
                Some(What::Continued) => self.screen.come_back()?,
                Some(What::Resize { .. }) => self.screen.forget(),
                Some(_) => {}
            }
        }
    }
}
