//! The tables of panes 1, 2, 5 and 6: order and direction, marks from row to row, what is copied of them.

use std::sync::Arc;

use crate::app::action::Place;
use crate::app::effect::Effect;
use crate::app::event::{CacheEvent, LedgerEvent, What};
use crate::app::fixture::Driver;
use crate::app::pane::Pane;
use crate::domain::user::Association;
use crate::roster::inventory::Inventory;
use crate::view::screens::screen;

fn names(t: &Driver) -> Vec<String> {
    let rows = t.app.users.shown.iter();
    let rows = rows.map(|&n| t.app.desk.users[n].user.name.clone());
    rows.collect()
}

fn copied(t: &Driver) -> String {
    let mut effects = t.effects.iter().rev();
    let text = effects.find_map(|effect| match effect {
        Effect::Copy { text, .. } => Some(text.clone()),
        _ => None,
    });
    text.expect("something was to be copied")
}

#[test]
fn rows_are_sorted_both_ways_and_blanks_stay_last() {
    let mut t = Driver::new();
    let up = names(&t);
    t.keys("R");
    let down: Vec<String> = up.iter().rev().cloned().collect();
    assert_eq!(names(&t), down);
    assert_eq!(t.notice(), "sorted by name, reversed");
    assert!(screen(&t.app)[2].contains("by name, reversed"));
    // Ben has no number: last in either direction.
    t.keys("o");
    assert_eq!(names(&t).first().map(String::as_str), Some("Pradeep Gupta"));
    assert_eq!(names(&t).last().map(String::as_str), Some("Ben Walters"));
    t.keys("R");
    assert_eq!(
        names(&t).first().map(String::as_str),
        Some("Diego Siciliani")
    );
    assert_eq!(names(&t).last().map(String::as_str), Some("Ben Walters"));
    // Every column can be sorted by.
    let mut words = Vec::new();
    for _ in 0..6 {
        words.push(t.app.users.sort.word());
        t.keys("o");
    }
    assert_eq!(
        words,
        ["number", "state", "country", "cause", "e-mail", "name"]
    );
}

#[test]
fn order_and_direction_are_remembered_for_the_tenant() {
    let mut t = Driver::new();
    t.keys("o o R");
    let Some(Effect::KeepDraft { key, text }) = t.effects.last().cloned() else {
        panic!("the order was to be kept: {:?}", t.effects);
    };
    let text = text.unwrap();
    assert_eq!(
        text,
        "users=state reversed\nadd-users=name\nnumbers=number\nlicences=name"
    );
    let order = names(&t);
    let mut again = Driver::new();
    let draft = |text: &str| {
        let (key, text) = (key.clone(), text.to_owned());
        What::Ledger(LedgerEvent::Draft { key, text })
    };
    again.event(draft(&text));
    assert_eq!(names(&again), order);
    // It is no edit that was kept, and nothing is said of it; what is not known is passed over.
    assert_eq!((again.notice().as_str(), again.app.drafts.len()), ("", 0));
    again.event(draft("users=shoe size\nnonsense\nseats=7"));
    assert_eq!(names(&again), order);
}

fn kept(t: &Driver) -> Option<String> {
    let mut effects = t.effects.iter().rev();
    effects.find_map(|effect| match effect {
        Effect::KeepDraft { key, text } if key == crate::app::tables::KEPT => text.clone(),
        _ => None,
    })
}

#[test]
fn a_filter_stands_again_after_a_start_and_the_cursor_is_on_its_first_row() {
    let mut t = Driver::new();
    t.keys("o o / g b");
    assert_eq!(kept(&t).unwrap().lines().count(), 4, "it is still typed");
    t.keys("<enter>");
    let text = kept(&t).unwrap();
    assert!(text.ends_with("\nusers/filter=gb"), "{text}");
    let mut again = Driver::new();
    let key = crate::app::tables::KEPT.to_owned();
    again.event(What::Ledger(LedgerEvent::Draft { key, text }));
    assert_eq!(names(&again), names(&t));
    assert_eq!(again.app.users.cursor.index, 0);
    assert_eq!(again.app.place(), crate::app::action::Place::Users);
    assert!(
        screen(&again.app)[2].starts_with("/gb "),
        "{}",
        screen(&again.app)[2]
    );
    // Esc takes it away, and that is remembered too; what moves the cursor is not.
    again.keys("j");
    assert_eq!(kept(&again), None);
    again.keys("<esc>");
    assert_eq!(names(&again).len(), again.app.desk.users.len());
    assert!(!kept(&again).unwrap().contains("filter"));
}

