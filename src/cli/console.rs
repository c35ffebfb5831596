//! The console, opened on a tenant, and then on another in the same terminal.

use std::io::{self, IsTerminal as _};

use tempfile::TempDir;

use crate::app::Settings;
use crate::app::cells;
use crate::app::first_start::{Choice, FirstStart};
use crate::app::layout::LEAST_NAME;
use crate::app::zone::Zone;
use crate::config::palette::Palette;
use crate::config::places::Places;
use crate::config::surroundings::Surroundings;
use crate::config::{Config, Look, SignInWay, TenantConfig};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::sign_in;
use crate::runtime::{
    After, Choices, Console, Ended, Neighbours, Seat, Workbench, accent, has_shell,
};
use crate::runtime::{clock, new_tenant};
use crate::sim::{Scenario, Simulator};
use crate::store::peek;
use crate::view::theme::Theme;

use super::args::Global;
use super::exit::Exit;
use super::open::{Opened, located, open, open_quietly, places};
use super::print;

pub(super) async fn run(global: &Global) -> anyhow::Result<Exit> {
    if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
        return Err(Failure::new(
            FailureKind::Config,
            "The console needs a terminal",
            "standard input or output is not one",
            "Give a command instead, such as `sync` or `users list`; see --help.",
        )
        .into());
    }
    let (face, not_read) = face(global)?;
    let surroundings = Surroundings::read();
    let through = surroundings.multiplexer;
    let Some((mut first, places)) = first_start(global) else {
        let opened = open(global).await?;
        let seat = Seat::take(through, face.look.esc_wait)?;
        let console = work(global, (seat, opened, Opening::AsItIs), &face, not_read);
        return Box::pin(console).await;
    };
    let mut seat = Seat::take(through, face.look.esc_wait)?;
    let (theme, ascii) = (face.theme(surroundings), global.ascii || !surroundings.utf8);
    let now = clock::system().now();
    match seat
        .first_start(&mut first, &places, (&theme, ascii, now))
        .await?
    {
        Ok(Choice::Demo) => {
            let demo = Global {
                demo: Some(Scenario::Tour.name()),
                // It leaves nothing behind where the configuration will be.
                home: None,
                ..global.clone()
            };
            let opened = open_quietly(&demo).await?;
            let console = work(&demo, (seat, opened, Opening::AsItIs), &face, not_read);
            Box::pin(console).await
        }
        Ok(Choice::Connected(name)) => {
            let global = of(global, &name);
            let opened = open_quietly(&global).await?;
            let console = work(&global, (seat, opened, Opening::First), &face, not_read);
            Box::pin(console).await
        }
        Ok(Choice::Opened(name)) => {
            let global = of(global, &name);
            let opened = open_quietly(&global).await?;
            let console = work(&global, (seat, opened, Opening::AsItIs), &face, not_read);
            Box::pin(console).await
        }
        Ok(Choice::Leave) if first.pick.is_some() => Ok(Exit::Done),
        Ok(Choice::Leave) => {
            drop(seat);
            for row in first.doc().rows(80) {
                print::tell(&row.text);
            }
            Ok(Exit::Done)
        }
        Err(code) => Ok(Exit::Other(code)),
    }
}

/// The first steps, where no tenant is configured and none was asked for; the list, where there are several.
fn first_start(global: &Global) -> Option<(FirstStart, Places)> {
    if global.tenant.is_some() || global.demo.is_some() || global.bundle.is_some() {
        return None;
    }
    // A configuration that cannot be read is told where it is opened.
    let (places, config) = located(global).ok()?;
    let file = places.config_file().display().to_string();
    match config.tenants.len() {
        0 => Some((FirstStart::new(file), places)),
        1 => None,
        _ => {
            let now = clock::system().now();
            let cards = Neighbours::under(Some(places.clone())).cards(now).ok()?;
            Some((FirstStart::pick(file, cards), places))
        }
    }
}

