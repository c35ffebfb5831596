//! Plan, conflicts, allowing, applying.

use crate::domain::outbox::{EntryId, EntryState, Step};
use crate::domain::run::{Outcome, RunEvent, RunKind};
use crate::domain::user::Value;

use crate::app::Settings;
use crate::app::action::Place;
use crate::app::effect::{Effect, Held, Keep, LedgerChange};
use crate::app::event::{Code, Event, SessionEvent, What};
use crate::app::fixture::{Driver, at, desk, number, plan, settings};
use crate::app::modal::Modal;
use crate::app::pane::Pane;
use crate::app::session::Writing;

use super::sign_in::shows;
use super::{change, failure, finished, run};

#[test]
fn a_conflict_is_decided_from_both_panes() {
    let mut t = Driver::new();
    t.keys("G <enter>");
    assert_eq!(t.app.place(), Place::Conflict);
    t.keys("m");
    assert_eq!(
        change(&t),
        LedgerChange::Decide {
            entry: EntryId(4),
            keep: Keep::Mine
        }
    );
    let req = t.asked();
    t.keys("t");
    assert_eq!(t.effects, [], "it is being saved");
    t.saved(req);
    assert_eq!(t.app.modals.len(), 0);
    t.keys("4 <enter> t");
    assert_eq!(
        change(&t),
        LedgerChange::Decide {
            entry: EntryId(4),
            keep: Keep::Theirs
        }
    );
}

/// A console whose plan is on the screen.
fn planned(settings: Settings) -> Driver {
    let mut t = Driver::with(settings, (80, 24));
    t.keys("p");
    let req = t.asked();
    assert_eq!(
        t.effects,
        [Effect::StartRun {
            req,
            kind: RunKind::Plan,
            debug: false
        }]
    );
    run(&mut t, req, RunEvent::PlanReady(Box::new(plan())));
    run(&mut t, req, finished(Outcome::Done));
    assert_eq!(t.app.place(), Place::Plan);
    t
}

#[test]
fn a_plan_is_read_shown_and_applied() {
    let mut t = planned(settings());
    t.event(What::Paste("A".into()));
    assert_eq!(t.effects, []);
    t.keys("A");
    assert_eq!(
        t.effects,
        [Effect::StartRun {
            req: t.asked(),
            kind: RunKind::Apply {
                entries: vec![EntryId(1)]
            },
            debug: false
        }]
    );
    assert_eq!(t.app.modals.len(), 0);
    assert_eq!(t.notice(), "writing 1 change: 3 shows the log");
}

#[test]
fn a_ticket_may_be_pasted() {
    let mut t = planned(settings());
    t.keys("T");
    t.event(What::Paste("INC0012345\r\nmore".into()));
    assert_eq!(t.effects, []);
    t.keys("<enter>");
    let noted = change(&t);
    assert!(
        matches!(&noted, LedgerChange::Ticket { ticket, .. } if ticket == "INC0012345"),
        "{noted:?}"
    );
}

#[test]
fn enter_in_the_plan_explains_whom_the_row_is_about() {
    let mut t = planned(settings());
    assert!(shows(&t, "Enter why"));
    t.keys("<enter>");
    let by_enter = t.effects.clone();
    assert!(matches!(
        by_enter.as_slice(),
        [Effect::Explain { live: false, .. }]
    ));
    assert_eq!(t.app.place(), Place::Why);
    t.keys("<esc>");
    assert_eq!(t.app.place(), Place::Plan);
    t.keys("w");
    let who = |effects: &[Effect]| match effects {
        [Effect::Explain { who, .. }] => who.clone(),
        other => panic!("somebody was to be explained: {other:?}"),
    };
    assert_eq!(who(&t.effects), who(&by_enter));
}

