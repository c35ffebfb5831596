//! What can be wrong with the configuration, the folders and the secrets: each says where, and what would be right.

use std::io;
use std::path::{Path, PathBuf};

use crate::domain::failure::{Failure, FailureKind};

/// A place in the configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// Line, from 1; 0 for a text that was not written.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = self.path.file_name().map_or_else(
            || self.path.display().to_string(),
            |name| name.to_string_lossy().into_owned(),
        );
        if self.line == 0 {
            return write!(f, "not written into {}", self.path.display());
        }
        write!(f, "{name}:{}:{}", self.line, self.column)
    }
}

/// Why the configuration, a folder or a secret cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not TOML.
    #[error("{at}: {message}")]
    Syntax {
        /// Where.
        at: Box<Place>,
        /// What the parser says.
        message: String,
    },
    /// A key that does not exist.
    #[error("{at}: unknown key \"{key}\" in {table}; {}", nearest_or_all(.nearest.as_deref(), allowed))]
    UnknownKey {
        /// Where.
        at: Box<Place>,
        /// The key.
        key: String,
        /// Its table.
        table: String,
        /// The key that was probably meant.
        nearest: Option<String>,
        /// The keys that the table has.
        allowed: Vec<String>,
    },
    /// A value that the key cannot have.
    #[error("{at}: {key} = {found} in {table} is not allowed; {allowed}")]
    WrongValue {
        /// Where.
        at: Box<Place>,
        /// The key.
        key: String,
        /// Its table.
        table: String,
        /// The value, as written.
        found: String,
        /// What is allowed.
        allowed: String,
    },
    /// A key of the keyboard that would mean two things in one place.
    #[error(
        "{at}: {key} is \"{yours}\" and \"{other}\" in one place ({place}): give one of them another key"
    )]
    KeyClash {
        /// Where.
        at: Box<Place>,
        /// The key.
        key: String,
        /// The action that the file gives it to.
        yours: &'static str,
        /// The action that has it already.
        other: &'static str,
        /// Where both are read.
        place: &'static str,
    },
    /// A key that must be there.
    #[error("{at}: {table} needs the key \"{key}\": {allowed}")]
    Missing {
        /// Where the table begins.
        at: Box<Place>,
        /// The key.
        key: String,
        /// Its table.
        table: String,
        /// What it may be.
        allowed: String,
    },
    /// Two names for one tenant.
    #[error(
        "{at}: {table} is the tenant of [tenants.{other}] too. Each name has a queue and an audit of its own, so that two would write to one tenant side by side: keep one of them (`tenants remove` keeps the files of the other)"
    )]
    SameTenant {
        /// Where its id stands.
        at: Box<Place>,
        /// The later table.
        table: String,
        /// The earlier name.
        other: String,
    },
    /// No such tenant in the configuration.
    #[error("no tenant \"{name}\" in {}{}", .path.display(), listed(.known))]
    NoSuchTenant {
        /// The name that was asked for.
        name: String,
        /// The file.
        path: PathBuf,
        /// The names that are there.
        known: Vec<String>,
    },
    /// No such theme.
    #[error("{}no theme \"{name}\", neither built in nor in {}{}", named_at(.at.as_deref()), .folder.display(), nearest_or_listed(.nearest.as_deref(), .known))]
    NoSuchTheme {
        /// Where the configuration names it; nothing where somebody asks for it on the command line.
        at: Option<Box<Place>>,
        /// The name that was asked for.
        name: String,
        /// Where files of themes are.
        folder: PathBuf,
        /// The name that was probably meant.
        nearest: Option<String>,
        /// The names that are there.
        known: Vec<String>,
    },
    /// A tenant of that name is there already.
    #[error("the tenant \"{name}\" is in {} already", .path.display())]
    TenantExists {
        /// The name.
        name: String,
        /// The file.
        path: PathBuf,
    },
    /// A folder or file that others can write or read.
    #[error("{} has mode {mode:04o}: {problem}; run: {remedy}", .path.display())]
    Mode {
        /// The folder or file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
        /// Who can do what.
        problem: &'static str,
        /// The command that puts it right.
        remedy: String,
    },
    /// A folder or file of somebody else.
    #[error("{} belongs to user id {owner}, not to you (user id {you}); an administrator runs: {remedy}", .path.display())]
    Owner {
        /// The folder or file.
        path: PathBuf,
        /// Whose it is.
        owner: u32,
        /// Who asks.
        you: u32,
        /// The command that puts it right.
        remedy: String,
    },
    /// The folder that is shared is not as it was declared.
    #[error("{} {found}; shared_dir belongs to the group {group} with mode 2770; run: {remedy}", .path.display())]
    Sharing {
        /// The folder.
        path: PathBuf,
        /// What it is instead.
        found: String,
        /// The declared group.
        group: String,
        /// The command that puts it right.
        remedy: String,
    },
    /// The group of the shared folder is not known on this machine.
    #[error(
        "there is no group {group} in {table} (shared_group); an administrator runs: groupadd {group}; a group of a directory service is given by its number"
    )]
    NoGroup {
        /// The group.
        group: String,
        /// Where it was looked for.
        table: &'static str,
    },
    /// Who asks is not in the group of the shared folder.
    #[error("{} is shared by the group {group}, and you are not in it; an administrator runs: {remedy}", .path.display())]
    Outside {
        /// The folder.
        path: PathBuf,
        /// The group.
        group: String,
        /// The command that puts it right.
        remedy: String,
    },
    /// Something else stands where a file or folder should be.
    #[error("{} is not {expected}", .path.display())]
    NotA {
        /// What stands there.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
    /// No secret is there.
    #[error("no client secret: set {variable}, or secret_file in the tenant's table")]
    NoSecret {
        /// The variable that may hold it.
        variable: &'static str,
    },
    /// The platform names no home folder.
    #[error("no home folder is known: set {variable} or use --home")]
    NoHome {
        /// The variable that may name it.
        variable: &'static str,
    },
    /// The operating system refused.
    #[error("{}: {source}", .path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: io::Error,
    },
}