/// How a tenant's console is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// As its files have it.
    AsItIs,
    /// For the first time, after it was added: somebody signs in at once.
    First,
    /// Once more, after its configuration was changed here: it says so.
    Anew,
}

/// Runs the console of a tenant, and of those that are opened from it.
async fn work(
    global: &Global,
    (mut seat, mut opened, mut opening): (Seat, Opened, Opening),
    face: &Face,
    not_read: Option<Failure>,
) -> anyhow::Result<Exit> {
    let mut greeting = not_read;
    let mut damaged = false;
    // The variable's secret is that of the tenant that the console was opened for.
    let global = &Global {
        secret_of: Some(opened.app.clone()),
        ..global.clone()
    };
    loop {
        let name = opened.name.clone();
        damaged |= opened.was_damaged();
        let (mut console, kept) = console(global, opened, face, greeting.take())?;
        if opening == Opening::First {
            console.settings.first = Some(consent_page(global, &name));
        }
        console.settings.edited = opening == Opening::Anew;
        let ended = seat.run(console).await?;
        if let Some(simulator) = kept.simulator {
            simulator.stop().await;
        }
        match ended {
            Ended::Exit(0) => return Ok(Exit::Done.or_damaged(damaged)),
            Ended::Exit(code) => return Ok(Exit::Other(code)),
            Ended::Switch {
                name: next,
                left,
                after,
            } => {
                greeting = left;
                opening = match after {
                    After::Added => Opening::First,
                    After::Edited => Opening::Anew,
                    After::Nothing => Opening::AsItIs,
                };
                opened = match open_quietly(&of(global, &next)).await {
                    Ok(opened) => opened,
                    // What was open is opened again, and says why.
                    Err(error) => {
                        greeting = Some(not_opened(&next, &error));
                        opening = Opening::AsItIs;
                        open_quietly(&of(global, &name)).await?
                    }
                };
            }
        }
    }
}

/// How the console looks and is worked.
#[derive(Debug)]
struct Face {
    look: Look,
    palette: Palette,
}

impl Face {
    /// Colours that nobody may see are left out here, so that bold and reversed stand for them.
    fn theme(&self, surroundings: Surroundings) -> Theme {
        if surroundings.no_color {
            Theme::mono()
        } else {
            Theme::of(&self.palette)
        }
    }
}

/// Reads how the console looks and is worked. The demo needs no configuration, so one that cannot be read is only told there.
fn face(global: &Global) -> anyhow::Result<(Face, Option<Failure>)> {
    let file = places(global).ok().map(|places| places.config_file());
    let (look, not_read) = match file.as_deref().map(Config::load) {
        None => (Look::default(), None),
        Some(Ok(config)) => (config.look, None),
        Some(Err(error)) => (Look::default(), Some(error.failure())),
    };
    let asked = global.theme.as_ref();
    let name = asked.or(look.theme.as_ref());
    let at = look.theme_at.as_ref().filter(|_| asked.is_none());
    let palette = Palette::load(
        &file.unwrap_or_default(),
        name.map_or("default", String::as_str),
    )
    .map_err(|error| error.named_in(at).failure())?;
    Ok((Face { look, palette }, not_read))
}

/// The same call for another tenant.
fn of(global: &Global, tenant: &str) -> Global {
    Global {
        tenant: Some(tenant.to_owned()),
        ..global.clone()
    }
}

/// Why another tenant could not be opened, for the screen of the one that stays.
fn not_opened(tenant: &str, error: &anyhow::Error) -> Failure {
    let known = error
        .chain()
        .find_map(|cause| cause.downcast_ref::<Failure>());
    let (kind, detail, hint) = match known {
        Some(failure) => (
            failure.kind,
            format!("{}\n{}", failure.headline, failure.detail),
            failure.hint.clone(),
        ),
        None => (FailureKind::Other, format!("{error:#}"), String::new()),
    };
    Failure::new(kind, format!("{tenant} could not be opened"), detail, hint)
}

