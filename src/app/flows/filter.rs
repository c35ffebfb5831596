//! The filter and the cursor, and what an explanation says after something was queued: the row that the next key acts on.

use std::sync::Arc;

use crate::domain::gate::FirstCause;
use crate::domain::outbox::EntryState;
use crate::domain::user::Value;

use crate::app::effect::{Effect, Who};
use crate::app::event::{CacheEvent, What};
use crate::app::fixture::{Driver, desk, entry, number, object, roster, row, user, why_alex};
use crate::app::modal::Modal;
use crate::roster::Roster;
use crate::view::screens::screen;

use super::here;

fn two_pats() -> Driver {
    let mut t = Driver::new();
    let mut desk = desk();
    desk.users.push(user(6, 12, "Anna Patel", None));
    desk.users.push(user(7, 13, "Patti Fernandez", None));
    t.desk(desk);
    t
}

#[test]
fn the_cursor_goes_to_the_first_match_and_esc_takes_it_back() {
    let mut t = two_pats();
    t.keys("G");
    assert_eq!(here(&t), "Pradeep Gupta");
    // A name that starts with the text comes before one that only has it.
    t.keys("/ p a t");
    assert_eq!(here(&t), "Patti Fernandez");
    t.keys("<backspace> <backspace> <backspace>");
    assert_eq!(here(&t), "Pradeep Gupta");
    t.keys("l e e");
    assert_eq!(here(&t), "Lee Gu");
    t.keys("<esc>");
    assert_eq!(here(&t), "Pradeep Gupta");
    t.keys("/ p a t <enter> d");
    assert!(matches!(t.app.modals.last(), Some(Modal::Confirm(_))));
    assert!(
        screen(&t.app)
            .join("\n")
            .contains("Remove Patti Fernandez here?")
    );
}

#[test]
fn a_new_filter_begins_empty_and_the_old_one_can_be_taken_back() {
    let mut t = two_pats();
    t.keys("/ p a t <enter> /");
    assert_eq!(t.app.filter().field.text(), "");
    assert!(
        screen(&t.app)
            .join("\n")
            .contains("replaces pat; Esc takes it back")
    );
    t.keys("l e e");
    assert_eq!(
        (t.app.filter().field.text(), here(&t).as_str()),
        ("lee", "Lee Gu")
    );
    t.keys("<esc>");
    assert_eq!(
        (t.app.filter().field.text(), here(&t).as_str()),
        ("pat", "Patti Fernandez")
    );
    assert!(!t.app.is_typing());
    t.keys("<esc>");
    assert_eq!(t.app.users.shown.len(), 7);
}

#[test]
fn numbers_and_people_of_the_tenant_follow_the_filter_too() {
    let mut t = Driver::new();
    t.keys("6 G / 4 2 5 5 5 5 0 1 9 9");
    assert_eq!(
        t.app.number_row().unwrap().record.number,
        number("+14255550199")
    );
    t.keys("<esc>");
    assert_eq!(
        t.app.number_row().unwrap().record.number,
        number("+441235123474")
    );
    t.keys("2 f G / a l e x");
    assert_eq!(
        t.app.candidates.row(&t.app.roster).unwrap().name,
        "Alex Wilber"
    );
}

#[test]
fn who_was_repaired_has_the_cursor_once_the_row_is_listed() {
    let mut t = Driver::new();
    t.keys("2 w <esc>");
    t.app.candidates.goto = Some(object(2));
    let mut rows: Vec<_> = roster().rows().map(|row| row.to_row()).collect();
    for one in &mut rows {
        if one.id == object(2) {
            *one = row(2, "Alex Wilber", FirstCause::Eligible, None);
        }
    }
    t.event(What::Cache(CacheEvent::Roster(Arc::new(Roster::new(
        2, rows,
    )))));
    assert_eq!(
        t.app.candidates.row(&t.app.roster).unwrap().name,
        "Alex Wilber"
    );
    assert_eq!(t.app.candidates.goto, None);
}

fn explained() -> Driver {
    let mut t = Driver::new();
    t.keys("/ a l e x <enter>");
    let req = t.asked();
    t.event(What::Cache(CacheEvent::Why {
        req,
        why: Box::new(why_alex()),
    }));
    t
}

#[test]
fn a_step_by_hand_is_copied_alone_and_its_notice_goes_with_the_explanation() {
    let mut t = explained();
    t.keys("1");
    let [Effect::Copy { text, .. }] = t.effects.as_slice() else {
        panic!("its text is copied: {:?}", t.effects);
    };
    assert_eq!(text, "disable MCOPSTN1 in that licence; MCOEV stays");
    let req = t.asked();
    t.saved(req);
    assert_eq!(
        t.notice(),
        "step 1 cannot be done from here; its text is saved"
    );
    t.keys("9");
    assert_eq!(t.notice(), "there is no step 9");
    let copied = |t: &Driver| match t.effects.as_slice() {
        [Effect::Copy { text, .. }] => text.clone(),
        other => panic!("a text is copied: {other:?}"),
    };
    t.keys("y");
    let words = copied(&t);
    assert!(
        words.starts_with("Alex Wilber (alex.wilber@contoso.example) cannot be added"),
        "{words}"
    );
    assert!(!words.contains("EV on"), "{words}");
    t.keys("Y");
    assert!(copied(&t).contains("CallingPlan number, online; EV on"));
    t.keys("<esc>");
    assert_eq!((t.app.modals.len(), t.notice()), (0, String::new()));
}

