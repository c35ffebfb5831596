//! Who may reach the files of a tenant's folder: its owner alone, or the one group that the folder is shared with.
//!
//! The folder itself says which: setgid and writable by its group is a shared one. That only a declared folder may be so is
//! checked where the folders are prepared, before anything is opened in them.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

/// Who may reach the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keeping {
    /// Their owner alone.
    Private,
    /// Their owner and the group of the folder.
    Shared,
}

/// Setgid, and all rights for the group.
const SHARED: u32 = 0o2070;

impl Keeping {
    /// What a folder says of its files.
    pub fn of(folder: &Path) -> io::Result<Self> {
        let mode = fs::metadata(folder)?.mode();
        Ok(if mode & SHARED == SHARED {
            Self::Shared
        } else {
            Self::Private
        })
    }

    /// The mode of each file.
    pub fn mode(self) -> u32 {
        match self {
            Self::Private => 0o600,
            Self::Shared => 0o660,
        }
    }

    /// Opens a file of the folder and never follows a link. One of our own has the right mode afterwards, whatever the umask is.
    pub fn open(self, options: &mut OpenOptions, path: &Path) -> io::Result<File> {
        let no_link = i32::try_from(rustix::fs::OFlags::NOFOLLOW.bits())
            .expect("the flags of open(2) fit into an int");
        let file = options.mode(self.mode()).custom_flags(no_link).open(path)?;
        let found = file.metadata()?;
        if self.is_wrong(&found) {
            file.set_permissions(fs::Permissions::from_mode(self.mode()))?;
        }
        Ok(file)
    }

    /// Gives a file of our own the right mode; another's is left as it is, since only its owner can.
    pub fn put_right(self, path: &Path) -> io::Result<()> {
        if self.is_wrong(&fs::symlink_metadata(path)?) {
            fs::set_permissions(path, fs::Permissions::from_mode(self.mode()))?;
        }
        Ok(())
    }

    fn is_wrong(self, found: &fs::Metadata) -> bool {
        found.uid() == rustix::process::geteuid().as_raw() && found.mode() & 0o7777 != self.mode()
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn mode_of(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o7777
    }

    #[test]
    fn the_folder_says_who_reaches_its_files() {
        let root = tempfile::tempdir().unwrap();
        for (folder, keeping, file) in [
            (0o700, Keeping::Private, 0o600),
            (0o755, Keeping::Private, 0o600),
            (0o770, Keeping::Private, 0o600),
            (0o2770, Keeping::Shared, 0o660),
        ] {
            fs::set_permissions(root.path(), fs::Permissions::from_mode(folder)).unwrap();
            assert_eq!(Keeping::of(root.path()).unwrap(), keeping, "{folder:o}");
            let path = root.path().join(format!("f{folder:o}"));
            keeping
                .open(OpenOptions::new().write(true).create(true), &path)
                .unwrap();
            assert_eq!(mode_of(&path), file, "{folder:o}");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            keeping.put_right(&path).unwrap();
            assert_eq!(mode_of(&path), file, "{folder:o}");
        }
    }

    #[test]
    fn a_link_is_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("target");
        fs::write(&target, "theirs").unwrap();
        let link = root.path().join("link");
        symlink(&target, &link).unwrap();
        let opened = Keeping::Private.open(OpenOptions::new().write(true).truncate(true), &link);
        assert!(opened.is_err());
        assert_eq!(fs::read_to_string(&target).unwrap(), "theirs");
    }
}
