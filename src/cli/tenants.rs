//! `tenants`: what the configuration has, group and mode of a tenant, and *disable sync*: taking the pin off a tenant.

use crate::config::edit;
use crate::config::places::Places;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::settings::{AddMode, Selection};
use crate::ops::settings;
use crate::store::{Stamp, Store};

use super::args::{Global, Mode, Tenants, TenantsWhat};
use super::exit::Exit;
use super::open::{config, places};
use super::print;

pub(super) async fn run(global: &Global, args: &Tenants) -> anyhow::Result<Exit> {
    let places = places(global)?;
    let config = config(&places)?;
    match &args.what {
        TenantsWhat::List => {
            if global.json {
                let rows: Vec<_> = config
                    .tenants
                    .iter()
                    .map(|(name, tenant)| {
                        let Selection { group, mode } = tenant.selection();
                        serde_json::json!({
                            "name": name, "tenant_id": tenant.tenant_id, "read_only": tenant.read_only,
                            "group": group, "add_users": mode.as_str(),
                        })
                    })
                    .collect();
                print::data(&crate::record::json::listing("tenants", &rows)?)?;
            } else {
                let rows: Vec<Vec<String>> = config
                    .tenants
                    .iter()
                    .map(|(name, tenant)| {
                        let mode = if tenant.read_only {
                            "read-only"
                        } else {
                            "read and write"
                        };
                        let Selection { group, mode: way } = tenant.selection();
                        vec![
                            name.clone(),
                            tenant.tenant_id.clone(),
                            mode.to_owned(),
                            way.as_str().to_owned(),
                            group.unwrap_or_default(),
                        ]
                    })
                    .collect();
                print::table(&["NAME", "TENANT", "MODE", "ADD USERS", "GROUP"], &rows)?;
            }
            Ok(Exit::Done)
        }
        TenantsWhat::Set {
            name,
            group,
            no_group,
            add_users,
        } => {
            let wanted = Wanted {
                group: match (group, no_group) {
                    (Some(group), _) => Filter::Group(group.trim().to_owned()),
                    (None, true) => Filter::Everyone,
                    (None, false) => Filter::AsItIs,
                },
                mode: add_users.map(|mode| match mode {
                    Mode::Sync => AddMode::Sync,
                    Mode::Manual => AddMode::Manual,
                }),
            };
            set(&places, name, wanted).await
        }
        TenantsWhat::Unpin { name, yes } => {
            let dir = places.tenant_dir(name);
            if !dir.join("ledger.db").exists() {
                print::tell(&format!(
                    "Nothing is kept of a tenant {name} under {}",
                    dir.display()
                ));
                return Ok(Exit::Usage);
            }
            let agreed = *yes
                || (print::is_interactive()
                    && print::ask(&format!(
                        "Take the pin off {name}? Its data stay, sync is disabled. Type the name:"
                    ))? == *name);
            if !agreed {
                print::tell("The pin stays. Give --yes where nobody can be asked.");
                return Ok(Exit::Refused);
            }
            let store = Store::open(&dir).map_err(|error| error.failure())?;
            let stamp = Stamp {
                at: crate::runtime::clock::system().now(),
                author: crate::config::surroundings::author(),
                run: None,
            };
            store
                .ledger
                .unpin(stamp)
                .await
                .map_err(|error| error.failure())?;
            print::tell("The pin is off: the next sync pins the tenant that is signed in to.");
            Ok(Exit::Done)
        }
    }
}

/// The group filter that is wanted.
enum Filter {
    AsItIs,
    Everyone,
    Group(String),
}

/// What is to be set; the rest stays.
struct Wanted {
    group: Filter,
    mode: Option<AddMode>,
}

async fn set(places: &Places, name: &str, wanted: Wanted) -> anyhow::Result<Exit> {
    let wrong = |headline: String| {
        let hint = "Nothing was changed. `tenants list` shows the tenants.";
        Failure::new(FailureKind::Config, headline, "", hint)
    };
    let file = places.config_file();
    let before = edit::selection(&file, name)
        .map_err(|error| error.failure())?
        .ok_or_else(|| wrong(format!("There is no tenant {name}")))?;
    let mut after = before.clone();
    match wanted.group {
        Filter::AsItIs => {}
        Filter::Everyone => after.group = None,
        Filter::Group(group) if group.is_empty() => {
            return Err(
                wrong("A group has a name: --no-group clears the filter".to_owned()).into(),
            );
        }
        Filter::Group(group) => after.group = Some(group),
    }
    after.mode = wanted.mode.unwrap_or(after.mode);
    places.prepare().map_err(|error| error.failure())?;
    let store = Store::open(&places.tenant_dir(name)).map_err(|error| error.failure())?;
    let stamp = Stamp {
        at: crate::runtime::clock::system().now(),
        author: crate::config::surroundings::author(),
        run: None,
    };
    let write = |selection: &_| {
        edit::keep_selection(&file, name, selection).map_err(|error| error.failure())
    };
    let done = settings::set_selection(&store, (&before, &after), write, stamp).await?;
    print::tell(&match done.as_slice() {
        [] => "Nothing was changed: this is so already.".to_owned(),
        done => format!("{name}: {}. The next sync reads with it.", done.join(", ")),
    });
    Ok(Exit::Done)
}
