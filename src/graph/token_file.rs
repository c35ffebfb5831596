//! Tokens at rest: one file for each tenant, which only its owner can read, with a lock file beside it.
//!
//! Invariants: the file is only ever replaced as a whole by who holds the lock; the lock is never held while a person is waited
//! for; a file for another tenant, application or cloud is not used, and a damaged one is set aside, not deleted.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use crate::domain::pace::Pace;

use super::error::GraphError;
use super::keyring::{Keyring, KeyringError};
use super::local::{LocalError, check_private, is_link, no_link, read_private};
use super::vault::Tokens;

const VERSION: u32 = 1;
/// How often a lock that somebody holds is tried again.
const BETWEEN_TRIES: Duration = Duration::from_millis(20);
/// After so long it is said what is waited for.
const SAY_AFTER: Duration = Duration::from_secs(2);
/// After so long the wait ends: who holds it renews a token, which takes a moment, or was stopped.
const END_AFTER: Duration = Duration::from_mins(1);

/// What a file must be for, to be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bound {
    /// Entra's address: a token of one cloud is never sent to another.
    pub login: String,
    /// Graph's address.
    pub graph: String,
    /// The tenant as the configuration has it.
    pub tenant: String,
    /// The application.
    pub client_id: String,
}

/// The file of one tenant.
#[derive(Debug)]
pub(super) struct TokenFile {
    path: PathBuf,
    bound: Bound,
    /// Whether the files beside it are of the same account.
    has_siblings: bool,
    /// The keyring, where it is to be used as long as it answers.
    ring: Option<Keyring>,
}

/// The lock: let go of when dropped, and by the system when the program dies.
#[derive(Debug)]
pub(super) struct Held {
    _lock: Option<File>,
}

/// How the file ends that holds what a policy wants.
const CLAIMS: &str = "claims";

/// What a policy wants of the next sign-in, and of which one.
#[derive(Serialize, Deserialize)]
struct Wish {
    login: String,
    tenant: String,
    client_id: String,
    claims: String,
}

/// The written form.
#[derive(Clone, Serialize, Deserialize)]
struct Kept {
    version: u32,
    login: String,
    graph: String,
    tenant: String,
    client_id: String,
    tenant_id: Option<String>,
    account: String,
    granted: Vec<String>,
    asked: Vec<String>,
    issued: Timestamp,
    lifetime_seconds: u64,
    access_token: String,
    refresh_token: Option<String>,
}

impl Drop for Kept {
    fn drop(&mut self) {
        self.access_token.zeroize();
        self.refresh_token.zeroize();
    }
}

/// Whether a file holds a sign-in that can be read. Nothing is changed.
pub(super) fn is_whole(path: &Path) -> bool {
    let Ok(Some(mut bytes)) = read_private(path) else {
        return false;
    };
    let kept = serde_json::from_slice::<Kept>(&bytes);
    bytes.zeroize();
    kept.is_ok()
}

impl TokenFile {
    pub(super) fn new(path: PathBuf, bound: Bound) -> Self {
        Self {
            path,
            bound,
            has_siblings: false,
            ring: None,
        }
    }

    /// The same, in the keyring if there is one that answers. The lock is a file in any case.
    pub(super) fn with_keyring(self, ring: Option<Keyring>) -> Self {
        Self { ring, ..self }
    }

    /// The same, where the files beside it that end in `.tokens` are the same account's for other tenants.
    pub(super) fn of_account(self) -> Self {
        Self {
            has_siblings: true,
            ..self
        }
    }

    /// The refresh token that the account's latest sign-in to another tenant has left. Such a token is bound to account and
    /// application, not to a tenant: which tenant it brings in the end is told by what comes back, and checked there.
    pub(super) fn of_another(&self) -> Option<SecretString> {
        if !self.has_siblings {
            return None;
        }
        let mut latest: Option<(Timestamp, SecretString)> = None;
        for entry in fs::read_dir(self.path.parent()?).ok()?.flatten() {
            let path = entry.path();
            if path == self.path || path.extension().is_none_or(|ending| ending != "tokens") {
                continue;
            }
            let Ok(Some(mut bytes)) = read_private(&path) else {
                continue;
            };
            let kept = serde_json::from_slice::<Kept>(&bytes);
            bytes.zeroize();
            let Ok(kept) = kept else { continue };
            let same = kept.version == VERSION
                && kept.client_id.eq_ignore_ascii_case(&self.bound.client_id)
                && kept.login == self.bound.login;
            let tokens = kept.tokens();
            let later = latest.as_ref().is_none_or(|(at, _)| *at < tokens.issued);
            if let Some(refresh) = tokens.refresh.filter(|_| same && later) {
                latest = Some((tokens.issued, refresh));
            }
        }
        latest.map(|(_, refresh)| refresh)
    }

