//! The folder that a team on one host shares: setgid, of exactly one group, closed to everybody else.
//!
//! Tokens never lie in it. Who is in the group is the operating system's to say.

use std::fs::{self, DirBuilder};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use super::Shared;
use super::error::ConfigError;
use super::places::{no_link, shell_word};
use super::surroundings::account;

const GROUPS: &str = "/etc/group";

/// The mode of each folder.
const MODE: u32 = 0o2770;

/// Checks the folder that was declared. It is not made here: which group shares it is an administrator's to say.
pub(super) fn check(shared: &Shared) -> Result<(), ConfigError> {
    let table = fs::read_to_string(GROUPS).unwrap_or_default();
    check_with(shared, &table)
}

fn check_with(shared: &Shared, table: &str) -> Result<(), ConfigError> {
    let gid = number_of(&shared.group, table)?;
    no_link(&shared.dir)?;
    check_folder(shared, &shared.dir, gid)?;
    // Root reaches everything, and would leave files that the group cannot have; its own groups are asked all the same.
    let inside = rustix::process::getegid().as_raw() == gid
        || rustix::process::getgroups()
            .is_ok_and(|groups| groups.iter().any(|group| group.as_raw() == gid));
    if inside || rustix::process::geteuid().is_root() {
        return Ok(());
    }
    Err(ConfigError::Outside {
        path: shared.dir.clone(),
        group: shared.group.clone(),
        remedy: format!("usermod -aG {} {}", shared.group, account()),
    })
}

/// Makes a folder inside the shared one, or checks one that is there.
pub(super) fn inner(shared: &Shared, folder: &Path) -> Result<(), ConfigError> {
    let io = |source| ConfigError::Io {
        path: folder.to_owned(),
        source,
    };
    no_link(folder)?;
    if !folder.exists() {
        // Made under another name, so that nobody finds it before it has its mode; the group comes from the folder around it.
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        let beside = folder.with_file_name(format!(".{name}.new-{}", std::process::id()));
        DirBuilder::new().mode(0o700).create(&beside).map_err(io)?;
        let made = fs::set_permissions(&beside, fs::Permissions::from_mode(MODE))
            .and_then(|()| fs::rename(&beside, folder));
        if let Err(error) = made {
            drop(fs::remove_dir(&beside));
            // Somebody else was quicker, and has begun to fill it.
            if !matches!(
                error.kind(),
                ErrorKind::DirectoryNotEmpty | ErrorKind::AlreadyExists
            ) {
                return Err(io(error));
            }
        }
    }
    look(shared, folder)
}

/// Checks a folder inside the shared one, and makes none.
pub(super) fn look(shared: &Shared, folder: &Path) -> Result<(), ConfigError> {
    let table = fs::read_to_string(GROUPS).unwrap_or_default();
    no_link(folder)?;
    check_folder(shared, folder, number_of(&shared.group, &table)?)
}

fn check_folder(shared: &Shared, folder: &Path, gid: u32) -> Result<(), ConfigError> {
    let word = shell_word(folder);
    let wrong = |found: String, remedy: String| {
        Err(ConfigError::Sharing {
            path: folder.to_owned(),
            found,
            group: shared.group.clone(),
            remedy,
        })
    };
    let found = match fs::metadata(folder) {
        Ok(found) if found.is_dir() => found,
        Ok(_) => {
            return Err(ConfigError::NotA {
                path: folder.to_owned(),
                expected: "a folder",
            });
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let make = format!("install -d -m 2770 -g {} {word}", shared.group);
            return wrong("is not there".to_owned(), make);
        }
        Err(source) => {
            return Err(ConfigError::Io {
                path: folder.to_owned(),
                source,
            });
        }
    };
    let mode = found.mode() & 0o7777;
    match (found.gid() == gid, mode == MODE) {
        (true, true) => Ok(()),
        (true, false) => wrong(format!("has mode {mode:04o}"), format!("chmod 2770 {word}")),
        // A change of group takes setgid away, so the mode is set after it in any case.
        (false, _) => wrong(
            format!("belongs to group id {} with mode {mode:04o}", found.gid()),
            format!("chgrp {} {word} && chmod 2770 {word}", shared.group),
        ),
    }
}

/// The number of a group, by its name in the table of the machine, or as it is given.
fn number_of(group: &str, table: &str) -> Result<u32, ConfigError> {
    let listed = table.lines().find_map(|line| {
        let mut fields = line.split(':');
        (fields.next()? == group).then(|| fields.nth(1)?.parse().ok())?
    });
    listed
        .or_else(|| group.parse().ok())
        .ok_or_else(|| ConfigError::NoGroup {
            group: group.to_owned(),
            table: GROUPS,
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_folder_that_is_not_as_declared_is_refused_with_the_command() {
        let root = tempfile::tempdir().unwrap();
        let gid = rustix::process::getegid().as_raw();
        let shared = Shared {
            dir: root.path().join("team"),
            group: gid.to_string(),
        };
        let refusal = |shared: &Shared| check_with(shared, "").unwrap_err().to_string();
        let path = shared.dir.display().to_string();
        assert!(
            refusal(&shared).ends_with(&format!("run: install -d -m 2770 -g {gid} {path}")),
            "{}",
            refusal(&shared)
        );
        fs::create_dir(&shared.dir).unwrap();
        for mode in [0o700, 0o770, 0o2775, 0o2750, 0o3770] {
            set_mode(&shared.dir, mode);
            let message = refusal(&shared);
            assert!(
                message.contains(&format!("has mode {mode:04o}")),
                "{message}"
            );
            assert!(
                message.ends_with(&format!("run: chmod 2770 {path}")),
                "{message}"
            );
        }
        set_mode(&shared.dir, 0o2770);
        check_with(&shared, "").unwrap();
        let other = Shared {
            group: "voice".to_owned(),
            ..shared.clone()
        };
        let table = format!("root:x:0:\nvoice:x:{}:kim,lee\n", gid + 7);
        let message = check_with(&other, &table).unwrap_err().to_string();
        assert!(
            message.ends_with(&format!("run: chgrp voice {path} && chmod 2770 {path}")),
            "{message}"
        );
        assert!(refusal(&other).starts_with("there is no group voice in /etc/group"));
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&shared.dir, &link).unwrap();
        let linked = Shared {
            dir: link,
            ..shared.clone()
        };
        assert!(refusal(&linked).contains("it is a link"));
        let inside = shared.dir.join("tenants");
        inner(&shared, &inside).unwrap();
        inner(&shared, &inside).unwrap();
        assert_eq!(fs::metadata(&inside).unwrap().mode() & 0o7777, 0o2770);
        set_mode(&inside, 0o700);
        assert!(
            inner(&shared, &inside)
                .unwrap_err()
                .to_string()
                .contains("has mode 0700")
        );
    }
}
