//! Where things are kept, and that nobody else can write there.

use std::fs::{self, DirBuilder, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use directories::ProjectDirs;

use super::error::ConfigError;
use super::sharing;
use super::surroundings::variable;
use super::{Config, Shared};

/// The variable that puts everything under one folder.
pub const HOME_VARIABLE: &str = "TEAMSCONNECTOR_HOME";

/// The folders of the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    config: PathBuf,
    kept: PathBuf,
    state: PathBuf,
    shared: Option<Shared>,
}

/// The files of a tenant's folder that a run believes, and sends what they say.
const BELIEVED: [&str; 4] = ["ledger.db", "cache.db", "history.db", "audit.jsonl"];

impl Places {
    /// Everything under one folder.
    pub fn under(home: &Path) -> Self {
        Self {
            config: home.to_owned(),
            kept: home.to_owned(),
            state: home.to_owned(),
            shared: None,
        }
    }

    /// Under `TEAMSCONNECTOR_HOME` if it is set, else in the platform's folders for configuration, data and state.
    pub fn platform() -> Result<Self, ConfigError> {
        if let Some(home) = variable(HOME_VARIABLE) {
            return Ok(Self::under(Path::new(&home)));
        }
        let folders = ProjectDirs::from("", "", "teamsconnector").ok_or(ConfigError::NoHome {
            variable: HOME_VARIABLE,
        })?;
        let kept = folders.data_local_dir().to_owned();
        Ok(Self {
            config: folders.config_dir().to_owned(),
            state: folders
                .state_dir()
                .map_or_else(|| kept.clone(), Path::to_owned),
            kept,
            shared: None,
        })
    }

    /// The configuration.
    pub fn config_file(&self) -> PathBuf {
        self.config.join("config.toml")
    }

    /// The same, with the shared folder that the configuration declares.
    #[must_use]
    pub fn sharing(self, config: &Config) -> Self {
        Self {
            shared: config.shared.clone(),
            ..self
        }
    }

    /// The folder of a tenant: databases, audit, lease. In the shared folder where one is declared.
    pub fn tenant_dir(&self, name: &str) -> PathBuf {
        let root = self
            .shared
            .as_ref()
            .map_or(&self.kept, |shared| &shared.dir);
        root.join("tenants").join(name)
    }

    /// The folder of what is never shared of a tenant: its tokens.
    pub fn own_tenant_dir(&self, name: &str) -> PathBuf {
        self.kept.join("tenants").join(name)
    }

    /// The tenants that have a folder of their own here, whatever the configuration says, by name.
    pub fn tenants_with_files(&self) -> Vec<(String, PathBuf)> {
        let Ok(found) = fs::read_dir(self.kept.join("tenants")) else {
            return Vec::new();
        };
        let mut tenants: Vec<(String, PathBuf)> = found
            .filter_map(Result::ok)
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
            .map(|entry| {
                (
                    entry.file_name().to_string_lossy().into_owned(),
                    entry.path(),
                )
            })
            .collect();
        tenants.sort();
        tenants
    }

    /// The folder of an identity: its tokens.
    pub fn identity_dir(&self, name: &str) -> PathBuf {
        self.kept.join("identities").join(name)
    }

    /// Where the files of a tenant go that was taken out of the configuration.
    pub fn removed(&self) -> PathBuf {
        let root = self
            .shared
            .as_ref()
            .map_or(&self.kept, |shared| &shared.dir);
        root.join("removed")
    }

    /// The logs of the program.
    pub fn logs(&self) -> PathBuf {
        self.state.join("logs")
    }

    /// What is kept of all tenants of this account.
    pub fn tenants(&self) -> PathBuf {
        self.kept.join("tenants")
    }

    /// Reports of crashes.
    pub fn crash(&self) -> PathBuf {
        self.state.join("crash")
    }

    /// The state of the demo tenant.
    pub fn demo(&self) -> PathBuf {
        self.kept.join("demo")
    }

    /// Makes the folders, for their owner alone, and refuses those that others own or can write to.
    pub fn prepare(&self) -> Result<(), ConfigError> {
        let mut folders = vec![
            self.config.clone(),
            self.kept.clone(),
            self.state.clone(),
            self.kept.join("tenants"),
            self.demo(),
            self.logs(),
            self.crash(),
        ];
        folders.dedup();
        for folder in folders {
            if folder.parent() == Some(&self.kept) || folder.parent() == Some(&self.state) {
                no_link(&folder)?;
            }
            private_folder(&folder)?;
        }
        match &self.shared {
            Some(shared) => sharing::check(shared),
            None => Ok(()),
        }
    }

