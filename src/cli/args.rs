//! What can be asked on the command line.

pub mod bulk;
pub mod bundle;
pub mod looking_back;
pub mod tenants;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{OsStringValueParser, TypedValueParser as _};
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use crate::domain::user::Own;

/// Brings a Microsoft 365 tenant's users into a telephone service, gives them numbers, and says why one is missing.
///
/// Without a command it opens the console. `teamsconnector --demo` opens it on a built-in tenant: no network, no set-up.
#[derive(Debug, Parser)]
#[command(version, about, max_term_width = 100, after_help = AFTER)]
pub struct Args {
    /// For all commands.
    #[command(flatten)]
    pub global: Global,
    /// The command.
    #[command(subcommand)]
    pub command: Option<Command>,
}

const AFTER: &str = "\
First steps:
  teamsconnector --demo                      look around in a built-in tenant
  teamsconnector paths                       where the configuration file goes
  teamsconnector --tenant contoso sync       read a tenant (writes nothing)
  teamsconnector --tenant contoso why alex   why is this user missing?
  teamsconnector --tenant contoso            open the console

Exit codes: 0 done; 1 failed; 2 usage or configuration; 3 try again; 4 sign-in or a permission is missing;
5 changes planned and not applied; 6 refused by a limit, the tenant guard or read-only; 7 partly; 8 a local file was damaged and set aside.";

/// For all commands.
#[derive(Debug, Clone, ClapArgs)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
pub struct Global {
    /// The tenant: its name in the configuration, a domain or id, or a number or e-mail that one tenant's files know
    #[arg(long, global = true, value_name = "NAME")]
    pub tenant: Option<String>,
    /// Use the built-in tenant; with =SCENARIO one that shows a certain case
    #[arg(long, global = true, value_name = "SCENARIO", num_args = 0..=1, require_equals = true, default_missing_value = "tour")]
    pub demo: Option<String>,
    /// Keep everything under this folder
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "TEAMSCONNECTOR_HOME",
        hide_env_values = true,
        value_parser = OsStringValueParser::new().try_map(home)
    )]
    pub home: Option<PathBuf>,
    /// Look at a support bundle instead of a tenant: without network, nothing is written
    #[arg(long, global = true, value_name = "FILE")]
    pub bundle: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Plain signs instead of Unicode ones
    #[arg(long, global = true)]
    pub ascii: bool,
    /// The console in plain lines, with numbered choices: for screen readers and terminals that only print
    #[arg(long, global = true)]
    pub plain: bool,
    /// Leave the mouse to the terminal
    #[arg(long, global = true)]
    pub no_mouse: bool,
    /// How the console looks: default, light, high-contrast, mono, or a file in themes/ beside the configuration
    #[arg(long, global = true, value_name = "NAME")]
    pub theme: Option<String>,
    /// The one application whose secret the environment holds, once that is known in this process.
    #[arg(skip)]
    pub secret_of: Option<String>,
    /// The built-in tenant, where several commands of one process share it.
    #[arg(skip)]
    pub served: Option<std::sync::Arc<crate::sim::Simulator>>,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Read the tenant, match, and plan what is queued; write it with --yes
    Sync(Sync),
    /// Configured users: list, show, add, edit, remove
    Users(Users),
    /// Who can be added; with --everyone, everybody in the tenant and what stops them
    Candidates(Candidates),
    /// Why somebody is missing, by name, address, number or id
    Why(Why),
    /// PowerShell for what is queued, or for one user's way out
    Script(Script),
    /// Add or change many users from a spreadsheet; each row gets a verdict, and all go in or none
    Import(bulk::Import),
    /// Write users, candidates, numbers, a run's log or everybody's reasons to a file
    Export(bulk::Export),
    /// Queue what takes the cause of an absence away
    Repair(Repair),
    /// Queue the move of a number from whoever holds it to somebody else, as one change
    Move(Move),
    /// The tenant's numbers: which are free, who has the others, what stands in the way
    Numbers(Numbers),
    /// The tenant's Microsoft licences: bought, used, free, and what each brings
    Licences,
    /// Changes that wait to be written
    Outbox(Outbox),
    /// Seats of this service: how many were bought, until when, who holds one
    Seats(Seats),
    /// The audit: what was done, by whom and for which ticket; and whether it is as it was written
    Audit(looking_back::Audit),
    /// For the next shift: what was done from here, what others did in the tenant, and what is open, held or due
    Changes(looking_back::Changes),
    /// Earlier runs, their logs, and what changed between two
    History(looking_back::History),
    /// Tenants of the configuration: list, add and remove them, set group and mode, or take a pin off
    Tenants(tenants::Tenants),
    /// Sign in to the tenant, as the configuration says
    Login(Login),
    /// Forget who is signed in
    Logout,
    /// Serve a simulated tenant for tests and trials
    Simulate(Simulate),
    /// Look at everything that a run needs: files, network, clock, sign-in, permissions
    Doctor,
    /// Pack logs, counters and checks for support, with stand-ins for names, addresses and numbers
    Bundle(bundle::Bundle),
    /// All actions of the console with their keys, as the configuration has them
    Keys,
    /// Where files are kept
    Paths,
    /// The configuration file
    Config(Config),
    /// Print what makes a shell complete commands and flags
    Completions(Completions),
    /// Print the manual page
    Man,
}

