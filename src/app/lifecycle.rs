//! Whether the console lives, and how it ends.

/// The life of the console.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lifecycle {
    /// It runs.
    #[default]
    Running,
    /// It ends as soon as what was begun is closed; keys do nothing any more.
    Draining {
        /// Why it ends.
        why: Ending,
    },
}

/// Why the console ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Asked for at the keyboard.
    Quit,
    /// The terminal has gone away: nothing is drawn any more.
    Hangup,
    /// The system asked for it.
    Terminate,
}

impl Ending {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Quit => 0,
            Self::Hangup => 129,
            Self::Terminate => 143,
        }
    }
}