    /// Makes the folders of one tenant, and those of everybody; gives the one for its databases.
    pub fn prepare_tenant(&self, name: &str) -> Result<PathBuf, ConfigError> {
        self.prepare()?;
        inner_folder(&self.own_tenant_dir(name))?;
        if let Some(shared) = &self.shared {
            sharing::inner(shared, &shared.dir.join("tenants"))?;
            sharing::inner(shared, &self.tenant_dir(name))?;
        }
        self.check_files(name)?;
        Ok(self.tenant_dir(name))
    }

    /// Refuses folders of everybody that others own or can write to; makes none.
    pub fn check(&self) -> Result<(), ConfigError> {
        for folder in [&self.config, &self.kept] {
            if folder.exists() {
                check_folder(folder)?;
            }
        }
        match &self.shared {
            Some(shared) => sharing::check(shared),
            None => Ok(()),
        }
    }

    /// Refuses the folder or a file of a tenant that others own or can write to; makes none.
    pub fn check_tenant(&self, name: &str) -> Result<(), ConfigError> {
        let folder = self.tenant_dir(name);
        if !folder.exists() {
            return Ok(());
        }
        if let Some(shared) = &self.shared {
            sharing::look(shared, &folder)?;
        } else {
            no_link(&folder)?;
            check_folder(&folder)?;
        }
        self.check_files(name)
    }

    /// Who can write such a file can have anything sent. In a shared folder those of the group may.
    fn check_files(&self, name: &str) -> Result<(), ConfigError> {
        let folder = self.tenant_dir(name);
        let (shut, word) = match self.shared {
            Some(_) => (0o002, "chmod o-w"),
            None => (0o022, "chmod go-w"),
        };
        for path in BELIEVED.map(|file| folder.join(file)) {
            let Ok(found) = fs::symlink_metadata(&path) else {
                continue;
            };
            if found.is_symlink() {
                return Err(ConfigError::NotA {
                    path,
                    expected: "a file of its own (it is a link)",
                });
            }
            if self.shared.is_none() {
                ours(&path, &found, "chown")?;
            }
            closed(&path, &found, (shut, OTHERS_WRITE, word))?;
        }
        Ok(())
    }

    /// Whether the shared folder, and what lies in it of a tenant, is as it was declared; nothing is made. Empty where nothing is
    /// shared.
    pub fn look_at_shared(&self, name: &str) -> Vec<(PathBuf, Result<(), ConfigError>)> {
        let Some(shared) = &self.shared else {
            return Vec::new();
        };
        let mut looked = vec![(shared.dir.clone(), sharing::check(shared))];
        for folder in [shared.dir.join("tenants"), self.tenant_dir(name)] {
            if folder.exists() {
                let state = sharing::look(shared, &folder);
                looked.push((folder, state));
            }
        }
        looked
    }

    /// Makes the folder of an identity.
    pub fn prepare_identity(&self, name: &str) -> Result<PathBuf, ConfigError> {
        self.prepare()?;
        inner_folder(&self.kept.join("identities"))?;
        inner_folder(&self.identity_dir(name))?;
        Ok(self.identity_dir(name))
    }

    /// Makes the folder for what is taken out of the configuration.
    pub fn prepare_removed(&self) -> Result<PathBuf, ConfigError> {
        match &self.shared {
            Some(shared) => sharing::inner(shared, &self.removed())?,
            None => inner_folder(&self.removed())?,
        }
        Ok(self.removed())
    }
}

/// As [`private_folder`], for one inside another of ours: a link there is nothing that we have made.
fn inner_folder(folder: &Path) -> Result<(), ConfigError> {
    no_link(folder)?;
    private_folder(folder)
}

/// Refuses a link.
pub(super) fn no_link(folder: &Path) -> Result<(), ConfigError> {
    match fs::symlink_metadata(folder) {
        Ok(found) if found.is_symlink() => Err(ConfigError::NotA {
            path: folder.to_owned(),
            expected: "a folder of its own (it is a link)",
        }),
        _ => Ok(()),
    }
}

