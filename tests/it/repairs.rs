//! Repairs and moves over the wire: state before, the requests that were sent, state after, and nothing further at a second run.

use serde_json::{Value as Json, json};
use teamsconnector::domain::failure::FailureKind;
use teamsconnector::domain::guid::ObjectId;
use teamsconnector::domain::mending;
use teamsconnector::domain::outbox::{EntryId, EntryState, Step};
use teamsconnector::domain::plan_ids::PlanClass;
use teamsconnector::domain::repair::Repair;
use teamsconnector::domain::user::{Patch, Value};
use teamsconnector::ops::change;
use teamsconnector::ops::repair::{self, With};

use crate::support::bench::{Bench, number};
use crate::support::web;

const MCOPSTN1: &str = "4ed3ff63-69d7-4fb7-b984-5aec7f605ca8";
pub(crate) const EXCHANGE: &str = "EXCHANGE_S_ENTERPRISE";

pub(crate) async fn id(bench: &Bench, upn: &str) -> ObjectId {
    let rows = bench.store().cache.find(upn, 1).await.unwrap();
    rows.first().expect("the tenant has this user").id
}

pub(crate) async fn ways(bench: &Bench, who: ObjectId, class: PlanClass) -> Vec<Repair> {
    let stored = bench.store().cache.user(who).await.unwrap().unwrap();
    let reference = bench.store().cache.reference().await.unwrap().unwrap();
    mending::ways(class, &stored.user, &reference.skus).0
}

/// The writes that the tenant has seen, as method and path, in order.
pub(crate) fn writes(bench: &Bench) -> Vec<(String, String)> {
    let log = web::ask(&bench.base(), "GET", "/_sim/log", None);
    log["requests"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|request| request["method"] != "GET")
        .map(|request| {
            let path = request["path"].as_str().unwrap();
            (
                request["method"].as_str().unwrap().to_owned(),
                path.to_owned(),
            )
        })
        .filter(|(_, path)| path.contains("/v1.0/"))
        .collect()
}

/// The last words of what was written, in order: `unassignNumber`, `assignLicense`.
fn acts(bench: &Bench) -> Vec<String> {
    let last = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    writes(bench).iter().map(|(_, path)| last(path)).collect()
}

/// The direct licence of a user that has this plan in its list of those switched off, or any: its plans that are off.
pub(crate) fn off_of(bench: &Bench, upn: &str, sku: &str) -> Vec<String> {
    let person = web::person(&bench.base(), upn);
    let mut off: Vec<String> = person["licenses"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|state| state["skuId"] == sku && state["assignedByGroup"] == Json::Null)
        .flat_map(|state| state["disabledPlans"].as_array().unwrap().clone())
        .map(|plan| plan.as_str().unwrap().to_owned())
        .collect();
    off.sort();
    off
}

