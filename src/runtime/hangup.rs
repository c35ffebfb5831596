//! The end from outside: a terminal that hangs up, or a signal. Each watcher tells the loop and arms a hard exit of its own,
//! since the loop itself may be stuck in a write that nobody reads.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

use crate::app::event::What;

/// How long the loop has to close what was begun.
const GRACE: Duration = Duration::from_secs(3);

/// Watches the terminal without waking up: `poll` with no events returns at the instant of a hang-up, and never for a key.
pub(super) fn watch_terminal(to: UnboundedSender<What>) {
    std::thread::spawn(move || {
        let stdin = io::stdin();
        loop {
            let mut fds = [PollFd::new(&stdin, PollFlags::empty())];
            let gone = match poll(&mut fds, None) {
                Err(rustix::io::Errno::INTR) => false,
                Err(_) => true,
                Ok(_) => fds[0]
                    .revents()
                    .intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL),
            };
            if gone {
                break;
            }
        }
        let _ = to.send(What::Hangup);
        exit_hard(129);
    });
}

/// Watches the signals that end a program.
pub(super) async fn watch_signals(to: UnboundedSender<What>) -> io::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let (what, code) = tokio::select! {
        _ = hangup.recv() => (What::Hangup, 129),
        _ = terminate.recv() => (What::Terminate, 143),
        _ = interrupt.recv() => (What::Terminate, 130),
    };
    let _ = to.send(what);
    std::thread::spawn(move || exit_hard(code));
    Ok(())
}

fn exit_hard(code: i32) {
    std::thread::sleep(GRACE);
    std::process::exit(code);
}
