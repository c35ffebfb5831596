//! `doctor`: everything that a run needs, looked at one by one. Works when any of it is broken, and changes nothing.

use std::path::Path;

use crate::config::palette::Palette;
use crate::config::{Config, Look, SignInWay};
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::text::{Label, counted};
use crate::domain::words;
use crate::graph::Client;

use super::args::Global;
use super::exit::Exit;
use super::open::{self, Connected, Opened};
use permissions::Leave;
use report::{Report, State, as_json};

mod permissions;
mod places;
mod report;

/// What needs a client to be looked at.
const ONLINE: [&str; 8] = [
    "name",
    "login host",
    "login TLS",
    "Graph host",
    "Graph TLS",
    "clock",
    "sign-in",
    "calls",
];

pub(super) async fn run(global: &Global) -> anyhow::Result<Exit> {
    let mut report = Report::default();
    if global.demo.is_some() {
        let opened = open::open(global).await?;
        demo(&mut report, &opened).await;
    } else {
        configured(&mut report, global).await;
    }
    report::tell(&report, global)?;
    Ok(report.exit())
}

/// What the checks say, for a support bundle. The built-in tenant is looked at through the client that is open.
pub(super) async fn seen(global: &Global, opened: &Opened) -> serde_json::Value {
    let mut report = Report::default();
    if global.demo.is_some() {
        demo(&mut report, opened).await;
    } else {
        configured(&mut report, global).await;
    }
    as_json(&report)
}

async fn demo(report: &mut Report, opened: &Opened) {
    report.ok("config", "the built-in tenant needs none");
    let leave = Leave {
        allowed: opened.settings.allowed,
        read_only: opened.settings.read_only,
    };
    online(report, &opened.world.client, leave).await;
}

async fn configured(report: &mut Report, global: &Global) {
    let places = match open::places(global) {
        Ok(places) => places,
        Err(error) => return report.failed("folders", &failure_of(&error)),
    };
    let config = match Config::load(&places.config_file()) {
        Ok(config) => {
            let count = match config.tenants.len() {
                1 => "1 tenant".to_owned(),
                n => format!("{n} tenants"),
            };
            report.ok(
                "config",
                format!("{}: {count}", places.config_file().display()),
            );
            theme(report, &places.config_file(), &config.look);
            Some(config)
        }
        Err(error) => {
            report.failed("config", &error.failure());
            None
        }
    };
    places::folders(report, &places);
    let Some(config) = config else {
        report.skipped("tenant", "without a configuration no tenant is known");
        // The files of those that were there before can be looked at all the same.
        for (name, dir) in places.tenants_with_files() {
            report.ok(
                "tenant",
                format!("{name}: {}, by its files alone", dir.display()),
            );
            places::tenant(report, &places, (&name, &dir));
        }
        for name in ONLINE {
            report.skipped(name, "without a configuration nothing is asked");
        }
        return;
    };
    let connected = match open::connect(global, &config, &places) {
        Ok(connected) => connected,
        Err(error) => return report.failed("tenant", &failure_of(&error)),
    };
    let Connected {
        name,
        dir,
        tenant,
        tokens,
        client,
    } = connected;
    report.ok("tenant", format!("{name}: {}", dir.display()));
    places::tenant(report, &places.sharing(&config), (&name, &dir));
    let leave = Leave {
        allowed: open::allowed(&tenant),
        read_only: tenant.read_only,
    };
    let is_app_only = matches!(
        tenant.sign_in,
        SignInWay::ClientSecret | SignInWay::Certificate
    );
    places::tokens(report, &tokens, is_app_only);
    places::key_store(report, &tokens, (tenant.tokens, is_app_only));
    match client {
        Ok(client) => {
            client.tell_waits(crate::cli::print::tell);
            if !leave.read_only {
                // Else a renewed sign-in would come back with less than it had.
                client.allow_write(leave.allowed);
            }
            reach(report, &client).await;
            if !is_app_only && places::is_damaged(&tokens) {
                // Signing in would set the file aside, and nothing is changed here.
                report.skipped("sign-in", "the tokens cannot be read: see there");
                report.skipped("calls", words::SIGNED_OUT);
            } else {
                ask(report, &client, leave).await;
            }
        }
        Err(error) => {
            report.failed("credentials", &failure_of(&error));
            for name in ONLINE {
                report.skipped(name, "without credentials nothing is asked");
            }
        }
    }
}

/// The theme that the file names: one that is built in, or a file of its own, which may hold mistakes.
fn theme(report: &mut Report, config_file: &Path, look: &Look) {
    let Some(name) = &look.theme else {
        return;
    };
    match Palette::load(config_file, name) {
        Ok(_) => report.ok("theme", name),
        Err(error) => {
            let error = error.named_in(look.theme_at.as_ref());
            report.failed("theme", &error.failure());
        }
    }
}