pub(crate) fn named(name: &str) -> With<'_> {
    With {
        typed: Some(name),
        ..With::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_calling_plan_inside_a_bundle_is_switched_off_and_no_other_plan() {
    let mut bench = Bench::synced("tour").await;
    let henrietta = id(&bench, "henrietta@contoso.example").await;
    let repairs = ways(&bench, henrietta, PlanClass::Calling).await;
    let [Repair::SwitchOff { sku, .. }] = repairs.as_slice() else {
        panic!("one bundle: {repairs:?}");
    };
    let sku = sku.to_string();
    let before = off_of(&bench, "henrietta@contoso.example", &sku);
    bench.repair(henrietta, &repairs, With::default()).await;
    let ran = bench.apply().await;
    ran.wrote(1);
    assert_eq!(writes(&bench).len(), 1, "one request: {:?}", writes(&bench));
    assert!(writes(&bench)[0].1.contains("assignLicense"));
    let mut wanted = before.clone();
    wanted.push("MCOPSTN8".to_owned());
    wanted.sort();
    assert_eq!(off_of(&bench, "henrietta@contoso.example", &sku), wanted);
    let again = bench.sync().await;
    assert!(again.says("phoneSystem="), "{}", again.text());
    assert_eq!(
        writes(&bench).len(),
        1,
        "a second run sends nothing further"
    );
    let row = &bench
        .store()
        .cache
        .find("henrietta@contoso.example", 1)
        .await
        .unwrap()[0];
    assert!(
        teamsconnector::domain::gate::FirstCause::from_byte(row.class).is_candidate(),
        "she can be added now"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn plans_that_somebody_switched_off_meanwhile_stay_off() {
    let mut bench = Bench::synced("tour").await;
    let henrietta = id(&bench, "henrietta@contoso.example").await;
    let repairs = ways(&bench, henrietta, PlanClass::Calling).await;
    let [Repair::SwitchOff { sku, .. }] = repairs.as_slice() else {
        panic!("one bundle: {repairs:?}");
    };
    let sku = sku.to_string();
    bench.repair(henrietta, &repairs, With::default()).await;
    let kind = bench.planned().await;
    // Another administrator switches Exchange off between the plan and the write.
    web::ask(
        &bench.base(),
        "PATCH",
        "/_sim/users/henrietta@contoso.example",
        Some(&json!({"assignedLicenses": [{"skuId": sku, "disabledPlans": [EXCHANGE]}]})),
    );
    assert_eq!(
        off_of(&bench, "henrietta@contoso.example", &sku),
        [EXCHANGE]
    );
    let ran = bench.run(kind).await;
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    let mut wanted = [EXCHANGE, "MCOPSTN8"];
    wanted.sort_unstable();
    assert_eq!(off_of(&bench, "henrietta@contoso.example", &sku), wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_leaves_before_the_name_is_typed() {
    let mut bench = Bench::synced("tour").await;
    let alex = id(&bench, "alex@contoso.example").await;
    let repairs = ways(&bench, alex, PlanClass::Calling).await;
    for typed in [None, Some(""), Some("Alex"), Some("y")] {
        let with = With {
            typed,
            ..With::default()
        };
        let refused = bench.repair_refused(alex, &repairs, with).await;
        assert_eq!(
            (refused.kind, refused.headline.as_str()),
            (
                FailureKind::Refused,
                "This stops +1 425 555 0101, which Alex Wilber uses today"
            )
        );
    }
    assert!(bench.desk().await.entries.is_empty());
    bench.sync().await;
    assert_eq!(writes(&bench), [], "nothing was written");
    bench.repair(alex, &repairs, named("alex wilber ")).await;
    let plan = bench.plan().await;
    assert_eq!(plan.silenced(|_| true), [number("+14255550101")]);
    let ran = bench.apply().await;
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    let sent = acts(&bench);
    assert_eq!(
        sent,
        ["unassignNumber", "assignLicense"],
        "the number goes while the licence is still held"
    );
    assert_eq!(
        web::number(&bench.base(), "+14255550101").unwrap()["assignmentTargetId"],
        json!(null)
    );
    bench.sync().await;
    assert_eq!(
        writes(&bench).len(),
        2,
        "a second run sends nothing further"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_came_after_the_confirmation_is_not_silenced() {
    let mut bench = Bench::synced("tour").await;
    let henrietta = id(&bench, "henrietta@contoso.example").await;
    let repairs = ways(&bench, henrietta, PlanClass::Calling).await;
    bench.repair(henrietta, &repairs, With::default()).await;
    let body = json!({"telephoneNumber": "+493012345678", "type": "callingPlan", "target": henrietta.to_string()});
    web::ask(&bench.base(), "POST", "/_sim/numbers", Some(&body));
    let plan = bench.plan().await;
    assert_eq!(plan.items, []);
    assert_eq!(
        plan.left_out[0].why,
        "it would stop +49 30 12345678, which was not confirmed by name: drop it and repair again"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn credits_are_removed_and_taken_back_by_a_counter_change() {
    let mut bench = Bench::synced("tour").await;
    let enrico = id(&bench, "enrico@contoso.example").await;
    let repairs = ways(&bench, enrico, PlanClass::Credits).await;
    let [Repair::RemoveLicence { sku }] = repairs.as_slice() else {
        panic!("a licence that is nothing else: {repairs:?}");
    };
    let sku = sku.to_string();
    let holds = |bench: &Bench| {
        web::person(&bench.base(), "enrico@contoso.example")["licenses"]
            .as_array()
            .unwrap()
            .iter()
            .any(|licence| licence["skuId"] == sku)
    };
    assert!(holds(&bench));
    bench.repair(enrico, &repairs, With::default()).await;
    let entry = bench.desk().await.entries[0].id;
    let ran = bench.apply().await;
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    assert!(!holds(&bench));
    repair::take_back(bench.store(), entry, None, bench.stamp())
        .await
        .unwrap();
    let ran = bench.apply().await;
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    assert!(holds(&bench), "{}", ran.text());
    assert_eq!(writes(&bench).len(), 2);
}

/// A bulk change is taken back in one plan; what has moved since stays as it is.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_for_several_goes_back_in_one_plan() {
    let mut bench = Bench::synced("tour").await;
    let mut written = Vec::new();
    let (joni, isaiah) = ("joni@contoso.example", "isaiah@contoso.example");
    for (upn, digits) in [(joni, "+441235123480"), (isaiah, "+441235123481")] {
        let user = bench.add(upn).await;
        bench.want_number(&user, Some(digits)).await;
    }
    written.extend(bench.desk().await.entries.iter().map(|entry| entry.id));
    bench.apply().await.wrote(2);
    let user = bench.user(isaiah).await;
    bench.want_number(&user, Some("+441235123482")).await;
    let said = repair::take_back_many(bench.store(), written.clone(), bench.stamp()).await;
    let said = said.unwrap();
    assert!(
        said.starts_with("1 queued to go back, {plan} plans it; 1 not: Isaiah"),
        "{said}"
    );
    let isaiahs = bench.desk().await.entries;
    assert_eq!(isaiahs.len(), 2, "what was queued since stays");
    bench
        .store()
        .ledger
        .drop_many(
            isaiahs.iter().map(|entry| entry.id).collect(),
            bench.stamp(),
        )
        .await
        .unwrap();
    let said = repair::take_back_many(bench.store(), written.clone(), bench.stamp()).await;
    assert_eq!(
        said.unwrap(),
        "2 changes go back: their opposites are queued; {plan} plans them"
    );
    let plan = bench.plan().await;
    assert_eq!(plan.items.len(), 2);
    assert!(
        plan.items
            .iter()
            .all(|item| item.new == Value::Number(None))
    );
    bench.apply().await.wrote(2);
    for upn in [joni, isaiah] {
        assert_eq!(bench.user(upn).await.number, None, "{upn}");
    }
    let refused = repair::take_back_many(bench.store(), written, bench.stamp()).await;
    assert!(refused.is_err(), "{refused:?}");
}

/// A plan that was switched off, and a whole licence, each taken back by what `u` on its line queues.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_was_switched_off_is_taken_back_and_planned_like_any_other() {
    let mut bench = Bench::synced("tour").await;
    let upn = "henrietta@contoso.example";
    let henrietta = id(&bench, upn).await;
    let repairs = ways(&bench, henrietta, PlanClass::Calling).await;
    assert!(
        matches!(repairs[..], [Repair::SwitchOff { .. }]),
        "{repairs:?}"
    );
    let before = web::person(&bench.base(), upn)["licenses"].clone();
    bench.repair(henrietta, &repairs, With::default()).await;
    let entry = bench.desk().await.entries[0].id;
    let ran = bench.apply().await;
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    let off = web::person(&bench.base(), upn)["licenses"].clone();
    assert_ne!(off, before);
    repair::take_back(bench.store(), entry, None, bench.stamp())
        .await
        .unwrap();
    let plan = bench.plan().await;
    assert_eq!(plan.items.len(), 1);
    assert_eq!(plan.items[0].new.shown(), "MCOPSTN8 on");
    assert_eq!(
        web::person(&bench.base(), upn)["licenses"],
        off,
        "a plan writes nothing"
    );
    let ran = bench.apply().await;
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    assert_eq!(web::person(&bench.base(), upn)["licenses"], before);
    assert_eq!(acts(&bench), ["assignLicense", "assignLicense"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn several_changes_are_undone_all_or_none() {
    let bench = Bench::synced("tour").await;
    for upn in ["enrico@contoso.example", "henrietta@contoso.example"] {
        let who = id(&bench, upn).await;
        let repairs = ways(
            &bench,
            who,
            if upn.starts_with('e') {
                PlanClass::Credits
            } else {
                PlanClass::Calling
            },
        )
        .await;
        bench.repair(who, &repairs, With::default()).await;
    }
    let ids: Vec<_> = bench
        .desk()
        .await
        .entries
        .iter()
        .map(|entry| entry.id)
        .collect();
    assert_eq!(ids.len(), 2);
    // One that is gone in the meantime keeps the others where they are.
    let mut strange = ids.clone();
    strange.push(EntryId(99));
    change::undo_many(bench.store(), strange, bench.stamp())
        .await
        .unwrap_err();
    assert_eq!(bench.desk().await.entries.len(), 2);
    let sent = bench
        .store()
        .ledger
        .start(ids[1], Step::Licence, bench.stamp());
    sent.await.unwrap();
    let refused = change::undo_many(bench.store(), ids.clone(), bench.stamp())
        .await
        .unwrap_err();
    assert!(
        refused.headline.contains("has been sent: none was undone"),
        "{refused:?}"
    );
    assert_eq!(bench.desk().await.entries.len(), 2);
    bench.store().ledger.recover(bench.stamp()).await.unwrap();
    let one = change::undo_many(bench.store(), vec![ids[0]], bench.stamp())
        .await
        .unwrap();
    assert_eq!(one, "1 change undone");
    assert_eq!(bench.desk().await.entries.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_group_gives_is_refused_with_its_group() {
    let bench = Bench::synced("tour").await;
    let johanna = id(&bench, "johanna@contoso.example").await;
    let stored = bench.store().cache.user(johanna).await.unwrap().unwrap();
    let licence = stored
        .user
        .licences
        .iter()
        .find(|licence| licence.group.is_some())
        .unwrap();
    let repair = Repair::SwitchOff {
        sku: licence.sku,
        plan: MCOPSTN1.parse().unwrap(),
    };
    let refused = bench
        .repair_refused(johanna, &[repair], With::default())
        .await;
    assert!(
        refused
            .headline
            .contains(&format!("by group {}", licence.group.unwrap())),
        "{}",
        refused.headline
    );
    assert!(bench.desk().await.entries.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_location_is_set_for_somebody_who_is_not_on_the_list() {
    let mut bench = Bench::synced("tour").await;
    let oleg = id(&bench, "oleg@contoso.example").await;
    let with = With {
        country: Some("UA".parse().unwrap()),
        ..With::default()
    };
    bench.repair(oleg, &[Repair::SetLocation], with).await;
    let ran = bench.apply().await;
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    assert_eq!(
        web::person(&bench.base(), "oleg@contoso.example")["usageLocation"],
        "UA"
    );
    let sent = writes(&bench);
    bench.sync().await;
    assert_eq!((sent.len(), writes(&bench).len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_who_has_left_gives_the_number_back() {
    let mut bench = Bench::synced("tour").await;
    let pat = id(&bench, "pat@contoso.example").await;
    let repairs = [Repair::Release {
        number: number("+441235123472"),
    }];
    let refused = bench.repair_refused(pat, &repairs, With::default()).await;
    assert!(refused.headline.contains("+44 1235 123472"), "{refused:?}");
    bench.repair(pat, &repairs, named("Pat Old")).await;
    let ran = bench.apply().await;
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    assert_eq!(
        web::number(&bench.base(), "+441235123472").unwrap()["assignmentTargetId"],
        json!(null)
    );
    bench.sync().await;
    assert_eq!(writes(&bench).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn repair_wait_and_add_are_one_chain() {
    let mut bench = Bench::synced("tour").await;
    let henrietta = id(&bench, "henrietta@contoso.example").await;
    let repairs = ways(&bench, henrietta, PlanClass::Calling).await;
    let with = With {
        then_add: true,
        ..With::default()
    };
    bench.repair(henrietta, &repairs, with).await;
    assert_eq!(bench.desk().await.entries.len(), 2);
    assert!(bench.desk().await.users.is_empty());
    let ran = bench.apply().await;
    assert!(
        ran.says("Henrietta Mueller: all gates pass now; added"),
        "{}",
        ran.text()
    );
    let desk = bench.desk().await;
    assert_eq!(desk.entries, []);
    assert_eq!(desk.users[0].association.id(), Some(henrietta));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repair_and_a_number_go_in_one_plan_and_in_order() {
    let mut bench = Bench::synced("tour").await;
    let henrietta = id(&bench, "henrietta@contoso.example").await;
    let user = bench.add("henrietta@contoso.example").await;
    bench.want_number(&user, Some("+441235123481")).await;
    let plan = bench.plan().await;
    assert_eq!(
        plan.left_out[0].why,
        "has a Calling Plan: switch it off first"
    );
    let repairs = ways(&bench, henrietta, PlanClass::Calling).await;
    bench.repair(henrietta, &repairs, With::default()).await;
    let ran = bench.apply().await;
    assert_eq!(ran.summary.written, 2, "{}", ran.text());
    let sent = acts(&bench);
    assert_eq!(sent, ["assignLicense", "assignNumber"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_is_one_change() {
    let mut bench = Bench::synced("tour").await;
    let (pat, kim) = (
        id(&bench, "pat@contoso.example").await,
        id(&bench, "kim@contoso.example").await,
    );
    bench.move_number("+441235123472", kim).await;
    let plan = bench.plan().await;
    assert_eq!(plan.items.len(), 1);
    // Kim is known to the tenant and to nobody here: whoever applies it is told.
    assert_eq!(
        plan.items[0].note,
        "moves from Pat Old; Kim New can take it, but is not on the list of users"
    );
    assert_eq!(plan.silenced(|_| true), []);
    let ran = bench.apply().await;
    ran.wrote(1);
    assert_eq!(
        web::number(&bench.base(), "+441235123472").unwrap()["assignmentTargetId"],
        kim.to_string()
    );
    let sent = acts(&bench);
    assert_eq!(sent, ["unassignNumber", "assignNumber"]);
    let _ = pat;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_to_somebody_who_cannot_hold_it_releases_nothing() {
    let mut bench = Bench::synced("tour").await;
    let christie = id(&bench, "christie@contoso.example").await;
    bench.move_number("+441235123472", christie).await;
    let plan = bench.plan().await;
    assert_eq!(plan.items, []);
    assert_eq!(plan.left_out[0].why, "no usable Phone System licence");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_successor_is_looked_at_again_just_before_the_release() {
    let mut bench = Bench::synced("tour").await;
    let kim = id(&bench, "kim@contoso.example").await;
    bench.move_number("+441235123472", kim).await;
    let kind = bench.planned().await;
    let base = bench.base();
    let ran = bench
        .run_hearing(kind, |line, _| {
            // Another administrator takes the licence after the plan was made anew and before anything is released.
            if line.text.starts_with("Writing 1 change") {
                web::ask(
                    &base,
                    "PATCH",
                    "/_sim/users/kim@contoso.example",
                    Some(&json!({"assignedLicenses": []})),
                );
            }
        })
        .await;
    assert_eq!(writes(&bench), [], "{}", ran.text());
    assert!(
        ran.says("no usable Phone System licence; nothing was released"),
        "{}",
        ran.text()
    );
    assert_eq!(bench.desk().await.entries[0].state, EntryState::Queued);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_move_whose_assignment_fails_offers_to_give_back() {
    let mut bench = Bench::synced("tour").await;
    let (pat, kim) = (
        id(&bench, "pat@contoso.example").await,
        id(&bench, "kim@contoso.example").await,
    );
    let lee = bench.add("lee@contoso.example").await;
    bench.move_number("+441235123471", kim).await;
    let kind = bench.planned().await;
    // `/assignNumber` is the assignment alone, not the release before it.
    web::knobs(
        &bench.base(),
        &json!({"fail_next": [{"path_contains": "/assignNumber", "method": "POST", "times": 1, "status": 400, "code": "BadRequest",
            "message": "Update failed for user. Please try again"}]}),
    );
    let ran = bench.run(kind).await;
    let desk = bench.desk().await;
    let EntryState::Rejected { hint, .. } = &desk.entries[0].state else {
        panic!("{:?}\n{}", desk.entries, ran.text());
    };
    assert!(
        hint.contains("then apply the plan that gives it back to Lee Gu"),
        "{hint}"
    );
    assert!(
        ran.says("+44 1235 123471 is released and rings nowhere"),
        "{}",
        ran.text()
    );
    assert_eq!(bench.user("lee@contoso.example").await.number, None);
    let told = bench.undo(desk.entries[0].id).await;
    assert!(told.contains("+44 1235 123471"), "{told}");
    let ran = bench.apply().await;
    assert_eq!(ran.summary.written, 1, "{}", ran.text());
    let there = web::number(&bench.base(), "+441235123471").unwrap();
    assert_eq!(
        there["assignmentTargetId"],
        lee.association.id().unwrap().to_string()
    );
    assert_ne!(there["assignmentTargetId"], pat.to_string());
}

/// The tour in which two licences of Alex bring a Calling Plan, with the ways to switch each off.
async fn two_calling_plans() -> (Bench, ObjectId, Vec<Repair>) {
    let mut bench = Bench::synced("tour").await;
    web::ask(
        &bench.base(),
        "PATCH",
        "/_sim/users/alex@contoso.example",
        Some(
            &json!({"assignedLicenses": ["SPE_E3", "MCOTEAMS_ESSENTIALS", "BUSINESS_VOICE_MED2"]}),
        ),
    );
    bench.sync().await;
    let alex = id(&bench, "alex@contoso.example").await;
    let repairs = ways(&bench, alex, PlanClass::Calling).await;
    (bench, alex, repairs)
}

#[tokio::test(flavor = "multi_thread")]
async fn two_licences_that_bring_a_calling_plan_are_one_silence() {
    let (mut bench, alex, repairs) = two_calling_plans().await;
    assert_eq!(repairs.len(), 2, "{repairs:?}");
    let refused = bench.repair_refused(alex, &repairs, With::default()).await;
    assert!(refused.headline.contains("+1 425 555 0101"), "{refused:?}");
    // One alone silences nobody, and needs no name; with it queued, the other one does.
    let one = &repairs[..1];
    bench.repair(alex, one, With::default()).await;
    let two = &repairs[1..];
    let refused = bench.repair_refused(alex, two, With::default()).await;
    assert!(refused.headline.contains("+1 425 555 0101"), "{refused:?}");
    bench.repair(alex, &repairs, named("Alex Wilber")).await;
    let plan = bench.plan().await;
    assert_eq!(plan.items.len(), 2, "{plan:?}");
    assert!(!plan.silenced(|_| true).is_empty());
    let ran = bench.apply().await;
    ran.wrote(2);
    let sent = acts(&bench);
    assert_eq!(sent, ["unassignNumber", "assignLicense", "assignLicense"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_that_goes_meanwhile_does_not_make_a_repair_silence_anybody() {
    let (mut bench, alex, repairs) = two_calling_plans().await;
    bench.repair(alex, &repairs[..1], With::default()).await;
    let kept = match &repairs[0] {
        Repair::SwitchOff { sku, .. } => sku.to_string(),
        other => panic!("{other:?}"),
    };
    let kind = bench.planned().await;
    let base = bench.base();
    let ran = bench
        .run_hearing(kind, |line, _| {
            if line.text.starts_with("Writing 1 change") {
                web::ask(
                    &base,
                    "PATCH",
                    "/_sim/users/alex@contoso.example",
                    Some(&json!({"assignedLicenses": ["SPE_E3", {"skuId": kept}]})),
                );
            }
        })
        .await;
    assert_eq!(writes(&bench), [], "{}", ran.text());
    assert!(ran.says("it would stop +1 425 555 0101"), "{}", ran.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_number_is_promised_to_one_user() {
    let mut bench = Bench::synced("tour").await;
    let kim = id(&bench, "kim@contoso.example").await;
    let joni = id(&bench, "joni@contoso.example").await;
    let pats = number("+441235123472");
    repair::move_number(bench.store(), &pats, kim, bench.stamp())
        .await
        .unwrap();
    let refused = repair::move_number(bench.store(), &pats, joni, bench.stamp())
        .await
        .unwrap_err();
    assert_eq!(
        refused.headline,
        "+44 1235 123472 is promised to Kim New already (queued)"
    );
    let isaiah = bench.add("isaiah@contoso.example").await;
    let wanted = Patch {
        two_way: vec![(Value::Number(None), Value::Number(Some(pats)))],
        ..Patch::default()
    };
    let (store, stamp) = (bench.store(), bench.stamp());
    let edit = change::edit(store, isaiah.id, wanted.clone(), stamp.clone()).await;
    assert_eq!(edit.unwrap_err().headline, refused.headline);
    // Two sessions at the same moment get past that: the plan is the last to look.
    store
        .ledger
        .edit_user(isaiah.id, wanted, stamp)
        .await
        .unwrap();
    let plan = bench.plan().await;
    assert_eq!(plan.items.len(), 1);
    assert_eq!(
        plan.left_out[0].why,
        "+44 1235 123472 is promised to Kim New by a change that was queued before"
    );
}

/// Taking back drops nothing that was queued since, and takes back nothing but what that change wrote.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_is_taken_back_only_while_it_stands() {
    let mut bench = Bench::synced("tour").await;
    let joni = bench.add("joni@contoso.example").await;
    bench.want_number(&joni, Some("+441235123480")).await;
    let first = bench.desk().await.entries[0].id;
    bench.apply().await.wrote(1);
    let joni = bench.user("joni@contoso.example").await;
    bench.want_number(&joni, Some("+441235123481")).await;
    let refused = repair::take_back(bench.store(), first, None, bench.stamp())
        .await
        .unwrap_err();
    assert_eq!(
        refused.headline,
        "Joni Sherman: a change of this number is queued already: +44 1235 123481"
    );
    let kept = bench.desk().await.entries;
    assert_eq!(kept.len(), 1);
    assert_eq!(kept[0].wanted.number(), Some(&number("+441235123481")));
    bench.apply().await.wrote(1);
    let refused = repair::take_back(bench.store(), first, None, bench.stamp())
        .await
        .unwrap_err();
    assert_eq!(
        refused.headline,
        "Joni Sherman: the number is +44 1235 123481 now, not what that change wrote"
    );
    assert!(bench.desk().await.entries.is_empty());
}
