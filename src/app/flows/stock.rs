//! Panes 5 and 6, the jump between a number and its user, and ranges in the form.

use std::sync::Arc;

use crate::domain::guid::{Guid, SkuId};
use crate::domain::user::Value;

use crate::app::action::Place;
use crate::app::effect::{Effect, LedgerChange, Who};
use crate::app::event::{CacheEvent, What};
use crate::app::fixture::{Driver, VOICE, desk, entry, inventory, number, object};
use crate::app::modal::Modal;
use crate::app::pane::Pane;
use crate::app::pane::candidates::Listing;
use crate::app::pane::numbers;
use crate::domain::outbox::EntryState;
use crate::domain::user::UserId;
use crate::roster::inventory::{Inventory, NumberRow};
use crate::roster::products::Members;
use crate::view::screens::screen;

use super::change;

fn shown(t: &Driver) -> Vec<String> {
    let numbers = &t.app.numbers;
    numbers
        .shown
        .iter()
        .map(|&place| {
            t.app.inventory.numbers[place as usize]
                .record
                .number
                .to_string()
        })
        .collect()
}

fn members() -> Members {
    let sku = SkuId(Guid::from_bytes([VOICE; 16]));
    Members::new(
        1,
        [
            (sku, object(4), None),
            (sku, object(7), None),
            (sku, object(2), None),
        ],
    )
}

#[test]
fn numbers_are_found_by_words_and_digits() {
    let mut t = Driver::new();
    t.keys("6");
    assert_eq!(t.app.pane, Pane::Numbers);
    for (text, found) in [
        ("free", vec!["+14255550199", "+441235123474"]),
        ("phantom", vec!["+441235123473"]),
        (
            "blocked",
            vec!["+441235123470", "+441235123472", "+441235123473"],
        ),
        ("disabled", vec!["+441235123472"]),
        (
            "pending",
            vec!["+14255550101", "+14255550199", "+441235123470"],
        ),
        ("lee gu", vec!["+441235123471"]),
        ("not added", vec!["+14255550100", "+441235123472"]),
        (
            "425 555 01",
            vec!["+14255550100", "+14255550101", "+14255550199"],
        ),
        ("01235 123 474", vec!["+441235123474"]),
        ("gb !free !blocked", vec!["+441235123471"]),
    ] {
        t.keys("/ Ctrl-U").text(text);
        assert_eq!(shown(&t), found, "{text}");
        t.keys("<enter>");
    }
    t.keys("<esc>");
    assert_eq!(shown(&t).len(), 8);
    let counts = t.app.numbers.counts;
    assert_eq!(
        (counts.free, counts.assigned, counts.phantom, counts.blocked),
        (2, 5, 1, 3)
    );
}

#[test]
fn a_number_says_what_is_odd_and_what_is_coming() {
    let mut t = Driver::new();
    let note = |t: &Driver, tel: &str| {
        let place = t.app.inventory.place_of(&number(tel)).unwrap();
        let state = numbers::state(&t.app.inventory.numbers[place], &t.app.wishes());
        format!("{} {}", state.word, state.note)
    };
    assert_eq!(note(&t, "+441235123471"), "assigned ");
    assert_eq!(note(&t, "+14255550100"), "assigned not added");
    assert_eq!(note(&t, "+14255550101"), "assigned release queued");
    assert_eq!(note(&t, "+14255550199"), "free for Diego Siciliani, queued");
    assert_eq!(
        note(&t, "+441235123470"),
        "assigned number is in AD; release refused"
    );
    assert_eq!(note(&t, "+441235123472"), "assigned holder is disabled");
    assert_eq!(
        note(&t, "+441235123473"),
        "phantom owner is not in the tenant"
    );
    // Two who want one number.
    let mut desk = desk();
    let wanted = Value::Number(Some(number("+14255550199")));
    let rival = entry(9, &desk.users[0], wanted, EntryState::Queued);
    desk.users[0].entries.push(rival.clone());
    desk.entries.push(rival);
    t.desk(desk);
    assert_eq!(
        note(&t, "+14255550199"),
        "free wanted by Diego Siciliani and Ben Walters"
    );
    t.keys("6 /").text("duplicate");
    assert_eq!(shown(&t), ["+14255550199"]);
}

