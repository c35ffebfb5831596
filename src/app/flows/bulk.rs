//! Import: pasted cells or a file, its review, rows that are put right.

use std::fmt::Write as _;
use std::sync::Arc;

use crate::app::action::Place;
use crate::app::effect::{Effect, Extent, LedgerChange};
use crate::app::event::{LedgerEvent, What};
use crate::app::fixture::{Driver, country, desk, number, object};
use crate::app::modal::Modal;
use crate::app::pane::bulk::Bulk;
use crate::app::pane::bulk::review::ReviewBox;
use crate::app::pane::bulk::source::Source;
use crate::bulk::columns::Column;
use crate::bulk::known::{Facts, Known, KnownUser, Person};
use crate::bulk::review::{Ask, Mode, Review, Zeros, judge};
use crate::bulk::sheet::Sheet;
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
pub(super) fn answer(t: &mut Driver) {
    let [
        Effect::Judge {
            req, source, ask, ..
        },
    ] = t.effects.as_slice()
    else {
        panic!("verdicts were to be asked for: {:?}", t.effects);
    };
    let (req, review) = (*req, judged(source, *ask));
    t.event(What::Ledger(LedgerEvent::Judged { req, review }));
}

/// A review of what was pasted.
pub(super) fn reviewing() -> Driver {
    let mut t = Driver::new();
    t.event(What::Paste(PASTED.into()));
    t.keys("<enter>");
    answer(&mut t);
    t
}

pub(super) fn review(t: &Driver) -> &ReviewBox {
    match t.app.modals.first() {
        Some(Modal::Bulk(open)) => match open.as_ref() {
            Bulk::Review(open) => open,
            other => panic!("a review was expected: {other:?}"),
        },
        other => panic!("a review was expected: {other:?}"),
    }
}

pub(super) fn line(t: &Driver, n: usize) -> String {
    screen(&t.app)[n].trim_end().to_owned()
}