#[test]
fn columns_are_shown_hidden_and_widened_and_remembered() {
    let titles = |t: &Driver| screen(&t.app)[3].trim_end().to_owned();
    let mut t = Driver::new();
    let before = titles(&t);
    t.keys("K Space");
    assert!(t.notice().starts_with("the first column stays"));
    t.keys("<right> j Space");
    assert!(
        titles(&t).starts_with("  NAME        E-MAIL       NUMBER"),
        "{}",
        titles(&t)
    );
    // Where there is room, both have what they come with, and the name two more.
    t.event(What::Resize {
        width: 119,
        height: 24,
    });
    assert!(
        titles(&t).starts_with(
            "  NAME                                 E-MAIL                     NUMBER"
        ),
        "{}",
        titles(&t)
    );
    t.event(What::Resize {
        width: 80,
        height: 24,
    });
    assert!(screen(&t.app)[4].contains("ben"), "{}", screen(&t.app)[4]);
    t.keys("j j Space <esc>");
    assert!(!titles(&t).contains(" CC "), "{}", titles(&t));
    let text = kept(&t).unwrap();
    assert!(
        text.ends_with("users/columns=NAME:on:2,E-MAIL:on:0,CC:off:0"),
        "{text}"
    );
    let wanted = titles(&t);
    for row in screen(&t.app) {
        assert!(crate::app::cells::width(&row) <= 80, "{row}");
    }
    let mut again = Driver::new();
    let key = crate::app::tables::KEPT.to_owned();
    again.event(What::Ledger(LedgerEvent::Draft { key, text }));
    assert_eq!(titles(&again), wanted);
    // Back to how it comes: nothing of it is kept any more.
    again.keys("K <left> j Space j j Space <esc>");
    assert_eq!(titles(&again), before);
    assert!(!kept(&again).unwrap().contains("columns"));
    // The other panes have theirs, by themselves.
    again.keys("2 K G Space <esc> 6 K G k Space");
    let text = kept(&again).unwrap();
    assert!(
        text.ends_with("add-users/columns=NOTE:off:0\nnumbers/columns=HOLDER:off:0"),
        "{text}"
    );
}

#[test]
fn a_marked_row_keeps_its_sign() {
    let mut t = Driver::new();
    let rows = screen(&t.app);
    let place = rows.iter().position(|row| row.starts_with('⚠')).unwrap();
    t.keys("*");
    let marked = screen(&t.app);
    assert!(marked[place].starts_with("⚠*"), "{}", marked[place]);
}

#[test]
fn a_range_is_marked_from_the_last_mark_to_here() {
    let mut t = Driver::new();
    t.keys("V");
    assert!(t.notice().starts_with("Space marks the first row"));
    t.keys("g j <space> G V");
    assert_eq!(t.notice(), "4 rows marked");
    assert_eq!(t.app.users.marked.len(), 4);
    // Upwards as well, and what was marked stays.
    t.keys("<esc> G <space> g V");
    assert_eq!(t.app.users.marked.len(), 5);
    t.keys("2 f g <space> j j V");
    assert_eq!(t.app.candidates.marked.len(), 4);
}

#[test]
fn marked_rows_are_copied_in_columns_and_as_json_and_a_cell_alone() {
    let mut t = Driver::new();
    t.keys("y");
    assert!(!copied(&t).contains("name\t"), "{}", copied(&t));
    t.keys("g <space> j <space> R y");
    let text = copied(&t);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "name\tmail\tnumber\tcountry\tstate\tcause");
    assert!(lines[1].starts_with("Lee Gu\t"), "{text}");
    assert!(lines[2].starts_with("Ben Walters\t"), "{text}");
    assert_eq!(lines.len(), 3);
    t.keys("J");
    let json = copied(&t);
    assert!(
        json.starts_with("[\n  {\"name\": \"Lee Gu\", \"mail\": "),
        "{json}"
    );
    assert_eq!(json.matches("\"number\": ").count(), 2);
    // A quotation mark ends no text.
    let mut with = crate::app::fixture::desk();
    with.users[0].user.name = "Ben \"Bo\" W\\x".to_owned();
    t.desk(with);
    t.keys("J");
    assert!(
        copied(&t).contains(r#""Ben \"Bo\" W\\x""#),
        "{}",
        copied(&t)
    );
    t.keys("<esc> R g j j o");
    t.keys("C");
    let number = t
        .app
        .users
        .row(&t.app.desk)
        .and_then(|row| row.user.number.clone());
    assert_eq!(Some(copied(&t)), number.map(|number| number.to_string()));
}

