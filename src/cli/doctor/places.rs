//! Folders and files of this machine, as `doctor` sees them: whose they are, and who else gets in. Nothing is made or changed.

use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, CWD, accessat};

use crate::cli::exit::Exit;
use crate::config::TokensKept;
use crate::config::places::Places;
use crate::domain::text::{Label, counted};
use crate::graph::{TokenStore, keyring};
use crate::store::disk::Disk;
use crate::store::health::{self, HealthState};

use super::report::{Check, Report, State};

/// The files that are made at the first use in a tenant's folder.
const KEPT: [&str; 5] = [
    "ledger.db",
    "cache.db",
    "history.db",
    "audit.jsonl",
    "lease",
];

/// The folders that every tenant needs.
pub(super) fn folders(report: &mut Report, places: &Places) {
    let config = places.config_file();
    for (name, folder) in [
        (
            "config folder",
            config.parent().unwrap_or(&config).to_owned(),
        ),
        ("tenants folder", places.tenants()),
        ("log folder", places.logs()),
    ] {
        mode(report, name, &folder, 0o022);
    }
    let log = places.logs().join(crate::telemetry::FILE);
    if log.exists() && !is_writable(&log) {
        unwritable(report, "log file", &log);
    }
    if let Some(behind) = crate::config::surroundings::sudo_by() {
        report.warn(
            "account",
            format!("run by sudo: files and tokens of this call belong to the other account, not to {behind}"),
            "Run it without sudo, unless you mean that account.",
        );
    }
}

/// The folder of a tenant, and what lies in it: closed to everybody else, or open to the one group that was declared.
pub(super) fn tenant(report: &mut Report, places: &Places, (name, dir): (&str, &Path)) {
    let shared = places.look_at_shared(name);
    let own = places.own_tenant_dir(name);
    if shared.is_empty() {
        mode(report, "tenant folder", dir, 0o077);
        files(report, dir, 0o600);
    } else {
        for (folder, state) in shared {
            match state {
                Ok(()) => report.ok(
                    "shared folder",
                    format!("{}: the group's alone, mode 2770", folder.display()),
                ),
                Err(error) => report.failed("shared folder", &error.failure()),
            }
        }
        mode(report, "tenant folder", &own, 0o077);
        files(report, dir, 0o660);
    }
    disk(report, dir, Disk::of(dir));
    databases(report, dir);
}

/// Whether the files lie where a database can be trusted to be quick and whole.
fn disk(report: &mut Report, dir: &Path, disk: Disk) {
    match disk.remote() {
        None => report.ok("disk", "one of this machine"),
        Some(kind) => report.warn(
            "disk",
            format!("{} is on {kind}: a slower journal is used there, and what another machine does at the same time is not seen at once", dir.display()),
            "Keep the files on a disk of this machine: `--home DIR` names another place.",
        ),
    }
}

/// Where the tokens of a person are, and whether anybody else reaches them.
pub(super) fn tokens(report: &mut Report, store: &TokenStore, is_app_only: bool) {
    let file: PathBuf = match store {
        _ if is_app_only => {
            return report.ok(
                "tokens",
                "kept in memory alone: the application asks for new ones",
            );
        }
        TokenStore::Memory => {
            return report.ok(
                "tokens",
                "kept in memory alone (tokens = \"memory\"): each program asks for a sign-in of its own",
            );
        }
        TokenStore::File(path)
        | TokenStore::OfAccount(path)
        | TokenStore::Keyring { file: path, .. } => path.clone(),
    };
    let path = file.display();
    match file.symlink_metadata() {
        Err(_) if matches!(store, TokenStore::Keyring { .. }) => report.skipped(
            "tokens",
            format!("{path}: not there: it is used only while the keyring does not answer"),
        ),
        Err(_) => report.skipped(
            "tokens",
            format!("{path}: not there: nobody has signed in, or has signed out"),
        ),
        Ok(meta) if meta.is_symlink() || !meta.is_file() => report.put(
            "tokens",
            State::Failed,
            format!("{path}: is not a plain file, and is not used"),
            &format!("Move {path} away, then sign in again (login)."),
        ),
        Ok(_) if is_damaged(store) => report.put(
            "tokens",
            State::Failed,
            format!("{path}: damaged: it holds no sign-in that can be read"),
            "Sign in again (login): the damaged file is set aside, not deleted.",
        ),
        Ok(_) => mode(report, "tokens", &file, 0o077),
    }
}

/// Whether the keyring answers, where the configuration asks for one.
pub(super) fn key_store(
    report: &mut Report,
    store: &TokenStore,
    (asked, is_app_only): (TokensKept, bool),
) {
    match store {
        TokenStore::Keyring { file, tool } if !is_app_only => match keyring::probe(tool) {
            Ok(()) => report.ok("key store", "the keyring answers: tokens are kept there"),
            Err(why) => report.warn(
                "key store",
                format!("the keyring cannot be used: {why}; tokens are kept in {}", file.display()),
                "Start or unlock the keyring (secret-tool, of libsecret, reaches it), or set tokens = \"file\".",
            ),
        },
        TokenStore::OfAccount(_) if asked == TokensKept::Keyring => report.warn(
            "key store",
            "the keyring is not used for an identity: its sign-ins serve several tenants, and are kept in files",
            "Set tokens = \"file\", which is what happens.",
        ),
        _ => report.ok("key store", "none is asked: tokens are kept as the line above says"),
    }
}

