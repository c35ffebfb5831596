//! What is swept: an edit is saved, changes are written to the tenant, a run reads the tenant, a schema is raised, a token renewed.

use std::path::Path;
use std::process::Command;

use rusqlite::Connection;
use serde_json::{Value, json};
use teamsconnector::domain::pace::{Clock, Pace};
use teamsconnector::graph::endpoints::Endpoints;
use teamsconnector::graph::{Client, Credentials, Setup, SignIn, TokenStore};

use crate::applies;
use crate::points::{After, Sweep};
use crate::support::bench::noon;
use crate::support::invariants::{Saved, Scene, broken, picture};
use crate::support::program::{Ended, Tour, command};
use crate::support::sign_in::{by_code, secrets};
use crate::support::web;
use crate::trace::Fault;
use crate::way::Way;

const DIEGO: &str = "diego@contoso.example";
const LEE: &str = "lee@contoso.example";
const GRADY: &str = "grady@contoso.example";

/// A call of the real program as the one who owns the home.
fn program(home: &Path, tour: &Tour, args: &[&str]) -> Command {
    let mut command = command(home);
    command
        .env(
            "TEAMSCONNECTOR_CLIENT_SECRET",
            tour.bench.simulator.client_secret(),
        )
        .args(args);
    command
}

fn call(command: &mut Command) -> Ended {
    command.output().unwrap().into()
}

fn state(tour: &Tour) -> Value {
    web::ask(&tour.bench.base(), "GET", "/_sim/state", None)
}

/// What must hold in a home, once the program has been started in it again.
fn wrong(tour: &Tour, home: &Path, saved: &[Saved], told: &str) -> Vec<String> {
    let secrets = [tour.bench.simulator.client_secret().to_owned()];
    broken(&Scene {
        home: Some(home),
        folder: Some(&home.join("tenants/contoso")),
        state: Some(&state(tour)),
        saved,
        pictures: &[],
        secrets: &secrets,
        told,
    })
}

/// Adds what a call that must end well has done otherwise.
fn must_end(ended: &Ended, code: i32, what: &str, found: &mut Vec<String>) {
    if ended.code != code {
        found.push(format!("{what} ends with {code}: {ended:?}"));
    }
}

/// The first look at what a kill has left: what was queued is there, and nothing is broken.
fn look_first(after: &After<'_>, tour: &Tour, found: &mut Vec<String>) {
    let listed = call(&mut program(
        after.home,
        tour,
        &["outbox", "list", "--json"],
    ));
    must_end(&listed, 0, "outbox list", found);
    found.extend(wrong(tour, after.home, &CHANGES, &listed.err));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_that_is_saved() {
    saving(Way::InOrder).await;
}

pub(crate) async fn saving(way: Way) {
    const EDIT: Saved = Saved {
        name: "Diego Siciliani",
        field: "number",
        wanted: "+14255550150",
    };
    let tour = Tour::new("").await;
    tour.good(&["users", "add", DIEGO]);
    let args = ["users", "edit", DIEGO, "--number", EDIT.wanted];
    let sweep = Sweep {
        name: "saving an edit",
        home: tour.home.path(),
        code: 0,
        start: &|home| program(home, &tour, &args),
        look: &|after: &After<'_>| {
            let was_told = after.ended.err.contains("plans it: number");
            let acknowledged: &[Saved] = if was_told { &[EDIT] } else { &[] };
            let mut found = Vec::new();
            if matches!(after.fault, Fault::Full | Fault::Broken)
                && !was_told
                && after.ended.code == 0
            {
                found.push("what was not saved ends with another code than 0".to_owned());
            }
            let listed = call(&mut program(
                after.home,
                &tour,
                &["outbox", "list", "--json"],
            ));
            must_end(&listed, 0, "outbox list", &mut found);
            let denied = ["Nothing was changed", "Nothing of this change was kept"];
            if denied.iter().any(|words| after.ended.err.contains(words))
                && listed.json()["entries"] != json!([])
            {
                found.push("what was said not to be kept is not there".to_owned());
            }
            found.extend(wrong(&tour, after.home, acknowledged, &listed.err));
            // Once more: what was there is there once.
            let again = call(&mut program(after.home, &tour, &args));
            must_end(&again, 0, "the edit, again", &mut found);
            found.extend(wrong(&tour, after.home, &[EDIT], &again.err));
            found
        },
    };
    way.take(&sweep, "plans it: number", &|disk, said| {
        let folder = disk.join("tenants/contoso");
        let acknowledged: &[Saved] = if said > 0 { &[EDIT] } else { &[] };
        broken(&Scene {
            home: Some(disk),
            folder: Some(&folder),
            saved: acknowledged,
            ..Scene::default()
        })
    });
}

