//! The demo: starts the built-in tenant, and puts in this side's part of a scenario (users, seats, pin).

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::config::places::Places;
use crate::config::{AddUsers, Allow, CloudName, Endpoints, SignInWay, TenantConfig};
use crate::domain::country::Country;
use crate::domain::failure::{Failure, FailureKind};
use crate::domain::guid::{Guid, ObjectId, TenantId};
use crate::domain::pace::Clock;
use crate::domain::phone::PhoneNumber;
use crate::domain::seat::Seats;
use crate::domain::user::{Association, NewUser};
use crate::domain::words;
use crate::sim::{Options, Scenario, Simulator};
use crate::store::{Stamp, Store};

/// A demo under way.
#[derive(Debug)]
pub(super) struct Demo {
    /// Name of the tenant's folder.
    pub(super) name: String,
    /// Its configuration.
    pub(super) config: TenantConfig,
    /// The scenario.
    pub(super) scenario: Scenario,
}

/// Starts the built-in tenant. With `keep` its state lies in the home and stays.
pub(super) async fn start(
    scenario: &str,
    places: &Places,
    keep: bool,
    clock: &Clock,
) -> anyhow::Result<Simulator> {
    let scenario = known(scenario)?;
    let name = folder(&scenario);
    let address = places.demo().join(format!("{name}.address"));
    let simulator = listen(
        &scenario,
        &address,
        keep.then(|| places.demo().join(&name)),
        clock,
    )
    .await?;
    // Whoever wants to look at the tenant from outside finds it here, and the next start listens there again.
    std::fs::write(&address, simulator.addr().to_string()).map_err(|error| {
        let headline = format!("{} could not be written", address.display());
        Failure::new(FailureKind::Store, headline, error.to_string(), "")
    })?;
    Ok(simulator)
}

/// How a built-in tenant that runs is configured.
pub(super) fn configured(scenario: &str, simulator: &Simulator) -> anyhow::Result<Demo> {
    let scenario = known(scenario)?;
    let name = folder(&scenario);
    let mut config = TenantConfig::new(simulator.tenant_id());
    config.client_id = Some(simulator.client_id().to_owned());
    config.sign_in = if scenario == Scenario::CodeBlocked {
        SignInWay::DeviceCode
    } else {
        SignInWay::ClientSecret
    };
    config.cloud = CloudName::Custom;
    config.endpoints = Some(Endpoints {
        login: simulator.base_url(),
        graph: simulator.base_url(),
        teams_api: true,
    });
    config.read_only = false;
    config.allow = BTreeSet::from([Allow::Numbers, Allow::Location, Allow::Licences]);
    config.add_users = if scenario == Scenario::Manual {
        AddUsers::Manual
    } else {
        AddUsers::Sync
    };
    config.group = match scenario {
        Scenario::Tour
        | Scenario::CodeBlocked
        | Scenario::EmptyGroup
        | Scenario::AmbiguousGroup
        | Scenario::HiddenGroup => Some("Voice users".to_owned()),
        Scenario::BadGroup => Some("bad-group-name".to_owned()),
        _ => None,
    };
    Ok(Demo {
        name,
        config,
        scenario,
    })
}

/// Starts the tenant where it listened last, so that its links stay good; on a free port when that one is taken.
async fn listen(
    scenario: &Scenario,
    address: &Path,
    state_dir: Option<PathBuf>,
    clock: &Clock,
) -> anyhow::Result<Simulator> {
    let options = |listen: SocketAddr| {
        let now = clock.clone();
        let clock: crate::sim::Clock = std::sync::Arc::new(move || now.now());
        Options {
            scenario: scenario.clone(),
            listen,
            state_dir: state_dir.clone(),
            clock,
        }
    };
    let last = std::fs::read_to_string(address)
        .ok()
        .and_then(|text| text.trim().parse::<SocketAddr>().ok());
    if let Some(last) = last.filter(|last| last.ip().is_loopback())
        && let Ok(simulator) = Simulator::start(options(last)).await
    {
        return Ok(simulator);
    }
    let failed = |error: crate::sim::SimError| {
        let headline = "The built-in tenant could not start";
        // Whoever has it lets go of it.
        let kind = match error {
            crate::sim::SimError::Kept { .. } => FailureKind::TryAgain,
            _ => FailureKind::Other,
        };
        Failure::new(kind, headline, error.to_string(), words::UNCHANGED)
    };
    Ok(Simulator::start(options(([127, 0, 0, 1], 0).into()))
        .await
        .map_err(failed)?)
}

