//! `tenants list`: an overview of all tenants from their files, with no network.

use serde_json::json;

use crate::config::places::Places;
use crate::config::{Config, Words as _};
use crate::domain::failure::FailureKind;
use crate::domain::settings::Selection;
use crate::domain::words;
use crate::ops::overview::{self, TenantOverview};
use crate::record::json::listing;

use super::super::exit::Exit;
use super::super::print;

pub(super) fn list(places: &Places, config: &Config, as_json: bool) -> anyhow::Result<Exit> {
    let now = crate::runtime::clock::system().now();
    places.check().map_err(|error| error.failure())?;
    let seen: Vec<TenantOverview> = config
        .tenants
        .keys()
        .flat_map(|name| match places.check_tenant(name) {
            Ok(()) => overview::overview([(name.clone(), places.tenant_dir(name))], now),
            Err(error) => vec![TenantOverview {
                name: name.clone(),
                counts: Err(error.failure()),
                damaged: false,
            }],
        })
        .collect();
    if as_json {
        let rows: Vec<_> = seen.iter().map(|tenant| object(config, tenant)).collect();
        print::data(&listing("tenants", &rows)?)?;
    } else {
        let rows: Vec<_> = seen
            .iter()
            .map(|tenant| cells(config, tenant, now))
            .collect();
        let header = [
            "NAME",
            "MODE",
            "LAST GOOD SYNC",
            "USERS",
            "UNLICENSED",
            "QUEUED",
            "TO DO",
            "TENANT",
            "ADD USERS",
            "GROUP",
        ];
        print::table(&header, &rows)?;
        for tenant in &seen {
            if let Err(failure) = &tenant.counts {
                print::tell(&format!("{}: {}", tenant.name, failure.headline));
            }
        }
    }
    let mut failed = seen
        .iter()
        .filter(|tenant| !tenant.damaged)
        .filter_map(|tenant| tenant.counts.as_ref().err());
    // A folder of a wrong mode or owner is nothing damaged: its command puts it right. Nor is a file of a newer program.
    let exit = match failed.next() {
        None => Exit::Done,
        Some(failure) if failure.kind == FailureKind::Config => Exit::Usage,
        Some(_) => Exit::Failed,
    };
    Ok(exit.or_damaged(seen.iter().any(|tenant| tenant.damaged)))
}

fn object(config: &Config, seen: &TenantOverview) -> serde_json::Value {
    let tenant = &config.tenants[&seen.name];
    let Selection { group, mode } = tenant.selection();
    let mut row = json!({
        "name": seen.name, "tenant_id": tenant.tenant_id, "read_only": tenant.read_only,
        "group": group, "add_users": mode.as_str(), "display": tenant.display,
        "accent": tenant.accent.map(crate::config::Words::as_str), "identity": tenant.identity,
        "sign_in": tenant.sign_in.as_str(), "cloud": tenant.cloud.as_str(), "damaged": null, "unreadable": null,
    });
    match &seen.counts {
        Ok(counts) => {
            row["pinned"] = json!(counts.tenant.map(|id| id.to_string()));
            row["last_good_sync"] = json!(counts.read_at.map(|at| at.to_string()));
            row["users"] = json!(counts.users);
            row["unlicensed"] = json!(counts.unlicensed);
            row["queued"] = json!(counts.queued);
            row["refused"] = json!(counts.refused);
            row["conflicts"] = json!(counts.conflicts);
            row["unknown"] = json!(counts.unknown);
            row["parked"] = json!(counts.parked);
        }
        Err(failure) => {
            let key = if seen.damaged {
                "damaged"
            } else {
                "unreadable"
            };
            row[key] = json!(failure.headline);
        }
    }
    row
}

fn cells(config: &Config, seen: &TenantOverview, now: jiff::Timestamp) -> Vec<String> {
    let tenant = &config.tenants[&seen.name];
    let Selection { group, mode } = tenant.selection();
    let write = if tenant.read_only {
        words::READ_ONLY
    } else {
        words::READ_AND_WRITE
    };
    let mut row = vec![seen.name.clone(), write.to_owned()];
    if let Ok(counts) = &seen.counts {
        let read = match (counts.read_at, counts.age(now)) {
            (Some(at), Some(age)) => format!("{} ({age} ago)", at.strftime("%Y-%m-%d %H:%MZ")),
            _ => "never".to_owned(),
        };
        row.push(read);
        row.extend(
            [
                counts.users,
                counts.unlicensed,
                counts.queued,
                counts.failed(),
            ]
            .map(|count| count.to_string()),
        );
    } else {
        row.push(
            if seen.damaged {
                "DAMAGED"
            } else {
                "UNREADABLE"
            }
            .to_owned(),
        );
        row.extend(["?", "?", "?", "?"].map(ToOwned::to_owned));
    }
    row.push(tenant.tenant_id.clone());
    row.push(mode.as_str().to_owned());
    row.push(group.unwrap_or_default());
    row
}