/// Three changes of three people: two numbers that replace others, and a country.
const CHANGES: [Saved; 3] = [
    Saved {
        name: "Diego Siciliani",
        field: "number",
        wanted: "+14255550150",
    },
    Saved {
        name: "Lee Gu",
        field: "number",
        wanted: "+14255550151",
    },
    Saved {
        name: "Grady Archie",
        field: "country",
        wanted: "DE",
    },
];

async fn with_changes() -> Tour {
    let tour = Tour::new("").await;
    for who in [DIEGO, LEE, GRADY] {
        tour.good(&["users", "add", who]);
    }
    tour.good(&["users", "edit", DIEGO, "--number", CHANGES[0].wanted]);
    tour.good(&["users", "edit", LEE, "--number", CHANGES[1].wanted]);
    tour.good(&["repair", GRADY, "--location", CHANGES[2].wanted]);
    tour
}

/// Gives everybody back what they had.
fn put_back(tour: &Tour) {
    let base = tour.bench.base();
    for (new, old, who) in [
        ("+14255550150", "+14255550100", DIEGO),
        ("+14255550151", "+441235123471", LEE),
    ] {
        web::put_number(&base, new, None);
        web::put_number(&base, old, Some(who));
    }
    let body = json!({ "usageLocation": "GB" });
    web::ask(&base, "PATCH", &format!("/_sim/users/{GRADY}"), Some(&body));
    web::ask(&base, "DELETE", "/_sim/log", None);
}

/// What the tenant has taken: each request that changes something once, whoever was killed in between.
fn sent_once(tour: &Tour) -> Vec<String> {
    let log = web::ask(&tour.bench.base(), "GET", "/_sim/log", None);
    let taken = |method: &str, path: &str| {
        let requests = log["requests"].as_array().into_iter().flatten();
        requests
            .filter(|request| request["method"] == method)
            .filter(|request| request["status"].as_u64().is_some_and(|code| code < 300))
            .filter(|request| request["path"].as_str().is_some_and(|at| at.contains(path)))
            .count()
    };
    [
        ("POST", "/assignNumber", 2),
        ("POST", "/unassignNumber", 2),
        ("PATCH", "/users/", 1),
    ]
    .into_iter()
    .map(|(method, path, once)| (method, path, once, taken(method, path)))
    .filter(|(_, _, once, taken)| taken != once)
    .map(|sent| format!("sent once: {sent:?}"))
    .collect()
}

