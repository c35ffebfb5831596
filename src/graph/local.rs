//! Files and ports of this machine that a sign-in depends on, and why one cannot be used.
//!
//! Files are checked on the open file, so that none can be exchanged between check and use.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use super::error::GraphError;

/// No file of this module is bigger.
const LARGEST: u64 = 1024 * 1024;

/// Why a file or a port of this machine cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// The system refused.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A link, a folder, a device.
    #[error("is not a plain file")]
    NotAFile,
    /// It belongs to somebody else.
    #[error("belongs to user {owner}, and you are user {you}")]
    Owner {
        /// The user id of its owner.
        owner: u32,
        /// The user id of this program.
        you: u32,
    },
    /// Others can reach it.
    #[error(
        "has mode {mode:04o}, so others can reach the tokens in it; run: chmod 600 {}",
        shell_word(path)
    )]
    Mode {
        /// Its mode.
        mode: u32,
        /// Its path.
        path: String,
    },
    /// Bigger than any such file.
    #[error("is bigger than {LARGEST} bytes")]
    TooLarge,
    /// Another program has it, and does not let go.
    #[error("is held by another program for more than {seconds} s")]
    Held {
        /// How long it was waited for.
        seconds: u64,
    },
    /// A file of certificates without one.
    #[error("holds no certificate (no BEGIN CERTIFICATE)")]
    NoCertificate,
}

impl LocalError {
    /// The same for the whole program, with the name of what it is about.
    pub(super) fn about(self, what: &Path) -> GraphError {
        GraphError::Local {
            what: what.display().to_string(),
            source: self,
        }
    }
}

/// A path as a shell takes it.
fn shell_word(path: &str) -> String {
    shlex::try_quote(path).map_or_else(|_| path.to_owned(), std::borrow::Cow::into_owned)
}

/// Flags that keep links and pipes from being opened in a file's place.
pub(super) fn no_link() -> i32 {
    i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC).bits())
        .expect("the flags of open(2) fit into an int")
}

/// A file that only its owner can reach, whole; `None` if there is none.
pub(super) fn read_private(path: &Path) -> Result<Option<Vec<u8>>, LocalError> {
    let file = match OpenOptions::new()
        .read(true)
        .custom_flags(no_link())
        .open(path)
    {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if is_link(&error) => return Err(LocalError::NotAFile),
        Err(error) => return Err(error.into()),
    };
    check_private(&file, path)?;
    read_whole(file).map(Some)
}

/// Whether an error says that there was a link where none may be.
pub(super) fn is_link(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error())
}

/// Whether an open file is a plain one of this user, which nobody else can reach.
pub(super) fn check_private(file: &File, path: &Path) -> Result<(), LocalError> {
    let found = file.metadata()?;
    if !found.is_file() {
        return Err(LocalError::NotAFile);
    }
    let you = rustix::process::geteuid().as_raw();
    if found.uid() != you {
        return Err(LocalError::Owner {
            owner: found.uid(),
            you,
        });
    }
    let mode = found.mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(LocalError::Mode {
            mode,
            path: path.display().to_string(),
        });
    }
    Ok(())
}

/// The bytes of an open file, up to what is sensible.
pub(super) fn read_whole(file: File) -> Result<Vec<u8>, LocalError> {
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(LocalError::TooLarge);
    }
    Ok(bytes)
}