    /// The files of the same account's sign-ins to other tenants.
    pub(super) fn siblings(&self) -> Vec<Self> {
        let folder = self.path.parent().filter(|_| self.has_siblings);
        let entries = folder.and_then(|folder| fs::read_dir(folder).ok());
        entries
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| {
                *path != self.path && path.extension().is_some_and(|ending| ending == "tokens")
            })
            .map(|path| Self {
                path,
                bound: self.bound.clone(),
                has_siblings: true,
                ring: None,
            })
            .collect()
    }

    pub(super) fn is_there(&self) -> bool {
        self.path.symlink_metadata().is_ok() || self.in_keyring().is_some()
    }

    /// Waits for the lock, says so when that takes long, and ends when it takes too long. Dropping the future is safe: nothing
    /// is held before it ends.
    pub(super) async fn lock(&self, pace: Pace, tell: impl Fn(&str)) -> Result<Held, GraphError> {
        self.lock_within(pace, tell, (SAY_AFTER, END_AFTER)).await
    }

    async fn lock_within(
        &self,
        pace: Pace,
        tell: impl Fn(&str),
        (say, end): (Duration, Duration),
    ) -> Result<Held, GraphError> {
        let mut locked = std::pin::pin!(self.lock_at_last(pace));
        if let Ok(ended) = tokio::time::timeout(say, &mut locked).await {
            return ended;
        }
        let path = self.beside("lock");
        let seconds = end.as_secs();
        tracing::warn!(path = %path.display(), "another program holds the tokens");
        tell(&format!(
            "Waiting for another program that holds {}, up to {seconds} s ...",
            path.display()
        ));
        match tokio::time::timeout(end.saturating_sub(say), locked).await {
            Ok(ended) => ended,
            Err(_) => Err(LocalError::Held { seconds }.about(&path)),
        }
    }

    async fn lock_at_last(&self, pace: Pace) -> Result<Held, GraphError> {
        let path = self.beside("lock");
        let file = open_private(
            OpenOptions::new().read(true).append(true).create(true),
            &path,
        )
        .and_then(|file| check_private(&file, &path).map(|()| file))
        .map_err(|why| why.about(&path))?;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Held { _lock: Some(file) }),
                Err(TryLockError::WouldBlock) => tokio::time::sleep(pace.wait(BETWEEN_TRIES)).await,
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                    // Some network file systems have no locks. The file is still replaced as a whole.
                    tracing::warn!("this file system has no locks: tokens are renewed without one");
                    return Ok(Held { _lock: None });
                }
                Err(TryLockError::Error(error)) => {
                    return Err(LocalError::Io(error).about(&path));
                }
            }
        }
    }

    /// The tokens in the file, if there is one for this tenant. Who holds the lock sets a damaged one aside.
    pub(super) fn read(&self, held: Option<&Held>) -> Result<Option<Tokens>, GraphError> {
        let in_ring = self.in_keyring();
        let in_file = self.in_file(held)?;
        // The file is the newer one where a keyring did not answer for a while.
        Ok(match (in_ring, in_file) {
            (Some(ring), Some(file)) if ring.issued < file.issued => Some(file),
            (Some(ring), _) => Some(ring),
            (None, file) => file,
        })
    }

    /// One that cannot be read is as good as none: the next sign-in takes its place.
    fn in_keyring(&self) -> Option<Tokens> {
        let mut bytes = self.ring.as_ref()?.get().ok().flatten()?;
        let kept = serde_json::from_slice::<Kept>(&bytes);
        bytes.zeroize();
        kept.ok()
            .filter(|kept| self.is_ours(kept))
            .map(Kept::tokens)
    }

    fn in_file(&self, held: Option<&Held>) -> Result<Option<Tokens>, GraphError> {
        let bytes = match read_private(&self.path) {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(LocalError::TooLarge) => Vec::new(),
            Err(why) => return Err(why.about(&self.path)),
        };
        let kept = serde_json::from_slice::<Kept>(&bytes);
        let mut bytes = bytes;
        bytes.zeroize();
        match kept {
            Ok(kept) => Ok(self.is_ours(&kept).then(|| kept.tokens())),
            Err(error) => {
                if held.is_some() {
                    self.set_aside(error.is_eof());
                }
                Ok(None)
            }
        }
    }

    /// Replaces the file as a whole: what is there at any moment is the old one or the new one.
    pub(super) fn write(&self, tokens: &Tokens, _held: &Held) -> Result<(), GraphError> {
        let kept = self.kept(tokens);
        if self
            .ring
            .as_ref()
            .is_some_and(|ring| in_keyring(ring, kept.clone()))
        {
            // What an earlier program left in the file is older, and would be one secret too many.
            return self.remove_file();
        }
        let mut text = serde_json::to_vec(&kept).expect("texts and numbers are always JSON");
        let written = self.replace(&self.path, &text);
        text.zeroize();
        written.map_err(|why| why.about(&self.path))
    }

    /// Removes the file.
    pub(super) fn remove(&self, _held: &Held) -> Result<(), GraphError> {
        if let Some(ring) = &self.ring {
            // One that does not answer is told in the log, and Entra ends what it holds in the end.
            let _ = ring.remove();
        }
        self.remove_file()
    }

    fn remove_file(&self) -> Result<(), GraphError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(LocalError::Io(error).about(&self.path))
            }
            _ => {
                self.sync_folder().map_err(|why| why.about(&self.path))?;
                Ok(())
            }
        }
    }

    /// Keeps what a policy wants of the next sign-in: whoever signs in then may be another program. It is no secret, but what
    /// cannot be kept is only told, since the sign-in itself is still to come.
    pub(super) fn keep_claims(&self, claims: &str) {
        let wish = Wish {
            login: self.bound.login.clone(),
            tenant: self.bound.tenant.clone(),
            client_id: self.bound.client_id.clone(),
            claims: claims.to_owned(),
        };
        let text = serde_json::to_vec(&wish).expect("texts are always JSON");
        if let Err(error) = self.replace(&self.beside(CLAIMS), &text) {
            tracing::warn!(%error, "what the policy wants is not kept beyond this program");
        }
    }

    /// What a policy wants of the next sign-in to this tenant.
    pub(super) fn claims(&self) -> Option<String> {
        let bytes = read_private(&self.beside(CLAIMS)).ok()??;
        let wish: Wish = serde_json::from_slice(&bytes).ok()?;
        let bound = &self.bound;
        let is_ours = wish.login == bound.login
            && wish.tenant.eq_ignore_ascii_case(&bound.tenant)
            && wish.client_id.eq_ignore_ascii_case(&bound.client_id);
        is_ours.then_some(wish.claims)
    }

    /// Somebody has signed in: the wish is fulfilled, or is made again.
    pub(super) fn forget_claims(&self) {
        let _ = fs::remove_file(self.beside(CLAIMS));
    }

    fn replace(&self, path: &Path, text: &[u8]) -> Result<(), LocalError> {
        let new = self.beside("new");
        match fs::remove_file(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
        let mut file = open_private(OpenOptions::new().write(true).create_new(true), &new)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        self.sync_folder()
    }

    fn sync_folder(&self) -> Result<(), LocalError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        Ok(())
    }

    fn set_aside(&self, cut_off: bool) {
        for n in 1..1000 {
            let aside = self.beside(&format!("damaged-{n}"));
            if aside.symlink_metadata().is_ok() {
                continue;
            }
            let moved = fs::rename(&self.path, &aside).is_ok();
            tracing::warn!(cut_off, moved, aside = %aside.display(), "the token file is damaged");
            return;
        }
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".");
        name.push(ending);
        self.path.with_file_name(name)
    }

    /// A tenant that is named by its id is compared with the id in the token; one that is named by a domain with that name.
    fn is_ours(&self, kept: &Kept) -> bool {
        let bound = &self.bound;
        let named = bound.tenant.eq_ignore_ascii_case(&kept.tenant);
        let tenant = match (is_guid(&bound.tenant), &kept.tenant_id) {
            (true, Some(id)) => id.eq_ignore_ascii_case(&bound.tenant),
            _ => named,
        };
        kept.version == VERSION
            && tenant
            && kept.client_id.eq_ignore_ascii_case(&bound.client_id)
            && kept.login == bound.login
            && kept.graph == bound.graph
    }

    fn kept(&self, tokens: &Tokens) -> Kept {
        let bound = &self.bound;
        Kept {
            version: VERSION,
            login: bound.login.clone(),
            graph: bound.graph.clone(),
            tenant: bound.tenant.clone(),
            client_id: bound.client_id.clone(),
            tenant_id: tokens.tenant.map(|id| id.to_string()),
            account: tokens.account.clone(),
            granted: tokens.granted.clone(),
            asked: tokens.asked.clone(),
            issued: tokens.issued,
            lifetime_seconds: tokens.lifetime.as_secs(),
            access_token: tokens.access.expose_secret().to_owned(),
            refresh_token: tokens
                .refresh
                .as_ref()
                .map(|token| token.expose_secret().to_owned()),
        }
    }
}

