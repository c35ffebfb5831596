//! The terminal, taken and given back: on every path that still has one, it is left as it was found.

use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::Print;
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{execute, queue};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::effect::Reporting;
use crate::config::surroundings::Multiplexer;
use crate::domain::text::Label;
use crate::view::wire::Wire;

use super::clipboard;
use super::outlet::OUTLET;

/// Whether the terminal has to be given back.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Has the terminal remember its title; one that cannot shows none at the end.
const KEEP_TITLE: &str = "\x1b[22;2t";

/// The title that was remembered.
const GIVE_TITLE_BACK: &str = "\x1b[23;2t";

/// Presses and the wheel, in the form that knows columns past 223.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";

/// Neither any more.
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// The screen while the console runs.
#[derive(Debug)]
pub(super) struct Screen {
    wire: Wire,
    /// What stands between this program and the terminal.
    through: Multiplexer,
    mouse: Reporting,
    state: State,
}

/// Who has the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// This program.
    Ours,
    /// The shell, while this program is stopped.
    Lent,
    /// Nobody: it is not there any more, and nothing is written.
    Gone,
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn take(through: Multiplexer) -> io::Result<Self> {
        enter()?;
        Ok(Self {
            wire: Wire::default(),
            through,
            mouse: Reporting::Off,
            state: State::Ours,
        })
    }

    /// Gives the terminal back for as long as this program is stopped; takes it again at once where it could not be.
    pub(super) fn step_aside(&mut self, stop: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        if self.state != State::Ours {
            return Ok(());
        }
        restore();
        self.state = State::Lent;
        stop().or_else(|_| self.come_back())
    }

    /// Takes the terminal again, as after a stop that nobody announced: what is on the screen may be another's.
    pub(super) fn come_back(&mut self) -> io::Result<()> {
        if self.state == State::Gone {
            return Ok(());
        }
        if self.state == State::Ours {
            // A shell has set the modes for itself.
            disable_raw_mode()?;
        }
        enter()?;
        self.wire.forget();
        self.state = State::Ours;
        self.mouse(self.mouse)
    }

    /// Columns and rows.
    pub(super) fn size() -> io::Result<(u16, u16)> {
        crossterm::terminal::size()
    }

    /// Columns and rows as the terminal has them now; `None` where it is not ours, or does not tell.
    pub(super) fn seen_size(&self) -> Option<(u16, u16)> {
        if self.state != State::Ours {
            return None;
        }
        seen_size()
    }

    /// Whether a frame that is drawn now is seen now. A terminal that is slow, or takes nothing, gets the latest one when it has
    /// taken what it was sent, and none of those between.
    pub(super) fn is_free(&self) -> bool {
        self.state != State::Ours || OUTLET.is_free()
    }

    /// What was drawn may not be what is seen: the next frame is drawn whole.
    pub(super) fn forget(&mut self) {
        self.wire.forget();
    }

    /// Sends what a frame changes, in one synchronized update: nothing where it changes nothing.
    pub(super) fn draw(
        &mut self,
        (width, height): (u16, u16),
        paint: impl FnOnce(&mut Buffer) -> Option<(u16, u16)>,
    ) -> io::Result<()> {
        if self.state != State::Ours {
            return Ok(());
        }
        let mut buffer = Buffer::empty(Rect::new(0, 0, width, height));
        let cursor = paint(&mut buffer);
        OUTLET.send(&self.wire.frame(&buffer, cursor))
    }

    /// Has the terminal tell of clicks and the wheel, or not. Moves are not asked for: over a slow line they would be noise.
    pub(super) fn mouse(&mut self, reporting: Reporting) -> io::Result<()> {
        self.mouse = reporting;
        if self.state != State::Ours {
            return Ok(());
        }
        let sequence = match reporting {
            Reporting::On => MOUSE_ON,
            Reporting::Off => MOUSE_OFF,
        };
        OUTLET.send(sequence.as_bytes())
    }

    /// Rings.
    pub(super) fn bell(&mut self) -> io::Result<()> {
        if self.state != State::Ours {
            return Ok(());
        }
        OUTLET.send(b"\x07")
    }

    /// Sets the window's title.
    pub(super) fn title(&mut self, title: &str) -> io::Result<()> {
        if self.state != State::Ours {
            return Ok(());
        }
        let mut sequence = Vec::new();
        queue!(sequence, SetTitle(Label::new(title).as_str()))?;
        OUTLET.send(&sequence)
    }

    /// Sends text to the terminal's clipboard; what is to be said of it.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<&'static str> {
        if self.state == State::Ours {
            let sequence = clipboard::sequence(text, self.through);
            OUTLET.send(sequence.as_bytes())?;
        }
        Ok(clipboard::sent(self.through))
    }

    /// The terminal is not there any more: nothing is written from now on.
    pub(super) fn is_gone(&mut self) {
        self.state = State::Gone;
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        match self.state {
            State::Ours => restore(),
            // It was given back, or nobody is there to read.
            State::Lent | State::Gone => {}
        }
    }
}

/// Columns and rows of the window; `None` where it does not tell.
pub(super) fn seen_size() -> Option<(u16, u16)> {
    let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
    (size.ws_col > 0 && size.ws_row > 0).then_some((size.ws_col, size.ws_row))
}

/// Raw mode, and a screen of its own; the first frame erases it.
fn enter() -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    let mut sequence = Vec::new();
    queue!(
        sequence,
        Print(KEEP_TITLE),
        EnterAlternateScreen,
        EnableBracketedPaste,
        Hide
    )?;
    OUTLET.open();
    OUTLET.send(&sequence)
}

/// Gives the terminal back, once for each time that it was taken; also called by the panic hook, so it must not need anything.
pub fn restore() {
    // A second time would put the cursor back to where it was at first, in the middle of what was told since.
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    // What is on its way would be drawn over the shell.
    OUTLET.close();
    let _ = execute!(
        io::stdout(),
        EndSynchronizedUpdate,
        Print(MOUSE_OFF),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show,
        SetTitle(""),
        Print(GIVE_TITLE_BACK)
    );
    let _ = disable_raw_mode();
    let _ = io::stdout().flush();
}