#[test]
fn n_goes_from_a_user_to_the_number_and_back() {
    let mut t = Driver::new();
    t.keys("/ l e e <enter> n");
    assert_eq!(t.app.pane, Pane::Numbers);
    let here = |t: &Driver| t.app.number_row().unwrap().record.number.to_string();
    assert_eq!(here(&t), "+441235123471");
    t.keys("n");
    assert_eq!(t.app.pane, Pane::Users);
    assert_eq!(t.app.users.row(&t.app.desk).unwrap().user.name, "Lee Gu");
    // Somebody who is not configured is in pane 2, among everyone.
    t.keys("6 g");
    assert_eq!(here(&t), "+14255550100");
    t.keys("n");
    assert_eq!(
        (t.app.pane, t.app.candidates.listing),
        (Pane::Candidates, Listing::Everyone)
    );
    assert_eq!(
        t.app.candidates.row(&t.app.roster).unwrap().name,
        "Alex Wilber"
    );
    t.keys("n");
    assert_eq!(
        (t.app.pane, here(&t)),
        (Pane::Numbers, "+14255550100".to_owned())
    );
    // A free number that is wanted goes to who wants it; one that nobody wants goes nowhere.
    t.keys("j j n");
    assert_eq!(
        t.app.users.row(&t.app.desk).unwrap().user.name,
        "Diego Siciliani"
    );
    t.keys("6 G n");
    assert_eq!(
        (t.app.pane, t.notice()),
        (Pane::Numbers, "nobody has this number".to_owned())
    );
    // Ben has none; Pradeep's is not among the tenant's.
    t.keys("1 g n");
    assert_eq!(t.notice(), "nobody with a number is under the cursor");
    t.keys("G n");
    assert_eq!(
        t.notice(),
        "+44 1235 123480 is not among the tenant's numbers (6) of the last read"
    );
}

#[test]
fn enter_explains_the_holder_or_shows_the_number() {
    let mut t = Driver::new();
    t.keys("6 g <enter>");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Explain { who: Who::Directory(id), live: false, .. }] if *id == object(2)
    ));
    t.keys("<esc> j w");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Explain {
            who: Who::User(UserId(2)),
            ..
        }]
    ));
    t.keys("<esc> G k <enter>");
    let Some(Modal::Text(text)) = t.app.modals.last() else {
        panic!("a text was expected");
    };
    let text = text.doc.to_text();
    assert!(
        text.starts_with("+44 1235 123473  phantom: owner is not in the tenant\n"),
        "{text}"
    );
    assert!(text.contains("Remove-CsPhoneNumberAssignment"), "{text}");
}

#[test]
fn the_cursor_stays_on_its_number_when_another_comes_before_it() {
    let mut t = Driver::new();
    t.keys("6 j j j j");
    assert_eq!(t.app.numbers.cursor.key, Some(4));
    let mut newer = inventory(2);
    newer.numbers.remove(0);
    for (row, key) in newer.numbers.iter_mut().zip(0..) {
        row.key = key;
    }
    t.event(What::Cache(CacheEvent::Inventory(Arc::new(newer))));
    assert_eq!(
        t.app.number_row().unwrap().record.number,
        number("+441235123471")
    );
}

