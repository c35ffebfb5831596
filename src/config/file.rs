//! Reads `config.toml`: every unknown key and every wrong value is refused with its line, its column and what would be right.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike};
use url::{Host, Url};

use crate::domain::guid::Guid;

use super::error::{ConfigError, Place};
use super::{
    AddUsers, Allow, CloudName, Config, Defaults, Endpoints, SignInWay, TenantConfig, Words,
};

const ROOT_KEYS: &[&str] = &["defaults", "tenants"];
const DEFAULTS_KEYS: &[&str] = &["client_id"];
const TENANT_KEYS: &[&str] = &[
    "tenant_id",
    "client_id",
    "sign_in",
    "cloud",
    "group",
    "add_users",
    "read_only",
    "allow",
    "endpoints",
    "secret_file",
    "certificate_file",
];
const ENDPOINT_KEYS: &[&str] = &["login", "graph"];

pub(super) fn read(path: &Path, text: &str) -> Result<Config, ConfigError> {
    let document = Document::parse(text).map_err(|error| ConfigError::Syntax {
        at: Box::new(place(path, text, error.span())),
        message: error.message().lines().collect::<Vec<_>>().join(": "),
    })?;
    let root = Table {
        path,
        text,
        name: "the file".to_owned(),
        span: None,
        items: document.as_table(),
    };
    root.only(ROOT_KEYS)?;
    let mut config = Config::default();
    if let Some(defaults) = root.table("defaults", "[defaults]")? {
        defaults.only(DEFAULTS_KEYS)?;
        config.defaults = Defaults {
            client_id: defaults.guid("client_id")?,
        };
    }
    if let Some(tenants) = root.table("tenants", "[tenants]")? {
        for (name, item) in tenants.items.iter() {
            if !is_tenant_name(name) {
                return Err(tenants.wrong(name, item, TENANT_NAME));
            }
            let table = tenants
                .table(name, &format!("[tenants.{name}]"))?
                .expect("the table was just met in the iteration");
            config.tenants.insert(name.to_owned(), tenant(&table)?);
        }
    }
    Ok(config)
}

const TENANT_NAME: &str = "a tenant's name is one to 64 letters, digits, dashes, dots and underscores, and begins with a letter or digit";

/// Whether a name can be a tenant's: it becomes the name of a folder.
pub(super) fn is_tenant_name(name: &str) -> bool {
    name.len() <= 64
        && name
            .bytes()
            .next()
            .is_some_and(|first| first.is_ascii_alphanumeric())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn tenant(table: &Table<'_>) -> Result<TenantConfig, ConfigError> {
    table.only(TENANT_KEYS)?;
    let id_form = "write the tenant's id (a GUID) or one of its verified domains";
    let tenant_id = table
        .string("tenant_id")?
        .ok_or_else(|| table.missing("tenant_id", id_form))?;
    if tenant_id.parse::<Guid>().is_err() && !is_domain(&tenant_id) {
        return Err(table.wrong_key("tenant_id", id_form));
    }
    let new = TenantConfig::new(tenant_id);
    let cloud = table.word("cloud")?.unwrap_or(new.cloud);
    let group = table.string("group")?;
    if group.as_ref().is_some_and(|group| group.trim().is_empty()) {
        return Err(table.wrong_key(
            "group",
            "write the group's name, or leave the key out for no filter",
        ));
    }
    Ok(TenantConfig {
        client_id: table.guid("client_id")?,
        sign_in: table.word::<SignInWay>("sign_in")?.unwrap_or(new.sign_in),
        cloud,
        group,
        add_users: table
            .word::<AddUsers>("add_users")?
            .unwrap_or(new.add_users),
        read_only: table.truth("read_only")?.unwrap_or(new.read_only),
        allow: table.words::<Allow>("allow")?.unwrap_or(new.allow),
        endpoints: endpoints(table, cloud)?,
        secret_file: table.file("secret_file")?,
        certificate_file: table.file("certificate_file")?,
        tenant_id: new.tenant_id,
    })
}

fn is_domain(text: &str) -> bool {
    text.contains('.')
        && text
            .split('.')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '-'))
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
            }))
        }
        (Some(_), _) => Err(table.wrong_key("endpoints", "it goes only with cloud = \"custom\"")),
    }
}

/// One table of the file, with what is needed to say where in it something is wrong.
struct Table<'a> {
    path: &'a Path,
    text: &'a str,
    name: String,
    span: Option<Range<usize>>,
    items: &'a dyn TableLike,
}

impl<'a> Table<'a> {
    fn only(&self, allowed: &[&str]) -> Result<(), ConfigError> {
        for (key, _) in self.items.iter() {
            if !allowed.contains(&key) {
                return Err(ConfigError::UnknownKey {
                    at: Box::new(self.place_of(key)),
                    key: key.to_owned(),
                    table: self.name.clone(),
                    nearest: nearest(key, allowed).map(ToOwned::to_owned),
                    allowed: allowed.iter().map(|&key| key.to_owned()).collect(),
                });
            }
        }
        Ok(())
    }

