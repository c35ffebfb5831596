//! Whether the console lives, and how it ends.

use super::App;
use super::effect::Effect;
use super::modal::Modal;

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
    Terminate {
        /// The exit code.
        code: u8,
    },
    /// Another tenant is opened: the program goes on.
    Switch,
}

impl Ending {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Quit | Self::Switch => 0,
            Self::Hangup => 129,
            Self::Terminate { code } => code,
        }
    }
}

impl App {
    /// Begins to end: keeps what was typed, stops the run, asks the shell to quit.
    pub(super) fn drain(&mut self, why: Ending) -> Vec<Effect> {
        let mut effects = self.last_effects();
        effects.push(Effect::Quit { code: why.code() });
        self.life = Lifecycle::Draining { why };
        effects
    }

    /// What is done before this tenant is left: what was typed is kept, the run and the sign-in end.
    pub(super) fn last_effects(&mut self) -> Vec<Effect> {
        let mut effects: Vec<Effect> = self
            .modals
            .iter()
            .filter_map(|modal| match modal {
                Modal::Form(form) => Some(Effect::KeepDraft {
                    key: form.draft_key(),
                    text: Some(form.draft()?),
                }),
                Modal::Why(_)
                | Modal::Plan(_)
                | Modal::Conflict(_)
                | Modal::Confirm(_)
                | Modal::Palette(_)
                | Modal::Settings(_)
                | Modal::Seat(_)
                | Modal::NewTenant(_)
                | Modal::Free(_)
                | Modal::Chooser(_)
                | Modal::Earlier(_)
                | Modal::SignIn(_)
                | Modal::Columns(_)
                | Modal::Log(_)
                | Modal::Bulk(_)
                | Modal::Text(_) => None,
            })
            .collect();
        if let Some(run) = self.runs.active() {
            effects.push(Effect::CancelRun { req: run.req });
        }
        if let Some(req) = self.session.asking() {
            effects.push(Effect::CancelSignIn { req });
        }
        effects
    }
}
