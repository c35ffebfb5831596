//! The configuration, the folders, the secrets and the surroundings: everything that is read from the machine before the work begins.
//!
//! The only module that reads environment variables. Knows nothing of what the settings do.

pub mod edit;
pub mod error;
mod file;
mod look;
pub mod mistakes;
mod newcomer;
pub mod palette;
pub mod places;
pub mod schema;
pub mod secret;
mod sharing;
pub mod surroundings;
mod table;

pub use crate::app::session::Accent;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::app::keymap::Keymap;
use crate::domain::settings::{AddMode, Selection};

use self::error::{ConfigError, Place};

/// What `config.toml` says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Config {
    /// What holds for every tenant that says nothing else.
    pub defaults: Defaults,
    /// Accounts that work several tenants, by their names.
    pub identities: BTreeMap<String, Identity>,
    /// The tenants, by the name that the engineer gave them.
    pub tenants: BTreeMap<String, TenantConfig>,
    /// The folder that a team on one host shares.
    pub shared: Option<Shared>,
    /// Certificates that are trusted beside those of the system.
    pub extra_ca: Option<PathBuf>,
    /// How the console looks and is worked.
    pub look: Look,
}

/// How the console looks and is worked: the same for all tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// Keys and what they mean.
    pub keys: Keymap,
    /// Whether the mouse is asked for.
    pub mouse: bool,
    /// Whether the end of a long run rings the terminal's bell.
    pub bell: bool,
    /// How long after a lone ESC it is the key, and not the beginning of another one.
    pub esc_wait: Duration,
    /// The name of a theme: one that is built in, or a file in `themes/` beside the configuration.
    pub theme: Option<String>,
    /// Where the file names it.
    pub theme_at: Option<Place>,
}

impl Default for Look {
    fn default() -> Self {
        Self {
            keys: Keymap::default(),
            mouse: true,
            bell: false,
            esc_wait: look::ESC_WAIT,
            theme: None,
            theme_at: None,
        }
    }
}

/// The folder that a team on one host shares: `shared_dir` and `shared_group`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// The folder.
    pub dir: PathBuf,
    /// The group of the operating system that may use it: its name, or its number.
    pub group: String,
}

/// One table `[identities.NAME]`: an account that works several tenants, such as that of a partner (GDAP).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The app registration, when it is another than that of the defaults.
    pub client_id: Option<String>,
    /// How to sign in.
    pub sign_in: SignInWay,
    /// File with the client secret.
    pub secret_file: Option<PathBuf>,
    /// File with the certificate and its key.
    pub certificate_file: Option<PathBuf>,
}

/// The table `[defaults]`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Defaults {
    /// The app registration.
    pub client_id: Option<String>,
}

/// One table `[tenants.NAME]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantConfig {
    /// Id of the tenant, or one of its verified domains.
    pub tenant_id: String,
    /// The name that screens show, where it is another than that of the table.
    pub display: Option<String>,
    /// The colour that tells this tenant's screen from others.
    pub accent: Option<Accent>,
    /// Its verified domains, by which it is found.
    pub domains: Vec<String>,
    /// The account that works it, where several tenants have one: a name of [`Config::identities`].
    pub identity: Option<String>,
    /// The app registration, when it is another than that of the identity or the defaults.
    pub client_id: Option<String>,
    /// How to sign in; the identity's way where there is one.
    pub sign_in: SignInWay,
    /// Which cloud.
    pub cloud: CloudName,
    /// Name (or id) of the group that limits who is a candidate.
    pub group: Option<String>,
    /// How users are added.
    pub add_users: AddUsers,
    /// Whether nothing is written to the tenant.
    pub read_only: bool,
    /// What may be written.
    pub allow: BTreeSet<Allow>,
    /// Whether nothing is written without a ticket.
    pub require_ticket: bool,
    /// Addresses of a custom cloud.
    pub endpoints: Option<Endpoints>,
    /// Where a person's tokens are kept.
    pub tokens: TokensKept,
    /// File with the client secret.
    pub secret_file: Option<PathBuf>,
    /// File with the certificate and its key.
    pub certificate_file: Option<PathBuf>,
}

impl TenantConfig {
    /// Whose users are picked, and how.
    pub fn selection(&self) -> Selection {
        Selection {
            group: self.group.clone(),
            mode: match self.add_users {
                AddUsers::Sync => AddMode::Sync,
                AddUsers::Manual => AddMode::Manual,
            },
        }
    }

