//! `tenants`: what the configuration has, and *disable sync*: taking the pin off a tenant.

use crate::store::{Stamp, Store};

use super::args::{Global, Tenants, TenantsWhat};
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
                    .map(|(name, tenant)| serde_json::json!({"name": name, "tenant_id": tenant.tenant_id, "read_only": tenant.read_only}))
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
                        vec![name.clone(), tenant.tenant_id.clone(), mode.to_owned()]
                    })
                    .collect();
                print::table(&["NAME", "TENANT", "MODE"], &rows)?;
            }
            Ok(Exit::Done)
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