#[test]
fn an_arrow_with_shift_marks_on_the_way_and_is_an_arrow_elsewhere() {
    let mut t = Driver::new();
    t.keys("j Shift-Down Shift-Down");
    assert_eq!(t.app.users.marked.len(), 3);
    assert_eq!(t.app.users.cursor.index, 3);
    // Back up: what is marked stays so.
    t.keys("Shift-Up");
    assert_eq!(t.app.users.marked.len(), 3);
    // A range goes on from the mark that was made last.
    t.keys("G V");
    assert_eq!(t.app.users.marked.len(), 4);
    t.keys("2 Shift-Down");
    assert_eq!(t.app.candidates.marked.len(), 2);
    t.keys("6 Shift-Down");
    assert_eq!(t.app.numbers.cursor.index, 1);
    // In a form it is the arrow that the field knows.
    t.keys("1 e");
    let before = screen(&t.app);
    t.keys("Down");
    let down = screen(&t.app);
    t.keys("Up Shift-Down");
    assert_eq!(screen(&t.app), down);
    assert_ne!(before, down);
}

#[test]
fn left_and_right_turn_the_panes_for_vi_and_arrows_alike() {
    let mut t = Driver::new();
    t.keys("l Right");
    assert_eq!(t.app.pane, Pane::Sync);
    t.keys("h Left Left");
    assert_eq!(t.app.pane, Pane::Numbers);
    // F1 is the list of all keys, where it arrives.
    t.keys("F1");
    assert_eq!(t.app.place(), Place::Palette);
}

/// Presses `o` until the order has come round again: each word, and whether `R` turns its rows round, blanks left where they are.
fn orders(t: &mut Driver, rows: impl Fn(&Driver) -> Vec<(String, bool)>) -> Vec<String> {
    let mut words = Vec::new();
    loop {
        t.keys("o");
        let word = t.notice().trim_start_matches("sorted by ").to_owned();
        if words.contains(&word) {
            return words;
        }
        let up = rows(t);
        t.keys("R");
        assert_eq!(t.notice(), format!("sorted by {word}, reversed"));
        let filled = up
            .iter()
            .rposition(|(_, blank)| !blank)
            .map_or(0, |n| n + 1);
        let mut expected = up.clone();
        expected[..filled].reverse();
        assert_eq!(rows(t), expected, "{word}");
        t.keys("R");
        assert_eq!(rows(t), up, "{word}");
        words.push(word);
    }
}

#[test]
fn every_column_that_is_shown_sorts_in_both_directions_in_every_pane() {
    let mut t = Driver::new();
    t.keys("5");
    let words = orders(&mut t, |t| {
        let products = t.app.licences.shown.iter();
        let products = products.map(|&n| &t.app.inventory.products[n]);
        let by_brings = t.app.licences.sort.word() == "brings";
        products
            .map(|one| (one.name.clone(), by_brings && one.brings.is_empty()))
            .collect()
    });
    assert_eq!(
        words,
        [
            "free seats",
            "brings",
            "seats bought",
            "seats used",
            "users",
            "status",
            "name"
        ]
    );
    t.keys("o R");
    assert!(
        screen(&t.app)[2].contains("   by brings, reversed   service seats: "),
        "{}",
        screen(&t.app)[2]
    );
    assert!(kept(&t).unwrap().ends_with("\nlicences=brings reversed"));
    t.keys("6");
    let words = orders(&mut t, |t| {
        let rows = t.app.numbers.shown.iter();
        let rows = rows.map(|&n| &t.app.inventory.numbers[n as usize]);
        let wishes = t.app.wishes();
        let sort = t.app.numbers.sort.word();
        rows.map(|row| {
            let note = crate::app::pane::numbers::state(row, &wishes).note;
            let blank = match sort {
                "holder" => row.holder().is_none(),
                "country" => row.country.is_none(),
                "note" => note.is_empty(),
                _ => false,
            };
            (format!("{} {note}", row.record.number), blank)
        })
        .collect()
    });
    assert_eq!(
        words,
        ["state", "holder", "type", "country", "note", "number"]
    );
    t.keys("o o o C");
    assert_eq!(copied(&t), "US", "the cell of the column that is sorted by");
    t.keys("2");
    let words = orders(&mut t, |t| {
        let rows = t.app.candidates.shown.iter();
        let rows = rows.map(|&n| t.app.roster.get(n).unwrap());
        let sort = t.app.candidates.sort.word();
        rows.map(|row| {
            let blank = match sort {
                "number" => row.number.is_none(),
                "country" => row.location.is_none(),
                "note" => crate::app::pane::candidates::note(row.marks).is_empty(),
                _ => false,
            };
            (row.upn.to_string(), blank)
        })
        .collect()
    });
    assert_eq!(
        words,
        ["number", "cause", "country", "user name", "note", "name"]
    );
}

