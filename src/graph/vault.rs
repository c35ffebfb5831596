//! The tokens of one tenant, in memory and, for a person, in a file that other programs of the same user share.
//!
//! Invariant: a new refresh token is on disk before the access token that came with it is used, and only who holds the lock
//! writes.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::{ExposeSecret, SecretString};

use crate::domain::guid::TenantId;

use super::error::GraphError;
use super::scopes::{Permission, lacking};
use super::token_file::{Held, TokenFile};

/// Tokens are renewed that long before they end.
const MARGIN: Duration = Duration::from_mins(5);

/// What Entra gave.
#[derive(Clone)]
pub(super) struct Tokens {
    pub access: Arc<SecretString>,
    pub refresh: Option<SecretString>,
    pub issued: Timestamp,
    pub lifetime: Duration,
    pub tenant: Option<TenantId>,
    pub account: String,
    pub granted: Vec<String>,
    /// What was asked for, whether or not all of it was granted; nothing for an application.
    pub asked: Vec<String>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokens")
            .field("tenant", &self.tenant)
            .finish_non_exhaustive()
    }
}

/// Where the tokens are kept.
#[derive(Debug, Default)]
pub(super) struct Vault {
    tokens: Option<Tokens>,
    file: Option<TokenFile>,
    /// The file could not be written: what is in memory is newer.
    ahead: bool,
}

impl Vault {
    pub(super) fn new(file: Option<TokenFile>) -> Self {
        Self {
            file,
            ..Self::default()
        }
    }

    pub(super) fn tokens(&self) -> Option<&Tokens> {
        self.tokens.as_ref()
    }

    pub(super) fn file(&self) -> Option<&TokenFile> {
        self.file.as_ref()
    }

    /// Whether there is nothing in memory, and no file either: then there is nothing to lock.
    pub(super) fn is_empty(&self) -> bool {
        self.tokens.is_none()
            && self
                .file
                .as_ref()
                .is_none_or(|file| !file.is_there() && file.of_another().is_none())
    }

    /// Takes what the file has, which another program may have written. Without the lock a damaged file is left alone.
    pub(super) fn reload(&mut self, held: Option<&Held>) -> Result<(), GraphError> {
        let Some(file) = self.file.as_ref().filter(|_| !self.ahead) else {
            return Ok(());
        };
        self.tokens = file.read(held)?;
        Ok(())
    }

    /// Takes the tokens out of memory, so that what follows owes nothing to them; the file stays.
    pub(super) fn take(&mut self) -> Option<Tokens> {
        self.tokens.take()
    }

    /// Puts back what was taken out.
    pub(super) fn put_back(&mut self, tokens: Option<Tokens>) {
        self.tokens = tokens;
    }

    /// Keeps tokens, on disk first. A disk that cannot be written stops nobody: the sign-in then ends with the program.
    pub(super) fn keep(&mut self, tokens: Tokens, held: Option<&Held>) {
        if let (Some(file), Some(held)) = (&self.file, held) {
            let kept = file.write(&tokens, held);
            self.ahead = kept.is_err();
            if let Err(error) = kept {
                tracing::warn!(%error, "the sign-in is not kept beyond this program");
            }
        }
        self.tokens = Some(tokens);
    }

    /// Forgets the tokens, here and on disk.
    pub(super) fn forget(&mut self, held: Option<&Held>) -> Result<(), GraphError> {
        self.tokens = None;
        self.ahead = false;
        match (&self.file, held) {
            (Some(file), Some(held)) => file.remove(held),
            _ => Ok(()),
        }
    }

    /// The token, unless it ends soon, was refused, or was asked for without something that is wanted now. A token with a
    /// short life is used for half of it.
    pub(super) fn fresh(
        &self,
        now: Timestamp,
        wanted: &[Permission],
        refused: Option<&Arc<SecretString>>,
    ) -> Option<Arc<SecretString>> {
        let tokens = self.tokens.as_ref()?;
        let age = Duration::try_from(now.duration_since(tokens.issued)).ok()?;
        let margin = MARGIN.min(tokens.lifetime / 2);
        let lasts = age + margin < tokens.lifetime;
        let covers = lacking(&tokens.asked, wanted).is_empty();
        let is_refused =
            refused.is_some_and(|refused| refused.expose_secret() == tokens.access.expose_secret());
        (lasts && covers && !is_refused).then(|| Arc::clone(&tokens.access))
    }
}

#[cfg(test)]
mod tests {
    use super::super::scopes::{USERS, USERS_WRITE};
    use super::*;

    fn vault(lifetime: u64) -> Vault {
        let mut vault = Vault::default();
        let tokens = Tokens {
            access: Arc::new("canary".to_owned().into()),
            refresh: None,
            issued: Timestamp::UNIX_EPOCH,
            lifetime: Duration::from_secs(lifetime),
            tenant: None,
            account: String::new(),
            granted: Vec::new(),
            asked: vec!["User.Read.All".to_owned()],
        };
        vault.keep(tokens, None);
        vault
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn renewed_five_minutes_ahead() {
        let vault = vault(3600);
        assert!(vault.fresh(at(3299), &[], None).is_some());
        assert!(vault.fresh(at(3300), &[], None).is_none());
        assert!(vault.fresh(at(-1), &[], None).is_none());
    }

    #[test]
    fn a_short_life_is_used_for_half_of_it() {
        let vault = vault(60);
        assert!(vault.fresh(at(29), &[], None).is_some());
        assert!(vault.fresh(at(30), &[], None).is_none());
    }

    #[test]
    fn a_token_for_less_and_one_that_was_refused_are_not_fresh() {
        let vault = vault(3600);
        let fresh = |wanted: &[Permission], refused: Option<&str>| {
            let refused = refused.map(|text| Arc::new(SecretString::from(text)));
            vault.fresh(at(0), wanted, refused.as_ref()).is_some()
        };
        assert!(fresh(&[USERS], None));
        assert!(!fresh(&[USERS, USERS_WRITE], None));
        assert!(!fresh(&[], Some("canary")));
        assert!(fresh(&[], Some("another")));
    }

    #[test]
    fn a_token_for_writing_is_good_enough_for_reading() {
        let mut vault = vault(3600);
        let mut tokens = vault.take().unwrap();
        tokens.asked = vec![USERS_WRITE.name.to_owned()];
        vault.put_back(Some(tokens));
        assert!(vault.fresh(at(0), &[USERS], None).is_some());
    }

    #[test]
    fn debug_reveals_nothing() {
        assert!(!format!("{:?}", vault(60)).contains("canary"));
    }
}
