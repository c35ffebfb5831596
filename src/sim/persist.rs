//! The tenant's file: written whole, beside the old one, and put in its place when it is safely on the disk.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use super::tenant::Tenant;

/// Writes the tenant.
pub(super) fn save(tenant: &Tenant, file: &Path) -> io::Result<()> {
    let text = serde_json::to_vec(tenant).map_err(io::Error::other)?;
    let beside = file.with_extension("json.new");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        // The file holds the secrets of the simulated tenant.
        options.mode(0o600);
    }
    let mut out = options.open(&beside)?;
    out.write_all(&text)?;
    out.sync_all()?;
    drop(out);
    fs::rename(&beside, file)?;
    if let Some(folder) = file.parent() {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

/// Reads the tenant; none if there is no file.
pub(super) fn load(file: &Path) -> io::Result<Option<Tenant>> {
    match fs::read(file) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
