//! A new tenant: checked against those that are there, written into the configuration, and audited, or taken back.
//!
//! Whoever asks for it, command or form, comes here. Nothing that is there is ever overwritten.

use std::path::{Path, PathBuf};

use crate::app::pane::tenant::{NotSaved, TenantField};
use crate::config::edit::{self, Change};
use crate::config::places::Places;
use crate::config::surroundings::author;
use crate::config::{CloudName, Config, SignInWay, TenantConfig, Words as _};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::{Guid, TenantId};
use crate::domain::settings::{NewTenant, SavedTenant, SignsIn, Start};
use crate::domain::words;
use crate::graph::endpoints::{Cloud, Endpoints};
use crate::ops::overview;
use crate::store::ledger::SettingChange;
use crate::store::{Stamp, Store, peek};

use super::clock;
use super::credentials::{self, SecretOf};

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
    Failure::new(FailureKind::Config, headline, "", words::UNCHANGED)
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
pub async fn add_from_form(
    places: &Places,
    new: &NewTenant,
    secret: SecretOf<'_>,
) -> Result<Added, NotSaved> {
    let file = places.config_file();
    let config = Config::load(&file).map_err(|error| error.failure())?;
    let tenant = configured(new)?;
    // What a field is to blame for is looked for in their order; the same is looked for once more where it is written.
    if let Some(why) = config.refuses_name(&new.name, &file) {
        return Err(NotSaved::about(TenantField::Name, wrong(why)));
    }
    address_is_free(&config, &new.name, &tenant)?;
    let client_id = client_id(&config, &tenant)?;
    credentials::at_hand((&tenant, &client_id), secret)?;
    Ok(add(places, &new.name, tenant).await?)
}

fn address_is_free(config: &Config, name: &str, tenant: &TenantConfig) -> Result<(), NotSaved> {
    match config.refuses_addresses(name, tenant) {
        Some(why) => Err(NotSaved::about(TenantField::Tenant, wrong(why))),
        None => Ok(()),
    }
}

fn client_id(config: &Config, tenant: &TenantConfig) -> Result<String, NotSaved> {
    config.client_id(tenant).ok_or_else(|| {
        let failure = Failure::new(
            FailureKind::Config,
            "No client id: without one nobody can sign in",
            "It is the id of the app registration that this program signs in as.",
            "Write it into its field, or once for all tenants under [defaults]. Nothing was changed.",
        );
        NotSaved::about(TenantField::Client, failure)
    })
}

/// Changes a tenant that is configured to what its form says, or nothing. Its name stays, and with it its files; its address stays
/// as long as they belong to a tenant.
pub async fn change_from_form(
    places: &Places,
    new: &NewTenant,
    secret: SecretOf<'_>,
) -> Result<(), NotSaved> {
    let file = places.config_file();
    let config = Config::load(&file).map_err(|error| error.failure())?;
    let name = new.name.as_str();
    let Some(old) = config.tenants.get(name) else {
        return Err(wrong(format!(
            "There is no tenant {name} in the configuration any more"
        ))
        .into());
    };
    let tenant = changed(old, new)?;
    if tenant.tenant_id != old.tenant_id {
        let shared = places.clone().sharing(&config);
        stays(&shared.tenant_dir(name), (name, &tenant.tenant_id))
            .map_err(|failure| NotSaved::about(TenantField::Tenant, failure))?;
        address_is_free(&config, name, &tenant)?;
    }
    let client_id = client_id(&config, &tenant)?;
    // What is as it was may lack what it will: this form is not about it.
    if signs_in_by(&tenant) != signs_in_by(old) {
        credentials::at_hand((&tenant, &client_id), secret)?;
    }
    let after = edit::keep_connection(&file, name, (old, &tenant)).map_err(|e| e.failure())?;
    let noted = differences(old, &tenant);
    match note(&places.clone().sharing(&after), name, noted).await {
        Ok(_) => Ok(()),
        Err(failure) => {
            // What cannot be audited is taken back.
            edit::keep_connection(&file, name, (&tenant, old)).map_err(|e| e.failure())?;
            Err(failure.into())
        }
    }
}

/// What an app needs at hand.
fn signs_in_by(tenant: &TenantConfig) -> (SignInWay, [Option<&PathBuf>; 2]) {
    let files = [&tenant.secret_file, &tenant.certificate_file];
    (tenant.sign_in, files.map(Option::as_ref))
}

