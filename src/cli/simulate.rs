//! `simulate`: the built-in tenant as a process of its own.

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::words;
use crate::runtime::clock;
use crate::sim::{Options, Scenario, Simulator};

use super::args::Simulate;
use super::exit::Exit;
use super::print;

pub(super) async fn run(args: &Simulate) -> anyhow::Result<Exit> {
    let scenario = Scenario::parse(&args.scenario).map_err(|error| {
        Failure::new(FailureKind::Config, error.to_string(), "", words::UNCHANGED)
    })?;
    if !args.listen.ip().is_loopback() {
        let hint = "Give a loopback address such as 127.0.0.1:18080: the simulated tenant has a control plane without a token.";
        return Err(Failure::new(
            FailureKind::Config,
            "The simulator listens on loopback only",
            args.listen.to_string(),
            hint,
        )
        .into());
    }
    let now = clock::system();
    let options = Options {
        scenario,
        listen: args.listen,
        state_dir: args.state.clone(),
        clock: std::sync::Arc::new(move || now.now()),
    };
    let simulator = Simulator::start(options).await.map_err(|error| {
        Failure::new(
            FailureKind::Other,
            "The simulator could not start",
            error.to_string(),
            "Nothing was served. An address that is taken: --listen 127.0.0.1:0 takes a free one.",
        )
    })?;
    print::data(&format!("address       {}", simulator.base_url()))?;
    print::data(&format!("tenant        {}", simulator.tenant_id()))?;
    print::data(&format!("client id     {}", simulator.client_id()))?;
    print::data(&format!("client secret {}", simulator.client_secret()))?;
    if print::is_unheard() {
        // Nobody knows the address.
        return Ok(Exit::Done);
    }
    print::tell("Stop it with Ctrl-C. Its state: GET /_sim/state");
    tokio::signal::ctrl_c().await?;
    simulator.stop().await;
    Ok(Exit::Done)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;
    use crate::cli::args::Args;

    #[test]
    fn the_help_names_every_scenario() {
        let mut all = Args::command();
        let command = all.find_subcommand_mut("simulate").unwrap();
        let help = command.render_long_help().to_string();
        for name in Scenario::NAMES {
            assert!(help.contains(name), "{name} is not in {help}");
        }
    }
}
