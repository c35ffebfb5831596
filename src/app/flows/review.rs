//! The review of an import: its next bad row, its questions, its room, and the rows that stay out.

use std::fmt::Write as _;

use crate::app::action::Place;
use crate::app::effect::{Effect, Exported};
use crate::app::event::{SessionEvent, What};
use crate::app::fixture::Driver;
use crate::view::screens::screen;

use super::bulk::{answer, line, review, reviewing, shows};

/// Rows of which every other one lacks its plus, and every fourth is rounded.
fn many_bad(rows: usize) -> String {
    let mut text = String::from("Name\tEmail\tPhoneNumber\tAuthUsername\tPassword\n");
    for n in 0..rows {
        let number = match n % 4 {
            0 => "4.41235E+11".to_owned(),
            2 => format!("4412351235{n:02}"),
            _ => format!("+4412351235{n:02}"),
        };
        let _ = writeln!(
            text,
            "Nn {n}\tn{n}@contoso.example\t{number}\tauth{n}\tsesame"
        );
    }
    text
}

fn reviewing_of(text: String, size: (u16, u16)) -> Driver {
    let mut t = Driver::sized(size);
    t.event(What::Paste(text));
    t.keys("<enter>");
    answer(&mut t);
    t
}

#[test]
fn the_next_bad_row_is_never_passed_over() {
    // The cursor is on the first bad row already: nobody has looked at it yet.
    let mut t = reviewing();
    t.keys("!");
    assert_eq!(review(&t).row(), Some(1));
    assert!(t.notice().starts_with("row 3: PhoneNumber: "));
    t.keys("!");
    assert_eq!(review(&t).row(), Some(3));
    t.keys("!");
    assert_eq!(review(&t).row(), Some(1));
    // Where only bad rows are listed, Enter brings the next one under the cursor by itself: it is the next.
    let mut t = reviewing_of(many_bad(12), (80, 24));
    t.keys("f");
    assert_eq!(review(&t).shown, [0, 2, 4, 6, 8, 10]);
    t.keys("e Ctrl-U").text("+441235123600");
    t.keys("<enter>");
    assert_eq!(review(&t).row(), Some(2));
    assert_eq!(t.notice(), "row 2: create; 5 are left, the next one here");
    t.keys("!");
    assert_eq!(review(&t).row(), Some(2));
    assert!(t.notice().starts_with("row 4: "));
    t.keys("!");
    assert_eq!(review(&t).row(), Some(4));
    // A row that was looked into and left is not come back to at once.
    t.keys("e <esc> !");
    assert_eq!(review(&t).row(), Some(6));
}

#[test]
fn a_question_lists_all_that_it_is_about_and_scrolls() {
    let mut t = reviewing_of(many_bad(96), (80, 24));
    t.keys("T");
    assert!(shows(&t, "Take what is proposed for 24 rows?"));
    assert!(shows(&t, "row 4    441235123502 -> +44 1235 123502  Nn 2"));
    assert!(!shows(&t, "-> +44 1235 123594"));
    assert!(shows(&t, "of 24; Up and Down scroll"));
    t.keys("<pagedown> <pagedown> G j");
    assert!(shows(&t, "row 96   441235123594 -> +44 1235 123594  Nn 94"));
    t.keys("g");
    assert!(shows(&t, "-> +44 1235 123502"));
    assert_eq!(review(&t).summary.proposal, 24);
    t.keys("y");
    assert_eq!(review(&t).summary.proposal, 0);
}

#[test]
fn rows_have_most_of_the_screen_and_what_is_not_kept_is_said() {
    let t = reviewing_of(many_bad(40), (80, 24));
    let rows = screen(&t.app);
    let listed = rows.iter().filter(|row| row.contains("Nn ")).count();
    assert!(listed >= 13, "{listed}\n{}", rows.join("\n"));
    assert_eq!(
        line(&t, 3),
        "20 wait for a match; AuthUsername is checked, not kept; passwords were left out"
    );
    // What one key takes instead, and what is wrong, stand below even so.
    let t = reviewing();
    assert!(shows(&t, "Ctrl-T takes +44 1235 123502"));
    assert!(shows(&t, "there is no country code") || shows(&t, "is not valid"));
}

#[test]
fn rows_that_stay_out_are_saved_from_the_question_and_after_it() {
    let mut t = reviewing();
    t.keys("P O");
    assert!(shows(&t, "EXPORT  2 rows left out of pasted cells"));
    t.keys("<enter>");
    let [
        Effect::Export {
            req, what, path, ..
        },
    ] = t.effects.as_slice()
    else {
        panic!("a file was to be written: {:?}", t.effects);
    };
    assert!(path.contains("-left-out-"), "{path}");
    let Exported::LeftOut(rows) = what else {
        panic!("rows that stay out were to be saved: {what:?}");
    };
    let table = rows.left_out();
    assert_eq!(
        table.header,
        ["Name", "Email", "PhoneNumber", "Row", "Reason"]
    );
    assert_eq!(table.rows.len(), 2);
    assert_eq!(
        table.rows[0][..4],
        [
            "Joni Sherman",
            "joni.sherman@contoso.example",
            "441235123502",
            "3"
        ]
    );
    assert!(
        table.rows[1][4].starts_with("PhoneNumber: "),
        "{:?}",
        table.rows[1]
    );
    assert!(!format!("{table:?}").contains("sesame"));
    let req = *req;
    t.event(What::Session(SessionEvent::Done {
        req,
        notice: "2 rows written".to_owned(),
    }));
    // The question is still there to be answered.
    assert_eq!(t.app.place(), Place::Confirm);
    t.keys("y");
    let req = t.asked();
    t.saved(req);
    assert_eq!(
        (t.app.modals.len(), t.notice().as_str()),
        (0, "saved (O saves)")
    );
    t.keys("O");
    assert!(shows(&t, "EXPORT  2 rows left out of pasted cells"));
    // Where nothing was left out, there is nothing to save.
    let mut t = Driver::new();
    t.keys("O");
    assert_eq!(t.notice(), "no rows were left out of an import here");
}

#[test]
fn numbers_that_are_doubted_are_listed_before_they_are_queued() {
    let table = |more: &str| {
        format!(
            "Email\tPhoneNumber\njo@contoso.example\t+44 020 8000 0172\nal@contoso.example\t+44 1235 123481\n{more}"
        )
    };
    let mut t = reviewing_of(table(""), (140, 40));
    t.keys("A");
    assert!(shows(&t, "Queue 2 rows?  1 of the numbers is doubted:"));
    assert!(shows(
        &t,
        "row 2    jo@contoso.example: a digit after the country code"
    ));
    assert!(shows(&t, "+44 20 8000 0172 may be meant"));
    t.keys("y");
    assert!(
        matches!(t.effects.as_slice(), [Effect::Ledger { .. }]),
        "{:?}",
        t.effects
    );
    let mut t = reviewing_of(table("xy@contoso.example\t+442080000148/149\n"), (140, 40));
    t.keys("P");
    assert!(shows(
        &t,
        "Queue 2 rows?  1 of them doubted, listed first; 2 new users match nobody yet;"
    ));
    // Where nothing is doubted, A queues at once.
    let plain = table("").replace("020 8000 0172", "20 8000 0172");
    let mut t = reviewing_of(plain, (140, 40));
    t.keys("A");
    assert!(!shows(&t, "doubted"));
    assert_eq!(t.effects.len(), 1, "{:?}", t.effects);
}
