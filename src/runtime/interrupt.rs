//! The signals that ask a command to end: Ctrl-C, SIGTERM, and the SIGHUP of a terminal that goes away. None is lost: one that came
//! while nobody waited for it answers whoever waits next.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use rustix::process::Signal;
use tokio::signal::unix::{Signal as Heard, SignalKind, signal};
use tokio::sync::{oneshot, watch};

const INTERRUPTED: u8 = 130;
const HUNG_UP: u8 = 129;
const TERMINATED: u8 = 143;

/// How often it was asked to end since somebody listened first.
static ASKED: OnceLock<watch::Receiver<u64>> = OnceLock::new();

/// How many of these were answered.
static ANSWERED: AtomicU64 = AtomicU64::new(0);

/// What the last of them ends the program with.
static CODE: AtomicU8 = AtomicU8::new(INTERRUPTED);

/// Counts the signals from now on; before that, one ends the program as it does any other.
#[expect(clippy::disallowed_methods, reason = "the runtime starts the tasks")]
fn signals() -> io::Result<watch::Receiver<u64>> {
    if let Some(known) = ASKED.get() {
        return Ok(known.clone());
    }
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = unless_ignored(Signal::TERM)?;
    let mut hangup = unless_ignored(Signal::HUP)?;
    let (to, from) = watch::channel(0);
    let count = ASKED.get_or_init(|| {
        tokio::spawn(async move {
            loop {
                let code = tokio::select! {
                    biased;
                    _ = interrupt.recv() => INTERRUPTED,
                    () = next(&mut terminate) => TERMINATED,
                    () = next(&mut hangup) => HUNG_UP,
                };
                // A terminal that goes away tells it twice, by the shell and by the system: nobody has asked again.
                if code == HUNG_UP && *to.borrow() > 0 {
                    continue;
                }
                let before = CODE.swap(code, Ordering::SeqCst);
                // A machine that goes down hangs up and terminates: that is one wish, in either order.
                if code == TERMINATED && before == HUNG_UP {
                    continue;
                }
                to.send_modify(|n| *n += 1);
            }
        });
        from
    });
    Ok(count.clone())
}

/// Hears a signal; `None` where it was ignored when the program was started, as `nohup` does: it stays ignored.
fn unless_ignored(of: Signal) -> io::Result<Option<Heard>> {
    if is_ignored(of) {
        return Ok(None);
    }
    signal(SignalKind::from_raw(of.as_raw())).map(Some)
}

/// Whether whoever started this program wanted it to ignore a signal. Where that cannot be known, nothing is changed about the signal.
fn is_ignored(of: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status");
    status.map_or(true, |status| ignores(&status, of))
}

/// The same, by what the system says of a process.
fn ignores(status: &str, of: Signal) -> bool {
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_none_or(|mask| mask >> (of.as_raw() - 1) & 1 == 1)
}

/// The next of a signal that is listened to; never, of one that is not.
async fn next(of: &mut Option<Heard>) {
    let came = match of {
        Some(heard) => heard.recv().await,
        None => None,
    };
    if came.is_none() {
        std::future::pending::<()>().await;
    }
}

/// What the program ends with when a signal has ended what it did: that of the last one, and of Ctrl-C where there was none.
pub fn code() -> u8 {
    CODE.load(Ordering::SeqCst)
}

/// From now on these signals end no program: they wait for whoever asks for them.
///
/// # Errors
///
/// When the signal cannot be listened to.
pub fn listen() -> io::Result<()> {
    signals().map(drop)
}

/// Waits for the next of them that nobody has answered yet.
///
/// # Errors
///
/// When the signal cannot be listened to.
pub async fn heard() -> io::Result<()> {
    let mut signals = signals()?;
    let new = |n: &u64| *n > ANSWERED.load(Ordering::SeqCst);
    match signals.wait_for(new).await {
        Ok(seen) => ANSWERED.store(*seen, Ordering::SeqCst),
        // The one who counts is gone with the runtime: nothing is heard any more.
        Err(_) => std::future::pending().await,
    }
    Ok(())
}

/// What a read gives that may block for ever; `None` when it is asked to end meanwhile. The read goes on in a thread of its own then:
/// nobody may read after it.
///
/// # Errors
///
/// What the read ends with, or that the signal cannot be listened to.
pub fn or_asked_to_end<T: Send + 'static>(
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<Option<T>> {
    tokio::task::block_in_place(|| {
        tokio::runtime::Handle::current().block_on(async {
            let (to, done) = oneshot::channel();
            std::thread::spawn(move || {
                // Whoever asked may be gone.
                let _ = to.send(read());
            });
            tokio::select! {
                biased;
                heard = heard() => heard.map(|()| None),
                done = done => done.map_err(io::Error::other)?.map(Some),
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_nohup_has_ignored_stays_ignored() {
        let nohup = "Name:\tteamsconnector\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000000\n";
        assert!(ignores(nohup, Signal::HUP));
        assert!(!ignores(nohup, Signal::TERM));
        assert!(!ignores("SigIgn:\t0000000000001000\n", Signal::HUP));
        assert!(ignores("no such line\n", Signal::HUP), "nothing is known");
    }
}
