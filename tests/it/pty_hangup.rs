//! The line breaks, wherever somebody is and however it does: it ends in time, burns nothing, has nothing to report, and what was
//! typed is kept.

use std::fs;

use rustix::process::Signal;
use teamsconnector::app::action::Place;
use teamsconnector::store::Store;

use crate::support::bench::Bench;
use crate::support::invariants::whole;
use crate::support::line::Line;
use crate::support::program::Tour;
use crate::support::web;

/// How a line goes wrong.
#[derive(Debug, Clone, Copy)]
enum Wrong {
    /// The terminal goes away, and the system says so by a signal.
    Closed,
    /// It goes away without one.
    Unsaid,
    /// It goes away in the middle of a frame that it does not take.
    Blocked,
    /// It stays, and nobody reads it; the system asks the program to end.
    Asked(Signal),
}

const WRONGS: [(Wrong, u32); 6] = [
    (Wrong::Closed, 129),
    (Wrong::Unsaid, 129),
    (Wrong::Blocked, 129),
    (Wrong::Asked(Signal::TERM), 143),
    (Wrong::Asked(Signal::HUP), 129),
    (Wrong::Asked(Signal::INT), 130),
];

/// A screen: what is typed for it, each with what is then seen.
struct Screen {
    place: Place,
    tenant: &'static str,
    /// What is seen when everything was read from the files.
    first: &'static [&'static str],
    steps: &'static [(&'static str, &'static str)],
    /// Whether what is typed now is to be kept.
    keeps: bool,
}

const fn at(place: Place, steps: &'static [(&'static str, &'static str)]) -> Screen {
    Screen {
        place,
        tenant: "contoso",
        first: &["Enter edit", "6 Numbers 28"],
        steps,
        keeps: false,
    }
}

const fn form_of_a_user(steps: &'static [(&'static str, &'static str)]) -> Screen {
    Screen {
        keeps: true,
        ..at(Place::Form, steps)
    }
}

const ROWS: &str = "\x1b[200~Name\tEmail\tPhoneNumber\rKim\tkim@contoso.example\t+441235123490\rLu\tlu@contoso.example\t+441235123491\x1b[201~";

/// Each place, and where several screens are one place, each of these.
const SCREENS: [Screen; 31] = [
    at(Place::Users, &[]),
    at(Place::Candidates, &[("2", "f everyone")]),
    at(Place::Sync, &[("3", "RUNS")]),
    at(Place::Changes, &[("4", "DONE")]),
    at(Place::Licences, &[("5", "bought")]),
    at(Place::Numbers, &[("6", "by number")]),
    at(Place::Filter, &[("/", "name: mail: upn")]),
    at(Place::Why, &[("w", "WHY  ")]),
    at(Place::Plan, &[("p", "[x] Ben")]),
    at(Place::Conflict, &[("4", "DONE"), ("\r", "CONFLICT")]),
    at(Place::Text, &[("H", "HANDOVER")]),
    at(
        Place::Text,
        &[("4", "DONE"), ("G", "Whose"), ("\r", "AUDIT")],
    ),
    at(Place::Log, &[("3", "RUNS"), ("\r", "X export")]),
    at(Place::Choice, &[("t", "TENANTS")]),
    at(Place::Choice, &[("e", "EDIT  "), ("\x06", "FREE NUMBERS")]),
    at(Place::Choice, &[("j", "Diego"), ("M", "MOVE A SEAT")]),
    Screen {
        tenant: "asks",
        first: &["sign-in needed: L signs in"],
        ..at(Place::SignIn, &[("s", "Esc end it")])
    },
    at(Place::Earlier, &[("E", "THE TENANT BEFORE")]),
    at(
        Place::Review,
        &[(ROWS, "2 rows pasted"), ("\r", "of 2 rows")],
    ),
    at(Place::Form, &[("*", "marked"), ("e", "EDIT 3 MARKED")]),
    at(Place::Columns, &[("K", "COLUMNS")]),
    at(Place::Confirm, &[("d", "The seat goes back")]),
    at(Place::Confirm, &[("q", "Quit?")]),
    form_of_a_user(&[("e", "EDIT  "), ("\x15", "")]),
    form_of_a_user(&[("A", "ADD BY HAND"), ("\x15", "")]),
    at(Place::Form, &[("T", "TENANT SETTINGS")]),
    at(Place::Form, &[("\x0e", "ADD A TENANT")]),
    at(Place::Form, &[("I", "IMPORT")]),
    at(Place::Form, &[("X", "To the file")]),
    at(Place::Palette, &[("?", "type to search")]),
    at(Place::Palette, &[(":", "why TEXT explains")]),
];

