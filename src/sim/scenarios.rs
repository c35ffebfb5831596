//! The named tenants, each with what its article or its story needs, to the last person.

use jiff::Timestamp;

use super::Scenario;
use super::names;
use super::seed::{GroupSeed, PersonSeed, SkuSeed, TenantSeed};
use super::tenant::Tenant;

const CONTOSO: &[&str] = &["contoso.example", "contoso.onmicrosoft.example"];
const PHONE: &[&str] = &["SPE_E3", "MCOEV"];

/// Makes a scenario's tenant, with all its dates counted back from `born`.
pub(super) fn build(scenario: &Scenario, born: Timestamp) -> Tenant {
    let (id, name, domains) = match scenario {
        Scenario::Size(size) => return Tenant::crowd_of(*size, born),
        Scenario::Tour => (
            "11111111-2222-4333-8444-555555555555",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::NoPhoneSystem => (
            "21111111-2222-4333-8444-555555555501",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::CallingPlans => (
            "21111111-2222-4333-8444-555555555502",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::BadGroup => (
            "21111111-2222-4333-8444-555555555503",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::CommunicationsCredits => (
            "21111111-2222-4333-8444-555555555504",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::SeatsShort => (
            "21111111-2222-4333-8444-555555555505",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::AfterImport => (
            "21111111-2222-4333-8444-555555555506",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::WrongCountry => (
            "21111111-2222-4333-8444-555555555507",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::Dirsync => (
            "21111111-2222-4333-8444-555555555508",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::EmptyGroup => (
            "21111111-2222-4333-8444-555555555509",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::AmbiguousGroup => (
            "21111111-2222-4333-8444-55555555550a",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::HiddenGroup => (
            "21111111-2222-4333-8444-55555555550b",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::TrialEnded => (
            "21111111-2222-4333-8444-55555555550c",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::Manual => (
            "21111111-2222-4333-8444-55555555550d",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::CodeBlocked => (
            "21111111-2222-4333-8444-55555555550e",
            "Contoso Ltd",
            CONTOSO,
        ),
        Scenario::OtherTenant => (
            "99999999-2222-4333-8444-555555555555",
            "Fabrikam Inc",
            &["fabrikam.example", "fabrikam.onmicrosoft.example"][..],
        ),
    };
    let mut tenant = Tenant::empty(scenario.name(), id, name, domains, born);
    seed(scenario).plant(&mut tenant);
    tenant
}

fn seed(scenario: &Scenario) -> TenantSeed {
    let file = match scenario {
        Scenario::NoPhoneSystem => return people_only(no_phone_system()),
        Scenario::CallingPlans => return calling_plans(),
        Scenario::BadGroup => return bad_group(),
        Scenario::EmptyGroup => return grouped(&[("", &[])], false),
        Scenario::AmbiguousGroup => {
            return grouped(&[("London", &[0, 1, 2]), ("Leeds", &[3, 4])], false);
        }
        Scenario::HiddenGroup => return grouped(&[("", &[0, 1, 2, 3, 4, 5])], true),
        Scenario::Manual => return people_only((0..6).map(|n| one(n, PHONE)).collect()),
        Scenario::CommunicationsCredits => return people_only(communications_credits()),
        Scenario::Size(_) => return TenantSeed::default(),
        Scenario::Tour | Scenario::CodeBlocked => include_str!("../../assets/demo/tour.json"),
        Scenario::SeatsShort | Scenario::TrialEnded => {
            include_str!("../../assets/demo/seats-short.json")
        }
        Scenario::AfterImport => include_str!("../../assets/demo/after-import.json"),
        Scenario::WrongCountry => include_str!("../../assets/demo/wrong-country.json"),
        Scenario::Dirsync => include_str!("../../assets/demo/dirsync.json"),
        Scenario::OtherTenant => include_str!("../../assets/demo/other-tenant.json"),
    };
    TenantSeed::read(file)
}

fn people_only(people: Vec<PersonSeed>) -> TenantSeed {
    TenantSeed {
        people,
        ..TenantSeed::default()
    }
}

/// The n-th plain name with some licences.
fn one(n: usize, skus: &[&str]) -> PersonSeed {
    let (given, family) = names::plain(n);
    PersonSeed::plain(given, family, skus)
}

/// 15 enabled, 13 of them licensed, none with a Phone System.
fn no_phone_system() -> Vec<PersonSeed> {
    (0..15)
        .map(|n| match n {
            0..5 => one(n, &["O365_BUSINESS_ESSENTIALS"]),
            5..10 => one(n, &["SPE_E3"]),
            10..13 => one(n, &["O365_BUSINESS_PREMIUM"]),
            _ => one(n, &[]),
        })
        .collect()
}

/// 399 enabled, 127 licensed, 108 with a Phone System, 104 of those with a Calling Plan; and seven disabled accounts
/// that do not count.
fn calling_plans() -> TenantSeed {
    let by_group = || SkuSeed::Full {
        sku: "MCOPSTN1".to_owned(),
        group: Some("Calling plans".to_owned()),
        off: Vec::new(),
    };
    let people = (0..406)
        .map(|n| match n {
            0..40 => one(n, &["SPE_E3", "MCOEV", "MCOPSTN1"]),
            40..64 => one(n, &["SPE_E3", "MCOTEAMS_ESSENTIALS"]),
            64..80 => one(n, &["O365_BUSINESS_PREMIUM", "BUSINESS_VOICE_MED2"]),
            80..92 => one(n, &["SPE_E5_CALLINGMINUTES"]),
            92..104 => {
                let mut person = one(n, &["SPE_E5"]);
                person.skus.push(by_group());
                person
            }
            104..108 => one(n, PHONE),
            108..127 => one(n, &["SPE_E3"]),
            127..399 => one(n, &[]),
            n => PersonSeed {
                off: true,
                ..one(
                    n,
                    if n % 2 == 0 {
                        &["SPE_E5", "MCOPSTN1"]
                    } else {
                        &[]
                    },
                )
            },
        })
        .collect();
    let members = (92..104).map(|n| one(n, &[]).upn).collect();
    let groups = vec![GroupSeed {
        name: "Calling plans".to_owned(),
        members,
        ..GroupSeed::default()
    }];
    TenantSeed {
        people,
        groups,
        ..TenantSeed::default()
    }
}

/// 76 enabled and healthy; a group exists, but not the one that is asked for.
fn bad_group() -> TenantSeed {
    let people: Vec<PersonSeed> = (0..76)
        .map(|n| one(n, if n % 3 == 0 { &["SPE_E5"] } else { PHONE }))
        .collect();
    let members = people
        .iter()
        .take(40)
        .map(|person| person.upn.clone())
        .collect();
    let groups = vec![GroupSeed {
        name: "Voice users".to_owned(),
        members,
        ..GroupSeed::default()
    }];
    TenantSeed {
        people,
        groups,
        ..TenantSeed::default()
    }
}

/// 12 enabled and healthy, and groups called "Voice users" with some of them in it.
fn grouped(groups: &[(&str, &[usize])], hidden: bool) -> TenantSeed {
    let people: Vec<PersonSeed> = (0..12).map(|n| one(n, PHONE)).collect();
    let groups = groups
        .iter()
        .map(|(about, members)| GroupSeed {
            name: "Voice users".to_owned(),
            about: (*about).to_owned(),
            members: members.iter().map(|&n| people[n].upn.clone()).collect(),
            hidden,
            ..GroupSeed::default()
        })
        .collect();
    TenantSeed {
        people,
        groups,
        ..TenantSeed::default()
    }
}

/// 12 enabled and licensed, 9 with a Phone System, 3 of those with Communications Credits.
fn communications_credits() -> Vec<PersonSeed> {
    (0..12)
        .map(|n| match n {
            0..3 => one(n, &["SPE_E5", "MCOPSTNC"]),
            3..9 => one(n, PHONE),
            _ => one(n, &["SPE_E3"]),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::person::Person;
    use crate::sim::teams::{CALLING, PHONE as PHONE_PLANS};

    fn tenant(scenario: &Scenario) -> Tenant {
        build(scenario, "2026-11-20T09:00:00Z".parse().unwrap())
    }

    /// total, licensed, phoneSystem, excluded, resource: as the client's log counts them.
    fn counters(scenario: &Scenario) -> [usize; 5] {
        let tenant = tenant(scenario);
        let has = |person: &Person, set: &[&str]| {
            tenant
                .usable_plans(person)
                .iter()
                .any(|plan| set.contains(plan))
        };
        let resource = |person: &Person| person.account_type.is_some();
        let enabled: Vec<&Person> = tenant
            .people
            .values()
            .filter(|person| person.enabled && !resource(person))
            .collect();
        let phone: Vec<&&Person> = enabled
            .iter()
            .filter(|person| has(person, PHONE_PLANS))
            .collect();
        [
            enabled.len(),
            enabled
                .iter()
                .filter(|person| !person.grants.is_empty())
                .count(),
            phone.len(),
            phone
                .iter()
                .filter(|person| has(person, CALLING) || has(person, &["MCOPSTNC"]))
                .count(),
            tenant
                .people
                .values()
                .filter(|person| resource(person))
                .count(),
        ]
    }

    #[test]
    fn the_counts_of_the_articles_are_exact() {
        assert_eq!(counters(&Scenario::NoPhoneSystem), [15, 13, 0, 0, 0]);
        assert_eq!(counters(&Scenario::CallingPlans), [399, 127, 108, 104, 0]);
        assert_eq!(counters(&Scenario::BadGroup), [76, 76, 76, 0, 0]);
        assert_eq!(
            counters(&Scenario::CommunicationsCredits),
            [12, 12, 9, 3, 0]
        );
        assert_eq!(counters(&Scenario::SeatsShort), [8, 8, 8, 0, 0]);
        assert_eq!(counters(&Scenario::TrialEnded), [8, 8, 8, 0, 0]);
        assert_eq!(counters(&Scenario::Manual), [6, 6, 6, 0, 0]);
        for grouped in [
            Scenario::EmptyGroup,
            Scenario::AmbiguousGroup,
            Scenario::HiddenGroup,
        ] {
            assert_eq!(counters(&grouped), [12, 12, 12, 0, 0]);
        }
        assert_eq!(counters(&Scenario::AfterImport), [8, 8, 8, 0, 0]);
        assert_eq!(counters(&Scenario::WrongCountry), [5, 5, 5, 0, 0]);
        assert_eq!(counters(&Scenario::Dirsync), [6, 6, 6, 0, 0]);
        assert_eq!(counters(&Scenario::OtherTenant), [12, 12, 12, 0, 0]);
        assert_eq!(tenant(&Scenario::CallingPlans).people.len(), 406);
    }

    #[test]
    fn the_tour_holds_every_symptom() {
        assert_eq!(counters(&Scenario::Tour), [35, 31, 26, 5, 2]);
        let tour = tenant(&Scenario::Tour);
        assert_eq!(tour.people.len(), 39);
        let plans =
            |upn: &str| tour.usable_plans(&tour.find(&format!("{upn}@contoso.example")).unwrap());
        for upn in ["lynne", "grady", "delia", "joni", "alex", "adele"] {
            let person = tour.find(&format!("{upn}@contoso.example")).unwrap();
            let count = tour.plan_rows(&person).len();
            assert!((40..=60).contains(&count), "{upn} has {count} plans");
        }
        assert!(!plans("lynne").contains(&"EXCHANGE_S_ENTERPRISE"));
        assert!(plans("alex").contains(&"MCOPSTN1"));
        assert!(plans("henrietta").contains(&"MCOPSTN8"));
        assert!(!plans("emily").contains(&"MCOEV"));
        assert!(!plans("gerhart").contains(&"MCOEV"));
        assert!(plans("raul").contains(&"MCOEV") && !plans("raul").contains(&"TEAMS1"));
        let held: Vec<(&str, Option<&str>)> = tour
            .numbers
            .values()
            .map(|row| (row.number.as_str(), row.target.as_deref()))
            .collect();
        assert_eq!(
            held.iter().filter(|(_, target)| target.is_none()).count(),
            16
        );
        let johanna = tour.find("johanna@contoso.example").unwrap();
        assert_eq!(
            johanna.grants[1].group.as_deref(),
            tour.groups
                .iter()
                .find(|group| group.name == "Calling plan licences")
                .map(|group| group.id.as_str())
        );
    }

    #[test]
    fn every_user_is_of_the_size_that_the_field_has() {
        let tour = tenant(&Scenario::Tour);
        let suite = tour.find("joni@contoso.example").unwrap();
        assert_eq!(tour.plan_rows(&suite).len(), 45);
        let suite = tour.find("adele@contoso.example").unwrap();
        assert_eq!(tour.plan_rows(&suite).len(), 60);
    }

    #[test]
    fn names_of_scenarios_are_read_back() {
        for scenario in [
            Scenario::Tour,
            Scenario::Dirsync,
            Scenario::OtherTenant,
            Scenario::Size(12),
        ] {
            assert_eq!(Scenario::parse(&scenario.name()).unwrap(), scenario);
        }
        assert!(Scenario::parse("size:0x").is_err());
        let error = Scenario::parse("nope").unwrap_err().to_string();
        assert!(
            error.contains("calling-plans") && error.contains("size:N"),
            "{error}"
        );
    }
}
