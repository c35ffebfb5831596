//! Ways in which a telephone fell silent with nobody told, each found by a review and shown over the wire.

use serde_json::json;
use teamsconnector::domain::outbox::{EntryState, Removal};
use teamsconnector::domain::plan_ids::PlanClass;
use teamsconnector::domain::repair::Repair;
use teamsconnector::domain::run::RunKind;
use teamsconnector::ops::change;
use teamsconnector::ops::repair::With;

use crate::repairs::{id, named, ways, writes};
use crate::support::bench::{Bench, number};
use crate::support::web;

/// A move queued before the successor was put on the list, and an edit after it.
#[tokio::test(flavor = "multi_thread")]
async fn an_edit_after_a_move_is_one_change_of_one_field() {
    let mut bench = Bench::synced("tour").await;
    bench.add("lee@contoso.example").await;
    let kim_id = id(&bench, "kim@contoso.example").await;
    bench.move_number("+441235123471", kim_id).await;
    let kim = bench.add("kim@contoso.example").await;
    bench.want_number(&kim, Some("+441235123650")).await;
    assert_eq!(
        bench.desk().await.entries.len(),
        1,
        "the second edit replaces the first"
    );
    let ran = bench.apply().await;
    let a = web::number(&bench.base(), "+441235123471").unwrap();
    assert_ne!(
        a["assignmentTargetId"],
        json!(null),
        "Lee's number rings nowhere and nobody was told\n{}",
        ran.text()
    );
}

/// What another administrator does between plan and write is not written over, at each of three steps.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_came_during_the_push_is_not_silenced() {
    let mut bench = Bench::synced("tour").await;
    let lee = bench.add("lee@contoso.example").await;
    let kim = bench.add("kim@contoso.example").await;
    let kim_id = kim.association.id().unwrap().to_string();
    let henrietta = id(&bench, "henrietta@contoso.example").await;
    bench.want_number(&lee, None).await;
    bench.want_number(&kim, Some("+441235123621")).await;
    bench.want_country(&kim, "IE").await;
    let repairs = ways(&bench, henrietta, PlanClass::Calling).await;
    bench.repair(henrietta, &repairs, With::default()).await;
    let kind = bench.planned().await;
    let base = bench.base();
    let ran = bench.run_hearing(kind, |line, _| {
        if line.text == "Lee Gu: +44 1235 123471 released" {
            web::ask(&base, "PATCH", "/_sim/users/kim@contoso.example", Some(&json!({"usageLocation": "FR"})));
            web::put_number(&base, "+441235123798", Some(&kim_id));
            web::ask(&base, "POST", "/_sim/numbers",
                Some(&json!({"telephoneNumber": "+493012345678", "type": "callingPlan", "target": henrietta.to_string()})));
        }
    }).await;
    assert_eq!(
        web::number(&base, "+441235123798").unwrap()["assignmentTargetId"],
        kim_id.as_str(),
        "{}",
        ran.text()
    );
    assert_eq!(
        web::person(&base, "kim@contoso.example")["usageLocation"],
        "FR"
    );
    assert_eq!(
        writes(&bench)
            .iter()
            .filter(|(_, path)| path.contains("assignLicense"))
            .count(),
        0,
        "the licence goes while +49 30 12345678 is held\n{}",
        ran.text()
    );
}

/// A licence that is refused after its number went: the number that is offered back comes back.
#[tokio::test(flavor = "multi_thread")]
async fn a_calling_plan_number_that_was_released_in_vain_can_be_given_back() {
    let mut bench = Bench::synced("tour").await;
    let alex = id(&bench, "alex@contoso.example").await;
    let repairs = ways(&bench, alex, PlanClass::Calling).await;
    bench.repair(alex, &repairs, named("Alex Wilber")).await;
    let kind = bench.planned().await;
    web::knobs(
        &bench.base(),
        &json!({"fail_next": [{"path_contains": "/assignLicense", "method": "POST", "times": 1, "status": 400,
        "code": "Request_BadRequest", "message": "License assignment failed because service plan 1 depends on the service plan(s) 2"}]}),
    );
    bench.run(kind).await;
    let entry = bench.desk().await.entries[0].id;
    bench.undo(entry).await;
    let ran = bench.apply().await; // `planned` finds no item today
    assert_eq!(
        web::number(&bench.base(), "+14255550101").unwrap()["assignmentTargetId"],
        alex.to_string(),
        "{}",
        ran.text()
    );
}

