//! What comes from outside: a terminal that hangs up, a signal. Each that ends the program tells the loop and arms a hard exit
//! of its own, since the loop itself may be stuck in a write that nobody reads.

use std::io;
use std::time::Duration;

use nix::unistd::{getpgid, getpgrp, getppid, getsid};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, getpid, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc::UnboundedSender;

use crate::app::event::What;

use super::terminal;

/// How long the loop has to close what was begun.
const GRACE: Duration = Duration::from_secs(3);

/// How long the terminal has to take what gives it back, when the loop was stuck.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Watches the terminal without waking up: `poll` with no events returns at the instant of a hang-up, and never for a key.
pub(super) fn watch_terminal(to: UnboundedSender<What>) {
    std::thread::spawn(move || {
        while !hung_up(None) {}
        let _ = to.send(What::Hangup);
        std::thread::sleep(GRACE);
        std::process::exit(129);
    });
}

/// Whether the terminal has gone, once `poll` has waited that long.
fn hung_up(wait: Option<&Timespec>) -> bool {
    let stdin = io::stdin();
    let mut fds = [PollFd::new(&stdin, PollFlags::empty())];
    match poll(&mut fds, wait) {
        Err(rustix::io::Errno::INTR) => false,
        Err(_) => true,
        Ok(_) => fds[0]
            .revents()
            .intersects(PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL),
    }
}

/// Watches the signals that end a program, stop it, let it go on, and tell of a window's size.
pub(super) async fn watch_signals(to: UnboundedSender<What>) -> io::Result<()> {
    let listen = |of: Signal| signal(SignalKind::from_raw(of.as_raw()));
    let mut hangup = listen(Signal::HUP)?;
    let mut interrupt = listen(Signal::INT)?;
    let mut quit = listen(Signal::QUIT)?;
    let mut terminate = listen(Signal::TERM)?;
    let mut stop = listen(Signal::TSTP)?;
    let mut go_on = listen(Signal::CONT)?;
    let mut sizes = listen(Signal::WINCH)?;
    loop {
        let (what, code) = tokio::select! {
            // Somebody may send it by hand, to a program whose terminal is there.
            _ = hangup.recv() => if hung_up(Some(&Timespec::default())) {
                (What::Hangup, Some(129))
            } else {
                ended(129)
            },
            _ = interrupt.recv() => ended(130),
            _ = quit.recv() => ended(131),
            _ = terminate.recv() => ended(143),
            _ = stop.recv() => (What::Suspend, None),
            _ = go_on.recv() => (What::Continued, None),
            _ = sizes.recv() => match terminal::seen_size() {
                Some((width, height)) => (What::Resize { width, height }, None),
                None => continue,
            },
        };
        if to.send(what).is_err() {
            return Ok(());
        }
        if let Some(code) = code {
            std::thread::spawn(move || exit_hard(code));
        }
    }
}

fn ended(code: u8) -> (What, Option<u8>) {
    (What::Terminate { code }, Some(code))
}

/// Ends a program whose loop is stuck; the terminal is given back if it takes the bytes.
pub(super) fn exit_hard(code: u8) {
    std::thread::sleep(GRACE);
    if !hung_up(Some(&Timespec::default())) {
        std::thread::spawn(terminal::restore);
        std::thread::sleep(LAST_WORDS);
    }
    std::process::exit(i32::from(code));
}

/// Stops this process, as Ctrl-Z does to others. It goes on when [`What::Continued`] is heard.
pub(super) fn stop() -> io::Result<()> {
    // The signal that can be caught is caught here.
    Ok(kill_process(getpid(), Signal::STOP)?)
}

/// Whether a shell waits behind this program that can let it go on once it is stopped.
///
/// In a process namespace of its own (a container), a parent's session or group can lie outside: the kernel then says 0, which
/// `rustix` takes for impossible.
pub fn has_shell() -> bool {
    let parent = Some(getppid());
    let session = getsid(parent).is_ok_and(|session| getsid(None) == Ok(session));
    session && getpgid(parent).is_ok_and(|group| group != getpgrp())
}
