//! All configured tenants, for the chooser: from the configuration and the local files, without network.

use jiff::Timestamp;

use crate::app::pane::chooser::{Card, Facts};
use crate::config::Config;
use crate::config::places::Places;
use crate::domain::failure::Failure;

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
    pub(super) fn cards(&self, _now: Timestamp) -> Result<Vec<Card>, Failure> {
        let Some(places) = &self.places else {
            return Ok(Vec::new());
        };
        let config = Config::load(&places.config_file()).map_err(|error| error.failure())?;
        Ok(config
            .tenants
            .iter()
            .map(|(name, tenant)| Card {
                name: name.clone(),
                label: name.clone(),
                tenant: tenant.tenant_id.clone(),
                domains: Vec::new(),
                read_only: tenant.read_only,
                accent: None,
                facts: Facts::Nothing,
            })
            .collect())
    }
}
