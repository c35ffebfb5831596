//! A panic while the console has the terminal: on the loop's own thread the terminal is given back at once, on any other the
//! loop is told to end, so that what was typed is kept and nothing goes on as if it had been saved.

use std::sync::{Mutex, PoisonError};
use std::thread::ThreadId;

use tokio::sync::mpsc::UnboundedSender;

use crate::app::effect::Effect;
use crate::app::event::What;
use crate::store::Store;

use super::{hangup, terminal};

/// The exit code after a panic, as of any program of this language.
pub const CODE: u8 = 101;

/// The loop that has the terminal, and how to tell it.
static LOOP: Mutex<Option<(ThreadId, UnboundedSender<What>)>> = Mutex::new(None);

/// While it lives, a panic on another thread ends the loop.
#[derive(Debug)]
pub(super) struct Watch;

impl Watch {
    /// From now on this thread's loop is told.
    pub(super) fn of(to: UnboundedSender<What>) -> Self {
        set(Some((std::thread::current().id(), to)));
        Self
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        set(None);
    }
}

fn set(to: Option<(ThreadId, UnboundedSender<What>)>) {
    *LOOP.lock().unwrap_or_else(PoisonError::into_inner) = to;
}

/// For the hook of panics: whether the console ends in good order, so that nothing may be printed until it has.
pub fn ends_console() -> bool {
    let guard = LOOP.lock().unwrap_or_else(PoisonError::into_inner);
    match &*guard {
        Some((thread, _)) if *thread == std::thread::current().id() => {
            terminal::restore();
            false
        }
        Some((_, to)) => {
            let told = to.send(What::Terminate { code: CODE }).is_ok();
            if told {
                std::thread::spawn(|| hangup::exit_hard(CODE));
            }
            told
        }
        None => false,
    }
}

/// Breaks a thread of the files where a build for development was asked to, just before an effect is carried out.
pub(super) fn break_files(store: &Store, effect: &Effect) {
    let asked =
        |place| super::is_to_break(place).is_some_and(|with| format!("{effect:?}").contains(&with));
    if asked("ledger") {
        store.ledger.breaks();
    }
    if asked("cache") {
        store.cache.breaks();
    }
    if asked("history") {
        store.history.breaks();
    }
}