/// `completions`.
#[derive(Debug, ClapArgs)]
pub struct Completions {
    /// The shell
    pub shell: Shell,
}

/// Shells that complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// source <(teamsconnector completions bash)
    Bash,
    /// A file _teamsconnector in a folder of $fpath
    Zsh,
    /// A file in ~/.config/fish/completions
    Fish,
}

/// `sync`.
#[derive(Debug, Default, ClapArgs)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
pub struct Sync {
    /// Log each request, each match, and each user whom a gate stopped
    #[arg(long)]
    pub debug: bool,
    /// Show what would be written, and write nothing
    #[arg(long, conflicts_with = "yes")]
    pub plan: bool,
    /// Write what is queued, without asking; what another person has queued only when it is named
    #[arg(long)]
    pub yes: bool,
    /// Keep the plan in this file, to be applied later
    #[arg(long, value_name = "FILE", requires = "plan")]
    pub out: Option<PathBuf>,
    /// Write a plan that was kept: only what is in it, and of that only what has not moved since
    #[arg(long, value_name = "FILE", conflicts_with_all = ["plan", "only", "mine"])]
    pub apply: Option<PathBuf>,
    /// Only these changes, by their ids in `outbox list`
    #[arg(long, value_name = "ID", num_args = 1.., value_delimiter = ',')]
    pub only: Vec<i64>,
    /// Only what you have queued yourself
    #[arg(long)]
    pub mine: bool,
    /// The ticket that the changes belong to: kept in the audit
    #[arg(long, value_name = "ID", value_parser = ticket)]
    pub ticket: Option<String>,
    /// Every tenant of the configuration, one after another; a line each
    #[arg(long, requires = "plan", conflicts_with_all = ["out", "only", "mine", "ticket"])]
    pub all_tenants: bool,
}

/// A folder has a name: an empty one would be wherever the program was started.
fn home(text: OsString) -> Result<PathBuf, String> {
    if text.is_empty() {
        return Err(
            "TEAMSCONNECTOR_HOME or --home is there and names no folder; name one, or leave it out"
                .to_owned(),
        );
    }
    Ok(text.into())
}

/// A ticket's id: one line of text.
fn ticket(text: &str) -> Result<String, String> {
    if text.chars().any(char::is_control) {
        return Err("a ticket is one line, without control characters".to_owned());
    }
    Ok(text.to_owned())
}

/// `login`.
#[derive(Debug, ClapArgs)]
pub struct Login {
    /// Ask for the permissions to write as well, for what `allow` names
    #[arg(long)]
    pub write: bool,
}

/// `users`.
#[derive(Debug, ClapArgs)]
pub struct Users {
    /// What to do.
    #[command(subcommand)]
    pub what: UsersWhat,
}

