//! Reads `config.toml`: every unknown key and every wrong value is refused with its line, its column and what would be right.

use std::collections::BTreeMap;
use std::path::Path;

use crate::domain::naming::{is_domain, is_tenant_address, is_tenant_name};
use crate::domain::words;

use super::error::ConfigError;
use super::look;
use super::table::{Table, nearest, parsed};
use super::{
    Accent, AddUsers, Allow, CloudName, Config, Defaults, Endpoints, Identity, Shared, SignInWay,
    TenantConfig, TokensKept, Words,
};

pub(super) const ROOT_KEYS: &[&str] = &[
    "defaults",
    "identities",
    "tenants",
    "shared_dir",
    "shared_group",
    "extra_ca",
    "theme",
    "mouse",
    "bell",
    "esc_wait",
    "keys",
];
pub(super) const DEFAULTS_KEYS: &[&str] = &["client_id"];
pub(super) const IDENTITY_KEYS: &[&str] =
    &["client_id", "sign_in", "secret_file", "certificate_file"];
pub(super) const TENANT_KEYS: &[&str] = &[
    "tenant_id",
    "name",
    "accent",
    "domains",
    "identity",
    "client_id",
    "sign_in",
    "cloud",
    "group",
    "add_users",
    "read_only",
    "allow",
    "require_ticket",
    "endpoints",
    "tokens",
    "secret_file",
    "certificate_file",
];
pub(super) const ENDPOINT_KEYS: &[&str] = &["login", "graph", "teams_api"];

pub(super) fn read(path: &Path, text: &str) -> Result<Config, ConfigError> {
    let document = parsed(path, text)?;
    let root = Table {
        path,
        text,
        name: "the file".to_owned(),
        span: None,
        items: document.as_table(),
    };
    root.only(ROOT_KEYS)?;
    let mut config = Config {
        shared: shared(&root)?,
        extra_ca: root.file("extra_ca")?,
        look: look::read(&root)?,
        ..Config::default()
    };
    if let Some(defaults) = root.table("defaults", "[defaults]")? {
        defaults.only(DEFAULTS_KEYS)?;
        config.defaults = Defaults {
            client_id: defaults.guid("client_id")?,
        };
    }
    for (name, table) in named(&root, "identities", IDENTITY_NAME)? {
        config.identities.insert(name, identity(&table)?);
    }
    let mut seen = Vec::new();
    for (name, table) in named(&root, "tenants", TENANT_NAME)? {
        let tenant = tenant(&table, &config.identities)?;
        seen.push((name.clone(), table));
        config.tenants.insert(name, tenant);
    }
    one_name_each(&seen, &config)?;
    Ok(config)
}

/// Refuses two names for one tenant, as far as the ids tell: that a domain is another's, only the tenant knows.
fn one_name_each(tables: &[(String, Table<'_>)], config: &Config) -> Result<(), ConfigError> {
    let mut names = BTreeMap::new();
    for (name, table) in tables {
        let Some(tenant) = config.tenants.get(name) else {
            continue;
        };
        // A simulated tenant has the same id at each address.
        let place = tenant.endpoints.as_ref().map(|at| at.graph.as_str());
        let key = (
            tenant.tenant_id.to_lowercase(),
            Words::as_str(tenant.cloud),
            place,
        );
        if let Some(other) = names.insert(key, name) {
            return Err(table.same_tenant(other));
        }
    }
    Ok(())
}

/// The tables inside a table, each under a name of the engineer's.
fn named<'a>(
    root: &Table<'a>,
    key: &str,
    form: &str,
) -> Result<Vec<(String, Table<'a>)>, ConfigError> {
    let Some(outer) = root.table(key, &format!("[{key}]"))? else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for (name, item) in outer.items.iter() {
        if !is_tenant_name(name) {
            return Err(outer.wrong(name, item, form));
        }
        let table = outer
            .table(name, &format!("[{key}.{name}]"))?
            .expect("the table was just met in the iteration");
        found.push((name.to_owned(), table));
    }
    Ok(found)
}

fn shared(root: &Table<'_>) -> Result<Option<Shared>, ConfigError> {
    let (dir, group) = (root.string("shared_dir")?, root.string("shared_group")?);
    match (dir, group) {
        (None, None) => Ok(None),
        (Some(dir), Some(group)) => {
            if !Path::new(&dir).is_absolute() {
                return Err(root.wrong_key("shared_dir", "write the whole path, from the root on"));
            }
            if group.trim().is_empty() {
                return Err(root.wrong_key("shared_group", GROUP_FORM));
            }
            Ok(Some(Shared {
                dir: dir.into(),
                group,
            }))
        }
        (Some(_), None) => Err(root.missing("shared_group", GROUP_FORM)),
        (None, Some(_)) => Err(root.missing(
            "shared_dir",
            "it is the folder that the group of shared_group shares",
        )),
    }
}

const GROUP_FORM: &str =
    "write the one group of this machine that shares shared_dir: its name, or its number in quotes";

const IDENTITY_NAME: &str = "an identity's name is one to 64 letters, digits, dashes, dots and underscores, and begins with a letter or digit";

const TENANT_NAME: &str = "a tenant's name is one to 64 letters, digits, dashes, dots and underscores, and begins with a letter or digit";

/// The same as a pattern, its length aside; see [`is_tenant_name`].
pub(super) const NAME_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._-]*$";

