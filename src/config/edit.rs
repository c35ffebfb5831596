//! Rewrites `config.toml`: comments and order stay, and the file is whole at every moment.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use toml_edit::{Array, Document, DocumentMut, Item, Table, value};

use crate::domain::settings::{AddMode, Selection};

use super::error::ConfigError;
use super::{AddUsers, Allow, CloudName, Config, TenantConfig, Words};

/// One change of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// A new tenant.
    AddTenant(Box<TenantConfig>),
    /// The tenant's table goes.
    RemoveTenant,
    /// The group filter.
    Group(Option<String>),
    /// How users are added.
    AddUsers(AddUsers),
    /// Whether nothing is written to the tenant.
    ReadOnly(bool),
    /// What may be written.
    Allow(Vec<Allow>),
    /// A text under one of the keys that say which tenant it is and how it is signed in to.
    Text(&'static str, String),
    /// Such a key goes.
    Without(&'static str),
}

/// Whose users are picked of a tenant, as the file says; `None` without such a tenant.
pub fn selection(path: &Path, tenant: &str) -> Result<Option<Selection>, ConfigError> {
    let config = Config::load(path)?;
    Ok(config.tenants.get(tenant).map(TenantConfig::selection))
}

/// Rewrites group and mode of a tenant, both in one step.
pub fn keep_selection(path: &Path, tenant: &str, wanted: &Selection) -> Result<(), ConfigError> {
    let way = match wanted.mode {
        AddMode::Sync => AddUsers::Sync,
        AddMode::Manual => AddUsers::Manual,
    };
    // A mode that is the default and was never written stays unwritten.
    let now = selection(path, tenant)?.map(|selection| selection.mode);
    let mut changes = vec![Change::Group(wanted.group.clone())];
    if now != Some(wanted.mode) {
        changes.push(Change::AddUsers(way));
    }
    rewrite_all(path, tenant, &changes).map(drop)
}

/// Rewrites which tenant it is and how it is signed in to, all or none: only what differs.
pub fn keep_connection(
    path: &Path,
    tenant: &str,
    (old, new): (&TenantConfig, &TenantConfig),
) -> Result<Config, ConfigError> {
    let file = |file: &Option<PathBuf>| file.as_ref().map(|at| at.to_string_lossy().into_owned());
    let way = |config: &TenantConfig| Some(config.sign_in.as_str().to_owned());
    let id = |config: &TenantConfig| Some(config.tenant_id.clone());
    // A file is there before the way that needs it, and goes after it.
    let pairs = [
        ("name", old.display.clone(), new.display.clone()),
        ("tenant_id", id(old), id(new)),
        ("client_id", old.client_id.clone(), new.client_id.clone()),
        (
            "secret_file",
            file(&old.secret_file),
            file(&new.secret_file),
        ),
        (
            "certificate_file",
            file(&old.certificate_file),
            file(&new.certificate_file),
        ),
        ("sign_in", way(old), way(new)),
    ];
    let (mut changes, mut last) = (Vec::new(), Vec::new());
    for (key, _, now) in pairs.into_iter().filter(|(_, before, now)| before != now) {
        match now {
            Some(text) => changes.push(Change::Text(key, text)),
            None => last.push(Change::Without(key)),
        }
    }
    changes.append(&mut last);
    if old.read_only != new.read_only {
        changes.push(Change::ReadOnly(new.read_only));
    }
    rewrite_all(path, tenant, &changes)
}

/// Makes one change of one tenant's table, and gives back what the file says now.
pub fn rewrite(path: &Path, tenant: &str, change: &Change) -> Result<Config, ConfigError> {
    rewrite_all(path, tenant, std::slice::from_ref(change))
}

/// Makes changes of one tenant's table, all or none, and gives back what the file says now.
fn rewrite_all(path: &Path, tenant: &str, changes: &[Change]) -> Result<Config, ConfigError> {
    let io = |source| ConfigError::Io {
        path: path.to_owned(),
        source,
    };
    // Held from reading to replacing: of two programs, the second changes what the first has written.
    let _alone = alone(path).map_err(io)?;
    let old = match fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
        read => read.map_err(io)?,
    };
    let mut after = Config::parse(path, &old)?;
    let mut text = old.clone();
    for change in changes {
        text = changed(path, &text, tenant, (&after, change))?;
        after = Config::parse(path, &text).map_err(ConfigError::of_nothing_written)?;
    }
    if text != old {
        // A link, as dotfile collections have, stays one: what it points to is replaced.
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        replace(&target, &text).map_err(io)?;
    }
    Ok(after)
}

