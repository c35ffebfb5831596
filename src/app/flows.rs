//! Key scripts: what is typed, and what the console asks for.

use std::sync::Arc;

use crate::domain::failure::{Failure, FailureKind};
use crate::domain::gate::FirstCause;
use crate::domain::outbox::{EntryId, EntryState};
use crate::domain::run::{
    Level, LogLine, Outcome, Phase, Progress, RunEvent, RunId, RunKind, Source, Summary,
};
use crate::domain::user::{Association, LicenseStatus, UserId, Value};

use super::action::Place;
use super::effect::{Effect, Held, Keep, LedgerChange, Who};
use super::event::{CacheEvent, LedgerEvent, RequestId, SessionEvent, What};
use super::fixture::{
    Driver, at, country, desk, entry, number, object, plan, roster, row, settings, user, why_alex,
};
use super::lifecycle::{Ending, Lifecycle};
use super::modal::Modal;
use super::pane::Pane;
use super::pane::candidates::Listing;
use super::pane::editor::{EditState, FormField};
use super::session::Writing;
use super::{App, Settings};

fn run(t: &mut Driver, req: RequestId, event: RunEvent) {
    t.event(What::Run { req, event });
}

fn finished(outcome: Outcome) -> RunEvent {
    RunEvent::Finished {
        outcome,
        summary: Summary::default(),
    }
}

/// The change that the only effect asks of the ledger.
fn change(t: &Driver) -> LedgerChange {
    match t.effects.as_slice() {
        [Effect::Ledger { change, .. }] => change.clone(),
        other => panic!("one change was expected: {other:?}"),
    }
}

fn failure() -> Failure {
    Failure::new(
        FailureKind::TryAgain,
        "the ledger is busy",
        "locked",
        "try again",
    )
}

fn here(t: &Driver) -> String {
    t.app
        .users
        .row(&t.app.desk)
        .map(|row| row.user.name.clone())
        .unwrap_or_default()
}

#[test]
fn starts_with_a_sync_when_asked_to() {
    let mut app = App::new(
        Settings {
            sync_on_start: true,
            ..settings()
        },
        (80, 24),
    );
    let effects = app.start(at(0));
    assert_eq!(
        effects,
        [Effect::StartRun {
            req: RequestId(1),
            kind: RunKind::Sync,
            debug: false
        }]
    );
    assert_eq!(app.title(), "contoso RW");
    assert_eq!(
        App::new(settings(), (80, 24)).start(at(0)),
        Vec::<Effect>::new()
    );
}

#[test]
fn a_sync_while_one_is_going_says_how_far_it_is() {
    let mut t = Driver::new();
    t.keys("s");
    let req = t.asked();
    run(&mut t, req, RunEvent::Started { number: RunId(13) });
    run(&mut t, req, RunEvent::Phase(Phase::ReadUsers));
    let progress = Progress {
        pages: 2,
        users: 1_998,
        of: Some(4_000),
    };
    run(&mut t, req, RunEvent::Progress(progress));
    t.keys("S");
    assert_eq!(t.effects, []);
    assert_eq!(
        t.notice(),
        "run 13 sync is going: reading users: 2 pages, 1,998 of 4,000, 1,998/s (c cancels)"
    );
    run(&mut t, req, finished(Outcome::Done));
    assert!(t.app.runs.active().is_none());
    t.keys("S");
    assert_eq!(
        t.effects,
        [Effect::StartRun {
            req: RequestId(2),
            kind: RunKind::Sync,
            debug: true
        }]
    );
}

#[test]
fn strangers_are_dropped() {
    let mut t = Driver::new();
    t.keys("s");
    let before = t.app.runs.clone();
    run(&mut t, RequestId(99), finished(Outcome::Done));
    assert_eq!(t.app.runs, before);
    t.event(What::Ledger(LedgerEvent::Saved {
        req: RequestId(99),
        notice: "not asked".into(),
    }));
    assert_eq!(t.notice(), "");
    t.event(What::Session(SessionEvent::WritingAllowed {
        req: RequestId(99),
    }));
    assert_eq!(t.notice(), "");
}

