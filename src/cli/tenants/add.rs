//! `tenants add`: a new tenant in the configuration, from flags or by asking the few things that are needed.

use std::collections::BTreeSet;
use std::path::PathBuf;

use crate::config::places::Places;
use crate::config::{
    Accent, AddUsers, Allow, CloudName, Config, Endpoints, SignInWay, TenantConfig, Words,
};
use crate::domain::failure::Failure;
use crate::runtime::credentials::{SecretOf, at_hand};
use crate::runtime::new_tenant::{self, wrong};

use super::super::args::tenants::{Mode, NewTenant};
use super::super::exit::Exit;
use super::super::print;

pub(super) async fn add(
    places: &Places,
    config: &Config,
    (new, id): (&NewTenant, Option<&str>),
) -> anyhow::Result<Exit> {
    if let Some(why) = config.refuses_name(&new.name, &places.config_file()) {
        // Before anything is asked.
        return Err(wrong(why).into());
    }
    let tenant = tenant(config, (new, id))?;
    let added = new_tenant::add(places, &new.name, tenant).await?;
    if added.had_files {
        print::tell(&format!(
            "Files of a tenant {} are there already and are used: see `teamsconnector paths`.",
            new.name
        ));
    }
    print::tell(&format!(
        "{} is in {}, read-only. The first good sync pins the tenant: teamsconnector --tenant {} sync",
        new.name,
        places.config_file().display(),
        new.name
    ));
    match &added.client_id {
        Some(client) => {
            if let Err(lacks) = at_hand((&added.tenant, client), SecretOf::Whichever) {
                let Failure {
                    headline, detail, ..
                } = lacks.failure;
                print::tell(&format!("{headline}. {detail}"));
            }
            print::tell(
                "An administrator of the tenant allows the app once, at this address in a browser:",
            );
            print::data(&new_tenant::consent_page(&added.tenant, client)?)?;
        }
        None => print::tell(
            "No client_id is set: write it under [defaults] or for this tenant before the first sync.",
        ),
    }
    Ok(Exit::Done)
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
