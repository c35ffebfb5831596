//! What the next shift is told: what was done from here, by others, and what waits, each as it was.

use jiff::SignedDuration;
use teamsconnector::domain::outbox::{EntryState, Step};
use teamsconnector::domain::run::{Outcome, RunKind, Summary};
use teamsconnector::domain::user::{Patch, Value};
use teamsconnector::ops::change;
use teamsconnector::ops::handover::{Handover, handover};
use teamsconnector::store::Stamp;
use teamsconnector::store::ledger::AuditLine;

use crate::support::bench::{Bench, noon, number};
use crate::support::web;

async fn told(bench: &Bench) -> Handover {
    let since = "2020-01-01T00:00:00Z".parse().unwrap();
    handover(bench.store(), since, noon()).await.unwrap()
}

fn words(line: &AuditLine) -> String {
    format!(
        "{} {} {}: {} -> {}",
        line.user, line.action, line.field, line.before, line.after
    )
}

fn all_words(lines: &[AuditLine]) -> Vec<String> {
    let own = |line: &&AuditLine| !line.field.is_empty() && line.field != "association";
    lines.iter().filter(own).map(words).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replacement_is_told_with_the_number_that_stopped_ringing() {
    let mut bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    bench.want_number(&amy, Some("+441235123511")).await;
    let ran = bench.apply().await;
    ran.wrote(1);
    let seen = told(&bench).await;
    assert_eq!(
        all_words(&seen.ours),
        ["Amy Apple confirmed number: +441235123501 -> +441235123511"]
    );
    assert_eq!(seen.moved, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn our_wish_is_not_told_as_what_others_did() {
    let mut bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    bench.want_number(&amy, Some("+441235123511")).await;
    web::put_number(&bench.base(), "+441235123501", None);
    web::put_number(
        &bench.base(),
        "+441235123520",
        Some("amy.apple@contoso.example"),
    );
    bench.sync().await;
    let seen = told(&bench).await;
    assert_eq!(
        all_words(&seen.moved),
        ["Amy Apple taken over number: +441235123501 -> +441235123520"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_killed_run_has_released_is_not_told_as_what_others_did() {
    let mut bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    bench.want_number(&amy, Some("+441235123511")).await;
    let entry = bench.desk().await.entries.pop().unwrap().id;
    let unknown = EntryState::Unknown {
        step: Step::Release,
    };
    let ledger = &bench.store().ledger;
    ledger
        .set_states(vec![(entry, unknown)], bench.stamp())
        .await
        .unwrap();
    web::put_number(&bench.base(), "+441235123501", None);
    let ran = bench.sync().await;
    let seen = told(&bench).await;
    assert_eq!(seen.moved, [], "{}", ran.text());
    assert_eq!(
        seen.open[0].entry.owed_words().as_deref(),
        Some("+44 1235 123501 IS RELEASED and rings nowhere")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_move_takes_is_told_of_who_loses_it() {
    let mut bench = Bench::synced("seats-short").await;
    bench.add("amy.apple@contoso.example").await;
    let bob = bench.add("bob.birch@contoso.example").await;
    web::put_number(&bench.base(), "+441235123502", None);
    bench.sync().await;
    let to = bob.association.id().unwrap();
    bench.move_number("+441235123501", to).await;
    let ran = bench.apply().await;
    ran.wrote(1);
    let since = "2020-01-01T00:00:00Z".parse().unwrap();
    let lines = bench.store().ledger.audit_since(since).await.unwrap();
    let of = |action: &str| {
        let line = lines.iter().find(|line| line.action == action).unwrap();
        format!("{}; {}", words(line), line.note)
    };
    assert_eq!(
        of("released"),
        "Amy Apple released number: +441235123501 -> ; for Bob Birch"
    );
    assert_eq!(
        of("confirmed"),
        "Bob Birch confirmed number:  -> +441235123501; from Amy Apple"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn whose_change_an_edit_replaces_is_told() {
    let bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    bench.want_number(&amy, Some("+441235123511")).await;
    let edit = async |wanted: &str, author: &str| {
        let patch = Patch {
            two_way: vec![(
                Value::Number(amy.number.clone()),
                Value::Number(Some(number(wanted))),
            )],
            ..Patch::default()
        };
        let stamp = Stamp {
            author: author.to_owned(),
            ..bench.stamp()
        };
        change::edit(bench.store(), amy.id, patch, stamp)
            .await
            .unwrap()
    };
    let me = bench.stamp().author;
    let at = noon().strftime("%m-%d %H:%MZ");
    // One's own, too: another window may have queued it.
    assert_eq!(
        edit("+441235123512", &me).await,
        format!(
            "Amy Apple queued, {{plan}} plans it: number +44 1235 123512; replaces {me} {at}: \
             number +44 1235 123511"
        )
    );
    assert_eq!(
        edit("+441235123512", &me).await,
        "Amy Apple queued, {plan} plans it: number +44 1235 123512"
    );
    assert_eq!(
        edit("+441235123513", "pat").await,
        format!(
            "Amy Apple queued, {{plan}} plans it: number +44 1235 123513; replaces {me} {at}: \
             number +44 1235 123512"
        )
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_held_is_told_with_why() {
    let bench = Bench::synced("seats-short").await;
    let later = bench
        .add_by_mail("Later Comer", "later@contoso.example")
        .await;
    bench.want_number(&later, Some("+441235123515")).await;
    let seen = told(&bench).await;
    assert_eq!(
        seen.open[0].waits.as_deref(),
        Some("Unlicensed: not associated with a Teams user")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_giving_back_that_is_dropped_says_what_rings_nowhere() {
    let bench = Bench::synced("seats-short").await;
    let amy = bench.add("amy.apple@contoso.example").await;
    bench.want_number(&amy, Some("+441235123511")).await;
    let ledger = &bench.store().ledger;
    let waits = async || bench.desk().await.entries.pop().unwrap().id;
    let id = waits().await;
    ledger.released(id, bench.stamp()).await.unwrap();
    assert_eq!(
        change::undo(bench.store(), id, bench.stamp())
            .await
            .unwrap(),
        "Amy Apple: giving +44 1235 123501 back is queued, {plan} plans it; it was released already"
    );
    let says = "+44 1235 123501 RINGS NOWHERE now: enter it for Amy Apple to give it back; its giving back was dropped";
    let back = waits().await;
    assert_eq!(
        change::undo(bench.store(), back, bench.stamp())
            .await
            .unwrap(),
        says
    );
    let gone = change::undo(bench.store(), back, bench.stamp()).await;
    let gone = gone.unwrap_err();
    assert_eq!(
        gone.headline,
        format!("There is no change {} that waits", back.0)
    );
    assert!(gone.hint.contains("`outbox list --done`"), "{gone:?}");
    // Of many it is said as well.
    bench.want_number(&amy, Some("+441235123511")).await;
    let id = waits().await;
    ledger.released(id, bench.stamp()).await.unwrap();
    change::undo(bench.store(), id, bench.stamp())
        .await
        .unwrap();
    let many = vec![waits().await];
    assert_eq!(
        change::undo_many(bench.store(), many, bench.stamp())
            .await
            .unwrap(),
        format!("{says}; 1 change undone")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_that_are_forgotten_meanwhile_are_not_compared() {
    let bench = Bench::synced("tour").await;
    let store = bench.store();
    let run = async |n: i64| {
        let at = noon() + SignedDuration::from_secs(n);
        let run = store.history.begin(&RunKind::Sync, false, "kim", at);
        let run = run.await.unwrap();
        let closed = store
            .history
            .close(run, &Outcome::Done, Summary::default(), at);
        closed.await.unwrap();
        store.history.prune().await.unwrap();
    };
    for n in 0..60 {
        run(n).await;
    }
    for n in 60..300 {
        let (seen, ()) = tokio::join!(told(&bench), run(n));
        assert!(seen.compared.is_some(), "there are two at any time");
    }
}