#[test]
fn a_filter_that_finds_nothing_names_the_hits_elsewhere_and_enter_explains() {
    let mut t = Driver::new();
    t.keys("/ a l e x");
    let found = t.app.filter().elsewhere.clone().unwrap();
    assert_eq!(
        found.line(),
        "1 in everyone: Alex Wilber, Calling Plan (Enter: why)"
    );
    t.keys("<enter>");
    assert_eq!(
        t.effects,
        [Effect::Explain {
            req: t.asked(),
            who: Who::Directory(object(2)),
            live: false
        }]
    );
    let req = t.asked();
    t.event(What::Cache(CacheEvent::Why {
        req,
        why: Box::new(why_alex()),
    }));
    assert_eq!(
        t.app.why_shown().map(|w| w.name.as_str()),
        Some("Alex Wilber")
    );
    t.keys("r");
    assert_eq!(
        t.effects,
        [Effect::Explain {
            req: t.asked(),
            who: Who::Directory(object(2)),
            live: true
        }]
    );
    // The answer to the older question is no longer waited for.
    t.event(What::Cache(CacheEvent::Failed {
        req,
        failure: failure(),
    }));
    assert_eq!(
        t.app.why_shown().map(|w| w.name.as_str()),
        Some("Alex Wilber")
    );
    t.keys("<esc> <esc>");
    assert_eq!(t.app.place(), Place::Users);
    assert_eq!(t.app.users.shown.len(), 5);
}

#[test]
fn nobody_anywhere_is_explained_by_text() {
    let mut t = Driver::new();
    t.keys("2 / z z z <enter>");
    assert_eq!(
        t.effects,
        [Effect::Explain {
            req: t.asked(),
            who: Who::Text("zzz".into()),
            live: false
        }]
    );
}

#[test]
fn digits_and_words_filter_and_the_cursor_stays_on_its_user() {
    let mut t = Driver::new();
    t.keys("j j");
    assert_eq!(here(&t), "Lee Gu");
    t.keys("/").text("+44 1235");
    assert_eq!(t.app.users.shown.len(), 3);
    assert_eq!(here(&t), "Lee Gu");
    t.keys("<enter> <esc> /").text("gu !conflict");
    assert_eq!(t.app.users.shown.len(), 1);
    assert_eq!(here(&t), "Lee Gu");
    t.keys("<esc>");
    let mut other = desk();
    other.users.insert(0, user(9, 1, "Adele Vance", None));
    t.desk(other);
    assert_eq!(here(&t), "Lee Gu");
    t.keys("o o");
    assert_eq!(here(&t), "Lee Gu");
    // By state: the conflict first.
    assert_eq!(
        t.app.desk.users[t.app.users.shown[0]].user.name,
        "Pradeep Gupta"
    );
}

#[test]
fn one_candidate_is_added_at_once_and_gets_the_cursor() {
    let mut t = Driver::new();
    t.keys("2 j a");
    let LedgerChange::Add(users) = change(&t) else {
        panic!("an addition was expected");
    };
    assert_eq!(users.len(), 1);
    assert_eq!(users[0].name, "Joni Sherman");
    assert_eq!(users[0].association, Association::Matched(object(6)));
    assert_eq!((&users[0].number, &users[0].wanted_number), (&None, &None));
    let req = t.asked();
    t.saved(req);
    assert_eq!(t.notice(), "Joni Sherman added; e gives a number");
    assert_eq!(t.app.pane, Pane::Users);
    let mut with = desk();
    with.users.push(user(6, 6, "Joni Sherman", None));
    t.desk(with);
    assert_eq!(here(&t), "Joni Sherman");
    t.keys("e");
    assert_eq!(t.app.place(), Place::Form);
}

#[test]
fn a_candidate_with_a_number_is_added_with_it_and_queues_nothing() {
    let mut t = Driver::new();
    let mut rows: Vec<_> = roster().rows().cloned().collect();
    rows.push(row(
        20,
        "Zoe Z",
        FirstCause::Eligible,
        Some("+441235123499"),
    ));
    t.event(What::Cache(CacheEvent::Roster(Arc::new(
        crate::roster::Roster::new(2, rows),
    ))));
    t.keys("2 G a");
    let LedgerChange::Add(users) = change(&t) else {
        panic!("an addition was expected");
    };
    assert_eq!(users[0].number, Some(number("+441235123499")));
    assert_eq!(users[0].wanted_number, None);
    let req = t.asked();
    t.saved(req);
    assert_eq!(t.notice(), "Zoe Z added with +44 1235 123499");
}

