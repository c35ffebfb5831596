//! `tenants remove`: out of the configuration; tokens are deleted, ledger and audit are kept as files unless told otherwise.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::config::edit::{self, Change};
use crate::config::places::Places;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::words;
use crate::graph::{TokenStore, keyring};
use crate::store::Store;

use super::super::args::tenants::Leaving;
use super::super::exit::Exit;
use super::super::{open, print};
use super::stamp;

pub(super) async fn remove(
    places: &Places,
    config: &Config,
    leaving: &Leaving,
) -> anyhow::Result<Exit> {
    let name = &leaving.name;
    let Some(tenant) = config.tenants.get(name) else {
        let names: Vec<&str> = config.tenants.keys().map(String::as_str).collect();
        return Err(Failure::new(
            FailureKind::Config,
            format!("There is no tenant {name}"),
            format!("the configuration has: {}", names.join(", ")),
            words::UNCHANGED,
        )
        .into());
    };
    let dir = places.tenant_dir(name);
    let fate = if leaving.purge {
        "ledger and audit are DELETED"
    } else {
        "ledger and audit are kept as files"
    };
    let agreed = leaving.yes
        || (print::is_interactive()
            && print::ask(&format!(
                "Remove {name} from the configuration? Its tokens are deleted, {fate}. Type the name:"
            ))? == *name);
    if !agreed {
        print::tell("The tenant stays. Give --yes where nobody can be asked.");
        return Ok(Exit::Refused);
    }
    let lease = held(&dir)?;
    if dir.join("ledger.db").exists() && !leaving.purge {
        note(&dir, &tenant.tenant_id).await?;
    }
    forget_tokens(places, config, name)?;
    let kept = if leaving.purge {
        purge(&dir)?;
        None
    } else {
        keep(places, name, &dir)?
    };
    drop(lease);
    if dir != places.own_tenant_dir(name) {
        purge(&places.own_tenant_dir(name))?;
    }
    edit::rewrite(&places.config_file(), name, &Change::RemoveTenant)
        .map_err(|error| error.failure())?;
    match kept {
        Some(kept) => print::tell(&format!(
            "{name} is removed; its files are kept in {}",
            kept.display()
        )),
        None => print::tell(&format!("{name} is removed")),
    }
    Ok(Exit::Done)
}

/// A run that is under way keeps its files.
fn held(dir: &Path) -> anyhow::Result<Option<fs::File>> {
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
            )
            .into())
        }
        _ => Ok(Some(file)),
    }
}

/// The last line of the audit.
async fn note(dir: &Path, tenant_id: &str) -> anyhow::Result<()> {
    let store = Store::open(dir).map_err(|error| error.failure())?;
    let change = ("tenant_id", tenant_id.to_owned(), "removed".to_owned());
    let noted = store.ledger.note_settings(vec![change], stamp()).await;
    store.close();
    noted.map_err(|error| error.failure())?;
    Ok(())
}

/// The tokens of this tenant. What its identity has left for other tenants is theirs.
fn forget_tokens(places: &Places, config: &Config, name: &str) -> anyhow::Result<()> {
    let tenant = &config.tenants[name];
    let tokens = match open::tokens_of(places, name, tenant) {
        TokenStore::Memory => return Ok(()),
        TokenStore::File(tokens) | TokenStore::OfAccount(tokens) => tokens,
        TokenStore::Keyring { file, tool } => {
            if let Err(why) = keyring::forget(&tool, &file) {
                print::tell(&format!(
                    "The keyring cannot be asked to forget {name}'s sign-in ({why}); remove \"teamsconnector sign-in\" there."
                ));
            }
            file
        }
    };
    let folder = tokens.parent().unwrap_or(&tokens);
    let own = tokens.file_name().unwrap_or_default().to_string_lossy();
    let Ok(entries) = fs::read_dir(folder) else {
        return Ok(());
    };
    // With the lock and whatever a crash has left beside the file.
    for entry in entries.flatten() {
        let file = entry.file_name();
        if belongs_to(&own, &file.to_string_lossy()) {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
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

fn purge(dir: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(dir) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Moves the tenant's folder to where removed ones are; `None` where there is none.
fn keep(places: &Places, name: &str, dir: &Path) -> anyhow::Result<Option<PathBuf>> {
    if !dir.exists() {
        return Ok(None);
    }
    let folder = places.prepare_removed().map_err(|error| error.failure())?;
    let day = crate::runtime::clock::system()
        .now()
        .strftime("%Y-%m-%d")
        .to_string();
    let mut kept = folder.join(format!("{name}-{day}"));
    let mut n = 1;
    while kept.exists() {
        n += 1;
        kept = folder.join(format!("{name}-{day}-{n}"));
    }
    fs::rename(dir, &kept)?;
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
