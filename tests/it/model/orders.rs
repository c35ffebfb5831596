//! Not by chance but all of them: every order of four numbers, every moment at which another administrator can come.

use serde_json::json;
use teamsconnector::domain::run::{Outcome, RunKind};

use super::history::{Course, Told};
use super::oracle;
use super::stage::{Break, Look, Stage};
use super::tenant::{SmallTenant, Truth, able, upn};

const NUMBERS: [&str; 4] = [
    "+441235123500",
    "+441235123501",
    "+441235123502",
    "+441235123503",
];
const FREE: &str = "+441235123510";

/// Four people with a number each, and one number that is free.
fn four() -> SmallTenant {
    let people: Vec<String> = (0..4)
        .map(|n| format!("00000000-0000-4000-8000-{n:012x}"))
        .collect();
    let mut truth = Truth::default();
    for (id, number) in people.iter().zip(NUMBERS) {
        truth.holder.insert(number.to_owned(), Some(id.clone()));
        truth.country.insert(id.clone(), Some("GB".to_owned()));
        truth.licences.insert(id.clone(), able());
    }
    truth.holder.insert(FREE.to_owned(), None);
    SmallTenant {
        numbers: truth.holder.keys().cloned().collect(),
        people,
        truth,
        free_seats: [1; 3],
    }
}

fn orders() -> Vec<[usize; 4]> {
    let mut orders = Vec::new();
    for code in 0..256_usize {
        let order = [code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6];
        if (0..4).all(|n| order.contains(&n)) {
            orders.push(order);
        }
    }
    orders
}

/// The history, with what the oracle has against it.
fn judged(told: &Told, about: &str) {
    let wrong = oracle::judge(told);
    assert!(
        wrong.is_empty(),
        "{about}: {}\n{}",
        wrong.join("\n"),
        super::story(0, told, &wrong)
    );
}

/// Who holds what, when all is quiet: the n-th person's number.
fn held(told: &Told) -> Vec<Option<String>> {
    let desk = &told.desk;
    (0..4)
        .map(|n| {
            let user = desk.users.iter().find(|user| user.mail == upn(n)).unwrap();
            user.number
                .as_ref()
                .map(|number| number.as_str().to_owned())
        })
        .collect()
}

/// One order written; with `cut`, this side dies at that write, before or after it took effect, and goes on later.
async fn written(stage: &Stage, order: [usize; 4], cut: Option<(usize, bool)>) -> (Told, bool) {
    let mut course = Course::plain(stage, four()).await;
    course.console.past_limit = true;
    for (n, to) in order.into_iter().enumerate() {
        course.give(n, Some(NUMBERS[to])).await;
    }
    let mut was_cut = false;
    if let Some((skip, after)) = cut {
        let hold = json!({ "path_contains": "numberAssignments/", "method": "POST", "skip": skip, "times": 1, "hold": true, "after": after });
        stage.knobs(&json!({ "fail_next": [hold] }));
        was_cut = course.apply(Break::KillHeld).await.is_none();
        stage.knobs(&json!({ "fail_next": [] }));
        stage.pass(45);
        course.run(RunKind::Sync, Break::Not).await;
    }
    course.apply(Break::Not).await;
    course.apply(Break::Not).await;
    (course.quiet(Look::Glance).await, was_cut)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

#[test]
fn all_orders_of_four_numbers_come_about() {
    let (runtime, stage) = (runtime(), Stage::new());
    let orders = orders();
    assert_eq!(orders.len(), 24);
    for order in orders {
        let (told, _) = runtime.block_on(written(&stage, order, None));
        let about = format!("{order:?}");
        judged(&told, &about);
        let wanted: Vec<_> = order.map(|to| Some(NUMBERS[to].to_owned())).into();
        assert_eq!(held(&told), wanted, "{about}");
        let moved = order.iter().enumerate().filter(|(n, to)| n != *to).count();
        let writes = told
            .log
            .iter()
            .filter(|line| line["method"] == "POST" && line["body"].is_object());
        assert_eq!(
            writes.count(),
            2 * moved,
            "{about}: each is released once and given once"
        );
    }
}

/// Every order of two, three and four that has no fixed point, cut off at each of its writes.
#[test]
fn an_exchange_of_numbers_that_is_cut_off_anywhere_comes_to_its_end() {
    let (runtime, stage) = (runtime(), Stage::new());
    let mut cuts = 0;
    for order in [[1, 0, 2, 3], [1, 2, 0, 3], [1, 2, 3, 0], [1, 0, 3, 2]] {
        for (write, after) in (0..8).flat_map(|write| [(write, false), (write, true)]) {
            let (told, was_cut) = runtime.block_on(written(&stage, order, Some((write, after))));
            let about = format!("{order:?}, cut at write {write}, after its effect: {after}");
            judged(&told, &about);
            let wanted: Vec<_> = order.map(|to| Some(NUMBERS[to].to_owned())).into();
            assert_eq!(
                held(&told),
                wanted,
                "{about}\n{}",
                super::story(0, &told, &[])
            );
            cuts += usize::from(was_cut);
        }
    }
    // 4, 6, 8 and 8 writes, each cut before and after.
    assert_eq!(cuts, 52);
}

/// Another administrator comes at every call of a run that changes a number and a country, with each edit that can hurt.
#[test]
fn another_administrator_at_every_call_is_never_overwritten() {
    let (runtime, stage) = (runtime(), Stage::new());
    let edits = [
        json!({ "method": "POST", "path": "numbers", "body": { "telephoneNumber": FREE, "target": upn(3) } }),
        json!({ "method": "POST", "path": "numbers", "body": { "telephoneNumber": NUMBERS[0], "target": null } }),
        json!({ "method": "POST", "path": "numbers", "body": { "telephoneNumber": NUMBERS[0], "target": upn(2) } }),
        json!({ "method": "PATCH", "path": format!("users/{}", upn(1)), "body": { "usageLocation": "FR" } }),
    ];
    let mut came = 0;
    for edit in edits {
        for call in 0.. {
            let told = runtime.block_on(async {
                let mut course = Course::plain(&stage, four()).await;
                course.give(0, Some(FREE)).await;
                course.locate(1, "DE").await;
                stage.knobs(&json!({ "meanwhile": [{ "path_contains": "/v1.0/", "skip": call, "edit": edit }] }));
                let outcome = course.apply(Break::Not).await;
                assert!(!matches!(outcome, Some(Outcome::Cancelled) | None));
                stage.knobs(&json!({ "meanwhile": [] }));
                course.quiet(Look::Glance).await
            });
            judged(&told, &format!("{edit} at call {call}"));
            if !told.log.iter().any(|line| line["by"] == "another") {
                break;
            }
            came += 1;
        }
    }
    assert!(came > 4 * 20, "{came} moments");
}