#[test]
fn many_are_marked_and_added_and_hidden_marks_are_counted() {
    let mut t = Driver::new();
    t.keys("2 *");
    assert_eq!(t.app.candidates.marked.len(), 4);
    t.keys("/ j o n i");
    assert_eq!(
        t.app.candidates.marks(&t.app.roster),
        Some("4 marked, 3 not shown".to_owned())
    );
    t.keys("<enter> a");
    let LedgerChange::Add(users) = change(&t) else {
        panic!("an addition was expected");
    };
    assert_eq!(users.len(), 4);
    let req = t.asked();
    t.saved(req);
    assert_eq!(t.notice(), "4 users added: 1 shows them");
    assert_eq!(t.app.candidates.marked.len(), 0);
    assert_eq!(t.app.pane, Pane::Candidates);
}

#[test]
fn everyone_shows_causes_and_adding_a_stranger_asks_with_the_reason() {
    let mut t = Driver::new();
    t.keys("f");
    assert_eq!(t.app.pane, Pane::Candidates);
    assert_eq!(t.app.candidates.listing, Listing::Everyone);
    assert_eq!(t.app.candidates.shown.len(), 14);
    assert_eq!(
        t.app.candidates.cause_counts().join(", "),
        "3 can be added, 5 configured, 1 resource, 1 disabled, 1 guest, 1 no licence, 1 no Phone System, 1 Calling Plan"
    );
    t.keys("j a");
    assert_eq!(t.effects, []);
    let Some(Modal::Confirm(confirm)) = t.app.modals.last() else {
        panic!("a question was expected");
    };
    assert_eq!(
        confirm.lines("Contoso Ltd"),
        [
            "Add Alex Wilber, who is no candidate?",
            "Alex Wilber: Calling Plan"
        ]
    );
    t.event(What::Paste("y".into()));
    assert_eq!(t.effects, []);
    t.keys("y");
    assert!(matches!(change(&t), LedgerChange::Add(users) if users.len() == 1));
    t.keys("<esc> f j j");
    assert_eq!(t.app.candidates.listing, Listing::Candidates);
    // Somebody who is configured already is not added twice.
    let mut t = Driver::new();
    t.keys("f j j a");
    assert_eq!(t.effects, []);
    assert_eq!(t.notice(), "configured already: 1 shows the row");
}

#[test]
fn a_new_number_is_saved_with_its_base_and_the_form_closes_when_it_is_committed() {
    let mut t = Driver::new();
    t.keys("j j e");
    assert_eq!(t.app.place(), Place::Form);
    t.keys("Ctrl-U").text("01235 123499");
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form stays");
    };
    assert_eq!(
        form.faults[0].1,
        "The telephone number provided is not valid: it must start with + and the country code; did you mean +44 1235 123499?"
    );
    t.keys("Ctrl-T <tab>");
    assert_eq!(
        t.effects,
        [Effect::KeepDraft {
            key: "edit:3".into(),
            text: Some(
                "name=Lee Gu\nmail=lee.gu@contoso.example\nnumber=+44 1235 123499\nkind=ddi\ncountry=GB\n\
                 association=matched:07070707-0707-0707-0707-070707070707\n"
                    .into()
            )
        }]
    );
    t.keys("<enter>");
    // 01235 12349x is a number of the plan; what was typed is doubted only where the plan doubts.
    if t.effects.is_empty() {
        t.keys("<enter>");
    }
    let LedgerChange::Edit { id, patch } = change(&t) else {
        panic!("an edit was expected");
    };
    assert_eq!(id, UserId(3));
    assert_eq!(
        patch.two_way,
        [(
            Value::Number(Some(number("+441235123471"))),
            Value::Number(Some(number("+441235123499")))
        )]
    );
    assert_eq!((patch.name, patch.mail, patch.kind), (None, None, None));
    let req = t.asked();
    t.event(What::Ledger(LedgerEvent::Refused {
        req,
        failure: failure(),
    }));
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form stays open on a refusal");
    };
    assert_eq!(form.state, EditState::Failed(failure()));
    t.keys("<enter>");
    let req = t.asked();
    assert!(t.app.modals.len() == 1);
    t.saved(req);
    assert_eq!(t.app.modals.len(), 0);
    assert_eq!(
        t.effects,
        [Effect::KeepDraft {
            key: "edit:3".into(),
            text: None
        }]
    );
    assert_eq!(t.notice(), "saved");
}

