//! Disabling sync, and the screen of what is left of the tenant before.

use std::sync::Arc;

use crate::app::action::Place;
use crate::app::effect::{Effect, LedgerChange};
use crate::app::event::{LedgerEvent, What};
use crate::app::fixture::{Driver, desk, number};
use crate::app::modal::Modal;
use crate::domain::earlier::{Earlier, Found, Offer, OfferState, Rematch};
use crate::domain::matching::MatchedBy;
use crate::domain::matching::tests::id as object;
use crate::domain::user::UserId;
use crate::view::screens::screen;

fn offer(id: i64, name: &str, state: OfferState) -> Offer {
    Offer {
        user: UserId(id),
        name: name.to_owned(),
        mail: format!("{}@old.example", name.to_lowercase()),
        matched: (state != OfferState::NotFound).then(|| format!("{name}@new.example")),
        old: number("+441235123480"),
        now: None,
        state,
    }
}

fn earlier() -> Earlier {
    Earlier {
        matches: Vec::new(),
        offers: vec![
            offer(1, "Kim", OfferState::Free),
            offer(2, "Lee", OfferState::NotFound),
            offer(3, "Pat", OfferState::Held("Main Reception".to_owned())),
            offer(4, "Sam", OfferState::Free),
        ],
        parked: vec![desk().entries[0].clone()],
    }
}

pub(super) fn opened(size: (u16, u16)) -> Driver {
    opened_with(size, earlier())
}

fn opened_with(size: (u16, u16), earlier: Earlier) -> Driver {
    let mut t = Driver::sized(size);
    t.keys("E");
    let [Effect::LoadEarlier { req }] = t.effects.as_slice() else {
        panic!("{:?}", t.effects);
    };
    let (req, earlier) = (*req, Ok(Arc::new(earlier)));
    t.event(What::Ledger(LedgerEvent::Earlier { req, earlier }));
    t
}

/// Whom a change of the ledger is about that this picks.
fn users_of(
    t: &Driver,
    pick: impl Fn(&LedgerChange) -> Option<&Vec<UserId>>,
) -> Option<Vec<UserId>> {
    t.effects.iter().find_map(|effect| match effect {
        Effect::Ledger { change, .. } => pick(change).cloned(),
        _ => None,
    })
}

fn adopted(t: &Driver) -> Option<Vec<UserId>> {
    users_of(t, |change| match change {
        LedgerChange::Adopt(users) => Some(users),
        _ => None,
    })
}

#[test]
fn old_numbers_are_marked_and_queued_after_a_question_and_others_say_why_not() {
    let mut t = opened((80, 24));
    assert_eq!(t.app.place(), Place::Earlier);
    let rows = screen(&t.app);
    for text in [
        "THE TENANT BEFORE  4 old numbers  1 change set aside",
        "[ ] Kim                +44 1235 123480   -                 can be queued",
        "    Lee                +44 1235 123480   -                 nobody matches",
        "    Pat                +44 1235 123480   -                 held by Main Recept",
        "Kim: kim@old.example matches Kim@new.example here.",
    ] {
        assert!(
            rows.iter().any(|row| row.starts_with(text)),
            "{text}: {rows:#?}"
        );
    }
    t.keys("j Space");
    assert!(t.notice().contains("nobody here has this e-mail"));
    t.keys("G Space");
    assert!(t.notice().contains("never sent here"));
    // What cannot be queued cannot be queued by itself either.
    t.keys("<enter>");
    assert_eq!(t.app.place(), Place::Earlier);
    t.keys("* <enter> <enter>");
    assert_eq!(
        adopted(&t),
        None,
        "Enter opened the question: it does not answer it"
    );
    assert_eq!(t.app.place(), Place::Confirm);
    t.keys("y");
    assert_eq!(adopted(&t), Some(vec![UserId(1), UserId(4)]));
    // The list is read again once they are queued, and what was said stays.
    let req = t.asked();
    t.saved(req);
    assert!(matches!(t.effects.as_slice(), [Effect::LoadEarlier { .. }]));
    t.keys("<esc>");
    assert_eq!(t.app.place(), Place::Users);
}

#[test]
fn one_row_is_queued_without_a_mark_and_an_answer_to_another_question_is_dropped() {
    let mut t = opened((140, 40));
    let rows = screen(&t.app);
    assert!(
        rows.iter().any(|row| row.contains("MATCHES BY E-MAIL")),
        "{rows:#?}"
    );
    t.keys("G k <enter> y");
    assert_eq!(adopted(&t), Some(vec![UserId(4)]));
    let Some(Modal::Earlier(open)) = t.app.modals.last() else {
        panic!("{:?}", t.app.modals);
    };
    let before = open.clone();
    let req = crate::app::event::RequestId(999_999);
    let earlier = Ok(Arc::new(Earlier::default()));
    t.event(What::Ledger(LedgerEvent::Earlier { req, earlier }));
    assert_eq!(
        t.app.modals.last(),
        Some(&Modal::Earlier(before)),
        "a stranger's answer"
    );
}

