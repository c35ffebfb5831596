//! The limit on what one run takes away, where it refuses: one below it, at it, one above it.

use serde_json::{Value, json};
use teamsconnector::domain::failure::FailureKind;
use teamsconnector::domain::run::Outcome;
use teamsconnector::ops::change;

use crate::support::bench::{Bench, Ran};
use crate::support::program::{configure, run_with_secret};
use crate::support::web;

fn upn(n: usize) -> String {
    format!("person{n}@contoso.example")
}

/// So many people with a number each, all on the list.
async fn everybody(count: usize) -> Bench {
    let mut bench = Bench::new("manual").await;
    let plan = |id: &str| json!({ "capabilityStatus": "Enabled", "service": "x", "servicePlanId": id, "assignedDateTime": "2025-01-01T08:00:00Z" });
    let id = |n: usize| format!("00000000-0000-4000-8000-{n:012x}");
    let users: Vec<Value> = (0..count)
        .map(|n| {
            json!({ "id": id(n), "userPrincipalName": upn(n), "mail": upn(n), "displayName": format!("Person {n}"),
                "accountEnabled": true, "userType": "Member", "usageLocation": "GB", "_teams": "user",
                "assignedLicenses": [{ "skuId": "e43b5b99-8dfb-405f-9987-dc307f34bcbd", "disabledPlans": [] }], "licenseAssignmentStates": [],
                "assignedPlans": [plan("4828c8ec-dc2e-4779-b502-87ac9ce28ab7"), plan("57ff2da0-773e-42df-b2af-ffb7a2317929")] })
        })
        .collect();
    let numbers: Vec<Value> = (0..count)
        .map(|n| json!({ "telephoneNumber": format!("+44123512{n:04}"), "numberType": "directRouting", "numberSource": "online",
            "assignmentStatus": "userAssigned", "assignmentTargetId": id(n) }))
        .collect();
    let whole = json!({ "users": users, "groups": [], "numbers": numbers });
    web::ask(&bench.base(), "PUT", "/_sim/tenant", Some(&whole));
    bench.sync().await;
    for n in 0..count {
        bench.add(&upn(n)).await;
    }
    bench
}

/// Takes the numbers of the first so many away.
async fn take(bench: &mut Bench, count: usize) -> Ran {
    for n in 0..count {
        let user = bench.user(&upn(n)).await;
        bench.want_number(&user, None).await;
    }
    bench.apply().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_more_than_the_limit_writes_nothing_at_all() {
    // Five of a small list, a tenth of a long one.
    for (count, limit) in [(12, 5), (50, 5), (60, 6)] {
        for taken in [limit - 1, limit] {
            let mut bench = everybody(count).await;
            let ran = take(&mut bench, taken).await;
            ran.wrote(u32::try_from(taken).unwrap());
        }
        let mut bench = everybody(count).await;
        let ran = take(&mut bench, limit + 1).await;
        let Outcome::Failed(failure) = &ran.outcome else {
            panic!("{}", ran.text());
        };
        assert_eq!(failure.kind, FailureKind::Refused);
        assert_eq!(
            failure.headline,
            format!(
                "{} changes take something away, the limit is {limit}",
                limit + 1
            )
        );
        assert_eq!(web::count(&bench.base(), "POST", "ssignNumber"), 0);
        assert_eq!(
            bench.desk().await.entries.len(),
            limit + 1,
            "all stay queued"
        );
        // Typed by name, it goes.
        bench.settings.past_limit = true;
        bench.apply().await.wrote(u32::try_from(limit + 1).unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_gives_and_takes_nothing_is_not_counted() {
    let mut bench = everybody(12).await;
    take(&mut bench, 5).await.wrote(5);
    // Half an hour has not passed: nothing more is taken, and first numbers go on.
    for n in 0..5 {
        let user = bench.user(&upn(n)).await;
        assert_eq!(user.number, None);
        bench
            .want_number(&user, Some(&format!("+4412351299{n:02}")))
            .await;
    }
    bench.apply().await.wrote(5);
    let user = bench.user(&upn(8)).await;
    bench.want_number(&user, None).await;
    let ran = bench.apply().await;
    assert!(
        matches!(&ran.outcome, Outcome::Failed(failure) if failure.headline == "1 change takes something away, the limit is 0"),
        "{}",
        ran.text()
    );
    let entry = bench.desk().await.entries[0].id;
    change::undo(bench.store(), entry, bench.stamp())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_script_past_the_limit_ends_with_six() {
    let bench = everybody(12).await;
    let home = tempfile::tempdir().unwrap();
    configure(home.path(), &bench.simulator, "");
    let call = |args: &[&str]| {
        let ended = run_with_secret(home.path(), bench.simulator.client_secret(), args);
        (ended.code, format!("{ended:?}"))
    };
    assert_eq!(call(&["sync"]).0, 0);
    for n in 0..6 {
        let (code, told) = call(&["users", "add", &upn(n)]);
        assert_eq!(code, 0, "{told}");
    }
    for n in 0..5 {
        let (code, told) = call(&["users", "remove", &upn(n), "--release"]);
        assert_eq!(code, 0, "{told}");
    }
    // The list has a limit of its own: the sixth within half an hour stays.
    for switch in ["--release", "--yes"] {
        let (code, told) = call(&["users", "remove", &upn(5), switch]);
        assert_eq!(code, 6, "{told}");
        assert!(
            told.contains("Person 5 is not removed: 5 users have left the list"),
            "{told}"
        );
    }
    let (code, told) = call(&["users", "edit", &upn(5), "--number", "none"]);
    assert_eq!(code, 0, "{told}");
    let (code, told) = call(&["sync", "--yes"]);
    assert_eq!(code, 6, "{told}");
    let why = "6 changes take something away, the limit is 5";
    assert!(told.contains(why), "{told}");
    assert_eq!(web::count(&bench.base(), "POST", "ssignNumber"), 0);
}