#[test]
fn doubt_is_a_warning_that_a_second_enter_overrules() {
    let mut t = Driver::new();
    t.keys("e").text("+44 1235 1");
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    t.keys("Ctrl-U").text("+999 1234567");
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form stays");
    };
    assert!(form.faults[0].1.ends_with("Enter again takes it as it is"));
    t.keys("<enter>");
    assert!(matches!(change(&t), LedgerChange::Edit { .. }));
}

#[test]
fn a_number_that_somebody_holds_is_refused_with_the_name() {
    for (typed, fault) in [
        (
            "+441235123480",
            "+44 1235 123480 is held by Pradeep Gupta; queue its release there first",
        ),
        (
            "+14255550199",
            "+1 425 555 0199 is held by Diego Siciliani (queued); queue its release there first",
        ),
        (
            "+14255550100",
            "+1 425 555 0100 is held by Alex Wilber; queue its release there first",
        ),
        (
            "+44 1235 123499, +44 1235 123498",
            "The telephone number provided is not valid: one number per user. A PBX can give one user several, \
             a bare SIP trunk cannot; give the other to a resource account that forwards to this user",
        ),
    ] {
        let mut t = Driver::new();
        t.keys("e").text(typed);
        t.keys("<enter>");
        assert_eq!(t.effects, [], "{typed}");
        let Some(Modal::Form(form)) = t.app.modals.last() else {
            panic!("the form stays");
        };
        assert_eq!(form.faults[0].1, fault);
    }
}

#[test]
fn a_number_whose_release_is_queued_may_be_given() {
    let mut with = desk();
    let diego = with.users[1].clone();
    with.users[1].entries = vec![entry(1, &diego, Value::Number(None), EntryState::Queued)];
    with.entries[0] = with.users[1].entries[0].clone();
    let mut t = Driver::new();
    t.desk(with);
    t.keys("e").text("+1 425 555 0101");
    t.keys("<tab> <tab>");
    t.keys("<enter>");
    if t.effects.is_empty() {
        t.keys("<enter>");
    }
    assert!(matches!(change(&t), LedgerChange::Edit { .. }));
}

#[test]
fn a_dirsync_number_is_locked_with_the_way_out() {
    let mut t = Driver::new();
    t.keys("j j j e");
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form opens");
    };
    assert!(
        form.number_locked
            .as_deref()
            .unwrap()
            .contains("msRTCSIP-Line")
    );
    t.keys("<backtab> <backtab>").text("9");
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form stays");
    };
    assert_eq!(form.focus, FormField::Number);
    assert_eq!(form.text.number.text(), form.initial.number.text());
}

#[test]
fn uk_offers_gb() {
    let mut t = Driver::new();
    t.keys("e <tab> <tab> Ctrl-U U K <enter>");
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form stays");
    };
    assert_eq!(
        form.faults[0].1,
        "UK is not a country code; for this country the code is GB"
    );
    assert_eq!(form.proposal(), Some((FormField::Country, "GB".to_owned())));
    t.keys("Ctrl-T <enter>");
    assert_eq!(t.effects.len(), 1);
    assert_eq!(t.notice(), "nothing was changed");
}

#[test]
fn the_old_value_typed_again_drops_the_queued_change() {
    let mut t = Driver::new();
    t.keys("j e Ctrl-U").text("+1 425 555 0101");
    t.keys("<enter>");
    if t.effects.is_empty() {
        t.keys("<enter>");
    }
    assert_eq!(change(&t), LedgerChange::Undo(EntryId(1)));
}

