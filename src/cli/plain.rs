//! `--plain`: the console for a screen reader or a terminal that can only print. One line at a time: no alternate screen, nothing
//! redrawn, choices by number. Every choice becomes a command of the command line, so both do the same and say the same.

mod choice;
mod terminal;
mod ways;

use std::sync::Arc;

use clap::Parser as _;
use tempfile::TempDir;

use crate::config::surroundings::Surroundings;
use crate::config::{Config, TenantConfig};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::user::Own;
use crate::domain::words;
use crate::ops::overview::{self, Counts};
use crate::runtime::clock;

use super::args::{Args, Candidates, Command, Global, Login, Sync, Users, UsersWhat};
use super::exit::Exit;
use super::find::choose;
use super::open::{located, open, open_quietly, places, serve};
use super::{demo, print};
use crate::runtime::credentials::app_of;

use choice::Choice;
use terminal::{line, tell};

/// Whether the console is to be a plain one.
pub(super) fn is_wanted(global: &Global) -> bool {
    global.plain || Surroundings::read().dumb
}

/// One tenant, as it is asked for again and again.
#[derive(Debug)]
struct Plain {
    global: Global,
    /// The tenant's name in the configuration.
    name: String,
    /// The demo's home, removed at the end.
    _temporary: Option<TempDir>,
}

pub(super) async fn run(global: &Global) -> anyhow::Result<Exit> {
    if !print::is_interactive() {
        return Err(Failure::new(
            FailureKind::Config,
            "The console needs a terminal",
            "standard input or standard error is not one",
            "Give a command instead, such as `sync` or `users list`; see --help.",
        )
        .into());
    }
    let mut plain = Plain::new(global).await?;
    tell(
        "Plain console: lines only, choices by number; Enter alone lists them. A command such as `why alex` can be typed as well.",
    );
    choice::list();
    loop {
        tell(&plain.standing());
        let Some(text) = line(&format!("{}>", plain.name))? else {
            return Ok(Exit::Done);
        };
        let done = match Choice::of(&text) {
            Some(Choice::Leave) => return Ok(Exit::Done),
            Some(choice) => Box::pin(plain.take(choice)).await,
            None if text.is_empty() => {
                choice::list();
                Ok(())
            }
            None => Box::pin(plain.typed(&text)).await,
        };
        match done {
            // Whoever was reading still is: nothing more can be asked here.
            Err(error) if error.is::<print::Interrupted>() => return Err(error),
            Err(error) => {
                print::failed(&error);
            }
            Ok(()) => {}
        }
    }
}

impl Plain {
    async fn new(global: &Global) -> anyhow::Result<Self> {
        let mut global = Global {
            json: false,
            ..global.clone()
        };
        let mut temporary = None;
        let name = if let Some(scenario) = global.demo.clone() {
            let name = demo::folder_of(&scenario)?;
            if global.home.is_none() {
                let made = tempfile::Builder::new()
                    .prefix("teamsconnector-demo-")
                    .tempdir()?;
                global.home = Some(made.path().to_owned());
                temporary = Some(made);
            }
            let simulator = serve(&global, &scenario, &places(&global)?).await?;
            global.served = Some(Arc::new(simulator));
            name
        } else if let Some(file) = &global.bundle {
            file.display().to_string()
        } else {
            let (places, config) = located(&global)?;
            let several = global.tenant.is_none() && config.tenants.len() > 1;
            let picked = if several && print::is_interactive() {
                terminal::pick("tenants", &tenant_rows(&config), "to open")?
            } else {
                None
            };
            let name = match picked {
                Some(name) => name,
                None => choose(&global, &config, &places)?,
            };
            // From here on it is this one, whatever else happens to the configuration.
            global.tenant = Some(name.clone());
            name
        };
        Ok(Self {
            global,
            name,
            _temporary: temporary,
        })
    }

    /// Which tenant this is and how it stands, in one sentence, from the files alone.
    fn standing(&self) -> String {
        let unread = format!("Tenant {}: not read yet.", self.name);
        if self.global.bundle.is_some() {
            return format!("Bundle {}: it is only looked at.", self.name);
        }
        let Ok(places) = places(&self.global) else {
            return unread;
        };
        let places = located(&self.global).map_or(places, |(places, _)| places);
        let now = clock::system().now();
        let here = (self.name.clone(), places.tenant_dir(&self.name));
        let seen = overview::overview([here], now);
        match seen.first().map(|seen| &seen.counts) {
            Some(Ok(counts)) if counts.read_at.is_some() => {
                format!("{}.", told(&self.name, counts, now))
            }
            Some(Err(failure)) => format!("Tenant {}: {}.", self.name, failure.headline),
            _ => unread,
        }
    }

    /// A command as it would be typed after the program's name; it is about this tenant and no other.
    async fn typed(&mut self, text: &str) -> anyhow::Result<()> {
        let Some(words) = shlex::split(text) else {
            tell("A quotation mark is missing its other half. Nothing was done.");
            return Ok(());
        };
        let parsed = Args::try_parse_from(
            std::iter::once("teamsconnector".to_owned()).chain(words.iter().cloned()),
        );
        let args = match parsed {
            Ok(args) => args,
            Err(error) => {
                super::print::words_of(&error);
                return Ok(());
            }
        };
        let other = args.global.tenant.is_some()
            || args.global.demo.is_some()
            || args.global.bundle.is_some()
            || words.iter().any(|word| word.starts_with("--home"));
        if other {
            tell(&format!(
                "This console works on {}: leave --tenant, --demo, --home and --bundle out. Choice 8 opens another tenant.",
                self.name
            ));
            return Ok(());
        }
        let Some(command) = args.command else {
            return Ok(());
        };
        let global = Global {
            json: args.global.json,
            ..self.global.clone()
        };
        super::command(&global, command).await.map(drop)
    }