/// What has to live as long as the screen.
#[derive(Debug)]
struct Kept {
    /// The built-in tenant.
    simulator: Option<Simulator>,
    /// Its home, removed at the end.
    _home: Option<TempDir>,
}

/// What the runtime needs to show a tenant, and what has to live with it.
fn console(
    global: &Global,
    opened: Opened,
    face: &Face,
    greeting: Option<Failure>,
) -> anyhow::Result<(Console, Kept)> {
    let surroundings = Surroundings::read();
    let settings = Settings {
        tenant_label: opened.name.clone(),
        account: String::new(),
        author: opened.settings.author.clone(),
        read_only: opened.config.read_only,
        manual_mode: opened.manual_mode(),
        group: opened.config.group.clone(),
        demo: opened.simulator.is_some(),
        bundle: opened.bundle,
        sync_on_start: opened.simulator.is_some(),
        ascii: global.ascii || !surroundings.utf8,
        sign_in: way(&opened.config).filter(|_| !opened.bundle),
        name: opened.config.display.clone(),
        has_namesake: opened.file.is_some() && has_namesake(global, &opened.name)?,
        accent: accent(&opened.config),
        keys: face.look.keys.clone(),
        bell: face.look.bell,
        zone: Zone::new(jiff::tz::TimeZone::system()),
        mouse: face.look.mouse && !global.no_mouse,
        require_ticket: opened.config.require_ticket,
        shell: has_shell(),
        first: None,
        edited: false,
        greeting,
    };
    let theme = face.theme(surroundings);
    let neighbours = match opened.file {
        Some(_) => {
            Neighbours::under(Some(located(global)?.0)).with_secret_of(global.secret_of.clone())
        }
        None => Neighbours::under(None),
    };
    let console = Console {
        settings,
        workbench: Workbench {
            choices: Choices::new(opened.config.selection(), opened.file),
            world: opened.world,
            settings: opened.settings,
            neighbours,
            only_looked_at: opened.bundle,
        },
        theme,
        clock: opened.clock,
    };
    let kept = Kept {
        simulator: opened.simulator,
        _home: opened.temporary,
    };
    Ok((console, kept))
}

/// Where an administrator lets the app into a tenant, as far as that is known.
fn consent_page(global: &Global, name: &str) -> Option<String> {
    let (_, config) = located(global).ok()?;
    let tenant = config.tenants.get(name)?;
    new_tenant::consent_page(tenant, &config.client_id(tenant)?).ok()
}

/// Whether another tenant of the configuration is shown by the name of this one, or by one that cannot be told from it where
/// there is little room.
fn has_namesake(global: &Global, name: &str) -> anyhow::Result<bool> {
    let (places, config) = located(global)?;
    let shown = |name: &str, tenant: &TenantConfig| {
        let shown = tenant.display.clone();
        let shown = shown.or_else(|| peek::pinned(&places.tenant_dir(name)).map(|pin| pin.name));
        let shown = shown.unwrap_or_else(|| name.to_owned()).to_lowercase();
        cells::cut_middle(&shown, usize::from(LEAST_NAME), '…')
    };
    let Some(ours) = config.tenants.get(name).map(|tenant| shown(name, tenant)) else {
        return Ok(false);
    };
    let mut others = config.tenants.iter().filter(|(other, _)| *other != name);
    Ok(others.any(|(other, tenant)| shown(other, tenant) == ours))
}

/// How a person signs in to a tenant; `None` where the app does by itself.
fn way(tenant: &TenantConfig) -> Option<sign_in::SignInWay> {
    match tenant.sign_in {
        SignInWay::DeviceCode => Some(sign_in::SignInWay::DeviceCode),
        SignInWay::Browser => Some(sign_in::SignInWay::Browser),
        SignInWay::ClientSecret | SignInWay::Certificate => None,
    }
}