    /// A tenant with the defaults of everything but its id.
    pub fn new(tenant_id: impl Into<String>) -> Self {
        Self {
            tenant_id: tenant_id.into(),
            display: None,
            accent: None,
            domains: Vec::new(),
            identity: None,
            client_id: None,
            sign_in: SignInWay::DeviceCode,
            cloud: CloudName::Global,
            group: None,
            add_users: AddUsers::Sync,
            read_only: true,
            allow: BTreeSet::from([Allow::Numbers]),
            require_ticket: false,
            endpoints: None,
            tokens: TokensKept::File,
            secret_file: None,
            certificate_file: None,
        }
    }
}

/// Addresses of a custom cloud, without a slash at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// Where tokens come from.
    pub login: String,
    /// Where Graph answers.
    pub graph: String,
    /// Whether the Teams administration API is there: not where the addresses lead to a national cloud.
    pub teams_api: bool,
}

/// Where a person's tokens are kept. An application's are never kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokensKept {
    /// In a file that only its owner can read: a sign-in serves the commands that follow.
    File,
    /// In the keyring of the desktop, if it answers within two seconds; else in the file.
    Keyring,
    /// Only in memory: a sign-in ends with the program.
    Memory,
}

/// How to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInWay {
    /// A code that is typed in a browser anywhere.
    DeviceCode,
    /// A browser on this machine, or through a forwarded port.
    Browser,
    /// A secret of the app registration, for unattended runs.
    ClientSecret,
    /// A certificate of the app registration, for unattended runs.
    Certificate,
}

/// Which cloud the tenant lives in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloudName {
    /// The worldwide cloud.
    Global,
    /// US government (GCC High).
    UsGov,
    /// US department of defence.
    UsDod,
    /// China, operated by 21Vianet.
    China,
    /// Addresses of its own.
    Custom,
}

/// How users are added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AddUsers {
    /// From the picklist that a sync builds.
    Sync,
    /// By hand only.
    Manual,
}

/// A kind of change that may be written to the tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Allow {
    /// Telephone numbers.
    Numbers,
    /// Usage locations.
    Location,
    /// Licences.
    Licences,
}

/// A setting that is one of a few words.
pub trait Words: Copy + PartialEq + Sized + 'static {
    /// All values with their words, in the order in which they are offered.
    const ALL: &'static [(&'static str, Self)];

    /// The word of the file.
    fn as_str(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, value)| *value == self)
            .map_or("", |(word, _)| word)
    }

    /// The value of a word.
    fn from_word(text: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, value)| *value)
    }
}

impl Words for SignInWay {
    const ALL: &'static [(&'static str, Self)] = &[
        ("device-code", Self::DeviceCode),
        ("browser", Self::Browser),
        ("client-secret", Self::ClientSecret),
        ("certificate", Self::Certificate),
    ];
}

impl Words for TokensKept {
    const ALL: &'static [(&'static str, Self)] = &[
        ("file", Self::File),
        ("keyring", Self::Keyring),
        ("memory", Self::Memory),
    ];
}

impl Words for CloudName {
    const ALL: &'static [(&'static str, Self)] = &[
        ("global", Self::Global),
        ("us-gov", Self::UsGov),
        ("us-dod", Self::UsDod),
        ("china", Self::China),
        ("custom", Self::Custom),
    ];
}

impl Words for Accent {
    const ALL: &'static [(&'static str, Self)] = &[
        ("red", Self::Red),
        ("green", Self::Green),
        ("yellow", Self::Yellow),
        ("blue", Self::Blue),
        ("magenta", Self::Magenta),
        ("cyan", Self::Cyan),
    ];
}

impl Words for AddUsers {
    const ALL: &'static [(&'static str, Self)] = &[("sync", Self::Sync), ("manual", Self::Manual)];
}

impl Words for Allow {
    const ALL: &'static [(&'static str, Self)] = &[
        ("numbers", Self::Numbers),
        ("location", Self::Location),
        ("licences", Self::Licences),
    ];
}

impl Config {
    /// Reads the file; one that is not there is an empty configuration.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        match std::fs::read_to_string(path) {
            Ok(text) => {
                places::check_writers(path)?;
                Self::parse(path, &text)
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(source) => Err(ConfigError::Io {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Reads a text as if it stood in the file. Relative paths in it are meant from the file's folder.
    pub fn parse(path: &Path, text: &str) -> Result<Self, ConfigError> {
        file::read(path, text)
    }

    /// The app registration of a tenant.
    pub fn client_id(&self, tenant: &TenantConfig) -> Option<String> {
        tenant
            .client_id
            .clone()
            .or_else(|| self.identity_of(tenant)?.client_id.clone())
            .or_else(|| self.defaults.client_id.clone())
    }

    /// The account that works a tenant, where it is one that works several.
    pub fn identity_of(&self, tenant: &TenantConfig) -> Option<&Identity> {
        self.identities.get(tenant.identity.as_ref()?)
    }
}
