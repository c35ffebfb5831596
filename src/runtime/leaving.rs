//! A tenant that leaves the configuration: its sign-in is forgotten, ledger and audit are kept as files unless told otherwise.
//!
//! Whoever asks for it, command or console, comes here, and has asked a person before.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use crate::config::edit::{self, Change};
use crate::config::places::Places;
use crate::config::surroundings::author;
use crate::config::{Config, TenantConfig, TokensKept};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::words;
use crate::graph::TokenStore;
use crate::graph::keyring::{self, TOOL};
use crate::store::{Stamp, Store};

use super::clock;

/// What becomes of a tenant's files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// They go to where those of removed tenants are.
    Kept,
    /// They are deleted.
    Purged,
}

/// A tenant that was removed.
#[derive(Debug)]
pub struct Left {
    name: String,
    /// Where its files are now; `None` where there are none.
    kept: Option<PathBuf>,
    /// Where they would be found again.
    dir: PathBuf,
    /// Why the keyring has not forgotten its sign-in.
    keyring: Option<String>,
}

impl Left {
    /// What was done, and how it is taken back.
    pub fn lines(&self) -> Vec<String> {
        let name = &self.name;
        let mut lines = match &self.kept {
            None => vec![format!("{name} is removed")],
            Some(kept) => vec![
                format!(
                    "{name} is removed; its files are kept in {}",
                    kept.display()
                ),
                format!(
                    "To bring it back: mv {} {}, then add a tenant {name} again: its users, queue and history are used.",
                    kept.display(),
                    self.dir.display()
                ),
            ],
        };
        lines.extend(self.keyring.clone());
        lines
    }
}

/// Where the tokens for a tenant are kept: its own, or among those of the account that works it.
pub fn tokens_of(places: &Places, name: &str, tenant: &TenantConfig) -> TokenStore {
    if tenant.tokens == TokensKept::Memory {
        return TokenStore::Memory;
    }
    if let Some(identity) = &tenant.identity {
        let folder = places.identity_dir(identity);
        return TokenStore::OfAccount(folder.join(format!("{name}.tokens")));
    }
    let file = places.own_tenant_dir(name).join("tokens");
    match tenant.tokens {
        TokensKept::Keyring => TokenStore::Keyring {
            file,
            tool: TOOL.into(),
        },
        TokensKept::File | TokensKept::Memory => TokenStore::File(file),
    }
}

/// The configuration, where it has that tenant.
pub fn there(places: &Places, name: &str) -> Result<Config, Failure> {
    let config = Config::load(&places.config_file()).map_err(|error| error.failure())?;
    if config.tenants.contains_key(name) {
        return Ok(config);
    }
    let names: Vec<&str> = config.tenants.keys().map(String::as_str).collect();
    Err(Failure::new(
        FailureKind::Config,
        format!("There is no tenant {name}"),
        format!("the configuration has: {}", names.join(", ")),
        words::UNCHANGED,
    ))
}

/// Takes a tenant out of the configuration.
pub async fn remove(places: &Places, name: &str, files: Files) -> Result<Left, Failure> {
    let config = there(places, name)?;
    let tenant = &config.tenants[name];
    let places = &places.clone().sharing(&config);
    let dir = places.tenant_dir(name);
    let lease = held(&dir)?;
    if dir.join("ledger.db").exists() && files == Files::Kept {
        note(&dir, &tenant.tenant_id).await?;
    }
    let broken = |error: io::Error| {
        Failure::new(
            FailureKind::Store,
            format!("{name} could not be removed"),
            error.to_string(),
            "It is in the configuration still. Look at its folder (`teamsconnector paths`), then try again.",
        )
    };
    let keyring = forget_tokens(places, (name, tenant)).map_err(broken)?;
    let kept = match files {
        Files::Purged => {
            purge(&dir).map_err(broken)?;
            None
        }
        Files::Kept => keep(places, name, &dir)?,
    };
    drop(lease);
    if dir != places.own_tenant_dir(name) {
        purge(&places.own_tenant_dir(name)).map_err(broken)?;
    }
    edit::rewrite(&places.config_file(), name, &Change::RemoveTenant)
        .map_err(|error| error.failure())?;
    Ok(Left {
        name: name.to_owned(),
        kept,
        dir,
        keyring,
    })
}