#[test]
fn sync_is_disabled_only_after_a_question_that_names_the_tenant_and_never_under_a_run() {
    let mut t = Driver::new();
    t.keys("?").text("disable sync");
    t.keys("<enter>");
    let Some(Modal::Confirm(confirm)) = t.app.modals.last() else {
        panic!("{:?}", t.app.modals);
    };
    assert_eq!(
        confirm.lines("Contoso Ltd")[0],
        "Disable sync of Contoso Ltd (11111111-1111-1111-1111-111111111111)?"
    );
    t.keys("<enter>");
    assert!(t.effects.is_empty(), "the key that asked does not answer");
    t.keys("y");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Ledger {
            change: LedgerChange::Unpin,
            ..
        }]
    ));
    let mut t = Driver::new();
    t.keys("s ?").text("disable sync");
    t.keys("<enter>");
    assert!(t.notice().contains("is going"), "{}", t.notice());
    let mut unpinned = desk();
    unpinned.pin = None;
    let mut t = Driver::new();
    t.desk(unpinned);
    t.keys("?").text("disable sync");
    t.keys("<enter>");
    assert!(t.notice().contains("no tenant is pinned"));
}

fn rematch(id: i64, name: &str, found: Found) -> Rematch {
    Rematch {
        user: UserId(id),
        name: name.to_owned(),
        mail: format!("{}@both.example", name.to_lowercase()),
        found,
    }
}

fn one(n: u8, name: &str) -> Found {
    Found::One {
        id: object(n),
        name: name.to_owned(),
        upn: format!("{}@new.example", name.to_lowercase()),
        by: MatchedBy::Mail,
    }
}

fn taken(t: &Driver) -> Option<Vec<UserId>> {
    users_of(t, |change| match change {
        LedgerChange::TakeMatches(users) => Some(users),
        _ => None,
    })
}

#[test]
fn matches_are_looked_at_and_taken_over_after_a_question_before_numbers_are_queued() {
    let with = Earlier {
        matches: vec![
            rematch(11, "Ana", one(1, "Ana")),
            rematch(12, "Bea", Found::Several(2)),
            rematch(13, "Cem", Found::Nobody),
            rematch(14, "Dov", one(2, "Dov")),
        ],
        ..earlier()
    };
    let mut t = opened_with((80, 24), with.clone());
    let rows = screen(&t.app);
    for text in [
        "THE TENANT BEFORE  4 users wait  4 old numbers  1 change set aside",
        "[ ] Ana                is ana@new.example                  match by mail",
        "    Bea                bea@both.example                    2 have this address",
        "    Cem                cem@both.example                    nobody matches",
        "Ana: ana@both.example is the mail of Ana (ana@new.example) here.",
    ] {
        assert!(
            rows.iter().any(|row| row.starts_with(text)),
            "{text}: {rows:#?}"
        );
    }
    t.keys("j Space");
    assert!(t.notice().contains("2 have this address"), "{}", t.notice());
    t.keys("* <enter> <enter>");
    assert_eq!((taken(&t), adopted(&t)), (None, None));
    assert_eq!(t.app.place(), Place::Confirm);
    t.keys("y");
    assert_eq!(taken(&t), Some(vec![UserId(11), UserId(14)]));
    assert_eq!(adopted(&t), None, "numbers are a question of their own");
    let req = t.asked();
    t.saved(req);
    let [Effect::LoadEarlier { req }] = t.effects.as_slice() else {
        panic!("{:?}", t.effects);
    };
    // Whose match was marked is not marked for the number that can be queued by it.
    let after = Earlier {
        offers: vec![offer(11, "Ana", OfferState::Free)],
        ..Earlier::default()
    };
    let (req, earlier) = (*req, Ok(Arc::new(after)));
    t.event(What::Ledger(LedgerEvent::Earlier { req, earlier }));
    let Some(Modal::Earlier(open)) = t.app.modals.last() else {
        panic!("{:?}", t.app.modals);
    };
    assert!(open.marked.is_empty(), "{:?}", open.marked);
    // One of them alone, by the cursor.
    let mut t = opened_with((140, 40), with);
    t.keys("j j j <enter> y");
    assert_eq!(taken(&t), Some(vec![UserId(14)]));
}
