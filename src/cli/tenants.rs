//! `tenants`: an overview, adding and removing, group and mode of a tenant, and *disable sync*: taking the pin off a tenant.

use crate::config::edit;
use crate::config::places::Places;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::settings::AddMode;
use crate::ops::settings;
use crate::store::{Stamp, Store};

use super::args::Global;
use super::args::tenants::{Mode, Tenants, TenantsWhat};
use super::exit::Exit;
use super::open::located;
use super::print;

mod add;
mod list;
mod remove;

pub(super) async fn run(global: &Global, args: &Tenants) -> anyhow::Result<Exit> {
    let (places, config) = located(global)?;
    match &args.what {
        TenantsWhat::List => list::list(&places, &config, global.json),
        TenantsWhat::Add(new) => add::add(&places, &config, (new, global.tenant.as_deref())).await,
        TenantsWhat::Remove(leaving) => remove::remove(&places, leaving).await,
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
        TenantsWhat::Unpin { name, yes } => unpin(&places, name, *yes).await,
    }
}

/// Why nothing was done: the name was not typed, or nobody was there to type it.
fn not_agreed() -> &'static str {
    if print::is_interactive() {
        "That is not the name: nothing was changed."
    } else {
        "Nothing was changed: --yes does it where nobody can be asked."
    }
}

/// A change made now by who runs the program.
fn stamp() -> Stamp {
    Stamp {
        at: crate::runtime::clock::system().now(),
        author: crate::config::surroundings::author(),
        run: None,
    }
}

async fn unpin(places: &Places, name: &str, yes: bool) -> anyhow::Result<Exit> {
    let dir = places.tenant_dir(name);
    if !dir.join("ledger.db").exists() {
        print::tell(&format!(
            "There is no tenant {name} here: `tenants list` shows them. Nothing was changed."
        ));
        return Ok(Exit::Usage);
    }
    let agreed = yes
        || (print::is_interactive()
            && print::ask(&format!(
                "Take the pin off {name}? No data is dropped; the next sync pins whoever is signed in to. Type the name:"
            ))? == *name);
    if !agreed {
        print::tell(not_agreed());
        return Ok(Exit::Refused);
    }
    let dir = places
        .prepare_tenant(name)
        .map_err(|error| error.failure())?;
    let store = Store::open(&dir).map_err(|error| error.failure())?;
    crate::sync::disable(&store, &dir.join("lease"), stamp()).await?;
    print::tell("The pin is off: the next sync pins the tenant that is signed in to.");
    print::tell(
        "If that is another one: nothing is dropped, what was queued is set aside (`outbox list --parked`), and `users adopt` shows who its \
         users are there by e-mail, to be taken over, and the numbers of before.",
    );
    Ok(Exit::Done)
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
    let dir = places
        .prepare_tenant(name)
        .map_err(|error| error.failure())?;
    let store = Store::open(&dir).map_err(|error| error.failure())?;
    let write = |selection: &_| {
        edit::keep_selection(&file, name, selection).map_err(|error| error.failure())
    };
    let done = settings::set_selection(&store, (&before, &after), write, stamp()).await?;
    print::tell(&match done.as_slice() {
        [] => "Nothing was changed: this is so already.".to_owned(),
        done => format!("{name}: {}. The next sync reads with it.", done.join(", ")),
    });
    Ok(Exit::Done)
}
