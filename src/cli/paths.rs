//! `paths` and `config`: where files are kept, and whether the configuration is sound. Neither opens a database.

use crate::config::Config as File;

use super::args::{Config, ConfigWhat, Global};
use super::exit::Exit;
use super::open::places;
use super::print;

const SAMPLE: &str = include_str!("../../assets/config.sample.toml");

/// What runs the program when nobody watches.
const UNITS: [(&str, &str); 3] = [
    (
        "teamsconnector@.service",
        include_str!("../../assets/teamsconnector@.service"),
    ),
    (
        "teamsconnector@.timer",
        include_str!("../../assets/teamsconnector@.timer"),
    ),
    ("crontab", include_str!("../../assets/teamsconnector.cron")),
];

pub(super) fn run(global: &Global) -> anyhow::Result<Exit> {
    let places = places(global)?;
    let rows = [
        ("config", places.config_file()),
        ("tenants", places.tenant_dir("NAME")),
        ("logs", places.logs()),
        ("crash", places.crash()),
        ("demo", places.demo()),
    ];
    if global.json {
        let mut object = serde_json::Map::new();
        object.insert("schema_version".to_owned(), 1.into());
        for (name, path) in &rows {
            object.insert((*name).to_owned(), path.display().to_string().into());
        }
        print::data(&serde_json::to_string_pretty(&object)?)?;
        return Ok(Exit::Done);
    }
    for (name, path) in &rows {
        print::data(&format!("{name:<8} {}", path.display()))?;
    }
    Ok(Exit::Done)
}

pub(super) fn config(global: &Global, args: &Config) -> anyhow::Result<Exit> {
    match args.what {
        ConfigWhat::Sample => print::data(SAMPLE.trim_end())?,
        ConfigWhat::Units => {
            for (name, text) in UNITS {
                print::data(&format!("# --- {name}\n{}\n", text.trim_end()))?;
            }
        }
        ConfigWhat::Check => {
            let file = places(global)?.config_file();
            let config = File::load(&file).map_err(|error| error.failure())?;
            let noun = if config.tenants.len() == 1 {
                "tenant"
            } else {
                "tenants"
            };
            print::data(&format!(
                "{}: sound, {} {noun}",
                file.display(),
                config.tenants.len()
            ))?;
        }
    }
    Ok(Exit::Done)
}
