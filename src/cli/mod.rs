//! The command line: parses, opens what a command needs, runs it, and maps the result to an exit code.

mod adopt;
pub mod args;
mod audit;
mod bundle;
mod candidates;
mod config;
mod console;
mod crash;
mod demo;
mod doctor;
mod doubt;
pub mod exit;
mod export;
mod find;
mod generate;
mod history;
mod import;
mod keys;
mod licences;
mod login;
mod numbers;
mod numbers_json;
mod offline;
mod open;
mod outbox;
mod paths;
mod plain;
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

use crate::runtime::broken;

use args::{Args, Command, Global};
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
            if std::env::args_os().any(|word| word == "--plain") {
                print::words_of(&error);
            } else {
                // Nobody is left to tell when the terminal is gone.
                let _ = error.print();
            }
            return code.code();
        }
    };
    rustix::process::umask(rustix::fs::Mode::RWXG | rustix::fs::Mode::RWXO);
    keep_memory_to_itself();
    crash::watch();
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
    if crash::has_happened() {
        // What a command made of it, such as files that were closed, is no answer.
        return broken::CODE;
    }
    match result {
        Ok(exit) => exit.code(),
        Err(error) => print::failed(&error).code(),
    }
}

/// No core file, and no other program of the same account that looks into this one: tokens are in its memory.
fn keep_memory_to_itself() {
    use rustix::process::{Resource, Rlimit, setrlimit};

    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    // A limit can always be lowered, and nothing of the program depends on either.
    let _ = setrlimit(Resource::Core, none);
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}

async fn dispatch(args: Args) -> anyhow::Result<Exit> {
    let Args { global, command } = args;
    match command {
        None => {
            offline::allowed(&global, None)?;
            if plain::is_wanted(&global) {
                plain::run(&global).await
            } else {
                Box::pin(console::run(&global)).await
            }
        }
        Some(command) => self::command(&global, command).await,
    }
}

/// Runs one command to its end.
async fn command(global: &Global, command: Command) -> anyhow::Result<Exit> {
    offline::allowed(global, Some(&command))?;
    match command {
        Command::Sync(sync) => sync::run(global, &sync).await,
        Command::Users(users) => users::run(global, users).await,
        Command::Candidates(candidates) => candidates::run(global, &candidates).await,
        Command::Numbers(numbers) => numbers::run(global, &numbers).await,
        Command::Licences => licences::run(global).await,
        Command::Why(why) => why::run(global, &why).await,
        Command::Script(script) => script::run(global, &script).await,
        Command::Import(import) => import::run(global, &import).await,
        Command::Export(export) => export::run(global, &export).await,
        Command::Repair(repair) => repair::run(global, &repair).await,
        Command::Move(wish) => repair::move_number(global, &wish).await,
        Command::Outbox(outbox) => outbox::run(global, &outbox).await,
        Command::Seats(seats) => seats::run(global, &seats).await,
        Command::Audit(audit) => audit::run(global, &audit).await,
        Command::Changes(changes) => audit::changes(global, &changes).await,
        Command::History(history) => history::run(global, &history).await,
        Command::Tenants(tenants) => tenants::run(global, &tenants).await,
        Command::Login(login) => login::run(global, &login).await,
        Command::Logout => login::out(global).await,
        Command::Simulate(simulate) => simulate::run(&simulate).await,
        Command::Doctor => doctor::run(global).await,
        Command::Bundle(bundle) => bundle::run(global, &bundle).await,
        Command::Keys => keys::run(global),
        Command::Paths => paths::run(global),
        Command::Config(config) => config::run(global, &config),
        Command::Completions(wish) => generate::completions(&wish),
        Command::Man => generate::manual(),
    }
}