    fn table(&self, key: &str, name: &str) -> Result<Option<Table<'a>>, ConfigError> {
        let Some(item) = self.items.get(key) else {
            return Ok(None);
        };
        let items = item
            .as_table_like()
            .ok_or_else(|| self.wrong(key, item, "write it as a table"))?;
        let key_span = self.items.key(key).and_then(toml_edit::Key::span);
        Ok(Some(Table {
            path: self.path,
            text: self.text,
            name: name.to_owned(),
            span: item.span().or(key_span),
            items,
        }))
    }

    fn string(&self, key: &str) -> Result<Option<String>, ConfigError> {
        let Some(item) = self.items.get(key) else {
            return Ok(None);
        };
        match item.as_str() {
            Some(text) => Ok(Some(text.to_owned())),
            None => Err(self.wrong(key, item, "write a text in quotes")),
        }
    }

    fn truth(&self, key: &str) -> Result<Option<bool>, ConfigError> {
        let Some(item) = self.items.get(key) else {
            return Ok(None);
        };
        match item.as_bool() {
            Some(truth) => Ok(Some(truth)),
            None => Err(self.wrong(key, item, "write true or false, without quotes")),
        }
    }

    fn guid(&self, key: &str) -> Result<Option<String>, ConfigError> {
        match self.string(key)? {
            Some(text) if text.parse::<Guid>().is_err() => Err(self.wrong_key(
                key,
                "write the application (client) id of the app registration, a GUID",
            )),
            found => Ok(found),
        }
    }

    fn word<W: Words>(&self, key: &str) -> Result<Option<W>, ConfigError> {
        let Some(item) = self.items.get(key) else {
            return Ok(None);
        };
        match item.as_str().and_then(W::from_word) {
            Some(word) => Ok(Some(word)),
            None => Err(self.wrong(key, item, &format!("write one of {}", quoted::<W>()))),
        }
    }

    fn words<W: Words + Ord>(&self, key: &str) -> Result<Option<BTreeSet<W>>, ConfigError> {
        let Some(item) = self.items.get(key) else {
            return Ok(None);
        };
        let allowed = || format!("write a list of {}", quoted::<W>());
        let Some(list) = item.as_array() else {
            return Err(self.wrong(key, item, &allowed()));
        };
        list.iter()
            .map(|value| value.as_str().and_then(W::from_word))
            .collect::<Option<BTreeSet<W>>>()
            .map(Some)
            .ok_or_else(|| self.wrong(key, item, &allowed()))
    }

    /// A path; a relative one is meant from the folder of the file.
    fn file(&self, key: &str) -> Result<Option<PathBuf>, ConfigError> {
        let folder = self.path.parent().unwrap_or_else(|| Path::new(""));
        Ok(self.string(key)?.map(|text| folder.join(text)))
    }

    /// An address that tokens may go to: https, or plain http to this machine alone.
    fn address(&self, key: &str) -> Result<String, ConfigError> {
        let form = "write an https address (plain http only to 127.0.0.1, [::1] or localhost)";
        let text = self.string(key)?.ok_or_else(|| self.missing(key, form))?;
        let safe = Url::parse(&text).is_ok_and(|url| {
            let bare = url.username().is_empty()
                && url.password().is_none()
                && url.query().is_none()
                && url.fragment().is_none();
            bare && match (url.scheme(), url.host()) {
                ("https", Some(_)) => true,
                ("http", Some(Host::Ipv4(ip))) => ip.is_loopback(),
                ("http", Some(Host::Ipv6(ip))) => ip.is_loopback(),
                ("http", Some(Host::Domain(name))) => name == "localhost",
                _ => false,
            }
        });
        if safe {
            Ok(text.trim_end_matches('/').to_owned())
        } else {
            Err(self.wrong_key(key, form))
        }
    }

    fn place_of(&self, key: &str) -> Place {
        let span = self.items.key(key).and_then(toml_edit::Key::span);
        place(self.path, self.text, span.or_else(|| self.span.clone()))
    }

    fn missing(&self, key: &str, allowed: &str) -> ConfigError {
        ConfigError::Missing {
            at: Box::new(place(self.path, self.text, self.span.clone())),
            key: key.to_owned(),
            table: self.name.clone(),
            allowed: allowed.to_owned(),
        }
    }

    fn wrong_key(&self, key: &str, allowed: &str) -> ConfigError {
        match self.items.get(key) {
            Some(item) => self.wrong(key, item, allowed),
            None => self.missing(key, allowed),
        }
    }

    fn wrong(&self, key: &str, item: &Item, allowed: &str) -> ConfigError {
        let span = item.span();
        let found = span
            .clone()
            .and_then(|span| self.text.get(span))
            .and_then(|text| text.lines().next())
            .unwrap_or("…");
        ConfigError::WrongValue {
            at: Box::new(span.map_or_else(
                || self.place_of(key),
                |span| place(self.path, self.text, Some(span)),
            )),
            key: key.to_owned(),
            table: self.name.clone(),
            found: found.to_owned(),
            allowed: allowed.to_owned(),
        }
    }
}

fn quoted<W: Words>() -> String {
    W::ALL
        .iter()
        .map(|(word, _)| format!("\"{word}\""))
        .collect::<Vec<_>>()
        .join(", ")
}

fn place(path: &Path, text: &str, span: Option<Range<usize>>) -> Place {
    let before = span
        .and_then(|span| text.get(..span.start))
        .unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    Place {
        path: path.to_owned(),
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

/// The allowed key that is at most a third of its letters away.
fn nearest<'a>(key: &str, allowed: &[&'a str]) -> Option<&'a str> {
    let key = key.to_ascii_lowercase().replace('-', "_");
    allowed
        .iter()
        .map(|candidate| (distance(&key, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.len() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters have to be put in, left out or changed.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
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
            "config.toml:3:1: unknown key \"colour\" in [tenants.contoso]; known keys: tenant_id, client_id, sign_in, cloud, \
             group, add_users, read_only, allow, endpoints, secret_file, certificate_file"
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
}
