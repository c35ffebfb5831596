//! `tenants add`: a new tenant in the configuration, from flags or by asking the few things that are needed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::config::edit::{self, Change};
use crate::config::places::Places;
use crate::config::{
    Accent, AddUsers, Allow, CloudName, Config, Endpoints, SignInWay, TenantConfig, Words,
};
use crate::domain::failure::{Failure, FailureKind};
use crate::ops::overview;
use crate::store::ledger::SettingChange;
use crate::store::{Stamp, Store};

use super::super::args::tenants::{Mode, NewTenant};
use super::super::exit::Exit;
use super::super::find::claimed;
use super::super::{open, print};

pub(super) async fn add(
    places: &Places,
    config: &Config,
    (new, id): (&NewTenant, Option<&str>),
) -> anyhow::Result<Exit> {
    if config.tenants.contains_key(&new.name) {
        return Err(wrong(format!(
            "There is a tenant {} already: what it lacks is written into {}",
            new.name,
            places.config_file().display()
        ))
        .into());
    }
    if let Some(other) = claimed(config, &new.name) {
        let why = format!(
            "{} is the id or a domain of tenant {other}: it cannot name another one",
            new.name
        );
        return Err(wrong(why).into());
    }
    let tenant = tenant(config, (new, id))?;
    let taken = std::iter::once(&tenant.tenant_id)
        .chain(&tenant.domains)
        .find(|address| **address != new.name && config.tenants.contains_key(*address));
    if let Some(address) = taken {
        let why = format!(
            "{address} is the name of another tenant here: it would be mistaken for {}",
            new.name
        );
        return Err(wrong(why).into());
    }
    let file = places.config_file();
    places.prepare().map_err(|error| error.failure())?;
    let add = Change::AddTenant(Box::new(tenant.clone()));
    let after = edit::rewrite(&file, &new.name, &add).map_err(|error| error.failure())?;
    // As the file says it: an identity has its way to sign in.
    let tenant = after.tenants[&new.name].clone();
    if let Err(failure) = audit(places, &new.name, &tenant).await {
        // What cannot be audited is taken back.
        edit::rewrite(&file, &new.name, &Change::RemoveTenant).map_err(|error| error.failure())?;
        return Err(failure);
    }
    print::tell(&format!(
        "{} is in {}, read-only. The first good sync pins the tenant: teamsconnector --tenant {} sync",
        new.name,
        file.display(),
        new.name
    ));
    match after.client_id(&tenant) {
        Some(client) => {
            print::tell(
                "An administrator of the tenant allows the app once, at this address in a browser:",
            );
            print::data(&consent(&tenant, &client)?)?;
        }
        None => print::tell(
            "No client_id is set: write it under [defaults] or for this tenant before the first sync.",
        ),
    }
    Ok(Exit::Done)
}

/// Where an administrator lets the app into the tenant.
fn consent(tenant: &TenantConfig, client: &str) -> anyhow::Result<String> {
    let mut address = open::endpoints(tenant)?.login;
    address.set_path(&format!("/{}/adminconsent", tenant.tenant_id));
    address.query_pairs_mut().append_pair("client_id", client);
    Ok(address.into())
}

fn wrong(headline: impl Into<String>) -> Failure {
    Failure::new(FailureKind::Config, headline, "", "Nothing was changed.")
}

fn word<W: Words>(flag: &str, text: &str) -> Result<W, Failure> {
    W::from_word(text.trim()).ok_or_else(|| {
        let words: Vec<&str> = W::ALL.iter().map(|(word, _)| *word).collect();
        wrong(format!("{flag} is one of {}, not {text}", words.join(", ")))
    })
}

/// `--tenant` says the id here, since the name is given in its own place.
fn tenant(config: &Config, (new, id): (&NewTenant, Option<&str>)) -> anyhow::Result<TenantConfig> {
    let asks = print::is_interactive() && id.is_none();
    let id = match id {
        Some(id) => id.to_owned(),
        None if asks => print::ask("The tenant's id, or one of its verified domains:")?,
        None => {
            return Err(
                wrong("Which tenant? Give --tenant with its id or a verified domain").into(),
            );
        }
    };
    let mut tenant = TenantConfig::new(id.trim());
    tenant.identity.clone_from(&new.identity);
    tenant.display.clone_from(&new.display);
    tenant.domains.clone_from(&new.domains);
    tenant.group.clone_from(&new.group);
    tenant.client_id.clone_from(&new.client_id);
    // Given from where the engineer stands; in the file it would be meant from the file's folder.
    let whole = |path: &Option<PathBuf>| path.as_ref().map(std::path::absolute).transpose();
    tenant.secret_file = whole(&new.secret_file)?;
    tenant.certificate_file = whole(&new.certificate_file)?;
    if let Some(cloud) = &new.cloud {
        tenant.cloud = word::<CloudName>("--cloud", cloud)?;
    }
    if let Some(accent) = &new.accent {
        tenant.accent = Some(word::<Accent>("--accent", accent)?);
    }
    if let Some(mode) = new.add_users {
        tenant.add_users = match mode {
            Mode::Sync => AddUsers::Sync,
            Mode::Manual => AddUsers::Manual,
        };
    }
    if !new.allow.is_empty() {
        tenant.allow = new
            .allow
            .iter()
            .map(|text| word::<Allow>("--allow", text))
            .collect::<Result<BTreeSet<_>, _>>()?;
    }
    if let (Some(login), Some(graph)) = (&new.login, &new.graph) {
        tenant.endpoints = Some(Endpoints {
            login: login.clone(),
            graph: graph.clone(),
            teams_api: true,
        });
    }
    match &new.sign_in {
        Some(way) => tenant.sign_in = word::<SignInWay>("--sign-in", way)?,
        None if asks && new.identity.is_none() => {
            let answer = print::ask(
                "How to sign in: device-code, browser, client-secret or certificate [device-code]:",
            )?;
            if !answer.is_empty() {
                tenant.sign_in = word::<SignInWay>("The way to sign in", &answer)?;
            }
        }
        None => {}
    }
    if asks && config.client_id(&tenant).is_none() {
        let answer = print::ask("The client id of the app registration (empty: later):")?;
        tenant.client_id = Some(answer).filter(|answer| !answer.is_empty());
    }
    Ok(tenant)
}

async fn audit(places: &Places, name: &str, tenant: &TenantConfig) -> anyhow::Result<()> {
    let dir = places
        .prepare_tenant(name)
        .map_err(|error| error.failure())?;
    if overview::is_known(&dir) {
        print::tell(&format!(
            "Files of a tenant {name} are there already and are used: see `teamsconnector paths`."
        ));
    }
    let store = Store::open(&dir).map_err(|error| error.failure())?;
    let stamp = Stamp {
        at: crate::runtime::clock::system().now(),
        author: crate::config::surroundings::author(),
        run: None,
    };
    store
        .ledger
        .note_settings(said(tenant), stamp)
        .await
        .map_err(|error| error.failure())?;
    Ok(())
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