/// The folder of the file, locked: the file itself is replaced by each change.
fn alone(path: &Path) -> std::io::Result<File> {
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let folder = File::open(target.parent().unwrap_or(Path::new("/")))?;
    folder.lock()?;
    Ok(folder)
}

fn changed(
    path: &Path,
    old: &str,
    tenant: &str,
    (before, change): (&Config, &Change),
) -> Result<String, ConfigError> {
    let mut document: DocumentMut = old
        .parse()
        .expect("the same text was read as TOML just before");
    let exists = before.tenants.contains_key(tenant);
    if let Change::AddTenant(config) = change {
        if exists {
            return Err(ConfigError::TenantExists {
                name: tenant.to_owned(),
                path: path.to_owned(),
            });
        }
        let mut comments_at_the_end = document.trailing().as_str().unwrap_or_default().to_owned();
        document.set_trailing("");
        if !old.is_empty() {
            comments_at_the_end.push('\n');
        }
        let tenants = document.entry("tenants").or_insert_with(|| {
            let mut table = Table::new();
            table.set_implicit(true);
            Item::Table(table)
        });
        tenants[tenant] = Item::Table(table_of(config));
        if let Some(table) = tenants[tenant].as_table_mut() {
            // Before the new table, not after it: a setting of the file among them would be one of the tenant's there.
            table.decor_mut().set_prefix(comments_at_the_end);
        }
        return Ok(document.to_string());
    }
    if !exists {
        return Err(ConfigError::NoSuchTenant {
            name: tenant.to_owned(),
            path: path.to_owned(),
            known: before.tenants.keys().cloned().collect(),
        });
    }
    if *change == Change::RemoveTenant {
        if let Some(tenants) = document["tenants"].as_table_like_mut() {
            tenants.remove(tenant);
        }
        return Ok(document.to_string());
    }
    let gone = match change {
        Change::Group(None) => Some("group"),
        Change::Without(key) => Some(*key),
        _ => None,
    };
    if let Some(key) = gone
        && let Some(text) = without_line(old, tenant, key)
    {
        return Ok(text);
    }
    let table = document["tenants"][tenant]
        .as_table_like_mut()
        .expect("the file was read before, and every tenant is a table");
    match change {
        Change::AddTenant(_) | Change::RemoveTenant => {}
        Change::Group(None) => {
            table.remove("group");
        }
        Change::Without(key) => {
            table.remove(key);
        }
        Change::Text(key, text) => put(table, key, value(text)),
        Change::Group(Some(group)) => put(table, "group", value(group)),
        Change::AddUsers(way) => put(table, "add_users", value(way.as_str())),
        Change::ReadOnly(read_only) => put(table, "read_only", value(*read_only)),
        Change::Allow(allow) => put(table, "allow", value(list(allow.iter().copied()))),
    }
    Ok(document.to_string())
}

/// The text without the line of one key, whose comments stay where they are: those above it, and one behind it as a line of its
/// own. `None` where the key has no line to itself.
fn without_line(old: &str, tenant: &str, key: &str) -> Option<String> {
    let document = Document::parse(old).ok()?;
    let table = document
        .as_table()
        .get("tenants")?
        .as_table_like()?
        .get(tenant)?
        .as_table()?;
    let (key, item) = table.get_key_value(key)?;
    let (start, end) = (key.span()?.start, item.span()?.end);
    let first = old[..start].rfind('\n').map_or(0, |at| at + 1);
    let last = old[end..].find('\n').map_or(old.len(), |at| end + at + 1);
    if !old[first..start].trim().is_empty() {
        return None;
    }
    let behind = old[end..last].trim_start_matches([' ', '\t']);
    let kept = if behind.starts_with('#') { behind } else { "" };
    Some(format!("{}{kept}{}", &old[..first], &old[last..]))
}

/// Sets a value and keeps the comment that stands behind the old one.
fn put(table: &mut dyn toml_edit::TableLike, key: &str, mut new: Item) {
    match table.get_mut(key) {
        Some(slot) => {
            if let (Some(old), Some(new)) = (slot.as_value(), new.as_value_mut()) {
                *new.decor_mut() = old.decor().clone();
            }
            *slot = new;
        }
        None => {
            table.insert(key, new);
        }
    }
}

fn list(words: impl Iterator<Item = Allow>) -> Array {
    words.map(Words::as_str).collect()
}