#[test]
fn what_a_run_has_released_is_that_runs_until_it_ends() {
    let owing = |state: EntryState| {
        let mut with = desk();
        let mut entry = with.entries[0].clone();
        (entry.state, entry.released) = (state, entry.base.number().cloned());
        with.users[1].entries = vec![entry.clone()];
        with.entries = vec![entry];
        with
    };
    let flying = EntryState::InFlight {
        step: Step::Assign,
        attempt: 1,
    };
    let mut t = planned(settings());
    t.keys("A");
    let req = t.asked();
    t.desk(owing(flying));
    t.keys("4");
    assert!(shows(&t, "apply is at it, and"));
    assert!(!shows(&t, "p then A goes on"), "nobody is to mend it now");
    run(&mut t, req, finished(Outcome::Cancelled));
    t.desk(owing(EntryState::Queued));
    assert!(shows(&t, "p then A goes on"));
    assert!(shows(&t, "A give it back"));
}

#[test]
fn what_a_run_has_yet_to_write_waits_for_its_turn_and_not_for_the_plan() {
    let mut t = planned(settings());
    let mut with = desk();
    with.entries.truncate(1);
    t.desk(with);
    t.keys("A");
    let req = t.asked();
    t.keys("4");
    assert!(shows(&t, "queued: apply writes it when its turn comes"));
    assert!(!shows(&t, "waits for its plan"));
    t.keys("c y");
    assert!(shows(
        &t,
        "queued: apply stops, and leaves what it has not begun queued"
    ));
    run(&mut t, req, finished(Outcome::Cancelled));
    assert!(shows(
        &t,
        "queued: waits for its plan to be applied: p, then A"
    ));
}

#[test]
fn where_all_is_refused_the_plan_says_so() {
    let mut with = desk();
    let refused = EntryState::Rejected {
        cause: "the number is of another tenant".to_owned(),
        raw: "400".to_owned(),
        hint: "choose another".to_owned(),
    };
    with.entries.truncate(1);
    with.entries[0].state = refused;
    let mut t = Driver::new();
    t.desk(with);
    t.keys("p");
    assert_eq!(t.effects, []);
    assert_eq!(
        t.notice(),
        "1 change was refused, none waits: 4 says why and what to do"
    );
}

#[test]
fn a_plan_never_takes_the_focus() {
    let mut t = Driver::new();
    t.keys("s");
    let req = t.asked();
    run(&mut t, req, RunEvent::PlanReady(Box::new(plan())));
    assert_eq!(t.app.place(), Place::Users);
    assert_eq!(t.notice(), "plan ready, p (1 to write)");
    t.keys("p A");
    // A run is going: it is written when that has ended.
    assert_eq!(t.effects, []);
    assert_eq!(t.notice(), "1 change applies when sync has ended");
    run(&mut t, req, finished(Outcome::Done));
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::StartRun {
            kind: RunKind::Apply { .. },
            ..
        }]
    ));
}

#[test]
fn keys_typed_before_the_plan_was_drawn_do_not_count() {
    let mut t = Driver::new();
    t.keys("s");
    let req = t.asked();
    run(&mut t, req, RunEvent::PlanReady(Box::new(plan())));
    // Both keys arrive in one batch, before a frame.
    for name in ["p", "A"] {
        let key = crate::app::keymap::parse(name).unwrap();
        let effects = t.app.update(crate::app::event::Event {
            at: at(100),
            what: What::Key(key),
        });
        assert!(
            effects
                .iter()
                .all(|effect| matches!(effect, Effect::Wake { .. }))
        );
    }
    assert_eq!(t.app.place(), Place::Plan);
    assert_eq!(t.app.runs.then_apply, None);
}

#[test]
fn items_are_held_back_by_the_ledger() {
    let mut t = planned(settings());
    t.keys("Space");
    assert_eq!(
        change(&t),
        LedgerChange::Hold {
            entries: vec![EntryId(1)],
            held: Held::Back
        }
    );
    let req = t.asked();
    t.keys("A");
    assert_eq!(t.effects, []);
    assert_eq!(t.notice(), "one moment: still saving what is left out");
    t.saved(req);
    let mut held = desk();
    let state = EntryState::Held {
        why: "held back".into(),
    };
    held.users[1].entries[0].state = state.clone();
    held.entries[0].state = state;
    t.desk(held);
    t.keys("A");
    assert_eq!(t.effects, []);
    assert_eq!(t.notice(), "nothing is chosen: Space chooses");
    t.keys("Space");
    assert_eq!(
        change(&t),
        LedgerChange::Hold {
            entries: vec![EntryId(1)],
            held: Held::Released
        }
    );
}

