//! Whether a new tenant can be told from those that are there, by its name and by its addresses.

use std::path::Path;

use super::{Config, TenantConfig};

impl Config {
    /// The tenant whose id or domain is used as the name of another.
    pub fn claimed(&self, name: &str) -> Option<&str> {
        let of = |text: &str| text.eq_ignore_ascii_case(name);
        self.tenants
            .iter()
            .find(|(other, tenant)| {
                *other != name
                    && (of(&tenant.tenant_id) || tenant.domains.iter().any(|domain| of(domain)))
            })
            .map(|(other, _)| other.as_str())
    }

    /// Why a new tenant cannot have this name; `None` when it can.
    pub fn refuses_name(&self, name: &str, file: &Path) -> Option<String> {
        if self.tenants.contains_key(name) {
            return Some(format!(
                "There is a tenant {name} already: give another name here, or change that one in the list of tenants, or in {}",
                file.display()
            ));
        }
        self.claimed(name).map(|other| {
            format!("{name} is the id or a domain of tenant {other}: it cannot name another one")
        })
    }

    /// Why a new tenant cannot have its addresses; `None` when it can.
    pub fn refuses_addresses(&self, name: &str, tenant: &TenantConfig) -> Option<String> {
        let mut addresses = std::iter::once(&tenant.tenant_id).chain(&tenant.domains);
        let taken =
            addresses.find(|address| **address != name && self.tenants.contains_key(*address))?;
        Some(format!(
            "{taken} is the name of another tenant here: it would be mistaken for {name}"
        ))
    }
}
