//! The panes and what stands over them; each has a file with its state and its own update.

pub mod bulk;
pub mod candidates;
pub mod changes;
pub mod chooser;
pub mod confirm;
pub mod conflict;
pub mod earlier;
pub mod editor;
pub mod free;
pub mod licences;
pub mod numbers;
pub mod palette;
pub mod plan;
pub mod rows;
pub mod search;
pub mod seat;
pub mod settings;
pub mod sign_in;
pub mod sync;
pub mod tenant;
pub mod text;
pub mod users;
pub mod verdict;
pub mod why;

use super::action::Action;
use super::event::{Code, Key};

/// A pane, in the order of the tabs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Pane {
    /// Configured users.
    #[default]
    Users,
    /// Who may be added, or everyone.
    Candidates,
    /// Log and history.
    Sync,
    /// Outbox and audit.
    Changes,
    /// The tenant's products.
    Licences,
    /// The tenant's numbers.
    Numbers,
}

impl Pane {
    /// All panes in the order of the tabs.
    pub const ALL: [Self; 6] = [
        Self::Users,
        Self::Candidates,
        Self::Sync,
        Self::Changes,
        Self::Licences,
        Self::Numbers,
    ];

    /// The pane so many tabs further.
    #[must_use]
    pub fn turn(self, by: isize) -> Self {
        let here = Self::ALL
            .iter()
            .position(|pane| *pane == self)
            .unwrap_or_default();
        let len = Self::ALL.len();
        Self::ALL[here
            .saturating_add(len)
            .saturating_add_signed(by)
            .rem_euclid(len)]
    }

    /// What opens it.
    pub fn action(self) -> Action {
        match self {
            Self::Users => Action::ShowUsers,
            Self::Candidates => Action::ShowCandidates,
            Self::Sync => Action::ShowSync,
            Self::Changes => Action::ShowChanges,
            Self::Licences => Action::ShowLicences,
            Self::Numbers => Action::ShowNumbers,
        }
    }

    /// The title on its tab.
    pub fn title(self) -> &'static str {
        match self {
            Self::Users => "Users",
            Self::Candidates => "Add users",
            Self::Sync => "Sync",
            Self::Changes => "Changes",
            Self::Licences => "Licences",
            Self::Numbers => "Numbers",
        }
    }
}

/// How a row stands, as a glyph; a word always goes with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// Both sides want another value.
    Conflict,
    /// The tenant refused.
    Refused,
    /// Not known whether it took effect.
    Unknown,
    /// Something is wrong, or worth a look.
    Warning,
    /// Will be written, or is being.
    Queued,
    /// Done, not visible everywhere yet.
    Waiting,
    /// All is well.
    Blank,
}

impl Mark {
    /// The glyph, in one cell.
    pub fn glyph(self, ascii: bool) -> char {
        match self {
            Self::Conflict => '=',
            Self::Refused => 'x',
            Self::Unknown => '?',
            Self::Warning if ascii => '!',
            Self::Warning => '\u{26a0}',
            Self::Queued => '~',
            Self::Waiting => 'o',
            Self::Blank => ' ',
        }
    }

    /// How it is meant.
    pub fn tone(self) -> super::doc::Tone {
        use super::doc::Tone;
        match self {
            Self::Conflict | Self::Refused => Tone::Bad,
            Self::Unknown | Self::Warning => Tone::Warn,
            Self::Queued | Self::Waiting => Tone::Busy,
            Self::Blank => Tone::Plain,
        }
    }
}

/// How far a key turns a choice of a form; `None` where it does not. A letter does not: it is meant for a field that has text.
pub(super) fn turns(key: Key) -> Option<isize> {
    match key.code {
        Code::Right | Code::Char(' ') if !key.ctrl => Some(1),
        Code::Left if !key.ctrl => Some(-1),
        _ => None,
    }
}

/// What the footer calls the keys that turn a choice.
pub const TURNS: &str = "Left/Right or Space";

/// The place so many steps further in a ring.
pub(super) fn turned(here: usize, by: isize, len: usize) -> usize {
    (here + len).saturating_add_signed(by) % len.max(1)
}

/// What is typed into a field takes back what was said against it, and a failure of the form.
pub(super) fn corrected<F: PartialEq, T>(
    faults: &mut Vec<(F, T)>,
    focus: &F,
    state: &mut editor::EditState,
) {
    faults.retain(|(field, _)| field != focus);
    if matches!(state, editor::EditState::Failed(_)) {
        *state = editor::EditState::Editing;
    }
}