fn table_of(config: &TenantConfig) -> Table {
    let mut table = Table::new();
    let plain = TenantConfig::new("");
    table.insert("tenant_id", value(&config.tenant_id));
    if let Some(name) = &config.display {
        table.insert("name", value(name));
    }
    if let Some(accent) = config.accent {
        table.insert("accent", value(accent.as_str()));
    }
    if !config.domains.is_empty() {
        let domains: Array = config.domains.iter().collect();
        table.insert("domains", value(domains));
    }
    match &config.identity {
        // The identity says the rest once for all its tenants.
        Some(identity) => {
            table.insert("identity", value(identity));
        }
        None => put_sign_in(&mut table, config),
    }
    if config.cloud != CloudName::Global {
        table.insert("cloud", value(config.cloud.as_str()));
    }
    if let Some(group) = &config.group {
        table.insert("group", value(group));
    }
    if config.add_users != plain.add_users {
        table.insert("add_users", value(config.add_users.as_str()));
    }
    table.insert("read_only", value(config.read_only));
    if config.require_ticket {
        table.insert("require_ticket", value(true));
    }
    if config.allow != plain.allow {
        table.insert("allow", value(list(config.allow.iter().copied())));
    }
    if config.tokens != plain.tokens {
        table.insert("tokens", value(config.tokens.as_str()));
    }
    if let Some(endpoints) = &config.endpoints {
        let mut inner = Table::new();
        inner.insert("login", value(&endpoints.login));
        inner.insert("graph", value(&endpoints.graph));
        if !endpoints.teams_api {
            inner.insert("teams_api", value(false));
        }
        table.insert("endpoints", Item::Table(inner));
    }
    table
}

fn put_sign_in(table: &mut Table, config: &TenantConfig) {
    if let Some(id) = &config.client_id {
        table.insert("client_id", value(id));
    }
    table.insert("sign_in", value(config.sign_in.as_str()));
    for (key, file) in [
        ("secret_file", &config.secret_file),
        ("certificate_file", &config.certificate_file),
    ] {
        if let Some(file) = file {
            table.insert(key, value(file.to_string_lossy().into_owned()));
        }
    }
}

