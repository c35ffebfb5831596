//! The tokens of one tenant, in memory. A file that only its owner can read can come here later; nothing else will change.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::domain::guid::TenantId;

/// Tokens are renewed that long before they end.
const MARGIN: Duration = Duration::from_mins(5);

/// What Entra gave.
pub(super) struct Tokens {
    pub access: Arc<SecretString>,
    pub refresh: Option<SecretString>,
    pub issued: Timestamp,
    pub lifetime: Duration,
    pub tenant: Option<TenantId>,
    pub account: String,
    pub granted: Vec<String>,
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
}

impl Vault {
    pub(super) fn tokens(&self) -> Option<&Tokens> {
        self.tokens.as_ref()
    }

    pub(super) fn keep(&mut self, tokens: Tokens) {
        self.tokens = Some(tokens);
    }

    pub(super) fn forget(&mut self) {
        self.tokens = None;
    }

    /// The token, unless it ends soon. A token with a short life is used for half of it.
    pub(super) fn fresh(&self, now: Timestamp) -> Option<Arc<SecretString>> {
        let tokens = self.tokens.as_ref()?;
        let age = Duration::try_from(now.duration_since(tokens.issued)).ok()?;
        let margin = MARGIN.min(tokens.lifetime / 2);
        (age + margin < tokens.lifetime).then(|| Arc::clone(&tokens.access))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault(lifetime: u64) -> Vault {
        let mut vault = Vault::default();
        vault.keep(Tokens {
            access: Arc::new("canary".to_owned().into()),
            refresh: None,
            issued: Timestamp::UNIX_EPOCH,
            lifetime: Duration::from_secs(lifetime),
            tenant: None,
            account: String::new(),
            granted: Vec::new(),
        });
        vault
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn renewed_five_minutes_ahead() {
        let vault = vault(3600);
        assert!(vault.fresh(at(3299)).is_some());
        assert!(vault.fresh(at(3300)).is_none());
        assert!(vault.fresh(at(-1)).is_none());
    }

    #[test]
    fn a_short_life_is_used_for_half_of_it() {
        let vault = vault(60);
        assert!(vault.fresh(at(29)).is_some());
        assert!(vault.fresh(at(30)).is_none());
    }

    #[test]
    fn debug_reveals_nothing() {
        assert!(!format!("{:?}", vault(60)).contains("canary"));
    }
}
