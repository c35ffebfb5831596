//! Bytes on their way to the terminal, written by a thread of their own: a terminal that takes none holds up nothing but its
//! picture.

use std::io;
use std::os::fd::AsFd as _;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rustix::event::{PollFd, PollFlags, poll};
use tokio::sync::Notify;

/// The one of this process, as it has one terminal.
pub(super) static OUTLET: Outlet = Outlet::new();

#[derive(Debug)]
pub(super) struct Outlet {
    state: Mutex<State>,
    changed: Condvar,
    drained: Notify,
}

#[derive(Debug)]
struct State {
    /// To be written next, as one.
    waiting: Vec<u8>,
    doing: Doing,
    /// Nothing is taken: the terminal is another's.
    is_closed: bool,
    failed: Option<io::ErrorKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// There is no thread yet.
    NotStarted,
    Waiting,
    Writing,
}

impl Outlet {
    const fn new() -> Self {
        Self {
            state: Mutex::new(State {
                waiting: Vec::new(),
                doing: Doing::NotStarted,
                is_closed: true,
                failed: None,
            }),
            changed: Condvar::new(),
            drained: Notify::const_new(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on bytes are taken.
    pub(super) fn open(&'static self) {
        let mut state = self.state();
        state.is_closed = false;
        state.failed = None;
        if state.doing == Doing::NotStarted {
            state.doing = Doing::Waiting;
            std::thread::spawn(|| self.write_all());
        }
    }

    /// Takes bytes; an error tells of those before.
    pub(super) fn send(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.state();
        if let Some(kind) = state.failed {
            return Err(kind.into());
        }
        if !state.is_closed && !bytes.is_empty() {
            state.waiting.extend_from_slice(bytes);
            self.changed.notify_all();
        }
        Ok(())
    }

    /// Whether everything has been taken by the terminal: a frame that is drawn now is seen now.
    pub(super) fn is_free(&self) -> bool {
        let state = self.state();
        state.waiting.is_empty() && state.doing != Doing::Writing
    }

    /// Returns when it has become free, perhaps some time ago.
    pub(super) async fn freed(&self) {
        self.drained.notified().await;
    }

    /// Takes nothing from now on, and returns when what was taken is written: the terminal may be given to another.
    pub(super) fn close(&self) {
        let mut state = self.state();
        state.is_closed = true;
        while state.failed.is_none() && (!state.waiting.is_empty() || state.doing == Doing::Writing)
        {
            state = self
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn write_all(&self) {
        let mut state = self.state();
        loop {
            if state.waiting.is_empty() {
                state = self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let bytes = std::mem::take(&mut state.waiting);
            state.doing = Doing::Writing;
            drop(state);
            let written = write(&bytes);
            state = self.state();
            state.doing = Doing::Waiting;
            if let Err(error) = written {
                state.failed = Some(error.kind());
                state.waiting.clear();
            }
            self.changed.notify_all();
            self.drained.notify_one();
        }
    }
}

fn write(mut bytes: &[u8]) -> io::Result<()> {
    let terminal = io::stdout();
    while !bytes.is_empty() {
        match rustix::io::write(terminal.as_fd(), bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            // Whoever shares the terminal has set it so that nobody waits in a write.
            Err(rustix::io::Errno::AGAIN) => {
                let mut fds = [PollFd::new(&terminal, PollFlags::OUT)];
                match poll(&mut fds, None) {
                    Ok(_) | Err(rustix::io::Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
