//! Ctrl-C on the command line. A press is never lost: one that came while nobody waited for it answers whoever waits next.

use std::io;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{oneshot, watch};

/// How often it was pressed since somebody asked first.
static PRESSED: OnceLock<watch::Receiver<u64>> = OnceLock::new();

/// How many of these presses were answered.
static ANSWERED: AtomicU64 = AtomicU64::new(0);

/// Counts the presses from now on; before that, one ends the program as it does any other.
#[expect(clippy::disallowed_methods, reason = "the runtime starts the tasks")]
fn presses() -> io::Result<watch::Receiver<u64>> {
    if let Some(known) = PRESSED.get() {
        return Ok(known.clone());
    }
    let mut heard = signal(SignalKind::interrupt())?;
    let (to, from) = watch::channel(0);
    let count = PRESSED.get_or_init(|| {
        tokio::spawn(async move {
            while heard.recv().await.is_some() {
                to.send_modify(|n| *n += 1);
            }
        });
        from
    });
    Ok(count.clone())
}

/// From now on a press ends no program: it waits for whoever asks for it.
///
/// # Errors
///
/// When the signal cannot be listened to.
pub fn listen() -> io::Result<()> {
    presses().map(drop)
}

/// Waits for the next press that nobody has answered yet.
///
/// # Errors
///
/// When the signal cannot be listened to.
pub async fn pressed() -> io::Result<()> {
    let mut presses = presses()?;
    let new = |n: &u64| *n > ANSWERED.load(Ordering::SeqCst);
    match presses.wait_for(new).await {
        Ok(seen) => ANSWERED.store(*seen, Ordering::SeqCst),
        // The one who counts is gone with the runtime: nothing is pressed any more.
        Err(_) => std::future::pending().await,
    }
    Ok(())
}

/// What a read gives that may block for ever; `None` when Ctrl-C is pressed meanwhile. The read goes on in a thread of its own then:
/// nobody may read after it.
///
/// # Errors
///
/// What the read ends with, or that the signal cannot be listened to.
pub fn or_pressed<T: Send + 'static>(
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
                pressed = pressed() => pressed.map(|()| None),
                done = done => done.map_err(io::Error::other)?.map(Some),
            }
        })
    })
}
