//! The desktop's keyring (the secret service), reached through `secret-tool`, the program that comes with it: no library of the
//! desktop is linked, and a service that hangs ends with the child that asked it.
//!
//! Invariants: no call takes longer than two seconds; after one that did, or that failed, this program asks no more and the file
//! serves instead. A secret goes through a pipe, never as an argument or a variable.

use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use secrecy::zeroize::Zeroize as _;

/// Where the program is. No other place is looked at, so that nobody puts one of theirs there.
pub const TOOL: &str = "/usr/bin/secret-tool";

/// The longest that a keyring may take to answer.
const LIMIT: Duration = Duration::from_secs(2);

/// `secret-tool` takes no longer ones.
const LONGEST: usize = 8000;

/// Why a keyring cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// There is no program to ask it with.
    #[error("{0} is not there")]
    NoTool(String),
    /// It has not answered.
    #[error("it has not answered within 2 s")]
    Silent,
    /// It has answered with an error.
    #[error("{0}")]
    Refused(String),
    /// It has failed in this program before.
    #[error("it has failed before")]
    Gone,
    /// What is to be kept is longer than it takes.
    #[error("it takes no secret of that length")]
    TooLong,
}

/// One secret in the keyring, by a name that tells nothing of it.
#[derive(Debug)]
pub(super) struct Keyring {
    tool: PathBuf,
    key: String,
    gone: AtomicBool,
}

/// Whether a keyring answers.
pub fn probe(tool: &Path) -> Result<(), KeyringError> {
    Keyring::new(tool.to_owned(), "probe".to_owned())
        .get()
        .map(drop)
}

/// Takes out of the keyring what is kept there in the place of a file.
pub fn forget(tool: &Path, file: &Path) -> Result<(), KeyringError> {
    Keyring::new(tool.to_owned(), file.to_string_lossy().into_owned()).remove()
}

impl Keyring {
    pub(super) fn new(tool: PathBuf, key: String) -> Self {
        Self {
            tool,
            key,
            gone: AtomicBool::new(false),
        }
    }

    /// What it holds.
    pub(super) fn get(&self) -> Result<Option<Vec<u8>>, KeyringError> {
        let (found, bytes) = self.call(&["lookup"], &[])?;
        Ok(found.then_some(bytes))
    }

    /// Puts a secret in, in the place of the one before.
    pub(super) fn put(&self, secret: &[u8]) -> Result<(), KeyringError> {
        if secret.len() > LONGEST {
            return Err(KeyringError::TooLong);
        }
        let (kept, _) = self.call(&["store", "--label=teamsconnector sign-in"], secret)?;
        if kept {
            Ok(())
        } else {
            Err(self.fails("it did not keep the secret"))
        }
    }

    /// Takes the secret out.
    pub(super) fn remove(&self) -> Result<(), KeyringError> {
        self.call(&["clear"], &[]).map(drop)
    }

    fn fails(&self, why: &str) -> KeyringError {
        self.gone.store(true, Ordering::SeqCst);
        KeyringError::Refused(why.to_owned())
    }

    /// Asks; whether it said yes, and what.
    fn call(&self, verb: &[&str], input: &[u8]) -> Result<(bool, Vec<u8>), KeyringError> {
        if self.gone.load(Ordering::SeqCst) {
            return Err(KeyringError::Gone);
        }
        let answer = ask(
            &self.tool,
            &[verb, &["application", "teamsconnector", "file", &self.key]].concat(),
            input,
        );
        if let Err(why) = &answer {
            self.gone.store(true, Ordering::SeqCst);
            tracing::warn!(%why, "the keyring is not used any more");
        }
        answer
    }
}

