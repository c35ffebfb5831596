//! Diagnostics to a file, never to the terminal. Secrets cannot get in: their types do not print themselves.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tracing::level_filters::LevelFilter;

/// The file's name in the folder of logs.
pub const FILE: &str = "teamsconnector.log";

/// The one before, once the file has grown full.
pub const BEFORE: &str = "teamsconnector.log.1";

/// Bytes at which a new file is begun: months of ordinary use, and nothing for a disk.
const FULL: u64 = 4 << 20;

/// Starts writing to the file in this folder, which must be there. A second call changes nothing.
pub fn start(folder: &Path) -> io::Result<()> {
    let log = Capped::open(folder, FULL)?;
    let subscriber = tracing_subscriber::fmt()
        .with_writer(Mutex::new(log))
        .with_ansi(false)
        // A full disk would otherwise be told on the terminal, in the middle of the screen.
        .log_internal_errors(false)
        .with_max_level(LevelFilter::INFO)
        .finish();
    // Another part of the same process, such as a test, may have set one already.
    let _ = tracing::subscriber::set_global_default(subscriber);
    Ok(())
}

/// A file that is put aside when it is full, so that there are never more than two.
#[derive(Debug)]
struct Capped {
    folder: PathBuf,
    file: File,
    bytes: u64,
    full: u64,
}

impl Capped {
    fn open(folder: &Path, full: u64) -> io::Result<Self> {
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .mode(0o600)
            // A link in its place would have another file written, by whoever was talked into starting this.
            .custom_flags(rustix::fs::OFlags::NOFOLLOW.bits().cast_signed())
            .open(folder.join(FILE))?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        let bytes = file.metadata()?.len();
        Ok(Self {
            folder: folder.to_owned(),
            file,
            bytes,
            full,
        })
    }

    /// Puts the file aside. Another process that writes to it goes on there until it is full for that one too.
    fn turn(&mut self) -> io::Result<()> {
        let now = fs::metadata(self.folder.join(FILE)).map_or(0, |meta| meta.len());
        // Somebody else has begun a new one in the meantime: that one is written to.
        if now >= self.full {
            fs::rename(self.folder.join(FILE), self.folder.join(BEFORE))?;
        }
        *self = Self::open(&self.folder, self.full)?;
        Ok(())
    }
}

impl Write for Capped {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.bytes >= self.full {
            // A log that cannot be put aside is better too long than lost.
            let _ = self.turn();
        }
        let written = self.file.write(line)?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_log_is_put_aside_and_one_older_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let read = |name| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
        let mut log = Capped::open(folder.path(), 20).unwrap();
        for line in ["the first line\n", "the second line\n", "third\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(read(BEFORE), "the first line\nthe second line\n");
        assert_eq!(read(FILE), "third\n");
        // What the next process finds counts too.
        let mut log = Capped::open(folder.path(), 20).unwrap();
        log.write_all(b"fourth, and longer\n").unwrap();
        log.write_all(b"fifth\n").unwrap();
        assert_eq!(read(BEFORE), "third\nfourth, and longer\n");
        assert_eq!(read(FILE), "fifth\n");
        let names = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(names, 2);
        for name in [FILE, BEFORE] {
            let mode = fs::metadata(folder.path().join(name))
                .unwrap()
                .permissions();
            assert_eq!(mode.mode() & 0o777, 0o600, "{name}");
        }
    }

    #[test]
    fn the_log_is_its_owners_alone_and_no_link() {
        let dir = tempfile::tempdir().unwrap();
        let (other, log) = (dir.path().join("other"), dir.path().join(FILE));
        fs::write(&other, "precious").unwrap();
        std::os::unix::fs::symlink(&other, &log).unwrap();
        assert!(Capped::open(dir.path(), 10).is_err());
        assert_eq!(fs::read_to_string(&other).unwrap(), "precious");
        fs::remove_file(&log).unwrap();
        // One that was there, and that everybody can read.
        fs::write(&log, "").unwrap();
        fs::set_permissions(&log, Permissions::from_mode(0o644)).unwrap();
        Capped::open(dir.path(), 10).unwrap();
        let mode = fs::metadata(&log).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_log_that_another_process_has_put_aside_is_followed() {
        let folder = tempfile::tempdir().unwrap();
        let mut one = Capped::open(folder.path(), 10).unwrap();
        let mut other = Capped::open(folder.path(), 10).unwrap();
        one.write_all(b"one, which is full\n").unwrap();
        other.write_all(b"other, which is full\n").unwrap();
        one.write_all(b"new\n").unwrap();
        other.write_all(b"also new\n").unwrap();
        let read = |name| fs::read_to_string(folder.path().join(name)).unwrap();
        assert_eq!(read(FILE), "new\nalso new\n");
        assert_eq!(read(BEFORE), "one, which is full\nother, which is full\n");
    }
}
