//! What can go wrong with the store: the file's troubles, and the changes that the ledger refuses.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::{ErrorCode, ffi};

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::{ObjectId, TenantId};
use crate::domain::outbox::EntryId;
use crate::domain::user::{Field, UserId};

/// Why a job of the store failed. Nothing of the job was kept.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another program has been writing for longer than we wait.
    #[error("{} is busy", .path.display())]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// The disk, or the quota, is full.
    #[error("no room is left to write {}", .path.display())]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// The file or its folder cannot be written.
    #[error("{} cannot be written", .path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// The file is damaged, or holds what this program never wrote.
    #[error("{} is damaged: {what}", .path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What SQLite or the reader of a row found.
        what: String,
    },
    /// A newer version of this program has written the file.
    #[error("{} was written by a newer version of this program (schema {found}, known up to {known})", .path.display())]
    TooNew {
        /// The database.
        path: PathBuf,
        /// The schema of the file.
        found: i64,
        /// The newest schema that this program knows.
        known: i64,
    },
    /// The file was moved away or replaced while it was open.
    #[error("{} is not the file any more that was opened", .path.display())]
    Removed {
        /// The database.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
    /// Anything else that SQLite says.
    #[error("{}: {source}", .path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What it said.
        source: rusqlite::Error,
    },
    /// The store was closed before it could answer.
    #[error("the program is ending")]
    Closed,
    /// A page was appended, or a read finished, without a read having begun.
    #[error("the read of the tenant was broken off")]
    NotStaging,
    /// Changes were to be brought into a snapshot, and there is none.
    #[error("the tenant was never read whole")]
    NoSnapshot,
    /// Another user has this e-mail.
    #[error("{mail} is configured already, as {name}")]
    MailTaken {
        /// The e-mail.
        mail: String,
        /// Who has it.
        name: String,
    },
    /// Another user is associated with this directory user.
    #[error("the directory user {id} is associated already, with {name}")]
    DirectoryUserTaken {
        /// The directory user.
        id: ObjectId,
        /// Who has it.
        name: String,
    },
    /// An own field is not any more what was shown when the edit was made.
    #[error("{field} of this user is now {now}: {by} changed it meanwhile")]
    OwnMoved {
        /// Which field, in words.
        field: &'static str,
        /// What it is now.
        now: String,
        /// Who changed it, and when.
        by: String,
    },
    /// Something was queued for a user after its removal was agreed to: that one would go unseen.
    #[error("{name} is not removed: queued meanwhile by {what}")]
    QueuedMeanwhile {
        /// Whose removal.
        name: String,
        /// Who has queued what, and when.
        what: String,
    },
    /// A request for this field may be under way in the tenant: it has to be settled first.
    #[error("the {} of {name} is being written ({word}): wait until that is settled", .field.as_str())]
    Settling {
        /// The entry under way.
        entry: EntryId,
        /// Whose.
        name: String,
        /// Which field.
        field: Field,
        /// The state of the entry, in a word.
        word: &'static str,
    },
    /// The user is no longer configured.
    #[error("this user is not on the list any more")]
    NoSuchUser(UserId),
    /// The entry is no longer in the outbox.
    #[error("change {} does not wait any more", .0.0)]
    NoSuchEntry(EntryId),
    /// The entry is not queued any more: held back, written or decided in the meantime.
    #[error("change {} does not wait to be written any more", .0.0)]
    NotQueued(EntryId),
    /// The entry is no conflict.
    #[error("change {} is not in conflict", .0.0)]
    NotAConflict(EntryId),
    /// A number can only be released from a directory user that is known.
    #[error("{name} is not associated with a directory user, so no number can be released")]
    NotAssociated {
        /// Whose number.
        name: String,
    },
    /// The change belongs to another tenant than the one that is pinned.
    #[error("this belongs to tenant {asked}, and {pinned} is pinned")]
    OtherTenant {
        /// The tenant of the change.
        asked: TenantId,
        /// The pinned tenant.
        pinned: TenantId,
    },
}

impl From<rusqlite::Error> for StoreError {
    /// The path is put in by `Self::at`, where it is known.
    fn from(source: rusqlite::Error) -> Self {
        use rusqlite::Error as Sql;
        let path = PathBuf::new();
        match &source {
            Sql::FromSqlConversionFailure(..)
            | Sql::IntegralValueOutOfRange(..)
            | Sql::InvalidColumnType(..)
            | Sql::Utf8Error(..) => {
                return Self::Corrupt {
                    path,
                    what: source.to_string(),
                };
            }
            _ => {}
        }
        match source.sqlite_extended_error_code() {
            // The file beside it that its readers share could not grow: that comes before the first byte of a change.
            Some(ffi::SQLITE_IOERR_SHMSIZE | ffi::SQLITE_IOERR_SHMMAP) => {
                return Self::Full { path };
            }
            Some(ffi::SQLITE_IOERR_SHMOPEN) => return Self::ReadOnly { path },
            _ => {}
        }
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Busy { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Self::Corrupt {
                path,
                what: source.to_string(),
            },
            _ => Self::Sqlite { path, source },
        }
    }
}

/// Whether the system could not read or write, or could not say that it has written.
fn is_of_disk(source: &rusqlite::Error) -> bool {
    source.sqlite_error_code() == Some(rusqlite::ErrorCode::SystemIoFailure)
}

impl StoreError {
    /// A value in the file that this program never wrote.
    pub(super) fn damaged(what: impl Into<String>) -> Self {
        Self::Corrupt {
            path: PathBuf::new(),
            what: what.into(),
        }
    }

