//! The form: numbers, countries, associations, drafts.

use crate::domain::outbox::{EntryId, EntryState};
use crate::domain::user::{Association, UserId, Value};

use crate::app::action::Place;
use crate::app::effect::{Effect, LedgerChange};
use crate::app::event::{LedgerEvent, What};
use crate::app::fixture::{Driver, desk, entry, number, object, settings};
use crate::app::lifecycle::{Ending, Lifecycle};
use crate::app::modal::Modal;
use crate::app::pane::editor::{EditState, FormField, Target};

use crate::roster::desk::Desk;
use crate::view::screens::screen;

use super::sign_in::shows;
use super::{change, failure};

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
            "+1 425 555 0100 is held by Alex Wilber in the tenant; release it there first",
        ),
        (
            "+44 1235 123499, +44 1235 123498",
            "The telephone number provided is not valid: one number per user. A PBX can give one user several, \
             a bare SIP trunk cannot; give the other to a resource account that forwards to this user",
        ),
    ] {
        let mut t = Driver::new();
        t.keys("e").text(typed);
        // It is said as soon as it is typed.
        let rows = screen(&t.app);
        let below: Vec<&str> = rows[8..12].iter().map(|row| row.trim()).collect();
        let said = below.join(" ");
        assert!(said.contains(fault), "{said}");
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
    assert_eq!(t.effects, []);
    assert_eq!(
        asked(&t),
        "Tie Ben Walters to Joni Sherman <joni.sherman@contoso.example>?"
    );
    t.keys("<esc> <enter> y");
    let LedgerChange::Edit { patch, .. } = change(&t) else {
        panic!("an edit was expected");
    };
    assert_eq!(patch.association, Some(Association::Manual(object(6))));
    assert_eq!(patch.two_way, []);
}

#[test]
fn what_somebody_else_has_queued_is_not_replaced_unasked() {
    let edit = |t: &mut Driver| {
        t.keys("j e Ctrl-U").text("+44 1235 123499");
        t.keys("<enter>");
        // Where the plan doubts the number, it is saved twice.
        if t.effects.is_empty() && t.app.place() == Place::Form {
            t.keys("<enter>");
        }
    };
    let mut own = Driver::new();
    edit(&mut own);
    assert!(matches!(change(&own), LedgerChange::Edit { .. }));

    let mut t = Driver::new();
    t.app.settings.author = "pat as pat@msp.example".to_owned();
    edit(&mut t);
    assert_eq!(t.effects, []);
    assert_eq!(asked(&t), "Replace what somebody else has entered?");
    let Some(Modal::Confirm(confirm)) = t.app.modals.last() else {
        panic!("a question was expected");
    };
    let line = confirm.lines("Contoso Ltd")[1].clone();
    assert!(line.starts_with("j.smith "), "{line}");
    assert!(line.ends_with(": number +1 425 555 0199"), "{line}");
    t.keys("n");
    assert_eq!(t.effects, []);
    assert_eq!(t.app.place(), Place::Form);
    t.keys("<enter> y");
    assert!(matches!(change(&t), LedgerChange::Edit { .. }));
}

#[test]
fn an_own_field_that_another_session_has_saved_is_shown_and_asked_about() {
    let mut t = Driver::new();
    t.keys("j j e <backtab> <backtab> Ctrl-U").text("Lee G.");
    // Another console changes name, e-mail and number of the same person.
    let mut with = desk();
    with.users[2].user.name = "Lee Gu-Smith".into();
    with.users[2].user.mail = "lee.smith@contoso.example".into();
    t.desk(with.clone());
    assert!(shows(&t, "> Name        Lee G."));
    assert!(shows(&t, "  E-mail      lee.smith@contoso.example"));
    let said = "the name is now Lee Gu-Smith: another session saved it while this form was open";
    let rows = screen(&t.app).join(" ");
    let rows: Vec<&str> = rows.split_whitespace().collect();
    assert!(rows.join(" ").contains(said), "{rows:?}");
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    assert_eq!(asked(&t), "Replace what somebody else has entered?");
    // It moves once more while the question stands: what was agreed to was another value.
    with.users[2].user.name = "Lee Jones".into();
    t.desk(with);
    t.keys("y");
    assert_eq!(t.effects, []);
    assert_eq!(asked(&t), "Replace what somebody else has entered?");
    t.keys("y");
    let LedgerChange::Edit { patch, .. } = change(&t) else {
        panic!("an edit was expected");
    };
    assert_eq!(patch.name.as_deref(), Some("Lee G."));
    assert_eq!(patch.mail, None);
    assert_eq!(patch.seen.unwrap().name, "Lee Jones");
}