/// The files of a tenant that was read belong to it: under another address they would be shown, and their queue sent, as another's.
fn stays(dir: &Path, (name, wanted): (&str, &str)) -> Result<(), Failure> {
    let peek = peek::look(dir).map_err(|error| error.failure())?;
    let Some(pin) = peek.and_then(|peek| peek.pin) else {
        return Ok(());
    };
    if wanted
        .parse()
        .is_ok_and(|id: Guid| TenantId(id) == pin.tenant)
    {
        return Ok(());
    }
    Err(Failure::new(
        FailureKind::Config,
        format!("{name} has users, a queue and a history of {}", pin.name),
        format!(
            "They belong to the tenant {}, and not to {wanted}.",
            pin.tenant
        ),
        format!(
            "Nothing was changed. For another tenant add one under a name of its own (Ctrl-N). If this one has moved, take the \
             pin off first: `teamsconnector tenants unpin {name}` keeps the data, and then the address can be changed."
        ),
    ))
}

/// The tenant with what its form says; how an identity signs in is not said there.
fn changed(old: &TenantConfig, new: &NewTenant) -> Result<TenantConfig, Failure> {
    let typed = configured(new)?;
    let mut tenant = TenantConfig {
        display: typed.display,
        tenant_id: typed.tenant_id,
        read_only: typed.read_only,
        ..old.clone()
    };
    if old.identity.is_none() {
        let shown = |file: &Option<PathBuf>| file.as_ref().map(|at| at.display().to_string());
        let kept = |old: &Option<PathBuf>, typed| {
            if shown(old) == new.file {
                old.clone()
            } else {
                typed
            }
        };
        tenant.secret_file = kept(&old.secret_file, typed.secret_file);
        tenant.certificate_file = kept(&old.certificate_file, typed.certificate_file);
        match typed.sign_in {
            SignInWay::ClientSecret => tenant.certificate_file = None,
            SignInWay::Certificate => tenant.secret_file = None,
            SignInWay::DeviceCode | SignInWay::Browser => {
                (tenant.secret_file, tenant.certificate_file) = (None, None);
            }
        }
        (tenant.sign_in, tenant.client_id) = (typed.sign_in, typed.client_id);
    }
    Ok(tenant)
}

/// A tenant as its form shows it; `pinned` is the name of the tenant that its files belong to.
pub(super) fn saved(name: &str, tenant: &TenantConfig, pinned: Option<String>) -> SavedTenant {
    let word = tenant.sign_in.as_str();
    let way = SignsIn::ALL.into_iter().find(|way| way.as_str() == word);
    let file = tenant
        .secret_file
        .as_ref()
        .or(tenant.certificate_file.as_ref());
    SavedTenant {
        with: NewTenant {
            name: name.to_owned(),
            display: tenant.display.clone(),
            tenant_id: tenant.tenant_id.clone(),
            way: way.unwrap_or(SignsIn::DeviceCode),
            client_id: tenant.client_id.clone(),
            file: file.map(|at| at.display().to_string()),
            start: if tenant.read_only {
                Start::ReadOnly
            } else {
                Start::ReadAndWrite
            },
        },
        identity: tenant.identity.clone(),
        pinned,
    }
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
    tenant.display.clone_from(&new.display);
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
    note(places, name, said(tenant)).await
}

async fn note(places: &Places, name: &str, changes: Vec<SettingChange>) -> Result<bool, Failure> {
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
    let noted = store.ledger.note_settings(changes, stamp).await;
    noted.map(|()| had_files).map_err(|error| error.failure())
}

/// What the audit says of a tenant that was changed: before and after.
fn differences(old: &TenantConfig, new: &TenantConfig) -> Vec<SettingChange> {
    let file = |file: &Option<PathBuf>| {
        let shown = file.as_ref().map(|at| at.display().to_string());
        shown.unwrap_or_default()
    };
    let of = |tenant: &TenantConfig| {
        [
            ("name", tenant.display.clone().unwrap_or_default()),
            ("tenant_id", tenant.tenant_id.clone()),
            ("client_id", tenant.client_id.clone().unwrap_or_default()),
            ("sign_in", tenant.sign_in.as_str().to_owned()),
            ("secret_file", file(&tenant.secret_file)),
            ("certificate_file", file(&tenant.certificate_file)),
            ("read_only", tenant.read_only.to_string()),
        ]
    };
    let pairs = of(old).into_iter().zip(of(new));
    pairs
        .filter(|(before, after)| before != after)
        .map(|((field, before), (_, after))| (field, before, after))
        .collect()
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
