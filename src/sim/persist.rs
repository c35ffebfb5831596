//! The tenant's file: written whole, beside the old one, and put in its place when it is safely on the disk.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::Deserialize;

use super::tenant::{FORM, Tenant};

/// Writes the tenant.
pub(super) fn save(tenant: &Tenant, file: &Path) -> io::Result<()> {
    let text = serde_json::to_vec(tenant).map_err(io::Error::other)?;
    let new = beside(file, ".new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // The file holds the secrets of the simulated tenant.
        options.mode(0o600);
    }
    let mut out = options.open(&new)?;
    out.write_all(&text)?;
    out.sync_all()?;
    drop(out);
    fs::rename(&new, file)?;
    if let Some(folder) = file.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// What a tenant's file holds.
#[derive(Debug)]
pub(super) enum Kept {
    /// There is no file.
    Nothing,
    /// The tenant.
    Tenant(Box<Tenant>),
    /// A tenant as another version keeps it.
    OtherForm(u32),
    /// Something that is no tenant of this scenario.
    Damaged(io::Error),
}

/// The one member that every version writes.
#[derive(Deserialize)]
struct Form {
    form: u32,
}

/// Reads the tenant of a scenario.
pub(super) fn load(file: &Path, scenario: &str) -> io::Result<Kept> {
    let text = match fs::read(file) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::Nothing),
        Err(error) => return Err(error),
    };
    if let Ok(Form { form }) = serde_json::from_slice(&text)
        && form != FORM
    {
        return Ok(Kept::OtherForm(form));
    }
    Ok(match serde_json::from_slice::<Tenant>(&text) {
        Ok(tenant) if tenant.scenario != scenario || tenant.domains.is_empty() => {
            let message = format!("it holds the scenario '{}'", tenant.scenario);
            Kept::Damaged(io::Error::other(message))
        }
        Ok(tenant) => Kept::Tenant(Box::new(tenant)),
        Err(error) => Kept::Damaged(error.into()),
    })
}

/// Renames a damaged file, so that nobody loses what may still be read in it.
pub(super) fn put_aside(file: &Path, now: Timestamp) -> io::Result<PathBuf> {
    let when = now.strftime("%Y%m%dT%H%M%S");
    let mut aside = beside(file, &format!(".quarantine-{when}"));
    for n in 2.. {
        if !aside.try_exists()? {
            break;
        }
        aside = beside(file, &format!(".quarantine-{when}-{n}"));
    }
    fs::rename(file, &aside)?;
    Ok(aside)
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(file);
    name.push(ending);
    name.into()
}

/// Takes the lock that keeps a second process from writing the same tenant; none while another one has it. The system
/// lets go of it when the process ends, however it ends.
pub(super) fn lock(file: &Path) -> io::Result<Option<File>> {
    let lock = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .open(file)?;
    match lock.try_lock() {
        Ok(()) => Ok(Some(lock)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
