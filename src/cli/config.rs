//! `config`: the file made, read, shown and described. Opens no database.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;

use anyhow::Context as _;

use crate::config::Config as File;
use crate::config::palette::Palette;
use crate::config::schema::schema;
use crate::domain::failure::{Failure, FailureKind};

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

pub(super) fn run(global: &Global, args: &Config) -> anyhow::Result<Exit> {
    match args.what {
        ConfigWhat::Units => {
            for (name, text) in UNITS {
                print::data(&format!("# --- {name}\n{}\n", text.trim_end()))?;
            }
        }
        ConfigWhat::Sample => print::data(SAMPLE.trim_end())?,
        ConfigWhat::Schema => print::data(&serde_json::to_string_pretty(&schema())?)?,
        ConfigWhat::Init => init(global)?,
        ConfigWhat::Check => check(global)?,
    }
    Ok(Exit::Done)
}

fn check(global: &Global) -> anyhow::Result<()> {
    let file = places(global)?.config_file();
    let config = File::load(&file).map_err(|error| error.failure())?;
    if let Some(theme) = &config.look.theme {
        Palette::load(&file, theme).map_err(|error| error.failure())?;
    }
    if global.json {
        let answer = serde_json::json!({
            "schema_version": 1,
            "file": file.display().to_string(),
            "there": file.exists(),
            "sound": true,
            "tenants": config.tenants.keys().collect::<Vec<_>>(),
        });
        return print::data(&serde_json::to_string_pretty(&answer)?);
    }
    if !file.exists() {
        return print::data(&format!(
            "{}: not there yet; `teamsconnector config init` writes a commented sample",
            file.display()
        ));
    }
    let noun = if config.tenants.len() == 1 {
        "tenant"
    } else {
        "tenants"
    };
    print::data(&format!(
        "{}: sound, {} {noun}",
        file.display(),
        config.tenants.len()
    ))
}

/// Writes the sample, all of it as comments: its tenants are nobody's, and a file that names them would offer them.
fn init(global: &Global) -> anyhow::Result<()> {
    let places = places(global)?;
    let file = places.config_file();
    places.prepare().map_err(|error| error.failure())?;
    let made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&file);
    let mut made = match made {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            return Err(Failure::new(
                FailureKind::Config,
                format!("{} is there already", file.display()),
                "nothing was written: a configuration is never written over",
                "`teamsconnector config check` reads it; `teamsconnector config sample` prints the sample.",
            )
            .into());
        }
        made => made.with_context(|| format!("{} could not be written", file.display()))?,
    };
    made.write_all(commented(SAMPLE).as_bytes())
        .and_then(|()| made.sync_all())
        .with_context(|| format!("{} could not be written", file.display()))?;
    print::data(&file.display().to_string())?;
    print::tell(
        "A sample was written, all of it as comments. `teamsconnector tenants add NAME` adds a tenant; or take the `#` from what you need.",
    );
    Ok(())
}

/// The same text with each setting as a comment.
fn commented(text: &str) -> String {
    text.lines()
        .map(|line| match line {
            "" => "\n".to_owned(),
            line if line.starts_with('#') => format!("{line}\n"),
            line => format!("# {line}\n"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn the_sample_is_sound_and_as_comments_it_is_empty() {
        let path = Path::new("/somewhere/config.toml");
        let sample = File::parse(path, SAMPLE).unwrap();
        assert!(sample.tenants.contains_key("contoso"));
        let commented = commented(SAMPLE);
        assert_eq!(File::parse(path, &commented).unwrap(), File::default());
        assert_eq!(commented.lines().count(), SAMPLE.lines().count());
    }
}
