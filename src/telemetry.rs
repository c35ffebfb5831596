//! Diagnostics to a file, never to the terminal. Secrets cannot get in: their types do not print themselves.

use std::fs::{OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
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
        // A link in its place would have another file written, by whoever was talked into starting this.
        .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
        .open(folder.join(FILE))?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    let subscriber = tracing_subscriber::fmt()
        .with_writer(Mutex::new(file))
        .with_ansi(false)
        .with_max_level(LevelFilter::INFO)
        .finish();
    // Another part of the same process, such as a test, may have set one already.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_its_owners_alone_and_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let other = dir.path().join("other");
        std::fs::write(&other, "precious").unwrap();
        std::os::unix::fs::symlink(&other, dir.path().join(FILE)).unwrap();
        assert!(start(dir.path()).is_err());
        assert_eq!(std::fs::read_to_string(&other).unwrap(), "precious");
        std::fs::remove_file(dir.path().join(FILE)).unwrap();
        // One that was there, and that everybody can read.
        std::fs::write(dir.path().join(FILE), "").unwrap();
        std::fs::set_permissions(dir.path().join(FILE), Permissions::from_mode(0o644)).unwrap();
        start(dir.path()).unwrap();
        let mode = dir
            .path()
            .join(FILE)
            .metadata()
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}