/// Name of the folder of a scenario, by the word that it is asked for with.
pub(super) fn folder_of(scenario: &str) -> anyhow::Result<String> {
    Ok(folder(&known(scenario)?))
}

fn known(scenario: &str) -> Result<Scenario, Failure> {
    Scenario::parse(scenario).map_err(|error| {
        Failure::new(
            FailureKind::Config,
            error.to_string(),
            "",
            format!("Scenarios: {}", Scenario::NAMES.join(", ")),
        )
    })
}

fn folder(scenario: &Scenario) -> String {
    match scenario {
        Scenario::Tour => "demo".to_owned(),
        other => format!("demo-{}", other.name().replace(':', "-")),
    }
}

/// Somebody who is configured when the demo begins: name, e-mail, number as last seen, country.
type Person = (&'static str, &'static str, &'static str, &'static str);

const TOUR: &[Person] = &[
    (
        "Diego Siciliani",
        "diego@contoso.example",
        "+14255550100",
        "US",
    ),
    ("Lee Gu", "lee@contoso.example", "+441235123471", "US"),
    (
        "Megan Bowen",
        "megan@contoso.example",
        "+441235123470",
        "GB",
    ),
    (
        "Adele Vance",
        "adele@contoso.example",
        "+441235123473",
        "GB",
    ),
    ("Isaiah Langer", "isaiah@contoso.example", "", "GB"),
    ("Pat Old", "pat@contoso.example", "+441235123472", "GB"),
    (
        "Miriam Graham",
        "miriam@contoso.example",
        "+441235123475",
        "GB",
    ),
    (
        "Lidia Holloway",
        "lidia@contoso.example",
        "+441235123476",
        "GB",
    ),
    (
        "Patti Fernandez",
        "patti@contoso.example",
        "+14255550102",
        "US",
    ),
    ("Ben Walters", "ben.walters@contoso.example", "", ""),
];

const SEATS_SHORT: &[Person] = &[
    (
        "Amy Apple",
        "amy.apple@contoso.example",
        "+441235123501",
        "GB",
    ),
    (
        "Bob Birch",
        "bob.birch@contoso.example",
        "+441235123502",
        "GB",
    ),
    (
        "Cleo Cedar",
        "cleo.cedar@contoso.example",
        "+441235123503",
        "GB",
    ),
    (
        "Dan Dogwood",
        "dan.dogwood@contoso.example",
        "+441235123504",
        "GB",
    ),
    ("Eve Elm", "eve.elm@contoso.example", "+441235123505", "GB"),
    (
        "Finn Fir",
        "finn.fir@contoso.example",
        "+441235123506",
        "GB",
    ),
    (
        "Gus Ginkgo",
        "gus.ginkgo@contoso.example",
        "+441235123507",
        "GB",
    ),
    (
        "Hazel Holly",
        "hazel.holly@contoso.example",
        "+441235123508",
        "GB",
    ),
];

/// As the import file had them: five match, the last three do not.
const AFTER_IMPORT: &[Person] = &[
    ("Ann Field", "ann.field@contoso.example", "", ""),
    ("Bill Stone", "BILL.STONE@contoso.example", "", ""),
    ("Cara Lake", "cara.lake@contoso.example", "", ""),
    ("Dev Patel", "dev.patel@contoso.example", "", ""),
    ("Erin Shaw", "erin.shaw@contoso.example", "", ""),
    ("John Smith", "john.smith@contoso.example", "", ""),
    ("Katherine Reid", "katherine.reid@contoso.example", "", ""),
    ("Leo Brown", "leo.brown@contoso.example", "", ""),
];

const WRONG_COUNTRY: &[Person] = &[
    (
        "Rose Quinn",
        "rose.quinn@contoso.example",
        "+441235123701",
        "US",
    ),
    (
        "Theo Marsh",
        "theo.marsh@contoso.example",
        "+441235123702",
        "FR",
    ),
    ("Una Voss", "una.voss@contoso.example", "+441235123703", ""),
    (
        "Vic Wood",
        "vic.wood@contoso.example",
        "+441235123704",
        "GB",
    ),
];