fn identity(table: &Table<'_>) -> Result<Identity, ConfigError> {
    table.only(IDENTITY_KEYS)?;
    Ok(Identity {
        client_id: table.guid("client_id")?,
        sign_in: table
            .word::<SignInWay>("sign_in")?
            .unwrap_or(SignInWay::DeviceCode),
        secret_file: table.file("secret_file")?,
        certificate_file: table.file("certificate_file")?,
    })
}

fn tenant(
    table: &Table<'_>,
    identities: &BTreeMap<String, Identity>,
) -> Result<TenantConfig, ConfigError> {
    table.only(TENANT_KEYS)?;
    let id_form = words::TENANT_ADDRESS;
    let tenant_id = table
        .string("tenant_id")?
        .ok_or_else(|| table.missing("tenant_id", id_form))?;
    if !is_tenant_address(&tenant_id) {
        return Err(table.wrong_key("tenant_id", id_form));
    }
    let new = TenantConfig::new(tenant_id);
    let cloud = table.word("cloud")?.unwrap_or(new.cloud);
    let identity = identity_of(table, identities)?;
    let own = Identity {
        client_id: table.guid("client_id")?,
        sign_in: table.word::<SignInWay>("sign_in")?.unwrap_or(new.sign_in),
        secret_file: table.file("secret_file")?,
        certificate_file: table.file("certificate_file")?,
    };
    let way = identity.map_or(&own, |(_, identity)| identity).clone();
    Ok(TenantConfig {
        display: table.filled(
            "name",
            "write the name that screens show, or leave the key out",
        )?,
        accent: table.word::<Accent>("accent")?,
        domains: domains(table)?,
        identity: identity.map(|(name, _)| name.clone()),
        client_id: own.client_id,
        sign_in: way.sign_in,
        secret_file: way.secret_file,
        certificate_file: way.certificate_file,
        cloud,
        group: table.filled(
            "group",
            "write the group's name, or leave the key out for no filter",
        )?,
        add_users: table
            .word::<AddUsers>("add_users")?
            .unwrap_or(new.add_users),
        read_only: table.truth("read_only")?.unwrap_or(new.read_only),
        allow: table.words::<Allow>("allow")?.unwrap_or(new.allow),
        require_ticket: table.truth("require_ticket")?.unwrap_or(new.require_ticket),
        endpoints: endpoints(table, cloud)?,
        tokens: table.word::<TokensKept>("tokens")?.unwrap_or(new.tokens),
        tenant_id: new.tenant_id,
    })
}

/// The account that works this tenant. What the account says once cannot be said otherwise for one of its tenants.
fn identity_of<'a>(
    table: &Table<'_>,
    identities: &'a BTreeMap<String, Identity>,
) -> Result<Option<(&'a String, &'a Identity)>, ConfigError> {
    let Some(name) = table.string("identity")? else {
        return Ok(None);
    };
    let Some(found) = identities.get_key_value(&name) else {
        let names: Vec<&str> = identities.keys().map(String::as_str).collect();
        let allowed = match (nearest(&name, &names), names.as_slice()) {
            (Some(nearest), _) => format!("did you mean \"{nearest}\"?"),
            (None, []) => format!("write a table [identities.{name}] first"),
            (None, names) => format!("there are: {}", names.join(", ")),
        };
        return Err(table.wrong_key("identity", &allowed));
    };
    for key in IDENTITY_KEYS {
        if table.items.contains_key(key) {
            let form =
                format!("[identities.{name}] says it for all its tenants: leave it out here");
            return Err(table.wrong_key(key, &form));
        }
    }
    Ok(Some(found))
}

fn domains(table: &Table<'_>) -> Result<Vec<String>, ConfigError> {
    let list = table.strings("domains", "write a list of domains, each in quotes")?;
    if !list.iter().all(|domain| is_domain(domain)) {
        return Err(table.wrong_key(
            "domains",
            "write a list of domains, such as [\"contoso.com\"]",
        ));
    }
    Ok(list.iter().map(|domain| domain.to_lowercase()).collect())
}