    /// An error of the operating system about a file.
    pub(super) fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            _ => Self::Io { path, source },
        }
    }

    /// The same, about this file.
    #[must_use]
    pub(super) fn at(mut self, file: &Path) -> Self {
        match &mut self {
            Self::Busy { path }
            | Self::Full { path }
            | Self::ReadOnly { path }
            | Self::Corrupt { path, .. }
            | Self::TooNew { path, .. }
            | Self::Io { path, .. }
            | Self::Sqlite { path, .. } => {
                if path.as_os_str().is_empty() {
                    file.clone_into(path);
                }
            }
            Self::Closed
            | Self::Removed { .. }
            | Self::NotStaging
            | Self::NoSnapshot
            | Self::MailTaken { .. }
            | Self::DirectoryUserTaken { .. }
            | Self::Settling { .. }
            | Self::OwnMoved { .. }
            | Self::QueuedMeanwhile { .. }
            | Self::NoSuchUser(_)
            | Self::NoSuchEntry(_)
            | Self::NotQueued(_)
            | Self::NotAConflict(_)
            | Self::NotAssociated { .. }
            | Self::OtherTenant { .. } => {}
        }
        self
    }

    /// Whether the file itself is damaged.
    pub fn is_damage(&self) -> bool {
        matches!(self, Self::Corrupt { .. })
    }

    /// The failure that screens, logs and commands show.
    pub fn failure(&self) -> Failure {
        let (kind, hint) = match self {
            Self::Busy { .. } => (
                FailureKind::TryAgain,
                "Another program is writing to it. Nothing was changed; try again.",
            ),
            Self::Full { .. } => (
                FailureKind::Store,
                "Nothing was changed. Make room on the disk, or ask for a larger quota, and try again.",
            ),
            Self::ReadOnly { .. } => (
                FailureKind::Store,
                "Nothing was changed. Check the rights of the file and its folder, and whether the disk has room.",
            ),
            Self::Corrupt { .. } => (
                FailureKind::Store,
                "Start the program again: it sets the damaged file aside, keeps it, and saves what can be read.",
            ),
            Self::TooNew { .. } => (
                FailureKind::Store,
                "Use that version; the file is left as it is.",
            ),
            // When the last step of a commit fails, the next start may find all of it in the log.
            Self::Sqlite { source, .. } if is_of_disk(source) => (
                FailureKind::Store,
                "The disk has failed. Whether this change was kept is not certain: look for it before you make it again.",
            ),
            Self::Io { .. } | Self::Sqlite { .. } => (
                FailureKind::Store,
                "Nothing of this change was kept. Check the disk and the rights of the folder, then make it again.",
            ),
            Self::Removed { .. } => (
                FailureKind::Store,
                "Nothing was kept. Another program has taken this tenant out of the configuration, or put another file there. Copy what you typed, and start again.",
            ),
            Self::Closed => (FailureKind::Cancelled, "Start it again."),
            Self::NotStaging | Self::NoSnapshot => (
                FailureKind::Other,
                "The last good picture stays. Sync again.",
            ),
            Self::MailTaken { .. } | Self::DirectoryUserTaken { .. } => (
                FailureKind::Config,
                "Nothing was changed. Edit the user that is there instead.",
            ),
            Self::OwnMoved { .. } => (
                FailureKind::Refused,
                "Nothing was changed. The same again puts yours in its place; the console asks before it does.",
            ),
            Self::QueuedMeanwhile { .. } => (
                FailureKind::Refused,
                "Nothing was changed. Remove again: it is then named among what is dropped.",
            ),
            Self::Settling { .. } => (
                FailureKind::TryAgain,
                "The next sync settles it by reading the tenant; edit again after that.",
            ),
            Self::NoSuchUser(_)
            | Self::NoSuchEntry(_)
            | Self::NotQueued(_)
            | Self::NotAConflict(_) => (
                FailureKind::Other,
                "Somebody, or a run, has changed it meanwhile. Look again.",
            ),
            Self::NotAssociated { .. } => (
                FailureKind::Config,
                "Remove the user without releasing the number.",
            ),
            Self::OtherTenant { .. } => (
                FailureKind::Refused,
                "Nothing was changed. Sign in to the tenant that is pinned.",
            ),
        };
        Failure::new(kind, self.to_string(), String::new(), hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_file_without_room_is_a_full_disk_and_no_failed_one() {
        let told = |code| {
            let error = rusqlite::Error::SqliteFailure(ffi::Error::new(code), None);
            let failure = StoreError::from(error).at(Path::new("ledger.db")).failure();
            format!("{}. {}", failure.headline, failure.hint)
        };
        let full = "no room is left to write ledger.db. Nothing was changed. Make room on the disk, or ask for a larger quota, and try again.";
        assert_eq!(told(ffi::SQLITE_FULL), full);
        assert_eq!(told(ffi::SQLITE_IOERR_SHMSIZE), full);
        assert_eq!(told(ffi::SQLITE_IOERR_SHMMAP), full);
        assert_eq!(
            told(ffi::SQLITE_IOERR_SHMOPEN),
            "ledger.db cannot be written. Nothing was changed. Check the rights of the file and its folder, and whether the disk has room."
        );
        let failed = told(ffi::SQLITE_IOERR_FSYNC);
        assert!(
            failed.contains("The disk has failed. Whether this change was kept is not certain"),
            "{failed}"
        );
    }
}