/// A licence change that has nothing to do with a Calling Plan opens no way for a number.
#[tokio::test(flavor = "multi_thread")]
async fn credits_that_go_do_not_make_a_phone_system() {
    let mut bench = Bench::synced("tour").await;
    let who = id(&bench, "enrico@contoso.example").await;
    web::put_number(&bench.base(), "+441235123600", Some(&who.to_string()));
    web::ask(
        &bench.base(),
        "PATCH",
        "/_sim/users/enrico@contoso.example",
        Some(&json!({"planStatus": {"MCOEV": "Suspended"}})),
    );
    bench.sync().await;
    let enrico = bench.add("enrico@contoso.example").await;
    bench.want_number(&enrico, Some("+441235123601")).await;
    let repairs = ways(&bench, who, PlanClass::Credits).await;
    bench.repair(who, &repairs, With::default()).await;
    let plan = bench.plan().await;
    assert_eq!(plan.silenced(|_| true), []);
    assert_eq!(plan.left_out[0].why, "no usable Phone System licence");
}

/// A move that has released is never forgotten: neither by removing its successor nor by "take theirs".
#[tokio::test(flavor = "multi_thread")]
async fn a_moved_number_is_not_forgotten_with_its_successor() {
    for removed in [true, false] {
        let mut bench = Bench::synced("tour").await;
        let lee = bench.add("lee@contoso.example").await;
        let kim = bench.add("kim@contoso.example").await;
        let kim_id = kim.association.id().unwrap();
        bench.move_number("+441235123471", kim_id).await;
        let kind = bench.planned().await;
        web::knobs(
            &bench.base(),
            &json!({"fail_next": [{"path_contains": "/assignNumber", "method": "POST", "times": 1,
            "status": 400, "code": "BadRequest", "message": "Update failed for user. Please try again"}]}),
        );
        bench.run(kind).await;
        let entry = bench.desk().await.entries[0].id;
        if removed {
            let removal = Removal::of(kim.id, None, &bench.desk().await.entries);
            change::remove(bench.store(), removal, bench.stamp())
                .await
                .unwrap();
        } else {
            bench.undo(entry).await;
        }
        let desk = bench.desk().await;
        assert!(
            desk.entries.iter().any(|entry| entry.user == Some(lee.id)
                && entry.wanted.number() == Some(&number("+441235123471"))),
            "giving back is queued: {:?}",
            desk.entries
        );
    }
}

/// A second Calling Plan number of the same person.
#[tokio::test(flavor = "multi_thread")]
async fn no_licence_goes_while_a_second_number_is_held() {
    let mut bench = Bench::synced("tour").await;
    let alex = id(&bench, "alex@contoso.example").await;
    let body = json!({"telephoneNumber": "+14255550190", "type": "callingPlan", "target": alex.to_string()});
    web::ask(&bench.base(), "POST", "/_sim/numbers", Some(&body));
    bench.sync().await;
    let repairs = ways(&bench, alex, PlanClass::Calling).await;
    let refused = bench
        .repair_refused(alex, &repairs, named("Alex Wilber"))
        .await;
    assert_eq!(
        refused.headline,
        "This stops several numbers at once: +1 425 555 0101 and +1 425 555 0190"
    );
}

/// The name was typed for one number; "keep mine" does not carry it to another.
#[tokio::test(flavor = "multi_thread")]
async fn the_name_that_was_typed_for_one_number_releases_no_other() {
    let mut bench = Bench::synced("tour").await;
    let pat = id(&bench, "pat@contoso.example").await;
    let repairs = [Repair::Release {
        number: number("+441235123472"),
    }];
    bench.repair(pat, &repairs, named("Pat Old")).await;
    web::put_number(&bench.base(), "+441235123472", None);
    let body = json!({"telephoneNumber": "+493012345678", "type": "callingPlan", "target": pat.to_string()});
    web::ask(&bench.base(), "POST", "/_sim/numbers", Some(&body));
    bench.run(RunKind::Plan).await;
    bench.sync().await;
    assert_eq!(
        bench.desk().await.entries,
        [],
        "what was to be released is released; the other number was never meant"
    );
    let there = web::number(&bench.base(), "+493012345678").unwrap();
    assert_eq!(there["assignmentTargetId"], pat.to_string());
    assert_eq!(writes(&bench), []);
}

