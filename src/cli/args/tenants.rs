//! What `tenants` can be asked.

use std::path::PathBuf;

use clap::{Args as ClapArgs, Subcommand, ValueEnum};

/// `tenants`.
#[derive(Debug, ClapArgs)]
pub struct Tenants {
    /// What to do.
    #[command(subcommand)]
    pub what: TenantsWhat,
}

/// What to do with tenants.
#[derive(Debug, Subcommand)]
pub enum TenantsWhat {
    /// List the tenants of the configuration, with what their files tell; without network
    List,
    /// Write a new tenant into the configuration, read-only; --tenant gives its id or a verified domain, else it is asked for
    Add(Box<NewTenant>),
    /// Take a tenant out of the configuration: its sign-in is forgotten; users, queue, history and audit are kept as files
    Remove(Leaving),
    /// Set the group filter or how users are added: in the configuration, at once, audited
    Set {
        /// The tenant, by its name in the configuration
        name: String,
        /// Only members of this group: its name or id
        #[arg(long, value_name = "TEXT", conflicts_with = "no_group")]
        group: Option<String>,
        /// No group filter
        #[arg(long)]
        no_group: bool,
        /// From the picklist that a sync builds, or by hand only
        #[arg(long, value_name = "MODE")]
        add_users: Option<Mode>,
    },
    /// Disable sync: take the pin off, keep the data; the next sync pins the tenant that is signed in to
    Unpin {
        /// The tenant, by its name in the configuration
        name: String,
        /// Do it without asking
        #[arg(long)]
        yes: bool,
    },
}

/// `tenants add`.
#[derive(Debug, ClapArgs)]
pub struct NewTenant {
    /// Its name in the configuration: letters, digits, dashes, dots, underscores
    pub name: String,
    /// The app registration, when it is another than that of `[defaults]`
    #[arg(long, value_name = "GUID")]
    pub client_id: Option<String>,
    /// device-code, browser, client-secret or certificate
    #[arg(long, value_name = "WAY")]
    pub sign_in: Option<String>,
    /// The account of `[identities]` that works it, instead of a way to sign in of its own
    #[arg(long, value_name = "NAME", conflicts_with_all = ["sign_in", "client_id", "secret_file", "certificate_file"])]
    pub identity: Option<String>,
    /// global, us-gov, us-dod, china or custom
    #[arg(long, value_name = "CLOUD")]
    pub cloud: Option<String>,
    /// Where tokens come from, with --cloud custom
    #[arg(long, value_name = "ADDRESS", requires = "graph")]
    pub login: Option<String>,
    /// Where Graph answers, with --cloud custom
    #[arg(long, value_name = "ADDRESS", requires = "login")]
    pub graph: Option<String>,
    /// Only members of this group are offered
    #[arg(long, value_name = "TEXT")]
    pub group: Option<String>,
    /// From the picklist that a sync builds, or by hand only
    #[arg(long, value_name = "MODE")]
    pub add_users: Option<Mode>,
    /// What may be written once the tenant is not read-only: numbers, location, licences
    #[arg(long, value_name = "KIND", value_delimiter = ',')]
    pub allow: Vec<String>,
    /// Colour of its screens: red, green, yellow, blue, magenta or cyan
    #[arg(long, value_name = "COLOUR")]
    pub accent: Option<String>,
    /// The name that screens show
    #[arg(long, value_name = "TEXT")]
    pub display: Option<String>,
    /// A verified domain, by which `--tenant` finds it; may be given several times
    #[arg(long = "domain", value_name = "DOMAIN")]
    pub domains: Vec<String>,
    /// File with the client secret, which only you can read
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// File with the certificate and its key
    #[arg(long, value_name = "FILE")]
    pub certificate_file: Option<PathBuf>,
}

/// `tenants remove`.
#[derive(Debug, ClapArgs)]
pub struct Leaving {
    /// The tenant, by its name in the configuration
    pub name: String,
    /// Delete users, queue, history and audit as well, for good
    #[arg(long)]
    pub purge: bool,
    /// Do it without asking
    #[arg(long)]
    pub yes: bool,
}

/// How users are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Mode {
    /// From the picklist that a sync builds
    Sync,
    /// By hand only
    Manual,
}
