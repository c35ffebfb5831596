//! Import with its review, edits of all marked, exports.

use std::sync::Arc;

use crate::app::action::Place;
use crate::app::effect::{Effect, Exported, Extent, LedgerChange};
use crate::app::event::{LedgerEvent, SessionEvent, What};
use crate::app::fixture::{Driver, country, desk, number, object, user};
use crate::app::modal::Modal;
use crate::app::pane::Pane;
use crate::app::pane::bulk::Bulk;
use crate::app::pane::bulk::review::ReviewBox;
use crate::app::pane::bulk::source::Source;
use crate::bulk::columns::Column;
use crate::bulk::export::Reader;
use crate::bulk::known::{Facts, Known, KnownUser, Person};
use crate::bulk::review::{Ask, Mode, Review, Zeros, judge};
use crate::bulk::sheet::Sheet;
use crate::domain::outbox::EntryState;
use crate::domain::phone::NumberKind;
use crate::domain::user::{UserId, Value};
use crate::view::screens::screen;

use super::{change, failure};

/// Three rows that can go in, one that lacks its plus, one that a spreadsheet has rounded.
const PASTED: &str = "Name\tEmail\tPhoneNumber\tPassword\r\
    Adele Vance\tadele.vance@contoso.example\t+441235123501\tsesame\r\
    Joni Sherman\tjoni.sherman@contoso.example\t441235123502\tsesame\r\
    Pat Old\tpat@contoso.example\t+441235123503\tsesame\r\
    Kim New\tkim@contoso.example\t4.41235E+11\tsesame\r\
    Sam Roe\tsam@contoso.example\t+441235123505\tsesame\r";

/// What the fixture's tenant and list are to a sheet.
fn known() -> Known {
    let desk = desk();
    let users = desk.users.iter().map(|row| KnownUser {
        user: row.user.clone(),
        waiting: None,
    });
    let person = |n: u8, name: &str| {
        let upn = format!("{}@contoso.example", name.to_lowercase().replace(' ', "."));
        Person {
            id: object(n),
            name: name.to_owned(),
            upn,
            mail: None,
            number: None,
            country: country("GB"),
        }
    };
    Known::new(Facts {
        users: users.collect(),
        people: vec![person(1, "Adele Vance"), person(6, "Joni Sherman")],
        country: country("GB"),
        ..Facts::default()
    })
}

fn judged(source: &Source, ask: Ask) -> Arc<Review> {
    let sheet = match source {
        Source::Pasted(sheet) => Sheet::clone(sheet),
        Source::Again(review) => review.sheet().clone(),
        Source::File { .. } => panic!("no file was named"),
    };
    Arc::new(judge(sheet, Arc::new(known()), ask))
}

/// Answers the question for verdicts.
fn answer(t: &mut Driver) {
    let [Effect::Judge { req, source, ask }] = t.effects.as_slice() else {
        panic!("verdicts were to be asked for: {:?}", t.effects);
    };
    let (req, review) = (*req, judged(source, *ask));
    t.event(What::Ledger(LedgerEvent::Judged { req, review }));
}

/// A review of what was pasted.
fn reviewing() -> Driver {
    let mut t = Driver::new();
    t.event(What::Paste(PASTED.into()));
    t.keys("<enter>");
    answer(&mut t);
    t
}

fn review(t: &Driver) -> &ReviewBox {
    match t.app.modals.first() {
        Some(Modal::Bulk(open)) => match open.as_ref() {
            Bulk::Review(open) => open,
            other => panic!("a review was expected: {other:?}"),
        },
        other => panic!("a review was expected: {other:?}"),
    }
}

fn line(t: &Driver, n: usize) -> String {
    screen(&t.app)[n].trim_end().to_owned()
}

fn shows(t: &Driver, text: &str) -> bool {
    screen(&t.app).join("\n").contains(text)
}

#[test]
fn pasted_cells_ask_first_and_are_judged_by_a_key() {
    let mut t = Driver::new();
    t.event(What::Paste(PASTED.into()));
    assert_eq!(
        (t.effects.as_slice(), t.app.place()),
        (&[][..], Place::Form)
    );
    assert!(shows(&t, "5 rows pasted: Name, Email, PhoneNumber"));
    assert!(!format!("{:?}", t.app).contains("sesame"));
    t.keys("<tab> u <enter>");
    let [Effect::Judge { ask, .. }] = t.effects.as_slice() else {
        panic!("verdicts were to be asked for");
    };
    let wanted = Ask {
        mode: Mode::Update,
        zeros: Zeros::Doubted,
    };
    assert_eq!(*ask, wanted);
    // While it is read, nothing is asked twice.
    let req = t.asked();
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    t.event(What::Ledger(LedgerEvent::Refused {
        req,
        failure: failure(),
    }));
    assert!(shows(&t, "the ledger is busy"));
    t.keys("<enter>");
    answer(&mut t);
    assert_eq!(line(&t, 3), "IMPORT  pasted cells  update");
    assert!(line(&t, 4).starts_with("5 refused of 5 rows"));
    assert!(
        line(&t, 4).ends_with("passwords were left out"),
        "{}",
        line(&t, 4)
    );
}

