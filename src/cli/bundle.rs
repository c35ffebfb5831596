//! `bundle`: packs what support needs to see, with stand-ins for names, and says what is inside before it writes.

use std::fs::OpenOptions;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::{Value, json};

use crate::config::surroundings::author;
use crate::config::{TenantConfig, Words as _};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::plan_ids;
use crate::domain::why::Why;
use crate::ops::bundle::archive::{self, Part};
use crate::ops::bundle::make::{self, Asked};
use crate::ops::bundle::pseudonym::Pseudonyms;
use crate::ops::bundle::scrub::Scrubber;
use crate::ops::explain::{self, Whom};
use crate::store::keeping::Keeping;

use super::args::Global;
use super::args::bundle::Bundle;
use super::exit::Exit;
use super::open::{Opened, open, places};
use super::{doctor, print};

/// The key of the stand-ins, beside the databases of the tenant: bundles of one tenant agree, those of two say nothing of each other.
const KEY: &str = "bundle.key";

pub(super) async fn run(global: &Global, args: &Bundle) -> anyhow::Result<Exit> {
    let mut opened = open(global).await?;
    let out = out_file(args, &opened);
    if out.exists() {
        return Err(taken(&out).into());
    }
    if !args.users.is_empty() {
        opened.need_snapshot().await?;
    }
    let dir = opened.dir().to_owned();
    let people = explained(&opened, &args.users).await?;
    let mut scrubber = scrubber(global, &opened, args.reveal)?;
    let picture = opened.world.store.ledger.load().await;
    if let Some(pin) = picture.map_err(|error| error.failure())?.pin {
        scrubber.own_name(&pin.name);
    }
    for why in people.iter().filter(|why| why.id.is_none()) {
        make::know(&mut scrubber, why);
    }
    let pages = vec![
        ("versions.json", versions()),
        ("config.json", settings(&opened, &scrubber)),
        ("doctor.json", doctor::seen(global, &opened).await),
    ];
    let asked = Asked {
        dir: &dir,
        tenant: &opened.name,
        people: &people,
        runs: args.runs,
        made: (opened.clock.now(), env!("CARGO_PKG_VERSION")),
        pages,
    };
    let parts = make::make(&opened.world.store, &asked, &scrubber)
        .await
        .map_err(|error| error.failure())?;
    let packed = archive::pack(&parts, asked.made.0).context("The bundle could not be packed")?;
    archive::fits(&parts, packed.len()).map_err(|error| {
        let hint = "Nothing was written. Ask for fewer runs (--runs) or fewer people.";
        let headline = "The bundle would be too large to be opened again";
        Failure::new(FailureKind::Config, headline, error.to_string(), hint)
    })?;
    tell(&parts, (&people, &args.users), &scrubber);
    if !agreed(args, &out)? {
        return Ok(Exit::Planned);
    }
    write(&out, &packed)?;
    if global.json {
        print::data(&listing(&out, &parts, packed.len(), &scrubber)?)?;
    } else {
        print::data(&out.display().to_string())?;
    }
    Ok(Exit::Done.or_damaged(opened.was_damaged()))
}

fn out_file(args: &Bundle, opened: &Opened) -> PathBuf {
    args.out.clone().unwrap_or_else(|| {
        let at = opened.clock.now().strftime("%Y%m%d-%H%M%SZ");
        PathBuf::from(format!("teamsconnector-bundle-{at}.tar.gz"))
    })
}

fn taken(out: &Path) -> Failure {
    Failure::new(
        FailureKind::Config,
        format!("{} is there already", out.display()),
        "a bundle never overwrites a file",
        "Give another name with --out. Nothing was written.",
    )
}

/// The answers of `why` about everybody who was asked for.
async fn explained(opened: &Opened, users: &[String]) -> anyhow::Result<Vec<Why>> {
    let mut people = Vec::new();
    for user in users {
        let whom = Whom::Text(user.clone());
        let why = explain::why(&opened.world.store, &whom, opened.clock.now(), false)
            .await
            .map_err(|error| error.failure())?;
        if !why.also.is_empty() && why.id.is_some() {
            let others = why.also.join(", ");
            print::tell(&format!("{user}: {} is taken, and not {others}", why.name));
        }
        if make::is_nobody(&why) {
            print::tell(&format!(
                "Nobody is called {user} here, on the list or in the tenant: the bundle says so, and holds no facts of anybody by it."
            ));
            for near in &why.near {
                print::tell(&format!("  perhaps {near}?"));
            }
        }
        people.push(why);
    }
    Ok(people)
}