#[test]
fn an_association_is_found_by_typing() {
    let mut t = Driver::new();
    t.keys("e <tab> <tab> <tab>").text("sherm");
    t.keys("<enter>");
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form stays");
    };
    assert_eq!(form.text.association, Association::Manual(object(6)));
    t.text("lee gu");
    t.keys("<enter>");
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form stays");
    };
    assert_eq!(
        form.faults,
        [(
            FormField::Association,
            "this Teams user belongs to Lee Gu already".to_owned()
        )]
    );
    t.keys("<esc> <enter>");
    let LedgerChange::Edit { patch, .. } = change(&t) else {
        panic!("an edit was expected");
    };
    assert_eq!(patch.association, Some(Association::Manual(object(6))));
    assert_eq!(patch.two_way, []);
}

#[test]
fn adding_by_hand_takes_over_what_the_directory_knows() {
    let mut t = Driver::new();
    t.keys("A <backtab>").text("alex");
    t.keys("<enter> <enter>");
    let LedgerChange::Add(users) = change(&t) else {
        panic!("an addition was expected");
    };
    assert_eq!(users[0].name, "Alex Wilber");
    assert_eq!(users[0].number, Some(number("+14255550100")));
    assert_eq!(users[0].wanted_number, None);
    assert_eq!(users[0].association, Association::Manual(object(2)));
    let req = t.asked();
    t.saved(req);
    assert_eq!(t.app.modals.len(), 0);
    // Without a directory user, a number is wanted, not had.
    t.keys("A").text("Pat Old");
    t.keys("<tab>").text("pat@contoso.example");
    t.keys("<tab>").text("+44 1865 240001");
    t.keys("<enter>");
    if t.effects.is_empty() {
        t.keys("<enter>");
    }
    let LedgerChange::Add(users) = change(&t) else {
        panic!("an addition was expected");
    };
    assert_eq!(users[0].number, None);
    assert_eq!(users[0].wanted_number, Some(number("+441865240001")));
}

#[test]
fn leaving_a_form_asks_only_when_something_was_typed() {
    let mut t = Driver::new();
    t.keys("e <esc>");
    assert_eq!(t.app.modals.len(), 0);
    t.keys("e 9 <esc>");
    assert_eq!(t.app.place(), Place::Confirm);
    t.keys("<esc>");
    assert_eq!(t.app.place(), Place::Form);
    t.keys("<esc> y");
    assert_eq!(t.app.modals.len(), 0);
    assert_eq!(
        t.effects,
        [Effect::KeepDraft {
            key: "edit:1".into(),
            text: None
        }]
    );
}

#[test]
fn a_kept_draft_is_offered_and_opened() {
    let mut t = Driver::new();
    t.event(What::Ledger(LedgerEvent::Draft {
        key: "edit:3".into(),
        text: "name=Lee Gu\nnumber=+44 1235 123455\n".into(),
    }));
    assert_eq!(t.notice(), "an edit of Lee Gu was kept; e opens it");
    t.keys("e");
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form opens");
    };
    assert_eq!(form.text.number.text(), "+44 1235 123455");
    assert!(form.is_dirty());
}

#[test]
fn a_hangup_keeps_the_draft_and_stops_the_run() {
    let mut t = Driver::new();
    t.keys("s");
    let req = t.asked();
    t.keys("e 9");
    t.event(What::Hangup);
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::KeepDraft { text: Some(_), .. }, Effect::CancelRun { req: cancelled }, Effect::Quit { code: 129 }]
            if *cancelled == req
    ));
    assert_eq!(
        t.app.lifecycle(),
        Lifecycle::Draining {
            why: Ending::Hangup
        }
    );
    t.keys("s j <enter>");
    assert_eq!(t.effects, []);
}

#[test]
fn removing_asks_twice_when_there_is_a_number() {
    let mut t = Driver::new();
    t.keys("j d d");
    assert_eq!(t.effects, []);
    t.keys("y n");
    assert_eq!(
        change(&t),
        LedgerChange::Remove {
            id: UserId(2),
            release: None
        }
    );
    t.keys("d y y");
    assert_eq!(
        change(&t),
        LedgerChange::Remove {
            id: UserId(2),
            release: Some(number("+14255550101"))
        }
    );
    // Ben has no number: one question.
    t.keys("k d y");
    assert_eq!(
        change(&t),
        LedgerChange::Remove {
            id: UserId(1),
            release: None
        }
    );
}

