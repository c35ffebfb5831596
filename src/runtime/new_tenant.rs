//! A new tenant: checked against those that are there, written into the configuration, and audited, or taken back.
//!
//! Whoever asks for it, command or form, comes here. Nothing that is there is ever overwritten.

use std::path::{Path, PathBuf};

use crate::config::edit::{self, Change};
use crate::config::places::Places;
use crate::config::surroundings::author;
use crate::config::{CloudName, Config, SignInWay, TenantConfig, Words as _};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::settings::{NewTenant, SignsIn, Start};
use crate::graph::endpoints::{Cloud, Endpoints};
use crate::ops::overview;
use crate::store::ledger::SettingChange;
use crate::store::{Stamp, Store};

use super::clock;

/// A tenant that was added.
#[derive(Debug)]
pub struct Added {
    /// As the file says it: an identity has its way to sign in.
    pub tenant: TenantConfig,
    /// The app registration, where one is set.
    pub client_id: Option<String>,
    /// Whether files of a tenant of that name were there, and are used.
    pub had_files: bool,
}

/// Why a tenant was not added.
pub fn wrong(headline: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Config, headline, "", "Nothing was changed.")
}

/// Adds a tenant, or changes nothing.
pub async fn add(places: &Places, name: &str, tenant: TenantConfig) -> Result<Added, Failure> {
    let file = places.config_file();
    let config = Config::load(&file).map_err(|error| error.failure())?;
    if let Some(why) = config.refuses_name(name, &file) {
        return Err(wrong(why));
    }
    if let Some(why) = config.refuses_addresses(name, &tenant) {
        return Err(wrong(why));
    }
    places.prepare().map_err(|error| error.failure())?;
    let change = Change::AddTenant(Box::new(tenant));
    let after = edit::rewrite(&file, name, &change).map_err(|error| error.failure())?;
    let tenant = after.tenants[name].clone();
    let places = places.clone().sharing(&after);
    match audit(&places, name, &tenant).await {
        Ok(had_files) => Ok(Added {
            client_id: after.client_id(&tenant),
            tenant,
            had_files,
        }),
        Err(failure) => {
            // What cannot be audited is taken back.
            edit::rewrite(&file, name, &Change::RemoveTenant).map_err(|error| error.failure())?;
            Err(failure)
        }
    }
}

/// The same for what a form says. Its console is opened next, so it has to have all that takes.
pub async fn add_from_form(places: &Places, new: &NewTenant) -> Result<Added, Failure> {
    let config = Config::load(&places.config_file()).map_err(|error| error.failure())?;
    let tenant = configured(new)?;
    if config.client_id(&tenant).is_none() {
        return Err(Failure::new(
            FailureKind::Config,
            "No client id: without one nobody can sign in",
            "It is the id of the app registration that this program signs in as.",
            "Write it into its field, or once for all tenants under [defaults]. Nothing was changed.",
        ));
    }
    add(places, &new.name, tenant).await
}

fn configured(new: &NewTenant) -> Result<TenantConfig, Failure> {
    let mut tenant = TenantConfig::new(&new.tenant_id);
    tenant.sign_in = SignInWay::from_word(new.way.as_str()).ok_or_else(|| {
        wrong(format!(
            "There is no way to sign in called {}",
            new.way.as_str()
        ))
    })?;
    tenant.client_id.clone_from(&new.client_id);
    tenant.read_only = new.start == Start::ReadOnly;
    let file = match &new.file {
        Some(typed) => Some(whole(typed)?),
        None => None,
    };
    match new.way {
        SignsIn::ClientSecret => tenant.secret_file = file,
        SignsIn::Certificate => tenant.certificate_file = file,
        SignsIn::DeviceCode | SignsIn::Browser => {}
    }
    Ok(tenant)
}

/// Given from where the engineer stands; in the configuration it would be meant from that file's folder.
fn whole(typed: &str) -> Result<PathBuf, Failure> {
    let path = super::bulk::expanded(typed);
    std::path::absolute(Path::new(&path)).map_err(|error| wrong(format!("{typed}: {error}")))
}

/// Writes into the audit what was set; whether there were files already.
async fn audit(places: &Places, name: &str, tenant: &TenantConfig) -> Result<bool, Failure> {
    let dir = places
        .prepare_tenant(name)
        .map_err(|error| error.failure())?;
    let had_files = overview::is_known(&dir);
    let store = Store::open(&dir).map_err(|error| error.failure())?;
    let stamp = Stamp {
        at: clock::system().now(),
        author: author(),
        run: None,
    };
    let noted = store.ledger.note_settings(said(tenant), stamp).await;
    noted.map(|()| had_files).map_err(|error| error.failure())
}

/// What the audit says of a new tenant.
fn said(tenant: &TenantConfig) -> Vec<SettingChange> {
    let allow: Vec<&str> = tenant.allow.iter().map(|one| one.as_str()).collect();
    let identity = tenant.identity.clone().unwrap_or_default();
    [
        ("tenant_id", tenant.tenant_id.clone()),
        ("cloud", tenant.cloud.as_str().to_owned()),
        ("sign_in", tenant.sign_in.as_str().to_owned()),
        ("identity", identity),
        ("group", tenant.group.clone().unwrap_or_default()),
        ("add_users", tenant.add_users.as_str().to_owned()),
        ("allow", allow.join(", ")),
        ("read_only", tenant.read_only.to_string()),
    ]
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(field, value)| (field, String::new(), value))
    .collect()
}

/// Where an administrator lets the app into the tenant.
pub fn consent_page(tenant: &TenantConfig, client_id: &str) -> Result<String, Failure> {
    let page = endpoints(tenant)?.admin_consent(&tenant.tenant_id, client_id);
    Ok(page.into())
}

/// The addresses of the tenant's cloud.
pub fn endpoints(tenant: &TenantConfig) -> Result<Endpoints, Failure> {
    let cloud = match tenant.cloud {
        CloudName::Global => Cloud::Global,
        CloudName::UsGov => Cloud::UsGov,
        CloudName::UsDod => Cloud::UsDod,
        CloudName::China => Cloud::China,
        CloudName::Custom => return custom(tenant),
    };
    Ok(Endpoints::cloud(cloud))
}

fn custom(tenant: &TenantConfig) -> Result<Endpoints, Failure> {
    let custom = tenant.endpoints.as_ref().ok_or_else(|| {
        Failure::new(
            FailureKind::Config,
            "cloud = \"custom\" needs [tenants.NAME.endpoints]",
            "",
            "Set `login` and `graph` there.",
        )
    })?;
    let mut endpoints = Endpoints::custom(&custom.login, &custom.graph).map_err(|error| {
        Failure::new(
            FailureKind::Config,
            "An endpoint is not an address that may be used",
            error.to_string(),
            "Correct the endpoints in the configuration.",
        )
    })?;
    endpoints.teams_api = custom.teams_api;
    Ok(endpoints)
}