/// What to do with users.
#[derive(Debug, Subcommand)]
pub enum UsersWhat {
    /// List the configured users
    List,
    /// Show one
    Show {
        /// Name, e-mail or id (`users list --json`)
        user: String,
    },
    /// Add somebody, by name, address or id in the tenant; or by hand with --name and an address
    Add {
        /// Whom: address, name or id
        user: String,
        /// What to set
        #[command(flatten)]
        set: UserSet,
    },
    /// Change one; number and country are queued for the tenant
    Edit {
        /// Whom: name, e-mail or id (`users list --json`)
        user: String,
        /// What to set
        #[command(flatten)]
        set: UserSet,
    },
    /// After another tenant was pinned: show who its users are here, and the numbers that they had before
    Adopt {
        /// Take over the matches by e-mail: of everybody, or of these (name, e-mail or id (`users list --json`)); nobody is associated before
        #[arg(long, value_name = "USER", num_args = 0..)]
        take: Option<Vec<String>>,
        /// Queue the old numbers that are free; the next sync plans them like any change
        #[arg(long)]
        queue: bool,
    },
    /// Remove one
    Remove {
        /// Whom: name, e-mail or id (`users list --json`)
        user: String,
        /// Also release the number in the tenant, at the next run
        #[arg(long)]
        release: bool,
        /// Do not ask; where nobody can be asked, nobody is
        #[arg(long)]
        yes: bool,
    },
}

/// Fields of a user.
#[derive(Debug, Default, ClapArgs)]
pub struct UserSet {
    /// Number in E.164, such as +441235123465, or `none`
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
    /// What the number is used as
    #[arg(long)]
    pub kind: Option<Kind>,
    /// Country of the user (usage location), two letters
    #[arg(long, value_name = "CC")]
    pub country: Option<String>,
    /// Name
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// E-mail, by which the user is matched
    #[arg(long, value_name = "ADDRESS")]
    pub mail: Option<String>,
    /// Tie to this directory user, by address or id
    #[arg(long, value_name = "USER")]
    pub associate: Option<String>,
    /// What was shown before this was typed, where that is known.
    #[arg(skip)]
    pub seen: Option<Box<Own>>,
}

/// Kinds of number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// Direct dial
    Ddi,
    /// Main number with ;ext=
    Extension,
    /// Trunk number
    Trunk,
}

/// `candidates`.
#[derive(Debug, ClapArgs)]
pub struct Candidates {
    /// Everybody in the tenant, with the first cause
    #[arg(long)]
    pub everyone: bool,
}

/// `numbers`.
#[derive(Debug, ClapArgs)]
pub struct Numbers {
    /// Only those that nobody has
    #[arg(long)]
    pub free: bool,
    /// Only those with all of these words or digits: names, `phantom`, `blocked`, `duplicate`, a type; `!word` leaves out
    #[arg(long, value_name = "TEXT")]
    pub filter: Option<String>,
}

/// `why`.
#[derive(Debug, ClapArgs)]
pub struct Why {
    /// Whom: name, address, number or id
    #[arg(required_unless_present = "all")]
    pub user: Option<String>,
    /// Read this user from the tenant again first
    #[arg(long, conflicts_with = "all")]
    pub live: bool,
    /// Everybody in the tenant, one JSON object a line
    #[arg(long, conflicts_with = "user")]
    pub all: bool,
}

/// `script`.
#[derive(Debug, Default, ClapArgs)]
pub struct Script {
    /// Whose way out, by sign-in name, name or id; without one, all that is queued
    pub user: Option<String>,
    /// A number to give, in E.164
    #[arg(long, value_name = "NUMBER")]
    pub number: Option<String>,
    /// A usage location to set, two letters
    #[arg(long, value_name = "CC")]
    pub country: Option<String>,
    /// A voice routing policy to grant, by its name
    #[arg(long, value_name = "POLICY", requires = "user")]
    pub voice_route: Option<String>,
    /// Make, license and number a resource account with this name
    #[arg(long, value_name = "NAME", conflicts_with = "user", requires_all = ["upn", "number", "country"])]
    pub resource_account: Option<String>,
    /// The resource account's sign-in name
    #[arg(long, value_name = "UPN", requires = "resource_account")]
    pub upn: Option<String>,
    /// It answers for a call queue, not for an attendant
    #[arg(long, requires = "resource_account")]
    pub queue: bool,
}

/// `repair`.
#[derive(Debug, ClapArgs)]
#[command(group = clap::ArgGroup::new("what").required(true))]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of its own on the command line"
)]
pub struct Repair {
    /// Whom: address, name or id
    pub user: String,
    /// Switch the Calling Plan off in each licence that brings it; all other plans stay as they are
    #[arg(long, group = "what")]
    pub disable_calling_plan: bool,
    /// Take the licence away that brings Communications Credits
    #[arg(long, group = "what")]
    pub remove_credits: bool,
    /// Set the usage location, two letters
    #[arg(long, value_name = "CC", group = "what")]
    pub location: Option<String>,
    /// Take the number from somebody who has left
    #[arg(long, group = "what")]
    pub release_number: bool,
    /// The user's full name: needed for what stops a number that is in use
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Put the user on the list as soon as all gates pass
    #[arg(long)]
    pub add: bool,
}