/// A move that was taken half-way, whose successor is deleted, waits for a person and gives the number back.
#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_somebody_who_was_deleted_meanwhile_gives_the_number_back() {
    let mut bench = Bench::synced("tour").await;
    let lee = bench.add("lee@contoso.example").await;
    let kim = id(&bench, "kim@contoso.example").await;
    bench.move_number("+441235123471", kim).await;
    let kind = bench.planned().await;
    // The answer of the assignment is lost, and the tenant has not carried it out.
    web::knobs(
        &bench.base(),
        &json!({"fail_next": [{"path_contains": "/assignNumber", "method": "POST", "times": 1, "drop": true}]}),
    );
    let base = bench.base();
    bench
        .run_hearing(kind, |line, _| {
            if line.text.contains("+44 1235 123471 released") {
                web::ask(
                    &base,
                    "PATCH",
                    "/_sim/users/kim@contoso.example",
                    Some(&json!({"deleted": true})),
                );
            }
        })
        .await;
    bench.sync().await;
    let desk = bench.desk().await;
    let entry = desk
        .entries
        .first()
        .expect("the move is not forgotten")
        .clone();
    assert!(entry.state.is_ours(), "{:?}", entry.state);
    change::undo(bench.store(), entry.id, bench.stamp())
        .await
        .unwrap();
    let ran = bench.apply().await;
    let there = web::number(&bench.base(), "+441235123471").unwrap();
    assert_eq!(
        there["assignmentTargetId"],
        lee.association.id().unwrap().to_string(),
        "{}",
        ran.text()
    );
}

/// A lost answer of a licence is settled by reading, and sent once.
#[tokio::test(flavor = "multi_thread")]
async fn a_licence_whose_answer_was_lost_is_not_sent_again() {
    let mut bench = Bench::synced("tour").await;
    let enrico = id(&bench, "enrico@contoso.example").await;
    let repairs = ways(&bench, enrico, PlanClass::Credits).await;
    bench.repair(enrico, &repairs, With::default()).await;
    let kind = bench.planned().await;
    web::knobs(
        &bench.base(),
        &json!({"fail_next": [{"path_contains": "/assignLicense", "method": "POST", "times": 1, "status": 503, "after": true}]}),
    );
    let ran = bench.run(kind).await;
    assert_eq!(writes(&bench).len(), 1, "{}", ran.text());
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    assert!(bench.desk().await.entries.is_empty());
}

/// Small runs one after the other do not get round the limit of what may be taken away at once.
#[tokio::test(flavor = "multi_thread")]
async fn the_limit_holds_for_half_an_hour() {
    let mut bench = Bench::synced("tour").await;
    let diego = bench.add("diego@contoso.example").await;
    bench.want_number(&diego, Some("+14255550150")).await;
    bench.apply().await;
    let diego = bench.user("diego@contoso.example").await;
    bench.want_number(&diego, Some("+14255550151")).await;
    let plan = bench.plan().await;
    assert_eq!(plan.limit, 4, "one of five was taken a moment ago");
    // What is refused for it: `limits::what_gives_and_takes_nothing_is_not_counted`.
}

/// What a person holds back is not let go by a conflict that comes and goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_hold_by_hand_outlives_a_conflict() {
    let mut bench = Bench::synced("tour").await;
    let lee = bench.add("lee@contoso.example").await;
    bench.want_country(&lee, "GB").await;
    let entry = bench.desk().await.entries[0].id;
    change::hold(bench.store(), &[entry], true, bench.stamp())
        .await
        .unwrap();
    for country in ["FR", "US"] {
        web::ask(
            &bench.base(),
            "PATCH",
            "/_sim/users/lee@contoso.example",
            Some(&json!({"usageLocation": country})),
        );
        bench.sync().await;
        let state = bench.desk().await.entries[0].state.clone();
        assert!(matches!(state, EntryState::Held { .. }), "{state:?}");
    }
}