/// Runs the program, and ends it when it takes too long.
fn ask(tool: &Path, args: &[&str], input: &[u8]) -> Result<(bool, Vec<u8>), KeyringError> {
    let refused = |error: std::io::Error| KeyringError::Refused(error.to_string());
    let mut child = Command::new(tool)
        .args(args)
        .env_remove("TEAMSCONNECTOR_CLIENT_SECRET")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => KeyringError::NoTool(tool.display().to_string()),
            _ => refused(error),
        })?;
    let heard = talk(&mut child, input.to_vec());
    let Ok((mut out, err)) = heard.recv_timeout(LIMIT) else {
        // Killed and waited for: nothing of it is left behind.
        let _ = child.kill();
        let _ = child.wait();
        return Err(KeyringError::Silent);
    };
    let status = child.wait().map_err(refused)?;
    if status.success() {
        return Ok((true, out));
    }
    out.zeroize();
    let why = String::from_utf8_lossy(&err).trim().to_owned();
    // Nothing found is told by the status alone.
    if why.is_empty() {
        Ok((false, Vec::new()))
    } else {
        Err(KeyringError::Refused(why))
    }
}

/// Gives the child its input and collects what it says, on threads of their own; they end with its pipes.
fn talk(child: &mut Child, mut input: Vec<u8>) -> mpsc::Receiver<(Vec<u8>, Vec<u8>)> {
    let (to, heard) = mpsc::channel();
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    thread::spawn(move || {
        if let Some(mut stdin) = stdin {
            // A child that does not listen says so by its status.
            let _ = stdin.write_all(&input);
        }
        input.zeroize();
        let (mut out, mut err) = (Vec::new(), Vec::new());
        if let Some(mut stdout) = stdout {
            let _ = stdout.read_to_end(&mut out);
        }
        if let Some(mut stderr) = stderr {
            let _ = stderr.read_to_end(&mut err);
        }
        let _ = to.send((out, err));
    });
    heard
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// A program in the place of `secret-tool`.
    pub(in crate::graph) fn tool(folder: &Path, script: &str) -> PathBuf {
        let path = folder.join("secret-tool");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        path
    }

    /// One that keeps a single secret beside itself, and notes what it was called with.
    pub(in crate::graph) const KEEPS: &str = r#"cd "$(dirname "$0")"; echo "$*" >>calls
case "$1" in
lookup) [ -f kept ] && cat kept ;;
store) cat >kept ;;
clear) rm -f kept ;;
esac"#;

    #[test]
    fn a_secret_is_kept_found_and_taken_out_and_never_an_argument() {
        let folder = tempfile::tempdir().unwrap();
        let ring = Keyring::new(tool(folder.path(), KEEPS), "/h/tokens".to_owned());
        assert_eq!(ring.get(), Ok(None));
        assert_eq!(ring.put(b"canary"), Ok(()));
        assert_eq!(ring.get(), Ok(Some(b"canary".to_vec())));
        assert_eq!(ring.remove(), Ok(()));
        assert_eq!(ring.get(), Ok(None));
        assert_eq!(ring.put(&[b'x'; LONGEST + 1]), Err(KeyringError::TooLong));
        let calls = fs::read_to_string(folder.path().join("calls")).unwrap();
        assert!(!calls.contains("canary"), "{calls}");
        assert_eq!(
            calls.lines().next(),
            Some("lookup application teamsconnector file /h/tokens")
        );
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "the time that is measured is the machine's"
    )]
    #[test]
    fn one_that_hangs_is_left_within_its_time_and_not_asked_again() {
        let folder = tempfile::tempdir().unwrap();
        let hangs = tool(
            folder.path(),
            "cd \"$(dirname \"$0\")\"; echo \"$*\" >>calls; exec sleep 60",
        );
        let ring = Keyring::new(hangs, "k".to_owned());
        let begun = std::time::Instant::now();
        assert_eq!(ring.get(), Err(KeyringError::Silent));
        assert!(
            begun.elapsed() < Duration::from_secs(10),
            "{:?}",
            begun.elapsed()
        );
        assert_eq!(ring.put(b"x"), Err(KeyringError::Gone));
        let calls = fs::read_to_string(folder.path().join("calls")).unwrap();
        assert_eq!(calls.lines().count(), 1, "{calls}");
    }

    #[test]
    fn one_that_refuses_or_is_not_there_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let refuses = tool(folder.path(), "echo 'no D-Bus' >&2; exit 1");
        assert_eq!(
            probe(&refuses),
            Err(KeyringError::Refused("no D-Bus".to_owned()))
        );
        let nowhere = folder.path().join("nowhere");
        assert_eq!(
            probe(&nowhere),
            Err(KeyringError::NoTool(nowhere.display().to_string()))
        );
    }
}