pub(crate) fn shows(t: &Driver, text: &str) -> bool {
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
    t.keys("<tab> u <right> <enter>");
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
    let head = line(&t, 2);
    assert!(head.starts_with("IMPORT update  pasted cells  "), "{head}");
    assert!(head.ends_with("  5 refused of 5 rows"), "{head}");
    // What is wrong with most rows is wrong with the kind of the file, and that is said once.
    let said = [line(&t, 3), line(&t, 4)].join(" ");
    assert_eq!(
        said,
        "5 of 5 are of nobody on the list: m judges as another kind; passwords were left out"
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
fn nothing_is_judged_against_a_tenant_that_was_never_read() {
    let mut t = Driver::empty(crate::app::fixture::settings(), (80, 24));
    t.event(What::Paste(PASTED.into()));
    assert_eq!(t.app.modals.len(), 0);
    assert_eq!(
        t.notice(),
        "the tenant was never read: s reads it, then import"
    );
    t.keys("I");
    assert_eq!(t.app.modals.len(), 0);
}

#[test]
fn bad_rows_are_found_put_right_and_queued_all_or_nothing() {
    let mut t = reviewing();
    assert!(line(&t, 2).ends_with("3 create, 1 proposal, 1 refused of 5 rows"));
    assert!(line(&t, 3).starts_with("2 wait for a match; "));
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
    assert_eq!(t.effects, []);
    assert!(shows(
        &t,
        "Queue 3 rows?  2 new users match nobody yet; 2 rows stay out:"
    ));
    assert!(shows(&t, "row 3    Joni Sherman: PhoneNumber: "));
    assert!(shows(&t, "row 5    Kim New: PhoneNumber: "));
    // The key that has asked answers nothing.
    t.keys("P P");
    assert_eq!(
        (t.effects.as_slice(), t.app.place()),
        (&[][..], Place::Confirm)
    );
    t.keys("y");
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
    t.keys("P y");
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
fn a_row_that_was_left_out_is_not_jumped_to_again() {
    let mut t = reviewing();
    t.keys("! <space>");
    assert_eq!(t.notice(), "row 3 is left out; Space takes it in again");
    assert!(shows(&t, "left out by hand"));
    t.keys("!");
    assert_eq!(review(&t).row(), Some(3));
    // Nor from the top again.
    t.keys("!");
    assert_eq!(review(&t).row(), Some(3));
    t.keys("e Ctrl-U").text("+44 1235 123504");
    t.keys("<enter>");
    let all = "every row but the one left out can go in";
    assert_eq!(t.notice(), format!("row 5: create; {all}, P queues"));
    t.keys("!");
    assert_eq!(t.notice(), format!("{all}: P queues them"));
    assert_eq!(review(&t).row(), Some(3));
    t.keys("A");
    assert_eq!(t.effects, []);
    assert_eq!(t.notice(), format!("{all}: P queues them"));
    t.keys("g j <space> !");
    assert_eq!(review(&t).row(), Some(1), "it is bad again once it is in");
}

#[test]
fn who_goes_in_without_a_seat_is_said_in_one_breath() {
    let mut t = reviewing();
    let Some(Modal::Bulk(open)) = t.app.modals.last_mut() else {
        panic!("a review");
    };
    let Bulk::Review(open) = open.as_mut() else {
        panic!("a review");
    };
    open.summary.seats_missing = 1;
    assert_eq!(open.all_go_in(), "every row can go in, 1 without a seat");
    assert_eq!(
        open.none_bad(),
        "Every row can go in, 1 without a seat. {bad-only} shows all of them, {queue-all} queues them."
    );
    assert!(shows(&t, "1 goes in without a seat: none is left"));
    assert!(!shows(&t, "no seat left"));
}

#[test]
fn rows_that_stayed_out_of_both_kinds_are_judged_as_both_unasked() {
    let text = "Email\tPhoneNumber\tImportAs\n\
                lee.gu@contoso.example\t+441235123501\tboth\n\
                joni.sherman@contoso.example\t+441235123502\tboth\n";
    let mut t = Driver::new();
    t.event(What::Paste(text.into()));
    t.keys("<enter>");
    answer(&mut t);
    answer(&mut t);
    let head = "IMPORT create and update  pasted cells  ";
    assert!(line(&t, 2).starts_with(head), "{}", line(&t, 2));
    assert_eq!(
        t.notice(),
        "left out of an import of both kinds: judged as that again; m takes another"
    );
}

#[test]
fn everything_that_is_proposed_is_taken_after_a_question() {
    let mut t = reviewing();
    t.keys("T");
    assert_eq!(t.app.place(), Place::Confirm);
    assert!(shows(&t, "Take what is proposed for 1 row?"));
    assert!(shows(
        &t,
        "row 3    441235123502 -> +44 1235 123502  Joni Sherman"
    ));
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
        "IMPORT create  pasted cells: 1 corrected row is lost"
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
    assert!(line(&t, 2).starts_with("IMPORT update  pasted cells  "));
}

#[test]
fn rows_of_people_on_the_list_are_judged_as_changes_unless_somebody_chose() {
    let text = "Name\tEmail\tPhoneNumber\tCountry\n\
                Lee Gu\tlee.gu@contoso.example\t+441235123501\tGB\n\
                Ben W\tben.walters@contoso.example\t\tGB\n\
                Joni Sherman\tjoni.sherman@contoso.example\t+441235123502\tGB\n";
    let mut t = Driver::new();
    t.event(What::Paste(text.into()));
    t.keys("<enter>");
    answer(&mut t);
    // Two of three are users already: they are judged once more, unasked.
    answer(&mut t);
    assert!(line(&t, 2).starts_with("IMPORT update  pasted cells  "));
    assert_eq!(
        t.notice(),
        "m takes both kinds: most are users already, so all are judged as changes"
    );
    assert!(shows(&t, "not read: Country"), "what is not read is said");
    assert!(shows(&t, "(stays)"), "a blank number changes none");
    // Who chose new users gets that.
    let mut t = Driver::new();
    t.event(What::Paste(text.into()));
    t.keys("<tab> <left> <left> <left> <enter>");
    answer(&mut t);
    assert!(line(&t, 2).starts_with("IMPORT create  pasted cells  "));
}

#[test]
fn a_free_number_is_chosen_for_a_row() {
    let mut t = reviewing();
    t.keys("! ! <enter>");
    assert!(shows(&t, "Ctrl-F free numbers"), "{:?}", screen(&t.app)[23]);
    t.keys("Ctrl-F");
    assert!(shows(&t, "FREE NUMBERS for Kim New"));
    t.text("1235 123474");
    t.keys("<enter>");
    assert!(shows(&t, "+44 1235 123474"));
    t.keys("<enter>");
    let number = |t: &Driver, row| review(t).review.number(row).map(ToString::to_string);
    assert_eq!(number(&t, 3).as_deref(), Some("+441235123474"));
    // It is that row's now.
    t.keys("! <enter> Ctrl-F");
    let free = t
        .app
        .modals
        .iter()
        .any(|modal| matches!(modal, Modal::Free(_)));
    assert!(!free, "{}", t.notice());
    assert!(t.notice().starts_with("no free number (ddi): 6 lists all"));
}

#[test]
fn a_number_that_is_proposed_for_another_row_is_not_offered() {
    let text = "Name\tEmail\tPhoneNumber\n\
                Joni Sherman\tjoni.sherman@contoso.example\t441235123474\n\
                Kim New\tkim@contoso.example\t4.41235E+11\n";
    let mut t = Driver::new();
    t.event(What::Paste(text.into()));
    t.keys("<enter>");
    answer(&mut t);
    assert!(shows(&t, "Ctrl-T takes +44 1235 123474"));
    t.keys("! ! <enter> Ctrl-F");
    assert!(
        t.notice().starts_with("no free number (ddi): 6 lists all"),
        "{}",
        t.notice()
    );
    // Of a row that stays out, it is free for the others.
    t.keys("<esc> g <space> j <enter> Ctrl-F");
    assert!(shows(&t, "FREE NUMBERS for Kim New"));
    assert!(shows(&t, "+44 1235 123474"));
}

#[test]
fn every_screen_of_it_fits_any_size() {
    for size in [(60, 15), (80, 24), (100, 18), (140, 40), (300, 100)] {
        let mut t = Driver::sized(size);
        t.event(What::Paste(PASTED.into()));
        screen(&t.app);
        t.keys("<tab> <tab>");
        screen(&t.app);
        t.keys("<enter>");
        answer(&mut t);
        assert!(shows(&t, "3 create, 1 proposal, 1 refused of 5 rows"));
        t.keys("! ! e");
        assert!(shows(&t, "ROW 5"));
        t.keys("<esc> <esc> * e").text("+441235123500..");
        screen(&t.app);
        t.keys("<enter> ! <space>");
        assert!(shows(&t, "1 left out"));
        t.keys("<esc> <esc> y X <tab>");
        assert!(shows(&t, "EXPORT  5 users"), "{size:?}");
    }
}

#[test]
fn a_hundred_thousand_rows_draw_and_move_like_five() {
    let mut text = String::from("Name,Email,PhoneNumber\n");
    for n in 0..100_000 {
        let _ = writeln!(text, "N{n},n{n}@contoso.example,+4412{n:08}");
    }
    text.push_str("bad,none,+441235123501\n");
    let mut t = Driver::new();
    t.event(What::Paste(text));
    t.keys("<enter>");
    answer(&mut t);
    assert_eq!(review(&t).row(), Some(100_000));
    assert!(line(&t, 2).ends_with("100,000 create, 1 refused of 100,001 rows"));
    t.keys("g");
    assert_eq!((review(&t).cursor.top, review(&t).row()), (0, Some(0)));
    t.keys("! e").text("@contoso.example");
    t.keys("<enter>");
    assert_eq!(
        t.notice(),
        "row 100002: create; every row can go in, A queues"
    );
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
                        prop_assert!(extent == Extent::All || key == Code::Char('y').into());
                        break;
                    }
                    _ => {}
                }
                screen(&t.app);
            }
        }
    }
}