const DIRSYNC: &[Person] = &[
    (
        "Ada Pike",
        "ada.pike@contoso.example",
        "+441235123801",
        "GB",
    ),
    (
        "Bruno Salt",
        "bruno.salt@contoso.example",
        "+441235123802",
        "GB",
    ),
    (
        "Celia Tarn",
        "celia.tarn@contoso.example",
        "+441235123803",
        "GB",
    ),
    ("Doug Vale", "doug.vale@contoso.example", "", "GB"),
    ("Elsa Wick", "elsa.wick@contoso.example", "", "GB"),
];

/// Users of the tenant that was used before: the sign-in now goes to another one.
const OTHER_TENANT: &[Person] = &[
    (
        "Amy Apple",
        "amy.apple@contoso.example",
        "+441235123501",
        "GB",
    ),
    (
        "Bob Birch",
        "bob.birch@contoso.example",
        "+441235123502",
        "GB",
    ),
];

/// The tenant that the tour, and the last run of `other-tenant`, belong to.
const CONTOSO: &str = "11111111-2222-4333-8444-555555555555";

/// Puts in what this side knows when the scenario begins; a home that has been used before is left as it is.
pub(super) async fn seed(
    store: &Store,
    scenario: &Scenario,
    served: &str,
    stamp: Stamp,
) -> anyhow::Result<()> {
    let picture = store.ledger.load().await.map_err(|error| error.failure())?;
    let used = store
        .history
        .list(1)
        .await
        .map_err(|error| error.failure())?;
    if picture.pin.is_some() || !picture.users.is_empty() || !used.is_empty() {
        return Ok(());
    }
    let (tenant, people, seats) = match scenario {
        Scenario::Tour | Scenario::CodeBlocked => (served, TOUR, Some(15)),
        Scenario::SeatsShort => (served, SEATS_SHORT, Some(6)),
        Scenario::TrialEnded => (served, SEATS_SHORT, Some(8)),
        Scenario::AfterImport => (served, AFTER_IMPORT, None),
        Scenario::WrongCountry => (served, WRONG_COUNTRY, None),
        Scenario::Dirsync => (served, DIRSYNC, None),
        Scenario::OtherTenant => (CONTOSO, OTHER_TENANT, None),
        Scenario::NoPhoneSystem
        | Scenario::CallingPlans
        | Scenario::BadGroup
        | Scenario::EmptyGroup
        | Scenario::AmbiguousGroup
        | Scenario::HiddenGroup
        | Scenario::Manual
        | Scenario::CommunicationsCredits
        | Scenario::Size(_) => return Ok(()),
    };
    let seats = Seats {
        bought: seats,
        ends: (*scenario == Scenario::TrialEnded)
            .then(|| {
                stamp
                    .at
                    .to_zoned(jiff::tz::TimeZone::UTC)
                    .date()
                    .yesterday()
                    .ok()
            })
            .flatten(),
    };
    put(store, tenant, people, seats, stamp.clone()).await?;
    if *scenario == Scenario::Tour {
        gone_user(store, tenant, stamp).await?;
    }
    Ok(())
}

/// Somebody whose directory user was deleted since.
async fn gone_user(store: &Store, tenant: &str, stamp: Stamp) -> anyhow::Result<()> {
    let tenant: TenantId = tenant.parse()?;
    let mut user = person(&("Grady Archie", "grady@contoso.example", "", "GB"));
    user.association = Association::Matched(ObjectId(Guid::from_bytes([0xee; 16])));
    store
        .ledger
        .add_users(vec![user], tenant, stamp)
        .await
        .map_err(|error| error.failure())?;
    Ok(())
}

async fn put(
    store: &Store,
    tenant: &str,
    people: &[Person],
    seats: Seats,
    stamp: Stamp,
) -> anyhow::Result<()> {
    let tenant: TenantId = tenant.parse()?;
    store
        .ledger
        .pin(tenant, "Contoso Ltd".to_owned(), stamp.clone())
        .await
        .map_err(|error| error.failure())?;
    store
        .ledger
        .set_seats(seats, stamp.clone())
        .await
        .map_err(|error| error.failure())?;
    let users = people.iter().map(person).collect();
    store
        .ledger
        .add_users(users, tenant, stamp)
        .await
        .map_err(|error| error.failure())?;
    Ok(())
}

fn person((name, mail, number, country): &Person) -> NewUser {
    NewUser {
        number: PhoneNumber::from_tenant(number),
        country: Country::from_tenant(country),
        ..NewUser::by_mail(name, mail)
    }
}
