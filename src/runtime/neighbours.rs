//! All configured tenants, for the chooser: from the configuration and the local files, without network.

use jiff::Timestamp;

use crate::app::pane::chooser::{Card, Counts, Facts};
use crate::app::session::Accent;
use crate::config::places::Places;
use crate::config::{Config, TenantConfig};
use crate::domain::failure::Failure;
use crate::ops::overview::{self, TenantOverview};

use super::credentials::SecretOf;
use super::new_tenant;

/// Where the other tenants are found.
#[derive(Debug, Clone)]
pub struct Neighbours {
    /// The folders of this call; the demo has no neighbours.
    places: Option<Places>,
    /// The app whose secret the variable holds, where that is known.
    secret_of: Option<String>,
}

impl Neighbours {
    /// The tenants of these folders.
    pub fn under(places: Option<Places>) -> Self {
        Self {
            places,
            secret_of: None,
        }
    }

    /// The same, where the variable holds the secret of this app and of no other.
    #[must_use]
    pub fn with_secret_of(self, secret_of: Option<String>) -> Self {
        Self { secret_of, ..self }
    }

    /// Whose secret the variable holds.
    pub(super) fn secret_of(&self) -> SecretOf<'_> {
        self.secret_of
            .as_deref()
            .map_or(SecretOf::Whichever, SecretOf::App)
    }

    /// The folders of this call; none for the demo.
    pub(super) fn places(&self) -> Option<&Places> {
        self.places.as_ref()
    }

    /// All of them, by name. The configuration is read anew: somebody may have added one.
    pub fn cards(&self, now: Timestamp) -> Result<Vec<Card>, Failure> {
        let Some(places) = &self.places else {
            return Ok(Vec::new());
        };
        let config = Config::load(&places.config_file()).map_err(|error| error.failure())?;
        let places = places.clone().sharing(&config);
        let folders = config
            .tenants
            .keys()
            .map(|name| (name.clone(), places.tenant_dir(name)));
        let cards = overview::overview(folders, now)
            .into_iter()
            .filter_map(|seen| {
                let tenant = config.tenants.get(&seen.name)?;
                let lacks = config.client_id(tenant).is_none().then(|| {
                    format!(
                        "{} lacks a client id (of the app registration): {{edit-tenant}} adds it",
                        seen.name
                    )
                });
                Some(Card {
                    lacks,
                    ..card(tenant, seen)
                })
            });
        Ok(cards.collect())
    }
}

fn card(tenant: &TenantConfig, seen: TenantOverview) -> Card {
    let pinned = seen.counts.as_ref().ok();
    let pinned = pinned.filter(|counts| counts.tenant.is_some());
    let pinned = pinned.map(|counts| counts.tenant_name.clone());
    let saved = new_tenant::saved(&seen.name, tenant, pinned.clone());
    let facts = match seen.counts {
        Ok(counts) if counts == overview::Counts::default() => Facts::Nothing,
        Ok(counts) => Facts::Known(Counts {
            read_at: counts.read_at,
            users: counts.users,
            unlicensed: counts.unlicensed,
            queued: counts.queued,
            failed: counts.failed(),
        }),
        Err(failure) => Facts::Broken(failure.headline),
    };
    Card {
        label: tenant
            .display
            .clone()
            .or(pinned)
            .unwrap_or_else(|| seen.name.clone()),
        name: seen.name,
        tenant: tenant.tenant_id.clone(),
        domains: tenant.domains.clone(),
        read_only: tenant.read_only,
        accent: accent(tenant),
        facts,
        lacks: None,
        saved: Some(Box::new(saved)),
    }
}

/// The colour of a tenant's screens, as the core knows it.
pub fn accent(tenant: &TenantConfig) -> Option<Accent> {
    tenant.accent
}
