//! What is left of a panic: a report in the folder of crashes, and a terminal that can be used.
//!
//! Invariant: nothing that a message was made of at run time gets into the report, since it may quote what nobody should read.

use std::backtrace::Backtrace;
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::panic::PanicHookInfo;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, OnceLock, PoisonError};

use crate::runtime::{broken, clock};

use super::print;

/// Whether there was a panic, on whatever thread.
static HAPPENED: AtomicBool = AtomicBool::new(false);

/// What is to be said of a panic once the console has given the terminal back.
static UNTOLD: Mutex<Option<String>> = Mutex::new(None);

/// Whether there was a panic; what could not be said of it before is said.
pub(super) fn has_happened() -> bool {
    let untold = UNTOLD.lock().unwrap_or_else(PoisonError::into_inner).take();
    if let Some(words) = untold {
        print::tell(&words);
    }
    HAPPENED.load(Ordering::SeqCst)
}

fn worded(report: Option<&Path>) -> String {
    let report = report.map_or_else(
        || "No report could be written".to_owned(),
        |path| format!("A report without names or secrets is in {}", path.display()),
    );
    format!(
        "This is a mistake of the program, not yours: it has ended. {report}; what was saved is saved, and the next start settles what was under way."
    )
}

/// Where reports go, once that is known.
static FOLDER: OnceLock<PathBuf> = OnceLock::new();

/// From now on a panic leaves a report in this folder. A second call changes nothing.
pub(super) fn report_into(folder: PathBuf) {
    let _ = FOLDER.set(folder);
}

/// From now on a panic gives the terminal back before anything is said of it. A second call changes nothing.
pub(super) fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let ends_later = broken::ends_console();
            let words = worded(
                FOLDER
                    .get()
                    .and_then(|folder| keep(folder, panic))
                    .as_deref(),
            );
            HAPPENED.store(true, Ordering::SeqCst);
            if ends_later {
                // The screen is still the console's.
                *UNTOLD.lock().unwrap_or_else(PoisonError::into_inner) = Some(words);
            } else {
                before(panic);
                print::tell(&words);
            }
        }));
    });
}

fn keep(folder: &Path, panic: &PanicHookInfo<'_>) -> Option<PathBuf> {
    let at = clock::system().now();
    let name = format!(
        "crash-{}-{}.txt",
        at.strftime("%Y%m%dT%H%M%SZ"),
        std::process::id()
    );
    let path = folder.join(name);
    let mut file = OpenOptions::new()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&path)
        .ok()?;
    let mut text = format!("teamsconnector {}\nat {at}\n", env!("CARGO_PKG_VERSION"));
    let place = panic.location().map_or_else(
        || "unknown".to_owned(),
        |place| format!("{}:{}:{}", place.file(), place.line(), place.column()),
    );
    let thread = std::thread::current();
    let _ = writeln!(
        text,
        "place {place}\nthread {}",
        thread.name().unwrap_or("without a name")
    );
    let said = panic.payload().downcast_ref::<&'static str>();
    let _ = writeln!(
        text,
        "message {}\n\n{}",
        said.unwrap_or(&"(not kept: it was made of what the program was working on)"),
        Backtrace::force_capture()
    );
    file.write_all(text.as_bytes()).ok()?;
    Some(path)
}