#[test]
fn undo_drops_the_queued_change() {
    let mut t = Driver::new();
    t.keys("j u");
    assert_eq!(change(&t), LedgerChange::Undo(EntryId(1)));
    t.keys("k u");
    assert_eq!(t.effects, []);
    assert_eq!(t.notice(), "no queued change is under the cursor");
    t.keys("4 u");
    assert_eq!(change(&t), LedgerChange::Undo(EntryId(1)));
}

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
    t.keys("4 j j j <enter> t");
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
        let key = super::keymap::parse(name).unwrap();
        let effects = t.app.update(super::event::Event {
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
    assert_eq!(
        t.notice(),
        "Contoso Ltd is READ-ONLY: the action \"Allow writing\" (W) lifts it"
    );
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
fn a_run_is_cancelled_with_another_key_than_the_one_that_asked() {
    let mut t = Driver::new();
    t.keys("c");
    assert_eq!(t.notice(), "no run is going");
    t.keys("s");
    let req = t.asked();
    t.keys("c c");
    assert_eq!(t.effects, []);
    t.keys("y");
    assert_eq!(t.effects, [Effect::CancelRun { req }]);
    assert_eq!(t.app.runs.active().unwrap().doing(), "stopping");
}

#[test]
fn quitting_asks_only_when_something_would_be_lost() {
    let mut t = Driver::new();
    t.keys("s q");
    assert!(matches!(
        t.effects.as_slice(),
        [
            Effect::StartRun { .. },
            Effect::CancelRun { .. },
            Effect::Quit { code: 0 }
        ]
    ));
    let mut t = Driver::new();
    t.keys("e 9 Ctrl-C");
    assert_eq!(t.effects, []);
    assert_eq!(t.app.place(), Place::Confirm);
    t.keys("Ctrl-C");
    assert_eq!(t.effects, []);
    t.keys("y");
    assert!(matches!(
        t.effects.as_slice(),
        [
            Effect::KeepDraft { text: Some(_), .. },
            Effect::Quit { code: 0 }
        ]
    ));
}

#[test]
fn the_palette_runs_what_is_searched_and_says_why_not() {
    let mut t = Driver::new();
    t.keys("?").text("debug");
    t.keys("<enter>");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::StartRun { debug: true, .. }]
    ));
    t.keys(":").text("mark-all");
    t.keys("<enter>");
    assert_eq!(t.notice(), "works in 2 Add users");
    assert_eq!(t.app.place(), Place::Palette);
    t.keys("Ctrl-U").text("why alex");
    t.keys("<enter>");
    assert_eq!(
        t.effects,
        [Effect::Explain {
            req: t.asked(),
            who: Who::Text("alex".into()),
            live: false
        }]
    );
    t.keys("<esc> ?").text("why alex");
    t.keys("<down> <enter>");
    assert!(
        matches!(&t.effects[..], [Effect::Explain { who: Who::Directory(id), .. }] if *id == object(2))
    );
    t.keys("<esc> ?").text("remove");
    t.keys("<enter>");
    assert_eq!(t.app.place(), Place::Confirm);
}

#[test]
fn the_log_follows_its_end_until_it_is_scrolled() {
    let mut t = Driver::new();
    t.keys("3 s");
    let req = t.asked();
    for n in 0..50 {
        let line = LogLine {
            at: n,
            source: Source::Graph,
            level: Level::Info,
            text: format!("line {n}"),
        };
        run(&mut t, req, RunEvent::Log(line));
    }
    assert_eq!(t.app.sync.tail, super::pane::sync::Tail::Follow);
    t.keys("<pageup>");
    let tail = t.app.sync.tail;
    assert!(matches!(tail, super::pane::sync::Tail::From(_)));
    run(
        &mut t,
        req,
        RunEvent::Log(LogLine {
            at: 51,
            source: Source::Sync,
            level: Level::Error,
            text: "last".into(),
        }),
    );
    assert_eq!(t.app.sync.tail, tail);
    t.keys("G / e r r o r <enter>");
    assert_eq!(t.app.sync.tail, super::pane::sync::Tail::Follow);
    assert_eq!(t.app.sync.len(&t.app.runs.log), 1);
    t.keys("<esc> y");
    assert!(
        matches!(&t.effects[..], [Effect::Copy { text, .. }] if text.starts_with("<00:00> GRAPH> line 0\n"))
    );
}