#[test]
fn an_explanation_shows_what_was_queued_and_p_plans_it() {
    let mut t = explained();
    let mut desk = desk();
    let alex = user(9, 2, "Alex Wilber", None);
    let mut queued = entry(
        8,
        &alex,
        Value::Number(Some(number("+14255550198"))),
        EntryState::Queued,
    );
    queued.user = None;
    desk.entries.push(queued);
    t.desk(desk);
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Explain { who: Who::Directory(id), live: false, .. }] if *id == object(2)
    ));
    let shown = screen(&t.app).join("\n");
    assert!(
        shown.contains("queued: none -> +1 425 555 0198; p plans it"),
        "{shown}"
    );
    t.keys("p");
    assert!(matches!(t.app.modals.last(), Some(Modal::Plan(_))));
}

#[test]
fn a_column_is_named_and_completed_and_a_pattern_is_read() {
    let mut t = Driver::new();
    t.keys("/");
    assert!(
        top(&t).contains("name: mail: upn: number: country: state: cause: kind:"),
        "{}",
        top(&t)
    );
    t.text("cou");
    assert!(top(&t).contains("Tab: country:"), "{}", top(&t));
    t.keys("<tab>").text("fr");
    assert_eq!(t.app.users.shown.len(), 1);
    t.keys("<enter>");
    let lee = t
        .app
        .users
        .row(&t.app.desk)
        .map(|row| row.user.name.clone());
    assert_eq!(lee.as_deref(), Some("Lee Gu"));
    // Words of other columns do not count, and what must not be is left out.
    t.keys("/");
    for (text, found) in [
        ("name:lee", 1),
        ("name:unlicensed", 0),
        ("state:unlicensed", 1),
        ("!state:unlicensed", 4),
        ("number:none", 1),
        ("re:^(lee|ben) ", 2),
        ("number:425 re:^diego", 1),
        ("re:(", 0),
    ] {
        t.keys("Ctrl-U").text(text);
        assert_eq!(t.app.users.shown.len(), found, "{text}");
    }
    assert!(
        top(&t).contains("what stands after re: is not a pattern yet"),
        "{}",
        top(&t)
    );
    assert!(!top(&t).contains("nobody anywhere"), "{}", top(&t));
    t.keys("<enter>");
    assert!(
        top(&t).contains("what stands after re: is no pattern") && !top(&t).contains("nobody"),
        "{}",
        top(&t)
    );
    t.keys("/ Ctrl-U").text("RE:^(lee|ben) ");
    assert_eq!(t.app.users.shown.len(), 2);
    for (text, said) in [
        ("!re:lee", Some("! does not go with re:")),
        ("nosuch:gb", Some("nosuch: is no column here")),
        ("holder:lee", Some("holder: is no column here")),
        ("sip:lee", None),
        ("country:gb", None),
    ] {
        t.keys("Ctrl-U").text(text);
        let row = top(&t);
        match said {
            Some(said) => assert!(row.contains(said), "{row}"),
            None => assert!(!row.contains("no column"), "{row}"),
        }
    }
    t.keys("<esc> <esc> 4 /").text("!upn:lee");
    assert!(top(&t).contains("upn: is no column here"), "{}", top(&t));
    t.keys("<esc> <esc> 2 f /").text("cause:calling");
    assert_eq!(t.app.candidates.shown.len(), 1);
    t.keys("<enter> 6 /").text("state:free");
    assert!(!t.app.numbers.shown.is_empty());
    assert!(t.app.numbers.shown.len() < t.app.inventory.numbers.len());
}

#[test]
fn columns_of_changes_and_licences_can_be_named() {
    let mut t = Driver::new();
    t.keys("4");
    let both = t.app.changes.shown.len();
    for (text, entries, done) in [
        ("name:lee", 1, 1),
        ("number:0199", 1, 0),
        ("number:199 by:smith", 1, 0),
        ("country:gb", 1, 1),
        ("kind:number !name:diego", 2, 0),
        ("state:queued", 1, 0),
        ("state:confirmed", 0, 1),
        ("author:nobody", 0, 0),
        ("name:country", 0, 0),
    ] {
        t.keys("/ Ctrl-U").text(text);
        let (waiting, audit) = t.app.changes.counts();
        assert_eq!((waiting, audit), (entries, done), "{text}");
        assert!(!top(&t).contains("no column"), "{text}: {}", top(&t));
    }
    t.keys("Ctrl-U <enter>");
    assert_eq!(t.app.changes.shown.len(), both);
    t.keys("/").text("aut");
    t.keys("<esc> <esc> 5");
    let products = t.app.licences.shown.len();
    for (text, found) in [
        ("name:voice", 1),
        ("status:enabled", 1),
        ("!state:enabled", products - 1),
        ("brings:calling", 1),
        ("name:calling", 0),
    ] {
        t.keys("/ Ctrl-U").text(text);
        assert_eq!(t.app.licences.shown.len(), found, "{text}");
        assert!(!top(&t).contains("no column"), "{text}: {}", top(&t));
    }
}

#[test]
fn a_pattern_that_is_none_is_told_in_the_empty_list_too() {
    let mut t = Driver::new();
    for pane in ["1", "2", "4", "5", "6"] {
        t.keys(pane).keys("/").text("re:[");
        let text = screen(&t.app)[3..].join("\n");
        assert!(
            text.contains("What stands after re: is no pattern"),
            "{pane}: {text}"
        );
        assert!(!text.contains("all of these words"), "{pane}: {text}");
        t.keys("Ctrl-U").text("zzzz");
        let text = screen(&t.app)[3..].join("\n");
        assert!(text.contains("has all of these words"), "{pane}: {text}");
        t.keys("<esc> <esc>");
    }
}

fn top(t: &Driver) -> String {
    screen(&t.app)[2].clone()
}