impl Kept {
    fn tokens(mut self) -> Tokens {
        let secret = |text: &mut String| SecretString::from(std::mem::take(text));
        Tokens {
            access: Arc::new(secret(&mut self.access_token)),
            refresh: self.refresh_token.as_mut().map(secret),
            issued: self.issued,
            lifetime: Duration::from_secs(self.lifetime_seconds),
            tenant: self.tenant_id.as_deref().and_then(|id| id.parse().ok()),
            account: std::mem::take(&mut self.account),
            granted: std::mem::take(&mut self.granted),
            asked: std::mem::take(&mut self.asked),
        }
    }
}

/// Puts what is kept into the keyring; without the access token where it is too long with it, since a new one is to be had.
fn in_keyring(ring: &Keyring, mut kept: Kept) -> bool {
    let put = |kept: &Kept| {
        let mut text = serde_json::to_vec(kept).expect("texts and numbers are always JSON");
        let put = ring.put(&text);
        text.zeroize();
        put
    };
    match put(&kept) {
        Err(KeyringError::TooLong) => {
            kept.access_token.zeroize();
            kept.lifetime_seconds = 0;
            put(&kept).is_ok()
        }
        done => done.is_ok(),
    }
}

fn is_guid(text: &str) -> bool {
    text.parse::<crate::domain::guid::Guid>().is_ok()
}