/// Whether there is a file of tokens that is ours alone, and holds none that can be read.
pub(super) fn is_damaged(store: &TokenStore) -> bool {
    let file = match store {
        TokenStore::Memory => return false,
        TokenStore::File(path)
        | TokenStore::OfAccount(path)
        | TokenStore::Keyring { file: path, .. } => path,
    };
    let found = file.symlink_metadata();
    found.is_ok_and(|meta| is_shut(&meta)) && !store.is_whole()
}

/// What is not ours alone is not read, and is told as that.
fn is_shut(meta: &std::fs::Metadata) -> bool {
    let others = meta.permissions().mode() & 0o077;
    meta.uid() == rustix::process::geteuid().as_raw() && others == 0
}

/// Whether a folder or file is ours, and shut to others as far as it has to be.
fn mode(report: &mut Report, name: &'static str, place: &Path, shut: u32) {
    let Ok(meta) = place.metadata() else {
        let above = place.ancestors().skip(1).find(|above| above.exists());
        return match above {
            Some(above) if !is_writable(above) => unwritable(report, name, above),
            _ => report.skipped(name, format!("{}: not made yet", place.display())),
        };
    };
    let bits = meta.permissions().mode() & 0o7777;
    let path = place.display();
    let me = rustix::process::geteuid().as_raw();
    if meta.uid() != me {
        let hint = format!("sudo chown -R {me} {}", shell_word(place));
        return report.put(
            name,
            State::Failed,
            format!("{path}: belongs to user {}, not to you", meta.uid()),
            &hint,
        );
    }
    if bits & shut != 0 {
        let hint = format!("chmod go-rwx {}", shell_word(place));
        return report.put(
            name,
            State::Failed,
            format!("{path}: mode {bits:o} lets others in"),
            &hint,
        );
    }
    if !is_writable(place) {
        return unwritable(report, name, place);
    }
    report.ok(name, format!("{path}: yours, mode {bits:o}"));
}

/// Whether this account may write to a file, or make files in a folder.
fn is_writable(place: &Path) -> bool {
    let mut wanted = Access::WRITE_OK | Access::READ_OK;
    if place.is_dir() {
        wanted |= Access::EXEC_OK;
    }
    accessat(CWD, place, wanted, AtFlags::EACCESS).is_ok()
}

fn unwritable(report: &mut Report, name: &'static str, place: &Path) {
    let hint = format!(
        "chmod u+rwX {} (whose it is and on what disk: `ls -ld`, `df`), or name another place with --home DIR",
        shell_word(place)
    );
    report.put(
        name,
        State::Failed,
        format!("{}: cannot be written", place.display()),
        &hint,
    );
}

/// A path as a shell takes it.
fn shell_word(path: &Path) -> String {
    let text = path.to_string_lossy();
    shlex::try_quote(&text).map_or_else(|_| text.to_string(), std::borrow::Cow::into_owned)
}

/// Whether no file of the tenant is open to more than it may be.
fn files(report: &mut Report, dir: &Path, widest: u32) {
    let mut there = 0_u64;
    for name in KEPT {
        let file = dir.join(name);
        let Ok(meta) = file.symlink_metadata() else {
            continue;
        };
        there += 1;
        if meta.is_file() && !is_writable(&file) {
            return unwritable(report, "files", &file);
        }
        let bits = meta.permissions().mode() & 0o7777;
        if meta.is_file() && bits & !widest != 0 {
            let path = file.display();
            report.put(
                "files",
                State::Failed,
                format!("{path}: mode {bits:o}, and {widest:o} is the widest that may be"),
                &format!("chmod {widest:o} {}", shell_word(&file)),
            );
            return;
        }
    }
    if there > 0 {
        report.ok(
            "files",
            format!(
                "{}, none wider than mode {widest:o}",
                counted(there, "file", "files")
            ),
        );
    }
}

fn databases(report: &mut Report, dir: &Path) {
    for health in health::look(dir) {
        match health.state {
            HealthState::Absent => {
                report.skipped(health.file, "not there yet: the first use makes it");
            }
            HealthState::Unseen => report.skipped(
                health.file,
                "cannot be held against a damaged ledger.db: see there",
            ),
            HealthState::Sound { schema, bytes } => {
                let what = if health.file == "audit.jsonl" {
                    {
                        let lines = counted(schema as u64, "line", "lines");
                        format!("{lines}, chain intact, {bytes} bytes")
                    }
                } else {
                    format!("whole, schema {schema}, {bytes} bytes")
                };
                report.ok(health.file, what);
            }
            HealthState::TooNew { found, known } => report.put(
                health.file,
                State::Failed,
                format!("schema {found} is newer than this program's {known}"),
                "Use the newer program; nothing was changed.",
            ),
            HealthState::Damaged(what) => {
                report.0.push(Check {
                    name: health.file,
                    state: State::Failed,
                    text: format!("damaged: {}", Label::new(&what)),
                    hint: "The next use sets it aside and saves what can be saved; nothing is deleted.".to_owned(),
                    exit: Exit::Damaged,
                });
            }
        }
    }
}