#[test]
fn a_paste_that_is_no_table_says_why_and_one_line_is_nothing() {
    let mut t = Driver::new();
    t.event(What::Paste("Lee Gu".into()));
    assert_eq!(t.app.modals.len(), 0);
    assert_eq!(t.notice(), "a paste is never a command: / filters, e edits");
    t.event(What::Paste("dear all\nsee below\n".into()));
    t.keys("<enter>");
    assert_eq!(t.effects, []);
    assert!(shows(&t, "row 1 names none of the columns"));
    // A file may be named instead, in its quotation marks or not.
    t.keys("<backspace>").text("\"/data/people.csv\"");
    t.keys("<enter>");
    let [
        Effect::Judge {
            source: Source::File { path, .. },
            ..
        },
    ] = t.effects.as_slice()
    else {
        panic!("a file was to be read: {:?}", t.effects);
    };
    assert_eq!(path, "/data/people.csv");
}

#[test]
fn bad_rows_are_found_put_right_and_queued_all_or_nothing() {
    let mut t = reviewing();
    assert_eq!(
        line(&t, 4),
        "3 create, 1 proposal, 1 refused of 5 rows   2 wait for a match; passwords were left out"
    );
    let open = review(&t);
    assert_eq!(open.row(), Some(1));
    assert!(shows(&t, "Ctrl-T takes +44 1235 123502"));
    t.keys("A");
    assert_eq!(t.effects, []);
    assert_eq!(
        t.notice(),
        "2 rows cannot go in: ! shows the next; P queues the other 3"
    );
    t.keys("Ctrl-T");
    assert_eq!(t.notice(), "row 3: create; 1 is left, ! goes there");
    t.keys("! <enter>");
    assert_eq!(t.app.place(), Place::Form);
    assert!(shows(&t, "ROW 5  of the import"));
    t.keys("Ctrl-U").text("+44 1235 123504");
    t.keys("<enter>");
    assert_eq!(t.notice(), "row 5: create; every row can go in, A queues");
    assert_eq!(review(&t).mended, 2);
    t.keys("A");
    let LedgerChange::Import { review, extent } = change(&t) else {
        panic!("an import was to be queued");
    };
    assert_eq!((review.summary().create, extent), (5, Extent::All));
    assert_eq!(review.number(1), Some(&number("+441235123502")));
    let req = t.asked();
    // While it is being queued it is neither left nor changed.
    t.keys("<esc> e A");
    assert_eq!((t.effects.as_slice(), t.app.modals.len()), (&[][..], 1));
    t.saved(req);
    assert_eq!((t.app.modals.len(), t.notice().as_str()), (0, "saved"));
}

#[test]
fn the_good_rows_go_alone_by_a_key_of_their_own() {
    let mut t = reviewing();
    t.keys("P");
    let LedgerChange::Import { extent, .. } = change(&t) else {
        panic!("an import was to be queued");
    };
    assert_eq!(extent, Extent::Good);
    let req = t.asked();
    t.event(What::Ledger(LedgerEvent::Refused {
        req,
        failure: failure(),
    }));
    assert_eq!(
        (t.app.modals.len(), t.notice().as_str()),
        (1, "the ledger is busy")
    );
    // The list has changed since: what is shown is how it stands, and nothing was queued.
    t.keys("P");
    let req = t.asked();
    let moved = Arc::clone(&review(&t).review);
    t.event(What::Ledger(LedgerEvent::Moved { req, review: moved }));
    assert!(t.notice().starts_with("nothing was queued"));
    assert!(!review(&t).is_waiting());
}

#[test]
fn what_no_frame_has_shown_is_not_queued_and_a_paste_confirms_nothing() {
    let mut t = reviewing();
    if let Some(Modal::Bulk(open)) = t.app.modals.last_mut()
        && let Bulk::Review(open) = open.as_mut()
    {
        open.seen = false;
    }
    let event = |what| crate::app::event::Event {
        at: crate::app::fixture::at(99),
        what,
    };
    let key = crate::app::event::Code::Char('P').into();
    let effects = t.app.update(event(What::Key(key)));
    assert!(
        !effects
            .iter()
            .any(|effect| matches!(effect, Effect::Ledger { .. }))
    );
    t.event(What::Paste("P\nP\nA\n".into()));
    assert_eq!(
        (t.effects.as_slice(), t.app.place()),
        (&[][..], Place::Review)
    );
}