/// Opens a file that only its owner can reach, and no link in its place.
fn open_private(how: &mut OpenOptions, path: &Path) -> Result<File, LocalError> {
    how.mode(0o600)
        .custom_flags(no_link())
        .open(path)
        .map_err(|error| {
            if is_link(&error) {
                LocalError::NotAFile
            } else {
                error.into()
            }
        })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    const TENANT: &str = "11111111-2222-3333-4444-555555555555";

    fn bound() -> Bound {
        Bound {
            login: "https://login/".to_owned(),
            graph: "https://graph/".to_owned(),
            tenant: TENANT.to_owned(),
            client_id: "app-1".to_owned(),
        }
    }

    fn tokens() -> Tokens {
        Tokens {
            access: Arc::new("canary-a".to_owned().into()),
            refresh: Some("canary-r".to_owned().into()),
            issued: Timestamp::UNIX_EPOCH,
            lifetime: Duration::from_secs(3599),
            tenant: TENANT.parse().ok(),
            account: "pat@contoso.com".to_owned(),
            granted: vec!["User.Read.All".to_owned()],
            asked: vec!["User.Read.All".to_owned()],
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o7777
    }

    fn quiet(_: &str) {}

    async fn written(folder: &Path) -> TokenFile {
        let file = TokenFile::new(folder.join("tokens"), bound());
        let held = file.lock(Pace::Instant, quiet).await.unwrap();
        file.write(&tokens(), &held).unwrap();
        file
    }

    #[tokio::test]
    async fn what_is_written_is_read_by_its_owner_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path()).await;
        let read = file.read(None).unwrap().unwrap();
        assert_eq!(read.access.expose_secret(), "canary-a");
        assert_eq!(read.refresh.unwrap().expose_secret(), "canary-r");
        assert_eq!(read.account, "pat@contoso.com");
        assert_eq!(read.tenant, TENANT.parse().ok());
        assert_eq!(mode(&file.path), 0o600);
        assert_eq!(mode(&folder.path().join("tokens.lock")), 0o600);
        assert!(!folder.path().join("tokens.new").exists());
        let held = file.lock(Pace::Instant, quiet).await.unwrap();
        file.remove(&held).unwrap();
        file.remove(&held).unwrap();
        assert!(file.read(Some(&held)).unwrap().is_none());
    }

    #[tokio::test]
    async fn an_account_opens_another_tenant_with_its_latest_sign_in_alone() {
        let folder = tempfile::tempdir().unwrap();
        let put = async |name: &str, bound: Bound, issued: i64, refresh: &str| {
            let file = TokenFile::new(folder.path().join(name), bound);
            let held = file.lock(Pace::Instant, quiet).await.unwrap();
            let tokens = Tokens {
                issued: Timestamp::from_second(issued).unwrap(),
                refresh: Some(refresh.to_owned().into()),
                ..tokens()
            };
            file.write(&tokens, &held).unwrap();
        };
        put("a.tokens", bound(), 10, "canary-old").await;
        put("b.tokens", bound(), 20, "canary-new").await;
        let other_app = Bound {
            client_id: "app-2".to_owned(),
            ..bound()
        };
        put("c.tokens", other_app, 30, "canary-app").await;
        let other_cloud = Bound {
            login: "https://elsewhere/".to_owned(),
            ..bound()
        };
        put("d.tokens", other_cloud, 40, "canary-cloud").await;
        put("tokens", bound(), 50, "canary-stranger").await;
        let new = TokenFile::new(folder.path().join("e.tokens"), bound());
        assert!(new.of_another().is_none());
        let new = new.of_account();
        assert!(new.read(None).unwrap().is_none());
        assert_eq!(new.of_another().unwrap().expose_secret(), "canary-new");
    }

    #[tokio::test]
    async fn a_file_for_another_is_not_used_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path()).await;
        let before = fs::read(&file.path).unwrap();
        let others: [fn(&mut Bound); 4] = [
            |bound| bound.tenant = "21111111-2222-3333-4444-555555555555".to_owned(),
            |bound| bound.client_id = "app-2".to_owned(),
            |bound| bound.login = "https://login.us/".to_owned(),
            |bound| bound.graph = "https://graph.us/".to_owned(),
        ];
        for change in others {
            let mut bound = bound();
            change(&mut bound);
            let other = TokenFile::new(file.path.clone(), bound);
            let held = other.lock(Pace::Instant, quiet).await.unwrap();
            assert!(other.read(Some(&held)).unwrap().is_none());
        }
        assert_eq!(fs::read(&file.path).unwrap(), before);
    }

    #[tokio::test]
    async fn a_damaged_file_is_set_aside_by_who_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path()).await;
        let whole = fs::read(&file.path).unwrap();
        for (n, length) in [0, 1, whole.len() / 2, whole.len() - 1]
            .into_iter()
            .enumerate()
        {
            fs::write(&file.path, &whole[..length]).unwrap();
            assert!(file.read(None).unwrap().is_none());
            assert!(file.path.exists());
            let held = file.lock(Pace::Instant, quiet).await.unwrap();
            assert!(file.read(Some(&held)).unwrap().is_none());
            assert!(!file.path.exists());
            let aside = folder.path().join(format!("tokens.damaged-{}", n + 1));
            assert_eq!(fs::read(aside).unwrap(), &whole[..length]);
            drop(held);
            // A new file is not there yet: the next damage begins from one.
            fs::write(&file.path, b"x").unwrap();
            fs::set_permissions(&file.path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    }

    #[tokio::test]
    async fn what_others_can_reach_is_refused_with_the_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path()).await;
        fs::set_permissions(&file.path, fs::Permissions::from_mode(0o640)).unwrap();
        let failure = file.read(None).unwrap_err().failure("Signing in");
        assert!(
            failure.detail.ends_with(&format!(
                "has mode 0640, so others can reach the tokens in it; run: chmod 600 {}",
                file.path.display()
            )),
            "{}",
            failure.detail
        );
        let real = folder.path().join("real");
        fs::rename(&file.path, &real).unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o600)).unwrap();
        symlink(&real, &file.path).unwrap();
        assert!(
            file.read(None)
                .unwrap_err()
                .failure("Signing in")
                .detail
                .contains("is not a plain file")
        );
        let lock = folder.path().join("tokens.lock");
        fs::remove_file(&lock).unwrap();
        symlink(&real, &lock).unwrap();
        assert!(file.lock(Pace::Instant, quiet).await.is_err());
    }

    #[tokio::test]
    async fn one_at_a_time_holds_the_lock() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path()).await;
        let held = file.lock(Pace::Instant, quiet).await.unwrap();
        let second = TokenFile::new(file.path.clone(), bound());
        let waiting =
            tokio::time::timeout(Duration::from_millis(1), second.lock(Pace::Instant, quiet));
        assert!(waiting.await.is_err());
        drop(held);
        assert!(second.lock(Pace::Instant, quiet).await.is_ok());
    }
    #[tokio::test]
    async fn a_lock_that_is_never_let_go_is_told_and_ends_the_wait() {
        let folder = tempfile::tempdir().unwrap();
        let file = written(folder.path()).await;
        let _held = file.lock(Pace::Instant, quiet).await.unwrap();
        let second = TokenFile::new(file.path.clone(), bound());
        let told = std::sync::Mutex::new(Vec::new());
        let tell = |text: &str| told.lock().unwrap().push(text.to_owned());
        let limits = (Duration::from_millis(5), Duration::from_millis(30));
        let error = second
            .lock_within(Pace::Real, tell, limits)
            .await
            .unwrap_err();
        let told = told.into_inner().unwrap();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with("Waiting for another program that holds /"),
            "{told:?}"
        );
        let failure = error.failure("Signing in");
        assert_eq!(
            failure.kind,
            crate::domain::failure::FailureKind::TryAgain,
            "{failure:?}"
        );
        assert!(
            failure.headline.contains("another program holds")
                && failure.headline.contains("tokens.lock"),
            "{failure:?}"
        );
    }
    #[tokio::test]
    async fn a_keyring_holds_the_sign_in_and_one_that_hangs_leaves_it_to_the_file() {
        use super::super::keyring::tests::{KEEPS, tool};
        let folder = tempfile::tempdir().unwrap();
        let of = |script: &str| {
            let ring = Keyring::new(tool(folder.path(), script), "k".to_owned());
            TokenFile::new(folder.path().join("tokens"), bound()).with_keyring(Some(ring))
        };
        // A sign-in of before lies in the file, and moves with the next write.
        let file = written(folder.path()).await;
        let ring = of(KEEPS);
        assert_eq!(
            ring.read(None).unwrap().unwrap().access.expose_secret(),
            "canary-a"
        );
        let held = ring.lock(Pace::Instant, quiet).await.unwrap();
        ring.write(&tokens(), &held).unwrap();
        assert!(!file.path.exists());
        assert!(ring.is_there());
        assert_eq!(
            ring.read(None).unwrap().unwrap().access.expose_secret(),
            "canary-a"
        );
        let calls = fs::read_to_string(folder.path().join("calls")).unwrap();
        assert!(!calls.contains("canary"), "{calls}");

        // Too long a token: the next program gets a new one.
        let long = Tokens {
            access: Arc::new("x".repeat(9000).into()),
            ..tokens()
        };
        ring.write(&long, &held).unwrap();
        let read = ring.read(None).unwrap().unwrap();
        assert_eq!(read.lifetime, Duration::ZERO);
        assert_eq!(read.refresh.unwrap().expose_secret(), "canary-r");
        ring.remove(&held).unwrap();
        assert!(ring.read(Some(&held)).unwrap().is_none());
        assert!(!ring.is_there());

        let hangs = of("exec sleep 60");
        assert!(hangs.read(None).unwrap().is_none());
        hangs.write(&tokens(), &held).unwrap();
        assert_eq!(mode(&file.path), 0o600);
        assert_eq!(
            hangs.read(None).unwrap().unwrap().access.expose_secret(),
            "canary-a"
        );
    }
}
