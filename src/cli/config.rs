//! `config`: the file made, read, shown and described. Opens no database.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::Context as _;

use crate::config::Config as File;
use crate::config::error::ConfigError;
use crate::config::mistakes::mistakes;
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
        ConfigWhat::Check => return check(global),
    }
    Ok(Exit::Done)
}

fn check(global: &Global) -> anyhow::Result<Exit> {
    let file = places(global)?.config_file();
    let (config, found) = looked_through(&file)?;
    if global.json {
        let mistakes: Vec<_> = found.iter().map(mistake_json).collect();
        let tenants = config.map_or_else(Vec::new, |config| config.tenants.into_keys().collect());
        let answer = serde_json::json!({
            "schema_version": 1,
            "file": file.display().to_string(),
            "there": file.exists(),
            "sound": found.is_empty(),
            "mistakes": mistakes,
            "tenants": tenants,
        });
        print::data(&serde_json::to_string_pretty(&answer)?)?;
        return Ok(exit(&found));
    }
    if !found.is_empty() {
        let noun = if found.len() == 1 {
            "mistake"
        } else {
            "mistakes"
        };
        print::tell(&format!("{}: {} {noun}", file.display(), found.len()));
        for error in &found {
            print::tell(&error.to_string());
        }
        return Ok(exit(&found));
    }
    if !file.exists() {
        print::data(&format!(
            "{}: not there yet; `teamsconnector config init` writes a commented sample",
            file.display()
        ))?;
        return Ok(Exit::Done);
    }
    let tenants = config.map_or(0, |config| config.tenants.len());
    let noun = if tenants == 1 { "tenant" } else { "tenants" };
    print::data(&format!("{}: sound, {tenants} {noun}", file.display()))?;
    Ok(Exit::Done)
}

fn exit(found: &[ConfigError]) -> Exit {
    if found.is_empty() {
        Exit::Done
    } else {
        Exit::Usage
    }
}

/// All mistakes of the file, and of the theme that it names.
fn looked_through(file: &Path) -> anyhow::Result<(Option<File>, Vec<ConfigError>)> {
    let (config, mut found) = match File::load(file) {
        Ok(config) => (Some(config), Vec::new()),
        // A place in the file: then there may be more than one.
        Err(error) if error.place().is_some() => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("{} could not be read", file.display()))?;
            mistakes(file, &text)
        }
        Err(error) => (None, vec![error]),
    };
    let look = config.as_ref().map(|config| &config.look);
    if let Some(theme) = look.and_then(|look| look.theme.as_ref()) {
        let at = look.and_then(|look| look.theme_at.as_ref());
        let of_theme = Palette::mistakes(file, theme).into_iter();
        found.extend(of_theme.map(|error| error.named_in(at)));
    }
    Ok((config, found))
}

fn mistake_json(error: &ConfigError) -> serde_json::Value {
    let place = error.place();
    serde_json::json!({
        "file": place.map(|at| at.path.display().to_string()),
        "line": place.map(|at| at.line),
        "column": place.map(|at| at.column),
        "table": error.table(),
        "key": error.key(),
        "nearest": error.nearest(),
        "message": error.to_string(),
    })
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
