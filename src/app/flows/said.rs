//! What the console says of what it did and did not do: words that somebody acts on at night.

use crate::domain::outbox::{EntryId, EntryState};
use crate::domain::run::{Outcome, RunEvent, RunId, RunKind, Summary};
use crate::domain::user::Value;
use crate::domain::words;

use crate::app::Settings;
use crate::app::action::Action;
use crate::app::effect::{Effect, LedgerChange};
use crate::app::event::{Code, LedgerEvent, RequestId, What};
use crate::app::fixture::{Driver, desk, entry, number, settings};
use crate::app::keymap::Keymap;
use crate::app::notice::Notice;
use crate::domain::failure::{Failure, FailureKind};
use crate::view::screens::screen;

use super::sign_in::shows;
use super::{change, run};

/// A run of this kind, under way.
fn going(kind: RunKind) -> (Driver, RequestId) {
    let mut t = Driver::new();
    t.keys("s");
    let req = t.asked();
    run(&mut t, req, RunEvent::Started { number: RunId(14) });
    if let crate::app::sync::SyncState::Running(run) = &mut t.app.runs.state {
        run.kind = kind;
    }
    (t, req)
}

fn apply() -> RunKind {
    RunKind::Apply {
        entries: vec![EntryId(1)],
    }
}

fn ends(kind: RunKind, outcome: Outcome, summary: Summary) -> String {
    let (mut t, req) = going(kind);
    run(&mut t, req, RunEvent::Finished { outcome, summary });
    t.notice()
}

#[test]
fn what_a_stopped_run_has_written_is_said() {
    let summary = Summary {
        written: 1,
        left: 3,
        refused: 1,
        released: 1,
        ..Summary::default()
    };
    assert_eq!(
        ends(apply(), Outcome::Cancelled, summary),
        "1 number released and not given again; run 14 apply stopped, the rest stays queued (4): \
         1 written; left: 1 refused, 2 waiting"
    );
    assert_eq!(
        ends(RunKind::Sync, Outcome::Cancelled, Summary::default()),
        "run 14 sync cancelled, nothing was written: the last good picture stays"
    );
    assert_eq!(
        ends(apply(), Outcome::Interrupted, Summary::default()),
        "run 14 apply interrupted, the rest stays queued (4): 0 written"
    );
}

#[test]
fn what_waited_before_is_not_told_as_what_a_run_did() {
    let summary = Summary {
        refused: 1,
        held: 1,
        left: 2,
        ..Summary::default()
    };
    assert_eq!(
        ends(RunKind::Plan, Outcome::Partly, summary),
        "run 14 plan done; 4 shows what is left: 1 refused earlier, 1 waiting"
    );
    assert_eq!(
        ends(apply(), Outcome::Partly, summary),
        "run 14 apply done in part, 4 shows what is left: 0 written; left: 1 refused, 1 waiting"
    );
}

#[test]
fn stopping_a_run_that_writes_says_what_stays_written() {
    for (kind, says, never) in [
        (
            apply(),
            "What is written stays written",
            "last good picture",
        ),
        (
            RunKind::Sync,
            "the last good picture stays",
            "stays written",
        ),
    ] {
        let (mut t, _) = going(kind);
        t.keys("c");
        assert!(shows(&t, says), "{says}");
        assert!(!shows(&t, never), "{says}");
    }
}

#[test]
fn a_value_that_was_refused_is_queued_again_by_saving_it_as_it_stands() {
    let refused = || EntryState::Rejected {
        cause: "a fault of the tenant".to_owned(),
        raw: "500".to_owned(),
        hint: format!("wait, then {}", words::AGAIN),
    };
    let mut with = desk();
    let wanted = Value::Number(Some(number("+441235123499")));
    let again = entry(8, &with.users[2], wanted.clone(), refused());
    with.users[2].entries = vec![again.clone()];
    with.entries.push(again);
    let mut t = Driver::new();
    t.desk(with);
    t.keys("4 g");
    assert!(shows(
        &t,
        "e on this user in 1 Users, then Enter, queues it"
    ));
    t.keys("1 j j e <enter>");
    let LedgerChange::Edit { patch, .. } = change(&t) else {
        panic!("an edit was expected");
    };
    assert_eq!(
        patch.two_way,
        [(Value::Number(Some(number("+441235123471"))), wanted)]
    );
    // Another field is changed: what was refused is not meant.
    t.keys("<esc> <esc>");
    let mut t = Driver::new();
    t.keys("j j j e <enter>");
    assert_eq!(
        t.effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Ledger { .. }))
            .count(),
        0,
        "a number that is locked is not queued again"
    );
}

#[test]
fn a_change_that_no_plan_writes_is_held_with_its_reason() {
    let mut with = desk();
    let wanted = Value::Number(Some(number("+441235123498")));
    let waits = entry(9, &with.users[0], wanted, EntryState::Queued);
    with.users[0].entries.push(waits.clone());
    with.entries = vec![waits];
    let mut t = Driver::new();
    t.desk(with);
    t.keys("4");
    let rows = screen(&t.app);
    assert!(shows(&t, "State    held: Unlicensed: no seat"), "{rows:#?}");
    assert!(rows[4].contains("held"), "{rows:#?}");
    assert!(!shows(&t, "waits for its plan"), "{rows:#?}");
}

#[test]
fn a_number_that_rings_nowhere_stands_until_it_was_read() {
    let mut t = Driver::new();
    t.keys("4 g G k");
    while !matches!(t.effects.as_slice(), [Effect::Ledger { .. }]) {
        t.keys("g j u");
    }
    let req = t.asked();
    let notice = format!("+44 1235 123474 {}: enter it for Ben", words::RINGS_NOWHERE);
    t.event(What::Ledger(LedgerEvent::Saved { req, notice }));
    let lasting = matches!(&t.app.notice, Some(Notice::Word { until: None, .. }));
    assert!(lasting, "{:?}", t.app.notice);
}

#[test]
fn a_long_failure_keeps_the_way_to_what_can_be_done() {
    let mut t = Driver::new();
    let long = "The tenant for the selected user does not match the previously tenant selected";
    let failure = Failure::new(FailureKind::Refused, long, "ids", "Sync ({sync}).");
    t.app.fail(failure);
    assert!(shows(&t, "…  (Enter: what to do)"));
    let Some(Notice::Failed(failure)) = &t.app.notice else {
        panic!("a failure");
    };
    assert_eq!(failure.hint, "Sync (s).");
}

#[test]
fn words_name_the_keys_that_the_configuration_gives() {
    let keys = Keymap::with(&[
        (Action::AllowWriting, vec![Code::Char('Q').into()]),
        (Action::Plan, vec![Code::Char('B').into()]),
    ])
    .unwrap();
    let mut t = Driver::with(Settings { keys, ..settings() }, (80, 24));
    t.keys("4 G k k k");
    assert!(!shows(&t, "(p)"));
    t.keys("2 :").text("edit");
    let rows = screen(&t.app).join("\n");
    assert!(rows.contains("nobody is marked: Space marks"), "{rows}");
    assert!(!rows.contains('{'), "{rows}");
}