    async fn call(&self, command: Command) -> anyhow::Result<()> {
        super::command(&self.global, command).await.map(drop)
    }

    async fn take(&mut self, choice: Choice) -> anyhow::Result<()> {
        match choice {
            Choice::Sync => self.call(Command::Sync(Sync::default())).await,
            Choice::Users => self.users().await,
            Choice::Candidates => self.candidates().await,
            Choice::Why => self.why().await,
            Choice::Edit => match line("Whom? Name or e-mail; Enter goes back:")? {
                Some(who) if !who.is_empty() => self.edit(&who).await,
                _ => Ok(()),
            },
            Choice::Waiting => self.waiting().await,
            Choice::Earlier => self.earlier().await,
            Choice::SignIn => self.call(Command::Login(Login { write: false })).await,
            Choice::Tenants => self.other_tenant(),
            Choice::Leave => Ok(()),
        }
    }

    async fn users(&self) -> anyhow::Result<()> {
        let mut opened = open(&self.global).await?;
        opened.need_snapshot().await?;
        let desk = super::users::desk_of(&opened).await?;
        let rows: Vec<(String, String)> = desk
            .users
            .iter()
            .map(|row| (row.user.id.0.to_string(), super::users::spoken(row)))
            .collect();
        drop(opened);
        match terminal::pick("users", &rows, "to edit")? {
            Some(who) => self.edit(&who).await,
            None => Ok(()),
        }
    }

    async fn candidates(&self) -> anyhow::Result<()> {
        let mut opened = open(&self.global).await?;
        opened.need_snapshot().await?;
        if opened.manual_mode() {
            drop(opened);
            return self
                .call(Command::Candidates(Candidates { everyone: false }))
                .await;
        }
        let rows: Vec<(String, String)> = super::candidates::of(&opened, false)
            .await?
            .iter()
            .map(|(row, cause)| (row.id.to_string(), super::candidates::spoken(row, *cause)))
            .collect();
        drop(opened);
        let Some(user) = terminal::pick("people who can be added", &rows, "to add")? else {
            return Ok(());
        };
        let what = UsersWhat::Add {
            user,
            set: super::args::UserSet::default(),
        };
        self.call(Command::Users(Users { what })).await
    }

    /// One field of one user after another, until nothing more is to be changed.
    async fn edit(&self, who: &str) -> anyhow::Result<()> {
        loop {
            let opened = open_quietly(&self.global).await?;
            let desk = super::users::desk_of(&opened).await?;
            let shown = Own::of(&super::users::find(&desk, who)?.user);
            drop(opened);
            self.call(Command::Users(Users {
                what: UsersWhat::Show {
                    user: who.to_owned(),
                },
            }))
            .await?;
            let Some(mut set) = choice::field()? else {
                return Ok(());
            };
            // Somebody may have changed it while this was typed.
            set.seen = Some(Box::new(shown));
            let what = UsersWhat::Edit {
                user: who.to_owned(),
                set,
            };
            // A refused value says why, and can be entered again.
            if let Err(error) = self.call(Command::Users(Users { what })).await {
                print::failed(&error);
            }
        }
    }

    fn other_tenant(&mut self) -> anyhow::Result<()> {
        if self.global.demo.is_some() || self.global.bundle.is_some() {
            tell(
                "This console was opened on one tenant alone. For another, leave (0) and start without --demo, --tenant and --bundle.",
            );
            return Ok(());
        }
        let (_, config) = located(&self.global)?;
        if let Some(name) = terminal::pick("tenants", &tenant_rows(&config), "to open")? {
            let app = |name: &String| {
                let tenant = &config.tenants[name];
                app_of(&config.client_id(tenant).unwrap_or_default(), tenant)
            };
            // The variable's secret is that of the tenant that the console was opened for.
            if self.global.secret_of.is_none() && config.tenants.contains_key(&self.name) {
                self.global.secret_of = Some(app(&self.name));
            }
            self.global.tenant = Some(name.clone());
            self.name = name;
        }
        Ok(())
    }
}

/// The tenants of the configuration, each in a line.
fn tenant_rows(config: &Config) -> Vec<(String, String)> {
    let row = |(name, tenant): (&String, &TenantConfig)| {
        let mode = if tenant.read_only {
            words::READ_ONLY
        } else {
            words::READ_AND_WRITE
        };
        let text = format!("{name}, {}, {mode}", tenant.tenant_id);
        (name.clone(), text)
    };
    config.tenants.iter().map(row).collect()
}

fn told(name: &str, counts: &Counts, now: jiff::Timestamp) -> String {
    let many = |n: usize, one: &str, more: &str| format!("{n} {}", if n == 1 { one } else { more });
    let mut parts = vec![
        format!(
            "Tenant {} ({name}), read {} ago",
            counts.tenant_name,
            counts.age(now).unwrap_or_default()
        ),
        many(counts.users, "user", "users"),
        format!("{} unlicensed", counts.unlicensed),
        match counts.queued {
            0 => words::NOTHING_WAITS.to_owned(),
            n => format!("{} to be written", many(n, "change waits", "changes wait")),
        },
    ];
    if counts.failed() > 0 {
        parts.push(many(
            counts.failed(),
            "change needs you",
            "changes need you",
        ));
    }
    parts.join(", ")
}
