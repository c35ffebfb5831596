//! The tenant guard: the token, the organisation, the pin and the row agree, before each request that writes and before what was read
//! becomes the picture.
//!
//! A run begins with the same comparison; this one is for what changes while it goes.

use crate::domain::directory::TeamsUser;
use crate::domain::failure::Failure;
use crate::domain::guid::TenantId;
use crate::domain::run::{RunEvent, Source};
use crate::domain::words;
use crate::graph::error::GraphError;

use super::{Run, Stop, failed, wrong_tenant};

impl Run<'_> {
    /// Says when this machine's clock is not the server's: ages, due times and tokens are wrong then.
    pub(super) async fn compare_clocks(&mut self) {
        let Some(skew) = self.client.server_clock_skew() else {
            return;
        };
        let ahead = skew.as_secs();
        self.journal.tell(RunEvent::ServerTime { ahead }).await;
        if let Some(away) = words::clock_away(ahead) {
            let text = format!(
                "This machine's clock is {away}, by the server's: set it (NTP), tokens and times are wrong otherwise"
            );
            self.journal.warning(Source::Auth, text).await;
        }
    }

    /// Compares all ids with the one that the row, or the run, was made for. Asks the tenant who it is.
    /// Once another tenant has answered, nothing further of this run is written, whatever is said later.
    pub(super) async fn guard(&mut self, wanted: TenantId) -> Result<(), Stop> {
        if let Some(failure) = &self.foreign {
            return Err(Stop::Failed(failure.clone()));
        }
        if let Some(other) = self.client.stranger() {
            return Err(self
                .is_foreign(wanted, "a sign-in or an answer", &other.to_string())
                .await);
        }
        let signed_in = match self.client.sign_in().await {
            Ok(signed_in) => signed_in,
            Err(GraphError::WrongTenant { got, .. }) => {
                return Err(self.is_foreign(wanted, "the sign-in", &got).await);
            }
            Err(error) => return Err(failed(&error, "Looking at the sign-in before going on")),
        };
        let organization = match self.client.organization().await {
            Ok(organization) => organization,
            Err(GraphError::WrongTenant { got, .. }) => {
                return Err(self.is_foreign(wanted, "the sign-in", &got).await);
            }
            Err(error) => {
                let tried = "Asking the tenant who it is before going on";
                return Err(failed(&error, tried));
            }
        };
        let pin = self.store.ledger.load().await?.pin;
        let others = [
            ("the token", signed_in.tenant),
            ("the organisation", Some(organization.id)),
            ("the pin", pin.map(|pin| pin.tenant)),
        ];
        for (who, id) in others {
            if let Some(other) = id.filter(|id| *id != wanted) {
                return Err(self.is_foreign(wanted, who, &other.to_string()).await);
            }
        }
        self.is_now(signed_in.account).await;
        Ok(())
    }

    /// Whoever has signed in while the run waited is who writes from now on, and stands in the audit.
    pub(super) async fn is_now(&mut self, account: String) {
        if self
            .account
            .as_ref()
            .is_some_and(|before| *before != account)
        {
            let text = format!("Signed in as {account} by now: what follows is theirs");
            self.journal
                .info(crate::domain::run::Source::Auth, text)
                .await;
        }
        self.account = Some(account);
    }

    /// Looks at the tenant that a row of Teams names: after another one's row the comparison fails.
    pub(super) fn look_at(&self, row: Option<&TeamsUser>, wanted: TenantId) {
        let named = row.and_then(|row| row.tenant);
        if let Some(other) = named.filter(|id| *id != wanted) {
            self.client.meet_stranger(other);
        }
    }

    async fn is_foreign(&mut self, wanted: TenantId, who: &str, other: &str) -> Stop {
        let ids = format!("wanted: {wanted}; {who}: {other}");
        let failure = self.told_wrong_tenant(&ids).await;
        self.foreign = Some(failure.clone());
        Stop::Failed(failure)
    }

    /// Says so in the log, in the document's words.
    pub(super) async fn told_wrong_tenant(&mut self, ids: &str) -> Failure {
        let failure = wrong_tenant(ids);
        self.journal
            .error(
                crate::domain::run::Source::Auth,
                format!("{}: {ids}", failure.headline),
            )
            .await;
        failure
    }
}