#[test]
fn the_list_of_bad_rows_empties_as_they_are_put_right() {
    let mut t = reviewing();
    t.keys("f");
    assert_eq!(review(&t).shown, [1, 3]);
    t.keys("Ctrl-T");
    assert_eq!(review(&t).shown, [3]);
    assert_eq!(review(&t).row(), Some(3));
    t.keys("e Ctrl-U").text("+44 1235 123504");
    t.keys("<enter>");
    assert!(shows(&t, "Every row can go in. f shows all of them"));
    t.keys("f");
    assert_eq!(review(&t).shown, [0, 1, 2, 3, 4]);
}

#[test]
fn everything_that_is_proposed_is_taken_after_a_question() {
    let mut t = reviewing();
    t.keys("T");
    assert_eq!(t.app.place(), Place::Confirm);
    assert!(shows(&t, "Take what is proposed for 1 row?"));
    t.keys("T T");
    assert_eq!(review(&t).summary.proposal, 1);
    t.keys("y");
    assert_eq!(
        (review(&t).summary.proposal, review(&t).summary.refused),
        (0, 1)
    );
    assert_eq!(t.notice(), "1 row put right");
}

#[test]
fn leaving_asks_before_what_was_put_right_is_thrown_away() {
    let mut t = reviewing();
    t.keys("<esc>");
    assert_eq!(t.app.modals.len(), 0);
    let mut t = reviewing();
    t.keys("Ctrl-T <esc>");
    assert_eq!(t.app.place(), Place::Confirm);
    assert!(shows(
        &t,
        "IMPORT  pasted cells  create: 1 row was put right here"
    ));
    t.keys("<esc>");
    assert_eq!(review(&t).mended, 1);
    // A row that is half typed is asked about as well.
    t.keys("e x <esc> y");
    assert_eq!((t.app.modals.len(), t.app.place()), (1, Place::Review));
    t.keys("<esc> y");
    assert_eq!(t.app.modals.len(), 0);
}

#[test]
fn rows_are_judged_as_changes_instead_with_what_was_put_right() {
    let mut t = reviewing();
    t.keys("Ctrl-T m");
    let [
        Effect::Judge {
            source: Source::Again(again),
            ask,
            ..
        },
    ] = t.effects.as_slice()
    else {
        panic!("they were to be judged again: {:?}", t.effects);
    };
    assert_eq!(ask.mode, Mode::Update);
    assert_eq!(
        again.sheet().row(1).cell(Column::PhoneNumber),
        "+441235123502"
    );
    answer(&mut t);
    assert_eq!(review(&t).summary.refused, 5);
    assert_eq!(line(&t, 3), "IMPORT  pasted cells  update");
}

#[test]
fn a_hundred_thousand_rows_draw_and_move_like_five() {
    let mut text = String::from("Name,Email,PhoneNumber\n");
    for n in 0..100_000 {
        text.push_str(&format!("N{n},n{n}@contoso.example,+4412{n:08}\n"));
    }
    text.push_str("bad,none,+441235123501\n");
    let mut t = Driver::new();
    t.event(What::Paste(text));
    t.keys("<enter>");
    answer(&mut t);
    assert_eq!(review(&t).row(), Some(100_000));
    assert!(line(&t, 4).starts_with("100,000 create, 1 refused of 100,001 rows"));
    t.keys("g");
    assert_eq!((review(&t).cursor.top, review(&t).row()), (0, Some(0)));
    t.keys("! e").text("@contoso.example");
    t.keys("<enter>");
    assert_eq!(
        t.notice(),
        "row 100002: create; every row can go in, A queues"
    );
}

/// Ben without a number, Ann and Zoe without one either, Lee with one.
fn marked() -> Driver {
    let mut with = desk();
    with.users.truncate(3);
    with.users.push(user(8, 1, "Ann Lee", None));
    with.users.push(user(9, 6, "Zoe Poe", None));
    let mut t = Driver::new();
    t.desk(with);
    t
}

