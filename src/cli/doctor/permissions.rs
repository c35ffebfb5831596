//! What a sign-in may do, against what is needed: the permissions that lack, and those that nobody needs.

use crate::domain::planning::Allowed;
use crate::graph::scopes::{Permission, excess, lacking};
use crate::graph::{Client, SignedIn};

use super::report::{Report, State};

/// What the tenant's configuration allows to be written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leave {
    /// What may be written once writing is allowed.
    pub(super) allowed: Allowed,
    /// Whether it is not, until somebody says so.
    pub(super) read_only: bool,
}

/// Tells what is granted, what lacks, and what is too much.
pub(super) fn check(report: &mut Report, client: &Client, (who, leave): (&SignedIn, Leave)) {
    let whose = if client.is_app_only() {
        "application permissions (roles)"
    } else {
        "permissions of the person (scopes)"
    };
    let granted = &who.granted;
    if granted.is_empty() && !client.is_app_only() {
        return report.skipped("granted", "the sign-in does not tell its permissions");
    }
    report.ok(
        "granted",
        format!(
            "{whose}: {}",
            if granted.is_empty() {
                "none".to_owned()
            } else {
                granted.join(", ")
            }
        ),
    );
    let needed = client.needed(Allowed::default());
    let lacks = lacking(granted, &needed);
    for one in &lacks {
        report.lacks(
            "needed",
            format!(
                "{} is not granted: it is needed to {}",
                one.name, one.purpose
            ),
            way_out(client, one),
        );
    }
    if lacks.is_empty() {
        report.ok(
            "needed",
            format!("all {} that reading needs are granted", needed.len()),
        );
    }
    writing(report, client, (granted, leave));
    let surplus = excess(granted, &client.needed(leave.allowed));
    if !surplus.is_empty() {
        report.warn(
            "excess",
            format!("granted, and needed for nothing here: {}", surplus.join(", ")),
            "Take them away from the app registration, or from its consent in this tenant: what cannot be done cannot go wrong.",
        );
    }
}

/// The permissions that writing needs. Until writing is allowed it is no failure that they lack.
fn writing(report: &mut Report, client: &Client, (granted, leave): (&[String], Leave)) {
    let wanted: Vec<Permission> = client
        .needed(leave.allowed)
        .into_iter()
        .filter(|one| one.writes)
        .collect();
    if wanted.is_empty() {
        return report.ok(
            "writing",
            "nothing may be written (allow), so nothing more is needed",
        );
    }
    let lacks = lacking(granted, &wanted);
    for one in &lacks {
        let text = format!(
            "{} is not granted: it is needed to {}",
            one.name, one.purpose
        );
        if leave.read_only {
            report.put(
                "writing",
                State::Skipped,
                format!("{text}; the tenant is read-only, so nothing asks for it yet"),
                "",
            );
        } else if client.is_app_only() {
            report.lacks("writing", text, way_out(client, one));
        } else {
            report.put(
                "writing",
                State::Skipped,
                format!(
                    "{} is not asked for yet: it is needed to {}",
                    one.name, one.purpose
                ),
                "The first change that is written asks for it, or `login --write` does now.",
            );
        }
    }
    if lacks.is_empty() {
        let names: Vec<&str> = wanted.iter().map(|one| one.name).collect();
        let yet = if leave.read_only {
            "; the tenant is read-only, so it is not used yet"
        } else {
            ""
        };
        report.ok("writing", format!("{} granted{yet}", names.join(", ")));
    }
}

fn way_out(client: &Client, one: &Permission) -> String {
    let name = one.name;
    if client.is_app_only() {
        format!(
            "Add the application permission {name} to the app registration, and let an administrator of the tenant consent."
        )
    } else {
        format!(
            "Add the delegated permission {name} to the app registration, let an administrator of the tenant consent, then: login"
        )
    }
}
