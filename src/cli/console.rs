//! The console, opened on a tenant.

use std::io::{self, IsTerminal as _};

use crate::app::Settings;
use crate::config::surroundings::Surroundings;
use crate::domain::failure::{Failure, FailureKind};
use crate::runtime::{self, Choices, Console, Workbench, terminal};
use crate::view::theme::Theme;

use super::args::Global;
use super::exit::Exit;
use super::open::open;

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
    let opened = open(global).await?;
    let surroundings = Surroundings::read();
    let settings = Settings {
        tenant_label: opened.name.clone(),
        account: String::new(),
        read_only: opened.config.read_only,
        manual_mode: opened.manual_mode(),
        group: opened.config.group.clone(),
        demo: opened.simulator.is_some(),
        sync_on_start: opened.simulator.is_some(),
        ascii: global.ascii || !surroundings.utf8,
        sign_in: None,
        accent: None,
        greeting: None,
    };
    let damaged = opened.was_damaged();
    let theme = if surroundings.no_color {
        Theme::mono()
    } else {
        Theme::default()
    };
    restore_on_panic();
    let console = Console {
        settings,
        workbench: Workbench {
            world: opened.world,
            settings: opened.settings,
            choices: Choices::new(opened.config.selection(), opened.file),
        },
        theme,
        clock: opened.clock,
    };
    let code = runtime::run(console).await?;
    if let Some(simulator) = opened.simulator {
        simulator.stop().await;
    }
    Ok(match code {
        0 => Exit::Done.or_damaged(damaged),
        code => Exit::Other(code),
    })
}

/// A panic gives the terminal back before it is told.
fn restore_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        terminal::restore();
        before(panic);
    }));
}