#[test]
fn rows_of_licences_and_numbers_are_marked_to_be_copied() {
    let mut t = Driver::new();
    t.keys("6 g <space> j <space>");
    assert!(
        screen(&t.app)[2].contains("2 marked"),
        "{}",
        screen(&t.app)[2]
    );
    t.keys("y");
    let text = copied(&t);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(lines[0].starts_with("number\ttype\t"), "{text}");
    let first = &t.app.inventory.numbers[t.app.numbers.shown[0] as usize];
    assert!(
        lines[1].starts_with(&first.record.number.to_string()),
        "{text}"
    );
    // A range, what a filter hides, and all that are shown.
    t.keys("<esc> g <space> G V");
    assert_eq!(t.notice(), "8 rows marked");
    t.keys("/").text("free").keys("<enter>");
    assert!(
        screen(&t.app)[2].contains("8 marked, 6 not shown"),
        "{}",
        screen(&t.app)[2]
    );
    t.keys("*");
    assert!(
        screen(&t.app)[2].contains("6 marked, 6 not shown"),
        "{}",
        screen(&t.app)[2]
    );
    // The same numbers stay marked when the tenant lists them at other places.
    let before: Vec<String> = copied_numbers(&mut t);
    let fewer = crate::app::fixture::inventory(2);
    let records = fewer.numbers.iter().skip(1).cloned();
    let newer = Inventory::new(2, Some(records.collect()), Vec::new());
    t.event(What::Cache(CacheEvent::Inventory(Arc::new(newer))));
    let after = copied_numbers(&mut t);
    assert!(
        after.iter().all(|number| before.contains(number)),
        "{after:?} {before:?}"
    );
    assert!(!after.is_empty());
    t.keys("<esc> <esc>");
    assert!(!screen(&t.app)[2].contains("marked"));

    let mut t = Driver::new();
    t.keys("5 g <space>");
    assert!(
        screen(&t.app)[2].contains("1 marked"),
        "{}",
        screen(&t.app)[2]
    );
    assert!(
        screen(&t.app)
            .iter()
            .any(|row| row.starts_with('*') || row.starts_with("⚠*"))
    );
    t.keys("J");
    let json = copied(&t);
    assert!(json.starts_with("[\n  {\"licence\": "), "{json}");
    assert_eq!(json.matches("\"part number\"").count(), 1, "{json}");
    t.keys("*");
    let all = t.app.licences.shown.len();
    t.keys("y");
    assert_eq!(copied(&t).lines().count(), all + 1);
    // Inside one of them rows are no products.
    t.keys("<enter> <space>");
    assert_eq!(t.notice(), "rows inside a licence are copied one by one");
}

fn copied_numbers(t: &mut Driver) -> Vec<String> {
    t.keys("y");
    let text = copied(t);
    let cells = text
        .lines()
        .skip(1)
        .filter_map(|line| line.split('\t').next());
    cells.map(str::to_owned).collect()
}

#[test]
fn marks_that_go_with_their_rows_are_told() {
    let mut t = Driver::new();
    t.keys("*");
    let mut fewer = crate::app::fixture::desk();
    fewer.users.truncate(3);
    t.desk(fewer);
    assert_eq!(t.notice(), "2 marks are gone with their rows");
    // Beside what was said just now, and never in its place.
    t.keys("o");
    let mut fewer = crate::app::fixture::desk();
    fewer.users.truncate(2);
    t.desk(fewer);
    assert_eq!(t.notice(), "sorted by number; 1 mark is gone with its row");
    let mut t = Driver::new();
    t.keys("4 <space>");
    assert_eq!(t.app.changes.marked.len(), 1);
    let mut none = crate::app::fixture::desk();
    none.entries.clear();
    none.audit.clear();
    t.desk(none);
    assert_eq!(t.notice(), "1 mark is gone with its row");
    let mut t = Driver::new();
    t.keys("2 g <space>");
    let id = *t.app.candidates.marked.first().unwrap();
    let mut with = crate::app::fixture::desk();
    with.users
        .push(crate::app::fixture::user(90, 0, "Added", None));
    with.users.last_mut().unwrap().user.association = Association::Matched(id);
    t.desk(with);
    assert_eq!(t.notice(), "1 mark is gone with its row");
}