fn rows(t: &Driver) -> Vec<String> {
    let rows = screen(&t.app);
    let rows = rows.iter().skip(6).take_while(|row| row.starts_with('['));
    rows.map(|row| row.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect()
}

#[test]
fn marked_users_get_consecutive_numbers_that_are_free_in_one_change() {
    let mut t = marked();
    // Ann, Ben and Zoe in the order of the pane.
    t.keys("<space> <space> G <space> e");
    assert!(shows(&t, "EDIT 3 MARKED"));
    t.text("+441235123471..");
    t.keys("<tab> <tab>").text("uk");
    t.keys("<enter>");
    assert!(
        shows(&t, "UK is not a country code"),
        "{}",
        screen(&t.app).join("\n")
    );
    t.keys("Ctrl-T <enter>");
    assert_eq!(
        rows(&t),
        [
            "[x] Ann Lee number +44 1235 123474",
            "[x] Ben Walters number +44 1235 123475",
            "[x] Zoe Poe number +44 1235 123476"
        ]
    );
    // Who is left out gives the number to the next.
    t.keys("j <space>");
    assert_eq!(
        rows(&t),
        [
            "[x] Ann Lee number +44 1235 123474",
            "[ ] Ben Walters left out",
            "[x] Zoe Poe number +44 1235 123475"
        ]
    );
    t.keys("A");
    let LedgerChange::EditMany(patches) = change(&t) else {
        panic!("an edit of many was to be queued");
    };
    let given: Vec<_> = patches
        .iter()
        .map(|(id, patch)| (id.0, patch.two_way[0].1.shown()))
        .collect();
    assert_eq!(
        given,
        [
            (8, "+44 1235 123474".to_owned()),
            (9, "+44 1235 123475".to_owned())
        ]
    );
    let req = t.asked();
    t.saved(req);
    assert_eq!(t.app.modals.len(), 0);
    assert!(t.app.users.marked.is_empty());
}

#[test]
fn marked_people_are_added_with_numbers_of_a_range_as_one_change() {
    let mut t = Driver::new();
    t.keys("2 e");
    assert_eq!(t.app.modals.len(), 0);
    t.keys("f * e").text("+441235123500..");
    t.keys("<enter>");
    assert!(shows(&t, "ADD 14 MARKED"), "{}", screen(&t.app).join("\n"));
    let all = rows(&t);
    assert_eq!(all[0], "[x] Adele Vance number +44 1235 123500");
    assert!(
        all[1].starts_with("[!] Alex Wilber no candidate (Calling Plan)"),
        "{all:?}"
    );
    assert!(
        all[2].starts_with("[!] Ben Walters configured already"),
        "{all:?}"
    );
    t.keys("A");
    assert_eq!(t.effects, []);
    let refused = |t: &Driver| match t.app.modals.last() {
        Some(Modal::Bulk(open)) => match open.as_ref() {
            Bulk::Preview(open) => open.counts()[3],
            other => panic!("a preview was expected: {other:?}"),
        },
        other => panic!("a preview was expected: {other:?}"),
    };
    while refused(&t) > 0 {
        t.keys("! <space>");
    }
    t.keys("A");
    let LedgerChange::Add(users) = change(&t) else {
        panic!("people were to be added");
    };
    assert_eq!(users[0].name, "Adele Vance");
    assert_eq!(users[0].wanted_number, Some(number("+441235123500")));
    assert_eq!(users[0].association.id(), Some(object(1)));
    let last = users.last().map(|user| user.wanted_number.clone());
    let nth = users.len() - 1;
    assert_eq!(last, Some(Some(number(&format!("+4412351235{nth:02}")))));
}

#[test]
fn who_would_lose_a_number_is_named_and_refused() {
    let mut t = marked();
    t.keys("* e").text("+441235123500..501");
    t.keys("<enter>");
    let refused = rows(&t);
    assert!(refused[2].starts_with("[!] Diego Siciliani number +1 425 555 0199 is queued already"));
    assert!(
        refused[3].starts_with("[!] Lee Gu stops +44 1235 123471"),
        "{refused:?}"
    );
    assert!(refused[4].starts_with("[!] Zoe Poe no number of the range is left"));
    t.keys("A");
    assert_eq!(t.effects, []);
    assert!(t.notice().starts_with("not part of it: Diego Siciliani:"));
    for _ in 0..3 {
        t.keys("! <space>");
    }
    t.keys("A");
    let LedgerChange::EditMany(patches) = change(&t) else {
        panic!("an edit of many was to be queued");
    };
    assert_eq!(
        patches.iter().map(|(id, _)| id.0).collect::<Vec<_>>(),
        [8, 1]
    );
}

#[test]
fn country_and_kind_of_all_marked() {
    let mut t = marked();
    t.keys("* e <tab> t <tab>").text("FR");
    t.keys("<enter>");
    let all = rows(&t);
    assert_eq!(all[0], "[x] Ann Lee country GB -> FR, kind ddi -> trunk");
    // Written already and not visible yet: the next change starts from there.
    assert_eq!(all[3], "[x] Lee Gu country GB -> FR, kind ddi -> trunk");
    t.keys("A");
    let LedgerChange::EditMany(patches) = change(&t) else {
        panic!("an edit of many was to be queued");
    };
    assert!(
        patches
            .iter()
            .all(|(_, patch)| patch.kind == Some(NumberKind::Trunk))
    );
    assert_eq!(
        patches[0].1.two_way,
        [(Value::Country(country("GB")), Value::Country(country("FR")))]
    );
}

#[test]
fn all_marked_are_removed_and_their_numbers_stay() {
    let mut with = desk();
    with.users[3].entries[0].state = EntryState::Accepted {
        step: crate::domain::outbox::Step::Assign,
        operation: "op".to_owned(),
    };
    let mut t = Driver::new();
    t.desk(with);
    t.keys("* d");
    assert_eq!(t.effects, []);
    let all = rows(&t);
    assert_eq!(all[0], "[x] Ben Walters removed here");
    assert!(all[1].starts_with("[x] Diego Siciliani removed here +1 425 555 0101 stays in the"));
    assert!(all[3].starts_with("[!] Megan Bowen number +44 1235 123490 is being written"));
    // The key that opened it confirms nothing.
    t.keys("d ! <space> A");
    let LedgerChange::RemoveMany(ids) = change(&t) else {
        panic!("a removal was to be asked for");
    };
    assert_eq!(ids, [1, 2, 3, 5].map(UserId));
}

#[test]
fn marks_that_a_filter_hides_are_counted_and_escape_takes_them_away() {
    let mut t = marked();
    t.keys("* / z o e <enter>");
    assert!(shows(&t, "5 marked, 4 not shown"));
    t.keys("<esc> <esc>");
    assert!(t.app.users.marked.is_empty());
    t.keys("e");
    assert!(matches!(t.app.modals.last(), Some(Modal::Form(_))));
}

#[test]
fn what_the_pane_shows_is_exported_to_a_named_file() {
    let mut t = Driver::new();
    t.keys("/ l e e <enter> X");
    assert!(shows(&t, "EXPORT  1 user"));
    t.keys("Ctrl-U").text("out.csv");
    t.keys("<tab> m <enter>");
    let [
        Effect::Export {
            req,
            what,
            reader,
            path,
        },
    ] = t.effects.as_slice()
    else {
        panic!("an export was to be asked for: {:?}", t.effects);
    };
    assert_eq!(*what, Exported::Users(vec![UserId(3)]));
    assert_eq!((*reader, path.as_str()), (Reader::Machine, "out.csv"));
    let req = *req;
    t.event(What::Session(SessionEvent::Refused {
        req,
        failure: failure(),
    }));
    assert!(shows(&t, "the ledger is busy"));
    t.keys("<enter>");
    let req = t.asked();
    t.event(What::Session(SessionEvent::Done {
        req,
        notice: "1 row written".to_owned(),
    }));
    assert_eq!(
        (t.app.modals.len(), t.notice().as_str()),
        (0, "1 row written")
    );
    t.app.pane = Pane::Changes;
    t.keys("X");
    assert!(t.notice().starts_with("works in 1 Users"));
}

mod any {
    use proptest::prelude::*;

    use super::*;
    use crate::app::event::{Code, Key};

    fn keys() -> impl Strategy<Value = Key> {
        let mut all: Vec<Key> = "jkgGefmTZAPy!n+4 1@."
            .chars()
            .map(|c| Code::Char(c).into())
            .collect();
        all.extend(
            [
                Code::Enter,
                Code::Esc,
                Code::Tab,
                Code::Backspace,
                Code::PageDown,
            ]
            .map(Key::from),
        );
        for c in ['t', 'u'] {
            let code = Code::Char(c);
            all.push(Key { code, ctrl: true });
        }
        prop::sample::select(all)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]

        #[test]
        fn keys_at_a_review_never_queue_a_bad_row_unasked(typed in prop::collection::vec(keys(), 1..60)) {
            let mut t = reviewing();
            for key in typed {
                t.event(What::Key(key));
                let Some(effect) = t.effects.first().cloned() else { continue };
                match effect {
                    Effect::Judge { .. } => answer(&mut t),
                    Effect::Ledger { change: LedgerChange::Import { review, extent }, .. } => {
                        prop_assert!(extent == Extent::Good || review.summary().all_good());
                        prop_assert!(review.summary().changing() > 0);
                        break;
                    }
                    _ => {}
                }
                screen(&t.app);
            }
        }
    }
}