fn failure_of(error: &anyhow::Error) -> Failure {
    error
        .downcast_ref::<Failure>()
        .cloned()
        .unwrap_or_else(|| Failure::new(FailureKind::Other, format!("{error:#}"), "", ""))
}

async fn online(report: &mut Report, client: &Client, leave: Leave) {
    reach(report, client).await;
    ask(report, client, leave).await;
}

async fn reach(report: &mut Report, client: &Client) {
    only(report, client);
    names(report, client).await;
    hosts(report, client).await;
    clock(report, client);
}

/// Signs in where that needs nobody, and makes each call that a run needs.
async fn ask(report: &mut Report, client: &Client, leave: Leave) {
    match client.sign_in().await {
        Ok(signed_in) => {
            report.ok("sign-in", format!("as {}", signed_in.account));
            permissions::check(report, client, (&signed_in, leave));
        }
        Err(error) => {
            report.failed("sign-in", &error.failure("Signing in"));
            return report.skipped("calls", words::SIGNED_OUT);
        }
    }
    calls(report, client).await;
}

/// Whether the names of the hosts can be looked up here.
async fn names(report: &mut Report, client: &Client) {
    let [login, graph] = client.hosts();
    let both = if login.0 == graph.0 {
        vec![login]
    } else {
        vec![login, graph]
    };
    for (host, port) in both {
        match tokio::net::lookup_host((host.as_str(), port)).await {
            Ok(found) => {
                let addresses: Vec<String> = found.map(|at| at.ip().to_string()).take(3).collect();
                report.ok("name", format!("{host}: {}", addresses.join(", ")));
            }
            // A proxy may look names up where this machine cannot.
            Err(error) => report.warn(
                "name",
                format!("{host}: {error}"),
                "Without a proxy nothing can be reached; see HTTPS_PROXY and the resolver of this machine.",
            ),
        }
    }
}

/// Which machines this program talks to: no others.
fn only(report: &mut Report, client: &Client) {
    let [login, graph] = client.hosts();
    let hosts = if login.0 == graph.0 {
        format!("{} is", login.0)
    } else {
        format!("{} and {} are", login.0, graph.0)
    };
    report.ok(
        "calls out",
        format!("only {hosts} called: no telemetry, no look for newer versions"),
    );
}

/// Whether the hosts answer, and whose certificate they show.
async fn hosts(report: &mut Report, client: &Client) {
    for (name, tls, reached) in [
        ("login host", "login TLS", client.reach_login().await),
        ("Graph host", "Graph TLS", client.reach_graph().await),
    ] {
        match reached {
            Ok(reached) => {
                report.ok(
                    name,
                    format!(
                        "{}: answers ({}) in {} ms",
                        reached.host, reached.status, reached.millis
                    ),
                );
                match reached.issuer {
                    Some(issuer) => report.ok(tls, format!("trusted; issued by {issuer}")),
                    None => report.skipped(tls, "plain http: nothing leaves this machine"),
                }
            }
            Err(error) => {
                report.failed(name, &error.failure("Asking for a page"));
                report.skipped(tls, "see above");
            }
        }
    }
}

fn clock(report: &mut Report, client: &Client) {
    match client.server_clock_skew() {
        None => report.skipped("clock", "no answer told the time"),
        Some(skew) if skew.as_secs().abs() > words::CLOCKS_APART => report.put(
            "clock",
            State::Failed,
            format!("the server's clock is {} s away from ours", skew.as_secs()),
            "Set this machine's clock (NTP): tokens and assertions are refused otherwise.",
        ),
        Some(skew) => report.ok(
            "clock",
            format!("within {} s of the server's", skew.as_secs()),
        ),
    }
}

/// Each call that a run needs, on something that nobody has, so that answers are small.
async fn calls(report: &mut Report, client: &Client) {
    let nobody = "00000000-0000-4000-8000-000000000000"
        .parse()
        .expect("a GUID in this file");
    let nowhere = crate::domain::phone::PhoneNumber::from_tenant("+10000000000")
        .expect("the shape of a number");
    let organization = client.organization().await;
    report.call(
        "organization",
        organization.map(|tenant| format!("{} ({})", Label::new(&tenant.name), tenant.id)),
    );
    let skus = client.subscribed_skus().await;
    report.call(
        "subscribedSkus",
        skus.map(|skus| counted(skus.len() as u64, "product", "products")),
    );
    let users = client.users_by_id(&[nobody]).await;
    report.call("users", users.map(|_| "may be read".to_owned()));
    let delta = client.delta_link_now().await;
    report.call("users/delta", delta.map(|_| "may be followed".to_owned()));
    let group = client.find_group("teamsconnector doctor").await;
    report.call("groups", group.map(|_| "may be read".to_owned()));
    let teams = client.teams_user(nobody).await;
    report.call("Teams users", teams.map(|_| "may be read".to_owned()));
    let numbers = client.number(&nowhere).await;
    report.call("Teams numbers", numbers.map(|_| "may be read".to_owned()));
}
