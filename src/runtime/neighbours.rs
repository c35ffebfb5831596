//! All configured tenants, for the chooser: from the configuration and the local files, without network.

use jiff::Timestamp;

use crate::app::pane::chooser::{Card, Counts, Facts};
use crate::app::session::Accent;
use crate::config::places::Places;
use crate::config::{Config, Words as _};
use crate::domain::failure::Failure;
use crate::ops::overview::{TenantOverview, overview};

/// Where the other tenants are found.
#[derive(Debug, Clone)]
pub struct Neighbours {
    /// The folders of this call; the demo has no neighbours.
    places: Option<Places>,
}

impl Neighbours {
    /// The tenants of these folders.
    pub fn under(places: Option<Places>) -> Self {
        Self { places }
    }

    /// All of them, by name. The configuration is read anew: somebody may have added one.
    pub(super) fn cards(&self, now: Timestamp) -> Result<Vec<Card>, Failure> {
        let Some(places) = &self.places else {
            return Ok(Vec::new());
        };
        let config = Config::load(&places.config_file()).map_err(|error| error.failure())?;
        let places = places.clone().sharing(&config);
        let folders = config
            .tenants
            .keys()
            .map(|name| (name.clone(), places.tenant_dir(name)));
        let seen = overview(folders, now);
        Ok(config
            .tenants
            .iter()
            .zip(seen)
            .map(|((name, tenant), seen)| Card {
                name: name.clone(),
                label: tenant.display.clone().unwrap_or_else(|| name.clone()),
                tenant: tenant.tenant_id.clone(),
                domains: tenant.domains.clone(),
                read_only: tenant.read_only,
                accent: tenant
                    .accent
                    .and_then(|accent| Accent::from_word(accent.as_str())),
                facts: facts(seen),
            })
            .collect())
    }
}

fn facts(seen: TenantOverview) -> Facts {
    match seen.counts {
        Err(failure) => Facts::Broken(failure.headline),
        Ok(counts) if counts.tenant.is_none() && counts.users == 0 => Facts::Nothing,
        Ok(counts) => Facts::Known(Counts {
            read_at: counts.read_at,
            users: counts.users,
            unlicensed: counts.unlicensed,
            queued: counts.queued,
            failed: counts.failed(),
        }),
    }
}
