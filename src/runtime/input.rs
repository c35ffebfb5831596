//! Keys, on a thread of their own: it waits for the terminal and for nothing else, and ends with it.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, read};
use tokio::sync::mpsc::UnboundedSender;

use crate::app::event::What;

use super::keys::{Decoder, Patience};

/// How long the rest of a key may be on its way: as long as a line stands still while what was lost on it is sent again.
const REST: Duration = Duration::from_secs(3);

/// Starts reading. The thread ends when nobody listens any more, or with the process.
///
/// So long after a lone ESC it is the key, and not the beginning of another.
pub(super) fn start(to: UnboundedSender<What>, esc_wait: Duration) {
    std::thread::spawn(move || {
        // Where reading fails for good, the terminal is gone.
        if listen(&to, esc_wait).is_err() {
            let _ = to.send(What::Hangup);
        }
    });
}

fn listen(to: &UnboundedSender<What>, esc_wait: Duration) -> Result<(), Errno> {
    let stdin = io::stdin();
    let mut decoder = Decoder::default();
    let mut bytes = [0; 4096];
    loop {
        let wait = decoder.patience().map(|patience| match patience {
            Patience::Esc => esc_wait,
            Patience::Rest => REST,
        });
        let found = if comes(&stdin, wait)? {
            match read(&stdin, &mut bytes) {
                Ok(0) => return Err(Errno::IO),
                Ok(came) => decoder.take(&bytes[..came]),
                Err(Errno::INTR | Errno::AGAIN) => continue,
                Err(error) => return Err(error),
            }
        } else {
            decoder.pause()
        };
        for what in found {
            if to.send(what).is_err() {
                return Ok(());
            }
        }
    }
}

/// Whether there is something to read, or an end, before so much time has gone by.
fn comes(stdin: &io::Stdin, wait: Option<Duration>) -> Result<bool, Errno> {
    let wait = wait.and_then(|wait| Timespec::try_from(wait).ok());
    loop {
        let mut fds = [PollFd::new(stdin, PollFlags::IN)];
        match poll(&mut fds, wait.as_ref()) {
            Err(Errno::INTR) => {}
            found => return found.map(|ready| ready > 0),
        }
    }
}