#[test]
fn a_run_of_the_history_shows_its_log() {
    let mut t = Driver::new();
    t.keys("3 j <enter>");
    let req = t.asked();
    assert_eq!(
        t.effects,
        [Effect::LoadLog {
            req,
            run: RunId(11)
        }]
    );
    let lines = Arc::new(vec![LogLine {
        at: 0,
        source: Source::Auth,
        level: Level::Info,
        text: "hello".into(),
    }]);
    t.event(What::Ledger(LedgerEvent::Log {
        req,
        run: RunId(11),
        lines: Arc::clone(&lines),
    }));
    let Some(Modal::Log(view)) = t.app.modals.last() else {
        panic!("the log is shown");
    };
    assert_eq!(view.lines, Some(lines));
}

#[test]
fn a_failure_stays_until_it_is_read() {
    let mut t = Driver::new();
    t.keys("s");
    let req = t.asked();
    run(&mut t, req, finished(Outcome::Failed(failure())));
    for _ in 0..30 {
        t.event(What::Wake);
    }
    assert_eq!(t.notice(), "the ledger is busy");
    t.keys("<enter>");
    assert_eq!(t.app.place(), Place::Text);
    t.keys("y");
    assert!(
        matches!(&t.effects[..], [Effect::Copy { text, .. }] if text.contains("locked") && text.contains("try again"))
    );
    t.keys("<esc>");
    // A word goes by itself.
    t.keys("o");
    assert_eq!(t.notice(), "sorted by number");
    for _ in 0..10 {
        t.event(What::Wake);
    }
    assert_eq!(t.notice(), "");
}

#[test]
fn idle_changes_nothing_and_asks_for_nothing() {
    let mut t = Driver::new();
    t.app.take_dirty();
    let before = t.app.clone();
    for _ in 0..5 {
        t.event(What::Wake);
        assert_eq!(t.effects, []);
    }
    assert!(!t.app.is_dirty());
    let mut after = t.app.clone();
    after.now = before.now;
    assert_eq!(after, before);
}

#[test]
fn a_wide_screen_explains_the_row_once_when_the_cursor_rests() {
    let mut t = Driver::sized((140, 40));
    t.event(What::Wake).event(What::Wake);
    assert_eq!(
        t.effects,
        [Effect::Explain {
            req: t.asked(),
            who: Who::User(UserId(1)),
            live: false
        }]
    );
    let old = t.asked();
    t.event(What::Wake);
    assert_eq!(t.effects, []);
    t.keys("j");
    t.event(What::Wake);
    let new = t.asked();
    t.event(What::Cache(CacheEvent::Why {
        req: old,
        why: Box::new(why_alex()),
    }));
    assert_eq!(t.app.beside.why, None);
    t.event(What::Cache(CacheEvent::Why {
        req: new,
        why: Box::new(why_alex()),
    }));
    assert!(t.app.beside.why.is_some());
    // Narrow screens ask for nothing.
    let mut t = Driver::new();
    t.keys("j");
    t.event(What::Wake);
    assert_eq!(t.effects, []);
}

#[test]
fn wakes_are_asked_for_once() {
    let mut app = App::new(settings(), (80, 24));
    let mut wakes = 0;
    for n in 0..3 {
        let effects = app.update(super::event::Event {
            at: at(n),
            what: What::Key(super::keymap::parse("c").unwrap()),
        });
        wakes += effects
            .iter()
            .filter(|effect| matches!(effect, Effect::Wake { .. }))
            .count();
    }
    assert_eq!(wakes, 1);
}

#[test]
fn manual_mode_builds_no_picklist_but_lists_everyone() {
    let mut t = Driver::with(
        Settings {
            manual_mode: true,
            ..settings()
        },
        (80, 24),
    );
    t.keys("2");
    assert_eq!(t.app.candidates.shown.len(), 0);
    t.keys("f");
    assert_eq!(t.app.candidates.shown.len(), 14);
}