#[test]
fn a_read_only_tenant_is_not_written_to_until_it_is_allowed() {
    let mut t = planned(Settings {
        read_only: true,
        ..settings()
    });
    assert_eq!(t.app.title(), "Contoso Ltd RO");
    t.keys("A");
    assert_eq!(t.effects, []);
    assert_eq!(t.notice(), "Contoso Ltd is READ-ONLY: W allows writing");
    let Some(Modal::Confirm(confirm)) = t.app.modals.last() else {
        panic!("a question was expected");
    };
    assert_eq!(
        confirm.lines("Contoso Ltd")[0],
        "Allow writing to Contoso Ltd until this console ends?"
    );
    t.keys("A <enter>");
    assert_eq!(t.effects, []);
    t.keys("y");
    let req = t.asked();
    assert_eq!(t.effects, [Effect::AllowWriting { req }]);
    assert_eq!(t.app.session.writing, Writing::Asking(req));
    t.event(What::Session(SessionEvent::WritingAllowed { req }));
    assert_eq!(t.app.title(), "Contoso Ltd RW");
    t.keys("A");
    assert!(matches!(t.effects.as_slice(), [Effect::StartRun { .. }]));
}

#[test]
fn past_the_limit_the_tenants_name_is_typed() {
    let mut t = Driver::new();
    t.keys("p");
    let req = t.asked();
    let mut big = plan();
    big.limit = 0;
    run(&mut t, req, RunEvent::PlanReady(Box::new(big)));
    run(&mut t, req, finished(Outcome::Done));
    t.keys("A");
    assert_eq!(t.effects, []);
    assert!(t.app.is_name_typed());
    t.event(What::Paste("Contoso Ltd".into()));
    assert_eq!(t.notice(), "what confirms this is typed, never pasted");
    t.keys("<enter>");
    assert_eq!(t.notice(), "that is not the tenant's name: Contoso Ltd");
    t.text("Contoso Ltd");
    t.keys("<enter>");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::StartRun {
            kind: RunKind::Apply { .. },
            ..
        }]
    ));
}

#[test]
fn a_plan_that_no_longer_covers_the_queue_is_read_again() {
    let mut t = planned(settings());
    t.keys("<esc>");
    let mut edited = desk();
    let other = Value::Number(Some(number("+14255550188")));
    edited.entries[0].wanted = other.clone();
    edited.users[1].entries[0].wanted = other;
    t.desk(edited);
    t.keys("p");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::StartRun {
            kind: RunKind::Plan,
            ..
        }]
    ));
    let req = t.asked();
    run(&mut t, req, finished(Outcome::Failed(failure())));
    assert_eq!(t.app.modals.len(), 0);
    assert_eq!(t.notice(), "the ledger is busy");
    t.keys("<enter>");
    assert_eq!(t.app.place(), Place::Text);
}

#[test]
fn what_was_edited_while_the_plan_waited_is_not_written() {
    let mut t = Driver::new();
    t.keys("s");
    let req = t.asked();
    run(&mut t, req, RunEvent::PlanReady(Box::new(plan())));
    t.keys("p A");
    assert_eq!(t.app.runs.then_apply, Some(vec![EntryId(1)]));
    let mut edited = desk();
    let other = Value::Number(Some(number("+14255550188")));
    edited.entries[0].wanted = other.clone();
    edited.users[1].entries[0].wanted = other;
    t.desk(edited);
    run(&mut t, req, finished(Outcome::Done));
    assert_eq!(t.effects, []);
    assert_eq!(
        t.notice(),
        "nothing is written: the plan has changed since, p shows it"
    );
}

#[test]
fn a_console_that_ends_starts_nothing() {
    let mut t = Driver::new();
    t.keys("s");
    let req = t.asked();
    run(&mut t, req, RunEvent::PlanReady(Box::new(plan())));
    t.keys("p A Ctrl-C");
    assert!(matches!(t.effects.last(), Some(Effect::Quit { code: 0 })));
    run(&mut t, req, finished(Outcome::Cancelled));
    assert_eq!(t.effects, []);
}