fn named_at(at: Option<&Place>) -> String {
    at.map_or_else(String::new, |at| format!("{at}: theme: "))
}

fn nearest_or_all(nearest: Option<&str>, allowed: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("did you mean \"{nearest}\"?"),
        None => format!("known keys: {}", allowed.join(", ")),
    }
}

fn nearest_or_listed(nearest: Option<&str>, names: &[String]) -> String {
    match nearest {
        Some(nearest) => format!("; did you mean \"{nearest}\"?"),
        None => listed(names),
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        "; there are none yet".to_owned()
    } else {
        format!("; there are: {}", names.join(", "))
    }
}

impl ConfigError {
    /// Where in the file it is, where it is about a place in one.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Self::Syntax { at, .. }
            | Self::UnknownKey { at, .. }
            | Self::WrongValue { at, .. }
            | Self::KeyClash { at, .. }
            | Self::SameTenant { at, .. }
            | Self::Missing { at, .. } => Some(at),
            Self::NoSuchTheme { at, .. } => at.as_deref(),
            _ => None,
        }
    }

    /// The same about a theme that the configuration names there.
    #[must_use]
    pub fn named_in(mut self, place: Option<&Place>) -> Self {
        if let Self::NoSuchTheme { at, .. } = &mut self {
            *at = place.cloned().map(Box::new);
        }
        self
    }

    /// The same about a text that was to be written and is not: its lines are those of no file.
    #[must_use]
    pub fn of_nothing_written(mut self) -> Self {
        match &mut self {
            Self::Syntax { at, .. }
            | Self::UnknownKey { at, .. }
            | Self::WrongValue { at, .. }
            | Self::KeyClash { at, .. }
            | Self::SameTenant { at, .. }
            | Self::Missing { at, .. } => at.line = 0,
            _ => {}
        }
        self
    }

    /// The key that it is about.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { key, .. }
            | Self::WrongValue { key, .. }
            | Self::KeyClash { key, .. }
            | Self::Missing { key, .. } => Some(key),
            Self::SameTenant { .. } => Some("tenant_id"),
            Self::NoSuchTheme { at: Some(_), .. } => Some("theme"),
            _ => None,
        }
    }

    /// The table that the key is in, as it was written.
    pub fn table(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { table, .. }
            | Self::WrongValue { table, .. }
            | Self::SameTenant { table, .. }
            | Self::Missing { table, .. } => Some(table),
            Self::NoSuchTheme { at: Some(_), .. } => Some("the file"),
            _ => None,
        }
    }

    /// The key or the name that was probably meant.
    pub fn nearest(&self) -> Option<&str> {
        match self {
            Self::UnknownKey { nearest, .. } | Self::NoSuchTheme { nearest, .. } => {
                nearest.as_deref()
            }
            _ => None,
        }
    }

    /// The failure that screens and commands show.
    pub fn failure(&self) -> Failure {
        let hint = match self {
            Self::Io { path, source } => cannot_write(path, source),
            _ => None,
        };
        Failure::new(
            FailureKind::Config,
            self.to_string(),
            String::new(),
            hint.unwrap_or_default(),
        )
    }
}

/// What to do where a folder or a file cannot be written; `None` where something else is wrong.
pub fn cannot_write(path: &Path, why: &io::Error) -> Option<String> {
    let word = |path: &Path| {
        let text = path.to_string_lossy();
        shlex::try_quote(&text).map_or_else(|_| text.to_string(), std::borrow::Cow::into_owned)
    };
    // A file is replaced by way of its folder, and a folder that is not there yet is made in the one above.
    let there = path.ancestors().filter(|place| place.exists()).take(2);
    let words: Vec<String> = there.map(word).collect();
    let words = words.join(" ");
    match why.kind() {
        io::ErrorKind::PermissionDenied => Some(format!(
            "Nothing was changed. `ls -ld {words}` shows whose these are and their modes: give this account the right to write there, or name another place with --home DIR."
        )),
        io::ErrorKind::ReadOnlyFilesystem => Some(
            "Nothing was changed. The disk is mounted read-only: have it mounted for writing, or name another place with --home DIR."
                .to_owned(),
        ),
        io::ErrorKind::StorageFull => Some(
            "Nothing was changed. The disk is full: make room, or name another place with --home DIR."
                .to_owned(),
        ),
        _ => None,
    }
}