fn endpoints(table: &Table<'_>, cloud: CloudName) -> Result<Option<Endpoints>, ConfigError> {
    let inner = table.table("endpoints", &table.name.replace(']', ".endpoints]"))?;
    match (inner, cloud) {
        (None, CloudName::Custom) => Err(table.missing(
            "endpoints",
            "with cloud = \"custom\" it holds the addresses login and graph",
        )),
        (None, _) => Ok(None),
        (Some(inner), CloudName::Custom) => {
            inner.only(ENDPOINT_KEYS)?;
            Ok(Some(Endpoints {
                login: inner.address("login")?,
                graph: inner.address("graph")?,
                teams_api: inner.truth("teams_api")?.unwrap_or(true),
            }))
        }
        (Some(_), _) => Err(table.wrong_key("endpoints", "it goes only with cloud = \"custom\"")),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn refusal(text: &str) -> String {
        read(Path::new("/somewhere/config.toml"), text)
            .unwrap_err()
            .to_string()
    }

    const HEAD: &str = "[tenants.contoso]\ntenant_id = \"contoso.example\"\n";

    #[test]
    fn an_unknown_key_names_line_table_and_the_nearest() {
        let text = format!("\n\n{HEAD}sign_in = \"browser\"\n\ngrup = \"Voice users\"\n");
        assert_eq!(
            refusal(&text),
            "config.toml:7:1: unknown key \"grup\" in [tenants.contoso]; did you mean \"group\"?"
        );
        assert_eq!(
            refusal("[default]\n"),
            "config.toml:1:2: unknown key \"default\" in the file; did you mean \"defaults\"?"
        );
        assert_eq!(
            refusal(&format!("{HEAD}colour = 1\n")),
            "config.toml:3:1: unknown key \"colour\" in [tenants.contoso]; known keys: tenant_id, name, accent, domains, identity, \
             client_id, sign_in, cloud, group, add_users, read_only, allow, require_ticket, endpoints, tokens, secret_file, certificate_file"
        );
    }

    #[test]
    fn a_wrong_value_names_what_is_allowed() {
        assert_eq!(
            refusal(&format!("{HEAD}sign_in = \"device\"\n")),
            "config.toml:3:11: sign_in = \"device\" in [tenants.contoso] is not allowed; \
             write one of \"device-code\", \"browser\", \"client-secret\", \"certificate\""
        );
        assert_eq!(
            refusal(&format!("{HEAD}read_only = \"false\"\n")),
            "config.toml:3:13: read_only = \"false\" in [tenants.contoso] is not allowed; write true or false, without quotes"
        );
        assert_eq!(
            refusal(&format!("{HEAD}allow = [\"numbers\", \"names\"]\n")),
            "config.toml:3:9: allow = [\"numbers\", \"names\"] in [tenants.contoso] is not allowed; \
             write a list of \"numbers\", \"location\", \"licences\""
        );
        assert_eq!(
            refusal("[tenants.contoso]\ngroup = \"x\"\n"),
            "config.toml:1:1: [tenants.contoso] needs the key \"tenant_id\": \
             write the tenant's id (a GUID) or one of its verified domains"
        );
        assert!(
            refusal("[tenants.\"../up\"]\ntenant_id = \"a.example\"\n")
                .contains("a tenant's name is")
        );
    }

    #[test]
    fn broken_toml_has_its_place() {
        let message = refusal(&format!("{HEAD}group = \n"));
        assert!(message.starts_with("config.toml:3:"), "{message}");
    }

    #[test]
    fn plain_http_goes_to_this_machine_alone() {
        let with = |login: &str| {
            format!(
                "{HEAD}cloud = \"custom\"\n[tenants.contoso.endpoints]\nlogin = \"{login}\"\ngraph = \"https://graph.example/\"\n"
            )
        };
        for login in [
            "http://127.0.0.1:18080",
            "http://[::1]:1",
            "http://localhost:1",
            "https://login.example",
        ] {
            let config = read(Path::new("c.toml"), &with(login)).unwrap();
            let endpoints = config.tenants["contoso"].endpoints.clone().unwrap();
            assert_eq!(endpoints.login, login);
            assert_eq!(endpoints.graph, "https://graph.example");
        }
        for login in [
            "http://login.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1",
            "ftp://127.0.0.1",
            "https://user:secret@login.example",
            "login.example",
        ] {
            assert!(refusal(&with(login)).contains("5:9: login"), "{login}");
        }
    }

    #[test]
    fn endpoints_go_with_a_custom_cloud_alone() {
        assert!(
            refusal(&format!("{HEAD}cloud = \"custom\"\n")).contains("needs the key \"endpoints\"")
        );
        let text = format!(
            "{HEAD}endpoints = {{ login = \"https://a.example\", graph = \"https://b.example\" }}\n"
        );
        assert!(refusal(&text).contains("goes only with cloud"));
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let config = read(
            Path::new("/etc/x/config.toml"),
            &format!("{HEAD}secret_file = \"secret\"\n"),
        )
        .unwrap();
        let tenant = &config.tenants["contoso"];
        assert!(tenant.read_only);
        assert_eq!(tenant.allow, BTreeSet::from([Allow::Numbers]));
        assert_eq!(tenant.sign_in, SignInWay::DeviceCode);
        assert_eq!(
            tenant.secret_file.as_deref(),
            Some(Path::new("/etc/x/secret"))
        );
        assert_eq!(read(Path::new("c.toml"), "").unwrap(), Config::default());
    }

    #[test]
    fn an_identity_works_many_tenants_and_says_its_things_once() {
        let text = "extra_ca = \"ca.pem\"\n[defaults]\nclient_id = \"aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee\"\n\
             [identities.msp]\nclient_id = \"bbbbbbbb-bbbb-cccc-dddd-eeeeeeeeeeee\"\nsign_in = \"browser\"\n\
             [tenants.a]\ntenant_id = \"a.example\"\nidentity = \"msp\"\nname = \"A Ltd\"\naccent = \"cyan\"\n\
             domains = [\"A.example\", \"mail.a.example\"]\n[tenants.b]\ntenant_id = \"b.example\"\n";
        let config = read(Path::new("/etc/x/config.toml"), text).unwrap();
        let (a, b) = (&config.tenants["a"], &config.tenants["b"]);
        assert_eq!(a.sign_in, SignInWay::Browser);
        assert_eq!(b.sign_in, SignInWay::DeviceCode);
        assert!(config.client_id(a).unwrap().starts_with("bbbb"));
        assert!(config.client_id(b).unwrap().starts_with("aaaa"));
        assert_eq!(
            (a.display.as_deref(), a.accent, a.domains.as_slice()),
            (
                Some("A Ltd"),
                Some(Accent::Cyan),
                ["a.example".to_owned(), "mail.a.example".to_owned()].as_slice()
            )
        );
        assert_eq!(config.extra_ca.as_deref(), Some(Path::new("/etc/x/ca.pem")));
        let of = |line: &str| refusal(&format!("[identities.msp]\n{HEAD}{line}\n"));
        assert_eq!(
            of("identity = \"mps\""),
            "config.toml:4:12: identity = \"mps\" in [tenants.contoso] is not allowed; did you mean \"msp\"?"
        );
        assert_eq!(
            of("identity = \"msp2\""),
            "config.toml:4:12: identity = \"msp2\" in [tenants.contoso] is not allowed; did you mean \"msp\"?"
        );
        assert_eq!(
            of("sign_in = \"browser\"\nidentity = \"msp\""),
            "config.toml:4:11: sign_in = \"browser\" in [tenants.contoso] is not allowed; \
             [identities.msp] says it for all its tenants: leave it out here"
        );
        assert!(refusal(&format!("{HEAD}identity = \"msp\"\n")).contains("[identities.msp] first"));
        assert!(of("accent = \"pink\"").contains("\"red\", \"green\""));
        assert!(of("domains = \"a.example\"").contains("config.toml:4:11: domains"));
        assert!(of("domains = [\"example\"]").contains("such as [\"contoso.com\"]"));
        assert!(of("name = \" \"").contains("the name that screens show"));
        assert!(refusal("[identities.\"a b\"]\n").contains("an identity's name is"));
        assert_eq!(
            refusal("[identities.msp]\nsignin = \"browser\"\n"),
            "config.toml:2:1: unknown key \"signin\" in [identities.msp]; did you mean \"sign_in\"?"
        );
    }

    #[test]
    fn a_shared_folder_has_its_group() {
        let config = read(
            Path::new("c.toml"),
            "shared_dir = \"/srv/tc\"\nshared_group = \"voice\"\n",
        )
        .unwrap();
        assert_eq!(
            config.shared,
            Some(Shared {
                dir: "/srv/tc".into(),
                group: "voice".to_owned()
            })
        );
        assert!(
            refusal("shared_dir = \"/srv/tc\"\n")
                .contains("the file needs the key \"shared_group\"")
        );
        assert!(refusal("shared_group = \"voice\"\n").contains("needs the key \"shared_dir\""));
        assert!(
            refusal("shared_dir = \"tc\"\nshared_group = \"voice\"\n").contains("the whole path")
        );
    }
}