/// Refuses a file that others can write: who writes the configuration says where secrets and tokens are sent.
pub(super) fn check_writers(path: &Path) -> Result<(), ConfigError> {
    let found = fs::metadata(path).map_err(|source| ConfigError::Io {
        path: path.to_owned(),
        source,
    })?;
    if found.uid() != 0 {
        ours(path, &found, "chown")?;
    }
    closed(path, &found, (0o022, OTHERS_WRITE, "chmod go-w"))
}

const OTHERS_WRITE: &str = "others can write to it";

/// Refuses what another account owns, with the command that gives it back.
pub(super) fn ours(path: &Path, found: &Metadata, chown: &str) -> Result<(), ConfigError> {
    let you = rustix::process::geteuid().as_raw();
    if found.uid() == you {
        return Ok(());
    }
    Err(ConfigError::Owner {
        path: path.to_owned(),
        owner: found.uid(),
        you,
        remedy: format!("{chown} {you} {}", shell_word(path)),
    })
}

/// Refuses what gives others one of these bits; says what they can do with it, and the command that takes it from them.
pub(super) fn closed(
    path: &Path,
    found: &Metadata,
    (bits, problem, chmod): (u32, &'static str, &str),
) -> Result<(), ConfigError> {
    let mode = found.mode() & 0o7777;
    if mode & bits == 0 {
        return Ok(());
    }
    Err(ConfigError::Mode {
        path: path.to_owned(),
        mode,
        problem,
        remedy: format!("{chmod} {}", shell_word(path)),
    })
}

/// Makes a folder with mode 0700, or checks that an existing one is ours and nobody else can write to it.
pub fn private_folder(folder: &Path) -> Result<(), ConfigError> {
    let io = |source| ConfigError::Io {
        path: folder.to_owned(),
        source,
    };
    match DirBuilder::new().recursive(true).mode(0o700).create(folder) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(ConfigError::NotA {
                path: folder.to_owned(),
                expected: "a folder",
            });
        }
        made => made.map_err(io)?,
    }
    check_folder(folder)
}

/// Checks that an existing folder is ours and nobody else can write to it.
fn check_folder(folder: &Path) -> Result<(), ConfigError> {
    let found = fs::metadata(folder).map_err(|source| ConfigError::Io {
        path: folder.to_owned(),
        source,
    })?;
    ours(folder, &found, "chown -R")?;
    closed(folder, &found, (0o022, OTHERS_WRITE, "chmod 700"))
}

/// A path as a shell takes it.
pub(super) fn shell_word(path: &Path) -> String {
    let text = path.to_string_lossy();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.into_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn everything_under_one_home() {
        let places = Places::under(Path::new("/h"));
        assert_eq!(places.config_file(), Path::new("/h/config.toml"));
        assert_eq!(
            places.tenant_dir("contoso"),
            Path::new("/h/tenants/contoso")
        );
        assert_eq!(places.logs(), Path::new("/h/logs"));
        assert_eq!(places.crash(), Path::new("/h/crash"));
        assert_eq!(places.demo(), Path::new("/h/demo"));
    }

    #[test]
    fn folders_are_for_their_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("new").join("home");
        let places = Places::under(&home);
        places.prepare().unwrap();
        for folder in [
            home.clone(),
            places.logs(),
            places.crash(),
            places.demo(),
            home.join("tenants"),
        ] {
            assert_eq!(
                fs::metadata(&folder).unwrap().mode() & 0o777,
                0o700,
                "{}",
                folder.display()
            );
        }
        places.prepare().unwrap();
    }

    #[test]
    fn a_folder_that_others_can_write_to_is_refused_with_the_command() {
        let root = tempfile::tempdir().unwrap();
        let home = root.path().join("my home");
        Places::under(&home).prepare().unwrap();
        for mode in [0o770, 0o702, 0o777, 0o1777, 0o2770] {
            set_mode(&home, mode);
            let message = Places::under(&home).prepare().unwrap_err().to_string();
            let remedy = format!("run: chmod 700 '{}'", home.display());
            assert!(message.ends_with(&remedy), "{message}");
            assert!(
                message.contains(&format!("has mode {mode:04o}")),
                "{message}"
            );
        }
        for mode in [0o700, 0o750, 0o755] {
            set_mode(&home, mode);
            Places::under(&home).prepare().unwrap();
        }
    }

    #[test]
    fn a_file_in_the_way_is_named() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join("logs"), "").unwrap();
        let error = Places::under(root.path()).prepare().unwrap_err();
        assert!(
            error.to_string().contains("logs is not a folder"),
            "{error}"
        );
    }
}
