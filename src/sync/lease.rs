//! One run per tenant at a time between processes: a lock on a file that says who holds it.
//!
//! The lock is the system's, so a dead holder frees it at once; the text in the file is only for people.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Seek as _, Write as _};
use std::path::Path;

use jiff::Timestamp;

use crate::domain::failure::{Failure, FailureKind};
use crate::store::keeping::Keeping;

/// Held as long as it lives.
#[derive(Debug)]
pub(super) struct Lease {
    file: File,
}

impl Lease {
    /// Takes the lease, or says who holds it.
    pub(super) fn take(
        path: &Path,
        author: &str,
        purpose: &str,
        at: Timestamp,
    ) -> Result<Self, Failure> {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let failed = |error| unwritten(path, &error);
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        let mut file = Keeping::of(folder)
            .and_then(|keeping| keeping.open(&mut options, path))
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(failed)?;
                // It has the lock, and has not yet written who it is.
                let holder = match holder.trim() {
                    "" => "a run that has just begun",
                    named => named,
                };
                return Err(Failure::new(
                    FailureKind::TryAgain,
                    "Another run of this tenant is under way",
                    format!("held by {holder}"),
                    "Wait until it has ended, then try again; nothing was read or written.",
                ));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        file.rewind().map_err(failed)?;
        let host = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        writeln!(
            file,
            "{author} on {host}, process {}, since {}, for {purpose}",
            std::process::id(),
            at.strftime("%Y-%m-%d %H:%MZ")
        )
        .map_err(failed)?;
        Ok(Self { file })
    }
}

/// Why the file could not be opened or written.
fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let (headline, why, hint) = match error.kind() {
        ErrorKind::NotFound => (
            format!("The folder of this tenant is gone: {}", folder.display()),
            "another session or command may have removed the tenant".to_owned(),
            "Open another tenant. `teamsconnector tenants list` shows which are left; a removed one's files lie under removed/ (`teamsconnector paths`).",
        ),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
            format!("no room is left to write {}", path.display()),
            "it keeps two runs apart".to_owned(),
            "Nothing was read from the tenant or written to it. Make room on the disk, or ask for a larger quota, and try again.",
        ),
        _ => (
            format!(
                "{}, which keeps two runs apart, cannot be written",
                path.display()
            ),
            error.to_string(),
            "See `teamsconnector paths` for where files lie; the folder must be yours to write.",
        ),
    };
    Failure::new(FailureKind::Store, headline, why, hint)
}

impl Drop for Lease {
    fn drop(&mut self) {
        // The file stays and is emptied, so that nobody reads a holder who is gone.
        let _ = self.file.set_len(0);
        let _ = self.file.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_tenant_whose_folder_is_gone_that_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("contoso");
        let path = folder.join("lease");
        let gone = Lease::take(&path, "kim", "sync", Timestamp::UNIX_EPOCH).unwrap_err();
        let headline = format!("The folder of this tenant is gone: {}", folder.display());
        assert_eq!(gone.headline, headline);
        assert!(!folder.exists());
    }

    #[test]
    fn a_full_disk_is_called_that() {
        let path = Path::new("/home/kim/contoso/lease");
        for kind in [ErrorKind::StorageFull, ErrorKind::QuotaExceeded] {
            let full = unwritten(path, &kind.into());
            assert_eq!(
                full.headline,
                "no room is left to write /home/kim/contoso/lease"
            );
            assert!(full.hint.contains("Make room on the disk"), "{full:?}");
        }
        let refused = unwritten(path, &ErrorKind::PermissionDenied.into());
        assert!(
            refused.hint.contains("the folder must be yours"),
            "{refused:?}"
        );
    }

    #[test]
    fn the_second_is_told_who_holds_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lease");
        let first = Lease::take(&path, "kim", "sync", Timestamp::UNIX_EPOCH).unwrap();
        let refused = Lease::take(&path, "lee", "sync", Timestamp::UNIX_EPOCH).unwrap_err();
        assert_eq!(refused.kind, FailureKind::TryAgain);
        assert!(
            refused.detail.starts_with("held by kim on ")
                && refused
                    .detail
                    .ends_with(", since 1970-01-01 00:00Z, for sync"),
            "{}",
            refused.detail
        );
        drop(first);
        assert!(Lease::take(&path, "lee", "sync", Timestamp::UNIX_EPOCH).is_ok());
    }
}