/// People with a seat and without, one whose change waits, one whose change is in conflict; and a tenant that asks for a sign-in.
async fn inhabited() -> (Tour, Bench) {
    let tour = Tour::new("group = \"Voice users\"\n").await;
    let edits = [
        ("joni@contoso.example", None),
        ("benw@contoso.example", Some("+441235123480")),
        ("diego@contoso.example", Some("+14255550150")),
    ];
    for (who, number) in edits {
        tour.good(&["users", "add", who]);
        if let Some(number) = number {
            tour.good(&["users", "edit", who, "--number", number]);
        }
    }
    tour.good(&["seats", "set", "2"]);
    let base = tour.bench.base();
    web::put_number(&base, "+14255550100", None);
    web::put_number(&base, "+14255550151", Some("diego@contoso.example"));
    tour.call(&["sync"]);
    let file = tour.home.path().join("config.toml");
    let config = fs::read_to_string(&file).unwrap();
    let asks = Bench::new("other-tenant").await;
    let other = config
        .replace("contoso", "asks")
        .replace("client-secret", "device-code")
        .replace(tour.bench.simulator.tenant_id(), asks.simulator.tenant_id())
        .replace(tour.bench.simulator.client_id(), asks.simulator.client_id())
        .replace(&base, &asks.base());
    fs::write(&file, config + &other).unwrap();
    (tour, asks)
}

/// How often each screen: once, unless `TEAMSCONNECTOR_SWEEP` says how often, as in
/// `TEAMSCONNECTOR_SWEEP=200 cargo test --test it hang_up_sweep -- --nocapture`.
#[expect(
    clippy::disallowed_methods,
    reason = "a hook of this test, which the program does not read"
)]
fn rounds() -> usize {
    let asked = std::env::var("TEAMSCONNECTOR_SWEEP").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// Breaks the line of this screen in this way; the hundredths of a second of a processor that the end took.
async fn broken(tour: &Tour, screen: &Screen, (wrong, code): (Wrong, u32), number: usize) -> u64 {
    let about = format!("{} {:?}, {wrong:?}", screen.place.word(), screen.steps);
    let controls = !matches!(wrong, Wrong::Unsaid);
    let mut console = Line::of_tenant(tour, screen.tenant, (220, 60), controls);
    for text in screen.first {
        console.wait_for(text);
    }
    for (keys, text) in screen.steps {
        console.press(keys);
        console.wait_for(text);
    }
    let typed = format!("{:06}", 700_000 + number);
    if screen.keeps {
        console.press(&typed);
        console.wait_for(&typed);
    }
    match wrong {
        Wrong::Closed | Wrong::Unsaid => console.hang_up(),
        Wrong::Blocked => {
            console.fill(&tour.bench.base());
            console.hang_up();
        }
        Wrong::Asked(signal) => {
            console.fill(&tour.bench.base());
            console.signal(signal);
        }
    }
    let ended = console.ended();
    let ended = ended.unwrap_or_else(|| panic!("{about}: it is still there"));
    assert_eq!(ended.code, code, "{about}");
    assert!(ended.burnt < 100, "{about}: {ended:?}");
    let reports = fs::read_dir(tour.home.path().join("crash")).unwrap();
    assert_eq!(reports.count(), 0, "{about}");
    if screen.keeps {
        let store = Store::open(&tour.home.path().join("tenants/contoso")).unwrap();
        let drafts = store.ledger.drafts().await.unwrap();
        assert!(
            drafts.iter().any(|(_, text)| text.contains(&typed)),
            "{about}: {drafts:?}"
        );
        assert!(store.close());
    }
    whole(tour.home.path(), "");
    ended.burnt
}

#[tokio::test(flavor = "multi_thread")]
async fn hang_up_sweep_of_every_screen_leaves_no_process_and_keeps_the_draft() {
    for place in Place::ALL {
        let shown = SCREENS.iter().any(|screen| screen.place == place);
        assert!(shown, "no screen of {}", place.word());
    }
    let (tour, _asks) = inhabited().await;
    let (mut ends, mut most) = (0, 0);
    for round in 0..rounds() {
        for (n, screen) in SCREENS.iter().enumerate() {
            let wrong = WRONGS[(n + round) % WRONGS.len()];
            most = most.max(broken(&tour, screen, wrong, ends).await);
            ends += 1;
        }
    }
    eprintln!(
        "{ends} ends, none later than 4 s, at most {most} hundredths of a second of a processor"
    );
}