/// A run that is under way keeps its files.
fn held(dir: &Path) -> Result<Option<fs::File>, Failure> {
    let path = dir.join("lease");
    let Ok(file) = fs::OpenOptions::new().read(true).write(true).open(&path) else {
        return Ok(None);
    };
    match file.try_lock() {
        Err(fs::TryLockError::WouldBlock) => {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            Err(Failure::new(
                FailureKind::TryAgain,
                "A run of this tenant is under way",
                format!("held by {}", holder.trim()),
                "Nothing was changed. Wait until it has ended, then try again.",
            ))
        }
        _ => Ok(Some(file)),
    }
}

/// The last line of the audit.
async fn note(dir: &Path, tenant_id: &str) -> Result<(), Failure> {
    let store = Store::open(dir).map_err(|error| error.failure())?;
    let change = ("tenant_id", tenant_id.to_owned(), "removed".to_owned());
    let stamp = Stamp {
        at: clock::system().now(),
        author: author(),
        run: None,
    };
    let noted = store.ledger.note_settings(vec![change], stamp).await;
    store.close();
    noted.map_err(|error| error.failure())
}

/// The tokens of this tenant, and what stands in the way where a keyring keeps them. What its identity has left for other tenants is
/// theirs.
fn forget_tokens(
    places: &Places,
    (name, tenant): (&str, &TenantConfig),
) -> io::Result<Option<String>> {
    let mut told = None;
    let tokens = match tokens_of(places, name, tenant) {
        TokenStore::Memory => return Ok(None),
        TokenStore::File(tokens) | TokenStore::OfAccount(tokens) => tokens,
        TokenStore::Keyring { file, tool } => {
            if let Err(why) = keyring::forget(&tool, &file) {
                told = Some(format!(
                    "The keyring cannot be asked to forget {name}'s sign-in ({why}); remove \"teamsconnector sign-in\" there."
                ));
            }
            file
        }
    };
    let folder = tokens.parent().unwrap_or(&tokens);
    let own = tokens.file_name().unwrap_or_default().to_string_lossy();
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(told);
    };
    // With the lock and whatever a crash has left beside the file.
    for entry in entries.flatten() {
        let file = entry.file_name();
        if belongs_to(&own, &file.to_string_lossy()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(told)
}

/// Whether a file is that one, its lock, or what a crash or damage has left of it. Another tenant's may begin with the same name.
fn belongs_to(own: &str, file: &str) -> bool {
    let Some(rest) = file.strip_prefix(own) else {
        return false;
    };
    matches!(rest, "" | ".lock" | ".new" | ".claims")
        || rest.strip_prefix(".damaged-").is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}

fn purge(dir: &Path) -> io::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Moves the tenant's folder to where removed ones are; `None` where there is none.
fn keep(places: &Places, name: &str, dir: &Path) -> Result<Option<PathBuf>, Failure> {
    if !dir.exists() {
        return Ok(None);
    }
    let folder = places.prepare_removed().map_err(|error| error.failure())?;
    let day = clock::system().now().strftime("%Y-%m-%d").to_string();
    let mut kept = folder.join(format!("{name}-{day}"));
    let mut n = 1;
    while kept.exists() {
        n += 1;
        kept = folder.join(format!("{name}-{day}-{n}"));
    }
    fs::rename(dir, &kept).map_err(|error| {
        let headline = format!("The files of {name} cannot be put aside");
        Failure::new(
            FailureKind::Store,
            headline,
            error.to_string(),
            words::UNCHANGED,
        )
    })?;
    // What the tenant could give again is not kept of one that has left.
    for file in [
        "cache.db",
        "cache.db-wal",
        "cache.db-shm",
        "lease",
        ".opening",
    ] {
        drop(fs::remove_file(kept.join(file)));
    }
    Ok(Some(kept))
}

#[cfg(test)]
mod tests {
    use super::belongs_to;

    #[test]
    fn only_files_of_the_very_tenant_are_its_tokens() {
        for file in [
            "i1.tokens",
            "i1.tokens.lock",
            "i1.tokens.new",
            "i1.tokens.claims",
            "i1.tokens.damaged-12",
        ] {
            assert!(belongs_to("i1.tokens", file), "{file}");
        }
        for file in [
            "i1.tokens-old.tokens",
            "i1.tokens-old.tokens.lock",
            "i1.tokens.tokens",
            "i1.tokens.damaged-1.tokens",
            "i1.tokens.damaged-",
            "i1.tokens.lock.tokens",
            "i2.tokens",
        ] {
            assert!(!belongs_to("i1.tokens", file), "{file}");
        }
    }
}