/// `move`.
#[derive(Debug, ClapArgs)]
pub struct Move {
    /// The number, in E.164
    pub number: String,
    /// Who gets it: address, name or id
    #[arg(long, value_name = "USER")]
    pub to: String,
}

/// `outbox`.
#[derive(Debug, ClapArgs)]
pub struct Outbox {
    /// What to do.
    #[command(subcommand)]
    pub what: OutboxWhat,
}

/// What to do with the outbox.
#[derive(Debug, Subcommand)]
pub enum OutboxWhat {
    /// List the queued changes
    List {
        /// Those of the tenant that was pinned before: set aside, never sent
        #[arg(long)]
        parked: bool,
        /// List what was written and confirmed instead, with the ids that take-back needs
        #[arg(long, conflicts_with = "parked")]
        done: bool,
    },
    /// Drop a queued change
    Drop {
        /// Its id, as `outbox list` shows it
        id: i64,
    },
    /// Queue the opposite of a change that was written and confirmed
    TakeBack {
        /// The id that the change had
        id: i64,
        /// The user's full name: needed for what stops a number that is in use
        #[arg(long, value_name = "NAME")]
        name: Option<String>,
    },
    /// Decide a conflict: keep what was entered here; it stays queued, over the value that the tenant has now
    Keep {
        /// Its id, as `outbox list` shows it
        id: i64,
    },
    /// Decide a conflict: take what the tenant has; the queued change is dropped
    Take {
        /// Its id, as `outbox list` shows it
        id: i64,
    },
}

/// `seats`.
#[derive(Debug, ClapArgs)]
pub struct Seats {
    /// What to do.
    #[command(subcommand)]
    pub what: SeatsWhat,
}

/// What to do with seats.
#[derive(Debug, Subcommand)]
pub enum SeatsWhat {
    /// Show seats bought and used, and who holds one; whoever would lose it last comes first
    Show,
    /// Set how many were bought, or `none` for no limit
    Set {
        /// How many, or `none`
        count: String,
        /// The last day of the trial or contract, YYYY-MM-DD, or `none`
        #[arg(long, value_name = "DATE")]
        ends: Option<String>,
        /// Only show who would lose a seat, and who would get one back
        #[arg(long)]
        preview: bool,
    },
    /// Move a seat from one user to another who has none
    Move {
        /// Who gives it: name, e-mail or id (`users list --json`)
        from: String,
        /// Who gets it: name, e-mail or id (`users list --json`)
        to: String,
    },
}

/// `simulate`.
#[derive(Debug, ClapArgs)]
pub struct Simulate {
    /// tour, no-phone-system, calling-plans, bad-group, empty-group, ambiguous-group, hidden-group, communications-credits,
    /// trial-ended, seats-short, manual, after-import, wrong-country, dirsync, code-blocked, other-tenant, size:N
    #[arg(default_value = "tour")]
    pub scenario: String,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Keep the tenant's state in this folder
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

/// `config`.
#[derive(Debug, ClapArgs)]
pub struct Config {
    /// What to do.
    #[command(subcommand)]
    pub what: ConfigWhat,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub enum ConfigWhat {
    /// Read the file and say what is wrong with it
    Check,
    /// Write the commented sample where the file goes; never over one that is there
    Init,
    /// Print the commented sample
    Sample,
    /// Print the file's JSON schema, for editors that complete and check by one
    Schema,
    /// Print a systemd service and timer, and lines of cron, for runs that nobody watches
    Units,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_definition_is_sound() {
        Args::command().debug_assert();
    }

    #[test]
    fn demo_takes_a_scenario_only_with_an_equals_sign() {
        let args = Args::try_parse_from(["teamsconnector", "--demo", "sync"]).unwrap();
        assert_eq!(args.global.demo.as_deref(), Some("tour"));
        let args =
            Args::try_parse_from(["teamsconnector", "--demo=calling-plans", "sync"]).unwrap();
        assert_eq!(args.global.demo.as_deref(), Some("calling-plans"));
        assert!(matches!(args.command, Some(Command::Sync(_))));
    }
}