/// Writes beside the file, then puts the new one in its place: a crash leaves the old or the new, never half of one.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.new-{}", std::process::id()));
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&beside)
        .and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&beside, path))
        .and_then(|()| File::open(folder)?.sync_all());
    if written.is_err() {
        drop(fs::remove_file(&beside));
    }
    written
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    const SAMPLE: &str = include_str!("../../assets/config.sample.toml");

    #[test]
    fn the_sample_loads() {
        let config = Config::parse(Path::new("config.toml"), SAMPLE).unwrap();
        assert_eq!(
            config.tenants.keys().collect::<Vec<_>>(),
            ["adatum", "contoso", "fabrikam", "lab"]
        );
        assert_eq!(
            config.tenants["contoso"].group.as_deref(),
            Some("Voice users")
        );
        assert!(!config.tenants["lab"].read_only);
        assert!(config.client_id(&config.tenants["contoso"]).is_some());
        assert_eq!(config.tenants["adatum"].identity.as_deref(), Some("msp"));
        assert_eq!(
            config.tenants["adatum"].sign_in,
            super::super::SignInWay::Browser
        );
        // What is commented out in it is right as well.
        let more = SAMPLE
            .replace("\n# shared_", "\nshared_")
            .replace("\n# extra_ca", "\nextra_ca");
        let config = Config::parse(Path::new("config.toml"), &more).unwrap();
        assert!(config.shared.is_some() && config.extra_ca.is_some());
    }

    #[test]
    fn comments_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, SAMPLE).unwrap();
        let config = rewrite(&path, "contoso", &Change::Group(Some("All voice".into()))).unwrap();
        assert_eq!(
            config.tenants["contoso"].group.as_deref(),
            Some("All voice")
        );
        rewrite(&path, "contoso", &Change::ReadOnly(false)).unwrap();
        rewrite(
            &path,
            "contoso",
            &Change::Allow(vec![Allow::Numbers, Allow::Location]),
        )
        .unwrap();
        let text = fs::read_to_string(&path).unwrap();
        let comments = |text: &str| text.matches('#').count();
        assert_eq!(comments(&text), comments(SAMPLE));
        let changed: Vec<_> = SAMPLE
            .lines()
            .zip(text.lines())
            .filter(|(old, new)| old != new)
            .collect();
        assert_eq!(changed.len(), 3, "{changed:?}");
        let config = rewrite(&path, "contoso", &Change::Group(None)).unwrap();
        assert_eq!(config.tenants["contoso"].group, None);
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_connection_is_rewritten_where_it_differs_and_comments_stay() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let text = "# ours\n[tenants.contoso] # the big one\ntenant_id = \"contozo.example\" # as they say\n\
                    sign_in = \"certificate\"\n# from the vault\ncertificate_file = \"/a.pem\"\ngroup = \"Voice\"\n";
        fs::write(&path, text).unwrap();
        let old = Config::load(&path).unwrap().tenants["contoso"].clone();
        let new = TenantConfig {
            tenant_id: "contoso.example".into(),
            sign_in: super::super::SignInWay::DeviceCode,
            certificate_file: None,
            read_only: false,
            ..old.clone()
        };
        let after = keep_connection(&path, "contoso", (&old, &new)).unwrap();
        assert_eq!(after.tenants["contoso"], new);
        let now = fs::read_to_string(&path).unwrap();
        let wanted = text
            .replace("contozo.example", "contoso.example")
            .replace("\"certificate\"", "\"device-code\"")
            .replace("certificate_file = \"/a.pem\"\n", "")
            + "read_only = false\n";
        assert_eq!(now, wanted);
        keep_connection(&path, "contoso", (&new, &old)).unwrap();
        let back = Config::load(&path).unwrap();
        assert_eq!(back.tenants["contoso"], old);
    }

    #[test]
    fn group_and_mode_are_rewritten_in_one_step_with_their_comments() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let text = "# ours\n[tenants.contoso] # the big one\ntenant_id = \"contoso.example\"\ngroup = \"Voice users\" # as agreed\n";
        fs::write(&path, text).unwrap();
        let first = selection(&path, "contoso").unwrap().unwrap();
        assert_eq!(first.group.as_deref(), Some("Voice users"));
        let wanted = Selection {
            group: Some("O'Hara \"all\"".into()),
            mode: AddMode::Manual,
        };
        keep_selection(&path, "contoso", &wanted).unwrap();
        assert_eq!(selection(&path, "contoso").unwrap(), Some(wanted));
        let now = fs::read_to_string(&path).unwrap();
        for comment in ["# ours", "# the big one", "# as agreed"] {
            assert!(now.contains(comment), "{comment}: {now}");
        }
        keep_selection(&path, "contoso", &Selection::default()).unwrap();
        let now = fs::read_to_string(&path).unwrap();
        assert_eq!(now.matches('#').count(), 3, "{now}");
        assert!(
            !now.contains("group") && now.contains("add_users = \"sync\""),
            "{now}"
        );
        assert_eq!(selection(&path, "fabrikam").unwrap(), None);
        assert!(keep_selection(&path, "fabrikam", &Selection::default()).is_err());
    }

    #[test]
    fn tenants_come_and_go() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let mut tenant = TenantConfig::new("contoso.example");
        tenant.cloud = CloudName::Custom;
        tenant.endpoints = Some(super::super::Endpoints {
            login: "http://127.0.0.1:1".into(),
            graph: "http://127.0.0.1:1".into(),
            teams_api: true,
        });
        let add = Change::AddTenant(Box::new(tenant.clone()));
        let config = rewrite(&path, "contoso", &add).unwrap();
        assert_eq!(config.tenants["contoso"], tenant);
        assert!(matches!(
            rewrite(&path, "contoso", &add),
            Err(ConfigError::TenantExists { .. })
        ));
        let error = rewrite(&path, "fabrikam", &Change::RemoveTenant)
            .unwrap_err()
            .to_string();
        assert!(error.ends_with("there are: contoso"), "{error}");
        let config = rewrite(&path, "contoso", &Change::RemoveTenant).unwrap();
        assert_eq!(config, Config::default());
    }

    #[test]
    fn a_new_tenant_stands_below_the_comments_of_a_file_that_was_just_begun() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        let begun = "# The place.\n# extra_ca = \"ca.pem\"\n\n# [tenants.x]\n";
        fs::write(&path, begun).unwrap();
        for name in ["a", "b"] {
            let tenant = TenantConfig::new(format!("{name}.example"));
            rewrite(&path, name, &Change::AddTenant(Box::new(tenant))).unwrap();
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with(&format!("{begun}\n[tenants.a]\n")),
            "{text}"
        );
        assert!(text.contains("\n\n[tenants.b]\n"), "{text}");
        let freed = text.replace("# extra_ca", "extra_ca");
        assert!(Config::parse(&path, &freed).unwrap().extra_ca.is_some());
    }

    #[test]
    fn a_file_that_is_wrong_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.toml");
        fs::write(&path, "grup = 1\n").unwrap();
        assert!(rewrite(&path, "a", &Change::RemoveTenant).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "grup = 1\n");
        fs::write(&path, "").unwrap();
        let bad = Change::AddTenant(Box::new(TenantConfig::new("no domain")));
        assert!(rewrite(&path, "a", &bad).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
    }
}