/// The desk after a number was queued for Lee Gu in another window.
fn lee_is_to_have(wanted: &str) -> Desk {
    let mut with = desk();
    let lee = with.users[2].clone();
    let wanted = Value::Number(Some(number(wanted)));
    with.users[2].entries = vec![entry(9, &lee, wanted, EntryState::Queued)];
    with.entries.extend(with.users[2].entries.clone());
    with
}

#[test]
fn a_change_that_was_queued_since_the_form_was_opened_is_not_replaced_unasked() {
    let mut t = Driver::new();
    t.keys("j j e Ctrl-U").text("+44 1235 123499");
    // The same engineer, in another window.
    t.desk(lee_is_to_have("+441235123488"));
    t.keys("<enter>");
    if t.effects.is_empty() && t.app.place() == Place::Form {
        t.keys("<enter>");
    }
    assert_eq!(asked(&t), "Replace what somebody else has entered?");
    t.keys("y");
    assert!(matches!(change(&t), LedgerChange::Edit { .. }));
}

/// The question on top.
fn asked(t: &Driver) -> String {
    match t.app.modals.last() {
        Some(Modal::Confirm(confirm)) => confirm.lines("Contoso Ltd")[0].clone(),
        other => panic!("a question was expected: {other:?}"),
    }
}

#[test]
fn tying_to_somebody_else_and_untying_are_asked() {
    let mut t = Driver::new();
    t.keys("j e <backtab> <backtab> <backtab>").text("alex");
    t.keys("<enter> <enter>");
    assert_eq!(
        asked(&t),
        "Tie Diego Siciliani to Alex Wilber <alex.wilber@contoso.example> (Calling Plan)?"
    );
    t.keys("n");
    assert_eq!(t.effects, []);
    assert_eq!(t.app.place(), Place::Form);
    t.keys("<backspace> <enter>");
    assert_eq!(
        asked(&t),
        "Untie Diego Siciliani from Diego Siciliani <diego.siciliani@contoso.example>?"
    );
    t.keys("y");
    let LedgerChange::Edit { patch, .. } = change(&t) else {
        panic!("an edit was expected");
    };
    assert_eq!(patch.association, Some(Association::None));
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
fn a_kept_draft_is_offered_and_opened_under_whatever_filter() {
    let mut t = Driver::new();
    t.keys("/").text("ben").keys("<enter>");
    t.event(What::Ledger(LedgerEvent::Draft {
        key: "edit:3".into(),
        text: "name=Lee Typed\nnumber=+44 1235 123455\n".into(),
    }));
    // By the name that is saved, not by one that was only typed.
    assert_eq!(t.notice(), "an edit of Lee Gu was kept; e opens it");
    // It may be there before the list is: then it is said with the list.
    let mut early = Driver::empty(settings(), (80, 24));
    early.app.opened = false;
    early.event(What::Ledger(LedgerEvent::Draft {
        key: "edit:3".into(),
        text: "name=Lee Typed\n".into(),
    }));
    assert_eq!(early.notice(), "");
    early.desk(desk());
    assert_eq!(early.notice(), "an edit of Lee Gu was kept; e opens it");
    t.keys("e");
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form opens");
    };
    assert_eq!(form.text.number.text(), "+44 1235 123455");
    assert_eq!(form.target, Target::User(UserId(3)));
    assert!(form.is_dirty());
}

