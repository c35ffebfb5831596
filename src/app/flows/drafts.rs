//! Forms of several sessions, kept beside each other.

use crate::app::effect::Effect;
use crate::app::event::{LedgerEvent, What};
use crate::app::fixture::Driver;
use crate::app::modal::Modal;

/// The ledger has this of an earlier session.
fn kept(t: &mut Driver, key: &str, text: String) {
    let key = key.to_owned();
    t.event(What::Ledger(LedgerEvent::Draft { key, text }));
}

/// Two consoles had the form open, and both ended before it was saved.
#[test]
fn what_two_sessions_kept_of_one_form_is_opened_one_after_the_other() {
    let mut t = Driver::new();
    for (key, digit) in [("edit:3", 5), ("edit:3#2", 6)] {
        let text = format!("name=Lee Gu\nnumber=+44 1235 12345{digit}\n");
        kept(&mut t, key, text);
    }
    assert_eq!(
        t.notice(),
        "2 edits of Lee Gu were kept; e opens one after the other"
    );
    for (told, key, number) in [
        (
            "this is one of 2 edits that were kept; Enter saves it",
            "edit:3",
            "+44 1235 123455",
        ),
        (
            "this is the edit that was kept; Enter saves it",
            "edit:3#2",
            "+44 1235 123456",
        ),
    ] {
        t.keys("e");
        assert_eq!(t.notice(), told);
        let Some(Modal::Form(form)) = t.app.modals.last() else {
            panic!("the form opens");
        };
        assert_eq!(form.text.number.text(), number);
        t.keys("<esc> y");
        let key = key.to_owned();
        assert_eq!(t.effects, [Effect::KeepDraft { key, text: None }]);
    }
    t.keys("e");
    assert!(!t.app.modals.is_empty() && t.app.drafts.is_empty());
}

#[test]
fn what_two_sessions_kept_of_new_users_names_neither_as_both() {
    let mut t = Driver::new();
    for (key, name) in [("add", "Ann"), ("add#2", "Bob")] {
        kept(&mut t, key, format!("name={name}\n"));
    }
    assert_eq!(
        t.notice(),
        "A opens 2 users that were being added, one after the other"
    );
}

#[test]
fn a_form_that_was_opened_before_its_draft_was_read_does_not_forget_it() {
    let mut t = Driver::new();
    t.keys("e").text("9");
    t.event(What::Ledger(LedgerEvent::Draft {
        key: "edit:1".into(),
        text: "number=+441235123455\n".into(),
    }));
    t.keys("<esc> y");
    let key = "edit:1#".to_owned();
    assert_eq!(t.effects, [Effect::KeepDraft { key, text: None }]);
    t.keys("e");
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form opens");
    };
    assert_eq!(form.text.number.text(), "+441235123455");
    assert_eq!(form.draft_key(), "edit:1");
}

/// The other may have been offered it, and have thrown it away.
#[test]
fn what_is_typed_is_kept_again_when_another_session_changes_something() {
    let mut t = Driver::new();
    t.keys("e").text("9").event(What::Wake);
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::KeepDraft { text: Some(_), .. }]
    ));
    let kept = t.effects.clone();
    t.event(What::Wake);
    assert_eq!(t.effects, []);
    let desk = t.app.desk.clone();
    t.event(What::Ledger(LedgerEvent::ChangedElsewhere(desk)));
    t.event(What::Wake);
    assert_eq!(t.effects, kept);
}