#[test]
fn a_licence_is_looked_into() {
    let mut t = Driver::new();
    t.keys("5");
    let [Effect::LoadMembers { req, loading: 1 }] = t.effects.as_slice() else {
        panic!("its users are asked for: {:?}", t.effects);
    };
    let req = *req;
    t.event(What::Cache(CacheEvent::Members {
        req,
        members: Arc::new(members()),
    }));
    assert_eq!(t.effects, []);
    let product = t.app.licences.product(&t.app.inventory).unwrap();
    assert_eq!(product.sku.part_number, "CONTOSO_MAIL");
    t.keys("o j g");
    let product = t.app.licences.product(&t.app.inventory).unwrap();
    assert_eq!(
        (product.sku.part_number.as_str(), product.state()),
        ("CONTOSO_VOICE", "short by 3".to_owned())
    );
    assert_eq!(product.marks(), "Phone System, Calling Plan");
    t.keys("<enter>");
    assert_eq!(t.app.place(), Place::Licences);
    assert_eq!(t.app.licences.inside.as_ref().unwrap().people(), 3);
    t.keys("/ l e e <enter> w");
    assert!(matches!(
        t.effects.as_slice(),
        [Effect::Explain { who: Who::Directory(id), .. }] if *id == object(7)
    ));
    // What was open is left level by level: why, the filter, the licence.
    t.keys("<esc> <esc>");
    assert_eq!(t.app.licences.inside.as_ref().unwrap().shown.len(), 5);
    t.keys("G w");
    assert_eq!(t.effects, []);
    t.keys("<esc>");
    assert_eq!(t.app.licences.inside, None);
    // A stranger's answer changes nothing.
    t.event(What::Cache(CacheEvent::Members {
        req,
        members: Arc::default(),
    }));
    assert_eq!(
        t.app
            .licences
            .members
            .of(SkuId(Guid::from_bytes([VOICE; 16])))
            .len(),
        3
    );
}

#[test]
fn a_range_offers_its_next_free_number() {
    let mut t = Driver::new();
    t.keys("g e");
    t.keys("Ctrl-U").text("+44 1235 123470..");
    let offered = |t: &Driver| match t.app.modals.last() {
        Some(Modal::Form(form)) => form.proposal().map(|(_, text)| text),
        _ => None,
    };
    // 470 to 473 are held or a phantom's, 474 is free.
    assert_eq!(offered(&t).as_deref(), Some("+44 1235 123474"));
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form stays");
    };
    assert_eq!(
        form.faults[0].1,
        "The telephone number provided is not valid: this is a range; Ctrl-T takes the next free number of it"
    );
    t.keys("Ctrl-T <enter>");
    if t.effects.is_empty() {
        t.keys("<enter>");
    }
    let LedgerChange::Edit { patch, .. } = change(&t) else {
        panic!("an edit was expected");
    };
    assert_eq!(
        patch.two_way[0].1,
        Value::Number(Some(number("+441235123474")))
    );
    // 480 is Pradeep's here, 481 he wants; nothing of the range is left.
    let mut t = Driver::new();
    t.keys("g e Ctrl-U").text("+441235123480..481");
    assert_eq!(offered(&t), None);
    let Some(Modal::Form(form)) = t.app.modals.last() else {
        panic!("the form stays");
    };
    assert_eq!(
        form.next_free
            .as_ref()
            .unwrap()
            .found
            .as_ref()
            .unwrap_err()
            .to_string(),
        "no number of this range is free: all 2 are taken"
    );
}

#[test]
fn twenty_thousand_numbers_are_filtered_as_they_are_typed() {
    let record = inventory(1).numbers[2].record.clone();
    let records = (0..20_000).map(|n| {
        let mut record = record.clone();
        record.number = number(&format!("+4412351{n:05}"));
        NumberRow::new(record, None)
    });
    let large = Inventory::new(3, Some(records.collect()), Vec::new());
    let mut t = Driver::new();
    t.event(What::Cache(CacheEvent::Inventory(Arc::new(large))));
    t.keys("6 / 1 9 9 9");
    assert_eq!(t.app.numbers.shown.len(), 12);
    t.keys("9");
    assert_eq!(shown(&t), ["+441235119999"]);
    t.keys("<esc> G");
    assert_eq!(t.app.numbers.cursor.index, 19_999);
    assert!(screen(&t.app)[17].contains("+44 1235 119999"));
}

#[test]
fn before_it_is_read_nobody_is_counted_inside_a_licence() {
    let mut t = Driver::new();
    t.keys("5 j <enter>");
    let top = |t: &Driver| screen(&t.app)[2].clone();
    assert_eq!(top(&t), "by name   Esc goes back");
    // What was said of the list is not said of what is inside.
    t.keys("<esc> o");
    assert_eq!(t.notice(), "sorted by free seats");
    t.keys("<enter>");
    assert_eq!(t.notice(), "");
}
