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
use std::sync::Once;

use crate::runtime::clock;

use super::print;

/// From now on a panic leaves a report in this folder. A second call changes nothing.
pub(super) fn report_into(folder: PathBuf) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // The hook of the console, which is set later and runs first, has given the terminal back.
            let kept = keep(&folder, panic);
            before(panic);
            if let Some(path) = kept {
                print::tell(&format!(
                    "This is a mistake of the program, not yours. A report without names or secrets is in {}; what was saved is saved.",
                    path.display()
                ));
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