#[test]
fn a_ticket_is_noted_and_wanted_where_the_tenant_says_so() {
    let mut t = planned(Settings {
        require_ticket: true,
        ..settings()
    });
    t.keys("A");
    assert_eq!(t.effects, []);
    assert_eq!(
        t.notice(),
        "this tenant wants a ticket for each change: type it, then A again"
    );
    assert_eq!(t.app.place(), Place::Confirm);
    t.text(" INC0012345 ");
    t.keys("<enter>");
    assert_eq!(
        change(&t),
        LedgerChange::Ticket {
            entries: vec![EntryId(1)],
            ticket: "INC0012345".into()
        }
    );
    let req = t.asked();
    let mut noted = desk();
    noted.tickets.insert(EntryId(1), "INC0012345".into());
    t.desk(noted);
    t.saved(req);
    assert_eq!(t.app.place(), Place::Plan);
    assert_eq!(t.app.plan_ticket(), Some("INC0012345"));
    t.keys("A");
    assert!(matches!(t.effects.as_slice(), [Effect::StartRun { .. }]));
}

#[test]
fn the_plan_is_kept_as_a_file_with_what_is_chosen() {
    let mut t = planned(settings());
    t.keys("O");
    assert_eq!(t.effects, []);
    assert!(t.app.is_name_typed());
    t.keys("<enter>");
    let [
        Effect::KeepPlan {
            path,
            plan: kept,
            entries,
            ..
        },
    ] = t.effects.as_slice()
    else {
        panic!("{:?}", t.effects);
    };
    assert!(path.starts_with("plan-contoso-2026"), "{path}");
    assert_eq!(path.rsplit('.').next(), Some("json"), "{path}");
    assert_eq!((**kept).clone(), plan());
    assert_eq!(entries, &[EntryId(1)]);
    assert_eq!(t.app.place(), Place::Plan);
}

/// Presses a key so many milliseconds after a moment, and draws.
fn pressed(t: &mut Driver, millis: i64, key: char) -> Vec<Effect> {
    let at = t.app.now + jiff::SignedDuration::from_millis(millis);
    let what = What::Key(Code::Char(key).into());
    let effects = t.app.update(Event { at, what });
    t.app.settle();
    let is_asked = |effect: &Effect| !matches!(effect, Effect::Wake { .. });
    effects.into_iter().filter(is_asked).collect()
}

#[test]
fn the_key_that_has_confirmed_means_nothing_else_right_after_it() {
    let mut t = planned(settings());
    assert!(matches!(
        pressed(&mut t, 1_000, 'A').as_slice(),
        [Effect::StartRun { .. }]
    ));
    // Nobody has seen that the plan is closed: whatever is pressed was meant for it.
    assert_eq!(pressed(&mut t, 10, 'd'), []);
    assert_eq!(t.app.modals.len(), 0);
    t.app.drawn();
    // The same key again, and held down.
    for _ in 0..20 {
        assert_eq!(pressed(&mut t, 120, 'A'), []);
        t.app.drawn();
        assert_eq!(t.app.modals.len(), 0, "no form was opened by it");
    }
    // Another key is nobody's second press, and after a while the same one means what it says.
    pressed(&mut t, 50, '4');
    assert_eq!(t.app.pane, Pane::Changes);
    pressed(&mut t, 50, '1');
    pressed(&mut t, 50, 'A');
    assert_eq!(t.app.place(), Place::Form);
}

#[test]
fn a_second_yes_does_not_answer_the_question_behind_the_first() {
    let mut t = Driver::new();
    t.keys("/ d i e g o <enter> d");
    pressed(&mut t, 1_000, 'y');
    t.app.drawn();
    assert!(shows(&t, "Release +1 425 555 0101 too?"));
    assert_eq!(pressed(&mut t, 120, 'y'), []);
    assert!(shows(&t, "Release +1 425 555 0101 too?"));
    assert!(!pressed(&mut t, 900, 'y').is_empty());
}