/// So that no end, however sudden, costs more than a moment's typing.
#[test]
fn what_is_typed_is_kept_a_moment_later_and_once() {
    let mut t = Driver::new();
    t.keys("e").event(What::Wake);
    assert_eq!(
        (t.effects.as_slice(), t.app.typed_due),
        ([].as_slice(), None)
    );
    t.text("+4412351234");
    assert_eq!(t.effects, []);
    t.event(What::Wake);
    let [
        Effect::KeepDraft {
            key,
            text: Some(text),
        },
    ] = t.effects.as_slice()
    else {
        panic!("it is kept: {:?}", t.effects);
    };
    assert_eq!(key, "edit:1");
    assert!(text.contains("number=+4412351234"), "{text}");
    // Nothing is to be kept now, neither a moment later nor when the field is left.
    assert_eq!(t.app.typed_due, None);
    t.event(What::Wake);
    assert_eq!(t.effects, []);
    // What is taken back is forgotten.
    t.keys("Ctrl-U").event(What::Wake);
    assert_eq!(
        t.effects,
        [Effect::KeepDraft {
            key: "edit:1".into(),
            text: None
        }]
    );
    t.keys("<tab>");
    assert_eq!(t.effects, []);
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
fn a_free_number_is_chosen_from_the_inventory_and_is_then_a_number_like_one_that_was_typed() {
    let mut t = Driver::new();
    // Ben is in GB and has no number.
    t.keys("e");
    assert!(shows(&t, "Ctrl-F free numbers"));
    t.keys("Ctrl-F");
    assert_eq!(t.app.place(), Place::Choice);
    let rows = screen(&t.app);
    let at = rows
        .iter()
        .position(|row| row.contains("FREE NUMBERS"))
        .unwrap();
    assert_eq!(rows[at], "FREE NUMBERS for Ben Walters  1 of 1", "{rows:?}");
    // +1 425 555 0199 is free in the tenant, and queued for Diego: it is not to be had.
    assert_eq!(
        rows[at + 3],
        "  +44 1235 123474      GB Direct Routing     country of the user"
    );
    t.text("999");
    assert!(shows(&t, "No free number has all of these words or digits"));
    t.keys("<enter>");
    assert_eq!(t.app.place(), Place::Choice, "nothing was chosen");
    t.keys("Ctrl-U").text("1235 1234");
    t.keys("<enter>");
    assert_eq!(t.app.place(), Place::Form);
    assert!(shows(&t, "> Number      +44 1235 123474"));
    // It is checked and saved like any.
    t.keys("<enter>");
    let LedgerChange::Edit { id, patch } = change(&t) else {
        panic!("an edit was expected");
    };
    assert_eq!(id, UserId(1));
    let wanted = Value::Number(Some(number("+441235123474")));
    assert_eq!(patch.two_way, [(Value::Number(None), wanted)]);
}

#[test]
fn a_number_that_another_session_takes_leaves_the_free_ones() {
    let mut t = Driver::new();
    t.keys("e Ctrl-F");
    assert_eq!(t.effects, [Effect::LookForOthers]);
    assert!(shows(&t, "FREE NUMBERS for Ben Walters  1 of 1"));
    t.desk(lee_is_to_have("+441235123474"));
    assert!(shows(&t, "FREE NUMBERS for Ben Walters  0 of 0"));
    t.keys("<enter> <esc>");
    assert!(!shows(&t, "123474"));
}

#[test]
fn esc_leaves_the_free_numbers_and_the_field_as_they_were() {
    let mut t = Driver::new();
    t.keys("e").text("+44 1");
    t.keys("Ctrl-F <esc>");
    assert!(shows(&t, "> Number      +44 1"));
    assert_eq!(t.app.modals.len(), 1);
    // Elsewhere in the form there is nothing to choose, and the kind decides what there is.
    t.keys("<tab>");
    assert!(!shows(&t, "Ctrl-F"));
    t.keys("Ctrl-F");
    assert!(
        t.notice().contains("Tab goes to its field"),
        "{}",
        t.notice()
    );
    t.keys("Right <backtab> Ctrl-F");
    assert_eq!(
        t.notice(),
        "no free number (extension): 6 lists all, also those of Calling Plans"
    );
    // A number that is in Active Directory is not to be chosen.
    t.keys("<esc> y G k e Ctrl-F");
    assert_eq!(t.app.modals.len(), 1, "{}", t.notice());
}

#[test]
fn free_numbers_are_offered_where_a_number_is_typed_and_nowhere_else() {
    for keys in ["I", "X", "T", "1 * e", "Ctrl-N", "w"] {
        let mut t = Driver::new();
        t.keys(keys);
        assert!(!shows(&t, "Ctrl-F"), "{keys}: {:?}", screen(&t.app)[23]);
        t.keys("Ctrl-F");
        let free = matches!(t.app.modals.last(), Some(Modal::Free(_)));
        assert!(!free, "{keys}");
    }
}
