//! The terminal, taken and given back: on every path that still has one, it is left as it was found.

use std::io::{self, BufWriter, Stdout, Write as _};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::execute;
use crossterm::queue;
use crossterm::style::Print;
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen,
    LeaveAlternateScreen, SetTitle, disable_raw_mode, enable_raw_mode,
};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::app::effect::Reporting;
use crate::config::surroundings::Multiplexer;
use crate::domain::text::Label;

use super::clipboard;

type Backend = CrosstermBackend<BufWriter<Stdout>>;

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

/// Room for a whole frame, so that each leaves in one write.
const FRAME_BYTES: usize = 64 * 1024;

/// The screen while the console runs.
pub(super) struct Screen {
    /// Never dropped: it would show the cursor on a terminal that may be gone, and panic as it says on another part of the same
    /// terminal that it could not. [`restore`] does that.
    terminal: ManuallyDrop<Terminal<Backend>>,
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

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen")
            .field("state", &self.state)
            .finish_non_exhaustive()
    }
}

impl Screen {
    /// Takes the terminal.
    pub(super) fn take(through: Multiplexer) -> io::Result<Self> {
        Ok(Self {
            terminal: ManuallyDrop::new(enter()?),
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
        self.terminal = ManuallyDrop::new(enter()?);
        self.state = State::Ours;
        self.mouse(self.mouse)
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> io::Result<(u16, u16)> {
        let size = self.terminal.size()?;
        Ok((size.width, size.height))
    }

    /// Draws one frame in one synchronized update.
    pub(super) fn draw(&mut self, draw: impl FnOnce(&mut ratatui::Frame)) -> io::Result<()> {
        if self.state != State::Ours {
            return Ok(());
        }
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        self.terminal.draw(draw)?;
        queue!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        io::Write::flush(self.terminal.backend_mut())
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
        execute!(self.terminal.backend_mut(), Print(sequence))
    }

    /// Rings.
    pub(super) fn bell(&mut self) -> io::Result<()> {
        if self.state != State::Ours {
            return Ok(());
        }
        execute!(self.terminal.backend_mut(), Print('\x07'))
    }

    /// Sets the window's title.
    pub(super) fn title(&mut self, title: &str) -> io::Result<()> {
        if self.state != State::Ours {
            return Ok(());
        }
        execute!(
            self.terminal.backend_mut(),
            SetTitle(Label::new(title).as_str())
        )
    }

    /// Sends text to the terminal's clipboard; what is to be said of it.
    pub(super) fn copy(&mut self, text: &str) -> io::Result<&'static str> {
        if self.state == State::Ours {
            let sequence = clipboard::sequence(text, self.through);
            execute!(self.terminal.backend_mut(), Print(sequence))?;
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

/// Raw mode, and a screen of its own that nothing was drawn on yet.
fn enter() -> io::Result<Terminal<Backend>> {
    TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    execute!(
        io::stdout(),
        Print(KEEP_TITLE),
        EnterAlternateScreen,
        Clear(ClearType::All),
        EnableBracketedPaste,
        Hide
    )?;
    let backend = CrosstermBackend::new(BufWriter::with_capacity(FRAME_BYTES, io::stdout()));
    Terminal::new(backend)
}

/// Gives the terminal back, once for each time that it was taken; also called by the panic hook, so it must not need anything.
pub fn restore() {
    // A second time would put the cursor back to where it was at first, in the middle of what was told since.
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
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