/// How many numbers the ledger has noted that it sends, or takes.
fn intents(folder: &Path) -> rusqlite::Result<usize> {
    let ledger = Connection::open(folder.join("ledger.db"))?;
    let counted: u32 = ledger.query_row(
        "SELECT count(*) FROM audit WHERE action = 'sending' AND field = 'number'",
        [],
        |row| row.get(0),
    )?;
    Ok(counted as usize)
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_that_are_written() {
    writing(Way::InOrder).await;
}

pub(crate) async fn writing(way: Way) {
    let tour = with_changes().await;
    let simulator = &tour.bench.simulator;
    let sweep = Sweep {
        name: "writing three changes",
        home: tour.home.path(),
        code: 0,
        start: &|home| {
            put_back(&tour);
            applies::command(home, simulator)
        },
        look: &|after: &After<'_>| {
            let mut found = Vec::new();
            look_first(after, &tour, &mut found);
            let again = call(&mut applies::command(after.home, simulator));
            must_end(&again, 0, "writing, again", &mut found);
            let third = call(&mut applies::command(after.home, simulator));
            must_end(&third, 0, "writing, for the third time", &mut found);
            found.extend(wrong(&tour, after.home, &CHANGES, &again.err));
            let left = call(&mut program(
                after.home,
                &tour,
                &["outbox", "list", "--json"],
            ));
            if left.json()["entries"] != json!([]) {
                found.push(format!("all is written in the end: {left:?} {again:?}"));
            }
            found.extend(sent_once(&tour));
            let held = |who: &str| web::person(&tour.bench.base(), who);
            for (who, field, wanted) in [
                (DIEGO, "numbers", json!(["+14255550150"])),
                (LEE, "numbers", json!(["+14255550151"])),
                (GRADY, "usageLocation", json!("DE")),
            ] {
                let real = held(who)[field].clone();
                if real != wanted {
                    found.push(format!("{who} has what was wanted: {real}"));
                }
            }
            found
        },
    };
    way.take(&sweep, "ssignNumber HTTP", &|disk, sent| {
        let folder = disk.join("tenants/contoso");
        let mut found = broken(&Scene {
            folder: Some(&folder),
            saved: &CHANGES,
            ..Scene::default()
        });
        let intents = intents(&folder).map_err(|error| error.to_string());
        if intents.as_ref().is_ok_and(|intents| *intents < sent) || intents.is_err() {
            found.push(format!(
                "an intent before each of {sent} requests: {intents:?}"
            ));
        }
        found
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_reads_the_tenant() {
    reading(Way::InOrder).await;
}

pub(crate) async fn reading(way: Way) {
    let tour = with_changes().await;
    let before = picture(&tour.home.path().join("tenants/contoso"));
    web::ask(
        &tour.bench.base(),
        "PATCH",
        "/_sim/users/joni@contoso.example",
        Some(&json!({ "displayName": "Joni S." })),
    );
    web::put_number(
        &tour.bench.base(),
        "+14255550177",
        Some("irvin@contoso.example"),
    );
    let args = ["sync", "--plan"];
    let probe = crate::points::copy(tour.home.path());
    let ended = call(&mut program(probe.path(), &tour, &args));
    assert_eq!(ended.code, 5, "{ended:?}");
    let pictures = [before, picture(&probe.path().join("tenants/contoso"))];
    assert_ne!(pictures[0], pictures[1]);
    let sweep = Sweep {
        name: "reading the tenant",
        home: tour.home.path(),
        code: 5,
        start: &|home| program(home, &tour, &args),
        look: &|after: &After<'_>| {
            let mut found = Vec::new();
            let folder = after.home.join("tenants/contoso");
            look_first(after, &tour, &mut found);
            found.extend(broken(&Scene {
                folder: Some(&folder),
                pictures: &pictures,
                ..Scene::default()
            }));
            let again = call(&mut program(after.home, &tour, &args));
            must_end(&again, 5, "the run, again", &mut found);
            found.extend(wrong(&tour, after.home, &CHANGES, &again.err));
            if picture(&folder) != pictures[1] {
                found.push("the next run reads what is there".to_owned());
            }
            found
        },
    };
    way.take(&sweep, "", &|disk, _| {
        broken(&Scene {
            folder: Some(&disk.join("tenants/contoso")),
            saved: &CHANGES,
            pictures: &pictures,
            ..Scene::default()
        })
    });
}

/// Takes a tenant's files back to what the first version wrote: what later steps have added is taken out.
fn lower(folder: &Path) {
    for (file, back) in [
        (
            "ledger.db",
            "ALTER TABLE users DROP COLUMN left_tenant; ALTER TABLE users DROP COLUMN left_association;
             ALTER TABLE users DROP COLUMN left_id; ALTER TABLE audit DROP COLUMN ticket; DROP TABLE tickets;
             ALTER TABLE outbox DROP COLUMN from_id; ALTER TABLE outbox DROP COLUMN from_name;
             ALTER TABLE outbox DROP COLUMN silences; ALTER TABLE outbox DROP COLUMN gives_back; DROP TABLE written;",
        ),
        (
            "cache.db",
            "ALTER TABLE live DROP COLUMN teams_at; ALTER TABLE live DROP COLUMN teams_why;
             ALTER TABLE live DROP COLUMN member; DROP TABLE former_words; DROP TABLE moved;
             DROP TABLE counted;",
        ),
        (
            "history.db",
            "DROP TABLE moved; ALTER TABLE runs DROP COLUMN released;",
        ),
    ] {
        let connection = Connection::open(folder.join(file)).unwrap();
        connection.execute_batch(back).unwrap();
        connection.pragma_update(None, "user_version", 1).unwrap();
    }
}

/// What the first version knew, row by row.
fn rows(ledger: &Path) -> rusqlite::Result<Vec<String>> {
    let connection = Connection::open(ledger)?;
    let mut found = Vec::new();
    for table in [
        "id, hex(tenant), name, mail, number, kind, country, association, hex(directory_id), gone, rank, created_at FROM users",
        "id, hex(tenant), user_id, hex(directory_id), name, field, base, wanted, state, author, created_at FROM outbox",
        "k, v FROM settings",
        "seq, at, author, user, action, entry, prev, hash FROM audit",
    ] {
        let mut statement = connection.prepare(&format!("SELECT {table} ORDER BY 1"))?;
        let columns = statement.column_count();
        let texts = statement.query_map([], |row| {
            let cells = (0..columns).map(|at| row.get_ref(at).map(|cell| format!("{cell:?}")));
            cells.collect::<Result<Vec<_>, _>>()
        })?;
        for cells in texts {
            found.push(cells?.join(" "));
        }
    }
    Ok(found)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_raised() {
    raising(Way::InOrder).await;
}

pub(crate) async fn raising(way: Way) {
    let tour = with_changes().await;
    let ledger = |home: &Path| home.join("tenants/contoso/ledger.db");
    lower(&tour.home.path().join("tenants/contoso"));
    let before = rows(&ledger(tour.home.path())).unwrap();
    assert!(before.len() > 10, "{before:?}");
    let args = ["outbox", "list", "--json"];
    let sweep = Sweep {
        name: "raising the schema",
        home: tour.home.path(),
        code: 0,
        start: &|home| program(home, &tour, &args),
        look: &|after: &After<'_>| {
            let mut found = Vec::new();
            let again = call(&mut program(after.home, &tour, &args));
            must_end(&again, 0, "outbox list", &mut found);
            found.extend(wrong(&tour, after.home, &CHANGES, &again.err));
            let now = rows(&ledger(after.home)).map_err(|error| error.to_string());
            if now.as_ref() != Ok(&before) {
                found.push(format!("every row is as it was: {now:?}"));
            }
            let copy = after.home.join("tenants/contoso/ledger.db.before-schema-4");
            let kept = rows(&copy).map_err(|error| error.to_string());
            if kept.as_ref() != Ok(&before) {
                found.push(format!("the copy that was made before is whole: {kept:?}"));
            }
            found
        },
    };
    way.take(&sweep, "entries", &|disk, _| {
        let folder = disk.join("tenants/contoso");
        let mut found = broken(&Scene {
            folder: Some(&folder),
            saved: &CHANGES,
            ..Scene::default()
        });
        let now = rows(&ledger(disk)).map_err(|error| error.to_string());
        if now.as_ref() != Ok(&before) {
            found.push(format!("every row is as it was: {now:?}"));
        }
        let copy = folder.join("ledger.db.before-schema-4");
        if rows(&copy).map_err(|error| error.to_string()).as_ref() != Ok(&before) {
            found.push("the copy that was made before is whole".to_owned());
        }
        found
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_renewed() {
    renewing(Way::InOrder).await;
}

pub(crate) async fn renewing(way: Way) {
    let tour = Tour::new("").await;
    let base = tour.bench.base();
    web::knobs(
        &base,
        &json!({ "refresh_uses": 255, "remember_secrets": true }),
    );
    let home = tour.home.path();
    let config = home.join("config.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    let text = text
        .replace("\"client-secret\"", "\"device-code\"")
        .replace("read_only = false", "read_only = true");
    std::fs::write(&config, text).unwrap();
    let simulator = &tour.bench.simulator;
    let client = Client::new(Setup {
        pace: Pace::Instant,
        tokens: TokenStore::File(home.join("tenants/contoso/tokens")),
        user: "root".to_owned(),
        ..Setup::new(
            Endpoints::custom(&base, &base).unwrap(),
            Credentials {
                tenant: simulator.tenant_id().to_owned(),
                client_id: simulator.client_id().to_owned(),
                sign_in: SignIn::DeviceCode,
            },
            Clock::fixed(noon()),
        )
    });
    by_code(&client.unwrap()).await;
    let sweep = Sweep {
        name: "renewing a token",
        home,
        code: 0,
        start: &|home| {
            web::knobs(&base, &json!({ "expire_tokens": true }));
            program(home, &tour, &["sync"])
        },
        look: &|after: &After<'_>| {
            let mut found = Vec::new();
            let tokens = secrets(&after.home.join("tenants/contoso/tokens"));
            let again = call(&mut program(after.home, &tour, &["sync"]));
            must_end(&again, 0, "the next run, without a sign-in,", &mut found);
            let issued = web::ask(&base, "GET", "/_sim/issued", None);
            let mut issued: Vec<String> = issued["secrets"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|secret| secret.as_str().map(str::to_owned))
                .collect();
            if !tokens.iter().all(|token| issued.contains(token)) {
                found.push("the file holds what was issued".to_owned());
            }
            issued.push(simulator.client_secret().to_owned());
            found.extend(broken(&Scene {
                home: Some(after.home),
                folder: Some(&after.home.join("tenants/contoso")),
                secrets: &issued,
                told: &again.err,
                ..Scene::default()
            }));
            found
        },
    };
    way.take(&sweep, "", &|disk, _| {
        let tokens = disk.join("tenants/contoso/tokens");
        let read = std::fs::read(&tokens).map(|bytes| serde_json::from_slice::<Value>(&bytes));
        let is_whole = matches!(&read, Ok(Ok(kept)) if kept["refresh_token"].is_string());
        let mut found = Vec::new();
        if !is_whole {
            found.push(format!(
                "the token file is the old one or the new one: {read:?}"
            ));
        }
        found
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_made() {
    making(Way::InOrder).await;
}

pub(crate) async fn making(way: Way) {
    let tour = Tour::new("").await;
    let home = tempfile::tempdir().unwrap();
    std::fs::copy(
        tour.home.path().join("config.toml"),
        home.path().join("config.toml"),
    )
    .unwrap();
    let args = ["outbox", "list", "--json"];
    let sweep = Sweep {
        name: "making the files",
        home: home.path(),
        code: 0,
        start: &|home| program(home, &tour, &args),
        look: &|after: &After<'_>| {
            let mut found = Vec::new();
            let again = call(&mut program(after.home, &tour, &args));
            must_end(&again, 0, "outbox list", &mut found);
            found.extend(wrong(&tour, after.home, &[], &again.err));
            found
        },
    };
    way.take(&sweep, "entries", &|disk, _| {
        let folder = disk.join("tenants/contoso");
        std::fs::create_dir_all(&folder).unwrap();
        broken(&Scene {
            folder: Some(&folder),
            ..Scene::default()
        })
    });
}
