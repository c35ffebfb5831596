//! Diagnostics to a file, never to the terminal. Secrets cannot get in: their types do not print themselves.

use std::fs::OpenOptions;
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;

/// The file's name in the folder of logs.
pub const FILE: &str = "teamsconnector.log";

/// Starts writing to the file in this folder, which must be there. A second call changes nothing.
pub fn start(folder: &Path) -> io::Result<()> {
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(folder.join(FILE))?;
    let subscriber = tracing_subscriber::fmt()
        .with_writer(Mutex::new(file))
        .with_ansi(false)
        // A full disk would otherwise be told on the terminal, in the middle of the screen.
        .log_internal_errors(false)
        .with_max_level(LevelFilter::INFO)
        .finish();
    // Another part of the same process, such as a test, may have set one already.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}
