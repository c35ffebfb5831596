//! The command line: parses, opens what a command needs, runs it, and maps the result to an exit code.

mod adopt;
pub mod args;
mod audit;
mod candidates;
mod console;
mod demo;
mod doctor;
pub mod exit;
mod find;
mod history;
mod licences;
mod login;
mod numbers;
mod numbers_json;
mod open;
mod outbox;
mod paths;
mod print;
mod repair;
mod script;
mod seats;
mod simulate;
mod sync;
mod tenants;
mod users;
mod why;

use clap::Parser as _;

use args::{Args, Command};
use exit::Exit;

/// Runs the program with the arguments of the process; the exit code.
pub fn main() -> u8 {
    let args = match Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            let code = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            // Nobody is left to tell when the terminal is gone.
            let _ = error.print();
            return code.code();
        }
    };
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            return print::failed(
                &anyhow::Error::new(error).context("The runtime could not be started"),
            )
            .code();
        }
    };
    let result = runtime.block_on(dispatch(args));
    // A reader thread may be stuck in a read; the process does not wait for it.
    runtime.shutdown_background();
    match result {
        Ok(exit) => exit.code(),
        Err(error) => print::failed(&error).code(),
    }
}

async fn dispatch(args: Args) -> anyhow::Result<Exit> {
    let Args { global, command } = args;
    match command {
        None => console::run(&global).await,
        Some(Command::Sync(sync)) => sync::run(&global, &sync).await,
        Some(Command::Users(users)) => users::run(&global, users).await,
        Some(Command::Candidates(candidates)) => candidates::run(&global, &candidates).await,
        Some(Command::Numbers(numbers)) => numbers::run(&global, &numbers).await,
        Some(Command::Licences) => licences::run(&global).await,
        Some(Command::Why(why)) => why::run(&global, &why).await,
        Some(Command::Script(script)) => script::run(&global, &script).await,
        Some(Command::Repair(repair)) => repair::run(&global, &repair).await,
        Some(Command::Move(wish)) => repair::move_number(&global, &wish).await,
        Some(Command::Outbox(outbox)) => outbox::run(&global, &outbox).await,
        Some(Command::Seats(seats)) => seats::run(&global, &seats).await,
        Some(Command::Audit(audit)) => audit::run(&global, &audit).await,
        Some(Command::Changes(changes)) => audit::changes(&global, &changes).await,
        Some(Command::History(history)) => history::run(&global, &history).await,
        Some(Command::Tenants(tenants)) => tenants::run(&global, &tenants).await,
        Some(Command::Login(login)) => login::run(&global, &login).await,
        Some(Command::Logout) => login::out(&global).await,
        Some(Command::Simulate(simulate)) => simulate::run(&simulate).await,
        Some(Command::Doctor) => doctor::run(&global).await,
        Some(Command::Paths) => paths::run(&global),
        Some(Command::Config(config)) => paths::config(&global, &config),
    }
}