fn scrubber(global: &Global, opened: &Opened, reveal: bool) -> anyhow::Result<Scrubber> {
    let dir = opened.dir();
    let key = key(dir).with_context(|| format!("{} could not be made", dir.join(KEY).display()))?;
    let mut scrubber =
        make::scrubber(dir, Pseudonyms::new(key), reveal).map_err(|error| error.failure())?;
    if let Ok(places) = places(global) {
        for path in [places.config_file(), places.logs()] {
            let folder = path.parent().unwrap_or(&path);
            scrubber.hide_path(&folder.display().to_string(), "HOME");
        }
    }
    scrubber.hide_path(&dir.display().to_string(), "TENANT");
    scrubber.hide("operator", &author());
    scrubber.hide("tenant", &opened.name);
    if let Some(group) = &opened.config.group {
        scrubber.hide("group", group);
    }
    Ok(scrubber)
}

/// The key that is kept, or a new one.
fn key(dir: &Path) -> anyhow::Result<[u8; 32]> {
    let path = dir.join(KEY);
    let keeping = Keeping::of(dir)?;
    let mut key = [0; 32];
    match keeping.open(OpenOptions::new().read(true), &path) {
        Ok(mut file) => {
            file.read_exact(&mut key)?;
            return Ok(key);
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    // Whole or not at all: a key that was cut off would be another one for ever.
    let mut file = tempfile::Builder::new()
        .prefix(".bundle-key-")
        .tempfile_in(dir)?;
    file.write_all(&key)?;
    file.as_file().sync_all()?;
    match file.persist_noclobber(&path) {
        Ok(_) => {
            keeping.put_right(&path)?;
            Ok(key)
        }
        // Somebody else was faster: theirs is the one that stays.
        Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => {
            keeping
                .open(OpenOptions::new().read(true), &path)?
                .read_exact(&mut key)?;
            Ok(key)
        }
        Err(error) => Err(error.error.into()),
    }
}

fn versions() -> Value {
    json!({
        "program": env!("CARGO_PKG_VERSION"),
        "system": std::env::consts::OS,
        "machine": std::env::consts::ARCH,
        "plan_table": plan_ids::TABLE_VERSION,
    })
}

/// What the configuration says of the tenant; where secrets are kept is not told, only that they are.
fn settings(opened: &Opened, scrubber: &Scrubber) -> Value {
    let TenantConfig {
        tenant_id,
        client_id,
        sign_in,
        cloud,
        group,
        add_users,
        read_only,
        allow,
        endpoints,
        secret_file,
        certificate_file,
        ..
    } = &opened.config;
    let allow: Vec<&str> = allow.iter().map(|kind| kind.as_str()).collect();
    json!({
        "tenant": scrubber.tenant(&opened.name),
        "tenant_id": tenant_id,
        "client_id": client_id,
        "sign_in": sign_in.as_str(),
        "cloud": cloud.as_str(),
        "custom_endpoints": endpoints.is_some(),
        "group": group,
        "add_users": add_users.as_str(),
        "read_only": read_only,
        "allow": allow,
        "secret_file": secret_file.is_some(),
        "certificate_file": certificate_file.is_some(),
    })
}

fn tell(parts: &[Part], (people, users): (&[Why], &[String]), scrubber: &Scrubber) {
    print::tell("The bundle holds:");
    for part in parts {
        let replaced = match (part.replaced, scrubber.is_revealed()) {
            ("", _) => "",
            (_, true) => "TRUE NAMES; secrets removed",
            (replaced, false) => replaced,
        };
        let line = format!("  {:<22} {:>9}  {replaced}", part.name, part.bytes.len());
        print::tell(line.trim_end());
    }
    if scrubber.is_revealed() {
        print::tell("Names, addresses and numbers are NOT replaced (--reveal).");
        return;
    }
    print::tell("Replaced: by stand-ins that stay the same in every bundle of this tenant.");
    for (user, why) in users.iter().zip(people) {
        print::tell(&format!("  {user} is {} in it", scrubber.handle(why)));
    }
}

fn agreed(args: &Bundle, out: &Path) -> anyhow::Result<bool> {
    if args.yes {
        return Ok(true);
    }
    if !print::is_interactive() {
        print::tell("Nothing was written; `--yes` writes it.");
        return Ok(false);
    }
    let question = format!("Write this to {}? Type yes:", out.display());
    let agreed = print::ask(&question)? == "yes";
    if !agreed {
        print::tell("Nothing was written.");
    }
    Ok(agreed)
}

fn write(out: &Path, packed: &[u8]) -> anyhow::Result<()> {
    archive::write(out, packed).map_err(|error| {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return taken(out).into();
        }
        Failure::new(
            FailureKind::Store,
            format!("{} could not be written", out.display()),
            error.to_string(),
            "Nothing is left behind. Give another place with --out.",
        )
        .into()
    })
}

fn listing(out: &Path, parts: &[Part], size: usize, scrubber: &Scrubber) -> anyhow::Result<String> {
    let parts: Vec<Value> = parts
        .iter()
        .map(|part| json!({ "name": part.name, "bytes": part.bytes.len() }))
        .collect();
    let object = json!({
        "schema_version": crate::record::SCHEMA_VERSION,
        "file": out.display().to_string(),
        "bytes": size,
        "revealed": scrubber.is_revealed(),
        "parts": parts,
    });
    Ok(serde_json::to_string_pretty(&object)?)
}