#[test]
fn the_tenants_own_name_counts_once_it_is_known() {
    let mut t = Driver::empty(settings(), (80, 24));
    assert_eq!(t.app.session.tenant, "contoso");
    t.desk(desk());
    assert_eq!(t.app.session.tenant, "Contoso Ltd");
    t.keys("s");
    let req = t.asked();
    run(
        &mut t,
        req,
        RunEvent::SignedIn {
            tenant: "Contoso Limited".into(),
            account: "app 1".into(),
        },
    );
    t.desk(desk());
    assert_eq!(t.app.session.tenant, "Contoso Limited");
    assert_eq!(t.app.session.account, "app 1");
}

#[test]
fn states_of_users_are_words_with_causes() {
    let t = Driver::new();
    let states: Vec<(String, String)> = t
        .app
        .desk
        .users
        .iter()
        .map(|row| {
            let state = super::pane::users::state(row, t.app.now);
            (state.word.to_owned(), state.cause)
        })
        .collect();
    let expected = [
        ("Unlicensed", "no seat (3 of 3 in use)"),
        ("queued", "-> +1 425 555 0199"),
        ("waiting", "country GB, due 14:20Z"),
        ("refused", "number is in AD (DirSync'd)"),
        ("conflict", "tenant has +44 1235 123482 (Enter)"),
    ]
    .map(|(word, cause)| (word.to_owned(), cause.to_owned()));
    assert_eq!(states, expected);
    let mut left = user(9, 2, "Alex Wilber", None);
    left.cause = Some(FirstCause::CallingPlan);
    let state = super::pane::users::state(&left, at(0));
    assert_eq!(
        (state.word, state.cause.as_str()),
        ("warning", "Calling Plan")
    );
    left.cause = Some(FirstCause::Eligible);
    assert_eq!(left.status, LicenseStatus::Licensed);
    assert_eq!(super::pane::users::state(&left, at(0)).word, "ok");
    assert_eq!(country("GB"), left.user.country);
}

#[test]
fn nothing_is_done_blindly_on_a_screen_that_is_too_small() {
    let mut t = Driver::sized((40, 12));
    t.keys("j d y");
    assert_eq!(t.effects, []);
    assert_eq!(t.app.modals.len(), 0);
    t.keys("q");
    assert_eq!(t.effects, [Effect::Quit { code: 0 }]);
}

mod any {
    use proptest::prelude::*;

    use super::super::event::{Code, Key};
    use super::*;
    use crate::view::screens::screen;

    fn keys() -> impl Strategy<Value = Key> {
        let letters = "jkgGaAedwrsSpuofycqWxmtn/:?*1234 -+09!@.zK".chars();
        let mut all: Vec<Key> = letters.map(|c| Code::Char(c).into()).collect();
        for code in [
            Code::Enter,
            Code::Enter,
            Code::Esc,
            Code::Tab,
            Code::BackTab,
            Code::Backspace,
            Code::Up,
            Code::Down,
            Code::Left,
            Code::Right,
            Code::PageUp,
            Code::PageDown,
            Code::Home,
            Code::End,
            Code::Delete,
        ] {
            all.push(code.into());
        }
        all.push(Key {
            code: Code::Char('t'),
            ctrl: true,
        });
        prop::sample::select(all)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn sequence_of_keys_never_panics(
            typed in prop::collection::vec(keys(), 1..60),
            wide in any::<bool>(),
        ) {
            let mut t = Driver::sized(if wide { (140, 40) } else { (80, 24) });
            for (n, key) in typed.into_iter().enumerate() {
                t.event(What::Key(key));
                // Some questions are answered, so that the states behind them are reached.
                let open = t.effects.clone();
                for effect in open {
                    match effect {
                        Effect::Ledger { req, .. } if n % 2 == 0 => { t.saved(req); }
                        Effect::Explain { req, .. } => {
                            t.event(What::Cache(CacheEvent::Why { req, why: Box::new(why_alex()) }));
                        }
                        Effect::StartRun { req, .. } => {
                            run(&mut t, req, RunEvent::PlanReady(Box::new(plan())));
                            if n % 2 == 0 {
                                run(&mut t, req, finished(Outcome::Done));
                            }
                        }
                        _ => {}
                    }
                }
                if n % 8 == 0 {
                    screen(&t.app);
                }
            }
            screen(&t.app);
        }
    }
}
