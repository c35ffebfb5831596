//! Which tenant is meant by `--tenant`: a name, else a domain or id, else a number or e-mail that one tenant's files know.

use crate::config::Config;
use crate::config::places::Places;
use crate::domain::failure::{Failure, FailureKind};
use crate::ops::overview;

use super::args::Global;
use super::print;

/// The name of the tenant that was asked for; one that was found otherwise than by its name is told.
pub(super) fn choose(global: &Global, config: &Config, places: &Places) -> anyhow::Result<String> {
    let name = chosen(global, config, places)?;
    if let Some(text) = global.tenant.as_ref().filter(|text| **text != name) {
        print::tell(&format!("{text} is of the tenant {name}"));
    }
    Ok(name)
}

/// The same without a word, for a look before it is opened.
pub(super) fn chosen(global: &Global, config: &Config, places: &Places) -> anyhow::Result<String> {
    let names = || {
        config
            .tenants
            .keys()
            .cloned()
            .collect::<Vec<_>>()
            .join(", ")
    };
    let file = places.config_file();
    let refuse = |headline: String, hint: String| {
        Err(Failure::new(
            FailureKind::Config,
            headline,
            format!("configuration: {}", file.display()),
            hint,
        )
        .into())
    };
    match (&global.tenant, config.tenants.len()) {
        (Some(name), _) if config.tenants.contains_key(name) => match config.claimed(name) {
            None => Ok(name.clone()),
            // Whoever types a domain means its tenant, whatever another one is called here.
            Some(other) => refuse(
                format!("{name} is the name of one tenant, and the address of another, {other}"),
                format!("Give tenant {name} another name in the configuration: nothing is done while it can be mistaken."),
            ),
        },
        (Some(name), 0) => refuse(
            format!("There is no tenant {name}: the configuration has none"),
            "See `teamsconnector config sample`, or look around first with `teamsconnector --demo`.".to_owned(),
        ),
        (Some(text), _) => match meant(config, places, text)?.as_slice() {
            [name] => Ok(name.clone()),
            [] => refuse(format!("There is no tenant {text}"), format!("The configuration has: {}", names())),
            several => refuse(
                format!("{text} is of {} tenants", several.len()),
                format!("Give one of them by name: {}", several.join(", ")),
            ),
        },
        (None, 0) => refuse(
            "No tenant is configured yet".to_owned(),
            "Look around first with `teamsconnector --demo`; `teamsconnector config sample` prints a configuration to start from."
                .to_owned(),
        ),
        (None, 1) => Ok(config.tenants.keys().next().cloned().unwrap_or_default()),
        (None, _) => refuse("Which tenant?".to_owned(), format!("Give --tenant NAME; the configuration has: {}", names())),
    }
}

/// The tenants that a text means which is no name of one.
fn meant(config: &Config, places: &Places, text: &str) -> anyhow::Result<Vec<String>> {
    let text = text.trim();
    let by_address: Vec<String> = config
        .tenants
        .iter()
        .filter(|(_, tenant)| {
            tenant.tenant_id.eq_ignore_ascii_case(text)
                || tenant
                    .domains
                    .iter()
                    .any(|domain| domain.eq_ignore_ascii_case(text))
        })
        .map(|(name, _)| name.clone())
        .collect();
    if !by_address.is_empty() {
        return Ok(by_address);
    }
    let folders = config
        .tenants
        .keys()
        .map(|name| (name.as_str(), places.tenant_dir(name)));
    Ok(overview::knowing(folders, text)?)
}
